"""Record files through the whole of `refresh`: counted, published, revised, refused, and not a trace of a person anywhere.

The files are synthetic and full of planted names, judges, docket numbers and keys. Everything that a run leaves behind is read:
observations, ledgers, quarantine reports, the release with its database, Dagster's storage, and whatever was logged or printed.
The archived bytes themselves are what the publisher gave, and stay as they are.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from pipelines import catalog, ledger, records, refresh, releases, warehouse
from pipelines.catalog import Source
from tests import synthetic_records as synthetic
from tests.publisher import Publisher, document
from tests.synthetic_records import IDB_HEADER, IdbPlan

COURTS, ATTORNEYS, SENTENCES = "fjc_idb_criminal", "eousa_caseload_data", "ussc_individual_datafiles"
PATHS = {COURTS: "/idb/cr96on_0.zip", ATTORNEYS: "/lions/release.zip", SENTENCES: "/ussc/opafy24nid_csv.zip"}
#: keys of defendants, cases and matters in the forms that the synthetic files write them
KEYS = re.compile(rb"\d{7}CR0|20\d\dR\d{5}")
PLAN = IdbPlan(seed=40, defendants=600, first_fy=2021, csam_share=0.4, traps=2)


@dataclass(frozen=True)
class World:
    """A publisher of synthetic record files, and the folders of one project."""

    publisher: Publisher
    folder: Path
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    said: list[str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def serve(self, source_id: str, body: bytes, etag: str) -> None:
        self.publisher.serve(PATHS[source_id], document(body, "application/zip", etag=etag))

    def run(self) -> dg.ExecuteInProcessResult:
        workspace = importlib.import_module("assets.workspace").Workspace
        settings = workspace(data=str(self.data), figures=str(self.folder / "figures"), allow_loopback=True)
        return self.definitions.resolve_job_def("refresh").execute_in_process(resources={"workspace": settings}, instance=self.instance)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return warehouse.query(self.data / "published" / releases.DATABASE, sql)


def failed_checks(result: dg.ExecuteInProcessResult) -> set[tuple[str, str]]:
    return {(each.asset_key.to_user_string(), each.check_name) for each in result.get_asset_check_evaluations() if not each.passed}


# --- files --------------------------------------------------------------------------------------------------------------------------


def court_archive(folder: Path, plan: IdbPlan, damaged: int = 0) -> bytes:
    """A court file as it is published (Deflate64), with lines of which some are cut short."""
    path = folder / "synthetic_cr96on.txt"
    synthetic.write_idb(path, plan, malformed=3)
    if damaged:
        short = "\t".join(["2020", *["SYNTHETICNAME"] * (len(IDB_HEADER) - 2)])
        path.write_bytes(path.read_bytes() + b"\n" + (short + "\n").encode() * damaged)
    packed = folder / "cr96on_0.zip"
    return synthetic.pack_deflate64(path, packed).read_bytes()


def release_archive(folder: Path, *, cut: bool = False) -> bytes:
    release = folder / "synthetic_release"
    synthetic.write_lions(release, seed=41, matters=400, first=date(2016, 10, 1))
    if cut:
        path = release / "gs_participant_TXS.txt"
        path.write_bytes(path.read_bytes()[:-100])
    return synthetic.pack_zip(sorted(release.iterdir()), folder / "release.zip").read_bytes()


def datafile_archive(folder: Path, damaged: int = 0) -> bytes:
    path = folder / "synthetic_opafy24nid.csv"
    synthetic.write_ussc(path, 2024, 400)
    if damaged:
        text = path.read_text(encoding="latin-1")
        path.write_text(text + (text.splitlines()[1] + ",SYNTHETICNAME,SYNTHETICJUDGE\n") * damaged, encoding="latin-1")
    return synthetic.pack_zip([path], folder / "opafy24nid_csv.zip").read_bytes()


# --- the world ----------------------------------------------------------------------------------------------------------------------


def catalogue_for(publisher: Publisher) -> dict[str, Source]:
    """Turn the three sources of record files to the publisher; nobody else is looked at."""
    sources = {}
    for source in catalog.load_sources():
        plain = replace(source, kind="figures", hosts=(), pages=(), url_index="", url_download="", link_pattern="", layout="")
        if source.source_id in PATHS:
            address = publisher.url(PATHS[source.source_id])
            turned = {"kind": "records", "hosts": ("127.0.0.1",), "url_download": address, "layout": "verified"}
            plain = replace(plain, media_type="application/zip", **turned)
        sources[source.source_id] = plain
    return sources


@pytest.fixture(scope="module")
def definitions_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Load the Dagster definitions anew over another catalogue, and put the project's own back afterwards."""
    project = tmp_path_factory.mktemp("project")
    (project / "sql").symlink_to(ledger.PROJECT / "sql")
    (project / "figures").mkdir()
    (project / "figures" / "not_collected.csv").touch()
    with pytest.MonkeyPatch.context() as patch:
        import assets
        import assets.workspace

        patch.setattr(assets.workspace, "PROJECT", project)
        # every piece that is read says how far it is
        patch.setattr(records, "_PROGRESS_SECONDS", 0.0)

        def load(sources: Mapping[str, Source]) -> dg.Definitions:
            patch.setattr(catalog, "load_sources", lambda: tuple(sources.values()))
            patch.setattr(ledger, "sources_by_id", lambda: sources)
            for name in ("definitions", "published", "schedules", "sign_off", "sources"):
                patch.delitem(sys.modules, f"assets.{name}", raising=False)
                patch.delattr(assets, name, raising=False)
            found: dg.Definitions = importlib.import_module("assets.definitions").defs
            return found

        policy_of = refresh.policy_of
        haste = {"min_interval_seconds": 0.02, "backoff_seconds": 0.02, "retries": 2, "read_seconds": 5.0}
        patch.setattr(
            refresh, "policy_of", lambda source, *, allow_loopback=False: replace(policy_of(source, allow_loopback=allow_loopback), **haste)
        )
        yield load


class _Remember(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(self.format(record))


@pytest.fixture(scope="module")
def world(definitions_over: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("records")
    (folder / "figures").mkdir()
    (folder / "figures" / "not_collected.csv").write_bytes((ledger.FIGURES / "not_collected.csv").read_bytes())
    (folder / "dagster").mkdir()
    said: list[str] = []
    handler = _Remember(said)
    logger = logging.getLogger("pipelines")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    settings = {"python_logs": {"managed_python_loggers": ["pipelines"], "python_log_level": "DEBUG"}}
    try:
        with Publisher() as publisher, dg.DagsterInstance.local_temp(str(folder / "dagster"), overrides=settings) as instance:
            yield World(publisher, folder, definitions_over(catalogue_for(publisher)), instance, said)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


# --- scanning -----------------------------------------------------------------------------------------------------------------------


def texts_of(path: Path) -> Iterator[bytes]:
    """Everything that a file says: unpacked where it is packed."""
    if path.suffix == ".parquet":
        yield repr(pl.read_parquet(path).rows()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{path}' AS release (READ_ONLY)")
            connection.execute("USE release")
            for (table,) in connection.sql("SELECT table_name FROM duckdb_tables() WHERE database_name = 'release'").fetchall():
                yield repr(connection.sql(f'FROM "{table}"').fetchall()).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name.encode() + b"\n" + archive.read(name)
    yield path.read_bytes()


def traces_in(content: bytes) -> list[bytes]:
    found = [planted.encode() for planted in synthetic.PLANTED if planted.encode() in content]
    # what all keys have in common is looked for first: the pattern itself is slow
    near = (content[max(0, each.start() - 8) : each.start() + 8] for each in re.finditer(b"R0", content))
    return found + [text for text in near if KEYS.search(text)]


def left_behind(world: World) -> list[Path]:
    archived = [path for path in (world.data / "snapshots").rglob("*") if re.fullmatch(r"[0-9a-f]{64}", path.name)]
    return [path for path in world.folder.rglob("*") if path.is_file() and path not in archived]


def assert_no_trace(world: World, printed: str) -> None:
    for path in left_behind(world):
        for content in texts_of(path):
            assert traces_in(content) == [], path.name
    assert traces_in("\n".join(world.said).encode()) == []
    assert traces_in(printed.encode()) == []


# --- one world, from the first look to the third ------------------------------------------------------------------------------------


def test_a_planted_identifier_would_be_found(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["SYNTHETICNAME"]}).write_parquet(tmp_path / "a.parquet")
    with duckdb.connect(str(tmp_path / "b.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT repeat('x', 100) || '2010R00001' AS text")
    (tmp_path / "c.zip").write_bytes(zip_holding("text", b"0812345671234567CR0000"))
    for path in sorted(tmp_path.iterdir()):
        assert any(traces_in(content) for content in texts_of(path)), path.name


def zip_holding(name: str, content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.slow
def test_record_files_are_fetched_counted_revised_and_refused_without_a_trace(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for archive in (court_archive(tmp_path, PLAN), release_archive(tmp_path), datafile_archive(tmp_path)):
        with zipfile.ZipFile(BytesIO(archive)) as packed:
            assert all(name.startswith(("synthetic", "gs_", "README")) for name in packed.namelist())
    assert b"SYNTHETICNAME" in (tmp_path / "synthetic_cr96on.txt").read_bytes()
    assert KEYS.search((tmp_path / "synthetic_cr96on.txt").read_bytes())
    assert KEYS.search((tmp_path / "synthetic_release" / "gs_case.txt").read_bytes())
    assert b"9955501" in (tmp_path / "synthetic_opafy24nid.csv").read_bytes()

    # first look: all three come in
    world.serve(COURTS, (tmp_path / "cr96on_0.zip").read_bytes(), '"first"')
    world.serve(ATTORNEYS, (tmp_path / "release.zip").read_bytes(), '"first"')
    world.serve(SENTENCES, (tmp_path / "opafy24nid_csv.zip").read_bytes(), '"first"')
    first = world.run()
    assert first.success
    assert not failed_checks(first)
    counted = world.ask("SELECT source_id, min(published_on), max(published_on), count(*) FROM observations GROUP BY 1 ORDER BY 1")
    editions = {row[0]: row[1:3] for row in counted}
    assert editions[ATTORNEYS] == ("2018-09-30", "2018-09-30")
    assert editions[COURTS][0] == editions[COURTS][1] <= "2026-03-31"
    assert min(row[3] for row in counted if row[0] in PATHS) > 50
    ((states,),) = world.ask(f"SELECT list(DISTINCT state) FROM sources WHERE source_id IN {tuple(PATHS)}")
    assert states == ["current"]
    assert any("GB read" in line for line in world.said)
    assert_no_trace(world, "".join(capfd.readouterr()))

    # second look, a quarter later: the courts revise earlier months, and say so by how far their records run
    later = replace(PLAN, defendants=700, as_of=PLAN.as_of.replace(month=6, day=30))
    world.serve(COURTS, court_archive(tmp_path, later), '"second"')
    second = world.run()
    assert second.success
    assert not failed_checks(second)
    ((vintages,),) = world.ask(f"SELECT count(DISTINCT published_on) FROM observations WHERE source_id = '{COURTS}'")
    assert vintages == 2
    ((revised,),) = world.ask(f"SELECT count(*) FROM revisions WHERE source_id = '{COURTS}'")
    assert revised > 100
    assert_no_trace(world, "".join(capfd.readouterr()))

    # third look: all three are damaged; what was valid stands, and the reports name no one
    standing = world.ask(f"SELECT count(*), sum(obs_value) FROM observations_current WHERE source_id IN {tuple(PATHS)}")
    world.serve(COURTS, court_archive(tmp_path, later, damaged=300), '"third"')
    world.serve(ATTORNEYS, release_archive(tmp_path, cut=True), '"third"')
    world.serve(SENTENCES, datafile_archive(tmp_path, damaged=200), '"third"')
    third = world.run()
    assert third.success
    assert failed_checks(third) == {(f"observations_{source_id}", "conforms") for source_id in PATHS}
    assert world.ask(f"SELECT count(*), sum(obs_value) FROM observations_current WHERE source_id IN {tuple(PATHS)}") == standing
    quarantine = {path.parent.name: path.read_text(encoding="utf-8") for path in (world.data / "quarantine").rglob("*.md")}
    assert "lines have too few or too many fields" in quarantine[COURTS]
    assert "gs_participant_TXS.txt: its bytes are no multiple of 1160" in quarantine[ATTORNEYS]
    assert "200 of 600 lines are blank or have too many fields" in quarantine[SENTENCES]
    # what was read: Dagster's storage, in which the progress stands too, and the release
    assert {".db", ".duckdb", ".parquet", ".md", ".json"} <= {path.suffix for path in left_behind(world)}
    assert any(b"GB read" in path.read_bytes() for path in left_behind(world) if path.suffix == ".db")
    assert_no_trace(world, "".join(capfd.readouterr()))
