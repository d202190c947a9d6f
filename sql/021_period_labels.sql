-- Every way in which a reader may call a period: ISO text, first and last day, CY2020, FY2020, 2020 (either), FY2004-2013, 2025-H1, 2025-Q2, 2025-03.

INSERT INTO period_labels
WITH
shaped AS (
    SELECT
        *,
        day(period_start) = 1 AND day(period_end + 1) = 1 AS is_whole_months,
        12 * (year(period_end + 1) - year(period_start)) + month(period_end + 1) - month(period_start) AS months,
        CASE month(period_start) WHEN 1 THEN 'CY' WHEN 10 THEN 'FY' END AS calendar,
        CASE WHEN month(period_start) = 10 THEN year(period_start) + 1 ELSE year(period_start) END AS first_year
    FROM periods
),
named AS (
    SELECT
        time_period, period_start, period_end,
        [time_period, period_start || '/' || period_end]
        || CASE
            WHEN NOT is_whole_months OR calendar IS NULL OR months % 12 <> 0 THEN []
            WHEN months = 12 THEN [calendar || first_year, CAST(first_year AS VARCHAR)]
            ELSE [
                calendar || first_year || '-' || year(period_end), calendar || first_year || '-' || calendar || year(period_end),
                first_year || '-' || year(period_end)
            ]
        END
        || CASE
            WHEN NOT is_whole_months THEN []
            WHEN months = 6 AND month(period_start) = 1 THEN [first_year || '-H1', first_year || 'H1']
            WHEN months = 6 AND month(period_start) = 7 THEN [first_year || '-H2', first_year || 'H2']
            WHEN months = 3 AND month(period_start) % 3 = 1
                THEN [year(period_start) || '-Q' || quarter(period_start), year(period_start) || 'Q' || quarter(period_start)]
            WHEN months = 1 THEN [strftime(period_start, '%Y-%m')]
            ELSE []
        END AS names
    FROM shaped
)
SELECT unnest(list_distinct(names)) AS period_label, time_period, period_start, period_end FROM named ORDER BY ALL;
