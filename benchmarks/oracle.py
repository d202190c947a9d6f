"""The long run of the oracle: `python -m benchmarks.oracle --worlds 20000 [--seed N]` (or `make oracle`).

Belongs here: running many random worlds through the engine and the oracle, and making the first difference small enough to read.
Does not belong here: the rules (tests/oracle.py), the worlds (tests/worlds.py), and speed (matching.py).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.oracle import REASONS
from tests.worlds import World, count_verdicts, differences, draw_worlds, verdicts_of_engine, verdicts_of_oracle, write_worlds

WORLDS_PER_DATABASE = 500


def find_differences(worlds: list[World], seed: int) -> tuple[list[str], Counter[str]]:
    """Run worlds through the engine and the oracle.

    Returns:
        The differences, and how often each reason and each kind of rate occurred.
    """
    expected = verdicts_of_oracle(worlds)
    with tempfile.TemporaryDirectory() as folder:
        inputs = write_worlds(worlds, Path(folder) / "worlds", files=1 + seed % 4, optional=seed % 2 == 0, rng=random.Random(seed))
        return differences(expected, verdicts_of_engine(inputs.build())), count_verdicts(expected)


def shrink(world: World, is_bad: Callable[[World], bool]) -> World:
    """Drop rates, breaks and figures of a world as long as it stays bad."""
    size = 16
    while size:
        smaller = next((candidate for candidate in remove_some(world, size) if is_bad(candidate)), None)
        if smaller is None:
            size //= 2
        else:
            world = smaller
    return world


def remove_some(world: World, size: int) -> Iterator[World]:
    """Name the worlds that have one rate, or one break or some figures less."""
    for rate in world.rates if len(world.rates) > 1 else ():
        yield replace(world, rates=(rate,))
    for index in range(len(world.breaks)):
        yield replace(world, breaks=world.breaks[:index] + world.breaks[index + 1 :])
    for start in range(0, len(world.observations), size):
        kept = world.observations[:start] + world.observations[start + size :]
        if kept:
            yield replace(world, observations=kept)


def explain_smallest(worlds: list[World], seed: int) -> str:
    """Find one world that differs by itself, make it small, and write it out with its differences."""

    def compare(world: World) -> list[str]:
        return find_differences([world], seed)[0]

    bad = next(filter(compare, worlds), None)
    if bad is None:
        return "no world differs by itself: the engine lets one world reach into another"
    small = shrink(bad, lambda world: bool(compare(world)))
    return "\n".join(("the smallest world that still differs:", describe(small), *compare(small)))


def describe(world: World) -> str:
    """Write a world out, one line per fact."""
    figures = sorted(world.observations, key=lambda figure: (figure.series, figure.period, figure.published_on))
    lines = [
        f"{'|'.join(figure.series)} {figure.period.start}..{figure.period.end} value={figure.value} {figure.status} {figure.qualifier} "
        f"base={figure.base} published_on={figure.published_on or '-'} {figure.evidence}"
        for figure in figures
    ]
    return "\n".join((*lines, *map(repr, (*world.rates, *world.breaks))))


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 1 where engine and oracle differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oracle", description="Compare the engine with the oracle on random worlds.")
    parser.add_argument("--worlds", type=int, default=20_000, help="how many worlds (default 20000)")
    parser.add_argument("--seed", type=int, default=None, help="first seed; every database takes the next one (default: by chance)")
    options = parser.parse_args(arguments)
    first = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"{options.worlds} worlds from seed {first}", flush=True)
    began, total = time.monotonic(), Counter[str]()
    for seed, done in enumerate(range(0, options.worlds, WORLDS_PER_DATABASE), start=first):
        worlds = draw_worlds(seed, min(WORLDS_PER_DATABASE, options.worlds - done))
        found, counts = find_differences(worlds, seed)
        total.update(counts)
        if found:
            print(f"seed {seed}: {len(found)} differences (--seed {seed} --worlds {len(worlds)} repeats them), the first ones:")
            print("\n".join(found[:5]))
            print(explain_smallest(worlds, seed))
            return 1
        passed = time.monotonic() - began
        print(f"seed {seed}: {done + len(worlds)} worlds, {total['rows']} rows, no difference, {passed:.0f} s", flush=True)
    for name in ("rows", "computed", "published", *REASONS):
        print(f"{name:<32}{total[name]:>10}{total[name] / total['rows']:>8.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
