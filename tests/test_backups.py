"""Backups: taken while others write, restored to the byte, and nothing has to be built again."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from pipelines import backups, health, ledger, releases, snapshots
from pipelines.backups import CONTENTS, BackupError, create_backup, restore_backup
from pipelines.releases import ReleaseError
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import query
from tests.conftest import Workplace


def contents_of(data: Path) -> dict[str, str]:
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(data.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def archived(data: Path, source_id: str, content: bytes) -> str:
    """Put bytes into the store as a fetch does: first they, then their manifest, then the pointer."""
    folder, name = data / "snapshots" / source_id, hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    manifest = {
        "source_id": source_id, "snapshot_id": name, "url": "https://example.org/x", "final_url": "https://example.org/x", "found_on": None,
        "retrieved_at": "2026-11-23T06:00:00+00:00", "etag": None, "last_modified": None, "media_type": "text/html",
        "bytes": len(content), "published_on": None,
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(manifest))
    draft = folder / "pointer.tmp"
    draft.write_text(json.dumps({"newest": name}))
    draft.replace(folder / "latest-constructed.json")
    return name


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_what_is_restored_opens_and_nothing_has_to_be_built_again(name: str, small: Workplace, tmp_path: Path) -> None:
    archived(small.data, "trac_law_pages", b"<html>constructed</html>")
    (small.data / "alerts").mkdir()
    (small.data / "alerts" / "told.json").write_text("{}")
    before = contents_of(small.data)
    asked = "SELECT rate_id, time_period, numerator, denominator, rate FROM matched_periods ORDER BY ALL"
    answers = query(small.database, asked)
    made = create_backup(small.data, tmp_path / name)
    assert contents_of(small.data) == before
    target = tmp_path / "elsewhere" / "data"
    restored = restore_backup(tmp_path / name, target)

    assert restored.release == made.release == (small.data / "published").resolve().name
    assert restored.files == made.files
    assert contents_of(target) == before
    assert (target / "published").is_symlink()
    assert not (target / "published").readlink().is_absolute()
    assert query(target / "published" / releases.DATABASE, asked) == answers
    assert health.worst(health.examine(target)) == 0
    snapshots.latest_snapshot(target / "snapshots", "trac_law_pages")

    # a build there finds everything as it was: no snapshot is derived, no release is built
    outcomes = ledger.derive(target, ledger.figures_tasks(small.figures))
    assert [outcome.rebuilt for outcome in outcomes] == [False] * len(outcomes)
    release = releases.build_release(target)
    assert not release.rebuilt
    assert release.folder.name == restored.release
    # releases keep their age, by which they are retired
    old, new = ((data / "releases" / restored.release).stat().st_mtime for data in (small.data, target))
    assert new == pytest.approx(old, abs=1)


def test_a_restored_project_goes_on(small: Workplace, tmp_path: Path) -> None:
    create_backup(small.data, tmp_path / "b.tar")
    restored = Workplace(tmp_path / "data", small.figures)
    restore_backup(tmp_path / "b.tar", restored.data)
    (small.figures / "bjs_csec.csv").unlink()
    release = restored.build(force=True)
    assert release.rebuilt
    assert health.worst(health.examine(restored.data)) == 0


# --- while others write --------------------------------------------------------------------------------------------------------------


def test_a_build_waits_for_the_backup_and_the_backup_for_a_build(small: Workplace, tmp_path: Path) -> None:
    with (small.data / "build.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ReleaseError, match=r"build\.lock"):
            create_backup(small.data, tmp_path / "b.tar", patience_seconds=0.5)
        assert [path.name for path in tmp_path.iterdir() if "b.tar" in path.name] == []
        done: list[backups.Backup] = []
        waiting = threading.Thread(target=lambda: done.append(create_backup(small.data, tmp_path / "b.tar")))
        waiting.start()
        time.sleep(0.5)
        assert not done
        fcntl.flock(lock, fcntl.LOCK_UN)
        waiting.join(60)
    assert done[0].files > 5


def test_a_backup_taken_while_publishers_are_asked_and_runs_are_recorded_is_of_one_moment(small: Workplace, tmp_path: Path) -> None:
    """A fetch needs no lock and Dagster knows none: pointers never lead to what is missing, and no database is torn."""
    database = small.data / "dagster" / "storage" / "event_log.db"
    database.parent.mkdir(parents=True)
    stop = threading.Event()

    def record() -> None:
        connection = sqlite3.connect(database, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE events (number INTEGER, twin INTEGER)")
        number = 0
        while not stop.is_set():
            number += 1
            with connection:
                connection.execute("INSERT INTO events VALUES (?, ?)", (number, number))
                connection.execute("INSERT INTO events VALUES (?, ?)", (-number, number))
        connection.close()

    def fetch() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            archived(small.data, "trac_law_pages", f"<html>{number}</html>".encode())
            (small.data / "dagster" / "run.log").write_text("growing\n" * number)

    writers = [threading.Thread(target=work) for work in (record, fetch)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(0.5)
        for number in range(3):
            create_backup(small.data, tmp_path / f"{number}.tar")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    for number in range(3):
        target = tmp_path / f"restored {number}"
        restore_backup(tmp_path / f"{number}.tar", target)
        folder = target / "snapshots" / "trac_law_pages"
        newest = json.loads((folder / "latest-constructed.json").read_text())["newest"]
        assert snapshots.load_snapshot(target / "snapshots", "trac_law_pages", newest).snapshot_id == newest
        for manifest in folder.glob("[0-9a-f]*.json"):
            assert (folder / manifest.stem).is_file()
        connection = sqlite3.connect(target / "dagster" / "storage" / "event_log.db")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ((events, pairs),) = connection.execute("SELECT count(*), count(DISTINCT twin) FROM events")
        assert events == 2 * pairs > 0
        connection.close()
        assert not [path.name for path in target.rglob("*") if path.name.endswith(("-wal", "-shm", ".tmp", ".part"))]


# --- what is refused -----------------------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten(small: Workplace, tmp_path: Path) -> None:
    create_backup(small.data, tmp_path / "b.tar")
    before = contents_of(small.data)
    with pytest.raises(BackupError, match="is there already"):
        create_backup(small.data, tmp_path / "b.tar")
    with pytest.raises(BackupError, match="is not empty: stop the service and move it aside"):
        restore_backup(tmp_path / "b.tar", small.data)
    assert contents_of(small.data) == before
    with pytest.raises(BackupError, match="lies in the folder that is backed up"):
        create_backup(small.data, small.data / "b.tar")
    with pytest.raises(BackupError, match="nothing to back up"):
        create_backup(tmp_path / "nowhere", tmp_path / "c.tar")
    with pytest.raises(BackupError, match=r"c\.tar: No such file or directory"):
        create_backup(small.data, tmp_path / "no such folder" / "c.tar")


def damaged(archive: Path, position: float) -> None:
    content = bytearray(archive.read_bytes())
    place = int(len(content) * position)
    content[place : place + 64] = bytes(byte ^ 0xFF for byte in content[place : place + 64])
    archive.write_bytes(content)


@pytest.mark.parametrize("position", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_damaged_archive_is_refused_and_leaves_nothing(position: float, small: Workplace, tmp_path: Path) -> None:
    create_backup(small.data, tmp_path / "b.tar.gz")
    damaged(tmp_path / "b.tar.gz", position)
    target = tmp_path / "there" / "data"
    with pytest.raises(BackupError, match="take another backup"):
        restore_backup(tmp_path / "b.tar.gz", target)
    assert list(target.parent.iterdir()) == []


def test_an_archive_with_one_wrong_byte_in_a_file_is_refused(small: Workplace, tmp_path: Path) -> None:
    create_backup(small.data, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        member = next(member for member in tar if member.name.endswith(".parquet"))
    content = bytearray((tmp_path / "b.tar").read_bytes())
    content[member.offset_data + member.size // 2] ^= 1
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(BackupError, match=rf"{member.name} is missing or damaged"):
        restore_backup(tmp_path / "b.tar", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_an_archive_of_something_else_or_with_members_that_lead_outside_is_refused(tmp_path: Path) -> None:
    def archive(*members: tarfile.TarInfo) -> Path:
        path = tmp_path / "foreign.tar"
        with tarfile.open(path, "w") as tar:
            for member in members:
                member.size = 4 if member.isreg() else 0
                tar.addfile(member, io.BytesIO(b"evil"))
        return path

    outside, link, device = tarfile.TarInfo("../outside"), tarfile.TarInfo("snapshots"), tarfile.TarInfo("null")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    device.type = tarfile.CHRTYPE
    for members, problem in (
        ((tarfile.TarInfo("innocent"),), f"has no {CONTENTS}"),
        ((outside,), "outside the destination"),
        ((link,), "absolute path"),
        ((device,), "special file"),
    ):
        with pytest.raises(BackupError, match=problem):
            restore_backup(archive(*members), tmp_path / "there" / "data")
        assert list((tmp_path / "there").iterdir()) == []
    assert not (tmp_path / "outside").exists()
    (tmp_path / "no.tar").write_text("no archive")
    with pytest.raises(BackupError, match=r"no\.tar: "):
        restore_backup(tmp_path / "no.tar", tmp_path / "there" / "data")


def test_a_backup_of_a_release_that_does_not_open_is_not_restored(small: Workplace, tmp_path: Path) -> None:
    small.database.write_bytes(b"no database")
    create_backup(small.data, tmp_path / "b.tar")
    with pytest.raises(BackupError, match="its published release"):
        restore_backup(tmp_path / "b.tar", tmp_path / "data")


def test_a_backup_that_was_killed_leaves_no_archive(small: Workplace, tmp_path: Path) -> None:
    with (small.data / "published" / "large").open("wb") as content:
        content.write(os.urandom(1 << 20) * 200)
    command = [sys.executable, "-m", "pipelines.backups", "--data", str(small.data), "create", str(tmp_path / "b.tar.gz")]
    process = subprocess.Popen(command, cwd=PROJECT)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".b.tar.gz.*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (tmp_path / "b.tar.gz").exists()
    (small.data / "published" / "large").unlink()
    # the lock went with it
    assert create_backup(small.data, tmp_path / "b.tar.gz", patience_seconds=5).files > 5


def test_the_command_backs_up_and_restores(small: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = str(tmp_path / "b.tar.gz")
    assert backups.main(["--data", str(small.data), "create", archive]) == 0
    assert "backed up to b.tar.gz; published: " in capsys.readouterr().out
    assert backups.main(["--data", str(small.data), "restore", archive]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert backups.main(["--data", str(tmp_path / "data"), "restore", archive]) == 0
    assert "restored from b.tar.gz; published: " in capsys.readouterr().out
