"""The views and macros of a release: numbers as the publications print them, sentences that can be quoted, bounds that hold.

The embedded figures are built once, with the catalogue's sources, events and conflicts. What they do not contain (revised, suppressed
and contradicting figures, sums of months, breaks inside a period) comes from a second, small and synthetic database.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.catalog import PROJECT, RATES, Source, load_sources
from pipelines.conforming import conform
from pipelines.observations import COLUMNS, SERIES_DIMENSIONS
from pipelines.warehouse import BREAKS, ReleaseFacts, build_database

Row = dict[str, Any]

HEADLINE_2023 = ("csam_reports_prosecuted", "2023-01-01/P1Y")
SUSPECTS_PROSECUTED = ("suspects_prosecuted_of_concluded_published", "2003-10-01/P10Y")
DEFENDANTS_PER_US_REPORT = ("federal_defendants_per_us_report", "2023-01-01/P1Y")

#: the axes of comparability that are codes -> the reason that a disagreement must leave
REASON_OF_AXIS = {
    "ref_area": "ref_area_mismatch",
    "unit_of_count": "unit_of_count_mismatch",
    "offense_scope": "offense_scope_mismatch",
    "jurisdiction": "jurisdiction_mismatch",
    "pathway": "pathway_mismatch",
    "statistical_population": "population_mismatch",
}


class Release:
    """A database attached under the name `release`, without USE."""

    def __init__(self, path: Path) -> None:
        self.con = duckdb.connect()
        self.con.execute(f"ATTACH '{path}' AS release (READ_ONLY)")

    def rows(self, query: str) -> list[Row]:
        found = self.con.sql(query)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def only(self, query: str) -> Row:
        (row,) = self.rows(query)
        return row

    def explain(self, rate_id: str, time_period: str, cell_no: int = 1) -> list[str]:
        """The sentences of one cell, by the macro (which needs USE)."""
        self.con.execute("USE release")
        try:
            rows = self.rows(f"FROM explain('{rate_id}', '{time_period}')")
        finally:
            self.con.execute("USE memory")
        assert {(row["rate_id"], row["time_period"]) for row in rows} == {(rate_id, time_period)}
        sentences = [row for row in rows if row["cell_no"] == cell_no]
        assert [row["sentence_no"] for row in sentences] == list(range(1, len(sentences) + 1))
        return [row["sentence"] for row in sentences]


def read_catalogue(name: str) -> list[Row]:
    with (PROJECT / "catalog" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_figures() -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted((PROJECT / "figures").glob("*.csv"))}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("embedded")
    (folder / "observations").mkdir()
    for source_id, frame in read_figures().items():
        conform(frame, source_id).write_parquet(folder / "observations" / f"{source_id}.parquet")
    texts = [field.name for field in fields(Source)]
    sources = [{**{name: getattr(source, name) for name in texts}, "is_stale": False, "state": "current"} for source in load_sources()]
    facts = {"sources": sources, "policy_events": read_catalogue("policy_events"), "conflicts": read_catalogue("conflicts")}
    build_database(folder / "observations", RATES, folder / "release.duckdb", facts=ReleaseFacts(tables=facts))
    return Release(folder / "release.duckdb")


# --- every view, without USE ---------------------------------------------------------------------------------------------------


def test_every_view_answers_on_an_attached_file(release: Release) -> None:
    views = [row["view_name"] for row in release.rows("SELECT view_name FROM duckdb_views() WHERE database_name = 'release'")]
    promised = {
        "observations", "observations_current", "revisions", "prosecution_rates", "computable_rates", "published_percentages",
        "coverage", "data_requests", "comparability", "bounds", "explanations", "question_1_share_prosecuted",
        "question_2_reports_per_year", "question_3_federal_and_state", "question_4_declinations", "question_5_resources_and_outputs",
        "question_6_law_and_technology",
    }
    assert promised <= set(views)
    for view in views:
        counted = release.only(f"SELECT count(*) AS n FROM release.{view}")["n"]
        assert counted > 0 or view == "revisions", view


def test_observations_have_the_columns_of_the_schema(release: Release) -> None:
    described = release.rows("DESCRIBE release.observations")
    assert [row["column_name"] for row in described] == [column.name for column in COLUMNS]
    types = {"text": "VARCHAR", "date": "DATE", "number": "DOUBLE", "whole number": "INTEGER"}
    assert [row["column_type"] for row in described] == [types[column.content] for column in COLUMNS]
    current = [row["column_name"] for row in release.rows("DESCRIBE release.observations_current")]
    assert current == [*(column.name for column in COLUMNS), "series_id"]


def test_no_figure_is_lost_and_no_date_invented(release: Release) -> None:
    figures = pl.concat(
        [conform(frame, source_id).with_columns(source_id=pl.lit(source_id)) for source_id, frame in read_figures().items()]
    )
    counted = release.only("SELECT count(*) AS n, count(published_on) AS dated, sum(obs_value) AS total FROM release.observations")
    assert counted["n"] == figures.height
    assert counted["dated"] == figures["published_on"].count()
    assert counted["total"] == pytest.approx(figures["obs_value"].sum())
    current = release.only("SELECT count(*) AS n FROM release.observations_current")["n"]
    assert current == figures.unique([*SERIES_DIMENSIONS, "period_start", "period_end"]).height


# --- rates and what is missing -------------------------------------------------------------------------------------------------


def test_rates_are_told_apart_by_what_they_are(release: Release) -> None:
    counted = release.only(
        """SELECT
            (SELECT count(*) FROM release.matched_periods WHERE rate_kind = 'prosecution')
            = (SELECT count(*) FROM release.prosecution_rates) AS prosecution,
            (SELECT count(*) FROM release.matched_periods WHERE len(null_reasons) = 0)
            = (SELECT count(rate) FROM release.computable_rates) AS computable,
            (SELECT count(*) FROM release.computable_rates WHERE rate IS NULL) AS computable_null,
            (SELECT count(*) FROM release.prosecution_rates WHERE rate IS NULL) AS prosecution_null"""
    )
    assert counted["prosecution"]
    assert counted["computable"]
    assert counted["computable_null"] == 0
    assert counted["prosecution_null"] > 0


def test_printed_percentages_are_all_there_with_and_without_a_base(release: Release) -> None:
    figures = pl.concat([frame.with_columns(source_id=pl.lit(name)) for name, frame in read_figures().items()], how="diagonal")
    percentages = figures.filter(pl.col("unit_measure") == "percent").unique([*SERIES_DIMENSIONS, "time_period"])
    assert release.only("SELECT count(*) AS n FROM release.published_percentages")["n"] == percentages.height

    prosecuted = release.only(
        "FROM release.published_percentages WHERE source_id = 'bjs_csec' AND measure = 'suspects_prosecuted' AND breakdown = ''"
    )
    assert (prosecuted["obs_value"], prosecuted["base_value"], prosecuted["time_period"]) == (60, 36080, "2003-10-01/P10Y")
    assert prosecuted["is_rate"]
    assert prosecuted["rate_ids"] == ["suspects_prosecuted_of_concluded_published"]
    assert (prosecuted["rate_low"], prosecuted["rate_high"]) == pytest.approx((0.595, 0.605))

    almost_six_in_ten = release.only(
        """FROM release.published_percentages
        WHERE source_id = 'bjs_child_sex_exploitation' AND measure = 'suspects_prosecuted' AND breakdown = ''
            AND period_end = '2006-09-30'"""
    )
    assert almost_six_in_ten["base_value"] is None
    assert not almost_six_in_ten["is_rate"]
    assert almost_six_in_ten["null_reasons"] == ["denominator_missing", "numerator_not_exact"]


def test_coverage_counts_every_row_once(release: Release) -> None:
    totals = release.only("SELECT sum(row_count) AS n, sum(rate_count) AS rates FROM release.coverage")
    matched = release.only("SELECT count(*) AS n, count(rate) AS rates FROM release.matched_periods")
    assert totals == matched
    headline = release.only("FROM release.coverage WHERE rate_id = 'csam_reports_prosecuted' AND year_label = 'CY2023'")
    assert (headline["row_count"], headline["rate_count"], headline["null_reasons"]) == (2, 0, ["numerator_not_collected"])
    fiscal = release.rows("FROM release.coverage WHERE rate_id = 'federal_defendants_per_us_report' AND year_label = 'FY2023'")
    assert [(row["period_start"], row["period_end"]) for row in fiscal] == [(date(2022, 10, 1), date(2023, 9, 30))]


def test_every_null_row_asks_for_something_somebody_holds(release: Release) -> None:
    asked = release.only(
        """SELECT count(*) AS n, count(request) AS requests, count(held_by) AS holders,
            count(*) FILTER (WHERE missing_side = 'neither') AS idle FROM release.data_requests"""
    )
    unanswered = release.only("SELECT count(*) AS n FROM release.matched_periods WHERE rate IS NULL")["n"]
    assert asked == {"n": unanswered, "requests": unanswered, "holders": unanswered, "idle": 0}


def test_the_smallest_missing_thing_is_named(release: Release) -> None:
    headline = release.only(
        """FROM release.data_requests
        WHERE rate_id = 'csam_reports_prosecuted' AND time_period = '2023-01-01/P1Y' AND cell_no = 1"""
    )
    assert headline["missing_side"] == "numerator"
    assert headline["request"] == (
        "A count of how many of the 36,210,368 reports that reached the clearinghouse, worldwide, for the calendar year 2023, "
        "led to a prosecution."
    )
    assert headline["held_by"] == "NCMEC; police, prosecutors and courts of every country"
    assert headline["needs_linkage"]
    assert headline["publication"] is None
    assert headline["law"].startswith("18 U.S.C. 2258A")

    counts = release.only("FROM release.data_requests WHERE rate_id = 'suspects_prosecuted_of_concluded'")
    assert counts["request"] == (
        "A count of how many of the 36,080 suspects in all matters that US attorneys concluded, in the United States (federal), classed as "
        '"Commercial sexual exploitation of children by lead charge, 2004 to 2013", for the fiscal years 2004 to 2013 '
        "(October 2003 to September 2013), were prosecuted."
    )
    assert (counts["missing_side"], counts["held_by"], counts["needs_linkage"]) == ("numerator", "EOUSA", False)

    states = release.rows(
        "FROM release.data_requests WHERE rate_id = 'federal_share_of_all_charges' AND time_period = '2005-10-01/P1Y'"
    )
    assert {row["missing_side"] for row in states} == {"denominator"}
    assert {row["held_by"] for row in states} == {"police, prosecutors and courts of the states"}
    assert all("34 U.S.C. 21116" in row["law"] for row in states)

    base = release.only(
        """FROM release.data_requests
        WHERE rate_id = 'suspects_declined_of_concluded_published' AND time_period = '2005-10-01/P1Y'"""
    )
    assert (base["missing_side"], base["held_by"]) == ("denominator", "EOUSA")
    assert base["request"] == "The base of the printed percentage: the number that it is a share of."
    assert base["publication"].startswith("Bureau of Justice Statistics: ")


# --- which series fit together -------------------------------------------------------------------------------------------------


def test_pairs_of_series_are_compared_once_on_every_axis(release: Release) -> None:
    series = release.only("SELECT count(*) AS n FROM release.series WHERE unit_measure = 'count' AND breakdown = ''")["n"]
    shape = release.only(
        """SELECT count(*) AS n, count(DISTINCT axis) AS axes, count(agrees) AS judged,
            count(DISTINCT (first_series_id, second_series_id)) AS pairs,
            count(*) FILTER (WHERE first_series_id >= second_series_id) AS twice FROM release.comparability"""
    )
    pairs = series * (series - 1) // 2
    assert shape == {"n": 7 * pairs, "axes": 7, "judged": 7 * pairs, "pairs": pairs, "twice": 0}


def test_comparability_judges_like_the_matching(release: Release) -> None:
    judged = release.rows(
        """SELECT compared.axis, compared.agrees, matched.null_reasons, matched.rate IS NOT NULL AS has_rate
        FROM release.matched_periods AS matched
        JOIN release.rates ON matched.rate_id = rates.rate_id AND len(rates.varies) = 0
        JOIN release.comparability AS compared
            ON compared.first_series_id = least(matched.numerator_series_id, matched.denominator_series_id)
            AND compared.second_series_id = greatest(matched.numerator_series_id, matched.denominator_series_id)
        WHERE matched.numerator IS NOT NULL AND matched.denominator IS NOT NULL"""
    )
    assert len(judged) > 1000
    for row in judged:
        if row["axis"] in REASON_OF_AXIS:
            assert row["agrees"] == (REASON_OF_AXIS[row["axis"]] not in row["null_reasons"]), row
        elif "period_mismatch" not in row["null_reasons"]:
            assert row["agrees"], row


def test_a_calendar_year_agrees_with_no_fiscal_year(release: Release) -> None:
    row = release.only(
        """FROM release.comparability
        WHERE axis = 'period'
            AND 'doj_project_safe_childhood' IN (first_source_id, second_source_id)
            AND 'ncmec_reports_by_state' IN (first_source_id, second_source_id)
            AND 'cases_filed' IN (first_measure, second_measure)
            AND (first_series_id IN (SELECT series_id FROM release.series WHERE ref_area = 'US')
                AND second_series_id IN (SELECT series_id FROM release.series WHERE ref_area = 'US'))"""
    )
    assert (row["agrees"], row["shared_periods"]) == (False, 0)


# --- bounds ---------------------------------------------------------------------------------------------------------------------


def test_fiscal_years_bound_the_calendar_years_between_them(release: Release) -> None:
    """1,616, 1,558, 1,593 and 1,409 individuals were sentenced under the guideline in fiscal years 2014 to 2017."""
    windows = release.rows(
        """FROM release.bounds
        WHERE bound_kind = 'years_bound_calendar_years' AND source_id = 'ussc_individual_datafiles'
            AND breakdown = 'guideline=child_pornography' ORDER BY years, period_start"""
    )
    assert [(row["period_start"].year, row["period_end"].year, row["lower_bound"], row["upper_bound"]) for row in windows] == [
        (2014, 2014, 0, 1616 + 1558),
        (2015, 2015, 0, 1558 + 1593),
        (2016, 2016, 0, 1593 + 1409),
        (2014, 2015, 1558, 1616 + 1558 + 1593),
        (2015, 2016, 1593, 1558 + 1593 + 1409),
        (2014, 2016, 1558 + 1593, 1616 + 1558 + 1593 + 1409),
    ]
    assert all(row["assumptions"] == [] for row in windows)


def test_bounds_are_no_rates(release: Release) -> None:
    columns = {row["column_name"] for row in release.rows("DESCRIBE release.bounds")}
    assert not columns & {"rate", "value", "obs_value", "point", "estimate", "midpoint"}
    wrong = release.rows(
        "FROM release.bounds WHERE lower_bound > upper_bound OR lower_bound < 0 OR assumptions IS NULL OR explanation IS NULL"
    )
    assert wrong == []


def test_a_unit_mismatch_bounds_nothing(release: Release) -> None:
    shares = release.rows("FROM release.bounds WHERE bounds_what = 'share'")
    assert {(row["lower_bound"], row["upper_bound"]) for row in shares} == {(0, 1)}
    mismatched = release.only(
        "SELECT count(*) AS n FROM release.matched_periods WHERE list_contains(null_reasons, 'unit_of_count_mismatch')"
    )["n"]
    assert sum(row["bound_kind"] == "unit_mismatch_bounds_nothing" for row in shares) == mismatched
    assert any(row["rate_id"] == "csam_reports_prosecuted" and row["period_start"] == date(2023, 1, 1) for row in shares)


def test_more_than_is_a_lower_bound_and_the_federal_part_too(release: Release) -> None:
    arrests = release.only(
        """FROM release.bounds
        WHERE bounds_what = 'count' AND source_id = 'ojjdp_icac_program' AND measure = 'arrests' AND period_end = '2024-09-30'"""
    )
    assert (arrests["bound_kind"], arrests["lower_bound"], arrests["upper_bound"]) == ("published_as_bound", 12600, None)
    federal = release.only("FROM release.bounds WHERE bound_kind = 'federal_part_bounds_whole' AND lower_bound = 2776")
    assert (federal["jurisdiction"], federal["upper_bound"], federal["period_end"]) == ("us_all", None, date(2013, 9, 30))
    assert federal["assumptions"] == ["what the states add is not less than nothing"]


# --- the six questions ------------------------------------------------------------------------------------------------------------


def test_question_1_shows_the_headline_and_its_neighbours(release: Release) -> None:
    rows = release.rows("FROM release.question_1_share_prosecuted")
    headline = [row for row in rows if row["role"] == "headline"]
    assert {row["rate_id"] for row in headline} == {"csam_reports_prosecuted", "csam_reports_prosecuted_newest_year"}
    assert all(row["prosecution_rate"] is None and row["why_null"] for row in headline)
    assert all(row["prosecution_rate"] is None for row in rows if row["role"] == "built instead")
    real = [(row["rate_id"], row["prosecution_rate"], row["denominator_figure"]) for row in rows if row["prosecution_rate"] is not None]
    assert real == [("suspects_prosecuted_of_concluded_published", 0.6, "36,080")]


def reports_of_the_world(release: Release) -> dict[int, Row]:
    rows = release.rows(
        """FROM release.question_2_reports_per_year
        WHERE source_id = 'ncmec_ojjdp_transparency' AND ref_area = 'WORLD' AND breakdown = ''"""
    )
    return {row["calendar_year"]: row for row in rows}


def test_question_2_gives_the_series_from_1998_to_2024(release: Release) -> None:
    years = reports_of_the_world(release)
    assert sorted(years) == list(range(1998, 2025))
    printed = {1998: 4560, 1999: 9668, 2015: 4403657, 2016: 8297923, 2019: 16987361, 2020: 21751085, 2023: 36210368, 2024: 20512803}
    assert {year: years[year]["reports"] for year in printed} == printed
    assert {year: round(years[year]["pct_change"], 1) for year in (2016, 2017, 2018, 2019, 2020, 2021)} == {
        2016: 88.4, 2017: 23.1, 2018: 80.7, 2019: -8.0, 2020: 28.0, 2021: 35.2,
    }
    assert years[2021]["change"] == 29397681 - 21751085


def test_question_2_states_no_change_across_a_break_or_a_part_of_a_year(release: Release) -> None:
    years = reports_of_the_world(release)
    bundled = years[2024]
    assert (bundled["change"], bundled["pct_change"]) == (None, None)
    assert bundled["reports_previous_year"] == 36210368
    assert bundled["why_no_change"] == ["series_break"]
    assert "bundling" in bundled["breaks_between"]
    assert "2024-01-01: From 2024 several reports" in bundled["breaks_in_words"]
    assert years[1999]["why_no_change"] == ["part_of_a_year"]
    assert years[1998]["why_no_change"] == ["no_figure_for_previous_year", "part_of_a_year"]
    every = release.rows("FROM release.changes WHERE change_kind = 'year'")
    assert all((row["change"] is None) == (len(row["why_no_change"]) > 0) for row in every)
    with BREAKS.open(encoding="utf-8", newline="") as lines:
        misleading = {row["break_id"] for row in csv.DictReader(lines) if row["breaks_change"] == "true"}
    assert {name for row in every for name in row["breaks_between"]} <= misleading


def test_question_3_shows_the_federal_side_alone(release: Release) -> None:
    rows = release.rows("FROM release.question_3_federal_and_state")
    assert all(row["federal_share"] is None and row["state_count"] is None and row["null_reasons"] for row in rows)
    charged = {(row["federal_source_id"], row["time_period"], row["federal_count"]) for row in rows}
    assert {
        ("bjs_csec", "2003-10-01/P1Y", 1405), ("bjs_csec", "2012-10-01/P1Y", 2776),
        ("doj_project_safe_childhood", "2005-10-01/P1Y", 1760), ("ussc_individual_datafiles", "2013-10-01/P1Y", 1616),
    } <= charged
    assert {row["state_obs_status"] for row in rows if row["rate_id"] == "federal_share_of_all_charges"} == {"L"}


def test_question_4_keeps_transfers_apart(release: Release) -> None:
    rows = release.rows("FROM release.question_4_declinations")
    undivided = {(row["source_id"], row["time_period"]): row for row in rows if row["reason"] == "every reason"}
    assert undivided["bjs_csec", "2003-10-01/P10Y"]["obs_value"] == 36
    assert undivided["bjs_csec", "2003-10-01/P10Y"]["base_value"] == 36080
    assert undivided["bjs_child_sex_exploitation", "2005-10-01/P1Y"]["obs_value"] == 39
    assert {row["is_transfer"] for row in undivided.values()} == {None}
    coded = {row["reason_code"]: row for row in rows if row["reason_code"]}
    assert coded["SPOA"]["reason"] == "Other authorities are to prosecute the suspect"
    assert coded["SPOA"]["is_transfer"]
    assert not coded["WKEV"]["is_transfer"]
    assert coded["WKEV"]["obs_value"] is None
    evidence = [row for row in rows if row["reason"] == "insufficient evidence"]
    assert [(row["obs_value"], row["value_qualifier"], row["is_transfer"]) for row in evidence] == [(67, "approx", False)]


def test_question_5_puts_money_beside_results_without_a_causal_number(release: Release) -> None:
    rows = release.rows("FROM release.question_5_resources_and_outputs")
    program = {
        (row["fiscal_year"], row["output_measure"]): (row["funding_usd"], row["output"], row["output_qualifier"])
        for row in rows
        if row["is_same_program"]
    }
    assert program[2024, "arrests"] == (39900000, 12600, "gt")
    assert program[2024, "investigations_opened"] == (39900000, 203467, "approx")
    assert program[2023, "arrests"] == (40800000, 10800, "gt")
    assert {row["effect_of_funding"] for row in rows} == {None}
    assert any(row["fiscal_year"] == 2022 and row["output_source_id"] == "hsi_annual_reports" and row["output"] == 4459 for row in rows)


def test_question_6_puts_every_event_and_break_on_the_timeline(release: Release) -> None:
    rows = release.rows("FROM release.question_6_law_and_technology")
    for kind, table, key in (("event", "policy_events", "event_id"), ("break", "breaks", "break_id")):
        listed = {row[key] for row in release.rows(f"FROM release.{table}")}
        assert {row["entry_id"] for row in rows if row["entry_kind"] == kind} == listed
    assert {row["pct_change"] for row in rows} == {None}
    assert all(row["why_no_change"] for row in rows)
    breaks = {
        (row["entry_id"], row["breakdown"]): (row["period_before"], row["value_before"], row["value_after"])
        for row in rows
        if row["entry_kind"] == "break" and row["source_id"] == "ncmec_ojjdp_transparency" and row["ref_area"] == "WORLD"
    }
    assert breaks["bundling", ""] == ("2023-01-01/P1Y", 36210368, 20512803)
    assert breaks["report_act", "incident_type=online_enticement"] == ("2023-01-01/P1Y", 186819, None)


# --- explanations ------------------------------------------------------------------------------------------------------------------


def test_the_headline_is_explained(release: Release) -> None:
    opening, above, below, reason, needed = release.explain(*HEADLINE_2023)
    assert opening == (
        "For the calendar year 2023 no percentage can be given in answer to "
        '"What share of the reports made to the CyberTipline ends in a prosecution?": one reason stands against it.'
    )
    assert above == (
        "Above the line belongs the number of reports that ended in a prosecution, worldwide, for the calendar year 2023; nobody collects "
        "it. Note on the figure: Exists in case files; no body collects which reports led to a prosecution."
    )
    assert below == (
        "Below the line: 36,210,368 reports that reached the clearinghouse, worldwide, for the calendar year 2023. Counted from the "
        'records of NCMEC, published by NCMEC, for OJJDP: "Transparency report to the Committees on Appropriations".'
    )
    assert reason == sentence_of("numerator_not_collected")
    assert needed == (
        "What would be needed: a count of how many of the 36,210,368 reports that reached the clearinghouse, worldwide, for the calendar "
        "year 2023, led to a prosecution. Held by: NCMEC; police, prosecutors and courts of every country. The records would have to be "
        "linked from the one to the other. On the law: 18 U.S.C. 2258A has reports made available to law enforcement; no publication "
        "gathered here says what became of each."
    )
    assert "1,621,937 reports" in release.explain(*HEADLINE_2023, cell_no=2)[2]


def test_a_rate_that_stands_is_explained_with_its_base_and_what_it_is_not(release: Release) -> None:
    opening, counted, basis = release.explain(*SUSPECTS_PROSECUTED)
    assert opening == (
        '"What share of the suspects in concluded matters was prosecuted, as the Bureau of Justice Statistics prints it?" For the fiscal '
        "years 2004 to 2013 (October 2003 to September 2013) the answer is 60 percent of 36,080, as the publisher prints it; rounded as it "
        "is, it may stand for anything from 59.5 to 60.5 percent."
    )
    assert "as a share of 36,080 suspects in matters that US attorneys concluded in the period" in counted
    assert "Counted from the records of EOUSA, published by Bureau of Justice Statistics" in counted
    assert basis.startswith("The percentage is the publisher's own")
    assert "says nothing about what becomes of reports. Not counted here: state cases." in basis


def test_a_computed_rate_shows_both_counts(release: Release) -> None:
    opening, above, below, basis = release.explain("child_sex_exploitation_share_of_suspects_prosecuted", "2005-10-01/P1Y")
    assert opening.endswith("For the fiscal year 2006 (October 2005 to September 2006) the answer is 2.45 percent: 2,039 of 83,148.")
    assert above.startswith("Above the line: 2,039 suspects in concluded matters who were prosecuted in district court")
    assert below.startswith("Below the line: 83,148 suspects in concluded matters who were prosecuted in district court")
    assert basis.startswith("Both are exact published counts, and the first lies within the second: they differ only in offense scope.")


def sentence_of(code: str) -> str:
    return str(next(row["sentence"] for row in read_catalogue("null_reasons") if row["code"] == code))


def test_every_difference_is_named_with_the_codes_of_both_sides(release: Release) -> None:
    sentences = release.explain(*DEFENDANTS_PER_US_REPORT)
    assert sentences[0].endswith('resolve to the United States ends in a federal charge?": 7 reasons stand against it.')
    assert sentences[1].startswith(
        'Above the line: 514 defendants in newly filed cases (charged or indicted), pathway "Received, distributed or possessed", in the '
        'United States (federal), classed as "18 USC 2252A leads the charges", for the fiscal year 2023 (October 2022 to September 2023). '
        "Counted from the records of EOUSA, published by TRAC"
    )
    assert sentences[2].startswith('Below the line: 1,621,937 reports that reached the clearinghouse (only "user location: us"), in the ')
    in_this_case = {
        "period_mismatch": "the fiscal year 2023 (October 2022 to September 2023) above the line, the calendar year 2023 below it, with "
        "273 days in common.",
        "unit_of_count_mismatch": "defendants in cases (defendant_in_case) above the line, reports (report) below it.",
        "offense_scope_mismatch": '"18 USC 2252A leads the charges" (usc18_2252a_lead_charge) above the line, "Categories of CyberTipline '
        'reports" (cybertipline_incident_types) below it.',
        "jurisdiction_mismatch": '"United States, federal" (us_federal) above the line, "United States, every level" (us_all) below it.',
        "pathway_mismatch": '"Received, distributed or possessed" (non_production) above the line, "Every pathway" (any) below it.',
        "population_mismatch": '"Cases US attorneys filed, or the defendants in them" (usao_cases_filed) above the line, "All reports '
        'made to the CyberTipline" (cybertipline_reports) below it.',
        "breakdown_mismatch": "the total above the line, user_location=us below it.",
    }
    assert sentences[3:-1] == [f"{sentence_of(code)} In this case: {words}" for code, words in in_this_case.items()]
    assert sentences[-1].startswith("What would be needed: a count of how many of the 1,621,937 reports")


def test_every_row_is_explained_and_no_sentence_is_empty(release: Release) -> None:
    wrong = release.rows("FROM release.explanations WHERE sentence IS NULL OR NOT ends_with(sentence, '.') OR contains(sentence, '..')")
    assert wrong == []
    cells = release.only("SELECT count(*) AS n FROM (SELECT DISTINCT rate_id, time_period, cell_no FROM release.matched_periods_in_words)")
    assert release.only("SELECT count(*) AS n FROM release.explanations WHERE sentence_no = 1") == cells
    reasons = release.rows(
        """SELECT words.rate_id FROM release.matched_periods_in_words AS words
        JOIN (SELECT rate_id, time_period, cell_no, count(*) AS sentences FROM release.explanations GROUP BY ALL) AS told
            USING (rate_id, time_period, cell_no)
        WHERE words.rate IS NULL AND told.sentences < len(words.null_reasons) + 3"""
    )
    assert reasons == []


def test_a_cell_that_is_not_there_is_said_not_to_be_there(release: Release) -> None:
    release.con.execute("USE release")
    try:
        (row,) = release.rows("FROM explain('csam_reports_prosecuted', '2023')")
    finally:
        release.con.execute("USE memory")
    assert row["sentence"] == (
        "The matched-period table has no row for the rate csam_reports_prosecuted and the period 2023: see coverage for the rates and "
        "periods it has."
    )


# --- what the embedded figures do not contain: a synthetic database -------------------------------------------------------------------

SYNTHETIC: Mapping[str, Any] = {
    "ref_area": "US",
    "unit_of_count": "suspect_in_matter",
    "unit_measure": "count",
    "offense_scope": "bjs_csec",
    "jurisdiction": "us_federal",
    "pathway": "any",
    "statistical_population": "usao_matters_concluded",
    "breakdown": "",
    "value_qualifier": "exact",
    "obs_status": "A",
    "evidence": "publication",
    "source_locator": "synthetic",
}
CONCLUDED, PROSECUTED, DECLINED = "suspects_in_matters_concluded", "suspects_prosecuted", "suspects_declined"

SYNTHETIC_RATES = """
[rates.synthetic_prosecuted]
kind = "prosecution"
question = "What share is prosecuted?"
[rates.synthetic_prosecuted.numerator]
source_id = ["synthetic_months", "synthetic_withheld", "synthetic_broken"]
measure = "suspects_prosecuted"
[rates.synthetic_prosecuted.denominator]
source_id = "synthetic_base"
measure = "suspects_in_matters_concluded"

[rates.synthetic_declined]
kind = "declination"
question = "What share is declined?"
[rates.synthetic_declined.numerator]
source_id = "synthetic_contradiction"
measure = "suspects_declined"
[rates.synthetic_declined.denominator]
source_id = "synthetic_base"
measure = "suspects_in_matters_concluded"
"""

SYNTHETIC_BREAKS = f"""break_id,date,breaks_rate,breaks_change,{",".join(SERIES_DIMENSIONS)},description,url
synthetic_rule,2020-06-01,true,true,synthetic_broken,,,,,,,,,,Synthetic rule.,
synthetic_year,2018-06-01,true,true,synthetic_split_years,,,,,,,,,,Synthetic year.,
"""


def figure(source_id: str, measure: str, time_period: str, value: float | None, **others: object) -> Row:
    return {**SYNTHETIC, "source_id": source_id, "measure": measure, "time_period": time_period, "obs_value": value, **others}


def synthetic_truth() -> list[int]:
    """Monthly counts from October 2015 to September 2021, six fiscal years."""
    draw = random.Random(20151001)
    return [draw.choice((0, draw.randrange(5), draw.randrange(400))) for _ in range(72)]


def synthetic_figures() -> Iterable[Row]:
    yield figure("synthetic_base", CONCLUDED, "2020-01-01/P1Y", 3000)
    for month in range(1, 13):
        yield figure("synthetic_months", PROSECUTED, f"2020-{month:02}-01/P1M", 100)
    yield figure("synthetic_withheld", PROSECUTED, "2020-01-01/P1Y", None, obs_status="Q")
    yield figure("synthetic_broken", PROSECUTED, "2020-01-01/P1Y", 700)
    yield figure("synthetic_contradiction", DECLINED, "2020-01-01/P1Y", 500)
    yield figure("synthetic_contradiction", DECLINED, "2020-01-01/P6M", 200)
    yield figure("synthetic_contradiction", DECLINED, "2020-07-01/P6M", 200)
    truth = synthetic_truth()
    for source_id in ("synthetic_years", "synthetic_split_years"):
        for year in range(6):
            yield figure(source_id, "suspects_referred", f"{2015 + year}-10-01/P1Y", sum(truth[12 * year:12 * year + 12]))
    for measure in (PROSECUTED, DECLINED):
        yield figure("synthetic_unknown", measure, "2020-01-01/P1Y", 1, pathway="unknown")
    for edition, value in (("2020-05", 50), ("2021-05", 60), ("2022-05", 50)):
        yield figure("synthetic_revised", PROSECUTED, "2019-01-01/P1Y", value, published_on=edition)
    for edition, value in (("2020-05", 80), ("2021-05", 100)):
        yield figure("synthetic_revised", PROSECUTED, "2018-01-01/P1Y", value, published_on=edition)
    for edition, evidence in (("2020-05", "quotation"), ("2020-05", "publication")):
        yield figure("synthetic_revised", PROSECUTED, "2017-01-01/P1Y", 70, published_on=edition, evidence=evidence)
    yield figure("synthetic_revised", PROSECUTED, "2016-01-01/P1Y", None, obs_status="Q", published_on="2019")
    yield figure("synthetic_revised", PROSECUTED, "2016-01-01/P1Y", 5, published_on="2020")
    yield figure("synthetic_revised", PROSECUTED, "2015-01-01/P1Y", 40, value_qualifier="gt", published_on="2019")
    yield figure("synthetic_revised", PROSECUTED, "2015-01-01/P1Y", 44, published_on="2020")


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("synthetic")
    (folder / "observations").mkdir()
    rows: dict[str, list[Row]] = {}
    for row in synthetic_figures():
        rows.setdefault(row["source_id"], []).append(row)
    for source_id, figures in rows.items():
        conform(pl.DataFrame(figures, infer_schema_length=None), source_id).write_parquet(folder / "observations" / f"{source_id}.parquet")
    (folder / "rates.toml").write_text(SYNTHETIC_RATES, encoding="utf-8")
    (folder / "breaks.csv").write_text(SYNTHETIC_BREAKS, encoding="utf-8")
    build_database(folder / "observations", folder / "rates.toml", folder / "synthetic.duckdb", breaks=folder / "breaks.csv")
    return Release(folder / "synthetic.duckdb")


def test_revisions_show_the_first_and_the_latest_edition(synthetic: Release) -> None:
    rows = {row["period_start"].year: row for row in synthetic.rows("FROM release.revisions")}
    assert sorted(rows) == [2015, 2016, 2018, 2019]
    shown = {
        year: (row["editions"], row["first_value"], row["latest_value"], row["change"], row["pct_change"]) for year, row in rows.items()
    }
    assert shown == {
        2015: (2, 40, 44, None, None),
        2016: (2, None, 5, None, None),
        2018: (2, 80, 100, 20, 25),
        2019: (3, 50, 50, 0, 0),
    }
    assert (rows[2018]["first_published_on"], rows[2018]["latest_published_on"]) == ("2020-05", "2021-05")
    assert (rows[2016]["first_status"], rows[2016]["latest_status"]) == ("Q", "A")


def test_bounds_hold_whatever_the_months_were(synthetic: Release) -> None:
    truth = synthetic_truth()
    windows = synthetic.rows(
        "FROM release.bounds WHERE source_id = 'synthetic_years' AND bound_kind = 'years_bound_calendar_years'"
    )
    assert {(row["period_start"].year, row["period_end"].year) for row in windows} == {
        (first, last) for first in range(2016, 2021) for last in range(first, 2021)
    }
    for row in windows:
        start = 12 * (row["period_start"].year - 2015) - 9
        counted = sum(truth[start:start + 12 * row["years"]])
        assert row["lower_bound"] <= counted <= row["upper_bound"], row


def test_no_bound_is_drawn_across_a_break(synthetic: Release) -> None:
    windows = synthetic.rows("FROM release.bounds WHERE source_id = 'synthetic_split_years'")
    years = {(row["period_start"].year, row["period_end"].year) for row in windows}
    assert years == {(2016, 2016), (2019, 2019), (2020, 2020), (2019, 2020)}


def test_months_are_comparable_with_the_year_they_make_up(synthetic: Release) -> None:
    def compare(one: str, other: str) -> Row:
        return synthetic.only(
            f"""FROM release.comparability
            WHERE axis = 'period' AND '{one}' IN (first_source_id, second_source_id) AND '{other}' IN (first_source_id, second_source_id)"""
        )

    year = compare("synthetic_months", "synthetic_base")
    assert (year["agrees"], year["shared_periods"]) == (True, 1)
    assert not compare("synthetic_months", "synthetic_years")["agrees"]


def test_unknown_agrees_with_nothing(synthetic: Release) -> None:
    row = synthetic.only(
        """FROM release.comparability
        WHERE axis = 'pathway' AND first_source_id = 'synthetic_unknown' AND second_source_id = 'synthetic_unknown'"""
    )
    assert (row["first_code"], row["second_code"], row["agrees"]) == ("unknown", "unknown", False)


def cell_of(synthetic: Release, source_id: str) -> list[str]:
    row = synthetic.only(
        f"""SELECT rate_id, time_period, cell_no FROM release.matched_periods_in_words
        WHERE numerator_source_id = '{source_id}' AND time_period = '2020-01-01/P1Y'"""
    )
    return synthetic.explain(row["rate_id"], row["time_period"], row["cell_no"])


def test_a_sum_of_months_is_said_to_be_one(synthetic: Release) -> None:
    opening, above, below, basis = cell_of(synthetic, "synthetic_months")
    assert opening == '"What share is prosecuted?" For the calendar year 2020 the answer is 40 percent: 1,200 of 3,000.'
    assert ", for the calendar year 2020, added up from shorter periods that fill it exactly. " in above
    assert above.endswith("Counted from the records of EOUSA, published by synthetic_months.")
    assert below.startswith("Below the line: 3,000 suspects in all matters that US attorneys concluded")
    assert basis.startswith("Both are exact published counts that agree in period, area, unit, offenses, authorities, pathway and ")


def test_a_withheld_number_is_asked_of_its_publisher(synthetic: Release) -> None:
    sentences = cell_of(synthetic, "synthetic_withheld")
    assert "; its publisher withholds it." in sentences[1]
    assert sentences[3] == sentence_of("numerator_suppressed")
    assert sentences[-1].startswith("What would be needed: a count of how many of the 3,000 suspects")


def test_a_break_inside_the_period_is_named_and_a_recount_asked_for(synthetic: Release) -> None:
    sentences = cell_of(synthetic, "synthetic_broken")
    assert sentences[3] == f"{sentence_of('series_break')} In this case: 2020-06-01: Synthetic rule."
    assert sentences[-1].startswith("What would be needed: a recount under one rule of suspects in concluded matters who were prosecuted")


def test_contradicting_figures_ask_for_a_word_of_the_publisher(synthetic: Release) -> None:
    sentences = cell_of(synthetic, "synthetic_contradiction")
    assert sentences[3] == sentence_of("source_conflict")
    assert sentences[-1].startswith("What would be needed: a correction by the publisher")
