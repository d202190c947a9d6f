"""US Sentencing Commission: introductions of the Sourcebook and of the yearly overview (HTML), and its table by type of crime (PDF).

Two sentences are read: the overview divides all cases into individuals and organisations, which must add up; the Sourcebook gives
individuals and repeats its year as two dates. The table by type of crime must add to its total, and every percentage must fit; it has
not been seen. Its other tables are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.pages import read_page
from pipelines.pdf_tables import Document, Page, Word, chunks_of, read_document, text_of, year_of_data
from pipelines.publications import Fingerprint, PublicationError, observation_frame, quarantined, read_count
from pipelines.snapshots import Snapshot

SOURCE_ID = "ussc_sourcebook"

_OVERVIEW = re.compile(
    r"\breceived information on (\S+) federal criminal cases in which the offender was sentenced in fiscal year ((?:19|20)[0-9]{2})\. "
    r"Among these cases, (\S+) involved an individual offender and (\S+) involved a corporation or other "
    r".{1,3}organizational.{1,3} offender\b"
)
_REPEATED = re.compile(r"\bThe (\S+) individual original cases reported to the Commission in fiscal year ((?:19|20)[0-9]{2}) represent\b")
_SOURCEBOOK = re.compile(
    r"\breceived documentation on (\S+) federal felony and Class A misdemeanor cases involving "
    r"(?:individual offenders|individuals(?: sentenced)?) in fiscal year ((?:19|20)[0-9]{2})\b"
)
_VOLUME = re.compile(
    r"\bcovers fiscal year ((?:19|20)[0-9]{2}) \(October 1, ((?:19|20)[0-9]{2}), through September 30, ((?:19|20)[0-9]{2})\b"
)
_TITLE_YEAR = re.compile(r"\b(?:((?:19|20)[0-9]{2}) Sourcebook|Fiscal Year ((?:19|20)[0-9]{2})|FY ?((?:19|20)[0-9]{2}))\b", re.IGNORECASE)
_TABLE = re.compile(r"\bTable [0-9]+[A-Z]?\b.{0,120}?\bby Type of Crime\b", re.IGNORECASE)
_TABLE_YEAR = re.compile(r"\bFiscal Year ((?:19|20)[0-9]{2})\b", re.IGNORECASE)
#: the line below a table that says which data it was made from
_DATAFILE = re.compile(r"\b(?:FY ?)?((?:19|20)[0-9]{2}) datafile\b", re.IGNORECASE)
_HEADERS = ("type of crime", ("number", "n", "total"), ("percent", "%"))
_CRIMES = {"child pornography": "child_pornography", "sexual abuse": "sexual_abuse"}
_PERCENT = re.compile(r"[0-9]{1,3}\.[0-9]%?")
#: how far (points) the middle of a number may stand from that of its header
_REACH = 40.0
#: first fiscal year whose individuals are sorted by primary guideline
_PRIMARY_GUIDELINE = 2014


@dataclass(frozen=True)
class _Totals:
    year: int
    individuals: int
    organisations: int | None
    place: str
    titles: tuple[str, ...]
    crimes: tuple[tuple[str, int], ...] = ()
    labels: tuple[str, ...] = ()


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one introduction, or the table by type of crime, into observations.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    return _frame(_totals(snapshot), snapshot)


def parse_document(document: Document, snapshot: Snapshot) -> pl.DataFrame:
    """Read the table by type of crime, given as words, into observations.

    Raises:
        PublicationError: the table cannot be read with certainty.
    """
    return _frame(_table(document), snapshot)


def _frame(totals: _Totals, snapshot: Snapshot) -> pl.DataFrame:
    if snapshot.published_on is not None and int(snapshot.published_on[:4]) < totals.year:
        raise _refused(f"FY {totals.year} on a page published on {snapshot.published_on}", "the period is not certain")
    scope = "ussc_primary_guideline" if totals.year >= _PRIMARY_GUIDELINE else "ussc_offense_type"
    rows: list[dict[str, str | None]] = [
        {
            "measure": "individuals_sentenced",
            "unit_of_count": "sentenced_individual",
            "offense_scope": scope,
            "statistical_population": "ussc_sentenced_individuals",
            "breakdown": breakdown,
            "obs_value": str(count),
        }
        for breakdown, count in (("", totals.individuals), *totals.crimes)
    ]
    if totals.organisations is not None:
        rows.append(
            {
                "measure": "organisations_sentenced",
                "unit_of_count": "organisation",
                "offense_scope": "ussc_organisations",
                "statistical_population": "ussc_sentenced_organisations",
                "breakdown": "",
                "obs_value": str(totals.organisations),
            }
        )
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "ref_area": "US",
            "time_period": f"{totals.year - 1}-10-01/P1Y",
            "unit_measure": "count",
            "jurisdiction": "us_federal",
            "pathway": "any",
            "value_qualifier": "exact",
            "obs_status": "A",
            "published_on": snapshot.published_on,
            "evidence": "publication",
            "source_locator": totals.place,
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one introduction or table.

    Raises:
        PublicationError: the page cannot be read with certainty.
    """
    totals = _totals(snapshot)
    return Fingerprint(totals.titles, (totals.place, *totals.labels), (), ())


def _refused(what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, None, f"introduction: {what}", meaning)


def _totals(snapshot: Snapshot) -> _Totals:
    with snapshot.path.open("rb") as stream:
        if stream.read(5) == b"%PDF-":
            return _table(read_document(SOURCE_ID, snapshot.path))
    page = read_page(SOURCE_ID, snapshot.path)
    text = " ".join(page.get_text(" ").replace("\u00a0", " ").split())
    titles = tuple(" ".join(title.get_text(" ").split()) for title in page.find_all(["title", "h1", "h2"]))
    overviews, sourcebooks = list(_OVERVIEW.finditer(text)), list(_SOURCEBOOK.finditer(text))
    if len(overviews) + len(sourcebooks) != 1:
        raise _refused(
            f"{len(overviews) + len(sourcebooks)} sentences on all cases, expected one",
            "this is another page, or it says its counts in other words",
        )
    totals = _overview(overviews[0], text, titles) if overviews else _sourcebook(sourcebooks[0], text, titles)
    stated = {int(year) for title in titles for match in _TITLE_YEAR.finditer(title) for year in match.groups() if year}
    # the Sourcebook says its year and its two dates in the text; a title need not repeat it, but may not contradict it
    if stated != {totals.year} and (stated or overviews):
        raise _refused(
            f"fiscal year {totals.year}, titles name {', '.join(map(str, sorted(stated))) or 'none'}", "the period is not certain"
        )
    return totals


def _overview(match: re.Match[str], text: str, titles: tuple[str, ...]) -> _Totals:
    everything, individuals, organisations = (_count(match[group]) for group in (1, 3, 4))
    year = int(match[2])
    if individuals + organisations != everything:
        raise _refused(
            f"{individuals:,} individuals and {organisations:,} organisations are not {everything:,} cases", "a number was misread"
        )
    for again in _REPEATED.finditer(text):
        if (_count(again[1]), int(again[2])) != (individuals, year):
            raise _refused(f"{individuals:,} individuals in {year}, repeated as {again[1]} in {again[2]}", "a number was misread")
    return _Totals(year, individuals, organisations, "first paragraph", titles)


def _sourcebook(match: re.Match[str], text: str, titles: tuple[str, ...]) -> _Totals:
    individuals, year = _count(match[1]), int(match[2])
    volumes = [tuple(map(int, volume.groups())) for volume in _VOLUME.finditer(text)]
    if volumes != [(year, year - 1, year)]:
        raise _refused(f"fiscal year {year}, the volume covers {volumes}", "the period is not certain")
    return _Totals(year, individuals, None, "Introduction", titles)


def _count(text: str) -> int:
    count = read_count(text)
    if count is None or (count >= 1_000 and "," not in text):
        raise _refused(f"{text!r} is no count", "a number is damaged")
    return count


def _table(document: Document) -> _Totals:
    """Read the table by type of crime: rows add to the total, shares fit, two places state the year."""
    pages = [page for page in document.pages if _TABLE.search(page.text)]
    if len(pages) != 1:
        raise quarantined(SOURCE_ID, None, f"{len(pages)} pages have a table by type of crime, expected one", "this is another document")
    page = pages[0]
    year = year_of_data(document, (_TABLE_YEAR,), (_DATAFILE,))
    rows = _rows(page)
    total_label, total, _ = rows[-1]
    if total_label.casefold() != "total":
        raise quarantined(SOURCE_ID, page.number, f"the last row is {total_label!r}", "no control total")
    added = sum(count for _, count, _ in rows[:-1])
    if added != total:
        raise quarantined(
            SOURCE_ID, page.number, f"the rows add to {added:,}, the printed total is {total:,}", "a row was missed or misread"
        )
    for label, count, share in rows:
        if abs(float(share) * total - 100 * count) > 0.050001 * total:
            raise quarantined(SOURCE_ID, page.number, f"{label!r}: {share}% does not fit {count:,} of {total:,}", "a number was misread")
    by_label = {label.casefold(): count for label, count, _ in rows}
    if len(by_label) < len(rows):
        raise quarantined(SOURCE_ID, page.number, "a row stands twice", "it is not certain which row holds")
    missing = sorted(set(_CRIMES) - set(by_label))
    if missing:
        raise quarantined(SOURCE_ID, page.number, f"no row {', '.join(missing)}", "a row is missing or was renamed")
    if year < _PRIMARY_GUIDELINE:
        raise quarantined(
            SOURCE_ID, page.number, f"fiscal year {year} is sorted by the offense types used earlier", "the groups are others"
        )
    crimes = tuple((f"guideline={code}", by_label[label]) for label, code in _CRIMES.items())
    return _Totals(
        year,
        total,
        None,
        f"table by type of crime, p. {page.number}",
        tuple(match[0] for match in _TABLE.finditer(page.text)),
        crimes,
        tuple(label for label, _, _ in rows),
    )


def _rows(page: Page) -> list[tuple[str, int, str]]:
    centres: tuple[float, float] | None = None
    rows: list[tuple[str, int, str]] = []
    for line in page.lines:
        chunks = chunks_of(line)
        texts = [text_of(chunk).casefold() for chunk in chunks]
        if len(texts) == 3 and texts[0] == _HEADERS[0] and texts[1] in _HEADERS[1] and texts[2] in _HEADERS[2]:
            if centres is not None:
                raise quarantined(SOURCE_ID, page.number, "two lines of headers", "two tables stand on the page")
            centres = (_middle(chunks[1]), _middle(chunks[2]))
        elif centres is not None:
            if rows and rows[-1][0].casefold() == "total":
                if any(_PERCENT.fullmatch(word.text) for word in line):
                    raise quarantined(
                        SOURCE_ID, page.number, f"{text_of(line)!r} stands below the total", "a row is outside the control total"
                    )
                continue
            rows.append(_row(page, line, centres))
    if not rows:
        raise quarantined(
            SOURCE_ID, page.number, "no headers `Type of Crime`, `Number`, `Percent` with rows below them", "the page has another layout"
        )
    return rows


def _row(page: Page, line: Sequence[Word], centres: tuple[float, float]) -> tuple[str, int, str]:
    words = [word for word in line if not word.raised]
    count = read_count(words[-2].text) if len(words) > 2 else None
    if count is None or not _PERCENT.fullmatch(words[-1].text):
        raise quarantined(
            SOURCE_ID, page.number, f"{text_of(line)!r} is no label with its number and percentage", "a row is damaged or wrapped"
        )
    for word, centre in zip(words[-2:], centres, strict=True):
        if abs(_middle([word]) - centre) > _REACH:
            raise quarantined(SOURCE_ID, page.number, f"{word.text!r} stands beside its column", "the page has another layout")
    return " ".join(word.text for word in words[:-2]), count, words[-1].text.rstrip("%")


def _middle(words: Sequence[Word]) -> float:
    return (words[0].x0 + words[-1].x1) / 2
