-- What a rates file and a list of breaks mean for the series at hand. Nothing here depends on a period.

-- Which code is part of which, through any number of steps.
INSERT INTO part_of
WITH RECURSIVE
one_step AS (
    SELECT 'offense_scope' AS dimension, code, part_of FROM offense_scopes
    UNION ALL SELECT 'jurisdiction', code, part_of FROM jurisdictions
    UNION ALL SELECT 'pathway', code, part_of FROM pathways
),
steps AS (
    SELECT dimension, code, part_of AS whole FROM one_step WHERE part_of <> ''
    UNION
    SELECT steps.dimension, steps.code, one_step.part_of
    FROM steps
    JOIN one_step ON steps.dimension = one_step.dimension AND steps.whole = one_step.code
    WHERE one_step.part_of <> ''
)
SELECT dimension, code, whole FROM steps ORDER BY ALL;

-- The series that each side of each rate selects.
INSERT INTO rate_series
WITH
-- series that differ in their area only are of one kind: kinds are few, series are many
series_of_kinds AS MATERIALIZED (
    SELECT
        *,
        dense_rank() OVER (
            ORDER BY source_id, measure, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
        ) AS kind_no
    FROM series
),
kinds AS (
    SELECT DISTINCT
        kind_no, source_id, measure, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    FROM series_of_kinds
),
codes_of_kinds AS (
    UNPIVOT kinds
    ON source_id, measure, unit_of_count, unit_measure, offense_scope, jurisdiction, pathway, statistical_population, breakdown
    INTO NAME dimension VALUE code
),
selected_codes AS (
    SELECT rate_id, side, dimension, unnest(codes) AS code FROM rate_selectors
),
breakdown_patterns AS (
    SELECT DISTINCT code AS pattern, string_split(code, ';') AS pattern_pairs
    FROM selected_codes
    WHERE dimension = 'breakdown' AND (code || ';') LIKE '%=*;%'
),
breakdowns AS (
    SELECT DISTINCT breakdown, string_split(breakdown, ';') AS pairs FROM series
),
-- `*` stands for any one value of its key
pattern_matches AS (
    SELECT pattern, breakdown
    FROM breakdown_patterns
    JOIN breakdowns ON len(pattern_pairs) = len(pairs)
    WHERE list_bool_and([
        pattern_pairs[i] = pairs[i]
        OR (pattern_pairs[i] LIKE '%=*' AND split_part(pattern_pairs[i], '=', 1) = split_part(pairs[i], '=', 1))
        FOR i IN range(1, len(pairs) + 1)
    ])
),
wanted AS (
    SELECT rate_id, side, dimension, code FROM selected_codes
    UNION
    SELECT rate_id, side, dimension, breakdown
    FROM selected_codes
    JOIN pattern_matches ON dimension = 'breakdown' AND code = pattern
),
-- how many dimensions each side names, besides the area
sides AS (
    SELECT
        rate_id,
        side,
        count(*) FILTER (dimension <> 'ref_area') AS named,
        bool_or(dimension = 'ref_area') AS names_area
    FROM rate_selectors
    GROUP BY rate_id, side
),
met_dimensions AS (
    SELECT wanted.rate_id, wanted.side, codes_of_kinds.kind_no, count(*) AS met
    FROM wanted
    JOIN codes_of_kinds ON wanted.dimension = codes_of_kinds.dimension AND wanted.code = codes_of_kinds.code
    GROUP BY ALL
),
selected_kinds AS (
    SELECT sides.rate_id, sides.side, sides.names_area, met_dimensions.kind_no
    FROM sides
    JOIN met_dimensions ON sides.rate_id = met_dimensions.rate_id AND sides.side = met_dimensions.side AND sides.named = met_dimensions.met
    UNION ALL
    SELECT sides.rate_id, sides.side, sides.names_area, kinds.kind_no
    FROM sides
    JOIN kinds ON sides.named = 0
)
SELECT selected_kinds.rate_id, selected_kinds.side, series_of_kinds.series_no
FROM selected_kinds
JOIN series_of_kinds ON selected_kinds.kind_no = series_of_kinds.kind_no
LEFT JOIN wanted
    ON selected_kinds.names_area
    AND wanted.dimension = 'ref_area'
    AND selected_kinds.rate_id = wanted.rate_id
    AND selected_kinds.side = wanted.side
    AND series_of_kinds.ref_area = wanted.code
WHERE NOT selected_kinds.names_area OR wanted.code IS NOT NULL
ORDER BY ALL;

-- The breaks that belong to each series: every cell that is filled must match.
INSERT INTO series_breaks
SELECT series.series_no, breaks.break_id, breaks.date, breaks.breaks_rate, breaks.breaks_change
FROM breaks
JOIN series
    ON (breaks.source_id IS NULL OR list_contains(string_split(breaks.source_id, ';'), series.source_id))
    AND (breaks.measure IS NULL OR list_contains(string_split(breaks.measure, ';'), series.measure))
    AND (breaks.ref_area IS NULL OR list_contains(string_split(breaks.ref_area, ';'), series.ref_area))
    AND (breaks.unit_of_count IS NULL OR list_contains(string_split(breaks.unit_of_count, ';'), series.unit_of_count))
    AND (breaks.unit_measure IS NULL OR list_contains(string_split(breaks.unit_measure, ';'), series.unit_measure))
    AND (breaks.offense_scope IS NULL OR list_contains(string_split(breaks.offense_scope, ';'), series.offense_scope))
    AND (breaks.jurisdiction IS NULL OR list_contains(string_split(breaks.jurisdiction, ';'), series.jurisdiction))
    AND (breaks.pathway IS NULL OR list_contains(string_split(breaks.pathway, ';'), series.pathway))
    AND (
        breaks.statistical_population IS NULL
        OR list_contains(string_split(breaks.statistical_population, ';'), series.statistical_population)
    )
    AND (breaks.breakdown IS NULL OR list_has_any(string_split(breaks.breakdown, ';'), string_split(series.breakdown, ';')))
ORDER BY ALL;
