"""One schema, two languages: what SQL publishes is what Python declares, and what `conform` refuses the database refuses, too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.catalog import DIMENSIONS
from pipelines.conforming import SCHEMA, ObservationError, conform
from pipelines.observations import MISSING_STATUSES, SERIES_DIMENSIONS
from pipelines.vocabulary import CODE_LIST_OF, CODE_LISTS, PROJECT, catalogue_vocabulary, read_code_list
from tests.conftest import Workplace

SQL_TYPE = {pl.String(): "VARCHAR", pl.Date(): "DATE", pl.Float64(): "DOUBLE", pl.Int32(): "INTEGER"}

#: the published interface, written down once more: names that analysts and their queries rely on
SIDE = (
    "series_id", "source_id", "measure", "ref_area", "time_period", "unit_of_count", "offense_scope", "jurisdiction", "pathway",
    "population", "breakdown", "qualifier", "basis", "obs_status", "obs_note",
)  # fmt: skip
MATCHED_PERIODS = (
    "rate_id", "rate_kind", "question", "time_period", "period_start", "period_end", "numerator", "denominator", "rate", "rate_basis",
    "rate_low", "rate_high", "prosecution_rate", "null_reasons", "overlap_days",
    *(f"numerator_{name}" for name in SIDE), *(f"denominator_{name}" for name in SIDE),
)  # fmt: skip


@pytest.fixture
def release(built: Workplace) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{built.database}' AS release (READ_ONLY)")
        connection.execute("USE release")
        yield connection


@pytest.fixture
def writable(small: Workplace, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(small.database, copy)
    with duckdb.connect(str(copy)) as connection:
        yield connection


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return dict(connection.sql(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall())


# --- agreement ------------------------------------------------------------------------------------------------------------------


def test_the_view_of_observations_is_the_schema(release: duckdb.DuckDBPyConnection) -> None:
    assert columns_of(release, "observations") == {name: SQL_TYPE[dtype] for name, dtype in SCHEMA.items()}
    assert list(columns_of(release, "observations")) == list(SCHEMA)


def test_the_current_observations_add_their_series(release: duckdb.DuckDBPyConnection) -> None:
    assert list(columns_of(release, "observations_current")) == [*SCHEMA, "series_id"]


def test_series_are_the_dimensions(release: duckdb.DuckDBPyConnection) -> None:
    assert set(columns_of(release, "series")) == {"series_id", "series_no", *SERIES_DIMENSIONS}
    assert SERIES_DIMENSIONS == DIMENSIONS


def test_breaks_have_a_cell_for_every_dimension(release: duckdb.DuckDBPyConnection) -> None:
    assert set(columns_of(release, "breaks")) == {
        "break_id", "date", "breaks_rate", "breaks_change", *SERIES_DIMENSIONS, "description", "url",
    }  # fmt: skip


def test_matched_periods_have_exactly_the_published_columns(release: duckdb.DuckDBPyConnection) -> None:
    columns = columns_of(release, "matched_periods")
    assert list(columns) == list(MATCHED_PERIODS)
    assert columns["null_reasons"] == "VARCHAR[]"
    assert {columns[name] for name in ("numerator", "denominator", "rate", "rate_low", "rate_high", "prosecution_rate")} == {"DOUBLE"}


def test_as_of_gives_the_same_columns(release: duckdb.DuckDBPyConnection) -> None:
    names = [name for (name,) in release.sql("SELECT column_name FROM (DESCRIBE SELECT * FROM as_of(current_date))").fetchall()]
    assert names == list(MATCHED_PERIODS)


@pytest.mark.parametrize("dimension", CODE_LIST_OF)
def test_a_code_list_is_published_whole(release: duckdb.DuckDBPyConnection, dimension: str) -> None:
    table = {"obs_status": "obs_statuses"}.get(CODE_LIST_OF[dimension], CODE_LIST_OF[dimension])
    listed = read_code_list(CODE_LISTS / f"{CODE_LIST_OF[dimension]}.csv")
    columns = columns_of(release, table)
    assert set(listed[0]) <= set(columns)
    names = list(listed[0])
    found = release.sql(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    assert sorted(str(cell or "") for row in found for cell in row) == sorted(cell for row in listed for cell in row.values())
    assert {row[names.index("code")] for row in found} == set(catalogue_vocabulary().codes[dimension])


def test_the_statuses_of_missing_values_are_the_same_everywhere() -> None:
    written = "('" + "', '".join(MISSING_STATUSES) + "')"
    assert written in (PROJECT / "sql" / "010_tables.sql").read_text(encoding="utf-8")
    assert written in (PROJECT / "sql" / "012_input_problems.sql").read_text(encoding="utf-8")


def test_every_code_in_use_is_in_its_list(release: duckdb.DuckDBPyConnection) -> None:
    for dimension, codes in catalogue_vocabulary().codes.items():
        used = {code for (code,) in release.sql(f"SELECT DISTINCT {dimension} FROM observations").fetchall()}
        assert used <= set(codes), dimension


# --- the database refuses what conform refuses ----------------------------------------------------------------------------------

FIGURE: dict[str, Any] = {
    "measure": "reports_received", "ref_area": "US", "time_period": "2030-01-01/P1Y", "period_start": "2030-01-01",
    "period_end": "2030-12-31", "unit_of_count": "report", "unit_measure": "count", "offense_scope": "cybertipline_incident_types",
    "jurisdiction": "us_all", "pathway": "any", "statistical_population": "cybertipline_reports", "breakdown": "", "obs_value": "12",
    "value_qualifier": "exact", "obs_status": "A", "base_value": None, "decimals": None, "published_on": "2031", "evidence": "publication",
    "source_locator": "synthetic", "url": None, "obs_note": None, "snapshot_id": "0" * 64,
}  # fmt: skip
SERIES_ONLY = [name for name in SERIES_DIMENSIONS if name in CODE_LIST_OF]


def insert(connection: duckdb.DuckDBPyConnection, figure: dict[str, Any]) -> None:
    """Put a figure into the four tables that hold it; a set of attributes has a number below zero if the figure has no value."""
    number = 10**6
    attributes_no = number if figure["obs_value"] is not None else -number
    rows: dict[str, dict[str, Any]] = {
        "series": {
            "series_id": "synthetic", "series_no": number, "source_id": "synthetic", **{n: figure[n] for n in SERIES_DIMENSIONS[1:]},
        },
        "periods": {
            "period_no": number, "published_no": number, **{n: figure[n] for n in ("time_period", "period_start", "period_end")},
        },
        "attribute_sets": {
            "attributes_no": attributes_no,
            "known_from": "2031-01-01",
            **{n: figure[n] for n in columns_of(connection, "attribute_sets") if n not in ("attributes_no", "known_from")},
        },
        "figures": {"series_no": number, "period_no": number, "obs_value": figure["obs_value"], "attributes_no": attributes_no},
    }  # fmt: skip
    for table, row in rows.items():
        assert set(row) <= set(columns_of(connection, table))
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def test_a_figure_is_taken_by_both(writable: duckdb.DuckDBPyConnection) -> None:
    assert conform(pl.DataFrame([FIGURE], infer_schema_length=None), "synthetic").height == 1
    insert(writable, FIGURE)
    asked = f"SELECT {', '.join(FIGURE)} FROM observations WHERE source_id = 'synthetic'"
    told = writable.sql(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({asked})")
    assert told.fetchall() == [tuple(f"{float(v)}" if n == "obs_value" else v for n, v in FIGURE.items())]


@pytest.mark.parametrize(
    "change",
    [
        {"obs_value": None},
        {"obs_status": "L"},
        {"obs_status": "Q"},
        {"obs_value": "-1"},
        {"obs_value": "inf"},
        {"obs_value": "nan"},
        {"unit_measure": "percent", "base_value": "-5"},
        {"unit_measure": "percent", "base_value": "inf"},
        {"time_period": "2030-12-31/2030-01-01", "period_start": "2030-12-31", "period_end": "2030-01-01"},
        {"source_locator": ""},
        {"source_locator": None},
        {"time_period": None},
        {"value_qualifier": None},
        {"obs_status": None},
        {"evidence": None},
        {"obs_value": "twelve"},
        *({name: "no_such_code"} for name in SERIES_ONLY),
        *({name: None} for name in (*SERIES_ONLY, "ref_area")),
    ],
    ids=lambda change: ", ".join(f"{name}={value}" for name, value in change.items()),
)
def test_what_conform_refuses_the_database_refuses(writable: duckdb.DuckDBPyConnection, change: dict[str, Any]) -> None:
    wrong = {**FIGURE, **change}
    with pytest.raises(ObservationError):
        conform(pl.DataFrame([wrong], infer_schema_length=None), "synthetic")
    with pytest.raises((duckdb.ConstraintException, duckdb.ConversionException)):
        insert(writable, wrong)


# --- the law of the house -------------------------------------------------------------------------------------------------------

#: the parts of a match that the law speaks of; what they say in words is the view matched_periods
REFUSED: dict[str, Any] = {
    "rate_no": 1, "period_no": 1, "rate": None, "reason_bits": 1 << 11,
}  # fmt: skip
STANDING: dict[str, Any] = {**REFUSED, "rate": 0.25, "reason_bits": 0}


def put(connection: duckdb.DuckDBPyConnection, row: dict[str, Any], table: str = "matches") -> None:
    marks = ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def test_lawful_rows_are_taken(writable: duckdb.DuckDBPyConnection) -> None:
    for row in (REFUSED, STANDING, {**STANDING, "rate": 0.0}, {**REFUSED, "reason_bits": (1 << 11) | (1 << 19)}):
        put(writable, row)


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("neither rate nor reason", {**REFUSED, "reason_bits": 0}),
        ("reasons not known", {**REFUSED, "reason_bits": None}),
        ("rate and reason", {**STANDING, "reason_bits": 1 << 11}),
        ("a reason nobody knows", {**REFUSED, "reason_bits": 1 << 21}),
        ("a reason nobody knows beside one that is known", {**REFUSED, "reason_bits": (1 << 11) | (1 << 21)}),
        ("reasons below zero", {**REFUSED, "reason_bits": -1}),
        ("infinite", {**STANDING, "rate": float("inf")}),
        ("not a number", {**STANDING, "rate": float("nan")}),
        ("negative", {**STANDING, "rate": -0.1}),
        ("no period", {**REFUSED, "period_no": None}),
        ("no name", {**REFUSED, "rate_no": None}),
    ],
)
def test_the_law_of_the_house_holds_in_the_database(writable: duckdb.DuckDBPyConnection, row: str, change: dict[str, Any]) -> None:
    with pytest.raises(duckdb.ConstraintException):
        put(writable, change)


def test_the_words_of_a_match_follow_from_its_numbers(writable: duckdb.DuckDBPyConnection) -> None:
    """Every set of one, two and all reasons is told as the list of its codes; kind and basis of a rate say what the rate is."""
    writable.execute("DELETE FROM matches")
    codes = [row["code"] for row in sorted(read_code_list(PROJECT / "catalog" / "null_reasons.csv"), key=lambda row: int(row["position"]))]
    assert len(codes) == 21
    sets = [0, (1 << 21) - 1, *({(1 << i) | (1 << j) for i in range(21) for j in range(21)})]
    for number, bits in enumerate(sets):
        put(writable, {**(REFUSED if bits else STANDING), "reason_bits": bits, "numerator": number})
    told = dict(writable.sql("SELECT numerator, null_reasons FROM in_words('matches')").fetchall())
    assert told == {number: [code for i, code in enumerate(codes) if bits >> i & 1] for number, bits in enumerate(sets)}
    writable.execute("DELETE FROM matches")
    rates = writable.sql("SELECT rate_no, rate_kind, is_published_percentage FROM rates").fetchall()
    assert len({(kind == "prosecution", published) for _, kind, published in rates}) == 4
    for rate_no, _, _ in rates:
        put(writable, {**STANDING, "rate_no": rate_no})
        put(writable, {**REFUSED, "rate_no": rate_no})
    told_rates = writable.sql("SELECT rate_kind, rate, prosecution_rate, rate_basis FROM in_words('matches') ORDER BY ALL").fetchall()
    assert sorted(told_rates, key=str) == sorted(
        [
            row
            for _, kind, published in rates
            for row in (
                (kind, 0.25, 0.25 if kind == "prosecution" else None, "published" if published else "computed"),
                (kind, None, None, None),
            )
        ],
        key=str,
    )


REFUSED_IN_WORDS: dict[str, Any] = {
    **dict.fromkeys(MATCHED_PERIODS),
    "rate_id": "synthetic", "rate_kind": "prosecution", "question": "Synthetic?", "time_period": "2030-01-01/P1Y",
    "period_start": "2030-01-01", "period_end": "2030-12-31", "null_reasons": ["period_mismatch"],
}  # fmt: skip
STANDING_IN_WORDS: dict[str, Any] = {
    **REFUSED_IN_WORDS, "rate": 0.25, "rate_basis": "computed", "prosecution_rate": 0.25, "null_reasons": [],
}  # fmt: skip
PUBLISHED_IN_WORDS: dict[str, Any] = {**STANDING_IN_WORDS, "rate_basis": "published", "rate_low": 0.245, "rate_high": 0.255}


def test_lawful_rows_are_taken_in_words(writable: duckdb.DuckDBPyConnection) -> None:
    for row in (
        REFUSED_IN_WORDS,
        STANDING_IN_WORDS,
        PUBLISHED_IN_WORDS,
        {**STANDING_IN_WORDS, "rate_kind": "arrest", "prosecution_rate": None},
        {**STANDING_IN_WORDS, "rate": 0.0, "prosecution_rate": 0.0},
        {**REFUSED_IN_WORDS, "null_reasons": ["period_mismatch", "series_break"]},
    ):
        put(writable, row, "matched_periods")


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ("neither rate nor reason", {**REFUSED_IN_WORDS, "null_reasons": []}),
        ("reasons not known", {**REFUSED_IN_WORDS, "null_reasons": None}),
        ("rate and reason", {**STANDING_IN_WORDS, "null_reasons": ["period_mismatch"]}),
        ("a reason that is NULL", {**REFUSED_IN_WORDS, "null_reasons": [None]}),
        ("a reason among others that is NULL", {**REFUSED_IN_WORDS, "null_reasons": ["period_mismatch", None]}),
        ("a reason twice", {**REFUSED_IN_WORDS, "null_reasons": ["period_mismatch", "period_mismatch"]}),
        ("infinite", {**STANDING_IN_WORDS, "rate": float("inf"), "prosecution_rate": float("inf")}),
        ("not a number", {**STANDING_IN_WORDS, "rate": float("nan"), "prosecution_rate": float("nan")}),
        ("negative", {**STANDING_IN_WORDS, "rate": -0.1, "prosecution_rate": -0.1}),
        ("a rate without basis", {**STANDING_IN_WORDS, "rate_basis": None}),
        ("a basis without rate", {**REFUSED_IN_WORDS, "rate_basis": "computed"}),
        ("a basis nobody knows", {**STANDING_IN_WORDS, "rate_basis": "estimated"}),
        ("outside its bounds, above", {**PUBLISHED_IN_WORDS, "rate_high": 0.2}),
        ("outside its bounds, below", {**PUBLISHED_IN_WORDS, "rate_low": 0.3}),
        ("bounds without a rate", {**REFUSED_IN_WORDS, "rate_low": 0.1, "rate_high": 0.2}),
        ("a prosecution rate of something else", {**STANDING_IN_WORDS, "rate_kind": "arrest"}),
        ("a prosecution rate that differs", {**STANDING_IN_WORDS, "prosecution_rate": 0.5}),
        ("a prosecution rate left out", {**STANDING_IN_WORDS, "prosecution_rate": None}),
        ("a prosecution rate where there is none", {**REFUSED_IN_WORDS, "prosecution_rate": 0.5}),
        ("no period", {**REFUSED_IN_WORDS, "time_period": None}),
        ("no name", {**REFUSED_IN_WORDS, "rate_id": None}),
    ],
)
def test_the_law_of_the_house_holds_in_the_stored_words(writable: duckdb.DuckDBPyConnection, row: str, change: dict[str, Any]) -> None:
    with pytest.raises(duckdb.ConstraintException):
        put(writable, change, "matched_periods")


def test_reasons_in_use_are_in_their_order(release: duckdb.DuckDBPyConnection) -> None:
    order = dict(release.sql("SELECT code, position FROM null_reasons").fetchall())
    assert sorted(order.values()) == list(range(1, 22))
    for (reasons,) in release.sql("SELECT DISTINCT null_reasons FROM matched_periods").fetchall():
        positions = [order[reason] for reason in reasons]
        assert positions == sorted(set(positions)), reasons


def test_matched_periods_are_as_of_today(release: duckdb.DuckDBPyConnection) -> None:
    ((table_only,),) = release.sql("SELECT count(*) FROM (FROM matched_periods EXCEPT FROM as_of(current_date))").fetchall()
    ((macro_only,),) = release.sql("SELECT count(*) FROM (FROM as_of(current_date) EXCEPT FROM matched_periods)").fetchall()
    assert (table_only, macro_only) == (0, 0)
