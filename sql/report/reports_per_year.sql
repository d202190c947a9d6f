-- Question 2: reports per year, the change where there is one, and why not where there is none.
SELECT
    answers.*,
    sources.producer,
    sources.title,
    pathways.label AS pathway_label
FROM question_2_reports_per_year AS answers
LEFT JOIN sources ON answers.source_id = sources.source_id
LEFT JOIN pathways ON answers.pathway = pathways.code
ORDER BY
    answers.breakdown <> '', answers.pathway <> 'any', answers.ref_area DESC, answers.source_id, answers.breakdown, answers.series_id,
    answers.period_end;
