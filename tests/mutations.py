"""Damage to publications, and the judgement on what a parser made of it.

Belongs here: kinds of damage (to the words of a document, to the file), which of them must leave the figures as they are, and which
are blind spots because the damaged publication is a consistent publication that says something else.
"""

from __future__ import annotations

import importlib
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import polars as pl
import pypdfium2 as pdfium

from pipelines.conforming import ObservationError, conform
from pipelines.pdf_tables import Document, Page, Word, chunks_of, read_document
from pipelines.publications import PublicationError, read_count
from pipelines.snapshots import Snapshot

Row = tuple[object, ...]
Figures = frozenset[Row]

LISTS = ("ncmec_reports_by_esp", "ncmec_reports_by_country", "ncmec_reports_by_state")
REPORT = "ncmec_ojjdp_transparency"
_ESP = "ncmec_reports_by_esp"

_COMPARED = (
    "measure",
    "ref_area",
    "time_period",
    "unit_of_count",
    "unit_measure",
    "jurisdiction",
    "statistical_population",
    "breakdown",
    "obs_value",
    "value_qualifier",
    "obs_status",
    "base_value",
    "published_on",
)
#: tables of the transparency report that no printed total, repetition or bound can check
UNCONTROLLED_MEASURES = frozenset({"feedback_received", "hashes_added", "series_opened"})


@dataclass(frozen=True)
class Outcome:
    """What a parser made of a mutant: `exact`, `loud`, `blind` (a declared blind spot) or `silent` (a misread), and the evidence."""

    verdict: str
    evidence: str


class Parser(Protocol):
    """A module of pipelines/sources that reads PDF words."""

    def parse(self, snapshot: Snapshot) -> pl.DataFrame: ...

    def parse_document(self, document: Document, snapshot: Snapshot) -> pl.DataFrame: ...


@cache
def parser_of(source_id: str) -> Parser:
    module: Parser = importlib.import_module(f"pipelines.sources.{source_id}")  # type: ignore[assignment]
    return module


def figures_of(frame: pl.DataFrame, source_id: str) -> Figures:
    """Conform a frame and keep what makes a figure: not where it stands, nor remarks."""
    return frozenset(conform(frame, source_id).select(_COMPARED).rows())


def judge(source_id: str, kind: Kind, truth: Figures, read: Callable[[], pl.DataFrame]) -> Outcome:
    """Say what a parser made of a mutant."""
    try:
        found = figures_of(read(), source_id)
    except (PublicationError, ObservationError) as problem:
        return Outcome("loud", str(problem))
    if found == truth:
        return Outcome("exact", "")
    wrong, lost = found - truth, truth - found
    evidence = f"{sorted(map(str, wrong))[:2]} instead of {sorted(map(str, lost))[:2]}"
    declared = source_id in kind.blind or (source_id == _ESP and kind.changes_names and _only_names(wrong, lost))
    uncontrolled = source_id == REPORT and kind.changes_counts and _uncontrolled(wrong, lost)
    if declared or uncontrolled or (kind.fills_cells and _fills_empty_cell(wrong, lost)):
        return Outcome("blind", evidence)
    return Outcome("silent", evidence)


def _only_names(wrong: Figures, lost: Figures) -> bool:
    """Say whether only names of providers differ, and every count stands in its place."""
    name = _COMPARED.index("breakdown")
    return sorted(map(str, (row[:name] + row[name + 1 :] for row in wrong))) == sorted(
        map(str, (row[:name] + row[name + 1 :] for row in lost))
    )


def _uncontrolled(wrong: Figures, lost: Figures) -> bool:
    """Say whether all differences are in cells without a control total, and none appeared or vanished."""
    value = _COMPARED.index("obs_value")
    if {row[:value] for row in wrong} != {row[:value] for row in lost}:
        return False
    return all(_is_uncontrolled(row) for row in wrong)


def _fills_empty_cell(wrong: Figures, lost: Figures) -> bool:
    """Say whether one count stands in a cell that is empty in truth, and its own cell is empty instead."""
    status, value = _COMPARED.index("obs_status"), _COMPARED.index("obs_value")
    counts = [sorted(str(row[value]) for row in rows if row[status] != "O") for rows in (wrong, lost)]
    return len(wrong) == len(lost) == 2 and counts[0] == counts[1] and len(counts[0]) == 1


def _is_uncontrolled(row: Row) -> bool:
    cells = dict(zip(_COMPARED, row, strict=True))
    if cells["measure"] in UNCONTROLLED_MEASURES:
        return True
    breakdown = str(cells["breakdown"])
    if cells["measure"] == "reports_received":
        # reports containing some kind of file, and years of Appendix A before those of the tables
        return breakdown.startswith("contains=") or not breakdown
    return False


# --- damage to words

Damage = Callable[[Document, random.Random], Document | None]


@dataclass(frozen=True)
class Kind:
    """A kind of damage.

    Attributes:
        name: in words.
        damage: makes a mutant, or gives None where the kind does not apply.
        sources: parsers it applies to.
        harmless: parsers that must read the true figures all the same.
        blind: parsers that cannot notice, because the mutant is consistent and nothing printed contradicts it.
        changes_counts: whether it changes single counts, so that cells without a control total cannot notice.
        changes_names: whether it changes letters of labels, so that free names cannot notice.
        fills_cells: whether it can put a count into an empty cell of its column, so that the total stays.
    """

    name: str
    damage: Damage
    sources: tuple[str, ...] = (*LISTS, REPORT)
    harmless: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()
    changes_counts: bool = False
    changes_names: bool = False
    fills_cells: bool = False


Place = tuple[int, int]


def _with_words(document: Document, page: int, words: Sequence[Word]) -> Document:
    pages = list(document.pages)
    pages[page] = replace(pages[page], words=tuple(words))
    return replace(document, pages=tuple(pages))


def _put(document: Document, place: Place, *words: Word) -> Document:
    page, index = place
    old = document.pages[page].words
    return _with_words(document, page, (*old[:index], *words, *old[index + 1 :]))


def _word(document: Document, place: Place) -> Word:
    return document.pages[place[0]].words[place[1]]


@cache
def cells_of(document: Document) -> tuple[Place, ...]:
    """Find the counts that stand in tables: alone in their cell or after a colon."""
    places = []
    for number, page in enumerate(document.pages):
        index_of = {word: index for index, word in enumerate(page.words)}
        for line in page.lines:
            for position, word in enumerate(line):
                if read_count(word.text) is None or word.raised or not 60 < word.y < 735:
                    continue
                before = line[position - 1] if position else None
                after = line[position + 1] if position + 1 < len(line) else None
                alone = (before is None or word.x0 - before.x1 > 8) and (after is None or after.x0 - word.x1 > 8)
                if alone or (before is not None and before.text.endswith(":")):
                    places.append((number, index_of[word]))
    return tuple(places)


@cache
def rows_of(document: Document) -> tuple[tuple[int, tuple[Word, ...], tuple[Word, ...]], ...]:
    """Find rows that stand on one line: (page, words of the label, counts), leaving totals out."""
    rows = []
    cells = {(number, _word(document, (number, index))) for number, index in cells_of(document)}
    for number, page in enumerate(document.pages):
        for line in page.lines:
            parts = chunks_of(line)
            for position, label in enumerate(parts[:-1]):
                counts = []
                for part in parts[position + 1 :]:
                    if len(part) != 1 or (number, part[0]) not in cells:
                        break
                    counts.append(part[0])
                if counts and read_count(label[0].text) is None and not label[0].text.lower().startswith(("total", "subtotal")):
                    rows.append((number, tuple(label), tuple(counts)))
    return tuple(rows)


def _total_labels(document: Document) -> list[Place]:
    return [
        (number, index)
        for number, page in enumerate(document.pages)
        for index, word in enumerate(page.words)
        if word.text.lower().rstrip(":") in ("total", "totals")
        and any(c[0] == number and abs(_word(document, c).y - word.y) < 3 for c in cells_of(document))
    ]


def _edit_cell(edit: Callable[[str, random.Random], str | None]) -> Damage:
    def damage(document: Document, chance: random.Random) -> Document | None:
        place = chance.choice(cells_of(document))
        word = _word(document, place)
        text = edit(word.text, chance)
        return None if text is None or text == word.text else _put(document, place, word._replace(text=text))

    return damage


def _change_digit(text: str, chance: random.Random) -> str:
    index = chance.choice([index for index, character in enumerate(text) if character.isdigit()])
    digit = str((int(text[index]) + chance.randint(1, 9)) % 10)
    changed = text[:index] + digit + text[index + 1 :]
    return changed if changed[0] != "0" or len(changed) == 1 else text[:index] + "9" * (text[index] != "9") + text[index + 1 :]


def _grouped(text: str) -> str:
    return f"{int(text):,}"


def _drop_digit(text: str, chance: random.Random) -> str | None:
    digits = text.replace(",", "")
    index = chance.randrange(len(digits))
    rest = digits[:index] + digits[index + 1 :]
    return _grouped(rest) if rest else None


def _add_digit(text: str, chance: random.Random) -> str:
    digits = text.replace(",", "")
    index = chance.randint(1, len(digits))
    return _grouped(digits[:index] + chance.choice("123456789") + digits[index:])


def _swap_digits(text: str, chance: random.Random) -> str | None:
    pairs = [i for i in range(len(text) - 1) if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]]
    if not pairs:
        return None
    index = chance.choice(pairs)
    swapped = text[:index] + text[index + 1] + text[index] + text[index + 2 :]
    return swapped if swapped[0] != "0" else None


def _move_separator(text: str, chance: random.Random) -> str | None:
    if "," not in text:
        return None
    index = text.index(",")
    return (
        text[:index] + text[index + 1] + "," + text[index + 2 :]
        if chance.random() < 0.5
        else text[: index - 1] + "," + text[index - 1] + text[index + 1 :]
    )


def _remove_cell(document: Document, chance: random.Random) -> Document:
    return _put(document, chance.choice(cells_of(document)))


def _split_cell(document: Document, chance: random.Random) -> Document | None:
    place = chance.choice(cells_of(document))
    word = _word(document, place)
    if len(word.text) < 4:
        return None
    cut = chance.randrange(1, len(word.text))
    middle = word.x0 + (word.x1 - word.x0) * cut / len(word.text)
    return _put(document, place, word._replace(text=word.text[:cut], x1=middle - 1), word._replace(text=word.text[cut:], x0=middle + 2))


def _move_cell(dx: float, dy: float) -> Damage:
    def damage(document: Document, chance: random.Random) -> Document:
        place = chance.choice(cells_of(document))
        sign = chance.choice((-1, 1))
        word = _word(document, place)
        return _put(document, place, word._replace(x0=word.x0 + sign * dx, x1=word.x1 + sign * dx, y=word.y + sign * dy))

    return damage


def _merge_cell(document: Document, chance: random.Random) -> Document | None:
    """Merge a cell with the word before it on its line."""
    page_number, label, counts = chance.choice(rows_of(document))
    before, count = (label[-1], counts[0]) if len(counts) == 1 or chance.random() < 0.5 else (counts[0], counts[1])
    words = [word for word in document.pages[page_number].words if word != count]
    words[words.index(before)] = before._replace(text=before.text + count.text, x1=count.x1)
    return _with_words(document, page_number, words)


def _drop_row(document: Document, chance: random.Random) -> Document:
    page, label, counts = chance.choice(rows_of(document))
    return _with_words(document, page, [word for word in document.pages[page].words if word not in (*label, *counts)])


def _duplicate_row(document: Document, chance: random.Random) -> Document:
    """Print a row twice: everything below moves down by its height."""
    page, label, counts = chance.choice(rows_of(document))
    row = {*label, *counts}
    below = [word._replace(y=word.y - 16.3) if word.y < label[0].y - 1 else word for word in document.pages[page].words]
    return _with_words(document, page, [*below, *(word._replace(y=word.y - 16.3) for word in row)])


def _shuffle_rows(document: Document, chance: random.Random) -> Document | None:
    """Exchange two whole rows that stand on one line each."""
    page, label, counts = chance.choice(rows_of(document))
    others = [
        row
        for row in rows_of(document)
        if row[0] == page and row[1][0].y != label[0].y and abs(row[1][0].x0 - label[0].x0) < 3 and not _is_wrapped(document, row)
    ]
    if not others or _is_wrapped(document, (page, label, counts)):
        return None
    _, other_label, other_counts = chance.choice(others)
    drop = other_label[0].y - label[0].y
    words = []
    for word in document.pages[page].words:
        if word in (*label, *counts):
            words.append(word._replace(y=word.y + drop))
        elif word in (*other_label, *other_counts):
            words.append(word._replace(y=word.y - drop))
        else:
            words.append(word)
    return _with_words(document, page, words)


def _is_wrapped(document: Document, row: tuple[int, tuple[Word, ...], tuple[Word, ...]]) -> bool:
    page, label, _ = row
    return any(abs(word.x0 - label[0].x0) < 3 and 2 < abs(word.y - label[0].y) < 15 for word in document.pages[page].words)


def _exchange_counts(document: Document, chance: random.Random) -> Document | None:
    """Exchange the counts of two rows in one column."""
    page, label, counts = chance.choice(rows_of(document))
    column = chance.randrange(len(counts))
    others = [
        row[2][column]
        for row in rows_of(document)
        if row[0] == page
        and len(row[2]) == len(counts)
        and row[2][column].text != counts[column].text
        and abs(row[1][0].x0 - label[0].x0) < 3
    ]
    if not others:
        return None
    other = chance.choice(others)
    swap = {counts[column]: counts[column]._replace(text=other.text), other: other._replace(text=counts[column].text)}
    return _with_words(document, page, [swap.get(word, word) for word in document.pages[page].words])


def _exchange_columns(document: Document, chance: random.Random) -> Document | None:
    """Exchange two counts of one row."""
    rows = [row for row in rows_of(document) if len({count.text for count in row[2]}) > 1]
    if not rows:
        return None
    page, _, counts = chance.choice(rows)
    one, other = chance.sample(counts, 2)
    if one.text == other.text:
        return None
    swap = {one: one._replace(text=other.text), other: other._replace(text=one.text)}
    return _with_words(document, page, [swap.get(word, word) for word in document.pages[page].words])


def _exchange_name_and_count(document: Document, chance: random.Random) -> Document:
    page, label, counts = chance.choice(rows_of(document))
    name = " ".join(word.text for word in label)
    words = [word for word in document.pages[page].words if word not in (*label, counts[0])]
    first = label[0]._replace(text=counts[0].text, x1=label[0].x0 + 20)
    last = counts[0]._replace(text=name.replace(" ", "_"), x0=counts[0].x1 - 40)
    return _with_words(document, page, [*words, first, last])


def _drop_label(document: Document, chance: random.Random) -> Document:
    page, label, _ = chance.choice(rows_of(document))
    return _with_words(document, page, [word for word in document.pages[page].words if word not in label])


def _damage_label(document: Document, chance: random.Random) -> Document | None:
    page, label, _ = chance.choice(rows_of(document))
    word = chance.choice(label)
    letters = [index for index, character in enumerate(word.text) if character.isalpha()]
    if not letters:
        return None
    index = chance.choice(letters)
    damaged = word._replace(text=word.text[:index] + chance.choice("xqzk") + word.text[index + 1 :])
    if damaged == word:
        return None
    return _with_words(document, page, [damaged if other == word else other for other in document.pages[page].words])


def _wrap_label(leading: float) -> Damage:
    """Wrap a label: its last words go to a line of their own, everything below moves down."""

    def damage(document: Document, chance: random.Random) -> Document | None:
        rows = [row for row in rows_of(document) if len(row[1]) > 1]
        if not rows:
            return None
        page, label, _ = chance.choice(rows)
        cut = chance.randrange(1, len(label))
        shift = label[0].x0 - label[cut].x0
        words = []
        for word in document.pages[page].words:
            if word in label[cut:]:
                words.append(word._replace(x0=word.x0 + shift, x1=word.x1 + shift, y=word.y - leading))
            elif word.y < label[0].y - 1 and word.y > 70 and not _is_note(document.pages[page], word):
                words.append(word._replace(y=word.y - leading))
            else:
                words.append(word)
        return _with_words(document, page, words)

    return damage


def _is_note(page: Page, word: Word) -> bool:
    return any(word in line and line[0].text.startswith("*") for line in page.lines)


def _collapse_rows(document: Document, chance: random.Random) -> Document | None:
    """Print two rows that follow each other on one line."""
    rows = rows_of(document)
    index = chance.randrange(len(rows) - 1)
    (page, label, _), (other_page, other_label, other_counts) = rows[index], rows[index + 1]
    if page != other_page or abs(label[0].x0 - other_label[0].x0) > 3:
        return None
    moved = {word: word._replace(y=label[0].y) for word in (*other_label, *other_counts)}
    return _with_words(document, page, [moved.get(word, word) for word in document.pages[page].words])


def _damage_total(edit: Callable[[Document, random.Random, Place], Document | None]) -> Damage:
    def damage(document: Document, chance: random.Random) -> Document | None:
        totals = _total_labels(document)
        return edit(document, chance, chance.choice(totals)) if totals else None

    return damage


def _change_total(document: Document, chance: random.Random, label: Place) -> Document | None:
    cells = [c for c in cells_of(document) if c[0] == label[0] and abs(_word(document, c).y - _word(document, label).y) < 3]
    place = chance.choice(cells)
    word = _word(document, place)
    return _put(document, place, word._replace(text=_change_digit(word.text, chance)))


def _remove_total(document: Document, chance: random.Random, label: Place) -> Document:
    y = _word(document, label).y
    x0 = _word(document, label).x0
    words = [word for word in document.pages[label[0]].words if abs(word.y - y) >= 3 or word.x0 < x0]
    return _with_words(document, label[0], words)


def _rename_total(document: Document, chance: random.Random, label: Place) -> Document:
    return _put(document, label, _word(document, label)._replace(text=chance.choice(("Toal", "Sum", "Subtotal", "T0tal"))))


def _header_words(document: Document, texts: Sequence[str]) -> list[Place]:
    """Find words of column headers: they stand above counts and not in prose."""
    places = []
    for number, page in enumerate(document.pages):
        index_of = {word: index for index, word in enumerate(page.words)}
        for line in page.lines:
            for chunk in chunks_of(line):
                joined = " ".join(word.text for word in chunk)
                if joined in texts and any(c[0] == number for c in cells_of(document)):
                    places.extend((number, index_of[word]) for word in chunk[-1:])
    return places


_COUNT_HEADERS = (
    "Reports",
    "Number of Reports",
    "Total Reports",
    "Referrals",
    "Informational",
    "CY 2022",
    "CY 2021",
    "CY 2023",
    "CY 2020",
    "CY 2024",
    "Grand Total",
)
_LABEL_HEADERS = ("ESP", "Country", "Country / Territory", "State", "Gender")


def _edit_header(texts: Sequence[str], edit: Callable[[str, random.Random], str]) -> Damage:
    def damage(document: Document, chance: random.Random) -> Document | None:
        places = _header_words(document, texts)
        if not places:
            return None
        place = chance.choice(places)
        word = _word(document, place)
        text = edit(word.text, chance)
        return None if text == word.text else _put(document, place, *([word._replace(text=text)] if text else []))

    return damage


def _other_unit(text: str, chance: random.Random) -> str:
    return text + "s" if text[:2] == "20" else chance.choice(("Files", "Incidents", "Thousands", "Percent"))


def _other_label(text: str, chance: random.Random) -> str:
    return chance.choice([other for other in ("ESP", "Country", "State", "Agency", "Year") if other != text])


def _move_column(dx: float) -> Damage:
    """Move all counts of one column on one page, and not their header."""

    def damage(document: Document, chance: random.Random) -> Document:
        page, index = chance.choice(cells_of(document))
        end = document.pages[page].words[index].x1
        column = {_word(document, c) for c in cells_of(document) if c[0] == page and abs(_word(document, c).x1 - end) < 4}
        shift = chance.choice((-dx, dx))
        return _with_words(
            document, page, [w._replace(x0=w.x0 + shift, x1=w.x1 + shift) if w in column else w for w in document.pages[page].words]
        )

    return damage


def _extra_column(header: str | None) -> Damage:
    """Add a column of counts beside another on one page, with a header or without."""

    def damage(document: Document, chance: random.Random) -> Document | None:
        page, index = chance.choice(cells_of(document))
        end = document.pages[page].words[index].x1
        column = [_word(document, c) for c in cells_of(document) if c[0] == page and abs(_word(document, c).x1 - end) < 4]
        if len(column) < 2:
            return None
        extra = [w._replace(x0=w.x0 - 75, x1=w.x1 - 75, text=_grouped(str(chance.randint(1, 10**6)))) for w in column]
        if header:
            top = max(column, key=lambda word: word.y)
            extra.append(Word(header, end - 75 - 45, end - 75, top.y + 23.5))
        return _with_words(document, page, (*document.pages[page].words, *extra))

    return damage


def _exchange_whole_columns(document: Document, chance: random.Random) -> Document | None:
    """Exchange the counts of two columns of one table, under the same headers."""
    rows = [row for row in rows_of(document) if len(row[2]) > 1]
    if not rows:
        return None
    page, _, counts = chance.choice(rows)
    one, other = chance.sample(range(len(counts)), 2)
    swap: dict[Word, Word] = {}
    for row_page, _, cells in rows:
        if row_page == page and len(cells) == len(counts) and abs(cells[0].x1 - counts[0].x1) < 4:
            swap[cells[one]] = cells[one]._replace(text=cells[other].text)
            swap[cells[other]] = cells[other]._replace(text=cells[one].text)
    return _with_words(document, page, [swap.get(word, word) for word in document.pages[page].words])


def _renumbered(document: Document, pages: Sequence[Page]) -> Document:
    return replace(document, pages=tuple(Page(n, page.width, page.height, page.words) for n, page in enumerate(pages, start=1)))


def _drop_page(document: Document, chance: random.Random) -> Document:
    index = chance.randrange(1, len(document.pages))
    return _renumbered(document, [page for number, page in enumerate(document.pages) if number != index])


def _repeat_page(document: Document, chance: random.Random) -> Document:
    index = chance.randrange(1, len(document.pages))
    return _renumbered(document, [*document.pages[: index + 1], *document.pages[index:]])


def _reorder_pages(document: Document, chance: random.Random) -> Document:
    pages = list(document.pages)
    one, other = chance.sample(range(1, len(pages)), 2)
    pages[one], pages[other] = pages[other], pages[one]
    return _renumbered(document, pages)


def _cut_pages(document: Document, chance: random.Random) -> Document:
    return _renumbered(document, document.pages[: chance.randrange(1, len(document.pages))])


def _cut_page(document: Document, chance: random.Random) -> Document | None:
    """Lose everything below some height of a page that holds counts."""
    page, index = chance.choice(cells_of(document))
    y = document.pages[page].words[index].y
    return _with_words(document, page, [word for word in document.pages[page].words if word.y > y])


def _change_year(document: Document, chance: random.Random) -> Document | None:
    """State another year in one place that states the year of the data."""
    places = [
        (number, index)
        for number, page in enumerate(document.pages)
        for index, word in enumerate(page.words[:-1])
        if word.text.rstrip(",.").isdigit()
        and len(word.text.rstrip(",.")) == 4
        and word.text[:2] == "20"
        and page.words[index + 1].text in ("CyberTipline", "Reports", "Report")
    ]
    if not places:
        return None
    place = chance.choice(places)
    word = _word(document, place)
    year = int(word.text[:4])
    return _put(document, place, word._replace(text=str(year + chance.choice((-2, -1, 1, 2))) + word.text[4:]))


def _swap_years(document: Document, chance: random.Random) -> Document | None:
    """Exchange the years above two columns."""
    page = chance.choice(document.pages)
    for line in page.lines:
        years = [word for position, word in enumerate(line) if position and line[position - 1].text == "CY" and word.text.isdigit()]
        if len(years) >= 2:
            one, other = chance.sample(years, 2)
            swap = {one: one._replace(text=other.text), other: other._replace(text=one.text)}
            return _with_words(document, page.number - 1, [swap.get(word, word) for word in page.words])
    return None


def _other_title(document: Document, chance: random.Random) -> Document | None:
    for number, page in enumerate(document.pages[:2]):
        for index, word in enumerate(page.words):
            if word.text in ("Electronic", "Country", "State") and word.y > 560:
                other = chance.choice([kind for kind in ("Electronic", "Country", "State") if kind != word.text])
                return _put(document, (number, index), word._replace(text=other))
    return None


def _publish_early(document: Document, chance: random.Random) -> Document:
    """Date the file before the year of the data is over."""
    return replace(document, dated=f"{chance.randint(1998, 2018)}-04-12")


def _shift_pages(document: Document, chance: random.Random) -> Document:
    dx, dy = chance.uniform(-15, 15), chance.uniform(-8, 8)
    pages = [replace(page, words=tuple(w._replace(x0=w.x0 + dx, x1=w.x1 + dx, y=w.y + dy) for w in page.words)) for page in document.pages]
    return replace(document, pages=tuple(pages))


def _scale_pages(document: Document, chance: random.Random) -> Document:
    scale = chance.uniform(0.93, 1.07)
    pages = [
        replace(
            page,
            width=page.width * scale,
            height=page.height * scale,
            words=tuple(w._replace(x0=w.x0 * scale, x1=w.x1 * scale, y=w.y * scale) for w in page.words),
        )
        for page in document.pages
    ]
    return replace(document, pages=tuple(pages))


def _shuffle_words(document: Document, chance: random.Random) -> Document:
    pages = [replace(page, words=tuple(chance.sample(page.words, len(page.words)))) for page in document.pages]
    return replace(document, pages=tuple(pages))


def _stray_text(document: Document, chance: random.Random) -> Document:
    page, label, _ = chance.choice(rows_of(document))
    stray = Word(chance.choice(("Stray", "Example", "continued")), label[0].x0, label[0].x0 + 40, label[0].y - 8.1)
    return _with_words(document, page, (*document.pages[page].words, stray))


def _stray_count(document: Document, chance: random.Random) -> Document:
    page, _, counts = chance.choice(rows_of(document))
    return _with_words(document, page, (*document.pages[page].words, counts[-1]._replace(y=counts[-1].y - 8.1)))


def _compensate(document: Document, chance: random.Random) -> Document | None:
    """Add to one count what another in the column loses: the total stays."""
    page, label, counts = chance.choice(rows_of(document))
    others = [
        row[2][0]
        for row in rows_of(document)
        if row[0] == page and row[2][0] != counts[0] and abs(row[1][0].x0 - label[0].x0) < 3 and int(row[2][0].text.replace(",", "")) > 1
    ]
    if not others:
        return None
    other = chance.choice(others)
    swap = {
        counts[0]: counts[0]._replace(text=_grouped(str(int(counts[0].text.replace(",", "")) + 1))),
        other: other._replace(text=_grouped(str(int(other.text.replace(",", "")) - 1))),
    }
    return _with_words(document, page, [swap.get(word, word) for word in document.pages[page].words])


KINDS: tuple[Kind, ...] = (
    Kind("one digit changed", _edit_cell(_change_digit), changes_counts=True),
    Kind("one digit lost", _edit_cell(_drop_digit), changes_counts=True),
    Kind("one digit added", _edit_cell(_add_digit), changes_counts=True),
    Kind("two digits transposed", _edit_cell(_swap_digits), changes_counts=True),
    Kind("footnote digit glued to a number", _edit_cell(lambda text, chance: text + chance.choice("123456789")), changes_counts=True),
    Kind("thousands separator lost", _edit_cell(lambda text, _: text.replace(",", "", 1))),
    Kind("thousands separator moved", _edit_cell(_move_separator)),
    Kind("thousands separator printed as a point", _edit_cell(lambda text, _: text.replace(",", "."))),
    Kind("minus sign before a number", _edit_cell(lambda text, chance: chance.choice("-−–") + text)),
    Kind("decimal part after a number", _edit_cell(lambda text, chance: text + chance.choice((".0", ".5", ".25")))),
    Kind("full-width digits", _edit_cell(lambda text, _: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text))),
    Kind("letter in place of a digit", _edit_cell(lambda text, _: text.replace("0", "O", 1).replace("1", "l", 1))),
    Kind("unit beside a number", _edit_cell(lambda text, chance: chance.choice((text + "%", "$" + text, text + "K", text + "M")))),
    Kind("blank cell", _remove_cell),
    Kind("dash cell", _edit_cell(lambda text, chance: None if text == "0" else chance.choice("-–—"))),
    Kind("words in a cell", _edit_cell(lambda _, chance: chance.choice(("n/a", "N/A", "TBD", "<50", "*")))),
    Kind("number split in two", _split_cell, changes_counts=True),
    Kind("merged cells", _merge_cell),
    Kind("cell moved by one row", _move_cell(0, 16.3), changes_counts=True, fills_cells=True),
    Kind("cell moved sideways", _move_cell(55, 0)),
    Kind("row lost", _drop_row),
    Kind("duplicated row", _duplicate_row),
    Kind("order of rows shuffled", _shuffle_rows, harmless=LISTS, changes_counts=True),
    Kind("two rows on one line", _collapse_rows),
    Kind("counts of two rows exchanged", _exchange_counts, blind=(*LISTS, REPORT)),
    Kind("compensating errors in two rows", _compensate, blind=(*LISTS, REPORT)),
    Kind("counts of one row exchanged between columns", _exchange_columns, changes_counts=True),
    Kind("name and number exchanged", _exchange_name_and_count),
    Kind("label lost", _drop_label, changes_names=True),
    Kind("label damaged", _damage_label, changes_names=True),
    Kind("label wrapped, smaller leading", _wrap_label(12.6), sources=LISTS, harmless=LISTS),
    Kind("label wrapped at the distance of rows", _wrap_label(16.4)),
    Kind("stray text between rows", _stray_text, changes_names=True),
    Kind("stray number between rows", _stray_count),
    Kind("total changed", _damage_total(_change_total)),
    Kind("total row missing", _damage_total(_remove_total)),
    Kind("total row renamed", _damage_total(_rename_total)),
    Kind("changed unit in a header", _edit_header(_COUNT_HEADERS, _other_unit)),
    Kind("header followed by a scale", _edit_header(_COUNT_HEADERS, lambda text, _: text + "(thousands)")),
    Kind("header missing", _edit_header(_COUNT_HEADERS, lambda _, __: "")),
    Kind("header of another table", _edit_header(_LABEL_HEADERS, _other_label)),
    Kind("column moved away from its header", _move_column(75.0)),
    Kind("extra column without a header", _extra_column(None)),
    Kind("extra column with a header", _extra_column("Files")),
    Kind("columns exchanged under the same headers", _exchange_whole_columns, blind=(REPORT,)),
    Kind("dropped page", _drop_page),
    Kind("page repeated", _repeat_page),
    Kind("reordered pages", _reorder_pages),
    Kind("pages cut off at the end", _cut_pages),
    Kind("page cut off below a row", _cut_page),
    Kind("another year in one place", _change_year),
    Kind("years of two columns swapped", _swap_years, sources=(REPORT,)),
    Kind("title of another publication", _other_title, sources=LISTS),
    Kind("file dated before the end of the year", _publish_early),
    Kind("pages shifted", _shift_pages, harmless=(*LISTS, REPORT)),
    Kind("pages scaled", _scale_pages, harmless=(*LISTS, REPORT)),
    Kind("words in another order in the file", _shuffle_words, harmless=(*LISTS, REPORT)),
)


# --- damage to files


def truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(0, len(content) - 1)]


def flip_bytes(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 40)):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def replace_by_page(content: bytes, chance: random.Random) -> bytes:
    return chance.choice((b"", b"<!DOCTYPE html><title>404</title>Not found", b"PK\x03\x04" + content[:100], content[100:]))


def drop_pdf_page(content: bytes, chance: random.Random) -> bytes:
    return _pdf_with(content, lambda pages: sorted(chance.sample(pages, len(pages) - 1)))


def repeat_pdf_page(content: bytes, chance: random.Random) -> bytes:
    return _pdf_with(content, lambda pages: sorted([*pages, chance.choice(pages[1:])]))


def shuffle_pdf_pages(content: bytes, chance: random.Random) -> bytes:
    return _pdf_with(content, lambda pages: [pages[0], *chance.sample(pages[1:], len(pages) - 1)])


def _pdf_with(content: bytes, choose: Callable[[list[int]], list[int]]) -> bytes:
    source, made = pdfium.PdfDocument(content), pdfium.PdfDocument.new()
    made.import_pages(source, choose(list(range(len(source)))))
    out = io.BytesIO()
    made.save(out)
    made.close()
    source.close()
    return out.getvalue()


FILE_KINDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated file": truncate,
    "bytes changed in the file": flip_bytes,
    "another kind of file": replace_by_page,
    "page dropped from the file": drop_pdf_page,
    "page repeated in the file": repeat_pdf_page,
    "pages reordered in the file": shuffle_pdf_pages,
}


def judge_words(source_id: str, document: Document, truth: Figures, kind: Kind, chance: random.Random) -> Outcome | None:
    """Damage the words of a document once and judge; None where the kind does not apply."""
    mutant = kind.damage(document, chance)
    if mutant is None or mutant == document:
        return None
    snapshot = Snapshot(source_id=source_id, path=Path("mutant.pdf"), snapshot_id="0" * 64)
    return judge(source_id, kind, truth, lambda: parser_of(source_id).parse_document(mutant, snapshot))


def judge_file(source_id: str, content: bytes, truth: Figures, name: str, chance: random.Random, folder: Path) -> Outcome:
    """Damage a file once and judge; the date of the edition is given, as the file may lose it."""
    path = folder / "mutant.pdf"
    path.write_bytes(FILE_KINDS[name](content, chance))
    published_on = next(str(row[-1]) for row in truth)
    snapshot = Snapshot(source_id=source_id, path=path, snapshot_id="0" * 64, published_on=published_on)
    any_bytes = name == "bytes changed in the file"
    kind = Kind(name, lambda document, _: document, changes_counts=any_bytes, changes_names=any_bytes)
    return judge(source_id, kind, truth, lambda: parser_of(source_id).parse(snapshot))


def truth_of(source_id: str, path: Path) -> tuple[Document, Figures]:
    """Read a file as it is: its words and its figures."""
    document = read_document(source_id, path)
    snapshot = Snapshot(source_id=source_id, path=path, snapshot_id="0" * 64)
    return document, figures_of(parser_of(source_id).parse_document(document, snapshot), source_id)
