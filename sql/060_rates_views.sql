-- What the matched-period table says, arranged: the rates, the gaps and who could fill them, which series fit together, and bounds.
-- Views only. They call no macro of the project, so that they work without USE in a file that is merely attached.

CREATE VIEW prosecution_rates AS
SELECT * FROM matched_periods WHERE rate_kind = 'prosecution';

CREATE VIEW computable_rates AS
SELECT * FROM matched_periods WHERE rate IS NOT NULL;

-- Every percentage that a publisher printed, whether or not a declared rate takes it up.
CREATE VIEW published_percentages AS
WITH
taken_up AS (
    SELECT
        numerator_series_id,
        period_start,
        period_end,
        list(DISTINCT rate_id ORDER BY rate_id) AS rate_ids,
        bool_or(rate IS NOT NULL) AS is_rate,
        min(rate_low) AS rate_low,
        max(rate_high) AS rate_high,
        min(null_reasons) AS null_reasons
    FROM matched_periods
    WHERE numerator_basis = 'published'
    GROUP BY numerator_series_id, period_start, period_end
)
SELECT
    percentages.series_id,
    percentages.source_id,
    percentages.measure,
    percentages.ref_area,
    percentages.time_period,
    percentages.period_start,
    percentages.period_end,
    percentages.unit_of_count,
    percentages.offense_scope,
    percentages.jurisdiction,
    percentages.pathway,
    percentages.statistical_population,
    percentages.breakdown,
    percentages.obs_value,
    percentages.value_qualifier,
    percentages.obs_status,
    percentages.decimals,
    percentages.base_value,
    coalesce(taken_up.rate_ids, CAST([] AS VARCHAR[])) AS rate_ids,
    coalesce(taken_up.is_rate, FALSE) AS is_rate,
    taken_up.rate_low,
    taken_up.rate_high,
    coalesce(taken_up.null_reasons, CAST([] AS VARCHAR[])) AS null_reasons,
    percentages.source_locator,
    percentages.url,
    percentages.obs_note
FROM observations_current AS percentages
LEFT JOIN taken_up
    ON percentages.series_id = taken_up.numerator_series_id
    AND percentages.period_start = taken_up.period_start
    AND percentages.period_end = taken_up.period_end
WHERE percentages.unit_measure = 'percent';

-- The periods of the matched-period table in words, as a reader would say them.
CREATE VIEW periods_in_words AS
WITH
period_texts AS (
    SELECT matched_periods.time_period FROM matched_periods
    UNION
    SELECT numerator_time_period FROM matched_periods WHERE numerator_time_period IS NOT NULL
    UNION
    SELECT denominator_time_period FROM matched_periods WHERE denominator_time_period IS NOT NULL
),
parted AS (
    SELECT
        period_texts.time_period,
        CAST(split_part(period_texts.time_period, '/', 1) AS DATE) AS period_start,
        split_part(period_texts.time_period, '/', 2) AS length_or_end
    FROM period_texts
),
bounded AS (
    SELECT
        parted.time_period,
        period_start,
        CASE
            WHEN length_or_end LIKE 'P%Y'
                THEN CAST(period_start + to_years(CAST(regexp_extract(length_or_end, '\d+') AS INTEGER)) AS DATE) - 1
            WHEN length_or_end LIKE 'P%M'
                THEN CAST(period_start + to_months(CAST(regexp_extract(length_or_end, '\d+') AS INTEGER)) AS DATE) - 1
            ELSE CAST(length_or_end AS DATE)
        END AS period_end
    FROM parted
),
shaped AS (
    SELECT
        *,
        day(period_start) = 1 AND day(period_end + 1) = 1 AS is_whole_months,
        day(period_start) = 1 AND day(period_end + 1) = 1 AND month(period_start) = month(period_end + 1) AS is_whole_years
    FROM bounded
)
SELECT
    shaped.time_period,
    period_start,
    period_end,
    CASE
        WHEN is_whole_years AND month(period_start) = 1 AND year(period_start) = year(period_end) THEN 'CY' || year(period_end)
        WHEN is_whole_years AND month(period_start) = 10 AND year(period_start) + 1 = year(period_end) THEN 'FY' || year(period_end)
        ELSE shaped.time_period
    END AS year_label,
    CASE
        WHEN is_whole_years AND month(period_start) = 1 AND year(period_start) = year(period_end)
            THEN 'the calendar year ' || year(period_end)
        WHEN is_whole_years AND month(period_start) = 1
            THEN 'the calendar years ' || year(period_start) || ' to ' || year(period_end)
        WHEN is_whole_years AND month(period_start) = 10 AND year(period_start) + 1 = year(period_end)
            THEN 'the fiscal year ' || year(period_end) || ' (October ' || year(period_start) || ' to September ' || year(period_end) || ')'
        WHEN is_whole_years AND month(period_start) = 10
            THEN
                'the fiscal years ' || (year(period_start) + 1) || ' to ' || year(period_end)
                || ' (October ' || year(period_start) || ' to September ' || year(period_end) || ')'
        WHEN is_whole_months AND last_day(period_start) = period_end THEN strftime(period_start, '%B %Y')
        WHEN is_whole_months AND year(period_start) = year(period_end)
            THEN strftime(period_start, '%B') || ' to ' || strftime(period_end, '%B %Y')
        WHEN is_whole_months THEN strftime(period_start, '%B %Y') || ' to ' || strftime(period_end, '%B %Y')
        WHEN period_start = period_end THEN strftime(period_start, '%-d %B %Y')
        ELSE strftime(period_start, '%-d %B %Y') || ' to ' || strftime(period_end, '%-d %B %Y')
    END AS words
FROM shaped;

-- Rate by year: how many rows, how many values, which reasons.
CREATE VIEW coverage AS
WITH
labelled AS (
    SELECT matched.rate_id, matched.rate_kind, matched.rate, matched.null_reasons, matched.period_start, matched.period_end, periods.year_label
    FROM matched_periods AS matched
    JOIN periods_in_words AS periods ON matched.time_period = periods.time_period
),
counted AS (
    SELECT rate_id, rate_kind, year_label, period_start, period_end, count(*) AS row_count, count(rate) AS rate_count
    FROM labelled
    GROUP BY rate_id, rate_kind, year_label, period_start, period_end
),
reasons_met AS (
    SELECT DISTINCT rate_id, year_label, unnest(null_reasons) AS code FROM labelled
),
reasons_in_order AS (
    SELECT reasons_met.rate_id, reasons_met.year_label, list(reasons_met.code ORDER BY null_reasons.position) AS codes
    FROM reasons_met
    JOIN null_reasons ON reasons_met.code = null_reasons.code
    GROUP BY reasons_met.rate_id, reasons_met.year_label
)
SELECT
    counted.rate_id,
    counted.rate_kind,
    counted.year_label,
    counted.period_start,
    counted.period_end,
    counted.row_count,
    counted.rate_count,
    coalesce(reasons_in_order.codes, CAST([] AS VARCHAR[])) AS null_reasons
FROM counted
LEFT JOIN reasons_in_order ON counted.rate_id = reasons_in_order.rate_id AND counted.year_label = reasons_in_order.year_label;

-- The two sides of every declared rate in words: what is looked for, who keeps such records, where such figures appear.
CREATE VIEW rate_sides_in_words AS
WITH
sides AS (
    SELECT DISTINCT rate_selectors.rate_id, rate_selectors.side FROM rate_selectors
),
measures_named AS (
    SELECT
        selected.rate_id,
        selected.side,
        string_agg(lower(measures.label[1]) || measures.label[2:], ' or ' ORDER BY measures.label) AS things,
        min(measures.stage) AS stage,
        bool_or(measures.unit_of_count_usual LIKE 'report%') AS counts_reports
    FROM (
        SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS code FROM rate_selectors AS chosen WHERE chosen.dimension = 'measure'
    ) AS selected
    JOIN measures ON selected.code = measures.code
    GROUP BY selected.rate_id, selected.side
),
parts_named AS (
    SELECT selected.rate_id, selected.side, string_agg(selected.code, ' or ' ORDER BY selected.code) AS parts
    FROM (
        SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS code FROM rate_selectors AS chosen WHERE chosen.dimension = 'breakdown'
    ) AS selected
    WHERE selected.code <> ''
    GROUP BY selected.rate_id, selected.side
),
scopes_named AS (
    SELECT selected.rate_id, selected.side, string_agg('"' || offense_scopes.label || '"', ' or ' ORDER BY offense_scopes.label) AS scopes
    FROM (
        SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS code FROM rate_selectors AS chosen WHERE chosen.dimension = 'offense_scope'
    ) AS selected
    JOIN offense_scopes ON selected.code = offense_scopes.code
    GROUP BY selected.rate_id, selected.side
),
populations_named AS (
    SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS population
    FROM rate_selectors AS chosen
    WHERE chosen.dimension = 'statistical_population'
),
populations_met AS (
    SELECT DISTINCT rate_series.rate_id, rate_series.side, series.statistical_population AS population
    FROM rate_series
    JOIN series ON rate_series.series_no = series.series_no
),
populations AS (
    SELECT * FROM populations_named
    UNION
    SELECT populations_met.* FROM populations_met ANTI JOIN populations_named USING (rate_id, side)
),
keepers AS (
    SELECT
        populations.rate_id,
        populations.side,
        string_agg(DISTINCT statistical_populations.kept_by, ', ' ORDER BY statistical_populations.kept_by) AS kept_by
    FROM populations
    JOIN statistical_populations ON populations.population = statistical_populations.code
    WHERE statistical_populations.kept_by NOT IN ('none', 'nobody nationally')
    GROUP BY populations.rate_id, populations.side
),
source_ids AS (
    SELECT chosen.rate_id, chosen.side, unnest(chosen.codes) AS source_id FROM rate_selectors AS chosen WHERE chosen.dimension = 'source_id'
    UNION
    SELECT DISTINCT rate_series.rate_id, rate_series.side, series.source_id
    FROM rate_series
    JOIN series ON rate_series.series_no = series.series_no
),
publications AS (
    SELECT
        source_ids.rate_id,
        source_ids.side,
        string_agg(
            coalesce(sources.producer || ': "' || sources.title || '"', source_ids.source_id), '; ' ORDER BY source_ids.source_id
        ) AS publications
    FROM source_ids
    LEFT JOIN sources ON source_ids.source_id = sources.source_id
    WHERE source_ids.source_id <> 'not_collected'
    GROUP BY source_ids.rate_id, source_ids.side
)
SELECT
    sides.rate_id,
    sides.side,
    measures_named.stage,
    coalesce(measures_named.things, 'the figures that the rate selects')
    || coalesce(' (part: ' || parts_named.parts || ')', '')
    || CASE WHEN measures_named.counts_reports THEN '' ELSE coalesce(', classed as ' || scopes_named.scopes, '') END AS things,
    keepers.kept_by,
    publications.publications
FROM sides
LEFT JOIN measures_named ON sides.rate_id = measures_named.rate_id AND sides.side = measures_named.side
LEFT JOIN parts_named ON sides.rate_id = parts_named.rate_id AND sides.side = parts_named.side
LEFT JOIN scopes_named ON sides.rate_id = scopes_named.rate_id AND sides.side = scopes_named.side
LEFT JOIN keepers ON sides.rate_id = keepers.rate_id AND sides.side = keepers.side
LEFT JOIN publications ON sides.rate_id = publications.rate_id AND sides.side = publications.side;

-- Every row of the matched-period table with both sides in words. Rows that show the same have the same cell_no.
CREATE VIEW matched_periods_in_words AS
WITH
-- (read once: DuckDB 2.0 takes two columns of one view for the same where they come of like joins, and a union of them loses one)
periods_with_breaks AS (
    SELECT DISTINCT
        unnest([numerator_series_id, denominator_series_id]) AS series_id,
        unnest([numerator_time_period, denominator_time_period]) AS time_period
    FROM matched_periods
    WHERE list_contains(null_reasons, 'series_break')
),
breaks_inside AS (
    SELECT
        shown.series_id,
        shown.time_period,
        string_agg(breaks.date || ': ' || coalesce(breaks.description, breaks.break_id), ' ' ORDER BY breaks.date, breaks.break_id) AS words
    FROM periods_with_breaks AS shown
    JOIN periods_in_words AS periods ON shown.time_period = periods.time_period
    JOIN series ON shown.series_id = series.series_id
    JOIN series_breaks
        ON series.series_no = series_breaks.series_no
        AND series_breaks.breaks_rate
        AND series_breaks.date > periods.period_start
        AND series_breaks.date <= periods.period_end
    JOIN breaks ON series_breaks.break_id = breaks.break_id
    GROUP BY shown.series_id, shown.time_period
),
labelled AS (
    SELECT
        matched.*,
        target_period.words AS period_in_words,
        numerator_period.words AS numerator_period_in_words,
        denominator_period.words AS denominator_period_in_words,
        CASE
            WHEN matched.numerator IS NULL THEN NULL
            WHEN matched.numerator = floor(matched.numerator) AND matched.numerator < 1e15
                THEN format('{:,}', CAST(matched.numerator AS BIGINT))
            ELSE CAST(matched.numerator AS VARCHAR)
        END AS numerator_number,
        CASE
            WHEN matched.denominator IS NULL THEN NULL
            WHEN matched.denominator = floor(matched.denominator) AND matched.denominator < 1e15
                THEN format('{:,}', CAST(matched.denominator AS BIGINT))
            ELSE CAST(matched.denominator AS VARCHAR)
        END AS denominator_number,
        CASE matched.numerator_qualifier
            WHEN 'approx' THEN 'about ' WHEN 'rounded' THEN 'about ' WHEN 'gt' THEN 'more than ' WHEN 'ge' THEN 'at least '
            WHEN 'lt' THEN 'less than ' ELSE ''
        END AS numerator_hedge,
        CASE matched.denominator_qualifier
            WHEN 'approx' THEN 'about ' WHEN 'rounded' THEN 'about ' WHEN 'gt' THEN 'more than ' WHEN 'ge' THEN 'at least '
            WHEN 'lt' THEN 'less than ' ELSE ''
        END AS denominator_hedge,
        numerator_unit.label AS numerator_unit_label,
        denominator_unit.label AS denominator_unit_label,
        numerator_scope.label AS numerator_scope_label,
        denominator_scope.label AS denominator_scope_label,
        -- the events counted, with what narrows them: an unusual unit, a pathway, a part, an area, an authority, an offense scope
        lower(numerator_event.label[1]) || numerator_event.label[2:]
        || CASE
            WHEN matched.numerator_unit_of_count <> numerator_event.unit_of_count_usual
                THEN ' (counted as ' || lower(numerator_unit.label) || ')'
            ELSE ''
        END
        || CASE
            WHEN matched.numerator_breakdown <> ''
                THEN ' (only "' || replace(replace(replace(matched.numerator_breakdown, '_', ' '), '=', ': '), ';', ', ') || '")'
            ELSE ''
        END
        || CASE
            WHEN matched.numerator_pathway <> 'any' THEN ', pathway "' || numerator_path.label || '"' ELSE ''
        END
        || CASE matched.numerator_ref_area
            WHEN 'WORLD' THEN ', worldwide' WHEN 'US' THEN ', in the United States' WHEN 'unknown' THEN ', in an area that is not known'
            ELSE ', in ' || matched.numerator_ref_area
        END
        || CASE matched.numerator_jurisdiction WHEN 'us_federal' THEN ' (federal)' WHEN 'us_state_local' THEN ' (state and local)' ELSE '' END
        || CASE
            WHEN matched.numerator_unit_of_count NOT LIKE 'report%' THEN ', classed as "' || numerator_scope.label || '"' ELSE ''
        END AS numerator_things,
        lower(denominator_event.label[1]) || denominator_event.label[2:]
        || CASE
            WHEN matched.denominator_unit_of_count <> denominator_event.unit_of_count_usual
                THEN ' (counted as ' || lower(denominator_unit.label) || ')'
            ELSE ''
        END
        || CASE
            WHEN matched.denominator_breakdown <> ''
                THEN ' (only "' || replace(replace(replace(matched.denominator_breakdown, '_', ' '), '=', ': '), ';', ', ') || '")'
            ELSE ''
        END
        || CASE
            WHEN matched.denominator_pathway <> 'any' THEN ', pathway "' || denominator_path.label || '"' ELSE ''
        END
        || CASE matched.denominator_ref_area
            WHEN 'WORLD' THEN ', worldwide' WHEN 'US' THEN ', in the United States' WHEN 'unknown' THEN ', in an area that is not known'
            ELSE ', in ' || matched.denominator_ref_area
        END
        || CASE matched.denominator_jurisdiction WHEN 'us_federal' THEN ' (federal)' WHEN 'us_state_local' THEN ' (state and local)' ELSE '' END
        || CASE
            WHEN matched.denominator_unit_of_count NOT LIKE 'report%' THEN ', classed as "' || denominator_scope.label || '"' ELSE ''
        END AS denominator_things,
        coalesce(numerator_source.producer || ': "' || numerator_source.title || '"', matched.numerator_source_id) AS numerator_publication,
        coalesce(denominator_source.producer || ': "' || denominator_source.title || '"', matched.denominator_source_id)
            AS denominator_publication,
        nullif(nullif(numerator_set.kept_by, 'none'), 'nobody nationally') AS numerator_kept_by,
        nullif(nullif(denominator_set.kept_by, 'none'), 'nobody nationally') AS denominator_kept_by,
        numerator_break.words AS numerator_breaks,
        denominator_break.words AS denominator_breaks
    FROM matched_periods AS matched
    JOIN periods_in_words AS target_period ON matched.time_period = target_period.time_period
    LEFT JOIN periods_in_words AS numerator_period ON matched.numerator_time_period = numerator_period.time_period
    LEFT JOIN periods_in_words AS denominator_period ON matched.denominator_time_period = denominator_period.time_period
    LEFT JOIN measures AS numerator_event ON matched.numerator_measure = numerator_event.code
    LEFT JOIN measures AS denominator_event ON matched.denominator_measure = denominator_event.code
    LEFT JOIN units_of_count AS numerator_unit ON matched.numerator_unit_of_count = numerator_unit.code
    LEFT JOIN units_of_count AS denominator_unit ON matched.denominator_unit_of_count = denominator_unit.code
    LEFT JOIN offense_scopes AS numerator_scope ON matched.numerator_offense_scope = numerator_scope.code
    LEFT JOIN offense_scopes AS denominator_scope ON matched.denominator_offense_scope = denominator_scope.code
    LEFT JOIN pathways AS numerator_path ON matched.numerator_pathway = numerator_path.code
    LEFT JOIN pathways AS denominator_path ON matched.denominator_pathway = denominator_path.code
    LEFT JOIN statistical_populations AS numerator_set ON matched.numerator_population = numerator_set.code
    LEFT JOIN statistical_populations AS denominator_set ON matched.denominator_population = denominator_set.code
    LEFT JOIN sources AS numerator_source ON matched.numerator_source_id = numerator_source.source_id
    LEFT JOIN sources AS denominator_source ON matched.denominator_source_id = denominator_source.source_id
    LEFT JOIN breaks_inside AS numerator_break
        ON matched.numerator_series_id = numerator_break.series_id AND matched.numerator_time_period = numerator_break.time_period
    LEFT JOIN breaks_inside AS denominator_break
        ON matched.denominator_series_id = denominator_break.series_id AND matched.denominator_time_period = denominator_break.time_period
)
SELECT
    labelled.rate_id,
    rate_kind,
    question,
    labelled.time_period,
    period_start,
    period_end,
    dense_rank() OVER (
        PARTITION BY labelled.rate_id, labelled.time_period
        ORDER BY rate IS NULL, denominator DESC NULLS LAST, numerator DESC NULLS LAST, numerator_series_id, denominator_series_id, null_reasons
    ) AS cell_no,
    period_in_words,
    numerator,
    denominator,
    rate,
    rate_basis,
    rate_low,
    rate_high,
    null_reasons,
    overlap_days,
    numerator_series_id,
    numerator_measure,
    numerator_time_period,
    numerator_period_in_words,
    numerator_things,
    numerator_hedge || numerator_number || CASE WHEN numerator_basis = 'published' THEN ' percent' ELSE '' END AS numerator_figure,
    numerator_unit_label,
    numerator_scope_label,
    numerator_publication,
    numerator_kept_by,
    numerator_breaks,
    numerator_basis,
    numerator_obs_status,
    numerator_obs_note,
    numerator_ref_area,
    numerator_unit_of_count,
    numerator_offense_scope,
    numerator_jurisdiction,
    numerator_pathway,
    numerator_population,
    numerator_breakdown,
    numerator_source_id,
    denominator_series_id,
    denominator_measure,
    denominator_time_period,
    denominator_period_in_words,
    denominator_things,
    denominator_hedge || denominator_number AS denominator_figure,
    denominator_unit_label,
    denominator_scope_label,
    denominator_publication,
    denominator_kept_by,
    denominator_breaks,
    denominator_basis,
    denominator_obs_status,
    denominator_obs_note,
    denominator_ref_area,
    denominator_unit_of_count,
    denominator_offense_scope,
    denominator_jurisdiction,
    denominator_pathway,
    denominator_population,
    denominator_breakdown,
    denominator_source_id
FROM labelled;

COMMENT ON VIEW matched_periods_in_words IS 'The rows of matched_periods with both sides in words, as a reader would say them.';

-- For every row without a rate: the smallest missing thing that would fill it, who holds it, where it would appear.
-- The side below the line is asked for where it lacks a usable number for the period. The side above it is asked for where it lacks one,
-- or where its number does not lie within the number below: then only a count made within the cases below the line would do.
CREATE VIEW data_requests AS
WITH
outcomes (rate_kind, of_things, of_people, holders) AS (
    VALUES
    ('prosecution', 'led to a prosecution', 'were prosecuted', 'prosecutors and courts'),
    ('declination', 'ended in a decision not to prosecute', 'were declined', 'prosecutors'),
    ('disposition', 'were closed in the way asked for', 'had their matter closed in the way asked for', 'prosecutors and courts'),
    ('conviction', 'led to a conviction', 'were convicted', 'courts'),
    ('sentencing', 'led to a sentence', 'received the sentence asked for', 'courts'),
    ('arrest', 'led to an arrest', 'were arrested', 'police and task forces')
),
case_files (jurisdiction, holders) AS (
    VALUES
    ('us_federal', 'US attorneys and federal courts'),
    ('us_state_local', 'police, prosecutors and courts of the states'),
    ('us_all', 'police, prosecutors and courts, federal, state and local'),
    ('worldwide', 'police, prosecutors and courts of every country')
),
-- what the law asks for, where a collection is missing
laws (missing, law) AS (
    VALUES
    (
        'fate of reports',
        '18 U.S.C. 2258A has reports made available to law enforcement; no publication gathered here says what became of each'
    ),
    (
        'state cases',
        '34 U.S.C. 21116 asks task forces for the prosecutions and convictions in their own cases; it does not reach the other state cases'
    ),
    ('task force cases', '34 U.S.C. 21116 asks task forces for the prosecutions and convictions in their cases')
),
events_of_source AS (
    SELECT affected.source_id, string_agg(affected.title, '; ' ORDER BY affected.date_effective, affected.event_id) AS laws
    FROM (
        SELECT event_id, date_effective, title, unnest(string_split(affects, ', ')) AS source_id
        FROM policy_events
        WHERE kind IN ('statute', 'appropriation', 'bill')
    ) AS affected
    GROUP BY affected.source_id
),
-- rates both of whose sides have series, none of them in the unit and the population of the other side
sets_counted AS (
    SELECT DISTINCT rate_series.rate_id, rate_series.side, series.unit_of_count, series.statistical_population
    FROM rate_series
    JOIN series ON rate_series.series_no = series.series_no
),
rates_without_common_set AS (
    SELECT DISTINCT numerator_sets.rate_id
    FROM sets_counted AS numerator_sets
    JOIN sets_counted AS denominator_sets ON numerator_sets.rate_id = denominator_sets.rate_id AND denominator_sets.side = 'denominator'
    WHERE numerator_sets.side = 'numerator'
    EXCEPT
    SELECT numerator_sets.rate_id
    FROM sets_counted AS numerator_sets
    JOIN sets_counted AS denominator_sets USING (rate_id, unit_of_count, statistical_population)
    WHERE numerator_sets.side = 'numerator' AND denominator_sets.side = 'denominator'
),
gaps AS (
    SELECT
        cells.*,
        list_has_any(
            cells.null_reasons, ['denominator_missing', 'denominator_not_collected', 'denominator_suppressed', 'denominator_not_exact']
        )
        OR coalesce(cells.denominator_time_period <> cells.time_period AND list_contains(cells.null_reasons, 'period_mismatch'), FALSE)
        OR coalesce(cells.denominator_obs_status = 'U' AND list_contains(cells.null_reasons, 'low_reliability'), FALSE)
        OR cells.denominator_breaks IS NOT NULL AS asks_denominator,
        rates_without_common_set.rate_id IS NOT NULL OR list_contains(cells.null_reasons, 'unit_of_count_mismatch') AS counts_different_things,
        rates_without_common_set.rate_id IS NOT NULL
        OR list_has_any(
            cells.null_reasons,
            [
                'ref_area_mismatch', 'unit_of_count_mismatch', 'offense_scope_mismatch', 'jurisdiction_mismatch', 'pathway_mismatch',
                'population_mismatch', 'breakdown_mismatch', 'numerator_exceeds_denominator'
            ]
        ) AS asks_count_within,
        list_has_any(
            cells.null_reasons, ['numerator_missing', 'numerator_not_collected', 'numerator_suppressed', 'numerator_not_exact']
        )
        OR coalesce(cells.numerator_time_period <> cells.time_period AND list_contains(cells.null_reasons, 'period_mismatch'), FALSE)
        OR coalesce(cells.numerator_obs_status = 'U' AND list_contains(cells.null_reasons, 'low_reliability'), FALSE)
        OR cells.numerator_breaks IS NOT NULL AS asks_numerator
    FROM matched_periods_in_words AS cells
    LEFT JOIN rates_without_common_set ON cells.rate_id = rates_without_common_set.rate_id AND cells.rate_kind <> 'composition'
    WHERE cells.rate IS NULL
),
worded AS (
    SELECT
        gaps.*,
        CASE
            WHEN NOT gaps.asks_denominator THEN NULL
            WHEN gaps.numerator_basis = 'published' THEN 'The base of the printed percentage: the number that it is a share of.'
            WHEN gaps.denominator_series_id IS NULL THEN 'The number of ' || below.things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.denominator_obs_status = 'L'
                THEN 'A count, made by nobody so far, of ' || gaps.denominator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.denominator_obs_status = 'Q'
                THEN 'The number, withheld by its publisher, of ' || gaps.denominator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.denominator_time_period <> gaps.time_period
                THEN
                    'The exact number of ' || gaps.denominator_things || ', for ' || gaps.period_in_words
                    || ' or for months or quarters that make it up.'
            WHEN list_contains(gaps.null_reasons, 'denominator_not_exact')
                THEN
                    'The exact number behind the published "' || gaps.denominator_figure || '" of ' || gaps.denominator_things || ', for '
                    || gaps.period_in_words || '.'
            WHEN gaps.denominator_breaks IS NOT NULL
                THEN 'A recount under one rule of ' || gaps.denominator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.denominator IS NULL THEN 'The number of ' || gaps.denominator_things || ', for ' || gaps.period_in_words || '.'
            ELSE 'The original publication of ' || gaps.denominator_figure || ' ' || gaps.denominator_things || ', with its period.'
        END AS denominator_request,
        CASE
            WHEN NOT gaps.asks_numerator AND NOT gaps.asks_count_within THEN NULL
            WHEN gaps.numerator_basis = 'published'
                THEN 'The exact percentage, or the counts behind the published "' || gaps.numerator_figure || '".'
            WHEN gaps.asks_count_within OR (gaps.rate_kind <> 'composition' AND gaps.denominator IS NOT NULL AND gaps.numerator IS NULL)
                THEN
                    CASE
                        WHEN gaps.asks_denominator THEN 'And a count of how many of them '
                        ELSE
                            'A count of how many of the ' || gaps.denominator_figure || ' ' || gaps.denominator_things || ', for '
                            || gaps.period_in_words || ', '
                    END
                    || CASE
                        WHEN gaps.rate_kind = 'composition' THEN 'belong to ' || coalesce(gaps.numerator_things, above.things)
                        WHEN gaps.denominator_unit_of_count IN ('suspect_in_matter', 'defendant_in_case', 'sentenced_individual')
                            THEN outcomes.of_people
                        ELSE outcomes.of_things
                    END
                    || '.'
            WHEN gaps.numerator_series_id IS NULL THEN 'The number of ' || above.things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.numerator_obs_status = 'L'
                THEN 'A count, made by nobody so far, of ' || gaps.numerator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.numerator_obs_status = 'Q'
                THEN 'The number, withheld by its publisher, of ' || gaps.numerator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.numerator_time_period <> gaps.time_period
                THEN
                    'The exact number of ' || gaps.numerator_things || ', for ' || gaps.period_in_words
                    || ' or for months or quarters that make it up.'
            WHEN list_contains(gaps.null_reasons, 'numerator_not_exact')
                THEN
                    'The exact number behind the published "' || gaps.numerator_figure || '" of ' || gaps.numerator_things || ', for '
                    || gaps.period_in_words || '.'
            WHEN gaps.numerator_breaks IS NOT NULL
                THEN 'A recount under one rule of ' || gaps.numerator_things || ', for ' || gaps.period_in_words || '.'
            WHEN gaps.numerator IS NULL THEN 'The number of ' || gaps.numerator_things || ', for ' || gaps.period_in_words || '.'
            ELSE 'The original publication of ' || gaps.numerator_figure || ' ' || gaps.numerator_things || ', with its period.'
        END AS numerator_request,
        CASE
            WHEN NOT gaps.asks_denominator AND NOT gaps.counts_different_things AND coalesce(laws.missing, '') <> 'fate of reports' THEN NULL
            WHEN gaps.denominator_obs_status = 'L' THEN below_files.holders
            WHEN gaps.numerator_basis = 'published' THEN coalesce(gaps.numerator_kept_by, above.kept_by, gaps.numerator_publication)
            ELSE coalesce(gaps.denominator_kept_by, below.kept_by, outcomes.holders)
        END AS denominator_holder,
        CASE
            WHEN NOT gaps.asks_numerator AND NOT gaps.asks_count_within THEN NULL
            WHEN gaps.numerator_obs_status = 'L' THEN above_files.holders
            ELSE coalesce(gaps.numerator_kept_by, above.kept_by, outcomes.holders)
        END AS numerator_holder,
        CASE
            WHEN NOT gaps.asks_denominator OR gaps.denominator_obs_status = 'L' THEN NULL
            WHEN gaps.numerator_basis = 'published' THEN gaps.numerator_publication
            ELSE coalesce(gaps.denominator_publication, below.publications)
        END AS denominator_publication_asked,
        CASE
            WHEN gaps.numerator_obs_status = 'L' OR gaps.counts_different_things THEN NULL
            WHEN gaps.asks_numerator OR gaps.asks_count_within THEN coalesce(gaps.numerator_publication, above.publications)
        END AS numerator_publication_asked,
        coalesce(
            laws.law,
            CASE WHEN gaps.asks_numerator OR gaps.asks_count_within THEN above_events.laws END,
            CASE WHEN gaps.asks_denominator THEN below_events.laws END
        ) AS law,
        gaps.rate_kind <> 'composition'
        AND (gaps.asks_numerator OR gaps.asks_count_within)
        AND (gaps.counts_different_things OR coalesce(laws.missing = 'fate of reports', FALSE)) AS needs_linkage,
        resolutions.what_would_resolve
    FROM gaps
    LEFT JOIN outcomes ON gaps.rate_kind = outcomes.rate_kind
    LEFT JOIN rate_sides_in_words AS above ON gaps.rate_id = above.rate_id AND above.side = 'numerator'
    LEFT JOIN rate_sides_in_words AS below ON gaps.rate_id = below.rate_id AND below.side = 'denominator'
    LEFT JOIN case_files AS above_files ON gaps.numerator_jurisdiction = above_files.jurisdiction
    LEFT JOIN case_files AS below_files ON gaps.denominator_jurisdiction = below_files.jurisdiction
    LEFT JOIN laws
        ON laws.missing = CASE
            WHEN gaps.denominator_jurisdiction = 'us_state_local' AND gaps.denominator_obs_status = 'L' THEN 'state cases'
            WHEN gaps.numerator_jurisdiction = 'us_state_local' AND gaps.numerator_obs_status = 'L' THEN 'state cases'
            WHEN
                gaps.rate_kind <> 'composition'
                AND below.stage IN ('report', 'referral')
                AND (gaps.asks_numerator OR gaps.asks_count_within)
                AND gaps.numerator_basis IS DISTINCT FROM 'published'
                THEN 'fate of reports'
            WHEN gaps.numerator_population LIKE 'icac_%' THEN 'task force cases'
        END
    LEFT JOIN events_of_source AS above_events ON gaps.numerator_source_id = above_events.source_id
    LEFT JOIN events_of_source AS below_events ON gaps.denominator_source_id = below_events.source_id
    LEFT JOIN null_reasons AS resolutions ON gaps.null_reasons[1] = resolutions.code
)
SELECT
    worded.rate_id,
    rate_kind,
    question,
    worded.time_period,
    period_start,
    period_end,
    cell_no,
    numerator_series_id,
    denominator_series_id,
    null_reasons,
    CASE
        WHEN numerator_request IS NOT NULL AND denominator_request IS NOT NULL THEN 'both'
        WHEN numerator_request IS NOT NULL THEN 'numerator'
        WHEN denominator_request IS NOT NULL THEN 'denominator'
        ELSE 'neither'
    END AS missing_side,
    coalesce(nullif(concat_ws(' ', denominator_request, numerator_request), ''), what_would_resolve) AS request,
    CASE
        WHEN numerator_holder IS NULL AND denominator_holder IS NULL THEN 'not known: no source gathered here counts it'
        WHEN numerator_holder = denominator_holder OR denominator_holder IS NULL THEN numerator_holder
        WHEN numerator_holder IS NULL THEN denominator_holder
        ELSE denominator_holder || '; ' || numerator_holder
    END AS held_by,
    needs_linkage,
    CASE
        WHEN numerator_publication_asked = denominator_publication_asked THEN numerator_publication_asked
        ELSE nullif(concat_ws('; ', denominator_publication_asked, numerator_publication_asked), '')
    END AS publication,
    law
FROM worded;

-- Every pair of count series without a breakdown, axis by axis: do the two agree as the matching would have it? Unknown agrees with nothing.
-- On the axis `period` they agree where both publish a figure for one and the same period, or where the figures of one add up to a period
-- of the other exactly.
CREATE VIEW comparability AS
WITH
totals AS (
    SELECT
        series.series_no,
        series.series_id,
        series.source_id,
        series.measure,
        series.ref_area,
        series.unit_of_count,
        series.offense_scope,
        series.jurisdiction,
        series.pathway,
        series.statistical_population,
        min(editions.period_start) || '/' || max(editions.period_end) AS period
    FROM series
    JOIN series_observations AS editions ON series.series_no = editions.series_no
    WHERE series.unit_measure = 'count' AND series.breakdown = '' AND editions.superseded_on IS NULL
    GROUP BY ALL
),
axes AS (
    SELECT series_id, source_id, measure, 'period' AS axis, period AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'ref_area' AS axis, ref_area AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'unit_of_count' AS axis, unit_of_count AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'offense_scope' AS axis, offense_scope AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'jurisdiction' AS axis, jurisdiction AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'pathway' AS axis, pathway AS code FROM totals
    UNION ALL
    SELECT series_id, source_id, measure, 'statistical_population' AS axis, statistical_population AS code FROM totals
),
-- series that publish for the same periods share a calendar, so that calendars are compared, not every series with every other
figures AS (
    SELECT
        totals.series_id,
        editions.period_start,
        editions.period_end,
        editions.obs_value IS NOT NULL AND editions.value_qualifier = 'exact' AS may_be_summed
    FROM totals
    JOIN series_observations AS editions ON totals.series_no = editions.series_no
    WHERE editions.superseded_on IS NULL
),
periods_of_series AS (
    SELECT series_id, list(row(period_start, period_end, may_be_summed) ORDER BY period_start, period_end) AS periods
    FROM figures
    GROUP BY series_id
),
calendars AS (
    SELECT periods, min(series_id) AS calendar FROM periods_of_series GROUP BY periods
),
calendar_of_series AS (
    SELECT periods_of_series.series_id, calendars.calendar
    FROM periods_of_series
    JOIN calendars ON periods_of_series.periods = calendars.periods
),
calendar_periods AS (
    SELECT figures.series_id AS calendar, figures.period_start, figures.period_end, figures.may_be_summed
    FROM figures
    WHERE figures.series_id IN (SELECT calendar FROM calendars)
),
-- a figure that holds no finer figure of its series; one after the other without gap or overlap they make a run
finest AS (
    SELECT
        calendar,
        period_start,
        period_end,
        coalesce(
            period_end >= min(period_end) OVER (
                PARTITION BY calendar
                ORDER BY period_start DESC, period_end
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), FALSE
        ) AS holds_finer
    FROM calendar_periods
    WHERE may_be_summed
),
steps AS (
    SELECT
        calendar,
        period_start,
        period_end,
        coalesce(lag(period_end) OVER (PARTITION BY calendar ORDER BY period_start) + 1 <> period_start, TRUE) AS starts_run
    FROM finest
    WHERE NOT holds_finer
),
runs AS (
    SELECT
        calendar,
        period_start,
        period_end,
        sum(CAST(starts_run AS INTEGER)) OVER (PARTITION BY calendar ORDER BY period_start ROWS UNBOUNDED PRECEDING) AS run
    FROM steps
),
same_period AS (
    SELECT one.calendar AS one_calendar, other.calendar AS other_calendar, one.period_start, one.period_end
    FROM calendar_periods AS one
    JOIN calendar_periods AS other ON one.period_start = other.period_start AND one.period_end = other.period_end
),
tiled_period AS (
    SELECT first_tile.calendar AS one_calendar, whole.calendar AS other_calendar, whole.period_start, whole.period_end
    FROM calendar_periods AS whole
    JOIN runs AS first_tile ON whole.period_start = first_tile.period_start AND whole.period_end > first_tile.period_end
    JOIN runs AS last_tile
        ON first_tile.calendar = last_tile.calendar AND first_tile.run = last_tile.run AND whole.period_end = last_tile.period_end
),
-- in both directions, so that either series of a pair may be the finer one
met_both_ways AS (
    SELECT * FROM same_period
    UNION ALL SELECT * FROM tiled_period
    UNION ALL SELECT other_calendar, one_calendar, period_start, period_end FROM tiled_period
),
periods_in_common AS (
    SELECT one_calendar, other_calendar, count(DISTINCT row(period_start, period_end)) AS periods
    FROM met_both_ways
    GROUP BY one_calendar, other_calendar
)
SELECT
    first_series.series_id AS first_series_id,
    first_series.source_id AS first_source_id,
    first_series.measure AS first_measure,
    second_series.series_id AS second_series_id,
    second_series.source_id AS second_source_id,
    second_series.measure AS second_measure,
    first_series.axis,
    first_series.code AS first_code,
    second_series.code AS second_code,
    CASE
        WHEN first_series.axis = 'period' THEN coalesce(periods_in_common.periods > 0, FALSE)
        ELSE first_series.code = second_series.code AND first_series.code <> 'unknown'
    END AS agrees,
    CASE WHEN first_series.axis = 'period' THEN coalesce(periods_in_common.periods, 0) END AS shared_periods
FROM axes AS first_series
JOIN axes AS second_series ON first_series.axis = second_series.axis AND first_series.series_id < second_series.series_id
LEFT JOIN calendar_of_series AS first_calendar ON first_series.axis = 'period' AND first_series.series_id = first_calendar.series_id
LEFT JOIN calendar_of_series AS second_calendar ON second_series.axis = 'period' AND second_series.series_id = second_calendar.series_id
LEFT JOIN periods_in_common
    ON first_calendar.calendar = periods_in_common.one_calendar AND second_calendar.calendar = periods_in_common.other_calendar;

-- What can be said where no number can: a lower and an upper end, never a point between them. Kept apart from the rates on purpose.
CREATE VIEW bounds AS
WITH
-- exact totals of whole years that do not begin on 1 January, such as federal fiscal years
shifted_years AS (
    SELECT
        editions.series_no,
        editions.period_start,
        editions.period_end,
        editions.obs_value,
        month(editions.period_start) || '-' || day(editions.period_start) AS year_begins
    FROM series_observations AS editions
    JOIN series ON editions.series_no = series.series_no
    WHERE
        editions.superseded_on IS NULL
        AND series.unit_measure = 'count'
        AND editions.obs_value IS NOT NULL
        AND editions.value_qualifier = 'exact'
        AND editions.obs_status <> 'U'
        AND CAST(editions.period_start + to_years(1) AS DATE) = editions.period_end + 1
        AND dayofyear(editions.period_start) > 1
),
years_in_a_row AS (
    SELECT
        *,
        year(period_start) - row_number() OVER (PARTITION BY series_no, year_begins ORDER BY period_start) AS run,
        sum(obs_value) OVER (PARTITION BY series_no, year_begins ORDER BY period_start ROWS UNBOUNDED PRECEDING) AS sum_through
    FROM shifted_years
),
windows AS (
    SELECT
        first_year.series_no,
        make_date(year(first_year.period_start) + 1, 1, 1) AS period_start,
        make_date(year(last_year.period_start), 12, 31) AS period_end,
        last_year.sum_through - first_year.sum_through - last_year.obs_value AS lower_bound,
        last_year.sum_through - first_year.sum_through + first_year.obs_value AS upper_bound,
        first_year.period_start AS counted_from,
        last_year.period_end AS counted_through
    FROM years_in_a_row AS first_year
    JOIN years_in_a_row AS last_year
        ON first_year.series_no = last_year.series_no
        AND first_year.year_begins = last_year.year_begins
        AND first_year.run = last_year.run
        AND first_year.period_start < last_year.period_start
),
windows_under_one_rule AS (
    SELECT windows.*
    FROM windows
    ANTI JOIN series_breaks
        ON windows.series_no = series_breaks.series_no
        AND series_breaks.breaks_rate
        AND series_breaks.date > windows.counted_from
        AND series_breaks.date <= windows.counted_through
)
SELECT
    'years_bound_calendar_years' AS bound_kind,
    'count' AS bounds_what,
    CAST(NULL AS VARCHAR) AS rate_id,
    series.series_id,
    series.source_id,
    series.measure,
    series.ref_area,
    series.unit_of_count,
    series.offense_scope,
    series.jurisdiction,
    series.pathway,
    series.statistical_population,
    series.breakdown,
    year(windows.period_end) - year(windows.period_start) + 1 AS years,
    windows.period_start,
    windows.period_end,
    windows.lower_bound,
    windows.upper_bound,
    CAST([] AS VARCHAR[]) AS assumptions,
    'Totals of whole years from ' || windows.counted_from || ' to ' || windows.counted_through
    || ': those that lie inside the calendar years are the least, those that cover them are the most.' AS explanation
FROM windows_under_one_rule AS windows
JOIN series ON windows.series_no = series.series_no
UNION ALL
SELECT
    'published_as_bound',
    'count',
    NULL,
    series_id,
    source_id,
    measure,
    ref_area,
    unit_of_count,
    offense_scope,
    jurisdiction,
    pathway,
    statistical_population,
    breakdown,
    NULL,
    period_start,
    period_end,
    CASE WHEN value_qualifier = 'lt' THEN 0 ELSE obs_value END,
    CASE WHEN value_qualifier = 'lt' THEN obs_value END,
    ['the wording of the publisher is right'],
    CASE value_qualifier
        WHEN 'gt' THEN 'Published as more than this number.'
        WHEN 'ge' THEN 'Published as this number or more.'
        ELSE 'Published as less than this number.'
    END
FROM observations_current
WHERE unit_measure = 'count' AND value_qualifier IN ('gt', 'ge', 'lt') AND obs_value IS NOT NULL
UNION ALL
SELECT DISTINCT
    'federal_part_bounds_whole',
    'count',
    rate_id,
    numerator_series_id,
    numerator_source_id,
    numerator_measure,
    numerator_ref_area,
    numerator_unit_of_count,
    numerator_offense_scope,
    'us_all',
    numerator_pathway,
    numerator_population,
    numerator_breakdown,
    CAST(NULL AS BIGINT),
    period_start,
    period_end,
    numerator,
    CAST(NULL AS DOUBLE),
    ['what the states add is not less than nothing'],
    'The federal count alone; nobody counts what state and local authorities add.'
FROM matched_periods
WHERE
    list_contains(null_reasons, 'denominator_not_collected')
    AND numerator IS NOT NULL
    AND numerator_qualifier = 'exact'
    AND numerator_obs_status <> 'U'
    AND numerator_jurisdiction = 'us_federal'
    AND numerator_time_period = time_period
UNION ALL
SELECT
    CASE WHEN list_contains(null_reasons, 'unit_of_count_mismatch') THEN 'unit_mismatch_bounds_nothing' ELSE 'nothing_collected' END,
    'share',
    rate_id,
    denominator_series_id,
    denominator_source_id,
    denominator_measure,
    denominator_ref_area,
    denominator_unit_of_count,
    denominator_offense_scope,
    denominator_jurisdiction,
    denominator_pathway,
    denominator_population,
    denominator_breakdown,
    NULL,
    period_start,
    period_end,
    0,
    1,
    CAST([] AS VARCHAR[]),
    CASE
        WHEN list_contains(null_reasons, 'unit_of_count_mismatch')
            THEN 'One unit above the line may stand behind many below it, or behind none: every share from none to all fits the figures.'
        ELSE 'Nobody counts the events above the line: every share from none to all fits what is known.'
    END
FROM matched_periods
WHERE
    rate IS NULL
    AND denominator IS NOT NULL
    AND (list_contains(null_reasons, 'unit_of_count_mismatch') OR list_contains(null_reasons, 'numerator_not_collected'));
