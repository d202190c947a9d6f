"""Web pages as trees of elements, within limits that a page for readers never meets.

Belongs here: making the tree, and refusing pages that are made to exhaust whoever reads them (size, number and depth of elements,
elements that lie in their own kind, endless words). Does not belong here: what a page says (sources/, watched.py), fetching
(snapshots.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup

from pipelines.publications import quarantined

#: pages that are read have below 500 kB
_MAX_BYTES = 5_000_000
#: and below 10,000 tags, in at most 50 levels; a page that is only watched may have more, because each is looked at once
_MAX_TAGS, _MAX_TAGS_ONCE = 30_000, 100_000
_MAX_DEPTH = 120
#: reading cells of tables in cells of tables takes the product of the levels
_MAX_WITHIN_ITSELF: Mapping[str, int] = {"table": 5, "tr": 5, "td": 5, "th": 5}
#: patterns that look for a number before a sign go over a word again from each of its letters
_LONGEST_WORD = 2_000
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD}}}")
_NEVER_SEEN = ("script", "style", "template", "noscript")


class PageError(ValueError):
    """A page that cannot be made into a tree, or is made to exhaust whoever tries; the message says what was found."""


def read_page(source_id: str, path: Path, unseen: tuple[str, ...] = _NEVER_SEEN) -> BeautifulSoup:
    """Read a page as a tree, without the elements that nobody sees.

    Args:
        source_id: catalogue key, for errors.
        path: the page.
        unseen: elements to leave out.

    Raises:
        PublicationError: it is no page, or one that nobody could read.
    """
    try:
        page = tree_of(path.read_bytes(), most_tags=_MAX_TAGS)
        _refuse_depth(page)
    except PageError as problem:
        raise quarantined(source_id, None, f"the page cannot be read ({problem})", "the download is damaged or another page") from None
    for hidden in page(list(unseen)):
        hidden.decompose()
    if _LONG_WORD.search(page.get_text(" ")):
        raise quarantined(source_id, None, f"a word of more than {_LONGEST_WORD:,} characters", "the page is damaged or made to do harm")
    return page


def tree_of(content: bytes, encoding: str | None = None, most_tags: int = _MAX_TAGS_ONCE) -> BeautifulSoup:
    """Make the tree of a page.

    Args:
        content: the bytes of the page.
        encoding: how they are to be read, where that is known.
        most_tags: a page with more is refused.

    Raises:
        PageError: the markup cannot be read, or asks for more than a page for readers does.
        LookupError: there is no such encoding.
    """
    if len(content) > _MAX_BYTES:
        raise PageError(f"it has {len(content):,} bytes, more than {_MAX_BYTES:,}")
    # in UTF-16 the bytes of the sign are the same, with zeros between
    tags = content.count(b"<")
    if tags > most_tags:
        raise PageError(f"it has {tags:,} tags, more than {most_tags:,}")
    try:
        return BeautifulSoup(content, "html.parser", from_encoding=encoding)
    except (ParserRejectedMarkup, AssertionError) as problem:
        raise PageError(f"its markup is damaged: {problem}") from None


def _refuse_depth(page: BeautifulSoup) -> None:
    # parents come before their children, so that each is looked up once
    levels: dict[int, tuple[int, Mapping[str, int]]] = {id(page): (0, {})}
    for tag in page.find_all(True):
        parent = tag.parent
        depth, within = levels[id(parent)] if isinstance(parent, Tag) else (0, {})
        if tag.name in _MAX_WITHIN_ITSELF:
            within = {**within, tag.name: within.get(tag.name, 0) + 1}
            if within[tag.name] > _MAX_WITHIN_ITSELF[tag.name]:
                raise PageError(f"elements <{tag.name}> lie more than {_MAX_WITHIN_ITSELF[tag.name]} deep in each other")
        if depth + 1 > _MAX_DEPTH:
            raise PageError(f"its elements lie more than {_MAX_DEPTH} deep in each other")
        levels[id(tag)] = depth + 1, within
