"""A workbook in another format (.xls, .xlsb, .ods) as an .xlsx of its values.

For what cannot be patched: values, names of sheets, merged cells and hidden sheets, rows, columns
are kept; formulas, formats and pictures are not, and whoever calls says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from ingest.identity import IDENTITY_SHEET
from ingest.workbook import Odd, Sheet

MOST_CELLS = 2_000_000
LONGEST_CELL = 32_767
_LONGEST_NAME = 31
_ROWS, _COLUMNS = 1_048_576, 16_384
FONT = "Times New Roman"


def values_book(sheets: Sequence[Sheet]) -> tuple[bytes, dict[str, str]]:
    """The bytes of an .xlsx with the values of the sheets, and the name that each sheet has in it.
    Sheets beyond the first two million cells are left out; without sheets there is one empty one.
    """
    import xlsxwriter

    out = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False, "nan_inf_to_errors": True}  # fmt: skip
    names: dict[str, str] = {}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": dt.datetime(1980, 1, 1, tzinfo=dt.UTC)})
        looks = _Looks(book)
        cells, is_seen = 0, False
        for sheet in sheets:
            cells += sheet.filled
            if cells > MOST_CELLS or sheet.last_row > _ROWS or sheet.last_column > _COLUMNS:
                break
            name = _name(sheet.name, set(names.values()))
            names[sheet.name] = name
            target = book.add_worksheet(name)
            _write(target, looks, sheet)
            if sheet.name == IDENTITY_SHEET:
                target.very_hidden()
            elif sheet.is_hidden:
                target.hide()
            elif not is_seen:
                target.activate()
                target.set_first_sheet()
                is_seen = True
        if not is_seen:
            book.add_worksheet(_name("Trang trống", set(names.values()))).activate()
    return out.getvalue(), names


def _name(name: str, taken: set[str]) -> str:
    """A name that Excel takes: at most 31 characters, none of them `[]:*?/\\`."""
    plain = "".join("_" if c in "[]:*?/\\" or c < " " else c for c in name)
    folded = {each.casefold() for each in taken}
    short, number = _cut(plain, _LONGEST_NAME) or "Trang", 1
    while short.casefold() in folded:
        number += 1
        tail = f" ({number})"
        short = _cut(plain, _LONGEST_NAME - len(tail)) + tail
    return short


def _cut(name: str, longest: int) -> str:
    """So many characters of a name as Excel counts them, without apostrophes around it."""
    coded = name.strip("'").encode("utf-16-le", "replace")[: 2 * longest]
    return coded.decode("utf-16-le", "ignore").strip("'")


class _Looks:
    def __init__(self, book: Any) -> None:
        plain = {"font_name": FONT, "font_size": 12, "valign": "vcenter"}
        self.text = book.add_format(plain | {"text_wrap": True, "num_format": "@"})
        self.number = book.add_format(plain)
        self.percent = book.add_format(plain | {"num_format": "0.##########%"})
        self.date = book.add_format(plain | {"num_format": "dd/mm/yyyy"})
        self.moment = book.add_format(plain | {"num_format": "dd/mm/yyyy hh:mm:ss"})
        self.time = book.add_format(plain | {"num_format": "hh:mm:ss"})


def _write(target: Any, looks: _Looks, sheet: Sheet) -> None:
    from xlsxwriter.exceptions import XlsxWriterException

    merged = set()
    for (top, left), (bottom, right) in sheet.merged or ():
        if (top, left) != (bottom, right) and bottom < _ROWS and right < _COLUMNS:
            try:
                overlaps = target.merge_range(top, left, bottom, right, "", looks.text)
            except XlsxWriterException:  # two merged ranges that overlap: a file that was damaged
                continue  # the values stay, each in its cell
            if not overlaps:
                merged.add((top, left))
    widths: dict[int, int] = {}
    percents = sheet.unseen.percents or set()
    for row_no, row in enumerate(sheet.rows):
        for col_no, value in enumerate(row):
            if isinstance(value, str) and not value:
                continue
            shown = _write_cell(
                target, looks, row_no, col_no, value, (row_no + 1, col_no + 1) in percents
            )
            if (row_no, col_no) not in merged:
                widths[col_no] = max(widths.get(col_no, 0), shown)
    for col_no in range(sheet.last_column):
        hidden = {"hidden": True} if col_no + 1 in sheet.unseen.hidden_columns else {}
        target.set_column(col_no, col_no, min(max(widths.get(col_no, 0) + 2, 8), 44), None, hidden)
    for row_no in sheet.unseen.hidden_rows:
        if row_no <= sheet.last_row:
            target.set_row(row_no - 1, None, None, {"hidden": True})


def _write_cell(
    target: Any, looks: _Looks, row: int, col: int, value: Any, is_percent: bool
) -> int:
    """Write a value as what it is; returns about how many characters it shows."""
    match value:
        case bool():
            target.write_boolean(row, col, value, looks.number)
            return 6
        case int() | float():
            target.write_number(row, col, value, looks.percent if is_percent else looks.number)
            return len(f"{value:.10g}")
        case dt.datetime() if value.year >= 1900:
            has_time = value.time() != dt.time()
            target.write_datetime(row, col, value, looks.moment if has_time else looks.date)
            return 19 if has_time else 10
        case dt.date() if value.year >= 1900:
            target.write_datetime(row, col, value, looks.date)
            return 10
        case dt.time() | dt.timedelta():
            target.write_datetime(row, col, value, looks.time)
            return 8
        case _:
            text = value.text if isinstance(value, Odd) else str(value)
            target.write_string(row, col, text[:LONGEST_CELL], looks.text)
            return min(max(map(len, text.split("\n"))), 60)
