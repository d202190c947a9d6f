"""Zip archives whose directory was damaged: whatever it points to, the error is the project's own (bombs and names: test_snapshots.py)."""

from __future__ import annotations

import random
import struct
import zipfile
from pathlib import Path

import pytest

from pipelines.archives import ArchiveError, list_members, open_member
from tests.publisher import zip_of

CONTENT = {"a.csv": b"one,two\n" * 50, "b.csv": b"three,four\n" * 50}
DIRECTORY, END = b"PK\x01\x02", b"PK\x05\x06"


def read_all(path: Path) -> dict[str, bytes]:
    found = {}
    for member in list_members(path):
        with open_member(path, member.name) as stream:
            found[member.name] = stream.read()
    return found


def damaged(at: int, value: int, mark: bytes = DIRECTORY) -> bytes:
    """Write four bytes into the last directory entry, or the end record."""
    content = bytearray(zip_of(CONTENT))
    start = content.rindex(mark) + at
    content[start : start + 4] = struct.pack("<I", value)
    return bytes(content)


def test_an_archive_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zip_of(CONTENT))
    assert read_all(path) == CONTENT


@pytest.mark.parametrize("value", [1, 12_345_678, 2**31, 2**32 - 2])
@pytest.mark.parametrize(("at", "mark"), [(42, DIRECTORY), (16, END), (12, END)], ids=["offset", "directory_offset", "directory_size"])
def test_offsets_that_lead_nowhere_are_our_error(tmp_path: Path, at: int, mark: bytes, value: int) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(damaged(at, value, mark))
    with pytest.raises(ArchiveError, match=r"data\.zip: ") as raised:
        read_all(path)
    assert str(tmp_path) not in str(raised.value)


def test_an_offset_before_the_file_is_our_error(tmp_path: Path) -> None:
    # a directory said to start later than it does moves every member towards the start, and the first one beyond it
    content = zip_of(CONTENT)
    where = struct.unpack("<I", content[content.rindex(END) + 16 : content.rindex(END) + 20])[0]
    path = tmp_path / "data.zip"
    path.write_bytes(damaged(16, where + 20, END))
    with zipfile.ZipFile(path) as archive, pytest.raises(OSError, match="Invalid argument"):
        archive.open("a.csv")
    with pytest.raises(ArchiveError, match=r"`a\.csv` cannot be opened"), open_member(path, "a.csv"):
        pass


@pytest.mark.parametrize("flag", [0x20, 0x40], ids=["patched", "strong_encryption"])
def test_methods_that_nobody_has_are_our_error(tmp_path: Path, flag: int) -> None:
    content = bytearray(zip_of({"a.csv": b"one"}))
    for start, at in ((0, 6), (content.rindex(DIRECTORY), 8)):
        content[start + at] |= flag
    path = tmp_path / "data.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"`a\.csv` cannot be opened"):
        read_all(path)


def test_trouble_of_the_reader_is_not_blamed_on_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zip_of(CONTENT))
    with pytest.raises(OSError, match="no space left"), open_member(path, "a.csv"):
        raise OSError("no space left")
    with pytest.raises(FileNotFoundError):
        list_members(tmp_path / "absent.zip")


@pytest.mark.parametrize("seed", range(8))
def test_no_damage_gives_other_content_or_another_error(tmp_path: Path, seed: int) -> None:
    rng, honest, path = random.Random(f"archives/{seed}"), zip_of(CONTENT), tmp_path / "data.zip"
    outcomes = set()
    for _ in range(250):
        content = bytearray(honest)
        for _ in range(rng.randrange(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            found = read_all(path)
        except ArchiveError:
            outcomes.add("refused")
        else:
            # names are not under a checksum, contents are
            assert set(found.values()) <= set(CONTENT.values())
            outcomes.add("read")
    assert outcomes == {"refused", "read"}
