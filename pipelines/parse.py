"""The command that parses one file by hand, as the pipeline would.

Belongs here: the arguments, choosing the parser of a source, and writing its observations. Nothing is written unless all of it is valid.
Does not belong here: fetching (snapshots.py), reading figures (sources/), and control figures (expectations.py).

    python -m pipelines.parse SOURCE_ID FILE --out OBSERVATIONS.parquet [--published-on DATE]

FILE may be a folder where a release comes in several files, as those that hold records do.
Exit status: 0 written, 1 the file cannot be read with certainty (the last line on standard error says why; only files of records log
anything before it), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
import logging
import lzma
import os
import pkgutil
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import polars as pl

import pipelines.sources
from pipelines.archives import ArchiveError
from pipelines.catalog import load_sources
from pipelines.conforming import ObservationError, conform
from pipelines.observations import published_on_problem
from pipelines.partitions import Partition, count_partition, merge_partitions
from pipelines.publications import PublicationError, shown
from pipelines.snapshots import Snapshot, sha256_of, snapshot_of_file
from pipelines.vocabulary import VocabularyError

Parser = Callable[[Snapshot], pl.DataFrame]
_Read = TypeVar("_Read")
_LONGEST_QUOTATION = 300
#: what parsers, and what they read files with, raise when a file is not what they expect; trouble of the disk is none of it
_UNREADABLE = (
    ValueError, LookupError, ArithmeticError, TypeError, AttributeError, AssertionError, RuntimeError, EOFError, SyntaxError, MemoryError,
    struct.error, csv.Error, pl.exceptions.PolarsError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip


def source_ids() -> tuple[str, ...]:
    """List the sources that have a parser: the modules of `pipelines/sources`."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(pipelines.sources.__path__)))


def parser_of(source_id: str) -> Parser:
    """Load the parser of one source.

    Raises:
        LookupError: no module of `pipelines/sources` has this name.
    """
    if source_id not in source_ids():
        raise LookupError(f"no parser for `{source_id}`: choose one of {', '.join(source_ids())}")
    parse: Parser = importlib.import_module(f"pipelines.sources.{source_id}").parse
    return parse


def observations_of(snapshot: Snapshot) -> pl.DataFrame:
    """Parse a snapshot and conform what was read: all of it, or an error.

    Raises:
        LookupError: the source has no parser.
        PublicationError: the publication cannot be read with certainty, or not at all.
        ObservationError: what was read is not a set of observations.
        VocabularyError: a code list of the project is damaged.
    """
    return _conformed(read_publication(parser_of(snapshot.source_id), snapshot), snapshot)


def observations_of_partitions(snapshot: Snapshot, files: Sequence[Path]) -> pl.DataFrame:
    """Merge counted partitions into what `observations_of` reads of the whole release.

    Args:
        snapshot: what the release is; its bytes are not read again.
        files: of `count_safely`, one for each partition.

    Raises:
        PublicationError: partitions are missing, repeated or of several runs, or too much of the release cannot be read.
        ObservationError: what was counted is not a set of observations.
        VocabularyError: a code list of the project is damaged.
    """
    return _conformed(read_publication(lambda release: merge_partitions(release, files), snapshot), snapshot)


def count_safely(partition: Partition, folder: Path, salt: int) -> Path:
    """Count one partition of a release (pipelines/partitions.py); what goes wrong is told without quoting a record.

    Raises:
        PublicationError: the partition cannot be read with certainty, or not at all.
    """
    release = Snapshot(partition.source_id, partition.path, "", url=partition.url)
    return read_publication(lambda _: count_partition(partition, folder, salt), release)


def _conformed(frame: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    return conform(frame.with_columns(pl.lit(snapshot.snapshot_id).alias("snapshot_id")), snapshot.source_id)


def read_publication(parse: Callable[[Snapshot], _Read], snapshot: Snapshot) -> _Read:
    """Run a parser; whatever it, or what it reads files with, raises because of the file becomes an error that names the source.

    Raises:
        PublicationError: the publication cannot be read with certainty, or not at all.
        ObservationError: what was read is not a set of observations.
        VocabularyError: a code list of the project is damaged.
    """
    source_id = snapshot.source_id
    try:
        return parse(snapshot)
    except (PublicationError, ObservationError, VocabularyError) as problem:
        if source_id in str(problem):
            raise
        raise PublicationError(f"{source_id}: {problem}") from problem
    except ArchiveError as problem:
        raise PublicationError(f"{source_id}: {problem}: publication quarantined") from problem
    except (*_UNREADABLE, pl.exceptions.PanicException) as problem:
        # words that nobody chose may quote what was being read, and a record is never quoted
        quoted = "" if source_id in _record_sources() else f": {shown(str(problem), _LONGEST_QUOTATION)}"
        told = f"{source_id}: cannot be read ({type(problem).__name__}{quoted}): a layout that its parser does not know, or a damaged file"
        raise PublicationError(f"{told}: publication quarantined") from (None if source_id in _record_sources() else problem)


@cache
def _record_sources() -> frozenset[str]:
    return frozenset(source.source_id for source in load_sources() if source.kind == "records")


def snapshot_of(source_id: str, path: Path) -> Snapshot:
    """Make a snapshot of a file, or of a folder where a release comes in several files."""
    return (snapshot_of_folder if path.is_dir() else snapshot_of_file)(source_id, path)


def snapshot_of_folder(source_id: str, folder: Path) -> Snapshot:
    """Make a snapshot of a release that comes in several files; its hash is of their names and hashes."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256_of(path)}\n".encode())
    return Snapshot(source_id=source_id, path=folder, snapshot_id=digest.hexdigest())


def write_whole(frame: pl.DataFrame, path: Path) -> None:
    """Write Parquet so that the path holds either what it held before or the whole of the new frame."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        frame.write_parquet(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: without the program name; those of the process by default.

    Returns:
        The exit status.
    """
    command = argparse.ArgumentParser(prog="python -m pipelines.parse", description="Parse one publication into observations.")
    command.add_argument("source_id", metavar="SOURCE_ID", help="which source the file is of: " + ", ".join(source_ids()))
    command.add_argument("file", metavar="FILE", type=Path, help="the publication, as downloaded")
    command.add_argument("--out", metavar="OBSERVATIONS.parquet", type=Path, required=True, help="where to write the observations")
    command.add_argument("--published-on", metavar="DATE", help="date of the edition (2024, 2024-05 or 2024-05-08); else as the file says")
    chosen = command.parse_args(arguments)
    if chosen.source_id not in source_ids():
        command.error(f"no parser for `{chosen.source_id}`: choose one of {', '.join(source_ids())}")
    in_files = chosen.file.is_dir() and chosen.source_id in {source.source_id for source in load_sources() if source.kind == "records"}
    if not chosen.file.is_file() and not in_files:
        command.error(f"{chosen.file} is a folder: give one file" if chosen.file.is_dir() else f"there is no file {chosen.file}")
    if not chosen.out.parent.is_dir():
        command.error(f"there is no folder {chosen.out.parent}")
    if chosen.published_on is not None and (problem := published_on_problem(chosen.published_on)):
        command.error(problem)
    # files of records take minutes and say how far they are; where a caller has set up logging, its settings stand
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    snapshot = replace(snapshot_of(chosen.source_id, chosen.file), published_on=chosen.published_on)
    try:
        frame = observations_of(snapshot)
    except (PublicationError, ObservationError, VocabularyError) as problem:
        print(" | ".join(str(problem).splitlines()), file=sys.stderr)
        return 1
    write_whole(frame, chosen.out)
    print(f"{chosen.source_id}: {frame.height:,} observations written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
