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
    others = [
        f"{t}:{s}{x}.F"
        for t, s, x in zip(rng.integers(1, 50, 1500), rng.integers(10, 1400, 1500), rng.choice(list("ABC "), 1500), strict=True)
    ]
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
    edges = np.array(
        [
            _day(date(y, m, d))
            for y in range(plan.first_fy, plan.as_of.year)
            for m, d in ((9, 30), (10, 1), (12, 31), (1, 1), (6, 30), (7, 1))
        ]
    )
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
    keys = pl.DataFrame(
        {"circuit": one_of(["08"]), "district": district, "serial": d["number"][who], "reopened": d["reopened"][who]}
    ).with_columns(
        pl.col("serial").cast(pl.String).str.zfill(9).alias("serial"),
        pl.col("reopened").cast(pl.Int8).cast(pl.String).alias("reopened"),
    )
    docket = keys["serial"].str.slice(2, 7)
    columns["DEFLGKY"] = keys.select(
        pl.concat_str(
            [
                "circuit",
                "district",
                pl.lit("1"),
                pl.col("serial").str.slice(2, 7),
                pl.lit("CR"),
                pl.lit("0"),
                pl.col("serial").str.slice(0, 2),
                "reopened",
            ]
        )
    ).to_series()
    columns["CASLGKY"] = keys.select(
        pl.concat_str(["circuit", "district", pl.lit("1"), pl.col("serial").str.slice(2, 7), pl.lit("CR"), "reopened"])
    ).to_series()
    columns["FISCALYR"] = pl.Series([str(y) for y in range(1990, 2060)]).gather(fy - 1990)
    columns["TAPEYEAR"] = pl.Series([str(y) for y in range(1990, 2100)]).gather(np.where(ending, fy, 2099) - 1990)
    columns |= {
        "CIRCUIT": keys["circuit"],
        "DISTRICT": district,
        "OFFICE": one_of("123", [0.7, 0.2, 0.1]),
        "DOCKET": docket,
        "DEFNO": one_of(["1", "2", "3"]),
    }
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
    columns["FILEDATE"] = day(
        np.where(old, _day(date(1970, 5, 5)), t["proc"] - np.where(rng.random(n) < 0.6, 0, rng.integers(1, 120, n))), np.ones(n, dtype=bool)
    )
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


# ---------------------------------------------------------------------------------------------------------------------
# National caseload data (LIONS): fixed width, one README for each archive
# ---------------------------------------------------------------------------------------------------------------------

#: (column, type, width) in the order of the release; FILL columns stand for those that nobody reads
LIONS_LAYOUTS: dict[str, list[tuple[str, str, int]]] = {
    "GS_CASE": [
        ("DISTRICT", "VARCHAR2(3)", 3), ("ID", "VARCHAR2(10)", 10), ("CLASS", "VARCHAR2(1)", 1), ("NAME", "VARCHAR2(50)", 50),
        ("RECVD_DATE", "DATE", 11), ("FILL1", "VARCHAR2(82)", 82), ("LEAD_CHARGE", "VARCHAR2(25)", 25), ("FILL2", "VARCHAR2(41)", 41),
        ("SYS_INIT_DATE", "DATE", 11), ("ACCESS_DATE", "DATE", 11), ("STATUS", "VARCHAR2(1)", 1), ("CLOSE_DATE", "DATE", 11),
        ("FILL3", "VARCHAR2(109)", 109),
    ],
    "GS_CASE_PROG_CAT": [
        ("DISTRICT", "VARCHAR2(10)", 10), ("CASEID", "VARCHAR2(10)", 10), ("PROG_CAT", "VARCHAR2(3)", 3), ("ID", "NUMBER(10)", 10),
        ("FILL1", "VARCHAR2(82)", 82),
    ],
    "GS_COURT_HIST": [
        ("DISTRICT", "VARCHAR2(10)", 10), ("CASEID", "VARCHAR2(10)", 10), ("ID", "NUMBER(10)", 10), ("COURT", "VARCHAR2(2)", 2),
        ("FILL1", "VARCHAR2(4)", 4), ("COURT_NUMBER", "VARCHAR2(25)", 25), ("FILING_DATE", "DATE", 11), ("FILL2", "VARCHAR2(38)", 38),
        ("DISPOSITION", "VARCHAR2(2)", 2), ("DISP_DATE", "DATE", 11), ("DISP_REASON1", "VARCHAR2(4)", 4), ("FILL3", "VARCHAR2(112)", 112),
    ],
    "GS_PARTICIPANT": [
        ("DISTRICT", "VARCHAR2(10)", 10), ("CASEID", "VARCHAR2(10)", 10), ("ID", "NUMBER(10)", 10), ("TYPE", "VARCHAR2(1)", 1),
        ("ROLE", "VARCHAR2(2)", 2), ("FILL1", "VARCHAR2(32)", 32), ("LAST_NAME", "VARCHAR2(60)", 60), ("FIRST_NAME", "VARCHAR2(30)", 30),
        ("FILL2", "VARCHAR2(126)", 126), ("SSN", "VARCHAR2(11)", 11), ("FILL3", "VARCHAR2(867)", 867),
    ],
    "GS_PART_COURT": [
        ("DISTRICT", "VARCHAR2(10)", 10), ("CASEID", "VARCHAR2(10)", 10), ("PARTID", "NUMBER(10)", 10), ("CRTHISID", "NUMBER(10)", 10),
        ("APPEAL_ROLE", "VARCHAR2(2)", 2), ("DISPOSITION", "VARCHAR2(2)", 2), ("DISP_REASON", "VARCHAR2(4)", 4), ("DISP_DATE", "DATE", 11),
        ("FILL1", "VARCHAR2(104)", 104),
    ],
    "GS_PART_COUNT": [
        ("DISTRICT", "VARCHAR2(10)", 10), ("CASEID", "VARCHAR2(10)", 10), ("PARTID", "NUMBER(10)", 10), ("CRTHISID", "NUMBER(10)", 10),
        ("INSTID", "NUMBER(10)", 10), ("CHARGE", "VARCHAR2(25)", 25), ("CATEGORY", "VARCHAR2(1)", 1), ("COUNTID", "NUMBER(10)", 10),
        ("DISPOSITION", "VARCHAR2(2)", 2), ("DISP_REASON", "VARCHAR2(4)", 4), ("DISP_DATE", "DATE", 11), ("FILL1", "VARCHAR2(83)", 83),
    ],
}  # fmt: skip
#: charge text -> group, exact statute; written by hand
_LIONS_CHARGES: Sequence[tuple[str, str, str, float]] = (
    ("18 :2252A(a)(2)", "non_production", "2252A", 0.3), ("18:02252A", "non_production", "2252A", 0.1),
    ("18 :2252(a)(4)(B)", "non_production", "2252", 0.2), ("18 :2251(a)", "production", "2251", 0.2), ("18:2251A", "production", "", 0.02),
    ("18 :2260(a)", "production", "", 0.02), ("18 :1466A(b)", "obscene_depiction", "", 0.06), ("18:2252a", "ambiguous", "", 0.03),
    ("18 :2260A", "ambiguous", "", 0.03), ("18 :2252B", "ambiguous", "", 0.02), ("18:2252AB", "ambiguous", "", 0.02),
)  # fmt: skip
_LIONS_OTHER = (
    "8 :1326",
    "8 :1324(a)(2)",
    "21 :841",
    "18 :922(g)",
    "18 :2250(a)",
    "18 :22521",
    "18 :1466",
    "26 :2252",
    "118:2252",
    "*",
    "",
)
LIONS_DISTRICTS = ("TXS", "AK", "MSN", "DC", "GU", "CAC")
_LIONS_AREAS = {"AK": "AKD", "DC": "DCD", "GU": "GUD"}
#: what becomes of a matter in truth -> share
_STORIES: Sequence[tuple[str, float]] = (
    ("convicted", 0.34), ("dismissed", 0.05), ("open_in_court", 0.08), ("declined", 0.20), ("declined_at_once", 0.06),
    ("declined_then_filed", 0.03), ("magistrate", 0.05), ("closed", 0.04), ("pending", 0.10), ("complaint_open", 0.02),
    ("error_status", 0.01), ("error_history", 0.01), ("error_and_filed", 0.01),
)  # fmt: skip
_OUTCOME_OF = {
    **dict.fromkeys(("convicted", "dismissed", "open_in_court", "declined_then_filed", "error_and_filed"), "matters_prosecuted"),
    **dict.fromkeys(("declined", "declined_at_once"), "matters_declined"), "magistrate": "matters_disposed_by_magistrate",
    "closed": "matters_closed_otherwise", **dict.fromkeys(("pending", "complaint_open"), "matters_pending"),
}  # fmt: skip
_PROGRAM_SCOPES = {0: [], 1: ["usao_project_safe_childhood"], 2: ["usao_offline_child_pornography"]}
_DECLINATIONS = ("WKEV", "LEBA", "REFM", "SPOA", "????", "")
LIONS_AS_OF = date(2018, 9, 30)
_LIONS_EPOCH = date(1980, 1, 1)
_LIONS_DATES = pl.Series([f"{d:%d-%b-%Y}".upper() for d in (_LIONS_EPOCH + timedelta(n) for n in range(366 * 45))])


def lions_readme(layouts: dict[str, list[tuple[str, str, int]]] = LIONS_LAYOUTS, release: str = "SEPFY2018") -> str:
    """Write the README of a synthetic release in the manner of the real ones."""
    lines = [f"0 errors encountered during {release} redaction.", "", "README.TXT FILES DISK01.ZIP (SYNTHETIC)", "", "File Listing:"]
    lines += [f"10/11/2018 10:46 AM         2,217,320,048 {table.lower()}.txt" for table in layouts]
    lines += ["", "Table Layouts:", ""]
    for number, (table, columns) in enumerate(layouts.items()):
        lines += [f"{table} - {sum(width for *_, width in columns)} Characters                        ", ""]
        lines += ["Name               Null?      Type           Position", ""]
        begin = 1
        for name, kind, width in columns:
            feed = "\f" if number == 1 and begin == 1 else ""
            null = "NOT NULL" if name in ("DISTRICT", "CLASS") else ""
            lines += [f"{feed}{name:<18} {null:<10} {kind:<14} ({begin}:{begin + width - 1})", ""]
            begin += width
    return "\n".join(lines)


@dataclass
class LionsManifest:
    """Known answers: (measure, population, scope, reason, `YYYY-MM`) -> units, and the same by district."""

    counts: Counter[tuple[str, str, str, str, str]] = field(default_factory=Counter)
    districts: Counter[tuple[str, str, str, str, int]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def _lions_day(value: date) -> int:
    return (value - _LIONS_EPOCH).days


def _iso_month(day: int) -> str:
    return (_LIONS_EPOCH + timedelta(int(day))).isoformat()[:7]


def write_lions(
    folder: Path, seed: int, matters: int, *, csam_share: float = 0.4, chunk: int = 20_000, first: date = date(2005, 10, 1),
    layouts: dict[str, list[tuple[str, str, int]]] = LIONS_LAYOUTS, traps: bool = True, events: int = 0,
) -> LionsManifest:  # fmt: skip
    """Write a synthetic release (text files and README) into a folder and return its known answers.

    `events` adds that many records for each matter of the tables that a release is mostly made of and that nobody counts here.
    """
    manifest = LionsManifest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.TXT").write_bytes(lions_readme(layouts).encode("latin-1"))
    streams = {table: (folder / f"{table.lower()}.txt").open("wb") for table in layouts if table != "GS_PARTICIPANT"}
    people = {district: (folder / f"gs_participant_{district}.txt").open("wb") for district in LIONS_DISTRICTS}
    try:
        for number in range(-(-matters // chunk)):
            size = min(chunk, matters - number * chunk)
            tables = _lions_tables(np.random.default_rng([seed, number]), number * chunk, size, csam_share, first, manifest)
            for table, rows in tables.items():
                manifest.rows[table] += rows.height
                text = _fixed_width(rows, layouts[table], traps and number == 0)
                if table == "GS_PARTICIPANT":
                    width = sum(width for *_, width in layouts[table]) + 1
                    for district, stream in people.items():
                        here = rows.with_row_index().filter(pl.col("DISTRICT") == district)["index"]
                        stream.write(b"".join(text[place * width : (place + 1) * width] for place in here))
                else:
                    streams[table].write(text)
    finally:
        for stream in [*streams.values(), *people.values()]:
            stream.close()
    if events:
        for district in LIONS_DISTRICTS:
            record = f"{district:<10}{'2010R00001':<20}SYNTHETICJUDGE".ljust(405).encode() + b"\n"
            with (folder / f"gs_event_{district}.txt").open("wb") as stream:
                for _ in range(events):
                    stream.write(record * (matters // len(LIONS_DISTRICTS)))
    return manifest


def _fixed_width(rows: pl.DataFrame, layout: list[tuple[str, str, int]], traps: bool) -> bytes:
    filler = {
        "NAME": "SYNTHETICNAME",
        "LAST_NAME": "SYNTHETICNAME",
        "FIRST_NAME": "SYNTHETICNAME",
        "SSN": "9955501",
        "FILL2": "SYNTHETICJUDGE",
    }
    parts = []
    for name, _, width in layout:
        text = pl.col(name) if name in rows.columns else pl.lit(filler.get(name, ""))
        parts.append(text.str.pad_end(width, " "))
    lines = rows.select(pl.concat_str(parts)).to_series()
    text = ("\n".join(lines) + "\n").encode("ascii")
    if traps and any(name == "NAME" for name, *_ in layout):
        # characters of another alphabet and line ends inside a name, as many as the name had
        text = text.replace(b"SYNTHETICNAME ", b"SYNTH\rTICN\xd1M\n ", 3).replace(b"SYNTHETICNAME ", b"SYNTHETICN\xc3\xa9E ", 2)
    return text


def _lions_tables(
    rng: np.random.Generator, start: int, n: int, csam_share: float, first: date, manifest: LionsManifest
) -> dict[str, pl.DataFrame]:
    last = _lions_day(LIONS_AS_OF)
    received = rng.integers(_lions_day(first), last - 5, n)
    csam = rng.random(n) < csam_share
    odds = np.array([share for *_, share in _LIONS_CHARGES])
    charge = np.where(
        csam, rng.choice(len(_LIONS_CHARGES), n, p=odds / odds.sum()), len(_LIONS_CHARGES) + rng.integers(0, len(_LIONS_OTHER), n)
    )
    charges = pl.Series([text for text, *_ in _LIONS_CHARGES] + list(_LIONS_OTHER))
    story_odds = np.array([share for _, share in _STORIES])
    story = rng.choice(len(_STORIES), n, p=story_odds / story_odds.sum())
    civil = rng.random(n) < 0.05
    defendants = rng.choice([1, 2, 3], n, p=[0.8, 0.15, 0.05])
    district = rng.integers(0, len(LIONS_DISTRICTS), n)
    offline = _lions_day(date(2011, 2, 1))
    program = np.where(csam & (rng.random(n) < 0.8), np.where(received < offline, 2, 1), np.where(rng.random(n) < 0.02, 1, 0))
    secondary = rng.random(n) < 0.1
    decided = np.minimum(received + rng.integers(5, 400, n), last)
    ended = np.minimum(decided + rng.integers(30, 500, n), last)
    reason = rng.integers(0, len(_DECLINATIONS), n)
    names = pl.Series([name for name, _ in _STORIES]).gather(story)
    # the second count of a defendant is what a plea was to; the lead charge may be dropped
    pleaded_elsewhere = rng.random(n) < 0.15
    base = pl.DataFrame(
        {
            "number": np.arange(start, start + n), "received": received, "charge": charges.gather(charge), "kind": charge, "story": names,
            "civil": civil, "defendants": defendants, "district": pl.Series(list(LIONS_DISTRICTS)).gather(district), "program": program,
            "secondary": secondary, "decided": decided, "ended": ended, "reason": pl.Series(list(_DECLINATIONS)).gather(reason),
            "elsewhere": pleaded_elsewhere,
        }
    )  # fmt: skip
    _count_lions(base, manifest)
    return _lions_rows(base)


def _lions_scopes(kind: int, program: int) -> tuple[list[str], list[str]]:
    group, exact = _LIONS_CHARGES[kind][1:3] if kind < len(_LIONS_CHARGES) else ("", "")
    groups = [group, *(["csam"] if group and group != "ambiguous" else [])] if group else []
    lead = [f"lions_{name}_lead_charge" for name in groups] + ([f"usc18_{exact.lower()}_lead_charge"] if exact else [])
    return lead + _PROGRAM_SCOPES[program], [f"lions_{name}_any_charge" for name in groups]


def _count_lions(base: pl.DataFrame, manifest: LionsManifest) -> None:
    """Count the known answers story by story, from the drawn matters alone."""
    cohort = "usao_matter_cohort"
    interesting = base.filter((pl.col("kind") < len(_LIONS_CHARGES)) | (pl.col("program") > 0), ~pl.col("civil"))
    for row in interesting.iter_rows(named=True):
        story = row["story"]
        if story in ("error_status", "error_history"):
            continue
        lead, charged = _lions_scopes(row["kind"], row["program"])

        def add(
            measure: str, population: str, scopes: Sequence[str], day: int, units: int = 1, reason: str = "", area: str = row["district"]
        ) -> None:
            for scope in scopes:
                manifest.counts[measure, population, scope, reason, _iso_month(day)] += units
                if not reason:
                    place = _LIONS_AREAS.get(area, area)
                    manifest.districts[measure, population, scope, place, int(_iso_month(day)[:4])] += units

        add("matters_received", cohort, lead, row["received"])
        add(_OUTCOME_OF[story], cohort, lead, row["received"])
        told = row["reason"] if row["reason"] in _DECLINATIONS[:4] else "unknown"
        if story in ("declined", "declined_at_once"):
            add("matters_declined", cohort, lead, row["received"], reason=told)
        if story in ("declined", "declined_at_once", "declined_then_filed"):
            add("matters_declined", "usao_declinations", lead, row["decided"])
            add("matters_declined", "usao_declinations", lead, row["decided"], reason=told)
        if _OUTCOME_OF[story] == "matters_prosecuted":
            filed = row["ended"] if story == "declined_then_filed" else row["decided"]
            add("defendants_charged", "usao_cases_filed", lead + charged, filed, row["defendants"])
        if story == "convicted":
            add("defendants_convicted", "usao_defendants_convicted", lead, row["ended"], row["defendants"])
            if not row["elsewhere"]:
                add("defendants_convicted", "usao_defendants_convicted", charged, row["ended"], row["defendants"])


def _lions_rows(base: pl.DataFrame) -> dict[str, pl.DataFrame]:
    story = pl.col("story")

    def day(column: str) -> pl.Expr:
        return pl.lit(_LIONS_DATES).gather(pl.col(column))

    keyed = base.with_columns(
        DISTRICT="district", CASE=pl.format("{}R{}", pl.lit("2010"), pl.col("number").cast(pl.String).str.zfill(5)).str.slice(-10),
    ).with_columns(CASEID="CASE")  # fmt: skip
    closed = ["convicted", "dismissed", "declined", "declined_at_once", "magistrate", "closed", "error_history"]
    cases = keyed.select(
        "DISTRICT", pl.col("CASE").alias("ID"), pl.when("civil").then(pl.lit("V")).otherwise(pl.lit("R")).alias("CLASS"),
        day("received").alias("RECVD_DATE"), pl.col("charge").alias("LEAD_CHARGE"), day("received").alias("SYS_INIT_DATE"),
        pl.when(story == "error_status").then(pl.lit("O")).when(story.is_in(closed)).then(pl.lit("C")).otherwise(pl.lit("A"))
        .alias("STATUS"),
    )  # fmt: skip
    code = pl.col("program").replace_strict({1: "080", 2: "087", 0: "092"}, return_dtype=pl.String)
    first = keyed.select("DISTRICT", "CASEID", code.alias("PROG_CAT"), pl.lit("2").alias("ID"))
    # a second category of interest does not make a matter one of that category
    second = keyed.filter(pl.col("secondary") & (pl.col("program") == 0)).select(
        "DISTRICT", "CASEID", pl.lit("080").alias("PROG_CAT"), pl.lit("11").alias("ID")
    )
    histories = []

    def history(
        stories: Sequence[str], number: str, court: str, filed: str | None, outcome: str | None, ended: str | None, reason: bool = False
    ) -> None:
        histories.append(
            keyed.filter(story.is_in(stories)).select(
                "DISTRICT", "CASEID", pl.lit(number).alias("ID"), pl.lit(court).alias("COURT"),
                (day(filed) if filed else pl.lit("")).alias("FILING_DATE"), pl.lit(outcome or "").alias("DISPOSITION"),
                (day(ended) if ended else pl.lit("")).alias("DISP_DATE"),
                (pl.col("reason") if reason else pl.lit("")).alias("DISP_REASON1"), "defendants",
            )
        )  # fmt: skip

    in_court = ("convicted", "dismissed", "open_in_court", "error_and_filed")
    history(in_court, "1", "NC", None, "NW", "decided")
    history(("convicted",), "2", "DC", "decided", "GT", "ended")
    history(("dismissed",), "2", "DC", "decided", "DM", "ended")
    history(("open_in_court", "error_and_filed"), "2", "DC", "decided", None, None)
    history(("convicted",), "3", "DC", "ended", "GT", "ended")  # a superseding instrument: same defendants again
    history(("declined",), "1", "NC", None, "DE", "decided", reason=True)
    history(("declined_at_once",), "1", "NC", None, "ID", "decided", reason=True)
    history(("declined_then_filed",), "1", "NC", None, "DE", "decided", reason=True)
    history(("declined_then_filed",), "2", "DC", "ended", None, None)
    history(("magistrate",), "1", "MG", "decided", "DM", "ended")
    history(("complaint_open",), "1", "MG", "decided", None, None)
    history(("closed",), "1", "NC", None, "TR", "decided")
    history(("pending",), "1", "NC", None, None, None)
    history(("error_status", "error_history"), "1", "NC", None, "OE", "decided")
    history(("error_and_filed",), "4", "DC", "received", "OE", "received")
    court = pl.concat(histories)
    people = keyed.select("DISTRICT", "CASEID", "defendants", pl.int_ranges(1, pl.col("defendants") + 1).alias("ID")).explode("ID")
    roles = pl.Series(["DG", "D"])
    persons = people.select("DISTRICT", "CASEID", pl.col("ID").cast(pl.String), pl.lit(roles).gather(pl.col("ID") % 2).alias("ROLE"))
    # others in the matter: a juvenile, a deceased victim and the investigating agency are no defendants
    others = [
        keyed.select("DISTRICT", "CASEID", pl.lit(number).alias("ID"), pl.lit(role).alias("ROLE"))
        for number, role in (("7", "DJ"), ("8", "VD"), ("9", "IN"))
    ]
    everyone = court.select(
        "DISTRICT", "CASEID", "ID", "DISPOSITION", "DISP_DATE", pl.int_ranges(1, pl.col("defendants") + 1).alias("PARTID")
    ).explode("PARTID")
    juvenile = court.select("DISTRICT", "CASEID", "ID", "DISPOSITION", "DISP_DATE", pl.lit(7, dtype=pl.Int64).alias("PARTID"))
    appearances = pl.concat([everyone.with_columns(pl.col("PARTID").cast(pl.Int64)), juvenile]).select(
        "DISTRICT", "CASEID", pl.col("PARTID").cast(pl.String), pl.col("ID").alias("CRTHISID"), "DISPOSITION", "DISP_DATE"
    )
    counts = (
        everyone.filter(pl.col("ID") == "2")
        .join(keyed.select("DISTRICT", "CASEID", "charge", "elsewhere"), on=["DISTRICT", "CASEID"])
        .with_columns(PARTID=pl.col("PARTID").cast(pl.String), CRTHISID="ID", INSTID=pl.lit("1"), CATEGORY=pl.lit("F"))
    )
    guilty = pl.col("DISPOSITION") == "GT"
    charged = counts.with_columns(
        CHARGE="charge", COUNTID=pl.lit("1"), DISPOSITION=pl.when(guilty & pl.col("elsewhere")).then(pl.lit("DM")).otherwise("DISPOSITION")
    )
    other = counts.with_columns(CHARGE=pl.lit("18 :371"), COUNTID=pl.lit("2"))
    return {
        "GS_CASE": cases, "GS_CASE_PROG_CAT": pl.concat([first, second]), "GS_COURT_HIST": court.drop("defendants"),
        "GS_PARTICIPANT": pl.concat([persons, *others]), "GS_PART_COURT": appearances, "GS_PART_COUNT": pl.concat([charged, other]),
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Individual datafiles of the Sentencing Commission: wide CSV, one fiscal year each
# ---------------------------------------------------------------------------------------------------------------------


@dataclass
class UsscManifest:
    """Known answers: figure name -> individuals; and (figure name, `YYYY-MM`) -> individuals."""

    years: Counter[str] = field(default_factory=Counter)
    months: Counter[tuple[str, str]] = field(default_factory=Counter)
    districts: Counter[tuple[str, str]] = field(default_factory=Counter)


_GUIDELINES = ("2D1.1", "2L1.2", "2K2.1", "2G2.1", "2G2.2", "2G1.3", "2G2.4", "2G2.6", ".")
_GUIDELINE_ODDS = (0.4, 0.25, 0.2, 0.03, 0.06, 0.01, 0.005, 0.005, 0.04)
_USSC_DISTRICTS = {"0": "MED", "41": "TXS", "32": "GAN", "95": "AKD", "96": "LAM", "99": "unknown"}


def write_ussc(
    path: Path,
    fiscal_year: int,
    rows: int,
    *,
    columns: int = 60,
    seed: int = 5,
    months: bool = True,
    unplaced: int = 0,
    floats: bool = False,
) -> UsscManifest:
    """Write a synthetic datafile of one fiscal year, with the variables that year had, and return its known answers."""
    rng = np.random.default_rng([seed, fiscal_year])
    manifest = UsscManifest()
    guideline = rng.choice(len(_GUIDELINES), rows, p=_GUIDELINE_ODDS)
    month = rng.integers(0, 12, rows)
    fillers = [f"FILL{number}" for number in range(columns)]
    header = ["USSCIDN", *fillers[: columns // 2], "DISTRICT", "GDLINEHI", "OFFTYPE2"]
    header += ["OFFTYPSB"] if fiscal_year >= 2010 else []
    header += ["OFFGUIDE"] if fiscal_year >= 2018 else []
    header += ["SENTMON", "SENTYR"] if months else []
    header += fillers[columns // 2 :]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    end = ".0" if floats else ""
    for row in range(rows):
        line = _GUIDELINES[guideline[row]]
        material = line in ("2G2.1", "2G2.2", "2G2.4", "2G2.6")
        calendar = (int(month[row]) + 9) % 12 + 1
        year = fiscal_year - (calendar >= 10)
        placed = months and row >= unplaced
        district = list(_USSC_DISTRICTS)[row % len(_USSC_DISTRICTS)]
        cells = {
            "USSCIDN": f"9955501{row}", "DISTRICT": district, "GDLINEHI": line,
            # 28 in OFFTYPE2 is pornography and prostitution, and only until 2009; later files use 42
            "OFFTYPE2": ("28" if fiscal_year < 2010 else "42") if material or line == "2G1.3" else "10",
            "OFFTYPSB": "28" if material else "10", "OFFGUIDE": "7" if line == "2G2.2" else "27" if line == "2G2.1" else "16",
            "SENTMON": f"{calendar}{end}" if placed else ".", "SENTYR": f"{year}{end}" if placed else ".",
        }  # fmt: skip
        writer.writerow([cells.get(name, "." if number % 3 else "") for number, name in enumerate(header)])
        figures = ["all"]
        figures += ["2g21"] if line == "2G2.1" else ["2g22"] if line == "2G2.2" else []
        figures += ["csam_guidelines"] if material else []
        if fiscal_year >= 2018:
            figures += ["child_pornography"] if line == "2G2.2" else ["sexual_abuse"] if line == "2G2.1" else []
        elif fiscal_year >= 2010:
            figures += ["type_child_pornography"] if material else []
        else:
            figures += ["type_pornography_or_prostitution"] if material or line == "2G1.3" else []
        for figure in figures:
            manifest.years[figure] += 1
            manifest.districts[figure, _USSC_DISTRICTS[district]] += 1
            if placed:
                manifest.months[figure, f"{year}-{calendar:02d}"] += 1
    path.write_text(out.getvalue(), encoding="latin-1")
    return manifest


# ---------------------------------------------------------------------------------------------------------------------
# Containers
# ---------------------------------------------------------------------------------------------------------------------


def pack_xz(path: Path) -> Path:
    """Compress a file as xz beside itself."""
    packed = path.with_name(path.name + ".xz")
    packed.write_bytes(lzma.compress(path.read_bytes(), preset=0))
    return packed


def pack_zip(paths: Sequence[Path], packed: Path) -> Path:
    """Put files into a zip archive (deflate)."""
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in paths:
            archive.write(path, path.name)
    return packed


def pack_deflate64(path: Path, packed: Path) -> Path:
    """Put a file into a zip archive whose method is Deflate64, as the courts' archive is.

    Without back-references the two methods write the same bits, so that the standard library can make such a stream.
    """
    content = path.read_bytes()
    compressor = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    stream = compressor.compress(content) + compressor.flush()
    name = path.name.encode()
    shared = struct.pack("<HHHHHIII", 21, 0, 9, 0, 33, zlib.crc32(content), len(stream), len(content))
    local = b"PK\x03\x04" + shared + struct.pack("<HH", len(name), 0) + name
    central = b"PK\x01\x02" + struct.pack("<H", 21) + shared + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(stream), 0)
    packed.write_bytes(local + stream + central + end)
    return packed
