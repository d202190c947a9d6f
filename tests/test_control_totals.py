"""Control totals: what is declared, that it covers the identities of the publications, and that each of them can fail."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.conforming import conform
from pipelines.control_totals import (
    CONTROL_TOTALS,
    RELATIONS,
    ControlTotalError,
    ControlTotals,
    judge,
    judge_between_sources,
    load_control_totals,
    newest_editions,
    written,
)

FIGURES = Path(__file__).parent.parent / "figures"

#: control, period, edition (- where it has no date), printed total, sum of the parts, number of parts, and what is added
#: where one control judges several totals of an edition. Copied from the list of identities that was checked by hand
#: against the publications, not from the figures.
IDENTITIES = """
providers_sum_to_provider_total 2019-01-01/P1Y 2022-03-17 16836694 16836694 148
areas_sum_to_world 2019-01-01/P1Y 2022-03-17 16987361 16987361 242
providers_sum_to_provider_total 2020-01-01/P1Y 2022-03-17 21447786 21447786 168
areas_sum_to_world 2020-01-01/P1Y 2022-03-17 21751085 21751085 245
providers_sum_to_provider_total 2021-01-01/P1Y 2022-03-22 29157083 29157083 230
areas_sum_to_world 2021-01-01/P1Y 2022-03-17 29397681 29397681 245
providers_sum_to_provider_total 2022-01-01/P1Y 2023-04-28 31802525 31802525 236
areas_sum_to_world 2022-01-01/P1Y 2023-04-27 32059029 32059029 247
providers_sum_to_provider_total 2023-01-01/P1Y 2024-04-12 35944826 35944826 247
areas_sum_to_world 2023-01-01/P1Y 2024-04-12 36210368 36210368 244
incident_types_sum_to_reports 2020-01-01/P1Y 2023-04-28 21751085 21751085 8
user_locations_sum_to_reports 2020-01-01/P1Y 2023-04-28 21751085 21751085 3
reporters_sum_to_reports 2020-01-01/P1Y 2023-04-28 21751085 21751085 2
file_types_sum_to_files 2020-01-01/P1Y 2023-04-28 65465314 65465314 3
report_details_sum_to_recipient 2020-01-01/P1Y 2023-04-28 285454 285454 2
report_details_sum_to_recipient 2020-01-01/P1Y 2023-04-28 2485 2485 2
report_details_sum_to_recipient 2020-01-01/P1Y 2023-04-28 869843 869843 2
report_details_sum_to_recipient 2020-01-01/P1Y 2023-04-28 20623499 20623499 2
incident_types_sum_to_reports 2021-01-01/P1Y 2024-04-12 29397681 29397681 8
user_locations_sum_to_reports 2021-01-01/P1Y 2024-04-12 29397681 29397681 3
reporters_sum_to_reports 2021-01-01/P1Y 2024-04-12 29397681 29397681 2
file_types_sum_to_files 2021-01-01/P1Y 2024-04-12 84991735 84991735 3
report_details_sum_to_recipient 2021-01-01/P1Y 2024-04-12 407073 407073 2
report_details_sum_to_recipient 2021-01-01/P1Y 2024-04-12 1734 1734 2
report_details_sum_to_recipient 2021-01-01/P1Y 2024-04-12 1506447 1506447 2
report_details_sum_to_recipient 2021-01-01/P1Y 2024-04-12 27529929 27529929 2
incident_types_sum_to_reports 2022-01-01/P1Y 2024-04-12 32059029 32059029 8
user_locations_sum_to_reports 2022-01-01/P1Y 2024-04-12 32059029 32059029 3
reporters_sum_to_reports 2022-01-01/P1Y 2024-04-12 32059029 32059029 2
file_types_sum_to_files 2022-01-01/P1Y 2024-04-12 88377207 88377207 3
report_details_sum_to_recipient 2022-01-01/P1Y 2024-04-12 892370 892370 2
report_details_sum_to_recipient 2022-01-01/P1Y 2024-04-12 1465 1465 2
report_details_sum_to_recipient 2022-01-01/P1Y 2024-04-12 2354463 2354463 2
report_details_sum_to_recipient 2022-01-01/P1Y 2024-04-12 29005980 29005980 2
incident_types_sum_to_reports 2023-01-01/P1Y 2024-04-12 36210368 36210368 8
user_locations_sum_to_reports 2023-01-01/P1Y 2024-04-12 36210368 36210368 3
reporters_sum_to_reports 2023-01-01/P1Y 2024-04-12 36210368 36210368 2
file_types_sum_to_files 2023-01-01/P1Y 2024-04-12 105653162 105653162 3
report_details_sum_to_recipient 2023-01-01/P1Y 2024-04-12 908762 908762 2
report_details_sum_to_recipient 2023-01-01/P1Y 2024-04-12 1978 1978 2
report_details_sum_to_recipient 2023-01-01/P1Y 2024-04-12 2106300 2106300 2
report_details_sum_to_recipient 2023-01-01/P1Y 2024-04-12 33504858 33504858 2
incident_types_sum_to_reports 2024-01-01/P1Y - 20512803 20512803 8
user_locations_sum_to_reports 2024-01-01/P1Y - 20512803 20512803 3
early_incident_types_sum_to_reports 1998-03-09/1998-12-31 - 4560 4560 5
early_incident_types_sum_to_reports 2004-01-01/P1Y - 112017 112017 7
early_incident_types_sum_to_reports 2005-01-01/P1Y - 70768 70768 7
early_incident_types_sum_to_reports 2006-01-01/P1Y - 76584 76584 7
early_incident_types_sum_to_reports 2007-01-01/P1Y - 105261 105261 7
early_incident_types_sum_to_reports 2008-01-01/P1Y - 102029 102029 8
complaint_types_sum_to_complaints 2007-10-01/P1Y 2010-08 34829 34829 14
complaint_types_sum_to_complaints 2009-01-01/P6M 2010-08 18331 18331 14
states_sum_to_subtotal 2023-01-01/P1Y - 910349 910349 50
states_and_unspecified_sum_to_total 2023-01-01/P1Y - 1132270 1132270 2
half_years_tile_year 2024-01-01/P1Y 2025-09-04 2100000 2100000 2 files_received US file_type=image
half_years_tile_year 2024-01-01/P1Y 2025-09-04 170000 170000 2 files_received US file_type=other
half_years_tile_year 2024-01-01/P1Y 2025-09-04 1400000 1380000 2 files_received US file_type=video
half_years_tile_year 2024-01-01/P1Y 2025-09-04 440000 440000 2 files_received US industry_classification=A1
half_years_tile_year 2024-01-01/P1Y 2025-09-04 190000 192000 2 files_received US industry_classification=A2
half_years_tile_year 2024-01-01/P1Y 2025-09-04 640000 640000 2 files_received US industry_classification=B1
half_years_tile_year 2024-01-01/P1Y 2025-09-04 660000 660000 2 files_received US industry_classification=B2
half_years_tile_year 2024-01-01/P1Y 2025-09-04 1700000 1730000 2 files_received US industry_classification=null
half_years_tile_year 2024-01-01/P1Y 2025-09-04 900000 900000 2 reports_referred US
half_years_tile_year 2024-01-01/P1Y 2025-09-04 7600 7500 2 reports_referred US flag=esp_escalation
half_years_tile_year 2024-01-01/P1Y 2025-09-04 720000 720000 2 reports_referred US incident_type=child_pornography
half_years_tile_year 2024-01-01/P1Y 2025-09-04 600 500 2 reports_referred US incident_type=child_sex_tourism
half_years_tile_year 2024-01-01/P1Y 2025-09-04 8200 8200 2 reports_referred US incident_type=child_sex_trafficking
half_years_tile_year 2024-01-01/P1Y 2025-09-04 11000 10600 2 reports_referred US incident_type=child_sexual_molestation
half_years_tile_year 2024-01-01/P1Y 2025-09-04 1600 1600 2 reports_referred US incident_type=misleading_domain_name
half_years_tile_year 2024-01-01/P1Y 2025-09-04 2700 2800 2 reports_referred US incident_type=misleading_words_or_images
half_years_tile_year 2024-01-01/P1Y 2025-09-04 150000 146000 2 reports_referred US incident_type=online_enticement
half_years_tile_year 2024-01-01/P1Y 2025-09-04 8600 8600 2 reports_referred US incident_type=unsolicited_obscene_material
half_years_tile_year 2024-01-01/P1Y 2025-09-04 200 170 2 reports_referred US ncmec_priority=1
half_years_tile_year 2024-01-01/P1Y 2025-09-04 5100 5000 2 reports_referred US ncmec_priority=2
half_years_tile_year 2024-01-01/P1Y 2025-09-04 35000 35000 2 reports_referred US ncmec_priority=3
half_years_tile_year 2024-01-01/P1Y 2025-09-04 860000 860000 2 reports_referred US ncmec_priority=E
state_and_area_tables_agree 2023-01-01/P1Y - 1132270 1132270 1
provider_totals_agree 2020-01-01/P1Y - 21447786 21447786 1
provider_totals_agree 2021-01-01/P1Y - 29157083 29157083 1
provider_totals_agree 2022-01-01/P1Y - 31802525 31802525 1
provider_totals_agree 2023-01-01/P1Y - 35944826 35944826 1
area_totals_agree 2019-01-01/P1Y - 16987361 16987361 1
area_totals_agree 2020-01-01/P1Y - 21751085 21751085 1
area_totals_agree 2021-01-01/P1Y - 29397681 29397681 1
area_totals_agree 2022-01-01/P1Y - 32059029 32059029 1
area_totals_agree 2023-01-01/P1Y - 36210368 36210368 1
sourcebook_and_datafiles_agree 2015-10-01/P1Y - 67742 67742 1
convicted_do_not_exceed_charged 1978-01-01/1986-02-27 1986-07 255 215 1
convicted_do_not_exceed_charged 1978-01-01/1986-02-27 1986-07 100 71 1
"""


@pytest.fixture(scope="module")
def figures() -> pl.DataFrame:
    """Every embedded figure."""
    return pl.concat(conform(pl.read_csv(path, infer_schema=False), path.stem) for path in sorted(FIGURES.glob("*.csv")))


@pytest.fixture(scope="module")
def declared() -> ControlTotals:
    return load_control_totals()


@pytest.fixture(scope="module")
def judged(figures: pl.DataFrame, declared: ControlTotals) -> pl.DataFrame:
    return pl.concat([judge(figures, declared), judge_between_sources(figures, declared)])


def synthetic(*rows: dict[str, object], source_id: str = "synthetic") -> pl.DataFrame:
    """Observations made up for a test: a published count of 2020 unless a row says otherwise."""
    usual: dict[str, object] = {
        "measure": "reports_received", "ref_area": "WORLD", "time_period": "2020-01-01/P1Y", "unit_of_count": "report",
        "unit_measure": "count", "offense_scope": "cybertipline_incident_types", "jurisdiction": "worldwide", "pathway": "any",
        "statistical_population": "cybertipline_reports", "breakdown": "", "obs_value": None, "value_qualifier": "exact", "obs_status": "A",
        "published_on": "2021-05", "evidence": "publication", "source_locator": "synthetic row", "base_value": None,
    }  # fmt: skip
    return conform(
        pl.DataFrame([{key: str(value) if value is not None else None for key, value in (usual | row).items()} for row in rows]), source_id
    )


def declare(tmp_path: Path, text: str) -> ControlTotals:
    path = tmp_path / "control_totals.toml"
    path.write_text(text, encoding="utf-8")
    return load_control_totals(path)


def findings(frame: pl.DataFrame) -> list[str]:
    return frame.filter(pl.col("difference") != 0)["finding"].to_list()


# --- the figures of the project -----------------------------------------------------------------------------------------


def test_everything_declared_holds_in_the_figures(judged: pl.DataFrame) -> None:
    assert findings(judged) == []


def test_nothing_is_declared_in_vain(judged: pl.DataFrame, declared: ControlTotals) -> None:
    found = {(row["control"], row["source_id"]) for row in judged.iter_rows(named=True)}
    for control in declared.controls:
        for source in control.sources:
            assert (control.name, source) in found, f"{control.name} finds nothing to judge in {source}"
        assert any(control.name == name for name, _ in found), f"{control.name} finds nothing to judge"


def test_every_exemption_is_of_a_period_that_is_there(declared: ControlTotals, figures: pl.DataFrame) -> None:
    for control in declared.controls:
        for exempt in control.partial:
            rows = figures.filter(pl.col("source_id").is_in(control.sources) & (pl.col("time_period") == exempt.time_period))
            assert rows.height, f"{control.name} exempts {exempt.time_period}, which no figure has"


@pytest.mark.parametrize("line", IDENTITIES.strip().splitlines())
def test_an_identity_of_the_publications_is_judged(line: str, judged: pl.DataFrame) -> None:
    control, period, edition, total, parts, number, *added = line.split(" ", 6)
    rows = judged.filter(
        (pl.col("control") == control)
        & (pl.col("time_period") == period)
        & (pl.col("total") == float(total))
        & (pl.col("sum_of_parts") == float(parts))
        & (pl.col("number_of_parts") == int(number))
    )
    if edition != "-":
        rows = rows.filter(pl.col("published_on") == edition)
    if added:
        rows = rows.filter(pl.col("total_label") == added[0])
    assert rows.height == 1


# --- every control total can fail ---------------------------------------------------------------------------------------

ROUNDED = {"half_years_tile_year"}
#: control totals that must fail; the figure: source, measure, period, breakdown, and what else tells it apart; its wrong
#: value; and what must be said
WRONG: list[tuple[set[str], str, str, str, str, dict[str, object], float, str]] = [
    ({"parts_do_not_exceed_wholes"}, "state_icac_task_forces", "arrests", "2024-01-01/P1Y", "offense=hands_on_sexual_offense", {},
     93, "total 92 but its part is 93"),
    ({"disjoint_parts_do_not_exceed_wholes"}, "ussc_individual_datafiles", "individuals_sentenced", "2013-10-01/P1Y",
     "guideline=sexual_abuse",
     {}, 73725, "total 75,836 but rows sum to 75,837"),
    ({"periods_do_not_exceed_longer_ones"}, "cbo_cost_estimates", "outlays_estimated", "2025-10-01/P1Y", "", {},
     300_000_000, "total 161,000,000 but its part is 300,000,000"),
    ({"providers_sum_to_provider_total"}, "ncmec_reports_by_esp", "reports_received", "2022-01-01/P1Y",
     "esp=Adobe Systems Incorporated;reporter=esp",
     {}, 1839, "total 31,802,525 but rows sum to 31,802,425"),
    ({"areas_sum_to_world"}, "ncmec_reports_by_country", "reports_received", "2021-01-01/P1Y", "", {"ref_area": "US"},
     716473, "total 29,397,681 but rows sum to 29,397,680"),
    ({"states_sum_to_subtotal"}, "ncmec_reports_by_state", "reports_received", "2023-01-01/P1Y", "", {"ref_area": "US-AK"},
     1476, "total 910,349 but rows sum to 910,358"),
    ({"states_and_unspecified_sum_to_total"}, "ncmec_reports_by_state", "reports_received", "2023-01-01/P1Y", "state=unspecified", {},
     221912, "total 1,132,270 but rows sum to 1,132,261"),
    ({"incident_types_sum_to_reports"}, "ncmec_ojjdp_transparency", "reports_received", "2024-01-01/P1Y",
     "incident_type=child_sex_tourism", {},
     2811, "total 20,512,803 but rows sum to 20,512,703"),
    ({"user_locations_sum_to_reports"}, "ncmec_ojjdp_transparency", "reports_received", "2024-01-01/P1Y", "user_location=unknown", {},
     1957630, "total 20,512,803 but rows sum to 20,512,793"),
    ({"reporters_sum_to_reports"}, "ncmec_ojjdp_transparency", "reports_received", "2023-01-01/P1Y", "reporter=public", {},
     265442, "total 36,210,368 but rows sum to 36,210,268"),
    ({"file_types_sum_to_files"}, "ncmec_ojjdp_transparency", "files_received", "2023-01-01/P1Y", "file_type=other", {},
     1282490, "total 105,653,162 but rows sum to 105,653,062"),
    ({"unique_files_by_type_sum_to_unique_files"}, "ncmec_ojjdp_transparency", "files_received", "2023-01-01/P1Y",
     "file_type=image;uniqueness=unique_by_md5", {}, 32325724, "total 49,979,320 but rows sum to 49,979,220"),
    ({"alike_files_do_not_exceed_unique_files", "unique_files_by_type_sum_to_unique_files"}, "ncmec_ojjdp_transparency", "files_received",
     "2023-01-01/P1Y", "uniqueness=unique_by_photodna_or_videntifier", {}, 49979321, "total 49,979,320 but rows sum to 49,979,321"),
    ({"alike_files_by_type_do_not_exceed_unique_files"}, "ncmec_ojjdp_transparency", "files_received", "2024-01-01/P1Y",
     "file_type=image;uniqueness=unique_by_photodna_or_videntifier", {}, 17533123, "total 17,533,122 but rows sum to 17,533,123"),
    ({"report_details_sum_to_recipient"}, "ncmec_ojjdp_transparency", "reports_made_available", "2023-01-01/P1Y",
     "detail=informational;recipient=local", {}, 15, "total 1,978 but rows sum to 1,977"),
    ({"federal_agencies_sum_to_federal_total"}, "ncmec_ojjdp_transparency", "submissions_received", "2023-01-01/P1Y",
     "agency_group=other_federal",
     {}, 34, "total 2,175 but rows sum to 2,174"),
    ({"agency_groups_sum_to_submissions"}, "ncmec_ojjdp_transparency", "submissions_received", "2023-01-01/P1Y",
     "agency_group=military_total", {},
     273, "total 4,673 but rows sum to 4,672"),
    ({"victims_by_sex_sum_to_victims", "victims_by_age_sum_to_sex", "disjoint_parts_do_not_exceed_wholes"}, "ncmec_ojjdp_transparency",
     "victims_identified", "2023-01-01/P1Y", "sex=male", {}, 673, "total 1,986 but rows sum to 1,985"),
    ({"victims_by_age_sum_to_victims", "victims_by_sex_sum_to_age_group", "disjoint_parts_do_not_exceed_wholes"},
     "ncmec_ojjdp_transparency",
     "victims_identified", "2023-01-01/P1Y", "age_group=prepubescent", {}, 681, "total 1,986 but rows sum to 1,987"),
    ({"victims_by_sex_sum_to_age_group", "victims_by_age_sum_to_sex"}, "ncmec_ojjdp_transparency", "victims_identified", "2023-01-01/P1Y",
     "age_group=pubescent;sex=male", {}, 419, "total 1,222 but rows sum to 1,221"),
    ({"user_location_percentages_sum_to_hundred", "user_location_percentages_agree_with_counts"},
     "ncmec_ojjdp_transparency", "reports_received",
     "2020-01-01/P1Y", "user_location=outside_us", {"unit_measure": "percent"}, 93.7,
     "printed 93.7 percent of 21,751,085 but the count beside it is 20,602,529"),
    ({"user_location_bases_are_reports"}, "ncmec_ojjdp_transparency", "reports_received", "2020-01-01/P1Y", "user_location=us",
     {"unit_measure": "percent", "changed": "base_value"}, 21751058,
     "base 21,751,058 is printed with the percentage but the count is 21,751,085"),
    (ROUNDED, "ncmec_global_platform", "files_received", "2024-07-01/P6M", "file_type=other", {}, 130_000,
     "total 170,000 but rows sum to 190,000"),
    (ROUNDED | {"referred_incident_types_sum_to_referrals"}, "ncmec_global_platform", "reports_referred", "2024-01-01/P6M",
     "incident_type=child_pornography", {}, 330_000, "total 460,000 but rows sum to 410,800"),
    (ROUNDED | {"priorities_sum_to_referrals"}, "ncmec_global_platform", "reports_referred", "2024-01-01/P6M", "ncmec_priority=E", {},
     404_000, "total 460,000 but rows sum to 423,880"),
    (ROUNDED | {"file_types_and_classifications_agree"}, "ncmec_global_platform", "files_received", "2024-01-01/P6M", "file_type=image", {},
     1_000_000, "total 1,868,000 but rows sum to 1,660,000"),
    ({"complaint_types_sum_to_complaints"}, "doj_national_strategy", "complaints_documented", "2009-01-01/P6M",
     "complaint_type=traveler;origin=reactive", {}, 256, "total 18,331 but rows sum to 18,322"),
    ({"convicted_do_not_exceed_charged"}, "ag_commission_1986", "defendants_convicted", "1978-01-01/1986-02-27", "",
     {"offense_scope": "federal_child_pornography_1978_1986"}, 256, "total 255 but rows sum to 256"),
    ({"cases_do_not_exceed_defendants"}, "doj_project_safe_childhood", "cases_filed", "2008-10-01/P1Y", "", {}, 2428,
     "total 2,427 but rows sum to 2,428"),
    ({"outcomes_of_matters_sum_to_hundred"}, "bjs_csec", "suspects_declined", "2003-10-01/P10Y", "", {}, 34,
     "total 100 but rows sum to 98"),
    ({"bases_are_suspects_in_matters_concluded"}, "bjs_csec", "suspects_declined", "2003-10-01/P10Y", "", {"changed": "base_value"}, 36008,
     "base 36,008 is printed with the percentage but the count is 36,080"),
    ({"bases_are_suspects_referred"}, "bjs_csec", "suspects_referred", "2003-10-01/P10Y", "offense=child_sex_trafficking",
     {"changed": "base_value"}, 37015, "base 37,015 is printed with the percentage but the count is 37,105"),
    ({"referred_offenses_sum_to_hundred"}, "bjs_human_trafficking", "suspects_referred", "2014-10-01/P1Y",
     "offense=peonage_slavery_forced_labour_sex_trafficking", {}, 36, "total 100 but rows sum to 97"),
    ({"share_of_all_prosecuted_agrees_with_counts"}, "bjs_child_sex_exploitation", "suspects_prosecuted", "2005-10-01/P1Y",
     "share_of=all_suspects_prosecuted", {}, 5.2, "printed 5.2 percent of 83,148 but the count beside it is 2,039"),
    ({"base_is_all_suspects_prosecuted"}, "bjs_child_sex_exploitation", "suspects_prosecuted", "2005-10-01/P1Y",
     "share_of=all_suspects_prosecuted", {"changed": "base_value"}, 83184,
     "base 83,184 is printed with the percentage but the count is 83,148"),
    ({"bases_are_individuals_of_the_guideline"}, "ussc_quick_facts", "individuals_sentenced", "2022-10-01/P1Y",
     "guideline=sexual_abuse;outcome=prison", {"changed": "base_value"}, 1359,
     "base 1,359 is printed with the percentage but the count is 1,395"),
    ({"dispositions_sum_to_hundred"}, "va_criminal_sentencing_commission", "sentencing_events", "2008-07-01/P5Y",
     "disposition=probation_or_up_to_6_months;offense=possession_or_reproduction", {}, 34.3, "total 100 but rows sum to 100.9"),
    ({"case_types_sum_to_hundred"}, "njov_surveys", "arrests", "2000-07-01/P1Y", "case_type=solicitation_of_undercover_investigator", {},
     61, "total 100 but rows sum to 145"),
    ({"provider_totals_agree"}, "ncmec_reports_by_esp", "reports_received", "2023-01-01/P1Y", "reporter=esp", {}, 35944862,
     "total 35,944,826 but rows sum to 35,944,862"),
    ({"area_totals_agree"}, "ncmec_reports_by_country", "reports_received", "2023-01-01/P1Y", "", {"ref_area": "WORLD"}, 36210386,
     "total 36,210,368 but rows sum to 36,210,386"),
    ({"state_and_area_tables_agree"}, "ncmec_reports_by_state", "reports_received", "2023-01-01/P1Y", "", {"ref_area": "US"}, 1132207,
     "total 1,132,270 but rows sum to 1,132,207"),
    ({"early_incident_types_sum_to_reports"}, "doj_national_strategy", "reports_received", "1998-03-09/1998-12-31",
     "incident_type=child_sex_tourism", {}, 97, "total 4,560 but rows sum to 4,578"),
    ({"reporters_of_2019_sum_to_reports"}, "ncmec_cybertipline_report", "reports_received", "2019-01-01/P1Y", "reporter=public", {}, 150676,
     "total 16,987,361 but rows sum to 16,987,370"),
    ({"rounded_report_totals_agree"}, "ncmec_cybertipline_report", "reports_received", "2024-01-01/P1Y", "", {}, 20_600_000,
     "total 20,512,803 but rows sum to 20,600,000"),
    ({"sourcebook_and_datafiles_agree"}, "ussc_sourcebook", "individuals_sentenced", "2014-10-01/P1Y", "", {}, 71030,
     "total 71,003 but rows sum to 71,030"),
    ({"sourcebook_and_quick_facts_agree"}, "ussc_quick_facts", "individuals_sentenced", "2023-10-01/P1Y", "", {}, 61687,
     "total 61,678 but rows sum to 61,687"),
]  # fmt: skip


@pytest.mark.parametrize(("controls", "source", "measure", "period", "breakdown", "more", "value", "said"), WRONG)
def test_a_wrong_figure_fails_its_control_totals_and_no_others(
    controls: set[str],
    source: str,
    measure: str,
    period: str,
    breakdown: str,
    more: dict[str, object],
    value: float,
    said: str,
    figures: pl.DataFrame,
    declared: ControlTotals,
) -> None:
    changed = str(more.get("changed", "obs_value"))
    wanted = {"source_id": source, "measure": measure, "time_period": period, "breakdown": breakdown, **more}
    wanted = {key: code for key, code in wanted.items() if key != "changed"}
    if changed == "base_value" or isinstance(value, float):
        wanted["unit_measure"] = "percent"
    here = pl.all_horizontal(pl.col(key) == code for key, code in wanted.items())
    assert figures.filter(here).height == 1
    wrong = figures.with_columns(pl.when(here).then(float(value)).otherwise(changed).alias(changed))
    between = {control.name for control in declared.controls if control.between_sources}
    one_source = wrong.filter(pl.col("source_id") == source)
    judged = judge_between_sources(wrong, declared) if controls & between else judge(one_source, declared)
    failed = judged.filter(pl.col("difference") != 0)
    assert set(failed["control"]) == controls
    assert all(source in finding.partition(": ")[0] for finding in failed["finding"])
    assert any(f": {said} (" in finding for finding in failed["finding"])


def test_every_control_total_has_a_wrong_figure(declared: ControlTotals) -> None:
    assert {control.name for control in declared.controls} == set().union(*(case[0] for case in WRONG))


# --- years that nobody has seen yet ---------------------------------------------------------------------------------------

PROVIDERS = {"measure": "reports_received", "time_period": "2031-01-01/P1Y", "published_on": "2032-05-08"}


def providers(*values: tuple[str, object], total: object = 1000, **more: object) -> pl.DataFrame:
    rows = [{**PROVIDERS, "breakdown": f"esp={name};reporter=esp", "obs_value": value, **more} for name, value in values]
    totals = [] if total is None else [{**PROVIDERS, "breakdown": "reporter=esp", "obs_value": total, **more}]
    return synthetic(*rows, *totals, source_id="ncmec_reports_by_esp")


def test_a_control_total_holds_for_a_year_to_come(declared: ControlTotals) -> None:
    assert findings(judge(providers(("A", 400), ("B", 600)), declared)) == []
    (finding,) = findings(judge(providers(("A", 400), ("B", 500)), declared))
    assert finding.startswith(
        "ncmec_reports_by_esp: 2031-01-01/P1Y: total 1,000 but rows sum to 900 (2 rows from reports_received WORLD esp=A;"
    )
    assert "edition 2032-05-08; providers_sum_to_provider_total)" in finding


def test_editions_are_not_added_to_each_other(declared: ControlTotals) -> None:
    second = providers(("A", 410), ("B", 600), total=1010).with_columns(published_on=pl.lit("2033-05-08"))
    both = pl.concat([providers(("A", 400), ("B", 600)), second])
    judged = judge(both, declared).filter(pl.col("control") == "providers_sum_to_provider_total")
    assert judged["total"].to_list() == [1000, 1010]
    assert findings(judged) == []


def test_two_readings_of_one_edition_count_once_and_the_better_one(declared: ControlTotals) -> None:
    quoted = providers(("A", 4000)).with_columns(evidence=pl.lit("quotation"))
    assert findings(judge(pl.concat([quoted, providers(("A", 400), ("B", 600))]), declared)) == []


def test_parts_without_their_total_fail(declared: ControlTotals) -> None:
    (finding,) = findings(judge(providers(("A", 400), ("B", 600), total=None), declared))
    assert "no total stands beside rows that sum to 1,000" in finding
    assert "declare the period as partial in control_totals.toml" in finding


def test_a_selection_of_rows_must_not_exceed_its_total(declared: ControlTotals) -> None:
    known = {"time_period": "2024-01-01/P1Y", "published_on": None}
    assert findings(judge(providers(("A", 400), ("B", 500), **known), declared)) == []
    judged = judge(providers(("A", 400), ("B", 601), **known), declared)
    assert "total 1,000 but rows sum to 1,001" in findings(judged.filter(pl.col("control") == "providers_sum_to_provider_total"))[0]


def test_the_exemption_is_of_one_edition_only(declared: ControlTotals) -> None:
    dated = {"time_period": "2024-01-01/P1Y", "published_on": "2025-05-08"}
    assert "total 1,000 but rows sum to 900" in findings(judge(providers(("A", 400), ("B", 500), **dated), declared))[0]


# --- what a figure can be, given how it was printed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qualifier", "value", "holds"),
    [
        ("exact", 600, True),
        ("exact", 601, False),
        ("rounded", 600, True),
        ("rounded", 700, False),  # 650 to 750: the other is 400, the total 1,000
        ("rounded", 650, False),  # 645 to 655: the last digit that is no zero was rounded
        ("gt", 599, True),
        ("gt", 601, False),
        ("ge", 600, True),
        ("ge", 601, False),
        ("lt", 601, True),
        ("lt", 599, False),
        ("approx", 10, True),
    ],
)
def test_only_what_cannot_be_true_fails(qualifier: str, value: float, holds: bool, declared: ControlTotals) -> None:
    frame = providers(("A", 400), ("B", value))
    frame = frame.with_columns(
        pl.when(pl.col("breakdown").str.starts_with("esp=B")).then(pl.lit(qualifier)).otherwise("value_qualifier").alias("value_qualifier")
    )
    judged = judge(frame, declared).filter(pl.col("control") == "providers_sum_to_provider_total")
    assert (judged["difference"].to_list() == [0]) is holds


def test_a_suppressed_part_can_be_anything_that_is_left(declared: ControlTotals) -> None:
    hidden = {"breakdown": "esp=B;reporter=esp", "obs_value": None, "obs_status": "Q"}
    rows = [{**PROVIDERS, "breakdown": "esp=A;reporter=esp", "obs_value": 400}, {**PROVIDERS, **hidden}]
    total = {**PROVIDERS, "breakdown": "reporter=esp"}
    assert findings(judge(synthetic(*rows, {**total, "obs_value": 1000}, source_id="ncmec_reports_by_esp"), declared)) == []
    assert findings(judge(synthetic(*rows, {**total, "obs_value": 399}, source_id="ncmec_reports_by_esp"), declared))


@pytest.mark.parametrize(("year", "holds"), [(700, True), (750, False)])
def test_rounding_is_that_of_the_source(year: int, holds: bool, tmp_path: Path) -> None:
    # halves of 80 (75 to 85) and 500 (450 to 550) make 525 to 635; a year of 700 can be 650, or with a coarser unit 600
    text = """
    [rounding]
    synthetic = [[100, 10], [600, 100], [800, {unit}]]
    [controls.halves]
    says = "Half-years make the year."
    relation = "periods_tile"
    parts = {{ measure = "reports_received" }}
    """
    rows = [
        {"time_period": "2020-01-01/P6M", "obs_value": 80, "value_qualifier": "rounded"},
        {"time_period": "2020-07-01/P6M", "obs_value": 500, "value_qualifier": "rounded"},
        {"time_period": "2020-01-01/P1Y", "obs_value": year, "value_qualifier": "rounded"},
    ]
    coarse = judge(synthetic(*rows), declare(tmp_path, text.format(unit=200)))
    assert (coarse["difference"].to_list() == [0]) is holds
    fine = judge(synthetic(*rows), declare(tmp_path, text.format(unit=100)))
    assert fine["difference"].to_list() == [635 - (year - 50)]


@pytest.mark.parametrize(
    ("periods", "judged"),
    [
        (("2020-01-01/P6M", "2020-07-01/P6M"), True),
        (("2020-01-01/P6M", "2020-08-01/P5M"), False),  # a gap
        (("2020-01-01/P7M", "2020-07-01/P6M"), False),  # an overlap
        (("2020-01-01/P3M", "2020-04-01/P3M", "2020-07-01/P6M"), True),
        (("2020-01-01/P9M", "2020-01-01/P3M", "2020-04-01/P9M"), True),  # the longest first leads nowhere
    ],
)
def test_periods_tile_without_gap_or_overlap(periods: tuple[str, ...], judged: bool, tmp_path: Path) -> None:
    declared = declare(tmp_path, '[controls.tiles]\nsays = "x"\nrelation = "periods_tile"\nparts = { measure = "reports_received" }')
    rows = [{"time_period": period, "obs_value": 10} for period in (*periods, "2020-01-01/P1Y")]
    assert (judge(synthetic(*rows), declared).height == 1) is judged


def test_half_years_of_different_editions_tile(tmp_path: Path) -> None:
    declared = declare(tmp_path, '[controls.tiles]\nsays = "x"\nrelation = "periods_tile"\nparts = { measure = "reports_received" }')
    rows = [
        {"time_period": "2020-01-01/P6M", "obs_value": 10, "published_on": "2020-08"},
        {"time_period": "2020-01-01/P6M", "obs_value": 11, "published_on": "2021-02"},  # the newest counts
        {"time_period": "2020-07-01/P6M", "obs_value": 20, "published_on": None},
        {"time_period": "2020-01-01/P1Y", "obs_value": 30, "published_on": "2021-03"},
    ]
    assert "total 30 but rows sum to 31" in findings(judge(synthetic(*rows), declared))[0]


# --- parts and wholes -------------------------------------------------------------------------------------------------------

WHOLE = {"breakdown": "reporter=esp", "obs_value": 10}


@pytest.mark.parametrize(
    ("part", "is_part"),
    [
        ({"breakdown": "esp=A;reporter=esp"}, True),
        ({"breakdown": "reporter=public"}, False),
        ({"breakdown": "esp=A"}, False),
        ({"breakdown": "area_label=A;reporter=esp"}, False),
        ({"ref_area": "US", "breakdown": "reporter=esp"}, True),
        ({"ref_area": "US-TX", "breakdown": "reporter=esp"}, True),
        ({"ref_area": "unknown", "breakdown": "reporter=esp"}, False),
        ({"jurisdiction": "us_federal", "breakdown": "reporter=esp"}, True),
        ({"pathway": "gai_nexus", "breakdown": "reporter=esp"}, True),
        ({"pathway": "unknown", "breakdown": "reporter=esp"}, False),
        ({"offense_scope": "federal_all_offenses", "breakdown": "reporter=esp"}, False),
        ({"ref_area": "US-TX", "jurisdiction": "us_all", "pathway": "production", "breakdown": "esp=A;reporter=esp"}, True),
        ({"measure": "reports_referred", "breakdown": "esp=A;reporter=esp"}, False),
        ({"time_period": "2020-01-01/P6M", "breakdown": "reporter=esp"}, True),
        ({"time_period": "2020-12-01/P2M", "breakdown": "reporter=esp"}, False),
        ({"published_on": "2022", "breakdown": "esp=A;reporter=esp"}, False),
        ({"unit_measure": "months", "breakdown": "esp=A;reporter=esp"}, False),
    ],
)
def test_a_part_is_what_the_code_lists_call_one(part: dict[str, object], is_part: bool, declared: ControlTotals) -> None:
    frame = synthetic(WHOLE, {**part, "obs_value": 11})
    assert bool(findings(judge(frame, declared))) is is_part
    assert findings(judge(synthetic(WHOLE, {**part, "obs_value": 10}), declared)) == []


def test_offense_scopes_are_parts_of_larger_ones(declared: ControlTotals) -> None:
    scopes = {"measure": "defendants_charged", "jurisdiction": "us_federal", "ref_area": "US"}
    rows = ({**scopes, "offense_scope": "federal_all_offenses", "obs_value": 10}, {**scopes, "offense_scope": "bjs_csec", "obs_value": 11})
    assert "total 10 but its part is 11" in findings(judge(synthetic(*rows), declared))[0]


def test_disjoint_values_are_added_along_one_key_only(declared: ControlTotals) -> None:
    rows = [{"breakdown": f"file_type={kind};sex={sex}", "obs_value": 4} for kind in ("image", "video") for sex in ("female", "male")]
    one = {"breakdown": "file_type=image", "obs_value": 7}
    assert ["total 7 but rows sum to 8" in finding for finding in findings(judge(synthetic(*rows, one), declared))] == [True]
    assert findings(judge(synthetic(*rows, {**one, "obs_value": 8}), declared)) == []
    unlisted = [{"breakdown": f"flag={flag}", "obs_value": 6} for flag in ("a", "b")]
    assert findings(judge(synthetic(*unlisted, {"obs_value": 7}), declared)) == []


def test_a_level_may_be_higher_on_a_day_than_over_a_year(declared: ControlTotals) -> None:
    rows = ({"time_period": "2020-06-01/P1D", "obs_value": 20}, {"obs_value": 10})
    assert findings(judge(synthetic(*rows), declared))
    assert findings(judge(synthetic(*({**row, "measure": "states_with_law"} for row in rows)), declared)) == []


def test_between_sources_the_newest_editions_meet(declared: ControlTotals) -> None:
    table = providers(("A", 1000)).with_columns(published_on=pl.lit("2032-01"))
    old, new = (
        {**PROVIDERS, "breakdown": "reporter=esp", "obs_value": value, "published_on": day}
        for value, day in ((999, "2032"), (1000, "2033-02"))
    )
    agrees = pl.concat([table, synthetic(old, new, source_id="ncmec_ojjdp_transparency")])
    assert findings(judge_between_sources(agrees, declared)) == []
    differs = pl.concat([table, synthetic(old, source_id="ncmec_ojjdp_transparency")])
    assert "total 999 but rows sum to 1,000" in findings(judge_between_sources(differs, declared))[0]
    assert judge_between_sources(table, declared).is_empty()


def test_the_newest_edition_is_found_by_date_then_evidence() -> None:
    days = ["2020", "2020-11-30", None, "2019-12-31"]
    frame = synthetic(*({"published_on": day, "obs_value": number} for number, day in enumerate(days)))
    assert newest_editions(frame)["obs_value"].to_list() == [0]  # 2020 may be as late as its last day
    frame = synthetic({"obs_value": 1, "evidence": "quotation"}, {"obs_value": 2, "evidence": "datafile"})
    assert newest_editions(frame)["obs_value"].to_list() == [2]


def test_numbers_are_written_as_in_a_publication() -> None:
    assert [written(number) for number in (None, 0, 1234567.0, 2.5, 99.00000000000001)] == ["no value", "0", "1,234,567", "2.5", "99"]


# --- declarations that mean nothing -----------------------------------------------------------------------------------------

GOOD = """
[controls.sums]
says = "Parts add up."
sources = ["synthetic"]
relation = "equals"
parts = { measure = "reports_received", breakdown = "esp=*" }
total = { measure = "reports_received" }
"""


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("[controls.sums]", "[checks.sums]", "top level: unknown key `checks`"),
        ("[controls.sums]", "[controls.Sums]", "no name"),
        ("[controls.sums]", "[controls_between_sources.sums]", "unknown key `sources`"),
        ("[controls.sums]", "[controls", "not valid TOML"),
        ('relation = "equals"', 'relation = "adds"', "relation `adds` is unknown here"),
        ('relation = "equals"', "", "no text `relation`"),
        ('relation = "equals"', 'relation = "base_equals"', "unknown key `parts`"),
        ('relation = "equals"', 'relation = "percent_of"', "no key `percentages`"),
        ('says = "Parts add up."', "", "no text `says`"),
        ('sources = ["synthetic"]', "sources = []", "write a list of texts"),
        ('sources = ["synthetic"]', 'sources = "synthetic"', "write a list of texts"),
        ("total = { measure", "totals = { measure", "unknown key `totals`"),
        ('total = { measure = "reports_received" }', "", "no key `total`"),
        ('total = { measure = "reports_received" }', 'total = "hundred"', "write a selection of rows, or a number"),
        ('total = { measure = "reports_received" }', "total = true", "write a selection of rows, or a number"),
        ('total = { measure = "reports_received" }', 'total = { ref_area = "US" }', "a selection without measure"),
        ('breakdown = "esp=*"', "breakdown = 1", "breakdown: write one code or a list of codes"),
        ('breakdown = "esp=*"', 'esp = "*"', "unknown key `esp`"),
        ('breakdown = "esp=*"', 'ref_area = ""', "ref_area: empty code"),
        ('breakdown = "esp=*"', 'source_id = "synthetic"', "list `sources` instead of source_id"),
        ('parts = { measure = "reports_received", breakdown = "esp=*" }', "parts = 3", "parts is no selection"),
        ('sources = ["synthetic"]', 'across = ["breakdown"]', "across `breakdown`"),
        ('sources = ["synthetic"]', 'across = ["colour"]', "across `colour`"),
        ('sources = ["synthetic"]', 'severity = "warning"', "severity is `error`, or `warning` with a severity_reason"),
        ('sources = ["synthetic"]', 'severity = "note"', "severity is `error`"),
        ('sources = ["synthetic"]', 'partial = [{ time_period = "2024", reason = "x" }]', "partial 1: time_period `2024` is a bare year"),
        ('sources = ["synthetic"]', 'partial = [{ time_period = "2024-01-01/P1Y" }]', "partial 1: no text `reason`"),
        (
            'sources = ["synthetic"]',
            'partial = [{ time_period = "2024-01-01/P1Y", published_on = 2024, reason = "x" }]',
            "published_on: write",
        ),
        ('sources = ["synthetic"]', "partial = [3]", "partial 1: is no table"),
        ("[controls.sums]", "[rounding]\nx = [[10]]\n[controls.sums]", "[rounding] x: write pairs"),
        ("[controls.sums]", "[rounding]\nx = [[10, 0]]\n[controls.sums]", "[rounding] x: write pairs"),
        ("[controls.sums]", "[rounding]\nx = [[100, 10], [10, 1]]\n[controls.sums]", "[rounding] x: write the pairs in rising order"),
        ("[controls.sums]", "[rounding]\nx = []\n[controls.sums]", "[rounding] x: write the pairs in rising order"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused(wrong: str, right: str, said: str, tmp_path: Path) -> None:
    assert wrong in GOOD
    with pytest.raises(ControlTotalError) as problem:
        declare(tmp_path, GOOD.replace(wrong, right))
    assert said in str(problem.value)
    assert str(problem.value).startswith("control_totals.toml: ")


def test_a_total_whose_parts_lack_its_wildcard_is_refused_where_it_is_no_sum(tmp_path: Path) -> None:
    text = GOOD.replace('"equals"', '"at_most"').replace(
        'total = { measure = "reports_received" }', 'total = { measure = "reports_received", breakdown = "sex=*" }'
    )
    with pytest.raises(ControlTotalError, match="has no `sex`, which the total has as a wildcard"):
        declare(tmp_path, text)


def test_a_name_stands_once(tmp_path: Path) -> None:
    between = GOOD.replace("controls.sums", "controls_between_sources.sums").replace('sources = ["synthetic"]', "")
    between = between.replace("{ measure", '{ source_id = "x", measure')
    with pytest.raises(ControlTotalError, match="`sums` is declared twice"):
        declare(tmp_path, GOOD + between)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ControlTotalError, match=r"control_totals\.toml: cannot be read"):
        load_control_totals(tmp_path / "control_totals.toml")


def test_the_file_explains_every_relation() -> None:
    header = CONTROL_TOTALS.read_text(encoding="utf-8").partition("[rounding]")[0]
    assert [relation for relation in RELATIONS if f'"{relation}"' not in header] == []
