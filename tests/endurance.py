"""Years of weekly refreshes in minutes: a loopback publisher that puts out a new edition now and then, and a clock that jumps by weeks.

Belongs here: the simulated weeks and what must hold after them; test_endurance.py runs ten, benchmarks/endurance.py two hundred.
Does not belong here: faults (faults.py).
"""

from __future__ import annotations

import random
import resource
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines import ledger, refresh, releases, warehouse
from pipelines.snapshots import Timing
from tests.publisher import Publisher, document
from tests.samples_ncmec import Sample, esp_sample, pdf_of

LIVE = "ncmec_reports_by_esp"
#: known long before the first simulated week, so that every release has them
FIGURES = ("bjs_csec", "not_collected")
_KNOWN_SINCE = "2020-01-01"
FIRST_WEEK = date(2022, 12, 5)
_CHANCE_OF_AN_EDITION = 0.4
_MATCHED = (
    "SELECT rate_id, time_period, numerator, denominator, rate, null_reasons, numerator_series_id, denominator_series_id "
    "FROM {} ORDER BY ALL"
)


@dataclass(frozen=True)
class Week:
    """One simulated week.

    Attributes:
        day: its Monday.
        editions: how many editions the publisher had put out by then.
        seconds: what refresh and build took.
        database_bytes: size of the published file.
        releases: release folders.
        files: files in the data folder.
        memory: what this process holds, in bytes.
        matched: the matched-period table of the release, if the week was sampled.
    """

    day: date
    editions: int
    seconds: float
    database_bytes: int
    releases: int
    files: int
    memory: int
    matched: list[tuple[object, ...]] | None


@dataclass
class Course:
    """What happened: the weeks, and every edition's figures in order."""

    weeks: list[Week] = field(default_factory=list)
    editions: list[Sample] = field(default_factory=list)


def run_weeks(folder: Path, number: int, seed: int, sample_every: int) -> Course:
    """Refresh and build once a week; a week may bring a new edition, in which every provider's count is revised."""
    chance = random.Random(seed)
    data, figures = folder / "data", folder / "figures"
    figures.mkdir(parents=True)
    for source_id in FIGURES:
        transcribed = pl.read_csv(ledger.FIGURES / f"{source_id}.csv", infer_schema=False)
        known = transcribed.filter(pl.col("period_end") < _KNOWN_SINCE).with_columns(pl.col("published_on").fill_null(_KNOWN_SINCE))
        known.write_csv(figures / f"{source_id}.csv")
    course = Course()
    with Publisher() as publisher:
        url = publisher.url("/2021-reports-by-esp.pdf")
        source = replace(
            ledger.sources_by_id()[LIVE], hosts=("127.0.0.1",), pages=(url,), url_index="", url_download="", link_pattern="", cadence_days=0
        )
        policy = replace(refresh.policy_of(source, allow_loopback=True), min_interval_seconds=0.0)
        for week in range(number):
            day = FIRST_WEEK + timedelta(weeks=week)
            if week == 0 or chance.random() < _CHANCE_OF_AN_EDITION:
                sample = replace(esp_sample(2021, seed=seed + week), dated=f"{day - timedelta(days=1):%Y%m%d}")
                course.editions.append(sample)
                publisher.serve("/2021-reports-by-esp.pdf", document(pdf_of(sample.pages, sample.title, sample.dated), etag=f'"{week}"'))
            monday = datetime(day.year, day.month, day.day, 6, tzinfo=UTC).timestamp()
            began = time.perf_counter()
            refresh.refresh_source(data / "snapshots", source, policy, timing=Timing(now=lambda monday=monday: monday))
            ledger.derive(data, [*ledger.figures_tasks(figures), *ledger.publication_tasks(data, [LIVE])])
            release = releases.build_release(data, with_companions=False)
            releases.publish(data, release, keep_days=0)
            seconds = time.perf_counter() - began
            matched = warehouse.query(release.database, _MATCHED.format("matched_periods")) if week % sample_every == 0 else None
            files = sum(path.is_file() for path in data.rglob("*"))
            kept = len(list((data / "releases").iterdir()))
            size = release.database.stat().st_size
            course.weeks.append(Week(day, len(course.editions), seconds, size, kept, files, _memory(), matched))
    check_course(data, course)
    return course


def check_course(data: Path, course: Course) -> None:
    """Check that the last release reproduces every sampled one, that every revision is found, and that nothing grows but with editions."""
    database = data / "published" / releases.DATABASE
    for week in course.weeks:
        if week.matched is not None:
            again = warehouse.query(database, _MATCHED.format(f"as_of(DATE '{week.day}')"))
            assert again == week.matched, f"as_of({week.day}) is not the release of that week"

    history: dict[str, list[float]] = {}
    for sample in course.editions:
        for figure in sample.figures:
            history.setdefault(figure.breakdown, []).append(float(figure.value or "nan"))
    expected = {(breakdown, values[0], values[-1], len(values)) for breakdown, values in history.items() if len(set(values)) > 1}
    found = set(
        warehouse.query(database, f"SELECT breakdown, first_value, latest_value, editions FROM revisions WHERE source_id = '{LIVE}'")
    )
    assert found == expected, "revisions are not those that the publisher made"

    first, last = course.weeks[0], course.weeks[-1]
    # a release more or fewer, and per edition: snapshot, its record, its observations
    assert last.files <= first.files + 12 * (last.editions - first.editions) + 40 * releases.KEEP_NEWEST, (first.files, last.files)
    grown = (last.database_bytes - first.database_bytes) / max(1, last.editions - first.editions)
    assert grown < 60_000, f"{grown:,.0f} bytes per edition of 91 figures"
    assert max(week.releases for week in course.weeks) <= releases.KEEP_NEWEST + 1
    # the first weeks load libraries and fill their caches
    warm = course.weeks[min(20, len(course.weeks) - 1)]
    assert last.memory < warm.memory + (256 << 20), f"{warm.memory >> 20} MiB became {last.memory >> 20} MiB"


def _memory() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
