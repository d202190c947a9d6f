"""The job that counts a release of records in partitions: on this machine, or on the workers of a deployment that several share.

Belongs here: the steps, their settings and the key that salts hashes. Which executor runs the steps is the business of whoever loads
the graph: in one process here (assets/definitions.py), on Celery workers in deploy/shared_deployment/.
Does not belong here: dividing, counting and merging (pipelines/partitions.py).

A step may be run twice: a worker that dies is replaced by another, and one that was only slow goes on beside it. Each partition is
therefore written once, whole, under its own name, and the merge takes every name once.
"""

import os
import platform
import shutil
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from secrets import token_bytes
from typing import Any

import dagster as dg

#: where nobody gives a key: all steps of a run are in this process
_DRAWN = token_bytes(32)
_RETRIES, _SECONDS_BETWEEN = 2, 10
#: a partition whose worker dies each time would be given out for ever
_LONGEST_RUN_SECONDS = 24 * 3600
#: a `Partition` of pipelines/partitions.py, which brings what reads records and is not loaded with the definitions
_Partition = Any


class RecordRelease(dg.Config):
    """What to count, and where the observations go; every worker must see both places.

    Attributes:
        source_id: catalogue key of a source of records.
        path: file or folder of the release, as downloaded.
        out: Parquet file for the observations, as `python -m pipelines.parse` would write it.
        parts: about how many partitions; a few for each worker, so that one that dies costs little.
        published_on: date of the edition; empty: as the records say.
    """

    source_id: str
    path: str
    out: str
    parts: int = 8
    published_on: str = ""


class CountingKey(dg.ConfigurableResource):
    """The key from which every run's salt is derived; steps that share no process need one from the environment.

    Attributes:
        secret: the same on every worker; never an argument of a run, which would be stored.
    """

    secret: str = ""

    def salt(self, run: dg.DagsterRun) -> int:
        """Derive the salt of a run, and of its re-executions, whose partitions are used again."""
        key = blake2b(self.secret.encode()).digest() if self.secret else _DRAWN
        return int.from_bytes(blake2b(_first_run(run).encode(), key=key, digest_size=8).digest())


@dg.op(out=dg.DynamicOut(), description="Divide the release into partitions, which are counted anywhere and in any order.")
def divide_release(context: dg.OpExecutionContext, config: RecordRelease) -> Iterator[dg.DynamicOutput[_Partition]]:
    """Yield the partitions of a release."""
    from pipelines.partitions import divide

    partitions = divide(config.source_id, Path(config.path), config.parts)
    _folder(context.run, config).mkdir(mode=0o770, exist_ok=True)
    context.log.info(f"{config.source_id}: {len(partitions)} partitions")
    for partition in partitions:
        yield dg.DynamicOutput(partition, mapping_key=f"{partition.number:05d}")


@dg.op(description="Hash the release, as its observations name it; beside the counting, for it takes a while.")
def identify_release(config: RecordRelease) -> str:
    """Give the SHA-256 of a file, or of the names and hashes of a folder."""
    from pipelines.parse import snapshot_of

    return snapshot_of(config.source_id, Path(config.path)).snapshot_id


@dg.op(description="Count one partition into a file of its own, written once and whole.")
def count_one_partition(context: dg.OpExecutionContext, config: RecordRelease, counting_key: CountingKey, partition: _Partition) -> str:
    """Count a partition and give the path of its counts."""
    from pipelines.parse import count_safely

    try:
        counted = count_safely(partition, _folder(context.run, config), counting_key.salt(context.run))
    except OSError as problem:
        # a file system of several machines has its moments; what the release itself does wrong is not tried again
        raise dg.RetryRequested(_RETRIES, _SECONDS_BETWEEN) from problem
    context.add_output_metadata({"partition": f"{partition.number + 1} of {partition.of}", "host": platform.node(), "process": os.getpid()})
    return str(counted)


@dg.op(description="Merge the counts of all partitions into the observations of the release: all of them, or an error.")
def merge_counts(context: dg.OpExecutionContext, config: RecordRelease, snapshot_id: str, counted: list[str]) -> str:
    """Write the observations, equal to those of one pass byte for byte, and let go of the partitions."""
    from pipelines.parse import observations_of_partitions, write_whole
    from pipelines.snapshots import Snapshot, sha256_of

    out = Path(config.out)
    snapshot = Snapshot(config.source_id, Path(config.path), snapshot_id, published_on=config.published_on or None)
    frame = observations_of_partitions(snapshot, [Path(path) for path in counted])
    write_whole(frame, out)
    # hashes of keys are not kept; whoever is late with a partition finds no folder, and harms nothing
    shutil.rmtree(_folder(context.run, config), ignore_errors=True)
    told = {
        "dagster/row_count": dg.MetadataValue.int(frame.height),
        "partitions": dg.MetadataValue.int(len(counted)),
        "snapshot": dg.MetadataValue.text(snapshot_id),
        "sha256": dg.MetadataValue.text(sha256_of(out)),
        "path": dg.MetadataValue.path(out),
    }
    context.log_event(dg.AssetMaterialization(["record_counts", config.source_id], metadata=told))
    context.log.info(f"{config.source_id}: {frame.height:,} observations written to {out}")
    return str(out)


def _first_run(run: dg.DagsterRun) -> str:
    return run.root_run_id or run.run_id


def _folder(run: dg.DagsterRun, config: RecordRelease) -> Path:
    out = Path(config.out)
    return out.with_name(f".{out.name}.{_first_run(run)}")


@dg.config_mapping
def _one_setting_for_all(release: RecordRelease) -> dict[str, object]:
    return {op.name: {"config": release.model_dump()} for op in (divide_release, identify_release, count_one_partition, merge_counts)}


@dg.graph(name="count_records", config=_one_setting_for_all)
def counting() -> None:
    """Divide, count each partition, merge."""
    merge_counts(identify_release(), divide_release().map(count_one_partition).collect())


def job_of_counting(executor: dg.ExecutorDefinition, key: CountingKey) -> dg.JobDefinition:
    """Make the job that counts a release of records.

    Args:
        executor: who runs the steps.
        key: must hold a secret where steps share no process.
    """
    return counting.to_job(
        description="Count a release of records in partitions: source_id, path and out are asked for. The observations equal those of "
        "python -m pipelines.parse, byte for byte.",
        executor_def=executor,
        resource_defs={"counting_key": key},
        tags={"dagster/max_runtime": str(_LONGEST_RUN_SECONDS)},
    )


count_records = job_of_counting(dg.in_process_executor, CountingKey())
