"""Everything Dagster loads.

Belongs here: the one list of assets, jobs, schedules and resources. Does not belong here: any of them.
"""

import dagster as dg

from assets import published, schedules, sign_off, sources
from assets.workspace import Workspace

defs = dg.Definitions(
    assets=[sources.figures, *sources.raw_publications, sources.observations, published.matched_periods, published.published_release],
    jobs=[schedules.build, schedules.refresh, sign_off.sign_off],
    schedules=[schedules.weekly_refresh],
    resources={"workspace": Workspace()},
)
