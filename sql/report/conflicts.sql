-- Published values that contradict each other, and which to prefer.
SELECT
    conflicts.conflict_id,
    conflicts.subject,
    conflicts.value_1,
    conflicts.locator_1,
    conflicts.url_1,
    conflicts.value_2,
    conflicts.locator_2,
    conflicts.url_2,
    conflicts.prefer,
    conflicts.why
FROM conflicts
ORDER BY conflicts.conflict_id;
