"""Everything Dagster loads.

Belongs here: the one list of assets, jobs, schedules and resources. Does not belong here: any of them.
"""

import dagster as dg

from assets import alerts, published, record_counts, schedules, sign_off, sources

defs = dg.Definitions(
    assets=[sources.figures, *sources.raw_publications, sources.observations, published.matched_periods, published.published_release],
    jobs=[schedules.build, schedules.refresh, sign_off.sign_off, record_counts.count_records],
    schedules=[schedules.weekly_refresh],
    sensors=[alerts.tell_alerts],
    resources={"workspace": alerts.AlertingWorkspace()},
)
