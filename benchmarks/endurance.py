"""Two hundred simulated weekly refreshes: `python -m benchmarks.endurance [--weeks 200] [--seed 1]`; checks, then prints what grew.

Belongs here: the long run and its table. Does not belong here: the simulation and its checks (tests/endurance.py).
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from tests.endurance import run_weeks


def main() -> None:
    """Print one line per tenth of the weeks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        course = run_weeks(Path(folder), given.weeks, given.seed, sample_every=10)
    sampled = sum(week.matched is not None for week in course.weeks)
    minutes, peak = (time.monotonic() - began) / 60, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{given.weeks} weeks, {len(course.editions)} editions, {minutes:.0f} minutes, at most {peak:,} MiB of memory: {sampled} past "
        "releases reproduced exactly by `as_of`, every revision found, no more releases and files than the rules allow.\n"
    )
    print("| week | editions | seconds per week | memory MiB | database MB | releases | files |\n|---|---|---|---|---|---|---|")
    step = max(1, given.weeks // 10)
    for start in range(0, given.weeks, step):
        weeks = course.weeks[start : start + step]
        seconds = sum(week.seconds for week in weeks) / len(weeks)
        last = weeks[-1]
        print(
            f"| {start + len(weeks)} | {last.editions} | {seconds:.1f} | {last.memory >> 20:,} | {last.database_bytes / 1e6:.1f} "
            f"| {last.releases} | {last.files} |"
        )


if __name__ == "__main__":
    main()
