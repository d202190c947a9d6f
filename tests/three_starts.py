"""A run started from the UI, one from the schedule and one from the command line at the same moment, on a copy of the project.

Belongs here: the copy, its webserver and daemon on the loopback, the three starts, and what must hold after them; test_faults.py and
benchmarks/faults.py run it. Does not belong here: builds started as plain processes (faults.py).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.vocabulary import PROJECT
from tests import faults
from tests.conftest import SMALL, Workplace, job_command

_PATIENCE_SECONDS = 240.0
_SELECTOR = {"repositoryName": "__repository__", "repositoryLocationName": "prosecution_statistics"}
_RUNS = "query { runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"
_LAUNCH = """mutation($selector: JobOrPipelineSelector!) { launchRun(executionParams: {selector: $selector, mode: "default"})
{ __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_START = """mutation($selector: ScheduleSelector!) { startSchedule(scheduleSelector: $selector) { __typename
... on ScheduleStateResult { scheduleState { id } } ... on PythonError { message } } }"""
_STOP = "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename ... on PythonError { message } } }"


def start_three_at_once(folder: Path) -> str:
    """Start the build from the UI, by the schedule and from the command line at the same moment; all must end well, in one release."""
    project = _copy_of_project(folder)
    workplace = Workplace(project / "data", project / "figures")
    # storage is made by one process, as docs/operations.md says: made by two at once, Dagster's own tables collide
    subprocess.run([_program("dagster"), "instance", "migrate"], cwd=project, env=_environment(project), check=True, capture_output=True)
    with _running(project, "webserver") as port, _running(project, "daemon"):
        schedule = {**_SELECTOR, "scheduleName": "weekly_refresh"}
        deadline = time.monotonic() + 60
        while (started := _ask(port, _START, {"selector": schedule})["startSchedule"])["__typename"] != "ScheduleStateResult":
            # it listens before it has loaded the definitions
            assert time.monotonic() < deadline, started
            time.sleep(0.3)
        # the schedule of the copy is due every minute: the others wait for its tick
        _wait_for(port, lambda runs: len(runs) == 1)
        told = project / "command_line.log"
        with told.open("wb") as log:
            command_line = subprocess.Popen(job_command("build"), cwd=project, env=_environment(project), stdout=log, stderr=log)
        launched = _ask(port, _LAUNCH, {"selector": {**_SELECTOR, "pipelineName": "build"}})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        stopped = _ask(port, _STOP, {"id": started["scheduleState"]["id"]})["stopRunningSchedule"]
        assert stopped["__typename"] == "ScheduleStateResult", stopped
        with faults.readers(workplace, waits=True) as seen:
            assert command_line.wait(_PATIENCE_SECONDS) == 0, told.read_text()[-3000:]
            runs = _wait_for(port, lambda runs: len(runs) >= 3 and all(run["status"] in ("SUCCESS", "FAILURE") for run in runs))
    assert [run["status"] for run in runs] == ["SUCCESS"] * len(runs), runs
    by_schedule = [run for run in runs if any(tag["key"] == "dagster/schedule_name" for tag in run["tags"])]
    assert by_schedule
    assert launched["run"]["runId"] in {run["runId"] for run in runs}
    faults.check_published(workplace)
    built = sorted(path.name for path in (project / "data" / "releases").iterdir())
    assert built == [(project / "data" / "published").resolve().name], built
    assert not faults.litter(workplace), faults.litter(workplace)
    assert not seen.torn, seen.torn
    return f"{len(runs)} runs, all green, one release; {seen.looks} looks by readers, none torn"


def _copy_of_project(folder: Path) -> Path:
    """Copy what runs, with a few figures, no publisher, and a schedule that builds every minute."""
    project = folder / "project"
    for name in ("assets", "catalog", "config", "pipelines", "report", "sql"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "dagster.yaml", "LICENSE"):
        shutil.copy(PROJECT / name, project)
    (project / "figures").mkdir()
    for source_id in SMALL:
        shutil.copy(PROJECT / "figures" / f"{source_id}.csv", project / "figures")
    schedules = project / "assets" / "schedules.py"
    text = schedules.read_text(encoding="utf-8")
    for old, new in (("job=refresh", "job=build"), ('cron_schedule="0 6 * * 1"', 'cron_schedule="* * * * *"')):
        assert old in text
        text = text.replace(old, new)
    schedules.write_text(text, encoding="utf-8")
    return project


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _environment(project: Path) -> dict[str, str]:
    return {**os.environ, "DAGSTER_HOME": str(project), "PYTHONPATH": str(project)}


@contextlib.contextmanager
def _running(project: Path, what: str) -> Iterator[int]:
    """Run the webserver or the daemon of the copy, with what it starts, and end it; gives the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = {
        "webserver": [_program("dagster-webserver"), "--host", "127.0.0.1", "--port", str(port)],
        "daemon": [_program("dagster-daemon"), "run"],
    }
    with (project / f"{what}.log").open("wb") as log:
        process = subprocess.Popen(command[what], cwd=project, env=_environment(project), stdout=log, stderr=log)
        try:
            yield port
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ask(port: int, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Ask the webserver as its pages do, once it listens."""
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    deadline = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                told = json.loads(answer.read())
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
    assert "errors" not in told, told
    return dict(told["data"])


def _wait_for(port: int, is_so: Any) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        runs: list[dict[str, Any]] = _ask(port, _RUNS)["runsOrError"]["results"]
        if is_so(runs):
            return runs
        assert time.monotonic() < deadline, runs
        time.sleep(0.5)
