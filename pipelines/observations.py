"""The one observation schema, and `conform`, the only way into it.

Belongs here: columns, key, periods, canonical breakdowns, and the checks that need no other row's meaning.
Does not belong here: control totals and comparisons between vintages (expectations.py), and SQL (sql/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl

from pipelines.publications import shown
from pipelines.vocabulary import CODE_LIST_OF, Vocabulary, catalogue_vocabulary

Role = Literal["dimension", "period", "value", "attribute"]


class ObservationError(ValueError):
    """Rows that are not observations: the message names source, row and remedy."""


@dataclass(frozen=True)
class Column:
    """One column of the observation schema.

    Attributes:
        name: column name, everywhere.
        dtype: its type in memory and in Parquet.
        role: `dimension` and `period` form the key together with published_on.
        required: may not be NULL (an empty breakdown is the empty text).
        meaning: one line for the data dictionary.
    """

    name: str
    dtype: pl.DataType
    role: Role
    required: bool
    meaning: str


_TEXT = pl.String()
COLUMNS: tuple[Column, ...] = (
    Column("source_id", _TEXT, "dimension", True, "Catalogue key of the publication series: producer, then publication."),
    Column("measure", _TEXT, "dimension", True, "What happened, as noun and event, for instance defendants_charged."),
    Column("ref_area", _TEXT, "dimension", True, "ISO 3166 area, WORLD, or a federal judicial district code."),
    Column("time_period", _TEXT, "period", True, "ISO 8601 interval: start and duration, or start and inclusive end."),
    Column("period_start", pl.Date(), "period", True, "First day of the period, derived from time_period."),
    Column("period_end", pl.Date(), "period", True, "Last day of the period (inclusive), derived from time_period."),
    Column("unit_of_count", _TEXT, "dimension", True, "What one unit of the figure is, for instance a report or a defendant in a case."),
    Column("unit_measure", _TEXT, "dimension", True, "What the number is expressed in: count, percent, usd or months."),
    Column("offense_scope", _TEXT, "dimension", True, "Offense classification of the source; its code row lists statutes or categories."),
    Column("jurisdiction", _TEXT, "dimension", True, "Authorities to which the counted event belongs."),
    Column("pathway", _TEXT, "dimension", True, "How the material came about or was handled, for instance gai_nexus or production."),
    Column("statistical_population", _TEXT, "dimension", True, "Set of units within which the figure is counted."),
    Column("breakdown", _TEXT, "dimension", True, "Canonical key=value;key=value part of the scope; empty for a total."),
    Column("obs_value", pl.Float64(), "value", False, "The published number; NULL is never zero."),
    Column("value_qualifier", _TEXT, "value", True, "How exactly the number was printed."),
    Column("obs_status", _TEXT, "value", True, "SDMX observation status."),
    Column("base_value", pl.Float64(), "value", False, "For a published percentage, the base that the publisher states with it."),
    Column("decimals", pl.Int32(), "value", False, "For a published percentage, the decimals that were printed."),
    Column("published_on", _TEXT, "attribute", False, "Date of the edition, as precise as it is known (year, month or day)."),
    Column("evidence", _TEXT, "attribute", True, "How the figure was read: publication, datafile, republication or quotation."),
    Column("source_locator", _TEXT, "attribute", True, "Place of the figure inside the publication."),
    Column("url", _TEXT, "attribute", False, "Public address of the publication."),
    Column("obs_note", _TEXT, "attribute", False, "Short remark on the figure."),
    Column("snapshot_id", _TEXT, "attribute", False, "SHA-256 of the bytes that the figure was read from."),
)
SCHEMA: Mapping[str, pl.DataType] = {column.name: column.dtype for column in COLUMNS}
SERIES_DIMENSIONS: tuple[str, ...] = tuple(column.name for column in COLUMNS if column.role == "dimension")
#: one row each: the dimensions, the period by its dates, and the edition (evidence tells two readings of one edition apart)
KEY: tuple[str, ...] = (*SERIES_DIMENSIONS, "period_start", "period_end", "published_on", "evidence")
#: columns that a file of observations may leave out: derived here, or empty
OPTIONAL: tuple[str, ...] = (
    "period_start", "period_end", "base_value", "decimals", "published_on", "url", "obs_note", "snapshot_id",
)
#: statuses of a missing value; every other status stands beside a value (SDMX CL_OBS_STATUS)
MISSING_STATUSES: tuple[str, ...] = ("L", "M", "O", "Q")

#: ISO 3166 codes and judicial district codes of whatever maker (TXS, 3E, US-TXS) are capitals, digits and hyphens
AREA_PATTERN = re.compile(r"unknown|[A-Z0-9]{2,8}(-[A-Z0-9]{1,8}){0,2}")
PERIOD_PATTERN = re.compile(
    r"(?P<start>[0-9]{4}-[0-9]{2}-[0-9]{2})/(?:(?P<end>[0-9]{4}-[0-9]{2}-[0-9]{2})|"
    r"P(?=[0-9])(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,5})M)?(?:(?P<weeks>[0-9]{1,5})W)?(?:(?P<days>[0-9]{1,6})D)?)"
)
PUBLISHED_ON_PATTERN = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_BREAKDOWN_KEY = re.compile(r"[a-z][a-z0-9_]*")
_SHOWN_PROBLEMS = 5
_LONGEST_PROBLEM, _LONGEST_LOCATOR = 700, 150
#: texts are read by people, in tables and charts: the longest of the project has 242 characters
_LONGEST_TEXT = 4_000
#: controls, marks of direction, invisible signs and line ends: they change how a text is shown, or what a file that holds it means
_UNSEEN_TEXT = (
    r"[\x00-\x1f\x7f-\x{9f}\x{61c}\x{200b}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}"
    r"\x{e0000}-\x{e007f}]"
)
Problems = list[tuple[int, str | None, str]]


def period_bounds(time_period: str) -> tuple[date, date]:
    """Derive the first and last day (both inclusive) of an ISO 8601 interval.

    Args:
        time_period: `2023-10-01/P1Y` (start and duration) or `2003-07-09/2008-11-20` (start and inclusive end).

    Raises:
        ValueError: not such an interval, an impossible date, an empty duration, or an end before the start. The text
            says which, and what to write instead.
    """
    match = PERIOD_PATTERN.fullmatch(time_period)
    if match is None:
        if re.fullmatch(r"[0-9]{4}", time_period):
            raise ValueError(
                f"time_period `{time_period}` is a bare year: write {time_period}-01-01/P1Y for a calendar year "
                f"or {int(time_period) - 1}-10-01/P1Y for a federal fiscal year"
            )
        raise ValueError(f"time_period `{time_period}` is no ISO 8601 interval: write start/duration or start/end")
    try:
        start = date.fromisoformat(match["start"])
        if match["end"]:
            end = date.fromisoformat(match["end"])
        else:
            months = int(match["years"] or 0) * 12 + int(match["months"] or 0)
            days = int(match["weeks"] or 0) * 7 + int(match["days"] or 0)
            end = _add_months(start, months) + timedelta(days=days - 1)
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"time_period `{time_period}`: {problem}: correct the date") from None
    if end < start:
        raise ValueError(f"time_period `{time_period}` ends on {end}, before it starts: correct start or end")
    return start, end


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def breakdown_problem(breakdown: str) -> str | None:
    """Say what keeps a breakdown from being canonical (`key=value` pairs in key order, joined by `;`), or None."""
    if not breakdown:
        return None
    keys = []
    for pair in breakdown.split(";"):
        key, separator, value = pair.partition("=")
        if not separator or not _BREAKDOWN_KEY.fullmatch(key) or not value or value != value.strip() or "=" in value:
            return f"breakdown `{breakdown}`: `{pair}` is not key=value: write a lower-case key and a value without = or ;"
        keys.append(key)
    if len(set(keys)) < len(keys):
        return f"breakdown `{breakdown}` names a key twice: keep one"
    if keys != sorted(keys):
        return f"breakdown `{breakdown}` is not in key order: sort the pairs by key"
    return None


def series_problems(series: Mapping[str, str | None], vocabulary: Vocabulary) -> list[str]:
    """List what is wrong with one combination of codes (dimensions, value_qualifier, obs_status, evidence).

    Args:
        series: column name -> code; columns that are absent are not judged.
        vocabulary: the code lists in force.
    """
    problems = []
    for name, code in series.items():
        if code is None or (code == "" and name != "breakdown"):
            problems.append(f"{name} is empty: every observation needs one (use `unknown` where it is not known)")
        elif name in CODE_LIST_OF and code not in vocabulary.codes[name]:
            problems.append(f"{name} `{code}` is not in {CODE_LIST_OF[name]}.csv: correct it or add the code to the list")
        elif name == "ref_area" and not AREA_PATTERN.fullmatch(code):
            problems.append(f"ref_area `{code}` is no ISO 3166 area, WORLD or judicial district code: correct it")
        elif name == "breakdown" and (problem := breakdown_problem(code)):
            problems.append(problem)
    return problems


def published_on_problem(published_on: str) -> str | None:
    """Say what keeps a publication date from being ISO 8601 (year, month or day), or None."""
    problem = f"published_on `{published_on}` is no ISO date: write 2024, 2024-05 or 2024-05-08"
    if not PUBLISHED_ON_PATTERN.fullmatch(published_on):
        return problem
    try:
        date.fromisoformat((published_on + "-01-01")[:10])
    except ValueError:
        return problem
    return None


def last_day_of(published_on: str) -> date:
    """Return the last day that a date may mean: a year its last day, a month its last day, a day itself."""
    year, month, day = ([int(part) for part in published_on.split("-")] + [0, 0])[:3]
    if day:
        return date(year, month, day)
    return _add_months(date(year, month or 12, 1), 1) - timedelta(days=1)


def conform(frame: pl.DataFrame, source_id: str, vocabulary: Vocabulary | None = None) -> pl.DataFrame:
    """Turn rows of one source into observations: typed, complete, checked, in schema order.

    Args:
        frame: one row per figure with the columns of the schema, as text or typed. `OPTIONAL` columns may be absent,
            `source_id` too; other columns are refused.
        source_id: the source the rows must belong to.
        vocabulary: code lists; the catalogue's by default.

    Returns:
        A frame with exactly `SCHEMA`, in the order of the rows given. A suppressed cell (status Q) given as an upper
        bound (qualifier lt) comes out without a value: the bound is a threshold, kept in its note.

    Raises:
        ObservationError: an unknown or missing column, one that holds lists, signs that cannot be seen, a text without end, an
            unreadable number, an unknown code, a bare year, a period that ends before it starts or whose given bounds differ from
            it, a value without a fitting status, a negative value, an unfit qualifier, a malformed date, an empty locator, or two
            rows with one key.
    """
    vocabulary = vocabulary or catalogue_vocabulary()
    frame = _with_all_columns(frame, source_id)
    row = pl.int_range(1, pl.len() + 1).alias("row")
    text = frame.select(
        row, *(pl.col(name).cast(pl.String).str.strip_chars().alias(name) for name in SCHEMA)
    ).with_columns(
        *(pl.col(column.name).replace("", None) for column in COLUMNS if column.name != "breakdown"),
        pl.when(pl.col("breakdown").is_null()).then(pl.lit("")).otherwise(pl.col("breakdown")).alias("breakdown"),
    )
    refused = {
        f"source_id is not `{source_id}`: the row belongs to another file": pl.col("source_id") != source_id,
        "source_locator is empty: say where the figure stands": pl.col("source_locator").is_null(),
    }
    for name in (column.name for column in COLUMNS if column.dtype == _TEXT):
        refused[f"{name} holds signs that cannot be seen: write it without them"] = pl.col(name).str.contains(_UNSEEN_TEXT)
        refused[f"{name} has more than {_LONGEST_TEXT:,} characters: shorten it"] = pl.col(name).str.len_chars() > _LONGEST_TEXT
    for name in ("obs_value", "base_value", "decimals"):
        number = pl.col(name).cast(SCHEMA[name], strict=False)
        unreadable = pl.col(name).is_not_null() & (number.is_null() | ~number.cast(pl.Float64).is_finite())
        refused[f"{name} is not a number: write digits only, or leave it empty"] = unreadable
    problems = [
        *_column_problems(text, (*SERIES_DIMENSIONS, "value_qualifier", "obs_status", "evidence"), vocabulary),
        *_bad_rows(text, refused),
    ]
    days = text["published_on"].drop_nulls().unique(maintain_order=True)
    problems += _bad_codes(text, "published_on", {day: problem for day in days if (problem := published_on_problem(day))})
    bounds, unreadable_periods = {}, {}
    for value in text["time_period"].unique(maintain_order=True):
        try:
            bounds[value] = period_bounds(value or "")
        except ValueError as problem:
            unreadable_periods[value] = str(problem)
    problems += _bad_codes(text, "time_period", unreadable_periods)
    _raise(problems, source_id)

    periods = pl.DataFrame(
        {"time_period": list(bounds), "start": [b[0] for b in bounds.values()], "end": [b[1] for b in bounds.values()]},
        schema={"time_period": pl.String, "start": pl.Date, "end": pl.Date},
    )
    typed = text.join(periods, on="time_period", how="left", maintain_order="left")
    problems = _bad_rows(
        typed,
        {
            f"{name} differs from time_period: correct one of them": pl.col(name) != pl.col(derived).cast(pl.String)
            for name, derived in (("period_start", "start"), ("period_end", "end"))
        },
    )
    # only a text shows how many decimals were printed: a number that came typed may have lost them
    printed_decimals = (
        pl.col("obs_value").str.extract(r"\.(\d+)$").str.len_chars().fill_null(0)
        if frame.schema["obs_value"] == pl.String
        else pl.lit(None, dtype=pl.Int32)
    )
    typed = typed.with_columns(
        pl.col("start").alias("period_start"),
        pl.col("end").alias("period_end"),
        pl.when(pl.col("unit_measure") == "percent")
        .then(pl.coalesce(pl.col("decimals").cast(pl.Int32), printed_decimals.cast(pl.Int32)))
        .alias("decimals"),
        pl.col("obs_value").cast(pl.Float64),
        pl.col("base_value").cast(pl.Float64),
    )
    # a suppressed cell printed as "<50" has no value: 50 is its threshold, kept in words
    threshold = (pl.col("obs_status") == "Q") & (pl.col("value_qualifier") == "lt") & pl.col("obs_value").is_not_null()
    typed = typed.with_columns(
        pl.when(threshold).then(None).otherwise(pl.col("obs_value")).alias("obs_value"),
        pl.when(threshold)
        .then(pl.coalesce("obs_note", pl.format("Suppressed; printed as below {}.", "obs_value")))
        .otherwise(pl.col("obs_note"))
        .alias("obs_note"),
    )
    missing = pl.col("obs_status").is_in(MISSING_STATUSES)
    no_value = pl.col("obs_value").is_null()
    percent = pl.col("unit_measure") == "percent"
    problems += _bad_rows(
        typed,
        {
            "no obs_value, but obs_status says there is one: use L, M, O or Q": no_value & ~missing,
            "obs_value beside obs_status L, M, O or Q: drop the value or correct the status": ~no_value & missing,
            "obs_value is negative: figures are counts, shares, money or durations": pl.col("obs_value") < 0,
            "base_value is negative: correct it": pl.col("base_value") < 0,
            "decimals is negative: correct it": pl.col("decimals") < 0,
            "base_value beside a figure that is no percentage: drop it": pl.col("base_value").is_not_null() & ~percent,
            "share_rounded is for percentages only: correct it": (pl.col("value_qualifier") == "share_rounded") & ~percent,
            "the same key stands twice: delete one, or tell them apart": pl.struct(KEY).is_duplicated(),
        },
    )
    _raise(problems, source_id)
    return typed.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def _with_all_columns(frame: pl.DataFrame, source_id: str) -> pl.DataFrame:
    unknown = [name for name in frame.columns if name not in SCHEMA]
    if unknown:
        names = shown(", ".join(unknown), _LONGEST_PROBLEM).replace("\n", " ")
        raise ObservationError(f"{source_id}: unknown column {names}: remove it or name it as in the schema")
    if "source_id" not in frame.columns:
        frame = frame.with_columns(pl.lit(source_id).alias("source_id"))
    absent = [name for name in SCHEMA if name not in frame.columns]
    needed = [name for name in absent if name not in OPTIONAL]
    if needed:
        raise ObservationError(f"{source_id}: no column {', '.join(needed)}: add it")
    for name, dtype in frame.schema.items():
        if dtype.is_nested() or dtype in (pl.Object, pl.Binary):
            raise ObservationError(f"{source_id}: column {name} holds {dtype}, not one text or number in each row: write it as text")
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)


def _column_problems(text: pl.DataFrame, names: Iterable[str], vocabulary: Vocabulary) -> Problems:
    problems: Problems = []
    for name in names:
        found = {code: series_problems({name: code}, vocabulary) for code in text[name].unique(maintain_order=True)}
        problems += _bad_codes(text, name, {code: "; ".join(said) for code, said in found.items() if said})
    return problems


def _bad_codes(frame: pl.DataFrame, name: str, problems: Mapping[str | None, str]) -> Problems:
    """Find the rows of all bad codes of a column at once: a file may have as many codes as rows."""
    if not problems:
        return []
    bad = pl.col(name).is_in([code for code in problems if code is not None])
    if None in problems:
        bad = bad | pl.col(name).is_null()
    rows = frame.filter(bad).select("row", "source_locator", name)
    return [(row, locator, problems[code]) for row, locator, code in rows.iter_rows()]


def _bad_rows(frame: pl.DataFrame, refused: Mapping[str, pl.Expr]) -> Problems:
    """Find the rows that meet a condition for which they are refused; one look tells which of the conditions are met at all."""
    met = frame.select(bad.any().alias(problem) for problem, bad in refused.items()).row(0, named=True)
    return [
        (row, locator, problem)
        for problem, bad in refused.items()
        if met[problem]
        for row, locator in frame.filter(bad).select("row", "source_locator").iter_rows()
    ]


def _raise(problems: Problems, source_id: str) -> None:
    if problems:
        first = sorted(problems, key=lambda found: (found[0], found[2]))[:_SHOWN_PROBLEMS]
        told = [
            shown(f"{source_id}: row {row} ({shown(locator or 'no locator', _LONGEST_LOCATOR)}): {problem}", _LONGEST_PROBLEM)
            for row, locator, problem in first
        ]
        if len(problems) > _SHOWN_PROBLEMS:
            told.append(f"{source_id}: and {len(problems) - _SHOWN_PROBLEMS} more")
        raise ObservationError("\n".join(line.replace("\n", " ") for line in told))
