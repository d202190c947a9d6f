"""What Dagster loads in a deployment that several machines share: the embedded definitions, with the records counted on Celery workers.

Belongs here: the one difference to assets/definitions.py. Does not belong here: assets, jobs, or anything that a single machine needs.
"""

import dagster as dg
from dagster_celery import celery_executor

from assets import definitions
from assets.record_counts import CountingKey, count_records, job_of_counting
from deploy.shared_deployment.dagster_celery_config import OF_BOTH_SIDES

_on_workers = celery_executor.configured(
    {"broker": {"env": "STATISTICS_BROKER_URL"}, "backend": {"env": "STATISTICS_RESULTS_URL"}, "config_source": OF_BOTH_SIDES}
)

defs = dg.Definitions(
    assets=definitions.defs.assets,
    jobs=[
        *(job for job in definitions.defs.jobs or () if job is not count_records),
        job_of_counting(_on_workers, CountingKey(secret=dg.EnvVar("STATISTICS_COUNTING_KEY"))),
    ],
    schedules=definitions.defs.schedules,
    sensors=definitions.defs.sensors,
    resources=definitions.defs.resources,
)
