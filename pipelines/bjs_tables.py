"""Table archives of the Bureau of Justice Statistics: titles, fiscal years, headings, and what proves the numbers.

Belongs here: the layout that all its CSV tables share, and `catalog/bjs_table_labels.csv`, which says what titles and headings mean.
Does not belong here: offenses, scopes and publications (sources/); reading cells (grid_tables.py). No layout of these archives has been
seen; where a title, a heading or a label is not known, the publication is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.grid_tables import (
    LEVEL_OF_COLUMN,
    LONE_FILE,
    Cell,
    Grid,
    Row,
    Table,
    children_of,
    is_year,
    read_csv_grids,
    read_table,
    without_marks,
)
from pipelines.publications import Fingerprint, PublicationError, quarantined
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

LABELS = PROJECT / "catalog" / "bjs_table_labels.csv"

_TITLE = re.compile(
    r"(?P<name>(?P<kind>(?:appendix |web )?(?:table|figure|map)) (?P<number>[0-9]+)(?:\.(?P<minor>[0-9]+))?[a-z]?)\. .+", re.IGNORECASE
)
_STATED_TITLE = re.compile(r"report(?: title)?: ?(.+)", re.IGNORECASE)
_FILENAME = re.compile(r"filename: ?(\S+)", re.IGNORECASE)
_DATE = re.compile(r"date(?: of version)?: ?([0-9]{1,2})/([0-9]{1,2})/((?:19|20)?[0-9]{2})", re.IGNORECASE)
_FISCAL = re.compile(r"fiscal years?|\bfy ?(?:19|20)?[0-9]{2}|october 1", re.IGNORECASE)
_CALENDAR = re.compile(r"calendar years?|january 1", re.IGNORECASE)
_RANGE = re.compile(r"\b((?:19|20)[0-9]{2}) ?[-–—] ?((?:19|20)[0-9]{2})\b")
_YEARS = re.compile(r"\b(?:19|20)[0-9]{2}\b")
_INCOMPLETE = re.compile(r"not sum|not add|not shown|exclude|missing|unknown|could not be determined|more than one", re.IGNORECASE)
_LESS_THAN = re.compile(r"-- ?less than ([0-9.]+) ?%?", re.IGNORECASE)
_TOTALS = ("total", "all offenses", "all offences")
_LONGEST_RANGE = 40
#: measure -> unit of count, statistical population
_COUNTED: Mapping[str, tuple[str, str]] = {
    "arrests": ("arrest", "usms_bookings"),
    "suspects_referred": ("suspect_in_matter", "usao_matters_received"),
    "suspects_in_matters_concluded": ("suspect_in_matter", "usao_matters_concluded"),
    "suspects_prosecuted": ("suspect_in_matter", "usao_matters_concluded"),
    "suspects_declined": ("suspect_in_matter", "usao_matters_concluded"),
    "suspects_disposed_by_magistrate": ("suspect_in_matter", "usao_matters_concluded"),
    "defendants_charged": ("defendant_in_case", "usdc_cases_filed"),
    "defendants_terminated": ("defendant_in_case", "usdc_cases_terminated"),
    "defendants_convicted": ("defendant_in_case", "usdc_cases_terminated"),
    "defendants_not_convicted": ("defendant_in_case", "usdc_cases_terminated"),
    "defendants_sentenced_to_prison": ("defendant_in_case", "usdc_defendants_convicted"),
    "prison_term_imposed": ("defendant_in_case", "usdc_defendants_convicted"),
}
#: whole -> parts that together are the whole
_PARTITIONS: Mapping[str, tuple[str, ...]] = {
    "suspects_in_matters_concluded": ("suspects_prosecuted", "suspects_declined", "suspects_disposed_by_magistrate"),
    "defendants_terminated": ("defendants_convicted", "defendants_not_convicted"),
}
#: measure -> the measure that its percentages are shares of, where headings name both
_SHARES = {part: whole for whole, parts in _PARTITIONS.items() for part in parts} | {
    "defendants_sentenced_to_prison": "defendants_convicted"
}
#: measure that a title names -> measures that headings may name below it; a title that names stages allows all
_BELOW: Mapping[str, tuple[str, ...]] = {
    "suspects_in_matters_concluded": _PARTITIONS["suspects_in_matters_concluded"],
    "defendants_terminated": _PARTITIONS["defendants_terminated"],
    "defendants_convicted": ("defendants_sentenced_to_prison", "prison_term_imposed"),
}
_MISSING = {"/": ("O", "Printed as not reported."), "~": ("M", "Printed as not applicable.")}


class Scope(NamedTuple):
    """What one offense label stands for.

    Attributes:
        offense_scope: code of the classification.
        offense: value of `offense` in the breakdown; empty for the whole scope.
    """

    offense_scope: str
    offense: str = ""


@dataclass(frozen=True)
class Publication:
    """What a source expects of its archive.

    Attributes:
        source_id: catalogue key.
        title: title of the publication; every table that states one must match.
        total: scope of rows and tables without an offense.
        offenses: offense label, lower case -> its scope.
        other_offenses: whether labels of other offenses may stand in the tables; they are left out.
    """

    source_id: str
    title: re.Pattern[str]
    total: Scope
    offenses: Mapping[str, Scope]
    other_offenses: bool = False


@dataclass(frozen=True)
class _Reading:
    """One cell with its meaning."""

    measure: str
    unit_measure: str
    years: tuple[int, int]
    scope: Scope
    extra: tuple[tuple[str, str], ...]
    cell: Cell
    locator: str
    notes: tuple[str, ...] = ()

    @property
    def series(self) -> tuple[object, ...]:
        return (self.measure, self.unit_measure, self.years, self.scope, self.extra)


@dataclass(frozen=True)
class Archive:
    """Everything read from one archive.

    Attributes:
        rows: one observation each, as text.
        published_on: date of the version, if the files agree on one.
        fingerprint: titles and headings.
    """

    rows: tuple[dict[str, str | None], ...]
    published_on: str | None
    fingerprint: Fingerprint


@dataclass(frozen=True)
class _Head:
    title: str
    name: str
    number: tuple[str, int, int]
    first: int
    lines: tuple[str, ...]


def read_archive(publication: Publication, snapshot: Snapshot) -> Archive:
    """Read every table of an archive that bears on the publication's subject.

    Raises:
        PublicationError: a table cannot be read with certainty, two tables contradict each other, or none is there.
    """
    source_id = publication.source_id
    readings: dict[tuple[object, ...], _Reading] = {}
    rows: list[dict[str, str | None]] = []
    dates: set[str] = set()
    headers: list[str] = []
    labels: list[str] = []
    notes: list[str] = []
    order: dict[tuple[Scope, Scope], str] = {}
    parts_of: dict[str, frozenset[str]] = {}
    grids = read_csv_grids(source_id, snapshot.path)
    heads = [(grid, head) for grid in grids if (head := _head(publication, grid)) is not None]
    if len(grids) > 1 or grids[0].place != LONE_FILE:
        _prove_numbers(publication, [head.number for _, head in heads])
    for grid, head in heads:
        dates |= set(_dates(source_id, grid, head))
        kind = _title_meaning(source_id, grid, head.title)
        if "ignore" in kind:
            headers.append(f"{grid.place}: not read")
            continue
        table = read_table(source_id, grid, head.first)
        headers += [head.title, *(" / ".join(column) for column in table.columns)]
        labels += [row.label for row in table.rows]
        notes += table.notes
        found = list(_readings(publication, table, head, kind))
        _prove(publication, table, found)
        _prove_order(publication, table, head, found, order, parts_of)
        for reading in found:
            known = readings.setdefault(reading.series, reading)
            if known.cell.text != reading.cell.text or known.cell.sentinel != reading.cell.sentinel:
                raise quarantined(
                    source_id,
                    None,
                    f"{reading.locator} has {reading.cell.text!r}, {known.locator} has {known.cell.text!r}",
                    "the tables contradict each other",
                )
            if known is reading and reading.measure != "defendants_not_convicted" and not _is_whole(publication, reading):
                rows.append(_observation(publication, reading, found))
    if not rows:
        raise quarantined(
            source_id, None, "no table bears on the subject of the publication", "this is another archive, or its titles have changed"
        )
    if len(dates) > 1:
        raise quarantined(source_id, None, f"files are dated {', '.join(sorted(dates))}", "files of two editions are mixed")
    latest = max(years[1] for years in (reading.years for reading in readings.values()))
    published_on = snapshot.published_on or next(iter(dates), None)
    if published_on is not None and int(published_on[:4]) < latest:
        raise quarantined(source_id, None, f"published on {published_on} and has figures of {latest}", "the period is not certain")
    return Archive(tuple(rows), published_on, Fingerprint(tuple(headers), tuple(labels), (), tuple(notes)))


def _refused(source_id: str, place: str, what: str, meaning: str) -> PublicationError:
    return quarantined(source_id, None, f"{place}: {what}", meaning)


def _head(publication: Publication, grid: Grid) -> _Head | None:
    """Find the title, and check that file name, publication and repeated title agree; None for a figure or map."""
    lone = [
        (index, line[0].strip()) for index, line in enumerate(grid.lines) if line and line[0].strip() and not any(map(str.strip, line[1:]))
    ]
    titles = [(index, " ".join(text.split())) for index, text in lone if _TITLE.fullmatch(text)]
    if not titles:
        raise _refused(publication.source_id, grid.place, "no line is the title of a table", "the file has another layout")
    if len({text.casefold() for _, text in titles}) > 1:
        raise _refused(publication.source_id, grid.place, "two titles", "it is not certain which table this is")
    last = titles[-1][0]
    lines = tuple(text for index, text in lone if index < last)
    for text in lines:
        if (name := _FILENAME.fullmatch(text)) and name[1].casefold() != grid.place.casefold() and grid.place != LONE_FILE:
            raise _refused(publication.source_id, grid.place, f"the file calls itself {name[1]!r}", "files were exchanged")
        if (stated := _STATED_TITLE.fullmatch(text)) and not publication.title.search(stated[1]):
            raise _refused(publication.source_id, grid.place, f"the publication is {stated[1]!r}", "this is another publication")
    if not any(text.casefold().startswith("bureau of justice statistics") for text in lines):
        raise _refused(publication.source_id, grid.place, "no line names the Bureau of Justice Statistics", "this is another publication")
    match = _TITLE.fullmatch(titles[-1][1])
    if match is None or match["kind"].casefold().endswith(("figure", "map")):
        return None
    number = (match["kind"].casefold(), int(match["number"]), int(match["minor"] or 0))
    return _Head(titles[-1][1], match["name"], number, last + 1, lines)


def _prove_numbers(publication: Publication, numbers: Sequence[tuple[str, int, int]]) -> None:
    """Check that no table is there twice and none between the first and the last is missing."""
    if len(set(numbers)) < len(numbers):
        raise quarantined(publication.source_id, None, "two tables have one number", "it is not certain which of them holds")
    series: dict[tuple[str, int], list[int]] = {}
    for kind, number, minor in numbers:
        series.setdefault((kind, number if minor else 0), []).append(minor or number)
    for (kind, _), found in series.items():
        missing = sorted(set(range(1, max(found) + 1)) - set(found))
        if missing:
            raise quarantined(
                publication.source_id, None, f"no {kind} {', '.join(map(str, missing))}", "a table is missing from the archive"
            )


def _dates(source_id: str, grid: Grid, head: _Head) -> Iterator[str]:
    for text in head.lines:
        if match := _DATE.fullmatch(text):
            month, day, year = int(match[1]), int(match[2]), int(match[3])
            year += 0 if year > 99 else 2000 if year < 70 else 1900
            if not (1 <= month <= 12 and 1 <= day <= 31):
                raise _refused(source_id, grid.place, f"{text!r} is no date", "the edition is not known")
            yield f"{year}-{month:02d}-{day:02d}"


def _title_meaning(source_id: str, grid: Grid, title: str) -> dict[str, str]:
    for label, meaning in _meanings(LABELS, "title").items():
        if re.search(label, title, re.IGNORECASE):
            return dict(meaning)
    raise _refused(source_id, grid.place, f"title {title!r} is none of {LABELS.name}", "it is not certain what the table counts")


def _readings(publication: Publication, table: Table, head: _Head, kind: Mapping[str, str]) -> Iterator[_Reading]:
    fiscal = " ".join((head.title, *head.lines, *table.notes, *table.corner, *(part for column in table.columns for part in column)))
    if not _FISCAL.search(fiscal) or _CALENDAR.search(fiscal):
        raise _refused(
            publication.source_id,
            table.place,
            "nothing says that its years are fiscal years, or something says they are not",
            "the period is not certain",
        )
    if not any(note.casefold().startswith("source") for note in table.notes):
        raise _refused(publication.source_id, table.place, "no line below the table names its source", "the table may be cut off")
    _check_layout(publication, table)
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            if cell is None:
                if any(row.cells):
                    raise _refused(
                        publication.source_id,
                        f"{table.place}: line {row.line}",
                        f"{row.label!r} has no cell under {' / '.join(column)!r}",
                        "a cell is missing",
                    )
                continue
            reading = _reading(publication, table, head, kind, row, column, cell)
            if reading is not None:
                yield reading


def _check_layout(publication: Publication, table: Table) -> None:
    """Check that every header is known, that no row lacks its numbers or its parent, and that decimals are uniform in a column."""
    headings = _meanings(LABELS, "heading")
    for column in table.columns:
        for part in column:
            if not (part.casefold() in headings or _years_of(part) or _offense(publication, part.casefold(), table)):
                raise _refused(
                    publication.source_id, table.place, f"heading {part!r} is not known", "it is not certain what the column counts"
                )
    for row, following in zip(table.rows, (*table.rows[1:], None), strict=True):
        known = row.label.casefold() in _TOTALS or _years_of(row.label) or _offense(publication, row.label.casefold(), table)
        if not any(row.cells) and (known or following is None or following.level <= row.level):
            raise _refused(publication.source_id, f"{table.place}: line {row.line}", f"{row.label!r} has no numbers", "cells are missing")
    if table.rows[0].level > min(row.level for row in table.rows) or table.rows[0].level >= LEVEL_OF_COLUMN:
        raise _refused(publication.source_id, table.place, "the first row is part of a row that is not there", "a row is missing")
    for place, column in enumerate(table.columns):
        cells = [row.cells[place] for row in table.rows]
        decimals = {len(cell.text.partition(".")[2]) for cell in cells if cell is not None and cell.text not in ("", "100")}
        if len(decimals) > 1:
            raise _refused(
                publication.source_id, table.place, f"numbers under {' / '.join(column)!r} have different decimals", "a cell was misread"
            )


def _reading(
    publication: Publication, table: Table, head: _Head, kind: Mapping[str, str], row: Row, column: Sequence[str], cell: Cell
) -> _Reading | None:
    place = f"{table.place}: line {row.line}"
    meaning: dict[str, str] = {}
    years: list[tuple[int, int]] = []
    scope: Scope | None = None
    for position, part in enumerate((row.label, *column)):
        key = part.casefold()
        if stated := _years_of(part):
            years.append(stated)
        elif (known := _offense(publication, key, table)) is not None:
            if scope is not None:
                raise _refused(
                    publication.source_id,
                    place,
                    f"row {row.label!r} and column {' / '.join(column)!r} both name an offense",
                    "the cell is ambiguous",
                )
            scope = known
        elif key in _meanings(LABELS, "heading"):
            for name, value in _meanings(LABELS, "heading")[key].items():
                if meaning.setdefault(name, value) != value:
                    raise _refused(
                        publication.source_id, place, f"headings of {row.label!r} contradict each other on {name}", "the cell is ambiguous"
                    )
        elif not position and publication.other_offenses and key in _meanings(LABELS, "other_offense"):
            return None
        else:
            raise _refused(
                publication.source_id, place, f"heading or label {part!r} is not known", "it is not certain what the cell counts"
            )
    if len(set(years)) > 1:
        raise _refused(
            publication.source_id,
            place,
            f"row {row.label!r} and column {' / '.join(column)!r} name different years",
            "the cell is ambiguous",
        )
    measure = meaning.pop("measure", kind.get("measure", ""))
    named = kind.get("measure")
    if named is not None and measure != named and measure not in _BELOW.get(named, ()):
        raise _refused(
            publication.source_id, place, f"{measure} under the title {head.title!r}", "title and headings contradict each other"
        )
    if "share_of" in meaning and scope is not None and scope.offense:
        raise _refused(
            publication.source_id, place, f"{row.label!r} has a share of all offenses", "the headings are those of another table"
        )
    if measure not in _COUNTED:
        raise _refused(publication.source_id, place, f"nothing says what the column {' / '.join(column)!r} counts", "the cell is ambiguous")
    unit = meaning.pop("unit_measure", "count")
    if cell.unit and cell.unit != unit:
        raise _refused(
            publication.source_id,
            place,
            f"{row.label!r}: {cell.text} is printed in {cell.unit} under a heading for {unit}",
            "the unit is not certain",
        )
    if unit == "count" and not cell.sentinel and not cell.is_whole:
        raise _refused(publication.source_id, place, f"{row.label!r}: {cell.text} is no whole number", "the unit is not certain")
    if unit == "percent" and not cell.sentinel and float(cell.text) > 100:
        raise _refused(publication.source_id, place, f"{row.label!r}: {cell.text} is no percentage", "the unit is not certain")
    return _Reading(
        measure=measure,
        unit_measure=unit,
        years=years[0] if years else _title_years(publication, table, head),
        scope=scope or publication.total,
        extra=tuple(sorted(meaning.items())),
        cell=cell,
        locator=f"{table.place}, {head.name}, row {row.label}, column {' / '.join(column)}",
        notes=table.notes,
    )


def _offense(publication: Publication, label: str, table: Table) -> Scope | None:
    """Find the scope of a label; a footnote letter glued to it is taken off only where the notes define that letter."""
    if label in publication.offenses:
        return publication.offenses[label]
    if label[:-1] in publication.offenses and any(note.casefold().startswith(f"{label[-1:]}/") for note in table.notes):
        return publication.offenses[label[:-1]]
    return None


def _years_of(text: str) -> tuple[int, int] | None:
    if match := _RANGE.fullmatch(text.strip()):
        first, last = int(match[1]), int(match[2])
        return (first, last) if first < last <= first + _LONGEST_RANGE else None
    if is_year(text):
        year = int(text.strip()[-4:])
        return year, year
    return None


def _title_years(publication: Publication, table: Table, head: _Head) -> tuple[int, int]:
    title = head.title
    if match := _RANGE.search(title):
        stated = _years_of(match[0])
        rest = _YEARS.findall(title.replace(match[0], ""))
        if stated is not None and not rest:
            return stated
    years = {int(year) for year in _YEARS.findall(title)}
    if len(years) != 1:
        raise _refused(
            publication.source_id, table.place, f"title {title!r} does not name one period, nor do the headings", "the period is not known"
        )
    year = years.pop()
    return year, year


def _prove(publication: Publication, table: Table, readings: Sequence[_Reading]) -> None:
    """Check parts against wholes (down the rows, across the columns) and every percentage against its counts."""
    _prove_rows(publication, table)
    series = {(r.measure, r.years, r.scope, r.extra) for r in readings if r.unit_measure == "count"}
    for measure, years, scope, extra in series:
        if scope.offense and (measure, years, publication.total, extra) not in series:
            raise _refused(publication.source_id, table.place, f"no total beside {scope.offense} in {years[1]}", "a row is missing")
    counts = {(r.measure, r.years, r.scope, r.extra): int(r.cell.text) for r in readings if r.unit_measure == "count" and r.cell.text}
    for (measure, years, scope, extra), whole in counts.items():
        parts = [counts.get((part, years, scope, extra)) for part in _PARTITIONS.get(measure, ())]
        known = [part for part in parts if part is not None]
        complete = bool(parts) and len(known) == len(parts)
        if known and (sum(known) > whole or (complete and sum(known) != whole and not _is_incomplete(table))):
            raise _refused(
                publication.source_id,
                table.place,
                f"{measure} of {years[1]} is {whole:,}, its parts add to {sum(known):,}",
                "a cell was misread",
            )
        if measure == "defendants_sentenced_to_prison" and whole > counts.get(("defendants_convicted", years, scope, extra), whole):
            raise _refused(
                publication.source_id,
                table.place,
                f"more defendants sentenced to prison than convicted in {years[1]}",
                "a cell was misread",
            )
    shares: dict[tuple[str, tuple[int, int], Scope], list[float]] = {}
    for reading in readings:
        if reading.unit_measure != "percent" or not reading.cell.text:
            continue
        if reading.measure in _SHARES and not reading.scope.offense and not reading.extra:
            shares.setdefault((_SHARES[reading.measure], reading.years, reading.scope), []).append(float(reading.cell.text))
        if _is_whole(publication, reading) and float(reading.cell.text) != 100:
            raise _refused(
                publication.source_id, table.place, f"{reading.locator}: {reading.cell.text}% of the whole", "rows or columns are exchanged"
            )
        base = _base(publication, reading, readings)
        plain = tuple(pair for pair in reading.extra if pair[0] != "share_of")
        count = counts.get((reading.measure, reading.years, reading.scope, plain))
        if base is None or count is None:
            continue
        if abs(float(reading.cell.text) * base - 100 * count) > _half_unit(reading.cell) * base * 1.0001:
            raise _refused(
                publication.source_id,
                table.place,
                f"{reading.locator}: {reading.cell.text}% does not fit {count:,} of {base:,}",
                "a cell was misread",
            )
    for (whole_measure, years, _), parts_printed in shares.items():
        partition = _PARTITIONS.get(whole_measure, ())
        if len(partition) == len(parts_printed) and abs(sum(parts_printed) - 100) > 0.5 * len(parts_printed):
            raise _refused(
                publication.source_id,
                table.place,
                f"the shares of {whole_measure} in {years} add to {sum(parts_printed):g}%",
                "a cell was misread",
            )


def _prove_order(
    publication: Publication,
    table: Table,
    head: _Head,
    readings: Sequence[_Reading],
    order: dict[tuple[Scope, Scope], str],
    parts_of: dict[str, frozenset[str]],
) -> None:
    """Check what would give exchanged headers or labels away: years and stages ascend, offenses keep their order from table to table."""
    stated = _YEARS.findall(head.title)
    spans = [(int(first), int(last)) for first, last in _RANGE.findall(head.title)] or [(int(year), int(year)) for year in stated]
    for reading in readings:
        if spans and not any(first <= reading.years[0] and reading.years[1] <= last for first, last in spans):
            raise _refused(
                publication.source_id,
                table.place,
                f"years {reading.years} are not in the title {head.title!r}",
                "title or headings are wrong",
            )
    headed = {years for column in table.columns for part in column if (years := _years_of(part))}
    headed |= {years for row in table.rows if (years := _years_of(row.label))}
    absent = sorted({year for span in spans for year in span} - {year for years in headed for year in years})
    if headed and absent:
        raise _refused(
            publication.source_id, table.place, f"the title names {absent[0]}, no column or row does", "a column or row is missing"
        )
    printed = [years for column in table.columns for part in column if (years := _years_of(part))]
    down = [years for row in table.rows if (years := _years_of(row.label))]
    for sequence in (list(dict.fromkeys(printed)), list(dict.fromkeys(down))):
        if sequence != sorted(sequence):
            raise _refused(publication.source_id, table.place, "years do not ascend", "headings or rows may be exchanged")
    if len(set(down)) < len(down):
        raise _refused(publication.source_id, table.place, "a year stands twice", "it is not certain which row holds")
    ranks = list(_COUNTED)
    by_row: dict[tuple[str, tuple[int, int], Scope], list[int]] = {}
    for reading in readings:
        by_row.setdefault((reading.locator.rpartition(", column ")[0], reading.years, reading.scope), []).append(
            ranks.index(reading.measure)
        )
    if any(stages != sorted(stages) for stages in by_row.values()):
        raise _refused(publication.source_id, table.place, "columns do not follow the stages of a case", "headings may be exchanged")
    scopes = list(dict.fromkeys(reading.scope for reading in readings))
    parts = frozenset(scope.offense for scope in scopes if scope.offense)
    if parts and not publication.other_offenses and parts != parts_of.setdefault(publication.total.offense_scope, parts):
        raise _refused(
            publication.source_id, table.place, "its offenses are not those of the other tables", "a row is missing or was renamed"
        )
    for index, first in enumerate(scopes):
        for second in scopes[index + 1 :]:
            if (second, first) in order:
                above, below = (scope.offense or scope.offense_scope for scope in (first, second))
                what = f"{above} stands above {below}, in {order[second, first]} below it"
                raise _refused(publication.source_id, table.place, what, "labels may be exchanged")
            order.setdefault((first, second), table.place)


def _prove_rows(publication: Publication, table: Table) -> None:
    groups = list(children_of(table.rows))
    if not groups and len(table.rows) > 2 and table.rows[0].label.casefold() in _TOTALS:
        known = [publication.offenses.get(row.label.casefold()) for row in table.rows[1:]]
        whole = publication.offenses.get(table.rows[0].label.casefold(), publication.total)
        if all(scope is not None and scope.offense and scope.offense_scope == whole.offense_scope for scope in known):
            groups = [(table.rows[0], list(table.rows[1:]))]
    for parent, children in groups:
        for place, column in enumerate(table.columns):
            cells = [row.cells[place] for row in (parent, *children)]
            numbers = [int(cell.text) for cell in cells if cell is not None and cell.is_whole and cell.unit in ("", "count")]
            if len(numbers) < len(cells) or any(_is_share(part) for part in column):
                continue
            total, parts = numbers[0], sum(numbers[1:])
            if parts > total or (parts != total and not _is_incomplete(table)):
                raise _refused(
                    publication.source_id,
                    f"{table.place}: line {parent.line}",
                    f"rows under {parent.label!r} add to {parts:,} in the column {' / '.join(column)!r}, printed is {total:,}",
                    "a row was missed or misread",
                )


def _is_share(heading: str) -> bool:
    meaning = _meanings(LABELS, "heading").get(heading.casefold(), {})
    return meaning.get("unit_measure", "count") != "count"


def _is_incomplete(table: Table) -> bool:
    return any(_INCOMPLETE.search(note) for note in table.notes)


def _is_whole(publication: Publication, reading: _Reading) -> bool:
    """Say whether a percentage is that of the whole in itself: it must be 100 and tells nothing."""
    if reading.unit_measure != "percent":
        return False
    if dict(reading.extra).get("share_of") == "all_suspects_prosecuted":
        return reading.scope.offense_scope == "federal_all_offenses"
    return reading.measure not in _SHARES and not reading.extra and reading.scope == publication.total


def _half_unit(cell: Cell) -> float:
    return 0.5 * 10.0 ** -len(cell.text.partition(".")[2])


def _base(publication: Publication, reading: _Reading, readings: Sequence[_Reading]) -> int | None:
    """Find the count that a percentage is a share of, where the same table prints it."""
    extra = dict(reading.extra)
    if extra.get("share_of") == "all_suspects_prosecuted":
        wanted = (reading.measure, Scope("federal_all_offenses"))
    elif reading.measure in _SHARES:
        wanted = (_SHARES[reading.measure], reading.scope)
    elif reading.scope.offense:
        wanted = (reading.measure, publication.total)
    else:
        return None
    for other in readings:
        if (other.measure, other.scope) == wanted and other.years == reading.years and other.unit_measure == "count" and not other.extra:
            return int(other.cell.text) if other.cell.text else None
    return None


def _observation(publication: Publication, reading: _Reading, readings: Sequence[_Reading]) -> dict[str, str | None]:
    unit, population = _COUNTED[reading.measure]
    value: str | None = reading.cell.text
    status, qualifier, note = "A", "share_rounded" if reading.unit_measure == "percent" else "exact", None
    if reading.cell.sentinel:
        value = None
        bound = next((match[1] for text in reading.notes if (match := _LESS_THAN.match(text))), None)
        if reading.cell.sentinel == "--" and bound is not None and reading.unit_measure == "percent":
            value, qualifier, note = bound, "lt", "Printed as two dashes, which the notes explain as less than this."
        elif reading.cell.sentinel in _MISSING:
            status, note = _MISSING[reading.cell.sentinel]
            qualifier = "exact"
        else:
            raise _refused(
                publication.source_id,
                reading.locator,
                f"{reading.cell.sentinel!r} is not explained below the table",
                "the cell is ambiguous",
            )
    elif "!" in reading.cell.marks:
        status, note = "U", "The publisher asks for caution."
    pairs = dict(reading.extra)
    if reading.scope.offense:
        pairs["offense"] = reading.scope.offense
    base = _base(publication, reading, readings) if reading.unit_measure == "percent" else None
    first, last = reading.years
    return {
        "measure": reading.measure,
        "time_period": f"{first - 1}-10-01/P{last - first + 1}Y",
        "unit_of_count": unit,
        "unit_measure": reading.unit_measure,
        "offense_scope": reading.scope.offense_scope,
        "statistical_population": population,
        "breakdown": ";".join(f"{name}={code}" for name, code in sorted(pairs.items())),
        "obs_value": value,
        "value_qualifier": qualifier,
        "obs_status": status,
        "base_value": None if base is None else str(base),
        "source_locator": reading.locator,
        "obs_note": note,
    }


def shared_columns(publication: Publication, snapshot: Snapshot, published_on: str | None) -> dict[str, str | None]:
    """Give the columns that all observations of an archive share."""
    return {
        "source_id": publication.source_id,
        "ref_area": "US",
        "jurisdiction": "us_federal",
        "pathway": "any",
        "published_on": published_on,
        "evidence": "publication",
        "url": snapshot.url,
        "snapshot_id": snapshot.snapshot_id,
    }


@cache
def _meanings(path: Path, place: str) -> Mapping[str, Mapping[str, str]]:
    """Read the labels of one place, in the order of the file; without marks and in lower case, unless they are patterns."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["place"] == place]
    meanings: dict[str, Mapping[str, str]] = {}
    for row in rows:
        label = row["label"] if place == "title" else without_marks(row["label"]).casefold()
        pairs = (pair.partition("=") for pair in row["meaning"].split(";") if pair)
        meanings[label] = {name: value for name, _, value in pairs}
    return meanings
