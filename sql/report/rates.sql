-- Every pair that a rate about outcomes is made of, once, in words; compositions stand in shares.sql.
WITH
cells AS (
    SELECT DISTINCT ON (words.rate_id, words.time_period, words.cell_no) words.*
    FROM matched_periods_in_words AS words
    WHERE words.rate_kind <> 'composition'
),
roles AS (
    SELECT DISTINCT answers.rate_id, answers.role FROM question_1_share_prosecuted AS answers
)
SELECT
    cells.rate_id,
    cells.rate_kind,
    roles.role,
    cells.question,
    cells.time_period,
    cells.period_start,
    cells.period_end,
    periods_in_words.year_label,
    cells.period_in_words,
    cells.cell_no,
    cells.rate,
    cells.rate_basis,
    cells.rate_low,
    cells.rate_high,
    cells.null_reasons,
    cells.numerator,
    cells.numerator_figure,
    cells.numerator_things,
    cells.numerator_series_id,
    cells.numerator_time_period,
    cells.numerator_period_in_words,
    cells.numerator_obs_status,
    cells.numerator_ref_area,
    cells.numerator_source_id,
    cells.denominator,
    cells.denominator_figure,
    cells.denominator_things,
    cells.denominator_series_id,
    cells.denominator_time_period,
    cells.denominator_period_in_words,
    cells.denominator_obs_status,
    cells.denominator_ref_area,
    cells.denominator_source_id
FROM cells
JOIN periods_in_words ON cells.time_period = periods_in_words.time_period
LEFT JOIN roles ON cells.rate_id = roles.rate_id
ORDER BY cells.rate_kind, cells.rate_id, cells.period_end DESC, cells.period_start, cells.cell_no;
