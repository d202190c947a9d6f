"""The one resource: where a run reads and writes, and whether it rebuilds what is unchanged.

Belongs here: settings that a person may change in the Launchpad. Does not belong here: anything the catalogue decides.
"""

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from pipelines.releases import Release

PROJECT = Path(__file__).resolve().parent.parent
_OBJECTS_BETWEEN_COLLECTIONS = 100_000


class Workspace(dg.ConfigurableResource):
    """Folders of a run.

    Attributes:
        data: folder for snapshots, observations and releases.
        figures: folder of the embedded figures.
        force: rebuild what is unchanged, too.
        keep_newest: releases that are kept however old they are.
        keep_days: age in days up to which releases are kept.
        allow_loopback: tests only: let publishers be on this machine.
        bucket: `s3://BUCKET[/PREFIX]` that several machines share, by default that of STATISTICS_BUCKET; empty: this machine works alone.
    """

    data: str = str(PROJECT / "data")
    figures: str = str(PROJECT / "figures")
    force: bool = False
    keep_newest: int = 5
    keep_days: float = 30.0
    allow_loopback: bool = False
    bucket: str = os.environ.get("STATISTICS_BUCKET", "")

    @property
    def data_folder(self) -> Path:
        """The data folder, as a path."""
        return Path(self.data)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Begin a run, and each step that has a process of its own, with what the other machines have done."""
        # a run loads libraries whose many objects all stay: looking for cycles among them again and again is a tenth of a build
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
        if not self.bucket or context.run is None:
            return
        from pipelines.bucket import Bucket, pull

        moved = pull(self.data_folder, Bucket(self.bucket))
        if context.log is not None:
            context.log.info(f"bucket: {moved.files} files received; in force: {moved.release or 'nothing'}")

    def share(self, context: dg.OpExecutionContext | dg.AssetExecutionContext, release: "Release | None" = None) -> None:
        """Send what a step has written to the bucket, if there is one, and put a release in force there."""
        if not self.bucket:
            return
        from pipelines.bucket import Bucket, push

        moved = push(self.data_folder, Bucket(self.bucket), release, self.keep_newest, self.keep_days)
        context.log.info(f"bucket: {moved.files} files sent; in force: {moved.release or 'nothing'}")
