"""The warehouse: run the files of sql/ over observations into one DuckDB file.

Belongs here: everything that touches DuckDB (connections, staging Parquet, running SQL files), and the stand-alone command
`python -m pipelines.warehouse --observations DIR --rates FILE --out FILE.duckdb [--code-lists DIR] [--breaks FILE]`.
Does not belong here: rules of matching (sql/), the observation schema (observations.py), release folders (releases.py).
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipelines.catalog import RATES, CatalogError, Rate, load_rates
from pipelines.observations import (
    COLUMNS,
    OPTIONAL,
    SERIES_DIMENSIONS,
    Content,
    last_day_of,
    period_bounds,
    published_on_problem,
    series_problems,
)
from pipelines.vocabulary import (
    CODE_LIST_OF,
    CODE_LISTS,
    PROJECT,
    Vocabulary,
    VocabularyError,
    code_list_path,
    load_vocabulary,
    read_code_list,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    # frames are made by DuckDB where they are asked for; the matching itself has none, and loading Polars takes as long as a tenth of it
    import polars as pl

SQL = PROJECT / "sql"
BREAKS = PROJECT / "catalog" / "breaks.csv"
NULL_REASONS = PROJECT / "catalog" / "null_reasons.csv"
DECLINATION_REASONS = CODE_LISTS / "declination_reasons.csv"

#: code list file (without .csv) -> the table that publishes it
_TABLE_OF_CODE_LIST = {"obs_status": "obs_statuses"}
_MEMORY_LIMIT = "3GiB"
_SHOWN_PROBLEMS = 5
#: what is said about a figure beside its number, in the order in which its combinations are numbered, and which of it are codes
_ATTRIBUTES = (
    "published_on", "snapshot_id", "source_locator", "url", "evidence", "obs_status", "value_qualifier", "decimals", "base_value",
    "obs_note",
)  # fmt: skip
_CODED_ATTRIBUTES = ("value_qualifier", "obs_status", "evidence")
#: what 012_input_problems.sql needs to know about a number, as one bit: none, negative, possible, infinite, and the same of percentages
_KIND_OF_VALUE = (
    "(CASE WHEN obs_value IS NULL THEN 1 WHEN obs_value < 0 THEN 2 WHEN isfinite(obs_value) THEN 4 ELSE 8 END)"
    " << (CASE WHEN unit_measure = 'percent' THEN 4 ELSE 0 END) AS kind_of_value"
)


class WarehouseError(ValueError):
    """Input the warehouse refuses: the message names source, place and remedy."""


@dataclass(frozen=True)
class ReleaseFacts:
    """What a release says about itself; all empty when the matching runs by itself over a folder of observations.

    Attributes:
        tables: table of sql/010_tables.sql -> its rows, as column -> value.
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def build_database(
    observations: Path,
    rates: Path,
    out: Path,
    code_lists: Path | None = None,
    breaks: Path | None = None,
    facts: ReleaseFacts | None = None,
) -> None:
    """Build the database from a folder of observation Parquet; `out` appears complete, or not at all.

    Args:
        observations: folder with Parquet files in the observation schema (`OPTIONAL` columns may be absent), also in subfolders.
        rates: TOML file of declared rates.
        out: DuckDB file to write; an older one is replaced. It is readable by DuckDB 1.x clients.
        code_lists: folder of code lists; the catalogue's by default.
        breaks: CSV of breaks in series; the catalogue's by default.
        facts: rows for the tables that describe the release.

    Raises:
        WarehouseError: anything in the input that cannot be read without guessing.
    """
    try:
        declared = load_rates(rates)
        vocabulary = load_vocabulary(code_lists or CODE_LISTS)
    except (CatalogError, VocabularyError) as problem:
        raise WarehouseError(str(problem)) from problem
    break_rows = read_breaks(breaks or BREAKS)
    files = sorted(observations.rglob("*.parquet")) if observations.is_dir() else []
    if not files:
        raise WarehouseError(f"{observations}: no Parquet file of observations there: give the folder that holds them")
    if not out.parent.is_dir():
        raise WarehouseError(f"{out}: its folder does not exist: create it first")
    if out.is_dir():
        raise WarehouseError(f"{out}: is a folder: give the path of a file")

    building = out.with_name(f".{out.name}.{os.getpid()}.building")
    try:
        # a release is megabytes in fifty tables: small blocks keep it a quarter of the size
        with _writing(building, block_bytes=16_384 if facts else 262_144) as con:
            _run(con, "010_tables.sql", "011_staged.sql")
            with _beside(con, lambda other: _define(other, vocabulary, break_rows, declared, facts)):
                _read(con, files, vocabulary)
            # in a release one of the views becomes a table first, whose columns are commented afterwards
            with _beside(con, lambda other: None if facts else _run(other, "095_comments_of_views.sql")):
                _run(con, "015_keys.sql")
                with _beside(con, lambda other: _run(other, "016_series.sql")):
                    _run(con, "017_figures.sql")
                _run(con, "018_repeated_keys.sql")
                _refuse(con, "repeated_keys")
                _run(con, "020_selection.sql", "021_period_labels.sql")
            with _beside(con, lambda other: _run(other, "090_comments_of_tables.sql")):
                _run(con, "045_matches.sql")
            if facts:
                _run(con, "matched_periods/stored_rows.sql", "matched_periods/in_words_stored.sql", "095_comments_of_views.sql")
        building.replace(out)
    finally:
        for leftover in (building, building.with_name(building.name + ".wal")):
            leftover.unlink(missing_ok=True)
        shutil.rmtree(f"{building}.tmp", ignore_errors=True)


@dataclass(frozen=True)
class Session:
    """Finished databases that are open for reading; several threads may read at once.

    Attributes:
        connection: read-only, without access to anything else.
        database: name of the database whose relations need no prefix.
    """

    connection: duckdb.DuckDBPyConnection
    database: str

    def read(self, statements: Mapping[str, str], parameters: Sequence[str | None] = ()) -> Iterator[tuple[str, pl.DataFrame]]:
        """Read several relations, each as a frame as soon as it is asked for; what a statement prepares is there for those after it.

        Args:
            statements: what to call a relation -> the statement that gives it.
            parameters: values of the statements' question marks.
        """
        with self.connection.cursor() as cursor:
            cursor.execute(f"USE {self.database}")
            cursor.execute("SET enable_progress_bar = false")
            for name, statement in statements.items():
                yield name, cursor.sql(statement, params=list(parameters)).pl()


@contextmanager
def open_session(databases: Mapping[str, Path]) -> Iterator[Session]:
    """Open finished databases in a session of their own.

    Args:
        databases: name to attach a file under -> the file; names without a database are looked up in the last one.

    Raises:
        WarehouseError: a file cannot be opened or a statement fails.
    """
    try:
        with duckdb.connect(config={"temp_directory": ""}) as con:
            for name, database in databases.items():
                con.execute(f"ATTACH '{_quoted(database)}' AS {name} (READ_ONLY)")
            con.execute(f"USE {name}")
            con.execute("SET enable_external_access = false")
            con.execute("SET enable_progress_bar = false")
            yield Session(con, name)
    except duckdb.Error as problem:
        told = ", ".join(database.name for database in databases.values())
        raise WarehouseError(f"{told}: {problem}: build again") from problem


def query(database: Path, statement: str) -> list[tuple[Any, ...]]:
    """Read rows from a finished database in a session of its own.

    Raises:
        WarehouseError: the file cannot be opened or the statement fails.
    """
    with open_session({"release": database}) as session:
        return session.connection.sql(statement).fetchall()


def read_frames(
    databases: Mapping[str, Path], statements: Mapping[str, str], parameters: Sequence[str | None] = ()
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Read frames from finished databases in a session of their own; see `open_session` and `Session.read`."""
    with open_session(databases) as session:
        yield from session.read(statements, parameters)


def read_breaks(path: Path) -> list[dict[str, Any]]:
    """Read breaks in series from CSV.

    Raises:
        WarehouseError: the file or a column is missing, a column is unknown, an id stands twice, a date is not ISO 8601, or a
            flag is neither true nor false.
    """
    columns = ("break_id", "date", "breaks_rate", "breaks_change", *SERIES_DIMENSIONS, "description", "url")
    if not path.is_file():
        raise WarehouseError(f"{path.name}: no such file: give the CSV of breaks")
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        absent = [name for name in columns if name not in (reader.fieldnames or [])]
        unknown = [name for name in (reader.fieldnames or []) if name not in columns]
        if absent or unknown:
            raise WarehouseError(f"{path.name}: line 1: missing columns {absent}, unknown columns {unknown}: use {', '.join(columns)}")
        for line, texts in enumerate(reader, start=2):
            row: dict[str, Any] = {name: (texts[name] or "").strip() or None for name in columns}
            try:
                row["date"] = date.fromisoformat(row["date"] or "")
                row["breaks_rate"], row["breaks_change"] = (
                    {"true": True, "false": False}[(row[name] or "").lower()] for name in ("breaks_rate", "breaks_change")
                )
            except (ValueError, KeyError) as problem:
                raise WarehouseError(
                    f"{path.name}: line {line}: {problem}: write an ISO date, and true or false for breaks_rate and breaks_change"
                ) from None
            if row["break_id"] is None or row["break_id"] in {other["break_id"] for other in rows}:
                raise WarehouseError(f"{path.name}: line {line}: break_id is empty or stands twice: give each break its own")
            rows.append(row)
    return rows


@contextmanager
def _writing(path: Path, block_bytes: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a new database file for writing, as the current database; it is complete on disk when the block ends."""
    con = duckdb.connect(config={"memory_limit": _MEMORY_LIMIT, "temp_directory": f"{path}.tmp"})
    try:
        # the oldest storage version that DuckDB 1.x clients read
        con.execute(f"ATTACH '{_quoted(path)}' AS release (STORAGE_VERSION 'v1.0.0', BLOCK_SIZE {block_bytes})")
        con.execute("USE release")
        # every statement over the observations would read the foot of every file again
        con.execute("SET parquet_metadata_cache = true")
        # a row group is written as soon as it is full: to wait for five only takes memory
        con.execute("SET write_buffer_row_group_count = 1")
        # the matching is written in the order in which it should run: intermediate results have no statistics to plan by
        # (and common_subplan of DuckDB 2.0 takes two columns of one view for the same where they come of like joins)
        con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,common_subplan'")
        yield con
        con.execute("USE memory")
        con.execute("DETACH release")
    except duckdb.Error as problem:
        raise WarehouseError(f"{path.name}: {problem}: nothing was published; see to the cause and build again") from problem
    finally:
        con.close()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _run(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        con.execute((SQL / name).read_text(encoding="utf-8"))


@contextmanager
def _beside(con: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], None]) -> Iterator[None]:
    """Work in a second session while the block does something else: what only defines or looks up keys keeps one core busy.

    The block's error is the one that is raised, when the work has ended; an error of the work is raised after the block.
    """
    with con.cursor() as other, ThreadPoolExecutor(max_workers=1) as pool:
        other.execute("USE release")
        working = pool.submit(work, other)
        yield
        working.result()


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows by column name; keys that are no column of the table are left out, and empty text is NULL."""
    columns = [name for (name,) in con.sql(f"SELECT column_name FROM (DESCRIBE {table})").fetchall()]
    kept = [{name: (None if row.get(name) == "" else row.get(name)) for name in columns} for row in rows]
    if kept:
        # a parameter, not a frame: frames would import Arrow, which takes longer than all the rows
        con.execute(f"INSERT INTO {table} BY NAME SELECT incoming.* FROM (SELECT unnest($rows) AS incoming)", {"rows": kept})


def _insert_code_lists(con: duckdb.DuckDBPyConnection, vocabulary: Vocabulary) -> None:
    for name in CODE_LIST_OF.values():
        _insert(con, _TABLE_OF_CODE_LIST.get(name, name), read_code_list(code_list_path(vocabulary.folder, name)))
    _insert(con, "null_reasons", read_code_list(NULL_REASONS))
    # a breakdown, not a dimension: folders of other code lists need not have it
    _insert(con, "declination_reasons", read_code_list(DECLINATION_REASONS))


def _insert_rates(con: duckdb.DuckDBPyConnection, rates: Sequence[Rate]) -> None:
    _insert(
        con,
        "rates",
        [
            {
                "rate_id": rate.rate_id,
                "rate_no": number,
                "rate_kind": rate.kind,
                "question": rate.question,
                "varies": list(rate.varies),
                "is_published_percentage": rate.denominator is None,
            }
            for number, rate in enumerate(rates, start=1)
        ],
    )
    _insert(
        con,
        "rate_selectors",
        [
            {"rate_id": rate.rate_id, "side": side, "dimension": dimension, "codes": list(codes)}
            for rate in rates
            for side, selector in (("numerator", rate.numerator), ("denominator", rate.denominator))
            if selector is not None
            for dimension, codes in selector.codes.items()
            if codes is not None
        ],
    )


def _define(
    con: duckdb.DuckDBPyConnection,
    vocabulary: Vocabulary,
    break_rows: Sequence[Mapping[str, Any]],
    declared: Sequence[Rate],
    facts: ReleaseFacts | None,
) -> None:
    """Fill the tables that do not depend on observations, and define every macro and view."""
    _insert_code_lists(con, vocabulary)
    _insert(con, "breaks", break_rows)
    _insert_rates(con, declared)
    for table, rows in (facts or ReleaseFacts()).tables.items():
        _insert(con, table, rows)
    _run(con, "030_matching.sql", "040_matched_periods.sql")
    # written down for the many who read a release; made as it is read where only the matching is wanted
    _run(con, "matched_periods/stored.sql" if facts else "matched_periods/stand_in.sql")
    _run(con, *(path.name for path in sorted(SQL.glob("0[5-8]*.sql"))))
    if not facts:
        _run(con, "matched_periods/viewed.sql")


def _read(con: duckdb.DuckDBPyConnection, files: Sequence[Path], vocabulary: Vocabulary) -> None:
    """Stage the files and refuse what is wrong with them."""
    try:
        _stage(con, files, vocabulary)
        _run(con, "012_input_problems.sql")
        _refuse(con, "input_problems")
    except duckdb.Error as problem:
        if damaged := _damaged_files(con, files):
            raise WarehouseError(f"{damaged[0]}: {problem}: the file is damaged, write it again") from problem
        raise


def _stage(con: duckdb.DuckDBPyConnection, files: Sequence[Path], vocabulary: Vocabulary) -> None:
    """Stage Parquet: `staged` (a view of its rows), and its distinct series, attributes, periods and editions, all judged."""
    listed = ", ".join(f"'{_quoted(path)}'" for path in files)
    reading = f"FROM read_parquet([{listed}], union_by_name = true)"
    try:
        given = [name for (name,) in con.sql(f"SELECT column_name FROM (DESCRIBE {reading})").fetchall()]
    except duckdb.Error as problem:
        raise WarehouseError(f"observations: {problem}: write them as Parquet in the observation schema") from problem
    known = [column.name for column in COLUMNS]
    unknown = [name for name in given if name not in known]
    absent = [name for name in known if name not in given]
    if unknown:
        raise WarehouseError(f"observations: unknown column {', '.join(unknown)}: remove it or name it as in the schema")
    if needed := [name for name in absent if name not in OPTIONAL]:
        raise WarehouseError(f"observations: no column {', '.join(needed)}: add it")
    expressions = [
        f"CAST({'NULL' if column.name in absent else _cleaned(column.name)} AS {_SQL_TYPE[column.content]}) AS {column.name}"
        for column in COLUMNS
    ]
    constant = [*absent, *_constant_columns(con, files)]
    con.execute(f"CREATE TEMP VIEW given AS SELECT *, {_KIND_OF_VALUE} FROM (SELECT {', '.join(expressions)} {reading})")
    try:
        series_key = _number(con, "series", SERIES_DIMENSIONS, constant)
        attributes_key = _number(con, "attributes", ("source_id", *_ATTRIBUTES), constant, "bit_or(kind_of_value) AS kinds_of_values")
        con.execute(
            "CREATE TEMP TABLE staged_texts AS SELECT time_period, min(period_start) AS first_start, max(period_start) AS last_start,"
            " min(period_end) AS first_end, max(period_end) AS last_end FROM given GROUP BY time_period"
        )
    except duckdb.ConversionException as problem:
        raise WarehouseError(f"observations: {problem}: write the column in its type of the schema") from problem
    con.execute(f"CREATE TEMP VIEW staged AS SELECT *, {series_key} AS series_key, {attributes_key} AS attributes_key FROM given")
    _judge_codes(con, vocabulary)
    _judge_dates(con)


def _constant_columns(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[str]:
    """Find the columns that the statistics in the files' feet show to have one value.

    A text that was cut is known by the row that does not have it, or by a greatest text that was raised, as the format asks. What the
    folders of a path say (`pathway=any/`) is in no foot: such columns are looked at.
    """
    listed = ", ".join(f"'{_quoted(path)}'" for path in files)
    shown = dict(con.sql(f"FROM constant_columns([{listed}])").fetchall())
    first = con.sql(f"FROM read_parquet('{_quoted(files[0])}') LIMIT 1")
    values = [(name, value) for row in first.fetchall() for name, value in zip(first.columns, row, strict=True)]
    in_paths = {part.partition("=")[0] for path in files for part in path.parts if "=" in part}
    return [name for name, value in values if name in shown and name not in in_paths and value == shown[name]]


def _number(con: duckdb.DuckDBPyConnection, what: str, names: Sequence[str], constant: Sequence[str], told: str = "") -> str:
    """Number the combinations of columns, in their order: the view `staged_<what>` has `number`, the columns, and what is `told`.

    Only columns that vary are grouped and sorted, which is most of the work where every row has a place of its own.

    Returns:
        What tells the combinations apart, by which a row finds its own; the view has it as `<what>_key`. Not a hash: DuckDB's
        gives 'table 10, row 244' and 'table 17, row 214' the same number.
    """
    varying = [name for name in names if name not in constant]
    # a cell that is the same in all rows joins what varies with what does not, and is there where nothing else is
    grouped = ", ".join(filter(None, ("0 AS all_alike", *varying, told)))
    asked = f"SELECT {grouped} FROM given GROUP BY ALL" if told else f"SELECT DISTINCT {grouped} FROM given"
    con.execute(f"CREATE TEMP TABLE varying_{what} AS SELECT row_number() OVER () AS number, * FROM ({asked} ORDER BY ALL)")
    constants = ", ".join(("0 AS all_alike", *(name for name in names if name in constant)))
    con.execute(f"CREATE TEMP TABLE constant_{what} AS SELECT {constants} FROM given LIMIT 1")
    tests = [f"min({name}) IS DISTINCT FROM max({name}) OR count({name}) NOT IN (0, count(*))" for name in varying]
    ((_, *varies),) = con.sql(f"SELECT {', '.join(('count(*)', *tests))} FROM varying_{what}").fetchall()
    telling = [name for name, does in zip(varying, varies, strict=True) if does] or ["0"]
    key = telling[0] if len(telling) == 1 else f"row({', '.join(telling)})"
    con.execute(
        f"CREATE TEMP VIEW staged_{what} AS SELECT * EXCLUDE (all_alike), {key} AS {what}_key"
        f" FROM varying_{what} JOIN constant_{what} USING (all_alike)"
    )
    return key


def _damaged_files(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[Path]:
    """Find the files whose pages cannot be read, though their foot can."""
    damaged = []
    for path in files:
        try:
            con.execute(f"SELECT bit_xor(hash(file)) FROM read_parquet('{_quoted(path)}') AS file").fetchall()
        except duckdb.Error:
            damaged.append(path)
    return damaged


_SQL_TYPE: Mapping[Content, str] = {"text": "VARCHAR", "date": "DATE", "number": "DOUBLE", "whole number": "INTEGER"}


def _cleaned(column: str) -> str:
    return {"breakdown": "coalesce(breakdown, '')", "published_on": "nullif(CAST(published_on AS VARCHAR), '')"}.get(column, column)


def _judge_codes(con: duckdb.DuckDBPyConnection, vocabulary: Vocabulary) -> None:
    for table, names in (("staged_series", SERIES_DIMENSIONS), ("staged_attributes", ("source_id", *_CODED_ATTRIBUTES))):
        judged: dict[tuple[str, str | None], list[str]] = {}
        problems = []
        for source_id, name, code in con.sql(
            f"SELECT DISTINCT source_id, unnest([{', '.join(repr(name) for name in names)}]) AS dimension,"
            f" unnest([{', '.join(names)}]) AS code FROM (SELECT DISTINCT {', '.join(names)} FROM {table}) ORDER BY ALL"
        ).fetchall():
            if (name, code) not in judged:
                judged[name, code] = series_problems({name: code}, vocabulary)
            problems += [(source_id, problem) for problem in judged[name, code]]
        _raise([f"{source_id}: {problem}" for source_id, problem in dict.fromkeys(problems)])


def _judge_dates(con: duckdb.DuckDBPyConnection) -> None:
    periods: list[dict[str, Any]] = []
    impossible: dict[str | None, str] = {}
    for (time_period,) in con.sql("SELECT time_period FROM staged_texts ORDER BY ALL").fetchall():
        try:
            start, end = period_bounds(time_period or "")
            periods.append({"time_period": time_period, "period_start": start, "period_end": end})
        except ValueError as refused:
            impossible[time_period] = str(refused)
    problems = [
        f"{source_id}: {impossible[time_period]}"
        for source_id, time_period in (
            con.sql("SELECT DISTINCT source_id, time_period FROM given ORDER BY ALL").fetchall() if impossible else ()
        )
        if time_period in impossible
    ]
    editions: dict[str, date] = {}
    for source_id, published_on in con.sql(
        "SELECT DISTINCT source_id, published_on FROM staged_attributes WHERE published_on IS NOT NULL ORDER BY ALL"
    ).fetchall():
        if published_on not in editions:
            if problem := published_on_problem(published_on):
                problems.append(f"{source_id}: {problem}")
            else:
                editions[published_on] = last_day_of(published_on)
    _raise(problems)
    _insert(con, "staged_periods", periods)
    _insert(con, "staged_editions", [{"published_on": text, "published_by": day} for text, day in editions.items()])


def _refuse(con: duckdb.DuckDBPyConnection, view: str) -> None:
    try:
        rows = con.sql(f"SELECT source_id, time_period, source_locator, problem FROM {view} LIMIT {_SHOWN_PROBLEMS + 1}").fetchall()
    except duckdb.ConversionException as problem:
        raise WarehouseError(f"observations: {problem}: write the column in its type of the schema") from problem
    _raise([f"{source_id}: {time_period} ({locator}): {problem}" for source_id, time_period, locator, problem in rows])


def _raise(problems: list[str]) -> None:
    if problems:
        shown = problems[:_SHOWN_PROBLEMS] + ["and more"] * (len(problems) > _SHOWN_PROBLEMS)
        raise WarehouseError("\n".join(shown))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-alone command; returns its exit status (0 built, 1 refused)."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.warehouse", description="Match observations into a DuckDB file.")
    parser.add_argument("--observations", type=Path, required=True, metavar="DIR", help="folder of observation Parquet")
    parser.add_argument("--rates", type=Path, default=RATES, metavar="FILE", help="declared rates (TOML)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.duckdb", help="database to write")
    parser.add_argument("--code-lists", type=Path, metavar="DIR", help="folder of code lists; the catalogue's by default")
    parser.add_argument("--breaks", type=Path, metavar="FILE", help="breaks in series (CSV); the catalogue's by default")
    given = parser.parse_args(arguments)
    try:
        build_database(given.observations, given.rates, given.out, given.code_lists, given.breaks)
    except WarehouseError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
