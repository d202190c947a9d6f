"""Refreshing: look at a source's publisher and archive what is there now.

Belongs here: which addresses of a catalogue source are fetched and under which policy, and what a failed look means.
Does not belong here: HTTP (snapshots.py), parsing and quarantine (ledger.py), comparing pages of prose (watched.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.archives import ArchiveLimits
from pipelines.catalog import Source
from pipelines.snapshots import CSV, HTML, JSON, PDF, TEXT, XLSX, XZ, ZIP, FetchError, FetchPolicy, FetchResult, fetch, vintages_of
from pipelines.watched import PageChange, WatchedPageError, judge_page

#: what may stand behind a declared media type; the bytes decide which it is
_ACCEPTED = {
    "application/pdf": (PDF,),
    "text/html": (HTML,),
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
    """

    source_id: str
    results: tuple[FetchResult, ...]
    failures: tuple[str, ...]
    page_changes: tuple[PageChange, ...]


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


def refresh_source(store: Path, source: Source, policy: FetchPolicy) -> Refreshed:
    """Fetch every address of a source; an address that fails does not keep the others from being fetched."""
    results, failures, changes = [], [], []
    for url, link_pattern in addresses_of(source):
        try:
            results.append(fetch(source.source_id, url, store, policy, link_pattern=link_pattern))
        except FetchError as problem:
            failures.append(str(problem))
            continue
        if source.kind == "watched":
            try:
                changes.append(judge_page(vintages_of(store, source.source_id, url), source.transcribed_on or None))
            except WatchedPageError as problem:
                failures.append(str(problem))
    return Refreshed(source.source_id, tuple(results), tuple(failures), tuple(changes))
