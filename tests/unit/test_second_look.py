"""What the reader of cells does not see, in every format: errors, per cent, what is hidden.

The sheets are read whole (`read_sheets`), so that an address found here is that of the cell there.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ingest.package import Unreadable, look
from ingest.second_look import Unseen, has_external_links, is_percent_format, look_again
from ingest.workbook import Odd, Sheet, read_sheets
from tests.forms.hostile_files import package, worksheet
from tests.forms.old_formats import (
    biff,
    biff_stream,
    ods_cell,
    ods_content,
    ods_parts,
    ole,
    read_parts,
    record,
    wide,
    write_parts,
    xlsb_parts,
)


def values(sheet: Sheet) -> list[list[Any]]:
    """The rows, with an odd cell as its rule and text."""
    return [[(v.rule, v.text) if isinstance(v, Odd) else v for v in row] for row in sheet.rows]


def book(path: Path, change: Callable[[Any], None], *, is_1904: bool = False) -> Path:
    made = openpyxl.Workbook()
    if is_1904:
        made.epoch = CALENDAR_MAC_1904
    change(made.active)
    made.save(path)
    return path


def patched(path: Path, changes: Mapping[bytes, bytes]) -> bytes:
    """The file with these bytes replaced in every part of XML."""
    parts = read_parts(path)
    for name, part in parts.items():
        for old, new in changes.items():
            part = part.replace(old, new)
        parts[name] = part
    return write_parts(path, parts).read_bytes()


def one(content: bytes) -> Sheet:
    [sheet] = read_sheets(content)
    return sheet


# --- .xlsx ----------------------------------------------------------------------------------------


def odd_sheet(sheet: Any) -> None:
    """Errors, formulas, formats of per cent, hidden rows and columns, and a day."""
    sheet["A1"] = "Nội dung"
    sheet["B1"] = "#N/A"
    sheet["B2"] = "#DIV/0!"
    sheet["B3"] = "=1+1"
    for row, style in enumerate(("0%", "0.00%", "0.0\\%", '0"%"', "[Red]0.0%", "General"), start=4):
        sheet[f"B{row}"] = 0.125
        sheet[f"B{row}"].number_format = style
    sheet["A10"] = dt.date(2026, 3, 4)
    sheet.row_dimensions[2].hidden = True
    sheet.row_dimensions[12].hidden = True
    sheet.column_dimensions["B"].hidden = True


STRICT = {
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main":
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships":
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, STRICT], ids=["transitional", "strict"])
def test_everything_unseen_of_an_xlsx(tmp_path: Path, changes: Mapping[bytes, bytes]) -> None:
    sheet = one(patched(book(tmp_path / "a.xlsx", odd_sheet), changes))
    assert values(sheet)[:3] == [
        ["Nội dung", ("error_cell", "#N/A")], ["", ("error_cell", "#DIV/0!")],
        ["", ("formula_without_value", "=1+1")],
    ]  # fmt: skip
    assert sheet.unseen.percents == {(4, 2), (5, 2), (8, 2)}
    assert sheet.unseen.hidden_rows == {2, 12}
    assert sheet.unseen.hidden_columns == {2}
    assert sheet.value(10, 1) == dt.date(2026, 3, 4)
    assert sheet.value(4, 2) == 0.125


@pytest.mark.parametrize("changes", [{}, STRICT], ids=["transitional", "strict"])
def test_days_of_1904_are_the_days_that_were_typed(
    tmp_path: Path, changes: Mapping[bytes, bytes]
) -> None:
    def days(sheet: Any) -> None:
        sheet["A1"], sheet["A2"] = dt.date(2026, 3, 4), 5

    path = book(tmp_path / "a.xlsx", days, is_1904=True)
    assert b"date1904" in read_parts(path)["xl/workbook.xml"]
    assert values(one(patched(path, changes))) == [[dt.date(2026, 3, 4)], [5.0]]


def test_plain_sheet_has_formats_and_nothing_unseen(tmp_path: Path) -> None:
    def plain(sheet: Any) -> None:
        sheet["A1"], sheet["B1"] = "Nội dung", 0.5

    sheet = one(book(tmp_path / "a.xlsx", plain).read_bytes())
    assert sheet.unseen == Unseen(percents=set())


def cells_of(path: Path, body: str, extra: dict[str, bytes] | None = None) -> Sheet:
    return one(package(path, worksheet(body), extra).read_bytes())


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="A1"><f>1+1</f></c>', ("formula_without_value", "=1+1")),
        ('<c r="A1"><f>1+1</f><v></v></c>', ("formula_without_value", "=1+1")),
        ('<c r="A1"><f>1+1</f><v/></c>', ("formula_without_value", "=1+1")),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', 2.0),
        ('<c r="A1" t="e"><v>#REF!</v></c>', ("error_cell", "#REF!")),
        ("<c r='A1' t='e'><v>#REF!</v></c>", ("error_cell", "#REF!")),
        ('<c t="e" r="A1"><f>B1</f><v>#N/A</v></c>', ("error_cell", "#N/A")),
    ],
)  # fmt: skip
def test_cell_of_a_formula(tmp_path: Path, cell: str, value: object) -> None:
    assert values(cells_of(tmp_path / "a.xlsx", f'<row r="1">{cell}</row>')) == [[value]]


def test_shared_formula_without_a_value_is_said_in_every_cell(tmp_path: Path) -> None:
    master = '<c r="A1"><f t="shared" ref="A1:B1" si="0">C1+1</f><v>2</v></c>'
    body = f'<row r="1">{master}<c r="B1"><f t="shared" si="0"/></c></row>'
    assert values(cells_of(tmp_path / "a.xlsx", body)) == [[2.0, ("formula_without_value", "=")]]


def test_formula_that_gave_an_empty_text_is_an_empty_cell(tmp_path: Path) -> None:
    body = '<row r="1"><c r="A1" t="str"><f>IF(1,"","")</f><v></v></c><c r="B1"><v>1</v></c></row>'
    assert values(cells_of(tmp_path / "a.xlsx", body)) == [["", 1.0]]


def test_cells_without_an_address_stand_right_of_the_one_before(tmp_path: Path) -> None:
    body = '<row><c><v>1</v></c><c t="e"><v>#N/A</v></c></row><row hidden="1"><c><v>3</v></c></row>'
    sheet = cells_of(tmp_path / "a.xlsx", body)
    assert values(sheet) == [[1.0, ("error_cell", "#N/A")], [3.0, ""]]
    assert sheet.unseen.hidden_rows == {2}


def test_error_right_of_all_values_widens_the_sheet(tmp_path: Path) -> None:
    body = '<row r="1"><c r="A1"><v>1</v></c></row><row r="3"><c r="C3"><f>1</f></c></row>'
    assert values(cells_of(tmp_path / "a.xlsx", body)) == [
        [1.0, "", ""], ["", "", ""], ["", "", ("formula_without_value", "=1")],
    ]  # fmt: skip


def test_value_of_another_workbook_is_linked_only_where_there_are_others(tmp_path: Path) -> None:
    body = '<row r="1"><c r="A1"><f>[1]S!B2+1</f><v>5</v></c><c r="B1"><f>A1</f><v>5</v></c></row>'
    link = {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}
    assert cells_of(tmp_path / "a.xlsx", body, link).unseen.linked == {(1, 1)}
    assert has_external_links(look((tmp_path / "a.xlsx").read_bytes()))
    assert cells_of(tmp_path / "b.xlsx", body).unseen.linked == set()
    assert not has_external_links(look((tmp_path / "b.xlsx").read_bytes()))


def test_each_sheet_has_its_own(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "Thu & chi “1”"
    made.active["A1"] = "#N/A"
    made.create_sheet("Sạch")["A1"] = 1
    made.create_sheet("Ẩn")["A1"] = 2
    made["Ẩn"].sheet_state = "hidden"
    made["Ẩn"].row_dimensions[1].hidden = True
    made.save(tmp_path / "a.xlsx")
    sheets = {sheet.name: sheet for sheet in read_sheets((tmp_path / "a.xlsx").read_bytes())}
    assert sheets["Thu & chi “1”"].unseen.errors == {(1, 1): "#N/A"}
    assert sheets["Sạch"].unseen == Unseen(percents=set())
    assert sheets["Ẩn"].unseen.hidden_rows == {1}
    assert [sheet.is_hidden for sheet in sheets.values()] == [False, False, True]


def percent_book(path: Path) -> Path:
    def change(sheet: Any) -> None:
        sheet["A1"] = 0.125
        sheet["A1"].number_format = "0.0%"

    return book(path, change)


def test_attributes_in_single_quotes_are_read_too(tmp_path: Path) -> None:
    """XML allows both; a share whose format is not seen would be read a hundred times smaller."""
    path = percent_book(tmp_path / "a.xlsx")
    parts = read_parts(path)
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b's="1"' in sheet
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b's="1"', b"s='1'")
    assert one(write_parts(path, parts).read_bytes()).unseen.percents == {(1, 1)}


@pytest.mark.parametrize(
    ("code", "is_percent"),
    [("0%", True), ("#,##0.00%", True), ("[Red]0%;-0%", True), ("0 %", True), ('0"%"', False),
     ("0\\%", False), ("General", False), ("[%]0", False), ("", False), ('"%" 0%', True)],
)  # fmt: skip
def test_format_of_per_cent(code: str, is_percent: bool) -> None:
    assert is_percent_format(code) is is_percent


# --- .ods -----------------------------------------------------------------------------------------

PERCENT = (
    '<table:table-cell{} office:value-type="percentage" office:value="0.125">'
    "<text:p>12,5%</text:p></table:table-cell>"
)
ERROR = (
    '<table:table-cell table:formula="of:=NA()" office:value-type="string"'
    ' office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
)


def ods(path: Path, *rows: str, columns: str = "") -> Sheet:
    table = f'<table:table table:name="S">{columns}{"".join(rows)}</table:table>'
    content = ods_content(table).replace(
        "<office:document-content",
        '<office:document-content xmlns:calcext="urn:org:documentfoundation:names:experimental:calc'
        ':xmlns:calcext:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"',
    )
    return one(write_parts(path, ods_parts(content)).read_bytes())


def ods_row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row{attributes}>{''.join(cells)}</table:table-row>"


def test_per_cent_and_errors_of_an_ods(tmp_path: Path) -> None:
    sheet = ods(
        tmp_path / "a.ods",
        ods_row(ods_cell("a"), PERCENT.format("")),
        ods_row(ods_cell(0.5), ERROR),
        ods_row(PERCENT.format(' table:number-columns-repeated="2"')),
    )
    assert sheet.unseen.percents == {(1, 2), (3, 1), (3, 2)}
    assert sheet.unseen.errors == {(2, 2): "#N/A"}
    assert sheet.value(1, 2) == 0.125


def test_error_of_an_ods_is_an_odd_cell(tmp_path: Path) -> None:
    sheet = ods(tmp_path / "a.ods", ods_row(ods_cell("a"), ERROR))
    assert values(sheet) == [["a", ("error_cell", "#N/A")]]


def test_hidden_rows_and_columns_of_an_ods(tmp_path: Path) -> None:
    hidden = ' table:visibility="collapse"'
    sheet = ods(
        tmp_path / "a.ods",
        ods_row(ods_cell(1.0)),
        ods_row(ods_cell(2.0), attributes=f'{hidden} table:number-rows-repeated="2"'),
        ods_row(ods_cell(3.0), attributes=' table:visibility="filter"'),
        ods_row(ods_cell(4.0), PERCENT.format("")),
        columns=f"<table:table-column/><table:table-column{hidden}"
        ' table:number-columns-repeated="2"/><table:table-column/>',
    )
    assert sheet.unseen.hidden_rows == {2, 3, 4}
    assert sheet.unseen.hidden_columns == {2, 3}
    assert sheet.unseen.percents == {(5, 2)}
    assert [row[0] for row in sheet.rows] == [1.0, 2.0, 2.0, 3.0, 4.0]


def test_plain_ods_has_formats_and_nothing_unseen(tmp_path: Path) -> None:
    assert ods(tmp_path / "a.ods", ods_row(ods_cell(0.5))).unseen == Unseen(percents=set())


@pytest.mark.parametrize(
    ("position", "text"),
    [("super 58%", "1.234¹"), ("33% 58%", "1.234¹"), ("0% 100%", "1.2341"), ("-33% 58%", "1.2341")],
)
def test_raised_digits_of_an_ods_are_written_as_such(
    tmp_path: Path, position: str, text: str
) -> None:
    style = (
        '<office:automatic-styles><style:style style:name="T1" style:family="text">'
        f'<style:text-properties style:text-position="{position}"/></style:style>'
        "</office:automatic-styles>"
    )
    cell = (
        '<table:table-cell office:value-type="string"><text:p>1.234<text:span'
        ' text:style-name="T1">1</text:span></text:p></table:table-cell>'
    )
    table = f'<table:table table:name="S">{ods_row(cell)}</table:table>'
    content = ods_content(table)
    content = content.replace("<office:body>", style + "<office:body>").replace(
        "<office:document-content",
        '<office:document-content xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"',
    )
    sheet = one(write_parts(tmp_path / "a.ods", ods_parts(content)).read_bytes())
    assert values(sheet) == [[text]]


UNCALCULATED = '<table:table-cell table:formula="of:=1+1"/>'


def test_uncalculated_formula_of_an_ods_beside_per_cent(tmp_path: Path) -> None:
    sheet = ods(tmp_path / "a.ods", ods_row(ods_cell("a"), UNCALCULATED, PERCENT.format("")))
    assert values(sheet)[0][1] == ("formula_without_value", "of:=1+1")


def test_uncalculated_formula_of_an_ods(tmp_path: Path) -> None:
    """Else it is an empty cell, and nobody hears of it."""
    sheet = ods(tmp_path / "a.ods", ods_row(ods_cell("a"), UNCALCULATED))
    assert values(sheet) == [["a", ("formula_without_value", "of:=1+1")]]


def test_repeated_odd_cells_of_an_ods_are_bounded(tmp_path: Path) -> None:
    repeated = PERCENT.format(' table:number-columns-repeated="16000"')
    with pytest.raises(Unreadable, match="bomb"):
        row = ods_row(repeated, attributes=' table:number-rows-repeated="1000000"')
        table = f'<table:table table:name="S">{row}</table:table>'
        path = write_parts(tmp_path / "a.ods", ods_parts(ods_content(table)))
        look_again(look(path.read_bytes()), {"S": 0})


# --- .xls -----------------------------------------------------------------------------------------

CELLS = {(1, 1): "Nội dung", (2, 2): 0.125, (3, 2): 5.0}


def xls_error(row: int, col: int, code: int) -> bytes:
    return biff(0x0205, struct.pack("<HHHBB", row - 1, col - 1, 0, code, 1))


def xls_row(row: int, flags: int) -> bytes:
    return biff(0x0208, struct.pack("<8H", row - 1, 0, 5, 255, 0, 0, flags, 15))


def xls_columns(first: int, last: int, flags: int) -> bytes:
    return biff(0x007D, struct.pack("<6H", first - 1, last - 1, 2000, 0, flags, 0))


def xls_styles(number_format: int) -> bytes:
    """Fonts, and the one cell style that all cells have, with this number format."""
    font = biff(0x0031, struct.pack("<5H6B", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0, 5, 0) + b"Arial")
    style = struct.pack("<3H4BIIH", 0, number_format, 0, 0x20, 0, 0, 0, 0, 0, 0x20C0)
    return font * 5 + biff(0x00E0, style)


def xls(styles: bytes = b"", extra: bytes = b"") -> Sheet:
    return one(ole({"Workbook": biff_stream(CELLS, globals_extra=styles, sheet_extra=extra)}))


def test_everything_unseen_of_an_xls() -> None:
    sheet = xls(extra=xls_row(3, 0x20) + xls_columns(2, 2, 1) + xls_error(4, 2, 0x2A)
                + xls_error(4, 1, 0x07))  # fmt: skip
    assert values(sheet) == [
        ["Nội dung", ""], ["", 0.125], ["", 5.0],
        [("error_cell", "#DIV/0!"), ("error_cell", "#N/A")],
    ]  # fmt: skip
    assert (sheet.unseen.hidden_rows, sheet.unseen.hidden_columns) == ({3}, {2})
    assert sheet.unseen.percents == set()


@pytest.mark.parametrize(("number_format", "percents"), [(9, {(2, 2), (3, 2)}), (0, set())])
def test_format_of_per_cent_of_an_xls(number_format: int, percents: set[tuple[int, int]]) -> None:
    assert xls(xls_styles(number_format)).unseen.percents == percents


# --- .xlsb ----------------------------------------------------------------------------------------


def xlsb_row(row: int, *, hidden: bool = False) -> bytes:
    flags = 0x10 if hidden else 0
    return record(0, struct.pack("<IIHBBB", row - 1, 0, 300, 0, flags, 0) + bytes(4))


def xlsb(path: Path, body: bytes, columns: bytes = b"") -> Sheet:
    head = record(129) + record(148, struct.pack("<4I", 0, 10, 0, 5))
    parts = xlsb_parts({})
    sheet = head + columns + record(145) + body + record(146) + record(130)
    parts["xl/worksheets/sheet1.bin"] = sheet
    return one(write_parts(path, parts).read_bytes())


def place(col: int) -> bytes:
    return struct.pack("<II", col - 1, 0)


def test_everything_unseen_of_an_xlsb(tmp_path: Path) -> None:
    number = record(5, place(2) + struct.pack("<d", 0.125))
    body = (
        xlsb_row(1) + record(6, place(1) + wide("Nội dung"))
        + xlsb_row(2, hidden=True) + number
        + xlsb_row(3) + record(3, place(1) + b"\x07") + record(3, place(2) + b"\x2a")
    )  # fmt: skip
    columns = record(390) + record(60, struct.pack("<4IH", 1, 2, 2000, 0, 1)) + record(391)
    sheet = xlsb(tmp_path / "a.xlsb", body, columns)
    assert values(sheet) == [
        ["Nội dung", ""], ["", 0.125], [("error_cell", "#DIV/0!"), ("error_cell", "#N/A")],
    ]  # fmt: skip
    assert (sheet.unseen.hidden_rows, sheet.unseen.hidden_columns) == ({2}, {2, 3})


def test_formats_of_an_xlsb_are_seen_by_nobody_and_that_is_known(tmp_path: Path) -> None:
    body = xlsb_row(1) + record(5, place(1) + struct.pack("<d", 0.5))
    assert xlsb(tmp_path / "a.xlsb", body).unseen.percents is None


@pytest.mark.parametrize("kept", [3, 40, -3])
def test_cut_binary_sheet_is_read_or_damaged(tmp_path: Path, kept: int) -> None:
    parts = xlsb_parts({(1, 1): "Nội dung", (2, 2): 0.125, (3, 1): "Thu nội địa"})
    name = "xl/worksheets/sheet1.bin"
    parts[name] = parts[name][:kept]
    path = write_parts(tmp_path / "a.xlsb", parts)
    try:
        found = look_again(look(path.read_bytes()), {"LS-01": 0})
    except Unreadable as refused:
        assert refused.reason == "damaged"
    else:
        assert set(found) <= {"LS-01"}


@pytest.mark.parametrize("fixture", sorted(Path(__file__).parents[1].glob("fixtures/xlsb/*.xlsb")))
def test_kept_binary_workbooks_are_read(fixture: Path) -> None:
    for sheet in read_sheets(fixture.read_bytes()):
        assert sheet.unseen.percents is None
        for at, text in sheet.unseen.errors.items():
            cell = sheet.cell(*at)
            assert cell is not None and (cell.kind, cell.text) == ("error", text)
