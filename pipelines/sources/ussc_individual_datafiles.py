"""US Sentencing Commission: individual datafiles and their supplements, one fiscal year of sentenced individuals each (CSV).

Which variable tells this material apart has changed twice, and a figure is only read from the variable of its time:
OFFTYPE2 = 28 pools it with prostitution until fiscal year 2009; OFFTYPSB = 28 means child pornography from 2010 to 2017 (the same
number in OFFTYPE2 does not); OFFGUIDE = 7, the non-production guideline, from 2018, and from 2014 to 2017 in the supplements. The
primary guideline GDLINEHI tells production (2G2.1) from the rest (2G2.2) in every year that has it.

A record is one individual sentenced; SENTMON and SENTYR (from fiscal year 2005) place it in a month. Records without a month are
in the year and in no month, so that the months of that series are lower bounds. Identifiers are not read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.publications import PublicationError
from pipelines.records import (
    BEGINS,
    OVERFLOWS,
    SERIES,
    Coverage,
    DelimitedText,
    Part,
    Partial,
    complete_observations,
    count_observations,
    fiscal_year,
    months_of_fiscal_year,
    open_delimited,
    read_districts,
    read_number,
    refuse_many,
    text_files,
)
from pipelines.snapshots import Snapshot

SOURCE_ID = "ussc_individual_datafiles"
_LOG = logging.getLogger(__name__)

#: columns that are read where a file has them; of 22,000
COLUMNS = ("OFFGUIDE", "OFFTYPSB", "OFFTYPE2", "GDLINEHI", "SENTMON", "SENTYR", "DISTRICT")
#: a line of the widest files has 60,000 characters, and a block should hold many
_BLOCK = 64 << 20
_NAMED_YEAR = re.compile(r"fy(\d{2})(?!\d)", re.IGNORECASE)
_CENTURY, _PIVOT = 2000, 90
_NEVER = 1 << 20


@dataclass(frozen=True)
class Group:
    """One figure of a file: the records of which a variable has certain codes.

    Attributes:
        column: the variable; empty for all records.
        codes: its codes, in plain capitals and without full stops.
        offense_scope: scope of the figure.
        pathway: pathway of the figure.
        breakdown: part of the scope; empty for all of it.
        first: first fiscal year in which the codes mean this.
        last: last one.
        locator: where the figure stands.
    """

    column: str
    codes: tuple[str, ...]
    offense_scope: str
    pathway: str
    breakdown: str
    first: int
    last: int
    locator: str


_LATEST = 2100
GROUPS: tuple[Group, ...] = (
    Group("OFFGUIDE", ("7",), "ussc_primary_guideline", "any", "guideline=child_pornography", 2014, _LATEST, "records with OFFGUIDE = 7"),
    Group(
        "OFFGUIDE", ("24",), "ussc_primary_guideline", "any", "guideline=obscenity_and_other_sex_offenses", 2014, _LATEST,
        "records with OFFGUIDE = 24",
    ),
    Group("OFFGUIDE", ("27",), "ussc_primary_guideline", "any", "guideline=sexual_abuse", 2014, _LATEST, "records with OFFGUIDE = 27"),
    Group("OFFTYPSB", ("28",), "ussc_offense_type", "any", "offense_type=child_pornography", 2010, 2017, "records with OFFTYPSB = 28"),
    Group(
        "OFFTYPE2", ("28",), "ussc_offense_type", "any", "offense_type=pornography_or_prostitution", 1999, 2009,
        "records with OFFTYPE2 = 28",
    ),
    Group("GDLINEHI", ("2G21",), "ussc_guideline_2g21", "production", "", 1999, _LATEST, "records with GDLINEHI = 2G2.1"),
    Group("GDLINEHI", ("2G22",), "ussc_guideline_2g22", "non_production", "", 1999, _LATEST, "records with GDLINEHI = 2G2.2"),
    Group(
        "GDLINEHI", ("2G21", "2G22", "2G23", "2G24", "2G26"), "ussc_csam_guidelines", "any", "", 1999, _LATEST,
        "records with GDLINEHI = 2G2.1, 2G2.2, 2G2.3, 2G2.4 or 2G2.6",
    ),
)  # fmt: skip
#: all records, in each scope that a variable of the file belongs to
_TOTALS = {
    "OFFGUIDE": "ussc_primary_guideline",
    "GDLINEHI": "ussc_primary_guideline",
    "OFFTYPSB": "ussc_offense_type",
    "OFFTYPE2": "ussc_offense_type",
}
#: files of a release that are no data, or the same data in another form
_OTHER_KINDS = (".sas", ".sps", ".dat", ".pdf", ".docx")
_FIGURE = ("measure", "ref_area", "time_period", "offense_scope", "pathway", "breakdown")


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Count the sentenced individuals of one or more fiscal years: by year, by month where known, and by district and year.

    Args:
        snapshot: a CSV file, compressed or zipped, or a folder of files of several years.

    Returns:
        Rows for `conform`.

    Raises:
        PublicationError: no file has the layout, a fiscal year is not known, or two files disagree about a figure.
    """
    return _rows(snapshot, (count_records(table, snapshot.url) for table in tables_of(snapshot)))


def tables_of(snapshot: Snapshot) -> list[DelimitedText]:
    """Open the files of a snapshot that have the layout of a datafile.

    Raises:
        PublicationError: none has.
    """
    files = [file for file in text_files(SOURCE_ID, snapshot.path) if not file.name.lower().endswith(_OTHER_KINDS)]
    tables = [table for table in (open_delimited(file, ",", '"') for file in files) if set(table.header) & set(_TOTALS)]
    if not tables:
        raise PublicationError(
            f"{SOURCE_ID}: no file of {snapshot.path.name} begins with a header line with {', '.join(_TOTALS)}: "
            "give the CSV edition of a datafile (the fixed-width one is not read)"
        )
    return tables


def divide(snapshot: Snapshot, parts: int) -> tuple[Part, ...]:
    """Divide a release into its files, however many parts are asked for: one file is one fiscal year.

    Raises:
        PublicationError: as `tables_of`.
    """
    del parts
    return tuple(Part(number) for number in range(len(tables_of(snapshot))))


def count_part(snapshot: Snapshot, part: Part, salt: int) -> Partial:
    """Count the records of one file.

    Args:
        snapshot: the whole release.
        part: one of `divide`.
        salt: not needed here, as no key is read.
    """
    del salt
    tables = tables_of(snapshot)
    (table,) = tables if part.file is None else [tables[part.file]]
    counts = count_records(table, snapshot.url)
    groups = [GROUPS.index(group) for group in counts.groups]
    return Partial(counts.table, {"file": part.file, "fiscal_year": counts.fiscal_year, "groups": groups})


def merge_parts(snapshot: Snapshot, parts: Iterable[Partial]) -> pl.DataFrame:
    """Put the counts of all files of a release together.

    Args:
        snapshot: the release, of which nothing is read again.
        parts: the answers of `count_part` for every part of `divide`, in any order.

    Returns:
        The rows of `parse`.

    Raises:
        PublicationError: two files disagree about a figure.
    """
    told = sorted(((_PartSummary(**part.summary), part.table) for part in parts), key=lambda item: item[0].file)  # type: ignore[arg-type]
    return _rows(snapshot, (Counts(said.fiscal_year, tuple(GROUPS[number] for number in said.groups), table) for said, table in told))


@dataclass(frozen=True)
class _PartSummary:
    file: int
    fiscal_year: int
    groups: Sequence[int]


def _rows(snapshot: Snapshot, counts: Iterable[Counts]) -> pl.DataFrame:
    rows = pl.concat([observe(each) for each in counts]).unique(maintain_order=True)
    twice = rows.filter(pl.struct(*_FIGURE).is_duplicated())
    if not twice.is_empty():
        raise PublicationError(
            f"{SOURCE_ID}: {snapshot.path.name}: two files disagree about {twice['time_period'][0]}, {twice['offense_scope'][0]}: "
            "give one edition of each year"
        )
    complete = complete_observations(rows.drop("value_qualifier"), url=snapshot.url, published_on=snapshot.published_on, note=None)
    return complete.with_columns(rows["value_qualifier"])


@dataclass(frozen=True)
class Counts:
    """Counts of one file.

    Attributes:
        fiscal_year: year of the file.
        groups: the figures it holds.
        table: group (number in `groups`, -1 for all records), district, month (0 where not known), records.
    """

    fiscal_year: int
    groups: tuple[Group, ...]
    table: pl.DataFrame


def count_records(table: DelimitedText, url: str | None = None) -> Counts:
    """Count the records of one file.

    Args:
        table: the opened file.
        url: address it came from, which may name its year.

    Raises:
        PublicationError: the fiscal year is not known, or too many lines are no records.
    """
    present = [name for name in COLUMNS if name in table.header]
    place = f"{SOURCE_ID}: {table.file.name}"
    tallies: list[pl.DataFrame] = []
    rows = damaged = 0
    for (answer,) in table.query(dict.fromkeys(present, pl.String()), lambda lines: [_ask(lines, present)], block=_BLOCK):
        tallies.append(answer.filter("good"))
        rows += sum(answer["records"])
        damaged += sum(answer.filter(~pl.col("good"))["records"])
    if not tallies or rows == damaged:
        raise PublicationError(f"{place}: holds no records: look at the download")
    refuse_many(place, "lines are blank or have too many fields", damaged, rows, "look at the download")
    tally = pl.concat(tallies).group_by(*present, "month").agg(pl.col("records").sum())
    year = _year_of_file(table, url, tally, place)
    inside = pl.col("month").is_in(list(months_of_fiscal_year(year)))
    stray = sum(tally.filter(~inside, pl.col("month") > 0)["records"])
    refuse_many(place, "records were sentenced outside the year of the file", stray, rows, "is it the file of another year?")
    tally = tally.with_columns(pl.when(inside).then("month").otherwise(0).alias("month"))
    undated = tally.filter(pl.col("month") == 0)["records"].sum()
    _LOG.info("%s: fiscal year %d, %s records, %s without a month", place, year, f"{rows - damaged:,}", f"{undated:,}")
    groups = tuple(group for group in GROUPS if group.column in present and group.first <= year <= group.last)
    return Counts(year, groups, pl.concat(_counted(tally, groups, present)))


def _ask(lines: pl.LazyFrame, present: Sequence[str]) -> pl.LazyFrame:
    """Count lines by everything that is read of them; months come as numbers, 0 where there is none."""
    month = pl.lit(0, dtype=pl.Int32)
    if {"SENTMON", "SENTYR"} <= set(present):
        known = pl.col("SENTMON").is_between(1, 12) & (pl.col("SENTYR") > _CENTURY - _PIVOT)
        month = pl.when(known).then(pl.col("SENTYR") * 12 + pl.col("SENTMON") - 1).otherwise(month)
    return (
        lines.with_columns(_code(name).alias(name) for name in present)
        .with_columns(read_number(pl.col(name), pl.Int32()) for name in present if name.startswith("SENT"))
        .group_by(*present, month.alias("month"), (pl.col(BEGINS) & ~pl.col(OVERFLOWS)).alias("good"))
        .agg(pl.len().cast(pl.Int64).alias("records"))
    )


def _code(name: str) -> pl.Expr:
    """Write a code plainly: capitals, no decimals of a number, no full stops, NULL for a lone full stop."""
    plain = pl.col(name).str.strip_chars().str.to_uppercase().str.replace(r"\.0*$", "")
    return (plain.str.replace_all(".", "", literal=True) if name == "GDLINEHI" else plain).replace("", None)


def _year_of_file(table: DelimitedText, url: str | None, tally: pl.DataFrame, place: str) -> int:
    texts = [table.file.name, table.file.path.name, url or ""]
    named = {int(year) + (_CENTURY if int(year) < _PIVOT else _CENTURY - 100) for text in texts for year in _NAMED_YEAR.findall(text)}
    dated = tally.filter(pl.col("month") > 0)
    if not dated.is_empty():
        most = dated.group_by("month").agg(pl.col("records").sum()).sort("records", "month", descending=True)["month"][0]
        named.add(fiscal_year(most))
    if len(named) != 1:
        said = " and ".join(str(year) for year in sorted(named)) or "none"
        raise PublicationError(
            f"{place}: fiscal year of the file: {said} by its name and its sentencing dates: keep the published file name (fy24)"
        )
    return named.pop()


def _counted(tally: pl.DataFrame, groups: Sequence[Group], present: Sequence[str]) -> Iterator[pl.DataFrame]:
    if "DISTRICT" not in present:
        tally = tally.with_columns(pl.lit(None, dtype=pl.String).alias("DISTRICT"))
    areas = dict(read_districts("sentencing_file_code"))
    area = pl.col("DISTRICT").str.zfill(2).replace_strict(areas, default="unknown", return_dtype=pl.String)
    for number, chosen in [(-1, pl.lit(True)), *((n, pl.col(group.column).is_in(list(group.codes))) for n, group in enumerate(groups))]:
        yield (
            tally.filter(chosen)
            .group_by(area.alias("ref_area"), "month")
            .agg(pl.col("records").sum())
            .select(pl.lit(number, dtype=pl.Int32).alias("group"), "ref_area", "month", "records")
        )


def observe(counts: Counts) -> pl.DataFrame:
    """Turn the counts of one file into observations, with a column `value_qualifier`."""
    months = months_of_fiscal_year(counts.fiscal_year)
    coverage = Coverage(tuple(months), _NEVER)
    series = _series(counts)
    # the year needs no month: records without one are counted in its first
    placed = pl.when(pl.col("month") == 0).then(months[0]).otherwise("month")
    yearly = counts.table.join(series, on="group").with_columns(placed.alias("month"))
    country = yearly.with_columns(pl.lit("US").alias("ref_area"))
    exact = pl.lit("exact").alias("value_qualifier")
    parts = [count_observations(country, series, coverage, "year").with_columns(exact)]
    if counts.table.filter(pl.col("ref_area") != "unknown").height:
        areas = list(read_districts("sentencing_file_code").values())
        unplaced = ["unknown"] if "unknown" in yearly["ref_area"] else []
        parts.append(count_observations(yearly, series, coverage, "year", [*areas, *unplaced]).with_columns(exact))
    if counts.table.filter(pl.col("month") > 0).height:
        dated = counts.table.filter(pl.col("month") > 0).join(series, on="group").with_columns(pl.lit("US").alias("ref_area"))
        incomplete = pl.col("group").is_in(counts.table.filter(pl.col("month") == 0)["group"].unique().implode())
        for qualifier, members in (("exact", series.filter(~incomplete)), ("ge", series.filter(incomplete))):
            parts.append(count_observations(dated, members, coverage, "month").with_columns(pl.lit(qualifier).alias("value_qualifier")))
    return pl.concat(parts)


def _series(counts: Counts) -> pl.DataFrame:
    scopes = dict.fromkeys(_TOTALS[group.column] for group in counts.groups)
    totals = [Group("", (), scope, "any", "", 0, _LATEST, "number of records") for scope in scopes]
    numbered: list[tuple[int, Group]] = [(-1, total) for total in totals] + list(enumerate(counts.groups))
    rows: list[Mapping[str, object]] = [
        {
            "group": number,
            "measure": "individuals_sentenced",
            "unit_of_count": "sentenced_individual",
            "offense_scope": group.offense_scope,
            "pathway": group.pathway,
            "statistical_population": "ussc_sentenced_individuals",
            "breakdown": group.breakdown,
            "source_locator": f"individual datafile FY {counts.fiscal_year}, {group.locator}",
        }
        for number, group in numbered
    ]
    return pl.DataFrame(rows).select(pl.col("group").cast(pl.Int32), *SERIES)
