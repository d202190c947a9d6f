"""Synthetic monthly counts and the real report counts in one scratch database: the periods agree, and what else stands between them.

Nothing of this is ever published: the database lies in a temporary folder, and no ledger knows the synthetic observations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines import ledger, parse, warehouse
from pipelines.conforming import conform
from tests import synthetic_records as synthetic
from tests.synthetic_records import IdbPlan, LionsManifest, Manifest

COURTS = "federal_defendants_by_court_records_per_{}_report"
COHORT = "usao_matter_cohort"
#: rate -> outcome, scope: what the rates of the cohort ask for
COHORT_RATES = {
    "matters_prosecuted_of_received": ("matters_prosecuted", "lions_csam_lead_charge"),
    "matters_declined_of_received": ("matters_declined", "lions_csam_lead_charge"),
    "matters_disposed_by_magistrate_of_received": ("matters_disposed_by_magistrate", "lions_csam_lead_charge"),
    "matters_closed_otherwise_of_received": ("matters_closed_otherwise", "lions_csam_lead_charge"),
    "matters_pending_of_received": ("matters_pending", "lions_csam_lead_charge"),
    "matters_prosecuted_of_received_production": ("matters_prosecuted", "lions_production_lead_charge"),
    "matters_prosecuted_of_received_non_production": ("matters_prosecuted", "lions_non_production_lead_charge"),
    "matters_prosecuted_of_received_project_safe_childhood": ("matters_prosecuted", "usao_project_safe_childhood"),
}
PARTS = tuple(COHORT_RATES)[:5]


@dataclass(frozen=True)
class Scratch:
    """The scratch database, and what the synthetic files are known to hold."""

    database: Path
    folder: Path
    courts: Manifest
    attorneys: LionsManifest

    def rows(self, rate_id: str, where: str = "true") -> list[dict[str, Any]]:
        names = ("time_period", "numerator", "denominator", "rate", "null_reasons", "numerator_basis", "numerator_ref_area")
        asked = f"SELECT {', '.join(names)} FROM matched_periods WHERE rate_id = '{rate_id}' AND {where}"
        return [dict(zip(names, row, strict=True)) for row in warehouse.query(self.database, asked)]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    folder = tmp_path_factory.mktemp("scratch")
    courts = synthetic.write_idb(folder / "synthetic_cr96on.txt", IdbPlan(seed=30, defendants=4_000, csam_share=0.3))
    attorneys = synthetic.write_lions(folder / "synthetic_release", seed=31, matters=4_000)
    inputs = folder / "observations"
    inputs.mkdir()
    for source_id, name in (("fjc_idb_criminal", "synthetic_cr96on.txt"), ("eousa_caseload_data", "synthetic_release")):
        assert parse.main([source_id, str(folder / name), "--out", str(inputs / f"synthetic_{source_id}.parquet")]) == 0
    for task in ledger.figures_tasks():
        source_id = task.snapshot.source_id
        conform(ledger.read_figures(task.snapshot), source_id).write_parquet(inputs / f"{source_id}.parquet")
    database = folder / "scratch.duckdb"
    assert warehouse.main(["--observations", str(inputs), "--out", str(database)]) == 0
    return Scratch(database, folder, courts, attorneys)


def by_year(counts: Mapping[tuple[str, ...], int], key: tuple[str, ...]) -> Counter[int]:
    """Add the months of a manifest to calendar years."""
    years: Counter[int] = Counter()
    for (*found, month), value in counts.items():
        if tuple(found) == key:
            years[int(month[:4])] += value
    return years


# --- federal counts meet reports on calendar years ----------------------------------------------------------------------------------


#: what is left between defendants and reports once the periods agree; reports counted by the country of the user are a part of a report
REMAINING = ["unit_of_count_mismatch", "offense_scope_mismatch", "jurisdiction_mismatch", "population_mismatch"]
LEFT = {"world": [["ref_area_mismatch", *REMAINING]], "us": [REMAINING, [*REMAINING, "breakdown_mismatch"]]}


@pytest.mark.parametrize(("area", "years"), [("world", range(1999, 2025)), ("us", range(2019, 2025))])
def test_defendants_and_reports_agree_on_the_period_and_on_little_else(scratch: Scratch, area: str, years: range) -> None:
    known = by_year(scratch.courts.counts, ("filed", "csam", "any"))
    met = scratch.rows(COURTS.format(area), "time_period LIKE '%-01-01/P1Y' AND denominator IS NOT NULL")
    assert {int(row["time_period"][:4]) for row in met} == set(years)
    for row in met:
        assert (row["numerator"], row["numerator_basis"]) == (known[int(row["time_period"][:4])], "tiled")
        assert row["rate"] is None
        assert row["null_reasons"] in LEFT[area]


def test_months_of_us_attorneys_make_calendar_years_for_a_rate_that_had_fiscal_ones(scratch: Scratch) -> None:
    rate_id = "federal_defendants_per_world_report"
    calendar = "time_period LIKE '%-01-01/P1Y' AND denominator IS NOT NULL AND numerator IS NOT NULL"
    fiscal = scratch.rows(
        rate_id, f"{calendar} AND numerator_source_id <> 'eousa_caseload_data' AND numerator_time_period LIKE '%-10-01/P1Y'"
    )
    assert fiscal
    assert all("period_mismatch" in row["null_reasons"] for row in fiscal)
    monthly = scratch.rows(
        rate_id, f"{calendar} AND numerator_source_id = 'eousa_caseload_data' AND numerator_offense_scope = 'usc18_2252a_lead_charge'"
    )
    known = by_year(scratch.attorneys.counts, ("defendants_charged", "usao_cases_filed", "usc18_2252a_lead_charge", ""))
    met = {int(row["time_period"][:4]): row for row in monthly if "2006" <= row["time_period"][:4] <= "2017"}
    assert set(met) == set(range(2006, 2018))
    for year, row in met.items():
        assert (row["numerator"], row["numerator_basis"]) == (known[year], "tiled")
        assert "period_mismatch" not in row["null_reasons"]
        assert {"unit_of_count_mismatch", "population_mismatch"} <= set(row["null_reasons"])


def test_nothing_synthetic_is_published(scratch: Scratch) -> None:
    assert not list(scratch.folder.rglob("published"))
    assert not list(scratch.folder.rglob("ledger.json"))
    assert warehouse.query(scratch.database, "SELECT count(*) FROM builds") == [(0,)]


# --- the cohort: the one place with a true federal prosecution rate -----------------------------------------------------------------


def cohort_count(manifest: LionsManifest, measure: str, scope: str, time_period: str) -> int:
    """Count the matters of a period from the drawn months."""
    start, length = time_period.split("/")
    first = int(start[:4]) * 12 + int(start[5:7]) - 1
    months = range(first, first + {"P1M": 1, "P1Y": 12}[length])
    return sum(
        value
        for (found, population, covered, reason, month), value in manifest.counts.items()
        if (found, population, covered, reason) == (measure, COHORT, scope, "")
        and int(month[:4]) * 12 + int(month[5:7]) - 1 in months
    )


@pytest.mark.parametrize("rate_id", COHORT_RATES)
def test_shares_of_the_cohort_equal_an_independent_count(scratch: Scratch, rate_id: str) -> None:
    measure, scope = COHORT_RATES[rate_id]
    country = scratch.rows(rate_id, "numerator_ref_area = 'US'")
    assert {row["time_period"] for row in country} >= {"2012-01-01/P1Y", "2012-10-01/P1Y", "2012-06-01/P1M"}
    computed = [row for row in country if not row["null_reasons"]]
    for row in computed:
        sides = (measure, "matters_received")
        numerator, denominator = (cohort_count(scratch.attorneys, name, scope, row["time_period"]) for name in sides)
        assert (row["numerator"], row["denominator"]) == (numerator, denominator)
        assert row["rate"] == pytest.approx(numerator / denominator, rel=1e-12)
        assert 0 <= row["rate"] <= 1
    refused = [row for row in country if row["null_reasons"]]
    assert all(set(row["null_reasons"]) <= {"denominator_zero", "series_break"} for row in refused)
    # a break voids the two years it falls into, never a whole series
    assert {f"{year}-{month}-01/P1Y" for year in (2013, 2014, 2015, 2016) for month in ("01", "10")} <= {
        row["time_period"] for row in computed
    }


def test_shares_of_districts_equal_an_independent_count(scratch: Scratch) -> None:
    known = scratch.attorneys.districts
    calendar = "numerator_ref_area <> 'US' AND time_period LIKE '%-01-01/P1Y' AND rate IS NOT NULL"
    rows = scratch.rows("matters_prosecuted_of_received", calendar)
    assert len({row["numerator_ref_area"] for row in rows}) >= 5
    for row in rows:
        place = ("lions_csam_lead_charge", row["numerator_ref_area"], int(row["time_period"][:4]))
        assert row["numerator"] == known["matters_prosecuted", COHORT, *place]
        assert row["denominator"] == known["matters_received", COHORT, *place]


def test_the_five_parts_make_up_the_cohort(scratch: Scratch) -> None:
    shares = {
        rate_id: {row["time_period"]: row["rate"] for row in scratch.rows(rate_id, "numerator_ref_area = 'US' AND rate IS NOT NULL")}
        for rate_id in PARTS
    }
    periods = set(shares[PARTS[0]])
    assert len(periods) > 100
    assert all(set(part) == periods for part in shares.values())
    for period in periods:
        assert sum(part[period] for part in shares.values()) == pytest.approx(1, rel=1e-12)
    # only the matters of the cohort's last years are pending in numbers, and they are counted, not left out
    assert any(share > 0 for share in shares["matters_pending_of_received"].values())


def test_a_true_rate_counts_as_a_prosecution_rate(scratch: Scratch) -> None:
    asked = "SELECT count(*), count(*) FILTER (prosecution_rate = rate) FROM matched_periods WHERE rate IS NOT NULL AND rate_id LIKE '{}%'"
    ((found, same),) = warehouse.query(scratch.database, asked.format("matters_prosecuted_of_received"))
    assert found == same > 500
    ((_, declined),) = warehouse.query(scratch.database, asked.format("matters_declined_of_received"))
    assert declined == 0


def test_reasons_of_declined_matters_are_shares_of_them(scratch: Scratch) -> None:
    rows = scratch.rows("declined_matters_by_reason", "numerator_ref_area = 'US' AND time_period = '2013-10-01/P1Y'")
    drawn: Counter[str] = Counter()
    for (measure, population, scope, reason, month), value in scratch.attorneys.counts.items():
        fiscal = "2013-10" <= month <= "2014-09"
        if (measure, population, scope) == ("matters_declined", "usao_declinations", "lions_csam_lead_charge") and fiscal:
            drawn[reason] += value
    total = drawn.pop("")
    assert sorted(row["rate"] for row in rows if row["numerator"]) == pytest.approx(sorted(value / total for value in drawn.values()))
    assert sum(row["rate"] for row in rows) == pytest.approx(1)
