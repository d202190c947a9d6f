"""The report in a real browser: Chromium, headless, driven over its own debugging protocol on the loopback.

Belongs here: what only a browser can say (console, requests, clicks, keys, widths).
Does not belong here: what the pages say (test_report.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.conftest import Workplace, find_program
from tests.test_report import hostile_report_of, report_of

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage", "--remote-debugging-port=0",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE, DESKTOP = 360, 1280
PAGES = (
    "index.html", "share-prosecuted.html", "reports-per-year.html", "federal-and-state.html", "why-not-prosecuted.html", "resources.html",
    "law-and-technology.html", "rates-by-year.html", "shares-by-year.html", "comparability.html", "data-requests.html", "receipts.html",
    "changes.html", "method.html", "receipts/bjs_csec.html", "receipts/ncmec_ojjdp_transparency.html",
)  # fmt: skip


@dataclass
class Browser:
    """One tab of one browser."""

    socket: ClientConnection
    session: str = ""
    last: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give a command and wait for its answer; what happens meanwhile is kept in events."""
        self.last += 1
        command = {"id": self.last, "method": method, "params": parameters or {}}
        self.socket.send(json.dumps(command | ({"sessionId": self.session} if self.session else {})))
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("id") == self.last:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, page: Path, width: int = DESKTOP, *, scripts: bool = True) -> None:
        """Open a page and wait until it has loaded."""
        self.send("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", size)
        self.events.clear()
        self.send("Page.navigate", {"url": page.as_uri()})
        deadline = time.monotonic() + 60
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() < deadline, f"{page.name} does not load"
            self.events.append(json.loads(self.socket.recv(timeout=60)))

    def ask(self, expression: str) -> Any:
        """Evaluate JavaScript in the page."""
        answer = self.send("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), " ": (32, " ")}
        code, text = codes[key]
        for kind in ("keyDown", "keyUp"):
            stroke = {"type": kind, "key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
            self.send("Input.dispatchKeyEvent", stroke | ({"text": text} if text and kind == "keyDown" else {}))

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse."""
        place = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center', inline: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", {"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1})

    def happened(self, method: str) -> list[dict[str, Any]]:
        """Return what was told under a name since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]


@contextmanager
def running_browser(folder: Path) -> Iterator[Browser]:
    """Run a browser with a profile of its own, and end it and nothing else."""
    with (folder / "log").open("w") as log:
        chromium = os.environ.get("CHROMIUM") or find_program(*NAMES)
        process = subprocess.Popen([chromium, *FLAGS, f"--user-data-dir={folder}", "about:blank"], stdout=log, stderr=log)
    try:
        told = folder / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not (told.exists() and len(told.read_text().splitlines()) == 2):
            assert process.poll() is None, f"Chromium did not start:\n{(folder / 'log').read_text()[-2000:]}"
            assert time.monotonic() < deadline, "Chromium opened no debugging port within a minute"
            time.sleep(0.05)
        port, path = told.read_text().splitlines()
        with connect(f"ws://127.0.0.1:{port}{path}", proxy=None, max_size=None, open_timeout=60) as socket:
            tab = Browser(socket)
            target = tab.send("Target.createTarget", {"url": "about:blank"})["targetId"]
            tab.session = tab.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                tab.send(f"{domain}.enable")
            yield tab
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def report(built: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the project's own release."""
    return report_of(built, tmp_path_factory)


@pytest.fixture(scope="module")
def hostile_report(built: Workplace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a release with planted words."""
    return hostile_report_of(built, tmp_path_factory)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_quietly_asks_for_nothing_and_fits(browser: Browser, report: Path, name: str, width: int) -> None:
    browser.open(report / name, width)
    assert browser.happened("Runtime.exceptionThrown") == []
    assert browser.happened("Runtime.consoleAPICalled") == []
    assert [entry["entry"]["text"] for entry in browser.happened("Log.entryAdded")] == []
    asked = [request["request"]["url"] for request in browser.happened("Network.requestWillBeSent")]
    assert [url for url in asked if not url.startswith((report.as_uri(), "data:"))] == []
    assert any(url.endswith("style.css") for url in asked)
    # the style sheet is in force, and the page itself does not scroll sideways
    assert browser.ask("getComputedStyle(document.querySelector('.top')).backgroundColor") == "rgb(18, 48, 77)"
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask("Array.from(document.querySelectorAll('main > *')).every(e => e.getBoundingClientRect().right <= innerWidth + 1)")


HEADLINE_CELL = "#rate-csam_reports_prosecuted + tr details.cell.is-null"
REASON = "no body brings them together"


def test_a_click_on_a_hatched_cell_opens_its_reasons(browser: Browser, report: Path) -> None:
    browser.open(report / "rates-by-year.html")
    shown = f"getComputedStyle(document.querySelector('{HEADLINE_CELL} > summary')).backgroundImage"
    assert "repeating-linear-gradient" in browser.ask(shown)
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL} > summary').getAttribute('aria-expanded')") == "false"
    assert not browser.ask(f"document.querySelector('{HEADLINE_CELL} .panel').checkVisibility()")
    browser.click(f"{HEADLINE_CELL} > summary")
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL}').open")
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL} .panel').checkVisibility()")
    assert REASON in browser.ask(f"document.querySelector('{HEADLINE_CELL} .panel').innerText")
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL} > summary').getAttribute('aria-expanded')") == "true"
    inside = f"(() => {{ const r = document.querySelector('{HEADLINE_CELL} .panel').getBoundingClientRect();"
    assert browser.ask(inside + " return r.left >= 0 && r.top >= 0 && r.right <= innerWidth && r.bottom <= innerHeight; })()")


def test_keys_open_and_close_a_cell_and_the_focus_stays(browser: Browser, report: Path) -> None:
    browser.open(report / "rates-by-year.html")
    browser.ask(f"document.querySelector('{HEADLINE_CELL} > summary').focus()")
    browser.press("Enter")
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL}').open")
    assert browser.ask("document.querySelectorAll('details.cell[open]').length") == 1
    browser.press("Escape")
    assert not browser.ask(f"document.querySelector('{HEADLINE_CELL}').open")
    assert browser.ask(f"document.activeElement === document.querySelector('{HEADLINE_CELL} > summary')")
    browser.press(" ")
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL}').open")
    browser.click(f"{HEADLINE_CELL} .close")
    assert not browser.ask(f"document.querySelector('{HEADLINE_CELL}').open")


def test_only_one_cell_is_open(browser: Browser, report: Path) -> None:
    browser.open(report / "comparability.html")
    browser.click("tbody tr:nth-child(1) td:nth-of-type(1) summary")
    browser.click("tbody tr:nth-child(1) td:nth-of-type(2) summary")
    assert browser.ask("Array.from(document.querySelectorAll('details.cell[open]')).length") == 1
    assert "yes" in browser.ask("document.querySelector('details.cell[open] .panel').innerText")


def test_reasons_open_without_any_script(browser: Browser, report: Path) -> None:
    browser.open(report / "rates-by-year.html", PHONE, scripts=False)
    browser.click(f"{HEADLINE_CELL} > summary")
    browser.send("Emulation.setScriptExecutionDisabled", {"value": False})
    assert browser.ask(f"document.querySelector('{HEADLINE_CELL} .panel').checkVisibility()")
    assert REASON in browser.ask(f"document.querySelector('{HEADLINE_CELL} .panel').innerText")
    assert browser.ask("document.querySelectorAll('.panel .close').length") == 0


def test_the_first_key_leads_past_the_navigation(browser: Browser, report: Path) -> None:
    browser.open(report / "index.html")
    browser.press("Tab")
    assert browser.ask("document.activeElement.className") == "skip"
    assert browser.ask("document.activeElement.getBoundingClientRect().left") >= 0
    assert browser.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    assert browser.ask("document.activeElement.id") == "main"


def test_a_number_leads_to_its_receipt(browser: Browser, report: Path) -> None:
    browser.open(report / "index.html")
    target = browser.ask("document.querySelector('.answer a.figure').href")
    browser.click(".answer a.figure")
    deadline = time.monotonic() + 30
    while not browser.ask(f"location.href === {json.dumps(target)} && document.readyState === 'complete'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    row = browser.ask("document.querySelector(':target').innerText")
    assert "20,512,803" in row
    assert "CY 2024 edition" in row


def test_print_shows_every_page_without_navigation(browser: Browser, report: Path) -> None:
    browser.open(report / "index.html")
    browser.send("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.ask("getComputedStyle(document.querySelector('nav.pages')).display") == "none"
    assert browser.ask("getComputedStyle(document.querySelector('.verdict')).printColorAdjust") == "exact"
    browser.send("Emulation.setEmulatedMedia", {"media": ""})
    assert len(browser.send("Page.printToPDF", {"printBackground": False})["data"]) > 20_000


def test_hostile_words_do_nothing_in_a_browser(browser: Browser, hostile_report: Path) -> None:
    for name in ("index.html", "reports-per-year.html", "rates-by-year.html", "receipts.html", "law-and-technology.html", "changes.html"):
        browser.open(hostile_report / name)
        assert browser.ask("window.planted") is None, name
        assert browser.ask("document.querySelectorAll('script').length") == 1, name
        assert browser.ask("document.querySelectorAll('img, iframe, object, embed, [onerror], [onload]').length") == 0, name
        assert browser.ask("Array.from(document.links).every(a => ['file:', 'http:', 'https:'].includes(a.protocol))"), name
        assert browser.happened("Runtime.consoleAPICalled") == [], name
