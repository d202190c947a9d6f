"""The fuzz run in full: damaged and hostile files for every parser, each read in a process with limits of time and memory.

    python -m benchmarks.fuzz [--minutes 5] [--seed 1] [--parsers SOURCE_ID ...] [--keep FOLDER]
    python -m benchmarks.fuzz --coverage [--minutes 5]

Every file must give observations that conform, or an error of the project that names its source, within the limits; anything else
is a finding and fails the run. `--keep` writes the files of the findings. First come the files made to exhaust, once each, then
random damage until the time is over. `--coverage` lets atheris look for bytes that the hand-written slicing of record files cuts
wrongly; atheris is no dependency of the project.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.fuzzing import MEMORY_LIMIT, TIME_LIMIT, ConfinedReader, Subject, Verdict, bombs, damaged, damages_of, judge_slicing, subjects

OUTCOMES = ("figures", "refused", "stray", "unnamed", "hang", "crash")


def main() -> int:
    """Run it and print a table."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description="Give every parser damaged and hostile files.")
    command.add_argument("--minutes", type=float, default=5.0, help="how long random damage is tried")
    command.add_argument("--seed", default="1", help="the same seed tries the same files in the same order")
    command.add_argument("--parsers", nargs="+", default=[], metavar="SOURCE_ID", help="only these")
    command.add_argument("--keep", type=Path, help="folder for the files of the findings")
    command.add_argument("--coverage", action="store_true", help="coverage-guided, on the slicing of record files")
    chosen = command.parse_args()
    if chosen.coverage:
        return cover_slicing(chosen.minutes)
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    widest: dict[str, int] = defaultdict(int)
    findings: dict[tuple[str, str, str], str] = {}
    with ConfinedReader() as reader:
        for what, subject in _files(chosen.seed, chosen.minutes, frozenset(chosen.parsers)):
            verdict = reader.read(subject)
            outcomes[subject.source_id][verdict.outcome] += 1
            slowest[subject.source_id] = max(slowest[subject.source_id], verdict.seconds)
            widest[subject.source_id] = max(widest[subject.source_id], verdict.peak)
            if verdict.is_finding:
                findings.setdefault((subject.source_id, verdict.outcome, verdict.detail[:60]), f"{subject.name}, {what}: {verdict.detail}")
                _keep(chosen.keep, subject, verdict, len(findings))
    print(f"limits: {TIME_LIMIT:.0f} s and {MEMORY_LIMIT >> 20:,} MiB of address space for each file\n")
    print(f"{'parser':34}{'files':>8}" + "".join(f"{name:>9}" for name in OUTCOMES) + f"{'slowest s':>11}{'peak MiB':>10}")
    for source_id, counter in sorted(outcomes.items()):
        counts = "".join(f"{counter[name]:>9,}" for name in OUTCOMES)
        print(f"{source_id:34}{counter.total():>8,}{counts}{slowest[source_id]:>11.1f}{widest[source_id] >> 20:>10,}")
    print(f"\nFINDINGS: {len(findings)}")
    for (source_id, outcome, _), detail in findings.items():
        print(f"  {source_id}: {outcome}: {detail[:300]}")
    return 1 if findings else 0


def _files(seed: str, minutes: float, wanted: frozenset[str]) -> Iterator[tuple[str, Subject]]:
    yield from bombs(wanted)
    chance = random.Random(seed)
    chosen = [subject for subject in subjects() if not wanted or subject.source_id in wanted]
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        subject = chance.choice(chosen)
        kind = chance.choice(sorted(damages_of(subject)))
        yield kind, damaged(subject, kind, chance)


def _keep(folder: Path | None, subject: Subject, verdict: Verdict, number: int) -> None:
    if folder is not None:
        place = folder / f"{number:03d}-{subject.source_id}-{verdict.outcome}"
        place.mkdir(parents=True, exist_ok=True)
        for name, content in subject.files.items():
            (place / name).write_bytes(content)


def cover_slicing(minutes: float) -> int:
    """Let atheris look for bytes that are sliced wrongly; it ends the process itself."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed: `pip install atheris` into any environment of this Python and put its site-packages on PYTHONPATH")
        return 2
    with atheris.instrument_imports(include=["pipelines.records", "pipelines.sources.eousa_caseload_data"]):
        import pipelines.sources.eousa_caseload_data  # noqa: F401  imports records too
    limits = [f"-max_total_time={60 * minutes:.0f}", f"-timeout={TIME_LIMIT:.0f}", f"-rss_limit_mb={MEMORY_LIMIT >> 20}", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *limits], judge_slicing)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
