-- The bytes that figures came from.
SELECT
    snapshots.snapshot_id,
    snapshots.source_id,
    snapshots.url,
    snapshots.media_type,
    snapshots.bytes,
    snapshots.published_on,
    snapshots.first_seen
FROM snapshots
ORDER BY snapshots.source_id, snapshots.first_seen, snapshots.snapshot_id;
