-- What the release says about itself, and how much is in it.
SELECT
    builds.build_id,
    builds.as_of_date,
    builds.inputs_sha256,
    builds.project_version,
    (SELECT count(*) FROM series_observations) AS figures,
    (SELECT count(*) FROM series) AS series,
    (SELECT count(DISTINCT series.source_id) FROM series) AS sources_with_figures,
    (SELECT count(*) FROM matched_periods) AS matched_rows,
    (SELECT count(matched_periods.rate) FROM matched_periods) AS rates_computed
FROM builds;
