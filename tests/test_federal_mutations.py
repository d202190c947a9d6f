"""Damaged publications of courts, prosecutors and the sentencing side: every mutant gives exactly the figures or a loud error.

The exceptions are declared here: cells that no printed number can check, and kinds of damage after which the publication is
consistent and says something else. `MUTANTS_PER_KIND` raises the number of mutants; the counts of outcomes stand in the test report.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests import samples_federal as samples
from tests.federal_mutations import DOCUMENT_KINDS, Case, DocumentCase, judge, judge_document, kinds_of, mutant, read

_PER_KIND = int(os.environ.get("MUTANTS_PER_KIND", "4"))

Figure = Mapping[str, object]


def _none(_figure: Figure) -> bool:
    return False


def _always(_figure: Figure) -> bool:
    return True


def _within_rounding(figure: Figure) -> bool:
    """Rounded figures check each other only as far as the rounding goes: small parts of a large whole are free."""
    value = figure["obs_value"]
    small = {"files_received": 300_000, "reports_referred": 100_000}[str(figure["measure"])]
    return not isinstance(value, float) or value < small or figure["ref_area"] != "US"


def _part_of_breakdown(*starts: str) -> Callable[[Figure], bool]:
    return lambda figure: str(figure["breakdown"]).startswith(starts)


def _by_measure(*names: str) -> Callable[[Figure], bool]:
    """Figures printed once, without a total or a count beside them."""
    return lambda figure: f"{figure['measure']} {figure['unit_measure']}" in names


def _child_sex_exploitation(figure: Figure) -> bool:
    once = _by_measure("defendants_convicted percent", "defendants_sentenced_to_prison percent", "prison_term_imposed months")
    # all suspects prosecuted: only a share of one decimal stands beside them
    return once(figure) or (figure["offense_scope"] == "federal_all_offenses" and figure["measure"] == "suspects_prosecuted")


def _within_change(figure: Figure) -> bool:
    """Percentages of one decimal check counts only as far as the rounding goes: to about a thousandth."""
    (published,) = {
        float(row["obs_value"])
        for row in samples.figures("aouscourts_judicial_business")
        if (row["measure"], row["time_period"]) == (figure["measure"], f"{figure['period_start']}/P1Y")
        and row["offense_scope"] == "federal_all_offenses"
    }
    value = figure["obs_value"]
    return isinstance(value, float) and abs(value - published) < 0.0015 * published


_FIELDS = {"fields exchanged": "values of two fields of one group can be exchanged: their sum stays"}
_TITLE = {"title of another subject": "a table on something else is not read; rows that vanish show against the last vintage"}
_LAST = {"last table dropped": "no list of tables tells how many there are; rows that vanish show against the last vintage"}
_YEARS = {"columns exchanged under their headers": "counts of two years can be exchanged as a whole"}
_NAMES = {"labels exchanged": "names of rows without another witness can be exchanged"}
CASES = (
    Case("platform, year", "ncmec_global_platform", samples.platform(), "json", _within_rounding, _FIELDS),
    Case("platform, half-year", "ncmec_global_platform", samples.platform("2024-01-01/P6M"), "json", _within_rounding, _FIELDS),
    Case("platform, providers", "ncmec_global_platform", samples.platform_providers(), "json", _part_of_breakdown("esp="), {}),
    Case(
        "half-year page",
        "ncmec_half_year_update",
        samples.half_year(),
        "html",
        _part_of_breakdown("incident_type=child_sex_trafficking", "topic=sadistic", "topic=financial"),
        {},
    ),
    Case(
        "child sex exploitation",
        "bjs_child_sex_exploitation",
        samples.child_sex_exploitation(),
        "zip",
        _child_sex_exploitation,
        _TITLE | _LAST | _YEARS | _NAMES | {"row dropped": "a table of two rows has no total that would miss one"},
    ),
    Case(
        "CSEC",
        "bjs_csec",
        samples.csec(),
        "zip",
        _by_measure(
            "suspects_referred count",
            "suspects_in_matters_concluded count",
            "defendants_charged count",
            "prison_term_imposed months",
            "suspects_prosecuted percent",
            "suspects_declined percent",
            "suspects_disposed_by_magistrate percent",
        ),
        _TITLE | _LAST | _YEARS | _NAMES,
    ),
    Case(
        "Federal Justice Statistics",
        "bjs_federal_justice_statistics",
        samples.federal_justice(),
        "zip",
        lambda figure: str(figure["offense_scope"]).startswith("bjs_fjs"),
        _TITLE | _LAST | _YEARS | _NAMES,
    ),
    Case(
        "trafficking, collection",
        "bjs_human_trafficking",
        samples.human_trafficking(),
        "zip",
        _by_measure("suspects_referred count", "suspects_prosecuted count", "defendants_convicted count", "defendants_charged count"),
        _TITLE | _LAST | _YEARS | _NAMES,
    ),
    Case("trafficking, 2015", "bjs_human_trafficking", samples.human_trafficking("2015"), "zip", _none, _TITLE | _NAMES),
    Case(
        "Quick Facts, abuse",
        "ussc_quick_facts",
        samples.quick_facts(),
        "html",
        _always,
        {"row dropped": "one of several districts in a tie can be missing"},
    ),
    Case("Quick Facts, pornography", "ussc_quick_facts", samples.quick_facts("child pornography"), "html", _always, {}),
    Case("indicators, September", "aouscourts_judicial_business", samples.indicators(), "html", _within_change, {}),
    Case(
        "indicators, March",
        "aouscourts_judicial_business",
        samples.indicators((2015, 2020, 2023, 2024), "March 31"),
        "html",
        _within_change,
        {},
    ),
    Case("overview", "ussc_sourcebook", samples.overview(), "html", _none, {}),
    Case("sourcebook", "ussc_sourcebook", samples.sourcebook(), "html", _always, {}),
    Case("sourcebook, newer words", "ussc_sourcebook", samples.sourcebook(2024, 61_678, "individuals sentenced"), "html", _always, {}),
    Case(
        "D-2, September",
        "aouscourts_judicial_business",
        samples.d2(),
        "xlsx",
        _part_of_breakdown("offense="),
        _NAMES | {"table cut off": "a last row of zeros is in no sum"},
    ),
    Case(
        "D-2, December",
        "aouscourts_judicial_business",
        samples.d2("December 31", (2004, 2005, 2006), (80_000, 90_000, 91_000)),
        "xlsx",
        _part_of_breakdown("offense="),
        _NAMES | _YEARS | {"table cut off": "a last row of zeros is in no sum"},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mutant_gives_the_figures_or_a_loud_error(case: Case, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    truth = read(case, case.content, tmp_path)
    verdicts: Counter[str] = Counter()
    silent = []
    for kind in kinds_of(case):
        for seed in range(_PER_KIND):
            content = mutant(case, kind, random.Random(f"{case.name} {kind} {seed}"))
            if content is None or content == case.content:
                continue
            outcome = judge(case, kind, content, truth, tmp_path)
            verdicts[outcome.verdict] += 1
            if outcome.verdict == "silent":
                silent.append(f"{kind} {seed}: {outcome.evidence}")
    record_property("outcomes", dict(verdicts))
    assert not silent, f"{dict(verdicts)}\n" + "\n".join(silent)
    assert verdicts["loud"] > 3 * verdicts["blind"], verdicts


def test_errors_name_source_finding_and_consequence(tmp_path: Path) -> None:
    for case in CASES:
        kind = kinds_of(case)[0]
        for seed in range(20):
            content = mutant(case, kind, random.Random(seed))
            if content is None:
                continue
            outcome = judge(case, kind, content, frozenset(), tmp_path)
            if outcome.verdict == "loud":
                assert outcome.evidence.startswith(f"{case.source_id}: "), outcome.evidence
                assert outcome.evidence.endswith(": publication quarantined"), outcome.evidence
                assert str(tmp_path) not in outcome.evidence
                break
        else:
            pytest.fail(f"no mutant of {case.name} was refused")


_SUMS = ("counts of two rows exchanged", "compensating errors in two rows")
DOCUMENTS = (
    DocumentCase("annual report", "eousa_annual_statistical_report", samples.annual_report(), _SUMS),
    DocumentCase("table by type of crime", "ussc_sourcebook", samples.crime_table(), _SUMS),
    DocumentCase(
        "caseload profile",
        "aouscourts_management_statistics",
        samples.caseload_profile(),
        ("counts of one row exchanged between columns", "columns exchanged under the same headers"),
    ),
)


@pytest.mark.parametrize("case", DOCUMENTS, ids=lambda case: case.source_id)
def test_every_mutant_of_a_document_gives_the_figures_or_a_loud_error(case: DocumentCase, tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    silent = []
    for kind in DOCUMENT_KINDS:
        for seed in range(_PER_KIND):
            outcome = judge_document(case, kind, random.Random(f"{case.source_id} {kind} {seed}"), tmp_path)
            if outcome is None:
                continue
            verdicts[outcome.verdict] += 1
            if outcome.verdict == "silent":
                silent.append(f"{kind} {seed}: {outcome.evidence}")
            if outcome.verdict == "loud":
                assert outcome.evidence.startswith(f"{case.source_id}: "), outcome.evidence
    assert not silent, "\n".join(silent)
    assert verdicts["loud"] > 70, verdicts
