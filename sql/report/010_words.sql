-- Every matched row in words, worked out once for the tables that follow.
CREATE TEMP TABLE words AS
SELECT matched_periods_in_words.* FROM matched_periods_in_words;
