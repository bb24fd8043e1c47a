"""Cells, and the rows and columns that they lie in, as Arrow tables: what the reading processes
write and raw.cell, raw.sheet_row and raw.sheet_column are loaded from.

Numbers typed as numbers are a whole mantissa and a scale, so that no decimal passes through a
float. Whole lists become columns; cells of a huge list become them a piece at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.cells import CellColumn
from ingest.decimals import LARGEST, decimals_of
from ingest.normalise import read_number_float
from ingest.reading import AreaColumn, AreaRow, CellCount, ReadFile, ReadSubmission

PIECE = 2**18  # a huge list is not held twice
NOTHING = CellCount(0, 0, Decimal(0))
EXACT_DIGITS = 80  # a sum of numbers of 38 digits, however many
_PLACE = [
    ("file_no", pa.int32()),  # place of the file in the list that was read
    ("submission_in_file", pa.int16()),  # from 0
    ("area_no", pa.int16()),
]
CELLS = pa.schema(
    [
        *_PLACE,
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
# the properties of an AreaRow and of an AreaColumn, in their order
ROWS = pa.schema([*_PLACE, ("row_no", pa.int32()), ("line_code", pa.string())])
COLUMNS = pa.schema(
    [*_PLACE, ("col_no", pa.int16()), ("field", pa.string()), ("unit_code", pa.string())]
)
SCHEMAS = CELLS, ROWS, COLUMNS

Owner = tuple[int, int]  # number of the file, and place of the submission in it
Owned = Sequence[tuple[Owner, ReadSubmission]]


class CellTables(NamedTuple):
    """Tables of the schemas `CELLS`, `ROWS` and `COLUMNS`."""

    cells: pa.Table
    rows: pa.Table
    columns: pa.Table


def concatenated(tables: Sequence[CellTables]) -> CellTables:
    """All of many tables, not copied."""
    if not tables:
        return CellTables(*(schema.empty_table() for schema in SCHEMAS))
    return CellTables(*map(pa.concat_tables, zip(*tables, strict=True)))


def owned(files: Iterable[tuple[int, ReadFile]]) -> Owned:
    """The submissions of numbered files, with whose what is in them is."""
    return [
        ((number, place), submission)
        for number, file in files
        for place, submission in enumerate(file.submissions)
    ]


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


def pieces_of(submissions: Owned) -> Iterator[Piece]:
    """The cells of many submissions, or of a huge one, a piece at a time."""
    piece = Piece()
    for owner, submission in submissions:
        for column in submission.cells.columns:
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
    """Both counts of cells in one."""
    if one is None:
        return other
    with localcontext(prec=EXACT_DIGITS):
        total = one.total + other.total
    return CellCount(one.cells + other.cells, one.numbers + other.numbers, total)


def count_of(submission: ReadSubmission) -> CellCount:
    """What is in a submission, whether it holds its cells itself or gave them away."""
    if submission.count is not None:
        return submission.count
    columns = submission.cells.columns
    [count] = numbers_of(columns).counts([0]) if len(submission.cells) else [NOTHING]
    return with_places(count, submission)


def with_places(count: CellCount, submission: ReadSubmission) -> CellCount:
    """A count of cells with the rows and columns that the submission still holds."""
    return replace(count, rows=len(submission.rows), columns=len(submission.columns))


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
        schema=CELLS,
    )


def rows_of(submissions: Owned) -> pa.Table:
    """The rows of many submissions."""
    return _places_table([(owner, submission.rows) for owner, submission in submissions], ROWS)


def columns_of(submissions: Owned) -> pa.Table:
    """The columns of many submissions."""
    return _places_table(
        [(owner, submission.columns) for owner, submission in submissions], COLUMNS
    )


def _places_table(
    places: Sequence[tuple[Owner, Sequence[AreaRow] | Sequence[AreaColumn]]], schema: pa.Schema
) -> pa.Table:
    sizes = [len(each) for _, each in places]
    files = np.fromiter((number for (number, _), _ in places), np.int32)
    submissions = np.fromiter((place for (_, place), _ in places), np.int16)
    properties = [
        pa.array([place[n] for _, each in places for place in each], kind)
        for n, kind in enumerate(schema.types[2:])
    ]
    owners = [pa.array(np.repeat(owner, sizes)) for owner in (files, submissions)]
    return pa.table([*owners, *properties], schema=schema)


def tables_of(files: Sequence[ReadFile]) -> CellTables:
    """What is in files read in this process, as the reading processes would have written it."""
    submissions = owned(enumerate(files))
    piece = Piece()
    for owner, submission in submissions:
        for column in submission.cells.columns:
            piece.add(owner, column)
    cells = table_of_piece(piece, numbers_of(piece.columns)) if piece.size else CELLS.empty_table()
    return CellTables(cells, rows_of(submissions), columns_of(submissions))
