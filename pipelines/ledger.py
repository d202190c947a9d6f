"""The ledger: which snapshots became valid observations, which are in quarantine, and where the Parquet is.

Belongs here: turning snapshots into validated observation files once, remembering the outcome, comparing publications with the
transcribed control figures, and gathering what a release may use.
Does not belong here: fetching (snapshots.py), parsing (sources/), judging (expectations.py), the database (warehouse.py).

Layout: `data/observations/<source_id>/<snapshot_id>.parquet` for every valid vintage, `ledger.json` beside it, and
`data/quarantine/<source_id>/<snapshot_id>.md` with what was wrong.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import polars as pl

from pipelines import judging
from pipelines.catalog import Source, load_sources
from pipelines.conforming import ObservationError, conform
from pipelines.observations import KEY, SERIES_DIMENSIONS
from pipelines.publications import shown
from pipelines.snapshots import Snapshot, sha256_of, snapshot_of_file, snapshots_of
from pipelines.vocabulary import CODE_LISTS, PROJECT

if TYPE_CHECKING:
    from pipelines.expectations import Validation

Origin = Literal["figures", "publication"]

FIGURES = PROJECT / "figures"
CONTROL_TOTALS = PROJECT / "catalog" / "control_totals.toml"
_FIGURE_KEY = [name for name in KEY if name not in ("published_on", "evidence")]
_SHOWN_DIFFERENCES = 20
_LONGEST_PROBLEM = 4_000
#: what reading a file raises that is not what it seems; `read_publication` has made one kind of most of it
_UNREADABLE = (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RuntimeError, EOFError, pl.exceptions.PolarsError)
_IMPORTED = re.compile(r"^from pipelines\.(\w+) import|^import pipelines\.(\w+)", re.MULTILINE)


class LedgerError(ValueError):
    """A ledger, or a file that it names, that cannot be trusted: the message says which and what to do."""


@dataclass(frozen=True)
class Vintage:
    """One snapshot of a source and what became of it.

    Attributes:
        source_id: catalogue key.
        snapshot_id: SHA-256 of the bytes.
        origin: `figures` for the transcribed default, `publication` for fetched bytes.
        first_seen: day (ISO 8601) on which the project first saw the bytes.
        derivation: hash of the code and code lists that read them; a change derives them again.
        is_valid: whether the observations may enter a release.
        problem: why they may not; empty if they may.
        rows: number of observations.
        missing: how many of them have no value.
        parquet_sha256: hash of the Parquet file; empty in quarantine.
        url: where the bytes came from; empty for figures.
        media_type: their type.
        published_on: date of the edition where the publisher states one.
        bytes: their number.
        signed_off_by: who let an unverified layout pass, and why; empty if nobody had to.
        layout: digest of the layout fingerprint (headers, labels, column positions, footnotes); empty where there is none.
    """

    source_id: str
    snapshot_id: str
    origin: Origin
    first_seen: str
    derivation: str
    is_valid: bool
    problem: str
    rows: int
    missing: int
    parquet_sha256: str
    url: str = ""
    media_type: str = ""
    published_on: str = ""
    bytes: int = 0
    signed_off_by: str = ""
    layout: str = ""


@dataclass(frozen=True)
class Derived:
    """Outcome of `derive` for one snapshot.

    Attributes:
        vintage: the snapshot and what became of it.
        rebuilt: False if it had been derived before, by the same code, and nothing was done.
        validation: what was found; None if nothing was judged now.
        differences: figures that differ from the transcription, in words.
        rows_moved: rows that the vintage before had and this has not, or the other way round, and a change of layout, in words.
    """

    vintage: Vintage
    rebuilt: bool
    validation: Validation | None = None
    differences: tuple[str, ...] = ()
    rows_moved: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A snapshot to derive."""

    snapshot: Snapshot
    origin: Origin


def figures_tasks(folder: Path = FIGURES) -> tuple[Task, ...]:
    """List the embedded default: one snapshot per figures file.

    Raises:
        LedgerError: a file that belongs to no source of the catalogue.
    """
    sources = sources_by_id()
    tasks = []
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in sources:
            raise LedgerError(f"figures/{path.name}: no source `{path.stem}` in catalog/sources.toml: add it or rename the file")
        snapshot = replace(
            snapshot_of_file(path.stem, path), media_type="text/csv", retrieved_at=sources[path.stem].transcribed_on
        )
        tasks.append(Task(snapshot, "figures"))
    return tuple(tasks)


def publication_tasks(data: Path, source_ids: Iterable[str]) -> tuple[Task, ...]:
    """List the fetched snapshots of the sources that have a parser, oldest first."""
    return tuple(
        Task(snapshot, "publication")
        for source_id in source_ids
        if sources_by_id()[source_id].kind in ("publication", "records")
        for snapshot in snapshots_of(data / "snapshots", source_id)
        if parser_of(source_id) is not None
    )


@cache
def sources_by_id() -> Mapping[str, Source]:
    """Return the catalogue's sources by their key."""
    return {source.source_id: source for source in load_sources()}


def parser_of(source_id: str) -> Callable[[Snapshot], pl.DataFrame] | None:
    """Return the parser of a source's publications, or None if there is none."""
    name = f"pipelines.sources.{source_id}"
    if importlib.util.find_spec(name) is None:
        return None
    return cast("Callable[[Snapshot], pl.DataFrame]", importlib.import_module(name).parse)


def read_figures(snapshot: Snapshot) -> pl.DataFrame:
    """Read a figures file as text, one row per figure; every cell stays as it is written.

    Raises:
        ObservationError: the file is no CSV in UTF-8, or a line has too few or too many cells.
    """
    try:
        return pl.read_csv(snapshot.path, infer_schema=False)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as problem:
        raise ObservationError(f"{snapshot.source_id}: {problem}: write UTF-8 CSV with one cell per column") from problem


def derivation_of(data: Path, task: Task) -> str:
    """Hash what turns a snapshot into observations: code, lists, and for a publication what it has to reproduce."""
    files = [
        *(PROJECT / "pipelines" / f"{name}.py" for name in ("observations", "vocabulary", "expectations", "control_totals")),
        *sorted(CODE_LISTS.glob("*.csv")),
        CONTROL_TOTALS,
    ]
    judged_by = ""
    if task.origin == "publication":
        source_id = task.snapshot.source_id
        files += _read_with(source_id)
        control = last_valid(data, source_id, "figures")
        judged_by = f"{sources_by_id()[source_id].layout} {control.snapshot_id if control else 'nothing transcribed'}"
    return hashlib.sha256(b"".join(_bytes_hash(path) for path in files) + judged_by.encode()).hexdigest()


@cache
def _read_with(source_id: str) -> tuple[Path, ...]:
    """List the parser of a source, every module of the project that it needs, and the lists of the catalogue that these name."""
    module = PROJECT / "pipelines" / "sources" / f"{source_id}.py"
    waiting, modules = [module] if module.is_file() else [], list[Path]()
    while waiting:
        path = waiting.pop()
        modules.append(path)
        needed = {PROJECT / "pipelines" / f"{name or other}.py" for name, other in _IMPORTED.findall(path.read_text(encoding="utf-8"))}
        # how bytes are fetched and archived does not change what they say
        waiting += sorted(needed.difference(modules, waiting, [PROJECT / "pipelines" / "snapshots.py"]))
    text = "".join(path.read_text(encoding="utf-8") for path in modules)
    return (*sorted(modules), *(path for path in sorted((PROJECT / "catalog").glob("*.*")) if path.name in text))


@cache
def _bytes_hash(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def read_ledger(data: Path, source_id: str) -> tuple[Vintage, ...]:
    """Read the vintages of one source, in the order in which they were derived.

    Raises:
        LedgerError: the ledger is unreadable.
    """
    path = _ledger_path(data, source_id)
    if not path.is_file():
        return ()
    try:
        return tuple(Vintage(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as problem:
        raise LedgerError(f"{source_id}: ledger.json is unreadable ({problem}): delete it and build again") from problem


def observations_path(data: Path, vintage: Vintage) -> Path:
    """Return where the observations of a valid vintage are."""
    return data / "observations" / vintage.source_id / f"{vintage.snapshot_id}.parquet"


def read_observations(data: Path, vintage: Vintage) -> pl.DataFrame:
    """Read the observations of a valid vintage.

    Raises:
        LedgerError: the file is missing, or its hash is not the one in the ledger.
    """
    path = observations_path(data, vintage)
    if not is_intact(data, vintage):
        raise LedgerError(f"{vintage.source_id}: {path.name} is missing or damaged: build again, it will be derived again")
    return pl.read_parquet(path)


def is_intact(data: Path, vintage: Vintage) -> bool:
    """Say whether a vintage's file is there and has the bytes that the ledger remembers."""
    path = observations_path(data, vintage)
    return vintage.is_valid and path.is_file() and sha256_of(path) == vintage.parquet_sha256


def derive(data: Path, tasks: Sequence[Task], *, force: bool = False) -> tuple[Derived, ...]:
    """Turn snapshots into validated observation files; what is valid already and unchanged is left alone.

    A snapshot that cannot be read, does not conform, fails an expectation or contradicts its control figures goes into
    quarantine: the vintages before it stay as they are.

    Args:
        data: the data folder.
        tasks: the snapshots; of one source, the older first.
        force: derive again what is unchanged, too.

    Returns:
        One outcome per task, in order.
    """
    outcomes: dict[Task, Derived] = {}
    # figures first: publications are judged by them
    for origin in ("figures", "publication"):
        frames: dict[Task, pl.DataFrame] = {}
        for task in tasks:
            if task.origin != origin:
                continue
            known = _known(data, task)
            if known is not None and not force:
                outcomes[task] = Derived(known, rebuilt=False)
                continue
            if origin == "publication" and not _has_its_bytes(task.snapshot):
                outcomes[task] = _refuse(data, task, "the archived bytes are missing or damaged: run refresh", again=True)
                continue
            try:
                frames[task] = _observe(task)
            except _UNREADABLE as problem:
                outcomes[task] = _refuse(data, task, _told_of(task, problem))
        for together in _rounds(frames):
            for task, validation in _validate(data, {task: frames[task] for task in together}).items():
                outcomes[task] = _judge(data, task, frames[task], validation)
    return tuple(outcomes[task] for task in tasks)


def prepare(data: Path, tasks: Iterable[Task], *, force: bool = False) -> bool:
    """Let Great Expectations load meanwhile, if `derive` will ask it about any of the snapshots; tell whether it will."""
    asks = force or any(_known(data, task) is None for task in tasks)
    if asks:
        judging.start()
    return asks


def _has_its_bytes(snapshot: Snapshot) -> bool:
    return snapshot.path.is_file() and sha256_of(snapshot.path) == snapshot.snapshot_id


def _told_of(task: Task, problem: Exception) -> str:
    """Tell what was raised while a snapshot was read; words that nobody chose are left out where they might quote a record."""
    source_id = task.snapshot.source_id
    if source_id in str(problem):
        return shown(str(problem), _LONGEST_PROBLEM)
    quoted = "" if sources_by_id()[source_id].kind == "records" else f": {shown(str(problem))}"
    return f"cannot be read ({type(problem).__name__}{quoted}): a layout that its parser does not know"


def _refuse(data: Path, task: Task, problem: str, *, again: bool = False) -> Derived:
    """Put what cannot even be read into quarantine; `again` has it tried anew every time."""
    source_id = task.snapshot.source_id
    told = problem if source_id in problem else f"{source_id}: {problem}"
    vintage = _vintage(data, task, None, told, again=again)
    _write_text(_quarantine_path(data, vintage), f"# {source_id}\n\n{told}\n")
    return Derived(vintage, rebuilt=True)


def _rounds(tasks: Iterable[Task]) -> list[list[Task]]:
    """Group tasks so that no round has two of one source, and the order given is kept."""
    rounds: list[list[Task]] = []
    for task in tasks:
        for together in rounds:
            if task.snapshot.source_id not in {other.snapshot.source_id for other in together}:
                together.append(task)
                break
        else:
            rounds.append([task])
    return rounds


def _known(data: Path, task: Task) -> Vintage | None:
    wanted = derivation_of(data, task)
    ledger = read_ledger(data, task.snapshot.source_id)
    for vintage in reversed(ledger):
        if vintage.snapshot_id == task.snapshot.snapshot_id and vintage.origin == task.origin:
            if vintage.derivation != wanted or (vintage.is_valid and not is_intact(data, vintage)):
                return None
            if task.origin == "figures" and vintage != [other for other in ledger if other.origin == "figures"][-1]:
                # an earlier transcription was restored: it is the newest again
                _write_ledger(data, task.snapshot.source_id, [*(other for other in ledger if other != vintage), vintage])
            return vintage
    return None


def _observe(task: Task) -> pl.DataFrame:
    source_id = task.snapshot.source_id
    if task.origin == "figures":
        frame = read_figures(task.snapshot)
    else:
        from pipelines.parse import read_publication  # brings all that reads publications

        parse = parser_of(source_id)
        if parse is None:
            raise ObservationError(f"{source_id}: no parser in pipelines/sources: add one or declare the source as figures")
        frame = read_publication(parse, task.snapshot)
    if "snapshot_id" in frame.columns:
        frame = frame.drop("snapshot_id")
    return conform(frame.with_columns(pl.lit(task.snapshot.snapshot_id).alias("snapshot_id")), source_id)


def _validate(data: Path, frames: Mapping[Task, pl.DataFrame]) -> dict[Task, Validation]:
    if not frames:
        return {}
    from pipelines.expectations import validate_many

    by_source = {task.snapshot.source_id: frame for task, frame in frames.items()}
    previous = {}
    for task, frame in frames.items():
        intact = [v for v in read_ledger(data, task.snapshot.source_id) if v.origin == task.origin and is_intact(data, v)]
        before = [read_observations(data, vintage) for vintage in intact]
        # another edition of a publication may print fewer tables; the same edition, published again, may not lose a row
        comparable = before if task.origin == "figures" else [old for old in before if _is_one_edition(old, frame)]
        if comparable:
            previous[task.snapshot.source_id] = comparable[-1]
    found = validate_many(by_source, previous)
    return {task: found[task.snapshot.source_id] for task in frames}


def _is_one_edition(old: pl.DataFrame, new: pl.DataFrame) -> bool:
    """Say whether two readings are of one edition: published on the same days, and about periods that they share."""
    same_days = set(old["published_on"].to_list()) == set(new["published_on"].to_list())
    return same_days and not set(old["time_period"].to_list()).isdisjoint(new["time_period"].to_list())


def _judge(data: Path, task: Task, frame: pl.DataFrame, validation: Validation) -> Derived:
    problem = "\n".join(validation.errors)
    differences: tuple[str, ...] = ()
    if task.origin == "publication":
        differences, contradiction = _against_control_figures(data, task.snapshot.source_id, frame)
        revised = _against_earlier_vintages(data, task.snapshot, frame)
        differences += revised
        unannounced = f"{len(revised)} figures were changed without a new date of the edition"
        problem = "\n".join(
            filter(None, (problem, contradiction, _told(task.snapshot.source_id, unannounced, revised) if revised else ""))
        )
    signature = _signature(data, task.snapshot)
    if problem and not (signature and validation.is_valid):
        vintage = _vintage(data, task, frame, problem)
        _write_text(_quarantine_path(data, vintage), f"# {vintage.source_id}\n\n{problem}\n\n{validation.to_markdown()}\n")
        return Derived(vintage, rebuilt=True, validation=validation, differences=differences)
    before = last_valid(data, task.snapshot.source_id, task.origin)
    layout = _layout_of(task)
    moved = () if before is None or task.origin == "figures" else _rows_moved(data, before, frame, layout)
    vintage = _vintage(data, task, frame, "", signature, layout=layout)
    return Derived(vintage, rebuilt=True, validation=validation, differences=differences, rows_moved=moved)


def _layout_of(task: Task) -> str:
    """Return the digest of a publication's layout; the parser has read it already, so it can be fingerprinted."""
    if task.origin == "figures":
        return ""
    module = importlib.import_module(f"pipelines.sources.{task.snapshot.source_id}")
    return module.fingerprint(task.snapshot).digest if hasattr(module, "fingerprint") else ""


def _rows_moved(data: Path, before: Vintage, frame: pl.DataFrame, layout: str) -> tuple[str, ...]:
    """List the rows, whatever their period, that only the last valid vintage or only this one has."""
    names = ["measure", "ref_area", "breakdown"]
    old = set(read_observations(data, before).select(names).rows()) if is_intact(data, before) else set()
    new = set(frame.select(names).rows())
    return (
        *(["the layout differs from that of the vintage before"] if layout != before.layout and before.layout else []),
        *(f"vanished: {' '.join(row).strip()}" for row in sorted(old - new)),
        *(f"appeared: {' '.join(row).strip()}" for row in sorted(new - old) if old),
    )


def _against_control_figures(data: Path, source_id: str, frame: pl.DataFrame) -> tuple[tuple[str, ...], str]:
    """Compare a parsed publication with the transcribed figures of the same series and periods.

    Returns:
        Every figure that differs, in words; and why the publication cannot be trusted, or the empty text.
    """
    control = last_valid(data, source_id, "figures")
    if control is None:
        figures = frame.clear()
    else:
        figures = read_observations(data, control).filter(pl.col("time_period").is_in(frame["time_period"].unique().to_list()))
    # of several transcribed editions of one figure the newest is the control
    figures = figures.sort("published_on", nulls_last=False).unique(_FIGURE_KEY, keep="last", maintain_order=True)
    beside = figures.join(frame, on=_FIGURE_KEY, how="left", suffix="_parsed", nulls_equal=True)
    different = beside.filter(
        pl.col("obs_status_parsed").is_not_null(),
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_parsed")) for name in ("obs_value", "value_qualifier")),
    )
    absent = beside.filter(pl.col("obs_status_parsed").is_null())
    words = tuple(
        f"{row['measure']} {row['ref_area']} {row['time_period']} {row['breakdown']}: "
        f"transcribed {_number(row['obs_value'])} ({row['published_on'] or 'undated'}), parsed {_number(row['obs_value_parsed'])}"
        for row in different.iter_rows(named=True)
    )
    same_edition = different.filter(pl.col("published_on").eq_missing(pl.col("published_on_parsed"))).height
    if same_edition:
        return words, _told(source_id, f"{same_edition} figures differ from the transcription of the same edition", words)
    if sources_by_id()[source_id].layout == "unverified":
        missing = tuple(f"{row['measure']} {row['time_period']} {row['breakdown']}" for row in absent.iter_rows(named=True))
        if figures.is_empty():
            return words, f"{source_id}: unverified layout and no control figure for its periods: sign it off or transcribe figures first"
        if different.height or missing:
            return words, _told(source_id, "unverified layout does not reproduce every control figure", words + missing)
    return words, ""


def _against_earlier_vintages(data: Path, snapshot: Snapshot, frame: pl.DataFrame) -> tuple[str, ...]:
    """List the figures that an earlier fetch gave otherwise for the same edition: a revision that says nowhere that it is one."""
    fetched = [known.snapshot_id for known in snapshots_of(data / "snapshots", snapshot.source_id)]
    later = fetched[fetched.index(snapshot.snapshot_id) :] if snapshot.snapshot_id in fetched else [snapshot.snapshot_id]
    words: dict[tuple[object, ...], str] = {}
    for vintage in read_ledger(data, snapshot.source_id):
        if vintage.origin != "publication" or vintage.snapshot_id in later or not is_intact(data, vintage):
            continue
        beside = read_observations(data, vintage).join(frame, on=KEY, how="inner", suffix="_now", nulls_equal=True)
        changed = beside.filter(
            pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in ("obs_value", "value_qualifier"))
        )
        for row in changed.iter_rows(named=True):
            words[tuple(row[name] for name in KEY)] = (
                f"{row['measure']} {row['ref_area']} {row['time_period']} {row['breakdown']}: "
                f"{_number(row['obs_value'])} on {vintage.first_seen}, {_number(row['obs_value_now'])} now, edition "
                f"{row['published_on'] or 'undated'}"
            )
    return tuple(words.values())


def _told(source_id: str, finding: str, words: Sequence[str]) -> str:
    rest = f"\n{source_id}: and {len(words) - _SHOWN_DIFFERENCES} more" if len(words) > _SHOWN_DIFFERENCES else ""
    return f"{source_id}: {finding}: publication quarantined\n" + "\n".join(words[:_SHOWN_DIFFERENCES]) + rest


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.10g}"


def _vintage(
    data: Path, task: Task, frame: pl.DataFrame | None, problem: str, signature: str = "", *, again: bool = False, layout: str = ""
) -> Vintage:
    """Write the Parquet of a valid frame, and the outcome into the ledger."""
    snapshot = task.snapshot
    vintage = Vintage(
        source_id=snapshot.source_id,
        snapshot_id=snapshot.snapshot_id,
        origin=task.origin,
        first_seen=(snapshot.retrieved_at or "")[:10],
        derivation="" if again else derivation_of(data, task),
        is_valid=not problem,
        problem=problem,
        rows=0 if frame is None else frame.height,
        missing=0 if frame is None else frame["obs_value"].null_count(),
        parquet_sha256="",
        url=snapshot.url or "",
        media_type=snapshot.media_type or "",
        published_on=snapshot.published_on or "",
        bytes=snapshot.path.stat().st_size if snapshot.path.is_file() else 0,
        signed_off_by=signature,
        layout=layout,
    )
    if frame is not None and vintage.is_valid:
        content = io.BytesIO()
        frame.write_parquet(content)
        vintage = replace(vintage, parquet_sha256=hashlib.sha256(content.getvalue()).hexdigest())
        write_atomically(observations_path(data, vintage), content.getvalue())
    kept = [old for old in read_ledger(data, vintage.source_id) if (old.snapshot_id, old.origin) != (vintage.snapshot_id, vintage.origin)]
    earlier = [old.first_seen for old in read_ledger(data, vintage.source_id) if old.snapshot_id == vintage.snapshot_id]
    vintage = replace(vintage, first_seen=min([*earlier, vintage.first_seen]))
    _write_ledger(data, vintage.source_id, [*kept, vintage])
    if vintage.is_valid:
        _quarantine_path(data, vintage).unlink(missing_ok=True)
    return vintage


def _write_ledger(data: Path, source_id: str, vintages: Iterable[Vintage]) -> None:
    _write_text(_ledger_path(data, source_id), json.dumps([asdict(each) for each in vintages], indent=2, ensure_ascii=False) + "\n")


def last_valid(data: Path, source_id: str, origin: Origin) -> Vintage | None:
    """Return the newest valid vintage of one origin, or None."""
    valid = [vintage for vintage in read_ledger(data, source_id) if vintage.is_valid and vintage.origin == origin]
    return valid[-1] if valid else None


def usable_vintages(data: Path, source_ids: Iterable[str]) -> tuple[Vintage, ...]:
    """List what a release may use: the last valid figures of each source, and every valid vintage of its publications."""
    chosen = []
    for source_id in source_ids:
        figures = last_valid(data, source_id, "figures")
        publications = [v for v in read_ledger(data, source_id) if v.is_valid and v.origin == "publication"]
        chosen += [*([figures] if figures else []), *publications]
    return tuple(chosen)


def gather(data: Path, vintages: Sequence[Vintage]) -> pl.DataFrame:
    """Put the observations of several vintages together, one row per key; what was parsed is preferred to what was transcribed.

    Returns:
        Observations of all sources, sorted by key, so that the same vintages always give the same bytes.
    """
    fetched = [vintage.snapshot_id for vintage in vintages if vintage.origin == "publication"]
    frames = [read_observations(data, vintage) for vintage in sorted(vintages, key=lambda v: (v.origin == "publication", v.first_seen))]
    # new bytes that print the same figure again do not make it known any later
    together = pl.concat(frames).with_columns(pl.col("snapshot_id").is_in(fetched).alias("is_fetched"))
    together = together.unique([*KEY, "is_fetched", "obs_value", "value_qualifier", "obs_status"], keep="first", maintain_order=True)
    together = together.unique(KEY, keep="last", maintain_order=True).drop("is_fetched")
    return together.sort([*SERIES_DIMENSIONS, "period_start", "period_end", "published_on", "evidence"], nulls_last=True)


def sign_off(data: Path, source_id: str, snapshot_id: str, who: str, why: str) -> None:
    """Record that a person accepts a publication of an unverified layout, or one that contradicts its control figures.

    Raises:
        LedgerError: no such snapshot is in quarantine, it could not even be read, or who or why is empty.
    """
    waiting = [v for v in read_ledger(data, source_id) if v.snapshot_id == snapshot_id and not v.is_valid]
    if not waiting:
        raise LedgerError(f"{source_id}: no snapshot {snapshot_id} in quarantine: see data/quarantine for what is there")
    if not any(vintage.rows for vintage in waiting):
        raise LedgerError(f"{source_id}: {snapshot_id} cannot be read at all, and no signature changes that: its parser has to learn it")
    if not who.strip() or not why.strip():
        raise LedgerError(f"{source_id}: say who signs off, and why")
    signatures = _signatures(data)
    signatures[f"{source_id}/{snapshot_id}"] = f"{who.strip()}: {why.strip()}"
    _write_text(_signatures_path(data), json.dumps(signatures, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    _write_ledger(data, source_id, [v for v in read_ledger(data, source_id) if v not in waiting])


def _signature(data: Path, snapshot: Snapshot) -> str:
    return _signatures(data).get(f"{snapshot.source_id}/{snapshot.snapshot_id}", "")


def _signatures(data: Path) -> dict[str, str]:
    path = _signatures_path(data)
    return cast("dict[str, str]", json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _signatures_path(data: Path) -> Path:
    return data / "observations" / "sign_offs.json"


def _ledger_path(data: Path, source_id: str) -> Path:
    return data / "observations" / source_id / "ledger.json"


def _quarantine_path(data: Path, vintage: Vintage) -> Path:
    return data / "quarantine" / vintage.source_id / f"{vintage.snapshot_id}.md"


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8"))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there completely, or as it was before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
