"""Tables given as grids of cells: CSV files (alone or in a zip archive) and worksheets, rebuilt as labels, headers and cells.

Belongs here: reading such files, finding where headers end and rows begin, printed cells (numbers, sentinels, footnote marks), sums.
Does not belong here: what a label or a number means (bjs_tables.py, sources/).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl

from pipelines.archives import ArchiveError, ArchiveLimits, list_members, open_member
from pipelines.publications import PublicationError, quarantined

#: what a file without a name of its own is called in errors and locators
LONE_FILE = "the file"
#: depth that one column to the right adds to a row label; blanks before it add one each
LEVEL_OF_COLUMN = 100
#: cells that stand for a value that is not there
SENTINELS = ("/", "~", "-", "--", "–", "—", "...", "…", ":")
_NUMBER = re.compile(
    r"(?P<sign>-)?(?P<dollar>\$ ?)?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?P<decimals>\.[0-9]+)?"
    r"(?P<percent> ?%)?(?P<months> ?mos?\.?)?"
)
_MARKS = re.compile(r"(?:/[a-z](?:,[a-z])*|[*†‡!]+)$")
_MARKED_VALUE = re.compile(r"(?P<value>.*?[0-9%])(?P<marks>/[a-z](?:,[a-z])*|\*+|†+|‡+|!)")
_LONE_MARKS = re.compile(r"[a-z](?:,[a-z])*|/[a-z](?:,[a-z])*|\*+|†+|‡+|!")
_NOTES = re.compile(r"(notes?|sources?)\b\s*:.*|(\*+|†+|‡+|[a-z]/|/|~|--|–|—|:|\.\.\.|…|!).+", re.IGNORECASE | re.DOTALL)
_YEAR = re.compile(r"(?:fy |fiscal year )?(?:19|20)[0-9]{2}", re.IGNORECASE)
_MAX_CELLS = 2_000_000
_MAX_COLUMNS = 5_000
#: a cell takes four elements, and their ends
_MAX_ELEMENTS = 10_000_000
_WORKBOOK_LIMITS = ArchiveLimits(max_members=2_000, max_total_bytes=200 << 20)
_CSV_LIMITS = ArchiveLimits(max_members=2_000, max_total_bytes=100 << 20)
#: `r` of a row (a number) or of a cell (letters and a number), `ref` of the whole worksheet or of merged cells
_REFERENCE = re.compile(rb"""\b(?:r|ref)\s*=\s*["']\s*(?:[A-Za-z$]+[0-9$]+:)?([A-Za-z$]*)([0-9]+)""")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_PIECE = 1 << 20
_LONGEST_TAG = 1 << 20
#: letters and digits of the last cell of a worksheet
_LONGEST_PLACE = (3, 7)


@dataclass(frozen=True)
class Grid:
    """The cells of one CSV file or worksheet, as text.

    Attributes:
        place: its name, for errors and locators.
        lines: cells of every line, white space trimmed on the right only.
    """

    place: str
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Cell:
    """One printed cell.

    Attributes:
        text: digits as printed, without separators, signs and marks; empty for a sentinel.
        unit: what the cell itself says it is: percent, usd, months, or empty.
        sentinel: the sign that stands for a missing value, or empty.
        marks: footnote marks.
    """

    text: str
    unit: str
    sentinel: str
    marks: str

    @property
    def is_whole(self) -> bool:
        """Whether the cell is a whole number."""
        return self.text.isdigit()


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: line in the grid, from 1.
        label: its label, without footnote marks.
        level: depth of the label (column and indentation).
        cells: one per column; None for an empty one.
    """

    line: int
    label: str
    level: int
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Table:
    """One table of a grid.

    Attributes:
        place: name of the grid.
        columns: for each column the headers above it, from the top.
        rows: rows in printed order; headings without any cell have only None.
        notes: lines below the table.
        corner: what stands above the labels.
    """

    place: str
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    corner: tuple[str, ...]


def read_csv_grids(source_id: str, path: Path) -> tuple[Grid, ...]:
    """Read a CSV file, or every CSV file of a zip archive.

    Raises:
        PublicationError: the archive is refused, damaged, or holds no CSV file; a file is no text or no CSV.
    """
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"PK"
    if not zipped:
        return (_csv_grid(source_id, path.name if path.suffix == ".csv" else LONE_FILE, path.read_bytes()),)
    try:
        names = [member.name for member in list_members(path, _CSV_LIMITS) if member.name.lower().endswith(".csv")]
        grids = []
        for name in names:
            with open_member(path, name, _CSV_LIMITS) as stream:
                grids.append(_csv_grid(source_id, name.rsplit("/", 1)[-1], stream.read()))
    except ArchiveError as problem:
        raise quarantined(source_id, None, f"the archive cannot be read ({problem})", "the download is damaged") from None
    if not grids:
        raise quarantined(source_id, None, "the archive holds no CSV file", "this is another file")
    places = [grid.place.casefold() for grid in grids]
    if len(set(places)) < len(places):
        raise quarantined(source_id, None, "two files of the archive have one name", "it is not certain which table holds")
    return tuple(grids)


def _csv_grid(source_id: str, place: str, content: bytes) -> Grid:
    text = ""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    if not text.strip() or "\x00" in text:
        raise quarantined(source_id, None, f"{place}: the file holds no text", "the file is damaged or another one")
    try:
        lines = tuple(tuple(cell.rstrip() for cell in line) for line in csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as problem:
        raise quarantined(source_id, None, f"{place}: the file is no CSV ({problem})", "the file is damaged or another one") from None
    return Grid(place, lines)


def read_worksheets(source_id: str, path: Path) -> tuple[Grid, ...]:
    """Read every worksheet of a workbook (XLSX or XLS) as text.

    Raises:
        PublicationError: the file is no workbook, or too large.
    """
    try:
        with path.open("rb") as stream:
            zipped = stream.read(2) == b"PK"
        if zipped:
            _refuse_wide_worksheets(source_id, path)
        workbook = fastexcel.read_excel(path.read_bytes())
        grids = []
        for name in workbook.sheet_names:
            frame = workbook.load_sheet(name, header_row=None, dtypes="string", skip_rows=0).to_polars()
            if frame.width * frame.height > _MAX_CELLS:
                raise quarantined(source_id, None, f"worksheet {name!r} has {frame.width * frame.height:,} cells", "this is another file")
            grids.append(Grid(name, tuple(tuple(_plain(cell) for cell in line) for line in frame.iter_rows())))
    except ArchiveError as problem:
        raise quarantined(source_id, None, f"the workbook cannot be read ({problem})", "the download is damaged") from None
    except (fastexcel.FastExcelError, pl.exceptions.PanicException) as problem:
        raise quarantined(source_id, None, f"the file is no workbook ({problem})", "the download is damaged or another file") from None
    return tuple(grids)


def _refuse_wide_worksheets(source_id: str, path: Path) -> None:
    """Refuse a workbook of which a worksheet reaches further than a table does.

    The library takes room for every cell between the first and the last one that is named, and ends the process if there is not enough.
    """
    names = [member.name for member in list_members(path, _WORKBOOK_LIMITS)]
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= set(names):
        raise quarantined(source_id, None, "the archive is no workbook in XLSX", "this is another file")
    for name in names:
        rows = columns = elements = 0
        with open_member(path, name, _WORKBOOK_LIMITS) as stream:
            held = b""
            while piece := stream.read(_PIECE):
                elements += piece.count(b"<")
                # an element may lie across two pieces
                text, tag, held = (held + piece).rpartition(b"<")
                held = tag + held
                if _DECLARATION.search(text) or (name.endswith(".xml") and len(held) > _LONGEST_TAG):
                    raise quarantined(source_id, None, f"{name} is no worksheet that a spreadsheet program writes", "it is made to do harm")
                rows, columns = _furthest(text, rows, columns)
            rows, columns = _furthest(held, rows, columns)
        if max(columns, 1) * rows > _MAX_CELLS or columns > _MAX_COLUMNS or elements > _MAX_ELEMENTS:
            what = f"{name} reaches to row {rows:,} and column {columns:,} with {elements:,} elements"
            raise quarantined(source_id, None, what, "this is another file, or made to do harm")


def _furthest(text: bytes, rows: int, columns: int) -> tuple[int, int]:
    """Give the highest row and column that the elements name; beyond any worksheet where a name is too long."""
    letters, digits = _LONGEST_PLACE
    for match in _REFERENCE.finditer(text):
        columns = max(columns, _MAX_CELLS + 1 if len(match[1]) > letters else _column_number(match[1]))
        rows = max(rows, _MAX_CELLS + 1 if len(match[2]) > digits else int(match[2]))
    return rows, columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper().replace(b"$", b""):
        number = number * 26 + letter - ord("A") + 1
    return number


def _plain(cell: str | None) -> str:
    if cell is None:
        return ""
    # a whole number kept as a floating-point one is the same number
    return re.sub(r"^([0-9]+)\.0$", r"\1", cell.rstrip())


def read_cell(text: str) -> Cell | None:
    """Read a printed cell: a number with its unit, or a sentinel; None if it is neither."""
    text = text.strip()
    marks = ""
    if text in SENTINELS:
        return Cell("", "", text, "")
    if match := _MARKED_VALUE.fullmatch(text):
        text, marks = match["value"], match["marks"]
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    units = [name for name, group in (("usd", "dollar"), ("percent", "percent"), ("months", "months")) if match[group]]
    if len(units) > 1:
        return None
    return Cell((match["sign"] or "") + match["digits"].replace(",", "") + (match["decimals"] or ""), units[0] if units else "", "", marks)


def is_year(text: str) -> bool:
    """Say whether a cell is a year, as headers and row labels give one."""
    return bool(_YEAR.fullmatch(_MARKS.sub("", text.strip())))


def without_marks(label: str) -> str:
    """Take footnote marks off a label and write it in one line."""
    return " ".join(_MARKS.sub("", " ".join(label.split())).rstrip(":").split())


def read_table(source_id: str, grid: Grid, first: int) -> Table:
    """Rebuild the table that starts with its headers at a line of a grid.

    Args:
        source_id: catalogue key, for errors.
        grid: the cells.
        first: index of the first line below the title.

    Raises:
        PublicationError: headers and rows cannot be told apart, two columns have one header, or a cell stands outside the columns.
    """

    def refused(line: int, what: str, meaning: str) -> PublicationError:
        return quarantined(source_id, None, f"{grid.place}: line {line}: {what}", meaning)

    header_lines, body, notes = _regions(grid, first)
    if not header_lines or not body:
        raise refused(first + 1, "no headers with rows below them", "this is another table")
    places = sorted({place for _, line in body for place, text in enumerate(line) if place and _is_value(text)})
    if not places:
        raise refused(body[0][0], "no column holds a number", "this is another table")
    start = min(places)
    values = [place for place in places if any(_is_value(line[place]) for _, line in body if place < len(line))]
    columns = [tuple(_header_of(line, place, start, values) for _, line in header_lines) for place in values]
    columns = [tuple(without_marks(part) for part in column if part) for column in columns]
    for number, line in header_lines:
        used = {_header_place(line, place, start, values) for place in values}
        for place, text in enumerate(line):
            if place and text.strip() and place not in used:
                raise refused(number, f"no number stands under the header {text.strip()!r}", "a column is missing or was moved")
    for place, column in zip(values, columns, strict=True):
        if not column:
            raise refused(header_lines[0][0], f"column {place + 1} has no header", "it is not certain what it counts")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise refused(header_lines[-1][0], f"two columns are headed {' / '.join(twice)!r}", "the columns cannot be told apart")
    rows = [_row(refused, number, line, start, values) for number, line in body]
    corner = tuple(" ".join(part for part in line[:start] if part) for _, line in header_lines)
    return Table(grid.place, tuple(columns), tuple(rows), tuple(notes), tuple(part for part in corner if part))


def _is_value(text: str) -> bool:
    return bool(text.strip()) and read_cell(text) is not None


def _regions(grid: Grid, first: int) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[int, tuple[str, ...]]], list[str]]:
    headers: list[tuple[int, tuple[str, ...]]] = []
    body: list[tuple[int, tuple[str, ...]]] = []
    notes: list[str] = []
    for number, line in enumerate(grid.lines[first:], start=first + 1):
        filled = [text.strip() for text in line if text.strip()]
        if not filled:
            continue
        if notes or (body and len(filled) == 1 and _NOTES.fullmatch(filled[0])):
            notes.append(" ".join(filled))
        elif body or _starts_body(line):
            body.append((number, line))
        else:
            headers.append((number, line))
    return headers, body, notes


def _starts_body(line: Sequence[str]) -> bool:
    """Say whether a line is the first row: a label, then a value that is no year (or beside a label that is one)."""
    filled = [(place, text) for place, text in enumerate(line) if text.strip()]
    if len(filled) < 2:
        return False
    values = [text for _, text in filled[1:] if _is_value(text)]
    row_of_year = filled[0][0] == 0 and is_year(filled[0][1])
    return bool(values) and (row_of_year or not all(is_year(text) for text in values)) and not _is_header_beside(filled)


def _is_header_beside(filled: Sequence[tuple[int, str]]) -> bool:
    """Say whether words stand among the cells: then the line is a header that names years or numbers."""
    return any(not _is_value(text) and not _LONE_MARKS.fullmatch(text.strip()) and text.strip() != "%" for _, text in filled[2:])


def _header_of(line: Sequence[str], place: int, start: int, values: Sequence[int]) -> str:
    header = _header_place(line, place, start, values)
    return "" if header is None else line[header].strip()


def _header_place(line: Sequence[str], place: int, start: int, values: Sequence[int]) -> int | None:
    """Find the header of a column in one line: above it, or else to its left, where it spans several columns."""
    left = [column for column in range(start, min(place, len(line) - 1) + 1) if line[column].strip()]
    if left:
        return left[-1]
    # the first header may stand over the empty column between the labels and the first numbers
    before = [column for column in range(1, min(start, len(line))) if line[column].strip()]
    return before[-1] if before and place == values[0] else None


def _row(refused: Callable[[int, str, str], PublicationError], number: int, line: Sequence[str], start: int, values: Sequence[int]) -> Row:
    labels = [(place, text) for place, text in enumerate(line[:start]) if text.strip()]
    words = [(place, text) for place, text in labels if not _LONE_MARKS.fullmatch(text.strip()) or place == labels[0][0]]
    if len(words) != 1:
        raise refused(number, f"{len(words)} labels, expected one", "the row cannot be named")
    place, label = words[0]
    indent = len(label) - len(label.lstrip(" \u00a0"))
    cells: dict[int, Cell] = {}
    for column, text in enumerate(line):
        if column < start or not text.strip():
            continue
        cell = read_cell(text)
        if column in values and cell is not None:
            cells[column] = cell
            continue
        owner = max((value for value in cells if value < column), default=None)
        if owner is None or not (_LONE_MARKS.fullmatch(text.strip()) or text.strip() == "%"):
            raise refused(
                number, f"{text.strip()!r} in the row {without_marks(label)!r} is no number", "the cell is damaged or has another unit"
            )
        known = cells[owner]
        if text.strip() == "%":
            if known.unit not in ("", "percent") or known.sentinel:
                raise refused(number, f"a percent sign beside {known.unit or known.sentinel!r}", "the unit is not certain")
            cells[owner] = Cell(known.text, "percent", "", known.marks)
        else:
            cells[owner] = Cell(known.text, known.unit, known.sentinel, known.marks + text.strip())
    return Row(number, without_marks(label), LEVEL_OF_COLUMN * place + indent, tuple(cells.get(value) for value in values))


def children_of(rows: Sequence[Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Give every row that has rows below it in depth, with those one step deeper."""
    for index, row in enumerate(rows):
        below: list[Row] = []
        for other in rows[index + 1 :]:
            if other.level <= row.level:
                break
            below.append(other)
        if below:
            step = min(other.level for other in below)
            yield row, [other for other in below if other.level == step]
