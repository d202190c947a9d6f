"""The catalogue: what a source is and what a rate is, read strictly from TOML.

Belongs here: the frozen dataclasses `Source`, `Rate` and `Selector`, and the loaders that refuse everything they do not
know. Does not belong here: code lists (vocabulary.py), the observation schema (observations.py), and any judgement on
whether a rate can be computed (sql/).

No data library is imported, here or by what is imported here: orchestration reads the catalogue before anything else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.observations import breakdown_problem

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = PROJECT / "catalog" / "sources.toml"
RATES = PROJECT / "catalog" / "rates.toml"

#: what the project does with a source: keeps transcribed figures only, parses it, watches its page, counts its records
SOURCE_KINDS: tuple[str, ...] = ("figures", "publication", "watched", "records")
LAYOUTS: tuple[str, ...] = ("verified", "unverified")
RATE_KINDS: tuple[str, ...] = ("prosecution", "declination", "disposition", "conviction", "sentencing", "arrest", "composition")

#: what a selector may name: the dimensions of a series, in the order of the observation schema (a test compares the two)
DIMENSIONS: tuple[str, ...] = (
    "source_id",
    "measure",
    "ref_area",
    "unit_of_count",
    "unit_measure",
    "offense_scope",
    "jurisdiction",
    "pathway",
    "statistical_population",
    "breakdown",
)
#: axes along which the numerator of a composition may be a part of its denominator
VARYING: tuple[str, ...] = ("offense_scope", "ref_area", "jurisdiction", "pathway", "breakdown")

_SOURCE_TEXTS = (
    "kind", "producer", "title", "description", "url_main", "licence", "release_calendar", "counts_what", "does_not_count",
)
_SOURCE_OPTIONAL_TEXTS = ("media_type", "url_download", "url_index", "link_pattern", "layout", "transcribed_on")
_SOURCE_LISTS = ("hosts", "pages")
_SOURCE_NUMBERS = ("max_bytes", "cadence_days")
_SOURCE_KEYS = (*_SOURCE_TEXTS, *_SOURCE_OPTIONAL_TEXTS, *_SOURCE_LISTS, *_SOURCE_NUMBERS)
_RATE_KEYS = ("kind", "question", "varies", "numerator", "denominator")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class CatalogError(ValueError):
    """A catalogue file that cannot be used: the message names file, table, key and remedy."""


@dataclass(frozen=True)
class Source:
    """One publication series.

    Attributes:
        source_id: catalogue key, producer then publication.
        kind: one of `SOURCE_KINDS`. Whatever the kind, a file `figures/<source_id>.csv` is its embedded default.
        producer: body that publishes it.
        title: name of the publication.
        description: what it is, in one sentence.
        url_main: page where a reader finds it.
        media_type: of the file or page; empty where nothing is published.
        licence: terms under which the figures may be used.
        release_calendar: when it appears.
        counts_what: what its figures count.
        does_not_count: what a reader might expect in it and will not find.
        url_download: address of a file; `{YYYY}`, `{YY}`, `{section}` and `{country}` stand for what changes.
        url_index: page on which the file's link is found when its name drifts.
        link_pattern: regular expression to search the links' addresses for; the group `year`, if there is one, is the
            year the file is about (two digits where the publisher writes two).
        pages: addresses of their own: pages whose text is watched, or a publication that stands at several addresses.
        layout: `verified` where an original was parsed, `unverified` where only its description was known; empty without a parser.
        transcribed_on: day on which the embedded figures were transcribed; empty where there are none.
        hosts: the only hosts it may be fetched from; empty means it is never fetched.
        max_bytes: largest file accepted; 0 where nothing is fetched.
        cadence_days: days after which the last look at it counts as stale; 0 where it will not change any more.
    """

    source_id: str
    kind: str
    producer: str
    title: str
    description: str
    url_main: str
    licence: str
    release_calendar: str
    counts_what: str
    does_not_count: str
    media_type: str = ""
    url_download: str = ""
    url_index: str = ""
    link_pattern: str = ""
    layout: str = ""
    transcribed_on: str = ""
    hosts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    max_bytes: int = 0
    cadence_days: int = 0

    @property
    def has_address(self) -> bool:
        """Whether the catalogue knows an address that can be fetched as it stands."""
        return bool(self.hosts and (self.pages or self.link_pattern or (self.url_download and "{" not in self.url_download)))


@dataclass(frozen=True)
class Selector:
    """The series that one side of a rate selects.

    Attributes:
        codes: every dimension of `DIMENSIONS` -> the codes it may have, or None for any. `unit_measure` is always
            one code; `breakdown` is `("",)` unless the file names one, and `*` stands for one whole value of a pair.
    """

    codes: Mapping[str, tuple[str, ...] | None]

    @cached_property
    def is_percentage(self) -> bool:
        """Whether it selects published percentages instead of counts."""
        return self.codes["unit_measure"] == ("percent",)


@dataclass(frozen=True)
class Rate:
    """One declared rate.

    Attributes:
        rate_id: its name, the table's name in the file.
        kind: one of `RATE_KINDS`.
        question: what a reader would ask, in one sentence; the rate's name where the file has none.
        varies: axes along which the numerator is a part of the denominator; composition only.
        numerator: the series above the line, or the published percentages.
        denominator: the series below the line; None for published percentages, whose base is printed with them.
    """

    rate_id: str
    kind: str
    question: str
    varies: tuple[str, ...]
    numerator: Selector
    denominator: Selector | None


def load_sources(path: Path = SOURCES) -> tuple[Source, ...]:
    """Read the sources, in the order of the file.

    Raises:
        CatalogError: no such file, no TOML, a key that is unknown, missing or of another type, an unknown kind or layout,
            or an address that is not https at a listed host though it is to be fetched.
    """
    tables = _tables_of(path, "sources")
    return tuple(_source(path, source_id, table) for source_id, table in tables.items())


def load_rates(path: Path = RATES) -> tuple[Rate, ...]:
    """Read the declared rates, in the order of the file.

    Codes are not looked up: a selector may match nothing, and the table then says that the side is missing.

    Raises:
        CatalogError: no such file, no TOML, an unknown key or kind, an empty or malformed selector value, a unit
            that no rate can have, a count without a denominator or a percentage with one.
    """
    tables = _tables_of(path, "rates")
    return tuple(_rate(path, rate_id, table) for rate_id, table in tables.items())


def _tables_of(path: Path, name: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        raise CatalogError(f"{path.name}: no such file: give the path of a TOML file with tables [{name}.<name>]") from None
    except OSError as problem:
        raise CatalogError(f"{path.name}: cannot be read ({problem.strerror}): check the path and its permissions") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CatalogError(f"{path.name}: not valid TOML: {problem}: correct the line") from None
    _refuse_unknown(path, "top level", content, (name,))
    tables = content.get(name, {})
    if not isinstance(tables, dict):
        raise CatalogError(f"{path.name}: `{name}` is no table: write one table [{name}.<name>] for each")
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise CatalogError(f"{path.name}: [{name}] {key}: is no table: write [{name}.{key}] above its keys")
    return tables


def _refuse_unknown(path: Path, place: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            raise CatalogError(f"{path.name}: {place}: unknown key `{key}`: remove it, or write one of {', '.join(known)}")


def _source(path: Path, source_id: str, table: Mapping[str, Any]) -> Source:
    place = f"[sources.{source_id}]"
    if not _NAME.fullmatch(source_id):
        raise CatalogError(f"{path.name}: {place}: no source_id: write lower case, digits and underscores, a letter first")
    _refuse_unknown(path, place, table, _SOURCE_KEYS)
    texts = {key: _text(path, place, table, key, required=key in _SOURCE_TEXTS) for key in (*_SOURCE_TEXTS, *_SOURCE_OPTIONAL_TEXTS)}
    lists = {key: _texts(path, place, key, table[key]) if key in table else () for key in _SOURCE_LISTS}
    numbers = {key: _number(path, place, table, key) for key in _SOURCE_NUMBERS}
    source = Source(
        source_id=source_id,
        kind=texts["kind"],
        producer=texts["producer"],
        title=texts["title"],
        description=texts["description"],
        url_main=texts["url_main"],
        licence=texts["licence"],
        release_calendar=texts["release_calendar"],
        counts_what=texts["counts_what"],
        does_not_count=texts["does_not_count"],
        media_type=texts["media_type"],
        url_download=texts["url_download"],
        url_index=texts["url_index"],
        link_pattern=texts["link_pattern"],
        layout=texts["layout"],
        transcribed_on=texts["transcribed_on"],
        hosts=lists["hosts"],
        pages=lists["pages"],
        max_bytes=numbers["max_bytes"],
        cadence_days=numbers["cadence_days"],
    )
    if problem := _source_problem(source):
        raise CatalogError(f"{path.name}: {place}: {problem}")
    return source


def _source_problem(source: Source) -> str | None:
    if source.kind not in SOURCE_KINDS:
        return f"kind `{source.kind}` is unknown: write one of {', '.join(SOURCE_KINDS)}"
    parsed = source.kind in ("publication", "records")
    if parsed and source.layout not in LAYOUTS:
        return f"layout `{source.layout}` is unknown: a {source.kind} source is parsed, so write one of {', '.join(LAYOUTS)}"
    if not parsed and source.layout:
        return f"layout stands beside kind `{source.kind}`, which has no parser: remove it"
    if source.transcribed_on and not _DATE.fullmatch(source.transcribed_on):
        return f"transcribed_on `{source.transcribed_on}` is no day: write it as 2026-11-22"
    if source.kind == "figures":
        if source.hosts or source.pages or source.max_bytes:
            return "hosts, pages and max_bytes are for sources that are fetched: remove them, or give it another kind"
        return None
    if not source.hosts or not source.max_bytes or not source.cadence_days:
        return "hosts, max_bytes and cadence_days are needed because it is fetched: add them"
    if source.kind == "watched" and not source.pages:
        return "pages is needed because its text is watched: list the addresses"
    if bool(source.url_index) != bool(source.link_pattern):
        return "url_index and link_pattern belong together: add the other one or remove both"
    if source.link_pattern:
        try:
            re.compile(source.link_pattern)
        except re.error as problem:
            return f"link_pattern is no regular expression ({problem}): correct it"
    for url in (source.url_download, source.url_index, *source.pages):
        if url and (urlsplit(url).scheme != "https" or urlsplit(url).hostname not in source.hosts):
            return f"`{url}` is not https at one of its hosts: correct it or add the host"
    return None


def _rate(path: Path, rate_id: str, table: Mapping[str, Any]) -> Rate:
    place = f"[rates.{rate_id}]"
    if not rate_id:
        raise CatalogError(f"{path.name}: {place}: the rate has no name: write [rates.some_name]")
    _refuse_unknown(path, place, table, _RATE_KEYS)
    kind = _text(path, place, table, "kind", required=True)
    if kind not in RATE_KINDS:
        raise CatalogError(f"{path.name}: {place} kind: `{kind}` is unknown: write one of {', '.join(RATE_KINDS)}")
    # a rates file made by a program may have no sentence to offer; the catalogue's own rates all have one (a test)
    question = _text(path, place, table, "question", required=False) or rate_id
    varies = _texts(path, place, "varies", table["varies"]) if "varies" in table else ()
    if varies and kind != "composition":
        raise CatalogError(f'{path.name}: {place} varies: only a composition has parts: remove it, or write kind = "composition"')
    for axis in varies:
        if axis not in VARYING:
            raise CatalogError(f"{path.name}: {place} varies: `{axis}` cannot vary: write one or several of {', '.join(VARYING)}")
    if "numerator" not in table:
        raise CatalogError(f"{path.name}: {place} numerator: missing: add a table [rates.{rate_id}.numerator]")
    numerator = _selector(path, f"[rates.{rate_id}.numerator]", table["numerator"])
    denominator = None
    if "denominator" in table:
        denominator = _selector(path, f"[rates.{rate_id}.denominator]", table["denominator"])
        if denominator.is_percentage:
            raise CatalogError(
                f"{path.name}: [rates.{rate_id}.denominator] unit_measure: a percentage is never the base of a quotient: "
                'select counts, or make it the numerator of a rate with unit_measure = "percent" and no denominator'
            )
        if numerator.is_percentage:
            raise CatalogError(
                f"{path.name}: [rates.{rate_id}.denominator]: a published percentage brings its own base: remove this table, "
                "or select counts in the numerator"
            )
    elif not numerator.is_percentage:
        raise CatalogError(
            f"{path.name}: {place} denominator: missing: add a table [rates.{rate_id}.denominator], or write "
            'unit_measure = "percent" in the numerator for a published percentage'
        )
    return Rate(rate_id=rate_id, kind=kind, question=question, varies=varies, numerator=numerator, denominator=denominator)


def _selector(path: Path, place: str, table: object) -> Selector:
    if not isinstance(table, dict):
        raise CatalogError(f"{path.name}: {place}: is no table: write {place} above its keys")
    _refuse_unknown(path, place, table, DIMENSIONS)
    codes: dict[str, tuple[str, ...] | None] = {
        name: _texts(path, place, name, table[name], may_be_empty_text=name == "breakdown") if name in table else None
        for name in DIMENSIONS
    }
    codes["unit_measure"] = units = codes["unit_measure"] or ("count",)
    codes["breakdown"] = breakdowns = codes["breakdown"] or ("",)
    if units not in (("count",), ("percent",)):
        raise CatalogError(
            f"{path.name}: {place} unit_measure: `{', '.join(units)}` cannot be a side of a rate: "
            'write "count", or "percent" alone for a published percentage'
        )
    for breakdown in breakdowns:
        if problem := _breakdown_problem(breakdown):
            raise CatalogError(f"{path.name}: {place} {problem}")
    return Selector(codes)


def _breakdown_problem(breakdown: str) -> str | None:
    if not breakdown:
        return None
    for pair in breakdown.split(";"):
        value = pair.partition("=")[2]
        if "*" in value and value != "*":
            return f"breakdown `{breakdown}`: `*` stands for a whole value: write {pair.partition('=')[0]}=* or the value in full"
    return breakdown_problem(breakdown)


def _text(path: Path, place: str, table: Mapping[str, Any], key: str, *, required: bool) -> str:
    if key not in table:
        if required:
            raise CatalogError(f"{path.name}: {place} {key}: missing: add it")
        return ""
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise CatalogError(f'{path.name}: {place} {key}: is no text: write {key} = "..."')
    return value


def _texts(path: Path, place: str, key: str, value: object, *, may_be_empty_text: bool = False) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise CatalogError(f"{path.name}: {place} {key}: the list is empty: name at least one, or leave the key out")
    for item in values:
        if not isinstance(item, str) or not (item or may_be_empty_text):
            raise CatalogError(f'{path.name}: {place} {key}: is neither a text nor a list of texts: write "..." or ["...", "..."]')
    return tuple(dict.fromkeys(values))


def _number(path: Path, place: str, table: Mapping[str, Any], key: str) -> int:
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise CatalogError(f"{path.name}: {place} {key}: is no whole number: write {key} = 30, for instance")
    return value
