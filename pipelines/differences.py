"""What changed since the last release: figures, cells of the matched-period table, rates, series, sources, breaks.

Belongs here: comparing two finished release files through sql/differences/, and telling the changes in words.
Does not belong here: writing files (exports.py), which release came before (releases.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import warehouse
from pipelines.vocabulary import PROJECT

_SQL = PROJECT / "sql" / "differences"
#: what is told, in this order: (part, change) -> words for one and for several
_TOLD: Mapping[tuple[str, str], tuple[str, str]] = {
    ("cell", "newly NULL"): ("cell is newly NULL", "cells are newly NULL"),
    ("cell", "no longer NULL"): ("cell is no longer NULL", "cells are no longer NULL"),
    ("cell", "other value"): ("rate has another value", "rates have another value"),
    ("cell", "gone, had a value"): ("cell with a value is gone", "cells with a value are gone"),
    ("cell", "new, with a value"): ("new cell has a value", "new cells have a value"),
    ("cell", "other reasons"): ("cell is NULL for other reasons", "cells are NULL for other reasons"),
    ("cell", "new, NULL"): ("new cell is NULL", "new cells are NULL"),
    ("cell", "gone, was NULL"): ("cell that was NULL is gone", "cells that were NULL are gone"),
    ("figure", "revised"): ("figure was revised", "figures were revised"),
    ("figure", "withdrawn"): ("figure was withdrawn", "figures were withdrawn"),
    ("figure", "added"): ("figure was added", "figures were added"),
    ("figure", "confirmed by another edition"): ("figure was confirmed by another edition", "figures were confirmed by another edition"),
    ("rate", "new"): ("rate is newly declared", "rates are newly declared"),
    ("rate", "gone"): ("rate is no longer declared", "rates are no longer declared"),
    ("rate", "declared differently"): ("rate is declared differently", "rates are declared differently"),
    ("source", "new"): ("source is new", "sources are new"),
    ("source", "gone"): ("source is gone", "sources are gone"),
    ("source", "other state"): ("source stands differently", "sources stand differently"),
    ("break", "new"): ("break in series is new", "breaks in series are new"),
    ("break", "gone"): ("break in series is gone", "breaks in series are gone"),
    ("break", "stated differently"): ("break in series is stated differently", "breaks in series are stated differently"),
    ("series", "new"): ("series is new", "series are new"),
    ("series", "gone"): ("series is gone", "series are gone"),
}
SCHEMA = {
    "part": pl.String, "change": pl.String, "rate_id": pl.String, "source_id": pl.String, "series_id": pl.String,
    "other_series_id": pl.String, "subject": pl.String, "time_period": pl.String, "earlier_value": pl.Float64,
    "later_value": pl.Float64, "difference": pl.Float64, "earlier_detail": pl.String, "later_detail": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Differences:
    """What changed from one release to the next.

    Attributes:
        earlier: build_id of the former release; None for the first one, or if it does not say.
        later: build_id of the new release; None if it does not say.
        changes: one row per change, in the columns of `SCHEMA`; empty if nothing changed or nothing was compared.
        is_first: whether there is no former release.
        not_compared: why the two could not be compared; None if they were.
    """

    earlier: str | None
    later: str | None
    changes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA))
    is_first: bool = False
    not_compared: str | None = None

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """Number of changes by part and kind, in the order in which they are told; what did not happen is left out."""
        found = {(part, change): number for part, change, number in self.changes.group_by("part", "change").len().rows()}
        return {key: found[key] for key in _TOLD if key in found}


def compare_releases(earlier: Path | None, later: Path) -> Differences:
    """Compare the database of a release with that of the one before.

    Args:
        earlier: DuckDB file of the former release; None for the first release.
        later: DuckDB file of the new release.

    Raises:
        WarehouseError: a file cannot be opened.
    """
    later_id = _build_id(later)
    if earlier is None:
        return Differences(None, later_id, is_first=True)
    earlier_id = _build_id(earlier)
    both = {"earlier": earlier, "later": later}
    ((_, unlike),) = warehouse.read_frames(both, {"unlike": (_SQL / "unlike.sql").read_text(encoding="utf-8")})
    if unlike.height:
        missing = ", ".join(unlike["listed_column"].head(3))
        return Differences(
            earlier_id, later_id, not_compared=f"{unlike.height} columns that the comparison reads are in one of them only ({missing} ...)"
        )
    ((_, changes),) = warehouse.read_frames(both, {"changes": (_SQL / "changes.sql").read_text(encoding="utf-8")})
    return Differences(earlier_id, later_id, changes.cast(pl.Schema(SCHEMA)))


def describe(differences: Differences, lines: int = 15) -> str:
    """Tell the changes in words: the counts first, then up to `lines` changes of each kind."""
    this = f"release {differences.later or 'without a name'}"
    if differences.is_first:
        return f"First {this}: there is no former release to compare it with.\n"
    told = [f"What changed from release {differences.earlier or 'without a name'} to {this}"]
    if differences.not_compared is not None:
        return f"{told[0]}: not compared, because {differences.not_compared}.\n"
    counts = differences.counts
    if not counts:
        return f"{told[0]}: nothing.\n"
    told += ["", *(f"{number:>8,}  {_words(key, number)}" for key, number in counts.items())]
    for key, number in counts.items():
        part, change = key
        rows = differences.changes.filter(pl.col("part") == part, pl.col("change") == change)
        told += ["", f"{number:,} {_words(key, number)}:"]
        told += [f"  - {_printable(_line(row))}" for row in rows.head(lines).iter_rows(named=True)]
        if number > lines:
            told.append(f"  - and {number - lines:,} more, see changes.csv")
    return "\n".join(told) + "\n"


def _build_id(database: Path) -> str | None:
    found = warehouse.query(database, "SELECT build_id FROM builds")
    return str(found[0][0]) if found else None


def _words(key: tuple[str, str], number: int) -> str:
    return _TOLD[key][0 if number == 1 else 1]


def _line(row: Mapping[str, Any]) -> str:
    period = "" if row["time_period"] is None else f", {row['time_period']}"
    match row["part"]:
        case "cell":
            return f"{row['rate_id']}{period}: {_cell(row, 'earlier')} -> {_cell(row, 'later')} [{row['subject']}]"
        case "figure":
            change = "" if row["difference"] is None else f" ({row['difference']:+,.15g})"
            return f"{row['source_id']}{period}: {_figure(row, 'earlier')} -> {_figure(row, 'later')}{change} [{row['subject']}]"
        case "rate":
            return f"{row['rate_id']}: {row['subject']}"
        case "source":
            state = f": {row['earlier_detail']} -> {row['later_detail']}" if row["change"] == "other state" else f": {row['subject']}"
            return f"{row['source_id']}{state}"
        case "series":
            return f"{row['source_id']}: {row['subject']}"
        case _:
            return str(row["subject"])


def _cell(row: Mapping[str, Any], side: str) -> str:
    if row[f"{side}_value"] is not None:
        return f"{row[f'{side}_value']:.6g}"
    return f"NULL ({row[f'{side}_detail']})" if row[f"{side}_detail"] else "no cell"


def _figure(row: Mapping[str, Any], side: str) -> str:
    if row[f"{side}_detail"] is None:
        return "none"
    value = "no value" if row[f"{side}_value"] is None else f"{row[f'{side}_value']:,.15g}"
    return f"{value} ({row[f'{side}_detail']})"


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
