"""Sheets of .xlsx that are written as programs write a table: read from the XML by its shape.

The shape of a sheet is its XML without values. A template comes again with every unit and period,
and so does its shape, to the byte; it is worked out once a process, and a later sheet of the same
one is its values put into a copy of its rows, a fraction of the reader's work. Whatever is not
written in exactly this way, a cell that holds anything but one value above all, is for the reader:
a sheet is the same whichever of the two read it (`tests/forms/test_plain_sheets.py`).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, compress
from operator import itemgetter
from typing import Any, NamedTuple
from xml.parsers import expat

from ingest.package import Package, column_number
from ingest.remembered import Remembered
from ingest.second_look import (
    ListedSheet,
    Unseen,
    formats_of,
    has_external_links,
    sheets_of,
)

_NO_TABLE = b"<sheetData></sheetData>"
LARGEST = 2**18  # a part of more bytes is the reader's, as is a sheet of more cells
LARGEST_TEXTS = 2**22  # bytes of shared texts; a workbook with more is the reader's
MOST_BYTES = 2**26  # of all the shapes that a process keeps
LONGEST_ROW = 2**13  # bytes of a row's shape that a process keeps

_VALUE = re.compile(rb"<v>([^<&]*)</v>")
_BEGIN = re.compile(
    rb'(?:<\?xml version="1\.0" encoding="(?i:utf-8)"(?: standalone="yes")?\?>\s*)?'
    rb'<worksheet xmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"[^<>]*>'
)
# a cell with one value, of a shape: its column, row, style and type
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})([1-9]\d{0,6})"(?: s="(\d{1,5})")?(?: t="(s|n|str)")?>'
    rb"(?:<f>[^<\0]*</f>|<f [^<>\0]*/>|<f [^<>\0]*[^/\0]>[^<\0]*</f>)?\0</c>"
)
_EMPTY_CELL = re.compile(rb'<c r="[A-Z]{1,3}[1-9]\d{0,6}"(?: s="\d{1,5}")? ?/>')
_ROW_BEGINS = b"<row "
# what is left of a row, from its attributes on, with a NUL for each cell
_REST_OF_ROW = re.compile(rb'[\w:]+="[^"<>\0]*"(?: [\w:]+="[^"<>\0]*")*(?:/>|>[\s\0]*</row>)\s*')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([1-9]\d{0,6}):([A-Z]{1,3})([1-9]\d{0,6})"/>')
_LIST = re.compile(rb'<sheets>(?:<sheet(?: (?:name|sheetId|state|r:id)="[^"<>]*")+/>\s*)+</sheets>')
_WORKSHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_OF_WORKSHEET = "/relationships/worksheet"
_EPOCH = re.compile(rb"date1904=[\"']([^\"']*)")
_NUMBER = b"0123456789.-eE"
# formats of which everybody sees that they make no date of a number
_PLAIN_FORMATS = frozenset(
    f"id {number}" for number in (0, 1, 2, 3, 4, 9, 10, 11, 37, 38, 39, 40, 49)
)
# formats of which everybody sees that they show a day; before March 1900 programs count differently
_DAY = re.compile(r"(?:dd?([/.-])mm?\1yyyy|yyyy([/.-])mm?\2dd?)(?:;@)?")
_DAY_0, _FIRST_DAY = dt.date(1899, 12, 30), 61
_PLAIN_FORMAT = re.compile(r"[#0,.%_() ?;+-]+")

_TEXT_BEGINS, _SPACED_BEGINS, _TEXT_END = "<si><t>", '<si><t xml:space="preserve">', "</t></si>"
_TEXTS_BEGIN = re.compile(
    r'(?:<\?xml version="1\.0" encoding="(?i:utf-8)"(?: standalone="yes")?\?>\s*)?'
    r'<sst xmlns="http://schemas\.openxmlformats\.org/spreadsheetml/2006/main"[^<>]*>'
)
_ESCAPED = re.compile(r"_x[0-9A-Fa-f]{4}_")
_ODD_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")
_ODD_ENTITY_BYTES = re.compile(_ODD_ENTITY.pattern.encode())
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))

Rows = list[list[Any]]
Merged = list[tuple[tuple[int, int], tuple[int, int]]]
Typed = tuple[str, str, bytes]  # the epoch of dates, a number format, a number


class Content(NamedTuple):
    """What is in a sheet: its rows, texts of spaces left out; how many values a reader finds in it,
    these among them; how many cells of the rows are not empty; every text of the rows once."""

    rows: Rows
    values: int
    filled: int
    texts: set[str]


@dataclass(frozen=True)
class _Shape:
    """What sheets of the same XML have in common: how many rows and columns they have, which of
    their values are numbers, texts by their number, texts as they stand, and numbers of a format
    that may make them dates; and for each cell, row by row, which of the values in this order it
    has, or the empty text behind them all. `unseen` is what the reader does not see, once it was
    looked for."""

    height: int
    width: int
    numbers: bytes
    texts: bytes
    literals: bytes
    dates: bytes
    formats: list[str]  # of the dates
    cells: Callable[[Sequence[Any]], tuple[Any, ...]]
    merged: Merged
    unseen: Unseen | None = None

    def content(self, values: Sequence[bytes], book: PlainBook) -> Content | None:
        """The sheet with these values; None where one of them is for the reader to read."""
        typed, named = list(compress(values, self.numbers)), list(compress(values, self.texts))
        if len(values) != len(self.numbers) or b"".join(typed).strip(_NUMBER):
            return None
        if named and not b"".join(named).isdigit():
            return None
        try:
            numbers = list(map(float, typed))
            texts = list(map(book.texts.__getitem__, map(int, named)))
            literals = [literal.decode() for literal in compress(values, self.literals)]
            dates = [
                _date_of(book.epoch, code, value)
                for code, value in zip(self.formats, compress(values, self.dates), strict=True)
            ]
        except (ValueError, LookupError):
            return None
        if not math.isfinite(sum(numbers)):
            return None
        if any(literal != literal.strip() != "" for literal in literals):
            return None
        texts += literals
        distinct = set(texts)
        together = "\0".join(distinct)
        if "\r" in together or ("_x" in together and _ESCAPED.search(together)):
            return None  # lines that end in two ways, letters that are written by their numbers
        if "&" in together:
            if _ODD_ENTITY.search(together):
                return None
            texts = list(map(_without_entities, texts))
            distinct = set(texts)
        count = filled = len(values)
        if spaces := {text for text in distinct if not text or text.isspace()}:
            distinct -= spaces
            count -= texts.count("")
            texts = ["" if text in spaces else text for text in texts]
            filled -= texts.count("")
        cells = list(self.cells([*numbers, *texts, *dates, ""]))
        starts = range(0, self.height * self.width, self.width) if self.width else ()
        rows = [cells[at : at + self.width] for at in starts]
        return Content(rows, count, filled, distinct)


_shapes: dict[tuple[tuple[str, ...], bytes], _Shape] = {}
_dates: Remembered[Typed, Any] = Remembered()
_held = 0
_BYTES_OF_CELL = 16


def forget() -> None:
    """Forget all shapes and dates."""
    global _held
    _shapes.clear()
    _rows.clear()
    _dates.clear()
    _held = 0


def _date_of(epoch: str, code: str, value: bytes) -> Any:
    """What a number of a format of dates is; LookupError where only the reader knows."""
    found = _dates.get((epoch, code, value))
    if found is None:
        number = int(value) if value.isdigit() and len(value) < 6 else 0
        if number < _FIRST_DAY or epoch not in ("", "0", "false") or not _DAY.fullmatch(code):
            raise LookupError(value)
        found = _dates.keep((epoch, code, value), _DAY_0 + dt.timedelta(number))
    return found


class PlainSheet:
    """A sheet of a plain book; its `content` is None where the reader must read it."""

    def __init__(self, book: PlainBook, name: str, part: bytes, *, is_hidden: bool) -> None:
        self.name = name
        self.is_hidden = is_hidden
        self._book = book
        self._values: list[bytes] = []
        self._key = book.formats, b""
        self._shape: _Shape | None = None
        if len(part) <= LARGEST and b"\0" not in part:
            pieces = _VALUE.split(part)
            self._values = pieces[1::2]
            xml = b"\0".join(pieces[::2])
            self._key = book.formats, xml
            self._shape = _shapes.get(self._key) or _shape_of(xml, book.formats)
        self.content = self._content()

    @property
    def merged(self) -> Merged:
        return self._shape.merged if self._shape is not None else []

    @property
    def unseen(self) -> Unseen | None:
        """What a reader does not see; None where that was not looked for yet."""
        return self._shape.unseen if self._shape is not None else None

    def _content(self) -> Content | None:
        return self._shape.content(self._values, self._book) if self._shape is not None else None

    def keep(self, unseen: Unseen, read: Rows | None = None) -> None:
        """Keep the shape with what was unseen of it, for sheets of the same one; `read` are the
        rows where the reader read them: of it we learn dates."""
        global _held
        shape = self._shape
        if shape is None or unseen.raised:
            return
        if read is not None:
            cells = list(chain.from_iterable(read))
            if len(cells) != shape.height * shape.width:
                return
            place_of = shape.cells(range(len(self._values) + 1))
            values = dict(zip(place_of, cells, strict=False))
            dates = compress(self._values, shape.dates)
            first = len(self._values) - len(shape.formats)
            for place, (code, value) in enumerate(zip(shape.formats, dates, strict=True), first):
                _dates.keep((self._book.epoch, code, value), values[place])
            content = self._content()
            if content is None or content.rows != read:
                return
        if self._key not in _shapes:
            size = len(self._key[1]) + _BYTES_OF_CELL * shape.height * shape.width
            if _held + size > MOST_BYTES:
                forget()
            _held += size
            _shapes[self._key] = replace(shape, unseen=unseen)


def _shape_of(xml: bytes, formats: Sequence[str]) -> _Shape | None:
    """The shape of a sheet, from its XML with a NUL for each value; None where it is not plain."""
    before, _, rest = xml.partition(b"<sheetData>")
    table, _, after = rest.rpartition(b"</sheetData>")
    space, *each_row = table.split(_ROW_BEGINS)
    found = [_rows.get(xml_of_row) or _row_of(xml_of_row) for xml_of_row in each_row]
    table_rows = [row for row in found if row is not None]
    if (
        len(table_rows) < len(found)
        or space.strip()
        or xml.count(b"\0") != table.count(b"\0")  # every value is in the table
        or not _is_plain_frame(before, after)
    ):
        return None
    rows = list(chain.from_iterable(row.rows for row in table_rows))
    columns = list(chain.from_iterable(row.columns for row in table_rows))
    styled = list(chain.from_iterable(row.styled for row in table_rows))
    height, width = max(rows, default=0), max(columns, default=0)
    cells = [row * width - width + col - 1 for row, col in zip(rows, columns, strict=True)]
    if height * width > LARGEST or len(set(cells)) != len(cells):
        return None
    try:
        kind_of = {each: _kind_of(*each, formats) for each in set(styled)}
    except IndexError:
        return None  # a style that the workbook has not
    kinds = bytes([kind_of[each] for each in styled])
    masks = [kinds.translate(_IS_KIND[kind]) for kind in _KINDS]
    codes = [formats[int(style or 0)] for _, style in compress(styled, masks[_DATE])]
    merged = [
        ((int(top) - 1, _column(left) - 1), (int(bottom) - 1, _column(right) - 1))
        for left, top, right, bottom in _MERGED.findall(after)
    ]
    if len(merged) != after.count(b"<mergeCell "):
        return None

    in_order = [cell for mask in masks for cell in compress(cells, mask)]
    empty = len(cells)
    place_of = [empty] * (height * width)
    for place, cell in enumerate(in_order):
        place_of[cell] = place
    # one more twice, for an itemgetter of one gives no tuple; zip and slices leave them out
    getter = itemgetter(*place_of, empty, empty)
    return _Shape(height, width, masks[0], masks[1], masks[2], masks[3], codes, getter, merged)


class _Row(NamedTuple):
    """The cells of a row that have a value: the row and the column of each, its type and style."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    styled: tuple[tuple[bytes | None, bytes | None], ...]


_rows: Remembered[bytes, _Row] = Remembered()


def _row_of(xml: bytes) -> _Row | None:
    """A row of a shape, from what follows its `<row`; None where it is not plain. Tables of other
    lengths are sheets of other shapes, and have most of their rows in common."""
    pieces = _CELL.split(xml)
    count = len(pieces) // 5
    # every value is a cell's; the other cells are empty, and there is nothing but cells
    rest = _EMPTY_CELL.sub(b"\0", b"\0".join(pieces[::5])) if count == xml.count(b"\0") else b""
    if _REST_OF_ROW.fullmatch(rest) is None or _ODD_ENTITY_BYTES.search(xml) is not None:
        return None
    letters, numbers = pieces[1::5], pieces[2::5]
    row = _Row(
        tuple(map(int, numbers)),
        tuple(map(_column, letters)),
        tuple(zip(pieces[4::5], pieces[3::5], strict=True)),
    )
    return _rows.keep(xml, row) if len(xml) <= LONGEST_ROW else row


@lru_cache(maxsize=128)
def _is_plain_frame(before: bytes, after: bytes) -> bool:
    """Whether what stands around a sheet's table is well-formed XML that declares nothing."""
    return (
        _BEGIN.match(before) is not None
        and b"<!" not in before
        and b"<!" not in after
        and _ODD_ENTITY_BYTES.search(before) is None
        and _ODD_ENTITY_BYTES.search(after) is None
        and _is_well_formed(before + _NO_TABLE + after)
    )


def _is_well_formed(xml: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(xml, True)
    except (expat.ExpatError, LookupError, ValueError):  # also of an encoding
        return False
    return True


_column = lru_cache(maxsize=2**15)(column_number)
# what a value is; the values of a sheet are put in this order
_KINDS = _FIGURE, _TEXT, _LITERAL, _DATE = range(4)
_IS_KIND = [bytes(each == kind for each in range(256)) for kind in _KINDS]
_OF_TYPE = {None: _FIGURE, b"n": _FIGURE, b"s": _TEXT, b"str": _LITERAL}


def _kind_of(kind: bytes | None, style: bytes | None, formats: Sequence[str]) -> int:
    code = formats[int(style or 0)]
    found = _OF_TYPE[kind]
    return _DATE if found == _FIGURE and not _is_plain_format(code) else found


def _is_plain_format(code: str) -> bool:
    return code in _PLAIN_FORMATS or _PLAIN_FORMAT.fullmatch(code) is not None


# --- the workbook ---------------------------------------------------------------------------------


class PlainBook:
    """A workbook whose sheets may be plain: its list of sheets, its texts, its number formats."""

    def __init__(
        self,
        package: Package,
        listed: Sequence[ListedSheet],
        texts: Sequence[str],
        formats: tuple[str, ...],
        epoch: str,
    ) -> None:
        self.names = [sheet.name for sheet in listed]
        self.texts = texts
        self.formats = formats
        self.epoch = epoch
        self._listed = listed
        self._package = package

    def sheets(self, wanted: Sequence[str]) -> list[PlainSheet]:
        return [
            PlainSheet(self, s.name, self._package.part(s.part), is_hidden=s.is_hidden)
            for s in self._listed
            if s.name in wanted
        ]


def plain_book(package: Package) -> PlainBook | None:
    """The workbook of a package; None where what its sheets share is for the reader to read."""
    if package.kind != "xlsx" or has_external_links(package):
        return None
    workbook = package.part("xl/workbook.xml")
    listed = _plain_list(workbook, package.part("xl/_rels/workbook.xml.rels"))
    if not listed or any(sheet.part not in package.parts for sheet in listed):
        return None
    texts = _plain_texts(package.part("xl/sharedStrings.xml"))
    if texts is None:
        return None
    epoch = _EPOCH.search(workbook)
    formats = formats_of(package.part("xl/styles.xml"))
    if not formats:
        return None
    return PlainBook(package, listed, texts, formats, epoch[1].decode() if epoch else "")


@lru_cache(maxsize=64)
def _plain_list(workbook: bytes, relations: bytes) -> tuple[ListedSheet, ...] | None:
    """The sheets that a workbook lists; None where they are not plainly listed worksheets."""
    listed = sheets_of(workbook, relations)
    plain = _LIST.search(workbook)
    is_plain = (
        plain is not None
        and plain[0].count(b"<sheet ") == workbook.count(b"<sheet ") == len(listed)
        and workbook.count(b"<sheets>") == 1
        and b"<!" not in workbook
        and b"<!" not in relations
        and _is_well_formed(workbook)
        and _is_well_formed(relations)
        and len({sheet.name for sheet in listed}) == len({s.part for s in listed}) == len(listed)
        and all(_WORKSHEET.fullmatch(s.part) and s.kind.endswith(_OF_WORKSHEET) for s in listed)
    )
    return listed if is_plain else None


def _plain_texts(part: bytes) -> list[str] | None:
    """The shared texts as they are written; None where one is in several fonts, or written in
    another way than most."""
    if not part:
        return []
    if len(part) > LARGEST_TEXTS:
        return None
    try:
        text = part.decode()
    except UnicodeDecodeError:
        return None
    begin = _TEXTS_BEGIN.match(text)
    if begin is None:
        return None
    body, _, end = text[begin.end() :].rpartition(_TEXT_END)
    if end.strip() != "</sst>":
        return None
    # two tags before the first text and four between one and the next: there are no others
    texts = body.split(_TEXT_END + _TEXT_BEGINS)
    if body.startswith(_TEXT_BEGINS) and body.count("<") == 4 * len(texts) - 2:
        texts[0] = texts[0].removeprefix(_TEXT_BEGINS)
        bare = texts
    else:
        texts = body.split(_TEXT_END)
        begins = all(each.startswith((_TEXT_BEGINS, _SPACED_BEGINS)) for each in texts)
        if not begins or body.count("<") != 4 * len(texts) - 2:
            return None
        bare = [each[len(_TEXT_BEGINS) :] for each in texts if each.startswith(_TEXT_BEGINS)]
        texts = [each.removeprefix(_SPACED_BEGINS).removeprefix(_TEXT_BEGINS) for each in texts]
    # spaces around a text count where it says so
    return texts if list(map(str.strip, bare)) == bare else None


def _without_entities(text: str) -> str:
    if "&" not in text:
        return text
    for entity, letter in _ENTITIES:
        text = text.replace(entity, letter)
    return text
