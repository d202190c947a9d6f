"""Exports: every format says what the database says, opens with its own library, harms nobody, and is the same every time."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from pipelines import exports
from pipelines.differences import compare_releases
from pipelines.warehouse import WarehouseError, query, read_frames
from tests.conftest import Workplace

#: the database writes no Parquet of it, or under another name
NOT_EXPORTED = {
    "series_observations", "periods", "attribute_sets", "figures", "superseded_figures", "matches", "side_attributes",
    "comparability", "explanations",
}  # fmt: skip


def export(database: Path, folder: Path) -> Path:
    folder.mkdir(parents=True)
    exports.write_exports(database, folder, compare_releases(None, database))
    shutil.copy(database, folder)
    exports.write_checksums(folder)
    return folder


@pytest.fixture(scope="module")
def exported(built: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of all embedded figures; read them, do not change them."""
    return export(built.database, tmp_path_factory.mktemp("exports") / "release")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def relations(database: Path) -> set[str]:
    return {name for (name,) in query(
        database,
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'release' "
        "UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = 'release' AND NOT internal",
    )}  # fmt: skip


# --- nothing is left out, nothing differs ------------------------------------------------------------------------------------------


def test_every_table_and_view_is_exported(built: Workplace, exported: Path) -> None:
    expected = {name for name in relations(built.database) if name not in NOT_EXPORTED and not name.endswith("_in_words")}
    assert {"observations", "matched_periods", "prosecution_rates", "data_requests", "sources", "bounds", "null_reasons"} <= expected
    assert {path.stem for path in (exported / "parquet").iterdir()} == expected
    assert {path.stem for path in (exported / "csv").iterdir()} == expected


def test_what_was_written_is_told(built: Workplace, tmp_path: Path) -> None:
    written = exports.write_exports(built.database, tmp_path, compare_releases(None, built.database))
    assert set(written) == {path for path in tmp_path.rglob("*") if path.is_file()}
    assert list(written) == sorted(written)


@pytest.mark.parametrize("name", ["matched_periods", "observations", "prosecution_rates", "sources", "breaks", "question_4_declinations"])
def test_parquet_holds_what_the_database_holds(built: Workplace, exported: Path, name: str) -> None:
    frame = pl.read_parquet(exported / "parquet" / f"{name}.parquet")
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{built.database}' AS release (READ_ONLY)")
        con.execute("USE release")
        relation = con.sql(f"FROM {name}")
        assert frame.columns == relation.columns
        assert sorted(map(repr, frame.rows())) == sorted(map(repr, relation.fetchall()))


def test_lists_are_lists_in_parquet_and_texts_in_csv(exported: Path) -> None:
    frame = pl.read_parquet(exported / "parquet" / "matched_periods.parquet")
    assert frame.schema["null_reasons"] == pl.List(pl.String)
    table = read_csv(exported / "csv" / "matched_periods.csv")
    assert len(table) == frame.height
    for row, reasons, rate in zip(table, frame["null_reasons"].to_list(), frame["rate"].to_list(), strict=True):
        assert [reason for reason in row["null_reasons"].split(exports.SEPARATOR) if reason] == reasons
        # the law of the house holds in a spreadsheet, too
        assert (row["rate"] == "") == bool(reasons)
        assert rate is None or float(row["rate"]) == rate


def test_numbers_survive_csv(exported: Path) -> None:
    table = read_csv(exported / "csv" / "observations_current.csv")
    frame = pl.read_parquet(exported / "parquet" / "observations_current.parquet")
    for row, value in zip(table, frame["obs_value"].to_list(), strict=True):
        assert row["obs_value"] == "" if value is None else float(row["obs_value"]) == value
        assert not row["obs_value"].endswith(".0")
    assert "36210368" in {row["obs_value"] for row in table}


def test_a_total_and_a_missing_text_are_told_apart(exported: Path) -> None:
    """A total has the empty breakdown, quoted; what is not known is nothing at all."""
    head, *lines = (exported / "csv" / "series.csv").read_text(encoding="utf-8").splitlines()
    assert head.endswith(",breakdown")
    assert any(line.endswith(',""') for line in lines)
    assert not any(line.endswith(",") for line in lines)


# --- the workbook ------------------------------------------------------------------------------------------------------------------


def test_the_workbook_opens_with_numbers_and_dates(exported: Path) -> None:
    book = exported / exports.WORKBOOK
    about = pl.read_excel(book, sheet_name="README", has_header=True)
    sheets = about["sheet"].drop_nulls().to_list()
    assert {"question_1_share_prosecuted", "prosecution_rates", "observations_current", "sources", "null_reasons"} <= set(sheets)
    questions = pl.read_excel(book, sheet_name="question_2_reports_per_year")
    expected = pl.read_parquet(exported / "parquet" / "question_2_reports_per_year.parquet")
    assert questions.height == expected.height
    numbers = [name for name, dtype in expected.schema.items() if dtype.is_float() and expected[name].drop_nulls().len()]
    assert numbers
    for name in numbers:
        assert questions.schema[name].is_numeric()
        # a workbook holds sixteen digits
        for shown, value in zip(questions[name].cast(pl.Float64).to_list(), expected[name].to_list(), strict=True):
            assert (shown is None) == (value is None)
            assert value is None or shown == pytest.approx(value, rel=1e-14)
    dates = [name for name, dtype in expected.schema.items() if dtype == pl.Date]
    assert dates
    for name in dates:
        assert questions[name].to_list() == expected[name].to_list()


def test_the_workbook_has_no_formula_no_link_and_a_frozen_head(exported: Path) -> None:
    with zipfile.ZipFile(exported / exports.WORKBOOK) as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
        assert names[:2] == ["README", "dictionary"]
        assert names[2].startswith("question_1")
        assert max(map(len, names)) <= 31
        assert len(names) == len(set(names))
        for part in book.namelist():
            text = book.read(part)
            assert b"<f>" not in text
            assert b"<hyperlink" not in text
            if part.startswith("xl/worksheets/sheet"):
                assert b'state="frozen"' in text
                dimension = re.search(rb'<dimension ref="[A-Z]+1:[A-Z]+(\d+)"', text)
                assert dimension
                assert int(dimension[1]) <= 1_048_576
        # no clock
        assert {entry.date_time[0] for entry in book.infolist()} == {1980}


# --- SDMX-CSV ----------------------------------------------------------------------------------------------------------------------


def test_sdmx_has_its_columns_and_one_row_per_key(built: Workplace, exported: Path) -> None:
    table = read_csv(exported / "sdmx_observations.csv")
    columns = list(table[0])
    assert columns[:3] == ["STRUCTURE", "STRUCTURE_ID", "ACTION"]
    place = columns.index("OBS_VALUE")
    dimensions = columns[3:place]
    assert dimensions[-1] == "TIME_PERIOD"
    assert len(dimensions) == 11
    assert "OBS_STATUS" in columns[place:]
    assert {(row["STRUCTURE"], row["ACTION"]) for row in table} == {("dataflow", "I")}
    assert {re.fullmatch(r"[A-Z_]+:[A-Z_]+\(\d+\.\d+\.\d+\)", row["STRUCTURE_ID"]) is not None for row in table} == {True}
    keys = {tuple(row[name] for name in dimensions) for row in table}
    ((count,),) = query(built.database, "SELECT count(*) FROM observations_current")
    assert len(keys) == len(table) == count
    assert all(all(key) for key in keys)
    # a start and a duration, nothing else
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d/P\d+[YMD]", row["TIME_PERIOD"]) for row in table)
    assert all((row["OBS_VALUE"] == "") == (row["OBS_STATUS"] in ("L", "M", "O", "Q")) for row in table)
    # 1 January 1978 to 27 February 1986: eight years of 365 days, two leap days, 31 days of January and 27 of February
    assert f"1978-01-01/P{8 * 365 + 2 + 31 + 27}D" in {row["TIME_PERIOD"] for row in table}


# --- the data package --------------------------------------------------------------------------------------------------------------


def test_the_data_package_is_valid(small_original: Workplace, tmp_path: Path) -> None:
    from frictionless import Package

    folder = export(small_original.database, tmp_path / "release")
    package = Package(str(folder / "datapackage.json"))
    package.resources = [resource for resource in package.resources if resource.format == "csv"]
    assert len(package.resources) > 35
    report = package.validate()
    assert [(task.name, task.errors) for task in report.tasks if not task.valid] == []
    assert report.valid


def test_frictionless_would_notice(small_original: Workplace, tmp_path: Path) -> None:
    from frictionless import Package

    folder = export(small_original.database, tmp_path / "release")
    path = folder / "csv" / "null_reasons.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("\n1,", "\none,", 1), encoding="utf-8")
    package = Package(str(folder / "datapackage.json"))
    package.resources = [resource for resource in package.resources if resource.name == "null_reasons"]
    assert not package.validate().valid


def test_the_data_package_describes_every_column(built: Workplace, exported: Path) -> None:
    package = json.loads((exported / "datapackage.json").read_text(encoding="utf-8"))
    names = [resource["name"] for resource in package["resources"]]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[-a-z0-9._/]+", name) for name in names)
    for resource in package["resources"]:
        assert (exported / resource["path"]).is_file()
        columns = pl.read_parquet(exported / "parquet" / f"{resource['name'].removesuffix('.parquet')}.parquet").columns
        assert [field["name"] for field in resource["schema"]["fields"]] == columns
        assert all(field["description"] for field in resource["schema"]["fields"])
    series = next(resource for resource in package["resources"] if resource["name"] == "series")
    assert series["schema"]["primaryKey"] == ["series_id"]
    assert {"fields": ["measure"], "reference": {"resource": "measures", "fields": ["code"]}} in series["schema"]["foreignKeys"]
    ((sources,),) = query(built.database, "SELECT count(*) FROM sources")
    assert len(package["sources"]) == sources
    assert {licence["path"] for licence in package["licenses"]} == {"LICENSE", "LICENSE-FIGURES.md"}


def test_the_dictionary_has_every_column_and_macro(built: Workplace, exported: Path) -> None:
    text = (exported / "DATA_DICTIONARY.md").read_text(encoding="utf-8")
    for relation, column in query(
        built.database, "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'release' AND NOT internal"
    ):
        section = text.split(f"\n## {relation} (", 1)[1].split("\n## ", 1)[0]
        assert f"| `{column}` |" in section, (relation, column)
    for macro in ("as_of", "explain", "check_claim", "check_share", "check_percentage", "period_text"):
        assert f"| `{macro}(" in text


# --- words -------------------------------------------------------------------------------------------------------------------------


def test_the_readme_gives_the_headline_its_day_and_its_cautions(built: Workplace, exported: Path) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    ((build_id, day),) = query(built.database, "SELECT build_id, as_of_date FROM builds")
    assert f"Release `{build_id}`, as of {day}." in text
    assert "NULL in every year" in text
    assert r"numerator\_not\_collected" in text
    assert "never zero" in text
    for name in re.findall(r"^\| (`[^|]+`) \|", text, flags=re.MULTILINE):
        for file in re.findall(r"`([^`]+)`", name):
            assert (exported / file).exists(), file


def test_what_the_readme_shows_works(exported: Path) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    sql = text.split("```sql\n", 1)[1].split("```", 1)[0]
    with duckdb.connect() as con, working_in(exported):
        for statement in (part.strip() for part in re.sub(r"--[^\n]*", "", sql).split(";")):
            if statement:
                answer = con.execute(statement).fetchall()
        assert answer[0][0] == "supported"
    python = text.split("```python\n", 1)[1].split("```", 1)[0]
    with working_in(exported):
        exec(compile(python, "README.md", "exec"), {})


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def test_the_citation_is_one(built: Workplace, exported: Path) -> None:
    cited = yaml.safe_load((exported / "CITATION.cff").read_text(encoding="utf-8"))
    ((build_id, day),) = query(built.database, "SELECT build_id, as_of_date FROM builds")
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
    assert (cited["cff-version"], cited["type"], cited["version"]) == ("1.2.0", "dataset", build_id)
    assert date.fromisoformat(cited["date-released"]) == day
    assert all(set(author) <= {"name"} for author in cited["authors"])
    assert all(reference["title"] and reference["authors"] and reference["type"] for reference in cited["references"])
    assert all(reference["url"].startswith("http") for reference in cited["references"] if "url" in reference)


def test_the_terms_of_every_source_are_there(built: Workplace, exported: Path) -> None:
    assert (exported / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    text = (exported / "LICENSE-FIGURES.md").read_text(encoding="utf-8")
    for (source_id,) in query(built.database, "SELECT source_id FROM sources"):
        assert f"| `{source_id}` |" in text


def test_the_changes_are_there(exported: Path) -> None:
    assert (exported / "CHANGES.txt").read_text(encoding="utf-8").startswith("First release")
    assert (exported / "changes.csv").read_text(encoding="utf-8").splitlines()[0].startswith("part,change,rate_id,source_id")


def test_no_path_of_this_machine_is_exported(built: Workplace, exported: Path) -> None:
    for path in exported.rglob("*"):
        if path.is_file() and path.suffix in (".md", ".json", ".txt", ".cff", ".csv"):
            text = path.read_text(encoding="utf-8")
            assert str(built.data) not in text
            assert str(exported) not in text


# --- checksums and repeatability ---------------------------------------------------------------------------------------------------


def test_the_checksums_verify_and_cover_every_file(exported: Path, tmp_path: Path) -> None:
    files = {path.relative_to(exported).as_posix() for path in exported.rglob("*") if path.is_file()}
    assert set(exports.files_of(exported)) == files - {exports.CHECKSUMS}
    done = subprocess.run(["sha256sum", "--check", "--strict", exports.CHECKSUMS], cwd=exported, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    with (copy / "csv" / "sources.csv").open("a", encoding="utf-8") as spoilt:
        spoilt.write("one line more\n")
    done = subprocess.run(["sha256sum", "--check", exports.CHECKSUMS], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "csv/sources.csv: FAILED" in done.stdout


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".duckdb" and path.name != exports.CHECKSUMS
    }


def test_a_release_built_again_from_the_same_inputs_exports_the_same_bytes(small: Workplace, tmp_path: Path) -> None:
    first = small.build(force=True)
    before = hashes(export(first.database, tmp_path / "first"))
    second = small.build(force=True)
    assert second.folder != first.folder
    assert hashes(export(second.database, tmp_path / "second")) == before
    assert len(before) > 80


# --- hostile texts -----------------------------------------------------------------------------------------------------------------

HOSTILE = {
    "=cmd|' /C calc'!A0": "'=cmd|' /C calc'!A0",
    "+1": "'+1",
    "-2+3": "'-2+3",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1+1": "' =1+1",
    "\r\n=1+1": "' =1+1",
    "   =1": "'   =1",
    "'=1": "''=1",
    "'quoted'": "'quoted'",
    "\uff1d1+1": "'\uff1d1+1",
    "two\nlines\tand a tab": "two lines and a tab",
    "\x01\x07bell": "<U+0001><U+0007>bell",
    "right \u202eto left": "right <U+202E>to left",
    "zero\u200bwidth": "zero<U+200B>width",
    "\ufeffmark": "<U+FEFF>mark",
    "\u202e=1": "<U+202E>=1",
    "plain text = fine, 5 % of 7": "plain text = fine, 5 % of 7",
    '<script>alert("x")</script>': '<script>alert("x")</script>',
    "né à Genève — 2,039": "né à Genève — 2,039",
    "": "",
}


@pytest.mark.parametrize(("text", "inert"), HOSTILE.items(), ids=[ascii(text) for text in HOSTILE])
def test_a_text_is_made_inert(text: str, inert: str) -> None:
    assert pl.DataFrame({"text": [text]}).select(exports.make_inert(pl.col("text"))).item() == inert


def test_what_looks_like_a_formula_can_be_taken_back() -> None:
    texts = ["=1", "'=1", "''=1", " =1", "+", "'-x", "x=1", "'x", "1-2"]
    made = pl.DataFrame({"text": texts}).select(exports.make_inert(pl.col("text")))["text"].to_list()
    assert [re.sub(r"^'(?=[\s']*[=+\-@])", "", text) for text in made] == texts
    assert len(set(made)) == len(texts)


@pytest.fixture(scope="module")
def hostile(small_original: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports of a small release (synthetic texts planted) whose titles, notes and terms are out for harm."""
    folder = tmp_path_factory.mktemp("hostile")
    database = Path(shutil.copy(small_original.database, folder))
    with duckdb.connect(str(database)) as con:
        (first, second) = con.execute("SELECT source_id FROM sources ORDER BY observations DESC LIMIT 2").fetchall()
        con.execute(
            "UPDATE sources SET title = ?, licence = ?, description = ?, url_main = ? WHERE source_id = ?",
            ['=HYPERLINK("http://127.0.0.1","x")', "+1|2\n| a | b |", "@x\x01\u202ey", "javascript:alert(1)", first[0]],
        )
        con.execute(
            "UPDATE sources SET title = ?, producer = ? WHERE source_id = ?", ["\t=1+1", 'x: y\n- name: \'&anchor "quoted"', second[0]]
        )
        con.execute("UPDATE attribute_sets SET obs_note = ?, source_locator = ?", ["=cmd|' /C calc'!A0", "-1\t\u2066x" + "y" * 40_000])
    return export(database, folder / "release")


def test_no_cell_of_a_hostile_release_is_a_formula(hostile: Path) -> None:
    cells = 0
    for path in (*(hostile / "csv").iterdir(), hostile / "sdmx_observations.csv", hostile / "changes.csv"):
        for row in read_csv(path):
            for cell in row.values():
                cells += 1
                assert not re.search(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", cell)
                if re.match(r"\s*[=+\-@]", cell):
                    float(cell)
    assert cells > 10_000
    notes = {row["obs_note"] for row in read_csv(hostile / "csv" / "observations.csv")}
    assert notes == {"'=cmd|' /C calc'!A0"}


def test_the_originals_are_in_parquet(hostile: Path) -> None:
    notes = pl.read_parquet(hostile / "parquet" / "observations.parquet")["obs_note"].unique().to_list()
    assert notes == ["=cmd|' /C calc'!A0"]


def test_a_hostile_workbook_opens_and_has_texts_only(hostile: Path) -> None:
    sources = pl.read_excel(hostile / exports.WORKBOOK, sheet_name="sources")
    assert '\'=HYPERLINK("http://127.0.0.1","x")' in sources["title"].to_list()
    figures = pl.read_excel(hostile / exports.WORKBOOK, sheet_name="observations_current")
    assert figures["source_locator"].str.ends_with(" [shortened]").all()
    assert figures["obs_note"].unique().to_list() == ["'=cmd|' /C calc'!A0"]
    with zipfile.ZipFile(hostile / exports.WORKBOOK) as book:
        assert not [part for part in book.namelist() if b"<f>" in book.read(part) or b"<hyperlink" in book.read(part)]


def test_hostile_texts_break_neither_the_citation_nor_the_package_nor_a_table(hostile: Path) -> None:
    cited = yaml.safe_load((hostile / "CITATION.cff").read_text(encoding="utf-8"))
    assert len(cited["authors"]) == 1
    assert "javascript" not in (hostile / "CITATION.cff").read_text(encoding="utf-8")
    assert any(reference["authors"][0]["name"] == 'x: y - name: \'&anchor "quoted"' for reference in cited["references"])
    package: dict[str, Any] = json.loads((hostile / "datapackage.json").read_text(encoding="utf-8"))
    assert not [source for source in package["sources"] if source.get("path", "").startswith("javascript")]
    table = [line for line in (hostile / "LICENSE-FIGURES.md").read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {4}


# --- closed doors ------------------------------------------------------------------------------------------------------------------


def test_a_published_file_is_read_without_access_to_anything_else(built: Workplace, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    for statement in (f"FROM read_csv('{tmp_path / 'secret.csv'}')", "INSTALL httpfs", f"COPY rates TO '{tmp_path / 'out.csv'}'"):
        with pytest.raises(WarehouseError):
            list(read_frames({"release": built.database}, {"asked": statement}))
    with pytest.raises(WarehouseError):
        list(read_frames({"release": built.database}, {"asked": "CREATE TABLE release.planted (a INTEGER)"}))
    assert not (tmp_path / "out.csv").exists()
