-- What staged rows refer to: series, periods and sets of attributes get their numbers.

-- (series_key and attributes_key hold the columns that vary: rows find their place by them)
CREATE TABLE memory.numbered_series AS
SELECT CAST(number AS INTEGER) AS series_no, * EXCLUDE (number)
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

CREATE TEMP VIEW numbered_attributes AS
SELECT
    CAST((CASE WHEN obs_status IN ('L', 'M', 'O', 'Q') THEN -1 ELSE 1 END) * (2 + number) AS INTEGER) AS attributes_no,
    * EXCLUDE (number, kinds_of_values)
FROM staged_attributes;

-- An edition is known from its publication (a partial date means the end of its month or year), at the latest from the day the
-- project first saw it.
INSERT INTO attribute_sets BY NAME
SELECT
    numbered.* EXCLUDE (source_id, attributes_key),
    least(staged_editions.published_by, snapshots.first_seen, current_date) AS known_from
FROM numbered_attributes AS numbered
LEFT JOIN staged_editions ON numbered.published_on = staged_editions.published_on
LEFT JOIN snapshots ON numbered.snapshot_id = snapshots.snapshot_id AND numbered.source_id = snapshots.source_id;
