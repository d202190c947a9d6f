"""The one observation schema: its columns and key, and what a period, a breakdown, a code and a date may be.

Belongs here: the schema and the judgement of single texts, for whoever keeps observations (frames, DuckDB).
Does not belong here: frames of observations and the way into them (conforming.py), comparisons between rows (expectations.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pipelines.vocabulary import CODE_LIST_OF, Vocabulary

Role = Literal["dimension", "period", "value", "attribute"]
Content = Literal["text", "date", "number", "whole number"]


@dataclass(frozen=True)
class Column:
    """One column of the observation schema.

    Attributes:
        name: column name, everywhere.
        content: what it holds; each keeper of observations has its type for that.
        role: `dimension` and `period` form the key together with published_on.
        required: may not be NULL (an empty breakdown is the empty text).
        meaning: one line for the data dictionary.
    """

    name: str
    content: Content
    role: Role
    required: bool
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("source_id", "text", "dimension", True, "Catalogue key of the publication series: producer, then publication."),
    Column("measure", "text", "dimension", True, "What happened, as noun and event, for instance defendants_charged."),
    Column("ref_area", "text", "dimension", True, "ISO 3166 area, WORLD, or a federal judicial district code."),
    Column("time_period", "text", "period", True, "ISO 8601 interval: start and duration, or start and inclusive end."),
    Column("period_start", "date", "period", True, "First day of the period, derived from time_period."),
    Column("period_end", "date", "period", True, "Last day of the period (inclusive), derived from time_period."),
    Column("unit_of_count", "text", "dimension", True, "What one unit of the figure is, for instance a report or a defendant in a case."),
    Column("unit_measure", "text", "dimension", True, "What the number is expressed in: count, percent, usd or months."),
    Column("offense_scope", "text", "dimension", True, "Offense classification of the source; its code row lists statutes or categories."),
    Column("jurisdiction", "text", "dimension", True, "Authorities to which the counted event belongs."),
    Column("pathway", "text", "dimension", True, "How the material came about or was handled, for instance gai_nexus or production."),
    Column("statistical_population", "text", "dimension", True, "Set of units within which the figure is counted."),
    Column("breakdown", "text", "dimension", True, "Canonical key=value;key=value part of the scope; empty for a total."),
    Column("obs_value", "number", "value", False, "The published number; NULL is never zero."),
    Column("value_qualifier", "text", "value", True, "How exactly the number was printed."),
    Column("obs_status", "text", "value", True, "SDMX observation status."),
    Column("base_value", "number", "value", False, "For a published percentage, the base that the publisher states with it."),
    Column("decimals", "whole number", "value", False, "For a published percentage, the decimals that were printed."),
    Column("published_on", "text", "attribute", False, "Date of the edition, as precise as it is known (year, month or day)."),
    Column("evidence", "text", "attribute", True, "How the figure was read: publication, datafile, republication or quotation."),
    Column("source_locator", "text", "attribute", True, "Place of the figure inside the publication."),
    Column("url", "text", "attribute", False, "Public address of the publication."),
    Column("obs_note", "text", "attribute", False, "Short remark on the figure."),
    Column("snapshot_id", "text", "attribute", False, "SHA-256 of the bytes that the figure was read from."),
)
SERIES_DIMENSIONS: tuple[str, ...] = tuple(column.name for column in COLUMNS if column.role == "dimension")
#: one row each: the dimensions, the period by its dates, and the edition (evidence tells two readings of one edition apart)
KEY: tuple[str, ...] = (*SERIES_DIMENSIONS, "period_start", "period_end", "published_on", "evidence")
#: columns that a file of observations may leave out: derived here, or empty
OPTIONAL: tuple[str, ...] = (
    "period_start", "period_end", "base_value", "decimals", "published_on", "url", "obs_note", "snapshot_id",
)
#: statuses of a missing value; every other status stands beside a value (SDMX CL_OBS_STATUS)
MISSING_STATUSES: tuple[str, ...] = ("L", "M", "O", "Q")

#: ISO 3166 codes and judicial district codes of whatever maker (TXS, 3E, US-TXS) are capitals, digits and hyphens
AREA_PATTERN = re.compile(r"unknown|[A-Z0-9]{2,8}(-[A-Z0-9]{1,8}){0,2}")
PERIOD_PATTERN = re.compile(
    r"(?P<start>[0-9]{4}-[0-9]{2}-[0-9]{2})/(?:(?P<end>[0-9]{4}-[0-9]{2}-[0-9]{2})|"
    r"P(?=[0-9])(?:(?P<years>[0-9]{1,4})Y)?(?:(?P<months>[0-9]{1,5})M)?(?:(?P<weeks>[0-9]{1,5})W)?(?:(?P<days>[0-9]{1,6})D)?)"
)
PUBLISHED_ON_PATTERN = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_BREAKDOWN_KEY = re.compile(r"[a-z][a-z0-9_]*")


def period_bounds(time_period: str) -> tuple[date, date]:
    """Derive the first and last day (both inclusive) of an ISO 8601 interval.

    Args:
        time_period: `2023-10-01/P1Y` (start and duration) or `2003-07-09/2008-11-20` (start and inclusive end).

    Raises:
        ValueError: not such an interval, an impossible date, an empty duration, or an end before the start. The text
            says which, and what to write instead.
    """
    match = PERIOD_PATTERN.fullmatch(time_period)
    if match is None:
        if re.fullmatch(r"[0-9]{4}", time_period):
            raise ValueError(
                f"time_period `{time_period}` is a bare year: write {time_period}-01-01/P1Y for a calendar year "
                f"or {int(time_period) - 1}-10-01/P1Y for a federal fiscal year"
            )
        raise ValueError(f"time_period `{time_period}` is no ISO 8601 interval: write start/duration or start/end")
    try:
        start = date.fromisoformat(match["start"])
        if match["end"]:
            end = date.fromisoformat(match["end"])
        else:
            months = int(match["years"] or 0) * 12 + int(match["months"] or 0)
            days = int(match["weeks"] or 0) * 7 + int(match["days"] or 0)
            end = _add_months(start, months) + timedelta(days=days - 1)
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"time_period `{time_period}`: {problem}: correct the date") from None
    if end < start:
        raise ValueError(f"time_period `{time_period}` ends on {end}, before it starts: correct start or end")
    return start, end


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def breakdown_problem(breakdown: str) -> str | None:
    """Say what keeps a breakdown from being canonical (`key=value` pairs in key order, joined by `;`), or None."""
    if not breakdown:
        return None
    keys = []
    for pair in breakdown.split(";"):
        key, separator, value = pair.partition("=")
        if not separator or not _BREAKDOWN_KEY.fullmatch(key) or not value or value != value.strip() or "=" in value:
            return f"breakdown `{breakdown}`: `{pair}` is not key=value: write a lower-case key and a value without = or ;"
        keys.append(key)
    if len(set(keys)) < len(keys):
        return f"breakdown `{breakdown}` names a key twice: keep one"
    if keys != sorted(keys):
        return f"breakdown `{breakdown}` is not in key order: sort the pairs by key"
    return None


def series_problems(series: Mapping[str, str | None], vocabulary: Vocabulary) -> list[str]:
    """List what is wrong with one combination of codes (dimensions, value_qualifier, obs_status, evidence).

    Args:
        series: column name -> code; columns that are absent are not judged.
        vocabulary: the code lists in force.
    """
    problems = []
    for name, code in series.items():
        if code is None or (code == "" and name != "breakdown"):
            problems.append(f"{name} is empty: every observation needs one (use `unknown` where it is not known)")
        elif name in CODE_LIST_OF and code not in vocabulary.codes[name]:
            problems.append(f"{name} `{code}` is not in {CODE_LIST_OF[name]}.csv: correct it or add the code to the list")
        elif name == "ref_area" and not AREA_PATTERN.fullmatch(code):
            problems.append(f"ref_area `{code}` is no ISO 3166 area, WORLD or judicial district code: correct it")
        elif name == "breakdown" and (problem := breakdown_problem(code)):
            problems.append(problem)
    return problems


def published_on_problem(published_on: str) -> str | None:
    """Say what keeps a publication date from being ISO 8601 (year, month or day), or None."""
    problem = f"published_on `{published_on}` is no ISO date: write 2024, 2024-05 or 2024-05-08"
    if not PUBLISHED_ON_PATTERN.fullmatch(published_on):
        return problem
    try:
        date.fromisoformat((published_on + "-01-01")[:10])
    except ValueError:
        return problem
    return None


def last_day_of(published_on: str) -> date:
    """Return the last day that a date may mean: a year its last day, a month its last day, a day itself."""
    year, month, day = ([int(part) for part in published_on.split("-")] + [0, 0])[:3]
    if day:
        return date(year, month, day)
    return _add_months(date(year, month or 12, 1), 1) - timedelta(days=1)
