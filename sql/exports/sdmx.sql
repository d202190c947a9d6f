-- The figures that hold, one row per series and period, in the columns of SDMX-CSV 2.0: structure, dimensions, measure, attributes.
-- The file has the names in capitals.
-- A period is a start and a duration there; a total has the code _T, as no dimension may be empty.
SELECT
    'dataflow' AS structure,
    'PROSECUTION_STATISTICS:OBSERVATIONS(1.0.0)' AS structure_id,
    'I' AS action,
    source_id,
    measure,
    ref_area,
    unit_of_count,
    unit_measure,
    offense_scope,
    jurisdiction,
    pathway,
    statistical_population,
    coalesce(nullif(breakdown, ''), '_T') AS breakdown,
    CASE
        WHEN split_part(time_period, '/', 2) LIKE 'P%' THEN time_period
        ELSE period_start || '/P' || (period_end - period_start + 1) || 'D'
    END AS time_period,
    obs_value,
    obs_status,
    value_qualifier,
    decimals,
    base_value,
    published_on,
    evidence,
    source_locator,
    url,
    obs_note,
    snapshot_id
FROM observations_current
ORDER BY ALL;
