"""Releases: equal inputs, equal release; a switch that no reader notices; nothing damaged is used, nothing abandoned stays.

All tests work on a copy of a release of three sources.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines import ledger, releases
from pipelines.ledger import LedgerError
from pipelines.releases import ReleaseError
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import query
from tests.conftest import SMALL, Workplace

VICTIM = "bjs_csec"


def folders(data: Path) -> list[str]:
    return sorted(path.name for path in (data / "releases").iterdir())


def source_row(database: Path, source_id: str) -> tuple[int, bool, str]:
    (row,) = query(database, f"SELECT observations, is_stale, state FROM sources WHERE source_id = '{source_id}'")
    return row[0], row[1], row[2]


def values_of(database: Path, source_id: str) -> list[tuple[object, ...]]:
    columns = "measure, time_period, breakdown, obs_value, snapshot_id"
    return query(database, f"SELECT {columns} FROM observations WHERE source_id = '{source_id}' ORDER BY ALL")


def change_one_digit(workplace: Workplace, source_id: str = VICTIM) -> str:
    """Make one count of a table larger, so that its parts no longer add up to its total; returns the file as it was."""
    path = workplace.figures / f"{source_id}.csv"
    before = path.read_text(encoding="utf-8")
    path.write_text(with_wrong_digit(before), encoding="utf-8")
    return before


def with_wrong_digit(text: str) -> str:
    """Put a 9 before the total of the matters concluded."""
    lines = text.splitlines(keepends=True)
    wrong = [line.replace(",36080,", ",936080,") if line.startswith("suspects_in_matters_concluded,") else line for line in lines]
    assert wrong != lines
    return "".join(wrong)


# --- equal inputs, equal release ------------------------------------------------------------------------------------------------


def test_a_second_build_finds_nothing_to_do(small: Workplace) -> None:
    before, names = small.database.stat(), folders(small.data)
    outcomes = ledger.derive(small.data, ledger.figures_tasks(small.figures))
    assert [outcome.rebuilt for outcome in outcomes] == [False] * len(SMALL)
    release = releases.build_release(small.data)
    assert not release.rebuilt
    assert folders(small.data) == names
    assert (small.database.stat().st_ino, small.database.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_force_builds_an_equal_release_in_a_folder_of_its_own(small: Workplace) -> None:
    (first,) = folders(small.data)
    answers = "SELECT * FROM matched_periods ORDER BY ALL", "SELECT * FROM observations ORDER BY ALL", "SELECT * FROM builds"
    before = [query(small.database, answer) for answer in answers]
    release = small.build(force=True)
    assert release.rebuilt
    assert release.build_id == first
    assert folders(small.data) == [first, f"{first}-r2"]
    assert (small.data / "published").resolve().name == f"{first}-r2"
    assert [query(small.database, answer) for answer in answers] == before
    assert (small.data / "releases" / first / releases.OBSERVATIONS).read_bytes() == (release.folder / releases.OBSERVATIONS).read_bytes()


def test_a_build_elsewhere_gives_the_same_name(small: Workplace, tmp_path: Path) -> None:
    elsewhere = Workplace(tmp_path / "elsewhere", small.figures)
    assert [elsewhere.build().folder.name] == folders(small.data)


def test_a_release_names_its_inputs(small: Workplace) -> None:
    (row,) = query(small.database, "SELECT build_id, as_of_date, inputs_sha256, duckdb_version FROM builds")
    build_id, as_of_date, inputs, version = row
    (name,) = folders(small.data)
    assert build_id == name == f"{as_of_date}-{inputs[:12]}"
    assert re.fullmatch("[0-9a-f]{64}", inputs)
    assert (small.data / "releases" / name / "INPUTS").read_text().strip() == inputs
    assert version == duckdb.__version__


def test_without_observations_there_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no valid observations"):
        releases.build_release(tmp_path / "data")
    with pytest.raises(ReleaseError, match="no finished release"):
        releases.publish_newest(tmp_path / "data")
    assert releases.published_release(tmp_path / "data") is None
    assert "Nothing is published yet" in releases.summarise(tmp_path / "data")


def test_a_release_is_one_folder_of_what_belongs_together(small: Workplace) -> None:
    (name,) = folders(small.data)
    files = {path.name for path in (small.data / "releases" / name).iterdir()}
    assert files >= {releases.DATABASE, releases.OBSERVATIONS, "INPUTS"}
    assert not [file for file in files if file.endswith((".wal", ".tmp", ".building", ".part"))]
    assert str((small.data / "published").readlink()) == f"releases/{name}", "a relative link, so that the data folder can be moved"


def test_the_summary_tells_in_ten_lines_where_how_much_and_why_not(small: Workplace) -> None:
    told = releases.summarise(small.data)
    assert len(told.splitlines()) <= 10
    assert releases.DATABASE in told
    assert "NULL in every year" in told
    assert "numerator_not_collected" in told


# --- the switch -----------------------------------------------------------------------------------------------------------------


def test_a_reader_keeps_what_it_opened_while_the_link_is_switched(small: Workplace) -> None:
    def ask(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
        return connection.sql("SELECT count(*), sum(obs_value) FROM observations").fetchall()

    with duckdb.connect() as reader:
        reader.execute(f"ATTACH '{small.database}' AS release (READ_ONLY)")
        reader.execute("USE release")
        before = ask(reader)
        (small.figures / f"{VICTIM}.csv").unlink()
        change = small.figures / "not_collected.csv"
        change.write_text("".join(change.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
        small.build(force=True)
        assert ask(reader) == before, "the old release, still whole"
        reader.sql("SELECT count(*) FROM matched_periods").fetchall()
    assert len(folders(small.data)) == 2


def test_there_is_a_whole_release_at_every_moment(small: Workplace) -> None:
    for number in range(3):
        (small.data / "releases" / f"other_{number}").mkdir()
        for path in (small.data / "published").resolve().iterdir():
            os.link(path, small.data / "releases" / f"other_{number}" / path.name)
    others = [
        releases.Release(f"other_{number}", small.data / "releases" / f"other_{number}", "0" * 64, rebuilt=True) for number in range(3)
    ]
    missed: list[Exception] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            try:
                assert (small.data / "published" / "INPUTS").read_text()
            except (OSError, AssertionError) as problem:
                missed.append(problem)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(300):
        releases.publish(small.data, others[turn % 3])
    done.set()
    watcher.join()
    assert missed == []
    assert not [path.name for path in small.data.iterdir() if path.name.startswith(".published")]


def test_a_release_that_breaks_a_law_is_not_published(small: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    published, names = str((small.data / "published").readlink()), folders(small.data)

    def refuse(_: Path) -> None:
        raise ReleaseError("a law is broken")

    monkeypatch.setattr(releases, "check_release", refuse)
    with pytest.raises(ReleaseError, match="a law is broken"):
        releases.build_release(small.data, force=True)
    assert (str((small.data / "published").readlink()), folders(small.data)) == (published, names)


def test_the_check_of_a_release_finds_a_broken_law(small: Workplace) -> None:
    releases.check_release(small.database)
    with duckdb.connect(str(small.database)) as connection:
        connection.execute("DELETE FROM matched_periods WHERE rate_id = 'csam_reports_prosecuted'")
    with pytest.raises(ReleaseError, match="the headline is answered"):
        releases.check_release(small.database)


def test_a_synthetic_source_is_never_published(small: Workplace) -> None:
    with duckdb.connect(str(small.database)) as connection:
        connection.execute(
            "INSERT INTO series SELECT 'x', 10000000, 'synthetic_source', * EXCLUDE (series_id, series_no, source_id) FROM series LIMIT 1"
        )
    with pytest.raises(ReleaseError, match="nothing synthetic"):
        releases.check_release(small.database)


# --- what is kept and what is swept ---------------------------------------------------------------------------------------------


@pytest.fixture
def ten_releases(small: Workplace) -> Workplace:
    """Ten more releases, each ten days older than the next, the published one the oldest of all."""
    for number in range(10):
        folder = small.data / "releases" / f"old_{number}"
        folder.mkdir()
        (folder / "INPUTS").write_text("0" * 64)
        age = time.time() - 10 * 86_400 * number - 3600
        os.utime(folder, (age, age))
    published = (small.data / "published").resolve()
    (published / releases.BUILT).write_text("0 1970-01-01T00:00:00+00:00\n")
    return small


def test_old_releases_are_let_go_by_count_and_age(ten_releases: Workplace) -> None:
    published = (ten_releases.data / "published").resolve().name
    gone = releases.retire(ten_releases.data, keep_newest=2, keep_days=35)
    # 0, 1 are among the newest; 2, 3 are 20 and 30 days old; the published one stays whatever its age
    assert sorted(gone) == [f"old_{number}" for number in range(4, 10)]
    assert folders(ten_releases.data) == sorted([published, *(f"old_{number}" for number in range(4))])
    assert query(ten_releases.database, "SELECT count(*) FROM builds") == [(1,)]


def test_releases_follow_by_number_and_what_another_run_built_is_not_built_again(small: Workplace) -> None:
    before = (small.data / "published").resolve()
    # a clock that stood years ahead when the published release was built
    (before / releases.BUILT).write_text("1 2036-01-01T00:00:00+00:00\n")
    os.utime(before, (2_082_758_400, 2_082_758_400))
    built = releases.build_release(small.data, force=True, with_companions=False)
    assert (built.folder / releases.BUILT).read_text().split()[0] == "2"
    (small.data / "published").unlink()
    found = releases.build_release(small.data, with_companions=False)
    assert (found.folder, found.rebuilt) == (built.folder, False)
    assert releases.publish_newest(small.data).folder == built.folder
    assert (small.data / "published").resolve() == built.folder


def test_the_newest_are_kept_however_old(ten_releases: Workplace) -> None:
    assert len(releases.retire(ten_releases.data, keep_newest=8, keep_days=0)) == 2


def test_leftovers_of_dead_builds_are_swept_and_others_not(small: Workplace) -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True)
    root = small.data / "releases"
    left, running = root / f".2026-01-01-abc.{dead.stdout.strip()}.building", root / f".2026-01-01-abc.{os.getppid()}.building"
    for folder in (left, running):
        folder.mkdir()
        (folder / "half.duckdb").write_text("half")
    ledger_draft = small.data / "observations" / VICTIM / f".ledger.json.{dead.stdout.strip()}.part"
    ledger_draft.write_text("[")
    link_draft = small.data / f".published.{dead.stdout.strip()}.part"
    link_draft.symlink_to("nowhere")
    releases.build_release(small.data, force=True)
    assert not [path for path in (left, ledger_draft, link_draft) if path.exists() or path.is_symlink()]
    assert running.exists()


def test_a_build_that_is_killed_leaves_the_published_release_and_the_next_build_clears_up(small: Workplace) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pipelines import releases\n"
        "releases.check_release = lambda _: os._exit(9)\n"
        "releases.build_release(Path(sys.argv[1]), force=True)\n"
    )
    published = str((small.data / "published").readlink())
    killed = subprocess.run([sys.executable, "-c", code, str(small.data)], cwd=PROJECT, check=False)
    assert killed.returncode == 9
    assert [name for name in folders(small.data) if name.endswith(".building")]
    assert str((small.data / "published").readlink()) == published
    assert query(small.database, "SELECT count(*) FROM builds") == [(1,)]
    small.build(force=True)
    assert not [name for name in folders(small.data) if name.startswith(".")]


# --- one build at a time --------------------------------------------------------------------------------------------------------


@pytest.fixture
def other_build(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    code = (
        "import sys; from pathlib import Path; from pipelines import releases\n"
        "with releases.one_build_at_a_time(Path(sys.argv[1])):\n    print('mine', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
        if not process.stdin or not process.stdin.closed:
            process.communicate()


def test_a_second_build_gives_up_with_a_clear_word(other_build: subprocess.Popen[str], tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="another build has held"), releases.one_build_at_a_time(tmp_path, patience_seconds=0.3):
        pytest.fail("two builds at a time")


def test_a_second_build_waits_for_the_first(other_build: subprocess.Popen[str], tmp_path: Path) -> None:
    assert other_build.stdin is not None
    threading.Timer(0.5, other_build.stdin.close).start()
    began = time.monotonic()
    with releases.one_build_at_a_time(tmp_path, patience_seconds=30):
        assert time.monotonic() - began > 0.3


def test_the_lock_of_a_dead_build_is_free(other_build: subprocess.Popen[str], tmp_path: Path) -> None:
    other_build.kill()
    other_build.wait()
    with releases.one_build_at_a_time(tmp_path, patience_seconds=0.3):
        pass


# --- damage and quarantine ------------------------------------------------------------------------------------------------------


def test_damaged_observations_are_noticed_by_their_hash_and_derived_again(small: Workplace) -> None:
    (path,) = (small.data / "observations" / VICTIM).glob("*.parquet")
    right = path.read_bytes()
    path.write_bytes(right[:-1] + bytes([255 - right[-1]]))
    with pytest.raises(LedgerError, match=f"{VICTIM}: .*damaged: build again"):
        releases.build_release(small.data, force=True)
    outcomes = ledger.derive(small.data, ledger.figures_tasks(small.figures))
    assert [outcome.vintage.source_id for outcome in outcomes if outcome.rebuilt] == [VICTIM]
    assert path.read_bytes() == right
    assert not releases.build_release(small.data).rebuilt, "the same bytes make the same release"


def test_missing_observations_are_derived_again(small: Workplace) -> None:
    (path,) = (small.data / "observations" / VICTIM).glob("*.parquet")
    path.unlink()
    outcomes = ledger.derive(small.data, ledger.figures_tasks(small.figures))
    assert [outcome.vintage.source_id for outcome in outcomes if outcome.rebuilt] == [VICTIM]
    assert path.is_file()


def test_an_unreadable_ledger_is_named(small: Workplace) -> None:
    (small.data / "observations" / VICTIM / "ledger.json").write_text("{")
    with pytest.raises(LedgerError, match=rf"{VICTIM}: ledger\.json is unreadable .*: delete it and build again"):
        ledger.derive(small.data, ledger.figures_tasks(small.figures))


def test_a_figures_file_of_no_source_is_named(small: Workplace) -> None:
    (small.figures / "nobody.csv").write_text("measure\n")
    with pytest.raises(LedgerError, match=r"nobody\.csv: no source `nobody`"):
        ledger.figures_tasks(small.figures)


def test_one_wrong_digit_is_quarantined_and_the_rest_goes_on(small: Workplace) -> None:
    before = {source_id: values_of(small.database, source_id) for source_id in SMALL}
    change_one_digit(small)
    # something else changes at the same time, and must arrive
    changed = small.figures / "not_collected.csv"
    changed.write_text(changed.read_text(encoding="utf-8").replace("\n", "\r\n"), encoding="utf-8", newline="")
    outcomes = {outcome.vintage.source_id: outcome for outcome in ledger.derive(small.data, ledger.figures_tasks(small.figures))}
    victim = outcomes[VICTIM].vintage
    assert (victim.is_valid, victim.parquet_sha256) == (False, "")
    assert "936,080" in victim.problem.replace("936080", "936,080")
    assert outcomes["not_collected"].vintage.is_valid
    report = (small.data / "quarantine" / VICTIM / f"{victim.snapshot_id}.md").read_text(encoding="utf-8")
    assert victim.problem in report

    release = releases.build_release(small.data)
    assert release.rebuilt
    releases.publish(small.data, release)
    assert values_of(small.database, VICTIM) == before[VICTIM], "the last valid vintage stands"
    observations, is_stale, state = source_row(small.database, VICTIM)
    assert (observations, is_stale) == (len(before[VICTIM]), True)
    assert "quarantine" in state
    assert "the last valid vintage stands" in state
    others = [source_row(small.database, source_id)[1:] for source_id in SMALL if source_id != VICTIM]
    assert others == [(False, "current")] * 2
    ((new,),) = query(small.database, "SELECT DISTINCT snapshot_id FROM observations WHERE source_id = 'not_collected'")
    assert new == outcomes["not_collected"].vintage.snapshot_id
    assert "stale" in releases.summarise(small.data)


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda text: text.replace("2003-10-01/P10Y", "2013", 1), id="a bare year"),
        pytest.param(lambda text: text[: len(text) // 2], id="cut short"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "\0" * 100, id="zeros"),
        pytest.param(lambda text: text.replace("obs_value", "obs_valeu", 1), id="a column misspelt"),
        pytest.param(lambda text: "".join(text.splitlines(keepends=True)[:3]), id="rows lost"),
    ],
)
def test_a_file_that_is_no_longer_what_it_was_is_quarantined(small: Workplace, harm: object) -> None:
    path = small.figures / f"{VICTIM}.csv"
    path.write_text(harm(path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    outcomes = {outcome.vintage.source_id: outcome.vintage for outcome in ledger.derive(small.data, ledger.figures_tasks(small.figures))}
    assert not outcomes[VICTIM].is_valid
    assert VICTIM in outcomes[VICTIM].problem
    assert outcomes["not_collected"].is_valid
    usable = {vintage.source_id: vintage for vintage in ledger.usable_vintages(small.data, SMALL)}
    assert usable[VICTIM].snapshot_id != outcomes[VICTIM].snapshot_id


def test_what_is_in_quarantine_is_not_judged_again_every_time(small: Workplace) -> None:
    change_one_digit(small)
    ledger.derive(small.data, ledger.figures_tasks(small.figures))
    again = {o.vintage.source_id: o for o in ledger.derive(small.data, ledger.figures_tasks(small.figures))}
    assert (again[VICTIM].rebuilt, again[VICTIM].vintage.is_valid) == (False, False)


def test_a_file_that_is_put_right_is_current_again(small: Workplace) -> None:
    (first,) = folders(small.data)
    right = change_one_digit(small)
    small.build()
    assert source_row(small.database, VICTIM)[1] is True
    (small.figures / f"{VICTIM}.csv").write_text(right, encoding="utf-8")
    release = small.build()
    assert source_row(small.database, VICTIM)[1:] == (False, "current")
    assert release.build_id == first, "the same inputs as at first"


def test_an_earlier_transcription_that_is_restored_is_used_again(small: Workplace) -> None:
    path = small.figures / f"{VICTIM}.csv"
    first = path.read_text(encoding="utf-8")
    before = values_of(small.database, VICTIM)
    # another valid transcription: the same figures, told from other places
    path.write_text(first.replace("p. ", "page "), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != first
    small.build()
    assert {row[-1] for row in values_of(small.database, VICTIM)} != {row[-1] for row in before}
    path.write_text(first, encoding="utf-8")
    small.build()
    assert values_of(small.database, VICTIM) == before


def test_a_first_vintage_that_is_invalid_gives_no_figures_and_says_so(small: Workplace, tmp_path: Path) -> None:
    change_one_digit(small)
    fresh = Workplace(tmp_path / "fresh", small.figures)
    fresh.build()
    observations, is_stale, state = source_row(fresh.database, VICTIM)
    assert (observations, is_stale) == (0, True)
    assert "nothing valid stands" in state
    assert query(fresh.database, "SELECT count(DISTINCT source_id) FROM observations") == [(len(SMALL) - 1,)]


def test_the_ledger_is_readable_by_people(small: Workplace) -> None:
    (entry,) = json.loads((small.data / "observations" / VICTIM / "ledger.json").read_text(encoding="utf-8"))
    assert (entry["source_id"], entry["origin"], entry["is_valid"]) == (VICTIM, "figures", True)
    assert entry["rows"] == query(small.database, f"SELECT count(*) FROM observations WHERE source_id = '{VICTIM}'")[0][0]
