-- What was observed: every edition of every figure, the edition that counts, and how figures changed.
-- Views only. They call no macro of the project, so that they work without USE in a file that is merely attached.

-- Every edition of every figure in full, but for the dimensions of its series.
CREATE VIEW series_observations AS
SELECT
    figures.series_no,
    periods.time_period,
    periods.period_start,
    periods.period_end,
    figures.obs_value,
    attribute_sets.value_qualifier,
    attribute_sets.obs_status,
    attribute_sets.base_value,
    attribute_sets.decimals,
    attribute_sets.published_on,
    attribute_sets.evidence,
    attribute_sets.source_locator,
    attribute_sets.url,
    attribute_sets.obs_note,
    attribute_sets.snapshot_id,
    attribute_sets.known_from,
    superseded_figures.superseded_on
FROM figures
JOIN periods ON figures.period_no = periods.period_no
JOIN attribute_sets ON figures.attributes_no = attribute_sets.attributes_no
LEFT JOIN superseded_figures
    ON figures.series_no = superseded_figures.series_no
    AND figures.period_no = superseded_figures.period_no
    AND figures.attributes_no = superseded_figures.attributes_no;

CREATE VIEW observations AS
SELECT
    series.source_id,
    series.measure,
    series.ref_area,
    editions.time_period,
    editions.period_start,
    editions.period_end,
    series.unit_of_count,
    series.unit_measure,
    series.offense_scope,
    series.jurisdiction,
    series.pathway,
    series.statistical_population,
    series.breakdown,
    editions.obs_value,
    editions.value_qualifier,
    editions.obs_status,
    editions.base_value,
    editions.decimals,
    editions.published_on,
    editions.evidence,
    editions.source_locator,
    editions.url,
    editions.obs_note,
    editions.snapshot_id
FROM series_observations AS editions
JOIN series ON editions.series_no = series.series_no;

CREATE VIEW observations_current AS
SELECT
    series.source_id,
    series.measure,
    series.ref_area,
    editions.time_period,
    editions.period_start,
    editions.period_end,
    series.unit_of_count,
    series.unit_measure,
    series.offense_scope,
    series.jurisdiction,
    series.pathway,
    series.statistical_population,
    series.breakdown,
    editions.obs_value,
    editions.value_qualifier,
    editions.obs_status,
    editions.base_value,
    editions.decimals,
    editions.published_on,
    editions.evidence,
    editions.source_locator,
    editions.url,
    editions.obs_note,
    editions.snapshot_id,
    series.series_id
FROM series_observations AS editions
JOIN series ON editions.series_no = series.series_no
WHERE editions.superseded_on IS NULL;

-- Two figures of one series side by side: the first and the latest edition of one period (revision), or the reports of two calendar
-- years in a row (year). The percentage by which the later one differs is the only division beside the rate's, and stands only here.
CREATE VIEW changes AS
WITH
reedited AS (
    SELECT DISTINCT series_no, period_start, period_end FROM series_observations WHERE superseded_on IS NOT NULL
),
ranked_editions AS (
    SELECT
        editions.*,
        row_number() OVER (
            PARTITION BY editions.series_no, editions.period_start, editions.period_end
            ORDER BY
                editions.published_on NULLS FIRST,
                list_position(['quotation', 'republication', 'datafile', 'publication'], editions.evidence)
        ) AS edition_no
    FROM series_observations AS editions
    SEMI JOIN reedited USING (series_no, period_start, period_end)
),
revised AS (
    SELECT series_no, period_start, period_end, count(*) AS editions
    FROM ranked_editions
    GROUP BY series_no, period_start, period_end
    HAVING count(DISTINCT row(obs_value, value_qualifier, obs_status)) > 1
),
yearly_reports AS (
    SELECT editions.*
    FROM series_observations AS editions
    JOIN series ON editions.series_no = series.series_no
    WHERE
        editions.superseded_on IS NULL
        AND series.measure = 'reports_received'
        AND series.unit_measure = 'count'
        AND year(editions.period_start) = year(editions.period_end)
        AND month(editions.period_start) <= 6
        AND month(editions.period_end + 1) = 1
        AND day(editions.period_end + 1) = 1
),
breaks_between_years AS (
    SELECT later.series_no, later.period_end, list(series_breaks.break_id ORDER BY series_breaks.date) AS break_ids
    FROM yearly_reports AS later
    JOIN yearly_reports AS earlier
        ON later.series_no = earlier.series_no AND year(later.period_start) = year(earlier.period_start) + 1
    JOIN series_breaks
        ON later.series_no = series_breaks.series_no
        AND series_breaks.breaks_change
        AND series_breaks.date > earlier.period_start
        AND series_breaks.date <= later.period_end
    GROUP BY later.series_no, later.period_end
),
pairs AS (
    SELECT
        'revision' AS change_kind,
        revised.series_no,
        latest_edition.time_period,
        latest_edition.period_start,
        latest_edition.period_end,
        first_edition.time_period AS earlier_time_period,
        first_edition.obs_value AS earlier_value,
        first_edition.value_qualifier AS earlier_qualifier,
        first_edition.obs_status AS earlier_status,
        first_edition.published_on AS earlier_published_on,
        first_edition.evidence AS earlier_evidence,
        latest_edition.obs_value AS later_value,
        latest_edition.value_qualifier AS later_qualifier,
        latest_edition.obs_status AS later_status,
        latest_edition.published_on AS later_published_on,
        latest_edition.evidence AS later_evidence,
        revised.editions,
        FALSE AS is_part_of_a_year,
        CAST([] AS VARCHAR[]) AS breaks_between
    FROM revised
    JOIN ranked_editions AS first_edition
        ON revised.series_no = first_edition.series_no
        AND revised.period_start = first_edition.period_start
        AND revised.period_end = first_edition.period_end
        AND first_edition.edition_no = 1
    JOIN ranked_editions AS latest_edition
        ON revised.series_no = latest_edition.series_no
        AND revised.period_start = latest_edition.period_start
        AND revised.period_end = latest_edition.period_end
        AND latest_edition.superseded_on IS NULL
    UNION ALL
    SELECT
        'year',
        later.series_no,
        later.time_period,
        later.period_start,
        later.period_end,
        earlier.time_period,
        earlier.obs_value,
        earlier.value_qualifier,
        earlier.obs_status,
        earlier.published_on,
        earlier.evidence,
        later.obs_value,
        later.value_qualifier,
        later.obs_status,
        later.published_on,
        later.evidence,
        1,
        dayofyear(later.period_start) > 1 OR coalesce(dayofyear(earlier.period_start) > 1, FALSE),
        coalesce(breaks_between_years.break_ids, CAST([] AS VARCHAR[]))
    FROM yearly_reports AS later
    LEFT JOIN yearly_reports AS earlier
        ON later.series_no = earlier.series_no AND year(later.period_start) = year(earlier.period_start) + 1
    LEFT JOIN breaks_between_years
        ON later.series_no = breaks_between_years.series_no AND later.period_end = breaks_between_years.period_end
),
-- why two figures must not be compared; a bound (more than, less than) is no figure that another one could differ from
judged AS (
    SELECT
        pairs.*,
        list_concat(
            CASE WHEN earlier_time_period IS NULL THEN ['no_figure_for_previous_year'] ELSE [] END,
            CASE
                WHEN later_value IS NULL OR (earlier_time_period IS NOT NULL AND earlier_value IS NULL) THEN ['no_value'] ELSE []
            END,
            CASE WHEN is_part_of_a_year THEN ['part_of_a_year'] ELSE [] END,
            CASE
                WHEN change_kind = 'year' AND (coalesce(earlier_qualifier, 'exact') <> 'exact' OR later_qualifier <> 'exact')
                    THEN ['not_exact']
                WHEN change_kind = 'revision' AND (earlier_qualifier IN ('gt', 'ge', 'lt') OR later_qualifier IN ('gt', 'ge', 'lt'))
                    THEN ['not_exact']
                ELSE []
            END,
            CASE
                WHEN change_kind = 'year' AND (coalesce(earlier_status, 'A') = 'U' OR later_status = 'U') THEN ['low_reliability'] ELSE []
            END,
            CASE WHEN len(breaks_between) > 0 THEN ['series_break'] ELSE [] END
        ) AS why_no_change
    FROM pairs
)
SELECT
    judged.change_kind,
    series.series_id,
    series.source_id,
    series.measure,
    series.ref_area,
    series.unit_of_count,
    series.unit_measure,
    series.offense_scope,
    series.jurisdiction,
    series.pathway,
    series.statistical_population,
    series.breakdown,
    judged.time_period,
    judged.period_start,
    judged.period_end,
    judged.editions,
    judged.earlier_time_period,
    judged.earlier_value,
    judged.earlier_qualifier,
    judged.earlier_status,
    judged.earlier_published_on,
    judged.earlier_evidence,
    judged.later_value,
    judged.later_qualifier,
    judged.later_status,
    judged.later_published_on,
    judged.later_evidence,
    judged.breaks_between,
    judged.why_no_change,
    CASE WHEN len(judged.why_no_change) = 0 THEN judged.later_value - judged.earlier_value END AS change,
    CASE
        WHEN len(judged.why_no_change) = 0 AND series.unit_measure <> 'percent'
            THEN 100 * (judged.later_value - judged.earlier_value) / nullif(judged.earlier_value, 0)
    END AS pct_change
FROM judged
JOIN series ON judged.series_no = series.series_no;

CREATE VIEW revisions AS
SELECT
    series_id,
    source_id,
    measure,
    ref_area,
    time_period,
    period_start,
    period_end,
    unit_of_count,
    unit_measure,
    offense_scope,
    jurisdiction,
    pathway,
    statistical_population,
    breakdown,
    editions,
    earlier_value AS first_value,
    earlier_qualifier AS first_qualifier,
    earlier_status AS first_status,
    earlier_published_on AS first_published_on,
    earlier_evidence AS first_evidence,
    later_value AS latest_value,
    later_qualifier AS latest_qualifier,
    later_status AS latest_status,
    later_published_on AS latest_published_on,
    later_evidence AS latest_evidence,
    change,
    pct_change
FROM changes
WHERE change_kind = 'revision';
