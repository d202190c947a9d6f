"""Synthetic record files with known answers: layouts of the real federal files, invented content.

Belongs here: drawing defendants, matters and sentenced individuals from a seed, writing them in the layouts of the court,
US attorney and sentencing files with every trap those files hold, and counting the expected answers from the drawn
tables with code that shares nothing with pipelines/.
Does not belong here: assertions (test_*.py) and timing (benchmarks/).

Nothing here is a real count. Every file is named synthetic, and every free-text field says SYNTHETIC.
"""

from __future__ import annotations

import csv
import json
import lzma
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl

#: planted in every identifying field; no output, log or error may contain any of them
PLANTED = ("SYNTHETICNAME", "SYNTHETICJUDGE", "9955501")

# ---------------------------------------------------------------------------------------------------------------------
# Integrated Database, criminal: tab-delimited, 144 columns
# ---------------------------------------------------------------------------------------------------------------------

_SLOTS = "12345"
IDB_HEADER: tuple[str, ...] = (
    "FISCALYR", "CIRCUIT", "DISTRICT", "OFFICE", "DOCKET", "DEFNO", "CTDEF", "NAME", "REOPSEQ", "TYPEREG", "TYPETRN", "TYPEMAG",
    "DEFLGKY", "CASLGKY", "MAGDOCK", "MAGDEF", "STATUSCD", "FUGSTAT", "FGSTRTDATE", "FGENDDATE", "FILEDATE", "PROCDATE", "PROCCD",
    "APPDATE", "APPCD", "FJUDGE", "FCOUNSEL",
    *(f"{name}{slot}" for slot in _SLOTS for name in ("FTITLE", "FOFFLVL", "FOFFCD", "D2FOFFCD", "FSEV")),
    "COUNTY", "TRANDIST", "TRANOFF", "TRANDOCK", "TRANDEF", "UPDATE", "DISPDATE", "SENTDATE", "TERMDATE", "INT1", "INT2", "INT3",
    "TERMOFF", "TJUDGE", "TCOUNSEL",
    *(
        f"{name}{slot}"
        for slot in _SLOTS
        for name in (
            "TTITLE", "TOFFLVL", "TOFFCD", "D2TOFFCD", "TSEV", "DISP", "PRISTIM", "PRISCD", "PROBMON", "PROBCD", "SUPVREL", "FINEAMT",
        )
    ),
    "PRISTOT", "PROBTOT", "FINETOT", "CTFILTRN", "CTFIL", "CTFILWOR", "CTFILR", "CTTRTRN", "CTTR", "CTTRWOR", "CTTRR", "CTPN",
    "CTPNWOF", "SOURCE", "VER", "LOADDATE", "TAPEYEAR",
)  # fmt: skip

#: statute text -> group it belongs to in truth (written by hand, not by a pattern)
_CHARGED: Sequence[tuple[str, str, float]] = (
    ("18:2252A.F", "non_production", 0.42), ("18:2252.F", "non_production", 0.20), ("18:2252A.P", "non_production", 0.002),
    ("18:2251A.F", "production", 0.15), ("18:2251.F", "production", 0.10), ("18:2260.F", "production", 0.003),
    ("18:2260A.F", "production", 0.003), ("18:1466A.F", "obscene_depiction", 0.02),
    ("18:2252B.F", "ambiguous", 0.02), ("18:2252C.F", "ambiguous", 0.02),
    ("18:2252a.F", "non_production", 0.01), (" 18:2252A.F ", "non_production", 0.01), ("018:2252A.F", "non_production", 0.01),
    ("18: 2252A.F", "non_production", 0.01), ("18:2252A(a)(2).F", "non_production", 0.01), ("18 2252A.F", "non_production", 0.012),
)  # fmt: skip
_NEAR_MISSES = (
    "18:2250.F", "18:2255.F", "18:2257.F", "18:2258A.F", "18:22521.F", "18:1466.F", "18:1465.F", "26:2252.F", "21:2252.F",
    "118:2252.F", "18:2422B.F", "18:2423A.F", "18:1591.F", "18:2241C.F", "18:1470.F", "8:12252.F", "18:12252A.F", "18:22.F",
)  # fmt: skip
_COMMON = ("8:1326A.F", "8:1324.F", "21:841A=CD.F", "21:846=CD.F", "21:952=MJ.F", "18:922G.F", "18:1343.F", "18:1349.F", "18:371.F")
GROUPS = ("production", "non_production", "obscene_depiction", "ambiguous")
#: bit of each group; the total of the material statutes leaves the ambiguous strings out
_BIT = {"": 0, "production": 1, "non_production": 2, "obscene_depiction": 4, "ambiguous": 8}
SCOPES: dict[str, int] = {"csam": 7, **{group: _BIT[group] for group in GROUPS}}
CONVICTING = (4, 5, 8, 9, 17, 19)

_EPOCH = date(1960, 1, 1)
_LAST = date(2100, 1, 1)
#: texts by index, so that half a billion cells are gathered, not formatted
_DATES = pl.Series([f"{d:%m/%d/%Y}" for d in (_EPOCH + timedelta(n) for n in range((_LAST - _EPOCH).days))])
_NO_DATE = "01/01/1900"
_MISSING = "-8"


def _day(value: date) -> int:
    return (value - _EPOCH).days


_FY_START = np.array([_day(date(year - 1, 10, 1)) for year in range(1990, 2060)])
_MONTH_OF_DAY = np.array([(_EPOCH + timedelta(n)).year * 12 + (_EPOCH + timedelta(n)).month - 1 for n in range(len(_DATES))])


def _fiscal_year(days: np.ndarray) -> np.ndarray:
    return 1989 + np.searchsorted(_FY_START, days, side="right")


@dataclass(frozen=True)
class IdbPlan:
    """What to draw.

    Attributes:
        seed: the same plan gives the same bytes.
        defendants: how many to draw; rows come to about 2.4 for each.
        first_fy: first fiscal year of the file.
        as_of: day the courts' data end.
        chunk: defendants drawn at a time; bounds memory.
        csam_share: share of defendants with a statute of interest.
        traps: defendants for each of the rare traps.
    """

    seed: int
    defendants: int
    first_fy: int = 1996
    as_of: date = date(2026, 3, 31)
    chunk: int = 50_000
    csam_share: float = 0.03
    traps: int = 10


@dataclass
class Manifest:
    """Known answers of one file.

    Attributes:
        rows: data lines that are whole records.
        malformed: data lines that are not.
        duplicates: rows that a later version of the same record replaces.
        undated: counted events without a day on the calendar.
        counts: (measure, scope, slot, `YYYY-MM`) -> defendants; scope `all` has no slot.
        districts: (measure, scope, slot, district, calendar year) -> defendants.
    """

    rows: int = 0
    malformed: int = 0
    duplicates: int = 0
    undated: int = 0
    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    districts: Counter[tuple[str, str, str, str, int]] = field(default_factory=Counter)

    def write(self, path: Path) -> None:
        """Write the manifest as JSON beside its file."""
        plain = {
            "synthetic": True, "rows": self.rows, "malformed": self.malformed, "duplicates": self.duplicates,
            "undated": self.undated, "counts": sorted([*key, value] for key, value in self.counts.items()),
        }  # fmt: skip
        path.write_text(json.dumps(plain), encoding="utf-8")


def _statute_pool() -> tuple[pl.Series, np.ndarray, dict[str, slice]]:
    charged = [text for text, _, _ in _CHARGED]
    rng = np.random.default_rng(7)
    others = [f"{t}:{s}{x}.F" for t, s, x in zip(rng.integers(1, 50, 1500), rng.integers(10, 1400, 1500), rng.choice(list("ABC "), 1500), strict=True)]
    others = [text.replace(" ", "") for text in others]
    texts = [*charged, *_NEAR_MISSES, *_COMMON, *others, _MISSING]
    bits = np.array([_BIT[group] for _, group, _ in _CHARGED] + [0] * (len(texts) - len(charged)), dtype=np.uint8)
    ends = np.cumsum([len(charged), len(_NEAR_MISSES), len(_COMMON), len(others)])
    places = {
        "charged": slice(0, ends[0]), "near": slice(ends[0], ends[1]), "common": slice(ends[1], ends[2]),
        "others": slice(ends[2], ends[3]),
    }  # fmt: skip
    return pl.Series(texts), bits, places


_STATUTES, _STATUTE_BITS, _PLACES = _statute_pool()
_UNUSED = len(_STATUTES) - 1
_DISPOSITIONS = np.array([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21])
_DISPOSITION_ODDS = np.array([3, 40, 2, 4, 880, 2, 3, 25, 1, 2, 2, 2, 2, 15, 1, 1, 1, 1, 18, 3], dtype=float)
DISTRICTS = (
    "41", "42", "74", "70", "84", "3E", "3G", "3J", "3A", "3C", "3L", "3N", "90", "16", "00", "01", "07", "08", "12", "13", "22",
    "45", "52", "62", "64", "65", "71", "72", "73", "7-", "82", "93", "94",
)  # fmt: skip


def _pick(rng: np.random.Generator, place: str, size: int) -> np.ndarray:
    span = _PLACES[place]
    if place == "charged":
        odds = np.array([share for _, _, share in _CHARGED])
        return rng.choice(np.arange(span.start, span.stop), size=size, p=odds / odds.sum())
    skewed = rng.random(size) ** 2
    return span.start + (skewed * (span.stop - span.start)).astype(np.int64)


def draw_defendants(plan: IdbPlan, chunk: int) -> dict[str, np.ndarray]:
    """Draw one chunk of the defendant table; everything expected is counted from this table alone."""
    rng = np.random.default_rng([plan.seed, chunk])
    n = min(plan.chunk, plan.defendants - chunk * plan.chunk)
    last = _day(plan.as_of)
    first = _day(date(plan.first_fy - 1, 10, 1))
    proc = rng.integers(first, last + 1, n)
    edges = np.array([_day(date(y, m, d)) for y in range(plan.first_fy, plan.as_of.year) for m, d in ((9, 30), (10, 1), (12, 31), (1, 1), (6, 30), (7, 1))])
    on_edge = rng.random(n) < 0.02
    proc[on_edge] = rng.choice(edges[edges >= first], on_edge.sum())
    csam = rng.random(n) < plan.csam_share

    slots = rng.choice([1, 2, 3, 4, 5], size=n, p=[0.60, 0.20, 0.09, 0.05, 0.06])
    used = np.arange(5) < slots[:, None]
    common = _pick(rng, "common", n * 5)
    filed = np.where(rng.random(n * 5) < 0.7, common, _pick(rng, "others", n * 5)).reshape(n, 5)
    near = rng.random((n, 5)) < 0.02
    filed[near] = _pick(rng, "near", near.sum())
    place = np.where(rng.random(n) < 0.9, 0, rng.integers(0, 5, n) % slots)
    filed[csam, place[csam]] = _pick(rng, "charged", csam.sum())
    second = csam & (slots > 1) & (rng.random(n) < 0.4)
    other_slot = (place + 1) % slots
    filed[second, other_slot[second]] = _pick(rng, "charged", second.sum())
    filed[~used] = _UNUSED

    duration = np.where(csam, rng.lognormal(np.log(420), 0.6, n), rng.lognormal(np.log(230), 0.8, n)).astype(np.int64) + 5
    fugitive = rng.random(n) < 0.025
    duration[fugitive] = rng.integers(5 * 365, 25 * 365, fugitive.sum())
    term = proc + duration
    ended = term <= last
    ended_charges = filed.copy()
    changed = used & (rng.random((n, 5)) < 0.10)
    ended_charges[changed] = _pick(rng, "common", changed.sum())
    dropped = csam & (rng.random(n) < 0.08)
    for slot in range(5):
        gone = dropped & (_STATUTE_BITS[ended_charges[:, slot]] > 0)
        ended_charges[gone, slot] = _pick(rng, "common", gone.sum())
    disp = rng.choice(_DISPOSITIONS, size=(n, 5), p=_DISPOSITION_ODDS / _DISPOSITION_ODDS.sum())
    # convicted of something else while the material charge is dismissed
    elsewhere = csam & (slots > 1) & (rng.random(n) < 0.03)
    disp[elsewhere, place[elsewhere]] = 1
    disp[elsewhere, other_slot[elsewhere]] = 4
    disp[~used] = -8
    convicted = np.isin(disp, CONVICTING).any(axis=1)
    sent = np.where(convicted, term - rng.integers(0, 15, n), -1)

    filed_transfer = rng.random(n) < 0.012
    ended_transfer = rng.random(n) < 0.01
    reopened = rng.random(n) < 0.03
    # late reports: filed in one fiscal year, first reported (and flagged) in the next, which is still in progress
    last_fy = int(_fiscal_year(np.array([last]))[0])
    proc_fy = _fiscal_year(proc)
    late = (proc_fy == last_fy - 1) & (proc >= last - 270) & (rng.random(n) < 0.3) & (~ended | (term >= _FY_START[last_fy - 1990]))
    # reported twice: flagged again the year after with a corrected day; the later load prevails
    corrected = ~late & (proc_fy < last_fy - 1) & (rng.random(n) < 0.002) & (~ended | (_fiscal_year(term) > proc_fy))
    # days that are on no calendar, or lie in the future
    undated = np.zeros(n, dtype=np.int64)
    if chunk == 0:
        closed_early = np.flatnonzero(csam & ~late & ~corrected & ~ended_transfer & ~filed_transfer)
        undated[closed_early[: 3 * plan.traps]] = np.repeat([1, 2, 3], plan.traps)[: len(closed_early)]
    return {
        "number": chunk * plan.chunk + np.arange(n), "district": rng.integers(0, len(DISTRICTS), n), "proc": proc, "term": term,
        "ended": ended, "sent": sent, "filed": filed, "ended_charges": ended_charges, "disp": disp, "filed_transfer": filed_transfer,
        "ended_transfer": ended_transfer, "reopened": reopened, "late": late, "corrected": corrected, "undated": undated,
        "fugitive": fugitive,
    }  # fmt: skip


def count_expected(defendants: dict[str, np.ndarray], manifest: Manifest) -> None:
    """Add the known answers of one chunk of defendants to the manifest."""
    d = defendants
    filed_bits = _STATUTE_BITS[d["filed"]]
    ended_bits = _STATUTE_BITS[d["ended_charges"]]
    convicting = np.isin(d["disp"], CONVICTING)
    convicted_bits = np.where(convicting, ended_bits, 0)
    dated = d["undated"] == 0
    ended = d["ended"]
    original_end = ended & ~d["ended_transfer"]
    _add(manifest, "filed", dated & ~d["filed_transfer"], d["proc"], filed_bits, d)
    _add(manifest, "filed_with_transfers", dated, d["proc"], filed_bits, d)
    _add(manifest, "terminated", original_end, d["term"], ended_bits, d)
    _add(manifest, "terminated_with_transfers", ended, d["term"], ended_bits, d)
    _add(manifest, "convicted", original_end, d["term"], convicted_bits, d, convicting)
    _add(manifest, "sentenced", original_end & (d["sent"] >= 0), d["sent"], convicted_bits, d, convicting)
    manifest.undated += int((~dated).sum())


def _add(
    manifest: Manifest, measure: str, counted: np.ndarray, days: np.ndarray, bits: np.ndarray, d: dict[str, np.ndarray],
    convicting: np.ndarray | None = None,
) -> None:  # fmt: skip
    anything = counted if convicting is None else counted & convicting.any(axis=1)
    for month, number in zip(*np.unique(_MONTH_OF_DAY[days[anything]], return_counts=True), strict=True):
        manifest.counts[measure, "all", "", f"{month // 12}-{month % 12 + 1:02d}"] += int(number)
    for scope, mask in SCOPES.items():
        for slot, hit in (("lead", (bits[:, 0] & mask) > 0), ("any", (bits & mask).any(axis=1))):
            chosen = counted & hit
            months = _MONTH_OF_DAY[days[chosen]]
            for month, number in zip(*np.unique(months, return_counts=True), strict=True):
                manifest.counts[measure, scope, slot, f"{month // 12}-{month % 12 + 1:02d}"] += int(number)
            for (district, year), number in Counter(zip(d["district"][chosen].tolist(), (months // 12).tolist(), strict=True)).items():
                manifest.districts[measure, scope, slot, DISTRICTS[district], int(year)] += number


def _idb_rows(plan: IdbPlan, chunk: int, d: dict[str, np.ndarray], manifest: Manifest) -> pl.DataFrame:
    """Explode defendants to one row for each fiscal year they were filed in, pending at the end of, or terminated in."""
    rng = np.random.default_rng([plan.seed, chunk, 1])
    last_fy = int(_fiscal_year(np.array([_day(plan.as_of)]))[0])
    first = _fiscal_year(d["proc"]) + d["late"]
    final = np.where(d["ended"], _fiscal_year(np.minimum(d["term"], _day(plan.as_of))), last_fy)
    repeats = final - first + 1
    who = np.repeat(np.arange(len(repeats)), repeats)
    fy = first[who] + (np.arange(len(who)) - np.repeat(np.cumsum(repeats) - repeats, repeats))
    filing_row = fy == first[who]
    ending_row = d["ended"][who] & (fy == final[who])
    year_end = _FY_START[fy - 1989]
    event = np.where(ending_row, d["term"][who], np.minimum(year_end - 1, _day(plan.as_of)))
    load = event + rng.integers(10, 61, len(who))
    load = np.where(d["corrected"][who] & filing_row, event + 5, load)
    again = d["corrected"][who] & (fy == first[who] + 1)
    filed = d["filed"][who]
    proc = d["proc"][who]
    # the first report of a corrected filing carried another day and another charge
    first_report = d["corrected"][who] & filing_row
    proc = np.where(first_report, np.maximum(proc - 40, _FY_START[fy - 1990]), proc)
    filed = np.where(first_report[:, None], np.where(np.arange(5) == 0, _PLACES["common"].start, _UNUSED), filed)
    table = {
        "who": who, "fy": fy, "filing": filing_row | again, "ending": ending_row, "load": load, "proc": proc,
        "version": rng.integers(1, 9, len(who)), "filed": filed,
    }  # fmt: skip
    # near-duplicates: an older version of the same record, with other charges and other flags
    stale = np.flatnonzero(rng.random(len(who)) < 0.0025)
    copies = {name: values[stale].copy() for name, values in table.items()}
    by_version = (copies["fy"] >= 2012) & (rng.random(len(stale)) < 0.5)
    copies["load"] = np.where(by_version, copies["load"], copies["load"] - 9)
    copies["version"] = np.where(by_version, 0, copies["version"])
    copies["filed"][:, 0] = np.where(_STATUTE_BITS[copies["filed"][:, 0]] > 0, _PLACES["common"].start, 0)
    copies["filing"] = np.where(rng.random(len(stale)) < 0.3, ~copies["filing"], copies["filing"])
    manifest.duplicates += len(stale)
    table = {name: np.concatenate([values, copies[name]]) for name, values in table.items()}
    order = rng.permutation(len(table["who"]))
    table = {name: values[order] for name, values in table.items()}
    manifest.rows += len(order)
    return _idb_text(rng, d, table)


def _idb_text(rng: np.random.Generator, d: dict[str, np.ndarray], t: dict[str, np.ndarray]) -> pl.DataFrame:
    who, fy = t["who"], t["fy"]
    n = len(who)
    numbers = pl.Series([str(value) for value in range(-8, 1000)])

    def number(values: np.ndarray) -> pl.Series:
        return numbers.gather(values + 8)

    def day(values: np.ndarray, present: np.ndarray) -> pl.Series:
        text = _DATES.gather(np.clip(values, 0, len(_DATES) - 1))
        return pl.select(pl.when(pl.Series(present)).then(text).otherwise(pl.lit(_NO_DATE))).to_series()

    def flag(values: np.ndarray) -> pl.Series:
        return pl.Series(["0", "1"]).gather(values.astype(np.int64))

    def one_of(texts: Sequence[str], odds: Sequence[float] | None = None) -> pl.Series:
        return pl.Series(list(texts)).gather(rng.choice(len(texts), size=n, p=odds))

    ending = t["ending"]
    district = pl.Series(list(DISTRICTS)).gather(d["district"][who])
    modern = fy >= 2012
    columns: dict[str, pl.Series] = {}
    keys = pl.DataFrame({"circuit": one_of(["08"]), "district": district, "serial": d["number"][who], "reopened": d["reopened"][who]}).with_columns(
        pl.col("serial").cast(pl.String).str.zfill(9).alias("serial"),
        pl.col("reopened").cast(pl.Int8).cast(pl.String).alias("reopened"),
    )
    docket = keys["serial"].str.slice(2, 7)
    columns["DEFLGKY"] = keys.select(
        pl.concat_str(["circuit", "district", pl.lit("1"), pl.col("serial").str.slice(2, 7), pl.lit("CR"), pl.lit("0"), pl.col("serial").str.slice(0, 2), "reopened"])
    ).to_series()
    columns["CASLGKY"] = keys.select(pl.concat_str(["circuit", "district", pl.lit("1"), pl.col("serial").str.slice(2, 7), pl.lit("CR"), "reopened"])).to_series()
    columns["FISCALYR"] = pl.Series([str(y) for y in range(1990, 2060)]).gather(fy - 1990)
    columns["TAPEYEAR"] = pl.Series([str(y) for y in range(1990, 2100)]).gather(np.where(ending, fy, 2099) - 1990)
    columns |= {"CIRCUIT": keys["circuit"], "DISTRICT": district, "OFFICE": one_of("123", [0.7, 0.2, 0.1]), "DOCKET": docket, "DEFNO": one_of(["1", "2", "3"])}
    columns["REOPSEQ"] = flag(d["reopened"][who])
    columns["NAME"] = one_of(["", "SYNTHETICNAME", 'SYNTHETICNAME "JR', "SYNTHETICNAME \u00d1"], [0.98 - 2e-5, 0.01, 0.01, 2e-5])
    columns["FJUDGE"] = columns["TJUDGE"] = one_of(["", "SYNTHETICJUDGE"], [0.99, 0.01])
    columns["TYPEREG"] = one_of(["CR", "MJ"], [0.99, 0.01])
    columns["STATUSCD"] = pl.Series(["E", "J"]).gather(ending.astype(np.int64))
    columns["FUGSTAT"] = pl.Series([_MISSING, "N", "Z"]).gather(np.where(modern, 1 + d["fugitive"][who], 0))
    columns["PROCDATE"] = day(t["proc"], np.ones(n, dtype=bool))
    bad = d["undated"][who]
    if bad.any():
        for code, text in ((1, "13/45/2020"), (2, "02/29/2019"), (3, "06/15/2099")):
            columns["PROCDATE"] = pl.select(pl.when(pl.Series(bad == code)).then(pl.lit(text)).otherwise(columns["PROCDATE"])).to_series()
    old = rng.random(n) < 0.001
    columns["FILEDATE"] = day(np.where(old, _day(date(1970, 5, 5)), t["proc"] - np.where(rng.random(n) < 0.6, 0, rng.integers(1, 120, n))), np.ones(n, dtype=bool))
    columns["TERMDATE"] = day(d["term"][who], ending)
    columns["DISPDATE"] = day(d["term"][who] - 90, ending)
    columns["SENTDATE"] = day(d["sent"][who], ending & (d["sent"][who] >= 0))
    columns["LOADDATE"] = day(t["load"], np.ones(n, dtype=bool))
    columns["UPDATE"] = day(t["load"], ~modern)
    columns["VER"] = number(np.where(modern, t["version"], -8))
    columns["CTDEF"] = number(np.where(modern, 1, -8))
    columns["PROCCD"] = one_of(["1", "3", "2", "16"], [0.75, 0.12, 0.06, 0.07])
    columns["FCOUNSEL"] = one_of(["6", "1", "2", _MISSING], [0.3, 0.3, 0.25, 0.15])
    columns["COUNTY"] = one_of(["19113", "48201", "13121", "88888"])
    columns["SOURCE"] = one_of(["CMECF", "MASTER", "DSNAPSHOT"])
    for slot in range(5):
        filed = t["filed"][:, slot]
        has = filed != _UNUSED
        ended = np.where(ending, d["ended_charges"][who, slot], _UNUSED)
        closed = ended != _UNUSED
        columns[f"FTITLE{slot + 1}"] = _STATUTES.gather(filed)
        columns[f"TTITLE{slot + 1}"] = _STATUTES.gather(ended)
        columns[f"DISP{slot + 1}"] = number(np.where(ending, d["disp"][who, slot], -8))
        for prefix, present in (("F", has), ("T", closed)):
            columns[f"{prefix}OFFLVL{slot + 1}"] = pl.Series([_MISSING, "4"]).gather(present.astype(np.int64))
            columns[f"D2{prefix}OFFCD{slot + 1}"] = pl.Series([_MISSING, "6300", "7830"]).gather(np.where(present, 1 + filed % 2, 0))
            columns[f"{prefix}OFFCD{slot + 1}"] = pl.Series([_MISSING, "6300"]).gather((present & (fy < 2006)).astype(np.int64))
            columns[f"{prefix}SEV{slot + 1}"] = pl.Series([_MISSING, "839"]).gather(present.astype(np.int64))
        columns[f"PRISTIM{slot + 1}"] = number(np.where(closed, rng.integers(-4, 400, n), -8))
        columns[f"PRISCD{slot + 1}"] = pl.Series([_MISSING, "C001"]).gather(closed.astype(np.int64))
    columns["PRISTOT"] = number(np.where(ending, rng.integers(0, 400, n), -8))
    filing, transfer, reopened = t["filing"], d["filed_transfer"][who], d["reopened"][who]
    out = d["ended_transfer"][who]
    columns |= {
        "CTFILTRN": flag(filing), "CTFIL": flag(filing & ~transfer), "CTFILWOR": flag(filing & ~transfer & ~reopened),
        "CTFILR": flag(filing & ~transfer & reopened), "CTTRTRN": flag(ending), "CTTR": flag(ending & ~out),
        "CTTRWOR": flag(ending & ~out & ~reopened), "CTTRR": flag(ending & ~out & reopened), "CTPN": flag(~ending),
        "CTPNWOF": flag(~ending & ~d["fugitive"][who]),
    }  # fmt: skip
    blank = pl.Series([_NO_DATE]).gather(np.zeros(n, dtype=np.int64))
    missing = pl.Series([_MISSING]).gather(np.zeros(n, dtype=np.int64))
    for name in IDB_HEADER:
        columns.setdefault(name, blank if name.endswith("DATE") else missing)
    return pl.DataFrame({name: columns[name] for name in IDB_HEADER})


_NUMERIC = {
    "FISCALYR", "REOPSEQ", "VER", "TAPEYEAR", "CTFILTRN", "CTFIL", "CTTRTRN", "CTTR", "CTPN", *(f"DISP{slot}" for slot in _SLOTS)
}  # fmt: skip


def idb_chunks(plan: IdbPlan, manifest: Manifest) -> Iterator[pl.DataFrame]:
    """Yield the rows of a synthetic file chunk by chunk, filling the manifest as they are drawn."""
    for chunk in range(-(-plan.defendants // plan.chunk)):
        defendants = draw_defendants(plan, chunk)
        count_expected(defendants, manifest)
        yield _idb_rows(plan, chunk, defendants, manifest)


def write_idb(
    path: Path, plan: IdbPlan, *, newline: str = "\n", header: Sequence[str] = IDB_HEADER, order: Sequence[str] = IDB_HEADER,
    floats: bool = False, malformed: int = 0,
) -> Manifest:  # fmt: skip
    """Write a synthetic file and return its known answers.

    Args:
        path: text file to write.
        plan: what to draw.
        newline: LF or CRLF; the real one is not known.
        header: names to print, where they differ from the columns (renamed, fused).
        order: columns in the order to write; names outside the layout become extra columns.
        floats: numbers as `2017.0`, as a re-export through SAS writes them.
        malformed: lines of each kind of damage.
    """
    manifest = Manifest()
    with path.open("wb") as stream:
        stream.write(("\t".join(header) + newline).encode("latin-1"))
        for chunk in idb_chunks(plan, manifest):
            rows = chunk.with_columns(pl.lit("x").alias(name) for name in order if name not in chunk.columns).select(order)
            if floats:
                rows = rows.with_columns(pl.col(name) + ".0" for name in order if name in _NUMERIC)
            if malformed and stream.tell() < 10_000:
                stream.write(_damaged(rows, malformed, newline, manifest))
            _write_text(rows, stream, newline)
        if malformed:
            # the download stopped in the middle of a line
            manifest.malformed += 1
            stream.write(_lines(_charged_rows(rows).head(1), newline)[:300])
    return manifest


def _lines(rows: pl.DataFrame, newline: str) -> bytes:
    text = rows.write_csv(separator="\t", quote_style="never", include_header=False, line_terminator=newline)
    return text.encode("latin-1")


def _write_text(rows: pl.DataFrame, stream: object, newline: str) -> None:
    stream.write(_lines(rows, newline))  # type: ignore[attr-defined]


def _charged_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("FTITLE1") == "18:2252.F", pl.col("CTFIL").str.starts_with("1"))


def _damaged(rows: pl.DataFrame, number: int, newline: str, manifest: Manifest) -> bytes:
    lines = _lines(_charged_rows(rows).head(1), newline).removesuffix(newline.encode())
    fields = lines.split(b"\t")
    short = b"\t".join([*fields[:60], *fields[61:]])
    long = b"\t".join([*fields[:60], b"SYNTHETICNAME", *fields[60:]])
    manifest.malformed += 3 * number
    return b"".join((kind + newline.encode()) * number for kind in (short, long, b""))
