"""BJS: Federal Prosecution of Human-Trafficking Cases, 2015, and Human Trafficking Data Collection Activities (table archives, CSV).

Two definitions of human trafficking, told apart by the title of the publication: both take in the production of child sexual abuse
material and not its possession. Persons referred and persons prosecuted in a year are not the same persons. No archive has been seen.
"""

from __future__ import annotations

import re

import polars as pl

from pipelines.bjs_tables import Archive, Publication, Scope, read_archive, shared_columns
from pipelines.grid_tables import read_csv_grids
from pipelines.publications import Fingerprint, observation_frame, quarantined
from pipelines.snapshots import Snapshot

SOURCE_ID = "bjs_human_trafficking"

_OFFENSES = {
    "all offenses": Scope("federal_all_offenses"),
    "all federal offenses": Scope("federal_all_offenses"),
}
_PARTS = {
    "peonage, slavery, forced labor, and sex trafficking": "peonage_slavery_forced_labour_sex_trafficking",
    "peonage, slavery, forced labor and sex trafficking": "peonage_slavery_forced_labour_sex_trafficking",
    "peonage/slavery/forced labor/sex trafficking": "peonage_slavery_forced_labour_sex_trafficking",
    "production of child pornography": "child_pornography_production",
    "child pornography production": "child_pornography_production",
    "sexual exploitation and other abuse of children": "sexual_exploitation_and_other_abuse_of_children",
    "transportation for illegal sex activity": "transportation_for_illegal_sex_activity",
    "transportation for illegal sexual activity": "transportation_for_illegal_sex_activity",
    "transportation for illegal sexual activity and related crimes": "transportation_for_illegal_sex_activity",
}
_TOTALS = ("human trafficking", "human trafficking offenses", "human-trafficking offenses", "all human trafficking offenses")


def _publication(title: str, scope: str) -> Publication:
    return Publication(
        source_id=SOURCE_ID,
        title=re.compile(title, re.IGNORECASE),
        total=Scope(scope),
        offenses=_OFFENSES
        | {label: Scope(scope) for label in _TOTALS}
        | {label: Scope(scope, offense) for label, offense in _PARTS.items()},
    )


#: words that only the archive of this publication has -> the publication, which has its own definition of the offense
_PUBLICATIONS = {
    "federal prosecution of human": _publication(r"federal prosecution of human[- ]trafficking cases", "bjs_human_trafficking"),
    "human trafficking data collection": _publication(r"human trafficking data collection activities", "bjs_human_trafficking_chta"),
}


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read the tables of one archive into observations.

    Raises:
        PublicationError: the archive cannot be read with certainty.
    """
    publication, archive = _archive(snapshot)
    return observation_frame(archive.rows, shared_columns(publication, snapshot, archive.published_on))


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one archive.

    Raises:
        PublicationError: the archive cannot be read with certainty.
    """
    return _archive(snapshot)[1].fingerprint


def _archive(snapshot: Snapshot) -> tuple[Publication, Archive]:
    text = " ".join(cell for grid in read_csv_grids(SOURCE_ID, snapshot.path) for line in grid.lines for cell in line if cell).casefold()
    named = [publication for words, publication in _PUBLICATIONS.items() if words in text.replace("-", " ")]
    if len(named) != 1:
        raise quarantined(
            SOURCE_ID, None, f"{len(named)} of the known publications are named in the files, expected one", "the definition is not known"
        )
    return named[0], read_archive(named[0], snapshot)
