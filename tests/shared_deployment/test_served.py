"""Analysts of a release over the network: PostgreSQL serves what the Parquet files hold, to many at once, while releases are switched.

One release is the pipeline's own, of three sources. The others are copies of it with fewer rows, named `synthetic`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psycopg2
import pytest
from psycopg2 import errors, sql

from pipelines import exports, releases
from pipelines.differences import compare_releases
from pipelines.served import ServedError, main, serve
from pipelines.snapshots import sha256_of
from pipelines.vocabulary import PROJECT
from tests.conftest import Workplace
from tests.shared_deployment.conftest import DEPLOYED, PostgresServer, wait_until

_CLIENTS = 50
_SWITCHES = 10
#: seconds that a client thinks between two questions
_PAUSE = 0.2


@dataclass(frozen=True)
class Statistics:
    """The database `statistics`, prepared as an operator does, with one login of each kind.

    Attributes:
        server: where it is.
        password: of both logins, drawn for this test.
    """

    server: PostgresServer
    password: str

    def connect(self, database: str = "statistics") -> Any:
        """Connect as an analyst."""
        return psycopg2.connect(host="127.0.0.1", port=self.server.port, user="anna", password=self.password, dbname=database)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Ask one thing in a session of its own."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def owner(self, query: str) -> list[str]:
        """Ask as the superuser."""
        return self.server.ask(query, "statistics")

    def schemas(self) -> list[str]:
        """List the releases that are loaded."""
        return self.owner("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'release%' ORDER BY 1")


@pytest.fixture
def statistics(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Statistics]:
    """The database of docs/served.md, and the environment of whoever publishes."""
    connect = [postgres.binaries / "psql", "-Xq", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", postgres.user]
    environment = {**os.environ, "PGPASSWORD": postgres.password}
    subprocess.run([*connect, "-f", DEPLOYED / "analysts.sql", "postgres"], env=environment, check=True, capture_output=True)
    password = hashlib.sha256(postgres.password.encode()).hexdigest()
    postgres.ask(f"ALTER ROLE publisher PASSWORD '{password}'")
    postgres.ask(f"CREATE ROLE anna LOGIN PASSWORD '{password}' CONNECTION LIMIT {_CLIENTS + 5} IN ROLE analyst")
    names = {"HOST": "127.0.0.1", "PORT": str(postgres.port), "DATABASE": "statistics", "USER": "publisher", "PASSWORD": password}
    for name, value in names.items():
        monkeypatch.setenv(f"PG{name}", value)
    yield Statistics(postgres, password)
    postgres.ask("DROP DATABASE statistics WITH (FORCE)")
    for role in ("anna", "analyst", "publisher"):
        postgres.ask(f"DROP ROLE {role}")


@pytest.fixture(scope="module")
def original(small_original: Workplace, tmp_path_factory: pytest.TempPathFactory) -> releases.Release:
    """The release of three sources with its exports, which the fixture does without."""
    published = releases.published_release(small_original.data)
    assert published is not None
    folder = tmp_path_factory.mktemp("exported") / published.build_id
    folder.mkdir()
    for name in ("INPUTS", releases.DATABASE):
        shutil.copy(published.folder / name, folder)
    exports.write_exports(folder / releases.DATABASE, folder, compare_releases(None, folder / releases.DATABASE))
    exports.write_checksums(folder)
    return releases.Release(published.build_id, folder, published.inputs_sha256, rebuilt=True)


def synthetic(original: releases.Release, folder: Path, number: int) -> releases.Release:
    """Copy a release under another build id, without its first rows: as many fewer as its number says, plus one."""
    build_id = f"2026-01-01-synthetic{number:03d}"
    made = folder / build_id
    (made / "parquet").mkdir(parents=True)
    for path in (original.folder / "parquet").iterdir():
        os.link(path, made / "parquet" / path.name)
    for name in ("matched_periods", "prosecution_rates"):
        replace(made / "parquet" / f"{name}.parquet", pl.read_parquet(made / "parquet" / f"{name}.parquet").slice(number + 1))
    builds = pl.read_parquet(made / "parquet" / "builds.parquet")
    replace(made / "parquet" / "builds.parquet", builds.with_columns(pl.lit(build_id).alias("build_id")))
    shutil.copy(original.folder / "datapackage.json", made)
    return finished(made, build_id)


def replace(path: Path, frame: pl.DataFrame) -> None:
    path.unlink(missing_ok=True)  # it may be a link to the original
    frame.write_parquet(path)


def finished(folder: Path, build_id: str) -> releases.Release:
    exports.write_checksums(folder)
    return releases.Release(build_id, folder, hashlib.sha256(build_id.encode()).hexdigest(), rebuilt=True)


def relations_of(release: releases.Release) -> dict[str, pl.DataFrame]:
    return {path.stem: pl.read_parquet(path) for path in sorted((release.folder / "parquet").iterdir())}


# --- what a session asks, and what the Parquet files say ------------------------------------------------------------------------

_QUESTIONS = {
    "build_id": "SELECT build_id FROM builds",
    "rows": "SELECT count(*), count(rate) FROM matched_periods",
    "checksum": """
        SELECT md5(string_agg(concat_ws('|', rate_id, period_start, numerator::bigint, null_reasons[1]), E'\n' ORDER BY
            concat_ws('|', rate_id, period_start, numerator::bigint, null_reasons[1]) COLLATE "C")) FROM matched_periods""",
    "headline": "SELECT count(*), count(prosecution_rate), min(period_start), max(period_end) FROM prosecution_rates",
}

Answers = dict[str, tuple[Any, ...]]


def asked(connection: Any, pause: float = 0.0) -> Answers:
    """Ask everything in one session, each question in a transaction of its own."""
    answers = {}
    for name, question in _QUESTIONS.items():
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            answers[name] = cursor.fetchone()
        time.sleep(pause)
    return answers


def expected(release: releases.Release) -> Answers:
    """Answer the same from the files, without SQL."""
    parquet = release.folder / "parquet"
    matched, rates = (pl.read_parquet(parquet / f"{name}.parquet") for name in ("matched_periods", "prosecution_rates"))
    lines = []
    for row in matched.rows(named=True):
        reasons = row["null_reasons"] or []
        numerator = None if row["numerator"] is None else round(row["numerator"])
        cells = (row["rate_id"], row["period_start"], numerator, reasons[0] if reasons else None)
        lines.append("|".join(str(cell) for cell in cells if cell is not None))
    return {
        "build_id": (pl.read_parquet(parquet / "builds.parquet")["build_id"].item(),),
        "rows": (matched.height, matched["rate"].count()),
        "checksum": (hashlib.md5("\n".join(sorted(lines, key=str.encode)).encode()).hexdigest(),),
        "headline": (rates.height, rates["prosecution_rate"].count(), rates["period_start"].min(), rates["period_end"].max()),
    }


# --- many at once ---------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fifty_clients_see_whole_releases_while_ten_are_loaded_beneath_them(
    statistics: Statistics, original: releases.Release, tmp_path: Path
) -> None:
    made = [original, *(synthetic(original, tmp_path, number) for number in range(_SWITCHES))]
    right = {release.build_id: expected(release) for release in made}
    assert len({answers["checksum"] for answers in right.values()}) == len({answers["rows"] for answers in right.values()}) == len(made)
    serve(original)
    stop, lock, together = threading.Event(), threading.Lock(), threading.Barrier(_CLIENTS)
    seen: list[tuple[Answers, Answers]] = []
    problems: list[BaseException] = []
    open_now = most_open = 0

    def client() -> None:
        nonlocal open_now, most_open
        try:
            together.wait(30)
            while not stop.is_set():
                with closing(statistics.connect()) as connection:
                    with lock:
                        open_now += 1
                        most_open = max(most_open, open_now)
                    # long enough for releases to be switched in between
                    answers = asked(connection, pause=_PAUSE)
                    again = asked(connection)
                    with lock:
                        open_now -= 1
                        seen.append((answers, again))
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=client, daemon=True) for _ in range(_CLIENTS)]
    pinned = statistics.connect()
    first = asked(pinned)
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(seen) + len(problems) >= _CLIENTS, "every client has asked", 30)
        done = []
        for place, release in enumerate(made[1:], start=1):
            done.append(serve(release, keep_newest=2, keep_days=0))
            new = right[release.build_id]
            wait_until(lambda: any(answers == new for answers, _ in seen) or bool(problems), "it is read", 30)  # noqa: B023
            if place == _SWITCHES // 2:
                # the session that was open from the beginning still reads the first, which was kept for it
                assert asked(pinned) == first == right[original.build_id]
                assert [name for served in done for name in served.retired] == []
                pinned.close()
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert problems == []
    assert all(served.loaded and served.switched for served in done)
    assert most_open == _CLIENTS
    assert len(seen) >= _CLIENTS * 3
    # every answer of every session belongs to one release, and each release was seen
    assert [answers for answers, again in seen if answers != right[answers["build_id"][0]] or again != answers] == []
    assert {answers["build_id"][0] for answers, _ in seen} == set(right)
    # releases were dropped beneath them, too; what is left goes when nobody holds it
    assert [name for served in done for name in served.retired] != []
    wait_until(lambda: not serve(made[-1], 2, 0).busy and len(statistics.schemas()) == 2, "old releases are dropped", 20)
    assert statistics.ask(_QUESTIONS["build_id"]) == [(made[-1].build_id,)]


def test_two_who_publish_at_once_both_succeed_and_one_release_is_in_force(
    statistics: Statistics, original: releases.Release, tmp_path: Path
) -> None:
    made = [original, synthetic(original, tmp_path, 0)]
    together, done = threading.Barrier(2), []

    def publish(release: releases.Release) -> None:
        together.wait(30)
        done.append(serve(release))

    threads = [threading.Thread(target=publish, args=(release,)) for release in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    assert len(statistics.schemas()) == 2
    with closing(statistics.connect()) as connection:
        assert asked(connection) in [expected(release) for release in made]


# --- what arrives ---------------------------------------------------------------------------------------------------------------


def test_every_relation_arrives_as_it_is_in_parquet(statistics: Statistics, original: releases.Release) -> None:
    served = serve(original)
    relations = relations_of(original)
    listed = {name for (name,) in statistics.ask(f"SELECT tablename FROM pg_tables WHERE schemaname = '{served.schema}'")}
    assert listed == set(relations)
    assert {"matched_periods", "prosecution_rates", "computable_rates", "data_requests", "coverage", "sources"} <= listed
    with closing(statistics.connect()) as connection:
        for name, frame in relations.items():
            with connection, connection.cursor() as cursor:
                cursor.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)))
                rows = cursor.fetchall()
                assert [column.name for column in cursor.description] == frame.columns
                assert sorted(rows, key=repr) == sorted(frame.rows(), key=repr), name
    assert any(frame.null_count().sum_horizontal().item() for frame in relations.values())
    types = dict(
        statistics.ask(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'matched_periods'::regclass AND attnum > 0"
        )
    )
    assert {name: types[name] for name in ("rate_id", "rate", "period_start", "null_reasons", "overlap_days")} == {
        "rate_id": "text", "rate": "double precision", "period_start": "date", "null_reasons": "text[]", "overlap_days": "bigint",
    }  # fmt: skip
    reasons = statistics.ask("SELECT DISTINCT unnest(null_reasons) FROM matched_periods WHERE rate IS NULL")
    assert {reason for (reason,) in reasons} <= set(relations["null_reasons"]["code"])


def test_comments_and_keys_are_those_of_the_data_package(statistics: Statistics, original: releases.Release) -> None:
    serve(original)
    package = json.loads((original.folder / "datapackage.json").read_text(encoding="utf-8"))
    told = dict(
        statistics.ask(
            "SELECT relname || coalesce('.' || attname, ''), description FROM pg_description JOIN pg_class ON pg_class.oid = objoid "
            "LEFT JOIN pg_attribute ON attrelid = objoid AND attnum = objsubid AND objsubid > 0 "
            "WHERE relnamespace = current_schema()::regnamespace"
        )
    )
    parquet = [resource for resource in package["resources"] if resource["format"] == "parquet"]
    wanted = {resource["name"].removesuffix(".parquet"): resource["description"] for resource in parquet}
    for resource in parquet:
        name = resource["name"].removesuffix(".parquet")
        wanted |= {f"{name}.{field['name']}": field["description"] for field in resource["schema"]["fields"]}
    assert told == {name: text for name, text in wanted.items() if text}
    keys = statistics.ask(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p' AND connamespace = current_schema()::regnamespace"
    )
    assert {name for (name,) in keys} == {
        resource["name"].removesuffix(".parquet") for resource in parquet if "primaryKey" in resource["schema"]
    }
    ((about,),) = statistics.ask("SELECT obj_description(current_schema()::regnamespace, 'pg_namespace')")
    assert original.build_id in about


def test_texts_and_lists_that_look_like_syntax_arrive_as_they_are(
    statistics: Statistics, original: releases.Release, tmp_path: Path
) -> None:
    made = synthetic(original, tmp_path, 1)
    texts = ["", None, "NULL", "\\N", "\\.", 'a "quoted" word', "a,b", "{}"]
    texts += ["back\\slash", "two\nlines\r\n", "tab\t", "é 漢 🜁", "'; DROP TABLE x"]
    lists = [[text] for text in texts] + [[], None, texts]
    path = made.folder / "parquet" / "awkward.parquet"
    frame = pl.DataFrame(
        {
            "text": [*texts, "empty", "none", "all"],
            "list": pl.Series(lists, dtype=pl.List(pl.String)),
            "number": [0.1, None, -0.0, 1e-300, 1e300, 1 / 3, float("inf"), *[2.0] * 9],
            "truth": [True, None, False, *[True] * 13],
            "whole": pl.Series([2**62, None, -1, *[0] * 13], dtype=pl.Int64),
        }
    )
    frame.write_parquet(path)
    package = json.loads((made.folder / "datapackage.json").read_text(encoding="utf-8"))
    fields = [{"name": name, "description": f"Synthetic: 100% of {name}'s"} for name in frame.columns]
    package["resources"].append(
        {"format": "parquet", "path": "parquet/awkward.parquet", "description": "Synthetic.", "schema": {"fields": fields}}
    )
    (made.folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    serve(finished(made.folder, made.build_id))
    assert statistics.ask("SELECT * FROM awkward") == frame.rows()
    ((about,),) = statistics.ask("SELECT col_description('awkward'::regclass, 1)")
    assert about == "Synthetic: 100% of text's"


# --- what an analyst cannot do --------------------------------------------------------------------------------------------------


def test_an_analyst_reads_the_release_and_can_do_nothing_else(statistics: Statistics, original: releases.Release) -> None:
    served = serve(original)
    statistics.owner("BEGIN READ WRITE; CREATE SCHEMA private; CREATE TABLE private.things (word text); COMMIT")
    assert statistics.ask("SHOW default_transaction_read_only") == [("on",)]
    assert statistics.ask("SHOW statement_timeout") == [("1min",)]
    refused = [
        "DELETE FROM matched_periods",
        "INSERT INTO builds SELECT * FROM builds",
        "UPDATE prosecution_rates SET rate = 1",
        "TRUNCATE sources",
        "DROP TABLE sources",
        "ALTER TABLE sources ADD COLUMN word text",
        "COMMENT ON TABLE sources IS 'mine'",
        "CREATE TABLE mine (word text)",
        "CREATE TABLE public.mine (word text)",
        "CREATE TEMPORARY TABLE mine (word text)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"CREATE VIEW {served.schema}.mine AS SELECT 1",
        "CREATE EXTENSION file_fdw",
        "CREATE ROLE mine",
        "ALTER DATABASE statistics SET search_path = private",
        "ALTER ROLE analyst SET search_path = private",
        "ALTER ROLE publisher PASSWORD 'mine'",
        "SET ROLE publisher",
        "LOCK TABLE sources IN ACCESS EXCLUSIVE MODE",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'mine')",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_ls_dir('.')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'publisher'; SELECT pg_reload_conf()",
        "COPY sources TO '/tmp/mine.csv'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT * FROM private.things",
        "SELECT * FROM served.releases",
        "LOCK TABLE served.releases",
        "SELECT * FROM pg_authid",
    ]
    done = []
    for statement in refused:
        with closing(statistics.connect()) as connection, connection.cursor() as cursor:
            # the read-only default is a guard rail that every client may lift; what holds are the rights
            cursor.execute("SET default_transaction_read_only = off")
            connection.commit()
            try:
                cursor.execute(statement)
                done.append(statement)
            except errors.InsufficientPrivilege:
                pass
    assert done == []
    assert statistics.ask(_QUESTIONS["build_id"]) == [(original.build_id,)]
    with pytest.raises(errors.ReadOnlySqlTransaction):
        statistics.ask("CREATE ROLE mine")
    with pytest.raises(errors.ReadOnlySqlTransaction):
        statistics.ask("DELETE FROM matched_periods RETURNING rate_id")
    others = "CONNECT ON DATABASE postgres, template1"
    statistics.server.ask(f"REVOKE {others} FROM PUBLIC")
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            statistics.connect(database)
    statistics.server.ask(f"GRANT {others} TO PUBLIC")
    mine = [statistics.connect() for _ in range(_CLIENTS + 5)]
    with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
        statistics.connect()
    for connection in mine:
        connection.close()


# --- kills, repeats, retirement -------------------------------------------------------------------------------------------------

_STOPS_HALF_WAY = """
import sys, time
from pathlib import Path
from pipelines import releases, served
load, loaded = served._load_relation, []

def stop_half_way(cursor, path, schema, resource):
    load(cursor, path, schema, resource)
    loaded.append(path)
    if len(loaded) == 20:
        Path(sys.argv[3]).touch()
        time.sleep(60)

served._load_relation = stop_half_way
served.serve(releases.Release(sys.argv[2], Path(sys.argv[1]), "", True))
"""


@pytest.mark.parametrize("killed", ["client", "backend"])
def test_a_load_killed_half_way_leaves_the_release_before_and_the_next_completes(
    statistics: Statistics, original: releases.Release, tmp_path: Path, killed: str
) -> None:
    serve(original)
    made, token = synthetic(original, tmp_path, 0), tmp_path / "half_way"
    command = [sys.executable, "-c", _STOPS_HALF_WAY, str(made.folder), made.build_id, str(token)]
    with subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}) as process:
        wait_until(token.exists, "the load is half-way", 30)
        # while it is under way nobody sees any of it
        assert statistics.schemas() == [name for name in statistics.schemas() if "synthetic" not in name]
        assert statistics.ask(_QUESTIONS["build_id"]) == [(original.build_id,)]
        if killed == "backend":
            statistics.owner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'publisher'")
        process.send_signal(signal.SIGKILL)
    gone = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'publisher'"
    wait_until(lambda: statistics.owner(gone) == ["0"], "the server has noticed", 30)
    assert not [name for name in statistics.schemas() if "synthetic" in name]
    with closing(statistics.connect()) as connection:
        assert asked(connection) == expected(original)
    served = serve(made)
    assert served.loaded
    with closing(statistics.connect()) as connection:
        assert asked(connection) == expected(made)


def test_the_same_release_again_changes_nothing(statistics: Statistics, original: releases.Release, tmp_path: Path) -> None:
    first = serve(original)
    things = "SELECT oid, relfilenode, relname, xmin FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'release%' ORDER BY 1"
    before = statistics.owner(things), statistics.owner("SELECT * FROM served.releases")
    again = serve(original)
    assert (again.schema, again.loaded, again.switched, again.retired, again.busy) == (first.schema, False, False, (), ())
    assert (statistics.owner(things), statistics.owner("SELECT * FROM served.releases")) == before
    # back to one that is still loaded is a switch alone
    serve(synthetic(original, tmp_path, 0))
    back = serve(original)
    assert (back.schema, back.loaded, back.switched) == (first.schema, False, True)
    assert statistics.ask(_QUESTIONS["build_id"]) == [(original.build_id,)]


def test_old_releases_are_dropped_but_not_the_current_the_young_the_newest_or_one_in_use(
    statistics: Statistics, original: releases.Release, tmp_path: Path
) -> None:
    made = [synthetic(original, tmp_path, number) for number in range(4)]
    with closing(statistics.connect()):
        pass
    names = [serve(release).schema for release in made]
    assert statistics.schemas() == sorted(names), "young releases stay however many there are"
    assert serve(made[3], keep_newest=3, keep_days=0).retired == (names[0],)
    # an idle session that began with a release keeps it, and reads it later
    serve(made[1])
    with closing(statistics.connect()) as idle, idle.cursor() as cursor:
        cursor.execute("SELECT 1")
        idle.commit()
        held = serve(made[3], keep_newest=0, keep_days=0)
        assert names[1] not in held.retired
        assert names[3] not in held.retired
        assert asked(idle) == expected(made[1])
    wait_until(lambda: serve(made[3], 0, 0) is not None and statistics.schemas() == [names[3]], "nobody holds it any more", 20)
    # a session that began later and reads an old release by name is not disturbed: dropping gives way
    serve(made[2])
    serve(made[3])
    with closing(statistics.connect()) as reader, reader.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {names[2]}.sources")
        wait_until(lambda: serve(made[3], 0, 0).busy == (names[2],), "dropping is tried, and gives way", 20)
        cursor.execute(f"SELECT count(*) FROM {names[2]}.matched_periods")
    assert serve(made[3], 0, 0).retired == (names[2],)


# --- words ----------------------------------------------------------------------------------------------------------------------


def _damage(release: releases.Release) -> None:
    path = release.folder / "parquet" / "sources.parquet"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + b"x")


def _strip(release: releases.Release) -> None:
    (release.folder / "SHA256SUMS").unlink()


def _strange(release: releases.Release) -> None:
    replace(release.folder / "parquet" / "sources.parquet", pl.DataFrame({"source_id": [[[1]]]}))
    finished(release.folder, release.build_id)


@pytest.mark.parametrize(
    ("harm", "told"),
    [(_damage, "sources.parquet: is damaged"), (_strip, "has no SHA256SUMS"), (_strange, "names no type of PostgreSQL")],
)
def test_a_release_that_cannot_be_trusted_is_not_served(
    statistics: Statistics, original: releases.Release, tmp_path: Path, harm: Callable[[releases.Release], None], told: str
) -> None:
    serve(original)
    made = synthetic(original, tmp_path, 0)
    harm(made)
    with pytest.raises(ServedError, match=told):
        serve(made)
    assert len(statistics.schemas()) == 1
    assert statistics.ask(_QUESTIONS["build_id"]) == [(original.build_id,)]


def test_errors_say_what_to_do_and_no_password(
    statistics: Statistics,
    original: releases.Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / "data"
    assert main(["--data", str(data)]) == 1
    assert "nothing is published: run make build first" in capsys.readouterr().err
    shutil.copytree(original.folder, data / "releases" / original.build_id)
    (data / "published").symlink_to(Path("releases") / original.build_id)
    assert main(["--data", str(data)]) == 0
    assert capsys.readouterr().out == f"{statistics.schemas()[0]}: loaded\n"
    assert main(["--data", str(data)]) == 0
    assert capsys.readouterr().out == f"{statistics.schemas()[0]}: unchanged\n"
    # the analysts' own login may not publish; the database of Dagster is not one to load into
    for name, value, told in (
        ("PGUSER", "anna", "permission denied"),
        ("PGPASSWORD", "wrong-secret", "password authentication failed"),
        ("PGPORT", "1", "see to the server"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert main(["--data", str(data)]) == 1
            said = capsys.readouterr().err
            assert told in said
            assert "wrong-secret" not in said
            assert statistics.password not in said
    with monkeypatch.context() as changed:
        changed.setenv("PGDATABASE", "postgres")
        assert main(["--data", str(data)]) == 1
        assert "prepare it with deploy/shared_deployment/analysts.sql" in capsys.readouterr().err
    assert sha256_of(original.folder / "SHA256SUMS")[:8] in statistics.schemas()[0]
