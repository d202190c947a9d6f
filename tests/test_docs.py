"""The documents keep their word: every query runs and finds something, the notebook runs from its first cell to its last.

Belongs here: docs/ against a built database. Does not belong here: what the views say (test_views.py).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Workplace

PROJECT = Path(__file__).resolve().parent.parent
QUERIES = {
    found.group(1): text
    for text in re.split(r"\n(?=-- \d+\. )", (PROJECT / "docs" / "queries.sql").read_text(encoding="utf-8"))
    if (found := re.match(r"-- (\d+)\. ", text))
}


def _rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.sql(query).fetchall()


def test_there_are_twenty_queries() -> None:
    assert list(QUERIES) == [str(number) for number in range(1, 21)]


@pytest.mark.parametrize("number", QUERIES)
def test_query_finds_something(number: str, built: Workplace) -> None:
    assert _rows(built.database, QUERIES[number])


def test_headline_query_gives_no_percentage_and_always_a_reason(built: Workplace) -> None:
    rows = _rows(built.database, QUERIES["1"])
    assert {row[4] for row in rows} == {None}
    assert all("numerator_not_collected" in row[5] for row in rows)


def test_printed_shares_are_those_of_the_publication(built: Workplace) -> None:
    # Federal Prosecution of Commercial Sexual Exploitation of Children Cases, 2004-2013: 60 %, 36 % and 4 % of 36,080
    assert [(row[3], row[6]) for row in _rows(built.database, QUERIES["3"])] == [(0.60, 36080), (0.36, 36080), (0.04, 36080)]


def test_guideline_query_gives_the_counts_of_the_commission(built: Workplace) -> None:
    rows = {row[0]: row[1:3] for row in _rows(built.database, QUERIES["12"])}
    assert rows["2013-10-01/P1Y"] == (1616, 75836)
    assert rows["2016-10-01/P1Y"] == (1409, 66873)


def test_notebook_runs_from_attach_to_chart(built: Workplace, tmp_path: Path) -> None:
    chart = tmp_path / "reports.html"
    done = subprocess.run(
        [sys.executable, str(PROJECT / "docs" / "notebook.py"), "--", "--database", str(built.database), "--chart", str(chart)],
        check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "36210368" in chart.read_text(encoding="utf-8").replace(".0", "")  # reports of 2023, worldwide
