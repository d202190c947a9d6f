"""NCMEC: half-year update, a table on a web page that compares the same six months of two years (HTML).

The rows are topics that overlap, so nothing adds up; what can be proved is that sentences beside the table repeat some of its
numbers in the same order. A digit changed in a row that no sentence repeats cannot be noticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import polars as pl
from bs4 import BeautifulSoup, Tag

from pipelines.pages import read_page
from pipelines.publications import Fingerprint, observation_frame, quarantined, read_count
from pipelines.snapshots import Snapshot

SOURCE_ID = "ncmec_half_year_update"

_HEADER = re.compile(r"Reports Made Between (Jan|January|July|Jul)\.? 1 ?[-–—] ?(June|Jun|Dec|December)\.? (30|31)", re.IGNORECASE)
#: printed first and last month -> first day of the period and its months in words
_HALVES = {("jan", "jun", "30"): ("01-01", "January to June"), ("jul", "dec", "31"): ("07-01", "July to December")}
_YEAR = re.compile(r"20[0-9]{2}")
_FROM_TO = re.compile(r"\bfrom ([0-9][0-9,]*)(?: reports| last year)? to ([0-9][0-9,]*)")
#: providers must report two more categories since this day
_WIDER_DUTY = date(2024, 5, 7)


class _Topic(NamedTuple):
    breakdown: str
    pathway: str
    status: str
    note: str | None


_TOPICS: Mapping[str, _Topic] = {
    "online enticement": _Topic("incident_type=online_enticement", "any", "A", None),
    "sadistic online enticement": _Topic("topic=sadistic_online_enticement", "any", "A", "Overlaps online enticement."),
    "financial sextortion": _Topic("topic=financial_sextortion", "any", "A", "Overlaps online enticement."),
    "generative artificial intelligence": _Topic(
        "topic=generative_ai",
        "gai_nexus",
        "D",
        "Any generative-AI nexus; conflicts with other published values for the same half-year.",
    ),
    "child sex trafficking": _Topic("incident_type=child_sex_trafficking", "any", "A", None),
}


@dataclass(frozen=True)
class _Table:
    header: str
    first_day: str
    months: str
    years: tuple[int, int]
    rows: Mapping[str, tuple[int, int]]


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read the table of one page into observations.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    table = _table(read_page(SOURCE_ID, snapshot.path))
    if snapshot.published_on is not None and int(snapshot.published_on[:4]) < table.years[1]:
        raise quarantined(
            SOURCE_ID, None, f"published on {snapshot.published_on} with a column {table.years[1]}", "the period is not certain"
        )
    rows: list[dict[str, str | None]] = []
    for label, counts in table.rows.items():
        topic = _TOPICS[label.casefold()]
        for place, (year, count) in enumerate(zip(table.years, counts, strict=True)):
            wider = place == 1 and _starts_wider_duty(topic, table)
            rows.append(
                {
                    "time_period": f"{year}-{table.first_day}/P6M",
                    "pathway": topic.pathway,
                    "breakdown": topic.breakdown,
                    "obs_value": str(count),
                    "obs_status": "B" if wider else topic.status,
                    "source_locator": f"table of reports made {table.months}, row {label}, column {year}",
                    "obs_note": "After the reporting duty of 7 May 2024." if wider else topic.note,
                }
            )
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "measure": "reports_received",
            "ref_area": "WORLD",
            "unit_of_count": "report",
            "unit_measure": "count",
            "offense_scope": "cybertipline_incident_types",
            "jurisdiction": "worldwide",
            "statistical_population": "cybertipline_reports",
            "value_qualifier": "exact",
            "published_on": snapshot.published_on,
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of the table of one page.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    table = _table(read_page(SOURCE_ID, snapshot.path))
    return Fingerprint((table.header, *map(str, table.years)), tuple(table.rows), (), ())


def _starts_wider_duty(topic: _Topic, table: _Table) -> bool:
    before, after = (date.fromisoformat(f"{year}-{table.first_day}") for year in table.years)
    return topic.breakdown.startswith("incident_type=") and before < _WIDER_DUTY <= after


def _text(element: Tag) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def _table(page: BeautifulSoup) -> _Table:
    found = [(header, rows) for rows in _grids(page) if rows and (header := _HEADER.fullmatch(rows[0][0]))]
    if len(found) != 1:
        raise quarantined(
            SOURCE_ID,
            None,
            f"{len(found)} tables headed `Reports Made Between` two days that bound a half-year, expected one",
            "this is another page",
        )
    header, rows = found[0]
    half = _HALVES.get((header[1][:3].lower(), header[2][:3].lower(), header[3]))
    if half is None:
        raise quarantined(SOURCE_ID, None, f"header {header[0]!r} bounds no half-year", "the period is not known")
    years = rows[0][1:]
    if len(years) != 2 or not all(_YEAR.fullmatch(year) for year in years) or int(years[1]) - int(years[0]) != 1:
        raise quarantined(
            SOURCE_ID, None, f"columns {', '.join(years)} are not two years, one after the other", "the periods are not certain"
        )
    counts: dict[str, tuple[int, int]] = {}
    for row in rows[1:]:
        label, values = row[0], [read_count(cell) for cell in row[1:]]
        if label.casefold() not in _TOPICS:
            raise quarantined(SOURCE_ID, None, f"row {label!r} is not known", "it is not certain what it counts")
        if len(values) != 2 or values[0] is None or values[1] is None:
            raise quarantined(SOURCE_ID, None, f"row {label!r}: {', '.join(row[1:])} are not two counts", "a cell is damaged or missing")
        if label.casefold() in map(str.casefold, counts):
            raise quarantined(SOURCE_ID, None, f"row {label!r} stands twice", "it is not certain which counts hold")
        counts[label] = (values[0], values[1])
    missing = sorted(set(_TOPICS) - set(map(str.casefold, counts)))
    if missing:
        raise quarantined(SOURCE_ID, None, f"no row {', '.join(missing)}", "a row is missing or was renamed")
    table = _Table(header[0], half[0], half[1], (int(years[0]), int(years[1])), counts)
    _prove(_text(page), table)
    return table


def _grids(page: BeautifulSoup) -> list[list[list[str]]]:
    grids = []
    for element in page.find_all("table"):
        rows = []
        for line in element.find_all("tr"):
            cells = line.find_all(["td", "th"])
            spans = [name for cell in cells for name in ("colspan", "rowspan") if str(cell.get(name, "1")).strip() != "1"]
            texts = [_text(cell) for cell in cells]
            if spans and _HEADER.search(_text(element)):
                raise quarantined(SOURCE_ID, None, f"row {' | '.join(texts)!r}: merged cells", "the columns are not certain")
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                rows.append(texts)
        grids.append(rows)
    return grids


def _prove(text: str, table: _Table) -> None:
    """Compare the sentences that repeat numbers of the table with it, and sub-topics with the topic that contains them."""
    repeated = 0
    for match in _FROM_TO.finditer(text):
        pair = (read_count(match[1].rstrip(",")), read_count(match[2].rstrip(",")))
        for label, counts in table.rows.items():
            if pair == counts:
                repeated += 1
            elif set(pair) & set(counts):
                raise quarantined(
                    SOURCE_ID,
                    None,
                    f"the text says {match[0]!r}, the table has {counts[0]:,} and {counts[1]:,} for {label}",
                    "a count was misread or the columns are exchanged",
                )
    if not repeated:
        raise quarantined(
            SOURCE_ID, None, "no sentence repeats a row of the table", "nothing confirms the counts and the order of the years"
        )
    by_topic = {label.casefold(): counts for label, counts in table.rows.items()}
    for small, large in (("sadistic online enticement", "online enticement"), ("financial sextortion", "online enticement")):
        if any(part > whole for part, whole in zip(by_topic[small], by_topic[large], strict=True)):
            raise quarantined(
                SOURCE_ID, None, f"{small} exceeds {large}, of which it is a part", "rows are exchanged or a count was misread"
            )
