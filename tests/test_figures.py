"""Not one transcribed figure is lost or altered on its way into the release: counted, summed, and compared cell by cell.

The figures are read here with the csv module and their periods worked out from their own bounds, so that nothing of the way they
took is used to check it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger import FIGURES
from pipelines.snapshots import sha256_of
from pipelines.warehouse import query
from tests.conftest import Workplace

#: counted by hand when the figures were transcribed; a new transcription changes it, nothing else does
ROWS, SOURCES = 3529, 40
NUMBERS = ("obs_value", "base_value")
TEXTS = (
    "measure", "ref_area", "time_period", "unit_of_count", "unit_measure", "offense_scope", "jurisdiction", "pathway",
    "statistical_population", "breakdown", "value_qualifier", "obs_status", "published_on", "evidence", "source_locator", "url", "obs_note",
)  # fmt: skip
#: the one cell whose printed number is no value: "below 50", suppressed
THRESHOLD = ("ncmec_global_platform", "2024-01-01/P6M", "content=gai_csam", "50")

Figure = dict[str, str]


def read_files() -> dict[str, list[Figure]]:
    files = {}
    for path in sorted(FIGURES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            files[path.stem] = list(csv.DictReader(lines))
    return files


FILES = read_files()
WRITTEN = [(source_id, figure) for source_id, figures in FILES.items() for figure in figures]


def is_threshold(source_id: str, figure: Figure) -> bool:
    return (source_id, figure["time_period"], figure["breakdown"], figure["obs_value"]) == THRESHOLD and figure["obs_status"] == "Q"


def value_of(source_id: str, figure: Figure) -> str:
    return "" if is_threshold(source_id, figure) else figure["obs_value"]


def total(values: Iterable[str]) -> Decimal:
    return sum((Decimal(value) for value in values if value), Decimal(0))


def ask(built: Workplace, statement: str) -> list[tuple[Any, ...]]:
    return query(built.database, statement)


def test_there_are_as_many_figures_as_were_transcribed(built: Workplace) -> None:
    assert (len(WRITTEN), len(FILES)) == (ROWS, SOURCES)
    assert ask(built, "SELECT count(*), count(DISTINCT source_id) FROM observations") == [(ROWS, SOURCES)]


@pytest.mark.parametrize("source_id", FILES)
def test_counts_and_sums_of_a_source(built: Workplace, source_id: str) -> None:
    figures = FILES[source_id]
    values = [value_of(source_id, figure) for figure in figures]
    (found,) = ask(
        built,
        "SELECT count(*), count(obs_value), sum(CAST(obs_value AS DECIMAL(38, 6))), count(base_value), "
        f"sum(CAST(base_value AS DECIMAL(38, 6))) FROM observations WHERE source_id = '{source_id}'",
    )
    bases = [figure["base_value"] for figure in figures]
    rows, with_value, value_sum, with_base, base_sum = found
    assert (rows, with_value, with_base) == (len(figures), sum(map(bool, values)), sum(map(bool, bases)))
    assert (value_sum or 0, base_sum or 0) == (total(values), total(bases))


def test_sum_of_everything(built: Workplace) -> None:
    ((found,),) = ask(built, "SELECT sum(CAST(obs_value AS DECIMAL(38, 6))) FROM observations")
    assert found == total(value_of(source_id, figure) for source_id, figure in WRITTEN)


def test_every_cell_of_every_figure(built: Workplace) -> None:
    columns = ("source_id", *TEXTS, *NUMBERS, "period_start", "period_end", "decimals", "snapshot_id")
    found = Counter(ask(built, f"SELECT {', '.join(columns)} FROM observations"))
    hashes = {source_id: sha256_of(FIGURES / f"{source_id}.csv") for source_id in FILES}
    expected: Counter[tuple[Any, ...]] = Counter()
    for source_id, figure in WRITTEN:
        numbers = {"obs_value": value_of(source_id, figure), "base_value": figure["base_value"]}
        printed = figure["obs_value"].partition(".")[2]
        given = figure.get("decimals") or len(printed)
        expected[
            (
                source_id,
                *((figure[name] or None) if name != "breakdown" else figure[name] for name in TEXTS),
                *(float(numbers[name]) if numbers[name] else None for name in NUMBERS),
                date.fromisoformat(figure["period_start"]),
                date.fromisoformat(figure["period_end"]),
                int(given) if figure["unit_measure"] == "percent" else None,
                hashes[source_id],
            )
        ] += 1
    assert list((expected - found).elements()) == []
    assert list((found - expected).elements()) == []


def test_only_the_suppressed_cell_lost_its_number_and_keeps_it_in_words(built: Workplace) -> None:
    assert [source_id for source_id, figure in WRITTEN if is_threshold(source_id, figure)] == ["ncmec_global_platform"]
    unfit = [figure for source_id, figure in WRITTEN if figure["obs_value"] and figure["obs_status"] in "LMOQ"]
    assert len(unfit) == 1
    source_id, time_period, breakdown, threshold = THRESHOLD
    rows = ask(
        built,
        "SELECT obs_value, value_qualifier, obs_status, obs_note FROM observations "
        f"WHERE source_id = '{source_id}' AND time_period = '{time_period}' AND breakdown = '{breakdown}' AND obs_status = 'Q'",
    )
    assert [row[:3] for row in rows] == [(None, "lt", "Q")]
    assert threshold in rows[0][3]


def test_null_is_never_zero(built: Workplace) -> None:
    zeros = sum(1 for _, figure in WRITTEN if figure["obs_value"] and Decimal(figure["obs_value"]) == 0)
    assert ask(built, "SELECT count(*) FROM observations WHERE obs_value = 0") == [(zeros,)]
    nulls = sum(1 for source_id, figure in WRITTEN if not value_of(source_id, figure))
    assert ask(built, "SELECT count(*) FROM observations WHERE obs_value IS NULL AND obs_status IN ('L', 'M', 'O', 'Q')") == [(nulls,)]


def test_the_exported_parquet_holds_the_same_figures(built: Workplace) -> None:
    import polars as pl

    from pipelines.conforming import SCHEMA

    exported = pl.read_parquet(built.database.with_name("observations.parquet"))
    assert dict(exported.schema) == dict(SCHEMA)
    inside = ask(built, f"SELECT {', '.join(SCHEMA)} FROM observations")
    assert Counter(exported.iter_rows()) == Counter(inside)


def test_sources_tell_how_many_figures_they_hold(built: Workplace) -> None:
    told = {row[0]: row[1:] for row in ask(built, "SELECT source_id, observations, values_missing, is_stale, state FROM sources")}
    for source_id, figures in FILES.items():
        missing = sum(1 for figure in figures if not value_of(source_id, figure))
        assert told[source_id] == (len(figures), missing, False, "current"), source_id
    assert {observations for source_id, (observations, *_) in told.items() if source_id not in FILES} == {0}


def test_snapshots_name_the_bytes_of_every_file(built: Workplace) -> None:
    told = ask(built, "SELECT source_id, snapshot_id, bytes FROM snapshots ORDER BY ALL")
    assert told == sorted((path.stem, sha256_of(path), path.stat().st_size) for path in Path(FIGURES).glob("*.csv"))
