"""What must not change a verdict of the engine, and what must change exactly some: no oracle is asked here."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.oracle import DAY, Observation, Period, Rate, Series
from tests.worlds import ATTRIBUTES, Verdicts, World, draw_worlds, month_span, side_key, verdicts_of_engine, write_worlds

SEED = 19980309


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return draw_worlds(SEED, 80)


@pytest.fixture(scope="module")
def verdicts(worlds: list[World], tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    return plain(verdicts_of_engine(write_worlds(worlds, tmp_path_factory.mktemp("base") / "worlds").build()))


def plain(found: Verdicts) -> Verdicts:
    """Order the rows that share a key (those where a side is missing)."""
    return {key: sorted(rows, key=repr) for key, rows in found.items()}


def build(changed: list[World], folder: Path) -> Verdicts:
    return plain(verdicts_of_engine(write_worlds(changed, folder / "worlds").build()))


def change_figures(world: World, change: Callable[[Observation], Observation]) -> World:
    return replace(world, observations=tuple(map(change, world.observations)))


def test_the_base_has_enough_to_lose(verdicts: Verdicts) -> None:
    rates = [row for rows in verdicts.values() for row in rows if row["rate"] is not None]
    assert len(rates) > 100
    assert any("tiled" in (row["numerator_basis"], row["denominator_basis"]) for row in rates)


def test_renaming_the_sources_changes_nothing(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    def rename(source_id: str) -> str:
        world, _, number = source_id.rpartition("_s")
        return f"{'z' if number == '1' else 'a'}_{world}"

    def rename_cells(cells: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {key: tuple(map(rename, codes)) if key == "source_id" else codes for key, codes in cells.items()}

    def rename_rate(rate: Rate) -> Rate:
        return replace(rate, numerator=rename_cells(rate.numerator), denominator=rate.denominator and rename_cells(rate.denominator))

    renamed = [
        replace(
            change_figures(world, lambda figure: replace(figure, series=figure.series._replace(source_id=rename(figure.series.source_id)))),
            rates=tuple(map(rename_rate, world.rates)),
            breaks=tuple(replace(change, cells=rename_cells(change.cells)) for change in world.breaks),
        )
        for world in worlds
    ]
    expected = {
        (rate_id, *((side[0] and rename(side[0]), *side[1:]) for side in sides), *target): rows
        for (rate_id, *sides, start, end), rows in verdicts.items()
        for target in [(start, end)]
    }
    assert build(renamed, tmp_path) == expected


def test_unrelated_series_change_nothing(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    def unrelated(figure: Observation) -> Observation:
        breakdown = f"{figure.series.breakdown};unrelated=yes".lstrip(";")
        return replace(figure, series=figure.series._replace(breakdown=breakdown), value=None if figure.value is None else figure.value * 3)

    crowded = [replace(world, observations=(*map(unrelated, world.observations), *world.observations)) for world in worlds]
    assert build(crowded, tmp_path) == verdicts


def test_the_order_of_rows_and_files_changes_nothing(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    inputs = write_worlds(worlds[::-1], tmp_path / "worlds", files=11, optional=False, rng=random.Random(SEED))
    assert plain(verdicts_of_engine(inputs.build())) == verdicts


def test_what_is_built_together_changes_nothing(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    assert build(worlds[::2], tmp_path / "even") | build(worlds[1::2], tmp_path / "odd") == verdicts


def test_older_editions_change_nothing(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    def with_older(world: World) -> World:
        oldest = {(figure.series, figure.period) for figure in world.observations if not figure.published_on}
        older = {
            (figure.series, figure.period): replace(figure, value=77_777.0, status="U", published_on="", evidence="publication")
            for figure in world.observations
            if (figure.series, figure.period) not in oldest
        }
        return replace(world, observations=(*world.observations, *older.values()))

    assert build([with_older(world) for world in worlds], tmp_path) == verdicts


def test_counting_in_pairs_changes_no_rate(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    def double(figure: Observation) -> Observation:
        if figure.series.unit_measure == "percent":
            return replace(figure, base=None if figure.base is None else figure.base * 2)
        return replace(figure, value=None if figure.value is None else figure.value * 2)

    def without_values(found: Verdicts) -> Verdicts:
        return {
            key: [{name: cell for name, cell in row.items() if name not in ("numerator", "denominator")} for row in rows]
            for key, rows in found.items()
        }

    assert without_values(build([change_figures(world, double) for world in worlds], tmp_path)) == without_values(verdicts)


def test_twenty_eight_years_later_everything_is_the_same(worlds: list[World], verdicts: Verdicts, tmp_path: Path) -> None:
    def later(day: date) -> date:
        return day.replace(year=day.year + 28)

    def move(figure: Observation) -> Observation:
        return replace(figure, period=Period(*map(later, figure.period)), time_period="")

    moved = [
        replace(change_figures(world, move), breaks=tuple(replace(change, day=later(change.day)) for change in world.breaks))
        for world in worlds
    ]

    def of_periods(found: Verdicts) -> Verdicts:
        names = ("time_period", "numerator_time_period", "denominator_time_period")
        return {key: [{name: cell for name, cell in row.items() if name not in names} for row in rows] for key, rows in found.items()}

    expected = {(*key, later(start), later(end)): rows for (*key, start, end), rows in of_periods(verdicts).items()}
    assert of_periods(build(moved, tmp_path)) == expected


def find_splittable(world: World) -> Observation | None:
    """Find a plain count of several whole months that stands alone: one edition, nothing finer inside it, wanted by others too."""
    for figure in world.observations:
        others = [other for other in world.observations if other.series == figure.series and other is not figure]
        if (
            figure.period.start.day == 1
            and "P" in figure.period.text
            and figure.period.days > 31
            and (figure.series.unit_measure, figure.qualifier, figure.status) == ("count", "exact", "A")
            and figure.value is not None
            and figure.value.is_integer()
            and not any(other.period == figure.period or other.period.is_inside(figure.period) for other in others)
            and any(other.period == figure.period for other in world.observations if other is not figure)
        ):
            return figure
    return None


def split_into_months(figure: Observation) -> list[Observation]:
    first = figure.period.start.year * 12 + figure.period.start.month - 1
    after = figure.period.end + DAY
    count = after.year * 12 + after.month - 1 - first
    share, rest = divmod(int(figure.value or 0), count)
    return [
        replace(figure, period=month_span(first + index, 1), time_period="", value=float(share + (rest if index == 0 else 0)))
        for index in range(count)
    ]


def test_splitting_a_year_into_months_changes_no_verdict(tmp_path: Path) -> None:
    whole, split, figures = [], [], {}
    for world in draw_worlds(SEED + 1, 200):
        figure = find_splittable(world)
        if figure is not None:
            figures[world.name] = figure
            kept = tuple(other for other in world.observations if other is not figure)
            whole.append(world)
            split.append(replace(world, observations=(*kept, *split_into_months(figure))))
    before, after = build(whole, tmp_path / "whole"), build(split, tmp_path / "split")

    compared = tiled_rates = 0
    for key, rows in before.items():
        rate_id, numerator, denominator, *bounds = key
        figure = figures[rate_id.partition("_")[0]]
        split_side = side_key(figure.series)
        if split_side not in (numerator, denominator):
            assert after[key] == rows
            continue
        if tuple(bounds) != figure.period or key not in after or rows[0]["numerator_basis"] == "published":
            continue  # the target is gone where nobody else publishes it; other targets may gain a tiling
        compared += 1
        side = "numerator" if numerator == split_side else "denominator"
        for row, now in zip(rows, after[key], strict=True):
            assert (row[f"{side}_basis"], now[f"{side}_basis"]) == ("direct", "tiled")
            tiled_rates += now["rate"] is not None
            assert {**row, f"{side}_basis": "tiled"} | {name: now[name] for name in ATTRIBUTES} == now
    assert compared > 50
    assert tiled_rates > 10


def test_dropping_one_month_empties_exactly_the_years_that_hold_it(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    first = 2018 * 12 + 9
    months = [month_span(first + index, 1) for index in range(39)]
    spans = ((0, 12), (12, 12), (3, 12), (15, 12), (27, 12), (3, 6), (6, 3), (3, 24))
    wholes = {month_span(first + shift, length): 1000.0 * length for shift, length in spans}
    dropped: dict[str, Period | None] = {f"w{number}": month for number, month in enumerate([None, *months])}
    values = {month: float(rng.randrange(1, 50)) for month in months}

    def make(name: str) -> World:
        numerator = Series(f"{name}_s1", f"{name}_m1", "US", "report", "count", "csam", "us_federal", "any", "population", "")
        denominator = numerator._replace(measure=f"{name}_m2")
        figures = [Observation(numerator, month, values[month]) for month in months if month != dropped[name]]
        figures += [Observation(denominator, whole, value) for whole, value in wholes.items()]
        return World(name, tuple(figures), (Rate(f"{name}_r0", {"measure": (numerator.measure,)}, {"measure": (denominator.measure,)}),))

    found = build([make(name) for name in dropped], tmp_path)
    assert len(found) == len(dropped) * (len(wholes) + len(months)) - len(months)
    for (rate_id, _, _, *bounds), rows in found.items():
        target, missing = Period(*bounds), dropped[rate_id.partition("_")[0]]
        [row] = rows
        if target in months:
            assert row["null_reasons"] in (("period_mismatch",), ("denominator_missing",))
        elif missing and missing.is_inside(target):
            assert (row["rate"], row["null_reasons"]) == (None, ("period_mismatch",))
        else:
            total = sum(value for month, value in values.items() if month.is_inside(target))
            assert (row["rate"], row["null_reasons"]) == (total / wholes[target], ())
