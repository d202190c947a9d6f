"""Refreshing: look at a source's publisher and archive what is there now.

Belongs here: which addresses of a catalogue source are fetched and under which policy, what a failed look means, and the record of
the last look, `data/snapshots/<source_id>/last_look.json`.
Does not belong here: HTTP (snapshots.py), parsing and quarantine (ledger.py), comparing pages of prose (watched.py).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.archives import ArchiveLimits
from pipelines.catalog import Source
from pipelines.snapshots import (
    CSV,
    HTML,
    JSON,
    PDF,
    TEXT,
    XLSX,
    XML,
    XZ,
    ZIP,
    FetchError,
    FetchPolicy,
    FetchResult,
    Snapshot,
    SnapshotError,
    Timing,
    fetch,
    latest_snapshot,
    vintages_of,
)
from pipelines.watched import PageChange, WatchedPageError, judge_page

#: what may stand behind a declared media type; the bytes decide which it is
_ACCEPTED = {
    "application/pdf": (PDF,),
    "text/html": (HTML,),
    "application/xml": (XML, HTML),
    "application/json": (JSON,),
    "application/zip": (ZIP,),
    "text/csv": (CSV, TEXT),
    "text/plain": (TEXT,),
    "application/x-xz": (XZ,),
    XLSX: (XLSX,),
}
_RECORDS_DECOMPRESSED_BYTES = 200 << 30


@dataclass(frozen=True)
class Refreshed:
    """What a look at one source gave.

    Attributes:
        source_id: catalogue key.
        results: one per address that answered.
        failures: one sentence per address that did not; its last good snapshot stands.
        page_changes: for watched pages, how the text differs from what was transcribed.
        newest: the last good snapshot, whether or not this look gave it; None if there is none.
    """

    source_id: str
    results: tuple[FetchResult, ...]
    failures: tuple[str, ...]
    page_changes: tuple[PageChange, ...]
    newest: Snapshot | None = None


@dataclass(frozen=True)
class Look:
    """The record of the last look at a source.

    Attributes:
        looked_at: when (ISO 8601, UTC).
        succeeded_at: when every address answered last; empty if that never happened.
        failures: one sentence per address that did not answer in the last look.
        snapshots: what the addresses gave when they answered last, as SHA-256.
    """

    looked_at: str
    succeeded_at: str
    failures: tuple[str, ...]
    snapshots: tuple[str, ...]

    def problem(self, cadence_days: int, today: date) -> str:
        """Say why the source counts as stale, or nothing. No moment is in the words: they change only when the source's standing does."""
        if self.failures:
            return "the last look at the publisher failed"
        since = (today - date.fromisoformat(self.succeeded_at[:10])).days
        if since < -1:
            return "the last look at the publisher is dated later than today: the clock of this machine is or was wrong"
        if cadence_days and since > cadence_days:
            return f"no look at the publisher for more than {cadence_days} days"
        return ""


def policy_of(source: Source, *, allow_loopback: bool = False) -> FetchPolicy:
    """Derive from the catalogue how a source may be fetched; `allow_loopback` is for tests."""
    policy = FetchPolicy(
        allowed_hosts=frozenset(source.hosts),
        max_bytes=source.max_bytes,
        media_types=_ACCEPTED[source.media_type],
        allow_loopback=allow_loopback,
    )
    if source.kind == "records":
        limits = replace(ArchiveLimits(), max_total_bytes=_RECORDS_DECOMPRESSED_BYTES)
        policy = replace(policy, total_seconds=6 * 3600.0, archive_limits=limits)
    return policy


def addresses_of(source: Source) -> tuple[tuple[str, str | None], ...]:
    """List what is fetched for a source: address, and the pattern of the link to follow from it (None to take the address itself)."""
    if not source.hosts:
        return ()
    if source.pages:
        return tuple((page, None) for page in source.pages)
    if source.url_index and source.link_pattern:
        return ((source.url_index, source.link_pattern),)
    if source.url_download and "{" not in source.url_download:
        return ((source.url_download, None),)
    return ()


def refresh_source(store: Path, source: Source, policy: FetchPolicy, timing: Timing | None = None) -> Refreshed:
    """Fetch every address of a source, and record the look; an address that fails does not keep the others from being fetched.

    Args:
        store: folder of all snapshots.
        source: whose publisher is looked at.
        policy: what is allowed and how patient to be.
        timing: clocks and chance; the real ones when None.
    """
    results, failures, changes = [], [], []
    addresses = addresses_of(source)
    for url, link_pattern in addresses:
        try:
            results.append(fetch(source.source_id, url, store, policy, link_pattern=link_pattern, timing=timing))
            if source.kind == "watched":
                changes.append(judge_page(vintages_of(store, source.source_id, url), source.transcribed_on or None))
        except (FetchError, SnapshotError, WatchedPageError) as problem:
            failures.append(str(problem))
    if source.hosts and not addresses:
        failures.append(
            f"{source.source_id}: the catalogue gives no address that can be fetched: give pages, or url_index and link_pattern, or a "
            "url_download without placeholders"
        )
    newest = None
    try:
        newest = latest_snapshot(store, source.source_id)
    except SnapshotError as problem:
        failures.append(str(problem))
    if source.hosts:
        now = datetime.fromtimestamp((timing or Timing()).now(), UTC).isoformat(timespec="seconds")
        before = read_look(store, source.source_id)
        given = tuple(result.snapshot.snapshot_id for result in results)
        if failures:
            look = Look(now, before.succeeded_at if before else "", tuple(failures), given or (before.snapshots if before else ()))
        else:
            look = Look(now, now, (), given)
        _write_look(store, source.source_id, look)
    return Refreshed(source.source_id, tuple(results), tuple(failures), tuple(changes), newest)


def read_look(store: Path, source_id: str) -> Look | None:
    """Return the record of the last look at a source, or None if there is none that can be read: the next look renews it."""
    try:
        content = json.loads(_look_path(store, source_id).read_text(encoding="utf-8"))
        look = Look(content["looked_at"], content["succeeded_at"], tuple(content["failures"]), tuple(content["snapshots"]))
        return look if look.failures or date.fromisoformat(look.succeeded_at[:10]) else None
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def _write_look(store: Path, source_id: str, look: Look) -> None:
    path = _look_path(store, source_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_text(json.dumps(asdict(look), indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def _look_path(store: Path, source_id: str) -> Path:
    return store / source_id / "last_look.json"
