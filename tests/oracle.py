"""The matching rules once more, by brute force: what `matched_periods` must say about a small world.

Belongs here: the rules of the design in plain Python (dataclasses, dates, fractions), one observation at a time, written for
being read and not for being fast. Does not belong here: anything of the engine, any data frame or database, random worlds
(worlds.py), and the comparison itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

DAY = timedelta(days=1)
REASONS = (
    "numerator_missing",
    "denominator_missing",
    "numerator_not_collected",
    "denominator_not_collected",
    "numerator_suppressed",
    "denominator_suppressed",
    "numerator_not_exact",
    "denominator_not_exact",
    "denominator_zero",
    "source_conflict",
    "low_reliability",
    "period_mismatch",
    "ref_area_mismatch",
    "unit_of_count_mismatch",
    "offense_scope_mismatch",
    "jurisdiction_mismatch",
    "pathway_mismatch",
    "population_mismatch",
    "breakdown_mismatch",
    "series_break",
    "numerator_exceeds_denominator",
)
REASON_OF_STATUS = {"L": "not_collected", "Q": "suppressed", "M": "missing", "O": "missing"}
#: best first: of two readings of one edition the better one is used
EVIDENCE = ("publication", "datafile", "republication", "quotation")
UNKNOWN = "unknown"


class Series(NamedTuple):
    """Every dimension of an observation except the period."""

    source_id: str
    measure: str
    ref_area: str
    unit_of_count: str
    unit_measure: str
    offense_scope: str
    jurisdiction: str
    pathway: str
    statistical_population: str
    breakdown: str


class Period(NamedTuple):
    """First and last day, both inside."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def text(self) -> str:
        """Whole years, else whole months, else first and last day."""
        after = self.end + DAY
        if self.start.day != after.day:
            return f"{self.start}/{self.end}"
        months = (after.year - self.start.year) * 12 + after.month - self.start.month
        years, rest = divmod(months, 12)
        return f"{self.start}/P{months}M" if rest else f"{self.start}/P{years}Y"

    def shared_days(self, other: Period) -> int:
        return max(0, (min(self.end, other.end) - max(self.start, other.start)).days + 1)

    def is_inside(self, other: Period) -> bool:
        return other.start <= self.start and self.end <= other.end and self != other


@dataclass(frozen=True)
class Observation:
    """One published figure of one edition."""

    series: Series
    period: Period
    value: float | None
    status: str = "A"
    qualifier: str = "exact"
    base: float | None = None
    decimals: int | None = None
    published_on: str = ""
    evidence: str = "publication"
    time_period: str = ""


@dataclass(frozen=True)
class Rate:
    """One declared rate; a side maps a dimension to the codes it selects."""

    rate_id: str
    numerator: Mapping[str, tuple[str, ...]]
    denominator: Mapping[str, tuple[str, ...]] | None
    kind: str = "prosecution"
    varies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Break:
    """One row of breaks.csv; a cell left out means any."""

    break_id: str
    day: date
    breaks_rate: bool
    cells: Mapping[str, tuple[str, ...]]


class Side(NamedTuple):
    """What one side of a row shows at a target period, and what is wrong with it by itself (reasons without the side's name)."""

    series: Series | None
    period: Period | None
    value: Fraction | None
    basis: str | None
    reasons: frozenset[str]
    figure: Observation | None = None


class Row(NamedTuple):
    """One row of matched_periods."""

    rate_id: str
    rate_kind: str
    numerator_series: Series | None
    denominator_series: Series | None
    target: Period
    numerator: Fraction | None
    denominator: Fraction | None
    rate: Fraction | None
    rate_basis: str | None
    rate_low: Fraction | None
    rate_high: Fraction | None
    null_reasons: tuple[str, ...]
    numerator_basis: str | None
    denominator_basis: str | None
    numerator_period: Period | None
    denominator_period: Period | None
    overlap_days: int | None
    numerator_figure: Observation | None = None
    denominator_figure: Observation | None = None


NOTHING = Side(None, None, None, None, frozenset({"missing"}))
Editions = Mapping[Series, Mapping[Period, Observation]]
#: dimension -> code -> the code it is part of
PartOf = Mapping[str, Mapping[str, str]]


def number(value: float) -> Fraction:
    """Read a published number as the decimal it was printed as (0.1 is a tenth)."""
    return Fraction(repr(value))


def standing_of(figure: Observation) -> tuple[str, int]:
    """Rank editions: the later text of published_on, then the better reading."""
    return figure.published_on, -EVIDENCE.index(figure.evidence)


def is_known(figure: Observation, day: date) -> bool:
    """Say whether an edition was out on a day; a month or a year counts from its end."""
    year, month, dom = (*map(int, figure.published_on.split("-")), 0, 0)[:3]
    if dom:
        return date(year, month, dom) <= day
    return date(year + month // 12, month % 12 + 1, 1) <= day + DAY if month else date(year + 1, 1, 1) <= day + DAY


def choose_current(observations: Iterable[Observation]) -> dict[Series, dict[Period, Observation]]:
    """Keep the newest edition of every figure, the better reading where two editions are of one day."""
    chosen: dict[Series, dict[Period, Observation]] = {}
    for observation in observations:
        of_series = chosen.setdefault(observation.series, {})
        rival = of_series.get(observation.period)
        if rival is None or standing_of(observation) > standing_of(rival):
            of_series[observation.period] = observation
    return chosen


def is_piece(figure: Observation, target: Period) -> bool:
    """Say whether a figure may be a term of a sum for the target."""
    summable = figure.series.unit_measure == "count" and figure.qualifier == "exact" and figure.value is not None
    return summable and figure.period.is_inside(target)


def sum_tilings(figures: Mapping[Period, Observation], target: Period) -> dict[Fraction, bool]:
    """Try every way to cover the target by finer figures, without gap or overlap.

    Returns:
        Every sum that comes out, with whether some tiling that gives it consists of reliable pieces only.
    """
    pieces = [figure for figure in figures.values() if is_piece(figure, target)]
    known: dict[date, set[tuple[Fraction, bool]]] = {target.end + DAY: {(Fraction(0), True)}}

    def cover_from(day: date) -> set[tuple[Fraction, bool]]:
        if day not in known:
            known[day] = {
                (number(piece.value or 0) + rest, piece.status != "U" and reliable)
                for piece in pieces
                if piece.period.start == day
                for rest, reliable in cover_from(piece.period.end + DAY)
            }
        return known[day]

    outcomes: dict[Fraction, bool] = {}
    for total, reliable in cover_from(target.start):
        outcomes[total] = outcomes.get(total, False) or reliable
    return outcomes


def look_up(series: Series, figures: Mapping[Period, Observation], target: Period) -> Side:
    """Say what a series shows at a target period: its own figure, a tiling, a figure that overlaps, or nothing."""
    direct = figures.get(target)
    if direct is not None:
        side = show(direct)
        if direct.value is not None and set(sum_tilings(figures, target)) - {side.value}:
            side = side._replace(reasons=side.reasons | {"source_conflict"})
        return side
    totals = sum_tilings(figures, target)
    if len(totals) > 1:
        return Side(series, target, None, "tiled", frozenset({"source_conflict"}))
    for total, reliable in totals.items():
        return Side(series, target, total, "tiled", frozenset() if reliable else frozenset({"low_reliability"}))
    partner = find_longest_overlap(figures, target)
    return show(partner) if partner else NOTHING


def find_longest_overlap(figures: Mapping[Period, Observation], target: Period) -> Observation | None:
    """Find the figure that shares most days with the target: of equals the one that starts, then ends, earlier."""
    overlapping = [figure for figure in figures.values() if figure.period.shared_days(target)]
    return min(overlapping, key=lambda figure: (-figure.period.shared_days(target), figure.period), default=None)


def show(figure: Observation) -> Side:
    """Show one published figure with what is wrong with it by itself."""
    if figure.value is None:
        return Side(figure.series, figure.period, None, "direct", frozenset({REASON_OF_STATUS[figure.status]}), figure)
    reasons = set()
    if figure.qualifier != "exact":
        reasons.add("not_exact")
    if figure.status == "U":
        reasons.add("low_reliability")
    return Side(figure.series, figure.period, number(figure.value), "direct", frozenset(reasons), figure)


def pairs_of(breakdown: str) -> set[str]:
    return set(breakdown.split(";")) if breakdown else set()


def selects(selector: Mapping[str, tuple[str, ...]], series: Series) -> bool:
    """Say whether one side of a rate selects a series."""
    for dimension, code in series._asdict().items():
        if dimension in selector:
            wanted = selector[dimension]
        elif dimension == "breakdown":
            wanted = ("",)
        elif dimension == "unit_measure":
            wanted = ("count",)
        else:
            continue
        if dimension == "breakdown":
            if not any(breakdown_fits(pattern, code) for pattern in wanted):
                return False
        elif code not in wanted:
            return False
    return True


def breakdown_fits(pattern: str, breakdown: str) -> bool:
    wanted, given = pattern.split(";"), breakdown.split(";")
    if len(wanted) != len(given):
        return False
    for want, have in zip(wanted, given, strict=True):
        key, _, value = want.partition("=")
        if want != have and not (value == "*" and have.startswith(f"{key}=")):
            return False
    return True


def is_part(dimension: str, code: str, whole: str, part_of: PartOf) -> bool:
    """Say whether a code is a (proper) part of another one along an axis."""
    if UNKNOWN in (code, whole):
        return False
    if dimension == "ref_area":
        return (whole == "WORLD" and code != "WORLD") or (len(whole) == 2 and code.startswith(f"{whole}-"))
    if dimension == "breakdown":
        return pairs_of(code) > pairs_of(whole)
    parent = part_of.get(dimension, {}).get(code, "")
    return bool(parent) and (parent == whole or is_part(dimension, parent, whole, part_of))


def is_same(code: str, other: str) -> bool:
    return code == other and code != UNKNOWN


def judge_axes(numerator: Series, denominator: Series, varies: tuple[str, ...], part_of: PartOf) -> set[str]:
    """Name the axes on which two series do not agree."""
    reasons = set()
    for dimension, reason in (
        ("ref_area", "ref_area_mismatch"),
        ("unit_of_count", "unit_of_count_mismatch"),
        ("offense_scope", "offense_scope_mismatch"),
        ("jurisdiction", "jurisdiction_mismatch"),
        ("pathway", "pathway_mismatch"),
        ("statistical_population", "population_mismatch"),
        ("breakdown", "breakdown_mismatch"),
    ):
        code, whole = getattr(numerator, dimension), getattr(denominator, dimension)
        if not is_same(code, whole) and not (dimension in varies and is_part(dimension, code, whole, part_of)):
            reasons.add(reason)
    return reasons


def is_broken(side: Side, breaks: Iterable[Break]) -> bool:
    """Say whether counting rules changed inside the period that a side shows."""
    if side.series is None or side.period is None:
        return False
    return any(
        change.breaks_rate and is_crossed(change.day, side.period) and belongs(change, side.series) for change in breaks
    )


def is_crossed(day: date, period: Period) -> bool:
    """Say whether a change on a day parts a period in two: on its first day it does not."""
    return period.start < day <= period.end


def belongs(change: Break, series: Series) -> bool:
    for dimension, codes in change.cells.items():
        have = pairs_of(series.breakdown) if dimension == "breakdown" else {getattr(series, dimension)}
        if codes and not have & set(codes):
            return False
    return True


def meet(rate: Rate, numerators: list[Series], denominators: list[Series]) -> list[tuple[Series | None, Series | None]]:
    """Pair the series of the two sides."""
    if not numerators:
        return [(None, denominator) for denominator in denominators]
    if not denominators:
        return [(numerator, None) for numerator in numerators]
    return [
        (numerator, partner)
        for numerator in numerators
        for partner in find_partners(rate, numerator, denominators)
        if partner != numerator
    ]


def find_partners(rate: Rate, numerator: Series, denominators: list[Series]) -> list[Series]:
    """Find the denominators of the numerator's own area, or all where it has none, is unknown, or may differ."""
    own = [denominator for denominator in denominators if denominator.ref_area == numerator.ref_area]
    return own if own and "ref_area" not in rate.varies and numerator.ref_area != UNKNOWN else denominators


def in_order(reasons: set[str]) -> tuple[str, ...]:
    return tuple(reason for reason in REASONS if reason in reasons)


def reasons_of_sides(numerator: Side, denominator: Side) -> set[str]:
    shared = {"source_conflict", "low_reliability"}
    reasons = set((numerator.reasons | denominator.reasons) & shared)
    reasons |= {f"numerator_{reason}" for reason in numerator.reasons - shared}
    reasons |= {f"denominator_{reason}" for reason in denominator.reasons - shared}
    if denominator.value == 0:
        reasons.add("denominator_zero")
    return reasons


def judge_quotient(rate: Rate, target: Period, numerator: Side, denominator: Side, breaks: list[Break], part_of: PartOf) -> Row:
    """Judge one pair of counts at one target period."""
    reasons = reasons_of_sides(numerator, denominator)
    if numerator.value is not None and denominator.value is not None:
        if numerator.series is None or denominator.series is None:
            raise AssertionError("a side with a value has a series")
        if numerator.period != target or denominator.period != target:
            reasons.add("period_mismatch")
        reasons |= judge_axes(numerator.series, denominator.series, rate.varies, part_of)
        if is_broken(numerator, breaks) or is_broken(denominator, breaks):
            reasons.add("series_break")
        if numerator.value > denominator.value:
            reasons.add("numerator_exceeds_denominator")
    quotient = None
    if not reasons:
        if numerator.value is None or denominator.value is None:
            raise AssertionError("a side without a value has a reason")
        quotient = numerator.value / denominator.value
    return Row(
        rate_id=rate.rate_id,
        rate_kind=rate.kind,
        numerator_series=numerator.series,
        denominator_series=denominator.series,
        target=target,
        numerator=numerator.value,
        denominator=denominator.value,
        rate=quotient,
        rate_basis=None if quotient is None else "computed",
        rate_low=None,
        rate_high=None,
        null_reasons=in_order(reasons),
        numerator_basis=numerator.basis,
        denominator_basis=denominator.basis,
        numerator_period=numerator.period,
        denominator_period=denominator.period,
        overlap_days=numerator.period.shared_days(denominator.period) if numerator.period and denominator.period else None,
        numerator_figure=numerator.figure,
        denominator_figure=denominator.figure,
    )


def judge_percentage(rate: Rate, figure: Observation, breaks: list[Break]) -> Row:
    """Judge one published percentage: it needs a base and may be rounded."""
    side = show(figure)
    base = None if figure.base is None else number(figure.base)
    reasons = {f"numerator_{reason}" for reason in side.reasons - {"low_reliability", "not_exact"}}
    reasons |= side.reasons & {"low_reliability"}
    if side.value is not None and figure.qualifier not in ("exact", "share_rounded"):
        reasons.add("numerator_not_exact")
    if base is None:
        reasons.add("denominator_missing")
    elif base == 0:
        reasons.add("denominator_zero")
    if side.value is not None and base is not None:
        if is_broken(side, breaks):
            reasons.add("series_break")
        if side.value > 100:
            reasons.add("numerator_exceeds_denominator")
    share = low = high = None
    if not reasons and side.value is not None:
        share = side.value / 100
        half = Fraction(1, 2 * 10 ** (figure.decimals or 0)) / 100 if figure.qualifier == "share_rounded" else Fraction(0)
        low = max(Fraction(0), share - half)
        high = min(max(Fraction(1), share), share + half)
    return Row(
        rate_id=rate.rate_id,
        rate_kind=rate.kind,
        numerator_series=figure.series,
        denominator_series=None,
        target=figure.period,
        numerator=side.value,
        denominator=base,
        rate=share,
        rate_basis=None if share is None else "published",
        rate_low=low,
        rate_high=high,
        null_reasons=in_order(reasons),
        numerator_basis="published",
        denominator_basis=None,
        numerator_period=figure.period,
        denominator_period=None,
        overlap_days=None,
        numerator_figure=figure,
    )


def match_periods(
    observations: Iterable[Observation], rates: Iterable[Rate], breaks: Iterable[Break] = (), part_of: PartOf | None = None
) -> list[Row]:
    """Derive every row of matched_periods.

    Args:
        observations: all editions.
        rates: the declared rates.
        breaks: changes of counting rules (and other changes, which void nothing).
        part_of: dimension -> code -> the code it is part of.
    """
    editions = choose_current(observations)
    changes = list(breaks)
    seen: dict[tuple[Series, Period], Side] = {}

    def side_of(series: Series | None, target: Period) -> Side:
        if series is None:
            return NOTHING
        if (series, target) not in seen:
            seen[series, target] = look_up(series, editions[series], target)
        return seen[series, target]

    rows = []
    for rate in rates:
        numerators = [series for series in editions if selects(rate.numerator, series)]
        if rate.denominator is None:
            rows += [judge_percentage(rate, figure, changes) for series in numerators for figure in editions[series].values()]
            continue
        denominators = [series for series in editions if selects(rate.denominator, series)]
        for numerator, denominator in meet(rate, numerators, denominators):
            targets = {target for series in (numerator, denominator) if series for target in editions[series]}
            for target in sorted(targets):
                sides = side_of(numerator, target), side_of(denominator, target)
                rows.append(judge_quotient(rate, target, *sides, changes, part_of or {}))
    return rows
