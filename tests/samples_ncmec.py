"""Synthetic publications in the layouts of the NCMEC family: every count is invented, and the files say so.

The samples are real PDF files with positioned text, written by a minimal writer; each comes with the figures that a reader must find,
taken from the data the sample was made of and not from any parser.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: advance widths of Helvetica for the printable ASCII characters, in thousandths of the font size
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,
    611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833,
    556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
SYNTHETIC_NOTE = "*Synthetic sample for tests: every count is invented."
_MONTHS_AFTER = "0412"


@dataclass(frozen=True)
class Text:
    """A piece of text on a page: left end, baseline, font size."""

    x: float
    y: float
    text: str
    size: float = 11.0

    @property
    def right(self) -> float:
        return self.x + width_of(self.text, self.size)


@dataclass(frozen=True)
class Figure:
    """One figure a reader must find: the key within the publication, the value as printed (None for an empty cell), the status."""

    measure: str
    ref_area: str
    breakdown: str
    period: str
    value: str | None
    status: str = "A"
    unit_measure: str = "count"
    population: str = "cybertipline_reports"


@dataclass(frozen=True)
class Sample:
    """A synthetic publication: the parser it is for, its pages and its figures."""

    name: str
    source_id: str
    pages: tuple[tuple[Text, ...], ...]
    figures: frozenset[Figure]
    title: str = ""
    dated: str = "2025"

    def write(self, path: Path) -> Path:
        path.write_bytes(pdf_of(self.pages, self.title, self.dated))
        return path


def width_of(text: str, size: float) -> float:
    return sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else 556 for c in text) * size / 1000


def right_aligned(x: float, y: float, text: str, size: float = 11.0) -> Text:
    return Text(x - width_of(text, size), y, text, size)


def centred(x: float, y: float, text: str, size: float = 11.0) -> Text:
    return Text(x - width_of(text, size) / 2, y, text, size)


def pdf_of(pages: Iterable[Sequence[Text]], title: str, dated: str, font: str = "Helvetica", encoding: str = "/WinAnsiEncoding") -> bytes:
    """Write a PDF file with one font and text at the places given."""
    pages = list(pages)
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    font_number = 3
    objects.append(f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding {encoding} >>")
    kids = []
    for texts in pages:
        content = "\n".join(
            f"BT /F1 {text.size:g} Tf 1 0 0 1 {text.x:.2f} {text.y:.2f} Tm ({_escaped(text.text)}) Tj ET" for text in texts if text.text
        )
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            f"/Resources << /Font << /F1 {font_number} 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< /Title ({_escaped(title)}) /Producer (synthetic sample) /ModDate (D:{dated}120000Z) >>")
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _counts(seed: int, number: int) -> list[int]:
    chance = random.Random(seed)
    return [int(10 ** chance.uniform(0, 6.5)) for _ in range(number)]


def _copyright(year: int) -> Text:
    return Text(150, 36, f"Copyright © {year} National Center for Missing & Exploited Children. All rights reserved.", 8)


# --- lists: by provider, by country, by state


def _list_pages(
    year: int,
    kind: str,
    headers: tuple[str, ...],
    rows: Sequence[tuple[str, tuple[str, ...]]],
    notes: Sequence[str],
    *,
    running: bool = True,
    wrapped: str = "centre",
    column_ends: tuple[float, ...] = (489.0,),
) -> tuple[tuple[Text, ...], ...]:
    """Lay rows out under a header on every page; a name with a line feed is wrapped with its counts at the centre, first or last line."""
    pages: list[list[Text]] = []
    page: list[Text] = []
    y = 0.0

    def begin(top: float) -> None:
        nonlocal page, y
        page = [_copyright(year + 1)]
        pages.append(page)
        page.append(Text(122.5, top, headers[0]))
        page.extend(right_aligned(end, top, name) for end, name in zip(column_ends, headers[1:], strict=True))
        y = top - 23.5

    begin(323.8)
    page.append(Text(188, 616, f"{year} CyberTipline Reports by", 18))
    page.append(Text(230, 594, kind, 18))
    page.append(Text(72, 540, f"In {year}, the CyberTipline received reports of which this synthetic sample gives a breakdown."))
    page.append(Text(72, 526, "Most CyberTipline reports involve uploads outside of the U.S.; 18 USC 2258A applies to 1,500 ESPs."))
    page.append(Text(134, 364, "The following is a breakdown of reports."))
    for name, counts in rows:
        if y < 80:
            begin(699.3)
            number = str(len(pages))
            page.append(Text(400, 746.4, f"{year} Reports by {kind.split()[0]} {number}" if running else number))
        parts = name.split("\n")
        heights = [y - 13.1 * index for index in range(len(parts))]
        at = {"first": heights[0], "last": heights[-1], "centre": (heights[0] + heights[-1]) / 2}[wrapped]
        page.extend(Text(122.7, height, part) for height, part in zip(heights, parts, strict=True))
        page.extend(right_aligned(end, at, count) for end, count in zip(column_ends, counts, strict=True) if count)
        y = heights[-1] - 16.3
    page.extend(Text(108, y - 20 - 14 * index, note) for index, note in enumerate(notes))
    page.append(Text(204, 53.1, "MissingKids.org/CyberTiplineData"))
    return tuple(tuple(texts) for texts in pages)


def esp_sample(year: int, rows: int = 90, seed: int = 1) -> Sample:
    """Reports by provider in the layout of a year: header, total label, marks and wrapped names differ."""
    names = [f"Sample Provider {letter}{number}, Inc." for letter in "ABCDEFGH" for number in range(1, 12)][: rows - 6]
    names += [
        "4sample",
        "7sample / Example.com",
        "AT&T Sample Service",
        "Facebook",
        "INHOPE",
        "Sample Networks/Example Register/\nSampleBargain",
    ]
    names.sort(key=str.lower)
    counts = _counts(seed + year, len(names))
    status = "B" if year == 2024 else "A"
    table, figures = [], []
    for name, count in zip(names, counts, strict=True):
        marked = name + "*" if year <= 2020 and name in ("Facebook", "Sample Provider B2, Inc.") else name
        table.append((marked, (f"{count:,}",)))
        split = year == 2021 and name == "Facebook"
        joined = name.replace("\n", " ")
        figures.append(
            Figure("reports_received", "WORLD", f"esp={joined};reporter=esp", f"{year}-01-01/P1Y", str(count), "B" if split else status)
        )
    total = sum(counts)
    label = {2019: "Totals:", 2020: "Totals:", 2021: "Total:"}.get(year, "Total")
    table.append((label, (f"{total:,}",)))
    figures.append(Figure("reports_received", "WORLD", "reporter=esp", f"{year}-01-01/P1Y", str(total), status))
    notes = ["*Report totals for related platforms and companies have been combined.", SYNTHETIC_NOTE] if year <= 2020 else [SYNTHETIC_NOTE]
    header = ("ESP", "Number of Reports" if year <= 2021 else "Reports")
    pages = _list_pages(year, "Electronic Service Providers (ESP)", header, table, notes, wrapped="first" if year <= 2020 else "centre")
    return Sample(
        f"esp {year}",
        "ncmec_reports_by_esp",
        pages,
        frozenset(figures),
        f"{year} CyberTipline Reports by ESP",
        f"{year + 1}{_MONTHS_AFTER}",
    )


_COUNTRIES = (
    ("Afghanistan", "AF"), ("Aland Islands", "AX"), ("American Samoa", "AS"), ("Antarctica", "AQ"), ("Bahrain/Bahrein", "BH"),
    ("Burma/Myanmar", "MM"), ("Cote d'Ivoire (Ivory Coast)", "CI"), ("Congo", "CG"), ("Congo, The Democratic\nRepublic of the", "CD"),
    ("Eretria", "ER"), ("French Guiana", "GF"), ("Guam", "GU"), ("Kosovo", "XK"), ("Niger", "NE"), ("Nigeria", "NG"),
    ("Norfolk Island", "NF"), ("Puerto Rico", "PR"), ("Saint Helena, Ascension\nand Tristan da Cunha", "SH"), ("Sweden", "SE"),
    ("Swaziland", "SZ"), ("United Kingdom", "GB"), ("United States", "US"), ("US Virgin Islands", "VI"), ("Yemen Arab Republic", "YE"),
    ("Zambia", "ZM"), ("Zimbabwe", "ZW"), ("Albania", "AL"), ("Algeria", "DZ"), ("Andorra", "AD"), ("Angola", "AO"), ("Argentina", "AR"),
    ("Armenia", "AM"), ("Aruba", "AW"), ("Australia", "AU"), ("Austria", "AT"), ("Brazil", "BR"), ("Canada", "CA"), ("Chile", "CL"),
    ("Colombia", "CO"), ("Cuba", "CU"), ("Cyprus", "CY"), ("Denmark", "DK"), ("Egypt", "EG"), ("Fiji", "FJ"), ("Finland", "FI"),
    ("France", "FR"), ("Georgia", "GE"), ("Germany", "DE"), ("Greece", "GR"), ("India", "IN"), ("Japan", "JP"), ("Kenya", "KE"),
    ("Latvia", "LV"), ("Malta", "MT"), ("Mexico", "MX"), ("Monaco", "MC"), ("Nepal", "NP"), ("Norway", "NO"), ("Oman", "OM"),
    ("Peru", "PE"), ("Poland", "PL"), ("Qatar", "QA"), ("Serbia", "RS"), ("Spain", "ES"), ("Togo", "TG"), ("Uganda", "UG"),
)  # fmt: skip
_NOT_LISTED = {2019: "No Country Listed*", 2020: "No Country Listed*", 2021: "No Country Listed*", 2022: "Null", 2023: "null*"}


_BY_UPLOAD = "cybertipline_reports_by_upload_location"


def _upload_figure(
    area: str, breakdown: str, period: str, value: str | None, status: str = "A", measure: str = "reports_received"
) -> Figure:
    populations = {"reports_referred": "cybertipline_referrals", "reports_informational": "cybertipline_informational_reports"}
    return Figure(measure, area, breakdown, period, value, status, population=populations.get(measure, _BY_UPLOAD))


def country_sample(year: int, seed: int = 2, *, with_total: bool = False) -> Sample:
    """Reports by country in the layout of a year: two columns in 2019, one until 2023, referrals and informational reports since 2024."""
    if year >= 2024:
        return _split_sample(year, seed, with_total=with_total)
    names = sorted(_COUNTRIES)
    counts = _counts(seed + year, len(names) + 1)
    period = f"{year}-01-01/P1Y"
    table, figures = [], []
    for (name, area), drawn in zip(names, counts, strict=False):
        dash = year == 2020 and area == "NF"
        count = 0 if dash else drawn
        table.append((name, ("-" if dash else f"{count:,}",)))
        figures.append(_upload_figure(area, "", period, str(count)))
    table.append((_NOT_LISTED[year], (f"{counts[-1]:,}",)))
    figures.append(_upload_figure("WORLD", "upload_location=not_listed", period, str(counts[-1])))
    total = sum(int(figure.value or 0) for figure in figures)
    figures.append(_upload_figure("WORLD", "", period, str(total)))
    title = f"{year} CyberTipline Reports by Country"
    if year == 2019:
        pages = _two_column_pages(table, total)
    else:
        table.append(("Total" if year > 2021 else "Total:", (f"{total:,}",)))
        header = ("Country" if year == 2020 else "Country / Territory", "Number of Reports" if year <= 2021 else "Reports")
        pages = _list_pages(year, "Country", header, table, [SYNTHETIC_NOTE], running=year >= 2022)
    return Sample(f"country {year}", "ncmec_reports_by_country", pages, frozenset(figures), title, f"{year + 1}{_MONTHS_AFTER}")


def _two_column_pages(table: Sequence[tuple[str, tuple[str, ...]]], total: int) -> tuple[tuple[Text, ...], ...]:
    """Lay the list for 2019 out: two columns on a page, a running header that names another list, the total in a table of its own."""
    first = [
        _copyright(2020),
        Text(188, 616, "2019 CyberTipline Reports", 18),
        Text(256, 594, "by Country", 18),
        Text(61, 554, "These synthetic numbers depict the reports per country of suspected exploitation"),
        Text(61, 541, "received by the CyberTipline in 2019."),
    ]
    pages = [first]
    half = 18
    for start in range(0, len(table), 2 * half):
        number = len(pages) + 1
        page = [_copyright(2020), Text(390, 746.4, f"2019 Reports by ESP {number}")]
        for left, right, rows in ((49.9, 283.0, table[start : start + half]), (328.9, 562.0, table[start + half : start + 2 * half])):
            if not rows:
                continue
            page += [Text(left, 699.4, "Country"), right_aligned(right, 706.6, "Total"), right_aligned(right, 692.2, "Reports")]
            y = 675.9
            for name, (count,) in rows:
                parts = name.split("\n")
                page += [Text(left, y - 13.2 * index, part) for index, part in enumerate(parts)]
                page.append(right_aligned(right, y, count))
                y -= 16.3 + 13.2 * (len(parts) - 1)
        pages.append(page)
    pages[-1] += [
        Text(49.9, 245.2, "Country"),
        right_aligned(563, 245.2, "Total Reports"),
        Text(49.9, 224.8, "TOTAL"),
        right_aligned(561, 224.8, f"{total:,}"),
        Text(48, 195, SYNTHETIC_NOTE),
        Text(204, 53.1, "MissingKids.org/CyberTiplineData"),
    ]
    return tuple(tuple(page) for page in pages)


def _split_sample(year: int, seed: int, *, with_total: bool) -> Sample:
    """Lay out referrals and informational reports; one cell is empty; with a column of totals if wanted."""
    names = [*sorted(_COUNTRIES), ("No Country Listed*", "WORLD")]
    referred, informational = _counts(seed + year, len(names)), _counts(seed + year + 50, len(names))
    period, status = f"{year}-01-01/P1Y", "B" if year == 2024 else "A"
    table, figures = [], []
    for index, (name, area) in enumerate(names):
        empty = area == "AQ"
        if empty:
            informational[index] = 0
        breakdown = "upload_location=not_listed" if area == "WORLD" else ""
        both = referred[index] + informational[index]
        cells = (f"{referred[index]:,}", "" if empty else f"{informational[index]:,}", f"{both:,}")
        table.append((name, cells if with_total else cells[:2]))
        figures.append(_upload_figure(area, breakdown, period, str(referred[index]), status, "reports_referred"))
        value, its_status = (None, "O") if empty else (str(informational[index]), status)
        figures.append(_upload_figure(area, breakdown, period, value, its_status, "reports_informational"))
        if with_total:
            figures.append(_upload_figure(area, breakdown, period, str(both), status))
    sums = (sum(referred), sum(informational), sum(referred) + sum(informational))
    measures = ("reports_referred", "reports_informational", "reports_received")[: 3 if with_total else 2]
    table.append(("Total", tuple(f"{total:,}" for total in sums[: len(measures)])))
    figures += [_upload_figure("WORLD", "", period, str(total), status, measure) for total, measure in zip(sums, measures, strict=False)]
    headers = ("Country / Territory", "Referrals", "Informational", "Total Reports")[: len(measures) + 1]
    ends = (330.0, 410.0, 489.0) if with_total else (400.0, 489.0)
    pages = _list_pages(year, "Country", headers, table, [SYNTHETIC_NOTE], column_ends=ends)
    return Sample(
        f"country {year}" + (" with totals" if with_total else ""),
        "ncmec_reports_by_country",
        pages,
        frozenset(figures),
        f"{year} CyberTipline Reports by Country",
        f"{year + 1}{_MONTHS_AFTER}",
    )


def list_sample(source_id: str, year: int, rows: Sequence[tuple[str, tuple[str, ...]]], total: str) -> Sample:
    """Set given rows in the layout of a list of providers or countries; the figures are left to the caller."""
    kind, label = ("Country", "Country / Territory") if source_id.endswith("country") else ("Electronic Service Providers (ESP)", "ESP")
    header = (label, "Number of Reports" if year <= 2021 else "Reports")
    pages = _list_pages(year, kind, header, [*rows, ("Total", (total,))], [SYNTHETIC_NOTE], running=year != 2021)
    title = f"{year} CyberTipline Reports by {kind}"
    return Sample(f"{kind} {year} set again", source_id, pages, frozenset(), title, f"{year + 1}{_MONTHS_AFTER}")


_STATES = (
    ("Alabama", "AL"), ("Alaska", "AK"), ("Arizona", "AZ"), ("Arkansas", "AR"), ("California", "CA"), ("Colorado", "CO"),
    ("Connecticut", "CT"), ("Delaware", "DE"), ("Florida", "FL"), ("Georgia", "GA"), ("Hawaii", "HI"), ("Idaho", "ID"),
    ("Illinois", "IL"), ("Indiana", "IN"), ("Iowa", "IA"), ("Kansas", "KS"), ("Kentucky", "KY"), ("Louisiana", "LA"), ("Maine", "ME"),
    ("Maryland", "MD"), ("Massachusetts", "MA"), ("Michigan", "MI"), ("Minnesota", "MN"), ("Mississippi", "MS"), ("Missouri", "MO"),
    ("Montana", "MT"), ("Nebraska", "NE"), ("Nevada", "NV"), ("New Hampshire", "NH"), ("New Jersey", "NJ"), ("New Mexico", "NM"),
    ("New York", "NY"), ("North Carolina", "NC"), ("North Dakota", "ND"), ("Ohio", "OH"), ("Oklahoma", "OK"), ("Oregon", "OR"),
    ("Pennsylvania", "PA"), ("Rhode Island", "RI"), ("South Carolina", "SC"), ("South Dakota", "SD"), ("Tennessee", "TN"),
    ("Texas", "TX"), ("Utah", "UT"), ("Vermont", "VT"), ("Virginia", "VA"), ("Washington", "WA"), ("West Virginia", "WV"),
    ("Wisconsin", "WI"), ("Wyoming", "WY"),
)  # fmt: skip


def state_sample(year: int, seed: int = 3, *, codes: bool = False) -> Sample:
    """Reports by state: states by name or by code, a subtotal, the reports without a state, and the total."""
    period, status = f"{year}-01-01/P1Y", "B" if year == 2024 else "A"
    counts = _counts(seed + year, len(_STATES) + 1)
    table, figures = [], []
    for (name, code), count in zip(_STATES, counts, strict=False):
        table.append((code if codes else name, (f"{count:,}",)))
        figures.append(_upload_figure(f"US-{code}", "", period, str(count), status))
    subtotal, unspecified = sum(counts[:-1]), counts[-1]
    for label, breakdown, count in (
        ("Subtotal", "state=any_listed", subtotal),
        ("Unspecified", "state=unspecified", unspecified),
        ("Total", "", subtotal + unspecified),
    ):
        table.append((label, (f"{count:,}",)))
        figures.append(_upload_figure("US", breakdown, period, str(count), status))
    pages = _list_pages(year, "State", ("State", "Reports"), table, [SYNTHETIC_NOTE])
    return Sample(
        f"state {year}" + (" codes" if codes else ""),
        "ncmec_reports_by_state",
        pages,
        frozenset(figures),
        f"{year} CyberTipline Reports by State",
        f"{year + 1}{_MONTHS_AFTER}",
    )


# --- transparency report

_ENDS = (313.6, 421.6, 529.6)
_HEADS = (265.0, 373.0, 481.0)
_POPULATIONS = {
    "esps_registered": "esps_newly_registered",
    "feedback_received": "cybertipline_feedback",
    "files_received": "cybertipline_files",
    "hashes_added": "hash_sharing_lists",
    "reports_made_available": "cybertipline_report_recipient_pairs",
    "series_opened": "cvip_unidentified_series",
    "submissions_received": "cvip_submissions",
    "victims_identified": "cvip_identified_victims",
}
_CATEGORIES = (
    ("child_pornography", ("Child Pornography", "(possession, manufacture, distribution)")),
    ("misleading_words_or_images", ("Misleading Words or Digital Images",)),
    ("online_enticement", ("Online Enticement of Children",)),
    ("child_sex_trafficking", ("Child Sex Trafficking",)),
    ("unsolicited_obscene_material", ("Unsolicited Obscene Material Sent to a Child",)),
    ("misleading_domain_name", ("Misleading Domain Name",)),
    ("child_sexual_molestation", ("Child Sexual Molestation",)),
    ("child_sex_tourism", ("Child Sex Tourism",)),
)
_RECIPIENTS = (
    ("icac", ("Internet Crimes", "Against Children", "(ICACs) Units"), "US"),
    ("local", ("Local Law", "Enforcement"), "US"),
    ("federal", ("Federal Law", "Enforcement"), "US"),
    ("international", ("International Law", "Enforcement"), "WORLD"),
)
_AGENCIES = (
    ("hsi_ice", ("DHS Immigration", "and Customs", "Enforcement")),
    ("fbi", ("Federal Bureau of", "Investigation")),
    ("other_federal", ("Other Federal", "Agencies")),
    ("federal_total", ("Total Federal", "Agencies")),
    ("local_state_icac", ("Total Local/State/", "ICAC Agencies")),
    ("coast_guard", ("Coast Guard", "Investigative", "Service")),
    ("army", ("Department of the", "Army CID")),
    ("navy", ("Naval Criminal", "Investigative", "Service")),
    ("air_force", ("U.S. Air Force OSI",)),
    ("marine_corps", ("U.S. Marine Corps", "CID")),
    ("military_total", ("Total Military", "Agencies")),
    ("international", ("Total International", "Agencies")),
    ("total", ("Total Law", "Enforcement", "Submissions")),
)
_AGES = (("pubescent", 268.0), ("prepubescent", 352.0), ("infant_or_toddler", 443.0))


class _Report:
    """Collects the pages and figures of one synthetic transparency report."""

    def __init__(self, year: int, seed: int) -> None:
        self.year, self.years = year, (year - 2, year - 1, year)
        self.later = year >= 2023  # layout details of the editions since then
        self.chance = random.Random(seed)
        self.pages: list[list[Text]] = []
        self.figures: list[Figure] = []

    def draw(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)

    def page(self) -> list[Text]:
        page = [
            Text(129, 54.4, f"Copyright © {self.year} National Center for Missing & Exploited Children. All rights reserved.", 9),
        ]
        self.pages.append(page)
        if len(self.pages) > 1:
            page.append(Text(303, 32.3, str(len(self.pages)), 9))
        return page

    def figure(
        self,
        measure: str,
        area: str,
        breakdown: str,
        year: int,
        value: object,
        status: str | None = None,
        unit: str = "count",
        population: str | None = None,
    ) -> None:
        bundled = measure in ("reports_received", "files_received", "reports_made_available")
        population = population or _POPULATIONS.get(measure, "cybertipline_reports")
        status = status or ("B" if year == 2024 and bundled else "A")
        self.figures.append(Figure(measure, area, breakdown, f"{year}-01-01/P1Y", str(value), status, unit, population))

    def heads(self, page: list[Text], y: float, x: Sequence[float] = _HEADS) -> None:
        for centre, year in zip(x, self.years, strict=True):
            page.append(centred(centre, y, f"CY {year}"))

    def row(self, page: list[Text], y: float, label: Sequence[str], values: Sequence[object], ends: Sequence[float] = _ENDS) -> float:
        """Write one row: the label on one line or more, the counts at its centre; give the height of the next row."""
        page.extend(Text(78, y - 12 * index, part) for index, part in enumerate(label))
        middle = y - 6 * (len(label) - 1)
        page.extend(right_aligned(end, middle, f"{value:,}") for end, value in zip(ends, values, strict=True))
        return y - 12 * (len(label) - 1) - 16


def ojjdp_sample(year: int, seed: int = 4) -> Sample:
    """A transparency report with every table that is read and those that are not."""
    report = _Report(year, seed + year)
    years = report.years
    first, second = report.page(), report.page()
    first.append(Text(77, 411.8, f"CY {year} Report to the Committees on Appropriations", 14))
    first.append(Text(90, 369, "Synthetic sample of the Transparency Report; every count is invented.", 14))
    second.append(Text(72, 700, "When the CyberTipline became operational in CY 1998, NCMEC received 1,234 reports."))
    second.append(Text(72, 685, f"Appendix A contains a chart of the reports received from CY 1998 to CY {year}."))
    totals = {other: report.draw(10**4, 4 * 10**7) for other in range(1998, year + 1)}
    for other in years:
        totals[other] = report.draw(2 * 10**7, 4 * 10**7)

    page = report.page()
    page.append(Text(90, 563, f"The chart below shows reports in CY {years[0]}, CY {years[1]}, and CY {year}."))
    for y, part in ((540.4, "CyberTipline Reports"), (527.3, "Submitted by Members of"), (514.2, "the Public and ESPs")):
        page.append(Text(90, y, part))
    report.heads(page, 527.3)
    public = [report.draw(200_000, 400_000) for _ in years]
    esp = [totals[other] - count for other, count in zip(years, public, strict=True)]
    report.row(page, 500.7, ["Total CyberTipline Reports"], [totals[other] for other in years])
    report.row(page, 484.0, ["Public CyberTipline Reports"], public)
    report.row(page, 469.2, ["ESP CyberTipline Reports"], esp)
    for index, other in enumerate(years):
        report.figure("reports_received", "WORLD", "reporter=public", other, public[index])
        report.figure("reports_received", "WORLD", "reporter=esp", other, esp[index])
    page.append(Text(90, 351, f"The chart below shows the number of reports in CY {years[0]}, CY {years[1]}, and CY"))
    page.append(Text(90, 336, f"{year} that related to U.S. users and international users of services, by location of the user."))
    for y, part in ((297.1, "CyberTipline Reports"), (284.0, "Relating to U.S. and"), (270.9, "International Users")):
        page.append(Text(88, y, part))
    report.heads(page, 284.0)
    us = [report.draw(700_000, 2_000_000) for _ in years]
    unknown = [report.draw(300_000, 2_000_000) for _ in years]
    abroad = [totals[other] - us[index] - unknown[index] for index, other in enumerate(years)]
    y = 256.0
    last = "Unknown Location" if report.later else "Unknown"
    for key, label, values in (("us", "U.S.", us), ("outside_us", "International", abroad), ("unknown", last, unknown)):
        if key == "unknown" and report.later:
            page.append(Text(78 + width_of(label, 11), y - 3, "3", 7))
        page.append(Text(78, y - (6.5 if report.later else 13), label))
        for index, other in enumerate(years):
            share = f"{values[index] * 100 / totals[other]:.1f}".removesuffix(".0")
            page.append(right_aligned(_ENDS[index], y, f"{values[index]:,}"))
            page.append(right_aligned(_ENDS[index], y - 13, f"{share}%"))
            area = "US" if key == "us" else "WORLD"
            report.figure("reports_received", area, f"user_location={key}", other, values[index])
            report.figure("reports_received", area, f"user_location={key}", other, share, unit="percent")
        y -= 28
    report.row(page, y, ["Total"], [totals[other] for other in years])

    page = report.page()
    page.append(Text(80, 707.5, "Categorization of CyberTipline Reports"))
    ends = (399.0, 466.5, 534.0)
    report.heads(page, 707.5, (371.0, 438.0, 505.0))
    table = []
    for other in years:
        parts = [report.draw(900, 40_000) for _ in _CATEGORIES[1:]]
        table.append([totals[other] - sum(parts), *parts])
    y = 691.0
    for row, (key, label) in enumerate(_CATEGORIES):
        y = report.row(page, y, label, [column[row] for column in table], ends)
        for index, other in enumerate(years):
            report.figure("reports_received", "WORLD", f"incident_type={key}", other, table[index][row])
    page.append(Text(90, 536.3, "B. Details of CSAM-Related Content Reported to the CyberTipline in the years shown above"))
    for y, part in (
        (391.9, "Files Uploaded with CyberTipline Reports"),
        (378.8, "Submitted by ESPs"),
        (365.8, "(Images, Videos, Other Content)"),
    ):
        page.append(Text(86, y, part))
    report.heads(page, 378.8, (353.0, 427.0, 502.0))
    ends = (386.0, 458.0, 534.0)
    files = {kind: [report.draw(low, 5 * low) for _ in years] for kind, low in (("image", 10**7), ("video", 9 * 10**6), ("other", 10**5))}
    sums = [sum(files[kind][index] for kind in files) for index in range(3)]
    y = 348.8
    for label, kind in (("Images", "image"), ("Videos", "video"), ("Other Content", "other")):
        y = report.row(page, y, [label], files[kind], ends)
        for index, other in enumerate(years):
            report.figure("files_received", "WORLD", f"file_type={kind}", other, files[kind][index])
    report.row(page, y, ["Total"], sums, ends)
    for index, other in enumerate(years):
        report.figure("files_received", "WORLD", "", other, sums[index])

    _write_matches(report, files, totals)
    _write_law_enforcement(report)
    _write_lists(report)
    _write_victims(report)
    _write_submissions(report)

    page = report.page()
    page += [Text(272, 685.3, "Appendix A", 12), Text(136, 661.4, "Date Range (Calendar Year)", 12)]
    page += [Text(317, 661.4, "Total Number of CyberTipline", 12), Text(318, 647.2, "Reports Received by NCMEC", 12)]
    y = 618.2
    for other in range(year, 1997, -1):
        short = f"{other % 100:02d}"
        page.append(Text(125, y, f"CY{other} (1/1/{short}-12/31/{short})"))
        page.append(right_aligned(487, y, f"{totals[other]:,}"))
        y -= 16.7
        if other > 1998:
            report.figure("reports_received", "WORLD", "", other, totals[other])
    report.figures.append(Figure("reports_received", "WORLD", "", "1998-03-09/1998-12-31", str(totals[1998]), "D"))
    return Sample(
        f"ojjdp {year}",
        "ncmec_ojjdp_transparency",
        tuple(tuple(texts) for texts in report.pages),
        frozenset(report.figures),
        f"{year} NCMEC/OJJDP Transparency Report",
        f"{year + 1}{_MONTHS_AFTER}",
    )


def _write_matches(report: _Report, files: dict[str, list[int]], totals: dict[int, int]) -> None:
    years, page = report.years, report.page()
    for y, part in (
        (700.3, "CyberTipline Reports Submitted by ESPs"),
        (688.4, "Containing Unique and Visually Similar"),
        (676.5, "Images/Videos Based on MD5 and Hash-"),
        (664.6, "Matching Technologies"),
    ):
        page.append(Text(80, y, part, 10))
    report.heads(page, 682.5, (322.0, 408.0, 494.0))
    ends = (359.0, 445.0, 532.0)
    report.row(page, 648.3, ["Total CyberTipline reports"], [totals[other] for other in years], ends)
    y = 630.0
    for key, label in (
        ("unique_by_md5", ("CyberTipline reports disaggregated by", "reports containing unique images based on", "MD5 hash values")),
        (
            "visually_similar_by_photodna_or_videntifier",
            (
                "CyberTipline reports disaggregated by",
                "reports containing visually similar",
                "images/videos determined by PhotoDNA",
                "and Videntifier technology",
            ),
        ),
    ):
        page.extend(Text(77, y - 12 * index, part, 10) for index, part in enumerate(label))
        foot = y - 12 * (len(label) - 1)
        for index, other in enumerate(years):
            value = report.draw(8_000_000, 19_000_000)
            higher = report.later and key == "unique_by_md5" and index == 2  # one cell of the edition for 2023 stands a line higher
            page.append(right_aligned(ends[index], foot + (12 if higher else 0), f"{value:,}", 10))
            report.figure("reports_received", "WORLD", f"contains={key}", other, value)
        y = foot - 14
    page.append(Text(78, 480.9, "Unique and Visually Similar Images/Videos Contained in CyberTipline Reports Submitted by ESPs"))
    page.append(Text(211, 467.8, "as Determined by Hash-Matching Technology"))
    centres = (182.0, 256.0, 329.0, 402.0, 476.0, 549.0)
    for position, centre in enumerate(centres):
        other = years[position // 2]
        words = ("Unique", "Images and", "Videos", "Determined", "by MD5", "Hashing")
        if position % 2:
            words = (
                "Visually" if position == 1 else "Unique",
                "Images and",
                "Videos",
                "Determined by",
                "PhotoDNA and",
                "Videntifier",
                "Technology",
            )
        top = 453.0 if position % 2 else 441.0
        page.append(centred(centre, top, f"CY {other}–", 10))
        page.extend(centred(centre, top - 12 * (index + 1), word, 10) for index, word in enumerate(words))
    ends = (213.0, 286.0, 359.0, 433.0, 506.0, 579.0)
    unique: dict[str, list[int]] = {"image": [], "video": []}
    for kind in unique:
        for index in range(3):
            by_md5 = report.draw(files[kind][index] // 3, files[kind][index] // 2)
            unique[kind] += [by_md5, report.draw(by_md5 // 2, by_md5)]
    sums = [a + b for a, b in zip(unique["image"], unique["video"], strict=True)]
    y = 350.0
    for label, values in (("Images", unique["image"]), ("Videos", unique["video"]), ("Total", sums)):
        y = report.row(page, y, [label], values, ends)
    for position in range(6):
        kind_of = ("unique_by_md5", "unique_by_photodna_or_videntifier")[position % 2]
        other = years[position // 2]
        for kind in unique:
            report.figure("files_received", "WORLD", f"file_type={kind};uniqueness={kind_of}", other, unique[kind][position])
        report.figure("files_received", "WORLD", f"uniqueness={kind_of}", other, sums[position])


def _write_law_enforcement(report: _Report) -> None:
    years, page = report.years, report.page()
    new = [report.draw(30, 400) for _ in years]
    page.append(Text(90, 720, f"In CY {years[0]}, {new[0]} new ESPs were registered to report to the CyberTipline; in CY {years[1]},"))
    page.append(Text(90, 705, f"this number increased to {new[1]} new ESPs; and in CY {years[2]} {new[2]} new ESPs were registered."))
    page += [Text(94, 668.5, "ESPs Registered to Report to the"), Text(144, 655.6, "CyberTipline")]
    report.heads(page, 657.0, (322.0, 408.0, 497.0))
    report.row(page, 630.5, ["New ESPs Registered by NCMEC"], new, (360.0, 447.0, 534.0))
    for index, other in enumerate(years):
        report.figure("esps_registered", "WORLD", "", other, new[index])
    page.append(Text(90, 590, "D. CyberTipline Reports Made Available to Law Enforcement in the calendar years shown below"))
    page += [Text(77, 550.2, "Law Enforcement"), Text(77, 538.3, "Recipients of"), Text(77, 526.4, "CyberTipline Reports")]
    report.heads(page, 538.3, (242.0, 361.0, 485.0))
    ends = (296.0, 417.0, 541.0)
    y = 505.0
    for key, label, area in _RECIPIENTS:
        page.extend(Text(77, y - 12.5 - 11.8 * (index - (len(label) - 1) / 2), part) for index, part in enumerate(label))
        for index, other in enumerate(years):
            actionable, informational = report.draw(1_000, 10_000_000), report.draw(0, 900_000)
            said = "International" if (key, other) == ("federal", 2021) else "Informational"
            if report.later and index == 2:
                said = said.replace("Informational", "I n formational")
            for line, text in enumerate(
                (f"Actionable: {actionable:,}", f"{said}: {informational:,}", f"Total: {actionable + informational:,}")
            ):
                page.append(right_aligned(ends[index], y - 12.5 * line, text, 9))
            widened = "B" if key == "icac" and other >= 2022 else None
            report.figure("reports_made_available", area, f"detail=actionable;recipient={key}", other, actionable, widened)
            report.figure("reports_made_available", area, f"detail=informational;recipient={key}", other, informational, widened)
            report.figure("reports_made_available", area, f"recipient={key}", other, actionable + informational)
        y -= 42
    page.append(Text(90, 280, "As noted in the above chart, report numbers are differentiated between two kinds of report."))
    page = report.page()
    for y, part in ((497.2, "Instances of Law Enforcement"), (484.1, "Feedback Relating to"), (471.0, "CyberTipline Reports")):
        page.append(Text(87, y, part))
    report.heads(page, 484.1, (284.0, 377.0, 492.0))
    y = 456.8
    for key, label, area in _RECIPIENTS:
        values = [report.draw(20, 300_000) for _ in years]
        lines = ("Internet Crimes Against Children", "(ICACs) Units") if key == "icac" else (" ".join(label),)
        y = report.row(page, y, lines, values, (345.0, 440.0, 534.0))
        for index, other in enumerate(years):
            report.figure("feedback_received", area, f"recipient={key}", other, values[index])
    page.append(Text(90, 340, "F. NCMEC's Voluntary Initiatives for ESPs that Choose Proactive Efforts to Combat CSAM"))


def _write_lists(report: _Report) -> None:
    years, page = report.years, report.page()
    y = 708.4
    for key, caption in (
        ("ngo_apparent_csam", ("NCMEC MD5 Hashes Added to Non-Governmental Apparent Child Pornography Hash-", "Sharing Initiative")),
        ("", ("NCMEC MD5 Hashes Added to Exploitative Hash-Sharing Initiative",)),
        ("industry_md5", ("MD5 Hashes Added by ESPs to Industry Apparent Child Pornography Hash-Sharing", "Initiative")),
        ("industry_photodna", ("PhotoDNA Signatures Added by ESPs to Industry Apparent Child Pornography Hash-", "Sharing Initiative")),
    ):
        for index, part in enumerate(caption):
            page.append(Text(96, y - 13.1 * index, part))
        y -= 13.1 * len(caption) + 1.3
        report.heads(page, y, (150.0, 306.0, 462.0))
        for index, other in enumerate(years):
            value = report.draw(50, 2_000_000)
            page.append(right_aligned((222.0, 378.0, 534.0)[index], y - 15.4, f"{value:,}"))
            if key:
                report.figure("hashes_added", "WORLD", f"list={key}", other, value)
        y -= 42
        page.append(Text(72, y, "Several organizations and ESPs have voluntarily chosen to access this initiative, in this sample."))
        y -= 40
    for caption, labels in (
        (("Images and", "Videos", "Reviewed by", "CVIP"), ("Series one", "Series two")),
        (("Unique Images and Videos Reviewed by CVIP Disaggregated by Relationship",), ("Aunt", "Uncle")),
    ):
        page = report.page()
        page.extend(Text(78, 709 - 13 * index, part) for index, part in enumerate(caption))
        report.heads(page, 690.0)
        page.append(Text(78 + 200, 670, "Total Images/ Videos"))
        y = 640.0
        for label in labels:
            y = report.row(page, y, [label], [report.draw(10, 10**6) for _ in years])


def _write_victims(report: _Report) -> None:
    years, page = report.years, report.page()
    y = 601.5
    for other in years:
        page.append(Text(78, y, "Identified Victims Added to NCMEC's CVIP Database of Victims Separated by Age and"))
        page.append(Text(78, y - 14, f"Gender in CY {other}"))
        page += [Text(78, y - 38, "Gender"), centred(241, y - 38, "Pubescent"), centred(314, y - 38, "Prepubescent")]
        page += [centred(399, y - 38, "Infant/Toddler"), centred(483, y - 38, "Grand Total")]
        counts = {sex: [report.draw(20, 2_000) for _ in _AGES] for sex in ("male", "female")}
        rows = {**counts, "total": [a + b for a, b in zip(counts["male"], counts["female"], strict=True)]}
        line = y - 54
        for sex, values in rows.items():
            line = report.row(page, line, [sex.title()], [*values, sum(values)], (268.0, 352.0, 443.0, 534.0))
            suffix = [] if sex == "total" else [f"sex={sex}"]
            for (age, _), value in zip(_AGES, values, strict=True):
                report.figure("victims_identified", "WORLD", ";".join([f"age_group={age}", *suffix]), other, value)
            report.figure("victims_identified", "WORLD", ";".join(suffix), other, sum(values))
        y -= 122
    page.append(
        Text(72, 225, f"victims in CY {years[0]}, CY {years[1]}, and CY {years[2]} in order to further NCMEC's efforts in this sample.")
    )
    page.append(Text(78, 171.0, "New Series of Unidentified Child Victims Added to NCMEC's CVIP Database of Victims"))
    report.heads(page, 154.7, (150.0, 306.0, 462.0))
    for index, other in enumerate(years):
        value = report.draw(1_000, 9_000)
        page.append(right_aligned((222.0, 378.0, 534.0)[index], 139.3, f"{value:,}"))
        report.figure("series_opened", "WORLD", "", other, value)


def _write_submissions(report: _Report) -> None:
    years, page = report.years, report.page()
    report.heads(page, 561.4, (226.0, 357.0, 497.0))
    for index, part in enumerate(("Image/Video", "Reviews", "Submitted by Law", "Enforcement", "Agencies")):
        page.append(Text(78, 550.3 - 10.7 * index, part, 9))
    for position, centre in enumerate((191.0, 253.0, 322.0, 391.0, 459.0, 529.0)):
        page += [centred(centre, 518.2, "# of Files" if position % 2 else "Reviews", 9), centred(centre, 507.4, "Submitted", 9)]
    cells: dict[str, list[int]] = {}
    for key, _ in _AGENCIES:
        if "total" not in key:
            cells[key] = [report.draw(*((1_000, 9_000_000) if position % 2 else (0, 900))) for position in range(6)]
    cells["federal_total"] = [sum(cells[key][p] for key in ("hsi_ice", "fbi", "other_federal")) for p in range(6)]
    cells["military_total"] = [sum(cells[key][p] for key in ("coast_guard", "army", "navy", "air_force", "marine_corps")) for p in range(6)]
    cells["total"] = [
        sum(cells[key][p] for key in ("federal_total", "local_state_icac", "military_total", "international")) for p in range(6)
    ]
    y = 493.0
    ends = (213.0, 282.0, 350.0, 422.0, 485.0, 561.0)
    for key, label in _AGENCIES:
        page.extend(Text(78, y - 10.6 * index, part, 9) for index, part in enumerate(label))
        foot = y - 10.6 * (len(label) - 1)
        page.extend(right_aligned(end, foot, f"{value:,}", 9) for end, value in zip(ends, cells[key], strict=True))
        y = foot - 11.5
        if key in ("coast_guard", "army", "navy", "air_force", "marine_corps"):
            continue
        area = "WORLD" if key in ("international", "total") else "US"
        breakdown = "" if key == "total" else f"agency_group={key}"
        for position in range(6):
            other = years[position // 2]
            measure, population = (
                ("files_received", "cvip_submitted_files") if position % 2 else ("submissions_received", "cvip_submissions")
            )
            status = "B" if other <= 2022 else "A"
            report.figure(measure, area, breakdown, other, cells[key][position], status, population=population)
    page.append(Text(80, y - 10, "In addition to the lack of any legal requirements, the submission process of this sample is manual.", 9))


def all_samples() -> tuple[Sample, ...]:
    """Every sample: each parser in each layout it knows."""
    return (
        *(esp_sample(year) for year in (2019, 2021, 2023, 2024, 2025)),
        *(country_sample(year) for year in (2019, 2020, 2022, 2023, 2024, 2025)),
        country_sample(2025, with_total=True),
        state_sample(2023),
        state_sample(2024, codes=True),
        ojjdp_sample(2022),
        ojjdp_sample(2023),
        ojjdp_sample(2024),
    )
