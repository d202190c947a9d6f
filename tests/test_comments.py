"""The data dictionary travels inside the database: nothing is uncommented, and columns of one name do not contradict each other."""

from __future__ import annotations

from collections import defaultdict

import duckdb
import polars as pl
import pytest

from pipelines.catalog import RATES
from pipelines.conforming import conform
from pipelines.observations import COLUMNS, SERIES_DIMENSIONS
from pipelines.warehouse import build_database

MEANINGS = {column.name: column.meaning for column in COLUMNS}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A database with one synthetic figure, attached: comments do not depend on data."""
    folder = tmp_path_factory.mktemp("comments")
    figure = {
        "measure": "reports_received", "ref_area": "WORLD", "time_period": "2023-01-01/P1Y", "unit_of_count": "report",
        "unit_measure": "count", "offense_scope": "cybertipline_incident_types", "jurisdiction": "worldwide", "pathway": "any",
        "statistical_population": "cybertipline_reports", "breakdown": "", "obs_value": "1", "value_qualifier": "exact",
        "obs_status": "A", "evidence": "publication", "source_locator": "synthetic",
    }
    conform(pl.DataFrame([figure]), "synthetic_one").write_parquet(folder / "synthetic_one.parquet")
    build_database(folder, RATES, folder / "release.duckdb")
    found = duckdb.connect()
    found.execute(f"ATTACH '{folder / 'release.duckdb'}' AS release (READ_ONLY)")
    return found


def comments_of(con: duckdb.DuckDBPyConnection, query: str) -> dict[tuple[str, ...], str | None]:
    return {tuple(row[:-1]): row[-1] for row in con.sql(query).fetchall()}


def columns(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], str | None]:
    return comments_of(
        con, "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE database_name = 'release' AND NOT internal"
    )


def test_nothing_is_uncommented(con: duckdb.DuckDBPyConnection) -> None:
    kinds = {"table": "tables", "view": "views", "macro": "functions"}
    found: dict[tuple[str, ...], str | None] = {}
    for kind, listed in kinds.items():
        name = "function_name" if kind == "macro" else f"{kind}_name"
        query = f"SELECT '{kind}', {name}, comment FROM duckdb_{listed}() WHERE database_name = 'release' AND NOT internal"
        found |= comments_of(con, query)
    macros = {name for kind, name in found if kind == "macro"}
    assert {("table", "matches"), ("view", "matched_periods"), ("view", "explanations")} <= set(found)
    assert {"as_of", "explain", "period_text"} <= macros
    assert [name for name, comment in {**found, **columns(con)}.items() if not comment] == []


def test_comments_are_sentences_in_words(con: duckdb.DuckDBPyConnection) -> None:
    for name, comment in columns(con).items():
        assert comment is not None
        assert comment.endswith("."), name
        assert comment.rstrip(".") not in (name[1], name[1].replace("_", " ")), name


@pytest.mark.parametrize("view", ["observations", "observations_current"])
def test_columns_of_observations_mean_what_the_schema_says(con: duckdb.DuckDBPyConnection, view: str) -> None:
    found = {name: comment for (table, name), comment in columns(con).items() if table == view}
    found.pop("series_id", None)
    assert found == MEANINGS


def test_the_tables_beneath_say_the_same(con: duckdb.DuckDBPyConnection) -> None:
    found = columns(con)
    tables = ("series", "periods", "attribute_sets", "figures")
    for name in MEANINGS:
        assert found["series" if name in SERIES_DIMENSIONS else "series_observations", name] == MEANINGS[name], name
        beneath = [table for table in tables if (table, name) in found]
        assert beneath, name
        assert {found[table, name] for table in beneath} == {MEANINGS[name]}, name


def test_columns_of_the_matched_table_mean_the_same_in_its_views(con: duckdb.DuckDBPyConnection) -> None:
    meanings: dict[str, set[str | None]] = defaultdict(set)
    for (table, name), comment in columns(con).items():
        if table in ("matched_periods", "prosecution_rates", "computable_rates"):
            meanings[name].add(comment)
    assert [name for name, comments in meanings.items() if len(comments) > 1] == []


def test_units_are_said_where_a_number_could_be_misread(con: duckdb.DuckDBPyConnection) -> None:
    found = columns(con)
    for key, words in {
        ("matched_periods", "rate"): "share of 1",
        ("matched_periods", "rate_low"): "share of 1",
        ("changes", "pct_change"): "percent",
        ("snapshots", "bytes"): "bytes",
        ("question_5_resources_and_outputs", "funding_usd"): "US dollars",
        ("bounds", "lower_bound"): "unit",
    }.items():
        assert words in str(found[key]), key
