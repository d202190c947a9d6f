"""No damage to a publication of the NCMEC family may give wrong figures: the short run (benchmarks/mutations.py has thousands)."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests import samples_ncmec as samples
from tests.mutations import FILE_KINDS, KINDS, Outcome, judge_file, judge_words, truth_of

ORIGINALS = Path(os.environ.get("ORIGINALS", Path(__file__).parent.parent.parent / "shared" / "originals")) / "ncmec"
SOURCE_OF = {
    "by-esp": "ncmec_reports_by_esp",
    "by-country": "ncmec_reports_by_country",
    "by-state": "ncmec_reports_by_state",
    "ojjdp": "ncmec_ojjdp_transparency",
}
SAMPLES = (
    samples.esp_sample(2020),
    samples.esp_sample(2023),
    samples.country_sample(2019),
    samples.country_sample(2022),
    samples.country_sample(2024),
    samples.state_sample(2023),
    samples.ojjdp_sample(2022),
    samples.ojjdp_sample(2023),
)


def originals() -> list[tuple[str, Path]]:
    """List the originals that are present, with the parser each is for."""
    return [
        (source_id, path) for path in sorted(ORIGINALS.glob("*.pdf")) for part, source_id in SOURCE_OF.items() if f"-{part}-" in path.name
    ]


def run(source_id: str, path: Path, name: str) -> dict[str, Outcome]:
    document, truth = truth_of(source_id, path)
    outcomes = {}
    for kind in KINDS:
        if source_id in kind.sources:
            outcome = judge_words(source_id, document, truth, kind, random.Random(f"{name}/{kind.name}"))
            if outcome is not None:
                outcomes[kind.name] = outcome
    return outcomes


def check(source_id: str, outcomes: dict[str, Outcome]) -> None:
    silent = {name: outcome.evidence for name, outcome in outcomes.items() if outcome.verdict == "silent"}
    assert not silent
    harmed = {
        kind.name: outcomes[kind.name].evidence
        for kind in KINDS
        if source_id in kind.harmless and kind.name in outcomes and outcomes[kind.name].verdict != "exact"
    }
    assert not harmed
    loud = [outcome.evidence for outcome in outcomes.values() if outcome.verdict == "loud"]
    assert len(loud) > len(outcomes) / 2
    assert all(evidence.startswith(f"{source_id}: ") for evidence in loud)


def test_there_are_at_least_thirty_kinds_of_damage() -> None:
    assert len({kind.name for kind in KINDS} | set(FILE_KINDS)) >= 30


@pytest.mark.parametrize(
    "subject", [*SAMPLES, *originals()], ids=lambda subject: subject[1].stem if isinstance(subject, tuple) else subject.name
)
def test_no_damage_is_misread(subject: samples.Sample | tuple[str, Path], tmp_path: Path) -> None:
    if isinstance(subject, samples.Sample):
        subject = subject.source_id, subject.write(tmp_path / f"{subject.name}.pdf")
    source_id, path = subject
    check(source_id, run(source_id, path, path.stem))


@pytest.mark.parametrize("name", FILE_KINDS)
@pytest.mark.parametrize("sample", [SAMPLES[1], SAMPLES[2], SAMPLES[7]], ids=lambda sample: sample.name)
def test_no_damage_to_a_file_is_misread(sample: samples.Sample, name: str, tmp_path: Path) -> None:
    path = sample.write(tmp_path / "sample.pdf")
    _, truth = truth_of(sample.source_id, path)
    for seed in range(5):
        outcome = judge_file(sample.source_id, path.read_bytes(), truth, name, random.Random(f"{sample.name}/{name}/{seed}"), tmp_path)
        assert outcome.verdict in ("exact", "loud"), (seed, outcome.evidence)
