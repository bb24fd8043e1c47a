"""Cells on their way from the reading processes to raw.cell: one Arrow file a chunk of files.

A reading process writes the cells of its chunk and sends back the submissions without them; the
build loads all files with one INSERT. So no cell is ever a Python object of the build's process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    cells = CellColumns()
    files: list[int] = []
    places: list[int] = []
    for number, result in zip(numbers, results, strict=True):
        if isinstance(result, ReadFile):
            for place, submission in enumerate(result.submissions):
                cells.extend(submission.cells)
                files += [number] * len(submission.cells)
                places += [place] * len(submission.cells)
    if not files:
        return results
    columns = _numbers(cells)
    table = _table(cells, columns, files, places)
    target = folder / f"{numbers[0]}-{len(numbers)}.arrow"
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        writer.write_table(table)
    at = 0
    bare = []
    for result in results:
        if isinstance(result, ReadFile):
            result, at = _without_cells(result, columns, at)
        bare.append(result)
    return bare


def _without_cells(result: ReadFile, columns: _Numbers, at: int) -> tuple[ReadFile, int]:
    bare = []
    for submission in result.submissions:
        end = at + len(submission.cells)
        count = columns.count(at, end)
        bare.append(replace(submission, cells=CellColumns(), count=count))
        at = end
    return replace(result, submissions=tuple(bare)), at


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
