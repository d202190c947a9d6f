-- The series, written while 017_figures.sql writes the figures: seven references for each keep one core busy.

INSERT INTO series BY NAME
SELECT
    left(md5(concat_ws(
        '|', source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    )), 12) AS series_id,
    * EXCLUDE (series_key)
FROM memory.numbered_series
ORDER BY series_no;
