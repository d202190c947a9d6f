"""Settings of the Celery workers, found by dagster_celery under this name: this folder is on the PYTHONPATH of every worker.

Belongs here: where the broker is (from the environment), and what becomes of a partition whose worker dies.
Does not belong here: secrets. `dagster-celery worker start` would write the broker's password into a file; so workers are started with
`celery --app dagster_celery.app worker`, which reads this.
"""

import os

#: a partition that nobody has answered for after this time is given out again; one that takes longer is counted twice, and taken once
_ANSWER_WITHIN_SECONDS = int(os.environ.get("STATISTICS_ANSWER_WITHIN_SECONDS", "1800"))

broker_url = os.environ.get("STATISTICS_BROKER_URL")
result_backend = os.environ.get("STATISTICS_RESULTS_URL")
broker_transport_options = {"visibility_timeout": _ANSWER_WITHIN_SECONDS}
broker_connection_retry_on_startup = True
# a step is off the queue when it is done, not when it is taken
task_acks_late = True
task_reject_on_worker_lost = True
# a worker takes one step for each of its processes, and leaves the rest to others
worker_prefetch_multiplier = 1

#: what the process that gives out the steps must know, too
OF_BOTH_SIDES = {
    "broker_transport_options": broker_transport_options,
    "task_acks_late": task_acks_late,
    "task_reject_on_worker_lost": task_reject_on_worker_lost,
}
