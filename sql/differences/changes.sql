-- What changed from one release to the next: one row per change. Both are attached read-only, as earlier and later.
-- Read are only the published tables and views of either file, and series by their series_id, which is the same in every release.
WITH
-- 1. Figures that hold: per series and period the edition that counts.
earlier_figures AS (
    SELECT series_id, time_period, period_start, period_end, obs_value, value_qualifier, obs_status, base_value, decimals, published_on
    FROM earlier.observations_current
),
later_figures AS (
    SELECT series_id, time_period, period_start, period_end, obs_value, value_qualifier, obs_status, base_value, decimals, published_on
    FROM later.observations_current
),
figures AS (
    SELECT
        coalesce(e.series_id, l.series_id) AS series_id,
        coalesce(e.time_period, l.time_period) AS time_period,
        CASE
            WHEN e.series_id IS NULL THEN 'added'
            WHEN l.series_id IS NULL THEN 'withdrawn'
            WHEN row(e.obs_value, e.value_qualifier, e.obs_status, e.base_value, e.decimals)
                <> row(l.obs_value, l.value_qualifier, l.obs_status, l.base_value, l.decimals)
                THEN 'revised'
            ELSE 'confirmed by another edition'
        END AS change,
        e.obs_value AS earlier_value,
        l.obs_value AS later_value,
        concat_ws(', ', e.value_qualifier, 'status ' || e.obs_status, 'base ' || e.base_value, 'published ' || e.published_on) AS earlier_detail,
        concat_ws(', ', l.value_qualifier, 'status ' || l.obs_status, 'base ' || l.base_value, 'published ' || l.published_on) AS later_detail
    FROM earlier_figures AS e
    FULL JOIN later_figures AS l ON e.series_id = l.series_id AND e.period_start = l.period_start AND e.period_end = l.period_end
    WHERE
        e.series_id IS NULL
        OR l.series_id IS NULL
        OR row(e.obs_value, e.value_qualifier, e.obs_status, e.base_value, e.decimals, e.published_on)
        <> row(l.obs_value, l.value_qualifier, l.obs_status, l.base_value, l.decimals, l.published_on)
),
-- 2. Cells: one per rate, pair of series and period; where a side shows nothing its series is not known, and several rows may look alike.
earlier_cells AS (
    SELECT
        matched.rate_id, matched.time_period, matched.period_start, matched.period_end, matched.numerator_series_id,
        matched.denominator_series_id, matched.rate, matched.null_reasons,
        row_number() OVER (
            PARTITION BY matched.rate_id, matched.period_start, matched.period_end, matched.numerator_series_id, matched.denominator_series_id
            ORDER BY matched.rate, matched.null_reasons
        ) AS repetition
    FROM earlier.matched_periods AS matched
),
later_cells AS (
    SELECT
        matched.rate_id, matched.time_period, matched.period_start, matched.period_end, matched.numerator_series_id,
        matched.denominator_series_id, matched.rate, matched.null_reasons,
        row_number() OVER (
            PARTITION BY matched.rate_id, matched.period_start, matched.period_end, matched.numerator_series_id, matched.denominator_series_id
            ORDER BY matched.rate, matched.null_reasons
        ) AS repetition
    FROM later.matched_periods AS matched
),
same_cells AS MATERIALIZED (
    SELECT
        e.rate_id IS NOT NULL AS is_earlier,
        l.rate_id IS NOT NULL AS is_later,
        coalesce(e.rate_id, l.rate_id) AS rate_id,
        coalesce(e.time_period, l.time_period) AS time_period,
        coalesce(e.period_start, l.period_start) AS period_start,
        coalesce(e.period_end, l.period_end) AS period_end,
        coalesce(e.numerator_series_id, l.numerator_series_id) AS numerator_series_id,
        coalesce(e.denominator_series_id, l.denominator_series_id) AS denominator_series_id,
        e.rate AS earlier_rate,
        l.rate AS later_rate,
        e.null_reasons AS earlier_reasons,
        l.null_reasons AS later_reasons
    FROM earlier_cells AS e
    FULL JOIN later_cells AS l
        ON e.rate_id = l.rate_id
        AND e.period_start = l.period_start
        AND e.period_end = l.period_end
        AND coalesce(e.numerator_series_id, '') = coalesce(l.numerator_series_id, '')
        AND coalesce(e.denominator_series_id, '') = coalesce(l.denominator_series_id, '')
        AND e.repetition = l.repetition
),
-- a side that showed nothing may show a figure now, or the other way round: it is the same cell
changed_sides AS MATERIALIZED (
    SELECT
        l.rate_id, l.time_period, l.period_start, l.period_end,
        l.numerator_series_id AS later_numerator, l.denominator_series_id AS later_denominator,
        e.numerator_series_id AS earlier_numerator, e.denominator_series_id AS earlier_denominator,
        e.earlier_rate, l.later_rate, e.earlier_reasons, l.later_reasons
    FROM same_cells AS l
    JOIN same_cells AS e
        ON l.rate_id = e.rate_id
        AND l.period_start = e.period_start
        AND l.period_end = e.period_end
        AND (
            (
                l.numerator_series_id = e.numerator_series_id
                AND (l.denominator_series_id IS NULL OR e.denominator_series_id IS NULL)
            )
            OR (
                l.denominator_series_id = e.denominator_series_id
                AND (l.numerator_series_id IS NULL OR e.numerator_series_id IS NULL)
            )
        )
    WHERE l.is_later AND NOT l.is_earlier AND e.is_earlier AND NOT e.is_later
    QUALIFY row_number() OVER (
        PARTITION BY
            l.rate_id, l.period_start, l.period_end, l.numerator_series_id, l.denominator_series_id, l.later_rate, l.later_reasons
        ORDER BY e.numerator_series_id, e.denominator_series_id, e.earlier_reasons
    ) = 1
),
cells AS (
    SELECT
        rate_id, time_period, numerator_series_id, denominator_series_id, TRUE AS is_earlier, TRUE AS is_later, earlier_rate, later_rate,
        earlier_reasons, later_reasons
    FROM same_cells
    WHERE is_earlier AND is_later
    UNION ALL
    SELECT rate_id, time_period, later_numerator, later_denominator, TRUE, TRUE, earlier_rate, later_rate, earlier_reasons, later_reasons
    FROM changed_sides
    UNION ALL
    SELECT
        alone.rate_id, alone.time_period, alone.numerator_series_id, alone.denominator_series_id, FALSE, TRUE, NULL, alone.later_rate, NULL,
        alone.later_reasons
    FROM same_cells AS alone
    ANTI JOIN changed_sides AS met
        ON alone.rate_id = met.rate_id
        AND alone.period_start = met.period_start
        AND alone.period_end = met.period_end
        AND alone.numerator_series_id IS NOT DISTINCT FROM met.later_numerator
        AND alone.denominator_series_id IS NOT DISTINCT FROM met.later_denominator
    WHERE alone.is_later AND NOT alone.is_earlier
    UNION ALL
    SELECT
        alone.rate_id, alone.time_period, alone.numerator_series_id, alone.denominator_series_id, TRUE, FALSE, alone.earlier_rate, NULL,
        alone.earlier_reasons, NULL
    FROM same_cells AS alone
    ANTI JOIN changed_sides AS met
        ON alone.rate_id = met.rate_id
        AND alone.period_start = met.period_start
        AND alone.period_end = met.period_end
        AND alone.numerator_series_id IS NOT DISTINCT FROM met.earlier_numerator
        AND alone.denominator_series_id IS NOT DISTINCT FROM met.earlier_denominator
    WHERE alone.is_earlier AND NOT alone.is_later
),
changed_cells AS (
    SELECT
        cells.*,
        CASE
            WHEN NOT is_earlier AND later_rate IS NULL THEN 'new, NULL'
            WHEN NOT is_earlier THEN 'new, with a value'
            WHEN NOT is_later AND earlier_rate IS NULL THEN 'gone, was NULL'
            WHEN NOT is_later THEN 'gone, had a value'
            WHEN earlier_rate IS NOT NULL AND later_rate IS NULL THEN 'newly NULL'
            WHEN earlier_rate IS NULL AND later_rate IS NOT NULL THEN 'no longer NULL'
            WHEN earlier_rate <> later_rate THEN 'other value'
            WHEN earlier_reasons <> later_reasons THEN 'other reasons'
        END AS change
    FROM cells
),
-- 3. What is declared, listed and gathered.
earlier_selectors AS (
    SELECT
        chosen.rate_id,
        list(chosen.side || ' ' || chosen.dimension || ' ' || array_to_string(chosen.codes, ' ') ORDER BY chosen.side, chosen.dimension) AS selectors
    FROM earlier.rate_selectors AS chosen
    GROUP BY chosen.rate_id
),
later_selectors AS (
    SELECT
        chosen.rate_id,
        list(chosen.side || ' ' || chosen.dimension || ' ' || array_to_string(chosen.codes, ' ') ORDER BY chosen.side, chosen.dimension) AS selectors
    FROM later.rate_selectors AS chosen
    GROUP BY chosen.rate_id
),
rates AS (
    SELECT
        coalesce(e.rate_id, l.rate_id) AS rate_id,
        coalesce(l.question, e.question) AS question,
        CASE WHEN e.rate_id IS NULL THEN 'new' WHEN l.rate_id IS NULL THEN 'gone' ELSE 'declared differently' END AS change
    FROM earlier.rates AS e
    FULL JOIN later.rates AS l ON e.rate_id = l.rate_id
    LEFT JOIN earlier_selectors ON e.rate_id = earlier_selectors.rate_id
    LEFT JOIN later_selectors ON l.rate_id = later_selectors.rate_id
    WHERE
        e.rate_id IS NULL
        OR l.rate_id IS NULL
        OR row(e.rate_kind, e.question, e.varies, earlier_selectors.selectors) <> row(l.rate_kind, l.question, l.varies, later_selectors.selectors)
),
described_series AS (
    SELECT series_id, source_id, concat_ws(
        ', ', measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, nullif(breakdown, '')
    ) AS dimensions
    FROM later.series
    UNION
    SELECT series_id, source_id, concat_ws(
        ', ', measure, ref_area, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, nullif(breakdown, '')
    )
    FROM earlier.series
),
series AS (
    SELECT coalesce(e.series_id, l.series_id) AS series_id, CASE WHEN e.series_id IS NULL THEN 'new' ELSE 'gone' END AS change
    FROM earlier.series AS e
    FULL JOIN later.series AS l ON e.series_id = l.series_id
    WHERE e.series_id IS NULL OR l.series_id IS NULL
),
sources AS (
    SELECT
        coalesce(e.source_id, l.source_id) AS source_id,
        coalesce(l.producer, e.producer) || ': ' || coalesce(l.title, e.title) AS publication,
        CASE WHEN e.source_id IS NULL THEN 'new' WHEN l.source_id IS NULL THEN 'gone' ELSE 'other state' END AS change,
        e.state AS earlier_state,
        l.state AS later_state
    FROM earlier.sources AS e
    FULL JOIN later.sources AS l ON e.source_id = l.source_id
    WHERE e.source_id IS NULL OR l.source_id IS NULL OR e.state <> l.state
),
breaks AS (
    SELECT
        coalesce(e.break_id, l.break_id) AS break_id,
        coalesce(l.description, e.description) AS description,
        CASE WHEN e.break_id IS NULL THEN 'new' WHEN l.break_id IS NULL THEN 'gone' ELSE 'stated differently' END AS change
    FROM earlier.breaks AS e
    FULL JOIN later.breaks AS l ON e.break_id = l.break_id
    WHERE e.break_id IS NULL OR l.break_id IS NULL OR row(e.date, e.breaks_rate, e.breaks_change) <> row(l.date, l.breaks_rate, l.breaks_change)
),
changes AS (
    SELECT
        1 AS part_no, 'figure' AS part, figures.change, CAST(NULL AS VARCHAR) AS rate_id, described_series.source_id, figures.series_id,
        CAST(NULL AS VARCHAR) AS other_series_id, described_series.dimensions AS subject, figures.time_period, figures.earlier_value,
        figures.later_value, nullif(figures.earlier_detail, '') AS earlier_detail, nullif(figures.later_detail, '') AS later_detail
    FROM figures
    JOIN described_series ON figures.series_id = described_series.series_id
    UNION ALL
    SELECT
        2, 'cell', changed_cells.change, changed_cells.rate_id, coalesce(above.source_id, below.source_id), changed_cells.numerator_series_id,
        changed_cells.denominator_series_id, coalesce(above.dimensions, 'nothing') || ' over ' || coalesce(below.dimensions, 'nothing'),
        changed_cells.time_period, changed_cells.earlier_rate, changed_cells.later_rate,
        nullif(array_to_string(changed_cells.earlier_reasons, ', '), ''), nullif(array_to_string(changed_cells.later_reasons, ', '), '')
    FROM changed_cells
    LEFT JOIN described_series AS above ON changed_cells.numerator_series_id = above.series_id
    LEFT JOIN described_series AS below ON changed_cells.denominator_series_id = below.series_id
    WHERE changed_cells.change IS NOT NULL
    UNION ALL
    SELECT 3, 'rate', change, rate_id, NULL, NULL, NULL, question, NULL, NULL, NULL, NULL, NULL
    FROM rates
    UNION ALL
    SELECT
        4, 'series', series.change, NULL, described_series.source_id, series.series_id, NULL, described_series.dimensions, NULL, NULL, NULL,
        NULL, NULL
    FROM series
    JOIN described_series ON series.series_id = described_series.series_id
    UNION ALL
    SELECT 5, 'source', change, NULL, source_id, NULL, NULL, publication, NULL, NULL, NULL, earlier_state, later_state
    FROM sources
    UNION ALL
    SELECT 6, 'break', change, NULL, NULL, NULL, NULL, break_id || ': ' || coalesce(description, ''), NULL, NULL, NULL, NULL, NULL
    FROM breaks
)
SELECT
    changes.part,
    changes.change,
    changes.rate_id,
    changes.source_id,
    changes.series_id,
    changes.other_series_id,
    changes.subject,
    changes.time_period,
    changes.earlier_value,
    changes.later_value,
    changes.later_value - changes.earlier_value AS difference,
    changes.earlier_detail,
    changes.later_detail
FROM changes
ORDER BY
    changes.part_no, changes.change, changes.rate_id, changes.source_id, changes.subject, changes.time_period, changes.series_id,
    changes.other_series_id, changes.earlier_value, changes.later_value, changes.earlier_detail, changes.later_detail;
