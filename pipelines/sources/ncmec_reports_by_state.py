"""NCMEC: CyberTipline reports by US state of upload, one edition a year since 2023 (PDF).

No original has been seen: this reads the documented layout, anchored on labels. One row for each state, then (perhaps) a subtotal,
the reports without a state, and a printed total. The rows must add to the subtotal and the total of every column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

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
from pipelines.publications import Fingerprint, observation_frame, publication_date, quarantined, read_printed_names
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

SOURCE_ID = "ncmec_reports_by_state"
REPORT_COLUMNS = PROJECT / "catalog" / "ncmec_report_columns.csv"

_LABEL_HEADERS = ("state", "states", "u.s. state", "us state", "state / territory", "state/territory", "state or territory")
_HEADINGS = (re.compile(r"\b(20[0-9]{2}) (?:CyberTipline )?Reports by\b"),)
_PROSE = (
    re.compile(r"\bby the CyberTipline in (20[0-9]{2})\b"),
    re.compile(r"\bIn (20[0-9]{2}), the CyberTipline\b"),
)
_TITLE = re.compile(r"\bCyberTipline Reports by (?:U\.?S\.? )?(\w+)", re.IGNORECASE)
_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO", "connecticut": "CT",
    "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL",
    "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
    "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE",
    "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC",
    "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "american samoa": "AS", "guam": "GU", "northern mariana islands": "MP", "puerto rico": "PR", "us virgin islands": "VI",
    "u.s. virgin islands": "VI", "virgin islands": "VI", "washington, d.c.": "DC", "washington d.c.": "DC", "washington, dc": "DC",
    "washington dc": "DC",
}  # fmt: skip
_SUBTOTAL = re.compile(r"sub-?total:?", re.IGNORECASE)
_UNSPECIFIED = re.compile(
    r"unspecified|unknown|(?:no )?state (?:not )?(?:specified|listed)|no state|null|not (?:specified|listed)", re.IGNORECASE
)
#: duplicate reports on one event are bundled since this year
_BUNDLING = 2024


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
    table, subtotals = _table(document)
    year = year_of_data(document, _HEADINGS, _PROSE)
    published_on = publication_date(SOURCE_ID, snapshot.published_on, document.dated, year)
    rows = [_observation(row, *_area_of(row), kind, year) for row in (*table.rows, *subtotals, table.total) for kind in table.kinds]
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "time_period": f"{year}-01-01/P1Y",
            "unit_of_count": "report",
            "unit_measure": "count",
            "offense_scope": "cybertipline_incident_types",
            "jurisdiction": "us_all",
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
    return read_count_table(read_document(SOURCE_ID, snapshot.path), _LABEL_HEADERS, _kinds()).fingerprint


def _table(document: Document) -> tuple[CountTable, Sequence[Row]]:
    refuse_other_titles(document, _TITLE, ("state", "states"))
    whole = read_count_table(document, _LABEL_HEADERS, _kinds())
    subtotals = [row for row in whole.rows if _SUBTOTAL.fullmatch(row.label)]
    table = replace(whole, rows=tuple(row for row in whole.rows if not _SUBTOTAL.fullmatch(row.label)))
    prove_totals(document, table, "states")
    if len(subtotals) > 1:
        raise quarantined(SOURCE_ID, subtotals[1].page, "two rows labelled as subtotal", "the rows cannot be told apart")
    for subtotal in subtotals:
        listed = [row for row in table.rows if not _UNSPECIFIED.fullmatch(row.label.rstrip("*†‡ "))]
        prove_totals(document, replace(table, rows=tuple(listed), total=subtotal), "listed states")
    if {"reports", "referrals", "informational"} <= set(table.kinds):
        for row in table.rows:
            if row.counts["reports"] != (row.counts["referrals"] or 0) + (row.counts["informational"] or 0):
                raise quarantined(SOURCE_ID, row.page, f"{row.label!r}: the parts do not add to its reports", "a cell was misread")
    elif ("referrals" in table.kinds) != ("informational" in table.kinds):
        raise quarantined(SOURCE_ID, table.total.page, f"columns {', '.join(table.kinds)}", "a part of the reports is missing")
    return table, subtotals


def _observation(row: Row, ref_area: str, breakdown: str, kind: str, year: int) -> Mapping[str, str | None]:
    column = _columns()[kind]
    count = row.counts[kind]
    note = None
    if kind in row.dashes:
        note = "Printed as a dash; the table reaches its printed total with this row at zero."
    elif count is None:
        note = "Empty cell; the column reaches its printed total without it."
    return {
        "measure": column["measure"],
        "ref_area": ref_area,
        "statistical_population": column["statistical_population"],
        "breakdown": breakdown,
        "obs_value": None if count is None else str(count),
        "obs_status": "O" if count is None else "B" if year == _BUNDLING else "A",
        "source_locator": f"p. {row.page}, row {row.label}" + ("" if kind == "reports" else f", column {kind}"),
        "obs_note": note,
    }


def _area_of(row: Row) -> tuple[str, str]:
    label = " ".join(row.label.rstrip("*†‡ ").split())
    if is_total(label):
        return "US", ""
    if _SUBTOTAL.fullmatch(label):
        return "US", "state=any_listed"
    if _UNSPECIFIED.fullmatch(label):
        return "US", "state=unspecified"
    code = _STATES.get(label.casefold()) or (label if label in _STATES.values() else None)
    if code is None:
        raise quarantined(SOURCE_ID, row.page, f"row {row.label!r} is no state or territory", "the area is not certain")
    return f"US-{code}", ""


def _kinds() -> Mapping[str, str]:
    """Say for every known column header what its counts are: reports, referrals or informational reports."""
    return {header: row["kind"] for header, row in read_printed_names(REPORT_COLUMNS, "header").items()}


def _columns() -> Mapping[str, Mapping[str, str]]:
    return {row["kind"]: row for row in read_printed_names(REPORT_COLUMNS, "header").values()}
