"""A clean workbook from the truth: laid out as the form is printed, nothing odd about it."""

from __future__ import annotations

from decimal import Decimal

from ingest import reference
from ingest.contract import Column
from ingest.period import period_of
from ingest.reference import Line
from tests.mangler.paper import (
    Book,
    HeadLine,
    Ink,
    PaperColumn,
    PaperRow,
    PaperSheet,
    PaperTable,
    number_ink,
    text_ink,
)
from tests.mangler.truth import Truth

LINE_UNIT = "line_unit"  # a printed column that shows each line's unit of measure
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", "-"))


def draft_book(truths: list[Truth]) -> Book:
    return Book([draft_sheet(truth) for truth in truths])


def draft_sheet(truth: Truth) -> PaperSheet:
    tables = [draft_table(truth, number) for number in truth.rows]
    return PaperSheet(
        truth.contract.code_on_paper.translate(_NOT_IN_NAMES)[:31],
        _head(truth),
        tables,
        foot=[
            [],
            [(1, text_ink("NGƯỜI LẬP BIỂU")), (4, text_ink("THỦ TRƯỞNG ĐƠN VỊ"))],
            [(1, text_ink("(Ký, họ tên)")), (4, text_ink("(Ký tên, đóng dấu)"))],
        ],
    )


def money_unit(truth: Truth) -> str | None:
    """The unit of all money columns, where it is one for all."""
    units = {
        column.unit
        for table in truth.contract.tables
        for column in table.columns
        if column.type == "money"
    }
    return units.pop() if len(units) == 1 else None


def _head(truth: Truth) -> list[HeadLine]:
    unit = reference.reporting_units()[truth.unit_code]
    contract = truth.contract
    head = [
        HeadLine("agency", text_ink(unit.name_vi.upper())),
        HeadLine("code", text_ink(f"Biểu số: {contract.code_on_paper}"), "right", beside=True),
    ]
    if contract.legal_basis:
        head.append(HeadLine("basis", text_ink(f"({contract.legal_basis})"), "right"))
    head += [
        HeadLine("title", text_ink(contract.title.upper()), "centre"),
        HeadLine(
            "period", text_ink(f"Kỳ báo cáo: {period_of(truth.period_key).label_vi}"), "centre"
        ),
        HeadLine("unit", text_ink(f"Đơn vị báo cáo: {unit.name_vi} ({unit.code})"), "centre"),
    ]
    if (only := money_unit(truth)) is not None:
        name = reference.units()[only].name_vi
        head.append(HeadLine("measure", text_ink(f"Đơn vị tính: {name}"), "right"))
    return head


def draft_table(truth: Truth, number: int) -> PaperTable:
    table = truth.table(number)
    columns = [
        PaperColumn(column.field, [text_ink(text) for text in column.header])
        for column in table.columns
    ]
    _marks(columns, table.columns)
    lines = {line.code: line for line in table.lines}
    rows = [_row(truth, number, name, lines.get(name), columns) for name in truth.rows[number]]
    depths: dict[str, int] = {}
    for row in rows:
        if row.parent is not None:
            row.depth = depths.get(row.parent, -1) + 1
        if row.row is not None:
            depths[row.row] = row.depth
    return PaperTable(truth, number, columns, rows, table.title, money_unit=money_unit(truth))


def _marks(columns: list[PaperColumn], declared: tuple[Column, ...]) -> None:
    letters, count = iter("ABCDEFG"), 0
    for paper, column in zip(columns, declared, strict=True):
        if column.role in ("symbol", "line"):
            paper.mark = next(letters)
        else:
            count += 1
            paper.mark = str(count)


def _row(
    truth: Truth, number: int, name: str, line: Line | None, columns: list[PaperColumn]
) -> PaperRow:
    row = PaperRow(name, parent=line.parent if line else None)
    for column in columns:
        declared = truth.table(number).column(column.field or "")
        ink = _ink(truth, (number, name, declared.field), declared, line)
        if ink is not None:
            row.cells[id(column)] = ink
    return row


def _ink(truth: Truth, key: tuple[int, str, str], column: Column, line: Line | None) -> Ink | None:
    if line is not None and column.role == "symbol":
        return text_ink(line.symbol) if line.symbol else None
    if line is not None and column.role == "line":
        return text_ink(line.label_vi)
    if line is not None and column.field == LINE_UNIT:
        unit = reference.units().get(line.unit_code or "")
        return text_ink(unit.name_vi) if unit else None
    cell = truth.cells.get(key)
    if cell is None:
        return None
    if cell.number is not None:
        return number_ink(cell.number, _format(cell.number))
    if cell.day is not None:
        return Ink("date", day=cell.day, format="dd/mm/yyyy")
    return text_ink(cell.text or "")


def _format(number: Decimal) -> str:
    exponent = number.normalize().as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return "#,##0" + ("." + "0" * decimals if decimals else "")
