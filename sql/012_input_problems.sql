-- What is wrong with staged rows, beyond their codes and dates (which pipelines/observations.py judges on the distinct values).
-- Judged on distinct values, too; rows are looked up only to say where the wrong ones are.
CREATE TEMP VIEW input_problems AS
WITH
-- one bit each, as pipelines/warehouse.py sets them
kinds (kind_of_value, what, is_percentage) AS (
    VALUES
    (1, 'none', FALSE), (2, 'negative', FALSE), (4, 'possible', FALSE), (8, 'infinite', FALSE),
    (16, 'none', TRUE), (32, 'negative', TRUE), (64, 'possible', TRUE), (128, 'infinite', TRUE)
),
judged_attributes AS (
    SELECT
        staged.attributes_key,
        kinds.kind_of_value,
        CASE
            WHEN kinds.what = 'none' AND staged.obs_status NOT IN ('L', 'M', 'O', 'Q')
                THEN 'no obs_value, but obs_status says there is one: use L, M, O or Q'
            WHEN kinds.what <> 'none' AND staged.obs_status IN ('L', 'M', 'O', 'Q')
                THEN 'obs_value beside obs_status L, M, O or Q: drop the value or correct the status'
            WHEN kinds.what = 'negative' OR staged.base_value < 0
                THEN 'a negative number: figures are counts, shares, money or durations'
            WHEN staged.decimals < 0
                THEN 'decimals below zero: say how many were printed'
            WHEN kinds.what = 'infinite' OR NOT isfinite(staged.base_value)
                THEN 'a number that is not finite: correct it'
            WHEN staged.base_value IS NOT NULL AND NOT kinds.is_percentage
                THEN 'base_value beside a figure that is no percentage: drop it'
            WHEN staged.value_qualifier = 'share_rounded' AND NOT kinds.is_percentage
                THEN 'share_rounded is for percentages only: correct it'
            WHEN coalesce(staged.source_locator, '') = ''
                THEN 'source_locator is empty: say where the figure stands'
        END AS problem
    FROM staged_attributes AS staged
    JOIN kinds ON staged.kinds_of_values & kinds.kind_of_value <> 0
),
wrong_attributes AS (
    SELECT attributes_key, kind_of_value, problem FROM judged_attributes WHERE problem IS NOT NULL
),
wrong_periods AS (
    SELECT staged_periods.*
    FROM staged_texts AS written
    JOIN staged_periods ON written.time_period = staged_periods.time_period
    WHERE
        written.first_start <> staged_periods.period_start OR written.last_start <> staged_periods.period_start
        OR written.first_end <> staged_periods.period_end OR written.last_end <> staged_periods.period_end
)
SELECT staged.source_id, staged.time_period, staged.source_locator, wrong.problem
FROM staged
JOIN wrong_attributes AS wrong
    ON staged.attributes_key IS NOT DISTINCT FROM wrong.attributes_key
    AND staged.kind_of_value = wrong.kind_of_value
UNION ALL
SELECT staged.source_id, staged.time_period, staged.source_locator, 'period_start or period_end differs from time_period: correct one of them'
FROM staged
JOIN wrong_periods AS wrong
    ON staged.time_period = wrong.time_period
    AND (staged.period_start <> wrong.period_start OR staged.period_end <> wrong.period_end);
