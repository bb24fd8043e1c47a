"""Cells on their way from the reading processes to raw.cell: one Arrow file a chunk of files.

A reading process writes the cells of its chunk and sends back the submissions without them; the
build loads all files with one INSERT. So no cell is ever a Python object of the build's process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.cell_tables import SCHEMA, Piece, added, numbers_of, pieces_of, table_of_piece
from ingest.cells import CellColumns
from ingest.reading import CellCount, ReadFile


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
        for piece in pieces_of(parts):
            figures = numbers_of(piece.columns)
            writer.write_table(table_of_piece(piece, figures))
            owners, starts = piece.spans()
            for owner, count in zip(owners, figures.counts(starts), strict=True):
                counts[owner] = added(counts.get(owner), count)
    unfinished.replace(target)
    return [
        _without_cells(number, result, counts) if isinstance(result, ReadFile) else result
        for number, result in zip(numbers, results, strict=True)
    ]


def _without_cells(
    number: int, result: ReadFile, counts: dict[tuple[int, int], CellCount]
) -> ReadFile:
    none = CellCount(0, 0, Decimal(0))
    bare = [
        replace(submission, cells=CellColumns(), count=counts.get((number, place), none))
        for place, submission in enumerate(result.submissions)
    ]
    return replace(result, submissions=tuple(bare))


def table_of(files: Sequence[ReadFile]) -> pa.Table:
    """The cells of files read in this process, as the reading processes would have written them."""
    piece = Piece()
    for number, file in enumerate(files):
        for place, submission in enumerate(file.submissions):
            for column in submission.cells.columns:
                piece.add((number, place), column)
    return table_of_piece(piece, numbers_of(piece.columns)) if piece.size else SCHEMA.empty_table()


def read_cells(folder: Path) -> pa.Table:
    """All cells that the reading processes wrote, not copied into memory before they are used."""
    tables = []
    for path in sorted(folder.glob("*.arrow")):
        tables.append(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()
