"""A publisher on loopback: a real HTTP or HTTPS server that behaves, or misbehaves, as a test asks, and remembers what it was asked.

    with Publisher() as publisher:
        publisher.serve("/table.pdf", document(pdf_of("constructed sample"), etag='"v1"'))
        ... fetch publisher.url("/table.pdf") ...
        assert publisher.asked("/table.pdf")[0].headers["User-Agent"]

Everything it serves is constructed for tests. It listens on 127.0.0.1 only and ends with its `with` block.
"""

from __future__ import annotations

import gzip
import io
import re
import ssl
import struct
import subprocess
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import xlsxwriter

PDF = "application/pdf"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    at: float


class Exchange:
    """What a behaviour may do with one request."""

    def __init__(self, handler: BaseHTTPRequestHandler, stopped: threading.Event, clock: Callable[[], float] | None = None) -> None:
        self._handler = handler
        self._clock = clock
        self.headers = handler.headers
        self.path = handler.path
        self.stopped = stopped

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response_only(status)
        if self._clock is not None and "Date" not in headers:
            self._handler.send_header("Date", http_date(self._clock()))
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Connection", "close")
        self._handler.end_headers()

    def write(self, piece: bytes) -> None:
        self._handler.wfile.write(piece)
        self._handler.wfile.flush()

    def pause(self, seconds: float) -> None:
        self.stopped.wait(seconds)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.head(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.write(body)


Behaviour = Callable[[Exchange], None]


class Publisher:
    """The server; `serve` says what a path does, `asked` what was asked of it. It tells the time only if it is given a clock."""

    def __init__(self, certificate: tuple[Path, Path] | None = None, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._behaviours: dict[str, Behaviour] = {}
        self._requests: list[Asked] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # The handshake is left to the thread of each connection, or one bad client would stop the server.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def serve(self, path: str, *behaviours: Behaviour) -> None:
        """Say what a path does from now on: each behaviour once, the last for ever. The query does not count."""
        with self._lock:
            self._behaviours[path] = in_turn(*behaviours)

    def asked(self, path: str | None = None) -> list[Asked]:
        with self._lock:
            return [each for each in self._requests if path is None or each.path.partition("?")[0] == path]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def do_GET(self) -> None:
                with publisher._lock:
                    publisher._requests.append(Asked(self.path, dict(self.headers.items()), time.monotonic()))
                    behaviour = publisher._behaviours.get(self.path.partition("?")[0], status(404))
                self.close_connection = True
                try:
                    behaviour(Exchange(self, publisher._stopped, publisher._clock))
                except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                    # The reader hung up, as it should when it is served a bomb.
                    return

            def handle(self) -> None:
                try:
                    super().handle()
                except (ConnectionError, ssl.SSLError, TimeoutError):
                    return

            def log_message(self, *_: object) -> None:
                return

        return Handler


# --- behaviours ---------------------------------------------------------------------------------------------------------------------


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave differently from request to request; the last behaviour stays."""
    waiting = list(behaviours)
    lock = threading.Lock()

    def behave(exchange: Exchange) -> None:
        with lock:
            behaviour = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        behaviour(exchange)

    return behave


def document(
    body: bytes,
    media_type: str = PDF,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    ranges: bool = True,
    transfer: Callable[[Exchange, bytes], None] | None = None,
) -> Behaviour:
    """Serve bytes as a well-kept server does: conditional requests, ranges, If-Range. `transfer` sends the body in a special way."""

    def behave(exchange: Exchange) -> None:
        asked = exchange.headers
        headers = {"Content-Type": media_type}
        if etag:
            headers["ETag"] = etag
        if last_modified:
            headers["Last-Modified"] = last_modified
        if ranges:
            headers["Accept-Ranges"] = "bytes"
        tags = [tag.strip().removeprefix("W/") for tag in asked.get("If-None-Match", "").split(",")]
        if "If-None-Match" in asked:
            fresh = etag is not None and etag.removeprefix("W/") in tags
        else:
            fresh = last_modified is not None and asked.get("If-Modified-Since") == last_modified
        if fresh:
            exchange.head(304, headers)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        guard = asked.get("If-Range")
        same = guard is None or guard in (etag, last_modified)
        start = int(wanted.group(1)) if wanted and ranges and same else 0
        if wanted and start >= len(body) > 0:
            exchange.answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        exchange.head(206 if start else 200, {**headers, "Content-Length": str(len(body) - start)})
        (transfer or Exchange.write)(exchange, body[start:])

    return behave


def status(code: int, *, retry_after: str | None = None, body: bytes = b"") -> Behaviour:
    """Answer with a status; `retry_after` is sent as given, seconds or a date."""
    headers = {"Content-Type": "text/plain"} | ({"Retry-After": retry_after} if retry_after is not None else {})
    return lambda exchange: exchange.answer(code, body, headers)


def http_date(moment: float) -> str:
    """Write a moment as HTTP headers do."""
    return formatdate(moment, usegmt=True)


def error_page(claimed: str = PDF) -> Behaviour:
    """An HTML error page with status 200 that claims to be the publication."""
    body = b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body><h1>We are experiencing difficulties</h1></body></html>"
    return lambda exchange: exchange.answer(200, body, {"Content-Type": claimed})


def slowly(pieces: int, pause: float) -> Callable[[Exchange, bytes], None]:
    """Send a body in so many pieces with a pause after each."""

    def transfer(exchange: Exchange, body: bytes) -> None:
        size = max(len(body) // pieces, 1)
        for start in range(0, len(body), size):
            exchange.write(body[start : start + size])
            exchange.pause(pause)

    return transfer


def stalling(after: int, seconds: float = 5.0) -> Callable[[Exchange, bytes], None]:
    """Send so many bytes, then keep the connection open and silent."""

    def transfer(exchange: Exchange, body: bytes) -> None:
        exchange.write(body[:after])
        exchange.pause(seconds)

    return transfer


def trickling(head: bytes, then: bytes, seconds: float = 8.0) -> Behaviour:
    """Send a head whole, then one piece again and again, each soon enough for every timeout that starts anew; then hang up."""

    def behave(exchange: Exchange) -> None:
        end = time.monotonic() + seconds
        exchange.write(head)
        while time.monotonic() < end and not exchange.stopped.is_set():
            exchange.write(then)
            exchange.pause(0.02)

    return behave


def breaking_off(after: int) -> Callable[[Exchange, bytes], None]:
    """Announce everything, send so many bytes, hang up."""
    return lambda exchange, body: exchange.write(body[:after])


def redirect(to: str, code: int = 302, cookie: str | None = None) -> Behaviour:
    """Send the reader elsewhere."""
    headers = {"Location": to} | ({"Set-Cookie": cookie} if cookie else {})
    return lambda exchange: exchange.answer(code, b"", headers)


def needs_cookie(cookie: str, then: Behaviour) -> Behaviour:
    """Set a cookie and redirect to the same address until it is sent back, as bot checks do."""

    def behave(exchange: Exchange) -> None:
        if cookie in exchange.headers.get("Cookie", ""):
            then(exchange)
        else:
            redirect(exchange.path, cookie=f"{cookie}; Path=/")(exchange)

    return behave


def packed(body: bytes, media_type: str = PDF, encoding: str = "gzip", cut: int | None = None) -> Behaviour:
    """Send a body gzip-encoded though nobody asked, chunked; `cut` leaves the end out without any sign in the transfer."""
    sent = gzip.compress(body)[:cut]
    return lambda exchange: _chunked(exchange, [sent], {"Content-Type": media_type, "Content-Encoding": encoding})


def gzip_bomb(mebibytes: int, media_type: str = PDF) -> Behaviour:
    """A small body that unpacks to so many mebibytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    sent = packer.compress(b"%PDF-1.4\n") + b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(mebibytes)) + packer.flush()
    return lambda exchange: exchange.answer(200, sent, {"Content-Type": media_type, "Content-Encoding": "gzip"})


def endless(mebibytes: int = 64, status: int = 200, location: str | None = None) -> Behaviour:
    """A body without announced length that goes on far beyond any limit, also that of a redirect."""
    filler = b"x" * (1 << 16)
    headers = {"Content-Type": PDF} | ({"Location": location} if location else {})
    return lambda exchange: _chunked(exchange, [b"%PDF-1.4\n", *[filler] * (mebibytes * 16)], headers, status)


def oversized(announced: int) -> Behaviour:
    """A body that is announced as too large."""

    def behave(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Type": PDF, "Content-Length": str(announced)})
        exchange.write(b"%PDF-1.4\n")

    return behave


def broken_range(body: bytes, etag: str, kind: str) -> Behaviour:
    """Answer a Range request wrongly; anything else is served well.

    Kinds: `ignored` (200 with everything), `wrong_total`, `wrong_start`, `other_version` (206 of other bytes), `unsatisfied` (416).
    """
    whole = document(body, etag=etag, ranges=False)

    def behave(exchange: Exchange) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", exchange.headers.get("Range", ""))
        if wanted is None or kind == "ignored":
            whole(exchange)
            return
        if kind == "unsatisfied":
            exchange.answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
            return
        start = int(wanted.group(1)) + (kind == "wrong_start")
        total = len(body) + (kind == "wrong_total")
        tag = '"another"' if kind == "other_version" else etag
        stated = {"Content-Range": f"bytes {start}-{len(body) - 1}/{total}", "ETag": tag, "Content-Type": PDF}
        exchange.answer(206, body[start:], stated)

    return behave


def index_page(links: Iterable[str], base: str | None = None) -> Behaviour:
    """A page that links to publications, among other things."""
    tags = "\n".join(f'<li><a class="file" href="{link}">constructed link</a></li>' for link in links)
    head = f'<base href="{base}">' if base else ""
    body = f'<!DOCTYPE html><html><head>{head}<title>Index</title></head><body><a href="#top">Top</a><ul>{tags}</ul></body></html>'
    return lambda exchange: exchange.answer(200, body.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _chunked(exchange: Exchange, pieces: Iterable[bytes], headers: Mapping[str, str], status: int = 200) -> None:
    exchange.head(status, {**headers, "Transfer-Encoding": "chunked"})
    for piece in pieces:
        exchange.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    exchange.write(b"0\r\n\r\n")


# --- constructed files --------------------------------------------------------------------------------------------------------------


def pdf_of(text: str, size: int = 0) -> bytes:
    """A small valid PDF with one line of text, padded with a comment to at least `size` bytes."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("ascii")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written = bytearray(b"%PDF-1.4\n")
    if size:
        # Bytes that differ everywhere, so that a piece put in the wrong place cannot go unnoticed.
        filler = b"".join(b"%08x" % number for number in range(size // 8 + 1))
        written += b"%" + filler + b"\n"
    offsets = []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    written += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, table)
    return bytes(written)


def zip_of(members: Mapping[str, bytes]) -> bytes:
    """A zip archive with these files, names taken as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def zip_bomb(mebibytes: int = 64) -> bytes:
    """A zip archive of one file that grows about a thousand times."""
    return zip_of({"big.csv": b"\0" * (mebibytes << 20)})


def lying_zip(content: bytes, claimed: int) -> bytes:
    """A zip archive whose only file claims another size than it has, in both of its headers."""
    honest = zip_of({"data.csv": content})
    return honest.replace(struct.pack("<I", len(content)), struct.pack("<I", claimed))


def overlapping_zip() -> bytes:
    """A zip archive whose two directory entries share the same packed bytes."""
    honest = bytearray(zip_of({"a.csv": b"one,two\n" * 50, "b.csv": b"one,two\n" * 50}))
    second = honest.rindex(b"PK\x01\x02")
    # Offset of the local header, at byte 42 of a directory entry: let the second point into the first.
    honest[second + 42 : second + 46] = struct.pack("<I", 4)
    return bytes(honest)


def xlsx_of(rows: Iterable[Iterable[str | float]]) -> bytes:
    """A workbook with one sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("constructed")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, list(row))
    return buffer.getvalue()


def certificate_for(folder: Path, names: Iterable[str], days: int = 2) -> tuple[Path, Path]:
    """Make a self-signed certificate for these host names (`DNS:localhost`, `IP:127.0.0.1`) and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days)]
    command += ["-subj", "/CN=constructed publisher", "-addext", f"subjectAltName={','.join(names)}"]
    subprocess.run([*command, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
    return certificate, key
