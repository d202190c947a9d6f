"""Dagster as its users meet it: what is defined, what a run says, and what turns red."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from assets import published
from assets.definitions import defs
from assets.event_storage import PooledSqliteEventLogStorage
from assets.sources import LIVE, OBSERVED, SOURCES, WITH_FIGURES, checks_of
from pipelines import releases
from pipelines.vocabulary import PROJECT
from pipelines.warehouse import query
from tests.conftest import SMALL, Workplace
from tests.test_releases import VICTIM, change_one_digit

SPECS = {spec.key.to_user_string(): spec for spec in sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key)}
GROUPS = {"raw", "observations", "matched", "published"}


# --- definitions ----------------------------------------------------------------------------------------------------------------


def test_definitions_are_loadable() -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_source_has_its_assets() -> None:
    assert {f"figures_{source_id}" for source_id in WITH_FIGURES} <= set(SPECS)
    assert {f"raw_{source_id}" for source_id in LIVE} <= set(SPECS)
    assert {name for name in SPECS if name.startswith("observations_")} == {f"observations_{source_id}" for source_id in OBSERVED}
    assert {"matched_periods", "published_release"} <= set(SPECS)
    assert set(WITH_FIGURES) == {path.stem for path in (PROJECT / "figures").glob("*.csv")}


@pytest.mark.parametrize("name", SPECS)
def test_an_asset_introduces_itself(name: str) -> None:
    spec = SPECS[name]
    assert spec.group_name in GROUPS
    assert spec.owners
    assert spec.kinds
    assert len(spec.description or "") > 20
    source_id = name.partition("_")[2]
    if name.startswith(("figures_", "raw_", "observations_")):
        assert {"producer", "title", "licence", "counts", "does not count"} <= set(spec.metadata)
        assert spec.tags["source_kind"] == SOURCES[source_id].kind
        if SOURCES[source_id].url_main:
            assert "url" in spec.metadata


def test_data_flows_one_way() -> None:
    upstream = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in SPECS.items()}
    assert upstream["published_release"] == {"matched_periods"}
    assert upstream["matched_periods"] == {f"observations_{source_id}" for source_id in OBSERVED}
    for source_id in OBSERVED:
        sources = {f"figures_{source_id}"} if source_id in WITH_FIGURES else set()
        assert upstream[f"observations_{source_id}"] == sources | ({f"raw_{source_id}"} if source_id in LIVE else set())
    assert all(upstream[name] == set() for name in SPECS if name.startswith(("figures_", "raw_")))


def test_observations_and_the_answer_are_checked() -> None:
    checks = {(key.asset_key.to_user_string(), key.name) for key in defs.resolve_asset_graph().asset_check_keys}
    assert {(f"observations_{source_id}", check) for source_id in OBSERVED for check in checks_of(source_id)} <= checks
    assert {(f"raw_{source_id}", "fetched") for source_id in LIVE} <= checks
    assert {("matched_periods", "laws_of_the_house"), ("matched_periods", "sources_agree")} <= checks


def test_the_build_needs_no_network_and_the_refresh_starts_with_it() -> None:
    def assets_of(job: str) -> set[str]:
        return {key.to_user_string() for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys}

    live = {f"raw_{source_id}" for source_id in LIVE}
    assert assets_of("refresh") == set(SPECS)
    assert assets_of("build") == set(SPECS) - live


def test_the_refresh_is_scheduled_weekly() -> None:
    schedule = defs.resolve_schedule_def("weekly_refresh")
    assert schedule.job_name == "refresh"
    assert schedule.cron_schedule == "0 6 * * 1"
    assert schedule.execution_timezone == "UTC"


def test_the_instance_keeps_its_state_in_one_ignored_folder() -> None:
    text = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
    folders = [line.split(":")[1].strip() for line in text.splitlines() if line.strip().startswith("base_dir:")]
    assert folders
    assert all(folder == "data/dagster" or folder.startswith("data/dagster/") for folder in folders)
    assert "/data/" in (PROJECT / ".gitignore").read_text(encoding="utf-8").split()


def test_events_written_at_once_over_one_pool_are_all_there_for_everyone(tmp_path: Path) -> None:
    storage = {"base_dir": str(tmp_path)}
    overrides = {"event_log_storage": {"module": "assets.event_storage", "class": "PooledSqliteEventLogStorage", "config": storage}}
    named = InstanceRef.from_dir(str(PROJECT)).event_storage_data
    assert (named.module_name, named.class_name) == (PooledSqliteEventLogStorage.__module__, PooledSqliteEventLogStorage.__name__)

    def instance() -> dg.DagsterInstance:
        return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path), overrides=overrides))

    with instance() as one, instance() as another, ThreadPoolExecutor(8) as workers:
        written = [
            workers.submit((one, another)[number % 2].report_runless_asset_event, dg.AssetMaterialization(f"asset_{number % 5}"))
            for number in range(100)
        ]
        for done in written:
            done.result()
        for reader in (one, another):
            assert [len(reader.fetch_materializations(dg.AssetKey(f"asset_{n}"), limit=50).records) for n in range(5)] == [20] * 5
    with instance() as later:
        assert len(later.fetch_materializations(dg.AssetKey("asset_0"), limit=50).records) == 20
    assert sorted(path.name for path in tmp_path.glob("event_log.db*")) == ["event_log.db"]


def seconds_of(code: str) -> float:
    timed = f"import time; began = time.perf_counter(); {code}; print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", timed], cwd=PROJECT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def test_definitions_load_in_less_than_twice_the_time_of_dagster() -> None:
    # each measured against its neighbour, so that a busy machine slows both: the best of three counts
    ratios = [seconds_of("import assets.definitions") / seconds_of("import dagster") for _ in range(3)]
    assert min(ratios) < 2


def test_loading_definitions_loads_no_data_library() -> None:
    heavy = "import sys; print(sorted({'polars', 'duckdb', 'great_expectations', 'pandas', 'requests'} & set(sys.modules)))"
    found, brought = (
        subprocess.run([sys.executable, "-c", f"import {module}; {heavy}"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        for module in ("assets.definitions", "dagster")
    )
    assert found == brought


# --- runs -----------------------------------------------------------------------------------------------------------------------

Check = tuple[str, str]


@dataclass(frozen=True)
class Run:
    """What a run of the build job said."""

    succeeded: bool
    checks: dict[Check, bool]
    metadata: dict[str, dict[str, object]]
    versions: dict[str, str]

    @property
    def red(self) -> set[Check]:
        return {check for check, passed in self.checks.items() if not passed}


def run_build(workplace: Workplace, *, force: bool = False) -> Run:
    workspace = {"data": str(workplace.data), "figures": str(workplace.figures), "force": force}
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("build").execute_in_process(
            instance=instance, raise_on_error=False, run_config={"resources": {"workspace": {"config": workspace}}}
        )
        materialized = {
            event.asset_key.to_user_string(): event.materialization
            for event in result.get_asset_materialization_events()
            if event.asset_key is not None
        }
        return Run(
            result.success,
            {(check.asset_key.to_user_string(), check.check_name): check.passed for check in result.get_asset_check_evaluations()},
            {name: {key: value.value for key, value in made.metadata.items()} for name, made in materialized.items()},
            {name: (made.tags or {}).get("dagster/data_version", "") for name, made in materialized.items()},
        )


def test_a_build_from_nothing_is_green_and_tells_what_it_made(small: Workplace) -> None:
    fresh = Workplace(small.data.parent / "fresh", small.figures)
    run = run_build(fresh)
    assert run.succeeded
    assert run.red == set()
    assert {(f"observations_{source_id}", check) for source_id in SMALL for check in checks_of(source_id)} <= set(run.checks)
    assert run.checks[("matched_periods", "laws_of_the_house")]
    for source_id in SMALL:
        told = run.metadata[f"observations_{source_id}"]
        ((rows, missing),) = query(
            fresh.database, f"SELECT count(*), count(*) - count(obs_value) FROM observations WHERE source_id = '{source_id}'"
        )
        assert (told["dagster/row_count"], told["values missing"], told["in quarantine"], told["rebuilt"]) == (rows, missing, 0, True)
        # the version of an asset is the hash of the bytes it was made of
        assert run.versions[f"observations_{source_id}"] == run.versions[f"figures_{source_id}"]
        assert len(run.versions[f"figures_{source_id}"]) == 64
    matched = run.metadata["matched_periods"]
    ((total, standing, not_collected),) = query(
        fresh.database,
        "SELECT count(*), count(rate), count(*) FILTER (list_contains(null_reasons, 'numerator_not_collected')) FROM matched_periods",
    )
    assert matched["dagster/row_count"] == total
    assert matched["rows: rate stands"] == standing
    assert matched["rows: numerator_not_collected"] == not_collected
    assert total >= standing + not_collected
    assert run.metadata["published_release"]["summary"]


def test_a_second_build_rebuilds_nothing_and_says_so(small: Workplace) -> None:
    before = sorted(path.name for path in (small.data / "releases").iterdir())
    inode = small.database.stat().st_ino
    run = run_build(small)
    assert run.succeeded
    assert run.red == set()
    assert sorted(path.name for path in (small.data / "releases").iterdir()) == before
    assert small.database.stat().st_ino == inode
    assert run.metadata["matched_periods"]["rebuilt"] is False
    assert {run.metadata[f"observations_{source_id}"]["rebuilt"] for source_id in SMALL} == {False}


def test_force_rebuilds_what_is_unchanged(small: Workplace) -> None:
    run = run_build(small, force=True)
    assert run.succeeded
    assert run.red == set()
    assert run.metadata["matched_periods"]["rebuilt"] is True
    assert {run.metadata[f"observations_{source_id}"]["rebuilt"] for source_id in SMALL} == {True}


def test_a_corrupted_source_turns_its_own_checks_red_and_stops_nothing(small: Workplace) -> None:
    before = query(small.database, f"SELECT obs_value FROM observations WHERE source_id = '{VICTIM}' ORDER BY ALL")
    change_one_digit(small)
    run = run_build(small)
    assert run.succeeded
    assert run.red
    assert {asset for asset, _ in run.red} == {f"observations_{VICTIM}"}
    assert run.metadata[f"observations_{VICTIM}"]["in quarantine"] == 1
    assert query(small.database, f"SELECT obs_value FROM observations WHERE source_id = '{VICTIM}' ORDER BY ALL") == before
    assert query(small.database, f"SELECT is_stale FROM sources WHERE source_id = '{VICTIM}'") == [(True,)]
    # it stays red as long as it is wrong, although nothing is judged anew
    again = run_build(small)
    assert again.succeeded
    assert {asset for asset, _ in again.red} == {f"observations_{VICTIM}"}


def test_a_failed_build_publishes_nothing(small: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise releases.ReleaseError("synthetic failure")

    link = os.readlink(small.data / "published")  # noqa: PTH115 - the text of the link is what must not change
    monkeypatch.setattr(releases, "check_release", refuse)
    run = run_build(small, force=True)
    assert not run.succeeded
    assert "published_release" not in run.metadata
    assert os.readlink(small.data / "published") == link  # noqa: PTH115


@pytest.mark.parametrize("line", ["```", "````\n<script>alert(1)</script>", "~~~", "![x](http://x.invalid/p.png) `a` </code></pre>"])
def test_hostile_words_of_a_release_are_words_in_the_metadata_of_a_run(line: str, tmp_path: Path) -> None:
    text = f"figure of x\n{line}\n[press](javascript:alert(1)) | a\n"
    (tmp_path / "CHANGES.txt").write_text(text, encoding="utf-8")
    opening, *shown, closing = published._changes(tmp_path).md_str.split("\n")
    assert "\n".join(shown) == text
    assert opening == closing
    assert set(opening) == {"`"}
    # in Markdown a block ends with the first line that is a fence of at least that length, and nothing else ends it
    assert not [each for each in shown if each.lstrip().startswith(opening)]
