-- The sentences about the headline and about the rates that stand.
-- The cells are named first: a join would have the sentences of every cell made before most are thrown away.
SET VARIABLE asked = (
    SELECT list(rate_id || ' ' || time_period)
    FROM (
        SELECT rate_id, time_period FROM standing
        UNION
        SELECT 'csam_reports_prosecuted', time_period FROM newest_headline
    )
);

CREATE TEMP TABLE said AS
SELECT explanations.*
FROM explanations
WHERE list_contains(getvariable('asked'), explanations.rate_id || ' ' || explanations.time_period);
