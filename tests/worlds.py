"""Small random worlds of published figures, the files they become, and the engine's verdict on them.

Belongs here: drawing a world from a random generator, writing many worlds as one input of the stand-alone command, reading
`matched_periods` back, and naming the differences from the oracle. Does not belong here: any rule of matching (oracle.py).
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.warehouse import build_database
from tests.oracle import DAY, EVIDENCE, REASONS, Break, Observation, PartOf, Period, Rate, Row, Series, match_periods

AREAS = ("US", "US-CA", "US-TX", "WORLD", "CA", "CA-ON", "unknown", "CAC")
#: code list -> code -> the code it is part of ("" for none, None where the list has no such column)
CODES: dict[str, dict[str, str | None]] = {
    "units_of_count": {"report": "", "incident": "report", "defendant": "", "unknown": ""},
    "unit_measures": {"count": None, "percent": None, "usd": None, "months": None},
    "offense_scopes": {"all": "", "csam": "all", "lead": "csam", "other": "all", "unknown": "", "stray": "unknown"},
    "jurisdictions": {"worldwide": "", "us_all": "worldwide", "us_federal": "us_all", "not_applicable": "worldwide", "unknown": "us_all"},
    "pathways": {"any": "", "production": "any", "gai_nexus": "any", "unknown": "any"},
    "statistical_populations": {"population": "", "subpopulation": "population", "unknown": ""},
    "value_qualifiers": dict.fromkeys(("exact", "rounded", "approx", "gt", "ge", "lt", "share_rounded")),
    "obs_status": dict.fromkeys("ABDEFGHIJKLMNOPQSTUVW"),
    "evidence_grades": dict.fromkeys(EVIDENCE),
}
PART_OF: PartOf = {
    dimension: {code: whole for code, whole in CODES[name].items() if whole}
    for dimension, name in (
        ("unit_of_count", "units_of_count"),
        ("offense_scope", "offense_scopes"),
        ("jurisdiction", "jurisdictions"),
        ("pathway", "pathways"),
        ("statistical_population", "statistical_populations"),
    )
}
#: dimension -> usual code first, then those that make trouble
POOLS = {
    "ref_area": AREAS,
    "unit_of_count": ("report", "incident", "defendant", "unknown"),
    "offense_scope": ("csam", "all", "lead", "other", "unknown", "stray"),
    "jurisdiction": ("us_federal", "us_all", "worldwide", "not_applicable", "unknown"),
    "pathway": ("any", "production", "gai_nexus", "unknown"),
    "statistical_population": ("population", "subpopulation", "unknown"),
    "breakdown": (
        "", "", "esp=a", "esp=b", "esp=a;reporter=esp", "esp=b;reporter=esp", "reporter=esp", "esp=a.b", "esp=axb", "esp=a_b;sex=x",
    ),
}
VARYING = ("ref_area", "offense_scope", "jurisdiction", "pathway", "breakdown")
EDITIONS = ("", "2020", "2021-05", "2021-05-03", "2021-12-31", "2022", "2024-02-29")
SHAPES = ("year", "grid", "grid", "refined", "refined", "refined", "multi", "cut", "odd")
KINDS = ("prosecution", "declination", "disposition", "conviction", "sentencing", "arrest")


@dataclass(frozen=True)
class World:
    """Figures, rates and breaks that have no code of measure, source or rate in common with another world."""

    name: str
    observations: tuple[Observation, ...]
    rates: tuple[Rate, ...]
    breaks: tuple[Break, ...] = ()

    def match(self) -> list[Row]:
        return match_periods(self.observations, self.rates, self.breaks, PART_OF)


@dataclass(frozen=True)
class Inputs:
    """The files of one run of the stand-alone command."""

    observations: Path
    rates: Path
    code_lists: Path
    breaks: Path
    out: Path

    def build(self) -> Path:
        """Run the engine over these files."""
        build_database(self.observations, self.rates, self.out, self.code_lists, self.breaks)
        return self.out


def first_of_month(months: int) -> date:
    return date(months // 12, months % 12 + 1, 1)


def month_span(months: int, length: int) -> Period:
    return Period(first_of_month(months), first_of_month(months + length) - DAY)


def spellings(period: Period) -> list[str]:
    """Write a period in every way the schema allows."""
    texts = [f"{period.start}/{period.end}", f"{period.start}/P{period.days}D"]
    if "P" in period.text:
        after = period.end + DAY
        months = (after.year - period.start.year) * 12 + after.month - period.start.month
        texts = [period.text] * 3 + [f"{period.start}/P{months}M", *texts]
    return texts


# Drawing a world ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draw:
    """One random generator and how untidy its world is."""

    random: random.Random
    name: str
    mess: float
    grids: list[list[Period]] = field(default_factory=list)

    def often(self, chance: float) -> bool:
        return self.random.random() < chance

    def code(self, dimension: str) -> str:
        pool = POOLS[dimension]
        return self.random.choice(pool) if self.often(0.3 if dimension == "breakdown" else self.mess) else pool[0]

    def source(self) -> str:
        return f"{self.name}_s{1 if self.often(0.7) else 2}"


def cut_period(draw: Draw, whole: Period) -> list[Period]:
    """Cut a period into pieces: months where it consists of them, else anywhere."""
    rng = draw.random
    after = whole.end + DAY
    months = (after.year - whole.start.year) * 12 + after.month - whole.start.month
    if whole.start.day == after.day == 1 and months > 1 and draw.often(0.8):
        edges = [whole.start]
        equal = rng.choice((1, 3, 6, 12, 0, 0))
        while edges[-1] < after:
            step = equal or rng.choice((1, 2, 3, 3, 6, 6))
            edges.append(min(first_of_month(edges[-1].year * 12 + edges[-1].month - 1 + step), after))
    else:
        days = {whole.start + timedelta(days=rng.randrange(1, whole.days)) for _ in range(rng.choice((1, 2, 3)))}
        edges = [whole.start, *sorted(days), after]
    return [Period(first, next_first - DAY) for first, next_first in pairwise(edges)]


def draw_grid(draw: Draw, year: int, first_month: int, shape: str) -> list[Period]:
    """Draw one family of periods, for instance the quarters of two fiscal years."""
    rng = draw.random
    start = year * 12 + first_month - 1
    years = rng.choice((1, 1, 2))
    if shape == "year":
        spans = [month_span(start + 12 * index, 12) for index in range(years + 1)]
    elif shape == "grid":
        step = rng.choice((1, 1, 3, 3, 6, 6, 4))
        phase = rng.choice((0, 0, 0, 0, 1))
        spans = [month_span(start + phase + step * index, step) for index in range((12 if step == 1 else 12 * years) // step)]
    elif shape == "refined":
        wholes = [whole for whole in rng.choice(draw.grids) if whole.days > 1]
        spans = [piece for whole in wholes for piece in cut_period(draw, whole)]
    elif shape == "multi":
        length = rng.choice((24, 24, 36, 30))
        spans = [month_span(start, length)]
    elif shape == "cut":
        whole = month_span(start, 12 * years)
        cuts = {whole.start + timedelta(days=rng.randrange(1, whole.days)) for _ in range(rng.choice((1, 1, 2, 3)))}
        leap = date(2000 if year < 2000 else 2020, 2, 29)
        cuts |= {day for day in (leap, leap + DAY) if whole.start < day <= whole.end and draw.often(0.4)}
        edges = [whole.start, *sorted(cuts), whole.end + DAY]
        spans = [Period(first, after - DAY) for first, after in pairwise(edges)]
        spans += [whole] if draw.often(0.4) else []
    else:
        first = first_of_month(start) + timedelta(days=rng.randrange(-40, 400))
        spans = [Period(first, first + timedelta(days=rng.choice((0, 1, 27, 30, 89, 182, 364, 365, 366, 500))))]
    holes = rng.choice((0, 0, 0, 0, 0.05, 0.2))
    return [span for span in spans if not draw.often(holes)]


def draw_series(draw: Draw, measure: str, known: Sequence[Series]) -> Series:
    """Draw a series: a new one, or a near relative of one that is there."""
    if known and draw.often(0.6):
        series = draw.random.choice(known)._replace(measure=measure)
        for dimension in draw.random.sample((*sorted(POOLS), *VARYING), draw.random.choice((0, 0, 0, 0, 1, 1, 2))):
            series = series._replace(**{dimension: draw.random.choice(POOLS[dimension])})
        return series._replace(source_id=draw.source()) if draw.often(0.2) else series
    return Series(
        source_id=draw.source(),
        measure=measure,
        unit_measure="percent" if draw.often(0.12) else "count",
        **{dimension: draw.code(dimension) for dimension in sorted(POOLS)},
    )


def draw_figure(draw: Draw, series: Series, period: Period, truth: float) -> Observation:
    """Draw one figure: mostly the truth, sometimes off by one, inexact, unreliable or missing."""
    rng, noise = draw.random, draw.mess / 3 + 0.02
    # rounded again: publishers print 0.2, not 1.2 - 1 in binary
    value: float | None = round(truth + rng.choice((1, -1, 7)), 1) if draw.often(noise) and truth >= 1 else truth
    status = rng.choice("BDEFINPUUUU") if draw.often(2 * noise) else "A"
    qualifier = rng.choice(("rounded", "approx", "gt", "ge", "lt")) if draw.often(noise) else "exact"
    base = decimals = None
    if series.unit_measure == "percent":
        decimals = rng.choice((0, 1, 2))
        value = rng.choice((0, 0.1, 12, 12.5, 33.3, 59, 99.96, 100, 100.5, 140))
        base = rng.choice((0, 7, 250, 1000, 1000, 12345)) if draw.often(0.8) else None
        qualifier = qualifier if qualifier != "exact" or draw.often(0.3) else "share_rounded"
    if draw.often(noise):
        status, value = rng.choice("LMOQ"), None
    return Observation(
        series=series,
        period=period,
        value=None if value is None else float(value),
        status=status,
        qualifier=qualifier,
        base=None if base is None else float(base),
        decimals=decimals,
        published_on=rng.choice(EDITIONS) if draw.often(0.2) else "2022-03",
        evidence=rng.choice(EVIDENCE) if draw.often(0.1) else "publication",
        time_period=rng.choice(spellings(period)),
    )


def draw_figures(draw: Draw, series: Series) -> list[Observation]:
    """Draw the figures of one series over some of the world's grids, consistent with one daily truth."""
    rng = draw.random
    height = rng.choice((2, 3)) if series.measure.endswith("_m1") else rng.choice((4, 5, 6, 9, 9, 100_000))
    height = 1 if draw.often(0.02) else max(2, height // 3) if series.breakdown else height
    step, shift = rng.choice((1, 3, 7)), rng.randrange(10)
    scale = rng.choice((0.5, 0.1)) if draw.often(0.05) else 1

    def truth(period: Period) -> float:
        return round(scale * sum((day * step + shift) % height for day in range(period.start.toordinal(), period.end.toordinal() + 1)), 1)

    periods: dict[Period, None] = {}
    for grid in rng.sample(draw.grids, min(len(draw.grids), rng.choice((1, 1, 1, 2, 3)))):
        periods.update(dict.fromkeys(grid))
    figures = [draw_figure(draw, series, period, truth(period)) for period in periods]
    for figure in list(figures):
        while draw.often(0.06):
            figures.append(draw_figure(draw, series, figure.period, truth(figure.period)))
    rng.shuffle(figures)
    return list({(figure.period, figure.published_on, figure.evidence): figure for figure in figures}.values())


def draw_selector(draw: Draw, series: Series, known: Sequence[Series]) -> dict[str, tuple[str, ...]]:
    """Draw a selector that selects a given series, and perhaps others."""
    selector: dict[str, tuple[str, ...]] = {"measure": (series.measure,)}
    if draw.often(0.15):
        selector = {"source_id": (series.source_id,)}
    elif draw.often(0.1):
        selector["measure"] = (f"{draw.name}_m1", f"{draw.name}_m2")
    for dimension in ("ref_area", "unit_of_count", "offense_scope", "jurisdiction", "pathway", "statistical_population"):
        if draw.often(0.2):
            codes = [getattr(series, dimension)]
            codes += [code for code in (draw.random.choice(POOLS[dimension]),) if code not in codes and draw.often(0.5)]
            selector[dimension] = tuple(codes)
    if series.breakdown and draw.often(0.9):
        pattern = series.breakdown
        if draw.often(0.5):
            keys = [pair.split("=")[0] for pair in pattern.split(";")]
            starred = draw.random.choice(keys)
            pattern = ";".join(f"{key}=*" if key == starred else pair for key, pair in zip(keys, pattern.split(";"), strict=True))
        selector["breakdown"] = tuple(dict.fromkeys((pattern, *(other.breakdown for other in known if draw.often(0.15)))))
    elif draw.often(0.1):
        selector["breakdown"] = ("", draw.random.choice(("esp=*", "esp=*;reporter=esp", "reporter=*")))
    if series.unit_measure == "percent" or draw.often(0.05):
        selector["unit_measure"] = (series.unit_measure,)
    return selector


def draw_rate(draw: Draw, number: int, known: Sequence[Series]) -> Rate:
    """Draw a rate over the series of a world: plain, composition, published, or with an empty side."""
    rng, name = draw.random, f"{draw.name}_r{number}"
    counts = [series for series in known if series.unit_measure == "count"]
    percents = [series for series in known if series.unit_measure == "percent"]
    if percents and (not counts or draw.often(0.3)):
        return Rate(name, draw_selector(draw, rng.choice(percents), known), None, rng.choice(KINDS))
    first, second = rng.choice(counts), rng.choice(counts)
    if first.measure == second.measure and draw.often(0.6):
        second = rng.choice(counts)
    if first.measure > second.measure and not draw.often(0.15):
        first, second = second, first
    numerator, denominator = draw_selector(draw, first, known), draw_selector(draw, second, known)
    for side in (numerator, denominator):
        if draw.often(0.05):
            side["measure"] = (f"{draw.name}_m3",)
    if draw.often(0.45):
        differing = tuple(axis for axis in VARYING if getattr(first, axis) != getattr(second, axis))
        varies = differing if draw.often(0.6) else tuple(rng.sample(VARYING, rng.choice((0, 1, 1, 2, 3))))
        for side, series in ((numerator, first), (denominator, second)):
            side.setdefault("source_id", (series.source_id,))
        return Rate(name, numerator, denominator, "composition", varies)
    return Rate(name, numerator, denominator, rng.choice(KINDS))


def draw_break(draw: Draw, number: int, known: Sequence[Series]) -> Break:
    """Draw a break near the edges of the world's periods."""
    rng, series = draw.random, draw.random.choice(known)
    period = rng.choice([period for grid in draw.grids for period in grid])
    day = rng.choice((period.start, period.start + DAY, period.end, period.end + DAY, period.start + timedelta(days=period.days // 2)))
    cells: dict[str, tuple[str, ...]] = {"measure": (series.measure,)} if draw.often(0.7) else {"source_id": (series.source_id,)}
    for dimension in POOLS:
        if draw.often(0.1) and getattr(series, dimension):
            cells[dimension] = tuple(getattr(series, dimension).split(";"))
            if draw.often(0.5):
                cells[dimension] = (*cells[dimension], *rng.choice([code for code in POOLS[dimension] if code]).split(";")[:1])
    return Break(f"{draw.name}_b{number}", day, draw.often(0.7), cells)


def draw_world(rng: random.Random, number: int) -> World:
    """Draw one world.

    Args:
        rng: the only source of chance, so that a seed names a world.
        number: tells the codes of this world from those of others in the same database.
    """
    draw = Draw(rng, f"w{number}", rng.choice((0, 0, 0.02, 0.08, 0.25)))
    year, first_month = rng.choice((1999, 2018, 2019, 2019, 2020, 2022)), rng.choice((1, 1, 1, 10, 10, 4, 7))
    for index in range(rng.choice((1, 2, 3, 3, 3, 4))):
        other = index > 1 and draw.often(0.3)
        shape = rng.choice(("year", "year", "multi") if not draw.grids else SHAPES if index > 1 else ("refined",))
        grid = draw_grid(draw, year, rng.choice((1, 3, 10)) if other else first_month, shape)
        if grid:
            draw.grids.append(grid)
    if not draw.grids:
        draw.grids.append([month_span(year * 12 + first_month - 1, 12)])
    known: list[Series] = []
    for index in range(rng.choice((2, 2, 3, 3, 4, 5))):
        measure = f"{draw.name}_m{index + 1 if index < 2 else rng.choice((1, 2))}"
        known.append(draw_series(draw, measure, known))
    known = list(dict.fromkeys(known))
    observations = [figure for series in known for figure in draw_figures(draw, series)]
    breaks = [draw_break(draw, index, known) for index in range(rng.choice((0, 0, 0, 0, 1, 1, 2)))]
    rates = [draw_rate(draw, index, known) for index in range(rng.choice((2, 3, 4)))]
    return World(draw.name, tuple(observations), tuple(rates), tuple(breaks))


def draw_worlds(seed: int, count: int) -> list[World]:
    """Draw worlds that share a database: world `number` depends on seed and number only."""
    return [draw_world(random.Random(f"{seed}/{number}"), number) for number in range(count)]


# Writing and reading ----------------------------------------------------------------------------------------------------------


def frame_of(observations: Iterable[Observation]) -> pl.DataFrame:
    rows = [
        {
            **figure.series._asdict(),
            "time_period": figure.time_period or figure.period.text,
            "period_start": figure.period.start,
            "period_end": figure.period.end,
            "obs_value": figure.value,
            "value_qualifier": figure.qualifier,
            "obs_status": figure.status,
            "base_value": figure.base,
            "decimals": figure.decimals,
            "published_on": figure.published_on or None,
            "evidence": figure.evidence,
            "source_locator": "synthetic",
            "url": None,
            "obs_note": None,
            "snapshot_id": "0" * 64,
        }
        for figure in observations
    ]
    types = {"period_start": pl.Date, "period_end": pl.Date, "obs_value": pl.Float64, "base_value": pl.Float64, "decimals": pl.Int32}
    empty = {"published_on": pl.String, "url": pl.String, "obs_note": pl.String}
    return pl.DataFrame(rows, schema_overrides={**types, **empty})


def write_rates(rates: Iterable[Rate], path: Path) -> None:
    lines = []
    for rate in rates:
        lines += [f"[rates.{rate.rate_id}]", f'kind = "{rate.kind}"', 'question = "Synthetic: what share?"']
        if rate.varies:
            lines.append(f"varies = {json.dumps(rate.varies[0] if len(rate.varies) == 1 else list(rate.varies))}")
        for name, side in (("numerator", rate.numerator), ("denominator", rate.denominator)):
            if side is not None:
                lines.append(f"[rates.{rate.rate_id}.{name}]")
                lines += [f"{key} = {json.dumps(codes[0] if len(codes) == 1 else list(codes))}" for key, codes in side.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_breaks(breaks: Iterable[Break], path: Path) -> None:
    lines = [",".join(("break_id", "date", "breaks_rate", "breaks_change", *Series._fields, "description", "url"))]
    for change in breaks:
        cells = [";".join(change.cells.get(dimension, ())) for dimension in Series._fields]
        lines.append(",".join((change.break_id, str(change.day), str(change.breaks_rate).lower(), "true", *cells, "Synthetic", "")))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_code_lists(measures: Iterable[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, codes in {"measures": dict.fromkeys(measures), **CODES}.items():
        partial = any(whole is not None for whole in codes.values())
        lines = ["code,label,part_of" if partial else "code,label"]
        lines += [f"{code},Synthetic {code},{whole}" if partial else f"{code},Synthetic {code}" for code, whole in codes.items()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_worlds(worlds: Sequence[World], folder: Path, files: int = 3, optional: bool = True, rng: random.Random | None = None) -> Inputs:
    """Write worlds as one input of the stand-alone command.

    Args:
        worlds: what to write.
        folder: an empty or absent folder.
        files: over how many Parquet files the rows are dealt.
        optional: write the columns that the command can do without (period bounds, note, address, snapshot).
        rng: shuffles the rows first; None keeps their order.
    """
    inputs = Inputs(folder / "observations", folder / "rates.toml", folder / "code_lists", folder / "breaks.csv", folder / "out.duckdb")
    inputs.observations.mkdir(parents=True)
    observations = [figure for world in worlds for figure in world.observations]
    if rng is not None:
        rng.shuffle(observations)
    frame = frame_of(observations)
    if not optional:
        frame = frame.drop("period_start", "period_end", "url", "obs_note", "snapshot_id")
    for index in range(files):
        frame[index::files].write_parquet(inputs.observations / f"part_{index}.parquet")
    write_rates((rate for world in worlds for rate in world.rates), inputs.rates)
    write_breaks((change for world in worlds for change in world.breaks), inputs.breaks)
    sides = [side for world in worlds for rate in world.rates for side in (rate.numerator, rate.denominator or {})]
    measures = {code for side in sides for code in side.get("measure", ())} | {figure.series.measure for figure in observations}
    write_code_lists(sorted(measures), inputs.code_lists)
    return inputs


#: compared where one published figure is shown; what a sum shows there is left open
ATTRIBUTES = ("numerator_obs_status", "denominator_obs_status", "numerator_qualifier", "denominator_qualifier")
#: compared columns, apart from the key and the numbers
EXACT = (
    "rate_kind", "rate_basis", "null_reasons", "numerator_basis", "denominator_basis",
    "time_period", "numerator_time_period", "denominator_time_period", "overlap_days",
    *ATTRIBUTES,
)
NUMBERS = ("numerator", "denominator", "rate", "rate_low", "rate_high", "prosecution_rate")
#: the rules leave open what a published percentage shows about its missing other side, and bounds of a computed rate
OPEN_FOR_PERCENTAGES = ("denominator_basis", "denominator_time_period", "overlap_days")
SIDE_COLUMNS = (
    "source_id", "measure", "ref_area", "unit_of_count", "offense_scope", "jurisdiction", "pathway", "population", "breakdown",
)
Key = tuple[Any, ...]
Verdict = dict[str, Any]
Verdicts = dict[Key, list[Verdict]]


def side_key(series: Series | None) -> tuple[str | None, ...]:
    if series is None:
        return (None,) * len(SIDE_COLUMNS)
    return tuple(getattr(series, "statistical_population" if name == "population" else name) for name in SIDE_COLUMNS)


def verdicts_of_oracle(worlds: Iterable[World]) -> Verdicts:
    """Bring the oracle's rows into the comparable form: key -> what is said (more than one where a side is missing)."""
    verdicts: Verdicts = defaultdict(list)
    for world in worlds:
        for row in world.match():
            key = (row.rate_id, side_key(row.numerator_series), side_key(row.denominator_series), *row.target)
            verdict = {name: getattr(row, name, None) for name in (*EXACT, *NUMBERS)}
            verdict["time_period"] = row.target.text
            verdict["prosecution_rate"] = row.rate if row.rate_kind == "prosecution" else None
            for side in ("numerator", "denominator"):
                period = getattr(row, f"{side}_period")
                verdict[f"{side}_time_period"] = period and period.text
                figure = getattr(row, f"{side}_figure")
                verdict[f"{side}_obs_status"], verdict[f"{side}_qualifier"] = (figure.status, figure.qualifier) if figure else (None, None)
            verdicts[key].append(verdict)
    return verdicts


def verdicts_of_engine(database: Path, day: date | None = None) -> Verdicts:
    """Read matched_periods, or what it would have been on a day, in the comparable form."""
    sides = [f"{side}_{name}" for side in ("numerator", "denominator") for name in SIDE_COLUMNS]
    names = ["rate_id", *sides, "period_start", "period_end", *EXACT, *NUMBERS]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{database}' AS built (READ_ONLY)")
        connection.execute("USE built")
        table = "matched_periods" if day is None else f"as_of(DATE '{day}')"
        rows = connection.sql(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    width = len(SIDE_COLUMNS)
    verdicts: Verdicts = defaultdict(list)
    for rate_id, *cells in rows:
        key = (rate_id, tuple(cells[:width]), tuple(cells[width : 2 * width]), *cells[2 * width : 2 * width + 2])
        verdict = dict(zip((*EXACT, *NUMBERS), cells[2 * width + 2 :], strict=True))
        verdict["null_reasons"] = tuple(verdict["null_reasons"])
        verdicts[key].append(verdict)
    return verdicts


def agree(name: str, expected: Verdict, actual: Verdict) -> bool:
    want, have = expected[name], actual[name]
    published = expected["numerator_basis"] == "published"
    if published and name in OPEN_FOR_PERCENTAGES:
        return True
    if name in ATTRIBUTES and want is None:
        return expected[f"{name.split('_')[0]}_basis"] is not None or published or have is None
    if name in ("rate_low", "rate_high") and not published:
        return have is None or have == actual["rate"]
    if name in NUMBERS:
        if want is None or have is None:
            return want is None and have is None
        return math.isclose(have, want, rel_tol=1e-12, abs_tol=1e-12 if isinstance(want, Fraction) else 0)
    return bool(want == have)


def differences(expected: Verdicts, actual: Verdicts) -> list[str]:
    """Name every difference between the oracle and the engine, one line each."""
    found = []
    for key in expected.keys() | actual.keys():
        wanted, given = expected.get(key, []), actual.get(key, [])
        if len(wanted) != len(given):
            found.append(f"{key}: {len(wanted)} rows expected, {len(given)} found; expected {wanted}; found {given}")
            continue
        for want, have in zip(sorted(wanted, key=_order), sorted(given, key=_order), strict=True):
            wrong = [f"{name}: {_plain(want[name])} expected, {have[name]} found" for name in want if not agree(name, want, have)]
            if wrong:
                found.append(f"{key}: " + "; ".join(wrong))
    return sorted(found)


def _order(verdict: Verdict) -> tuple[str, ...]:
    return tuple(str(verdict[name]) for name in EXACT if name not in (*OPEN_FOR_PERCENTAGES, *ATTRIBUTES))


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Fraction) else value


def count_verdicts(verdicts: Verdicts) -> Counter[str]:
    """Count rows, rates by basis, and every reason."""
    counts: Counter[str] = Counter(dict.fromkeys(("rows", "computed", "published", *REASONS), 0))
    for rows in verdicts.values():
        for row in rows:
            counts.update(["rows", *([row["rate_basis"]] if row["rate_basis"] else []), *row["null_reasons"]])
    return counts
