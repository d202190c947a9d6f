"""Code lists and dimension names.

Belongs here: which dimensions have a code list, and reading those lists from `catalog/code_lists`.
Does not belong here: the observation schema (observations.py) and what a source or a rate is (catalog.py).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
CODE_LISTS = PROJECT / "catalog" / "code_lists"

#: dimension or attribute -> file name (without .csv) of the list that holds its codes
CODE_LIST_OF: Mapping[str, str] = {
    "measure": "measures",
    "unit_of_count": "units_of_count",
    "unit_measure": "unit_measures",
    "offense_scope": "offense_scopes",
    "jurisdiction": "jurisdictions",
    "pathway": "pathways",
    "statistical_population": "statistical_populations",
    "value_qualifier": "value_qualifiers",
    "obs_status": "obs_status",
    "evidence": "evidence_grades",
}

#: lists that the rules themselves depend on: a folder of one's own need not repeat them
RULE_LISTS = ("unit_measures", "value_qualifiers", "obs_status", "evidence_grades")

UNKNOWN = "unknown"


class VocabularyError(ValueError):
    """A code list that is missing, unreadable or inconsistent."""


@dataclass(frozen=True)
class Vocabulary:
    """The codes that observations may use.

    Attributes:
        folder: where the lists were read.
        codes: dimension -> its codes, in the order of the file.
    """

    folder: Path
    codes: Mapping[str, tuple[str, ...]]


def read_code_list(path: Path) -> list[dict[str, str]]:
    """Read one code list.

    Raises:
        VocabularyError: the file is missing, has no `code` or `label` column, an empty or repeated code, or a
            `part_of` that is not a code of the list or leads back to itself.
    """
    name = path.stem
    if not path.is_file():
        raise VocabularyError(f"code list {name}: {path.name} is missing in {path.parent.name}/: add the file")
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        columns = reader.fieldnames or []
        for needed in ("code", "label"):
            if needed not in columns:
                raise VocabularyError(f"code list {name}: line 1: no column `{needed}`: add it")
        rows = [{key: (value or "").strip() for key, value in row.items() if key is not None} for row in reader]
    parents = {}
    for line, row in enumerate(rows, start=2):
        if not row["code"]:
            raise VocabularyError(f"code list {name}: line {line}: empty code: give it one or delete the line")
        if row["code"] in parents:
            raise VocabularyError(f"code list {name}: line {line}: code `{row['code']}` stands twice: delete one")
        parents[row["code"]] = row.get("part_of", "")
    for code, parent in parents.items():
        chain = [code]
        ancestor = parent
        while ancestor:
            if ancestor not in parents:
                raise VocabularyError(f"code list {name}: `{chain[-1]}` is part_of `{ancestor}`, which is no code: add it")
            if ancestor in chain:
                raise VocabularyError(f"code list {name}: `{code}` is part of itself through part_of: break the circle")
            chain.append(ancestor)
            ancestor = parents[ancestor]
    return rows


def code_list_path(folder: Path, name: str) -> Path:
    """Return the file of a code list: the folder's, or the catalogue's where the folder has no list of `RULE_LISTS`."""
    own = folder / f"{name}.csv"
    return CODE_LISTS / own.name if name in RULE_LISTS and not own.is_file() else own


def load_vocabulary(folder: Path) -> Vocabulary:
    """Read every code list of `CODE_LIST_OF` from a folder.

    Raises:
        VocabularyError: see `read_code_list`.
    """
    codes = {
        dimension: tuple(row["code"] for row in read_code_list(code_list_path(folder, name)))
        for dimension, name in CODE_LIST_OF.items()
    }
    return Vocabulary(folder=folder, codes=codes)


@cache
def catalogue_vocabulary() -> Vocabulary:
    """Return the vocabulary of the project's own catalogue."""
    return load_vocabulary(CODE_LISTS)
