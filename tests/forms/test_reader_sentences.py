"""What the reader says about a sheet or a column that it cannot take as it stands: each rule broken
and obeyed once, in real workbooks, with the officer's sentence, the cell and the severity.

Most cases change the form of all_rules.yml: header in rows 9 and 10, column numbers in row 11, six
sources of capital under their total in rows 12 to 18; A name, B plan, C month, D cumulative,
E ratio, F day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from filled_templates import filled
from form_books import (
    CONTRACTS,
    RECORD,
    TEST_CONTRACTS,
    Form,
    Mail,
    Said,
    judge_mails,
    write_book,
)
from old_formats import read_parts, write_parts, write_xlsb
from test_table_and_period_rules import CONTRACT, FIRST, TOTAL, month_of

from expectations.findings import Finding, sentences
from ingest.contract import all_contracts
from ingest.extract import submissions_of
from ingest.template import write_workbook
from ingest.workbook import read_workbook
from tests.mangler.legacy_fonts import to_tcvn3, to_vni

BY_CODE = {contract.code_on_paper: contract for contract in all_contracts()}
REVENUE, EXPENDITURE = BY_CODE["60/CK-NSNN"], BY_CODE["XA-CHI"]
TEST_CONTRACTS.update({c.code_on_paper: c for c in (REVENUE, EXPENDITURE)})
LS01 = CONTRACTS["LS-01"]
RANKS = BY_CODE["NV-01"]
KNOWN = [CONTRACT, REVENUE, EXPENDITURE, LS01, RANKS]
COMMUNE = "06463"

Make = Callable[[Path], Path]
Change = Callable[[Any], None]


@dataclass(frozen=True)
class Case(Said[Make]):
    """`at` is the cell of the finding, None where it is about the whole sheet; a column's letter
    where the header stands in the upper of its two rows (see the test of its cell below)."""

    severity: str
    at: str | None = None
    expected: str | None = None
    sender: str = "STC"
    times: int = 1  # how often it is said: of every cell in doubt, of every sheet


# --- files ----------------------------------------------------------------------------------------


def book(form: Callable[[], Form], change: Change | None = None, name: str = "") -> Make:
    def make(path: Path) -> Path:
        laid_out = form()
        write_book(path, [laid_out], [name or laid_out.code.partition("/")[0]])
        if change is not None:
            opened = openpyxl.load_workbook(path)
            change(opened.worksheets[0])
            opened.save(path)
        return path

    return make


def month(change: Change | None = None, name: str = "", **fields: Any) -> Make:
    """The form of tests for January, with fields of the Form and then cells changed."""

    def form() -> Form:
        made = month_of(1)
        for field, value in fields.items():
            setattr(made, field, value)
        return made

    return book(form, change, name)


def typed(**cells: Any) -> Make:
    """The form of tests with these cells typed over."""
    return month(lambda sheet: [sheet.__setitem__(at, value) for at, value in cells.items()])


def column(letter: str, *values: Any) -> Change:
    """A column typed over from its first part on."""

    def change(sheet: Any) -> None:
        for row, value in enumerate(values, start=13):
            sheet[f"{letter}{row}"] = value

    return change


RIGHT = month()


def column_twice(path: Path) -> Path:
    form = month_of(1)
    form.order.append("again")
    form.headers["again"] = form.headers["month"]
    for row in form.rows:
        row["again"] = row["month"]
    return write_book(path, [form])


def columns_of_two_names(path: Path) -> Path:
    form = month_of(1)
    form.order.append("again")
    form.headers["again"] = ("Giải ngân", "Trong tuần")
    return write_book(path, [form])


def revenue(header: str) -> Make:
    """Revenue of the second quarter, its column of the outturn headed so."""

    def form() -> Form:
        form = Form("60/CK-NSNN", sender="STC", period="Quý II/2026")
        form.headers["outturn_cumulative"] = (header,)
        for row in form.rows:
            row |= {"estimate_assigned": "-", "outturn_cumulative": "-"}
        return form

    return book(form)


def expenditure(*, symbols: bool) -> Make:
    """A commune's expenditure without the parents of defence, which stands under two of them."""

    def form() -> Form:
        form = Form("XA-CHI", sender=COMMUNE, period="tháng 1/2026")
        form.rows = [
            {"symbol": "", "line": "Tổng số", "outturn_cumulative": 5},
            {"symbol": "1.1" if symbols else "", "line": "Chi quốc phòng", "outturn_cumulative": 5},
        ]
        return form

    return book(form)


def records(*rows: dict[str, Any]) -> Make:
    return book(lambda: Form("LS-01", rows=[dict(RECORD), *rows]))


def ranks(change: Change | None = None) -> Make:
    """The form of ranks and scores, two tables side by side, filled in from its template."""

    def make(path: Path) -> Path:
        write_workbook(path, [replace(filled(RANKS), is_simulated=False)])
        opened = openpyxl.load_workbook(path)
        if change is not None:
            change(opened.worksheets[0])
        opened.save(path)
        return path

    return make


def without_scores(sheet: Any) -> None:
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value in ("Điểm của chỉ số", "Điểm"):
                cell.value = "Ghi chú thêm"


def hidden_sheet(path: Path) -> Path:
    month()(path)
    opened = openpyxl.load_workbook(path)
    opened.worksheets[0].sheet_state = "hidden"
    opened.create_sheet("Bìa")["A1"] = "Báo cáo"
    opened.save(path)
    return path


def on_two_sheets(*, second: float) -> Make:
    """Revenue twice in a workbook; grants are 11 on the first sheet, this on the second."""

    def make(path: Path) -> Path:
        forms = []
        for grants in (11, second):
            form = Form("60/CK-NSNN", sender="STC", period="Quý II/2026")
            for row in form.rows:
                is_among = row["line"] in ("TỔNG THU NSNN TRÊN ĐỊA BÀN", "Thu viện trợ")
                row["outturn_cumulative"] = grants if is_among else "-"
                row["estimate_assigned"] = "-"
            forms.append(form)
        return write_book(path, forms, ["Biểu 60", "Biểu 60 (2)"])

    return make


def below_another(measure: str) -> Make:
    """Revenue (million đồng) below the form of tests, which says another unit for itself."""

    def make(path: Path) -> Path:
        upper, lower = month_of(1), Form("60/CK-NSNN", sender="STC", period="Quý I/2026")
        for row in lower.rows:
            row |= {"estimate_assigned": "-", "outturn_cumulative": "-"}
        write_book(path, [upper])
        opened = openpyxl.load_workbook(path)
        sheet = opened.worksheets[0]
        sheet["E8"] = f"Đơn vị tính: {measure}"
        first = sheet.max_row + 4
        for (row, col), value in lower.layout().items():
            if value is not None and "Đơn vị tính" not in str(value):
                sheet.cell(first + row, col).value = value
        opened.save(path)
        return path

    return make


def visible_beside_hidden(path: Path) -> Path:
    month()(path)
    opened = openpyxl.load_workbook(path)
    opened.create_sheet("Nháp").sheet_state = "hidden"
    opened.save(path)
    return path


def hidden(rows: tuple[int, ...] = (), columns: str = "") -> Make:
    def change(sheet: Any) -> None:
        for row in rows:
            sheet.row_dimensions[row].hidden = True
        for letter in columns:
            sheet.column_dimensions[letter].hidden = True

    return month(change)


def with_formula(formula: str) -> Make:
    """C13 holds a formula beside the value that the other workbook had, as Office writes it."""

    def make(path: Path) -> Path:
        parts = read_parts(month()(path))
        name = "xl/worksheets/sheet1.xml"
        before = b'<c r="C13" t="n"><v>'
        assert parts[name].count(before) == 1
        parts[name] = parts[name].replace(before, f'<c r="C13"><f>{formula}</f><v>'.encode())
        link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
        parts["xl/externalLinks/externalLink1.xml"] = link
        return write_parts(path, parts)

    return make


def header_again(first: str) -> Make:
    """The header printed again below the fourth line; the name of the lines' column, where it
    stands first, is this."""

    def change(sheet: Any) -> None:
        printed = {(row, col): sheet.cell(row, col).value for row in (9, 10) for col in range(1, 7)}
        for merged in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(merged))
        sheet.insert_rows(15, 2)
        for (row, col), text in printed.items():
            sheet.cell(row + 6, col).value = text
        sheet["A9"] = first

    return month(change)


def in_font(coded: Callable[[str], tuple[str, str]]) -> Make:
    """The names of the lines typed in an old font."""

    def change(sheet: Any) -> None:
        for row in range(12, 19):
            sheet[f"A{row}"] = coded(sheet[f"A{row}"].value)[0]

    return month(change)


def in_binary(ratio: float) -> Make:
    """As .xlsb, of which nobody sees the formats of numbers; every ratio is this one."""

    def make(path: Path) -> Path:
        form = month_of(1)
        for place, row in enumerate(form.rows):
            count = 6 if place == TOTAL else 1
            row |= {"plan": 1000 * count, "ratio": ratio}
            row |= {"month": ratio * 10 * count, "cumulative": ratio * 10 * count}
        cells = {k: v for k, v in form.layout().items() if v is not None}
        return write_xlsb(path, cells)

    return make


# --- cases ----------------------------------------------------------------------------------------

CASES = {
    "period_twice_above_the_table": Case(
        "period_contradiction", typed(A8="Tháng 2 năm 2026"), typed(A8="Tháng 1 năm 2026"),
        "Trang “TH-01” ghi kỳ báo cáo là tháng 1/2026, nhưng cũng ghi tháng 2/2026.",
        "error", "A8", "Một kỳ báo cáo"),
    "year_of_the_title_is_another": Case(
        "period_contradiction", typed(A8="Năm 2025"), typed(A8="So với cùng kỳ năm 2025"),
        "Trang “TH-01” ghi kỳ báo cáo là tháng 1/2026, nhưng cũng ghi năm 2025.",
        "error", "A8"),
    "sheet_named_after_another_month": Case(
        "period_contradiction", month(name="T2.2026"), month(name="T1.2026"),
        "Trang “T2.2026” ghi kỳ báo cáo là tháng 1/2026, nhưng cũng ghi tên trang “T2.2026”.",
        "error"),
    "quarter_on_a_form_of_months": Case(
        "period_of_other_kind", month(period="Quý I/2026"), month(period="Tháng 01 năm 2026"),
        "Trang “TH-01” ghi kỳ báo cáo “Quý I/2026”; biểu TH-01 báo cáo theo tháng.",
        "error", "A5", "Kỳ báo cáo theo tháng"),
    "table_left_out": Case(
        "table_missing", ranks(without_scores), ranks(),
        "Trang “NV-01” thiếu bảng “Điểm” của biểu.", "error", None, "Bảng “Điểm”", "SNV"),
    "form_on_two_sheets": Case(
        "form_twice", on_two_sheets(second=12), on_two_sheets(second=11),
        "Biểu 60/CK-NSNN, quý II năm 2026 có ở nhiều trang (“Biểu 60”, “Biểu 60 (2)”) với số"
        " liệu khác nhau, chưa rõ trang nào đúng.",
        "error", None, "Một trang cho một biểu, một kỳ", times=2),
    "unit_of_another_form_on_the_sheet": Case(
        "unit_line_of_other_form", below_another("Nghìn đồng"), below_another("Triệu đồng"),
        "Ô E8 ghi đơn vị tính “nghìn đồng” cho biểu đầu trang; biểu phía dưới không ghi, biểu mẫu"
        " tính theo “triệu đồng”, chưa rõ số liệu theo đơn vị nào.",
        "error", "E8", "Dòng đơn vị tính của biểu phía dưới"),
    "header_that_was_never_calculated": Case(
        "header_unreadable", typed(E9="=B9"), typed(E9="TỶ LỆ (%)"),
        "Ô E9: tiêu đề cột là công thức chưa có giá trị hoặc báo lỗi, chưa rõ là cột nào.",
        "error", "E9", "Tên cột theo biểu mẫu"),
    "header_that_is_read_only_where_it_is_printed_again": Case(
        "header_above_unread", header_again("Mục"), header_again("NGUỒN VỐN"),
        "Trang “TH-01”: tiêu đề ở dòng 9 chưa nhận ra đủ cột, chỉ nhận ra tiêu đề in lại ở dòng 15;"
        " số liệu ở các dòng 12-14 chưa được đưa vào kho.",
        "error", "A9", "Tiêu đề ở dòng 9 như ở dòng 15"),
    "two_units_on_a_sheet": Case(
        "unit_contradiction_on_sheet", typed(A1="SỞ Y TẾ"),
        typed(A1="UBND TỈNH LẠNG SƠN\nSỞ TÀI CHÍNH"),
        "Trang “TH-01” ghi Sở Tài chính, nhưng cũng ghi Sở Y tế.",
        "error", "A1", "Một đơn vị báo cáo"),
    "unit_of_no_list": Case(
        "unit_name_unknown", month(named="Sở Kế hoạch"), month(named="Sở Tài chính"),
        "Ô A6 ghi đơn vị báo cáo “Sở Kế hoạch”, không có trong danh mục; hệ thống hiểu là nơi gửi.",
        "warning", "A6", "Tên đơn vị trong danh mục"),
    "one_column_twice": Case(
        "column_ambiguous", column_twice, columns_of_two_names,
        "Trang “TH-01” có nhiều cột “Giải ngân / Trong tháng” (cột C, G), chưa rõ cột nào.",
        "error", "C10", "Một cột “Giải ngân / Trong tháng”"),
    "column_of_last_quarter": Case(
        "column_of_other_period", revenue("ƯỚC THỰC HIỆN QUÝ I/2026"),
        revenue("ƯỚC THỰC HIỆN QUÝ II NĂM 2026"),
        "Ô D9: cột ghi “ƯỚC THỰC HIỆN QUÝ I/2026”, kỳ báo cáo của biểu là quý II năm 2026.",
        "error", "D", "Cột của quý II năm 2026"),
    "column_of_last_year": Case(
        "column_of_other_period", revenue("ƯỚC THỰC HIỆN QUÝ II/2025"),
        revenue("ƯỚC THỰC HIỆN 6 THÁNG ĐẦU NĂM 2026"),
        "Ô D9: cột ghi “ƯỚC THỰC HIỆN QUÝ II/2025”, kỳ báo cáo của biểu là quý II năm 2026.",
        "error", "D"),
    "formula_of_another_form": Case(
        "index_formula_differs", typed(E11="(5) = (4) : (3)"), typed(E11="(5) = (4) : (2) x 100"),
        "Ô E11 ghi “(5) = (4) : (3)”; theo biểu mẫu, cột “Tỷ lệ (%)” tính 5=4/2.",
        "warning", "E11", "5=4/2"),
    "line_of_two_parents": Case(
        "line_ambiguous", expenditure(symbols=False), expenditure(symbols=True),
        "Ô B12: dòng “Chi quốc phòng” có thể là nhiều dòng của biểu.",
        "error", "B12", "Ký hiệu dòng và dòng cha theo biểu mẫu", COMMUNE),
    "text_alone_among_records": Case(
        "heading_not_read",
        records({"indicator_name": "Nhóm cây lâm nghiệp"}, RECORD | {"locator": "P2"}),
        records(RECORD | {"locator": "P2"}, {"indicator_name": "Ghi chú: số liệu ước"}),
        "Trang “LS-01”: dòng 12 chỉ có “Nhóm cây lâm nghiệp”, được hiểu là tiêu đề hoặc ghi chú,"
        " không được đưa vào kho.", "info", sender="TKT"),
    "total_under_records": Case(
        "total_row_not_read",
        records({"indicator_name": "Tổng cộng", "value": "1.234,5"}),
        records(RECORD | {"indicator_name": "Tổng diện tích keo", "locator": "P2"}),
        "Trang “LS-01” có dòng “Tổng cộng” không thuộc danh sách; số liệu của dòng này không được"
        " đưa vào kho.", "info", sender="TKT"),
    "unit_of_measure_misspelt": Case(
        "unit_line_unknown", typed(E8="Đơn vị tính: Triệu dong"),
        typed(E8="ĐVT: tr.đồng"),
        "Ô E8 ghi đơn vị tính “Triệu dong”, chưa hiểu là đơn vị nào.",
        "error", "E8", "Đơn vị tính trong danh mục, ví dụ “Triệu đồng”"),
    "two_units_of_measure": Case(
        "unit_line_contradiction",
        typed(A8="Đơn vị tính: Tỷ đồng", E8="Đơn vị tính: Triệu đồng"),
        typed(A8="Đơn vị tính: Triệu đồng", E8="ĐVT: Triệu đồng, %"),
        "Trang “TH-01” ghi các đơn vị tính khác nhau: “tỷ đồng” và “triệu đồng”.",
        "error", "E8", "Một đơn vị tính cho một cột"),
    "header_of_another_currency": Case(
        "unit_line_contradiction",
        month(headers=month_of(1).headers | {"plan": ("Kế hoạch năm (triệu USD)",)}),
        month(headers=month_of(1).headers | {"plan": ("Kế hoạch năm (triệu đồng)",)}),
        "Trang “TH-01” ghi các đơn vị tính khác nhau: “triệu USD” và “triệu đồng”.",
        "error", "B"),
    "unit_of_measure_of_another_size": Case(
        "unit_line_differs", typed(E8="Đơn vị tính: Tỷ đồng"), typed(E8="Đơn vị tính: Triệu đồng"),
        "Trang “TH-01” ghi đơn vị tính tỷ đồng, biểu mẫu dùng triệu đồng; số liệu được hiểu theo"
        " tỷ đồng.", "warning", "E8", "triệu đồng"),
    "sheet_is_hidden": Case(
        "hidden_sheet", hidden_sheet, visible_beside_hidden,
        "Trang “TH-01” đang bị ẩn; số liệu vẫn được đọc.", "info"),
    "rows_are_hidden": Case(
        "hidden_rows", hidden(rows=(13, 14, 16)), hidden(rows=(2, 30)),
        "Trang “TH-01” có 3 dòng bị ẩn (dòng 13-14, 16); số liệu vẫn được đọc.", "info"),
    "columns_are_hidden": Case(
        "hidden_columns", hidden(columns="CE"), hidden(columns="H"),
        "Trang “TH-01” có cột bị ẩn (cột C, E); số liệu vẫn được đọc.", "info"),
    "value_of_another_workbook": Case(
        "external_link", with_formula("[1]Nguon!B2"), with_formula("B13"),
        "Trang “TH-01” có ô lấy số liệu từ tệp khác (C13); hệ thống dùng giá trị đã lưu trong tệp.",
        "warning", "C13", "Giá trị nhập trong tệp"),
    "font_of_abc": Case(
        "text_legacy_font", in_font(to_tcvn3), RIGHT,
        "Trang “TH-01” dùng phông chữ cũ (TCVN3 (ABC)); chữ đã được chuyển sang Unicode để đọc.",
        "info"),
    "font_of_vni": Case(
        "text_legacy_font", in_font(to_vni), RIGHT,
        "Trang “TH-01” dùng phông chữ cũ (VNI); chữ đã được chuyển sang Unicode để đọc.", "info"),
    "number_beside_grouped_texts": Case(
        "number_maybe_shifted", month(column("C", 1.234, "1.234.567", "-", "-", "-", "-")),
        month(column("C", 1234, "1.234.567", "-", "-", "-", "-")),
        "Ô C13 chưa rõ là 1.234 hay 1,234: cùng cột có số ghi dạng chữ với dấu ngăn hàng nghìn.",
        "error", "C13", "Một cách hiểu duy nhất"),
    "share_whose_format_nobody_sees": Case(
        "percent_scale_unclear", in_binary(0.5), in_binary(12.5),
        "Ô E12 chưa rõ là 50 hay 0,5 %: định dạng ô không đọc được.",
        "error", "E12", "Tỷ lệ ghi theo %, ví dụ 12,5", times=7),
    "day_beside_typed_days": Case(
        "date_ambiguous",
        month(column("F", dt.date(2026, 3, 4), *["13/04/2026"] * 5)),
        month(column("F", dt.date(2026, 3, 4), *["03/04/2026"] * 5)),
        "Ô F13 chưa rõ là ngày 4/3/2026 hay 3/4/2026: cùng cột có ngày ghi dạng chữ.",
        "error", "F13", "Một cách hiểu duy nhất"),
    "number_of_no_style": Case(
        "number_ambiguous", month(column("C", "1.234", *["-"] * 5), style_stated=False),
        month(column("C", "1.234", "0,5", *["-"] * 4), style_stated=False),
        "Ô C13 ghi “1.234” chưa rõ là 1.234 hay 1,234.",
        "error", "C13", "Một cách hiểu duy nhất"),
}  # fmt: skip
LETTERS = tuple("ABCDEF")
READER_RULES = {case.rule for case in CASES.values()}

# errors that follow from a fault: what a column without its figures no longer adds up to
FOLLOWING = {"totals", "adds_up", "formula", "within"}
Judged = dict[tuple[str, str], list[Finding]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """Every case through reading, registration and validation, in one batch a form."""
    folder = tmp_path_factory.mktemp("reader")
    keys = [(name, side) for name in CASES for side in ("fault", "right")]
    mails = []
    for name, side in keys:
        case = CASES[name]
        path = getattr(case, side)(folder / f"{name}-{side}.xlsx")
        reading = submissions_of(read_workbook(path), KNOWN)
        mails.append(Mail([(case.sender, f"{case.sender}/{path.name}", reading)]))
    submissions, findings = judge_mails(mails, KNOWN)
    for key, group in zip(keys, submissions, strict=True):
        assert group and all(s.read is not None for s in group), key
    return dict(zip(keys, findings, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_fault_is_said_in_its_sentence_at_its_cell(judged: Judged, name: str) -> None:
    case = CASES[name]
    found = [finding for finding in judged[name, "fault"] if finding.rule == case.rule]
    messages = [finding.message for finding in found]
    assert len(found) == case.times, messages
    finding = found[0]
    assert finding.message == case.message
    assert finding.severity == case.severity == sentences()[case.rule].severity
    cell = (finding.cell_ref or "!").partition("!")[2]
    assert (cell.rstrip("0123456789") if case.at in LETTERS else cell) == (case.at or "")
    if case.expected is not None:
        assert finding.expected == case.expected
    assert finding.fix == sentences()[case.rule].fix


@pytest.mark.parametrize("name", CASES)
def test_rule_is_silent_where_it_is_obeyed(judged: Judged, name: str) -> None:
    """And nothing else is wrong with what is right, but what follows from the figures."""
    rule = CASES[name].rule
    right = judged[name, "right"]
    assert [f.message for f in right if f.rule == rule] == []
    errors = [f for f in right if f.severity == "error" and f.rule not in FOLLOWING]
    assert [f.message for f in errors] == []


@pytest.mark.parametrize("name", CASES)
def test_fault_brings_no_error_of_another_rule(judged: Judged, name: str) -> None:
    case = CASES[name]
    errors = {f.rule for f in judged[name, "fault"] if f.severity == "error"}
    assert errors - {case.rule} - FOLLOWING == set(), [f.message for f in judged[name, "fault"]]
    if case.severity != "error":
        assert errors == set(), [f.message for f in judged[name, "fault"]]


def test_a_sheet_that_says_two_periods_is_a_second_statement_of_both(tmp_path: Path) -> None:
    """The other sheet is of the period that one line of it says: which counts, nobody knows."""
    path = on_two_sheets(second=12)(tmp_path / "two.xlsx")
    opened = openpyxl.load_workbook(path)
    title = opened.worksheets[0]["A2"]
    title.value = f"{title.value or ''} QUÝ I NĂM 2026"
    opened.save(path)
    found = submissions_of(read_workbook(path), KNOWN).submissions
    assert [each.period_key for each in found] == ["2026-Q1", "2026-Q2"]
    assert ["form_twice" in {remark.rule for remark in each.remarks} for each in found] == [
        True
    ] * 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number_beside_grouped_texts", "1,234"),
        ("share_whose_format_nobody_sees", "0,5"),
        ("day_beside_typed_days", "04/03/2026"),
    ],
)
def test_value_of_a_refused_cell_is_shown_as_the_officer_sees_it(
    judged: Judged, name: str, value: str
) -> None:
    found = [f for f in judged[name, "fault"] if f.rule == CASES[name].rule]
    assert found[0].value == value


UPPER_HEADERS = {"column_of_last_quarter": "D9", "header_of_another_currency": "B9"}


@pytest.mark.parametrize("name", UPPER_HEADERS)
def test_finding_on_a_header_is_at_the_cell_that_holds_its_words(judged: Judged, name: str) -> None:
    [finding] = [f for f in judged[name, "fault"] if f.rule == CASES[name].rule]
    assert (finding.cell_ref or "").partition("!")[2] == UPPER_HEADERS[name]


def test_parts_that_are_read_stay_as_they_were(tmp_path: Path) -> None:
    """What is only said (hidden, linked, an old font) changes no figure."""

    def figures(make: Make, name: str) -> list[object]:
        path = make(tmp_path / f"{name}.xlsx")
        [submission] = submissions_of(read_workbook(path), KNOWN).submissions
        return [(c.row_no, c.col_no, c.number, c.state) for c in submission.cells if c.col_no > 1]

    right = figures(RIGHT, "right")
    assert len(right) == 7 * 5
    said_only = ("sheet_is_hidden", "rows_are_hidden", "columns_are_hidden", "font_of_abc",
                 "font_of_vni", "value_of_another_workbook", "unit_of_no_list")  # fmt: skip
    for name in said_only:
        assert figures(CASES[name].fault, name) == right, name


def test_first_part_stands_where_the_cases_say() -> None:
    assert month_of(1).row_of(FIRST) == 13
