"""Validation: that the figures of the project are valid, and that every expectation fails on what it is there for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines import judging
from pipelines.conforming import conform
from pipelines.control_totals import load_control_totals
from pipelines.expectations import BETWEEN_SOURCES, CHECKS, Expected, Validation, validate, validate_across, validate_many
from pipelines.observations import COLUMNS
from pipelines.vocabulary import CODE_LIST_OF

PROJECT = Path(__file__).parent.parent
FIGURES = PROJECT / "figures"
FORTY_ZEROS = "0" * 40


def figures_of(path: Path) -> pl.DataFrame:
    return conform(pl.read_csv(path, infer_schema=False), path.stem)


def synthetic(source_id: str) -> pl.DataFrame:
    """Made-up observations: a total, a part, a percentage with its base, and a suppressed cell."""
    usual = {
        "measure": "reports_received", "ref_area": "WORLD", "time_period": "2020-01-01/P1Y", "unit_of_count": "report",
        "unit_measure": "count", "offense_scope": "cybertipline_incident_types", "jurisdiction": "worldwide", "pathway": "any",
        "statistical_population": "cybertipline_reports", "value_qualifier": "exact", "obs_status": "A", "base_value": None,
        "published_on": "2021-05", "evidence": "publication", "source_locator": "synthetic table, row 1",
    }  # fmt: skip
    rows = [
        {"breakdown": "", "obs_value": "1234"},
        {"breakdown": "reporter=public", "obs_value": "34", "source_locator": "synthetic table, row 2"},
        {
            "breakdown": "reporter=public",
            "obs_value": "2.8",
            "unit_measure": "percent",
            "value_qualifier": "share_rounded",
            "base_value": "1234",
        },
        {"breakdown": "reporter=esp", "obs_value": None, "obs_status": "Q", "value_qualifier": "lt"},
    ]
    return conform(pl.DataFrame([usual | row for row in rows]), source_id).with_columns(snapshot_id=pl.lit("a" * 64))


def put(row: int = 0, **cells: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Write wrong cells into one row."""

    def corrupt(frame: pl.DataFrame) -> pl.DataFrame:
        here = pl.int_range(pl.len()) == row
        return frame.with_columns(
            pl.when(here).then(pl.lit(value, frame.schema[name])).otherwise(name).alias(name) for name, value in cells.items()
        )

    return corrupt


PARTS = {"difference of parts_do_not_exceed_wholes", "difference of disjoint_parts_do_not_exceed_wholes"}
#: name of the case -> what is done to the synthetic observations, the expectations that must fail, and what must be said
CASES: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], set[str], str]] = {
    **{
        f"empty_{column.name}": (
            put(**{column.name: None}), {f"expect_column_values_to_not_be_null({column.name})"}, f"{column.name} is empty",
        )
        for column in COLUMNS
        if column.required
    },
    **{
        f"unlisted_{name}": (put(**{name: "no_such_code"}), {f"expect_column_values_to_be_in_set({name}"}, f"{name} is `no_such_code`")
        for name in CODE_LIST_OF
    },
    "foreign_row": (put(source_id="other"), {"expect_column_pair_values_to_be_equal(source_id"}, "source_id is `other`"),
    "bad_area": (put(ref_area="Texas"), {"expect_column_values_to_match_regex(ref_area"}, "ref_area is `Texas`"),
    "area_and_more": (put(ref_area="US "), {"expect_column_values_to_match_regex(ref_area"}, "ref_area is `US `"),
    "disordered_breakdown": (put(1, breakdown="reporter=esp;esp=A"), {"expect_column_values_to_be_null(breakdown_problem"},
     "breakdown is `reporter=esp;esp=A`"),
    "bare_year": (put(time_period="2020"), {"expect_column_values_to_match_regex(time_period"}, "time_period is `2020`"),
    "empty_duration": (put(time_period="2020-01-01/P"), {"expect_column_values_to_match_regex(time_period"},
     "time_period is `2020-01-01/P`"),
    "no_such_day": (put(time_period="2020-02-30/P1Y"), {"expect_column_values_to_be_null(impossible_date"},
     "time_period is `2020-02-30/P1Y`"),
    "ends_before_start": (put(time_period="2020-12-31/2020-01-01"), {"expect_column_values_to_be_null(impossible_date"},
     "`2020-12-31/2020-01-01`"),
    "other_start": (put(period_start=date(2020, 1, 2)), {"expect_column_pair_values_to_be_equal(period_start"},
     "period_start is `2020-01-02`"),
    "other_end": (put(period_end=date(2020, 12, 30)), {"expect_column_pair_values_to_be_equal(period_end"}, "period_end is `2020-12-30`"),
    "end_before_start": (
        put(period_end=date(2019, 12, 31)),
        {"expect_column_pair_values_to_be_equal(period_end", "expect_column_pair_values_a_to_be_greater_than_b(period_end"},
        "period_end is `2019-12-31",
    ),
    "season": (put(published_on="spring 2021"), {"expect_column_values_to_match_regex(published_on"}, "published_on is `spring 2021`"),
    "no_such_month": (put(published_on="2021-13"), {"expect_column_values_to_be_null(impossible_date"}, "published_on is `2021-13`"),
    "published_too_early": (put(published_on="2019"), {"expect_column_pair_values_a_to_be_greater_than_b(known_on"},
     "published_on is `2019`"),
    "forecast": (put(published_on="2019", obs_status="F"), set(), ""),
    "short_hash": (put(snapshot_id=FORTY_ZEROS), {"expect_column_values_to_match_regex(snapshot_id"}, f"snapshot_id is `{FORTY_ZEROS}`"),
    "negative_value": (put(obs_value=-1.0), {"expect_column_values_to_be_between(obs_value", *PARTS}, "obs_value is `-1.0` (-1 at"),
    "negative_part": (put(1, obs_value=-1.0), {"expect_column_values_to_be_between(obs_value"}, "reporter=public: obs_value is `-1.0`"),
    "endless_value": (put(obs_value=float("inf")), {"expect_column_values_to_be_between(obs_value"}, "obs_value is `inf`"),
    "no_number": (put(obs_value=float("nan")), {"expect_column_values_to_be_in_set(obs_status and obs_value"}, "obs_value is "),
    "negative_base": (put(2, base_value=-5.0), {"expect_column_values_to_be_between(base_value"}, "base_value is `-5.0`"),
    "negative_decimals": (put(2, decimals=-1), {"expect_column_values_to_be_between(decimals"}, "decimals is `-1"),
    "over_hundred": (put(2, obs_value=280.0), {"expect_column_values_to_be_between(percentage"}, "obs_value is `280.0`"),
    "thousands_as_decimals": (put(obs_value=1.234), {"expect_column_values_to_be_between(fraction", *PARTS}, "obs_value is `1.234`"),
    "half_a_report": (put(1, obs_value=34.5), {"expect_column_values_to_be_between(fraction"}, "obs_value is `34.5`"),
    "value_of_missing": (put(3, obs_value=7.0), {"expect_column_values_to_be_in_set(obs_status and obs_value"},
     "obs_status is `Q`, obs_value is `7.0`"),
    "missing_without_status": (put(1, obs_value=None), {"expect_column_values_to_be_in_set(obs_status and obs_value"},
     "obs_status is `A`, obs_value is empty"),
    "share_of_counts": (put(1, value_qualifier="share_rounded"),
     {"expect_column_values_to_be_in_set(value_qualifier and unit_measure"}, "unit_measure is `count`"),
    "base_of_count": (put(1, base_value=5.0), {"expect_column_values_to_be_in_set(unit_measure and base_value"}, "base_value is `5.0`"),
    "decimals_of_count": (put(1, decimals=1), {"expect_column_values_to_be_in_set(unit_measure and decimals"}, "decimals is `1"),
    "no_decimals": (put(2, decimals=None), {"expect_column_values_to_be_in_set(unit_measure and decimals"}, "decimals is empty"),
    "twice": (lambda frame: pl.concat([frame, frame.head(1)]), {"expect_compound_columns_to_be_unique("}, "the same key stands twice"),
    "part_exceeds_whole": (
        put(1, obs_value=1235.0),
        PARTS,
        "total 1,234 but its part is 1,235",
    ),
    "empty": (lambda frame: frame.clear(), {"expect_column_values_to_be_between(rows"}, "no row at all"),
    "figure_gone": (lambda frame: frame[[0, 2, 3]], {"every figure of the last valid vintage is still there"},
     "reporter=public: 34 at synthetic table, row 2 is gone"),
    "figure_changed": (put(1, obs_value=35.0), {"no figure of the last valid vintage has changed"},
     "reporter=public: 34 at synthetic table, row 2 is now 35"),
    "figure_emptied": (put(1, obs_value=None, obs_status="M"), {"no figure of the last valid vintage has changed"},
     "34 at synthetic table, row 2 is now no value"),
    "edition_added": (lambda frame: pl.concat([frame, frame.with_columns(published_on=pl.lit("2022-05"))]), set(), ""),
    "untouched": (lambda frame: frame, set(), ""),
}  # fmt: skip
#: cases that are judged against the untouched observations as their last valid vintage
WITH_PREVIOUS = ("figure_gone", "figure_changed", "figure_emptied", "edition_added", "untouched")
NOT_BLOCKING = ("figure_changed", "figure_emptied")


@pytest.fixture(scope="module")
def judged_cases() -> dict[str, Validation]:
    frames = {name: corrupt(synthetic(name)) for name, (corrupt, _, _) in CASES.items()}
    return validate_many(frames, {name: synthetic(name) for name in WITH_PREVIOUS})


@pytest.fixture(scope="module")
def judged_figures() -> dict[str, Validation]:
    return validate_many({path.stem: figures_of(path) for path in sorted(FIGURES.glob("*.csv"))})


def failures(validation: Validation) -> list[Expected]:
    return [result for result in validation.results if not result.success]


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_fails_its_expectation_and_no_other(name: str, judged_cases: dict[str, Validation]) -> None:
    _, expected, said = CASES[name]
    failed = failures(judged_cases[name])
    assert sorted(text for result in failed for text in expected if text in result.expectation) == sorted(expected)
    assert len(failed) == len(expected)
    for result in failed:
        assert result.unexpected_count >= 1
        assert all(row.startswith(f"{name}: ") for row in result.unexpected_rows)
    if expected:
        assert any(said in row for result in failed for row in result.unexpected_rows)
    assert judged_cases[name].is_valid is (not expected or name in NOT_BLOCKING)


def test_every_expectation_on_rows_has_a_case(judged_cases: dict[str, Validation]) -> None:
    texts = set().union(*(expected for _, expected, _ in CASES.values()))
    for result in judged_cases["untouched"].results:
        assert (
            result.check == "control_totals"
            or result.expectation.startswith("expect_column_pair_values_to_be_equal(")
            or any(text in result.expectation for text in texts)
        ), f"no case corrupts {result.expectation}"


def test_an_unexpected_row_is_named_with_series_period_place_and_value(judged_cases: dict[str, Validation]) -> None:
    (result,) = failures(judged_cases["unlisted_measure"])
    assert result.check == "codes"
    assert result.unexpected_rows == (
        "unlisted_measure: 2020-01-01/P1Y: no_such_code WORLD: measure is `no_such_code` (1,234 at synthetic table, row 1)",
    )
    assert result.observed == "rows: 4, 1 unexpected"


def test_every_source_gets_the_same_expectations(judged_cases: dict[str, Validation]) -> None:
    def asked(validation: Validation) -> list[str]:
        return [result.expectation for result in validation.results if result.check != "control_totals"]

    assert asked(judged_cases["bad_area"]) == asked(judged_cases["untouched"]) == asked(validate(synthetic("alone"), "alone"))
    assert {result.check for result in judged_cases["untouched"].results} == set(CHECKS)


def test_a_new_source_cannot_lose_anything(judged_cases: dict[str, Validation]) -> None:
    coverage = judged_cases["bad_area"].results_of("coverage")
    assert [result.observed for result in coverage[1:]] == ["figures of the last valid vintage: 0, none unexpected"] * 2


def test_changes_are_information_and_say_why(judged_cases: dict[str, Validation]) -> None:
    (result,) = failures(judged_cases["figure_changed"])
    assert (result.severity, result.blocks) == ("information", False)
    assert "revise" in result.reason
    assert judged_cases["figure_changed"].errors == ()


def test_at_most_twenty_rows_are_named() -> None:
    frame = pl.concat(synthetic("many").with_columns(ref_area=pl.lit(f"place {number}")) for number in range(7))
    (result,) = [result for result in validate(frame, "many").results if "to_match_regex(ref_area" in result.expectation]
    assert (result.unexpected_count, len(result.unexpected_rows)) == (28, 20)


WRONG_SCHEMAS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "lacking": (lambda frame: frame.drop("snapshot_id"), "column 24 `(none)`: column is (none), in the schema it is snapshot_id"),
    "additional": (lambda frame: frame.with_columns(extra=pl.lit(1)), "column 25 `extra`: column is extra, in the schema it is (none)"),
    "disordered": (
        lambda frame: frame.select(*frame.columns[1:], frame.columns[0]),
        "column 1 `measure`: column is measure, in the schema it is source_id",
    ),
    "untyped": (lambda frame: frame.cast({"obs_value": pl.String}), "column 14 `obs_value`: dtype is String, in the schema it is Float64"),
}


def test_a_wrong_schema_is_told_and_nothing_else_is_judged() -> None:
    judged = validate_many({**{name: wrong(synthetic(name)) for name, (wrong, _) in WRONG_SCHEMAS.items()}, "good": synthetic("good")})
    assert judged["good"].is_valid
    for name, (_, said) in WRONG_SCHEMAS.items():
        assert not judged[name].is_valid
        assert any(said in row for row in judged[name].errors), judged[name].errors
        for check in ("codes", "values", "control_totals"):
            assert [result.expectation for result in judged[name].results_of(check)] == ["not judged"]
    assert not validate(WRONG_SCHEMAS["lacking"][0](synthetic("lacking")), "lacking").is_valid


def test_every_figure_of_the_project_is_valid(judged_figures: dict[str, Validation]) -> None:
    assert len(judged_figures) == len(list(FIGURES.glob("*.csv")))
    assert [error for validation in judged_figures.values() for error in validation.errors] == []
    assert all(validation.is_valid for validation in judged_figures.values())


def test_every_control_total_is_an_expectation_of_its_sources(judged_figures: dict[str, Validation]) -> None:
    for control in load_control_totals().controls:
        for source in control.sources:
            texts = [result.expectation for result in judged_figures[source].results_of("control_totals")]
            assert any(f"difference of {control.name}; " in text for text in texts), f"{control.name} in {source}"


def test_one_wrong_digit_in_a_table_is_told_with_both_numbers(tmp_path: Path, judged_figures: dict[str, Validation]) -> None:
    text = (FIGURES / "ncmec_reports_by_esp.csv").read_text(encoding="utf-8")
    figure = "esp=Adobe Systems Incorporated;reporter=esp,1939,"
    assert text.count(figure) == 1
    wrong = tmp_path / "ncmec_reports_by_esp.csv"
    wrong.write_text(text.replace(figure, figure.replace("1939", "1839")), encoding="utf-8")
    validation = validate(figures_of(wrong), "ncmec_reports_by_esp", previous=figures_of(FIGURES / wrong.name))
    assert not validation.is_valid
    (error,) = validation.errors
    assert error.startswith("ncmec_reports_by_esp: 2022-01-01/P1Y: total 31,802,525 but rows sum to 31,802,425 (236 rows ")
    changed = next(result for result in failures(validation) if result.severity == "information")
    assert "1,939" in changed.unexpected_rows[0]
    assert "is now 1,839" in changed.unexpected_rows[0]
    assert judged_figures["ncmec_reports_by_esp"].is_valid


def test_one_invalid_source_leaves_the_others_valid() -> None:
    frames = {path.stem: figures_of(path) for path in sorted(FIGURES.glob("bjs_*.csv"))}
    frames["bjs_csec"] = put(0, obs_value=-1.0)(frames["bjs_csec"])
    judged = validate_many(frames)
    assert {source for source, validation in judged.items() if not validation.is_valid} == {"bjs_csec"}


def test_sources_are_compared_with_each_other() -> None:
    frames = [figures_of(FIGURES / f"{source}.csv") for source in ("ncmec_reports_by_esp", "ncmec_ojjdp_transparency")]
    validation = validate_across(pl.concat(frames))
    assert (validation.source_id, validation.is_valid) == (BETWEEN_SOURCES, True)
    assert [result.observed for result in validation.results] == ["totals: 4, none unexpected"]
    total = (pl.col("breakdown") == "reporter=esp") & (pl.col("time_period") == "2023-01-01/P1Y")
    frames[0] = frames[0].with_columns(pl.when(total).then(35944862.0).otherwise("obs_value").alias("obs_value"))
    (error,) = validate_across(pl.concat(frames)).errors
    assert error.startswith("ncmec_reports_by_esp: 2023-01-01/P1Y: total 35,944,826 but rows sum to 35,944,862 (")
    assert "total ncmec_ojjdp_transparency reports_received WORLD reporter=esp at " in error


def test_results_are_written_for_people_and_machines(judged_cases: dict[str, Validation]) -> None:
    validation = judged_cases["disordered_breakdown"]
    lines = validation.to_markdown("codes").splitlines()
    assert lines[0] == "| result | check | expectation | observed | unexpected rows |"
    assert lines[2].startswith("| FAIL | codes | expect_column_values_to_be_null(breakdown_problem")
    assert all(line.startswith("| pass | codes | ") for line in lines[3:])
    assert len(validation.to_markdown().splitlines()) == len(validation.results) + 2
    information = judged_cases["figure_changed"].to_markdown().splitlines()[2]
    assert information.startswith("| information | coverage | ")
    assert "A publisher may revise a figure" in information
    written = json.loads(validation.to_json())
    assert (written["source_id"], written["is_valid"], written["snapshot_id"]) == ("disordered_breakdown", False, "a" * 64)
    (failed,) = [result for result in written["results"] if not result["success"]]
    assert failed["unexpected_count"] == 1


def test_a_bar_in_a_finding_does_not_break_the_table() -> None:
    validation = Validation("x", "", (Expected("values", "a|b", success=False, observed="one\ntwo", unexpected_rows=("c|d",)),))
    assert validation.to_markdown().splitlines()[2] == "| FAIL | values | a\\|b | one two | c\\|d |"


def test_several_snapshots_are_all_named() -> None:
    frame = pl.concat([synthetic("x"), synthetic("x").with_columns(published_on=pl.lit("2022"), snapshot_id=pl.lit("b" * 64))])
    assert validate(frame, "x").snapshot_id == f"{'a' * 64},{'b' * 64}"


def test_nothing_slow_is_imported_with_the_module() -> None:
    code = "import sys, pipelines.expectations; sys.exit(' '.join({'great_expectations', 'pandas'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


_JUDGE = (
    "import os, sys, time, polars as pl; from pipelines import judging; "
    "told = judging.unexpected_rows(pl.DataFrame({'a': [1, 5]}), "
    "[judging.Asked('ExpectColumnValuesToBeBetween', {'column': 'a', 'max_value': 3}, 'a')]); "
    "print(told, judging._process(os.getpid()).pid, flush=True); "
)


def test_a_process_that_has_judged_ends_in_silence() -> None:
    done = subprocess.run([sys.executable, "-c", _JUDGE], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.partition(" ")[0], done.stderr) == (0, "[[1]]", "")


def test_what_judges_ends_with_whoever_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", _JUDGE + "time.sleep(600)"], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        judge = int(asking.stdout.readline().split()[-1])
        assert Path(f"/proc/{judge}").exists()
        asking.kill()
        asking.wait()
    until = time.monotonic() + 60
    while Path(f"/proc/{judge}/cmdline").exists() and Path(f"/proc/{judge}/cmdline").read_bytes():
        assert time.monotonic() < until, "it lives on"
        time.sleep(0.05)


def test_what_judges_is_started_again_after_it_was_killed() -> None:
    rows, asked = pl.DataFrame({"a": [1, None]}), [judging.Asked("ExpectColumnValuesToNotBeNull", {"column": "a"}, "a is not empty")]
    assert judging.unexpected_rows(rows, asked) == [[1]]
    judging._process(os.getpid()).kill()
    with pytest.raises(judging.ExpectationError, match="ended with -9"):
        judging.unexpected_rows(rows, asked)
    assert judging.unexpected_rows(rows, asked) == [[1]]


def test_what_cannot_be_judged_is_an_error_and_not_a_verdict() -> None:
    asked = [judging.Asked("ExpectColumnValuesToNotBeNull", {"column": "b"}, "b is not empty")]
    with pytest.raises(judging.ExpectationError, match="b is not empty could not be run"):
        judging.unexpected_rows(pl.DataFrame({"a": [1]}), asked)

