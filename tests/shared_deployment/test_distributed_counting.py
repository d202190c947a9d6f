"""Releases of records counted by Celery workers: equal to one pass, byte for byte, whoever dies meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import parse
from tests import synthetic_records as synthetic
from tests.shared_deployment.conftest import Deployment
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


def events_of(deployment: Deployment, kind: str) -> list[dict[str, object]]:
    rows = deployment.ask(f"SELECT event FROM event_logs WHERE dagster_event_type = '{kind}' ORDER BY id")
    return [json.loads(row) for row in rows]


def test_two_worker_processes_count_what_one_counts(deployment: Deployment, tmp_path: Path) -> None:
    path = court_file(deployment.folder)
    expected = by_hand(path, tmp_path / "by_hand.parquet")
    config = settings_for(deployment, path, 6)
    with deployment.worker("first"), deployment.worker("second"):
        deployment.call("dagster", "job", "execute", "-m", "deploy.shared_deployment.definitions", "-j", "count_records", "-c", str(config))
    assert (deployment.folder / "counted.parquet").read_bytes() == expected
