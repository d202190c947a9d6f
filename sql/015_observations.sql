-- Staged rows become series and their observations.

INSERT INTO series
SELECT
    left(md5(concat_ws(
        '|', source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    )), 12) AS series_id,
    row_number() OVER (
        ORDER BY
            source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    ) AS series_no,
    * EXCLUDE (dimensions_hash)
FROM staged_series
ORDER BY series_no;

-- Rows find their series by one number instead of ten texts. Two series with one hash would be confused, so that stops the build.
CREATE TEMP TABLE hashed_series AS
SELECT series.series_no, staged_series.dimensions_hash
FROM staged_series
JOIN series USING (
    source_id, measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
);
CREATE UNIQUE INDEX one_series_per_hash ON hashed_series (dimensions_hash);

-- An edition is known from its publication (a partial date means the end of its month or year), at the latest from the day the
-- project first saw it. It holds until an edition that is preferred to it is known: the newest, then the better evidence.
INSERT INTO series_observations
WITH
dated AS (
    SELECT
        hashed_series.series_no,
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
    JOIN hashed_series ON staged.dimensions_hash = hashed_series.dimensions_hash
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
