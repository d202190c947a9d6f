-- Question 5, resources: money per fiscal year.
SELECT DISTINCT
    answers.fiscal_year,
    answers.funding_source_id AS source_id,
    answers.funding_measure AS measure,
    measures.label AS measure_label,
    answers.funding_usd AS obs_value,
    answers.funding_qualifier AS value_qualifier,
    figures.series_id,
    period_text(figures.period_start, figures.period_end) AS time_period,
    figures.obs_note,
    sources.producer,
    sources.title
FROM question_5_resources_and_outputs AS answers
JOIN observations_current AS figures
    ON answers.funding_source_id = figures.source_id
    AND answers.funding_measure = figures.measure
    AND answers.funding_usd = figures.obs_value
    AND answers.fiscal_year = year(figures.period_end)
    AND figures.unit_measure = 'usd'
    AND figures.breakdown = ''
    AND month(figures.period_start) = 10
LEFT JOIN measures ON answers.funding_measure = measures.code
LEFT JOIN sources ON answers.funding_source_id = sources.source_id
ORDER BY answers.fiscal_year DESC, answers.funding_source_id, answers.funding_measure, figures.series_id;
