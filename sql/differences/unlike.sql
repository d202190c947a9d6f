-- Columns that the comparison reads and that one of the two releases lacks, for instance because it was built under another design.
WITH
read_tables AS (
    SELECT unnest(['observations_current', 'matched_periods', 'rates', 'rate_selectors', 'series', 'sources', 'breaks']) AS table_name
),
listed AS (
    SELECT columns.database_name, columns.table_name || '.' || columns.column_name AS listed_column
    FROM duckdb_columns() AS columns
    JOIN read_tables ON columns.table_name = read_tables.table_name
    WHERE columns.database_name IN ('earlier', 'later')
)
SELECT listed_column, min(database_name) AS only_in
FROM listed
GROUP BY listed_column
HAVING count(DISTINCT database_name) = 1
ORDER BY listed_column;
