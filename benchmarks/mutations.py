"""The mutation suite in full: thousands of damaged publications of the NCMEC family, and what each parser made of them.

    python -m benchmarks.mutations [--seeds 40] [--originals FOLDER]

Every mutant must give the true figures (exact) or an error that names source and place (loud). A misread (silent) fails the run.
Blind spots are mutants that are consistent publications saying something else; they are counted apart and listed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests import samples_ncmec
from tests.mutations import FILE_KINDS, KINDS, judge_file, judge_words, truth_of
from tests.test_mutations import ORIGINALS, SOURCE_OF

#: what no printed figure of the publication can contradict
BLIND_SPOTS = {
    "ncmec_reports_by_esp": (
        "a provider's name (free text): damaged, or in part lost where it is wrapped",
        "counts of two providers exchanged, or errors in two rows that cancel out in the total",
    ),
    "ncmec_reports_by_country": (
        "counts of two areas exchanged, or errors in two rows that cancel out in the total",
        "a count moved into the empty cell of a neighbouring row (2024 layout: empty cells occur)",
    ),
    "ncmec_reports_by_state": ("counts of two states exchanged, or errors in two rows that cancel out in the total",),
    "ncmec_ojjdp_transparency": (
        "no control total: feedback by recipient, hash lists, series opened, reports containing unique or similar files",
        "no control total: Appendix A before the years of the tables",
        "counts of two rows exchanged within a table, or errors in two rows that cancel out",
        "counts of two years exchanged as whole columns in a table that no other table repeats",
    ),
}


def main() -> int:
    """Run the suite and print a report for each parser."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.mutations", description="Damage publications and judge what the parsers read."
    )
    command.add_argument("--seeds", type=int, default=40, help="mutants for each kind of damage and file")
    command.add_argument("--originals", type=Path, default=ORIGINALS, help="folder with published files; the samples are always used")
    chosen = command.parse_args()
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    silent, harmed = [], []
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        subjects = [
            (sample.source_id, sample.name, sample.write(Path(folder) / f"{sample.name}.pdf")) for sample in samples_ncmec.all_samples()
        ]
        subjects += [
            (source_id, path.stem, path)
            for path in sorted(chosen.originals.glob("*.pdf"))
            for part, source_id in SOURCE_OF.items()
            if f"-{part}-" in path.name
        ]
        for source_id, name, path in subjects:
            document, truth = truth_of(source_id, path)
            content = path.read_bytes()
            for seed in range(chosen.seeds):
                for kind in KINDS:
                    if source_id not in kind.sources:
                        continue
                    outcome = judge_words(source_id, document, truth, kind, random.Random(f"{name}/{kind.name}/{seed}"))
                    if outcome is None:
                        continue
                    verdicts[source_id][outcome.verdict] += 1
                    by_kind[kind.name][outcome.verdict] += 1
                    if outcome.verdict == "silent":
                        silent.append(f"{name}, {kind.name}, seed {seed}: {outcome.evidence}")
                    if source_id in kind.harmless and outcome.verdict != "exact":
                        harmed.append(f"{name}, {kind.name}, seed {seed}: {outcome.evidence}")
                for kind_name in FILE_KINDS:
                    chance = random.Random(f"{name}/{kind_name}/{seed}")
                    outcome = judge_file(source_id, content, truth, kind_name, chance, Path(folder))
                    verdicts[source_id][outcome.verdict] += 1
                    by_kind[kind_name][outcome.verdict] += 1
                    if outcome.verdict == "silent":
                        silent.append(f"{name}, {kind_name}, seed {seed}: {outcome.evidence}")
    _print_report(len(subjects), verdicts, by_kind, time.perf_counter() - begun)
    for title, lines in (("SILENT MISREADS", silent), ("HARMLESS DAMAGE THAT WAS REFUSED", harmed)):
        print(f"\n{title}: {len(lines)}")
        print("\n".join(f"  {line}" for line in lines[:20]))
    return 1 if silent else 0


def _print_report(subjects: int, verdicts: dict[str, Counter[str]], by_kind: dict[str, Counter[str]], seconds: float) -> None:
    columns = ("exact", "loud", "blind", "silent")
    total = sum(sum(counter.values()) for counter in verdicts.values())
    print(f"{total:,} mutants of {subjects} files, {len(by_kind)} kinds of damage, {seconds:.0f} s\n")
    for title, table in (("parser", verdicts), ("kind of damage", by_kind)):
        print(f"{title:50}{'mutants':>9}" + "".join(f"{column:>9}" for column in columns))
        for name, counter in table.items():
            print(f"{name:50}{sum(counter.values()):>9,}" + "".join(f"{counter[column]:>9,}" for column in columns))
        print()
    print("Blind spots: the damaged publication is consistent, nothing printed contradicts it")
    for source_id, spots in BLIND_SPOTS.items():
        print(f"  {source_id}")
        print("\n".join(f"    - {spot}" for spot in spots))


if __name__ == "__main__":
    sys.exit(main())
