"""Damage to grids of cells, data files and web pages, and the judgement on what a parser made of it.

Belongs here: kinds of damage to the samples of `samples_federal`, and the judgement on documents that other publishers print.
Does not belong here: most damage to the words of PDF documents (mutations.py), the samples that are damaged and what may hide in
them (test_federal_mutations.py).
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from pipelines.conforming import ObservationError, conform
from pipelines.observations import SERIES_DIMENSIONS
from pipelines.pdf_tables import Document, read_document
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot
from tests.mutations import FILE_KINDS, KINDS, Outcome, flip_bytes, parser_of, truncate
from tests.samples_federal import snapshot_of, workbook_of, zipped

Row = tuple[object, ...]
Grid = list[list[str]]
Files = dict[str, Grid]
Uncontrolled = Callable[[Mapping[str, object]], bool]

_COMPARED = (*SERIES_DIMENSIONS, "period_start", "period_end", "obs_value", "value_qualifier", "obs_status", "published_on")
_NUMBER = re.compile(r"[0-9][0-9,]*(\.[0-9]+)?%?")
_YEAR = re.compile(r"(19|20)[0-9]{2}")


@dataclass(frozen=True)
class Case:
    """A sample, and what damage can hide in it.

    Attributes:
        name: in words.
        source_id: the parser.
        content: the sample.
        form: `zip` of CSV files, `xlsx`, `html`, `json` or `pdf`.
        uncontrolled: says of a figure whether a digit changed in it cannot be noticed.
        blind: kinds of damage that leave a consistent publication, and why.
    """

    name: str
    source_id: str
    content: bytes
    form: str
    uncontrolled: Uncontrolled
    blind: Mapping[str, str]


def figures_of(frame: pl.DataFrame, source_id: str) -> frozenset[Row]:
    return frozenset(conform(frame, source_id).select(_COMPARED).rows())


def read(case: Case, content: bytes, folder: Path) -> frozenset[Row]:
    module = importlib.import_module(f"pipelines.sources.{case.source_id}")
    return figures_of(module.parse(snapshot_of(folder, case.source_id, content)), case.source_id)


def judge(case: Case, kind: str, content: bytes, truth: frozenset[Row], folder: Path) -> Outcome:
    """Say what the parser made of a mutant: exactly the figures, a loud error, a declared blind spot, or a silent misread."""
    try:
        found = read(case, content, folder)
    except (PublicationError, ObservationError) as problem:
        return Outcome("loud", str(problem))
    if found == truth:
        return Outcome("exact", "")
    wrong, lost = found - truth, truth - found
    evidence = f"{sorted(map(str, wrong))[:2]} instead of {sorted(map(str, lost))[:2]}"
    value = _COMPARED.index("obs_value")
    same_cells = {row[:value] for row in wrong} == {row[:value] for row in lost}
    if kind in case.blind or (same_cells and all(case.uncontrolled(dict(zip(_COMPARED, row, strict=True))) for row in wrong)):
        return Outcome("blind", evidence)
    return Outcome("silent", evidence)


# --- numbers ------------------------------------------------------------------------------------------------------------------------


def change_digit(text: str, chance: random.Random) -> str:
    places = [index for index, sign in enumerate(text) if sign.isdigit()]
    place = chance.choice(places)
    return text[:place] + chance.choice([digit for digit in "123456789" if digit != text[place]]) + text[place + 1 :]


def drop_digit(text: str, chance: random.Random) -> str:
    place = chance.choice([index for index, sign in enumerate(text) if sign.isdigit()])
    return text[:place] + text[place + 1 :]


def glue_digit(text: str, chance: random.Random) -> str:
    return re.sub(r"([0-9])(%?)$", rf"\g<1>{chance.randint(1, 9)}\2", text)


def move_separator(text: str, chance: random.Random) -> str:
    return re.sub(r"([0-9]),([0-9])", r"\1\2,", text, count=1)


def lose_separator(text: str, chance: random.Random) -> str:
    return text.replace(",", "", 1)


def swap_digits(text: str, chance: random.Random) -> str:
    places = [index for index, (one, two) in enumerate(pairwise(text)) if one.isdigit() and two.isdigit() and one != two]
    if not places:
        return text
    place = chance.choice(places)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


NUMBER_EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "one digit changed": change_digit,
    "one digit lost": drop_digit,
    "footnote digit glued to a number": glue_digit,
    "thousands separator moved": move_separator,
    "thousands separator lost": lose_separator,
    "two digits exchanged": swap_digits,
    "letter in a number": lambda text, _chance: text.replace("0", "O", 1) if "0" in text else f"{text}l",
    "number negated": lambda text, _chance: f"-{text}",
    "decimal point in a count": lambda text, _chance: text.replace(",", ".", 1) if "," in text else f"{text}.5",
    "footnote letter glued to a number": lambda text, chance: f"{text}{chance.choice('abc')}",
    "percent sign gained or lost": lambda text, _chance: text[:-1] if text.endswith("%") else f"{text}%",
    "unit changed": lambda text, _chance: f"${text}",
    "number replaced by a dash": lambda _text, _chance: "--",
    "number removed": lambda _text, _chance: "",
}


# --- grids of cells -----------------------------------------------------------------------------------------------------------------


def grids_of(case: Case) -> Files:
    if case.form == "zip":
        with zipfile.ZipFile(io.BytesIO(case.content)) as archive:
            return {name: list(csv.reader(io.StringIO(archive.read(name).decode(), newline=""))) for name in archive.namelist()}
    workbook = fastexcel.read_excel(case.content)
    return {
        name: [
            [cell or "" for cell in line]
            for line in workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars().iter_rows()
        ]
        for name in workbook.sheet_names
    }


def written(case: Case, files: Files) -> bytes:
    if case.form == "xlsx":
        return workbook_of(files)
    texts = {}
    for name, grid in files.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(grid)
        texts[name] = text.getvalue()
    return zipped(texts)


def _number_cells(grid: Grid) -> list[tuple[int, int]]:
    return [
        (row, column)
        for row, line in enumerate(grid)
        for column, text in enumerate(line)
        if column and _NUMBER.fullmatch(text.strip()) and not _YEAR.fullmatch(text.strip())
    ]


def _body(grid: Grid) -> list[int]:
    return sorted({row for row, _ in _number_cells(grid)})


def _header(grid: Grid) -> list[int]:
    """The lines between the last lone cell above the first number, and that number."""
    first = _body(grid)[0]
    lone = [row for row in range(first) if sum(bool(text.strip()) for text in grid[row]) <= 1 and grid[row][0].strip()]
    return list(range((lone[-1] + 1) if lone else 0, first))


def _edit_cell(edit: Callable[[str, random.Random], str]) -> Callable[[Files, random.Random], Files | None]:
    def damage(files: Files, chance: random.Random) -> Files | None:
        name = chance.choice(list(files))
        row, column = chance.choice(_number_cells(files[name]))
        files[name][row][column] = edit(files[name][row][column], chance)
        return files

    return damage


def _rows(change: Callable[[Grid, list[int], random.Random], None]) -> Callable[[Files, random.Random], Files | None]:
    def damage(files: Files, chance: random.Random) -> Files | None:
        grid = files[chance.choice(list(files))]
        if len(_body(grid)) < 2:
            return None
        change(grid, _body(grid), chance)
        return files

    return damage


def _drop_row(grid: Grid, body: list[int], chance: random.Random) -> None:
    del grid[chance.choice(body)]


def _duplicate_row(grid: Grid, body: list[int], chance: random.Random) -> None:
    row = chance.choice(body)
    grid.insert(row, list(grid[row]))


def _exchange_rows(grid: Grid, body: list[int], chance: random.Random) -> None:
    one, two = chance.sample(body, 2)
    grid[one], grid[two] = grid[two], grid[one]


def _exchange_labels(grid: Grid, body: list[int], chance: random.Random) -> None:
    one, two = chance.sample(body, 2)
    for column in (0, 1):
        if not (_NUMBER.fullmatch(grid[one][column]) and column):
            grid[one][column], grid[two][column] = grid[two][column], grid[one][column]


def _exchange_numbers(grid: Grid, body: list[int], chance: random.Random) -> None:
    one, two = chance.sample(body, 2)
    column = chance.choice([column for row, column in _number_cells(grid) if row == one])
    grid[one][column], grid[two][column] = grid[two][column], grid[one][column]


def _wrap_row(grid: Grid, body: list[int], chance: random.Random) -> None:
    row = chance.choice(body)
    label = [*grid[row][:2], *[""] * (len(grid[row]) - 2)]
    grid[row][:2] = ["", ""]
    grid.insert(row, label)


def _damage_label(grid: Grid, body: list[int], chance: random.Random) -> None:
    row = chance.choice(body)
    column = 0 if grid[row][0].strip() else 1
    grid[row][column] += chance.choice([" (see text)", "x", " 2"])


def _merge_cells(grid: Grid, body: list[int], chance: random.Random) -> None:
    row = chance.choice(body)
    columns = [column for line, column in _number_cells(grid) if line == row]
    if len(columns) > 1:
        place = chance.randrange(len(columns) - 1)
        one, two = columns[place], columns[place + 1]
        grid[row][one], grid[row][two] = f"{grid[row][one]} {grid[row][two]}", ""


def _shift_row(grid: Grid, body: list[int], chance: random.Random) -> None:
    row = chance.choice(body)
    first = min(column for line, column in _number_cells(grid) if line == row)
    grid[row].insert(first, "")


def _columns(change: Callable[[Grid, list[int], list[int], random.Random], None]) -> Callable[[Files, random.Random], Files | None]:
    def damage(files: Files, chance: random.Random) -> Files | None:
        grid = files[chance.choice(list(files))]
        columns = sorted({column for _, column in _number_cells(grid)})
        if len(columns) < 2:
            return None
        change(grid, columns, _header(grid), chance)
        return files

    return damage


def _exchange_headers(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    row = chance.choice(header)
    filled = [column for column, text in enumerate(grid[row]) if text.strip() and column >= 2]
    if len(filled) > 1:
        one, two = chance.sample(filled, 2)
        grid[row][one], grid[row][two] = grid[row][two], grid[row][one]


def _rename_header(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    row = chance.choice(header)
    filled = [column for column, text in enumerate(grid[row]) if text.strip() and column >= 2]
    if filled:
        column = chance.choice(filled)
        grid[row][column] += chance.choice([" per 100,000", "x", " (thousands)"])


def _change_header_year(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    places = [(row, column) for row in header for column, text in enumerate(grid[row]) if _YEAR.search(text)]
    if places:
        row, column = chance.choice(places)
        grid[row][column] = _YEAR.sub(lambda match: str(int(match[0]) + chance.choice([-1, 1, 7])), grid[row][column], count=1)


def _drop_header(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    del grid[chance.choice(header)]


def _drop_column(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    column = chance.choice(columns)
    for row in _body(grid):
        if column < len(grid[row]):
            grid[row][column] = ""


def _exchange_columns(grid: Grid, columns: list[int], header: list[int], chance: random.Random) -> None:
    one, two = chance.sample(columns, 2)
    for row in _body(grid):
        grid[row][one], grid[row][two] = grid[row][two], grid[row][one]


def _files(change: Callable[[Files, random.Random], Files | None]) -> Callable[[Files, random.Random], Files | None]:
    return lambda files, chance: change(files, chance) if len(files) > 1 else None


def _drop_file(files: Files, chance: random.Random) -> Files:
    del files[chance.choice(list(files)[:-1])]
    return files


def _drop_last_file(files: Files, chance: random.Random) -> Files:
    del files[list(files)[-1]]
    return files


def _exchange_files(files: Files, chance: random.Random) -> Files:
    one, two = chance.sample(list(files), 2)
    files[one], files[two] = files[two], files[one]
    return files


def _repeat_file(files: Files, chance: random.Random) -> Files:
    name = chance.choice(list(files))
    files[f"copy of {name}"] = [list(line) for line in files[name]]
    return files


def _foreign_header(files: Files, chance: random.Random) -> Files | None:
    one, two = chance.sample(list(files), 2)
    there, here = files[two], files[one]
    here[_header(here)[0] : _header(here)[-1] + 1] = [list(line) for line in there[_header(there)[0] : _header(there)[-1] + 1]]
    return files


def _edit_text(pattern: str, replacement: str) -> Callable[[Files, random.Random], Files | None]:
    """Change a text in every line of one file above and below the table."""

    def damage(files: Files, chance: random.Random) -> Files | None:
        grid = files[chance.choice(list(files))]
        hit = False
        for line in grid:
            for column, text in enumerate(line):
                changed = re.sub(pattern, replacement, text)
                hit = hit or changed != text
                line[column] = changed
        return files if hit else None

    return damage


def _cut_rows(files: Files, chance: random.Random) -> Files:
    grid = files[chance.choice(list(files))]
    del grid[chance.choice(_body(grid)) :]
    return files


GRID_DAMAGE: dict[str, Callable[[Files, random.Random], Files | None]] = {
    **{name: _edit_cell(edit) for name, edit in NUMBER_EDITS.items()},
    "row dropped": _rows(_drop_row),
    "row duplicated": _rows(_duplicate_row),
    "rows exchanged": _rows(_exchange_rows),
    "labels exchanged": _rows(_exchange_labels),
    "numbers of two rows exchanged": _rows(_exchange_numbers),
    "row wrapped": _rows(_wrap_row),
    "label damaged": _rows(_damage_label),
    "cells merged": _rows(_merge_cells),
    "row shifted by one cell": _rows(_shift_row),
    "headers exchanged": _columns(_exchange_headers),
    "header renamed": _columns(_rename_header),
    "year in a header changed": _columns(_change_header_year),
    "header line dropped": _columns(_drop_header),
    "column emptied": _columns(_drop_column),
    "columns exchanged under their headers": _columns(_exchange_columns),
    "table dropped": _files(_drop_file),
    "last table dropped": _files(_drop_last_file),
    "tables exchanged": _files(_exchange_files),
    "table repeated": _files(_repeat_file),
    "header of another table": _files(_foreign_header),
    "title of another subject": _edit_text(r"^(Table \w+\. )", r"\1Time from "),
    "report of another name": _edit_text(r"(Report title: ).*", r"\1Another Report, 1999"),
    "calendar years": _edit_text(r"(?i)fiscal year(s?)", r"calendar year\1"),
    "table cut off": _cut_rows,
}

BYTE_DAMAGE = {"file truncated": truncate, "byte changed": flip_bytes}


# --- data files ---------------------------------------------------------------------------------------------------------------------


def _numbers_in(item: Mapping[str, Any]) -> list[str]:
    return [field for field, value in item.items() if isinstance(value, int)]


def json_mutant(case: Case, kind: str, chance: random.Random) -> bytes | None:
    """Damage a data file of the Global Platform."""
    content = json.loads(case.content)
    item = chance.choice(content["data"])
    holder = item.get("esps", item)
    fields = _numbers_in(holder)
    other = chance.choice([entry for entry in content["data"] if entry is not item])
    if kind in NUMBER_EDITS:
        if not fields:
            return None
        field = chance.choice(fields)
        edited = NUMBER_EDITS[kind](str(holder[field]), chance)
        holder[field] = int(edited) if re.fullmatch(r"-?[0-9]+", edited) else edited
    elif kind == "field dropped":
        del item[chance.choice(list(item))]
    elif kind == "field renamed":
        field = chance.choice([name for name in item if name not in ("continent", "us_mlat", "inhope_hotline", "isps")])
        item[f"{field}_new"] = item.pop(field)
    elif kind == "fields exchanged":
        if len(fields) < 2:
            return None
        one, two = chance.sample(fields, 2)
        holder[one], holder[two] = holder[two], holder[one]
    elif kind == "areas exchanged":
        item["localized_name_en"], other["localized_name_en"] = other["localized_name_en"], item["localized_name_en"]
    elif kind == "codes exchanged":
        item["id"], other["id"] = other.get("id"), item.get("id")
    elif kind == "area repeated":
        content["data"].append(dict(item))
    elif kind == "period of another file":
        content["period"] = chance.choice([each for each in ("2024Y", "2024H1", "2024H2", "2023Y", "2025H1") if each != content["period"]])
    elif kind == "months of another file":
        content["periodString"] = chance.choice(["January-June", "July-December", "January", ""]) + "."
    elif kind == "year changed":
        content["year"] += chance.choice([-1, 1])
    elif kind == "updated before the end":
        content["updated"] = "2023-01-01T00:00:00Z"
    elif kind == "threshold changed":
        quiet = [field for field, value in holder.items() if isinstance(value, str) and value.startswith("<")]
        if not quiet:
            return None
        holder[chance.choice(quiet)] = chance.choice(["<100", "<5", ">50", "50", 0])
    elif kind == "value of another type":
        if not fields:
            return None
        field = chance.choice(fields)
        holder[field] = chance.choice([float(holder[field]), None, True, [holder[field]], f"{holder[field]:,}"])
    elif kind == "unknown count":
        item["incident_type_something_new"] = 100
    elif kind == "data list emptied":
        content["data"] = []
    else:
        raise AssertionError(kind)
    return json.dumps(content).encode()


JSON_KINDS = (
    *NUMBER_EDITS, "field dropped", "field renamed", "fields exchanged", "areas exchanged", "codes exchanged", "area repeated",
    "period of another file", "months of another file", "year changed", "updated before the end", "threshold changed",
    "value of another type", "unknown count", "data list emptied",
)  # fmt: skip


# --- web pages ----------------------------------------------------------------------------------------------------------------------


def _replace_one(text: str, pattern: str, edit: Callable[[re.Match[str]], str], chance: random.Random) -> str | None:
    matches = list(re.finditer(pattern, text))
    if not matches:
        return None
    match = chance.choice(matches)
    return text[: match.start()] + edit(match) + text[match.end() :]


def html_mutant(case: Case, kind: str, chance: random.Random) -> bytes | None:
    """Damage a page: its numbers, rows, cells, headers and sentences."""
    text = case.content.decode()
    number, row = r"(?<![0-9,.])[0-9][0-9,]*(?:\.[0-9]+)?%?(?![0-9,])", r"<(?:tr|li)>.*?</(?:tr|li)>"
    lines = re.findall(row, text, re.DOTALL)
    changed: str | None
    if kind in NUMBER_EDITS:
        changed = _replace_one(text, number, lambda match: NUMBER_EDITS[kind](match[0], chance), chance)
    elif kind == "row dropped":
        changed = text.replace(chance.choice(lines), "", 1) if lines else None
    elif kind == "row duplicated":
        line = chance.choice(lines) if lines else ""
        changed = text.replace(line, line + line, 1) if line else None
    elif kind == "cell dropped":
        changed = _replace_one(text, r"<td>.*?</td>", lambda _match: "", chance)
    elif kind == "cells merged":
        changed = _replace_one(text, r"</td><td>", lambda _match: " ", chance)
    elif kind == "cell spans two columns":
        changed = _replace_one(text, r"<td>(?=[0-9])", lambda _match: '<td colspan="2">', chance)
    elif kind == "years exchanged":
        years = sorted(set(re.findall(r"(?<![0-9,])20[0-9]{2}(?![0-9,])", text)))
        changed = None
        if len(years) > 1:
            swap = dict(zip(years, reversed(years), strict=True))
            changed = re.sub(r"(?<![0-9,])20[0-9]{2}(?![0-9,])", lambda match: swap[match[0]], text)
    elif kind == "one year changed":
        changed = _replace_one(
            text, r"(?<![0-9,])20[0-9]{2}(?![0-9,])", lambda match: str(int(match[0]) + chance.choice([-2, -1, 1, 2])), chance
        )
    elif kind == "word changed":
        changed = _replace_one(text, r"(?<=[ >])[A-Z][a-z]{3,}(?=[ <.])", lambda match: match[0][::-1], chance)
    elif kind == "month changed":
        changed = text.replace("June 30", "June 29").replace("Jan. 1", chance.choice(["Jan. 1", "Feb. 1", "July 1"]))
    elif kind == "table repeated":
        changed = text.replace("</body>", "".join(re.findall(r"<table>.*?</table>", text, re.DOTALL)) + "</body>")
    elif kind == "sentence of another year appended":
        changed = text.replace("</body>", "<p>Of the 60,000 cases reported in FY 2011, 1,000 involved something.</p></body>")
    elif kind == "another page":
        changed = "<html><body><h1>Page not found</h1><p>Error 404</p></body></html>"
    else:
        raise AssertionError(kind)
    return None if changed is None else changed.encode()


HTML_KINDS = (
    *NUMBER_EDITS, "row dropped", "row duplicated", "cell dropped", "cells merged", "cell spans two columns", "years exchanged",
    "one year changed", "word changed", "month changed", "table repeated", "another page",
)  # fmt: skip


def mutant(case: Case, kind: str, chance: random.Random) -> bytes | None:
    """Make one mutant; None where the kind does not apply."""
    if kind in BYTE_DAMAGE:
        return BYTE_DAMAGE[kind](case.content, chance)
    if case.form == "json":
        return json_mutant(case, kind, chance)
    if case.form == "html":
        return html_mutant(case, kind, chance)
    damaged = GRID_DAMAGE[kind](grids_of(case), chance)
    return None if damaged is None else written(case, damaged)


def kinds_of(case: Case) -> tuple[str, ...]:
    own: Mapping[str, tuple[str, ...]] = {"json": JSON_KINDS, "html": HTML_KINDS, "zip": tuple(GRID_DAMAGE), "xlsx": tuple(GRID_DAMAGE)}
    return (*own[case.form], *BYTE_DAMAGE)


# --- documents ------------------------------------------------------------------------------------------------------------------------

#: damage to words that needs the headers or titles of another publisher, or is none here
_NOT_APPLICABLE = ("file dated before the end of the year", "title of another publication", "years of two columns swapped")


@dataclass(frozen=True)
class DocumentCase:
    """A document in PDF, and the kinds of damage after which every printed sum still holds."""

    name: str
    source_id: str
    content: bytes
    blind: tuple[str, ...]


def _edit_words(pattern: str, edit: Callable[[str, random.Random], str | None]) -> Callable[[Document, random.Random], Document | None]:
    """Change or remove one of the words that fit a pattern, wherever it stands."""

    def damage(document: Document, chance: random.Random) -> Document | None:
        places = [
            (number, index)
            for number, page in enumerate(document.pages)
            for index, word in enumerate(page.words)
            if re.fullmatch(pattern, word.text)
        ]
        if not places:
            return None
        number, index = chance.choice(places)
        page = document.pages[number]
        text = edit(page.words[index].text, chance)
        changed = () if text is None else (page.words[index]._replace(text=text),)
        pages = list(document.pages)
        pages[number] = replace(page, words=(*page.words[:index], *changed, *page.words[index + 1 :]))
        return replace(document, pages=tuple(pages))

    return damage


_WORDS_DAMAGE: dict[str, Callable[[Document, random.Random], Document | None]] = {
    "any word damaged": _edit_words(r"[A-Za-z]{2,}.*", lambda text, chance: chance.choice([text[1:], f"{text}x", text[::-1]])),
    "any word lost": _edit_words(r".*[A-Za-z].*", lambda _text, _chance: None),
    "any number lost": _edit_words(r"[0-9][0-9,.]*", lambda _text, _chance: None),
    "one year changed": _edit_words(r"(19|20)[0-9]{2}", lambda text, chance: str(int(text) + chance.choice([-2, -1, 1, 2]))),
}
DOCUMENT_KINDS = (*(kind.name for kind in KINDS if kind.name not in _NOT_APPLICABLE), *_WORDS_DAMAGE, *FILE_KINDS)


@cache
def read_whole(case: DocumentCase, folder: Path) -> tuple[Document, Snapshot, frozenset[Row]]:
    """Read a document as it is: its words, its snapshot, its figures."""
    snapshot = snapshot_of(folder, case.source_id, case.content, f"{case.name}.pdf")
    document = read_document(case.source_id, snapshot.path)
    return document, snapshot, figures_of(parser_of(case.source_id).parse_document(document, snapshot), case.source_id)


def judge_document(case: DocumentCase, kind: str, chance: random.Random, folder: Path) -> Outcome | None:
    """Damage a document once and judge what its parser made of it; None where the kind does not apply."""
    document, snapshot, truth = read_whole(case, folder)
    parser = parser_of(case.source_id)
    file, damaged = b"", None
    try:
        if kind in FILE_KINDS:
            file = FILE_KINDS[kind](case.content, chance)
        else:
            damaged = (_WORDS_DAMAGE.get(kind) or next(each.damage for each in KINDS if each.name == kind))(document, chance)
    except (IndexError, ValueError):
        return None  # the kind looks for words or pages that this document does not have
    if kind not in FILE_KINDS and (damaged is None or damaged == document):
        return None
    try:
        if damaged is None:
            # the file may lose its date, which is given instead
            dated = next(row[-1] for row in truth)
            frame = parser.parse(snapshot_of(folder, case.source_id, file, "mutant.pdf", published_on=dated))
        else:
            frame = parser.parse_document(damaged, snapshot)
        found = figures_of(frame, case.source_id)
    except (PublicationError, ObservationError) as problem:
        return Outcome("loud", str(problem))
    if found == truth:
        return Outcome("exact", "")
    evidence = f"{sorted(map(str, found - truth))[:2]} instead of {sorted(map(str, truth - found))[:2]}"
    return Outcome("blind" if kind in case.blind else "silent", evidence)
