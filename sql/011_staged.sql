-- Before anything refers to staged rows: temporary tables of what is read out of their texts, which pipelines/warehouse.py fills, and
-- what the files say of themselves.

CREATE TEMP TABLE staged_periods (time_period VARCHAR, period_start DATE, period_end DATE);

CREATE TEMP TABLE staged_editions (published_on VARCHAR, published_by DATE);

-- The columns that have one text, or nothing, in every row of the files, by the statistics in their feet; numbers are left out, since NaN
-- is in no statistic.
CREATE TEMP MACRO constant_columns(files) AS TABLE
WITH
chunks AS (
    SELECT
        path_in_schema AS name,
        type,
        stats_min_value AS least,
        stats_max_value AS greatest,
        coalesce(stats_null_count = 0, FALSE) AND coalesce(min_is_exact, TRUE) AND coalesce(max_is_exact, TRUE) AS is_full_and_exact,
        coalesce(stats_null_count = num_values, FALSE) AS is_empty,
        row_groups
    FROM parquet_metadata(files)
    CROSS JOIN (SELECT count(DISTINCT row(file_name, row_group_id)) AS row_groups FROM parquet_metadata(files))
)
SELECT name, min(least) AS value
FROM chunks
GROUP BY name
HAVING
    count(*) = max(row_groups)
    AND (
        bool_and(is_empty)
        OR bool_and(coalesce(type = 'BYTE_ARRAY' AND is_full_and_exact AND least = greatest, FALSE)) AND min(least) = max(greatest)
    );
