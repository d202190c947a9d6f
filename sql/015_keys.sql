-- What staged rows refer to: series, periods and sets of attributes get their numbers.

-- (series_key and attributes_key hold the columns that vary: rows find their place by them)
CREATE TABLE memory.numbered_series AS
SELECT
    CAST(row_number() OVER (
        ORDER BY
            source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    ) AS INTEGER) AS series_no,
    *
FROM staged_series
ORDER BY series_no;

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
CREATE TEMP TABLE numbered_attributes AS
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

INSERT INTO attribute_sets
SELECT * EXCLUDE (attributes_key)
FROM numbered_attributes
ORDER BY abs(attributes_no);
