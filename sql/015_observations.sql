-- Staged rows become series and their observations.

INSERT INTO series
SELECT
    left(md5(concat_ws(
        '|', source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    )), 12) AS series_id,
    row_number() OVER (ORDER BY staged_series) AS series_no,
    *
FROM staged_series
ORDER BY series_no;

-- An edition is known from its publication (a partial date means the end of its month or year), at the latest from the day the
-- project first saw it. It holds until an edition that is preferred to it is known: the newest, then the better evidence.
INSERT INTO series_observations
WITH
dated AS (
    SELECT
        series.series_no,
        staged.time_period,
        staged_periods.period_start,
        staged_periods.period_end,
        staged.obs_value,
        staged.value_qualifier,
        staged.obs_status,
        staged.base_value,
        staged.decimals,
        staged.published_on,
        staged.evidence,
        staged.source_locator,
        staged.url,
        staged.obs_note,
        staged.snapshot_id,
        least(staged_editions.published_by, snapshots.first_seen, current_date) AS known_from
    FROM staged
    JOIN series
        ON staged.source_id = series.source_id
        AND staged.measure = series.measure
        AND staged.ref_area = series.ref_area
        AND staged.unit_of_count = series.unit_of_count
        AND staged.unit_measure = series.unit_measure
        AND staged.offense_scope = series.offense_scope
        AND staged.jurisdiction = series.jurisdiction
        AND staged.pathway = series.pathway
        AND staged.statistical_population = series.statistical_population
        AND staged.breakdown = series.breakdown
    JOIN staged_periods ON staged.time_period = staged_periods.time_period
    LEFT JOIN staged_editions ON staged.published_on = staged_editions.published_on
    LEFT JOIN snapshots ON staged.snapshot_id = snapshots.snapshot_id AND staged.source_id = snapshots.source_id
),
reedited AS (
    SELECT series_no, period_start, period_end FROM dated GROUP BY ALL HAVING count(*) > 1
),
superseded AS (
    SELECT
        series_no,
        period_start,
        period_end,
        published_on,
        evidence,
        min(known_from) OVER (
            PARTITION BY series_no, period_start, period_end
            ORDER BY published_on DESC NULLS LAST, list_position(['publication', 'datafile', 'republication', 'quotation'], evidence)
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS superseded_on
    FROM dated
    SEMI JOIN reedited USING (series_no, period_start, period_end)
)
SELECT dated.*, superseded.superseded_on
FROM dated
LEFT JOIN superseded
    ON dated.series_no = superseded.series_no
    AND dated.period_start = superseded.period_start
    AND dated.period_end = superseded.period_end
    AND dated.published_on IS NOT DISTINCT FROM superseded.published_on
    AND dated.evidence = superseded.evidence;
