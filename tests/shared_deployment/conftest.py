"""Servers for the tests of the shared deployment: real ones, of Debian's packages, started and ended here.

Belongs here: starting a server in a folder of its own on loopback, waiting until it answers, ending it by its process id.
Does not belong here: what a test expects.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pipelines.vocabulary import PROJECT

if TYPE_CHECKING:
    from tests.shared_deployment.ceph import CephServer

DEPLOYED = PROJECT / "deploy" / "shared_deployment"
BIN = Path(sys.executable).parent
_PATIENCE = 180.0


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


def start_postgres() -> Iterator[PostgresServer]:
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


postgres = pytest.fixture(scope="session", name="postgres")(start_postgres)


@dataclass(frozen=True)
class RedisServer:
    """A Redis server of this test session: the broker, and where steps leave their results.

    Attributes:
        port: of loopback.
        password: drawn for this session.
    """

    port: int
    password: str

    def url(self, database: int) -> str:
        """Write the address of one of its databases, with the password in it, as an operator puts it into the environment."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def command(self, *words: str, database: int = 0) -> bytes:
        """Ask with redis-cli."""
        command = ["redis-cli", "-p", str(self.port), "-n", str(database), *words]
        return subprocess.run(command, env={**os.environ, "REDISCLI_AUTH": self.password}, capture_output=True, check=True).stdout


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server with a password, on loopback, that keeps nothing on disk."""
    yield from start_redis(tmp_path_factory.mktemp("redis"))


def start_redis(folder: Path) -> Iterator[RedisServer]:
    """Run the server as long as it is asked for."""
    assert shutil.which("redis-server"), "there is no Redis server: apt-get install redis-server"
    server = RedisServer(free_port(), secrets.token_hex(16))
    settings = folder / "redis.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f'bind 127.0.0.1\nport {server.port}\nrequirepass {server.password}\nsave ""\ndir {folder}\n', encoding="utf-8"
    )

    def answers() -> bool:
        with contextlib.suppress(subprocess.CalledProcessError):
            return server.command("PING") == b"PONG\n"
        return False

    with running(["redis-server", str(settings)], folder / "redis.log"):
        wait_until(answers, "Redis answers")
        yield server


@dataclass(frozen=True)
class Deployment:
    """A deployment like the one that docs/scale.md sets up, with folders and a database of its own.

    Attributes:
        folder: what every machine would mount.
        environment: of all its processes.
        database: on the server.
        postgres: the server of the database.
        redis: the server of the queue and the results.
        secrets: what must stand nowhere.
    """

    folder: Path
    environment: dict[str, str]
    database: str
    postgres: PostgresServer
    redis: RedisServer
    secrets: tuple[str, ...]

    def call(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment to its end."""
        words = [str(BIN / command[0]), *command[1:]]
        done = subprocess.run(
            words, env=self.environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        with (self.folder / "logs" / "commands.log").open("a", encoding="utf-8") as log:
            log.write(done.stdout)
        assert not check or done.returncode == 0, done.stdout[-5000:]
        return done

    @contextlib.contextmanager
    def serving(self, name: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Keep a process of the deployment running."""
        words = [str(BIN / command[0]), *command[1:]]
        with running(words, self.folder / "logs" / f"{name}.log", environment=self.environment) as process:
            yield process

    @contextlib.contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start a Celery worker as docs/scale.md does, on this machine."""
        said = self.folder / "logs" / f"{name}.log"
        settings = ("--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "INFO")
        with self.serving(name, "celery", "--app", "dagster_celery.app", "worker", *settings) as process:
            wait_until(lambda: said.exists() and b" ready." in said.read_bytes(), f"worker {name} is ready")
            yield process

    @contextlib.contextmanager
    def code_server(self) -> Iterator[Path]:
        """Start the code server, and give the workspace file that names it."""
        port = free_port()
        workspace = yaml.safe_load((DEPLOYED / "workspace.yaml").read_text(encoding="utf-8"))
        workspace["load_from"][0]["grpc_server"]["port"] = port
        written = self.folder / "workspace.yaml"
        written.write_text(yaml.safe_dump(workspace), encoding="utf-8")
        served = ("--module-name", "deploy.shared_deployment.definitions", "--host", "127.0.0.1", "--port", str(port))
        with self.serving("code", "dagster", "api", "grpc", *served):
            log = self.folder / "logs" / "code.log"
            wait_until(lambda: log.exists() and b"Started Dagster code server" in log.read_bytes(), "the code server has started")
            yield written

    def ask(self, sql: str) -> list[str]:
        """Ask the database of the instance; one line for each row."""
        return self.postgres.ask(sql, self.database)

    def assert_secrets_stand_nowhere(self) -> None:
        """Read everything that was left: files and logs, the whole database, and what Redis holds."""
        dump = [self.postgres.binaries / "pg_dump", "-h", "127.0.0.1", "-p", str(self.postgres.port), "-U", self.postgres.user]
        with_password = {**os.environ, "PGPASSWORD": self.postgres.password}
        left = {"database": subprocess.run([*dump, self.database], env=with_password, capture_output=True, check=True).stdout}
        for number in (0, 1):
            for key in self.redis.command("--raw", "KEYS", "*", database=number).splitlines():
                name = key.decode()
                values = {b"string": ("GET",), b"list": ("LRANGE", "0", "-1"), b"hash": ("HGETALL",), b"set": ("SMEMBERS",)}
                kind = self.redis.command("--raw", "TYPE", name, database=number).strip()
                if kind in values:
                    verb, *rest = values[kind]
                    left[f"redis: {name}"] = self.redis.command("--raw", verb, name, *rest, database=number)
        for path in [*self.folder.rglob("*"), *Path(self.environment["DAGSTER_HOME"]).rglob("*")]:
            if path.is_file():
                left[str(path)] = path.read_bytes()
        assert b"count_records" in left["database"] or b"build" in left["database"]
        assert [name for name, text in left.items() if any(secret.encode() in text for secret in self.secrets)] == []


@pytest.fixture
def deployment(postgres: PostgresServer, redis: RedisServer, tmp_path: Path) -> Deployment:
    """The files of deploy/shared_deployment/ with everything else made for this test."""
    return deploy(postgres, redis, tmp_path)


def deploy(postgres: PostgresServer, redis: RedisServer, folder: Path) -> Deployment:
    """Make a database, folders and an environment of their own."""
    home, shared = folder / "home", folder / "shared"
    for made in (home, shared, shared / "logs"):
        made.mkdir()
    shutil.copy(DEPLOYED / "dagster.yaml", home)
    redis.command("FLUSHALL")
    key = secrets.token_hex(16)
    database = postgres.create(f"dagster_{secrets.token_hex(4)}")
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{PROJECT}:{DEPLOYED}",
        "PYTHONWARNINGS": "ignore",
        "DAGSTER_HOME": str(home),
        "STATISTICS_SHARED_FOLDER": str(shared / "dagster"),
        "STATISTICS_DB_HOST": "127.0.0.1",
        "STATISTICS_DB_PORT": str(postgres.port),
        "STATISTICS_DB_USER": postgres.user,
        "STATISTICS_DB_PASSWORD": postgres.password,
        "STATISTICS_DB_NAME": database,
        "STATISTICS_BROKER_URL": redis.url(0),
        "STATISTICS_RESULTS_URL": redis.url(1),
        "STATISTICS_COUNTING_KEY": key,
    }
    return Deployment(shared, environment, database, postgres, redis, (postgres.password, redis.password, key))


@pytest.fixture(scope="session")
def ceph() -> Iterator[CephServer]:
    """A real S3-compatible server with the bucket `statistics`."""
    from tests.shared_deployment.ceph import ceph_cluster

    with contextlib.ExitStack() as cluster:
        # a cluster that starts on a busy machine now and then never sees its OSD; a new one does
        for attempts_left in (2, 1, 0):
            try:
                server = cluster.enter_context(ceph_cluster())
                break
            except AssertionError:
                if not attempts_left:
                    raise
        yield server
