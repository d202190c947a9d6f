"""The command that parses one file by hand, as the pipeline would.

Belongs here: the arguments, choosing the parser of a source, and writing its observations. Nothing is written unless all of it is valid.
Does not belong here: fetching (snapshots.py), reading figures (sources/), and control figures (expectations.py).

    python -m pipelines.parse SOURCE_ID FILE --out OBSERVATIONS.parquet [--published-on DATE]

Exit status: 0 written, 1 the file cannot be read with certainty (one line on standard error says why), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

import pipelines.sources
from pipelines.observations import ObservationError, conform, published_on_problem
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot, snapshot_of_file
from pipelines.vocabulary import VocabularyError

Parser = Callable[[Snapshot], pl.DataFrame]


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
        PublicationError: the publication cannot be read with certainty.
        ObservationError: what was read is not a set of observations.
    """
    return conform(parser_of(snapshot.source_id)(snapshot), snapshot.source_id)


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
    if not chosen.file.is_file():
        command.error(f"there is no file {chosen.file}")
    if not chosen.out.parent.is_dir():
        command.error(f"there is no folder {chosen.out.parent}")
    if chosen.published_on is not None and (problem := published_on_problem(chosen.published_on)):
        command.error(problem)
    snapshot = replace(snapshot_of_file(chosen.source_id, chosen.file), published_on=chosen.published_on)
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
