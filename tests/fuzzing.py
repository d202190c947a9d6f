"""Hostile files for every parser, and a confined process that says what a parser made of them.

Belongs here: what is damaged (samples of every source), how (bytes, members of archives, objects of PDF files, markup, numbers), and
the process with limits of time and memory in which a file is read. Does not belong here: damage that a reader must notice in the
figures (mutations.py, federal_mutations.py), how many files are tried (test_fuzzing.py, benchmarks/fuzz.py).

All that is made here is synthetic.
"""

from __future__ import annotations

import io
import json
import random
import re
import resource
import select
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pipelines.vocabulary import PROJECT

#: seconds that one file may take, of a machine that has other work
TIME_LIMIT = 20.0
#: address space that reading may take, beyond what the libraries have taken
MEMORY_LIMIT = 5 << 29
_STARTING = 120.0
#: what a message may hold: errors are read by people, and written into logs and reports
LONGEST_MESSAGE = 4_000
SINGLE = "publication"


@dataclass(frozen=True)
class Subject:
    """A whole publication that its parser reads.

    Attributes:
        source_id: the parser.
        name: in words.
        form: `pdf`, `html`, `json`, `zip`, `xlsx`, `delimited` or `fixed`.
        files: name -> content; a single one named `publication` is no folder.
        published_on: date of the edition that is given with it.
    """

    source_id: str
    name: str
    form: str
    files: Mapping[str, bytes]
    published_on: str | None = None

    @property
    def content(self) -> bytes:
        """The bytes of the one file, or of the first of a folder."""
        return next(iter(self.files.values()))

    def with_content(self, content: bytes, name: str | None = None) -> Subject:
        """Put other bytes in the place of one file."""
        return replace(self, files={**self.files, name or next(iter(self.files)): content})


@dataclass(frozen=True)
class Verdict:
    """What became of one file.

    Attributes:
        outcome: `figures` (a frame that conforms), `refused` (an error of the project), or a finding: `stray` (any other exception),
            `unnamed` (an error that does not name its source, is too long or holds control characters), `hang`, `crash`.
        detail: the message, or where it happened.
        seconds: how long it took.
        peak: most memory that was in use, in bytes.
    """

    outcome: str
    detail: str
    seconds: float
    peak: int

    @property
    def is_finding(self) -> bool:
        """Whether something has to be mended."""
        return self.outcome not in ("figures", "refused")


# --- subjects -----------------------------------------------------------------------------------------------------------------------


@cache
def subjects() -> tuple[Subject, ...]:
    """List a sample of every layout of every parser."""
    from tests import samples_federal, samples_ncmec
    from tests.test_federal_mutations import CASES, DOCUMENTS

    found = [Subject(case.source_id, case.name, case.form, {SINGLE: case.content}) for case in CASES]
    found += [Subject(case.source_id, case.name, "pdf", {SINGLE: case.content}) for case in DOCUMENTS]
    found += [
        Subject(sample.source_id, sample.name, "pdf", {SINGLE: samples_ncmec.pdf_of(sample.pages, sample.title, sample.dated)})
        for sample in samples_ncmec.all_samples()
        if not sample.name.endswith(("2019", "2021"))
    ]
    found += _record_subjects()
    found.append(Subject("ncmec_global_platform", "platform, second half", "json", {SINGLE: samples_federal.platform("2024-07-01/P6M")}))
    return tuple(found)


def _record_subjects() -> Iterator[Subject]:
    from tests import synthetic_records as synthetic

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text = folder / "cr96on.txt"
        synthetic.write_idb(text, synthetic.IdbPlan(seed=8, defendants=150, csam_share=0.2, traps=1))
        yield Subject("fjc_idb_criminal", "court records", "delimited", {text.name: text.read_bytes()})
        yield Subject("fjc_idb_criminal", "court records, zip", "zip", {SINGLE: synthetic.pack_zip([text], folder / "a.zip").read_bytes()})
        packed = synthetic.pack_deflate64(text, folder / "b.zip")
        yield Subject("fjc_idb_criminal", "court records, Deflate64", "packed", {SINGLE: packed.read_bytes()})
        yield Subject("fjc_idb_criminal", "court records, xz", "packed", {SINGLE: synthetic.pack_xz(text).read_bytes()})
        synthetic.write_lions(folder / "release", seed=8, matters=60)
        files = {path.name: path.read_bytes() for path in sorted((folder / "release").iterdir())}
        yield Subject("eousa_caseload_data", "caseload release", "fixed", files)
        table = folder / "opafy22nid.csv"
        synthetic.write_ussc(table, 2022, 120)
        yield Subject("ussc_individual_datafiles", "individual datafile", "delimited", {table.name: table.read_bytes()})


# --- damage to any bytes ------------------------------------------------------------------------------------------------------------

Damage = Callable[[bytes, random.Random], bytes]
#: what programs stumble over, wherever it stands
TOKENS = (
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\xe9\xe8",
    b"\r",
    b"\n\n\n",
    b'"',
    b"'",
    b"<",
    b"<![CDATA[",
    b"<!DOCTYPE x [",
    b"&#x110000;",
    b"]]>",
    b"{",
    b"}",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    "\u202e\u2066\u200f".encode(),
    "\u0660\u0661\u00b2\uff11".encode(),
    b"1e999",
    b"-1",
    b"NaN",
    b"99999999999999999999",
    b"=cmd|'/c calc'!A1",
    b"'; DROP TABLE observations; --",
    b"<script>alert(1)</script>",
    b"\x1b[31m",
    b"PK\x03\x04",
    b"%PDF-1.7",
    b"\t" * 50,
    b"0" * 5000,
    b"a" * 70_000,
    b"\\u0000",
    b"\\ud800",
    b"%s%n",
)


def _somewhere(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content) + 1)
    return start, min(len(content), start + chance.choice([1, 4, 30, 300, 3000]))


def _flip_bits(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 5, 40, 400])):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    start, end = _somewhere(content, chance)
    fill = chance.choice([b"\x00", b"\xff", b"\x80", b"9", b" ", b"\n"])
    return content[:start] + fill * (end - start) + content[end:]


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _behead(content: bytes, chance: random.Random) -> bytes:
    return content[chance.randrange(1, len(content)) :]


def _cut_out(content: bytes, chance: random.Random) -> bytes:
    start, end = _somewhere(content, chance)
    return content[:start] + content[end:]


def _splice(content: bytes, chance: random.Random) -> bytes:
    start, end = _somewhere(content, chance)
    place = chance.randrange(len(content) + 1)
    return content[:place] + content[start:end] * chance.choice([1, 1, 2, 50]) + content[place:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 3, 20])):
        place = chance.randrange(len(content) + 1)
        content = content[:place] + chance.choice(TOKENS) + content[place:]
    return content


def _edit_number(content: bytes, chance: random.Random) -> bytes:
    """Change a number that is written in digits: counts, lengths, offsets, references."""
    places = [match.span() for match in re.finditer(rb"[0-9]+", content)]
    if not places:
        return content
    for _ in range(chance.choice([1, 1, 4])):
        start, end = chance.choice(places)
        number = chance.choice([b"0", b"-1", b"1", b"65536", b"2147483648", b"4294967295", b"99999999999999999999", b"1e308", b"9" * 400])
        if len(number) > end - start and chance.random() < 0.5:
            number = number[: end - start]
        content = content[:start] + number + content[end:]
        places = [match.span() for match in re.finditer(rb"[0-9]+", content)]
    return content


def _edit_length(content: bytes, chance: random.Random) -> bytes:
    """Change what may be a length or an offset in binary."""
    kind, value = chance.choice(
        [("<H", 0xFFFF), ("<I", 0xFFFFFFFF), ("<I", 0x7FFFFFFF), ("<I", 0), ("<Q", 1 << 62), (">I", 0x00FFFFFF), ("<H", 1)]
    )
    written = struct.pack(kind, value)
    place = chance.randrange(max(1, len(content) - len(written)))
    return content[:place] + written + content[place + len(written) :]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    return content * chance.choice([2, 10])


ANY_BYTES: Mapping[str, Damage] = {
    "bits flipped": _flip_bits,
    "bytes overwritten": _overwrite,
    "cut short": _truncate,
    "begun late": _behead,
    "part cut out": _cut_out,
    "part put elsewhere": _splice,
    "tokens put in": _insert,
    "number changed": _edit_number,
    "length changed": _edit_length,
    "whole repeated": _repeat,
}


# --- damage inside a format ---------------------------------------------------------------------------------------------------------


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Put files into a zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method, compresslevel=1) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text, compress_type=method)
    return content.getvalue()


def _in_member(content: bytes, chance: random.Random) -> bytes:
    """Damage a file inside the archive, and pack it again so that every checksum holds."""
    members = _members(content)
    name = chance.choice(sorted(members))
    damage = chance.choice(list(ANY_BYTES.values()))
    return packed({**members, name: damage(members[name], chance) if members[name] else b"x"})


def _rename_member(content: bytes, chance: random.Random) -> bytes:
    members = _members(content)
    name = chance.choice(sorted(members))
    other = chance.choice(["../" + name, "/" + name, name.upper(), name + "\x01", "a" * 60_000, "", "x/" * 500 + name, "\u202e" + name])
    return packed({other if known == name else known: text for known, text in members.items()})


def _cells_far_apart(content: bytes, chance: random.Random) -> bytes:
    """Say that a worksheet reaches to the last cell that can be named, or that a cell stands there."""
    members = _members(content)
    name = next(name for name in sorted(members) if name.startswith("xl/worksheets/"))
    far = chance.choice([b"XFD1048576", b"XFD1", b"A1048576", b"ZZZZ99999999", b"A0", b"A99999999999999999999"])
    text = members[name]
    places = [match.span(1) for match in re.finditer(rb'\br="([A-Z]+[0-9]+)"', text)]
    start, end = chance.choice(places)
    text = text[:start] + far + text[end:]
    if chance.random() < 0.5:
        text = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:' + far + b'"', text)
    return packed({**members, name: text})


def _pdf_object(content: bytes, chance: random.Random) -> bytes:
    """Change what a PDF file says of itself."""
    edits: tuple[tuple[bytes, bytes], ...] = (
        (rb"/Count \d+", b"/Count 2147483647"),
        (rb"/Count \d+", b"/Count -5"),
        (rb"/Kids \[[^]]*\]", b"/Kids [2 0 R 2 0 R]"),
        (rb"/Kids \[", b"/Kids " + b"[" * 5000),
        (rb"/Parent 2 0 R", b"/Parent 99 0 R"),
        (rb"/MediaBox \[[^]]*\]", b"/MediaBox [0 0 1e38 1e38]"),
        (rb"/MediaBox \[[^]]*\]", b"/MediaBox [0 0 0 0]"),
        (rb"/MediaBox \[[^]]*\]", b"/MediaBox [NaN -1 -9e99 0]"),
        (rb"/Length \d+", b"/Length 4294967295"),
        (rb"/Length \d+", b"/Length -1"),
        (rb"/Length (\d+)", rb"/Length \1 /Filter [" + b"/FlateDecode " * 300 + b"]"),
        (rb"/Root 1 0 R", b"/Root 4 0 R"),
        (rb"/F1 [0-9.]+ Tf", b"/F1 1e30 Tf"),
        (rb"/F1 [0-9.]+ Tf", b"/F1 0 Tf"),
        (rb"/F1 [0-9.]+ Tf", b"/F1 -40 Tf"),
        (rb" Tm ", b" Tm 1e20 0 0 1e20 0 0 cm "),
        (rb"1 0 0 1 ", b"0 0 0 0 "),
        (rb"1 0 0 1 [0-9.]+", b"1 0 0 1 -99999999999"),
        (rb"BT ", b"BT " + b"q " * 20_000),
        (rb"\(([^)]{1,9})\) Tj", rb"[(\1) -99999999 (\1)] TJ"),
        (rb"/WinAnsiEncoding", b"/Identity-H"),
        (rb"/Helvetica", b"/Symbol"),
        (rb"D:\d{4}", b"D:9999"),
        (rb"D:\d{4}", b"D:0000"),
        (rb"D:\d{8}", b"D:20251399"),
        (rb"startxref\n\d+", b"startxref\n0"),
        (rb"startxref\n\d+", b"startxref\n99999999999"),
        (rb"<< /Type /Page ", b"<< /Type /Page /Rotate 90 "),
        (rb"<< /Type /Page ", b"<< /Type /Page /Encrypt 1 0 R "),
        (rb"trailer\n<< ", b"trailer\n<< /Encrypt << /Filter /Standard /V 5 /R 6 >> "),
        (rb"trailer\n<< ", b"trailer\n<< /Prev 0 "),
        (rb"\) Tj", b"\x00\x02\xfe\xff) Tj"),
    )
    for _ in range(chance.choice([1, 1, 3])):
        pattern, replacement = chance.choice(edits)
        places = list(re.finditer(pattern, content))
        if places:
            place = chance.choice(places)
            content = content[: place.start()] + place.expand(replacement.replace(b"\x00", rb"\000")) + content[place.end() :]
    return content


#: values that no publisher means
_JSON_VALUES = (
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "0.5",
    '"\\ud800"',
    '"\\u0000"',
    '"<50"',
    '"<9999999999999999999999"',
    '"< 50"',
    '"٥٠"',
    '"²"',
    "[]",
    "{}",
    "[[[]]]",
    '""',
    '"=1+1"',
    '"<b>x</b>"',
    '"\\u202e|`\\n\\u001b[0m"',
    "9" * 4_000,
    "9" * 5_000,
    '"' + "x" * 200_000 + '"',
    "1" + "0" * 330,
    '{"a": 1, "a": 2}',
)


def _json_value(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8")
    for _ in range(chance.choice([1, 1, 3])):
        places = [match.span(1) for match in re.finditer(r'[:\[,]\s*("(?:[^"\\]|\\.)*"|[0-9.]+|null|true|false)(?!\s*:)', text)]
        if places:
            start, end = chance.choice(places)
            text = text[:start] + chance.choice(_JSON_VALUES) + text[end:]
    return text.encode("utf-8", "surrogatepass")


def _markup(content: bytes, chance: random.Random) -> bytes:
    """Put hostile markup or text between two tags."""
    pieces = (
        b"<div>" * 3_000,
        b"</div>" * 3_000,
        b"<table>" * 800,
        b"<tr>" * 2_000,
        b"<li><ul>" * 800,
        b"<td>" * 3_000,
        b"<p " + b"a=b " * 20_000 + b">",
        b"<!--",
        b"<![endif",
        b"<?php",
        b"<!ELEMENT x",
        b"<td colspan=99999999999>",
        b"<script>",
        b"<plaintext>",
        b"<title>",
        b"&#x0;&#xD800;&#99999999999;",
        b" " * 200_000,
        b"1," * 40_000,
        b"<base href=//evil>",
        b"9" * 100_000,
        ("\u202e" * 5000).encode(),
        b"<h1>x</h1>" * 2000,
        b"12-month period ending " * 3000,
        b"from 1 to 1 " * 5000,
        b"cases reported FY " * 3000,
    )
    places = [match.start() for match in re.finditer(b"<", content)] or [0]
    place = chance.choice(places)
    return content[:place] + chance.choice(pieces) + content[place:]


def _cell(content: bytes, chance: random.Random) -> bytes:
    """Put a hostile value in the place of a cell of delimited text."""
    lines = content.split(b"\n")
    separator = b"\t" if b"\t" in lines[0] else b","
    for _ in range(chance.choice([1, 3, 20])):
        number = chance.randrange(len(lines))
        cells = lines[number].split(separator)
        cells[chance.randrange(len(cells))] = chance.choice(TOKENS)
        lines[number] = separator.join(cells)
    return b"\n".join(lines)


def _layout(content: bytes, chance: random.Random) -> bytes:
    """Change positions and widths in the README of a fixed-width release."""
    places = [match.span() for match in re.finditer(rb"\((\d+):(\d+)\)|- \d+ Characters", content)]
    if not places:
        return content
    start, end = chance.choice(places)
    number = str(chance.choice([0, 1, 7, 10**6, 2**31, 10**11, 10**30])).encode()
    new = b"- " + number + b" Characters" if content[start : start + 1] == b"-" else b"(" + number + b":" + number + b")"
    return content[:start] + new + content[end:]


INSIDE: Mapping[str, Mapping[str, Damage]] = {
    "pdf": {"PDF object changed": _pdf_object},
    "json": {"JSON value changed": _json_value},
    "html": {"markup put in": _markup},
    "zip": {"member changed": _in_member, "member renamed": _rename_member},
    "xlsx": {"member changed": _in_member, "member renamed": _rename_member, "cells far apart": _cells_far_apart},
    "delimited": {"cell changed": _cell},
    "fixed": {"layout changed": _layout},
    "packed": {},
}


def damages_of(subject: Subject) -> Mapping[str, Damage]:
    """List the kinds of damage that apply to a subject."""
    return {**ANY_BYTES, **INSIDE[subject.form]}


def damaged(subject: Subject, kind: str, chance: random.Random) -> Subject:
    """Damage one file of a subject."""
    name = chance.choice(sorted(subject.files))
    if kind == "layout changed":
        name = next(name for name in subject.files if "readme" in name.lower())
    return subject.with_content(damages_of(subject)[kind](subject.files[name], chance), name)


# --- files made to exhaust ----------------------------------------------------------------------------------------------------------


def bombs(wanted: frozenset[str] = frozenset()) -> Iterator[tuple[str, Subject]]:
    """Give files that are small and ask for much, or are as large as the catalogue lets them be, and what they are.

    Args:
        wanted: sources to make them for; all when empty.
    """
    by_form: dict[str, list[Subject]] = {}
    one_each = {subject.source_id + subject.form: subject for subject in subjects() if not wanted or subject.source_id in wanted}
    for subject in one_each.values():
        by_form.setdefault(subject.form, []).append(subject)
    for subject in one_each.values():
        for what, content in _any_bombs().items():
            yield what, subject.with_content(content)
    for form, bombs_of in (("html", _html_bombs), ("json", _json_bombs), ("pdf", _pdf_bombs)):
        for subject in by_form.get(form, []):
            for what, content in bombs_of(subject.content).items():
                yield what, subject.with_content(content)
    for subject in (*by_form.get("zip", []), *by_form.get("xlsx", [])):
        for what, content in _zip_bombs(subject.content).items():
            yield what, subject.with_content(content)
    for subject in by_form.get("xlsx", []):
        for what, content in _workbook_bombs(subject.content).items():
            yield what, subject.with_content(content)
    for subject in by_form.get("delimited", []):
        for what, content in _delimited_bombs(subject.content).items():
            yield what, subject.with_content(content)
    for subject in by_form.get("fixed", []):
        readme = next(name for name in subject.files if "readme" in name.lower())
        for width in (10**9, 10**11, 10**30):
            text = re.sub(rb"(GS_CASE - )\d+", rb"\g<1>%d" % width, subject.files[readme])
            last = list(re.finditer(rb"\((\d+):\d+\)", text[text.index(b"GS_CASE - ") : text.index(b"GS_CASE - ") + 9000]))
            yield f"records of {width:g} bytes", subject.with_content(text, readme)
            if last:
                wide = re.sub(
                    rb"(GS_CASE - %d Characters.*?\n(?:.*\n)*?.*?\(\d+:)\d+\)(?=\s*\n\s*\n|\s*\n\s*GS_|\s*\Z)" % width,
                    rb"\g<1>%d)" % width,
                    text,
                )
                yield f"a column of {width:g} bytes", subject.with_content(wide, readme)


def _any_bombs() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "one byte": b"\x00",
        "zeros": b"\x00" * 5_000_000,
        "one line without end": b"x" * 20_000_000,
        "line ends": b"\n" * 2_000_000,
        "separators": b",\t" * 1_000_000,
        "quotation marks": b'"' * 1_000_001,
        "gzip of zeros": _gzip(100 << 20),
    }


def _gzip(size: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(compressor.compress(bytes(1 << 20)) for _ in range(size >> 20)), compressor.flush()])


def _html_bombs(content: bytes) -> dict[str, bytes]:
    deep = 100_000
    return {f"{tag} in {tag}, {deep}": f"<{tag}>".encode() * deep + content for tag in ("div", "table", "ul", "b")} | {
        "closed, deep": b"<div>" * deep + b"</div>" * deep + content,
        "tables with cells, deep": b"<table><tr><td>" * 20_000 + b"1" + content,
        "lists with items, deep": b"<ul><li>" * 20_000
        + b"top five districts for individuals sentenced for child pornography were"
        + content,
        "many tables": content + b"<table><tr><td>1</td></tr></table>" * 30_000,
        "many end tags": b"<p>" * 20_000 + b"</b>" * 100_000 + content,
        "one comment without end": content + b"<!--" + b"-" * 2_000_000,
        "declarations without end": content + b"<!" * 50_000,
        "entities": content + b"&amp" * 500_000,
        "an attribute of 2 MB": b"<p class='" + b"a " * 1_000_000 + b"'>" + content,
        "digits": content + b"12," * 700_000,
        "words": content + b"cases reported in FY " * 100_000,
        "from": content + b"from 1,1 to " * 100_000,
        "blanks": content + b" " * 3_000_000,
    }


def _json_bombs(content: bytes) -> dict[str, bytes]:
    text = content.decode()
    return {
        "lists, deep": b"[" * 100_000,
        "objects, deep": b'{"data":' * 100_000,
        "many keys": b'{"data": [{' + b",".join(b'"k%d": 1' % number for number in range(200_000)) + b"}]}",
        "equal keys": b'{"data": [{' + b",".join([b'"k": 1'] * 200_000) + b"}]}",
        "many entries": text.replace('"data": [', '"data": [' + '{"cybertipline_reports_referred": 1},' * 200_000, 1).encode(),
        "a number of 5 MB": b'{"data": [' + b"9" * 5_000_000 + b"]}",
    }


def pdf_with_stream(content: bytes, stream: bytes) -> bytes:
    """Put a deflated stream in the place of the first page of a PDF file."""
    match = re.search(rb"<< /Length \d+ >>\nstream\n.*?\nendstream", content, re.DOTALL)
    assert match is not None
    body = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(stream) + stream + b"\nendstream"
    return content[: match.start()] + body + content[match.end() :]


def _pdf_bombs(content: bytes) -> dict[str, bytes]:
    from tests.samples_ncmec import Text, pdf_of

    def with_stream(plain: bytes) -> bytes:
        return pdf_with_stream(content, zlib.compress(plain, 9))

    line = b"BT /F1 9 Tf 1 0 0 1 %d %d Tm (12,345) Tj ET\n"
    return {
        "20,000 pages": pdf_of([[Text(50, 50, "1")]] * 20_000, "", "2025"),
        "a page of a million numbers": with_stream(b"".join(line % (number % 600, number // 600 % 790) for number in range(1_000_000))),
        "300 pages full of numbers": pdf_of(
            [[Text(12 * column, 12 * row, f"{row * column:,}", 4) for row in range(60) for column in range(50)]] * 300, "", "2025"
        ),
        "a page of one string": with_stream(b"BT /F1 9 Tf (" + b"1,2 " * 5_000_000 + b") Tj ET"),
        "a page of blanks": with_stream(b" " * (300 << 20)),
        "a page of saved states": with_stream(b"q " * 3_000_000),
        "arrays, deep": with_stream(b"[" * 1_000_000),
        "packed 20 times": re.sub(rb"/Length (\d+) >>", rb"/Length \1 /Filter [" + b"/FlateDecode " * 20 + b"] >>", content),
    }


def _zip_bombs(content: bytes) -> dict[str, bytes]:
    members = _members(content)
    first = min(members)
    small = bytearray(packed({"a.csv": b"1,2\n" * 10}))
    said = bytearray(small)
    at = said.index(b"PK\x01\x02")
    said[at + 24 : at + 28] = struct.pack("<I", 0x7FFFFFFF)
    return {
        "a member of 210 MB": packed({**members, first + ".csv": bytes(210 << 20)}),
        "30,000 members": packed({**members, **{f"{number}.csv": b"" for number in range(30_000)}}, zipfile.ZIP_STORED),
        "2 GB declared": bytes(said),
        "a cell of 50 MB": packed({**members, "z.csv": b"Table 1\n" + b"x" * 50_000_000 + b",1\n"}),
        "a quotation of 20 MB": packed({**members, "z.csv": b'"' + b"x\n" * 10_000_000}),
        "a million columns": packed({**members, "z.csv": b"Table 1.\n" + b"1," * 1_000_000}),
        "a million rows": packed({**members, "z.csv": b"Table 1. x\nOffense,2020\n" + b"a,1\n" * 1_000_000}),
    }


def workbook_with_rows(content: bytes, extra: bytes) -> bytes:
    """Write rows behind the last one of the first worksheet."""
    members = _members(content)
    sheet = next(name for name in sorted(members) if name.startswith("xl/worksheets/"))
    return packed({**members, sheet: members[sheet].replace(b"</sheetData>", extra + b"</sheetData>")})


def _workbook_bombs(content: bytes) -> dict[str, bytes]:
    members = _members(content)

    def with_rows(extra: bytes) -> bytes:
        return workbook_with_rows(content, extra)

    shared = members.get("xl/sharedStrings.xml", b"")
    laughs = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + step, b"&%c;" % (97 + step) * 20) for step in range(9)
    )
    return {
        "last cell of a sheet": with_rows(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "last row of a sheet": with_rows(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'),
        "cell beyond any sheet": with_rows(b'<row r="99999999"><c r="ZZZZ99999999"><v>1</v></c></row>'),
        "row number of 30 digits": with_rows(b'<row r="' + b"9" * 30 + b'"><c r="A' + b"9" * 30 + b'"><v>1</v></c></row>'),
        "two million cells": with_rows(b"".join(b"<row>" + b"<c><v>1</v></c>" * 500 + b"</row>" for _ in range(4_000))),
        "a string of 100 MB": packed({**members, "xl/sharedStrings.xml": shared.replace(b"<t>", b"<t>" + b"x" * (100 << 20), 1)}),
        "text that stands for text": packed({**members, "xl/sharedStrings.xml": laughs + b"]><sst><si><t>&j;</t></si></sst>"}),
        "elements, deep": with_rows(b"<row>" * 200_000),
        "shared string that is not there": packed({**members, "xl/sharedStrings.xml": b"<sst/>"}),
        "table of OpenDocument": packed(
            {
                "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
                "content.xml": b'<office:document-content xmlns:office="o" xmlns:table="t"><office:body><office:spreadsheet>'
                b'<table:table table:name="a"><table:table-row table:number-rows-repeated="99999999"><table:table-cell '
                b'table:number-columns-repeated="99999999" office:value-type="float" office:value="1"/></table:table-row></table:table>'
                b"</office:spreadsheet></office:body></office:document-content>",
                "META-INF/manifest.xml": b"<manifest/>",
            }
        ),
        "binary workbook": packed({"xl/workbook.bin": b"\x83\x01" + b"\xff" * 5_000, "[Content_Types].xml": b"<Types/>"}),
        "old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16 + b"\xff" * 8_000,
    }


def _delimited_bombs(content: bytes) -> dict[str, bytes]:
    head, _, rest = content.partition(b"\n")
    separator = b"\t" if b"\t" in head else b","
    return {
        "a cell of 50 MB": head + b"\n" + b"x" * 50_000_000 + separator + rest,
        "a line of a million cells": head + b"\n" + (b"1" + separator) * 1_000_000 + b"\n" + rest,
        "a header of a million cells": head + separator + (b"x" + separator) * 1_000_000 + b"\n" + rest,
        "a quotation without end": head + b'\n"' + rest * 20,
        "other line ends": content.replace(b"\n", b"\r"),
        "NUL everywhere": head + b"\n" + rest.replace(b"0", b"\x00"),
        "no line ends": content.replace(b"\n", b"") * 50,
        "two bytes a character": content.decode("latin-1").encode("utf-16"),
    }


# --- slicing of bytes by hand --------------------------------------------------------------------------------------------------------


def judge_slicing(data: bytes) -> None:
    """Hold the byte slicing of record files against plain ways to say the same.

    Raises:
        AssertionError: bytes were lost, doubled or cut elsewhere.
    """
    from pipelines import records
    from pipelines.publications import PublicationError
    from pipelines.sources import eousa_caseload_data

    if len(data) < 4:
        return
    way, size, step, data = data[0] % 4, data[1] + 1, data[2] % 17 + 1, data[3:]
    pieces = [data[start : start + step] for start in range(0, len(data), step)]
    if way == 0:
        blocks = list(records._whole_records(iter(pieces), size))
        assert b"".join(blocks) == data
        assert all(len(block) == size for block in blocks[:-1])
    elif way == 1:
        blocks = [block.removeprefix(b"H") for block in records._whole_lines(iter(pieces), size, b"H")]
        assert b"".join(blocks) == data.partition(b"\n")[2]
        assert all(block.endswith(b"\n") for block in blocks[:-1])
    elif way == 2:
        lines = list(records._first_lines(iter([data]), size))
        expected = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:size]
        # after the last line end there is a line only where something stands on it
        assert lines == expected or [*lines, b""] == expected or lines == [*expected, b""]
    else:
        try:
            layouts = eousa_caseload_data.read_layouts(data.decode("latin-1"))
        except PublicationError:
            return
        for layout in layouts.values():
            places = [place for start, width in layout.columns.values() for place in range(start, min(start + width, 10_000))]
            assert places == list(range(min(layout.width, len(places))))


# --- reading in confinement ---------------------------------------------------------------------------------------------------------


class ConfinedReader:
    """A process that reads one file after the other within limits; it is started anew when a file was too much for it."""

    def __init__(self, time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> None:
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed with the reader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._end()
        self._complaints.close()
        self._folder.cleanup()

    def read(self, subject: Subject) -> Verdict:
        """Have a subject parsed and conformed."""
        folder = Path(self._folder.name)
        path = folder / SINGLE
        if path.is_dir():
            for file in path.iterdir():
                file.unlink()
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        if set(subject.files) == {SINGLE}:
            path.write_bytes(subject.content)
        else:
            path.mkdir()
            for name, content in subject.files.items():
                (path / name).write_bytes(content)
        return self._ask({"source_id": subject.source_id, "path": str(path), "published_on": subject.published_on})

    def _ask(self, question: Mapping[str, object]) -> Verdict:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        begun = time.monotonic()
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            answer = self._answer(process, self._time_limit)
        except BrokenPipeError:
            answer = b""
        seconds = time.monotonic() - begun
        if answer is None:
            self._end()
            return Verdict("hang", f"no answer after {seconds:.0f} s", seconds, 0)
        if not answer:
            status = process.wait()
            self._end()
            return Verdict("crash", f"the process ended with status {status}: {self._last_complaint()}", seconds, 0)
        told = json.loads(answer)
        return Verdict(told["outcome"], told["detail"], seconds, told["peak"])

    @staticmethod
    def _answer(process: subprocess.Popen[bytes], limit: float) -> bytes | None:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], limit)
        return process.stdout.readline() if ready else None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._complaints.seek(0)
            self._complaints.truncate()
            command = [sys.executable, "-m", "tests.fuzzing", str(self._memory_limit)]
            self._process = subprocess.Popen(
                command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, bufsize=0
            )
            if self._answer(self._process, _STARTING) != b"ready\n":
                raise RuntimeError(f"the process that reads did not start: {self._last_complaint()}")
        return self._process

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return " / ".join(lines[-3:])

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None


def _serve(memory_limit: int) -> None:
    """Answer questions on standard input, one a line, until it ends."""
    import warnings

    from pipelines import parse

    warnings.simplefilter("ignore")
    for source_id in parse.source_ids():
        parse.parser_of(source_id)
    # what the libraries take, the compiler of loops above all, is not the file's doing
    limit = _size() + memory_limit
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = sys.stdout.buffer
    answers.write(b"ready\n")
    answers.flush()
    for line in sys.stdin.buffer:
        question = json.loads(line)
        outcome, detail = _judged(question["source_id"], Path(question["path"]), question["published_on"])
        answer = {"outcome": outcome, "detail": detail[:LONGEST_MESSAGE], "peak": _peak()}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _size() -> int:
    """Give the address space taken so far."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _peak() -> int:
    """Give the most memory in use since the last time it was asked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(match[1]) * 1024 if match else 0


def _judged(source_id: str, path: Path, published_on: str | None) -> tuple[str, str]:
    from pipelines.archives import ArchiveError
    from pipelines.conforming import SCHEMA, ObservationError
    from pipelines.parse import observations_of
    from pipelines.publications import PublicationError
    from pipelines.snapshots import Snapshot
    from pipelines.vocabulary import VocabularyError

    snapshot = Snapshot(source_id=source_id, path=path, snapshot_id="0" * 64, published_on=published_on)
    try:
        frame = observations_of(snapshot)
        module = sys.modules[f"pipelines.sources.{source_id}"]
        if hasattr(module, "fingerprint"):
            module.fingerprint(snapshot)
    except (PublicationError, ArchiveError, ObservationError, VocabularyError) as problem:
        return _named(source_id, str(problem), path)
    except BaseException as problem:  # noqa: BLE001  whatever else is raised is a finding
        trace, where = problem.__traceback__, "?"
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if "pipelines" in file:
                where = f"{Path(file).name}:{trace.tb_lineno}"
            trace = trace.tb_next
        return "stray", f"{type(problem).__name__} at {where}: {str(problem)[:300]}"
    if dict(frame.schema) != dict(SCHEMA):
        return "stray", f"a frame of another schema: {frame.schema}"
    return "figures", f"{frame.height} rows"


def _named(source_id: str, message: str, path: Path) -> tuple[str, str]:
    """Say whether a message names its source, can be read in a log, and shows no path of this machine."""
    problems = []
    if source_id not in message:
        problems.append("does not name its source")
    if len(message) > LONGEST_MESSAGE:
        problems.append(f"has {len(message)} characters")
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", message):
        problems.append("holds control characters")
    if str(path.parent) in message:
        problems.append("shows a path of this machine")
    return ("unnamed", f"{', '.join(problems)}: {message[:300]!r}") if problems else ("refused", message)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
