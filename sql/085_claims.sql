-- Claims checked: the numbers of somebody's sentence against the figures and rates of this file.
-- check_claim(rate, period, value), check_share(numerator, denominator, period, what) and check_percentage(percentage, base, period, what)
-- answer with one verdict (supported, not supported, not comparable, unknown to this database), one sentence and the rows it rests on.
-- The arguments have names that no column has: an argument is taken wherever a column of its name stands bare, in views, too.

-- Every series in words, and the words by which it may be sought.
CREATE VIEW series_in_words AS
SELECT
    series.series_id,
    series.series_no,
    series.source_id,
    lower(measures.label[1]) || measures.label[2:]
    || CASE
        WHEN series.breakdown <> '' THEN ' (only "' || replace(replace(replace(series.breakdown, '_', ' '), '=', ': '), ';', ', ') || '")' ELSE ''
    END
    || CASE WHEN series.pathway <> 'any' THEN ', pathway "' || pathways.label || '"' ELSE '' END
    || CASE series.ref_area
        WHEN 'WORLD' THEN ', worldwide' WHEN 'US' THEN ', in the United States' WHEN 'unknown' THEN ', in an area that is not known'
        ELSE ', in ' || series.ref_area
    END
    || ', classed as "' || offense_scopes.label || '"' AS things,
    coalesce(sources.producer || ': "' || sources.title || '"', series.source_id) AS publication,
    lower(concat_ws(
        ' ', series.series_id, series.source_id, sources.producer, sources.title, series.measure, measures.label, measures.stage,
        series.ref_area, series.unit_of_count, units_of_count.label, series.unit_measure, series.offense_scope, offense_scopes.label,
        series.jurisdiction, jurisdictions.label, series.pathway, pathways.label, series.statistical_population, statistical_populations.label,
        series.breakdown
    )) AS search_text
FROM series
JOIN measures ON series.measure = measures.code
JOIN units_of_count ON series.unit_of_count = units_of_count.code
JOIN offense_scopes ON series.offense_scope = offense_scopes.code
JOIN jurisdictions ON series.jurisdiction = jurisdictions.code
JOIN pathways ON series.pathway = pathways.code
JOIN statistical_populations ON series.statistical_population = statistical_populations.code
LEFT JOIN sources ON series.source_id = sources.source_id;

-- How a claimed period is looked up in period_labels.
CREATE MACRO claimed_period_name(said) AS
    replace(replace(replace(
        upper(regexp_replace(CAST(said AS VARCHAR), '\s', '', 'g')), '–', '-'
    ), 'FISCALYEAR', 'FY'), 'CALENDARYEAR', 'CY');

-- A claimed number: its value, half a unit of its last digit, and whether it is a percentage (then both are shares of 1). NULL if not readable.
CREATE MACRO claimed_number(said) AS (
    SELECT
        {
            'value': digits * scale,
            'half_unit': 0.5 * 10.0 ** (exponent - decimals) * scale,
            'is_percentage': unit IN ('%', 'percent', 'per cent'),
            'is_rounded': unit <> ''
        }
    FROM (
        SELECT
            CAST(nullif(replace(parts.mantissa, ',', ''), '') AS DOUBLE) * 10.0 ** coalesce(CAST(nullif(parts.exponent, '') AS INTEGER), 0) AS digits,
            greatest(len(parts.fraction) - 1, 0) AS decimals,
            coalesce(CAST(nullif(parts.exponent, '') AS INTEGER), 0) AS exponent,
            parts.unit,
            CASE parts.unit
                WHEN '' THEN 1 WHEN 'thousand' THEN 1e3 WHEN 'million' THEN 1e6 WHEN 'billion' THEN 1e9 ELSE 0.01
            END AS scale
        FROM (
            SELECT regexp_extract(
                lower(trim(CAST(said AS VARCHAR))),
                '^((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})?(\.[0-9]{1,18})?)(?:e([-+]?[0-9]{1,2}))?\s*'
                || '(%|percent|per cent|thousand|million|billion|)$',
                ['mantissa', 'fraction', 'exponent', 'unit']
            ) AS parts
        )
    )
    WHERE digits IS NOT NULL
);

-- The words of a claim that say what is counted: their first five letters, so that "prosecutions" finds "prosecuted".
CREATE MACRO claimed_words(said) AS
    [
        left(word, 5)
        FOR word IN regexp_split_to_array(lower(coalesce(CAST(said AS VARCHAR), '')), '[^a-z0-9]+')
        IF word NOT IN (
            '', 'a', 'an', 'and', 'are', 'as', 'at', 'by', 'for', 'from', 'in', 'is', 'of', 'on', 'or', 'that', 'the', 'to', 'was',
            'were'
        )
    ];

-- A share of 1 as a percentage with two decimals, or with as many as a small one needs.
CREATE MACRO share_in_words(share) AS
    regexp_replace(
        format(
            '{:.9f}', round(100 * share, CASE WHEN share >= 0.001 OR share = 0 THEN 2 ELSE CAST(1 - floor(log10(100 * share)) AS INTEGER) END)
        ),
        '\.?0+$', ''
    ) || ' percent';

-- A count with commas, else the number as it is.
CREATE MACRO number_in_words(number) AS
    CASE
        WHEN number = floor(number) AND number < 1e15 THEN format('{:,}', CAST(number AS BIGINT)) ELSE CAST(CAST(number AS DOUBLE) AS VARCHAR)
    END;

-- Whether a declared rate has the claimed value: "0.36", 0.36, "36 %" and "35.7 percent" each stand for what rounds to them.
CREATE MACRO check_claim(claimed_rate, claimed_period, claimed_value) AS TABLE
WITH
claim AS MATERIALIZED (
    SELECT
        asked_rate,
        asked_name,
        asked_text,
        (SELECT list(DISTINCT names.time_period) FROM period_labels AS names WHERE names.period_label = asked_name) AS asked_periods,
        -- a share is told with a decimal point or with a percent sign, unless it is 0 or 1
        coalesce(is_percentage OR value IN (0, 1) OR (value < 1 AND NOT is_rounded), FALSE) AS is_read,
        value - CASE WHEN value IN (0, 1) AND NOT is_percentage AND half_unit = 0.5 THEN 0 ELSE half_unit END - 1e-12 AS low,
        value + CASE WHEN value IN (0, 1) AND NOT is_percentage AND half_unit = 0.5 THEN 0 ELSE half_unit END + 1e-12 AS high
    FROM (
        SELECT
            CAST(claimed_rate AS VARCHAR) AS asked_rate,
            claimed_period_name(claimed_period) AS asked_name,
            CAST(claimed_value AS VARCHAR) AS asked_text,
            unnest([claimed_number(claimed_value)], recursive := TRUE)
    )
),
cells AS MATERIALIZED (
    SELECT
        matched.*,
        periods.words AS period_words,
        list_contains(claim.asked_periods, matched.time_period) AS is_asked,
        claim.is_read AND coalesce(matched.rate_low, matched.rate) >= claim.low AND coalesce(matched.rate_high, matched.rate) <= claim.high AS fits,
        claim.is_read AND matched.rate_low <= claim.high AND matched.rate_high >= claim.low AS fits_roughly
    FROM matched_periods AS matched
    JOIN claim ON matched.rate_id = claim.asked_rate
    JOIN periods_in_words AS periods ON matched.time_period = periods.time_period
),
asked AS (
    SELECT * FROM cells WHERE is_asked
),
judged AS (
    SELECT
        CASE
            WHEN NOT any_value(claim.is_read) OR count(asked.rate_id) = 0 THEN 'unknown to this database'
            WHEN bool_or(asked.fits) THEN 'supported'
            WHEN count(asked.rate) > 0 THEN 'not supported'
            ELSE 'not comparable'
        END AS verdict
    FROM claim
    LEFT JOIN asked ON TRUE
),
chosen AS (
    SELECT asked.*, 1 AS part
    FROM asked
    JOIN judged
        ON (judged.verdict = 'supported' AND asked.fits)
        OR (judged.verdict = 'not supported' AND asked.rate IS NOT NULL)
        OR judged.verdict = 'not comparable'
    UNION ALL
    -- the claimed value at other periods of the rate
    SELECT cells.*, 2
    FROM cells
    JOIN judged ON judged.verdict <> 'supported'
    WHERE NOT cells.is_asked AND cells.fits
),
best AS (
    SELECT *
    FROM chosen
    WHERE part = 1
    ORDER BY len(null_reasons), denominator DESC NULLS LAST, numerator DESC NULLS LAST, numerator_series_id, denominator_series_id
    LIMIT 1
),
told AS (
    SELECT
        judged.verdict,
        CASE judged.verdict
            WHEN 'supported'
                THEN
                    'Supported: "' || best.question || '" For ' || best.period_words || ' the answer is ' || share_in_words(best.rate)
                    || CASE
                        WHEN best.rate_basis = 'published'
                            THEN ' of ' || number_in_words(best.denominator) || ', as the publisher prints it'
                        ELSE ' (' || number_in_words(best.numerator) || ' of ' || number_in_words(best.denominator) || ')'
                    END
                    || ', which the claimed "' || claim.asked_text || '" is when rounded.'
            WHEN 'not supported'
                THEN
                    'Not supported: "' || best.question || '" For ' || best.period_words || ' the database has '
                    || (
                        SELECT string_agg(DISTINCT share_in_words(chosen.rate), ', ')
                        FROM chosen
                        WHERE
                            chosen.part = 1
                            AND chosen.rate IN (SELECT few.rate FROM chosen AS few WHERE few.part = 1 ORDER BY few.rate DESC LIMIT 3)
                    )
                    || CASE WHEN (SELECT count(*) FROM chosen WHERE chosen.part = 1) > 3 THEN ' and others' ELSE '' END
                    || ', not the claimed "' || claim.asked_text || '".'
                    || CASE
                        WHEN best.fits_roughly
                            THEN
                                ' The printed percentage is rounded and may stand for anything from ' || share_in_words(best.rate_low) || ' to '
                                || share_in_words(best.rate_high) || ': what was claimed is possible, and more than was published.'
                        ELSE ''
                    END
            WHEN 'not comparable'
                THEN
                    'Not comparable: in answer to "' || best.question || '" no percentage can be given for ' || best.period_words
                    || ', neither the claimed "' || claim.asked_text || '" nor another. '
                    || (
                        SELECT string_agg(null_reasons.sentence, ' ' ORDER BY null_reasons.position)
                        FROM null_reasons
                        WHERE list_contains(best.null_reasons, null_reasons.code)
                    )
            ELSE
                'Unknown to this database: '
                || CASE
                    WHEN claim.asked_rate IS NULL OR NOT EXISTS (SELECT 1 FROM rates AS known WHERE known.rate_id = claim.asked_rate)
                        THEN 'there is no rate "' || coalesce(claim.asked_rate, '') || '"; the table rates lists them.'
                    WHEN NOT claim.is_read
                        THEN
                            'the claimed value "' || coalesce(claim.asked_text, '')
                            || '" is not readable as a share; write 0.36 or "36 %", with as many decimals as the claim has.'
                    WHEN NOT EXISTS (SELECT 1 FROM cells) THEN 'the rate "' || claim.asked_rate || '" has no figures in this release.'
                    ELSE
                        'the rate "' || claim.asked_rate || '" has no row for the period "' || coalesce(claim.asked_name, '') || '"; it has '
                        || (SELECT count(DISTINCT cells.time_period) FROM cells) || ' periods between ' || (SELECT min(cells.period_start) FROM cells)
                        || ' and ' || (SELECT max(cells.period_end) FROM cells) || ', see coverage.'
                END
        END
        || coalesce(
            ' The claimed value is the one for '
            || (
                SELECT string_agg(elsewhere.period_words, '; ' ORDER BY elsewhere.period_start)
                FROM (
                    SELECT DISTINCT chosen.period_words, chosen.period_start
                    FROM chosen
                    WHERE chosen.part = 2
                    ORDER BY chosen.period_start DESC
                    LIMIT 3
                ) AS elsewhere
            ) || '.', ''
        ) AS sentence
    FROM judged
    JOIN claim ON TRUE
    LEFT JOIN best ON TRUE
),
receipts AS (
    SELECT series_id, time_period, source_locator, url, published_on FROM observations_current
)
SELECT
    told.verdict,
    told.sentence,
    row_number() OVER (
        ORDER BY
            chosen.part, len(chosen.null_reasons), chosen.denominator DESC NULLS LAST, chosen.numerator DESC NULLS LAST, chosen.period_start,
            chosen.numerator_series_id, chosen.denominator_series_id
    ) AS row_no,
    chosen.rate_id,
    chosen.time_period,
    chosen.numerator,
    chosen.denominator,
    chosen.rate,
    chosen.rate_low,
    chosen.rate_high,
    chosen.null_reasons,
    CAST([] AS VARCHAR[]) AS differences,
    above.things AS numerator_things,
    chosen.numerator_time_period,
    above.publication AS numerator_publication,
    above_receipt.published_on AS numerator_published_on,
    above_receipt.source_locator AS numerator_locator,
    above_receipt.url AS numerator_url,
    below.things AS denominator_things,
    chosen.denominator_time_period,
    below.publication AS denominator_publication,
    below_receipt.published_on AS denominator_published_on,
    below_receipt.source_locator AS denominator_locator,
    below_receipt.url AS denominator_url
FROM told
LEFT JOIN chosen ON TRUE
LEFT JOIN series_in_words AS above ON chosen.numerator_series_id = above.series_id
LEFT JOIN series_in_words AS below ON chosen.denominator_series_id = below.series_id
LEFT JOIN receipts AS above_receipt
    ON chosen.numerator_series_id = above_receipt.series_id AND chosen.numerator_time_period = above_receipt.time_period
LEFT JOIN receipts AS below_receipt
    ON chosen.denominator_series_id = below_receipt.series_id AND chosen.denominator_time_period = below_receipt.time_period
ORDER BY row_no;

-- Whether two counts make a share: "2,039 of 83,148". A number with thousand, million or billion stands for what rounds to it, any other
-- for itself. The last argument says what is counted, in words or codes (the first five letters of each must occur), or is NULL.
CREATE MACRO check_share(claimed_numerator, claimed_denominator, claimed_period, claimed_subject) AS TABLE
WITH
claim AS MATERIALIZED (
    SELECT
        CAST(claimed_numerator AS VARCHAR) AS numerator_text,
        CAST(claimed_denominator AS VARCHAR) AS denominator_text,
        CAST(claimed_period AS VARCHAR) AS period_text_given,
        CAST(claimed_subject AS VARCHAR) AS subject_text,
        claimed_period_name(claimed_period) AS asked_name,
        claimed_words(claimed_subject) AS words
),
sides AS MATERIALIZED (
    SELECT
        side,
        said,
        number.value IS NOT NULL AND NOT number.is_percentage AS is_read,
        coalesce(number.is_percentage, FALSE) AS is_percentage,
        number.value AS middle,
        number.value - CASE WHEN number.is_rounded THEN number.half_unit ELSE 0 END - 1e-6 AS low,
        number.value + CASE WHEN number.is_rounded THEN number.half_unit ELSE 0 END + 1e-6 AS high
    FROM (
        SELECT 'numerator' AS side, CAST(claimed_numerator AS VARCHAR) AS said, claimed_number(claimed_numerator) AS number
        UNION ALL
        SELECT 'denominator', CAST(claimed_denominator AS VARCHAR), claimed_number(claimed_denominator)
    )
),
asked_periods AS MATERIALIZED (
    SELECT names.time_period, names.period_start, names.period_end
    FROM period_labels AS names
    JOIN claim ON names.period_label = claim.asked_name OR claim.asked_name IS NULL
    GROUP BY ALL
),
-- every figure of the database that is one of the two numbers: published, added up by the matching, or superseded
figures AS (
    SELECT
        series_id, time_period, period_start, period_end, obs_value, value_qualifier, obs_status, 'direct' AS basis, published_on, source_locator,
        url
    FROM observations_current
    WHERE obs_value IS NOT NULL
    UNION ALL
    SELECT DISTINCT
        tiled.series_id, tiled.time_period, names.period_start, names.period_end, tiled.obs_value, 'exact', tiled.obs_status, 'tiled', NULL,
        'added up from shorter periods', NULL
    FROM (
        SELECT numerator_series_id AS series_id, numerator_time_period AS time_period, numerator AS obs_value, numerator_obs_status AS obs_status
        FROM matched_periods
        WHERE numerator_basis = 'tiled' AND numerator IS NOT NULL
        UNION
        SELECT denominator_series_id, denominator_time_period, denominator, denominator_obs_status
        FROM matched_periods
        WHERE denominator_basis = 'tiled' AND denominator IS NOT NULL
    ) AS tiled
    JOIN period_labels AS names ON tiled.time_period = names.time_period AND tiled.time_period = names.period_label
    UNION ALL
    SELECT
        series.series_id, old.time_period, old.period_start, old.period_end, old.obs_value, old.value_qualifier, old.obs_status, 'superseded',
        old.published_on, old.source_locator, old.url
    FROM series_observations AS old
    JOIN series ON old.series_no = series.series_no
    WHERE old.superseded_on IS NOT NULL AND old.obs_value IS NOT NULL
),
found AS MATERIALIZED (
    SELECT
        sides.side,
        figures.*,
        series.* EXCLUDE (series_id),
        words.things,
        words.publication,
        words.search_text,
        abs(figures.obs_value - sides.middle) AS distance,
        exact_period.time_period IS NOT NULL AS is_asked,
        (
            SELECT count(*)
            FROM asked_periods AS met
            WHERE met.period_start <= figures.period_end AND met.period_end >= figures.period_start
        ) > 0 AS is_near,
        (
            SELECT count(*)
            FROM series_breaks
            WHERE
                series_breaks.series_no = series.series_no
                AND series_breaks.breaks_rate
                AND series_breaks.date > figures.period_start
                AND series_breaks.date <= figures.period_end
        ) > 0 AS has_break
    FROM figures
    JOIN sides ON sides.is_read AND figures.obs_value >= sides.low AND figures.obs_value <= sides.high
    JOIN series ON figures.series_id = series.series_id
    JOIN series_in_words AS words ON figures.series_id = words.series_id
    LEFT JOIN asked_periods AS exact_period
        ON figures.period_start = exact_period.period_start AND figures.period_end = exact_period.period_end
),
-- pairs that meet in the asked period: what the matched-period table says of them, else what their axes say
candidates AS MATERIALIZED (
    SELECT
        n.series_id AS numerator_series_id,
        d.series_id AS denominator_series_id,
        n.time_period AS numerator_time_period,
        d.time_period AS denominator_time_period,
        n.obs_value AS numerator,
        d.obs_value AS denominator,
        n.distance AS numerator_distance,
        n.things AS numerator_things,
        d.things AS denominator_things,
        n.publication AS numerator_publication,
        d.publication AS denominator_publication,
        n.published_on AS numerator_published_on,
        d.published_on AS denominator_published_on,
        n.source_locator AS numerator_locator,
        d.source_locator AS denominator_locator,
        n.url AS numerator_url,
        d.url AS denominator_url,
        n.measure AS numerator_measure,
        d.measure AS denominator_measure,
        n.search_text || ' ' || d.search_text AS search_text,
        n.source_id = d.source_id AND n.measure = d.measure AS is_one_kind,
        [
            reason FOR reason IN [
                CASE WHEN n.value_qualifier <> 'exact' THEN 'numerator_not_exact' END,
                CASE WHEN d.value_qualifier <> 'exact' THEN 'denominator_not_exact' END,
                CASE WHEN d.obs_value = 0 THEN 'denominator_zero' END,
                CASE WHEN 'U' IN (n.obs_status, d.obs_status) THEN 'low_reliability' END,
                CASE WHEN n.period_start <> d.period_start OR n.period_end <> d.period_end THEN 'period_mismatch' END,
                CASE
                    WHEN 'unknown' IN (n.ref_area, d.ref_area)
                        OR (
                            n.ref_area <> d.ref_area
                            AND NOT (is_one_kind AND (d.ref_area = 'WORLD' OR starts_with(n.ref_area, d.ref_area || '-')))
                        )
                        THEN 'ref_area_mismatch'
                END,
                CASE
                    WHEN n.unit_of_count <> d.unit_of_count OR n.unit_of_count = 'unknown' OR n.unit_measure <> 'count' OR d.unit_measure <> 'count'
                        THEN 'unit_of_count_mismatch'
                END,
                CASE
                    WHEN 'unknown' IN (n.offense_scope, d.offense_scope)
                        OR (n.offense_scope <> d.offense_scope AND NOT (is_one_kind AND scope_part.code IS NOT NULL))
                        THEN 'offense_scope_mismatch'
                END,
                CASE
                    WHEN 'unknown' IN (n.jurisdiction, d.jurisdiction)
                        OR (n.jurisdiction <> d.jurisdiction AND NOT (is_one_kind AND jurisdiction_part.code IS NOT NULL))
                        THEN 'jurisdiction_mismatch'
                END,
                CASE
                    WHEN 'unknown' IN (n.pathway, d.pathway)
                        OR (n.pathway <> d.pathway AND NOT (is_one_kind AND pathway_part.code IS NOT NULL))
                        THEN 'pathway_mismatch'
                END,
                CASE
                    WHEN n.statistical_population <> d.statistical_population OR n.statistical_population = 'unknown' THEN 'population_mismatch'
                END,
                CASE
                    WHEN n.breakdown <> d.breakdown
                        AND NOT (
                            is_one_kind
                            AND n.breakdown <> ''
                            AND (d.breakdown = '' OR list_has_all(string_split(n.breakdown, ';'), string_split(d.breakdown, ';')))
                        )
                        THEN 'breakdown_mismatch'
                END,
                CASE WHEN n.has_break OR d.has_break THEN 'series_break' END,
                CASE WHEN n.obs_value > d.obs_value THEN 'numerator_exceeds_denominator' END
            ] IF reason IS NOT NULL
        ] AS own_reasons,
        [
            reason FOR reason IN [
                CASE
                    WHEN n.period_start <> d.period_start OR n.period_end <> d.period_end
                        THEN 'period: ' || n.time_period || ' against ' || d.time_period
                END,
                CASE WHEN n.ref_area <> d.ref_area THEN 'ref_area: ' || n.ref_area || ' against ' || d.ref_area END,
                CASE WHEN n.unit_of_count <> d.unit_of_count THEN 'unit_of_count: ' || n.unit_of_count || ' against ' || d.unit_of_count END,
                CASE WHEN n.unit_measure <> d.unit_measure THEN 'unit_measure: ' || n.unit_measure || ' against ' || d.unit_measure END,
                CASE WHEN n.offense_scope <> d.offense_scope THEN 'offense_scope: ' || n.offense_scope || ' against ' || d.offense_scope END,
                CASE WHEN n.jurisdiction <> d.jurisdiction THEN 'jurisdiction: ' || n.jurisdiction || ' against ' || d.jurisdiction END,
                CASE WHEN n.pathway <> d.pathway THEN 'pathway: ' || n.pathway || ' against ' || d.pathway END,
                CASE
                    WHEN n.statistical_population <> d.statistical_population
                        THEN 'statistical_population: ' || n.statistical_population || ' against ' || d.statistical_population
                END,
                CASE
                    WHEN n.breakdown <> d.breakdown
                        THEN 'breakdown: ' || coalesce(nullif(n.breakdown, ''), 'total') || ' against ' || coalesce(nullif(d.breakdown, ''), 'total')
                END
            ] IF reason IS NOT NULL
        ] AS differences
    FROM found AS n
    JOIN found AS d ON n.side = 'numerator' AND d.side = 'denominator'
    LEFT JOIN part_of AS scope_part
        ON scope_part.dimension = 'offense_scope' AND scope_part.code = n.offense_scope AND scope_part.whole = d.offense_scope
    LEFT JOIN part_of AS jurisdiction_part
        ON jurisdiction_part.dimension = 'jurisdiction'
        AND jurisdiction_part.code = n.jurisdiction
        AND jurisdiction_part.whole = d.jurisdiction
    LEFT JOIN part_of AS pathway_part
        ON pathway_part.dimension = 'pathway' AND pathway_part.code = n.pathway AND pathway_part.whole = d.pathway
    WHERE
        n.basis <> 'superseded'
        AND d.basis <> 'superseded'
        AND n.is_near
        AND d.is_near
        AND (n.is_asked OR d.is_asked)
        AND (n.series_id <> d.series_id OR n.period_start <> d.period_start OR n.period_end <> d.period_end)
),
measures_selected AS (
    SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS code FROM rate_selectors AS chosen WHERE chosen.dimension = 'measure'
),
declared_measures AS (
    SELECT DISTINCT above.code AS numerator_measure, below.code AS denominator_measure
    FROM measures_selected AS above
    JOIN measures_selected AS below ON above.rate_id = below.rate_id AND above.side = 'numerator' AND below.side = 'denominator'
),
pairs AS MATERIALIZED (
    SELECT
        candidates.* EXCLUDE (search_text, own_reasons, is_one_kind, numerator_measure, denominator_measure),
        matched.rate_id,
        matched.rate_kind,
        coalesce(matched.time_period, candidates.numerator_time_period) AS time_period,
        matched.rate,
        coalesce(matched.null_reasons, candidates.own_reasons) AS null_reasons,
        CASE
            WHEN matched.rate IS NOT NULL THEN 1
            WHEN matched.rate_id IS NOT NULL OR len(candidates.own_reasons) > 0 THEN 2
            WHEN candidates.is_one_kind OR declared_measures.numerator_measure IS NOT NULL THEN 1
            ELSE 3
        END AS standing,
        coalesce(
            list_bool_and([
                contains(candidates.search_text || ' ' || lower(concat_ws(' ', matched.rate_id, matched.rate_kind, matched.question)), word)
                FOR word IN claim.words
            ]), TRUE
        ) AS is_subject
    FROM candidates
    JOIN claim ON TRUE
    LEFT JOIN matched_periods AS matched
        ON candidates.numerator_series_id = matched.numerator_series_id
        AND candidates.denominator_series_id = matched.denominator_series_id
        AND candidates.numerator_time_period = matched.numerator_time_period
        AND candidates.denominator_time_period = matched.denominator_time_period
    LEFT JOIN declared_measures
        ON candidates.numerator_measure = declared_measures.numerator_measure
        AND candidates.denominator_measure = declared_measures.denominator_measure
),
ranked AS (
    SELECT
        pairs.*,
        row_number() OVER (
            ORDER BY
                standing, len(pairs.null_reasons), numerator_distance, pairs.rate_id IS NULL, pairs.rate_id, numerator_series_id,
                denominator_series_id, numerator_time_period, denominator_time_period
        ) AS row_no
    FROM pairs
    WHERE is_subject
),
best AS (
    SELECT * FROM ranked WHERE row_no = 1
),
-- where else each number stands
places AS (
    SELECT
        side,
        count(*) AS figures,
        bool_or(is_near AND basis <> 'superseded') AS is_in_period,
        bool_and(basis = 'superseded') AS is_superseded,
        array_to_string(list_slice(list(DISTINCT place ORDER BY place), 1, 3), '; ') AS told
    FROM (
        SELECT *, things || ' (' || publication || '), ' || time_period AS place
        FROM found
        QUALIFY is_asked OR NOT bool_or(is_asked) OVER (PARTITION BY side)
    )
    GROUP BY side
),
judged AS (
    SELECT
        claim.*,
        above.said AS numerator_said,
        above.is_read AS numerator_is_read,
        above.is_percentage,
        below.is_read AS denominator_is_read,
        above_places.told AS numerator_places,
        below_places.told AS denominator_places,
        above_places.is_in_period AS numerator_is_in_period,
        below_places.is_in_period AS denominator_is_in_period,
        coalesce(above_places.is_superseded, FALSE) OR coalesce(below_places.is_superseded, FALSE) AS is_superseded,
        CASE
            WHEN best.standing = 1 THEN 'supported'
            WHEN best.standing = 2 THEN 'not comparable'
            WHEN best.standing = 3 OR (above_places.figures > 0 AND below_places.figures > 0) THEN 'not supported'
            WHEN above_places.figures > 0 AND above_places.is_in_period AND below.said IS NULL THEN 'not comparable'
            WHEN below_places.figures > 0 AND below_places.is_in_period AND above.said IS NULL THEN 'not comparable'
            ELSE 'unknown to this database'
        END AS verdict
    FROM claim
    JOIN sides AS above ON above.side = 'numerator'
    JOIN sides AS below ON below.side = 'denominator'
    LEFT JOIN places AS above_places ON above_places.side = 'numerator'
    LEFT JOIN places AS below_places ON below_places.side = 'denominator'
    LEFT JOIN best ON TRUE
),
told AS (
    SELECT
        judged.verdict,
        CASE
            WHEN judged.verdict = 'supported'
                THEN
                    'Supported: ' || number_in_words(best.numerator) || ' of ' || number_in_words(best.denominator) || ' is a share'
                    || coalesce(' (' || share_in_words(best.rate) || ', rate ' || best.rate_id || ')', ', though no declared rate of this project')
                    || '. The one number: ' || best.numerator_things || ', ' || best.numerator_publication || ', ' || best.numerator_time_period
                    || '. The other: ' || best.denominator_things || ', ' || best.denominator_publication || '.'
            WHEN judged.verdict = 'not comparable' AND best.standing = 2
                THEN
                    'Not comparable: both numbers are published, but they make no share. The one: ' || number_in_words(best.numerator) || ' '
                    || best.numerator_things || ', ' || best.numerator_publication || ', ' || best.numerator_time_period || '. The other: '
                    || number_in_words(best.denominator) || ' ' || best.denominator_things || ', ' || best.denominator_publication || ', '
                    || best.denominator_time_period || '. '
                    || (
                        SELECT string_agg(null_reasons.sentence, ' ' ORDER BY null_reasons.position)
                        FROM null_reasons
                        WHERE list_contains(best.null_reasons, null_reasons.code)
                    )
            WHEN judged.verdict = 'not comparable' AND judged.denominator_text IS NULL
                THEN
                    'Not comparable: ' || judged.numerator_text || ' is published (' || judged.numerator_places
                    || '), but a share needs a number below the line, and none is claimed.'
            WHEN judged.verdict = 'not comparable'
                THEN
                    'Not comparable: ' || judged.denominator_text || ' is published (' || judged.denominator_places
                    || '), but a share needs a number above the line, and none is claimed.'
            WHEN best.standing = 3
                THEN
                    'Not supported: both numbers are published and agree on every axis, but nothing says that the one is counted within the other. '
                    || 'The one: ' || best.numerator_things || '. The other: ' || best.denominator_things || '.'
            WHEN judged.verdict = 'not supported' AND EXISTS (SELECT 1 FROM pairs)
                THEN
                    'Not supported: both numbers are published for the period, but not as "' || judged.subject_text || '". The one: '
                    || judged.numerator_places || '. The other: ' || judged.denominator_places || '.'
            WHEN judged.verdict = 'not supported' AND judged.is_superseded
                THEN
                    'Not supported: a number was printed in an older edition and has been replaced since. The one: ' || judged.numerator_places
                    || '. The other: ' || judged.denominator_places || '.'
            WHEN judged.verdict = 'not supported'
                THEN
                    'Not supported: the numbers are published, but not together'
                    || coalesce(' for the period "' || judged.period_text_given || '"', '') || '. The one: '
                    || judged.numerator_places || '. The other: ' || judged.denominator_places || '.'
            WHEN judged.is_percentage THEN 'Unknown to this database: "' || judged.numerator_text || '" is a percentage: ask check_percentage.'
            WHEN judged.numerator_text IS NULL AND judged.denominator_text IS NULL
                THEN 'Unknown to this database: no number is claimed.'
            WHEN NOT judged.numerator_is_read AND judged.numerator_text IS NOT NULL
                THEN 'Unknown to this database: "' || judged.numerator_text || '" is not readable as a number; write 2,039 or "36.2 million".'
            WHEN NOT judged.denominator_is_read AND judged.denominator_text IS NOT NULL
                THEN 'Unknown to this database: "' || judged.denominator_text || '" is not readable as a number; write 2,039 or "36.2 million".'
            ELSE
                'Unknown to this database: '
                || concat_ws(
                    '; ',
                    judged.numerator_text
                    || coalesce(
                        CASE WHEN judged.numerator_is_in_period THEN ' is published (' ELSE ' is published for another period (' END
                        || judged.numerator_places || ')', ' is no figure that it holds'
                    ),
                    judged.denominator_text
                    || coalesce(
                        CASE WHEN judged.denominator_is_in_period THEN ' is published (' ELSE ' is published for another period (' END
                        || judged.denominator_places || ')', ' is no figure that it holds'
                    )
                )
                || '.'
        END AS sentence
    FROM judged
    LEFT JOIN best ON TRUE
)
SELECT
    told.verdict,
    told.sentence,
    coalesce(ranked.row_no, 1) AS row_no,
    ranked.rate_id,
    ranked.time_period,
    ranked.numerator,
    ranked.denominator,
    ranked.rate,
    CAST(NULL AS DOUBLE) AS rate_low,
    CAST(NULL AS DOUBLE) AS rate_high,
    CASE
        WHEN ranked.row_no IS NOT NULL THEN ranked.null_reasons
        WHEN told.verdict = 'not comparable' AND claim.denominator_text IS NULL THEN ['denominator_missing']
        WHEN told.verdict = 'not comparable' THEN ['numerator_missing']
    END AS null_reasons,
    coalesce(ranked.differences, []) AS differences,
    ranked.numerator_things,
    ranked.numerator_time_period,
    ranked.numerator_publication,
    ranked.numerator_published_on,
    ranked.numerator_locator,
    ranked.numerator_url,
    ranked.denominator_things,
    ranked.denominator_time_period,
    ranked.denominator_publication,
    ranked.denominator_published_on,
    ranked.denominator_locator,
    ranked.denominator_url
FROM told
JOIN claim ON TRUE
LEFT JOIN ranked ON ranked.row_no <= 100
ORDER BY row_no;

-- Whether a percentage is printed or computed: "69 percent of 3,661", "2.1 % of 66,873". The base and the subject may be NULL; without
-- either only percentages that a publisher prints are looked at.
CREATE MACRO check_percentage(claimed_percentage, claimed_base, claimed_period, claimed_subject) AS TABLE
WITH
claim AS MATERIALIZED (
    SELECT
        percentage_text,
        base_text,
        period_text_given,
        asked_name,
        words,
        coalesce(share.is_percentage OR (share.value < 1 AND NOT share.is_rounded), FALSE) AS share_is_read,
        share.value - share.half_unit - 1e-12 AS low,
        share.value + share.half_unit + 1e-12 AS high,
        base_text IS NULL OR coalesce(NOT base.is_percentage, FALSE) AS base_is_read,
        base.value - CASE WHEN base.is_rounded THEN base.half_unit ELSE 0 END - 1e-6 AS base_low,
        base.value + CASE WHEN base.is_rounded THEN base.half_unit ELSE 0 END + 1e-6 AS base_high
    FROM (
        SELECT
            CAST(claimed_percentage AS VARCHAR) AS percentage_text,
            CAST(claimed_base AS VARCHAR) AS base_text,
            CAST(claimed_period AS VARCHAR) AS period_text_given,
            claimed_period_name(claimed_period) AS asked_name,
            claimed_words(claimed_subject) AS words,
            claimed_number(claimed_percentage) AS share,
            claimed_number(claimed_base) AS base
    )
),
asked_periods AS MATERIALIZED (
    SELECT DISTINCT names.period_start, names.period_end
    FROM period_labels AS names
    JOIN claim ON names.period_label = claim.asked_name OR claim.asked_name IS NULL
),
-- printed percentages, then rates over the claimed base; a published rate is there already
answers AS (
    SELECT
        CAST(NULL AS VARCHAR) AS rate_id,
        '' AS rate_text,
        printed.series_id AS numerator_series_id,
        CAST(NULL AS VARCHAR) AS denominator_series_id,
        printed.time_period,
        printed.time_period AS numerator_time_period,
        CAST(NULL AS VARCHAR) AS denominator_time_period,
        printed.period_start,
        printed.period_end,
        printed.obs_value AS numerator,
        printed.base_value AS denominator,
        0.01 * printed.obs_value AS share,
        0.01 * (printed.obs_value - printed.rounding) AS share_low,
        0.01 * (printed.obs_value + printed.rounding) AS share_high,
        CASE
            WHEN printed.value_qualifier NOT IN ('exact', 'share_rounded') THEN ['numerator_not_exact']
            WHEN printed.obs_status = 'U' THEN ['low_reliability']
            ELSE []
        END AS null_reasons,
        TRUE AS is_printed
    FROM (
        SELECT *, CASE WHEN value_qualifier = 'exact' THEN 0 ELSE 0.5 * 10.0 ** -coalesce(decimals, 0) END AS rounding
        FROM observations_current
        WHERE unit_measure = 'percent' AND obs_value IS NOT NULL
    ) AS printed
    UNION ALL
    SELECT
        matched.rate_id, lower(concat_ws(' ', matched.rate_id, matched.rate_kind, matched.question)), matched.numerator_series_id,
        matched.denominator_series_id, matched.time_period, matched.numerator_time_period, matched.denominator_time_period,
        matched.period_start, matched.period_end, matched.numerator, matched.denominator, matched.rate, matched.rate, matched.rate,
        matched.null_reasons, FALSE
    FROM matched_periods AS matched
    JOIN claim ON matched.denominator >= claim.base_low AND matched.denominator <= claim.base_high
    WHERE matched.numerator_basis IS DISTINCT FROM 'published'
),
judged AS MATERIALIZED (
    SELECT
        answers.*,
        above.things AS numerator_things,
        above.publication AS numerator_publication,
        below.things AS denominator_things,
        below.publication AS denominator_publication,
        above.things || ', ' || above.publication AS numerator_told,
        below.things || ', ' || below.publication AS denominator_told,
        asked_periods.period_start IS NOT NULL AS is_asked,
        answers.share_low >= claim.low AND answers.share_high <= claim.high AS fits,
        CASE
            WHEN claim.base_text IS NULL THEN TRUE
            ELSE coalesce(answers.denominator >= claim.base_low AND answers.denominator <= claim.base_high, FALSE)
        END AS has_base
    FROM answers
    JOIN claim ON claim.share_is_read AND claim.base_is_read
    LEFT JOIN series_in_words AS above ON answers.numerator_series_id = above.series_id
    LEFT JOIN series_in_words AS below ON answers.denominator_series_id = below.series_id
    LEFT JOIN asked_periods ON answers.period_start = asked_periods.period_start AND answers.period_end = asked_periods.period_end
    WHERE
        coalesce(
            list_bool_and([
                contains(answers.rate_text || ' ' || coalesce(above.search_text, '') || ' ' || coalesce(below.search_text, ''), word)
                FOR word IN claim.words
            ]), TRUE
        )
),
ranked AS (
    SELECT
        * EXCLUDE (standing),
        standing,
        row_number() OVER (
            ORDER BY
                standing, NOT is_printed, len(null_reasons), period_start DESC, period_end DESC, rate_id, numerator_series_id,
                denominator_series_id
        ) AS row_no
    FROM (
        SELECT
            judged.* REPLACE (
                CASE
                    WHEN fits AND NOT has_base AND denominator IS NULL THEN list_concat(['denominator_missing'], null_reasons) ELSE null_reasons
                END AS null_reasons
            ),
            CASE
                WHEN is_asked AND fits AND has_base AND len(null_reasons) = 0 THEN 1
                -- printed like this, but inexactly; or without the base that is claimed
                WHEN is_asked AND fits AND (has_base OR denominator IS NULL) THEN 2
                WHEN is_asked AND fits AND is_printed THEN 3
                WHEN is_asked AND has_base AND NOT is_printed AND share IS NOT NULL THEN 4
                WHEN is_asked AND has_base AND NOT is_printed THEN 5
                WHEN NOT is_asked AND fits AND has_base AND len(null_reasons) = 0 THEN 6
            END AS standing
        FROM judged
    )
    WHERE standing IS NOT NULL
),
best AS (
    SELECT * FROM ranked WHERE row_no = 1
),
told AS (
    SELECT
        CASE best.standing
            WHEN 1 THEN 'supported' WHEN 2 THEN 'not comparable' WHEN 3 THEN 'not supported' WHEN 4 THEN 'not supported' WHEN 5 THEN 'not comparable'
            WHEN 6 THEN 'not supported' ELSE 'unknown to this database'
        END AS verdict,
        CASE best.standing
            WHEN 1
                THEN
                    'Supported: ' || share_in_words(best.share)
                    || CASE
                        WHEN best.is_printed
                            THEN ' is printed for ' || best.numerator_told || ', ' || best.time_period
                                || coalesce(
                                    ', as a share of ' || number_in_words(best.denominator) || '.',
                                    ', without the number it is a share of: quote it as printed, it is no rate of this project.'
                                )
                        ELSE
                            ' is the share that ' || number_in_words(best.numerator) || ' (' || best.numerator_told || ') is of '
                            || number_in_words(best.denominator) || ' (' || best.denominator_told || '), ' || best.time_period || ', rate '
                            || best.rate_id || '.'
                    END
            WHEN 2
                THEN
                    'Not comparable: ' || share_in_words(best.share) || ' is printed for ' || best.numerator_told || ', ' || best.time_period
                    || ', but: '
                    || (
                        SELECT string_agg(null_reasons.sentence, ' ' ORDER BY null_reasons.position)
                        FROM null_reasons
                        WHERE list_contains(best.null_reasons, null_reasons.code)
                    )
            WHEN 3
                THEN
                    'Not supported: ' || share_in_words(best.share) || ' is printed for ' || best.numerator_told || ', ' || best.time_period
                    || ', but as a share of ' || number_in_words(best.denominator) || ', not of ' || claim.base_text || '.'
            WHEN 4
                THEN
                    'Not supported: of ' || number_in_words(best.denominator) || ' (' || best.denominator_told || '), ' || best.time_period
                    || ', the shares that stand are others, for instance ' || share_in_words(best.share) || ' ('
                    || best.numerator_things || ').'
            WHEN 5
                THEN
                    'Not comparable: no share of ' || number_in_words(best.denominator) || ' (' || best.denominator_told || '), '
                    || best.time_period || ', can be given, neither "' || claim.percentage_text
                    || '" nor another. '
                    || (
                        SELECT string_agg(null_reasons.sentence, ' ' ORDER BY null_reasons.position)
                        FROM null_reasons
                        WHERE list_contains(best.null_reasons, null_reasons.code)
                    )
            WHEN 6
                THEN
                    'Not supported: "' || claim.percentage_text || '" is found, but not for the period "' || claim.period_text_given || '": '
                    || best.numerator_told || ', ' || best.time_period || '.'
            ELSE
                'Unknown to this database: '
                || CASE
                    WHEN NOT claim.share_is_read
                        THEN '"' || coalesce(claim.percentage_text, '') || '" is not readable as a percentage; write "36 %" or 0.36.'
                    WHEN NOT claim.base_is_read THEN '"' || claim.base_text || '" is not readable as a number; write 2,039 or "36.2 million".'
                    ELSE
                        'no figure and no rate that it holds is "' || claim.percentage_text || '"' || coalesce(' of ' || claim.base_text, '')
                        || coalesce(' for the period "' || claim.period_text_given || '"', '') || '.'
                END
        END AS sentence
    FROM claim
    LEFT JOIN best ON TRUE
),
receipts AS (
    SELECT series_id, time_period, source_locator, url, published_on FROM observations_current
)
SELECT
    told.verdict,
    told.sentence,
    coalesce(ranked.row_no, 1) AS row_no,
    ranked.rate_id,
    ranked.time_period,
    ranked.numerator,
    ranked.denominator,
    CASE WHEN ranked.standing IN (1, 3, 4, 6) THEN ranked.share END AS rate,
    CASE WHEN ranked.standing IN (1, 3, 4, 6) AND ranked.is_printed THEN ranked.share_low END AS rate_low,
    CASE WHEN ranked.standing IN (1, 3, 4, 6) AND ranked.is_printed THEN ranked.share_high END AS rate_high,
    ranked.null_reasons,
    CAST([] AS VARCHAR[]) AS differences,
    ranked.numerator_things,
    ranked.numerator_time_period,
    ranked.numerator_publication,
    above_receipt.published_on AS numerator_published_on,
    above_receipt.source_locator AS numerator_locator,
    above_receipt.url AS numerator_url,
    ranked.denominator_things,
    ranked.denominator_time_period,
    ranked.denominator_publication,
    below_receipt.published_on AS denominator_published_on,
    below_receipt.source_locator AS denominator_locator,
    below_receipt.url AS denominator_url
FROM told
LEFT JOIN best ON TRUE
LEFT JOIN ranked ON ranked.standing = best.standing
LEFT JOIN receipts AS above_receipt
    ON ranked.numerator_series_id = above_receipt.series_id AND ranked.numerator_time_period = above_receipt.time_period
LEFT JOIN receipts AS below_receipt
    ON ranked.denominator_series_id = below_receipt.series_id AND ranked.denominator_time_period = below_receipt.time_period
ORDER BY row_no;
