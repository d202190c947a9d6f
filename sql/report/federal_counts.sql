-- The federal counts of whole fiscal years, for a chart of their own; a segment ends where no change may be computed.
WITH
federal_series AS (
    SELECT DISTINCT matched.numerator_series_id AS series_id
    FROM matched_periods AS matched
    WHERE matched.rate_id LIKE 'federal_share_of_all_%' AND matched.numerator_series_id IS NOT NULL
    UNION
    SELECT series.series_id
    FROM series
    WHERE
        series.measure = 'suspects_prosecuted'
        AND series.unit_measure = 'count'
        AND series.breakdown = ''
        AND series.offense_scope IN ('bjs_child_sex_exploitation', 'bjs_csec')
)
SELECT
    figures.series_id,
    figures.measure,
    measures.label AS measure_label,
    sources.producer,
    sources.title,
    offense_scopes.label AS scope_label,
    figures.breakdown,
    year(figures.period_end) AS fiscal_year,
    figures.time_period,
    figures.obs_value,
    figures.value_qualifier,
    figures.obs_status,
    changes.pct_change IS NOT NULL AS joins_previous_year
FROM observations_current AS figures
JOIN federal_series ON figures.series_id = federal_series.series_id
JOIN measures ON figures.measure = measures.code
LEFT JOIN sources ON figures.source_id = sources.source_id
LEFT JOIN offense_scopes ON figures.offense_scope = offense_scopes.code
LEFT JOIN changes
    ON figures.series_id = changes.series_id AND figures.period_end = changes.period_end AND changes.change_kind = 'year'
WHERE
    figures.obs_value IS NOT NULL
    AND month(figures.period_start) = 10
    AND day(figures.period_start) = 1
    AND figures.period_end + 1 = CAST(figures.period_start + to_years(1) AS DATE)
ORDER BY figures.measure, sources.producer, figures.series_id, figures.period_end;
