"""Pairs of published figures, row by row: what looks like a rate and is none stays NULL, what aligns has the value.

`tests/data/must_block.csv`, `may_compute.csv` and `may_compute_esp.csv` were worked out by hand and by separate scripts from the
publications, before the matching was written. Every pair of them becomes one rate of one rates file; the stand-alone command builds
the database over the embedded figures, once for the pairs and once for the project's own rates.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.catalog import DIMENSIONS, PROJECT, RATES, load_rates
from pipelines.conforming import conform
from pipelines.observations import period_bounds
from pipelines.warehouse import WarehouseError, build_database, main

Row = dict[str, str]

#: axis of must_block.csv -> the reason it must leave; qualifier and the empty sides are judged apart
REASON_OF_AXIS = {
    "period": "period_mismatch",
    "ref_area": "ref_area_mismatch",
    "unit_of_count": "unit_of_count_mismatch",
    "offense_scope": "offense_scope_mismatch",
    "jurisdiction": "jurisdiction_mismatch",
    "pathway": "pathway_mismatch",
    "statistical_population": "population_mismatch",
    "breakdown": "breakdown_mismatch",
}
#: what every row of may_compute_esp.csv has in common
ESP = {
    "source_id": "ncmec_reports_by_esp",
    "measure": "reports_received",
    "ref_area": "WORLD",
    "unit_measure": "count",
    "offense_scope": "cybertipline_incident_types",
    "statistical_population": "cybertipline_reports",
}


def read(name: str) -> list[Row]:
    with (Path(__file__).parent / "data" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def provider_share(row: Row) -> Row:
    sides = {f"{side}_{name}": code for side in ("numerator", "denominator") for name, code in ESP.items()}
    return {
        **sides,
        "kind": "share",
        "denominator_breakdown": "reporter=esp",
        "denominator_time_period": row["numerator_time_period"],
        "denominator_published_on": row["numerator_published_on"],
        **row,
    }


BLOCKED = read("must_block.csv")
DOLLARS = [pair for pair in BLOCKED if "usd" in (pair["numerator_unit_measure"], pair["denominator_unit_measure"])]
WHOLE = [pair for pair in BLOCKED if pair["numerator_source_id"] and pair["denominator_source_id"] and pair not in DOLLARS]
HALF = [pair for pair in BLOCKED if bool(pair["numerator_source_id"]) != bool(pair["denominator_source_id"])]
EMPTY = [pair for pair in BLOCKED if not pair["numerator_source_id"] and not pair["denominator_source_id"]]

CHECKS = read("may_compute.csv")
SHARES = [row for row in CHECKS if row["kind"] in ("share", "outcome_of_one_cohort")]
SHARES += [provider_share(row) for row in read("may_compute_esp.csv")]
PRINTED = [row for row in CHECKS if row["kind"] == "published_share"]
PRINTED_WITHOUT_BASE = [row for row in CHECKS if row["kind"] == "published_share_without_base"]
SUMS = [row for row in CHECKS if row["kind"] == "sum_equals_total"]
HALF_YEARS = [row for row in CHECKS if row["kind"] == "half_years_tile_year"]
AGREEMENTS = [row for row in CHECKS if row["kind"] == "two_sources_agree"]


def ids(rows: Iterable[Row]) -> list[str]:
    return [row.get("pair_id") or row["check_id"] for row in rows]


# --- the rates file: one rate per pair of series ----------------------------------------------------------------------------------


def side_of(row: Row, side: str) -> dict[str, str]:
    """The dimensions a list gives for one side; a side it leaves empty selects what nobody publishes."""
    if not row[f"{side}_source_id"]:
        return {"source_id": "nobody"}
    return {name: row[f"{side}_{name}"] for name in DIMENSIONS if f"{side}_{name}" in row}


def rate_of(row: Row) -> tuple[str, list[str], dict[str, str], dict[str, str] | None]:
    """Kind, varying axes and both selectors of the rate that a row stands for."""
    numerator = side_of(row, "numerator")
    if "pair_id" in row:
        return "prosecution", [], numerator, side_of(row, "denominator")
    if row["kind"].startswith("published_share"):
        return "composition", [], numerator, None
    if row["kind"] == "outcome_of_one_cohort":
        return "conviction", [], numerator, side_of(row, "denominator")
    denominator = side_of(row, "denominator")
    varying = [axis for axis in ("ref_area", "offense_scope", "breakdown") if numerator[axis] != denominator[axis]]
    return "composition", varying, numerator, denominator


def declare(rows: Iterable[Row]) -> tuple[str, dict[str, str]]:
    """Write the rates file, and tell which rate each row reads: rows about the same two series share one."""
    rate_ids: dict[str, str] = {}
    text = []
    read_by = {}
    for row in rows:
        name = row.get("pair_id") or row["check_id"]
        kind, varying, numerator, denominator = rate_of(row)
        content = [f"kind = {json.dumps(kind)}"] + [f"varies = {json.dumps(varying)}"] * bool(varying)
        for side, selector in (("numerator", numerator), ("denominator", denominator)):
            if selector is not None:
                content.append(f"[rates.RATE.{side}]")
                content += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in selector.items()]
        declared = "\n".join(content)
        if declared not in rate_ids:
            rate_ids[declared] = name
            text.append(f"[rates.{name}]\n" + declared.replace("rates.RATE.", f"rates.{name}."))
        read_by[name] = rate_ids[declared]
    return "\n".join(text), read_by


# --- the databases, built once ----------------------------------------------------------------------------------------------------


class Published:
    """One built database, read once: matched rows by rate, and a connection for the rest."""

    def __init__(self, path: Path, rate_of_row: Mapping[str, str]) -> None:
        self.con = duckdb.connect()
        self.con.execute(f"ATTACH '{path}' AS release (READ_ONLY)")
        self.con.execute("USE release")
        self.rate_of_row = rate_of_row
        self.rows: dict[str, list[dict[str, Any]]] = {}
        matched = self.con.sql("FROM matched_periods")
        for values in matched.fetchall():
            row = dict(zip(matched.columns, values, strict=True))
            self.rows.setdefault(row["rate_id"], []).append(row)

    def rows_of(self, name: str) -> list[dict[str, Any]]:
        return self.rows.get(self.rate_of_row[name], [])

    def current(self, row: Row, side: str, breakdown: str | None = None, source_id: str | None = None) -> dict[str, dict[str, Any]]:
        """Current figures of one side of a check, by area and breakdown (`*` in a breakdown stands for any value)."""
        pattern = row[f"{side}_breakdown"] if breakdown is None else breakdown
        found = self.con.execute(
            "SELECT ref_area || '|' || breakdown, obs_value, value_qualifier, obs_status FROM observations_current "
            "WHERE source_id = ? AND measure = ? AND time_period = ? AND unit_measure = ? AND offense_scope = ? "
            "AND (breakdown = ? OR (? LIKE '%*%' AND regexp_full_match(breakdown, ?)))",
            [
                source_id or row[f"{side}_source_id"],
                *(row[f"{side}_{name}"] for name in ("measure", "time_period", "unit_measure", "offense_scope")),
                *(pattern, pattern, pattern.replace("*", "[^;=]+")),
            ],
        ).fetchall()
        return {key: {"obs_value": value, "value_qualifier": qualifier, "obs_status": status} for key, value, qualifier, status in found}


@pytest.fixture(scope="module")
def observations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("observations")
    for path in sorted((PROJECT / "figures").glob("*.csv")):
        conform(pl.read_csv(path, infer_schema=False), path.stem).write_parquet(folder / f"{path.stem}.parquet")
    return folder


@pytest.fixture(scope="module")
def pairs(observations: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("pairs")
    text, read_by = declare([*WHOLE, *HALF, *EMPTY, *SHARES, *PRINTED, *PRINTED_WITHOUT_BASE])
    (folder / "rates.toml").write_text(text, encoding="utf-8")
    command = ["--observations", str(observations), "--rates", str(folder / "rates.toml"), "--out", str(folder / "pairs.duckdb")]
    assert main(command) == 0
    return Published(folder / "pairs.duckdb", read_by)


@pytest.fixture(scope="module")
def catalogue(observations: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    out = tmp_path_factory.mktemp("catalogue") / "catalogue.duckdb"
    build_database(observations, RATES, out)
    return Published(out, {rate.rate_id: rate.rate_id for rate in load_rates()})


# --- pairs that look like a rate and are none --------------------------------------------------------------------------------------


def bounds(row: Row, side: str) -> tuple[date, date]:
    return period_bounds(row[f"{side}_time_period"])


def overlap(pair: Row) -> bool:
    numerator, denominator = bounds(pair, "numerator"), bounds(pair, "denominator")
    return numerator[0] <= denominator[1] and denominator[0] <= numerator[1]


def reasons_of(pair: Row, axes: Iterable[str]) -> set[str]:
    reasons = {REASON_OF_AXIS[axis] for axis in axes if axis != "qualifier"}
    if "qualifier" in axes:
        inexact = {f"{side}_not_exact" for side in ("numerator", "denominator") if pair[f"{side}_value_qualifier"] != "exact"}
        assert inexact, "the list names the qualifier although both values are exact"
        reasons |= inexact
    return reasons


@pytest.mark.parametrize("pair", WHOLE, ids=ids(WHOLE))
def test_a_pair_that_looks_like_a_rate_has_none(pairs: Published, pair: Row) -> None:
    rows = pairs.rows_of(pair["pair_id"])
    axes = pair["mismatching_axes"].split(";")
    assert rows
    assert all(row["rate"] is None and row["prosecution_rate"] is None and row["null_reasons"] for row in rows)
    together = [
        row
        for row in rows
        if all(
            row[f"{side}_time_period"] == pair[f"{side}_time_period"] and row[side] == float(pair[f"{side}_obs_value"])
            for side in ("numerator", "denominator")
        )
    ]
    if overlap(pair):
        assert together
        for row in together:
            assert reasons_of(pair, axes) <= set(row["null_reasons"])
        return
    # figures of periods that share no day are never put side by side: the row of the one says that the other is missing
    assert "period" in axes
    assert not together
    missing = [
        row
        for row in rows
        for side, other in (("numerator", "denominator"), ("denominator", "numerator"))
        if (row["period_start"], row["period_end"]) == bounds(pair, side) and f"{other}_missing" in row["null_reasons"]
    ]
    assert missing
    # wherever the two series do meet, they differ on every other axis
    for row in rows:
        if row["numerator"] is not None and row["denominator"] is not None:
            assert reasons_of(pair, set(axes) - {"period", "qualifier"}) <= set(row["null_reasons"])


@pytest.mark.parametrize("pair", HALF, ids=ids(HALF))
def test_a_pair_with_an_empty_side_says_which_side_is_missing(pairs: Published, pair: Row) -> None:
    side, other = ("numerator", "denominator") if pair["numerator_source_id"] else ("denominator", "numerator")
    assert pair["mismatching_axes"] == f"missing_{other}"
    (row,) = [row for row in pairs.rows_of(pair["pair_id"]) if row["time_period"] == pair[f"{side}_time_period"]]
    assert row[side] == float(pair[f"{side}_obs_value"])
    assert row["rate"] is None
    assert f"{other}_missing" in row["null_reasons"]
    assert row[other] is None
    assert row[f"{other}_source_id"] is None


@pytest.mark.parametrize("pair", EMPTY, ids=ids(EMPTY))
def test_a_pair_of_two_empty_sides_has_no_row(pairs: Published, pair: Row) -> None:
    assert pairs.rows_of(pair["pair_id"]) == []


@pytest.mark.parametrize("pair", DOLLARS, ids=ids(DOLLARS))
def test_a_pair_with_dollars_is_refused_with_its_file(observations: Path, tmp_path: Path, pair: Row) -> None:
    text, _ = declare([pair])
    (tmp_path / "rates.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"rates\.toml: \[rates\.block_\d+\.denominator\] unit_measure: `usd` cannot be a side"):
        build_database(observations, tmp_path / "rates.toml", tmp_path / "refused.duckdb")
    assert not (tmp_path / "refused.duckdb").exists()


# --- shares that align -----------------------------------------------------------------------------------------------------------


def test_newer_editions_repeat_the_figures_of_the_lists(pairs: Published) -> None:
    """The lists name editions; matching uses the newest. No figure of the embedded default was revised, so both are the same."""
    revised = pairs.con.sql(
        f"SELECT {', '.join(DIMENSIONS)}, period_start, period_end FROM observations GROUP BY ALL "
        "HAVING count(DISTINCT obs_value) > 1 OR count(obs_value) NOT IN (0, count(*))"
    ).fetchall()
    assert revised == []


@pytest.mark.parametrize("row", SHARES, ids=ids(SHARES))
def test_a_share_that_aligns_has_its_value(pairs: Published, row: Row) -> None:
    assert row["numerator_time_period"] == row["denominator_time_period"]
    (matched,) = [match for match in pairs.rows_of(row["check_id"]) if match["time_period"] == row["numerator_time_period"]]
    assert matched["null_reasons"] == []
    assert matched["rate_basis"] == "computed"
    assert (matched["numerator"], matched["denominator"]) == (float(row["numerator_value"]), float(row["denominator_value"]))
    assert matched["rate"] == pytest.approx(float(row["expected_value"]), abs=float(row["tolerance"]))
    assert matched["rate"] == pytest.approx(int(row["numerator_value"]) / int(row["denominator_value"]), rel=1e-12)


#: what tells a share of the lists from every other, on each side
SHARE_KEY = ("source_id", "measure", "ref_area", "offense_scope", "population", "breakdown", "time_period")


@pytest.fixture(scope="module")
def shares_of_catalogue(catalogue: Published) -> dict[tuple[str, ...], list[float]]:
    shares: dict[tuple[str, ...], list[float]] = {}
    for rows in catalogue.rows.values():
        for row in rows:
            if row["rate"] is not None:
                key = tuple(row[f"{side}_{name}"] for side in ("numerator", "denominator") for name in SHARE_KEY)
                shares.setdefault(key, []).append(row["rate"])
    return shares


@pytest.mark.parametrize("row", SHARES, ids=ids(SHARES))
def test_the_catalogue_declares_every_share_that_aligns(shares_of_catalogue: dict[tuple[str, ...], list[float]], row: Row) -> None:
    """Every share is in the project's own table, once. Obscenity between adults is kept for contrast and is no rate of the project."""
    names = ["statistical_population" if name == "population" else name for name in SHARE_KEY]
    found = shares_of_catalogue.get(tuple(row[f"{side}_{name}"] for side in ("numerator", "denominator") for name in names), [])
    if row["numerator_offense_scope"] == "federal_adult_obscenity":
        assert found == []
    else:
        assert found == [pytest.approx(int(row["numerator_value"]) / int(row["denominator_value"]), rel=1e-12)]


# --- percentages that publishers print -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", PRINTED, ids=ids(PRINTED))
def test_a_printed_share_with_its_base_is_published(pairs: Published, row: Row) -> None:
    (matched,) = [match for match in pairs.rows_of(row["check_id"]) if match["time_period"] == row["numerator_time_period"]]
    assert matched["null_reasons"] == []
    assert matched["rate_basis"] == "published"
    assert matched["denominator"] == float(row["denominator_value"])
    assert matched["rate"] == pytest.approx(float(row["expected_value"]), abs=1e-9)
    assert matched["rate_low"] == pytest.approx(float(row["expected_value"]) - float(row["tolerance"]), abs=1e-9)
    assert matched["rate_high"] == pytest.approx(float(row["expected_value"]) + float(row["tolerance"]), abs=1e-9)


@pytest.mark.parametrize("row", PRINTED_WITHOUT_BASE, ids=ids(PRINTED_WITHOUT_BASE))
def test_a_printed_share_without_its_base_stays_null_and_is_shown_apart(pairs: Published, row: Row) -> None:
    (matched,) = [match for match in pairs.rows_of(row["check_id"]) if match["time_period"] == row["numerator_time_period"]]
    assert matched["rate"] is None
    assert matched["rate_low"] is None
    assert "denominator_missing" in matched["null_reasons"]
    assert matched["numerator"] == float(row["numerator_value"])
    shown = pairs.con.execute(
        "SELECT count(*) FROM published_percentages WHERE source_id = ? AND measure = ? AND breakdown = ? AND time_period = ?",
        [row[f"numerator_{name}"] for name in ("source_id", "measure", "breakdown", "time_period")],
    ).fetchall()
    assert shown == [(1,)]


# --- sums, halves and agreements ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", SUMS, ids=ids(SUMS))
def test_parts_add_to_the_printed_total(pairs: Published, row: Row) -> None:
    parts = pairs.current(row, "denominator", breakdown=row["parts_breakdown"], source_id=row["parts_source_id"])
    total_key = f"{row['denominator_ref_area']}|{row['denominator_breakdown']}"
    if not row["parts_breakdown"]:
        # a table of areas: one row per area, and rows for what has no area code or no area
        parts |= pairs.current(row, "denominator", breakdown="area_label=*")
        parts |= pairs.current(row, "denominator", breakdown="upload_location=*")
        parts = {key: part for key, part in parts.items() if key not in (total_key, f"{row['denominator_ref_area']}|")}
    assert len(parts) == int(row["parts"])
    assert sum(part["obs_value"] for part in parts.values()) == float(row["expected_value"])
    total = pairs.current(row, "denominator")[total_key]
    assert total["obs_value"] == float(row["denominator_value"]) == float(row["expected_value"])


@pytest.mark.parametrize("row", HALF_YEARS, ids=ids(HALF_YEARS))
def test_half_years_agree_with_the_year_within_their_rounding(pairs: Published, row: Row) -> None:
    key = f"{row['denominator_ref_area']}|{row['denominator_breakdown']}"
    year = pairs.current(row, "denominator")[key]
    halves = [
        pairs.current(row | {"denominator_time_period": period}, "denominator")[key] for period in ("2024-01-01/P6M", "2024-07-01/P6M")
    ]
    assert len(halves) == int(row["parts"])
    assert sum(half["obs_value"] for half in halves) == float(row["expected_value"])
    assert abs(year["obs_value"] - float(row["expected_value"])) <= float(row["tolerance"])
    assert {figure["value_qualifier"] for figure in (year, *halves)} == {"rounded"}


@pytest.mark.parametrize("row", AGREEMENTS, ids=ids(AGREEMENTS))
def test_two_publications_print_the_same_figure(pairs: Published, row: Row) -> None:
    numerator, denominator = (
        pairs.current(row, side)[f"{row[f'{side}_ref_area']}|{row[f'{side}_breakdown']}"] for side in ("numerator", "denominator")
    )
    assert numerator["obs_value"] == denominator["obs_value"] == float(row["numerator_value"])


# --- the headline ---------------------------------------------------------------------------------------------------------------------


def test_the_headline_is_null_because_nobody_collects_its_numerator(catalogue: Published) -> None:
    rows = catalogue.rows_of("csam_reports_prosecuted")
    both = [row for row in rows if row["denominator"] is not None]
    assert {row["denominator_ref_area"]: row["denominator"] for row in both if row["time_period"] == "2023-01-01/P1Y"} == {
        "WORLD": 36210368,
        "US": 1621937,
    }
    assert len(both) == 27 + 5
    assert all(row["null_reasons"] == ["numerator_not_collected"] for row in both)
    assert all("numerator_not_collected" in row["null_reasons"] and row["rate"] is None for row in rows)


def test_every_declared_rate_leaves_a_row(catalogue: Published) -> None:
    waiting = [rate for rate in load_rates() if rate.rate_id not in catalogue.rows]
    # the caseload data of the US attorneys are fetched by hand: until then rates of their own have no figure on either side
    assert {rate.numerator.codes["source_id"] for rate in waiting} == {("eousa_caseload_data",)}
    assert {rate.denominator.codes["source_id"] for rate in waiting if rate.denominator} == {("eousa_caseload_data",)}
    assert set(catalogue.rows) <= {rate.rate_id for rate in load_rates()}


def test_outcomes_over_reports_are_never_a_rate(catalogue: Published) -> None:
    over_reports = [
        row
        for rows in catalogue.rows.values()
        for row in rows
        if row["rate_kind"] != "composition" and (row["denominator_measure"] or "").startswith("reports_")
    ]
    assert len({row["rate_id"] for row in over_reports}) >= 15
    assert all(row["rate"] is None for row in over_reports)


@pytest.mark.parametrize(
    ("rate_id", "time_period", "value"),
    [
        ("suspects_prosecuted_of_concluded_published", "2003-10-01/P10Y", 0.60),
        ("suspects_declined_of_concluded_published", "2003-10-01/P10Y", 0.36),
        ("suspects_disposed_by_magistrate_of_concluded_published", "2003-10-01/P10Y", 0.04),
        ("child_sex_exploitation_share_of_suspects_prosecuted", "2005-10-01/P1Y", 2039 / 83148),
        ("child_sex_exploitation_share_of_suspects_prosecuted_published", "2005-10-01/P1Y", 0.025),
        ("child_pornography_guideline_share", "2016-10-01/P1Y", 1409 / 66873),
        ("child_pornography_guideline_share_quick_facts", "2021-10-01/P1Y", 1435 / 64142),
        ("indictments_convicted_1978_1986", "1978-01-01/1986-02-27", 215 / 255),
        ("production_guideline_share", "2018-10-01/P1Y", 512 / 76538),
    ],
)
def test_the_neighbours_that_are_real_have_their_value(catalogue: Published, rate_id: str, time_period: str, value: float) -> None:
    (rate,) = [row["rate"] for row in catalogue.rows_of(rate_id) if row["time_period"] == time_period and row["rate"] is not None]
    assert rate == pytest.approx(value, rel=1e-12)


def test_the_cohort_of_1978_to_1986_says_that_it_is_right_censored(catalogue: Published) -> None:
    (row,) = [row for row in catalogue.rows_of("indictments_convicted_1978_1986") if row["rate"] is not None]
    assert "right censored" in row["question"]
    assert "late indictments were still pending" in row["numerator_obs_note"]
