"""Watched pages: only a change in the visible text counts, and it is shown so that a person can act on it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipelines.snapshots import Snapshot, Vintage, snapshot_of_file
from pipelines.watched import WatchedPageError, compare_pages, judge_page, visible_text

PAGE = """<!DOCTYPE html>
<html><head><title>Constructed page</title><style>p {color: red}</style><script>var reports = 1;</script></head>
<body><!-- generated 10:15 --><nav><a href="/a">Home</a></nav>
<h1>Reports &amp; tips</h1>
<p>In the constructed year, <b>12,345</b> reports
 were received. Of these, 678 were urgent.</p>
<table><tr><th>Year</th><th>Reports</th></tr><tr><td>2023</td><td>12,345</td></tr></table>
<div hidden>not shown</div><span style="display: none">nor this</span>
<ul><li>One<li>Two</ul><img src="chart.png" alt="Chart of reports"><noscript>switch scripts on</noscript>
</body></html>"""


def archived(folder: Path, content: str | bytes, retrieved_at: str = "2026-01-05T06:00:00.000+00:00") -> Snapshot:
    path = folder / f"page{len(list(folder.iterdir()))}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    made = snapshot_of_file("constructed_page", path)
    return Snapshot(made.source_id, path, made.snapshot_id, "https://publisher.example/page", "text/html", None, retrieved_at)


def test_text_is_what_a_reader_sees(tmp_path: Path) -> None:
    assert visible_text(archived(tmp_path, PAGE)) == (
        "Constructed page",
        "Home",
        "Reports & tips",
        "In the constructed year, 12,345 reports were received.",
        "Of these, 678 were urgent.",
        "Year | Reports",
        "2023 | 12,345",
        "One",
        "Two",
        "[image: Chart of reports]",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("generated 10:15", "generated 11:30"),
        ("var reports = 1", "var reports = 2"),
        ("color: red", "color: blue"),
        ("not shown", "still not shown"),
        ("<b>12,345</b>", '<strong class="x">12,345</strong>'),
        ("reports\n were", "reports  \t were"),
        ("12,345 ", "12,345\u200b "),
        ('href="/a"', 'href="/b"'),
    ],
)
def test_markup_alone_is_no_change(tmp_path: Path, old: str, new: str) -> None:
    change = compare_pages(archived(tmp_path, PAGE), archived(tmp_path, PAGE.replace(old, new)))
    assert (change.changed, change.added, change.removed, change.difference) == (False, 0, 0, "")


def test_changed_figure_is_shown_and_nothing_else(tmp_path: Path) -> None:
    before = archived(tmp_path, PAGE)
    after = archived(tmp_path, PAGE.replace("678 were", "987 were"), "2026-02-05T06:00:00.000+00:00")
    change = compare_pages(before, after)
    assert (change.changed, change.added, change.removed) == (True, 1, 1)
    lines = change.difference.splitlines()
    assert lines[0] == f"--- 2026-01-05T06:00:00.000+00:00 ({before.snapshot_id[:12]})"
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-Of these, 678 were urgent.", "+Of these, 987 were urgent."]
    assert "1 lines added, 1 removed" in change.note
    assert "https://publisher.example/page" in change.note


def test_changed_cell_shows_the_row(tmp_path: Path) -> None:
    change = compare_pages(archived(tmp_path, PAGE), archived(tmp_path, PAGE.replace("<td>12,345", "<td>12,346")))
    assert "-2023 | 12,345\n+2023 | 12,346" in change.difference


def test_long_difference_is_cut_and_says_so(tmp_path: Path) -> None:
    new = PAGE.replace("<li>Two", "".join(f"<li>line {number}" for number in range(500)))
    change = compare_pages(archived(tmp_path, PAGE), archived(tmp_path, new), max_lines=50)
    assert (change.added, change.removed) == (500, 1)
    assert len(change.difference.splitlines()) == 51
    assert change.difference.splitlines()[-1].endswith("more lines of difference")
    huge = compare_pages(archived(tmp_path, PAGE), archived(tmp_path, PAGE.replace("Two", "x" * 200_000)))
    assert len(huge.difference) < 51_000
    assert huge.difference.endswith("more characters of difference")


def test_control_characters_of_a_page_do_not_reach_the_difference(tmp_path: Path) -> None:
    hostile = PAGE.replace("Two", "T\x1b[31mw\u202eo\x07")
    text = compare_pages(archived(tmp_path, PAGE.replace("Two", "")), archived(tmp_path, hostile)).difference
    assert "+T[31mwo" in text.splitlines()


def test_encodings_and_kinds_of_page(tmp_path: Path) -> None:
    latin = '<html><head><meta charset="windows-1252"></head><body><p>Résumé – “12”</p></body></html>'
    assert visible_text(archived(tmp_path, latin.encode("cp1252"))) == ("Résumé – “12”",)
    bare = "<html><body><p>Résumé – “12”</p></body></html>"
    assert visible_text(archived(tmp_path, bare.encode())) == visible_text(archived(tmp_path, bare.encode("cp1252"))) == ("Résumé – “12”",)
    bill = '<?xml version="1.0"?><!DOCTYPE bill><bill><section><enum>1.</enum><text>Constructed &amp; short.</text></section></bill>'
    assert visible_text(archived(tmp_path, bill)) == ("1.", "Constructed & short.")
    assert visible_text(archived(tmp_path, b"\xef\xbb\xbfOne  two\r\n\r\nThree caf\xc3\xa9")) == ("One two", "Three café")
    assert visible_text(archived(tmp_path, b"caf\xe9")) == ("café",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.4\n%%EOF", "is application/pdf, not a page of text"),
        (b"<html><body><div id=app></div><script>draw()</script></body></html>", "shows no text"),
        (b"\x00\x01\x02", "is application/octet-stream"),
    ],
)
def test_pages_without_text_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(WatchedPageError, match=message):
        visible_text(archived(tmp_path, content))


def test_corrupt_page_is_not_compared(tmp_path: Path) -> None:
    page = archived(tmp_path, PAGE)
    page.path.write_bytes(PAGE.replace("678", "679").encode())
    with pytest.raises(WatchedPageError, match="is corrupt in the store"):
        compare_pages(page, archived(tmp_path, PAGE))


def test_judgement_compares_with_the_transcribed_version(tmp_path: Path) -> None:
    first = archived(tmp_path, PAGE, "2026-01-05T06:00:00+00:00")
    second = archived(tmp_path, PAGE.replace("678", "700"), "2026-02-05T06:00:00+00:00")
    third = archived(tmp_path, PAGE.replace("678", "800"), "2026-03-05T06:00:00+00:00")
    vintages = [Vintage(each.retrieved_at or "", each) for each in (first, second, third)]

    after_second = judge_page(vintages, "2026-02-05")
    assert (after_second.before, after_second.after, after_second.changed) == (second, third, True)
    after_first = judge_page(vintages, "2026-02-04")
    assert after_first.before == first
    assert not judge_page(vintages, "2026-03-06").changed
    for unknown in (None, "", "2025-12-31"):
        judged = judge_page(vintages, unknown)
        assert (judged.before, judged.changed) == (first, True)
        assert "no version from before" in judged.note
    with pytest.raises(WatchedPageError, match="no version of the page"):
        judge_page([], "2026-01-01")


def test_a_page_that_returns_to_an_old_version_is_judged_by_when_it_was_shown(tmp_path: Path) -> None:
    page = archived(tmp_path, PAGE)
    maintenance = archived(tmp_path, PAGE.replace("<h1>", "<p>Down for maintenance</p><h1>"))
    vintages = [Vintage("2026-01-05", page), Vintage("2026-02-05", maintenance), Vintage("2026-03-05", page)]
    assert not judge_page(vintages, "2026-03-06").changed
    assert judge_page(vintages, "2026-02-06").changed
    assert not judge_page(vintages, "2026-01-06").changed


def test_large_page_is_compared_in_reasonable_time(tmp_path: Path) -> None:
    rows = [f"<tr><td>row {number}</td><td>{number * 7}</td></tr>" for number in range(5_000)]
    before = archived(tmp_path, "<html><body><table>" + "".join(rows) + "</table></body></html>")
    rows[2_500] = "<tr><td>row 2500</td><td>1</td></tr>"
    after = archived(tmp_path, "<html><body><table>" + "".join(rows) + "</table></body></html>")
    began = time.monotonic()
    change = compare_pages(before, after)
    assert time.monotonic() - began < 8
    assert (change.added, change.removed) == (1, 1)
