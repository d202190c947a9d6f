"""The same counts as a plain pandas script makes them: the baseline of benchmarks/records.py, and nothing else.

Belongs here: what an analyst would write who has the memory and the time. Does not belong here: anything the project uses.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pandas as pd

SLOTS = "12345"
GROUPS = {
    "csam": r"^0*18[ :]+0*(?:2251|2252|2260|1466A)(?:[^0-9]|$)",
    "production": r"^0*18[ :]+0*(?:2251|2260)(?:[^0-9]|$)",
    "non_production": r"^0*18[ :]+0*2252(?:[^0-9]|$)",
    "obscene_depiction": r"^0*18[ :]+0*1466A(?:[^0-9]|$)",
    "ambiguous": r"^0*18[ :]+0*2252[BC](?:[^0-9A-Z]|$)",
}
CONVICTING = ["4", "5", "8", "9", "17", "19"]


def count_idb(path: Path) -> Counter[tuple[str, str, str, str]]:
    """Count a text file of the court database by month."""
    columns = ["FISCALYR", "DISTRICT", "DEFLGKY", "REOPSEQ", "VER", "TAPEYEAR", "PROCDATE", "TERMDATE", "SENTDATE", "LOADDATE"]
    columns += ["CTFIL", "CTFILTRN", "CTTR", "CTTRTRN", *(f"{name}{slot}" for name in ("FTITLE", "TTITLE", "DISP") for slot in SLOTS)]
    frame = pd.read_csv(
        path, sep="\t", dtype=str, usecols=columns, quoting=3, encoding="latin-1", on_bad_lines="skip", keep_default_na=False
    )
    frame = frame[frame["TAPEYEAR"].str.fullmatch(r"\d{4}")]
    for name in ("PROCDATE", "TERMDATE", "SENTDATE", "LOADDATE"):
        frame[name] = pd.to_datetime(frame[name], format="%m/%d/%Y", errors="coerce")
    frame["VER"] = pd.to_numeric(frame["VER"])
    frame = frame.sort_values(["LOADDATE", "VER"]).drop_duplicates(["DEFLGKY", "FISCALYR", "REOPSEQ", "TAPEYEAR"], keep="last")
    material: dict[tuple[str, str, str], pd.Series] = {}
    for kind in "FT":
        for slot in SLOTS:
            text = frame[f"{kind}TITLE{slot}"].str.strip().str.upper()
            ambiguous = text.str.contains(GROUPS["ambiguous"])
            for group, pattern in GROUPS.items():
                material[kind, group, slot] = text.str.contains(pattern) & (ambiguous if group == "ambiguous" else ~ambiguous)
    convicting = {slot: frame[f"DISP{slot}"].isin(CONVICTING) for slot in SLOTS}
    counts: Counter[tuple[str, str, str, str]] = Counter()

    def add(event: str, scope: str, slot: str, rows: pd.Series, day: str) -> None:
        for month, number in frame.loc[rows, day].dt.strftime("%Y-%m").value_counts().items():
            if month <= "2026-09":
                counts[event, scope, slot, str(month)] += int(number)

    def newest(flag: str, by: list[str]) -> pd.Series:
        flagged = frame[frame[flag] == "1"].drop_duplicates(by, keep="last").index
        return pd.Series(frame.index.isin(flagged), index=frame.index)

    def either(parts: list[pd.Series]) -> pd.Series:
        result = parts[0]
        for part in parts[1:]:
            result = result | part
        return result

    for event, flag in (("filed", "CTFIL"), ("filed_with_transfers", "CTFILTRN")):
        rows = newest(flag, ["DEFLGKY"])
        add(event, "all", "", rows, "PROCDATE")
        for group in GROUPS:
            add(event, group, "lead", rows & material["F", group, "1"], "PROCDATE")
            add(event, group, "any", rows & either([material["F", group, slot] for slot in SLOTS]), "PROCDATE")
    for event, flag in (("terminated", "CTTR"), ("terminated_with_transfers", "CTTRTRN")):
        rows = newest(flag, ["DEFLGKY", "REOPSEQ"])
        add(event, "all", "", rows, "TERMDATE")
        for group in GROUPS:
            add(event, group, "lead", rows & material["T", group, "1"], "TERMDATE")
            add(event, group, "any", rows & either([material["T", group, slot] for slot in SLOTS]), "TERMDATE")
    rows = newest("CTTR", ["DEFLGKY", "REOPSEQ"])
    for event, day in (("convicted", "TERMDATE"), ("sentenced", "SENTDATE")):
        dated = rows & (frame[day] > "1900-01-01")
        add(event, "all", "", dated & either([convicting[slot] for slot in SLOTS]), day)
        for group in GROUPS:
            add(event, group, "lead", dated & material["T", group, "1"] & convicting["1"], day)
            add(event, group, "any", dated & either([material["T", group, slot] & convicting[slot] for slot in SLOTS]), day)
    return counts


def count_lions(folder: Path, positions: dict[str, dict[str, tuple[int, int]]]) -> Counter[tuple[str, str]]:
    """Count matters received with a material lead charge, and defendants filed in them, by month."""

    def table(name: str, pattern: str) -> pd.DataFrame:
        parts = [
            pd.read_fwf(
                path,
                colspecs=list(positions[name].values()),
                names=list(positions[name]),
                dtype=str,
                encoding="latin-1",
                keep_default_na=False,
            )
            for path in sorted(folder.glob(pattern))
        ]
        return pd.concat(parts)

    cases = table("GS_CASE", "gs_case.txt")
    histories = table("GS_COURT_HIST", "gs_court_hist.txt")
    people = table("GS_PARTICIPANT", "gs_participant_*.txt")
    appearances = table("GS_PART_COURT", "gs_part_court.txt")
    table("GS_PART_COUNT", "gs_part_count.txt")
    table("GS_CASE_PROG_CAT", "gs_case_prog_cat.txt")
    lead = cases["LEAD_CHARGE"].str.contains(r"^\s*0*18\s*:\s*0*(?:2251A?|2252A?|2260|1466A)(?:[^0-9A-Za-z]|$)")
    wrong = histories[histories["DISPOSITION"] == "OE"]
    right = histories[histories["DISPOSITION"] != "OE"]
    emptied = wrong.merge(right[["DISTRICT", "CASEID"]].drop_duplicates(), how="left", on=["DISTRICT", "CASEID"], indicator=True)
    emptied = emptied.loc[emptied["_merge"] == "left_only", ["DISTRICT", "CASEID"]].rename(columns={"CASEID": "ID"}).drop_duplicates()
    chosen = cases[lead & (cases["CLASS"] == "R") & (cases["STATUS"] != "O")]
    chosen = chosen.merge(emptied, how="left", on=["DISTRICT", "ID"], indicator=True)
    chosen = chosen[chosen["_merge"] == "left_only"].rename(columns={"ID": "CASEID"})
    received = pd.to_datetime(chosen["RECVD_DATE"], format="%d-%b-%Y").dt.strftime("%Y-%m").value_counts()
    court = right[(right["COURT"] == "DC") & (right["FILING_DATE"] != "")].rename(columns={"ID": "CRTHISID"})
    persons = people[people["ROLE"].isin(["D", "DG", "DO", "DP"])].rename(columns={"ID": "PARTID"})
    filed = (
        chosen[["DISTRICT", "CASEID"]]
        .merge(court[["DISTRICT", "CASEID", "CRTHISID", "FILING_DATE"]], on=["DISTRICT", "CASEID"])
        .merge(appearances[["DISTRICT", "CASEID", "CRTHISID", "PARTID"]], on=["DISTRICT", "CASEID", "CRTHISID"])
        .merge(persons[["DISTRICT", "CASEID", "PARTID"]], on=["DISTRICT", "CASEID", "PARTID"])
    )
    filed["day"] = pd.to_datetime(filed["FILING_DATE"], format="%d-%b-%Y")
    months = filed.groupby(["DISTRICT", "CASEID", "PARTID"])["day"].min().dt.strftime("%Y-%m").value_counts()
    counts = Counter({("matters_received", str(month)): int(number) for month, number in received.items()})
    counts.update({("defendants_charged", str(month)): int(number) for month, number in months.items()})
    return counts


if __name__ == "__main__":
    print(sum(count_idb(Path(sys.argv[1])).values()))
