"""One hostile file to sheets of cells. Runs in a child process only (see sandbox.py).

Look before opening (package.py); what is written plainly is read from the XML (plain_sheets.py),
the rest by the reader; then what the reader cannot see (second_look.py). A sheet is rows of plain
values from A1, as the reader gives them: bulk work is done on whole rows and columns, a `Cell` is
made only where one is asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from io import BytesIO
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from ingest.identity import GUIDE_SHEET, IDENTITY_SHEET, LISTS_SHEET
from ingest.normalise import clean
from ingest.package import MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, Unreadable, look
from ingest.plain_sheets import plain_book
from ingest.second_look import Unseen, look_again


class Odd:
    """A cell that the reader gives as empty though it is not: an error, or a formula without a
    value. `rule` is the finding that it is."""

    __slots__ = ("rule", "text")

    def __init__(self, rule: str, text: str) -> None:
        self.rule = rule
        self.text = text


@dataclass(frozen=True)
class Cell:
    """One cell that is not empty. kind: text | number | date | bool | error | formula (one that
    was never calculated)."""

    kind: str
    text: str
    number: float | None = None


@dataclass
class Sheet:
    """One sheet. `rows` begin at A1 and are of one length; '' is an empty cell.

    `merged` are ranges of (row, column) from 0, both ends inclusive; None where the format does
    not tell. `percents` (from 1) are None where no number format can be seen.
    """

    name: str
    rows: list[list[Any]] = field(default_factory=list)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] | None = None
    is_hidden: bool = False
    unseen: Unseen = field(default_factory=Unseen)
    # texts that were decoded or completed after reading, as they were typed, by address from 1
    typed: dict[tuple[int, int], str] = field(default_factory=dict)
    encodings: set[str] = field(default_factory=set)
    values: int = field(init=False)  # how many cells the reader found
    # these, how many are not empty, and every text once, where that is known and texts of spaces
    # are left out already
    found: InitVar[tuple[int, int, set[str]] | None] = None

    def __post_init__(self, found: tuple[int, int, set[str]] | None) -> None:
        if found is not None:
            self.values, self.filled, self.distinct_texts = found
            return
        # a cell of spaces only (a formula that shows nothing gives one) is an empty cell
        self.values = self.filled
        spaces = {text for text in self.distinct_texts if text.isspace()}
        if spaces:
            for row in self.rows:
                if not spaces.isdisjoint(row):
                    row[:] = ["" if value in spaces else value for value in row]
            self._forget()

    @property
    def last_row(self) -> int:
        return len(self.rows)

    @property
    def last_column(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def value(self, row: int, col: int) -> Any:
        """The plain value at an address counted from 1; '' outside."""
        if 0 < row <= len(self.rows) and 0 < col <= len(self.rows[row - 1]):
            return self.rows[row - 1][col - 1]
        return ""

    def cell(self, row: int, col: int) -> Cell | None:
        return cell_of(self.value(row, col))

    def text(self, row: int, col: int) -> str:
        value = self.value(row, col)
        if type(value) is str:
            return value
        cell = cell_of(value)
        return cell.text if cell else ""

    # both go through the cells in the order in which they lie in memory: half the time of columns

    @cached_property
    def filled(self) -> int:
        """How many cells are not empty."""
        return sum(map(len, self.rows)) - sum(map(list.count, self.rows, repeat("")))

    @cached_property
    def distinct_texts(self) -> set[str]:
        """Every text of the sheet, once."""
        distinct = set(chain.from_iterable(self.rows))
        return {value for value in distinct if type(value) is str and value}

    def texts(self, first: int = 1, end: int | None = None) -> list[tuple[int, int, str]]:
        """Every text with its row and column, in their order: of the rows from `first` to before
        `end`, or to the last one."""
        rows = self.rows[first - 1 : end - 1 if end is not None else None]
        return [
            (row_no, col_no, value)
            for row_no, row in enumerate(rows, start=first)
            for col_no, value in enumerate(row, start=1)
            if type(value) is str and value
        ]

    def put(self, values: Mapping[tuple[int, int], Any]) -> None:
        """Put other values into cells of the sheet, by row and column from 1."""
        for (row_no, col_no), value in values.items():
            self.rows[row_no - 1][col_no - 1] = value
        self._forget()

    def retype(self, texts: Mapping[tuple[int, int], str]) -> None:
        """Put other words for texts, and keep what was typed."""
        for row_no, col_no in texts:
            self.typed.setdefault((row_no, col_no), self.rows[row_no - 1][col_no - 1])
        self.put(texts)

    def _forget(self) -> None:
        """What was worked out of cells that have changed since."""
        for name in ("filled", "distinct_texts", "cells"):
            self.__dict__.pop(name, None)

    @cached_property
    def cells(self) -> dict[tuple[int, int], Cell]:
        """Every cell that is not empty, by (row, column) from 1: for drawing a sheet."""
        return {
            (row_no, col_no): cell
            for row_no, row in enumerate(self.rows, start=1)
            for col_no, value in enumerate(row, start=1)
            if value != "" and (cell := cell_of(value)) is not None
        }


def cell_of(value: Any) -> Cell | None:
    """A plain value as a cell; None for what is empty."""
    if value == "":
        return None
    if isinstance(value, str):
        return Cell("text", value) if clean(value) else None
    if isinstance(value, bool):
        return Cell("bool", "TRUE" if value else "FALSE")
    if isinstance(value, int | float):
        return Cell("number", f"{value:.15g}", float(value))
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return Cell("date", value.isoformat())
    if isinstance(value, Odd):
        return Cell("error" if value.rule == "error_cell" else "formula", value.text)
    return Cell("date", str(value))  # a timedelta


def read_workbook(path: Path) -> list[Sheet]:
    """All sheets of a workbook, hidden ones too. Raises Unreadable."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Unreadable("too_large")
    return read_sheets(path.read_bytes())


def read_sheets(content: bytes, *, all_sheets: bool = True) -> list[Sheet]:
    """All sheets of a workbook given as bytes; without `all_sheets`, not the lists and the guide of
    a template of ours. Raises Unreadable."""
    package = look(content)
    book = plain_book(package)
    listed = book.sheets(_wanted(book.names, all_sheets)) if book is not None else []
    plain = {each.name: each for each in listed}
    done = {
        name: Sheet(name, found.rows, each.merged, each.is_hidden, found=found[1:])
        for name, each in plain.items()
        if (found := each.content) is not None
    }
    is_done = bool(done) and len(done) == len(plain)
    sheets = list(done.values()) if is_done else list(_read(content, all_sheets, done))
    if not sheets:
        raise Unreadable("no_sheets")
    if any(sheet.last_row > MAX_ROWS or sheet.last_column > MAX_COLUMNS for sheet in sheets):
        raise Unreadable("damaged")  # cells where no workbook has any
    unseen = {name: known for name in done if (known := plain[name].unseen) is not None}
    new = {sheet.name: sheet for sheet in sheets if sheet.name not in unseen}
    if new:
        unseen |= look_again(package, {name: sheet.values for name, sheet in new.items()})
    for name in new.keys() & plain.keys():
        plain[name].keep(unseen[name], None if name in done else new[name].rows)
    for sheet in sheets:
        if sheet.name in unseen:
            sheet.unseen = unseen[sheet.name]
            _put_odd_cells(sheet)
            _mark_raised_digits(sheet)
    return sheets


def _wanted(names: Sequence[str], all_sheets: bool) -> list[str]:
    """Not the lists and the guide of a template of ours, unless all sheets are wanted."""
    if all_sheets or IDENTITY_SHEET not in names:
        return list(names)
    return [name for name in names if name not in (LISTS_SHEET, GUIDE_SHEET)]


def _read(content: bytes, all_sheets: bool, done: Mapping[str, Sheet]) -> Iterator[Sheet]:
    """The sheets in their order, those that are done as they are."""
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        wanted = _wanted(book.sheet_names, all_sheets)
        for meta in book.sheets_metadata:
            if meta.typ not in (SheetTypeEnum.WorkSheet, SheetTypeEnum.DialogSheet):
                continue
            if meta.name not in wanted:
                continue
            if meta.name in done:
                yield done[meta.name]
                continue
            sheet = book.get_sheet_by_name(meta.name)
            rows = sheet.to_python(skip_empty_area=False)
            is_hidden = meta.visible != SheetVisibleEnum.Visible
            yield Sheet(meta.name, rows, sheet.merged_cell_ranges, is_hidden)
    except PasswordError as error:
        raise Unreadable("encrypted") from error
    except CalamineError as error:
        raise Unreadable("damaged") from error


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _mark_raised_digits(sheet: Sheet) -> None:
    """`1.234¹` whose 1 only a raised font tells from a digit: write it as what it is."""
    marked = {
        place: base + raised.translate(_RAISED)
        for place, (base, raised) in sheet.unseen.raised.items()
        if sheet.value(*place) == base + raised
    }
    if marked:
        sheet.retype(marked)


def _put_odd_cells(sheet: Sheet) -> None:
    odd = {place: Odd("error_cell", text) for place, text in sheet.unseen.errors.items()}
    odd |= {
        place: Odd("formula_without_value", text)
        for place, text in sheet.unseen.uncalculated.items()
    }
    if not odd:
        return
    width = max(sheet.last_column, *(col for _, col in odd))
    if width > sheet.last_column:
        for row in sheet.rows:
            row.extend([""] * (width - len(row)))
    for row_no, _ in odd:
        while len(sheet.rows) < row_no:
            sheet.rows.append([""] * width)
    sheet.put({place: mark for place, mark in odd.items() if sheet.value(*place) == ""})
