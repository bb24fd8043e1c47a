"""Workbooks to be marked, and what a marked one holds: parts, cached values, comments, links."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import xlsxwriter
from openpyxl.workbook import Workbook

from expectations.reports.answer_sheet import Heading, Mark

HEADING = Heading("Ủy ban nhân dân xã Hữu Lũng", "thang 6.xlsx", datetime(2026, 7, 5, 2, 0))
TOTAL = "Ô D8: tổng 1.275,1; các dòng cộng được 1.275,35 đến 1.275,45."
RECHECK = "Đề nghị rà soát D8:D12."
FALLING = "Ô E15: lũy kế tháng 6 thấp hơn tháng 5."


def mark(
    cell_ref: str | None,
    severity: str = "error",
    message: str = TOTAL,
    *,
    key: str = "0123456789abcdef",
    fix: str = RECHECK,
    value: str | None = "1.275,1",
    sheet: str | None = "Biểu 1",
) -> Mark:
    return Mark(key, severity, sheet, f"{sheet}!{cell_ref}" if cell_ref else None, value, message,
                fix)  # fmt: skip


def officers_book(path: Path) -> bytes:
    """Two sheets with all that a patch must not lose: formulas with results, formats of a row and
    a column, merged cells, an officer's comment, names, a chosen tab, conditional formats."""
    book = xlsxwriter.Workbook(path)
    first, second = book.add_worksheet("Biểu 1"), book.add_worksheet("Ngân sách 'xã' 2026")
    money = book.add_format({"num_format": "#,##0.0", "border": 1, "italic": True})
    yellow = book.add_format({"bg_color": "#FFF2CC", "locked": False, "num_format": "0.00%"})
    first.write_row("A1", ["Chỉ tiêu", "Kỳ trước", "Kỳ này"])
    for row in range(1, 12):
        first.write(row, 0, f"Dòng {row}")
        first.write_number(row, 3, 100.25 * row, money)
    first.write_formula("D14", "=SUM(D2:D12)", money, 6616.5)
    first.write_formula("E14", '=IF(D14>0,"đạt","không")', None, "đạt")
    first.write("F2", 0.5, yellow)
    first.set_row(19, None, yellow)
    first.set_column("H:H", 12, money)
    first.merge_range("A16:C17", "Ô gộp", yellow)
    first.write_comment("D3", "Số này đã đối chiếu với Kho bạc.", {"author": "Cán bộ xã"})
    first.conditional_format("D2:D12", {"type": "cell", "criteria": "<", "value": 0,
                                        "format": yellow})  # fmt: skip
    first.protect()
    second.write("A1", "Trang hai")
    second.write_formula("B2", "='Biểu 1'!D14*2", None, 13233)
    second.activate()
    second.print_area("A1:B9")
    book.define_name("'Biểu 1'!so_lieu", "='Biểu 1'!$D$2:$D$12")
    book.define_name("toan_tep", "='Biểu 1'!$D$14")
    book.close()
    return path.read_bytes()


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def opened(content: bytes, *, cached: bool = False) -> Workbook:
    return openpyxl.load_workbook(BytesIO(content), data_only=cached)


def values(content: bytes) -> dict[tuple[str, str], object]:
    """Every value as it was last calculated, by sheet and cell, without our sheets."""
    book = opened(content, cached=True)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book.worksheets
        if not str(sheet["A1"].value).startswith("kho-phieu-")
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def formulas(content: bytes) -> dict[tuple[str, str], object]:
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in opened(content).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def answers(content: bytes) -> list[list[str]]:
    """The rows of our sheet as an officer sees them: without the hidden column."""
    sheet = next(s for s in opened(content).worksheets if s["A1"].value == "kho-phieu-1")
    return [["" if v is None else str(v) for v in row[1:]] for row in
            sheet.iter_rows(values_only=True)]  # fmt: skip


def explained(content: bytes, texts: Mapping[str, str]) -> bytes:
    """The file with explanations typed in, by place, as a program writes them into the sheet."""
    parts = parts_of(content)
    name = next(n for n in parts if "sheet_kho" in n and b">kho-phieu-1<" in parts[n])
    for key, text in texts.items():
        row = re.search(rb'<c r="A(\d+)"[^>]*>(?:(?!</c>).)*%s' % key.encode(), parts[name])
        assert row is not None
        cell = re.search(rb'<c r="H%s"( s="\d+")/>' % row[1], parts[name])
        assert cell is not None
        new = b'<c r="H%s"%s t="inlineStr"><is><t>%s</t></is></c>' % (
            row[1], cell[1], text.encode(),
        )  # fmt: skip
        parts[name] = parts[name].replace(cell[0], new)
    return packed(parts)
