"""Watched pages: what changed in the text of a page that a person, not a parser, reads.

Belongs here: the visible text of an archived page, the comparison of two archived versions, which version was transcribed.
Does not belong here: fetching (snapshots.py), reading figures out of prose (people do that, into figures/), the check itself (assets/).
"""

from __future__ import annotations

import difflib
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bs4 import Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PreformattedString

from pipelines.pages import PageError, tree_of
from pipelines.snapshots import HTML, TEXT, XML, Snapshot, Vintage, sha256_of, sniff

_LINE, _CELL = "\x1e", "\x1f"
_NEVER_SEEN = ("script", "style", "noscript", "template", "svg", "iframe", "object", "head")
_CELLS = ("td", "th")
_BLOCKS = (
    "address", "article", "aside", "blockquote", "br", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol",
    "option", "p", "pre", "section", "select", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
)  # fmt: skip
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([a-z0-9_-]+)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_LONGEST_DIFFERENCE = 50_000


class WatchedPageError(ValueError):
    """A watched page that has no text to compare."""


@dataclass(frozen=True)
class PageChange:
    """How the text of a page differs between two archived versions.

    Attributes:
        before: the version compared with, normally the one that was transcribed.
        after: the version of now.
        changed: whether the visible text differs; markup alone does not count.
        added: number of lines that only the newer version has.
        removed: number of lines that only the older version has.
        difference: unified diff of the visible text, empty if nothing changed.
        note: one sentence for a person.
    """

    before: Snapshot
    after: Snapshot
    changed: bool
    added: int
    removed: int
    difference: str
    note: str


def visible_text(snapshot: Snapshot) -> tuple[str, ...]:
    """Read the text of an archived page as a reader sees it: a line per sentence, list item or table row.

    Cells of a row are separated by ` | `; what a reader cannot see is left out.

    Args:
        snapshot: a page of HTML, XML or plain text.

    Raises:
        WatchedPageError: it is something else, not what was archived, or nothing can be read in it.
    """
    if sha256_of(snapshot.path) != snapshot.snapshot_id:
        raise WatchedPageError(f"{snapshot.source_id}: {_place(snapshot)} is corrupt in the store: restore it from a backup or run refresh")
    found = sniff(snapshot.path)
    if found not in (HTML, XML, TEXT):
        raise WatchedPageError(f"{snapshot.source_id}: {_place(snapshot)} is {found}, not a page of text: watch the page that links to it")
    content = snapshot.path.read_bytes()
    lines = tuple(_text_lines(content) if found == TEXT else _page_lines(content, snapshot, is_html=found == HTML))
    if not lines:
        raise WatchedPageError(f"{snapshot.source_id}: {_place(snapshot)} shows no text: look at the page, it may be drawn by a script")
    return lines


def compare_pages(before: Snapshot, after: Snapshot, *, max_lines: int = 200) -> PageChange:
    """Compare the visible text of two versions of a page.

    Args:
        before: the older version.
        after: the newer version.
        max_lines: longest difference that is written out; what is left out is counted.

    Raises:
        WatchedPageError: one of them is no page of text.
    """
    diff = list(difflib.unified_diff(visible_text(before), visible_text(after), _version(before), _version(after), lineterm="", n=1))
    # The first two lines name the versions; in the others the first character tells.
    added = sum(line.startswith("+") for line in diff[2:])
    removed = sum(line.startswith("-") for line in diff[2:])
    if len(diff) > max_lines:
        diff = [*diff[:max_lines], f"... {len(diff) - max_lines} more lines of difference"]
    if not diff:
        since = "is unchanged" if before.snapshot_id == after.snapshot_id else "has new markup but the same text"
        return PageChange(before, after, False, 0, 0, "", f"{_place(after)} {since} since {_version(before)}")
    note = f"{_place(after)} changed since {_version(before)}: {added} lines added, {removed} removed; please read it and transcribe"
    written = "\n".join(diff)
    if len(written) > _LONGEST_DIFFERENCE:
        written = f"{written[:_LONGEST_DIFFERENCE]}\n... {len(written) - _LONGEST_DIFFERENCE} more characters of difference"
    return PageChange(before, after, True, added, removed, written, note)


def judge_page(vintages: Sequence[Vintage], transcribed_on: str | None, *, max_lines: int = 200) -> PageChange:
    """Compare a page of now with the version that a person transcribed.

    Args:
        vintages: what the address of the page has given, oldest first, as `snapshots.vintages_of` lists it.
        transcribed_on: the day (ISO 8601) on which a person last read the page for the figures; None or empty if that is not known.
        max_lines: longest difference that is written out.

    Returns:
        The difference. If nothing was archived by the end of that day, the first version is compared, and the note says so.

    Raises:
        WatchedPageError: there is no version, or one is no page of text.
    """
    if not vintages:
        raise WatchedPageError("no version of the page is archived: run refresh")
    known = [each.snapshot for each in vintages if transcribed_on and each.since[:10] <= transcribed_on]
    change = compare_pages(known[-1] if known else vintages[0].snapshot, vintages[-1].snapshot, max_lines=max_lines)
    if known:
        return change
    day = f"its transcription of {transcribed_on}" if transcribed_on else "a transcription"
    return replace(change, note=f"{change.note} (no version from before {day} is archived: the first archived one is compared)")


def _page_lines(content: bytes, snapshot: Snapshot, *, is_html: bool) -> Iterator[str]:
    declared = _CHARSET.search(content[:4096])
    try:
        with warnings.catch_warnings():
            # Only the text of an XML page is wanted, and the tolerant parser finds it.
            warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
            soup = tree_of(content, declared.group(1).decode("ascii") if declared else None)
    except (PageError, LookupError) as problem:
        raise WatchedPageError(f"{snapshot.source_id}: {_place(snapshot)} cannot be read as a page ({problem}): look at it") from problem
    title = soup.title.get_text(" ") if is_html and soup.title is not None else ""
    unseen = [tag for tag in soup.find_all(True) if _is_unseen(tag)]
    for tag in unseen:
        tag.extract()
    for tag in soup.find_all(True):
        _mark(tag, is_html=is_html)
    # Comments, declarations and processing instructions are strings of their own kinds.
    strings = [str(each) for each in soup.descendants if isinstance(each, NavigableString) and not isinstance(each, PreformattedString)]
    return _tidied([title, *"".join(strings).split(_LINE)])


def _mark(tag: Tag, *, is_html: bool) -> None:
    """Write line and cell ends into the tree, so that its text can be cut there afterwards."""
    if tag.name == "img" and tag.get("alt"):
        tag.append(f" [image: {tag['alt']}] ")
    elif tag.name in _CELLS:
        tag.append(_CELL)
    elif not is_html or tag.name in _BLOCKS:
        tag.insert(0, _LINE)
        tag.append(_LINE)


def _is_unseen(tag: Tag) -> bool:
    hidden = tag.has_attr("hidden") or bool(_HIDDEN_STYLE.search(str(tag.get("style", ""))))
    return tag.name in _NEVER_SEEN or hidden


def _text_lines(content: bytes) -> Iterator[str]:
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        # What is no UTF-8 is, on the pages that are watched, the Windows encoding; bytes it lacks stay visible as escapes.
        text = content.decode("cp1252", errors="backslashreplace")
    return _tidied(text.splitlines())


def _tidied(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        cells = [_plain(cell) for cell in line.split(_CELL)]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > 1:
            yield " | ".join(cells)
        elif cells:
            # Sentence by sentence, a difference shows what changed in a long paragraph.
            yield from _SENTENCE_END.split(cells[0])


def _plain(text: str) -> str:
    """Leave out what a reader cannot see: kinds of blank, invisible and control characters."""
    seen = "".join(mark if mark.isspace() or unicodedata.category(mark)[0] != "C" else "" for mark in unicodedata.normalize("NFC", text))
    return " ".join(seen.split())


def _place(snapshot: Snapshot) -> str:
    return snapshot.url or f"snapshot {snapshot.snapshot_id[:12]}"


def _version(snapshot: Snapshot) -> str:
    return f"{snapshot.retrieved_at or 'an unknown time'} ({snapshot.snapshot_id[:12]})"
