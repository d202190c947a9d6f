"""One build from a clean copy, with the commands that the Makefile runs and the README shows."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.conftest import job_command
from tests.test_laws import PROJECT, tracked_files


def contents_of(folder: Path) -> dict[str, str]:
    """Every file outside data/, with its hash; what Python compiles aside."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "data" and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean copy")
    for name in tracked_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    return folder


def run(clone: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")}
    environment = {**kept, "DAGSTER_HOME": str(clone), "PYTHONPATH": str(clone)}
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def test_a_clean_copy_is_built_with_the_plain_commands(clone: Path) -> None:
    makefile = (clone / "Makefile").read_text(encoding="utf-8")
    assert "dagster job execute -m assets.definitions -j $(1)" in makefile
    assert "python -m pipelines.releases" in makefile

    before = contents_of(clone)
    built = run(clone, *job_command("build"))
    assert built.returncode == 0, (built.stdout + built.stderr)[-3000:]
    told = run(clone, sys.executable, "-m", "pipelines.releases")
    assert told.returncode == 0, told.stderr
    assert 8 <= len(told.stdout.splitlines()) <= 10
    assert "NULL in every year" in told.stdout
    assert "data/published/prosecution_statistics.duckdb" in told.stdout

    published = clone / "data" / "published"
    assert published.is_symlink()
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{published}/prosecution_statistics.duckdb' AS release (READ_ONLY)")
        connection.execute("USE release")
        assert connection.sql("SELECT count(*), count(DISTINCT source_id) FROM observations").fetchall() == [(3529, 40)]
        headline = "FROM matched_periods WHERE rate_id = 'csam_reports_prosecuted'"
        answered = connection.sql(f"SELECT count(rate), count(prosecution_rate), min(len(null_reasons)) > 0 {headline}")
        assert answered.fetchall() == [(0, 0, True)]
        assert connection.sql("SELECT count(*) > 1000 FROM matched_periods WHERE rate IS NOT NULL").fetchall() == [(True,)]

    # nothing was written outside the one ignored folder, and no source file was touched
    assert contents_of(clone) == before
    assert [path.name for path in clone.iterdir() if path.name.startswith((".tmp", "tmp", "storage", "logs", "history", "schedules"))] == []

    # a second time nothing is rebuilt
    release = published.resolve()
    again = run(clone, *job_command("build"))
    assert again.returncode == 0, (again.stdout + again.stderr)[-3000:]
    assert "unchanged, nothing was rebuilt" in again.stdout + again.stderr
    assert published.resolve() == release
    assert [path.name for path in release.parent.iterdir()] == [release.name]
    assert contents_of(clone) == before
