"""One hostile file to a grid of cells. Runs in a child process only (see sandbox.py).

Look before opening: what the bytes say it is, then the zip directory, then the reader. What is
refused is refused with a reason code of `REASONS`; the sentence an officer reads is in
`expectations/sentences.yml`.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from ingest.normalise import clean

MAX_FILE_BYTES = 100 * 2**20
MAX_INFLATED_BYTES = 400 * 2**20
MAX_RATIO = 200
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_DECLARED_CELLS = 20_000_000

ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

REASONS = (
    "empty_file",
    "not_a_workbook",
    "encrypted",
    "too_large",
    "bomb",
    "damaged",
    "no_sheets",
    "timeout",
    "crashed",
)


class Unreadable(Exception):
    """A file that cannot be read; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Cell:
    """One cell that is not empty. kind: text | number | date | bool | error | formula (one that
    was never calculated)."""

    kind: str
    text: str
    number: float | None = None


@dataclass
class Sheet:
    """One sheet: cells by (row, column), both counted from 1."""

    name: str
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def text(self, row: int, col: int) -> str:
        cell = self.cells.get((row, col))
        return cell.text if cell else ""

    @property
    def last_row(self) -> int:
        return max((row for row, _ in self.cells), default=0)

    @property
    def last_column(self) -> int:
        return max((col for _, col in self.cells), default=0)


def read_workbook(path: Path) -> list[Sheet]:
    """All sheets of a workbook, hidden ones too. Raises Unreadable."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("empty_file")
    if size > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    content = path.read_bytes()
    unseen: dict[str, dict[tuple[int, int], Cell]] = {}
    if content.startswith(ZIP_MAGIC):
        _look_into_zip(content)
        unseen = _unseen_cells(content)
    elif content.startswith(OLE_MAGIC):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Unreadable("encrypted")
    else:
        raise Unreadable("not_a_workbook")
    sheets = list(_read_sheets(content))
    if not sheets:
        raise Unreadable("no_sheets")
    for sheet in sheets:
        sheet.cells.update(unseen.get(sheet.name, {}))
    return sheets


def _look_into_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            inflated = sum(entry.file_size for entry in entries)
            if len(set(names)) != len(names):
                raise Unreadable("damaged")
            if inflated > MAX_INFLATED_BYTES or inflated > MAX_RATIO * max(len(content), 4096):
                raise Unreadable("bomb")
            if any(entry.flag_bits & 1 for entry in entries):
                raise Unreadable("encrypted")
            if not any(
                name.endswith(("workbook.xml", "workbook.bin", "content.xml")) for name in names
            ):
                raise Unreadable("not_a_workbook")
            for name in names:
                if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                    _refuse_huge_dimension(archive.open(name).read(2048))
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        raise Unreadable("damaged") from error


def _refuse_huge_dimension(head: bytes) -> None:
    """A 2 KB file may claim a table that would need hundreds of gigabytes."""
    if match := re.search(rb'<(?:\w+:)?dimension ref="[A-Z]+\d+:([A-Z]+)(\d+)"', head):
        column = 0
        for letter in match[1]:
            column = 26 * column + letter - 64
        if column * int(match[2]) > MAX_DECLARED_CELLS:
            raise Unreadable("bomb")


# a formula whose cell ends without a value (with t="str" it gave an empty text)
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c(?![^>]*\st=\"str\")[^>]*>\s*"
    rb"<(?:\w+:)?f(?:/>|[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*(?:<v\s*/>|<v></v>)?\s*</(?:\w+:)?c>"
)


def _unseen_cells(content: bytes) -> dict[str, dict[tuple[int, int], Cell]]:
    """Cells that calamine reads as empty though they are not: #N/A and the like, and formulas
    that were never calculated. A slow look, so only when a byte search says that there are any."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = [
            archive.read(name)
            for name in archive.namelist()
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)
        ]
    has_errors = any(b't="e"' in part for part in parts)
    has_formulas = any(_UNCALCULATED.search(part) for part in parts)
    if not has_errors and not has_formulas:
        return {}
    import openpyxl

    found: dict[str, dict[tuple[int, int], Cell]] = {}
    values = openpyxl.load_workbook(BytesIO(content), data_only=True, keep_links=False)
    for sheet in values.worksheets:
        cells = (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "e")
        found[sheet.title] = {_place(cell): Cell("error", str(cell.value)) for cell in cells}
    if has_formulas:
        formulas = openpyxl.load_workbook(BytesIO(content), keep_links=False)
        for sheet in formulas.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    calculated = values[sheet.title].cell(*_place(cell))
                    is_empty_text = calculated.data_type == "str"
                    if cell.data_type == "f" and calculated.value is None and not is_empty_text:
                        found[sheet.title][_place(cell)] = Cell("formula", str(cell.value))
    return found


def _place(cell: Any) -> tuple[int, int]:
    return int(cell.row), int(cell.column)


def _read_sheets(content: bytes) -> Iterator[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        for name in book.sheet_names:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            sheet = Sheet(name)
            for row_no, row in enumerate(rows, start=1):
                for col_no, value in enumerate(row, start=1):
                    if value != "" and (cell := _cell(value)) is not None:
                        sheet.cells[row_no, col_no] = cell
            yield sheet
    except CalamineError as error:
        raise Unreadable("damaged") from error


def _cell(value: object) -> Cell | None:
    if isinstance(value, bool):
        return Cell("bool", "TRUE" if value else "FALSE")
    if isinstance(value, int | float):
        return Cell("number", f"{value:.15g}", float(value))
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return Cell(
            "date", value.isoformat() if not isinstance(value, dt.timedelta) else str(value)
        )
    text = str(value)
    return Cell("text", text) if clean(text) else None
