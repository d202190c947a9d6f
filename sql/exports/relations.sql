-- Every table and view of the release, with what it is.
SELECT table_name AS relation, FALSE AS is_view, comment AS meaning FROM duckdb_tables() WHERE database_name = 'release' AND NOT internal
UNION ALL
SELECT view_name, TRUE, comment FROM duckdb_views() WHERE database_name = 'release' AND NOT internal
ORDER BY relation;
