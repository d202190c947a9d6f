"""Fetching against a publisher on loopback: what is archived, what is refused, and how politely it is asked."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import lzma
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipelines import snapshots
from pipelines.archives import ArchiveError, ArchiveLimits, decompress, list_members, open_member
from pipelines.snapshots import (
    FetchError,
    FetchPolicy,
    FetchResult,
    SnapshotError,
    Timing,
    fetch,
    latest_snapshot,
    load_snapshot,
    manifest_of,
    sha256_of,
    snapshot_of_file,
    snapshots_of,
    sniff,
    vintages_of,
)
from tests.publisher import (
    Behaviour,
    Exchange,
    Publisher,
    breaking_off,
    broken_range,
    certificate_for,
    document,
    endless,
    error_page,
    gzip_bomb,
    http_date,
    in_turn,
    index_page,
    lying_zip,
    needs_cookie,
    overlapping_zip,
    oversized,
    packed,
    pdf_of,
    redirect,
    slowly,
    stalling,
    status,
    trickling,
    xlsx_of,
    zip_bomb,
    zip_of,
)

SOURCE = "constructed_publication"
PATH = "/files/table.pdf"
SMALL = pdf_of("constructed sample 1")
OTHER = pdf_of("constructed sample 2")
LARGE = pdf_of("constructed large sample", size=400_000)
NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
# Real publications, tried where they are present.
ORIGINALS = sorted(
    path
    for path in Path(os.environ.get("ORIGINALS", Path(__file__).parents[2] / "shared" / "originals")).rglob("*.*")
    if path.suffix in (".pdf", ".txt", ".xz", ".csv")
)
POLICY = FetchPolicy(
    allowed_hosts=frozenset({"127.0.0.1"}), max_bytes=2_000_000, media_types=("application/pdf",), allow_loopback=True, read_seconds=5.0
)


@dataclass
class FakeTime:
    """Clocks that only sleeping moves, so that patience costs nothing."""

    passed: float = 0.0
    slept: list[float] = field(default_factory=list)
    jitter: float = 1.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    def timing(self) -> Timing:
        return Timing(now=lambda: NOON + self.passed, monotonic=lambda: self.passed, sleep=self.sleep, jitter=lambda: self.jitter)

    @property
    def waits(self) -> list[float]:
        """Waits other than the second between two requests to a host."""
        return [round(seconds, 3) for seconds in self.slept if seconds > 1.0]


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher() as started:
        yield started


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def get(store: Path, url: str, policy: FetchPolicy = POLICY, clock: FakeTime | None = None, **options: Any) -> FetchResult:
    return fetch(SOURCE, url, store, policy, timing=(clock or FakeTime()).timing(), **options)


def failure(store: Path, url: str, policy: FetchPolicy = POLICY, clock: FakeTime | None = None, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        get(store, url, policy, clock, **options)
    return caught.value


def names_in(store: Path) -> list[str]:
    folder = store / SOURCE
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def unfinished(store: Path) -> list[str]:
    return [name for name in names_in(store) if ".tmp" in name or ".part" in name]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- archiving ----------------------------------------------------------------------------------------------------------------------


def test_first_fetch_archives_bytes_and_manifest(publisher: Publisher, store: Path) -> None:
    modified = http_date(NOON - 86_400)
    publisher.serve(PATH, document(SMALL, etag='"v1"', last_modified=modified))
    result = get(store, publisher.url(PATH), published_on="2025-12")
    expected = sha(SMALL)
    assert result.changed
    assert result.previous is None
    assert result.snapshot.snapshot_id == expected
    assert result.snapshot.path == store / SOURCE / expected
    assert result.snapshot.path.read_bytes() == SMALL
    assert result.snapshot.published_on == "2025-12"
    recorded = json.loads((store / SOURCE / f"{expected}.json").read_text())
    own_hash = recorded.pop("manifest_sha256")
    assert own_hash == hashlib.sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest()
    assert recorded == {
        "source_id": SOURCE,
        "snapshot_id": expected,
        "url": publisher.url(PATH),
        "final_url": publisher.url(PATH),
        "found_on": None,
        "retrieved_at": "2026-01-01T12:00:00.000+00:00",
        "etag": '"v1"',
        "last_modified": modified,
        "media_type": "application/pdf",
        "bytes": len(SMALL),
        "published_on": "2025-12",
    }
    pointers = [name for name in names_in(store) if name.startswith("latest-")]
    assert names_in(store) == sorted([expected, f"{expected}.json", *pointers])
    assert len(pointers) == 1


def test_request_is_courteous(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL))
    get(store, publisher.url(PATH))
    headers = publisher.asked(PATH)[0].headers
    assert headers["User-Agent"].startswith("prosecution-statistics/")
    assert headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in headers
    get(store, publisher.url(PATH), replace(POLICY, user_agent="someone else"))
    assert publisher.asked(PATH)[1].headers["User-Agent"] == "someone else"


@pytest.mark.parametrize("etag", ['"v1"', 'W/"v1"', None])
def test_not_modified_costs_nothing(publisher: Publisher, store: Path, etag: str | None) -> None:
    modified = http_date(NOON - 86_400)
    publisher.serve(PATH, document(SMALL, etag=etag, last_modified=modified))
    clock = FakeTime()
    first = get(store, publisher.url(PATH), clock=clock)
    manifest = store / SOURCE / f"{first.snapshot.snapshot_id}.json"
    written = (manifest.read_bytes(), manifest.stat().st_mtime_ns)
    clock.sleep(3600)
    again = get(store, publisher.url(PATH), clock=clock)
    assert (again.snapshot, again.changed, again.previous) == (first.snapshot, False, first.snapshot)
    assert again.note == "not modified since the last fetch"
    sent = publisher.asked(PATH)[1].headers
    assert sent.get("If-None-Match") == etag
    assert sent["If-Modified-Since"] == modified
    assert (manifest.read_bytes(), manifest.stat().st_mtime_ns) == written
    pointer = json.loads(next((store / SOURCE).glob("latest-*.json")).read_text())
    assert pointer["last_checked_at"] == "2026-01-01T13:00:00.000+00:00"
    assert [since for since, _ in pointer["history"]] == ["2026-01-01T12:00:00.000+00:00"]


def test_same_bytes_are_no_new_vintage(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL, etag='"v1"'), document(SMALL, etag='"v2"'))
    clock = FakeTime()
    first = get(store, publisher.url(PATH), clock=clock)
    second = get(store, publisher.url(PATH), clock=clock)
    assert (second.changed, second.note) == (False, "same bytes as the last fetch")
    assert second.snapshot.retrieved_at == first.snapshot.retrieved_at
    assert len(snapshots_of(store, SOURCE)) == 1
    get(store, publisher.url(PATH), clock=clock)
    assert publisher.asked(PATH)[2].headers["If-None-Match"] == '"v2"'
    assert manifest_of(store, SOURCE, first.snapshot.snapshot_id).etag == '"v1"'


def test_changed_bytes_add_a_vintage_and_keep_the_old(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL), document(OTHER), document(SMALL))
    clock = FakeTime()
    url = publisher.url(PATH)
    results = [get(store, url, clock=clock) for _ in range(3)]
    assert [result.changed for result in results] == [True, True, True]
    assert results[1].previous == results[0].snapshot
    assert "first seen at 2026-01-01T12:00:00" in results[2].note
    assert [each.snapshot_id for each in snapshots_of(store, SOURCE)] == [sha(SMALL), sha(OTHER)]
    assert [each.snapshot.snapshot_id for each in vintages_of(store, SOURCE, url)] == [sha(SMALL), sha(OTHER), sha(SMALL)]
    latest = latest_snapshot(store, SOURCE)
    assert latest is not None
    assert latest.snapshot_id == sha(SMALL)
    assert load_snapshot(store, SOURCE, sha(OTHER)).path.read_bytes() == OTHER


def test_addresses_of_one_source_do_not_disturb_each_other(publisher: Publisher, store: Path) -> None:
    publisher.serve("/2023.pdf", document(SMALL, etag='"one"'))
    publisher.serve("/2024.pdf", document(OTHER, etag='"two"'))
    clock = FakeTime()
    for _ in range(2):
        get(store, publisher.url("/2023.pdf"), clock=clock)
        get(store, publisher.url("/2024.pdf"), clock=clock)
    assert publisher.asked("/2023.pdf")[1].headers["If-None-Match"] == '"one"'
    assert publisher.asked("/2024.pdf")[1].headers["If-None-Match"] == '"two"'
    of_first = latest_snapshot(store, SOURCE, url=publisher.url("/2023.pdf"))
    newest = latest_snapshot(store, SOURCE)
    assert of_first is not None
    assert newest is not None
    assert (of_first.snapshot_id, newest.snapshot_id) == (sha(SMALL), sha(OTHER))
    assert [each.snapshot_id for each in snapshots_of(store, SOURCE, url=publisher.url("/2024.pdf"))] == [sha(OTHER)]


# --- reading the store --------------------------------------------------------------------------------------------------------------


def test_corrupt_bytes_are_noticed_and_healed_by_the_next_fetch(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL, etag='"v1"'))
    first = get(store, publisher.url(PATH))
    first.snapshot.path.write_bytes(SMALL[:-1] + b"x")
    with pytest.raises(SnapshotError, match=f"{SOURCE}: snapshot {sha(SMALL)} is corrupt.*restore it"):
        load_snapshot(store, SOURCE, sha(SMALL))
    with pytest.raises(SnapshotError, match="is corrupt"):
        latest_snapshot(store, SOURCE)
    healed = get(store, publisher.url(PATH))
    assert "If-None-Match" not in publisher.asked(PATH)[1].headers
    assert not healed.changed
    assert load_snapshot(store, SOURCE, sha(SMALL)).retrieved_at == first.snapshot.retrieved_at


def test_missing_bytes_and_unreadable_records_are_noticed_and_healed(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL, etag='"v1"'))
    url = publisher.url(PATH)
    get(store, url)
    folder = store / SOURCE
    (folder / sha(SMALL)).unlink()
    with pytest.raises(SnapshotError, match="has a manifest but no bytes"):
        load_snapshot(store, SOURCE, sha(SMALL))
    get(store, url)
    assert load_snapshot(store, SOURCE, sha(SMALL)).path.read_bytes() == SMALL

    (folder / f"{sha(SMALL)}.json").write_text("{")
    with pytest.raises(SnapshotError, match=r"is unreadable.*run refresh"):
        load_snapshot(store, SOURCE, sha(SMALL))
    get(store, url)
    assert manifest_of(store, SOURCE, sha(SMALL)).bytes == len(SMALL)

    next(folder.glob("latest-*.json")).write_text("[]")
    latest = latest_snapshot(store, SOURCE, url=url)
    assert latest is not None
    assert latest.snapshot_id == sha(SMALL)
    assert not get(store, url).changed


def test_manifest_of_another_snapshot_is_refused(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL))
    get(store, publisher.url(PATH))
    manifest = store / SOURCE / f"{sha(SMALL)}.json"
    # one from before manifests had a hash of their own
    content = {name: value for name, value in json.loads(manifest.read_text()).items() if name != "manifest_sha256"}
    manifest.write_text(json.dumps({**content, "source_id": "another_source"}))
    with pytest.raises(SnapshotError, match="describes another snapshot"):
        load_snapshot(store, SOURCE, sha(SMALL))


def test_a_manifest_that_says_something_else_than_was_written_is_refused_and_written_anew(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL))
    url = publisher.url(PATH)
    get(store, url)
    manifest = store / SOURCE / f"{sha(SMALL)}.json"
    whole = json.loads(manifest.read_text())
    changed = manifest.read_text().replace(whole["retrieved_at"], whole["retrieved_at"].replace("2026", "2016"))
    assert changed != manifest.read_text()
    manifest.write_text(changed)
    with pytest.raises(SnapshotError, match="is not what was written"):
        load_snapshot(store, SOURCE, sha(SMALL))
    get(store, url)
    healed = json.loads(manifest.read_text())
    assert {**healed, "retrieved_at": None, "manifest_sha256": None} == {**whole, "retrieved_at": None, "manifest_sha256": None}
    assert load_snapshot(store, SOURCE, sha(SMALL)).snapshot_id == sha(SMALL)


@pytest.mark.parametrize(("source_id", "snapshot_id"), [("../etc", "0" * 64), (SOURCE, "../../x"), (SOURCE, "0" * 63), (SOURCE, "0" * 64)])
def test_names_that_are_no_snapshots_are_refused(store: Path, source_id: str, snapshot_id: str) -> None:
    with pytest.raises(SnapshotError):
        load_snapshot(store, source_id, snapshot_id)


def test_empty_store_is_no_error(store: Path) -> None:
    assert latest_snapshot(store, SOURCE) is None
    assert snapshots_of(store, SOURCE) == ()
    assert vintages_of(store, SOURCE, "https://publisher.example/x") == ()


def test_local_file_needs_no_store(tmp_path: Path) -> None:
    path = tmp_path / "table.pdf"
    path.write_bytes(SMALL)
    made = snapshot_of_file(SOURCE, path)
    assert (made.snapshot_id, made.url, sha256_of(path)) == (sha(SMALL), None, sha(SMALL))


# --- patience -----------------------------------------------------------------------------------------------------------------------


def test_failures_that_pass_are_retried_with_growing_waits(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(503), status(500), status(502), document(SMALL))
    clock = FakeTime(jitter=1.0)
    assert get(store, publisher.url(PATH), clock=clock).changed
    assert clock.waits == [2.0, 4.0, 8.0]
    assert len(publisher.asked(PATH)) == 4


def test_jitter_shortens_waits_to_no_less_than_half(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(503), status(503), document(SMALL))
    clock = FakeTime(jitter=0.0)
    get(store, publisher.url(PATH), replace(POLICY, min_interval_seconds=0.0, backoff_seconds=4.0), clock)
    assert clock.waits == [2.0, 4.0]


@pytest.mark.parametrize(("code", "stated", "wait"), [(429, "7", 7.0), (503, http_date(NOON + 90), 90.0), (429, "0", 0.0)])
def test_retry_after_is_honoured(publisher: Publisher, store: Path, code: int, stated: str, wait: float) -> None:
    publisher.serve(PATH, status(code, retry_after=stated), document(SMALL))
    clock = FakeTime(jitter=0.0)
    get(store, publisher.url(PATH), clock=clock)
    assert sum(clock.slept) == pytest.approx(max(wait, 1.0))
    assert len(publisher.asked(PATH)) == 2


def test_unreadable_retry_after_falls_back_to_backoff(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(429, retry_after="soon"), document(SMALL))
    clock = FakeTime()
    get(store, publisher.url(PATH), clock=clock)
    assert clock.waits == [2.0]


def test_long_retry_after_ends_the_fetch_and_closes_the_host_for_others(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(429, retry_after="7200"))
    publisher.serve("/other.pdf", document(SMALL))
    clock = FakeTime()
    problem = failure(store, publisher.url(PATH), clock=clock)
    assert (problem.transient, problem.retry_after) == (False, 7200.0)
    assert "asks to wait 7200 s, until 2026-01-01T14:00:00+00:00" in str(problem)
    assert len(publisher.asked(PATH)) == 1
    other = failure(store, publisher.url("/other.pdf"), clock=clock)
    assert "asked not to be asked before 2026-01-01T14:00:00" in str(other)
    assert publisher.asked("/other.pdf") == []
    clock.sleep(7200)
    assert get(store, publisher.url("/other.pdf"), clock=clock).changed


def test_closed_host_survives_a_clock_that_was_set_back(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL))
    turns = store / ".turns" / "127.0.0.1"
    turns.parent.mkdir(parents=True)
    turns.write_text(f"{NOON + 10 * 86_400}")
    assert get(store, publisher.url(PATH)).changed
    turns.write_text("nonsense")
    assert not get(store, publisher.url(PATH)).changed


def test_retries_end(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(503))
    clock = FakeTime()
    problem = failure(store, publisher.url(PATH), replace(POLICY, retries=2), clock)
    assert len(publisher.asked(PATH)) == 3
    assert problem.transient
    assert str(problem) == f"{SOURCE}: {publisher.url(PATH)}: the publisher answers 503 (attempt 3 of 3): run refresh again later"
    assert unfinished(store) == []


def test_no_retry_outlasts_the_total_time(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(503))
    clock = FakeTime()
    problem = failure(store, publisher.url(PATH), replace(POLICY, total_seconds=5.0, retries=9), clock)
    assert "no time left" in str(problem)
    assert clock.passed < 5.0


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 204, 418])
def test_lasting_refusals_are_not_retried(publisher: Publisher, store: Path, code: int) -> None:
    publisher.serve(PATH, status(code))
    problem = failure(store, publisher.url(PATH))
    assert not problem.transient
    assert str(code) in problem.happened
    assert problem.remedy
    assert len(publisher.asked(PATH)) == 1


def test_requests_to_one_host_are_spaced(publisher: Publisher, store: Path) -> None:
    publisher.serve("/a.pdf", redirect("/b.pdf"))
    publisher.serve("/b.pdf", document(SMALL))
    clock = FakeTime()
    policy = replace(POLICY, min_interval_seconds=3.0)
    get(store, publisher.url("/a.pdf"), policy, clock)
    fetch("another_publication", publisher.url("/b.pdf"), store, policy, timing=clock.timing())
    assert clock.slept == [3.0, 3.0]


# --- clocks -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off_by", "headers", "is_refused"),
    [
        (0, {}, False),
        (-80_000, {}, False),
        (80_000, {}, False),
        (10 * 365 * 86_400, {}, True),
        (-10 * 365 * 86_400, {}, True),
        (-200_000, {"Age": "200000"}, False),
        (-200_000, {"Age": "a while"}, True),
        (0, {"Date": "yesterday"}, False),
    ],
)
def test_bytes_are_not_dated_by_a_clock_that_the_publisher_contradicts(
    store: Path, off_by: float, headers: dict[str, str], is_refused: bool
) -> None:
    with Publisher(clock=lambda: NOON + off_by) as publisher:
        publisher.serve(PATH, lambda exchange: exchange.answer(200, SMALL, headers))
        if not is_refused:
            assert get(store, publisher.url(PATH)).snapshot.retrieved_at == "2026-01-01T12:00:00.000+00:00"
            return
        told = str(failure(store, publisher.url(PATH)))
    assert "the clock of this machine stands at 2026-01-01T12:00:00.000+00:00, that of the publisher at " in told
    assert "correct the clock of this machine" in told
    assert snapshots_of(store, SOURCE) == ()
    assert unfinished(store) == []


def test_a_publisher_that_says_not_modified_by_another_clock_leaves_everything_as_it_is(store: Path) -> None:
    clock = [NOON]
    with Publisher(clock=lambda: clock[0]) as publisher:
        publisher.serve(PATH, document(SMALL, etag='"v1"'))
        good = get(store, publisher.url(PATH))
        before = {path.name: path.read_bytes() for path in (store / SOURCE).iterdir()}
        clock[0] += 400 * 86_400
        assert "the clock of this machine" in str(failure(store, publisher.url(PATH)))
    assert latest_snapshot(store, SOURCE) == good.snapshot
    assert {path.name: path.read_bytes() for path in (store / SOURCE).iterdir()} == before


def test_a_clock_set_back_behind_the_store_changes_no_order(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL), document(OTHER))
    get(store, publisher.url(PATH))
    told = str(failure(store, publisher.url(PATH), clock=FakeTime(passed=-400 * 86_400.0)))
    assert "stands at 2024-11-27T12:00:00.000+00:00, but this address was asked at 2026-01-01T12:00:00.000+00:00" in told
    assert publisher.asked(PATH)[1:] == []
    # an hour is not worth a refusal, and no reason to leave the host alone for an hour
    hour_back = get(store, publisher.url(PATH), clock=FakeTime(passed=-3600.0))
    assert [each.snapshot.snapshot_id for each in vintages_of(store, SOURCE, publisher.url(PATH))] == [sha(SMALL), sha(OTHER)]
    assert hour_back.changed


@pytest.mark.parametrize("off_by", [-7200.0, 0.0, 7200.0])
def test_a_moment_to_wait_for_is_read_by_the_publishers_clock(store: Path, off_by: float) -> None:
    with Publisher(clock=lambda: NOON + off_by) as publisher:
        publisher.serve(PATH, status(503, retry_after=http_date(NOON + off_by + 30)), document(SMALL))
        clock = FakeTime()
        get(store, publisher.url(PATH), clock=clock)
    assert clock.waits == [32.0]


def test_a_host_is_not_closed_for_ever_by_a_clock_that_stood_years_ahead(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, status(503, retry_after="3600"), document(SMALL))
    failure(store, publisher.url(PATH), clock=FakeTime(passed=10 * 365 * 86_400.0))
    # what was asked, an hour, counts from the first look by the right clock
    assert "asked not to be asked before 2026-01-01T13:00:00" in str(failure(store, publisher.url(PATH)))
    assert "asked not to be asked before 2026-01-01T13:00:00" in str(failure(store, publisher.url(PATH), clock=FakeTime(passed=1000.0)))
    assert get(store, publisher.url(PATH), clock=FakeTime(passed=3601.0)).changed


def test_failed_fetch_leaves_the_last_good_snapshot(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL), status(503))
    good = get(store, publisher.url(PATH))
    failure(store, publisher.url(PATH))
    assert latest_snapshot(store, SOURCE) == good.snapshot
    assert unfinished(store) == []


# --- interrupted transfers ----------------------------------------------------------------------------------------------------------


def test_broken_transfer_is_resumed_where_it_stopped(publisher: Publisher, store: Path) -> None:
    cut = document(LARGE, etag='"v1"', transfer=breaking_off(150_000))
    publisher.serve(PATH, cut, document(LARGE, etag='"v1"'))
    result = get(store, publisher.url(PATH))
    assert result.snapshot.path.read_bytes() == LARGE
    assert result.snapshot.snapshot_id == sha(LARGE)
    second = publisher.asked(PATH)[1].headers
    assert (second["Range"], second["If-Range"]) == ("bytes=150000-", '"v1"')
    assert manifest_of(store, SOURCE, sha(LARGE)).bytes == len(LARGE)
    assert unfinished(store) == []


def test_changed_file_is_not_glued_to_the_old_beginning(publisher: Publisher, store: Path) -> None:
    newer = pdf_of("constructed newer large sample", size=400_000)
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)), document(newer, etag='"v2"'))
    assert get(store, publisher.url(PATH)).snapshot.path.read_bytes() == newer


@pytest.mark.parametrize("kind", ["ignored", "wrong_total", "wrong_start", "other_version", "unsatisfied"])
def test_wrong_answers_to_range_requests_start_over(publisher: Publisher, store: Path, kind: str) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)), broken_range(LARGE, '"v1"', kind))
    result = get(store, publisher.url(PATH))
    assert result.snapshot.path.read_bytes() == LARGE
    ranges = ["Range" in asked.headers for asked in publisher.asked(PATH)]
    assert ranges == ([False, True] if kind == "ignored" else [False, True, False])
    assert unfinished(store) == []


@pytest.mark.parametrize(("etag", "modified", "resumes"), [('W/"v1"', True, False), (None, True, True), (None, False, False)])
def test_only_a_strong_validator_allows_to_resume(
    publisher: Publisher, store: Path, etag: str | None, modified: bool, resumes: bool
) -> None:
    stated = http_date(NOON - 86_400) if modified else None
    cut = document(LARGE, etag=etag, last_modified=stated, transfer=breaking_off(150_000))
    publisher.serve(PATH, cut, document(LARGE, etag=etag, last_modified=stated))
    assert get(store, publisher.url(PATH)).snapshot.path.read_bytes() == LARGE
    assert ("Range" in publisher.asked(PATH)[1].headers) is resumes


def test_unfinished_download_is_resumed_by_the_next_fetch(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)))
    problem = failure(store, publisher.url(PATH), replace(POLICY, retries=0))
    assert "broke off (0.1 of 0.4 MB, 37 %" in str(problem)
    left = unfinished(store)
    assert [Path(name).suffixes[-1] for name in left] == [".part", ".json"]
    assert (store / SOURCE / left[0]).stat().st_size == 150_000
    assert snapshots_of(store, SOURCE) == ()

    publisher.serve(PATH, document(LARGE, etag='"v1"'))
    assert get(store, publisher.url(PATH)).snapshot.path.read_bytes() == LARGE
    assert publisher.asked(PATH)[-1].headers["Range"] == "bytes=150000-"
    assert unfinished(store) == []


def test_unfinished_download_of_another_address_is_not_used(publisher: Publisher, store: Path) -> None:
    publisher.serve("/a.pdf", document(LARGE, etag='"v1"', transfer=breaking_off(150_000)))
    publisher.serve("/b.pdf", document(SMALL, etag='"v1"'))
    failure(store, publisher.url("/a.pdf"), replace(POLICY, retries=0))
    assert get(store, publisher.url("/b.pdf")).snapshot.path.read_bytes() == SMALL
    assert "Range" not in publisher.asked("/b.pdf")[0].headers


def test_stale_unfinished_downloads_are_thrown_away(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)))
    failure(store, publisher.url(PATH), replace(POLICY, retries=0))
    for name in unfinished(store):
        os.utime(store / SOURCE / name, (NOON - 90_000, NOON - 90_000))
    publisher.serve(PATH, document(LARGE, etag='"v1"'))
    get(store, publisher.url(PATH))
    assert "Range" not in publisher.asked(PATH)[-1].headers
    assert unfinished(store) == []


def test_damaged_record_of_an_unfinished_download_starts_over(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)))
    failure(store, publisher.url(PATH), replace(POLICY, retries=0))
    next((store / SOURCE).glob("*.part.json")).write_text("{")
    publisher.serve(PATH, document(LARGE, etag='"v1"'))
    assert get(store, publisher.url(PATH)).snapshot.path.read_bytes() == LARGE
    assert "Range" not in publisher.asked(PATH)[-1].headers


def test_interrupt_keeps_only_what_can_be_resumed(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=slowly(20, 0.005)))
    clock = FakeTime()
    calls = iter(range(1000))

    def impatient() -> float:
        if next(calls) > 12:
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        fetch(SOURCE, publisher.url(PATH), store, POLICY, timing=replace(clock.timing(), monotonic=impatient))
    assert [Path(name).suffixes[-1] for name in unfinished(store)] == [".part", ".json"]
    assert get(store, publisher.url(PATH)).snapshot.path.read_bytes() == LARGE
    assert "Range" in publisher.asked(PATH)[-1].headers


def test_stalled_transfer_ends_after_the_read_timeout(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=stalling(100_000)), document(LARGE, etag='"v1"'))
    began = time.monotonic()
    result = get(store, publisher.url(PATH), replace(POLICY, read_seconds=0.3))
    assert time.monotonic() - began < 3
    assert result.snapshot.path.read_bytes() == LARGE
    problem = failure_of_stall(publisher, store)
    assert "the transfer stalled for 0.2 s (0.1 of 0.4 MB, 24 %)" in str(problem)
    assert unfinished(store) == []


def failure_of_stall(publisher: Publisher, store: Path) -> FetchError:
    publisher.serve("/stalled.pdf", document(LARGE, transfer=stalling(100_000)))
    return failure(store, publisher.url("/stalled.pdf"), replace(POLICY, read_seconds=0.2, retries=0))


def test_silent_server_is_a_timeout(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, lambda exchange: exchange.pause(5))
    problem = failure(store, publisher.url(PATH), replace(POLICY, read_seconds=0.2, retries=1))
    assert "no answer within 0.2 s (attempt 2 of 2)" in str(problem)


def test_trickling_transfer_ends_with_the_total_time(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=slowly(4_000, 0.01)))
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"took longer than 0.5 s.*no time left.*it resumes"):
        fetch(SOURCE, publisher.url(PATH), store, replace(POLICY, total_seconds=0.5))
    assert time.monotonic() - began < 3
    assert len(unfinished(store)) == 2


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n"
TRICKLES = {
    "a status line": (b"HTTP/1.1 200 O", b"K"),
    "a header": (OK + b"X-Constructed: ", b"x"),
    "headers": (OK, b"X-Constructed: x\r\n"),
    "the length of a piece": (OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\n%PDF-1.4\n\r\n5;", b"x"),
    "a body of no announced length": (OK + b"\r\n%PDF-1.4\n", b"%%EOF\n"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nX-Constructed: ", b"x"),
}


@pytest.mark.parametrize("what", TRICKLES)
def test_whatever_trickles_ends_with_the_total_time(what: str, publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, trickling(*TRICKLES[what]))
    judge_trickle(store, publisher.url(PATH), POLICY)


def test_what_trickles_through_tls_ends_with_the_total_time(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certificate_for(tmp_path, ["DNS:localhost"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    policy = replace(POLICY, allowed_hosts=frozenset({"localhost"}))
    with Publisher((certificate, key)) as secure:
        for what in ("a header", "a body of no announced length"):
            secure.serve(PATH, trickling(*TRICKLES[what]))
            judge_trickle(store, secure.url(PATH, host="localhost"), policy)
        secure.serve(PATH, document(SMALL))
        assert fetch(SOURCE, secure.url(PATH, host="localhost"), store, policy).changed


def judge_trickle(store: Path, url: str, policy: FetchPolicy) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"(no complete answer within|it took longer than) 0.4 s"):
        fetch(SOURCE, url, store, replace(policy, total_seconds=0.4, min_interval_seconds=0.0))
    assert time.monotonic() - began < 3
    assert snapshots_of(store, SOURCE) == ()


def test_slow_transfer_succeeds_and_shows_progress(publisher: Publisher, store: Path, caplog: pytest.LogCaptureFixture) -> None:
    publisher.serve(PATH, document(LARGE, transfer=slowly(10, 0.01)))
    ticks = iter(range(10_000))
    with caplog.at_level(logging.INFO, logger="pipelines.snapshots"):
        fetch(SOURCE, publisher.url(PATH), store, POLICY, timing=replace(FakeTime().timing(), monotonic=lambda: float(next(ticks))))
    shown = [re.search(r"([\d.]+) of 0.4 MB, (\d+) %", message) for message in caplog.messages]
    percents = [int(found.group(2)) for found in shown if found]
    assert len(percents) >= 2
    assert percents == sorted(percents)


def test_refused_connection_is_explained_and_retried(store: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    clock = FakeTime()
    problem = failure(store, f"http://127.0.0.1:{port}/x.pdf", replace(POLICY, retries=1), clock)
    assert "the connection failed (Connection refused) (attempt 2 of 2)" in str(problem)
    assert problem.transient


def test_empty_answer_is_no_publication(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(b""))
    assert "the answer is empty" in str(failure(store, publisher.url(PATH)))
    assert names_in(store) == []


# --- what is accepted ---------------------------------------------------------------------------------------------------------------


def test_error_page_is_not_a_pdf(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, error_page())
    problem = failure(store, publisher.url(PATH))
    assert "an HTML page, perhaps an error page, came instead of application/pdf" in str(problem)
    assert not problem.transient
    assert names_in(store) == []


CSV_TEXT = b"year,reports\n2023,12345\n"
TYPES: dict[str, tuple[bytes, str]] = {
    "pdf": (SMALL, "application/pdf"),
    "zip": (zip_of({"a.csv": CSV_TEXT}), "application/zip"),
    "xlsx": (xlsx_of([["year", "n"], [2023, 5]]), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "application/vnd.ms-excel"),
    "xz": (lzma.compress(CSV_TEXT), "application/x-xz"),
    "gzip": (gzip.compress(CSV_TEXT), "application/gzip"),
    "html": (b"\n<!-- saved --><!DOCTYPE html><html></html>", "text/html"),
    "html_fragment": (b"<h1>Not found</h1>", "text/html"),
    "xhtml": (b'<?xml version="1.0"?>\n<!DOCTYPE html><html></html>', "text/html"),
    "xml": (b'<?xml version="1.0"?>\n<!DOCTYPE bill PUBLIC "x"><bill><p>a</p></bill>', "application/xml"),
    "json": (b' {"total": 5}\n', "application/json"),
    "cut_json": (b'{"total": 5, "more": [', "text/plain"),
    "text": (b"Table [1] of figures", "text/plain"),
    "bracket_csv": (b"[year],[n]\n1,2\n", "text/plain"),
    "utf16": ("year,n\n".encode("utf-16"), "text/plain"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "image/png"),
    "binary": (b"ab\x00cd", "application/octet-stream"),
    "pdf_inside_text": (b"see %PDF-1.4 there", "text/plain"),
}


@pytest.mark.parametrize("name", TYPES)
def test_type_is_told_from_the_bytes(tmp_path: Path, name: str) -> None:
    content, expected = TYPES[name]
    path = tmp_path / "file.misleading.pdf"
    path.write_bytes(content)
    assert sniff(path) == expected


def test_claimed_type_does_not_count(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL, media_type="text/html"))
    assert get(store, publisher.url(PATH)).snapshot.media_type == "application/pdf"


def test_csv_needs_a_separator(publisher: Publisher, store: Path) -> None:
    policy = replace(POLICY, media_types=("text/csv",))
    publisher.serve("/good.csv", document(CSV_TEXT, media_type="text/csv"))
    publisher.serve("/bad.csv", document(b"Service unavailable\n", media_type="text/csv"))
    assert get(store, publisher.url("/good.csv"), policy).snapshot.media_type == "text/csv"
    assert "text/plain came instead of text/csv" in str(failure(store, publisher.url("/bad.csv"), policy))


@pytest.mark.parametrize(
    ("content", "accepted"),
    [
        (LARGE[:-2_000], "application/pdf"),
        (zip_of({"a.csv": CSV_TEXT * 500})[:-30], "application/zip"),
        (lzma.compress(os.urandom(3_000))[:-5], "application/x-xz"),
        (b'{"total": [1, 2', "application/json"),
    ],
)
def test_file_that_was_cut_short_without_a_trace_is_refused(publisher: Publisher, store: Path, content: bytes, accepted: str) -> None:
    def without_length(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Type": accepted})
        exchange.write(content)

    publisher.serve(PATH, without_length)
    failure(store, publisher.url(PATH), replace(POLICY, media_types=(accepted,)))
    assert names_in(store) == []


def test_announced_size_is_refused_before_it_is_sent(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, oversized(50_000_000))
    problem = failure(store, publisher.url(PATH))
    assert "announces 50000000 bytes, the limit is 2000000" in str(problem)
    assert names_in(store) == []


def test_unannounced_size_is_refused_while_it_arrives(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, endless())
    assert "more than 2000000 bytes came" in str(failure(store, publisher.url(PATH)))
    assert names_in(store) == []
    assert len(publisher.asked(PATH)) == 1


def test_gzip_bomb_meets_the_limit_in_little_memory(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, gzip_bomb(64))
    tracemalloc.start()
    try:
        problem = failure(store, publisher.url(PATH))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "more than 2000000 bytes came" in str(problem)
    assert peak < 8 << 20
    assert names_in(store) == []


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_gzip_that_nobody_asked_for_is_undone(publisher: Publisher, store: Path, encoding: str) -> None:
    publisher.serve(PATH, packed(LARGE, encoding=encoding))
    assert get(store, publisher.url(PATH)).snapshot.snapshot_id == sha(LARGE)


def test_cut_or_unknown_encodings_are_refused(publisher: Publisher, store: Path) -> None:
    publisher.serve("/cut.pdf", packed(LARGE, cut=-100))
    publisher.serve("/brotli.pdf", packed(LARGE, encoding="br"))
    assert "broke off" in str(failure(store, publisher.url("/cut.pdf")))
    assert "encoded as 'br'" in str(failure(store, publisher.url("/brotli.pdf")))
    assert names_in(store) == []


# --- archives -----------------------------------------------------------------------------------------------------------------------

DANGEROUS: dict[str, tuple[bytes, str]] = {
    "bomb": (zip_bomb(), "grows from .* possible bomb"),
    "parent": (zip_of({"../../etc/passwd": b"x"}), "points outside the archive"),
    "inner_parent": (zip_of({"a/../../b": b"x"}), "points outside the archive"),
    "absolute": (zip_of({"/etc/passwd": b"x"}), "points outside the archive"),
    "backslashes": (zip_of({"..\\..\\b.csv": b"x"}), "points outside the archive"),
    "drive": (zip_of({"C:\\b.csv": b"x"}), "points outside the archive"),
    "overlap": (overlapping_zip(), "overlaps the next file"),
    "truncated": (zip_of({"a.csv": CSV_TEXT * 500})[:-10], "no complete zip archive"),
}


@pytest.mark.parametrize("name", DANGEROUS)
def test_dangerous_archives_are_never_stored(publisher: Publisher, store: Path, name: str) -> None:
    content, message = DANGEROUS[name]
    publisher.serve("/data.zip", document(content, media_type="application/zip"))
    problem = failure(store, publisher.url("/data.zip"), replace(POLICY, media_types=("application/zip",)))
    assert re.search(message, str(problem))
    assert ".tmp" not in str(problem)
    assert names_in(store) == []


def test_archive_limits_are_the_source_s_own(publisher: Publisher, store: Path) -> None:
    content = zip_of({f"{number}.csv": CSV_TEXT for number in range(5)})
    publisher.serve("/data.zip", document(content, media_type="application/zip"))
    policy = replace(POLICY, media_types=("application/zip",))
    few = replace(policy, archive_limits=ArchiveLimits(max_members=4))
    assert "lists 5 files, more than 4" in str(failure(store, publisher.url("/data.zip"), few))
    small = replace(policy, archive_limits=ArchiveLimits(max_total_bytes=100))
    assert "decompresses to 120 bytes, more than 100" in str(failure(store, publisher.url("/data.zip"), small))
    assert get(store, publisher.url("/data.zip"), policy).snapshot.media_type == "application/zip"


def test_members_are_listed_and_read(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(zip_of({"tables/": b"", "tables/one.csv": CSV_TEXT, "two.txt": b"2"}))
    assert [(member.name, member.size) for member in list_members(path)] == [("tables/one.csv", len(CSV_TEXT)), ("two.txt", 1)]
    with open_member(path, "tables/one.csv") as stream:
        assert stream.read() == CSV_TEXT
    with pytest.raises(ArchiveError, match=r"holds no file `three.csv` but `tables/one.csv`, `two.txt`"), open_member(path, "three.csv"):
        pass


def test_member_that_lies_about_its_size_yields_no_more_than_it_claims(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(lying_zip(b"0123456789" * 1_000, 77))
    with pytest.raises(ArchiveError, match="is damaged"), open_member(path, "data.csv") as stream:
        assert len(stream.read()) <= 77


def test_links_and_encrypted_and_repeated_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"
    link = bytearray(zip_of({"link": b"/etc/passwd"}))
    directory = link.rindex(b"PK\x01\x02")
    link[directory + 38 : directory + 42] = (0o120777 << 16).to_bytes(4, "little")
    path.write_bytes(link)
    with pytest.raises(ArchiveError, match="is a link"):
        list_members(path)
    locked = bytearray(zip_of({"a.csv": CSV_TEXT}))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(ArchiveError, match="is encrypted"):
        list_members(path)
    path.write_bytes(zip_of({"a.csv": b"one", "b.csv": b"two"}).replace(b"b.csv", b"a.csv"))
    with pytest.raises(ArchiveError, match="the same name twice"):
        list_members(path)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_compressed_files_are_read_in_bounded_pieces(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "data"
    content = CSV_TEXT * 200_000
    path.write_bytes(pack(content[:1000]) + pack(content[1000:]))
    pieces = list(decompress(path))
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= 1 << 20
    with pytest.raises(ArchiveError, match="decompresses to more than 1000 bytes"):
        list(decompress(path, ArchiveLimits(max_total_bytes=1000)))
    path.write_bytes(pack(content)[:-20])
    with pytest.raises(ArchiveError, match="cannot be decompressed"):
        list(decompress(path))


def test_xz_may_not_ask_for_unbounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(lzma.compress(CSV_TEXT, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 64 << 20}]))
    assert b"".join(decompress(path)) == CSV_TEXT
    with pytest.raises(ArchiveError, match="cannot be decompressed"):
        list(decompress(path, ArchiveLimits(max_memory_bytes=16 << 20)))


def test_neither_xz_nor_gzip(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"plain")
    with pytest.raises(ArchiveError, match="neither xz nor gzip"):
        list(decompress(path))


# --- where it may go ----------------------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_recorded(publisher: Publisher, store: Path) -> None:
    publisher.serve("/one.pdf", redirect("/two.pdf", code=301))
    publisher.serve("/two.pdf", redirect(publisher.url("/three.pdf?token=abc"), code=307))
    publisher.serve("/three.pdf", document(SMALL))
    result = get(store, publisher.url("/one.pdf"))
    manifest = manifest_of(store, SOURCE, result.snapshot.snapshot_id)
    assert manifest.url == publisher.url("/one.pdf")
    assert manifest.final_url == publisher.url("/three.pdf?token=REDACTED")


def test_redirect_to_a_foreign_host_is_refused_before_it_is_asked(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, redirect(publisher.url("/elsewhere.pdf", host="localhost")))
    problem = failure(store, publisher.url(PATH))
    assert "the host localhost is not listed for this source" in str(problem)
    assert "catalog/sources.toml" in problem.remedy
    assert publisher.asked("/elsewhere.pdf") == []


def test_redirect_circles_and_long_chains_end(publisher: Publisher, store: Path) -> None:
    publisher.serve("/a.pdf", redirect("/b.pdf"))
    publisher.serve("/b.pdf", redirect("/a.pdf"))
    assert "in a circle" in str(failure(store, publisher.url("/a.pdf")))
    for number in range(9):
        publisher.serve(f"/{number}.pdf", redirect(f"/{number + 1}.pdf"))
    assert "more than 5 redirects" in str(failure(store, publisher.url("/0.pdf")))
    assert publisher.asked("/6.pdf") == []
    for number, location in enumerate(("", "http://[broken/", "/\xff.pdf")):
        publisher.serve(f"/nowhere{number}.pdf", redirect(location))
        assert "redirect 302 to nowhere" in str(failure(store, publisher.url(f"/nowhere{number}.pdf")))


def test_body_of_a_redirect_is_not_read(publisher: Publisher, store: Path) -> None:
    publisher.serve("/a.pdf", endless(mebibytes=64, status=302, location="/b.pdf"))
    publisher.serve("/b.pdf", document(SMALL))
    tracemalloc.start()
    try:
        assert get(store, publisher.url("/a.pdf")).changed
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_redirect_to_itself_with_a_cookie_is_no_circle(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, needs_cookie("checked=1", document(SMALL)))
    assert get(store, publisher.url(PATH)).changed


def test_not_modified_from_another_place_is_not_believed(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, redirect("/v1.pdf"), redirect("/v2.pdf"))
    publisher.serve("/v1.pdf", document(SMALL, etag='"1"'))
    publisher.serve("/v2.pdf", document(OTHER, etag='"1"'))
    get(store, publisher.url(PATH))
    second = get(store, publisher.url(PATH))
    assert (second.changed, second.snapshot.snapshot_id) == (True, sha(OTHER))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://publisher.example/a.pdf", "only https is fetched"),
        ("ftp://publisher.example/a.pdf", "only https is fetched"),
        ("file:///etc/passwd", "only https is fetched"),
        ("https://foreign.example/a.pdf", "the host foreign.example is not listed"),
        ("https://publisher.example.foreign.example/a.pdf", "is not listed"),
        ("https://publisher.example@foreign.example/a.pdf", "contains a user name"),
        ("https://someone:hidden@publisher.example/a.pdf", "contains a user name"),
        ("https://foreign.example\\@publisher.example/a.pdf", "backslashes"),
        ("https://publisher.example/a b.pdf", "contains blanks"),
        ("https://publisher.example:8443/a.pdf", "only https on its usual port"),
        ("https://10.0.0.8/a.pdf", "leads to 10.0.0.8, which is no public address"),
        ("https://127.0.0.1/a.pdf", "leads to 127.0.0.1, which is no public address"),
        ("https://[::1]/a.pdf", "no public address"),
        ("https:///a.pdf", "no complete address"),
        ("publisher.example/a.pdf", "no complete address"),
    ],
)
def test_addresses_that_are_never_asked(store: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.114.9", 443))])
    policy = FetchPolicy(frozenset({"publisher.example", "10.0.0.8", "127.0.0.1", "::1"}), 1_000, ("application/pdf",))
    problem = failure(store, url, policy)
    assert message in str(problem)
    assert not problem.transient
    assert "hidden" not in str(problem)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "2002:0a00:0001::", "64:ff9b::a00:1", "ff02::1",
    ],
)  # fmt: skip
def test_names_that_lead_to_private_addresses_are_refused(store: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))
    private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [public, private])
    policy = FetchPolicy(frozenset({"publisher.example"}), 1_000, ("application/pdf",))
    assert f"leads to {address}, which is no public address" in str(failure(store, "https://publisher.example/a.pdf", policy))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert snapshots._is_public(address)


def test_unknown_host_is_explained(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    problem = failure(store, "https://publisher.example/a.pdf", FetchPolicy(frozenset({"publisher.example"}), 1_000, ("application/pdf",)))
    assert "the host publisher.example cannot be looked up" in str(problem)
    assert not problem.transient


def test_connection_goes_to_the_address_that_was_checked(publisher: Publisher, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.serve(PATH, document(SMALL))
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", publisher.port))]]
    real = socket.getaddrinfo

    def rebinding(host: str, *rest: Any, **options: Any) -> Any:
        # The first look-up of the name is honest; a second one would lead elsewhere.
        if host == "publisher.example":
            return answers.pop()
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    policy = replace(POLICY, allowed_hosts=frozenset({"publisher.example"}))
    assert get(store, publisher.url(PATH, host="publisher.example"), policy).changed
    assert publisher.asked(PATH)[0].headers["Host"] == f"publisher.example:{publisher.port}"


def test_retry_tries_the_next_address_of_the_host(publisher: Publisher, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.serve(PATH, document(SMALL))
    real = socket.getaddrinfo
    entries = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1)), (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **options: entries if host == "publisher.example" else real(host, *rest, **options)
    )
    policy = replace(POLICY, allowed_hosts=frozenset({"publisher.example"}))
    assert get(store, publisher.url(PATH, host="publisher.example"), policy).changed


def test_proxy_of_the_environment_is_used_but_gets_no_credentials_shown(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:hidden@127.0.0.1:{port}")
    policy = FetchPolicy(frozenset({"publisher.example"}), 1_000, ("application/pdf",), retries=0)
    problem = failure(store, "https://publisher.example/a.pdf", policy)
    assert "the proxy of the environment gives no connection" in str(problem)
    assert "hidden" not in str(problem)


def test_netrc_is_not_read(publisher: Publisher, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    publisher.serve(PATH, document(SMALL))
    get(store, publisher.url(PATH))
    assert "Authorization" not in publisher.asked(PATH)[0].headers


# --- TLS ----------------------------------------------------------------------------------------------------------------------------


def test_certificate_is_verified_and_https_never_left(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certificate_for(tmp_path, ["DNS:localhost"])
    policy = replace(POLICY, allowed_hosts=frozenset({"localhost", "127.0.0.1"}))
    with Publisher((certificate, key)) as secure, Publisher() as plain:
        secure.serve(PATH, document(SMALL))
        secure.serve("/downgrade.pdf", redirect(plain.url(PATH)))
        plain.serve(PATH, document(SMALL))

        unknown = failure(store, secure.url(PATH, host="localhost"), policy)
        assert re.search(r"the certificate of localhost cannot be verified \(self.signed certificate\)", str(unknown))
        assert not unknown.transient
        assert secure.asked() == []

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        # The connection goes to an address, the certificate still has to prove the name.
        assert get(store, secure.url(PATH, host="localhost"), policy).changed
        wrong_name = failure(store, secure.url(PATH), policy)
        assert "the certificate of 127.0.0.1 cannot be verified" in str(wrong_name)
        lower = failure(store, secure.url("/downgrade.pdf", host="localhost"), policy)
        assert "only https is fetched, not http" in str(lower)
        assert plain.asked() == []

        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
        assert "the certificate bundle" in str(failure(store, secure.url(PATH, host="localhost"), policy))


# --- drifting links -----------------------------------------------------------------------------------------------------------------

PATTERN = r"/(?P<year>20\d\d)-reports\.pdf$"


def test_drifting_link_is_found_on_its_index_page(publisher: Publisher, store: Path) -> None:
    publisher.serve(
        "/index", index_page(["/about", "files/2023-reports.pdf", "files/2023-other.pdf"]), index_page(["files/2024-reports.pdf"])
    )
    publisher.serve("/files/2023-reports.pdf", document(SMALL, etag='"v1"'))
    publisher.serve("/files/2024-reports.pdf", document(OTHER, etag='"v1"'))
    clock = FakeTime()
    first = get(store, publisher.url("/index"), clock=clock, link_pattern=PATTERN)
    assert first.snapshot.url == publisher.url("/files/2023-reports.pdf")
    assert manifest_of(store, SOURCE, sha(SMALL)).found_on == publisher.url("/index")
    second = get(store, publisher.url("/index"), clock=clock, link_pattern=PATTERN)
    assert (second.changed, second.snapshot.snapshot_id) == (True, sha(OTHER))
    # Another file may have the same tag by chance.
    assert "If-None-Match" not in publisher.asked("/files/2024-reports.pdf")[0].headers
    third = get(store, publisher.url("/index"), clock=clock, link_pattern=PATTERN)
    assert not third.changed
    assert publisher.asked("/files/2024-reports.pdf")[1].headers["If-None-Match"] == '"v1"'
    assert [each.snapshot.snapshot_id for each in vintages_of(store, SOURCE, publisher.url("/index"), link_pattern=PATTERN)] == [
        sha(SMALL),
        sha(OTHER),
    ]
    assert unfinished(store) == []


@pytest.mark.parametrize(
    ("links", "pattern", "chosen"),
    [
        (["/2022-reports.pdf", "/2024-reports.pdf", "/2023-reports.pdf"], PATTERN, "/2024-reports.pdf"),
        (["/2024-reports.pdf", "/2024-reports.pdf#page=2", "2024-reports.pdf"], r"reports\.pdf", "/2024-reports.pdf"),
        (["/t-2024-09-30.pdf", "/t-2024-12-31.pdf"], r"t-(?P<date>[\d-]+)\.pdf", "/t-2024-12-31.pdf"),
        (["/q4-2023.pdf", "/q2-2024.pdf", "/q3-2024.pdf"], r"q(?P<quarter>\d)-(?P<year>\d{4})", "/q3-2024.pdf"),
        (["/2024%20reports.pdf"], r"reports\.pdf$", "/2024%20reports.pdf"),
        (["/2024 reports.pdf"], r"reports\.pdf$", "/2024%20reports.pdf"),
        (["mailto:a@b.example", "javascript:x()", "http://[broken/", "/2024-reports.pdf"], PATTERN, "/2024-reports.pdf"),
    ],
)
def test_newest_link_is_chosen_only_if_the_pattern_says_how(
    publisher: Publisher, store: Path, links: list[str], pattern: str, chosen: str
) -> None:
    publisher.serve("/index", index_page(links))
    publisher.serve(chosen, document(SMALL))
    assert get(store, publisher.url("/index"), link_pattern=pattern).snapshot.url == publisher.url(chosen)


@pytest.mark.parametrize(
    ("links", "pattern", "message"),
    [
        (["/other.pdf", "/about"], PATTERN, "none of its 3 links matches"),
        (["/a-reports.pdf", "/b-reports.pdf"], r"reports\.pdf$", r"2 different links match .*a-reports.pdf.*b-reports.pdf"),
        (["/x/2024-reports.pdf", "/y/2024-reports.pdf"], PATTERN, "2 links are equally new"),
        (["/fy24.pdf", "/fy2023.pdf"], r"fy(?P<year>\d+)\.pdf", "in different ways"),
        (["/2024-reports.pdf"], "(reports", "is no regular expression"),
        (["https://foreign.example/2024-reports.pdf"], PATTERN, "the host foreign.example is not listed"),
    ],
)
def test_unclear_links_are_an_error(publisher: Publisher, store: Path, links: list[str], pattern: str, message: str) -> None:
    publisher.serve("/index", index_page(links))
    problem = failure(store, publisher.url("/index"), link_pattern=pattern)
    assert re.search(message, str(problem))
    assert problem.remedy
    assert names_in(store) == []


def test_links_are_resolved_against_the_page_s_base_and_its_redirects(publisher: Publisher, store: Path) -> None:
    publisher.serve("/index", redirect("/moved/index"))
    publisher.serve("/moved/index", index_page(["2024-reports.pdf"]), index_page(["2024-reports.pdf"], base="/based/"))
    publisher.serve("/moved/2024-reports.pdf", document(SMALL))
    publisher.serve("/based/2024-reports.pdf", document(OTHER))
    clock = FakeTime()
    assert get(store, publisher.url("/index"), clock=clock, link_pattern=PATTERN).snapshot.snapshot_id == sha(SMALL)
    assert get(store, publisher.url("/index"), clock=clock, link_pattern=PATTERN).snapshot.snapshot_id == sha(OTHER)


def test_index_that_is_no_page_is_an_error(publisher: Publisher, store: Path) -> None:
    publisher.serve("/index", document(SMALL))
    problem = failure(store, publisher.url("/index"), link_pattern=PATTERN)
    assert "application/pdf came instead of text/html" in str(problem)


# --- secrets, processes, disks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [document(SMALL), status(404), error_page(), redirect("http://[broken/"), status(503)])
def test_credentials_of_an_address_are_shown_nowhere(
    publisher: Publisher, store: Path, caplog: pytest.LogCaptureFixture, behaviour: Behaviour
) -> None:
    publisher.serve(PATH, behaviour)
    url = publisher.url(f"{PATH}?api_key=hidden1&edition=2024&x={'hidden2' * 5}&{'hidden3' * 5}")
    said = ""
    with caplog.at_level(logging.INFO):
        try:
            get(store, url)
        except FetchError as problem:
            said = "".join(traceback.format_exception(problem)) + f"{problem.args} {problem.url}"
    written = " ".join(path.read_text(errors="replace") for path in store.rglob("*") if path.is_file())
    assert "hidden" not in said + written + caplog.text
    assert "edition=2024" in said + written
    assert publisher.asked(PATH)[0].path.count("hidden") == 11


def test_connection_failure_shows_no_credentials(store: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    problem = failure(store, f"http://127.0.0.1:{port}/a.pdf?token=hidden")
    assert "hidden" not in str(problem)
    assert problem.__suppress_context__


WORKER = """
import sys
from pathlib import Path
from pipelines.snapshots import FetchPolicy, fetch
policy = FetchPolicy(frozenset({"127.0.0.1"}), 2_000_000, ("application/pdf",), allow_loopback=True, min_interval_seconds=0.05)
print(fetch("constructed_publication", sys.argv[1], Path(sys.argv[2]), policy).snapshot.snapshot_id)
"""


def start_worker(publisher: Publisher, store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, publisher.url(PATH), str(store)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)


def test_processes_that_fetch_the_same_do_not_disturb_each_other(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=slowly(20, 0.05)))
    workers = [start_worker(publisher, store) for _ in range(3)]
    said = [worker.communicate(timeout=30)[0].strip() for worker in workers]
    assert said == [sha(LARGE)] * 3
    assert load_snapshot(store, SOURCE, sha(LARGE)).path.read_bytes() == LARGE
    assert len(snapshots_of(store, SOURCE)) == 1
    assert unfinished(store) == []
    at = sorted(asked.at for asked in publisher.asked(PATH))
    assert all(later - earlier > 0.02 for earlier, later in pairwise(at))


def test_threads_that_race_for_an_unfinished_download_all_succeed(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=breaking_off(150_000)))
    failure(store, publisher.url(PATH), replace(POLICY, retries=0))
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=slowly(5, 0.02)))
    results: list[str] = []
    policy = replace(POLICY, min_interval_seconds=0.0)
    threads = [
        threading.Thread(target=lambda: results.append(fetch(SOURCE, publisher.url(PATH), store, policy).snapshot.snapshot_id))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [sha(LARGE)] * 4
    assert sum("Range" in asked.headers for asked in publisher.asked(PATH)) <= 1
    assert load_snapshot(store, SOURCE, sha(LARGE)).path.read_bytes() == LARGE
    assert unfinished(store) == []


def test_killed_process_leaves_nothing_that_counts(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"', transfer=slowly(400, 0.05)))
    worker = start_worker(publisher, store)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not any(path.stat().st_size for path in store.rglob("*.tmp")):
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.communicate(timeout=10)
    left = [store / SOURCE / name for name in unfinished(store)]
    assert left
    assert snapshots_of(store, SOURCE) == ()
    assert latest_snapshot(store, SOURCE) is None

    publisher.serve(PATH, document(LARGE, etag='"v1"'))
    assert get(store, publisher.url(PATH)).changed
    for path in left:
        os.utime(path, (NOON - 90_000, NOON - 90_000))
    get(store, publisher.url(PATH))
    assert unfinished(store) == []


def test_full_disk_is_an_error_that_leaves_nothing(publisher: Publisher, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.serve(PATH, document(LARGE, etag='"v1"'))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    problem = failure(store, publisher.url(PATH))
    assert "the snapshot store cannot be used (No space left on device): free space" in str(problem)
    assert names_in(store) == []


def test_store_that_cannot_be_made_is_explained(publisher: Publisher, tmp_path: Path) -> None:
    publisher.serve(PATH, document(SMALL))
    (tmp_path / "file").write_text("in the way")
    problem = failure(tmp_path / "file", publisher.url(PATH))
    assert "the snapshot store cannot be used (Not a directory)" in str(problem)
    assert publisher.asked() == []


@pytest.mark.parametrize("original", [None, *ORIGINALS], ids=lambda path: path.name if path else "constructed")
def test_originals_are_archived_as_they_are(publisher: Publisher, store: Path, tmp_path: Path, original: Path | None) -> None:
    path = original or tmp_path / "constructed.pdf"
    if original is None:
        path.write_bytes(SMALL)
    publisher.serve("/original", document(path.read_bytes()))
    types = ("application/pdf", "application/x-xz", "text/plain", "text/csv")
    result = get(store, publisher.url("/original"), replace(POLICY, media_types=types))
    assert result.snapshot.snapshot_id == sha256_of(path)
    assert result.snapshot.media_type == {".pdf": types[0], ".xz": types[1]}.get(path.suffix, "text/plain")


def test_publication_date_of_the_catalogue_does_not_rewrite_the_manifest(publisher: Publisher, store: Path) -> None:
    publisher.serve(PATH, document(SMALL), document(SMALL, etag='"v1"'))
    get(store, publisher.url(PATH))
    for _ in range(2):
        assert get(store, publisher.url(PATH), published_on="2025-06-30").snapshot.published_on == "2025-06-30"
    assert manifest_of(store, SOURCE, sha(SMALL)).published_on is None


def test_behaviours_of_the_publisher_follow_each_other() -> None:
    seen: list[int] = []
    behave = in_turn(lambda _: seen.append(1), lambda _: seen.append(2))
    with Publisher() as started:
        started.serve("/x", behave)
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", started.port)) as connection:
                connection.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.recv(10)
    assert seen == [1, 2, 2]
