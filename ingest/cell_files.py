"""Cells with their rows and columns on their way from the reading processes to the working file.

A reading process writes those of its chunk of files to one file, the tables of cell_tables.py as
Arrow streams one after the other, and sends back the submissions without them; the build loads all
files with one INSERT a table. So none of them is ever a Python object of the build's process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.cell_tables import (
    CELLS,
    COLUMNS,
    NOTHING,
    ROWS,
    SCHEMAS,
    CellTables,
    Owner,
    added,
    columns_of,
    concatenated,
    numbers_of,
    owned,
    pieces_of,
    rows_of,
    table_of_piece,
    with_places,
)
from ingest.cells import CellColumns
from ingest.reading import CellCount, ReadFile

_NO_CELLS = CellColumns()


def file_of_chunk(numbers: Sequence[int]) -> str:
    """What `write_cells` calls the file of these files; without submissions there is none."""
    return f"{numbers[0]}-{len(numbers)}.arrow"


def write_cells(folder: Path, numbers: Sequence[int], results: list[Any]) -> list[Any]:
    """Write the cells of a chunk's files; returns the results without them. Runs in the child."""
    submissions = owned(
        (number, result)
        for number, result in zip(numbers, results, strict=True)
        if isinstance(result, ReadFile)
    )
    if not submissions:
        return results
    counts: dict[Owner, CellCount] = {}
    target = folder / file_of_chunk(numbers)
    # a worker may be killed while it writes: half a file is none
    unfinished = target.with_suffix(".part")
    with pa.OSFile(str(unfinished), "wb") as sink:
        with pa.ipc.new_stream(sink, CELLS) as writer:
            for piece in pieces_of(submissions):
                figures = numbers_of(piece.columns)
                writer.write_table(table_of_piece(piece, figures))
                owners, starts = piece.spans()
                for owner, count in zip(owners, figures.counts(starts), strict=True):
                    counts[owner] = added(counts.get(owner), count)
        for schema, table in ((ROWS, rows_of(submissions)), (COLUMNS, columns_of(submissions))):
            with pa.ipc.new_stream(sink, schema) as writer:
                writer.write_table(table)
    unfinished.replace(target)
    return [
        _without_cells(number, result, counts) if isinstance(result, ReadFile) else result
        for number, result in zip(numbers, results, strict=True)
    ]


def _without_cells(number: int, result: ReadFile, counts: dict[Owner, CellCount]) -> ReadFile:
    bare = [
        replace(
            submission,
            cells=_NO_CELLS,
            rows=(),
            columns=(),
            count=with_places(counts.get((number, place), NOTHING), submission),
        )
        for place, submission in enumerate(result.submissions)
    ]
    return replace(result, submissions=tuple(bare))


def read_cell_file(path: Path) -> CellTables:
    """What was written to a file, not copied into memory before it is used."""
    source = pa.memory_map(str(path))
    return CellTables(*(pa.ipc.open_stream(source).read_all() for _ in SCHEMAS))


def read_cells(folder: Path) -> CellTables:
    """All that the reading processes wrote."""
    return concatenated([read_cell_file(path) for path in sorted(folder.glob("*.arrow"))])
