"""Record-level files: text of any size, read in blocks and counted without ever being kept.

Belongs here: opening text that lies plain, in an archive or in a folder; cutting it into blocks of whole records; reading only
the columns that are asked for; statute texts to statute groups; turning counts by month into observations.
Does not belong here: what a column or a code of one release means (sources/), and fetching (snapshots.py).

Records hold names and docket numbers. Nothing here logs or raises a cell: messages give counts, places and column names.
"""

from __future__ import annotations

import csv
import logging
import os
import sys
import threading
import time
import tomllib
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate, islice
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from stream_unzip import UnzipError, stream_unzip

from pipelines.archives import ArchiveLimits, decompress, list_members, open_member
from pipelines.publications import PublicationError
from pipelines.vocabulary import PROJECT

_LOG = logging.getLogger(__name__)
_Block = TypeVar("_Block")
_Result = TypeVar("_Result")
_RULES = PROJECT / "catalog" / "record_counts.toml"
_STATUTES = PROJECT / "catalog" / "csam_statutes.csv"
_DISTRICTS = PROJECT / "catalog" / "judicial_districts.csv"

#: a release of the caseload data holds 66 GB in 339 files
_LIMITS = ArchiveLimits(max_total_bytes=1 << 38)
_DEFLATE64 = 9
_CHUNK = 1 << 20
#: what stands behind the lines that `read` gives, so that eight bytes can be taken from anywhere in them
PADDING = b"\0" * 8
_NEWLINE = ord("\n")
#: the widest files have lines of 60,000 characters and 22,000 columns; records of fixed width have below 3,000
_LONGEST_LINE = 16 << 20
_MOST_COLUMNS = 100_000
_WIDEST_RECORD = 1 << 20
#: large enough that a block outweighs the cost of starting on it, small enough that memory stays flat
_BLOCK = 16 << 20
#: records of fixed width: bytes read at a time, and how many records, or bytes of their columns, are asked about together
_RECORD_BLOCK = 1 << 20
_RECORDS_TOGETHER = 80_000
_CELLS_TOGETHER = 64 << 20
#: blocks under way at a time: reading one has serial parts that another one fills
_WORKERS = 3
#: lines whose fields are found by the byte: so few that they are still in the processor's cache when their cells are read
_LINE_BLOCK = 8 << 20
_LINE_WORKERS = 2
_PROGRESS_SECONDS = 10.0
_FISCAL_YEAR_STARTS = 10
_LAST_ASCII, _NO_LETTER = 127, ord("?")


@dataclass(frozen=True)
class RecordRules:
    """Rules of `catalog/record_counts.toml`.

    Attributes:
        suppression_threshold: smaller counts are published without their value; 0 is off.
        provisional_fiscal_years: most recent fiscal years whose figures are provisional.
        quarantine_share: share of unreadable records above which a file is refused.
        quarantine_rows: unreadable records that no share refuses.
        caseload_first_month: first month for which caseload matters are counted.
    """

    suppression_threshold: int
    provisional_fiscal_years: int
    quarantine_share: float
    quarantine_rows: int
    caseload_first_month: date


@cache
def read_rules(path: Path = _RULES) -> RecordRules:
    """Read the rules for counting records."""
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    return RecordRules(**{**said, "caseload_first_month": date.fromisoformat(said["caseload_first_month"])})


# Opening -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TextFile:
    """One text file of a release: on its own, in a folder, or in an archive.

    Attributes:
        source_id: source it belongs to, for messages.
        path: file on disk that holds it.
        name: its own name (inside the archive, if it lies in one).
        packing: plain, compressed, zipped or deflate64.
        span: of a plain file, the first byte of the part to read and the byte after its last; None for all of it.
    """

    source_id: str
    path: Path
    name: str
    packing: str
    span: tuple[int, int] | None = None

    def chunks(self, size: int = _CHUNK) -> Iterator[bytes]:
        """Yield the decompressed bytes in pieces, and say from time to time how far it is.

        Args:
            size: bytes of a piece of a plain file; pieces of a packed one come in the sizes that unpacking makes.
        """
        if self.packing == "plain":
            pieces = _plain_chunks(self.path, size)
        elif self.packing == "compressed":
            pieces = decompress(self.path, _LIMITS)
        elif self.packing == "zipped":
            pieces = _zipped_chunks(self.path, self.name)
        else:
            pieces = _deflate64_chunks(self.path, self.name)
        done, told = 0, time.monotonic()
        for piece in pieces:
            done += len(piece)
            told = self._tell(done, told)
            yield piece

    def _tell(self, done: int, told: float) -> float:
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            _LOG.info("%s: %s: %.1f GB read", self.source_id, self.name, done / 1e9)
        return told

    def spans(self, size: int) -> Iterator[tuple[int, int]]:
        """Divide a plain file into spans, and say from time to time how far it is."""
        begin, end = self.span or (0, sys.maxsize)
        end = min(end, self.path.stat().st_size)
        told = time.monotonic()
        while begin < end:
            yield begin, min(begin + size, end)
            told = self._tell(begin := min(begin + size, end), told)


def text_files(source_id: str, path: Path) -> tuple[TextFile, ...]:
    """List the files of a release, in the order of their names.

    Args:
        source_id: source they belong to.
        path: a text file, an xz or gzip file, a zip archive (also one that uses Deflate64), or a folder of these.

    Raises:
        PublicationError: there is no such file, or the folder is empty.
        ArchiveError: an archive is damaged or refused.
    """
    if path.is_dir():
        inside = [file for entry in sorted(path.rglob("*")) if entry.is_file() for file in text_files(source_id, entry)]
        if not inside:
            raise PublicationError(f"{source_id}: folder {path.name} holds no file: give the folder of the downloaded release")
        return tuple(inside)
    if not path.is_file():
        raise PublicationError(f"{source_id}: there is no file {path.name}: give the downloaded release")
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"PK\x03\x04"):
        names = [member.name for member in list_members(path, _LIMITS)]
        with zipfile.ZipFile(path) as archive:
            methods = {name: archive.getinfo(name).compress_type for name in names}
        return tuple(TextFile(source_id, path, name, "deflate64" if methods[name] == _DEFLATE64 else "zipped") for name in sorted(names))
    compressed = head.startswith((b"\xfd7zXZ\x00", b"\x1f\x8b"))
    return (TextFile(source_id, path, path.name, "compressed" if compressed else "plain"),)


def _plain_chunks(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(size):
            yield piece


def _zipped_chunks(path: Path, name: str) -> Iterator[bytes]:
    with open_member(path, name, _LIMITS) as stream:
        while piece := stream.read(_CHUNK):
            yield piece


def _deflate64_chunks(path: Path, name: str) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(name)
    done = 0
    try:
        for _, _, pieces in stream_unzip(_chunks_from(path, entry.header_offset), chunk_size=_CHUNK):
            for piece in pieces:
                done += len(piece)
                if done > entry.file_size:
                    raise PublicationError(f"{path.name}: `{name}` holds more than the {entry.file_size:,} bytes that it declares: refused")
                yield piece
            return
    except PublicationError:
        raise
    # what inflating a damaged stream leads to besides its own errors: references before its start, places before the file
    except (UnzipError, ValueError, IndexError, OSError) as problem:
        raise PublicationError(f"{path.name}: `{name}` cannot be decompressed ({type(problem).__name__}): fetch it again") from problem


def _chunks_from(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(offset)
        while piece := stream.read(_CHUNK):
            yield piece


def _on_workers(blocks: Iterator[_Block], work: Callable[[_Block], _Result], workers: int = _WORKERS) -> Iterator[_Result]:
    """Work on a few blocks at a time, and give the results in the order of the blocks."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[_Result]] = deque()
        for block in blocks:
            waiting.append(pool.submit(work, block))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# Parts ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One part of a release, that can be read where nothing of the others is known.

    Attributes:
        file: number of its text file among those of the release that are read, from 0; None for all of them.
        span: first byte and the byte after the last: the lines that begin there; None for the whole file.
        districts: codes of the districts; none for all.
    """

    file: int | None = None
    span: tuple[int, int] | None = None
    districts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Partial:
    """What one part of a release adds to its counts.

    Attributes:
        table: numbers and codes, a row for each thing to be merged; keys of records only as salted hashes.
        summary: what else is to be merged, as JSON can hold it.
    """

    table: pl.DataFrame
    summary: Mapping[str, object]


# Delimited text ------------------------------------------------------------------------------------------------------


#: columns that say whether a line has a first field, a last field, and one more than the header
BEGINS, ENDS, OVERFLOWS = "begins", "ends", "overflows"
_BEYOND = "beyond the last field"


@dataclass(frozen=True)
class DelimitedText:
    """A delimited file with a header line, of which a few columns are read.

    Attributes:
        file: where it lies.
        separator: one character between fields.
        quote: quote character, or None where a quote is a character like any other.
        header: names as printed, in capitals.
        first: fields of the first line after the header, as text; for recognising a variant, not for showing.
    """

    file: TextFile
    separator: str
    quote: str | None
    header: tuple[str, ...]
    first: tuple[str, ...]

    def query(
        self,
        columns: Mapping[str, pl.DataType],
        ask: Callable[[pl.LazyFrame], Sequence[pl.LazyFrame]],
        names: Sequence[str] | None = None,
        block: int = _BLOCK,
    ) -> Iterator[list[pl.DataFrame]]:
        """Ask the same of every block of lines, and yield the answers block by block.

        Args:
            columns: columns to read, and as what; a cell that is not of the type is NULL. Nothing else of the file is read.
            ask: makes queries of a frame of these columns and of `BEGINS`, `ENDS` and `OVERFLOWS`. Of a file without blank last
                fields, a line that does not end is too short.
            names: one name for each field, where the printed header had to be put right.
            block: bytes to read at a time.
        """
        names = names or self.header
        position = {name: str(number) for number, name in enumerate(names)}
        # a header that is one field longer than the lines shows which of these are too long
        head = self.separator.join([*position.values(), _BEYOND]).encode() + b"\n"
        fields = [
            *(pl.col(position[name]).alias(name) for name in columns),
            pl.col(position[names[0]]).is_not_null().alias(BEGINS),
            pl.col(position[names[-1]]).is_not_null().alias(ENDS),
            pl.col(_BEYOND).is_not_null().alias(OVERFLOWS),
        ]
        types = {position[name]: dtype for name, dtype in columns.items() if dtype.is_numeric()}
        unsure = [read_number(pl.col(name), dtype) for name, dtype in types.items()]

        def scan(lines: bytes, types: Mapping[str, pl.DataType]) -> pl.LazyFrame:
            return pl.scan_csv(
                lines,
                separator=self.separator,
                quote_char=self.quote,
                infer_schema=False,
                schema_overrides=types,
                # bytes of other alphabets stand in fields that are not read; where they are read they match nothing
                encoding="utf8" if lines.isascii() else "utf8-lossy",
                truncate_ragged_lines=True,
            )

        def work(lines: bytes) -> list[pl.DataFrame]:
            try:
                return pl.collect_all(ask(scan(lines, types).select(fields)), engine="streaming")
            except pl.exceptions.ComputeError:
                # some cell of this block is no number: read all of them as text first, and let `ask` judge what is none
                try:
                    return pl.collect_all(ask(scan(lines, {}).with_columns(unsure).select(fields)), engine="streaming")
                except pl.exceptions.PolarsError as problem:
                    # its words quote the lines
                    place = f"{self.file.source_id}: {self.file.name}"
                    told = f"{place}: lines are no delimited text ({type(problem).__name__}): look at the download"
                    raise PublicationError(told) from None

        return _on_workers(_whole_lines(self.file.chunks(block), block, head), work)

    def read(self, work: Callable[[NDArray[np.uint8]], _Result], block: int = _LINE_BLOCK) -> Iterator[_Result]:
        """Read a file without quotes, and yield what is made of every block of lines, in their order.

        Args:
            work: takes the bytes of some lines, each with its line end, and of `PADDING` behind the last; runs beside others.
            block: bytes to read at a time.
        """
        if self.file.packing != "plain":
            # only the last line of the file may lack its line end; all others end twice, and that counts as padding
            behind = b"\n" + PADDING

            def end_and_work(lines: bytes) -> _Result:
                return work(np.frombuffer(lines, np.uint8)[: len(lines) - lines.endswith(b"\n" + behind)])

            yield from _on_workers(_whole_lines(self.file.chunks(block), block, b"", behind), end_and_work, _LINE_WORKERS)
            return
        buffers = threading.local()
        with self.file.path.open("rb") as stream:

            def read_and_work(span: tuple[int, int]) -> _Result:
                # memory that is used again need not be cleared by the system first
                buffer = buffers.__dict__.setdefault("lines", bytearray(block + _CHUNK))
                begin, end = _lines_that_begin(stream.fileno(), buffer, *span)
                return work(np.frombuffer(buffer, np.uint8)[begin : end + len(PADDING)])

            yield from _on_workers(self.file.spans(block), read_and_work, _LINE_WORKERS)


def open_delimited(file: TextFile, separator: str, quote: str | None = None) -> DelimitedText:
    """Read the header line of a delimited file.

    Raises:
        PublicationError: the file is empty.
    """
    lines = list(_first_lines(file.chunks(), 2))
    if not lines or not lines[0].strip():
        raise PublicationError(f"{file.source_id}: {file.name}: is empty: fetch it again")
    if lines[0].count(separator.encode()) > _MOST_COLUMNS:
        what = f"the header line has more than {_MOST_COLUMNS:,} columns"
        raise PublicationError(f"{file.source_id}: {file.name}: {what}: look at the download")
    header, first = ((*line.decode("latin-1").rstrip("\r\n").split(separator),) for line in [*lines, b""][:2])
    return DelimitedText(file, separator, quote, tuple(name.strip().strip('"').upper() for name in header), first)


def _first_lines(chunks: Iterator[bytes], number: int) -> Iterator[bytes]:
    begun = next(chunks, b"").removeprefix(b"\xef\xbb\xbf")
    for _ in range(number):
        pieces = [begun]
        while b"\n" not in pieces[-1]:
            piece = next(chunks, b"")
            if not piece:
                yield b"".join(pieces)
                return
            pieces.append(piece)
            _refuse_endless(sum(map(len, pieces)))
        line, _, begun = b"".join(pieces).partition(b"\n")
        yield line


def _refuse_endless(length: int) -> None:
    if length > _LONGEST_LINE + _CHUNK:
        raise PublicationError(f"a line has more than {_LONGEST_LINE:,} bytes: this is another file, or look at the download")


def _lines_that_begin(descriptor: int, buffer: bytearray, begin: int, end: int) -> tuple[int, int]:
    """Read the lines that begin in a span of a file but the first of the file, and tell where in the buffer they are.

    Spans that follow one another give every line exactly once, wherever they are cut.
    """
    start = max(begin - 1, 0)
    held = _read_at(descriptor, buffer, 0, start)
    last = 0
    while not last:
        last = buffer.find(b"\n", end - 1 - start, held) + 1
        if not last:
            _refuse_endless(held - (end - start))
            buffer.extend(bytes(_CHUNK))
            more = _read_at(descriptor, buffer, held, start + held)
            if not more:
                buffer[held] = _NEWLINE
                last = held + 1
            held += more
    if len(buffer) < last + len(PADDING):
        buffer.extend(PADDING)
    return buffer.find(b"\n", 0, last) + 1, last


def _read_at(descriptor: int, buffer: bytearray, held: int, offset: int) -> int:
    number = 0
    with memoryview(buffer) as view:
        while held + number < len(buffer) and (more := os.preadv(descriptor, [view[held + number :]], offset + number)):
            number += more
    return number


def _whole_lines(chunks: Iterator[bytes], size: int, head: bytes, tail: bytes = b"") -> Iterator[bytes]:
    """Yield blocks that end with a line end, each behind `head` instead of the header line; the last line may lack its end.

    Each has `tail` behind its last line.
    """
    pieces: list[bytes | memoryview] = []
    held = 0
    for piece in _without_first_line(chunks):
        held += len(piece)
        cut = piece.rfind(b"\n") + 1
        if held < size or not cut:
            pieces.append(piece)
            if not cut:
                _refuse_endless(held - size)
            continue
        view = memoryview(piece)
        yield b"".join([head, *pieces, view[:cut], tail])
        pieces, held = [piece[cut:]], len(piece) - cut
    rest = b"".join(pieces)
    if rest:
        yield head + rest + tail


def _without_first_line(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for piece in chunks:
        _, end, rest = piece.partition(b"\n")
        if end:
            yield rest
            break
    yield from chunks


# Fixed-width text ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """Positions of one fixed-width table.

    Attributes:
        table: its name.
        width: bytes of a record, without the line end.
        columns: name -> (first byte, counted from 0; number of bytes).
    """

    table: str
    width: int
    columns: Mapping[str, tuple[int, int]]


def query_fixed_width(
    files: Sequence[TextFile],
    layout: Layout,
    columns: Sequence[str],
    where: pl.Expr,
    ask: Callable[[pl.LazyFrame], Sequence[pl.LazyFrame]],
) -> Iterator[list[pl.DataFrame]]:
    """Ask the same of every block of records of a fixed-width table, and yield the answers block by block.

    Records are cut by their length in bytes, not by line ends: a line end inside a field or a character of another alphabet
    moves nothing. Columns come as stripped text, empty where there is none.

    Args:
        files: where it lies; big tables come in several files.
        layout: positions, from the README of the same release.
        columns: columns to read; nothing else of the files is kept.
        where: condition on some of the columns; other records are left at once.
        ask: makes queries of a frame of these columns.

    Raises:
        PublicationError: the layout has no such column, or records are not as long as the layout says.
    """
    absent = [name for name in columns if name not in layout.columns]
    if absent:
        raise PublicationError(
            f"{files[0].source_id}: the layout of {layout.table} has no column {', '.join(absent)}: the release has changed"
        )
    if layout.width > _WIDEST_RECORD:
        what = f"the README gives records of {layout.table} {layout.width:,} characters"
        raise PublicationError(f"{files[0].source_id}: {what}: use the README of the same release")
    length = layout.width + 1
    judged = [name for name in columns if name in where.meta.root_names()]
    unjudged = [name for name in columns if name not in judged]
    ends = dict(zip(columns, accumulate(layout.columns[name][1] for name in columns), strict=True))

    def taken(block: bytes | memoryview, place: str) -> NDArray[np.uint8]:
        """Take the columns out of whole records, which is all that is kept of them."""
        records = _records(block, layout, place)
        return np.hstack([records[:, start : start + width] for start, width in (layout.columns[name] for name in columns)])

    def cut(cells: NDArray[np.uint8], names: Iterable[str]) -> pl.DataFrame:
        return pl.DataFrame([_texts(cells[:, ends[name] - layout.columns[name][1] : ends[name]]).alias(name) for name in names])

    def work(batch: Sequence[NDArray[np.uint8]]) -> list[pl.DataFrame]:
        cells = np.concatenate(batch)
        looked_at = cut(cells, judged)
        kept = looked_at.select(where).to_series()
        others = cut(cells[kept.to_numpy()], unjudged)
        return pl.collect_all(ask(pl.concat([looked_at.filter(kept), others], how="horizontal").lazy()))

    # blocks of whole records that stay in the processor's own cache, and so many of them together that they outweigh the cost of asking
    size = length * max(_RECORD_BLOCK // length, 1)
    wanted = min(_RECORDS_TOGETHER, _CELLS_TOGETHER // max(ends[columns[-1]], 1))
    together = size * max(wanted * length // size, 1)
    for file in files:
        place = f"{file.source_id}: {file.name}"
        if file.packing != "plain":
            yield from _on_workers(_batches((taken(block, place) for block in _whole_records(file.chunks(), size)), together // size), work)
            continue
        buffers = threading.local()
        with file.path.open("rb") as stream:

            def read_and_work(
                span: tuple[int, int], stream: BinaryIO = stream, place: str = place, buffers: threading.local = buffers
            ) -> list[pl.DataFrame]:
                # memory that is used again need not be cleared by the system first
                buffer = buffers.__dict__.setdefault("records", bytearray(size))
                return work([taken(block, place) for block in _blocks_between(stream.fileno(), buffer, *span)])

            yield from _on_workers(file.spans(together), read_and_work)


def _batches(blocks: Iterator[NDArray[np.uint8]], number: int) -> Iterator[list[NDArray[np.uint8]]]:
    while batch := [*islice(blocks, number)]:
        yield batch


def _blocks_between(descriptor: int, buffer: bytearray, begin: int, end: int) -> Iterator[memoryview]:
    """Read a span of a file into the same buffer again and again, and give what it holds each time."""
    for start in range(begin, end, len(buffer)):
        held = _read_at(descriptor, buffer, 0, start)
        yield memoryview(buffer)[: min(held, end - start)]


def _texts(cells: NDArray[np.uint8]) -> pl.Series:
    """Strip the cells of one column; shape (records, bytes of a cell)."""
    cells = np.ascontiguousarray(cells)
    # one byte is one character, also of another alphabet; letters of these stand in no field that is read
    cells[cells > _LAST_ASCII] = _NO_LETTER
    ends = np.arange(len(cells) + 1) * cells.shape[1]
    return pl.Series(pa.LargeStringArray.from_buffers(len(cells), pa.py_buffer(ends), pa.py_buffer(cells))).str.strip_chars()


def _records(block: bytes | memoryview, layout: Layout, place: str) -> NDArray[np.uint8]:
    """Lay a block out as one row of bytes for each record, with its line end."""
    length = layout.width + 1
    if len(block) % length:
        raise PublicationError(
            f"{place}: its bytes are no multiple of {length}, the record of {layout.table} and its line end: "
            "the file is cut short or the README of another release was used"
        )
    records = np.frombuffer(block, np.uint8).reshape(-1, length)
    wrong = int(np.count_nonzero(records[:, layout.width] != _NEWLINE))
    if wrong:
        raise PublicationError(
            f"{place}: {wrong:,} records do not end after {layout.width} characters, as the README says of {layout.table}: "
            "use the README of the same release"
        )
    return records


def _whole_records(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Yield blocks of `size` bytes, and what is left at the end."""
    held = bytearray()
    for piece in chunks:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


# Statutes and districts ----------------------------------------------------------------------------------------------

#: group -> bit; the total of the material statutes leaves the ambiguous texts out
GROUP_BITS: Mapping[str, int] = {"production": 1, "non_production": 2, "obscene_depiction": 4, "ambiguous": 8}
CSAM_BITS = GROUP_BITS["production"] | GROUP_BITS["non_production"] | GROUP_BITS["obscene_depiction"]
GROUP_PATHWAY: Mapping[str, str] = {"production": "production", "non_production": "non_production"}


@cache
def read_statutes(column: str) -> tuple[tuple[str, str], ...]:
    """Read section -> group for one kind of file (`court_file_group`, `caseload_file_group`), ambiguous ones first."""
    with _STATUTES.open(encoding="utf-8", newline="") as lines:
        rows = [(row["code"].partition(":")[2], row[column]) for row in csv.DictReader(lines)]
    return tuple(sorted(rows, key=lambda row: (row[1] != "ambiguous", -len(row[0]))))


@cache
def read_districts(column: str) -> Mapping[str, str]:
    """Read the district codes of one kind of file -> code of the area."""
    with _DISTRICTS.open(encoding="utf-8", newline="") as lines:
        return {row[column]: row["code"] for row in csv.DictReader(lines) if row[column]}


# Cells ---------------------------------------------------------------------------------------------------------------


def read_day(text: pl.Expr, form: str) -> pl.Expr:
    """Read a printed day; NULL where it is on no calendar, for the caller to count."""
    return text.str.to_date(form, strict=False, cache=False)


def read_number(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read a printed number; NULL where it is none, for the caller to count."""
    return text.str.strip_chars().cast(dtype, strict=False)


# Months --------------------------------------------------------------------------------------------------------------


def month_number(day: pl.Expr) -> pl.Expr:
    """Number the month of a day; 0 where there is no day."""
    number = day.dt.year().cast(pl.Int16) * 12 + day.dt.month().cast(pl.Int16) - 1
    return pl.when(day.is_null()).then(pl.lit(0, dtype=pl.Int16)).otherwise(number)


def number_of_month(day: date) -> int:
    """Number the month of a day as `month_number` does."""
    return day.year * 12 + day.month - 1


def fiscal_year(month: int) -> int:
    """Give the federal fiscal year that a month belongs to."""
    return (month + 13 - _FISCAL_YEAR_STARTS) // 12


def months_of_fiscal_year(year: int) -> range:
    """Give the numbers of the twelve months of a federal fiscal year."""
    start = year * 12 - 13 + _FISCAL_YEAR_STARTS
    return range(start, start + 12)


def month_period(month: int) -> str:
    """Write a month as an ISO 8601 interval."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}-01/P1M"


def years_of_months(months: Sequence[int]) -> dict[str, range]:
    """List the calendar and fiscal years of which every month is among the given ones, by their interval."""
    covered = set(months)
    starts = [month for month in covered if month % 12 in (0, _FISCAL_YEAR_STARTS - 1)]
    return {
        f"{start // 12:04d}-{start % 12 + 1:02d}-01/P1Y": range(start, start + 12)
        for start in sorted(starts)
        if covered.issuperset(range(start, start + 12))
    }


# Observations --------------------------------------------------------------------------------------------------------

#: columns that tell the series of counted records apart
SERIES = ("measure", "unit_of_count", "offense_scope", "pathway", "statistical_population", "breakdown", "source_locator")


@dataclass(frozen=True)
class Coverage:
    """Months that a file covers.

    Attributes:
        months: numbers of the covered months.
        provisional_from: first month whose figures are provisional.
    """

    months: tuple[int, ...]
    provisional_from: int


def cover(months: Sequence[int]) -> Coverage:
    """Call the last fiscal years of the covered months provisional, as many as the rules say."""
    newest = fiscal_year(max(months))
    first = months_of_fiscal_year(newest - read_rules().provisional_fiscal_years + 1)[0]
    return Coverage(tuple(sorted(months)), first)


def count_observations(
    counts: pl.DataFrame, series: pl.DataFrame, coverage: Coverage, grain: str, areas: Sequence[str] = ("US",)
) -> pl.DataFrame:
    """Turn counts by month into observations, with a zero wherever a covered period has no record.

    Args:
        counts: `SERIES` columns, `ref_area`, `month` and `records`; months outside the coverage are left out.
        series: the series to publish, with the `SERIES` columns: also those without a single record.
        coverage: the months the file covers.
        grain: `month`, or `year` for the calendar and fiscal years of which every month is covered.
        areas: areas to publish; counts of other areas are left out.

    Returns:
        Rows with the columns of the schema that tell counted figures apart, as `conform` takes them.
    """
    if grain == "month":
        periods = pl.DataFrame(
            {"time_period": [month_period(month) for month in coverage.months], "month": coverage.months, "last": coverage.months},
            schema={"time_period": pl.String, "month": pl.Int64, "last": pl.Int64},
        )
    else:
        years = years_of_months(coverage.months)
        periods = pl.DataFrame(
            [(text, month, months[-1]) for text, months in years.items() for month in months],
            schema={"time_period": pl.String, "month": pl.Int64, "last": pl.Int64},
            orient="row",
        )
    if periods.is_empty() or series.is_empty():
        return pl.DataFrame(schema=_OBSERVED)
    dated = counts.with_columns(pl.col("month").cast(pl.Int64)).join(periods, on="month")
    keys = [*SERIES, "ref_area", "time_period"]
    sums = dated.group_by(keys).agg(pl.col("records").sum().cast(pl.Int64))
    grid = (
        series.select(SERIES)
        .join(pl.DataFrame({"ref_area": list(areas)}), how="cross")
        .join(periods.group_by("time_period", maintain_order=True).agg(pl.col("last").max()), how="cross")
    )
    threshold = read_rules().suppression_threshold
    # a period of the grid without a record is a counted zero, not a filled gap: the file covers the period
    counted = pl.when(pl.col("records").is_null()).then(0).otherwise(pl.col("records"))
    withheld = (counted > 0) & (counted < threshold)
    return (
        grid.join(sums, on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.when(withheld).then(None).otherwise(counted).cast(pl.Float64).alias("obs_value"),
            pl.when(withheld)
            .then(pl.lit("Q"))
            .when(pl.col("last") >= coverage.provisional_from)
            .then(pl.lit("P"))
            .otherwise(pl.lit("A"))
            .alias("obs_status"),
        )
        .select(*_OBSERVED)
    )


_OBSERVED: Mapping[str, pl.DataType] = {
    **{name: pl.String() for name in (*SERIES, "ref_area", "time_period")},
    "obs_value": pl.Float64(),
    "obs_status": pl.String(),
}


def complete_observations(rows: pl.DataFrame, *, url: str | None, published_on: str | None, note: str | None) -> pl.DataFrame:
    """Add the columns that all counted figures share."""
    shared: Mapping[str, str | None] = {
        "unit_measure": "count",
        "jurisdiction": "us_federal",
        "value_qualifier": "exact",
        "evidence": "datafile",
        "url": url,
        "published_on": published_on,
        "obs_note": note,
    }
    return rows.with_columns(pl.lit(value, dtype=pl.String).alias(name) for name, value in shared.items())


def refuse_many(place: str, what: str, number: int, of: int, remedy: str) -> None:
    """Log records that cannot be counted, or refuse the file when they are too many.

    Raises:
        PublicationError: more than the share and the number that the rules allow.
    """
    rules = read_rules()
    if number > rules.quarantine_rows and number > rules.quarantine_share * of:
        raise PublicationError(f"{place}: {number:,} of {of:,} {what}: {remedy}: nothing was counted")
    if number:
        _LOG.warning("%s: %s of %s %s: quarantined, not counted", place, f"{number:,}", f"{of:,}", what)
