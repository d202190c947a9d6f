"""Health: what is looked at, what counts as a warning and what as a failure, and that looking changes nothing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import health, ledger, refresh, releases
from pipelines.health import Finding, examine, worst
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import query
from tests.conftest import Workplace
from tests.test_releases import VICTIM, change_one_digit

LOOKED_AT = "ncmec_ojjdp_transparency"


def found(data: Path, key: str, *, thorough: bool = False, now: datetime | None = None) -> Finding:
    (finding,) = [finding for finding in examine(data, thorough=thorough, now=now) if finding.key == key]
    return finding


def wrong(data: Path, *, thorough: bool = True) -> dict[str, str]:
    return {finding.key: finding.level for finding in examine(data, thorough=thorough) if finding.level != "ok"}


def write_look(data: Path, source_id: str, *, looked: str, succeeded: str, failures: tuple[str, ...] = ()) -> None:
    folder = data / "snapshots" / source_id
    folder.mkdir(parents=True, exist_ok=True)
    look = {"looked_at": looked, "succeeded_at": succeeded, "failures": failures, "snapshots": []}
    (folder / "last_look.json").write_text(json.dumps(look), encoding="utf-8")


def test_a_fresh_release_is_well_and_looking_changes_nothing(small: Workplace) -> None:
    before = {path: path.lstat().st_mtime_ns for path in small.data.rglob("*")}
    findings = examine(small.data)
    assert worst(findings) == 0
    assert {path: path.lstat().st_mtime_ns for path in small.data.rglob("*")} == before
    told = {finding.key: finding for finding in findings}
    tables = query(small.database, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'release'")
    rows = sum(query(small.database, f'SELECT count(*) FROM "{schema}"."{table}"')[0][0] for schema, table in tables)
    assert rows > 1000
    assert told["published/laws"].told == f"opens, {rows:,} rows read in full, every law holds"
    assert told["lock"].told == "free"
    assert told["published/file"].told == f"release {(small.data / 'published').resolve().name}"


def test_nothing_published_is_a_failure_and_says_what_to_do(tmp_path: Path) -> None:
    finding = found(tmp_path / "data", "published/file")
    assert (finding.level, finding.told, finding.remedy) == ("failure", "nothing is published yet", "run `make build`")
    assert worst(examine(tmp_path / "data")) == 2
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("harm", ["link", "folder", "database"])
def test_a_release_that_is_gone_is_a_failure(harm: str, small: Workplace) -> None:
    release = (small.data / "published").resolve()
    if harm == "link":
        (small.data / "published").unlink()
    elif harm == "folder":
        shutil.rmtree(release)
    else:
        (release / releases.DATABASE).unlink()
    assert wrong(small.data) == {"published/file": "failure"}
    assert (release.name in found(small.data, "published/file").details) == (harm != "folder")


@pytest.mark.parametrize("place", ["middle", "most", "start", "cut"])
def test_a_damaged_database_is_found_by_reading_it_in_full(place: str, small: Workplace) -> None:
    content = bytearray(small.database.read_bytes())
    if place == "cut":
        content = content[: len(content) // 2]
    else:
        # an eighth is many blocks, some of which hold data; the first hold the headers
        first, last = {"middle": (len(content) // 2, len(content) * 5 // 8), "most": (3 << 18, len(content)), "start": (0, 8192)}[place]
        content[first:last] = bytes(byte ^ 0xFF for byte in content[first:last])
    small.database.write_bytes(content)
    assert wrong(small.data) == {"published/laws": "failure"}
    finding = found(small.data, "published/laws", thorough=True)
    assert "FORCE=1" in finding.remedy
    assert str(small.data) not in finding.told
    # without reading it in full it cannot be known, and is not told to be well
    assert "published/laws" not in {each.key for each in examine(small.data, thorough=False)}


def test_a_release_that_breaks_a_law_is_a_failure(small: Workplace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sql" / "checks").mkdir(parents=True)
    (tmp_path / "sql" / "checks" / "release.sql").write_text("SELECT 'a law of this test' AS law, 7 AS broken")
    monkeypatch.setattr(releases, "PROJECT", tmp_path)
    finding = found(small.data, "published/laws", thorough=True)
    assert finding.level == "failure"
    assert "a law of this test: 7 rows" in finding.details


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_file_beside_the_database_that_is_not_what_was_released_is_a_failure(harm: str, small: Workplace) -> None:
    release = (small.data / "published").resolve()
    names = sorted(path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256((release / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (release / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    assert worst(examine(small.data)) == 0
    if harm == "changed":
        with (release / releases.OBSERVATIONS).open("ab") as content:
            content.write(b"x")
    else:
        (release / releases.OBSERVATIONS).unlink()
    finding = found(small.data, "published/laws", thorough=True)
    assert finding.level == "failure"
    assert finding.details == "observations.parquet: is missing or not what was released"


# --- sources -----------------------------------------------------------------------------------------------------------------------


def test_quarantine_is_a_warning_with_the_place_of_its_report(small: Workplace) -> None:
    change_one_digit(small)
    small.build()
    assert wrong(small.data) == {f"source/{VICTIM}/quarantine": "warning"}
    finding = found(small.data, f"source/{VICTIM}/quarantine")
    (report,) = (small.data / "quarantine" / VICTIM).glob("*.md")
    assert f"data/quarantine/{VICTIM}/{report.name}" in finding.remedy
    assert finding.mark == report.stem
    assert "936,080" in finding.details
    assert finding.stands == "its last valid vintage stands in the release"
    assert "\n" not in health.render([finding]).partition("\n")[0]


def test_a_source_that_is_stale_in_the_release_is_not_well_here_and_the_other_way_round(small: Workplace) -> None:
    """Health judges now what a release says of the moment when it was built; with the same state both must agree."""
    today = datetime.now(UTC).isoformat(timespec="seconds")
    change_one_digit(small)
    write_look(small.data, LOOKED_AT, looked=today, succeeded="", failures=(f"{LOOKED_AT}: https://example.org: 503: wait",))
    write_look(small.data, "trac_law_pages", looked="2020-01-06T06:00:00+00:00", succeeded="2020-01-06T06:00:00+00:00")
    write_look(small.data, "ncmec_reports_by_esp", looked=today, succeeded=today)
    small.build()
    stale = {source_id for (source_id,) in query(small.database, "SELECT source_id FROM sources WHERE is_stale")}
    assert stale == {VICTIM, LOOKED_AT, "trac_law_pages"}
    assert {key.split("/")[1] for key in wrong(small.data) if key.startswith("source/")} == stale


def test_a_look_that_failed_is_told_with_its_addresses(small: Workplace) -> None:
    write_look(
        small.data, LOOKED_AT, looked="2026-11-23T06:00:00+00:00", succeeded="2026-11-16T06:00:00+00:00",
        failures=("first address: 503", "second address: moved"),
    )  # fmt: skip
    finding = found(small.data, f"source/{LOOKED_AT}/look")
    assert (finding.level, finding.told) == ("warning", "the last look at the publisher failed")
    assert finding.details == "first address: 503; second address: moved"
    assert finding.since == "2026-11-16T06:00:00+00:00"
    assert "network" in finding.remedy


def test_the_age_of_a_look_is_judged_by_the_cadence_of_its_source(small: Workplace) -> None:
    cadence = ledger.sources_by_id()[LOOKED_AT].cadence_days
    looked = datetime(2026, 1, 5, 6, tzinfo=UTC)
    write_look(small.data, LOOKED_AT, looked=looked.isoformat(), succeeded=looked.isoformat())
    key = f"source/{LOOKED_AT}/look"
    assert found(small.data, key, now=looked + timedelta(days=cadence)).level == "ok"
    late = found(small.data, key, now=looked + timedelta(days=cadence + 1))
    assert (late.level, late.told) == ("warning", f"no look at the publisher for more than {cadence} days")
    assert "schedule" in late.remedy
    # words do not change with the days that pass
    assert found(small.data, key, now=looked + timedelta(days=cadence + 30)).identity == late.identity


def test_a_ledger_that_cannot_be_read_is_a_failure_of_its_source_alone(small: Workplace) -> None:
    (small.data / "observations" / VICTIM / "ledger.json").write_text("{", encoding="utf-8")
    assert wrong(small.data) == {f"source/{VICTIM}/ledger": "failure"}


def test_the_quarantine_of_an_edition_that_was_replaced_is_over() -> None:
    def vintage(name: str, origin: ledger.Origin, *, valid: bool) -> ledger.Vintage:
        return ledger.Vintage("s", name, origin, "2026-01-01", "d", valid, "" if valid else "wrong", 1, 0, "h")

    bad, good = vintage("a", "publication", valid=False), vintage("b", "publication", valid=True)
    assert releases.quarantined_now([bad, good], None) == ()
    assert releases.quarantined_now([good, bad], None) == (bad,)
    # the publisher gives the old one again
    look = refresh.Look("2026-02-01", "2026-02-01", (), ("a",))
    assert releases.quarantined_now([bad, good], look) == (bad,)
    figures = vintage("c", "figures", valid=False)
    assert releases.quarantined_now([figures, good], None) == (figures,)
    assert releases.quarantined_now([figures, vintage("d", "figures", valid=True), good], None) == ()


# --- the machine -------------------------------------------------------------------------------------------------------------------

Usage = namedtuple("Usage", ("total", "used", "free"))


@pytest.mark.parametrize(("free", "level"), [(100 << 20, "failure"), (1 << 30, "warning"), (50 << 30, "ok")])
def test_room_is_judged_by_what_the_next_build_needs(free: int, level: str, small: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: Usage(1 << 40, 0, free))
    finding = found(small.data, "disk")
    assert finding.level == level
    assert f"{free >> 20:,} MiB free" in finding.details
    if level != "ok":
        assert "never snapshots" in finding.remedy


def test_a_large_release_needs_more_room(small: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: Usage(1 << 40, 0, 50 << 30))
    with (small.data / "published" / "large").open("wb") as sparse:
        sparse.truncate(6 << 30)
    assert found(small.data, "disk").level == "warning"
    with (small.data / "published" / "large").open("wb") as sparse:
        sparse.truncate(20 << 30)
    assert found(small.data, "disk").level == "failure"


def test_a_lock_that_is_held_is_told_and_not_waited_for(small: Workplace) -> None:
    with (small.data / "build.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        begun = time.monotonic()
        assert found(small.data, "lock").told.startswith("held")
        assert time.monotonic() - begun < 5
    assert found(small.data, "lock").told == "free"


def test_litter_is_told_when_it_is_a_day_old(small: Workplace) -> None:
    names = ("releases/.x.1.building", ".published.1", "observations/bjs_csec/.ledger.json.1.part", "snapshots/bjs_csec/abc.tmp")
    for name in names:
        (small.data / name).parent.mkdir(parents=True, exist_ok=True)
        (small.data / name).write_text("x")
    assert found(small.data, "litter").level == "ok"
    for name in names:
        os.utime(small.data / name, (time.time() - 90_000,) * 2)
    finding = found(small.data, "litter")
    assert finding.level == "warning"
    assert all(f"data/{name}" in finding.details for name in names)


# --- the command -------------------------------------------------------------------------------------------------------------------


def ask(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.health", "--data", str(data), *options]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_the_command_ends_with_0_1_or_2_and_tells_it_as_json(small: Workplace) -> None:
    well = ask(small.data)
    assert (well.returncode, well.stdout.splitlines()[-1]) == (0, "all is well")
    write_look(small.data, LOOKED_AT, looked="2026-11-23T06:00:00+00:00", succeeded="", failures=("a\x1b[31m\nb\u202e",))
    warned = ask(small.data)
    assert (warned.returncode, warned.stdout.splitlines()[-1]) == (1, "failures: 0, warnings: 1")
    assert not set("\x1b\u202e") & set(warned.stdout)
    assert "do: if many sources fail at once" in warned.stdout
    shutil.rmtree(small.data / "releases")
    broken = ask(small.data, "--json")
    told = json.loads(broken.stdout)
    assert (broken.returncode, told["status"]) == (2, 2)
    levels = {finding["key"]: finding["level"] for finding in told["findings"]}
    assert (levels["published/file"], levels[f"source/{LOOKED_AT}/look"]) == ("failure", "warning")
    assert broken.stderr == ""


def test_plain_text_is_one_line_without_marks() -> None:
    assert health.plain("a\nb\tc\x1b[0m\u202ed\u2028e\x00") == "a b c[0md e"
    assert health.plain("x" * 50, 10) == "x" * 10 + " ..."
