"""The report: what its pages say, that every number leads to its receipt, that nothing planted in the data acts, and that it is accessible.

Belongs here: what can be read from the written files. Does not belong here: what only a browser can say (test_report_in_browser.py).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest

from pipelines import charts, report, warehouse
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import query
from tests.conftest import Workplace, _made_once

VOID = {"meta", "link", "br", "img", "input", "hr"}


# --- reading pages --------------------------------------------------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """What a page is made of: elements in order, with attributes, text and the elements around them."""

    path: Path
    elements: list[tuple[str, dict[str, str], list[str]]] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, int]] = []
        self.feed(self.path.read_text(encoding="utf-8"))
        assert not self._open, f"{self.path.name}: not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"{self.path.name}: an attribute twice in {tag}"
        self.elements.append((tag, {name: value or "" for name, value in given.items()}, [name for name, _ in self._open]))
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}, [name for name, _ in self._open]))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{self.path.name}: </{tag}> closes nothing"
        assert self._open[-1][0] == tag, f"{self.path.name}: </{tag}> closes {self._open[-1][0]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for _, number in self._open:
            self.texts[number] = self.texts.get(number, "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [given for name, given, _ in self.elements if name == tag]

    def told(self, tag: str, *, with_class: str = "", with_id: str = "") -> list[str]:
        """Return the words in elements, white space made one."""
        return [
            " ".join(self.texts.get(number, "").split())
            for number, (name, given, _) in enumerate(self.elements)
            if name == tag and with_class in ("", *given.get("class", "").split()) and with_id in (given.get("id"), "")
        ]


def report_of(workplace: Workplace, factory: pytest.TempPathFactory) -> Path:
    """Write the report of a release once for all who read it."""
    with _made_once(factory, "report") as folder:
        if not (folder / "report" / "style.css").exists():
            report.write_report(workplace.database, folder, "Three figures added.")
    return folder / "report"


def hostile_report_of(workplace: Workplace, factory: pytest.TempPathFactory) -> Path:
    """Write the report of a release whose words were planted by somebody who wishes its readers ill."""
    with _made_once(factory, "hostile_report") as folder:
        if not (folder / "report" / "style.css").exists():
            database = folder / workplace.database.name
            shutil.copyfile(workplace.database, database)
            plant(database)
            report.write_report(database, folder, f"Changes {SCRIPT} {TURNED}")
            database.unlink()
    return folder / "report"


SCRIPT = "</title></pre><script>window.planted=1</script><img src=x onerror='window.planted=2'>{{ 7 * 191 }}"
QUOTED = "\" onload=\"window.planted=3\" x='"
TURNED = "\u202eevil\u2066\u200b\u0007"
ADDRESSES = (
    "javascript:window.planted=4",
    "data:text/html,<script>window.planted=5</script>",
    "https://a.test/\" onclick=\"window.planted=6",
)


def plant(database: Path) -> None:
    """Write hostile words into every kind of text a report prints."""
    words = f"{SCRIPT}{QUOTED}{TURNED}"
    with duckdb.connect(str(database)) as con:
        for table, column in (
            ("sources", "title"), ("sources", "producer"), ("sources", "counts_what"), ("sources", "state"), ("sources", "licence"),
            ("breaks", "description"), ("policy_events", "title"), ("policy_events", "status_as_of"), ("null_reasons", "sentence"),
            ("null_reasons", "label"), ("measures", "label"), ("offense_scopes", "label"), ("conflicts", "subject"), ("conflicts", "why"),
            ("declination_reasons", "label"), ("attribute_sets", "source_locator"), ("attribute_sets", "obs_note"),
            ("rates", "question"), ("matched_periods", "question"), ("builds", "build_id"),
        ):  # fmt: skip
            con.execute(f"UPDATE {table} SET {column} = coalesce({column}, '') || ?", [words])
        for table, column, address in (
            ("sources", "url_main", ADDRESSES[0]), ("attribute_sets", "url", ADDRESSES[0]), ("conflicts", "url_1", ADDRESSES[1]),
            ("conflicts", "url_2", ADDRESSES[2]), ("policy_events", "url", ADDRESSES[0]), ("breaks", "url", ADDRESSES[2]),
        ):  # fmt: skip
            con.execute(f"UPDATE {table} SET {column} = ?", [address])


@pytest.fixture(scope="module")
def folder(built: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(built, tmp_path_factory)


@pytest.fixture(scope="module")
def pages(folder: Path) -> dict[str, Page]:
    return {path.relative_to(folder).as_posix(): Page(path) for path in sorted(folder.rglob("*.html"))}


@pytest.fixture(scope="module")
def ids(pages: dict[str, Page]) -> dict[str, set[str]]:
    return {name: {given["id"] for _, given, _ in page.elements if "id" in given} for name, page in pages.items()}


# --- what the pages say ---------------------------------------------------------------------------------------------------------


def test_the_first_page_answers_with_null_its_reason_and_its_date(pages: dict[str, Page], built: Workplace) -> None:
    [(build_id, as_of)] = query(built.database, "SELECT build_id, as_of_date FROM builds")
    [answer] = pages["index.html"].told("section", with_class="answer")
    assert answer.startswith("NULL nobody can say")
    assert "from 1998 to 2025, neither for the world nor for the United States" in answer
    assert "20,512,803 reports that reached the clearinghouse, worldwide. How many of them ended in a prosecution: NULL." in answer
    assert "1,276,041 reports" in answer
    assert "on record case by case, but no body brings them together" in answer
    assert "%" not in answer
    everything = " ".join(pages["index.html"].told("body"))
    assert build_id in everything
    assert f"{as_of.day} {as_of:%B %Y}" in everything


def test_the_rate_of_the_field_stands_with_its_definition_its_base_and_its_rounding(pages: dict[str, Page]) -> None:
    [card] = pages["index.html"].told("li", with_id="suspects_prosecuted_of_concluded_published")
    assert "60\u00a0%".replace("\u00a0", " ") in card.replace("\u00a0", " ")
    assert "of 36,080; 59.5 % to 60.5 % after rounding" in card.replace("\u00a0", " ")
    assert "suspects in concluded matters who were prosecuted in district court" in card
    assert "The fiscal years 2004 to 2013" in card
    assert "the answer is 60 percent of 36,080" in card
    assert "snapshot" in card


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("share-prosecuted.html", ("NULL in every period", "36,210,368", "numerator not collected")),
        ("reports-per-year.html", ("36,210,368", "+28.0 %", "−8.0 %", "End-to-end encryption becomes the default", "series break")),
        ("federal-and-state.html", ("NULL Nobody counts state prosecutions", "1,405", "denominator not collected")),
        ("why-not-prosecuted.html", ("36 %", "Transfers to another authority", "Other authorities are to prosecute the suspect")),
        ("resources.html", ("about $39,900,000", "more than 12,600", "effect of funding is NULL")),
        ("law-and-technology.html", ("Child Protection Act of 1984", "REPORT Act", "change NULL")),
        ("data-requests.html", ("NCMEC; police, prosecutors and courts", "led to a prosecution", "18 U.S.C. 2258A")),
        ("comparability.html", ("no pair agrees on every axis", "unit of count")),
        ("receipts.html", ("waiting for a record file", "36210368", "35925098")),
        ("method.html", ("numerator_exceeds_denominator", "What not to write", "1-800-843-5678", "no names")),
        ("changes.html", ("Three figures added.",)),
    ],
)
def test_every_page_gives_its_answer_with_its_date(pages: dict[str, Page], name: str, words: tuple[str, ...]) -> None:
    told = " ".join(pages[name].told("body")).replace("\u00a0", " ")
    for word in words:
        assert word in told
    assert re.search(r"Data as of \d{1,2} \w+ \d{4}, release \d{4}-\d{2}-\d{2}-[0-9a-f]{12}", told)


def test_no_percentage_stands_across_a_break(pages: dict[str, Page]) -> None:
    rows = pages["reports-per-year.html"].told("tr")
    [of_2024] = [row for row in rows if row.startswith("2024 20,512,803")]
    assert of_2024.startswith("2024 20,512,803 NULL NULL series break")
    assert "43" not in of_2024.replace("20,512,803", "")


def test_the_grid_has_a_cell_for_every_rate_and_period(pages: dict[str, Page], built: Workplace) -> None:
    for name, condition in (("rates-by-year.html", "<>"), ("shares-by-year.html", "=")):
        cells = [given["class"] for given in pages[name].all("details") if "cell" in given["class"].split()]
        [(count, valued)] = query(
            built.database, f"SELECT count(*), count(*) FILTER (rate_count > 0) FROM coverage WHERE rate_kind {condition} 'composition'"
        )
        assert len(cells) == count
        assert len([cell for cell in cells if "is-value" in cell]) == valued


def test_a_null_cell_lists_the_reasons_of_the_database(pages: dict[str, Page], built: Workplace) -> None:
    for label, sentences in query(
        built.database,
        "SELECT periods_in_words.words, list(null_reasons.sentence ORDER BY null_reasons.position) FROM coverage"
        " JOIN periods_in_words ON period_text(coverage.period_start, coverage.period_end) = periods_in_words.time_period"
        " JOIN null_reasons ON list_contains(coverage.null_reasons, null_reasons.code)"
        " WHERE rate_id = 'federal_defendants_per_us_report' GROUP BY ALL",
    ):
        question = "What share of the reports that resolve to the United States ends in a federal charge?"
        panels = [
            panel
            for panel in pages["rates-by-year.html"].told("div", with_class="panel")
            if panel.startswith(f"{label[:1].upper()}{label[1:]} {question}")
        ]
        assert len(panels) == 1, label
        places = [panels[0].index(sentence) for sentence in sentences]
        assert places == sorted(places)


def test_every_figure_of_the_database_has_a_receipt_with_page_edition_hash_and_address(pages: dict[str, Page], built: Workplace) -> None:
    rows = query(
        built.database,
        "SELECT series.source_id, series.series_id, period_start, period_end, obs_value, source_locator, snapshot_id, url"
        " FROM series_observations AS o JOIN series ON o.series_no = series.series_no WHERE superseded_on IS NULL",
    )
    assert len(rows) > 3000
    anchors = {
        name: {given["id"]: number for number, (_, given, _) in enumerate(page.elements) if "id" in given} for name, page in pages.items()
    }
    for source_id, series_id, start, end, value, locator, snapshot_id, url in rows:
        name = f"receipts/{source_id}.html"
        page = pages[name]
        row = page.texts[anchors[name][f"f-{series_id}-{start:%Y%m%d}-{end:%Y%m%d}"]]
        assert " ".join(locator.split()) in " ".join(row.split())
        assert ("NULL" if value is None else f"{value:,.0f}" if value == int(value) else f"{value:,}") in row
        assert snapshot_id in page.texts[0]
        assert url in {given.get("href") for given in page.all("a")}


def test_numbers_lead_to_the_row_that_has_them(pages: dict[str, Page], folder: Path) -> None:
    seen = 0
    for name, page in pages.items():
        for number, (tag, given, _) in enumerate(page.elements):
            if tag != "a" or given.get("class") != "figure":
                continue
            target, anchor = given["href"].split("#")
            of_source = pages[target]
            row = next(of_source.texts[place] for place, (_, other, _) in enumerate(of_source.elements) if other.get("id") == anchor)
            figure = re.sub(r"^(about|more than|at least|less than) |\$| percent$|\u00a0%$", "", page.texts[number])
            assert figure in row, f"{name}: {figure} leads to {row}"
            seen += 1
    assert seen > 500


# --- links, frames, accessibility -----------------------------------------------------------------------------------------------


def test_every_link_within_the_report_arrives(pages: dict[str, Page], ids: dict[str, set[str]], folder: Path) -> None:
    for name, page in pages.items():
        for given in page.all("a"):
            address = urlsplit(given["href"])
            if address.scheme:
                assert address.scheme in ("http", "https")
                continue
            target = (folder / name).parent / address.path if address.path else folder / name
            assert target.is_file(), f"{name}: {given['href']}"
            if address.fragment:
                found = target.resolve().relative_to(folder.resolve()).as_posix()
                assert address.fragment in ids[found], f"{name}: {given['href']}"


def test_nothing_is_fetched_from_elsewhere(pages: dict[str, Page], folder: Path) -> None:
    for name, page in pages.items():
        root = "../" * name.count("/")
        assert [given["href"] for given in page.all("link")] == [f"{root}style.css", "data:,"]
        assert [given["src"] for given in page.all("script")] == [f"{root}report.js"]
        for tag, given, around in page.elements:
            assert tag not in ("iframe", "object", "embed", "img", "form", "base", "video", "audio", "style"), name
            assert not [attribute for attribute in given if attribute.startswith("on")], name
            if "svg" in around:
                assert not given.get("href", given.get("xlink:href", "")), name
                assert "url(http" not in str(given)
    style = (folder / "style.css").read_text(encoding="utf-8")
    assert "url(" not in style
    assert "@import" not in style
    script = (folder / "report.js").read_text(encoding="utf-8")
    assert not re.search(r"fetch|XMLHttpRequest|import\s*\(|https?:|innerHTML|eval\(", script)


def test_pages_are_built_for_everybody(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.all("html") == [{"lang": "en"}], name
        for landmark in ("header", "nav", "main", "footer"):
            assert len([1 for tag, _, around in page.elements if tag == landmark and "blockquote" not in around]) == 1, (name, landmark)
        title = page.told("title")[0]
        assert title.endswith("– Prosecution statistics")
        levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1, name
        assert levels.count(1) == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), (name, levels)
        first_link = page.all("a")[0]
        assert first_link == {"class": "skip", "href": "#main"}
        named = [given["id"] for _, given, _ in page.elements if "id" in given]
        assert len(named) == len(set(named)), name
        for given in page.all("th"):
            assert given.get("scope") in ("col", "row", "rowgroup", "colgroup"), name
        for tag, given, _ in page.elements:
            if tag == "svg":
                assert given["role"] == "img"
                assert set(given["aria-labelledby"].split()) <= set(named)
            if given.get("class", "").startswith("scroll"):
                assert given["tabindex"] == "0", name
                assert given["aria-label"], name
        for drawing in page.told("svg"):
            assert drawing


def test_every_page_is_in_the_navigation_and_says_where_it_is(pages: dict[str, Page]) -> None:
    answers = {name for name in pages if "/" not in name}
    for name, page in pages.items():
        inside = [given for tag, given, around in page.elements if tag == "a" and "nav" in around]
        assert {given["href"].removeprefix("../") for given in inside} == answers
        assert [given["href"] for given in inside if given.get("aria-current") == "page"] == ([name] if name in answers else [])


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palette() -> dict[str, str]:
    style = (report.TEMPLATES / "style.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", style))


def test_contrast_is_known_to_be_computed_rightly() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "paper"), ("ink", "wash"), ("muted", "paper"), ("muted", "wash"), ("link", "paper"), ("link", "wash"), ("brand", "paper"),
        ("on-brand", "brand"), ("on-hatch", "hatch-light"), ("on-hatch", "hatch-dark"), ("on-value", "value"), ("on-value", "paper"),
        ("on-agree", "agree"), ("ink", "hatch-light"), ("ink", "hatch-dark"), ("link", "value"), ("muted", "value"), ("ink", "value"),
    ],
)  # fmt: skip
def test_text_can_be_read(ink: str, ground: str) -> None:
    assert contrast(palette()[ink], palette()[ground]) >= 4.5


def test_marks_and_focus_stand_out_and_are_told_apart_by_more_than_colour() -> None:
    colours = palette()
    assert contrast(colours["focus"], colours["paper"]) >= 3
    assert contrast(colours["focus"], colours["wash"]) >= 3
    for colour in (*charts._COLOURS, charts.MUTED, charts.INK):
        assert contrast(colour, charts.PAPER) >= 4.5
    assert len(set(charts._SHAPES)) == len(charts._SHAPES) >= len(charts._COLOURS)


# --- charts ---------------------------------------------------------------------------------------------------------------------


def drawn(database: Path) -> dict[str, charts.Chart]:
    with warehouse.open_session({"release": database}) as session:
        return charts.draw_charts(charts.read_drawn_tables(session))


@pytest.fixture(scope="module")
def drawings(built: Workplace) -> dict[str, charts.Chart]:
    return drawn(built.database)


def horizontal_extents(svg: str) -> list[tuple[float, float]]:
    """Return the first and last x of every line mark."""
    lines = re.findall(r'class="mark-line[^>]*>(.*?)</g>', svg, re.DOTALL)
    paths = [path for line in lines for path in re.findall(r'd="(M[^"]*)"', line)]
    points = [[float(x) for x in re.findall(r"[ML](-?[\d.]+),", path)] for path in paths]
    return [(min(xs), max(xs)) for xs in points]


def break_rules(svg: str) -> list[float]:
    dashed = r'<line transform="translate\((-?[\d.]+),0\)" x2="0" y2="\d+" stroke="#4f5a66"[^>]*stroke-dasharray'
    return [float(x) for x in re.findall(dashed, svg)]


def test_no_line_of_reports_runs_through_a_break(drawings: dict[str, charts.Chart]) -> None:
    svg = drawings["reports_world"].svg
    rules, lines = break_rules(svg), horizontal_extents(svg)
    assert len(rules) == 4
    joined = [line for line in lines if line[1] > line[0]]
    # 1999 to 2013 and 2014 to 2021; every other year stands alone
    assert len(joined) == 2
    assert not [(line, rule) for line in lines for rule in rules if line[0] < rule < line[1]]
    year = (joined[1][1] - joined[1][0]) / 7
    assert joined[0][1] - joined[0][0] == pytest.approx(14 * year, abs=1)


def test_federal_counts_and_reports_never_share_an_axis(drawings: dict[str, charts.Chart]) -> None:
    def words(name: str) -> str:
        return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", drawings[name].svg))

    assert "Calendar year" in words("reports_world")
    assert "Fiscal year" not in words("reports_world")
    assert "Fiscal year" in words("federal_counts")
    assert "report" not in words("federal_counts").lower()
    assert words("federal_counts").count("Defendants in newly filed cases") == 1


def test_every_chart_is_a_file_of_its_own_too(folder: Path, drawings: dict[str, charts.Chart]) -> None:
    files = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "charts").glob("*.svg")}
    assert files == {name: drawing.svg for name, drawing in drawings.items()}
    assert len(files) == 6
    for svg in files.values():
        assert svg.startswith("<svg ")
        assert 'xmlns="http://www.w3.org/2000/svg"' in svg
        assert "<title" in svg
        assert "<desc" in svg



def test_a_release_without_some_figures_has_fewer_charts_and_all_pages(small: Workplace, tmp_path: Path) -> None:
    assert "resources" not in drawn(small.database)
    written = report.write_report(small.database, tmp_path)
    assert {path.name for path in written} >= {file["file"] for file in report._PAGES}
    assert "No comparison with an earlier release" in (tmp_path / "report" / "changes.html").read_text(encoding="utf-8")
    for path in written:
        if path.suffix == ".html":
            Page(path)


# --- bytes ----------------------------------------------------------------------------------------------------------------------


def test_a_report_is_the_same_byte_for_byte_in_another_process(built: Workplace, folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipelines.report import write_report;"
        "print(len(write_report(Path(sys.argv[1]), Path(sys.argv[2]), 'Three figures added.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(built.database), str(tmp_path)],
        cwd=PROJECT, env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert int(done.stdout) == len(files)
    assert files == sorted(path.relative_to(tmp_path / "report") for path in (tmp_path / "report").rglob("*") if path.is_file())
    assert [name for name in files if (folder / name).read_bytes() != (tmp_path / "report" / name).read_bytes()] == []


def test_pages_stay_small(folder: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    assert sizes["index.html"] < 200_000
    assert max(sizes.values()) < 2_000_000
    assert sum(sizes.values()) < 8_000_000


def test_files_of_the_release_are_offered_where_they_stand(small: Workplace, tmp_path: Path) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "README.md").write_text("read me", encoding="utf-8")
    report.write_report(small.database, tmp_path, "")
    offered = [given["href"] for given in Page(tmp_path / "report" / "index.html").all("a") if given["href"].startswith("../")]
    assert offered == ["../README.md", "../csv"]


def test_a_database_that_is_no_release_is_refused(small: Workplace, tmp_path: Path) -> None:
    with duckdb.connect(str(small.database)) as con:
        con.execute("DELETE FROM builds")
    with pytest.raises(report.ReportError, match="builds is empty: write the report of a release"):
        report.write_report(small.database, tmp_path)


# --- hostile words --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(built: Workplace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    root = hostile_report_of(built, tmp_path_factory)
    return {path.relative_to(root).as_posix(): Page(path) for path in sorted(root.rglob("*.html"))}


def test_planted_words_are_words(hostile: dict[str, Page]) -> None:
    for name, page in hostile.items():
        assert [given["src"].removeprefix("../") for given in page.all("script")] == ["report.js"], name
        for tag, given, _ in page.elements:
            assert tag not in ("img", "iframe"), name
            assert not [attribute for attribute in given if attribute.startswith("on")], (name, tag)
        text = page.path.read_text(encoding="utf-8")
        assert "<script>window" not in text
        assert not set(text) & set("\u202e\u2066\u200b\u0007"), name
        assert "1337" not in text
    shown = " ".join(hostile["reports-per-year.html"].told("body"))
    assert "<script>window.planted=1</script>" in shown
    assert "[U+202E]evil[U+2066][U+200B][U+0007]" in shown
    assert "{{ 7 * 191 }}" in shown


def test_planted_addresses_become_no_links(hostile: dict[str, Page]) -> None:
    shown = ""
    for name, page in hostile.items():
        for given in page.all("a"):
            assert urlsplit(given["href"]).scheme in ("", "http", "https"), (name, given)
            assert "planted" not in given["href"]
        shown += page.texts[0]
    assert ADDRESSES[0] in shown


def test_planted_words_do_not_leave_the_drawing(hostile: dict[str, Page]) -> None:
    drawn = hostile["federal-and-state.html"].path.read_text(encoding="utf-8")
    [svg] = re.findall(r"<svg .*?</svg>", drawn, re.DOTALL)
    assert "&lt;script&gt;" in svg
    assert "<script" not in svg


# --- small parts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (0.6, "60 %"), (0.024523, "2.45 %"), (1.0, "100 %"), (0.0, "0 %"), (0.595, "59.5 %"), (0.843137, "84.31 %"),
        (2.782e-08, "0.0000028 %"),
    ],
)  # fmt: skip
def test_rates_are_written_with_the_decimals_they_need(rate: float, told: str) -> None:
    assert report.format_share(rate).replace("\u00a0", " ") == told


@pytest.mark.parametrize(
    ("value", "qualifier", "unit", "told"),
    [
        (36210368.0, "exact", "count", "36,210,368"), (12600.0, "gt", "count", "more than 12,600"),
        (39.9e6, "rounded", "usd", "about $39,900,000"), (36.0, "share_rounded", "percent", "36 percent"),
        (2.5, "exact", "percent", "2.5 percent"), (139.0, None, "months", "139 months"),
        (50.0, "lt", "count", "less than 50"), (3.0, "ge", "count", "at least 3"),
    ],
)  # fmt: skip
def test_figures_are_written_as_published(value: float, qualifier: str | None, unit: str, told: str) -> None:
    assert charts.format_figure(value, qualifier, unit) == told


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://www.justice.gov/usao/resources?x=1#y", True), ("http://example.test", True), ("https://example.test:8080/a_(b)", True),
        ("javascript:alert(1)", False), ("JAVASCRIPT:alert(1)", False), (" https://a.test", False), ("https://a.test/\nx", False),
        ("//a.test/x", False), ("data:text/html,x", False), ("https://a.test/\u202ex", False), ("https://user@a.test/", False), ("", False),
        (None, False), ("file:///etc/passwd", False), ("https://a b.test", False),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(url: str | None, is_one: bool) -> None:
    assert report.is_web_address(url) is is_one


def test_a_sum_leads_to_its_first_piece_and_says_how_many_there_are() -> None:
    def figure(period: str, start: date, end: date) -> charts.Row:
        return {
            "series_id": "abc", "source_id": "made_up", "time_period": period, "period_start": start, "period_end": end, "is_current": True,
            "published_on": "2024", "source_locator": "p. 1", "snapshot_id": "00ff", "url": None, "evidence": "publication",
        }  # fmt: skip

    first = figure("2024-01-01/P6M", date(2024, 1, 1), date(2024, 6, 30))
    second = figure("2024-07-01/P6M", date(2024, 7, 1), date(2024, 12, 31))
    whole = {"time_period": "2024-01-01/P1Y", "period_start": date(2024, 1, 1), "period_end": date(2024, 12, 31)}
    receipts = report._receipts({"figures": [second, first], "periods": [whole], "snapshots": [], "sources": []})
    found = receipts.find("abc", "2024-01-01/P1Y")
    assert found is not None
    assert (found.pieces, found.href) == (2, "receipts/made_up.html#f-abc-20240101-20240630")
    assert receipts.find("abc", "2024-07-01/P6M").pieces == 1  # type: ignore[union-attr]
    assert receipts.find("abc", "2023-01-01/P1Y") is None
    assert receipts.find(None, None) is None


def test_periods_of_several_years_span_their_columns_and_never_meet() -> None:
    def row(label: str, start: date, end: date) -> charts.Row:
        return {"rate_id": "r", "year_label": label, "time_period": label, "period_start": start, "period_end": end, "rate_count": 0,
                "row_count": 1, "null_reasons": ["numerator_missing"]}  # fmt: skip

    rows = [
        row("FY2013", date(2012, 10, 1), date(2013, 9, 30)),
        row("2003-10-01/P10Y", date(2003, 10, 1), date(2013, 9, 30)),
        row("2012-01-01/P6M", date(2012, 1, 1), date(2012, 6, 30)),
        row("CY2004", date(2004, 1, 1), date(2004, 12, 31)),
    ]
    lanes = report._lanes(rows)
    assert [(name, [one["year_label"] for one in lane]) for name, lane in lanes] == [
        ("calendar year", ["CY2004"]),
        ("fiscal year", ["FY2013"]),
        ("other period", ["2003-10-01/P10Y"]),
        ("other period", ["2012-01-01/P6M"]),
    ]
    cells = report._cells(lanes[2][1], [2013, 2012, 2004], {}, {})
    assert [(cell["span"], cell.get("text")) for cell in cells] == [(3, "NULL")]
    cells = report._cells(lanes[3][1], [2013, 2012, 2004], {}, {})
    assert [(cell["span"], cell.get("text")) for cell in cells] == [(1, None), (1, "NULL"), (1, None)]
