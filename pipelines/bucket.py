"""The bucket: snapshots, observations and published releases shared by several machines through one S3-compatible bucket.

Belongs here: the one storage interface (obstore, here only), what is moved between the data folder and the bucket, the one object that is
switched, and the command `python -m pipelines.bucket`.
Does not belong here: what is computed (everything works in the local data folder, with or without a bucket), when it runs (assets/).

Nothing here is imported unless a bucket is configured: STATISTICS_BUCKET=s3://BUCKET[/PREFIX], endpoint and credentials in AWS_* variables.
    objects/<sha256>                  immutable, named by their bytes: snapshots, manifests, Parquet, ledgers, looks, and states
    releases/<build_id>-r<sums>/...   immutable releases as in data/releases; complete once their SHA256SUMS is there
    published.json                    the only object that ever changes: which release is in force, and which state
A state is a list of names under data/ with the SHA-256 of each. Whoever writes sends everything new first and then replaces published.json
on condition that it still is what was read: of two writers at once one loses and nothing is torn. There is no lock, so none can be stale.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines import releases
from pipelines.ledger import write_atomically
from pipelines.releases import KEEP_DAYS, KEEP_NEWEST, ReleaseError
from pipelines.snapshots import sha256_of
from pipelines.vocabulary import PROJECT

VARIABLE = "STATISTICS_BUCKET"
HEAD = "published.json"
#: the last file of a release, as exports.py writes it
CHECKSUMS = "SHA256SUMS"
#: folders of data/ that are shared
SHARED = ("snapshots", "observations", "quarantine")
#: what this machine and the bucket last agreed on
_AGREED = ".bucket.json"
_SIGN_OFFS = "observations/sign_offs.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: uploads that no state and no pointer names are given this long to be named
_ABANDONED_DAYS = 1.0
#: another machine may win the race for published.json this often before this one gives up
_ATTEMPTS = 20


class BucketError(ValueError):
    """A bucket that cannot be used or trusted: the message says what is wrong and what to do."""


class LostRaceError(BucketError):
    """Another machine was faster; what it wrote stands, and nothing of this one's was put in force."""


@dataclass(frozen=True)
class Head:
    """What published.json says.

    Attributes:
        release: folder of the release in force, `releases/<name>`; empty if there is none.
        sums: SHA-256 of its SHA256SUMS.
        state: SHA-256 of the state; empty if there is none.
        published_at: when it was written (ISO 8601, UTC).
        token: drawn by whoever wrote it, so that a writer knows its own words again.
    """

    release: str = ""
    sums: str = ""
    state: str = ""
    published_at: str = ""
    token: str = ""


@dataclass(frozen=True)
class Agreed:
    """What this machine and the bucket last agreed on.

    Attributes:
        bucket: address of the bucket.
        release: the release that was in force.
        files: SHA-256 of every shared file, by its name under data/.
    """

    bucket: str
    release: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Moved:
    """What a pull or a push did.

    Attributes:
        files: files received or sent.
        removed: files deleted because the other side has deleted them.
        release: name of the release in force; empty if there is none.
        switched: whether that release is a new one here (pull) or there (push).
    """

    files: int
    removed: int
    release: str
    switched: bool


class Bucket:
    """One prefix of a bucket: the storage interface, as small as it can be."""

    def __init__(self, url: str) -> None:
        """Open a bucket; endpoint, region and credentials come from the AWS_* variables of the environment.

        Args:
            url: `s3://BUCKET[/PREFIX]`.

        Raises:
            BucketError: the address is none, or the extra `shared` is not installed.
        """
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(?:/[\w./-]*)?", url):
            raise BucketError(f"{VARIABLE}: `{url}` is no bucket: write s3://BUCKET or s3://BUCKET/PREFIX, credentials in AWS_* variables")
        try:
            import obstore
            from obstore.store import S3Store
        except ImportError as problem:
            raise BucketError(f"{url}: the extra `shared` is not installed: pip install '.[shared]'") from problem
        self.url = url.rstrip("/")
        self._obstore = obstore
        with self._in_words("open"):
            self._store = S3Store.from_url(self.url)

    @contextmanager
    def _in_words(self, name: str) -> Iterator[None]:
        """Say what a failure means; a condition that does not hold is a lost race."""
        failed = self._obstore.exceptions
        try:
            yield
        except (failed.PreconditionError, failed.AlreadyExistsError):
            raise LostRaceError(f"{self.url}/{name}: another machine was faster: pull, build and push again") from None
        except FileNotFoundError:
            raise BucketError(f"{self.url}/{name}: is not there: push again from a machine that has it, or restore a backup") from None
        except (failed.BaseError, OSError) as problem:
            told = str(problem).strip().partition("\n")[0][:300]
            raise BucketError(f"{self.url}/{name}: {told}: see to the server, the network, the disk and the AWS_* variables") from None

    def read(self, name: str) -> tuple[bytes, str] | None:
        """Return the bytes of an object with its entity tag, or None if there is no such object."""
        with self._in_words(name):
            try:
                found = self._obstore.get(self._store, name)
            except FileNotFoundError:
                return None
            return bytes(found.bytes()), str(found.meta["e_tag"] or "")

    def download(self, name: str, path: Path, sha256: str) -> None:
        """Write an object to a file in a stream; the file is there with the bytes that were promised, or not at all.

        Raises:
            BucketError: there is no such object, or its bytes are others.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        digest = hashlib.sha256()
        try:
            with self._in_words(name), draft.open("wb") as stream:
                for chunk in self._obstore.get(self._store, name).stream():
                    digest.update(chunk)
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            if digest.hexdigest() != sha256:
                raise BucketError(
                    f"{self.url}/{name}: is damaged, its bytes hash to {digest.hexdigest()} and not to {sha256}: "
                    "delete it and push again from a machine that has it"
                )
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def upload(self, name: str, content: Path | bytes) -> None:
        """Write an object whose bytes are always these; large files go in parts, and are there with the last one or not at all."""
        with self._in_words(name):
            self._obstore.put(self._store, name, content)

    def replace(self, name: str, content: bytes, tag: str | None) -> None:
        """Write an object on condition that it still has a tag, or with None that there is none.

        Raises:
            LostRaceError: the condition does not hold.
        """
        # without quotes: so every server takes it, while Ceph before 20 never finds the quoted one equal
        mode: Any = "create" if tag is None else {"e_tag": tag.strip('"')}
        with self._in_words(name):
            self._obstore.put(self._store, name, content, mode=mode)

    def listed(self, prefix: str) -> dict[str, tuple[datetime, int]]:
        """Map the name of every object under a prefix to when it was written and how many bytes it has."""
        with self._in_words(prefix):
            found = [entry for page in self._store.list(prefix) for entry in page]
        return {entry["path"]: (entry["last_modified"], entry["size"]) for entry in found}

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; one that is gone already is no error."""
        for name in names:
            with self._in_words(name):
                self._obstore.delete(self._store, name)

    def head(self) -> tuple[Head, str | None]:
        """Read published.json and its tag; None where nobody has published yet.

        Raises:
            BucketError: it cannot be read, or is not this project's.
        """
        found = self.read(HEAD)
        if found is None:
            return Head(), None
        try:
            return Head(**json.loads(found[0])), found[1]
        except (ValueError, TypeError) as problem:
            raise BucketError(f"{self.url}/{HEAD}: is not this project's ({problem}): give another prefix, or restore a backup") from None

    def files_of(self, head: Head) -> dict[str, str]:
        """Read a state: the SHA-256 of every shared file by its name under data/.

        Raises:
            BucketError: it is missing or damaged, or names a file outside of the shared folders.
        """
        if not head.state:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            self.download(f"objects/{head.state}", Path(folder) / "state", head.state)
            files: dict[str, str] = json.loads((Path(folder) / "state").read_text(encoding="utf-8"))
        for name, sha256 in files.items():
            if name.split("/")[0] not in SHARED or not _is_inside(name) or not _SHA256.fullmatch(sha256):
                raise BucketError(f"{self.url}: its state names `{name}`: it is not this project's, or somebody has tampered with it")
        return files

    @cached_property
    def keeps_conditions(self) -> bool:
        """Say whether the server refuses a write whose condition does not hold; some ignore conditions, and would tear everything."""
        probe = f"probes/{uuid.uuid4().hex}"
        self.replace(probe, b"first", None)
        refused = 0
        for tag in (None, hashlib.md5(b"another", usedforsecurity=False).hexdigest()):
            try:
                self.replace(probe, b"second", tag)
            except LostRaceError:
                refused += 1
        self.delete([probe])
        return refused == 2


def configured(url: str | None = None) -> Bucket | None:
    """Open the bucket that is configured, or None where there is none.

    Args:
        url: instead of the environment variable STATISTICS_BUCKET.

    Raises:
        BucketError: it cannot be opened.
    """
    address = os.environ.get(VARIABLE, "") if url is None else url
    return Bucket(address) if address else None


# --- the data folder ------------------------------------------------------------------------------------------------------------


def pull(data: Path, bucket: Bucket) -> Moved:
    """Bring what the bucket has and this machine lacks: every shared file, and the release in force.

    What only this machine has changed since the last pull or push stays, to be pushed; what both have changed is taken from the bucket,
    because it can be derived again from the snapshots, which are never lost. Signatures of both are kept.

    Args:
        data: the data folder.
        bucket: where from.

    Raises:
        BucketError: an object is missing or damaged; what was received before stays.
        ReleaseError: a build did not end in time.
    """
    with releases.one_build_at_a_time(data):
        head, _ = bucket.head()
        theirs, ours, agreed = bucket.files_of(head), _files(data), _agreed(data, bucket)
        received = 0
        for name in sorted(theirs, key=_bytes_before_their_records):
            want, have, was = theirs[name], ours.get(name), agreed.files.get(name)
            if have == want or (want == was and (have is not None or _may_vanish(name))):
                continue
            mine = json.loads((data / name).read_text(encoding="utf-8")) if name == _SIGN_OFFS and have not in (None, was) else {}
            bucket.download(f"objects/{want}", data / name, want)
            received += 1
            if mine:
                signed = {**mine, **json.loads((data / name).read_text(encoding="utf-8"))}
                write_atomically(data / name, (json.dumps(signed, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode())
        gone = [name for name, was in agreed.files.items() if name not in theirs and _may_vanish(name) and ours.get(name) == was]
        for name in gone:
            (data / name).unlink()
        switched = bool(head.release) and head.release != agreed.release
        if switched:
            _put_in_force(data, fetch_release(bucket, data, head))
        _agree(data, Agreed(bucket.url, head.release, theirs))
    return Moved(received, len(gone), _name_of(head), switched)


def push(
    data: Path,
    bucket: Bucket,
    release: releases.Release | None = None,
    keep_newest: int = KEEP_NEWEST,
    keep_days: float = KEEP_DAYS,
) -> Moved:
    """Send what this machine has and the bucket lacks, and put it in force together with a release by replacing one object.

    Args:
        data: the data folder.
        bucket: where to.
        release: the release to publish there; without it the one in force stays.
        keep_newest: releases that the bucket keeps however old they are.
        keep_days: age in days up to which it keeps releases.

    Raises:
        LostRaceError: another machine has changed the same file, or published a release, since this one last pulled.
        BucketError: the server ignores conditions, the release is damaged or has no checksums, or it cannot be written.
        ReleaseError: a build did not end in time.
    """
    with releases.one_build_at_a_time(data):
        agreed, ours = _agreed(data, bucket), _files(data)
        sums = sha256_of(_complete(release.folder)) if release else ""
        folder = f"releases/{release.build_id}-r{sums[:8]}" if release else ""
        sent, is_there = set[str](), False
        for _ in range(_ATTEMPTS):
            head, tag = bucket.head()
            theirs = bucket.files_of(head)
            if release and head.release not in (agreed.release, folder):
                raise LostRaceError(f"{bucket.url}: {_name_of(head)} was published since the last pull: pull, build and push again")
            merged = _merge(bucket, theirs, ours, agreed.files)
            switched = bool(folder) and head.release != folder
            if merged == theirs and not switched:
                break
            if not bucket.keeps_conditions:
                raise BucketError(f"{bucket.url}: the server ignores If-Match or If-None-Match, two machines would tear it: use another")
            for name in sorted(merged, key=_bytes_before_their_records):
                if merged[name] not in sent and merged[name] not in theirs.values():
                    _send(bucket, data / name, merged[name])
                    sent.add(merged[name])
            if release and switched and not is_there:
                _send_release(bucket, release.folder, folder)
                is_there = True
            written = json.dumps(merged, indent=0, sort_keys=True).encode()
            state = hashlib.sha256(written).hexdigest()
            bucket.upload(f"objects/{state}", written)
            following = replace(head, state=state, published_at=datetime.now(UTC).isoformat(timespec="seconds"), token=uuid.uuid4().hex)
            following = replace(following, release=folder, sums=sums) if release else following
            if _replaced(bucket, following, tag):
                head = following
                break
        else:
            raise LostRaceError(f"{bucket.url}: other machines were faster {_ATTEMPTS} times: push again")
        # what others have changed meanwhile is not here yet: it stays as it was last agreed on, so that the next pull brings it
        kept = {name: sha256 for name, sha256 in merged.items() if ours.get(name) == sha256}
        kept = {**{name: was for name, was in agreed.files.items() if name in merged}, **kept}
        _agree(data, Agreed(bucket.url, head.release if release else agreed.release, kept))
    if switched:
        retire(bucket, keep_newest, keep_days)
    return Moved(len(sent), len(theirs.keys() - merged.keys()), _name_of(head), switched)


def fetch_release(bucket: Bucket, data: Path, head: Head | None = None) -> Path:
    """Bring the release in force into `data/releases`, complete and with every checksum verified, and return its folder.

    Raises:
        BucketError: nothing is published, or a file of it is missing or damaged.
    """
    head = bucket.head()[0] if head is None else head
    if not head.release:
        raise BucketError(f"{bucket.url}: nothing is published there yet: push from a machine that has built")
    target = data / "releases" / _name_of(head)
    if (target / CHECKSUMS).is_file() and sha256_of(target / CHECKSUMS) == head.sums:
        return target
    draft = target.with_name(f".{target.name}.{os.getpid()}.building")
    try:
        bucket.download(f"{head.release}/{CHECKSUMS}", draft / CHECKSUMS, head.sums)
        for name, sha256 in _sums(draft):
            bucket.download(f"{head.release}/{name}", draft / name, sha256)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def retire(
    bucket: Bucket, keep_newest: int = KEEP_NEWEST, keep_days: float = KEEP_DAYS, abandoned_days: float = _ABANDONED_DAYS
) -> tuple[str, ...]:
    """Delete releases that are neither in force, nor among the newest, nor young, and uploads that nothing names.

    Args:
        bucket: where.
        keep_newest: releases that are kept however old they are.
        keep_days: age in days up to which releases are kept.
        abandoned_days: age in days at which what a killed machine left is deleted.

    Returns:
        Names of the objects that were deleted.
    """
    now, listed, objects = datetime.now(UTC), bucket.listed("releases"), bucket.listed("objects")
    complete = {name.rpartition("/")[0]: written for name, (written, _) in listed.items() if name.endswith(f"/{CHECKSUMS}")}
    newest = sorted(complete, key=lambda folder: complete[folder], reverse=True)
    head, _ = bucket.head()
    old = {folder for folder in newest[keep_newest:] if complete[folder] < now - timedelta(days=keep_days)} - {head.release}
    abandoned = now - timedelta(days=abandoned_days)
    named = {f"objects/{sha256}" for sha256 in (head.state, *bucket.files_of(head).values())}
    gone = [
        name
        for name, (written, _) in listed.items()
        if (folder := "/".join(name.split("/")[:2])) in old or (folder not in complete and written < abandoned)
    ]
    gone += [name for name, (written, _) in objects.items() if name not in named and written < abandoned]
    # its checksums first: a release that is being deleted is incomplete, not damaged
    bucket.delete(sorted(gone, key=lambda name: not name.endswith(f"/{CHECKSUMS}")))
    return tuple(gone)


def _merge(bucket: Bucket, theirs: Mapping[str, str], ours: Mapping[str, str], agreed: Mapping[str, str]) -> dict[str, str]:
    """Give the state that follows: theirs, with what only this machine has changed since both agreed."""
    merged = dict(theirs)
    for name, have in ours.items():
        was, their = agreed.get(name), theirs.get(name)
        if have in (their, was):
            continue
        if their != was:
            raise LostRaceError(f"{bucket.url}: {name} was changed by another machine since the last pull: pull, build and push again")
        merged[name] = have
    for name, was in agreed.items():
        if name not in ours and _may_vanish(name) and theirs.get(name) == was:
            del merged[name]
    return merged


def _send(bucket: Bucket, path: Path, sha256: str) -> None:
    if sha256_of(path) != sha256:
        raise BucketError(f"{path.name}: is damaged or was changed while it was sent: build again, and push again")
    bucket.upload(f"objects/{sha256}", path)


def _send_release(bucket: Bucket, folder: Path, name: str) -> None:
    for file, sha256 in _sums(folder):
        if sha256_of(folder / file) != sha256:
            raise BucketError(f"{folder.name}/{file}: is damaged: nothing was published; build again with force")
        bucket.upload(f"{name}/{file}", folder / file)
    bucket.upload(f"{name}/{CHECKSUMS}", folder / CHECKSUMS)


def _replaced(bucket: Bucket, head: Head, tag: str | None) -> bool:
    """Put a head in force; a client that repeats a request whose answer got lost is refused its own success, hence the second look."""
    try:
        bucket.replace(HEAD, json.dumps(asdict(head), indent=2).encode(), tag)
    except LostRaceError:
        return bucket.head()[0].token == head.token
    return True


def _complete(folder: Path) -> Path:
    if not (folder / CHECKSUMS).is_file():
        raise BucketError(f"{folder.name}: has no {CHECKSUMS}: build it with its exports and report")
    return folder / CHECKSUMS


def _sums(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    found = [(name, sha256) for sha256, _, name in (line.partition("  ") for line in lines)]
    if not all(_is_inside(name) for name, _ in found):
        raise BucketError(f"{folder.name}: its {CHECKSUMS} leads out of the folder: somebody has tampered with it")
    return found


def _put_in_force(data: Path, folder: Path) -> None:
    inputs = (folder / "INPUTS").read_text(encoding="ascii").strip()
    releases.publish(data, releases.Release(folder.name.split("-r")[0], folder, inputs, rebuilt=False))


def _files(data: Path) -> dict[str, str]:
    """Map every shared file to its SHA-256; archived bytes are named by theirs. Drafts and locks are not shared."""
    found = {}
    for folder in SHARED:
        for path in sorted((data / folder).rglob("*")):
            name = path.relative_to(data).as_posix()
            if _is_inside(name) and path.suffix not in (".tmp", ".part", ".lock") and path.is_file():
                is_archived = folder == "snapshots" and _SHA256.fullmatch(path.name)
                found[name] = path.name if is_archived else sha256_of(path)
    return found


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not PurePosixPath(name).is_absolute() and not any(part.startswith(".") for part in parts)


def _may_vanish(name: str) -> bool:
    """Say whether a file may be deleted: reports of what left quarantine; everything else is kept for ever."""
    return name.startswith("quarantine/")


def _bytes_before_their_records(name: str) -> tuple[bool, bool, str]:
    """Order names so that bytes come before their manifests, and Parquet before the ledger that names it."""
    is_manifest = _SHA256.fullmatch(PurePosixPath(name).stem) is not None
    return name.endswith(".json"), not is_manifest, name


def _name_of(head: Head) -> str:
    return head.release.removeprefix("releases/")


def _agreed(data: Path, bucket: Bucket) -> Agreed:
    path = data / _AGREED
    found = Agreed(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None
    return found if found is not None and found.bucket == bucket.url else Agreed(bucket.url, "", {})


def _agree(data: Path, agreed: Agreed) -> None:
    write_atomically(data / _AGREED, (json.dumps(asdict(agreed), indent=0) + "\n").encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Pull, push, fetch or show; returns 0, or 1 with a word on what is in the way."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.bucket", description=f"Share the data folder through {VARIABLE}.")
    parser.add_argument("--data", type=Path, default=PROJECT / "data", metavar="DIR", help="data folder")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("pull", help="bring what the bucket has and this machine lacks")
    commands.add_parser("push", help="send what this machine has, and put its published release in force")
    commands.add_parser("fetch", help="bring only the release in force, and switch data/published to it")
    commands.add_parser("show", help="say which release is in force")
    given = parser.parse_args(arguments)
    try:
        bucket = configured()
        if bucket is None:
            raise BucketError(f"no bucket is configured: set {VARIABLE}=s3://BUCKET[/PREFIX] and the AWS_* variables")
        if given.command == "pull":
            moved = pull(given.data, bucket)
            told = f"{moved.files} files received; in force: {moved.release or 'nothing'}"
        elif given.command == "push":
            moved = push(given.data, bucket, releases.published_release(given.data))
            told = f"{moved.files} files sent; in force: {moved.release or 'nothing'}"
        elif given.command == "fetch":
            folder = fetch_release(bucket, given.data)
            _put_in_force(given.data, folder)
            told = f"data/published is {folder.name}"
        else:
            head, _ = bucket.head()
            told = f"{_name_of(head) or 'nothing'} since {head.published_at or 'ever'}"
    except (BucketError, ReleaseError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
