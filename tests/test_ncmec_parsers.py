"""The NCMEC parsers: every layout, every original against the embedded figures, and loud errors that name the place."""

from __future__ import annotations

import csv
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines.conforming import SCHEMA, conform
from pipelines.parse import main
from pipelines.pdf_tables import read_document
from pipelines.publications import Fingerprint, PublicationError, agreed_year, publication_date, read_count
from pipelines.snapshots import Snapshot, snapshot_of_file
from tests import samples_ncmec as samples
from tests.samples_ncmec import Figure, Sample, Text, pdf_of, right_aligned

PROJECT = Path(__file__).parent.parent
ORIGINALS = Path(os.environ.get("ORIGINALS", PROJECT.parent / "shared" / "originals")) / "ncmec"
#: columns of an observation that say what it is, not where it stands
WHAT = [name for name in SCHEMA if name not in ("source_locator", "obs_note", "url", "snapshot_id")]


def parse(source_id: str, path: Path, published_on: str | None = None) -> pl.DataFrame:
    snapshot = replace(snapshot_of_file(source_id, path), published_on=published_on)
    return conform(importlib.import_module(f"pipelines.sources.{source_id}").parse(snapshot), source_id)


def parse_sample(sample: Sample, tmp_path: Path) -> pl.DataFrame:
    return parse(sample.source_id, sample.write(tmp_path / "sample.pdf"))


def fingerprint(sample: Sample, tmp_path: Path) -> Fingerprint:
    path = sample.write(tmp_path / "sample.pdf")
    found: Fingerprint = importlib.import_module(f"pipelines.sources.{sample.source_id}").fingerprint(
        snapshot_of_file(sample.source_id, path)
    )
    return found


def figures_of(frame: pl.DataFrame) -> frozenset[Figure]:
    def printed(row: dict[str, object]) -> str | None:
        value = row["obs_value"]
        if value is None:
            return None
        return f"{value:g}" if row["unit_measure"] == "percent" else f"{value:.0f}"

    return frozenset(
        Figure(
            row["measure"],
            row["ref_area"],
            row["breakdown"],
            row["time_period"],
            printed(row),
            row["obs_status"],
            row["unit_measure"],
            row["statistical_population"],
        )
        for row in frame.iter_rows(named=True)
    )


def with_texts(sample: Sample, page: int, texts: Sequence[Text]) -> Sample:
    pages = list(sample.pages)
    pages[page] = tuple(texts)
    return replace(sample, pages=tuple(pages))


def replaced(sample: Sample, old: str, new: str, *, times: int = 1) -> Sample:
    """Put another text where a text stands; it must stand there exactly so often."""
    found = sum(text.text == old for page in sample.pages for text in page)
    assert found == times
    pages = tuple(tuple(replace(text, text=new) if text.text == old else text for text in page) for page in sample.pages)
    return replace(sample, pages=pages)


# --- layouts


@pytest.mark.parametrize("sample", samples.all_samples(), ids=lambda sample: sample.name)
def test_every_layout_is_read_in_full(sample: Sample, tmp_path: Path) -> None:
    frame = parse_sample(sample, tmp_path)
    assert frame.height == len(sample.figures)
    assert figures_of(frame) == sample.figures


@pytest.mark.parametrize("sample", samples.all_samples(), ids=lambda sample: sample.name)
def test_every_figure_says_where_it_stands(sample: Sample, tmp_path: Path) -> None:
    frame = parse_sample(sample, tmp_path)
    pages = frame["source_locator"].str.extract(r"^p\. (\d+), (?:row|table|Appendix A)").cast(pl.Int64)
    assert pages.null_count() == 0
    assert pages.is_between(1, len(sample.pages)).all()
    assert frame["snapshot_id"].n_unique() == 1
    assert frame["evidence"].unique().to_list() == ["publication"]


@pytest.mark.parametrize("font", ["Times-Roman", "Courier", "Helvetica-Bold"])
@pytest.mark.parametrize(
    "sample", [samples.esp_sample(2023), samples.country_sample(2019), samples.ojjdp_sample(2022)], ids=lambda s: s.name
)
def test_another_font_changes_nothing(sample: Sample, font: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.pdf"
    scale = {"Courier": 0.75}.get(font, 1.0)  # a wide font at the same size would overprint its neighbours
    pages = [[replace(text, size=text.size * scale) for text in page] for page in sample.pages]
    path.write_bytes(pdf_of(pages, sample.title, sample.dated, font))
    assert figures_of(parse(sample.source_id, path)) == sample.figures


def test_text_printed_twice_in_one_place_is_bold_not_two_cells(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    doubled = replace(sample, pages=tuple((*page, *page) for page in sample.pages))
    assert figures_of(parse_sample(doubled, tmp_path)) == sample.figures


def test_a_raised_footnote_digit_is_no_part_of_a_count_or_a_name(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    page = sample.pages[1]
    count = next(text for text in page if read_count(text.text) is not None and text.x > 400 and len(text.text) > 2 and text.y < 700)
    name = next(text for text in page if text.text.startswith("Sample Provider"))
    marked = [piece for text in page for piece in ((text, Text(text.right, text.y + 4, "2", 6)) if text in (count, name) else (text,))]
    assert figures_of(parse_sample(with_texts(sample, 1, marked), tmp_path)) == sample.figures


def test_a_ligature_is_written_out(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    named = replaced(sample, "Sample Provider B2, Inc.", "Sample \x01rm B2, Inc.")
    path = tmp_path / "sample.pdf"
    ligatures = "<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi] >>"
    path.write_bytes(pdf_of(named.pages, named.title, named.dated, encoding=ligatures))
    breakdowns = parse(sample.source_id, path)["breakdown"].to_list()
    assert "esp=Sample firm B2, Inc.;reporter=esp" in breakdowns
    assert "esp=Sample Provider B2, Inc.;reporter=esp" not in breakdowns


def test_names_with_signs_of_the_breakdown_stay_distinct(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    for old, new in (
        ("Sample Provider B2, Inc.", "Sample; Provider"),
        ("Sample Provider B3, Inc.", "Sample= Provider"),
        ("Sample Provider B4, Inc.", "Sample%3B Provider"),
        ("Sample Provider B5, Inc.", "Sample%; Provider"),
    ):
        sample = replaced(sample, old, new)
    breakdowns = parse_sample(sample, tmp_path)["breakdown"].to_list()
    assert len(set(breakdowns)) == len(sample.figures)
    assert {"esp=Sample%3B Provider;reporter=esp", "esp=Sample%3D Provider;reporter=esp"} <= set(breakdowns)


def test_the_date_of_the_edition_is_that_of_the_snapshot_or_of_the_file(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    path = sample.write(tmp_path / "sample.pdf")
    assert parse(sample.source_id, path)["published_on"].unique().to_list() == ["2024-04-12"]
    assert parse(sample.source_id, path, "2024-05")["published_on"].unique().to_list() == ["2024-05"]


def test_a_list_of_states_without_subtotal_and_with_a_district(tmp_path: Path) -> None:
    sample = samples.state_sample(2023)
    subtotal = next(figure for figure in sample.figures if figure.breakdown == "state=any_listed")
    kept = [tuple(t for t in page if t.text not in ("Subtotal", f"{int(subtotal.value or 0):,}")) for page in sample.pages]
    found = figures_of(parse_sample(replaced(replace(sample, pages=tuple(kept)), "Delaware", "District of Columbia"), tmp_path))
    wanted = {replace(f, ref_area="US-DC") if f.ref_area == "US-DE" else f for f in sample.figures if f != subtotal}
    assert found == wanted


def test_a_table_of_the_transparency_report_may_run_on_to_the_next_page(tmp_path: Path) -> None:
    sample = samples.ojjdp_sample(2022)
    number = next(index for index, page in enumerate(sample.pages) if any(t.text == "Instances of Law Enforcement" for t in page))
    page = sample.pages[number]
    split = next(text.y for text in page if text.text == "Federal Law Enforcement") + 5
    furniture = [text for text in page if text.y < 60]
    upper = [text for text in page if text.y > split] + furniture
    lower = [replace(text, y=text.y + 300) for text in page if 60 < text.y < split]
    pages = [*sample.pages[:number], tuple(upper), (*lower, *furniture), *sample.pages[number + 1 :]]
    renumbered = [
        tuple(replace(text, text=str(index)) if text.y < 40 and text.text.isdigit() else text for text in texts)
        for index, texts in enumerate(pages, start=1)
    ]
    assert figures_of(parse_sample(replace(sample, pages=tuple(renumbered)), tmp_path)) == sample.figures


# --- originals


def originals(part: str) -> list[Path]:
    return sorted(ORIGINALS.glob(f"*-{part}-*.pdf"))


def embedded(source_id: str) -> pl.DataFrame:
    return conform(pl.read_csv(PROJECT / "figures" / f"{source_id}.csv", infer_schema=False), source_id)


@pytest.mark.parametrize("kind", ["esp", "country"])
def test_an_original_list_equals_the_embedded_figures_row_by_row(kind: str) -> None:
    source_id = f"ncmec_reports_by_{kind}"
    for path in originals(f"by-{kind}"):
        found = parse(source_id, path).select(WHAT)
        wanted = embedded(source_id).filter(pl.col("period_start") == found["period_start"][0], pl.col("evidence") == "publication")
        assert wanted.height > 100, path.name
        assert set(found.rows()) == set(wanted.select(WHAT).rows()), path.name
        assert found.height == wanted.height, path.name


@pytest.mark.parametrize("year", range(2019, 2024))
@pytest.mark.parametrize("kind", ["esp", "country"])
def test_every_edition_set_again_from_its_figures_is_read_back(kind: str, year: int, tmp_path: Path) -> None:
    source_id = f"ncmec_reports_by_{kind}"
    figures = embedded(source_id).filter((pl.col("period_start").dt.year() == year) & (pl.col("evidence") == "publication"))
    rows, total = [], ""
    for row in figures.iter_rows(named=True):
        label, count = re.sub(r"^p\. \d+, row ", "", row["source_locator"]), f"{row['obs_value']:,.0f}"
        if label.endswith("Total"):
            total = count
        else:
            rows.append((label, ("-" if count == "0" else count,)))
    sample = samples.list_sample(source_id, year, sorted(rows), total)
    found = parse(source_id, sample.write(tmp_path / "sample.pdf"), figures["published_on"][0])
    assert figures.height > 140
    assert set(found.select(WHAT).rows()) == set(figures.select(WHAT).rows())


def test_an_original_report_holds_every_embedded_figure_of_its_edition() -> None:
    source_id = "ncmec_ojjdp_transparency"
    for path in originals("ojjdp"):
        found, figures = parse(source_id, path), embedded(source_id)
        wanted = figures.filter(pl.col("published_on") == found["published_on"][0]).select(WHAT)
        assert wanted.height > 100, path.name
        assert set(wanted.rows()) <= set(found.select(WHAT).rows()), path.name
        # what the figures take from another edition agrees with it
        key = [name for name in WHAT if name not in ("obs_value", "base_value", "decimals", "published_on", "evidence")]
        both = found.join(figures.filter(pl.col("evidence") == "publication"), on=key, suffix="_embedded")
        assert both.height > wanted.height, path.name
        assert (both["obs_value"] == both["obs_value_embedded"]).all(), path.name


PARTS = {
    "by-esp": "ncmec_reports_by_esp",
    "by-country": "ncmec_reports_by_country",
    "by-state": "ncmec_reports_by_state",
    "ojjdp": "ncmec_ojjdp_transparency",
}


@pytest.mark.parametrize("part", PARTS)
def test_a_publication_is_refused_by_the_parsers_of_the_others(part: str, tmp_path: Path) -> None:
    own = next(sample for sample in samples.all_samples() if sample.source_id == PARTS[part])
    for path in (own.write(tmp_path / "sample.pdf"), *originals(part)):
        for source_id in PARTS.values():
            if source_id != PARTS[part]:
                with pytest.raises(PublicationError, match=f"^{source_id}: .*: publication quarantined$"):
                    parse(source_id, path)


# --- loud errors


def refusal(sample: Sample, tmp_path: Path) -> str:
    with pytest.raises(PublicationError) as caught:
        parse_sample(sample, tmp_path)
    text = str(caught.value)
    assert re.fullmatch(rf"{sample.source_id}: (page \d+: )?.+; .+: publication quarantined", text)
    return text


def test_a_sum_that_misses_the_total_names_both(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    total = next(int(f.value or 0) for f in sample.figures if f.breakdown == "reporter=esp")
    text = refusal(replaced(sample, f"{total:,}", f"{total + 1:,}"), tmp_path)
    assert f"page {len(sample.pages)}:" in text
    assert f"add to {total:,}" in text
    assert f"printed total is {total + 1:,}" in text


def test_an_unknown_area_is_named(tmp_path: Path) -> None:
    text = refusal(replaced(samples.country_sample(2022), "Sweden", "Swedonia"), tmp_path)
    assert "'Swedonia'" in text
    assert "ncmec_country_names.csv" in text


def test_an_unknown_state_is_named(tmp_path: Path) -> None:
    assert "'Kansaz'" in refusal(replaced(samples.state_sample(2023), "Kansas", "Kansaz"), tmp_path)


def test_an_unknown_unit_is_named(tmp_path: Path) -> None:
    sample = samples.country_sample(2022)
    first = with_texts(sample, 0, [replace(text, text="Files") if text.text == "Reports" else text for text in sample.pages[0]])
    assert "page 1: column header 'Files' beside 'Country / Territory' is not known" in refusal(first, tmp_path)


def test_a_year_that_two_places_state_differently_is_refused(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    text = refusal(replaced(sample, "2023 Reports by Electronic 2", "2022 Reports by Electronic 2"), tmp_path)
    assert "page 2: states 2022 as the year of the data, page 1 states 2023" in text


def test_a_transparency_report_names_the_table_and_the_year(tmp_path: Path) -> None:
    sample = samples.ojjdp_sample(2022)
    value = next(f.value for f in sample.figures if f.breakdown == "incident_type=child_sex_tourism" and f.period.startswith("2021"))
    text = refusal(replaced(sample, f"{int(value or 0):,}", f"{int(value or 0) + 1:,}"), tmp_path)
    assert "table categories, CY 2021" in text


def test_a_known_table_under_an_unknown_caption_is_missed(tmp_path: Path) -> None:
    sample = samples.ojjdp_sample(2022)
    text = refusal(replaced(sample, "Categorization of CyberTipline Reports", "Summary of Reports"), tmp_path)
    assert "no table categories" in text


def test_a_new_table_is_passed_over(tmp_path: Path) -> None:
    sample = samples.ojjdp_sample(2022)
    page = list(sample.pages[-1])
    page += [
        Text(90, 150, "Summary of something new"),
        *(Text(x, 150, f"CY {year}") for x, year in ((300, 2020), (380, 2021), (460, 2022))),
    ]
    assert figures_of(parse_sample(with_texts(sample, len(sample.pages) - 1, page), tmp_path)) == sample.figures


def test_an_informational_cell_may_be_called_international_only_where_it_is_known_to_be(tmp_path: Path) -> None:
    sample = samples.ojjdp_sample(2022)
    value = next(f.value for f in sample.figures if f.breakdown == "detail=informational;recipient=icac" and f.period.startswith("2022"))
    printed = f"Informational: {int(value or 0):,}"
    text = refusal(replaced(sample, printed, printed.replace("Informational", "International")), tmp_path)
    assert "CY 2022, row icac: label International" in text


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><title>Not found</title>", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_pdf_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(content)
    with pytest.raises(PublicationError, match=r"^ncmec_reports_by_esp: the file cannot be opened as a PDF .*: publication quarantined$"):
        read_document("ncmec_reports_by_esp", path)


def test_a_scan_without_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf_of([[]], "scan", "20240412"))
    with pytest.raises(PublicationError, match="no page holds text"):
        read_document("ncmec_reports_by_esp", path)


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("7", 7), ("1,234", 1234), ("12,345,678", 12345678), ("999", 999)]
    + [
        (bad, None) for bad in ("1234", "1,23", "12,3456", ",123", "1,234,", "-1", "−1", "1.5", "1.234", "１２", "1 234", "", "1,234*", "O")
    ],
)
def test_only_a_count_with_every_separator_in_its_place_is_read(text: str, count: int | None) -> None:
    assert read_count(text) == count


def test_the_year_needs_two_witnesses() -> None:
    assert agreed_year("source", [(1, 2023), (2, 2023)], []) == 2023
    assert agreed_year("source", [(1, 2023)], [2022, 2023]) == 2023
    for stated, supporting in (([], [2023]), ([(1, 2023)], [2022]), ([(1, 2023), (3, 2022)], [2023, 2022])):
        with pytest.raises(PublicationError, match=r"^source: .*year.*: publication quarantined$"):
            agreed_year("source", stated, supporting)


def test_an_edition_older_than_its_data_is_refused() -> None:
    assert publication_date("source", None, "2024-04-12", 2023) == "2024-04-12"
    assert publication_date("source", None, None, 2023) is None
    with pytest.raises(PublicationError, match="2023-12-31"):
        publication_date("source", "2023-12-31", "2024-04-12", 2023)


# --- fingerprint


def test_one_layout_has_one_fingerprint_and_another_layout_another(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    assert fingerprint(sample, tmp_path).digest == fingerprint(samples.esp_sample(2023, seed=77), tmp_path).digest
    assert fingerprint(sample, tmp_path).headers == ("ESP | Reports",)
    assert fingerprint(samples.esp_sample(2019), tmp_path).headers == ("ESP | Number of Reports",)
    assert fingerprint(sample, tmp_path).columns == (489,)
    assert fingerprint(sample, tmp_path).footnotes == (samples.SYNTHETIC_NOTE,)
    moved = replace(sample, pages=tuple(tuple(replace(t, x=t.x + 10) if t.x > 400 else t for t in page) for page in sample.pages))
    assert fingerprint(moved, tmp_path).digest != fingerprint(sample, tmp_path).digest


@pytest.mark.parametrize(
    "sample", [samples.country_sample(2024), samples.state_sample(2023), samples.ojjdp_sample(2023)], ids=lambda s: s.name
)
def test_every_parser_has_a_fingerprint(sample: Sample, tmp_path: Path) -> None:
    found = fingerprint(sample, tmp_path)
    assert found.headers
    assert len(found.labels) > 30
    assert found.columns


# --- names of areas


def test_every_iso_country_and_every_name_of_the_figures_is_listed_once() -> None:
    with (PROJECT / "catalog" / "ncmec_country_names.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = [" ".join(row["name"].replace("’", "'").split()).casefold() for row in rows]
    assert len(set(names)) == len(names)
    areas = {row["ref_area"] for row in rows}
    assert len(areas - {"WORLD", "XK", "AN"}) == 249  # ISO 3166-1 has 249 codes; Kosovo is user-assigned, AN a former code
    by_name = dict(zip(names, ((row["ref_area"], row["breakdown"]) for row in rows), strict=True))
    checked = 0
    for row in embedded("ncmec_reports_by_country").iter_rows(named=True):
        match = re.fullmatch(r"p\. \d+, row (.+?)\*?", row["source_locator"])
        if match and match[1] != "Total":
            assert by_name[match[1].replace("’", "'").casefold()] == (row["ref_area"], row["breakdown"])
            checked += 1
    assert checked > 1000


# --- the command


def test_the_command_writes_observations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = samples.esp_sample(2023)
    out = tmp_path / "observations.parquet"
    assert main([sample.source_id, str(sample.write(tmp_path / "sample.pdf")), "--out", str(out), "--published-on", "2024-06"]) == 0
    frame = pl.read_parquet(out)
    assert dict(frame.schema) == dict(SCHEMA)
    assert figures_of(frame) == sample.figures
    assert frame["published_on"].unique().to_list() == ["2024-06"]
    assert "91 observations" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["observations.parquet", "sample.pdf"]


def test_the_command_leaves_nothing_behind_when_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = replaced(samples.country_sample(2022), "Sweden", "Swedonia")
    out = tmp_path / "observations.parquet"
    out.write_bytes(b"what was there before")
    assert main([sample.source_id, str(sample.write(tmp_path / "sample.pdf")), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("ncmec_reports_by_country: page ")
    assert out.read_bytes() == b"what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["observations.parquet", "sample.pdf"]


def test_the_command_says_when_rows_are_no_observations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = replaced(samples.esp_sample(2023), "Sample Provider B2, Inc.", "Sample Provider B3, Inc.")
    out = tmp_path / "observations.parquet"
    assert main([sample.source_id, str(sample.write(tmp_path / "sample.pdf")), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the same key stands twice" in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ncmec_reports_by_esp"], "FILE"),
        (["unheard_of", "{file}", "--out", "{out}"], "no parser for `unheard_of`"),
        (["../parse", "{file}", "--out", "{out}"], "no parser for `../parse`"),
        (["ncmec_reports_by_esp", "{file}.gone", "--out", "{out}"], "there is no file"),
        (["ncmec_reports_by_esp", "{file}", "--out", "{out}/deeper/out.parquet"], "there is no folder"),
        (["ncmec_reports_by_esp", "{file}", "--out", "{out}", "--published-on", "spring"], "`spring` is no ISO date"),
    ],
)
def test_the_command_refuses_wrong_usage(arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = samples.esp_sample(2023).write(tmp_path / "sample.pdf")
    with pytest.raises(SystemExit) as caught:
        main([argument.format(file=file, out=tmp_path / "out.parquet") for argument in arguments])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.parquet").exists()


def test_the_command_runs_as_a_module(tmp_path: Path) -> None:
    file = tmp_path / "page.pdf"
    file.write_text("<html>moved</html>")
    arguments = [sys.executable, "-m", "pipelines.parse", "ncmec_reports_by_esp", str(file), "--out", str(tmp_path / "out.parquet")]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("ncmec_reports_by_esp: the file cannot be opened as a PDF")


def test_a_snapshot_lends_its_address_and_hash(tmp_path: Path) -> None:
    sample = samples.esp_sample(2023)
    path = sample.write(tmp_path / "sample.pdf")
    module = importlib.import_module(f"pipelines.sources.{sample.source_id}")
    frame = module.parse(Snapshot(sample.source_id, path, "f" * 64, url="https://example.org/list.pdf"))
    assert frame["url"].unique().to_list() == ["https://example.org/list.pdf"]
    assert frame["snapshot_id"].unique().to_list() == ["f" * 64]


def test_right_aligned_text_ends_where_it_should() -> None:
    assert right_aligned(489.0, 100.0, "1,234").right == pytest.approx(489.0)
