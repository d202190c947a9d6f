"""Jobs and schedules.

Belongs here: which assets run together, and when. Does not belong here: the assets.
"""

import dagster as dg

from assets.sources import LIVE

_LIVE_ASSETS = dg.AssetSelection.assets(*(f"raw_{source_id}" for source_id in LIVE))

build = dg.define_asset_job(
    "build",
    selection=dg.AssetSelection.all() - _LIVE_ASSETS,
    description="Everything that needs no network: transcribed figures and archived publications to a published release.",
    executor_def=dg.in_process_executor,
)
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Look at every publisher first, then build. A publisher that is down turns its own check red and stops nothing else.",
    executor_def=dg.in_process_executor,
)
weekly_refresh = dg.ScheduleDefinition(
    name="weekly_refresh",
    job=refresh,
    cron_schedule="0 6 * * 1",
    execution_timezone="UTC",
    description="Every Monday at 06:00 UTC.",
)
