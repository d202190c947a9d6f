"""The long run of every fault: `python -m benchmarks.faults [--kills 50] [--seed 1]`; prints the fault table, stops at the first loss.

Belongs here: how often, and the table. Does not belong here: the harm itself (tests/faults.py, whose short run is tests/test_faults.py).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipelines import ledger
from tests import clocks, faults, three_starts
from tests.conftest import SMALL, Workplace, job_command

PROJECT = Path(__file__).resolve().parent.parent
#: bytes that a file may have; every writing step meets one that is too small for it
SIZES = (0, *(1000 * 2**step for step in range(14)))
#: kilobytes that are free on the small disk
ROOMS = (0, 100, 400, 1_500, 3_000, 6_000, 12_000, 20_000)


def launch_at_once(folder: Path) -> str:
    """Launch the build job twice at the same moment from the command line, on a copy of the project."""
    project = folder / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("data", ".venv", ".git", "*cache*"))
    environment = {**os.environ, "DAGSTER_HOME": str(project), "PYTHONPATH": str(project)}
    # storage is made by one process, as docs/operations.md says: made by two at once, Dagster's own tables collide
    prepare = [str(Path(sys.executable).with_name("dagster")), "instance", "migrate"]
    subprocess.run(prepare, cwd=project, env=environment, check=True, capture_output=True)
    command = job_command("build")
    runs = [
        subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    codes = [run.wait(600) for run in runs]
    assert codes == [0, 0], codes
    workplace = Workplace(project / "data", project / "figures")
    faults.check_published(workplace)
    built = [path.name for path in (project / "data" / "releases").iterdir()]
    assert len(built) == 1, built
    return "two launches at the same moment: one release, both runs green"


def disk_of(folder: Path, megabytes: int, run: Callable[[Path], str]) -> str:
    """Do something on a small file system of its own; only root may make one."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        return run(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def run_out_of_disk(folder: Path, original: Workplace) -> str:
    """Build again and again on a disk that is filled up by ballast to a little less each time."""
    workplace = original.copy_to(folder / "workplace")
    refused = 0
    for room in ROOMS:
        faults.edit(workplace, f"no room {room}")
        ballast = folder / "ballast"
        free = shutil.disk_usage(folder).free
        with ballast.open("wb") as stream:
            stream.write(bytes(max(0, free - room * 1000)))
        refused += faults.run(faults.build, [workplace]) != 0
        ballast.unlink()
        faults.check_published(workplace)
    assert faults.run(faults.build, [workplace]) == 0
    assert not faults.litter(workplace), faults.litter(workplace)
    return f"{refused} of {len(ROOMS)} builds refused for want of room; the old release stood, the next build completed"


def main() -> None:
    """Do every fault many times and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        original = Workplace(root / "original" / "data", root / "original" / "figures")
        original.figures.mkdir(parents=True)
        for source_id in SMALL:
            shutil.copy(ledger.FIGURES / f"{source_id}.csv", original.figures)
        original.build()

        def fresh(name: str) -> Workplace:
            return original.copy_to(root / name)

        # fault, times tried, what is done
        faults_done: list[tuple[str, int, Callable[[], str]]] = [
            ("`kill -9` of a build, at random", given.kills, lambda: faults.kill_builds(fresh("builds"), given.kills, given.seed)),
            ("`kill -9` of a refresh, at random", given.kills, lambda: faults.kill_refreshes(fresh("refreshes"), given.kills, given.seed)),
            ("no file may grow beyond a size", len(SIZES), lambda: faults.fill_up(fresh("quota"), SIZES)),
            ("a folder that may not be written", 2, lambda: faults.forbid_writing(fresh("forbidden"))),
            ("damaged Parquet, snapshot, manifest", 20, lambda: faults.damage(fresh("damaged"), given.seed)),
            ("clocks that jump by years", 10, lambda: clocks.jump_clocks(fresh("clocks"))),
            ("builds at the same moment", 4, lambda: faults.build_at_once(fresh("at_once"), 4)),
            ("two launches at the same moment", 2, lambda: launch_at_once(root / "launches")),
            ("UI, schedule and command line at the same moment", 3, lambda: three_starts.start_three_at_once(root / "three")),
        ]
        if os.geteuid() == 0:
            (root / "disk").mkdir()
            run_out = partial(run_out_of_disk, original=original)
            faults_done.append(("disk full (tmpfs of 64 MB)", len(ROOMS), lambda: disk_of(root / "disk", 64, run_out)))
        print("| fault | times tried | what happened | lost | seconds |\n|---|---|---|---|---|", flush=True)
        for name, times, do in faults_done:
            began = time.monotonic()
            happened = do()
            print(f"| {name} | {times} | {happened} | nothing | {time.monotonic() - began:.0f} |", flush=True)


if __name__ == "__main__":
    main()
