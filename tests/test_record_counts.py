"""The job that counts a release of records in partitions, in one process: equal to one pass, and nothing of it is left behind."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from assets.record_counts import CountingKey, count_records
from pipelines import parse
from tests import synthetic_records as synthetic
from tests.synthetic_records import IdbPlan

COURT, CASELOAD = "fjc_idb_criminal", "eousa_caseload_data"


def release_of(source_id: str, folder: Path) -> Path:
    if source_id == COURT:
        synthetic.write_idb(folder / "synthetic_cr96on.txt", IdbPlan(seed=6, defendants=900, csam_share=0.4, traps=2), malformed=4)
        return folder / "synthetic_cr96on.txt"
    synthetic.write_lions(folder / "release", seed=7, matters=600)
    return folder / "release"


def count(source_id: str, path: Path, out: Path, instance: dg.DagsterInstance, parts: int = 4) -> dg.ExecuteInProcessResult:
    asked = {"source_id": source_id, "path": str(path), "out": str(out), "parts": parts}
    return count_records.execute_in_process(run_config={"ops": {"config": asked}}, instance=instance, raise_on_error=False)


@pytest.mark.parametrize("source_id", [COURT, CASELOAD])
def test_partitions_give_the_file_that_the_command_writes(source_id: str, tmp_path: Path) -> None:
    path = release_of(source_id, tmp_path)
    assert parse.main([source_id, str(path), "--out", str(tmp_path / "by_hand.parquet")]) == 0
    before = set(tmp_path.iterdir())
    with dg.DagsterInstance.ephemeral() as instance:
        result = count(source_id, path, tmp_path / "counted.parquet", instance)
        assert result.success
        recorded = instance.get_latest_materialization_event(dg.AssetKey(["record_counts", source_id]))
    assert (tmp_path / "counted.parquet").read_bytes() == (tmp_path / "by_hand.parquet").read_bytes()
    assert set(tmp_path.iterdir()) - before == {tmp_path / "counted.parquet"}
    steps = [event.step_key for event in result.all_events if event.is_step_success]
    assert sorted(step for step in steps if step and step.startswith("count_one")) == [
        f"count_one_partition[{number:05d}]" for number in range(4)
    ]
    assert recorded is not None
    assert recorded.asset_materialization is not None
    assert recorded.asset_materialization.metadata["partitions"].value == 4


def test_a_damaged_release_writes_nothing_and_quotes_no_record(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = release_of(CASELOAD, tmp_path)
    people = min(path.glob("gs_participant_*.txt"))
    people.write_bytes(people.read_bytes()[:-50])
    with dg.DagsterInstance.ephemeral() as instance:
        result = count(CASELOAD, path, tmp_path / "counted.parquet", instance)
        told = [entry.user_message + str(entry.dagster_event) for entry in instance.all_logs(result.run_id)]
    assert not result.success
    assert not (tmp_path / "counted.parquet").exists()
    everything = "\n".join([*told, *capfd.readouterr()])
    assert "cut short" in everything
    assert "SYNTHETIC" not in everything


def test_a_salt_is_of_its_run_and_of_the_runs_that_go_on_from_it() -> None:
    def run(run_id: str, root: str | None = None) -> dg.DagsterRun:
        return dg.DagsterRun(job_name="count_records", run_id=run_id, root_run_id=root, parent_run_id=root)

    key = CountingKey(secret="of this test")
    assert key.salt(run("a")) == CountingKey(secret="of this test").salt(run("a")) == key.salt(run("b", root="a"))
    salts = {key.salt(run("a")), key.salt(run("b")), CountingKey(secret="another").salt(run("a")), CountingKey().salt(run("a"))}
    assert len(salts) == 4
    assert all(0 <= salt < 2**64 for salt in salts)
