"""The one way into the schema: what `conform` accepts, what it makes of it, and every refusal in words that help."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.conforming import SCHEMA, ObservationError, conform
from pipelines.observations import COLUMNS, KEY, OPTIONAL, SERIES_DIMENSIONS, last_day_of, period_bounds

Row = dict[str, object]
SYNTHETIC = "synthetic_source"
FIGURE: Row = {
    "measure": "reports_received",
    "ref_area": "US",
    "time_period": "2023-01-01/P1Y",
    "unit_of_count": "report",
    "unit_measure": "count",
    "offense_scope": "cybertipline_incident_types",
    "jurisdiction": "us_all",
    "pathway": "any",
    "statistical_population": "cybertipline_reports",
    "breakdown": "",
    "obs_value": "12",
    "value_qualifier": "exact",
    "obs_status": "A",
    "published_on": "2024-05-08",
    "evidence": "publication",
    "source_locator": "p. 7, table 1",
}
PERCENTAGE: Row = {**FIGURE, "unit_measure": "percent", "value_qualifier": "share_rounded", "obs_value": "59.0"}


def conformed(*rows: Row) -> pl.DataFrame:
    return conform(pl.DataFrame(rows), SYNTHETIC)


def figure(**changes: object) -> Row:
    return {**FIGURE, **changes}


# --- what comes out -------------------------------------------------------------------------------------------------------------


def test_a_figure_becomes_an_observation() -> None:
    frame = conformed(FIGURE)
    assert dict(frame.schema) == dict(SCHEMA)
    assert frame.row(0, named=True) == {
        **FIGURE,
        "source_id": SYNTHETIC,
        "obs_value": 12.0,
        "period_start": date(2023, 1, 1),
        "period_end": date(2023, 12, 31),
        "base_value": None,
        "decimals": None,
        "url": None,
        "obs_note": None,
        "snapshot_id": None,
    }


def test_rows_keep_their_order_and_text_its_inside() -> None:
    frame = conformed(figure(source_locator="  z, twice  spaced "), figure(ref_area="WORLD", source_locator="a"))
    assert frame["source_locator"].to_list() == ["z, twice  spaced", "a"]


def test_typed_columns_are_taken_too() -> None:
    typed = figure(obs_value=12, period_start=date(2023, 1, 1), period_end=date(2023, 12, 31), decimals=None)
    assert conformed(typed).equals(conformed(FIGURE))


def test_conforming_twice_changes_nothing() -> None:
    once = conformed(FIGURE, {**PERCENTAGE, "base_value": "80"}, figure(ref_area="WORLD", obs_value="", obs_status="L"))
    assert conform(once, SYNTHETIC).equals(once)


def test_no_row_is_no_error() -> None:
    assert conform(pl.DataFrame([FIGURE]).clear(), SYNTHETIC).height == 0


@pytest.mark.parametrize("name", [*OPTIONAL, "source_id"])
def test_an_optional_column_may_be_absent_or_empty(name: str) -> None:
    assert conformed({key: value for key, value in FIGURE.items() if key != name}).height == 1
    if name != "source_id":
        assert conformed(figure(**{name: ""})).height == 1


def test_an_empty_breakdown_is_the_empty_text() -> None:
    assert conformed(figure(breakdown=None), figure(ref_area="WORLD", breakdown=" "))["breakdown"].to_list() == ["", ""]


@pytest.mark.parametrize("status", ["A", "B", "D", "E", "P", "U"])
def test_a_value_has_a_status_of_values(status: str) -> None:
    assert conformed(figure(obs_status=status))["obs_value"].to_list() == [12.0]


@pytest.mark.parametrize("status", ["L", "M", "O", "Q"])
def test_a_missing_value_has_its_status_and_is_not_zero(status: str) -> None:
    assert conformed(figure(obs_status=status, obs_value=""))["obs_value"].to_list() == [None]


def test_zero_is_a_value() -> None:
    assert conformed(figure(obs_value="0"))["obs_value"].to_list() == [0.0]


def test_a_suppressed_cell_printed_as_a_bound_has_no_value() -> None:
    suppressed = figure(obs_value="50", value_qualifier="lt", obs_status="Q")
    frame = conformed({**suppressed, "obs_note": "Small cells are withheld."}, {**suppressed, "ref_area": "WORLD"})
    noted, told = frame.rows(named=True)
    assert (noted["obs_value"], noted["obs_note"], noted["value_qualifier"]) == (None, "Small cells are withheld.", "lt")
    assert told["obs_value"] is None
    assert "50" in told["obs_note"]


def test_a_bound_that_is_not_suppressed_keeps_its_value() -> None:
    assert conformed(figure(obs_value="50", value_qualifier="lt"))["obs_value"].to_list() == [50.0]


@pytest.mark.parametrize(("printed", "decimals"), [("59", 0), ("59.0", 1), ("59.25", 2), ("0.125", 3), ("100", 0)])
def test_the_decimals_of_a_percentage_are_those_printed(printed: str, decimals: int) -> None:
    assert conformed({**PERCENTAGE, "obs_value": printed})["decimals"].to_list() == [decimals]


def test_given_decimals_come_first_and_counts_have_none() -> None:
    given = {**PERCENTAGE, "obs_value": "59", "decimals": "1"}
    assert conformed(given, figure(obs_value="59.5"))["decimals"].to_list() == [1, None]


def test_a_number_that_came_typed_shows_no_printed_decimals() -> None:
    # 59.0 as a number may have been printed 59: its rounding must not be taken for narrower than it is
    assert conformed({**PERCENTAGE, "obs_value": 59.0})["decimals"].to_list() == [None]


def test_a_percentage_keeps_its_base() -> None:
    assert conformed({**PERCENTAGE, "base_value": "36080"})["base_value"].to_list() == [36080.0]


def test_editions_and_readings_of_one_figure_are_told_apart() -> None:
    assert conformed(FIGURE, figure(published_on="2025"), figure(evidence="quotation"), figure(published_on="")).height == 4


# --- periods --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time_period", "start", "end"),
    [
        ("2024-01-01/P1Y", "2024-01-01", "2024-12-31"),
        ("2023-10-01/P1Y", "2023-10-01", "2024-09-30"),
        ("2003-10-01/P10Y", "2003-10-01", "2013-09-30"),
        ("2025-01-01/P6M", "2025-01-01", "2025-06-30"),
        ("2024-02-01/P1M", "2024-02-01", "2024-02-29"),
        ("2023-02-01/P1M", "2023-02-01", "2023-02-28"),
        ("1900-02-01/P1M", "1900-02-01", "1900-02-28"),
        ("2000-02-01/P1M", "2000-02-01", "2000-02-29"),
        ("2023-11-01/P14M", "2023-11-01", "2024-12-31"),
        ("2024-02-28/P2W", "2024-02-28", "2024-03-12"),
        ("2023-02-20/P10D", "2023-02-20", "2023-03-01"),
        ("2024-02-20/P10D", "2024-02-20", "2024-02-29"),
        ("2024-01-01/P366D", "2024-01-01", "2024-12-31"),
        ("2023-01-01/P1Y6M", "2023-01-01", "2024-06-30"),
        ("2003-07-09/2008-11-20", "2003-07-09", "2008-11-20"),
        ("2024-02-29/2024-02-29", "2024-02-29", "2024-02-29"),
    ],
)
def test_bounds_are_derived_from_the_period(time_period: str, start: str, end: str) -> None:
    row = conformed(figure(time_period=time_period)).row(0, named=True)
    assert (row["period_start"], row["period_end"]) == (date.fromisoformat(start), date.fromisoformat(end))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 5000))
def test_start_and_end_round_trip(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    assert period_bounds(f"{start}/{end}") == (start, end)
    assert period_bounds(f"{start}/P{days + 1}D") == (start, end)
    if (days + 1) % 7 == 0:
        assert period_bounds(f"{start}/P{(days + 1) // 7}W") == (start, end)


@given(st.integers(1900, 2100), st.integers(1, 12), st.integers(1, 240))
def test_whole_months_end_with_a_month(year: int, month: int, months: int) -> None:
    start, end = period_bounds(f"{year:04}-{month:02}-01/P{months}M")
    assert start == date(year, month, 1)
    # counted on a calendar, one month after the other
    walked = (year, month)
    for _ in range(months - 1):
        walked = (walked[0] + 1, 1) if walked[1] == 12 else (walked[0], walked[1] + 1)
    assert end == date(*walked, monthrange(*walked)[1])
    if months % 12 == 0:
        assert period_bounds(f"{year:04}-{month:02}-01/P{months // 12}Y") == (start, end)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(1, 30))
def test_years_follow_each_other_without_gap_or_overlap(start: date, years: int) -> None:
    if start.day < 29:
        _, end = period_bounds(f"{start}/P{years}Y")
        after = end + timedelta(days=1)
        assert (after.year, after.month, after.day) == (start.year + years, start.month, start.day)


@pytest.mark.parametrize(
    ("published_on", "last"),
    [("2024", "2024-12-31"), ("2024-02", "2024-02-29"), ("2023-02", "2023-02-28"), ("2023-12", "2023-12-31"), ("2024-05-08", "2024-05-08")],
)
def test_a_partial_date_may_mean_its_last_day(published_on: str, last: str) -> None:
    assert last_day_of(published_on) == date.fromisoformat(last)


# --- refusals -------------------------------------------------------------------------------------------------------------------

#: what is wrong -> what is said about it, remedy included
REFUSALS: dict[str, tuple[Row, str, str]] = {
    "bare year": (figure(time_period="2023"), "`2023` is a bare year", "write 2023-01-01/P1Y for a calendar year or 2022-10-01/P1Y"),
    "fiscal year in words": (figure(time_period="FY2024"), "`FY2024` is no ISO 8601 interval", "write start/duration or start/end"),
    "half an interval": (figure(time_period="2023-01-01/P"), "is no ISO 8601 interval", "write start/duration"),
    "no period": (figure(time_period=""), "is no ISO 8601 interval", "write start/duration"),
    "hours": (figure(time_period="2023-01-01/PT1H"), "is no ISO 8601 interval", "write start/duration"),
    "no such day": (figure(time_period="2023-02-29/P1Y"), "day is out of range", "correct the date"),
    "beyond the calendar": (figure(time_period="9999-06-01/P1Y"), "out of range", "correct the date"),
    "ends before it starts": (figure(time_period="2023-02-01/2023-01-31"), "ends on 2023-01-31, before it starts", "correct start or end"),
    "no days": (figure(time_period="2023-01-01/P0D"), "before it starts", "correct start or end"),
    "start differs": (figure(period_start="2023-01-02"), "period_start differs from time_period", "correct one of them"),
    "end differs": (figure(period_end="2024-01-01"), "period_end differs from time_period", "correct one of them"),
    "value and status L": (figure(obs_status="L"), "obs_value beside obs_status L, M, O or Q", "drop the value or correct the status"),
    "value and status Q": (figure(obs_status="Q"), "obs_value beside obs_status", "drop the value"),
    "no value and status A": (figure(obs_value=""), "no obs_value, but obs_status says there is one", "use L, M, O or Q"),
    "no value and status U": (figure(obs_value=None, obs_status="U"), "no obs_value", "use L, M, O or Q"),
    "negative": (figure(obs_value="-1"), "obs_value is negative", "figures are counts"),
    "negative base": ({**PERCENTAGE, "base_value": "-1"}, "base_value is negative", "correct it"),
    "negative decimals": ({**PERCENTAGE, "decimals": "-1"}, "decimals is negative", "correct it"),
    "thousands separator": (figure(obs_value="1,234"), "obs_value is not a number", "write digits only, or leave it empty"),
    "words": (figure(obs_value="about ten"), "obs_value is not a number", "write digits only"),
    "not a number": (figure(obs_value="nan"), "obs_value is not a number", "write digits only"),
    "infinite": (figure(obs_value="inf"), "obs_value is not a number", "write digits only"),
    "infinite base": ({**PERCENTAGE, "base_value": "inf"}, "base_value is not a number", "write digits only"),
    "half a decimal": ({**PERCENTAGE, "decimals": "0.5"}, "decimals is not a number", "write digits only"),
    "base of a count": (figure(base_value="5"), "base_value beside a figure that is no percentage", "drop it"),
    "rounded share of a count": (figure(value_qualifier="share_rounded"), "share_rounded is for percentages only", "correct it"),
    "no place": (figure(source_locator=" "), "source_locator is empty", "say where the figure stands"),
    "day first": (figure(published_on="08.05.2024"), "published_on `08.05.2024` is no ISO date", "write 2024, 2024-05 or 2024-05-08"),
    "month thirteen": (figure(published_on="2024-13"), "published_on `2024-13` is no ISO date", "write 2024"),
    "no area": (figure(ref_area="Texas"), "ref_area `Texas` is no ISO 3166 area", "correct it"),
    "breakdown without value": (figure(breakdown="esp"), "breakdown `esp`: `esp` is not key=value", "write a lower-case key"),
    "breakdown in capitals": (figure(breakdown="ESP=a"), "is not key=value", "write a lower-case key"),
    "breakdown out of order": (figure(breakdown="reporter=esp;esp=a"), "is not in key order", "sort the pairs by key"),
    "breakdown twice": (figure(breakdown="esp=a;esp=b"), "names a key twice", "keep one"),
    **{
        f"unknown {name}": (figure(**{name: "no_such_code"}), f"{name} `no_such_code` is not in {listed}.csv", "add the code to the list")
        for name, listed in {
            "measure": "measures", "unit_of_count": "units_of_count", "unit_measure": "unit_measures", "offense_scope": "offense_scopes",
            "jurisdiction": "jurisdictions", "pathway": "pathways", "statistical_population": "statistical_populations",
            "value_qualifier": "value_qualifiers", "obs_status": "obs_status", "evidence": "evidence_grades",
        }.items()
    },
    **{
        f"no {name}": (figure(**{name: ""}), f"{name} is empty", "use `unknown` where it is not known")
        for name in (*SERIES_DIMENSIONS, "value_qualifier", "obs_status", "evidence")
        if name not in ("breakdown", "source_id")
    },
    "another source": (figure(source_id="synthetic_other"), f"source_id is not `{SYNTHETIC}`", "the row belongs to another file"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_names_source_row_place_and_remedy(what: str) -> None:
    wrong, problem, remedy = REFUSALS[what]
    place = str(wrong["source_locator"]).strip() or "no locator"
    with pytest.raises(ObservationError) as refused:
        conformed({**FIGURE, "ref_area": "WORLD", "source_id": SYNTHETIC}, {"source_id": SYNTHETIC, **wrong})
    told = str(refused.value)
    assert told.startswith(f"{SYNTHETIC}: row 2 ({place}): "), told
    assert problem in told
    assert remedy in told
    assert "\n" not in told, "one thing is wrong, one thing is said"


@pytest.mark.parametrize("name", [column.name for column in COLUMNS if column.name not in (*OPTIONAL, "source_id")])
def test_a_needed_column_must_be_there(name: str) -> None:
    with pytest.raises(ObservationError, match=f"^{SYNTHETIC}: no column {name}: add it$"):
        conformed({key: value for key, value in FIGURE.items() if key != name})


def test_a_column_nobody_knows_is_refused() -> None:
    with pytest.raises(ObservationError, match=f"^{SYNTHETIC}: unknown column defendant: remove it or name it as in the schema$"):
        conformed(figure(defendant="x"))


@pytest.mark.parametrize(
    "twin",
    [{}, {"obs_value": "13"}, {"time_period": "2023-01-01/P12M"}, {"time_period": "2023-01-01/2023-12-31"}, {"source_locator": "p. 9"}],
)
def test_one_key_stands_once(twin: Row) -> None:
    with pytest.raises(ObservationError) as refused:
        conformed(FIGURE, figure(ref_area="WORLD"), figure(**twin))
    told = str(refused.value).splitlines()
    assert [line.split(" (")[0] for line in told] == [f"{SYNTHETIC}: row 1", f"{SYNTHETIC}: row 3"]
    assert all("the same key stands twice: delete one, or tell them apart" in line for line in told)


@pytest.mark.parametrize("name", [name for name in KEY if name not in ("source_id", "period_start", "period_end")])
def test_every_part_of_the_key_tells_figures_apart(name: str) -> None:
    other = {
        "measure": "files_received", "ref_area": "WORLD", "unit_of_count": "file", "unit_measure": "percent",
        "offense_scope": "unknown", "jurisdiction": "unknown", "pathway": "unknown", "statistical_population": "unknown",
        "breakdown": "esp=a", "published_on": "2024-05", "evidence": "datafile",
    }  # fmt: skip
    assert conformed(FIGURE, figure(**{name: other[name]})).height == 2


def test_five_problems_are_shown_and_the_rest_counted() -> None:
    with pytest.raises(ObservationError) as refused:
        conformed(*(figure(ref_area=f"area {number}") for number in range(9)))
    told = str(refused.value).splitlines()
    assert [line.split(" (")[0] for line in told[:5]] == [f"{SYNTHETIC}: row {row}" for row in range(1, 6)]
    assert told[5:] == [f"{SYNTHETIC}: and 4 more"]


def test_all_that_is_wrong_in_a_row_is_said() -> None:
    with pytest.raises(ObservationError) as refused:
        conformed(figure(measure="no_such_code", time_period="2023", obs_value="x"))
    assert all(word in str(refused.value) for word in ("measure `no_such_code`", "bare year", "not a number"))
