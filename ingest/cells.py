"""The cells of a form's tables, column by column: what extraction fills and everything else reads.

Bulk work stays in columns (`CellColumns`, then an Arrow table, then raw.cell); a `ReadCell` is made
only where a rule looks at one cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

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


@dataclass
class CellColumns:
    """Many cells, one list a property. A number is a float where it was typed as one (`floats`),
    else the exact decimal of its text (`exacts`, with its last printed digit in `steps`)."""

    areas: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    states: list[int] = field(default_factory=list)
    floats: list[float | None] = field(default_factory=list)
    exacts: list[str | None] = field(default_factory=list)
    steps: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    codes: list[str | None] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.areas)

    def lists(self) -> tuple[list[Any], ...]:
        return (
            self.areas, self.rows, self.columns, self.states, self.floats, self.exacts,
            self.steps, self.texts, self.codes, self.problems,
        )  # fmt: skip

    def add_column(
        self,
        area: int,
        rows: Sequence[int],
        column: int,
        states: list[int],
        *,
        floats: list[float | None] | None = None,
        exacts: list[str | None] | None = None,
        steps: list[str | None] | None = None,
        texts: list[str | None] | None = None,
        codes: list[str | None] | None = None,
        problems: list[str | None] | None = None,
    ) -> None:
        """One column of one area; a list that is not given is empty throughout."""
        size = len(rows)
        nothing: list[None] = [None] * size
        self.areas += [area] * size
        self.rows += rows
        self.columns += [column] * size
        self.states += states
        self.floats += floats or nothing
        self.exacts += exacts or nothing
        self.steps += steps or nothing
        self.texts += texts or nothing
        self.codes += codes or nothing
        self.problems += problems or nothing

    def extend(self, other: CellColumns) -> None:
        for mine, its in zip(self.lists(), other.lists(), strict=True):
            mine += its

    def part(self, start: int, end: int) -> CellColumns:
        """The cells from a place to another; all of them as they are."""
        if start == 0 and end >= len(self):
            return self
        return CellColumns(*(values[start:end] for values in self.lists()))

    def __iter__(self) -> Iterator[ReadCell]:
        """Every cell by itself, row by row as they stand in the sheet."""
        order = sorted(range(len(self)), key=lambda n: (self.areas[n], self.rows[n]))
        for n in order:
            number, step = number_of(self.floats[n], self.exacts[n], self.steps[n])
            yield ReadCell(
                self.areas[n],
                self.rows[n],
                self.columns[n],
                STATES[self.states[n]],
                number,
                step,
                self.texts[n],
                self.codes[n],
                self.problems[n],
            )


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
