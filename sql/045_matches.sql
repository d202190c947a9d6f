-- The matches of today. Everything that reads them is defined meanwhile, in the files that follow.

INSERT INTO matches
FROM matches_as_of(current_date);
