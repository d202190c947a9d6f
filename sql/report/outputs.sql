-- Question 5, outputs: what agencies and courts report for the same fiscal years.
SELECT DISTINCT
    answers.fiscal_year,
    answers.output_source_id AS source_id,
    answers.output_measure AS measure,
    measures.label AS measure_label,
    answers.output_breakdown AS breakdown,
    offense_scopes.label AS scope_label,
    answers.output AS obs_value,
    answers.output_qualifier AS value_qualifier,
    answers.output_obs_status AS obs_status,
    figures.series_id,
    period_text(figures.period_start, figures.period_end) AS time_period,
    sources.producer,
    sources.title
FROM question_5_resources_and_outputs AS answers
JOIN observations_current AS figures
    ON answers.output_source_id = figures.source_id
    AND answers.output_measure = figures.measure
    AND answers.output_offense_scope = figures.offense_scope
    AND answers.output_breakdown = figures.breakdown
    AND answers.output_unit_of_count = figures.unit_of_count
    AND answers.output IS NOT DISTINCT FROM figures.obs_value
    AND answers.fiscal_year = year(figures.period_end)
    AND month(figures.period_start) = 10
LEFT JOIN measures ON answers.output_measure = measures.code
LEFT JOIN offense_scopes ON answers.output_offense_scope = offense_scopes.code
LEFT JOIN sources ON answers.output_source_id = sources.source_id
ORDER BY
    answers.fiscal_year DESC, answers.output_source_id, answers.output_measure, offense_scopes.label, answers.output_breakdown,
    figures.series_id;
