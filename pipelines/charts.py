"""Charts: Altair specifications over the tables of sql/report, drawn as SVG by vl-convert, without a browser and without network.

Belongs here: what a chart draws, its words for those who do not see it, and reading the tables of sql/report that charts and report share.
Does not belong here: pages (report.py), any judgement of which figures may be compared (sql/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import warehouse

if TYPE_CHECKING:
    import altair as alt

Row = dict[str, Any]
#: rows that a chart draws, by name: they travel beside its specification, which Altair copies at every step
Datasets = dict[str, list[Row]]
Tables = Mapping[str, Sequence[Row]]

REPORT_SQL = warehouse.SQL / "report"
#: tables that charts are drawn from
_DRAWN = ("concluded", "federal_counts", "funding", "outputs", "reports_per_year", "series_breaks", "timeline")

INK, MUTED, RULE, PAPER = "#1b1f24", "#4f5a66", "#c9d1d9", "#ffffff"
#: told apart by people who see colours differently; a shape or a label always says the same
BLUE, ORANGE, PURPLE = "#0b5394", "#b45309", "#6b3fa0"
_COLOURS = (BLUE, ORANGE, PURPLE, "#0f766e", "#7f1d1d", "#475569")
_SHAPES = ("circle", "square", "diamond", "triangle-down", "cross", "triangle-left")
_WIDTH = 640
_FONT = "Arial, Helvetica, sans-serif"
_HEDGES = {"approx": "about ", "rounded": "about ", "gt": "more than ", "ge": "at least ", "lt": "less than "}
#: characters that turn the reading direction, hide, or control; shown by their code point instead
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


@dataclass(frozen=True)
class Chart:
    """One drawn chart.

    Attributes:
        name: its key, and prefix of the ids in its SVG.
        title: one line.
        description: what it shows, for those who do not see it.
        svg: self-contained SVG with title and description in it.
    """

    name: str
    title: str
    description: str
    svg: str


@cache
def load_renderer() -> None:
    """Load what drawings need, which takes longer than a drawing: worth doing beside other work."""
    import altair as alt
    import vl_convert

    vl_convert.vegalite_to_svg(alt.Chart({"values": []}).mark_point().to_dict(validate=False), allowed_base_urls=[])


def read_drawn_tables(session: warehouse.Session) -> dict[str, list[Row]]:
    """Read the tables of sql/report that charts are drawn from."""
    return _read_tables(session, [REPORT_SQL / f"{name}.sql" for name in _DRAWN])


def read_other_tables(session: warehouse.Session) -> dict[str, list[Row]]:
    """Read the tables of sql/report that are not drawn; the numbered files prepare others."""
    return _read_tables(session, [path for path in sorted(REPORT_SQL.glob("*.sql")) if path.stem not in _DRAWN])


def _read_tables(session: warehouse.Session, files: Sequence[Path]) -> dict[str, list[Row]]:
    frames = session.read({path.stem: path.read_text(encoding="utf-8") for path in files})
    return {name: frame.to_dicts() for name, frame in frames if not name[0].isdigit()}


def draw_charts(tables: Tables) -> dict[str, Chart]:
    """Draw every chart that there are figures for, in the order of the questions.

    Args:
        tables: what `read_drawn_tables` returns.
    """
    from altair.utils.schemapi import debug_mode

    # the specifications are ours and tested; checking each part of them again doubles the time
    with debug_mode(False):
        drawings = [draw(tables) for draw in _DRAWINGS.values()]
    return {chart.name: chart for chart in drawings if chart is not None}


def make_inert(text: str) -> str:
    """Return text in which every character is seen that hides, controls or turns the reading direction."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def format_figure(value: float, qualifier: str | None = None, unit_measure: str = "count") -> str:
    """Write a figure as it may be printed: thousands apart, with the publisher's hedge and its unit."""
    number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"
    hedged = _HEDGES.get(qualifier or "", "")
    if unit_measure == "usd":
        return f"{hedged}${number}"
    return hedged + number if unit_measure == "count" else f"{hedged}{number} {unit_measure.replace('_', ' ')}"


# --- the charts -----------------------------------------------------------------------------------------------------------------


def _draw_reports_of_the_world(tables: Tables) -> Chart | None:
    rows = _reports(tables, "WORLD")
    if not rows:
        return None
    longest = max({row["series_id"] for row in rows}, key=lambda series: (sum(row["series_id"] == series for row in rows), series))
    main = [row for row in rows if row["series_id"] == longest]
    years = {row["calendar_year"] for row in main}
    # another publication only where the longest series has no figure, and of several the firmest
    others: dict[int, Row] = {}
    for row in sorted(rows, key=lambda row: (row["value_qualifier"] != "exact", row["obs_status"] == "U", row["source_id"])):
        if row["calendar_year"] not in years:
            others.setdefault(row["calendar_year"], row)
    drawn = main + [others[year] for year in sorted(others)]
    breaks = _lettered(_breaks_of(tables, {longest}, [row["calendar_year"] for row in main]))
    last = drawn[-1]
    data: Datasets = {}
    years_drawn = [row["calendar_year"] for row in drawn]
    return _render(
        "reports_world",
        "Reports made to the CyberTipline per calendar year, worldwide",
        f"Points for {drawn[0]['calendar_year']} to {last['calendar_year']}, from {format_figure(drawn[0]['reports'])} reports to "
        f"{format_figure(last['reports'], last['value_qualifier'])}. Lines join years that may be compared; at {len(breaks)} breaks in "
        f"counting, {_spoken_breaks(breaks)}, the line is interrupted. The table below the chart has every figure.",
        _report_panel(data, drawn, breaks, years_drawn, height=300, title="", x_title="Calendar year"),
        data,
    )


def _draw_reports_of_the_united_states(tables: Tables) -> Chart | None:
    rows = _reports(tables, "US")
    by_series: dict[str, list[Row]] = {}
    for row in rows:
        by_series.setdefault(row["series_id"], []).append(row)
    drawn = [of_series for of_series in by_series.values() if len(of_series) > 1]
    if not drawn:
        return None
    years = [row["calendar_year"] for of_series in drawn for row in of_series]
    lettered = lettered_breaks(tables, "US")
    data: Datasets = {}
    panels = []
    for number, of_series in enumerate(drawn, start=1):
        own = {row["break_id"] for row in tables["series_breaks"] if row["series_id"] == of_series[0]["series_id"]}
        title = _series_name(of_series[0]["title"], of_series[0]["breakdown"] or "place of upload")
        breaks = [row for row in lettered if row["break_id"] in own]
        x_title = "Calendar year" * (number == len(drawn))
        panels.append(_report_panel(data, of_series, breaks, years, height=130, title=title, x_title=x_title))
    return _render(
        "reports_us",
        "Reports about the United States per calendar year, placed in two ways",
        f"Panels for {min(years)} to {max(years)}, one for the place of the user and one for the place of the upload: two counts that must "
        f"not be mixed. Lines are interrupted at breaks in counting, {_spoken_breaks(lettered)}. The table has every figure.",
        _stacked(panels),
        data,
    )


def _draw_federal_counts(tables: Tables) -> Chart | None:
    rows = tables["federal_counts"]
    if not rows:
        return None
    years = [row["fiscal_year"] for row in rows]
    data: Datasets = {}
    panels = []
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    for measure in measures:
        of_measure = [row for row in rows if row["measure"] == measure]
        series = {row["series_id"] for row in of_measure}
        points = [
            {
                "x": row["fiscal_year"],
                "y": row["obs_value"],
                "series": _series_name(row["producer"] or row["title"], row["scope_label"], row["breakdown"]),
                "segment": _segment(of_measure, index, "joins_previous_year"),
                "certain": row["obs_status"] != "U" and row["value_qualifier"] == "exact",
            }
            for index, row in enumerate(of_measure)
        ]
        breaks = _lettered(_breaks_of(tables, series, [row["fiscal_year"] for row in of_measure], fiscal=True))
        panels.append(
            _panel(
                data, points, breaks, x_title="Fiscal year (October to September)" * (measure == measures[-1]), y_title="", years=years,
                height=120, title=str(of_measure[0]["measure_label"]),
            )
        )  # fmt: skip
    return _render(
        "federal_counts",
        "Federal counts per fiscal year, each on its own axis",
        f"One panel for each thing counted, fiscal years {min(years)} to {max(years)}: "
        + "; ".join(dict.fromkeys(str(row["measure_label"]) for row in rows))
        + ". They count different things in fiscal years and stand apart from reports, which are counted in calendar years.",
        _stacked(panels),
        data,
    )


def _draw_concluded_matters(tables: Tables) -> Chart | None:
    import altair as alt

    shares = tables["concluded"]
    if not shares:
        return None
    words = {"prosecution": "Prosecuted in district court", "declination": "Declined", "disposition": "Ended before a magistrate judge"}
    values = [
        {
            "what": words[row["rate_kind"]],
            "share": row["rate"],
            "low": row["rate_low"],
            "high": row["rate_high"],
            "told": f"{row['rate']:.0%}".replace("%", " %"),
        }
        for row in shares
    ]
    data: Datasets = {}
    # room for the longest label in the widest letters: whoever looks may have another font than the one it was measured with
    base = alt.Chart(_named(data, values)).encode(
        y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, minExtent=235, ticks=False, domain=False))
    )
    axis = alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=5))
    bars = base.mark_bar(color=BLUE, height=22).encode(x=axis)
    rounding = base.mark_rule(color=INK, strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    told = base.mark_text(align="left", dx=8, color=INK, fontSize=13, fontWeight="bold").encode(x=alt.X("share:Q"), text=alt.Text("told:N"))
    first = shares[0]
    return _render(
        "concluded_matters",
        "What became of the suspects in concluded federal matters",
        f"{format_figure(first['denominator'])} suspects, {first['period_in_words']}: "
        + "; ".join(f"{value['what'].lower()} {value['told']}" for value in values)
        + ". Percentages as the publisher prints them; the dark line is what rounding leaves open.",
        (bars + rounding + told).properties(width=_WIDTH - 250, height=120),
        data,
    )


def _draw_resources(tables: Tables) -> Chart | None:
    money = [row for row in tables["funding"] if row["source_id"] == "ojjdp_icac_program"]
    arrests = [row for row in tables["outputs"] if row["source_id"] == "ojjdp_icac_program" and row["measure"] == "arrests"]
    if not money or not arrests:
        return None
    years = [row["fiscal_year"] for row in (*money, *arrests)]
    hedges = ("exact", "about", "more than", "at least", "less than")
    met = {_HEDGES.get(row["value_qualifier"], "exact").strip() for row in (*money, *arrests)}

    def points(rows: Sequence[Row]) -> list[Row]:
        return [
            {
                "x": row["fiscal_year"],
                "y": row["obs_value"],
                "series": _HEDGES.get(row["value_qualifier"], "exact").strip(),
                "segment": str(index),
                "certain": False,
            }
            for index, row in enumerate(rows)
        ]

    data: Datasets = {}
    upper = _panel(
        data, points(money), [], x_title="", y_title="Million dollars", years=years, height=120, millions=True, legend=False,
        title="Money awarded to task forces, dollars of the year", names=[hedge for hedge in hedges if hedge in met],
    )  # fmt: skip
    lower = _panel(
        data, points(arrests), [], x_title="Fiscal year (October to September)", y_title="", years=years, height=120,
        title="Arrests by task forces, as the programme states them", names=[hedge for hedge in hedges if hedge in met],
    )  # fmt: skip
    return _render(
        "resources",
        "ICAC task forces: money and arrests, side by side",
        f"Two panels over fiscal years {min(years)} to {max(years)}, money above and arrests below, as points that are not joined: most "
        "are published as about or more than a number. They stand side by side; what caused what, they do not say.",
        _stacked([upper, lower]),
        data,
    )


def _draw_timeline(tables: Tables) -> Chart | None:
    import altair as alt

    entries = number_timeline(tables["timeline"])
    if not entries:
        return None
    values: list[Row] = []
    for entry in entries:
        lane = "law, programme, data" if entry["entry_kind"] == "event" else "break in a series"
        near = {value["y"] for value in values if value["lane"] == lane and abs(value["x"] - entry["date"].year) < 2}
        level = next(level for level in range(1, len(entries) + 1) if level not in near)
        values.append({"x": entry["date"].year, "y": level, "lane": lane, "no": str(entry["no"])})
    data: Datasets = {}
    panels = []
    for lane, colour, shape in (("law, programme, data", BLUE, "circle"), ("break in a series", ORANGE, "square")):
        of_lane = [value for value in values if value["lane"] == lane]
        if not of_lane:
            continue
        tallest = max(value["y"] for value in of_lane)
        base = alt.Chart(_named(data, of_lane), title=alt.Title(lane.capitalize())).encode(
            x=_years_axis([entry["date"].year for entry in entries], ""),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0.4, tallest + 0.6])),
        )
        marks = base.mark_point(filled=True, size=330, color=colour, shape=shape, opacity=1)
        numbers = base.mark_text(color=PAPER, fontSize=10, fontWeight="bold").encode(text=alt.Text("no:N"))
        panels.append((marks + numbers).properties(width=_WIDTH, height=30 + 24 * tallest))
    return _render(
        "timeline",
        "Laws, programmes and breaks in series by year",
        f"{len(entries)} numbered marks from {entries[0]['date'].year} to {entries[-1]['date'].year}, laws and programmes above, breaks in "
        "series below. The list that follows has them all, with the same numbers.",
        alt.vconcat(*panels, spacing=14),
        data,
    )


def number_timeline(rows: Sequence[Row]) -> list[Row]:
    """Return one row per law, programme or break, oldest first, numbered from one."""
    entries: dict[tuple[str, str], Row] = {}
    for row in rows:
        entries.setdefault((row["entry_kind"], row["entry_id"]), row)
    return [{**row, "no": number} for number, row in enumerate(entries.values(), start=1)]


# --- parts of charts ------------------------------------------------------------------------------------------------------------


def _reports(tables: Tables, area: str) -> list[Row]:
    """Return the yearly totals of all reports of an area."""
    return [
        row
        for row in tables["reports_per_year"]
        if row["ref_area"] == area
        and row["pathway"] == "any"
        and row["breakdown"] in ("", "user_location=us")
        and row["reports"] is not None
    ]


def _breaks_of(tables: Tables, series: set[str], years: Sequence[int], *, fiscal: bool = False) -> list[Row]:
    """Return the breaks of some series that fall between their first and last year, once each, with their place on the axis."""
    found: dict[str, Row] = {}
    for row in tables["series_breaks"]:
        place = _place(row["date"], fiscal=fiscal)
        if row["series_id"] in series and row["breaks_change"] and min(years) + 0.5 <= place <= max(years) + 0.5:
            found.setdefault(row["break_id"], {**row, "place": place})
    return sorted(found.values(), key=lambda row: (row["date"], row["break_id"]))


def _place(day: date, *, fiscal: bool) -> float:
    """Return where a day stands on an axis whose ticks are the middles of years."""
    return day.year + (day.timetuple().tm_yday - 1) / 365.25 - (0.25 if fiscal else 0.5)


def _lettered(breaks: Sequence[Row]) -> list[Row]:
    """Give breaks their letters; those of one day share one."""
    days = sorted({row["date"] for row in breaks})
    return [{**row, "letter": chr(ord("A") + days.index(row["date"]))} for row in breaks]


def lettered_breaks(tables: Tables, area: str) -> list[Row]:
    """Return the breaks that the chart of an area's reports marks, with the same letters."""
    rows = _reports(tables, area)
    if not rows:
        return []
    series = {row["series_id"] for row in rows}
    if area == "WORLD":
        longest = max(series, key=lambda one: (sum(row["series_id"] == one for row in rows), one))
        rows, series = [row for row in rows if row["series_id"] == longest], {longest}
    return _lettered(_breaks_of(tables, series, [row["calendar_year"] for row in rows]))


def _spoken_breaks(breaks: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(f"{row['letter']} on {row['date']:%Y-%m-%d}" for row in breaks)) or "none in these years"


def _segment(rows: Sequence[Row], index: int, joins: str) -> str:
    """Return the segment of a line that a row belongs to: rows that may be compared with the one before share it."""
    row = rows[index]
    before = [other for other in rows[: index + 1] if other["series_id"] == row["series_id"]]
    return f"{row['series_id']} {sum(not other[joins] for other in before)}"


def _series_name(*parts: str | None) -> str:
    told = [part.replace("_", " ").replace("=", ": ") for part in parts if part]
    return make_inert(", ".join(told))


def _stacked(panels: Sequence[Any]) -> Any:
    import altair as alt

    return alt.vconcat(*panels, spacing=18).resolve_scale(y="independent", color="independent", shape="independent")


def _named(data: Datasets, rows: Sequence[Row]) -> alt.NamedData:
    """Add rows to the datasets of a chart and return their name."""
    import altair as alt

    name = f"rows-{len(data)}"
    data[name] = [dict(row) for row in rows]
    return alt.NamedData(name=name)


def _report_panel(
    data: Datasets, rows: Sequence[Row], breaks: Sequence[Row], years: Sequence[int], *, height: int, title: str, x_title: str
) -> Any:
    joined = [{**row, "joins": not row["why_no_change"]} for row in rows]
    points = [
        {
            "x": row["calendar_year"],
            "y": row["reports"],
            "series": _series_name(row["producer"], row["title"], row["breakdown"]),
            "segment": _segment(joined, index, "joins"),
            "certain": row["value_qualifier"] == "exact" and row["obs_status"] not in ("U", "D"),
        }
        for index, row in enumerate(joined)
    ]
    return _panel(
        data, points, breaks, x_title=x_title, y_title="Million reports", years=years, height=height, millions=True, title=title,
    )  # fmt: skip


def _panel(
    data: Datasets,
    points: Sequence[Row],
    breaks: Sequence[Row],
    *,
    x_title: str,
    y_title: str,
    years: Sequence[int],
    height: int,
    title: str,
    millions: bool = False,
    legend: bool = True,
    names: Sequence[str] = (),
) -> Any:
    """Draw points over years, joined within their segments, with breaks as dashed rules that no line of theirs crosses."""
    import altair as alt

    domain = list(names or dict.fromkeys(point["series"] for point in points))
    key = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=620, symbolSize=70) if legend and len(domain) > 1 else None
    y_axis = alt.Axis(labelExpr="format(datum.value / 1000000, '~f')" if millions else "format(datum.value, ',')", tickCount=5)
    highest = max(point["y"] for point in points)
    x = _years_axis(years, x_title)
    y = alt.Y("y:Q", title=y_title or None, axis=y_axis, scale=alt.Scale(domain=[0, highest * 1.12], nice=False))
    colour = alt.Color("series:N", scale=alt.Scale(domain=domain, range=list(_COLOURS[: len(domain)])), legend=key)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=domain, range=list(_SHAPES[: len(domain)])), legend=key)
    lines = alt.Chart(_named(data, points)).mark_line(strokeWidth=2)
    layers: list[Any] = [lines.encode(x=x, y=y, color=colour, detail=alt.Detail("segment:N"))]
    # the first layer says how axes and scales are drawn, the others share them: Altair copies every setting at every step
    x, y, colour = alt.X("x:Q"), alt.Y("y:Q"), alt.Color("series:N")
    # hollow: a figure that is not exact, or not of a whole year
    for certain in (True, False):
        of_kind = [point for point in points if point["certain"] is certain]
        if of_kind:
            marks = alt.Chart(_named(data, of_kind)).encode(x=x, y=y, color=colour, shape=shape)
            solid = marks.mark_point(size=60, filled=True, opacity=1)
            layers.append(solid if certain else marks.mark_point(size=60, strokeWidth=1.8, fill=PAPER, opacity=1))
    if breaks:
        ruled = alt.Chart(_named(data, [{"x": row["place"]} for row in breaks]))
        layers.append(ruled.mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.2).encode(x=x))
        labels = alt.Chart(_named(data, _labels_of(breaks, near=(max(years) - min(years) + 1) * 0.03)))
        lettered = labels.mark_text(color=INK, fontSize=12, fontWeight="bold", baseline="bottom", dy=-3)
        layers.append(lettered.encode(x=x, y=alt.value(0), text=alt.Text("letter:N")))
    titled = alt.Title(make_inert(title)) if title else alt.Title("")
    return alt.layer(*layers, title=titled).properties(width=_WIDTH, height=height)


def _labels_of(breaks: Sequence[Row], near: float) -> list[Row]:
    """Return the letters above break rules; rules that stand close together share one label."""
    labels: list[Row] = []
    for row in breaks:
        if labels and row["place"] - labels[-1]["x"] < near:
            if row["letter"] not in labels[-1]["letter"]:
                labels[-1]["letter"] += f", {row['letter']}"
        else:
            labels.append({"x": row["place"], "letter": row["letter"]})
    return labels


def _years_axis(years: Sequence[int], title: str) -> alt.X:
    import altair as alt

    first, last = min(years), max(years)
    step = 1 if last - first <= 12 else 2 if last - first <= 24 else 3 if last - first <= 30 else 4
    ticks = list(range(last, first - 1, -step))[::-1]
    return alt.X(
        "x:Q",
        title=title or None,
        scale=alt.Scale(domain=[first - 0.7, last + 0.7], nice=False),
        axis=alt.Axis(values=ticks, format="d", grid=False),
    )


# --- drawing --------------------------------------------------------------------------------------------------------------------


def _render(name: str, title: str, description: str, chart: Any, data: Datasets) -> Chart:
    import vl_convert

    specification = chart.to_dict(validate=False)
    specification["config"] = {
        "aria": False,  # the whole chart is one image with a title, a description and a table
        "background": "transparent",
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK, "titleColor": MUTED, "domainColor": MUTED, "tickColor": RULE, "gridColor": "#e4e8ec",
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelOverlap": True,
        },
        "legend": {"labelColor": INK, "labelFontSize": 12},
        "title": {"color": INK, "fontSize": 13, "anchor": "start", "fontWeight": "bold", "offset": 8},
    }  # fmt: skip
    specification["padding"] = 6
    specification["datasets"] = data
    drawn = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    return Chart(name, title, description, _told(name, title, description, drawn))


def _told(name: str, title: str, description: str, svg: str) -> str:
    """Give a drawing its words, and ids that no other chart on the page has."""
    named = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    named = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", named)
    words = (
        f'<title id="{name}-title">{escape(make_inert(title))}</title><desc id="{name}-desc">{escape(make_inert(description))}</desc>'
    )
    opened = named.index(">") + 1
    head = named[: opened - 1].replace(' class="marks"', "")
    return f'{head} class="drawing" role="img" aria-labelledby="{name}-title {name}-desc">{words}{named[opened:]}'


_DRAWINGS: Mapping[str, Callable[[Tables], Chart | None]] = {
    "reports_world": _draw_reports_of_the_world,
    "reports_us": _draw_reports_of_the_united_states,
    "federal_counts": _draw_federal_counts,
    "concluded_matters": _draw_concluded_matters,
    "resources": _draw_resources,
    "timeline": _draw_timeline,
}
#: every chart there is, in the order of the questions
CHARTS = tuple(_DRAWINGS)
