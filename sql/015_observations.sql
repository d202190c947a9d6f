-- Staged rows become series, periods, sets of attributes and the figures that refer to them.

-- How a period is published: whole years, else whole months, else start/end.
CREATE MACRO period_text(first_day, last_day) AS
    CASE
        WHEN day(first_day) <> day(last_day + 1) THEN first_day || '/' || last_day
        WHEN month(first_day) = month(last_day + 1) THEN first_day || '/P' || (year(last_day + 1) - year(first_day)) || 'Y'
        ELSE first_day || '/P' || (12 * (year(last_day + 1) - year(first_day)) + month(last_day + 1) - month(first_day)) || 'M'
    END;

INSERT INTO series
SELECT
    left(md5(concat_ws(
        '|', source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    )), 12) AS series_id,
    row_number() OVER (
        ORDER BY
            source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    ) AS series_no,
    * EXCLUDE (dimensions_hash)
FROM staged_series
ORDER BY series_no;

-- Rows find their series by one number instead of ten texts. Two series with one hash would be confused, so that stops the build.
CREATE TEMP TABLE hashed_series AS
SELECT series.series_no, staged_series.dimensions_hash
FROM staged_series
JOIN series USING (
    source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
);
CREATE UNIQUE INDEX one_series_per_hash ON hashed_series (dimensions_hash);

-- Numbers in the order of the days.
INSERT INTO periods
WITH
texts AS (
    SELECT time_period, period_start, period_end FROM staged_periods
    UNION
    SELECT period_text(period_start, period_end), period_start, period_end FROM staged_periods
),
numbered AS (
    SELECT row_number() OVER (ORDER BY period_start, period_end, time_period) AS period_no, * FROM texts
)
SELECT numbered.*, published.period_no AS published_no
FROM numbered
JOIN numbered AS published ON period_text(numbered.period_start, numbered.period_end) = published.time_period
ORDER BY numbered.period_no;

-- An edition is known from its publication (a partial date means the end of its month or year), at the latest from the day the
-- project first saw it.
CREATE TEMP TABLE hashed_attributes AS
SELECT
    CAST(
        (CASE WHEN staged.obs_status IN ('L', 'M', 'O', 'Q') THEN -1 ELSE 1 END)
        * (2 + row_number() OVER (
            ORDER BY
                staged.source_id, staged.published_on, staged.snapshot_id, staged.source_locator, staged.url, staged.evidence,
                staged.obs_status, staged.value_qualifier, staged.decimals, staged.base_value, staged.obs_note
        )) AS INTEGER
    ) AS attributes_no,
    staged.* EXCLUDE (source_id),
    least(staged_editions.published_by, snapshots.first_seen, current_date) AS known_from
FROM (SELECT DISTINCT * EXCLUDE (unit_measure, kind_of_value) FROM staged_attributes) AS staged
LEFT JOIN staged_editions ON staged.published_on = staged_editions.published_on
LEFT JOIN snapshots ON staged.snapshot_id = snapshots.snapshot_id AND staged.source_id = snapshots.source_id;
CREATE UNIQUE INDEX one_set_per_hash ON hashed_attributes (attributes_hash);

INSERT INTO attribute_sets
SELECT * EXCLUDE (attributes_hash)
FROM hashed_attributes
ORDER BY abs(attributes_no);

INSERT INTO figures
SELECT hashed_series.series_no, periods.period_no, staged.obs_value, hashed_attributes.attributes_no
FROM staged
JOIN hashed_series ON staged.dimensions_hash = hashed_series.dimensions_hash
JOIN hashed_attributes ON staged.attributes_hash = hashed_attributes.attributes_hash
JOIN periods ON staged.time_period = periods.time_period;

-- Periods with several editions. Most series have none, which is seen cheaply: 32 periods to a number, one bit for each.
CREATE TEMP TABLE editions AS
WITH
reedited_series AS (
    SELECT DISTINCT series_no
    FROM (
        SELECT figures.series_no
        FROM figures
        JOIN periods ON figures.period_no = periods.period_no
        GROUP BY figures.series_no, periods.published_no // 32
        HAVING bit_count(bit_or(CAST(1 AS BIGINT) << (periods.published_no % 32))) < count(*)
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

-- Every edition of every figure in full, but for the dimensions of its series.
CREATE VIEW series_observations AS
SELECT
    figures.series_no,
    periods.time_period,
    periods.period_start,
    periods.period_end,
    figures.obs_value,
    attribute_sets.value_qualifier,
    attribute_sets.obs_status,
    attribute_sets.base_value,
    attribute_sets.decimals,
    attribute_sets.published_on,
    attribute_sets.evidence,
    attribute_sets.source_locator,
    attribute_sets.url,
    attribute_sets.obs_note,
    attribute_sets.snapshot_id,
    attribute_sets.known_from,
    superseded_figures.superseded_on
FROM figures
JOIN periods ON figures.period_no = periods.period_no
JOIN attribute_sets ON figures.attributes_no = attribute_sets.attributes_no
LEFT JOIN superseded_figures
    ON figures.series_no = superseded_figures.series_no
    AND figures.period_no = superseded_figures.period_no
    AND figures.attributes_no = superseded_figures.attributes_no;
