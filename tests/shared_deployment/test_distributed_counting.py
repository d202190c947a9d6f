"""Releases of records counted by Celery workers: equal to one pass, byte for byte, whoever dies meanwhile."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil

from pipelines import parse
from tests import synthetic_records as synthetic
from tests.shared_deployment.conftest import Deployment, RedisServer, wait_until
from tests.synthetic_records import IdbPlan

COURT = "fjc_idb_criminal"


def court_file(folder: Path) -> Path:
    path = folder / "synthetic_cr96on.txt"
    synthetic.write_idb(path, IdbPlan(seed=12, defendants=2_000, csam_share=0.4, traps=3), malformed=5)
    return path


def by_hand(path: Path, out: Path) -> bytes:
    """What one process reads in one pass, which the tests of this source hold against its known answers."""
    assert parse.main([COURT, str(path), "--out", str(out)]) == 0
    return out.read_bytes()


def settings_for(deployment: Deployment, path: Path, parts: int) -> Path:
    """Write the run config: what to count, and where the observations go."""
    asked = {"source_id": COURT, "path": str(path), "out": str(deployment.folder / "counted.parquet"), "parts": parts}
    written = deployment.folder / "run.json"
    written.write_text(json.dumps({"ops": {"config": asked}}), encoding="utf-8")
    return written


def events_of(deployment: Deployment, kind: str) -> list[dict[str, Any]]:
    rows = deployment.ask(f"SELECT event FROM event_logs WHERE dagster_event_type = '{kind}' ORDER BY id")
    return [json.loads(row)["dagster_event"] for row in rows]


def processes_of(deployment: Deployment) -> dict[str, int]:
    """Tell which process counted each partition, as the steps say of themselves."""
    return {
        event["step_key"]: entry["entry_data"]["value"]
        for event in events_of(deployment, "STEP_OUTPUT")
        for entry in event["event_specific_data"]["metadata_entries"]
        if entry["label"] == "process"
    }


STEPS = {f"count_one_partition[{number:05d}]" for number in range(6)}


def test_two_worker_processes_count_what_one_counts(deployment: Deployment, tmp_path: Path) -> None:
    path = court_file(deployment.folder)
    expected = by_hand(path, tmp_path / "by_hand.parquet")
    config = settings_for(deployment, path, 6)
    with deployment.worker("first"), deployment.worker("second"), deployment.code_server() as workspace:
        deployment.call(
            "dagster", "job", "launch", "--workspace", str(workspace), "--job", "count_records", "--config-json", config.read_text()
        )
        assert deployment.ask("SELECT status FROM runs") == ["QUEUED"]
        with deployment.serving("daemon", "dagster-daemon", "run", "--workspace", str(workspace)):
            ended = "SELECT count(*) FROM runs WHERE status IN ('SUCCESS', 'FAILURE', 'CANCELED')"
            wait_until(lambda: deployment.ask(ended) == ["1"], "the run ends")
    assert deployment.ask("SELECT status FROM runs") == ["SUCCESS"]
    assert (deployment.folder / "counted.parquet").read_bytes() == expected
    processes = processes_of(deployment)
    assert set(processes) == STEPS
    assert len(set(processes.values())) == 2
    # nothing of the partitions, whose hashes are of keys, is left
    left = {entry.name for entry in deployment.folder.iterdir()}
    assert left == {path.name, "run.json", "workspace.yaml", "counted.parquet", "dagster", "logs"}
    deployment.assert_secrets_stand_nowhere()


def test_workers_killed_in_the_middle_are_replaced_and_nothing_is_counted_twice(
    deployment: Deployment, redis: RedisServer, tmp_path: Path
) -> None:
    path = court_file(deployment.folder)
    expected = by_hand(path, tmp_path / "by_hand.parquet")
    config = settings_for(deployment, path, 6)
    for number in range(2):
        (deployment.folder / f"hang_{number}").touch()
    # a machine that is gone tells nobody: what it took is given out again after this time, when a worker starts or next looks
    deployment.environment["STATISTICS_ANSWER_WITHIN_SECONDS"] = "3"

    def taken_longest_ago() -> float:
        _, taken = redis.command("--raw", "ZRANGE", "unacked_index", "0", "0", "WITHSCORES").split()
        return time.time() - float(taken)

    def hanging() -> list[int]:
        return [int(mark.name.removeprefix("hung_")) for mark in deployment.folder.glob("hung_*")]

    run = ("dagster", "job", "execute", "-m", "tests.shared_deployment.hanging", "-j", "count_records", "-c", str(config))
    with deployment.worker("first"), deployment.worker("second") as second, deployment.serving("run", *run) as running:
        wait_until(lambda: len(hanging()) == 2, "both workers hang in the middle of a partition")
        messages = b"".join(
            base64.b64decode(json.loads(given)[0]["body"]) for given in redis.command("--raw", "HVALS", "unacked").splitlines() if given
        )
        of_second = {child.pid for child in psutil.Process(second.pid).children()}
        (of_first,) = set(hanging()) - of_second
        # the one loses the process that counts, the other everything
        os.kill(of_first, signal.SIGKILL)
        for process in (second.pid, *of_second):
            os.kill(process, signal.SIGKILL)
        wait_until(lambda: taken_longest_ago() > 3, "the answer of the second worker is overdue")
        with deployment.worker("third"):
            wait_until(lambda: running.poll() is not None, "the run ends")
    assert running.returncode == 0
    assert (deployment.folder / "counted.parquet").read_bytes() == expected
    processes = processes_of(deployment)
    assert set(processes) == STEPS
    assert not set(processes.values()) & {of_first, *of_second}
    begun = [event["step_key"] for event in events_of(deployment, "STEP_START")]
    assert sum(begun.count(step) > 1 for step in STEPS) >= 2
    # messages name the variable that holds the password, and nothing else of it
    assert b"STATISTICS_DB_PASSWORD" in messages
    assert not [secret for secret in deployment.secrets if secret.encode() in messages]
    deployment.assert_secrets_stand_nowhere()
