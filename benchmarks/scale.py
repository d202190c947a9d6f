"""How much wall time and memory 1, 2 and 4 workers take for the same partitions, and what the engine costs: `python -m benchmarks.scale`.

Belongs here: one synthetic court file in eight partitions, counted by the plain functions in one process on one core, by `parse` in one
pass, and by Celery workers of the shared deployment (real PostgreSQL and Redis servers, started here). Every answer must equal that
of the one pass, byte for byte. Each worker is a process that may use one thread of Polars.
Does not belong here: tests, and what follows for a full release (docs/scale.md).

Run it in the environment of the extra `shared`: `make test-shared` makes it, then `.venv-shared/bin/python -m benchmarks scale`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCE_ID = "fjc_idb_criminal"
PARTS = 8
_BYTES_PER_DEFENDANT = 1_100


def source_of(path: Path) -> str:
    """Tell a caseload release, which is a folder, from a court file."""
    return "eousa_caseload_data" if path.is_dir() else SOURCE_ID


def plainly(path: Path, out: Path, parts: int = PARTS) -> None:
    """Divide, count and merge in this process, without any engine."""
    from pipelines import parse
    from pipelines.partitions import divide

    folder = out.with_suffix(".parts")
    folder.mkdir()
    salt = secrets.randbits(64)
    files = [parse.count_safely(partition, folder, salt) for partition in divide(source_of(path), path, parts)]
    parse.write_whole(parse.observations_of_partitions(parse.snapshot_of(source_of(path), path), files), out)


def in_one_pass(path: Path, out: Path) -> None:
    """Count as `python -m pipelines.parse` does."""
    from pipelines import parse

    parse.write_whole(parse.observations_of(parse.snapshot_of(source_of(path), path)), out)


WAYS = {"plainly": plainly, "undivided": partial(plainly, parts=1), "in_one_pass": in_one_pass}


def measure_here(way: str, path: Path, out: Path) -> None:
    """Run one way alone in this process, and print what it took."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    WAYS[way](path, out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - begun
    # getrusage would tell the peak of the process that started this one
    (peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"wall": wall, "cpu": cpu, "gib": int(peak) / 2**20}))


def alone(way: str, path: Path, out: Path, *, one_core: bool) -> dict[str, float]:
    """Measure a way in a process of its own, on one core or on all."""
    command = [sys.executable, "-m", "benchmarks.scale", "--measure", way, str(path), str(out)]
    core = min(os.sched_getaffinity(0))
    pinned = ["taskset", "--cpu-list", str(core), *command] if one_core else command
    environment = {**os.environ, **({"POLARS_MAX_THREADS": "1"} if one_core else {})}
    done = subprocess.run(pinned, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def watched(process_ids: list[int]) -> Iterator[dict[str, float]]:
    """Take the peak of the memory, and the processor time, of processes and their children."""
    import psutil

    found = {"gib": 0.0, "cpu": 0.0}
    over = threading.Event()

    def family() -> list[psutil.Process]:
        return [each for pid in process_ids for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]

    def cpu() -> float:
        return sum(each.cpu_times().user + each.cpu_times().system for each in family())

    def look() -> None:
        while not over.wait(0.1):
            # a worker has children that live for a moment
            with contextlib.suppress(psutil.NoSuchProcess):
                found["gib"] = max([found["gib"], *(each.memory_info().rss / 2**30 for each in family())])

    begun = cpu()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()
        found["cpu"] = cpu() - begun


def distributed(path: Path, folder: Path, workers: int) -> dict[str, float]:
    """Count with so many workers; warm ones, for they wait for the next release."""
    from tests.shared_deployment import conftest

    servers, place = folder / f"servers_{workers}", folder / f"deployment_{workers}"
    servers.mkdir()
    place.mkdir()
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(contextlib.contextmanager(conftest.start_postgres)())
        redis = stack.enter_context(contextlib.contextmanager(conftest.start_redis)(servers))
        deployment = conftest.deploy(postgres, redis, place)
        deployment.environment["POLARS_MAX_THREADS"] = "1"
        processes = [stack.enter_context(deployment.worker(f"worker{number}")) for number in range(workers)]
        out = deployment.folder / "counted.parquet"
        asked = {"source_id": SOURCE_ID, "path": str(path), "out": str(out), "parts": PARTS}
        config = deployment.folder / "run.json"
        config.write_text(json.dumps({"ops": {"config": asked}}), encoding="utf-8")
        run = ("dagster", "job", "execute", "-m", "deploy.shared_deployment.definitions", "-j", "count_records", "-c", str(config))
        deployment.call(*run)
        out.unlink()
        with watched([process.pid for process in processes]) as found:
            deployment.call(*run)
        out.rename(folder / f"by_{workers}.parquet")
        seconds = "SELECT end_time - start_time FROM runs ORDER BY start_time DESC LIMIT 1"
        return {**found, "wall": float(deployment.ask(seconds)[0])}


def release_on_one_core(folder: Path, megabytes: int) -> None:
    """Measure the plain functions on a caseload release, from which docs/scale.md reckons; hashing it is told apart."""
    from benchmarks.records import write_release
    from pipelines.parse import snapshot_of

    release = folder / "synthetic_release"
    with contextlib.redirect_stdout(None):
        write_release(release, megabytes)
    size = sum(file.stat().st_size for file in release.iterdir())
    begun = time.process_time()
    snapshot_of(source_of(release), release)
    hashing = time.process_time() - begun
    print(f"\nSynthetic caseload release of {size / 1e9:.2f} GB, plain functions on one core; hashing is {hashing:.1f} s of processor.\n")
    print("| partitions | counting | MB a second | largest process |\n|---|---|---|---|")
    for way, parts in (("undivided", 1), ("plainly", PARTS)):
        took = alone(way, release, folder / f"release_in_{parts}.parquet", one_core=True)
        counting = took["cpu"] - hashing
        print(f"| {parts} | {counting:.1f} s | {size / 1e6 / counting:.0f} | {took['gib']:.2f} GiB |")
    if (folder / "release_in_1.parquet").read_bytes() != (folder / f"release_in_{PARTS}.parquet").read_bytes():
        sys.exit("the answers about the release differ: nothing was measured")
    print("\nTables that come in one file for all districts are read by every partition; those with a file for each district by one.")


def main() -> None:
    """Write the file, measure all ways, compare, print."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=(__doc__ or "").splitlines()[0])
    command.add_argument("--megabytes", type=int, default=1_000, help="size of the synthetic court file")
    command.add_argument("--lions-megabytes", type=int, default=2_000, help="size of the synthetic caseload release")
    command.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4])
    command.add_argument("--measure", nargs=3, metavar=("WAY", "PATH", "OUT"), help=argparse.SUPPRESS)
    chosen = command.parse_args()
    if chosen.measure:
        way, path, out = chosen.measure
        measure_here(way, Path(path), Path(out))
        return
    from tests import synthetic_records as synthetic

    with tempfile.TemporaryDirectory(prefix="synthetic_scale_") as name:
        folder = Path(name)
        path = folder / "synthetic_cr96on.txt"
        synthetic.write_idb(path, synthetic.IdbPlan(seed=1, defendants=chosen.megabytes * 1_000_000 // _BYTES_PER_DEFENDANT))
        size = path.stat().st_size
        print(f"Synthetic court file of {size / 1e9:.2f} GB in {PARTS} partitions; `identify_release` hashes it once, in every way.")
        print("Wall time of a run is Dagster's own, from its start to its end; workers are warm. Memory is that of the largest process.\n")
        print("| way | wall | processor | largest process | MB a second | processor, relative |\n|---|---|---|---|---|---|")
        found = {
            "one pass, all cores": alone("in_one_pass", path, folder / "one.parquet", one_core=False),
            "partitions, plain functions, one core": alone("plainly", path, folder / "plain.parquet", one_core=True),
            **{f"Celery workers: {workers}": distributed(path, folder, workers) for workers in chosen.workers},
        }
        answers = {file.name: file.read_bytes() for file in folder.glob("*.parquet")}
        if len(set(answers.values())) != 1:
            sys.exit(f"the answers differ: {', '.join(sorted(answers))}: nothing was measured")
        plain = found["partitions, plain functions, one core"]["cpu"]
        for way, took in found.items():
            rate = size / 1e6 / took["wall"]
            print(
                f"| {way} | {took['wall']:.1f} s | {took['cpu']:.1f} s | {took['gib']:.2f} GiB | {rate:.0f} | {took['cpu'] / plain:.2f} |"
            )
        print(f"\nAll {len(answers)} answers are the same bytes.")
        release_on_one_core(folder, chosen.lions_megabytes)


if __name__ == "__main__":
    main()
