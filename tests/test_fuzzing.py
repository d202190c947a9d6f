"""Hostile input, the short run: `conform` and every parser give what conforms or the project's error (benchmarks/fuzz.py runs for long).

Files are read in a process with limits of time and memory. What longer runs found stands here as cases of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import ledger
from pipelines.conforming import SCHEMA, ObservationError, conform
from pipelines.expectations import Expected, Validation
from pipelines.parse import observations_of, read_publication
from pipelines.publications import PublicationError, shown
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT, catalogue_vocabulary
from pipelines.warehouse import build_database
from pipelines.watched import WatchedPageError, visible_text
from tests import samples_federal, samples_ncmec
from tests.fuzzing import (
    SINGLE,
    ConfinedReader,
    Subject,
    damaged,
    damages_of,
    judge_slicing,
    packed,
    pdf_with_stream,
    subjects,
    workbook_with_rows,
)

SOURCE = "ncmec_global_platform"
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
KINDS_FOR_EACH = 3


@pytest.fixture(scope="module")
def reader() -> Iterator[ConfinedReader]:
    with ConfinedReader(time_limit=20.0) as confined:
        yield confined


# --- conform ------------------------------------------------------------------------------------------------------------------------

GOOD = {
    "measure": "reports_received",
    "ref_area": "US",
    "time_period": "2024-01-01/P1Y",
    "unit_of_count": "report",
    "unit_measure": "count",
    "offense_scope": "cybertipline_incident_types",
    "jurisdiction": "us_all",
    "pathway": "any",
    "statistical_population": "cybertipline_reports",
    "breakdown": "",
    "obs_value": "1",
    "value_qualifier": "exact",
    "obs_status": "A",
    "evidence": "publication",
    "source_locator": "p. 1",
}
HOSTILE = (
    "",
    " ",
    "\x00",
    "\x1b[31m",
    "\u202eUS",
    "\ufeff",
    "a\nb",
    "unknown",
    "NaN",
    "inf",
    "-1",
    "1e308",
    "1e309",
    "0x10",
    "1_000",
    "٣",
    "²",
    "9" * 400,
    "x" * 100_000,
    "2024",
    "2024-13-01/P1Y",
    "9999-01-01/P9999Y",
    "0000-01-01/P1Y",
    "2024-01-01/P٣Y",
    "2024-01-01/P0D",
    "2024-01-01/2023-01-01",
    "2024-02-30/P1M",
    "a=b;a=b",
    "=",
    "z=1;a=1",
    "<script>alert(1)</script>",
    "'; DROP TABLE observations; --",
    "=1+1",
    "|",
    "`",
    "\\",
    "L",
    "Q",
    "lt",
    "percent",
    "share_rounded",
)
CELLS = st.one_of(
    st.none(),
    st.sampled_from(HOSTILE),
    st.text(max_size=20),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.dates(),
    st.booleans(),
    st.binary(max_size=5),
    st.lists(st.integers(0, 9), max_size=2),
    st.fixed_dictionaries({"a": st.integers(0, 9)}),
)


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    """Draw a frame that is good but for some columns, of any types."""
    height = draw(st.integers(0, 4))
    columns: dict[str, pl.Series] = {name: pl.Series(name, [text] * height, dtype=pl.String) for name, text in GOOD.items()}
    for name in draw(st.lists(st.sampled_from([*SCHEMA, "extra", "a\nb\x1b", "x" * 9_000]), max_size=4, unique=True)):
        if draw(st.integers(0, 9)) == 0:
            columns.pop(name, None)
            continue
        if draw(st.booleans()):
            values = draw(st.lists(st.one_of(st.none(), st.sampled_from(HOSTILE), st.text(max_size=20)), min_size=height, max_size=height))
            columns[name] = pl.Series(name, values, dtype=pl.String)
        else:
            one = draw(CELLS)
            columns[name] = pl.Series(name, [one] * height)
    return pl.DataFrame(list(columns.values()))


@settings(max_examples=100, deadline=5_000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(frames())
def test_any_frame_conforms_or_is_refused_with_source_and_remedy(frame: pl.DataFrame) -> None:
    try:
        conformed = conform(frame, SOURCE)
    except ObservationError as problem:
        lines = str(problem).split("\n")
        assert len(lines) <= 6
        for line in lines:
            assert line.startswith(f"{SOURCE}: ")
            assert ": row " in line or "column" in line or line.endswith(" more")
            assert len(line) <= 900
            assert not UNSEEN.search(line)
        return
    assert dict(conformed.schema) == dict(SCHEMA)
    assert conformed.height == frame.height
    assert conform(conformed, SOURCE).equals(conformed)
    assert conformed["obs_value"].drop_nulls().is_finite().all()
    for name, dtype in SCHEMA.items():
        if dtype == pl.String:
            assert not any(UNSEEN.search(text) for text in conformed[name].drop_nulls())
    for name in ("measure", "unit_of_count", "offense_scope", "evidence"):
        assert set(conformed[name]) <= set(catalogue_vocabulary().codes[name])


def test_thousands_of_different_bad_codes_are_refused_in_time() -> None:
    rows = 30_000
    frame = pl.DataFrame({name: [text] * rows for name, text in GOOD.items()}).with_columns(
        pl.format("{}", pl.int_range(rows)).alias(name) for name in ("measure", "time_period", "breakdown", "published_on", "ref_area")
    )
    with pytest.raises(ObservationError, match=r"and \d+ more$"):
        conform(frame, SOURCE)


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [b"\xff"], [object()]], ids=["list", "struct", "bytes", "object"])
def test_a_column_of_things_that_are_no_text_is_refused_by_name(values: list[object]) -> None:
    strange = pl.Series("obs_note", values, dtype=pl.Object if type(values[0]) is object else None)
    frame = pl.DataFrame({name: [text] for name, text in GOOD.items()}).with_columns(strange)
    with pytest.raises(ObservationError, match=f"^{SOURCE}: column obs_note holds .*: write it as text$"):
        conform(frame, SOURCE)


# --- parsers ------------------------------------------------------------------------------------------------------------------------


def test_every_parser_has_a_subject_that_it_reads(reader: ConfinedReader) -> None:
    parsers = {path.stem for path in (PROJECT / "pipelines" / "sources").glob("[a-z]*.py")}
    assert {subject.source_id for subject in subjects()} == parsers
    one_each = {subject.source_id: subject for subject in subjects()}
    assert {name: reader.read(subject).outcome for name, subject in one_each.items()} == dict.fromkeys(parsers, "figures")


def test_no_damage_gives_anything_but_figures_or_an_error_that_names_the_source(reader: ConfinedReader) -> None:
    chance = random.Random("short run")
    findings: list[str] = []
    outcomes: Counter[str] = Counter()
    for subject in subjects():
        kinds = sorted(damages_of(subject))
        for kind in chance.sample(kinds, min(KINDS_FOR_EACH, len(kinds))):
            verdict = reader.read(damaged(subject, kind, chance))
            outcomes[verdict.outcome] += 1
            if verdict.is_finding:
                findings.append(f"{subject.source_id} {subject.name}, {kind}: {verdict.outcome}: {verdict.detail}")
    assert not findings, "\n".join(findings)
    assert outcomes["refused"] > outcomes["figures"] > 10, outcomes


PAGE = samples_federal.half_year()
FACTS = samples_federal.quick_facts()
SHEET = samples_federal.d2()
LIST = samples_ncmec.esp_sample(2023)
LIST_FILE = samples_ncmec.pdf_of(LIST.pages, LIST.title, LIST.dated)
TEXT = samples_ncmec.Text
CELL = b'<row r="%s"><c r="%s%s"><v>1</v></c></row>'
#: what longer runs found: each was a hang, a crash, gigabytes or an error that was not the project's -> part of the error that it is now
FOUND: dict[str, tuple[str, bytes, str]] = {
    "tables in tables": ("ncmec_half_year_update", b"<table><tr><td>" * 2_000 + PAGE, "elements <table> lie more than 5 deep"),
    "tables without cells": ("aouscourts_judicial_business", b"<table>" * 20_000 + PAGE, "elements <table> lie more than 5 deep"),
    "lists in lists": ("ussc_quick_facts", b"<ul><li>" * 10_000 + FACTS, "lie more than 120 deep"),
    "sections in sections": ("ussc_sourcebook", b"<div>" * 20_000 + samples_federal.overview(), "lie more than 120 deep"),
    "too many tags": ("ncmec_half_year_update", PAGE + b"<table><tr><td>1</td></tr></table>" * 30_000, "tags, more than 30,000"),
    "a page without end": ("ussc_quick_facts", FACTS + b" " * 5_000_000, "bytes, more than 5,000,000"),
    "a word without end": ("ussc_quick_facts", FACTS + b"12," * 100_000, "a word of more than 2,000 characters"),
    "last cell of a sheet": (
        "aouscourts_judicial_business",
        workbook_with_rows(SHEET, CELL % (b"1048576", b"XFD", b"1048576")),
        "column 16,384",
    ),
    "a cell beyond any sheet": (
        "aouscourts_judicial_business",
        workbook_with_rows(SHEET, CELL % (b"9" * 30, b"A", b"9" * 30)),
        "reaches to row",
    ),
    "entities in a workbook": ("aouscourts_judicial_business", workbook_with_rows(SHEET, b"<!ENTITY a 'b'>"), "made to do harm"),
    "table of OpenDocument": ("aouscourts_judicial_business", packed({"content.xml": b"<a/>", "mimetype": b"x"}), "no workbook in XLSX"),
    "too many pages": (
        "ncmec_reports_by_esp",
        samples_ncmec.pdf_of([[TEXT(50, 50, "1")]] * 1_001, "", "2025"),
        "1,001 pages, more than 1,000",
    ),
    "too many characters": (
        "ncmec_reports_by_esp",
        samples_ncmec.pdf_of([[TEXT(2 * (number % 290), 11 * (number // 290), "12,345", 1) for number in range(12_000)]], "", "2025"),
        "characters, more than 25,000",
    ),
    "a stream of 300 MB": (
        "ncmec_reports_by_esp",
        pdf_with_stream(LIST_FILE, zlib.compress(bytes(300 << 20), 1)),
        "streams unpack to more than",
    ),
    "numbers of 5,000 digits": (
        SOURCE,
        samples_federal.platform().replace(b'"esp_escalations": ', b'"esp_escalations": ' + b"9" * 5_000, 1),
        SOURCE,
    ),
    "half a character": (SOURCE, samples_federal.platform_providers().replace(b'"X Corp"', b'"X \\ud800"', 1), "cannot be read"),
    "lists in lists of JSON": (SOURCE, b"[" * 100_000, "the file is no JSON"),
}


@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_stays_mended(what: str, reader: ConfinedReader) -> None:
    source_id, content, words = FOUND[what]
    verdict = reader.read(Subject(source_id, what, "any", {SINGLE: content}))
    assert verdict.outcome == "refused", verdict
    assert words in verdict.detail
    assert verdict.detail.startswith(f"{source_id}: ")
    assert verdict.peak < 1 << 30


IDB = next(subject for subject in subjects() if subject.name == "court records").content
DATAFILE = next(subject for subject in subjects() if subject.name == "individual datafile")
RELEASE = next(subject for subject in subjects() if subject.form == "fixed")
README = next(name for name in RELEASE.files if "readme" in name.lower())
WIDE = re.sub(rb"GS_CASE - \d+", b"GS_CASE - 99999999", RELEASE.files[README], count=1)
#: the same of files of records: no line may be without end, no header without number, no message may quote a record
RECORDS: dict[str, tuple[Subject, str]] = {
    "a line without end": (Subject("fjc_idb_criminal", "x", "any", {SINGLE: b"FISCALYR\t" + b"x" * 40_000_000}), "a line has more than"),
    "a line without end below": (
        Subject("ussc_individual_datafiles", "x", "any", {"opafy22.csv": b"OFFGUIDE\n" + b"x" * 90_000_000}),
        "a line has",
    ),
    "a header of too many columns": (
        Subject("fjc_idb_criminal", "x", "any", {SINGLE: IDB.replace(b"\n", b"\t") * 30}),
        "more than 100,000 columns",
    ),
    "gzip of zeros": (Subject("fjc_idb_criminal", "x", "any", {SINGLE: gzip.compress(bytes(100 << 20), 1)}), "a line has more than"),
    "quotation marks that do not match": (
        damaged(DATAFILE, "bits flipped", random.Random(f"{DATAFILE.name}bits flipped0")),
        "lines are no delimited text",
    ),
    "a README of another width": (RELEASE.with_content(WIDE, README), "positions are incomplete"),
}


@pytest.mark.parametrize("what", RECORDS)
def test_what_was_found_in_files_of_records_stays_mended(what: str, reader: ConfinedReader) -> None:
    subject, words = RECORDS[what]
    verdict = reader.read(subject)
    assert verdict.outcome == "refused", verdict
    assert words in verdict.detail
    # identifiers of the synthetic records begin with these digits
    assert "99555" not in verdict.detail
    assert verdict.seconds < 10
    assert verdict.peak < 1 << 30


@pytest.mark.parametrize("seed", range(6))
def test_damage_to_deflate64_is_an_error_of_the_project(seed: int, reader: ConfinedReader) -> None:
    subject = next(subject for subject in subjects() if subject.name == "court records, Deflate64")
    for kind in ("bits flipped", "part cut out"):
        verdict = reader.read(damaged(subject, kind, random.Random(f"{subject.name}{kind}{seed}")))
        assert not verdict.is_finding, verdict


@settings(max_examples=400, deadline=None)
@given(st.binary(min_size=4, max_size=300))
def test_slicing_by_hand_loses_and_doubles_no_byte(data: bytes) -> None:
    judge_slicing(data)


def test_layouts_are_whole_or_refused() -> None:
    columns = b"A VARCHAR2(5) (1:5)\nB NUMBER (6:9)\n"
    judge_slicing(b"\x03\x00\x00GS_X - 9 Characters\n" + columns)
    for damage in (b"GS_X - 99999999999999999999 Characters\n" + columns, b"GS_X - 9 Characters\nA DATE (9:1)\n", columns):
        judge_slicing(b"\x03\x00\x00" + damage)


@pytest.mark.parametrize(
    "problem", [IndexError("a\x1b[31mb"), MemoryError(), AssertionError(), pl.exceptions.PanicException("c"), KeyError("k" * 9_000)]
)
def test_whatever_a_parser_raises_names_the_source_and_quotes_no_record(problem: BaseException, tmp_path: Path) -> None:
    def parse(_snapshot: Snapshot) -> pl.DataFrame:
        raise problem

    with pytest.raises(PublicationError) as raised:
        read_publication(parse, Snapshot(SOURCE, tmp_path, "0" * 64))
    told = str(raised.value)
    assert told.startswith(f"{SOURCE}: cannot be read ({type(problem).__name__}")
    assert told.endswith("publication quarantined")
    assert len(told) < 700
    assert not UNSEEN.search(told)
    with pytest.raises(PublicationError) as raised:
        read_publication(parse, Snapshot("fjc_idb_criminal", tmp_path, "0" * 64))
    assert str(raised.value).startswith(f"fjc_idb_criminal: cannot be read ({type(problem).__name__}): ")


def test_trouble_of_the_disk_is_not_blamed_on_the_publication(tmp_path: Path) -> None:
    def parse(_snapshot: Snapshot) -> pl.DataFrame:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        read_publication(parse, Snapshot(SOURCE, tmp_path, "0" * 64))


def test_a_watched_page_made_to_exhaust_is_refused(tmp_path: Path) -> None:
    for number, content in enumerate((b"<html><p>" + b"<div>" * 150_000, b"<html><p>" + b"x " * 3_000_000)):
        path = tmp_path / str(number)
        path.write_bytes(content)
        with pytest.raises(WatchedPageError, match=r"cannot be read as a page \(.*more than"):
            visible_text(Snapshot("enough_abuse", path, hashlib.sha256(content).hexdigest()))


# --- through the ledger -------------------------------------------------------------------------------------------------------------


def test_hostile_editions_end_in_quarantine_and_the_last_valid_stands(tmp_path: Path) -> None:
    data, source_id = tmp_path / "data", "ncmec_reports_by_esp"
    sample = samples_ncmec.esp_sample(2031, rows=40)
    whole = samples_ncmec.pdf_of(sample.pages, sample.title, "20340401120000")
    hostile = [b"", b"\x00" * 1_000, b"[" * 50_000, whole[:900], b"PK\x03\x04" + whole, samples_federal.half_year()]
    hostile.append(whole.replace(b") Tj", b"\x1b<b>|" + b"x" * 30_000 + b") Tj", 1))
    chance = random.Random("ledger")
    subject = Subject(source_id, "list", "pdf", {SINGLE: whole})
    hostile += [damaged(subject, kind, chance).content for kind in sorted(damages_of(subject))]
    tasks = []
    for number, content in enumerate(dict.fromkeys([whole, *hostile])):
        path = tmp_path / f"edition{number}"
        path.write_bytes(content)
        snapshot = Snapshot(source_id, path, hashlib.sha256(content).hexdigest(), retrieved_at=f"2026-01-{number + 1:02d}T00:00:00Z")
        tasks.append(ledger.Task(snapshot, "publication"))
    first, *others = [outcome.vintage for outcome in ledger.derive(data, tasks)]
    assert first.is_valid, first.problem
    refused = [vintage for vintage in others if not vintage.is_valid]
    for vintage in refused:
        assert source_id in vintage.problem
        assert not UNSEEN.search(vintage.problem)
        assert len(vintage.problem) < 8_000
        assert (data / "quarantine" / source_id / f"{vintage.snapshot_id}.md").is_file()
    assert len(refused) >= 7
    assert ledger.is_intact(data, first)
    vintages = ledger.read_ledger(data, source_id)
    assert first in vintages
    written = {path.name for path in (data / "observations" / source_id).iterdir()}
    assert written == {"ledger.json", *(f"{vintage.snapshot_id}.parquet" for vintage in vintages if vintage.is_valid)}
    assert not list(data.rglob(".*"))


# --- hostile strings ----------------------------------------------------------------------------------------------------------------

NAMES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "Robert'); DROP TABLE observations; --",
    "\"; ATTACH 'x.db'; --",
    '=HYPERLINK("http://x.invalid","y")',
    "+cmd|' /C calc'!A1",
    "@SUM(1+1)*cmd",
    "[press](javascript:alert(1)) ![x](http://x.invalid/p.png)",
    "a|b `c` **d** \\| \\",
    "{{ 7 * 7 }} ${7*7} %s %n {0}",
    "../../etc/passwd",
    "naïve 例 عربى",
)


def providers(names: tuple[str, ...]) -> bytes:
    content = json.loads(samples_federal.platform_providers())
    content["data"][0]["esps"] = dict.fromkeys(names, 50)
    return json.dumps(content).encode()


def test_hostile_names_are_stored_as_they_are_and_do_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    folder.mkdir()
    frame = observations_of(samples_federal.snapshot_of(tmp_path, SOURCE, providers(NAMES)))
    frame.write_parquet(folder / "a.parquet")
    database = tmp_path / "built.duckdb"
    build_database(folder, PROJECT / "catalog" / "rates.toml", database)
    with duckdb.connect(str(database), read_only=True) as connection:
        stored = connection.sql("SELECT breakdown FROM observations WHERE ref_area = 'AD' ORDER BY breakdown").fetchall()
        tables = {name for (name,) in connection.sql("SELECT table_name FROM information_schema.tables").fetchall()}
    written = [name.replace("%", "%25").replace(";", "%3B").replace("=", "%3D") if {";", "="} & set(name) else name for name in NAMES]
    assert {breakdown for (breakdown,) in stored} == {f"esp={name}" for name in written}
    assert {"observations", "matched_periods", "series", "sources"} <= tables
    assert {path.name for path in tmp_path.iterdir()} == {"observations", "built.duckdb", "publication"}


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "a\x1b[31mb", "a\nb", "a\u202eb", "a\u2066b", "a\ufeffb", "a\x85b", "x" * 1_000_000],
    ids=lambda name: ascii(name)[:12],
)
def test_names_that_are_not_what_they_look_like_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises((PublicationError, ObservationError)) as raised:
        observations_of(samples_federal.snapshot_of(tmp_path, SOURCE, providers(("before", name, "after"))))
    told = str(raised.value)
    assert told.startswith(f"{SOURCE}: ")
    assert not UNSEEN.search(told)
    assert len(told) < 4_000


def test_findings_in_markdown_are_text_and_nothing_else() -> None:
    rows = tuple(f"{SOURCE}: row 1: esp={name}" for name in (*NAMES, "a\x1b[31m\u202eb", "x" * 1_000_000))
    told = Validation(SOURCE, "0" * 64, (Expected("values", "x", success=False, observed=NAMES[0], unexpected_rows=rows),)).to_markdown()
    head, _, line = told.splitlines()
    assert len(re.findall(r"(?<!\\)\|", line)) == len(re.findall(r"\|", head))
    assert set(re.findall(r"<[^>]*>", line)) == {"<br>"}
    assert "](" not in line
    assert not UNSEEN.search(told)
    assert len(told) < 10_000


def test_text_is_shown_with_its_beginning_and_its_end() -> None:
    assert shown("plain — ‘text’, 例") == "plain — ‘text’, 例"
    assert shown("a\x1b[0m\u202eb\tc\nd") == "a\\x1b[0m\\u202eb\\tc\nd"
    long = shown("begin" + "x" * 100_000 + "remedy")
    assert long.startswith("beginx")
    assert long.endswith("xremedy")
    assert "characters left out" in long
    assert len(long) < 1_600


def test_dates_of_conform_are_written_in_plain_digits() -> None:
    with pytest.raises(ObservationError, match="no ISO 8601 interval"):
        conform(pl.DataFrame([{**GOOD, "time_period": "2024-01-01/P\u0663Y"}]), SOURCE)
    assert conform(pl.DataFrame([GOOD]), SOURCE)["period_end"].to_list() == [date(2024, 12, 31)]
