-- The newest period with reports on both levels, for the world and for the United States.
CREATE TEMP TABLE newest_headline AS
SELECT words.time_period
FROM matched_periods_in_words AS words
WHERE words.rate_id = 'csam_reports_prosecuted'
GROUP BY words.time_period
ORDER BY count(DISTINCT words.denominator_ref_area) DESC, max(words.period_end) DESC, max(words.period_start) DESC
LIMIT 1;
