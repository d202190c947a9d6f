-- What is missing, who holds it: one row per holder and rate, with the newest request in words.
SELECT
    requests.held_by,
    requests.rate_id,
    requests.rate_kind,
    any_value(requests.question) AS question,
    count(DISTINCT requests.time_period) AS periods,
    bool_or(requests.needs_linkage) AS needs_linkage,
    arg_max(requests.request, (requests.missing_side <> 'both', requests.period_end, requests.period_start, -requests.cell_no)) AS newest_request,
    arg_max(requests.publication, (requests.missing_side <> 'both', requests.period_end, requests.period_start, -requests.cell_no)) AS publication,
    max(requests.law) AS law,
    requests.rate_id LIKE 'csam_reports_prosecuted%' AS is_headline
FROM data_requests AS requests
WHERE requests.rate_kind <> 'composition' OR requests.rate_id LIKE 'federal_share_of_all_%'
GROUP BY requests.held_by, requests.rate_id, requests.rate_kind
ORDER BY
    is_headline DESC,
    list_position(
        ['prosecution', 'composition', 'declination', 'disposition', 'arrest', 'conviction', 'sentencing'], requests.rate_kind
    ),
    requests.rate_id,
    periods DESC,
    requests.held_by;
