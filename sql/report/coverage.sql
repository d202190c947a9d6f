-- One row per cell of the grid, rate by period.
SELECT
    coverage.rate_id,
    coverage.rate_kind,
    rates.question,
    coverage.year_label,
    period_text(coverage.period_start, coverage.period_end) AS time_period,
    coverage.period_start,
    coverage.period_end,
    coverage.row_count,
    coverage.rate_count,
    coverage.null_reasons
FROM coverage
JOIN rates ON coverage.rate_id = rates.rate_id
ORDER BY coverage.rate_kind, coverage.rate_id, coverage.period_end, coverage.period_start;
