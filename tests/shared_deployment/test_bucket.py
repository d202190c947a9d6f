"""Machines that share a bucket of a real S3-compatible server (Ceph's RADOS gateway): races are lost, kills and damage are survived.

The releases of most tests are small folders made here, labelled synthetic; the pipeline's own are built by the jobs of the last ones.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from assets.alerts import AlertingWorkspace
from assets.definitions import defs
from pipelines import ledger, releases
from pipelines.bucket import CHECKSUMS, HEAD, Bucket, BucketError, Head, LostRaceError, configured, fetch_release, pull, push, retire
from pipelines.snapshots import load_snapshot, sha256_of, snapshots_of
from pipelines.vocabulary import PROJECT
from tests.conftest import Workplace
from tests.shared_deployment.ceph import CephServer
from tests.shared_deployment.conftest import wait_until

_SOURCE = "ussc_quick_facts"
_FILES_OF_A_RELEASE = 6


@pytest.fixture
def bucket(ceph: CephServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A prefix for this test alone, configured as an operator does."""
    for name, value in ceph.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STATISTICS_BUCKET", f"s3://statistics/{request.node.name.replace('[', '_').replace(']', '')}")
    found = configured()
    assert found is not None
    return found


def make_release(data: Path, number: int, files: int = _FILES_OF_A_RELEASE, padding: int = 0) -> releases.Release:
    """Make a synthetic release, every file of which says its number; complete with checksums, as a build leaves it."""
    folder = data / "releases" / f"2026-01-01-{number:012x}"
    (folder / "parquet").mkdir(parents=True)
    frame = pl.DataFrame({"number": [number] * 3, "synthetic": [True] * 3})
    frame.write_parquet(folder / "parquet" / "observations.parquet")
    for index in range(files):
        (folder / f"part_{index}.txt").write_text(f"{number}\n" + "x" * padding, encoding="ascii")
    (folder / "INPUTS").write_text(f"{number:064x}\n", encoding="ascii")
    (folder / releases.DATABASE).write_bytes(b"synthetic: never opened")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    (folder / CHECKSUMS).write_text("".join(f"{sha256_of(folder / name)}  {name}\n" for name in names), encoding="utf-8")
    return releases.Release(folder.name, folder, f"{number:064x}", rebuilt=True)


def numbers_of(folder: Path) -> set[int]:
    """Read the number from every file of a synthetic release."""
    told = {int(path.read_text(encoding="ascii").split("\n")[0]) for path in folder.glob("part_*.txt")}
    told |= set(pl.read_parquet(folder / "parquet" / "*.parquet")["number"])
    return told | {int((folder / "INPUTS").read_text(encoding="ascii"), 16)}


def build_ids(bucket: Bucket) -> set[str]:
    return {name.split("/")[1].split("-r")[0] for name in bucket.listed("releases")}


def archive(data: Path, source_id: str, content: bytes) -> str:
    """Archive synthetic bytes with their manifest, as a fetch leaves them."""
    snapshot_id, folder = hashlib.sha256(content).hexdigest(), data / "snapshots" / source_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / snapshot_id).write_bytes(content)
    manifest = {
        "source_id": source_id, "snapshot_id": snapshot_id, "url": "https://example.org/synthetic",
        "final_url": "https://example.org/synthetic", "found_on": None, "retrieved_at": "2026-01-01T00:00:00+00:00",
        "etag": None, "last_modified": None, "media_type": "text/csv",
        "bytes": len(content), "published_on": None,
    }  # fmt: skip
    (folder / f"{snapshot_id}.json").write_text(json.dumps(manifest), encoding="utf-8")
    return snapshot_id


def tell(data: Path, name: str, text: str) -> None:
    path = data / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def at_once(count: int, work: Callable[[int], bool]) -> list[bool]:
    """Do the same thing in several threads that start together."""
    start = threading.Barrier(count)

    def one(number: int) -> bool:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(count) as workers:
        return list(workers.map(one, range(count)))


# --- conditional writes ---------------------------------------------------------------------------------------------------------


def wins(bucket: Bucket, name: str, content: bytes, tag: str | None) -> bool:
    try:
        bucket.replace(name, content, tag)
    except LostRaceError:
        return False
    return True


def test_of_many_who_create_or_replace_one_object_exactly_one_wins(bucket: Bucket) -> None:
    assert bucket.keeps_conditions
    assert sum(at_once(8, lambda number: wins(bucket, "race", str(number).encode(), None))) == 1
    for _ in range(3):
        found = bucket.read("race")
        assert found is not None
        tag = found[1]
        assert sum(at_once(8, lambda _: wins(bucket, "race", os.urandom(8), tag))) == 1  # noqa: B023
    assert not wins(bucket, "race", b"late", tag)


def test_nothing_is_counted_twice_or_lost_by_compare_and_swap(bucket: Bucket) -> None:
    bucket.replace("counter", b"0", None)

    def count(_: int) -> bool:
        lost = 0
        for _ in range(8):
            while True:
                found = bucket.read("counter")
                assert found is not None
                if wins(bucket, "counter", str(int(found[0]) + 1).encode(), found[1]):
                    break
                lost += 1
        return lost > 0

    assert any(at_once(4, count)), "nobody ever lost: that was no race"
    found = bucket.read("counter")
    assert found is not None
    assert found[0] == b"32"


def test_a_server_that_ignores_conditions_is_refused(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def heedless(self: Bucket, name: str, content: bytes, tag: str | None) -> None:
        self.upload(name, content)

    monkeypatch.setattr(Bucket, "replace", heedless)
    archive(tmp_path, _SOURCE, b"synthetic")
    with pytest.raises(BucketError, match="ignores If-Match or If-None-Match"):
        push(tmp_path, bucket)
    assert bucket.read(HEAD) is None


# --- two machines ---------------------------------------------------------------------------------------------------------------


def test_a_machine_gets_what_another_has_and_a_snapshot_is_its_sha256(bucket: Bucket, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    snapshot_id = archive(first, _SOURCE, b"synthetic bytes of a publication")
    tell(first, f"observations/{_SOURCE}/ledger.json", "[]")
    tell(first, f"quarantine/{_SOURCE}/{snapshot_id}.md", "synthetic report")
    tell(first, "snapshots/.turns/example.org", "1")
    tell(first, f"snapshots/{_SOURCE}/unfinished.part", "no")
    assert push(first, bucket).files == 4
    assert f"objects/{snapshot_id}" in bucket.listed("objects")
    assert pull(second, bucket).files == 4
    for name in (f"observations/{_SOURCE}/ledger.json", f"quarantine/{_SOURCE}/{snapshot_id}.md"):
        assert (second / name).read_bytes() == (first / name).read_bytes()
    assert load_snapshot(second / "snapshots", _SOURCE, snapshot_id).path.read_bytes() == b"synthetic bytes of a publication"
    assert not (second / "snapshots" / ".turns").exists()
    assert not list(second.rglob("*.part"))
    # nothing moves twice, and what left quarantine leaves it everywhere
    assert (push(first, bucket).files, pull(second, bucket).files) == (0, 0)
    (second / f"quarantine/{_SOURCE}/{snapshot_id}.md").unlink()
    assert (push(second, bucket).removed, pull(first, bucket).removed) == (1, 1)
    assert not (first / f"quarantine/{_SOURCE}/{snapshot_id}.md").exists()


def test_machines_that_worked_on_different_sources_both_keep_their_work(bucket: Bucket, tmp_path: Path) -> None:
    machines = [tmp_path / f"machine_{number}" for number in range(4)]
    for number, data in enumerate(machines):
        archive(data, _SOURCE, f"synthetic {number}".encode())
        tell(data, f"observations/source_{number}/ledger.json", json.dumps([number]))
    assert at_once(4, lambda number: push(machines[number], bucket).files == 3) == [True] * 4
    for data in machines:
        pull(data, bucket)
        assert len(snapshots_of(data / "snapshots", _SOURCE)) == 4
        assert [json.loads((data / f"observations/source_{number}/ledger.json").read_text())[0] for number in range(4)] == [0, 1, 2, 3]


def test_of_two_who_changed_one_ledger_the_second_is_told_and_takes_the_first(bucket: Bucket, tmp_path: Path) -> None:
    first, second, name = tmp_path / "first", tmp_path / "second", f"observations/{_SOURCE}/ledger.json"
    tell(first, name, '["before"]')
    push(first, bucket)
    pull(second, bucket)
    tell(first, name, '["of the first"]')
    tell(second, name, '["of the second"]')
    push(first, bucket)
    with pytest.raises(LostRaceError, match=r"ledger\.json was changed by another machine since the last pull"):
        push(second, bucket)
    assert (second / name).read_text() == '["of the second"]'
    pull(second, bucket)
    assert (second / name).read_text() == '["of the first"]'
    # what only one has changed is not taken back by a pull
    tell(second, name, '["after"]')
    assert pull(second, bucket).files == 0
    assert push(second, bucket).files == 1
    pull(first, bucket)
    assert (first / name).read_text() == '["after"]'


def test_signatures_of_both_are_kept(bucket: Bucket, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    tell(first, "observations/sign_offs.json", json.dumps({"a/1": "one: read it"}))
    tell(second, "observations/sign_offs.json", json.dumps({"b/2": "two: read it"}))
    push(first, bucket)
    with pytest.raises(LostRaceError):
        push(second, bucket)
    pull(second, bucket)
    push(second, bucket)
    pull(first, bucket)
    assert json.loads((first / "observations/sign_offs.json").read_text()) == {"a/1": "one: read it", "b/2": "two: read it"}


# --- publication ----------------------------------------------------------------------------------------------------------------


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(bucket: Bucket, tmp_path: Path) -> None:
    machines = [tmp_path / "first", tmp_path / "second", tmp_path / "third"]
    push(machines[0], bucket, make_release(machines[0], 1))
    made, words = [], list[str]()
    for number, data in enumerate(machines):
        pull(data, bucket)
        made.append(make_release(data, 10 + number))

    def publish(number: int) -> bool:
        try:
            return push(machines[number], bucket, made[number]).switched
        except LostRaceError as lost:
            words.append(str(lost))
            return False

    won = at_once(3, publish)
    assert sum(won) == 1
    assert all("was published since the last pull: pull, build and push again" in told for told in words)
    assert len(words) == 2
    assert numbers_of(fetch_release(bucket, tmp_path / "reader")) == {10 + won.index(True)}
    loser = machines[won.index(False)]
    assert pull(loser, bucket).switched
    assert numbers_of((loser / "published").resolve()) == {10 + won.index(True)}
    assert push(loser, bucket, make_release(loser, 20)).switched
    # the same once more is nothing new
    again = releases.Release(f"2026-01-01-{20:012x}", loser / "releases" / f"2026-01-01-{20:012x}", "", rebuilt=False)
    assert not push(loser, bucket, again).switched


def test_readers_see_only_complete_releases_while_thirty_are_published(bucket: Bucket, ceph: CephServer, tmp_path: Path) -> None:
    data, over, seen, failures = tmp_path / "data", threading.Event(), set[int](), list[str]()
    push(data, bucket, make_release(data, 1))
    options = storage_options(ceph)

    def read(reader: int) -> None:
        try:
            while not over.is_set():
                head, _ = bucket.head()
                folder = fetch_release(bucket, tmp_path / f"reader_{reader}", head)
                address = f"{bucket.url}/{head.release}/parquet/observations.parquet"
                scanned = set(pl.scan_parquet(address, storage_options=options).collect()["number"])
                assert scanned == numbers_of(folder)
                assert len(scanned) == 1
                assert f"{next(iter(scanned)):012x}" in head.release
                seen.update(scanned)
        except BaseException as problem:
            failures.append(repr(problem))
            raise

    with ThreadPoolExecutor(3) as readers:
        reading = [readers.submit(read, reader) for reader in range(3)]
        try:
            for number in range(2, 32):
                push(data, bucket, make_release(data, number))
        finally:
            over.set()
        for reader in reading:
            reader.result()
    assert failures == []
    assert len(seen) > 3
    assert "000000001f" in bucket.head()[0].release


def test_a_publisher_that_is_killed_leaves_the_old_release_and_the_next_run_completes(bucket: Bucket, tmp_path: Path) -> None:
    data = tmp_path / "data"
    push(data, bucket, make_release(data, 1))
    release = make_release(data, 2, files=120, padding=400_000)
    releases.publish(data, release)
    archive(data, _SOURCE, b"synthetic")
    command = [sys.executable, "-m", "pipelines.bucket", "--data", str(data), "push"]
    publisher = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    try:
        arriving = f"releases/{release.build_id}-r{sha256_of(release.folder / CHECKSUMS)[:8]}"
        wait_until(lambda: len(bucket.listed(arriving)) > 5, "files arrive")
        publisher.send_signal(signal.SIGKILL)
    finally:
        publisher.kill()
        publisher.wait()
    assert publisher.returncode == -signal.SIGKILL
    assert "000000000001" in bucket.head()[0].release
    assert numbers_of(fetch_release(bucket, tmp_path / "reader")) == {1}
    assert bucket.files_of(bucket.head()[0]) == {}
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert "in force: 2026-01-01-000000000002" in done.stdout
    assert numbers_of(fetch_release(bucket, tmp_path / "reader")) == {2}
    assert len(bucket.files_of(bucket.head()[0])) == 2


def test_old_releases_are_retired_and_never_the_one_in_force(bucket: Bucket, tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = [make_release(data, number) for number in range(1, 5)]
    push(data, bucket, made[0])
    bucket.upload("releases/2026-01-01-unfinished/part_0.txt", b"of a publisher that was killed")
    tell(data, f"observations/{_SOURCE}/ledger.json", "[1]")
    push(data, bucket, made[1])
    tell(data, f"observations/{_SOURCE}/ledger.json", "[2]")
    for release in made[2:]:
        push(data, bucket, release, keep_newest=2, keep_days=0)
    assert build_ids(bucket) == {made[2].build_id, made[3].build_id, "2026-01-01-unfinished"}
    # back to an old one: it is in force, so it stays although it is neither new nor young
    push(data, bucket, made[2], keep_newest=9)
    retire(bucket, keep_newest=0, keep_days=0, abandoned_days=0)
    assert build_ids(bucket) == {made[2].build_id}
    head, _ = bucket.head()
    assert set(bucket.listed("objects")) == {f"objects/{head.state}", f"objects/{hashlib.sha256(b'[2]').hexdigest()}"}
    assert numbers_of(fetch_release(bucket, tmp_path / "reader")) == {3}


# --- damage ---------------------------------------------------------------------------------------------------------------------


def test_a_damaged_object_is_found_by_its_checksum_and_changes_nothing(bucket: Bucket, tmp_path: Path) -> None:
    data, reader = tmp_path / "data", tmp_path / "reader"
    push(data, bucket, make_release(data, 1))
    pull(reader, bucket)
    snapshot_id = archive(data, _SOURCE, b"synthetic bytes")
    push(data, bucket, make_release(data, 2))
    head, _ = bucket.head()
    bucket.upload(f"{head.release}/part_3.txt", b"2\nbut not what was published")
    with pytest.raises(BucketError, match=r"part_3\.txt: is damaged, its bytes hash to [0-9a-f]{64} and not to [0-9a-f]{64}: delete it"):
        fetch_release(bucket, reader)
    bucket.upload(f"objects/{snapshot_id}", b"other bytes")
    with pytest.raises(BucketError, match=f"objects/{snapshot_id}: is damaged"):
        pull(reader, bucket)
    assert numbers_of((reader / "published").resolve()) == {1}
    assert not (reader / "snapshots" / _SOURCE / snapshot_id).exists()
    bucket.delete([f"objects/{snapshot_id}"])
    with pytest.raises(BucketError, match=f"objects/{snapshot_id}: is not there"):
        pull(reader, bucket)
    assert not [path.name for path in reader.rglob("*") if path.name.endswith((".part", ".building"))]


def test_a_damaged_or_incomplete_release_is_not_sent(bucket: Bucket, tmp_path: Path) -> None:
    data = tmp_path / "data"
    release = make_release(data, 1)
    (release.folder / "part_0.txt").write_text("0\n", encoding="ascii")
    with pytest.raises(BucketError, match=r"part_0\.txt: is damaged: nothing was published"):
        push(data, bucket, release)
    (release.folder / CHECKSUMS).unlink()
    with pytest.raises(BucketError, match="has no SHA256SUMS"):
        push(data, bucket, release)
    snapshot_id = archive(data, _SOURCE, b"synthetic bytes")
    (data / "snapshots" / _SOURCE / snapshot_id).write_bytes(b"rotten")
    with pytest.raises(BucketError, match="is damaged or was changed"):
        push(data, bucket)
    assert bucket.read(HEAD) is None


@pytest.mark.parametrize("name", ["../evil", "/evil", "snapshots/../../evil", "dagster/evil", "observations/.hidden"])
def test_a_bucket_that_somebody_tampered_with_writes_nowhere_else(bucket: Bucket, tmp_path: Path, name: str) -> None:
    content = json.dumps({name: hashlib.sha256(b"evil").hexdigest()}).encode()
    state = hashlib.sha256(content).hexdigest()
    bucket.upload(f"objects/{state}", content)
    bucket.upload(f"objects/{hashlib.sha256(b'evil').hexdigest()}", b"evil")
    bucket.replace(HEAD, json.dumps({"state": state}).encode(), None)
    with pytest.raises(BucketError, match="its state names"):
        pull(tmp_path / "data", bucket)
    assert not list(tmp_path.rglob("*evil"))


def test_errors_name_place_and_remedy_and_no_secret(
    bucket: Bucket, ceph: CephServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BucketError, match="nothing is published there yet: push from a machine that has built"):
        fetch_release(bucket, tmp_path)
    bucket.replace(HEAD, b'{"somebody": "else"}', None)
    with pytest.raises(BucketError, match="is not this project's"):
        bucket.head()
    with pytest.raises(BucketError, match="no bucket: write s3://BUCKET"):
        Bucket("https://example.org/bucket")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret")
    from pipelines.bucket import main

    assert main(["--data", str(tmp_path), "show"]) == 1
    told = capsys.readouterr().err
    assert "see to the server, the network, the disk and the AWS_* variables" in told
    assert "wrong-secret" not in told
    assert ceph.secret_key not in told
    monkeypatch.delenv("STATISTICS_BUCKET")
    assert main(["--data", str(tmp_path), "pull"]) == 1
    assert "no bucket is configured" in capsys.readouterr().err


# --- analysts -------------------------------------------------------------------------------------------------------------------


def storage_options(ceph: CephServer) -> dict[str, str]:
    """What Polars is told of the server."""
    return {
        "aws_endpoint_url": ceph.endpoint, "aws_access_key_id": ceph.access_key, "aws_secret_access_key": ceph.secret_key,
        "aws_region": "us-east-1", "aws_allow_http": "true",
    }  # fmt: skip


def test_polars_and_duckdb_read_a_release_of_the_bucket_in_place(bucket: Bucket, ceph: CephServer, tmp_path: Path) -> None:
    from obstore.fsspec import FsspecStore

    data = tmp_path / "data"
    reasons = ["period_mismatch", "numerator_missing"]
    frame = pl.DataFrame({"rate_id": ["synthetic"] * 2, "rate": [0.6, None], "null_reasons": [[], reasons]})
    release = make_release(data, 1)
    frame.write_parquet(release.folder / "parquet" / "matched_periods.parquet")
    with (release.folder / CHECKSUMS).open("a") as sums:
        sums.write(f"{sha256_of(release.folder / 'parquet' / 'matched_periods.parquet')}  parquet/matched_periods.parquet\n")
    push(data, bucket, release)
    address = f"{bucket.url}/{bucket.head()[0].release}/parquet/matched_periods.parquet"
    scanned = pl.scan_parquet(address, storage_options=storage_options(ceph))
    assert scanned.collect().equals(frame)
    assert scanned.filter(pl.col("rate").is_null()).select("null_reasons").collect().item().to_list() == reasons
    connection = duckdb.connect()
    connection.register_filesystem(FsspecStore("s3"))
    assert connection.execute("SELECT rate_id, rate, null_reasons FROM read_parquet(?)", [address]).fetchall() == frame.rows()


# --- Dagster --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def machines(small_original: Workplace, bucket: Bucket, tmp_path: Path) -> tuple[dict[str, object], dict[str, object]]:
    """The settings of the workspaces of two machines, which share nothing but the bucket and the figures."""
    figures = tmp_path / "figures"
    shutil.copytree(small_original.figures, figures)
    first, second = ({"data": str(tmp_path / name), "figures": str(figures), "bucket": bucket.url} for name in ("first", "second"))
    return first, second


def build(settings: dict[str, object]) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_job_def("build")
        return job.execute_in_process(instance=instance, resources={"workspace": AlertingWorkspace(**settings)}, raise_on_error=True)


def test_two_machines_build_and_publish_through_the_bucket(
    machines: tuple[dict[str, object], dict[str, object]], bucket: Bucket, tmp_path: Path
) -> None:
    first, second = machines
    assert build(first).success
    made = releases.published_release(tmp_path / "first")
    assert made is not None
    assert bucket.head()[0].release.startswith(f"releases/{made.build_id}-r")
    started = time.process_time()
    result = build(second)
    assert result.success
    # the second machine derives and builds nothing: it has the observations and the release of the first, byte for byte
    found = releases.published_release(tmp_path / "second")
    assert found is not None
    assert found.inputs_sha256 == made.inputs_sha256
    assert sha256_of(found.database) == sha256_of(made.database)
    events = [event.event_specific_data.materialization.metadata for event in result.all_events if event.is_step_materialization]  # type: ignore[union-attr]
    assert [metadata["rebuilt"].value for metadata in events if "rebuilt" in metadata].count(True) == 0
    assert time.process_time() - started < 60
    # and the work of each is the other's: a corrected figure on the second is published to the first
    corrected = Path(str(second["figures"])) / "bjs_csec.csv"
    pl.read_csv(corrected, infer_schema=False).with_columns(pl.col("source_locator") + " (corrected)").write_csv(corrected)
    assert build(second).success
    moved = pull(tmp_path / "first", bucket)
    assert moved.switched
    now = releases.published_release(tmp_path / "first")
    assert now is not None
    assert now.inputs_sha256 != made.inputs_sha256
    assert ledger.read_ledger(tmp_path / "first", "bjs_csec") == ledger.read_ledger(tmp_path / "second", "bjs_csec")


def test_the_head_of_an_empty_bucket_is_empty(bucket: Bucket) -> None:
    assert bucket.head() == (Head(), None)
