"""What is done to a written sheet to spoil it, beyond typing another value: a row emptied, a column
taken out, a cell typed over, another period or unit in the head."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import MergedCell

from ingest.period import period_of
from ingest.simulation.plant import UNIT_LINE, Spoiled
from ingest.template import FilledForm, sheet_name

HEADER_TOP = 8  # the first row that may hold a table's header; above it stands the form's head
PERIOD_LINE = "Kỳ báo cáo"
Addresses = Mapping[tuple[str, int, str, str], str]


def spoil_sheet(path: Path, form: FilledForm, error: Spoiled, addresses: Addresses) -> str:
    """Does to the sheet what the error needs; returns its cell, where it is one cell's."""
    if error.edit:
        _edit(path, form, error, addresses)
    if error.said_period is not None:
        label = period_of(error.said_period).label_vi
        _say(path, form, PERIOD_LINE, f"{PERIOD_LINE}: {label}")
    if error.said_unit is not None:
        return _say(path, form, UNIT_LINE, error.said_unit)
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
        sheet[addresses[form.contract.form, table, row, field]] = _typed(error.planted)
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


def _typed(text: str) -> str | float:
    try:
        return float(Decimal(text))
    except InvalidOperation:
        return text


def _say(path: Path, form: FilledForm, begins: str, text: str) -> str:
    """Types over the line of the sheet's head that begins so, and returns its cell; the hidden
    identity stays as it was made."""
    book = openpyxl.load_workbook(path, data_only=True)
    sheet = book[sheet_name(form.contract)]
    said = ""
    for row in sheet.iter_rows(max_row=HEADER_TOP - 1):
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith(begins):
                cell.value, said = text, str(cell.coordinate)
    book.save(path)
    if not said:
        raise ValueError(f"{form.contract.form}: no line of the head begins with {begins!r}")
    return said
