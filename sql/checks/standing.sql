-- The newest value of every rate that stands, compositions of the reports left out: they are many and in the report.
SELECT rates.question, newest.time_period, round(100 * newest.rate, 2) || ' %' AS rate
FROM (
    SELECT DISTINCT ON (matched_periods.rate_id) matched_periods.*
    FROM matched_periods
    WHERE matched_periods.rate IS NOT NULL
    ORDER BY matched_periods.rate_id, matched_periods.period_end DESC, matched_periods.numerator_series_id
) AS newest
JOIN rates ON newest.rate_id = rates.rate_id
WHERE newest.rate_kind <> 'composition'
ORDER BY newest.rate_kind DESC, newest.period_end DESC, rates.rate_id;
