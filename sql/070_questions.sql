-- One view per question that the project is asked. NULL is an answer here, and a reason stands beside it.

-- 1. What share of the reports ends in prosecution?
CREATE VIEW question_1_share_prosecuted AS
WITH
cells AS (
    SELECT DISTINCT ON (words.rate_id, words.time_period, words.cell_no) words.*
    FROM matched_periods_in_words AS words
    WHERE words.rate_kind = 'prosecution'
),
reasons AS (
    SELECT cells.rate_id, cells.time_period, cells.cell_no, string_agg(null_reasons.sentence, ' ' ORDER BY null_reasons.position) AS sentences
    FROM cells
    JOIN null_reasons ON list_contains(cells.null_reasons, null_reasons.code)
    GROUP BY cells.rate_id, cells.time_period, cells.cell_no
)
SELECT
    CASE
        WHEN cells.rate_id LIKE 'csam_reports_prosecuted%' THEN 'headline'
        WHEN below.stage IN ('report', 'referral') THEN 'built instead'
        ELSE 'neighbour'
    END AS role,
    cells.rate_id,
    cells.question,
    cells.time_period,
    cells.period_start,
    cells.period_end,
    cells.cell_no,
    cells.period_in_words,
    cells.numerator_figure,
    cells.numerator_things,
    cells.denominator_figure,
    cells.denominator_things,
    cells.rate AS prosecution_rate,
    cells.rate_basis,
    cells.rate_low,
    cells.rate_high,
    cells.null_reasons,
    reasons.sentences AS why_null
FROM cells
LEFT JOIN rate_sides_in_words AS below ON cells.rate_id = below.rate_id AND below.side = 'denominator'
LEFT JOIN reasons ON cells.rate_id = reasons.rate_id AND cells.time_period = reasons.time_period AND cells.cell_no = reasons.cell_no;

-- 2. How many reports are made each year, and how did that change? The United States, the world, and the parts that one key names.
CREATE VIEW question_2_reports_per_year AS
WITH
break_texts AS (
    SELECT
        years.series_id,
        years.period_end,
        string_agg(breaks.date || ': ' || coalesce(breaks.description, breaks.break_id), ' ' ORDER BY breaks.date, breaks.break_id) AS words
    FROM (SELECT series_id, period_end, unnest(breaks_between) AS break_id FROM changes WHERE change_kind = 'year') AS years
    JOIN breaks ON years.break_id = breaks.break_id
    GROUP BY years.series_id, years.period_end
)
SELECT
    year(changes.period_end) AS calendar_year,
    changes.time_period,
    changes.period_start,
    changes.period_end,
    changes.series_id,
    changes.source_id,
    changes.ref_area,
    changes.pathway,
    changes.statistical_population,
    changes.breakdown,
    changes.later_value AS reports,
    changes.later_qualifier AS value_qualifier,
    changes.later_status AS obs_status,
    changes.earlier_value AS reports_previous_year,
    changes.change,
    changes.pct_change,
    changes.why_no_change,
    changes.breaks_between,
    break_texts.words AS breaks_in_words
FROM changes
LEFT JOIN break_texts ON changes.series_id = break_texts.series_id AND changes.period_end = break_texts.period_end
WHERE
    changes.change_kind = 'year'
    AND changes.ref_area IN ('US', 'WORLD')
    AND changes.breakdown NOT LIKE '%;%'
    AND split_part(changes.breakdown, '=', 1) NOT IN ('esp', 'state', 'area_label', 'upload_location');

-- 3. What share of prosecutions is federal, what share state? The federal side alone is published; the state side is collected by nobody.
CREATE VIEW question_3_federal_and_state AS
SELECT DISTINCT
    words.rate_id,
    words.question,
    words.time_period,
    words.period_start,
    words.period_end,
    words.period_in_words,
    words.numerator_source_id AS federal_source_id,
    words.numerator_measure AS federal_measure,
    words.numerator_offense_scope AS federal_offense_scope,
    words.numerator_things AS federal_things,
    words.numerator AS federal_count,
    words.denominator_obs_status AS state_obs_status,
    words.denominator AS state_count,
    words.rate AS federal_share,
    words.null_reasons
FROM matched_periods_in_words AS words
WHERE words.rate_id LIKE 'federal_share_of_all_%' AND words.numerator_time_period = words.time_period;

-- 4. Why do cases not lead to prosecution? Whoever hands a suspect to another authority has not let go of the case: that is a transfer.
CREATE VIEW question_4_declinations AS
WITH
declined AS (
    SELECT *, nullif(regexp_extract(breakdown, '(?:^|;)declination_reason=([^;]*)', 1), '') AS reason
    FROM observations_current
    WHERE measure = 'suspects_declined'
),
coded AS (
    SELECT declined.*, declination_reasons.code, declination_reasons.label, declination_reasons.is_transfer_to_other_authority
    FROM declined
    LEFT JOIN declination_reasons ON upper(declined.reason) = declination_reasons.code
)
SELECT
    coded.series_id,
    coded.source_id,
    coded.time_period,
    coded.period_start,
    coded.period_end,
    coded.offense_scope,
    coded.statistical_population,
    coded.breakdown,
    coded.code AS reason_code,
    CASE
        WHEN coded.reason IS NULL THEN 'every reason'
        ELSE coalesce(coded.label, replace(coded.reason, '_', ' '))
    END AS reason,
    CASE
        WHEN coded.reason IS NULL THEN NULL
        ELSE coalesce(coded.is_transfer_to_other_authority, contains(coded.reason, 'other_authorit'))
    END AS is_transfer,
    coded.obs_value,
    coded.unit_measure,
    coded.value_qualifier,
    coded.obs_status,
    coded.base_value,
    coded.obs_note
FROM coded
UNION ALL
SELECT
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    declination_reasons.code,
    declination_reasons.label,
    declination_reasons.is_transfer_to_other_authority,
    NULL,
    NULL,
    NULL,
    NULL,
    NULL,
    'A reason US attorneys can record; no figure about it is gathered here.'
FROM declination_reasons
WHERE declination_reasons.code NOT IN (SELECT coded.code FROM coded WHERE coded.code IS NOT NULL);

-- 5. Do resources and funding matter? Money and results of the same fiscal year side by side; what caused what, they do not say.
CREATE VIEW question_5_resources_and_outputs AS
WITH
fiscal_years AS (
    SELECT current_figures.*, year(current_figures.period_end) AS fiscal_year
    FROM observations_current AS current_figures
    WHERE
        month(current_figures.period_start) = 10
        AND day(current_figures.period_start) = 1
        AND current_figures.period_end + 1 = CAST(current_figures.period_start + to_years(1) AS DATE)
),
funding AS (
    SELECT * FROM fiscal_years WHERE unit_measure = 'usd' AND breakdown = '' AND measure IN ('funds_appropriated', 'funds_awarded')
),
-- what people divide by reports: the numerators of the rates over reports and referrals
output_series AS (
    SELECT DISTINCT series.series_id
    FROM rate_series
    JOIN rate_sides_in_words AS below ON rate_series.rate_id = below.rate_id AND below.side = 'denominator'
    JOIN series ON rate_series.series_no = series.series_no
    JOIN measures ON series.measure = measures.code
    WHERE rate_series.side = 'numerator' AND below.stage IN ('report', 'referral') AND measures.stage NOT IN ('report', 'referral')
),
task_force_series AS (
    SELECT series.series_id
    FROM series
    JOIN measures ON series.measure = measures.code
    WHERE
        series.source_id IN (SELECT source_id FROM funding)
        AND series.unit_measure = 'count'
        AND series.breakdown = ''
        AND measures.stage IN ('investigation', 'arrest', 'charge', 'conviction')
),
outputs AS (
    SELECT *
    FROM fiscal_years
    WHERE series_id IN (SELECT series_id FROM output_series UNION SELECT series_id FROM task_force_series)
)
SELECT
    coalesce(funding.fiscal_year, outputs.fiscal_year) AS fiscal_year,
    funding.source_id AS funding_source_id,
    funding.measure AS funding_measure,
    funding.obs_value AS funding_usd,
    funding.value_qualifier AS funding_qualifier,
    outputs.source_id AS output_source_id,
    outputs.measure AS output_measure,
    outputs.offense_scope AS output_offense_scope,
    outputs.breakdown AS output_breakdown,
    outputs.unit_of_count AS output_unit_of_count,
    outputs.obs_value AS output,
    outputs.value_qualifier AS output_qualifier,
    outputs.obs_status AS output_obs_status,
    coalesce(funding.source_id = outputs.source_id, FALSE) AS is_same_program,
    CAST(NULL AS DOUBLE) AS effect_of_funding,
    'Money and results of one year stand side by side. A handful of years, without a comparison, cannot show that one caused the other.'
        AS why_no_effect
FROM funding
FULL JOIN outputs ON funding.fiscal_year = outputs.fiscal_year;

-- 6. What changed with law and technology? Laws, programmes and breaks in series, with the last figure before and the first after.
CREATE VIEW question_6_law_and_technology AS
WITH
national_series AS (
    SELECT series_id, series_no, source_id, measure, ref_area, pathway, breakdown
    FROM series
    WHERE
        unit_measure = 'count'
        AND ref_area IN ('US', 'WORLD')
        AND breakdown NOT LIKE '%;%'
        AND split_part(breakdown, '=', 1) NOT IN ('esp', 'state', 'area_label', 'upload_location')
),
entries AS (
    SELECT
        date_effective AS date,
        'event' AS entry_kind,
        event_id AS entry_id,
        title AS description,
        jurisdiction,
        kind AS event_kind,
        status_as_of,
        CAST(NULL AS BOOLEAN) AS breaks_rate,
        CAST(NULL AS BOOLEAN) AS breaks_change,
        url
    FROM policy_events
    UNION ALL
    SELECT date, 'break', break_id, description, NULL, NULL, NULL, breaks_rate, breaks_change, url FROM breaks
),
touched AS (
    SELECT 'event' AS entry_kind, affected.event_id AS entry_id, national_series.series_no
    FROM (SELECT event_id, unnest(string_split(affects, ', ')) AS source_id FROM policy_events) AS affected
    JOIN national_series ON affected.source_id = national_series.source_id
    UNION
    SELECT 'break', series_breaks.break_id, series_breaks.series_no
    FROM series_breaks
    JOIN national_series ON series_breaks.series_no = national_series.series_no
),
figures AS (
    SELECT touched.entry_kind, touched.entry_id, entries.date, editions.*
    FROM touched
    JOIN entries ON touched.entry_kind = entries.entry_kind AND touched.entry_id = entries.entry_id
    JOIN series_observations AS editions ON touched.series_no = editions.series_no
    WHERE editions.superseded_on IS NULL AND editions.obs_value IS NOT NULL
),
last_before AS (
    SELECT *
    FROM figures
    WHERE period_end < date
    QUALIFY row_number() OVER (PARTITION BY entry_kind, entry_id, series_no ORDER BY period_end DESC, period_start) = 1
),
first_after AS (
    SELECT *
    FROM figures
    WHERE period_start >= date
    QUALIFY row_number() OVER (PARTITION BY entry_kind, entry_id, series_no ORDER BY period_start, period_end DESC) = 1
)
SELECT
    entries.date,
    entries.entry_kind,
    entries.entry_id,
    entries.description,
    entries.jurisdiction,
    entries.event_kind,
    entries.status_as_of,
    entries.breaks_rate,
    entries.breaks_change,
    national_series.series_id,
    national_series.source_id,
    national_series.measure,
    national_series.ref_area,
    national_series.pathway,
    national_series.breakdown,
    last_before.time_period AS period_before,
    last_before.obs_value AS value_before,
    last_before.value_qualifier AS qualifier_before,
    first_after.time_period AS period_after,
    first_after.obs_value AS value_after,
    first_after.value_qualifier AS qualifier_after,
    CAST(NULL AS DOUBLE) AS pct_change,
    CASE
        WHEN entries.breaks_change THEN 'The two figures stand on different sides of a break: a percentage between them would mislead.'
        ELSE 'Before and after is not because of: nothing here separates this from everything else that changed.'
    END AS why_no_change,
    entries.url
FROM entries
LEFT JOIN touched ON entries.entry_kind = touched.entry_kind AND entries.entry_id = touched.entry_id
LEFT JOIN national_series ON touched.series_no = national_series.series_no
LEFT JOIN last_before
    ON touched.entry_kind = last_before.entry_kind AND touched.entry_id = last_before.entry_id AND touched.series_no = last_before.series_no
LEFT JOIN first_after
    ON touched.entry_kind = first_after.entry_kind AND touched.entry_id = first_after.entry_id AND touched.series_no = first_after.series_no;
