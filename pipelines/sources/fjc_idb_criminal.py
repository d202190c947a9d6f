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
from datetime import date
from functools import cache, partial, reduce

import polars as pl

from pipelines.publications import PublicationError
from pipelines.records import (
    CSAM_BITS,
    ENDS,
    GROUP_BITS,
    GROUP_PATHWAY,
    OVERFLOWS,
    SERIES,
    Coverage,
    DelimitedText,
    Part,
    Partial,
    complete_observations,
    count_observations,
    cover,
    month_number,
    months_of_fiscal_year,
    number_of_month,
    open_delimited,
    read_day,
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
_CONVICTING = [4, 5, 8, 9, 17, 19]
_DATES = ("PROCDATE", "TERMDATE", "SENTDATE", "LOADDATE")
_CHARGE_TEXTS = tuple(f"{name}{slot}" for name in ("FTITLE", "TTITLE") for slot in _SLOTS)
_OUTCOMES = tuple(f"DISP{slot}" for slot in _SLOTS)
#: DEFLGKY holds a docket number: it is hashed as it is read and goes no further
COLUMNS: Mapping[str, pl.DataType] = {
    "FISCALYR": pl.Int16(),
    "DISTRICT": pl.String(),
    "DEFLGKY": pl.String(),
    "REOPSEQ": pl.Int16(),
    "VER": pl.Int16(),
    "TAPEYEAR": pl.Int16(),
    **dict.fromkeys(_DATES, pl.String()),
    **dict.fromkeys(_FLAGS, pl.Int8()),
    **dict.fromkeys(_CHARGE_TEXTS, pl.String()),
    **dict.fromkeys(_OUTCOMES, pl.Int8()),
}
#: columns that are blank in the public file, so that a blank last field says nothing about the line
_BLANK = ("NAME", "FJUDGE", "TJUDGE")
#: what is kept of a record: numbers only; key and row are salted hashes, filed, ended and convicted are bits of statute groups
KEPT: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("key", "row"), pl.UInt64()),
    "reopened": pl.Int16(),
    "load": pl.Date(),
    "version": pl.Int16(),
    "district": pl.UInt8(),
    **dict.fromkeys(("filed_on", "ended_on", "sentenced_on"), pl.Date()),
    "flags": pl.UInt8(),
    "convicted_of_anything": pl.Boolean(),
    **dict.fromkeys(("filed", "ended", "convicted"), pl.UInt8()),
}
#: what the files print where there is no day
_MISSING_DAY = date(1900, 1, 1)
#: texts worth a closer look; all of chapter 110 and its neighbours
_CLOSE = r"^\s*0*18[ :]+0*(22[0-9]|146)"
_UNKNOWN_DISTRICT = 255
_SUSPECT_ROWS = 100_000
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
_SCOPE_BITS = {"csam": CSAM_BITS, **GROUP_BITS}
_COUNTED = ["event", "scope", "slot", "district", "month"]
_DISTRICT_SCOPE = "csam"


@dataclass
class Records:
    """What is kept of the records read so far: numbers only, about forty bytes for each.

    Attributes:
        kept: frames of one row for each record.
        rows: lines read.
        malformed: lines that are no whole record.
        fiscal_years: snapshots the file holds.
        last_day: latest day of an event that its own load date does not contradict.
        unmatched: texts close to the statutes that match none -> how often they stand anywhere.
        bits: texts met on records with a statute of the chapter -> bit of their group.
        suspects: records with such a text, set aside until `classify`.
    """

    kept: list[pl.DataFrame] = field(default_factory=list)
    rows: int = 0
    malformed: int = 0
    fiscal_years: set[int] = field(default_factory=set)
    last_day: date = _MISSING_DAY
    unmatched: Counter[str] = field(default_factory=Counter)
    bits: dict[str, int] = field(default_factory=dict)
    suspects: list[pl.DataFrame] = field(default_factory=list)


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
        pl.concat(records.kept) if records.kept else pl.DataFrame(schema=KEPT),
        {
            "rows": records.rows,
            "malformed": records.malformed,
            "fiscal_years": sorted(records.fiscal_years),
            "last_day": records.last_day.isoformat(),
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
        records.kept.append(part.table)
        records.rows += told.rows
        records.malformed += told.malformed
        records.fiscal_years.update(told.fiscal_years)
        records.last_day = max(records.last_day, date.fromisoformat(told.last_day))
        records.unmatched.update(told.unmatched)
    return _rows(snapshot, _reduce(records))


@dataclass(frozen=True)
class _PartSummary:
    rows: int
    malformed: int
    fiscal_years: Sequence[int]
    last_day: str
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
        districts: as `count_records`.
        salt: changes the hashes that stand for the keys.
    """
    records = Records()
    here = None if districts is None else pl.col("DISTRICT").str.strip_chars().is_in(list(districts))
    for table in tables:
        names = field_names(table.header)
        # files that went through other software print 2017.0 for 2017
        floats = "." in dict(zip(names, table.first, strict=False)).get("FISCALYR", "")
        types = {name: pl.Float32() if floats and dtype.is_integer() else dtype for name, dtype in COLUMNS.items()}
        whole = ~pl.col(OVERFLOWS) & (pl.lit(True) if names[-1] in _BLANK else pl.col(ENDS))
        typed = [*_DAYS, *(_TRUNCATED if floats else [])]
        for answers in table.query(types, partial(_ask, here=here, typed=typed, whole=whole, numbers=_numbers(salt)), names):
            keep(records, *answers)
    classify(records)
    return records


def _ask(
    lines: pl.LazyFrame, here: pl.Expr | None, typed: Sequence[pl.Expr], whole: pl.Expr, numbers: Sequence[pl.Expr]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Ask for the numbers of every line, and for the texts of the few lines with a statute of the chapter or near it."""
    marked = (lines if here is None else lines.filter(here)).with_columns(
        *typed, (whole & _IDENTIFIED).alias("good"), _SUSPECT.alias("suspect")
    )
    return (
        marked.select(*numbers, "FISCALYR", "good", "suspect"),
        marked.filter(pl.col("good") & pl.col("suspect")).select(*numbers, *_CHARGE_TEXTS, *_OUTCOMES),
    )


def keep(records: Records, numbers: pl.DataFrame, suspects: pl.DataFrame) -> None:
    """Take the answers of one block: what can be counted at once, and what must be classified first."""
    records.rows += numbers.height
    good = numbers if numbers["good"].all() else numbers.filter("good")
    records.malformed += numbers.height - good.height
    records.fiscal_years.update(good["FISCALYR"].unique())
    records.kept.append(good.filter(~pl.col("suspect")).with_columns(_UNCHARGED).select(*KEPT))
    records.suspects.append(suspects)
    if sum(frame.height for frame in records.suspects) > _SUSPECT_ROWS:
        classify(records)
    # only an event later than any before can move the end of what the file covers; one after its own load day cannot
    for flags, day in ((_FILED, "filed_on"), (_ENDED, "ended_on")):
        later = good.filter(pl.col(day) > records.last_day, pl.col("flags") & flags > 0, pl.col(day) <= pl.col("load"))
        records.last_day = max([records.last_day, *later[day]])


def classify(records: Records) -> None:
    """Give the set-aside records, which have a statute of the chapter or near it, the bits of the statute groups."""
    if not records.suspects:
        return
    texts = pl.concat(records.suspects)
    records.suspects.clear()
    seen = pl.concat([texts.get_column(name).rename("text") for name in _CHARGE_TEXTS]).value_counts().drop_nulls()
    new = seen.filter(~pl.col("text").is_in(list(records.bits)))
    records.bits |= dict(new.select("text", statute_bits(pl.col("text"))).iter_rows())
    near = seen.filter(pl.col("text").str.contains(_CLOSE))
    records.unmatched.update({text: number for text, number in near.iter_rows() if not records.bits[text]})
    material = {text: bits for text, bits in records.bits.items() if bits}

    def bits(name: str) -> pl.Expr:
        return pl.col(name).replace_strict(material, default=0, return_dtype=pl.UInt8)

    convicted = [pl.when(_convicting(slot)).then(bits(f"TTITLE{slot}")).otherwise(0) for slot in _SLOTS]
    charges = (
        _lead_and_any([bits(f"FTITLE{slot}") for slot in _SLOTS]).alias("filed"),
        _lead_and_any([bits(f"TTITLE{slot}") for slot in _SLOTS]).alias("ended"),
        _lead_and_any(convicted).alias("convicted"),
    )
    records.kept.append(texts.with_columns(charges).select(*KEPT))


def _convicting(slot: str) -> pl.Expr:
    return pl.col(f"DISP{slot}").is_in(_CONVICTING)


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


def _lead_and_any(slots: Sequence[pl.Expr]) -> pl.Expr:
    """Put the group of slot 1 into the upper four bits and the groups of all slots into the lower four."""
    return (slots[0] * 16 + reduce(lambda left, right: left | right, slots)).cast(pl.UInt8)


def _any_of(expressions: Iterable[pl.Expr]) -> pl.Expr:
    return reduce(lambda left, right: left | right, expressions)


_FILED, _ENDED = _FLAGS["CTFIL"] | _FLAGS["CTFILTRN"], _FLAGS["CTTR"] | _FLAGS["CTTRTRN"]
# expressions are written once: building them for every block costs as much as running them
_WHOLE_NUMBERS = tuple(name for name, dtype in COLUMNS.items() if dtype.is_integer())
_DAYS = [read_day(pl.col(name), "%m/%d/%Y").alias(name) for name in _DATES]
_TRUNCATED = [pl.col(name).cast(pl.Int16) for name in _WHOLE_NUMBERS]
_IDENTIFIED = reduce(
    lambda left, right: left & right,
    [
        pl.col("FISCALYR").is_between(1900, 2098),
        *(pl.col(name).is_not_null() for name in ("DEFLGKY", "TAPEYEAR", *_FLAGS)),
    ],
)
_SUSPECT = pl.coalesce(_any_of(pl.col(name).str.contains(_CLOSE) for name in _CHARGE_TEXTS), pl.lit(False))
_UNCHARGED = [pl.lit(0, dtype=pl.UInt8).alias(name) for name in ("filed", "ended", "convicted")]
_DISTRICTS = {code: number for number, code in enumerate(read_districts("court_file_code"))}
_CODES: tuple[pl.Expr, ...] = (
    pl.col("REOPSEQ").alias("reopened"),
    pl.col("LOADDATE").alias("load"),
    pl.col("VER").alias("version"),
    pl.col("DISTRICT").replace_strict(_DISTRICTS, default=_UNKNOWN_DISTRICT, return_dtype=pl.UInt8).alias("district"),
    pl.col("PROCDATE").alias("filed_on"),
    pl.col("TERMDATE").alias("ended_on"),
    pl.col("SENTDATE").alias("sentenced_on"),
    reduce(lambda left, right: left + right, ((pl.col(name) == 1).cast(pl.UInt8) * bit for name, bit in _FLAGS.items())).alias("flags"),
    _any_of(_convicting(slot) for slot in _SLOTS).alias("convicted_of_anything"),
)

@cache
def _numbers(salt: int) -> tuple[pl.Expr, ...]:
    """Turn a record into numbers; the key, and the four columns that name one record, into hashes that differ with the salt."""
    key = pl.col("DEFLGKY").hash(salt)
    # a sum, because hashing them joined costs four times as much
    row = reduce(
        lambda left, right: left + right,
        (pl.col(name).hash((salt + number) % 2**64) for number, name in enumerate(("FISCALYR", "REOPSEQ", "TAPEYEAR"), 1)),
    )
    return (key.alias("key"), (key + row).alias("row"), *_CODES)


def _reduce(records: Records) -> Counts:
    """Keep the latest version of every record, then of every defendant, and count."""
    place = f"{SOURCE_ID}: {records.rows:,} lines"
    refuse_many(place, "lines have too few or too many fields, or no fiscal year", records.malformed, records.rows, "look at the download")
    if records.unmatched:
        near = ", ".join(f"{text} {number:,}" for text, number in records.unmatched.most_common(20))
        _LOG.info("%s: statute texts close to the material statutes that are counted in none of them: %s", place, near)
    if not records.kept:
        raise PublicationError(f"{place}: none is a whole record: look at the download")
    horizon = date(max(records.fiscal_years), 9, 30)
    tables: list[pl.DataFrame] = []
    superseded = undated = events = 0
    for part in _in_buckets(records.kept):
        once, again = _split(part, "row")
        current = pl.concat([once, _latest(again, ["row"])])
        superseded += part.height - current.height
        for flags, day in ((_FILED, "filed_on"), (_ENDED, "ended_on")):
            flagged = pl.col("flags") & flags > 0
            dated = pl.coalesce(_dated(day, horizon), pl.lit(False))
            counted, without = current.select(flagged.sum().alias("counted"), (flagged & ~dated).sum().alias("without")).row(0)
            events += counted
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
        last_day=records.last_day,
    )


def _in_buckets(kept: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Empty the list into buckets of whole defendants; what is moved is freed, so that the rows are never held twice."""
    buckets = -(-sum(frame.height for frame in kept) // _BUCKET_ROWS)
    parts: list[list[pl.DataFrame]] = [[] for _ in range(buckets)]
    while kept:
        together = pl.concat(kept[-_FRAMES_TOGETHER:])
        del kept[-_FRAMES_TOGETHER:]
        for number, part in enumerate(parts):
            part.append(together.filter(pl.col("key") % buckets == number) if buckets > 1 else together)
    while parts:
        yield pl.concat(parts.pop())


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


def _event_counts(current: pl.DataFrame, horizon: date) -> Iterator[pl.LazyFrame]:
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


def _dated(day: str, horizon: date) -> pl.Expr:
    return (pl.col(day) > _MISSING_DAY) & (pl.col(day) <= horizon)


def _by_bits(rows: pl.LazyFrame, event: str, day: str, charges: str, horizon: date) -> pl.LazyFrame:
    # one number is grouped several times faster than three
    month = month_number(pl.col(day)).cast(pl.Int64)
    place = month * 65536 + pl.col("district").cast(pl.Int64) * 256 + pl.col(charges)
    return (
        rows.filter(_dated(day, horizon))
        .group_by(place.alias("place"))
        .agg(pl.len().cast(pl.Int64).alias("records"))
        .select(
            pl.lit(event).alias("event"),
            (pl.col("place") // 65536).cast(pl.Int16).alias("month"),
            (pl.col("place") // 256 % 256).cast(pl.UInt8).alias("district"),
            (pl.col("place") % 256).cast(pl.UInt8).alias("bits"),
            "records",
        )
    )


def _by_scope(counts: pl.DataFrame) -> pl.DataFrame:
    inside = {("all", "any"): pl.lit(True)}
    for scope, bits in _SCOPE_BITS.items():
        inside[scope, "lead"] = (pl.col("bits") // 16) & bits > 0
        inside[scope, "any"] = pl.col("bits") & bits > 0
    return pl.concat(
        counts.filter(condition)
        .group_by("event", "month", "district")
        .agg(pl.col("records").sum())
        .select("event", pl.lit(scope).alias("scope"), pl.lit(slot).alias("slot"), "district", "month", "records")
        for (scope, slot), condition in inside.items()
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
