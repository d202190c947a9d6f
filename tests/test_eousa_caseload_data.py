"""Caseload data of the US attorneys: positions from the README, matters followed to their end, traps, refusals."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import parse, records, warehouse
from pipelines.conforming import conform
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot
from pipelines.sources import eousa_caseload_data as eousa
from tests import synthetic_records as synthetic
from tests.synthetic_records import LIONS_LAYOUTS, LionsManifest

ORIGINALS = Path(os.environ.get("ORIGINALS", Path(__file__).resolve().parents[1].parent / "shared" / "originals")) / "eousa"
COHORT = "usao_matter_cohort"
OUTCOMES = ("matters_prosecuted", "matters_declined", "matters_disposed_by_magistrate", "matters_closed_otherwise", "matters_pending")


def snapshot(path: Path) -> Snapshot:
    return Snapshot(eousa.SOURCE_ID, path, "0" * 64)


def parsed(path: Path) -> pl.DataFrame:
    return conform(eousa.parse(snapshot(path)), eousa.SOURCE_ID)


def by_month(frame: pl.DataFrame) -> Counter[tuple[str, str, str, str, str]]:
    months = frame.filter(pl.col("ref_area") == "US", pl.col("time_period").str.ends_with("/P1M"), pl.col("obs_value") > 0)
    names = ("measure", "statistical_population", "offense_scope", "breakdown", "time_period")
    return Counter({(*row[:4], row[4][:7]): int(row[5]) for row in months.select(*names, "obs_value").iter_rows()})


def totals(manifest: LionsManifest) -> Counter[tuple[str, str, str, str, str]]:
    return Counter({key: value for key, value in manifest.counts.items() if key[3] == ""})


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LionsManifest]:
    folder = tmp_path_factory.mktemp("lions") / "synthetic_release"
    return folder, synthetic.write_lions(folder, seed=3, matters=3_000)


@pytest.fixture(scope="module")
def observed(release: tuple[Path, LionsManifest]) -> pl.DataFrame:
    return parsed(release[0])


# --- counts -------------------------------------------------------------------------------------------------------------------------


def test_every_month_equals_the_drawn_matters(release: tuple[Path, LionsManifest], observed: pl.DataFrame) -> None:
    assert by_month(observed) == totals(release[1])
    assert sum(totals(release[1]).values()) > 10_000


def test_districts_by_calendar_year_equal_the_drawn_matters(release: tuple[Path, LionsManifest], observed: pl.DataFrame) -> None:
    years = observed.filter(pl.col("ref_area") != "US", pl.col("time_period").str.contains("-01-01/P1Y"), pl.col("obs_value") > 0)
    names = ("measure", "statistical_population", "offense_scope", "ref_area")
    counts = {(*row[:4], int(row[4][:4])): int(row[5]) for row in years.select(*names, "time_period", "obs_value").iter_rows()}
    wanted = ("lions_csam_lead_charge", "lions_csam_any_charge")
    # the release runs from October 2005 to September 2018: these are its whole calendar years
    assert counts == {key: value for key, value in release[1].districts.items() if key[2] in wanted and 2006 <= key[4] <= 2017}
    assert {"AKD", "DCD", "GUD", "TXS", "MSN", "CAC"} <= {area for *_, area, _ in counts}


def test_reasons_by_fiscal_year_equal_the_drawn_matters(release: tuple[Path, LionsManifest], observed: pl.DataFrame) -> None:
    named = observed.filter(pl.col("breakdown") != "", pl.col("time_period").str.contains("-10-01/P1Y"), pl.col("obs_value") > 0)
    names = ("measure", "statistical_population", "offense_scope", "breakdown")
    counts = {(*row[:4], int(row[4][:4]) + 1): int(row[5]) for row in named.select(*names, "time_period", "obs_value").iter_rows()}
    expected: Counter[tuple[str, str, str, str, int]] = Counter()
    for (measure, population, scope, reason, month), value in release[1].counts.items():
        if reason:
            year = int(month[:4]) + (int(month[5:]) >= 10)
            expected[measure, population, scope, f"declination_reason={reason}", year] += value
    assert counts == expected
    # a code that is in no list is named unknown, not passed on
    assert {key[3] for key in counts} == {f"declination_reason={reason}" for reason in ("WKEV", "LEBA", "REFM", "SPOA", "unknown")}


def test_what_became_of_the_matters_adds_up_to_those_received(observed: pl.DataFrame) -> None:
    cohort = observed.filter(pl.col("statistical_population") == COHORT, pl.col("breakdown") == "")
    series = ["ref_area", "offense_scope", "time_period"]
    parts = cohort.filter(pl.col("measure").is_in(OUTCOMES)).group_by(series).agg(pl.col("obs_value").sum()).sort(series)
    received = cohort.filter(pl.col("measure") == "matters_received").select(*series, "obs_value").sort(series)
    assert parts.equals(received)
    assert set(cohort["measure"]) == {"matters_received", *OUTCOMES}
    assert set(cohort["obs_note"]) == {"State of the release of 2018-09-30."}


def test_every_covered_month_is_there(observed: pl.DataFrame) -> None:
    country = observed.filter(pl.col("ref_area") == "US", pl.col("time_period").str.ends_with("/P1M"))
    expected = [f"{y}-{m:02d}" for y in range(2005, 2019) for m in range(1, 13) if "2005-10" <= f"{y}-{m:02d}" <= "2018-09"]
    for _, series in country.group_by("measure", "offense_scope", "statistical_population"):
        assert sorted(period[:7] for period in series["time_period"]) == expected
    provisional = country.filter(pl.col("obs_status") == "P")["period_start"]
    assert (provisional.min(), provisional.max()) == (date(2016, 10, 1), date(2018, 9, 1))


def test_the_program_category_of_offline_material_ends_with_january_2011(observed: pl.DataFrame) -> None:
    received = observed.filter(
        pl.col("measure") == "matters_received", pl.col("time_period").str.ends_with("/P1M"), pl.col("ref_area") == "US"
    )
    offline = received.filter(pl.col("offense_scope") == "usao_offline_child_pornography")
    assert offline.filter(pl.col("period_start") >= date(2011, 2, 1))["obs_value"].sum() == 0
    assert offline["obs_value"].sum() > 0


def test_partitions_by_district_add_up_to_the_release(release: tuple[Path, LionsManifest]) -> None:
    opened = eousa.open_release(snapshot(release[0]))
    whole = eousa.count_records(eousa.read_records(opened))
    parts = eousa.add_counts(
        eousa.count_records(eousa.read_records(opened, districts)) for districts in (("TXS", "AK"), ("MSN", "DC", "GU"), ("CAC",))
    )
    order = ["event", "scope", "district", "reason", "month"]
    assert parts.table.sort(order).equals(whole.table.sort(order))
    assert dict(parts.received) == dict(whole.received)


def test_the_cohort_has_a_true_rate_and_nothing_else_has(observed: pl.DataFrame, tmp_path: Path) -> None:
    inputs = tmp_path / "observations"
    inputs.mkdir()
    observed.filter(
        pl.col("ref_area") == "US",
        pl.col("offense_scope") == "lions_csam_lead_charge",
        pl.col("time_period").str.contains("2012-01-01|2012-06"),
    ).write_parquet(inputs / "synthetic.parquet")
    rates = tmp_path / "rates.toml"
    rates.write_text(
        '[rates.cohort]\nkind = "prosecution"\nquestion = "Synthetic?"\n'
        f'[rates.cohort.numerator]\nmeasure = "matters_prosecuted"\nstatistical_population = "{COHORT}"\n'
        f'[rates.cohort.denominator]\nmeasure = "matters_received"\nstatistical_population = "{COHORT}"\n'
        '[rates.flow]\nkind = "declination"\nquestion = "Synthetic?"\n'
        '[rates.flow.numerator]\nmeasure = "matters_declined"\nstatistical_population = "usao_declinations"\n'
        f'[rates.flow.denominator]\nmeasure = "matters_received"\nstatistical_population = "{COHORT}"\n',
        encoding="utf-8",
    )
    assert warehouse.main(["--observations", str(inputs), "--rates", str(rates), "--out", str(tmp_path / "scratch.duckdb")]) in (0, None)
    with duckdb.connect(str(tmp_path / "scratch.duckdb"), read_only=True) as scratch:
        rows = scratch.sql("select rate_id, time_period, numerator, denominator, rate, null_reasons from matched_periods").fetchall()
    cohort = {row[1]: row[2:] for row in rows if row[0] == "cohort"}
    assert set(cohort) == {"2012-01-01/P1Y", "2012-01-01/P1M", "2012-06-01/P1M"}
    for numerator, denominator, rate, reasons in cohort.values():
        assert reasons == []
        assert 0 < numerator <= denominator
        assert rate == pytest.approx(numerator / denominator)
    flow = [row for row in rows if row[0] == "flow"]
    assert flow
    assert all(row[4] is None and "population_mismatch" in row[5] for row in flow)


def test_a_release_is_parsed_by_hand_from_its_folder(
    release: tuple[Path, LionsManifest], observed: pl.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "observations.parquet"
    assert parse.main([eousa.SOURCE_ID, str(release[0]), "--out", str(out)]) == 0
    written = pl.read_parquet(out)
    (snapshot_id,) = written["snapshot_id"].unique()
    assert re.fullmatch(r"[0-9a-f]{64}", snapshot_id)
    assert written.drop("snapshot_id").sort(pl.all()).equals(observed.drop("snapshot_id").sort(pl.all()))
    # the edition is the release: a later one follows the same matters further
    assert set(written["published_on"]) == {"2018-09-30"}
    with pytest.raises(SystemExit, match="2"):
        parse.main(["ncmec_reports_by_esp", str(release[0]), "--out", str(out)])
    assert "is a folder: give one file" in capsys.readouterr().err


def test_a_damaged_archive_is_one_line_and_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = synthetic.pack_zip(sorted(small(tmp_path).iterdir()), tmp_path / "release.zip")
    archive.write_bytes(archive.read_bytes()[:-400])
    out = tmp_path / "observations.parquet"
    assert parse.main([eousa.SOURCE_ID, str(archive), "--out", str(out)]) == 1
    assert re.fullmatch(r"[^\n]*release\.zip: is no complete zip archive[^\n]+\n", capsys.readouterr().err)
    assert not out.exists()


def test_the_hash_of_a_release_is_of_all_its_files(tmp_path: Path) -> None:
    hashes = []
    for names in (("a.txt", "b.txt"), ("a.txt", "c.txt"), ("a.txt",)):
        folder = tmp_path / "".join(names)
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(b"the same")
        hashes.append(parse.snapshot_of_folder(eousa.SOURCE_ID, folder).snapshot_id)
    assert len(set(hashes)) == 3


# --- charges -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "group", "exact"),
    [
        ("18 :2252A(a)(2)", "non_production", 64), ("18:02252A", "non_production", 64), (" 18 : 2252A", "non_production", 64),
        ("18 :2252(a)(4)(B)", "non_production", 32), ("018:2251(a)", "production", 16), ("18:2251A", "production", 0),
        ("18:2260(a)", "production", 0), ("18 :1466A(b)(1)", "obscene_depiction", 0), ("18:2252a", "ambiguous", 0),
        ("18:2252AA2", "ambiguous", 0), ("18:2252A2", "ambiguous", 0), ("18:2260A", "ambiguous", 0), ("18:2252B", "ambiguous", 0),
        ("18:2252C", "ambiguous", 0), ("18:2250", "", 0), ("18:22521", "", 0), ("18:1466", "", 0), ("18:1466B", "", 0), ("118:2252", "", 0),
        ("26 :2252", "", 0), ("8 :1324(a)(2)", "", 0), ("*", "", 0),
    ],
)  # fmt: skip
def test_charge_texts(text: str, group: str, exact: int) -> None:
    expected = (records.GROUP_BITS[group] if group else 0) + exact
    assert eousa.charge_bits(text) == expected


# --- the release describes itself -----------------------------------------------------------------------------------------------------


def shifted() -> dict[str, list[tuple[str, str, int]]]:
    """Layouts as another release might have them: a new column in front, and others wider."""
    layouts = {table: [("RELEASE", "VARCHAR2(5)", 5), *columns] for table, columns in LIONS_LAYOUTS.items()}
    layouts["GS_CASE"] = [(name, kind, width + (name == "ID") * 4) for name, kind, width in layouts["GS_CASE"]]
    return layouts


def test_positions_come_from_the_readme_of_the_release(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic_release"
    manifest = synthetic.write_lions(folder, seed=8, matters=600, layouts=shifted())
    assert by_month(parsed(folder)) == totals(manifest)


def test_archives_give_the_same_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_BLOCK", 30_000)
    folder = tmp_path / "synthetic_release"
    manifest = synthetic.write_lions(folder, seed=9, matters=300)
    files = sorted(folder.iterdir())
    one = synthetic.pack_zip(files, tmp_path / "release.zip")
    assert by_month(parsed(one)) == totals(manifest)
    disks = tmp_path / "disks"
    disks.mkdir()
    readme, rest = next(file for file in files if "README" in file.name), [file for file in files if "README" not in file.name]
    for number in range(3):
        synthetic.pack_zip([readme, *rest[number::3]], disks / f"disk0{number}.zip")
    assert by_month(parsed(disks)) == totals(manifest)


@pytest.mark.parametrize("readme", sorted(ORIGINALS.glob("*readme*.txt")), ids=lambda path: path.name)
def test_the_original_readme_gives_the_official_positions(readme: Path) -> None:
    text = readme.read_text(encoding="latin-1")
    layouts = eousa.read_layouts(text)
    # every position that the text prints, read in another way
    printed: dict[str, dict[str, tuple[int, int]]] = {}
    table = ""
    for words in (line.replace("\f", " ").split() for line in text.splitlines()):
        if len(words) == 4 and words[1] == "-" and words[3] == "Characters":
            table = words[0]
        elif table and words and (at := re.fullmatch(r"\((\d+):(\d+)\)", words[-1])):
            printed.setdefault(table, {})[words[0]] = (int(at[1]) - 1, int(at[2]) - int(at[1]) + 1)
    assert {name: dict(layout.columns) for name, layout in layouts.items()} == printed
    assert len(layouts) == 44
    assert layouts["GS_CASE"].width == 366
    assert layouts["GS_CASE"].columns["LEAD_CHARGE"] == (157, 25)
    assert layouts["GS_PART_COUNT"].columns["CHARGE"] == (50, 25)
    for name, columns in eousa.TABLES.items():
        assert set(columns) <= set(layouts[name].columns)
    for name, columns in LIONS_LAYOUTS.items():
        begin = 0
        for column, _, width in columns:
            if not column.startswith("FILL"):
                assert layouts[name].columns[column] == (begin, width)
            begin += width
        assert begin == layouts[name].width


def test_names_and_numbers_of_persons_are_never_read() -> None:
    read = {column for columns in eousa.TABLES.values() for column in columns}
    assert not [
        column for column in read if re.search(r"NAME|SSN|BIRTH|ADDRESS|PHONE|COMMENT|COURT_NUMBER|AGENCY_NUM|JUDGE|STAFF|USER", column)
    ]


# --- refusals -------------------------------------------------------------------------------------------------------------------------


def small(tmp_path: Path) -> Path:
    folder = tmp_path / "synthetic_release"
    synthetic.write_lions(folder, seed=5, matters=120)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    readme = folder / "README.TXT"
    text = readme.read_text(encoding="latin-1")
    assert old in text
    readme.write_text(text.replace(old, new, 1), encoding="latin-1")


def remove(folder: Path, name: str) -> None:
    (folder / name).unlink()


def cut(folder: Path) -> None:
    path = folder / "gs_court_hist.txt"
    path.write_bytes(path.read_bytes()[:-40])


def slip(folder: Path) -> None:
    path = folder / "gs_case.txt"
    content = path.read_bytes()
    path.write_bytes(content[:5_000] + content[5_001:] + b" ")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: remove(folder, "README.TXT"), "holds no README"),
        (lambda folder: remove(folder, "gs_court_hist.txt"), "no file of table GS_COURT_HIST"),
        (lambda folder: remove(folder, "gs_participant_GU.txt"), "no participants of district GU"),
        (lambda folder: edit(folder, "GS_PART_COUNT - 186", "GS_OTHER - 186"), "no README has the layout of GS_PART_COUNT"),
        (lambda folder: edit(folder, "(4:13)", "(5:13)"), "GS_CASE: ID begins at 5, expected 4: positions have a gap"),
        (lambda folder: edit(folder, "GS_CASE - 366", "GS_CASE - 367"), "columns end at 366, its records at 367"),
        (lambda folder: edit(folder, "LEAD_CHARGE ", "LEAD_OFFENSE"), "the layout of GS_CASE has no column LEAD_CHARGE"),
        (lambda folder: shutil.copy(folder / "gs_case.txt", folder / "GS_CASE.TXT"), "GS_CASE.TXT comes twice|gs_case.txt comes twice"),
        (cut, "gs_court_hist.txt: its bytes are no multiple of 240"),
        (slip, "gs_case.txt: [0-9]+ records do not end after 366 characters"),
    ],
)
def test_a_release_that_does_not_fit_is_refused(harm: Callable[[Path], object], message: str, tmp_path: Path) -> None:
    folder = small(tmp_path)
    harm(folder)
    with pytest.raises(PublicationError, match=message) as problem:
        parsed(folder)
    assert not any(planted in str(problem.value) for planted in synthetic.PLANTED)


def test_files_of_two_releases_are_not_mixed(tmp_path: Path) -> None:
    folder = small(tmp_path)
    (folder / "README_OTHER.TXT").write_text("0 errors encountered during OCTFY2019 redaction.\n", encoding="latin-1")
    with pytest.raises(PublicationError, match="name 2 releases"):
        parsed(folder)


@pytest.mark.parametrize(
    ("text", "as_of"),
    [
        ("during SEPFY2018 redaction", date(2018, 9, 30)),
        ("during OCTFY2019 redaction", date(2018, 10, 31)),
        ("during FEBFY2024 redaction", date(2024, 2, 29)),
        ("10/11/2018 10:46 AM         2,217,320,048 gs_case.txt", date(2018, 9, 30)),
        ("01/05/2024 10:46 AM                12,048 gs_case.txt", date(2023, 12, 31)),
        ("nothing", None),
    ],
)
def test_the_date_of_the_release(text: str, as_of: date | None) -> None:
    assert eousa._release_date([text]) == as_of


# --- nothing identifying survives -------------------------------------------------------------------------------------------------------


def test_no_planted_identifier_survives(release: tuple[Path, LionsManifest], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    held = b"".join((release[0] / name).read_bytes() for name in ("gs_case.txt", "gs_participant_TXS.txt"))
    assert all(planted.encode() in held for planted in synthetic.PLANTED)
    # line ends and characters of another alphabet inside names
    assert b"\r" in held
    assert b"\xd1" in held
    written = parsed(release[0]).write_csv() + caplog.text
    assert not [planted for planted in synthetic.PLANTED if planted in written]
    assert not re.search(r"20\d\dR\d{5}", written)
    assert "criminal matters" in caplog.text
