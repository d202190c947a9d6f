-- matched_periods of a release: the matches in words, written down under the law of the house. Fifty views read it, and so does everybody.

CREATE TABLE matched_periods (
    rate_id VARCHAR NOT NULL,
    rate_kind VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    time_period VARCHAR NOT NULL,
    period_start DATE NOT NULL,
    period_end DATE NOT NULL,
    numerator DOUBLE,
    denominator DOUBLE,
    rate DOUBLE,
    rate_basis VARCHAR CHECK (rate_basis IN ('computed', 'published')),
    rate_low DOUBLE,
    rate_high DOUBLE,
    prosecution_rate DOUBLE,
    null_reasons VARCHAR[] NOT NULL,
    overlap_days BIGINT,
    numerator_series_id VARCHAR,
    numerator_source_id VARCHAR,
    numerator_measure VARCHAR,
    numerator_ref_area VARCHAR,
    numerator_time_period VARCHAR,
    numerator_unit_of_count VARCHAR,
    numerator_offense_scope VARCHAR,
    numerator_jurisdiction VARCHAR,
    numerator_pathway VARCHAR,
    numerator_population VARCHAR,
    numerator_breakdown VARCHAR,
    numerator_qualifier VARCHAR,
    numerator_basis VARCHAR,
    numerator_obs_status VARCHAR,
    numerator_obs_note VARCHAR,
    denominator_series_id VARCHAR,
    denominator_source_id VARCHAR,
    denominator_measure VARCHAR,
    denominator_ref_area VARCHAR,
    denominator_time_period VARCHAR,
    denominator_unit_of_count VARCHAR,
    denominator_offense_scope VARCHAR,
    denominator_jurisdiction VARCHAR,
    denominator_pathway VARCHAR,
    denominator_population VARCHAR,
    denominator_breakdown VARCHAR,
    denominator_qualifier VARCHAR,
    denominator_basis VARCHAR,
    denominator_obs_status VARCHAR,
    denominator_obs_note VARCHAR,
    -- a rate or the reasons for its absence, never both, never neither
    CHECK ((rate IS NULL) = (len(null_reasons) > 0)),
    CHECK (len(null_reasons) = list_unique(null_reasons)),
    CHECK (isfinite(rate) AND rate >= 0),
    CHECK ((rate_basis IS NULL) = (rate IS NULL)),
    CHECK (rate_low <= rate AND rate <= rate_high),
    CHECK (prosecution_rate IS NOT DISTINCT FROM CASE WHEN rate_kind = 'prosecution' THEN rate END)
);

INSERT INTO matched_periods
FROM in_words('matches');

COMMENT ON TABLE matched_periods IS
    'One row per rate, pair of series and period: the rate where both sides align, NULL with every reason where they do not.';
