"""The cells of a form's tables, column by column: what extraction fills and everything else reads.

Bulk work stays in columns (`CellColumns`, then an Arrow table, then raw.cell); a `ReadCell` is made
only where a rule looks at one cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeVar

from ingest.normalise import (
    BLANK,
    CODE,
    NONE,
    NOT_APPLICABLE,
    NOT_COLLECTED,
    NUMBER,
    TEXT,
    UNREAD,
    read_number_float,
)

STATES = (BLANK, NUMBER, TEXT, CODE, NONE, NOT_APPLICABLE, NOT_COLLECTED, UNREAD)
STATE_NO = {state: number for number, state in enumerate(STATES)}


@dataclass(frozen=True)
class ReadCell:
    """One cell of a form's table (raw.cell), its address as row and column from 1.

    `area_no` is the area of the sheet that it lies in: a table, or a part of one.
    """

    area_no: int
    row_no: int
    col_no: int
    state: str
    number: Decimal | None = None
    printed_step: Decimal | None = None
    text: str | None = None
    code: str | None = None
    problem: str | None = None


class CellColumn(NamedTuple):
    """The cells of one column of one area, one list a property; None for what no cell has."""

    area: int
    rows: Sequence[int]
    column: int
    states: Sequence[int]
    floats: Sequence[float | None] | None = None
    exacts: Sequence[str | None] | None = None
    steps: Sequence[str | None] | None = None
    texts: Sequence[str | None] | None = None
    codes: Sequence[str | None] | None = None
    problems: Sequence[str | None] | None = None

    def part(self, start: int, end: int) -> CellColumn:
        """The cells from a place to another; all of them as they are."""
        if start == 0 and end >= len(self.rows):
            return self
        here = slice(start, end)
        return CellColumn(
            self.area,
            self.rows[here],
            self.column,
            self.states[here],
            self.floats and self.floats[here],
            self.exacts and self.exacts[here],
            self.steps and self.steps[here],
            self.texts and self.texts[here],
            self.codes and self.codes[here],
            self.problems and self.problems[here],
        )


@dataclass
class CellColumns:
    """Many cells, column by column. A number is a float where it was typed as one (`floats`),
    else the exact decimal of its text (`exacts`, with its last printed digit in `steps`)."""

    columns: list[CellColumn] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(column.rows) for column in self.columns)

    def add_column(
        self,
        area: int,
        rows: Sequence[int],
        column: int,
        states: Sequence[int],
        *,
        floats: Sequence[float | None] | None = None,
        exacts: Sequence[str | None] | None = None,
        steps: Sequence[str | None] | None = None,
        texts: Sequence[str | None] | None = None,
        codes: Sequence[str | None] | None = None,
        problems: Sequence[str | None] | None = None,
    ) -> None:
        """One column of one area; a list that is not given is empty throughout."""
        self.columns.append(
            CellColumn(
                area, rows, column, states, floats or None, exacts or None, steps or None,
                texts or None, codes or None, problems or None,
            )
        )  # fmt: skip

    def count(self, state: int) -> int:
        """How many cells are in a state."""
        return sum(column.states.count(state) for column in self.columns)

    def figures(self) -> list[tuple[object, ...]]:
        """What was typed in every cell, column by column: no places, and nothing of no cell."""
        found: list[tuple[object, ...]] = []
        for each in self.columns:
            nothing = [None] * len(each.rows)
            found += zip(
                each.states, each.floats or nothing, each.exacts or nothing,
                each.texts or nothing, each.codes or nothing, strict=True,
            )  # fmt: skip
        return found

    def __iter__(self) -> Iterator[ReadCell]:
        """Every cell by itself, row by row as they stand in the sheet."""
        cells = [(column, place) for column in self.columns for place in range(len(column.rows))]
        cells.sort(key=lambda each: (each[0].area, each[0].rows[each[1]]))
        for column, n in cells:
            number, step = number_of(
                _at(column.floats, n), _at(column.exacts, n), _at(column.steps, n)
            )
            yield ReadCell(
                column.area,
                column.rows[n],
                column.column,
                STATES[column.states[n]],
                number,
                step,
                _at(column.texts, n),
                _at(column.codes, n),
                _at(column.problems, n),
            )


Value = TypeVar("Value")


def _at(values: Sequence[Value | None] | None, place: int) -> Value | None:
    return None if values is None else values[place]


def number_of(
    typed: float | None, exact: str | None, step: str | None
) -> tuple[Decimal | None, Decimal | None]:
    """Value and last printed digit of a number cell."""
    if exact is not None:
        return Decimal(exact), Decimal(step) if step is not None else None
    if typed is None:
        return None, None
    reading = read_number_float(typed)
    return reading.value, reading.step
