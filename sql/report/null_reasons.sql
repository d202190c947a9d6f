-- The reasons, in their fixed order.
SELECT null_reasons.position, null_reasons.code, null_reasons.label, null_reasons.sentence, null_reasons.what_would_resolve
FROM null_reasons
ORDER BY null_reasons.position;
