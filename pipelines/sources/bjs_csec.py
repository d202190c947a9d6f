"""BJS: Federal Prosecution of Commercial Sexual Exploitation of Children Cases, 2004-2013 (table archive, CSV).

Suspects and defendants whose lead charge is possession or production of child pornography or child sex trafficking. Suspects come
from the records of US attorneys, defendants from those of the courts: one is no part of the other. The archive has not been seen.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.bjs_tables import Archive, Publication, Scope, read_archive, shared_columns
from pipelines.publications import Fingerprint, observation_frame
from pipelines.snapshots import Snapshot

SOURCE_ID = "bjs_csec"

_SCOPE = "bjs_csec"
_PUBLICATION = Publication(
    source_id=SOURCE_ID,
    title=re.compile(r"commercial sexual exploitation of children|\bCSEC\b", re.IGNORECASE),
    total=Scope(_SCOPE),
    offenses={
        "all offenses": Scope("federal_all_offenses"),
        "all federal offenses": Scope("federal_all_offenses"),
        "csec": Scope(_SCOPE),
        "all csec offenses": Scope(_SCOPE),
        "commercial sexual exploitation of children": Scope(_SCOPE),
        "child pornography possession": Scope(_SCOPE, "child_pornography_possession"),
        "possession of child pornography": Scope(_SCOPE, "child_pornography_possession"),
        "child pornography production": Scope(_SCOPE, "child_pornography_production"),
        "production of child pornography": Scope(_SCOPE, "child_pornography_production"),
        "child sex trafficking": Scope(_SCOPE, "child_sex_trafficking"),
    },
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
