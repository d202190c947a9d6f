"""Criminal records of the courts, counted in a stream: counts against a table drawn by other code, traps, containers, refusals."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import records, warehouse
from pipelines.conforming import conform
from pipelines.parse import main, write_whole
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot
from pipelines.sources import fjc_idb_criminal as fjc
from tests import synthetic_records as synthetic
from tests.synthetic_records import IDB_HEADER, IdbPlan, Manifest

PLAN = IdbPlan(seed=20, defendants=6_000, csam_share=0.25, traps=3)
EVENTS = {
    ("defendants_charged", "idb_defendants_filed"): "filed",
    ("defendants_charged", "idb_defendants_filed_with_transfers"): "filed_with_transfers",
    ("defendants_terminated", "idb_defendants_terminated"): "terminated",
    ("defendants_terminated", "idb_defendants_terminated_with_transfers"): "terminated_with_transfers",
    ("defendants_convicted", "idb_defendants_terminated"): "convicted",
    ("defendants_sentenced", "idb_defendants_sentenced"): "sentenced",
}


def parsed(path: Path) -> pl.DataFrame:
    return conform(fjc.parse(Snapshot(fjc.SOURCE_ID, path, "0" * 64)), fjc.SOURCE_ID)


def by_month(frame: pl.DataFrame) -> Counter[tuple[str, str, str, str]]:
    """Observations of the country in the words of the manifest; zero months are left to their own test."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for row in frame.filter(pl.col("ref_area") == "US", pl.col("obs_value") > 0).iter_rows(named=True):
        assert row["time_period"].endswith("-01/P1M")
        event = EVENTS[row["measure"], row["statistical_population"]]
        scope, slot = "all", ""
        if row["offense_scope"] != "federal_all_offenses":
            scope, _, slot = row["offense_scope"].removeprefix("idb_").removesuffix("_charge").rpartition("_")
        counts[event, scope, slot, row["time_period"][:7]] = int(row["obs_value"])
    return counts


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp("idb") / "synthetic_cr96on.txt"
    return path, synthetic.write_idb(path, PLAN)


@pytest.fixture(scope="module")
def observed(sample: tuple[Path, Manifest]) -> pl.DataFrame:
    return parsed(sample[0])


# --- counts ---------------------------------------------------------------------------------------------------------------------


def test_every_count_equals_the_drawn_table(sample: tuple[Path, Manifest], observed: pl.DataFrame) -> None:
    assert by_month(observed) == sample[1].counts
    assert sum(sample[1].counts.values()) > 50_000


def test_districts_by_calendar_year_equal_the_drawn_table(sample: tuple[Path, Manifest], observed: pl.DataFrame) -> None:
    districts = observed.filter(pl.col("ref_area") != "US")
    assert set(districts["offense_scope"]) == {"idb_csam_lead_charge", "idb_csam_any_charge"}
    codes = {area: code for code, area in records.read_districts("court_file_code").items()}
    counts = {
        (EVENTS[row["measure"], row["statistical_population"]], "csam", row["offense_scope"].split("_")[2], codes[row["ref_area"]],
         year): value
        for row in districts.filter(pl.col("time_period").str.contains("-01-01/P1Y")).iter_rows(named=True)
        if (value := row["obs_value"]) and (year := int(row["time_period"][:4]))
    }  # fmt: skip
    # 2026 has only three months; 1995 too
    assert counts == {key: value for key, value in sample[1].districts.items() if key[1] == "csam" and 1996 <= key[4] <= 2025}


def test_districts_add_up_to_the_country(observed: pl.DataFrame) -> None:
    series = ["measure", "offense_scope", "statistical_population"]
    scopes = observed.filter(pl.col("offense_scope").str.contains("idb_csam"))
    year = scopes.filter(pl.col("time_period") == "2014-10-01/P1Y").group_by(series).agg(pl.col("obs_value").sum()).sort(series)
    months = scopes.filter(
        pl.col("ref_area") == "US", pl.col("period_start").is_between(date(2014, 10, 1), date(2015, 9, 30))
    ).group_by(series).agg(pl.col("obs_value").sum()).sort(series)  # fmt: skip
    assert year.height == 12
    assert year.equals(months)


def test_months_without_a_defendant_are_zero_and_tile_the_covered_years(observed: pl.DataFrame) -> None:
    country = observed.filter(pl.col("ref_area") == "US")
    months = [f"{year}-{month:02d}" for year in range(1995, 2027) for month in range(1, 13)]
    expected = [month for month in months if "1995-10" <= month <= "2026-03"]
    for _, series in country.group_by("measure", "offense_scope", "statistical_population"):
        assert sorted(period[:7] for period in series["time_period"]) == expected
    assert (country["obs_value"] == 0).any()


def test_the_last_two_fiscal_years_are_provisional(observed: pl.DataFrame) -> None:
    country = observed.filter(pl.col("ref_area") == "US")
    assert set(country.filter(pl.col("period_start") < date(2024, 10, 1))["obs_status"]) == {"A"}
    assert set(country.filter(pl.col("period_start") >= date(2024, 10, 1))["obs_status"]) == {"P"}


def test_partitions_by_district_add_up_to_the_file(sample: tuple[Path, Manifest]) -> None:
    tables = fjc.tables_of(Snapshot(fjc.SOURCE_ID, sample[0], "0" * 64))
    whole = fjc.count_records(tables)
    halves = [synthetic.DISTRICTS[:11], synthetic.DISTRICTS[11:]]
    parts = fjc.add_counts([fjc.count_records(tables, half) for half in halves])
    order = ["event", "scope", "slot", "district", "month"]
    assert parts.table.sort(order).equals(whole.table.sort(order))
    assert (parts.rows, parts.superseded, parts.undated) == (whole.rows, whole.superseded, whole.undated)
    assert fjc.observe(parts).sort(pl.all()).equals(fjc.observe(whole).sort(pl.all()))


def test_partitions_survive_the_way_to_another_machine(sample: tuple[Path, Manifest], tmp_path: Path) -> None:
    """The table of a partition is written once, and what is read back counts like what was written."""
    tables = fjc.tables_of(Snapshot(fjc.SOURCE_ID, sample[0], "0" * 64))
    parts = []
    for number, districts in enumerate((synthetic.DISTRICTS[:5], synthetic.DISTRICTS[5:])):
        counts = fjc.count_records(tables, districts)
        write_whole(counts.table, tmp_path / f"part_{number}.parquet")
        parts.append(replace(counts, table=pl.read_parquet(tmp_path / f"part_{number}.parquet")))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part_0.parquet", "part_1.parquet"]
    whole = fjc.observe(fjc.count_records(tables))
    assert fjc.observe(fjc.add_counts(parts)).sort(pl.all()).equals(whole.sort(pl.all()))


def test_buckets_that_bound_memory_change_no_count(sample: tuple[Path, Manifest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fjc, "_BUCKET_ROWS", 700)
    monkeypatch.setattr(fjc, "_FRAMES_TOGETHER", 2)
    monkeypatch.setattr(records, "_BLOCK", 300_000)
    assert by_month(parsed(sample[0])) == sample[1].counts


def test_superseded_versions_and_impossible_days_are_counted_and_dropped(
    sample: tuple[Path, Manifest], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    counts = fjc.count_records(fjc.tables_of(Snapshot(fjc.SOURCE_ID, sample[0], "0" * 64)))
    assert (counts.rows, counts.superseded, counts.undated) == (sample[1].rows, sample[1].duplicates, sample[1].undated)
    assert sample[1].duplicates > 10
    assert "have no day on the calendar: quarantined" in caplog.text
    # what nearly is a material statute is shown by frequency, for the first look at a real file
    assert "18:2255.F" in caplog.text


# --- variants of the file ---------------------------------------------------------------------------------------------------------

SMALL = IdbPlan(seed=4, defendants=1_500, csam_share=0.5, traps=2)
TINY = IdbPlan(seed=6, defendants=250, csam_share=0.5, traps=1)
_FUSED = tuple(name for name in IDB_HEADER if name not in ("DISP3", "PRISTIM3"))
_AT = IDB_HEADER.index("DISP3")
VARIANTS: dict[str, Callable[[Path], Manifest]] = {
    "plain": lambda path: synthetic.write_idb(path, SMALL),
    "carriage_returns": lambda path: synthetic.write_idb(path, SMALL, newline="\r\n"),
    "decimals": lambda path: synthetic.write_idb(path, SMALL, floats=True),
    "damaged_lines": lambda path: synthetic.write_idb(path, SMALL, malformed=10),
    "damaged_lines_and_decimals": lambda path: synthetic.write_idb(path, SMALL, malformed=10, floats=True, newline="\r\n"),
    "fused_name": lambda path: synthetic.write_idb(path, SMALL, header=(*_FUSED[:_AT], "DISP3PRISTIM3", *_FUSED[_AT:])),
    "renamed_column": lambda path: synthetic.write_idb(path, SMALL, header=["C_UPDATE" if n == "UPDATE" else n for n in IDB_HEADER]),
    "extra_column": lambda path: synthetic.write_idb(path, SMALL, header=(*IDB_HEADER, "EXTRA"), order=(*IDB_HEADER, "EXTRA")),
    "other_order": lambda path: synthetic.write_idb(path, SMALL, header=IDB_HEADER[::-1], order=IDB_HEADER[::-1]),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_the_file_give_the_same_counts(variant: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "synthetic_cr96on.txt"
    manifest = VARIANTS[variant](path)
    frame = parsed(path)
    assert by_month(frame) == manifest.counts
    if manifest.malformed:
        assert manifest.malformed == 31
        assert set(frame["obs_note"]) == {f"31 of {manifest.rows + 31:,} lines were quarantined."}
        assert f"31 of {manifest.rows + 31:,} lines" in caplog.text


@pytest.mark.parametrize(
    "pack",
    [
        lambda path: path,
        synthetic.pack_xz,
        lambda path: synthetic.pack_zip([path], path.with_name("cr96on_0.zip")),
        lambda path: synthetic.pack_deflate64(path, path.with_name("cr96on_0.zip")),
        lambda path: path.parent,
    ],
    ids=["text", "xz", "zip", "deflate64", "folder"],
)
def test_containers_give_the_same_counts(pack: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # blocks smaller than a container's pieces, so that lines are cut at every kind of place
    monkeypatch.setattr(records, "_BLOCK", 20_000)
    path = tmp_path / "synthetic_cr96on.txt"
    manifest = synthetic.write_idb(path, TINY)
    assert by_month(parsed(pack(path))) == manifest.counts


def test_the_same_file_gives_the_same_observations(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_cr96on.txt"
    synthetic.write_idb(path, SMALL)
    first = parsed(path)
    synthetic.write_idb(path, SMALL)
    assert parsed(path).sort(pl.all()).equals(first.sort(pl.all()))


# --- rules, by hand ----------------------------------------------------------------------------------------------------------------


def row(key: str, fy: int, **cells: str) -> str:
    """One record: pending, not filed in the year, unless the cells say otherwise."""
    plain = {name: "01/01/1900" if name.endswith("DATE") else "-8" for name in IDB_HEADER}
    plain |= {
        "FISCALYR": str(fy), "TAPEYEAR": "2099", "DISTRICT": "41", "DEFLGKY": key, "REOPSEQ": "0", "STATUSCD": "E", "VER": "1",
        "LOADDATE": f"10/20/{fy}", "NAME": "SYNTHETICNAME", **dict.fromkeys(("CTFIL", "CTFILTRN", "CTTR", "CTTRTRN"), "0"),
    }  # fmt: skip
    return "\t".join((plain | cells)[name] for name in IDB_HEADER)


FILED = {"CTFIL": "1", "CTFILTRN": "1"}
ENDED = {"CTTR": "1", "CTTRTRN": "1", "STATUSCD": "J"}
HAND = (
    # filed in June 2019, pending at the end of 2019 and 2020, convicted of the charge in 2021: one filing, one termination
    row("A", 2019, PROCDATE="06/30/2019", FTITLE1="18:2252A.F", **FILED),
    row("A", 2020, PROCDATE="06/30/2019", FTITLE1="18:2252A.F"),
    row("A", 2021, PROCDATE="06/30/2019", FTITLE1="18:2252A.F", TTITLE1="18:2252A.F", DISP1="4", TERMDATE="01/01/2021", SENTDATE="12/31/2020", TAPEYEAR="2021", **ENDED),  # noqa: E501
    # the charge is the second one, it is dismissed, and the conviction is for another
    row("B", 2020, PROCDATE="10/01/2019", FTITLE1="18:2422B.F", FTITLE2="18:2251A.F", TTITLE1="18:2422B.F", DISP1="9", TTITLE2="18:2251A.F", DISP2="1", TERMDATE="09/30/2020", SENTDATE="09/30/2020", TAPEYEAR="2020", **FILED, **ENDED),  # noqa: E501
    # two versions of one record: the later load dropped the charge
    row("C", 2020, PROCDATE="12/31/2019", FTITLE1="18:2252.F", LOADDATE="11/01/2020", **FILED),
    row("C", 2020, PROCDATE="12/31/2019", FTITLE1="18:1343.F", LOADDATE="11/02/2020", **FILED),
    # the same load: the higher version counts, and it is not flagged as filed any more
    row("D", 2020, PROCDATE="12/31/2019", FTITLE1="18:2252.F", VER="2", **FILED),
    row("D", 2020, PROCDATE="12/31/2019", FTITLE1="18:2252.F", VER="3"),
    # flagged as filed in two fiscal years: the later load says January
    row("E", 2020, PROCDATE="12/30/2019", FTITLE1="18:2252.F", **FILED),
    row("E", 2021, PROCDATE="01/02/2020", FTITLE1="18:2252.F", **FILED),
    # a transfer from another district
    row("F", 2020, PROCDATE="03/15/2020", FTITLE1="18:1466A.F", CTFILTRN="1"),
    # ended, reopened, and ended again: two terminations, one of them a conviction by a jury, found guilty but insane
    row("G", 2020, TTITLE3="18:2260.F", DISP3="19", TERMDATE="05/05/2020", SENTDATE="05/01/2020", TAPEYEAR="2020", **ENDED),
    row("G", 2021, TTITLE3="18:2260.F", DISP3="3", TERMDATE="02/02/2021", REOPSEQ="1", TAPEYEAR="2021", **ENDED),
    # reported a year late
    row("H", 2021, PROCDATE="09/30/2020", FTITLE1="18:2252B.F", **FILED),
    # no such day, and a day that has not come
    row("I", 2021, PROCDATE="02/29/2021", FTITLE1="18:2252.F", **FILED),
    row("J", 2021, PROCDATE="06/15/2099", FTITLE1="18:2252.F", **FILED),
    row("K", 2021, PROCDATE="08/01/2021", FTITLE1="18:371.F", **FILED),
)  # fmt: skip


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str, str, str]]:
    path = tmp_path_factory.mktemp("hand") / "synthetic.txt"
    path.write_text("\n".join(["\t".join(IDB_HEADER), *HAND]) + "\n", encoding="latin-1")
    return by_month(parsed(path))


@pytest.mark.parametrize(
    ("event", "scope", "slot", "expected"),
    [
        ("filed", "csam", "lead", {"2019-06": 1, "2020-01": 1}),
        ("filed", "csam", "any", {"2019-06": 1, "2019-10": 1, "2020-01": 1}),
        ("filed", "production", "any", {"2019-10": 1}),
        ("filed", "non_production", "lead", {"2019-06": 1, "2020-01": 1}),
        ("filed", "ambiguous", "lead", {"2020-09": 1}),
        ("filed", "obscene_depiction", "lead", {}),
        ("filed_with_transfers", "obscene_depiction", "lead", {"2020-03": 1}),
        ("filed", "all", "", {"2019-06": 1, "2019-10": 1, "2019-12": 1, "2020-01": 1, "2020-09": 1, "2021-08": 1}),
        ("terminated", "csam", "any", {"2020-05": 1, "2020-09": 1, "2021-01": 1, "2021-02": 1}),
        ("terminated", "csam", "lead", {"2021-01": 1}),
        ("convicted", "csam", "any", {"2020-05": 1, "2021-01": 1}),
        ("convicted", "production", "any", {"2020-05": 1}),
        ("convicted", "all", "", {"2020-05": 1, "2020-09": 1, "2021-01": 1}),
        ("sentenced", "csam", "any", {"2020-05": 1, "2020-12": 1}),
        ("sentenced", "all", "", {"2020-05": 1, "2020-09": 1, "2020-12": 1}),
    ],
)
def test_rules_by_hand(by_hand: Counter[tuple[str, str, str, str]], event: str, scope: str, slot: str, expected: dict[str, int]) -> None:
    assert {month: count for (*key, month), count in by_hand.items() if key == [event, scope, slot]} == expected


def test_an_edition_is_dated_by_how_far_its_records_run(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.txt"
    path.write_text("\n".join(["\t".join(IDB_HEADER), *HAND]), encoding="latin-1")
    # the last filing before its own load day: not the one of 2099
    assert set(parsed(path)["published_on"]) == {"2021-08-01"}
    out = tmp_path / "observations.parquet"
    assert main([fjc.SOURCE_ID, str(path), "--out", str(out), "--published-on", "2021-11"]) == 0
    assert set(pl.read_parquet(out)["published_on"]) == {"2021-11"}


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("18:2251.F", "production"), ("18:2251A.F", "production"), ("18:2251D.F", "production"), ("18:2260.F", "production"),
        ("18:2260A.F", "production"), ("18:2252.F", "non_production"), ("18:2252A.F", "non_production"), ("18:2252a.F", "non_production"),
        (" 18:2252A.F ", "non_production"), ("018:2252A.F", "non_production"), ("18: 2252A.F", "non_production"),
        ("18:02252.F", "non_production"), ("18:2252A(a)(2).F", "non_production"), ("18 2252A.F", "non_production"),
        ("18:2252", "non_production"),
        ("18:1466A.F", "obscene_depiction"), ("18:2252B.F", "ambiguous"), ("18:2252C", "ambiguous"),
        ("18:1466.F", ""), ("18:1466B.F", ""), ("18:2250.F", ""), ("18:2253.F", ""), ("18:2255.F", ""), ("18:2257.F", ""),
        ("18:2258A.F", ""),
        ("18:22521.F", ""), ("26:2252.F", ""), ("118:2252.F", ""), ("181:2252.F", ""), ("-8", ""), ("", ""),
    ],
)  # fmt: skip
def test_statute_texts(text: str, group: str) -> None:
    bits = pl.DataFrame({"text": [text]}).select(fjc.statute_bits(pl.col("text"))).item()
    assert bits == (records.GROUP_BITS[group] if group else 0)


def test_a_year_without_its_own_snapshot_is_not_covered(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.txt"
    lines = [line for line in HAND if not line.startswith("2020\t")]
    path.write_text("\n".join(["\t".join(IDB_HEADER), *lines]), encoding="latin-1")
    months = {period[:7] for period in parsed(path).filter(pl.col("ref_area") == "US")["time_period"]}
    assert months == {f"2018-{m}" for m in (10, 11, 12)} | {f"2019-0{m}" for m in range(1, 10)} | {"2020-10", "2020-11", "2020-12"} | {
        f"2021-0{m}" for m in range(1, 9)
    }  # fmt: skip


def test_small_cells_can_be_withheld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "synthetic.txt"
    path.write_text("\n".join(["\t".join(IDB_HEADER), *HAND]), encoding="latin-1")
    rules = tmp_path / "rules.toml"
    said = (Path(records.__file__).parent.parent / "catalog" / "record_counts.toml").read_text(encoding="utf-8")
    rules.write_text(said.replace("suppression_threshold = 0", "suppression_threshold = 2"), encoding="utf-8")
    withheld = records.read_rules(rules)
    monkeypatch.setattr(records, "read_rules", lambda: withheld)
    frame = parsed(path)
    assert set(frame.filter(pl.col("obs_status") == "Q")["obs_value"]) == {None}
    assert frame.filter(pl.col("obs_status") == "Q").height > 20
    assert set(frame["obs_value"].drop_nulls()) == {0.0, 2.0, 3.0}


# --- refusals ----------------------------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(PublicationError) as problem:
        parsed(path)
    return str(problem.value)


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.txt"
    path.write_text("FISCALYR\tDISTRICT\tFILEDATE\n1971\t41\t01/02/1971\n", encoding="latin-1")
    assert "header line has no column DEFLGKY" in refused(path)
    path.write_text("something else\n", encoding="latin-1")
    assert "no file of synthetic.txt begins with a tab-delimited header line" in refused(path)
    path.write_bytes(b"")
    assert "is empty" in refused(path)


def test_many_damaged_lines_refuse_the_file(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.txt"
    short = "\t".join(HAND[0].split("\t")[:-1])
    path.write_text("\n".join(["\t".join(IDB_HEADER), *HAND, *[short] * 101]), encoding="latin-1")
    problem = refused(path)
    assert f"101 of {len(HAND) + 101} lines" in problem
    assert "nothing was counted" in problem
    assert not any(planted in problem for planted in synthetic.PLANTED)


def test_another_date_format_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.txt"
    lines = [row(f"K{number}", 2020, PROCDATE="2020-01-02", FTITLE1="18:2252.F", **FILED) for number in range(150)]
    path.write_text("\n".join(["\t".join(IDB_HEADER), *lines]), encoding="latin-1")
    assert "150 of 150 counted events have no day on the calendar" in refused(path)


def test_an_interrupted_run_leaves_no_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "synthetic_cr96on.txt"
    synthetic.write_idb(path, TINY)
    archive = synthetic.pack_deflate64(path, tmp_path / "cr96on_0.zip")
    out = tmp_path / "out"
    out.mkdir()
    assert main([fjc.SOURCE_ID, str(archive), "--out", str(out / "observations.parquet")]) == 0
    assert pl.read_parquet(out / "observations.parquet").height > 1_000
    (out / "observations.parquet").unlink()
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 0xFF
    archive.write_bytes(content)
    assert main([fjc.SOURCE_ID, str(archive), "--out", str(out / "observations.parquet")]) == 1
    assert list(out.iterdir()) == []
    assert "cannot be decompressed" in capsys.readouterr().err


def test_a_write_that_is_broken_off_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = tmp_path / "synthetic_cr96on.txt", tmp_path / "out" / "observations.parquet"
    out.parent.mkdir()
    synthetic.write_idb(path, TINY)
    assert main([fjc.SOURCE_ID, str(path), "--out", str(out)]) == 0
    before = out.read_bytes()

    def break_off(frame: pl.DataFrame, target: Path) -> None:
        target.write_bytes(b"PAR1 half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(pl.DataFrame, "write_parquet", break_off)
    with pytest.raises(KeyboardInterrupt):
        main([fjc.SOURCE_ID, str(path), "--out", str(out)])
    assert [(found.name, found.read_bytes()) for found in out.parent.iterdir()] == [("observations.parquet", before)]


def test_a_killed_run_leaves_no_output_and_said_how_far_it_was(tmp_path: Path) -> None:
    path, folder, out = tmp_path / "synthetic_cr96on.txt", tmp_path / "release", tmp_path / "out"
    synthetic.write_idb(path, TINY)
    folder.mkdir()
    out.mkdir()
    content = path.read_bytes()
    for number in range(40):
        # forty yearly files of the same defendants: enough work to be met in the middle of it
        (folder / f"synthetic_{number:02d}.txt").write_bytes(content)
    hasty = (
        "import sys, pipelines.records as records, pipelines.parse as parse\n"
        "records._PROGRESS_SECONDS = 0.0\n"
        f"sys.exit(parse.main(['{fjc.SOURCE_ID}', {str(folder)!r}, '--out', {str(out / 'observations.parquet')!r}]))"
    )
    with subprocess.Popen([sys.executable, "-c", hasty], stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = run.stderr.readline()
        run.kill()
    assert re.fullmatch(r"fjc_idb_criminal: synthetic_00\.txt: \d+\.\d GB read\n", line)
    assert run.returncode != 0
    assert list(out.iterdir()) == []


# --- nothing identifying survives ---------------------------------------------------------------------------------------------------


def test_no_planted_identifier_survives(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(records, "_PROGRESS_SECONDS", 0.0)
    path = tmp_path / "synthetic_cr96on.txt"
    synthetic.write_idb(path, SMALL, malformed=10)
    text = path.read_text(encoding="latin-1")
    keys = {line.split("\t")[12] for line in text.splitlines()[-40:-1]} | {line.split("\t")[4] for line in text.splitlines()[-40:-1]}
    assert "SYNTHETICNAME" in text
    frame = parsed(path)
    written = frame.write_csv() + caplog.text
    assert not [planted for planted in (*synthetic.PLANTED, *(key for key in keys if len(key) > 6)) if planted in written]
    assert "GB read" in caplog.text


# --- what it is for -----------------------------------------------------------------------------------------------------------------


def test_months_meet_yearly_reports_on_calendar_years(observed: pl.DataFrame, tmp_path: Path) -> None:
    """In a scratch database only: synthetic months and the published reports agree on the period, and on little else."""
    inputs = tmp_path / "observations"
    inputs.mkdir()
    charged = observed.filter(
        pl.col("ref_area") == "US",
        pl.col("statistical_population") == "idb_defendants_filed",
        pl.col("offense_scope") == "idb_csam_any_charge",
    )
    charged.write_parquet(inputs / "synthetic.parquet")
    figures = pl.read_csv(Path(fjc.__file__).parents[2] / "figures" / "ncmec_ojjdp_transparency.csv", infer_schema=False)
    conform(figures, "ncmec_ojjdp_transparency").write_parquet(inputs / "reports.parquet")
    rates = tmp_path / "rates.toml"
    rates.write_text(
        '[rates.scratch]\nkind = "prosecution"\nquestion = "Synthetic?"\n'
        '[rates.scratch.numerator]\nmeasure = "defendants_charged"\nstatistical_population = "idb_defendants_filed"\n'
        '[rates.scratch.denominator]\nmeasure = "reports_received"\nref_area = ["US", "WORLD"]\n',
        encoding="utf-8",
    )
    assert warehouse.main(["--observations", str(inputs), "--rates", str(rates), "--out", str(tmp_path / "scratch.duckdb")]) in (0, None)
    with duckdb.connect(str(tmp_path / "scratch.duckdb"), read_only=True) as scratch:
        rows = scratch.sql(
            "select time_period, numerator, numerator_basis, rate, null_reasons from matched_periods "
            "where time_period in ('2021-01-01/P1Y', '2023-01-01/P1Y') and denominator is not null"
        ).fetchall()
    expected = {year: charged.filter(pl.col("period_start").dt.year() == year)["obs_value"].sum() for year in (2021, 2023)}
    assert {period[:4] for period, *_ in rows} == {"2021", "2023"}
    for period, numerator, basis, rate, reasons in rows:
        assert (numerator, basis, rate) == (expected[int(period[:4])], "tiled", None)
        assert "period_mismatch" not in reasons
        assert {"unit_of_count_mismatch", "offense_scope_mismatch", "population_mismatch"} <= set(reasons)
