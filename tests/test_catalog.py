"""The catalogue: strict reading, and what the project's own sources, rates, breaks and reasons promise."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.catalog import DIMENSIONS, PROJECT, RATE_KINDS, CatalogError, Rate, Selector, load_rates, load_sources
from pipelines.observations import SERIES_DIMENSIONS
from pipelines.vocabulary import CODE_LIST_OF, catalogue_vocabulary

FIGURES = {path.stem for path in (PROJECT / "figures").glob("*.csv")}
SOURCES = {source.source_id: source for source in load_sources()}
RATES = {rate.rate_id: rate for rate in load_rates()}

RATE = """
[rates.shares]
kind = "prosecution"
question = "What share?"
[rates.shares.numerator]
measure = "defendants_charged"
[rates.shares.denominator]
measure = ["suspects_referred", "reports_received"]
breakdown = ["", "esp=*;reporter=esp"]
"""

SOURCE = """
[sources.court_table]
kind = "publication"
producer = "A court"
title = "Table"
description = "A table."
url_main = "https://court.example/tables"
url_download = "https://court.example/{YYYY}.pdf"
hosts = ["court.example"]
layout = "unverified"
max_bytes = 1000
cadence_days = 30
licence = "free"
release_calendar = "yearly"
counts_what = "Defendants"
does_not_count = "Matters"
"""


def rates_of(tmp_path: Path, text: str) -> tuple[Rate, ...]:
    path = tmp_path / "rates.toml"
    path.write_text(text, encoding="utf-8")
    return load_rates(path)


# --- rates: what is read ---------------------------------------------------------------------------------------------------------


def test_a_rate_is_read_with_its_defaults(tmp_path: Path) -> None:
    (rate,) = rates_of(tmp_path, RATE)
    assert (rate.rate_id, rate.kind, rate.question, rate.varies) == ("shares", "prosecution", "What share?", ())
    assert rate.numerator.codes == dict.fromkeys(DIMENSIONS) | {
        "measure": ("defendants_charged",),
        "unit_measure": ("count",),
        "breakdown": ("",),
    }
    assert rate.denominator is not None
    assert rate.denominator.codes["measure"] == ("suspects_referred", "reports_received")
    assert rate.denominator.codes["breakdown"] == ("", "esp=*;reporter=esp")
    assert not rate.numerator.is_percentage


def test_a_published_percentage_has_no_denominator(tmp_path: Path) -> None:
    text = '[rates.printed]\nkind = "declination"\n[rates.printed.numerator]\nmeasure = "suspects_declined"\nunit_measure = "percent"\n'
    (rate,) = rates_of(tmp_path, text)
    assert rate.denominator is None
    assert rate.numerator.is_percentage
    assert rate.question == "printed"


@pytest.mark.parametrize(
    ("varies", "read"), [('"offense_scope"', ("offense_scope",)), ('["ref_area", "breakdown"]', ("ref_area", "breakdown"))]
)
def test_a_composition_may_vary(tmp_path: Path, varies: str, read: tuple[str, ...]) -> None:
    (rate,) = rates_of(tmp_path, RATE.replace('kind = "prosecution"', f'kind = "composition"\nvaries = {varies}'))
    assert rate.varies == read


def test_codes_nobody_knows_select_nothing_and_are_read(tmp_path: Path) -> None:
    (rate,) = rates_of(tmp_path, RATE.replace('"defendants_charged"', '"moons_charged"'))
    assert rate.numerator.codes["measure"] == ("moons_charged",)


@pytest.mark.parametrize("text", ["", "[rates]\n"])
def test_a_file_may_declare_no_rate(tmp_path: Path, text: str) -> None:
    assert rates_of(tmp_path, text) == ()


# --- rates: what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("[rates.shares]", "[rate.shares]"), r"top level: unknown key `rate`.*write one of rates"),
        (("[rates.shares]", "[rates]\nshares_too = 3\n[rates.shares]"), r"\[rates\] shares_too: is no table: write \[rates.shares_too\]"),
        (("question =", "questoin ="), r"\[rates.shares\]: unknown key `questoin`.*kind, question, varies, numerator, denominator"),
        (('kind = "prosecution"\n', ""), r"\[rates.shares\] kind: missing: add it"),
        (('"prosecution"', '"prosecutions"'), r"\[rates.shares\] kind: `prosecutions` is unknown: write one of prosecution, declination"),
        (('"prosecution"', "3"), r"\[rates.shares\] kind: is no text"),
        (('"What share?"', '""'), r"\[rates.shares\] question: is no text"),
        (("question", 'varies = "ref_area"\nquestion'), r"\[rates.shares\] varies: only a composition has parts"),
        (('"prosecution"', '"composition"\nvaries = "unit_of_count"'), r"varies: `unit_of_count` cannot vary: write one or several"),
        (('"prosecution"', '"composition"\nvaries = []'), r"varies: the list is empty"),
        (('[rates.shares.numerator]\nmeasure = "defendants_charged"\n', ""), r"\[rates.shares\] numerator: missing"),
        (("[rates.shares.numerator]\nmeasure", "numerator"), r"\[rates.shares.numerator\]: is no table"),
        (('measure = "defendants_charged"', 'time_period = "2023"'), r"\[rates.shares.numerator\]: unknown key `time_period`.*ref_area"),
        (('"defendants_charged"', "[]"), r"\[rates.shares.numerator\] measure: the list is empty: name at least one"),
        (('"defendants_charged"', '""'), r"numerator\] measure: is neither a text nor a list of texts"),
        (('"defendants_charged"', '["a", 3]'), r"numerator\] measure: is neither a text nor a list of texts"),
        (('"defendants_charged"', '"a"\nunit_measure = "usd"'), r"numerator\] unit_measure: `usd` cannot be a side of a rate"),
        (('"defendants_charged"', '"a"\nunit_measure = "months"'), r"unit_measure: `months` cannot be a side of a rate"),
        (('"defendants_charged"', '"a"\nunit_measure = ["count", "percent"]'), r"unit_measure: `count, percent` cannot be a side"),
        (('"defendants_charged"', '"a"\nunit_measure = "percent"'), r"denominator\]: a published percentage brings its own base"),
        (("breakdown", 'unit_measure = "percent"\nbreakdown'), r"denominator\] unit_measure: a percentage is never the base of a quotient"),
        (("esp=*;reporter=esp", "reporter=esp;esp=*"), r"denominator\] breakdown `reporter=esp;esp=\*` is not in key order"),
        (("esp=*;reporter=esp", "esp=Am*"), r"denominator\] breakdown `esp=Am\*`: `\*` stands for a whole value: write esp=\*"),
        (("esp=*;reporter=esp", "*"), r"denominator\] breakdown `\*`: `\*` is not key=value"),
        (("[rates.shares.denominator]", "[rates.shares.denominator"), r"rates.toml: not valid TOML: .*line"),
    ],
)
def test_a_rate_that_is_not_understood_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = RATE.replace(*change, 1)
    assert text != RATE
    with pytest.raises(CatalogError, match=r"^rates\.toml: ") as error:
        rates_of(tmp_path, text)
    assert re.search(says, str(error.value)), error.value


def test_a_count_needs_a_denominator(tmp_path: Path) -> None:
    text = RATE.split("[rates.shares.denominator]", maxsplit=1)[0]
    with pytest.raises(CatalogError, match=r'\[rates.shares\] denominator: missing: add a table .*unit_measure = "percent"'):
        rates_of(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.toml: no such file: give the path"):
        load_rates(tmp_path / "nowhere.toml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.toml"
    path.write_bytes(b'[rates.a]\nkind = "\xff"')
    with pytest.raises(CatalogError, match=r"rates\.toml: not valid TOML"):
        load_rates(path)


# --- sources: what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("producer =", "publisher ="), r"\[sources.court_table\]: unknown key `publisher`"),
        (("court_table", "Court-Table"), r"\[sources.Court-Table\]: no source_id: write lower case"),
        (('title = "Table"\n', ""), r"\[sources.court_table\] title: missing: add it"),
        (('"publication"', '"leaflet"'), r"kind `leaflet` is unknown: write one of figures, publication, watched, records"),
        (('"unverified"', '"guessed"'), r"layout `guessed` is unknown"),
        (('layout = "unverified"\n', ""), r"layout `` is unknown: a publication source is parsed"),
        (('"publication"', '"figures"'), r"layout stands beside kind `figures`"),
        (('kind = "publication"', 'kind = "watched"'), r"layout stands beside kind `watched`"),
        (("https://court.example/{YYYY}", "http://court.example/{YYYY}"), r"is not https at one of its hosts"),
        (("https://court.example/{YYYY}", "https://elsewhere.example/{YYYY}"), r"is not https at one of its hosts"),
        (('hosts = ["court.example"]\n', ""), r"hosts, max_bytes and cadence_days are needed"),
        (("max_bytes = 1000", 'max_bytes = "1 kB"'), r"max_bytes: is no whole number"),
        (("max_bytes = 1000", "max_bytes = true"), r"max_bytes: is no whole number"),
        (("max_bytes = 1000", 'max_bytes = 1000\nurl_index = "https://court.example/"'), r"url_index and link_pattern belong together"),
        (
            ("max_bytes = 1000", 'max_bytes = 1000\nurl_index = "https://court.example/"\nlink_pattern = "("'),
            r"link_pattern is no regular expression",
        ),
        (("max_bytes = 1000", 'max_bytes = 1000\ntranscribed_on = "2026"'), r"transcribed_on `2026` is no day"),
    ],
)
def test_a_source_that_is_not_understood_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(SOURCE, encoding="utf-8")
    assert load_sources(path)[0].source_id == "court_table"
    text = SOURCE.replace(*change, 1)
    assert text != SOURCE
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"^sources\.toml: ") as error:
        load_sources(path)
    assert re.search(says, str(error.value)), error.value


# --- the catalogue itself: sources -----------------------------------------------------------------------------------------------


def test_every_figures_file_has_its_entry_and_every_transcription_its_file() -> None:
    assert set(SOURCES) >= FIGURES
    assert {source_id for source_id, source in SOURCES.items() if source.transcribed_on} == FIGURES
    assert {source_id for source_id, source in SOURCES.items() if source.kind == "figures"} <= FIGURES


def test_every_parser_has_its_entry() -> None:
    parsers = {path.stem for path in (PROJECT / "pipelines" / "sources").glob("*.py")} - {"__init__"}
    assert {source_id for source_id in parsers if SOURCES[source_id].kind not in ("publication", "records")} == set()


@pytest.mark.parametrize(
    ("source_id", "address", "year"),
    [
        ("ncmec_reports_by_esp", "/content/dam/missingkids/pdfs/2019-reports-by-esp.pdf", "2019"),
        ("ncmec_reports_by_esp", "/content/dam/missingkids/pdfs/cybertiplinedata2024/2024-reports-by-esp.pdf", "2024"),
        ("ncmec_reports_by_country", "/content/dam/missingkids/pdfs/2019-cybertipline-reports-by-country.pdf", "2019"),
        ("ncmec_reports_by_country", "/content/dam/missingkids/pdfs/2023-reports-by-country.pdf", "2023"),
        ("ncmec_reports_by_state", "/content/dam/missingkids/pdfs/2023-reports-by-state.pdf", "2023"),
        ("ncmec_ojjdp_transparency", "/content/dam/missingkids/pdfs/OJJDP-NCMEC-Transparency_2022-Calendar-Year.pdf", "2022"),
        ("ncmec_ojjdp_transparency", "/content/dam/missingkids/pdfs/OJJDP-NCMEC-Transparency-CY-2023-Report.pdf", "2023"),
        ("ncmec_ojjdp_transparency", "/content/dam/missingkids/pdfs/cybertiplinedata2024/OJJDP-NCMEC-Transparency-CY-2024.pdf", "2024"),
        ("ussc_individual_datafiles", "/sites/default/files/zip/opafy23nid_csv.zip", "23"),
        ("ussc_individual_datafiles", "/sites/default/files/zip/opafy16-nid.zip", "16"),
    ],
)
def test_a_link_whose_name_drifts_is_found(source_id: str, address: str, year: str) -> None:
    found = re.search(SOURCES[source_id].link_pattern, address)
    assert found is not None
    assert found["year"] == year
    others = [other for other in SOURCES.values() if other.link_pattern and other.source_id != source_id]
    others = [other for other in others if set(other.hosts) & set(SOURCES[source_id].hosts)]
    assert not [other.source_id for other in others if re.search(other.link_pattern, address)]


@pytest.mark.parametrize("name", ["cr96on.zip", "cr96on_0.zip", "cr96to25.zip"])
def test_the_court_file_is_found_under_each_of_its_names(name: str) -> None:
    pattern = SOURCES["fjc_idb_criminal"].link_pattern
    assert re.search(pattern, f"/sites/default/files/idb/textfiles/{name}")
    assert not re.search(pattern, "/sites/default/files/idb/textfiles/cr70to95.zip")


# --- the catalogue itself: rates -------------------------------------------------------------------------------------------------


def sides_of(rate: Rate) -> list[Selector]:
    return [side for side in (rate.numerator, rate.denominator) if side is not None]


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_a_declared_rate_is_readable_and_its_codes_exist(rate: Rate) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", rate.rate_id)
    assert rate.question.endswith("?")
    assert rate.question != rate.rate_id
    for side in sides_of(rate):
        for dimension, codes in side.codes.items():
            known = SOURCES if dimension == "source_id" else catalogue_vocabulary().codes.get(dimension)
            if dimension in CODE_LIST_OF or dimension == "source_id":
                assert set(codes or ()) <= set(known or ())


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_a_rate_over_reports_lists_its_scopes_and_a_sentencing_rate_its_guidelines(rate: Rate) -> None:
    below = rate.denominator.codes if rate.denominator else {}
    if any(measure.startswith("reports_") for measure in below.get("measure") or ()):
        assert rate.numerator.codes["offense_scope"]
        assert below["offense_scope"]
    sentences = [side.codes for side in sides_of(rate) if "individuals_sentenced" in (side.codes["measure"] or ())]
    if rate.kind == "sentencing" and sentences:
        assert all("guideline=" in breakdown for breakdown in sentences[0]["breakdown"] or ())


@pytest.mark.parametrize("rate", [rate for rate in RATES.values() if rate.kind == "composition"], ids=lambda rate: rate.rate_id)
def test_a_composition_names_the_sources_of_both_sides(rate: Rate) -> None:
    assert all(side.codes["source_id"] for side in sides_of(rate))


def test_the_headline_puts_prosecuted_reports_over_reports_received() -> None:
    headline = RATES["csam_reports_prosecuted"]
    assert headline.kind == "prosecution"
    assert headline.denominator is not None
    assert headline.numerator.codes["measure"] == ("reports_resulting_in_prosecution",)
    assert headline.denominator.codes["measure"] == ("reports_received",)
    assert headline.denominator.codes["ref_area"] == ("US", "WORLD")


def test_every_kind_of_rate_is_used() -> None:
    assert {rate.kind for rate in RATES.values()} == set(RATE_KINDS)


def test_selectors_name_the_dimensions_of_the_schema() -> None:
    assert DIMENSIONS == SERIES_DIMENSIONS


# --- the catalogue itself: reasons, breaks, events, conflicts ---------------------------------------------------------------------


def rows_of(name: str) -> list[dict[str, str]]:
    with (PROJECT / "catalog" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_reasons_stand_in_their_fixed_order() -> None:
    rows = rows_of("null_reasons.csv")
    assert [row["code"] for row in rows] == [
        *("numerator_missing", "denominator_missing", "numerator_not_collected", "denominator_not_collected"),
        *("numerator_suppressed", "denominator_suppressed", "numerator_not_exact", "denominator_not_exact", "denominator_zero"),
        *("source_conflict", "low_reliability", "period_mismatch", "ref_area_mismatch", "unit_of_count_mismatch"),
        *("offense_scope_mismatch", "jurisdiction_mismatch", "pathway_mismatch", "population_mismatch", "breakdown_mismatch"),
        *("series_break", "numerator_exceeds_denominator"),
    ]
    assert [row["position"] for row in rows] == [str(number) for number in range(1, 22)]
    assert all(row["sentence"].endswith(".") and row["what_would_resolve"].endswith(".") and row["label"] for row in rows)


def test_breaks_name_sources_and_codes_that_exist() -> None:
    rows = rows_of("breaks.csv")
    assert len({row["break_id"] for row in rows}) == len(rows) >= 21
    for row in rows:
        assert {row["breaks_rate"], row["breaks_change"]} <= {"true", "false"}
        assert row["description"].endswith(".")
        assert set(filter(None, row["source_id"].split(";"))) <= set(SOURCES)
        for dimension in set(CODE_LIST_OF) & set(row):
            assert set(filter(None, row[dimension].split(";"))) <= set(catalogue_vocabulary().codes[dimension])


def test_events_and_conflicts_are_told_apart_and_located() -> None:
    events = rows_of("policy_events.csv")
    assert len({row["event_id"] for row in events}) == len(events) >= 11
    assert {source.strip() for row in events for source in row["affects"].split(",")} <= set(SOURCES)
    conflicts = rows_of("conflicts.csv")
    assert len({row["conflict_id"] for row in conflicts}) == len(conflicts) >= 31
    assert all(row["value_1"] and row["value_2"] and row["prefer"] and row["why"] for row in conflicts)


# --- speed -----------------------------------------------------------------------------------------------------------------------


def test_reading_the_sources_loads_no_data_library() -> None:
    code = (
        "import sys; from pipelines.catalog import load_sources; load_sources(); "
        "print(sorted({'polars', 'duckdb', 'pandas', 'requests', 'dagster'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
