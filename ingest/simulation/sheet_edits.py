"""What is done to a written sheet to spoil it, beyond typing another value: a row emptied, a column
taken out, a cell typed over, another period in the head."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import MergedCell

from ingest.period import period_of
from ingest.simulation.plant import Spoiled
from ingest.template import FilledForm, sheet_name

HEADER_TOP = 8  # the first row that may hold a table's header; above it stands the form's head
Addresses = Mapping[tuple[str, int, str, str], str]


def spoil_sheet(path: Path, form: FilledForm, error: Spoiled, addresses: Addresses) -> str:
    """Does to the sheet what the error needs; returns its cell, where it is one cell's."""
    if error.edit:
        _edit(path, form, error, addresses)
    if error.said_period is not None:
        _say_period(path, form, error.said_period)
    if error.place is None or not error.place[2]:
        return ""
    return addresses[form.contract.form, *error.place]


def _edit(path: Path, form: FilledForm, error: Spoiled, addresses: Addresses) -> None:
    """What an officer does to a sheet that is there: empties a row, takes a column out, types over
    a cell."""
    assert error.place is not None
    table, row, field = error.place
    book = openpyxl.load_workbook(path, data_only=True)
    sheet = book[sheet_name(form.contract)]
    if error.edit == "cell":
        sheet[addresses[form.contract.form, table, row, field]] = error.planted
    for (code, at, name, column), address in addresses.items():
        if code != form.contract.form or at != table:
            continue
        if (error.edit, name) == ("row", row) or (error.edit, column) == ("column", field):
            sheet[address] = None
    if error.edit == "column":
        cell = sheet[addresses[form.contract.form, table, row, field]]
        wide = {
            each.coord.split(":")[0]
            for each in sheet.merged_cells.ranges
            if each.size["columns"] > 1
        }
        for above in range(HEADER_TOP, cell.row):
            head = sheet.cell(above, cell.column)
            # a heading over several columns stays
            if head.coordinate not in wide and not isinstance(head, MergedCell):
                head.value = None
    book.save(path)


def _say_period(path: Path, form: FilledForm, period_key: str) -> None:
    """Types another period into the head of the sheet; the hidden identity stays as it was made."""
    book = openpyxl.load_workbook(path, data_only=True)
    sheet = book[sheet_name(form.contract)]
    for row in sheet.iter_rows(max_row=8):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("Kỳ báo cáo"):
                cell.value = f"Kỳ báo cáo: {period_of(period_key).label_vi}"
    book.save(path)
