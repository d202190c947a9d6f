-- Twenty queries over the published file. Run one, or all:
--     duckdb -readonly data/published/prosecution_statistics.duckdb < docs/queries.sql
-- From a session of another file, ATTACH it and USE it first: macros are found only in the current database.

-- 1. The question itself: year by year, the share of CyberTipline reports that ended in a prosecution, and why there is none.
SELECT time_period, numerator_ref_area, denominator_ref_area, denominator AS reports, prosecution_rate, null_reasons
FROM matched_periods
WHERE rate_id = 'csam_reports_prosecuted'
ORDER BY period_start, denominator_ref_area;

-- 2. The same answer in sentences that can be quoted.
SELECT sentence
FROM explain('csam_reports_prosecuted', '2023-01-01/P1Y')
ORDER BY cell_no, sentence_no;

-- 3. What became of suspects in concluded matters, as printed with its base: prosecuted (the field's own prosecution rate), declined,
--    disposed by a magistrate; with the interval that rounding leaves.
SELECT rate_id, time_period, numerator_offense_scope AS scope, rate, rate_low, rate_high, denominator AS suspects_in_matters_concluded
FROM matched_periods
WHERE rate IS NOT NULL AND rate_id LIKE 'suspects\_%\_of\_concluded\_published' ESCAPE '\'
ORDER BY rate DESC;

-- 4. Every prosecution rate that stands, computed or published.
SELECT rate_id, time_period, numerator, denominator, round(100 * rate, 1) AS percent, rate_basis
FROM prosecution_rates
WHERE rate IS NOT NULL
ORDER BY rate_id, period_start;

-- 5. Which rates can be computed at all, for which years, and how many values each has.
SELECT rate_id, any_value(question) AS question, min(period_start) AS first_day, max(period_end) AS last_day, count(*) AS rates
FROM computable_rates
GROUP BY rate_id
ORDER BY rates DESC, rate_id;

-- 6. What stands in the way most often: reasons by how many cells they empty.
SELECT null_reasons.code, null_reasons.label, count(*) AS cells
FROM (SELECT unnest(matched_periods.null_reasons) AS code FROM matched_periods) AS given
JOIN null_reasons ON given.code = null_reasons.code
GROUP BY ALL
ORDER BY cells DESC;

-- 7. Cells that one single reason keeps empty: the cheapest to fill.
SELECT rate_id, null_reasons[1] AS only_reason, count(*) AS cells
FROM matched_periods
WHERE len(null_reasons) = 1
GROUP BY ALL
ORDER BY cells DESC, rate_id;

-- 8. Who holds what is missing: the requests to make.
SELECT held_by, publication, any_value(request) AS for_instance, count(*) AS cells
FROM data_requests
GROUP BY held_by, publication
ORDER BY cells DESC;

-- 9. CyberTipline reports by calendar year, and the change where no break in the series forbids one.
SELECT calendar_year, ref_area, breakdown, reports, pct_change, why_no_change
FROM question_2_reports_per_year
WHERE source_id = 'ncmec_ojjdp_transparency' AND breakdown IN ('', 'user_location=us')
ORDER BY ref_area DESC, calendar_year;

-- 10. The ten providers that made the most reports in the latest year published by provider.
SELECT regexp_extract(breakdown, 'esp=([^;]*)', 1) AS provider, obs_value AS reports, time_period
FROM observations_current
WHERE source_id = 'ncmec_reports_by_esp' AND starts_with(breakdown, 'esp=')
QUALIFY period_start = max(period_start) OVER ()
ORDER BY reports DESC NULLS LAST
LIMIT 10;

-- 11. Reports by the country they were resolved to, the latest year.
SELECT ref_area, obs_value AS reports, time_period
FROM observations_current
WHERE source_id = 'ncmec_reports_by_country' AND breakdown = '' AND obs_value IS NOT NULL
QUALIFY period_start = max(period_start) OVER ()
ORDER BY reports DESC
LIMIT 15;

-- 12. Individuals sentenced under the child pornography guideline, among all sentenced, by fiscal year.
SELECT time_period, numerator, denominator, round(100 * rate, 2) AS percent
FROM matched_periods
WHERE rate_id = 'child_pornography_guideline_share' AND rate IS NOT NULL
ORDER BY period_start;

-- 13. Why matters are not prosecuted: printed reasons; handing a suspect to another authority is a transfer, not attrition.
SELECT time_period, offense_scope, reason, is_transfer, obs_value, unit_measure, base_value
FROM question_4_declinations
ORDER BY period_start, offense_scope, is_transfer, obs_value DESC;

-- 14. Money beside outputs, per fiscal year; no effect is computed, and why_no_effect says so.
SELECT fiscal_year, funding_measure, funding_usd, output_measure, output, output_unit_of_count, effect_of_funding, why_no_effect
FROM question_5_resources_and_outputs
ORDER BY fiscal_year, funding_measure, output_measure;

-- 15. Law and technology on one line of time.
SELECT DISTINCT date, entry_kind, description
FROM question_6_law_and_technology
ORDER BY date, entry_kind, description;

-- 16. Which axes part two series: here, charged defendants and CyberTipline reports.
SELECT axis, first_code, second_code, agrees
FROM comparability
WHERE first_measure = 'defendants_charged' AND second_measure = 'reports_received'
GROUP BY ALL
ORDER BY axis, first_code, second_code;

-- 17. What can be said without a rate: bounds, each with its assumptions.
SELECT bound_kind, bounds_what, period_start, period_end, lower_bound, upper_bound, assumptions
FROM bounds
ORDER BY bound_kind, bounds_what, period_start
LIMIT 50;

-- 18. Published values that contradict each other, and which one to prefer.
FROM conflicts;

-- 19. The receipt of a figure: publication, place in it, edition, snapshot.
SELECT o.source_id, o.time_period, o.obs_value, o.source_locator, o.published_on, snapshots.snapshot_id, snapshots.first_seen, sources.url_main
FROM observations_current AS o
JOIN sources ON o.source_id = sources.source_id
LEFT JOIN snapshots ON o.snapshot_id = snapshots.snapshot_id AND o.source_id = snapshots.source_id
WHERE o.measure = 'reports_received' AND o.ref_area = 'WORLD' AND o.breakdown = ''
ORDER BY o.period_start;

-- 20. What could have been known on a past day: rates as of the end of 2019.
SELECT rate_id, time_period, round(100 * rate, 2) AS percent, rate_basis
FROM as_of('2019-12-31')
WHERE rate IS NOT NULL AND numerator_breakdown = ''
ORDER BY rate_id, period_start;
