"""Control totals: what must add up, declared in `catalog/control_totals.toml`, and the arithmetic that judges it.

Belongs here: reading the declarations strictly, and turning observations into one row per total (what is printed, what
its parts come to, how far that is beyond the rounding). Does not belong here: Great Expectations, which passes the
verdict on those rows (expectations.py), and any rate: nothing is divided here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.observations import SERIES_DIMENSIONS, period_bounds
from pipelines.vocabulary import PROJECT, Vocabulary, catalogue_vocabulary, read_code_list

CONTROL_TOTALS = PROJECT / "catalog" / "control_totals.toml"

#: relation -> (keys it needs, keys it may have beside them); the header of the file says what each relation means
RELATIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "equals": (("parts", "total"), ("across", "partial")),
    "at_most": (("parts", "total"), ("across",)),
    "percent_of": (("percentages", "parts", "total"), ("across",)),
    "base_equals": (("percentages", "total"), ("across",)),
    "periods_tile": (("parts",), ()),
    "period_in_period": ((), ("except_measures",)),
    "part_in_whole": ((), ("except_keys",)),
    "disjoint_parts": (("keys",), ()),
}
#: relations that may also compare sources
_BETWEEN_SOURCES = ("equals", "at_most")
#: which reading of one edition counts, the best first
_EVIDENCE = ("publication", "datafile", "republication", "quotation")
#: what may be added and compared without knowing a base
_ADDITIVE_UNITS = ("count", "usd")
#: a rounded figure was rounded to the last power of ten that divides it, up to this one
_LARGEST_POWER = 12
_AXES = ("breakdown", "ref_area", "offense_scope", "jurisdiction", "pathway")
_SELECTABLE = (*SERIES_DIMENSIONS, "time_period")
_COMMON_KEYS = ("says", "relation", "severity", "severity_reason")
_SELECTION_KEYS = ("parts", "total", "percentages")
_LIST_KEYS = ("sources", "across", "keys", "except_keys", "except_measures")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BREAKDOWN_KEY = re.compile(r"(?:^|;)([^=;]+)=")

#: one row per total, as Great Expectations gets it: what was judged, both numbers, and how far apart beyond the rounding
JUDGED: Mapping[str, pl.DataType] = {
    "source_id": pl.String(),
    "control": pl.String(),
    "time_period": pl.String(),
    "published_on": pl.String(),
    "total_label": pl.String(),
    "total_locator": pl.String(),
    "parts_label": pl.String(),
    "total": pl.Float64(),
    "sum_of_parts": pl.Float64(),
    "number_of_parts": pl.Int64(),
    "difference": pl.Float64(),
    "finding": pl.String(),
}


class ControlTotalError(ValueError):
    """Declarations that cannot be used: the message names file, table, key and remedy."""


@dataclass(frozen=True)
class Selection:
    """Rows that a control total is about.

    Attributes:
        codes: dimension (or time_period) -> the codes it may have, `*` standing for any text without `;`. `breakdown` is
            always there, `("",)` unless declared.
    """

    codes: Mapping[str, tuple[str, ...]]

    @property
    def shared_keys(self) -> tuple[str, ...]:
        """Breakdown keys whose value is a wildcard: parts must have the same value as their total."""
        return tuple(sorted({key for pattern in self.codes["breakdown"] for key in re.findall(r"([^=;]+)=\*", pattern) if key != "*"}))


@dataclass(frozen=True)
class Partial:
    """A period whose parts are known to be a selection, or whose total is not printed.

    Attributes:
        time_period: the period, as in the observations.
        published_on: the edition; "" for an undated one, None for all.
        reason: why the equality cannot be asked for.
    """

    time_period: str
    published_on: str | None
    reason: str


@dataclass(frozen=True)
class ControlTotal:
    """One declared control total.

    Attributes:
        name: its table in the file.
        says: what must hold, in one sentence.
        relation: one of `RELATIONS`.
        sources: sources that it judges, one by one; empty for every source.
        between_sources: whether it compares sources with each other.
        percentages: printed percentages, for the relations about them.
        parts: rows that are added.
        total: row that they must meet, or a number.
        across: dimensions in which parts differ from their total.
        partial: periods exempt from equality.
        keys: breakdown keys whose values exclude each other.
        except_keys: breakdown keys that make no part.
        except_measures: measures that the relation does not hold for.
        severity: `error` keeps a source out of the release, `warning` is shown only.
        severity_reason: why it is a warning.
    """

    name: str
    says: str
    relation: str
    sources: tuple[str, ...] = ()
    between_sources: bool = False
    percentages: Selection | None = None
    parts: Selection | None = None
    total: Selection | float | None = None
    across: tuple[str, ...] = ()
    partial: tuple[Partial, ...] = ()
    keys: tuple[str, ...] = ()
    except_keys: tuple[str, ...] = ()
    except_measures: tuple[str, ...] = ()
    severity: str = "error"
    severity_reason: str = ""


@dataclass(frozen=True)
class ControlTotals:
    """Everything that the file declares.

    Attributes:
        controls: the control totals, in the order of the file.
        rounding: source -> (below, unit) steps by which its rounded figures are rounded.
    """

    controls: tuple[ControlTotal, ...]
    rounding: Mapping[str, tuple[tuple[float, float], ...]]


def load_control_totals(path: Path = CONTROL_TOTALS) -> ControlTotals:
    """Read the declared control totals.

    Raises:
        ControlTotalError: no such file, no TOML, or a key, relation, dimension, period or value that means nothing.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ControlTotalError(f"{path.name}: cannot be read ({problem.strerror}): check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ControlTotalError(f"{path.name}: not valid TOML: {problem}: correct the line") from None
    tables = ("rounding", "controls", "controls_between_sources")
    _refuse_unknown(f"{path.name}: top level", content, tables)
    for name in tables:
        if not isinstance(content.get(name, {}), dict):
            raise ControlTotalError(f"{path.name}: `{name}` is no table: write [{name}.<name>] above each")
    controls = [
        _control(f"{path.name}: [{kind}.{name}]", name, table, between_sources=kind == "controls_between_sources")
        for kind in tables[1:]
        for name, table in content.get(kind, {}).items()
    ]
    if repeated := {control.name for control in controls if [other.name for other in controls].count(control.name) > 1}:
        raise ControlTotalError(f"{path.name}: `{min(repeated)}` is declared twice: rename one")
    rounding = {source: _steps(f"{path.name}: [rounding] {source}", steps) for source, steps in content.get("rounding", {}).items()}
    return ControlTotals(controls=tuple(controls), rounding=rounding)


def _refuse_unknown(place: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            raise ControlTotalError(f"{place}: unknown key `{key}`: remove it, or write one of {', '.join(known)}")


def _control(place: str, name: str, table: Any, between_sources: bool) -> ControlTotal:
    if not _NAME.fullmatch(name):
        raise ControlTotalError(f"{place}: no name: write lower case, digits and underscores, a letter first")
    if not isinstance(table, dict):
        raise ControlTotalError(f"{place}: is no table: write its keys below the name")
    relation = _text(place, table, "relation")
    if relation not in RELATIONS or (between_sources and relation not in _BETWEEN_SOURCES):
        known = _BETWEEN_SOURCES if between_sources else tuple(RELATIONS)
        raise ControlTotalError(f"{place}: relation `{relation}` is unknown here: write one of {', '.join(known)}")
    needed, optional = RELATIONS[relation]
    _refuse_unknown(place, table, (*_COMMON_KEYS, *needed, *optional, *(() if between_sources else ("sources",))))
    for key in needed:
        if key not in table:
            raise ControlTotalError(f"{place}: no key `{key}`: relation `{relation}` needs it")
    total = table.get("total")
    if isinstance(total, bool) or not isinstance(total, int | float | dict | None):
        raise ControlTotalError(f"{place}: total `{total}`: write a selection of rows, or a number")
    selections = {key: _selection(f"{place} {key}", table[key]) for key in _SELECTION_KEYS if isinstance(table.get(key), dict)}
    if missing := [key for key in needed if key in ("parts", "percentages") and key not in selections]:
        raise ControlTotalError(f"{place}: {missing[0]} is no selection: write {{ measure = ..., breakdown = ... }}")
    lists = {key: _texts(f"{place}: {key}", table[key]) if key in table else () for key in _LIST_KEYS}
    severity = table.get("severity", "error")
    severity_reason = table.get("severity_reason", "")
    if severity not in ("error", "warning") or (severity == "warning") != bool(severity_reason):
        raise ControlTotalError(f"{place}: severity is `error`, or `warning` with a severity_reason")
    control = ControlTotal(
        name=name,
        says=_text(place, table, "says"),
        relation=relation,
        sources=lists["sources"],
        between_sources=between_sources,
        percentages=selections.get("percentages"),
        parts=selections.get("parts"),
        total=selections.get("total", float(total) if isinstance(total, int | float) else None),
        across=lists["across"],
        partial=tuple(_partial(f"{place} partial {number}", entry) for number, entry in enumerate(table.get("partial", []), start=1)),
        keys=lists["keys"],
        except_keys=lists["except_keys"],
        except_measures=lists["except_measures"],
        severity=severity,
        severity_reason=severity_reason,
    )
    _refuse_contradictions(place, control)
    return control


def _refuse_contradictions(place: str, control: ControlTotal) -> None:
    for name in control.across:
        if name not in SERIES_DIMENSIONS or name in ("source_id", "measure", "breakdown"):
            raise ControlTotalError(f"{place}: across `{name}`: write dimensions other than source_id, measure and breakdown")
    for selection in (control.parts, control.total, control.percentages):
        if not isinstance(selection, Selection):
            continue
        if "measure" not in selection.codes:
            raise ControlTotalError(f"{place}: a selection without measure would mix events: name one")
        if control.between_sources != ("source_id" in selection.codes):
            remedy = "name source_id in parts and total" if control.between_sources else "list `sources` instead of source_id"
            raise ControlTotalError(f"{place}: {remedy}")
    if isinstance(control.total, float) and control.relation not in ("equals", "at_most"):
        raise ControlTotalError(f"{place}: total is a number: relation `{control.relation}` needs a selection of rows")
    if isinstance(control.total, Selection):
        for part in (control.parts, control.percentages):
            for pattern in part.codes["breakdown"] if part else ():
                absent = set(control.total.shared_keys) - set(_BREAKDOWN_KEY.findall(pattern))
                if absent and control.relation != "equals":
                    raise ControlTotalError(f"{place}: breakdown `{pattern}` has no `{min(absent)}`, which the total has as a wildcard")


def _text(place: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ControlTotalError(f"{place}: no text `{key}`: add it")
    return value


def _texts(place: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise ControlTotalError(f"{place}: write a list of texts")
    return tuple(value)


def _selection(place: str, table: Mapping[str, Any]) -> Selection:
    _refuse_unknown(place, table, _SELECTABLE)
    codes = {"breakdown": ("",)}
    for dimension, value in table.items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(item, str) for item in values):
            raise ControlTotalError(f"{place}: {dimension}: write one code or a list of codes")
        if dimension != "breakdown" and "" in values:
            raise ControlTotalError(f"{place}: {dimension}: empty code: leave the dimension out to select any")
        codes[dimension] = tuple(values)
    return Selection(codes)


def _partial(place: str, table: Any) -> Partial:
    if not isinstance(table, dict):
        raise ControlTotalError(f"{place}: is no table: write time_period, published_on and reason below [[...partial]]")
    _refuse_unknown(place, table, ("time_period", "published_on", "reason"))
    period = _text(place, table, "time_period")
    try:
        period_bounds(period)
    except ValueError as problem:
        raise ControlTotalError(f"{place}: {problem}") from None
    published_on = table.get("published_on")
    if not isinstance(published_on, str | None):
        raise ControlTotalError(f'{place}: published_on: write the date as text, "" for an undated edition')
    return Partial(period, published_on, _text(place, table, "reason"))


def _steps(place: str, steps: Any) -> tuple[tuple[float, float], ...]:
    pairs: list[tuple[float, float]] = []
    for pair in steps if isinstance(steps, list) else [None]:
        match pair:
            case [int(below), int(unit)] if below > 0 and unit > 0:
                pairs.append((float(below), float(unit)))
            case _:
                raise ControlTotalError(f"{place}: write pairs [below, rounded to] of whole numbers")
    if not pairs or [below for below, _ in pairs] != sorted({below for below, _ in pairs}):
        raise ControlTotalError(f"{place}: write the pairs in rising order")
    return tuple(pairs)


def judge(observations: pl.DataFrame, declared: ControlTotals, vocabulary: Vocabulary | None = None) -> pl.DataFrame:
    """Work out every control total of every source that is there, but not those between sources.

    Args:
        observations: of one or more sources, in the observation schema.
        declared: the control totals.
        vocabulary: code lists that say which code is part of which; the catalogue's by default.

    Returns:
        One row per total, with the columns of `JUDGED`; `difference` is 0 where the control total holds, and otherwise
        how far the parts are from what the rounding allows. `finding` says it in words that name both numbers.
    """
    rows = _with_intervals(observations, declared.rounding)
    every_edition, newest = _best_readings(rows), newest_editions(rows)
    judges: Mapping[str, Callable[[ControlTotal, pl.DataFrame], pl.DataFrame]] = {
        "equals": _sums,
        "at_most": _sums,
        "percent_of": _percentages,
        "base_equals": _bases,
        "periods_tile": _tilings,
        "period_in_period": _periods,
        "part_in_whole": partial(_parts, vocabulary=vocabulary or catalogue_vocabulary()),
        "disjoint_parts": _disjoint_parts,
    }
    present = set(observations["source_id"].unique())
    judged = [_EMPTY]
    for control in declared.controls:
        if control.between_sources or (control.sources and not present & set(control.sources)):
            continue
        # half-years of one year come out in different editions
        concerned = newest if control.relation == "periods_tile" else every_edition
        if control.sources:
            concerned = concerned.filter(pl.col("source_id").is_in(control.sources))
        judged.append(_verdicts(control, judges[control.relation](control, concerned)))
    return pl.concat(judged)


def judge_between_sources(observations: pl.DataFrame, declared: ControlTotals) -> pl.DataFrame:
    """Work out the control totals between sources, on the newest edition of each; see `judge`."""
    newest = newest_editions(_with_intervals(observations, declared.rounding))
    return pl.concat([_EMPTY, *(_verdicts(control, _sums(control, newest)) for control in declared.controls if control.between_sources)])


_EMPTY = pl.DataFrame(schema=JUDGED)
_SERIES_LABEL = pl.concat_str(
    "measure", "ref_area", pl.when(pl.col("breakdown") != "").then(pl.col("breakdown")), separator=" ", ignore_nulls=True
)


def _with_intervals(observations: pl.DataFrame, rounding: Mapping[str, tuple[tuple[float, float], ...]]) -> pl.DataFrame:
    """Add `low` and `high`: what a figure can be, given its qualifier. What is unknown can be anything from zero."""
    value, qualifier = pl.col("obs_value"), pl.col("value_qualifier")
    unit = pl.lit(1.0)
    for power in range(1, _LARGEST_POWER):
        unit = pl.when((value % 10**power == 0) & (value != 0)).then(10.0**power).otherwise(unit)
    for source, steps in rounding.items():
        stated = pl.lit(steps[-1][1])
        for below, step in reversed(steps):
            stated = pl.when(value < below).then(step).otherwise(stated)
        unit = pl.when(pl.col("source_id") == source).then(stated).otherwise(unit)
    half = (
        pl.when(pl.col("unit_measure") == "percent")
        .then(pl.lit(0.1).pow(pl.col("decimals")) / 2)
        .when(qualifier == "rounded")
        .then(unit / 2)
        .otherwise(0.0)
    )
    known = value.is_not_null() & half.is_not_null() & qualifier.is_in(["exact", "rounded", "share_rounded"])
    return observations.select(
        *SERIES_DIMENSIONS,
        "time_period",
        "period_start",
        "period_end",
        "published_on",
        "evidence",
        "source_locator",
        "obs_value",
        "base_value",
        pl.when(known).then(value - half).when(value.is_not_null() & qualifier.is_in(["gt", "ge"])).then(value).otherwise(0.0).alias("low"),
        pl.when(known).then(value + half).when(value.is_not_null() & (qualifier == "lt")).then(value).otherwise(float("inf")).alias("high"),
    ).with_row_index("row")


def _best_readings(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep one reading of a figure per edition, the best: two readings must not be added."""
    rank = pl.col("evidence").replace_strict(list(_EVIDENCE), list(range(len(_EVIDENCE))), default=len(_EVIDENCE))
    return rows.sort(rank, maintain_order=True).unique(
        [*SERIES_DIMENSIONS, "period_start", "period_end", "published_on"], keep="first", maintain_order=True
    )


def newest_editions(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the newest edition of every figure; a partial date means its end, an undated edition comes last."""
    edition = (pl.col("published_on") + "-99-99").str.head(10).fill_null("")
    return (
        _best_readings(rows)
        .sort(edition, descending=True, maintain_order=True)
        .unique([*SERIES_DIMENSIONS, "period_start", "period_end"], keep="first", maintain_order=True)
    )


def _select(rows: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    for dimension, patterns in selection.codes.items():
        exact = [pattern for pattern in patterns if "*" not in pattern]
        wild = ["^" + re.escape(pattern).replace(r"\*", "[^;]*") + "$" for pattern in patterns if "*" in pattern]
        chosen = pl.col(dimension).is_in(exact)
        for pattern in wild:
            chosen |= pl.col(dimension).str.contains(pattern)
        rows = rows.filter(chosen)
    return rows


def _shared(keys: Iterable[str]) -> list[pl.Expr]:
    return [pl.col("breakdown").str.extract(rf"(?:^|;)({re.escape(key)}=[^;]*)").alias(f"shared {key}") for key in keys]


def _sides(control: ControlTotal, part: Selection) -> tuple[list[str], list[pl.Expr]]:
    """Say in which columns a part and its total must agree, and how to derive those that are pieces of the breakdown."""
    total = control.total if isinstance(control.total, Selection) else None
    free = {"measure", "breakdown", *control.across}
    # the same events on both sides: keep them apart; different events: the declaration pairs them
    if total is not None and total.codes["measure"] == part.codes["measure"]:
        free.remove("measure")
    columns = [name for name in SERIES_DIMENSIONS if name not in free]
    columns += ["period_start", "period_end", "published_on"]
    if control.between_sources:
        columns = [name for name in columns if name not in ("source_id", "published_on")]
    # a wildcard that the parts do not have is added up on the side of the total
    in_parts = set.intersection(*(set(_BREAKDOWN_KEY.findall(pattern)) for pattern in part.codes["breakdown"]))
    keys = [key for key in total.shared_keys if key in in_parts] if total is not None else []
    return [*columns, *(f"shared {key}" for key in keys)], _shared(keys)


def _totals(control: ControlTotal, rows: pl.DataFrame, on: list[str], shared: list[pl.Expr]) -> pl.DataFrame:
    if not isinstance(control.total, Selection):
        raise TypeError(f"{control.name}: its total is no selection of rows")
    return (
        _select(rows, control.total)
        .with_columns(shared)
        .group_by(on, maintain_order=True)
        .agg(
            pl.col("row").alias("total_rows"),
            pl.col("source_id").first().alias("total_source"),
            _SERIES_LABEL.first().alias("total_label"),
            pl.col("source_locator").first().alias("total_locator"),
            pl.col("obs_value").sum().alias("total"),
            pl.col("low").sum().alias("total_low"),
            pl.col("high").sum().alias("total_high"),
        )
    )


def _sums(control: ControlTotal, rows: pl.DataFrame) -> pl.DataFrame:
    """Put what parts sum to beside their total."""
    if control.parts is None:
        raise TypeError(f"{control.name}: it has no parts")
    on, shared = _sides(control, control.parts)
    parts = _select(rows, control.parts).with_columns(shared)
    if isinstance(control.total, Selection):
        totals = _totals(control, rows, on, shared)
        parts = parts.filter(~pl.col("row").is_in(totals["total_rows"].explode().implode()))
    summed = parts.group_by(on, maintain_order=True).agg(
        pl.col("source_id").unique(maintain_order=True).str.join(" and ").alias("parts_source"),
        pl.col("source_id").n_unique().alias("part_sources"),
        *(pl.col(name).first() for name in ("published_on", "time_period") if name not in on),
        _SERIES_LABEL.first().alias("parts_label"),
        pl.col("obs_value").sum().alias("sum_of_parts"),
        pl.col("low").sum().alias("parts_low"),
        pl.col("high").sum().alias("parts_high"),
        pl.len().cast(pl.Int64).alias("number_of_parts"),
    )
    if control.between_sources:
        # a source, or its total, may simply not be there yet; both sides say where they stand
        complete = summed.filter(pl.col("part_sources") == len(control.parts.codes["source_id"]))
        return complete.join(totals, on=on, nulls_equal=True, maintain_order="left").with_columns(
            pl.col("parts_source").alias("source_id"), pl.format("{} {}", "total_source", "total_label").alias("total_label")
        )
    if isinstance(control.total, Selection):
        if control.relation == "equals":  # parts without a total stay, and fail
            return summed.join(totals, on=on, how="left", nulls_equal=True, maintain_order="left")
        return summed.join(totals, on=on, nulls_equal=True, maintain_order="left")
    return summed.with_columns(
        pl.lit(None, pl.String).alias("total_label"),
        pl.lit(None, pl.String).alias("total_locator"),
        *(pl.lit(control.total, pl.Float64).alias(name) for name in ("total", "total_low", "total_high")),
    )


def _percentages(control: ControlTotal, rows: pl.DataFrame) -> pl.DataFrame:
    """Put a hundred times the parts beside percentage times total: no division, and whole numbers stay exact."""
    if control.parts is None or control.percentages is None:
        raise TypeError(f"{control.name}: it has no parts or no percentages")
    on, shared = _sides(control, control.percentages)
    beside = [name for name in SERIES_DIMENSIONS if name not in ("measure", "breakdown", "unit_measure")]
    beside += ["period_start", "period_end", "published_on"]
    keys = control.percentages.shared_keys if control.percentages.shared_keys == control.parts.shared_keys else ()
    counts = _select(rows, control.parts).select(
        *beside,
        *_shared(keys),
        pl.col("obs_value").alias("sum_of_parts"),
        pl.col("low").alias("parts_low"),
        pl.col("high").alias("parts_high"),
    )
    totals = _totals(control, rows, [name for name in on if name != "unit_measure"], shared)
    return (
        _select(rows, control.percentages)
        .with_columns(*_shared(keys), *shared)
        .join(counts, on=[*beside, *(f"shared {key}" for key in keys)], nulls_equal=True)
        .join(totals, on=[name for name in on if name != "unit_measure"], nulls_equal=True)
        .with_columns(
            pl.col("obs_value").alias("percentage"),
            (pl.col("low") * pl.col("total_low")).alias("total_low"),
            (pl.col("high") * pl.col("total_high")).alias("total_high"),
            pl.col("parts_low") * 100,
            pl.col("parts_high") * 100,
            _SERIES_LABEL.alias("parts_label"),
            pl.lit(1, pl.Int64).alias("number_of_parts"),
        )
    )


def _bases(control: ControlTotal, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the base printed with each percentage beside the count that it should be."""
    if control.percentages is None:
        raise TypeError(f"{control.name}: it has no percentages")
    on, shared = _sides(control, control.percentages)
    on = [name for name in on if name != "unit_measure"]
    return (
        _select(rows, control.percentages)
        .filter(pl.col("base_value").is_not_null())
        .with_columns(shared)
        .join(_totals(control, rows, on, shared), on=on, nulls_equal=True)
        .with_columns(
            *(pl.col("base_value").alias(name) for name in ("sum_of_parts", "parts_low", "parts_high")),
            _SERIES_LABEL.alias("parts_label"),
            pl.lit(1, pl.Int64).alias("number_of_parts"),
        )
    )


def _tilings(control: ControlTotal, newest: pl.DataFrame) -> pl.DataFrame:
    """Put what the periods that tile a longer one sum to beside the longer one."""
    if control.parts is None:
        raise TypeError(f"{control.name}: it has no parts")
    tiled: list[dict[str, Any]] = []
    for _, series in _select(newest, control.parts).group_by(SERIES_DIMENSIONS, maintain_order=True):
        periods = sorted(series.to_dicts(), key=lambda row: (row["period_start"], row["period_end"]))
        for whole in periods:
            inside = [
                row
                for row in periods
                if row is not whole and whole["period_start"] <= row["period_start"] <= row["period_end"] <= whole["period_end"]
            ]
            tiles = _tile(inside, whole["period_start"], whole["period_end"])
            if tiles:
                tiled.append(
                    {
                        "row": whole["row"],
                        **{f"tiles_{name}": sum(tile[name] or 0 for tile in tiles) for name in ("obs_value", "low", "high")},
                        "tiles": len(tiles),
                    }
                )
    sums = pl.DataFrame(
        tiled,
        schema={"row": pl.UInt32, "tiles_obs_value": pl.Float64, "tiles_low": pl.Float64, "tiles_high": pl.Float64, "tiles": pl.Int64},
    )
    return newest.join(sums, on="row", maintain_order="left").with_columns(
        _SERIES_LABEL.alias("total_label"),
        pl.col("source_locator").alias("total_locator"),
        pl.col("obs_value").alias("total"),
        pl.col("low").alias("total_low"),
        pl.col("high").alias("total_high"),
        _SERIES_LABEL.alias("parts_label"),
        pl.col("tiles_obs_value").alias("sum_of_parts"),
        pl.col("tiles_low").alias("parts_low"),
        pl.col("tiles_high").alias("parts_high"),
        pl.col("tiles").alias("number_of_parts"),
    )


def _tile(periods: list[dict[str, Any]], start: date, end: date) -> list[dict[str, Any]] | None:
    """Find periods that fill the days from start to end without gap or overlap, the longest first; None if there are none."""
    if start > end:
        return []
    for period in sorted((p for p in periods if p["period_start"] == start), key=lambda p: p["period_end"], reverse=True):
        rest = _tile(periods, period["period_end"] + timedelta(days=1), end)
        if rest is not None:
            return [period, *rest]
    return None


def _periods(control: ControlTotal, rows: pl.DataFrame) -> pl.DataFrame:
    """Put a period's figure beside that of a longer period around it, in one edition: a later one may have revised either."""
    rows = rows.filter(pl.col("unit_measure").is_in(_ADDITIVE_UNITS) & ~pl.col("measure").is_in(control.except_measures))
    wholes = _wholes(rows, [*SERIES_DIMENSIONS, "period_start", "period_end", "published_on"]).rename(
        {"period_start": "whole_start", "period_end": "whole_end", "time_period": "whole_period"}
    )
    pairs = rows.join(wholes, on=[*SERIES_DIMENSIONS, "published_on"], nulls_equal=True).filter(
        (pl.col("whole_start") <= pl.col("period_start"))
        & (pl.col("period_end") <= pl.col("whole_end"))
        & (pl.col("row") != pl.col("whole_row"))
    )
    return _as_part(pairs).with_columns(
        pl.format("{} in {}", "total_label", "whole_period").alias("total_label"),
        pl.format("{} in {}", "parts_label", "time_period").alias("parts_label"),
    )


def _parts(control: ControlTotal, rows: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Put every figure beside those of which it is a part along one axis or several."""
    rows = rows.filter(pl.col("unit_measure").is_in(_ADDITIVE_UNITS))
    pairs = rows.rename({axis: f"part_{axis}" for axis in _AXES})
    for axis in _AXES:
        codes = rows[axis].drop_nulls().unique().to_list()
        wholes = _whole_codes(axis, codes, control.except_keys, vocabulary)
        links = [(code, whole) for code in codes for whole in wholes(code)]
        pairs = pairs.join(
            pl.DataFrame(links, schema=[f"part_{axis}", axis], orient="row", schema_overrides={f"part_{axis}": pl.String, axis: pl.String}),
            on=f"part_{axis}",
        )
    same = ["source_id", "measure", "unit_of_count", "unit_measure", "statistical_population", "period_start", "period_end", "published_on"]
    found = pairs.join(_wholes(rows, [*same, *_AXES]).drop("time_period"), on=[*same, *_AXES], nulls_equal=True).filter(
        pl.col("row") != pl.col("whole_row")
    )
    return _as_part(found.drop(_AXES).rename({f"part_{axis}": axis for axis in _AXES}))


def _whole_codes(axis: str, codes: Collection[str], except_keys: Collection[str], vocabulary: Vocabulary) -> Callable[[str], list[str]]:
    """Say which of the codes present a code is, or is a part of."""
    present = set(codes)
    if axis == "breakdown":

        def breakdowns(code: str) -> list[str]:
            pairs = [pair for pair in code.split(";") if pair]
            kept = [pair for pair in pairs if pair.partition("=")[0] in except_keys]
            fewer = {";".join(chosen) for size in range(len(pairs) + 1) for chosen in combinations(pairs, size) if set(kept) <= set(chosen)}
            return sorted(fewer & present)

        return breakdowns
    if axis == "ref_area":

        def areas(code: str) -> list[str]:
            country = code.partition("-")[0]
            return sorted({code, country, "WORLD" if re.fullmatch("[A-Z]{2}", country) else code} & present)

        return areas
    file = {"offense_scope": "offense_scopes", "jurisdiction": "jurisdictions", "pathway": "pathways"}[axis]
    parents = {row["code"]: row.get("part_of", "") for row in read_code_list(vocabulary.folder / f"{file}.csv")}

    def chain(code: str) -> list[str]:
        found = [code]
        while parents.get(found[-1]):
            found.append(parents[found[-1]])
        return sorted(set(found) & present)

    return chain


def _disjoint_parts(control: ControlTotal, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the sum over the values of one breakdown key beside the row without that key."""
    rows = rows.filter(pl.col("unit_measure").is_in(_ADDITIVE_UNITS))
    same = [*(name for name in SERIES_DIMENSIONS if name != "breakdown"), "period_start", "period_end", "published_on"]
    found = []
    for key in control.keys:
        pair = rf"(?:^|;){re.escape(key)}=[^;]*"
        summed = (
            rows.filter(pl.col("breakdown").str.contains(pair))
            .with_columns(pl.col("breakdown").str.replace(pair, "").str.strip_chars_start(";").alias("whole_breakdown"))
            .group_by([*same, "whole_breakdown"], maintain_order=True)
            .agg(
                pl.col("breakdown").first(),
                pl.col("time_period").first(),
                pl.col("obs_value").sum(),
                pl.col("low").sum(),
                pl.col("high").sum(),
                pl.len().cast(pl.Int64).alias("number_of_parts"),
            )
        )
        summed = summed.filter(pl.col("number_of_parts") > 1)  # one part alone is no sum
        wholes = _wholes(rows, [*same, "breakdown"]).rename({"breakdown": "whole_breakdown"}).drop("time_period")
        pairs = _as_part(summed.join(wholes, on=[*same, "whole_breakdown"], nulls_equal=True))
        found.append(pairs.with_columns(pl.format(f"{{}} and the other values of {key}", "parts_label").alias("parts_label")))
    return pl.concat([frame.select(_JOINED) for frame in found])


_JOINED = (
    "source_id", "time_period", "published_on", "total_label", "total_locator", "parts_label",
    "total", "total_low", "total_high", "sum_of_parts", "parts_low", "parts_high", "number_of_parts",
)  # fmt: skip


def _wholes(rows: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    return rows.select(
        *on,
        "time_period",
        pl.col("row").alias("whole_row"),
        _SERIES_LABEL.alias("total_label"),
        pl.col("source_locator").alias("total_locator"),
        pl.col("obs_value").alias("total"),
        pl.col("low").alias("total_low"),
        pl.col("high").alias("total_high"),
    )


def _as_part(pairs: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("number_of_parts") if "number_of_parts" in pairs.columns else pl.lit(1, pl.Int64).alias("number_of_parts")
    return pairs.with_columns(
        _SERIES_LABEL.alias("parts_label"),
        pl.col("obs_value").alias("sum_of_parts"),
        pl.col("low").alias("parts_low"),
        pl.col("high").alias("parts_high"),
        number,
    )


def _verdicts(control: ControlTotal, joined: pl.DataFrame) -> pl.DataFrame:
    """Work out how far parts and total are apart beyond the rounding, and say it."""
    exempt = pl.lit(value=False)
    for period in control.partial:
        same = pl.col("time_period") == period.time_period
        if period.published_on is not None:
            same &= pl.col("published_on").fill_null("") == period.published_on
        exempt |= same
    excess = pl.max_horizontal(pl.col("parts_low") - pl.col("total_high"), 0.0)
    shortfall = pl.max_horizontal(pl.col("total_low") - pl.col("parts_high"), 0.0)
    equality = pl.lit(control.relation in ("equals", "percent_of", "base_equals", "periods_tile")) & ~exempt
    no_total = pl.col("total_low").is_null()
    judged = joined.with_columns(
        pl.when(no_total & exempt)
        .then(0.0)
        .when(no_total)
        .then(pl.max_horizontal(pl.col("sum_of_parts"), 1.0))
        .when(equality & (shortfall > 0))
        .then(-shortfall)
        .otherwise(excess)
        .round(6)  # a printed percentage times a total is no exact binary number
        .alias("difference")
    )
    differs = pl.col("difference") != 0
    findings = [_finding(control, row) for row in judged.filter(differs).iter_rows(named=True)]
    texts = iter(findings)
    said = [next(texts) if wrong else None for wrong in judged.select(differs).to_series()]
    return judged.with_columns(pl.lit(control.name).alias("control"), pl.Series("finding", said, dtype=pl.String)).select(
        pl.col(name).cast(dtype) for name, dtype in JUDGED.items()
    )


def _finding(control: ControlTotal, row: Mapping[str, Any]) -> str:
    total, parts = written(row["total"]), written(row["sum_of_parts"])
    rows = f"{row['number_of_parts']} rows" if row["number_of_parts"] > 1 else "one row"
    place = "; ".join(
        [
            f"{rows} from {row['parts_label']}",
            f"total {row['total_label']} at {row['total_locator']}" if row["total_label"] else f"total {total} by declaration",
            f"edition {row['published_on'] or 'without date'}",
            control.name,
        ]
    )
    match control.relation:
        case "percent_of":
            says = f"printed {written(row['percentage'])} percent of {total} but the count beside it is {parts}"
        case "base_equals":
            says = f"base {parts} is printed with the percentage but the count is {total}"
        case "part_in_whole" | "period_in_period":
            says = f"total {total} but its part is {parts}"
        case _ if row["total_low"] is None:
            says = f"no total stands beside rows that sum to {parts}: read it, or declare the period as partial in {CONTROL_TOTALS.name}"
            place = "; ".join([f"{rows} from {row['parts_label']}", f"edition {row['published_on'] or 'without date'}", control.name])
        case _:
            says = f"total {total} but rows sum to {parts}"
    return f"{row['source_id']}: {row['time_period']}: {says} ({place})"


def written(value: float | None) -> str:
    """Write a number as a publication does: thousands apart, no decimals where there are none."""
    if value is None:
        return "no value"
    value = round(value, 6)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"
