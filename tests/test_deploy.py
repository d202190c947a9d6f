"""What a machine is set up with: units and image name what exists, listen on loopback, and write where they may."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.vocabulary import PROJECT
from tests.test_laws import tracked_files

DEPLOY = PROJECT / "deploy"
UNITS = {path.name: path for path in sorted((DEPLOY / "systemd").iterdir())}
SERVICES = {name: path.read_text(encoding="utf-8") for name, path in UNITS.items() if name.endswith(".service")}
HOME = "/opt/prosecution-statistics"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_what_exists_as_nobody_in_particular(name: str) -> None:
    text = SERVICES[name]
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    (program,) = re.findall(rf"{HOME}/\.venv/bin/(\S+)", command)
    assert program in ("dagster", "dagster-daemon", "dagster-webserver", "python")
    if program == "python":
        (module,) = re.findall(r"-m (\S+)", command)
        assert importlib.util.find_spec(module) is not None
    assert "User=statistics" in text
    for setting in ("ProtectSystem=strict", "NoNewPrivileges=yes", "ProtectHome=yes", "PrivateTmp=yes", "CapabilityBoundingSet="):
        assert setting in text.splitlines()
    (writable,) = re.findall(r"^ReadWritePaths=(.+)$", text, re.MULTILINE)
    assert set(writable.split()) <= {f"{HOME}/data", "/var/backups/prosecution-statistics"}
    # no password stands in a unit
    assert not re.search(r"(PASSWORD|TOKEN|WEBHOOK_URL)\s*=", text)


def test_the_ui_listens_on_loopback_only() -> None:
    assert "dagster-webserver --host 127.0.0.1 --port 3000" in SERVICES["prosecution-statistics-webserver.service"]


def test_the_timer_of_the_refresh_is_the_schedule_of_dagster() -> None:
    import importlib

    schedule = importlib.import_module("assets.schedules").weekly_refresh
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * 1", "UTC")
    timer = UNITS["prosecution-statistics-refresh.timer"].read_text(encoding="utf-8")
    assert "OnCalendar=Mon *-*-* 06:00:00 UTC" in timer


def test_every_timer_has_its_service_and_every_reference_its_unit() -> None:
    for name in UNITS:
        if name.endswith(".timer"):
            assert name.replace(".timer", ".service") in UNITS
    for text in SERVICES.values():
        for referred in re.findall(r"^OnFailure=(.+)$", text, re.MULTILINE):
            assert re.sub(r"@[^.]+\.", "@.", referred) in UNITS


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Where systemd is at hand it verifies them, with programs and account of this machine put in."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("dagster", "dagster-daemon", "dagster-webserver", "python"):
        (programs / program).symlink_to("/bin/true")
    for name, path in UNITS.items():
        text = path.read_text(encoding="utf-8").replace(f"{HOME}/.venv/bin", str(programs))
        text = re.sub(r"^(User|Group)=.*", r"\1=root", re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
        (tmp_path / name).write_text(text, encoding="utf-8")
    judge = shutil.which("systemd-analyze")
    commands = [[judge, "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)] for name in UNITS if judge and "@" not in name]
    for command in commands:
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
        complaints = [line for line in judged.stderr.splitlines() if str(tmp_path) in line]
        assert complaints == []


def test_the_image_copies_what_exists_and_what_a_build_needs() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for name in line.split()}
    assert [name for name in copied if not (PROJECT / name).exists()] == []
    # whatever the code opens at run time lies in one of these folders
    needed = {Path(name).parts[0] for name in tracked_files() if name.endswith((".py", ".sql", ".csv", ".toml", ".html", ".yaml"))}
    assert needed - copied <= {"benchmarks", "deploy", "docs", "tests"}
    assert "--require-hashes" in text
    assert re.search(r"^USER statistics$", text, re.MULTILINE)
