"""Archives: looking into zip, xz and gzip files without trusting what they claim.

Belongs here: the limits, the refusals (bombs, traversal, overlapping or encrypted members) and bounded reading of members.
Does not belong here: the meaning of what is inside (sources/), downloading (snapshots.py). Nothing is ever extracted to disk.
"""

from __future__ import annotations

import gzip
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO

from pipelines.publications import shown

_CHUNK = 1 << 20
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1
_READABLE_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DRIVE = re.compile(r"^[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: what a damaged directory leads to: names that are no text, offsets before or far beyond the file, methods that nobody has
_DAMAGES = (zipfile.BadZipFile, NotImplementedError, ValueError, OSError)


class ArchiveError(ValueError):
    """An archive that is damaged, dangerous, or not what was asked for."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold at most.

    Attributes:
        max_members: number of files.
        max_total_bytes: all files together, decompressed.
        max_ratio: decompressed over compressed size of one file.
        ratio_free_bytes: a file that decompresses to no more than this may have any ratio.
        max_memory_bytes: working memory that an xz stream may ask for.
    """

    max_members: int = 10_000
    max_total_bytes: int = 2 << 30
    max_ratio: int = 200
    ratio_free_bytes: int = 1 << 20
    max_memory_bytes: int = 256 << 20


@dataclass(frozen=True)
class Member:
    """One file in a zip archive, as its directory describes it."""

    name: str
    size: int
    compressed_size: int


def list_members(path: Path, limits: ArchiveLimits | None = None) -> tuple[Member, ...]:
    """List the files in a zip archive, or refuse the archive.

    Args:
        path: the archive.
        limits: what it may hold; the defaults when None.

    Returns:
        Its files without folders, in the order of its directory.

    Raises:
        ArchiveError: it is damaged, too large when decompressed, or has a name, a link or an overlap that only a crafted file has.
    """
    with _opened_zip(path) as archive:
        return _check_directory(archive, path, limits or ArchiveLimits())


@contextmanager
def open_member(path: Path, name: str, limits: ArchiveLimits | None = None) -> Iterator[IO[bytes]]:
    """Open one file of a zip archive for reading; it never yields more than the size that was checked.

    Args:
        path: the archive.
        name: the file's name as `list_members` gives it.
        limits: what the archive may hold; the defaults when None.

    Raises:
        ArchiveError: the archive is refused, has no such file, or the file is damaged or packed in another way than deflate.
    """
    with _opened_zip(path) as archive:
        names = [member.name for member in _check_directory(archive, path, limits or ArchiveLimits())]
        if name not in names:
            raise ArchiveError(f"{path.name}: holds no file `{name}` but {_some(names)}: ask for one of these")
        method = archive.getinfo(name).compress_type
        if method not in _READABLE_METHODS:
            raise ArchiveError(f"{path.name}: `{name}` is packed with method {method}: only stored and deflated files are opened here")
        try:
            stream = archive.open(name)
        except _DAMAGES as problem:
            raise ArchiveError(f"{path.name}: `{name}` cannot be opened ({problem}): fetch the archive again") from problem
        try:
            with stream:
                yield stream
        # no OSError here: reading starts at a place that exists, and whoever reads may have trouble with other files
        except (zipfile.BadZipFile, zlib.error, EOFError) as problem:
            raise ArchiveError(f"{path.name}: `{name}` is damaged ({problem}): fetch the archive again") from problem


def decompress(path: Path, limits: ArchiveLimits | None = None) -> Iterator[bytes]:
    """Decompress an xz or gzip file in a stream.

    Args:
        path: the compressed file; its first bytes tell which of the two it is.
        limits: `max_total_bytes` bounds what comes out, `max_memory_bytes` what xz may use.

    Yields:
        Pieces of at most one mebibyte.

    Raises:
        ArchiveError: it is neither, damaged, cut short, or holds more than the limits allow.
    """
    bounds = limits or ArchiveLimits()
    with path.open("rb") as stream:
        head = stream.read(6)
        stream.seek(0)
        if head.startswith(b"\xfd7zXZ\x00"):
            pieces = _xz_pieces(stream, bounds)
        elif head.startswith(b"\x1f\x8b"):
            pieces = _gzip_pieces(stream)
        else:
            raise ArchiveError(f"{path.name}: is neither xz nor gzip: look at what was downloaded")
        total = 0
        try:
            for piece in pieces:
                total += len(piece)
                if total > bounds.max_total_bytes:
                    raise ArchiveError(f"{path.name}: decompresses to more than {bounds.max_total_bytes} bytes: refused as a possible bomb")
                yield piece
        except (lzma.LZMAError, gzip.BadGzipFile, zlib.error, EOFError) as problem:
            raise ArchiveError(f"{path.name}: cannot be decompressed ({problem}): fetch it again") from problem


@contextmanager
def _opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with path.open("rb") as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGES as problem:
            raise ArchiveError(f"{path.name}: is no complete zip archive ({problem}): fetch it again") from problem
        with archive:
            yield archive


def _check_directory(archive: zipfile.ZipFile, path: Path, limits: ArchiveLimits) -> tuple[Member, ...]:
    entries = archive.infolist()
    if len(entries) > limits.max_members:
        raise ArchiveError(f"{path.name}: lists {len(entries)} files, more than {limits.max_members}: refused as a possible bomb")
    total = sum(entry.file_size for entry in entries)
    if total > limits.max_total_bytes:
        raise ArchiveError(f"{path.name}: decompresses to {total} bytes, more than {limits.max_total_bytes}: refused as a possible bomb")
    for entry in entries:
        _check_entry(entry, path, limits)
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise ArchiveError(f"{path.name}: lists the same name twice: refused, because which file is meant cannot be known")
    # Overlapping entries let a small archive decompress the same bytes thousands of times.
    in_place = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in pairwise(in_place):
        if entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size > following.header_offset:
            raise ArchiveError(f"{path.name}: `{_shown(entry.filename)}` overlaps the next file: refused as a possible bomb")
    return tuple(Member(entry.filename, entry.file_size, entry.compress_size) for entry in entries if not entry.is_dir())


def _check_entry(entry: zipfile.ZipInfo, path: Path, limits: ArchiveLimits) -> None:
    # zipfile tidies `filename`; what the archive really says is in `orig_filename`.
    said = entry.orig_filename.replace("\\", "/")
    if not said or said.startswith("/") or _DRIVE.match(said) or _CONTROL.search(said) or ".." in said.split("/"):
        raise ArchiveError(f"{path.name}: the name `{_shown(said)}` points outside the archive or cannot be a file name: refused")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ArchiveError(f"{path.name}: `{_shown(said)}` is a link: refused")
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{path.name}: `{_shown(said)}` is encrypted: refused")
    if entry.file_size > limits.ratio_free_bytes and entry.file_size > limits.max_ratio * entry.compress_size:
        raise ArchiveError(
            f"{path.name}: `{_shown(said)}` grows from {entry.compress_size} to {entry.file_size} bytes, "
            f"more than {limits.max_ratio} times: refused as a possible bomb"
        )


def _xz_pieces(stream: IO[bytes], limits: ArchiveLimits) -> Iterator[bytes]:
    waiting = b""
    while True:
        decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=limits.max_memory_bytes)
        while not decompressor.eof:
            if decompressor.needs_input and not waiting:
                waiting = stream.read(_CHUNK)
                if not waiting:
                    raise EOFError("the xz stream ends too early")
            piece = decompressor.decompress(waiting, max_length=_CHUNK)
            waiting = b""
            if piece:
                yield piece
        # A file may hold several streams, with zero bytes between them.
        waiting = decompressor.unused_data.lstrip(b"\x00")
        while not waiting:
            read = stream.read(_CHUNK)
            if not read:
                return
            waiting = read.lstrip(b"\x00")


def _gzip_pieces(stream: IO[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        while piece := unpacked.read(_CHUNK):
            yield piece


def _some(names: list[str]) -> str:
    listed = ", ".join(f"`{_shown(name)}`" for name in names[:5])
    return f"{listed} and {len(names) - 5} more" if len(names) > 5 else listed or "none"


def _shown(name: str) -> str:
    return _CONTROL.sub("?", name)[:120]
