"""Cells on their way into raw.cell: numbers exactly as typed, each with its row and its column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ingest.cell_tables import tables_of
from ingest.cells import STATE_NO, CellColumns
from ingest.load import cells_held, cells_of, load_cells
from ingest.normalise import NUMBER
from ingest.reading import Area, AreaColumn, AreaRow, ReadFile, ReadSubmission
from ingest.register import ACCEPTED, Submission
from warehouse.connection import create_working
from warehouse.ledger import Receipt


@pytest.mark.parametrize(
    ("typed", "number", "step"),
    [
        (0.0, "0", "1"),
        (999_999.0, "999999", "1"),
        (1_000_000.0, "1000000", "1"),  # more than 18 digits with the 12 that a cell may have
        (574_316_000.0, "574316000", "1"),
        (999_999_999_999_999.0, "999999999999999", "1"),
        (-123_456_789_012.25, "-123456789012.25", "0.01"),
        (0.000_000_000_001, "0.000000000001", "0.000000000001"),
        (1e20, "100000000000000000000", "1"),  # no float of 15 digits any more
    ],
)
def test_a_number_is_loaded_as_typed(tmp_path: Path, typed: float, number: str, step: str) -> None:
    cells = CellColumns()
    cells.add_column(1, [10], 3, [STATE_NO[NUMBER]], floats=[typed])
    read = ReadSubmission("f", 1, "STC", "2026", None, (), (), (), cells, (), 0)
    receipt = Receipt(1, "STC/a.xlsx", "sha", 1, "STC", "2026-07-01T00:00:00")
    submission = Submission(1, "id", receipt, read, ACCEPTED, None)
    with create_working(tmp_path / "w.duckdb") as connection:
        tables = tables_of([ReadFile((read,), None, (), 1)])
        load_cells(connection, [submission], tables, {"sha": 0})
        found = connection.execute("select number, printed_step from raw.cell").fetchall()
    assert found == [(Decimal(number), Decimal(step))]


def test_every_submission_has_its_rows_and_columns_also_of_a_file_that_came_twice(
    tmp_path: Path,
) -> None:
    reads = []
    for sheet, line in (("A", "L1"), ("B", None)):
        cells = CellColumns()
        cells.add_column(1, [10], 3, [STATE_NO[NUMBER]], floats=[1.5])
        reads.append(
            ReadSubmission(
                "f", 1, "STC", "2026", None, (Area(1, 1, sheet),),
                (AreaColumn(1, 3, f"field {sheet}", "vnd"),), (AreaRow(1, 10, line),), cells, (), 0,
            )
        )  # fmt: skip
    receipts = [Receipt(n, f"STC/{n}.xlsx", "sha", 1, "STC", f"2026-07-0{n}") for n in (1, 2)]
    submissions = [
        Submission(number, str(number), receipts[(number - 1) // 2], reads[place], ACCEPTED, None,
                   place_in_file=place)
        for number, place in ((1, 0), (2, 1), (3, 0), (4, 1))
    ]  # fmt: skip
    with create_working(tmp_path / "w.duckdb") as connection:
        tables = tables_of([ReadFile((), None, (), 0), ReadFile(tuple(reads), None, (), 2)])
        load_cells(connection, submissions, tables, {"sha": 1})
        found = {
            table: connection.execute(f"from raw.{table} order by submission_no").fetchall()
            for table in ("sheet_area", "sheet_column", "sheet_row")
        }
        loaded = cells_of(connection, [2, 3])
    assert found == {
        "sheet_area": [(n, 1, 1, "AB"[(n - 1) % 2]) for n in (1, 2, 3, 4)],
        "sheet_column": [(n, 1, 3, f"field {'AB'[(n - 1) % 2]}", "vnd") for n in (1, 2, 3, 4)],
        "sheet_row": [(n, 1, 10, ("L1", None)[(n - 1) % 2]) for n in (1, 2, 3, 4)],
    }
    held = cells_held({2: reads[1], 3: reads[0]})
    for one, other in zip(loaded, held, strict=True):
        assert one.sort("submission_no").equals(other.sort("submission_no"))
