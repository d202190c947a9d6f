"""How the matching scales: `python -m benchmarks.matching [--rows 1e6 3e6 10e6] [--runs 3] [--own-locators]`.

A synthetic world of 94 districts x 30 years of months x measures x scopes goes through the stand-alone command, and through a
floor in bare DuckDB in the same run: read the same Parquet, one hash join of numerators with denominators, one group-by.
Everything here is synthetic and stays in a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DISTRICTS, YEARS = 94, 30
#: on average: every sixth group is one of fiscal years
PER_GROUP = DISTRICTS * YEARS * 12 * 5 // 6 + DISTRICTS * (YEARS - 1) // 6
FLOOR = """
SELECT n.ref_area, n.offense_scope, year(n.period_start) AS calendar_year, sum(n.obs_value) AS numerator, sum(d.obs_value) AS denominator
FROM (FROM read_parquet($files) WHERE measure LIKE 'charged%') AS n
JOIN (FROM read_parquet($files) WHERE measure LIKE 'referred%') AS d
    ON n.ref_area = d.ref_area AND n.offense_scope = d.offense_scope AND n.time_period = d.time_period
    AND replace(n.measure, 'charged', '') = replace(d.measure, 'referred', '')
GROUP BY ALL
"""


def write_world(folder: Path, rows: int, own_locators: bool = False) -> int:
    """Write a synthetic world of about `rows` observations, each perhaps with a `source_locator` of its own; returns the exact number."""
    # not at the top: the floor is bare DuckDB
    import polars as pl

    from pipelines.vocabulary import CODE_LIST_OF, CODE_LISTS

    groups = max(2, round(rows / PER_GROUP))
    months = pl.DataFrame({"period_start": pl.date_range(pl.date(1996, 1, 1), pl.date(2025, 12, 1), "1mo", eager=True)}).with_columns(
        pl.col("period_start").dt.offset_by("1mo").dt.offset_by("-1d").alias("period_end"),
        (pl.col("period_start").cast(pl.String) + "/P1M").alias("time_period"),
    )
    districts = pl.DataFrame({"ref_area": [f"{number:02d}{'X'}" for number in range(DISTRICTS)]})
    cells = districts.join(months, how="cross")
    observations = folder / "observations"
    observations.mkdir(parents=True)
    written = 0
    for group in range(groups):
        pair, side = divmod(group, 2)
        measure = f"{'charged' if side == 0 else 'referred'}_{pair % 10}"
        # every third pair counts its denominator by fiscal year: numerators must be tiled there, or be refused
        by_year = side == 1 and pair % 3 == 2
        frame = cells
        if by_year:
            frame = districts.join(
                pl.DataFrame({"period_start": pl.date_range(pl.date(1996, 10, 1), pl.date(2024, 10, 1), "1y", eager=True)}), how="cross"
            ).with_columns(
                pl.col("period_start").dt.offset_by("1y").dt.offset_by("-1d").alias("period_end"),
                (pl.col("period_start").cast(pl.String) + "/P1Y").alias("time_period"),
            )
        size = 2 if side == 0 else (60 if by_year else 5)
        frame.with_row_index("n").select(
            pl.lit("synthetic_records").alias("source_id"),
            pl.lit(measure).alias("measure"),
            "ref_area",
            "time_period",
            "period_start",
            "period_end",
            pl.lit("defendant_in_case").alias("unit_of_count"),
            pl.lit("count").alias("unit_measure"),
            pl.lit(f"scope_{pair // 10}").alias("offense_scope"),
            pl.lit("us_federal").alias("jurisdiction"),
            pl.lit("any").alias("pathway"),
            pl.lit("synthetic_population").alias("statistical_population"),
            pl.lit("").alias("breakdown"),
            (size + (pl.col("n") * 7919 + group) % size).cast(pl.Float64).alias("obs_value"),
            pl.lit("exact").alias("value_qualifier"),
            pl.lit("A").alias("obs_status"),
            pl.lit("datafile").alias("evidence"),
            pl.format("table {}, row {}", pl.lit(group), "n").alias("source_locator")
            if own_locators
            else pl.lit("synthetic").alias("source_locator"),
        ).write_parquet(observations / f"{group:04d}.parquet")
        written += frame.height
    lists = folder / "code_lists"
    shutil.copytree(CODE_LISTS, lists)
    pairs = (groups + 1) // 2
    extra = {
        "measure": [f"{noun}_{pair}" for noun in ("charged", "referred") for pair in range(10)],
        "offense_scope": [f"scope_{number}" for number in range(pairs // 10 + 1)],
        "statistical_population": ["synthetic_population"],
    }
    for dimension, codes in extra.items():
        path = lists / f"{CODE_LIST_OF[dimension]}.csv"
        width = len(next(csv.reader(path.open(encoding="utf-8"))))
        with path.open("a", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([code, "Synthetic", *[""] * (width - 2)] for code in codes)
    rates = "".join(
        f'[rates.share_{pair}]\nkind = "prosecution"\nquestion = "Synthetic?"\n'
        f'[rates.share_{pair}.numerator]\nmeasure = "charged_{pair % 10}"\noffense_scope = "scope_{pair // 10}"\n'
        f'[rates.share_{pair}.denominator]\nmeasure = "referred_{pair % 10}"\noffense_scope = "scope_{pair // 10}"\n'
        for pair in range(groups // 2)
    )
    (folder / "rates.toml").write_text(rates, encoding="utf-8")
    return written


def run(command: list[str]) -> tuple[float, float, str]:
    """Run a command; returns seconds, peak memory in GiB and its output."""
    wrapped = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); print(done.stdout)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", wrapped, *command], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    peak, _, output = done.stdout.partition("\n")
    return seconds, int(peak) / 2**20, output


def floor(folder: Path) -> None:
    """One hash join and one group-by over the same Parquet, in bare DuckDB, as a process of its own."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": "3GiB"})
    con.execute(f"CREATE TABLE sums AS {FLOOR}", {"files": str(folder / "observations" / "*.parquet")})
    print(json.dumps({"rows": con.sql("SELECT count(*) FROM sums").fetchall()[0][0]}))


def main() -> None:
    """Print one line per size: rows, seconds, peak memory, floor and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, nargs="+", default=[1e6, 3e6, 1e7])
    parser.add_argument(
        "--own-locators", action="store_true", help="every row has a place of its own: as many sets of attributes as figures"
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of the floor and of the command, in turns; the medians are told")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.floor:
        floor(given.floor)
        return
    print(f"Seconds are medians of {given.runs} runs in turns, memory is their peak.\n")
    print("| observations | matched rows | wall s | µs per row | peak GiB | floor s | ratio | Parquet MB | database MB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rows in given.rows:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "world"
            written = write_world(folder, int(rows), given.own_locators)
            out = folder / "out.duckdb"
            floors, commands = [], []
            for _ in range(given.runs):
                floors.append(run([sys.executable, "-m", "benchmarks.matching", "--floor", str(folder)]))
                commands.append(
                    run(
                        [sys.executable, "-m", "pipelines.warehouse", "--observations", str(folder / "observations"), "--rates",
                         str(folder / "rates.toml"), "--code-lists", str(folder / "code_lists"), "--out", str(out)]
                    )
                )  # fmt: skip
            floor_seconds, seconds = (statistics.median(taken for taken, _, _ in runs) for runs in (floors, commands))
            peak = max(memory for _, memory, _ in commands)
            import duckdb

            (matched,) = duckdb.connect(str(out), read_only=True).sql("SELECT count(*) FROM matched_periods").fetchall()[0]
            parquet = sum(path.stat().st_size for path in (folder / "observations").iterdir()) / 1e6
            print(
                f"| {written:,} | {matched:,} | {seconds:.1f} | {seconds / written * 1e6:.2f} | {peak:.2f} | {floor_seconds:.1f} | "
                f"{seconds / floor_seconds:.1f} | {parquet:.0f} | {out.stat().st_size / 1e6:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
