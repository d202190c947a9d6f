-- The pairs that people divide: every count of arrests, charges or sentences beside every count of reports.
-- The series are named first: all pairs of all series are a million rows.
CREATE TEMP TABLE pairs_asked AS
WITH
paired AS (
    SELECT DISTINCT matched.numerator_series_id AS upper_id, matched.denominator_series_id AS lower_id
    FROM matched_periods AS matched
    JOIN rate_sides_in_words AS below ON matched.rate_id = below.rate_id AND below.side = 'denominator'
    WHERE
        below.stage IN ('report', 'referral')
        AND matched.rate_kind IN ('prosecution', 'arrest', 'sentencing')
        AND matched.numerator_ref_area IN ('US', 'WORLD')
        AND matched.numerator_source_id <> 'not_collected'
)
SELECT uppers.upper_id, lowers.lower_id
FROM (SELECT DISTINCT paired.upper_id FROM paired) AS uppers
CROSS JOIN (SELECT DISTINCT paired.lower_id FROM paired WHERE paired.lower_id IS NOT NULL) AS lowers;

SET VARIABLE series_asked = (
    SELECT list(series_id) FROM (SELECT upper_id AS series_id FROM pairs_asked UNION SELECT lower_id FROM pairs_asked)
);
