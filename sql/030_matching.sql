-- The matching rules, written once: as_of(known_by) is the matched-period table as it could have been built on that day.
-- Reads series, series_observations, rates, rate_series, series_breaks, part_of and null_reasons.

-- How a period is published: whole years, else whole months, else start/end.
CREATE MACRO period_text(first_day, last_day) AS
    CASE
        WHEN day(first_day) <> day(last_day + 1) THEN first_day || '/' || last_day
        WHEN month(first_day) = month(last_day + 1) THEN first_day || '/P' || (year(last_day + 1) - year(first_day)) || 'Y'
        ELSE first_day || '/P' || (12 * (year(last_day + 1) - year(first_day)) + month(last_day + 1) - month(first_day)) || 'M'
    END;

CREATE MACRO as_of(known_by) AS TABLE
WITH RECURSIVE

-- 1. The figures known on that day, one per series and period.
current_observations AS MATERIALIZED (
    SELECT series_no, period_start, period_end, obs_value, value_qualifier, obs_status, base_value, decimals, obs_note
    FROM series_observations
    WHERE known_from <= CAST(known_by AS DATE) AND (superseded_on IS NULL OR superseded_on > CAST(known_by AS DATE))
),

-- 2. The pairs of series that each rate puts together.
sides AS MATERIALIZED (
    SELECT rate_series.rate_id, rate_series.side, rate_series.series_no, series.ref_area
    FROM rate_series
    JOIN series ON rate_series.series_no = series.series_no
    WHERE rate_series.series_no IN (SELECT series_no FROM current_observations)
),
numerator_sides AS (
    SELECT rate_id, series_no, ref_area FROM sides WHERE side = 'numerator'
),
denominator_sides AS (
    SELECT rate_id, series_no, ref_area FROM sides WHERE side = 'denominator'
),
own_area_pairs AS (
    SELECT n.rate_id, n.series_no AS numerator_series_no, d.series_no AS denominator_series_no
    FROM numerator_sides AS n
    JOIN denominator_sides AS d ON n.rate_id = d.rate_id AND n.ref_area = d.ref_area
),
-- only where the selector has no series of the numerator's area, or the area may vary or is unknown
unmet_numerators AS (
    SELECT numerator_sides.*
    FROM numerator_sides
    ANTI JOIN denominator_sides USING (rate_id, ref_area)
    UNION
    SELECT numerator_sides.*
    FROM numerator_sides
    JOIN rates ON numerator_sides.rate_id = rates.rate_id
    WHERE list_contains(rates.varies, 'ref_area') OR numerator_sides.ref_area = 'unknown'
),
any_area_pairs AS (
    SELECT n.rate_id, n.series_no AS numerator_series_no, d.series_no AS denominator_series_no
    FROM unmet_numerators AS n
    JOIN denominator_sides AS d ON n.rate_id = d.rate_id
),
lonely_numerators AS (
    SELECT n.rate_id, n.series_no AS numerator_series_no, CAST(NULL AS INTEGER) AS denominator_series_no
    FROM numerator_sides AS n
    WHERE n.rate_id NOT IN (SELECT rate_id FROM denominator_sides)
),
lonely_denominators AS (
    SELECT d.rate_id, CAST(NULL AS INTEGER) AS numerator_series_no, d.series_no AS denominator_series_no
    FROM denominator_sides AS d
    WHERE d.rate_id NOT IN (SELECT rate_id FROM numerator_sides)
),
met_pairs AS (
    SELECT * FROM own_area_pairs WHERE numerator_series_no <> denominator_series_no
    UNION SELECT * FROM any_area_pairs WHERE numerator_series_no <> denominator_series_no
    UNION ALL SELECT * FROM lonely_numerators
    UNION ALL SELECT * FROM lonely_denominators
),

-- 3. The axes on which a pair disagrees. Equal codes agree if they are known; a part agrees with its whole where the rate varies.
pairs AS MATERIALIZED (
    SELECT
        row_number() OVER () AS pair_no,
        p.rate_id,
        p.numerator_series_no,
        p.denominator_series_no,
        rates.is_published_percentage,
        NOT coalesce(
            (n.ref_area = d.ref_area AND n.ref_area <> 'unknown')
            OR (
                list_contains(rates.varies, 'ref_area')
                AND n.ref_area <> 'unknown'
                AND (d.ref_area = 'WORLD' OR starts_with(n.ref_area, d.ref_area || '-'))
            ), FALSE
        ) AS ref_area_mismatch,
        NOT coalesce(n.unit_of_count = d.unit_of_count AND n.unit_of_count <> 'unknown', FALSE) AS unit_of_count_mismatch,
        NOT coalesce(
            (n.offense_scope = d.offense_scope AND n.offense_scope <> 'unknown')
            OR (
                list_contains(rates.varies, 'offense_scope')
                AND scope_part.code IS NOT NULL
                AND 'unknown' NOT IN (n.offense_scope, d.offense_scope)
            ), FALSE
        ) AS offense_scope_mismatch,
        NOT coalesce(
            (n.jurisdiction = d.jurisdiction AND n.jurisdiction <> 'unknown')
            OR (
                list_contains(rates.varies, 'jurisdiction')
                AND jurisdiction_part.code IS NOT NULL
                AND 'unknown' NOT IN (n.jurisdiction, d.jurisdiction)
            ), FALSE
        ) AS jurisdiction_mismatch,
        NOT coalesce(
            (n.pathway = d.pathway AND n.pathway <> 'unknown')
            OR (
                list_contains(rates.varies, 'pathway')
                AND pathway_part.code IS NOT NULL
                AND 'unknown' NOT IN (n.pathway, d.pathway)
            ), FALSE
        ) AS pathway_mismatch,
        NOT coalesce(
            n.statistical_population = d.statistical_population AND n.statistical_population <> 'unknown', FALSE
        ) AS population_mismatch,
        NOT coalesce(
            n.breakdown = d.breakdown
            OR (
                list_contains(rates.varies, 'breakdown')
                AND n.breakdown <> ''
                AND (
                    d.breakdown = ''
                    OR (
                        list_has_all(string_split(n.breakdown, ';'), string_split(d.breakdown, ';'))
                        AND len(string_split(n.breakdown, ';')) > len(string_split(d.breakdown, ';'))
                    )
                )
            ), FALSE
        ) AS breakdown_mismatch
    FROM met_pairs AS p
    JOIN rates ON p.rate_id = rates.rate_id
    LEFT JOIN series AS n ON p.numerator_series_no = n.series_no
    LEFT JOIN series AS d ON p.denominator_series_no = d.series_no
    LEFT JOIN part_of AS scope_part
        ON scope_part.dimension = 'offense_scope' AND scope_part.code = n.offense_scope AND scope_part.whole = d.offense_scope
    LEFT JOIN part_of AS jurisdiction_part
        ON jurisdiction_part.dimension = 'jurisdiction'
        AND jurisdiction_part.code = n.jurisdiction
        AND jurisdiction_part.whole = d.jurisdiction
    LEFT JOIN part_of AS pathway_part
        ON pathway_part.dimension = 'pathway' AND pathway_part.code = n.pathway AND pathway_part.whole = d.pathway
),

-- 4. Target periods: every period that either series of a pair publishes, with what is published for exactly that period.
numerator_observations AS (
    SELECT pairs.pair_no, o.*
    FROM current_observations AS o
    JOIN pairs ON o.series_no = pairs.numerator_series_no
),
denominator_observations AS (
    SELECT pairs.pair_no, o.*
    FROM current_observations AS o
    JOIN pairs ON o.series_no = pairs.denominator_series_no
),
targets AS MATERIALIZED (
    SELECT
        coalesce(n.pair_no, d.pair_no) AS pair_no,
        coalesce(n.period_start, d.period_start) AS period_start,
        coalesce(n.period_end, d.period_end) AS period_end,
        n.series_no IS NOT NULL AS numerator_is_direct,
        n.obs_value AS numerator_value,
        n.value_qualifier AS numerator_qualifier,
        n.obs_status AS numerator_status,
        n.obs_note AS numerator_note,
        n.base_value,
        n.decimals,
        d.series_no IS NOT NULL AS denominator_is_direct,
        d.obs_value AS denominator_value,
        d.value_qualifier AS denominator_qualifier,
        d.obs_status AS denominator_status,
        d.obs_note AS denominator_note
    FROM numerator_observations AS n
    FULL JOIN denominator_observations AS d
        ON n.pair_no = d.pair_no AND n.period_start = d.period_start AND n.period_end = d.period_end
),

-- 5. Periods at which a series of a pair publishes nothing: a tiling or a partner is sought for each.
gaps AS MATERIALIZED (
    SELECT pairs.numerator_series_no AS series_no, targets.period_start, targets.period_end
    FROM targets
    JOIN pairs ON targets.pair_no = pairs.pair_no
    WHERE NOT targets.numerator_is_direct AND pairs.numerator_series_no IS NOT NULL
    UNION
    SELECT pairs.denominator_series_no, targets.period_start, targets.period_end
    FROM targets
    JOIN pairs ON targets.pair_no = pairs.pair_no
    WHERE NOT targets.denominator_is_direct AND pairs.denominator_series_no IS NOT NULL
),

-- 6. Pieces: exact counts, the only figures that may be summed. A piece that holds no finer piece is a leaf.
--    They matter in series with gaps, and in series whose figures may lie inside each other. Figures of one length in months,
--    all starting on the same month of their cycle, cannot: such a series is a plain grid.
grids AS (
    SELECT
        series_no,
        12 * (year(period_end + 1) - year(period_start)) + month(period_end + 1) - month(period_start) AS months,
        (12 * year(period_start) + month(period_start)) % greatest(months, 1) AS phase,
        day(period_start) = 1 AND day(period_end + 1) = 1 AS is_whole_months
    FROM current_observations
    WHERE obs_value IS NOT NULL
),
tiled_series AS MATERIALIZED (
    SELECT DISTINCT series_no FROM gaps
    UNION
    SELECT series_no
    FROM grids
    SEMI JOIN (
        SELECT numerator_series_no AS series_no FROM pairs WHERE NOT is_published_percentage
        UNION
        SELECT denominator_series_no FROM pairs
    ) USING (series_no)
    GROUP BY series_no
    HAVING min(months) < max(months) OR min(phase) < max(phase) OR NOT bool_and(is_whole_months)
),
pieces AS MATERIALIZED (
    SELECT
        series_no,
        period_start,
        period_end,
        CAST(obs_value AS DECIMAL(38, 6)) AS exact_value,  -- so that tenths add up to tenths
        CAST(obs_status = 'U' AS INTEGER) AS unreliable,
        coalesce(
            period_end >= min(period_end) OVER (
                PARTITION BY series_no
                ORDER BY period_start DESC, period_end
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), FALSE
        ) AS holds_finer
    FROM current_observations
    WHERE value_qualifier = 'exact' AND obs_value IS NOT NULL AND series_no IN (SELECT series_no FROM tiled_series)
),
-- leaves sorted by start are sorted by end, too; a run is a chain of leaves without gap or overlap
leaf_neighbours AS (
    SELECT
        series_no,
        period_start,
        period_end,
        exact_value,
        unreliable,
        lag(period_start) OVER before AS previous_start,
        lag(period_end) OVER before AS previous_end
    FROM pieces
    WHERE NOT holds_finer
    WINDOW before AS (PARTITION BY series_no ORDER BY period_start)
),
leaves AS MATERIALIZED (
    SELECT
        series_no,
        period_start,
        period_end,
        CASE WHEN previous_end >= period_start THEN previous_start END AS overlap_start,
        sum(CASE WHEN previous_end + 1 = period_start THEN 0 ELSE 1 END) OVER along AS run,
        sum(exact_value) OVER along AS sum_through,
        sum(exact_value) OVER along - exact_value AS sum_before,
        sum(unreliable) OVER along AS unreliable_through,
        sum(unreliable) OVER along - unreliable AS unreliable_before
    FROM leaf_neighbours
    WINDOW along AS (PARTITION BY series_no ORDER BY period_start ROWS UNBOUNDED PRECEDING)
),

-- 7. What is to be tiled: the gaps, and the published values that finer pieces might contradict.
spans AS (
    SELECT series_no, period_start, period_end FROM gaps
    UNION ALL
    SELECT o.series_no, o.period_start, o.period_end
    FROM current_observations AS o
    JOIN pieces AS p
        ON o.series_no = p.series_no AND o.period_start = p.period_start AND o.period_end = p.period_end AND p.holds_finer
    UNION ALL
    SELECT o.series_no, o.period_start, o.period_end
    FROM current_observations AS o
    WHERE o.value_qualifier <> 'exact' AND o.obs_value IS NOT NULL AND o.series_no IN (SELECT series_no FROM tiled_series)
),
span_starts AS MATERIALIZED (
    SELECT spans.series_no, spans.period_start, spans.period_end, leaves.run, leaves.sum_before, leaves.unreliable_before
    FROM spans
    JOIN leaves ON spans.series_no = leaves.series_no AND spans.period_start = leaves.period_start
    WHERE leaves.period_end < spans.period_end
),
leaf_tilings AS MATERIALIZED (
    SELECT
        span_starts.series_no,
        span_starts.period_start,
        span_starts.period_end,
        leaves.sum_through - span_starts.sum_before AS total,
        leaves.unreliable_through - span_starts.unreliable_before AS unreliable
    FROM span_starts
    JOIN leaves ON span_starts.series_no = leaves.series_no AND span_starts.period_end = leaves.period_end AND span_starts.run = leaves.run
),

-- 8. Knots: places where the chain of leaves is not the only way to tile. Overlapping leaves, and pieces that their own leaves
--    do not tile, or tile to another sum, or tile with unreliable figures.
knots AS MATERIALIZED (
    SELECT series_no, overlap_start AS period_start, period_end, TRUE AS is_overlap
    FROM leaves
    WHERE overlap_start IS NOT NULL
    UNION ALL
    SELECT p.series_no, p.period_start, p.period_end, FALSE
    FROM pieces AS p
    LEFT JOIN leaf_tilings AS t
        ON p.series_no = t.series_no AND p.period_start = t.period_start AND p.period_end = t.period_end
    WHERE p.holds_finer AND (t.total IS NULL OR t.total <> p.exact_value OR t.unreliable > 0)
),
knotted_spans AS MATERIALIZED (
    SELECT DISTINCT spans.series_no, spans.period_start, spans.period_end
    FROM spans
    JOIN knots
        ON spans.series_no = knots.series_no
        AND spans.period_start <= knots.period_start
        AND spans.period_end >= knots.period_end
    WHERE knots.is_overlap OR spans.period_start <> knots.period_start OR spans.period_end <> knots.period_end
),
-- every way through a knotted span, from its first day on; of the sums that reach a day only the least and the greatest are kept
search AS (
    SELECT
        series_no, period_start, period_end, period_start AS next_day,
        CAST(0 AS DECIMAL(38, 6)) AS least, CAST(0 AS DECIMAL(38, 6)) AS greatest,
        0 AS unreliable
    FROM knotted_spans
    UNION ALL
    SELECT
        search.series_no,
        search.period_start,
        search.period_end,
        p.period_end + 1,
        CAST(min(search.least + p.exact_value) AS DECIMAL(38, 6)),
        CAST(max(search.greatest + p.exact_value) AS DECIMAL(38, 6)),
        CAST(min(search.unreliable + p.unreliable) AS INTEGER)
    FROM search
    JOIN pieces AS p
        ON search.series_no = p.series_no AND search.next_day = p.period_start AND p.period_end <= search.period_end
    WHERE p.period_start <> search.period_start OR p.period_end <> search.period_end
    GROUP BY search.series_no, search.period_start, search.period_end, p.period_end
),
tilings AS MATERIALIZED (
    SELECT series_no, period_start, period_end, min(least) AS least, max(greatest) AS greatest, min(unreliable) AS unreliable
    FROM search
    WHERE next_day = period_end + 1
    GROUP BY series_no, period_start, period_end
    UNION ALL
    SELECT series_no, period_start, period_end, total, total, unreliable
    FROM leaf_tilings
    ANTI JOIN knotted_spans USING (series_no, period_start, period_end)
),

-- 9. Partners: where a gap has no tiling, the figure that overlaps it longest is shown (ties: the earlier), to be refused.
untiled_gaps AS (
    SELECT gaps.series_no, gaps.period_start, gaps.period_end
    FROM gaps
    ANTI JOIN tilings
        ON gaps.series_no = tilings.series_no
        AND gaps.period_start = tilings.period_start
        AND gaps.period_end = tilings.period_end
),
-- two periods that overlap share a calendar year, so an equality join on the year finds them all
gap_years AS (
    SELECT series_no, period_start, period_end, unnest(range(year(period_start), year(period_end) + 1)) AS calendar_year FROM untiled_gaps
),
observation_years AS (
    SELECT
        series_no, period_start, period_end, obs_value, value_qualifier, obs_status, obs_note,
        unnest(range(year(period_start), year(period_end) + 1)) AS calendar_year
    FROM current_observations
    WHERE series_no IN (SELECT series_no FROM untiled_gaps)
),
partners AS (
    SELECT g.series_no, g.period_start, g.period_end, o.period_start AS shown_start, o.period_end AS shown_end,
        o.obs_value, o.value_qualifier, o.obs_status, o.obs_note
    FROM gap_years AS g
    JOIN observation_years AS o
        ON g.series_no = o.series_no
        AND g.calendar_year = o.calendar_year
        AND g.period_start <= o.period_end
        AND g.period_end >= o.period_start
    QUALIFY row_number() OVER (
        PARTITION BY g.series_no, g.period_start, g.period_end
        ORDER BY
            least(g.period_end, o.period_end) - greatest(g.period_start, o.period_start) DESC,
            o.period_start,
            o.period_end
    ) = 1
),

-- 10. What a side shows where nothing is published, or where what is published is contradicted.
substitutes AS MATERIALIZED (
    SELECT
        series_no,
        period_start,
        period_end,
        period_start AS shown_start,
        period_end AS shown_end,
        CASE WHEN greatest = least THEN CAST(least AS DOUBLE) END AS obs_value,
        CASE WHEN greatest = least THEN 'exact' END AS value_qualifier,
        CASE
            WHEN greatest > least THEN NULL
            WHEN unreliable > 0 THEN 'U'
            ELSE 'A'
        END AS obs_status,
        CAST(NULL AS VARCHAR) AS obs_note,
        'tiled' AS basis,
        greatest > least AS is_conflict
    FROM tilings
    SEMI JOIN gaps USING (series_no, period_start, period_end)
    UNION ALL
    SELECT
        series_no, period_start, period_end, shown_start, shown_end, obs_value, value_qualifier, obs_status, obs_note, 'direct', FALSE
    FROM partners
    UNION ALL
    -- a published value that a complete tiling contradicts stays, with the conflict
    SELECT
        o.series_no, o.period_start, o.period_end, o.period_start, o.period_end, o.obs_value, o.value_qualifier, o.obs_status, o.obs_note,
        'direct', TRUE
    FROM current_observations AS o
    JOIN tilings
        ON o.series_no = tilings.series_no AND o.period_start = tilings.period_start AND o.period_end = tilings.period_end
    WHERE tilings.least <> CAST(o.obs_value AS DECIMAL(38, 6)) OR tilings.least < tilings.greatest
),
-- 11. Both sides of every row, as shown.
shown AS (
    SELECT
        targets.pair_no,
        targets.period_start,
        targets.period_end,
        pairs.rate_id,
        pairs.is_published_percentage,
        targets.numerator_is_direct OR n.series_no IS NOT NULL AS numerator_is_shown,
        CASE WHEN targets.numerator_is_direct THEN targets.period_start ELSE n.shown_start END AS numerator_start,
        CASE WHEN targets.numerator_is_direct THEN targets.period_end ELSE n.shown_end END AS numerator_end,
        CASE WHEN targets.numerator_is_direct THEN targets.numerator_value ELSE n.obs_value END AS numerator,
        CASE WHEN targets.numerator_is_direct THEN targets.numerator_qualifier ELSE n.value_qualifier END AS numerator_qualifier,
        CASE WHEN targets.numerator_is_direct THEN targets.numerator_status ELSE n.obs_status END AS numerator_obs_status,
        CASE WHEN targets.numerator_is_direct THEN targets.numerator_note ELSE n.obs_note END AS numerator_obs_note,
        CASE
            WHEN pairs.is_published_percentage THEN 'published'
            WHEN targets.numerator_is_direct THEN 'direct'
            ELSE n.basis
        END AS numerator_basis,
        coalesce(n.is_conflict AND n.basis = 'tiled', FALSE) AS numerator_tilings_disagree,
        pairs.numerator_series_no,
        CASE WHEN pairs.is_published_percentage THEN targets.base_value IS NOT NULL
            ELSE targets.denominator_is_direct OR d.series_no IS NOT NULL
        END AS denominator_is_shown,
        CASE WHEN targets.denominator_is_direct THEN targets.period_start ELSE d.shown_start END AS denominator_start,
        CASE WHEN targets.denominator_is_direct THEN targets.period_end ELSE d.shown_end END AS denominator_end,
        CASE
            WHEN pairs.is_published_percentage THEN targets.base_value
            WHEN targets.denominator_is_direct THEN targets.denominator_value
            ELSE d.obs_value
        END AS denominator,
        CASE WHEN targets.denominator_is_direct THEN targets.denominator_qualifier ELSE d.value_qualifier END AS denominator_qualifier,
        CASE WHEN targets.denominator_is_direct THEN targets.denominator_status ELSE d.obs_status END AS denominator_obs_status,
        CASE WHEN targets.denominator_is_direct THEN targets.denominator_note ELSE d.obs_note END AS denominator_obs_note,
        CASE
            WHEN pairs.is_published_percentage AND targets.base_value IS NOT NULL THEN 'published'
            WHEN targets.denominator_is_direct THEN 'direct'
            ELSE d.basis
        END AS denominator_basis,
        coalesce(d.is_conflict AND d.basis = 'tiled', FALSE) AS denominator_tilings_disagree,
        pairs.denominator_series_no,
        coalesce(n.is_conflict, FALSE) OR coalesce(d.is_conflict, FALSE) AS source_conflict,
        targets.decimals
    FROM targets
    JOIN pairs ON targets.pair_no = pairs.pair_no
    LEFT JOIN substitutes AS n
        ON pairs.numerator_series_no = n.series_no AND targets.period_start = n.period_start AND targets.period_end = n.period_end
    LEFT JOIN substitutes AS d
        ON pairs.denominator_series_no = d.series_no AND targets.period_start = d.period_start AND targets.period_end = d.period_end
),

-- 12. Every reason, judged by itself.
breaks_of_series AS (
    SELECT series_no, list(date) AS dates FROM series_breaks WHERE breaks_rate GROUP BY series_no
),
judged AS (
    SELECT
        shown.*,
        numerator IS NOT NULL AND denominator IS NOT NULL AS both_have_values,
        NOT numerator_is_shown OR (numerator IS NULL AND numerator_obs_status NOT IN ('L', 'Q') AND NOT numerator_tilings_disagree)
            AS numerator_missing,
        NOT denominator_is_shown OR (denominator IS NULL AND denominator_obs_status NOT IN ('L', 'Q') AND NOT denominator_tilings_disagree)
            AS denominator_missing,
        coalesce(numerator_obs_status = 'L', FALSE) AS numerator_not_collected,
        coalesce(denominator_obs_status = 'L', FALSE) AS denominator_not_collected,
        coalesce(numerator_obs_status = 'Q', FALSE) AS numerator_suppressed,
        coalesce(denominator_obs_status = 'Q', FALSE) AS denominator_suppressed,
        coalesce(
            numerator IS NOT NULL
            AND numerator_qualifier <> 'exact'
            AND NOT (is_published_percentage AND numerator_qualifier = 'share_rounded'), FALSE
        ) AS numerator_not_exact,
        coalesce(denominator IS NOT NULL AND denominator_qualifier <> 'exact', FALSE) AS denominator_not_exact,
        coalesce(denominator = 0, FALSE) AS denominator_zero,
        coalesce(
            (numerator IS NOT NULL AND numerator_obs_status = 'U') OR (denominator IS NOT NULL AND denominator_obs_status = 'U'), FALSE
        ) AS low_reliability,
        coalesce(
            numerator_start <> period_start OR numerator_end <> period_end
            OR denominator_start <> period_start OR denominator_end <> period_end, FALSE
        ) AS period_mismatch,
        coalesce(
            list_bool_or([break_date > numerator_start AND break_date <= numerator_end FOR break_date IN n_breaks.dates]), FALSE
        ) OR coalesce(
            list_bool_or([break_date > denominator_start AND break_date <= denominator_end FOR break_date IN d_breaks.dates]), FALSE
        ) AS series_break,
        coalesce(CASE WHEN is_published_percentage THEN numerator > 100 ELSE numerator > denominator END, FALSE)
            AS numerator_exceeds_denominator
    FROM shown
    LEFT JOIN breaks_of_series AS n_breaks ON shown.numerator_series_no = n_breaks.series_no
    LEFT JOIN breaks_of_series AS d_breaks ON shown.denominator_series_no = d_breaks.series_no
),
-- a set of reasons as a number: the p-th reason of null_reasons is bit p - 1; axes, breaks and excess only where both sides show a value
reasoned AS (
    SELECT
        judged.*,
        (CAST(numerator_missing AS INTEGER) << 0)
        | (CAST(denominator_missing AS INTEGER) << 1)
        | (CAST(numerator_not_collected AS INTEGER) << 2)
        | (CAST(denominator_not_collected AS INTEGER) << 3)
        | (CAST(numerator_suppressed AS INTEGER) << 4)
        | (CAST(denominator_suppressed AS INTEGER) << 5)
        | (CAST(numerator_not_exact AS INTEGER) << 6)
        | (CAST(denominator_not_exact AS INTEGER) << 7)
        | (CAST(denominator_zero AS INTEGER) << 8)
        | (CAST(source_conflict AS INTEGER) << 9)
        | (CAST(low_reliability AS INTEGER) << 10)
        | (CAST(both_have_values AND period_mismatch AS INTEGER) << 11)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.ref_area_mismatch AS INTEGER) << 12)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.unit_of_count_mismatch AS INTEGER) << 13)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.offense_scope_mismatch AS INTEGER) << 14)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.jurisdiction_mismatch AS INTEGER) << 15)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.pathway_mismatch AS INTEGER) << 16)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.population_mismatch AS INTEGER) << 17)
        | (CAST(both_have_values AND NOT judged.is_published_percentage AND pairs.breakdown_mismatch AS INTEGER) << 18)
        | (CAST(both_have_values AND series_break AS INTEGER) << 19)
        | (CAST(both_have_values AND numerator_exceeds_denominator AS INTEGER) << 20) AS reason_bits
    FROM judged
    JOIN pairs ON judged.pair_no = pairs.pair_no
),
reason_lists AS (
    SELECT bits.reason_bits, list(null_reasons.code ORDER BY null_reasons.position) AS null_reasons
    FROM (SELECT DISTINCT reason_bits FROM reasoned) AS bits
    JOIN null_reasons ON ((bits.reason_bits >> (null_reasons.position - 1)) & 1) = 1
    GROUP BY bits.reason_bits
),

-- 13. The only division of the project.
divided AS (
    SELECT
        reasoned.*,
        CASE
            WHEN reason_bits <> 0 THEN NULL
            WHEN reasoned.is_published_percentage THEN numerator / 100
            ELSE numerator / denominator
        END AS rate,
        CASE
            WHEN reason_bits = 0 AND reasoned.is_published_percentage AND numerator_qualifier = 'share_rounded'
                THEN 0.5 * 10.0 ** -coalesce(decimals, 0) / 100
            ELSE 0
        END AS rounding
    FROM reasoned
)
SELECT
    divided.rate_id,
    rates.rate_kind,
    rates.question,
    period_text(divided.period_start, divided.period_end) AS time_period,
    divided.period_start,
    divided.period_end,
    divided.numerator,
    divided.denominator,
    divided.rate,
    CASE
        WHEN divided.rate IS NULL THEN NULL
        WHEN divided.is_published_percentage THEN 'published'
        ELSE 'computed'
    END AS rate_basis,
    CASE WHEN divided.is_published_percentage AND divided.rate IS NOT NULL THEN greatest(divided.rate - divided.rounding, 0) END AS rate_low,
    CASE WHEN divided.is_published_percentage AND divided.rate IS NOT NULL THEN least(divided.rate + divided.rounding, 1) END AS rate_high,
    CASE WHEN rates.rate_kind = 'prosecution' THEN divided.rate END AS prosecution_rate,
    coalesce(reason_lists.null_reasons, CAST([] AS VARCHAR[])) AS null_reasons,
    CASE
        WHEN divided.numerator_start IS NOT NULL AND divided.denominator_start IS NOT NULL
            THEN 1 + least(divided.numerator_end, divided.denominator_end) - greatest(divided.numerator_start, divided.denominator_start)
    END AS overlap_days,
    n.series_id AS numerator_series_id,
    n.source_id AS numerator_source_id,
    n.measure AS numerator_measure,
    n.ref_area AS numerator_ref_area,
    period_text(divided.numerator_start, divided.numerator_end) AS numerator_time_period,
    n.unit_of_count AS numerator_unit_of_count,
    n.offense_scope AS numerator_offense_scope,
    n.jurisdiction AS numerator_jurisdiction,
    n.pathway AS numerator_pathway,
    n.statistical_population AS numerator_population,
    n.breakdown AS numerator_breakdown,
    divided.numerator_qualifier,
    CASE WHEN divided.numerator_is_shown THEN divided.numerator_basis END AS numerator_basis,
    divided.numerator_obs_status,
    divided.numerator_obs_note,
    d.series_id AS denominator_series_id,
    d.source_id AS denominator_source_id,
    d.measure AS denominator_measure,
    d.ref_area AS denominator_ref_area,
    period_text(divided.denominator_start, divided.denominator_end) AS denominator_time_period,
    d.unit_of_count AS denominator_unit_of_count,
    d.offense_scope AS denominator_offense_scope,
    d.jurisdiction AS denominator_jurisdiction,
    d.pathway AS denominator_pathway,
    d.statistical_population AS denominator_population,
    d.breakdown AS denominator_breakdown,
    divided.denominator_qualifier,
    CASE WHEN divided.denominator_is_shown THEN divided.denominator_basis END AS denominator_basis,
    divided.denominator_obs_status,
    divided.denominator_obs_note
FROM divided
JOIN rates ON divided.rate_id = rates.rate_id
LEFT JOIN reason_lists ON divided.reason_bits = reason_lists.reason_bits
LEFT JOIN series AS n ON divided.numerator_is_shown AND divided.numerator_series_no = n.series_no
LEFT JOIN series AS d ON divided.denominator_is_shown AND divided.denominator_series_no = d.series_no;
