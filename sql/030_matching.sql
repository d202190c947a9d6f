-- The matching rules, written once: matches_as_of(known_by) gives the matches in numbers, as they could have been found on that day.
-- Reads series, figures, periods, attribute_sets, rates, rate_series, series_breaks and part_of.

-- What a side of a match shows beside its number: what was published with it, or what is known of a sum. The last of the three is a sum
-- that cannot be told, because two tilings disagree.
CREATE VIEW side_attributes AS
SELECT
    attributes_no,
    'direct' AS basis,
    value_qualifier,
    obs_status,
    obs_note,
    base_value,
    decimals,
    CASE WHEN value_qualifier = 'share_rounded' THEN 0.5 * 10.0 ** -coalesce(decimals, 0) / 100 ELSE 0 END AS rounding
FROM attribute_sets
UNION ALL SELECT 1, 'tiled', 'exact', 'A', NULL, NULL, NULL, 0
UNION ALL SELECT 2, 'tiled', 'exact', 'U', NULL, NULL, NULL, 0
UNION ALL SELECT -1, 'tiled', NULL, NULL, NULL, NULL, NULL, 0;

CREATE MACRO matches_as_of(known_by) AS TABLE
WITH RECURSIVE

-- 1. The figures known on that day, one per series and period.
current_figures AS MATERIALIZED (
    SELECT figures.series_no, periods.published_no AS period_no, figures.obs_value, figures.attributes_no
    FROM figures
    JOIN periods ON figures.period_no = periods.period_no
    JOIN attribute_sets ON figures.attributes_no = attribute_sets.attributes_no
    ANTI JOIN (FROM superseded_figures WHERE superseded_on <= CAST(known_by AS DATE)) AS superseded
        ON figures.series_no = superseded.series_no
        AND figures.period_no = superseded.period_no
        AND figures.attributes_no = superseded.attributes_no
    WHERE attribute_sets.known_from <= CAST(known_by AS DATE)
),
-- Periods of one length in months that all start on the same month of their cycle cannot lie inside each other: they form a plain grid.
cycles AS MATERIALIZED (
    SELECT
        period_no,
        period_start,
        period_end,
        period_end - period_start + 1 AS days,
        CASE
            WHEN day(period_start) = 1 AND day(period_end + 1) = 1
                THEN months * 100000 + (12 * year(period_start) + month(period_start)) % months
            ELSE -1
        END AS cycle
    FROM (
        SELECT *, 12 * (year(period_end + 1) - year(period_start)) + month(period_end + 1) - month(period_start) AS months FROM periods
    )
),
-- Most series are published for the same periods as many others: they have one shape. What follows from periods alone is found once for
-- each shape. A shape is written as bits, 64 periods to a number: those published, and those published with a value.
period_bits AS (
    SELECT period_no, period_no // 64 AS word, CAST(1 AS UBIGINT) << CAST(period_no % 64 AS UBIGINT) AS period_bit FROM periods
),
series_bits AS (
    SELECT
        f.series_no,
        period_bits.word,
        bit_or(period_bits.period_bit) AS published,
        bit_or(CASE WHEN f.obs_value IS NOT NULL THEN period_bits.period_bit ELSE 0 END) AS valued
    FROM current_figures AS f
    JOIN period_bits ON f.period_no = period_bits.period_no
    GROUP BY f.series_no, period_bits.word
),
shapes_of_series AS MATERIALIZED (
    SELECT series_no, list_sort(list(row(word, published, valued))) AS shape
    FROM series_bits
    GROUP BY series_no
),
shapes AS MATERIALIZED (
    SELECT CAST(row_number() OVER () AS INTEGER) AS shape_no, shape, series_no
    FROM (SELECT shape, min(series_no) AS series_no FROM shapes_of_series GROUP BY shape)
),
-- any one series of a shape tells its periods
shape_figures AS MATERIALIZED (
    SELECT shapes.shape_no, f.period_no, f.obs_value IS NOT NULL AS is_valued
    FROM current_figures AS f
    JOIN shapes ON f.series_no = shapes.series_no
),
shape_cycles AS (
    SELECT
        f.shape_no,
        min(cycles.days) AS shortest,
        min(cycles.cycle) < max(cycles.cycle) OR min(cycles.cycle) < 0 AS may_nest
    FROM shape_figures AS f
    JOIN cycles ON f.period_no = cycles.period_no
    WHERE f.is_valued
    GROUP BY f.shape_no
),
current_series AS MATERIALIZED (
    SELECT shapes_of_series.series_no, shapes.shape_no, coalesce(shape_cycles.may_nest, FALSE) AS may_nest
    FROM shapes_of_series
    JOIN shapes ON shapes_of_series.shape = shapes.shape
    LEFT JOIN shape_cycles ON shapes.shape_no = shape_cycles.shape_no
),

-- 2. The pairs of series that each rate puts together.
sides AS MATERIALIZED (
    SELECT rate_series.rate_id, rate_series.side, rate_series.series_no, series.ref_area
    FROM rate_series
    JOIN series ON rate_series.series_no = series.series_no
    SEMI JOIN current_series ON rate_series.series_no = current_series.series_no
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
judged_pairs AS (
    SELECT
        p.rate_id,
        rates.rate_no,
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
pairs AS MATERIALIZED (
    SELECT
        CAST(row_number() OVER () AS INTEGER) AS pair_no,
        rate_no,
        numerator_series_no,
        denominator_series_no,
        is_published_percentage,
        CASE
            WHEN is_published_percentage THEN 0
            ELSE
                (CAST(ref_area_mismatch AS INTEGER) << 12)
                | (CAST(unit_of_count_mismatch AS INTEGER) << 13)
                | (CAST(offense_scope_mismatch AS INTEGER) << 14)
                | (CAST(jurisdiction_mismatch AS INTEGER) << 15)
                | (CAST(pathway_mismatch AS INTEGER) << 16)
                | (CAST(population_mismatch AS INTEGER) << 17)
                | (CAST(breakdown_mismatch AS INTEGER) << 18)
        END AS axis_reasons,
        coalesce(n.shape_no, 0) AS numerator_shape_no,  -- 0: the shape of no series
        coalesce(d.shape_no, 0) AS denominator_shape_no
    FROM judged_pairs
    LEFT JOIN current_series AS n ON judged_pairs.numerator_series_no = n.series_no
    LEFT JOIN current_series AS d ON judged_pairs.denominator_series_no = d.series_no
),

-- 4. Target periods: every period that either series of a pair publishes. At most one of the two lacks it, which is seen by their shapes.
-- each pair twice: either side may be known where the other is lacking
directed_pairs AS (
    SELECT
        rate_no, numerator_series_no, denominator_series_no, is_published_percentage, axis_reasons,
        FALSE AS lacks_numerator,
        numerator_series_no AS known_series_no, numerator_shape_no AS known_shape_no,
        denominator_series_no AS lacking_series_no, denominator_shape_no AS lacking_shape_no
    FROM pairs
    UNION ALL
    SELECT
        rate_no, numerator_series_no, denominator_series_no, is_published_percentage, axis_reasons,
        TRUE AS lacks_numerator,
        denominator_series_no, denominator_shape_no,
        numerator_series_no, numerator_shape_no
    FROM pairs
),
shape_gaps AS MATERIALIZED (
    SELECT shape_pairs.lacking_shape_no, shape_pairs.known_shape_no, known.period_no
    FROM (SELECT DISTINCT lacking_shape_no, known_shape_no FROM directed_pairs) AS shape_pairs
    JOIN shape_figures AS known ON shape_pairs.known_shape_no = known.shape_no
    ANTI JOIN shape_figures AS own ON shape_pairs.lacking_shape_no = own.shape_no AND known.period_no = own.period_no
),
lacking_targets AS (
    SELECT
        pair.* EXCLUDE (known_series_no, known_shape_no),
        f.period_no,
        f.obs_value AS known_value,
        f.attributes_no AS known_attributes_no
    FROM current_figures AS f
    JOIN (FROM directed_pairs SEMI JOIN shape_gaps USING (lacking_shape_no, known_shape_no)) AS pair ON f.series_no = pair.known_series_no
    SEMI JOIN shape_gaps AS gap
        ON f.period_no = gap.period_no
        AND pair.lacking_shape_no = gap.lacking_shape_no
        AND pair.known_shape_no = gap.known_shape_no
),
complete_targets AS (
    SELECT
        n.rate_no, n.numerator_series_no, n.denominator_series_no, n.is_published_percentage, n.axis_reasons,
        n.period_no,
        n.obs_value AS numerator,
        n.attributes_no AS numerator_attributes_no,
        d.obs_value AS denominator,
        d.attributes_no AS denominator_attributes_no
    FROM (SELECT * FROM current_figures JOIN pairs ON current_figures.series_no = pairs.numerator_series_no) AS n
    JOIN (SELECT * FROM current_figures JOIN pairs ON current_figures.series_no = pairs.denominator_series_no) AS d
        ON n.pair_no = d.pair_no AND n.period_no = d.period_no
),

-- 5. Gaps: a tiling or a partner is sought for what a side lacks.
-- only a gap that is longer than the shortest figure of its series can be tiled
long_shape_gaps AS MATERIALIZED (
    SELECT shape_gaps.*
    FROM shape_gaps
    JOIN shape_cycles ON shape_gaps.lacking_shape_no = shape_cycles.shape_no
    JOIN cycles ON shape_gaps.period_no = cycles.period_no
    WHERE cycles.days > shape_cycles.shortest
),
long_gaps AS MATERIALIZED (
    SELECT gaps.series_no, gaps.shape_no, gaps.period_no, cycles.period_start, cycles.period_end, cycles.days, cycles.cycle
    FROM (
        SELECT DISTINCT pair.lacking_series_no AS series_no, pair.lacking_shape_no AS shape_no, long_shape_gaps.period_no
        FROM directed_pairs AS pair
        JOIN long_shape_gaps
            ON pair.lacking_shape_no = long_shape_gaps.lacking_shape_no AND pair.known_shape_no = long_shape_gaps.known_shape_no
    ) AS gaps
    JOIN cycles ON gaps.period_no = cycles.period_no
),

-- 6. Plain tilings: where the figures of a series form one grid, and its gaps form one or few (months, and the years of another series),
--    a figure lies in at most one gap of each grid. What lies in a gap is added up; it tiles the gap if it has as many days.
gap_cycles AS MATERIALIZED (
    SELECT DISTINCT series_no, cycle FROM long_gaps
),
plainly_tiled_series AS MATERIALIZED (
    SELECT series_no
    FROM gap_cycles
    SEMI JOIN (FROM current_series WHERE NOT may_nest) AS gridded USING (series_no)
    GROUP BY series_no
    HAVING min(cycle) >= 0 AND count(*) <= 4
),
gap_periods AS (
    SELECT DISTINCT period_no, cycle, period_start, period_end
    FROM long_gaps
    SEMI JOIN plainly_tiled_series USING (series_no)
),
-- what lies inside a gap begins in a year of the gap, so an equality join on the year finds it
gap_cells AS MATERIALIZED (
    SELECT gap.cycle, gap.period_no AS gap_no, cell.period_no, cell.days
    FROM (SELECT *, unnest(range(year(period_start), year(period_end) + 1)) AS calendar_year FROM gap_periods) AS gap
    JOIN cycles AS cell
        ON gap.calendar_year = year(cell.period_start)
        AND gap.period_start <= cell.period_start
        AND gap.period_end >= cell.period_end
),
plain_sums AS (
    SELECT
        f.series_no,
        gap_cells.gap_no AS period_no,
        sum(CAST(f.obs_value AS DECIMAL(38, 6))) AS total,  -- so that tenths add up to tenths
        count(*) FILTER (attribute_sets.obs_status = 'U') AS unreliable,
        sum(gap_cells.days) AS days
    FROM current_figures AS f
    JOIN (FROM gap_cycles SEMI JOIN plainly_tiled_series USING (series_no)) AS own_cycles ON f.series_no = own_cycles.series_no
    JOIN gap_cells ON f.period_no = gap_cells.period_no AND own_cycles.cycle = gap_cells.cycle
    JOIN attribute_sets ON f.attributes_no = attribute_sets.attributes_no
    WHERE f.obs_value IS NOT NULL AND attribute_sets.value_qualifier = 'exact'
    GROUP BY f.series_no, gap_cells.gap_no
),
plain_tilings AS MATERIALIZED (
    SELECT plain_sums.series_no, plain_sums.period_no, plain_sums.total, plain_sums.unreliable
    FROM plain_sums
    JOIN long_gaps
        ON plain_sums.series_no = long_gaps.series_no
        AND plain_sums.period_no = long_gaps.period_no
        AND plain_sums.days = long_gaps.days
),

-- 7. Pieces: exact counts, the only figures that may be summed. A piece that holds no finer piece is a leaf.
--    They matter in the other series with long gaps, and in series whose figures may lie inside each other.
chained_gaps AS MATERIALIZED (
    FROM long_gaps
    ANTI JOIN plainly_tiled_series USING (series_no)
),
tiled_series AS MATERIALIZED (
    SELECT series_no FROM chained_gaps
    UNION
    SELECT series_no
    FROM current_series
    SEMI JOIN (
        SELECT numerator_series_no AS series_no FROM pairs WHERE NOT is_published_percentage
        UNION
        SELECT denominator_series_no FROM pairs
    ) USING (series_no)
    WHERE may_nest
),
tiled_figures AS MATERIALIZED (
    SELECT
        f.series_no,
        f.period_no,
        periods.period_start,
        periods.period_end,
        CAST(f.obs_value AS DECIMAL(38, 6)) AS exact_value,
        attribute_sets.value_qualifier = 'exact' AS is_exact,
        CAST(attribute_sets.obs_status = 'U' AS INTEGER) AS unreliable,
        current_series.may_nest
    FROM current_figures AS f
    SEMI JOIN tiled_series ON f.series_no = tiled_series.series_no
    JOIN current_series ON f.series_no = current_series.series_no
    JOIN periods ON f.period_no = periods.period_no
    JOIN attribute_sets ON f.attributes_no = attribute_sets.attributes_no
    WHERE f.obs_value IS NOT NULL
),
pieces AS MATERIALIZED (
    SELECT
        *,
        coalesce(
            period_end >= min(period_end) OVER (
                PARTITION BY series_no
                ORDER BY period_start DESC, period_end
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), FALSE
        ) AS holds_finer
    FROM tiled_figures
    WHERE is_exact AND may_nest
    UNION ALL
    SELECT *, FALSE FROM tiled_figures WHERE is_exact AND NOT may_nest
),
-- Leaves sorted by start are sorted by end, too. Between two leaves of a chain without gap or overlap the days that leaves do not
-- cover are as many as before the first: the same `uncovered`. (Gap and overlap might cancel out; an overlap is a knot, see 9.)
leaf_neighbours AS (
    SELECT
        series_no,
        period_start,
        period_end,
        exact_value,
        unreliable,
        lag(period_start) OVER along AS previous_start,
        lag(period_end) OVER along AS previous_end,
        sum(period_end - period_start + 1) OVER along AS days_through,
        sum(exact_value) OVER along AS sum_through,
        sum(unreliable) OVER along AS unreliable_through
    FROM pieces
    WHERE NOT holds_finer
    WINDOW along AS (PARTITION BY series_no ORDER BY period_start ROWS UNBOUNDED PRECEDING)
),
leaves AS MATERIALIZED (
    SELECT
        series_no,
        period_start,
        period_end,
        CASE WHEN previous_end >= period_start THEN previous_start END AS overlap_start,
        (period_end - DATE '1970-01-01') - days_through AS uncovered,
        sum_through,
        sum_through - exact_value AS sum_before,
        unreliable_through,
        unreliable_through - unreliable AS unreliable_before
    FROM leaf_neighbours
),

-- 8. What is to be tiled: the gaps, and the published values that finer pieces might contradict.
spans AS MATERIALIZED (
    SELECT series_no, period_no, period_start, period_end
    FROM chained_gaps
    UNION ALL
    SELECT series_no, period_no, period_start, period_end
    FROM pieces
    WHERE holds_finer
    UNION ALL
    SELECT series_no, period_no, period_start, period_end
    FROM tiled_figures
    WHERE NOT is_exact
),
span_starts AS MATERIALIZED (
    SELECT spans.*, leaves.uncovered, leaves.sum_before, leaves.unreliable_before
    FROM leaves
    JOIN spans ON leaves.series_no = spans.series_no AND leaves.period_start = spans.period_start
    WHERE leaves.period_end < spans.period_end
),
leaf_tilings AS MATERIALIZED (
    SELECT
        span_starts.series_no,
        span_starts.period_no,
        leaves.sum_through - span_starts.sum_before AS total,
        leaves.unreliable_through - span_starts.unreliable_before AS unreliable
    FROM leaves
    JOIN span_starts
        ON leaves.series_no = span_starts.series_no
        AND leaves.period_end = span_starts.period_end
        AND leaves.uncovered = span_starts.uncovered
),

-- 9. Knots: places where the chain of leaves is not the only way to tile. Overlapping leaves, and pieces that their own leaves
--    do not tile, or tile to another sum, or tile with unreliable figures.
knots AS MATERIALIZED (
    SELECT series_no, overlap_start AS period_start, period_end, TRUE AS is_overlap
    FROM leaves
    WHERE overlap_start IS NOT NULL
    UNION ALL
    SELECT p.series_no, p.period_start, p.period_end, FALSE
    FROM pieces AS p
    LEFT JOIN leaf_tilings AS t ON p.series_no = t.series_no AND p.period_no = t.period_no
    WHERE p.holds_finer AND (t.total IS NULL OR t.total <> p.exact_value OR t.unreliable > 0)
),
knotted_spans AS MATERIALIZED (
    SELECT DISTINCT spans.*
    FROM spans
    JOIN knots
        ON spans.series_no = knots.series_no
        AND spans.period_start <= knots.period_start
        AND spans.period_end >= knots.period_end
    WHERE knots.is_overlap OR spans.period_start <> knots.period_start OR spans.period_end <> knots.period_end
),
knotted_pieces AS MATERIALIZED (
    SELECT pieces.series_no, pieces.period_no, pieces.period_start, pieces.period_end, pieces.exact_value, pieces.unreliable
    FROM pieces
    SEMI JOIN knotted_spans ON pieces.series_no = knotted_spans.series_no
),
-- every way through a knotted span, from its first day on; of the sums that reach a day only the least and the greatest are kept
search AS (
    SELECT
        series_no, period_no, period_end, period_start AS next_day,
        CAST(0 AS DECIMAL(38, 6)) AS least, CAST(0 AS DECIMAL(38, 6)) AS greatest,
        0 AS unreliable
    FROM knotted_spans
    UNION ALL
    SELECT
        search.series_no,
        search.period_no,
        search.period_end,
        p.period_end + 1,
        CAST(min(search.least + p.exact_value) AS DECIMAL(38, 6)),
        CAST(max(search.greatest + p.exact_value) AS DECIMAL(38, 6)),
        CAST(min(search.unreliable + p.unreliable) AS INTEGER)
    FROM search
    JOIN knotted_pieces AS p
        ON search.series_no = p.series_no AND search.next_day = p.period_start AND p.period_end <= search.period_end
    WHERE p.period_no <> search.period_no
    GROUP BY search.series_no, search.period_no, search.period_end, p.period_end
),
tilings AS MATERIALIZED (
    SELECT series_no, period_no, min(least) AS least, max(greatest) AS greatest, min(unreliable) AS unreliable
    FROM search
    WHERE next_day = period_end + 1
    GROUP BY series_no, period_no
    UNION ALL
    SELECT series_no, period_no, total, total, unreliable
    FROM leaf_tilings
    ANTI JOIN knotted_spans USING (series_no, period_no)
    UNION ALL
    SELECT series_no, period_no, total, total, unreliable
    FROM plain_tilings
),
-- published values that a complete tiling contradicts: they stay, with the conflict
contradicted AS MATERIALIZED (
    SELECT f.series_no, f.period_no
    FROM tiled_figures AS f
    JOIN tilings ON f.series_no = tilings.series_no AND f.period_no = tilings.period_no
    WHERE tilings.least <> f.exact_value OR tilings.least < tilings.greatest
),
-- what a side shows for a gap that is tiled
sums AS MATERIALIZED (
    SELECT
        series_no,
        period_no,
        CASE WHEN greatest = least THEN CAST(least AS DOUBLE) END AS obs_value,
        CASE WHEN greatest > least THEN -1 WHEN unreliable > 0 THEN 2 ELSE 1 END AS attributes_no
    FROM tilings
    SEMI JOIN long_gaps USING (series_no, period_no)
),

-- 10. Partners: where a gap has no tiling, the figure that overlaps it longest is shown (ties: the earlier), to be refused.
untiled_gaps AS MATERIALIZED (
    SELECT lacking_shape_no AS shape_no, period_no
    FROM shape_gaps
    ANTI JOIN long_shape_gaps USING (lacking_shape_no, known_shape_no, period_no)
    UNION
    SELECT shape_no, period_no
    FROM long_gaps
    ANTI JOIN sums USING (series_no, period_no)
),
-- two periods that overlap share a calendar year, so an equality join on the year finds them all
period_years AS MATERIALIZED (
    SELECT period_no, period_start, period_end, unnest(range(year(period_start), year(period_end) + 1)) AS calendar_year FROM periods
),
gap_years AS (
    SELECT g.shape_no, years.*
    FROM untiled_gaps AS g
    JOIN period_years AS years ON g.period_no = years.period_no
),
figure_years AS (
    SELECT f.shape_no, years.*
    FROM (FROM shape_figures SEMI JOIN untiled_gaps USING (shape_no)) AS f
    JOIN period_years AS years ON f.period_no = years.period_no
),
partner_periods AS MATERIALIZED (
    SELECT g.shape_no, g.period_no, f.period_no AS shown_no
    FROM gap_years AS g
    JOIN figure_years AS f
        ON g.shape_no = f.shape_no
        AND g.calendar_year = f.calendar_year
        AND g.period_start <= f.period_end
        AND g.period_end >= f.period_start
    QUALIFY row_number() OVER (
        PARTITION BY g.shape_no, g.period_no
        ORDER BY
            least(g.period_end, f.period_end) - greatest(g.period_start, f.period_start) DESC,
            f.period_start,
            f.period_end
    ) = 1
),
partner_figures AS MATERIALIZED (
    SELECT f.series_no, f.period_no, f.obs_value, f.attributes_no
    FROM current_figures AS f
    JOIN (FROM current_series SEMI JOIN partner_periods USING (shape_no)) AS shaped ON f.series_no = shaped.series_no
    SEMI JOIN partner_periods ON shaped.shape_no = partner_periods.shape_no AND f.period_no = partner_periods.shown_no
),

-- 11. Both sides of every row, as shown: what is published for the target, else a sum, else the partner, whose period is named.
filled_targets AS (
    SELECT
        lacking.*,
        CASE WHEN sums.series_no IS NULL THEN partner_figures.period_no END AS partner_no,
        coalesce(sums.attributes_no, partner_figures.attributes_no) AS filled_attributes_no,
        CASE WHEN sums.series_no IS NULL THEN partner_figures.obs_value ELSE sums.obs_value END AS filled_value
    FROM lacking_targets AS lacking
    LEFT JOIN sums ON lacking.lacking_series_no = sums.series_no AND lacking.period_no = sums.period_no
    LEFT JOIN partner_periods ON lacking.lacking_shape_no = partner_periods.shape_no AND lacking.period_no = partner_periods.period_no
    LEFT JOIN partner_figures
        ON lacking.lacking_series_no = partner_figures.series_no AND partner_periods.shown_no = partner_figures.period_no
),
shown AS (
    SELECT
        rate_no,
        numerator_series_no,
        denominator_series_no,
        is_published_percentage,
        axis_reasons,
        period_no,
        numerator,
        CAST(NULL AS INTEGER) AS numerator_partner_no,
        numerator_attributes_no,
        denominator,
        CAST(NULL AS INTEGER) AS denominator_partner_no,
        denominator_attributes_no
    FROM complete_targets
    UNION ALL
    SELECT
        rate_no,
        numerator_series_no,
        denominator_series_no,
        is_published_percentage,
        axis_reasons,
        period_no,
        CASE WHEN lacks_numerator THEN filled_value ELSE known_value END,
        CASE WHEN lacks_numerator THEN partner_no END,
        CASE WHEN lacks_numerator THEN filled_attributes_no ELSE known_attributes_no END,
        CASE WHEN lacks_numerator THEN known_value ELSE filled_value END,
        CASE WHEN NOT lacks_numerator THEN partner_no END,
        CASE WHEN lacks_numerator THEN known_attributes_no ELSE filled_attributes_no END
    FROM filled_targets
),

-- 12. Every reason, judged by itself. A set of reasons is a number: the p-th reason of null_reasons is bit p - 1.
--     What a side's own attributes say comes first; a sum that cannot be told has its conflict for a reason. Most sets of attributes say
--     nothing, and those of sums are looked up only where there are such sums.
attribute_reasons AS MATERIALIZED (
    SELECT
        attributes_no,
        base_value,
        coalesce(value_qualifier = 'share_rounded', FALSE) AS is_rounded_share,
        (CAST(is_missing AS INTEGER) << 0)
        | (CAST(obs_status IS NOT DISTINCT FROM 'L' AS INTEGER) << 2)
        | (CAST(obs_status IS NOT DISTINCT FROM 'Q' AS INTEGER) << 4)
        | (CAST(attributes_no > 0 AND value_qualifier <> 'exact' AS INTEGER) << 6)
        | (CAST(attributes_no = -1 AS INTEGER) << 9)
        | (CAST(obs_status IS NOT DISTINCT FROM 'U' AS INTEGER) << 10) AS numerator_reasons,
        (CAST(is_missing AS INTEGER) << 1)
        | (CAST(obs_status IS NOT DISTINCT FROM 'L' AS INTEGER) << 3)
        | (CAST(obs_status IS NOT DISTINCT FROM 'Q' AS INTEGER) << 5)
        | (CAST(attributes_no > 0 AND value_qualifier <> 'exact' AS INTEGER) << 7)
        | (CAST(attributes_no = -1 AS INTEGER) << 9)
        | (CAST(obs_status IS NOT DISTINCT FROM 'U' AS INTEGER) << 10) AS denominator_reasons
    FROM (SELECT *, attributes_no < -1 AND obs_status NOT IN ('L', 'Q') AS is_missing FROM side_attributes)
    WHERE
        (numerator_reasons <> 0 OR base_value IS NOT NULL)
        AND (basis = 'direct' OR attributes_no IN (SELECT attributes_no FROM sums))
),
-- periods that contain the day on which a counting rule of the series changed
broken_periods AS MATERIALIZED (
    SELECT DISTINCT series_breaks.series_no, periods.period_no
    FROM series_breaks
    JOIN periods ON series_breaks.date > periods.period_start AND series_breaks.date <= periods.period_end
    WHERE series_breaks.breaks_rate
),
judged AS (
    SELECT
        shown.* EXCLUDE (denominator),
        CASE WHEN shown.is_published_percentage THEN n_attributes.base_value ELSE shown.denominator END AS denominator,
        coalesce(n_attributes.is_rounded_share, FALSE) AS is_rounded_share,
        coalesce(n_attributes.numerator_reasons, CAST(shown.numerator_attributes_no IS NULL AS INTEGER) << 0) AS numerator_reasons,
        coalesce(d_attributes.denominator_reasons, CAST(shown.denominator_attributes_no IS NULL AS INTEGER) << 1) AS denominator_reasons,
        n_conflicts.series_no IS NOT NULL OR d_conflicts.series_no IS NOT NULL AS source_conflict,
        shown.numerator_partner_no IS NOT NULL OR shown.denominator_partner_no IS NOT NULL AS period_mismatch,
        n_broken.series_no IS NOT NULL OR d_broken.series_no IS NOT NULL AS series_break
    FROM shown
    LEFT JOIN attribute_reasons AS n_attributes ON shown.numerator_attributes_no = n_attributes.attributes_no
    LEFT JOIN attribute_reasons AS d_attributes ON shown.denominator_attributes_no = d_attributes.attributes_no
    LEFT JOIN contradicted AS n_conflicts
        ON shown.numerator_series_no = n_conflicts.series_no AND shown.period_no = n_conflicts.period_no
    LEFT JOIN contradicted AS d_conflicts
        ON shown.denominator_series_no = d_conflicts.series_no AND shown.period_no = d_conflicts.period_no
    LEFT JOIN broken_periods AS n_broken
        ON shown.numerator_attributes_no IS NOT NULL
        AND shown.numerator_series_no = n_broken.series_no
        AND coalesce(shown.numerator_partner_no, shown.period_no) = n_broken.period_no
    LEFT JOIN broken_periods AS d_broken
        ON shown.denominator_attributes_no IS NOT NULL
        AND shown.denominator_series_no = d_broken.series_no
        AND coalesce(shown.denominator_partner_no, shown.period_no) = d_broken.period_no
),
-- a printed percentage may be rounded, and has a base or a missing denominator; axes, breaks and excess only where both sides show a value
reasoned AS (
    SELECT
        judged.*,
        CASE
            WHEN is_published_percentage
                THEN
                    (CASE WHEN is_rounded_share THEN numerator_reasons & ~(1 << 6) ELSE numerator_reasons END)
                    | (CAST(denominator IS NULL AS INTEGER) << 1)
            ELSE numerator_reasons | denominator_reasons
        END
        | (CAST(coalesce(denominator = 0, FALSE) AS INTEGER) << 8)
        | (CAST(source_conflict AS INTEGER) << 9)
        | CASE
            WHEN numerator IS NULL OR denominator IS NULL THEN 0
            ELSE
                axis_reasons
                | (CAST(period_mismatch AS INTEGER) << 11)
                | (CAST(series_break AS INTEGER) << 19)
                | (CAST(CASE WHEN is_published_percentage THEN numerator > 100 ELSE numerator > denominator END AS INTEGER) << 20)
        END AS reason_bits
    FROM judged
)

-- 13. The only division of the project.
SELECT
    rate_no,
    numerator_series_no,
    denominator_series_no,
    period_no,
    numerator,
    denominator,
    CASE
        WHEN reason_bits <> 0 THEN NULL
        WHEN is_published_percentage THEN numerator / 100
        ELSE numerator / denominator
    END AS rate,
    reason_bits,
    numerator_partner_no,
    numerator_attributes_no,
    denominator_partner_no,
    denominator_attributes_no
FROM reasoned;
