"""The job with which a person lets a publication out of quarantine.

Belongs here: its run config and its one step. Does not belong here: what a signature does (pipelines/ledger.py).
"""

import dagster as dg

from assets.workspace import Workspace


class SignOff(dg.Config):
    """Who accepts which publication, and why.

    Attributes:
        source_id: catalogue key of its source.
        snapshot_id: SHA-256 of its bytes, as the quarantine report is named.
        who: the person who has read the publication and its quarantine report.
        why: what was compared, and why the figures may be used.
    """

    source_id: str
    snapshot_id: str
    who: str
    why: str


@dg.op(description="Record the signature; the next build takes the publication in, if it is otherwise valid.")
def record_signature(context: dg.OpExecutionContext, config: SignOff, workspace: Workspace) -> None:
    """Write the signature into data/observations/sign_offs.json and into the run's metadata."""
    from pipelines import ledger, releases

    with releases.one_build_at_a_time(workspace.data_folder):
        ledger.sign_off(workspace.data_folder, config.source_id, config.snapshot_id, config.who, config.why)
    workspace.share(context)
    context.add_output_metadata({"source": config.source_id, "snapshot": config.snapshot_id, "who": config.who, "why": config.why})
    context.log.info(f"{config.source_id}: {config.snapshot_id} signed off by {config.who}: {config.why}")


@dg.job(
    executor_def=dg.in_process_executor,
    description="Let a publication out of quarantine: an unverified layout, or figures that differ from the transcription of the same "
    "edition. It takes source_id, snapshot_id, who and why; run build or refresh afterwards.",
)
def sign_off() -> None:
    """Record that a person accepts a publication."""
    record_signature()
