"""Receivers of alerts on loopback: a mail server and a web server that take what they are sent, or refuse it as a test asks.

Both are real servers on 127.0.0.1, end with their `with` block, and remember everything; their certificates are made for the test.
"""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast


@dataclass
class Letter:
    """One letter as the mail server took it."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str
    password: str

    @property
    def text(self) -> str:
        return cast("str", self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """A mail server that speaks as much SMTP as a client needs.

    Attributes:
        certificate: certificate and key; offers STARTTLS, or speaks TLS from the first byte if `implicit`.
        accounts: user and password that may log in; none means that nobody has to.
        auth_answer: what it says to a wrong password.
        silent: it takes connections and never says a word.
    """

    certificate: tuple[Path, Path] | None = None
    implicit: bool = False
    accounts: dict[str, str] = field(default_factory=dict)
    auth_answer: str = "535 no"
    refused: tuple[str, ...] = ()
    silent: bool = False
    letters: list[Letter] = field(default_factory=list)

    def __enter__(self) -> MailServer:
        server = self
        self._stopped = threading.Event()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if server.silent:
                    server._stopped.wait(30)
                    return
                try:
                    _Session(server, self).talk()
                except (ConnectionError, ssl.SSLError):
                    return  # the client hung up: that is its right

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def secured(self, connection: Any) -> ssl.SSLSocket:
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return context.wrap_socket(connection, server_side=True)


class _Session:
    """One conversation."""

    def __init__(self, server: MailServer, handler: socketserver.StreamRequestHandler) -> None:
        self._server = server
        self._connection = handler.connection
        self._encrypted = False
        if server.implicit:
            self._secure()
        self._stream = self._connection.makefile("rwb")
        self._user = self._password = self._sender = ""
        self._recipients: list[str] = []

    def _secure(self) -> None:
        self._connection = self._server.secured(self._connection)
        self._encrypted = True

    def _say(self, line: str) -> None:
        self._stream.write(line.encode() + b"\r\n")
        self._stream.flush()

    def _hear(self) -> str:
        return self._stream.readline().decode().rstrip("\r\n")

    def talk(self) -> None:
        self._say("220 constructed mail server")
        while line := self._hear():
            verb = line.partition(" ")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._answer(verb, line)

    def _answer(self, verb: str, line: str) -> None:
        if verb == "EHLO":
            offered = ["constructed"]
            if self._server.certificate and not self._encrypted:
                offered.append("STARTTLS")
            if self._server.accounts:
                offered.append("AUTH PLAIN LOGIN")
            for each in offered[:-1]:
                self._say(f"250-{each}")
            self._say(f"250 {offered[-1]}")
        elif verb == "STARTTLS":
            self._say("220 go")
            self._secure()
            self._stream = self._connection.makefile("rwb")
        elif verb == "AUTH":
            _, mechanism, first = line.split()
            words = base64.b64decode(first).decode().split("\0")
            if mechanism == "LOGIN":
                self._say("334 UGFzc3dvcmQ6")
                words = ["", words[0], base64.b64decode(self._hear()).decode()]
            _, user, password = words
            if self._server.accounts.get(user) == password:
                self._user, self._password = user, password
                self._say("235 welcome")
            else:
                self._say(self._server.auth_answer)
        elif verb == "MAIL":
            self._sender = line.partition(":")[2].split()[0].strip("<>")
            self._recipients = []
            self._say("530 log in first" if self._server.accounts and not self._user else "250 ok")
        elif verb == "RCPT":
            recipient = line.partition(":")[2].split()[0].strip("<>")
            if recipient in self._server.refused:
                self._say("550 no such person")
            else:
                self._recipients.append(recipient)
                self._say("250 ok")
        elif verb == "DATA":
            self._say("354 go on")
            lines = []
            while (raw := self._stream.readline()) != b".\r\n":
                lines.append(raw.removeprefix(b".") if raw.startswith(b"..") else raw)
            message = cast("EmailMessage", message_from_bytes(b"".join(lines), policy=policy.default))
            self._server.letters.append(
                Letter(self._sender, self._recipients, message, self._encrypted, self._user, self._password)
            )
            self._say("250 taken")
        else:
            self._say("250 ok")


@dataclass
class Post:
    """One request as the web server took it."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class WebReceiver:
    """A web server that takes JSON; `status` and `location` say what it answers."""

    certificate: tuple[Path, Path] | None = None
    status: int = 204
    location: str = ""
    posts: list[Post] = field(default_factory=list)

    def __enter__(self) -> WebReceiver:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.posts.append(Post(self.path, dict(self.headers), body))
                self.send_response(receiver.status, f"about {self.path} {self.headers.get('Authorization', '')}")
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *said: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}{path}"
