-- Sources with their state.
SELECT
    sources.source_id,
    sources.producer,
    sources.title,
    sources.description,
    sources.url_main,
    sources.licence,
    sources.counts_what,
    sources.does_not_count,
    sources.observations,
    sources.values_missing,
    sources.is_stale,
    sources.state
FROM sources
ORDER BY sources.producer, sources.title, sources.source_id;
