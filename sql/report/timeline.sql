-- Question 6: laws, programmes and breaks by date, with the last figure before and the first after for totals.
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
    entries.url,
    entries.series_id,
    entries.source_id,
    measures.label AS measure_label,
    entries.ref_area,
    entries.pathway,
    entries.breakdown,
    entries.period_before,
    entries.value_before,
    entries.qualifier_before,
    entries.period_after,
    entries.value_after,
    entries.qualifier_after,
    entries.why_no_change
FROM question_6_law_and_technology AS entries
LEFT JOIN measures ON entries.measure = measures.code
ORDER BY
    entries.date, entries.entry_kind, entries.entry_id, entries.breakdown <> '', entries.pathway <> 'any', measures.label,
    entries.ref_area, entries.source_id, entries.breakdown, entries.series_id;
