"""The embedded default stays what it is: what several machines need is in no package, import, service or file of one machine."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import yaml

from assets.definitions import defs
from pipelines.vocabulary import PROJECT


def pinned(lock: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)((?: ;[^\\\n]*)?)", (PROJECT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return {f"{name}{marker.rstrip()}": version for name, version, marker in found}


def declared(group: str) -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = project["dependencies"] if group == "" else project["optional-dependencies"][group]
    return {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in needed}


def test_the_lock_of_one_machine_has_none_of_the_packages_that_several_need() -> None:
    alone, together = pinned("requirements.lock"), pinned("requirements-shared.lock")
    assert len(alone) > 100
    assert together.items() >= alone.items()
    extra = set(together) - set(alone)
    assert declared("shared") <= extra
    assert {"celery", "dagster-postgres", "psycopg2-binary", "redis"} <= extra
    assert not declared("shared") & (declared("") | declared("dev"))


def test_loading_the_definitions_brings_nothing_that_reads_records_or_that_several_machines_need() -> None:
    unwanted = ("polars", "duckdb", "great_expectations", "pipelines.records", "dagster_celery", "celery", "dagster_postgres", "psycopg2")
    code = f"import sys, assets.definitions; print([name for name in {unwanted} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_job_of_one_machine_runs_in_one_process() -> None:
    for name in ("build", "refresh", "sign_off", "count_records"):
        assert defs.resolve_job_def(name).executor_def.name == "in_process"


def test_the_instance_of_one_machine_needs_no_server() -> None:
    settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    assert {name: settings[name]["class"] for name in settings if name.endswith("_storage")} == {
        "run_storage": "SqliteRunStorage",
        "event_log_storage": "PooledSqliteEventLogStorage",
        "schedule_storage": "SqliteScheduleStorage",
        "local_artifact_storage": "LocalArtifactStorage",
    }
    assert "env" not in str(settings)
