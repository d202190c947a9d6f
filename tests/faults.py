"""Faults done for real to builds and refreshes in processes of their own: killed, out of room, not allowed to write, out of time.

Belongs here: the harm, and what must hold after it; test_faults.py does a little of each, benchmarks/faults.py does much.
Does not belong here: damage to one file (test_releases.py, test_snapshots.py).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb
import polars as pl

from pipelines import ledger, refresh, releases
from tests.conftest import Workplace
from tests.publisher import Publisher, document
from tests.samples_ncmec import esp_sample, pdf_of

LIVE = "ncmec_reports_by_esp"
EDITED = "bjs_csec"
#: imported once, before any child is made of it, so that the work and not the imports is what is harmed
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["great_expectations", "tests.faults", "pipelines.control_totals"])


# --- what a child does ------------------------------------------------------------------------------------------------------------


def build(workplace: Workplace) -> None:
    """Derive, build and publish, as the build job does."""
    with releases.one_build_at_a_time(workplace.data):
        tasks = [*ledger.figures_tasks(workplace.figures), *ledger.publication_tasks(workplace.data, [LIVE])]
        ledger.derive(workplace.data, tasks)
        releases.publish(workplace.data, releases.build_release(workplace.data))


def look(workplace: Workplace, url: str) -> None:
    """Fetch one publication, then build, as the refresh job does."""
    source = replace(ledger.sources_by_id()[LIVE], hosts=("127.0.0.1",), pages=(url,), url_index="", url_download="", link_pattern="")
    policy = replace(refresh.policy_of(source, allow_loopback=True), min_interval_seconds=0.01, backoff_seconds=0.01)
    refresh.refresh_source(workplace.data / "snapshots", source, policy)
    build(workplace)


def build_with_files_of_at_most(workplace: Workplace, size: int) -> None:
    """Build where no file may grow beyond a size, which is what a quota or a full disk does to each writing step in turn."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    build(workplace)


# --- harm -------------------------------------------------------------------------------------------------------------------------


def edit(workplace: Workplace, note: str) -> None:
    """Change a remark in a figures file, so that the next build has something to do."""
    path = workplace.figures / f"{EDITED}.csv"
    figures = pl.read_csv(path, infer_schema=False)
    figures.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(note)).otherwise("obs_note").alias("obs_note")).write_csv(path)


def run(target: Callable[..., None], arguments: Sequence[object]) -> int:
    """Run a child to its end; returns its exit code."""
    child = PROCESSES.Process(target=target, args=tuple(arguments))
    child.start()
    child.join(600)
    code = child.exitcode
    if code is None:
        child.kill()
        raise AssertionError(f"{target.__name__} hangs")
    return code


def kill(target: Callable[..., None], arguments: Sequence[object], after: float) -> bool:
    """Start a child and kill it after some seconds; returns whether it was still at work."""
    child: ForkServerProcess = PROCESSES.Process(target=target, args=tuple(arguments))
    child.start()
    child.join(after)
    at_work = child.is_alive()
    child.kill()
    child.join()
    return at_work


def kill_builds(workplace: Workplace, kills: int, seed: int) -> str:
    """Kill builds at random moments, while readers look; nothing may be lost, and nothing half may be seen."""
    chance = random.Random(seed)
    edit(workplace, "timed")
    seconds = _timed(build, [workplace])
    at_work = 0
    with readers(workplace) as seen:
        for number in range(kills):
            before = published_id(workplace)
            edit(workplace, f"kill {seed} {number}")
            at_work += kill(build, [workplace], chance.uniform(0, 1.1 * seconds))
            check_published(workplace)
            if number % 5 == 4:
                assert run(build, [workplace]) == 0, "the build after a kill failed"
                assert published_id(workplace) != before, "the build after a kill published nothing new"
                assert not litter(workplace), litter(workplace)
    assert run(build, [workplace]) == 0
    assert notes(workplace) == [f"kill {seed} {kills - 1}"], "what was last asked for is not what is published"
    assert not litter(workplace), litter(workplace)
    assert not seen.torn, seen.torn
    return f"{at_work} of {kills} killed at work; {seen.looks} looks by readers, none torn; published file whole each time, no litter"


def kill_refreshes(workplace: Workplace, kills: int, seed: int) -> str:
    """Kill refreshes at random moments of fetching, parsing and building."""
    chance = random.Random(seed)
    with Publisher() as publisher:
        url = publisher.url("/2023-reports-by-esp.pdf")

        def publish(edition: int) -> str:
            sample = esp_sample(2023, seed=edition)
            body = pdf_of(sample.pages, sample.title, sample.dated)
            publisher.serve("/2023-reports-by-esp.pdf", document(body, etag=f'"{edition}"'))
            return hashlib.sha256(body).hexdigest()

        publish(1000)
        seconds = _timed(look, [workplace, url])
        at_work = 0
        for number in range(kills):
            newest = publish(number)
            at_work += kill(look, [workplace, url], chance.uniform(0, 1.1 * seconds))
            check_published(workplace)
        for unfinished in (workplace.data / "snapshots" / LIVE).glob("*.tmp*"):
            os.utime(unfinished, (0, 0))  # unfinished downloads are thrown away by their age
        assert run(look, [workplace, url]) == 0
        known = {vintage.snapshot_id for vintage in ledger.read_ledger(workplace.data, LIVE)}
        assert newest in known, "the newest publication was lost"
    for manifest in (workplace.data / "snapshots" / LIVE).glob("*"):
        if len(manifest.name) == 64:
            assert hashlib.sha256(manifest.read_bytes()).hexdigest() == manifest.name, f"{manifest.name} is torn"
    assert not litter(workplace), litter(workplace)
    return f"{at_work} of {kills} killed at work; archive whole, newest publication derived, no litter"


def fill_up(workplace: Workplace, sizes: Sequence[int]) -> str:
    """Let builds run into a limit at each writing step in turn."""
    refused = 0
    for size in sizes:
        before = published_id(workplace)
        edit(workplace, f"no room {size}")
        refused += run(build_with_files_of_at_most, [workplace, size]) != 0
        check_published(workplace)
        assert published_id(workplace) == before or notes(workplace) == [f"no room {size}"]
    assert run(build, [workplace]) == 0
    assert notes(workplace) == [f"no room {sizes[-1]}"]
    assert not litter(workplace), litter(workplace)
    return f"{refused} of {len(sizes)} builds could not write on; each left the old release, the next one completed, no litter"


def forbid_writing(workplace: Workplace) -> str:
    """Take away the right to write, folder by folder; root may write anywhere, so a file stands where each folder should be."""
    refused = []
    for name in ("observations", "releases"):
        folder, aside = workplace.data / name, workplace.data / f"{name}.aside"
        edit(workplace, f"no {name}")
        before = published_id(workplace)
        folder.rename(aside)
        if name == "releases":
            (workplace.data / "published").unlink()
        folder.write_text("a file where a folder should be")
        assert run(build, [workplace]) != 0, f"a build without {name} was called a success"
        folder.unlink()
        aside.rename(folder)
        if name == "releases":
            (workplace.data / "published").symlink_to(Path("releases") / _newest(folder))
        assert published_id(workplace) == before
        check_published(workplace)
        refused.append(name)
    assert run(build, [workplace]) == 0
    return f"{' and '.join(refused)} not writable: refused, nothing lost, the next build completed"


def damage(workplace: Workplace, seed: int) -> str:
    """Damage each kind of file that is remembered by its hash or must be readable, and build or look again."""
    chance = random.Random(seed)
    done: list[str] = []
    with Publisher() as publisher:
        url = publisher.url("/2023-reports-by-esp.pdf")
        sample = esp_sample(2023, seed=seed)
        publisher.serve("/2023-reports-by-esp.pdf", document(pdf_of(sample.pages, sample.title, sample.dated), etag='"1"'))
        assert run(look, [workplace, url]) == 0
        (vintage,) = ledger.read_ledger(workplace.data, LIVE)
        archive, derived = workplace.data / "snapshots" / LIVE, workplace.data / "observations" / LIVE
        whole = ledger.observations_path(workplace.data, vintage).read_bytes()
        dates = (vintage.first_seen, published_rows(workplace))
        kinds = {
            "Parquet": derived / f"{vintage.snapshot_id}.parquet",
            "snapshot": archive / vintage.snapshot_id,
            "manifest": archive / f"{vintage.snapshot_id}.json",
            "pointer": next(archive.glob("latest-*.json")),
            "record of the last look": archive / "last_look.json",
        }
        for kind, path in kinds.items():
            for way in ("bits flipped", "cut short", "emptied", "gone"):
                content = bytearray(path.read_bytes())
                place = chance.randrange(len(content))
                content[place] ^= 0xFF
                if way == "gone":
                    path.unlink()
                else:
                    path.write_bytes({"bits flipped": bytes(content), "cut short": bytes(content[:place]), "emptied": b""}[way])
                assert run(look, [workplace, url]) == 0, f"{kind} {way}: the next refresh failed"
                check_published(workplace)
                (healed,) = ledger.read_ledger(workplace.data, LIVE)
                assert hashlib.sha256(kinds["snapshot"].read_bytes()).hexdigest() == vintage.snapshot_id, f"{kind} {way}"
                assert kinds["Parquet"].read_bytes() == whole, f"{kind} {way}: not derived again"
                assert (healed.first_seen, published_rows(workplace)) == dates, f"{kind} {way}: something else is published"
                done.append(f"{kind} {way}")
    assert not litter(workplace), litter(workplace)
    return f"{len(done)} damages ({', '.join(kinds)}: bits flipped, cut short, emptied, gone): found, fetched or derived again, same bytes"


def build_at_once(workplace: Workplace, builds: int) -> str:
    """Start several builds at the same moment."""
    edit(workplace, "at once")
    children = [PROCESSES.Process(target=build, args=(workplace,)) for _ in range(builds)]
    for child in children:
        child.start()
    for child in children:
        child.join(600)
    assert [child.exitcode for child in children] == [0] * builds
    check_published(workplace)
    assert notes(workplace) == ["at once"]
    assert not litter(workplace), litter(workplace)
    return f"{builds} builds at the same moment: one built, the others found it built"


# --- what must hold ---------------------------------------------------------------------------------------------------------------


def check_published(workplace: Workplace) -> None:
    """Check that there is a release, that it is whole and keeps every law, and that it carries its own name."""
    release = releases.published_release(workplace.data)
    assert release is not None, "nothing is published any more"
    releases.check_release(release.database)
    assert published_id(workplace) == release.build_id


def published_id(workplace: Workplace) -> str:
    """Read the id of the published release from inside the file."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{workplace.database.resolve()}' AS release (READ_ONLY)")
        ((found,),) = con.sql("SELECT build_id FROM release.builds").fetchall()
    return str(found)


def published_rows(workplace: Workplace) -> int:
    """Count the observations of the publication in the published release."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{workplace.database.resolve()}' AS release (READ_ONLY)")
        ((found,),) = con.sql(f"SELECT count(*) FROM release.observations WHERE source_id = '{LIVE}'").fetchall()
    return int(found)


def notes(workplace: Workplace) -> list[str]:
    """Read the remarks that edits left in the published release."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{workplace.database.resolve()}' AS release (READ_ONLY)")
        con.execute("USE release")
        found = con.sql(
            f"SELECT DISTINCT obs_note FROM observations_current WHERE source_id = '{EDITED}' "
            "AND regexp_matches(obs_note, '^(kill|no|at|timed)( |$)')"
        ).fetchall()
    return [note for (note,) in found]


def litter(workplace: Workplace) -> list[str]:
    """List what a finished build should not leave behind."""
    return sorted(
        str(path.relative_to(workplace.data))
        for path in workplace.data.rglob("*")
        if path.name != ".turns" and (path.name.endswith((".part", ".tmp", ".building", ".wal", ".draft")) or path.name.startswith("."))
    )


class Seen:
    """What readers saw: how often they looked, and what was not as it should be."""

    def __init__(self) -> None:
        self.looks = 0
        self.torn: list[str] = []


@contextmanager
def readers(workplace: Workplace, number: int = 2, *, waits: bool = False) -> Iterator[Seen]:
    """Keep readers looking at the published file, each holding it open over several queries; some may wait until there is one."""
    seen, stop = Seen(), threading.Event()

    def read() -> None:
        while not stop.is_set():
            if waits and not workplace.database.exists():
                time.sleep(0.2)
                continue
            try:
                with duckdb.connect() as con:
                    con.execute(f"ATTACH '{workplace.database.resolve()}' AS release (READ_ONLY)")
                    con.execute("USE release")
                    first = con.sql("SELECT any_value(build_id), (SELECT count(*) FROM matched_periods) FROM builds").fetchall()
                    time.sleep(0.2)
                    again = con.sql("SELECT any_value(build_id), (SELECT count(*) FROM matched_periods) FROM builds").fetchall()
                    if first != again:
                        seen.torn.append(f"{first} became {again}")
                    seen.looks += 1
            except duckdb.Error as problem:
                seen.torn.append(str(problem))

    threads = [threading.Thread(target=read) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _timed(target: Callable[..., None], arguments: Sequence[object]) -> float:
    run(target, arguments)  # the first child waits for the imports of the server it is made by
    edit_again = arguments[0]
    assert isinstance(edit_again, Workplace)
    edit(edit_again, "timed twice")
    began = time.monotonic()
    assert run(target, arguments) == 0
    return time.monotonic() - began


def _newest(folder: Path) -> str:
    return max((path for path in folder.iterdir() if not path.name.startswith(".")), key=os.path.getmtime).name
