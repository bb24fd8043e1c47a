"""Cells on their way from a reading process: whole files only, however many cells."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest import cell_files, cell_tables
from ingest.cell_files import read_cells, write_cells
from ingest.cells import STATE_NO, CellColumns
from ingest.normalise import NUMBER
from ingest.reading import CellCount, ReadFile, ReadSubmission


def file_of(*sizes: int) -> ReadFile:
    """A file of submissions with so many numbers each: 0.5, 1.5, 2.5, …"""
    submissions = []
    for size in sizes:
        cells = CellColumns()
        if size:
            typed: list[float | None] = [n + 0.5 for n in range(size)]
            cells.add_column(1, range(1, size + 1), 2, [STATE_NO[NUMBER]] * size, floats=typed)
        submissions.append(ReadSubmission("f", 1, "STC", "2026", None, (), (), (), cells, (), 0))
    return ReadFile(tuple(submissions), None, (), 0)


@pytest.mark.parametrize("piece", [1, 3, 4, 100])
def test_pieces_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(cell_tables, "PIECE", piece)
    [first, refused, second] = write_cells(
        tmp_path, [4, 5, 6], [file_of(2, 0, 7), "no file", file_of(1)]
    )
    assert refused == "no file"
    counts = [s.count for file in (first, second) for s in file.submissions]
    assert counts == [
        CellCount(2, 2, Decimal("2.0")),
        CellCount(0, 0, Decimal(0)),
        CellCount(7, 7, Decimal("24.5")),
        CellCount(1, 1, Decimal("0.5")),
    ]
    table = read_cells(tmp_path).cells
    owners = list(zip(*(table.column(n).to_pylist() for n in ("file_no", "submission_in_file")),
                      strict=True))  # fmt: skip
    assert owners == [(4, 0)] * 2 + [(4, 2)] * 7 + [(6, 0)]
    assert table.column("mantissa").to_pylist() == [5, 15, 5, 15, 25, 35, 45, 55, 65, 5]


def test_a_file_of_a_worker_that_died_while_writing_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cells(tmp_path, [0], [file_of(3)])
    monkeypatch.setattr(cell_tables, "PIECE", 2)
    written = []

    def die(*arguments: Any) -> Any:
        if written:
            raise KeyboardInterrupt
        written.append(arguments)
        return table(*arguments)

    table = cell_files.table_of_piece
    monkeypatch.setattr(cell_files, "table_of_piece", die)
    with pytest.raises(KeyboardInterrupt):
        write_cells(tmp_path, [1], [file_of(6)])
    assert read_cells(tmp_path).cells.column("file_no").to_pylist() == [0, 0, 0]
