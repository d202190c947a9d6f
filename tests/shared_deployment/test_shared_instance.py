"""The Dagster instance that several machines share: history in PostgreSQL, two runs at once, migrations, and no secret anywhere."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from pipelines import ledger, releases
from pipelines.vocabulary import PROJECT
from tests.conftest import SMALL, job_command
from tests.shared_deployment.conftest import Deployment

NEWEST_COLUMN = (
    "SELECT count(*) FROM information_schema.columns WHERE table_name = 'concurrency_limits' AND column_name = 'using_default_limit'"
)


def project_of(deployment: Deployment, name: str) -> tuple[Path, Path]:
    """Make a data folder with the figures of three sources, and the run config that names it."""
    folder = deployment.folder / name
    (folder / "figures").mkdir(parents=True)
    for source_id in SMALL:
        shutil.copy(ledger.FIGURES / f"{source_id}.csv", folder / "figures")
    settings = {"data": str(folder / "data"), "figures": str(folder / "figures")}
    written = folder / "run.yaml"
    written.write_text(yaml.safe_dump({"resources": {"workspace": {"config": settings}}}), encoding="utf-8")
    return folder, written


def test_two_builds_at_once_leave_their_history_in_postgresql(deployment: Deployment) -> None:
    projects = [project_of(deployment, name) for name in ("one", "two")]
    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(deployment.call, *job_command("build"), "-c", str(config)) for _, config in projects]:
            done.result()
    assert deployment.ask("SELECT pipeline_name, status FROM runs") == ["build|SUCCESS"] * 2
    assert deployment.ask("SELECT max(start_time) < min(end_time) FROM runs") == ["t"]
    # each has the whole of its own history, and nothing of the history is in a file
    for kind in ("STEP_SUCCESS", "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"):
        counts = deployment.ask(f"SELECT count(*) FROM event_logs WHERE dagster_event_type = '{kind}' GROUP BY run_id")
        assert len(counts) == 2
        assert counts[0] == counts[1] != "0"
    assert not list(deployment.folder.rglob("*.db")) + list(Path(deployment.environment["DAGSTER_HOME"]).rglob("*.db"))
    for folder, _ in projects:
        assert (folder / "data" / "published").resolve().joinpath(releases.DATABASE).is_file()
    deployment.assert_secrets_stand_nowhere()


def test_an_older_schema_is_migrated_and_keeps_its_history(deployment: Deployment) -> None:
    deployment.call("dagster", "instance", "migrate")
    newest = deployment.ask("SELECT version_num FROM alembic_version")
    deployment.ask("INSERT INTO runs (run_id, pipeline_name, status, run_body) VALUES ('kept', 'build', 'SUCCESS', '{}')")
    # as a release of Dagster of 2024 left it
    deployment.ask("ALTER TABLE concurrency_limits DROP COLUMN using_default_limit")
    deployment.ask("UPDATE alembic_version SET version_num = '6b7fb194ff9c'")
    assert deployment.ask(NEWEST_COLUMN) == ["0"]
    deployment.call("dagster", "instance", "migrate")
    assert deployment.ask(NEWEST_COLUMN) == ["1"]
    assert deployment.ask("SELECT version_num FROM alembic_version") == newest
    assert deployment.ask("SELECT run_id FROM runs") == ["kept"]


def test_a_password_that_is_missing_or_wrong_is_named_and_not_told(deployment: Deployment) -> None:
    known = deployment.environment.pop("STATISTICS_DB_PASSWORD")
    without = deployment.call("dagster", "instance", "migrate", check=False)
    assert without.returncode != 0
    assert "STATISTICS_DB_PASSWORD" in without.stdout
    deployment.environment["STATISTICS_DB_PASSWORD"] = wrong = "wrong-" + known[::-1]
    refused = deployment.call("dagster", "instance", "migrate", check=False)
    assert refused.returncode != 0
    assert "password authentication failed" in refused.stdout
    assert wrong not in refused.stdout


def test_without_the_counting_key_no_partition_is_counted(deployment: Deployment) -> None:
    asked = {"source_id": "fjc_idb_criminal", "path": str(PROJECT / "LICENSE"), "out": str(deployment.folder / "counted.parquet")}
    run = ("dagster", "job", "execute", "-m", "deploy.shared_deployment.definitions", "-j", "count_records")
    config = deployment.folder / "run.json"
    config.write_text(json.dumps({"ops": {"config": asked}}), encoding="utf-8")
    del deployment.environment["STATISTICS_COUNTING_KEY"]
    without = deployment.call(*run, "-c", str(config), check=False)
    assert without.returncode != 0
    assert "STATISTICS_COUNTING_KEY" in without.stdout
