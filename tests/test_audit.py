"""The audit of dependencies: advisories constructed here, locks constructed here; what is affected is worked out by hand."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.dependencies import AuditError, Pin, main, match, read_accepted, read_advisories, read_lock
from pipelines.vocabulary import PROJECT

HASH = "--hash=sha256:" + "0" * 64
TODAY = datetime.now(UTC).date()


def osv(name: str, *events: dict[str, str], versions: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions)}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": "SYNTHETIC-1", "summary": "Constructed for a test.", "modified": TODAY.isoformat(), "affected": [affected], **more}


def affected(path: Path, record: Any, version: str, name: str = "sample-package") -> list[str]:
    path.write_text(json.dumps(record), encoding="utf-8")
    return [advisory.advisory_id for _, advisory in match([Pin(name, version, 1)], read_advisories(path))]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(
        f"# constructed\nsample-package==1.4.2 \\\n    {HASH} \\\n    {HASH}\n    # via nothing\n"
        f"Other_Package==2.0 ; python_version < '3.12' \\\n    {HASH}\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("version", "events", "hit"),
    [
        ("1.4.2", ({"introduced": "0"}, {"fixed": "1.4.3"}), True),
        ("1.4.3", ({"introduced": "0"}, {"fixed": "1.4.3"}), False),
        ("1.4.3rc1", ({"introduced": "0"}, {"fixed": "1.4.3"}), True),
        ("1.10.0", ({"introduced": "1.9"}, {"fixed": "1.11"}), True),
        ("1.8", ({"introduced": "1.9"}, {"fixed": "1.11"}), False),
        ("2.0", ({"introduced": "0"}, {"last_affected": "2.0"}), True),
        ("2.0.1", ({"introduced": "0"}, {"last_affected": "2.0"}), False),
        ("3.1", ({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.2"}), True),
        ("2.5", ({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.2"}), False),
        ("2.5", ({"fixed": "3.2"}, {"introduced": "3.0"}, {"introduced": "0"}, {"fixed": "2.0"}), False),
        ("99", ({"introduced": "1.0"},), True),
        ("0.0.1.dev1", ({"introduced": "0"},), True),
    ],
)
def test_ranges_of_osv_are_applied(version: str, events: tuple[dict[str, str], ...], hit: bool, tmp_path: Path) -> None:
    assert affected(tmp_path / "a.json", osv("Sample.Package", *events), version) == ["SYNTHETIC-1"] * hit


def test_listed_versions_other_packages_other_ecosystems_and_withdrawn_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert affected(path, osv("sample_package", versions=("1.0", "1.4.2")), "1.4.2") == ["SYNTHETIC-1"]
    assert affected(path, osv("sample_package", versions=("1.4",)), "1.4.0") == ["SYNTHETIC-1"]
    assert affected(path, osv("sample_package", versions=("1.4",)), "1.4.1") == []
    assert affected(path, osv("sample", {"introduced": "0"}), "1.0") == []
    elsewhere = osv("sample-package", {"introduced": "0"})
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"
    assert affected(path, elsewhere, "1.0") == []
    assert affected(path, osv("sample-package", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"), "1.0") == []
    commits = osv("sample-package")
    commits["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "abcdef0"}]}]
    assert affected(path, commits, "1.0") == []


def test_every_form_of_file_is_read(tmp_path: Path) -> None:
    one, two = osv("sample-package", {"introduced": "0"}), osv("sample-package", {"introduced": "0"}, id="SYNTHETIC-2")
    report = {"dependencies": [
        {"name": "sample-package", "version": "1.0", "vulns": [{"id": "SYNTHETIC-3", "fix_versions": ["2"], "description": "x"}]},
        {"name": "unharmed", "version": "1.0", "vulns": []},
    ]}  # fmt: skip
    for content, expected in (
        (one, ["SYNTHETIC-1"]), ([one, two], ["SYNTHETIC-1", "SYNTHETIC-2"]), ({"vulns": [one, two]}, ["SYNTHETIC-1", "SYNTHETIC-2"]),
        (report, ["SYNTHETIC-3"]),
    ):  # fmt: skip
        assert affected(tmp_path / "a.json", content, "1.0") == expected
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "lines.jsonl").write_text(f"{json.dumps(one)}\n\n{json.dumps(two)}\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("SYNTHETIC-4.json", json.dumps(osv("sample-package", {"introduced": "0"}, id="SYNTHETIC-4")))
        archive.writestr("README", "not read")
    found = match([Pin("sample-package", "1.0", 1)], read_advisories(folder))
    assert [advisory.advisory_id for _, advisory in found] == ["SYNTHETIC-1", "SYNTHETIC-2", "SYNTHETIC-4"]


def test_two_names_of_one_advisory_are_one_finding(tmp_path: Path) -> None:
    records = [
        osv("sample-package", {"introduced": "0"}, id="SYNTHETIC-A", aliases=["CONSTRUCTED-1"]),
        osv("sample-package", {"introduced": "0"}, id="SYNTHETIC-B", aliases=["CONSTRUCTED-1"]),
    ]
    assert affected(tmp_path / "a.json", records, "1.0") == ["SYNTHETIC-A"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "no JSON"),
        ('{"something": "else"}', "neither an OSV record nor a pip-audit report"),
        ("[3]", "a record not of its form"),
        ('{"id": "X", "affected": [{"package": {"ecosystem": "PyPI"}}]}', "a record not of its form"),
        ('{"dependencies": [{"vulns": [{"id": "X"}]}]}', "a record not of its form"),
    ],
)
def test_a_file_that_is_no_advisory_is_an_error_not_a_clean_bill(
    content: str, problem: str, lock: Path, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AuditError, match=problem):
        read_advisories(path)
    assert main([str(path), "--lock", str(lock)]) == 2
    assert "nothing open" not in capsys.readouterr().out
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    assert main([str(tmp_path / "a.zip"), "--lock", str(lock)]) == 2


def test_a_bound_that_is_no_version_is_left_to_a_person(lock: Path, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(osv("sample-package", {"introduced": "spring"})), encoding="utf-8")
    assert main([str(path), "--lock", str(lock)]) == 2
    assert "SYNTHETIC-1: Invalid version: 'spring': compare sample-package 1.4.2" in capsys.readouterr().err
    path.write_text(json.dumps(osv("not-pinned", {"introduced": "spring"})), encoding="utf-8")
    assert main([str(path), "--lock", str(lock)]) == 0


# --- the command ---------------------------------------------------------------------------------------------------------------------


def test_without_advisories_it_says_clearly_that_it_was_skipped(lock: Path, tmp_path: Path, capsys: Any) -> None:
    assert main([str(tmp_path / "absent.json"), "--lock", str(lock)]) == 0
    said = capsys.readouterr().out
    assert "SKIPPED, nothing was compared" in said
    assert "nothing open" not in said
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty"), "--lock", str(lock)]) == 0
    assert "SKIPPED, nothing was compared" in capsys.readouterr().out


def test_what_is_affected_is_named_with_its_remedy(lock: Path, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(osv("other-package", {"introduced": "0"}, {"fixed": "2.1"}, aliases=["CONSTRUCTED-9"])), encoding="utf-8")
    assert main([str(path), "--lock", str(lock)]) == 1
    said = capsys.readouterr().out
    assert "AFFECTED: other-package 2.0: SYNTHETIC-1 CONSTRUCTED-9: Constructed for a test.: fixed in 2.1" in said
    assert "audit: 1 open" in said
    path.write_text(json.dumps(osv("other-package", {"introduced": "0"}, {"fixed": "2.0"})), encoding="utf-8")
    assert main([str(path), "--lock", str(lock)]) == 0
    assert "audit: nothing open" in capsys.readouterr().out


def test_an_accepted_advisory_counts_again_after_its_day(lock: Path, tmp_path: Path, capsys: Any) -> None:
    path, accepted = tmp_path / "a.json", tmp_path / "accepted.toml"
    path.write_text(json.dumps(osv("other-package", {"introduced": "0"}, aliases=["CONSTRUCTED-9"])), encoding="utf-8")
    for until, status in ((TODAY, 0), (TODAY - timedelta(days=1), 1)):
        accepted.write_text(f'[accepted."CONSTRUCTED-9"]\nreason = "not reached"\nuntil = {until.isoformat()}\n', encoding="utf-8")
        assert main([str(path), "--lock", str(lock), "--accepted", str(accepted)]) == status
    assert f"accepted until {TODAY}: other-package 2.0" in capsys.readouterr().out
    accepted.write_text('[accepted."X"]\nreason = ""\nuntil = 2027-01-01\n', encoding="utf-8")
    with pytest.raises(AuditError, match="write reason"):
        read_accepted(accepted)


def test_old_advisories_are_said_to_be_old(lock: Path, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(osv("unpinned", {"introduced": "0"}, modified="2020-02-02T00:00:00Z")), encoding="utf-8")
    assert main([str(path), "--lock", str(lock)]) == 0
    assert "older than 30 days" in capsys.readouterr().out


# --- the lock ------------------------------------------------------------------------------------------------------------------------


def test_a_lock_is_read_with_its_hashes_and_nothing_else_may_stand_in_it(lock: Path, capsys: Any) -> None:
    assert read_lock(lock) == (Pin("sample-package", "1.4.2", 2), Pin("other-package", "2.0", 1))
    good = lock.read_text(encoding="utf-8")
    for line in ("--extra-" + "index" + "-url elsewhere", "sample @ https://example.org/x.whl", "sample>=1", "-e ."):
        lock.write_text(f"{good}{line}\n", encoding="utf-8")
        with pytest.raises(AuditError, match="is no pin"):
            read_lock(lock)
    lock.write_text(good + "bare==1.0\n", encoding="utf-8")
    assert main([str(lock.parent / "absent"), "--lock", str(lock)]) == 1
    assert "without a hash in the lock: bare" in capsys.readouterr().out


def test_every_pin_of_the_project_is_hashed() -> None:
    pins = read_lock(PROJECT / "requirements.lock")
    assert len(pins) > 100
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert {"dagster", "duckdb", "polars", "requests"} <= {pin.name for pin in pins}
