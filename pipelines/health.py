"""Health: how the project stands on this machine, told in findings that say what stands meanwhile and what to do.

Belongs here: what is looked at (the published release, sources, quarantine, disk, lock, litter), when it is a warning or a failure,
and the command `python -m pipelines.health`.
Does not belong here: telling anybody (alerts.py), and mending anything: health only reads.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from pipelines import ledger, refresh, releases
from pipelines.catalog import Source
from pipelines.ledger import LedgerError
from pipelines.releases import ReleaseError
from pipelines.snapshots import sha256_of
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import WarehouseError, query

Level = Literal["ok", "warning", "failure"]

#: free space below which somebody should make room, and below which the next build may not end
LOW_BYTES, NO_BYTES = 2 << 30, 256 << 20
#: a release must fit this many times: the new one, its draft, and the old ones beside it
_LOW_RELEASES, _NO_RELEASES = 10, 3
_LITTER_SECONDS = 86_400.0
#: what a killed process may leave behind: every write goes to such a name first
_DRAFTS = (
    "releases/.*.building", "releases/.*.building.*", ".published.*", "observations/**/.*.part", "quarantine/**/.*.part",
    "snapshots/*/*.tmp", "snapshots/*/*.part", "snapshots/*/.last_look.json.*", "alerts/.*.part",
)  # fmt: skip
_SIZED = ("snapshots", "observations", "releases", "dagster")
_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """How one thing stands.

    Attributes:
        key: what is looked at: `published/file`, `published/laws`, `source/<source_id>/look`, `source/<source_id>/quarantine`,
            `source/<source_id>/ledger`, `disk`, `lock`, `litter`, `alerts/<channel>`; assets add `run/<job>` and `check/<asset>/<check>`.
        level: ok; warning, where somebody should look and what is published is right; failure, where it is not there or not right.
        told: the finding, in words that change only when it does.
        details: which file, address or figure; may change from look to look.
        since: day or moment since when (ISO 8601); empty if unknown.
        stands: what holds meanwhile.
        remedy: what a person can do.
        mark: what makes it another problem than before, where the words do not.
    """

    key: str
    level: Level
    told: str
    details: str = ""
    since: str = ""
    stands: str = ""
    remedy: str = ""
    mark: str = ""

    @property
    def subject(self) -> str:
        """What is looked at, in words: the source, or the first part of the key."""
        parts = self.key.split("/")
        return parts[1] if parts[0] == "source" else " ".join(parts)

    @property
    def identity(self) -> str:
        """What has to differ for this to be news."""
        return self.mark or self.told


def examine(data: Path, *, thorough: bool = True, now: datetime | None = None) -> tuple[Finding, ...]:
    """Look at everything that can go wrong without anybody noticing.

    Args:
        data: the data folder.
        thorough: also read the published database in full and run its checks; seconds instead of a fraction of one.
        now: the moment of the look.
    """
    moment = now or datetime.now(UTC)
    return (
        *_of_published(data, thorough),
        *(finding for source in ledger.sources_by_id().values() for finding in _of_source(data, source, moment.date())),
        _of_disk(data),
        _of_lock(data),
        _of_litter(data, moment),
        *_of_alerts(data),
    )


def worst(findings: Sequence[Finding]) -> int:
    """Give the exit status: 0 all is well, 1 somebody should look, 2 what is published is missing or wrong."""
    return max(({"ok": 0, "warning": 1, "failure": 2}[finding.level] for finding in findings), default=0)


# --- what is published -----------------------------------------------------------------------------------------------------------


def _of_published(data: Path, thorough: bool) -> Iterator[Finding]:
    release = releases.published_release(data)
    if release is None:
        finished = sorted(path.name for path in (data / "releases").glob("[!.]*") if (path / "INPUTS").is_file())
        if (data / "published").is_symlink() or finished:
            yield Finding(
                "published/file", "failure", "the published release is not there",
                details=f"{data.name}/published leads nowhere; finished releases: {', '.join(finished) or 'none'}",
                stands="analysts find no database",
                remedy="run `make build`: it publishes a finished release again, or builds one; else restore a backup",
            )  # fmt: skip
        else:
            yield Finding(
                "published/file", "failure", "nothing is published yet", stands="analysts find no database", remedy="run `make build`"
            )
        return
    built = datetime.fromtimestamp(release.database.stat().st_mtime, UTC)
    yield Finding("published/file", "ok", f"release {release.folder.name}", since=built.isoformat(timespec="seconds"))
    if thorough:
        yield _of_contents(release)


def _of_contents(release: releases.Release) -> Finding:
    try:
        releases.check_release(release.database)
        rows = _read_in_full(release.database)
        _compare_checksums(release.folder)
    except (ReleaseError, WarehouseError) as problem:
        return Finding(
            "published/laws", "failure", "the published release cannot be read, is not what was released, or breaks its laws",
            details=str(problem),
            stands=f"release {release.folder.name} is still the published one: tell its readers",
            remedy="run `make build FORCE=1`, which builds and publishes it anew from the archived observations; then check the disk",
        )  # fmt: skip
    return Finding("published/laws", "ok", f"opens, {rows:,} rows read in full, every law holds")


def _read_in_full(database: Path) -> int:
    """Read every value of every table, so that a damaged block is found; returns the number of rows."""
    tables = query(database, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'release' ORDER BY ALL")
    names = [f'"{schema}"."{table}"' for schema, table in tables]
    # names of the database's own catalogue, quoted
    counted = " UNION ALL ".join(f"SELECT count(*), bit_xor(hash(each)) FROM {name} AS each" for name in names)  # noqa: S608
    return sum(count for count, _ in query(database, counted))


def _compare_checksums(folder: Path) -> None:
    """Compare the files beside the database with the checksums that were written last of all."""
    listed = folder / "SHA256SUMS"
    for line in listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []:
        digest, _, name = line.partition("  ")
        if not (folder / name).is_file() or sha256_of(folder / name) != digest:
            raise ReleaseError(f"{name}: is missing or not what was released")


# --- sources -----------------------------------------------------------------------------------------------------------------------


def _of_source(data: Path, source: Source, today: date) -> Iterator[Finding]:
    source_id = source.source_id
    look = refresh.read_look(data / "snapshots", source_id)
    try:
        vintages = ledger.read_ledger(data, source_id)
    except LedgerError as problem:
        yield Finding(
            f"source/{source_id}/ledger", "failure", "its ledger cannot be read", details=str(problem),
            stands="what is published stays; no build can end",
            remedy=f"restore {data.name}/observations/{source_id} from a backup, or delete its ledger.json and build again",
        )  # fmt: skip
        return
    stands = "its last valid vintage stands in the release" if any(v.is_valid for v in vintages) else "nothing of it is in the release"
    if source.has_address:
        yield _of_look(source, look, stands, today)
    waiting = releases.quarantined_now(vintages, look)
    if waiting:
        yield Finding(
            f"source/{source_id}/quarantine", "warning", f"the newest {' and '.join(v.origin for v in waiting)} in quarantine",
            details="; ".join(_first_line(v.problem) for v in waiting),
            since=min(v.first_seen for v in waiting),
            stands=stands,
            remedy=f"read {' and '.join(f'{data.name}/quarantine/{source_id}/{v.snapshot_id}.md' for v in waiting)}: correct the figures "
            "file, teach the parser, or let the publication in with the job sign_off; then build",
            mark=" ".join(sorted(v.snapshot_id for v in waiting)),
        )  # fmt: skip
    elif vintages:
        yield Finding(f"source/{source_id}/quarantine", "ok", f"{sum(v.is_valid for v in vintages)} valid vintages")


def _of_look(source: Source, look: refresh.Look | None, stands: str, today: date) -> Finding:
    key = f"source/{source.source_id}/look"
    if look is None:
        return Finding(key, "ok", "never looked at: `make refresh` does", stands=stands)
    problem = look.problem(source.cadence_days, today)
    if not problem:
        return Finding(key, "ok", f"looked at within its {source.cadence_days} days", since=look.looked_at)
    if look.failures:
        remedy = (
            "if many sources fail at once, see to this machine's network; else open the address by hand: if it moved, correct "
            "catalog/sources.toml; if the publisher is down, wait for the next refresh"
        )
    else:
        remedy = "see why no refresh ran (schedule weekly_refresh, or the timer), then `make refresh`"
    return Finding(
        key, "warning", problem, details="; ".join(look.failures), since=look.succeeded_at or look.looked_at, stands=stands, remedy=remedy
    )


def plain(text: str, longest: int = 1000) -> str:
    """Make a text that may quote a publication fit for a terminal, a letter or a log: one line, no control or direction marks."""
    shown = "".join(" " if character.isspace() else character for character in text)
    shown = "".join(character for character in shown if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return shown if len(shown) <= longest else f"{shown[:longest]} ..."


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


# --- the machine -------------------------------------------------------------------------------------------------------------------


def _of_disk(data: Path) -> Finding:
    there = next(folder for folder in (data, *data.resolve().parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    release = releases.published_release(data)
    size = _size_of(release.folder) if release else 0
    sizes = ", ".join(f"{name} {_megabytes(_size_of(data / name))}" for name in _SIZED)
    details = f"{_megabytes(free)} free; in {data.name}: {sizes}"
    remedy = (
        f"make room: other files first; then old releases (a build keeps {releases.KEEP_NEWEST} and those of {releases.KEEP_DAYS:.0f} "
        "days) and the run history, as docs/operations.md says; never snapshots"
    )
    if free < max(NO_BYTES, _NO_RELEASES * size):
        return Finding(
            "disk", "failure", "the disk is full: the next build may not end", details,
            stands="what is published stays: a release is switched to only when it is complete", remedy=remedy,
        )  # fmt: skip
    if free < max(LOW_BYTES, _LOW_RELEASES * size):
        return Finding("disk", "warning", "the disk is filling up", details, stands="everything works", remedy=remedy)
    return Finding("disk", "ok", "room enough", details)


def _of_lock(data: Path) -> Finding:
    path = data / "build.lock"
    if path.is_file():
        with path.open("rb") as lock:
            try:
                # shared, so that two health commands do not see each other as a build
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Finding("lock", "ok", "held: a build, a sign-off or a backup is under way now")
    return Finding("lock", "ok", "free")


def _of_litter(data: Path, now: datetime) -> Finding:
    found = []
    for pattern in _DRAFTS:
        for path in data.glob(pattern):
            try:
                age = now.timestamp() - path.lstat().st_mtime
            except FileNotFoundError:  # its process has just finished
                continue
            if age > _LITTER_SECONDS:
                found.append(path)
    if not found:
        return Finding("litter", "ok", "none")
    names = ", ".join(str(path.relative_to(data.parent)) for path in sorted(found)[:_SHOWN])
    rest = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Finding(
        "litter", "warning", "drafts older than a day lie about", details=f"{names}{rest}",
        stands="no run reads them", remedy="runs were killed: see why; the next build and refresh sweep, the rest may be deleted",
    )  # fmt: skip


def _of_alerts(data: Path) -> Iterator[Finding]:
    """Find channels that could not be told, in what alerts.py remembers."""
    try:
        told = json.loads((data / "alerts" / "told.json").read_text(encoding="utf-8"))
        problems = {name: str(memory["problem"]) for name, memory in told.items() if memory["problem"]}
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        # nothing told yet; or a damaged memory, which the next alert writes anew
        return
    for name, problem in problems.items():
        yield Finding(
            f"alerts/{name}", "warning", "alerts could not be told through this channel", details=problem,
            stands="the other channels are told; this one is tried again",
            remedy="correct its configuration or its server, then `python -m pipelines.alerts --test`",
        )  # fmt: skip


def _size_of(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.lstat().st_size
        except FileNotFoundError:  # swept meanwhile
            continue
    return size


def _megabytes(size: int) -> str:
    return f"{size >> 20:,} MiB"


# --- the command -------------------------------------------------------------------------------------------------------------------


def render(findings: Sequence[Finding], *, everything: bool = False) -> str:
    """Write findings for a person: what is not well in full, of sources that are well only how many."""
    lines = []
    quiet = [] if everything else [finding for finding in findings if finding.level == "ok" and finding.key.startswith("source/")]
    for finding in findings:
        if finding in quiet:
            continue
        since = f", since {finding.since}" if finding.since else ""
        lines.append(f"{finding.level:<8} {finding.subject:<34} {plain(finding.told)}{since}")
        told = [("", finding.details)]
        if finding.level != "ok":
            told += [("meanwhile: ", finding.stands), ("do: ", finding.remedy)]
        lines += [f"{'':<43} {word}{plain(text)}" for word, text in told if text]
    looked = [finding for finding in quiet if finding.key.endswith("/look") and finding.since]
    never = [finding for finding in quiet if finding.key.endswith("/look") and not finding.since]
    if quiet:
        oldest = f", the oldest look {min(finding.since for finding in looked)}" if looked else ""
        lines.append(f"{'ok':<8} {'sources':<34} {len(looked)} looked at within their cadence{oldest}; {len(never)} never looked at")
    counts = {level: sum(finding.level == level for finding in findings) for level in ("failure", "warning")}
    lines.append("all is well" if not worst(findings) else f"failures: {counts['failure']}, warnings: {counts['warning']}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status is that of `worst`."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.health", description="Say how the project stands; 0 well, 1 look, 2 broken.")
    parser.add_argument("--data", type=Path, default=PROJECT / "data", metavar="DIR", help="data folder")
    parser.add_argument("--json", action="store_true", help="every finding as JSON")
    parser.add_argument("--all", action="store_true", help="every source, also those that are well")
    given = parser.parse_args(arguments)
    findings = examine(given.data)
    if given.json:
        told = {"status": worst(findings), "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(told, indent=1))
    else:
        print(render(findings, everything=given.all))
    return worst(findings)


if __name__ == "__main__":
    sys.exit(main())
