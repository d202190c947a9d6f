"""Every reason by itself, in minimal worlds made by hand, and reasons together, in their order.

A world is one rate, one or two series and a few figures; all worlds go through the stand-alone way in once, and every row of
`matched_periods` must be the one written beside them. All figures are synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

import duckdb
import pytest

from pipelines.catalog import PROJECT
from pipelines.vocabulary import read_code_list
from tests.oracle import Break, Observation, Period, Rate, Series
from tests.worlds import World, write_worlds

#: the order that readers may rely on, written down once more
REASONS = [
    "numerator_missing", "denominator_missing", "numerator_not_collected", "denominator_not_collected", "numerator_suppressed",
    "denominator_suppressed", "numerator_not_exact", "denominator_not_exact", "denominator_zero", "source_conflict", "low_reliability",
    "period_mismatch", "ref_area_mismatch", "unit_of_count_mismatch", "offense_scope_mismatch", "jurisdiction_mismatch",
    "pathway_mismatch", "population_mismatch", "breakdown_mismatch", "series_break", "numerator_exceeds_denominator",
]  # fmt: skip

ABOVE = Series("s", "above", "US", "defendant", "count", "csam", "us_federal", "any", "population", "")
BELOW = ABOVE._replace(measure="below")
PRINTED = ABOVE._replace(unit_measure="percent")
PLAIN = Rate("", {"measure": ("above",)}, {"measure": ("below",)})
PARTS = Rate("", {"measure": ("above",), "breakdown": ("", "esp=*")}, {"measure": ("below",), "breakdown": ("", "esp=*", "sex=*")})
PUBLISHED = Rate("", {"measure": ("above",), "unit_measure": ("percent",)}, None)

#: axis -> (its reason, a code that differs)
AXES = {
    "ref_area": ("ref_area_mismatch", "US-CA"),
    "unit_of_count": ("unit_of_count_mismatch", "report"),
    "offense_scope": ("offense_scope_mismatch", "all"),
    "jurisdiction": ("jurisdiction_mismatch", "us_all"),
    "pathway": ("pathway_mismatch", "production"),
    "statistical_population": ("population_mismatch", "subpopulation"),
    "breakdown": ("breakdown_mismatch", "esp=a"),
}
WITH_UNKNOWN = [axis for axis in AXES if axis != "breakdown"]


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


CY2022, CY2023, CY2024 = (days(f"{year}-01-01", f"{year}-12-31") for year in (2022, 2023, 2024))
FY2023, FY2024 = (days(f"{year - 1}-10-01", f"{year}-09-30") for year in (2023, 2024))
FIRST_HALF, SECOND_HALF = days("2023-01-01", "2023-06-30"), days("2023-07-01", "2023-12-31")


def above(value: float | None = 5, period: Period = CY2023, status: str = "A", qualifier: str = "exact", **changes: str) -> Observation:
    return Observation(ABOVE._replace(**changes), period, value, status, qualifier)


def below(value: float | None = 20, period: Period = CY2023, status: str = "A", qualifier: str = "exact", **changes: str) -> Observation:
    return Observation(BELOW._replace(**changes), period, value, status, qualifier)


def printed(value: float | None, base: float | None, status: str = "A", qualifier: str = "share_rounded") -> Observation:
    return Observation(PRINTED, CY2023, value, status, qualifier, base, 0)


@dataclass(frozen=True)
class Case:
    """A minimal world and the rows it must give: target period, then the rate or the reasons in their order."""

    name: str
    figures: Sequence[Observation]
    expected: Sequence[tuple[Period, float | list[str]]]
    rate: Rate = PLAIN
    breaks: Sequence[Break] = ()

    def world(self, number: int) -> World:
        """Give the case measures, rates and breaks of its own, so that all cases fit into one database."""

        def own(side: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]] | None:
            return side and {**side, "measure": tuple(f"case{number}_{code}" for code in side["measure"])}

        rate = replace(
            self.rate,
            rate_id=f"case{number}",
            numerator=own(dict(self.rate.numerator)) or {},
            denominator=own(None if self.rate.denominator is None else dict(self.rate.denominator)),
        )
        figures = tuple(replace(f, series=f.series._replace(measure=f"case{number}_{f.series.measure}")) for f in self.figures)
        breaks = tuple(
            replace(change, break_id=f"case{number}_{index}", cells=own(dict(change.cells)) or {})
            for index, change in enumerate(self.breaks)
        )
        return World(f"case{number}", figures, (rate,), breaks)


def one(name: str, figures: Sequence[Observation], *reasons: str, rate: Rate = PLAIN, breaks: Sequence[Break] = ()) -> Case:
    """A world with one row, refused for these reasons."""
    return Case(name, figures, [(CY2023, list(reasons))], rate, breaks)


def break_on(day: str, *measures: str) -> Break:
    return Break("", date.fromisoformat(day), True, {"measure": measures})


def with_axes(side: str, *changes: tuple[str, str]) -> list[Observation]:
    differing = dict(changes)
    return [above(**differing), below()] if side == "numerator" else [above(), below(**differing)]


ALONE = (
    Case("nothing stands against it", [above(), below()], [(CY2023, 0.25)]),
    Case(
        "numerator_missing, denominator_missing: other years",
        [above(period=CY2022), below()],
        [(CY2022, ["denominator_missing"]), (CY2023, ["numerator_missing"])],
    ),
    one("numerator_missing: no series", [below()], "numerator_missing"),
    one("denominator_missing: no series", [above()], "denominator_missing"),
    *(
        one(f"{side}_{reason}: status {status}", [above(None, status=status), below()] if side == "numerator" else
            [above(), below(None, status=status)], f"{side}_{reason}")
        for side in ("numerator", "denominator")
        for status, reason in (("M", "missing"), ("O", "missing"), ("L", "not_collected"), ("Q", "suppressed"))
    ),
    *(
        one(f"{side}_not_exact: {qualifier}", [above(qualifier=qualifier), below()] if side == "numerator" else
            [above(), below(qualifier=qualifier)], f"{side}_not_exact")
        for side in ("numerator", "denominator")
        for qualifier in ("rounded", "approx", "gt", "ge", "lt")
    ),
    one("denominator_zero", [above(0), below(0)], "denominator_zero"),
    Case(
        "source_conflict: a year and its halves",
        [above(5), above(2, FIRST_HALF), above(2, SECOND_HALF), below()],
        [(CY2023, ["source_conflict"]), (FIRST_HALF, ["period_mismatch"]), (SECOND_HALF, ["period_mismatch"])],
    ),
    one("low_reliability: numerator", [above(status="U"), below()], "low_reliability"),
    one("low_reliability: denominator", [above(), below(status="U")], "low_reliability"),
    *(Case(f"status {status} is no reason", [above(status=status), below(status=status)], [(CY2023, 0.25)]) for status in "BDEP"),
    Case(
        "period_mismatch: fiscal year over calendar year",
        [above(period=FY2023), below()],
        [(FY2023, ["period_mismatch"]), (CY2023, ["period_mismatch"])],
    ),
    *(
        one(f"{reason} alone: {side}", with_axes(side, (axis, code)), reason, rate=PARTS)
        for axis, (reason, code) in AXES.items()
        for side in ("numerator", "denominator")
    ),
    one("breakdown_mismatch: two parts", [above(breakdown="esp=a"), below(breakdown="esp=b")], "breakdown_mismatch", rate=PARTS),
    one("series_break: numerator", [above(), below()], "series_break", breaks=[break_on("2023-07-01", "above")]),
    one("series_break: denominator", [above(), below()], "series_break", breaks=[break_on("2023-12-31", "below")]),
    one("series_break: both", [above(), below()], "series_break", breaks=[break_on("2023-01-02", "above", "below")]),
    Case("a break on the first day is none", [above(), below()], [(CY2023, 0.25)], breaks=[break_on("2023-01-01", "above", "below")]),
    Case("a break after the last day is none", [above(), below()], [(CY2023, 0.25)], breaks=[break_on("2024-01-01", "above", "below")]),
    one("numerator_exceeds_denominator", [above(21), below(20)], "numerator_exceeds_denominator"),
    Case("all of it", [above(20), below(20)], [(CY2023, 1.0)]),
    Case("none of it", [above(0), below(20)], [(CY2023, 0.0)]),
)

UNKNOWN = (
    *(
        one(f"unknown {axis} of {side}", with_axes(side, (axis, "unknown")), AXES[axis][0])
        for axis in WITH_UNKNOWN
        for side in ("numerator", "denominator")
    ),
    *(
        one(f"unknown {axis} never equals unknown", [above(**{axis: "unknown"}), below(**{axis: "unknown"})], AXES[axis][0])
        for axis in WITH_UNKNOWN
    ),
    one(
        "everything unknown",
        [above(**dict.fromkeys(WITH_UNKNOWN, "unknown")), below(**dict.fromkeys(WITH_UNKNOWN, "unknown"))],
        *(AXES[axis][0] for axis in WITH_UNKNOWN),
    ),
    Case(
        "not applicable equals not applicable",
        [above(jurisdiction="not_applicable"), below(jurisdiction="not_applicable")],
        [(CY2023, 0.25)],
    ),
    Case(
        "an unknown part is no part, though its list says so",
        [above(jurisdiction="unknown"), below(jurisdiction="us_all")],
        [(CY2023, ["jurisdiction_mismatch"])],
        Rate("", dict(PLAIN.numerator), dict(PLAIN.denominator or {}), "composition", ("jurisdiction",)),
    ),
)

TOGETHER = (
    *(
        one(
            f"{first} and {second} differ",
            with_axes("numerator", (first, AXES[first][1]), (second, AXES[second][1])),
            AXES[first][0],
            AXES[second][0],
            rate=PARTS,
        )
        for first, second in combinations(AXES, 2)
    ),
    one(
        "every axis, larger, over a break",
        [above(30, **{axis: code for axis, (_, code) in AXES.items()}), below()],
        *(reason for reason, _ in AXES.values()),
        "series_break",
        "numerator_exceeds_denominator",
        rate=PARTS,
        breaks=[break_on("2023-07-01", "above")],
    ),
    one("missing over suppressed", [above(None, status="M"), below(None, status="Q")], "numerator_missing", "denominator_suppressed"),
    one("suppressed over missing", [above(None, status="Q"), below(None, status="O")], "denominator_missing", "numerator_suppressed"),
    one("suppressed over suppressed", [above(None, status="Q"), below(None, status="Q")], "numerator_suppressed", "denominator_suppressed"),
    one("not collected over not collected", [above(None, status="L"), below(None, status="L")],
        "numerator_not_collected", "denominator_not_collected"),
    one(
        "axes and breaks are not judged beside an empty side",
        [above(None, status="L", unit_of_count="report", pathway="production"), below(status="U", qualifier="gt")],
        "numerator_not_collected",
        "denominator_not_exact",
        "low_reliability",
        breaks=[break_on("2023-07-01", "above", "below")],
    ),
    one("a bound printed for a suppressed cell is not judged", [above(None, status="Q", qualifier="lt"), below()], "numerator_suppressed"),
    one("more than a few over about many", [above(5, qualifier="gt"), below(20, qualifier="approx")],
        "numerator_not_exact", "denominator_not_exact"),
    one("something of nothing", [above(5), below(0)], "denominator_zero", "numerator_exceeds_denominator"),
    one("unreliable on both sides is one reason", [above(status="U"), below(status="U")], "low_reliability"),
    Case(
        "suppressed in another year is not this year's reason",
        [above(None, CY2022, "Q"), above(5, CY2023), below(20, CY2022), below(20, CY2023)],
        [(CY2022, ["numerator_suppressed"]), (CY2023, 0.25)],
    ),
    Case(
        "fiscal year over calendar year, other units, larger",
        [above(30, FY2023, "U", unit_of_count="report"), below(20, CY2023, qualifier="rounded")],
        [
            (
                period,
                ["denominator_not_exact", "low_reliability", "period_mismatch", "unit_of_count_mismatch", "numerator_exceeds_denominator"],
            )
            for period in (FY2023, CY2023)
        ],
    ),
    Case(
        "a conflict beside other reasons",
        [above(5, status="U"), above(2, FIRST_HALF), above(2, SECOND_HALF), below(qualifier="ge", pathway="production")],
        [
            (CY2023, ["denominator_not_exact", "source_conflict", "low_reliability", "pathway_mismatch"]),
            *((half, ["denominator_not_exact", "period_mismatch", "pathway_mismatch"]) for half in (FIRST_HALF, SECOND_HALF)),
        ],
    ),
)

PERCENTAGES = (
    Case("a percentage and its base", [printed(25, 80)], [(CY2023, 0.25)], PUBLISHED),
    one("without its base", [printed(25, None)], "denominator_missing", rate=PUBLISHED),
    one("of nothing", [printed(0, 0)], "denominator_zero", rate=PUBLISHED),
    one("about", [printed(25, 80, qualifier="approx")], "numerator_not_exact", rate=PUBLISHED),
    one("more than", [printed(25, 80, qualifier="gt")], "numerator_not_exact", rate=PUBLISHED),
    one("suppressed", [printed(None, 80, "Q")], "numerator_suppressed", rate=PUBLISHED),
    one("unreliable", [printed(25, 80, "U")], "low_reliability", rate=PUBLISHED),
    one("more than all", [printed(120, 80)], "numerator_exceeds_denominator", rate=PUBLISHED),
    one("about, without its base", [printed(25, None, qualifier="approx")], "denominator_missing", "numerator_not_exact", rate=PUBLISHED),
    one("over a break", [printed(25, 80)], "series_break", rate=PUBLISHED, breaks=[break_on("2023-07-01", "above")]),
)
CASES = (*ALONE, *UNKNOWN, *TOGETHER, *PERCENTAGES)

Verdict = tuple[Period, object]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Verdict]]:
    worlds = [case.world(number) for number, case in enumerate(CASES)]
    database = write_worlds(worlds, tmp_path_factory.mktemp("reasons") / "worlds").build()
    found: dict[str, list[Verdict]] = {world.name: [] for world in worlds}
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{database}' AS built (READ_ONLY)")
        for rate_id, start, end, rate, reasons in connection.sql(
            "SELECT rate_id, period_start, period_end, rate, null_reasons FROM built.matched_periods"
        ).fetchall():
            found[rate_id].append((Period(start, end), reasons if rate is None else rate))
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_a_world_gives_its_rows_and_no_others(number: int, verdicts: dict[str, list[Verdict]]) -> None:
    assert sorted(verdicts[f"case{number}"], key=str) == sorted(CASES[number].expected, key=str)


def test_every_reason_stands_alone_somewhere() -> None:
    alone = {verdict[0] for case in ALONE for _, verdict in case.expected if isinstance(verdict, list) and len(verdict) == 1}
    assert alone == set(REASONS)


def test_the_expected_lists_keep_the_order() -> None:
    listed = sorted(read_code_list(PROJECT / "catalog" / "null_reasons.csv"), key=lambda row: int(row["position"]))
    assert [row["code"] for row in listed] == REASONS
    for case in CASES:
        for _, verdict in case.expected:
            if isinstance(verdict, list):
                assert [REASONS.index(reason) for reason in verdict] == sorted({REASONS.index(reason) for reason in verdict}), case.name


def ask(tmp_path_factory: pytest.TempPathFactory, case: Case, columns: str) -> list[tuple[object, ...]]:
    database = write_worlds([case.world(0)], tmp_path_factory.mktemp("reasons") / "world").build()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{database}' AS built (READ_ONLY)")
        return connection.sql(f"SELECT {columns} FROM built.matched_periods ORDER BY period_start, numerator_time_period").fetchall()


def test_fiscal_years_meet_the_calendar_year_they_share_most_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    case = Case("", [above(1, FY2023), above(2, FY2024), below(10, CY2022), below(20, CY2023), below(30, CY2024)], [])
    rows = ask(tmp_path_factory, case, "time_period, numerator, denominator, denominator_time_period, overlap_days, null_reasons, rate")
    refused = (["period_mismatch"], None)
    assert rows == [
        ("2022-01-01/P1Y", 1.0, 10.0, "2022-01-01/P1Y", 92, *refused),
        ("2022-10-01/P1Y", 1.0, 20.0, "2023-01-01/P1Y", 273, *refused),
        ("2023-01-01/P1Y", 1.0, 20.0, "2023-01-01/P1Y", 273, *refused),
        ("2023-10-01/P1Y", 2.0, 30.0, "2024-01-01/P1Y", 274, *refused),
        ("2024-01-01/P1Y", 2.0, 30.0, "2024-01-01/P1Y", 274, *refused),
    ]


def test_a_missing_side_is_empty_in_every_column(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = ("series_id", "source_id", "measure", "ref_area", "time_period", "unit_of_count", "offense_scope", "jurisdiction", "pathway",
             "population", "breakdown", "qualifier", "basis", "obs_status", "obs_note")  # fmt: skip
    columns = "numerator, overlap_days, " + ", ".join(f"numerator_{name}" for name in names)
    assert ask(tmp_path_factory, Case("", [below()], []), columns) == [(None,) * (len(names) + 2)]


def test_a_suppressed_side_is_shown_with_its_status(tmp_path_factory: pytest.TempPathFactory) -> None:
    columns = "numerator, numerator_obs_status, numerator_qualifier, numerator_basis, numerator_measure, denominator, prosecution_rate"
    rows = ask(tmp_path_factory, Case("", [above(None, status="Q", qualifier="lt"), below()], []), columns)
    assert rows == [(None, "Q", "lt", "direct", "case0_above", 20.0, None)]


def test_only_a_prosecution_rate_is_a_prosecution_rate(tmp_path_factory: pytest.TempPathFactory) -> None:
    for kind, expected in (("prosecution", 0.25), ("arrest", None), ("conviction", None)):
        rows = ask(tmp_path_factory, Case("", [above(), below()], [], replace(PLAIN, kind=kind)), "rate, rate_basis, prosecution_rate")
        assert rows == [(0.25, "computed", expected)], kind


def test_every_reason_has_its_sentence_and_its_remedy(verdicts: dict[str, list[Verdict]]) -> None:
    for row in read_code_list(PROJECT / "catalog" / "null_reasons.csv"):
        assert row["sentence"].endswith(".")
        assert row["what_would_resolve"].endswith(".")
