"""How fast, and in how much memory, record-level files are counted; correct before it is fast.

Belongs here: synthetic files of real size, the counts checked against their manifests, and two yardsticks on the same file in the
same run: a bare DuckDB scan (one regex, one group-by) and the plain pandas script beside this one. Each is measured in a process
of its own. Does not belong here: tests.

    python -m benchmarks.records [--rows 1000000 6300000 20000000] [--lions-megabytes 300 5200] [--folder DIR]

DuckDB reads each file twice: as latin-1, which it is, and as UTF-8 with the lines left out that are none. A caseload release is
mostly made of tables that are not counted here and never opened; DuckDB scans all of it, and the six counted tables alone.
Everything is synthetic; files are written to a temporary folder, which needs about 12 GB for 20 million rows, and deleted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pickle
import re
import resource
import shutil
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


def duckdb_lions(folder: Path, options: str, files: str) -> tuple[int, Callable[[], bool]]:
    """Scan files of a caseload release: one regex, one group-by."""
    import duckdb

    paths = [str(path) for path in sorted(folder.glob("gs_*.txt")) if re.match(files, path.name)]
    found = (
        duckdb.connect()
        .sql(
            f"select substr(line, 1, 3), count(*) from read_csv({paths}, delim = '\x01', quote = '', escape = '', header = false, "
            f"auto_detect = false, columns = {{'line': 'VARCHAR'}}, {options}) "
            "where regexp_matches(substr(line, 158, 25), '^\\s*0*18\\s*:\\s*0*(2251|2252|2260|1466A)([^0-9]|$)') group by 1"
        )
        .fetchall()
    )
    return len(found), lambda: len(found) > 0


_LATIN = "encoding = 'latin-1', ignore_errors = true"
_UTF = "ignore_errors = true"
_READ = r"gs_(case|court|part)(?!_event)"
MEASURED: dict[str, tuple[str, str, Callable[[Path], tuple[int, Callable[[], bool]]]]] = {
    "ours_idb": ("all monthly counts", "pipelines.sources.fjc_idb_criminal", ours_idb),
    "duckdb_idb_latin1": ("DuckDB scan, latin-1", "duckdb", lambda path: duckdb_idb(path, _LATIN)),
    "duckdb_idb_utf8": ("DuckDB scan, lines that are UTF-8", "duckdb", lambda path: duckdb_idb(path, _UTF)),
    "pandas_idb": ("plain pandas script", "pandas", pandas_idb),
    "ours_lions": ("all monthly counts", "pipelines.sources.eousa_caseload_data", ours_lions),
    "duckdb_lions_latin1": ("DuckDB scan of the release, latin-1", "duckdb", lambda path: duckdb_lions(path, _LATIN, "gs_")),
    "duckdb_lions_utf8": ("DuckDB scan of the release, UTF-8", "duckdb", lambda path: duckdb_lions(path, _UTF, "gs_")),
    "duckdb_lions_read": ("DuckDB scan of the six tables, latin-1", "duckdb", lambda path: duckdb_lions(path, _LATIN, _READ)),
    "duckdb_lions_read_utf8": ("DuckDB scan of the six tables, UTF-8", "duckdb", lambda path: duckdb_lions(path, _UTF, _READ)),
    "pandas_lions": ("plain pandas script, two measures", "pandas", pandas_lions),
}


def measure_here(what: str, path: Path) -> None:
    """Run one thing and print its wall time, processor time, peak memory and whether its answer is right."""
    _, library, work = MEASURED[what]
    importlib.import_module(library)
    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    units, check = work(path)
    wall = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "gib": used.ru_maxrss / 2**20, "units": units, "right": check()}))


def in_a_process(*arguments: str) -> str:
    """Run this module in a process of its own, whose memory is only its own, and return its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.records", *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def measured(kinds: Sequence[str], path: Path, repeats: int) -> dict[str, dict[str, float]]:
    """Measure the kinds in turn, round by round, so that other work on the machine meets all of them; the fastest run of each counts."""
    runs: dict[str, list[dict[str, float]]] = {what: [] for what in kinds}
    for number in range(repeats):
        for what in kinds:
            if number == 0 or "pandas" not in what:
                runs[what].append(json.loads(in_a_process("--measure", what, str(path))))
    wrong = [what for what in kinds if not all(run["right"] for run in runs[what])]
    if wrong:
        sys.exit(f"{', '.join(wrong)}: the counts are not those of the manifest: nothing was timed")
    return {what: {**min(runs[what], key=lambda run: run["wall"]), "gib": max(run["gib"] for run in runs[what])} for what in kinds}


# Writing -------------------------------------------------------------------------------------------------------------------


def write_idb(path: Path, rows: int) -> None:
    """Write a synthetic court file and its manifest; print how many rows it has."""
    from tests import synthetic_records as synthetic

    plan = synthetic.IdbPlan(seed=1, defendants=int(rows / _ROWS_PER_DEFENDANT))
    manifest = synthetic.write_idb(path, plan, malformed=10)
    path.with_suffix(".manifest").write_bytes(pickle.dumps(manifest))
    print(manifest.rows)


def write_release(folder: Path, megabytes: int) -> None:
    """Write a synthetic caseload release and its manifest; print how many records of the counted tables it has."""
    from tests import synthetic_records as synthetic

    # in the release of September 2018, 59 percent of the bytes are tables of events and comments
    matters = int(megabytes * 1e6 * 0.41 / _BYTES_PER_MATTER)
    manifest = synthetic.write_lions(folder, seed=2, matters=matters, csam_share=0.03, traps=False, events=24)
    folder.with_suffix(".manifest").write_bytes(pickle.dumps(manifest))
    print(sum(manifest.rows.values()))


# The table ---------------------------------------------------------------------------------------------------------------


def lines(path: Path, size: str, rows: int, kinds: Sequence[str], repeats: int) -> None:
    """Measure the kinds on one file or release and print a line of the table for each."""
    best = measured(kinds, path, repeats)
    for what, run in best.items():
        print(
            f"| {MEASURED[what][0]} | {size} | {run['wall']:.1f} s | {run['cpu']:.1f} s | {run['gib']:.2f} GiB "
            f"| {run['wall'] / rows * 1e6:.2f} µs | {run['wall'] / best[kinds[0]]['wall']:.2f} |",
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Generate, check, measure, print."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.records", description=(__doc__ or "").splitlines()[0])
    command.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 6_300_000, 20_000_000])
    command.add_argument("--pandas-rows", type=int, nargs="*", default=[1_000_000, 6_300_000], help="court files that pandas counts too")
    command.add_argument("--lions-megabytes", type=int, nargs="*", default=[300, 5_200], help="sizes of caseload releases")
    command.add_argument("--pandas-megabytes", type=int, nargs="*", default=[300, 5_200], help="releases that pandas counts too")
    command.add_argument("--repeats", type=int, default=3)
    command.add_argument("--folder", type=Path, help="where to make the temporary folder")
    command.add_argument("--measure", nargs=2, metavar=("WHAT", "PATH"), help=argparse.SUPPRESS)
    command.add_argument("--write", nargs=3, metavar=("WHAT", "PATH", "SIZE"), help=argparse.SUPPRESS)
    chosen = command.parse_args(arguments)
    if chosen.measure:
        measure_here(chosen.measure[0], Path(chosen.measure[1]))
        return
    if chosen.write:
        {"idb": write_idb, "lions": write_release}[chosen.write[0]](Path(chosen.write[1]), int(chosen.write[2]))
        return
    print("All files are synthetic. The last column is wall time over that of the first line of the same size.\n")
    print("| what | size | wall | processor | peak memory | per record | relative |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=chosen.folder, prefix="synthetic_records_") as name:
        for asked in chosen.rows:
            path = Path(name) / f"synthetic_{asked}.txt"
            rows = int(in_a_process("--write", "idb", str(path), str(asked)))
            size = f"court file, {rows / 1e6:.1f} M records, {path.stat().st_size / 1e9:.1f} GB"
            with_pandas = ["pandas_idb"] if asked in chosen.pandas_rows else []
            lines(path, size, rows, ["ours_idb", "duckdb_idb_latin1", "duckdb_idb_utf8", *with_pandas], chosen.repeats)
            path.unlink()
        for asked in chosen.lions_megabytes:
            folder = Path(name) / f"synthetic_release_{asked}"
            rows = int(in_a_process("--write", "lions", str(folder), str(asked)))
            size = f"caseload release, {rows / 1e6:.1f} M records, {sum(file.stat().st_size for file in folder.iterdir()) / 1e9:.1f} GB"
            kinds = ["ours_lions", "duckdb_lions_latin1", "duckdb_lions_utf8", "duckdb_lions_read", "duckdb_lions_read_utf8"]
            with_pandas = ["pandas_lions"] if asked in chosen.pandas_megabytes else []
            lines(folder, size, rows, [*kinds, *with_pandas], chosen.repeats)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
