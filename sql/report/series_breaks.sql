-- The breaks of the series that charts draw.
SELECT
    series.series_id,
    breaks.break_id,
    breaks.date,
    breaks.breaks_rate,
    breaks.breaks_change,
    breaks.description
FROM series_breaks
JOIN series ON series_breaks.series_no = series.series_no
JOIN breaks ON series_breaks.break_id = breaks.break_id
WHERE series.measure IN ('reports_received', 'defendants_charged', 'individuals_sentenced') AND NOT contains(series.breakdown, 'esp=')
ORDER BY series.series_id, breaks.date, breaks.break_id;
