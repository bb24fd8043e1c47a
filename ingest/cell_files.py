"""Cells on their way from the reading processes to raw.cell: one Arrow file a chunk of files.

A reading process writes the cells of its chunk and sends back the submissions without them; the
build loads all files with one INSERT. So no cell is ever a Python object of the build's process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.cells import CellColumn, CellColumns
from ingest.decimals import LARGEST, decimals_of
from ingest.normalise import read_number_float
from ingest.reading import CellCount, ReadFile

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


def file_of_chunk(numbers: Sequence[int]) -> str:
    """What `write_cells` calls the file of these files' cells; without any cells there is none."""
    return f"{numbers[0]}-{len(numbers)}.arrow"


def write_cells(folder: Path, numbers: Sequence[int], results: list[Any]) -> list[Any]:
    """Write the cells of a chunk's files; returns the results without them. Runs in the child."""
    parts = [
        (number, place, submission.cells)
        for number, result in zip(numbers, results, strict=True)
        if isinstance(result, ReadFile)
        for place, submission in enumerate(result.submissions)
    ]
    if not any(cells.columns for _, _, cells in parts):
        return results
    counts: dict[tuple[int, int], CellCount] = {}
    target = folder / file_of_chunk(numbers)
    # a worker may be killed while it writes: half a file is none
    unfinished = target.with_suffix(".part")
    with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for piece in _pieces(parts):
            figures = _numbers(piece.columns)
            writer.write_table(_table(piece, figures))
            owners, starts = piece.spans()
            for owner, count in zip(owners, figures.counts(starts), strict=True):
                counts[owner] = _added(counts.get(owner), count)
    unfinished.replace(target)
    return [
        _without_cells(number, result, counts) if isinstance(result, ReadFile) else result
        for number, result in zip(numbers, results, strict=True)
    ]


Owner = tuple[int, int]  # number of the file, and place of the submission in it


@dataclass
class _Piece:
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


def _pieces(parts: Iterable[tuple[int, int, CellColumns]]) -> Iterator[_Piece]:
    """The cells of many submissions, or of a huge one, a piece at a time."""
    piece = _Piece()
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
                    piece = _Piece()
                piece.add(owner, part)
    if piece.size:
        yield piece


def _added(one: CellCount | None, other: CellCount) -> CellCount:
    if one is None:
        return other
    with localcontext(prec=EXACT_DIGITS):
        total = one.total + other.total
    return CellCount(one.cells + other.cells, one.numbers + other.numbers, total)


def _without_cells(
    number: int, result: ReadFile, counts: dict[tuple[int, int], CellCount]
) -> ReadFile:
    none = CellCount(0, 0, Decimal(0))
    bare = [
        replace(submission, cells=CellColumns(), count=counts.get((number, place), none))
        for place, submission in enumerate(result.submissions)
    ]
    return replace(result, submissions=tuple(bare))


def count_cells(cells: CellColumns) -> CellCount:
    """Count cells that are held in memory."""
    if not len(cells):
        return CellCount(0, 0, Decimal(0))
    [count] = _numbers(cells.columns).counts([0])
    return count


@dataclass
class _Numbers:
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


def _numbers(columns: Sequence[CellColumn]) -> _Numbers:
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
    return _Numbers(all_mantissas, all_scales, exacts, steps)


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


def _table(piece: _Piece, numbers: _Numbers) -> pa.Table:
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


def table_of(files: Sequence[ReadFile]) -> pa.Table:
    """The cells of files read in this process, as the reading processes would have written them."""
    piece = _Piece()
    for number, file in enumerate(files):
        for place, submission in enumerate(file.submissions):
            for column in submission.cells.columns:
                piece.add((number, place), column)
    return _table(piece, _numbers(piece.columns)) if piece.size else SCHEMA.empty_table()


def read_cells(folder: Path) -> pa.Table:
    """All cells that the reading processes wrote, not copied into memory before they are used."""
    tables = []
    for path in sorted(folder.glob("*.arrow")):
        tables.append(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()
