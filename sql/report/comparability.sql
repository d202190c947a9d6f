-- The pairs people divide: counts of arrests, charges and sentences against counts of reports; axis by axis.
WITH
both_ways AS (
    SELECT pairs_asked.upper_id, pairs_asked.lower_id, pairs_asked.upper_id AS first_id, pairs_asked.lower_id AS second_id FROM pairs_asked
    UNION ALL
    SELECT pairs_asked.upper_id, pairs_asked.lower_id, pairs_asked.lower_id, pairs_asked.upper_id FROM pairs_asked
),
judged AS (
    SELECT
        both_ways.upper_id,
        both_ways.lower_id,
        pairs.axis,
        CASE WHEN both_ways.upper_id = pairs.first_series_id THEN pairs.first_code ELSE pairs.second_code END AS upper_code,
        CASE WHEN both_ways.upper_id = pairs.first_series_id THEN pairs.second_code ELSE pairs.first_code END AS lower_code,
        pairs.agrees,
        pairs.shared_periods
    FROM comparability AS pairs
    JOIN both_ways ON pairs.first_series_id = both_ways.first_id AND pairs.second_series_id = both_ways.second_id
    WHERE
        list_contains(getvariable('series_asked'), pairs.first_series_id)
        AND list_contains(getvariable('series_asked'), pairs.second_series_id)
)
SELECT
    judged.*,
    above.measure AS upper_measure,
    above_measures.label AS upper_measure_label,
    above_measures.stage AS upper_stage,
    above_sources.producer AS upper_producer,
    above_scopes.label AS upper_scope_label,
    above.source_id AS upper_source_id,
    below.measure AS lower_measure,
    below_measures.label AS lower_measure_label,
    below_sources.producer AS lower_producer,
    below_sources.title AS lower_title,
    below.source_id AS lower_source_id,
    below.ref_area AS lower_ref_area,
    below_paths.label AS lower_pathway_label,
    below.pathway AS lower_pathway
FROM judged
JOIN series AS above ON judged.upper_id = above.series_id
JOIN series AS below ON judged.lower_id = below.series_id
LEFT JOIN measures AS above_measures ON above.measure = above_measures.code
LEFT JOIN measures AS below_measures ON below.measure = below_measures.code
LEFT JOIN sources AS above_sources ON above.source_id = above_sources.source_id
LEFT JOIN sources AS below_sources ON below.source_id = below_sources.source_id
LEFT JOIN offense_scopes AS above_scopes ON above.offense_scope = above_scopes.code
LEFT JOIN pathways AS below_paths ON below.pathway = below_paths.code
ORDER BY
    list_position(['arrest', 'charge', 'matter_concluded', 'conviction', 'sentence'], above_measures.stage),
    above.source_id, above_scopes.label, judged.upper_id, below.pathway <> 'any', below.ref_area DESC, below_measures.label,
    below.source_id, judged.lower_id,
    list_position(
        ['period', 'ref_area', 'unit_of_count', 'offense_scope', 'jurisdiction', 'pathway', 'statistical_population'], judged.axis
    );
