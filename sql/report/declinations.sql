-- Question 4: declinations by source and period, transfers apart; reasons without any figure at the end.
SELECT
    answers.*,
    sources.producer,
    sources.title,
    offense_scopes.label AS scope_label,
    periods_in_words.words AS period_in_words
FROM question_4_declinations AS answers
LEFT JOIN sources ON answers.source_id = sources.source_id
LEFT JOIN offense_scopes ON answers.offense_scope = offense_scopes.code
LEFT JOIN periods_in_words ON answers.time_period = periods_in_words.time_period
ORDER BY
    answers.source_id IS NULL, answers.period_end DESC, answers.source_id, answers.offense_scope, answers.is_transfer NULLS FIRST,
    answers.obs_value DESC NULLS LAST, answers.reason, answers.breakdown, answers.series_id;
