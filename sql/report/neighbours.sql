-- The rates that stand, with the sentence that may be quoted.
SELECT
    standing.*,
    sources.does_not_count,
    said.sentence AS quotable
FROM standing
LEFT JOIN sources ON standing.numerator_source_id = sources.source_id
LEFT JOIN said
    ON standing.rate_id = said.rate_id
    AND standing.time_period = said.time_period
    AND standing.cell_no = said.cell_no
    AND said.sentence_no = 1
ORDER BY
    list_position(
        ['prosecution', 'declination', 'disposition', 'composition', 'conviction', 'sentencing', 'arrest'], standing.rate_kind
    ),
    standing.period_end DESC,
    standing.rate_id;
