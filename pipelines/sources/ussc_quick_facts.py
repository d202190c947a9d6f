"""US Sentencing Commission: Quick Facts on child pornography and on sexual abuse, one page each (HTML).

The first sentence gives everybody sentenced and those of the page; lists give shares of them and the districts with most of them.
Production of child sexual abuse material is on the page on sexual abuse, everything else on the other. Shares of parts of the
individuals (by race, guideline, mandatory penalty) have bases the page does not print and are left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl
from bs4 import BeautifulSoup, Tag

from pipelines.pages import read_page
from pipelines.publications import Fingerprint, PublicationError, observation_frame, quarantined, read_count
from pipelines.snapshots import Snapshot
from pipelines.vocabulary import PROJECT

SOURCE_ID = "ussc_quick_facts"
DISTRICTS = PROJECT / "catalog" / "judicial_districts.csv"

#: subject of a page, as the sentence gives it -> guideline group
_SUBJECTS = {"child pornography": "child_pornography", "sexual abuse": "sexual_abuse"}
_FIRST = re.compile(
    r"\bOf the (\S+) cases reported (?:to the Commission )?in FY ?(20[0-9]{2}), (\S+) (?:cases )?involved ([a-z ]+?)\.(?=[ \[]|$)"
)
_OTHER_YEAR = re.compile(r"\bcases reported[^.]{0,40}FY ?(20[0-9]{2})|\bFY ?(20[0-9]{2}) datafile", re.IGNORECASE)
_WHO = r"of (?:all )?(?:individuals?|offenders?) sentenced for {subject}"
_TRIAL = re.compile(r"(\S+)% " + _WHO.format(subject="([a-z ]+?)") + r" were convicted at trial\b")
_PRISON = re.compile(
    r"(\S+)% " + _WHO.format(subject="([a-z ]+?)") + r" were sentenced to prison; their average sentence was (\S+) months\b"
)
_SHARE = re.compile(r"[0-9]{1,3}\.[0-9]")
_TOP = re.compile(r"\btop five districts for (?:individuals?|offenders?) sentenced for ([a-z ]+?) were\b")
_DISTRICT = re.compile(r"(?:(Northern|Southern|Eastern|Western|Middle|Central) )?District of (.+?) \((\S+?)(, tie)?\)[;.]?")
_RANKS = 5


@dataclass(frozen=True)
class _Facts:
    year: int
    everybody: int
    subject: str
    individuals: int
    at_trial: str
    prison: str
    months: int
    districts: tuple[tuple[str, str, int], ...]
    titles: tuple[str, ...]


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one page into observations.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    facts = _facts(snapshot)
    if snapshot.published_on is not None and int(snapshot.published_on[:4]) < facts.year:
        raise _refused("first sentence", f"FY {facts.year} on a page published on {snapshot.published_on}", "the period is not certain")
    guideline = f"guideline={_SUBJECTS[facts.subject]}"
    base = str(facts.individuals)
    rows = [
        _row("", str(facts.everybody), "first sentence"),
        _row(guideline, base, "first sentence"),
        _row(f"{guideline};outcome=convicted_at_trial", facts.at_trial, "list of characteristics", "percent", base),
        _row(f"{guideline};outcome=prison", facts.prison, "list on punishment", "percent", base),
        _row(f"{guideline};statistic=mean", str(facts.months), "list on punishment", "months") | {"measure": "prison_term_imposed"},
    ]
    rows += [
        _row(f"{guideline};judicial_district={code}", str(count), f"list of top districts, {name}") | {"obs_note": "Top districts only."}
        for name, code, count in facts.districts
    ]
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "ref_area": "US",
            "time_period": f"{facts.year - 1}-10-01/P1Y",
            "unit_of_count": "sentenced_individual",
            "offense_scope": "ussc_primary_guideline",
            "jurisdiction": "us_federal",
            "pathway": "any",
            "statistical_population": "ussc_sentenced_individuals",
            "obs_status": "A",
            "published_on": snapshot.published_on,
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one page.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    facts = _facts(snapshot)
    return Fingerprint(facts.titles, tuple(name for name, _, _ in facts.districts), (), ())


def _row(breakdown: str, value: str, locator: str, unit: str = "count", base: str | None = None) -> dict[str, str | None]:
    return {
        "measure": "individuals_sentenced",
        "unit_measure": unit,
        "breakdown": breakdown,
        "obs_value": value,
        "value_qualifier": "share_rounded" if unit == "percent" else "exact",
        "base_value": base,
        "source_locator": locator,
        "obs_note": None,
    }


def _refused(place: str, what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, None, f"{place}: {what}", meaning)


def _text(element: Tag) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split()).replace(" ,", ",").replace(" .", ".").replace(" ;", ";")


def _facts(snapshot: Snapshot) -> _Facts:
    page = read_page(SOURCE_ID, snapshot.path)
    text = _text(page)
    firsts = list(_FIRST.finditer(text))
    if len(firsts) != 1:
        raise _refused("first sentence", f"found {len(firsts)} times", "this is another page, or it says its counts in other words")
    year, subject = int(firsts[0][2]), firsts[0][4]
    if subject not in _SUBJECTS:
        raise _refused("first sentence", f"the subject is {subject!r}", "this is another page")
    for other in _OTHER_YEAR.finditer(text):
        if int(other[1] or other[2]) != year:
            raise _refused("first sentence", f"FY {year}, elsewhere {other[0]!r}", "the period is not certain")
    titles = tuple(_text(title) for title in page.find_all(["title", "h1"]))
    if not any(subject in title.casefold() for title in titles):
        raise _refused("title", f"no title names {subject}", "this is another page")
    if any(name in title.casefold() for title in titles for name in _SUBJECTS if name != subject):
        raise _refused("title", f"a title names another subject than {subject}", "this is another page")
    everybody, individuals = _count(firsts[0][1], "first sentence"), _count(firsts[0][3], "first sentence")
    trial, prison = _only(_TRIAL, text, "share convicted at trial"), _only(_PRISON, text, "share sentenced to prison")
    for match in (trial, prison):
        if match[2] != subject:
            raise _refused("lists", f"{match[0]!r} on a page on {subject}", "this is another page")
    at_trial, in_prison = _share(trial[1], "share convicted at trial"), _share(prison[1], "share sentenced to prison")
    months = _count(prison[3], "average sentence")
    districts = tuple(_districts(page, subject))
    if individuals > everybody or sum(count for _, _, count in districts) > individuals:
        raise _refused("first sentence", f"{individuals:,} of {everybody:,} individuals do not fit the districts", "a number was misread")
    if not 0 < months < 1_200:
        raise _refused("list on punishment", f"an average sentence of {months} months", "a number was misread")
    return _Facts(year, everybody, subject, individuals, at_trial, in_prison, months, districts, titles)


def _only(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    matches = list(pattern.finditer(text))
    if len(matches) != 1:
        raise _refused(what, f"found {len(matches)} times", "the page says it in other words, or is another one")
    return matches[0]


def _count(text: str, place: str) -> int:
    count = read_count(text)
    if count is None or (count >= 1_000 and "," not in text):
        raise _refused(place, f"{text!r} is no count", "a number is damaged")
    return count


def _share(text: str, place: str) -> str:
    if not _SHARE.fullmatch(text) or float(text) > 100:
        raise _refused(place, f"{text!r} is no percentage with one decimal", "a number is damaged")
    return text


def _districts(page: BeautifulSoup, subject: str) -> Iterator[tuple[str, str, int]]:
    """Give the districts with most individuals: from the largest down, ties marked, five ranks."""
    lists = [item for item in page.find_all("li") if (match := _TOP.search(_text(item))) and match[1] == subject and item.find("ul")]
    if len(lists) != 1:
        raise _refused("list of top districts", f"found {len(lists)} times", "the page has another layout")
    found: list[tuple[str, str, int]] = []
    ties: list[bool] = []
    for item in lists[0].find_all("li"):
        match = _DISTRICT.fullmatch(_text(item))
        if match is None:
            raise _refused("list of top districts", f"{_text(item)!r} is no district with its count", "the page has another layout")
        name = f"{match[1]} District of {match[2]}" if match[1] else f"District of {match[2]}"
        code = _codes().get(name.casefold())
        if code is None:
            raise _refused("list of top districts", f"{name!r} is no district of {DISTRICTS.name}", "the district is not certain")
        found.append((name, code, _count(match[3], "list of top districts")))
        ties.append(bool(match[4]))
    counts = [count for _, _, count in found]
    if counts != sorted(counts, reverse=True) or len({code for _, code, _ in found}) < len(found):
        raise _refused("list of top districts", "the counts do not descend, or a district stands twice", "a number was misread")
    if any(tie != (counts.count(count) > 1) for tie, count in zip(ties, counts, strict=True)):
        raise _refused("list of top districts", "marks of ties and equal counts differ", "a number was misread")
    if len(found) < _RANKS or sum(count > counts[-1] for count in counts) >= _RANKS:
        raise _refused("list of top districts", f"{len(found)} districts are not the top five with ties", "a row is missing")
    yield from found


@cache
def _codes() -> Mapping[str, str]:
    with DISTRICTS.open(encoding="utf-8", newline="") as lines:
        labels = [row["label"].casefold() for row in csv.DictReader(lines)]
    parts = {label: label.partition("district of ") for label in labels}
    return {label: " ".join(f"{place} {part}".split()).replace(" ", "_") for label, (part, _, place) in parts.items()}
