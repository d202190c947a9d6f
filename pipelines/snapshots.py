"""Snapshots: the immutable bytes a figure was read from, named by their SHA-256.

Belongs here: making, storing and (with requests, here only) fetching snapshots, and their manifests.
Does not belong here: reading figures out of the bytes (sources/), comparing pages (watched.py), when to fetch (assets/).

A store holds one folder per source:
    <sha256>                 the bytes, never changed once there
    <sha256>.json            their manifest, never changed either: a snapshot exists once its manifest does
    latest-<address>.json    what an address has given since when, and when it was last asked; derived anew if lost
    *.tmp, *.part            a download in progress, and one that can be resumed
and `.turns/<host>`, the earliest moment at which a host may be asked again and when that was booked, shared by all processes that
use the store.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import json
import logging
import os
import random
import re
import socket
import ssl
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.utils import get_environ_proxies, requote_uri, select_proxy
from urllib3.exceptions import HTTPError, ReadTimeoutError

from pipelines.archives import ArchiveError, ArchiveLimits, list_members
from pipelines.pages import PageError, tree_of

log = logging.getLogger(__name__)
_E = TypeVar("_E", bound=BaseException)

USER_AGENT = "prosecution-statistics/0.1 (reads published aggregate statistics, one request at a time)"
PDF, ZIP, XZ, GZIP = "application/pdf", "application/zip", "application/x-xz", "application/gzip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS = "application/vnd.ms-excel"
HTML, XML, JSON = "text/html", "application/xml", "application/json"
CSV, TSV, TEXT = "text/csv", "text/tab-separated-values", "text/plain"
UNKNOWN_TYPE = "application/octet-stream"

_CHUNK = 1 << 20
_PIECE = 1 << 16
_HEAD_BYTES = 4096
_INDEX_MAX_BYTES = 20 << 20
_PROGRESS_SECONDS = 5.0
_LONGEST_CLOSURE_SECONDS = 86_400.0
_LONGEST_VALIDATOR = 1024
#: how far this machine's clock may be from a publisher's, or behind what the store remembers: moments are recorded to be read as days
_CLOCK_SECONDS = 86_400.0
_REDIRECTS = (301, 302, 303, 307, 308)
_TRANSIENT_STATUSES = (408, 425, 429, 500, 502, 503, 504)
_SOURCE_ID = re.compile(r"[a-z0-9][a-z0-9_]*")
_SNAPSHOT_ID = re.compile(r"[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_UNCLEAN_URL = re.compile(r"[\s\\\x00-\x1f\x7f]")
_SECRET_NAME = re.compile(r"key$|token|secret|passw|pwd|^sig$|signature|^auth|credential|session|sid$|^code$|^x-amz|^x-goog", re.IGNORECASE)
_LONGEST_PLAIN_VALUE = 24
_NAT64_PREFIX = int(ipaddress.IPv6Address("64:ff9b::")) >> 32
_ORDER_GROUPS = ("date", "year", "quarter", "month")
_MAGIC = (
    (b"%PDF-", PDF), (b"PK\x03\x04", ZIP), (b"PK\x05\x06", ZIP), (b"\xfd7zXZ\x00", XZ), (b"\x1f\x8b", GZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", XLS), (b"\x89PNG\r\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
)  # fmt: skip
_HTML_START = re.compile(
    r"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|h[1-6]|div|p|table|center|span)\b",
    re.DOTALL,
)


# --- what a snapshot is -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """Bytes of one publication, as published.

    Attributes:
        source_id: catalogue key of the publication series.
        path: file that holds the bytes.
        snapshot_id: SHA-256 of the bytes, in hexadecimal.
        url: address the bytes came from; None for a file given by hand.
        media_type: sniffed or declared type, for instance application/pdf.
        published_on: date of the edition (ISO 8601, may be partial) when the publisher or the catalogue states it.
        retrieved_at: when the project first saw these bytes (ISO 8601, UTC).
    """

    source_id: str
    path: Path
    snapshot_id: str
    url: str | None = None
    media_type: str | None = None
    published_on: str | None = None
    retrieved_at: str | None = None


#: where a manifest keeps the hash of what it says, so that a changed byte does not pass for another day or address
_OWN_HASH = "manifest_sha256"


@dataclass(frozen=True)
class Manifest:
    """What is known about the bytes of one snapshot; written once, when they are first seen.

    Attributes:
        source_id: catalogue key of the publication series.
        snapshot_id: SHA-256 of the bytes.
        url: address that was asked, credentials removed.
        final_url: address that answered, after redirects.
        found_on: index page on which the address was found; None if it was known.
        retrieved_at: when the bytes were first seen (ISO 8601, UTC).
        etag: the publisher's entity tag, as sent.
        last_modified: the publisher's Last-Modified, as sent.
        media_type: type sniffed from the bytes.
        bytes: their number.
        published_on: date of the edition where the catalogue states it.
    """

    source_id: str
    snapshot_id: str
    url: str
    final_url: str
    found_on: str | None
    retrieved_at: str
    etag: str | None
    last_modified: str | None
    media_type: str
    bytes: int
    published_on: str | None


@dataclass(frozen=True)
class FetchPolicy:
    """How a source may be fetched.

    Attributes:
        allowed_hosts: the only hosts that are ever asked, redirects included.
        max_bytes: largest publication accepted, decompressed from its transfer encoding.
        media_types: types accepted, as sniffed from the bytes (the constants of this module).
        user_agent: how the project introduces itself.
        connect_seconds: longest wait for a connection.
        read_seconds: longest silence while an answer arrives.
        total_seconds: longest time for everything, waiting and retrying included.
        min_interval_seconds: shortest time between two requests to one host.
        retries: how often a failure that may pass is tried again.
        backoff_seconds: wait before the first retry; it doubles each time.
        max_backoff_seconds: longest such wait.
        max_retry_after_seconds: longest Retry-After that is waited for; a longer one ends the fetch, so that it is never asked too early.
        max_redirects: longest chain of redirects.
        stale_part_seconds: age at which an unfinished download is thrown away.
        archive_limits: what a zip archive may hold.
        allow_loopback: tests only: also accept addresses of this machine, there without TLS too.
    """

    allowed_hosts: frozenset[str]
    max_bytes: int
    media_types: tuple[str, ...]
    user_agent: str = USER_AGENT
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    total_seconds: float = 1800.0
    min_interval_seconds: float = 1.0
    retries: int = 4
    backoff_seconds: float = 2.0
    max_backoff_seconds: float = 60.0
    max_retry_after_seconds: float = 300.0
    max_redirects: int = 5
    stale_part_seconds: float = 86_400.0
    archive_limits: ArchiveLimits = field(default_factory=ArchiveLimits)
    allow_loopback: bool = False


@dataclass(frozen=True)
class Timing:
    """Where time and chance come from, so that tests need not wait for them."""

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True)
class FetchResult:
    """Outcome of a successful fetch.

    Attributes:
        snapshot: the bytes that the address gives now.
        changed: whether they differ from what it gave last time (true for the first time).
        note: one sentence for the log and the run's metadata.
        previous: what the address gave last time.
    """

    snapshot: Snapshot
    changed: bool
    note: str
    previous: Snapshot | None = None


@dataclass(frozen=True)
class Vintage:
    """Bytes that an address gave from one moment until the next vintage; bytes that come back make a vintage again."""

    since: str
    snapshot: Snapshot


class SnapshotError(Exception):
    """A stored snapshot that is missing, corrupt or wrongly named."""


class FetchError(Exception):
    """A publication that could not be fetched; the store still holds the last good snapshot.

    Attributes:
        source_id: catalogue key of the source.
        url: address concerned, credentials removed.
        happened: what went wrong.
        remedy: what a person can do.
        transient: whether trying again later may help without anybody doing anything.
        retry_after: seconds that the publisher asks to wait, if it does.
    """

    def __init__(
        self, source_id: str, url: str, happened: str, remedy: str, *, transient: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(source_id, url, happened, remedy)
        self.source_id = source_id
        self.url = url
        self.happened = happened
        self.remedy = remedy
        self.transient = transient
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.source_id}: {self.url}: {self.happened}: {self.remedy}"


def sha256_of(path: Path) -> str:
    """Hash a file without reading it into memory at once."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def snapshot_of_file(source_id: str, path: Path) -> Snapshot:
    """Make a snapshot of a local file, as `python -m pipelines.parse` and the embedded figures do."""
    return Snapshot(source_id=source_id, path=path, snapshot_id=sha256_of(path))


# --- reading the store --------------------------------------------------------------------------------------------------------------


def load_snapshot(store: Path, source_id: str, snapshot_id: str) -> Snapshot:
    """Open one archived snapshot after checking its bytes against its name.

    Args:
        store: folder of all snapshots.
        source_id: catalogue key of its source.
        snapshot_id: its SHA-256.

    Raises:
        SnapshotError: it is not there, its manifest is unreadable, or its bytes are not those that were archived.
    """
    manifest = manifest_of(store, source_id, snapshot_id)
    path = _folder(store, source_id) / snapshot_id
    if not path.is_file():
        raise SnapshotError(f"{source_id}: snapshot {snapshot_id} has a manifest but no bytes: restore it from a backup or run refresh")
    found = sha256_of(path)
    if found != snapshot_id:
        raise SnapshotError(
            f"{source_id}: snapshot {snapshot_id} is corrupt, its bytes hash to {found}: restore it from a backup or run refresh"
        )
    return _snapshot(path, manifest)


def manifest_of(store: Path, source_id: str, snapshot_id: str) -> Manifest:
    """Read what is recorded about one snapshot, without touching its bytes.

    Args:
        store: folder of all snapshots.
        source_id: catalogue key of its source.
        snapshot_id: its SHA-256.

    Raises:
        SnapshotError: there is no such snapshot, or its manifest is unreadable or describes another one.
    """
    if not _SNAPSHOT_ID.fullmatch(snapshot_id):
        raise SnapshotError(f"{source_id}: `{snapshot_id}` is no SHA-256: give the name of an archived snapshot")
    path = _folder(store, source_id) / f"{snapshot_id}.json"
    if not path.is_file():
        raise SnapshotError(f"{source_id}: snapshot {snapshot_id} is not in the store: run refresh, or correct the name")
    manifest = _read_manifest(path)
    if (manifest.source_id, manifest.snapshot_id) != (source_id, snapshot_id):
        raise SnapshotError(f"{source_id}: manifest {path.name} describes another snapshot: restore it from a backup or run refresh")
    return manifest


def snapshots_of(store: Path, source_id: str, *, url: str | None = None) -> tuple[Snapshot, ...]:
    """List the snapshots of a source in the order in which they were first seen; their bytes are not verified.

    Args:
        store: folder of all snapshots.
        source_id: catalogue key of the source.
        url: only those that were first seen at this address, or found on this index page.

    Raises:
        SnapshotError: a manifest is unreadable.
    """
    folder = _folder(store, source_id)
    names = [path.stem for path in folder.glob("*.json") if _SNAPSHOT_ID.fullmatch(path.stem)]
    manifests = [manifest_of(store, source_id, name) for name in names]
    wanted = None if url is None else _without_credentials(url)
    chosen = [manifest for manifest in manifests if wanted is None or wanted in (manifest.url, manifest.found_on)]
    chosen.sort(key=lambda manifest: (manifest.retrieved_at, manifest.snapshot_id))
    return tuple(_snapshot(folder / manifest.snapshot_id, manifest) for manifest in chosen)


def latest_snapshot(store: Path, source_id: str, *, url: str | None = None, link_pattern: str | None = None) -> Snapshot | None:
    """Give the last good snapshot of a source, verified, or None if there is none yet.

    Args:
        store: folder of all snapshots.
        source_id: catalogue key of the source.
        url: what this address gave last; without it, whatever the source gave new most recently.
        link_pattern: the pattern with which `url` is fetched, if it is an index page.

    Raises:
        SnapshotError: it is corrupt.
    """
    folder = _folder(store, source_id)
    if url is not None:
        history = _history(store, source_id, url, link_pattern)
    else:
        pointers = [_read_pointer(path) for path in folder.glob("latest-*.json")]
        newest = sorted(pointer.history[-1] for pointer in pointers if pointer is not None)
        history = tuple(newest) or _first_seen(store, source_id, None)
    return load_snapshot(store, source_id, history[-1][1]) if history else None


def vintages_of(store: Path, source_id: str, url: str, *, link_pattern: str | None = None) -> tuple[Vintage, ...]:
    """List what an address has given, oldest first, the current vintage last; the bytes are not verified.

    Args:
        store: folder of all snapshots.
        source_id: catalogue key of the source.
        url: the address.
        link_pattern: the pattern with which `url` is fetched, if it is an index page.

    Raises:
        SnapshotError: a manifest is missing or unreadable.
    """
    folder = _folder(store, source_id)
    history = _history(store, source_id, url, link_pattern)
    return tuple(Vintage(since, _snapshot(folder / name, manifest_of(store, source_id, name))) for since, name in history)


def sniff(path: Path, limits: ArchiveLimits | None = None) -> str:
    """Tell the type of a file from its bytes; what a server or a file name claims does not count.

    Args:
        path: the file.
        limits: what a zip archive may hold; the defaults when None.

    Returns:
        One of the types of this module. Text without a structure that shows is text/plain, CSV included.

    Raises:
        ArchiveError: it is a zip archive that must not be opened.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            if media_type != ZIP:
                return media_type
            names = {member.name for member in list_members(path, limits)}
            return XLSX if {"[Content_Types].xml", "xl/workbook.xml"} <= names else ZIP
    text = _text_of_head(head)
    if text is None:
        return UNKNOWN_TYPE
    start = text.lstrip("\ufeff \t\r\n").lower()
    if _HTML_START.match(start):
        return HTML
    if start.startswith("<"):
        return XML
    if start[:1] in ("{", "[") and _tail(path).rstrip()[-1:] in (b"}", b"]"):
        return JSON
    return TEXT


# --- fetching -----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pointer:
    """What an address has given since when, how it answered last, and when it was last asked."""

    url: str
    final_url: str
    etag: str | None
    last_modified: str | None
    last_checked_at: str
    history: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Errand:
    """What one fetch carries from step to step."""

    source_id: str
    store: Path
    policy: FetchPolicy
    timing: Timing
    deadline: float

    def left(self) -> float:
        return self.deadline - self.timing.monotonic()

    def failure(self, url: str, happened: str, remedy: str, *, transient: bool = False, retry_after: float | None = None) -> FetchError:
        return FetchError(self.source_id, _without_credentials(url), happened, remedy, transient=transient, retry_after=retry_after)


@dataclass(frozen=True)
class _Target:
    """An address that may be asked, and the machine it may be asked at."""

    url: str
    host: str
    netloc: str
    scheme: str
    address: str | None
    proxies: Mapping[str, str]


@dataclass(frozen=True)
class _Resume:
    """An unfinished download: which version of which address, and how long it will be."""

    url: str
    validator: str
    total: int


@dataclass(frozen=True)
class _Reply:
    """A complete answer; `snapshot_id` is None if the publisher says that nothing was modified."""

    snapshot_id: str | None
    size: int
    final_url: str
    etag: str | None
    last_modified: str | None


def fetch(
    source_id: str,
    url: str,
    store: Path,
    policy: FetchPolicy,
    *,
    link_pattern: str | None = None,
    published_on: str | None = None,
    timing: Timing | None = None,
) -> FetchResult:
    """Bring the store up to date with what an address gives now.

    Args:
        source_id: catalogue key of the source.
        url: the publication, or with `link_pattern` the page that links to it.
        store: folder of all snapshots.
        policy: what is allowed and how patient to be.
        link_pattern: regular expression found in the wanted link's address. If several links match, the groups `date`, `year`, `quarter`
            and `month` (digits) tell which is newest; without them several matches are an error.
        published_on: date of the edition if the catalogue states it.
        timing: clocks and chance; the real ones when None.

    Returns:
        The current snapshot and whether it is new. An answer "not modified" and an answer with the same bytes both give the last one.

    Raises:
        FetchError: nothing was archived. An unfinished download may remain to be resumed, nothing else.
    """
    clock = timing or Timing()
    errand = _Errand(source_id, store, policy, clock, clock.monotonic() + policy.total_seconds)
    try:
        return _fetch(errand, url, link_pattern, published_on)
    except OSError as problem:
        raise errand.failure(
            url,
            f"the snapshot store cannot be used ({problem.strerror or type(problem).__name__})",
            "free space on its disk or correct its permissions, then run refresh again",
        ) from problem


def _fetch(errand: _Errand, url: str, link_pattern: str | None, published_on: str | None) -> FetchResult:
    folder = _folder(errand.store, errand.source_id)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder, errand)
    previous, pointer, history = _last_good(errand, url, link_pattern)
    _refuse_an_earlier_clock(errand, url, pointer)
    address = url if link_pattern is None else _find_link(errand, url, link_pattern)
    key = _address_key(url, link_pattern)
    part = folder / f"{key}-{uuid.uuid4().hex}.tmp"
    keep = True
    try:
        _claim_part(folder, key, part, _without_credentials(address))
        conditions = {} if part.exists() or pointer is None else _conditions(pointer, address)
        reply = _obtain(errand, address, part, conditions)
        if reply.snapshot_id is None and pointer is not None and _path_only(reply.final_url) != _path_only(pointer.final_url):
            # "Not modified" from another place than last time says nothing about what was archived.
            reply = _obtain(errand, address, part, {})
        if reply.snapshot_id is None:
            assert previous is not None, "conditions are only sent with a last snapshot"
            assert pointer is not None
            _write_pointer(folder, url, link_pattern, replace(pointer, last_checked_at=_moment(errand)))
            snapshot = replace(previous, published_on=published_on or previous.published_on)
            return FetchResult(snapshot, False, "not modified since the last fetch", previous)
        keep = False
        media_type = _accepted_type(errand, address, part)
        manifest = Manifest(
            source_id=errand.source_id,
            snapshot_id=reply.snapshot_id,
            url=_without_credentials(address),
            final_url=_without_credentials(reply.final_url),
            found_on=None if link_pattern is None else _without_credentials(url),
            retrieved_at=_moment(errand),
            etag=reply.etag,
            last_modified=reply.last_modified,
            media_type=media_type,
            bytes=reply.size,
            published_on=published_on,
        )
        kept = _archive(folder, part, manifest)
    except BaseException as problem:
        # Also when interrupted: what was received must not stay behind as a nameless file.
        if keep and (not isinstance(problem, FetchError) or problem.transient) and not isinstance(problem, OSError):
            _release_part(part)
        else:
            _discard(part)
        raise
    changed = not history or history[-1][1] != kept.snapshot_id
    now = _moment(errand)
    asked = _Pointer(
        url=manifest.url,
        final_url=manifest.final_url,
        etag=reply.etag,
        last_modified=reply.last_modified,
        last_checked_at=now,
        history=(*history, (now, kept.snapshot_id)) if changed else history,
    )
    _write_pointer(folder, url, link_pattern, asked)
    snapshot = _snapshot(folder / kept.snapshot_id, replace(kept, published_on=published_on or kept.published_on))
    return FetchResult(snapshot, changed, _note(changed, kept, manifest, previous), previous)


def _refuse_an_earlier_clock(errand: _Errand, url: str, pointer: _Pointer | None) -> None:
    """Refuse to date bytes earlier than those that came before them: vintages would change places."""
    if pointer is not None and datetime.fromisoformat(pointer.last_checked_at).timestamp() - errand.timing.now() > _CLOCK_SECONDS:
        raise errand.failure(
            url,
            f"the clock of this machine stands at {_moment(errand)}, but this address was asked at {pointer.last_checked_at}",
            "correct the clock; if it was wrong then, docs/operations.md (Clocks) says what to do",
        )


def _note(changed: bool, kept: Manifest, manifest: Manifest, previous: Snapshot | None) -> str:
    if not changed:
        return "same bytes as the last fetch"
    if kept.retrieved_at != manifest.retrieved_at:
        return f"bytes that were first seen at {kept.retrieved_at} are given again"
    return f"{'first snapshot' if previous is None else 'new bytes'}: {manifest.bytes} bytes of {manifest.media_type}"


def _last_good(errand: _Errand, url: str, link_pattern: str | None) -> tuple[Snapshot | None, _Pointer | None, tuple[tuple[str, str], ...]]:
    """Give what the address gave last, or nothing if it cannot be trusted: then everything is fetched again, which heals the store."""
    history: tuple[tuple[str, str], ...] = ()
    try:
        history = _history(errand.store, errand.source_id, url, link_pattern)
        if not history:
            return None, None, history
        snapshot = load_snapshot(errand.store, errand.source_id, history[-1][1])
    except SnapshotError as problem:
        log.warning("%s; it is fetched again", problem)
        return None, None, history
    return snapshot, _read_pointer(_folder(errand.store, errand.source_id) / _pointer_name(url, link_pattern)), history


def _conditions(pointer: _Pointer, address: str) -> dict[str, str]:
    if pointer.url != _without_credentials(address):
        return {}
    conditions = {}
    if pointer.etag is not None:
        conditions["If-None-Match"] = pointer.etag
    if pointer.last_modified is not None:
        conditions["If-Modified-Since"] = pointer.last_modified
    return conditions


def _find_link(errand: _Errand, index_url: str, link_pattern: str) -> str:
    """Find the one link of an index page that matches, or the newest by what the pattern's groups say."""
    try:
        pattern = re.compile(link_pattern)
    except re.error as problem:
        raise errand.failure(index_url, f"`{link_pattern}` is no regular expression ({problem})", "correct link_pattern") from None
    folder = _folder(errand.store, errand.source_id)
    page = folder / f"index-{uuid.uuid4().hex}.tmp"
    reading = replace(errand, policy=replace(errand.policy, media_types=(HTML,), max_bytes=_INDEX_MAX_BYTES))
    try:
        reply = _obtain(reading, index_url, page, {})
        _accepted_type(reading, index_url, page)
        soup = tree_of(page.read_bytes())
    except PageError as problem:
        raise errand.failure(index_url, f"the index page is no readable HTML: {problem}", "look at it in a browser") from None
    finally:
        _discard(page)
    base_tag = soup.find("base", href=True)
    base = reply.final_url if base_tag is None else urljoin(reply.final_url, str(base_tag["href"]))
    hrefs = [str(tag["href"]).strip() for tag in soup.find_all(["a", "area"], href=True)]
    matches: dict[str, re.Match[str]] = {}
    for href in hrefs:
        try:
            link = requote_uri(urldefrag(urljoin(base, href)).url)
        except ValueError:
            continue
        found = pattern.search(link) or pattern.search(href)
        if found is not None:
            matches.setdefault(link, found)
    if not matches:
        raise errand.failure(
            index_url, f"none of its {len(hrefs)} links matches `{link_pattern}`", "look where the link went and correct link_pattern"
        )
    link = _newest(errand, index_url, link_pattern, matches)
    log.info("%s: %s links to %s", errand.source_id, _without_credentials(index_url), _without_credentials(link))
    return link


def _newest(errand: _Errand, index_url: str, link_pattern: str, matches: Mapping[str, re.Match[str]]) -> str:
    if len(matches) == 1:
        return next(iter(matches))
    groups = [group for group in _ORDER_GROUPS if group in next(iter(matches.values())).re.groupindex]
    shown = ", ".join(_without_credentials(link) for link in list(matches)[:5])
    if not groups:
        raise errand.failure(
            index_url,
            f"{len(matches)} different links match `{link_pattern}` ({shown})",
            "narrow link_pattern, or mark the year in it as (?P<year>...)",
        )
    ranked = {}
    for link, found in matches.items():
        digits = tuple(re.sub(r"\D", "", found[group] or "") for group in groups)
        ranked[link] = (tuple(map(len, digits)), tuple(int(part or 0) for part in digits))
    if len({lengths[0] for lengths, _ in ranked.values()}) > 1:
        raise errand.failure(
            index_url, f"the links that match write `{groups[0]}` in different ways ({shown})", "narrow link_pattern to one of them"
        )
    newest = max(rank for _, rank in ranked.values())
    first = [link for link, (_, rank) in ranked.items() if rank == newest]
    if len(first) > 1:
        raise errand.failure(
            index_url, f"{len(first)} links are equally new ({', '.join(map(_without_credentials, first[:5]))})", "narrow link_pattern"
        )
    return first[0]


# --- one address: retries, ranges, bytes --------------------------------------------------------------------------------------------


def _obtain(errand: _Errand, url: str, part: Path, conditions: Mapping[str, str]) -> _Reply:
    """Ask until there is a complete answer in `part`, a refusal, or no patience left."""
    policy, timing = errand.policy, errand.timing
    attempt = 0
    while True:
        try:
            return _attempt(errand, url, part, conditions, attempt)
        except FetchError as problem:
            if not problem.transient:
                raise
            pause = min(policy.max_backoff_seconds, policy.backoff_seconds * 2**attempt) * (1 + timing.jitter()) / 2
            if problem.retry_after is not None:
                # Never earlier than asked, and not at the very moment at which everybody else returns.
                pause = problem.retry_after + timing.jitter() * policy.backoff_seconds
            attempt += 1
            if attempt > policy.retries or pause >= errand.left():
                why = f"attempt {attempt} of {policy.retries + 1}{'' if attempt > policy.retries else ', no time left'}"
                raise FetchError(
                    problem.source_id, problem.url, f"{problem.happened} ({why})", problem.remedy,
                    transient=True, retry_after=problem.retry_after,
                ) from None  # fmt: skip
            log.info("%s; next attempt in %.1f s", problem, pause)
            timing.sleep(pause)


def _attempt(errand: _Errand, url: str, part: Path, conditions: Mapping[str, str], attempt: int) -> _Reply:
    resume = _read_resume(part)
    offset = part.stat().st_size if resume is not None else 0
    if resume is not None and offset:
        headers = {"Range": f"bytes={offset}-", "If-Range": resume.validator}
    else:
        headers, resume, offset = dict(conditions), None, 0
    with _answer(errand, url, headers, attempt) as (response, target):
        etag, last_modified = _validator(response, "ETag"), _validator(response, "Last-Modified")
        if response.status_code in (200, 206, 304):
            _compare_clocks(errand, target.url, response)
        if response.status_code == 304 and conditions and not offset:
            return _Reply(None, 0, target.url, etag, last_modified)
        if response.status_code == 206 and resume is not None:
            _check_range(errand, target.url, response, part, offset, resume)
        elif response.status_code == 200:
            resume, offset = None, 0
        else:
            raise _status_failure(errand, target, response, part)
        length = _content_length(response)
        encoded = response.headers.get("Content-Encoding", "").strip().lower()
        if encoded not in ("", "identity", "gzip", "x-gzip"):
            raise errand.failure(target.url, f"the answer is encoded as {encoded[:40]!r} without being asked to", "tell the publisher")
        total = None if encoded not in ("", "identity") or length is None else offset + length
        if max(total or 0, length or 0) > errand.policy.max_bytes:
            raise _too_large(errand, target.url, f"the publisher announces {max(total or 0, length or 0)} bytes")
        if not offset:
            _note_resume(part, url, response, total)
        size, digest = _receive(errand, target.url, response, part, offset, total)
    if total is not None and size != total:
        raise errand.failure(target.url, f"the transfer ended after {size} of {total} bytes", "run refresh again later", transient=True)
    if not size:
        raise errand.failure(target.url, "the answer is empty", "look at the address in a browser", transient=True)
    _resume_path(part).unlink(missing_ok=True)
    return _Reply(digest, size, target.url, etag, last_modified)


def _receive(errand: _Errand, url: str, response: requests.Response, part: Path, offset: int, total: int | None) -> tuple[int, str]:
    """Append the body to `part`, hashing and counting it on the way."""
    policy, timing = errand.policy, errand.timing
    digest, size = hashlib.sha256(), 0
    with part.open("rb+" if offset else "wb") as stream:
        while offset and (already := stream.read(_CHUNK)):
            digest.update(already)
            size += len(already)
        shown_at = timing.monotonic()
        try:
            for piece in _pieces(response):
                size += len(piece)
                if size > policy.max_bytes:
                    raise _too_large(errand, url, f"more than {policy.max_bytes} bytes came")
                digest.update(piece)
                stream.write(piece)
                if errand.left() <= 0:
                    raise _too_slow(errand, url, size, total)
                if timing.monotonic() - shown_at >= _PROGRESS_SECONDS:
                    shown_at = timing.monotonic()
                    log.info("%s: %s: %s", errand.source_id, _without_credentials(url), _progress(size, total))
        except (ReadTimeoutError, HTTPError, EOFError, zlib.error) as problem:
            if errand.left() <= 0:
                raise _too_slow(errand, url, size, total) from None
            if not isinstance(problem, ReadTimeoutError):
                raise errand.failure(
                    url, f"the transfer broke off ({_progress(size, total)}, {type(problem).__name__})", "run refresh again later",
                    transient=True,
                ) from None  # fmt: skip
            raise errand.failure(
                url, f"the transfer stalled for {policy.read_seconds:g} s ({_progress(size, total)})", "run refresh again later",
                transient=True,
            ) from None  # fmt: skip
        if errand.left() <= 0:
            # the connection was cut, which a body of no announced length does not show
            raise _too_slow(errand, url, size, total)
        stream.flush()
        os.fsync(stream.fileno())
    return size, digest.hexdigest()


def _too_slow(errand: _Errand, url: str, size: int, total: int | None) -> FetchError:
    return errand.failure(
        url, f"it took longer than {errand.policy.total_seconds:g} s ({_progress(size, total)})",
        "run refresh again, it resumes where the publisher allows", transient=True,
    )  # fmt: skip


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Give the body as it arrives; a gzip transfer encoding is undone in bounded pieces, so that a bomb meets the size limit first."""
    packed = response.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    # read1 returns what is there: with read, a server that trickles could hold one call far beyond the total time limit.
    while raw := response.raw.read1(_PIECE, decode_content=False):
        if not packed:
            yield raw
            continue
        while True:
            piece = unpacker.decompress(raw, _PIECE)
            raw = unpacker.unconsumed_tail
            if piece:
                yield piece
            if unpacker.eof and unpacker.unused_data:
                raw = unpacker.unused_data
                unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
            elif not raw and len(piece) < _PIECE:
                break
    if packed and not unpacker.eof:
        raise EOFError("the gzip stream ends too early")


def _check_range(errand: _Errand, url: str, response: requests.Response, part: Path, offset: int, resume: _Resume) -> None:
    stated = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    expected = (offset, resume.total - 1, resume.total)
    found = tuple(int(number) for number in stated.groups()) if stated else None
    etag = response.headers.get("ETag")
    same = found == expected and "Content-Encoding" not in response.headers
    if same and (etag is None or not resume.validator.startswith('"') or etag == resume.validator):
        log.info("%s: %s: resumed at byte %d of %d", errand.source_id, _without_credentials(url), offset, resume.total)
        return
    _discard(part)
    raise errand.failure(
        url,
        f"the publisher answers a request for bytes {offset} to {resume.total - 1} of {resume.total} with another range",
        "nothing to do, it is fetched from the start",
        transient=True,
    )


def _status_failure(errand: _Errand, target: _Target, response: requests.Response, part: Path) -> FetchError:
    status, policy = response.status_code, errand.policy
    if status == 416 or status in (206, 304):
        # Ours is not the file that the publisher has, or it answers what was not asked: start over without a range.
        _discard(part)
        return errand.failure(target.url, f"unexpected answer {status}", "run refresh again later", transient=True)
    if status in _TRANSIENT_STATUSES:
        wait = _retry_after(response, errand.timing)
        if wait is None:
            return errand.failure(target.url, f"the publisher answers {status}", "run refresh again later", transient=True)
        _close_host(errand, target.host, wait)
        until = datetime.fromtimestamp(errand.timing.now() + wait, UTC).isoformat(timespec="seconds")
        return errand.failure(
            target.url,
            f"the publisher answers {status} and asks to wait {wait:.0f} s, until {until}",
            "run refresh again after that",
            transient=wait <= policy.max_retry_after_seconds,
            retry_after=wait,
        )
    if status in (404, 410):
        remedy = "find its new place and correct the address in catalog/sources.toml"
        return errand.failure(target.url, f"the publication is not there any more ({status})", remedy)
    if status in (401, 403, 451):
        remedy = (
            "open the address in a browser; if it works there, automatic readers are refused: ask the publisher, or add the file by hand"
        )
        return errand.failure(target.url, f"the publisher refuses access ({status})", remedy)
    return errand.failure(target.url, f"unexpected answer {status}", "look at the address in a browser")


def _too_large(errand: _Errand, url: str, happened: str) -> FetchError:
    return errand.failure(
        url, f"{happened}, the limit is {errand.policy.max_bytes}", "if the publication has really grown, raise max_bytes of the source"
    )


# --- one request: hosts, redirects, addresses ---------------------------------------------------------------------------------------


class _Adapter(HTTPAdapter):
    """Connects to the address that was checked, so that a second look-up cannot lead elsewhere; TLS still proves the host's name.

    Its connections can be cut from another thread: every timeout of the libraries starts anew with each byte that arrives.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []
        super().__init__(max_retries=0)

    def cut(self) -> None:
        """End every connection; whoever reads from one sees its end."""
        for each in self._sockets:
            with suppress(OSError):
                # not the method of a TLS socket: that one takes the encryption away from under the reader
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def get_connection_with_tls_context(self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        sockets = self._sockets

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Connection
        return pool

    def build_connection_pool_key_attributes(self, request: requests.PreparedRequest, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        place, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._address is None:
            return place, options
        names = {"server_hostname": place["host"], "assert_hostname": place["host"]} if place["scheme"] == "https" else {}
        return {**place, "host": self._address}, {**options, **names}


@contextmanager
def _answer(errand: _Errand, url: str, headers: Mapping[str, str], attempt: int) -> Iterator[tuple[requests.Response, _Target]]:
    """Ask, follow redirects one by one, and give the first answer that is none; its body is not read yet."""
    # No session: it would read ~/.netrc, and the body of every redirect into memory.
    cookies = RequestsCookieJar()
    secure = False
    seen: set[tuple[str, str]] = set()
    with ExitStack() as opened:
        for _ in range(errand.policy.max_redirects + 1):
            target = _check_target(errand, url, secure, attempt)
            # Some publishers set a cookie and send the reader back to the same address: that is no circle.
            place = (target.url, repr(sorted(cookies.items())))
            if place in seen:
                raise errand.failure(url, "the publisher redirects in a circle", "look at the address in a browser")
            seen.add(place)
            secure = target.scheme == "https"
            _take_turn(errand, target)
            adapter = _Adapter(target.address)
            opened.callback(adapter.close)
            watch = threading.Timer(max(errand.left(), 0.001), adapter.cut)
            watch.daemon = True
            opened.callback(watch.cancel)
            watch.start()
            response = opened.enter_context(_send(errand, adapter, target, headers, cookies))
            if response.status_code not in _REDIRECTS:
                yield response, target
                return
            response.close()
            cookies.update(response.cookies)
            try:
                # Headers arrive as Latin-1, addresses in them are UTF-8.
                location = response.headers.get("Location", "").encode("latin-1").decode("utf-8")
                url = requote_uri(urljoin(target.url, location)) if location else ""
            except ValueError:
                url = ""
            if not url:
                raise errand.failure(target.url, f"redirect {response.status_code} to nowhere", "look at the address in a browser")
        raise errand.failure(url, f"more than {errand.policy.max_redirects} redirects", "look at the address in a browser")


def _compare_clocks(errand: _Errand, url: str, response: requests.Response) -> None:
    """Refuse to date bytes by a clock that the publisher's own contradicts; a publisher need not tell the time."""
    theirs = _their_time(response)
    if theirs is not None and abs(theirs - errand.timing.now()) > _CLOCK_SECONDS:
        stated = datetime.fromtimestamp(theirs, UTC).isoformat(timespec="seconds")
        raise errand.failure(
            url,
            f"the clock of this machine stands at {_moment(errand)}, that of the publisher at {stated}",
            "correct the clock of this machine and run refresh again: what is fetched now would be dated wrongly for ever",
        )


def _their_time(response: requests.Response) -> float | None:
    """Read the publisher's clock: when the answer was made, and how long it then lay in a cache."""
    made, age = _http_date(response.headers.get("Date", "")), response.headers.get("Age", "").strip()
    return None if made is None else made + (float(age) if re.fullmatch(r"\d{1,9}", age) else 0.0)


def _send(
    errand: _Errand, adapter: _Adapter, target: _Target, headers: Mapping[str, str], cookies: RequestsCookieJar
) -> requests.Response:
    own = {"Host": target.netloc, "User-Agent": errand.policy.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"}
    request = requests.Request("GET", target.url, headers={**own, **headers}, cookies=cookies).prepare()
    left = max(errand.left(), 0.001)
    timeouts = (min(errand.policy.connect_seconds, left), min(errand.policy.read_seconds, left))
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if bundle and not Path(bundle).exists():
        raise errand.failure(target.url, "the certificate bundle that REQUESTS_CA_BUNDLE names is missing", "correct or unset the variable")
    late = f"no complete answer within {errand.policy.total_seconds:g} s"
    try:
        response = adapter.send(request, stream=True, timeout=timeouts, verify=bundle or True, proxies=dict(target.proxies))
    except (requests.RequestException, HTTPError) as problem:
        if errand.left() <= 0:
            raise errand.failure(target.url, late, "run refresh again later", transient=True) from None
        # The cause is left out on purpose: its text repeats the address with everything in it.
        raise _network_failure(errand, target, problem) from None
    if errand.left() <= 0:
        # headers that were cut off look like complete ones
        response.close()
        raise errand.failure(target.url, late, "run refresh again later", transient=True)
    return response


def _network_failure(errand: _Errand, target: _Target, problem: Exception) -> FetchError:
    later = "check the network and run refresh again later"
    untrusted = _cause(problem, ssl.SSLCertVerificationError)
    if untrusted is not None:
        return errand.failure(
            target.url,
            f"the certificate of {target.host} cannot be verified ({untrusted.verify_message})",
            "check the clock and the address; certificates of your own organisation can be named in REQUESTS_CA_BUNDLE",
        )
    if isinstance(problem, requests.exceptions.ProxyError):
        return errand.failure(target.url, "the proxy of the environment gives no connection", "check HTTPS_PROXY", transient=True)
    if isinstance(problem, requests.exceptions.ConnectTimeout):
        return errand.failure(target.url, f"no connection within {errand.policy.connect_seconds:g} s", later, transient=True)
    if isinstance(problem, requests.exceptions.ReadTimeout):
        return errand.failure(target.url, f"no answer within {errand.policy.read_seconds:g} s", later, transient=True)
    if isinstance(problem, requests.exceptions.ConnectionError | HTTPError):
        system = _cause(problem, OSError, besides=requests.RequestException)
        detail = system.strerror if system is not None and system.strerror else type(problem).__name__
        return errand.failure(target.url, f"the connection failed ({detail})", later, transient=True)
    return errand.failure(target.url, f"the request could not be made ({type(problem).__name__})", "check the address")


def _cause(problem: BaseException, kind: type[_E], besides: type[BaseException] | None = None) -> _E | None:
    """Find the exception of one kind that lies deepest under another; libraries wrap it in several layers."""
    found: _E | None = None
    waiting: list[BaseException] = [problem]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, kind) and not (besides is not None and isinstance(current, besides)):
            found = current
        below = [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
        waiting.extend(each for each in below if isinstance(each, BaseException))
    return found


def _check_target(errand: _Errand, url: str, secure: bool, attempt: int) -> _Target:
    """Refuse every address that the catalogue does not allow; `secure` says that the hop before was encrypted."""
    policy = errand.policy
    if _UNCLEAN_URL.search(url):
        raise errand.failure(url, "the address contains blanks, backslashes or control characters", "correct the address")
    try:
        # What is checked is what requests will ask, after its own tidying.
        tidy = requests.Request("GET", url).prepare().url or ""
        parts = urlsplit(tidy)
        host, port = (parts.hostname or "").lower(), parts.port
    except (requests.RequestException, ValueError):
        raise errand.failure(url, "this is no complete address", "write it as https://host/path") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and policy.allow_loopback and not secure):
        raise errand.failure(url, f"only https is fetched, not {parts.scheme or 'nothing'}", "use the publisher's https address")
    if parts.username is not None or parts.password is not None:
        raise errand.failure(url, "the address contains a user name or password", "remove it: only public files are fetched")
    if host not in policy.allowed_hosts:
        remedy = "if the publisher has moved there, add it to hosts in catalog/sources.toml"
        raise errand.failure(url, f"the host {host} is not listed for this source", remedy)
    literal = _literal(host)
    proxies = {} if policy.allow_loopback else get_environ_proxies(tidy, no_proxy=None)
    if literal is not None:
        addresses = [str(literal)]
    elif select_proxy(tidy, proxies):
        # The proxy looks the name up, and it alone decides what can be reached from there.
        addresses = []
    else:
        addresses = _look_up(errand, tidy, host, port or 443)
    for address in addresses:
        if not _is_public(address) and not (policy.allow_loopback and ipaddress.ip_address(address).is_loopback):
            raise errand.failure(url, f"{host} leads to {address}, which is no public address", "check the address and the name server")
    local = bool(addresses) and all(ipaddress.ip_address(address).is_loopback for address in addresses)
    if not local and (parts.scheme != "https" or port not in (None, 443)):
        raise errand.failure(url, "only https on its usual port is fetched", "use the publisher's https address")
    # Every retry tries the next address of the host.
    chosen = addresses[attempt % len(addresses)] if addresses and literal is None else None
    return _Target(tidy, host, parts.netloc, parts.scheme, chosen, proxies)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _look_up(errand: _Errand, url: str, host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as problem:
        passing = isinstance(problem, socket.gaierror) and problem.errno == socket.EAI_AGAIN
        raise errand.failure(
            url, f"the host {host} cannot be looked up", "check the network and the name of the host", transient=passing
        ) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if int(found) >> 32 == _NAT64_PREFIX:
            return _is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return _is_public(str(inner))
    return found.is_global and not found.is_multicast


def _take_turn(errand: _Errand, target: _Target) -> None:
    """Wait until the host may be asked again, and book the moment after which the next request may follow."""
    with _turn_of(errand, target.host) as stream:
        now = errand.timing.now()
        due = _due(stream, now)
        wait = max(due - now, 0.0)
        if wait >= errand.left():
            until = datetime.fromtimestamp(due, UTC).isoformat(timespec="seconds")
            raise errand.failure(
                target.url, f"the host {target.host} asked not to be asked before {until}", "run refresh again after that", retry_after=wait
            )
        _book(stream, now, now + wait + errand.policy.min_interval_seconds)
    if wait:
        errand.timing.sleep(wait)


def _close_host(errand: _Errand, host: str, seconds: float) -> None:
    """Keep every other fetch from a host that asked to be left alone."""
    with _turn_of(errand, host) as stream:
        now = errand.timing.now()
        _book(stream, now, max(_due(stream, now), now + min(seconds, _LONGEST_CLOSURE_SECONDS)))


@contextmanager
def _turn_of(errand: _Errand, host: str) -> Iterator[IO[str]]:
    folder = errand.store / ".turns"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / re.sub(r"[^a-z0-9.-]", "_", host)).open("a+", encoding="ascii", errors="replace") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _due(stream: IO[str], now: float) -> float:
    stream.seek(0)
    try:
        due, booked, *_ = (float(moment) for moment in f"{stream.read(64)} {now}".split())
    except ValueError:
        return now
    if booked > now:
        # The clock was set back: what was booked counts from now, written down so that it does not begin again with every look.
        due = now + max(due - booked, 0.0)
        _book(stream, now, due)
    return due if now < due <= now + _LONGEST_CLOSURE_SECONDS else now


def _book(stream: IO[str], now: float, due: float) -> None:
    stream.seek(0)
    stream.truncate()
    stream.write(f"{due:.3f} {now:.3f}")
    stream.flush()


def _retry_after(response: requests.Response, timing: Timing) -> float | None:
    stated = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", stated):
        return float(stated)
    moment = _http_date(stated)
    if moment is None:
        return None
    theirs = _their_time(response)
    return max(moment - (timing.now() if theirs is None else theirs), 0.0)


def _http_date(stated: str) -> float | None:
    try:
        moment = parsedate_to_datetime(stated.strip())
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _validator(response: requests.Response, name: str) -> str | None:
    stated = response.headers.get(name, "").strip()
    return stated if 0 < len(stated) <= _LONGEST_VALIDATOR else None


def _content_length(response: requests.Response) -> int | None:
    stated = response.headers.get("Content-Length", "").strip()
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return int(stated) if re.fullmatch(r"\d{1,18}", stated) and not chunked else None


def _progress(size: int, total: int | None) -> str:
    if total is None:
        return f"{size / 1e6:.1f} MB so far"
    return f"{size / 1e6:.1f} of {total / 1e6:.1f} MB, {100 * size // max(total, 1)} %"


# --- what came: type and completeness -----------------------------------------------------------------------------------------------


def _accepted_type(errand: _Errand, url: str, path: Path) -> str:
    """Sniff the type, refuse what is not accepted or visibly cut short."""
    accepted = errand.policy.media_types
    try:
        found = sniff(path, errand.policy.archive_limits)
    except ArchiveError as problem:
        # The file still has its temporary name, which tells a reader nothing.
        happened = str(problem).removeprefix(f"{path.name}: ")
        raise errand.failure(url, f"the archive is refused: {happened}", "look at the file by hand before anything else reads it") from None
    if found == TEXT and TEXT not in accepted:
        with path.open("rb") as stream:
            text = _text_of_head(stream.read(_HEAD_BYTES)) or ""
        separated = {CSV: any(mark in text for mark in ",;|"), TSV: "\t" in text}
        found = next((each for each in accepted if separated.get(each)), found)
    if found not in accepted:
        what = "an HTML page, perhaps an error page," if found == HTML else found
        raise errand.failure(
            url,
            f"{what} came instead of {' or '.join(accepted)}",
            "open the address in a browser; if the publisher changed the format, the source needs a new media_type and parser",
        )
    tail = _tail(path)
    if (found == PDF and b"%%EOF" not in tail) or (found == XZ and not tail.endswith(b"YZ")):
        raise errand.failure(url, f"the {found} file is cut short, its end is missing", "run refresh again later")
    return found


def _text_of_head(head: bytes) -> str | None:
    """Decode the beginning of a text file; None if it is no text."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    controls = len(re.findall(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head))
    # A stray control character happens on real pages, a zero byte does not.
    if not head or b"\x00" in head or controls * 50 > len(head):
        return None
    # Only marks of ASCII are looked for, and Latin-1 keeps those of every other encoding of text in place.
    return head.decode("latin-1").removeprefix("\u00ef\u00bb\u00bf")


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - _HEAD_BYTES, 0))
        return stream.read()


# --- writing the store --------------------------------------------------------------------------------------------------------------


def _folder(store: Path, source_id: str) -> Path:
    if not _SOURCE_ID.fullmatch(source_id):
        raise SnapshotError(f"`{source_id}` is no source: use the key of an entry in catalog/sources.toml")
    return store / source_id


def _snapshot(path: Path, manifest: Manifest) -> Snapshot:
    return Snapshot(
        source_id=manifest.source_id,
        path=path,
        snapshot_id=manifest.snapshot_id,
        url=manifest.url,
        media_type=manifest.media_type,
        published_on=manifest.published_on,
        retrieved_at=manifest.retrieved_at,
    )


def _archive(folder: Path, part: Path, manifest: Manifest) -> Manifest:
    """Move complete bytes to their final name and record them, unless they are there already; give what is recorded."""
    place, record = folder / manifest.snapshot_id, folder / f"{manifest.snapshot_id}.json"
    if place.is_file() and sha256_of(place) == manifest.snapshot_id:
        part.unlink()
    else:
        part.replace(place)
    try:
        return _read_manifest(record)
    except FileNotFoundError:
        recorded = manifest
    except SnapshotError as problem:
        # First seen is when the bytes arrived, and that they still tell.
        seen = datetime.fromtimestamp(place.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
        log.warning("%s; it is written anew", problem)
        recorded = replace(manifest, retrieved_at=min(seen, manifest.retrieved_at))
        record.unlink()
    _write_json(record, {**asdict(recorded), _OWN_HASH: _hash_of(asdict(recorded))}, overwrite=False)
    return _read_manifest(record)


def _hash_of(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_manifest(path: Path) -> Manifest:
    try:
        content = _read_json(path)
        # manifests from before they had a hash of their own are taken as they are
        if content.pop(_OWN_HASH, None) not in (None, _hash_of(content)):
            raise ValueError("it is not what was written")
        return Manifest(**content)
    except (TypeError, ValueError) as problem:
        raise SnapshotError(
            f"{path.parent.name}: manifest {path.name} is unreadable ({problem}): restore it from a backup, or remove it and run refresh"
        ) from problem


def _read_pointer(path: Path) -> _Pointer | None:
    """Read what an address last gave; None if that is not known or unreadable: it can be found out again."""
    try:
        content = _read_json(path)
        history = tuple((str(since), str(name)) for since, name in content.pop("history"))
        if not history:
            raise ValueError("no history")
        datetime.fromisoformat(content["last_checked_at"])
        return _Pointer(**content, history=history)
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as problem:
        log.warning("%s: %s is unreadable (%s) and not used", path.parent.name, path.name, problem)
        return None


def _history(store: Path, source_id: str, url: str, link_pattern: str | None) -> tuple[tuple[str, str], ...]:
    """Give since when an address gave which snapshot; if that is lost, what was first seen there."""
    pointer = _read_pointer(_folder(store, source_id) / _pointer_name(url, link_pattern))
    return pointer.history if pointer is not None else _first_seen(store, source_id, url)


def _first_seen(store: Path, source_id: str, url: str | None) -> tuple[tuple[str, str], ...]:
    return tuple((each.retrieved_at or "", each.snapshot_id) for each in snapshots_of(store, source_id, url=url))


def _write_pointer(folder: Path, url: str, link_pattern: str | None, pointer: _Pointer) -> None:
    _write_json(folder / _pointer_name(url, link_pattern), asdict(pointer), overwrite=True)


def _read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError("no JSON object")
    return content


def _write_json(path: Path, content: Mapping[str, Any], *, overwrite: bool) -> None:
    """Write a small file so that readers see all of it or nothing; without `overwrite`, whoever was first stays."""
    draft = path.with_name(f"{path.stem}-{uuid.uuid4().hex}.tmp")
    try:
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        if overwrite:
            draft.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _address_key(url: str, link_pattern: str | None) -> str:
    return hashlib.sha256(f"{url}\n{link_pattern or ''}".encode()).hexdigest()[:16]


def _pointer_name(url: str, link_pattern: str | None) -> str:
    return f"latest-{_address_key(url, link_pattern)}.json"


def _moment(errand: _Errand) -> str:
    return datetime.fromtimestamp(errand.timing.now(), UTC).isoformat(timespec="milliseconds")


def _without_credentials(url: str) -> str:
    """Show an address without user name, password, fragment, and without query values that are or may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    query = "&".join(_plain(pair) for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _plain(pair: str) -> str:
    name, equals, value = pair.partition("=")
    secret = _SECRET_NAME.search(name) or len(value or name) > _LONGEST_PLAIN_VALUE
    if not secret:
        return pair
    return f"{name}=REDACTED" if equals else "REDACTED"


def _path_only(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


# --- unfinished downloads -----------------------------------------------------------------------------------------------------------
# A `.tmp` belongs to the process that writes it. Given up, it is renamed to `.part`; whoever renames that first goes on with it.


def _resume_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _note_resume(part: Path, url: str, response: requests.Response, total: int | None) -> None:
    """Record what is needed to go on with this very version later; without it the download starts over."""
    etag, modified = _validator(response, "ETag"), _validator(response, "Last-Modified")
    # A weak tag may stay the same while bytes change, so it proves nothing about them.
    validator = etag if etag is not None and etag.startswith('"') else (modified if etag is None else None)
    if validator is None or total is None:
        _resume_path(part).unlink(missing_ok=True)
        return
    _write_json(_resume_path(part), asdict(_Resume(_without_credentials(url), validator, total)), overwrite=True)


def _read_resume(part: Path) -> _Resume | None:
    if not part.is_file():
        return None
    try:
        resume = _Resume(**_read_json(_resume_path(part)))
    except (FileNotFoundError, TypeError, ValueError):
        return None
    return resume if part.stat().st_size < resume.total else None


def _claim_part(folder: Path, key: str, part: Path, url: str) -> None:
    """Go on with a download that was given up, if there is one of this address; the rename decides between two that want it."""
    for left_over in sorted(folder.glob(f"{key}-*.part")):
        try:
            left_over.rename(part)
            _resume_path(left_over).rename(_resume_path(part))
        except FileNotFoundError:
            _discard(part)
            continue
        resume = _read_resume(part)
        if resume is not None and resume.url == url:
            return
        _discard(part)


def _release_part(part: Path) -> None:
    resume = _read_resume(part)
    if resume is None or not part.stat().st_size:
        _discard(part)
        return
    kept = part.with_suffix(".part")
    _resume_path(part).replace(_resume_path(kept))
    part.replace(kept)


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _resume_path(part).unlink(missing_ok=True)


def _sweep(folder: Path, errand: _Errand) -> None:
    """Throw away what was left unfinished too long ago: by then nobody is writing it, and its publication has probably changed."""
    for pattern in ("*.tmp", "*.part", "*.tmp.json", "*.part.json"):
        for path in folder.glob(pattern):
            try:
                if errand.timing.now() - path.stat().st_mtime > errand.policy.stale_part_seconds:
                    path.unlink()
            except FileNotFoundError:
                # Another process was faster.
                continue
