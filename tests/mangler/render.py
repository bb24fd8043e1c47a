"""Writes the model as .xlsx, with XlsxWriter; other formats are made of that file afterwards."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter

from ingest.identity import FIELDS, IDENTITY_SHEET, Identity
from tests.mangler.layout import Grid, lay_out
from tests.mangler.paper import FONT, Book, Ink


def write_book(path: Path, book: Book) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"strings_to_formulas": False, "strings_to_urls": False}
    if book.date_1904:
        options["date_1904"] = True
    file = xlsxwriter.Workbook(str(path), options)
    file.set_properties({"created": datetime(2026, 1, 1)})
    styles = _Styles(file)
    shown = False
    for paper in book.sheets:
        sheet = file.add_worksheet(paper.name)
        grid = lay_out(paper)
        for first_row, first, last_row, last in grid.merges:
            ink = grid.cells.get((first_row, first))
            style = styles.of(ink) if ink else None
            sheet.merge_range(first_row, first, last_row, last, "", style)
        _fill(styles, sheet, grid)
        if paper.hidden:
            sheet.hide()
        elif not shown:
            sheet.activate()
            sheet.set_first_sheet()
            shown = True
    if book.identity:
        _identity(file, book)
    file.close()


class _Styles:
    """Cell formats, each made once."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._made: dict[tuple[Any, ...], Any] = {}
        self.raised = file.add_format({"font_script": 1})

    def of(self, ink: Ink) -> Any:
        key = (ink.font, ink.format, ink.indent)
        if key not in self._made:
            options: dict[str, Any] = {"font_name": ink.font or FONT, "font_size": 12}
            if ink.format is not None:
                options["num_format"] = ink.format
            if ink.indent:
                options["indent"] = ink.indent
            self._made[key] = self._file.add_format(options)
        return self._made[key]


def _fill(styles: _Styles, sheet: Any, grid: Grid) -> None:
    for (row, col), ink in sorted(grid.cells.items()):
        _write(styles, sheet, row, col, ink)
    for row in grid.hidden_rows:
        sheet.set_row(row, None, None, {"hidden": True})
    for col in grid.hidden_columns:
        sheet.set_column(col, col, None, None, {"hidden": True})


def _write(styles: _Styles, sheet: Any, row: int, col: int, ink: Ink) -> None:
    style = styles.of(ink)
    match ink.kind:
        case "text" if ink.raised:
            sheet.write_rich_string(row, col, ink.text, styles.raised, ink.raised, style)
        case "text":
            sheet.write_string(row, col, ink.text, style)
        case "number":
            assert ink.number is not None
            sheet.write_number(row, col, float(ink.number), style)
        case "date":
            assert ink.day is not None
            sheet.write_datetime(row, col, datetime.combine(ink.day, time()), style)
        case "error":
            sheet.write_formula(row, col, "=1/0", style, ink.text)
        case "formula":
            value: Any = float(ink.number) if ink.number is not None else ink.text
            # an empty value is left out by XlsxWriter: a formula that was never calculated
            sheet.write_formula(row, col, ink.formula, style, value)


def _identity(file: Any, book: Book) -> None:
    """The hidden sheet of a template that was filled in and sent back."""
    sheet = file.add_worksheet(IDENTITY_SHEET)
    sheet.very_hidden()
    for col, name in enumerate(FIELDS):
        sheet.write_string(0, col, name)
    row = 0
    for paper in book.sheets:
        if not paper.tables:
            continue
        truth = paper.tables[0].truth
        row += 1
        identity = Identity(
            paper.name, truth.contract.form, truth.contract.version, truth.unit_code,
            truth.period_key, False,
        )  # fmt: skip
        for col, text in enumerate(identity.as_row()):
            sheet.write_string(row, col, text)
