-- Rows that say the same thing twice: same series, period, edition and evidence.
CREATE TEMP VIEW repeated_keys AS
SELECT series.source_id, o.time_period, o.source_locator, 'the same key stands twice: delete one, or tell them apart' AS problem
FROM (
    SELECT series_no, period_start, period_end, published_on, evidence, any_value(time_period) AS time_period,
        any_value(source_locator) AS source_locator
    FROM series_observations
    SEMI JOIN (SELECT DISTINCT series_no, period_start, period_end FROM series_observations WHERE superseded_on IS NOT NULL) AS k
        USING (series_no, period_start, period_end)
    GROUP BY series_no, period_start, period_end, published_on, evidence
    HAVING count(*) > 1
) AS o
JOIN series ON o.series_no = series.series_no;
