-- The sentences about the headline and about the rates that stand.
CREATE TEMP TABLE said AS
WITH
asked AS (
    SELECT standing.rate_id, standing.time_period FROM standing
    UNION
    SELECT 'csam_reports_prosecuted', newest_headline.time_period FROM newest_headline
)
SELECT explanations.*
FROM explanations
SEMI JOIN asked ON explanations.rate_id = asked.rate_id AND explanations.time_period = asked.time_period;
