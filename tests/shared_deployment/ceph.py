"""A real S3-compatible server on loopback: Ceph's RADOS gateway of Debian's packages, with one monitor and one OSD in memory.

Belongs here: starting the cluster in a folder of its own, and the account and buckets of the tests.
Does not belong here: what a test expects.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.shared_deployment.conftest import free_port, running, wait_until

#: authentication inside of the cluster is off, all of it listens on loopback only; clients of the gateway sign with their key
_CONFIGURATION = """
[global]
fsid = {cluster}
mon host = v1:127.0.0.1:{monitor_port}
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
run dir = {folder}
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
log file = {folder}/$name.log
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw thread pool size = 64
"""


@dataclass(frozen=True)
class CephServer:
    """A gateway of this test session.

    Attributes:
        endpoint: its address.
        access_key: of the only account.
        secret_key: drawn for this session.
        folder: of the cluster, with its logs.
    """

    endpoint: str
    access_key: str
    secret_key: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that an operator sets; without TLS only because it is loopback."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }

    def create(self, name: str) -> None:
        """Create an empty bucket, with a request that obstore signs and curl sends."""
        import obstore
        from obstore.store import S3Store

        options = {"access_key_id": self.access_key, "secret_access_key": self.secret_key, "region": "us-east-1"}
        store = S3Store(name, endpoint=self.endpoint, client_options={"allow_http": True}, **options)
        address = obstore.sign(store, "PUT", "", timedelta(minutes=1))
        subprocess.run(["curl", "-sSf", "-X", "PUT", address], check=True, capture_output=True, timeout=60)


@contextlib.contextmanager
def ceph_cluster() -> Iterator[CephServer]:
    """Run a cluster; its processes are ended by their ids."""
    missing = [program for program in ("ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin") if shutil.which(program) is None]
    assert not missing, f"there is no {', '.join(missing)}: apt-get install --no-install-recommends ceph-mon ceph-osd radosgw"
    with tempfile.TemporaryDirectory(prefix="ceph-") as place, contextlib.ExitStack() as processes:
        folder, monitor_port, gateway_port, cluster = Path(place), free_port(), free_port(), str(uuid.uuid4())
        configuration = folder / "ceph.conf"
        configuration.write_text(
            _CONFIGURATION.format(cluster=cluster, folder=folder, monitor_port=monitor_port, gateway_port=gateway_port), encoding="ascii"
        )
        (folder / "mon").mkdir()
        (folder / "osd").mkdir()
        log, with_it = folder / "processes.log", ["-c", str(configuration)]

        def ask(*command: str) -> None:
            done = subprocess.run([*command, *with_it], check=False, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, f"{' '.join(command[:3])}: {done.stderr}"

        def told(*command: str) -> str:
            # refused until the monitor is its own quorum
            asked = ["ceph", "--connect-timeout", "5", *command, *with_it]
            return subprocess.run(asked, check=False, capture_output=True, text=True, timeout=60).stdout

        def start(*command: str) -> None:
            # all of it is in memory: there is nothing to shut down in order
            processes.enter_context(running([*command, *with_it, "-f"], log, stop=signal.SIGKILL))

        address = f"[v1:127.0.0.1:{monitor_port}]"
        subprocess.run(
            ["monmaptool", "--create", "--fsid", cluster, "--addv", "a", address, str(folder / "monmap")], check=True, capture_output=True
        )
        ask("ceph-mon", "-i", "a", "--mkfs", "--monmap", str(folder / "monmap"))
        start("ceph-mon", "-i", "a")
        disk = str(uuid.uuid4())
        wait_until(lambda: told("osd", "new", disk).strip() == "0", "the monitor gives the OSD its number")
        ask("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        start("ceph-osd", "-i", "0")
        wait_until(lambda: " 1 up" in told("osd", "stat"), "the OSD is up", seconds=60)
        server = CephServer(f"http://127.0.0.1:{gateway_port}", "statistics", secrets.token_hex(20), folder)
        start("radosgw", "-n", "client.rgw")
        keys = ["--access-key", server.access_key, "--secret", server.secret_key]
        ask("radosgw-admin", "user", "create", "--uid", "statistics", "--display-name", "statistics", *keys)
        answers = ["curl", "-s", "-m", "2", "-o", "/dev/null", server.endpoint]
        wait_until(lambda: subprocess.run(answers, check=False).returncode == 0, "the gateway answers")
        server.create("statistics")
        yield server
