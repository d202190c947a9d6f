"""The one resource: where a run reads and writes, and whether it rebuilds what is unchanged.

Belongs here: settings that a person may change in the Launchpad. Does not belong here: anything the catalogue decides.
"""

from pathlib import Path

import dagster as dg

PROJECT = Path(__file__).resolve().parent.parent


class Workspace(dg.ConfigurableResource):
    """Folders of a run.

    Attributes:
        data: folder for snapshots, observations and releases.
        figures: folder of the embedded figures.
        force: rebuild what is unchanged, too.
        keep_newest: releases that are kept however old they are.
        keep_days: age in days up to which releases are kept.
        allow_loopback: tests only: let publishers be on this machine.
    """

    data: str = str(PROJECT / "data")
    figures: str = str(PROJECT / "figures")
    force: bool = False
    keep_newest: int = 5
    keep_days: float = 30.0
    allow_loopback: bool = False

    @property
    def data_folder(self) -> Path:
        """The data folder, as a path."""
        return Path(self.data)
