-- Rows that say the same thing twice: same series, period, edition and evidence. Only periods with several editions can have them.
CREATE TEMP VIEW repeated_keys AS
WITH
repeated AS (
    SELECT
        series_no,
        any_value(time_period) AS time_period,
        any_value(source_locator) AS source_locator
    FROM editions
    GROUP BY series_no, published_no, published_on, evidence
    HAVING count(*) > 1
)
SELECT series.source_id, repeated.time_period, repeated.source_locator, 'the same key stands twice: delete one, or tell them apart' AS problem
FROM repeated
JOIN series ON repeated.series_no = series.series_no;
