-- Rows that say the same thing twice: same series, period, edition and evidence. Only periods with several editions can have them.
CREATE TEMP VIEW repeated_keys AS
WITH
reedited_periods AS (
    SELECT DISTINCT series_no, period_start, period_end FROM series_observations WHERE superseded_on IS NOT NULL
),
repeated AS (
    SELECT
        o.series_no,
        any_value(o.time_period) AS time_period,
        any_value(o.source_locator) AS source_locator
    FROM series_observations AS o
    SEMI JOIN reedited_periods USING (series_no, period_start, period_end)
    GROUP BY o.series_no, o.period_start, o.period_end, o.published_on, o.evidence
    HAVING count(*) > 1
)
SELECT series.source_id, repeated.time_period, repeated.source_locator, 'the same key stands twice: delete one, or tell them apart' AS problem
FROM repeated
JOIN series ON repeated.series_no = series.series_no;
