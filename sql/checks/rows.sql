-- How many rows the table has: one per rate, pair of series and period.
SELECT count(*) AS matched_rows FROM matched_periods;
