-- Every figure with its receipt: what it counts, where it stands, which edition and which bytes it came from.
SELECT
    series.series_id,
    series.source_id,
    coalesce(measures.label, series.measure) AS measure_label,
    coalesce(units_of_count.label, series.unit_of_count) AS unit_label,
    series.unit_measure,
    series.ref_area,
    series.pathway,
    series.breakdown,
    coalesce(offense_scopes.label, series.offense_scope) AS scope_label,
    editions.period_start,
    editions.period_end,
    period_text(editions.period_start, editions.period_end) AS time_period,
    editions.obs_value,
    editions.value_qualifier,
    editions.obs_status,
    editions.base_value,
    editions.published_on,
    editions.evidence,
    editions.source_locator,
    editions.url,
    editions.obs_note,
    editions.snapshot_id,
    editions.superseded_on IS NULL AS is_current
FROM series_observations AS editions
JOIN series ON editions.series_no = series.series_no
LEFT JOIN measures ON series.measure = measures.code
LEFT JOIN units_of_count ON series.unit_of_count = units_of_count.code
LEFT JOIN offense_scopes ON series.offense_scope = offense_scopes.code
ORDER BY
    series.source_id, editions.published_on DESC NULLS LAST, editions.url, editions.evidence, editions.snapshot_id,
    measures.label, series.breakdown, series.ref_area, editions.period_end DESC, editions.period_start, series.series_id,
    editions.superseded_on NULLS FIRST;
