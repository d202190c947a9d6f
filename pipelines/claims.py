"""Claims checked from the command line: `python -m pipelines.claims --numerator 2,039 --denominator 83,148 --period FY2006`.

Belongs here: asking the macros of sql/085_claims.sql and telling their answer in plain words, with an exit status for scripts.
Does not belong here: how a claim is judged (sql/), how a rate is matched (sql/030_matching.sql).
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import warehouse
from pipelines.vocabulary import PROJECT

PUBLISHED = PROJECT / "data" / "published" / "prosecution_statistics.duckdb"
#: verdict -> exit status; 2 is left to a question that cannot be asked
EXIT_STATUS = {"supported": 0, "not supported": 1, "not comparable": 3, "unknown to this database": 4}
CANNOT_BE_ASKED = 2
_SHOWN_ROWS = 5
_WIDTH = 110


@dataclass(frozen=True)
class Claim:
    """The numbers of a sentence, as they are written there.

    Attributes:
        macro: which macro of sql/085_claims.sql judges it.
        arguments: what it is asked, in the order of its parameters; None where the sentence is silent.
    """

    macro: str
    arguments: tuple[str | None, ...]


@dataclass(frozen=True)
class Verdict:
    """What the database says to a claim.

    Attributes:
        verdict: supported, not supported, not comparable, or unknown to this database.
        sentence: why, in one sentence or a few.
        rows: the rows it rests on, best first; empty if there are none.
    """

    verdict: str
    sentence: str
    rows: tuple[Mapping[str, Any], ...]


def claim_rate(rate_id: str, period: str, value: str) -> Claim:
    """Claim that a declared rate has a value: `0.36`, `36 %`, `35.7 percent`."""
    return Claim("check_claim", (rate_id, period, value))


def claim_share(numerator: str | None, denominator: str | None, period: str | None, what: str | None = None) -> Claim:
    """Claim that one number is a share of another; a number above the line with a percent sign is the share itself."""
    if numerator is not None and numerator.strip().endswith(("%", "percent", "per cent")):
        return Claim("check_percentage", (numerator, denominator, period, what))
    return Claim("check_share", (numerator, denominator, period, what))


def check(claim: Claim, database: Path) -> Verdict:
    """Ask a database about a claim.

    Raises:
        WarehouseError: the database cannot be opened or knows no claims.
    """
    marks = ", ".join("?" for _ in claim.arguments)
    frames = warehouse.read_frames({"release": database}, {"answer": f"FROM {claim.macro}({marks})"}, claim.arguments)
    rows = [row for _, frame in frames for row in frame.iter_rows(named=True)]
    matching = tuple(row for row in rows if row["time_period"] is not None)
    return Verdict(rows[0]["verdict"], rows[0]["sentence"], matching)


def describe(verdict: Verdict) -> str:
    """Tell the verdict in words: the sentence, then the rows it rests on with their publications."""
    told = [textwrap.wrap(verdict.sentence, _WIDTH)]
    # rows that show the same are told once
    rows = list(dict.fromkeys(tuple(_row(row)) for row in verdict.rows))
    told += [["", *row] for row in rows[:_SHOWN_ROWS]]
    if len(rows) > _SHOWN_ROWS:
        told.append(["", f"and {len(rows) - _SHOWN_ROWS} rows more"])
    return "\n".join("".join(sign if sign.isprintable() else " " for sign in line) for lines in told for line in lines)


def _row(row: Mapping[str, Any]) -> list[str]:
    value = "NULL" if row["rate"] is None else f"{row['rate']:.6g}"
    lines = [f"{row['rate_id'] or 'no declared rate'}, {row['time_period']}: {value}"]
    if row["null_reasons"]:
        lines.append(f"  reasons      {', '.join(row['null_reasons'])}")
    if row["differences"]:
        lines.append(f"  differences  {'; '.join(row['differences'])}")
    for side in ("numerator", "denominator"):
        if row[side] is not None or row[f"{side}_things"] is not None:
            lines += _side(row, side)
    return lines


def _side(row: Mapping[str, Any], side: str) -> list[str]:
    number = "no number" if row[side] is None else f"{row[side]:,.15g}"
    parts = [
        number,
        row[f"{side}_things"],
        row[f"{side}_time_period"],
        row[f"{side}_publication"],
        row[f"{side}_locator"],
        None if row[f"{side}_published_on"] is None else f"published {row[f'{side}_published_on']}",
        row[f"{side}_url"],
    ]
    label = f"  {side:<12} "
    return textwrap.wrap(
        "; ".join(part for part in parts if part),
        _WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: without the program name; those of the process by default.

    Returns:
        The exit status: 0 supported, 1 not supported, 3 not comparable, 4 unknown to this database, 2 if it could not be asked.
    """
    command = argparse.ArgumentParser(
        prog="python -m pipelines.claims",
        description="Check the numbers of a sentence against the published release.",
        epilog="exit status: 0 supported, 1 not supported, 3 not comparable, 4 unknown to this database, 2 the question cannot be asked",
    )
    command.add_argument("--rate", metavar="RATE", help="a declared rate; with --value")
    command.add_argument("--value", metavar="VALUE", help="the value that it is claimed to have: 0.36, '36 %%', '35.7 percent'")
    command.add_argument("--numerator", metavar="NUMBER", help="the part: 2,039 or '1.6 million'; or a percentage: '2.5 %%'")
    command.add_argument("--denominator", metavar="NUMBER", help="the whole: 83,148 or '36.2 million'")
    command.add_argument("--period", metavar="PERIOD", help="2020, CY2020, FY2020, FY2004-2013, 2025-H1, 2025-03 or 2023-10-01/P1Y")
    command.add_argument("--what", metavar="TEXT", help="what the numbers count, in words or codes")
    command.add_argument("--database", metavar="FILE", type=Path, default=PUBLISHED, help="release to ask; the published one by default")
    given = command.parse_args(arguments)
    about_rate = given.rate is not None or given.value is not None
    about_share = given.numerator is not None or given.denominator is not None
    if about_rate == about_share:
        command.error("give --rate, --period and --value, or --numerator and --denominator")
    if about_rate and None in (given.rate, given.value, given.period):
        command.error("a rate is checked with all of --rate, --period and --value")
    if about_rate and given.what is not None:
        command.error("--what goes with --numerator and --denominator: a rate says itself what it counts")
    if not given.database.is_file():
        command.error(f"there is no file {given.database}: run `make build`")
    if about_rate:
        claim = claim_rate(given.rate, given.period, given.value)
    else:
        claim = claim_share(given.numerator, given.denominator, given.period, given.what)
    try:
        answer = check(claim, given.database)
    except warehouse.WarehouseError as problem:
        print(" | ".join(str(problem).splitlines()), file=sys.stderr)
        return CANNOT_BE_ASKED
    print(describe(answer))
    return EXIT_STATUS[answer.verdict]


if __name__ == "__main__":
    sys.exit(main())
