"""Fields of delimited lines: what the compiled loops read equals what plain Python reads of the same text.

Belongs here: lines and cells of every form, also broken ones.
Does not belong here: what a column of a release means (test_fjc_idb_criminal.py).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

import numba
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import fields
from pipelines.records import PADDING, number_of_month, read_day, read_number

_CELL = st.one_of(
    st.text("0123456789", max_size=5),
    st.sampled_from(["", "1", "0", "-8", "-12", " 7", "2017.0", "1.0", "1.5", "+3", "40000", "x", "é", "12a", "--1", "-", "."]),
    st.dates(date(1790, 1, 1), date(2210, 1, 1)).map(lambda day: f"{day.month:02d}/{day.day:02d}/{day.year:04d}"),
    st.sampled_from(["02/30/2001", "2/3/2001", "13/01/2001", "00/10/2001", "01/00/2001", "01/01/0000", "01-02-2003", "ab/cd/efgh"]),
    st.sampled_from(["18:2252", "18 2252A", " 18:2252", "018:2251", "21:841", "18"]),
    st.text(st.characters(exclude_characters="\t\r\n", exclude_categories=["Cs"]), max_size=12),
)
_LINE = st.lists(_CELL, min_size=3, max_size=3)


def _day(cells: pl.Series) -> pl.Series:
    return pl.select(read_day(pl.lit(cells), "%m/%d/%Y")).to_series()


def _whole(cells: pl.Series) -> pl.Series:
    return pl.select(read_number(pl.lit(cells), pl.Int16())).to_series()


def _read(text: bytes, columns: list[fields.Columns], details: list[fields.Columns]) -> tuple[int, fields.Values, fields.Values]:
    block = np.frombuffer(text + PADDING, np.uint8)
    return fields.read_fields(block, "\t", 3, columns, details, 1)


def _judge(texts: list[str]) -> list[int]:
    return [5 if text.strip().lstrip("0").startswith("18:22") else 0 for text in texts]


@given(st.lists(st.one_of(_LINE, st.lists(_CELL, max_size=6)), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_whole_lines_are_read_as_by_hand(lines: list[list[str]], end: str) -> None:
    """Numbers, days, codes, marks and keys of any text; lines with too few or too many fields are counted and left."""
    text = "".join("\t".join(line) + end for line in lines).encode()
    found = [line.decode().removesuffix("\r").split("\t") for line in text.split(b"\n")[:-1]]
    known = [line for line in found if len(line) == 3]
    numbers, days = fields.Numbers({"a": 0, "b": 2}, _whole), fields.Days({"c": 1}, _day)
    codes, keys = fields.Codes({"a": 0, "c": 2}, {"1": 1, "0": 2, "x": 3, "12a": 4}, 9), fields.Hashes({"b": 1}, 7)
    marks = fields.Marks({"a": 0, "b": 1, "c": 2}, ("18.22",), _judge)
    number, every, _ = _read(text, [numbers, days, codes, keys, marks], [])
    assert number == len(found)
    columns = list(zip(*known, strict=True)) or [(), (), ()]
    for values, column in zip(every[0].tolist(), (columns[0], columns[2]), strict=True):
        assert values == [_number_by_hand(cell) for cell in column]
    assert every[1][0].tolist() == [_day_by_hand(cell) for cell in columns[1]]
    for values, column in zip(every[2].tolist(), (columns[0], columns[2]), strict=True):
        assert values == [{"1": 1, "0": 2, "x": 3, "12a": 4}.get(cell.strip(), 9) for cell in column]
    hashes = every[3][0].tolist()
    assert [value == 0 for value in hashes] == [cell == "" for cell in columns[1]]
    assert len(set(zip(hashes, columns[1], strict=True))) == len(set(hashes)) == len(set(columns[1]))
    for values, column in zip(every[4].tolist(), columns, strict=True):
        assert values == _judge(list(column))


def _number_by_hand(cell: str) -> int:
    plain = re.fullmatch(r"[+-]?[0-9]+", cell.strip())
    value = int(plain[0]) if plain else None
    return fields.NO_NUMBER if value is None or not -(2**15) <= value < 2**15 else value


def _day_by_hand(cell: str) -> int:
    told = _day(pl.Series([cell])).to_physical()[0]
    plain = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", cell)
    if plain and plain[3] > "0000":
        try:
            by_calendar = (date(int(plain[3]), int(plain[1]), int(plain[2])) - date(1970, 1, 1)).days
        except ValueError:
            by_calendar = None
        assert told == by_calendar
    return fields.NO_DAY if told is None else told


@given(st.lists(st.tuples(st.sampled_from("01x"), st.integers(0, 99)), min_size=1, max_size=20))
def test_details_are_those_of_flagged_lines(lines: list[tuple[str, int]]) -> None:
    """Details come for the lines with a flag, in their order."""
    text = "".join(f"{flag}\t{number}\tz\n" for flag, number in lines).encode()
    _, _, (details,) = _read(text, [fields.Numbers({"flag": 0}, _whole)], [fields.Numbers({"number": 1}, _whole)])
    assert details[0].tolist() == [number for flag, number in lines if flag == "1"]


def test_lines_of_one_field() -> None:
    """Also the first line may be empty: nothing stands before it."""
    block = np.frombuffer(b"\n7\r\n\r\n12\n" + PADDING, np.uint8)
    number, ((values,),), _ = fields.read_fields(block, "\t", 1, [fields.Numbers({"a": 0}, _whole)], [], 1)
    assert (number, values.tolist()) == (4, [fields.NO_NUMBER, 7, fields.NO_NUMBER, 12])


def test_decimals_are_whole_numbers_with_a_point() -> None:
    """Files that went through other software print 2017.0 for 2017; anything else goes to the reader."""
    columns = [fields.Numbers({"a": 0}, lambda cells: pl.Series([-1] * len(cells), dtype=pl.Int16), decimals=True)]
    _, ((values,),), _ = _read(b"2017.0\t\t\n-8.0\t\t\n5\t\t\n2017.5\t\t\n.0\t\t\n\t\t\n", columns, [])
    assert values.tolist() == [2017, -8, 5, -1, -1, fields.NO_NUMBER]


@given(st.lists(st.dates(date(1800, 1, 1), date(2199, 12, 31)), max_size=50), st.dates(date(1890, 1, 1), date(1910, 1, 1)))
def test_months_of_days(days: list[date], after: date) -> None:
    """Months are numbered as everywhere else, and only of days after a certain one."""
    since = [(day - date(1970, 1, 1)).days for day in days]
    months = fields.number_months(np.array([since], dtype=np.int32), (after - date(1970, 1, 1)).days)
    assert months[0].tolist() == [number_of_month(day) if day > after else 0 for day in days]


def test_every_month_begins_and_ends_where_the_calendar_says() -> None:
    """First and last day of four centuries of months."""
    firsts = [date(year, month, 1) for year in range(1800, 2200) for month in range(1, 13)]
    days = [day for first in firsts for day in (first, first - timedelta(days=1))][2:]
    since = np.array([[(day - date(1970, 1, 1)).days for day in days]], dtype=np.int32)
    assert fields.number_months(since, -(2**31))[0].tolist() == [number_of_month(day) for day in days]


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.lists(st.integers(-(2**15), 2**15 - 1), min_size=3, max_size=3)), unique_by=str))
def test_hashes_of_numbers_keep_their_lowest_bits_and_tell_rows_apart(rows: list[tuple[int, list[int]]]) -> None:
    """Rows that differ in the hash or in any number differ; the lowest bits stay, so that they fall into one bucket."""
    hashes = np.array([key for key, _ in rows], dtype=np.uint64)
    numbers = np.array([values for _, values in rows], dtype=np.int16).reshape(-1, 3).T.copy()
    told = np.empty_like(hashes)
    fields.hash_numbers(hashes, numbers, 16, told)
    assert ((told ^ hashes) & np.uint64(0xFFFF) == 0).all()
    assert len(set(told.tolist())) == len(rows)


def test_where_nothing_may_be_kept_loops_are_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hardened service writes neither beside the code nor at home."""
    compile_loop = numba.njit

    def compile_only(signature: object, *, nogil: bool, cache: bool = False) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_loop(signature, nogil=nogil)

    monkeypatch.setattr(numba, "njit", compile_only)
    double = fields.compiled("int64(int64)")(lambda number: number * 2)
    assert double(21) == 42
