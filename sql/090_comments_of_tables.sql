-- What every table and its columns mean. Written out in full: with 095_comments_of_views.sql this is the data dictionary that travels with
-- the file. (matches has its words in its own file: it is being written while these are.)
-- The columns of an observation carry the same words as in pipelines/observations.py; a test compares the two.
-- One transaction: hundreds would be slower than the matching.

BEGIN TRANSACTION;

COMMENT ON TABLE series IS
    'Every series of figures: one row per combination of dimensions. A series is everything about a figure except its period and its edition.';
COMMENT ON COLUMN series.series_id IS 'Identifier of the series, a short hash of its dimensions; the same in every release.';
COMMENT ON COLUMN series.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN series.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN series.measure IS 'What happened, as noun and event, for instance defendants_charged.';
COMMENT ON COLUMN series.ref_area IS 'ISO 3166 area, WORLD, or a federal judicial district code.';
COMMENT ON COLUMN series.unit_of_count IS 'What one unit of the figure is, for instance a report or a defendant in a case.';
COMMENT ON COLUMN series.unit_measure IS 'What the number is expressed in: count, percent, usd or months.';
COMMENT ON COLUMN series.offense_scope IS 'Offense classification of the source; its code row lists statutes or categories.';
COMMENT ON COLUMN series.jurisdiction IS 'Authorities to which the counted event belongs.';
COMMENT ON COLUMN series.pathway IS 'How the material came about or was handled, for instance gai_nexus or production.';
COMMENT ON COLUMN series.statistical_population IS 'Set of units within which the figure is counted.';
COMMENT ON COLUMN series.breakdown IS 'Canonical key=value;key=value part of the scope; empty for a total.';

COMMENT ON TABLE periods IS
    'Every period that a figure is published for, as its publisher writes it and as it is published here, in the order of the days.';
COMMENT ON COLUMN periods.period_no IS 'Number of the period within this release.';
COMMENT ON COLUMN periods.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN periods.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN periods.period_end IS 'Last day of the period (inclusive), derived from time_period.';
COMMENT ON COLUMN periods.published_no IS
    'Number of the period of the same days as it is published here; periods are equal if their days are.';

COMMENT ON TABLE attribute_sets IS 'What is said about figures beside their numbers: edition, evidence, place and status, once per combination.';
COMMENT ON COLUMN attribute_sets.attributes_no IS
    'Number of the combination within this release; below zero if figures with it have no value.';
COMMENT ON COLUMN attribute_sets.value_qualifier IS 'How exactly the number was printed.';
COMMENT ON COLUMN attribute_sets.obs_status IS 'SDMX observation status.';
COMMENT ON COLUMN attribute_sets.base_value IS 'For a published percentage, the base that the publisher states with it.';
COMMENT ON COLUMN attribute_sets.decimals IS 'For a published percentage, the decimals that were printed.';
COMMENT ON COLUMN attribute_sets.published_on IS 'Date of the edition, as precise as it is known (year, month or day).';
COMMENT ON COLUMN attribute_sets.evidence IS 'How the figure was read: publication, datafile, republication or quotation.';
COMMENT ON COLUMN attribute_sets.source_locator IS 'Place of the figure inside the publication.';
COMMENT ON COLUMN attribute_sets.url IS 'Public address of the publication.';
COMMENT ON COLUMN attribute_sets.obs_note IS 'Short remark on the figure.';
COMMENT ON COLUMN attribute_sets.snapshot_id IS 'SHA-256 of the bytes that the figure was read from.';
COMMENT ON COLUMN attribute_sets.known_from IS
    'Day from which the edition counts as known: its publication, at the latest the day on which the project first saw it.';

COMMENT ON TABLE figures IS 'Every edition of every figure in numbers only, append-only; series_observations and observations say the same in full.';
COMMENT ON COLUMN figures.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN figures.period_no IS 'Period of the figure, as its publisher writes it.';
COMMENT ON COLUMN figures.obs_value IS 'The published number; NULL is never zero.';
COMMENT ON COLUMN figures.attributes_no IS 'What is said about the figure beside its number: a row of attribute_sets.';

COMMENT ON TABLE superseded_figures IS 'The figures that hold only until a preferred edition is known.';
COMMENT ON COLUMN superseded_figures.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN superseded_figures.period_no IS 'Period of the figure, as its publisher writes it.';
COMMENT ON COLUMN superseded_figures.attributes_no IS 'What is said about the figure beside its number: a row of attribute_sets.';
COMMENT ON COLUMN superseded_figures.superseded_on IS 'Day from which a preferred edition is known.';

COMMENT ON TABLE breaks IS 'Breaks in series: days on which a counting rule, or the behaviour behind a count, changed.';
COMMENT ON COLUMN breaks.break_id IS 'Name of the break.';
COMMENT ON COLUMN breaks.date IS 'First day under the new rule.';
COMMENT ON COLUMN breaks.breaks_rate IS 'Whether the counting rule changed, so that a figure whose period contains the day makes no rate.';
COMMENT ON COLUMN breaks.breaks_change IS 'Whether a percentage change across the day would mislead.';
COMMENT ON COLUMN breaks.source_id IS 'Codes of source_id that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.measure IS 'Codes of measure that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.ref_area IS 'Codes of ref_area that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.unit_of_count IS 'Codes of unit_of_count that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.unit_measure IS 'Codes of unit_measure that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.offense_scope IS 'Codes of offense_scope that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.jurisdiction IS 'Codes of jurisdiction that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.pathway IS 'Codes of pathway that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.statistical_population IS
    'Codes of statistical_population that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.breakdown IS 'Codes of breakdown that the break concerns, separated by semicolons; empty for any.';
COMMENT ON COLUMN breaks.description IS 'What changed.';
COMMENT ON COLUMN breaks.url IS 'Public page that says so.';

COMMENT ON TABLE series_breaks IS 'Which break belongs to which series.';
COMMENT ON COLUMN series_breaks.series_no IS 'Number of the series within this release; series_id is the one to keep.';
COMMENT ON COLUMN series_breaks.break_id IS 'Name of the break.';
COMMENT ON COLUMN series_breaks.date IS 'First day under the new rule.';
COMMENT ON COLUMN series_breaks.breaks_rate IS 'Whether the counting rule changed, so that a figure whose period contains the day makes no rate.';
COMMENT ON COLUMN series_breaks.breaks_change IS 'Whether a percentage change across the day would mislead.';

COMMENT ON TABLE rates IS 'The declared rates: what is looked for in every build, whether or not it can be computed.';
COMMENT ON COLUMN rates.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN rates.rate_kind IS 'Kind of the rate: prosecution, declination, disposition, conviction, sentencing, arrest or composition.';
COMMENT ON COLUMN rates.question IS 'What a reader would ask, in one sentence.';
COMMENT ON COLUMN rates.varies IS 'Axes along which the numerator of a composition is a part of its denominator.';
COMMENT ON COLUMN rates.is_published_percentage IS 'Whether it reads a printed percentage with its base instead of two counts.';
COMMENT ON COLUMN rates.rate_no IS 'Number of the rate within this release; rate_id is the one to keep.';

COMMENT ON TABLE rate_selectors IS 'The codes that a rate names for either side; a dimension without a row may have any code.';
COMMENT ON COLUMN rate_selectors.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN rate_selectors.side IS 'numerator (above the line) or denominator (below the line).';
COMMENT ON COLUMN rate_selectors.dimension IS 'Name of the dimension.';
COMMENT ON COLUMN rate_selectors.codes IS 'The codes that the dimension may have; in a breakdown * stands for any one value.';

COMMENT ON TABLE rate_series IS 'The series that each side of each rate selects.';
COMMENT ON COLUMN rate_series.rate_id IS 'Name of the declared rate.';
COMMENT ON COLUMN rate_series.side IS 'numerator (above the line) or denominator (below the line).';
COMMENT ON COLUMN rate_series.series_no IS 'Number of the series within this release; series_id is the one to keep.';

COMMENT ON TABLE part_of IS 'Which code is part of which other, through any number of steps.';
COMMENT ON COLUMN part_of.dimension IS 'Dimension whose code list the two codes belong to.';
COMMENT ON COLUMN part_of.code IS 'The part.';
COMMENT ON COLUMN part_of.whole IS 'The code that contains it.';

COMMENT ON TABLE null_reasons IS 'The reasons for which a rate is NULL, in the order in which they are listed, each with a sentence for readers.';
COMMENT ON COLUMN null_reasons.position IS 'Place of the reason in the order of the list.';
COMMENT ON COLUMN null_reasons.code IS 'The code.';
COMMENT ON COLUMN null_reasons.label IS 'The code in words.';
COMMENT ON COLUMN null_reasons.sentence IS 'The reason in one sentence for readers.';
COMMENT ON COLUMN null_reasons.what_would_resolve IS 'What would have to be published for the reason to go away.';

COMMENT ON TABLE measures IS 'Code list of measure: what happened, as noun and event.';
COMMENT ON COLUMN measures.code IS 'The code.';
COMMENT ON COLUMN measures.label IS 'The code in words.';
COMMENT ON COLUMN measures.unit_of_count_usual IS 'Unit in which the measure is usually counted.';
COMMENT ON COLUMN measures.stage IS 'Stage of the criminal process, from report and referral to conviction and sentence; or resources, policy.';
COMMENT ON COLUMN measures.note IS 'Remark on the code.';

COMMENT ON TABLE units_of_count IS 'Code list of unit_of_count: what one unit of a figure is.';
COMMENT ON COLUMN units_of_count.code IS 'The code.';
COMMENT ON COLUMN units_of_count.label IS 'The code in words.';
COMMENT ON COLUMN units_of_count.note IS 'Remark on the code.';
COMMENT ON COLUMN units_of_count.part_of IS 'Code of the same list that contains this one; empty if none does.';

COMMENT ON TABLE unit_measures IS 'Code list of unit_measure: what a number is expressed in.';
COMMENT ON COLUMN unit_measures.code IS 'The code.';
COMMENT ON COLUMN unit_measures.label IS 'The code in words.';

COMMENT ON TABLE offense_scopes IS 'Code list of offense_scope: the offense classifications of the sources.';
COMMENT ON COLUMN offense_scopes.code IS 'The code.';
COMMENT ON COLUMN offense_scopes.label IS 'The code in words.';
COMMENT ON COLUMN offense_scopes.statutes_or_categories IS 'Statutes, guidelines or categories that make it up.';
COMMENT ON COLUMN offense_scopes.includes IS 'What it includes.';
COMMENT ON COLUMN offense_scopes.excludes IS 'What it leaves out.';
COMMENT ON COLUMN offense_scopes.defined_by IS 'Body that defined it.';
COMMENT ON COLUMN offense_scopes.part_of IS 'Code of the same list that contains this one; empty if none does.';

COMMENT ON TABLE jurisdictions IS 'Code list of jurisdiction: authorities to which a counted event belongs.';
COMMENT ON COLUMN jurisdictions.code IS 'The code.';
COMMENT ON COLUMN jurisdictions.label IS 'The code in words.';
COMMENT ON COLUMN jurisdictions.note IS 'Remark on the code.';
COMMENT ON COLUMN jurisdictions.part_of IS 'Code of the same list that contains this one; empty if none does.';

COMMENT ON TABLE pathways IS 'Code list of pathway: how material came about or was handled.';
COMMENT ON COLUMN pathways.code IS 'The code.';
COMMENT ON COLUMN pathways.label IS 'The code in words.';
COMMENT ON COLUMN pathways.note IS 'Remark on the code.';
COMMENT ON COLUMN pathways.part_of IS 'Code of the same list that contains this one; empty if none does.';

COMMENT ON TABLE statistical_populations IS 'Code list of statistical_population: the sets of units within which figures are counted.';
COMMENT ON COLUMN statistical_populations.code IS 'The code.';
COMMENT ON COLUMN statistical_populations.label IS 'The code in words.';
COMMENT ON COLUMN statistical_populations.kept_by IS 'Body that keeps the records of the set.';
COMMENT ON COLUMN statistical_populations.note IS 'Remark on the code.';

COMMENT ON TABLE value_qualifiers IS 'Code list of value_qualifier: how exactly a number was printed.';
COMMENT ON COLUMN value_qualifiers.code IS 'The code.';
COMMENT ON COLUMN value_qualifiers.label IS 'The code in words.';
COMMENT ON COLUMN value_qualifiers.note IS 'Remark on the code.';

COMMENT ON TABLE obs_statuses IS 'Code list of obs_status: the SDMX observation statuses.';
COMMENT ON COLUMN obs_statuses.code IS 'The code.';
COMMENT ON COLUMN obs_statuses.label IS 'The code in words.';
COMMENT ON COLUMN obs_statuses.used_here_for IS 'What this project uses the status for.';

COMMENT ON TABLE evidence_grades IS 'Code list of evidence: how a figure was read.';
COMMENT ON COLUMN evidence_grades.code IS 'The code.';
COMMENT ON COLUMN evidence_grades.label IS 'The code in words.';

COMMENT ON TABLE declination_reasons IS 'Reasons that US attorneys can record when they decline a matter.';
COMMENT ON COLUMN declination_reasons.code IS 'The code.';
COMMENT ON COLUMN declination_reasons.label IS 'The code in words.';
COMMENT ON COLUMN declination_reasons.legacy_or_modern IS 'Whether the reason belongs to the older list of reasons, the present one, or both.';
COMMENT ON COLUMN declination_reasons.is_transfer_to_other_authority IS
    'Whether the suspect is left to another authority, so that the case goes on elsewhere.';

COMMENT ON TABLE sources IS
    'The publication series behind the figures, and how each stands in this release. Empty when the matching runs by itself.';
COMMENT ON COLUMN sources.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN sources.producer IS 'Body that publishes it.';
COMMENT ON COLUMN sources.title IS 'Name of the publication.';
COMMENT ON COLUMN sources.description IS 'What it is.';
COMMENT ON COLUMN sources.url_main IS 'Page where a reader finds it.';
COMMENT ON COLUMN sources.licence IS 'Terms under which the figures may be used.';
COMMENT ON COLUMN sources.release_calendar IS 'When it appears.';
COMMENT ON COLUMN sources.counts_what IS 'What its figures count.';
COMMENT ON COLUMN sources.does_not_count IS 'What a reader might expect in it and will not find.';
COMMENT ON COLUMN sources.kind IS
    'What the project does with it: figures (transcribed only), publication (parsed), watched (page compared), records (counted in a stream).';
COMMENT ON COLUMN sources.layout IS
    'verified where an original was parsed, unverified where only its description was known; empty without a parser.';
COMMENT ON COLUMN sources.observations IS 'Figures that it contributes to this release.';
COMMENT ON COLUMN sources.values_missing IS 'Those of its figures that have no value.';
COMMENT ON COLUMN sources.is_stale IS 'Whether the newest snapshot is in quarantine, so that an older one stands.';
COMMENT ON COLUMN sources.state IS 'How the source stands in this release, in words.';

COMMENT ON TABLE snapshots IS 'The bytes that figures were read from, named by their hash. Empty when the matching runs by itself.';
COMMENT ON COLUMN snapshots.snapshot_id IS 'SHA-256 of the bytes.';
COMMENT ON COLUMN snapshots.source_id IS 'Catalogue key of the publication series: producer, then publication.';
COMMENT ON COLUMN snapshots.url IS 'Address they were fetched from.';
COMMENT ON COLUMN snapshots.media_type IS 'Media type of the bytes.';
COMMENT ON COLUMN snapshots.bytes IS 'Their number, in bytes.';
COMMENT ON COLUMN snapshots.published_on IS 'Date of the edition where the publisher states one, as precise as it is known.';
COMMENT ON COLUMN snapshots.first_seen IS 'Day on which the project first saw them.';

COMMENT ON TABLE builds IS 'How this release was built. Empty when the matching runs by itself.';
COMMENT ON COLUMN builds.build_id IS 'Name of the release.';
COMMENT ON COLUMN builds.as_of_date IS 'Newest day on which one of its inputs was first seen.';
COMMENT ON COLUMN builds.inputs_sha256 IS 'Hash of everything that went into the release.';
COMMENT ON COLUMN builds.duckdb_version IS 'Version of DuckDB that wrote it.';
COMMENT ON COLUMN builds.project_version IS 'Version of this project that wrote it.';

COMMENT ON TABLE policy_events IS 'Laws, programmes, bills and data releases on the timeline.';
COMMENT ON COLUMN policy_events.event_id IS 'Name of the event.';
COMMENT ON COLUMN policy_events.date_effective IS 'Day on which it took effect, or on which the statement about it holds.';
COMMENT ON COLUMN policy_events.jurisdiction IS 'Authorities whose event it is.';
COMMENT ON COLUMN policy_events.kind IS 'Kind of the event: statute, bill, appropriation, programme, state laws, data release.';
COMMENT ON COLUMN policy_events.title IS 'What happened.';
COMMENT ON COLUMN policy_events.affects IS 'Catalogue keys of the sources whose series it may touch, separated by commas.';
COMMENT ON COLUMN policy_events.status_as_of IS 'How it stood when it was read.';
COMMENT ON COLUMN policy_events.url IS 'Public page about it.';

COMMENT ON TABLE conflicts IS 'Published values that contradict each other, and which of them to prefer.';
COMMENT ON COLUMN conflicts.conflict_id IS 'Name of the conflict.';
COMMENT ON COLUMN conflicts.subject IS 'What the two values are about.';
COMMENT ON COLUMN conflicts.value_1 IS 'The first value, as printed.';
COMMENT ON COLUMN conflicts.locator_1 IS 'Place in the publication of the first value.';
COMMENT ON COLUMN conflicts.url_1 IS 'Public address of the first value.';
COMMENT ON COLUMN conflicts.value_2 IS 'The second value, as printed.';
COMMENT ON COLUMN conflicts.locator_2 IS 'Place in the publication of the second value.';
COMMENT ON COLUMN conflicts.url_2 IS 'Public address of the second value.';
COMMENT ON COLUMN conflicts.prefer IS 'Which of them to prefer.';
COMMENT ON COLUMN conflicts.why IS 'Why.';

COMMENT ON TABLE period_labels IS
    'Every way in which a reader may call a period, for looking up claims: 2020, CY2020, FY2020, FY2004-2013, 2025-H1, 2025-03.';
COMMENT ON COLUMN period_labels.period_label IS 'What the period may be called, in capitals and without spaces; one label may mean several periods.';
COMMENT ON COLUMN period_labels.time_period IS 'ISO 8601 interval: start and duration, or start and inclusive end.';
COMMENT ON COLUMN period_labels.period_start IS 'First day of the period, derived from time_period.';
COMMENT ON COLUMN period_labels.period_end IS 'Last day of the period (inclusive), derived from time_period.';

COMMIT;
