-- The matches: the table they are written to, under the law of the house, and what they say in words.
-- How matched_periods itself comes to be, in a release and in the stand-alone command, stands in sql/matched_periods/.

-- (Compression is named where it is known, since trying every kind is a fifth of the writing: series, attributes and reasons come in runs,
-- counts are decimals, rates are not.
-- The lint does not know the clause.)
CREATE TABLE matches ( -- noqa: PRS
    rate_no INTEGER USING COMPRESSION rle NOT NULL,
    numerator_series_no INTEGER USING COMPRESSION rle,
    denominator_series_no INTEGER USING COMPRESSION rle,
    period_no INTEGER USING COMPRESSION bitpacking NOT NULL,
    numerator DOUBLE USING COMPRESSION alp,
    denominator DOUBLE USING COMPRESSION alp,
    rate DOUBLE USING COMPRESSION alprd,
    reason_bits INTEGER USING COMPRESSION rle NOT NULL,
    numerator_partner_no INTEGER USING COMPRESSION rle,
    numerator_attributes_no INTEGER USING COMPRESSION rle,
    denominator_partner_no INTEGER USING COMPRESSION rle,
    denominator_attributes_no INTEGER USING COMPRESSION rle,
    -- a rate or the reasons for its absence, never both, never neither
    CHECK ((rate IS NULL) = (reason_bits <> 0)),
    CHECK (reason_bits >= 0 AND reason_bits < 1 << 21),
    CHECK (isfinite(rate) AND rate >= 0)
);

COMMENT ON TABLE matches IS
    'The matched-period table in numbers: one row per rate, pair of series and period, by the laws of the house; matched_periods says it in words.';
COMMENT ON COLUMN matches.rate_no IS 'Number of the declared rate within this release.';
COMMENT ON COLUMN matches.numerator_series_no IS
    'Series above the line, also where it shows nothing for the period; NULL where the rate selects none.';
COMMENT ON COLUMN matches.denominator_series_no IS
    'Series below the line, also where it shows nothing for the period; NULL where the rate selects none.';
COMMENT ON COLUMN matches.period_no IS 'Target period: a row of periods, as it is published here.';
COMMENT ON COLUMN matches.numerator IS 'Number above the line as published or added up; for a published percentage the percentage itself.';
COMMENT ON COLUMN matches.denominator IS
    'Number below the line as published or added up; for a published percentage the base that the publisher states.';
COMMENT ON COLUMN matches.rate IS 'Numerator over denominator as a share of 1 (0.6 is 60 percent); NULL where any reason stands.';
COMMENT ON COLUMN matches.reason_bits IS
    'Every reason why there is no rate, as a number: the reason at position p of null_reasons is bit p - 1; 0 where the rate stands.';
COMMENT ON COLUMN matches.numerator_partner_no IS
    'Period that the number above the line covers, where that is not the target: what is shown in the place of a missing figure.';
COMMENT ON COLUMN matches.numerator_attributes_no IS
    'What is said about the number above the line: a row of side_attributes; NULL where the side shows nothing.';
COMMENT ON COLUMN matches.denominator_partner_no IS
    'Period that the number below the line covers, where that is not the target: what is shown in the place of a missing figure.';
COMMENT ON COLUMN matches.denominator_attributes_no IS
    'What is said about the number below the line: a row of side_attributes; NULL where the side shows nothing.';

-- Matches in words. `matches` is the name of a relation with the columns of the table matches.
CREATE MACRO in_words(matches) AS TABLE
WITH
-- sets of reasons are few, matches are many
reason_sets AS (
    SELECT
        bits.reason_bits,
        coalesce(list(null_reasons.code ORDER BY null_reasons.position) FILTER (null_reasons.code IS NOT NULL), []) AS null_reasons
    FROM (SELECT DISTINCT reason_bits FROM query_table(matches)) AS bits
    LEFT JOIN null_reasons ON ((bits.reason_bits >> (null_reasons.position - 1)) & 1) = 1
    GROUP BY bits.reason_bits
)
SELECT
    rates.rate_id,
    rates.rate_kind,
    rates.question,
    target.time_period,
    target.period_start,
    target.period_end,
    matched.numerator,
    matched.denominator,
    matched.rate,
    CASE
        WHEN matched.rate IS NULL THEN NULL
        WHEN rates.is_published_percentage THEN 'published'
        ELSE 'computed'
    END AS rate_basis,
    CASE
        WHEN rates.is_published_percentage AND matched.rate IS NOT NULL THEN greatest(matched.rate - n_attributes.rounding, 0)
    END AS rate_low,
    CASE
        WHEN rates.is_published_percentage AND matched.rate IS NOT NULL THEN least(matched.rate + n_attributes.rounding, 1)
    END AS rate_high,
    CASE WHEN rates.rate_kind = 'prosecution' THEN matched.rate END AS prosecution_rate,
    reason_sets.null_reasons,
    CASE
        WHEN matched.numerator_attributes_no IS NOT NULL AND matched.denominator_attributes_no IS NOT NULL
            THEN 1 + least(n_periods.period_end, d_periods.period_end) - greatest(n_periods.period_start, d_periods.period_start)
    END AS overlap_days,
    n.series_id AS numerator_series_id,
    n.source_id AS numerator_source_id,
    n.measure AS numerator_measure,
    n.ref_area AS numerator_ref_area,
    n_periods.time_period AS numerator_time_period,
    n.unit_of_count AS numerator_unit_of_count,
    n.offense_scope AS numerator_offense_scope,
    n.jurisdiction AS numerator_jurisdiction,
    n.pathway AS numerator_pathway,
    n.statistical_population AS numerator_population,
    n.breakdown AS numerator_breakdown,
    n_attributes.value_qualifier AS numerator_qualifier,
    CASE
        WHEN rates.is_published_percentage AND matched.numerator_attributes_no IS NOT NULL THEN 'published'
        ELSE n_attributes.basis
    END AS numerator_basis,
    n_attributes.obs_status AS numerator_obs_status,
    n_attributes.obs_note AS numerator_obs_note,
    d.series_id AS denominator_series_id,
    d.source_id AS denominator_source_id,
    d.measure AS denominator_measure,
    d.ref_area AS denominator_ref_area,
    d_periods.time_period AS denominator_time_period,
    d.unit_of_count AS denominator_unit_of_count,
    d.offense_scope AS denominator_offense_scope,
    d.jurisdiction AS denominator_jurisdiction,
    d.pathway AS denominator_pathway,
    d.statistical_population AS denominator_population,
    d.breakdown AS denominator_breakdown,
    d_attributes.value_qualifier AS denominator_qualifier,
    CASE
        WHEN rates.is_published_percentage AND matched.denominator IS NOT NULL THEN 'published'
        ELSE d_attributes.basis
    END AS denominator_basis,
    d_attributes.obs_status AS denominator_obs_status,
    d_attributes.obs_note AS denominator_obs_note
FROM query_table(matches) AS matched
JOIN rates ON matched.rate_no = rates.rate_no
JOIN periods AS target ON matched.period_no = target.period_no
JOIN reason_sets ON matched.reason_bits = reason_sets.reason_bits
LEFT JOIN side_attributes AS n_attributes ON matched.numerator_attributes_no = n_attributes.attributes_no
LEFT JOIN side_attributes AS d_attributes ON matched.denominator_attributes_no = d_attributes.attributes_no
-- a side that shows nothing names no period and no series
LEFT JOIN periods AS n_periods
    ON matched.numerator_attributes_no IS NOT NULL AND coalesce(matched.numerator_partner_no, matched.period_no) = n_periods.period_no
LEFT JOIN periods AS d_periods
    ON matched.denominator_attributes_no IS NOT NULL AND coalesce(matched.denominator_partner_no, matched.period_no) = d_periods.period_no
LEFT JOIN series AS n ON matched.numerator_attributes_no IS NOT NULL AND matched.numerator_series_no = n.series_no
LEFT JOIN series AS d ON matched.denominator_attributes_no IS NOT NULL AND matched.denominator_series_no = d.series_no;

-- (a name in quotes is a use that the lint does not see)
-- noqa: disable=ST03
CREATE MACRO as_of(known_by) AS TABLE
WITH
matches_then AS (
    FROM matches_as_of(known_by)
)
FROM in_words('matches_then');
