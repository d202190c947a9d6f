"""A published release in a PostgreSQL database, for clients that speak SQL over the network.

Belongs here: loading the Parquet files of a release into a schema of their own, switching the schema that new sessions see, letting go of
old ones, and the command `python -m pipelines.served`.
Does not belong here: roles and the database (deploy/shared_deployment/analysts.sql makes them), what is in a release (exports.py), when
it is loaded (whoever publishes, or a timer).

Nothing imports this. libpq's own variables name the server: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or PGPASSFILE, PGSSLMODE.
A release is loaded, commented, granted and made the search path of the database in one transaction: sessions that are open keep the
release that they began with, later ones begin with the new one, and nobody ever sees a part of one.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import releases
from pipelines.exports import CHECKSUMS
from pipelines.releases import KEEP_DAYS, KEEP_NEWEST
from pipelines.snapshots import sha256_of
from pipelines.vocabulary import PROJECT

try:
    import psycopg2
    from psycopg2 import errors, sql
except ImportError as problem:
    raise ImportError("pipelines.served: the extra `shared` is not installed: pip install '.[shared]'") from problem

#: the group that may read, made by analysts.sql
ANALYST = "analyst"
#: rows that are in memory at once
_ROWS_AT_ONCE = 200_000
_TYPES: Mapping[Any, str] = {
    pl.String: "text",
    pl.Float64: "double precision",
    pl.Date: "date",
    pl.Boolean: "boolean",
    pl.Int32: "integer",
    pl.Int64: "bigint",
}
#: of this session only: analysts.sql sets others for everybody who reads
_OPTIONS = {
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "10min",
    "client_encoding": "UTF8",
}
#: below PostgreSQL's deadlock_timeout of a second: it is always the dropping that gives way, never a reader
_PATIENCE_OF_DROPPING = "500ms"

_CURRENT = """
SELECT substr(setting, length('search_path=') + 1)
FROM pg_db_role_setting AS of_database, unnest(of_database.setconfig) AS setting
WHERE of_database.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND of_database.setrole = 0 AND setting LIKE 'search_path=%'
"""
_PUT_DOWN = """
INSERT INTO served.releases (schema_name, build_id, sums, switched_at) VALUES (%s, %s, %s, clock_timestamp())
ON CONFLICT (schema_name) DO UPDATE SET switched_at = excluded.switched_at, replaced_at = NULL
"""
# after the switch was committed: whoever connects later than this cannot have begun with the old release
_REPLACED = "UPDATE served.releases SET replaced_at = clock_timestamp() WHERE replaced_at IS NULL AND schema_name <> %s"
# where the start of a session is not to be seen, it counts as old
_TO_RETIRE = """
WITH ranked AS (SELECT *, row_number() OVER (ORDER BY switched_at DESC) AS place FROM served.releases)
SELECT schema_name FROM ranked
WHERE place > %(keep_newest)s AND switched_at < clock_timestamp() - make_interval(secs => %(keep_seconds)s)
  AND schema_name <> %(current)s AND replaced_at IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM pg_stat_activity AS session
      WHERE session.datname = current_database() AND session.pid <> pg_backend_pid()
        AND coalesce(session.backend_start <= ranked.replaced_at, true)
  )
ORDER BY switched_at
"""


class ServedError(ValueError):
    """A release that cannot be served: the message says where, what is wrong and what to do."""


@dataclass(frozen=True)
class Served:
    """What a call did.

    Attributes:
        schema: where the release is; new sessions see it.
        loaded: whether it was loaded now.
        switched: whether sessions before this call began with another one.
        retired: schemas that were dropped.
        busy: schemas that are to be dropped and are held by a session: the next call tries again.
    """

    schema: str
    loaded: bool
    switched: bool
    retired: tuple[str, ...]
    busy: tuple[str, ...]


def serve(release: releases.Release, keep_newest: int = KEEP_NEWEST, keep_days: float = KEEP_DAYS) -> Served:
    """Load a release if it is not loaded yet, make it what new sessions see, and let go of old ones.

    Args:
        release: a finished release folder with its exports.
        keep_newest: releases that stay loaded however old they are.
        keep_days: age in days up to which they stay. The one in force stays always, and so does one that an open session began with.

    Raises:
        ServedError: the folder is damaged or has no exports, the database is not prepared or does not answer, or a type has no equal there.
    """
    sums = _checked(release.folder)
    schema = f"release_{re.sub(r'[^a-z0-9]', '_', release.build_id.lower())}_r{sums[:8]}"
    options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
    with _in_words(), closing(psycopg2.connect("", options=options)) as connection:
        with connection, connection.cursor() as cursor:
            before = _lock(cursor)
            cursor.execute("SELECT to_regnamespace(%s) IS NULL", (schema,))
            (is_new,) = cursor.fetchone()
            if is_new:
                _load(cursor, release.folder, schema)
            if before != schema:
                cursor.execute(
                    sql.SQL("ALTER DATABASE {} SET search_path = {}").format(
                        sql.Identifier(connection.info.dbname), sql.Identifier(schema)
                    )
                )
                cursor.execute(_PUT_DOWN, (schema, release.build_id, sums))
        retired, busy = _retire(connection, keep_newest, keep_days)
    return Served(schema, is_new, before != schema, retired, busy)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what a failure means; libpq's messages hold no password, and their details (rows) are left out."""
    place = f"PostgreSQL {os.environ.get('PGHOST', 'on this machine')}, database {os.environ.get('PGDATABASE', 'of the user')}"
    try:
        yield
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.InsufficientPrivilege, errors.UndefinedObject) as problem:
        raise ServedError(
            f"{place}: {_first_line(problem)}: prepare it with deploy/shared_deployment/analysts.sql, and come as its publisher"
        ) from None
    except psycopg2.Error as problem:
        raise ServedError(f"{place}: {_first_line(problem)}: see to the server, the network and the PG* variables") from None


def _first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0][:300]


def _checked(folder: Path) -> str:
    """Check what will be read against the checksums of the release, and return the SHA-256 of these."""
    path = folder / CHECKSUMS
    if not path.is_file() or not (folder / "datapackage.json").is_file():
        raise ServedError(f"{folder.name}: has no {CHECKSUMS} or no datapackage.json: build it with its exports")
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, _, name = line.partition("  ")
        if (name.startswith("parquet/") or name == "datapackage.json") and sha256_of(folder / name) != sha256:
            raise ServedError(f"{folder.name}/{name}: is damaged: nothing was loaded; build again with force")
    return sha256_of(path)


def _lock(cursor: Any) -> str:
    """Let one publisher in at a time until the transaction ends, and return the schema that new sessions see."""
    cursor.execute("LOCK TABLE served.releases IN EXCLUSIVE MODE")
    cursor.execute(_CURRENT)
    found = cursor.fetchone()
    return found[0] if found else ""


def _load(cursor: Any, folder: Path, schema: str) -> None:
    """Create the schema with every exported relation, its key, comments, statistics and the rights of the analysts."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    inside = sql.Identifier(schema)
    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(inside))
    about = f"{package['title']}. Release {package['version']}. {package['description']}"
    cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS %s").format(inside), (about,))
    for resource in package["resources"]:
        if resource["format"] == "parquet":
            _load_relation(cursor, folder / resource["path"], schema, resource)
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(inside, sql.Identifier(ANALYST)))
    cursor.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(inside, sql.Identifier(ANALYST)))


def _load_relation(cursor: Any, path: Path, schema: str, resource: Mapping[str, Any]) -> None:
    table = sql.Identifier(schema, path.stem)
    scanned = pl.scan_parquet(path)
    types = {name: _type_of(dtype, path.stem, name) for name, dtype in scanned.collect_schema().items()}
    parts = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()]
    if key := resource["schema"].get("primaryKey"):
        parts.append(sql.SQL("PRIMARY KEY ({})").format(sql.SQL(", ").join(map(sql.Identifier, key))))
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(parts)))
    copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(table)
    for begin in range(0, scanned.select(pl.len()).collect().item(), _ROWS_AT_ONCE):
        cursor.copy_expert(copy, io.BytesIO(_as_csv(scanned.slice(begin, _ROWS_AT_ONCE))))
    cursor.execute(sql.SQL("COMMENT ON TABLE {} IS %s").format(table), (resource["description"],))
    for field in resource["schema"]["fields"]:
        column = sql.Identifier(schema, path.stem, field["name"])
        cursor.execute(sql.SQL("COMMENT ON COLUMN {} IS %s").format(column), (field["description"],))
    cursor.execute(sql.SQL("ANALYZE {}").format(table))


def _type_of(dtype: pl.DataType, relation: str, column: str) -> str:
    inner = dtype.inner.base_type() if isinstance(dtype, pl.List) else dtype.base_type()
    kind = _TYPES.get(inner)
    if kind is None:
        raise ServedError(f"{relation}.{column}: is {dtype}, for which pipelines/served.py names no type of PostgreSQL: name one")
    return f"{kind}[]" if isinstance(dtype, pl.List) else kind


def _as_csv(rows: pl.LazyFrame) -> bytes:
    """Write rows as PostgreSQL reads them: every text in quotes, so that nothing at all is NULL; lists as its arrays."""
    lists = [name for name, dtype in rows.collect_schema().items() if isinstance(dtype, pl.List)]
    flat = rows.with_columns(_as_array(name) for name in lists).collect()
    return flat.write_csv(include_header=False, quote_style="non_numeric").encode()


def _as_array(name: str) -> pl.Expr:
    quoted = pl.concat_str(pl.lit('"'), pl.element().cast(pl.String).str.replace_all(r'(["\\])', r"\$1"), pl.lit('"'))
    element = pl.when(pl.element().is_null()).then(pl.lit("NULL")).otherwise(quoted)
    # a list that is NULL stays NULL
    return pl.concat_str(pl.lit("{"), pl.col(name).list.eval(element).list.join(","), pl.lit("}")).alias(name)


def _retire(connection: Any, keep_newest: int, keep_days: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Drop old schemas, each in a transaction of its own; return what was dropped, and what somebody holds."""
    retired: list[str] = []
    busy: list[str] = []
    with connection, connection.cursor() as cursor:
        cursor.execute(_REPLACED, (_lock(cursor),))
    while True:
        schema = ""
        try:
            with connection, connection.cursor() as cursor:
                limits = {"current": _lock(cursor), "keep_newest": keep_newest, "keep_seconds": keep_days * 86_400}
                cursor.execute(_TO_RETIRE, limits)
                schema = next((name for (name,) in cursor.fetchall() if name not in busy), "")
                if not schema:
                    return tuple(retired), tuple(busy)
                cursor.execute("SET LOCAL lock_timeout = %s", (_PATIENCE_OF_DROPPING,))
                cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
                cursor.execute("DELETE FROM served.releases WHERE schema_name = %s", (schema,))
            retired.append(schema)
        except errors.LockNotAvailable:
            if not schema:
                raise
            busy.append(schema)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve what is published; returns 0, or 1 with a word on what is in the way."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.served", description="Load the published release into the PostgreSQL database that PG* variables name."
    )
    parser.add_argument("--data", type=Path, default=PROJECT / "data", metavar="DIR", help="data folder")
    given = parser.parse_args(arguments)
    try:
        release = releases.published_release(given.data)
        if release is None:
            raise ServedError(f"{given.data.name}: nothing is published: run make build first")
        served = serve(release)
    except ServedError as problem:
        print(problem, file=sys.stderr)
        return 1
    done = "loaded" if served.loaded else "in force again" if served.switched else "unchanged"
    told = f"; dropped: {', '.join(served.retired)}" if served.retired else ""
    told += f"; still read, to be dropped next time: {', '.join(served.busy)}" if served.busy else ""
    print(f"{served.schema}: {done}{told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
