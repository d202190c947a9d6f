-- What US attorneys, the courts, the Sentencing Commission and the Bureau of Justice Statistics count for one and the same fiscal year,
-- side by side, with the recorded reasons why the counts differ, as the agencies once did for each other (NCJ 171680).
-- Views only. They call no macro of the project, so that they work without USE in a file that is merely attached.

-- The figures that stand side by side: counts of a whole fiscal year from the records of a federal agency that handles cases.
CREATE VIEW reconciled_figures AS
WITH
-- events that are the same step of a case, told differently by each agency
topics AS (
    SELECT listed.measure, listed.topic_no, listed.topic
    FROM (
        VALUES
        ('suspects_referred', 1, 'referred'), ('matters_received', 1, 'referred'),
        ('suspects_declined', 2, 'declined'), ('matters_declined', 2, 'declined'),
        ('suspects_in_matters_concluded', 3, 'concluded'),
        ('suspects_prosecuted', 4, 'prosecuted'), ('matters_prosecuted', 4, 'prosecuted'), ('indictments_returned', 4, 'prosecuted'),
        ('cases_filed', 4, 'prosecuted'), ('defendants_charged', 4, 'prosecuted'),
        ('cases_terminated', 5, 'closed'), ('defendants_terminated', 5, 'closed'),
        ('defendants_convicted', 6, 'convicted or sentenced'), ('defendants_sentenced', 6, 'convicted or sentenced'),
        ('defendants_sentenced_to_prison', 6, 'convicted or sentenced'), ('individuals_sentenced', 6, 'convicted or sentenced')
    ) AS listed (measure, topic_no, topic)
),
-- every offense at once: no count of abuse material, but the best place to see how much the counting itself differs
every_offense AS (
    SELECT listed.offense_scope
    FROM (VALUES ('federal_all_offenses'), ('ussc_primary_guideline'), ('ussc_offense_type')) AS listed (offense_scope)
),
-- federal scopes without abuse material, kept for contrast or ambiguous; whatever else is federal has some
other_subjects AS (
    SELECT listed.offense_scope
    FROM (
        VALUES
        ('usc18_1591_lead_charge'), ('usao_obscenity_non_child'), ('bjs_fjs_sexual_abuse'), ('ussc_organisations'),
        ('federal_adult_obscenity'), ('not_applicable'), ('unknown'),
        ('idb_ambiguous_any_charge'), ('idb_ambiguous_lead_charge'), ('lions_ambiguous_any_charge'), ('lions_ambiguous_lead_charge')
    ) AS listed (offense_scope)
),
-- parts of a scope that are about abuse material, or contain a part that is: the guideline group sexual abuse holds its production
parts AS (
    SELECT listed.part
    FROM (
        VALUES
        ('guideline=child_pornography'), ('guideline=sexual_abuse'), ('offense=child_pornography'),
        ('offense=child_pornography_possession'), ('offense=child_pornography_production'), ('offense=sexually_explicit_material'),
        ('offense=sexual_exploitation_and_other_abuse_of_children')
    ) AS listed (part)
),
counted AS (
    SELECT
        figures.*,
        year(figures.period_end) AS fiscal_year,
        populations.kept_by AS records_of,
        -- whether transfers between districts are counted is no part of the offense
        regexp_replace(figures.breakdown, '(^|;)transfers=[^;]*$', '') AS part
    FROM observations_current AS figures
    JOIN statistical_populations AS populations ON figures.statistical_population = populations.code
    WHERE
        figures.unit_measure = 'count'
        AND figures.ref_area = 'US'
        AND figures.jurisdiction = 'us_federal'
        AND populations.kept_by IN ('EOUSA', 'Administrative Office of the US Courts', 'USSC', 'Federal Judicial Center')
        AND month(figures.period_start) = 10
        AND day(figures.period_start) = 1
        AND figures.period_end + 1 = CAST(figures.period_start + to_years(1) AS DATE)
)
SELECT
    counted.fiscal_year,
    CASE
        WHEN counted.part = '' AND counted.offense_scope IN (SELECT every_offense.offense_scope FROM every_offense) THEN 'every offense'
        ELSE 'abuse material'
    END AS subject,
    topics.topic_no,
    topics.topic,
    -- BJS publishes from the records of the others; any other publisher stands for the agency whose records it prints
    CASE WHEN counted.source_id LIKE 'bjs\_%' ESCAPE '\' THEN 'BJS' ELSE counted.records_of END AS agency,
    counted.records_of,
    CASE
        WHEN counted.source_id LIKE 'bjs\_%' ESCAPE '\' THEN 'BJS from the records of ' || counted.records_of
        ELSE counted.records_of
    END AS counted_by,
    counted.source_id,
    coalesce(sources.producer || ': "' || sources.title || '"', counted.source_id) AS publication,
    counted.measure,
    counted.unit_of_count,
    counted.offense_scope,
    counted.pathway,
    counted.statistical_population,
    counted.breakdown,
    counted.time_period,
    counted.period_start,
    counted.period_end,
    counted.obs_value,
    counted.value_qualifier,
    counted.obs_status,
    counted.published_on,
    counted.obs_note,
    counted.source_locator,
    counted.url,
    counted.series_id,
    CASE counted.value_qualifier
        WHEN 'approx' THEN 'about ' WHEN 'rounded' THEN 'about ' WHEN 'gt' THEN 'more than ' WHEN 'ge' THEN 'at least '
        WHEN 'lt' THEN 'less than ' ELSE ''
    END
    || CASE
        WHEN counted.obs_value = floor(counted.obs_value) AND counted.obs_value < 1e15
            THEN format('{:,}', CAST(counted.obs_value AS BIGINT))
        ELSE coalesce(CAST(counted.obs_value AS VARCHAR), 'no value')
    END AS figure
FROM counted
JOIN topics ON counted.measure = topics.measure
LEFT JOIN sources ON counted.source_id = sources.source_id
WHERE
    counted.offense_scope NOT IN (SELECT other_subjects.offense_scope FROM other_subjects)
    AND (
        counted.part = ''
        OR counted.part IN (SELECT parts.part FROM parts)
        OR (counted.part = 'offense=sexual_abuse' AND counted.offense_scope = 'ussc_sex_offenses_2019')
    );

-- One row per figure, other figure of the same year and subject, and axis on which the two differ. A figure is compared with those of
-- other agencies, and with those that its own agency takes from other records.
CREATE VIEW reconciliation_differences AS
WITH
breaks_inside AS (
    SELECT
        figures.series_id,
        figures.fiscal_year,
        string_agg(breaks.date || ': ' || rtrim(coalesce(breaks.description, breaks.break_id), '.'), '; ' ORDER BY breaks.date, breaks.break_id)
            AS words
    FROM reconciled_figures AS figures
    JOIN series ON figures.series_id = series.series_id
    JOIN series_breaks
        ON series.series_no = series_breaks.series_no
        AND series_breaks.breaks_rate
        AND series_breaks.date > figures.period_start
        AND series_breaks.date <= figures.period_end
    JOIN breaks ON series_breaks.break_id = breaks.break_id
    GROUP BY figures.series_id, figures.fiscal_year
),
-- every axis of a figure with its code, and with the words that the code lists have for it
worded AS (
    SELECT
        figures.*,
        measures.label AS measure_words,
        units.label || coalesce(' (' || rtrim(units.note, '.') || ')', '') AS unit_words,
        populations.label || coalesce(' (' || rtrim(populations.note, '.') || ')', '') AS population_words,
        scopes.label
        || coalesce(' (takes in: ' || scopes.includes || coalesce('; leaves out: ' || scopes.excludes, '') || ')', '') AS scope_words,
        pathways.label AS pathway_words,
        qualifiers.label AS qualifier_words,
        statuses.label || coalesce(' (' || rtrim(statuses.used_here_for, '.') || ')', '') AS status_words,
        breaks_inside.words AS break_words
    FROM reconciled_figures AS figures
    JOIN measures ON figures.measure = measures.code
    JOIN units_of_count AS units ON figures.unit_of_count = units.code
    JOIN statistical_populations AS populations ON figures.statistical_population = populations.code
    JOIN offense_scopes AS scopes ON figures.offense_scope = scopes.code
    JOIN pathways ON figures.pathway = pathways.code
    JOIN value_qualifiers AS qualifiers ON figures.value_qualifier = qualifiers.code
    JOIN obs_statuses AS statuses ON figures.obs_status = statuses.code
    LEFT JOIN breaks_inside ON figures.series_id = breaks_inside.series_id AND figures.fiscal_year = breaks_inside.fiscal_year
),
axes AS (
    SELECT fiscal_year, series_id, 1 AS axis_no, 'records' AS axis, records_of AS code, records_of AS words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 2, 'measure', measure, measure_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 3, 'unit_of_count', unit_of_count, unit_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 4, 'statistical_population', statistical_population, population_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 5, 'offense_scope', offense_scope, scope_words FROM worded
    UNION ALL
    SELECT
        fiscal_year, series_id, 6, 'breakdown', breakdown,
        CASE
            WHEN breakdown = '' THEN 'the whole of its scope'
            ELSE 'only ' || replace(replace(replace(breakdown, '_', ' '), '=', ': '), ';', ', ')
        END
    FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 7, 'pathway', pathway, pathway_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 8, 'value_qualifier', value_qualifier, qualifier_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 9, 'obs_status', obs_status, status_words FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 10, 'series_break', coalesce(break_words, ''), coalesce(break_words, 'none') FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 11, 'obs_note', coalesce(obs_note, ''), coalesce(rtrim(obs_note, '.'), 'none') FROM worded
    UNION ALL
    SELECT fiscal_year, series_id, 12, 'published_on', published_on, published_on FROM worded WHERE published_on IS NOT NULL
),
leads AS (
    SELECT listed.axis, listed.lead_in
    FROM (
        VALUES
        ('records', 'Whose records are counted'), ('measure', 'Which event is counted'), ('unit_of_count', 'What one unit is'),
        ('statistical_population', 'Among what it is counted'), ('offense_scope', 'Which offenses are meant'),
        ('breakdown', 'Which part of them'), ('pathway', 'Which way the material came about'),
        ('value_qualifier', 'How exactly it is printed'), ('obs_status', 'How far the figure can be relied on'),
        ('series_break', 'Which counting rules change within the year'), ('obs_note', 'What is noted on the figure'),
        ('published_on', 'When it was printed')
    ) AS listed (axis, lead_in)
),
pairs AS (
    SELECT
        own.fiscal_year,
        own.subject,
        own.topic,
        own.agency,
        own.source_id,
        own.series_id,
        own.measure,
        own.obs_value,
        other.topic AS other_topic,
        other.agency AS other_agency,
        other.counted_by AS other_counted_by,
        other.source_id AS other_source_id,
        other.series_id AS other_series_id,
        other.measure AS other_measure,
        other.obs_value AS other_obs_value,
        other.figure AS other_figure,
        own.topic_no = other.topic_no AS is_same_topic
    FROM reconciled_figures AS own
    JOIN reconciled_figures AS other
        ON own.fiscal_year = other.fiscal_year
        AND own.subject = other.subject
        AND (own.agency <> other.agency OR own.records_of <> other.records_of)
),
differences AS (
    SELECT
        pairs.*,
        own_axis.axis_no,
        own_axis.axis,
        own_axis.code,
        other_axis.code AS other_code,
        leads.lead_in || ': ' || own_axis.words AS own_words,
        other_axis.words AS other_words
    FROM pairs
    JOIN axes AS own_axis ON pairs.fiscal_year = own_axis.fiscal_year AND pairs.series_id = own_axis.series_id
    JOIN axes AS other_axis
        ON pairs.fiscal_year = other_axis.fiscal_year
        AND pairs.other_series_id = other_axis.series_id
        AND own_axis.axis_no = other_axis.axis_no
        AND own_axis.code <> other_axis.code
    JOIN leads ON own_axis.axis = leads.axis
),
-- two values that differ although nothing that could tell the counts apart is on record: when they were printed may or may not be why
unexplained AS (
    SELECT
        pairs.*,
        13 AS axis_no,
        'unexplained' AS axis,
        CAST(NULL AS VARCHAR) AS code,
        CAST(NULL AS VARCHAR) AS other_code,
        'On record here nothing tells this count from the other, yet the two differ' AS own_words,
        'neither publication says why' AS other_words
    FROM pairs
    ANTI JOIN (SELECT * FROM differences WHERE differences.axis <> 'published_on') AS known
        ON pairs.fiscal_year = known.fiscal_year AND pairs.series_id = known.series_id AND pairs.other_series_id = known.other_series_id
    WHERE pairs.obs_value <> pairs.other_obs_value
)
SELECT
    every_difference.fiscal_year,
    every_difference.subject,
    every_difference.topic,
    every_difference.agency,
    every_difference.source_id,
    every_difference.series_id,
    every_difference.measure,
    every_difference.obs_value,
    every_difference.other_topic,
    every_difference.other_agency,
    every_difference.other_counted_by,
    every_difference.other_source_id,
    every_difference.other_series_id,
    every_difference.other_measure,
    every_difference.other_obs_value,
    every_difference.other_figure,
    every_difference.is_same_topic,
    every_difference.axis_no,
    every_difference.axis,
    every_difference.code,
    every_difference.other_code,
    every_difference.own_words,
    every_difference.other_words,
    every_difference.own_words || '. Of the other figure, ' || every_difference.other_figure || ' (' || every_difference.other_counted_by || '): '
    || every_difference.other_words || '.' AS sentence
FROM (SELECT * FROM differences UNION ALL SELECT * FROM unexplained) AS every_difference;

-- The years in which two agencies, or the records of two, have a count of a subject: one row per figure, with what stands against it.
CREATE VIEW reconciliation AS
WITH
against AS (
    SELECT
        own.fiscal_year,
        own.series_id,
        list(DISTINCT other.counted_by ORDER BY other.counted_by) AS compared_with,
        string_agg(
            other.counted_by || ': ' || other.figure || ' ' || lower(measures.label[1]) || measures.label[2:], '; '
            ORDER BY other.topic_no, other.agency, other.source_id, other.series_id
        ) AS figures_elsewhere,
        bool_or(own.topic_no = other.topic_no) AS has_same_topic
    FROM reconciled_figures AS own
    JOIN reconciled_figures AS other
        ON own.fiscal_year = other.fiscal_year
        AND own.subject = other.subject
        AND (own.agency <> other.agency OR own.records_of <> other.records_of)
    JOIN measures ON other.measure = measures.code
    GROUP BY own.fiscal_year, own.series_id
),
-- what several figures have in common is said once, with the figures that have it
shared_words AS (
    SELECT
        fiscal_year,
        series_id,
        axis_no,
        own_words,
        other_words,
        string_agg(DISTINCT other_counted_by || ' ' || other_figure, ', ' ORDER BY other_counted_by || ' ' || other_figure) AS figures
    FROM reconciliation_differences
    WHERE is_same_topic
    GROUP BY fiscal_year, series_id, axis_no, own_words, other_words
),
sentences AS (
    SELECT
        fiscal_year,
        series_id,
        axis_no,
        own_words || '. Elsewhere: ' || string_agg(other_words || ' [' || figures || ']', '; ' ORDER BY figures, other_words) || '.' AS sentence
    FROM shared_words
    GROUP BY fiscal_year, series_id, axis_no, own_words
),
reasons AS (
    SELECT fiscal_year, series_id, list(sentence ORDER BY axis_no) AS sentences
    FROM sentences
    GROUP BY fiscal_year, series_id
)
SELECT
    figures.fiscal_year,
    figures.subject,
    figures.topic_no,
    figures.topic,
    figures.agency,
    figures.records_of,
    figures.source_id,
    figures.publication,
    figures.measure,
    figures.unit_of_count,
    figures.offense_scope,
    figures.pathway,
    figures.statistical_population,
    figures.breakdown,
    figures.time_period,
    figures.obs_value,
    figures.value_qualifier,
    figures.obs_status,
    figures.published_on,
    against.compared_with,
    against.figures_elsewhere,
    CASE
        WHEN against.has_same_topic THEN coalesce(reasons.sentences, CAST([] AS VARCHAR[]))
        ELSE
            [
                'No count of this step (' || figures.topic || ') from another agency or from other records is gathered for the year: '
                || 'what stands beside it counts other steps, and a count of one step is no part of a count of another.'
            ]
    END AS why_they_differ,
    figures.obs_note,
    figures.source_locator,
    figures.url,
    figures.series_id
FROM reconciled_figures AS figures
JOIN against ON figures.fiscal_year = against.fiscal_year AND figures.series_id = against.series_id
LEFT JOIN reasons ON figures.fiscal_year = reasons.fiscal_year AND figures.series_id = reasons.series_id;
