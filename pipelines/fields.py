"""Fields of delimited lines without quotes, found and read in one pass over the bytes: for files of which few cells are needed.

Belongs here: where the fields of a block of lines begin and end, how many a line has, and reading columns of them as numbers, days,
codes, marks and hashes. Does not belong here: opening files and cutting them into blocks (records.py), and what a column means (sources/).

A general reader of delimited text splits and checks every cell; here a cell that nobody asks for costs the one look that finds its
separator. Numba compiles the loops over bytes and lines, once on a machine, when this file is first imported; they run without
Python's lock, so that blocks are read side by side. They read cells of the usual form only, and leave all others to Polars, so that
both forms mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

import numba
import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.records import PADDING

Bytes = NDArray[np.uint8]
Places = NDArray[np.int32]
Read = Callable[[pl.Series], pl.Series]
_Loop = TypeVar("_Loop", bound=Callable[..., object])
_NEWLINE, _RETURN, _MINUS, _POINT, _SLASH, _ZERO = b"\n\r-./0"
#: what stands where there is no number, and no day; below all others
NO_NUMBER = -(2**15)
NO_DAY = -(2**31)
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_MONTH_STARTS = np.array(
    [(date(year, month, 1) - date(1970, 1, 1)).days for year in range(_FIRST_YEAR, _LAST_YEAR + 2) for month in range(1, 13)],
    dtype=np.int32,
)
#: first characters before which anything may still come: spaces, zeros, letters of other alphabets
_LEADING = np.array([(byte <= 0x20 and byte not in b"\t\n") or byte == _ZERO or byte >= 0x80 for byte in range(256)])


# Loops over bytes, compiled, and kept beside this file -------------------------------------------------------------------------

_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)
_PLACES = numba.int32[:, :]
_TWO_NUMBERS = numba.types.UniTuple(numba.int64, 2)


def compiled(signature: Any) -> Callable[[_Loop], _Loop]:
    """Compile a loop over numbers for the types of its arguments, as Numba writes them.

    It may call loops of its own module only, or a change of another would not be seen.
    """

    def compile_loop(loop: _Loop) -> _Loop:
        try:
            return cast(_Loop, numba.njit(signature, nogil=True, cache=True)(loop))
        except RuntimeError:
            # a service that may write neither here nor at home: each of its processes compiles anew, which takes some seconds
            return cast(_Loop, numba.njit(signature, nogil=True)(loop))

    return compile_loop


@compiled(_TWO_NUMBERS(_BYTES, numba.int64, numba.int64, numba.uint64[::1], numba.int32[:, ::1], numba.int32[:, ::1]))
def _find_fields(text: Bytes, separator: int, fields: int, wanted: NDArray[np.uint64], begins: Places, widths: Places) -> tuple[int, int]:
    """Find where the wanted fields of the lines with the right number of fields begin and how wide they are; shape (lines, wanted).

    Returns:
        Number of lines; how many of them are whole.
    """
    # unsigned, because a signed index is first asked whether it counts from the end
    one, last = np.uint64(1), np.uint64(fields)
    bounds = np.empty(len(text) + 2, np.int32)
    bounds[0] = -1
    field = one
    lines = whole = 0
    for place in range(np.uint64(len(text))):
        byte = text[place]
        # written at every byte and kept at a separator: cheaper than a branch that is taken at every fourth
        bounds[field] = place
        field += np.uint64(byte == separator)
        if byte == _NEWLINE:
            lines += 1
            if field == last:
                if place > 0 and text[place - one] == _RETURN:
                    bounds[field] -= 1
                for number in range(len(wanted)):
                    begin = bounds[wanted[number]] + 1
                    begins[whole, number] = begin
                    widths[whole, number] = bounds[wanted[number] + one] - begin
                whole += 1
            bounds[0] = place
            field = one
    return lines, whole


@compiled(numba.int64(_BYTES, _PLACES, _PLACES, numba.boolean, numba.int16[:, ::1]))
def _read_numbers(text: Bytes, begins: Places, widths: Places, decimals: bool, values: NDArray[np.int16]) -> int:
    """Read numbers of up to four digits; returns how many cells hold something else."""
    unusual = 0
    for line in range(begins.shape[0]):
        for column in range(begins.shape[1]):
            values[column, line] = NO_NUMBER
            begin, width = begins[line, column], widths[line, column]
            if width == 0:
                continue
            end = begin + width
            if decimals and width > 2 and text[end - 2] == _POINT and text[end - 1] == _ZERO:
                end -= 2
            negative = text[begin] == _MINUS
            if negative:
                begin += 1
            number = np.int64(0)
            usual = 0 < end - begin <= 4
            for place in range(begin, end if usual else begin):
                digit = np.int64(text[place]) - _ZERO
                if not 0 <= digit <= 9:
                    usual = False
                number = number * 10 + digit
            if usual:
                values[column, line] = -number if negative else number
            else:
                unusual += 1
    return unusual


@compiled(numba.int64(_BYTES, _PLACES, _PLACES, numba.int32[::1], numba.int32[:, ::1]))
def _read_days(text: Bytes, begins: Places, widths: Places, month_starts: NDArray[np.int32], values: NDArray[np.int32]) -> int:
    """Read MM/DD/YYYY as days since 1970; returns how many cells hold something else."""
    unusual = 0
    for line in range(begins.shape[0]):
        for column in range(begins.shape[1]):
            values[column, line] = NO_DAY
            begin, width = begins[line, column], widths[line, column]
            if width == 0:
                continue
            unusual += 1
            if width != 10 or text[begin + 2] != _SLASH or text[begin + 5] != _SLASH:
                continue
            number = np.int64(0)
            digits = True
            for place in range(10):
                if place != 2 and place != 5:
                    digit = np.int64(text[begin + place]) - _ZERO
                    if not 0 <= digit <= 9:
                        digits = False
                    number = number * 10 + digit
            month, day, year = number // 1_000_000, number // 10_000 % 100, number % 10_000
            if not digits or not 1 <= month <= 12 or not _FIRST_YEAR <= year <= _LAST_YEAR:
                continue
            start = (year - _FIRST_YEAR) * 12 + month - 1
            if 1 <= day <= month_starts[start + 1] - month_starts[start]:
                values[column, line] = month_starts[start] + day - 1
                unusual -= 1
    return unusual


@compiled(numba.int64(_BYTES, _PLACES, _PLACES, numba.uint8[::1], numba.int64, numba.uint8[:, ::1]))
def _read_codes(text: Bytes, begins: Places, widths: Places, table: NDArray[np.uint8], default: int, values: NDArray[np.uint8]) -> int:
    """Read codes of one or two characters; returns how many cells hold something else."""
    unusual = 0
    for line in range(begins.shape[0]):
        for column in range(begins.shape[1]):
            begin, width = begins[line, column], widths[line, column]
            code = np.int64(text[begin]) if width > 0 else 0
            if width > 1:
                code += np.int64(text[begin + 1]) << 8
            values[column, line] = table[code] if width <= 2 else default
            unusual += values[column, line] == default and width > 0
    return unusual


@compiled(numba.void(_BYTES, _PLACES, numba.boolean[::1], numba.uint8[:, ::1], numba.boolean[:, ::1]))
def _find_openings(text: Bytes, begins: Places, leading: NDArray[np.bool_], openings: Bytes, worth: NDArray[np.bool_]) -> None:
    """Mark the cells that begin with an opening (a zero byte in it is any character) or with what may come before one."""
    for line in range(begins.shape[0]):
        for column in range(begins.shape[1]):
            begin = begins[line, column]
            found = leading[text[begin]]
            for number in range(openings.shape[0]):
                same = True
                for place in range(openings.shape[1]):
                    letter = openings[number, place]
                    if letter != 0 and letter != text[begin + place]:
                        same = False
                        break
                found |= same
            worth[column, line] = found


@compiled(numba.uint64(numba.uint64))
def _mix(bits: np.uint64) -> np.uint64:
    """Make of numbers that differ in any bit numbers that differ in about half of theirs."""
    bits = (bits ^ (bits >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return bits ^ (bits >> np.uint64(29))


@compiled(numba.void(_BYTES, _PLACES, _PLACES, numba.uint64, numba.uint64[:, ::1]))
def _hash_cells(text: Bytes, begins: Places, widths: Places, salt: np.uint64, values: NDArray[np.uint64]) -> None:
    """Mix eight bytes after eight bytes; empty cells are 0, others never are."""
    for line in range(begins.shape[0]):
        for column in range(begins.shape[1]):
            begin, width = begins[line, column], widths[line, column]
            mixed = np.uint64(width) ^ salt
            for start in range(0, width, 8):
                eight = np.uint64(0)
                for place in range(start, min(start + 8, width)):
                    eight |= np.uint64(text[begin + place]) << np.uint64(8 * (place - start))
                mixed = _mix(mixed ^ eight)
            values[column, line] = max(mixed, np.uint64(1)) if width > 0 else np.uint64(0)


@compiled(numba.void(numba.uint64[::1], numba.int16[:, ::1], numba.int64, numba.uint64[::1]))
def hash_numbers(hashes: NDArray[np.uint64], numbers: NDArray[np.int16], kept: int, values: NDArray[np.uint64]) -> None:
    """Mix numbers, shape (columns, lines), into hashes, of which the lowest `kept` bits stay."""
    low = (np.uint64(1) << np.uint64(kept)) - np.uint64(1)
    for line in range(len(hashes)):
        mixed = hashes[line]
        for column in range(numbers.shape[0]):
            mixed = _mix(mixed ^ np.uint64(np.int64(numbers[column, line]) - NO_NUMBER))
        values[line] = (mixed & ~low) | (hashes[line] & low)


@compiled(numba.void(numba.int32[:, ::1], numba.int64, numba.int32[::1], numba.int16[:, ::1]))
def _number_months(days: NDArray[np.int32], after: int, month_starts: NDArray[np.int32], months: NDArray[np.int16]) -> None:
    for column in range(days.shape[0]):
        for line in range(days.shape[1]):
            day = days[column, line]
            month = np.int64(0)
            if day > after and month_starts[0] <= day < month_starts[-1]:
                # close enough that at most one step is left
                month = np.int64((day - month_starts[0]) / 30.436875)
                if month_starts[month] > day:
                    month -= 1
                elif month_starts[month + 1] <= day:
                    month += 1
                month += _FIRST_YEAR * 12
            months[column, line] = month


def number_months(days: NDArray[np.int32], after: int) -> NDArray[np.int16]:
    """Number the months of days since 1970, as `records.number_of_month` does; 0 for days that are not after a certain one."""
    months = np.empty(days.shape, np.int16)
    _number_months(days, after, _MONTH_STARTS, months)
    return months


# Columns ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cells:
    """Cells of some columns in a block of lines.

    Attributes:
        text: the bytes of the block, padded.
        begins: where the cells begin; shape (lines, columns), as in the text.
        widths: how many bytes they have.
    """

    text: Bytes
    begins: Places
    widths: Places

    def of(self, columns: slice, lines: NDArray[np.int64] | None = None) -> Cells:
        """Give the cells of some columns, and of some lines."""
        begins, widths = self.begins[:, columns], self.widths[:, columns]
        if lines is not None:
            begins, widths = begins.take(lines, axis=0), widths.take(lines, axis=0)
        return Cells(self.text, begins, widths)

    def texts(self, chosen: NDArray[np.bool_]) -> list[str]:
        """Give some of the cells, column by column, as text; bytes of other alphabets are replaced."""
        begins, text = self.begins.T[chosen], self.text.data
        ends = begins + self.widths.T[chosen]
        return [str(text[begin:end], "utf-8", "replace") for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]

    def correct(self, values: NDArray[np.int16] | NDArray[np.int32], unknown: int, read: Read) -> None:
        """Read the cells whose values are not known as text, and put in what they are; unreadable ones stay unknown."""
        unusual = (values == unknown) & (self.widths.T > 0)
        told = read(pl.Series(self.texts(unusual), dtype=pl.String)).to_physical()
        column, line = (places[told.is_not_null().to_numpy()] for places in np.nonzero(unusual))
        values[column, line] = told.drop_nulls().to_numpy()


class Columns(Protocol):
    """Columns that are read in the same way."""

    @property
    def fields(self) -> Mapping[str, int]:
        """Name -> number in the file."""

    def values(self, cells: Cells) -> NDArray[Any]:
        """Read the cells; shape (columns, lines)."""


@dataclass(frozen=True)
class Numbers:
    """Columns of numbers (Int16), `NO_NUMBER` where there is none.

    Attributes:
        fields: name -> number in the file.
        read: reads cells of an unusual form; NULL where they are no number.
        decimals: numbers are written with a decimal point and a zero (`2017.0`).
    """

    fields: Mapping[str, int]
    read: Read
    decimals: bool = False

    def values(self, cells: Cells) -> NDArray[np.int16]:
        """Read the numbers."""
        values = np.empty(cells.begins.T.shape, np.int16)
        if _read_numbers(cells.text, cells.begins, cells.widths, self.decimals, values):
            cells.correct(values, NO_NUMBER, self.read)
        return values


@dataclass(frozen=True)
class Days:
    """Columns of days (MM/DD/YYYY) as days since 1970 (Int32), `NO_DAY` where there is none.

    Attributes:
        fields: name -> number in the file.
        read: reads cells of an unusual form as dates; NULL where they are on no calendar.
    """

    fields: Mapping[str, int]
    read: Read

    def values(self, cells: Cells) -> NDArray[np.int32]:
        """Read the days."""
        values = np.empty(cells.begins.T.shape, np.int32)
        if _read_days(cells.text, cells.begins, cells.widths, _MONTH_STARTS, values):
            cells.correct(values, NO_DAY, self.read)
        return values


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
                table[int.from_bytes(code.encode("latin-1"), "little")] = number
        return table

    def values(self, cells: Cells) -> NDArray[np.uint8]:
        """Read the codes."""
        values = np.empty(cells.begins.T.shape, np.uint8)
        if _read_codes(cells.text, cells.begins, cells.widths, self._table, self.default, values):
            unusual = (values == self.default) & (cells.widths.T > 0)
            values[unusual] = [self.known.get(text.strip(), self.default) for text in cells.texts(unusual)]
        return values


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
    def _openings(self) -> Bytes:
        padded = (opening.replace(".", "\0").encode("latin-1").ljust(len(PADDING), b"\0") for opening in self.openings)
        return np.array([list(opening) for opening in padded], dtype=np.uint8)

    def values(self, cells: Cells) -> NDArray[np.uint8]:
        """Find the texts that are worth judging, and judge them."""
        worth = np.empty(cells.begins.T.shape, np.bool_)
        _find_openings(cells.text, cells.begins, _LEADING, self._openings, worth)
        marks = np.zeros(worth.shape, dtype=np.uint8)
        if worth.any():
            marks[worth] = self.judge(cells.texts(worth))
        return marks


@dataclass(frozen=True)
class Hashes:
    """Columns of keys as hashes (UInt64): equal keys alike, others (as good as certainly) not; 0 where there is none.

    Attributes:
        fields: name -> number in the file.
        salt: changes all hashes.
    """

    fields: Mapping[str, int]
    salt: int

    def values(self, cells: Cells) -> NDArray[np.uint64]:
        """Hash the cells."""
        values = np.empty(cells.begins.T.shape, np.uint64)
        _hash_cells(cells.text, cells.begins, cells.widths, np.uint64(self.salt), values)
        return values


# Blocks -----------------------------------------------------------------------------------------------------------------------

Values = Sequence[NDArray[Any]]


def read_fields(
    text: Bytes, separator: str, fields: int, columns: Sequence[Columns], details: Sequence[Columns], flags: int
) -> tuple[int, Values, Values]:
    """Read columns of a block of lines, and some of them only where a flag is 1.

    Args:
        text: lines with their line ends, and behind them as many bytes as `PADDING`.
        separator: the character between fields.
        fields: fields of a whole line.
        columns: what to read of every whole line.
        details: what to read of whole lines with a flag.
        flags: how many of the first of `columns` are flags.

    Returns:
        Number of lines; for each of `columns` the values of the whole lines; for each of `details` those of the lines with a flag, in
        the same order. Values have the shape (columns, lines).
    """
    wanted = np.array([field for group in (*columns, *details) for field in group.fields.values()], dtype=np.uint64)
    lines = text[: -len(PADDING)]
    # a whole line has at least its separators and its end
    begins, widths = np.empty((2, len(lines) // fields, len(wanted)), np.int32)
    number, whole = _find_fields(lines, ord(separator), fields, wanted, begins, widths)
    cells = Cells(text, begins[:whole], widths[:whole])
    first = len(wanted) - sum(len(group.fields) for group in details)
    every = _read_columns(cells.of(slice(0, first)), columns)
    flagged = np.flatnonzero((every[0][:flags] == 1).any(axis=0))
    return number, every, _read_columns(cells.of(slice(first, None), flagged), details)


def _read_columns(cells: Cells, groups: Sequence[Columns]) -> Values:
    ends = np.cumsum([len(group.fields) for group in groups]).tolist()
    return [group.values(cells.of(slice(begin, end))) for group, begin, end in zip(groups, [0, *ends], ends, strict=False)]
