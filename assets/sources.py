"""Assets of the sources: transcribed figures, live publications, and the validated observations of both.

Belongs here: asset definitions generated from the catalogue, and their checks.
Does not belong here: fetching, parsing, judging (pipelines/); pipelines are imported when an asset runs, so that definitions load fast.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.workspace import PROJECT, Workspace
from pipelines.catalog import Source, load_sources

if TYPE_CHECKING:
    from pipelines.ledger import Derived

OWNERS = ["team:statistics"]
SOURCES: dict[str, Source] = {source.source_id: source for source in load_sources()}
WITH_FIGURES = sorted(path.stem for path in (PROJECT / "figures").glob("*.csv"))
#: sources with an address to look at; of the others, files are given by hand (python -m pipelines.parse)
LIVE = sorted(source_id for source_id, source in SOURCES.items() if source.has_address)
_CONTROL_TOTALS = Path(__file__).parent.parent / "catalog" / "control_totals.toml"
#: groups of expectations
_GROUPS = ("schema", "codes", "values", "control_totals", "coverage")
#: sources that must reproduce totals of their own, beside the rules for all
CONTROLLED = {
    source_id
    for control in tomllib.loads(_CONTROL_TOTALS.read_text(encoding="utf-8"))["controls"].values()
    for source_id in control.get("sources", [])
}


def checks_of(source_id: str) -> dict[str, tuple[str, ...]]:
    """Name the asset checks of a source, and the groups of expectations that each shows; every event costs time, so they are few."""
    if source_id not in CONTROLLED:
        return {"conforms": _GROUPS}
    return {"conforms": _GROUPS[:3], "control_totals": _GROUPS[3:]}


_KINDS = {"application/pdf": "pdf", "text/html": "html", "application/json": "json", "application/zip": "zip", "text/csv": "csv"}


def _metadata(source: Source) -> dict[str, Any]:
    told = {
        "producer": source.producer,
        "title": source.title,
        "licence": source.licence,
        "released": source.release_calendar,
        "counts": source.counts_what,
        "does not count": source.does_not_count,
    }
    return {**told, **({"url": dg.MetadataValue.url(source.url_main)} if source.url_main else {})}


def _figures_spec(source_id: str) -> dg.AssetSpec:
    source = SOURCES[source_id]
    return dg.AssetSpec(
        f"figures_{source_id}",
        group_name="raw",
        description=f"Figures transcribed from: {source.title} ({source.producer}). {source.description}",
        owners=OWNERS,
        kinds={"csv"},
        tags={"source_kind": source.kind, "network": "no"},
        metadata=_metadata(source),
    )


def _observations_spec(source_id: str) -> dg.AssetSpec:
    source = SOURCES[source_id]
    upstream = [f"figures_{source_id}"] * (source_id in WITH_FIGURES) + [f"raw_{source_id}"] * (source_id in LIVE)
    return dg.AssetSpec(
        f"observations_{source_id}",
        deps=upstream,
        group_name="observations",
        description=f"Validated observations of: {source.title} ({source.producer}). Counts: {source.counts_what}.",
        owners=OWNERS,
        kinds={"polars", "parquet"},
        tags={"source_kind": source.kind},
        metadata=_metadata(source),
    )


OBSERVED = sorted({*WITH_FIGURES, *(source_id for source_id in LIVE if SOURCES[source_id].kind in ("publication", "records"))})


@dg.multi_asset(name="figures", specs=[_figures_spec(source_id) for source_id in WITH_FIGURES], can_subset=True)
def figures(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[dg.MaterializeResult]:
    """Hash every transcribed figures file; the hash is its data version."""
    from pipelines import ledger

    selected = {key.to_user_string() for key in context.selected_asset_keys}
    tasks = ledger.figures_tasks(Path(workspace.figures))
    ledger.prepare(workspace.data_folder, tasks, force=workspace.force)
    found = {f"figures_{task.snapshot.source_id}": task.snapshot for task in tasks}
    for name in (f"figures_{source_id}" for source_id in WITH_FIGURES if f"figures_{source_id}" in selected):
        # a folder may have fewer files; without a result for each, Dagster would skip everything downstream and call it a success
        snapshot = found.get(name)
        yield dg.MaterializeResult(
            asset_key=name,
            data_version=dg.DataVersion(snapshot.snapshot_id if snapshot else "no figures file"),
            metadata={
                "snapshot": snapshot.snapshot_id if snapshot else "no figures file",
                "transcribed on": (snapshot.retrieved_at or "") if snapshot else "",
                "bytes": snapshot.path.stat().st_size if snapshot else 0,
            },
        )


def _raw_asset(source_id: str) -> dg.AssetsDefinition:
    source = SOURCES[source_id]
    fetched = dg.AssetCheckSpec("fetched", asset=f"raw_{source_id}", description="Every address of the source answered.")
    transcribed = dg.AssetCheckSpec(
        "transcription_is_current",
        asset=f"raw_{source_id}",
        description="The page says what it said when it was transcribed; amber asks a person to transcribe it again.",
    )

    @dg.multi_asset(
        name=f"raw_{source_id}",
        specs=[
            dg.AssetSpec(
                f"raw_{source_id}",
                group_name="raw",
                description=f"Archived bytes of: {source.title} ({source.producer}), fetched from {', '.join(source.hosts)}.",
                owners=OWNERS,
                kinds={_KINDS.get(source.media_type, "file")},
                tags={"source_kind": source.kind, "network": "yes"},
                metadata={**_metadata(source), "layout": source.layout or "prose"},
                freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=source.cadence_days))
                if source.cadence_days
                else None,
            )
        ],
        check_specs=[fetched, *([transcribed] if source.kind == "watched" else [])],
        pool="publishers",
    )
    def raw(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[dg.MaterializeResult]:
        from pipelines.catalog import load_sources
        from pipelines.refresh import policy_of, refresh_source

        store = workspace.data_folder / "snapshots"
        current = {known.source_id: known for known in load_sources()}[source_id]
        refreshed = refresh_source(store, current, policy_of(current, allow_loopback=workspace.allow_loopback))
        for result in refreshed.results:
            context.log.info(result.note)
        for failure in refreshed.failures:
            context.log.error(failure)
        workspace.share(context)
        newest = refreshed.newest
        checks = [
            dg.AssetCheckResult(
                passed=not refreshed.failures,
                check_name="fetched",
                metadata={
                    "failures": "\n".join(refreshed.failures) or "none",
                    "addresses": len(refreshed.results) + len(refreshed.failures),
                },
            )
        ]
        if source.kind == "watched":
            changed = [change for change in refreshed.page_changes if change.changed]
            checks.append(
                dg.AssetCheckResult(
                    passed=not changed,
                    severity=dg.AssetCheckSeverity.WARN,
                    check_name="transcription_is_current",
                    metadata={
                        "please transcribe": "\n".join(change.note for change in changed) or "nothing new",
                        "difference": "\n".join(change.difference for change in changed) or "none",
                    },
                )
            )
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(newest.snapshot_id if newest else "never fetched"),
            metadata={
                "snapshot": newest.snapshot_id if newest else "never fetched",
                "retrieved at": (newest.retrieved_at or "") if newest else "never",
                "changed": any(result.changed for result in refreshed.results),
                "notes": "\n".join(result.note for result in refreshed.results) or "no address answered",
            },
            check_results=checks,
        )

    return raw


raw_publications = [_raw_asset(source_id) for source_id in LIVE]


@dg.multi_asset(
    name="observations",
    specs=[_observations_spec(source_id) for source_id in OBSERVED],
    check_specs=[
        dg.AssetCheckSpec(
            check,
            asset=f"observations_{source_id}",
            description=f"Great Expectations on {', '.join(groups)}: what fails here is in quarantine, the last valid vintage stands.",
        )
        for source_id in OBSERVED
        for check, groups in checks_of(source_id).items()
    ],
    can_subset=True,
)
def observations(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[dg.MaterializeResult]:
    """Turn new or changed snapshots into validated Parquet; leave alone what is unchanged."""
    from pipelines import ledger, releases

    selected = [source_id for source_id in OBSERVED if dg.AssetKey(f"observations_{source_id}") in context.selected_asset_keys]
    data = workspace.data_folder
    tasks = [task for task in ledger.figures_tasks(Path(workspace.figures)) if task.snapshot.source_id in selected]
    tasks += ledger.publication_tasks(data, selected)
    with releases.one_build_at_a_time(data):
        if ledger.prepare(data, tasks, force=workspace.force):
            releases.load_companions_meanwhile()
        outcomes = ledger.derive(data, tasks, force=workspace.force)
    workspace.share(context)
    rebuilt = sum(outcome.rebuilt for outcome in outcomes)
    context.log.info(f"{rebuilt} of {len(outcomes)} snapshots derived, {len(outcomes) - rebuilt} unchanged and left alone")
    for source_id in selected:
        yield _observations_result(context, source_id, [o for o in outcomes if o.vintage.source_id == source_id])


def _observations_result(context: dg.AssetExecutionContext, source_id: str, outcomes: "Sequence[Derived]") -> dg.MaterializeResult:
    refused = [outcome for outcome in outcomes if not outcome.vintage.is_valid]
    for outcome in refused:
        context.log.error(f"{source_id}: quarantined: {outcome.vintage.problem}")
    valid = [outcome.vintage for outcome in outcomes if outcome.vintage.is_valid]
    # what is valid and unchanged was judged before; what is in quarantine stays red in every run
    judged = refused or any(outcome.rebuilt for outcome in outcomes)
    return dg.MaterializeResult(
        asset_key=f"observations_{source_id}",
        data_version=dg.DataVersion(" ".join(sorted(vintage.snapshot_id for vintage in valid)) or "none"),
        metadata={
            "dagster/row_count": sum(vintage.rows for vintage in valid),
            "values missing": sum(vintage.missing for vintage in valid),
            "vintages": len(valid),
            "in quarantine": len(refused),
            "rebuilt": any(outcome.rebuilt for outcome in outcomes),
            "snapshots": "\n".join(vintage.snapshot_id for vintage in valid) or "none",
            "differences from the transcription": "\n".join(d for outcome in outcomes for d in outcome.differences) or "none",
            "rows that moved": "\n".join(row for outcome in outcomes for row in outcome.rows_moved) or "none",
        },
        check_results=[_check_result(source_id, check, groups, outcomes) for check, groups in checks_of(source_id).items() if judged],
    )


def _check_result(source_id: str, check: str, groups: Sequence[str], outcomes: "Sequence[Derived]") -> dg.AssetCheckResult:
    """Fail where a group of expectations blocks; what could not even be read or parsed fails `conforms`."""
    judged = [outcome.validation for outcome in outcomes if outcome.validation is not None]
    found = [result for validation in judged for result in validation.results if result.check in groups]
    blocked = [result for result in found if result.blocks]
    unread = [
        outcome.vintage.problem
        for outcome in outcomes
        if not outcome.vintage.is_valid and (outcome.validation is None or outcome.validation.is_valid) and check == "conforms"
    ]
    tables = [validation.to_markdown(group) for validation in judged for group in groups if validation.results_of(group)]  # type: ignore[arg-type]
    return dg.AssetCheckResult(
        passed=not blocked and not unread,
        asset_key=f"observations_{source_id}",
        check_name=check,
        metadata={
            "expectations": len(found),
            "failed": len(blocked),
            "problem": "\n".join(unread) or "none",
            "results": dg.MetadataValue.md("\n\n".join(tables) or "Unchanged since it was last judged."),
        },
    )
