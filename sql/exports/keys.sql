-- Primary and foreign keys, as the tables declare them.
SELECT
    table_name AS relation,
    constraint_type,
    constraint_column_names AS key_columns,
    referenced_table,
    referenced_column_names AS referenced_columns
FROM duckdb_constraints()
WHERE database_name = 'release' AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')
ORDER BY ALL;
