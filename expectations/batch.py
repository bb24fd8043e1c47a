"""A batch: every cell of every submission of one form in a build, and what breaks which rule.

Rules (residuals.py) look at its rows and mark its places; Great
Expectations asserts what they marked (suites.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from expectations.interval import Interval, printed
from expectations.numbers import cell_address
from ingest import reference
from ingest.cells import ReadCell
from ingest.contract import Column, Contract, Table
from ingest.normalise import CODE, NONE, NUMBER, UNREAD
from ingest.reading import ReadSubmission
from ingest.reference import Line, lines_by_code


@dataclass(frozen=True)
class Place:
    """What a residual belongs to: a cell, or a remark about a sheet (row, column may be None)."""

    submission_no: int
    sheet: str
    row_no: int | None
    col_no: int | None
    value: str | None = None

    @property
    def address(self) -> str | None:
        if self.row_no is None or self.col_no is None:
            return None
        return cell_address(self.row_no, self.col_no)


@dataclass
class Breach:
    """Why a residual is above 0: what fills the sentence, the cells looked at, the severity."""

    detail: dict[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    severity: str | None = None
    sentence: str | None = None  # its own words, where they are not the rule's


@dataclass
class Batch:
    """One form of one build: a place a row, a residual column a rule, a breach where above 0."""

    contract: Contract
    places: list[Place]
    residuals: dict[str, list[float | None]]
    breaches: dict[tuple[int, str], Breach]
    submissions: dict[int, ReadSubmission] = field(default_factory=dict)

    def frame(self) -> pl.DataFrame:
        """`cell_id` (row number) and one Float64 column a rule."""
        return pl.DataFrame(
            {"cell_id": range(len(self.places))} | self.residuals,
            schema={"cell_id": pl.Int64} | dict.fromkeys(self.residuals, pl.Float64),
        )


@dataclass(frozen=True)
class Row:
    """One row of a table with its cells by field."""

    submission_no: int
    sheet: str
    table_no: int
    table: Table
    row_no: int
    line_code: str | None
    cells: dict[str, tuple[int, ReadCell]]

    @property
    def key(self) -> tuple[str | None, ...]:
        """What names a record: the codes or texts of the key's cells."""
        cells = (self.cell(name) for name in self.table.rows.key)
        return tuple((cell.code or cell.text) if cell else None for cell in cells)

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What names the row in every period: its line, or its record's key."""
        return (self.line_code,) if self.line_code else self.key

    def code(self, name: str) -> str | None:
        return self.cells[name][1].code if name in self.cells else None

    @property
    def unit_code(self) -> str | None:
        """The unit that the row's figures are in: as typed, else its line's."""
        typed = self.cell("unit")
        if typed is not None and typed.state in (CODE, UNREAD):
            return typed.code
        return self.line.unit_code if self.line is not None else None

    @property
    def is_by_value(self) -> bool:
        """Whether a line without a unit of its own says "USD" for its unit: what the table's
        amounts are in. Such a line is reported by value only."""
        typed = self.code("unit")
        if typed is None or self.line is None or self.line.unit_code is not None:
            return False
        units = reference.units()
        amounts = {
            units[column.unit].base_code
            for column in self.table.columns
            if column.role == "value" and column.unit is not None
        }
        return units[typed].base_code in amounts

    @property
    def line(self) -> Line | None:
        """The printed line that the row is; None for a record."""
        if self.line_code is None or self.table.rows.list is None:
            return None
        return lines_by_code(self.table.rows.list).get(self.line_code)

    def cell(self, name: str) -> ReadCell | None:
        return self.cells[name][1] if name in self.cells else None

    def interval(self, column: Column) -> Interval | None:
        """What the value may be, in the unit typed; None where there is no number."""
        cell = self.cell(column.field)
        if cell is None:
            return None
        if cell.state == NONE:
            return Interval.exactly(0)
        if cell.state != NUMBER or cell.number is None:
            return None
        comparator = (self.code(column.comparator) if column.comparator else None) or "="
        upper = self.cell(column.upper) if column.upper else None
        high = float(upper.number) if upper is not None and upper.number is not None else None
        value = float(cell.number)
        if high is not None and high < value:
            return None
        step = float(cell.printed_step or 0)
        if column.unit == "vnd":  # whole đồng are exact
            step = 0
        return printed(value, step, comparator, high)


def _residuals(batch: Batch, rule: str) -> list[float | None]:
    return batch.residuals.setdefault(rule, [None] * len(batch.places))


def mark(
    batch: Batch, rule: str, place: int, residual: float, breach: Breach | None = None
) -> None:
    column = _residuals(batch, rule)
    column[place] = max(residual, column[place] or 0.0)
    if residual > 0:
        batch.breaches[place, rule] = breach or Breach()
