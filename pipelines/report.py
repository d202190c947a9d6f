"""The static report: pages that open from a folder, without a server, a network or a script.

Belongs here: assembling pages from the tables of sql/report, the charts and the templates of report/; receipts; the grid of rates by year.
Does not belong here: what is true (sql/), how a chart looks (charts.py), exports and differences between releases.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pipelines import charts, warehouse
from pipelines.charts import Row, Tables, format_figure, make_inert
from pipelines.vocabulary import PROJECT

TEMPLATES = PROJECT / "report"
FOLDER = "report"
HEADLINE = "csam_reports_prosecuted"
#: subfolder of the report with the drawings as files
DRAWINGS = "charts"
#: files of a release that the first page links to, where they stand beside the report
DOWNLOADS = (
    "README.md",
    "prosecution_statistics.duckdb",
    "prosecution_statistics.xlsx",
    "datapackage.json",
    "observations.parquet",
    "csv",
    "parquet",
)
_SHOWN_PAIRS = 4
_SHOWN_SERIES = 6

_KINDS = {
    "prosecution": "Prosecuted",
    "declination": "Declined",
    "disposition": "Concluded otherwise",
    "arrest": "Arrested",
    "conviction": "Convicted",
    "sentencing": "Sentenced",
    "composition": "Shares of a whole",
}
_AXES = {
    "period": ("T", "time period"),
    "ref_area": ("A", "area"),
    "unit_of_count": ("U", "unit of count"),
    "offense_scope": ("O", "offenses"),
    "jurisdiction": ("J", "jurisdiction"),
    "pathway": ("W", "pathway"),
    "statistical_population": ("P", "population"),
}
#: file, name in the list of pages, question, link to it
_QUESTIONS = (
    (
        "share-prosecuted.html",
        "1 Share prosecuted",
        "What share of CSAM reports ends in prosecution?",
        "Year by year, with every reason",
    ),
    (
        "reports-per-year.html",
        "2 Reports per year",
        "How many reports are made each year, and how did that change?",
        "All figures, changes and breaks",
    ),
    (
        "federal-and-state.html",
        "3 Federal and state",
        "What share of prosecutions is federal, what share state?",
        "The federal side alone",
    ),
    ("why-not-prosecuted.html", "4 Why not", "Why do cases not lead to prosecution?", "Reasons by source and period"),
    ("resources.html", "5 Resources", "Do resources and funding matter?", "Money and results side by side"),
    ("law-and-technology.html", "6 Law and technology", "What changed with law and technology?", "The timeline"),
)
_PAGES = (
    {"file": "index.html", "short": "The answer"},
    *({"file": file, "short": short} for file, short, _, _ in _QUESTIONS),
    {"file": "rates-by-year.html", "short": "Rates by year"},
    {"file": "shares-by-year.html", "short": "Shares by year"},
    {"file": "comparability.html", "short": "Comparability"},
    {"file": "data-requests.html", "short": "Data requests"},
    {"file": "receipts.html", "short": "Receipts"},
    {"file": "changes.html", "short": "Changes"},
    {"file": "method.html", "short": "Sources and method"},
)


class ReportError(ValueError):
    """A report that cannot be written: the message says what is missing and what to do."""


@dataclass(frozen=True)
class Receipt:
    """Where a number stands.

    Attributes:
        href: address of its row on the page of its source, from the first page.
        place: publication and place in one line.
        locator: page, table and cell.
        published_on: day of the edition, as printed; None if it has none.
        first_seen: day on which the project first saw these bytes; None if the release does not say.
        snapshot_id: SHA-256 of the bytes.
        url: address of the publication.
        pieces: how many figures it is made of; more than one for a sum.
    """

    href: str
    place: str
    locator: str
    published_on: str | None
    first_seen: str | None
    snapshot_id: str
    url: str | None
    pieces: int


def write_report(
    database: Path, folder: Path, changes: str | None = None, downloads: Sequence[str] | None = None
) -> tuple[Path, ...]:
    """Write the report of a release; equal databases and changes give equal bytes.

    Args:
        database: a finished release database.
        folder: the release folder; the report becomes its subfolder `report`.
        changes: what changed since the last release, as text; None if nobody compared.
        downloads: files and folders of the release to link to; None for those of `DOWNLOADS` that are there.

    Returns:
        Every file written, in order.

    Raises:
        ReportError: the database says nothing about its release.
        WarehouseError: the database cannot be read.
    """
    report = folder / FOLDER
    with warehouse.open_session({"release": database}) as session, ThreadPoolExecutor(1) as beside:
        # charts are drawn while the database works on the other tables
        to_draw = charts.read_drawn_tables(session)
        drawing = beside.submit(charts.draw_charts, to_draw)
        tables = {**to_draw, **charts.read_other_tables(session)}
        if not tables["release"]:
            raise ReportError(f"{database.name}: its table builds is empty: write the report of a release, not of a stand-alone database")
        environment = _environment(tables)
        (report / "receipts").mkdir(parents=True, exist_ok=True)
        written = [_write(page, environment, report) for page in (*_receipt_pages(tables), *_grid_pages(tables))]
        drawings = drawing.result()
    environment.globals["charts"] = {name: drawings.get(name) for name in charts.CHARTS}
    (report / DRAWINGS).mkdir(exist_ok=True)
    for name, drawn in drawings.items():
        # also as files of their own: for articles, and for the metadata of the run
        written.append(report / DRAWINGS / f"{name}.svg")
        written[-1].write_text(drawn.svg, encoding="utf-8", newline="\n")
    linked = downloads if downloads is not None else [name for name in DOWNLOADS if (folder / name).exists()]
    written += [_write(page, environment, report) for page in _answers(tables, linked, changes)]
    for name in ("style.css", "report.js"):
        written.append(Path(shutil.copyfile(TEMPLATES / name, report / name)))
    return tuple(sorted(written))


def _write(page: _Page, environment: jinja2.Environment, report: Path) -> Path:
    values = {**page.values, "file": page.file, "root": "../" * page.file.count("/"), "pages": _PAGES}
    path = report / page.file
    path.write_text(environment.get_template(page.template).render(values), encoding="utf-8", newline="\n")
    return path


# --- pages ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Page:
    """One page before it is written.

    Attributes:
        file: its path below the report.
        template: which template shows it.
        values: what the template shows.
    """

    file: str
    template: str
    values: Mapping[str, Any]


def _answers(tables: Tables, downloads: Sequence[str], changes: str | None) -> Iterator[_Page]:
    """Yield the first page, the six questions, and what stands around them."""
    headline = _headline(tables)
    outcomes = _summaries(tables)
    cards = _cards(tables, headline)
    yield _Page(
        "index.html",
        "index.html",
        {
            "headline": headline,
            "neighbours": tables["neighbours"],
            "cards": cards,
            "built_instead": [rate for rate in outcomes if rate["role"] == "built instead"],
            "downloads": downloads,
        },
    )
    yield from _question_pages(tables, headline, outcomes, cards)
    yield _Page("changes.html", "changes.html", {"changes": changes})
    yield _Page("method.html", "method.html", {})


def _question_pages(tables: Tables, headline: Mapping[str, Any], outcomes: Sequence[Row], cards: Sequence[Row]) -> Iterator[_Page]:
    groups = (
        ("instead", "Rates people build instead", "built instead", "Judged by the same rules, and refused where the sides do not agree."),
        ("neighbours", "Neighbours", "neighbour", "Shares of suspects, arrests or investigations; none is a share of reports."),
    )
    shares, declinations = tables["federal_and_state"], tables["declinations"]
    years = sorted({row["fiscal_year"] for name in ("funding", "outputs") for row in tables[name]}, reverse=True)
    pages: tuple[tuple[dict[str, Any], set[str | None]], ...] = (
        (
            {
                "headline": headline,
                "groups": [
                    {"anchor": anchor, "title": title, "words": words, "rates": [rate for rate in outcomes if rate["role"] == role]}
                    for anchor, title, role, words in groups
                ],
            },
            {row[f"{side}_source_id"] for row in tables["rates"] if row["role"] for side in ("numerator", "denominator")},
        ),
        (
            {
                "groups": _report_series(tables["reports_per_year"]),
                "breaks_world": charts.lettered_breaks(tables, "WORLD"),
                "breaks_us": charts.lettered_breaks(tables, "US"),
            },
            {row["source_id"] for row in tables["reports_per_year"]},
        ),
        (
            {
                "by_question": list(_grouped(shares, "question").items()),
                "reason_codes": _reasons_in_order(tables, (row["null_reasons"] for row in shares)),
            },
            {row["federal_source_id"] for row in shares},
        ),
        (
            {
                "with_figures": [row for row in declinations if row["source_id"]],
                "transfers": [row for row in declinations if not row["source_id"] and row["is_transfer"]],
                "not_transfers": [row for row in declinations if not row["source_id"] and not row["is_transfer"]],
            },
            {row["source_id"] for row in declinations},
        ),
        (
            {
                "years": [
                    {
                        "fiscal_year": year,
                        "funding": [row for row in tables["funding"] if row["fiscal_year"] == year],
                        "outputs": [row for row in tables["outputs"] if row["fiscal_year"] == year],
                    }
                    for year in years
                ],
            },
            {row["source_id"] for name in ("funding", "outputs") for row in tables[name]},
        ),
        ({"entries": _timeline(tables["timeline"])}, {row["source_id"] for row in tables["timeline"]}),
    )
    for (file, _, _, _), card, (values, source_ids) in zip(_QUESTIONS, cards, pages, strict=True):
        yield _Page(file, file, {**values, "card": card, "source_ids": source_ids})


def _grid_pages(tables: Tables) -> Iterator[_Page]:
    outcomes = "What share ends in an arrest, a prosecution, a conviction, a sentence: every declared rate."
    shares = "Which part of the reports, files, children or sentences is of one kind."
    grid = "rates-by-year.html"
    yield _Page(grid, grid, {"title": "Rates by year", "words": outcomes, "kinds": _grid(tables, composed=False)})
    yield _Page("shares-by-year.html", grid, {"title": "Shares of a whole by year", "words": shares, "kinds": _grid(tables, composed=True)})
    yield _Page("comparability.html", "comparability.html", _matrix(tables["comparability"]))
    yield _Page("data-requests.html", "data-requests.html", {"kinds": _requests(tables["data_requests"])})


def _receipt_pages(tables: Tables) -> Iterator[_Page]:
    with_figures = {row["source_id"] for row in tables["figures"]}
    yield _Page("receipts.html", "receipts.html", {"with_figures": with_figures, "conflicts": tables["conflicts"]})
    known = {source["source_id"]: source for source in tables["sources"]}
    for source_id, rows in _grouped(tables["figures"], "source_id").items():
        nameless = dict.fromkeys(("title", "counts_what", "does_not_count", "licence", "state"), "not stated")
        values = {
            "source": known.get(source_id, {**nameless, "producer": source_id, "url_main": None}),
            "snapshots": [row for row in tables["snapshots"] if row["source_id"] == source_id],
            "editions": _editions(rows, tables),
        }
        yield _Page(f"receipts/{source_id}.html", "receipts-of-source.html", values)


def _environment(tables: Tables) -> jinja2.Environment:
    """Return the template engine: everything is escaped, every character is seen, nothing undefined passes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    periods = {row["time_period"]: row["words"] for row in tables["periods"]}
    statuses = {row["code"]: row["label"] for row in tables["statuses"]}
    filters: Mapping[str, Callable[..., Any]] = {
        "figure": format_figure,
        "share": format_share,
        "percent_change": lambda change: f"{change:+.1f}\u00a0%".replace("-", "\u2212"),
        "signed": lambda value: f"{value:+,.0f}".replace("-", "\u2212"),
        "thousands": lambda value: f"{value:,}",
        "day": _in_words,
        "period": lambda text: periods.get(text, text),
        "status": lambda code: str(statuses.get(code, code)).lower(),
        "spaced": lambda text: str(text).replace("_", " "),
        "part": _part,
        "lower_first": lambda text: text if text[:2].isupper() else text[:1].lower() + text[1:],
        "upper_first": lambda text: text[:1].upper() + text[1:],
        "drawn": Markup,  # made by charts.py, which escapes every text in it
    }
    environment.filters.update(filters)
    environment.tests["web_address"] = is_web_address
    environment.globals.update(
        {
            "release": tables["release"][0],
            "reasons": {row["code"]: row for row in tables["null_reasons"]},
            "sources": tables["sources"],
            "receipt_of": _receipts(tables).find,
        }
    )
    return environment


def _finalize(value: Any) -> Any:
    if value is None:
        return "not stated"
    return make_inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def is_web_address(url: str | None) -> bool:
    """Say whether an address may become a link: http or https, and no character that hides or breaks it."""
    if url is None or make_inert(url) != url:
        return False
    return re.fullmatch(r"https?://[\w.-]+(:\d+)?([/?#][!-~\u00a1-\uffff]*)?", url) is not None


def format_share(rate: float) -> str:
    """Write a rate as a percentage: two decimals, or as many as a small one needs."""
    percent = rate * 100
    decimals = 2 if percent >= 0.1 or percent == 0 else 1 - math.floor(math.log10(percent))
    number = f"{percent:.{decimals}f}"
    return (number.rstrip("0").rstrip(".") if "." in number else number) + "\u00a0%"


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _part(breakdown: str) -> str:
    return f"{breakdown.replace('_', ' ').replace('=', ': ').replace(';', ', ')}; " if breakdown else ""


def _grouped(rows: Iterable[Row], key: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


# --- receipts -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Receipts:
    """Finds the receipt of a series and a period.

    Attributes:
        current: figures in use by series and period.
        of_series: the same by series.
        bounds: first and last day of a period.
        seen: when bytes were first seen.
        titles: publications.
    """

    current: Mapping[tuple[str, str], Row]
    of_series: Mapping[str, Sequence[Row]]
    bounds: Mapping[str, tuple[date, date]]
    seen: Mapping[str, Any]
    titles: Mapping[str, str]

    def find(self, series_id: str | None, time_period: str | None) -> Receipt | None:
        """Return the receipt of a figure; that of the first piece, with their number, where it is a sum of finer figures."""
        if series_id is None or time_period is None:
            return None
        exact = self.current.get((series_id, time_period))
        pieces = [exact] if exact is not None else self._pieces(series_id, time_period)
        if not pieces:
            return None
        row = pieces[0]
        seen = self.seen.get(row["snapshot_id"])
        edition = row["published_on"] or "no date"
        return Receipt(
            href=f"receipts/{row['source_id']}.html#{_anchor(row)}",
            place=f"{self.titles.get(row['source_id'], row['source_id'])} ({edition}), {row['source_locator']}",
            locator=row["source_locator"],
            published_on=row["published_on"],
            first_seen=None if seen is None else str(seen),
            snapshot_id=row["snapshot_id"] or "",
            url=row["url"],
            pieces=len(pieces),
        )

    def _pieces(self, series_id: str, time_period: str) -> list[Row]:
        if time_period not in self.bounds:
            return []
        start, end = self.bounds[time_period]
        inside = [row for row in self.of_series.get(series_id, ()) if row["period_start"] >= start and row["period_end"] <= end]
        return sorted(inside, key=lambda row: (row["period_start"], row["period_end"]))


def _receipts(tables: Tables) -> _Receipts:
    current = {(row["series_id"], row["time_period"]): row for row in tables["figures"] if row["is_current"]}
    return _Receipts(
        current=current,
        of_series=_grouped(current.values(), "series_id"),
        bounds={row["time_period"]: (row["period_start"], row["period_end"]) for row in tables["periods"]},
        seen={row["snapshot_id"]: row["first_seen"] for row in tables["snapshots"]},
        titles={row["source_id"]: f"{row['producer']}: {row['title']}" for row in tables["sources"]},
    )


def _anchor(row: Row) -> str:
    """Return the name of a receipt on its page; the current edition keeps the same one from release to release."""
    name = f"f-{row['series_id']}-{row['period_start']:%Y%m%d}-{row['period_end']:%Y%m%d}"
    if row["is_current"]:
        return name
    return re.sub(r"[^\w-]", "", f"{name}-{row['published_on'] or 'undated'}-{row['evidence']}")


def _editions(rows: Sequence[Row], tables: Tables) -> list[Row]:
    """Group the figures of a source by the edition they stand in."""
    statuses = {row["code"]: row["label"] for row in tables["statuses"]}
    editions: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = (row["published_on"], row["url"], row["evidence"], row["snapshot_id"])
        areas = {"WORLD": "worldwide", "US": ""}
        pathway = "" if row["pathway"] == "any" else row["pathway"]
        narrowed = (_part(row["breakdown"]).rstrip("; "), areas.get(row["ref_area"], row["ref_area"]), pathway)
        told = [part.replace("_", " ") for part in narrowed if part]
        notes = [
            "" if row["obs_status"] == "A" else str(statuses.get(row["obs_status"], row["obs_status"])),
            "" if row["is_current"] else "Superseded by a later edition",
            "" if row["base_value"] is None else f"Stated base: {format_figure(row['base_value'])}",
            row["obs_note"] or "",
        ]
        editions.setdefault(key, []).append(
            {
                **row,
                "anchor": _anchor(row),
                "what": ", ".join((row["measure_label"], *told)) + f" ({row['scope_label']})",
                "note": ". ".join(note.rstrip(".") for note in notes if note),
            }
        )
    return [
        {
            "title": f"Edition of {published_on}" if published_on else "Edition without a date",
            "url": url,
            "evidence": evidence,
            "snapshot_id": snapshot_id or "",
            "rows": figures,
        }
        for (published_on, url, evidence, snapshot_id), figures in editions.items()
    ]


# --- the headline and the answers -----------------------------------------------------------------------------------------------


def _headline(tables: Tables) -> dict[str, Any]:
    rows = [row for row in tables["rates"] if row["rate_id"] == HEADLINE]
    said = tables["headline_sentences"]
    newest_period = said[0]["time_period"] if said else None
    newest = [row for row in rows if row["time_period"] == newest_period]
    needed = [row["sentence"] for row in said if row["sentence_no"] == 1]
    firm = [row for row in newest if row["denominator"] is not None]
    return {
        "rows": rows,
        "valued": [row for row in rows if row["rate"] is not None],
        "newest": firm,
        "periods": len({row["time_period"] for row in rows}),
        "first_year": min((row["period_start"].year for row in rows), default=None),
        "last_year": max((row["period_end"].year for row in rows), default=None),
        "reasons": _reasons_in_order(tables, (row["null_reasons"] for row in firm or rows)),
        "quotable": needed[0] + " " + _sentence(said, 4) if needed else None,
    }


def _sentence(said: Sequence[Row], number: int) -> str:
    return " ".join(row["sentence"] for row in said if row["sentence_no"] == number and row["cell_no"] == said[0]["cell_no"])


def _reasons_in_order(tables: Tables, lists: Iterable[Sequence[str]]) -> list[str]:
    met = {code for codes in lists for code in codes}
    return [row["code"] for row in tables["null_reasons"] if row["code"] in met]


def _summaries(tables: Tables) -> list[Row]:
    """Return one row per rate: how often it stands, every reason it met, and the pair that shows it best."""
    summaries = []
    for rate_id, of_rate in _grouped(tables["rates"], "rate_id").items():
        valued = {row["time_period"] for row in of_rate if row["rate"] is not None}
        best = max(
            of_rate,
            key=lambda row: (
                row["rate"] is not None,
                row["numerator"] is not None and row["denominator"] is not None,
                row["period_end"],
                -row["cell_no"],
            ),
        )
        summaries.append(
            {
                "rate_id": rate_id,
                "role": of_rate[0]["role"],
                "question": of_rate[0]["question"],
                "periods": len({row["time_period"] for row in of_rate}),
                "valued": len(valued),
                "reasons": _reasons_in_order(tables, (row["null_reasons"] for row in of_rate)),
                "best": best,
            }
        )
    return summaries


def _cards(tables: Tables, headline: Mapping[str, Any]) -> list[Row]:
    answers = (
        _answer_share(headline), _answer_reports(tables), _answer_federal(tables), _answer_declined(tables), _answer_resources(tables),
        _answer_law(tables),
    )  # fmt: skip
    return [
        {"file": file, "question": question, "link": link, "number": None, "cites": None, "is_null": False, "aside": None, **answer}
        for (file, _, question, link), answer in zip(_QUESTIONS, answers, strict=True)
    ]


def _answer_share(headline: Mapping[str, Any]) -> Row:
    if headline["valued"]:
        newest = headline["valued"][0]
        return {"number": format_share(newest["rate"]), "words": f"Of the reports of {newest['period_in_words']}."}
    return {
        "is_null": True,
        "words": f"In all {headline['periods']} periods from {headline['first_year']} to {headline['last_year']}: nobody counts the "
        "reports that end in a prosecution.",
    }


def _answer_reports(tables: Tables) -> Row:
    totals = [row for row in tables["reports_per_year"] if row["ref_area"] == "WORLD" and row["pathway"] == "any" and not row["breakdown"]]
    counted = [row for row in totals if row["reports"] is not None]
    if not counted:
        return {"is_null": True, "words": "No yearly total of reports is gathered."}
    newest = max(
        counted,
        key=lambda row: (row["calendar_year"], row["value_qualifier"] == "exact", row["obs_status"] != "U", row["source_id"]),
    )
    if newest["pct_change"] is not None:
        change = f"{newest['pct_change']:+.1f}\u00a0% on the year before.".replace("-", "\u2212")
    else:
        why = ", ".join(reason.replace("_", " ") for reason in newest["why_no_change"])
        change = f"The change on the year before is NULL: {why}."
    return {
        "number": format_figure(newest["reports"], newest["value_qualifier"]),
        "cites": (newest["series_id"], newest["time_period"]),
        "words": f"Reports worldwide in {newest['calendar_year']} ({newest['producer']}: {newest['title']}). {change}",
    }


def _answer_federal(tables: Tables) -> Row:
    rows = tables["federal_and_state"]
    shares = [row for row in rows if row["federal_share"] is not None]
    if shares:
        return {"number": format_share(shares[0]["federal_share"]), "words": f"Federal, in {shares[0]['period_in_words']}."}
    years = [
        row
        for row in rows
        if row["federal_count"] is not None and "low_reliability" not in row["null_reasons"] and row["time_period"].endswith("/P1Y")
    ]
    newest = max(years, key=lambda row: (row["period_end"], row["federal_count"]), default=None)
    return {
        "is_null": True,
        "words": "Nobody counts state prosecutions nationally, so there is no share.",
        "aside": newest
        and {
            "before": "The federal side alone:",
            "number": format_figure(newest["federal_count"]),
            "cites": (newest["federal_series_id"], newest["time_period"]),
            "after": f"{newest['federal_things']}, {newest['period_in_words']}.",
        },
    }


def _answer_declined(tables: Tables) -> Row:
    declined = [row for row in tables["rates"] if row["rate_kind"] == "declination" and row["rate"] is not None]
    without = sum(row["source_id"] is None for row in tables["declinations"])
    reasons = f"For {without} recorded reasons no figure about abuse material is gathered."
    if not declined:
        return {"is_null": True, "words": f"No share of declined suspects can be given. {reasons}"}
    newest = max(declined, key=lambda row: (row["period_end"], row["rate_id"]))
    return {
        "number": format_share(newest["rate"]),
        "cites": (newest["numerator_series_id"], newest["numerator_time_period"]),
        "words": f"Of {newest['denominator_figure']} suspects in concluded federal matters were declined, {newest['period_in_words']}. "
        f"{reasons}",
    }


def _answer_resources(tables: Tables) -> Row:
    years = {row["fiscal_year"] for row in tables["funding"]} & {row["fiscal_year"] for row in tables["outputs"]}
    return {
        "is_null": True,
        "words": f"Money and results stand side by side for {len(years)} fiscal years. A handful of years, without a comparison, cannot "
        "show that one caused the other, so the effect of funding is NULL.",
    }


def _answer_law(tables: Tables) -> Row:
    entries = charts.number_timeline(tables["timeline"])
    events = sum(entry["entry_kind"] == "event" for entry in entries)
    since = f" since {entries[0]['date'].year}" if entries else ""
    return {
        "words": f"{events} laws, programmes and releases and {len(entries) - events} breaks in series{since}. A percentage between before "
        "and after is NULL: nothing separates one cause from the others, and across a break the figures are different counts.",
    }


def _report_series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Sort the yearly series of reports: totals of the world, of the United States, other pathways, parts."""
    groups: dict[str, list[Row]] = {"world": [], "us": [], "other": [], "parts": []}
    for of_series in _grouped(rows, "series_id").values():
        first = of_series[0]
        title = f"{first['producer']}: {first['title']}"
        narrowed = [_part(first["breakdown"]).rstrip("; "), "" if first["pathway"] == "any" else str(first["pathway_label"])]
        title += "".join(f", {part}" for part in narrowed if part)
        if first["ref_area"] == "US":
            group = "us"
        elif first["pathway"] != "any":
            group = "other"
        else:
            group = "parts" if first["breakdown"] else "world"
        groups[group].append({"title": title, "rows": of_series[::-1]})
    groups["world"].sort(key=lambda series: -len(series["rows"]))
    return groups


def _timeline(rows: Sequence[Row]) -> list[Row]:
    """Give every entry of the timeline its first pairs of figures before and after."""
    entries = []
    for entry in charts.number_timeline(rows):
        of_entry = [row for row in rows if (row["entry_kind"], row["entry_id"]) == (entry["entry_kind"], entry["entry_id"])]
        pairs = [row for row in of_entry if row["value_before"] is not None and row["value_after"] is not None]
        entries.append({**entry, "pairs": pairs[:_SHOWN_SERIES], "more": max(0, len(pairs) - _SHOWN_SERIES)})
    return entries


# --- the grid of rates and years ------------------------------------------------------------------------------------------------


def _grid(tables: Tables, *, composed: bool) -> list[Row]:
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in tables["shares" if composed else "rates"]:
        pairs.setdefault((row["rate_id"], row["time_period"]), []).append(row)
    words = {row["time_period"]: row["words"] for row in tables["periods"]}
    kinds = []
    for code, title in _KINDS.items():
        rows = [row for row in tables["coverage"] if row["rate_kind"] == code and (code == "composition") is composed]
        if not rows:
            continue
        years = sorted({year for row in rows for year in _years_of(row)}, reverse=True)
        by_rate = _grouped(rows, "rate_id")
        # rates with a value first, the headline before all
        valued = {row["rate_id"] for row in rows if row["rate_count"]}
        order = sorted(by_rate, key=lambda rate_id: (not rate_id.startswith(HEADLINE), rate_id not in valued, rate_id))
        rates = [
            {
                "rate_id": rate_id,
                "question": by_rate[rate_id][0]["question"],
                "lanes": [
                    {"title": lane, "cells": _cells(of_lane, years, pairs, words)} for lane, of_lane in _lanes(by_rate[rate_id])
                ],
            }
            for rate_id in order
        ]
        kinds.append({"code": code, "title": title, "years": years, "rates": rates})
    return kinds


def _years_of(row: Row) -> tuple[int, int]:
    """Return the first and last year that a period stands under; fiscal years go by the year in which they end."""
    start, end = row["period_start"], row["period_end"]
    is_fiscal = (start.month, start.day) == (10, 1) and (end.month, end.day) == (9, 30)
    return start.year + is_fiscal, end.year


def _lanes(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Sort the periods of a rate into rows of the grid in which no two stand under the same year."""
    calendar = [row for row in rows if row["year_label"].startswith("CY")]
    fiscal = [row for row in rows if row["year_label"].startswith("FY")]
    lanes: list[list[Row]] = []
    others = [row for row in rows if not row["year_label"].startswith(("CY", "FY"))]
    for row in sorted(others, key=lambda row: (-row["period_end"].toordinal(), row["period_start"])):
        first, last = _years_of(row)
        for lane in lanes:
            if all(last < _years_of(other)[0] or first > _years_of(other)[1] for other in lane):
                lane.append(row)
                break
        else:
            lanes.append([row])
    named = [("calendar year", calendar), ("fiscal year", fiscal), *(("other period", lane) for lane in lanes)]
    return [(name, lane) for name, lane in named if lane]


def _cells(lane: Sequence[Row], years: Sequence[int], pairs: Mapping[tuple[str, str], list[Row]], words: Mapping[str, str]) -> list[Row]:
    """Lay the periods of one lane over the years, newest first; gaps are cells without coverage."""
    starting = {_years_of(row)[1]: row for row in lane}
    cells: list[Row] = []
    place = 0
    while place < len(years):
        row = starting.get(years[place])
        if row is None:
            cells.append({"coverage": None, "span": 1})
            place += 1
            continue
        span = years.index(_years_of(row)[0]) - place + 1
        shown = pairs.get((row["rate_id"], row["time_period"]), [])
        valued = [pair for pair in shown if pair["rate"] is not None]
        if row["rate_count"] == 1 and valued:
            text = format_share(valued[0]["rate"])
        else:
            text = f"{row['rate_count']} values" if row["rate_count"] else "NULL"
        reasons = len(row["null_reasons"])
        told = text if row["rate_count"] else f"NULL, {reasons} {'reason' if reasons == 1 else 'reasons'}"
        period = words.get(row["time_period"], row["time_period"])
        cells.append(
            {
                "coverage": row,
                "span": span,
                "text": text,
                "spoken": f"{period}: {told}",
                "heading": f"{period[:1].upper()}{period[1:]}",
                "pairs": shown[:_SHOWN_PAIRS],
                "more": max(0, row["row_count"] - min(len(shown), _SHOWN_PAIRS)) if len(shown) > 0 else 0,
            }
        )
        place += span
    return cells


# --- comparability and requests -------------------------------------------------------------------------------------------------


def _matrix(rows: Sequence[Row]) -> dict[str, Any]:
    """Arrange the judged pairs of series as a matrix: counts of outcomes down, counts of reports across."""
    columns: dict[str, str] = {}
    uppers: dict[str, str] = {}
    judged: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        area = {"WORLD": "worldwide", "US": "United States"}.get(row["lower_ref_area"], row["lower_ref_area"])
        pathway = "" if row["lower_pathway"] == "any" else f", {row['lower_pathway_label']}"
        publication = f"{row['lower_producer']}: {row['lower_title']}"
        columns.setdefault(row["lower_id"], f"{row['lower_measure_label']}, {area}{pathway} ({publication})")
        uppers.setdefault(row["upper_id"], f"{row['upper_measure_label']}: {row['upper_scope_label']} ({row['upper_producer']})")
        letter, words = _AXES[row["axis"]]
        judged.setdefault((row["upper_id"], row["lower_id"]), []).append({**row, "letter": letter, "words": words})
    arranged = [
        {
            "title": title,
            "cells": [_pair(title, column, judged.get((upper_id, lower_id))) for lower_id, column in columns.items()],
        }
        for upper_id, title in uppers.items()
    ]
    return {
        "axes": [{"letter": letter, "words": words} for letter, words in _AXES.values()],
        "columns": list(columns.values()),
        "rows": arranged,
        "agreeing": sum(all(axis["agrees"] for axis in axes) for axes in judged.values()),
    }


def _pair(above: str, below: str, axes: Sequence[Row] | None) -> Row | None:
    """Return the cell of one pair of series: the axes that differ; None where the pair was not judged."""
    if axes is None:
        return None
    differing = [axis for axis in axes if not axis["agrees"]]
    verb = "differs" if len(differing) == 1 else "differ"
    told = f"{', '.join(axis['words'] for axis in differing)} {verb}" if differing else "every axis agrees"
    text = " ".join(axis["letter"] for axis in differing) or "all agree"
    return {"axes": axes, "column": below, "differing": differing, "text": text, "spoken": f"{above} and {below}: {told}"}


def _requests(rows: Sequence[Row]) -> list[Row]:
    groups = [("headline", "The headline", [row for row in rows if row["is_headline"]])]
    others = [row for row in rows if not row["is_headline"]]
    groups += [(code, title, [row for row in others if row["rate_kind"] == code]) for code, title in _KINDS.items()]
    return [{"code": code, "title": title, "rows": of_kind} for code, title, of_kind in groups if of_kind]
