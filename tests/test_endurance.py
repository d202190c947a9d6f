"""Ten simulated weeks: past releases come back exactly, revisions are found, nothing grows without reason.

Belongs here: the short run. Does not belong here: the long one (benchmarks/endurance.py).
"""

from __future__ import annotations

from pathlib import Path

from tests.endurance import run_weeks


def test_ten_weeks(tmp_path: Path) -> None:
    course = run_weeks(tmp_path, 10, seed=1, sample_every=3)
    assert course.weeks[-1].editions > 2
