"""NCMEC for OJJDP: transparency report to the Committees on Appropriations, one edition a year (PDF).

Read are the tables on CyberTipline reports (reporter, user location, incident type, files, hash matches, recipients, feedback), on
providers registered, hash lists, victims and series added, submissions of law enforcement, and Appendix A (totals since 1998).
Not read: images and videos reviewed by series category and by relationship, the exploitative hash list, single military agencies.
Tables are found by their captions and the header with the years; every table named here must be found.

No control total exists for feedback, hash lists, series, reports containing unique or similar files, and the years of Appendix A
that no other table repeats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from pipelines.pdf_tables import CELL_GAP, Document, Page, Word, chunks_of, lines_of, read_document, text_of
from pipelines.publications import Fingerprint, PublicationError, agreed_year, observation_frame, publication_date, quarantined, read_count
from pipelines.snapshots import Snapshot

SOURCE_ID = "ncmec_ojjdp_transparency"

_TITLE_YEAR = re.compile(r"\b(?:CY|Calendar Year) (20[0-9]{2})\b")
_PROSE_YEAR = re.compile(r"\bfrom CY 1998 (?:to|through) CY (20[0-9]{2})\b")
_FILE_TITLE_YEAR = re.compile(r"\b(20[0-9]{2})\b")
_NO_LETTER = re.compile(r"[^a-z]+")
_FIRST_YEAR = 1998
#: the header of a year column, maybe with a footnote mark glued to it or a dash after it
_YEAR_CELL = re.compile(r"(20[0-9]{2})[0-9]?[-–—]?")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)%")
_APPENDIX_ROW = re.compile(r"CY ?([0-9]{4}) \(([0-9]{1,2})/([0-9]{1,2})/([0-9]{2})-([0-9]{1,2})/([0-9]{1,2})/([0-9]{2})\) ([0-9,]+)")
_NEW_ESPS = re.compile(r"\bin CY (20[0-9]{2}),? (?:this number (?:increased|decreased|rose|fell) to )?([0-9,]+) new ESPs\b", re.IGNORECASE)
_RECIPIENT_CELL = re.compile(r"(actionable|referrals?):([0-9,]+)(informational|international):([0-9,]+)total:([0-9,]+)")
_RECIPIENT_WORDS = ("actionable:", "referrals:", "referral:", "informational:", "international:", "total:")
#: white space (points) around a year that stands in a header and not in prose
_HEADER_GAP = 14.0
#: how far (points) the cells of one header row may stand apart in height
_HEADER_SPREAD = 26.0
#: how far (points) above and below the header row its caption may stand
_CAPTION_ABOVE, _CAPTION_BELOW = 80.0, 70.0
_CELL_TOLERANCE = 3.0
_UNBOUNDED = 10_000.0
#: share of the page height at its foot where the page number stands
_FOOT = 0.08

#: duplicate reports on one event are bundled since this year
_BUNDLING = 2024
#: the definition of an informational report was widened
_INFORMATIONAL_WIDENED = 2022
#: remote work held down the review of submitted files in these years
_REMOTE_WORK = (2020, 2021, 2022)


@dataclass(frozen=True)
class _Label:
    """One expected row: its key, its label (letters only, lower case) and how many cells it has in each column."""

    key: str
    label: re.Pattern[str]
    cells: int = 1
    required: bool = True


@dataclass(frozen=True)
class _Caption:
    """One known table: key, caption (letters only, lower case) and rows; a table that is not read has no rows."""

    key: str
    caption: re.Pattern[str]
    rows: tuple[_Label, ...] = ()
    read: bool = True


@dataclass(frozen=True)
class _Column:
    year: int
    kind: str
    centre: float
    y: float


@dataclass(frozen=True)
class _Header:
    """The years above a table, and the words below it up to the next header; a table may run on to the next page."""

    page: Page
    columns: tuple[_Column, ...]
    below: tuple[Word, ...] = ()

    @property
    def top(self) -> float:
        return max(column.y for column in self.columns)

    @property
    def bottom(self) -> float:
        return min(column.y for column in self.columns)

    @property
    def spacing(self) -> float:
        return min((right.centre - left.centre for left, right in pairwise(self.columns)), default=100.0)

    @property
    def left(self) -> float:
        return self.columns[0].centre - self.spacing / 2


@dataclass(frozen=True)
class _Grid:
    """A table as read: (row key, year, column kind) -> texts of the cell, from top to bottom."""

    key: str
    page: int
    years: tuple[int, ...]
    cells: Mapping[tuple[str, int, str], tuple[str, ...]]
    rows: tuple[str, ...]
    columns: tuple[int, ...]

    def count(self, row: str, year: int, kind: str = "") -> int:
        """Read a cell that holds one count."""
        text = self.cells[row, year, kind][0]
        count = read_count(text)
        if count is None:
            raise _error(self.page, f"table {self.key}, row {row}, CY {year}: {text!r} is no count", "the cell is damaged or was misread")
        return count


def _label(key: str, label: str, cells: int = 1, *, required: bool = True) -> _Label:
    return _Label(key, re.compile(label), cells, required)


#: a table of one row without a label
_ONE_ROW = (_label("", ""),)
_RECIPIENTS = (
    _label("icac", r"internetcrimesagainstchildren(icacs?)?(units|taskforces)?"),
    _label("local", r"locallawenforcement(agencies)?"),
    _label("federal", r"federallawenforcement(agencies)?"),
    _label("international", r"internationallawenforcement(agencies)?"),
)
_FILE_TYPES = (_label("image", "images"), _label("video", "videos"))
_TABLES = (
    _Caption(
        "reporters",
        re.compile(r"cybertiplinereportssubmittedbymembersofthepublicandesps"),
        (
            _label("total", r"total(cybertipline)?reports|total"),
            _label("public", r"public(cybertipline)?reports|public"),
            _label("esp", r"esp(cybertipline)?reports|esps?"),
        ),
    ),
    _Caption(
        "users",
        re.compile(r"cybertiplinereportsrelatingtousandinternationalusers"),
        (
            _label("us", r"us(users)?", 2),
            _label("outside_us", r"international(users)?", 2),
            _label("unknown", r"unknown(location)?", 2),
            _label("total", r"total"),
        ),
    ),
    _Caption(
        "categories",
        re.compile(r"categorizationofcybertiplinereports"),
        (
            _label(
                "child_pornography", r"(childpornography|childsexualabusematerial(csam)?|csam)(possessionmanufacture(and)?distribution)?"
            ),
            _label("misleading_words_or_images", r"misleadingwordsordigitalimages(ontheinternet)?"),
            _label("online_enticement", r"onlineenticement(ofchildren(forsexualacts)?)?"),
            _label("child_sex_trafficking", r"childsextrafficking"),
            _label("unsolicited_obscene_material", r"unsolicitedobscenematerials?senttoachild"),
            _label("misleading_domain_name", r"misleadingdomainname"),
            _label("child_sexual_molestation", r"childsexualmolestation"),
            _label("child_sex_tourism", r"childsextourism"),
            _label("total", r"total(cybertiplinereports)?", required=False),
        ),
    ),
    _Caption(
        "files",
        re.compile(r"filesuploadedwithcybertiplinereports"),
        (*_FILE_TYPES, _label("other", r"other(content|files)?"), _label("total", "total")),
    ),
    _Caption(
        "contains",
        re.compile(r"containinguniqueandvisuallysimilarimagesvideosbasedonmd"),
        (
            _label("total", r"totalcybertiplinereports"),
            _label(
                "unique_by_md5", r"cybertiplinereportsdisaggregatedbyreportscontaininguniqueimages(andvideos|videos)?basedonmdhashvalues"
            ),
            _label(
                "visually_similar_by_photodna_or_videntifier",
                r"cybertiplinereportsdisaggregatedbyreportscontainingvisuallysimilarimages(and)?videosdeterminedbyphotodnaandvidentifiertechnology",
            ),
        ),
    ),
    _Caption(
        "unique_files",
        re.compile(r"uniqueandvisuallysimilarimagesvideoscontainedincybertiplinereports"),
        (*_FILE_TYPES, _label("total", "total")),
    ),
    _Caption("registered", re.compile(r"espsregisteredtoreporttothe"), (_label("new", r"newespsregistered(byncmec)?"),)),
    _Caption("recipients", re.compile(r"lawenforcementrecipientsofcybertiplinereports"), _RECIPIENTS),
    _Caption("feedback", re.compile(r"instancesoflawenforcementfeedbackrelatingto"), _RECIPIENTS),
    _Caption("ngo_apparent_csam", re.compile(r"mdhashesaddedtonongovernmental"), _ONE_ROW),
    _Caption("exploitative", re.compile(r"mdhashesaddedtoexploitative"), read=False),
    _Caption("industry_md5", re.compile(r"mdhashesaddedbyespstoindustry"), _ONE_ROW),
    _Caption("industry_photodna", re.compile(r"photodnasignaturesaddedbyespstoindustry"), _ONE_ROW),
    _Caption("series", re.compile(r"newseriesofunidentifiedchildvictimsadded"), _ONE_ROW),
    _Caption(
        "submissions",
        re.compile(r"imagevideoreviewssubmittedbylawenforcementagencies"),
        (
            _label("hsi_ice", r"(us)?dhsimmigrationandcustomsenforcement|homelandsecurityinvestigations|dhsimmigrationcustomsenforcement"),
            _label("fbi", r"federalbureauofinvestigation(fbi)?"),
            _label("other_federal", r"otherfederalagencies"),
            _label("federal_total", r"totalfederalagencies"),
            _label("local_state_icac", r"totallocalstateicacagencies"),
            _label("coast_guard", r"(us)?coastguardinvestigativeservice"),
            _label("army", r"(us)?departmentofthearmycid|(us)?armycid"),
            _label("navy", r"(us)?navalcriminalinvestigativeservice"),
            _label("air_force", r"(us)?airforceosi"),
            _label("marine_corps", r"(us)?marinecorpscid"),
            _label("military_total", r"totalmilitaryagencies"),
            _label("international", r"totalinternationalagencies"),
            _label("total", r"totallawenforcementsubmissions"),
        ),
    ),
    _Caption("other_hashes", re.compile(r"(hashes|signatures)added"), read=False),
    _Caption("cvip_review", re.compile(r"videosreviewedby(ncmecs)?cvip"), read=False),
    _Caption("cvip_relationship", re.compile(r"disaggregatedbyrelationship"), read=False),
)
_VICTIMS_HEADER = ("gender", "pubescent", "prepubescent", "infanttoddler", "grandtotal")
_VICTIMS_CAPTION = re.compile(r"\bIdentified Victims\b.*\bAge and (?:Gender|Sex) in CY (20[0-9]{2})\b")
_VICTIMS_ROWS = (_label("male", "male"), _label("female", "female"), _label("total", "total"))


def parse(snapshot: Snapshot) -> pl.DataFrame:
    """Read one edition into observations.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    return parse_document(read_document(SOURCE_ID, snapshot.path), snapshot)


def parse_document(document: Document, snapshot: Snapshot) -> pl.DataFrame:
    """Read one edition, given as words, into observations.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    year = _year_of(document)
    _check_page_numbers(document)
    grids = _read_tables(document, year)
    victims = _read_victims(document, grids["reporters"].years)
    totals, appendix_page = _read_appendix(document, year)
    _prove(grids, victims, totals)
    _check_registered(document, grids["registered"])
    rows = [*_totals(totals, appendix_page), *_observations(grids, totals), *_victims(victims)]
    return observation_frame(
        rows,
        {
            "source_id": SOURCE_ID,
            "pathway": "any",
            "published_on": publication_date(SOURCE_ID, snapshot.published_on, document.dated, year),
            "evidence": "publication",
            "url": snapshot.url,
            "snapshot_id": snapshot.snapshot_id,
        },
    )


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """Describe the layout of one edition: table and column headers, row labels, column positions.

    Raises:
        PublicationError: the edition cannot be read with certainty.
    """
    document = read_document(SOURCE_ID, snapshot.path)
    grids = _read_tables(document, _year_of(document))
    return Fingerprint(
        headers=tuple(f"p. {grid.page} {key} {'/'.join(map(str, grid.years))}" for key, grid in grids.items()),
        labels=tuple(f"{key}: {row}" for key, grid in grids.items() for row in grid.rows),
        columns=tuple(x for grid in grids.values() for x in grid.columns),
        footnotes=(),
    )


def _year_of(document: Document) -> int:
    """Read the year of the data: the title page and the newest row of Appendix A must agree."""
    stated = [(1, int(year)) for year in _TITLE_YEAR.findall(document.pages[0].text)]
    for page in document.pages:
        if "Appendix A" in page.text and (newest := _APPENDIX_ROW.search(page.text)):
            stated.append((page.number, int(newest[1])))
            break
    supporting = [int(year) for page in document.pages for year in _PROSE_YEAR.findall(page.text)]
    return agreed_year(SOURCE_ID, stated, [*supporting, *map(int, _FILE_TITLE_YEAR.findall(document.title))])


def _error(page: int | None, what: str, meaning: str) -> PublicationError:
    return quarantined(SOURCE_ID, page, what, meaning)


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text.lower())


# --- finding tables


def _check_page_numbers(document: Document) -> None:
    for page in document.pages:
        for line in page.lines:
            if len(line) == 1 and line[0].y < page.height * _FOOT and line[0].text.isdigit() and line[0].text != str(page.number):
                raise _error(page.number, f"the printed page number is {line[0].text}", "pages are missing, repeated or out of order")


def _read_tables(document: Document, year: int) -> dict[str, _Grid]:
    grids: dict[str, _Grid] = {}
    seen: dict[str, int] = {}
    headers = {page.number: list(_headers(page)) for page in document.pages}
    for page in document.pages:
        for found in headers[page.number]:
            caption, lowest = _caption_of(found)
            if caption is None:
                continue
            if caption.key in seen and caption.read:
                raise _error(page.number, f"the table {caption.key} stands on page {seen[caption.key]} too", "a table is repeated")
            seen[caption.key] = page.number
            if not caption.read:
                continue
            _check_years(found, caption, year)
            header = replace(found, below=_words_below(document, found, headers))
            if caption.key == "recipients":
                grids[caption.key] = _read_recipients(header)
            else:
                grids[caption.key] = _read_grid(header, caption, lowest)
    missing = [caption.key for caption in _TABLES if caption.read and caption.key not in grids]
    if missing:
        raise _error(None, f"no table {', '.join(missing)}", "a page or a header is missing")
    years = grids["reporters"].years
    for grid in grids.values():
        if grid.years != years:
            raise _error(grid.page, f"the table {grid.key} is for {grid.years}, the others for {years}", "the years are not certain")
    return grids


def _words_below(document: Document, header: _Header, headers: Mapping[int, Sequence[_Header]]) -> tuple[Word, ...]:
    page = header.page
    floor = max((other.top for other in headers[page.number] if other.top < header.bottom), default=None)
    words = [
        word for line in page.lines if not _is_furniture(page, line) for word in line if word.y < header.bottom - 1 and not word.raised
    ]
    if floor is not None:
        return tuple(word for word in words if word.y > floor)
    if page.number < len(document.pages):
        following = document.pages[page.number]
        floor = max((other.top for other in headers[following.number]), default=0.0)
        words += [
            word._replace(y=word.y - following.height)
            for line in following.lines
            if not _is_furniture(following, line)
            for word in line
            if word.y > floor and not word.raised
        ]
    return tuple(words)


def _is_furniture(page: Page, line: Sequence[Word]) -> bool:
    """Say whether a line is the copyright line or the page number."""
    return line[0].text == "Copyright" or (len(line) == 1 and line[0].text == str(page.number) and line[0].y < page.height * _FOOT)


def _headers(page: Page) -> Iterator[_Header]:
    cells = []
    for line in page.lines:
        for position, word in enumerate(line):
            if not word.text.startswith("CY"):
                continue
            last = position + (word.text == "CY")  # CY 2022 or CY2022
            cell = _YEAR_CELL.fullmatch(line[last].text.removeprefix("CY")) if last < len(line) else None
            if cell is None:
                continue
            following = [other for other in line[last + 1 :] if not other.raised]
            alone_left = position == 0 or word.x0 - line[position - 1].x1 > _HEADER_GAP
            alone_right = not following or following[0].x0 - line[last].x1 > _HEADER_GAP
            if alone_left and alone_right:
                cells.append(_Column(int(cell[1]), "", (word.x0 + line[last].x1) / 2, word.y))
    row: list[_Column] = []
    for column in cells:  # from top to bottom
        if row and row[-1].y - column.y > _HEADER_SPREAD:
            yield _Header(page, tuple(sorted(row, key=lambda cell: cell.centre)))
            row = []
        row.append(column)
    if row:
        yield _Header(page, tuple(sorted(row, key=lambda cell: cell.centre)))


def _caption_of(header: _Header) -> tuple[_Caption | None, float]:
    """Find the known caption nearest to a header row, in the words that begin the lines around it; and how far down it reaches.

    A table under no known caption is new and passed over. If it is a known table with a damaged caption, that table is missing.
    """
    parts: list[tuple[str, float]] = []
    for line in header.page.lines:
        if not header.bottom - _CAPTION_BELOW <= line[0].y <= header.top + _CAPTION_ABOVE or line[0].text.startswith("CY"):
            continue
        before: Word | None = None
        for word in line:
            if before is not None and word.x0 - before.x1 > CELL_GAP:
                break
            parts.append((_letters(word.text), word.y))
            before = word
    text = "".join(letters for letters, _ in parts)
    heights = [y for letters, y in parts for _ in letters]
    found = []
    for caption in _TABLES:
        for match in caption.caption.finditer(text):
            reach = heights[match.start() : match.end()]
            found.append((min(abs(y - header.bottom) for y in reach), -len(match[0]), min(reach), caption))
    if not found:
        return None, header.bottom
    *_, lowest, caption = min(found, key=lambda match: match[:2])
    return caption, lowest


def _check_years(header: _Header, caption: _Caption, year: int) -> None:
    per_year = 2 if caption.key == "unique_files" else 1
    years = [column.year for column in header.columns]
    expected = [other for other in range(year - len(years) // per_year + 1, year + 1) for _ in range(per_year)]
    if years != expected or not years:
        raise _error(
            header.page.number,
            f"the table {caption.key} is for {years}, expected years up to {year}",
            "the years of the columns are not certain",
        )


# --- reading tables


def _read_grid(header: _Header, caption: _Caption, caption_end: float) -> _Grid:
    page = header.page.number
    body = lines_of(header.below, _CELL_TOLERANCE)
    header, top = _sub_columns(header, caption, body)
    rows = [line for line in body if line[0].y < top]
    end = next((line[0].y for line in rows if any(not _is_value(word.text) for word in _values(header, line))), -_UNBOUNDED)
    rows = [line for line in rows if line[0].y > end]
    labels = [
        (_letters(text_of(words)), max(word.y for word in words))
        for line in rows
        if line[0].y < caption_end - 1
        and (words := [word for word in line if (word.x0 + word.x1) / 2 < header.left])
        and _letters(text_of(words))
    ]
    if caption.rows == _ONE_ROW:
        places = [(caption.rows[0], header.bottom, -_UNBOUNDED)]
        if labels:
            raise _error(page, f"table {caption.key}: unexpected label {labels[0][0]!r}", "the table has another layout")
    else:
        places = _row_places(page, caption, labels)
    columns = _stacks(header, caption.key, [word for line in rows for word in _values(header, line)], 2.0)
    cells: dict[tuple[str, int, str], tuple[str, ...]] = {}
    for column, stack in columns.items():
        expected = sum(row.cells for row, _, _ in places)
        if len(stack) != expected:
            raise _error(
                page,
                f"table {caption.key}, CY {column.year} {column.kind}: {len(stack)} cells, expected {expected} for {len(places)} rows",
                "a cell is missing, split or of an unknown row",
            )
        position = 0
        for index, (row, upper, lower) in enumerate(places):
            taken = stack[position : position + row.cells]
            position += row.cells
            for cell in taken:
                own = max(0.0, cell.y - upper, lower - cell.y)
                others = [
                    max(0.0, cell.y - places[near][1], places[near][2] - cell.y)
                    for near in (index - 1, index + 1)
                    if 0 <= near < len(places)
                ]
                if any(other < own for other in others):
                    raise _error(
                        page,
                        f"table {caption.key}, CY {column.year}: {cell.text!r} does not stand beside {row.key!r}",
                        "the rows are not certain",
                    )
            cells[row.key, column.year, column.kind] = tuple(cell.text for cell in taken)
    return _Grid(
        key=caption.key,
        page=page,
        years=tuple(dict.fromkeys(column.year for column in header.columns)),
        cells=cells,
        rows=tuple(row.key for row, _, _ in places),
        columns=tuple(round(column.centre) for column in header.columns),
    )


def _is_value(text: str) -> bool:
    return text[0] in "0123456789" or text in "-–—"


def _values(header: _Header, line: Sequence[Word]) -> list[Word]:
    return [word for word in line if (word.x0 + word.x1) / 2 >= header.left]


def _nearest(header: _Header, word: Word) -> _Column:
    centre = (word.x0 + word.x1) / 2
    return min(header.columns, key=lambda column: abs(column.centre - centre))


def _stacks(header: _Header, key: str, words: Sequence[Word], gap: float) -> dict[_Column, list[Word]]:
    """Give the words under each column, from top to bottom: words that overlap in width are one column, in the order of the headers."""
    stacks: list[list[Word]] = []
    right = 0.0
    for word in sorted(words, key=lambda word: word.x0):
        if stacks and word.x0 <= right + gap:
            stacks[-1].append(word)
        else:
            stacks.append([word])
        right = max(right, word.x1)
    centres = [0.0, *(column.centre for column in header.columns), header.page.width]
    fits = len(stacks) == len(header.columns) and all(
        centres[index] < (min(word.x0 for word in stack) + max(word.x1 for word in stack)) / 2 < centres[index + 2]
        for index, stack in enumerate(stacks)
    )
    if not fits:
        raise _error(
            header.page.number,
            f"table {key}: {len(stacks)} columns of cells under {len(header.columns)} headers",
            "the columns are not certain",
        )
    return {column: [word for line in lines_of(stack) for word in line] for column, stack in zip(header.columns, stacks, strict=True)}


def _sub_columns(header: _Header, caption: _Caption, body: Sequence[Sequence[Word]]) -> tuple[_Header, float]:
    """Read what stands under the years where a year has two columns; give the columns and the height at which the rows begin."""
    if caption.key not in ("unique_files", "submissions"):
        return header, header.bottom - 1
    first = next((line[0].y for line in body if any(read_count(word.text) is not None for word in line if word.x0 > header.left)), None)
    if first is None:
        raise _error(header.page.number, f"table {caption.key}: no counts under the years", "the table has another layout")
    if caption.key == "unique_files":
        words = [word for word in header.page.words if first + 1 < word.y <= header.top + 1]
        in_order = [word for line in lines_of(words) for word in line]
        names = {column: _letters(text_of([word for word in in_order if _nearest(header, word) is column])) for column in header.columns}
        kinds = [_unique_kind(header.page.number, column.year, name) for column, name in names.items()]
        columns = tuple(_Column(column.year, kind, column.centre, column.y) for column, kind in zip(header.columns, kinds, strict=True))
        if kinds != ["unique_by_md5", "unique_by_photodna_or_videntifier"] * (len(kinds) // 2):
            raise _error(header.page.number, f"table {caption.key}: columns {kinds}", "the columns are not certain")
        return replace(header, columns=columns), min(word.y for word in words) - 1 if words else header.bottom
    words = [word for line in body if line[0].y > first for word in line if word.x0 > header.left - header.spacing / 2]
    starts = [word for word in words if word.text in ("Reviews", "#")]
    pairs = []
    for start in sorted(starts, key=lambda word: word.x0):
        stack = [word for word in words if word.x0 > start.x0 - 20 and word.x0 < start.x0 + 45 and abs(word.y - start.y) < 14]
        name = _letters(text_of([word for line in lines_of(stack) for word in line]))
        if name not in ("reviewssubmitted", "offilessubmitted"):
            raise _error(header.page.number, f"table {caption.key}: column {name!r} is not known", "the unit of the column is not certain")
        kind = "reviews" if name == "reviewssubmitted" else "files"
        centre = (min(word.x0 for word in stack) + max(word.x1 for word in stack)) / 2
        pairs.append((kind, centre, min(word.y for word in stack)))
    if [kind for kind, _, _ in pairs] != ["reviews", "files"] * len(header.columns):
        raise _error(header.page.number, f"table {caption.key}: columns {[kind for kind, _, _ in pairs]}", "the columns are not certain")
    columns = tuple(
        _Column(header.columns[index // 2].year, kind, centre, header.columns[index // 2].y)
        for index, (kind, centre, _) in enumerate(pairs)
    )
    for index, column in enumerate(columns):
        if min(header.columns, key=lambda above: abs(above.centre - column.centre)).year != column.year:
            raise _error(
                header.page.number, f"table {caption.key}: column {index + 1} stands under another year", "the years are not certain"
            )
    return replace(header, columns=columns), min(y for _, _, y in pairs) - 1


def _unique_kind(page: int, year: int, name: str) -> str:
    by_md5, by_similarity = "mdhashing" in name, "photodnaandvidentifiertechnology" in name
    if by_md5 == by_similarity or not name.startswith("cy") or "imagesandvideosdeterminedby" not in name:
        raise _error(page, f"table unique_files, CY {year}: column {name!r} is not known", "the unit of the column is not certain")
    return "unique_by_md5" if by_md5 else "unique_by_photodna_or_videntifier"


def _row_places(page: int, caption: _Caption, labels: Sequence[tuple[str, float]]) -> list[tuple[_Label, float, float]]:
    """Find the rows in the lines of the label column: (row, height of its first line, of its last line).

    The caption may reach down to the first row; after it every line must belong to a row until all are found.
    """
    places: list[tuple[_Label, float, float]] = []
    position = 0
    while position < len(labels):
        match = _label_at(caption.rows, labels, position)
        if match is None and not places:
            position += 1
            continue
        found = {row.key for row, _, _ in places}
        if match is None:
            if all(row.key in found for row in caption.rows if row.required):
                break
            raise _error(page, f"table {caption.key}: row {labels[position][0]!r} is not known", "a row is new or its label is damaged")
        row, length = match
        if row.key in found:
            raise _error(page, f"table {caption.key}: row {row.key!r} stands twice", "the rows cannot be told apart")
        places.append((row, labels[position][1], labels[position + length - 1][1]))
        position += length
    missing = [row.key for row in caption.rows if row.required and row.key not in {place.key for place, _, _ in places}]
    if missing:
        raise _error(page, f"table {caption.key}: no row {', '.join(missing)}", "a row is missing or its label is damaged")
    return places


def _label_at(rows: Sequence[_Label], labels: Sequence[tuple[str, float]], position: int) -> tuple[_Label, int] | None:
    text, best = "", None
    for length in range(1, min(8, len(labels) - position) + 1):
        text += labels[position + length - 1][0]
        for row in rows:
            if row.label.fullmatch(text):
                best = (row, length)
    return best


def _read_recipients(header: _Header) -> _Grid:
    page = header.page.number
    caption = next(table for table in _TABLES if table.key == "recipients")
    cell_words: list[Word] = []
    labels: list[tuple[str, float]] = []
    for line in lines_of(header.below):
        values = _values(header, line)
        if any(read_count(word.text) is None and not any(word.text.lower() in name for name in _RECIPIENT_WORDS) for word in values):
            break
        cell_words += values
        if letters := _letters(text_of([word for word in line if word not in values])):
            labels.append((letters, line[0].y))
    places = _row_places(page, caption, labels)
    cells: dict[tuple[str, int, str], tuple[str, ...]] = {}
    for column, stack in _stacks(header, caption.key, cell_words, CELL_GAP).items():
        text, heights = "".join(word.text for word in stack).lower(), [word.y for word in stack for _ in word.text]
        found = list(_RECIPIENT_CELL.finditer(text))
        if len(found) != len(places) or "".join(match[0] for match in found) != text:
            raise _error(
                page,
                f"table recipients, CY {column.year}: not {len(places)} cells with actionable, informational and total",
                "a cell was misread",
            )
        for (row, upper, lower), match in zip(places, found, strict=True):
            if heights[match.end() - 1] > upper or heights[match.start()] < lower:
                raise _error(
                    page, f"table recipients, CY {column.year}: a cell does not stand beside {row.key!r}", "the rows are not certain"
                )
            # one cell of the editions for 2022 and 2023 says International where the sum shows that Informational is meant
            if match[3] == "international" and (row.key, column.year) != ("federal", 2021):
                raise _error(
                    page, f"table recipients, CY {column.year}, row {row.key}: label International", "the kind of report is not certain"
                )
            for kind, value in (("actionable", match[2]), ("informational", match[4]), ("total", match[5])):
                cells[row.key, column.year, kind] = (value,)
    return _Grid(
        key=caption.key,
        page=page,
        years=tuple(column.year for column in header.columns),
        cells=cells,
        rows=tuple(row.key for row, _, _ in places),
        columns=tuple(round(column.centre) for column in header.columns),
    )


def _read_victims(document: Document, years: Sequence[int]) -> dict[int, _Grid]:
    grids: dict[int, _Grid] = {}
    for page in document.pages:
        if "Gender" not in page.text:
            continue
        lines = page.lines
        for position, line in enumerate(lines):
            names = [_letters(text_of(chunk)) for chunk in chunks_of(line)]
            if not names or names[0] != "gender" or len(names) < 3:
                continue
            if tuple(names) != _VICTIMS_HEADER:
                raise _error(page.number, f"table victims: columns {names}", "the columns are not certain")
            above = text_of([word for other in lines[max(0, position - 3) : position] for word in other])
            stated = _VICTIMS_CAPTION.findall(above)
            if len(stated) != 1:
                raise _error(page.number, "table victims: no caption that names one year", "the year is not certain")
            year = int(stated[0])
            if year in grids or year not in years:
                raise _error(page.number, f"table victims for {year}, expected one for each of {list(years)}", "the years are not certain")
            columns = tuple(
                _Column(year, name, (chunk[0].x0 + chunk[-1].x1) / 2, line[0].y)
                for name, chunk in zip(names[1:], chunks_of(line)[1:], strict=True)
            )
            below = [other for other in lines[position + 1 :] if "gender" in _letters(text_of(other))]
            floor = below[0][0].y if below else 0.0
            words = tuple(word for word in page.words if floor < word.y < line[0].y - 1 and not word.raised)
            grids[year] = _read_grid(_Header(page, columns, words), _Caption("victims", re.compile(""), _VICTIMS_ROWS), line[0].y)
    if sorted(grids) != sorted(years):
        raise _error(None, f"tables of identified victims for {sorted(grids)}, expected {sorted(years)}", "a table is missing")
    return grids


def _read_appendix(document: Document, year: int) -> tuple[dict[int, int], int]:
    totals: dict[int, int] = {}
    first_page = 0
    for page in document.pages:
        if not first_page and "Appendix A" not in page.text:
            continue
        lines = [text_of(line) for line in page.lines]
        if not first_page and "Appendix A" not in lines:
            continue
        if not first_page:
            first_page = page.number
            head = _letters("".join(line for line in lines if not _APPENDIX_ROW.fullmatch(line)))
            if "daterangecalendaryeartotalnumberofcybertiplinereportsreceivedbyncmec" not in head:
                raise _error(page.number, "Appendix A: the headers are not those known", "the unit of the column is not certain")
        for line in lines:
            row = _APPENDIX_ROW.fullmatch(line)
            if row is None:
                if line.startswith("CY"):
                    raise _error(page.number, f"Appendix A: {line!r} is no row of year, dates and count", "a cell is damaged")
                continue
            stated, count = int(row[1]), read_count(row[8])
            if count is None:
                raise _error(page.number, f"Appendix A: {row[8]!r} is no count", "a cell is damaged")
            if (row[2], row[3], row[5], row[6]) != ("1", "1", "12", "31") or not row[4] == row[7] == row[1][2:]:
                raise _error(page.number, f"Appendix A: the dates of {line!r} are not those of its year", "the period is not certain")
            if stated != year - len(totals):
                raise _error(
                    page.number, f"Appendix A: CY {stated} where CY {year - len(totals)} is expected", "a row is missing or repeated"
                )
            totals[stated] = count
    if not totals or min(totals) != _FIRST_YEAR:
        raise _error(first_page or None, f"Appendix A does not reach back to CY {_FIRST_YEAR}", "a row or a page is missing")
    return totals, first_page


# --- proof


def _prove(grids: Mapping[str, _Grid], victims: Mapping[int, _Grid], totals: Mapping[int, int]) -> None:
    """Check every sum, total and bound that the publication prints."""
    for year in grids["reporters"].years:
        total = totals[year]
        for key in ("reporters", "users", "contains", "categories"):
            if "total" in grids[key].rows:
                _equal(grids[key], year, "total", total, "Appendix A")
        for key, parts in (
            ("reporters", ("public", "esp")),
            ("users", ("us", "outside_us", "unknown")),
            ("categories", tuple(row for row in grids["categories"].rows if row != "total")),
        ):
            _adds(grids[key], year, parts, total)
        files = grids["files"]
        _adds(files, year, ("image", "video", "other"), files.count("total", year))
        unique = grids["unique_files"]
        for kind in ("unique_by_md5", "unique_by_photodna_or_videntifier"):
            _adds(unique, year, ("image", "video"), unique.count("total", year, kind), kind)
        for row in ("image", "video"):
            _bounded(unique, year, unique.count(row, year, "unique_by_md5"), files.count(row, year), f"unique {row} files")
            _bounded(
                unique,
                year,
                unique.count(row, year, "unique_by_photodna_or_videntifier"),
                unique.count(row, year, "unique_by_md5"),
                f"similar {row} files",
            )
        for row in ("unique_by_md5", "visually_similar_by_photodna_or_videntifier"):
            _bounded(grids["contains"], year, grids["contains"].count(row, year), total, f"reports {row}")
        for recipient in grids["recipients"].rows:
            added = sum(grids["recipients"].count(recipient, year, kind) for kind in ("actionable", "informational"))
            if added != grids["recipients"].count(recipient, year, "total"):
                raise _error(
                    grids["recipients"].page,
                    f"table recipients, row {recipient}, CY {year}: the parts do not add to the total",
                    "a misread cell",
                )
        submissions = grids["submissions"]
        for kind in ("reviews", "files"):
            federal, military = submissions.count("federal_total", year, kind), submissions.count("military_total", year, kind)
            _adds(submissions, year, ("hsi_ice", "fbi", "other_federal"), federal, kind)
            _adds(submissions, year, ("coast_guard", "army", "navy", "air_force", "marine_corps"), military, kind)
            whole = submissions.count("total", year, kind)
            _adds(submissions, year, ("federal_total", "local_state_icac", "military_total", "international"), whole, kind)
        for row in submissions.rows:
            _bounded(submissions, year, submissions.count(row, year, "reviews"), submissions.count(row, year, "files"), f"reviews of {row}")
        for row in ("us", "outside_us", "unknown"):
            _check_percent(grids["users"], row, year, total)
        grid = victims[year]
        for column in _VICTIMS_HEADER[1:]:
            _adds(grid, year, ("male", "female"), grid.count("total", year, column), column)
        for row in ("male", "female", "total"):
            added = sum(grid.count(row, year, column) for column in _VICTIMS_HEADER[1:4])
            if added != grid.count(row, year, "grandtotal"):
                raise _error(grid.page, f"table victims, row {row}, CY {year}: the ages do not add to the total", "a misread cell")


def _equal(grid: _Grid, year: int, row: str, expected: int, where: str) -> None:
    if grid.count(row, year) != expected:
        raise _error(
            grid.page, f"table {grid.key}, CY {year}: {row} is {grid.count(row, year):,}, {where} says {expected:,}", "a misread cell"
        )


def _adds(grid: _Grid, year: int, rows: Sequence[str], total: int, kind: str = "") -> None:
    added = sum(grid.count(row, year, kind) for row in rows)
    if added != total:
        raise _error(
            grid.page, f"table {grid.key}, CY {year} {kind}: the rows add to {added:,}, the total is {total:,}", "a cell was misread"
        )


def _bounded(grid: _Grid, year: int, part: int, whole: int, what: str) -> None:
    if part > whole:
        raise _error(grid.page, f"table {grid.key}, CY {year}: {part:,} {what} exceed {whole:,}", "a cell was misread")


def _check_percent(users: _Grid, row: str, year: int, total: int) -> None:
    printed = users.cells[row, year, ""][1]
    match = _PERCENT.fullmatch(printed)
    if match is None:
        raise _error(users.page, f"table users, row {row}, CY {year}: {printed!r} is no percentage", "the cell is damaged")
    step = 10.0 ** -len(match[1].partition(".")[2])
    if abs(users.count(row, year) * 100 / total - float(match[1])) > step / 2 + 1e-9:
        raise _error(users.page, f"table users, row {row}, CY {year}: {printed} does not fit the counts", "a cell was misread")


def _check_registered(document: Document, registered: _Grid) -> None:
    for page in document.pages:
        for stated, count in _NEW_ESPS.findall(page.text):
            if int(stated) in registered.years and read_count(count) != registered.count("new", int(stated)):
                raise _error(
                    page.number,
                    f"the text says {count} new providers in CY {stated}, the table {registered.count('new', int(stated))}",
                    "a misread cell",
                )


# --- observations

_Row = dict[str, str | None]


def _figure(measure: str, unit: str, population: str, year: int, page: int, table: str, row: str, value: str) -> _Row:
    return {
        "measure": measure,
        "ref_area": "WORLD",
        "time_period": f"{year}-01-01/P1Y",
        "unit_of_count": unit,
        "unit_measure": "count",
        "offense_scope": "cybertipline_incident_types",
        "jurisdiction": "worldwide",
        "statistical_population": population,
        "breakdown": "",
        "obs_value": value,
        "value_qualifier": "exact",
        "obs_status": "A",
        "base_value": None,
        "source_locator": f"p. {page}, {table}, {row}, column CY {year}",
        "obs_note": None,
    }


def _bundled(year: int) -> str:
    return "B" if year == _BUNDLING else "A"


def _totals(totals: Mapping[int, int], page: int) -> Iterator[_Row]:
    for year, count in sorted(totals.items()):
        figure = _figure("reports_received", "report", "cybertipline_reports", year, page, "Appendix A", f"row CY{year}", str(count))
        figure["source_locator"] = f"p. {page}, Appendix A, row CY{year}"
        if year == _FIRST_YEAR:
            yield figure | {
                "time_period": "1998-03-09/1998-12-31",
                "obs_status": "D",
                "obs_note": "Service opened 9 March 1998, so the labelled calendar year is a part year.",
            }
        else:
            yield figure | {"obs_status": _bundled(year)}


def _observations(grids: Mapping[str, _Grid], totals: Mapping[int, int]) -> Iterator[_Row]:
    for year in grids["reporters"].years:
        yield from _report_rows(grids, year)
        yield from _user_rows(grids["users"], year, totals[year])
        yield from _file_rows(grids, year)
        yield from _recipient_rows(grids["recipients"], year)
        yield from _feedback_rows(grids["feedback"], year)
        yield from _submission_rows(grids["submissions"], year)
        yield _of(grids["registered"], "new", year, "esps_registered", "provider", "esps_newly_registered")
        for name in ("ngo_apparent_csam", "industry_md5", "industry_photodna"):
            yield _of(grids[name], "", year, "hashes_added", "hash", "hash_sharing_lists") | {
                "offense_scope": "hash_sharing_lists",
                "jurisdiction": "not_applicable",
                "breakdown": f"list={name}",
            }
        yield _of(grids["series"], "", year, "series_opened", "series", "cvip_unidentified_series") | {
            "offense_scope": "cvip_unidentified_victims",
            "jurisdiction": "not_applicable",
        }


def _of(grid: _Grid, row: str, year: int, measure: str, unit: str, population: str, kind: str = "") -> _Row:
    place = f"row {row}" + (f", {kind}" if kind else "") if row else "only row"
    return _figure(measure, unit, population, year, grid.page, f"table {grid.key}", place, str(grid.count(row, year, kind)))


def _report_rows(grids: Mapping[str, _Grid], year: int) -> Iterator[_Row]:
    named: tuple[tuple[str, str, Callable[[str], bool], str | None], ...] = (
        ("reporters", "reporter", lambda row: row != "total", None),
        ("categories", "incident_type", lambda row: row != "total", "Category chosen by the reporter."),
        ("contains", "contains", lambda row: row != "total", "Not disjoint: one report can contain both kinds."),
    )
    for key, name, wanted, note in named:
        for row in filter(wanted, grids[key].rows):
            yield _of(grids[key], row, year, "reports_received", "report", "cybertipline_reports") | {
                "breakdown": f"{name}={row}",
                "obs_status": _bundled(year),
                "obs_note": note,
            }


def _user_rows(users: _Grid, year: int, total: int) -> Iterator[_Row]:
    for row in ("us", "outside_us", "unknown"):
        figure = _of(users, row, year, "reports_received", "report", "cybertipline_reports") | {
            "breakdown": f"user_location={row}",
            "obs_status": _bundled(year),
        }
        if row == "us":
            figure |= {
                "ref_area": "US",
                "jurisdiction": "us_all",
                "obs_note": "Location of the reported user; a different count from the by-country table.",
            }
        yield figure
        yield figure | {
            "unit_measure": "percent",
            "obs_value": users.cells[row, year, ""][1].removesuffix("%"),
            "value_qualifier": "share_rounded",
            "base_value": str(total),
            "source_locator": f"p. {users.page}, table users, percent under row {row}, column CY {year}",
            "obs_note": None,
        }


def _file_rows(grids: Mapping[str, _Grid], year: int) -> Iterator[_Row]:
    for row in ("total", "image", "video", "other"):
        yield _of(grids["files"], row, year, "files_received", "file", "cybertipline_files") | {
            "breakdown": "" if row == "total" else f"file_type={row}",
            "obs_status": _bundled(year),
        }
    for kind in ("unique_by_md5", "unique_by_photodna_or_videntifier"):
        for row in ("total", "image", "video"):
            yield _of(grids["unique_files"], row, year, "files_received", "file", "cybertipline_files", kind) | {
                "breakdown": f"uniqueness={kind}" if row == "total" else f"file_type={row};uniqueness={kind}",
                "obs_status": _bundled(year),
            }


def _place_of(recipient: str) -> Mapping[str, str]:
    return {
        "icac": {"ref_area": "US", "jurisdiction": "us_state_local"},
        "local": {"ref_area": "US", "jurisdiction": "us_state_local"},
        "federal": {"ref_area": "US", "jurisdiction": "us_federal"},
        "international": {"ref_area": "WORLD", "jurisdiction": "worldwide"},
    }[recipient]


def _recipient_rows(grid: _Grid, year: int) -> Iterator[_Row]:
    for row in grid.rows:
        for kind in ("actionable", "informational", "total"):
            widened = row == "icac" and kind != "total" and year >= _INFORMATIONAL_WIDENED
            note = "ref_area is the place of the receiving agency. One report can go to several agencies."
            if row == "federal":
                note += " Includes reports with no known location."
            yield _of(grid, row, year, "reports_made_available", "report_recipient_pair", "cybertipline_report_recipient_pairs", kind) | {
                **_place_of(row),
                "breakdown": f"recipient={row}" if kind == "total" else f"detail={kind};recipient={row}",
                "obs_status": "B" if widened else _bundled(year),
                "obs_note": note,
            }


def _feedback_rows(grid: _Grid, year: int) -> Iterator[_Row]:
    for row in grid.rows:
        yield _of(grid, row, year, "feedback_received", "feedback_instance", "cybertipline_feedback") | {
            **_place_of(row),
            "breakdown": f"recipient={row}",
            "obs_note": "Any status (arrest, closed, referred and others); not a count of arrests.",
        }


def _submission_rows(grid: _Grid, year: int) -> Iterator[_Row]:
    areas = {
        "total": ("WORLD", "worldwide"),
        "international": ("WORLD", "worldwide"),
        "local_state_icac": ("US", "us_state_local"),
    }
    kinds = (
        ("files", "files_received", "file", "cvip_submitted_files"),
        ("reviews", "submissions_received", "submission", "cvip_submissions"),
    )
    for row in ("hsi_ice", "fbi", "other_federal", "federal_total", "local_state_icac", "military_total", "international", "total"):
        ref_area, jurisdiction = areas.get(row, ("US", "us_federal"))
        for kind, measure, unit, population in kinds:
            yield _of(grid, row, year, measure, unit, population, kind) | {
                "ref_area": ref_area,
                "jurisdiction": jurisdiction,
                "offense_scope": "cvip_law_enforcement_submissions",
                "breakdown": "" if row == "total" else f"agency_group={row}",
                "obs_status": "B" if year in _REMOTE_WORK else "A",
                "obs_note": "Voluntary submissions; remote work held down review from March 2020 to March 2022.",
            }


def _victims(victims: Mapping[int, _Grid]) -> Iterator[_Row]:
    ages = {"pubescent": "pubescent", "prepubescent": "prepubescent", "infanttoddler": "infant_or_toddler"}
    for year, grid in sorted(victims.items()):
        for row in ("total", "male", "female"):
            for column in _VICTIMS_HEADER[1:]:
                pairs = [f"age_group={ages[column]}"] if column in ages else []
                pairs += [f"sex={row}"] if row != "total" else []
                yield _of(grid, row, year, "victims_identified", "victim", "cvip_identified_victims", column) | {
                    "offense_scope": "cvip_identified_victims",
                    "jurisdiction": "not_applicable",
                    "breakdown": ";".join(pairs),
                    "obs_note": "Children added to the database for the first time after law enforcement identified them.",
                }
