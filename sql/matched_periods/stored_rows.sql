-- The rows of the stored matched_periods, once the matches are there.

INSERT INTO matched_periods
FROM in_words('matches');
