"""Administrative Office of the US Courts: Federal Court Management Statistics, national judicial caseload profile (PDF).

One line of the profile counts the defendants charged with a felony in the last twelve months, in total and by letters that a legend
explains; the parts must add to the total. Sex offenses are one letter, whatever the material. Misdemeanours and transfers are not
counted, so these numbers are smaller than those of table D-2. Only a machine-read copy of one profile has been seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from pipelines.pdf_tables import Document, Page, Word, read_document
from pipelines.publications import Fingerprint, PublicationError, observation_frame, publication_date, quarantined, read_count
from pipelines.snapshots import Snapshot

SOURCE_ID = "aouscourts_management_statistics"

_PROFILE = re.compile(r"\bNational Judicial Caseload Profile|\bUnited States District Courts.{0,60}Caseload Profile", re.IGNORECASE)
_PERIOD = re.compile(r"12[- ]Month Periods? Ending", re.IGNORECASE)
_DAY = re.compile(r"\b(mar(?:ch)?|june?|sep(?:tember)?|dec(?:ember)?)\.? (30|31),? ((?:19|20)[0-9]{2})\b", re.IGNORECASE)
_MONTHS = {"mar": 3, "jun": 6, "sep": 9, "dec": 12}
_FILINGS = re.compile(
    r"\b((?:19|20)[0-9]{2}) Civil Case and Criminal Felony Defendant Filings by Nature of Suit and Offense\b", re.IGNORECASE
)
_LEGEND = re.compile(r"\b([A-L]) ?[-‐–—] ?([A-Z][A-Za-z][A-Za-z ,/&-]*?)(?= [A-L] ?[-‐–—] ?[A-Z]| ?[;.*]|$)")
_CRIMINAL = "criminal"
_SEX = "sex offenses"
_LETTERS = "ABCDEFGHIJKL"
#: how far (points) a number may stand from the letter above it
_REACH = 24.0


@dataclass(frozen=True)
class _Profile:
    page: int
    period: tuple[date, date]
    total: int
    sex_offenses: int
    letter: str
    labels: tuple[str, ...]


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one profile into observations.

    Raises:
        PublicationError: the profile cannot be read with certainty.
    """
    return parse_document(read_document(SOURCE_ID, snapshot.path), snapshot)


def parse_document(document: Document, snapshot: Snapshot) -> pl.DataFrame:
    """Read one profile, given as words, into observations.

    Raises:
        PublicationError: the profile cannot be read with certainty.
    """
    profile = _profile(document)
    first, last = profile.period
    rows: list[dict[str, str | None]] = [
        {
            "offense_scope": scope,
            "obs_value": str(count),
            "source_locator": f"p. {profile.page}, line Criminal, column {column}",
            "obs_note": note,
        }
        for scope, count, column, note in (
            ("federal_all_offenses", profile.total, "Total", "Equals the sum of the twelve parts."),
            ("ao_sex_offenses", profile.sex_offenses, profile.letter, "All sex offenses, not only child sexual abuse material."),
        )
    ]
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "measure": "defendants_charged",
            "ref_area": "US",
            "time_period": f"{first}/P1Y",
            "unit_of_count": "defendant_in_case",
            "unit_measure": "count",
            "jurisdiction": "us_federal",
            "pathway": "any",
            "statistical_population": "usdc_felony_defendants_filed",
            "breakdown": "",
            "value_qualifier": "exact",
            "obs_status": "A",
            "published_on": publication_date(SOURCE_ID, snapshot.published_on, document.dated, last.year - 1),
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one profile.

    Raises:
        PublicationError: the profile cannot be read with certainty.
    """
    profile = _profile(read_document(SOURCE_ID, snapshot.path))
    return Fingerprint(("Criminal", "Total", *_LETTERS), profile.labels, (), ())


def _refused(page: Page | None, what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, page.number if page else None, what, meaning)


def _profile(document: Document) -> _Profile:
    pages = [page for page in document.pages if _FILINGS.search(page.text)]
    if len(pages) != 1:
        raise _refused(
            None,
            f"{len(pages)} pages have felony filings by nature of offense, expected the one national profile",
            "this is another document",
        )
    page = pages[0]
    if not _PROFILE.search(page.text):
        raise _refused(page, "no heading of the national judicial caseload profile", "this may be the profile of one district")
    period = _period(page)
    letters, total_x = _letters(page)
    counts = _criminal(page, letters, total_x)
    parts = sum(counts[letter] for letter in _LETTERS)
    if parts != counts["Total"]:
        raise _refused(page, f"the twelve parts add to {parts:,}, the printed total is {counts['Total']:,}", "a number was misread")
    legend = _legend(page)
    sex = [letter for letter, label in legend.items() if label.casefold() == _SEX]
    if len(sex) != 1:
        raise _refused(page, f"{len(sex)} letters stand for sex offenses", "it is not certain which column counts them")
    return _Profile(
        page.number, period, counts["Total"], counts[sex[0]], sex[0], tuple(f"{letter} {label}" for letter, label in legend.items())
    )


def _period(page: Page) -> tuple[date, date]:
    """Take the last twelve months from the heading and the line of columns; the year in the title of the filings must be theirs."""
    years = {int(match[1]) for match in _FILINGS.finditer(page.text)}
    days = {(_MONTHS[match[1][:3].casefold()], int(match[2]), int(match[3])) for match in _DAY.finditer(page.text)}
    if not _PERIOD.search(page.text) or not days:
        raise _refused(page, "no line of twelve-month periods with the day they end on", "the period is not known")
    month, day, year = max(days, key=lambda each: each[2])
    if len({each[:2] for each in days}) > 1 or years != {year}:
        raise _refused(page, f"days {sorted(days)} and filings of {sorted(years)}", "the period is not certain")
    last = date(year, month % 12 + 1, 1) - timedelta(days=1) if month < 12 else date(year, 12, 31)
    if last.day != day:
        raise _refused(page, f"{day} is not the last day of the month", "the period is not certain")
    return date(year, 1, 1) if month == 12 else date(year - 1, month + 1, 1), last


def _letters(page: Page) -> tuple[dict[str, float], float]:
    """Find the line of letters; give the middle of each and that of the total."""
    for line in page.lines:
        texts = [word.text for word in line]
        if texts[-12:] == list(_LETTERS) and "Total" in texts[:-12]:
            total = next(word for word in line if word.text == "Total")
            return {word.text: _middle(word) for word in line[-12:]}, _middle(total)
    raise _refused(page, "no line of headers `Total A B C ... L`", "the page has another layout")


def _middle(word: Word) -> float:
    return (word.x0 + word.x1) / 2


def _criminal(page: Page, letters: dict[str, float], total_x: float) -> dict[str, int]:
    lines = [line for line in page.lines if line[0].text.casefold() == _CRIMINAL and _is_row(line)]
    if len(lines) != 1:
        raise _refused(page, f"{len(lines)} lines `Criminal` with numbers, expected one", "the page has another layout")
    centres = {"Total": total_x, **letters}
    counts: dict[str, int] = {}
    for word in lines[0][1:]:
        if word.raised:
            continue
        count = 0 if word.text in ("-", "–", "—") else read_count(word.text)
        if count is None:
            raise _refused(page, f"{word.text!r} in the line Criminal is no count", "a number is damaged")
        column = min(centres, key=lambda name: abs(centres[name] - _middle(word)))
        if abs(centres[column] - _middle(word)) > _REACH or column in counts:
            raise _refused(page, f"{word.text!r} stands under no letter, or two numbers under one", "the columns cannot be told apart")
        counts[column] = count
    missing = sorted(set(centres) - set(counts))
    if missing:
        raise _refused(page, f"no number under {', '.join(missing)}", "a number is missing")
    return counts


def _is_row(line: Sequence[Word]) -> bool:
    return sum(read_count(word.text) is not None for word in line) > 2


def _legend(page: Page) -> dict[str, str]:
    """Read what the letters stand for: every one once."""
    legend: dict[str, str] = {}
    for match in _LEGEND.finditer(page.text):
        label = " ".join(match[2].split())
        if legend.setdefault(match[1], label) != label:
            raise _refused(page, f"letter {match[1]} stands for {legend[match[1]]!r} and {label!r}", "the columns cannot be told apart")
    if "".join(sorted(legend)) != _LETTERS:
        raise _refused(page, f"the legend explains {''.join(sorted(legend)) or 'no letter'}", "the columns cannot be told apart")
    return legend
