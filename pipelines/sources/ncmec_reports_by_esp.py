"""NCMEC: CyberTipline reports by electronic service provider, one edition a year (PDF).

One row for each provider and a printed total that the rows must add to. Provider names are free text: nothing in the
publication can prove a name, or tell that the counts of two providers were exchanged.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.pdf_tables import CountTable, Document, Row, prove_totals, read_count_table, read_document, refuse_other_titles, year_of_data
from pipelines.publications import Fingerprint, observation_frame, publication_date, quarantined
from pipelines.snapshots import Snapshot

SOURCE_ID = "ncmec_reports_by_esp"

_LABEL_HEADERS = (
    "esp",
    "electronic service provider",
    "electronic service providers",
    "electronic service provider (esp)",
    "electronic service providers (esp)",
)
_COUNT_HEADERS = {"number of reports": "reports", "reports": "reports", "total reports": "reports"}
_HEADINGS = (re.compile(r"\b(20[0-9]{2}) (?:CyberTipline )?Reports by\b"),)
_PROSE = (
    re.compile(r"\bIn (20[0-9]{2}), the CyberTipline received\b"),
    re.compile(r"\breports made in (20[0-9]{2})\b"),
)
_TITLE = re.compile(r"\bCyberTipline Reports by (\w+)", re.IGNORECASE)
_COMBINED = re.compile(r"[*†‡ ]+$")
#: besides letters and digits; anything else comes from a damaged file or a font that does not say what its signs mean
_SIGNS_IN_NAMES = frozenset(" .,:;&/|()[]'’‘\"“”!?#*+-–—_@%=$~®™†‡")
#: services that were combined in one row until 2020 and have rows of their own since
_SPLIT_IN_2021 = ("Amazon", "Facebook", "Instagram", "Microsoft", "WhatsApp")
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
    table = _table(document)
    year = year_of_data(document, _HEADINGS, _PROSE)
    published_on = publication_date(SOURCE_ID, snapshot.published_on, document.dated, year)
    rows = [_observation(row, year) for row in table.rows]
    total = table.total.counts["reports"]
    rows.append(
        {
            "breakdown": "reporter=esp",
            "obs_value": str(total),
            "obs_status": "B" if year == _BUNDLING else "A",
            "source_locator": f"p. {table.total.page}, row Total",
            "obs_note": "Printed total; equals the sum of all rows of the table.",
        }
    )
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "measure": "reports_received",
            "ref_area": "WORLD",
            "time_period": f"{year}-01-01/P1Y",
            "unit_of_count": "report",
            "unit_measure": "count",
            "offense_scope": "cybertipline_incident_types",
            "jurisdiction": "worldwide",
            "pathway": "any",
            "statistical_population": "cybertipline_reports",
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
    refuse_other_titles(document, _TITLE, ("electronic", "esp"))
    table = read_count_table(document, _LABEL_HEADERS, _COUNT_HEADERS)
    prove_totals(document, table, "providers")
    return table


def _observation(row: Row, year: int) -> dict[str, str | None]:
    name = _COMBINED.sub("", row.label)
    strange = {character for character in name if not character.isalnum()} - _SIGNS_IN_NAMES
    if strange or not name:
        raise quarantined(SOURCE_ID, row.page, f"row {row.label!r}: {sorted(strange)} in a name", "the text of the file is damaged")
    note = None
    if row.dashes:
        note = "Printed as a dash; the table reaches its printed total with this row at zero."
    elif name == "INHOPE":
        note = "A hotline network, not a service provider, but printed in this list."
    elif name != row.label:
        note = "Asterisk in the source: related platforms are combined in this row."
    split = year == 2021 and name.startswith(_SPLIT_IN_2021)
    return {
        "breakdown": f"esp={_canonical(name)};reporter=esp",
        "obs_value": str(row.counts["reports"]),
        "obs_status": "B" if split or year == _BUNDLING else "A",
        "source_locator": f"p. {row.page}, row {row.label}",
        "obs_note": note,
    }


def _canonical(name: str) -> str:
    """Write a name so that it can stand in a breakdown; distinct names stay distinct."""
    return name.replace("%", "%25").replace(";", "%3B").replace("=", "%3D")
