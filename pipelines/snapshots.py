"""Snapshots: the immutable bytes a figure was read from, named by their SHA-256.

Belongs here: making, storing and (with requests, here only) fetching snapshots, and their manifests.
Does not belong here: reading figures out of the bytes (sources/).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 1 << 20


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
