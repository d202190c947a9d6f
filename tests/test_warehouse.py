"""The stand-alone command: any folder of observations in, one database out, or one clear word and nothing left behind."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.observations import OPTIONAL
from pipelines.vocabulary import CODE_LISTS, PROJECT
from pipelines.warehouse import WarehouseError, build_database, main, query
from tests.worlds import draw_worlds, write_worlds

FIGURES = pl.DataFrame(
    [
        {
            "source_id": "synthetic_source", "measure": measure, "ref_area": "US", "time_period": time_period, "unit_of_count": unit,
            "unit_measure": "count", "offense_scope": "cybertipline_incident_types", "jurisdiction": "us_all", "pathway": "any",
            "statistical_population": "cybertipline_reports", "breakdown": "", "obs_value": value, "value_qualifier": "exact",
            "obs_status": "A", "published_on": "2024-02", "evidence": "publication", "source_locator": f"row {number}",
        }
        for number, (measure, unit, time_period, value) in enumerate(
            [
                ("reports_referred", "report", "2023-01-01/P1Y", 5.0),
                ("reports_received", "report", "2023-01-01/P6M", 8.0),
                ("reports_received", "report", "2023-07-01/P6M", 12.0),
            ],
            start=1,
        )
    ]
)  # fmt: skip
RATES = """
[rates.synthetic_share]
kind = "prosecution"
question = "Synthetic: what share?"
[rates.synthetic_share.numerator]
measure = "reports_referred"
[rates.synthetic_share.denominator]
measure = "reports_received"
"""


class Desk:
    """The inputs of one run of the command, all lawful until a test changes them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.observations = folder / "observations"
        self.rates = folder / "rates.toml"
        self.out = folder / "out" / "answer.duckdb"
        self.options: list[str] = []
        self.observations.mkdir(parents=True)
        self.out.parent.mkdir()
        self.rates.write_text(RATES, encoding="utf-8")
        self.write(FIGURES)

    def write(self, frame: pl.DataFrame, name: str = "figures.parquet") -> None:
        path = self.observations / name
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path)

    def change(self, column: str, value: object) -> None:
        """Give the second row another cell."""
        kept = FIGURES.to_dicts()
        kept[1][column] = value
        self.write(pl.DataFrame(kept, infer_schema_length=None))

    def breaks(self, text: str) -> None:
        path = self.folder / "breaks.csv"
        path.write_text(text, encoding="utf-8")
        self.options = ["--breaks", str(path)]

    def code_lists(self) -> Path:
        lists = self.folder / "lists"
        shutil.copytree(CODE_LISTS, lists)
        self.options = ["--code-lists", str(lists)]
        return lists

    @property
    def arguments(self) -> list[str]:
        return ["--observations", str(self.observations), "--rates", str(self.rates), "--out", str(self.out), *self.options]

    def run(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipelines.warehouse", *self.arguments]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    def left(self) -> list[str]:
        return sorted(path.name for path in self.out.parent.iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def rates_of(database: Path) -> dict[str, tuple[float | None, list[str]]]:
    rows = query(database, "SELECT time_period, rate, null_reasons FROM matched_periods")
    return {time_period: (rate, reasons) for time_period, rate, reasons in rows}


RIGHT = {
    "2023-01-01/P1Y": (0.25, []),
    "2023-01-01/P6M": (None, ["period_mismatch"]),
    "2023-07-01/P6M": (None, ["period_mismatch"]),
}


# --- what it does ---------------------------------------------------------------------------------------------------------------


def test_the_command_builds_a_database_and_says_nothing(desk: Desk) -> None:
    done = desk.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert desk.left() == ["answer.duckdb"]
    assert rates_of(desk.out) == RIGHT


def test_the_command_runs_from_any_folder(desk: Desk) -> None:
    code = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); from pipelines.warehouse import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "--observations", "observations", "--rates", "rates.toml", "--out", "answer.duckdb"],
        cwd=desk.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert rates_of(desk.folder / "answer.duckdb") == RIGHT


def test_an_older_database_is_replaced(desk: Desk) -> None:
    desk.out.write_text("an older one")
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT


def test_parquet_in_subfolders_counts_and_other_files_do_not(desk: Desk) -> None:
    desk.write(FIGURES.head(1), "figures.parquet")
    desk.write(FIGURES.tail(2), "deeper/figures.parquet")
    (desk.observations / "read_me.txt").write_text("no Parquet")
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT


def test_file_names_may_hold_quotes_and_spaces(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "it's a desk")
    desk.write(FIGURES, "the analyst's figures.parquet")
    (desk.observations / "figures.parquet").unlink()
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT


def test_optional_columns_may_be_absent(desk: Desk) -> None:
    desk.write(FIGURES.drop(OPTIONAL, strict=False))
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT
    columns = {column for (column,) in query(desk.out, "SELECT column_name FROM (DESCRIBE observations)")}
    assert set(OPTIONAL) <= columns


def test_files_may_differ_in_their_optional_columns(desk: Desk) -> None:
    desk.write(FIGURES.head(1).with_columns(pl.lit("synthetic note").alias("obs_note")), "a.parquet")
    desk.write(FIGURES.tail(2).drop("published_on"), "figures.parquet")
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT
    assert query(desk.out, "SELECT count(obs_note), count(published_on) FROM observations") == [(1, 1)]


LONG = "synthetic " * 30
#: what the files of one folder hold in a column: the texts of the rows of each file, None for a file without the column
FILES: dict[str, list[list[str | None] | None]] = {
    "one text": [["a", "a"], ["a"]],
    "one text in each file": [["a", "a"], ["b"]],
    "one text in one file, no column in the other": [["a", "a"], None],
    "no column in the first file": [None, ["a", "a"]],
    "one text and nothing": [["a", None], ["a"]],
    "one text in one file, nothing in the other": [["a", "a"], [None]],
    "nothing": [[None, None], [None]],
    "another text in the last row": [["a", "a"], ["a", "a", "b"]],
    "a file without rows": [[], ["a", "a"], ["a"]],
    "files without rows": [[], [], ["a", "b"]],
    "long texts that end otherwise": [[LONG + "a", LONG + "b"], [LONG]],
    "one long text": [[LONG, LONG], [LONG]],
    "empty text": [["", ""], [""]],
    "text that statistics write otherwise": [["\\x00", "\\x00"], ["\\x00"]],
}


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("what", FILES)
def test_columns_of_one_value_are_read_as_they_are(desk: Desk, what: str, statistics: bool) -> None:
    """The statistics of the files spare a look at columns of one value; they never change one."""
    (desk.observations / "figures.parquet").unlink()
    expected = []
    for file, texts in enumerate(FILES[what]):
        rows = [
            {**FIGURES.row(0, named=True), "time_period": f"{2000 + file}-{month:02d}-01/P1M", "obs_note": text}
            for month, text in enumerate(texts if texts is not None else ["", ""], start=1)
        ]
        frame = pl.DataFrame(rows, schema={**FIGURES.schema, "obs_note": pl.String})
        if texts is None:
            frame = frame.drop("obs_note")
        frame.write_parquet(desk.observations / f"{file}.parquet", statistics=statistics, row_group_size=2)
        expected += [(row["time_period"], row["obs_note"] if texts is not None else None) for row in rows]
    assert main(desk.arguments) == 0
    assert query(desk.out, "SELECT time_period, obs_note FROM observations ORDER BY ALL") == sorted(expected)


def test_statistics_that_are_cut_alike_are_not_taken_for_the_text(desk: Desk) -> None:
    """Some writers cut the greatest text as they cut the least; then both look the same."""
    (desk.observations / "figures.parquet").unlink()
    desk.write(FIGURES.with_columns(pl.Series("obs_note", [LONG + "a", LONG + "b", LONG + "c"])), "cut.parquet")
    path = desk.observations / "cut.parquet"
    cut = LONG[:64].encode()
    raised = cut[:-1] + bytes([cut[-1] + 1])
    assert raised in path.read_bytes(), "no longer cut: find what this version writes"
    path.write_bytes(path.read_bytes().replace(raised, cut))
    assert main(desk.arguments) == 0
    assert query(desk.out, "SELECT right(obs_note, 1) FROM observations ORDER BY ALL") == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize("inside", [True, False])
def test_what_folders_say_counts_as_before(desk: Desk, inside: bool) -> None:
    """DuckDB reads `column=value` out of a path, and believes it more than the file."""
    for number, pathway in enumerate(["any", "production"]):
        frame = FIGURES.with_columns(pl.lit(f"US-{number}").alias("ref_area"))
        desk.write(frame if inside else frame.drop("pathway"), f"pathway={pathway}/figures.parquet")
    (desk.observations / "figures.parquet").unlink()
    assert main(desk.arguments) == 0
    found = query(desk.out, "SELECT DISTINCT ref_area, pathway FROM observations ORDER BY ALL")
    assert found == [("US-0", "any"), ("US-1", "production")]


def test_constant_columns_are_known_from_statistics_only(desk: Desk) -> None:
    path = desk.observations / "figures.parquet"
    with duckdb.connect() as session:
        session.execute((PROJECT / "sql" / "011_staged.sql").read_text(encoding="utf-8"))
        constant = set(warehouse._constant_columns(session, [path]))
        texts = {name for name, values in FIGURES.to_dict(as_series=False).items() if isinstance(values[0], str) and len(set(values)) == 1}
        assert constant == texts
        FIGURES.write_parquet(path, statistics=False)
        assert warehouse._constant_columns(session, [path]) == []


def test_the_command_loads_no_polars() -> None:
    code = "import sys, pipelines.warehouse; print(sorted({'polars', 'pandas', 'pyarrow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_fails_beside_the_reading_is_told_and_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise duckdb.CatalogException("synthetic: a view that cannot be bound")

    monkeypatch.setattr(warehouse, "_define", fail)
    with pytest.raises(WarehouseError, match="a view that cannot be bound"):
        build_database(desk.observations, desk.rates, desk.out)
    assert desk.left() == []
    desk.change("pathway", "no_such_pathway")
    with pytest.raises(WarehouseError, match="no_such_pathway"):
        build_database(desk.observations, desk.rates, desk.out)
    assert desk.left() == []


def test_views_do_not_depend_on_shared_subplans(tmp_path: Path) -> None:
    """DuckDB 2.0 takes two columns of one view for the same where they come of like joins; no view may be written so."""
    inputs = write_worlds(draw_worlds(9, 12), tmp_path / "worlds", files=3, optional=True, rng=random.Random(9))
    build_database(inputs.observations, inputs.rates, inputs.out, inputs.code_lists, inputs.breaks)
    with duckdb.connect(str(inputs.out), read_only=True) as session:
        views = [name for (name,) in session.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL").fetchall()]
        assert len(views) > 20
        views.remove("explanations")  # made of data_requests and matched_periods_in_words, and as slow as all others together
        told = "SELECT count(*), sum(CAST(hash(told) AS HUGEINT)) FROM (FROM {}) AS told"
        shared = {view: session.sql(told.format(view)).fetchall() for view in views}
        session.execute("SET disabled_optimizers = 'common_subplan'")
        assert {view: session.sql(told.format(view)).fetchall() for view in views} == shared


def test_dimensions_of_one_value_in_each_file_stay_apart(desk: Desk) -> None:
    for number, pathway in enumerate(["any", "any", "production"]):
        desk.write(FIGURES.with_columns(pl.lit(pathway).alias("pathway"), pl.lit(f"US-{number}").alias("ref_area")), f"{number}.parquet")
    (desk.observations / "figures.parquet").unlink()
    assert main(desk.arguments) == 0
    found = query(desk.out, "SELECT DISTINCT ref_area, pathway FROM observations ORDER BY ALL")
    assert found == [("US-0", "any"), ("US-1", "any"), ("US-2", "production")]


def test_claims_are_looked_up_in_its_own_periods(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    labels = query(desk.out, "SELECT DISTINCT time_period FROM period_labels ORDER BY ALL")
    assert labels == [("2023-01-01/P1Y",), ("2023-01-01/P6M",), ("2023-07-01/P6M",)]
    with duckdb.connect() as session:
        session.execute(f"ATTACH '{desk.out}' AS answer (READ_ONLY)")
        session.execute("USE answer")
        assert session.sql("SELECT verdict FROM check_claim('synthetic_share', 'CY2023', '25%')").fetchall() == [("supported",)]


def test_no_rate_is_no_error(desk: Desk) -> None:
    desk.rates.write_text("", encoding="utf-8")
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == {}
    assert query(desk.out, "SELECT count(*) FROM observations") == [(3,)]


def test_code_lists_of_ones_own(desk: Desk) -> None:
    desk.change("pathway", "synthetic_pathway")
    assert main(desk.arguments) == 1
    lists = desk.code_lists()
    with (lists / "pathways.csv").open("a", encoding="utf-8") as lines:
        lines.write("synthetic_pathway,Synthetic pathway,,\n")
    assert main(desk.arguments) == 0
    assert query(desk.out, "SELECT label FROM pathways WHERE code = 'synthetic_pathway'") == [("Synthetic pathway",)]


def test_code_lists_need_only_code_and_label(desk: Desk) -> None:
    lists = desk.code_lists()
    for path in lists.glob("*.csv"):
        pl.read_csv(path, infer_schema=False).select("code", "label").write_csv(path)
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT


def test_breaks_of_ones_own(desk: Desk) -> None:
    spoil_breaks()(desk)
    assert main(desk.arguments) == 0
    assert rates_of(desk.out)["2023-01-01/P1Y"] == (None, ["series_break"])


def test_the_same_inputs_give_the_same_answers_whatever_the_order(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    first = query(desk.out, "FROM matched_periods ORDER BY ALL"), query(desk.out, "FROM series ORDER BY ALL")
    desk.write(FIGURES.reverse())
    assert main(desk.arguments) == 0
    assert (query(desk.out, "FROM matched_periods ORDER BY ALL"), query(desk.out, "FROM series ORDER BY ALL")) == first


# --- what it refuses ------------------------------------------------------------------------------------------------------------

def damaged(content: bytes) -> bytes:
    """Keep the head and the foot, which say what is in the file, and spoil what is."""
    return content[:8] + bytes(255 - byte for byte in content[8:400]) + content[400:]


Harm = Callable[[Desk], object]


def sabotage_rates(old: str, new: str) -> Harm:
    return lambda desk: desk.rates.write_text(RATES.replace(old, new), encoding="utf-8")


def give(column: str, value: object) -> Harm:
    return lambda desk: desk.change(column, value)


def spoil_list(name: str, text: str | None) -> Harm:
    def spoil(desk: Desk) -> None:
        path = desk.code_lists() / f"{name}.csv"
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")

    return spoil


def spoil_breaks(**cells: str) -> Harm:
    head = (PROJECT / "catalog" / "breaks.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    row = dict.fromkeys(head, "") | {"break_id": "b", "date": "2023-04-01", "breaks_rate": "true", "breaks_change": "true"} | cells
    return lambda desk: desk.breaks(",".join(head) + "\n" + ",".join(row[name] for name in head) + "\n")


#: what is wrong -> the harm, and what the one message must hold: place, problem, remedy
HARM: dict[str, tuple[Harm, tuple[str, ...]]] = {
    "no folder": (lambda desk: shutil.rmtree(desk.observations), ("observations", "no Parquet file", "give the folder")),
    "an empty folder": (lambda desk: (desk.observations / "figures.parquet").unlink(), ("no Parquet file", "give the folder")),
    "no Parquet at all": (
        lambda desk: (desk.observations / "figures.parquet").write_bytes(b"not a Parquet file, by far"),
        ("figures.parquet", "write them as Parquet"),
    ),
    "an empty file": (lambda desk: (desk.observations / "figures.parquet").write_bytes(b""), ("figures.parquet", "write them as Parquet")),
    "Parquet cut short": (
        lambda desk: (desk.observations / "figures.parquet").write_bytes((desk.observations / "figures.parquet").read_bytes()[:-40]),
        ("figures.parquet", "write them as Parquet"),
    ),
    "Parquet with damaged pages": (
        lambda desk: (desk.observations / "figures.parquet").write_bytes(damaged((desk.observations / "figures.parquet").read_bytes())),
        ("figures.parquet", "the file is damaged", "write it again"),
    ),
    "a column nobody knows": (
        lambda desk: desk.write(FIGURES.with_columns(pl.lit("x").alias("defendant"))),
        ("observations", "unknown column defendant", "remove it"),
    ),
    "a needed column is absent": (lambda desk: desk.write(FIGURES.drop("obs_status")), ("observations", "no column obs_status", "add it")),
    "a number in words": (
        lambda desk: desk.write(FIGURES.with_columns(pl.lit("about ten").alias("obs_value"))),
        ("observations", "obs_value", "about ten", "type of the schema"),
    ),
    "bare year": (give("time_period", "2023"), ("synthetic_source", "`2023` is a bare year", "write 2023-01-01/P1Y")),
    "ends before it starts": (give("time_period", "2023-02-01/2023-01-01"), ("synthetic_source", "before it starts", "correct start")),
    "no period": (give("time_period", None), ("synthetic_source", "no ISO 8601 interval", "write start/duration")),
    "value and status L": (give("obs_status", "L"), ("synthetic_source", "row 2", "obs_value beside obs_status", "drop the value")),
    "no value": (give("obs_value", None), ("synthetic_source", "row 2", "no obs_value", "use L, M, O or Q")),
    "negative": (give("obs_value", -1.0), ("synthetic_source", "row 2", "negative number", "figures are counts")),
    "infinite": (give("obs_value", float("inf")), ("synthetic_source", "row 2", "not finite", "correct it")),
    "not a number": (give("obs_value", float("nan")), ("synthetic_source", "row 2", "not finite", "correct it")),
    "base of a count": (give("base_value", 5.0), ("synthetic_source", "row 2", "base_value beside", "drop it")),
    "rounded share of a count": (give("value_qualifier", "share_rounded"), ("synthetic_source", "row 2", "percentages only", "correct it")),
    "no place": (give("source_locator", ""), ("synthetic_source", "2023-01-01/P6M", "source_locator is empty", "say where")),
    "another start": (give("period_start", date(2023, 1, 2)), ("synthetic_source", "row 2", "differs", "correct one")),
    "unknown code": (give("measure", "no_such_code"), ("synthetic_source", "measure `no_such_code`", "measures.csv", "add the code")),
    "unknown status": (give("obs_status", "Z"), ("synthetic_source", "obs_status `Z`", "obs_status.csv", "add the code")),
    "unknown qualifier": (give("value_qualifier", "nearly"), ("synthetic_source", "value_qualifier `nearly`", "add the code")),
    "unknown evidence": (give("evidence", "hearsay"), ("synthetic_source", "evidence `hearsay`", "add the code")),
    "no code": (give("pathway", None), ("synthetic_source", "pathway is empty", "use `unknown`")),
    "no source": (give("source_id", None), ("source_id is empty",)),
    "no area": (give("ref_area", "Texas"), ("synthetic_source", "ref_area `Texas`", "correct it")),
    "breakdown out of order": (give("breakdown", "sex=f;age=1"), ("synthetic_source", "not in key order", "sort the pairs")),
    "no date": (give("published_on", "last May"), ("synthetic_source", "`last May` is no ISO date", "write 2024")),
    "one key twice": (
        lambda desk: desk.write(pl.concat([FIGURES, FIGURES.tail(1).with_columns(pl.lit(13.0).alias("obs_value"))])),
        ("synthetic_source", "2023-07-01/P6M", "row 3", "stands twice", "delete one"),
    ),
    "one key twice, in two files": (
        lambda desk: desk.write(FIGURES.tail(1), "again.parquet"), ("synthetic_source", "2023-07-01/P6M", "stands twice", "delete one"),
    ),
    "no rates file": (lambda desk: desk.rates.unlink(), ("rates.toml", "no such file", "give the path")),
    "rates that are no TOML": (sabotage_rates("[rates.synthetic_share]", "[rates"), ("rates.toml", "not valid TOML", "correct")),
    "an unknown kind": (
        sabotage_rates('"prosecution"', '"persecution"'), ("rates.toml", "synthetic_share", "`persecution` is unknown", "write one of"),
    ),
    "an unknown key": (sabotage_rates("question", "queston"), ("rates.toml", "synthetic_share", "unknown key `queston`", "write one of")),
    "dollars": (
        sabotage_rates('measure = "reports_received"', 'measure = "reports_received"\nunit_measure = "usd"'),
        ("rates.toml", "denominator", "`usd`"),
    ),
    "a list that is not there": (spoil_list("pathways", None), ("pathways", "missing", "add the file")),
    "a list without labels": (spoil_list("pathways", "code\nany\n"), ("pathways", "line 1", "no column `label`", "add it")),
    "a code twice": (spoil_list("pathways", "code,label\nany,x\nany,y\n"), ("pathways", "line 3", "stands twice", "delete one")),
    "a circle of parts": (
        spoil_list("pathways", "code,label,part_of\nany,x,other\nother,y,any\n"), ("pathways", "part of itself", "break the circle"),
    ),
    "no breaks file": (
        lambda desk: desk.options.extend(["--breaks", "no_such_file.csv"]), ("no_such_file.csv", "no such file", "give the CSV"),
    ),
    "breaks without columns": (lambda desk: desk.breaks("break_id,date\n"), ("breaks.csv", "line 1", "missing columns", "breaks_rate")),
    "a break on no day": (spoil_breaks(date="in spring"), ("breaks.csv", "line 2", "in spring", "write an ISO date")),
    "a break of perhaps": (spoil_breaks(breaks_rate="perhaps"), ("breaks.csv", "line 2", "true or false")),
    "no output folder": (lambda desk: shutil.rmtree(desk.out.parent), ("answer.duckdb", "folder does not exist", "create it")),
}  # fmt: skip


@pytest.mark.parametrize("what", HARM)
def test_bad_input_is_refused_in_words_and_leaves_nothing(desk: Desk, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    harm, parts = HARM[what]
    desk.out.write_text("the last good one")
    harm(desk)
    assert main(desk.arguments) == 1
    captured = capsys.readouterr()
    told = captured.err.strip()
    assert captured.out == ""
    assert [part for part in parts if part not in told] == [], told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1, told
    if desk.out.parent.is_dir():
        assert desk.left() == ["answer.duckdb"]
        assert desk.out.read_text() == "the last good one"


@pytest.mark.parametrize("what", ["bare year", "no Parquet at all", "no rates file"])
def test_the_process_ends_with_one_and_says_it_on_the_error_channel(desk: Desk, what: str) -> None:
    harm, parts = HARM[what]
    harm(desk)
    done = desk.run()
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (1, "", 1)
    assert all(part in done.stderr for part in parts)
    assert desk.left() == []


def test_several_problems_are_told_at_once_but_not_hundreds(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write(pl.concat([FIGURES.head(1).with_columns(pl.lit(f"no_code_{number}").alias("pathway")) for number in range(9)]))
    assert main(desk.arguments) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 6
    assert told[-1] == "and more"


def test_a_folder_that_cannot_be_written_is_explained(desk: Desk) -> None:
    # permissions do not hold for everybody (root in a container), so the output is a place where no file can be made
    desk.out = Path("/proc/answer.duckdb")
    done = desk.run()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "answer.duckdb" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_output_that_is_a_folder_is_explained(desk: Desk) -> None:
    desk.out.mkdir()
    done = desk.run()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "answer.duckdb" in done.stderr
    assert desk.left() == ["answer.duckdb"]


def test_a_build_that_is_interrupted_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    desk.out.write_text("the last good one")
    monkeypatch.setattr(warehouse, "_insert_rates", stop)
    with pytest.raises(KeyboardInterrupt):
        main(desk.arguments)
    assert desk.left() == ["answer.duckdb"]
    assert desk.out.read_text() == "the last good one"


def test_observations_are_never_changed(desk: Desk) -> None:
    before = (desk.observations / "figures.parquet").read_bytes()
    assert main(desk.arguments) == 0
    assert (desk.observations / "figures.parquet").read_bytes() == before
    assert [path.name for path in desk.observations.iterdir()] == ["figures.parquet"]


def test_as_a_function_it_raises_what_the_command_prints(desk: Desk) -> None:
    desk.change("time_period", "2023")
    with pytest.raises(WarehouseError, match="bare year"):
        build_database(desk.observations, desk.rates, desk.out)


# --- the file itself ------------------------------------------------------------------------------------------------------------


def test_macros_work_after_attach_and_use_in_another_session(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{desk.out}' AS answer (READ_ONLY)")
        connection.execute("USE answer")
        listed = connection.sql("SELECT function_name FROM duckdb_functions() WHERE database_name = 'answer'").fetchall()
        names = {name for (name,) in listed}
        assert "as_of" in names
        # a partial date means the end of its month
        assert connection.sql("SELECT count(*) FROM as_of(DATE '2024-02-28')").fetchall() == [(0,)]
        assert connection.sql("SELECT count(rate), count(*) FROM as_of(DATE '2024-02-29')").fetchall() == [(1, 3)]
        assert connection.sql("SELECT count(*) FROM as_of('2024-02-29')").fetchall() == [(3,)]
        if "explain" in names:
            told = connection.sql("SELECT * FROM explain('synthetic_share', '2023-01-01/P1Y')").fetchall()
            assert told


def test_views_work_in_a_file_that_is_merely_attached(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{desk.out}' AS answer (READ_ONLY)")
        listed = connection.sql("SELECT view_name FROM duckdb_views() WHERE database_name = 'answer' AND NOT internal").fetchall()
        views = [name for (name,) in listed]
        assert "observations" in views
        for view in views:
            connection.sql(f"SELECT * FROM answer.{view}").fetchall()


def test_the_file_is_in_the_oldest_storage_version(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{desk.out}' AS answer (READ_ONLY)")
        ((tags,),) = connection.sql("SELECT tags FROM duckdb_databases() WHERE database_name = 'answer'").fetchall()
    assert tags["storage_version"].startswith("v1.0.0")


def test_reading_cannot_reach_beyond_the_file(desk: Desk) -> None:
    assert main(desk.arguments) == 0
    with pytest.raises(WarehouseError, match="build again"):
        query(desk.out, f"SELECT * FROM read_parquet('{desk.observations}/figures.parquet')")
    with pytest.raises(WarehouseError, match=r"answer\.duckdb"):
        query(desk.out, "DELETE FROM rates")


def test_places_that_duckdb_hashes_alike_are_told_apart(desk: Desk) -> None:
    places = ["table 10, row 244", "table 17, row 214", "table 10, row 459"]
    counting = "SELECT count(DISTINCT hash(place)) FROM (SELECT unnest($places) AS place)"
    ((hashes,),) = duckdb.execute(counting, {"places": places}).fetchall()
    assert hashes < len(places), "no longer a case: find texts that collide"
    desk.write(FIGURES.with_columns(pl.Series("source_locator", places)))
    assert main(desk.arguments) == 0
    assert rates_of(desk.out) == RIGHT
    assert sorted(place for (place,) in query(desk.out, "SELECT source_locator FROM observations")) == sorted(places)


@pytest.mark.parametrize("starts", [1, 4, 5, 12])
def test_months_tile_every_window_however_many_overlap(desk: Desk, starts: int) -> None:
    """Few kinds of windows are sums of groups, many are running sums: the rates are the same."""
    months = [f"{2020 + n // 12}-{n % 12 + 1:02d}-01" for n in range(36)]
    monthly = [{**FIGURES.row(0, named=True), "time_period": f"{month}/P1M", "obs_value": 0.1} for month in months]
    windows = [
        {**FIGURES.row(1, named=True), "time_period": f"{month}/P1Y", "obs_value": 2.4}
        for n, month in enumerate(months[:24])
        if n % 12 < starts
    ]
    desk.write(pl.DataFrame(monthly + windows))
    assert main(desk.arguments) == 0
    tiled = query(desk.out, "SELECT numerator, rate FROM matched_periods WHERE numerator_basis = 'tiled'")
    assert tiled == [(1.2, 0.5)] * len(windows)
