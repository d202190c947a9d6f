"""How long the parsers of the NCMEC family take, beside what the PDF library alone needs to extract the text of the same files.

    python -m benchmarks.parsing [--originals FOLDER] [--repeat 15]

Goal: parsing all originals takes at most three times the extraction. Without originals the synthetic samples are used, and said so.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pypdfium2 as pdfium

from pipelines.parse import parser_of
from pipelines.snapshots import snapshot_of_file
from tests import samples_ncmec
from tests.test_mutations import ORIGINALS, SOURCE_OF

GOAL = 3.0


def extract(path: Path) -> int:
    """Extract the text of every page, as the library gives it."""
    pdf = pdfium.PdfDocument(path)
    length = sum(len(page.get_textpage().get_text_range()) for page in pdf)
    pdf.close()
    return length


def seconds_of(work: Callable[[], object]) -> float:
    """Measure processor time: other programs on the machine do not count."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _both(source_id: str, path: Path) -> tuple[float, float]:
    parse = parser_of(source_id)
    return seconds_of(lambda: extract(path)), seconds_of(lambda: parse(snapshot_of_file(source_id, path)))


def main() -> int:
    """Measure and print; the exit status says whether the goal is met."""
    command = argparse.ArgumentParser(prog="python -m benchmarks.parsing", description="Time the parsers beside plain text extraction.")
    command.add_argument("--originals", type=Path, default=ORIGINALS)
    command.add_argument("--repeat", type=int, default=15)
    chosen = command.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [
            (source_id, path)
            for path in sorted(chosen.originals.glob("*.pdf"))
            for part, source_id in SOURCE_OF.items()
            if f"-{part}-" in path.name
        ]
        what = "originals"
        if not files:
            what = "synthetic samples (no originals present)"
            files = [(sample.source_id, sample.write(Path(folder) / f"{sample.name}.pdf")) for sample in samples_ncmec.all_samples()]
        rounds = [[_both(source_id, path) for source_id, path in files] for _ in range(chosen.repeat + 1)]
    rounds = rounds[1:]  # the first loads code
    print(f"{len(files)} {what}, median of {len(rounds)} rounds, processor time\n")
    print(f"{'file':34}{'extract ms':>12}{'parse ms':>12}{'ratio':>8}")
    for index, (_, path) in enumerate(files):
        extracting, parsing = (statistics.median(round_[index][side] for round_ in rounds) * 1000 for side in (0, 1))
        print(f"{path.stem:34}{extracting:12.1f}{parsing:12.1f}{parsing / extracting:8.2f}")
    ratios = [sum(parsing for _, parsing in round_) / sum(extracting for extracting, _ in round_) for round_ in rounds]
    extracting, parsing = (statistics.median(sum(pair[side] for pair in round_) for round_ in rounds) * 1000 for side in (0, 1))
    ratio = statistics.median(ratios)
    print(f"{'all':34}{extracting:12.1f}{parsing:12.1f}{ratio:8.2f}   goal: at most {GOAL}")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
