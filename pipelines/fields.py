"""Fields of delimited lines without quotes, found for many lines at once: for files of which few cells are needed as text.

Belongs here: where the fields of a block of lines begin and end, how many a line has, and reading columns of them as numbers, days,
codes, marks and hashes. Does not belong here: opening files and cutting them into blocks (records.py), and what a column means (sources/).

A general reader of delimited text splits and checks every cell; here a cell that nobody asks for costs the one look that finds its
separator. Cells of the usual form are read with tables, all others as text by Polars, so that both forms mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

Places = NDArray[np.int64]
Read = Callable[[pl.Series], pl.Series]
_NEWLINE, _RETURN = b"\n\r"
#: bytes behind the last line, so that eight can be taken from anywhere
PADDING = b"\0" * 16
#: so few that the text and the places of its fields stay in the processor's own cache
_PIECE = 2 << 20
#: what stands for a number, and for a day, until it is known
_NO_NUMBER = -(2**15)
_NO_DAY = -(2**31)
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_MONTH_STARTS = np.array(
    [(date(year, month, 1) - date(1970, 1, 1)).days for year in range(_FIRST_YEAR, _LAST_YEAR + 2) for month in range(1, 13)],
    dtype=np.int32,
)
#: of eight bytes taken together, the lowest ones
_LOWEST = np.array([(1 << 8 * number) - 1 for number in range(9)], dtype=np.uint64)
_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


def _number_of(text: str) -> int:
    return int.from_bytes(text.encode("latin-1"), "little")


def _two_characters() -> NDArray[np.int16]:
    """Tabulate what one or two characters mean as a number; a second character that is absent is a zero byte."""
    table = np.full(1 << 16, _NO_NUMBER, dtype=np.int16)
    for number in range(10):
        table[_number_of(f"{number}")] = number
        table[_number_of(f"-{number}")] = -number
    for number in range(100):
        table[_number_of(f"{number:02d}")] = number
    return table


_NUMBERS = _two_characters()
_SLASHES, _SLASH_PLACES = np.uint64(_number_of("\0\0/\0\0/\0\0")), np.uint64(_number_of("\0\0\xff\0\0\xff\0\0"))
#: first characters before which anything may still come: spaces, zeros, letters of other alphabets
_LEADING = np.array([(byte <= 0x20 and byte not in b"\t\n") or byte == ord("0") or byte >= 0x80 for byte in range(256)])


@dataclass(frozen=True)
class Cells:
    """Cells of some columns in a piece of text; all arrays have the shape (columns, lines).

    Attributes:
        text: the bytes of the block, padded.
        begins: where the cells begin.
        widths: how many bytes they have.
        front: the eight bytes from the beginning of each cell as one number, the first byte the lowest; what follows the cell is in it too.
    """

    text: NDArray[np.uint8]
    begins: Places
    widths: Places
    front: NDArray[np.uint64]

    def eight_from(self, offset: int) -> NDArray[np.uint64]:
        """Give eight later bytes of each cell, or of what follows it, as one number."""
        everywhere = _eights(self.text)
        return everywhere[np.minimum(self.begins + offset, len(everywhere) - 1)]

    def texts(self, chosen: Places) -> list[str]:
        """Give some of the cells, counted line by line and column by column, as text; bytes of other alphabets are replaced."""
        begins, text = self.begins.reshape(-1)[chosen], self.text.data
        ends = begins + self.widths.reshape(-1)[chosen]
        return [str(text[begin:end], "utf-8", "replace") for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def correct(self, values: NDArray[np.int16] | NDArray[np.int32], unknown: int, read: Read) -> None:
        """Read the cells whose values are not known as text, and put in what they are; empty cells and unreadable ones stay unknown."""
        missing = values == unknown
        if missing.any():
            unusual = np.flatnonzero(missing & (self.widths > 0))
            told = read(pl.Series(self.texts(unusual), dtype=pl.String))
            values.reshape(-1)[unusual[told.is_not_null().to_numpy()]] = told.drop_nulls().to_physical().to_numpy()


class Columns(Protocol):
    """Columns that are read in the same way."""

    @property
    def fields(self) -> Mapping[str, int]:
        """Name -> number in the file."""

    def values(self, cells: Cells) -> NDArray[np.generic]:
        """Read the cells of a piece; shape (columns, lines)."""

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Put the values of one column into a series."""


@dataclass(frozen=True)
class Numbers:
    """Columns of numbers (Int16), NULL where there is none.

    Attributes:
        fields: name -> number in the file.
        read: reads cells of an unusual form; NULL where they are no number.
        decimals: numbers are written with a decimal point and a zero (`2017.0`).
    """

    fields: Mapping[str, int]
    read: Read
    decimals: bool = False

    def values(self, cells: Cells) -> NDArray[np.int16]:
        """Read numbers of one, two and four digits with a table."""
        front, widths = cells.front, cells.widths
        if self.decimals:
            # of at most six bytes, those after the number
            end = (front >> ((np.clip(widths, 2, 6) - 2).astype(np.uint64) * np.uint64(8))) & _LOWEST[2]
            widths = np.where((widths > 2) & (widths < 7) & (end == np.uint64(_number_of(".0"))), widths - 2, widths)
        values = _NUMBERS.take((front & _LOWEST.take(np.minimum(widths, 2))).view(np.int64))
        long = widths > 2
        for column in np.flatnonzero(long.any(axis=1)):
            first, second = values[column], _NUMBERS.take(((front[column] >> np.uint64(16)) & _LOWEST[2]).view(np.int64))
            usual = (widths[column] == 4) & (first >= 0) & (second >= 0)
            values[column] = np.where(usual, first * 100 + second, np.where(long[column], np.int16(_NO_NUMBER), first))
        cells.correct(values, _NO_NUMBER, self.read)
        return values

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Give the numbers of a column."""
        return _nullable(values, _NO_NUMBER)


@dataclass(frozen=True)
class Days:
    """Columns of days (MM/DD/YYYY), NULL where there is none.

    Attributes:
        fields: name -> number in the file.
        read: reads cells of an unusual form as dates; NULL where they are on no calendar.
    """

    fields: Mapping[str, int]
    read: Read

    def values(self, cells: Cells) -> NDArray[np.int32]:
        """Read days with a table, as days since 1970."""
        front = cells.front
        month, day, century = (_NUMBERS.take(((front >> np.uint64(shift)) & _LOWEST[2]).view(np.int64)) for shift in (0, 24, 48))
        year = century * 100 + _NUMBERS.take((cells.eight_from(8) & _LOWEST[2]).view(np.int64))
        usual = (cells.widths == 10) & ((front & _SLASH_PLACES) == _SLASHES) & (month >= 1) & (month <= 12) & (day >= 1)
        usual &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (century > 0)
        place = np.where(usual, (year.astype(np.int32) - _FIRST_YEAR) * 12 + month - 1, 0)
        start = _MONTH_STARTS.take(place)
        usual &= day <= _MONTH_STARTS.take(place + 1) - start
        values = np.where(usual, start + day - 1, np.int32(_NO_DAY))
        cells.correct(values, _NO_DAY, self.read)
        return values

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Give the days of a column as dates."""
        return _nullable(values, _NO_DAY).cast(pl.Date)


@dataclass(frozen=True)
class Codes:
    """Columns of codes as their numbers (UInt8); spaces around a code are none of it.

    Attributes:
        fields: name -> number in the file.
        known: code -> its number.
        default: number of all other codes.
    """

    fields: Mapping[str, int]
    known: Mapping[str, int]
    default: int

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        table = np.full(1 << 16, self.default, dtype=np.uint8)
        for code, number in self.known.items():
            if len(code) <= 2:
                table[_number_of(code)] = number
        return table

    def values(self, cells: Cells) -> NDArray[np.uint8]:
        """Read codes of one or two characters with a table."""
        values = self._table.take((cells.front & _LOWEST.take(np.minimum(cells.widths, 2))).view(np.int64))
        unusual = np.flatnonzero((cells.widths > 2) | (values == self.default))
        if len(unusual):
            values.reshape(-1)[unusual] = [self.known.get(text.strip(), self.default) for text in cells.texts(unusual)]
        return values

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Give the numbers of a column."""
        return pl.Series(values)


@dataclass(frozen=True)
class Marks:
    """Columns of texts as marks (UInt8): what `judge` says of the few that begin in a certain way, 0 for all others.

    Attributes:
        fields: name -> number in the file.
        openings: how a text may begin, in at most eight characters, a full stop for any one. Texts that begin with a space, a zero or
            a letter of another alphabet are judged too.
        judge: gives the marks of some texts.
    """

    fields: Mapping[str, int]
    openings: Sequence[str]
    judge: Callable[[list[str]], list[int]]

    @cached_property
    def _masks(self) -> tuple[tuple[np.uint64, np.uint64], ...]:
        places = ("".join("\0" if letter == "." else "\xff" for letter in opening) for opening in self.openings)
        letters = (opening.replace(".", "\0") for opening in self.openings)
        return tuple((np.uint64(_number_of(place)), np.uint64(_number_of(text))) for place, text in zip(places, letters, strict=True))

    def values(self, cells: Cells) -> NDArray[np.uint8]:
        """Find the texts that are worth judging, and judge them."""
        worth = _LEADING.take((cells.front & _LOWEST[1]).view(np.int64))
        for places, text in self._masks:
            worth |= (cells.front & places) == text
        marks = np.zeros(worth.shape, dtype=np.uint8)
        chosen = np.flatnonzero(worth)
        if len(chosen):
            marks.reshape(-1)[chosen] = self.judge(cells.texts(chosen))
        return marks

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Give the marks of a column."""
        return pl.Series(values)


@dataclass(frozen=True)
class Hashes:
    """Columns of keys as hashes (UInt64): equal keys alike, others (as good as certainly) not; NULL where there is none.

    Attributes:
        fields: name -> number in the file.
        salt: changes all hashes.
    """

    fields: Mapping[str, int]
    salt: int

    def values(self, cells: Cells) -> NDArray[np.uint64]:
        """Mix eight bytes after eight bytes."""
        mixed = cells.widths.astype(np.uint64) ^ np.uint64(self.salt)
        for start in range(0, int(cells.widths.max(initial=0)), 8):
            eight = cells.eight_from(start) if start else cells.front
            mixed = _mix(mixed ^ (eight & _LOWEST.take(np.clip(cells.widths - start, 0, 8))))
        return np.where(cells.widths > 0, np.maximum(mixed, np.uint64(1)), np.uint64(0))

    def series(self, values: NDArray[np.generic]) -> pl.Series:
        """Give the hashes of a column."""
        return _nullable(values, 0)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Make of numbers that differ in any bit numbers that differ in about half of theirs."""
    for factor in _MIX:
        values = (values ^ (values >> np.uint64(31))) * factor
    return values ^ (values >> np.uint64(29))


def _nullable(values: NDArray[np.generic], unknown: int) -> pl.Series:
    series = pl.Series(values)
    unknowns = series == unknown
    return series.set(unknowns, None) if unknowns.any() else series


def _eights(text: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))


def read_fields(
    lines: bytes | bytearray,
    begin: int,
    end: int,
    separator: str,
    fields: int,
    columns: Sequence[Columns],
    details: Sequence[Columns],
    flags: Sequence[str],
) -> tuple[int, pl.DataFrame, pl.DataFrame]:
    """Read columns of a block of lines, and some of them only where a flag is 1.

    Args:
        lines: bytes that hold the block.
        begin: where its first line begins.
        end: where its last line, with its line end, has ended; at least as many bytes as `PADDING` must follow.
        separator: the character between fields.
        fields: fields of a whole line.
        columns: what to read of every whole line.
        details: what to read of whole lines with a flag.
        flags: names of columns; all of them in the first of `columns`.

    Returns:
        Number of lines; the columns of the whole lines; the details of those with a flag, in the same order.
    """
    number = 0
    groups = (*columns, *details)
    wanted = [field for group in groups for field in group.fields.values()]
    read: list[list[NDArray[np.generic]]] = [[] for _ in groups]
    flagging = [[*columns[0].fields].index(name) for name in flags]
    text = np.frombuffer(lines, np.uint8)
    for first, last in _pieces(lines, begin, end):
        count, begins, ends = _find_fields(text[first:last], first, separator, fields, wanted)
        number += count
        place = 0
        for order, group in enumerate(groups):
            if order == len(columns):
                chosen = np.flatnonzero((read[0][-1][flagging] == 1).any(axis=0))
                begins, ends = begins.take(chosen, axis=0), ends.take(chosen, axis=0)
            some = slice(place, place := place + len(group.fields))
            read[order].append(group.values(_cells(text, begins[:, some], ends[:, some])))
    every, flagged = (
        pl.DataFrame(
            [
                group.series(row).alias(name)
                for group, pieces in together
                for name, row in zip(group.fields, np.concatenate(pieces, axis=1), strict=True)
            ]
        )
        for together in (zip(columns, read[: len(columns)], strict=True), zip(details, read[len(columns) :], strict=True))
    )
    return number, every, flagged


def _cells(text: NDArray[np.uint8], begins: Places, ends: Places) -> Cells:
    # line by line, so that every line is fetched once; then column by column
    front = np.ascontiguousarray(_eights(text)[begins].T)
    return Cells(text, np.ascontiguousarray(begins.T), np.ascontiguousarray((ends - begins).T), front)


def _pieces(lines: bytes | bytearray, begin: int, end: int) -> Iterator[tuple[int, int]]:
    while begin < end:
        cut = lines.rfind(b"\n", begin, min(begin + _PIECE, end)) + 1 or lines.find(b"\n", begin, end) + 1
        yield begin, cut
        begin = cut


def _find_fields(
    piece: NDArray[np.uint8], offset: int, separator: str, fields: int, wanted: Sequence[int]
) -> tuple[int, Places, Places]:
    """Find how many lines a piece has, and where in the block the wanted fields of the whole ones begin and end; shape (lines, wanted)."""
    is_end = piece == _NEWLINE
    lines = int(np.count_nonzero(is_end))
    ends = np.flatnonzero(np.logical_or(is_end, piece == ord(separator), out=is_end))
    if len(ends) != fields * lines or (piece.take(ends[fields - 1 :: fields]) != _NEWLINE).any():
        # some line has more or fewer fields: keep the ends of those of the others
        newlines = np.flatnonzero(piece.take(ends) == _NEWLINE)
        counts = np.diff(newlines, prepend=-1)
        firsts = np.concatenate([[0], ends.take(newlines[:-1]) + 1])[: len(newlines)][counts == fields]
        ends = ends[: int(counts.sum())][np.repeat(counts == fields, counts)]
    else:
        firsts = np.concatenate([[0], ends[fields - 1 : -1 : fields] + 1])[:lines]
    table = ends.reshape(-1, fields)
    stops = table.take(wanted, axis=1)
    starts = table.take([field - 1 for field in wanted], axis=1) + 1
    for place, field in enumerate(wanted):
        if field == 0:
            starts[:, place] = firsts
        if field == fields - 1:
            # lines may end with CR and LF; the byte before an empty last cell is its separator
            stops[:, place] -= piece.take(stops[:, place] - 1) == _RETURN
    return lines, starts + offset, stops + offset
