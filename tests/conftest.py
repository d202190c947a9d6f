"""Fixtures that several test modules share: the project's own release, built once, and a small one to do harm to.

Belongs here: what is costly to make and only read, or cheap to copy. Does not belong here: expected values.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import ledger, releases

#: enough for a headline: the reports, the prosecutions nobody counts, and one federal publication
SMALL = ("ncmec_ojjdp_transparency", "not_collected", "bjs_csec")


@dataclass(frozen=True)
class Workplace:
    """A data folder and the figures it was made of."""

    data: Path
    figures: Path

    @property
    def database(self) -> Path:
        return self.data / "published" / releases.DATABASE

    def copy_to(self, folder: Path) -> Workplace:
        """Copy both folders, so that a test can do harm to them."""
        shutil.copytree(self.data, folder / "data", symlinks=True)
        shutil.copytree(self.figures, folder / "figures")
        return Workplace(folder / "data", folder / "figures")

    def build(self, *, force: bool = False) -> releases.Release:
        """Do by hand what the build job does: derive, build, publish."""
        ledger.derive(self.data, ledger.figures_tasks(self.figures), force=force)
        release = releases.build_release(self.data, force=force, with_companions=False)
        releases.publish(self.data, release)
        return release


@pytest.fixture(scope="session", autouse=True)
def home_of_instances_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Dagster's instances in memory read no dagster.yaml: what they note of themselves belongs into no project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("dagster_home")))
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The release of all embedded figures; read it, do not change it."""
    with _made_once(tmp_path_factory, "built") as folder:
        workplace = Workplace(folder / "data", ledger.FIGURES)
        if not workplace.database.exists():
            workplace.build()
    return workplace


@pytest.fixture(scope="session")
def small_original(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The release of three sources; read it, do not change it."""
    with _made_once(tmp_path_factory, "small") as folder:
        workplace = Workplace(folder / "data", folder / "figures")
        if not workplace.database.exists():
            workplace.figures.mkdir()
            for source_id in SMALL:
                shutil.copy(ledger.FIGURES / f"{source_id}.csv", workplace.figures)
            workplace.build()
    return workplace


@pytest.fixture
def small(small_original: Workplace, tmp_path: Path) -> Workplace:
    """A copy of the small release, for this test alone."""
    return small_original.copy_to(tmp_path / "small")


@pytest.fixture(scope="module")
def without_companions() -> Iterator[None]:
    """Let jobs build releases of a database alone, in modules that look at nothing else: exports and report take as long again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "_accompany", lambda _folder, _earlier: None)
        patch.setattr(releases, "_load_companions", lambda: None)
        yield


@contextmanager
def _made_once(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Give a folder that all workers of pytest-xdist share, to one of them at a time."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / f"shared_{name}"
    folder.mkdir(exist_ok=True)
    with (root / f"shared_{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def find_program(*names: str) -> str:
    """Find a program that a fresh machine may lack, by any of its names.

    Without it a test is skipped and says so; where .ci/run has installed all of them it fails.
    """
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        told = f"no {names[0]} on this machine: .ci/run installs it"
        if os.environ.get("PROGRAMS_ARE_INSTALLED"):
            pytest.fail(told)
        pytest.skip(told)
    return found


def job_command(job: str) -> list[str]:
    """The command of the Makefile for a job, with the `dagster` that belongs to this interpreter."""
    beside = Path(sys.executable).with_name("dagster")
    found = str(beside) if beside.exists() else shutil.which("dagster")
    assert found, "dagster is not installed beside this interpreter: install the project's dependencies"
    return [found, "job", "execute", "-m", "assets.definitions", "-j", job]
