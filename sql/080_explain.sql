-- The matched-period table in sentences that can be quoted: what was counted, by whom, for when, what differs, what would be needed.
-- explanations is a view and works on an attached file; explain(rate_id, time_period) is its short form, after USE.
-- Views that the macro reads name rate_id and time_period with their table: bare, they would be taken for its arguments.

CREATE VIEW explanations AS
WITH
cells AS (
    SELECT DISTINCT ON (words.rate_id, words.time_period, words.cell_no) words.* FROM matched_periods_in_words AS words
),
answers AS (
    SELECT
        *,
        -- a percentage with two decimals, or with as many as a small one needs
        regexp_replace(
            format('{:.9f}', round(100 * rate, CASE WHEN rate >= 0.001 OR rate = 0 THEN 2 ELSE CAST(1 - floor(log10(100 * rate)) AS INTEGER) END)),
            '\.?0+$', ''
        ) AS percentage,
        regexp_replace(format('{:.9f}', round(100 * rate_low, 6)), '\.?0+$', '') AS percentage_low,
        regexp_replace(format('{:.9f}', round(100 * rate_high, 6)), '\.?0+$', '') AS percentage_high
    FROM cells
),
opening AS (
    SELECT
        answers.rate_id,
        answers.time_period,
        answers.cell_no,
        1 AS part,
        0 AS position,
        CASE
            WHEN rate IS NULL
                THEN
                    'For ' || period_in_words || ' no percentage can be given in answer to "' || question || '": '
                    || CASE len(null_reasons) WHEN 1 THEN 'one reason stands' ELSE len(null_reasons) || ' reasons stand' END || ' against it.'
            WHEN rate_basis = 'published'
                THEN
                    '"' || question || '" For ' || period_in_words || ' the answer is ' || percentage || ' percent of ' || denominator_figure
                    || ', as the publisher prints it'
                    || CASE
                        WHEN rate_low < rate_high
                            THEN '; rounded as it is, it may stand for anything from ' || percentage_low || ' to ' || percentage_high || ' percent'
                        ELSE ''
                    END
                    || '.'
            ELSE
                '"' || question || '" For ' || period_in_words || ' the answer is ' || percentage || ' percent: ' || numerator_figure || ' of '
                || denominator_figure || '.'
        END AS sentence
    FROM answers
),
above_the_line AS (
    SELECT
        cells.rate_id,
        cells.time_period,
        cells.cell_no,
        2 AS part,
        0 AS position,
        CASE
            WHEN cells.numerator_series_id IS NULL
                THEN 'Above the line nothing is published for this period; looked for were ' || sought.things || '.'
            WHEN cells.numerator IS NULL
                THEN
                    'Above the line belongs the number of ' || cells.numerator_things || ', for ' || cells.numerator_period_in_words
                    || CASE cells.numerator_obs_status
                        WHEN 'L' THEN '; nobody collects it.'
                        WHEN 'Q' THEN '; its publisher withholds it.'
                        ELSE '; it is missing in the publication.'
                    END
            WHEN cells.numerator_basis = 'published'
                THEN
                    'What is counted: ' || cells.numerator_things || ', as a share of ' || coalesce(cells.denominator_figure || ' ', '')
                    || lower(populations.label[1]) || populations.label[2:] || ', for ' || cells.numerator_period_in_words
                    || '; the printed figure is ' || cells.numerator_figure || '.'
            ELSE
                'Above the line: ' || cells.numerator_figure || ' ' || cells.numerator_things || ', for ' || cells.numerator_period_in_words
                || CASE WHEN cells.numerator_basis = 'tiled' THEN ', added up from shorter periods that fill it exactly' ELSE '' END || '.'
        END
        || CASE
            WHEN cells.numerator_obs_status = 'L' OR cells.numerator_series_id IS NULL THEN ''
            ELSE
                coalesce(' Counted from the records of ' || cells.numerator_kept_by || ', published by ', ' Published by ')
                || cells.numerator_publication || '.'
        END
        || coalesce(' Note on the figure: ' || rtrim(cells.numerator_obs_note, '.') || '.', '') AS sentence
    FROM cells
    LEFT JOIN rate_sides_in_words AS sought ON cells.rate_id = sought.rate_id AND sought.side = 'numerator'
    LEFT JOIN statistical_populations AS populations ON cells.numerator_population = populations.code
),
below_the_line AS (
    SELECT
        cells.rate_id,
        cells.time_period,
        cells.cell_no,
        3 AS part,
        0 AS position,
        CASE
            WHEN cells.denominator_series_id IS NULL
                THEN 'Below the line nothing is published for this period; looked for were ' || sought.things || '.'
            WHEN cells.denominator IS NULL
                THEN
                    'Below the line belongs the number of ' || cells.denominator_things || ', for ' || cells.denominator_period_in_words
                    || CASE cells.denominator_obs_status
                        WHEN 'L' THEN '; nobody collects it.'
                        WHEN 'Q' THEN '; its publisher withholds it.'
                        ELSE '; it is missing in the publication.'
                    END
            ELSE
                'Below the line: ' || cells.denominator_figure || ' ' || cells.denominator_things || ', for '
                || cells.denominator_period_in_words
                || CASE WHEN cells.denominator_basis = 'tiled' THEN ', added up from shorter periods that fill it exactly' ELSE '' END || '.'
        END
        || CASE
            WHEN cells.denominator_obs_status = 'L' OR cells.denominator_series_id IS NULL THEN ''
            ELSE
                coalesce(' Counted from the records of ' || cells.denominator_kept_by || ', published by ', ' Published by ')
                || cells.denominator_publication || '.'
        END
        || coalesce(' Note on the figure: ' || rtrim(cells.denominator_obs_note, '.') || '.', '') AS sentence
    FROM cells
    LEFT JOIN rate_sides_in_words AS sought ON cells.rate_id = sought.rate_id AND sought.side = 'denominator'
    WHERE cells.numerator_basis IS DISTINCT FROM 'published'
),
reasons AS (
    SELECT
        cells.rate_id,
        cells.time_period,
        cells.cell_no,
        4 AS part,
        null_reasons.position,
        null_reasons.sentence
        || coalesce(
            ' In this case: '
            || CASE null_reasons.code
                WHEN 'numerator_not_exact' THEN '"' || cells.numerator_figure || '"'
                WHEN 'denominator_not_exact' THEN '"' || cells.denominator_figure || '"'
                WHEN 'low_reliability'
                    THEN CASE
                        WHEN cells.numerator_obs_status = 'U' AND cells.denominator_obs_status = 'U' THEN 'both numbers'
                        WHEN cells.numerator_obs_status = 'U' THEN 'the number above the line'
                        ELSE 'the number below the line'
                    END
                WHEN 'period_mismatch'
                    THEN
                        cells.numerator_period_in_words || ' above the line, ' || cells.denominator_period_in_words || ' below it, '
                        || CASE
                            WHEN cells.overlap_days > 1 THEN 'with ' || cells.overlap_days || ' days in common'
                            WHEN cells.overlap_days = 1 THEN 'with one day in common'
                            ELSE 'with no day in common'
                        END
                WHEN 'ref_area_mismatch' THEN cells.numerator_ref_area || ' above the line, ' || cells.denominator_ref_area || ' below it'
                WHEN 'unit_of_count_mismatch'
                    THEN
                        lower(cells.numerator_unit_label[1]) || cells.numerator_unit_label[2:] || ' (' || cells.numerator_unit_of_count
                        || ') above the line, ' || lower(cells.denominator_unit_label[1]) || cells.denominator_unit_label[2:] || ' ('
                        || cells.denominator_unit_of_count || ') below it'
                WHEN 'offense_scope_mismatch'
                    THEN
                        '"' || cells.numerator_scope_label || '" (' || cells.numerator_offense_scope || ') above the line, "'
                        || cells.denominator_scope_label || '" (' || cells.denominator_offense_scope || ') below it'
                WHEN 'jurisdiction_mismatch'
                    THEN
                        '"' || numerator_authorities.label || '" (' || cells.numerator_jurisdiction || ') above the line, "'
                        || denominator_authorities.label || '" (' || cells.denominator_jurisdiction || ') below it'
                WHEN 'pathway_mismatch'
                    THEN
                        '"' || numerator_path.label || '" (' || cells.numerator_pathway || ') above the line, "' || denominator_path.label
                        || '" (' || cells.denominator_pathway || ') below it'
                WHEN 'population_mismatch'
                    THEN
                        '"' || numerator_set.label || '" (' || cells.numerator_population || ') above the line, "' || denominator_set.label
                        || '" (' || cells.denominator_population || ') below it'
                WHEN 'breakdown_mismatch'
                    THEN
                        coalesce(nullif(cells.numerator_breakdown, ''), 'the total') || ' above the line, '
                        || coalesce(nullif(cells.denominator_breakdown, ''), 'the total') || ' below it'
                WHEN 'series_break' THEN rtrim(concat_ws(' ', cells.numerator_breaks, cells.denominator_breaks), '.')
                WHEN 'numerator_exceeds_denominator' THEN cells.numerator_figure || ' above the line, ' || cells.denominator_figure || ' below it'
            END || '.', ''
        ) AS sentence
    FROM cells
    JOIN null_reasons ON list_contains(cells.null_reasons, null_reasons.code)
    LEFT JOIN jurisdictions AS numerator_authorities ON cells.numerator_jurisdiction = numerator_authorities.code
    LEFT JOIN jurisdictions AS denominator_authorities ON cells.denominator_jurisdiction = denominator_authorities.code
    LEFT JOIN pathways AS numerator_path ON cells.numerator_pathway = numerator_path.code
    LEFT JOIN pathways AS denominator_path ON cells.denominator_pathway = denominator_path.code
    LEFT JOIN statistical_populations AS numerator_set ON cells.numerator_population = numerator_set.code
    LEFT JOIN statistical_populations AS denominator_set ON cells.denominator_population = denominator_set.code
),
basis AS (
    SELECT
        cells.rate_id,
        cells.time_period,
        cells.cell_no,
        5 AS part,
        0 AS position,
        CASE
            WHEN cells.rate_basis = 'published'
                THEN 'The percentage is the publisher''s own and stands beside its own base; no count is worked out from it.'
            WHEN len(rates.varies) > 0
                THEN
                    'Both are exact published counts, and the first lies within the second: they differ only in '
                    || replace(array_to_string(rates.varies, ', '), '_', ' ') || '.'
            ELSE 'Both are exact published counts that agree in period, area, unit, offenses, authorities, pathway and population.'
        END
        || CASE
            WHEN cells.rate_kind = 'prosecution' AND cells.numerator_unit_of_count NOT LIKE 'report%'
                THEN
                    ' It is a share of ' || lower(populations.label[1]) || populations.label[2:]
                    || ', and says nothing about what becomes of reports.'
            ELSE ''
        END
        || coalesce(' Not counted here: ' || rtrim(lower(sources.does_not_count[1]) || sources.does_not_count[2:], '.') || '.', '') AS sentence
    FROM cells
    JOIN rates ON cells.rate_id = rates.rate_id
    LEFT JOIN statistical_populations AS populations ON cells.numerator_population = populations.code
    LEFT JOIN sources ON cells.numerator_source_id = sources.source_id
    WHERE cells.rate IS NOT NULL
),
needed AS (
    SELECT
        asked.rate_id,
        asked.time_period,
        asked.cell_no,
        6 AS part,
        0 AS position,
        'What would be needed: ' || lower(asked.request[1]) || asked.request[2:] || ' Held by: ' || asked.held_by || '.'
        || CASE WHEN asked.needs_linkage THEN ' The records would have to be linked from the one to the other.' ELSE '' END
        || coalesce(' It would belong in: ' || asked.publication || '.', '') || coalesce(' On the law: ' || asked.law || '.', '') AS sentence
    FROM data_requests AS asked
    GROUP BY ALL
),
sentences AS (
    SELECT * FROM opening
    UNION ALL SELECT * FROM above_the_line
    UNION ALL SELECT * FROM below_the_line
    UNION ALL SELECT * FROM reasons
    UNION ALL SELECT * FROM basis
    UNION ALL SELECT * FROM needed
)
SELECT
    sentences.rate_id,
    sentences.time_period,
    sentences.cell_no,
    row_number() OVER (
        PARTITION BY sentences.rate_id, sentences.time_period, sentences.cell_no
        ORDER BY sentences.part, sentences.position
    ) AS sentence_no,
    sentences.sentence
FROM sentences;

-- One sentence per row; a rate and period of which the table has no row gives one sentence that says so.
CREATE MACRO explain(rate_id, time_period) AS TABLE
SELECT found.asked_rate AS rate_id, found.asked_period AS time_period, found.cell_no, found.sentence_no, found.sentence
FROM explanations AS found (asked_rate, asked_period, cell_no, sentence_no, sentence)
WHERE found.asked_rate = rate_id AND found.asked_period = time_period
UNION ALL
SELECT
    rate_id,
    time_period,
    0,
    1,
    'The matched-period table has no row for the rate ' || rate_id || ' and the period ' || time_period
    || ': see coverage for the rates and periods it has.'
WHERE NOT EXISTS (
    SELECT 1
    FROM matched_periods AS known (asked_rate, asked_kind, asked_question, asked_period)
    WHERE known.asked_rate = rate_id AND known.asked_period = time_period
)
ORDER BY cell_no, sentence_no;
