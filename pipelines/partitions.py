"""Releases of records in partitions, so that counting one can be spread over processes or machines.

Belongs here: dividing a release, the file that holds the answer of one partition, and merging these files. What a partition is and
how it is counted is the source's to say (`divide`, `count_part`, `merge_parts`).
Does not belong here: who runs the partitions, and where.

    partitions = divide("fjc_idb_criminal", Path("cr96on.txt"), 8)
    files = [count_partition(partition, folder, salt) for partition in partitions]  # anywhere, in any order
    observations = merge_partitions(snapshot, files)

What is merged equals what `parse` reads of the whole release, byte for byte. Records of the court file are merged by hashes of their
keys, salted with a number that is drawn for one run and written nowhere; delete the folder when the run is over.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from pipelines.publications import PublicationError
from pipelines.records import Part, Partial
from pipelines.snapshots import Snapshot

_NO_HASH = "0" * 64


class RecordSource(Protocol):
    """What a source module offers beside `parse` when its releases can be divided."""

    divide: Callable[[Snapshot, int], tuple[Part, ...]]
    count_part: Callable[[Snapshot, Part, int], Partial]
    merge_parts: Callable[[Snapshot, Iterable[Partial]], pl.DataFrame]


@dataclass(frozen=True)
class Partition:
    """One partition of a release: plain data, to be sent to whoever counts it.

    Attributes:
        source_id: source of the release.
        path: file or folder of the release, as the one who counts finds it.
        url: address that the release came from; may tell its year.
        number: from 0.
        of: how many the release was divided into.
        part: what it reads.
    """

    source_id: str
    path: Path
    url: str | None
    number: int
    of: int
    part: Part


def divide(source_id: str, path: Path, parts: int, url: str | None = None) -> tuple[Partition, ...]:
    """Divide a release into about as many partitions: byte ranges, files, or groups of districts.

    Raises:
        LookupError: the source's releases cannot be divided.
        PublicationError: the release does not have the layout.
    """
    divided = _source(source_id).divide(Snapshot(source_id, path, _NO_HASH, url=url), parts)
    return tuple(Partition(source_id, path, url, number, len(divided), part) for number, part in enumerate(divided))


def count_partition(partition: Partition, folder: Path, salt: int) -> Path:
    """Count one partition into a file of its own, written once and whole.

    Args:
        partition: one of `divide`.
        folder: where the file goes. One that is there already, of the same partition and salt, is left and returned.
        salt: one number for all partitions of a run, from `secrets.randbits(64)`; keep it nowhere.

    Raises:
        PublicationError: the partition cannot be read, or another run's answer lies in the folder.
    """
    target = folder / f"part_{partition.number:05d}_of_{partition.of:05d}.parquet"
    # tells runs apart without telling the salt: a repeated partition must not be merged with those of another run
    run = hashlib.sha256(f"{partition.source_id} {partition.part} {partition.of} {salt}".encode()).hexdigest()
    if target.exists():
        if pl.read_parquet_metadata(target).get("partition") != run:
            raise PublicationError(f"{partition.source_id}: {target.name} is of another run: give every run a folder of its own")
        return target
    snapshot = Snapshot(partition.source_id, partition.path, _NO_HASH, url=partition.url)
    counted = _source(partition.source_id).count_part(snapshot, partition.part, salt)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    told = {
        "source_id": partition.source_id,
        "run": hashlib.sha256(f"{partition.source_id} {partition.of} {salt}".encode()).hexdigest(),
        "partition": run,
        "summary": json.dumps(counted.summary),
    }
    try:
        counted.table.write_parquet(unfinished, metadata=told)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def merge_partitions(snapshot: Snapshot, files: Sequence[Path]) -> pl.DataFrame:
    """Merge the partitions of a release.

    Args:
        snapshot: source, address and edition of the release; its bytes are not read again.
        files: what `count_partition` returned for every partition, in any order.

    Returns:
        The rows that `parse` reads of the whole release.

    Raises:
        LookupError: the source's releases cannot be divided.
        PublicationError: a partition is missing, comes twice or belongs to another run, or too much of the release cannot be read.
    """
    place = f"{snapshot.source_id}: {len(files)} partitions"
    expected = {f"part_{number:05d}_of_{len(files):05d}.parquet" for number in range(len(files))}
    if {file.name for file in files} != expected:
        raise PublicationError(f"{place}: one is missing or comes twice: count every partition of the release once")
    runs = {(said["source_id"], said["run"]) for said in map(pl.read_parquet_metadata, files)}
    if len(runs) != 1 or {source_id for source_id, _ in runs} != {snapshot.source_id}:
        raise PublicationError(f"{place}: they are of several runs or sources: count all partitions of one release with one salt")
    return _source(snapshot.source_id).merge_parts(snapshot, _read(sorted(files)))


def _read(files: Sequence[Path]) -> Iterator[Partial]:
    for file in files:
        yield Partial(pl.read_parquet(file, memory_map=False), json.loads(pl.read_parquet_metadata(file)["summary"]))


def _source(source_id: str) -> RecordSource:
    try:
        module = importlib.import_module(f"pipelines.sources.{source_id}")
    except ModuleNotFoundError:
        module = None
    if not hasattr(module, "merge_parts"):
        raise LookupError(f"`{source_id}` has no releases of records that can be divided")
    return cast(RecordSource, module)
