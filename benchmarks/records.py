"""How fast, and in how much memory, record-level files are counted; correct before it is fast.

Belongs here: synthetic files of real size, the counts checked against their manifests, and two yardsticks on the same file in the
same run: a bare DuckDB scan (one regex, one group-by) and the plain pandas script beside this one. Each is measured in a process
of its own. Does not belong here: tests.

    python -m benchmarks.records [--rows 1000000 6300000 20000000] [--pandas-rows 1000000] [--lions-gigabytes 5] [--folder DIR]

DuckDB reads the court file twice: as latin-1, which it is, and as UTF-8 with the lines left out that are none.
Everything is synthetic; files are written to a temporary folder, which needs about 12 GB for 20 million rows, and deleted.
"""

from __future__ import annotations

import argparse
import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_ROWS_PER_DEFENDANT = 2.117
_BYTES_PER_MATTER = 6_800
_REPEATS = 3


# What is measured: each of these runs alone in a process ------------------------------------------------------------------


def ours_idb(path: Path) -> tuple[int, Callable[[], bool]]:
    """Count a court file with the pipeline: every measure, statute group and slot by month and district."""
    import polars as pl

    from pipelines.snapshots import Snapshot
    from pipelines.sources import fjc_idb_criminal as fjc

    counts = fjc.count_records(fjc.tables_of(Snapshot(fjc.SOURCE_ID, path, "0" * 64)))

    def check() -> bool:
        manifest = pickle.loads(path.with_suffix(".manifest").read_bytes())
        months = counts.table.group_by("event", "scope", "slot", "month").agg(pl.col("records").sum())
        found = {
            (event, scope, "" if scope == "all" else slot, f"{month // 12}-{month % 12 + 1:02d}"): records
            for event, scope, slot, month, records in months.iter_rows()
        }
        known = (manifest.rows + manifest.malformed, manifest.malformed, manifest.duplicates, manifest.undated)
        return found == manifest.counts and (counts.rows, counts.malformed, counts.superseded, counts.undated) == known

    return counts.rows, check


def pandas_idb(path: Path) -> tuple[int, Callable[[], bool]]:
    """Count a court file with the plain script."""
    from benchmarks.records_pandas import count_idb

    counts = count_idb(path)
    return sum(counts.values()), lambda: counts == pickle.loads(path.with_suffix(".manifest").read_bytes()).counts


def duckdb_idb(path: Path, options: str) -> tuple[int, Callable[[], bool]]:
    """Scan a court file: one regex, one group-by."""
    import duckdb

    found = (
        duckdb.connect()
        .sql(
            f"select FISCALYR, count(*) from read_csv('{path}', delim = '\t', quote = '', header = true, all_varchar = true, {options}) "
            "where regexp_matches(FTITLE1, '^0*18[ :]+0*(2251|2252|2260|1466A)([^0-9]|$)') group by 1"
        )
        .fetchall()
    )
    return len(found), lambda: len(found) >= 31


def ours_lions(folder: Path) -> tuple[int, Callable[[], bool]]:
    """Count a caseload release with the pipeline."""
    from pipelines.snapshots import Snapshot
    from pipelines.sources import eousa_caseload_data as eousa

    release = eousa.open_release(Snapshot(eousa.SOURCE_ID, folder, "0" * 64))
    counts = eousa.count_records(eousa.read_records(release))

    def check() -> bool:
        manifest = pickle.loads(folder.with_suffix(".manifest").read_bytes())
        found: Counter[tuple[str, str, str]] = Counter()
        for event, scope, _, reason, month, records in counts.table.iter_rows():
            if not reason:
                measure, _, population, _ = eousa._EVENTS[event]
                found[measure, f"{population} {scope}", f"{month // 12}-{month % 12 + 1:02d}"] += records
        known: Counter[tuple[str, str, str]] = Counter()
        for (measure, population, scope, reason, month), value in manifest.counts.items():
            if not reason:
                known[measure, f"{population} {scope}", month] += value
        return found == known

    return sum(counts.received.values()), check


def pandas_lions(folder: Path) -> tuple[int, Callable[[], bool]]:
    """Count two of the measures of a caseload release with the plain script."""
    from benchmarks.records_pandas import count_lions
    from pipelines.sources import eousa_caseload_data as eousa

    layouts = eousa.read_layouts((folder / "README.TXT").read_text(encoding="latin-1"))
    positions = {
        table: {name: (start, start + width) for name, (start, width) in layouts[table].columns.items() if name in columns}
        for table, columns in eousa.TABLES.items()
    }
    counts = count_lions(folder, positions)

    def check() -> bool:
        manifest = pickle.loads(folder.with_suffix(".manifest").read_bytes())
        known: Counter[tuple[str, str]] = Counter()
        for (measure, _, scope, reason, month), value in manifest.counts.items():
            if scope == "lions_csam_lead_charge" and not reason and measure in ("matters_received", "defendants_charged"):
                known[measure, month] += value
        return counts == known

    return sum(counts.values()), check


def duckdb_lions(folder: Path, options: str) -> tuple[int, Callable[[], bool]]:
    """Scan all files of a caseload release: one regex, one group-by."""
    import duckdb

    found = (
        duckdb.connect()
        .sql(
            "select substr(line, 1, 3), count(*) "
            f"from read_csv('{folder}/gs_*.txt', delim = '\x01', quote = '', escape = '', header = false, "
            f"auto_detect = false, columns = {{'line': 'VARCHAR'}}, {options}) "
            "where regexp_matches(substr(line, 158, 25), '^\\s*0*18\\s*:\\s*0*(2251|2252|2260|1466A)([^0-9]|$)') group by 1"
        )
        .fetchall()
    )
    return len(found), lambda: len(found) > 0


MEASURED: dict[str, Callable[[Path], tuple[int, Callable[[], bool]]]] = {
    "ours_idb": ours_idb,
    "duckdb_idb_latin1": lambda path: duckdb_idb(path, "encoding = 'latin-1', ignore_errors = true"),
    "duckdb_idb_utf8": lambda path: duckdb_idb(path, "ignore_errors = true"),
    "pandas_idb": pandas_idb,
    "ours_lions": ours_lions,
    "duckdb_lions_latin1": lambda folder: duckdb_lions(folder, "encoding = 'latin-1', ignore_errors = true"),
    "duckdb_lions_utf8": lambda folder: duckdb_lions(folder, "ignore_errors = true"),
    "pandas_lions": pandas_lions,
}


def measure_here(what: str, path: Path) -> None:
    """Run one thing and print its wall time, processor time, peak memory and whether its answer is right."""
    begun = time.perf_counter()
    units, check = MEASURED[what](path)
    wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "gib": used.ru_maxrss / 2**20, "units": units, "right": check()}
    print(json.dumps(said))


def measured(what: str, path: Path, repeats: int = _REPEATS) -> dict[str, float]:
    """Measure one thing in processes of its own; the fastest counts, because other work on the machine only slows."""
    runs = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.records", "--measure", what, str(path)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    best = min(runs, key=lambda run: run["wall"])
    if not all(run["right"] for run in runs):
        sys.exit(f"{what}: its counts are not those of the manifest: nothing was timed")
    return {**best, "gib": max(run["gib"] for run in runs)}


# The table ---------------------------------------------------------------------------------------------------------------


def line(name: str, size: str, run: dict[str, float], yardstick: float, rows: float) -> None:
    """Print one line of the table."""
    print(
        f"| {name} | {size} | {run['wall']:.1f} s | {run['cpu']:.1f} s | {run['gib']:.2f} GiB | {run['wall'] / rows * 1e6:.2f} µs "
        f"| {run['wall'] / yardstick:.2f} × |",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, check, measure, print."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.records", description=(__doc__ or "").splitlines()[0])
    command.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 6_300_000, 20_000_000])
    command.add_argument("--pandas-rows", type=int, default=1_000_000, help="rows of the file that pandas counts too; 0 leaves it out")
    command.add_argument("--lions-gigabytes", type=float, default=5.0, help="size of the caseload release; 0 leaves it out")
    command.add_argument("--repeats", type=int, default=_REPEATS)
    command.add_argument("--folder", type=Path, help="where to make the temporary folder")
    command.add_argument("--measure", nargs=2, metavar=("WHAT", "PATH"), help=argparse.SUPPRESS)
    chosen = command.parse_args(arguments)
    if chosen.measure:
        measure_here(chosen.measure[0], Path(chosen.measure[1]))
        return
    from tests import synthetic_records as synthetic

    print("Synthetic files. Processor time includes the start of Python; the last column is wall time over the first line of the size.\n")
    print("| what | size | wall | processor | peak memory | per row | relative |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=chosen.folder, prefix="synthetic_records_") as name:
        folder = Path(name)
        for rows in chosen.rows:
            path = folder / f"synthetic_{rows}.txt"
            manifest = synthetic.write_idb(path, synthetic.IdbPlan(seed=1, defendants=int(rows / _ROWS_PER_DEFENDANT)), malformed=10)
            path.with_suffix(".manifest").write_bytes(pickle.dumps(manifest))
            size = f"{manifest.rows / 1e6:.1f} M rows, {path.stat().st_size / 1e9:.1f} GB"
            ours = measured("ours_idb", path, chosen.repeats)
            line("court file, all monthly counts", size, ours, ours["wall"], manifest.rows)
            for what, words in (("duckdb_idb_latin1", "DuckDB scan, latin-1"), ("duckdb_idb_utf8", "DuckDB scan, UTF-8 lines only")):
                line(words, size, measured(what, path, chosen.repeats), ours["wall"], manifest.rows)
            if rows == chosen.pandas_rows:
                line("plain pandas script", size, measured("pandas_idb", path, 1), ours["wall"], manifest.rows)
            path.unlink()
        sizes = [(0.1, True), (chosen.lions_gigabytes, False)] if chosen.lions_gigabytes else []
        for gigabytes, with_pandas in sizes:
            release = folder / f"synthetic_release_{gigabytes}"
            drawn = synthetic.write_lions(
                release, seed=2, matters=int(gigabytes * 1e9 / _BYTES_PER_MATTER), csam_share=0.03, traps=not with_pandas
            )
            release.with_suffix(".manifest").write_bytes(pickle.dumps(drawn))
            held = sum(file.stat().st_size for file in release.iterdir())
            rows = sum(drawn.rows.values())
            size = f"{rows / 1e6:.1f} M records, {held / 1e9:.1f} GB"
            ours = measured("ours_lions", release, chosen.repeats)
            line("caseload release, all monthly counts", size, ours, ours["wall"], rows)
            for what, words in (("duckdb_lions_latin1", "DuckDB scan, latin-1"), ("duckdb_lions_utf8", "DuckDB scan, UTF-8 lines only")):
                line(words, size, measured(what, release, chosen.repeats), ours["wall"], rows)
            if with_pandas:
                line("plain pandas script, two of the measures", size, measured("pandas_lions", release, 1), ours["wall"], rows)


if __name__ == "__main__":
    main()
