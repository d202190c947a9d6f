"""Alerts: who is told what, once, over real connections on loopback; what is never told is a secret."""

from __future__ import annotations

import base64
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines import alerts
from pipelines.alerts import AlertError, CommandChannel, Config, Delivery, EmailChannel, FileChannel, WebhookChannel, load_config, tell
from pipelines.health import Finding
from pipelines.vocabulary import PROJECT
from tests.conftest import Workplace, job_command
from tests.publisher import certificate_for
from tests.receivers import MailServer, WebReceiver
from tests.test_releases import VICTIM, change_one_digit

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PASSWORD = "planted-Pass-w0rd!"
TOKEN = "planted-token-4711"
HIDDEN_PATH = "/hooks/planted-address-0815"

STALE = Finding(
    "source/bjs_csec/look", "warning", "the last look at the publisher failed", details="bjs_csec: https://example.org/x: 503: wait",
    since="2026-11-16T06:00:00+00:00", stands="its last valid vintage stands in the release", remedy="wait for the next refresh",
)  # fmt: skip
BROKEN = Finding("published/laws", "failure", "the published database cannot be read", stands="it is still published", remedy="build anew")


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (alerts.CONFIG_VARIABLE, "ALERTS_SMTP_PASSWORD", "ALERTS_WEBHOOK_URL", "ALERTS_WEBHOOK_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate_for(tmp_path_factory.mktemp("certificate"), ["IP:127.0.0.1"])


def mail(server: MailServer, **changes: object) -> EmailChannel:
    channel = EmailChannel("mail", "127.0.0.1", "statistics@example.org", ("team@example.org",), port=server.port, security="none")
    return replace(channel, **changes)  # type: ignore[arg-type]


def file_lines(data: Path) -> list[dict[str, str]]:
    path = data / "alerts" / "alerts.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def only_file() -> Config:
    return Config("server A", (FileChannel("file", "alerts.jsonl"),))


def kinds(data: Path) -> list[tuple[str, str]]:
    return [(line["kind"], line["key"]) for line in file_lines(data)]


# --- once ------------------------------------------------------------------------------------------------------------------------


def test_a_problem_is_told_once_again_when_it_changes_and_when_it_is_resolved(tmp_path: Path) -> None:
    config, observed = only_file(), ("source/",)
    assert tell(tmp_path, config, [STALE], observed, now=NOW) == (Delivery("file", 1),)
    assert tell(tmp_path, config, [replace(STALE, details="another minute, another error")], observed, now=NOW) == ()
    changed = replace(STALE, told="no look at the publisher for more than 35 days")
    assert tell(tmp_path, config, [changed], observed, now=NOW) == (Delivery("file", 1),)
    assert tell(tmp_path, config, [], observed, now=NOW) == (Delivery("file", 1),)
    assert tell(tmp_path, config, [], observed, now=NOW) == ()
    assert tell(tmp_path, config, [STALE], observed, now=NOW) == (Delivery("file", 1),)
    assert kinds(tmp_path) == [(kind, STALE.key) for kind in ("new", "changed", "resolved", "new")]
    assert [line["told"] for line in file_lines(tmp_path)][2] == changed.told


def test_what_was_not_looked_at_is_not_resolved(tmp_path: Path) -> None:
    config = only_file()
    tell(tmp_path, config, [STALE, BROKEN], ("source/", "published/"), now=NOW)
    assert tell(tmp_path, config, [], ("disk", "source/other", "run/"), now=NOW) == ()
    tell(tmp_path, config, [], ("source/",), now=NOW)
    assert kinds(tmp_path)[2:] == [("resolved", STALE.key)]


def test_what_is_well_is_not_told(tmp_path: Path) -> None:
    assert tell(tmp_path, only_file(), [replace(STALE, level="ok")], ("source/",), now=NOW) == ()
    assert file_lines(tmp_path) == []


def test_the_mark_tells_problems_with_the_same_words_apart(tmp_path: Path) -> None:
    for mark in ("a", "a", "b"):
        tell(tmp_path, only_file(), [replace(STALE, mark=mark)], ("source/",), now=NOW)
    assert [kind for kind, _ in kinds(tmp_path)] == ["new", "changed"]


def test_processes_that_tell_at_once_tell_once(small: Workplace, tmp_path: Path) -> None:
    change_one_digit(small)
    small.build()
    command = [sys.executable, "-m", "pipelines.alerts", "--data", str(small.data), "--config", str(PROJECT / "config" / "alerts.toml")]
    together = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=120)[0] for process in together]
    assert all(process.returncode == 0 for process in together)
    assert sorted(line.strip() for line in said) == ["alerts: file: 1 told", *["alerts: nothing new to tell"] * 3]
    assert kinds(small.data) == [("new", f"source/{VICTIM}/quarantine")]


def test_a_damaged_memory_tells_again_rather_than_never(tmp_path: Path) -> None:
    tell(tmp_path, only_file(), [STALE], ("source/",), now=NOW)
    for damage in (b"{", b"[]", b'{"file": {"told": 3}}', b"\xff\xfe"):
        (tmp_path / "alerts" / "told.json").write_bytes(damage)
        assert tell(tmp_path, only_file(), [STALE], ("source/",), now=NOW) == (Delivery("file", 1),)


def test_every_channel_has_its_own_memory(tmp_path: Path) -> None:
    first, second = FileChannel("first", "first.jsonl"), FileChannel("second", str(tmp_path / "elsewhere" / "second.jsonl"))
    tell(tmp_path, Config("A", (first,)), [STALE], ("source/",), now=NOW)
    assert tell(tmp_path, Config("A", (first, second)), [STALE], ("source/",), now=NOW) == (Delivery("second", 1),)
    # removed and put back: it hears what stands
    tell(tmp_path, Config("A", (first,)), [STALE, BROKEN], ("source/",), now=NOW)
    assert tell(tmp_path, Config("A", (first, second)), [STALE, BROKEN], ("source/",), now=NOW) == (Delivery("second", 2),)
    assert len((tmp_path / "elsewhere" / "second.jsonl").read_text(encoding="utf-8").splitlines()) == 3


# --- channels that fail --------------------------------------------------------------------------------------------------------------


def test_a_channel_that_fails_stops_no_other_and_is_tried_again(tmp_path: Path) -> None:
    with MailServer() as gone:
        port = gone.port
    channel = EmailChannel("mail", "127.0.0.1", "a@example.org", ("b@example.org",), port=port, security="none")
    config = Config("A", (channel, FileChannel("file", "alerts.jsonl")))
    failed, told = tell(tmp_path, config, [STALE], ("source/",), now=NOW)
    assert told == Delivery("file", 1)
    assert (failed.channel, failed.alerts) == ("mail", 1)
    assert "channel mail" in failed.problem
    assert "refused" in failed.problem
    # in peace for a quarter of an hour, then again; the file is not told twice
    assert tell(tmp_path, config, [STALE], ("source/",), now=NOW + timedelta(minutes=14)) == ()
    with MailServer() as server:
        mended = replace(config, channels=(replace(channel, port=server.port), config.channels[1]))
        assert tell(tmp_path, mended, [STALE], ("source/",), now=NOW + timedelta(minutes=16)) == (Delivery("mail", 1),)
        assert [letter.recipients for letter in server.letters] == [["b@example.org"]]
    assert len(file_lines(tmp_path)) == 1


def test_health_says_which_channel_failed_and_the_others_are_told(tmp_path: Path) -> None:
    from pipelines.health import examine

    silent = CommandChannel("pager", ("/nonexistent/program",))
    config = Config("A", (silent, FileChannel("file", "alerts.jsonl")))
    tell(tmp_path, config, [STALE], ("source/",), now=NOW)
    (found,) = [finding for finding in examine(tmp_path, thorough=False) if finding.key == "alerts/pager"]
    assert found.level == "warning"
    assert "/nonexistent/program" in found.details
    tell(tmp_path, config, [STALE, found], ("source/", "alerts/"), now=NOW + timedelta(minutes=1))
    assert kinds(tmp_path) == [("new", STALE.key), ("new", "alerts/pager")]
    # once it works, it hears what it missed, but not of itself
    output = tmp_path / "heard"
    works = CommandChannel("pager", (sys.executable, "-c", f"import sys; open({str(output)!r}, 'a').write(sys.stdin.read())"))
    now = NOW + timedelta(hours=1)
    tell(tmp_path, replace(config, channels=(works, config.channels[1])), [STALE, found], ("source/", "alerts/"), now=now)
    assert STALE.told in output.read_text(encoding="utf-8")
    assert "alerts could not be told" not in output.read_text(encoding="utf-8")
    assert not [finding for finding in examine(tmp_path, thorough=False) if finding.key.startswith("alerts/")]


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_DEADLINE_SECONDS", 0.5)
    with MailServer(silent=True) as server:
        config = Config("A", (mail(server), FileChannel("file", "alerts.jsonl")))
        begun = time.monotonic()
        failed, told = tell(tmp_path, config, [STALE], ("source/",), now=NOW)
    assert time.monotonic() - begun < 5
    assert told.problem == ""
    assert "no end within" in failed.problem


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("a file")
    config = Config("A", (FileChannel("file", str(tmp_path / "in the way" / "alerts.jsonl")),))
    (failed,) = tell(tmp_path, config, [STALE], ("source/",), now=NOW)
    assert "in the way" in failed.problem


# --- e-mail --------------------------------------------------------------------------------------------------------------------------


def test_a_letter_says_what_since_when_what_stands_what_to_do_and_the_run(tmp_path: Path) -> None:
    second = replace(STALE, key="source/trac_reports/look", details="trac_reports: 404", since="")
    with MailServer() as server:
        tell(tmp_path, Config("server A", (mail(server),)), [STALE, second, BROKEN], ("source/",), run_id="4711-0815", now=NOW)
    (letter,) = server.letters
    assert letter.message["Subject"] == "[server A] 3 new: bjs_csec: the last look at the publisher failed"
    assert letter.message["To"] == "team@example.org"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert letter.text.splitlines() == [
        "NEW warning: the last look at the publisher failed",
        "  - bjs_csec (since 2026-11-16T06:00:00+00:00): bjs_csec: https://example.org/x: 503: wait",
        "  - trac_reports: trac_reports: 404",
        "  Meanwhile: its last valid vintage stands in the release",
        "  What to do: wait for the next refresh",
        "  Run: 4711-0815",
        "",
        "NEW failure: the published database cannot be read",
        "  - published laws",
        "  Meanwhile: it is still published",
        "  What to do: build anew",
        "  Run: 4711-0815",
        "",
        "Told at 2026-11-23T06:00:00+00:00 by server A.",
    ]


@pytest.mark.parametrize("implicit", [False, True])
def test_a_password_travels_encrypted_to_a_server_that_proves_who_it_is(
    implicit: bool, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTS_SMTP_PASSWORD", PASSWORD)
    with MailServer(certificate, implicit=implicit, accounts={"statistics": PASSWORD}) as server:
        channel = mail(server, security="tls" if implicit else "starttls", user="statistics", password_env="ALERTS_SMTP_PASSWORD")
        (untrusted,) = tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), now=NOW, retry_seconds=0)
        assert "certificate verify failed" in untrusted.problem.lower()
        assert server.letters == []
        trusting = replace(channel, ca_file=str(certificate[0]))
        assert tell(tmp_path, Config("A", (trusting,)), [STALE], ("source/",), now=NOW, retry_seconds=0) == (Delivery("mail", 1),)
    (letter,) = server.letters
    assert (letter.encrypted, letter.user, letter.password) == (True, "statistics", PASSWORD)


def test_a_server_without_starttls_gets_nothing(tmp_path: Path) -> None:
    with MailServer() as server:
        (failed,) = tell(tmp_path, Config("A", (mail(server, security="starttls"),)), [STALE], ("source/",), now=NOW)
    assert "STARTTLS" in failed.problem
    assert server.letters == []


def test_recipients_that_are_refused_are_counted(tmp_path: Path) -> None:
    with MailServer(refused=("gone@example.org",)) as server:
        channel = mail(server, recipients=("team@example.org", "gone@example.org"))
        (failed,) = tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), now=NOW)
        assert "1 of 2 recipients" in failed.problem
        (failed,) = tell(tmp_path, Config("A", (mail(server, recipients=("gone@example.org",)),)), [STALE], ("source/",), now=NOW,
                         retry_seconds=0)  # fmt: skip
        assert "refused every recipient (1)" in failed.problem


# --- webhook -------------------------------------------------------------------------------------------------------------------------


def test_a_webhook_gets_text_for_people_and_records_for_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_WEBHOOK_TOKEN", TOKEN)
    with WebReceiver() as receiver:
        channel = WebhookChannel("chat", url=receiver.url("/in?room=1"), token_env="ALERTS_WEBHOOK_TOKEN")
        assert tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), run_id="r1", now=NOW) == (Delivery("chat", 1),)
    (post,) = receiver.posts
    assert post.path == "/in?room=1"
    assert post.headers["Authorization"] == f"Bearer {TOKEN}"
    assert post.headers["Content-Type"] == "application/json"
    assert post.body["text"].startswith("[A] 1 new: bjs_csec: the last look at the publisher failed\n\nNEW warning")
    assert post.body["alerts"] == [
        {
            "at": "2026-11-23T06:00:00+00:00", "label": "A", "kind": "new", "run_id": "r1", "subject": "bjs_csec", "key": STALE.key,
            "level": "warning", "told": STALE.told, "details": STALE.details, "since": STALE.since, "stands": STALE.stands,
            "remedy": STALE.remedy,
        }
    ]  # fmt: skip


def test_a_webhook_over_tls_is_verified(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    with WebReceiver(certificate) as receiver:
        channel = WebhookChannel("chat", url=receiver.url("/in"))
        (failed,) = tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), now=NOW)
        assert "certificate verify failed" in failed.problem.lower()
        trusting = replace(channel, ca_file=str(certificate[0]))
        assert tell(tmp_path, Config("A", (trusting,)), [STALE], ("source/",), now=NOW, retry_seconds=0) == (Delivery("chat", 1),)
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("status", [301, 307, 400, 403, 500])
def test_only_a_success_is_one_and_redirects_are_not_followed(status: int, tmp_path: Path) -> None:
    with WebReceiver() as other, WebReceiver(status=status, location=other.url("/stolen")) as receiver:
        channel = WebhookChannel("chat", url=receiver.url("/in"))
        (failed,) = tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), now=NOW)
    assert failed.problem == f"channel chat: 127.0.0.1 answered {status}"
    assert other.posts == []


# --- command -------------------------------------------------------------------------------------------------------------------------


def test_a_command_hears_the_text_and_no_shell_reads_its_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERTS_SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("ORDINARY", "passed on")
    output = tmp_path / "heard"
    program = "import os, sys; open(sys.argv[1], 'w').write(sys.argv[2] + '\\n' + sys.stdin.read() + repr(dict(os.environ)))"
    path = tmp_path / "alerts.toml"
    path.write_text(
        "[channels.pager]\nkind = 'command'\n"
        f"argv = {json.dumps([sys.executable, '-c', program, str(output), '$(touch stolen); `id`'])}\n"
        "[channels.mail]\nkind = 'email'\nhost = '127.0.0.1'\nport = 1\nsender = 'a@b.org'\nrecipients = ['c@d.org']\nuser = 'u'\n"
        "password_env = 'ALERTS_SMTP_PASSWORD'\n",
        encoding="utf-8",
    )
    config = load_config(path)
    told, _ = tell(tmp_path, config, [STALE], ("source/",), now=NOW)
    assert told == Delivery("pager", 1)
    heard = output.read_text(encoding="utf-8")
    assert heard.startswith("$(touch stolen); `id`\n[prosecution statistics] 1 new: bjs_csec")
    assert "What to do: wait for the next refresh" in heard
    assert "passed on" in heard
    assert PASSWORD not in heard


def test_a_command_that_fails_or_does_not_end_is_said(tmp_path: Path) -> None:
    fails = CommandChannel("fails", (sys.executable, "-c", "import sys; sys.stderr.write('no route'); sys.exit(3)"))
    # a grandchild that keeps the streams open is not waited for
    hangs = CommandChannel("hangs", ("/bin/sh", "-c", "sleep 20 & sleep 20"), timeout_seconds=1)
    begun = time.monotonic()
    deliveries = {each.channel: each.problem for each in tell(tmp_path, Config("A", (fails, hangs)), [STALE], ("source/",), now=NOW)}
    assert time.monotonic() - begun < 15
    assert deliveries["fails"].endswith("ended with status 3: no route")
    assert deliveries["hangs"] == "channel hangs: its program did not end within 1 s and was stopped"


# --- secrets and hostile words -------------------------------------------------------------------------------------------------------


def test_no_secret_reaches_a_log_a_file_or_an_error(
    certificate: tuple[Path, Path], small: Workplace, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = base64.b64encode(f"\0statistics\0{PASSWORD}".encode()).decode()
    # servers that say back what they were given
    with (
        MailServer(certificate, accounts={"statistics": "other"}, auth_answer=f"535 {PASSWORD} {encoded}") as refusing,
        MailServer(certificate, accounts={"statistics": "other"}, auth_answer=f"454 {PASSWORD} {encoded}") as repeating,
        WebReceiver(status=500) as receiver,
    ):
        config = small.data.parent / "alerts.toml"
        config.write_text(
            "[channels.file]\nkind = 'file'\npath = 'alerts.jsonl'\n"
            + "".join(
                f"[channels.mail{number}]\nkind = 'email'\nhost = '127.0.0.1'\nport = {server.port}\nsender = 'a@b.org'\n"
                f"recipients = ['c@d.org']\nuser = 'statistics'\npassword_env = 'ALERTS_SMTP_PASSWORD'\nca_file = '{certificate[0]}'\n"
                for number, server in enumerate((refusing, repeating))
            )
            + "[channels.chat]\nkind = 'webhook'\nurl_env = 'ALERTS_WEBHOOK_URL'\ntoken_env = 'ALERTS_WEBHOOK_TOKEN'\n",
            encoding="utf-8",
        )
        monkeypatch.setenv("ALERTS_SMTP_PASSWORD", PASSWORD)
        monkeypatch.setenv("ALERTS_WEBHOOK_TOKEN", TOKEN)
        monkeypatch.setenv("ALERTS_WEBHOOK_URL", receiver.url(HIDDEN_PATH))
        monkeypatch.setenv(alerts.CONFIG_VARIABLE, str(config))
        change_one_digit(small)
        instance, result = run(small)
        assert alerts.main(["--data", str(small.data)]) == 1
        assert alerts.main(["--data", str(small.data), "--test"]) == 1
        tick(small, instance)
    assert len(receiver.posts) >= 3
    assert receiver.posts[0].headers["Authorization"] == f"Bearer {TOKEN}"
    written = "".join(path.read_text(encoding="utf-8") for path in (small.data / "alerts").iterdir())
    logged = "".join(str(entry) + str(entry.user_message) for entry in instance.all_logs(result.run_id))
    said = "".join(capfd.readouterr())
    for place in (written, logged, said):
        assert "channel mail0" in place or place is not logged
        for secret in (PASSWORD, encoded, TOKEN, HIDDEN_PATH, HIDDEN_PATH.removeprefix("/hooks/")):
            assert secret not in place
    assert "the mail server refused user and password (535)" in said
    assert "channel chat: 127.0.0.1 answered 500" in logged


def test_a_secret_that_is_not_set_or_has_a_line_end_is_said_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = WebhookChannel("chat", url_env="ALERTS_WEBHOOK_URL")
    for value, problem in (
        ("", "the environment variable ALERTS_WEBHOOK_URL is not set"),
        ("https://example.org/secret\n", "has a control character in it"),
        ("http://example.org/secret", "the address in ALERTS_WEBHOOK_URL is not https"),
        ("https://user:secret@example.org/", "the address in ALERTS_WEBHOOK_URL is no plain address"),
    ):
        monkeypatch.setenv("ALERTS_WEBHOOK_URL", value)
        (failed,) = tell(tmp_path, Config("A", (channel,)), [STALE], ("source/",), now=NOW, retry_seconds=0)
        assert problem in failed.problem
        assert "secret" not in failed.problem


def test_words_of_publications_are_inert(tmp_path: Path) -> None:
    hostile = "x\r\nBcc: everybody@example.org\x1b[31m\u202eevil\u2066\u0000<!channel> <script>alert(1)</script> =cmd()"
    finding = replace(STALE, told=hostile, details=hostile * 200)
    with MailServer() as server, WebReceiver() as receiver:
        config = Config("A", (mail(server), WebhookChannel("chat", url=receiver.url("/in")), FileChannel("file", "alerts.jsonl")))
        assert [each.problem for each in tell(tmp_path, config, [finding], ("source/",), now=NOW)] == ["", "", ""]
    (letter,) = server.letters
    assert letter.recipients == ["team@example.org"]
    assert letter.message["Bcc"] is None
    text = receiver.posts[0].body["text"]
    assert "&lt;!channel&gt; &lt;script&gt;" in text
    for told in (str(letter.message["Subject"]) + letter.text, text, json.dumps(receiver.posts[0].body["alerts"], ensure_ascii=False)):
        assert not set("\x1b\u202e\u2066\0\r") & set(told)
    assert len(letter.message["Subject"]) < 300
    assert len(letter.text) < 4000


# --- configuration -------------------------------------------------------------------------------------------------------------------


def test_the_configuration_of_the_project_tells_a_file_and_nobody_else() -> None:
    assert load_config(PROJECT / "config" / "alerts.toml") == Config("prosecution statistics", (FileChannel("file", "alerts.jsonl"),))


def test_the_examples_of_the_configuration_can_be_used(tmp_path: Path) -> None:
    text = (PROJECT / "config" / "alerts.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if line.startswith(("# [", "# ")) and (" = " in line or "[channels" in line) else line
             for line in text.splitlines()]  # fmt: skip
    (tmp_path / "alerts.toml").write_text("\n".join(lines), encoding="utf-8")
    config = load_config(tmp_path / "alerts.toml")
    assert [type(channel) for channel in config.channels] == [FileChannel, CommandChannel, EmailChannel, WebhookChannel]


def test_an_empty_configuration_tells_nobody_and_a_missing_one_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "mine.toml"
    empty.write_text("")
    monkeypatch.setenv(alerts.CONFIG_VARIABLE, str(empty))
    assert load_config().channels == ()
    assert tell(tmp_path, load_config(), [STALE], ("source/",), now=NOW) == ()
    with pytest.raises(AlertError, match=r"absent\.toml: cannot be read"):
        load_config(tmp_path / "absent.toml")


EMAIL = "[channels.m]\nkind='email'\nhost='h'\nsender='a@b.org'\nrecipients=['c@d.org']\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("label =", "not valid TOML"),
        ("lable = 'x'", "unknown key `lable`"),
        ("label = ' '", "label: is no line of text"),
        ('label = "a\\nb"', "label: is no line of text"),
        ("channels = 3", "is no table of tables"),
        ("[channels]\nfile = 'x'", "is no table of tables"),
        ("[channels.x]\npath = 'y'", r"\[channels.x\] kind: write one of file, command, email, webhook"),
        ("[channels.x]\nkind = 'pigeon'", "kind: write one of"),
        ("[channels.x]\nkind = 'file'", r"\[channels.x\] path: missing"),
        ("[channels.x]\nkind = 'file'\npath = 3", "path: is not a text"),
        ("[channels.x]\nkind = 'file'\npath = 'a'\npth = 'b'", "unknown key `pth`"),
        ("[channels.x]\nkind = 'command'\nargv = 'logger -t x'", "argv: is not a list of texts"),
        ("[channels.x]\nkind = 'command'\nargv = []", "argv: is not a list of texts"),
        ("[channels.x]\nkind = 'command'\nargv = ['a']\ntimeout_seconds = 0", "timeout_seconds: is not a whole number above 0"),
        ("[channels.x]\nkind = 'command'\nargv = ['a']\ntimeout_seconds = true", "timeout_seconds: is not a whole number"),
        ("[channels.x]\nkind = 'command'\nargv = ['a']\nwithheld = ['b']", "unknown key `withheld`"),
        (EMAIL + "password = 'planted'", "unknown key `password`"),
        (EMAIL + "security = 'ssl'", "security: `ssl` is unknown"),
        (EMAIL + "user = 'u'", "user and password_env belong together"),
        (EMAIL + "user = 'u'\npassword_env = 'P'\nsecurity = 'none'", "a password is not sent in the clear"),
        (EMAIL.replace("c@d.org", "nobody"), "`nobody` is no e-mail address"),
        (EMAIL.replace("'c@d.org'", "'c@d.org, e@f.org'"), "is no e-mail address"),
        (EMAIL.replace("'a@b.org'", '"a@b.org\\nBcc: x"'), "is no e-mail address"),
        ("[channels.x]\nkind = 'webhook'", "url, url_env: write one of them"),
        ("[channels.x]\nkind = 'webhook'\nurl = 'https://h/p'\nurl_env = 'U'", "url, url_env: write one of them"),
        ("[channels.x]\nkind = 'webhook'\nurl = 'http://h/p'", "url is not https"),
        ("[channels.x]\nkind = 'webhook'\nurl = 'https://u:p@h/p'", "url is no plain address"),
        ("[channels.x]\nkind = 'webhook'\nurl = 'https://[::1/p'", "url is no address"),
    ],
)  # fmt: skip
def test_a_configuration_is_read_strictly(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AlertError, match=problem) as refused:
        load_config(path)
    assert "alerts.toml" in str(refused.value)
    assert "planted" not in str(refused.value)


# --- the command ---------------------------------------------------------------------------------------------------------------------


def test_the_command_tells_that_a_job_failed_unless_the_run_has_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(tmp_path), "--config", str(PROJECT / "config" / "alerts.toml"), "--failed", "build"]
    assert alerts.main(arguments) == 0
    assert alerts.main(arguments) == 0
    assert [kind for kind in kinds(tmp_path) if kind[1].startswith("run/")] == [("new", "run/build")]
    assert "logs/build.log" in file_lines(tmp_path)[0]["details"]
    # the run of another day succeeds
    tell(tmp_path, only_file(), [Finding("run/build", "ok", "the job build succeeded")], ("run/build",))
    assert kinds(tmp_path)[-1] == ("resolved", "run/build")
    # the run itself has told what went wrong: the command that started it adds nothing
    tell(tmp_path, only_file(), [Finding("run/build", "failure", "the job build failed", mark="figures")], ("run/build",))
    before = len(file_lines(tmp_path))
    assert alerts.main(arguments) == 0
    assert len(file_lines(tmp_path)) == before
    assert "nothing new to tell" in capsys.readouterr().out


def test_the_command_says_when_a_channel_failed_or_the_configuration_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text("[channels.x]\nkind = 'command'\nargv = ['/nonexistent/program']\n", encoding="utf-8")
    assert alerts.main(["--data", str(tmp_path / "data"), "--config", str(path), "--test"]) == 1
    assert "alerts: not told: channel x: " in capsys.readouterr().err
    path.write_text("channels = 1", encoding="utf-8")
    assert alerts.main(["--data", str(tmp_path / "data"), "--config", str(path)]) == 2
    assert "alerts.toml: channels" in capsys.readouterr().err
    path.write_text("", encoding="utf-8")
    assert alerts.main(["--data", str(tmp_path / "data"), "--config", str(path)]) == 0
    assert "no channel is configured, nobody is told" in capsys.readouterr().out


def test_the_test_alert_is_remembered_by_nobody(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--config", str(PROJECT / "config" / "alerts.toml"), "--test"]
    assert [alerts.main(arguments), alerts.main(arguments)] == [0, 0]
    assert [kind for kind, _ in kinds(tmp_path)] == ["test", "test"]
    assert not (tmp_path / "alerts" / "told.json").exists()


def test_before_the_first_build_nothing_is_missing(tmp_path: Path) -> None:
    findings, observed = alerts.problems_of(tmp_path / "data")
    assert findings == ()
    assert "published/file" in observed


# --- in Dagster ----------------------------------------------------------------------------------------------------------------------


def run(
    workplace: Workplace, job: str = "build", instance: dg.DagsterInstance | None = None
) -> tuple[dg.DagsterInstance, dg.ExecuteInProcessResult]:
    definitions = importlib.import_module("assets.definitions").defs
    workspace = importlib.import_module("assets.alerts").AlertingWorkspace
    instance = instance or dg.DagsterInstance.ephemeral()
    resources = {"workspace": workspace(data=str(workplace.data), figures=str(workplace.figures))}
    return instance, definitions.resolve_job_def(job).execute_in_process(instance=instance, resources=resources, raise_on_error=False)


def tick(workplace: Workplace, instance: dg.DagsterInstance) -> str:
    module = importlib.import_module("assets.alerts")
    resources = {"workspace": module.AlertingWorkspace(data=str(workplace.data), figures=str(workplace.figures))}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        result = module.tell_alerts(context)
    assert isinstance(result, dg.SkipReason)
    return result.skip_message or ""


def test_a_run_tells_of_quarantine_and_the_sensor_does_not_repeat_it(small: Workplace) -> None:
    before = change_one_digit(small)
    instance, result = run(small)
    assert result.success
    (line,) = file_lines(small.data)
    assert (line["kind"], line["key"], line["run_id"]) == ("new", f"source/{VICTIM}/quarantine", result.run_id)
    assert "936,080" in line["details"]
    assert "data/quarantine/bjs_csec/" in line["remedy"]
    assert line["stands"] == "its last valid vintage stands in the release"
    assert tick(small, instance) == "Nothing new to tell."
    run(small, instance=instance)
    assert len(file_lines(small.data)) == 1
    (small.figures / f"{VICTIM}.csv").write_text(before, encoding="utf-8")
    run(small, instance=instance)
    assert kinds(small.data)[1:] == [("resolved", f"source/{VICTIM}/quarantine")]


def test_a_failed_run_tells_whatever_the_channels_do(small: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = small.figures / "no_such_source.csv"
    stranger.write_text("x\n", encoding="utf-8")
    instance, result = run(small)
    assert not result.success
    (line,) = file_lines(small.data)
    assert (line["key"], line["level"], line["run_id"]) == ("run/build", "failure", result.run_id)
    assert "no source `no_such_source` in catalog/sources.toml" in line["details"]
    assert result.run_id in line["remedy"]
    # the sensor and the command that started the run add nothing
    assert tick(small, instance) == "Nothing new to tell."
    assert alerts.main(["--data", str(small.data), "--failed", "build"]) == 0
    assert len(file_lines(small.data)) == 1
    stranger.unlink()
    # a configuration that cannot be used fails no run
    broken = tmp_path / "alerts.toml"
    broken.write_text("channels = 1", encoding="utf-8")
    monkeypatch.setenv(alerts.CONFIG_VARIABLE, str(broken))
    _, result = run(small, instance=instance)
    assert result.success
    assert any("alerts: not told: alerts.toml" in entry.user_message for entry in instance.all_logs(result.run_id))
    monkeypatch.delenv(alerts.CONFIG_VARIABLE)
    # the sensor makes up for it
    assert tick(small, instance) == "file: 1 told"
    assert kinds(small.data)[-1] == ("resolved", "run/build")


def test_the_sensor_tells_of_a_run_that_was_killed_and_waits_for_one_that_runs(small: Workplace) -> None:
    instance, done = run(small)
    assert tick(small, instance) == "Nothing new to tell."
    job = importlib.import_module("assets.definitions").defs.resolve_job_def("build")
    killed = instance.create_run_for_job(job)
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "build"), killed.run_id)
    assert tick(small, instance) == "Nothing new to tell."
    instance.report_run_failed(instance.get_run_by_id(killed.run_id), "the worker is gone")
    assert tick(small, instance) == "file: 1 told"
    (line,) = file_lines(small.data)
    assert (line["kind"], line["key"]) == ("new", "run/build")
    assert f"run {killed.run_id} was stopped or killed" in line["details"]
    assert done.success


def test_a_check_that_only_dagster_knows_is_told(small: Workplace) -> None:
    instance, _ = run(small)
    key, error = dg.AssetKey("matched_periods"), dg.AssetCheckSeverity.ERROR
    red, green = (
        dg.AssetCheckEvaluation(asset_key=key, check_name="sources_agree", passed=passed, metadata={}, severity=error)
        for passed in (False, True)
    )
    instance.report_runless_asset_event(red)
    assert tick(small, instance) == "file: 1 told"
    assert tick(small, instance) == "Nothing new to tell."
    (line,) = file_lines(small.data)
    assert line["key"] == "check/matched_periods/sources_agree"
    assert "conflicts.csv" in line["remedy"]
    instance.report_runless_asset_event(green)
    assert tick(small, instance) == "file: 1 told"
    assert kinds(small.data)[-1] == ("resolved", "check/matched_periods/sources_agree")


def test_every_check_that_alerts_know_exists_and_the_sensor_is_on() -> None:
    module = importlib.import_module("assets.alerts")
    definitions = importlib.import_module("assets.definitions").defs
    known = {(key.asset_key.to_user_string(), key.name) for key in definitions.resolve_asset_graph().asset_check_keys}
    assert set(module.CHECKS) <= known
    # of the others the state of the sources tells
    assert {check for asset, check in known - set(module.CHECKS)} <= {"conforms", "control_totals", "fetched"}
    assert {check for _, check in module.CHECKS} == set(module._REMEDIES)
    sensor = definitions.resolve_sensor_def("alerts")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


@pytest.mark.slow
def test_a_run_from_the_command_line_tells_without_a_daemon(small: Workplace, tmp_path: Path) -> None:
    change_one_digit(small)
    # the folders of the instance are relative to where a run starts: not to the history of this checkout
    instance = (PROJECT / "dagster.yaml").read_text(encoding="utf-8").replace("data/dagster", str(tmp_path / "dagster"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text(instance, encoding="utf-8")
    settings = {"resources": {"workspace": {"config": {"data": str(small.data), "figures": str(small.figures)}}}}
    (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    environment = {**kept, "DAGSTER_HOME": str(tmp_path / "home"), "PYTHONPATH": str(PROJECT)}
    launched = subprocess.run(
        [*job_command("build"), "-c", str(tmp_path / "config.json")],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert launched.returncode == 0, (launched.stdout + launched.stderr)[-3000:]
    assert kinds(small.data) == [("new", f"source/{VICTIM}/quarantine")]
    assert len(file_lines(small.data)[0]["run_id"]) == 36
    assert (tmp_path / "dagster" / "storage").is_dir()
