-- What became of suspects in concluded federal matters, in percentages that the publisher prints with their base.
SELECT
    matched.rate_kind,
    matched.rate,
    matched.rate_low,
    matched.rate_high,
    matched.denominator,
    periods_in_words.words AS period_in_words
FROM matched_periods AS matched
JOIN periods_in_words ON matched.time_period = periods_in_words.time_period
WHERE
    matched.rate IS NOT NULL
    AND matched.rate_id IN (
        'suspects_prosecuted_of_concluded_published',
        'suspects_declined_of_concluded_published',
        'suspects_disposed_by_magistrate_of_concluded_published'
    )
ORDER BY matched.rate DESC, matched.rate_kind;
