"""The fuzz run in full: damaged and hostile files for every parser, each read in a process with limits of time and memory.

    python -m benchmarks.fuzz [--minutes 5] [--seed 1] [--parsers SOURCE_ID ...] [--keep FOLDER]
    python -m benchmarks.fuzz --coverage [--minutes 5]

Every file must give observations that conform, or an error of the project that names its source, within the limits; anything else
is a finding and fails the run. `--keep` writes the files of the findings. First come the files made to exhaust, once each, then
random damage until the time is over. At the end, for a tenth of that time, or alone with `--coverage`, atheris looks for bytes that
the hand-written slicing of record files cuts wrongly, guided by the code that they reach.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.fuzzing import MEMORY_LIMIT, TIME_LIMIT, ConfinedReader, Subject, Verdict, bombs, damaged, damages_of, subjects

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
        print(cover_slicing(chosen.minutes))
        return 0
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
    print(
        f"{sum(counter.total() for counter in outcomes.values()):,} files in {chosen.minutes:g} minutes, seed {chosen.seed}; limits "
        f"{TIME_LIMIT:.0f} s and {MEMORY_LIMIT >> 20:,} MiB of address space beyond that of the libraries for each.\n"
    )
    print(f"| parser | files | {' | '.join(OUTCOMES)} | slowest s | peak MiB |\n|---{'|---' * (len(OUTCOMES) + 3)}|")
    for source_id, counter in sorted(outcomes.items()):
        counts = " | ".join(f"{counter[name]:,}" for name in OUTCOMES)
        print(f"| {source_id} | {counter.total():,} | {counts} | {slowest[source_id]:.1f} | {widest[source_id] >> 20:,} |")
    print(f"\nFindings: {len(findings)}")
    for (source_id, outcome, _), detail in findings.items():
        print(f"* {source_id}: {outcome}: {detail[:300]}")
    if not chosen.parsers:
        print(f"\n{cover_slicing(chosen.minutes / 10)}")
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


def cover_slicing(minutes: float) -> str:
    """Let atheris look for bytes that the slicing of record files cuts wrongly, in a process that it may end itself; tell what came of it.

    Raises:
        AssertionError: bytes were found that are sliced wrongly; the message ends with them.
    """
    if importlib.util.find_spec("atheris") is None:
        return "Coverage-guided run left out: atheris is not installed (it has wheels for Linux on x86-64 only)."
    with tempfile.TemporaryDirectory() as folder:
        limits = [f"-max_total_time={60 * minutes:.0f}", f"-timeout={TIME_LIMIT:.0f}", f"-rss_limit_mb={MEMORY_LIMIT >> 20}"]
        command = [sys.executable, "-c", _COVER, *limits, "-max_len=4096", f"-artifact_prefix={folder}/"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent.parent, check=False)
    told = re.findall(r"^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stderr[-4_000:]
    runs, edges, features, corpus = map(int, told[0])
    return (
        f"Coverage-guided (atheris, {minutes:g} minutes) over the slicing of record files: {runs:,} inputs, {edges} edges and {features} "
        f"features reached by a corpus of {corpus}; no byte lost, doubled or cut elsewhere."
    )


#: atheris instruments what is imported under it, and ends its process itself
_COVER = """
import sys
import atheris
with atheris.instrument_imports(include=["pipelines.records", "pipelines.sources.eousa_caseload_data"]):
    import pipelines.sources.eousa_caseload_data
from tests.fuzzing import judge_slicing
atheris.Setup(sys.argv, judge_slicing)
atheris.Fuzz()
"""


if __name__ == "__main__":
    sys.exit(main())
