"""Administrative Office of the US Courts: table D-2 (workbook) and the Judicial Caseload Indicators (page), for any twelve months.

Table D-2 has criminal defendants (or cases) filed by offense. Periods that end on 31 March, 30 June, 30 September or 31 December have one
form; the last is a calendar year. The sex offenses and the total are read; every other group only serves the sums. No workbook of this
table has been seen. The indicators have all defendants filed and terminated; printed percent changes check them as far as rounding goes.
The text of several such pages has been seen, their markup has not. Terminations by offense (table D-4) are not read: nothing of that
table has been seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from bs4 import BeautifulSoup, Tag

from pipelines.grid_tables import Grid, Row, Table, is_year, read_table, read_worksheets
from pipelines.pages import read_page
from pipelines.publications import Fingerprint, PublicationError, observation_frame, quarantined, read_count
from pipelines.snapshots import Snapshot

SOURCE_ID = "aouscourts_judicial_business"

_TABLE = re.compile(r"\btable d ?[-‐–—] ?2\b", re.IGNORECASE)
_OTHER_TABLE = re.compile(r"\btable ([a-z] ?[-‐–—] ?[0-9]+[a-z]?)\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"u\.?s\.? district courts.{0,5}criminal (defendants|cases) (?:filed|commenced)(?: \([^)]{1,40}\))?,? by offense\b", re.IGNORECASE
)
_PERIOD = re.compile(
    r"12-month periods? end(?:ing|ed) (march|june|september|december) (30|31), ((?:19|20)[0-9]{2})"
    r"(?: (?:through|and|to) (?:(?:march|june|september|december) (?:30|31), )?((?:19|20)[0-9]{2})| ?[-–—] ?((?:19|20)[0-9]{2}))?",
    re.IGNORECASE,
)
_MONTHS = {"march": 3, "june": 6, "september": 9, "december": 12}
_TRANSFERS_OUT = re.compile(
    r"exclud(?:es|ing) (?:defendants |cases )?transfer|transfers? (?:are|is) not included|without transfers", re.IGNORECASE
)
_TRANSFERS_IN = re.compile(r"includ(?:es|ing) (?:defendants |cases )?transfer|transfers? (?:are|is) included", re.IGNORECASE)
_COUNTED = {"defendants": ("defendants_charged", "defendant_in_case"), "cases": ("cases_filed", "case")}
_TOTAL = ("total", "all offenses", "total, all offenses", "total all offenses", "total offenses", "total defendants", "total cases")
_SEX = "sex offenses"
#: groups that together are the total
_GROUPS = (
    "violent offenses", "property offenses", "drug offenses", "firearms and explosives offenses", _SEX, "justice system offenses",
    "immigration offenses", "general offenses", "regulatory offenses", "traffic offenses", "all other offenses", "other offenses",
)  # fmt: skip
#: row below the sex offenses -> offense in the breakdown
_PARTS = {
    "sexual abuse": "sexual_abuse",
    "sexual abuse of adult": "sexual_abuse_of_adult",
    "sexual abuse of minor": "sexual_abuse_of_minor",
    "sexually explicit material": "sexually_explicit_material",
    "sexually explicit materials": "sexually_explicit_material",
    "transportation for illegal sexual activity": "transportation_for_illegal_sexual_activity",
    "transportation for illegal sex activity": "transportation_for_illegal_sexual_activity",
    "sex offender registry": "sex_offender_registry",
    "sex offender registration": "sex_offender_registry",
    "other": "other",
    "other sex offenses": "other",
}
_GROUP_SUFFIX = re.compile(r"(?: ?[-‐–—,:]+ ?total|, total| total)$")
_DASHES = ("-", "–", "—")

#: how a workbook begins, new or old; anything else is read as a page
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
_INDICATORS = re.compile(r"\bjudicial caseload indicators\b", re.IGNORECASE)
_INDICATOR_PERIOD = re.compile(
    r"12-month periods? ending (march|june|september|december) (30|31)((?:,? (?:and )?(?:19|20)[0-9]{2})*)", re.IGNORECASE
)
_INDICATOR_HEADER = "judicial caseload"
_CHANGE_SINCE = re.compile(r"percent change since ((?:19|20)[0-9]{2})", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_CHANGE = re.compile(r"-?[0-9]{1,3}\.[0-9]")
_CRIMINAL = "criminal (includes transfers)"
#: row of the indicators -> what it counts; None for a level, which no measure here stands for
_INDICATOR_ROWS = {
    "defendants filed": ("defendants_charged", "usdc_cases_filed"),
    "defendant terminations": ("defendants_terminated", "usdc_cases_terminated"),
    "defendants terminated": ("defendants_terminated", "usdc_cases_terminated"),
    "defendants pending": None,
}
#: publication that a page belongs to, with its year -> month in which its twelve months end
_INDICATOR_PUBLICATION = re.compile(r"\b(judicial business|federal judicial caseload statistics) ((?:19|20)[0-9]{2})\b", re.IGNORECASE)
_INDICATOR_MONTHS = {"judicial business": 9, "federal judicial caseload statistics": 3}


@dataclass(frozen=True)
class _Heading:
    counted: str
    month: int
    day: int
    years: tuple[int, int]
    transfers: str


@dataclass(frozen=True)
class _Column:
    place: int
    year: int


@dataclass(frozen=True)
class _Indicators:
    """The criminal rows of the indicators: label, what it counts, counts by year; and what describes the layout."""

    month: int
    day: int
    rows: tuple[tuple[str, tuple[str, str] | None, Mapping[int, int]], ...]
    headers: tuple[str, ...]


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one workbook, or one page of indicators, into observations.

    Raises:
        PublicationError: the workbook or page cannot be read with certainty.
    """
    return _table_observations(snapshot) if _is_workbook(snapshot) else _indicator_observations(snapshot)


def _table_observations(snapshot: Snapshot) -> pl.DataFrame:
    heading, table, columns, groups = _read(snapshot)
    measure, unit = _COUNTED[heading.counted]
    rows: list[dict[str, str | None]] = []
    for row, scope, offense in _rows_read(groups):
        for column in columns:
            first, last = _bounds(heading.month, heading.day, column.year)
            if snapshot.published_on is not None and int(snapshot.published_on[:4]) < last.year:
                raise _refused(table.place, f"published on {snapshot.published_on} with a period to {last}", "the period is not certain")
            breakdown = {"offense": offense, "transfers": "excluded" if heading.transfers == "excluded" else ""}
            cell = row.cells[column.place]
            dash = cell is not None and cell.sentinel in _DASHES
            notes = [
                "Includes transfers." if heading.transfers == "included" else "",
                "Printed as a dash; the table reaches its printed totals with this cell at zero." if dash else "",
            ]
            rows.append(
                {
                    "measure": measure,
                    "time_period": f"{first}/P1Y",
                    "unit_of_count": unit,
                    "offense_scope": scope,
                    "statistical_population": "usdc_cases_filed",
                    "breakdown": ";".join(f"{name}={code}" for name, code in sorted(breakdown.items()) if code),
                    "obs_value": str(_count(row, column)),
                    "source_locator": f"table D-2, worksheet {table.place}, row {row.label}, column {column.year}",
                    "obs_note": " ".join(note for note in notes if note) or None,
                }
            )
    return observation_frame(rows, _shared(snapshot))


def _indicator_observations(snapshot: Snapshot) -> pl.DataFrame:
    indicators = _indicators(snapshot)
    rows: list[dict[str, str | None]] = []
    for label, counted, counts in indicators.rows:
        if counted is None:
            continue
        for year, count in counts.items():
            first, last = _bounds(indicators.month, indicators.day, year)
            if snapshot.published_on is not None and int(snapshot.published_on[:4]) < last.year:
                raise _refused("indicators", f"published on {snapshot.published_on} with a period to {last}", "the period is not certain")
            rows.append(
                {
                    "measure": counted[0],
                    "time_period": f"{first}/P1Y",
                    "unit_of_count": "defendant_in_case",
                    "offense_scope": "federal_all_offenses",
                    "statistical_population": counted[1],
                    "breakdown": "",
                    "obs_value": str(count),
                    "source_locator": f"Judicial Caseload Indicators, row {label}, column {year}",
                    "obs_note": "Includes transfers.",
                }
            )
    return observation_frame(rows, _shared(snapshot))


def _shared(snapshot: Snapshot) -> dict[str, str | None]:
    return {
        "source_id": SOURCE_ID,
        "ref_area": "US",
        "unit_measure": "count",
        "jurisdiction": "us_federal",
        "pathway": "any",
        "value_qualifier": "exact",
        "obs_status": "A",
        "published_on": snapshot.published_on,
        "evidence": "publication",
        "url": snapshot.url,
        "snapshot_id": snapshot.snapshot_id,
    }


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one workbook or page.

    Raises:
        PublicationError: the workbook or page cannot be read with certainty.
    """
    if not _is_workbook(snapshot):
        indicators = _indicators(snapshot)
        return Fingerprint(indicators.headers, tuple(label for label, _, _ in indicators.rows), (), ())
    _, table, _, _ = _read(snapshot)
    return Fingerprint(tuple(" / ".join(column) for column in table.columns), tuple(row.label for row in table.rows), (), table.notes)


def _refused(place: str, what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, None, f"{place}: {what}", meaning)


def _is_workbook(snapshot: Snapshot) -> bool:
    with snapshot.path.open("rb") as stream:
        return stream.read(4).startswith(_WORKBOOKS)


# --- table D-2 ----------------------------------------------------------------------------------------------------------------------


def _read(snapshot: Snapshot) -> tuple[_Heading, Table, list[_Column], dict[str, list[Row]]]:
    found = [(grid, head) for grid in read_worksheets(SOURCE_ID, snapshot.path) if (head := _title(grid)) is not None]
    if len(found) != 1:
        raise quarantined(SOURCE_ID, None, f"{len(found)} worksheets hold a table D-2 by offense, expected one", "this is another workbook")
    grid, (title, first) = found[0]
    table = read_table(SOURCE_ID, grid, first)
    heading = _heading(grid, title, table)
    columns = _columns(heading, table)
    return heading, table, columns, _groups(table, columns)


def _title(grid: Grid) -> tuple[str, int] | None:
    """Join the lines above the headers that have one cell each; None if they are not the title of this table."""
    parts: list[str] = []
    for index, line in enumerate(grid.lines):
        filled = [text for text in line if text.strip()]
        if len(filled) > 1:
            title = " ".join(" ".join(parts).split())
            return (title, index) if _TABLE.search(title) and _SUBJECT.search(title) else None
        parts += filled
    return None


def _heading(grid: Grid, title: str, table: Table) -> _Heading:
    others = {name.upper().replace(" ", "") for name in _OTHER_TABLE.findall(title)}
    subjects = {match[1].casefold() for match in _SUBJECT.finditer(title)}
    periods = list(_PERIOD.finditer(title))
    if len(others) > 1 or len(subjects) > 1 or len(periods) != 1:
        raise _refused(grid.place, f"title {title!r} does not name one table, one unit and one period", "it is not certain what is counted")
    month, day = _MONTHS[periods[0][1].casefold()], int(periods[0][2])
    if (date(2001, month % 12 + 1, 1) - timedelta(days=1)).day != day:
        raise _refused(grid.place, f"{periods[0][0]!r} does not end with a month", "the period is not certain")
    first = int(periods[0][3])
    last = int(periods[0][4] or periods[0][5] or first)
    text = " ".join((title, *table.notes))
    out, included = bool(_TRANSFERS_OUT.search(text)), bool(_TRANSFERS_IN.search(text))
    if out and included:
        raise _refused(grid.place, "transfers are said to be both left out and included", "it is not certain what is counted")
    return _Heading(subjects.pop(), month, day, (first, last), "excluded" if out else "included" if included else "")


def _columns(heading: _Heading, table: Table) -> list[_Column]:
    columns = []
    for place, parts in enumerate(table.columns):
        years = [int(part[-4:]) for part in parts if is_year(part)]
        if any("change" in part.casefold() or "percent" in part.casefold() for part in parts):
            continue
        if len(years) != 1 or len(parts) > 2:
            raise _refused(table.place, f"column {' / '.join(parts)!r} is no year", "the period is not known")
        columns.append(_Column(place, years[0]))
    years = [column.year for column in columns]
    if years != list(range(heading.years[0], heading.years[1] + 1)):
        raise _refused(
            table.place,
            f"columns {', '.join(map(str, years))}, the title says {heading.years[0]} to {heading.years[1]}",
            "the periods are not certain",
        )
    return columns


def _groups(table: Table, columns: Sequence[_Column]) -> dict[str, list[Row]]:
    """Give the rows of each group, its own row first, and prove every sum."""
    groups: dict[str, list[Row]] = {}
    current = ""
    for row in table.rows:
        if not any(row.cells):
            raise _refused(f"{table.place}: line {row.line}", f"row {row.label!r} has no numbers", "cells are missing")
        key = _GROUP_SUFFIX.sub("", " ".join(row.label.casefold().split())) if row.label.casefold() not in _TOTAL else "total"
        key = "total" if key in _TOTAL else key
        if key in ("total", *_GROUPS):
            if key in groups:
                raise _refused(f"{table.place}: line {row.line}", f"row {row.label!r} stands twice", "it is not certain which row holds")
            current = key
            groups[key] = [row]
        elif current in ("", "total"):
            raise _refused(f"{table.place}: line {row.line}", f"row {row.label!r} belongs to no group", "the table has another layout")
        else:
            groups[current].append(row)
    for name in ("total", _SEX):
        if name not in groups:
            raise _refused(table.place, f"no row {name!r}", "a row is missing or was renamed")
    for column in columns:
        whole = _count(groups["total"][0], column)
        added = sum(_count(rows[0], column) for name, rows in groups.items() if name != "total")
        if added != whole:
            raise _refused(
                table.place, f"the groups add to {added:,} in {column.year}, the printed total is {whole:,}", "a row was missed or misread"
            )
        for name, rows in groups.items():
            parts = sum(_count(row, column) for row in rows[1:])
            if len(rows) > 1 and parts != _count(rows[0], column):
                raise _refused(
                    table.place,
                    f"{name} add to {parts:,} in {column.year}, printed are {_count(rows[0], column):,}",
                    "a row was missed or misread",
                )
    _prove_changes(table, columns)
    return groups


def _prove_changes(table: Table, columns: Sequence[_Column]) -> None:
    """Compare the printed percent changes since one of the years with the counts of that year and the last."""
    for place, parts in enumerate(table.columns):
        words = " ".join(parts)
        stated = [column for column in columns[:-1] if str(column.year) in words]
        if "change" not in words.casefold() or len(stated) != 1:
            continue
        for row in table.rows:
            cell = row.cells[place]
            before, after = _count(row, stated[0]), _count(row, columns[-1])
            if cell is None or not cell.text or not before:
                continue
            half = 0.5 * 10.0 ** -len(cell.text.partition(".")[2])
            # a workbook may hold a percentage as a fraction
            if not any(
                abs(float(cell.text) * unit * before - 100 * (after - before)) <= 1.0001 * half * unit * before for unit in (1, 100)
            ):
                raise _refused(
                    table.place,
                    f"row {row.label!r}: a change of {cell.text}% does not fit {before:,} and {after:,}",
                    "a cell was misread or columns are exchanged",
                )


def _count(row: Row, column: _Column) -> int:
    cell = row.cells[column.place]
    if cell is not None and cell.sentinel in _DASHES:
        return 0
    if cell is None or not cell.is_whole or cell.unit:
        raise _refused(f"row {row.label!r}", f"no count in the column {column.year}", "a cell is missing or damaged")
    return int(cell.text)


def _rows_read(groups: Mapping[str, list[Row]]) -> list[tuple[Row, str, str]]:
    rows = [(groups["total"][0], "federal_all_offenses", ""), (groups[_SEX][0], "ao_sex_offenses", "")]
    parts: dict[str, Row] = {}
    for row in groups[_SEX][1:]:
        offense = _PARTS.get(row.label.casefold())
        if offense is None or offense in parts:
            raise _refused(
                f"line {row.line}", f"row {row.label!r} among the sex offenses is not known or stands twice", "a row was renamed"
            )
        parts[offense] = row
    return rows + [(row, "ao_sex_offenses", offense) for offense, row in parts.items()]


def _bounds(month: int, day: int, year: int) -> tuple[date, date]:
    last = date(year, month, day)
    first = date(year, 1, 1) if month == 12 else date(year - 1, month + 1, 1)
    return first, last


# --- caseload indicators --------------------------------------------------------------------------------------------------------------


def _text(element: Tag) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def _indicators(snapshot: Snapshot) -> _Indicators:
    # footnote marks stand beside numbers as raised digits
    page = read_page(SOURCE_ID, snapshot.path, unseen=("script", "style", "template", "noscript", "sup"))
    tables = [grid for table in page.find_all("table") if (grid := _cells(table)) and grid[0][0].casefold() == _INDICATOR_HEADER]
    if len(tables) != 1:
        raise quarantined(SOURCE_ID, None, f"{len(tables)} tables of caseload indicators, expected one", "this is another page")
    headers, *lines = tables[0]
    years = _indicator_years(headers)
    month, day = _indicator_period(page, years)
    return _Indicators(month, day, tuple(_criminal_rows(lines, years)), tuple(headers))


def _cells(table: Tag) -> list[list[str]]:
    lines = []
    for row in table.find_all("tr"):
        cells = row.find_all(["td", "th"])
        texts = [_text(cell) for cell in cells]
        # a heading may span the table, a number may not
        if sum(map(bool, texts)) > 1 and any(cell.get(span, "1") != "1" for cell in cells for span in ("colspan", "rowspan")):
            raise _refused("indicators", f"row {texts[0]!r} has merged cells", "the columns cannot be told apart")
        if any(texts):
            lines.append(texts)
    return lines


def _indicator_years(headers: Sequence[str]) -> list[int]:
    """Take the years of the counts: ascending, and each but the last once more above the changes since then."""
    years = [int(text) for text in headers if _YEAR.fullmatch(text)]
    since = [int(match[1]) for text in headers if (match := _CHANGE_SINCE.fullmatch(text))]
    in_order = list(headers[1 : len(years) + 1]) == [str(year) for year in years] and len(headers) == 1 + len(years) + len(since)
    if len(years) < 2 or years != sorted(set(years)) or since != years[:-1] or not in_order:
        raise _refused("indicators", f"headers {' / '.join(headers)!r}", "the columns cannot be told apart")
    return years


def _indicator_period(page: BeautifulSoup, years: Sequence[int]) -> tuple[int, int]:
    """Take the end of the twelve months from the heading; the title of the publication must have the same month and the last year."""
    titles = " | ".join(_text(title) for title in page.find_all(["title", "h1", "h2"]))
    named = {(match[1].casefold(), int(match[2])) for match in _INDICATOR_PUBLICATION.finditer(titles)}
    if not _INDICATORS.search(titles) or len(named) != 1:
        raise _refused("indicators", f"titles {titles!r} do not name one edition of the indicators", "this is another page")
    publication, edition = named.pop()
    periods = {
        (_MONTHS[match[1].casefold()], int(match[2]), tuple(map(int, re.findall(r"[0-9]{4}", match[3]))))
        for match in _INDICATOR_PERIOD.finditer(_text(page))
    }
    if len(periods) != 1:
        raise _refused("indicators", f"{len(periods)} headings give the twelve months, expected one", "the period is not known")
    month, day, listed = periods.pop()
    if (date(2001, month % 12 + 1, 1) - timedelta(days=1)).day != day:
        raise _refused("indicators", f"day {day} does not end month {month}", "the period is not certain")
    if (listed and list(listed) != list(years)) or edition != years[-1] or _INDICATOR_MONTHS[publication] != month:
        raise _refused(
            "indicators",
            f"{publication} {edition}, heading for month {month} and years {listed or 'not given'}, columns {years}",
            "the period is not certain",
        )
    return month, day


def _criminal_rows(lines: Sequence[Sequence[str]], years: Sequence[int]) -> list[tuple[str, tuple[str, str] | None, Mapping[int, int]]]:
    """Read the rows below the heading on criminal cases, up to the next heading; every printed change must fit the counts."""
    heads = [index for index, cells in enumerate(lines) if not any(cells[1:])]
    starts = [index for index in heads if lines[index][0].casefold() == _CRIMINAL]
    if len(starts) != 1:
        raise _refused("indicators", f"{len(starts)} headings `Criminal (Includes Transfers)`", "it is not certain what is counted")
    end = min((index for index in heads if index > starts[0]), default=len(lines))
    rows = []
    for cells in lines[starts[0] + 1 : end]:
        label = cells[0].casefold()
        if label not in _INDICATOR_ROWS:
            raise _refused("indicators", f"row {cells[0]!r} among the criminal ones is not known", "a row was renamed or added")
        rows.append((cells[0], _INDICATOR_ROWS[label], _indicator_counts(cells, years)))
    counted = [meaning for _, meaning, _ in rows]
    if counted != list(dict.fromkeys(_INDICATOR_ROWS.values())):
        raise _refused("indicators", f"rows {', '.join(label for label, _, _ in rows) or 'none'}", "a row is missing or stands twice")
    return rows


def _indicator_counts(cells: Sequence[str], years: Sequence[int]) -> Mapping[int, int]:
    label, numbers, changes = cells[0], cells[1 : len(years) + 1], cells[len(years) + 1 :]
    counts = [read_count(text) for text in numbers]
    if len(numbers) != len(years) or any(count is None or count < 1_000 for count in counts):
        raise _refused("indicators", f"row {label!r}: {' '.join(numbers)!r} are not {len(years)} counts", "a number is damaged")
    known = [count for count in counts if count is not None]
    if len(changes) != len(years) - 1 or not all(_CHANGE.fullmatch(text) for text in changes):
        raise _refused("indicators", f"row {label!r}: {' '.join(changes)!r} are not {len(years) - 1} changes", "a number is damaged")
    for year, before, change in zip(years, known, changes, strict=False):
        if abs(float(change) * before - 100 * (known[-1] - before)) > 0.050001 * before:
            raise _refused(
                "indicators",
                f"row {label!r}: a change of {change}% since {year} does not fit {before:,} and {known[-1]:,}",
                "a cell was misread or columns are exchanged",
            )
    return dict(zip(years, known, strict=True))
