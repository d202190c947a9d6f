-- Question 3: the federal side, the state side that nobody counts, and the share that is therefore NULL.
WITH
sides AS (
    SELECT DISTINCT words.rate_id, words.time_period, words.numerator_things, words.numerator, words.numerator_series_id
    FROM matched_periods_in_words AS words
    WHERE words.rate_id LIKE 'federal_share_of_all_%'
)
SELECT
    answers.*,
    sides.numerator_series_id AS federal_series_id,
    sources.producer,
    sources.title,
    measures.label AS measure_label,
    offense_scopes.label AS scope_label
FROM question_3_federal_and_state AS answers
LEFT JOIN sides
    ON answers.rate_id = sides.rate_id
    AND answers.time_period = sides.time_period
    AND answers.federal_things = sides.numerator_things
    AND answers.federal_count = sides.numerator
LEFT JOIN sources ON answers.federal_source_id = sources.source_id
LEFT JOIN measures ON answers.federal_measure = measures.code
LEFT JOIN offense_scopes ON answers.federal_offense_scope = offense_scopes.code
ORDER BY answers.rate_id, answers.period_end DESC, answers.period_start DESC, answers.federal_source_id, answers.federal_offense_scope;
