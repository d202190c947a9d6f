-- matched_periods of the stand-alone command, first part: an empty table of the same columns stands in its place while the views that read
-- it are defined, since each of them would plan the whole of it again.

CREATE VIEW matched_periods_said AS
FROM in_words('matches');

CREATE TABLE matched_periods AS
SELECT * FROM matched_periods_said WHERE FALSE;
