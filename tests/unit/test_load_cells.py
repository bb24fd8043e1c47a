"""Numbers on their way into raw.cell: exactly what was typed, however large or small."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ingest.cell_files import table_of
from ingest.cells import STATE_NO, CellColumns
from ingest.load import load_cells
from ingest.normalise import NUMBER
from ingest.reading import ReadFile, ReadSubmission
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
        table = table_of([ReadFile((read,), None, (), 1)])
        load_cells(connection, [submission], table, {"sha": 0})
        found = connection.execute("select number, printed_step from raw.cell").fetchall()
    assert found == [(Decimal(number), Decimal(step))]
