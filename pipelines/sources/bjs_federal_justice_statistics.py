"""BJS: Federal Justice Statistics, one edition a year (table archive, CSV).

Totals over all federal offenses, and the rows on sex offenses with scopes of their own: what these tables put together changes, and
none of it is child sexual abuse material alone unless the row says so. Other rows are used for the sums and left out. No archive
has been seen.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.bjs_tables import Archive, Publication, Scope, read_archive, shared_columns
from pipelines.publications import Fingerprint, observation_frame
from pipelines.snapshots import Snapshot

SOURCE_ID = "bjs_federal_justice_statistics"

_PUBLICATION = Publication(
    source_id=SOURCE_ID,
    title=re.compile(r"federal justice statistics", re.IGNORECASE),
    total=Scope("federal_all_offenses"),
    offenses={
        "all offenses": Scope("federal_all_offenses"),
        "sex offenses": Scope("bjs_fjs_sex_offenses"),
        "sex offense": Scope("bjs_fjs_sex_offenses"),
        "nonviolent sex offenses": Scope("bjs_fjs_nonviolent_sex_offenses"),
        "nonviolent sex offense": Scope("bjs_fjs_nonviolent_sex_offenses"),
        "sexual abuse": Scope("bjs_fjs_sexual_abuse"),
        "child pornography": Scope("bjs_fjs_child_pornography"),
    },
    other_offenses=True,
)


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read the tables of one archive into observations.

    Raises:
        PublicationError: the archive cannot be read with certainty.
    """
    archive = _archive(snapshot)
    return observation_frame(archive.rows, shared_columns(_PUBLICATION, snapshot, archive.published_on))


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one archive.

    Raises:
        PublicationError: the archive cannot be read with certainty.
    """
    return _archive(snapshot).fingerprint


def _archive(snapshot: Snapshot) -> Archive:
    return read_archive(_PUBLICATION, snapshot)
