"""NCMEC: Global Platform for Child Exploitation Policy, referrals by jurisdiction for years and half-years (JSON).

Two kinds of data file are read: the one with the figures of each jurisdiction, and the one with its providers. Numbers are rounded
by the producer and small cells suppressed; both is kept as it is. What the files call the total of reports is the count of the year
before and is never read. Internet access providers are not read either: one referral may stand under several of them.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from pipelines.publications import Fingerprint, PublicationError, observation_frame, quarantined
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

SOURCE_ID = "ncmec_global_platform"
COUNTRY_NAMES = PROJECT / "catalog" / "ncmec_country_names.csv"

#: what follows the year in `period` -> printed months, their short form, first month, number of months
_PERIODS = {
    "Y": ("January-December", "Jan-Dec", 1, 12),
    "H1": ("January-June", "Jan-Jun", 1, 6),
    "H2": ("July-December", "Jul-Dec", 7, 6),
}


class _Quantity(NamedTuple):
    measure: str
    unit_of_count: str
    pathway: str
    statistical_population: str


_REFERRALS = _Quantity("reports_referred", "report", "any", "cybertipline_referrals")
_FILES = _Quantity("files_received", "file", "any", "cybertipline_referred_files")
_GAI_FILES = _Quantity("files_received", "file", "gai_nexus", "cybertipline_referred_files")
#: field -> what it counts, breakdown
_FIELDS: Mapping[str, tuple[_Quantity, str]] = {
    "cybertipline_reports_referred": (_REFERRALS, ""),
    "esp_escalations": (_REFERRALS, "flag=esp_escalation"),
    "incident_type_child_pornography": (_REFERRALS, "incident_type=child_pornography"),
    "incident_type_child_sex_tourism": (_REFERRALS, "incident_type=child_sex_tourism"),
    "incident_type_child_sex_trafficking": (_REFERRALS, "incident_type=child_sex_trafficking"),
    "incident_type_child_sexual_molestation": (_REFERRALS, "incident_type=child_sexual_molestation"),
    "incident_type_misleading_domain_name": (_REFERRALS, "incident_type=misleading_domain_name"),
    "incident_type_misleading_words_images": (_REFERRALS, "incident_type=misleading_words_or_images"),
    "incident_type_online_enticement": (_REFERRALS, "incident_type=online_enticement"),
    "incident_type_unsolicited_obsscene_materials": (_REFERRALS, "incident_type=unsolicited_obscene_material"),
    "file_information_gai_csam": (_GAI_FILES, "content=gai_csam"),
    "file_information_reported_images": (_FILES, "file_type=image"),
    "file_information_reported_videos": (_FILES, "file_type=video"),
    "file_information_reported_other": (_FILES, "file_type=other"),
    "file_information_A1_industry_classification": (_FILES, "industry_classification=A1"),
    "file_information_A2_industry_classification": (_FILES, "industry_classification=A2"),
    "file_information_B1_industry_classification": (_FILES, "industry_classification=B1"),
    "file_information_B2_industry_classification": (_FILES, "industry_classification=B2"),
    "file_information_null_industry_classification": (_FILES, "industry_classification=null"),
    "ncmec_priority_1": (_REFERRALS, "ncmec_priority=1"),
    "ncmec_priority_2": (_REFERRALS, "ncmec_priority=2"),
    "ncmec_priority_3": (_REFERRALS, "ncmec_priority=3"),
    "ncmec_priority_E": (_REFERRALS, "ncmec_priority=E"),
}
#: the count of the year before, whatever the period of the file
_STALE = "cybertipline_reports_total"
_COUNTING = re.compile(r"cybertipline_|esp_escalations|incident_type_|file_information_|ncmec_priority_")
#: groups of fields that divide one quantity completely, so that two of them (or a field) must agree within the rounding
_AGREEMENTS: tuple[tuple[str, str], ...] = (
    ("cybertipline_reports_referred", "incident_type_"),
    ("cybertipline_reports_referred", "ncmec_priority_"),
    ("file_information_reported_", "_industry_classification"),
)
#: field -> fields of which it is a part
_PARTS = (("esp_escalations", "cybertipline_reports_referred"), ("file_information_gai_csam", "file_information_reported_"))
_THRESHOLDS = {"figures": 50, "providers": 10}
_US_AREAS = frozenset({"AS", "GU", "MP", "PR", "UM", "US", "VI"})
_SUPPRESSED = re.compile(r"<([0-9]+)")
_ID = re.compile(r"[A-Z]{2}")
_FLAG = re.compile(r"/flags/([a-z]{2})\.svg")
_UPDATED = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})T[0-9:.]+Z")
_ROUNDED_NOTE = "Rounded by the producer (two significant figures; one below 1,000)."


@dataclass(frozen=True)
class _Period:
    time_period: str
    label: str
    last_day: date


@dataclass(frozen=True)
class _Cell:
    """One printed value: `low` and `high` bound what it can stand for; no value when the producer suppresses it."""

    value: int | None
    status: str
    qualifier: str
    note: str
    low: int
    high: int


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one data file of the portal into observations.

    Raises:
        PublicationError: the file cannot be read with certainty.
    """
    content, kind = _content(snapshot)
    period = _period(content)
    published_on = _published_on(content, snapshot, period)
    rows: list[dict[str, str | None]] = []
    for area, item in _jurisdictions(content, kind):
        name = item["localized_name_en"]
        place = f"data file of the portal for {period.label}, object {name}"
        cells = _figures(item, name) if kind == "figures" else _providers(item, name)
        for field, (quantity, breakdown), cell in cells:
            rows.append(
                {
                    "measure": quantity.measure,
                    "ref_area": area,
                    "unit_of_count": quantity.unit_of_count,
                    "jurisdiction": "us_all" if area in _US_AREAS else "not_applicable",
                    "pathway": quantity.pathway,
                    "statistical_population": quantity.statistical_population,
                    "breakdown": breakdown,
                    "obs_value": None if cell.value is None else str(cell.value),
                    "value_qualifier": cell.qualifier,
                    "obs_status": cell.status,
                    "source_locator": f"{place}, field {field}",
                    "obs_note": cell.note,
                }
            )
    if not rows:
        raise quarantined(SOURCE_ID, None, "no jurisdiction has a figure", "the file is empty")
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "time_period": period.time_period,
            "unit_measure": "count",
            "offense_scope": "cybertipline_incident_types",
            "published_on": published_on,
            "evidence": "datafile",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one data file.

    Raises:
        PublicationError: the file cannot be read with certainty.
    """
    content, kind = _content(snapshot)
    jurisdictions = _jurisdictions(content, kind)
    fields = tuple(dict.fromkeys(field for _, item in jurisdictions for field in item))
    return Fingerprint((kind, *fields), tuple(item["localized_name_en"] for _, item in jurisdictions), (), ())


def _refused(place: str, what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, None, f"{place}: {what}", meaning)


def _content(snapshot: Snapshot) -> tuple[dict[str, Any], str]:
    try:
        content = json.loads(snapshot.path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, PublicationError):
            raise
        raise quarantined(SOURCE_ID, None, f"the file is no JSON ({problem})", "the download is damaged or another page") from None
    if not isinstance(content, dict) or not isinstance(content.get("data"), list) or not content["data"]:
        raise quarantined(SOURCE_ID, None, "no list `data` of jurisdictions", "this is another file")
    items = content["data"]
    if not all(isinstance(item, dict) for item in items):
        raise quarantined(SOURCE_ID, None, "an entry of `data` is no object", "this is another file")
    kinds = {"figures" if "cybertipline_reports_referred" in item else "providers" if "esps" in item else "" for item in items}
    if kinds == {"figures"}:
        return content, "figures"
    if kinds == {"providers"}:
        return content, "providers"
    raise quarantined(
        SOURCE_ID,
        None,
        "entries of `data` have neither `cybertipline_reports_referred` nor `esps`, or not all the same",
        "this is another file",
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise quarantined(SOURCE_ID, None, f"field `{twice}` stands twice in one object", "it is not certain which value holds")
    return dict(pairs)


def _period(content: Mapping[str, Any]) -> _Period:
    year, period = content.get("year"), content.get("period")
    match = re.fullmatch(r"(20[0-9]{2})(Y|H1|H2)", period) if isinstance(period, str) else None
    if match is None or type(year) is not int or str(year) != match[1]:
        raise quarantined(SOURCE_ID, None, f"`year` {year!r} and `period` {period!r} do not name one period", "the period is not known")
    months, short, first, length = _PERIODS[match[2]]
    if content.get("periodString") != months or content.get("periodStringShort") != short:
        raise quarantined(
            SOURCE_ID,
            None,
            f"`period` {period!r} beside the months {content.get('periodString')!r} and {content.get('periodStringShort')!r}",
            "the period is not certain",
        )
    last_day = date(year + (first + length > 12), (first + length - 1) % 12 + 1, 1) - timedelta(days=1)
    duration = "P1Y" if length == 12 else f"P{length}M"
    label = f"full year {year}" if length == 12 else f"half-year {months} {year}"
    return _Period(f"{year}-{first:02d}-01/{duration}", label, last_day)


def _published_on(content: Mapping[str, Any], snapshot: Snapshot, period: _Period) -> str | None:
    updated = content.get("updated")
    stated = None
    if updated is not None:
        match = _UPDATED.fullmatch(updated) if isinstance(updated, str) else None
        try:
            stated = date.fromisoformat(match[1]).isoformat() if match else None
        except ValueError:
            stated = None
        if stated is None:
            raise quarantined(SOURCE_ID, None, f"`updated` {updated!r} is no moment", "the date of the edition is not known")
        if stated <= period.last_day.isoformat():
            raise quarantined(SOURCE_ID, None, f"updated on {stated}, before the end of {period.label}", "the period is not certain")
    return snapshot.published_on or stated


def _jurisdictions(content: Mapping[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Give every jurisdiction with its ISO code, which its name, flag and identifier must agree upon."""
    found: list[tuple[str, dict[str, Any]]] = []
    for number, item in enumerate(content["data"], start=1):
        name = item.get("localized_name_en")
        if not isinstance(name, str) or not name.strip():
            raise _refused(f"entry {number} of `data`", "no `localized_name_en`", "the area is not known")
        listed = _areas().get(_name_key(name))
        slug = item.get("url_friendly_name")
        addressed = _areas().get(_name_key(slug.replace("-", " "))) if isinstance(slug, str) else None
        if listed is not None and addressed is not None and listed != addressed:
            raise _refused(name, f"the name is that of {listed}, the address that of {addressed}", "the area is not certain")
        if kind == "providers":
            if listed is None:
                raise _refused(name, f"no name of {COUNTRY_NAMES.name}", "the area is not certain")
            found.append((listed, item))
            continue
        area = item.get("id")
        if not isinstance(area, str) or not _ID.fullmatch(area):
            raise _refused(name, f"`id` {area!r} is no ISO code of two letters", "the area is not certain")
        flag = item.get("flag_url")
        drawn = _FLAG.search(flag) if isinstance(flag, str) else None
        for witness, code in (("its name", listed), ("its flag", drawn[1].upper() if drawn else None)):
            if code is not None and code != area:
                raise _refused(name, f"`id` is {area}, {witness} is that of {code}", "the area is not certain")
        found.append((area, item))
    areas = [area for area, _ in found]
    if len(set(areas)) < len(areas):
        twice = next(area for area in areas if areas.count(area) > 1)
        raise quarantined(SOURCE_ID, None, f"area {twice} stands twice in `data`", "it is not certain which figures hold")
    return found


def _figures(item: Mapping[str, Any], name: str) -> list[tuple[str, tuple[_Quantity, str], _Cell]]:
    for field in item:
        if _COUNTING.match(field) and field not in _FIELDS and field != _STALE:
            raise _refused(name, f"field `{field}` is not known", "it is not certain what it counts")
    cells: list[tuple[str, tuple[_Quantity, str], _Cell]] = []
    for field, meaning in _FIELDS.items():
        if field not in item:
            raise _refused(name, f"field `{field}` is missing", "the file has another layout")
        cells.append((field, meaning, _cell(item[field], f"{name}, field {field}", "figures")))
    by_field = {field: cell for field, _, cell in cells}
    for whole, parts in _AGREEMENTS:
        (low, high), (other_low, other_high) = (
            _range([cell for field, cell in by_field.items() if pattern in field]) for pattern in (whole, parts)
        )
        if low > other_high or other_low > high:
            raise _refused(
                name,
                f"`{whole}` stands for {low:,} to {high:,}, the fields `{parts}` together for {other_low:,} to {other_high:,}",
                "a figure is wrong, or the rounding has changed",
            )
    for part, whole in _PARTS:
        if by_field[part].low > _range([cell for field, cell in by_field.items() if whole in field])[1]:
            raise _refused(name, f"`{part}` exceeds `{whole}`, of which it is a part", "a figure is wrong")
    return cells


def _range(cells: Sequence[_Cell]) -> tuple[int, int]:
    return sum(cell.low for cell in cells), sum(cell.high for cell in cells)


def _providers(item: Mapping[str, Any], name: str) -> list[tuple[str, tuple[_Quantity, str], _Cell]]:
    providers = item.get("esps")
    if not isinstance(providers, dict):
        raise _refused(name, "no object `esps`", "the file has another layout")
    cells = []
    previous: int | None = None
    for provider, value in providers.items():
        if not provider.strip():
            raise _refused(name, "a provider without a name", "the figure cannot be named")
        cell = _cell(value, f"{name}, provider {provider}", "providers")
        if previous is not None and cell.low > previous:
            raise _refused(
                name, f"provider {provider} stands below a smaller one", "the list runs from the largest down: a figure is wrong"
            )
        previous = cell.high
        cells.append((f"referrals_by_esp, {provider}", (_REFERRALS, f"esp={_canonical(provider)}"), cell))
    return cells


def _cell(value: object, place: str, kind: str) -> _Cell:
    threshold = _THRESHOLDS[kind]
    if isinstance(value, str):
        match = _SUPPRESSED.fullmatch(value)
        if match is None:
            raise _refused(place, f"{value!r} is no figure", "the file has another layout")
        if int(match[1]) != threshold:
            raise _refused(place, f"{value!r}, where cells below {threshold} are suppressed", "the threshold has changed")
        return _Cell(None, "Q", "lt", f"Cell below {threshold} is suppressed by the producer.", 0, threshold - 1)
    if type(value) is not int:
        raise _refused(place, f"{value!r} is no whole number", "the file has another layout")
    if value < threshold:
        raise _refused(
            place, f"{value} is below {threshold}, where cells are suppressed", "the threshold has changed or a digit is missing"
        )
    # two significant figures, but only one from 100 to 999
    unit = 100 if 100 <= value < 1_000 else int(10 ** max(len(str(value)) - 2, 1))
    if value % unit:
        raise _refused(place, f"{value:,} is not rounded as the producer rounds", "a digit is wrong, or the rounding has changed")
    return _Cell(value, "A", "rounded", _ROUNDED_NOTE, value - unit // 2, value + unit // 2)


def _canonical(name: str) -> str:
    """Write a name so that it can stand in a breakdown; distinct names stay distinct."""
    if not {";", "="} & set(name):
        return name.strip()
    return name.strip().replace("%", "%25").replace(";", "%3B").replace("=", "%3D")


def _name_key(name: str) -> str:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name.replace("’", "'")) if not unicodedata.combining(sign))
    return " ".join(plain.split()).casefold()


@cache
def _areas() -> Mapping[str, str]:
    with COUNTRY_NAMES.open(encoding="utf-8", newline="") as lines:
        return {_name_key(row["name"]): row["ref_area"] for row in csv.DictReader(lines) if row["ref_area"] != "WORLD"}
