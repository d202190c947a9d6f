"""Federal Judicial Center: Integrated Database, criminal defendants since fiscal year 1996 (text, counted in a stream).

One record is one defendant in one yearly snapshot: filed in the year, ended in it, or pending at its end. A defendant is counted
once, from the latest version: filings by PROCDATE where CTFIL (or CTFILTRN, with transfers between districts) is 1, terminations
by TERMDATE where CTTR (or CTTRTRN) is 1, convictions as terminations with a material statute and a convicting disposition in the
same slot, sentences by SENTDATE. `lead` is slot 1, `any` any of the five slots. Which statute text means which group stands in
`catalog/csam_statutes.csv`; texts that may mean something else are a group of their own, outside the total.

Pathways finer than the groups, and the offense codes of the file, are not read: neither tells this material apart.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

import polars as pl

from pipelines.publications import PublicationError
from pipelines.records import (
    CSAM_BITS,
    GROUP_BITS,
    GROUP_PATHWAY,
    SERIES,
    Coverage,
    DelimitedText,
    complete_observations,
    count_observations,
    cover,
    fiscal_year,
    month_number,
    months_of_fiscal_year,
    open_delimited,
    read_districts,
    read_statutes,
    refuse_many,
    text_files,
)
from pipelines.snapshots import Snapshot

SOURCE_ID = "fjc_idb_criminal"
_LOG = logging.getLogger(__name__)

_SLOTS = "12345"
_FLAGS = {"CTFIL": 1, "CTFILTRN": 2, "CTTR": 4, "CTTRTRN": 8}
_CONVICTING = ("4", "5", "8", "9", "17", "19")
_DATES = ("PROCDATE", "TERMDATE", "SENTDATE", "LOADDATE")
#: DEFLGKY holds a docket number: it is hashed as it is read and goes no further
COLUMNS: tuple[str, ...] = (
    "FISCALYR", "DISTRICT", "DEFLGKY", "REOPSEQ", "VER", "TAPEYEAR", *_DATES, *_FLAGS,
    *(f"{name}{slot}" for name in ("FTITLE", "TTITLE", "DISP") for slot in _SLOTS),
)  # fmt: skip
#: columns that are blank in the public file, so that a blank last field says nothing about the line
_BLANK = ("NAME", "FJUDGE", "TJUDGE")
_MISSING_DAY = "01/01/1900"
_ANY_SECTION = r"^\s*0*18[ :]+0*(22[0-9]|146)"
_UNKNOWN_DISTRICT = 255
#: rows that are judged together when versions of one record are compared; bounds memory, changes nothing else
_BUCKET_ROWS = 4_000_000

#: counted event -> measure, statistical population, how it is counted
_EVENTS = {
    "filed": ("defendants_charged", "idb_defendants_filed", "CTFIL = 1 by PROCDATE"),
    "filed_with_transfers": ("defendants_charged", "idb_defendants_filed_with_transfers", "CTFILTRN = 1 by PROCDATE"),
    "terminated": ("defendants_terminated", "idb_defendants_terminated", "CTTR = 1 by TERMDATE"),
    "terminated_with_transfers": ("defendants_terminated", "idb_defendants_terminated_with_transfers", "CTTRTRN = 1 by TERMDATE"),
    "convicted": ("defendants_convicted", "idb_defendants_terminated", "CTTR = 1 by TERMDATE, convicting DISP in the slot of the statute"),
    "sentenced": ("defendants_sentenced", "idb_defendants_sentenced", "CTTR = 1 by SENTDATE, convicting DISP in the slot of the statute"),
}
_SCOPE_BITS = {"csam": CSAM_BITS, **GROUP_BITS}
_COUNTED = ["event", "scope", "slot", "district", "month"]
_DISTRICT_SCOPE = "csam"


@dataclass
class Records:
    """What is kept of the records read so far: numbers only, about forty bytes for each.

    Attributes:
        kept: frames of one row for each record; see `keep`.
        rows: lines read.
        malformed: lines that are no whole record.
        fiscal_years: snapshots the file holds.
        last_month: latest month with an event that its own load date does not contradict.
        unmatched: texts close to the statutes that match none -> how often they stand anywhere.
    """

    kept: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0
    malformed: int = 0
    fiscal_years: set[int] = field(default_factory=set)
    last_month: int = 0
    unmatched: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Counts:
    """Counts of one partition (a file, or some districts of one); partitions without a common defendant add up.

    Attributes:
        table: event, scope, slot, district, month, records.
        rows: lines read.
        malformed: lines that are no whole record.
        superseded: records replaced by a later version.
        undated: events that a flag counts and whose date is no day.
        fiscal_years: snapshots read.
        last_month: latest month with a plausible event.
    """

    table: pl.DataFrame
    rows: int
    malformed: int
    superseded: int
    undated: int
    fiscal_years: frozenset[int]
    last_month: int


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Count the criminal records of one file: the country by month, the districts by year.

    Args:
        snapshot: the text file, alone, zipped (Deflate64 too), or a folder of yearly files.

    Returns:
        Rows for `conform`.

    Raises:
        PublicationError: no file has the layout, or too much of it cannot be read.
    """
    counts = count_records(tables_of(snapshot))
    rows = observe(counts)
    note = f"{counts.malformed:,} of {counts.rows:,} lines were quarantined." if counts.malformed else None
    return complete_observations(rows, url=snapshot.url, published_on=snapshot.published_on, note=note)


def tables_of(snapshot: Snapshot) -> list[DelimitedText]:
    """Open the files of a snapshot that have the layout of the criminal database.

    Raises:
        PublicationError: none has, or one lacks a column that is needed.
    """
    tables = [open_delimited(file, "\t") for file in text_files(SOURCE_ID, snapshot.path)]
    tables = [table for table in tables if "FISCALYR" in table.header]
    if not tables:
        raise PublicationError(
            f"{SOURCE_ID}: no file of {snapshot.path.name} begins with a tab-delimited header line with FISCALYR: "
            "give the text file of the criminal database since 1996"
        )
    for table in tables:
        absent = [name for name in COLUMNS if name not in field_names(table.header)]
        if absent:
            raise PublicationError(
                f"{SOURCE_ID}: {table.file.name}: header line has no column {', '.join(absent)}: "
                "the layout has changed, or it is the file of 1970 to 1995, which is another one"
            )
    return tables


def field_names(header: Sequence[str]) -> tuple[str, ...]:
    """Put a header right in which two needed names were printed without the tab between them (`DISP3PRISTIM3`)."""
    fused = {f"DISP{slot}PRISTIM{slot}": (f"DISP{slot}", f"PRISTIM{slot}") for slot in _SLOTS}
    return tuple(part for name in header for part in fused.get(name, (name,)))


def count_records(tables: Iterable[DelimitedText], districts: Sequence[str] | None = None) -> Counts:
    """Count the records of one partition.

    Args:
        tables: files to read together: all versions of a defendant's records must be among them.
        districts: two-character codes of the file to restrict the partition to; all when None. A defendant's records never
            cross districts, so that counts of districts add up.

    Raises:
        PublicationError: too many lines are no records, or too many counted events have no day.
    """
    records = Records()
    for table in tables:
        names = field_names(table.header)
        for batch in table.batches(COLUMNS, names):
            keep(records, batch if districts is None else batch.filter(pl.col("DISTRICT").str.strip_chars().is_in(districts)), names[-1])
    place = f"{SOURCE_ID}: {records.rows:,} lines"
    refuse_many(place, "lines have too few or too many fields, or no fiscal year", records.malformed, records.rows, "look at the download")
    if records.unmatched:
        near = ", ".join(f"{text} {number:,}" for text, number in records.unmatched.most_common(20))
        _LOG.info("%s: statute texts close to the material statutes that are counted in none of them: %s", place, near)
    return _reduce(records, place)


def keep(records: Records, batch: pl.DataFrame, last: str) -> None:
    """Take from a batch of lines what counting needs: hashed keys, months, flags and bits of the statute groups."""
    records.rows += batch.height
    year = pl.col("FISCALYR").str.strip_chars()
    whole = pl.col("whole") if last not in _BLANK else pl.lit(True)
    good = batch.filter(
        whole & year.str.contains(r"^(19|20)\d\d(\.0)?$") & pl.col("DEFLGKY").is_not_null() & pl.col("TAPEYEAR").is_not_null()
    )
    records.malformed += batch.height - good.height
    if good.is_empty():
        return
    suspect = pl.any_horizontal(pl.col(f"{name}TITLE{slot}").str.contains(_ANY_SECTION) for name in "FT" for slot in _SLOTS)
    marked = good.lazy().select(*_kept_columns(), *(pl.col(f"{n}{slot}") for n in ("FTITLE", "TTITLE", "DISP") for slot in _SLOTS), suspect=suspect.fill_null(False)).collect()  # noqa: E501
    columns = [*_KEPT]
    plain = marked.filter(~pl.col("suspect")).with_columns(pl.lit(0, dtype=pl.UInt8).alias(name) for name in ("filed", "ended", "convicted"))
    charged = marked.filter("suspect").with_columns(
        _lead_and_any([_bits(f"FTITLE{slot}") for slot in _SLOTS]).alias("filed"),
        _lead_and_any([_bits(f"TTITLE{slot}") for slot in _SLOTS]).alias("ended"),
        _lead_and_any([pl.when(_convicting(slot)).then(_bits(f"TTITLE{slot}")).otherwise(0) for slot in _SLOTS]).alias("convicted"),
    )
    records.kept += [plain.select(columns), charged.select(columns)]
    records.fiscal_years.update(int(text[:4]) for text in good["FISCALYR"].str.strip_chars().unique())
    plausible = marked.select(
        pl.max_horizontal(
            pl.when(pl.col("flags") & bits > 0, pl.col(month) <= pl.col("load") // 100).then(pl.col(month)).max().fill_null(0)
            for bits, month in ((3, "filed_month"), (12, "ended_month"))
        )
    ).item()
    records.last_month = max(records.last_month, plausible)
    _note_unmatched(records, charged)
