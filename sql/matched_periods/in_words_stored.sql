-- matched_periods_in_words of a release: what the view gives, written down in its place. Explanations, requests for data and the first
-- question are made of it, several times over.

CREATE TABLE rows_in_words AS
SELECT *
FROM matched_periods_in_words
ORDER BY rate_id, period_start, period_end, cell_no, numerator_series_id, denominator_series_id;

DROP VIEW matched_periods_in_words;

ALTER TABLE rows_in_words RENAME TO matched_periods_in_words;

COMMENT ON TABLE matched_periods_in_words IS 'The rows of matched_periods with both sides in words, as a reader would say them.';
