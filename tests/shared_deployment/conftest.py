"""Servers for the tests of the shared deployment: real ones, of Debian's packages, started and ended here.

Belongs here: starting a server in a folder of its own on loopback, waiting until it answers, ending it by its process id.
Does not belong here: what a test expects.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.shared_deployment.ceph import CephServer

_PATIENCE = 60.0


def wait_until(condition: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    """Wait for a condition, never for a time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} seconds in vain: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def running(
    command: list[str], log: Path, *, environment: Mapping[str, str] | None = None, user: str | None = None, stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, and end it (with all that it started) by its id."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment, user=user, start_new_session=True, cwd="/"
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of this test session.

    Attributes:
        port: of loopback.
        user: who owns the database.
        password: drawn for this session.
        binaries: folder of its programs.
    """

    port: int
    user: str
    password: str
    binaries: Path

    def ask(self, sql: str, database: str = "postgres") -> list[str]:
        """Ask with psql, which is what an operator has; one line for each row."""
        command = [self.binaries / "psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", database, "-c", sql]
        environment = {**os.environ, "PGPASSWORD": self.password}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()

    def create(self, database: str) -> str:
        """Create an empty database."""
        self.ask(f"CREATE DATABASE {database}")
        return database


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server with a password, on loopback; it refuses to run as root, and so runs as the user that its package makes."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    assert installed, "there is no PostgreSQL server: apt-get install postgresql"
    binaries = installed[-1].parent
    owner = "postgres" if os.geteuid() == 0 else None
    # pytest's folders are closed to other users
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        home = Path(folder)
        server = PostgresServer(free_port(), "dagster", secrets.token_hex(16), binaries)
        given = home / "password"
        given.write_text(server.password, encoding="utf-8")
        if owner:
            for path in (home, given):
                os.chown(path, pwd.getpwnam(owner).pw_uid, -1)
        prepare = [binaries / "initdb", "-D", home / "data", "-U", server.user, "--pwfile", given, "--auth", "scram-sha-256", "--no-sync"]
        subprocess.run([*prepare, "--encoding", "UTF8", "--locale", "C"], user=owner, cwd="/", check=True, capture_output=True)
        # speed: nothing of a test outlives the machine's next crash
        options = {"listen_addresses": "127.0.0.1", "port": server.port, "unix_socket_directories": home, "fsync": "off"}
        command = [str(binaries / "postgres"), "-D", str(home / "data")]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(server.port)]
        # SIGINT is its fast way to end: clients are sent away
        log = Path(tempfile.gettempdir()) / f"{home.name}.log"
        try:
            with running(command, log, user=owner, stop=signal.SIGINT):
                wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL answers")
                yield server
        finally:
            log.unlink()


@pytest.fixture(scope="session")
def ceph() -> Iterator[CephServer]:
    """A real S3-compatible server with the bucket `statistics`."""
    from tests.shared_deployment.ceph import ceph_cluster

    with ceph_cluster() as server:
        yield server
