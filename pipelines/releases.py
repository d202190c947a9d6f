"""Releases: a new folder for every build, checked, closed, and only then published by one atomic rename of a symbolic link.

Belongs here: what goes into a release, its checks, the switch, retention, and the summary of what is published.
Does not belong here: how the database is computed (warehouse.py, sql/), which vintages are valid (ledger.py).
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines import ledger, refresh, warehouse
from pipelines.catalog import RATES, Source
from pipelines.vocabulary import CODE_LISTS, PROJECT

if TYPE_CHECKING:
    from pipelines.expectations import Validation

DATA = PROJECT / "data"
DATABASE = "prosecution_statistics.duckdb"
OBSERVATIONS = "observations.parquet"
#: number and moment of a finished release (`7 2026-11-28T09:40:12+00:00`); the number tells the order, whatever the clock said
BUILT = "BUILT"
#: old releases are kept if they are among the newest, or young
KEEP_NEWEST = 5
KEEP_DAYS = 30.0
_CATALOG = PROJECT / "catalog"
#: modules whose change makes another release of the same figures
_WRITTEN_BY = ("catalog", "charts", "claims", "differences", "exports", "ledger", "releases", "report", "warehouse")
_ABANDONED_SECONDS = 6 * 3600.0


class ReleaseError(ValueError):
    """A release that may not be built or published: the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Release:
    """One release folder.

    Attributes:
        build_id: newest day of its inputs and a hash of them; equal inputs give an equal id.
        folder: where it is.
        inputs_sha256: hash of every vintage, catalogue file and SQL file that went in.
        rebuilt: False if the folder was there already.
        agreement: whether its sources agree with each other; None if that was not judged now.
    """

    build_id: str
    folder: Path
    inputs_sha256: str
    rebuilt: bool
    agreement: Validation | None = field(default=None, compare=False)

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.folder / DATABASE


def build_release(data: Path, *, force: bool = False, with_companions: bool = True) -> Release:
    """Build a release folder from everything valid; nothing is published yet.

    Args:
        data: the data folder.
        force: build although the published release, or the newest that is finished, has the same inputs.
        with_companions: write exports, changes, report and checksums beside the database and judge whether its sources agree, as for
            every published release; only what looks at nothing but the database does without.

    Raises:
        ReleaseError: no source is valid, sources contradict each other, or the clock stands before what was seen.
        WarehouseError: the database cannot be built.
    """
    sources = ledger.sources_by_id()
    vintages = ledger.usable_vintages(data, sources)
    if not vintages:
        raise ReleaseError("no valid observations: run the observations assets first")
    newest, today = max(vintage.first_seen for vintage in vintages), datetime.now(UTC).date()
    if newest > (today + timedelta(days=1)).isoformat():
        # what was known when is worked out from today's date, too
        raise ReleaseError(
            f"the clock of this machine stands at {today}, but {', '.join(_seen_on(vintages, newest))} were first seen on {newest}: "
            "correct the clock; if it was wrong then, docs/operations.md (Clocks) says what to do"
        )
    _sweep(data)
    inputs = _inputs_hash(data, vintages)
    build_id = f"{newest}-{inputs[:12]}"
    published = published_release(data)
    # what another run has built and not published yet need not be built again
    finished = [_release(path) for path in _finished(data)[:1] if (path / DATABASE).is_file()]
    for release in [*([published] if published else []), *finished]:
        if release.inputs_sha256 == inputs and not force:
            return release

    releases = data / "releases"
    releases.mkdir(parents=True, exist_ok=True)
    building = releases / f".{build_id}.{os.getpid()}.building"
    building.mkdir()
    try:
        observations = ledger.gather(data, vintages)
        observations.write_parquet(building / OBSERVATIONS)
        facts = warehouse.ReleaseFacts(_facts(data, sources, vintages, build_id, inputs))
        with ThreadPoolExecutor(1) as beside:
            # the database works outside the interpreter's lock: what does not need it is done meanwhile
            judging = beside.submit(_judge_and_load, observations) if with_companions else None
            warehouse.build_database(building, RATES, building / DATABASE, facts=facts)
            agreement = judging.result() if judging is not None else None
        (building / "INPUTS").write_text(inputs + "\n", encoding="ascii")
        check_release(building / DATABASE)
        if with_companions:
            _accompany(building, _earlier(data, inputs))
        _number(releases, building)
        folder = _free_name(releases, build_id)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Release(build_id, folder, inputs, rebuilt=True, agreement=agreement)


def _judge_and_load(observations: pl.DataFrame) -> Validation:
    """Judge whether the sources agree; then load, because the renderer keeps the interpreter's lock and the database begins with Python."""
    from pipelines.expectations import validate_across

    agreement = validate_across(observations)
    _load_companions()
    return agreement


def load_companions_meanwhile() -> None:
    """Load what a new release will need, while Great Expectations is waited for."""
    Thread(target=_load_companions).start()


def _load_companions() -> None:
    """Load the modules and libraries that only those need who write exports and report."""
    from pipelines import charts, differences, exports, report  # noqa: F401

    charts.load_renderer()


def _seen_on(vintages: Sequence[ledger.Vintage], day: str) -> list[str]:
    return [f"figures of {vintage.source_id} ({vintage.snapshot_id[:12]})" for vintage in vintages if vintage.first_seen == day]


def _accompany(folder: Path, earlier: Path | None) -> None:
    """Write what stands beside the database of a release: changes since the earlier one, exports, report, checksums."""
    from pipelines import differences, exports, report  # see _load_companions

    database = folder / DATABASE
    changes = differences.compare_releases(earlier, database)
    # two threads, not two processes: a build that is killed must not leave one behind that goes on writing
    with ThreadPoolExecutor() as workers:
        written = [
            workers.submit(exports.write_exports, database, folder, changes),
            workers.submit(report.write_report, database, folder, differences.describe(changes), report.DOWNLOADS),
        ]
        for one in written:
            one.result()
    exports.write_checksums(folder)


def _earlier(data: Path, inputs: str) -> Path | None:
    """Return the database of the release before: the published one, or where that has the same inputs, the newest that has others."""
    published = published_release(data)
    candidates = [*([published.folder] if published else []), *_finished(data)]
    found = (folder / DATABASE for folder in candidates if _release(folder).inputs_sha256 != inputs)
    return next((database for database in found if database.is_file()), None)


def check_release(database: Path) -> None:
    """Check a finished database as its users will open it: read-only, by itself.

    Raises:
        ReleaseError: a law of the house does not hold.
    """
    for name, broken in warehouse.query(database, (PROJECT / "sql" / "checks" / "release.sql").read_text(encoding="utf-8")):
        if broken:
            raise ReleaseError(f"{database.name}: {name}: {broken} rows break it: nothing was published")


def publish(data: Path, release: Release, keep_newest: int = KEEP_NEWEST, keep_days: float = KEEP_DAYS) -> None:
    """Switch `data/published` to a release with one atomic rename, then let go of old releases."""
    link = data / "published"
    waiting = data / f".published.{os.getpid()}.part"
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(Path("releases") / release.folder.name)
    waiting.replace(link)
    retire(data, keep_newest, keep_days)


def publish_newest(data: Path, keep_newest: int = KEEP_NEWEST, keep_days: float = KEEP_DAYS) -> Release:
    """Publish the newest finished release folder, and let go of old ones.

    Raises:
        ReleaseError: there is none.
    """
    finished = _finished(data)
    if not finished:
        raise ReleaseError("no finished release: materialise matched_periods first")
    newest = _release(finished[0])
    if published_release(data) != newest:
        publish(data, newest, keep_newest, keep_days)
    return newest


def _release(folder: Path) -> Release:
    return Release(folder.name.split("-r")[0], folder, (folder / "INPUTS").read_text(encoding="ascii").strip(), rebuilt=False)


def _number(releases: Path, building: Path) -> None:
    """Write which release this is and when it was finished; after the checksums, so that equal releases have equal ones."""
    number = 1 + max((_built(path)[0] for path in releases.glob("[!.]*") if path.is_dir()), default=0)
    (building / BUILT).write_text(f"{number} {datetime.now(UTC).isoformat(timespec='seconds')}\n", encoding="ascii")


def _built(folder: Path) -> tuple[int, float]:
    """Return number and moment of a release; one that has none, or none that can be read, comes before all others, by its date."""
    try:
        number, moment = (folder / BUILT).read_text(encoding="ascii").split()
        return int(number), datetime.fromisoformat(moment).timestamp()
    except (FileNotFoundError, ValueError):
        return 0, folder.stat().st_mtime


def _finished(data: Path) -> list[Path]:
    """List the folders of finished releases, the newest first; no clock has a say in that, clocks are set back and jump."""
    return sorted((path.parent for path in (data / "releases").glob("[!.]*/INPUTS")), key=_built, reverse=True)


def retire(data: Path, keep_newest: int = KEEP_NEWEST, keep_days: float = KEEP_DAYS) -> tuple[str, ...]:
    """Delete releases that are neither published, nor among the newest, nor young; returns their names.

    Where more than `keep_days` lie between now and the earliest of the newest releases, either little was built or the clock jumped:
    then that release, not the clock, says what is old. A clock that stands ahead retires nothing before all of them were built by it.
    """
    releases = sorted((path for path in (data / "releases").glob("[!.]*") if path.is_dir()), key=_built, reverse=True)
    published = (data / "published").resolve()
    today = time.time()
    witness = min((_built(path)[1] for path in releases[1:keep_newest]), default=today)
    if today - witness > keep_days * 86_400:
        today = witness
    too_old = today - keep_days * 86_400
    gone = [path for path in releases[keep_newest:] if path.resolve() != published and _built(path)[1] <= too_old]
    for path in gone:
        shutil.rmtree(path)
    return tuple(path.name for path in gone)


def published_release(data: Path) -> Release | None:
    """Return the release that is published now, or None."""
    link = data / "published"
    folder = link.resolve()
    if not link.is_symlink() or not (folder / "INPUTS").is_file() or not (folder / DATABASE).is_file():
        return None
    return _release(folder)


@contextmanager
def one_build_at_a_time(data: Path, patience_seconds: float = 600.0) -> Iterator[None]:
    """Hold the lock of the data folder; a second build waits for the first, and gives up with a clear word.

    Raises:
        ReleaseError: another build did not finish in time.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (data / "build.lock").open("a") as lock:
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ReleaseError(f"another build has held {data.name}/build.lock for {patience_seconds:.0f} s: wait for it") from None
                time.sleep(0.2)
        yield


def _inputs_hash(data: Path, vintages: Sequence[ledger.Vintage]) -> str:
    digest = hashlib.sha256()
    for vintage in sorted(vintages, key=lambda v: (v.source_id, v.origin, v.snapshot_id)):
        facts = (vintage.source_id, vintage.origin, vintage.snapshot_id, vintage.parquet_sha256, vintage.first_seen)
        digest.update(" ".join(facts).encode() + b"\n")
    for source_id in sorted(ledger.sources_by_id()):
        digest.update(f"{source_id} {_state(data, source_id)}\n".encode())
    files = [*sorted((PROJECT / "sql").rglob("*.sql")), *sorted(_CATALOG.glob("*.*")), *sorted(CODE_LISTS.glob("*.csv"))]
    files += [path for path in sorted((PROJECT / "report").iterdir()) if path.is_file()]
    files += [PROJECT / "pipelines" / f"{name}.py" for name in _WRITTEN_BY]
    for path in files:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _facts(
    data: Path, sources: Mapping[str, Source], vintages: Sequence[ledger.Vintage], build_id: str, inputs: str
) -> dict[str, list[dict[str, Any]]]:
    counted: dict[str, tuple[int, int]] = {}
    for vintage in vintages:
        rows, missing = counted.get(vintage.source_id, (0, 0))
        counted[vintage.source_id] = (rows + vintage.rows, missing + vintage.missing)
    return {
        "sources": [
            {
                **{name: getattr(source, name) for name in (
                    "source_id", "producer", "title", "description", "url_main", "licence", "release_calendar", "counts_what",
                    "does_not_count", "kind", "layout",
                )},
                "observations": counted.get(source_id, (0, 0))[0],
                "values_missing": counted.get(source_id, (0, 0))[1],
                "is_stale": _state(data, source_id).startswith("stale"),
                "state": _state(data, source_id),
            }
            for source_id, source in sources.items()
        ],
        "snapshots": [
            {
                "snapshot_id": vintage.snapshot_id, "source_id": vintage.source_id, "url": vintage.url, "media_type": vintage.media_type,
                "bytes": vintage.bytes, "published_on": vintage.published_on, "first_seen": vintage.first_seen,
            }
            for vintage in vintages
        ],
        "builds": [
            {
                "build_id": build_id, "as_of_date": max(vintage.first_seen for vintage in vintages), "inputs_sha256": inputs,
                "duckdb_version": version("duckdb"), "project_version": version("prosecution-statistics"),
            }
        ],
        "policy_events": _read_csv(_CATALOG / "policy_events.csv"),
        "conflicts": _read_csv(_CATALOG / "conflicts.csv"),
    }


def _state(data: Path, source_id: str) -> str:
    """Say in words how a source stands: current, stale with the reasons, waiting for a file, or without figures."""
    source = ledger.sources_by_id()[source_id]
    vintages = ledger.read_ledger(data, source_id)
    look = refresh.read_look(data / "snapshots", source_id)
    quarantined = dict.fromkeys(vintage.origin for vintage in quarantined_now(vintages, look))
    problems = [f"the newest {origin} {'are' if origin == 'figures' else 'is'} in quarantine" for origin in quarantined]
    if look is not None and (problem := look.problem(source.cadence_days, datetime.now(UTC).date())):
        problems.append(problem)
    if problems:
        standing = "the last valid vintage stands" if any(v.is_valid for v in vintages) else "nothing valid stands"
        return f"stale: {', '.join(problems)}: {standing}"
    if not vintages:
        return "waiting for a record file" if source.kind == "records" else "no figures yet"
    return "current"


def quarantined_now(vintages: Sequence[ledger.Vintage], look: refresh.Look | None) -> tuple[ledger.Vintage, ...]:
    """List what is in quarantine and new: the newest figures, and what the publisher gives now (else what was derived last)."""
    figures = [vintage for vintage in vintages if vintage.origin == "figures"][-1:]
    fetched = [vintage for vintage in vintages if vintage.origin == "publication"]
    given = [vintage for vintage in fetched if look is not None and vintage.snapshot_id in look.snapshots] or fetched[-1:]
    return tuple(vintage for vintage in (*figures, *given) if not vintage.is_valid)


def _read_csv(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _free_name(releases: Path, build_id: str) -> Path:
    folder, repeat = releases / build_id, 1
    while folder.exists():
        repeat += 1
        folder = releases / f"{build_id}-r{repeat}"
    return folder


def _sweep(data: Path) -> None:
    """Remove what processes left half-written that were killed: hidden names that end with the id of the process and a suffix."""
    for folder in (data, data / "releases", *(data / kind for kind in ("observations/*", "quarantine/*", "snapshots/*"))):
        for pattern in (".*.building", ".*.part"):
            for path in data.glob(str(folder.relative_to(data) / pattern)):
                if time.time() - path.lstat().st_mtime > _ABANDONED_SECONDS or not _is_running(int(path.name.split(".")[-2])):
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def summarise(data: Path) -> str:
    """Tell in ten lines what is published: where, how much, the headline, and the rates that could be computed."""
    release = published_release(data)
    if release is None:
        return "Nothing is published yet: run `make build`."
    facts = dict(warehouse.query(release.database, (PROJECT / "sql" / "checks" / "summary.sql").read_text(encoding="utf-8")))
    shown = os.path.relpath(data / "published" / DATABASE)
    return "\n".join(
        [
            f"Database      {shown}",
            f"Release       {release.folder.name}",
            f"Observations  {facts['observations']} figures in {facts['series']} series of {facts['sources']} sources",
            f"Sources       {facts['states']}",
            f"Matched       {facts['matched']} rows: {facts['computed']} rates stand, {facts['refused']} are NULL with their reasons",
            f"Headline      {facts['headline']}",
            f"Because       {facts['because']}",
            f"Neighbour     {facts['neighbour']}",
            *textwrap.wrap(f"Computed      {facts['rates']}", 150, subsequent_indent=" " * 14, max_lines=2, placeholder=" ..."),
        ]
    )


def main() -> int:
    """Print the summary of what is published."""
    print(summarise(DATA))
    return 0


if __name__ == "__main__":
    sys.exit(main())
