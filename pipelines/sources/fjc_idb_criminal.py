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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from threading import Lock

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.fields import (
    NO_DAY,
    NO_NUMBER,
    Bytes,
    Codes,
    Columns,
    Days,
    Hashes,
    Marks,
    Numbers,
    compiled,
    hash_numbers,
    number_months,
    read_fields,
)
from pipelines.publications import PublicationError
from pipelines.records import (
    CSAM_BITS,
    GROUP_BITS,
    GROUP_PATHWAY,
    SERIES,
    Coverage,
    DelimitedText,
    Part,
    Partial,
    complete_observations,
    count_observations,
    cover,
    months_of_fiscal_year,
    number_of_month,
    open_delimited,
    read_day,
    read_districts,
    read_number,
    read_statutes,
    refuse_many,
    text_files,
)
from pipelines.snapshots import Snapshot

SOURCE_ID = "fjc_idb_criminal"
_LOG = logging.getLogger(__name__)

_SLOTS = "12345"
_FLAGS = {"CTFIL": 1, "CTFILTRN": 2, "CTTR": 4, "CTTRTRN": 8}
_CONVICTING = np.isin(np.arange(20), [4, 5, 8, 9, 17, 19])
#: numbers read of every line, and where some of them stand: those that name a record beside its key, and others
_NUMBERS = (*_FLAGS, "FISCALYR", "REOPSEQ", "TAPEYEAR", "VER")
_NAMING = slice(len(_FLAGS), len(_FLAGS) + 3)
_FISCAL_YEAR, _REOPENED, _TAPE_YEAR, _VERSION = range(len(_FLAGS), len(_NUMBERS))
_DATES = ("PROCDATE", "TERMDATE", "SENTDATE", "LOADDATE")
_CHARGE_TEXTS = tuple(f"{name}{slot}" for name in ("FTITLE", "TTITLE") for slot in _SLOTS)
_OUTCOMES = tuple(f"DISP{slot}" for slot in _SLOTS)
#: DEFLGKY holds a docket number: it is hashed as it is read and goes no further
COLUMNS = ("FISCALYR", "DISTRICT", "DEFLGKY", "REOPSEQ", "VER", "TAPEYEAR", *_DATES, *_FLAGS, *_CHARGE_TEXTS, *_OUTCOMES)
#: what is kept of a record that a flag counts: key and row are salted hashes, load is days since 1970, filed_on, ended_on and
#: sentenced_on are months (0 where there is none), filed, ended and convicted are bits of statute groups
KEPT: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("key", "row"), pl.UInt64()),
    "load": pl.Int32(),
    "version": pl.Int16(),
    "reopened": pl.Int16(),
    "district": pl.UInt8(),
    **dict.fromkeys(("filed_on", "ended_on", "sentenced_on"), pl.Int16()),
    "flags": pl.UInt8(),
    "convicted_of_anything": pl.Boolean(),
    **dict.fromkeys(("filed", "ended", "convicted"), pl.UInt8()),
}
#: what is kept of the others, which may be later versions of a counted one
PASSING = ("row", "load", "version")
#: what the files print where there is no day
_MISSING_DAY = (date(1900, 1, 1) - date(1970, 1, 1)).days
#: texts worth a closer look; all of chapter 110 and its neighbours
_CLOSE = r"^\s*0*18[ :]+0*(22[0-9]|146)"
_UNKNOWN_DISTRICT = 255
#: how texts begin that are, or may be after spaces and zeros; `_CLOSE` judges them
_OPENINGS = ("18.22", "18.146", "18. ", "18.:", "18.0")
#: how many bits of a key's hash its records share, so that all fall into one bucket
_BUCKET_BITS = 16
#: rows that are judged together when versions of one record are compared; bounds memory, changes nothing else
_BUCKET_ROWS = 2_000_000
#: blocks that are dealt out to the buckets together
_FRAMES_TOGETHER = 32

#: counted event -> measure, statistical population, how it is counted
_EVENTS = {
    "filed": ("defendants_charged", "idb_defendants_filed", "CTFIL = 1 by PROCDATE"),
    "filed_with_transfers": ("defendants_charged", "idb_defendants_filed_with_transfers", "CTFILTRN = 1 by PROCDATE"),
    "terminated": ("defendants_terminated", "idb_defendants_terminated", "CTTR = 1 by TERMDATE"),
    "terminated_with_transfers": ("defendants_terminated", "idb_defendants_terminated_with_transfers", "CTTRTRN = 1 by TERMDATE"),
    "convicted": ("defendants_convicted", "idb_defendants_terminated", "CTTR = 1 by TERMDATE, convicting DISP in the slot of the statute"),
    "sentenced": ("defendants_sentenced", "idb_defendants_sentenced", "CTTR = 1 by SENTDATE, convicting DISP in the slot of the statute"),
}
#: events are grouped as numbers
_EVENT = pl.Enum(list(_EVENTS))
_SCOPE_BITS = {"csam": CSAM_BITS, **GROUP_BITS}
_COUNTED = ["event", "scope", "slot", "district", "month"]
_DISTRICT_SCOPE = "csam"


@dataclass
class Records:
    """What is kept of the records read so far: numbers only, 36 bytes for each that a flag counts and 14 for each other.

    Attributes:
        flagged: frames of `KEPT`, one row for each record that a flag counts.
        passing: frames of `PASSING`, for the others.
        rows: lines read.
        malformed: lines that are no whole record.
        fiscal_years: snapshots the file holds.
        last_day: latest day of an event that its own load date does not contradict, in days since 1970.
        unmatched: texts close to the statutes that match none -> how often they stand on a flagged record.
        bits: texts met that begin like the statutes -> bits of their group, None where they are not even close.
    """

    flagged: list[pl.DataFrame] = field(default_factory=list)
    passing: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0
    malformed: int = 0
    fiscal_years: set[int] = field(default_factory=set)
    last_day: int = _MISSING_DAY
    unmatched: Counter[str] = field(default_factory=Counter)
    bits: dict[str, int | None] = field(default_factory=dict)


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
        last_day: latest day of a plausible event.
    """

    table: pl.DataFrame
    rows: int
    malformed: int
    superseded: int
    undated: int
    fiscal_years: frozenset[int]
    last_day: date


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Count the criminal records of one file: the country by month, the districts by year.

    Args:
        snapshot: the text file, alone, zipped (Deflate64 too), or a folder of yearly files.

    Returns:
        Rows for `conform`; those of a file whose edition nobody dated carry the latest day of an event as `published_on`.

    Raises:
        PublicationError: no file has the layout, or too much of it cannot be read.
    """
    return _rows(snapshot, count_records(tables_of(snapshot)))


def _rows(snapshot: Snapshot, counts: Counts) -> pl.DataFrame:
    rows = observe(counts)
    note = f"{counts.malformed:,} of {counts.rows:,} lines were quarantined." if counts.malformed else None
    # every quarter revises earlier months and no page dates the file: the day it runs to tells its editions apart
    published_on = snapshot.published_on or counts.last_day.isoformat()
    return complete_observations(rows, url=snapshot.url, published_on=published_on, note=note)


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


def divide(snapshot: Snapshot, parts: int) -> tuple[Part, ...]:
    """Divide a file, or a folder of files, into about as many parts: plain text by its bytes, a member of an archive is one part.

    Raises:
        PublicationError: as `tables_of`.
    """
    files = [table.file for table in tables_of(snapshot)]
    sizes = [file.path.stat().st_size for file in files]
    span = max(-(-sum(sizes) // parts), 1)
    divided: list[Part] = []
    for number, (file, size) in enumerate(zip(files, sizes, strict=True)):
        if file.packing == "plain":
            divided += [Part(number, (begin, begin + span)) for begin in range(0, size, span)]
        else:
            divided.append(Part(number))
    return tuple(divided)


def count_part(snapshot: Snapshot, part: Part, salt: int) -> Partial:
    """Read one part: the records as numbers, so that versions of one record can meet in `merge_parts`.

    Args:
        snapshot: the whole release.
        part: one of `divide`.
        salt: changes the hashes that stand for the keys; the same for all parts that are to be merged.
    """
    tables = tables_of(snapshot)
    chosen = tables if part.file is None else [tables[part.file]]
    here = [replace(table, file=replace(table.file, span=part.span)) for table in chosen]
    records = read_records(here, part.districts or None, salt)
    return Partial(
        pl.concat([pl.DataFrame(schema=KEPT), *records.flagged, *records.passing], how="diagonal"),
        {
            "rows": records.rows,
            "malformed": records.malformed,
            "fiscal_years": sorted(records.fiscal_years),
            "last_day": records.last_day,
            "unmatched": dict(records.unmatched),
        },
    )


def merge_parts(snapshot: Snapshot, parts: Iterable[Partial]) -> pl.DataFrame:
    """Count the records of all parts of a release together.

    Args:
        snapshot: the release, of which nothing is read again.
        parts: the answers of `count_part` for every part of `divide`, in any order.

    Returns:
        The rows of `parse`.

    Raises:
        PublicationError: too many lines are no records, or too many counted events have no day.
    """
    records = Records()
    for part in parts:
        told = _PartSummary(**part.summary)  # type: ignore[arg-type]
        records.flagged.append(part.table.filter(pl.col("flags").is_not_null()))
        records.passing.append(part.table.filter(pl.col("flags").is_null()).select(*PASSING))
        records.rows += told.rows
        records.malformed += told.malformed
        records.fiscal_years.update(told.fiscal_years)
        records.last_day = max(records.last_day, told.last_day)
        records.unmatched.update(told.unmatched)
    return _rows(snapshot, _reduce(records))


@dataclass(frozen=True)
class _PartSummary:
    rows: int
    malformed: int
    fiscal_years: Sequence[int]
    last_day: int
    unmatched: Mapping[str, int]


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
    return _reduce(read_records(tables, districts))


def read_records(tables: Iterable[DelimitedText], districts: Sequence[str] | None = None, salt: int = 0) -> Records:
    """Read the records of one partition into numbers, without judging how many are damaged.

    Args:
        tables: files to read.
        districts: as `count_records`; a line that is no whole record is in no district.
        salt: changes the hashes that stand for the keys.
    """
    records = Records()
    for table in tables:
        names = field_names(table.header)
        at = {name: names.index(name) for name in COLUMNS}
        # files that went through other software print 2017.0 for 2017
        decimals = "." in dict(zip(names, table.first, strict=False)).get("FISCALYR", "")
        here = None if districts is None else dict.fromkeys(districts, 1)
        reader = _Reader(at, len(names), decimals, here, salt, records.bits, records.unmatched)
        for block in table.read(reader.read):
            keep(records, block)
    return records


@dataclass(frozen=True)
class _Block:
    """What is kept of one block of lines.

    Attributes:
        lines: how many.
        flagged: the records that a flag counts (`KEPT`).
        passing: the others (`PASSING`), which may be later versions of a flagged one.
        fiscal_years: snapshots they belong to.
        last_day: latest day of an event that its own load date does not contradict, in days since 1970.
    """

    lines: int
    flagged: pl.DataFrame
    passing: pl.DataFrame
    fiscal_years: frozenset[int]
    last_day: int


@dataclass(frozen=True)
class _Reader:
    """Reads blocks of one file, several at a time.

    Attributes:
        at: column -> its number in the file.
        fields: fields of a whole line.
        decimals: numbers are printed with a decimal point.
        districts: codes to restrict the reading to; None for all.
        salt: changes the hashes that stand for the keys.
        bits: statute texts met so far -> bits of their group, None where they are not even close.
        near: texts close to the statutes that match none -> how often they stand on a counted record.
        lock: of `near`.
    """

    at: Mapping[str, int]
    fields: int
    decimals: bool
    districts: Mapping[str, int] | None
    salt: int
    bits: dict[str, int | None]
    near: Counter[str]
    lock: Lock = field(default_factory=Lock)

    @cached_property
    def _columns(self) -> Sequence[Columns]:
        """What is read of every line."""
        here = [] if self.districts is None else [Codes({"here": self.at["DISTRICT"]}, self.districts, 0)]
        return [
            self._numbers(*_NUMBERS),
            Hashes({"key": self.at["DEFLGKY"]}, self.salt),
            self._days("LOADDATE"),
            *here,
        ]

    @cached_property
    def _details(self) -> Sequence[Columns]:
        """What is read of the lines that a flag counts."""
        return [
            Codes({"district": self.at["DISTRICT"]}, _DISTRICTS, _UNKNOWN_DISTRICT),
            self._days("PROCDATE", "TERMDATE", "SENTDATE"),
            self._numbers(*_OUTCOMES),
            Marks({name: self.at[name] for name in _CHARGE_TEXTS}, _OPENINGS, self._judge),
        ]

    def read(self, text: Bytes) -> _Block:
        """Read a block of lines, and turn it into what is kept of it."""
        number, lines, details = read_fields(text, "\t", self.fields, self._columns, self._details, len(_FLAGS))
        numbers, (key,), (load,), *here = lines
        districts, days, outcomes, charges = details
        (first, *_), (proceeding, termination, _) = districts, days
        flags, whole = np.empty(key.shape, np.uint8), np.empty(key.shape, np.bool_)
        _judge_records(key, numbers, NO_NUMBER, flags, whole)
        if here:
            whole &= here[0][0] == 1
            number = int(np.count_nonzero(here[0]))
        row = np.empty(key.shape, np.uint64)
        hash_numbers(key, numbers[_NAMING], _BUCKET_BITS, row)
        charged, convicted = np.empty((3, len(first)), np.uint8), np.empty(first.shape, np.bool_)
        _weigh_charges(charges, outcomes, _CONVICTING, charged, convicted)
        months = number_months(days, _MISSING_DAY)
        # of all lines, and of those that a flag counts
        is_flagged = flags > 0
        flagged, passing = whole & is_flagged, whole & ~is_flagged
        counted, events_of, loaded = whole[is_flagged], flags[is_flagged], load[is_flagged]
        version, reopened = numbers[_VERSION], numbers[_REOPENED]
        kept = (
            *(values[flagged] for values in (key, row, load, version, reopened)),
            *(values[counted] for values in (first, *months)),
            flags[flagged],
            *(values[counted] for values in (convicted, *charged)),
        )
        # an event after its own load day cannot move the end of what the file covers
        last = max(
            int(day[counted & (events_of & events > 0) & (day <= loaded)].max(initial=NO_DAY))
            for events, day in ((_FILED, proceeding), (_ENDED, termination))
        )
        return _Block(
            number,
            pl.DataFrame(dict(zip(KEPT, kept, strict=True)), schema=KEPT),
            pl.DataFrame(dict(zip(PASSING, (values[passing] for values in (row, load, version)), strict=True))),
            frozenset(np.unique(numbers[_FISCAL_YEAR][whole]).tolist()),
            last,
        )

    def _numbers(self, *names: str) -> Numbers:
        return Numbers({name: self.at[name] for name in names}, _read_decimals if self.decimals else _read_whole, self.decimals)

    def _days(self, *names: str) -> Days:
        return Days({name: self.at[name] for name in names}, _read_days)

    def _judge(self, texts: list[str]) -> list[int]:
        """Give the bits of the statute groups of some texts."""
        new = {text for text in texts if text not in self.bits}
        if new:
            text = pl.col("text")
            told = pl.DataFrame({"text": sorted(new)}).select(text, pl.when(text.str.contains(_CLOSE)).then(statute_bits(text)))
            self.bits.update(told.iter_rows())
        with self.lock:
            self.near.update(text for text in texts if self.bits[text] == 0)
        return [self.bits[text] or 0 for text in texts]


def _read_whole(cells: pl.Series) -> pl.Series:
    return pl.select(read_number(pl.lit(cells), pl.Int16())).to_series()


def _read_decimals(cells: pl.Series) -> pl.Series:
    return pl.select(read_number(pl.lit(cells), pl.Float32()).cast(pl.Int16)).to_series()


def _read_days(cells: pl.Series) -> pl.Series:
    return pl.select(read_day(pl.lit(cells), "%m/%d/%Y")).to_series()


def keep(records: Records, block: _Block) -> None:
    """Take what is kept of one block."""
    records.rows += block.lines
    records.malformed += block.lines - block.flagged.height - block.passing.height
    records.fiscal_years.update(block.fiscal_years)
    records.flagged.append(block.flagged)
    records.passing.append(block.passing)
    records.last_day = max(records.last_day, block.last_day)


def statute_bits(text: pl.Expr) -> pl.Expr:
    """Give the bit of the statute group that a text belongs to; 0 for all other offenses."""
    plain = text.str.strip_chars().str.to_uppercase()
    bits = pl.lit(0, dtype=pl.UInt8)
    for section, group in reversed(read_statutes("court_file_group")):
        # 2252B and 2252C only where no further letter follows; a subsection letter may follow all others
        after = "[^0-9A-Z]" if group == "ambiguous" else "[^0-9]"
        found = plain.str.contains(rf"^0*18[ :]+0*{section}({after}|$)")
        bits = pl.when(found).then(pl.lit(GROUP_BITS[group], dtype=pl.UInt8)).otherwise(bits)
    return bits.alias("bits")


_FILED, _ENDED = _FLAGS["CTFIL"] | _FLAGS["CTFILTRN"], _FLAGS["CTTR"] | _FLAGS["CTTRTRN"]
_DISTRICTS = {code: number for number, code in enumerate(read_districts("court_file_code"))}


@compiled("void(uint64[::1], int16[:, ::1], int64, uint8[::1], boolean[::1])")
def _judge_records(
    key: NDArray[np.uint64], numbers: NDArray[np.int16], unknown: int, flags: NDArray[np.uint8], whole: NDArray[np.bool_]
) -> None:
    """Put the flags of every record together, and tell which are whole: with a key, a fiscal year, a snapshot year and all flags."""
    for record in range(len(key)):
        flags[record] = 0
        whole[record] = key[record] != 0 and 1900 <= numbers[_FISCAL_YEAR, record] <= 2098 and numbers[_TAPE_YEAR, record] != unknown
        for flag in range(_FISCAL_YEAR):
            whole[record] &= numbers[flag, record] != unknown
            if numbers[flag, record] == 1:
                flags[record] |= 1 << flag


@compiled("void(uint8[:, ::1], int16[:, ::1], boolean[::1], uint8[:, ::1], boolean[::1])")
def _weigh_charges(
    charges: NDArray[np.uint8],
    outcomes: NDArray[np.int16],
    convicting: NDArray[np.bool_],
    bits: NDArray[np.uint8],
    found: NDArray[np.bool_],
) -> None:
    """Give the groups filed, ended and convicted of, slot 1 in the upper four bits, all slots in the lower; and any conviction."""
    slots = len(outcomes)
    for record in range(len(found)):
        found[record] = False
        for kind in range(3):
            bits[kind, record] = 0
        for slot in range(slots):
            outcome = outcomes[slot, record]
            convicted = 0 <= outcome < len(convicting) and convicting[outcome]
            found[record] |= convicted
            for kind in range(3):
                group = charges[slot if kind == 0 else slots + slot, record]
                if group and (kind < 2 or convicted):
                    bits[kind, record] |= group | group << 4 if slot == 0 else group


def _reduce(records: Records) -> Counts:
    """Keep the latest version of every record, then of every defendant, and count."""
    place = f"{SOURCE_ID}: {records.rows:,} lines"
    refuse_many(place, "lines have too few or too many fields, or no fiscal year", records.malformed, records.rows, "look at the download")
    if records.unmatched:
        near = ", ".join(f"{text} {number:,}" for text, number in records.unmatched.most_common(20))
        _LOG.info("%s: statute texts close to the material statutes that are counted in none of them: %s", place, near)
    if not records.fiscal_years:
        raise PublicationError(f"{place}: none is a whole record: look at the download")
    horizon = number_of_month(date(max(records.fiscal_years), 9, 30))
    tables: list[pl.DataFrame] = []
    superseded = undated = events = 0
    for flagged, passing in _in_buckets(records):
        current, replaced = _latest_versions(flagged, passing)
        superseded += replaced
        for flags, month in ((_FILED, "filed_on"), (_ENDED, "ended_on")):
            counted = pl.col("flags") & flags > 0
            seen, without = current.select(counted.sum().alias("seen"), (counted & ~_dated(month, horizon)).sum().alias("without")).row(0)
            events += seen
            undated += without
        tables += pl.collect_all(_event_counts(current, horizon))
    _LOG.info("%s: %s records replaced by a later version", place, f"{superseded:,}")
    refuse_many(place, "counted events have no day on the calendar", undated, events, "look at PROCDATE and TERMDATE: another date format?")
    return Counts(
        table=_by_scope(pl.concat(tables)),
        rows=records.rows,
        malformed=records.malformed,
        superseded=superseded,
        undated=undated,
        fiscal_years=frozenset(records.fiscal_years),
        last_day=date(1970, 1, 1) + timedelta(days=records.last_day),
    )


def _in_buckets(records: Records) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Empty the records into buckets of whole defendants; what is moved is freed, so that the rows are never held twice."""
    rows = sum(frame.height for frame in (*records.flagged, *records.passing))
    buckets = 1 << max((rows - 1) // _BUCKET_ROWS, 0).bit_length()
    flagged = _dealt(records.flagged, buckets)
    passing = _dealt(records.passing, buckets)
    while flagged:
        yield pl.concat(flagged.pop()), pl.concat(passing.pop())


def _dealt(kept: list[pl.DataFrame], buckets: int) -> list[list[pl.DataFrame]]:
    parts = [[kept[0].clear()] for _ in range(buckets)]
    bucket = (pl.col("row") & pl.lit(buckets - 1, pl.UInt64)).cast(pl.UInt32).alias("bucket")
    while kept:
        together = pl.concat(kept[-_FRAMES_TOGETHER:])
        del kept[-_FRAMES_TOGETHER:]
        if buckets == 1:
            parts[0].append(together)
            continue
        for (number,), part in together.with_columns(bucket).partition_by("bucket", include_key=False, as_dict=True).items():
            parts[number].append(part)
    return parts


def _latest_versions(flagged: pl.DataFrame, passing: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Keep the flagged records that no later version replaces, and tell how many records of both kinds are replaced."""
    ordered = pl.concat([flagged["row"], passing["row"]]).sort()
    repeated = ordered.filter(ordered == ordered.shift(1))
    again = repeated.unique().implode()
    several = flagged["row"].is_in(again)
    versions = pl.concat([flagged.filter(several), passing.filter(passing["row"].is_in(again))], how="diagonal")
    latest = _latest(versions, ["row"]).filter(pl.col("flags").is_not_null()).select(flagged.columns)
    return pl.concat([flagged.filter(~several), latest]), repeated.len()


def _split(rows: pl.DataFrame, key: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part the rows whose key stands once from the few whose key stands again: only these need to be sorted."""
    ordered = rows.get_column(key).sort()
    again = rows.get_column(key).is_in(ordered.filter(ordered == ordered.shift(1)).unique().implode())
    return rows.filter(~again), rows.filter(again)


def _latest(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Keep one row for each `by`: the latest load, then the highest version, then (to be the same every time) any fixed order."""
    first, last = ("load", "version"), ("key", "row")
    # the hashes come last: their order depends on the salt
    order = [*first, *(name for name in rows.columns if name not in (*first, *last)), *last]
    return rows.sort(order, descending=True, nulls_last=True).unique(by, keep="first", maintain_order=True)


def _event_counts(current: pl.DataFrame, horizon: int) -> Iterator[pl.LazyFrame]:
    """Ask for the count of every event by month, district and bits of the statute groups."""
    once, again = _split(current.filter(pl.col("flags") & _FILED > 0), "key")
    for event, flag in (("filed", "CTFIL"), ("filed_with_transfers", "CTFILTRN")):
        flagged = pl.col("flags") & _FLAGS[flag] > 0
        filed = pl.concat([once.lazy().filter(flagged), _latest(again.filter(flagged), ["key"]).lazy()])
        yield _by_bits(filed, event, "filed_on", "filed", horizon)
    once, again = _split(current.filter(pl.col("flags") & _ENDED > 0), "key")
    for event, flag in (("terminated", "CTTR"), ("terminated_with_transfers", "CTTRTRN")):
        flagged = pl.col("flags") & _FLAGS[flag] > 0
        # a defendant reopened and ended again is ended twice
        ended = pl.concat([once.lazy().filter(flagged), _latest(again.filter(flagged), ["key", "reopened"]).lazy()])
        yield _by_bits(ended, event, "ended_on", "ended", horizon)
        if flag == "CTTR":
            convicted = ended.filter("convicted_of_anything")
            yield _by_bits(convicted, "convicted", "ended_on", "convicted", horizon)
            yield _by_bits(convicted, "sentenced", "sentenced_on", "convicted", horizon)


def _dated(month: str, horizon: int) -> pl.Expr:
    return (pl.col(month) > 0) & (pl.col(month) <= horizon)


def _by_bits(rows: pl.LazyFrame, event: str, month: str, charges: str, horizon: int) -> pl.LazyFrame:
    # one number is grouped several times faster than three
    place = pl.col(month).cast(pl.Int32) * 65536 + pl.col("district").cast(pl.Int32) * 256 + pl.col(charges)
    return (
        rows.filter(_dated(month, horizon))
        .group_by(place.alias("place"))
        .agg(pl.len().cast(pl.Int64).alias("records"))
        .select(
            pl.lit(event, _EVENT).alias("event"),
            (pl.col("place") // 65536).cast(pl.Int16).alias("month"),
            (pl.col("place") // 256 % 256).cast(pl.UInt8).alias("district"),
            (pl.col("place") % 256).cast(pl.UInt8).alias("bits"),
            "records",
        )
    )


def _by_scope(counts: pl.DataFrame) -> pl.DataFrame:
    inside = {}
    for scope, bits in _SCOPE_BITS.items():
        inside[scope, "lead"] = (pl.col("bits") // 16) & bits > 0
        inside[scope, "any"] = pl.col("bits") & bits > 0
    # most counted records are of other offenses
    material = counts.filter(pl.col("bits") > 0)
    chosen = {("all", "any"): counts, **{place: material.filter(condition) for place, condition in inside.items()}}
    return pl.concat(
        rows.group_by("event", "month", "district")
        .agg(pl.col("records").sum())
        .select(pl.col("event").cast(pl.String), pl.lit(scope).alias("scope"), pl.lit(slot).alias("slot"), "district", "month", "records")
        for (scope, slot), rows in chosen.items()
    )


def add_counts(parts: Sequence[Counts]) -> Counts:
    """Add the counts of partitions that share no defendant (districts, or files of different districts)."""
    return Counts(
        table=pl.concat([part.table for part in parts]).group_by(_COUNTED).agg(pl.col("records").sum()),
        rows=sum(part.rows for part in parts),
        malformed=sum(part.malformed for part in parts),
        superseded=sum(part.superseded for part in parts),
        undated=sum(part.undated for part in parts),
        fiscal_years=frozenset().union(*(part.fiscal_years for part in parts)),
        last_day=max(part.last_day for part in parts),
    )


def covered_months(counts: Counts) -> Coverage:
    """Tell which months the file covers: those of its yearly snapshots, up to the latest month with an event.

    Late reports put events of a year into the next snapshot, so that a year whose own snapshot is missing is not covered.
    """
    last = number_of_month(counts.last_day)
    months = [month for year in counts.fiscal_years for month in months_of_fiscal_year(year) if month <= last]
    if not months:
        raise PublicationError(f"{SOURCE_ID}: no record is flagged as filed or ended in the years of its snapshots: look at the flags")
    return cover(months)


def observe(counts: Counts) -> pl.DataFrame:
    """Turn counts into observations: every series by month for the country, the total of the statutes by year for districts."""
    coverage = covered_months(counts)
    outside = counts.table.filter(~pl.col("month").is_in(coverage.months), pl.col("scope") == "all")["records"].sum()
    if outside:
        _LOG.info("%s: %s counted events lie before the first snapshot or in a year without one: not published", SOURCE_ID, f"{outside:,}")
    areas = list(read_districts("court_file_code").values())
    named = counts.table.join(_series(), on=["event", "scope", "slot"]).with_columns(
        pl.col("district").replace_strict(dict(enumerate(areas)), default="unknown", return_dtype=pl.String).alias("ref_area")
    )
    unplaced = named.filter((pl.col("ref_area") == "unknown") & (pl.col("scope") == "all"))["records"].sum()
    if unplaced:
        _LOG.warning("%s: %s counted events have a district code that is not in judicial_districts.csv", SOURCE_ID, f"{unplaced:,}")
    country = count_observations(named.with_columns(pl.lit("US").alias("ref_area")), _series(), coverage, "month")
    totals = _series().filter(pl.col("scope") == _DISTRICT_SCOPE)
    districts = count_observations(
        named.filter(pl.col("scope") == _DISTRICT_SCOPE), totals, coverage, "year", [*areas, *(["unknown"] if unplaced else [])]
    )
    return pl.concat([country, districts])


def _series() -> pl.DataFrame:
    rows = []
    for event, (measure, population, how) in _EVENTS.items():
        for scope, slot in [("all", "any"), *((scope, slot) for scope in _SCOPE_BITS for slot in ("lead", "any"))]:
            rows.append(
                {
                    "event": event,
                    "scope": scope,
                    "slot": slot,
                    "measure": measure,
                    "unit_of_count": "defendant_in_case",
                    "offense_scope": "federal_all_offenses" if scope == "all" else f"idb_{scope}_{slot}_charge",
                    "pathway": GROUP_PATHWAY.get(scope, "any"),
                    "statistical_population": population,
                    "breakdown": "",
                    "source_locator": f"{how}; {_SLOT_WORDS[slot] if scope != 'all' else 'all offenses'}",
                }
            )
    return pl.DataFrame(rows).select("event", "scope", "slot", *SERIES)


_SLOT_WORDS = {"lead": "statute in slot 1", "any": "statute in any of the five slots"}
