-- How many rows carry a rate, and how many each reason; a row with several reasons counts for each of them.
SELECT reason, count(*) AS matched_rows
FROM (SELECT unnest(CASE WHEN rate IS NULL THEN null_reasons ELSE ['rate stands'] END) AS reason FROM matched_periods)
GROUP BY reason
ORDER BY matched_rows DESC, reason;
