"""Validation: Great Expectations suites from the schema, the code lists and the control totals.

Belongs here: what is expected of a source before it may be published, the run of those expectations, and their results
with the rows that break them. Does not belong here: how the library is asked (judging.py), which figures must add up
(catalog/control_totals.toml and control_totals.py), and what happens to a source that fails (assets/).

Every source of a build shares one run: the results are told apart by row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from pipelines import observations as schema
from pipelines.conforming import SCHEMA
from pipelines.control_totals import (
    ControlTotal,
    ControlTotals,
    judge,
    judge_between_sources,
    load_control_totals,
    newest_editions,
    written,
)
from pipelines.judging import Asked, unexpected_rows
from pipelines.observations import COLUMNS, KEY, MISSING_STATUSES, SERIES_DIMENSIONS
from pipelines.publications import shown
from pipelines.vocabulary import CODE_LIST_OF, Vocabulary, catalogue_vocabulary

Check = Literal["schema", "codes", "values", "control_totals", "coverage"]
Severity = Literal["error", "warning", "information"]

CHECKS: tuple[Check, ...] = ("schema", "codes", "values", "control_totals", "coverage")
#: unexpected rows that a result names; `unexpected_count` has all of them
SHOWN_ROWS = 20
#: more than anything published here in any unit, and less than infinity
_LARGEST_VALUE = 10**15
#: the source_id of what is found between sources
BETWEEN_SOURCES = "between_sources"


@dataclass(frozen=True)
class Expected:
    """What one expectation found.

    Attributes:
        check: group it belongs to, one of `CHECKS`.
        expectation: its type in Great Expectations, and its arguments in short.
        success: whether every row is as expected.
        observed: what was looked at, and what was found.
        unexpected_rows: the first rows that are not, each with series, period, place and value.
        unexpected_count: how many rows are not.
        severity: `error` keeps a source out of the release; `warning` and `information` are shown only.
        reason: why it is no error.
    """

    check: Check
    expectation: str
    success: bool
    observed: str
    unexpected_rows: tuple[str, ...] = ()
    unexpected_count: int = 0
    severity: Severity = "error"
    reason: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it keeps the source out of the release."""
        return not self.success and self.severity == "error"


@dataclass(frozen=True)
class Validation:
    """What was found for one source.

    Attributes:
        source_id: the source, or `between_sources`.
        snapshot_id: SHA-256 of the bytes judged; several, separated by a comma, where the rows come from several.
        results: one for each expectation.
    """

    source_id: str
    snapshot_id: str
    results: tuple[Expected, ...]

    @property
    def is_valid(self) -> bool:
        """Whether nothing blocks."""
        return not any(result.blocks for result in self.results)

    def results_of(self, check: Check) -> tuple[Expected, ...]:
        """Return the results of one group of expectations."""
        return tuple(result for result in self.results if result.check == check)

    @property
    def errors(self) -> tuple[str, ...]:
        """The unexpected rows of everything that blocks, in words; the expectation itself where it names no row."""
        return tuple(
            row
            for result in self.results
            if result.blocks
            for row in result.unexpected_rows or (f"{self.source_id}: {result.expectation}: {result.observed}",)
        )

    def to_markdown(self, check: Check | None = None) -> str:
        """Write the results as a table, failures first; of one group of expectations if it is named."""
        rows = ["| result | check | expectation | observed | unexpected rows |", "|---|---|---|---|---|"]
        chosen = self.results if check is None else self.results_of(check)
        for result in sorted(chosen, key=lambda result: result.success):
            verdict = "pass" if result.success else "FAIL" if result.blocks else result.severity
            observed = f"{result.observed} ({result.reason})" if result.reason and not result.success else result.observed
            cells = [_inert(cell) for cell in (verdict, result.check, result.expectation, observed)]
            rows.append("| " + " | ".join([*cells, "<br>".join(map(_inert, result.unexpected_rows))]) + " |")
        return "\n".join(rows)

    def to_json(self) -> str:
        """Write everything as JSON."""
        return json.dumps({"is_valid": self.is_valid, **asdict(self)}, indent=2, ensure_ascii=False)


def _inert(text: str) -> str:
    """Write text of a publication so that a cell of a table in Markdown shows it, and nothing in it is markup, a link or a picture."""
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), ("\\", "&#92;"), ("|", "\\|"), ("](", "]&#40;"), ("\n", " ")):
        text = text.replace(sign, instead)
    return shown(text)


@dataclass(frozen=True)
class _Expectation:
    """One expectation before it is run: what Great Expectations is asked, and how its findings are told.

    Attributes:
        check: group.
        kind: name of the class in Great Expectations.
        arguments: what the class is given.
        in_short: the arguments, for people.
        shown: columns whose values a finding quotes.
    """

    check: Check
    kind: str
    arguments: Mapping[str, Any]
    in_short: str
    shown: tuple[str, ...] = ()
    severity: Severity = "error"
    reason: str = ""

    @property
    def text(self) -> str:
        """The expectation as the library calls it, and its arguments in short."""
        return f"{re.sub(r'(?<!^)(?=[A-Z])', '_', self.kind).lower()}({self.in_short})"


@dataclass(frozen=True)
class _Table:
    """Rows that expectations are run on, and who each belongs to.

    Attributes:
        rows: what Great Expectations sees; `judged_as` is the source that a row speaks for.
        expectations: the suite.
        counted: what a row is, for `observed`.
        tell: writes one finding: the row, and the expectation that it breaks.
        filled_only: whether an expectation looks at the rows that have something in its column, instead of all.
        sources: sources that get a result even without a row.
    """

    rows: pl.DataFrame
    expectations: tuple[_Expectation, ...]
    counted: str
    tell: Callable[[Mapping[str, Any], _Expectation], str]
    filled_only: bool = False
    sources: tuple[str, ...] = ()

    def looked_at(self, expectation: _Expectation) -> dict[str, int]:
        """Count the rows that an expectation looks at, by source."""
        rows = self.rows.filter(pl.col(expectation.arguments["column"]).is_not_null()) if self.filled_only else self.rows
        return dict.fromkeys(self.sources, 0) | dict(rows.group_by("judged_as", maintain_order=True).len().iter_rows())


def validate(
    observations: pl.DataFrame, source_id: str, previous: pl.DataFrame | None = None, vocabulary: Vocabulary | None = None
) -> Validation:
    """Judge the observations of one source; see `validate_many`, which is much faster for several."""
    return validate_many({source_id: observations}, {} if previous is None else {source_id: previous}, vocabulary)[source_id]


def validate_many(
    observations: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame] | None = None,
    vocabulary: Vocabulary | None = None,
    control_totals: ControlTotals | None = None,
) -> dict[str, Validation]:
    """Judge the observations of several sources in one run.

    Args:
        observations: source_id -> its observations.
        previous: source_id -> those of its last valid vintage; a source without one cannot lose anything.
        vocabulary: code lists; the catalogue's by default.
        control_totals: what must add up; what the catalogue declares by default.

    Returns:
        source_id -> what was found. A source whose columns are not those of the schema is judged on them only, and the
        other checks say so.
    """
    vocabulary = vocabulary or catalogue_vocabulary()
    control_totals = control_totals or load_control_totals()
    fitting = {source_id: frame for source_id, frame in observations.items() if list(frame.schema.items()) == list(SCHEMA.items())}
    tables = [_column_table(observations), _size_table(observations)]
    if fitting:
        together = pl.concat([frame.with_columns(pl.lit(source_id).alias("judged_as")) for source_id, frame in fitting.items()])
        tables += [_row_table(together, vocabulary), _coverage_table(fitting, previous or {})]
        # a row under a wrong source_id is told by its own expectation; here it counts where it was found
        judged = judge(together.with_columns(source_id="judged_as"), control_totals, vocabulary)
        tables.append(_total_table(judged, control_totals))
    found = _run(tables)
    return {
        source_id: _validation(source_id, frame, source_id in fitting, found.get(source_id, []))
        for source_id, frame in observations.items()
    }


def validate_across(observations: pl.DataFrame, control_totals: ControlTotals | None = None) -> Validation:
    """Judge what holds between sources, once, before anything is matched.

    Args:
        observations: of all sources that are valid.
        control_totals: what must agree; what the catalogue declares by default.
    """
    control_totals = control_totals or load_control_totals()
    judged = judge_between_sources(observations, control_totals)
    found = _run([_total_table(judged, control_totals, source_id=BETWEEN_SOURCES)])
    return Validation(BETWEEN_SOURCES, "", tuple(found.get(BETWEEN_SOURCES, [])))


def _validation(source_id: str, frame: pl.DataFrame, fits: bool, results: Sequence[Expected]) -> Validation:
    snapshots: list[str] = (
        frame["snapshot_id"].drop_nulls().unique().sort().cast(pl.String).to_list() if "snapshot_id" in frame.columns else []
    )
    missing = () if fits else tuple(check for check in CHECKS if not any(result.check == check for result in results))
    unjudged = (Expected(check, "not judged", success=False, observed="the columns are not those of the schema") for check in missing)
    return Validation(source_id, ",".join(snapshots), (*sorted(results, key=lambda result: CHECKS.index(result.check)), *unjudged))


# --- what is expected ---------------------------------------------------------------------------------------------------


def _column_table(observations: Mapping[str, pl.DataFrame]) -> _Table:
    """One row per column of each source, as it is and as the schema has it."""
    rows = [
        {
            "judged_as": source_id,
            "position": position + 1,
            "column": frame.columns[position] if position < len(frame.columns) else "(none)",
            "schema_column": COLUMNS[position].name if position < len(COLUMNS) else "(none)",
            "dtype": str(frame.dtypes[position]) if position < len(frame.columns) else "(none)",
            "schema_dtype": str(SCHEMA[COLUMNS[position].name]) if position < len(COLUMNS) else "(none)",
        }
        for source_id, frame in observations.items()
        for position in range(max(len(frame.columns), len(COLUMNS)))
    ]
    return _Table(
        pl.DataFrame(rows),
        (
            _pair_equal("schema", "column", "schema_column", "columns and their order"),
            _pair_equal("schema", "dtype", "schema_dtype", "types of the columns"),
        ),
        "columns",
        lambda row, expectation: (
            f"{row['judged_as']}: column {row['position']} `{row['column']}`: {expectation.shown[0]} is {row[expectation.shown[0]]}, "
            f"in the schema it is {row[expectation.shown[1]]}"
        ),
    )


def _size_table(observations: Mapping[str, pl.DataFrame]) -> _Table:
    rows = pl.DataFrame({"judged_as": list(observations), "rows": [frame.height for frame in observations.values()]})
    expectation = _Expectation("coverage", "ExpectColumnValuesToBeBetween", {"column": "rows", "min_value": 1}, "rows; at least 1")
    return _Table(rows, (expectation,), "frame", lambda row, _: f"{row['judged_as']}: no row at all: look whether the publication changed")


def _row_table(together: pl.DataFrame, vocabulary: Vocabulary) -> _Table:
    """The observations, with columns beside them that put two or three of their cells into one."""
    periods = {text: _bounds(text) for text in together["time_period"].unique().to_list()}
    editions = {text: _edition(text) for text in together["published_on"].drop_nulls().unique().to_list()}
    breakdowns = {text: schema.breakdown_problem(text) for text in together["breakdown"].drop_nulls().unique().to_list()}
    percent = pl.col("unit_measure") == "percent"
    rows = together.drop("url", "obs_note").with_columns(
        _looked_up("time_period", {text: bounds[0] for text, bounds in periods.items()}, pl.Date()).alias("stated_start"),
        _looked_up("time_period", {text: bounds[1] for text, bounds in periods.items()}, pl.Date()).alias("stated_end"),
        pl.coalesce(
            _looked_up("time_period", {text: bounds[2] for text, bounds in periods.items()}, pl.String()),
            _looked_up("published_on", {text: problem for text, (_, problem) in editions.items()}, pl.String()),
        ).alias("impossible_date"),
        _looked_up("breakdown", breakdowns, pl.String()).alias("breakdown_problem"),
        # a forecast is published before its period starts
        pl.when(pl.col("obs_status") != "F")
        .then(_looked_up("published_on", {text: day for text, (day, _) in editions.items()}, pl.Date()))
        .alias("known_on"),
        _pair(_known("obs_status", vocabulary), _some_or_none("obs_value")).alias("obs_status and obs_value"),
        _pair(_known("value_qualifier", vocabulary), _known("unit_measure", vocabulary)).alias("value_qualifier and unit_measure"),
        _pair(_known("unit_measure", vocabulary), _some_or_none("base_value")).alias("unit_measure and base_value"),
        _pair(_known("unit_measure", vocabulary), _some_or_none("decimals")).alias("unit_measure and decimals"),
        pl.when(percent).then("obs_value").alias("percentage"),
        pl.when((pl.col("unit_measure") == "count") & (pl.col("value_qualifier") != "approx"))
        .then(pl.col("obs_value") % 1)
        .alias("fraction"),
    )
    return _Table(rows, (*_schema_expectations(), *_code_expectations(vocabulary), *_value_expectations(vocabulary)), "rows", _told_row)


def _schema_expectations() -> list[_Expectation]:
    return [
        *(
            _Expectation("schema", "ExpectColumnValuesToNotBeNull", {"column": column.name}, column.name, (column.name,))
            for column in COLUMNS
            if column.required
        ),
        _pair_equal("schema", "source_id", "judged_as", "source_id is that of the source"),
    ]


def _code_expectations(vocabulary: Vocabulary) -> list[_Expectation]:
    return [
        *(
            _Expectation(
                "codes",
                "ExpectColumnValuesToBeInSet",
                {"column": name, "value_set": list(vocabulary.codes[name])},
                f"{name}; {len(vocabulary.codes[name])} codes of {file}.csv",
                (name,),
            )
            for name, file in CODE_LIST_OF.items()
        ),
        _matches("codes", "ref_area", schema.AREA_PATTERN),
        _is_null("codes", "breakdown_problem", "pairs of the breakdown are key=value in key order", ("breakdown",)),
    ]


def _value_expectations(vocabulary: Vocabulary) -> list[_Expectation]:
    codes = vocabulary.codes
    return [
        _matches("values", "time_period", schema.PERIOD_PATTERN),
        _matches("values", "published_on", schema.PUBLISHED_ON_PATTERN),
        _matches("values", "snapshot_id", re.compile(r"[0-9a-f]{64}"), "SHA-256"),
        _is_null("values", "impossible_date", "dates exist", ("time_period", "published_on")),
        _pair_equal("values", "period_start", "stated_start", "period_start is that of time_period"),
        _pair_equal("values", "period_end", "stated_end", "period_end is that of time_period"),
        _not_before("period_end", "period_start"),
        _not_before("known_on", "period_start", ("published_on", "period_start")),
        _between("obs_value", minimum=0, maximum=_LARGEST_VALUE),
        _between("base_value", minimum=0),
        _between("decimals", minimum=0),
        _between("percentage", minimum=0, maximum=100, shown=("obs_value",)),
        _between("fraction", minimum=0, maximum=0, shown=("obs_value", "unit_measure")),
        _of_pairs(
            "obs_status", "obs_value", [(code, "none" if code in MISSING_STATUSES else "some") for code in codes["obs_status"]],
            f"no value with {', '.join(MISSING_STATUSES)}, a value with every other status",
        ),
        _of_pairs(
            "value_qualifier", "unit_measure",
            [(q, unit) for q in codes["value_qualifier"] for unit in codes["unit_measure"] if q != "share_rounded" or unit == "percent"],
            "share_rounded is for percentages",
        ),
        _of_pairs(
            "unit_measure", "base_value", [("percent", "some"), *((unit, "none") for unit in codes["unit_measure"])],
            "a base stands beside percentages only",
        ),
        _of_pairs(
            "unit_measure", "decimals", [(unit, "some" if unit == "percent" else "none") for unit in codes["unit_measure"]],
            "decimals stand beside percentages, and only there",
        ),
        _Expectation(
            "values", "ExpectCompoundColumnsToBeUnique", {"column_list": ["judged_as", *KEY]},
            "dimensions, period, published_on, evidence",
        ),
    ]  # fmt: skip


def _coverage_table(observations: Mapping[str, pl.DataFrame], previous: Mapping[str, pl.DataFrame]) -> _Table:
    """One row per figure of the last valid vintage of each source: whether it is still there, and unchanged."""
    on = [*SERIES_DIMENSIONS, "period_start", "period_end"]
    kept = [
        pl.DataFrame(schema={**SCHEMA, "now": pl.Float64(), "still_there": pl.String(), "unchanged": pl.String(), "judged_as": pl.String()})
    ]
    for source_id, frame in observations.items():
        if source_id not in previous:
            continue
        now = newest_editions(frame).select(*on, pl.col("obs_value").alias("now"), pl.lit("yes").alias("still_there"))
        kept.append(
            newest_editions(previous[source_id])
            .select(list(SCHEMA))
            .join(now, on=on, how="left", maintain_order="left")
            .with_columns(
                _yes_or_no(pl.col("still_there").is_not_null()).alias("still_there"),
                pl.when(pl.col("still_there").is_not_null())
                .then(_yes_or_no(pl.col("obs_value").eq_missing(pl.col("now"))))
                .alias("unchanged"),
                pl.lit(source_id).alias("judged_as"),
            )
        )
    expectations = (
        _Expectation(
            "coverage", "ExpectColumnValuesToBeInSet", {"column": "still_there", "value_set": ["yes"]},
            "every figure of the last valid vintage is still there",
        ),
        _Expectation(
            "coverage", "ExpectColumnValuesToBeInSet", {"column": "unchanged", "value_set": ["yes"]},
            "no figure of the last valid vintage has changed", severity="information",
            reason="A publisher may revise a figure: both vintages are kept and the change is shown.",
        ),
    )  # fmt: skip

    def tell(row: Mapping[str, Any], _: _Expectation) -> str:
        change = "is gone" if row["still_there"] == "no" else f"is now {written(row['now'])}"
        return f"{row['judged_as']}: {row['time_period']}: {_series(row)}: {written(row['obs_value'])} at {row['source_locator']} {change}"

    return _Table(pl.concat(kept), expectations, "figures of the last valid vintage", tell, filled_only=True, sources=tuple(observations))


def _total_table(judged: pl.DataFrame, declared: ControlTotals, source_id: str | None = None) -> _Table:
    """One row per total, one column per control total: how far its parts are from what the rounding allows."""
    controls = {control.name: control for control in declared.controls}
    present = judged["control"].unique(maintain_order=True).to_list()
    rows = judged.with_columns(
        (pl.lit(source_id) if source_id else pl.col("source_id")).alias("judged_as"),
        *(pl.when(pl.col("control") == name).then("difference").alias(name) for name in present),
    )
    expectations = tuple(_holds(controls[name]) for name in present)
    return _Table(rows, expectations, "totals", lambda row, _: str(row["finding"]), filled_only=True)


def _holds(control: ControlTotal) -> _Expectation:
    return _Expectation(
        "control_totals",
        "ExpectColumnValuesToBeBetween",
        {"column": control.name, "min_value": 0, "max_value": 0},
        f"difference of {control.name}; 0 beyond the rounding: {control.says}",
        (control.name,),
        "warning" if control.severity == "warning" else "error",
        control.severity_reason,
    )


def _matches(check: Check, column: str, pattern: re.Pattern[str], in_short: str = "pattern of the schema") -> _Expectation:
    # the library warns about groups that it does not use
    regex = re.sub(r"\(\?P<\w+>|\((?!\?)", "(?:", pattern.pattern)
    return _Expectation(
        check,
        "ExpectColumnValuesToMatchRegex",
        {"column": column, "regex": f"^(?:{regex})$"},
        f"{column}; {in_short}",
        (column,),
    )


def _is_null(check: Check, column: str, in_short: str, shown: tuple[str, ...]) -> _Expectation:
    return _Expectation(check, "ExpectColumnValuesToBeNull", {"column": column}, f"{column}; {in_short}", shown)


def _pair_equal(check: Check, a: str, b: str, in_short: str) -> _Expectation:
    arguments = {"column_A": a, "column_B": b, "ignore_row_if": "either_value_is_missing"}
    return _Expectation(check, "ExpectColumnPairValuesToBeEqual", arguments, f"{a}, {b}; {in_short}", (a, b))


def _not_before(later: str, earlier: str, shown: tuple[str, ...] = ()) -> _Expectation:
    arguments = {"column_A": later, "column_B": earlier, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return _Expectation(
        "values", "ExpectColumnPairValuesAToBeGreaterThanB", arguments, f"{later}, {earlier}; or equal", shown or (later, earlier)
    )


def _of_pairs(a: str, b: str, pairs: list[tuple[str, str]], in_short: str) -> _Expectation:
    # two cells in one column: the library's own expectation on pairs walks the rows one by one
    arguments = {"column": f"{a} and {b}", "value_set": [f"{first} and {second}" for first, second in pairs]}
    return _Expectation("values", "ExpectColumnValuesToBeInSet", arguments, f"{a} and {b}; {in_short}", (a, b))


def _between(column: str, minimum: float, maximum: float | None = None, shown: tuple[str, ...] = ()) -> _Expectation:
    bounds = {"min_value": minimum} | ({} if maximum is None else {"max_value": maximum})
    in_short = f"{column}; at least {minimum}" if maximum is None else f"{column}; {minimum} to {maximum}"
    return _Expectation("values", "ExpectColumnValuesToBeBetween", {"column": column, **bounds}, in_short, shown or (column,))


def _bounds(time_period: str | None) -> tuple[date | None, date | None, str | None]:
    if time_period is None or not schema.PERIOD_PATTERN.fullmatch(time_period):
        return None, None, None  # the pattern says so already
    try:
        return (*schema.period_bounds(time_period), None)
    except ValueError as problem:
        return None, None, str(problem)


def _edition(published_on: str) -> tuple[date | None, str | None]:
    if not schema.PUBLISHED_ON_PATTERN.fullmatch(published_on):
        return None, None  # the pattern says so already
    problem = schema.published_on_problem(published_on)
    return (None, problem) if problem else (schema.last_day_of(published_on), None)


def _looked_up(column: str, values: Mapping[Any, Any], dtype: pl.DataType) -> pl.Expr:
    return pl.col(column).replace_strict(list(values), list(values.values()), return_dtype=dtype, default=None)


def _yes_or_no(condition: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(pl.lit("yes")).otherwise(pl.lit("no"))


def _some_or_none(column: str) -> pl.Expr:
    empty = pl.col(column).is_null() | pl.col(column).cast(pl.Float64).is_nan()
    return pl.when(empty).then(pl.lit("none")).otherwise(pl.lit("some"))


def _known(column: str, vocabulary: Vocabulary) -> pl.Expr:
    # a code that is on no list is told by the expectation on that list
    return pl.when(pl.col(column).is_in(vocabulary.codes[column])).then(column)


def _pair(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    return pl.concat_str(first, second, separator=" and ")


def _series(row: Mapping[str, Any]) -> str:
    return " ".join(str(row[name]) for name in ("measure", "ref_area", "breakdown") if row[name])


def _told_row(row: Mapping[str, Any], expectation: _Expectation) -> str:
    cells = (
        ", ".join(f"{name} is {'empty' if row[name] is None else f'`{row[name]}`'}" for name in expectation.shown)
        or "the same key stands twice"
    )
    return f"{row['judged_as']}: {row['time_period']}: {_series(row)}: {cells} ({written(row['obs_value'])} at {row['source_locator']})"


# --- the run ------------------------------------------------------------------------------------------------------------


def _run(tables: Sequence[_Table]) -> dict[str, list[Expected]]:
    """Run every table's suite and tell the results apart by source."""
    found: dict[str, list[Expected]] = {}
    for table in tables:
        asked = [Asked(expectation.kind, expectation.arguments, expectation.text) for expectation in table.expectations]
        unexpected = unexpected_rows(table.rows, asked) if table.rows.height else [[] for _ in asked]
        for expectation, numbers in zip(table.expectations, unexpected, strict=True):
            broken = table.rows[numbers].partition_by("judged_as", as_dict=True)
            for source_id, looked_at in table.looked_at(expectation).items():
                rows = broken.get((source_id,), table.rows.clear())
                result = Expected(
                    check=expectation.check,
                    expectation=expectation.text,
                    success=rows.is_empty(),
                    observed=f"{table.counted}: {looked_at:,}, {f'{rows.height:,}' if rows.height else 'none'} unexpected",
                    unexpected_rows=tuple(table.tell(row, expectation) for row in rows.head(SHOWN_ROWS).iter_rows(named=True)),
                    unexpected_count=rows.height,
                    severity=expectation.severity,
                    reason=expectation.reason,
                )
                found.setdefault(source_id, []).append(result)
    return found
