"""US attorneys' national caseload data (LIONS): criminal matters, declinations, defendants filed and convicted (fixed width).

A release is cumulative and describes itself: positions come from the README of the release that is read, never from memory.
Criminal matters (GS_CASE, class R) are counted by the month in which they were received, without those opened in error, and
followed to what had become of them at the date of the release: filed in district court, declined, disposed of by a magistrate
judge, closed otherwise, or still pending. These five parts make up the matters received, so that their shares are true ones.
Beside this cohort stand the events of a month: declinations, defendants filed in district court, defendants convicted.

By lead charge, by any charge and by primary program category are separate series, which are never joined. Names, addresses,
numbers of persons and free text are never read; keys are hashed as they are read.
"""

from __future__ import annotations

import csv
import logging
import re
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, reduce

import polars as pl

from pipelines.publications import PublicationError
from pipelines.records import (
    CSAM_BITS,
    GROUP_BITS,
    GROUP_PATHWAY,
    SERIES,
    Coverage,
    Layout,
    Part,
    Partial,
    TextFile,
    complete_observations,
    count_observations,
    cover,
    month_number,
    number_of_month,
    query_fixed_width,
    read_day,
    read_districts,
    read_number,
    read_rules,
    read_statutes,
    text_files,
)
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import CODE_LISTS

SOURCE_ID = "eousa_caseload_data"
_LOG = logging.getLogger(__name__)

#: table -> columns that are read; no other byte of a record is looked at
TABLES: Mapping[str, tuple[str, ...]] = {
    "GS_CASE": ("DISTRICT", "ID", "CLASS", "RECVD_DATE", "LEAD_CHARGE", "STATUS", "SYS_INIT_DATE"),
    "GS_CASE_PROG_CAT": ("DISTRICT", "CASEID", "PROG_CAT", "ID"),
    "GS_COURT_HIST": ("DISTRICT", "CASEID", "ID", "COURT", "FILING_DATE", "DISPOSITION", "DISP_DATE", "DISP_REASON1"),
    "GS_PARTICIPANT": ("DISTRICT", "CASEID", "ID", "ROLE"),
    "GS_PART_COURT": ("DISTRICT", "CASEID", "PARTID", "CRTHISID", "DISPOSITION", "DISP_DATE"),
    "GS_PART_COUNT": ("DISTRICT", "CASEID", "PARTID", "CRTHISID", "CHARGE", "DISPOSITION", "DISP_DATE"),
}
_DEFENDANT_ROLES = ("D", "DG", "DO", "DP")
_CONVICTING = ("GT", "NC")
_DECLINING = ("DE", "ID")
_OPENED_IN_ERROR = "OE"
_ERROR_REASON = "OEOE"
_NEW_FILING = "NW"
_DISTRICT_COURT, _MAGISTRATE_COURT = "DC", "MG"
_COMPLETED, _STATUS_OPENED_IN_ERROR = "C", "O"
_CRIMINAL = "R"
_PROGRAMS = {"080": 1, "087": 2}
_PROGRAM_SCOPES = {"080": "usao_project_safe_childhood", "087": "usao_offline_child_pornography"}
_REDACTED = "*"

_CLOSE = r"18\s*:\s*0*(22[0-9]|146)"
#: exact statutes that other publications show as lead charge
_EXACT_BITS = {"2251": 16, "2252": 32, "2252A": 64}
_UNKNOWN = "unknown"

_LAYOUT_HEAD = re.compile(r"^\s*(GS_\w+) - (\d+) Characters\s*$")
_LAYOUT_COLUMN = re.compile(r"^\s*([A-Z][A-Z0-9_]*)\s+(?:NOT NULL\s+)?(?:VARCHAR2|NUMBER|DATE|FLOAT|CHAR)\S*\s+\((\d+):(\d+)\)\s*$")
_RELEASE = re.compile(r"\b(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)FY(\d{4})\b")
_LISTED = re.compile(r"^\s*(\d{2})/(\d{2})/(\d{4})\s+\d{2}:\d{2} [AP]M\s+[\d,]+ gs_", re.MULTILINE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


# The release ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """The files of one release, by table, with their positions.

    Attributes:
        layouts: table -> positions, from the README files of the release.
        files: table -> its files (big tables come one for each district).
        as_of: last day of the month that the release is named for; None when no README says it.
    """

    layouts: Mapping[str, Layout]
    files: Mapping[str, tuple[TextFile, ...]]
    as_of: date | None


def open_release(snapshot: Snapshot) -> Release:
    """Find README files and tables of a release.

    Args:
        snapshot: a folder with the archives or the text files of a release, one archive, or one README with its tables.

    Raises:
        PublicationError: no README, a needed table or its layout is missing, a layout has gaps, or a file comes twice.
    """
    files = text_files(SOURCE_ID, snapshot.path)
    readmes = [file for file in files if "readme" in _stem(file).lower()]
    if not readmes:
        raise PublicationError(f"{SOURCE_ID}: {snapshot.path.name} holds no README: positions are only known from the one of the release")
    texts = [b"".join(file.chunks()).decode("latin-1") for file in readmes]
    layouts: dict[str, Layout] = {}
    for text in texts:
        for table, layout in read_layouts(text).items():
            if layouts.setdefault(table, layout) != layout:
                raise PublicationError(f"{SOURCE_ID}: README files disagree on {table}: do not mix files of two releases")
    tables: dict[str, dict[str, TextFile]] = {}
    for file in files:
        named = table_of(_stem(file))
        if named is None:
            continue
        table, part = named
        if tables.setdefault(table, {}).setdefault(part, file) is not file:
            raise PublicationError(f"{SOURCE_ID}: {file.name} comes twice: do not mix files of two releases")
    for table in TABLES:
        if table not in tables:
            raise PublicationError(f"{SOURCE_ID}: no file of table {table}: add the archive of the release that holds it")
        if table not in layouts:
            raise PublicationError(f"{SOURCE_ID}: no README has the layout of {table}: add the README of the archive that holds it")
    return Release(layouts, {table: tuple(tables[table].values()) for table in TABLES}, _release_date(texts))


def _stem(file: TextFile) -> str:
    return file.name.replace("\\", "/").rpartition("/")[2].partition(".")[0]


def table_of(stem: str) -> tuple[str, str] | None:
    """Tell table and district (empty for a table in one file) from a file name; None for files that are not read."""
    name = stem.upper()
    if name in TABLES:
        return name, ""
    table, _, district = name.rpartition("_")
    return (table, district) if table in TABLES and district in read_districts("us_attorney_code") else None


def read_layouts(text: str) -> dict[str, Layout]:
    """Read the table layouts of a README.

    Raises:
        PublicationError: the columns of a table leave a gap, overlap, or do not end where the table's length says.
    """
    layouts: dict[str, Layout] = {}
    table, width = "", 0
    columns: dict[str, tuple[int, int]] = {}
    for line in [*text.replace("\f", "").splitlines(), "GS_END - 0 Characters"]:
        if head := _LAYOUT_HEAD.match(line):
            if table:
                layout = _checked(Layout(table, width, columns))
                if layouts.setdefault(table, layout) != layout:
                    raise PublicationError(f"{SOURCE_ID}: README gives two layouts of {table}: it cannot be used")
            table, width, columns = head[1], int(head[2]), {}
        elif column := _LAYOUT_COLUMN.match(line):
            columns[column[1]] = (int(column[2]) - 1, int(column[3]) - int(column[2]) + 1)
    return layouts


def _checked(layout: Layout) -> Layout:
    end = 0
    for name, (start, width) in layout.columns.items():
        if start != end or width < 1:
            raise PublicationError(
                f"{SOURCE_ID}: README: {layout.table}: {name} begins at {start + 1}, expected {end + 1}: positions have a gap"
            )
        end = start + width
    if end != layout.width:
        raise PublicationError(
            f"{SOURCE_ID}: README: {layout.table}: columns end at {end}, its records at {layout.width}: positions are incomplete"
        )
    return layout


def _release_date(texts: Sequence[str]) -> date | None:
    named = {(_MONTHS.index(month) + 1, int(year)) for text in texts for month, year in _RELEASE.findall(text)}
    if len(named) > 1:
        raise PublicationError(f"{SOURCE_ID}: README files name {len(named)} releases: do not mix files of two releases")
    if named:
        month, fiscal_year = named.pop()
        year = fiscal_year - (month >= 10)
        return date(year, month, monthrange(year, month)[1])
    listed = [date(int(year), int(month), int(day)) for text in texts for month, day, year in _LISTED.findall(text)]
    # files are written in the month after the one they run to
    return min(listed).replace(day=1) - timedelta(days=1) if listed else None


# Reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CaseRecords:
    """The records of the matters of interest: keys are hashes, texts are codes.

    Attributes:
        received: month -> criminal matters received, all offenses; tells which months the release covers.
        cases: case, district, month, bits (of the lead charge), program (bit), status.
        histories: case, history, number, court, filed (month), outcome, ended (day), reason.
        participants: case, defendant, role.
        appearances: defendant, history, outcome, ended (month): a participant in a court history.
        charges: defendant, history, bits, outcome, ended (month): a count against a participant.
        last_entry: latest day on which a matter was entered.
    """

    received: Mapping[int, int]
    cases: pl.DataFrame
    histories: pl.DataFrame
    participants: pl.DataFrame
    appearances: pl.DataFrame
    charges: pl.DataFrame
    last_entry: date | None


def read_records(release: Release, districts: Sequence[str] | None = None) -> CaseRecords:
    """Read the records of the matters of interest: by lead charge, by primary program category, or by any charge.

    Args:
        release: the opened release.
        districts: codes of the release to restrict the reading to, empty for those that are in no list; all when None. No matter
            crosses districts.

    Raises:
        PublicationError: a file does not fit its layout, or the participants of a district are missing.
    """
    here = pl.lit(True)
    if districts is not None:
        listed = pl.col("DISTRICT").is_in(list(read_districts("us_attorney_code")))
        here = pl.col("DISTRICT").is_in(list(districts)) | (pl.lit("" in districts) & ~listed)

    def read(table: str, where: pl.Expr, query: Callable[[pl.LazyFrame], Sequence[pl.LazyFrame]]) -> list[pl.DataFrame]:
        files = release.files[table]
        if districts is not None:
            files = tuple(file for file in files if table_of(_stem(file)) in [(table, part) for part in ("", *districts)]) or files[:1]
        _LOG.info("%s: reading %s (%d files)", SOURCE_ID, table, len(files))
        answers = [*query_fixed_width(files, release.layouts[table], TABLES[table], here & where, query)]
        if not answers:
            raise PublicationError(f"{SOURCE_ID}: {files[0].name}: table {table} holds no record: fetch the release again")
        return [pl.concat(parts) for parts in zip(*answers, strict=True)]

    (programs,) = read(
        "GS_CASE_PROG_CAT", pl.col("PROG_CAT") != "", lambda rows: [rows.select(_CASE, _number("ID").alias("number"), _program())]
    )
    programs = _primary_programs(programs)
    (charges,) = read(
        "GS_PART_COUNT",
        pl.col("CHARGE").str.contains(_CLOSE),
        lambda rows: [rows.select(_CASE, _key("PARTID", "defendant"), _key("CRTHISID", "history"), "CHARGE", _OUTCOME, _ENDED)],
    )
    charges = charges.with_columns(_classified(charges["CHARGE"])).drop("CHARGE").filter(pl.col("bits") > 0)
    wanted = pl.concat([programs["case"], charges["case"]]).unique().implode()

    def ask_cases(rows: pl.LazyFrame) -> list[pl.LazyFrame]:
        month = month_number(_day("RECVD_DATE")).alias("month")
        case = (pl.col("DISTRICT").hash() + pl.col("ID").hash(1)).alias("case")
        kept = rows.select(case, "DISTRICT", month, "LEAD_CHARGE", "STATUS")
        return [
            kept.filter(pl.col("LEAD_CHARGE").str.contains(_CLOSE) | pl.col("case").is_in(wanted)),
            rows.group_by("RECVD_DATE").agg(
                pl.len().alias("matters"),
                (pl.col("LEAD_CHARGE") == _REDACTED).sum().alias("redacted"),
                _day("SYS_INIT_DATE").max().alias("entered"),
            ),
        ]

    cases, received = read("GS_CASE", pl.col("CLASS") == _CRIMINAL, ask_cases)
    cases = cases.with_columns(_classified(cases["LEAD_CHARGE"])).drop("LEAD_CHARGE").join(programs, on="case", how="left")
    cases = cases.with_columns(pl.coalesce("program", pl.lit(0, dtype=pl.UInt8))).filter(
        (pl.col("bits") > 0) | (pl.col("program") > 0) | pl.col("case").is_in(charges["case"].implode())
    )
    received = received.group_by(month_number(_day("RECVD_DATE")).alias("month")).agg(
        pl.col("matters").sum(), pl.col("redacted").sum(), pl.col("entered").max()
    )
    _LOG.info(
        "%s: %s criminal matters, %s with a redacted lead charge, %s of interest",
        SOURCE_ID,
        f"{received['matters'].sum():,}",
        f"{received['redacted'].sum():,}",
        f"{cases.height:,}",
    )
    chosen = _CASE.is_in(cases["case"].unique().implode())
    (histories,) = read(
        "GS_COURT_HIST",
        chosen,
        lambda rows: [
            rows.select(
                _CASE,
                _key("ID", "history"),
                _number("ID").alias("number"),
                pl.col("COURT").alias("court"),
                month_number(_day("FILING_DATE")).alias("filed"),
                _OUTCOME,
                _day("DISP_DATE").alias("ended"),
                pl.col("DISP_REASON1").alias("reason"),
            )
        ],
    )
    (appearances,) = read(
        "GS_PART_COURT",
        chosen,
        lambda rows: [rows.select(_key("PARTID", "defendant"), _key("CRTHISID", "history"), _OUTCOME, _ENDED)],
    )
    (participants,) = read(
        "GS_PARTICIPANT",
        chosen,
        lambda rows: [rows.select(_CASE, "DISTRICT", _key("ID", "defendant"), pl.col("ROLE").alias("role"))],
    )
    absent = sorted(set(cases["DISTRICT"].unique()) - set(participants["DISTRICT"].unique()))
    if absent:
        raise PublicationError(
            f"{SOURCE_ID}: no participants of district {', '.join(absent)}: add the files gs_participant_XX of these districts"
        )
    return CaseRecords(
        received=dict(received.select("month", "matters").iter_rows()),
        cases=cases.rename({"DISTRICT": "district", "STATUS": "status"}),
        histories=histories,
        participants=participants.drop("DISTRICT"),
        appearances=appearances,
        charges=charges,
        last_entry=received["entered"].max(),  # type: ignore[arg-type]
    )


def _day(name: str) -> pl.Expr:
    return read_day(pl.col(name), "%d-%b-%Y")


def _number(name: str) -> pl.Expr:
    return read_number(pl.col(name), pl.Int64())


_CASE = (pl.col("DISTRICT").hash() + pl.col("CASEID").hash(1)).alias("case")
_OUTCOME = pl.col("DISPOSITION").alias("outcome")
_ENDED = month_number(_day("DISP_DATE")).alias("ended")


def _key(name: str, alias: str) -> pl.Expr:
    return (pl.col("DISTRICT").hash() + pl.col("CASEID").hash(1) + pl.col(name).hash(2)).alias(alias)


def _program() -> pl.Expr:
    return pl.col("PROG_CAT").replace_strict(_PROGRAMS, default=0, return_dtype=pl.UInt8).alias("program")


def _primary_programs(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the cases whose category with the lowest number, the primary one, is of interest."""
    candidates = rows.filter(pl.col("program") > 0)["case"].unique().implode()
    primary = rows.filter(pl.col("case").is_in(candidates)).sort("number", "program").unique("case", keep="first", maintain_order=True)
    return primary.filter(pl.col("program") > 0).select("case", "program")


def _classified(texts: pl.Series) -> pl.Series:
    """Give the bits of the statute group, and of the exact statute, that charges belong to."""
    distinct = texts.drop_nulls().unique()
    bits = {text: charge_bits(text) for text in distinct}
    return texts.replace_strict({text: bit for text, bit in bits.items() if bit}, default=0, return_dtype=pl.UInt8).rename("bits")


@cache
def charge_bits(text: str) -> int:
    """Classify a charge such as `18 :2252A(a)(2)`; 0 for all other offenses.

    A charge that fits only in capitals, or with a further letter (`2252a`, `2260A`, `2252B`), may mean several statutes.
    """
    for section, group in read_statutes("caseload_file_group"):
        if group != "ambiguous" and re.match(rf"\s*0*18\s*:\s*0*{section}([^0-9A-Za-z]|$)", text):
            return GROUP_BITS[group] | _EXACT_BITS.get(section, 0)
    sections = "|".join(section for section, _ in read_statutes("caseload_file_group"))
    return GROUP_BITS["ambiguous"] if re.match(rf"\s*0*18\s*:\s*0*({sections})([^0-9]|$)", text.upper()) else 0


# Counting ------------------------------------------------------------------------------------------------------------

_COHORT = "usao_matter_cohort"
#: event -> measure, unit, statistical population, how it is counted
_EVENTS = {
    "received": ("matters_received", "matter", _COHORT, "GS_CASE class R by RECVD_DATE, without those opened in error"),
    "cohort_prosecuted": ("matters_prosecuted", "matter", _COHORT, "of these: a GS_COURT_HIST row of court DC has a FILING_DATE"),
    "cohort_declined": ("matters_declined", "matter", _COHORT, "of these: not filed, first disposition DE or ID"),
    "cohort_magistrate": ("matters_disposed_by_magistrate", "matter", _COHORT, "of these: neither, disposed of in court MG"),
    "cohort_otherwise": ("matters_closed_otherwise", "matter", _COHORT, "of these: none of these, STATUS C"),
    "cohort_pending": ("matters_pending", "matter", _COHORT, "of these: none of these, STATUS not C"),
    "declined": ("matters_declined", "matter", "usao_declinations", "first GS_COURT_HIST disposition DE or ID by DISP_DATE"),
    "filed": ("defendants_charged", "defendant_in_case", "usao_cases_filed", "roles D, DG, DO, DP by first FILING_DATE in court DC"),
    "convicted": ("defendants_convicted", "defendant_in_case", "usao_defendants_convicted", "GT or NC in court DC by first DISP_DATE"),
}
_MATTER_EVENTS = tuple(event for event, (_, unit, *_) in _EVENTS.items() if unit == "matter")
_SCOPE_BITS = {"csam": CSAM_BITS, **GROUP_BITS}
_KEYS = ["event", "scope", "district", "reason", "month"]


@dataclass(frozen=True)
class Counts:
    """Counts of one partition (a release, or some districts of one).

    Attributes:
        table: event, scope, district, reason (empty for all), month, records.
        received: month -> criminal matters received, all offenses.
        last_entry: latest day on which a matter was entered.
    """

    table: pl.DataFrame
    received: Mapping[int, int]
    last_entry: date | None


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Count the criminal matters of a release: the country by month, the districts by year.

    Args:
        snapshot: a folder with the archives or text files of a release, or one archive.

    Returns:
        Rows for `conform`.

    Raises:
        PublicationError: the release is incomplete, or does not fit its own README.
    """
    release = open_release(snapshot)
    return _rows(snapshot, count_records(read_records(release)), release.as_of)


def _rows(snapshot: Snapshot, counts: Counts, as_of: date | None) -> pl.DataFrame:
    as_of = as_of or _end_of_data(counts)
    note = f"State of the release of {as_of}."
    # a later release follows the same matters further: the day a release runs to tells its figures from those of the others
    published_on = snapshot.published_on or as_of.isoformat()
    return complete_observations(observe(counts, as_of), url=snapshot.url, published_on=published_on, note=note)


def _end_of_data(counts: Counts) -> date:
    if counts.last_entry is None:
        raise PublicationError(f"{SOURCE_ID}: neither a README nor an entry date says when the release ends: add the README")
    return counts.last_entry


def divide(snapshot: Snapshot, parts: int) -> tuple[Part, ...]:
    """Divide a release into parts of whole districts, as even in bytes as the tables that come by district allow.

    Raises:
        PublicationError: as `open_release`.
    """
    release = open_release(snapshot)
    sizes = Counter(dict.fromkeys(read_districts("us_attorney_code"), 0))
    for file in (file for files in release.files.values() for file in files):
        named = table_of(_stem(file))
        if named is not None and named[1]:
            sizes[named[1]] += file.path.stat().st_size if file.packing == "plain" else 1
    groups: list[list[str]] = [[] for _ in range(max(min(parts, len(sizes)), 1))]
    weights = [0] * len(groups)
    for district, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        lightest = min(range(len(groups)), key=lambda number: (weights[number], len(groups[number])))
        groups[lightest].append(district)
        weights[lightest] += size
    # records of a district that is in no list belong to the last part
    groups[-1].append("")
    return tuple(Part(districts=(*sorted(group),)) for group in groups)


def count_part(snapshot: Snapshot, part: Part, salt: int) -> Partial:
    """Count the matters of some districts: no matter crosses districts, so that nothing of a record is kept.

    Args:
        snapshot: the whole release.
        part: one of `divide`.
        salt: not needed here, as no key is kept.
    """
    del salt
    release = open_release(snapshot)
    counts = count_records(read_records(release, part.districts))
    return Partial(
        counts.table,
        {
            "received": [*counts.received.items()],
            "last_entry": counts.last_entry and counts.last_entry.isoformat(),
            "as_of": release.as_of and release.as_of.isoformat(),
        },
    )


def merge_parts(snapshot: Snapshot, parts: Iterable[Partial]) -> pl.DataFrame:
    """Add the counts of all parts of a release.

    Args:
        snapshot: the release, of which nothing is read again.
        parts: the answers of `count_part` for every part of `divide`, in any order.

    Returns:
        The rows of `parse`.
    """
    merged: list[Counts] = []
    as_of: str | None = None
    for part in parts:
        told = _PartSummary(**part.summary)  # type: ignore[arg-type]
        merged.append(Counts(part.table, dict(told.received), date.fromisoformat(told.last_entry) if told.last_entry else None))
        as_of = told.as_of
    return _rows(snapshot, add_counts(merged), date.fromisoformat(as_of) if as_of else None)


@dataclass(frozen=True)
class _PartSummary:
    received: Sequence[tuple[int, int]]
    last_entry: str | None
    as_of: str | None


def count_records(records: CaseRecords) -> Counts:
    """Count one partition; partitions of different districts add up (`add_counts`)."""
    cases, histories = _without_errors(records.cases, records.histories)
    matters = _followed(cases, histories)
    tables = [_by_scope(matters.with_columns(event=pl.lit("received")), _LEAD_SCOPES)]
    tables += [_by_scope(matters, _LEAD_SCOPES)]
    declined = matters.filter("declined_first").with_columns(event=pl.lit("declined"), month=month_number(pl.col("declined_on")))
    tables += [_by_scope(declined, _LEAD_SCOPES)]
    for rows in (matters.filter(pl.col("event") == "cohort_declined"), declined):
        tables += [_by_scope(rows.with_columns(reason=_known_reason()), _LEAD_SCOPES)]
    tables += list(_defendants(cases, histories, records))
    return Counts(pl.concat(tables).group_by(_KEYS).agg(pl.col("records").sum()), records.received, records.last_entry)


def _without_errors(cases: pl.DataFrame, histories: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Leave out what was opened in error: a history by its disposition or reason, a matter by its status or if no history is left."""
    wrong = (pl.col("outcome") == _OPENED_IN_ERROR) | (pl.col("reason") == _ERROR_REASON)
    kept = histories.filter(~wrong)
    emptied = histories.filter(wrong).join(kept, on="case", how="anti")["case"].unique().implode()
    right = (pl.col("status") != _STATUS_OPENED_IN_ERROR) & ~pl.col("case").is_in(emptied)
    return cases.filter(right), kept


def _followed(cases: pl.DataFrame, histories: pl.DataFrame) -> pl.DataFrame:
    """Tell what has become of every matter: exactly one of the cohort's events."""
    filed = histories.filter((pl.col("court") == _DISTRICT_COURT) & (pl.col("filed") > 0))["case"].unique().implode()
    disposed = histories.filter(~pl.col("outcome").is_in(["", _NEW_FILING]))
    first = (
        disposed.sort("ended", "number", nulls_last=True)
        .unique("case", keep="first", maintain_order=True)
        .select("case", pl.col("outcome").is_in(_DECLINING).alias("declined_first"), pl.col("ended").alias("declined_on"), "reason")
    )
    magistrate = disposed.filter((pl.col("court") == _MAGISTRATE_COURT) & (pl.col("filed") > 0))["case"].unique().implode()
    return cases.join(first, on="case", how="left").with_columns(
        pl.when(pl.col("case").is_in(filed))
        .then(pl.lit("cohort_prosecuted"))
        .when("declined_first")
        .then(pl.lit("cohort_declined"))
        .when(pl.col("case").is_in(magistrate))
        .then(pl.lit("cohort_magistrate"))
        .when(pl.col("status") == _COMPLETED)
        .then(pl.lit("cohort_otherwise"))
        .otherwise(pl.lit("cohort_pending"))
        .alias("event"),
        pl.col("reason").alias("given_reason"),
        pl.lit("").alias("reason"),
    )


def _known_reason() -> pl.Expr:
    given = pl.col("given_reason")
    return pl.when(given.is_in(_reasons())).then(given).otherwise(pl.lit(_UNKNOWN))


@cache
def _reasons() -> tuple[str, ...]:
    with (CODE_LISTS / "declination_reasons.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(row["code"] for row in csv.DictReader(lines))


def _defendants(cases: pl.DataFrame, histories: pl.DataFrame, records: CaseRecords) -> Iterator[pl.DataFrame]:
    court = histories.filter((pl.col("court") == _DISTRICT_COURT) & (pl.col("filed") > 0)).select("history", "filed")
    people = (
        records.participants.filter(pl.col("role").is_in(_DEFENDANT_ROLES))
        .select("case", "defendant")
        .unique()
        .join(cases.select("case", "district", "bits", "program"), on="case")
    )
    appeared = (
        records.appearances.filter(pl.col("outcome") != _OPENED_IN_ERROR)
        .join(court, on="history")
        .join(people, on="defendant")
        .with_columns(reason=pl.lit(""))
    )
    filed = appeared.sort("filed").unique("defendant", keep="first", maintain_order=True).with_columns(month="filed", event=pl.lit("filed"))
    yield _by_scope(filed, _LEAD_SCOPES)
    guilty = appeared.filter(pl.col("outcome").is_in(_CONVICTING), pl.col("ended") > 0)
    convicted = guilty.sort("ended").unique("defendant", keep="first", maintain_order=True)
    yield _by_scope(convicted.with_columns(month="ended", event=pl.lit("convicted")), _LEAD_SCOPES)
    for scope, inside in _ANY_SCOPES.items():
        counts = records.charges.filter(inside)
        yield _by_scope(filed.filter(pl.col("defendant").is_in(counts["defendant"].unique().implode())), {scope: pl.lit(True)})
        found = (
            counts.filter(pl.col("outcome").is_in(_CONVICTING), pl.col("ended") > 0)
            .join(court, on="history", how="semi")
            .sort("ended")
            .unique("defendant", keep="first", maintain_order=True)
            .select("defendant", month="ended")
            .join(people, on="defendant")
            .with_columns(event=pl.lit("convicted"), reason=pl.lit(""))
        )
        yield _by_scope(found, {scope: pl.lit(True)})


_LEAD_SCOPES: Mapping[str, pl.Expr] = {
    **{f"lions_{scope}_lead_charge": pl.col("bits") & bits > 0 for scope, bits in _SCOPE_BITS.items()},
    **{f"usc18_{section.lower()}_lead_charge": pl.col("bits") & bit > 0 for section, bit in _EXACT_BITS.items()},
    **{scope: pl.col("program") & _PROGRAMS[code] > 0 for code, scope in _PROGRAM_SCOPES.items()},
}
_ANY_SCOPES: Mapping[str, pl.Expr] = {f"lions_{scope}_any_charge": pl.col("bits") & bits > 0 for scope, bits in _SCOPE_BITS.items()}
#: scopes whose districts are published
_DISTRICT_SCOPES = ("lions_csam_lead_charge", "lions_csam_any_charge")


def _by_scope(rows: pl.DataFrame, scopes: Mapping[str, pl.Expr]) -> pl.DataFrame:
    counted = rows.filter(pl.col("month") > 0)
    return pl.concat(
        counted.filter(inside)
        .group_by("event", "district", "reason", "month")
        .agg(pl.len().cast(pl.Int64).alias("records"))
        .select("event", pl.lit(scope).alias("scope"), "district", "reason", pl.col("month").cast(pl.Int16), "records")
        for scope, inside in scopes.items()
    )


def add_counts(parts: Iterable[Counts]) -> Counts:
    """Add the counts of partitions of different districts."""

    def add(left: Counts, right: Counts) -> Counts:
        months = {**left.received, **right.received}
        entries = [day for day in (left.last_entry, right.last_entry) if day]
        return Counts(
            pl.concat([left.table, right.table]).group_by(_KEYS).agg(pl.col("records").sum()),
            {month: left.received.get(month, 0) + right.received.get(month, 0) for month in months},
            max(entries, default=None),
        )

    return reduce(add, parts)


def covered_months(counts: Counts, as_of: date) -> Coverage:
    """Tell which months the release covers: from its first criminal matter to the month it is named for."""
    first = number_of_month(read_rules().caseload_first_month)
    last = number_of_month(as_of + timedelta(days=1)) - 1
    months = [month for month in counts.received if first <= month <= last]
    if not months:
        raise PublicationError(f"{SOURCE_ID}: no criminal matter was received before {as_of}: look at GS_CASE and the README")
    return cover(range(min(months), last + 1))


def observe(counts: Counts, as_of: date) -> pl.DataFrame:
    """Turn counts into observations: the country by month (the cohort by year too), the districts by year.

    Args:
        counts: counts of the whole release.
        as_of: date up to which the matters were followed.
    """
    coverage = covered_months(counts, as_of)
    areas = read_districts("us_attorney_code")
    series = _series(sorted(set(counts.table["reason"].unique()) - {""}))
    named = counts.table.join(series, on=["event", "scope", "reason"]).with_columns(
        pl.col("district").replace_strict(dict(areas), default=_UNKNOWN, return_dtype=pl.String).alias("area")
    )
    country = named.with_columns(pl.lit("US").alias("ref_area"))
    total = pl.col("reason") == ""
    cohort = pl.col("statistical_population") == _COHORT
    in_districts = total & pl.col("scope").is_in(_DISTRICT_SCOPES)
    seen = named.filter(~total).select("event", "scope", "reason").unique()
    by_reason = series.filter(~total).join(seen, on=["event", "scope", "reason"], how="semi", maintain_order="left")
    unplaced = [_UNKNOWN] if _UNKNOWN in named["area"] else []
    return pl.concat(
        [
            count_observations(country.filter(total), series.filter(total), coverage, "month"),
            # no other publication would make these years a target, and the cohort's shares are asked for by year
            count_observations(country.filter(total & cohort), series.filter(total & cohort), coverage, "year"),
            count_observations(country.filter(~total), by_reason, coverage, "year"),
            count_observations(
                named.with_columns(pl.col("area").alias("ref_area")).filter(in_districts),
                series.filter(in_districts),
                coverage,
                "year",
                [*areas.values(), *unplaced],
            ),
        ]
    )


def _series(reasons: Sequence[str]) -> pl.DataFrame:
    rows = []
    for event, (measure, unit, population, how) in _EVENTS.items():
        scopes = [*_LEAD_SCOPES, *(() if event in _MATTER_EVENTS else _ANY_SCOPES)]
        told = ["", *reasons] if measure == "matters_declined" else [""]
        rows += [
            {
                "event": event,
                "scope": scope,
                "reason": reason,
                "measure": measure,
                "unit_of_count": unit,
                "offense_scope": scope,
                "pathway": _pathway(scope),
                "statistical_population": population,
                "breakdown": f"declination_reason={reason}" if reason else "",
                "source_locator": how,
            }
            for scope in scopes
            for reason in told
        ]
    return pl.DataFrame(rows).select("event", "scope", "reason", *SERIES)


def _pathway(scope: str) -> str:
    if scope.startswith("usc18_"):
        return "production" if "2251" in scope else "non_production"
    return next((GROUP_PATHWAY[group] for group in ("non_production", "production") if f"_{group}_" in scope), "any")
