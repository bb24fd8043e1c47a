"""Cells as an Arrow table: what the reading processes write and raw.cell is loaded from.

Numbers typed as numbers are a whole mantissa and a scale, so that no decimal passes through a
float. Whole lists become columns; a huge one becomes them a piece at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.cells import CellColumn, CellColumns
from ingest.decimals import LARGEST, decimals_of
from ingest.normalise import read_number_float
from ingest.reading import CellCount

PIECE = 2**18  # a huge list is not held twice
EXACT_DIGITS = 80  # a sum of numbers of 38 digits, however many
SCHEMA = pa.schema(
    [
        ("file_no", pa.int32()),  # place of the file in the list that was read
        ("submission_in_file", pa.int16()),  # from 0
        ("area_no", pa.int16()),
        ("row_no", pa.int32()),
        ("col_no", pa.int16()),
        ("state_no", pa.int8()),
        ("mantissa", pa.int64()),
        ("scale", pa.int8()),
        ("exact", pa.string()),
        ("step", pa.string()),
        ("text", pa.string()),
        ("code", pa.string()),
        ("problem", pa.string()),
    ]
)


Owner = tuple[int, int]  # number of the file, and place of the submission in it


@dataclass
class Piece:
    """So many cells as are turned into Arrow at a time, and whose they are."""

    columns: list[CellColumn] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)
    size: int = 0

    def add(self, owner: Owner, column: CellColumn) -> None:
        self.columns.append(column)
        self.owners.append(owner)
        self.size += len(column.rows)

    def spans(self) -> tuple[list[Owner], list[int]]:
        """Whose the cells are, and from which place on."""
        owners: list[Owner] = []
        starts: list[int] = []
        start = 0
        for owner, column in zip(self.owners, self.columns, strict=True):
            if not owners or owner != owners[-1]:
                owners.append(owner)
                starts.append(start)
            start += len(column.rows)
        return owners, starts


def pieces_of(parts: Iterable[tuple[int, int, CellColumns]]) -> Iterator[Piece]:
    """The cells of many submissions, or of a huge one, a piece at a time."""
    piece = Piece()
    for number, place, cells in parts:
        owner = number, place
        for column in cells.columns:
            if piece.size + len(column.rows) <= PIECE:
                piece.add(owner, column)
                continue
            for start in range(0, len(column.rows), PIECE):
                part = column.part(start, start + PIECE)
                if piece.size and piece.size + len(part.rows) > PIECE:
                    yield piece
                    piece = Piece()
                piece.add(owner, part)
    if piece.size:
        yield piece


def added(one: CellCount | None, other: CellCount) -> CellCount:
    if one is None:
        return other
    with localcontext(prec=EXACT_DIGITS):
        total = one.total + other.total
    return CellCount(one.cells + other.cells, one.numbers + other.numbers, total)


def count_cells(cells: CellColumns) -> CellCount:
    """Count cells that are held in memory."""
    if not len(cells):
        return CellCount(0, 0, Decimal(0))
    [count] = numbers_of(cells.columns).counts([0])
    return count


@dataclass
class Numbers:
    """The numbers of many cells: mantissa and scale, or (`scale` -1) an exact text, or none."""

    mantissas: npt.NDArray[np.int64]
    scales: npt.NDArray[np.int8]
    exacts: list[str | None] | None
    steps: list[str | None] | None

    def counts(self, starts: Sequence[int]) -> list[CellCount]:
        """The cells from each of these places to the next, which is further on."""
        size = len(self.scales)
        numbers, totals = [0] * len(starts), [Decimal(0)] * len(starts)
        with localcontext(prec=EXACT_DIGITS):
            for scale in np.unique(self.scales[self.scales >= 0]).tolist():
                is_of = self.scales == scale
                found = np.add.reduceat(is_of, starts, dtype=np.int64).tolist()
                # two halves of a mantissa: neither of their sums leaves 64 bits
                mantissas = np.where(is_of, self.mantissas, 0)
                high = np.add.reduceat(mantissas >> 32, starts).tolist()
                low = np.add.reduceat(mantissas & 0xFFFFFFFF, starts).tolist()
                for place, count in enumerate(found):
                    if count:
                        numbers[place] += count
                        total = Decimal((high[place] << 32) + low[place])
                        totals[place] += total.scaleb(-scale)
            if self.exacts is not None:
                ends = [*starts[1:], size]
                for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
                    for exact in filter(None, self.exacts[start:end]):
                        numbers[place] += 1
                        totals[place] += Decimal(exact)
        sizes = np.diff([*starts, size]).tolist()
        return [CellCount(*each) for each in zip(sizes, numbers, totals, strict=True)]


def numbers_of(columns: Sequence[CellColumn]) -> Numbers:
    """Numbers typed as numbers become exact decimals; those that do not fit stay texts."""
    size = sum(len(column.rows) for column in columns)
    # None becomes NaN, which no cell holds (figures.py)
    floats = np.array(_joined(columns, attrgetter("floats")) or [None] * size, np.float64)
    at = np.flatnonzero(np.isfinite(floats))
    typed = floats[at]
    is_large = np.abs(typed) >= LARGEST
    mantissas, scales = decimals_of(np.where(is_large, 0.0, typed))
    scales[is_large] = -1
    exacts = _joined(columns, attrgetter("exacts"))
    steps = _joined(columns, attrgetter("steps"))
    for place in np.flatnonzero(scales < 0):
        reading = read_number_float(float(typed[place]))
        if reading.value is not None and reading.step is not None:
            exacts, steps = exacts or [None] * size, steps or [None] * size
            exacts[at[place]] = f"{reading.value:f}"
            steps[at[place]] = f"{reading.step:f}"
    all_mantissas = np.zeros(size, np.int64)
    all_scales = np.full(size, -1, np.int8)
    all_mantissas[at], all_scales[at] = mantissas, scales
    return Numbers(all_mantissas, all_scales, exacts, steps)


Value = TypeVar("Value")


def _joined(
    columns: Sequence[CellColumn], of: Callable[[CellColumn], Sequence[Value | None] | None]
) -> list[Value | None] | None:
    """One property of many cells; None where none of them has it."""
    given = list(map(of, columns))
    if not any(given):
        return None
    found: list[Value | None] = []
    for column, values in zip(columns, given, strict=True):
        found += [None] * len(column.rows) if values is None else values
    return found


def table_of_piece(piece: Piece, numbers: Numbers) -> pa.Table:
    columns, size = piece.columns, piece.size
    sizes = [len(column.rows) for column in columns]
    nothing = numbers.scales < 0

    def repeated(values: Iterable[int], kind: type[np.signedinteger[Any]]) -> pa.Array:
        return pa.array(np.repeat(np.fromiter(values, kind), sizes))

    def strings(values: list[str | None] | None) -> pa.Array:
        return pa.nulls(size, pa.string()) if values is None else pa.array(values, pa.string())

    # the columns of an area share their rows
    rows: dict[int, npt.NDArray[np.int32]] = {}
    for column in columns:
        if id(column.rows) not in rows:
            rows[id(column.rows)] = np.array(column.rows, np.int32)
    return pa.table(
        [
            repeated((number for number, _ in piece.owners), np.int32),
            repeated((place for _, place in piece.owners), np.int16),
            repeated((column.area for column in columns), np.int16),
            pa.array(np.concatenate([rows[id(column.rows)] for column in columns])),
            repeated((column.column for column in columns), np.int16),
            pa.array([state for column in columns for state in column.states], pa.int8()),
            pa.array(numbers.mantissas, mask=nothing),
            pa.array(numbers.scales, mask=nothing),
            strings(numbers.exacts),
            strings(numbers.steps),
            strings(_joined(columns, attrgetter("texts"))),
            strings(_joined(columns, attrgetter("codes"))),
            strings(_joined(columns, attrgetter("problems"))),
        ],
        schema=SCHEMA,
    )
