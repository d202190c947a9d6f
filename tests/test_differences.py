"""Differences between two releases, each built from synthetic figures for one change."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.conforming import conform
from pipelines.differences import SCHEMA, Differences, compare_releases, describe
from pipelines.warehouse import ReleaseFacts, WarehouseError, build_database
from tests.conftest import Workplace

Figure = dict[str, Any]
Build = Callable[..., Path]

RATES = """
[rates.prosecuted_of_concluded]
kind = "prosecution"
question = "What share of the suspects in matters concluded was prosecuted?"
[rates.prosecuted_of_concluded.numerator]
measure = "suspects_prosecuted"
[rates.prosecuted_of_concluded.denominator]
measure = "suspects_in_matters_concluded"
"""
ANOTHER_RATE = """
[rates.declined_of_concluded]
kind = "declination"
question = "What share of the suspects in matters concluded was declined?"
[rates.declined_of_concluded.numerator]
measure = "suspects_declined"
[rates.declined_of_concluded.denominator]
measure = "suspects_in_matters_concluded"
"""


def figure(measure: str, value: str | None, year: int = 2020, **others: str) -> Figure:
    return {
        "measure": measure, "ref_area": "US", "time_period": f"{year - 1}-10-01/P1Y", "unit_of_count": "suspect_in_matter",
        "unit_measure": "count", "offense_scope": "bjs_csec", "jurisdiction": "us_federal", "pathway": "any",
        "statistical_population": "usao_matters_concluded", "breakdown": "", "obs_value": value, "value_qualifier": "exact",
        "obs_status": "A", "evidence": "publication", "source_locator": "synthetic", "published_on": "2022", **others,
    }  # fmt: skip


PROSECUTED, CONCLUDED = figure("suspects_prosecuted", "60"), figure("suspects_in_matters_concluded", "100")
BASE = [PROSECUTED, CONCLUDED, figure("suspects_prosecuted", "50", 2019), figure("suspects_in_matters_concluded", "80", 2019)]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build a database of synthetic figures, by name; what was built already is given again: read it, do not change it."""
    done: dict[str, Path] = {}

    def build_one(name: str, figures: Iterable[Figure], rates: str = RATES, sources: Mapping[str, str] | None = None) -> Path:
        given = list(figures)
        key = repr((name, given, rates, sources))
        if key in done:
            return done[key]
        folder = tmp_path_factory.mktemp(name)
        frame = pl.DataFrame(given, infer_schema_length=None)
        conform(frame, "synthetic_one").write_parquet(folder / "figures.parquet")
        (folder / "rates.toml").write_text(rates, encoding="utf-8")
        facts = {
            "builds": [{
                "build_id": name, "as_of_date": "2026-01-01", "inputs_sha256": "0" * 64, "duckdb_version": "2", "project_version": "0",
            }],
            "sources": [
                {"source_id": source_id, "producer": "Synthetic", "title": "Synthetic", "is_stale": state != "current", "state": state}
                for source_id, state in (sources or {"synthetic_one": "current"}).items()
            ],
        }  # fmt: skip
        build_database(folder, folder / "rates.toml", folder / "release.duckdb", facts=ReleaseFacts(facts))
        done[key] = folder / "release.duckdb"
        return done[key]

    return build_one


def rows(differences: Differences, part: str, change: str) -> list[dict[str, Any]]:
    return differences.changes.filter(pl.col("part") == part, pl.col("change") == change).rows(named=True)


def test_the_first_release_says_so(build: Build) -> None:
    differences = compare_releases(None, build("first", BASE))
    assert differences.is_first
    assert differences.changes.schema == pl.Schema(SCHEMA)
    assert describe(differences) == "First release first: there is no former release to compare it with.\n"


def test_equal_releases_have_no_differences(build: Build) -> None:
    differences = compare_releases(build("one", BASE), build("two", BASE))
    assert differences.counts == {}
    assert describe(differences) == "What changed from release one to release two: nothing.\n"


def test_a_revised_figure_changes_its_rate(build: Build) -> None:
    differences = compare_releases(build("one", BASE), build("two", [{**PROSECUTED, "obs_value": "63"}, *BASE[1:]]))
    assert dict(differences.counts) == {("cell", "other value"): 1, ("figure", "revised"): 1}
    (revised,) = rows(differences, "figure", "revised")
    assert (revised["earlier_value"], revised["later_value"], revised["difference"]) == (60, 63, 3)
    assert (revised["source_id"], revised["time_period"]) == ("synthetic_one", "2019-10-01/P1Y")
    (other,) = rows(differences, "cell", "other value")
    assert (other["rate_id"], other["earlier_value"], other["later_value"]) == ("prosecuted_of_concluded", 0.6, 0.63)
    told = describe(differences)
    assert "60 (exact, status A, published 2022) -> 63 (exact, status A, published 2022) (+3)" in told
    assert "0.6 -> 0.63" in told


def test_a_newer_edition_revises_and_an_equal_one_confirms(build: Build) -> None:
    newer = {**PROSECUTED, "obs_value": "61", "published_on": "2023"}
    again = {**CONCLUDED, "published_on": "2023"}
    differences = compare_releases(build("one", BASE), build("two", [*BASE, newer, again]))
    assert dict(differences.counts) == {
        ("cell", "other value"): 1, ("figure", "revised"): 1, ("figure", "confirmed by another edition"): 1,
    }  # fmt: skip
    (confirmed,) = rows(differences, "figure", "confirmed by another edition")
    assert confirmed["difference"] == 0
    assert confirmed["later_detail"].endswith("published 2023")


def test_a_withdrawn_figure_takes_its_rate_and_says_why(build: Build) -> None:
    differences = compare_releases(build("one", BASE), build("two", BASE[1:]))
    (withdrawn,) = rows(differences, "figure", "withdrawn")
    assert (withdrawn["earlier_value"], withdrawn["later_value"], withdrawn["difference"]) == (60, None, None)
    (null,) = rows(differences, "cell", "newly NULL")
    assert (null["earlier_value"], null["later_value"], null["later_detail"]) == (0.6, None, "numerator_missing")
    assert "0.6 -> NULL (numerator_missing)" in describe(differences)


def test_an_added_figure_fills_a_cell_and_says_which_reasons_went(build: Build) -> None:
    differences = compare_releases(build("one", BASE[1:]), build("two", BASE))
    (added,) = rows(differences, "figure", "added")
    assert (added["earlier_value"], added["later_value"]) == (None, 60)
    (filled,) = rows(differences, "cell", "no longer NULL")
    assert (filled["earlier_detail"], filled["later_value"], filled["later_detail"]) == ("numerator_missing", 0.6, None)


def test_a_new_year_is_new_cells(build: Build) -> None:
    year = [figure("suspects_prosecuted", "9", 2021), figure("suspects_in_matters_concluded", "10", 2021)]
    alone = [figure("suspects_prosecuted", "7", 2022)]
    differences = compare_releases(build("one", BASE), build("two", [*BASE, *year, *alone]))
    assert dict(differences.counts) == {("cell", "new, with a value"): 1, ("cell", "new, NULL"): 1, ("figure", "added"): 3}
    gone = compare_releases(build("three", [*BASE, *year, *alone]), build("four", BASE))
    assert dict(gone.counts) == {("cell", "gone, had a value"): 1, ("cell", "gone, was NULL"): 1, ("figure", "withdrawn"): 3}


def test_a_value_that_is_withheld_is_null_for_other_reasons(build: Build) -> None:
    one = [figure("suspects_prosecuted", None, obs_status="M"), *BASE[1:]]
    two = [figure("suspects_prosecuted", None, obs_status="Q"), *BASE[1:]]
    differences = compare_releases(build("one", one), build("two", two))
    assert dict(differences.counts) == {("cell", "other reasons"): 1, ("figure", "revised"): 1}
    (row,) = rows(differences, "cell", "other reasons")
    assert (row["earlier_detail"], row["later_detail"]) == ("numerator_missing", "numerator_suppressed")
    assert "no value (exact, status M, published 2022) -> no value (exact, status Q, published 2022)" in describe(differences)


def test_a_zero_is_a_value_and_nothing_is_none(build: Build) -> None:
    one = [figure("suspects_prosecuted", None, obs_status="M"), *BASE[1:]]
    two = [figure("suspects_prosecuted", "0"), *BASE[1:]]
    differences = compare_releases(build("one", one), build("two", two))
    (row,) = rows(differences, "figure", "revised")
    assert (row["earlier_value"], row["later_value"], row["difference"]) == (None, 0, None)
    (cell,) = rows(differences, "cell", "no longer NULL")
    assert cell["later_value"] == 0


def test_rates_series_and_sources_come_and_go(build: Build) -> None:
    declined = figure("suspects_declined", "40")
    one = build("one", BASE, sources={"synthetic_one": "current", "synthetic_old": "no figures yet"})
    two = build("two", [*BASE, declined], RATES + ANOTHER_RATE, sources={"synthetic_one": "stale: synthetic", "synthetic_new": "current"})
    differences = compare_releases(one, two)
    assert dict(differences.counts) == {
        ("cell", "new, with a value"): 1, ("cell", "new, NULL"): 1, ("figure", "added"): 1, ("rate", "new"): 1,
        ("source", "new"): 1, ("source", "gone"): 1, ("source", "other state"): 1, ("series", "new"): 1,
    }  # fmt: skip
    assert [row["rate_id"] for row in rows(differences, "rate", "new")] == ["declined_of_concluded"]
    assert "synthetic_one: current -> stale: synthetic" in describe(differences)
    back = compare_releases(two, one)
    assert {("rate", "gone"), ("series", "gone"), ("source", "gone"), ("source", "new")} <= set(back.counts)


def test_a_rate_that_is_declared_differently_is_named(build: Build) -> None:
    narrower = RATES.replace('measure = "suspects_prosecuted"', 'measure = "suspects_prosecuted"\noffense_scope = "bjs_csec"')
    differences = compare_releases(build("one", BASE), build("two", BASE, narrower))
    assert dict(differences.counts) == {("rate", "declared differently"): 1}


def test_many_changes_are_cut_and_counted(build: Build) -> None:
    many = [figure("suspects_prosecuted", str(year), year) for year in range(1980, 2012)]
    one, two = build("one", BASE), build("two", [*BASE, *many])
    differences = compare_releases(one, two)
    told = describe(differences, lines=4)
    assert "32 figures were added:" in told
    assert "- and 28 more, see changes.csv" in told
    assert len(rows(differences, "figure", "added")) == 32
    # the same order however often it is asked
    assert differences.changes.equals(compare_releases(one, two).changes)


def test_a_release_of_another_design_is_not_compared(build: Build, tmp_path: Path) -> None:
    one, two = Path(shutil.copy(build("one", BASE), tmp_path)), build("two", BASE)
    with duckdb.connect(str(one)) as con:
        con.execute("ALTER TABLE breaks RENAME COLUMN description TO told")
    differences = compare_releases(one, two)
    assert differences.changes.height == 0
    assert not differences.is_first
    assert "breaks.description" in str(differences.not_compared)
    assert "not compared, because 2 columns" in describe(differences)


def test_a_file_that_is_no_database_is_refused(build: Build, tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("synthetic", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"text\.duckdb"):
        compare_releases(tmp_path / "text.duckdb", build("two", BASE))


def test_the_real_release_does_not_differ_from_itself(built: Workplace) -> None:
    assert compare_releases(built.database, built.database).counts == {}


def test_every_change_that_can_happen_can_be_told(build: Build) -> None:
    """A kind of change without words would be left out of the counts."""
    from pipelines import differences as module
    from pipelines.vocabulary import PROJECT

    text = (PROJECT / "sql" / "differences" / "changes.sql").read_text(encoding="utf-8")
    for part, change in module._TOLD:
        assert f"'{part}'" in text, part
        assert f"'{change}'" in text, change
