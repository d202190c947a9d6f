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
-- project first saw it.
INSERT INTO series_observations
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
    least(staged_editions.published_by, snapshots.first_seen, current_date) AS known_from,
    NULL AS superseded_on
FROM staged
JOIN hashed_series ON staged.dimensions_hash = hashed_series.dimensions_hash
JOIN staged_periods ON staged.time_period = staged_periods.time_period
LEFT JOIN staged_editions ON staged.published_on = staged_editions.published_on
LEFT JOIN snapshots ON staged.snapshot_id = snapshots.snapshot_id AND staged.source_id = snapshots.source_id;

-- It holds until an edition that is preferred to it is known: the newest, then the better evidence.
CREATE TEMP TABLE editions AS
WITH
reedited AS (
    SELECT series_no, period_start, period_end
    FROM series_observations
    GROUP BY series_no, period_start, period_end
    HAVING count(*) > 1
)
SELECT
    rowid AS edition,
    min(known_from) OVER (
        PARTITION BY series_no, period_start, period_end
        ORDER BY published_on DESC NULLS LAST, list_position(['publication', 'datafile', 'republication', 'quotation'], evidence)
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS superseded_on
FROM series_observations
SEMI JOIN reedited USING (series_no, period_start, period_end);

UPDATE series_observations
SET superseded_on = editions.superseded_on
FROM editions
WHERE series_observations.rowid = editions.edition AND editions.superseded_on IS NOT NULL;
