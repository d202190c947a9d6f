-- What is wrong with staged rows, beyond their codes and dates (which pipelines/observations.py judges on the distinct values).
-- Judged on distinct values, too; rows are looked up only to say where the wrong ones are.
CREATE TEMP VIEW input_problems AS
WITH
judged_attributes AS (
    SELECT
        *,
        CASE
            WHEN no_value AND obs_status NOT IN ('L', 'M', 'O', 'Q')
                THEN 'no obs_value, but obs_status says there is one: use L, M, O or Q'
            WHEN NOT no_value AND obs_status IN ('L', 'M', 'O', 'Q')
                THEN 'obs_value beside obs_status L, M, O or Q: drop the value or correct the status'
            WHEN impossible_value = 'negative' OR base_value < 0
                THEN 'a negative number: figures are counts, shares, money or durations'
            WHEN impossible_value = 'not finite' OR NOT isfinite(base_value)
                THEN 'a number that is not finite: correct it'
            WHEN base_value IS NOT NULL AND unit_measure <> 'percent'
                THEN 'base_value beside a figure that is no percentage: drop it'
            WHEN value_qualifier = 'share_rounded' AND unit_measure <> 'percent'
                THEN 'share_rounded is for percentages only: correct it'
            WHEN coalesce(source_locator, '') = ''
                THEN 'source_locator is empty: say where the figure stands'
        END AS problem
    FROM staged_attributes
),
wrong_attributes AS (
    SELECT attributes_hash, unit_measure, no_value, impossible_value, problem FROM judged_attributes WHERE problem IS NOT NULL
),
wrong_periods AS (
    SELECT written.time_period, written.period_start, written.period_end
    FROM staged_texts AS written
    JOIN staged_periods ON written.time_period = staged_periods.time_period
    WHERE written.period_start <> staged_periods.period_start OR written.period_end <> staged_periods.period_end
)
SELECT staged.source_id, staged.time_period, staged.source_locator, wrong.problem
FROM staged
JOIN wrong_attributes AS wrong
    ON staged.attributes_hash = wrong.attributes_hash
    AND staged.unit_measure = wrong.unit_measure
    AND staged.no_value = wrong.no_value
    AND staged.impossible_value = wrong.impossible_value
UNION ALL
SELECT staged.source_id, staged.time_period, staged.source_locator, 'period_start or period_end differs from time_period: correct one of them'
FROM staged
JOIN (SELECT DISTINCT * FROM wrong_periods) AS wrong
    ON staged.time_period = wrong.time_period
    AND staged.period_start IS NOT DISTINCT FROM wrong.period_start
    AND staged.period_end IS NOT DISTINCT FROM wrong.period_end;
