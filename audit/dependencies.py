"""Audit of the pinned dependencies: is the lock hashed throughout, and does a published advisory name one of its versions.

Belongs here: reading requirements.lock and a local file of advisories (OSV records, or what pip-audit writes), and comparing them.
Does not belong here: fetching advisories. The audit opens no connection; without a file of advisories it says that it was skipped.

Accepted advisories stand in `audit/accepted.toml`, each with a reason and a day after which it counts again.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements.lock"
ACCEPTED = PROJECT / "audit" / "accepted.toml"
ADVISORIES = PROJECT / "data" / "advisories"
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
_OLD_DAYS = 30
_ECOSYSTEM = "pypi"


class AuditError(ValueError):
    """A lock or a file of advisories that cannot be read: the message names file and remedy."""


@dataclass(frozen=True)
class Pin:
    """One pinned requirement."""

    name: str
    version: str
    hashes: int


@dataclass(frozen=True)
class Advisory:
    """One published advisory, as far as it is about one package.

    Attributes:
        advisory_id: its name.
        aliases: its other names.
        package: normalised name of the package.
        versions: versions that it lists as affected.
        ranges: events (`introduced`, `fixed`, `last_affected`) of each range of versions.
        summary: what is wrong, in a line.
        fixed_in: versions that mend it.
        modified: when it was last changed (ISO 8601), empty if unknown.
    """

    advisory_id: str
    aliases: tuple[str, ...]
    package: str
    versions: tuple[str, ...]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    summary: str
    fixed_in: tuple[str, ...]
    modified: str

    def affects(self, pin: Pin) -> bool:
        """Say whether the pinned version is one of those it is about.

        Raises:
            AuditError: a bound of it is no version.
        """
        if pin.name != self.package:
            return False
        if canonicalize_version(pin.version) in {canonicalize_version(version) for version in self.versions}:
            return True
        try:
            return any(_is_within(pin.version, events) for events in self.ranges)
        except InvalidVersion as problem:
            raise AuditError(f"{self.advisory_id}: {problem}: compare {pin.name} {pin.version} with it by hand") from None


@dataclass(frozen=True)
class Accepted:
    """An advisory that a person has looked at and accepted until a day."""

    advisory_id: str
    reason: str
    until: date


def read_lock(path: Path) -> tuple[Pin, ...]:
    """Read the pins of a lock.

    Raises:
        AuditError: the file is missing, or a line of it is neither pin, option of a pin, nor comment.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise AuditError(f"{path.name}: cannot be read ({problem.strerror}): give the lock") from None
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _PIN.match(stripped)
        if match is None:
            raise AuditError(f"{path.name}: `{stripped[:80]}` is no pin: only name==version with hashes, no addresses; run `make lock`")
        pins.append(Pin(canonicalize_name(match[1]), match[2], len(_HASH.findall(stripped))))
    return tuple(pins)


def read_advisories(path: Path) -> tuple[Advisory, ...]:
    """Read advisories: one JSON file, a file with a record per line, a zip of JSON files, or a folder of any of these.

    Raises:
        AuditError: a file is no JSON, or a record is of neither known form.
    """
    return tuple(advisory for name, record in _records(path) for advisory in _advisories(name, record))


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read what was accepted; nothing where there is no file.

    Raises:
        AuditError: an entry without reason or day.
    """
    if not path.is_file():
        return ()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", {})
    except ValueError as problem:
        raise AuditError(f"{path.name}: not valid TOML: {problem}: correct the line") from None
    accepted = []
    for name, table in tables.items():
        reason, until = table.get("reason"), table.get("until")
        if not isinstance(reason, str) or not reason.strip() or not isinstance(until, date) or set(table) != {"reason", "until"}:
            raise AuditError(f'{path.name}: [accepted."{name}"]: write reason = "..." and until = 2027-01-31, and nothing else')
        accepted.append(Accepted(name, reason, until))
    return tuple(accepted)


def match(pins: Sequence[Pin], advisories: Sequence[Advisory]) -> tuple[tuple[Pin, Advisory], ...]:
    """Pair every pin with the advisories that affect it, one for each set of names that mean the same."""
    found: dict[tuple[str, str, str], tuple[Pin, Advisory]] = {}
    seen: set[tuple[str, str, str]] = set()
    for pin in pins:
        for advisory in advisories:
            if advisory.affects(pin):
                names = {(pin.name, pin.version, name) for name in (advisory.advisory_id, *advisory.aliases)}
                if not names & seen:
                    found[(pin.name, pin.version, advisory.advisory_id)] = (pin, advisory)
                seen |= names
    return tuple(found[key] for key in sorted(found))


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            if inner.suffix in (".json", ".jsonl", ".zip"):
                yield from _records(inner)
        return
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in sorted(archive.namelist()):
                    if name.endswith(".json"):
                        yield from _read(name, archive.read(name).decode("utf-8"))
        else:
            yield from _read(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as problem:
        raise AuditError(f"{path.name}: cannot be read ({type(problem).__name__}): get the advisories again") from None


def _read(name: str, text: str) -> Iterator[tuple[str, Any]]:
    lines = text.splitlines() if name.endswith(".jsonl") else [text]
    for line in lines:
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except ValueError as problem:
            raise AuditError(f"{name}: no JSON ({problem}): get the advisories again") from None
        if isinstance(content, dict) and isinstance(content.get("vulns"), list) and "dependencies" not in content:
            content = content["vulns"]
        yield from ((name, record) for record in (content if isinstance(content, list) else [content]))


def _advisories(name: str, record: Any) -> Iterator[Advisory]:
    try:
        if "dependencies" in record:
            yield from _of_pip_audit(record)
        elif "affected" in record and "id" in record:
            yield from _of_osv(record)
        else:
            raise AuditError(f"{name}: neither an OSV record nor a pip-audit report: give one of them")
    except (KeyError, TypeError, AttributeError) as problem:
        raise AuditError(f"{name}: a record not of its form ({type(problem).__name__}: {problem}): get the advisories again") from None


def _of_osv(record: Mapping[str, Any]) -> Iterator[Advisory]:
    if record.get("withdrawn"):
        return
    for affected in record["affected"]:
        package = affected.get("package", {})
        if str(package.get("ecosystem", "")).partition(":")[0].lower() != _ECOSYSTEM:
            continue
        ranges = tuple(
            tuple((kind, str(version)) for event in each["events"] for kind, version in event.items())
            for each in affected.get("ranges", [])
            # commits say nothing about a version
            if each.get("type") in ("ECOSYSTEM", "SEMVER")
        )
        yield Advisory(
            advisory_id=record["id"],
            aliases=tuple(record.get("aliases", [])),
            package=canonicalize_name(package["name"]),
            versions=tuple(affected.get("versions", [])),
            ranges=ranges,
            summary=(record.get("summary") or record.get("details") or "").strip().partition("\n")[0],
            fixed_in=tuple(version for events in ranges for kind, version in events if kind == "fixed"),
            modified=record.get("modified", ""),
        )


def _of_pip_audit(report: Mapping[str, Any]) -> Iterator[Advisory]:
    for dependency in report["dependencies"]:
        for vulnerability in dependency.get("vulns", []):
            yield Advisory(
                advisory_id=vulnerability["id"],
                aliases=tuple(vulnerability.get("aliases", [])),
                package=canonicalize_name(dependency["name"]),
                versions=(dependency["version"],),
                ranges=(),
                summary=vulnerability.get("description", "").strip().partition("\n")[0],
                fixed_in=tuple(vulnerability.get("fix_versions", [])),
                modified="",
            )


def _is_within(version: str, events: Sequence[tuple[str, str]]) -> bool:
    """Apply the events of an OSV range in order of their versions."""
    here = _version(version)
    within = False
    order = {"introduced": 0, "fixed": 1, "last_affected": 2}
    for kind, text in sorted((event for event in events if event[0] in order), key=lambda event: (_version(event[1]), order[event[0]])):
        bound = _version(text)
        if kind == "introduced" and here >= bound:
            within = True
        elif (kind == "fixed" and here >= bound) or (kind == "last_affected" and here > bound):
            within = False
    return within


def _version(text: str) -> Version:
    # OSV writes 0 for the beginning; 0.dev0 is older than any release of version 0
    return Version("0.dev0" if text == "0" else text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit the lock; returns 0 if nothing was found or there is nothing to compare with, 1 if something was, 2 if a file is unreadable."""
    parser = argparse.ArgumentParser(prog="python -m audit.dependencies", description="Compare the lock with a local file of advisories.")
    parser.add_argument("advisories", type=Path, nargs="?", default=ADVISORIES, help="OSV JSON, JSON lines, zip or folder; data/advisories")
    parser.add_argument("--lock", type=Path, default=LOCK, metavar="FILE")
    parser.add_argument("--accepted", type=Path, default=ACCEPTED, metavar="FILE")
    given = parser.parse_args(arguments)
    try:
        return _audit(given.advisories, read_lock(given.lock), read_accepted(given.accepted))
    except AuditError as problem:
        print(f"audit: {problem}", file=sys.stderr)
        return 2


def _audit(path: Path, pins: Sequence[Pin], accepted: Sequence[Accepted]) -> int:
    today = datetime.now(UTC).date()
    bare = [pin.name for pin in pins if not pin.hashes]
    if bare:
        print(f"audit: without a hash in the lock: {', '.join(bare)}: run `make lock`")
    else:
        print(f"audit: {len(pins)} pins, each with its hashes")
    if not path.exists():
        print(
            f"audit: SKIPPED, nothing was compared: no advisories at {os.path.relpath(path)}. The audit does not go online: put the OSV "
            "export of the PyPI ecosystem (zip or JSON) or a pip-audit report there, or give its path: make audit ADVISORIES=FILE"
        )
        return int(bool(bare))
    advisories = read_advisories(path)
    newest = max((advisory.modified for advisory in advisories), default="")[:10]
    print(f"audit: {len(advisories)} advisories read{f', the newest of {newest}' if newest else ''}")
    if not advisories:
        print("audit: SKIPPED, nothing was compared: there is no advisory in it")
        return int(bool(bare))
    if newest and (today - date.fromisoformat(newest)).days > _OLD_DAYS:
        print(f"audit: these advisories are older than {_OLD_DAYS} days: get them again")
    waived = {entry.advisory_id: entry for entry in accepted if entry.until >= today}
    open_ones = 0
    for pin, advisory in match(pins, advisories):
        entry = next((waived[name] for name in (advisory.advisory_id, *advisory.aliases) if name in waived), None)
        fixed = f"fixed in {', '.join(advisory.fixed_in)}" if advisory.fixed_in else "no fixed version is named"
        names = " ".join((advisory.advisory_id, *advisory.aliases))
        if entry:
            print(f"accepted until {entry.until}: {pin.name} {pin.version}: {names}: {entry.reason}")
        else:
            open_ones += 1
            print(f"AFFECTED: {pin.name} {pin.version}: {names}: {advisory.summary or 'no summary'}: {fixed}")
    print(f"audit: {open_ones} open" if open_ones else "audit: nothing open")
    return int(bool(open_ones or bare))


if __name__ == "__main__":
    sys.exit(main())
