"""What a build costs beside its libraries: `python -m benchmarks.build`.

One run measures, as whole processes: importing dagster, great_expectations, polars and duckdb and nothing else; a first build of
the embedded figures into an empty data folder; the same again with nothing changed. Ratios are to the bare imports.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import job_command

PROJECT = Path(__file__).resolve().parent.parent
BARE = "import dagster, great_expectations, polars, duckdb"
_WRAPPED = (
    "import resource, subprocess, sys\n"
    "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
    "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    "print(used.ru_maxrss, used.ru_utime + used.ru_stime)"
)


def run(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command; returns wall seconds, CPU seconds and peak memory in GiB."""
    environment = {**os.environ, "DAGSTER_HOME": str(folder), "PYTHONPATH": str(folder)}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _WRAPPED, *command], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    peak, cpu = done.stdout.split()
    return time.perf_counter() - start, float(cpu), int(peak) / 2**20


def main() -> None:
    """Print one line per measurement, and where the time of the first build goes."""
    build = job_command("build")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "project"
        ignored = shutil.ignore_patterns("data", ".venv", ".git", "*cache*", "__pycache__")
        shutil.copytree(PROJECT, folder, ignore=ignored)
        subprocess.run([sys.executable, "-m", "compileall", "-q", "assets", "pipelines"], cwd=folder, check=True)
        run([sys.executable, "-c", BARE], folder)  # once for the file cache
        measured = [
            ("bare imports", run([sys.executable, "-c", BARE], folder)),
            ("first build", run(build, folder)),
            ("build, nothing changed", run(build, folder)),
        ]
    floor = measured[0][1][0]
    print("| process | wall s | ratio | CPU s | peak GiB |")
    print("|---|---|---|---|---|")
    for name, (wall, cpu, peak) in measured:
        print(f"| {name} | {wall:.1f} | {wall / floor:.1f} | {cpu:.1f} | {peak:.2f} |")


if __name__ == "__main__":
    main()
