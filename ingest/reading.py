"""What reading a file gives: its submissions with their cells, and what stood out about them.

Nothing is judged here: the rules in `expectations/` turn a cell's problem or a `Remark` into a
finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ingest.cells import CellColumns


@dataclass(frozen=True)
class Remark:
    """What stood out about a sheet, not about one cell's value: a rule, a place, details."""

    rule: str
    sheet: str
    row_no: int | None = None
    col_no: int | None = None
    detail: tuple[tuple[str, str], ...] = ()


class Area(NamedTuple):
    """A part of a sheet that holds a table of the form, or some of its lines. Every submission
    keeps its own as long as it is held, hence a tuple."""

    area_no: int
    table_no: int
    sheet: str


class AreaColumn(NamedTuple):
    """Which field of the table a sheet's column is. `unit_code` is the unit that the sheet states
    where that is another than the form's: the figures are in it."""

    area_no: int
    col_no: int
    field: str
    unit_code: str | None = None


class AreaRow(NamedTuple):
    """A row of data, with the line that it is where the form prints its lines. A list has hundreds
    of thousands, hence a tuple."""

    area_no: int
    row_no: int
    line_code: str | None


@dataclass(frozen=True, slots=True)
class CellCount:
    """How many cells and numbers were read, what the numbers add up to exactly, and how many rows
    and columns the cells lie in."""

    cells: int
    numbers: int
    total: Decimal
    rows: int = 0
    columns: int = 0


@dataclass(frozen=True)
class ReadSubmission:
    """One form of one file, as read: identity, areas and every cell in them.

    `columns`, `rows` and `cells` are left out where they were written to a file of their own;
    `count` then counts them.
    """

    form: str
    version: int
    named_unit_code: str | None
    period_key: str | None
    cutoff_date: date | None
    areas: tuple[Area, ...]
    columns: tuple[AreaColumn, ...]
    rows: tuple[AreaRow, ...]
    cells: CellColumns
    remarks: tuple[Remark, ...]
    cells_outside: int
    is_simulated: bool = False
    count: CellCount | None = None

    @property
    def sheet(self) -> str:
        """The sheet that the form begins on."""
        return self.areas[0].sheet if self.areas else ""


@dataclass(frozen=True)
class UnreadSheet:
    """A sheet that was meant to be a form: its name, the form it comes nearest, what it lacks."""

    sheet: str
    nearest_title: str
    missing_headers: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """What a unit wrote beside a finding in a workbook that we had marked. `place_key` is the
    finding's place, the same in every file of that unit, form and period; `text` is a stranger's,
    at most 2,000 characters."""

    place_key: str
    text: str


@dataclass(frozen=True)
class ReadFile:
    """Everything read from one file. `unread_sheets` carry a form's title or most of its headers,
    and are none; `nearest` says what came near where no form was found at all."""

    submissions: tuple[ReadSubmission, ...]
    nearest_title: str | None
    missing_headers: tuple[str, ...]
    cells_seen: int
    unread_sheets: tuple[UnreadSheet, ...] = ()
    explanations: tuple[Explanation, ...] = ()
