"""Assets of the answer: the matched-period database and its publication.

Belongs here: building a release from valid observations, checking it, switching to it.
Does not belong here: the matching (sql/), the switch itself (pipelines/releases.py).
"""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import dagster as dg

from assets.sources import OBSERVED, OWNERS
from assets.workspace import PROJECT, Workspace

#: characters of the list of changes that fit into the metadata of a run; the file has them all
_SHOWN_CHANGES = 20_000


@dg.asset(
    deps=[f"observations_{source_id}" for source_id in OBSERVED],
    group_name="matched",
    owners=OWNERS,
    kinds={"duckdb", "sql"},
    description="Every declared rate at every period: the value where both sides align, NULL with every reason where they do not.",
    check_specs=[
        dg.AssetCheckSpec("laws_of_the_house", asset="matched_periods", description="sql/checks/release.sql over the finished file."),
        dg.AssetCheckSpec("sources_agree", asset="matched_periods", description="Figures that two sources print are the same."),
    ],
)
def matched_periods(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
    """Build a new release folder from everything valid, unless the published one has the same inputs."""
    from pipelines import releases

    with releases.one_build_at_a_time(workspace.data_folder):
        release = releases.build_release(workspace.data_folder, force=workspace.force)
    context.log.info(f"release {release.folder.name}: {'built' if release.rebuilt else 'unchanged, nothing was rebuilt'}")
    told = _ask(release.database, "reasons", "release", "rows")
    laws, across = dict(told["release"]), release.agreement
    return dg.MaterializeResult(
        data_version=dg.DataVersion(release.inputs_sha256),
        metadata={
            "rebuilt": release.rebuilt,
            "build_id": release.build_id,
            "dagster/row_count": told["rows"][0][0],
            **{f"rows: {reason}": count for reason, count in told["reasons"]},
        },
        check_results=[
            dg.AssetCheckResult(passed=not any(laws.values()), check_name="laws_of_the_house", metadata=laws),
            dg.AssetCheckResult(
                passed=across is None or across.is_valid,
                check_name="sources_agree",
                metadata={"results": dg.MetadataValue.md(across.to_markdown() if across else "Unchanged since it was last judged.")},
            ),
        ],
    )


@dg.asset(
    deps=[matched_periods],
    group_name="published",
    owners=OWNERS,
    kinds={"duckdb"},
    description="The release that analysts read: data/published is switched to it with one atomic rename.",
)
def published_release(context: dg.AssetExecutionContext, workspace: Workspace) -> dg.MaterializeResult:
    """Publish the newest release folder, and tell what is in it."""
    from pipelines import releases

    with releases.one_build_at_a_time(workspace.data_folder):
        release = releases.publish_newest(workspace.data_folder, workspace.keep_newest, workspace.keep_days)
    workspace.share(context, release)
    summary = releases.summarise(workspace.data_folder)
    context.log.info(summary)
    folder = release.database.parent
    return dg.MaterializeResult(
        data_version=dg.DataVersion(release.inputs_sha256),
        metadata={
            "build_id": release.build_id,
            "database": dg.MetadataValue.path(release.database),
            "bytes": release.database.stat().st_size,
            "summary": dg.MetadataValue.md(_fenced(summary)),
            "changes": _changes(folder),
            "report": dg.MetadataValue.path(folder / "report" / "index.html"),
            "files": sum(path.is_file() for path in folder.rglob("*")),
            "rates that stand": dg.MetadataValue.md(_standing(release.database)),
            **{path.stem.replace("_", " "): _drawing(path) for path in sorted((folder / "report" / "charts").glob("*.svg"))},
        },
    )


def _changes(folder: Path) -> dg.MarkdownMetadataValue:
    """Show what changed since the release before."""
    listed = folder / "CHANGES.txt"
    text = listed.read_text(encoding="utf-8")[:_SHOWN_CHANGES] if listed.is_file() else "There is no list of changes beside this release."
    return dg.MetadataValue.md(_fenced(text))


def _fenced(text: str) -> str:
    """Show text as it is: the fence is longer than any that the text could close it with."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _standing(database: Any) -> str:
    """Show the newest value of every prosecution-like rate that stands, as a table."""
    rows = _ask(database, "standing")["standing"]
    return "\n".join(
        ["| rate | period | question |", "|---|---|---|", *(f"| {rate} | {period} | {question} |" for question, period, rate in rows)]
    )


def _drawing(path: Path) -> dg.MarkdownMetadataValue:
    """Show a drawing of the report in the UI, which renders images that are in the text itself."""
    return dg.MetadataValue.md(f"![{path.stem}](data:image/svg+xml;base64,{b64encode(path.read_bytes()).decode('ascii')})")


def _ask(database: Any, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    """Run files of sql/checks over a release, all in one session."""
    from pipelines.warehouse import read_frames

    statements = {name: (PROJECT / "sql" / "checks" / f"{name}.sql").read_text(encoding="utf-8") for name in names}
    return {name: frame.rows() for name, frame in read_frames({"release": database}, statements)}
