"""Alerts of Dagster: what only Dagster knows (runs and checks), and the two moments at which somebody is told.

Belongs here: the workspace that tells when its run ends, whoever started it, and the sensor that tells between runs and of runs that
were killed. Both tell through pipelines/alerts.py, which tells nobody twice.
Does not belong here: what else can stand wrong (pipelines/health.py), channels and words (pipelines/alerts.py).
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from assets.sources import LIVE, SOURCES
from assets.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.alerts import Delivery
    from pipelines.health import Finding

JOBS = ("build", "refresh", "sign_off", "count_records", "__ASSET_JOB")
#: checks that the state of the sources does not tell of already: (asset, check)
CHECKS = [
    *((f"raw_{source_id}", "transcription_is_current") for source_id in LIVE if SOURCES[source_id].kind == "watched"),
    ("matched_periods", "laws_of_the_house"),
    ("matched_periods", "sources_agree"),
]
_REMEDIES = {
    "transcription_is_current": "read the page, transcribe what is new into the figures file of this source, set its transcribed_on in "
    "catalog/sources.toml, build",
    "sources_agree": "read the check's result in the UI; correct the transcription, or record the contradiction in catalog/conflicts.csv",
    "laws_of_the_house": "read the check's result in the UI; nothing that breaks a law is published",
}
#: errors whose words are the project's own; of others only the kind is told, for nobody knows what they quote
_OWN_ERRORS = (
    "ArchiveError", "BucketError", "CatalogError", "FetchError", "LedgerError", "LostRaceError", "ObservationError", "ReleaseError",
    "SnapshotError", "VocabularyError", "WarehouseError",
)  # fmt: skip


class AlertingWorkspace(Workspace):
    """The workspace of the project's own runs: when one ends, well or not, the channels hear what is news."""

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Tell what this run brought up or resolved; a channel that fails fails nothing else."""
        if context.run is None or context.instance is None or context.log is None:
            return
        run = context.run
        findings = [*_of_steps(context.instance, run), *_of_checks(context.instance)]
        try:
            deliveries = _tell(self.data_folder, findings, run.run_id)
        except (OSError, ValueError) as problem:
            context.log.warning(f"alerts: not told: {problem}")
            return
        for delivery in deliveries:
            if delivery.problem:
                context.log.warning(f"alerts: not told: {delivery.problem}")
            else:
                context.log.info(f"alerts: {delivery.channel}: {delivery.alerts} told")


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=120,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the channels of config/alerts.toml what stands wrong: failed runs and checks, quarantines, stale sources, a full "
    "disk. Each problem is told once, and again when it changes or is resolved. It starts no run.",
)
def tell_alerts(context: dg.SensorEvaluationContext, workspace: Workspace) -> dg.SkipReason:
    """Tell between runs what a run that was killed, or time that passes, has brought up."""
    findings = list(_of_checks(context.instance))
    for job in JOBS:
        records = context.instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
        # a run that has not ended tells by itself what became of the job
        if records and records[0].dagster_run.is_finished:
            findings += _of_steps(context.instance, records[0].dagster_run, ended_at=records[0].end_time)
    deliveries = _tell(workspace.data_folder, findings)
    told = "; ".join(delivery.problem or f"{delivery.channel}: {delivery.alerts} told" for delivery in deliveries)
    return dg.SkipReason(told or "Nothing new to tell.")


def _tell(data: Path, findings: "Sequence[Finding]", run_id: str = "") -> "tuple[Delivery, ...]":
    from pipelines.alerts import load_config, problems_of, tell

    standing, observed = problems_of(data)
    return tell(data, load_config(), [*findings, *standing], [*observed, *(finding.key for finding in findings)], run_id=run_id)


def _of_steps(instance: dg.DagsterInstance, run: dg.DagsterRun, ended_at: float | None = None) -> "Iterator[Finding]":
    """Tell whether a run failed; one that ended without success although no step failed was stopped or killed."""
    from pipelines.health import Finding

    key, called = f"run/{_called(run.job_name)}", _called(run.job_name)
    failures = dict(_failed_steps(instance, run.run_id))
    if not failures and (run.is_success if run.is_finished else _has_done_everything(instance, run)):
        yield Finding(key, "ok", f"the job {called} succeeded")
    elif failures or run.is_finished:
        yield Finding(
            key,
            "failure",
            f"the job {called} failed" if failures else f"the job {called} ended without success",
            details="; ".join(f"{step}: {words}" for step, words in failures.items()) or f"run {run.run_id} was stopped or killed",
            since=datetime.fromtimestamp(ended_at or time.time(), UTC).isoformat(timespec="seconds"),
            stands="the release published before stands",
            remedy=f"open run {run.run_id} in the UI, or the log; see to the cause, and run the job again",
            mark=" ".join(sorted(failures)) or "stopped",
        )


def _failed_steps(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[str, str]]:
    for record in instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        if event is None or event.step_key is None:
            continue
        error = event.step_failure_data.error
        cause = (error.cause or error) if error else None
        name = (cause.cls_name or "an error") if cause else "an error"
        words = cause.message.strip().partition("\n")[0] if cause and name in _OWN_ERRORS else name
        yield event.step_key, words


def _has_done_everything(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Say whether every step of a run that is about to end has succeeded; a process of its own for each step ends more than once."""
    if run.execution_plan_snapshot_id is None:
        return False
    planned = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id).step_keys_to_execute
    done = {
        record.event_log_entry.dagster_event.step_key
        for record in instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS).records
        if record.event_log_entry.dagster_event
    }
    return set(planned) <= done


def _of_checks(instance: dg.DagsterInstance) -> "Iterator[Finding]":
    """Tell of the checks whether they were red or amber when they were last evaluated."""
    from pipelines.health import Finding

    for asset, check in CHECKS:
        record = instance.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(dg.AssetKey(asset), check))
        evaluation = record.evaluation if record else None
        # one that is planned only says nothing: this run did not come to it
        if record is None or not isinstance(evaluation, dg.AssetCheckEvaluation):
            continue
        if evaluation.passed:
            yield Finding(f"check/{asset}/{check}", "ok", "passes")
            continue
        asked = evaluation.metadata.get("please transcribe")
        details = str(asked.value) if asked else ""
        yield Finding(
            f"check/{asset}/{check}",
            "warning" if evaluation.severity == dg.AssetCheckSeverity.WARN else "failure",
            f"the check {check} of {asset} does not pass",
            details=details,
            since=datetime.fromtimestamp(record.create_timestamp, UTC).isoformat(timespec="seconds"),
            stands="what is published stands",
            remedy=_REMEDIES[check],
            mark=details or "not passed",
        )


def _called(job: str) -> str:
    """Name a job as a person would."""
    return "materialisation" if job == "__ASSET_JOB" else job
