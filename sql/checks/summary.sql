-- The summary at the end of a build: one row per fact, as text.
SELECT 'observations' AS fact, format('{:,}', count(*)) AS told FROM series_observations
UNION ALL SELECT 'series', format('{:,}', count(*)) FROM series
UNION ALL SELECT 'sources', CAST(count(DISTINCT source_id) AS VARCHAR) FROM series
UNION ALL
SELECT 'states', string_agg(
    sources_in_state || ' ' || state
    || CASE WHEN state = 'waiting for a record file' THEN ': ' || source_ids || ' (docs/record_files.md)' ELSE '' END,
    '; ' ORDER BY sources_in_state DESC
)
FROM (SELECT state, count(*) AS sources_in_state, string_agg(source_id, ', ' ORDER BY source_id) AS source_ids FROM sources GROUP BY state)
UNION ALL SELECT 'matched', format('{:,}', count(*)) FROM matched_periods
UNION ALL SELECT 'computed', format('{:,}', count(rate)) FROM matched_periods
UNION ALL SELECT 'refused', format('{:,}', count(*) - count(rate)) FROM matched_periods
UNION ALL
SELECT 'headline', any_value(question) || ' ' || CASE WHEN count(rate) = 0 THEN 'NULL in every year.' ELSE count(rate) || ' values.' END
FROM matched_periods
WHERE rate_id = 'csam_reports_prosecuted'
UNION ALL
SELECT 'because', string_agg(code || ' in ' || periods || ' rows', ', ' ORDER BY periods DESC)
FROM (
    SELECT code, count(*) AS periods
    FROM (SELECT unnest(null_reasons) AS code FROM matched_periods WHERE rate_id = 'csam_reports_prosecuted')
    GROUP BY code
)
UNION ALL
SELECT 'neighbour', coalesce(string_agg(format(
    '{:.0f} % of {:,.0f} suspects in matters concluded were prosecuted ({}, {})', 100 * rate, denominator, numerator_source_id, time_period
), '; '), 'no published prosecution rate')
FROM matched_periods
WHERE rate_id = 'suspects_prosecuted_of_concluded_published' AND rate IS NOT NULL
UNION ALL
SELECT 'rates', string_agg(rate_id || ' (' || values_computed || ')', ', ' ORDER BY values_computed DESC, rate_id)
FROM (SELECT rate_id, count(rate) AS values_computed FROM matched_periods GROUP BY rate_id HAVING count(rate) > 0);
