"""Parsers of courts, prosecutors, sentencing and half-years: constructed samples give the published figures, and nothing is guessed."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines.conforming import SCHEMA, conform
from pipelines.observations import SERIES_DIMENSIONS
from pipelines.pdf_tables import read_document
from pipelines.publications import PublicationError
from pipelines.vocabulary import PROJECT
from tests import samples_federal as samples
from tests.mutations import parser_of

_KEY = (*SERIES_DIMENSIONS, "period_start", "period_end")
_CHILD, _CSEC, _FJS = "bjs_child_sex_exploitation", "bjs_csec", "bjs_federal_justice_statistics"
_TRAFFICKING, _D2, _EOUSA = "bjs_human_trafficking", "aouscourts_judicial_business", "eousa_annual_statistical_report"
_BOOK = "ussc_sourcebook"
_PROFILE = "aouscourts_management_statistics"
_PLATFORM, _HALF, _FACTS = "ncmec_global_platform", "ncmec_half_year_update", "ussc_quick_facts"

#: source, sample, observations in it, published figures that it must reproduce
SAMPLES = [
    (_PLATFORM, samples.platform(), 69, 23),
    (_PLATFORM, samples.platform("2024-01-01/P6M"), 69, 23),
    (_PLATFORM, samples.platform("2024-07-01/P6M"), 69, 23),
    (_PLATFORM, samples.platform_providers(), 13, 10),
    (_HALF, samples.half_year(), 10, 10),
    (_CHILD, samples.child_sex_exploitation(), 44, 19),
    (_CSEC, samples.csec(), 19, 16),
    (_FJS, samples.federal_justice(), 10, 5),
    (_TRAFFICKING, samples.human_trafficking(), 10, 9),
    (_TRAFFICKING, samples.human_trafficking("2015"), 7, 4),
    (_FACTS, samples.quick_facts(), 12, 12),
    (_D2, samples.d2(), 16, 2),
    (_D2, samples.indicators(), 8, 8),
    (_D2, samples.indicators((2015, 2020, 2023, 2024)), 8, 8),
    (_D2, samples.indicators((2015, 2020, 2023, 2024), "March 31"), 8, 8),
    (_PROFILE, samples.caseload_profile(), 2, 2),
    (_BOOK, samples.overview(), 2, 2),
    (_BOOK, samples.overview(2013, 80_035, 172), 2, 2),
    (_BOOK, samples.sourcebook(), 1, 1),
    (_BOOK, samples.sourcebook(2024, 61_678, "individuals sentenced"), 1, 1),
    (_BOOK, samples.crime_table(), 3, 1),
]  # fmt: skip


def observations(folder: Path, source_id: str, content: bytes, **attributes: str) -> pl.DataFrame:
    parser = importlib.import_module(f"pipelines.sources.{source_id}")
    return conform(parser.parse(samples.snapshot_of(folder, source_id, content, **attributes)), source_id)


def values(frame: pl.DataFrame, **codes: str) -> list[float | None]:
    return frame.filter(*(pl.col(name) == code for name, code in codes.items()))["obs_value"].to_list()


def refusal(folder: Path, source_id: str, content: bytes, **attributes: str) -> str:
    with pytest.raises(PublicationError) as caught:
        observations(folder, source_id, content, **attributes)
    text = str(caught.value)
    assert re.fullmatch(rf"{source_id}: .+; .+: publication quarantined", text, re.DOTALL), text
    return text


def changed(files: dict[str, str], name: str, old: str, new: str) -> bytes:
    assert old in files[name], f"{old!r} is not in the sample"
    return samples.zipped({**files, name: files[name].replace(old, new)})


@pytest.mark.parametrize(
    ("source_id", "content", "number", "published"), SAMPLES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_sample_reproduces_the_published_figures(source_id: str, content: bytes, number: int, published: int, tmp_path: Path) -> None:
    frame = observations(tmp_path, source_id, content)
    figures = conform(pl.read_csv(PROJECT / "figures" / f"{source_id}.csv", infer_schema=False), source_id)
    # editions of one figure that agree count once
    both = frame.join(figures.unique(subset=_KEY, maintain_order=True), on=_KEY, how="inner", suffix="_published")
    assert frame.height == number
    assert both.height == published
    for name in ("obs_value", "value_qualifier", "obs_status"):
        assert both[name].to_list() == both[f"{name}_published"].to_list(), name
    bases = both.filter(pl.col("base_value_published").is_not_null())
    assert bases["base_value"].to_list() == bases["base_value_published"].to_list()
    assert frame.select("source_locator").null_count().item() == 0
    assert dict(frame.schema) == dict(SCHEMA)


@pytest.mark.parametrize(
    ("source_id", "content", "number", "published"), SAMPLES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_figure_names_its_place_and_its_snapshot(source_id: str, content: bytes, number: int, published: int, tmp_path: Path) -> None:
    frame = observations(tmp_path, source_id, content, url="https://publisher.example/file", published_on="2033-01-31")
    assert set(frame["url"]) == {"https://publisher.example/file"}
    assert set(frame["published_on"]) == {"2033-01-31"}
    assert set(frame["snapshot_id"].str.len_chars()) == {64}


def test_samples_say_that_they_are_constructed() -> None:
    for content in (
        samples.platform(),
        samples.half_year(),
        samples.quick_facts(),
        *(text.encode() for text in samples.csec_files().values()),
    ):
        assert samples.CONSTRUCTED.encode() in content


# --- Global Platform ------------------------------------------------------------------------------------------------------------------


def test_the_stale_total_is_never_read(tmp_path: Path) -> None:
    frame = observations(tmp_path, _PLATFORM, samples.platform())
    assert 1_132_270.0 not in frame["obs_value"].to_list()
    assert set(frame["measure"]) == {"reports_referred", "files_received"}


def test_small_cells_are_suppressed_and_the_others_rounded(tmp_path: Path) -> None:
    frame = observations(tmp_path, _PLATFORM, samples.platform("2024-01-01/P6M"))
    small = frame.filter(pl.col("obs_status") == "Q")
    assert set(small["value_qualifier"]) == {"lt"}
    assert small["obs_value"].null_count() == small.height
    assert set(frame.filter(pl.col("obs_status") == "A")["value_qualifier"]) == {"rounded"}
    assert values(frame, ref_area="US", breakdown="content=gai_csam") == [None]


def test_half_years_are_half_years(tmp_path: Path) -> None:
    for period in ("2024-01-01/P6M", "2024-07-01/P6M", "2024-01-01/P1Y"):
        assert set(observations(tmp_path, _PLATFORM, samples.platform(period))["time_period"]) == {period}


def test_another_country_is_no_authority_of_the_united_states(tmp_path: Path) -> None:
    frame = observations(tmp_path, _PLATFORM, samples.platform())
    assert dict(frame.select("ref_area", "jurisdiction").unique().iter_rows()) == {
        "AD": "not_applicable", "US": "us_all", "ZW": "not_applicable",
    }  # fmt: skip


def _platform_with(change: Callable[[dict[str, object]], None]) -> bytes:
    content = json.loads(samples.platform())
    change(content["data"][1])
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda item: item.update(cybertipline_reports_referred=912_345), "not rounded"),
        (lambda item: item.update(cybertipline_reports_referred=600_000), "together for"),
        (lambda item: item.update(ncmec_priority_1=49), "below 50"),
        (lambda item: item.update(ncmec_priority_1="<100"), "threshold has changed"),
        (lambda item: item.update(ncmec_priority_1="--"), "is no figure"),
        (lambda item: item.update(incident_type_new=100), "not known"),
        (lambda item: item.pop("ncmec_priority_2"), "is missing"),
        (lambda item: item.update(id="CA"), "its name is that of US"),
        (lambda item: item.update(flag_url="/flags/ca.svg"), "its flag is that of CA"),
    ],
)
def test_the_platform_refuses_what_it_cannot_be_sure_of(change: Callable[[dict[str, object]], None], words: str, tmp_path: Path) -> None:
    assert words in refusal(tmp_path, _PLATFORM, _platform_with(change))


# --- half-year page ------------------------------------------------------------------------------------------------------------------


def test_the_wider_duty_breaks_two_series_of_the_half_year_page(tmp_path: Path) -> None:
    frame = observations(tmp_path, _HALF, samples.half_year())
    breaks = frame.filter(pl.col("obs_status") == "B")
    assert set(breaks.select("breakdown", "time_period").iter_rows()) == {
        ("incident_type=online_enticement", "2025-01-01/P6M"),
        ("incident_type=child_sex_trafficking", "2025-01-01/P6M"),
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<td>2024</td><td>2025</td>", "<td>2025</td><td>2024</td>", "one after the other"),
        ("June 30", "Dec. 31", "bounds no half-year"),
        ("Financial Sextortion", "Sextortion", "is not known"),
        ("<td>292,951</td>", "<td>292,957</td>", "the text says"),
        ("<td>508</td>", "<td>5O8</td>", "are not two counts"),
        ("<td>508</td>", '<td colspan="2">508</td>', "merged cells"),
    ],
)
def test_the_half_year_page_refuses_what_it_cannot_be_sure_of(old: str, new: str, words: str, tmp_path: Path) -> None:
    page = samples.half_year().decode()
    assert old in page
    assert words in refusal(tmp_path, _HALF, page.replace(old, new).encode())


# --- BJS archives --------------------------------------------------------------------------------------------------------------------


def test_fiscal_years_and_ranges_are_read_from_titles_and_headings(tmp_path: Path) -> None:
    frame = observations(tmp_path, _CSEC, samples.csec())
    assert set(frame["time_period"]) == {"2003-10-01/P10Y", "2003-10-01/P1Y", "2012-10-01/P1Y"}
    assert set(frame["published_on"]) == {"2017-10-26"}


def test_shares_carry_the_base_that_the_same_table_prints(tmp_path: Path) -> None:
    frame = observations(tmp_path, _CSEC, samples.csec()).filter(pl.col("unit_measure") == "percent")
    bases = {(row["measure"], row["breakdown"]): row["base_value"] for row in frame.iter_rows(named=True)}
    assert bases["suspects_declined", ""] == 36_080
    assert bases["suspects_referred", "offense=child_pornography_production"] == 37_105
    assert bases["suspects_prosecuted", "share_of=all_suspects_prosecuted"] is None
    assert set(frame["value_qualifier"]) == {"share_rounded"}


def test_a_cell_that_is_not_reported_has_no_value(tmp_path: Path) -> None:
    frame = observations(tmp_path, _CHILD, samples.child_sex_exploitation())
    missing = frame.filter(pl.col("obs_value").is_null())
    assert missing.select("measure", "obs_status").rows() == [("defendants_sentenced_to_prison", "O")]


def test_two_reports_on_trafficking_have_two_scopes(tmp_path: Path) -> None:
    assert set(observations(tmp_path, _TRAFFICKING, samples.human_trafficking())["offense_scope"]) == {"bjs_human_trafficking_chta"}
    assert set(observations(tmp_path, _TRAFFICKING, samples.human_trafficking("2015"))["offense_scope"]) == {"bjs_human_trafficking"}


def test_sex_offenses_of_the_yearly_tables_have_scopes_of_their_own(tmp_path: Path) -> None:
    frame = observations(tmp_path, _FJS, samples.federal_justice())
    assert set(frame["offense_scope"]) == {"federal_all_offenses", "bjs_fjs_sex_offenses", "bjs_fjs_sexual_abuse"}
    assert values(frame, offense_scope="bjs_fjs_sexual_abuse", measure="defendants_convicted") == [300.0]


def test_a_footnote_letter_may_be_glued_to_a_label_that_the_notes_explain(tmp_path: Path) -> None:
    files = samples.child_sex_exploitation_files()
    glued = changed(files, "fpcseot01.csv", "Sex transportation", "Sex transportationa")
    assert observations(tmp_path, _CHILD, glued).height == 44
    assert "is not known" in refusal(tmp_path, _CHILD, changed(files, "fpcseot01.csv", "Sex transportation", "Sex transportationb"))


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("fpcseot01.csv", "Counts are for fiscal years", "Counts are for calendar years", "fiscal years"),
        ("fpcseot01.csv", "Percent/a", "Rate/a", "heading 'Rate'"),
        ("fpcseot01.csv", "Filename: fpcseot01.csv", "Filename: fpcseot02.csv", "calls itself"),
        ("fpcseot01.csv", "Federal Prosecution of Child Sex", "Federal Prosecution of Fraud", "the publication is"),
        ("fpcseot01.csv", '"3,661"', '"3,671"', "add to 3,661"),
        ("fpcseot01.csv", "69%", "96%", "does not fit"),
        ("fpcseot01.csv", "1994 and 2006", "1994 and 2007", "not in the title"),
        ("fpcseot02.csv", "Table 2. ", "Table 3. ", "two tables have one number"),
        ("fpcseot03.csv", "Declined", "Deferred", "heading 'Deferred'"),
        ("fpcseot03.csv", '"1,326"', '"1,336"', "add to"),
        ("fpcseot05.csv", "/Not reported.", "", ""),
        ("fpcseot05.csv", "Source: constructed.", "", "cut off"),
    ],
)
def test_the_archive_refuses_what_it_cannot_be_sure_of(name: str, old: str, new: str, words: str, tmp_path: Path) -> None:
    if not words:
        assert observations(tmp_path, _CHILD, changed(samples.child_sex_exploitation_files(), name, old, new)).height == 44
        return
    assert words in refusal(tmp_path, _CHILD, changed(samples.child_sex_exploitation_files(), name, old, new))


def test_one_table_can_be_read_by_hand(tmp_path: Path) -> None:
    content = samples.csec_files()["fpcsecc0413t03.csv"].encode()
    frame = observations(tmp_path, _CSEC, content)
    assert values(frame, measure="suspects_in_matters_concluded") == [36_080.0]


def test_authors_and_contacts_are_nowhere(tmp_path: Path) -> None:
    files = samples.csec_files()
    name = "fpcsecc0413t01.csv"
    content = changed(files, name, "Authors: nobody", "Authors: Jane Q. Sample")
    assert "Jane" not in observations(tmp_path, _CSEC, content).write_csv()
    parser = importlib.import_module(f"pipelines.sources.{_CSEC}")
    assert "Jane" not in repr(parser.fingerprint(samples.snapshot_of(tmp_path, _CSEC, content)))


# --- Quick Facts ---------------------------------------------------------------------------------------------------------------------


def test_the_page_on_pornography_has_its_own_guideline(tmp_path: Path) -> None:
    frame = observations(tmp_path, _FACTS, samples.quick_facts("child pornography"))
    assert values(frame, breakdown="guideline=child_pornography", unit_measure="count") == [1_234.0]
    assert values(frame, breakdown="guideline=child_pornography;judicial_district=california_central") == [20.0]
    assert set(frame["time_period"]) == {"2030-10-01/P1Y"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<h1>Sexual Abuse</h1>", "<h1>Child Pornography</h1>", "another subject"),
        ("FY2023 datafile", "FY2022 datafile", "elsewhere"),
        ("involved sexual abuse.", "involved robbery.", "the subject is"),
        ("(36, tie)", "(36)", "marks of ties"),
        ("District of South Dakota", "District of Sampleland", "no district"),
        ("64,124", "64124", "is no count"),
        ("99.5%", "995%", "no percentage"),
        ("(45)", "(35)", "do not descend"),
    ],
)
def test_quick_facts_refuse_what_they_cannot_be_sure_of(old: str, new: str, words: str, tmp_path: Path) -> None:
    page = samples.quick_facts().decode()
    assert old in page
    assert words in refusal(tmp_path, _FACTS, page.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    ("content", "old", "new", "words"),
    [
        (samples.overview(), "64,659", "64,658", "are not 64,658 cases"),
        (samples.overview(), "The 64,565 individual", "The 64,566 individual", "repeated as"),
        (samples.overview(), "Cases, Fiscal Year 2020", "Cases, Fiscal Year 2021", "titles name 2021"),
        (samples.sourcebook(), "October 1, 2017", "October 1, 2016", "the volume covers"),
        (samples.sourcebook(), "69,425", "694,25", "is no count"),
        (samples.sourcebook(), "individual offenders", "organizations", "0 sentences"),
    ],
)
def test_introductions_refuse_what_they_cannot_be_sure_of(content: bytes, old: str, new: str, words: str, tmp_path: Path) -> None:
    page = content.decode()
    assert old in page
    assert words in refusal(tmp_path, _BOOK, page.replace(old, new, 1).encode())


def test_a_title_need_not_repeat_the_year_but_may_not_contradict_it(tmp_path: Path) -> None:
    page = samples.sourcebook().decode()
    without = page.replace("<title>2018 Sourcebook", "<title>Sourcebook")
    assert values(observations(tmp_path, _BOOK, without.encode()), time_period="2017-10-01/P1Y") == [69_425.0]
    # pages of old volumes have been seen under the title of a new one
    assert "titles name 2023" in refusal(tmp_path, _BOOK, page.replace("<title>2018", "<title>2023").encode())
    overview = samples.overview().decode().replace(", Fiscal Year 2020</title>", "</title>")
    assert "titles name none" in refusal(tmp_path, _BOOK, overview.encode())


def test_the_table_by_type_of_crime_must_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = observations(tmp_path, _BOOK, samples.crime_table())
    assert values(frame, breakdown="guideline=child_pornography") == [1_414.0]
    assert values(frame, breakdown="guideline=sexual_abuse") == [1_140.0]
    assert "used earlier" in refusal(tmp_path, _BOOK, samples.crime_table(2012))
    snapshot = samples.snapshot_of(tmp_path, _BOOK, samples.crime_table())
    untitled = replace(read_document(_BOOK, snapshot.path), title="")
    with pytest.raises(PublicationError, match="only this page states 2018"):
        parser_of(_BOOK).parse_document(untitled, snapshot)
    monkeypatch.setattr(samples, "_CRIME_ROWS", {**samples._CRIME_ROWS, "Sexual Abuse": 0, "Sexual Assault": 1_140})
    del samples._CRIME_ROWS["Sexual Abuse"]
    assert "no row sexual abuse" in refusal(tmp_path, _BOOK, samples.crime_table())


# --- table D-2 -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "period"),
    [
        ("March 31", "2022-04-01/P1Y"),
        ("June 30", "2022-07-01/P1Y"),
        ("September 30", "2022-10-01/P1Y"),
        ("December 31", "2023-01-01/P1Y"),
    ],
)
def test_twelve_months_may_end_in_any_quarter(month: str, period: str, tmp_path: Path) -> None:
    frame = observations(tmp_path, _D2, samples.d2(month))
    assert values(frame, time_period=period, offense_scope="federal_all_offenses") == [66_147.0]
    assert values(frame, time_period=period, breakdown="offense=sexually_explicit_material") == [1_906.0]
    assert set(frame["statistical_population"]) == {"usdc_cases_filed"}


def test_cases_are_no_defendants(tmp_path: Path) -> None:
    grid = [[cell.replace("Criminal Defendants", "Criminal Cases") for cell in line] for line in samples.d2_grid()]
    frame = observations(tmp_path, _D2, samples.workbook_of({"D-2 Cases": grid}))
    assert set(frame.select("measure", "unit_of_count").iter_rows()) == {("cases_filed", "case")}


def test_a_table_without_transfers_is_another_series(tmp_path: Path) -> None:
    grid = [[cell.replace("Filed,", "Filed (Excluding Transfers),") for cell in line] for line in samples.d2_grid()]
    assert "both left out and included" in refusal(tmp_path, _D2, samples.workbook_of({"D-2": grid}))
    grid = [[cell.replace("This table includes transfers.", "") for cell in line] for line in grid]
    frame = observations(tmp_path, _D2, samples.workbook_of({"D-2": grid}))
    assert values(frame, breakdown="transfers=excluded") == [68_482.0, 66_147.0, 3_257.0, 3_262.0]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("September 30", "September 29", "does not name"),
        ("June 30", "June 31", "does not end with a month"),
        ("Through 2023", "Through 2024", "the title says"),
        ("by Offense,", "by District,", "worksheets"),
        ("66147", "66148", "groups add to"),
        ("Sexually Explicit Material", "Explicit Material", "not known"),
        ("Sex Offenses—Total", "Sexual Offenses—Total", "no row"),
        ("611", "612", "add to"),
    ],
)
def test_table_d2_refuses_what_it_cannot_be_sure_of(old: str, new: str, words: str, tmp_path: Path) -> None:
    lines = samples.d2_grid("June 30" if "June" in old else "September 30")
    assert any(old in cell for line in lines for cell in line)
    grid = [[cell.replace(old, new) for cell in line] for line in lines]
    assert words in refusal(tmp_path, _D2, samples.workbook_of({"D-2": grid}))


# --- caseload indicators -------------------------------------------------------------------------------------------------------------


def test_indicators_have_terminations_of_both_statistical_years(tmp_path: Path) -> None:
    frame = observations(tmp_path, _D2, samples.indicators())
    assert values(frame, measure="defendants_terminated", time_period="2014-10-01/P1Y") == [81_227.0]
    assert set(frame.select("measure", "statistical_population").iter_rows()) == {
        ("defendants_charged", "usdc_cases_filed"), ("defendants_terminated", "usdc_cases_terminated"),
    }  # fmt: skip
    assert set(frame["obs_note"]) == {"Includes transfers."}
    march = observations(tmp_path, _D2, samples.indicators((2015, 2020, 2023, 2024), "March 31"))
    assert values(march, measure="defendants_terminated", time_period="2023-04-01/P1Y") == [71_854.0]
    # pending defendants are a level, civil and bankruptcy cases another subject
    assert not {97_000.0, 280_000.0, 900_000.0} & set(frame["obs_value"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("80,069", "80,969", "does not fit"),
        ("80,069", "80,0692", "are not 4 counts"),
        ("-9.2", "9.2", "does not fit"),
        ("Criminal (Includes Transfers)", "Criminal", "0 headings"),
        ("Defendant Terminations", "Defendants Disposed Of", "is not known"),
        ("<td>Defendants Pending</td>", "<td>Defendants Filed</td>", "missing or stands twice"),
        ("Business 2015", "Business 2014", "the period is not certain"),
        ("Judicial Business 2015", "Federal Judicial Caseload Statistics 2015", "the period is not certain"),
        ("September 30", "September 29", "0 headings"),
        ("September 30", "September 30, 2006, 2011, 2013, and 2015", "the period is not certain"),
        ("<th>2011</th><th>2014</th>", "<th>2014</th><th>2011</th>", "the columns cannot be told apart"),
        ("<th>Judicial Caseload</th>", "<th>Caseload</th>", "0 tables"),
        ("Indicators - ", "- ", "do not name"),
        ("<td>88,216</td>", '<td colspan="2">88,216</td>', "merged cells"),
        ("12-Month", "Six-Month", "0 headings give"),
    ],
)
def test_indicators_refuse_what_they_cannot_be_sure_of(old: str, new: str, words: str, tmp_path: Path) -> None:
    page = samples.indicators().decode()
    assert old in page
    assert words in refusal(tmp_path, _D2, page.replace(old, new, 1).encode())


def test_indicators_are_not_older_than_their_period(tmp_path: Path) -> None:
    assert "published on 2014" in refusal(tmp_path, _D2, samples.indicators(), published_on="2014-12")


# --- caseload profile ----------------------------------------------------------------------------------------------------------------


def test_a_profile_of_december_is_a_calendar_year(tmp_path: Path) -> None:
    frame = observations(tmp_path, _PROFILE, samples.caseload_profile(2022, "December 31"))
    assert set(frame["time_period"]) == {"2022-01-01/P1Y"}
    assert set(frame["statistical_population"]) == {"usdc_felony_defendants_filed"}


@pytest.mark.parametrize(
    ("legend", "words"),
    [
        (("Marijuana",) * 12, "0 letters stand for sex offenses"),
        (("Sex Offenses", *samples._PROFILE_LEGEND[1:]), "2 letters stand for sex offenses"),
    ],
)
def test_the_legend_of_the_profile_says_which_column_counts(
    legend: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "_PROFILE_LEGEND", legend)
    assert words in refusal(tmp_path, _PROFILE, samples.caseload_profile())


# --- US attorneys --------------------------------------------------------------------------------------------------------------------


def test_program_categories_have_scopes_that_no_other_source_uses(tmp_path: Path) -> None:
    frame = observations(tmp_path, _EOUSA, samples.annual_report(2014))
    own = {code for code in frame["offense_scope"] if code != "federal_all_offenses"}
    assert own == {"usao_project_safe_childhood", "usao_offline_child_pornography", "usao_obscenity_non_child"}
    others = {row["offense_scope"] for path in (PROJECT / "figures").glob("*.csv") for row in samples.figures(path.stem)}
    assert not own & others
    assert set(frame["statistical_population"]) <= {
        "usao_cases_filed", "usao_cases_terminated", "usao_defendants_convicted", "usao_matters_received", "usao_declinations",
    }  # fmt: skip
    assert values(frame, measure="suspects_referred", offense_scope="usao_project_safe_childhood") == [4_170.0]
    assert values(frame, breakdown="declination=immediate;declination_reason=SPOA") == [1_118.0]
    assert set(frame["time_period"]) == {"2013-10-01/P1Y"}


def test_the_year_in_which_the_categories_change_is_marked(tmp_path: Path) -> None:
    for year, status in ((2010, "A"), (2011, "B"), (2012, "A")):
        frame = observations(tmp_path, _EOUSA, samples.annual_report(year))
        psc = frame.filter(pl.col("offense_scope") == "usao_project_safe_childhood")
        assert set(psc["obs_status"]) == {status}, year


def test_totals_that_two_tables_print_must_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = dict(samples._MATTER_ROWS)
    rows["Violent Crime"] = (14_208, 19_022, 4_106, 5_240)
    monkeypatch.setattr(samples, "_MATTER_ROWS", rows)
    assert "contradict each other" in refusal(tmp_path, _EOUSA, samples.annual_report())


def test_an_unknown_category_or_reason_stops_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {name.replace("Safe Childhood", "Sample Childhood"): counts for name, counts in samples._CASE_ROWS.items()}
    monkeypatch.setattr(samples, "_CASE_ROWS", rows)
    assert "is no category of eousa_program_categories.csv" in refusal(tmp_path, _EOUSA, samples.annual_report())


# --- every parser --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source_id", sorted({source_id for source_id, *_ in SAMPLES} | {_EOUSA}))
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no archive",
        b"%PDF-1.4 no document",
        b"<html><body>Not found</body></html>",
        b"{}",
        b"[]",
        b'{"data": [1]}',
        b"a,b\n1,2\n",
    ],
)
def test_anything_else_is_refused(source_id: str, content: bytes, tmp_path: Path) -> None:
    refusal(tmp_path, source_id, content)


@pytest.mark.parametrize(
    ("source_id", "content", "number", "published"), SAMPLES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_fingerprints_depend_on_the_layout_only(source_id: str, content: bytes, number: int, published: int, tmp_path: Path) -> None:
    parser = importlib.import_module(f"pipelines.sources.{source_id}")
    first = parser.fingerprint(samples.snapshot_of(tmp_path, source_id, content))
    assert first.digest == parser.fingerprint(samples.snapshot_of(tmp_path, source_id, content)).digest
    assert first.headers
    assert first.labels
