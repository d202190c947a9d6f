-- What must hold in every release: one row per law, with the number of rows that break it.
SELECT 'a rate or reasons, never both, never neither' AS law, count(*) AS broken
FROM matched_periods
WHERE (rate IS NULL) <> (len(null_reasons) > 0)
UNION ALL
SELECT 'reasons are codes of null_reasons', count(*)
FROM (SELECT unnest(null_reasons) AS code FROM matched_periods)
WHERE code NOT IN (SELECT code FROM null_reasons)
UNION ALL
SELECT 'one row per rate, pair of series and period', count(*)
FROM (
    SELECT rate_id, numerator_series_id, denominator_series_id, period_start, period_end
    FROM matched_periods
    WHERE numerator_series_id IS NOT NULL AND denominator_series_id IS NOT NULL
    GROUP BY ALL
    HAVING count(*) > 1
)
UNION ALL
SELECT 'the headline is answered', CAST(count(*) = 0 AS INTEGER)
FROM matched_periods
WHERE rate_id = 'csam_reports_prosecuted'
UNION ALL
SELECT 'every figure belongs to a source and a snapshot', count(*)
FROM series_observations AS o
JOIN series ON o.series_no = series.series_no
LEFT JOIN snapshots ON o.snapshot_id = snapshots.snapshot_id AND series.source_id = snapshots.source_id
WHERE snapshots.snapshot_id IS NULL
UNION ALL
SELECT 'nothing synthetic is published', count(*) FROM series WHERE contains(source_id, 'synthetic');
