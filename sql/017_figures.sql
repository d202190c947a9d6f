-- Staged rows become figures: numbers that refer to series, periods and sets of attributes.

INSERT INTO figures
SELECT numbered_series.series_no, periods.period_no, staged.obs_value, numbered_attributes.attributes_no
FROM staged
JOIN memory.numbered_series ON staged.series_key = numbered_series.series_key
JOIN numbered_attributes ON staged.attributes_key IS NOT DISTINCT FROM numbered_attributes.attributes_key
JOIN periods ON staged.time_period = periods.time_period;

-- Periods with several editions. Most series have none, which is seen cheaply: 64 periods to a number, one bit for each.
CREATE TEMP TABLE editions AS
WITH
reedited_series AS (
    SELECT DISTINCT series_no
    FROM (
        SELECT figures.series_no
        FROM figures
        JOIN (
            SELECT period_no, published_no // 64 AS word, CAST(1 AS UBIGINT) << CAST(published_no % 64 AS UBIGINT) AS place FROM periods
        ) AS places ON figures.period_no = places.period_no
        GROUP BY figures.series_no, places.word
        HAVING bit_count(bit_or(places.place)) < count(*)
    )
)
SELECT
    figures.series_no,
    periods.published_no,
    periods.period_no,
    periods.time_period,
    attribute_sets.*
FROM figures
SEMI JOIN reedited_series ON figures.series_no = reedited_series.series_no
JOIN periods ON figures.period_no = periods.period_no
JOIN attribute_sets ON figures.attributes_no = attribute_sets.attributes_no
QUALIFY count(*) OVER (PARTITION BY figures.series_no, periods.published_no) > 1;

-- An edition holds until one that is preferred to it is known: the newest, then the better evidence.
INSERT INTO superseded_figures
SELECT
    series_no,
    period_no,
    attributes_no,
    min(known_from) OVER (
        PARTITION BY series_no, published_no
        ORDER BY published_on DESC NULLS LAST, list_position(['publication', 'datafile', 'republication', 'quotation'], evidence)
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS superseded_on
FROM editions
QUALIFY superseded_on IS NOT NULL;
