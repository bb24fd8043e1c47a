"""A customs list of hundreds of thousands of rows is read within the limits of one file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from bench.workbooks import LIST_ROWS, list_of_trade, write_list
from ingest import reference
from ingest.cell_files import read_cells, write_cells
from ingest.cells import STATE_NO
from ingest.extract import read_submissions
from ingest.normalise import BLANK, NUMBER
from ingest.reading import ReadFile
from ingest.sandbox import read_isolated


@pytest.mark.parametrize(
    "rows", [20_000, pytest.param(LIST_ROWS, marks=pytest.mark.slow, id="as long as they come")]
)
def test_no_row_of_a_long_list_is_lost(tmp_path: Path, rows: int) -> None:
    contract = list_of_trade()
    unit = next(code for code in reference.reporting_units() if contract.accepts(code))
    path = tmp_path / "list.xlsx"
    write_list(path, contract, unit, rows)
    [(_, read)] = read_isolated(read_submissions, [path], 1, partial(write_cells, tmp_path))
    assert isinstance(read, ReadFile), read
    [submission] = read.submissions
    assert (submission.form, submission.named_unit_code) == (contract.form, unit)
    # four rows of title and header stand above the first one
    cells, sheet_rows, sheet_columns = read_cells(tmp_path)
    assert sheet_rows["row_no"].to_pylist() == list(range(5, rows + 5))
    columns = {each["field"]: each["col_no"] for each in sheet_columns.to_pylist()}
    assert set(columns) == {column.field for column in contract.tables[0].columns}
    assert (submission.rows, submission.columns, len(submission.cells)) == ((), (), 0)
    assert cells.num_rows == rows * len(columns)
    value = _column(cells, columns["value"])
    place = columns["value"] - 1
    assert pc.unique(value["state_no"]).to_pylist() == [STATE_NO[NUMBER]]
    figures = pc.divide(
        pc.cast(value["mantissa"], pa.float64()),
        pc.power(pa.scalar(10.0), pc.cast(value["scale"], pa.float64())),
    )
    assert figures.to_pylist() == [
        (number * 7_919 + place) % 10_000_000 / 100 for number in range(1, rows + 1)
    ]
    locator = _column(cells, columns["locator"])
    assert locator["text"].to_pylist() == [f"Tờ khai {300_000_000 + n}" for n in range(1, rows + 1)]
    assert pc.unique(_column(cells, columns["quote"])["state_no"]).to_pylist() == [STATE_NO[BLANK]]


def _column(cells: pa.Table, col: int) -> pa.Table:
    return cells.filter(pc.equal(cells["col_no"], col))
