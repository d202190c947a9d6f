"""Power cuts, full disks, forbidden folders and several builds at once, done for real: nothing is lost, nothing wrong is published.

Belongs here: a short run of every fault. Does not belong here: the long run (benchmarks/faults.py).
"""

from __future__ import annotations

from pathlib import Path

from tests import clocks, faults, three_starts
from tests.conftest import Workplace, find_program


def test_builds_killed_at_random_moments(small: Workplace) -> None:
    faults.kill_builds(small, kills=4, seed=1)


def test_refreshes_killed_at_random_moments(small: Workplace) -> None:
    faults.kill_refreshes(small, kills=3, seed=1)


def test_no_room_left_at_any_writing_step(small: Workplace) -> None:
    faults.fill_up(small, [0, 20_000, 1_000_000])


def test_folders_that_may_not_be_written(small: Workplace) -> None:
    faults.forbid_writing(small)


def test_builds_started_at_the_same_moment(small: Workplace) -> None:
    faults.build_at_once(small, 3)


def test_clocks_that_jump_by_years(small: Workplace) -> None:
    find_program("faketime")
    clocks.jump_clocks(small)


def test_ui_schedule_and_command_line_at_the_same_moment(tmp_path: Path) -> None:
    three_starts.start_three_at_once(tmp_path)
