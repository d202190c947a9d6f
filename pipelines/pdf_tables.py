"""Words of PDF pages with their places, and tables rebuilt from them: one label, its counts, under printed headers.

Belongs here: reading words through pypdfium2, lines, and tables whose rows are a label and counts, anchored on the printed headers.
Does not belong here: what a table means, which headers are expected, control totals (sources/).
"""

from __future__ import annotations

import ctypes
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from pipelines.publications import Fingerprint, agreed_year, quarantined, read_count

#: white space wider than this (points) parts two cells; between words of one cell it is about 4
CELL_GAP = 8.0
#: baselines closer than this (points) are one line
LINE_TOLERANCE = 2.0
#: label and cells of one line may stand this much (points) higher or lower
UNEVEN = 4.5
#: lines closer than this share of the usual distance of rows belong to one row
WRAP = 0.9
#: how far (points) above or below its row label a column header may stand
HEADER_REACH = 13.0
#: how far (points) a count may stand out of its column header
COLUMN_REACH = 8.0
#: a footnote mark begins this near (points) to the end of its word, and stands this much higher
MARK_GAP = 1.5
MARK_RISE = (1.5, 7.0)
#: how far (points) a row label may be indented
INDENT = 15.0
#: share of the page height at its foot where a page number may stand alone
FOOTER = 0.09

#: what no publication read here comes near (the longest has 140 pages, the densest page 4,000 characters), and no reader could check
_MAX_PAGES = 1_000
_MAX_CHARACTERS = 25_000
_MAX_ALL_CHARACTERS = 1_500_000
#: all streams unpacked: the text of a page takes kilobytes, a picture some megabytes
_MAX_UNPACKED_BYTES = 256 << 20
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_PACKED_AT_A_TIME, _UNPACKED_AT_A_TIME = 1 << 16, 1 << 20

_WORD = re.compile("[^\\s\ufffe\x00\x02]+[\ufffe\x02]?")
_SOFT_HYPHENS = "\ufffe\x02"
_LIGATURES = str.maketrans(
    dict(zip("\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
)
_LAST_COUNT = re.compile(r"(?<=[^0-9,])[0-9][0-9,]*$")
_DASHES = frozenset({"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014"})
_FURNITURE = re.compile(r"copyright|(https?://)?(www\.)?(missingkids|ncmec)\.org(/\w*)?", re.IGNORECASE)
_NOTE = re.compile(r"[*†‡].*|notes?[:.]", re.IGNORECASE)
_TOTAL = re.compile(r"(grand )?totals?( reports)?:?", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)[0-9]{2}\b")
_COPYRIGHT_YEAR = re.compile(r"copyright © ?([0-9]{4})\b", re.IGNORECASE)
_PDF_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")


def _plainly(function: object, places: int) -> Callable[..., int]:
    """Call a function of the library with plain addresses: checking typed pointers costs more than the call, for every word."""
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *([ctypes.c_void_p] * places))
    return prototype(ctypes.cast(function, ctypes.c_void_p).value)  # type: ignore[arg-type]


_get_origin = _plainly(raw.FPDFText_GetCharOrigin, 2)
_get_box = _plainly(raw.FPDFText_GetCharBox, 4)


class Word(NamedTuple):
    """Characters without white space between them, and where they stand (points, origin at the lower left).

    Attributes:
        text: the characters; ligatures are written out.
        x0: left end.
        x1: right end.
        y: baseline.
        raised: a footnote mark, set off from the word it follows.
    """

    text: str
    x0: float
    x1: float
    y: float
    raised: bool = False


@dataclass(frozen=True)
class Page:
    """The words of one page.

    Attributes:
        number: counted from 1.
        width: in points.
        height: in points.
        words: in the order of the file.
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...]

    @cached_property
    def lines(self) -> list[list[Word]]:
        """Its words in lines, from top to bottom, each from left to right."""
        return lines_of(self.words)

    @cached_property
    def text(self) -> str:
        """Its words in one line, from top to bottom."""
        return " ".join(text_of(line) for line in self.lines)


@dataclass(frozen=True)
class Document:
    """A PDF file as words.

    Attributes:
        source_id: the source it is read for, named in every error.
        pages: in order.
        title: title of the file properties, maybe empty.
        dated: date (ISO 8601) of the last change in the file properties, else of the creation; None if neither is given.
    """

    source_id: str
    pages: tuple[Page, ...]
    title: str
    dated: str | None


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        page: page it stands on.
        label: its label in one line; parts on several lines are joined by a space.
        counts: column kind -> the count; None for a cell without anything.
        dashes: column kinds whose cell holds a dash; their count is 0 here, and only a control total can confirm it.
    """

    page: int
    label: str
    counts: Mapping[str, int | None]
    dashes: frozenset[str]


@dataclass(frozen=True)
class CountTable:
    """A table that may run over pages and stand in several blocks beside each other.

    Attributes:
        kinds: column kinds from left to right.
        rows: all rows but the totals, in printed order.
        total: the row labelled as total.
        headers: headers as printed, each once.
        columns: right ends of the columns (points, whole).
        footnotes: footnote lines.
    """

    kinds: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row
    headers: tuple[str, ...]
    columns: tuple[int, ...]
    footnotes: tuple[str, ...]

    @property
    def fingerprint(self) -> Fingerprint:
        """Describe the layout."""
        return Fingerprint(self.headers, tuple(row.label for row in (*self.rows, self.total)), self.columns, self.footnotes)


def read_document(source_id: str, path: Path) -> Document:
    """Read the words of a PDF file.

    Raises:
        PublicationError: the file is no PDF, is damaged or encrypted, or has no text.
    """
    _refuse_bombs(source_id, path)
    try:
        pdf = pdfium.PdfDocument(path)
    except (pdfium.PdfiumError, OSError) as problem:
        raise quarantined(source_id, None, f"the file cannot be opened as a PDF ({problem})", "the download is damaged or no PDF") from None
    try:
        if len(pdf) > _MAX_PAGES:
            raise quarantined(source_id, None, f"{len(pdf):,} pages, more than {_MAX_PAGES:,}", "this is another document")
        properties = pdf.get_metadata_dict()
        pages: list[Page] = []
        left = _MAX_ALL_CHARACTERS
        for number in range(1, len(pdf) + 1):
            page, characters = _read_page(source_id, pdf, number)
            pages.append(page)
            left -= characters
            if left < 0:
                what = f"more than {_MAX_ALL_CHARACTERS:,} characters up to this page"
                raise quarantined(source_id, number, what, "this is another document, or made to do harm")
    except pdfium.PdfiumError as problem:
        raise quarantined(source_id, None, f"a page cannot be read ({problem})", "the file is damaged") from None
    finally:
        pdf.close()
    if not any(page.words for page in pages):
        raise quarantined(source_id, None, "no page holds text", "the file is empty or a scan")
    dated = _PDF_DATE.match(properties.get("ModDate") or properties.get("CreationDate") or "")
    return Document(source_id, tuple(pages), properties.get("Title") or "", "-".join(dated.groups()) if dated else None)


def _refuse_bombs(source_id: str, path: Path) -> None:
    """Refuse a file whose streams unpack to more than its pages can need: the library would unpack them whole."""
    content = memoryview(path.read_bytes())
    total = 0
    for match in _STREAM.finditer(content):
        unpacker = zlib.decompressobj()
        place = match.end()
        waiting: memoryview | bytes = b""
        while not unpacker.eof and (waiting or place < len(content)):
            if not waiting:
                waiting = content[place : place + _PACKED_AT_A_TIME]
                place += len(waiting)
            try:
                total += len(unpacker.decompress(waiting, _UNPACKED_AT_A_TIME))
            except zlib.error:  # packed in another way, or not at all
                break
            if total > _MAX_UNPACKED_BYTES:
                what = f"its streams unpack to more than {_MAX_UNPACKED_BYTES:,} bytes"
                raise quarantined(source_id, None, what, "the file is made to do harm")
            waiting = unpacker.unconsumed_tail


def _read_page(source_id: str, pdf: pdfium.PdfDocument, number: int) -> tuple[Page, int]:
    """Read the words of a page, and count its characters."""
    page = pdf[number - 1]
    text_page = page.get_textpage()
    if text_page.count_chars() > _MAX_CHARACTERS:
        what = f"{text_page.count_chars():,} characters, more than {_MAX_CHARACTERS:,}"
        raise quarantined(source_id, number, what, "the page is damaged or made to do harm")
    text = text_page.get_text_range()
    if len(text) != text_page.count_chars():  # characters and places must be counted alike
        text = "".join(chr(raw.FPDFText_GetUnicode(text_page.raw, index)) for index in range(text_page.count_chars()))
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
    words = tuple(dict.fromkeys(_words(handle, text)))  # a word drawn twice in one place is one word in bold
    width, height = page.get_size()
    text_page.close()
    page.close()
    return Page(number, width, height, words), len(text)


def _words(handle: ctypes.c_void_p, text: str) -> list[Word]:
    x, y = ctypes.c_double(), ctypes.c_double()
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    origin_at, box_of = (ctypes.byref(x), ctypes.byref(y)), tuple(ctypes.byref(side) for side in (left, right, bottom, top))
    words: list[Word] = []
    for match in _WORD.finditer(text):
        characters = match[0]
        start, end = match.span()
        if not characters.isascii():
            if characters[-1] in _SOFT_HYPHENS:
                end -= 1
                characters = characters[:-1] + "-"
            characters = characters.translate(_LIGATURES)
        _get_origin(handle, start, *origin_at)
        _get_box(handle, end - 1, *box_of)
        if "0" <= characters[-1] <= "9" and end - start > 1:
            words += _counted(handle, text, start, end, (x.value, y.value), (right.value, bottom.value, top.value))
        else:
            word = Word(characters, x.value, right.value, y.value)
            words.append(word._replace(raised=True) if characters.isdigit() and words and _is_mark_of(words[-1], word) else word)
    return words


def _is_mark_of(before: Word, word: Word) -> bool:
    """Say whether a digit stands at the end of the word before it, and higher."""
    return abs(word.x0 - before.x1) <= MARK_GAP and MARK_RISE[0] < word.y - before.y < MARK_RISE[1]


def _counted(
    handle: ctypes.c_void_p, text: str, start: int, end: int, origin: tuple[float, float], last_box: tuple[float, float, float]
) -> Iterator[Word]:
    """Give the words of characters that end in a digit: footnote marks and cells are sometimes given without white space between."""
    (x0, baseline), (x1, bottom, top) = origin, last_box
    high = top - bottom
    characters = text[start:end]
    if bottom - baseline > 0.3 * high:
        raised = end - 1
        while raised > start + 1 and text[raised - 1].isdigit() and _box(handle, raised - 1)[1] - baseline > 0.3 * high:
            raised -= 1
        yield from _pieces(handle, text, (start, raised), baseline, x0)
        yield Word(text[raised:end], _origin(handle, raised), x1, baseline, raised=True)
        return
    breaks: Sequence[int] = ()
    if last := _LAST_COUNT.search(characters):
        breaks = (start + last.start(),)
    elif x1 - x0 > (end - start) * high * 0.95 and characters.replace(",", "").isdigit():
        breaks = range(start + 1, end)
    parts = [start, *(index for index in breaks if _origin(handle, index) - _box(handle, index - 1)[0] > 0.6 * high), end]
    if len(parts) == 2:
        yield Word(characters.translate(_LIGATURES), x0, x1, baseline)
    else:
        yield from _pieces(handle, text, parts, baseline, x0)


def _pieces(handle: ctypes.c_void_p, text: str, parts: Sequence[int], baseline: float, x0: float) -> Iterator[Word]:
    for start, end in pairwise(parts):
        begins = x0 if start == parts[0] else _origin(handle, start)
        yield Word(text[start:end].translate(_LIGATURES), begins, _box(handle, end - 1)[0], baseline)


def _origin(handle: ctypes.c_void_p, index: int) -> float:
    x, y = ctypes.c_double(), ctypes.c_double()
    _get_origin(handle, index, ctypes.byref(x), ctypes.byref(y))
    return x.value


def _box(handle: ctypes.c_void_p, index: int) -> tuple[float, float]:
    """Give the right end and the foot of a character."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    _get_box(handle, index, *(ctypes.byref(side) for side in (left, right, bottom, top)))
    return right.value, bottom.value


def lines_of(words: Sequence[Word], tolerance: float = LINE_TOLERANCE) -> list[list[Word]]:
    """Put words into lines: from top to bottom, each from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(words, key=lambda word: -word.y):
        if lines and lines[-1][0].y - word.y <= tolerance:
            lines[-1].append(word)
        else:
            lines.append([word])
    for line in lines:
        line.sort(key=lambda word: word.x0)
    return lines


def chunks_of(line: Sequence[Word], gap: float = CELL_GAP) -> list[list[Word]]:
    """Part a line where white space is wider than between words."""
    chunks: list[list[Word]] = []
    for word in line:
        if chunks and word.x0 - chunks[-1][-1].x1 <= gap:
            chunks[-1].append(word)
        else:
            chunks.append([word])
    return chunks


def text_of(words: Sequence[Word]) -> str:
    """Write words in one line, without footnote marks."""
    return " ".join([word.text for word in words if not word.raised])


@dataclass(frozen=True)
class _Column:
    kind: str
    x0: float
    x1: float


@dataclass(frozen=True)
class _Block:
    """One header (label and columns) and the region under it."""

    page: int
    left: float
    right: float
    top: float
    bottom: float
    label_x0: float
    header: str
    columns: tuple[_Column, ...]


@dataclass(frozen=True)
class _Line:
    """One line of a block: the label and the cells of the columns."""

    y: float
    label: str
    cells: Mapping[str, str]


def read_count_table(document: Document, label_headers: Sequence[str], kinds: Mapping[str, str]) -> CountTable:
    """Read the one table of a document whose rows are a label and counts.

    Args:
        document: the pages.
        label_headers: headers that the label column may have, lower case.
        kinds: header of a count column, lower case -> its kind.

    Raises:
        PublicationError: a header is unknown, a cell is no count, a line cannot be given to one row with certainty, or the
            document has not exactly one row of totals.
    """
    blocks = [block for page in document.pages for block in _blocks(document.source_id, page, label_headers, kinds)]
    if not blocks:
        raise quarantined(
            document.source_id,
            None,
            f"no table with the header {' or '.join(repr(name) for name in label_headers)}",
            "this is another table",
        )
    columns = tuple(column.kind for column in blocks[0].columns)
    for block in blocks:
        if tuple(column.kind for column in block.columns) != columns:
            raise quarantined(
                document.source_id, block.page, f"headers {block.header!r} differ from {blocks[0].header!r}", "the columns are not the same"
            )
    notes: list[str] = []
    lines = {index: _block_lines(document, block, notes) for index, block in enumerate(blocks)}
    distances = [above.y - below.y for block in lines.values() for above, below in pairwise(block) if above.cells and below.cells]
    pitch = median(distances) if distances else 0.0
    rows: list[Row] = []
    totals: list[Row] = []
    for index, block in enumerate(blocks):
        for group in _row_groups(document, block, lines[index], pitch):
            row = _row_of(document, block, group, columns, after_total=bool(totals))
            if row is None:
                notes.append(" ".join([line.label for line in group]))
            else:
                (totals if is_total(row.label) else rows).append(row)
    if len(totals) != 1:
        found = "no row" if not totals else f"{len(totals)} rows"
        raise quarantined(
            document.source_id,
            blocks[-1].page if not totals else totals[1].page,
            f"{found} labelled as total, expected one",
            "no control total",
        )
    return CountTable(
        kinds=columns,
        rows=tuple(rows),
        total=totals[0],
        headers=tuple(dict.fromkeys(block.header for block in blocks)),
        columns=tuple(dict.fromkeys(round(column.x1) for block in blocks for column in block.columns)),
        footnotes=tuple(dict.fromkeys(note for note in notes if note)),
    )


def _blocks(source_id: str, page: Page, label_headers: Sequence[str], kinds: Mapping[str, str]) -> list[_Block]:
    chunks = [chunk for line in page.lines for chunk in chunks_of(line)]
    anchors = [
        chunk
        for chunk in chunks
        if text_of(chunk).lower() in label_headers and any(_beside(chunk, other) for other in chunks)  # a title has nothing beside it
    ]
    bands: list[list[list[Word]]] = []
    for anchor in anchors:  # from top to bottom
        if bands and bands[-1][0][0].y - anchor[0].y <= 2 * LINE_TOLERANCE:
            bands[-1].append(anchor)
        else:
            bands.append([anchor])
    blocks: list[_Block] = []
    for position, band in enumerate(bands):
        band.sort(key=lambda anchor: anchor[0].x0)
        bottom = bands[position + 1][0][0].y + HEADER_REACH if position + 1 < len(bands) else 0.0
        for place, anchor in enumerate(band):
            right = band[place + 1][0].x0 - CELL_GAP if place + 1 < len(band) else page.width
            headers = [chunk for chunk in chunks if _beside(anchor, chunk) and chunk[-1].x1 < right]
            columns = _columns(source_id, page.number, text_of(anchor), headers, kinds)
            blocks.append(
                _Block(
                    page=page.number,
                    left=anchor[0].x0 - CELL_GAP if place else 0.0,
                    right=right,
                    top=min(word.y for chunk in (anchor, *headers) for word in chunk),
                    bottom=bottom,
                    label_x0=anchor[0].x0,
                    header=" | ".join((text_of(anchor), *(name for name, _ in columns))),
                    columns=tuple(column for _, column in columns),
                )
            )
    return blocks


def _beside(anchor: Sequence[Word], chunk: Sequence[Word]) -> bool:
    return abs(chunk[0].y - anchor[0].y) <= HEADER_REACH and anchor[-1].x1 + CELL_GAP < chunk[0].x0


def _columns(source_id: str, page: int, label: str, headers: Sequence[list[Word]], kinds: Mapping[str, str]) -> list[tuple[str, _Column]]:
    stacks: list[list[list[Word]]] = []  # parts of one header stand above each other
    for chunk in sorted(headers, key=lambda chunk: chunk[0].x0):
        if stacks and chunk[0].x0 < max(part[-1].x1 for part in stacks[-1]):
            stacks[-1].append(chunk)
        else:
            stacks.append([chunk])
    columns = []
    for stack in stacks:
        name = " ".join(text_of(part) for part in sorted(stack, key=lambda part: -part[0].y))
        if name.lower() not in kinds:
            raise quarantined(
                source_id, page, f"column header {name!r} beside {label!r} is not known", "the unit of the column is not certain"
            )
        kind = kinds[name.lower()]
        columns.append((name, _Column(kind, min(part[0].x0 for part in stack), max(part[-1].x1 for part in stack))))
    if not columns:
        raise quarantined(source_id, page, f"no column header beside {label!r}", "the unit of the column is not certain")
    if len({column.kind for _, column in columns}) < len(columns):
        raise quarantined(source_id, page, "two columns with one header", "the columns cannot be told apart")
    return columns


def _block_lines(document: Document, block: _Block, notes: list[str]) -> list[_Line]:
    page = document.pages[block.page - 1]
    lines: list[_Line] = []
    in_notes = False
    for whole in page.lines:  # footnotes and page furniture run across blocks beside each other
        y = whole[0].y
        if not block.bottom < y < block.top - LINE_TOLERANCE:
            continue
        first = whole[0].text
        if _FURNITURE.fullmatch(first) or (len(whole) == 1 and first == str(page.number) and y < page.height * FOOTER):
            continue
        if in_notes := in_notes or bool(_NOTE.fullmatch(first)):
            notes.append(text_of(whole))
        elif words := [word for word in whole if block.left <= word.x0 < block.right and not word.raised]:
            line = _cells_of(document, block, words)
            if lines and _is_one_line(lines[-1], line):
                lines[-1] = _Line(lines[-1].y, lines[-1].label or line.label, {**lines[-1].cells, **line.cells})
            else:
                lines.append(line)
    return lines


def _is_one_line(above: _Line, below: _Line) -> bool:
    """Say whether two lines are one whose label and cells stand a little higher or lower."""
    return above.y - below.y <= UNEVEN and not (above.label and below.label) and not above.cells.keys() & below.cells.keys()


def _cells_of(document: Document, block: _Block, line: Sequence[Word]) -> _Line:
    label: list[str] = []
    cells: dict[str, str] = {}
    before: Word | None = None
    clear = block.columns[0].x0 - COLUMN_REACH
    for word in line:
        if word.x1 < clear:
            if word.x0 - (before.x1 if before else block.label_x0) > (CELL_GAP if before else INDENT):
                raise quarantined(
                    document.source_id, block.page, f"{text_of(line)!r}: {word.text!r} stands apart", "a column is new or has moved"
                )
            label.append(word.text)
            before = word
            continue
        column = _column_at(block, word)
        apart = before is None or word.x0 - before.x1 > CELL_GAP
        if column is None or not (apart or abs(word.x1 - column.x1) <= COLUMN_REACH or cells):
            if cells or (word.x0 > block.columns[0].x0 and apart):
                raise quarantined(
                    document.source_id,
                    block.page,
                    f"{text_of(line)!r}: {word.text!r} stands beside the columns",
                    "the table has another layout",
                )
            label.append(word.text)
        elif column.kind in cells:
            raise quarantined(
                document.source_id,
                block.page,
                f"{text_of(line)!r}: two cells, {cells[column.kind]!r} and {word.text!r}, in one column",
                "the columns cannot be told apart",
            )
        elif not (read_count(word.text) is not None or word.text in _DASHES):
            raise quarantined(
                document.source_id, block.page, f"{text_of(line)!r}: {word.text!r} is no count", "the cell is damaged or has another unit"
            )
        else:
            cells[column.kind] = word.text
        before = word
    return _Line(line[0].y, " ".join(label), cells)


def _column_at(block: _Block, word: Word) -> _Column | None:
    centre = (word.x0 + word.x1) / 2
    near = [column for column in block.columns if column.x0 - COLUMN_REACH <= centre <= column.x1 + COLUMN_REACH]
    return min(near, key=lambda column: abs((column.x0 + column.x1) / 2 - centre)) if near else None


def _row_groups(document: Document, block: _Block, lines: Sequence[_Line], pitch: float) -> Iterator[list[_Line]]:
    """Give the lines of each row: lines closer than rows are belong together, unless each is a row of its own."""
    group: list[_Line] = []
    for line in lines:
        if group and group[-1].y - line.y >= WRAP * pitch:
            yield from _parted(document, block, group)
            group = []
        group.append(line)
    if group:
        yield from _parted(document, block, group)


def _parted(document: Document, block: _Block, group: list[_Line]) -> Iterator[list[_Line]]:
    if len(group) == 1:
        yield group
        return
    complete = [line for line in group if line.label and line.cells]
    if len(complete) == len(group):
        yield from ([line] for line in group)
    elif len(complete) > 1:
        text = " / ".join(line.label for line in group)
        raise quarantined(
            document.source_id, block.page, f"{text!r}: lines stand too close to tell the rows apart", "a wrapped label is ambiguous"
        )
    else:
        yield group


def _row_of(document: Document, block: _Block, group: Sequence[_Line], kinds: Sequence[str], *, after_total: bool) -> Row | None:
    label = " ".join([line.label for line in group if line.label])
    cells: dict[str, str] = {}
    for line in group:
        for kind, cell in line.cells.items():
            if kind in cells:
                raise quarantined(document.source_id, block.page, f"{label!r}: two cells in one column", "the rows cannot be told apart")
            cells[kind] = cell
    if after_total and not cells:
        return None
    if after_total:
        raise quarantined(document.source_id, block.page, f"{label!r} stands below the total", "a row is outside the control total")
    if not label:
        raise quarantined(document.source_id, block.page, f"{' '.join(cells.values())!r} has no label", "the row cannot be named")
    if not cells:
        raise quarantined(document.source_id, block.page, f"{label!r} has no count", "a cell is missing or a wrapped label is ambiguous")
    if len(kinds) == 1 or is_total(label):
        for kind in kinds:
            if kind not in cells:
                raise quarantined(document.source_id, block.page, f"{label!r} has no count in the column {kind}", "a cell is missing")
    return Row(
        page=block.page,
        label=label,
        counts={kind: (0 if cells[kind] in _DASHES else read_count(cells[kind])) if kind in cells else None for kind in kinds},
        dashes=frozenset(kind for kind, cell in cells.items() if cell in _DASHES),
    )


def is_total(label: str) -> bool:
    """Say whether a row label is that of the total."""
    return bool(_TOTAL.fullmatch(label))


def prove_totals(document: Document, table: CountTable, what: str) -> None:
    """Check that the rows of every column add to its printed total.

    Args:
        document: for the error.
        table: the table with its total row.
        what: what the rows are, in the plural, for the error.

    Raises:
        PublicationError: a column does not add up.
    """
    for kind in table.kinds:
        added = sum(row.counts[kind] or 0 for row in table.rows)
        printed = table.total.counts[kind]
        if added != printed:
            raise quarantined(
                document.source_id,
                table.total.page,
                f"the {kind} of {len(table.rows)} {what} add to {added:,}, the printed total is {printed:,}",
                "a row was missed or misread, or the publication is inconsistent",
            )


def refuse_other_titles(document: Document, title: re.Pattern[str], expected: Sequence[str]) -> None:
    """Check that the title on the first pages is that of the expected publication; a publication without a title passes.

    Args:
        document: the pages.
        title: text of the title, with the word that tells the publications apart as its first group.
        expected: that word, lower case.

    Raises:
        PublicationError: the title is that of another publication.
    """
    for page in document.pages[:2]:
        for match in title.finditer(page.text):
            if match[1].lower() not in expected:
                raise quarantined(document.source_id, page.number, f"the title says {match[0]!r}", "this is another publication")


def year_of_data(document: Document, headings: Sequence[re.Pattern[str]], prose: Sequence[re.Pattern[str]] = ()) -> int:
    """Read the year of the data from every place that states it.

    Prose (which may compare years), the file title and the copyright line (of the following year; both are kept from edition to
    edition by mistake) can confirm a year, not contradict it.

    Args:
        document: the pages.
        headings: texts that state the year of the data, as their first group: all must agree.
        prose: texts that mention it.

    Raises:
        PublicationError: see `agreed_year`.
    """
    stated = []
    supporting = [int(year) for year in _YEAR.findall(document.title)]
    for page in document.pages:
        text = page.text
        stated += [(page.number, int(match[1])) for pattern in headings for match in pattern.finditer(text)]
        supporting += [int(match[1]) for pattern in prose for match in pattern.finditer(text)]
        supporting += [int(year) - 1 for year in _COPYRIGHT_YEAR.findall(text)]
    return agreed_year(document.source_id, stated, supporting)
