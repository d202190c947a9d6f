-- The rates that stand: of every rate about outcomes, and of two compositions, the newest value.
CREATE TEMP TABLE standing AS
SELECT words.*
FROM matched_periods_in_words AS words
WHERE
    words.rate IS NOT NULL
    AND (
        words.rate_kind <> 'composition'
        OR words.rate_id IN ('child_sex_exploitation_share_of_suspects_prosecuted', 'child_pornography_guideline_share')
    )
QUALIFY row_number() OVER (PARTITION BY words.rate_id ORDER BY words.period_end DESC, words.period_start, words.cell_no) = 1;
