"""Counts of one fiscal year side by side: the figures as transcribed, every recorded difference told, nothing filled in.

The embedded figures come from the release that all tests share; expected numbers were read in figures/*.csv by hand. What they do not
contain (a suppressed count, an unexplained difference, a break within a year, other periods) comes from a small synthetic database.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.catalog import RATES
from pipelines.conforming import conform
from pipelines.vocabulary import CODE_LISTS, PROJECT
from pipelines.warehouse import build_database
from tests.conftest import Workplace

Row = dict[str, Any]


def ask(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = con.sql(query)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def release(built: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{built.database}' AS release (READ_ONLY)")
        yield con


# --- the embedded figures -------------------------------------------------------------------------------------------------------

#: fiscal year -> agency, records, measure and value of every figure on abuse material, read in figures/*.csv by hand
BY_HAND = {
    2004: {
        ("BJS", "EOUSA", "suspects_referred", 2972), ("BJS", "Administrative Office of the US Courts", "defendants_charged", 1405),
    },
    2006: {
        ("EOUSA", "EOUSA", "cases_filed", 1657), ("EOUSA", "EOUSA", "defendants_charged", 1760),
        ("BJS", "EOUSA", "suspects_prosecuted", 2039), ("BJS", "EOUSA", "suspects_referred", 3661),
    },
    2007: {
        ("EOUSA", "EOUSA", "cases_filed", 2118), ("EOUSA", "EOUSA", "defendants_charged", 2218),
        ("Administrative Office of the US Courts", "Administrative Office of the US Courts", "cases_filed", 2460),
        ("Administrative Office of the US Courts", "Administrative Office of the US Courts", "defendants_charged", 2572),
    },
    2013: {
        ("BJS", "EOUSA", "suspects_referred", 4579), ("BJS", "Administrative Office of the US Courts", "defendants_charged", 2776),
    },
    2023: {
        ("EOUSA", "EOUSA", "defendants_charged", 354), ("EOUSA", "EOUSA", "defendants_charged", 514),
        ("EOUSA", "EOUSA", "defendants_convicted", 266), ("EOUSA", "EOUSA", "defendants_convicted", 500),
        ("USSC", "USSC", "individuals_sentenced", 1395),
    },
}  # fmt: skip


@pytest.mark.parametrize("fiscal_year", BY_HAND)
def test_a_year_has_the_figures_of_all_agencies(release: duckdb.DuckDBPyConnection, fiscal_year: int) -> None:
    rows = ask(release, f"FROM release.reconciliation WHERE fiscal_year = {fiscal_year} AND subject = 'abuse material'")
    assert {(row["agency"], row["records_of"], row["measure"], row["obs_value"]) for row in rows} == BY_HAND[fiscal_year]
    assert len(rows) == len(BY_HAND[fiscal_year])
    assert {row["time_period"] for row in rows} == {f"{fiscal_year - 1}-10-01/P1Y"}


def test_a_year_that_one_agency_alone_counts_is_not_listed(release: duckdb.DuckDBPyConnection) -> None:
    years = {row["fiscal_year"] for row in ask(release, "FROM release.reconciliation WHERE subject = 'abuse material'")}
    # suspects of FY 1994, sentences of FY 2005, cases of FY 2009: one set of records each
    assert not years & {1994, 2005, 2009}
    assert {2006, 2007, 2015, 2019, 2020, 2022, 2023} <= years


def test_prosecutors_and_courts_differ_for_printed_reasons(release: duckdb.DuckDBPyConnection) -> None:
    (row,) = ask(
        release,
        "FROM release.reconciliation WHERE fiscal_year = 2007 AND agency = 'EOUSA' AND measure = 'defendants_charged'",
    )
    assert row["compared_with"] == ["Administrative Office of the US Courts"]
    assert "2,572 defendants in newly filed cases (charged or indicted)" in row["figures_elsewhere"]
    told = dict(sentence.split(": ", 1) for sentence in row["why_they_differ"])
    assert list(told) == [
        "Whose records are counted", "Which event is counted", "What one unit is", "Among what it is counted", "Which offenses are meant",
        "What is noted on the figure",
    ]  # fmt: skip
    # the words are those of the code lists
    scopes = {each["code"]: each for each in read_list("offense_scopes")}
    for code in ("psc_child_exploitation", "ao_sex_offenses"):
        assert scopes[code]["label"] in told["Which offenses are meant"]
        assert scopes[code]["includes"] in told["Which offenses are meant"]
        assert scopes[code]["excludes"] in told["Which offenses are meant"]
    assert "The courts count them differently" in told["Among what it is counted"]
    assert told["What one unit is"].endswith("Elsewhere: Court cases [Administrative Office of the US Courts 2,460].")


def test_the_courts_and_bjs_count_all_defendants_alike_but_for_transfers(release: duckdb.DuckDBPyConnection) -> None:
    rows = ask(
        release,
        """FROM release.reconciliation
        WHERE fiscal_year = 2020 AND subject = 'every offense' AND measure = 'defendants_charged' ORDER BY obs_value""",
    )
    assert [(row["agency"], row["obs_value"]) for row in rows] == [("BJS", 66059), ("Administrative Office of the US Courts", 73879)]
    for row in rows:
        (reason,) = row["why_they_differ"]
        assert reason.startswith("What is noted on the figure: ")
        assert "ncludes transfers" in reason


def test_every_figure_stands_there_as_published(release: duckdb.DuckDBPyConnection) -> None:
    changed = ask(
        release,
        """SELECT listed.series_id
        FROM release.reconciliation AS listed
        LEFT JOIN release.observations_current AS published
            ON listed.series_id = published.series_id AND listed.time_period = published.time_period
        WHERE published.series_id IS NULL OR listed.obs_value IS DISTINCT FROM published.obs_value
            OR listed.value_qualifier <> published.value_qualifier OR listed.obs_status <> published.obs_status""",
    )
    assert changed == []
    (counted,) = ask(release, "SELECT count(*) AS rows, count(DISTINCT (fiscal_year, series_id)) AS figures FROM release.reconciliation")
    assert counted["rows"] == counted["figures"] > 60


def test_no_figure_is_without_a_reason(release: duckdb.DuckDBPyConnection) -> None:
    for row in ask(release, "FROM release.reconciliation"):
        assert row["why_they_differ"], row
        assert all(sentence.endswith(".") and "None" not in sentence for sentence in row["why_they_differ"])
        assert len(set(row["why_they_differ"])) == len(row["why_they_differ"])
        assert row["agency"] != row["records_of"] or row["agency"] not in row["compared_with"]


def test_differences_are_those_of_the_dimensions(release: duckdb.DuckDBPyConnection) -> None:
    """Judged once more in Python, from the series themselves."""
    series = {row["series_id"]: row for row in ask(release, "FROM release.series")}
    keepers = {each["code"]: each["kept_by"] for each in read_list("statistical_populations")}
    axes = ("measure", "unit_of_count", "statistical_population", "offense_scope", "breakdown", "pathway")
    told: dict[tuple[int, str, str], set[str]] = {}
    for row in ask(release, "FROM release.reconciliation_differences"):
        told.setdefault((row["fiscal_year"], row["series_id"], row["other_series_id"]), set()).add(row["axis"])
    assert len(told) > 100
    for (_, own, other), found in told.items():
        expected = {axis for axis in axes if series[own][axis] != series[other][axis]}
        if keepers[series[own]["statistical_population"]] != keepers[series[other]["statistical_population"]]:
            expected.add("records")
        assert found & {*axes, "records"} == expected
    assert all((year, other, own) in told for year, own, other in told)


def test_trafficking_and_obscenity_of_adults_are_no_abuse_material(release: duckdb.DuckDBPyConnection) -> None:
    scopes = {row["offense_scope"] for row in ask(release, "FROM release.reconciled_figures")}
    assert not scopes & {"usc18_1591_lead_charge", "usao_obscenity_non_child", "ussc_organisations"}
    assert ask(release, "FROM release.reconciled_figures WHERE breakdown LIKE '%peonage%' OR breakdown LIKE '%obscenity%'") == []


def read_list(name: str) -> list[dict[str, str]]:
    with (CODE_LISTS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_scopes_that_the_view_names_exist() -> None:
    codes = {row["code"] for row in read_list("offense_scopes")} | {row["code"] for row in read_list("measures")}
    text = (PROJECT / "sql" / "075_reconciliation.sql").read_text(encoding="utf-8")
    listed = text.partition("topics AS (")[2].partition("parts AS (")[0].split("'")[1::2]
    assert {code for code in listed if "_" in code} <= codes


# --- what the embedded figures do not contain -----------------------------------------------------------------------------------


def figure(**changes: str) -> dict[str, str]:
    """A synthetic count of defendants by the courts in FY 2030."""
    return {
        "measure": "defendants_charged", "ref_area": "US", "time_period": "2029-10-01/P1Y", "unit_of_count": "defendant_in_case",
        "unit_measure": "count", "offense_scope": "ao_sex_offenses", "jurisdiction": "us_federal", "pathway": "any",
        "statistical_population": "usdc_cases_filed", "breakdown": "", "obs_value": "100", "value_qualifier": "exact", "obs_status": "A",
        "evidence": "publication", "source_locator": "synthetic", "published_on": "", "obs_note": "",
    } | changes  # fmt: skip


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("synthetic")
    files = {
        "aouscourts_synthetic": [
            figure(),
            figure(breakdown="offense=sexually_explicit_material;transfers=excluded", obs_value="60"),
            figure(breakdown="offense=sexual_abuse_of_adult", obs_value="20"),
            figure(time_period="2029-07-01/P1Y", obs_value="77"),
            figure(time_period="2030-01-01/P1Y", obs_value="78"),
            figure(time_period="2030-10-01/P1Y", obs_value="", obs_status="Q"),
            figure(time_period="2031-10-01/P1Y", obs_value="5"),
        ],
        "bjs_synthetic": [
            figure(obs_value="90", published_on="2031-05"),
            figure(time_period="2030-10-01/P1Y", obs_value="50", value_qualifier="gt"),
            figure(time_period="2031-10-01/P1Y", obs_value="5"),
        ],
        "ussc_synthetic": [
            figure(
                measure="individuals_sentenced", unit_of_count="sentenced_individual", offense_scope="ussc_primary_guideline",
                statistical_population="ussc_sentenced_individuals", breakdown="guideline=child_pornography;judicial_district=utah",
            ),
        ],
        "eousa_caseload_data": [
            figure(offense_scope="usao_project_safe_childhood", statistical_population="usao_cases_filed", time_period="2010-10-01/P1Y"),
            figure(offense_scope="usao_obscenity_non_child", statistical_population="usao_cases_filed", time_period="2010-10-01/P1Y"),
        ],
        "fjc_idb_criminal": [
            figure(offense_scope="idb_csam_lead_charge", statistical_population="idb_defendants_filed", time_period="2010-10-01/P1Y"),
        ],
    }  # fmt: skip
    for source_id, rows in files.items():
        conform(pl.DataFrame(rows), source_id).write_parquet(folder / f"{source_id}.parquet")
    build_database(folder, RATES, folder / "release.duckdb")
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{folder / 'release.duckdb'}' AS release (READ_ONLY)")
        yield con


def test_only_whole_fiscal_years_of_abuse_material_are_listed(synthetic: duckdb.DuckDBPyConnection) -> None:
    rows = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2030")
    assert {(row["agency"], row["breakdown"], row["obs_value"]) for row in rows} == {
        ("Administrative Office of the US Courts", "", 100.0),
        ("Administrative Office of the US Courts", "offense=sexually_explicit_material;transfers=excluded", 60.0),
        ("BJS", "", 90.0),
    }
    assert {row["publication"] for row in rows} == {"aouscourts_synthetic", "bjs_synthetic"}


def test_a_difference_that_nothing_explains_is_called_so(synthetic: duckdb.DuckDBPyConnection) -> None:
    (row,) = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2030 AND obs_value = 100")
    (reason,) = row["why_they_differ"]
    assert reason == (
        "On record here nothing tells this count from the other, yet the two differ. Elsewhere: neither publication says why "
        "[BJS from the records of Administrative Office of the US Courts 90]."
    )


def test_transfers_and_parts_are_told(synthetic: duckdb.DuckDBPyConnection) -> None:
    (row,) = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2030 AND obs_value = 60")
    (reason,) = row["why_they_differ"]
    assert reason.startswith("Which part of them: only offense: sexually explicit material, transfers: excluded. Elsewhere: the whole")


def test_a_missing_value_stays_missing(synthetic: duckdb.DuckDBPyConnection) -> None:
    suppressed, bounded = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2031 ORDER BY agency")
    assert (suppressed["obs_value"], suppressed["obs_status"]) == (None, "Q")
    assert (bounded["obs_value"], bounded["value_qualifier"]) == (50.0, "gt")
    assert suppressed["figures_elsewhere"].startswith("BJS from the records of Administrative Office of the US Courts: more than 50 ")
    assert "Administrative Office of the US Courts: no value " in bounded["figures_elsewhere"]
    for row in (suppressed, bounded):
        told = [sentence.partition(":")[0] for sentence in row["why_they_differ"]]
        assert told == ["How exactly it is printed", "How far the figure can be relied on"]


def test_equal_figures_without_a_difference_have_no_reason(synthetic: duckdb.DuckDBPyConnection) -> None:
    rows = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2032")
    assert [row["why_they_differ"] for row in rows] == [[], []]


def test_a_counting_rule_that_changes_within_the_year_is_told(synthetic: duckdb.DuckDBPyConnection) -> None:
    rows = ask(synthetic, "FROM release.reconciliation WHERE fiscal_year = 2011 ORDER BY agency")
    assert [row["agency"] for row in rows] == ["EOUSA", "Federal Judicial Center"]
    (of_prosecutors,) = [sentence for sentence in rows[0]["why_they_differ"] if "within the year" in sentence]
    assert of_prosecutors.startswith("Which counting rules change within the year: 2011-02-01: ")
    assert of_prosecutors.endswith("Elsewhere: none [Federal Judicial Center 100].")


def test_the_views_name_their_columns(built: Workplace, tmp_path: Path) -> None:
    """Analysts rely on these names."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{built.database}' AS release (READ_ONLY)")
        columns = [row["column_name"] for row in ask(con, "SELECT column_name FROM (DESCRIBE release.reconciliation)")]
        con.sql("FROM release.reconciliation").write_csv(str(tmp_path / "reconciliation.csv"))
    assert columns == [
        "fiscal_year", "subject", "topic_no", "topic", "agency", "records_of", "source_id", "publication", "measure", "unit_of_count",
        "offense_scope", "pathway", "statistical_population", "breakdown", "time_period", "obs_value", "value_qualifier", "obs_status",
        "published_on", "compared_with", "figures_elsewhere", "why_they_differ", "obs_note", "source_locator", "url", "series_id",
    ]  # fmt: skip
    assert (tmp_path / "reconciliation.csv").stat().st_size > 10_000
