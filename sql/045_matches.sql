-- The matches of today, for everything that has been defined to read them.

INSERT INTO matches
FROM matches_as_of(current_date);
