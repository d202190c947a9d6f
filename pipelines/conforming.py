"""Frames of observations, and `conform`, the only way into them.

Belongs here: the schema as Polars types, and the checks of rows that need no other row's meaning.
Does not belong here: the schema itself (observations.py), control totals and comparisons between vintages (expectations.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from pipelines.observations import (
    COLUMNS,
    KEY,
    MISSING_STATUSES,
    OPTIONAL,
    SERIES_DIMENSIONS,
    Content,
    period_bounds,
    published_on_problem,
    series_problems,
)
from pipelines.publications import shown
from pipelines.vocabulary import Vocabulary, catalogue_vocabulary


class ObservationError(ValueError):
    """Rows that are not observations: the message names source, row and remedy."""


_DTYPE: Mapping[Content, pl.DataType] = {"text": pl.String(), "date": pl.Date(), "number": pl.Float64(), "whole number": pl.Int32()}
#: the columns of a frame of observations, in memory and in Parquet
SCHEMA: Mapping[str, pl.DataType] = {column.name: _DTYPE[column.content] for column in COLUMNS}

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
    for name in (column.name for column in COLUMNS if column.content == "text"):
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
