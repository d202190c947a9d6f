"""Partitions of releases of records: merged, they are the release; a partition is written whole, once, and tells nobody apart."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.conforming import conform
from pipelines.parse import observations_of, parser_of, write_whole
from pipelines.partitions import Partition, count_partition, divide, merge_partitions
from pipelines.publications import PublicationError
from pipelines.snapshots import Snapshot
from tests import synthetic_records as synthetic
from tests.synthetic_records import IdbPlan

SALT = 0x5EED_5EED_5EED_5EED
COURT, CASELOAD, SENTENCES = "fjc_idb_criminal", "eousa_caseload_data", "ussc_individual_datafiles"


def court_file(folder: Path) -> Path:
    synthetic.write_idb(folder / "synthetic_cr96on.txt", IdbPlan(seed=9, defendants=1_200, csam_share=0.4, traps=2), malformed=10)
    return folder / "synthetic_cr96on.txt"


def court_folder(folder: Path) -> Path:
    """Files whose defendants are the same, some of them packed: versions of a record meet only across partitions."""
    release = folder / "release"
    for name, seed in (("a", 3), ("b", 3), ("c", 8)):
        (release / name).mkdir(parents=True)
        synthetic.write_idb(release / name / "synthetic.txt", IdbPlan(seed=seed, defendants=300, csam_share=0.4, traps=1))
    synthetic.pack_xz(release / "c" / "synthetic.txt")
    return release


def caseload(folder: Path) -> Path:
    synthetic.write_lions(folder / "release", seed=5, matters=800)
    return folder / "release"


def caseload_of_an_unlisted_district(folder: Path) -> Path:
    """A release whose participants lie in one file, among them those of a district that is in no list."""
    release = caseload(folder)
    parts = sorted(release.glob("gs_participant_*.txt"))
    release.joinpath("gs_participant.txt").write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    code = parts[0].stem.removeprefix("gs_participant_").upper()
    for path in release.glob("gs_*.txt"):
        width = 3 if path.stem == "gs_case" else 10
        path.write_bytes(
            b"".join(
                line.replace(code.encode().ljust(width), b"QQQ".ljust(width), 1) if line.startswith(code.encode()) else line
                for line in path.read_bytes().splitlines(keepends=True)
            )
        )
    return release


def datafiles(folder: Path) -> Path:
    release = folder / "release"
    release.mkdir()
    for year in (2019, 2020, 2021):
        synthetic.write_ussc(release / f"synthetic_opafy{year % 100}nid.csv", seed=year, fiscal_year=year, rows=400)
    return release


def snapshot(source_id: str, path: Path) -> Snapshot:
    return Snapshot(source_id, path, "0" * 64)


def written(frame: pl.DataFrame, source_id: str, path: Path) -> bytes:
    write_whole(conform(frame.with_columns(pl.lit("0" * 64).alias("snapshot_id")), source_id), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("source_id", "write", "parts", "least"),
    [
        (COURT, court_file, 1, 1),
        (COURT, court_file, 7, 7),
        (COURT, court_file, 400, 400),
        (COURT, court_folder, 5, 5),
        (CASELOAD, caseload, 4, 4),
        (CASELOAD, caseload_of_an_unlisted_district, 3, 3),
        (SENTENCES, datafiles, 2, 3),
    ],
)
def test_partitions_merged_in_any_order_equal_the_single_pass_byte_for_byte(
    source_id: str, write: Callable[[Path], Path], parts: int, least: int, tmp_path: Path
) -> None:
    path = write(tmp_path)
    expected = written(parser_of(source_id)(snapshot(source_id, path)), source_id, tmp_path / "whole.parquet")
    folder = tmp_path / "partitions"
    folder.mkdir()
    partitions = list(divide(source_id, path, parts))
    assert len(partitions) >= least
    random.Random(1).shuffle(partitions)
    # what goes to another machine goes as bytes
    files = [count_partition(pickle.loads(pickle.dumps(partition)), folder, SALT) for partition in partitions]
    assert sorted(folder.iterdir()) == sorted(files)
    assert written(merge_partitions(snapshot(source_id, path), files), source_id, tmp_path / "merged.parquet") == expected


def test_the_salt_changes_the_hashes_and_no_count(tmp_path: Path) -> None:
    path = court_file(tmp_path)
    merged, keys = [], []
    for salt in (1, 2**64 - 1):
        folder = tmp_path / str(salt)
        folder.mkdir()
        files = [count_partition(partition, folder, salt) for partition in divide(COURT, path, 3)]
        merged.append(merge_partitions(snapshot(COURT, path), files))
        keys.append({key for file in files for key in pl.read_parquet(file)["key"].drop_nulls()})
    assert merged[0].equals(merged[1])
    assert len(keys[0]) == len(keys[1]) > 900
    assert keys[0].isdisjoint(keys[1])


def test_a_partition_holds_numbers_only(tmp_path: Path) -> None:
    path = court_file(tmp_path)
    (file,) = (count_partition(partition, tmp_path, SALT) for partition in divide(COURT, path, 1))
    table = pl.read_parquet(file)
    assert not [name for name, dtype in table.schema.items() if dtype in (pl.String, pl.Binary)]
    lines = [line.split("\t") for line in path.read_text(encoding="latin-1").splitlines()[-40:-1]]
    planted = {*synthetic.PLANTED, *(cell for line in lines for cell in (line[4], line[12]) if len(cell) > 6)}
    held = file.read_bytes() + str(pl.read_parquet_metadata(file)).encode()
    assert not [text for text in planted if text.encode() in held]


def test_a_partition_is_written_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = divide(COURT, court_file(tmp_path), 2)
    folder = tmp_path / "partitions"
    folder.mkdir()
    file = count_partition(first, folder, SALT)
    written_at = file.stat().st_mtime_ns
    assert count_partition(first, folder, SALT) == file
    assert file.stat().st_mtime_ns == written_at
    with pytest.raises(PublicationError, match="another run"):
        count_partition(first, folder, SALT + 1)

    def break_off(frame: pl.DataFrame, target: Path, **_: object) -> None:
        target.write_bytes(b"PAR1 half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(pl.DataFrame, "write_parquet", break_off)
    with pytest.raises(KeyboardInterrupt):
        count_partition(second, folder, SALT)
    assert [*folder.iterdir()] == [file]


def test_partitions_that_are_not_all_of_one_run_are_refused(tmp_path: Path) -> None:
    path = court_file(tmp_path)
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, salt in zip(folders, (1, 2), strict=True):
        folder.mkdir()
        for partition in divide(COURT, path, 3):
            count_partition(partition, folder, salt)
    ours, theirs = (sorted(folder.iterdir()) for folder in folders)
    of = snapshot(COURT, path)
    with pytest.raises(PublicationError, match="missing or comes twice"):
        merge_partitions(of, ours[:2])
    with pytest.raises(PublicationError, match="missing or comes twice"):
        merge_partitions(of, [ours[0], ours[1], ours[1]])
    with pytest.raises(PublicationError, match="several runs"):
        merge_partitions(of, [*ours[:2], theirs[2]])
    with pytest.raises(PublicationError, match="several runs or sources"):
        merge_partitions(snapshot(CASELOAD, path), ours)


def test_damage_is_judged_over_the_release_and_not_by_partition(tmp_path: Path) -> None:
    """A partition full of damaged lines is counted; whether they are too many is for the merge to say."""
    path = court_file(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *(b"damaged\n" for _ in range(3_000)), *lines[1:]]))
    folder = tmp_path / "partitions"
    folder.mkdir()
    files = [count_partition(partition, folder, SALT) for partition in divide(COURT, path, 50)]
    with pytest.raises(PublicationError, match="have too few or too many fields"):
        merge_partitions(snapshot(COURT, path), files)
    with pytest.raises(PublicationError, match="have too few or too many fields"):
        observations_of(snapshot(COURT, path))


def test_other_sources_cannot_be_divided(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="can be divided"):
        divide("bjs_csec", tmp_path, 2)
    with pytest.raises(LookupError, match="can be divided"):
        count_partition(Partition("no_such_source", tmp_path, None, 0, 1, divide(COURT, court_file(tmp_path), 1)[0].part), tmp_path, SALT)
