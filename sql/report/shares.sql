-- Of every composition and period the largest parts; how many there are in all, coverage.sql says.
SELECT
    words.rate_id,
    words.time_period,
    words.period_in_words,
    words.numerator_obs_status,
    words.numerator_period_in_words,
    words.numerator_figure,
    words.numerator_things,
    words.numerator_series_id,
    words.numerator_time_period,
    words.denominator_obs_status,
    words.denominator_period_in_words,
    words.denominator_figure,
    words.denominator_things,
    words.denominator_series_id,
    words.denominator_time_period,
    words.rate,
    words.rate_basis,
    words.null_reasons
FROM matched_periods_in_words AS words
WHERE words.rate_kind = 'composition'
QUALIFY row_number() OVER (
    PARTITION BY words.rate_id, words.time_period
    ORDER BY words.rate DESC NULLS LAST, words.numerator DESC NULLS LAST, words.numerator_series_id, words.denominator_series_id
) <= 5
ORDER BY
    words.rate_id, words.time_period, words.rate DESC NULLS LAST, words.numerator DESC NULLS LAST, words.numerator_series_id,
    words.denominator_series_id;
