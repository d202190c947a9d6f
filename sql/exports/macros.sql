-- The project's own macros, with their parameters.
SELECT function_name AS macro, array_to_string(parameters, ', ') AS parameters, comment AS meaning
FROM duckdb_functions()
WHERE database_name = 'release' AND NOT internal AND function_type IN ('macro', 'table_macro')
ORDER BY ALL;
