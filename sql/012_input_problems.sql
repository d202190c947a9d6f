-- What is wrong with staged rows, beyond their codes and dates (which pipelines/observations.py judges on the distinct values).
CREATE TEMP VIEW input_problems AS
SELECT source_id, time_period, source_locator, problem
FROM (
    SELECT
        staged.source_id,
        staged.time_period,
        staged.source_locator,
        CASE
            WHEN staged.obs_value IS NULL AND staged.obs_status NOT IN ('L', 'M', 'O', 'Q')
                THEN 'no obs_value, but obs_status says there is one: use L, M, O or Q'
            WHEN staged.obs_value IS NOT NULL AND staged.obs_status IN ('L', 'M', 'O', 'Q')
                THEN 'obs_value beside obs_status L, M, O or Q: drop the value or correct the status'
            WHEN staged.obs_value < 0 OR staged.base_value < 0
                THEN 'a negative number: figures are counts, shares, money or durations'
            WHEN NOT isfinite(staged.obs_value) OR NOT isfinite(staged.base_value)
                THEN 'a number that is not finite: correct it'
            WHEN staged.base_value IS NOT NULL AND staged.unit_measure <> 'percent'
                THEN 'base_value beside a figure that is no percentage: drop it'
            WHEN staged.value_qualifier = 'share_rounded' AND staged.unit_measure <> 'percent'
                THEN 'share_rounded is for percentages only: correct it'
            WHEN coalesce(staged.source_locator, '') = ''
                THEN 'source_locator is empty: say where the figure stands'
            WHEN staged.period_start <> staged_periods.period_start OR staged.period_end <> staged_periods.period_end
                THEN 'period_start or period_end differs from time_period: correct one of them'
        END AS problem
    FROM staged
    JOIN staged_periods ON staged.time_period = staged_periods.time_period
)
WHERE problem IS NOT NULL;
