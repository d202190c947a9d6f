"""What every parser shares about publications: the error that quarantines one, the layout fingerprint, printed counts and years.

Belongs here: the words for "this publication cannot be trusted", and readings that know no file format and no figures.
Does not belong here: file formats (pdf_tables.py and the readers of each source) and the figures themselves (sources/).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

_COUNT = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})*")
#: what does something to a terminal, a log or a line of text instead of being read: controls, marks of direction, line and page ends
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_LONGEST_MESSAGE = 1_500
_KEPT_END = 400


def shown(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Write text of a publication so that it can stand in a message, a log or a report: what cannot be seen as escapes, the middle cut.

    Args:
        text: any text; its line ends stay.
        longest: characters at most; the beginning (which names the place) and the end (the remedy) are kept.
    """
    if len(text) > longest:
        end = min(_KEPT_END, longest // 3)
        text = f"{text[: longest - end]} ... {len(text) - longest:,} characters left out ... {text[-end:]}"
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


class PublicationError(ValueError):
    """A publication that cannot be read with certainty: the message names source, place, finding and meaning."""

    def __init__(self, message: str) -> None:
        super().__init__(shown(message))


def quarantined(source_id: str, page: int | None, what: str, meaning: str) -> PublicationError:
    """Make the error that keeps a whole publication out: no partial result is ever given.

    Args:
        source_id: catalogue key of the source.
        page: page of the finding, counted from 1; None when it concerns the file as a whole.
        what: what was found, and what was expected.
        meaning: what that says about the figures.
    """
    place = source_id if page is None else f"{source_id}: page {page}"
    return PublicationError(f"{place}: {what}; {meaning}: publication quarantined")


@dataclass(frozen=True)
class Fingerprint:
    """What a layout looks like, without its figures: two editions of one layout have nearly the same.

    Attributes:
        headers: column headers in the order of their first appearance.
        labels: row labels in printed order.
        columns: x-positions (points, whole) at which columns end.
        footnotes: footnotes as printed.
    """

    headers: tuple[str, ...]
    labels: tuple[str, ...]
    columns: tuple[int, ...]
    footnotes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Hash the fingerprint, so that vintages can be compared at a glance."""
        return hashlib.sha256(repr((self.headers, self.labels, self.columns, self.footnotes)).encode()).hexdigest()


def read_count(text: str) -> int | None:
    """Read a printed count: ASCII digits with every thousands separator in its place, and nothing else; else None."""
    return int(text.replace(",", "")) if _COUNT.fullmatch(text) else None


def printed_key(text: str) -> str:
    """Write a printed name so that quotation marks, white space, footnote asterisks and capitals make no difference."""
    return " ".join(text.replace("’", "'").rstrip("*†‡ ").split()).casefold()


@cache
def read_printed_names(path: Path, column: str) -> Mapping[str, Mapping[str, str]]:
    """Read a catalogue file that says what printed names mean: the key of the name in `column` -> its row."""
    with path.open(encoding="utf-8", newline="") as lines:
        return {printed_key(row[column]): row for row in csv.DictReader(lines)}


def agreed_year(source_id: str, stated: Sequence[tuple[int, int]], supporting: Iterable[int]) -> int:
    """Take the year of the data from all places that state it.

    Args:
        source_id: catalogue key, for the error.
        stated: (page, year) for every place in the text that states the year: all must agree.
        supporting: years from weaker witnesses (file properties, copyright line): they can confirm, not contradict.

    Raises:
        PublicationError: no place states a year, two places disagree, or the only place is confirmed by nothing.
    """
    if not stated:
        raise quarantined(source_id, None, "no heading states the year of the data", "the period is not known")
    page, year = stated[0]
    for other_page, other in stated:
        if other != year:
            raise quarantined(
                source_id, other_page, f"states {other} as the year of the data, page {page} states {year}", "the period is not certain"
            )
    if len(stated) < 2 and year not in set(supporting):
        raise quarantined(source_id, page, f"only this page states {year} as the year of the data", "the period is not certain")
    return year


def publication_date(source_id: str, given: str | None, dated: str | None, year: int) -> str | None:
    """Take the date of the edition: as given with the snapshot, else from the file itself.

    Args:
        source_id: catalogue key, for the error.
        given: date the publisher or the catalogue states.
        dated: date in the file properties.
        year: year of the data.

    Raises:
        PublicationError: the edition would be older than the end of the year it reports on.
    """
    date = given or dated
    if date is not None and int(date[:4]) <= year:
        raise quarantined(source_id, None, f"published on {date} and states {year} as the year of the data", "the period is not certain")
    return date


def observation_frame(rows: Sequence[Mapping[str, str | None]], shared: Mapping[str, str | None]) -> pl.DataFrame:
    """Make the frame of a parser: one row per figure, all as text, for `conform` to judge.

    Args:
        rows: columns that differ between figures; every row has the same ones.
        shared: columns that all figures of the publication share.
    """
    columns: dict[str, list[str | None]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns.update((name, [value] * len(rows)) for name, value in shared.items())
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
