"""NCMEC: CyberTipline reports by country of upload, one edition a year (PDF).

One count for each country or territory until 2023; referrals and informational reports since 2024. The rows must add to the
printed total of every column. Names that `catalog/ncmec_country_names.csv` does not list stop the reading: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.pdf_tables import (
    CountTable,
    Document,
    Row,
    is_total,
    prove_totals,
    read_count_table,
    read_document,
    refuse_other_titles,
    year_of_data,
)
from pipelines.publications import Fingerprint, observation_frame, printed_key, publication_date, quarantined, read_printed_names
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

SOURCE_ID = "ncmec_reports_by_country"
COUNTRY_NAMES = PROJECT / "catalog" / "ncmec_country_names.csv"
REPORT_COLUMNS = PROJECT / "catalog" / "ncmec_report_columns.csv"

_LABEL_HEADERS = ("country", "country / territory", "country/territory", "country or territory", "countries", "jurisdiction")
_HEADINGS = (re.compile(r"\b(20[0-9]{2}) (?:CyberTipline )?Reports by\b"),)
_PROSE = (
    re.compile(r"\bby the CyberTipline in (20[0-9]{2})\b"),
    re.compile(r"\bIn (20[0-9]{2}), the CyberTipline\b"),
)
#: the running header of the edition for 2019 says ESP; only the title tells the publication
_TITLE = re.compile(r"\bCyberTipline Reports by (\w+)", re.IGNORECASE)
_US_AREAS = frozenset({"AS", "GU", "MP", "PR", "UM", "US", "VI"})
#: reports are split into referrals and informational reports, and duplicates bundled, since this year
_SPLIT = 2024


@dataclass(frozen=True)
class _Area:
    ref_area: str
    breakdown: str
    note: str | None


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one edition into observations.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    return parse_document(read_document(SOURCE_ID, snapshot.path), snapshot)


def parse_document(document: Document, snapshot: Snapshot) -> pl.DataFrame:
    """Read one edition, given as words, into observations.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    table = _table(document)
    year = year_of_data(document, _HEADINGS, _PROSE)
    published_on = publication_date(SOURCE_ID, snapshot.published_on, document.dated, year)
    rows = [_observation(row, _area_of(row), kind, year) for row in (*table.rows, table.total) for kind in table.kinds]
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "time_period": f"{year}-01-01/P1Y",
            "unit_of_count": "report",
            "unit_measure": "count",
            "offense_scope": "cybertipline_incident_types",
            "pathway": "any",
            "value_qualifier": "exact",
            "published_on": published_on,
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one edition.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    return _table(read_document(SOURCE_ID, snapshot.path)).fingerprint


def _table(document: Document) -> CountTable:
    refuse_other_titles(document, _TITLE, ("country",))
    table = read_count_table(document, _LABEL_HEADERS, _kinds())
    prove_totals(document, table, "countries and territories")
    if {"reports", "referrals", "informational"} <= set(table.kinds):
        for row in table.rows:
            if row.counts["reports"] != (row.counts["referrals"] or 0) + (row.counts["informational"] or 0):
                raise quarantined(
                    SOURCE_ID,
                    row.page,
                    f"{row.label!r}: referrals and informational reports do not add to its reports",
                    "a cell was misread",
                )
    elif ("referrals" in table.kinds) != ("informational" in table.kinds):
        raise quarantined(
            SOURCE_ID, table.rows[0].page, f"columns {', '.join(table.kinds)}", "referrals or informational reports are missing"
        )
    return table


def _observation(row: Row, area: _Area, kind: str, year: int) -> dict[str, str | None]:
    column = _columns()[kind]
    count = row.counts[kind]
    note = area.note
    if kind in row.dashes:
        note = "Printed as a dash; the table reaches its printed total with this row at zero."
    elif count is None:
        note = "Empty cell; the column reaches its printed total without it."
    elsewhere = "worldwide" if area.ref_area == "WORLD" else "not_applicable"
    return {
        "measure": column["measure"],
        "ref_area": area.ref_area,
        "jurisdiction": "us_all" if area.ref_area in _US_AREAS else elsewhere,
        "statistical_population": column["statistical_population"],
        "breakdown": area.breakdown,
        "obs_value": None if count is None else str(count),
        "obs_status": "O" if count is None else "B" if year == _SPLIT else "A",
        "source_locator": f"p. {row.page}, row {row.label}" + ("" if kind == "reports" else f", column {kind}"),
        "obs_note": note,
    }


def _area_of(row: Row) -> _Area:
    if is_total(row.label):
        return _Area("WORLD", "", "Printed total; equals the sum of all rows of the table.")
    area = read_printed_names(COUNTRY_NAMES, "name").get(printed_key(row.label))
    if area is None:
        raise quarantined(SOURCE_ID, row.page, f"row {row.label!r} is no name of {COUNTRY_NAMES.name}", "the area is not certain")
    return _Area(area["ref_area"], area["breakdown"], area["note"] or None)


def _kinds() -> Mapping[str, str]:
    """Say for every known column header what its counts are: reports, referrals or informational reports."""
    return {header: row["kind"] for header, row in read_printed_names(REPORT_COLUMNS, "header").items()}


def _columns() -> Mapping[str, Mapping[str, str]]:
    return {row["kind"]: row for row in read_printed_names(REPORT_COLUMNS, "header").values()}
