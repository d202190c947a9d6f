"""Datafiles of the Sentencing Commission: the real supplements, synthetic years on both sides of every change of variables, refusals."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.conforming import conform
from pipelines.observations import SERIES_DIMENSIONS
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot
from pipelines.sources import ussc_individual_datafiles as ussc
from tests import synthetic_records as synthetic

PROJECT = Path(__file__).resolve().parents[1]
ORIGINALS = Path(os.environ.get("ORIGINALS", PROJECT.parent / "shared" / "originals")) / "ussc"
#: records with OFFGUIDE = 7, all records: counted with other software in 2026
CHILD_PORNOGRAPHY = {14: (1_616, 75_836), 15: (1_558, 71_003), 16: (1_593, 67_742)}
#: figure of the manifest -> scope and breakdown
FIGURES = {
    "2g21": ("ussc_guideline_2g21", ""),
    "2g22": ("ussc_guideline_2g22", ""),
    "csam_guidelines": ("ussc_csam_guidelines", ""),
    "child_pornography": ("ussc_primary_guideline", "guideline=child_pornography"),
    "sexual_abuse": ("ussc_primary_guideline", "guideline=sexual_abuse"),
    "type_child_pornography": ("ussc_offense_type", "offense_type=child_pornography"),
    "type_pornography_or_prostitution": ("ussc_offense_type", "offense_type=pornography_or_prostitution"),
}


def parsed(path: Path, url: str | None = None) -> pl.DataFrame:
    return conform(ussc.parse(Snapshot(ussc.SOURCE_ID, path, "0" * 64, url=url)), ussc.SOURCE_ID)


def figures_of(frame: pl.DataFrame, period: str, area: str = "US") -> dict[tuple[str, str], float]:
    rows = frame.filter(pl.col("time_period") == period, pl.col("ref_area") == area)
    return {(scope, part): value for scope, part, value in rows.select("offense_scope", "breakdown", "obs_value").iter_rows()}


# --- originals -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(ORIGINALS.glob("ussc_sup_fy*.csv.xz")), ids=lambda path: path.name)
def test_the_real_supplements_give_the_transcribed_figures(path: Path) -> None:
    frame = parsed(path)
    year = int(path.name[11:13])
    figures = figures_of(frame, f"20{year - 1}-10-01/P1Y")
    child_pornography, everybody = CHILD_PORNOGRAPHY[year]
    assert figures["ussc_primary_guideline", "guideline=child_pornography"] == child_pornography
    assert figures["ussc_primary_guideline", ""] == everybody
    assert frame.height == 4
    transcribed = conform(pl.read_csv(PROJECT / "figures" / "ussc_individual_datafiles.csv", infer_schema=False), ussc.SOURCE_ID)
    same = ["obs_value", "value_qualifier", "obs_status", "published_on", "evidence"]
    dimensions = [*SERIES_DIMENSIONS, "period_start", "period_end"]
    year_of_figures = transcribed.filter(pl.col("time_period") == frame["time_period"][0])
    assert frame.select(*dimensions, *same).sort(dimensions).equals(year_of_figures.select(*dimensions, *same).sort(dimensions))


@pytest.mark.parametrize("path", sorted(ORIGINALS.glob("ussc_sup_fy*.csv.xz"))[:1], ids=lambda path: path.name)
def test_a_snapshot_without_a_name_takes_its_year_from_its_address(path: Path, tmp_path: Path) -> None:
    nameless = tmp_path / ("a" * 64)
    nameless.write_bytes(path.read_bytes())
    assert parsed(nameless, url="https://www.ussc.gov/sites/default/files/ussc_sup_fy14.csv.xz").height == 4
    with pytest.raises(PublicationError, match="fiscal year of the file: none"):
        parsed(nameless)


# --- synthetic years -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fiscal_year", [2006, 2009, 2010, 2017, 2018, 2024])
def test_each_year_is_read_from_the_variables_of_its_time(fiscal_year: int, tmp_path: Path) -> None:
    path = tmp_path / f"synthetic_opafy{fiscal_year % 100:02d}nid.csv"
    manifest = synthetic.write_ussc(path, fiscal_year, 2_000)
    frame = parsed(path)
    year = figures_of(frame, f"{fiscal_year - 1}-10-01/P1Y")
    totals = {("ussc_primary_guideline", ""): 2_000, **({("ussc_offense_type", ""): 2_000} if fiscal_year < 2018 else {})}
    expected = totals | {FIGURES[name]: count for name, count in manifest.years.items() if name != "all"}
    if fiscal_year >= 2018:
        expected["ussc_primary_guideline", "guideline=obscenity_and_other_sex_offenses"] = 0
    assert year == expected
    counts: Counter[tuple[str, str]] = Counter()
    names = {place: name for name, place in FIGURES.items()} | {("ussc_primary_guideline", ""): "all"}
    months = frame.filter(pl.col("time_period").str.ends_with("/P1M"), pl.col("obs_value") > 0)
    for scope, part, period, value in months.select("offense_scope", "breakdown", "time_period", "obs_value").iter_rows():
        if (scope, part) != ("ussc_offense_type", ""):
            counts[names[scope, part], period[:7]] = int(value)
    assert counts == manifest.months
    assert set(frame["value_qualifier"]) == {"exact"}


def test_districts_by_fiscal_year(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy19nid.csv"
    manifest = synthetic.write_ussc(path, 2019, 3_000)
    frame = parsed(path)
    names = {place: name for name, place in FIGURES.items()} | {("ussc_primary_guideline", ""): "all"}
    districts = frame.filter(pl.col("ref_area") != "US")
    assert set(districts["time_period"]) == {"2018-10-01/P1Y"}
    counts = {
        (names[scope, part], area): value
        for scope, part, area, value in districts.select("offense_scope", "breakdown", "ref_area", "obs_value").iter_rows()
        if value
    }
    # Alaska and the middle of Louisiana have other numbers here than in the files of the courts; 99 is nobody's
    assert counts == manifest.districts
    assert {"AKD", "LAM", "GAN", "MED", "unknown"} <= {area for _, area in counts}


def test_two_fiscal_years_tile_the_calendar_year_between_them(tmp_path: Path) -> None:
    manifests = [synthetic.write_ussc(tmp_path / f"synthetic_opafy{year}nid.csv", 2000 + year, 800) for year in (18, 19)]
    frame = parsed(tmp_path)
    months = frame.filter(pl.col("offense_scope") == "ussc_guideline_2g22", pl.col("time_period").str.contains("^2018.*P1M"))
    assert months.height == 12
    expected = sum(
        count for manifest in manifests for (figure, month), count in manifest.months.items() if figure == "2g22" and month[:4] == "2018"
    )
    assert months["obs_value"].sum() == expected


def test_records_without_a_month_make_its_months_lower_bounds(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy19nid.csv"
    manifest = synthetic.write_ussc(path, 2019, 2_000, unplaced=40)
    frame = parsed(path)
    everybody = frame.filter(pl.col("offense_scope") == "ussc_primary_guideline", pl.col("breakdown") == "", pl.col("ref_area") == "US")
    year, months = everybody.filter(pl.col("time_period").str.ends_with("Y")), everybody.filter(pl.col("time_period").str.ends_with("M"))
    assert (year["obs_value"].item(), year["value_qualifier"].item()) == (2_000, "exact")
    assert (months["obs_value"].sum(), set(months["value_qualifier"])) == (1_960, {"ge"})
    # a series all of whose records have a month keeps exact ones
    placed = [
        name for name in ("2g21", "2g22") if sum(n for (figure, _), n in manifest.months.items() if figure == name) == manifest.years[name]
    ]
    for name in placed:
        scope = frame.filter(pl.col("offense_scope") == FIGURES[name][0])
        assert set(scope["value_qualifier"]) == {"exact"}


def test_years_before_2005_have_no_months(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy03nid.csv"
    synthetic.write_ussc(path, 2003, 500, months=False)
    assert not parsed(path)["time_period"].str.ends_with("M").any()


@pytest.mark.parametrize(
    "pack",
    [lambda path: path, synthetic.pack_xz, lambda path: synthetic.pack_zip([path], path.with_name("opafy24nid_csv.zip"))],
    ids=["text", "xz", "zip"],
)
def test_very_wide_files_in_any_container(pack: Callable[[Path], Path], tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy24nid.csv"
    manifest = synthetic.write_ussc(path, 2024, 60, columns=22_140, floats=True)
    figures = figures_of(parsed(pack(path)), "2023-10-01/P1Y")
    assert figures["ussc_primary_guideline", ""] == 60
    assert figures["ussc_guideline_2g22", ""] == manifest.years["2g22"]


# --- refusals ---------------------------------------------------------------------------------------------------------------------------


def test_a_name_that_contradicts_the_dates_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy20nid.csv"
    synthetic.write_ussc(path, 2019, 200)
    with pytest.raises(PublicationError, match="2019 and 2020"):
        parsed(path)


def test_records_of_another_year_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_opafy19nid.csv"
    synthetic.write_ussc(path, 2019, 400)
    other = tmp_path / "other.csv"
    synthetic.write_ussc(other, 2020, 300)
    path.write_text(path.read_text() + other.read_text().partition("\n")[2])
    other.unlink()
    with pytest.raises(PublicationError, match="300 of 700 records were sentenced outside the year"):
        parsed(path)


def test_two_editions_that_disagree_are_refused(tmp_path: Path) -> None:
    synthetic.write_ussc(tmp_path / "synthetic_opafy19nid.csv", 2019, 400)
    synthetic.write_ussc(tmp_path / "synthetic_opafy19nid_csv.csv", 2019, 401)
    with pytest.raises(PublicationError, match="two files disagree"):
        parsed(tmp_path)


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "opafy19nid.txt"
    path.write_text("   1  2  3 fixed width\n")
    with pytest.raises(PublicationError, match="give the CSV edition"):
        parsed(path)


def test_damaged_lines_are_counted_and_many_refuse_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "synthetic_opafy19nid.csv"
    synthetic.write_ussc(path, 2019, 300)
    text = path.read_text()
    line = text.splitlines()[1]
    path.write_text(text + "\n" + line + ",SYNTHETICNAME\n")
    frame = parsed(path)
    assert figures_of(frame, "2018-10-01/P1Y")["ussc_primary_guideline", ""] == 300
    assert "2 of 302 lines are blank or have too many fields" in caplog.text
    path.write_text(text + (line + ",SYNTHETICNAME\n") * 200)
    with pytest.raises(PublicationError, match="200 of 500 lines") as problem:
        parsed(path)
    written = str(problem.value) + caplog.text + frame.write_csv()
    assert not [planted for planted in synthetic.PLANTED if planted in written]
