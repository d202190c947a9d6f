"""Alerts: what stands wrong reaches a person, once, through the channels that config/alerts.toml names.

Belongs here: the channels (file, command, e-mail, webhook) and their strict configuration, what counts as news to each of them, the
words of a message, and the command `python -m pipelines.alerts`. This is the one module besides snapshots.py that opens a connection,
and only to hosts that the configuration names.
Does not belong here: finding out what stands wrong (health.py; assets/alerts.py for what only Dagster knows), and mending it.

State, under a lock, in `data/alerts/told.json`: for every channel what it has been told and has not been told to be resolved. A channel
that fails keeps its news for the next time; it stops neither the others nor the build.
"""

from __future__ import annotations

import argparse
import base64
import fcntl
import html
import http.client
import json
import os
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pipelines.health import Finding, examine, plain
from pipelines.ledger import write_atomically
from pipelines.vocabulary import PROJECT

Kind = Literal["new", "changed", "resolved", "test"]

CONFIG = PROJECT / "config" / "alerts.toml"
#: names another configuration file, so that an upgrade of the project does not touch it
CONFIG_VARIABLE = "ALERTS_CONFIG"
#: identity of a finding that is no news where its key stands already
AS_TOLD = "as told"
#: a channel that failed is left in peace for so long, except by the command
RETRY_SECONDS = 900.0
_DEADLINE_SECONDS = 60.0
_PATIENCE_SECONDS = 30.0
_LONGEST_SUBJECT = 150
_SECURITY = ("starttls", "tls", "none")
_UNSENT = (OSError, ValueError, smtplib.SMTPException, http.client.HTTPException, subprocess.SubprocessError)


class AlertError(ValueError):
    """Alerts that cannot be told: the message names file or channel, and what to do."""


@dataclass(frozen=True)
class Alert:
    """One piece of news.

    Attributes:
        kind: new, changed, resolved, or test.
        finding: what it is about; of what is resolved, as it was told.
        run_id: the Dagster run that brought it up; empty outside a run.
    """

    kind: Kind
    finding: Finding
    run_id: str = ""


@dataclass(frozen=True)
class Message:
    """What one channel is told at one time.

    Attributes:
        label: which installation speaks.
        subject: one line.
        text: everything an operator needs, in words.
        alerts: the same, one by one.
        at: the moment (ISO 8601, UTC).
    """

    label: str
    subject: str
    text: str
    alerts: tuple[Alert, ...]
    at: str

    @property
    def records(self) -> list[dict[str, str]]:
        """The alerts as flat records, for programs."""
        return [
            {
                "at": self.at, "label": self.label, "kind": alert.kind, "run_id": alert.run_id, "subject": alert.finding.subject,
                **{name: plain(value) for name, value in asdict(alert.finding).items() if name != "mark"},
            }
            for alert in self.alerts
        ]  # fmt: skip


@dataclass(frozen=True)
class FileChannel:
    """Appends one line of JSON per alert; a relative path is one under `data/alerts`."""

    name: str
    path: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Nothing here is secret."""
        return ()

    def deliver(self, message: Message, folder: Path) -> None:
        """Append the alerts, on disk when this returns."""
        path = folder / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write("".join(json.dumps(record) + "\n" for record in message.records))
            stream.flush()
            os.fsync(stream.fileno())


@dataclass(frozen=True)
class CommandChannel:
    """Runs a program, without a shell, with the text on its standard input."""

    name: str
    argv: tuple[str, ...]
    timeout_seconds: int = 30
    withheld: frozenset[str] = frozenset()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Nothing here is secret; the environment variables of other channels are withheld from the program."""
        return ()

    def deliver(self, message: Message) -> None:
        """Run the program once.

        Raises:
            AlertError: it ended with a status other than 0.
        """
        environment = {name: value for name, value in os.environ.items() if name not in self.withheld}
        # a file, not a pipe: a pipe that a grandchild keeps open would be waited for
        with tempfile.TemporaryFile() as words:
            done = subprocess.run(  # noqa: S603  the operator's own list of arguments, from the configuration
                self.argv,
                input=f"{message.subject}\n\n{message.text}".encode(),
                stdout=subprocess.DEVNULL,
                stderr=words,
                timeout=self.timeout_seconds,
                env=environment,
                check=False,
            )
            words.seek(0)
            said = words.read(300).decode("utf-8", errors="replace").strip()
        if done.returncode:
            raise AlertError(f"{Path(self.argv[0]).name} ended with status {done.returncode}{': ' if said else ''}{said}")


@dataclass(frozen=True)
class EmailChannel:
    """Sends one letter through an SMTP server; the password stays in an environment variable."""

    name: str
    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password_env: str = ""
    ca_file: str = ""
    timeout_seconds: int = 15

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password, and the ways in which SMTP encodes it."""
        password = os.environ.get(self.password_env, "") if self.password_env else ""
        if not password:
            return ()
        spellings = (password, f"\0{self.user}\0{password}")
        return (password, *(base64.b64encode(spelling.encode()).decode() for spelling in spellings))

    def deliver(self, message: Message) -> None:
        """Send the letter to every recipient.

        Raises:
            AlertError: the variable with the password is not set, or a recipient was refused.
        """
        letter = EmailMessage()
        letter["Subject"] = message.subject
        letter["From"] = self.sender
        letter["To"] = ", ".join(self.recipients)
        letter["Date"] = format_datetime(datetime.fromisoformat(message.at))
        letter["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        with self._connect() as server:
            if self.user:
                server.login(self.user, _secret(self.password_env))
            refused = server.send_message(letter)
        if refused:
            raise AlertError(f"the server took the letter, but not for {len(refused)} of {len(self.recipients)} recipients")

    def _connect(self) -> smtplib.SMTP:
        if self.security == "none":
            return smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        trusted = ssl.create_default_context(cafile=self.ca_file or None)
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=trusted)
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        try:
            server.starttls(context=trusted)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


@dataclass(frozen=True)
class WebhookChannel:
    """Posts JSON (`text`, `subject`, `alerts`) to one address; redirects are not followed. The address may be a secret."""

    name: str
    url: str = ""
    url_env: str = ""
    token_env: str = ""
    ca_file: str = ""
    timeout_seconds: int = 15

    @property
    def secrets(self) -> tuple[str, ...]:
        """The token, and everything of the address behind its host."""
        url = self.url or os.environ.get(self.url_env, "")
        token = os.environ.get(self.token_env, "") if self.token_env else ""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return tuple(secret for secret in (url, target, parts.path, parts.query, token) if len(secret) > 1)

    def deliver(self, message: Message) -> None:
        """Post the message once.

        Raises:
            AlertError: the address or the token cannot be used, or the answer is not a success.
        """
        url = self.url or _secret(self.url_env)
        if problem := _url_problem(url):
            raise AlertError(f"the address in {self.url_env} {problem}")
        parts = urlsplit(url)
        headers = {"Content-Type": "application/json", "User-Agent": "prosecution-statistics alerts"}
        if self.token_env:
            headers["Authorization"] = f"Bearer {_secret(self.token_env)}"
        # chat servers read markup in `text`; the records are for programs, which do not
        content = {"text": html.escape(f"{message.subject}\n\n{message.text}", quote=False), "subject": message.subject}
        body = json.dumps({**content, "alerts": message.records}).encode()
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            trusted = ssl.create_default_context(cafile=self.ca_file or None)
            connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=self.timeout_seconds, context=trusted)
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout_seconds)
        try:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise AlertError(f"{parts.hostname} answered {status}")


Channel = FileChannel | CommandChannel | EmailChannel | WebhookChannel


@dataclass(frozen=True)
class Config:
    """What config/alerts.toml says.

    Attributes:
        label: name of this installation in every message.
        channels: where alerts go, in the order of the file.
    """

    label: str
    channels: tuple[Channel, ...]


@dataclass(frozen=True)
class Delivery:
    """What became of one channel's news.

    Attributes:
        channel: its name.
        alerts: how many it was to be told.
        problem: why it was not, secrets removed; empty if it was.
    """

    channel: str
    alerts: int
    problem: str = ""


@dataclass(frozen=True)
class _Memory:
    """What a channel has been told, by key, and how it failed last."""

    told: Mapping[str, Mapping[str, str]]
    failed_at: float = 0.0
    problem: str = ""


# --- telling -----------------------------------------------------------------------------------------------------------------------


def tell(
    data: Path,
    config: Config,
    findings: Sequence[Finding],
    observed: Collection[str],
    *,
    run_id: str = "",
    now: datetime | None = None,
    retry_seconds: float = RETRY_SECONDS,
) -> tuple[Delivery, ...]:
    """Tell every channel what is news to it, and remember that it knows.

    Args:
        data: the data folder.
        config: the channels.
        findings: what stands now; what is well tells nothing.
        observed: beginnings of the keys that were looked at: what was told of them and is not found any more is resolved.
        run_id: the Dagster run in which they were found.
        now: the moment.
        retry_seconds: how long a channel that failed is left in peace.

    Returns:
        One delivery per channel that had news.

    Raises:
        AlertError: another process has been telling for long.
    """
    moment = now or datetime.now(UTC)
    folder = data / "alerts"
    wrong = {finding.key: finding for finding in findings if finding.level != "ok"}
    with _alone(folder):
        memories = _read_memories(folder)
        messages: dict[Channel, Message] = {}
        for channel in config.channels:
            memory = memories.get(channel.name, _Memory({}))
            # a channel that works again need not be told that it did not
            about = {key: finding for key, finding in wrong.items() if key != f"alerts/{channel.name}"}
            news = _news(memory, about, observed, run_id)
            if news and moment.timestamp() - memory.failed_at >= retry_seconds:
                messages[channel] = compose(config.label, news, moment)
        if not messages:
            return ()
        problems = _deliver(messages, folder)
        for channel, message in messages.items():
            before = memories.get(channel.name, _Memory({}))
            if problems[channel]:
                memories[channel.name] = _Memory(before.told, moment.timestamp(), problems[channel])
            else:
                memories[channel.name] = _Memory(_remembered(before.told, message.alerts))
        # a channel that is not configured any more is forgotten: should it come back, it hears what stands then
        kept = {channel.name for channel in config.channels}
        _write_memories(folder, {name: memory for name, memory in memories.items() if name in kept})
    return tuple(Delivery(channel.name, len(message.alerts), problems[channel]) for channel, message in messages.items())


def problems_of(data: Path, *, thorough: bool = False) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Give the findings of health that somebody should be told, and the beginnings of the keys that were looked at."""
    observed = ("source/", "published/" if thorough else "published/file", "disk", "litter", "alerts/")
    findings = examine(data, thorough=thorough)
    # before the first build there is nothing to miss
    ever_built = (data / "releases").is_dir()
    return tuple(each for each in findings if each.level != "ok" and (ever_built or not each.key.startswith("published/"))), observed


def _news(memory: _Memory, wrong: Mapping[str, Finding], observed: Collection[str], run_id: str) -> tuple[Alert, ...]:
    news = []
    for key, finding in wrong.items():
        known = memory.told.get(key)
        if known is None:
            news.append(Alert("new", finding, run_id))
        elif AS_TOLD not in (finding.identity, known["identity"]) and known["identity"] != finding.identity:
            news.append(Alert("changed", finding, run_id))
    for key, known in memory.told.items():
        if key not in wrong and key.startswith(tuple(observed)):
            news.append(Alert("resolved", Finding(key, "ok", known["told"], since=known["since"]), run_id))
    return tuple(news)


def _remembered(told: Mapping[str, Mapping[str, str]], alerts: Sequence[Alert]) -> dict[str, Mapping[str, str]]:
    now_told = dict(told)
    for alert in alerts:
        finding = alert.finding
        if alert.kind == "resolved":
            now_told.pop(finding.key, None)
        elif alert.kind != "test":
            now_told[finding.key] = {"identity": finding.identity, "told": finding.told, "since": finding.since}
    return now_told


def _deliver(messages: Mapping[Channel, Message], folder: Path) -> dict[Channel, str]:
    """Deliver side by side, so that a slow channel delays none; says for each what went wrong, or nothing."""
    outcomes: dict[Channel, str] = {}

    def deliver(channel: Channel, message: Message) -> None:
        try:
            if isinstance(channel, FileChannel):
                channel.deliver(message, folder)
            else:
                channel.deliver(message)
        except _UNSENT as problem:
            outcomes[channel] = f"channel {channel.name}: {_told_of(problem, channel.secrets)}"
        else:
            outcomes[channel] = ""

    # daemons: a server that keeps a connection open for ever must not keep the build
    threads = [threading.Thread(target=deliver, args=item, daemon=True) for item in messages.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _DEADLINE_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {channel: outcomes.get(channel, f"channel {channel.name}: no end within {_DEADLINE_SECONDS:.0f} s") for channel in messages}


def _told_of(problem: Exception, secrets: Sequence[str]) -> str:
    """Say what went wrong; a server that repeats a password or an address must not get it into a log."""
    if isinstance(problem, subprocess.TimeoutExpired):
        return f"its program did not end within {problem.timeout:.0f} s and was stopped"
    if isinstance(problem, smtplib.SMTPAuthenticationError):
        return f"the mail server refused user and password ({problem.smtp_code})"
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return f"the mail server refused every recipient ({len(problem.recipients)})"
    if isinstance(problem, smtplib.SMTPResponseException):
        said = problem.smtp_error.decode("utf-8", errors="replace") if isinstance(problem.smtp_error, bytes) else problem.smtp_error
        text = f"the mail server answered {problem.smtp_code} {said}"
    else:
        text = str(problem) or type(problem).__name__
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return plain(text, 300)


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value:
        raise AlertError(f"the environment variable {variable} is not set: set it where the service is started")
    if any(ord(character) < 32 for character in value):
        raise AlertError(f"the environment variable {variable} has a control character in it: remove the line end")
    return value


# --- words -------------------------------------------------------------------------------------------------------------------------


def compose(label: str, alerts: Sequence[Alert], now: datetime) -> Message:
    """Write what an operator needs: what, since when, what stands meanwhile, what to do, and the run."""
    counts = {kind: sum(alert.kind == kind for alert in alerts) for kind in ("new", "changed", "resolved", "test")}
    counted = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    about = plain(f"{alerts[0].finding.subject}: {alerts[0].finding.told}", _LONGEST_SUBJECT)
    at = now.isoformat(timespec="seconds")
    groups: dict[tuple[str, ...], list[Alert]] = {}
    for alert in alerts:
        finding = alert.finding
        groups.setdefault((alert.kind, finding.level, finding.told, finding.stands, finding.remedy, alert.run_id), []).append(alert)
    blocks = [_block(group) for group in groups.values()]
    return Message(label, f"[{label}] {counted}: {about}", "\n\n".join([*blocks, f"Told at {at} by {label}."]) + "\n", tuple(alerts), at)


def _block(group: Sequence[Alert]) -> str:
    """Tell what happened to several subjects alike."""
    first = group[0]
    level = "" if first.kind in ("resolved", "test") else f" {first.finding.level}"
    lines = [f"{first.kind.upper()}{level}: {plain(first.finding.told)}"]
    for alert in group:
        since = f" (since {alert.finding.since})" if alert.finding.since else ""
        details = f": {plain(alert.finding.details)}" if alert.finding.details else ""
        lines.append(f"  - {alert.finding.subject}{since}{details}")
    facts = (("Meanwhile", first.finding.stands), ("What to do", first.finding.remedy), ("Run", first.run_id))
    return "\n".join(lines + [f"  {name}: {plain(text)}" for name, text in facts if text])


# --- memory ------------------------------------------------------------------------------------------------------------------------


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time tell, so that nobody is told twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "telling.lock").open("a") as lock:
        deadline = time.monotonic() + _DEADLINE_SECONDS + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AlertError("another process has been telling alerts for long: they stay for the next time") from None
                time.sleep(0.1)
        yield


def _read_memories(folder: Path) -> dict[str, _Memory]:
    """Read what was told; a file that is damaged counts as nothing told: rather twice than never."""
    try:
        content = json.loads((folder / "told.json").read_text(encoding="utf-8"))
        return {
            name: _Memory(
                {key: {field: str(told[field]) for field in ("identity", "told", "since")} for key, told in memory["told"].items()},
                float(memory["failed_at"]),
                str(memory["problem"]),
            )
            for name, memory in content.items()
        }
    except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _write_memories(folder: Path, memories: Mapping[str, _Memory]) -> None:
    content = {name: asdict(memory) for name, memory in memories.items()}
    write_atomically(folder / "told.json", (json.dumps(content, indent=1) + "\n").encode())


# --- configuration -----------------------------------------------------------------------------------------------------------------

#: key -> type, and whether it has to be there
_KEYS: Mapping[str, Mapping[str, tuple[type, bool]]] = {
    "file": {"path": (str, True)},
    "command": {"argv": (list, True), "timeout_seconds": (int, False)},
    "email": {
        "host": (str, True), "sender": (str, True), "recipients": (list, True), "port": (int, False), "security": (str, False),
        "user": (str, False), "password_env": (str, False), "ca_file": (str, False), "timeout_seconds": (int, False),
    },
    "webhook": {
        "url": (str, False), "url_env": (str, False), "token_env": (str, False), "ca_file": (str, False), "timeout_seconds": (int, False),
    },
}  # fmt: skip
_TYPE_NAMES = {str: "a text", int: "a whole number above 0", list: "a list of texts"}


def load_config(path: Path | None = None) -> Config:
    """Read the configuration strictly.

    Args:
        path: the file; that of the environment variable ALERTS_CONFIG, or config/alerts.toml, when None.

    Raises:
        AlertError: no such file, no TOML, an unknown or missing key, a value that cannot be.
    """
    path = path or Path(os.environ.get(CONFIG_VARIABLE) or CONFIG)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise AlertError(f"{path.name}: cannot be read ({problem.strerror}): an empty file says that nobody is told") from None
    except ValueError as problem:
        raise AlertError(f"{path.name}: not valid TOML: {problem}: correct the line") from None
    for key in content:
        if key not in ("label", "channels"):
            raise AlertError(f"{path.name}: unknown key `{key}`: remove it, or write one of label, channels")
    label = content.get("label", "prosecution statistics")
    if not isinstance(label, str) or not label.strip() or plain(label) != label:
        raise AlertError(f"{path.name}: label: is no line of text: write the name of this installation")
    tables = content.get("channels", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise AlertError(f"{path.name}: channels: is no table of tables: write [channels.some_name] above the keys of each")
    withheld = frozenset(
        value for table in tables.values() for key, value in table.items() if key.endswith("_env") and isinstance(value, str)
    )
    return Config(label, tuple(_channel(f"{path.name}: [channels.{name}]", name, table, withheld) for name, table in tables.items()))


def _channel(place: str, name: str, table: Mapping[str, Any], withheld: frozenset[str]) -> Channel:
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise AlertError(f"{place} kind: write one of {', '.join(_KEYS)}")
    known = _KEYS[kind]
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key == "kind":
            continue
        if key not in known:
            raise AlertError(f"{place}: unknown key `{key}`: remove it, or write one of {', '.join(known)}")
        given[key] = _value(f"{place} {key}", known[key][0], value)
    for key, (_, needed) in known.items():
        if needed and key not in given:
            raise AlertError(f"{place} {key}: missing: add it")
    channel: Channel
    if kind == "file":
        channel = FileChannel(name, **given)
    elif kind == "command":
        channel = CommandChannel(name, **given, withheld=withheld)
    elif kind == "email":
        channel = EmailChannel(name, **given)
    else:
        channel = WebhookChannel(name, **given)
    if problem := _channel_problem(channel):
        raise AlertError(f"{place} {problem}")
    return channel


def _value(place: str, wanted: type, value: object) -> object:
    if wanted is list and isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    if wanted is str and isinstance(value, str) and value:
        return value
    if wanted is int and isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise AlertError(f"{place}: is not {_TYPE_NAMES[wanted]}: correct it")


def _channel_problem(channel: Channel) -> str:
    if isinstance(channel, EmailChannel):
        if channel.security not in _SECURITY:
            return f"security: `{channel.security}` is unknown: write one of {', '.join(_SECURITY)}"
        if bool(channel.user) != bool(channel.password_env):
            return "user and password_env belong together: add the other one or remove both"
        if channel.user and channel.security == "none":
            return 'security: a password is not sent in the clear: write "starttls" or "tls"'
        for address in (channel.sender, *channel.recipients):
            if address.count("@") != 1 or plain(address) != address or set(address) & set(' ,;<>"'):
                return f"`{plain(address)}` is no e-mail address: write name@host"
    if isinstance(channel, WebhookChannel):
        if bool(channel.url) == bool(channel.url_env):
            return "url, url_env: write one of them; an address that is a secret belongs into an environment variable"
        if channel.url and (problem := _url_problem(channel.url)):
            return f"url {problem}"
    return ""


def _url_problem(url: str) -> str:
    """Say what is wrong with an address, without repeating it: it may be a secret."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return "is no address: write https://host/path"
    if not parts.hostname or not port_is_fine or parts.username or plain(url) != url or " " in url or not url.isascii():
        return "is no plain address: write https://host/path, without a password"
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        return ""
    return "is not https: only this machine itself may be told without TLS"


# --- the command -------------------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell what stands wrong; returns 0 if every channel knows, 1 if one failed, 2 if the configuration cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.alerts", description="Tell the channels of config/alerts.toml what is news.")
    parser.add_argument("--data", type=Path, default=PROJECT / "data", metavar="DIR", help="data folder")
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"configuration; ${CONFIG_VARIABLE} or config/alerts.toml by default")
    parser.add_argument("--failed", metavar="JOB", help="also tell that this job's run ended without success")
    parser.add_argument("--test", action="store_true", help="send a test alert through every channel, and nothing else")
    given = parser.parse_args(arguments)
    try:
        config = load_config(given.config)
        if given.test:
            deliveries = _test(given.data, config)
        else:
            findings, observed = problems_of(given.data, thorough=True)
            failed = (_failed(given.data, given.failed),) if given.failed else ()
            deliveries = tell(given.data, config, (*failed, *findings), observed, retry_seconds=0)
    except AlertError as problem:
        print(problem, file=sys.stderr)
        return 2
    for delivery in deliveries:
        if delivery.problem:
            print(f"alerts: not told: {delivery.problem}", file=sys.stderr)
        else:
            print(f"alerts: {delivery.channel}: {delivery.alerts} told")
    if not deliveries:
        print("alerts: nothing new to tell" if config.channels else "alerts: no channel is configured, nobody is told")
    return int(any(delivery.problem for delivery in deliveries))


def _failed(data: Path, job: str) -> Finding:
    """Say that a job failed; the run itself, if it came so far, has told more."""
    return Finding(
        f"run/{job}", "failure", f"the job {job} ended without success",
        details=f"the log is in {data.name}/logs/{job}.log",
        since=datetime.now(UTC).isoformat(timespec="seconds"),
        stands="the release published before stands",
        remedy=f"read the log, see to the cause, run `make {job}` again",
        mark=AS_TOLD,
    )  # fmt: skip


def _test(data: Path, config: Config) -> tuple[Delivery, ...]:
    finding = Finding(
        "test", "ok", "this is a test: alerts of this installation arrive here", stands="nothing is wrong", remedy="nothing"
    )
    message = compose(config.label, [Alert("test", finding)], datetime.now(UTC))
    folder = data / "alerts"
    folder.mkdir(parents=True, exist_ok=True)
    problems = _deliver(dict.fromkeys(config.channels, message), folder)
    return tuple(Delivery(channel.name, 1, problem) for channel, problem in problems.items())


if __name__ == "__main__":
    sys.exit(main())
