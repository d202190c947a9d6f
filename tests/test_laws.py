"""The laws of the house, each read from the code itself.

Belongs here: rules about the shape of the project that no other test would notice being broken. Does not belong here: behaviour.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipelines.catalog import load_sources
from pipelines.conforming import SCHEMA
from tests.conftest import Workplace

PROJECT = Path(__file__).resolve().parent.parent
FOLDERS = ("pipelines", "assets", "tests", "benchmarks")
MODULES = {str(path.relative_to(PROJECT)): path for folder in FOLDERS for path in sorted((PROJECT / folder).rglob("*.py"))}
OURS = [name for name in MODULES if name.startswith(("pipelines/", "assets/"))]
SOURCE_MODULES = [name for name in MODULES if name.startswith("pipelines/sources/") and not name.endswith("__init__.py")]

#: modules of pipelines/ that read file formats and know no source
READERS = ("archives", "bjs_tables", "fields", "grid_tables", "pages", "pdf_tables", "publications", "records")
#: libraries that read file formats
FORMATS = ("bs4", "fastexcel", "pypdfium2", "stream_unzip")
#: what a parser must not reach although Python brings it
BEYOND_A_PARSER = (
    "asyncio", "ftplib", "http", "importlib", "multiprocessing", "shutil", "smtplib", "socket", "sqlite3", "ssl", "subprocess",
    "tempfile", "urllib",
)  # fmt: skip


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"), filename=name)


@cache
def imports_of(name: str) -> frozenset[str]:
    """Everything a module imports anywhere, in full: `pipelines.snapshots.Snapshot`."""
    found = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: line {node.lineno}: a relative import: write it in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def reaches(name: str, library: str) -> bool:
    return any(imported.split(".")[0] == library for imported in imports_of(name))


def tracked_files() -> list[str]:
    """Files that git tracks or would track; every file that is not ignored, where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        return [name for name in listed.stdout.splitlines() if (PROJECT / name).is_file()]
    ignored = {".venv", "data", "__pycache__", ".git"}
    return [
        str(path.relative_to(PROJECT))
        for path in PROJECT.rglob("*")
        if path.is_file() and not {part for part in path.relative_to(PROJECT).parts if part in ignored or part.startswith(".")}
    ]


# --- 1. arrows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("pipelines/")])
def test_pipelines_know_nothing_of_assets_and_tests(name: str) -> None:
    assert [library for library in ("assets", "tests", "benchmarks", "dagster") if reaches(name, library)] == []


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("assets/")])
def test_assets_import_dagster_pipelines_and_frames_only(name: str) -> None:
    allowed = {"assets", "dagster", "pipelines", "polars", *sys.stdlib_module_names}
    assert {imported.split(".")[0] for imported in imports_of(name)} <= allowed


@pytest.mark.parametrize("name", SOURCE_MODULES)
def test_a_parser_imports_readers_only(name: str) -> None:
    strangers = set()
    for imported in imports_of(name):
        package, _, rest = imported.partition(".")
        if package == "pipelines":
            module = rest.split(".")[0]
            if module not in (*READERS, "vocabulary") and rest != "snapshots.Snapshot":
                strangers.add(imported)
        elif package not in ("numpy", "polars", *FORMATS, *(sys.stdlib_module_names - set(BEYOND_A_PARSER))):
            strangers.add(imported)
    assert strangers == set()


@pytest.mark.parametrize("name", [f"pipelines/{reader}.py" for reader in READERS])
def test_a_reader_knows_no_source_and_no_warehouse(name: str) -> None:
    inside = {imported.split(".")[1] for imported in imports_of(name) if imported.startswith("pipelines.")}
    assert inside <= {*READERS, "vocabulary", "snapshots"}


def test_importing_a_parser_brings_no_heavy_stranger() -> None:
    names = ", ".join(f"pipelines.sources.{Path(name).stem}" for name in SOURCE_MODULES)
    code = f"import sys, {names}; print(sorted({{'dagster', 'duckdb', 'great_expectations'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- 2. one door per library ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "doors"),
    [
        ("requests", {"pipelines/snapshots.py"}),
        ("urllib3", {"pipelines/snapshots.py"}),
        ("numba", {"pipelines/fields.py"}),
        ("great_expectations", {"pipelines/judging.py"}),
        ("duckdb", {"pipelines/warehouse.py"}),
        ("obstore", {"pipelines/bucket.py"}),
        ("psycopg2", {"pipelines/served.py"}),
        ("dagster", {name for name in MODULES if name.startswith("assets/")}),
    ],
)
def test_a_library_has_one_door(library: str, doors: set[str]) -> None:
    users = {name for name in MODULES if name.startswith(("pipelines/", "assets/")) and reaches(name, library)}
    assert users
    assert users <= doors


def test_great_expectations_is_imported_only_when_something_is_judged() -> None:
    top = tree_of("pipelines/expectations.py").body
    assert not [node for node in top if isinstance(node, ast.Import | ast.ImportFrom) and "great_expectations" in ast.unparse(node)]


@pytest.mark.parametrize("name", [name for name in OURS if name != "pipelines/snapshots.py"])
def test_nothing_else_opens_a_socket(name: str) -> None:
    forbidden = {"socket", "ssl", "http", "ftplib", "smtplib", "asyncio"}
    if name == "pipelines/alerts.py":
        forbidden -= {"ssl", "http", "smtplib"}  # it tells the operator's own mail and web servers; it fetches nothing
    assert not {imported.split(".")[0] for imported in imports_of(name)} & forbidden
    assert not {imported for imported in imports_of(name) if imported.startswith("urllib.request")}


# --- 5. division happens once ---------------------------------------------------------------------------------------------------


def statements_of(path: Path) -> str:
    """SQL without comments and without texts."""
    bare = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    return re.sub(r"'(?:[^']|'')*'", "''", bare)


def test_numerator_is_divided_by_denominator_once_and_nothing_else_is_a_rate() -> None:
    divisions = [
        (path.name, f"{match[1]} / {match[2]}")
        for path in sorted((PROJECT / "sql").rglob("*.sql"))
        for match in re.finditer(r"([\w.)]+)\s*//?\s*([\w.]+(?:\([^()]*\))?)", statements_of(path))
        if not re.fullmatch(r"[\d.]+", match[2])
    ]
    assert [division for division in divisions if "denominator" in division[1]] == [("030_matching.sql", "numerator / denominator")]
    # the one percentage change, whose divisor is an earlier figure of the same series
    assert [division for division in divisions if "denominator" not in division[1]] == [
        ("050_observations_views.sql", "judged.earlier_value) / nullif(judged.earlier_value, 0)")
    ]
    hidden = re.compile(r"\b(divide|fdiv|avg|mean)\s*\(", re.IGNORECASE)
    assert not [path.name for path in (PROJECT / "sql").rglob("*.sql") if hidden.search(statements_of(path))]


@pytest.mark.parametrize("name", OURS)
def test_python_divides_no_figures(name: str) -> None:
    figures = re.compile(r"obs_value|base_value|numerator|denominator|\brate\b|truediv|\.value\b")
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
            assert not figures.search(ast.unparse(node)), f"{name}: line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("truediv", "floordiv"), f"{name}: line {node.lineno}"


# --- 6, 7. NULL and unknown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(("pipelines/", "assets/", "benchmarks/"))])
def test_no_exception_is_swallowed_blindly(name: str) -> None:
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught, f"{name}: line {node.lineno}: a bare except"
            blind = re.search(r"\b(Exception|BaseException)\b", caught)
            # whoever catches everything must pass it on
            assert not blind or any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), f"{name}: line {node.lineno}: {caught}"


def calls(names: tuple[str, ...], keyword: str | None = None, value: object = None) -> Iterator[tuple[str, str]]:
    """Yield module and function of every call of a name, or with a keyword of a value."""
    for name in OURS:
        for body in tree_of(name).body:
            for node in ast.walk(body):
                if not isinstance(node, ast.Call):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                if called in ("zip", "rmtree"):  # their strict and ignore_errors are about other things
                    continue
                given = {word.arg: getattr(word.value, "value", None) for word in node.keywords}
                if called in names or (keyword is not None and keyword in given and given[keyword] == value):
                    yield name, getattr(body, "name", "module")


def test_every_lenient_reading_is_judged_right_after() -> None:
    # conform raises on what a cast left NULL; the record files count their undated and unreadable events and refuse many of them
    assert set(calls((), "strict", value=False)) <= {
        ("pipelines/conforming.py", "conform"),
        ("pipelines/records.py", "read_day"),
        ("pipelines/records.py", "read_number"),
        # a district that is in no list is the area `unknown`, counted and logged
        ("pipelines/sources/fjc_idb_criminal.py", "module"),
    }
    assert not set(calls((), "errors", "coerce"))
    assert not set(calls((), "ignore_errors", value=True))


def test_nothing_is_filled_in() -> None:
    # decimals that were not printed are none; an undated edition sorts first; a flag that is not set is not set
    assert set(calls(("fill_null", "fill_nan", "interpolate", "forward_fill", "backward_fill", "fillna"))) <= {
        ("pipelines/conforming.py", "conform"),
        ("pipelines/control_totals.py", "newest_editions"),
        ("pipelines/control_totals.py", "_verdicts"),
        ("pipelines/sources/fjc_idb_criminal.py", "_flag"),
        ("pipelines/sources/fjc_idb_criminal.py", "module"),
    }


def test_sql_reads_strictly_and_fills_in_no_number() -> None:
    for path in sorted((PROJECT / "sql").rglob("*.sql")):
        text = statements_of(path)
        assert not re.search(r"\btry_cast\b|\btry\s*\(|ignore_errors", text, re.IGNORECASE), path.name
        # a truth that is not known counts as false; a number that is not known stays so
        for match in re.finditer(r"coalesce\(([^()]*),\s*[\d.]+\)|ifnull\(", text, re.IGNORECASE):
            filled = re.search(r"\b(obs_value|numerator|denominator|rate|base_value|earlier_value|later_value)\b|ifnull", match[0])
            assert not filled, f"{path.name}: {match[0]}"


# --- 8. aggregates only ---------------------------------------------------------------------------------------------------------

IDENTIFYING = re.compile(
    r"(^|_)(name|person|defendant_id|suspect_id|victim_id|docket|case_no|case_number|case_id|birth|dob|ssn|alias|attorney|judge|address|"
    r"email|phone|username|hash|md5|sha1|photodna|image|filename|text_of)(_|$)"
)


def test_no_column_of_the_database_can_hold_a_person_a_case_or_material(built: Workplace) -> None:
    from pipelines.warehouse import query

    columns = query(built.database, "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'release'")
    assert len(columns) > 100
    assert [column for column in columns if IDENTIFYING.search(column[1])] == []
    assert [name for name in SCHEMA if IDENTIFYING.search(name)] == []


def test_no_breakdown_tells_persons_or_cases_apart(built: Workplace) -> None:
    from pipelines.warehouse import query

    keys = {key for (key,) in query(
        built.database,
        "SELECT DISTINCT split_part(unnest(string_split(breakdown, ';')), '=', 1) FROM series WHERE breakdown <> ''",
    )}  # fmt: skip
    assert len(keys) > 5
    assert {key for key in keys if IDENTIFYING.search(key)} == set()


# --- 9, 10. one of each ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SOURCE_MODULES)
def test_a_parser_has_its_entry_and_one_way_in(name: str) -> None:
    source = {source.source_id: source for source in load_sources()}.get(Path(name).stem)
    assert source is not None, f"{name}: no entry [sources.{Path(name).stem}]"
    assert source.kind in ("publication", "records")
    public = [node for node in tree_of(name).body if isinstance(node, ast.FunctionDef) and node.name == "parse"]
    assert len(public) == 1
    assert [argument.arg for argument in public[0].args.args] == ["snapshot"]


def test_a_figures_file_has_one_entry() -> None:
    entries = [source.source_id for source in load_sources()]
    assert len(entries) == len(set(entries))
    assert {path.stem for path in (PROJECT / "figures").glob("*.csv")} <= set(entries)
    assert not [path.name for path in (PROJECT / "figures").iterdir() if path.suffix != ".csv"]


def test_the_columns_of_an_observation_are_listed_in_one_python_module() -> None:
    lists = []
    for name in MODULES:
        if name.startswith("pipelines/") and name != "pipelines/observations.py":
            for node in ast.walk(tree_of(name)):
                if isinstance(node, ast.Tuple | ast.List | ast.Dict):
                    items = node.keys if isinstance(node, ast.Dict) else node.elts
                    words = {item.value for item in items if isinstance(item, ast.Constant)}
                    if {"obs_value", "obs_status", "value_qualifier", "source_locator", "statistical_population"} <= words:
                        lists.append(f"{name}: line {node.lineno}")
    # rows of observations are made in one place per way of reading, never typed there
    assert [place for place in lists if place.startswith(("pipelines/warehouse", "pipelines/ledger", "pipelines/releases"))] == []


# --- the house ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is(name: str) -> None:
    told = ast.get_docstring(tree_of(name))
    assert told, f"{name}: no docstring"
    assert len(told) > 20


@pytest.mark.parametrize("name", [name for name in OURS if "/sources/" not in name and "__init__" not in name])
def test_a_module_says_what_belongs_in_it_and_what_does_not(name: str) -> None:
    told = (ast.get_docstring(tree_of(name)) or "").lower()
    assert "belongs here" in told
    assert "does not belong here" in told


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = re.compile(r"^(utils?|helpers?|common|libs?|misc|tools|shared|base|core)$", re.IGNORECASE)
    assert [name for name in tracked_files() if any(drawers.match(Path(part).stem) for part in Path(name).parts)] == []


#: written in pieces, so that this file does not find itself
PRIVATE = re.compile(
    "|".join(
        (
            *(f"(?<![\\w.:/-])/{place}/" for place in ("wo" + "rk", "fa" + "rm", "ro" + "ot", "Us" + "ers", "ho" + "me")),
            "py" + r"pi\.org",
            "files\\.python" + "hosted",
            "--(extra-)?index" + "-url",
            "/sim" + "ple/",
        )
    )
)


def test_no_machine_path_and_no_package_index_is_tracked() -> None:
    found = []
    for name in tracked_files():
        text = (PROJECT / name).read_bytes().decode("utf-8", errors="replace")
        found += [f"{name}: {match[0]}" for match in PRIVATE.finditer(text)]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\bTO" + r"DO\b|\bFIX" + r"ME\b|raise NotImpl" + r"ementedError|pytest\.(mark\.)?(sk" + r"ip|xf" + r"ail)\b")
    found = []
    for name in tracked_files():
        if name.endswith((".py", ".sql", ".toml", ".yaml", "Makefile", ".md")):
            text = (PROJECT / name).read_text(encoding="utf-8")
            found += [f"{name}: {match[0]}" for match in words.finditer(text)]
    # one place: a program that a fresh machine lacks (find_program); .ci/run installs all and lets none be absent
    assert found == ["tests/conftest.py: pytest.sk" + "ip"]


def test_public_functions_and_classes_say_what_they_do() -> None:
    silent = [
        f"{name}: {node.name}"
        for name in OURS
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and node in tree_of(name).body
    ]
    assert silent == []


def test_nothing_takes_whatever_keywords_come() -> None:
    loose = [
        f"{name}: {node.name}"
        for name in OURS
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.FunctionDef) and node.args.kwarg
    ]
    assert loose == []
