"""The mutation suite in full: thousands of damaged publications, and what each parser made of them.

    python -m benchmarks.mutations [--seeds 40] [--originals FOLDER] [--parsers SOURCE_ID ...]

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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import samples_ncmec
from tests.federal_mutations import DOCUMENT_KINDS, judge, judge_document, kinds_of, mutant, read
from tests.mutations import FILE_KINDS, KINDS, Outcome, judge_file, judge_words, truth_of
from tests.test_federal_mutations import CASES, DOCUMENTS
from tests.test_mutations import ORIGINALS, SOURCE_OF

#: what no printed figure of the publication can contradict; the others say it kind by kind in tests/test_federal_mutations.py
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
    "ncmec_global_platform": (
        "rounded figures check each other only as far as the rounding goes; reports by provider have no total",
        "values of two fields of one group exchanged",
    ),
    "ncmec_half_year_update": ("topics that no sentence of the page repeats",),
    "bjs_child_sex_exploitation": ("figures printed once: shares convicted or imprisoned, terms, all suspects prosecuted",),
    "bjs_csec": ("figures printed once: suspects and defendants of single years, terms, shares",),
    "bjs_federal_justice_statistics": ("a row on sex offenses that only all rows together check",),
    "bjs_human_trafficking": ("figures of single years that no other table repeats",),
    "ussc_quick_facts": ("every figure is printed once; one of several districts in a tie can be missing",),
    "ussc_sourcebook": ("introduction of the Sourcebook: its one figure; table by type of crime: errors in two rows that cancel out",),
    "aouscourts_judicial_business": (
        "names or counts of two sex offenses exchanged; a last row of zeros lost",
        "caseload indicators: changes of a count of about a thousandth, which fit the printed percentages",
    ),
    "aouscourts_management_statistics": ("two parts of the one row exchanged",),
    "eousa_annual_statistical_report": ("counts of two categories exchanged, or errors in two rows that cancel out in the total",),
}


@dataclass(frozen=True)
class Verdict:
    """What one mutant came to."""

    source_id: str
    name: str
    kind: str
    seed: int
    outcome: Outcome
    is_harmless: bool = False


def main() -> int:
    """Run the suite and print a report for each parser."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.mutations", description="Damage publications and judge what the parsers read."
    )
    command.add_argument("--seeds", type=int, default=40, help="mutants for each kind of damage and file")
    command.add_argument("--originals", type=Path, default=ORIGINALS, help="folder with published files; the samples are always used")
    command.add_argument("--parsers", nargs="+", default=sorted(BLIND_SPOTS), choices=sorted(BLIND_SPOTS), metavar="SOURCE_ID")
    chosen = command.parse_args()
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    subjects: set[str] = set()
    silent, harmed = [], []
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        wanted = frozenset(chosen.parsers)
        for runs in (
            _lists_and_reports(wanted, chosen.seeds, chosen.originals, Path(folder)),
            _grids_and_pages(wanted, chosen.seeds, Path(folder)),
            _documents(wanted, chosen.seeds, Path(folder)),
        ):
            for each in runs:
                subjects.add(f"{each.source_id} {each.name}")
                verdicts[each.source_id][each.outcome.verdict] += 1
                by_kind[each.kind][each.outcome.verdict] += 1
                line = f"{each.source_id} {each.name}, {each.kind}, seed {each.seed}: {each.outcome.evidence}"
                if each.outcome.verdict == "silent":
                    silent.append(line)
                if each.is_harmless and each.outcome.verdict != "exact":
                    harmed.append(line)
    _print_report(len(subjects), verdicts, by_kind, time.perf_counter() - begun)
    for title, lines in (("SILENT MISREADS", silent), ("HARMLESS DAMAGE THAT WAS REFUSED", harmed)):
        print(f"\n{title}: {len(lines)}")
        print("\n".join(f"  {line}" for line in lines[:20]))
    return 1 if silent else 0


def _lists_and_reports(wanted: frozenset[str], seeds: int, originals: Path, folder: Path) -> Iterator[Verdict]:
    """Damage the publications of the NCMEC family: their words, and their files."""
    subjects = [
        (sample.source_id, sample.name, sample.write(folder / f"{sample.name}.pdf"))
        for sample in samples_ncmec.all_samples()
        if sample.source_id in wanted
    ]
    subjects += [
        (source_id, path.stem, path)
        for path in sorted(originals.glob("*.pdf"))
        for part, source_id in SOURCE_OF.items()
        if f"-{part}-" in path.name and source_id in wanted
    ]
    for source_id, name, path in subjects:
        document, truth = truth_of(source_id, path)
        content = path.read_bytes()
        for seed in range(seeds):
            for kind in KINDS:
                if source_id not in kind.sources:
                    continue
                outcome = judge_words(source_id, document, truth, kind, random.Random(f"{name}/{kind.name}/{seed}"))
                if outcome is not None:
                    yield Verdict(source_id, name, kind.name, seed, outcome, source_id in kind.harmless)
            for kind_name in FILE_KINDS:
                chance = random.Random(f"{name}/{kind_name}/{seed}")
                yield Verdict(source_id, name, kind_name, seed, judge_file(source_id, content, truth, kind_name, chance, folder))


def _grids_and_pages(wanted: frozenset[str], seeds: int, folder: Path) -> Iterator[Verdict]:
    """Damage archives of tables, workbooks, pages and data files."""
    for case in CASES:
        if case.source_id not in wanted:
            continue
        truth = read(case, case.content, folder)
        for kind in kinds_of(case):
            for seed in range(seeds):
                content = mutant(case, kind, random.Random(f"{case.name} {kind} {seed}"))
                if content is not None and content != case.content:
                    yield Verdict(case.source_id, case.name, kind, seed, judge(case, kind, content, truth, folder))


def _documents(wanted: frozenset[str], seeds: int, folder: Path) -> Iterator[Verdict]:
    """Damage documents of the other publishers: their words, and their files."""
    for case in DOCUMENTS:
        if case.source_id not in wanted:
            continue
        for kind in DOCUMENT_KINDS:
            for seed in range(seeds):
                outcome = judge_document(case, kind, random.Random(f"{case.source_id} {kind} {seed}"), folder)
                if outcome is not None:
                    yield Verdict(case.source_id, case.name, kind, seed, outcome)


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
        if source_id in verdicts:
            print(f"  {source_id}")
            print("\n".join(f"    - {spot}" for spot in spots))


if __name__ == "__main__":
    sys.exit(main())
