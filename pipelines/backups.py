"""Backups: one archive of everything that cannot be made again, consistent while the project runs, and its restoration.

Belongs here: what is copied and in which order, the check of what was copied, restoring into an empty place, and the command
`python -m pipelines.backups`.
Does not belong here: when backups are made, where they are kept and for how long (docs/operations.md).

Consistent means: the lock of builds is held, so that ledgers, Parquet and releases belong together; pointers and looks are read before
the snapshots that they name, which only ever become more; Dagster's SQLite files are copied through SQLite. The first member of the
archive names every other one with its SHA-256.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pipelines import releases
from pipelines.releases import ReleaseError
from pipelines.snapshots import sha256_of
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import WarehouseError

CONTENTS = "CONTENTS.sha256"
#: folders of data/ that are copied; locks and logs are not
KEPT = ("snapshots", "observations", "quarantine", "releases", "dagster", "alerts")
_MANIFEST = re.compile(r"[0-9a-f]{64}\.json")
#: records and pointers, which refer to snapshots, and journals
_CHANGING = (".json", ".jsonl")
_SQLITE = b"SQLite format 3\x00"
_SQLITE_SIDES = ("-wal", "-shm", "-journal")


class BackupError(ValueError):
    """A backup that cannot be made or restored: the message says which file and what to do."""


@dataclass(frozen=True)
class Backup:
    """What an archive holds.

    Attributes:
        path: the archive.
        files: number of files.
        bytes: their size.
        release: the published release, empty if there is none.
    """

    path: Path
    files: int
    bytes: int
    release: str


def create_backup(data: Path, archive: Path, patience_seconds: float = 3600.0) -> Backup:
    """Copy a data folder into one tar archive, `.gz` at the end of its name compresses it; a build meanwhile waits.

    Raises:
        BackupError: there is no data folder, or the archive is there already, lies in the data folder, or cannot be written.
        ReleaseError: a build did not end in time.
    """
    if not data.is_dir():
        raise BackupError(f"{data.name}: no such folder: nothing to back up")
    if archive.exists():
        raise BackupError(f"{archive.name}: is there already: give another name, a backup is never overwritten")
    if archive.resolve().is_relative_to(data.resolve()):
        raise BackupError(f"{archive.name}: lies in the folder that is backed up: give a place on another disk")
    draft = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        aside = tempfile.TemporaryDirectory(dir=archive.parent, prefix=".backup-")
        with releases.one_build_at_a_time(data, patience_seconds), aside as beside:
            files = _copies(data, Path(beside))
            _write(draft, "w:gz" if archive.suffix in (".gz", ".tgz") else "w", data, files)
            release = releases.published_release(data)
            size = sum(path.stat().st_size for name, path in files.items() if name != "published")
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(archive)
    except OSError as problem:
        raise BackupError(f"{archive.name}: {problem.strerror or problem}: see to the place, nothing was left there") from problem
    finally:
        draft.unlink(missing_ok=True)
    return Backup(archive, len([name for name in files if name != "published"]), size, release.folder.name if release else "")


def restore_backup(archive: Path, data: Path) -> Backup:
    """Unpack an archive beside a data folder, check every byte and the published release, then put it there.

    Raises:
        BackupError: the data folder is not empty, the archive is damaged or not one of this project, or its release does not open.
    """
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise BackupError(f"{data.name}: is not empty: stop the service and move it aside; nothing is ever restored over it")
    data.parent.mkdir(parents=True, exist_ok=True)
    unpacked = data.with_name(f".{data.name}.{os.getpid()}.restoring")
    try:
        try:
            with tarfile.open(archive) as tar:
                # refuses members that lead elsewhere, devices, and links out of the folder
                tar.extractall(unpacked, filter="data")
        except (tarfile.TarError, zlib.error, OSError, EOFError) as problem:
            raise BackupError(f"{archive.name}: {problem}: take another backup") from problem
        files, size = _verify(archive, unpacked)
        release = releases.published_release(unpacked)
        if release is not None:
            try:
                releases.check_release(release.database)
            except (ReleaseError, WarehouseError) as problem:
                raise BackupError(f"{archive.name}: its published release: {problem}: take another backup") from problem
        (unpacked / CONTENTS).unlink()
        if data.exists():
            data.rmdir()
        unpacked.rename(data)
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return Backup(archive, files, size, release.folder.name if release else "")


def _copies(data: Path, beside: Path) -> dict[str, Path]:
    """Map the name of every member to the file it is read from; what may change meanwhile is copied aside first.

    Pointers are read before manifests are listed, and those before the bytes: what is new in between is left out, nothing is missing.
    """
    copies: dict[str, Path] = {}
    for path in [path for path in _files(data) if path.suffix in _CHANGING and not _is_manifest(data, path)]:
        copies |= _aside(data, path, beside)
    copies |= {str(path.relative_to(data)): path for path in _files(data) if _is_manifest(data, path)}
    for path in _files(data):
        if path.relative_to(data).parts[0] == "dagster":
            copies |= {} if path.name.endswith(_SQLITE_SIDES) else _aside(data, path, beside)
        elif path.suffix not in _CHANGING:
            copies[str(path.relative_to(data))] = path
    link = data / "published"
    if link.is_symlink():
        copies["published"] = link
    return dict(sorted(copies.items()))


def _is_manifest(data: Path, path: Path) -> bool:
    """Say whether it is the manifest of a snapshot, which is written once, after its bytes."""
    return path.relative_to(data).parts[0] == "snapshots" and _MANIFEST.fullmatch(path.name) is not None


def _aside(data: Path, path: Path, beside: Path) -> dict[str, Path]:
    """Copy one file as it is at this moment; nothing if it has just been replaced or deleted."""
    name = str(path.relative_to(data))
    copy = beside / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        if _is_sqlite(path):
            uri = f"{path.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        else:
            shutil.copy2(path, copy)
    except FileNotFoundError:
        return {}
    except sqlite3.Error as problem:
        raise BackupError(f"{name}: {problem}: stop the service and try again") from problem
    return {name: copy}


def _files(data: Path) -> Iterator[Path]:
    """List what is kept; drafts and what waits its turn (names that begin with a dot, `.tmp`, `.part`) is not."""
    for folder in KEPT:
        for path in sorted((data / folder).rglob("*")):
            inside = path.relative_to(data)
            if path.is_file() and path.suffix not in (".tmp", ".part", ".lock") and not any(part.startswith(".") for part in inside.parts):
                yield path


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


def _write(draft: Path, mode: Literal["w", "w:gz"], data: Path, files: dict[str, Path]) -> None:
    listed = "".join(f"{sha256_of(path)}  {name}\n" for name, path in files.items() if name != "published")
    with tarfile.open(draft, mode) as tar:
        contents = tarfile.TarInfo(CONTENTS)
        contents.size, contents.mtime = len(listed.encode()), int(datetime.now(UTC).timestamp())
        tar.addfile(contents, io.BytesIO(listed.encode()))
        for folder in sorted({str(parent) for name in files for parent in PurePosixPath(name).parents if str(parent) != "."}):
            # folders too: releases are retired by the age of theirs
            tar.add(data / folder, arcname=folder, recursive=False)
        for name, path in files.items():
            tar.add(path, arcname=name, recursive=False)


def _verify(archive: Path, unpacked: Path) -> tuple[int, int]:
    try:
        lines = (unpacked / CONTENTS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise BackupError(f"{archive.name}: has no {CONTENTS}: it is no backup of this project") from None
    size = 0
    for line in lines:
        digest, _, name = line.partition("  ")
        path = unpacked / name
        if not path.is_file() or sha256_of(path) != digest:
            raise BackupError(f"{archive.name}: {name} is missing or damaged: take another backup")
        size += path.stat().st_size
    return len(lines), size


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or restore a backup; returns 0, or 1 with a word on what is in the way."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.backups", description="Back the data folder up, and restore it.")
    parser.add_argument("--data", type=Path, default=PROJECT / "data", metavar="DIR", help="data folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("create", help="write a backup").add_argument("archive", type=Path, metavar="FILE.tar[.gz]")
    commands.add_parser("restore", help="restore one into an empty place").add_argument("archive", type=Path, metavar="FILE.tar[.gz]")
    given = parser.parse_args(arguments)
    try:
        if given.command == "create":
            done, word = create_backup(given.data, given.archive), "backed up to"
        else:
            done, word = restore_backup(given.archive, given.data), "restored from"
    except (BackupError, ReleaseError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{done.files} files, {done.bytes >> 20} MiB, {word} {done.path.name}; published: {done.release or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
