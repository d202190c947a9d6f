-- What every view and its columns mean, and what the macros do; see 090_comments_of_tables.sql.

BEGIN TRANSACTION;

COMMENT ON VIEW series_observations IS
    'Every edition of every figure, append-only; the views observations and observations_current add the dimensions.';
COMMENT ON COLUMN series_observations.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN series_observations.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN series_observations.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN series_observations.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN series_observations.obs_value IS 'The published number; NULL is never zero.';
COMMENT ON COLUMN series_observations.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN series_observations.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN series_observations.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN series_observations.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN series_observations.published_on IS 'Date of the edition, as precise as it is known (year, month or day).';
COMMENT ON COLUMN series_observations.evidence IS 'How the figure was read: publication, datafile, republication or quotation.';
COMMENT ON COLUMN series_observations.source_locator IS 'Place of the figure inside the publication.';
COMMENT ON COLUMN series_observations.url IS 'Public address of the publication.';
COMMENT ON COLUMN series_observations.obs_note IS 'Short remark on the figure.';
COMMENT ON COLUMN series_observations.snapshot_id IS 'SHA-256 of the bytes that the figure was read from.';
COMMENT ON COLUMN series_observations.known_from IS
    'Day from which the edition counts as known: its publication, at the latest the day on which the project first saw it.';
COMMENT ON COLUMN series_observations.superseded_on IS 'Day from which a preferred edition is known; NULL for the edition that holds.';

COMMENT ON VIEW side_attributes IS 'What a side of a match shows beside its number: as published with a figure, or as known of a sum of figures.';
COMMENT ON COLUMN side_attributes.attributes_no IS 'Number of the combination: a row of attribute_sets, or 1, 2 and -1 for sums.';
COMMENT ON COLUMN side_attributes.basis IS 'How the side came by its number: direct as published, tiled as an exact sum of finer figures.';
COMMENT ON COLUMN side_attributes.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN side_attributes.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN side_attributes.obs_note IS 'Short remark on the figure.';
COMMENT ON COLUMN side_attributes.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN side_attributes.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN side_attributes.rounding IS 'How far a rounded share may lie from what was printed, as a share of 1; 0 for everything else.';

COMMENT ON COLUMN matched_periods.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN matched_periods.rate_kind IS
    'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN matched_periods.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN matched_periods.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN matched_periods.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN matched_periods.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN matched_periods.numerator IS 'Number above the line as published or added up; for a published percentage the percentage itself.';
COMMENT ON COLUMN matched_periods.denominator IS
    'Number below the line as published or added up; for a published percentage the base that the publisher states.';
COMMENT ON COLUMN matched_periods.rate IS 'Numerator over denominator as a share of 1 (0.6 is 60 percent); NULL where any reason stands.';
COMMENT ON COLUMN matched_periods.rate_basis IS 'computed from two counts, or published as a percentage with its base; NULL where the rate is.';
COMMENT ON COLUMN matched_periods.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN matched_periods.rate_high IS 'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN matched_periods.prosecution_rate IS
    'The rate where its kind is prosecution, as a share of 1; NULL for every other kind and wherever the rate is NULL.';
COMMENT ON COLUMN matched_periods.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN matched_periods.overlap_days IS 'Days that the periods shown for the two sides have in common.';
COMMENT ON COLUMN matched_periods.numerator_series_id IS 'Series of the number above the line; NULL where the side shows nothing.';
COMMENT ON COLUMN matched_periods.numerator_source_id IS 'Catalogue key of the publication behind the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_measure IS 'Measure of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_ref_area IS 'Area of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_time_period IS
    'Period that the number above the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN matched_periods.numerator_unit_of_count IS 'Unit of count of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_offense_scope IS 'Offense scope of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_jurisdiction IS 'Authorities to which the number above the line belongs.';
COMMENT ON COLUMN matched_periods.numerator_pathway IS 'Pathway of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_population IS 'Statistical population within which the number above the line is counted.';
COMMENT ON COLUMN matched_periods.numerator_breakdown IS 'Part of its scope that the number above the line is; empty for a total.';
COMMENT ON COLUMN matched_periods.numerator_qualifier IS 'How exactly the number above the line was printed.';
COMMENT ON COLUMN matched_periods.numerator_basis IS
    'Basis of the number above the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN matched_periods.numerator_obs_status IS 'SDMX observation status of the number above the line.';
COMMENT ON COLUMN matched_periods.numerator_obs_note IS 'Remark on the number above the line.';
COMMENT ON COLUMN matched_periods.denominator_series_id IS 'Series of the number below the line; NULL where the side shows nothing.';
COMMENT ON COLUMN matched_periods.denominator_source_id IS 'Catalogue key of the publication behind the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_measure IS 'Measure of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_ref_area IS 'Area of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_time_period IS
    'Period that the number below the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN matched_periods.denominator_unit_of_count IS 'Unit of count of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_offense_scope IS 'Offense scope of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_jurisdiction IS 'Authorities to which the number below the line belongs.';
COMMENT ON COLUMN matched_periods.denominator_pathway IS 'Pathway of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_population IS 'Statistical population within which the number below the line is counted.';
COMMENT ON COLUMN matched_periods.denominator_breakdown IS 'Part of its scope that the number below the line is; empty for a total.';
COMMENT ON COLUMN matched_periods.denominator_qualifier IS 'How exactly the number below the line was printed.';
COMMENT ON COLUMN matched_periods.denominator_basis IS
    'Basis of the number below the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN matched_periods.denominator_obs_status IS 'SDMX observation status of the number below the line.';
COMMENT ON COLUMN matched_periods.denominator_obs_note IS 'Remark on the number below the line.';

COMMENT ON VIEW observations IS 'Every edition of every figure in the observation schema, superseded editions included.';
COMMENT ON COLUMN observations.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN observations.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN observations.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN observations.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN observations.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN observations.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN observations.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN observations.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN observations.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN observations.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN observations.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN observations.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN observations.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN observations.obs_value IS 'The published number; NULL is never zero.';
COMMENT ON COLUMN observations.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN observations.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN observations.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN observations.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN observations.published_on IS 'Date of the edition, as precise as it is known (year, month or day).';
COMMENT ON COLUMN observations.evidence IS 'How the figure was read: publication, datafile, republication or quotation.';
COMMENT ON COLUMN observations.source_locator IS 'Place of the figure inside the publication.';
COMMENT ON COLUMN observations.url IS 'Public address of the publication.';
COMMENT ON COLUMN observations.obs_note IS 'Short remark on the figure.';
COMMENT ON COLUMN observations.snapshot_id IS 'SHA-256 of the bytes that the figure was read from.';

COMMENT ON VIEW observations_current IS 'The figures that hold today: per series and period the newest edition, the better evidence breaking ties.';
COMMENT ON COLUMN observations_current.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN observations_current.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN observations_current.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN observations_current.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN observations_current.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN observations_current.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN observations_current.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN observations_current.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN observations_current.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN observations_current.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN observations_current.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN observations_current.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN observations_current.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN observations_current.obs_value IS 'The published number; NULL is never zero.';
COMMENT ON COLUMN observations_current.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN observations_current.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN observations_current.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN observations_current.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN observations_current.published_on IS 'Date of the edition, as precise as it is known (year, month or day).';
COMMENT ON COLUMN observations_current.evidence IS 'How the figure was read: publication, datafile, republication or quotation.';
COMMENT ON COLUMN observations_current.source_locator IS 'Place of the figure inside the publication.';
COMMENT ON COLUMN observations_current.url IS 'Public address of the publication.';
COMMENT ON COLUMN observations_current.obs_note IS 'Short remark on the figure.';
COMMENT ON COLUMN observations_current.snapshot_id IS 'SHA-256 of the bytes that the figure was read from.';
COMMENT ON COLUMN observations_current.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';

COMMENT ON VIEW changes IS
    'Two figures of one series side by side: first and latest edition of a period, or reports of two calendar years in a row.';
COMMENT ON COLUMN changes.change_kind IS 'revision (first against latest edition) or year (a calendar year against the one before).';
COMMENT ON COLUMN changes.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN changes.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN changes.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN changes.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN changes.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN changes.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN changes.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN changes.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN changes.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN changes.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN changes.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN changes.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN changes.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN changes.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN changes.editions IS 'Number of editions of the figure.';
COMMENT ON COLUMN changes.earlier_time_period IS 'Period of the earlier figure, as ISO 8601 interval; NULL where there is none.';
COMMENT ON COLUMN changes.earlier_value IS 'The earlier figure.';
COMMENT ON COLUMN changes.earlier_qualifier IS 'How exactly the earlier figure was printed.';
COMMENT ON COLUMN changes.earlier_status IS 'SDMX observation status of the earlier figure.';
COMMENT ON COLUMN changes.earlier_published_on IS 'Date of the edition of the earlier figure, as precise as it is known.';
COMMENT ON COLUMN changes.earlier_evidence IS 'How the earlier figure was read.';
COMMENT ON COLUMN changes.later_value IS 'The later figure.';
COMMENT ON COLUMN changes.later_qualifier IS 'How exactly the later figure was printed.';
COMMENT ON COLUMN changes.later_status IS 'SDMX observation status of the later figure.';
COMMENT ON COLUMN changes.later_published_on IS 'Date of the edition of the later figure, as precise as it is known.';
COMMENT ON COLUMN changes.later_evidence IS 'How the later figure was read.';
COMMENT ON COLUMN changes.breaks_between IS
    'Breaks after the first day of the earlier period and up to the last day of the later one across which a change would mislead.';
COMMENT ON COLUMN changes.why_no_change IS
    'Why no change is stated: no_figure_for_previous_year, no_value, part_of_a_year, not_exact, low_reliability, series_break; empty where one is.';
COMMENT ON COLUMN changes.change IS 'Later figure minus earlier figure, in the unit of the series; NULL where why_no_change names a reason.';
COMMENT ON COLUMN changes.pct_change IS
    'Change in percent of the earlier figure; NULL where there is no change to state, for percentages, and where the earlier figure is zero.';

COMMENT ON VIEW revisions IS
    'Periods whose figure was published again with another value, status or qualifier: the first and the latest edition, and the difference.';
COMMENT ON COLUMN revisions.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN revisions.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN revisions.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN revisions.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN revisions.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN revisions.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN revisions.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN revisions.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN revisions.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN revisions.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN revisions.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN revisions.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN revisions.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN revisions.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN revisions.editions IS 'Number of editions of the figure.';
COMMENT ON COLUMN revisions.first_value IS 'Value in the first edition.';
COMMENT ON COLUMN revisions.first_qualifier IS 'How exactly it was printed in the first edition.';
COMMENT ON COLUMN revisions.first_status IS 'SDMX observation status in the first edition.';
COMMENT ON COLUMN revisions.first_published_on IS 'Date of the first edition, as precise as it is known.';
COMMENT ON COLUMN revisions.first_evidence IS 'How the first edition was read.';
COMMENT ON COLUMN revisions.latest_value IS 'Value in the latest edition.';
COMMENT ON COLUMN revisions.latest_qualifier IS 'How exactly it was printed in the latest edition.';
COMMENT ON COLUMN revisions.latest_status IS 'SDMX observation status in the latest edition.';
COMMENT ON COLUMN revisions.latest_published_on IS 'Date of the latest edition, as precise as it is known.';
COMMENT ON COLUMN revisions.latest_evidence IS 'How the latest edition was read.';
COMMENT ON COLUMN revisions.change IS 'Latest minus first value, in the unit of the series; NULL where either has no value or is only a bound.';
COMMENT ON COLUMN revisions.pct_change IS
    'Change in percent of the first value; NULL where there is no change to state, for percentages, and where the first value is zero.';

COMMENT ON VIEW prosecution_rates IS 'The rows of matched_periods whose rate is a prosecution rate, NULL or not.';
COMMENT ON COLUMN prosecution_rates.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN prosecution_rates.rate_kind IS
    'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN prosecution_rates.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN prosecution_rates.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN prosecution_rates.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN prosecution_rates.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN prosecution_rates.numerator IS
    'Number above the line as published or added up; for a published percentage the percentage itself.';
COMMENT ON COLUMN prosecution_rates.denominator IS
    'Number below the line as published or added up; for a published percentage the base that the publisher states.';
COMMENT ON COLUMN prosecution_rates.rate IS 'Numerator over denominator as a share of 1 (0.6 is 60 percent); NULL where any reason stands.';
COMMENT ON COLUMN prosecution_rates.rate_basis IS 'computed from two counts, or published as a percentage with its base; NULL where the rate is.';
COMMENT ON COLUMN prosecution_rates.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN prosecution_rates.rate_high IS 'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN prosecution_rates.prosecution_rate IS
    'The rate where its kind is prosecution, as a share of 1; NULL for every other kind and wherever the rate is NULL.';
COMMENT ON COLUMN prosecution_rates.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN prosecution_rates.overlap_days IS 'Days that the periods shown for the two sides have in common.';
COMMENT ON COLUMN prosecution_rates.numerator_series_id IS 'Series of the number above the line; NULL where the side shows nothing.';
COMMENT ON COLUMN prosecution_rates.numerator_source_id IS 'Catalogue key of the publication behind the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_measure IS 'Measure of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_ref_area IS 'Area of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_time_period IS
    'Period that the number above the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN prosecution_rates.numerator_unit_of_count IS 'Unit of count of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_offense_scope IS 'Offense scope of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_jurisdiction IS 'Authorities to which the number above the line belongs.';
COMMENT ON COLUMN prosecution_rates.numerator_pathway IS 'Pathway of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_population IS 'Statistical population within which the number above the line is counted.';
COMMENT ON COLUMN prosecution_rates.numerator_breakdown IS 'Part of its scope that the number above the line is; empty for a total.';
COMMENT ON COLUMN prosecution_rates.numerator_qualifier IS 'How exactly the number above the line was printed.';
COMMENT ON COLUMN prosecution_rates.numerator_basis IS
    'Basis of the number above the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN prosecution_rates.numerator_obs_status IS 'SDMX observation status of the number above the line.';
COMMENT ON COLUMN prosecution_rates.numerator_obs_note IS 'Remark on the number above the line.';
COMMENT ON COLUMN prosecution_rates.denominator_series_id IS 'Series of the number below the line; NULL where the side shows nothing.';
COMMENT ON COLUMN prosecution_rates.denominator_source_id IS 'Catalogue key of the publication behind the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_measure IS 'Measure of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_ref_area IS 'Area of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_time_period IS
    'Period that the number below the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN prosecution_rates.denominator_unit_of_count IS 'Unit of count of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_offense_scope IS 'Offense scope of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_jurisdiction IS 'Authorities to which the number below the line belongs.';
COMMENT ON COLUMN prosecution_rates.denominator_pathway IS 'Pathway of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_population IS 'Statistical population within which the number below the line is counted.';
COMMENT ON COLUMN prosecution_rates.denominator_breakdown IS 'Part of its scope that the number below the line is; empty for a total.';
COMMENT ON COLUMN prosecution_rates.denominator_qualifier IS 'How exactly the number below the line was printed.';
COMMENT ON COLUMN prosecution_rates.denominator_basis IS
    'Basis of the number below the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN prosecution_rates.denominator_obs_status IS 'SDMX observation status of the number below the line.';
COMMENT ON COLUMN prosecution_rates.denominator_obs_note IS 'Remark on the number below the line.';

COMMENT ON VIEW computable_rates IS 'The rows of matched_periods that have a rate.';
COMMENT ON COLUMN computable_rates.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN computable_rates.rate_kind IS
    'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN computable_rates.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN computable_rates.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN computable_rates.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN computable_rates.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN computable_rates.numerator IS 'Number above the line as published or added up; for a published percentage the percentage itself.';
COMMENT ON COLUMN computable_rates.denominator IS
    'Number below the line as published or added up; for a published percentage the base that the publisher states.';
COMMENT ON COLUMN computable_rates.rate IS 'Numerator over denominator as a share of 1 (0.6 is 60 percent); NULL where any reason stands.';
COMMENT ON COLUMN computable_rates.rate_basis IS 'computed from two counts, or published as a percentage with its base; NULL where the rate is.';
COMMENT ON COLUMN computable_rates.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN computable_rates.rate_high IS 'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN computable_rates.prosecution_rate IS
    'The rate where its kind is prosecution, as a share of 1; NULL for every other kind and wherever the rate is NULL.';
COMMENT ON COLUMN computable_rates.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN computable_rates.overlap_days IS 'Days that the periods shown for the two sides have in common.';
COMMENT ON COLUMN computable_rates.numerator_series_id IS 'Series of the number above the line; NULL where the side shows nothing.';
COMMENT ON COLUMN computable_rates.numerator_source_id IS 'Catalogue key of the publication behind the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_measure IS 'Measure of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_ref_area IS 'Area of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_time_period IS
    'Period that the number above the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN computable_rates.numerator_unit_of_count IS 'Unit of count of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_offense_scope IS 'Offense scope of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_jurisdiction IS 'Authorities to which the number above the line belongs.';
COMMENT ON COLUMN computable_rates.numerator_pathway IS 'Pathway of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_population IS 'Statistical population within which the number above the line is counted.';
COMMENT ON COLUMN computable_rates.numerator_breakdown IS 'Part of its scope that the number above the line is; empty for a total.';
COMMENT ON COLUMN computable_rates.numerator_qualifier IS 'How exactly the number above the line was printed.';
COMMENT ON COLUMN computable_rates.numerator_basis IS
    'Basis of the number above the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN computable_rates.numerator_obs_status IS 'SDMX observation status of the number above the line.';
COMMENT ON COLUMN computable_rates.numerator_obs_note IS 'Remark on the number above the line.';
COMMENT ON COLUMN computable_rates.denominator_series_id IS 'Series of the number below the line; NULL where the side shows nothing.';
COMMENT ON COLUMN computable_rates.denominator_source_id IS 'Catalogue key of the publication behind the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_measure IS 'Measure of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_ref_area IS 'Area of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_time_period IS
    'Period that the number below the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN computable_rates.denominator_unit_of_count IS 'Unit of count of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_offense_scope IS 'Offense scope of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_jurisdiction IS 'Authorities to which the number below the line belongs.';
COMMENT ON COLUMN computable_rates.denominator_pathway IS 'Pathway of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_population IS 'Statistical population within which the number below the line is counted.';
COMMENT ON COLUMN computable_rates.denominator_breakdown IS 'Part of its scope that the number below the line is; empty for a total.';
COMMENT ON COLUMN computable_rates.denominator_qualifier IS 'How exactly the number below the line was printed.';
COMMENT ON COLUMN computable_rates.denominator_basis IS
    'Basis of the number below the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN computable_rates.denominator_obs_status IS 'SDMX observation status of the number below the line.';
COMMENT ON COLUMN computable_rates.denominator_obs_note IS 'Remark on the number below the line.';

COMMENT ON VIEW published_percentages IS
    'Every percentage that a publisher printed, with its base where there is one, and the declared rates that take it up, if any.';
COMMENT ON COLUMN published_percentages.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN published_percentages.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN published_percentages.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN published_percentages.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN published_percentages.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN published_percentages.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN published_percentages.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN published_percentages.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN published_percentages.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN published_percentages.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN published_percentages.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN published_percentages.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN published_percentages.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN published_percentages.obs_value IS 'The printed percentage.';
COMMENT ON COLUMN published_percentages.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN published_percentages.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN published_percentages.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN published_percentages.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN published_percentages.rate_ids IS 'Declared rates that take the percentage up; empty if none does.';
COMMENT ON COLUMN published_percentages.is_rate IS 'Whether one of them accepts it as a rate.';
COMMENT ON COLUMN published_percentages.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN published_percentages.rate_high IS 'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN published_percentages.null_reasons IS
    'What stands against it in the rates that take it up; empty if it is accepted or if no rate takes it up.';
COMMENT ON COLUMN published_percentages.source_locator IS 'Place of the figure inside the publication.';
COMMENT ON COLUMN published_percentages.url IS 'Public address of the publication.';
COMMENT ON COLUMN published_percentages.obs_note IS 'Short remark on the figure.';

COMMENT ON VIEW periods_in_words IS 'The periods of matched_periods in words.';
COMMENT ON COLUMN periods_in_words.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN periods_in_words.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN periods_in_words.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN periods_in_words.year_label IS
    'CY and the year for a calendar year, FY and the year in which it ends for a federal fiscal year, else the period itself.';
COMMENT ON COLUMN periods_in_words.words IS 'The period as a reader would say it.';

COMMENT ON VIEW coverage IS 'How many rows and how many rates each declared rate has in each year, and the reasons met there.';
COMMENT ON COLUMN coverage.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN coverage.rate_kind IS 'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN coverage.year_label IS
    'CY and the year for a calendar year, FY and the year in which it ends for a federal fiscal year, else the period itself.';
COMMENT ON COLUMN coverage.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN coverage.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN coverage.row_count IS 'Rows of matched_periods.';
COMMENT ON COLUMN coverage.rate_count IS 'Those of them that have a rate.';
COMMENT ON COLUMN coverage.null_reasons IS 'Reasons met in the others, each once, in their order.';

COMMENT ON VIEW rate_sides_in_words IS
    'Both sides of every declared rate in words: what is looked for, who keeps such records, where such figures appear.';
COMMENT ON COLUMN rate_sides_in_words.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN rate_sides_in_words.side IS 'numerator (above the line) or denominator (below the line).';
COMMENT ON COLUMN rate_sides_in_words.stage IS 'Stage of the criminal process that the measure belongs to.';
COMMENT ON COLUMN rate_sides_in_words.things IS 'What the side counts, in words.';
COMMENT ON COLUMN rate_sides_in_words.kept_by IS 'Bodies that keep the records.';
COMMENT ON COLUMN rate_sides_in_words.publications IS 'Producer and title of the publications in which such figures appear.';

COMMENT ON COLUMN matched_periods_in_words.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN matched_periods_in_words.rate_kind IS
    'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN matched_periods_in_words.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN matched_periods_in_words.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN matched_periods_in_words.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN matched_periods_in_words.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN matched_periods_in_words.cell_no IS
    'Number of the cell within its rate and period, the largest denominator first; rows that show the same have the same number.';
COMMENT ON COLUMN matched_periods_in_words.period_in_words IS 'The period in words.';
COMMENT ON COLUMN matched_periods_in_words.numerator IS
    'Number above the line as published or added up; for a published percentage the percentage itself.';
COMMENT ON COLUMN matched_periods_in_words.denominator IS
    'Number below the line as published or added up; for a published percentage the base that the publisher states.';
COMMENT ON COLUMN matched_periods_in_words.rate IS 'Numerator over denominator as a share of 1 (0.6 is 60 percent); NULL where any reason stands.';
COMMENT ON COLUMN matched_periods_in_words.rate_basis IS
    'computed from two counts, or published as a percentage with its base; NULL where the rate is.';
COMMENT ON COLUMN matched_periods_in_words.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN matched_periods_in_words.rate_high IS 'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN matched_periods_in_words.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN matched_periods_in_words.overlap_days IS 'Days that the periods shown for the two sides have in common.';
COMMENT ON COLUMN matched_periods_in_words.numerator_series_id IS 'Series of the number above the line; NULL where the side shows nothing.';
COMMENT ON COLUMN matched_periods_in_words.numerator_measure IS 'Measure of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_time_period IS
    'Period that the number above the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN matched_periods_in_words.numerator_period_in_words IS 'Period that the number above the line covers, in words.';
COMMENT ON COLUMN matched_periods_in_words.numerator_things IS
    'What the number above the line counts, in words: event, part, pathway, area, authority, offense scope.';
COMMENT ON COLUMN matched_periods_in_words.numerator_figure IS
    'The number above the line as text, with thousands separators and the words about, more than, at least or less than where it is not exact.';
COMMENT ON COLUMN matched_periods_in_words.numerator_unit_label IS 'Unit of count of the number above the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.numerator_scope_label IS 'Offense scope of the number above the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.numerator_publication IS
    'Producer and title of the publication behind the number above the line; its catalogue key where no sources are loaded.';
COMMENT ON COLUMN matched_periods_in_words.numerator_kept_by IS 'Body that keeps the records behind the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_breaks IS 'Breaks inside the period of the number above the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.numerator_basis IS
    'Basis of the number above the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN matched_periods_in_words.numerator_obs_status IS 'SDMX observation status of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_obs_note IS 'Remark on the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_ref_area IS 'Area of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_unit_of_count IS 'Unit of count of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_offense_scope IS 'Offense scope of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_jurisdiction IS 'Authorities to which the number above the line belongs.';
COMMENT ON COLUMN matched_periods_in_words.numerator_pathway IS 'Pathway of the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.numerator_population IS 'Statistical population within which the number above the line is counted.';
COMMENT ON COLUMN matched_periods_in_words.numerator_breakdown IS 'Part of its scope that the number above the line is; empty for a total.';
COMMENT ON COLUMN matched_periods_in_words.numerator_source_id IS 'Catalogue key of the publication behind the number above the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_series_id IS 'Series of the number below the line; NULL where the side shows nothing.';
COMMENT ON COLUMN matched_periods_in_words.denominator_measure IS 'Measure of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_time_period IS
    'Period that the number below the line covers, as ISO 8601 interval; differs from time_period where the side is shown and refused.';
COMMENT ON COLUMN matched_periods_in_words.denominator_period_in_words IS 'Period that the number below the line covers, in words.';
COMMENT ON COLUMN matched_periods_in_words.denominator_things IS
    'What the number below the line counts, in words: event, part, pathway, area, authority, offense scope.';
COMMENT ON COLUMN matched_periods_in_words.denominator_figure IS
    'The number below the line as text, with thousands separators and the words about, more than, at least or less than where it is not exact.';
COMMENT ON COLUMN matched_periods_in_words.denominator_unit_label IS 'Unit of count of the number below the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.denominator_scope_label IS 'Offense scope of the number below the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.denominator_publication IS
    'Producer and title of the publication behind the number below the line; its catalogue key where no sources are loaded.';
COMMENT ON COLUMN matched_periods_in_words.denominator_kept_by IS 'Body that keeps the records behind the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_breaks IS 'Breaks inside the period of the number below the line, in words.';
COMMENT ON COLUMN matched_periods_in_words.denominator_basis IS
    'Basis of the number below the line: direct (published for its period), tiled (added up from shorter ones) or published (percentage or base).';
COMMENT ON COLUMN matched_periods_in_words.denominator_obs_status IS 'SDMX observation status of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_obs_note IS 'Remark on the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_ref_area IS 'Area of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_unit_of_count IS 'Unit of count of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_offense_scope IS 'Offense scope of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_jurisdiction IS 'Authorities to which the number below the line belongs.';
COMMENT ON COLUMN matched_periods_in_words.denominator_pathway IS 'Pathway of the number below the line.';
COMMENT ON COLUMN matched_periods_in_words.denominator_population IS 'Statistical population within which the number below the line is counted.';
COMMENT ON COLUMN matched_periods_in_words.denominator_breakdown IS 'Part of its scope that the number below the line is; empty for a total.';
COMMENT ON COLUMN matched_periods_in_words.denominator_source_id IS 'Catalogue key of the publication behind the number below the line.';

COMMENT ON VIEW data_requests IS
    'For every row of matched_periods without a rate: the smallest missing thing that would fill it, who holds it, and where it would appear.';
COMMENT ON COLUMN data_requests.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN data_requests.rate_kind IS
    'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN data_requests.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN data_requests.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN data_requests.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN data_requests.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN data_requests.cell_no IS
    'Number of the cell within its rate and period, the largest denominator first; rows that show the same have the same number.';
COMMENT ON COLUMN data_requests.numerator_series_id IS 'Series of the number above the line; NULL where the side shows nothing.';
COMMENT ON COLUMN data_requests.denominator_series_id IS 'Series of the number below the line; NULL where the side shows nothing.';
COMMENT ON COLUMN data_requests.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN data_requests.missing_side IS 'Which side lacks something: numerator, denominator, both, or neither.';
COMMENT ON COLUMN data_requests.request IS 'The smallest missing thing that would fill the row, in words.';
COMMENT ON COLUMN data_requests.held_by IS 'Who holds the records that it would be counted from, separated by semicolons.';
COMMENT ON COLUMN data_requests.needs_linkage IS 'Whether records of the two sides would have to be linked one by one.';
COMMENT ON COLUMN data_requests.publication IS 'Publication in which it would appear; NULL where no publication has such a figure.';
COMMENT ON COLUMN data_requests.law IS 'Law that bears on its collection, as far as known here.';

COMMENT ON VIEW comparability IS
    'Every pair of count series without a breakdown, each pair once, axis by axis: do they agree as the matching would have it?';
COMMENT ON COLUMN comparability.first_series_id IS 'The first series of the pair.';
COMMENT ON COLUMN comparability.first_source_id IS 'Catalogue key of the publication of the first series.';
COMMENT ON COLUMN comparability.first_measure IS 'Measure of the first series.';
COMMENT ON COLUMN comparability.second_series_id IS 'The second series of the pair.';
COMMENT ON COLUMN comparability.second_source_id IS 'Catalogue key of the publication of the second series.';
COMMENT ON COLUMN comparability.second_measure IS 'Measure of the second series.';
COMMENT ON COLUMN comparability.axis IS
    'The axis compared: period, ref_area, unit_of_count, offense_scope, jurisdiction, pathway or statistical_population.';
COMMENT ON COLUMN comparability.first_code IS 'Code of the first series on the axis; for periods its first and its last day.';
COMMENT ON COLUMN comparability.second_code IS 'Code of the second series on the axis; for periods its first and its last day.';
COMMENT ON COLUMN comparability.agrees IS
    'Whether they agree: equal and known codes; for periods at least one that both can show, directly or added up from shorter ones.';
COMMENT ON COLUMN comparability.shared_periods IS 'For the axis period, the number of periods that both can show; NULL for the others.';

COMMENT ON VIEW bounds IS
    'What can be said where no number can: a lower and an upper end with their assumptions. No rate and no confidence interval.';
COMMENT ON COLUMN bounds.bound_kind IS
    'years_bound_calendar_years, published_as_bound, federal_part_bounds_whole, unit_mismatch_bounds_nothing or nothing_collected.';
COMMENT ON COLUMN bounds.bounds_what IS 'count (a number of units) or share (of 1).';
COMMENT ON COLUMN bounds.rate_id IS 'The declared rate that is bounded, or whose side is; NULL where a series is.';
COMMENT ON COLUMN bounds.series_id IS 'The series that is bounded; for a share the series below the line.';
COMMENT ON COLUMN bounds.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN bounds.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN bounds.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN bounds.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN bounds.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN bounds.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN bounds.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN bounds.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN bounds.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN bounds.years IS 'Calendar years in the window, where fiscal years bound them.';
COMMENT ON COLUMN bounds.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN bounds.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN bounds.lower_bound IS 'The least it can be, in the unit of bounds_what.';
COMMENT ON COLUMN bounds.upper_bound IS 'The most it can be, in the unit of bounds_what; NULL where nothing limits it.';
COMMENT ON COLUMN bounds.assumptions IS 'What has to be assumed; empty where nothing has to be.';
COMMENT ON COLUMN bounds.explanation IS 'Where the two ends come from.';

COMMENT ON VIEW question_1_share_prosecuted IS
    'What share of the reports ends in prosecution? The headline, what people build instead, and the neighbours that are real.';
COMMENT ON COLUMN question_1_share_prosecuted.role IS
    'headline (the question itself), built instead (outcomes over reports or referrals) or neighbour (a rate within one body of records).';
COMMENT ON COLUMN question_1_share_prosecuted.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN question_1_share_prosecuted.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN question_1_share_prosecuted.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN question_1_share_prosecuted.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN question_1_share_prosecuted.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN question_1_share_prosecuted.cell_no IS
    'Number of the cell within its rate and period, the largest denominator first; rows that show the same have the same number.';
COMMENT ON COLUMN question_1_share_prosecuted.period_in_words IS 'The period in words.';
COMMENT ON COLUMN question_1_share_prosecuted.numerator_figure IS
    'The number above the line as text, with thousands separators and the words about, more than, at least or less than where it is not exact.';
COMMENT ON COLUMN question_1_share_prosecuted.numerator_things IS
    'What the number above the line counts, in words: event, part, pathway, area, authority, offense scope.';
COMMENT ON COLUMN question_1_share_prosecuted.denominator_figure IS
    'The number below the line as text, with thousands separators and the words about, more than, at least or less than where it is not exact.';
COMMENT ON COLUMN question_1_share_prosecuted.denominator_things IS
    'What the number below the line counts, in words: event, part, pathway, area, authority, offense scope.';
COMMENT ON COLUMN question_1_share_prosecuted.prosecution_rate IS
    'The rate where its kind is prosecution, as a share of 1; NULL for every other kind and wherever the rate is NULL.';
COMMENT ON COLUMN question_1_share_prosecuted.rate_basis IS
    'computed from two counts, or published as a percentage with its base; NULL where the rate is.';
COMMENT ON COLUMN question_1_share_prosecuted.rate_low IS 'For a published percentage the lowest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN question_1_share_prosecuted.rate_high IS
    'For a published percentage the highest share that its rounding allows, as a share of 1.';
COMMENT ON COLUMN question_1_share_prosecuted.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';
COMMENT ON COLUMN question_1_share_prosecuted.why_null IS 'The reasons as sentences; NULL where there is a rate.';

COMMENT ON VIEW question_2_reports_per_year IS
    'How many reports are made each calendar year, and how did that change? No change is stated across a break.';
COMMENT ON COLUMN question_2_reports_per_year.calendar_year IS 'The calendar year.';
COMMENT ON COLUMN question_2_reports_per_year.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN question_2_reports_per_year.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN question_2_reports_per_year.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN question_2_reports_per_year.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN question_2_reports_per_year.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN question_2_reports_per_year.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN question_2_reports_per_year.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN question_2_reports_per_year.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN question_2_reports_per_year.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN question_2_reports_per_year.reports IS 'Reports received in the year.';
COMMENT ON COLUMN question_2_reports_per_year.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN question_2_reports_per_year.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN question_2_reports_per_year.reports_previous_year IS 'Reports received in the year before; NULL where no figure is gathered.';
COMMENT ON COLUMN question_2_reports_per_year.change IS
    'Later figure minus earlier figure, in the unit of the series; NULL where why_no_change names a reason.';
COMMENT ON COLUMN question_2_reports_per_year.pct_change IS
    'Change in percent of the earlier figure; NULL where there is no change to state, for percentages, and where the earlier figure is zero.';
COMMENT ON COLUMN question_2_reports_per_year.why_no_change IS
    'Why no change is stated: no_figure_for_previous_year, no_value, part_of_a_year, not_exact, low_reliability, series_break; empty where one is.';
COMMENT ON COLUMN question_2_reports_per_year.breaks_between IS
    'Breaks after the first day of the earlier period and up to the last day of the later one across which a change would mislead.';
COMMENT ON COLUMN question_2_reports_per_year.breaks_in_words IS 'The breaks of breaks_between, with their days.';

COMMENT ON VIEW question_3_federal_and_state IS
    'What share of prosecutions is federal, what share state? The federal side alone is published; the share stays NULL.';
COMMENT ON COLUMN question_3_federal_and_state.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN question_3_federal_and_state.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN question_3_federal_and_state.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN question_3_federal_and_state.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN question_3_federal_and_state.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN question_3_federal_and_state.period_in_words IS 'The period in words.';
COMMENT ON COLUMN question_3_federal_and_state.federal_source_id IS 'Catalogue key of the publication of the federal count.';
COMMENT ON COLUMN question_3_federal_and_state.federal_measure IS 'Measure of the federal count.';
COMMENT ON COLUMN question_3_federal_and_state.federal_offense_scope IS 'Offense scope of the federal count.';
COMMENT ON COLUMN question_3_federal_and_state.federal_things IS 'What the federal count counts, in words.';
COMMENT ON COLUMN question_3_federal_and_state.federal_count IS 'The federal count of the period.';
COMMENT ON COLUMN question_3_federal_and_state.state_obs_status IS
    'SDMX observation status of the count of state and local cases (L: collected by nobody); NULL where not even that is on record.';
COMMENT ON COLUMN question_3_federal_and_state.state_count IS 'The count of state and local cases; NULL as long as nobody collects it.';
COMMENT ON COLUMN question_3_federal_and_state.federal_share IS 'The federal share, as a share of 1; NULL as long as the state side is.';
COMMENT ON COLUMN question_3_federal_and_state.null_reasons IS
    'Every reason why there is no rate, as codes of the table null_reasons in their order; empty where there is a rate.';

COMMENT ON VIEW question_4_declinations IS
    'Why do cases not lead to prosecution? Published shares and counts of declinations, then the recorded reasons about which no figure is gathered.';
COMMENT ON COLUMN question_4_declinations.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN question_4_declinations.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN question_4_declinations.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN question_4_declinations.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN question_4_declinations.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN question_4_declinations.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN question_4_declinations.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN question_4_declinations.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN question_4_declinations.reason_code IS
    'Code of the recorded reason in declination_reasons; NULL where the publication uses another name or gives all reasons together.';
COMMENT ON COLUMN question_4_declinations.reason IS 'The reason in words; every reason where the figure is not split.';
COMMENT ON COLUMN question_4_declinations.is_transfer IS
    'Whether the suspect is left to another authority, which is no attrition; NULL where the figure is not split.';
COMMENT ON COLUMN question_4_declinations.obs_value IS
    'The published number, a percentage where unit_measure says so; NULL where no figure about the reason is gathered.';
COMMENT ON COLUMN question_4_declinations.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN question_4_declinations.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN question_4_declinations.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN question_4_declinations.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN question_4_declinations.obs_note IS 'Short remark on the figure.';

COMMENT ON VIEW question_5_resources_and_outputs IS
    'Do resources and funding matter? Money and results of the same federal fiscal year side by side, without a causal number.';
COMMENT ON COLUMN question_5_resources_and_outputs.fiscal_year IS 'Federal fiscal year, named by the calendar year in which it ends.';
COMMENT ON COLUMN question_5_resources_and_outputs.funding_source_id IS
    'Catalogue key of the publication of the funding; NULL where none is gathered for the year.';
COMMENT ON COLUMN question_5_resources_and_outputs.funding_measure IS 'Whether the money was appropriated or awarded.';
COMMENT ON COLUMN question_5_resources_and_outputs.funding_usd IS 'The money, in US dollars of the year.';
COMMENT ON COLUMN question_5_resources_and_outputs.funding_qualifier IS 'How exactly the money was printed.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_source_id IS
    'Catalogue key of the publication of the result; NULL where none is gathered for the year.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_measure IS 'Measure of the result.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_offense_scope IS 'Offense scope of the result.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_breakdown IS 'Part of its scope that the result is; empty for a total.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_unit_of_count IS 'Unit of count of the result.';
COMMENT ON COLUMN question_5_resources_and_outputs.output IS 'The result, in its unit of count.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_qualifier IS 'How exactly the result was printed.';
COMMENT ON COLUMN question_5_resources_and_outputs.output_obs_status IS 'SDMX observation status of the result.';
COMMENT ON COLUMN question_5_resources_and_outputs.is_same_program IS 'Whether one publication gives both the money and the result.';
COMMENT ON COLUMN question_5_resources_and_outputs.effect_of_funding IS
    'NULL throughout: the figures show what went together, not what caused what.';
COMMENT ON COLUMN question_5_resources_and_outputs.why_no_effect IS 'Why no effect is stated.';

COMMENT ON VIEW question_6_law_and_technology IS
    'What changed with law and technology? Events and breaks with the last figure before and the first after, and no percentage between.';
COMMENT ON COLUMN question_6_law_and_technology.date IS 'Day of the event, or first day under the new rule.';
COMMENT ON COLUMN question_6_law_and_technology.entry_kind IS 'event (law, programme, data release) or break (in a series).';
COMMENT ON COLUMN question_6_law_and_technology.entry_id IS 'Name of the event or of the break.';
COMMENT ON COLUMN question_6_law_and_technology.description IS 'What happened.';
COMMENT ON COLUMN question_6_law_and_technology.jurisdiction IS 'Authorities whose event it is; NULL for a break.';
COMMENT ON COLUMN question_6_law_and_technology.event_kind IS 'Kind of the event; NULL for a break.';
COMMENT ON COLUMN question_6_law_and_technology.status_as_of IS 'How the event stood when it was read; NULL for a break.';
COMMENT ON COLUMN question_6_law_and_technology.breaks_rate IS 'Whether the counting rule changed; NULL for an event.';
COMMENT ON COLUMN question_6_law_and_technology.breaks_change IS 'Whether a percentage change across the day would mislead; NULL for an event.';
COMMENT ON COLUMN question_6_law_and_technology.series_id IS 'National or worldwide series that it may touch; NULL where none is gathered.';
COMMENT ON COLUMN question_6_law_and_technology.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN question_6_law_and_technology.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN question_6_law_and_technology.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN question_6_law_and_technology.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN question_6_law_and_technology.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN question_6_law_and_technology.period_before IS 'Last period that ends before the day, as ISO 8601 interval.';
COMMENT ON COLUMN question_6_law_and_technology.value_before IS 'Figure of that period, in the unit of count of the series.';
COMMENT ON COLUMN question_6_law_and_technology.qualifier_before IS 'How exactly it was printed.';
COMMENT ON COLUMN question_6_law_and_technology.period_after IS 'First period that begins on or after the day, as ISO 8601 interval.';
COMMENT ON COLUMN question_6_law_and_technology.value_after IS 'Figure of that period, in the unit of count of the series.';
COMMENT ON COLUMN question_6_law_and_technology.qualifier_after IS 'How exactly it was printed.';
COMMENT ON COLUMN question_6_law_and_technology.pct_change IS 'NULL throughout: before and after is no measure of what an event did.';
COMMENT ON COLUMN question_6_law_and_technology.why_no_change IS 'Why no change is stated.';
COMMENT ON COLUMN question_6_law_and_technology.url IS 'Public page about it.';

COMMENT ON VIEW explanations IS
    'The rows of matched_periods in sentences that can be quoted: what was counted, by whom, for when, what differs, what would be needed.';
COMMENT ON COLUMN explanations.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN explanations.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN explanations.cell_no IS
    'Number of the cell within its rate and period, the largest denominator first; rows that show the same have the same number.';
COMMENT ON COLUMN explanations.sentence_no IS 'Place of the sentence within its cell.';
COMMENT ON COLUMN explanations.sentence IS 'One sentence or a few that belong together.';

COMMENT ON VIEW reconciled_figures IS
    'Counts of a whole federal fiscal year from the records of US attorneys, the courts or the Sentencing Commission: what reconciliation compares.';
COMMENT ON COLUMN reconciled_figures.fiscal_year IS 'Federal fiscal year: 1 October of the year before to 30 September.';
COMMENT ON COLUMN reconciled_figures.subject IS
    'abuse material (offense scopes that hold such offenses, most of them among others) or every offense (all federal crime, for contrast).';
COMMENT ON COLUMN reconciled_figures.topic_no IS 'Place of the step in the course of a case.';
COMMENT ON COLUMN reconciled_figures.topic IS
    'Step of a case that agencies count differently: referred, declined, concluded, prosecuted, closed, convicted or sentenced.';
COMMENT ON COLUMN reconciled_figures.agency IS
    'BJS for its own publications; for any other publication the agency whose records it prints, also where another body prints them.';
COMMENT ON COLUMN reconciled_figures.records_of IS 'Body that keeps the records behind the figure.';
COMMENT ON COLUMN reconciled_figures.counted_by IS 'The agency in words; for BJS with the records it counted from.';
COMMENT ON COLUMN reconciled_figures.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN reconciled_figures.publication IS 'Producer and title of the publication; its catalogue key where no sources are loaded.';
COMMENT ON COLUMN reconciled_figures.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN reconciled_figures.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN reconciled_figures.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN reconciled_figures.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN reconciled_figures.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN reconciled_figures.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN reconciled_figures.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN reconciled_figures.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN reconciled_figures.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN reconciled_figures.obs_value IS 'The figure as published; NULL where there is none, and obs_status says why.';
COMMENT ON COLUMN reconciled_figures.value_qualifier IS 'How exactly the figure is printed, for instance exact or more than.';
COMMENT ON COLUMN reconciled_figures.obs_status IS 'SDMX observation status; says why a value is missing.';
COMMENT ON COLUMN reconciled_figures.published_on IS 'Date of the edition (ISO text, may be a month or a year); NULL where it is not known.';
COMMENT ON COLUMN reconciled_figures.obs_note IS 'Remark on the figure.';
COMMENT ON COLUMN reconciled_figures.source_locator IS 'Where the figure stands in its publication.';
COMMENT ON COLUMN reconciled_figures.url IS 'Page of the publication.';
COMMENT ON COLUMN reconciled_figures.series_id IS 'Series of the figure.';
COMMENT ON COLUMN reconciled_figures.figure IS
    'The figure as text, with thousands separators and the words about, more than, at least or less than where it is not exact.';

COMMENT ON VIEW reconciliation_differences IS
    'Figures of one fiscal year and subject in pairs, in both directions, one row per axis on which the two differ, with a sentence about it.';
COMMENT ON COLUMN reconciliation_differences.fiscal_year IS 'Federal fiscal year: 1 October of the year before to 30 September.';
COMMENT ON COLUMN reconciliation_differences.subject IS 'abuse material or every offense, as in reconciled_figures.';
COMMENT ON COLUMN reconciliation_differences.topic IS 'Step of a case that the first figure counts.';
COMMENT ON COLUMN reconciliation_differences.agency IS 'Agency of the first figure.';
COMMENT ON COLUMN reconciliation_differences.source_id IS 'Catalogue key of the publication series of the first figure.';
COMMENT ON COLUMN reconciliation_differences.series_id IS 'Series of the first figure.';
COMMENT ON COLUMN reconciliation_differences.measure IS 'Measure of the first figure.';
COMMENT ON COLUMN reconciliation_differences.obs_value IS 'The first figure, in its unit of count; NULL where there is none.';
COMMENT ON COLUMN reconciliation_differences.other_topic IS 'Step of a case that the other figure counts.';
COMMENT ON COLUMN reconciliation_differences.other_agency IS 'Agency of the other figure.';
COMMENT ON COLUMN reconciliation_differences.other_counted_by IS 'Agency of the other figure in words; for BJS with the records it counted from.';
COMMENT ON COLUMN reconciliation_differences.other_source_id IS 'Catalogue key of the publication series of the other figure.';
COMMENT ON COLUMN reconciliation_differences.other_series_id IS 'Series of the other figure.';
COMMENT ON COLUMN reconciliation_differences.other_measure IS 'Measure of the other figure.';
COMMENT ON COLUMN reconciliation_differences.other_obs_value IS 'The other figure, in its unit of count; NULL where there is none.';
COMMENT ON COLUMN reconciliation_differences.other_figure IS 'The other figure as text.';
COMMENT ON COLUMN reconciliation_differences.is_same_topic IS 'Whether both count the same step of a case.';
COMMENT ON COLUMN reconciliation_differences.axis_no IS 'Place of the axis among the reasons.';
COMMENT ON COLUMN reconciliation_differences.axis IS
    'What differs: the records, a dimension, how exactly or surely it is printed, a break, a note, the date; unexplained where only values differ.';
COMMENT ON COLUMN reconciliation_differences.code IS 'Code, note or date of the first figure on the axis; NULL where unexplained.';
COMMENT ON COLUMN reconciliation_differences.other_code IS 'Code, note or date of the other figure on the axis; NULL where unexplained.';
COMMENT ON COLUMN reconciliation_differences.own_words IS 'The axis and what holds for the first figure, in words of the code lists.';
COMMENT ON COLUMN reconciliation_differences.other_words IS 'What holds for the other figure, in words of the code lists.';
COMMENT ON COLUMN reconciliation_differences.sentence IS 'The difference as a text that can be quoted.';

COMMENT ON VIEW reconciliation IS
    'Counts of US attorneys, courts, Sentencing Commission and BJS for one fiscal year side by side, with the recorded reasons why they differ.';
COMMENT ON COLUMN reconciliation.fiscal_year IS 'Federal fiscal year: 1 October of the year before to 30 September.';
COMMENT ON COLUMN reconciliation.subject IS
    'abuse material (offense scopes that hold such offenses, most of them among others) or every offense (all federal crime, for contrast).';
COMMENT ON COLUMN reconciliation.topic_no IS 'Place of the step in the course of a case.';
COMMENT ON COLUMN reconciliation.topic IS
    'Step of a case that agencies count differently: referred, declined, concluded, prosecuted, closed, convicted or sentenced.';
COMMENT ON COLUMN reconciliation.agency IS
    'BJS for its own publications; for any other publication the agency whose records it prints, also where another body prints them.';
COMMENT ON COLUMN reconciliation.records_of IS 'Body that keeps the records behind the figure.';
COMMENT ON COLUMN reconciliation.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN reconciliation.publication IS 'Producer and title of the publication; its catalogue key where no sources are loaded.';
COMMENT ON COLUMN reconciliation.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN reconciliation.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN reconciliation.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN reconciliation.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN reconciliation.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN reconciliation.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';
COMMENT ON COLUMN reconciliation.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN reconciliation.obs_value IS 'The figure as published; NULL where there is none, and obs_status says why.';
COMMENT ON COLUMN reconciliation.value_qualifier IS 'How exactly the figure is printed, for instance exact or more than.';
COMMENT ON COLUMN reconciliation.obs_status IS 'SDMX observation status; says why a value is missing.';
COMMENT ON COLUMN reconciliation.published_on IS 'Date of the edition (ISO text, may be a month or a year); NULL where it is not known.';
COMMENT ON COLUMN reconciliation.compared_with IS 'Who else has a count of the subject for the year: other agencies, or BJS from other records.';
COMMENT ON COLUMN reconciliation.figures_elsewhere IS 'What they count, in words, in the order of the steps of a case.';
COMMENT ON COLUMN reconciliation.why_they_differ IS
    'A sentence per axis on which it differs from figures of the same step, or one that says there are none; empty only where nothing differs.';
COMMENT ON COLUMN reconciliation.obs_note IS 'Remark on the figure.';
COMMENT ON COLUMN reconciliation.source_locator IS 'Where the figure stands in its publication.';
COMMENT ON COLUMN reconciliation.url IS 'Page of the publication.';
COMMENT ON COLUMN reconciliation.series_id IS 'Series of the figure.';

COMMENT ON VIEW series_in_words IS 'Every series in words: what is counted, and in which publication it stands.';
COMMENT ON COLUMN series_in_words.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN series_in_words.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN series_in_words.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN series_in_words.things IS 'What the series counts, with what narrows it: a part, a pathway, an area, a classification.';
COMMENT ON COLUMN series_in_words.publication IS 'Producer and title of the publication.';
COMMENT ON COLUMN series_in_words.search_text IS 'All its codes and labels in small letters, in which a claim is looked up.';

-- the linter does not know comments on macros
-- noqa: disable=PRS
COMMENT ON MACRO TABLE matches_as_of IS
    'The matching: the rows of matches as they could have been found on a day. as_of says them in words.';
COMMENT ON MACRO TABLE in_words IS
    'Says in words, with the columns of matched_periods, what a relation with the columns of matches says in numbers; give its name.';
COMMENT ON MACRO period_text IS
    'How a period is published: whole years as start/PnY, else whole months as start/PnM, else start/end. Takes its first and its last day.';
COMMENT ON MACRO TABLE as_of IS
    'The matched-period table as it could have been built on the given day: only editions known by then. matched_periods is its call for today.';
COMMENT ON MACRO TABLE explain IS
    'The sentences about one rate and one period (both as in matched_periods), one row each. The view explanations has them for all, without USE.';
COMMENT ON MACRO claimed_period_name IS
    'How a claimed period is looked up in period_labels: in capitals, without spaces, "fiscal year" as FY and "calendar year" as CY.';
COMMENT ON MACRO claimed_number IS
    'A claimed number (2,039, 36.2 million, 0.36, 36 %) as value and half a unit of its last digit; a percentage is a share of 1.';
COMMENT ON MACRO claimed_words IS 'The words of a claim that say what is counted, each cut to five letters.';
COMMENT ON MACRO share_in_words IS 'A share of 1 as a percentage with two decimals, or with as many as a small one needs.';
COMMENT ON MACRO number_in_words IS 'A number with commas.';
COMMENT ON MACRO TABLE check_claim IS
    'Whether a declared rate has the claimed value for a period: verdict, sentence, rows. Takes rate_id, period, value.';
COMMENT ON MACRO TABLE check_share IS
    'Whether two counts make a share: verdict, sentence, pairs of figures. Takes numerator, denominator, period, and what is counted (words or codes).';
COMMENT ON MACRO TABLE check_percentage IS
    'Whether a percentage is printed or stands in the table: verdict, sentence, rows. Takes percentage, base, period, and what is counted (words or codes).';

COMMIT;
