-- Tables of a release, the laws they keep, and how a period is written.
-- The columns of series, periods, attribute_sets and figures together are the observation schema of pipelines/observations.py.

CREATE TABLE measures (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, unit_of_count_usual VARCHAR, stage VARCHAR, note VARCHAR);
CREATE TABLE units_of_count (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, note VARCHAR, part_of VARCHAR);
CREATE TABLE unit_measures (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL);
CREATE TABLE offense_scopes (
    code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, statutes_or_categories VARCHAR, includes VARCHAR, excludes VARCHAR,
    defined_by VARCHAR, part_of VARCHAR
);
CREATE TABLE jurisdictions (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, note VARCHAR, part_of VARCHAR);
CREATE TABLE pathways (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, note VARCHAR, part_of VARCHAR);
CREATE TABLE statistical_populations (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, kept_by VARCHAR, note VARCHAR);
CREATE TABLE value_qualifiers (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, note VARCHAR);
CREATE TABLE obs_statuses (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, used_here_for VARCHAR);
CREATE TABLE evidence_grades (code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL);
CREATE TABLE declination_reasons (
    code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, legacy_or_modern VARCHAR, is_transfer_to_other_authority BOOLEAN NOT NULL
);

CREATE TABLE null_reasons (
    position INTEGER NOT NULL UNIQUE CHECK (position BETWEEN 1 AND 21),
    code VARCHAR PRIMARY KEY, label VARCHAR NOT NULL, sentence VARCHAR NOT NULL, what_would_resolve VARCHAR NOT NULL
);

CREATE TABLE series (
    series_id VARCHAR PRIMARY KEY,
    series_no INTEGER NOT NULL UNIQUE,
    source_id VARCHAR NOT NULL,
    measure VARCHAR NOT NULL REFERENCES measures (code),
    ref_area VARCHAR NOT NULL,
    unit_of_count VARCHAR NOT NULL REFERENCES units_of_count (code),
    unit_measure VARCHAR NOT NULL REFERENCES unit_measures (code),
    offense_scope VARCHAR NOT NULL REFERENCES offense_scopes (code),
    jurisdiction VARCHAR NOT NULL REFERENCES jurisdictions (code),
    pathway VARCHAR NOT NULL REFERENCES pathways (code),
    statistical_population VARCHAR NOT NULL REFERENCES statistical_populations (code),
    breakdown VARCHAR NOT NULL
);

-- How a period is published: whole years, else whole months, else start/end.
CREATE MACRO period_text(first_day, last_day) AS
    CASE
        WHEN day(first_day) <> day(last_day + 1) THEN first_day || '/' || last_day
        WHEN month(first_day) = month(last_day + 1) THEN first_day || '/P' || (year(last_day + 1) - year(first_day)) || 'Y'
        ELSE first_day || '/P' || (12 * (year(last_day + 1) - year(first_day)) + month(last_day + 1) - month(first_day)) || 'M'
    END;

-- Every period of a figure as its publisher writes it, and as it is published here; periods are equal if their days are.
CREATE TABLE periods (
    period_no INTEGER PRIMARY KEY,
    time_period VARCHAR NOT NULL UNIQUE,
    period_start DATE NOT NULL,
    period_end DATE NOT NULL,
    published_no INTEGER NOT NULL,
    CHECK (period_end >= period_start)
);

-- What is said about figures beside their numbers, once per combination. Numbers below zero are combinations without a value, so that
-- the law "a value or a status that says why there is none" needs no look into the other table. Numbers 1, 2 and -1 belong to sums.
CREATE TABLE attribute_sets (
    attributes_no INTEGER PRIMARY KEY,
    value_qualifier VARCHAR NOT NULL,
    obs_status VARCHAR NOT NULL,
    base_value DOUBLE,
    decimals INTEGER,
    published_on VARCHAR,
    evidence VARCHAR NOT NULL,
    source_locator VARCHAR NOT NULL,
    url VARCHAR,
    obs_note VARCHAR,
    snapshot_id VARCHAR,
    known_from DATE NOT NULL,
    CHECK ((attributes_no < 0) = (obs_status IN ('L', 'M', 'O', 'Q'))),
    CHECK (abs(attributes_no) > 2),
    CHECK (base_value >= 0 AND isfinite(base_value)),
    CHECK (source_locator <> '')
);

-- Every edition of every figure, append-only, in numbers only; the view series_observations says the same in full.
CREATE TABLE figures ( -- noqa: PRS
    series_no INTEGER USING COMPRESSION rle NOT NULL,
    period_no INTEGER USING COMPRESSION bitpacking NOT NULL,
    obs_value DOUBLE USING COMPRESSION alp,
    attributes_no INTEGER USING COMPRESSION rle NOT NULL,
    CHECK ((obs_value IS NULL) = (attributes_no < 0)),
    CHECK (obs_value >= 0 AND isfinite(obs_value))
);

-- The few figures that do not hold for ever: from that day on an edition is known that is preferred to them.
CREATE TABLE superseded_figures (
    series_no INTEGER NOT NULL,
    period_no INTEGER NOT NULL,
    attributes_no INTEGER NOT NULL,
    superseded_on DATE NOT NULL
);

CREATE TABLE breaks (
    break_id VARCHAR PRIMARY KEY, date DATE NOT NULL, breaks_rate BOOLEAN NOT NULL, breaks_change BOOLEAN NOT NULL,
    source_id VARCHAR, measure VARCHAR, ref_area VARCHAR, unit_of_count VARCHAR, unit_measure VARCHAR, offense_scope VARCHAR,
    jurisdiction VARCHAR, pathway VARCHAR, statistical_population VARCHAR, breakdown VARCHAR, description VARCHAR, url VARCHAR
);

CREATE TABLE rates (
    rate_id VARCHAR PRIMARY KEY,
    rate_kind VARCHAR NOT NULL CHECK (
        rate_kind IN ('prosecution', 'declination', 'disposition', 'conviction', 'sentencing', 'arrest', 'composition')
    ),
    question VARCHAR NOT NULL,
    varies VARCHAR[] NOT NULL,
    is_published_percentage BOOLEAN NOT NULL,
    rate_no INTEGER NOT NULL UNIQUE
);

-- One row per rate, side and dimension that the rates file names; a dimension without a row may have any code.
CREATE TABLE rate_selectors (
    rate_id VARCHAR NOT NULL REFERENCES rates (rate_id),
    side VARCHAR NOT NULL CHECK (side IN ('numerator', 'denominator')),
    dimension VARCHAR NOT NULL,
    codes VARCHAR[] NOT NULL,
    PRIMARY KEY (rate_id, side, dimension)
);

-- What rates and breaks mean for the series at hand, found by 020_selection.sql.
CREATE TABLE part_of (dimension VARCHAR, code VARCHAR, whole VARCHAR);

CREATE TABLE rate_series (rate_id VARCHAR, side VARCHAR, series_no INTEGER);

CREATE TABLE series_breaks (series_no INTEGER, break_id VARCHAR, date DATE, breaks_rate BOOLEAN, breaks_change BOOLEAN);

-- How readers may call the periods, filled by 021_period_labels.sql.
CREATE TABLE period_labels (period_label VARCHAR, time_period VARCHAR, period_start DATE, period_end DATE);

-- What is known about the release itself; empty where the matching runs by itself over a folder of observations.
CREATE TABLE sources (
    source_id VARCHAR PRIMARY KEY, producer VARCHAR, title VARCHAR, description VARCHAR, url_main VARCHAR, licence VARCHAR,
    release_calendar VARCHAR, counts_what VARCHAR, does_not_count VARCHAR, kind VARCHAR, layout VARCHAR,
    observations BIGINT, values_missing BIGINT, is_stale BOOLEAN NOT NULL, state VARCHAR NOT NULL
);

CREATE TABLE snapshots (
    snapshot_id VARCHAR NOT NULL, source_id VARCHAR NOT NULL, url VARCHAR, media_type VARCHAR, bytes BIGINT, published_on VARCHAR,
    first_seen DATE NOT NULL, PRIMARY KEY (source_id, snapshot_id)
);

CREATE TABLE builds (
    build_id VARCHAR PRIMARY KEY, as_of_date DATE NOT NULL, inputs_sha256 VARCHAR NOT NULL, duckdb_version VARCHAR NOT NULL,
    project_version VARCHAR NOT NULL
);

CREATE TABLE policy_events (
    event_id VARCHAR PRIMARY KEY, date_effective DATE NOT NULL, jurisdiction VARCHAR NOT NULL, kind VARCHAR, title VARCHAR NOT NULL,
    affects VARCHAR, status_as_of VARCHAR, url VARCHAR
);

CREATE TABLE conflicts (
    conflict_id VARCHAR PRIMARY KEY, subject VARCHAR NOT NULL, value_1 VARCHAR, locator_1 VARCHAR, url_1 VARCHAR, value_2 VARCHAR,
    locator_2 VARCHAR, url_2 VARCHAR, prefer VARCHAR, why VARCHAR
);
