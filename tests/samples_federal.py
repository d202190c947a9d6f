"""Constructed samples of federal publications, of the Global Platform and of the half-year page.

No original of most of these layouts has been seen. Each sample is written to the documented layout and says in itself that it is
constructed; published figures stand in it wherever `figures/` has them, every other number is invented and fits them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT
from tests.samples_ncmec import Text, centred, pdf_of, right_aligned

CONSTRUCTED = "Constructed sample for tests; not a publication, and most of its numbers are invented."


def figures(source_id: str) -> list[dict[str, str]]:
    with (PROJECT / "figures" / f"{source_id}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def snapshot_of(folder: Path, source_id: str, content: bytes, name: str = "publication", **attributes: Any) -> Snapshot:
    path = folder / name
    path.write_bytes(content)
    return Snapshot(source_id=source_id, path=path, snapshot_id=hashlib.sha256(content).hexdigest(), **attributes)


# --- Global Platform (layout seen) ---------------------------------------------------------------------------------------------------

PLATFORM_FIELDS = (
    "cybertipline_reports_referred",
    "esp_escalations",
    "incident_type_child_pornography",
    "incident_type_child_sex_tourism",
    "incident_type_child_sex_trafficking",
    "incident_type_child_sexual_molestation",
    "incident_type_misleading_domain_name",
    "incident_type_misleading_words_images",
    "incident_type_online_enticement",
    "incident_type_unsolicited_obsscene_materials",
    "file_information_gai_csam",
    "file_information_reported_images",
    "file_information_reported_videos",
    "file_information_reported_other",
    "file_information_A1_industry_classification",
    "file_information_A2_industry_classification",
    "file_information_B1_industry_classification",
    "file_information_B2_industry_classification",
    "file_information_null_industry_classification",
    "ncmec_priority_1",
    "ncmec_priority_2",
    "ncmec_priority_3",
    "ncmec_priority_E",
)
_PLATFORM_PERIODS = {
    "2024-01-01/P1Y": ("2024Y", "January-December", "Jan-Dec", "Full-year", "2025-09-04T16:00:00Z"),
    "2024-01-01/P6M": ("2024H1", "January-June", "Jan-Jun", "January-June", "2025-09-04T18:00:00Z"),
    "2024-07-01/P6M": ("2024H2", "July-December", "Jul-Dec", "July-December", "2025-09-03T12:00:00Z"),
}


def _platform_top(time_period: str) -> dict[str, Any]:
    period, months, short, display, updated = _PLATFORM_PERIODS[time_period]
    return {
        "note": CONSTRUCTED,
        "year": 2024,
        "period": period,
        "periodString": months,
        "periodStringShort": short,
        "periodStringDisplay": display,
        "data": [],
        "updated": updated,
    }


def _jurisdiction(code: str, name: str, total: object, values: Mapping[str, object]) -> dict[str, Any]:
    slug = name.casefold().replace(" ", "-")
    return {
        "id": code,
        "url_friendly_name": slug,
        "localized_name_en": name,
        "continent": "somewhere",
        "flag_url": f"/content/dam/gpp/flags/{code.lower()}.svg",
        "cybertipline_reports_total": total,
        "us_mlat": "\u2014",
        "inhope_hotline": None,
        **values,
        "data_insights_link": f"/data-insights/{slug}.html",
    }


def platform(time_period: str = "2024-01-01/P1Y") -> bytes:
    """The data file of one period: the figures of the United States as published, two other jurisdictions invented."""
    content = _platform_top(time_period)
    half = time_period.endswith("P6M")
    values: dict[str, object] = dict.fromkeys(PLATFORM_FIELDS, "<50")
    for row in figures("ncmec_global_platform"):
        field = row["source_locator"].rpartition(" ")[2]
        if row["time_period"] == time_period and field in values:
            values[field] = f"<{row['obs_value']}" if row["obs_status"] == "Q" else int(row["obs_value"])
    quiet = dict.fromkeys(PLATFORM_FIELDS, "<50")
    busy = quiet | {
        "cybertipline_reports_referred": 1000,
        "incident_type_child_pornography": 900,
        "incident_type_online_enticement": 90,
        "file_information_reported_images": 1500,
        "file_information_reported_videos": 600,
        "file_information_A1_industry_classification": 60,
        "file_information_B1_industry_classification": 100,
        "file_information_B2_industry_classification": 800,
        "file_information_null_industry_classification": 1100,
        "ncmec_priority_E": 1000,
    }
    content["data"] = [
        _jurisdiction("AD", "Andorra", "--", quiet),
        _jurisdiction("US", "United States", "--" if half else 1132270, values),
        _jurisdiction("ZW", "Zimbabwe", "--", busy),
    ]
    return json.dumps(content).encode()


def platform_providers() -> bytes:
    """The data file of providers: those of the United States as published, one other jurisdiction invented."""
    content = _platform_top("2024-01-01/P1Y")
    rows = [row for row in figures("ncmec_global_platform") if row["breakdown"].startswith("esp=")]
    providers = {row["breakdown"].removeprefix("esp="): int(row["obs_value"]) for row in rows}
    ordered = dict(sorted(providers.items(), key=lambda pair: -pair[1]))
    content["data"] = [
        {
            "url_friendly_name": "andorra",
            "localized_name_en": "Andorra",
            "esps": {"X Corp": 30, "Imgur LLC": 10, "Facebook": "<10"},
            "isps": {},
        },
        {"url_friendly_name": "united-states", "localized_name_en": "United States", "esps": ordered, "isps": {"Somebody": 100000}},
    ]
    return json.dumps(content).encode()


# --- half-year page (text seen, markup not) -----------------------------------------------------------------------------------------

HALF_YEAR_LABELS = {
    "incident_type=online_enticement": "Online Enticement",
    "topic=sadistic_online_enticement": "Sadistic Online Enticement",
    "topic=financial_sextortion": "Financial Sextortion",
    "topic=generative_ai": "Generative Artificial Intelligence",
    "incident_type=child_sex_trafficking": "Child Sex Trafficking",
}


def half_year() -> bytes:
    """The page with its table; two sentences repeat numbers as those of the page do, in other words."""
    counts: dict[str, dict[str, str]] = {}
    for row in figures("ncmec_half_year_update"):
        counts.setdefault(HALF_YEAR_LABELS[row["breakdown"]], {})[row["time_period"][:4]] = f"{int(row['obs_value']):,}"
    lines = [
        f"<tr><td>{label}</td><td>{counts[label]['2024']}</td><td>{counts[label]['2025']}</td></tr>" for label in HALF_YEAR_LABELS.values()
    ]
    enticement, machine = counts["Online Enticement"], counts["Generative Artificial Intelligence"]
    return "\n".join(
        [
            "<!doctype html><html><head><title>Sample</title><script>var x = 'from 1 to 2';</script></head><body>",
            f"<p>{CONSTRUCTED}</p>",
            f"<p>Enticement went up from {enticement['2024']} last year to {enticement['2025']} this year,",
            f"and what machines made from {machine['2024']} reports to {machine['2025']}.</p>",
            "<table><tbody><tr><td><b>Reports Made Between Jan. 1 - June 30</b></td><td>2024</td><td>2025</td></tr>",
            *lines,
            "</tbody></table></body></html>",
        ]
    ).encode()


# --- BJS archives (layout documented for another series) --------------------------------------------------------------------------

Line = Sequence[str]


def bjs_csv(
    number: int, name: str, title: str, report: str, dated: str, headers: Sequence[Line], rows: Sequence[Line], notes: Sequence[str]
) -> str:
    """One table: head, title twice, headers and cells with an empty column between any two, notes."""
    full = f"Table {number}. {title}"
    head = [
        "Bureau of Justice Statistics",
        f"Filename: {name}",
        full,
        f"Report title: {report}",
        "Data source: constructed",
        "Authors: nobody",
        "Refer questions to: nobody",
        f"Date of version: {dated}",
    ]
    lines: list[list[str]] = [[text] for text in (*head, CONSTRUCTED)]
    lines += [[""], [full]]
    for cells in (*headers, *rows):
        first, *others = cells
        label = ["", first.strip()] if first.startswith("  ") else [first, ""]
        lines.append([*label, *(part for cell in others for part in (cell, ""))])
    lines += [[note] for note in notes]
    width = max(map(len, lines))
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([*line, *[""] * (width - len(line))] for line in lines)
    return text.getvalue()


def workbook_of(files: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """Write grids as a workbook; cells that are plain numbers become numbers, as in published ones."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        for name, grid in files.items():
            sheet = workbook.add_worksheet(name)
            for row, line in enumerate(grid):
                for column, text in enumerate(line):
                    if re.fullmatch(r"[0-9]+", text):
                        sheet.write_number(row, column, int(text))
                    elif text:
                        sheet.write_string(row, column, text)
    return content.getvalue()


def zipped(files: Mapping[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text.encode())
    return content.getvalue()


_FISCAL = ("Note: Constructed. Counts are for fiscal years.", "Source: constructed.")


def child_sex_exploitation_files() -> dict[str, str]:
    report = "Federal Prosecution of Child Sex Exploitation Offenders, 2006 (NCJ 219412)"
    tables: list[tuple[str, Sequence[Line], Sequence[Line], Sequence[str]]] = [
        (
            "Suspects referred to U.S. attorneys with a child sex exploitation offense as lead charge, 1994 and 2006",
            [["", "1994", "", "2006", ""], ["Lead charge", "Number", "Percent", "Number", "Percent/a"]],
            [
                ["Total", "774", "100%", "3,661", "100%"],
                ["  Child pornography", "121", "16%", "2,541", "69%"],
                ["  Sex transportation", "88", "11%", "520", "14%"],
                ["  Sex abuse", "565", "73%", "600", "16%"],
            ],
            ["a/Constructed footnote.", *_FISCAL],
        ),
        (
            "Suspects prosecuted in U.S. district court, 2006",
            [["Lead charge", "Number", "Percent of all suspects prosecuted"]],
            [["All offenses", "83,148", "100%"], ["Child sex exploitation", "2,039", "2.5%"]],
            _FISCAL,
        ),
        (
            "Suspects in matters concluded by U.S. attorneys, 2006",
            [
                ["", "Total", "Prosecuted", "Declined", "Disposed by U.S. magistrate"],
                ["Lead charge", "Number", "Number", "Number", "Number"],
            ],
            [
                ["Total", "3,400", "2,039", "1,326", "35"],
                ["  Child pornography", "2,400", "1,500", "880", "20"],
                ["  Sex transportation", "500", "300", "195", "5"],
                ["  Sex abuse", "500", "239", "251", "10"],
            ],
            _FISCAL,
        ),
        (
            "Defendants in cases terminated, 1996 and 2006",
            [["", "Percent convicted", ""], ["Lead charge", "1996", "2006"]],
            [["Child pornography", "97%", "95%"], ["Sex transportation", "91%", "92%"], ["Sex abuse", "81%", "86%"]],
            _FISCAL,
        ),
        (
            "Prison terms imposed on convicted defendants, 1994, 1996, and 2006",
            [["Fiscal year", "Percent sentenced to prison", "Median prison term (months)"]],
            [["1994", "/", "36"], ["1996", "81%", "40"], ["2006", "96%", "63"]],
            ["/Not reported.", *_FISCAL],
        ),
    ]
    return {
        f"fpcseot{number:02d}.csv": bjs_csv(number, f"fpcseot{number:02d}.csv", title, report, "12/20/2007", headers, rows, notes)
        for number, (title, headers, rows, notes) in enumerate(tables, start=1)
    }


def child_sex_exploitation() -> bytes:
    return zipped(child_sex_exploitation_files())


def csec_files() -> dict[str, str]:
    report = "Federal Prosecution of Commercial Sexual Exploitation of Children Cases, 2004-2013 (NCJ 250746)"
    tables: list[tuple[str, Sequence[Line], Sequence[Line], Sequence[str]]] = [
        (
            "Suspects in CSEC matters referred to U.S. attorneys, 2004-2013",
            [["Lead charge", "Number", "Percent"]],
            [
                ["Total", "37,105", "100%"],
                ["  Child pornography possession", "26,716", "72%"],
                ["  Child pornography production", "3,710", "10%"],
                ["  Child sex trafficking", "6,679", "18%"],
            ],
            _FISCAL,
        ),
        (
            "Suspects in CSEC matters referred to U.S. attorneys and defendants in cases filed, by stage, 2004 and 2013",
            [["Fiscal year", "Suspects referred", "Percent of all suspects prosecuted", "Defendants in cases filed"]],
            [["2004", "2,972", "1.5%", "1,405"], ["2013", "4,579", "3.3%", "2,776"]],
            _FISCAL,
        ),
        (
            "Suspects in CSEC matters concluded by U.S. attorneys, 2004–2013",
            [
                [
                    "",
                    "Suspects in matters concluded",
                    "Prosecuted in U.S. district court",
                    "Declined by U.S. attorneys",
                    "Disposed by U.S. magistrates",
                ],
                ["Lead charge", "Number", "Percent", "Percent", "Percent"],
            ],
            [["Total", "36,080", "60%", "36%", "4%"]],
            _FISCAL,
        ),
        (
            "Prison sentences imposed on convicted CSEC defendants, 2004 and 2013",
            [["Fiscal year", "Mean prison sentence (months)"]],
            [["2004", "70"], ["2013", "139"]],
            _FISCAL,
        ),
    ]
    return {
        f"fpcsecc0413t{number:02d}.csv": bjs_csv(number, f"fpcsecc0413t{number:02d}.csv", title, report, "10/26/2017", headers, rows, notes)
        for number, (title, headers, rows, notes) in enumerate(tables, start=1)
    }


def csec() -> bytes:
    return zipped(csec_files())


def federal_justice_files() -> dict[str, str]:
    report = "Federal Justice Statistics, 2021 (constructed sample)"
    tables: list[tuple[str, Sequence[Line], Sequence[Line], Sequence[str]]] = [
        (
            "Suspects arrested and booked, by most serious offense, FY 2020 and FY 2021",
            [["Most serious offense", "2020", "2021"]],
            [
                ["All offenses", "120,112", "78,068"],
                ["  Violent", "20,112", "18,068"],
                ["  Sex offenses/a", "3,000", "3,100"],
                ["  Other", "97,000", "56,900"],
            ],
            ["a/Constructed footnote.", *_FISCAL],
        ),
        (
            "Defendants in cases filed in U.S. district court, by most serious offense, FY 2020 and FY 2021",
            [["Most serious offense", "2020", "2021"]],
            [["All offenses", "66,059", "65,880"], ["  Violent", "3,059", "3,080"], ["  Public order", "63,000", "62,800"]],
            _FISCAL,
        ),
        (
            "Defendants in cases terminated in U.S. district court, by most serious offense, FY 2021",
            [["Most serious offense", "Total", "Convicted", "Not convicted"]],
            [
                ["All offenses", "63,380", "57,000", "6,380"],
                ["  Sexual abuse", "380", "300", "80"],
                ["  Other", "63,000", "56,700", "6,300"],
            ],
            _FISCAL,
        ),
        ("Demographic characteristics of suspects, FY 2021", [["Sex", "Number"]], [["Total", "10"], ["  Male", "10"]], _FISCAL),
    ]
    return {
        f"fjs21t{number:02d}.csv": bjs_csv(number, f"fjs21t{number:02d}.csv", title, report, "12/29/2022", headers, rows, notes)
        for number, (title, headers, rows, notes) in enumerate(tables, start=1)
    }


def federal_justice() -> bytes:
    return zipped(federal_justice_files())


def human_trafficking_files(edition: str = "2024") -> dict[str, str]:
    if edition == "2015":
        report = "Federal Prosecution of Human-Trafficking Cases, 2015 (NCJ 251390)"
        rows = [
            ["Total", "1,923", "100%"],
            ["  Peonage, slavery, forced labor, and sex trafficking", "750", "39%"],
            ["  Production of child pornography", "615", "32%"],
            ["  Transportation for illegal sex activity", "558", "29%"],
        ]
        text = bjs_csv(
            1,
            "fphtc15t01.csv",
            "Suspects referred to U.S. attorneys for human-trafficking offenses, 2015",
            report,
            "6/21/2018",
            [["Lead charge", "Number", "Percent"]],
            rows,
            _FISCAL,
        )
        return {"fphtc15t01.csv": text}
    report = "Human Trafficking Data Collection Activities, 2024 (NCJ 309422)"
    first = bjs_csv(
        1,
        "htdca24t01.csv",
        "Persons referred to U.S. attorneys, prosecuted and convicted for human trafficking offenses, fiscal years 2012 and 2022",
        report,
        "10/29/2024",
        [["Fiscal year", "Persons referred to U.S. attorneys", "Persons prosecuted", "Persons convicted"]],
        [["2012", "1,519", "805", "578"], ["2022", "1,912", "1,656", "1,118"]],
        _FISCAL,
    )
    second = bjs_csv(
        2,
        "htdca24t02.csv",
        "Defendants charged in U.S. district court with human trafficking offenses, fiscal year 2022",
        report,
        "10/29/2024",
        [["Most serious offense", "Number"]],
        [
            ["Total", "1,070"],
            ["  Peonage, slavery, forced labor, and sex trafficking", "203"],
            ["  Sexual exploitation and other abuse of children", "523"],
            ["  Transportation for illegal sexual activity", "344"],
        ],
        _FISCAL,
    )
    return {"htdca24t01.csv": first, "htdca24t02.csv": second}


def human_trafficking(edition: str = "2024") -> bytes:
    return zipped(human_trafficking_files(edition))


# --- USSC Quick Facts (text seen) ----------------------------------------------------------------------------------------------------


def quick_facts(subject: str = "sexual abuse") -> bytes:
    """A page: that on sexual abuse with the published numbers of FY 2023, the other with an invented year and invented numbers."""
    if subject == "sexual abuse":
        year, everybody, individuals, trial, prison, months = 2023, "64,124", "1,395", "11.1", "99.5", "213"
        districts = [
            "Middle District of Florida (45);",
            "District of South Dakota (42);",
            "Eastern District of Virginia (39);",
            "Northern District of Texas (37);",
            "Eastern District of Michigan (36, tie);",
            "Western District of Missouri (36, tie);",
            "District of Utah (36, tie).",
        ]
    else:
        year, everybody, individuals, trial, prison, months = 2031, "60,001", "1,234", "2.5", "98.7", "111"
        districts = [
            "Middle District of Florida (50);",
            "Eastern District of Texas (40);",
            "District of Utah (30);",
            "Central District of California (20);",
            "District of Maine (10).",
        ]
    return f"""<!doctype html><html><head><title>{subject.title()} | Sample</title></head><body><h1>{subject.title()}</h1>
<p>{CONSTRUCTED}</p>
<p>Of the {everybody} cases reported in FY {year}, {individuals} involved {subject}. {subject.capitalize()} offenses have increased by
19.7% since FY {year - 4}.<a>[1]</a>, <a>[2]</a></p>
<ul><li>{trial}% of individuals sentenced for {subject} were convicted at trial, compared to 2.7% of all others.</li>
<li>The top five districts for individuals sentenced for {subject} were:<ul>
{"".join(f"<li>{district}</li>" for district in districts)}
</ul></li></ul><h2>Punishment</h2>
<ul><li>{prison}% of individual sentenced for {subject} were sentenced to prison; their average sentence was {months} months.</li></ul>
<p>[1] Sample, FY{year} datafile, USSCFY{year % 100}.</p></body></html>""".encode()


# --- table D-2 of the courts (layout not seen) ---------------------------------------------------------------------------------------


def d2_grid(month: str = "September 30", years: Sequence[int] = (2022, 2023), totals: Sequence[int] = (68_482, 66_147)) -> list[list[str]]:
    """The table for some years; only the totals of September 2022 and 2023 are published numbers."""
    sex = {
        "Sexual Abuse of Adult": 240,
        "Sexual Abuse of Minor": 610,
        "Transportation for Illegal Sexual Activity": 180,
        "Sexually Explicit Material": 1_905,
        "Sex Offender Registry": 322,
        "Other": 0,
    }
    violent = {"Homicide": 310, "Assault": 1_420, "Robbery": 990}
    lines = [
        ["Table D-2."],
        ["U.S. District Courts—Criminal Defendants Filed, by Offense,"],
        [f"During the 12-Month Periods Ending {month}, {years[0]} Through {years[-1]}"],
        [CONSTRUCTED],
        ["Offense", *(str(year) for year in years), f"Percent Change Since {years[-2]}"],
    ]
    fixed = sum(sex.values()) + sum(violent.values())

    def line(label: str, counts: Sequence[int]) -> list[str]:
        change = f"{100 * (counts[-1] - counts[-2]) / counts[-2]:.1f}" if counts[-2] else "-"
        return [label, *(str(count) if count else "-" for count in counts), change]

    steps = range(len(years))
    lines.append(line("Total", totals))
    lines.append(line("Violent Offenses—Total", [sum(violent.values()) + 3 * step for step in steps]))
    lines += [line(label, [count + step for step in steps]) for label, count in violent.items()]
    lines.append(line("Drug Offenses—Total", [total - fixed - 8 * step for step, total in zip(steps, totals, strict=True)]))
    lines.append(line("Sex Offenses—Total", [sum(sex.values()) + 5 * step for step in steps]))
    lines += [line(label, [count + (step if count else 0) for step in steps]) for label, count in sex.items()]
    lines.append(["Note: Constructed. This table includes transfers."])
    width = len(years) + 2
    return [[*cells, *[""] * (width - len(cells))] for cells in lines]


def d2(month: str = "September 30", years: Sequence[int] = (2022, 2023), totals: Sequence[int] = (68_482, 66_147)) -> bytes:
    return workbook_of({"Table D-2": d2_grid(month, years, totals)})


# --- caseload indicators of the courts (text seen, markup not) -----------------------------------------------------------------------


def indicators(years: Sequence[int] = (2006, 2011, 2014, 2015), month: str = "September 30") -> bytes:
    """A page of indicators: defendants filed and terminated as published, civil cases and pending defendants invented."""
    publication = "Judicial Business" if month == "September 30" else "Federal Judicial Caseload Statistics"
    starts = {f"{year - 1}-{'10' if month == 'September 30' else '04'}-01/P1Y": year for year in years}
    published: dict[str, list[int]] = {"defendants_charged": [], "defendants_terminated": []}
    for row in figures("aouscourts_judicial_business"):
        if row["time_period"] in starts and row["offense_scope"] == "federal_all_offenses" and row["measure"] in published:
            published[row["measure"]].append(int(row["obs_value"]))
    steps = range(len(years))

    def line(label: str, counts: Sequence[int], mark: str = "") -> str:
        changes = [f"{100 * (counts[-1] - count) / count:.1f}" for count in counts[:-1]]
        numbers = [f"<td>{count:,}{mark if step == 2 else ''}</td>" for step, count in enumerate(counts)]
        return f"<tr><td>{label}</td>{''.join(numbers)}{''.join(f'<td>{change}</td>' for change in changes)}</tr>"

    def heading(label: str) -> str:
        return f"<tr><td>{label}</td>{'<td></td>' * (2 * len(years) - 1)}</tr>"

    headers = ["Judicial Caseload", *map(str, years), *(f"Percent Change Since {year}" for year in years[:-1])]
    return "\n".join(
        [
            f"<!doctype html><html><head><title>Judicial Caseload Indicators - {publication} {years[-1]}</title></head><body>",
            f"<p>{CONSTRUCTED}</p><table><caption>Judicial Caseload Indicators<br>12-Month Periods Ending {month}</caption>",
            f"<tr>{''.join(f'<th>{header}</th>' for header in headers)}</tr>",
            heading("U.S. District Courts"),
            heading("Civil"),
            line("Cases Filed", [280_000 + 1_000 * step for step in steps], "<sup>2</sup>"),
            heading("Criminal (Includes Transfers)"),
            line("Defendants Filed", published["defendants_charged"]),
            line("Defendant Terminations", published["defendants_terminated"], "<sup>1</sup>"),
            line("Defendants Pending", [97_000 + 1_500 * step for step in steps]),
            heading("U.S. Bankruptcy Courts"),
            line("Cases Filed", [900_000 + 20_000 * step for step in steps]),
            "</table></body></html>",
        ]
    ).encode()


# --- annual statistical report of the US attorneys (layout not seen, every number invented) ------------------------------------------

_CASE_HEADERS = (
    ("Cases", "Filed"),
    ("Defendants", "Filed"),
    ("Cases", "Terminated"),
    ("Defendants", "Terminated"),
    ("Defendants", "Guilty"),
)
_CASE_ROWS = {
    "Assimilated Crimes": (412, 431, 398, 415, 300),
    "Immigration": (24_310, 25_102, 23_998, 24_811, 24_001),
    "Project Safe Childhood": (2_301, 2_412, 2_188, 2_290, 2_105),
    "Pornography - Child": (1_120, 1_190, 1_305, 1_377, 1_290),
    "Obscenity - Non-Child": (21, 25, 18, 22, 17),
    "Violent Crime": (9_870, 12_455, 9_640, 12_120, 11_050),
    "Other Criminal Prosecutions": (3_015, 4_212, 2_950, 4_105, 3_760),
}
_MATTER_HEADERS = (("Matters", "Received"), ("Suspects", "Received"), ("Matters", "Declined"), ("Suspects", "Declined"))
_MATTER_ROWS = {
    "Immigration": (26_002, 27_411, 1_012, 1_230),
    "Project Safe Childhood": (3_905, 4_170, 1_204, 1_388),
    "Pornography - Child": (1_480, 1_555, 610, 655),
    "Violent Crime": (14_208, 19_022, 4_105, 5_240),
    "Other Criminal Prosecutions": (15_004, 17_120, 10_024, 11_006),
}
_REASON_HEADERS = (("Immediate", "Declinations"), ("Later", "Declinations"), ("Total", "Declinations"))
_REASON_ROWS = {
    "Agency Request": (301, 1_402, 1_703),
    "Lack of Evidence of Criminal Intent": (1_204, 3_310, 4_514),
    "Weak or Insufficient Admissible Evidence": (2_010, 4_405, 6_415),
    "Suspect to be Prosecuted by Other Authorities": (1_118, 3_010, 4_128),
    "Statute of Limitations": (40, 155, 195),
}


def _report_table(
    number: str, title: str, label: str, headers: Sequence[tuple[str, str]], rows: Mapping[str, Sequence[int]], year: int
) -> list[Text]:
    right = [330 + 62 * index for index in range(len(headers))]
    texts = [
        Text(60, 740, f"Table {number}"),
        Text(60, 722, f"Table {number}. {title}"),
        Text(60, 704, f"Fiscal Year {year}"),
        Text(60, 660, label, 9),
    ]
    for end, (upper, lower) in zip(right, headers, strict=True):
        texts += [right_aligned(end, 670, upper, 9), right_aligned(end, 660, lower, 9)]
    totals = [sum(column) for column in zip(*rows.values(), strict=True)]
    for line, (name, counts) in enumerate({**rows, "Total": totals}.items()):
        y = 636 - 18 * line
        texts.append(Text(60, y, name, 9))
        texts += [right_aligned(end, y, f"{count:,}", 9) for end, count in zip(right, counts, strict=True)]
    texts.append(Text(60, 120, f"* {CONSTRUCTED}", 8))
    return texts


def annual_report(year: int = 2011) -> bytes:
    cover = [
        Text(120, 600, "United States Attorneys' Annual Statistical Report", 16),
        Text(230, 560, f"Fiscal Year {year}", 16),
        Text(60, 500, CONSTRUCTED, 9),
    ]
    pages = [
        cover,
        _report_table("3", "Criminal Cases by Program Category", "Program Category", _CASE_HEADERS, _CASE_ROWS, year),
        _report_table("5", "Criminal Matters by Program Category", "Program Category", _MATTER_HEADERS, _MATTER_ROWS, year),
        _report_table("14", "Criminal Matters Declined by Reason", "Reason", _REASON_HEADERS, _REASON_ROWS, year),
    ]
    return pdf_of(pages, f"Annual Statistical Report {year}", f"{year + 1}0601")


# --- caseload profile of the courts (layout known from a machine-read copy) ----------------------------------------------------------

_PROFILE_LEGEND = (
    "Marijuana", "All Other Drugs", "Immigration", "Firearms and Explosives", "Fraud", "Violent Offenses", "Sex Offenses",
    "Forgery and Counterfeiting", "Larceny and Theft", "Justice System Offenses", "Regulatory Offenses", "All Other Criminal",
)  # fmt: skip


def caseload_profile(year: int = 2022, month: str = "June 30") -> bytes:
    """The national profile: total and sex offenses of June 2022 as published, the other parts invented."""
    published = {row["offense_scope"]: int(row["obs_value"]) for row in figures("aouscourts_management_statistics")}
    parts = [1_102, 17_034, 20_411, 9_120, 6_307, 2_950, published["ao_sex_offenses"], 402, 1_011, 702, 388]
    parts.append(published["federal_all_offenses"] - sum(parts))
    centres = [120.0 + 38 * index for index in range(13)]
    texts = [
        Text(60, 740, "U.S. District Courts - National Judicial Caseload Profile", 12),
        Text(200, 715, "12-Month Periods Ending", 9),
    ]
    texts += [Text(120 + 90 * index, 700, f"{month}, {year - 4 + index}", 8) for index in range(5)]
    texts.append(Text(60, 300, f"{year} Civil Case and Criminal Felony Defendant Filings by Nature of Suit and Offense", 9))
    texts += [Text(40, 280, "Type of", 8), *(centred(x, 280, name, 8) for x, name in zip(centres, ("Total", *"ABCDEFGHIJKL"), strict=True))]
    for y, label, counts in ((262, "Civil", [500] * 13), (246, "Criminal", [sum(parts), *parts])):
        texts += [Text(40, y, label, 8), *(centred(x, y, f"{count:,}", 7) for x, count in zip(centres, counts, strict=True))]
    entries = [f"{letter} - {name}" for letter, name in zip("ABCDEFGHIJKL", _PROFILE_LEGEND, strict=True)]
    texts += [Text(40, 200 - 12 * line, "; ".join(entries[4 * line : 4 * line + 4]) + ";", 7) for line in range(3)]
    texts.append(Text(40, 100, CONSTRUCTED, 7))
    return pdf_of([texts], "Caseload profile", f"{year}0901")


# --- introductions of the Sentencing Commission (text seen) --------------------------------------------------------------------------


def overview(year: int = 2020, individuals: int = 64_565, organisations: int = 94) -> bytes:
    """The overview of a year: FY 2020 as published."""
    return f"""<html><head><title>Overview of Federal Criminal Cases, Fiscal Year {year}</title></head><body><p>{CONSTRUCTED}</p>
<p>The Commission received information on {individuals + organisations:,} federal criminal cases in which the offender was sentenced in
fiscal year {year}. Among these cases, {individuals:,} involved an individual offender and {organisations} involved a corporation or other
\u201corganizational\u201d offender.</p>
<ul><li>The {individuals:,} individual original cases reported to the Commission in fiscal year {year} represent a decrease of 11,973
(15.6%) cases.</li></ul></body></html>""".encode()


def sourcebook(year: int = 2018, individuals: int = 69_425, who: str = "individual offenders") -> bytes:
    """The introduction of the Sourcebook: FY 2018 as published; FY 2024 has 61,678 `individuals sentenced`."""
    return f"""<html><head><title>{year} Sourcebook of Federal Sentencing Statistics</title></head><body><p>{CONSTRUCTED}</p>
<p>It covers fiscal year {year} (October 1, {year - 1}, through September 30, {year}).
The Commission received documentation on {individuals:,} federal felony and Class A misdemeanor cases involving {who} in
fiscal year {year}.<a>[1]</a></p></body></html>""".encode()


_CRIME_ROWS = {
    "Drug Trafficking": 18_964,
    "Immigration": 24_600,
    "Firearms": 7_512,
    "Fraud": 6_012,
    "Child Pornography": 1_414,
    "Sexual Abuse": 1_140,
    "Murder": 93,
    "Tax": 581,
    "Other": 9_109,
}


def crime_table(year: int = 2018) -> bytes:
    """The table by type of crime (layout not seen): the total of FY 2018 as published, every row invented."""
    total = sum(_CRIME_ROWS.values())
    texts = [Text(60, 740, f"Table 3. Federal Offenders Sentenced by Type of Crime, Fiscal Year {year}", 11)]
    texts += [Text(80, 700, "TYPE OF CRIME", 9), centred(340, 700, "Number", 9), centred(440, 700, "Percent", 9)]
    for line, (label, count) in enumerate({**_CRIME_ROWS, "TOTAL": total}.items()):
        y = 680 - 16 * line
        share = f"{100 * count / total:.1f}"
        texts += [Text(80, y, label, 9), right_aligned(355, y, f"{count:,}", 9), right_aligned(452, y, share, 9)]
    texts.append(Text(60, 200, CONSTRUCTED, 8))
    return pdf_of([texts], f"Table 3, FY {year}", f"{year + 1}0401")
