"""Cells on their way from the reading processes to raw.cell: one Arrow file a chunk of files.

A reading process writes the cells of its chunk and sends back the submissions without them; the
build loads all files with one INSERT. So no cell is ever a Python object of the build's process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.cells import CellColumns
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


def write_cells(folder: Path, numbers: Sequence[int], results: list[Any]) -> list[Any]:
    """Write the cells of a chunk's files; returns the results without them. Runs in the child."""
    parts = [
        (number, place, submission.cells)
        for number, result in zip(numbers, results, strict=True)
        if isinstance(result, ReadFile)
        for place, submission in enumerate(result.submissions)
    ]
    if not any(len(cells) for _, _, cells in parts):
        return results
    counts: dict[tuple[int, int], CellCount] = {}
    target = folder / f"{numbers[0]}-{len(numbers)}.arrow"
    # a worker may be killed while it writes: half a file is none
    unfinished = target.with_suffix(".part")
    with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for piece in _pieces(parts):
            columns = _numbers(piece.cells)
            writer.write_table(_table(piece.cells, columns, piece.files, piece.places))
            for owner, start, end in piece.spans:
                counts[owner] = _added(counts.get(owner), columns.count(start, end))
    unfinished.replace(target)
    return [
        _without_cells(number, result, counts) if isinstance(result, ReadFile) else result
        for number, result in zip(numbers, results, strict=True)
    ]


@dataclass
class _Piece:
    """So many cells as are turned into Arrow at a time, and whose they are: file and place of its
    submission there, and from where to where."""

    cells: CellColumns = field(default_factory=CellColumns)
    files: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    spans: list[tuple[tuple[int, int], int, int]] = field(default_factory=list)

    def add(self, number: int, place: int, cells: CellColumns) -> None:
        start, size = len(self.cells), len(cells)
        self.cells.extend(cells)
        self.files += [number] * size
        self.places += [place] * size
        self.spans.append(((number, place), start, start + size))


def _pieces(parts: Iterable[tuple[int, int, CellColumns]]) -> Iterator[_Piece]:
    """The cells of many submissions, or of a huge one, a piece at a time."""
    piece = _Piece()
    for number, place, cells in parts:
        for start in range(0, len(cells), PIECE):
            piece.add(number, place, cells.part(start, start + PIECE))
            if len(piece.cells) >= PIECE:
                yield piece
                piece = _Piece()
    if len(piece.cells):
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
    return _numbers(cells).count(0, len(cells))


@dataclass
class _Numbers:
    """The numbers of many cells: mantissa and scale, or (`scale` -1) an exact text, or none."""

    mantissas: npt.NDArray[np.int64]
    scales: npt.NDArray[np.int8]
    exacts: list[str | None]
    steps: list[str | None]

    def count(self, start: int, end: int) -> CellCount:
        scales, mantissas = self.scales[start:end], self.mantissas[start:end]
        numbers, total = 0, Decimal(0)
        with localcontext(prec=EXACT_DIGITS):
            for scale in np.unique(scales):
                if scale >= 0:
                    group = mantissas[scales == scale].tolist()
                    numbers += len(group)
                    total += Decimal(sum(group)).scaleb(-int(scale))
            for exact in self.exacts[start:end]:
                if exact is not None:
                    numbers += 1
                    total += Decimal(exact)
        return CellCount(end - start, numbers, total)


def _numbers(cells: CellColumns) -> _Numbers:
    """Numbers typed as numbers become exact decimals; those that do not fit stay texts."""
    size = len(cells)
    is_float = np.fromiter((value is not None for value in cells.floats), bool, size)
    at = np.flatnonzero(is_float)
    typed = np.fromiter((v for v in cells.floats if v is not None), np.float64, at.size)
    is_large = np.abs(typed) >= LARGEST
    mantissas, scales = decimals_of(np.where(is_large, 0.0, typed))
    scales[is_large] = -1
    exacts, steps = list(cells.exacts), list(cells.steps)
    for place in np.flatnonzero(scales < 0):
        reading = read_number_float(float(typed[place]))
        if reading.value is not None and reading.step is not None:
            exacts[at[place]] = f"{reading.value:f}"
            steps[at[place]] = f"{reading.step:f}"
    all_mantissas = np.zeros(size, np.int64)
    all_scales = np.full(size, -1, np.int8)
    all_mantissas[at], all_scales[at] = mantissas, scales
    return _Numbers(all_mantissas, all_scales, exacts, steps)


def _table(
    cells: CellColumns, numbers: _Numbers, files: Sequence[int], places: Sequence[int]
) -> pa.Table:
    nothing = numbers.scales < 0
    return pa.table(
        [
            pa.array(files, pa.int32()),
            pa.array(places, pa.int16()),
            pa.array(cells.areas, pa.int16()),
            pa.array(cells.rows, pa.int32()),
            pa.array(cells.columns, pa.int16()),
            pa.array(cells.states, pa.int8()),
            pa.array(numbers.mantissas, mask=nothing),
            pa.array(numbers.scales, mask=nothing),
            pa.array(numbers.exacts, pa.string()),
            pa.array(numbers.steps, pa.string()),
            pa.array(cells.texts, pa.string()),
            pa.array(cells.codes, pa.string()),
            pa.array(cells.problems, pa.string()),
        ],
        schema=SCHEMA,
    )


def table_of(files: Sequence[ReadFile]) -> pa.Table:
    """The cells of files read in this process, as the reading processes would have written them."""
    cells = CellColumns()
    numbers: list[int] = []
    places: list[int] = []
    for number, file in enumerate(files):
        for place, submission in enumerate(file.submissions):
            cells.extend(submission.cells)
            numbers += [number] * len(submission.cells)
            places += [place] * len(submission.cells)
    return _table(cells, _numbers(cells), numbers, places) if numbers else SCHEMA.empty_table()


def read_cells(folder: Path) -> pa.Table:
    """All cells that the reading processes wrote, not copied into memory before they are used."""
    tables = []
    for path in sorted(folder.glob("*.arrow")):
        tables.append(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()
