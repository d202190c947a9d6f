-- matched_periods of the stand-alone command: the matches in words, made when they are read. Millions of rows of text would take
-- most of its time to write.

DROP TABLE matched_periods;

ALTER VIEW matched_periods_said RENAME TO matched_periods;

COMMENT ON VIEW matched_periods IS
    'One row per rate, pair of series and period: the rate where both sides align, NULL with every reason where they do not.';
