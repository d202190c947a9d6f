"""Executive Office for US Attorneys: annual statistical report, criminal tables by program category and declinations by reason (PDF).

A program category is what an office files a matter under; it is not derived from a statute. `catalog/eousa_program_categories.csv`
says which printed names belong to child exploitation and which break they have, `catalog/eousa_declination_labels.csv` which printed
reasons have which code. No table of these reports has been seen: headers, names and sums must be as written here, or nothing is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from pipelines.pdf_tables import CountTable, Document, Row, is_total, prove_totals, read_count_table, read_document, year_of_data
from pipelines.publications import Fingerprint, observation_frame, publication_date, quarantined
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

SOURCE_ID = "eousa_annual_statistical_report"
CATEGORIES = PROJECT / "catalog" / "eousa_program_categories.csv"
REASONS = PROJECT / "catalog" / "eousa_declination_labels.csv"

_PUBLICATION = re.compile(r"United States Attorneys[’']? ?Annual Statistical Report", re.IGNORECASE)
_YEARS = (re.compile(r"\bFiscal Year (20[0-9]{2})\b", re.IGNORECASE),)
_CATEGORY_HEADERS = ("program category", "program categories", "category")
_REASON_HEADERS = ("reason", "declination reason", "reason for declination", "reasons for declination")
#: date of a break -> its name in catalog/breaks.csv
_BREAKS = {"lions_offline_category_closed": date(2011, 2, 1)}


@dataclass(frozen=True)
class _Meaning:
    measure: str
    unit_of_count: str
    statistical_population: str
    breakdown: str = ""


@dataclass(frozen=True)
class _Kind:
    """One kind of table: words of its title, headers of labels and of columns; columns without a meaning only serve the sums."""

    title: re.Pattern[str]
    labels: tuple[str, ...]
    headers: Mapping[str, str]
    meanings: Mapping[str, _Meaning]
    what: str


_KINDS = (
    _Kind(
        re.compile(r"\bTable [0-9]+[A-Z]?\W+(?:United States )?Criminal (?:Cases|Caseload)[^.]{0,40}by Program Category", re.IGNORECASE),
        _CATEGORY_HEADERS,
        {
            "cases filed": "cases_filed",
            "defendants filed": "defendants_filed",
            "defendants in cases filed": "defendants_filed",
            "cases terminated": "cases_terminated",
            "defendants terminated": "defendants_terminated",
            "defendants in cases terminated": "defendants_terminated",
            "defendants guilty": "guilty",
            "guilty": "guilty",
            "not guilty": "not_guilty",
            "acquitted": "not_guilty",
            "dismissed": "dismissed",
            "other": "other",
            "cases pending": "cases_pending",
            "defendants pending": "defendants_pending",
        },
        {
            "cases_filed": _Meaning("cases_filed", "case", "usao_cases_filed"),
            "defendants_filed": _Meaning("defendants_charged", "defendant_in_case", "usao_cases_filed"),
            "cases_terminated": _Meaning("cases_terminated", "case", "usao_cases_terminated"),
            "defendants_terminated": _Meaning("defendants_terminated", "defendant_in_case", "usao_cases_terminated"),
            "guilty": _Meaning("defendants_convicted", "defendant_in_case", "usao_defendants_convicted"),
        },
        "program categories",
    ),
    _Kind(
        re.compile(r"\bTable [0-9]+[A-Z]?\W+(?:United States )?Criminal Matters[^.]{0,40}by Program Category", re.IGNORECASE),
        _CATEGORY_HEADERS,
        {
            "matters received": "matters_received",
            "suspects in matters received": "suspects_received",
            "suspects received": "suspects_received",
            "matters declined": "matters_declined",
            "suspects in matters declined": "suspects_declined",
            "suspects declined": "suspects_declined",
            "matters pending": "matters_pending",
            "suspects pending": "suspects_pending",
        },
        {
            "matters_received": _Meaning("matters_received", "matter", "usao_matters_received"),
            "suspects_received": _Meaning("suspects_referred", "suspect_in_matter", "usao_matters_received"),
            "matters_declined": _Meaning("matters_declined", "matter", "usao_declinations"),
            "suspects_declined": _Meaning("suspects_declined", "suspect_in_matter", "usao_declinations"),
        },
        "program categories",
    ),
    _Kind(
        re.compile(r"\bTable [0-9]+[A-Z]?\W+(?:United States )?Criminal Matters Declined[^.]{0,40}by Reason", re.IGNORECASE),
        _REASON_HEADERS,
        {
            "immediate declinations": "immediate",
            "immediate": "immediate",
            "later declinations": "later",
            "later": "later",
            "total declinations": "all",
            "total": "all",
            "matters declined": "all",
        },
        {
            "immediate": _Meaning("matters_declined", "matter", "usao_declinations", "declination=immediate"),
            "later": _Meaning("matters_declined", "matter", "usao_declinations", "declination=later"),
            "all": _Meaning("matters_declined", "matter", "usao_declinations"),
        },
        "reasons",
    ),
)


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one report into observations.

    Raises:
        PublicationError: the report cannot be read with certainty.
    """
    return parse_document(read_document(SOURCE_ID, snapshot.path), snapshot)


def parse_document(document: Document, snapshot: Snapshot) -> pl.DataFrame:
    """Read one report, given as words, into observations.

    Raises:
        PublicationError: the report cannot be read with certainty.
    """
    tables = _tables(document)
    year = year_of_data(document, _YEARS)
    rows: list[dict[str, str | None]] = []
    for kind, table in tables:
        for row in (*table.rows, table.total):
            scope, breakdown, break_id = _subject(kind, row)
            if scope is None:
                continue
            rows += [
                _observation(row, column, kind.meanings[column], scope, breakdown, year, break_id)
                for column in table.kinds
                if column in kind.meanings
            ]
    return observation_frame(
        _without_repeats(rows),
        {
            "source_id": SOURCE_ID,
            "ref_area": "US",
            "time_period": f"{year - 1}-10-01/P1Y",
            "unit_measure": "count",
            "jurisdiction": "us_federal",
            "pathway": "any",
            "value_qualifier": "exact",
            "published_on": publication_date(SOURCE_ID, snapshot.published_on, document.dated, year - 1),
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def _without_repeats(rows: Sequence[dict[str, str | None]]) -> list[dict[str, str | None]]:
    """Keep the first of figures that several tables print, all of which must be equal."""
    kept: dict[tuple[str | None, ...], dict[str, str | None]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("measure", "unit_of_count", "offense_scope", "statistical_population", "breakdown"))
        known = kept.setdefault(key, row)
        if known["obs_value"] != row["obs_value"]:
            raise quarantined(
                SOURCE_ID,
                None,
                f"{row['source_locator']} has {row['obs_value']}, {known['source_locator']} has {known['obs_value']}",
                "the tables contradict each other",
            )
    return list(kept.values())


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of the tables read from one report.

    Raises:
        PublicationError: the report cannot be read with certainty.
    """
    prints = [table.fingerprint for _, table in _tables(read_document(SOURCE_ID, snapshot.path))]
    return Fingerprint(
        tuple(header for each in prints for header in each.headers),
        tuple(label for each in prints for label in each.labels),
        tuple(column for each in prints for column in each.columns),
        tuple(note for each in prints for note in each.footnotes),
    )


def _tables(document: Document) -> list[tuple[_Kind, CountTable]]:
    if not any(_PUBLICATION.search(page.text) for page in document.pages[:5]):
        raise quarantined(SOURCE_ID, None, "no page names the annual statistical report", "this is another publication")
    found = []
    for kind in _KINDS:
        pages = {
            page.number for page in document.pages if any(_is_title(kind, " ".join(word.text for word in line)) for line in page.lines)
        }
        if not pages:
            raise quarantined(
                SOURCE_ID, None, f"no table on {kind.what} titled like {kind.title.pattern!r}", "a table is missing or was renamed"
            )
        # the other pages stay in place without their words, so that page numbers hold
        own = replace(document, pages=tuple(page if page.number in pages else replace(page, words=()) for page in document.pages))
        table = read_count_table(own, kind.labels, kind.headers)
        prove_totals(own, table, kind.what)
        _prove_columns(table)
        missing = sorted(set(kind.meanings) - set(table.kinds)) if kind.what == "reasons" else []
        if missing or not set(kind.meanings) & set(table.kinds):
            raise quarantined(
                SOURCE_ID, min(pages), f"no column {', '.join(missing) or 'that is known'}", "a column is missing or was renamed"
            )
        found.append((kind, table))
    return found


def _is_title(kind: _Kind, line: str) -> bool:
    # a list of tables ends its lines with a page number
    return bool(kind.title.search(line)) and not re.search(r"\s[0-9]{1,3}$|\.{4}", line)


def _prove_columns(table: CountTable) -> None:
    names = {row.label.casefold() for row in table.rows}
    if len(names) < len(table.rows):
        raise quarantined(SOURCE_ID, table.total.page, "a row stands twice", "it is not certain which row holds")
    for row in (*table.rows, table.total):
        counts = {column: count or 0 for column, count in row.counts.items()}
        if {"immediate", "later", "all"} <= set(counts) and counts["immediate"] + counts["later"] != counts["all"]:
            raise quarantined(SOURCE_ID, row.page, f"{row.label!r}: immediate and later declinations do not add up", "a cell was misread")
        if counts.get("cases_filed", 0) > counts.get("defendants_filed", counts.get("cases_filed", 0)):
            raise quarantined(
                SOURCE_ID, row.page, f"{row.label!r}: more cases than defendants filed", "columns are exchanged or a cell was misread"
            )
        if counts.get("cases_terminated", 0) > counts.get("defendants_terminated", counts.get("cases_terminated", 0)):
            raise quarantined(
                SOURCE_ID, row.page, f"{row.label!r}: more cases than defendants closed", "columns are exchanged or a cell was misread"
            )
        if counts.get("guilty", 0) > counts.get("defendants_terminated", counts.get("guilty", 0)):
            raise quarantined(
                SOURCE_ID, row.page, f"{row.label!r}: more defendants guilty than closed", "columns are exchanged or a cell was misread"
            )
        if counts.get("matters_received", 0) > counts.get("suspects_received", counts.get("matters_received", 0)):
            raise quarantined(
                SOURCE_ID, row.page, f"{row.label!r}: more matters than suspects", "columns are exchanged or a cell was misread"
            )


def _subject(kind: _Kind, row: Row) -> tuple[str | None, str, str]:
    """Give offense scope, breakdown and break of a row; no scope for a category on another subject."""
    if is_total(row.label):
        return "federal_all_offenses", "", ""
    key = _name_key(row.label)
    if kind.what == "reasons":
        reason = _labels(REASONS).get(key)
        if reason is None:
            raise quarantined(SOURCE_ID, row.page, f"row {row.label!r} is no reason of {REASONS.name}", "the reason is not certain")
        return "federal_all_offenses", f"declination_reason={reason['declination_reason']}", ""
    category = _labels(CATEGORIES).get(key)
    if category is None:
        raise quarantined(SOURCE_ID, row.page, f"row {row.label!r} is no category of {CATEGORIES.name}", "the category is not certain")
    return category["offense_scope"] or None, "", category["break_id"]


def _observation(row: Row, column: str, meaning: _Meaning, scope: str, breakdown: str, year: int, break_id: str) -> dict[str, str | None]:
    broken = break_id in _BREAKS and date(year - 1, 10, 1) <= _BREAKS[break_id] <= date(year, 9, 30)
    notes = []
    count = row.counts[column]
    if column in row.dashes:
        notes.append("Printed as a dash; the table reaches its printed total with this row at zero.")
    if count is None:
        notes.append("Empty cell; the column reaches its printed total without it.")
    if broken:
        notes.append("The program categories change within the year.")
    return {
        "measure": meaning.measure,
        "unit_of_count": meaning.unit_of_count,
        "offense_scope": scope,
        "statistical_population": meaning.statistical_population,
        "breakdown": ";".join(sorted(pair for pair in (meaning.breakdown, breakdown) if pair)),
        "obs_value": None if count is None else str(count),
        "obs_status": "O" if count is None else "B" if broken else "A",
        "source_locator": f"p. {row.page}, row {row.label}, column {column}",
        "obs_note": " ".join(notes) or None,
    }


def _name_key(name: str) -> str:
    plain = re.sub(r"\s*[-‐–—/]\s*", lambda match: match[0].strip().replace("–", "-").replace("—", "-").replace("‐", "-"), name)
    return " ".join(plain.replace("’", "'").rstrip("*†‡ ").split()).casefold()


@cache
def _labels(path: Path) -> Mapping[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return {_name_key(row["printed_name"]): row for row in csv.DictReader(lines)}
