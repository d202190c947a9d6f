"""Vintages of a publication: years of one series beside each other, rows that come and go, layouts that are remembered."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import ledger
from pipelines.snapshots import snapshot_of_file
from tests.samples_ncmec import esp_sample

ORIGINALS = Path(os.environ.get("ORIGINALS", ledger.PROJECT.parent / "shared" / "originals")) / "ncmec"
FAMILIES = {"esp": "ncmec_reports_by_esp", "country": "ncmec_reports_by_country", "ojjdp": "ncmec_ojjdp_transparency"}


def derive(data: Path, source_id: str, path: Path, day: str = "2026-11-22") -> ledger.Derived:
    snapshot = replace(snapshot_of_file(source_id, path), retrieved_at=f"{day}T00:00:00Z")
    return ledger.derive(data, [ledger.Task(snapshot, "publication")])[0]


def test_editions_of_two_years_that_came_out_on_one_day_stand_beside_each_other(tmp_path: Path) -> None:
    # as the provider tables of 2019 and 2020 did
    first, second = (
        derive(tmp_path / "data", "ncmec_reports_by_esp", replace(sample, dated="20340401120000").write(tmp_path / f"{number}.pdf"))
        for number, sample in enumerate((esp_sample(2031, rows=40), esp_sample(2032, rows=41, seed=9)))
    )
    assert (first.vintage.is_valid, first.vintage.problem) == (True, "")
    assert (second.vintage.is_valid, second.vintage.problem) == (True, "")
    assert len(ledger.usable_vintages(tmp_path / "data", ["ncmec_reports_by_esp"])) == 2
    assert len(first.vintage.layout) == 64
    assert first.rows_moved == ()
    # every provider of the one sample that the other does not name is listed, both ways
    old, new = (set(ledger.read_observations(tmp_path / "data", each.vintage)["breakdown"]) for each in (first, second))
    moved = {line.removeprefix("vanished: reports_received WORLD ").strip() for line in second.rows_moved if line.startswith("vanished")}
    assert moved == old - new


@pytest.mark.parametrize("family", [name for name in FAMILIES if any(ORIGINALS.glob(f"*{name}*.pdf"))] or ["none"])
def test_every_original_agrees_with_its_transcription(family: str, tmp_path: Path) -> None:
    if family == "none":
        assert not any(ORIGINALS.glob("*.pdf"))
        return
    source_id = FAMILIES[family]
    data = tmp_path / "data"
    figures = [task for task in ledger.figures_tasks() if task.snapshot.source_id == source_id]
    assert all(outcome.vintage.is_valid for outcome in ledger.derive(data, figures))
    for path in sorted(ORIGINALS.glob(f"*{family}*.pdf")):
        outcome = derive(data, source_id, path)
        assert (outcome.vintage.problem, outcome.differences) == ("", ())
