"""Claims: what is false is never supported, what aligns always is, and what cannot be said is told apart from what is wrong.

The pairs of `tests/data/must_block.csv` and `may_compute*.csv` were worked out by hand and by separate scripts; here they are claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pytest

from pipelines import claims
from pipelines.observations import period_bounds
from tests.conftest import Workplace
from tests.test_published_pairs import BLOCKED, DOLLARS, PRINTED, PRINTED_WITHOUT_BASE, SHARES, WHOLE, Row, reasons_of

#: the reports that come to one country are a part of all reports, and no prosecution rate: false as the one, true as the other
PART_OF_THE_WHOLE = "block_43"

Asked = tuple[str | None, str | None, str | None, str | None]


class Judge:
    """A release asked about many claims at once."""

    def __init__(self, database: Any) -> None:
        self.con = duckdb.connect()
        self.con.execute(f"ATTACH '{database}' AS release (READ_ONLY)")
        self.con.execute("USE release")

    def verdicts(self, macro: str, asked: Mapping[str, Asked]) -> dict[str, tuple[str, list[str], list[str], str]]:
        """Verdict, reasons of the best row, rates of all rows, sentence; by name of the claim."""
        self.con.execute("CREATE OR REPLACE TEMP TABLE asked (name VARCHAR, a VARCHAR, b VARCHAR, c VARCHAR, d VARCHAR)")
        self.con.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?)", [(name, *claim) for name, claim in asked.items()])
        rows = self.con.execute(
            "SELECT name, (SELECT {'verdict': any_value(s.verdict), 'reasons': arg_min(s.null_reasons, s.row_no), "
            "'rates': list(DISTINCT s.rate_id), 'sentence': any_value(s.sentence)} "
            f"FROM {macro}(asked.a, asked.b, asked.c, asked.d) AS s) FROM asked"
        ).fetchall()
        return {name: (told["verdict"], told["reasons"] or [], told["rates"] or [], told["sentence"]) for name, told in rows}

    def rows(self, call: str) -> list[dict[str, Any]]:
        found = self.con.sql(f"FROM {call}")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def only(self, call: str) -> dict[str, Any]:
        (row,) = self.rows(call)
        return row


@pytest.fixture(scope="module")
def judge(built: Workplace) -> Judge:
    return Judge(built.database)


def number(row: Row, side: str) -> str | None:
    return row.get(f"{side}_obs_value") or row.get(f"{side}_value") or None


def periods(pair: Row) -> list[str | None]:
    return [*dict.fromkeys(pair[f"{side}_time_period"] for side in ("numerator", "denominator") if pair[f"{side}_time_period"]), None]


# --- pairs that look like a rate and are none --------------------------------------------------------------------------------------


def blocked_claims(what: str | None) -> dict[str, Asked]:
    return {
        f"{pair['pair_id']} {period}": (number(pair, "numerator"), number(pair, "denominator"), period, what)
        for pair in BLOCKED
        for period in periods(pair)
    }


def test_a_false_pair_is_never_supported_as_a_prosecution_rate(judge: Judge) -> None:
    verdicts = judge.verdicts("check_share", blocked_claims("prosecution"))
    assert len(verdicts) > 2 * len(BLOCKED) - 10
    assert {name: told for name, told in verdicts.items() if told[0] == "supported"} == {}


def test_a_false_pair_is_never_supported_whatever_it_counts(judge: Judge) -> None:
    supported = {name: told[2] for name, told in judge.verdicts("check_share", blocked_claims(None)).items() if told[0] == "supported"}
    assert {name.split()[0] for name in supported} == {PART_OF_THE_WHOLE}
    # and that one only as a composition: the share of all reports that came to one country
    kinds = dict(judge.con.sql("SELECT rate_id, rate_kind FROM rates").fetchall())
    assert {kinds[rate_id] for rates in supported.values() for rate_id in rates if rate_id} == {"composition"}


def test_a_false_pair_leaves_every_reason(judge: Judge) -> None:
    """Whatever period is asked for, two figures that overlap are put side by side and told apart on every axis."""
    verdicts = judge.verdicts("check_share", blocked_claims(None))
    seen = 0
    for pair in (*WHOLE, *DOLLARS):
        bounds = [period_bounds(pair[f"{side}_time_period"]) for side in ("numerator", "denominator")]
        if pair["pair_id"] == PART_OF_THE_WHOLE or bounds[0][1] < bounds[1][0] or bounds[1][1] < bounds[0][0]:
            continue
        verdict, reasons, _, sentence = verdicts[f"{pair['pair_id']} {pair['numerator_time_period']}"]
        assert verdict == "not comparable", pair["pair_id"]
        axes = set(pair["mismatching_axes"].split(";"))
        expected = reasons_of(pair, axes - {"breakdown"})
        if pair["pair_id"] == "block_41":
            # of two false pairings of these numbers the one that fails on fewer axes is shown first: both fail on the period
            expected = {"period_mismatch"}
        assert expected <= set(reasons), pair["pair_id"]
        assert sentence.startswith("Not comparable: both numbers are published")
        seen += 1
    assert seen > 35


def test_a_number_without_its_partner_makes_no_share(judge: Judge) -> None:
    verdicts = judge.verdicts("check_share", blocked_claims(None))
    assert verdicts["block_46 2023-10-01/P1Y"][:2] == ("not comparable", ["denominator_missing"])
    assert verdicts["block_49 2023-01-01/P1Y"][:2] == ("not comparable", ["numerator_missing"])
    assert verdicts["block_50 None"][0] == "unknown to this database"


# --- shares that align -------------------------------------------------------------------------------------------------------------


def test_a_share_that_aligns_is_supported(judge: Judge) -> None:
    asked: dict[str, Asked] = {
        row["check_id"]: (row["numerator_value"], row["denominator_value"], row["numerator_time_period"], None) for row in SHARES
    }
    assert len(asked) > 1000
    wrong = {name: told[0] for name, told in judge.verdicts("check_share", asked).items() if told[0] != "supported"}
    assert wrong == {}


def test_a_share_that_aligns_is_supported_by_what_it_counts(judge: Judge) -> None:
    asked: dict[str, Asked] = {
        row["check_id"]: (
            f"{int(row['numerator_value']):,}",
            f"{int(row['denominator_value']):,}",
            row["numerator_time_period"],
            f"{row['numerator_measure']} {row['numerator_source_id']}",
        )
        for row in SHARES
    }
    assert {told[0] for told in judge.verdicts("check_share", asked).values()} == {"supported"}


def test_a_share_with_a_wrong_number_is_not(judge: Judge) -> None:
    asked: dict[str, Asked] = {
        row["check_id"]: (row["numerator_value"], str(int(row["denominator_value"]) + 1), row["numerator_time_period"], None)
        for row in SHARES
        if not row["check_id"].startswith("may_esp")
    }
    assert "supported" not in {told[0] for told in judge.verdicts("check_share", asked).values()}


def percentages(rows: Iterable[Row], shift: int = 0) -> dict[str, Asked]:
    return {
        row["check_id"]: (
            f"{float(row['numerator_value']) + shift:g} %",
            row["denominator_value"] or None,
            row["numerator_time_period"],
            f"{row['numerator_measure']} {row['numerator_source_id']} {row['numerator_breakdown']}",
        )
        for row in rows
    }


def test_a_printed_percentage_is_supported(judge: Judge) -> None:
    verdicts = judge.verdicts("check_percentage", percentages(PRINTED))
    assert {name: told for name, told in verdicts.items() if told[0] != "supported"} == {}


def test_a_printed_percentage_without_base_is_supported_as_printed_unless_it_is_vague(judge: Judge) -> None:
    verdicts = judge.verdicts("check_percentage", percentages(PRINTED_WITHOUT_BASE))
    supported = [told[3] for told in verdicts.values() if told[0] == "supported"]
    assert len(supported) == 18
    assert all("quote it as printed" in sentence for sentence in supported)
    # "about 60 percent", and percentages of which only a quotation is at hand
    rest = {tuple(told[1]) for told in verdicts.values() if told[0] != "supported"}
    assert rest == {("numerator_not_exact",), ("low_reliability",)}
    assert {told[0] for told in verdicts.values()} == {"supported", "not comparable"}


def test_a_percentage_that_nobody_printed_is_not(judge: Judge) -> None:
    verdicts = judge.verdicts("check_percentage", percentages([*PRINTED, *PRINTED_WITHOUT_BASE], shift=1))
    supported = {name for name, told in verdicts.items() if told[0] == "supported"}
    printed = {
        (row["numerator_value"], *(row[f"numerator_{name}"] for name in ("measure", "source_id", "breakdown", "time_period")))
        for row in (*PRINTED, *PRINTED_WITHOUT_BASE)
    }
    for row in (*PRINTED, *PRINTED_WITHOUT_BASE):
        if row["check_id"] in supported:
            # a neighbour that is printed, too
            shifted = f"{float(row['numerator_value']) + 1:g}"
            assert any(value == shifted for value, *_ in printed), row["check_id"]


# --- a declared rate ---------------------------------------------------------------------------------------------------------------

DECLINED = "suspects_declined_of_concluded_published"  # 36 percent of 36,080, printed without decimals
GUIDELINE = "child_pornography_guideline_share"  # 1,409 of 66,873 in the fiscal year 2017


@pytest.mark.parametrize(
    ("rate_id", "period", "value", "verdict"),
    [
        (DECLINED, "FY2004-2013", "36 %", "supported"),
        (DECLINED, "fiscal year 2004-2013", "36 percent", "supported"),
        (DECLINED, "2003-10-01/P10Y", "0.36", "supported"),
        (DECLINED, "2003-10-01/2013-09-30", ".36", "supported"),
        # rounded to one digit it is 0.4; the printed 36 may stand for 35.5, which rounds to 0.4 as well
        (DECLINED, "2004-2013", "0.4", "supported"),
        # more precise than what is printed
        (DECLINED, "2004-2013", "35.7 %", "not supported"),
        (DECLINED, "2004-2013", "36.0 %", "not supported"),
        (DECLINED, "2004-2013", "37 %", "not supported"),
        (GUIDELINE, "FY2017", "2.1 %", "supported"),
        (GUIDELINE, "FY2017", "2.11%", "supported"),
        (GUIDELINE, "FY2017", "2.107 percent", "supported"),
        (GUIDELINE, "FY2017", "0.0211", "supported"),
        (GUIDELINE, "FY2017", "2 %", "supported"),
        (GUIDELINE, "FY2017", "2.2 %", "not supported"),
        (GUIDELINE, "FY2017", "2.10 %", "not supported"),
        (GUIDELINE, "CY2017", "2.1 %", "unknown to this database"),
        ("csam_reports_prosecuted", "2023", "0.1 %", "not comparable"),
        ("csam_reports_prosecuted", "2023", "100 %", "not comparable"),
        ("csam_reports_prosecuted", "1890", "5 %", "unknown to this database"),
        ("no_such_rate", "2023", "5 %", "unknown to this database"),
        (GUIDELINE, "FY2017", "two percent", "unknown to this database"),
        (GUIDELINE, "FY2017", "36", "unknown to this database"),
        (GUIDELINE, "FY2017", "1.5", "unknown to this database"),
        (GUIDELINE, "FY2017", "", "unknown to this database"),
        ("' OR 1 = 1 --", "2023", "5 %", "unknown to this database"),
    ],
)
def test_a_claimed_rate_is_judged_by_its_own_precision(built: Workplace, rate_id: str, period: str, value: str, verdict: str) -> None:
    answer = claims.check(claims.claim_rate(rate_id, period, value), built.database)
    assert answer.verdict == verdict
    assert answer.sentence.lower().startswith(verdict)


def test_numbers_do_for_texts(judge: Judge) -> None:
    assert judge.only(f"check_claim('{GUIDELINE}', 'FY2017', 0.0211)")["verdict"] == "supported"
    assert judge.only(f"check_claim('{GUIDELINE}', 'FY2017', CAST(0.021069789003035605 AS DOUBLE))")["verdict"] == "supported"
    assert judge.only("check_share(2039, 83148, 'FY2006', NULL)")["verdict"] == "supported"
    assert judge.rows("check_share(2039, CAST(83148 AS DOUBLE), 2006, NULL)")[0]["verdict"] == "supported"


def test_a_more_precise_claim_is_said_to_be_possible(judge: Judge) -> None:
    row = judge.only(f"check_claim('{DECLINED}', '2004-2013', '35.7 %')")
    assert "may stand for anything from 35.5 percent to 36.5 percent" in row["sentence"]
    assert "may stand" not in judge.only(f"check_claim('{DECLINED}', '2004-2013', '50 %')")["sentence"]


def test_a_value_of_another_period_is_found_there(judge: Judge) -> None:
    rows = judge.rows(f"check_claim('{GUIDELINE}', 'FY2016', '2.11 %')")
    assert {row["verdict"] for row in rows} == {"not supported"}
    assert "the one for the fiscal year 2017" in rows[0]["sentence"]
    assert [(row["time_period"], row["numerator"]) for row in rows] == [("2015-10-01/P1Y", 1593), ("2016-10-01/P1Y", 1409)]


def test_a_refused_rate_gives_its_reasons_and_its_receipts(judge: Judge) -> None:
    rows = judge.rows("check_claim('csam_reports_prosecuted', '2023', '0.1 %')")
    assert {row["denominator"] for row in rows} == {36210368, 1621937}
    assert all(row["null_reasons"] == ["numerator_not_collected"] and row["rate"] is None for row in rows)
    assert "no body brings them together" in rows[0]["sentence"]
    assert rows[0]["denominator_locator"] == "p. 20, Appendix A, row CY2023"
    assert rows[0]["denominator_published_on"] == "2024-04-12"
    assert rows[0]["denominator_url"].startswith("https://")


# --- numbers, words, places --------------------------------------------------------------------------------------------------------


def test_axes_of_a_pair_that_no_rate_declares_are_listed(judge: Judge) -> None:
    (row, *_) = judge.rows("check_share('1,616', '2,776', NULL, NULL)")
    assert row["verdict"] == "not comparable"
    assert row["rate_id"] is None
    assert {"period_mismatch", "unit_of_count_mismatch", "offense_scope_mismatch", "population_mismatch"} <= set(row["null_reasons"])
    assert "period: 2013-10-01/P1Y against 2012-10-01/P1Y" in row["differences"]
    assert "unit_of_count: sentenced_individual against defendant_in_case" in row["differences"]


def test_reasons_are_codes_in_their_order(judge: Judge) -> None:
    order = dict(judge.con.sql("SELECT code, position FROM null_reasons").fetchall())
    for pair in BLOCKED[25:45]:
        for row in judge.rows(f"check_share({number(pair, 'numerator')}, {number(pair, 'denominator')}, NULL, NULL)"):
            places = [order[code] for code in row["null_reasons"]]
            assert places == sorted(set(places))


def test_a_rounded_number_stands_for_what_rounds_to_it(judge: Judge) -> None:
    best = judge.rows("check_share('1.1 million', '36.2 million', '2023', 'reports United States')")[0]
    assert (best["verdict"], best["numerator"], best["denominator"]) == ("supported", 1132270, 36210368)
    assert judge.rows("check_share('1.14 million', '36.2 million', '2023', NULL)")[0]["verdict"] != "supported"
    assert judge.only("check_share('1132271', '36210368', '2023', NULL)")["verdict"] == "unknown to this database"


def test_words_tell_what_is_counted(judge: Judge) -> None:
    told = judge.only("check_share(2039, 83148, 'FY2006', 'prosecution of suspects, exploitation of children')")
    assert told["verdict"] == "supported"
    row = judge.only("check_share(2039, 83148, 'FY2006', 'reports')")
    assert row["verdict"] == "not supported"
    assert 'not as "reports"' in row["sentence"]


def test_numbers_of_another_period_are_found_there(judge: Judge) -> None:
    row = judge.only("check_share('2,039', '83,148', '2010', NULL)")
    assert row["verdict"] == "not supported"
    assert "2005-10-01/P1Y" in row["sentence"]
    assert judge.only("check_share('2,039', '99,999,999', 'FY2006', NULL)")["sentence"].endswith("99,999,999 is no figure that it holds.")


def test_a_percentage_of_a_base(judge: Judge) -> None:
    assert judge.only("check_percentage('2.1 %', '66,873', 'FY2017', NULL)")["rate_id"] == GUIDELINE
    other = judge.only("check_percentage('69 %', '3,662', 'FY2006', NULL)")
    assert (other["verdict"], "not of 3,662" in other["sentence"]) == ("not supported", True)
    refused = judge.rows("check_percentage('5 %', '36,210,368', '2023', 'prosecuted')")
    assert {row["verdict"] for row in refused} == {"not comparable"}
    assert all(row["null_reasons"] and row["rate"] is None for row in refused)
    assert judge.only("check_percentage('99.99 %', NULL, '2020', NULL)")["verdict"] == "unknown to this database"
    assert judge.only("check_share('5 %', '10', '2020', NULL)")["sentence"].endswith("ask check_percentage.")


HOSTILE = ["'; DROP TABLE matched_periods; --", "%", "_", "\\", "\x00"[:0], "\u202e36", "9" * 400, "1e99", "0", "-1", "1,23", "ₓ"]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_gets_a_verdict(built: Workplace, text: str) -> None:
    for claim in (
        claims.claim_rate(GUIDELINE, text, text),
        claims.claim_share(text, text, text, text),
        claims.claim_share("5 %", text, text, text),
    ):
        answer = claims.check(claim, built.database)
        assert answer.verdict in claims.EXIT_STATUS
        assert answer.sentence.lower().startswith(answer.verdict)
        assert all(sign.isprintable() or sign == "\n" for sign in claims.describe(answer))


# --- the command -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--rate", GUIDELINE, "--period", "FY2017", "--value", "2.1 %"], 0, "Supported:"),
        (["--numerator", "2,039", "--denominator", "83,148", "--period", "FY2006", "--what", "suspects prosecuted"], 0, "83,148"),
        (["--numerator", "69 %", "--denominator", "3,661", "--period", "FY2006"], 0, "as a share of 3,661"),
        (["--rate", GUIDELINE, "--period", "FY2017", "--value", "3 %"], 1, "Not supported:"),
        (["--numerator", "2,039", "--denominator", "3,661", "--period", "2006"], 3, "population_mismatch"),
        (["--numerator", "12,345,678", "--denominator", "3,661", "--period", "2006"], 4, "no figure that it holds"),
    ],
)
def test_the_command_answers_in_words_and_by_its_status(
    built: Workplace, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    assert claims.main([*arguments, "--database", str(built.database)]) == status
    shown = capsys.readouterr()
    assert words in shown.out
    assert shown.err == ""
    assert max(len(line) for line in shown.out.splitlines() if "http" not in line) <= 110


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--rate", GUIDELINE],
        ["--rate", GUIDELINE, "--value", "2 %", "--period", "FY2017", "--numerator", "5"],
        ["--rate", GUIDELINE, "--value", "2 %", "--period", "FY2017", "--what", "reports"],
        ["--period", "2020"],
    ],
)
def test_a_half_question_is_refused(built: Workplace, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        claims.main([*arguments, "--database", str(built.database)])
    assert refusal.value.code == claims.CANNOT_BE_ASKED


def test_a_database_that_is_none_is_refused(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.duckdb").write_text("synthetic", encoding="utf-8")
    asked = ["--numerator", "1", "--denominator", "2", "--database", str(tmp_path / "text.duckdb")]
    assert claims.main(asked) == claims.CANNOT_BE_ASKED
    assert "text.duckdb" in capsys.readouterr().err
    with pytest.raises(SystemExit) as refusal:
        claims.main(["--numerator", "1", "--database", str(tmp_path / "nowhere.duckdb")])
    assert refusal.value.code == claims.CANNOT_BE_ASKED
