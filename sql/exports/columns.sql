-- Every column of every table and view, in the order in which it stands, with what it means.
SELECT table_name AS relation, column_name AS column_id, data_type, comment AS meaning
FROM duckdb_columns()
WHERE database_name = 'release' AND NOT internal
ORDER BY relation, column_index;
