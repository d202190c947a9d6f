-- Periods in words.
SELECT
    periods_in_words.time_period,
    periods_in_words.period_start,
    periods_in_words.period_end,
    periods_in_words.year_label,
    periods_in_words.words
FROM periods_in_words
ORDER BY periods_in_words.time_period;
