"""Exports: the release for people without DuckDB, and what they need to trust it. Equal inputs give equal bytes.

By hand, for any finished database: `python -m pipelines.exports DATABASE FOLDER [--earlier DATABASE]`.

Belongs here: Parquet, CSV, XLSX and SDMX-CSV of what is in the database, the data package, dictionary, README, citation, licences, the
list of changes, checksums; and making texts harmless for spreadsheets.
Does not belong here: what is in the database (sql/), what changed (differences.py), release folders (releases.py), the report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from pipelines import warehouse
from pipelines.differences import Differences, compare_releases, describe
from pipelines.vocabulary import PROJECT

CHECKSUMS = "SHA256SUMS"
WORKBOOK = "prosecution_statistics.xlsx"
#: between the values of a list, where a format has none
SEPARATOR = " | "
#: the same rows again, in other arrangements that only the database needs; every series beside every other on every axis, and every
#: row in sentences: questions to ask the database, not tables to take away
INSIDE_ONLY = (
    "series_observations", "periods", "attribute_sets", "figures", "superseded_figures", "matches", "side_attributes",
    "comparability", "explanations",
)  # fmt: skip
#: views that take the database long: read while the workbook is written, and too long for it
TAKES_LONG = ("data_requests",)
_INSIDE_SUFFIX = "_in_words"
#: longer relations are in the database and in Parquet: spreadsheets do not open them
CSV_ROWS = 100_000
#: larger relations are not in the workbook; the figures themselves are its point, but a spreadsheet is no place for a million of them
SHEET_CELLS = 40_000
FIGURES = "observations_current"
FIGURES_CELLS = 400_000
_LONGEST_CELL = 32_000
_SHEET_NAME = 31
_SQL = PROJECT / "sql" / "exports"
_TITLE = "Prosecution statistics: CSAM reports, cases and sentences in the United States"
_AUTHOR = "The prosecution-statistics contributors"

# control characters and marks that hide or turn what follows; a tab or a line break is only a space
_WHITE = r"[\t\r\n\v\f\x85\x{2028}\x{2029}]+"
_HIDDEN = r"[\x00-\x1f\x7f-\x9f\x{ad}\x{61c}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}]"
# what a spreadsheet may take for a formula, also in full width, behind spaces or apostrophes
_FORMULA = r"^([\s']*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}\x{2212}])"
_SUSPECT = f"{_WHITE}|{_HIDDEN}|{_FORMULA}"


@dataclass(frozen=True)
class Column:
    """One column of a table or view: its name, its type in the database, and what it means."""

    name: str
    data_type: str
    meaning: str


@dataclass(frozen=True)
class Relation:
    """A table or view of the release.

    Attributes:
        name: what it is called.
        is_view: whether it is a view.
        meaning: what it is, from the comments of the database.
        columns: its columns in their order.
        primary_key: columns that tell its rows apart; empty if it declares none.
        foreign_keys: columns -> table and columns that they refer to.
    """

    name: str
    is_view: bool
    meaning: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = ()

    @property
    def is_exported(self) -> bool:
        """Whether it is exported: everything is, unless it repeats another relation for the sake of the database."""
        return self.name not in INSIDE_ONLY and not self.name.endswith(_INSIDE_SUFFIX)

    @property
    def is_numbered(self) -> bool:
        """Whether its rows are joined by numbers that mean nothing outside this file."""
        return any(column.name == "series_no" for column in self.columns)


@dataclass(frozen=True)
class Macro:
    """A macro of the database, with its parameters."""

    name: str
    parameters: str
    meaning: str


@dataclass(frozen=True)
class Contents:
    """What a release says about itself.

    Attributes:
        build_id: its name.
        as_of: newest day of its inputs.
        relations: its tables and views.
        macros: its macros.
        sources: rows of the table sources.
        facts: the facts of sql/checks/summary.sql, in words.
    """

    build_id: str
    as_of: date
    relations: tuple[Relation, ...]
    macros: tuple[Macro, ...]
    sources: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, str]


def write_exports(database: Path, folder: Path, differences: Differences) -> tuple[Path, ...]:
    """Write every export of a finished database into its release folder; checksums come last, see `write_checksums`.

    Args:
        database: the DuckDB file of the release.
        folder: the release folder; it exists.
        differences: what changed since the release before.

    Returns:
        The files written, in the order of their names.

    Raises:
        WarehouseError: the database cannot be read.
    """
    for name in ("parquet", "csv"):
        (folder / name).mkdir(exist_ok=True)
    with warehouse.open_session({"release": database}) as session, ThreadPoolExecutor() as workers:
        contents = read_contents(session)
        exported = [relation for relation in contents.relations if relation.is_exported]
        statements = {relation.name: f"FROM {relation.name} ORDER BY ALL" for relation in exported}
        rest = [name for name in statements if name not in TAKES_LONG]
        # the database and polars work outside the interpreter's lock: files are written while others are read
        quick = [workers.submit(_export, session, folder, {name: statements[name] for name in half}) for half in (rest[::2], rest[1::2])]
        slow = workers.submit(_export, session, folder, {name: statements[name] for name in statements if name in TAKES_LONG})
        sdmx = workers.submit(_write_sdmx, session, folder / "sdmx_observations.csv")
        frames = {name: frame for done in quick for name, frame in done.result().items()}
        sheets = {
            relation.name: frames[relation.name]
            for relation in exported
            if relation.name in frames
            and frames[relation.name].width * frames[relation.name].height <= (FIGURES_CELLS if relation.name == FIGURES else SHEET_CELLS)
            and not relation.is_numbered
        }
        _write_workbook(contents, sheets, folder / WORKBOOK)
        frames |= slow.result()
        written = [folder / WORKBOOK, sdmx.result()]
    rows = {relation.name: frames[relation.name].height for relation in exported}
    written += [folder / "parquet" / f"{name}.parquet" for name in rows]
    written += [folder / "csv" / f"{name}.csv" for name, number in rows.items() if number <= CSV_ROWS]
    written.append(_write_csv(_inert(differences.changes), folder / "changes.csv"))
    texts = {
        "CHANGES.txt": describe(differences),
        "README.md": _readme(contents, differences, rows),
        "DATA_DICTIONARY.md": _dictionary(contents),
        "CITATION.cff": _citation(contents),
        "LICENSE": (PROJECT / "LICENSE").read_text(encoding="utf-8"),
        "LICENSE-FIGURES.md": _licence_of_figures(contents),
        "datapackage.json": json.dumps(_data_package(contents, rows), indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return tuple(sorted(written))


def _export(session: warehouse.Session, folder: Path, statements: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """Read relations, write each as Parquet and CSV, and hand them on, their texts made inert for the workbook."""
    frames = {}
    for name, frame in session.read(statements):
        frame.write_parquet(folder / "parquet" / f"{name}.parquet", compression="zstd", compression_level=3)
        # what is too long for CSV is too long for the workbook, too
        frames[name] = frame if frame.height > CSV_ROWS else _inert(frame)
        if frame.height <= CSV_ROWS:
            _write_csv(frames[name], folder / "csv" / f"{name}.csv")
    return frames


def _write_sdmx(session: warehouse.Session, path: Path) -> Path:
    ((_, frame),) = session.read({"sdmx": (_SQL / "sdmx.sql").read_text(encoding="utf-8")})
    return _write_csv(_inert(frame.rename(str.upper)), path)


def write_checksums(folder: Path) -> Path:
    """Write the SHA-256 of every file of a release folder, as `sha256sum -c SHA256SUMS` reads them; the last file of a release."""
    path = folder / CHECKSUMS
    files = sorted(found.relative_to(folder).as_posix() for found in folder.rglob("*") if found.is_file() and found != path)
    path.write_text("".join(f"{_sha256(folder / name)}  {name}\n" for name in files), encoding="utf-8", newline="\n")
    return path


def make_inert(text: pl.Expr) -> pl.Expr:
    """Make texts harmless for spreadsheets and readers; the original is in the database and in Parquet.

    Tabs and line breaks become a space. Characters that hide or turn what follows become visible as `<U+202E>`. A text that could be
    taken for a formula gets an apostrophe in front: whoever takes one apostrophe off a text that begins with apostrophes or spaces and
    then one of = + - @ has what was there.
    """
    one_line = text.str.replace_all(_WHITE, " ")
    visible = one_line.map_elements(_show_hidden, return_dtype=pl.String)
    return visible.str.replace(_FORMULA, "'$1")


def read_contents(session: warehouse.Session) -> Contents:
    """Read what a release says about itself: its relations with their comments, its sources, its name."""
    statements = {name: (_SQL / f"{name}.sql").read_text(encoding="utf-8") for name in ("relations", "columns", "keys", "macros")}
    statements["builds"] = "FROM builds"
    statements["sources"] = "FROM sources ORDER BY ALL"
    statements["facts"] = (PROJECT / "sql" / "checks" / "summary.sql").read_text(encoding="utf-8")
    found = {name: frame.rows(named=True) for name, frame in session.read(statements)}
    columns: dict[str, list[Column]] = {}
    for row in found["columns"]:
        columns.setdefault(row["relation"], []).append(Column(row["column_id"], row["data_type"], row["meaning"] or ""))
    primary = {row["relation"]: tuple(row["key_columns"]) for row in found["keys"] if row["constraint_type"] == "PRIMARY KEY"}
    foreign: dict[str, list[tuple[tuple[str, ...], str, tuple[str, ...]]]] = {}
    for row in found["keys"]:
        if row["constraint_type"] == "FOREIGN KEY":
            reference = (tuple(row["key_columns"]), row["referenced_table"], tuple(row["referenced_columns"]))
            foreign.setdefault(row["relation"], []).append(reference)
    build: Mapping[str, Any] = found["builds"][0] if found["builds"] else {"build_id": "unnamed", "as_of_date": date(1970, 1, 1)}
    return Contents(
        build_id=build["build_id"],
        as_of=build["as_of_date"],
        relations=tuple(
            Relation(
                row["relation"],
                row["is_view"],
                row["meaning"] or "",
                tuple(columns[row["relation"]]),
                primary.get(row["relation"], ()),
                tuple(foreign.get(row["relation"], ())),
            )
            for row in found["relations"]
        ),
        macros=tuple(Macro(row["macro"], row["parameters"], row["meaning"] or "") for row in found["macros"]),
        sources=tuple(found["sources"]),
        facts={row["fact"]: row["told"] or "" for row in found["facts"]},
    )


def _show_hidden(text: str) -> str:
    return _HIDDEN_SIGNS.sub(lambda sign: f"<U+{ord(sign[0]):04X}>", text)


_HIDDEN_SIGNS = re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda code: f"\\u{int(code[1], 16):04x}", _HIDDEN))


def _inert(frame: pl.DataFrame) -> pl.DataFrame:
    """Make every text of a frame inert; lists become texts. Columns without anything suspect are left as they are."""
    listed = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    flat = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(SEPARATOR) for name in listed)
    texts = [name for name, dtype in flat.schema.items() if dtype == pl.String]
    if not texts or not flat.height:
        return flat
    found = flat.select(pl.col(name).str.contains(_SUSPECT).any() for name in texts).row(0)
    return flat.with_columns(make_inert(pl.col(name)) for name, is_suspect in zip(texts, found, strict=True) if is_suspect)


def _write_csv(inert: pl.DataFrame, path: Path) -> Path:
    """Write CSV: UTF-8, comma, quotes where needed, nothing for NULL, whole numbers without a decimal point."""
    floats = [name for name, dtype in inert.schema.items() if dtype.is_float()]
    inert.with_columns(pl.col(name).cast(pl.String).str.strip_suffix(".0") for name in floats).write_csv(path)
    return path


# --- the workbook ----------------------------------------------------------------------------------------------------------------


def _write_workbook(contents: Contents, sheets: Mapping[str, pl.DataFrame], path: Path) -> Path:
    """Write the workbook: README, dictionary, then the questions, then the rest; every text is a text, every number a number.

    Args:
        contents: what the release says about itself.
        sheets: tables to put into it, their texts made inert.
        path: where to write it.
    """
    workbook = xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}
    )
    # the day of the inputs, not of the writing: equal inputs give equal bytes
    day = datetime(contents.as_of.year, contents.as_of.month, contents.as_of.day)  # noqa: DTZ001
    workbook.set_properties({"title": _TITLE, "author": _AUTHOR, "comments": f"Release {contents.build_id}", "created": day})
    names = {name: name[:_SHEET_NAME] for name in sorted(sheets, key=lambda name: (not name.startswith("question_"), name))}
    meanings = {relation.name: relation.meaning for relation in contents.relations}
    about = [
        (_TITLE, ""),
        (f"Release {contents.build_id}, as of {contents.as_of}", ""),
        (f"{contents.facts['headline']} Because: {contents.facts['because']}.", ""),
        ("An empty cell is a value that is not known, never zero; rates are shares of 1.", ""),
        (f"Several values in one cell are separated by '{SEPARATOR}'. A text that looks like a formula has an apostrophe in front.", ""),
        ("Every table of the release is in parquet/ and in the DuckDB file; README.md tells more.", ""),
        ("", ""),
        *((names[name], meanings[name]) for name in names),
    ]
    _fill(workbook, "README", _inert(pl.DataFrame(about, schema={"sheet": pl.String, "meaning": pl.String}, orient="row")))
    described = [
        (names[relation.name], column.name, column.data_type, column.meaning)
        for relation in contents.relations
        if relation.name in names
        for column in relation.columns
    ]
    _fill(workbook, "dictionary", _inert(pl.DataFrame(described, schema=["sheet", "column", "type", "meaning"], orient="row")))
    for name, sheet in names.items():
        _fill(workbook, sheet, sheets[name])
    workbook.close()
    return path


def _fill(workbook: Any, sheet: str, inert: pl.DataFrame) -> None:
    worksheet = workbook.add_worksheet(sheet)
    worksheet.freeze_panes(1, 0)
    worksheet.autofilter(0, 0, max(inert.height, 1), inert.width - 1)
    head = workbook.add_format({"bold": True, "bottom": 1})
    day = workbook.add_format({"num_format": "yyyy-mm-dd"})
    for place, column in enumerate(inert.iter_columns()):
        worksheet.write_string(0, place, column.name, head)
        width = max(len(column.name), 10)
        if column.dtype == pl.String:
            for row, text in enumerate(column.to_list(), start=1):
                if text:
                    width = max(width, len(text))
                    shown = text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]} [shortened]"
                    worksheet.write_string(row, place, shown)
        elif column.dtype == pl.Boolean:
            for row, truth in enumerate(column.to_list(), start=1):
                if truth is not None:
                    worksheet.write_boolean(row, place, truth)
        elif column.dtype == pl.Date:
            for row, written in enumerate(column.to_list(), start=1):
                if written is not None:
                    worksheet.write_datetime(row, place, written, day)
        else:
            for row, number in enumerate(column.to_list(), start=1):
                if number is not None:
                    worksheet.write_number(row, place, number)
        worksheet.set_column(place, place, min(width + 2, 60))


# --- what is said about the data ---------------------------------------------------------------------------------------------------

_FIELD_TYPE = {"VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "number", "INTEGER": "integer", "BIGINT": "integer"}


def _field(column: Column, *, is_text_only: bool) -> dict[str, Any]:
    meaning = column.meaning
    if column.data_type.endswith("[]"):
        if not is_text_only:
            return {"name": column.name, "type": "array", "description": meaning}
        meaning = f"{meaning} Several values are separated by '{SEPARATOR}'."
    kind = _FIELD_TYPE.get(column.data_type.removesuffix("[]"), "number")
    return {"name": column.name, "type": "string" if column.data_type.endswith("[]") else kind, "description": meaning}


def _schema(relation: Relation, exported: Mapping[str, int], *, is_text_only: bool) -> dict[str, Any]:
    fields = [_field(column, is_text_only=is_text_only) for column in relation.columns]
    for listed in fields:
        if listed["name"] in relation.primary_key:
            listed["constraints"] = {"required": True}
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if relation.primary_key:
        schema["primaryKey"] = list(relation.primary_key)
    keys = [key for key in relation.foreign_keys if exported.get(key[1], CSV_ROWS + 1) <= CSV_ROWS]
    if keys and is_text_only:
        schema["foreignKeys"] = [
            {"fields": list(columns), "reference": {"resource": table, "fields": list(referenced)}} for columns, table, referenced in keys
        ]
    return schema


def _data_package(contents: Contents, rows: Mapping[str, int]) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    for relation in contents.relations:
        if relation.name not in rows:
            continue
        if rows[relation.name] <= CSV_ROWS:
            resources.append(
                {
                    "name": relation.name,
                    "path": f"csv/{relation.name}.csv",
                    "description": relation.meaning,
                    "format": "csv",
                    "mediatype": "text/csv",
                    "encoding": "utf-8",
                    "profile": "tabular-data-resource",
                    "schema": _schema(relation, rows, is_text_only=True),
                }
            )
        resources.append(
            {
                "name": f"{relation.name}.parquet",
                "path": f"parquet/{relation.name}.parquet",
                "description": relation.meaning,
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "schema": _schema(relation, rows, is_text_only=False),
            }
        )
    return {
        "name": "prosecution-statistics",
        "title": _TITLE,
        "description": f"{contents.facts['headline']} Because: {contents.facts['because']}. Aggregate counts only.",
        "version": contents.build_id,
        "created": f"{contents.as_of}T00:00:00Z",
        "licenses": [
            {"name": "MIT", "title": "MIT License, for the code and the arrangement", "path": "LICENSE"},
            {"name": "figures", "title": "Terms of the publications that the figures come from", "path": "LICENSE-FIGURES.md"},
        ],
        "contributors": [{"title": _AUTHOR, "role": "author"}],
        "sources": [_package_source(source) for source in contents.sources],
        "resources": resources,
    }


def _package_source(source: Mapping[str, Any]) -> dict[str, str]:
    told = {"title": _plain(f"{source['producer']}: {source['title']}")}
    return {**told, "path": source["url_main"]} if _is_web_address(source["url_main"]) else told


def _is_web_address(text: str | None) -> bool:
    return re.fullmatch(r"https?://[^\s<>\"'\\^`{|}\x00-\x1f]+", text or "") is not None


def _plain(text: object) -> str:
    """Put a text on one line, with what hides or turns made visible."""
    return _show_hidden(" ".join(str("" if text is None else text).split()))


def _markdown(text: object) -> str:
    """Write a text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", _plain(text))


def _dictionary(contents: Contents) -> str:
    lines = [
        "# Data dictionary",
        "",
        f"Release {contents.build_id}, as of {contents.as_of}. The same words are comments inside the DuckDB file.",
    ]
    for relation in contents.relations:
        kind = "view" if relation.is_view else "table"
        place = "" if relation.is_exported else " Only in the DuckDB file."
        lines += ["", f"## {relation.name} ({kind})", "", f"{_markdown(relation.meaning)}{place}", ""]
        if relation.primary_key:
            lines += [f"Key: {', '.join(f'`{name}`' for name in relation.primary_key)}.", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {column.data_type} | {_markdown(column.meaning)} |" for column in relation.columns]
    lines += ["", "## Macros", "", "They work in the DuckDB file after `USE`.", "", "| macro | meaning |", "|---|---|"]
    lines += [f"| `{macro.name}({macro.parameters})` | {_markdown(macro.meaning)} |" for macro in contents.macros]
    return "\n".join(lines) + "\n"


def _readme(contents: Contents, differences: Differences, rows: Mapping[str, int]) -> str:
    inside = [f"`{relation.name}`" for relation in contents.relations if not relation.is_exported]
    too_long = [f"`{name}`" for name, number in rows.items() if number > CSV_ROWS]
    only = f"Only in the DuckDB file: {', '.join(inside)}." + (f" Too long for CSV: {', '.join(too_long)}." if too_long else "")
    facts = {name: _markdown(told) for name, told in contents.facts.items()}
    changed = "\n".join(f"- {number:,} x {part}: {change}" for (part, change), number in differences.counts.items())
    return f"""# {_TITLE}

Release `{contents.build_id}`, as of {contents.as_of}.

**{facts["headline"]}** Because: {facts["because"]}.
The nearest published share: {facts["neighbour"]}.

{facts["observations"]} figures in {facts["series"]} series of {facts["sources"]} sources; {facts["matched"]} matched rows, of which
{facts["computed"]} carry a rate and {facts["refused"]} are NULL with their reasons. Aggregate counts only.

## What is here

| file | what it is |
|---|---|
| `prosecution_statistics.duckdb` | everything, with views and macros (`duckdb -readonly prosecution_statistics.duckdb`) |
| `parquet/` | the tables and views, lists as lists |
| `csv/` | the same for spreadsheets, up to {CSV_ROWS:,} rows |
| `{WORKBOOK}` | the smaller tables and the figures in one workbook |
| `sdmx_observations.csv` | the figures that hold, in SDMX-CSV 2.0 |
| `datapackage.json` | columns, types, keys and meanings (Frictionless Data Package) |
| `DATA_DICTIONARY.md` | the same for reading |
| `CHANGES.txt`, `changes.csv` | what changed since the release before |
| `CITATION.cff`, `LICENSE`, `LICENSE-FIGURES.md` | how to cite, and the terms |
| `{CHECKSUMS}` | `sha256sum -c {CHECKSUMS}` |

{only}

## How to open it

```sql
ATTACH 'prosecution_statistics.duckdb' AS release (READ_ONLY); USE release;
FROM prosecution_rates;                                    -- every rate, NULL rows included
FROM explain('csam_reports_prosecuted', '2023-01-01/P1Y');  -- why it is NULL, in sentences
FROM check_share('2,039', '83,148', 'FY2006', NULL);        -- whether a sentence's numbers make a share
```

```python
import polars as pl
pl.read_parquet("parquet/matched_periods.parquet")
```

## Before you quote a number

- An empty value is not known; it is never zero. `null_reasons` says why, `data_requests` what would be needed and who holds it.
- A rate is a share of 1 and stands only where both sides have the same period, area, unit, offenses, authorities and population.
- A calendar year is not a fiscal year: `time_period` is an ISO 8601 interval, never a bare year.
- Reports, suspects, defendants and cases are different units. Nothing is estimated, interpolated or back-computed here.
- A percentage is published by its producer or computed here: `rate_basis` says which; give it with its period and its source.
- In CSV and in the workbook, several values in a cell are separated by `{SEPARATOR}`, tabs and line breaks are spaces, characters that
  hide or turn text are shown as `<U+202E>`, and a text that a spreadsheet could take for a formula has an apostrophe in front. Parquet and
  DuckDB hold the originals.

## What changed

{changed or _markdown(describe(differences).splitlines()[0])}

## Terms

Code and arrangement: MIT, see `LICENSE`. The figures are facts from publications of the United States government, of NCMEC and others;
`LICENSE-FIGURES.md` has the terms of each.
"""


def _licence_of_figures(contents: Contents) -> str:
    lines = [
        "# Terms of the figures",
        "",
        "The figures are facts, read from the publications below; no text of theirs is reproduced.",
        "Cite the publication beside this project.",
        "",
        "| source | publication | terms |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{source['source_id']}` | {_markdown(source['producer'])}: {_markdown(source['title'])} | {_markdown(source['licence'])} |"
        for source in contents.sources
    ]
    return "\n".join(lines) + "\n"


def _citation(contents: Contents) -> str:
    lines = [
        "cff-version: 1.2.0",
        'message: "If you use these data, cite this release and the publications behind the figures."',
        "type: dataset",
        f"title: {_yaml(_TITLE)}",
        "authors:",
        f"  - name: {_yaml(_AUTHOR)}",
        f"version: {_yaml(contents.build_id)}",
        f"date-released: {_yaml(contents.as_of)}",
        "license: MIT",
    ]
    if contents.sources:
        lines.append("references:")
    for source in contents.sources:
        lines += [
            "  - type: data",
            f"    title: {_yaml(source['title'] or source['source_id'])}",
            "    authors:",
            f"      - name: {_yaml(source['producer'] or 'unknown')}",
        ]
        if _is_web_address(source["url_main"]):
            lines.append(f"    url: {_yaml(source['url_main'])}")
    return "\n".join(lines) + "\n"


def _yaml(text: object) -> str:
    """Write a text as YAML reads it: a JSON string is one."""
    return json.dumps(_plain(text), ensure_ascii=False)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def files_of(folder: Path) -> Sequence[str]:
    """List the files that a release's checksums cover."""
    return [line.split("  ", 1)[1] for line in (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: compare, export.

    Args:
        arguments: without the program name; those of the process by default.

    Returns:
        The exit status: 1 if a database cannot be read, 0 otherwise.
    """
    command = argparse.ArgumentParser(prog="python -m pipelines.exports", description="Export a finished database.")
    command.add_argument("database", metavar="DATABASE", type=Path, help="the DuckDB file of a release")
    command.add_argument("folder", metavar="FOLDER", type=Path, help="where to write; it exists")
    command.add_argument("--earlier", metavar="DATABASE", type=Path, help="the release before, to tell what changed")
    given = command.parse_args(arguments)
    if not given.folder.is_dir():
        command.error(f"there is no folder {given.folder}")
    try:
        write_exports(given.database, given.folder, compare_releases(given.earlier, given.database))
    except warehouse.WarehouseError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
