"""A clock that jumps, done for real: refreshes and builds in a process of its own whose clock libfaketime moves by years.

Belongs here: the process, the jumps, and what must hold after them; test_faults.py and benchmarks/faults.py run it.
Does not belong here: what one fetch makes of a clock (test_snapshots.py), other faults (faults.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from pipelines import ledger, refresh, releases
from pipelines.snapshots import Timing
from pipelines.vocabulary import PROJECT
from tests.conftest import Workplace
from tests.faults import LIVE, check_published, edit, published_id
from tests.publisher import Publisher, document, status
from tests.samples_ncmec import esp_sample, pdf_of

_PATH = "/2023-reports-by-esp.pdf"
YEARS = 10 * 365


class ClockedProcess:
    """A process that looks at the publisher and builds, by a clock that is so many days off."""

    def __init__(self, workplace: Workplace, url: str) -> None:
        program = shutil.which("faketime")
        assert program is not None, "faketime is not installed: apt-get install faketime (as .ci/run does)"
        self._offset = workplace.data.parent / "offset"
        self.set_clock(0)
        # the wrapper knows where the library is; afterwards the file, and not the wrapper's argument, says how far the clock is off
        found = subprocess.run([program, "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True)
        environment = {
            **os.environ, "LD_PRELOAD": found.stdout.strip(), "FAKETIME_TIMESTAMP_FILE": str(self._offset), "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "PYTHONPATH": str(PROJECT),
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.clocks", str(workplace.data), str(workplace.figures), url],
            cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def set_clock(self, days: float) -> None:
        """Move the clock of the process, at once."""
        draft = self._offset.with_suffix(".draft")
        draft.write_text(f"{days * 86_400:+.0f}\n")
        draft.replace(self._offset)

    def do(self, what: str, days: float = 0.0) -> str:
        """Have it `look` or `build` by a clock that is so many days off; returns what it says."""
        self.set_clock(days)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline().rstrip("\n")
        clock, _, told = told.partition(" ")
        expected = datetime.now(UTC) + timedelta(days=days)
        assert abs(datetime.fromisoformat(clock) - expected) < timedelta(days=1), f"the clock did not jump: {clock}"
        return told


def jump_clocks(workplace: Workplace) -> str:
    """Let the clock stand years ahead or back at refreshes and builds, and jump during a build; then it stands right again."""
    with Publisher(clock=time.time) as publisher, ClockedProcess(workplace, publisher.url(_PATH)) as process:
        for edition in range(2):
            _put_out(publisher, edition)
            _look_well(process)
            process.do("build")
        young = _add_young_releases(workplace, 8)
        known, looks = _dates(workplace), refresh.read_look(workplace.data / "snapshots", LIVE)
        assert looks is not None
        _put_out(publisher, 2)
        for days in (YEARS, -YEARS, 400, -400):
            told = process.do("look", days)
            assert "the clock of this machine stands at" in told, (days, told)
            edit(workplace, f"at clock {days}")
            before, told = published_id(workplace), process.do("build", days)
            if days > 0:
                _check_built(workplace, told, before)
                assert _state(workplace).startswith("stale")
            else:
                assert "the clock of this machine stands at" in told
                check_published(workplace)
                assert published_id(workplace) == before
            assert _dates(workplace) == known, "a wrong clock dated something"
            assert _names(workplace) >= young, "a wrong clock retired releases"
        after = refresh.read_look(workplace.data / "snapshots", LIVE)
        assert after is not None
        assert after.succeeded_at == looks.succeeded_at

        # a clock that jumps ahead and back while a build is under way
        edit(workplace, "at jumping clock")
        before = published_id(workplace)
        with _jumping(process):
            told = process.do("build")
        _check_built(workplace, told, before)

        # a host that asks for patience while the clock is wrong is not closed for years
        publisher.serve(_PATH, status(503, retry_after="1"), document(_edition(2), etag='"2"'))
        _look_well(process)
        _build_well(process, workplace)
        dates = _dates(workplace)
        assert list(dates.values()) == sorted(dates.values())
        assert list(dates)[: len(known)] == list(known)
        assert len(dates) == len(known) + 1
        assert set(dates.values()) <= {f"{datetime.now(UTC) - timedelta(days=day):%Y-%m-%d}" for day in (0, 1)}
        assert _state(workplace) == "current"

    # where the publisher does not tell the time nobody can know; but a clock that then goes back is noticed
    with Publisher() as silent, ClockedProcess(workplace, silent.url("/another.pdf")) as process:
        silent.serve("/another.pdf", document(_edition(3), etag='"3"'))
        _look_well(process, YEARS)
        assert "but this address was asked at" in process.do("look")
        edit(workplace, "at clock put right")
        before = published_id(workplace)
        told = process.do("build")
        assert "the clock of this machine stands at" in told, told
        assert published_id(workplace) == before
        _put_right(workplace, before="2030")
        _look_well(process)
        _build_well(process, workplace)
        assert max(_dates(workplace).values()) < "2030"
        assert _names(workplace) >= young
    return (
        "10 years and 400 days ahead and back, and jumping during a build: refreshes and builds refused in words where they would have "
        "dated something wrongly, no date changed, no release retired; by the right clock everything went on"
    )


def _put_right(workplace: Workplace, before: str) -> None:
    """Do what docs/operations.md says under Clocks: take out what was dated wrongly; what is in doubt is derived again."""
    archive = workplace.data / "snapshots" / LIVE
    for manifest in archive.glob("*.json"):
        if json.loads(manifest.read_text()).get("retrieved_at", before) > before:
            manifest.with_suffix("").unlink()
            manifest.unlink()
    for pointer in archive.glob("latest-*.json"):
        pointer.unlink()
    (workplace.data / "observations" / LIVE / "ledger.json").unlink()


def _look_well(process: ClockedProcess, days: float = 0.0) -> None:
    told = process.do("look", days)
    assert told == "", told


def _build_well(process: ClockedProcess, workplace: Workplace) -> None:
    before = published_id(workplace)
    _check_built(workplace, process.do("build"), before)


def _edition(number: int) -> bytes:
    sample = replace(esp_sample(2023, seed=number), dated=f"202404{number + 1:02d}")
    return pdf_of(sample.pages, sample.title, sample.dated)


def _put_out(publisher: Publisher, number: int) -> None:
    publisher.serve(_PATH, document(_edition(number), etag=f'"{number}"'))


def _add_young_releases(workplace: Workplace, number: int) -> set[str]:
    """Put releases of the last days beside the published one, as daily builds would."""
    published = (workplace.data / "published").resolve()
    for day in range(number, 0, -1):
        folder = published.with_name(f"{published.name}-young{day}")
        folder.mkdir()
        shutil.copy(published / "INPUTS", folder)
        (folder / releases.BUILT).write_text(f"0 {datetime.now(UTC) - timedelta(days=day):%Y-%m-%dT%H:%M:%S+00:00}\n")
    return _names(workplace)


def _names(workplace: Workplace) -> set[str]:
    return {path.name for path in (workplace.data / "releases").glob("[!.]*")}


def _dates(workplace: Workplace) -> dict[str, str]:
    """When each vintage of the publication was first seen, in the order in which they came."""
    return {v.snapshot_id: v.first_seen for v in ledger.read_ledger(workplace.data, LIVE)}


def _state(workplace: Workplace) -> str:
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{workplace.database.resolve()}' AS release (READ_ONLY)")
        ((state,),) = con.sql(f"SELECT state FROM release.sources WHERE source_id = '{LIVE}'").fetchall()
    return str(state)


def _check_built(workplace: Workplace, told: str, before: str) -> None:
    check_published(workplace)
    assert told == published_id(workplace) != before, f"built {told}, published {published_id(workplace)}, before {before}"


@contextlib.contextmanager
def _jumping(process: ClockedProcess) -> Iterator[None]:
    stop = threading.Event()

    def jump() -> None:
        days = 0
        while not stop.wait(0.1):
            days = 0 if days else YEARS
            process.set_clock(days)

    jumps = threading.Thread(target=jump)
    # the first word of the answer is the clock before the build: let it be right
    threading.Timer(0.1, jumps.start).start()
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(RuntimeError):
            jumps.join()


# --- in the process whose clock jumps ---------------------------------------------------------------------------------------------


def _wait(seconds: float) -> None:
    select.select([], [], [], seconds)


def main() -> None:
    """Do what is asked for on each line, and answer with the clock and what came of it."""
    data, figures, url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    source = replace(ledger.sources_by_id()[LIVE], hosts=("127.0.0.1",), pages=(url,), url_index="", url_download="", link_pattern="")
    policy = replace(refresh.policy_of(source, allow_loopback=True), min_interval_seconds=0.01, backoff_seconds=0.01)
    # time.sleep waits for a moment, which libfaketime moves with the clock; select waits for a while
    timing = Timing(sleep=_wait)
    for line in sys.stdin:
        clock = datetime.now(UTC).isoformat(timespec="seconds")
        if line.strip() == "look":
            told = " | ".join(refresh.refresh_source(data / "snapshots", source, policy, timing).failures)
        else:
            try:
                with releases.one_build_at_a_time(data):
                    ledger.derive(data, [*ledger.figures_tasks(figures), *ledger.publication_tasks(data, [LIVE])])
                    releases.build_release(data, with_companions=False)
                    told = releases.publish_newest(data).build_id
            except releases.ReleaseError as problem:
                told = str(problem)
        print(clock, told, flush=True)


if __name__ == "__main__":
    main()
