"""Every rule: its sentence at its cell where it is broken, and silence where it is obeyed.

A case changes one thing in a correctly filled form. All cases go through the same extraction,
registration and validation as a night does, in one batch a form. A rule without a case fails here.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from form_books import CONTRACTS, RATE, RECORD, Form, Mail, Said, judge_mails, read_book
from test_hidden_identity import IDENTITY_RULES
from test_reader_sentences import READER_RULES
from test_table_and_period_rules import RULES

from expectations.cell_rules import CELL_PROBLEMS
from expectations.findings import SEVERITIES, Finding, compose, sentences
from expectations.residuals import SHEET_REMARKS
from expectations.rule_files import all_rules
from expectations.validate import file_findings
from ingest.package import REASONS
from ingest.register import Submission

# rules of files: the files are made and read in test_hostile_files.py; of what the reader cannot
# take as it stands: test_reader_sentences.py; of the units and directions of lines:
# test_units_of_rows.py; between figures: tests/unit/test_identities.py; of plan and law:
# test_plan_rules.py; between forms: test_rules_between_forms.py; of what was expunged:
# tests/unit/test_expunge.py
ELSEWHERE = {
    *REASONS, *RULES, *IDENTITY_RULES, *READER_RULES, "identity_broken", "identity_rounded",
    "commune_sum", "file_expunged",
    "parts_within", "unit_missing", "line_unit_of_other_quantity", "not_of_line",
    *(rule.id for rule in all_rules()),
}  # fmt: skip

Build = Callable[[], list[tuple[str, list[Form]]]]


@dataclass(frozen=True)
class Case(Said[Build]):
    """`fault` and `right` give files (sender's folder, sheets); `at` is the cell, without sheet."""

    at: str | None = None
    expected: str | None = None
    severity: str = "error"
    cells: tuple[str, ...] = ()
    fix: str | None = None


def one(code: str, sender: str = "TKT", **changes: Any) -> Build:
    """One file with one form; `first` changes fields of its first row."""
    first = changes.pop("first", {})
    folder = changes.pop("folder", sender)

    def build() -> list[tuple[str, list[Form]]]:
        form = Form(code, sender=sender, **changes)
        if first:
            form.rows[0] = form.rows[0] | first
        return [(folder, [form])]

    return build


def record(**changes: Any) -> Build:
    return one("LS-01", first=changes)


def records(*rows: dict[str, Any]) -> Build:
    return one("LS-01", rows=[RECORD | row for row in rows])


def rates(*rows: dict[str, Any]) -> Build:
    return one("LS-01", rows=[RATE | row for row in rows])


def revenue(**changes: Any) -> Build:
    """LS-02 with fields of its three lines changed: `total`, `domestic`, `customs`."""

    def build() -> list[tuple[str, list[Form]]]:
        form = Form("LS-02", sender="STC")
        for number, line in enumerate(("total", "domestic", "customs")):
            form.rows[number] = form.rows[number] | changes.get(line, {})
        return [("STC", [form])]

    return build


def without_column(name: str) -> Build:
    def build() -> list[tuple[str, list[Form]]]:
        form = Form("LS-01")
        form.order.remove(name)
        return [("TKT", [form])]

    return build


def beside_a_form(*, broken: bool) -> Build:
    """LS-02 and LS-03 in one workbook; the second has lost its column of lines, or has not."""

    def build() -> list[tuple[str, list[Form]]]:
        second = Form("LS-03", sender="STC")
        if broken:
            second.order.remove("line")
        return [("STC", [Form("LS-02", sender="STC"), second])]

    return build


def with_column(header: str) -> Build:
    def build() -> list[tuple[str, list[Form]]]:
        form = Form("LS-01", headers={"own": (header,)})
        form.order.append("own")
        return [("TKT", [form])]

    return build


def lines_changed(change: Callable[[list[dict[str, Any]]], None]) -> Build:
    def build() -> list[tuple[str, list[Form]]]:
        form = Form("LS-02", sender="STC")
        change(form.rows)
        return [("STC", [form])]

    return build


def two_files() -> list[tuple[str, list[Form]]]:
    return [("TKT", [Form("LS-01")]), ("TKT", [Form("LS-01")])]


def two_periods() -> list[tuple[str, list[Form]]]:
    return [("TKT", [Form("LS-01")]), ("TKT", [Form("LS-01", period="2026")])]


RIGHT = one("LS-01")
RIGHT_LINES = one("LS-02", "STC")
FORMS = "LS-01, LS-02, LS-03, LS-04, LS-05, LS-06, LS-07"
# LS-01: data begin in row 11; B indicator, D unit it is about, E period, G measure, I comparator,
# J value, K upper end, L unit. LS-02: lines in rows 12 to 14, C five years, E the year 2025
CASES = [
    # --- the form
    Case("form_unrecognised", without_column("unit"), RIGHT,
         "Chưa xác định được biểu mẫu. Gần nhất là biểu “Các chỉ tiêu kinh tế - xã hội chủ yếu”,"
         " còn thiếu cột “Đơn vị tính”.",
         expected=f"Một trong các biểu: {FORMS}",
         fix="Đề nghị dùng đúng biểu mẫu, giữ nguyên tiêu đề và các cột."),
    Case("sheet_unrecognised", beside_a_form(broken=True), beside_a_form(broken=False),
         "Trang “LS-03” chưa xác định được biểu mẫu. Gần nhất là biểu “Chi ngân sách địa phương”,"
         " còn thiếu cột “Nội dung”.", expected=f"Một trong các biểu: {FORMS}"),
    Case("wrong_sender", one("LS-02", "SYT"), RIGHT_LINES,
         "Biểu LS-02 không thuộc trách nhiệm báo cáo của nơi gửi (Sở Y tế).",
         expected="Nơi gửi: Sở Tài chính"),
    Case("unit_contradiction", one("LS-01", "TKT", named="Sở Y tế (SYT)"), RIGHT,
         "Tệp ghi Sở Y tế, nơi gửi là Thống kê tỉnh Lạng Sơn."),
    Case("sender_unknown", one("LS-01", folder="So Tai chinh"), RIGHT,
         "Chưa xác định được nơi gửi: “So Tai chinh” không phải mã đơn vị.",
         expected="Mã đơn vị trong danh mục"),
    Case("period_missing", one("LS-01", period=None), RIGHT,
         "Trang “LS-01” không ghi kỳ báo cáo.",
         expected="Dòng “Kỳ báo cáo: …” phía trên bảng"),
    Case("period_unreadable", one("LS-01", period="mùa xuân năm nay"), RIGHT,
         "Trang “LS-01” ghi kỳ báo cáo “mùa xuân năm nay”, chưa hiểu được.",
         expected="Năm, quý, tháng hoặc giai đoạn"),
    Case("form_not_valid", one("LS-01", period="2020"), one("LS-01", period="2021"),
         "Biểu LS-01 không có hiệu lực trong kỳ năm 2020.",
         expected="Kỳ báo cáo từ 01/01/2021"),
    Case("two_files_same_form", two_files, two_periods,
         "Một biểu, một kỳ được gửi nhiều lần trong một lượt: TKT/0.xlsx (LS-01), TKT/1.xlsx"
         " (LS-01). Hệ thống dùng bản sau cùng.", severity="warning"),
    # --- the sheet
    Case("column_missing", without_column("note"), RIGHT,
         "Trang “LS-01” thiếu cột “Ghi chú”.", expected="Ghi chú", severity="warning"),
    Case("column_extra", with_column("theo dõi riêng"), RIGHT,
         "Trang “LS-01” có cột “theo dõi riêng” không thuộc biểu; số liệu của cột này không được"
         " đưa vào kho.", at="S9", severity="info"),
    Case("line_unknown", lines_changed(lambda rows: rows.append(
            {"line": "Thu khác", "projected_2025": "5"})),
         lines_changed(lambda rows: rows.append({"line": "Ghi chú chung"})),
         "Ô B15: dòng “Thu khác” không có trong biểu nhưng có số liệu.", at="B15"),
    Case("line_missing", lines_changed(lambda rows: rows.pop(2)), RIGHT_LINES,
         "Trang “LS-02” thiếu dòng “Thu từ hoạt động xuất nhập khẩu”.",
         expected="Thu từ hoạt động xuất nhập khẩu", severity="warning"),
    Case("figure_outside_table", one("LS-02", "STC", cells={"C25": 12.5}),
         one("LS-02", "STC", cells={"B25": "Lạng Sơn, ngày 05 tháng 01 năm 2026"}),
         "Ô C25 có số liệu nằm ngoài bảng, chưa được đưa vào kho.", at="C25", severity="warning"),
    Case("no_rows", one("LS-01", rows=[]), RIGHT,
         "Trang “LS-01” có tiêu đề của biểu nhưng không có dòng số liệu nào."),
    # --- the cell
    Case("required_blank", record(unit=None), record(unit="ha"),
         "Ô L11 (cột “Đơn vị tính”) bắt buộc nhưng để trống.", at="L11", expected="Có giá trị",
         fix="Không phát sinh ghi “-”; chưa thu thập được ghi “…”."),
    Case("number_not_a_number", record(value="năm mươi"), record(value="50"),
         "Ô J11 ghi “năm mươi”, không phải là số.", at="J11", expected="Số (cột “Giá trị”)"),
    Case("number_with_words", record(value="khoảng 50"), record(value="50", comparator="khoảng"),
         "Ô J11 ghi “khoảng 50”.", at="J11", expected="Chỉ có số (cột “Giá trị”)",
         fix="Đề nghị chỉ nhập số; từ “khoảng”, “trên” ghi ở cột Dấu."),
    Case("number_too_large", record(value="9" * 26), record(value="9" * 15),
         f"Ô J11 ghi “{'9' * 26}”, vượt khả năng lưu trữ.", at="J11"),
    Case("number_other_style", record(value="68.58"), record(value="68,58"),
         "Ô J11 ghi “68.58”: khác cách ghi số của biểu, được hiểu là 68,58.", at="J11",
         expected="Dấu chấm ngăn hàng nghìn, dấu phẩy thập phân: 68,58", severity="warning"),
    Case("number_two_readings", records({"value": "2.18"}, {"value": "25.698", "quote": "b"}),
         records({"value": "2,18"}, {"value": "25.698", "quote": "b"}),
         "Ô J12 ghi “25.698” có thể là 25.698 hay 25,698, vì cùng cột có ô viết dấu thập phân khác"
         " kiểu (J11: “2.18”). Hệ thống đọc theo cách ghi số của biểu: 25.698.", at="J12",
         expected="Một cách hiểu duy nhất", severity="warning"),
    Case("error_cell", revenue(total={"multiple_2025": "#N/A"}), revenue(),
         "Ô F12 là ô báo lỗi của công thức.", at="F12",
         expected="Số hoặc nội dung (cột “Năm 2025 / Gấp số lần năm 2020”)"),
    Case("formula_without_value", record(value="=1+1"), record(value="2"),
         "Ô J11 là công thức chưa có giá trị.", at="J11",
         expected="Số hoặc nội dung (cột “Giá trị”)"),
    Case("code_unknown", record(kind="tạm tính"), record(kind="reported"),
         "Ô H11 ghi “tạm tính”, không có trong danh mục của cột “Tính chất”.", at="H11",
         expected="Thực hiện; Ước thực hiện; Kế hoạch; Sơ bộ; Chính thức"),
    Case("period_unknown", record(period_key="dạo này"), record(period_key="Quý II/2025"),
         "Ô E11 ghi “dạo này”, chưa hiểu là kỳ nào.", at="E11",
         expected="Năm, quý, tháng, năm học hoặc giai đoạn"),
    Case("unit_unknown", record(unit="hec ta"), record(unit="héc ta"),
         "Ô L11 ghi đơn vị tính “hec ta”, không có trong danh mục.", at="L11",
         expected="Đơn vị tính trong danh mục"),
    Case("comparator_unknown", record(comparator="hình như"), record(comparator="không quá"),
         "Ô I11 ghi dấu “hình như”, chưa hiểu.", at="I11", expected="=, >, ≥, <, ≤, ≈"),
    Case("out_of_bounds", rates({"value": "100,1"}), rates({"value": "100"}, {"value": "0"}),
         "Ô J11: 100,1 ngoài khoảng cho phép (từ 0 đến 100).", at="J11", expected="từ 0 đến 100"),
    Case("range_reversed", record(value="40", value_high="30"), record(value="30", value_high="30"),
         "Ô K11: đầu trên 30 nhỏ hơn đầu dưới 40.", at="K11", expected="Không nhỏ hơn 40"),
    Case("percent_for_points",
         rates({"measure": "Tăng giảm so với kỳ gốc", "base_period_key": "2020", "unit": "%"}),
         rates({"measure": "Tăng giảm so với kỳ gốc", "base_period_key": "2020",
                "unit": "điểm phần trăm"}),
         "Ô L11 ghi đơn vị “%” cho mức tăng, giảm của một tỷ lệ; được hiểu là điểm phần trăm.",
         at="L11", expected="điểm phần trăm", severity="info"),
    Case("unit_of_other_quantity", record(unit="tỷ đồng"), record(unit="héc ta"),
         "Ô L11 ghi đơn vị “tỷ đồng”, không dùng được cho chỉ tiêu “Diện tích keo”.", at="L11",
         expected="ha"),
    # --- the table
    Case("totals", revenue(total={"projected_2021_2025": "30.002"}),
         revenue(total={"projected_2021_2025": "30.001"}),
         "Ô C12: tổng 30.002; các dòng cộng được 29.999 đến 30.001.", at="C12",
         expected="29.999 đến 30.001", cells=("C12", "C13", "C14"),
         fix="Đề nghị rà soát C12, C13:C14."),
    Case("unique_rows", records({}, RATE, {}), records({}, RATE, {"locator": "P2"}),
         "Dòng 13 trùng hoàn toàn khóa với dòng 11.", at="A13",
         expected="Mỗi số liệu chỉ ghi một lần", 
         cells=tuple(f"{column}{row}" for column in "BDEFGOPQ" for row in (13, 11))),
]  # fmt: skip

# the same rule in other shapes: (name, case)
MORE = {
    "wrong_sender_of_a_province_form": Case(
        "wrong_sender", one("LS-06", "SYT"), one("LS-06", "SCT"),
        "Biểu LS-06 không thuộc trách nhiệm báo cáo của nơi gửi (Sở Y tế).",
        expected="Nơi gửi: Chi cục Hải quan khu vực VI, Ban Quản lý Khu kinh tế cửa khẩu"
        " Đồng Đăng - Lạng Sơn, Sở Công Thương"),
    "required_mark_instead_of_blank": Case(
        "required_blank", record(value=None), record(value="…"),
        "Ô J11 (cột “Giá trị”) bắt buộc nhưng để trống.", at="J11", expected="Có giá trị"),
    "line_misspelt": Case(
        "line_unknown", lines_changed(lambda rows: rows.append(
            {"line": "Thu nội đia", "projected_2025": "5"})), RIGHT_LINES,
        "Ô B15: dòng “Thu nội đia” không có trong biểu nhưng có số liệu. Gần nhất là dòng “Thu nội"
        " địa”.", at="B15"),
    "negative_rate": Case(
        "out_of_bounds", rates({"value": "-0,1"}), record(value="-0,1"),
        "Ô J11: -0,1 ngoài khoảng cho phép (từ 0 đến 100).", at="J11", expected="từ 0 đến 100"),
    "negative_rank": Case(
        "out_of_bounds", records({"measure": "Xếp hạng", "unit": "hạng", "value": "-3"}),
        records({"measure": "Xếp hạng", "unit": "hạng", "value": "3"}),
        "Ô J11: -3 ngoài khoảng cho phép (từ 0 trở lên).", at="J11", expected="từ 0 trở lên"),
    "negative_multiple_of_a_line": Case(
        "out_of_bounds", revenue(total={"multiple_2025": "-3"}), revenue(),
        "Ô F12: -3 ngoài khoảng cho phép (từ 0 trở lên).", at="F12", expected="từ 0 trở lên"),
    "number_instead_of_a_date": Case(
        "number_not_a_number", record(value=True), record(value=5),
        "Ô J11 ghi “TRUE”, không phải là số.", at="J11", expected="Số (cột “Giá trị”)"),
    "error_in_a_text": Case(
        "error_cell", record(quote="#REF!"), record(quote="nguyên văn"),
        "Ô Q11 là ô báo lỗi của công thức.", at="Q11",
        expected="Số hoặc nội dung (cột “Trích nguyên văn”)"),
    "unknown_code_of_a_long_list": Case(
        "code_unknown", one("LS-07", "20", first={"target_role": "phụ"}), one("LS-07", "20"),
        "Ô N11 ghi “phụ”, không có trong danh mục của cột “Vai trò”.", at="N11",
        expected="Quy định; Nhắc lại"),
    "unknown_unit_it_is_about": Case(
        "code_unknown", record(data_unit_code="5977"), record(data_unit_code="05977"),
        "Ô D11 ghi “5977”, không có trong danh mục của cột “Mã đơn vị”.", at="D11"),
    "percent_for_a_growth_in_tonnes": Case(
        "unit_of_other_quantity",
        records({"measure": "Tăng trưởng so với kỳ gốc", "unit": "ha"}),
        records({"measure": "Tăng trưởng so với kỳ gốc", "unit": "%"}),
        "Ô L11 ghi đơn vị “ha”, không dùng được cho chỉ tiêu “Diện tích keo”.", at="L11",
        expected="%"),
    "total_below_its_parts": Case(
        "totals", revenue(total={"estimate_assigned_2026": "9.998"}), revenue(
            total={"estimate_assigned_2026": "9.999"}),
        "Ô G12: tổng 9.998; các dòng cộng được 9.999 đến 10.001.", at="G12",
        expected="9.999 đến 10.001", cells=("G12", "G13", "G14")),
}  # fmt: skip

NAMED = {case.rule: case for case in CASES} | MORE


def files_of(folder: Path, build: Build, contracts: Sequence[Any]) -> Mail:
    files = []
    for number, (sender, forms) in enumerate(build()):
        reading = read_book(folder / f"{number}.xlsx", forms, contracts)
        files.append((sender, f"{sender}/{number}.xlsx", reading))
    return Mail(files)


Judged = dict[tuple[str, str], tuple[list[Submission], list[Finding]]]


def judged_cases(folder: Path, cases: dict[str, Case], contracts: Sequence[Any]) -> Judged:
    names = [(name, side) for name in cases for side in ("fault", "right")]
    mails = [
        files_of(folder / name / side, getattr(cases[name], side), contracts)
        for name, side in names
    ]
    submissions, findings = judge_mails(mails, contracts)
    return {
        key: (group, [*found, *file_findings(group)])
        for key, group, found in zip(names, submissions, findings, strict=True)
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    contracts = list(CONTRACTS.values())
    folder = tmp_path_factory.mktemp("cases")
    return judged_cases(folder, NAMED, contracts)


ALL = NAMED


@pytest.mark.parametrize("name", ALL)
def test_broken_rule_is_said_in_its_sentence_at_its_cell(judged: Judged, name: str) -> None:
    case = ALL[name]
    submissions, findings = judged[name, "fault"]
    found = [finding for finding in findings if finding.rule == case.rule]
    assert [finding.message for finding in found] == [case.message]
    [finding] = found
    sheet = next((s.read.sheet for s in submissions if s.read), None)
    assert finding.cell_ref == (f"{sheet}!{case.at}" if case.at else None)
    assert finding.severity == case.severity
    if case.expected is not None:
        assert finding.expected == case.expected
    if case.cells:
        assert finding.cells == tuple(f"{sheet}!{cell}" for cell in case.cells)
    elif case.at:
        assert finding.cells == (f"{sheet}!{case.at}",)
    if case.fix is not None:
        assert finding.fix == case.fix


@pytest.mark.parametrize("name", ALL)
def test_rule_is_silent_where_it_is_obeyed(judged: Judged, name: str) -> None:
    _, findings = judged[name, "right"]
    assert [finding.message for finding in findings if finding.rule == ALL[name].rule] == []


@pytest.mark.parametrize("name", ALL)
def test_fault_brings_no_error_of_another_rule(judged: Judged, name: str) -> None:
    _, findings = judged[name, "fault"]
    others = {f.rule for f in findings if f.severity == "error"} - {ALL[name].rule}
    assert others == set(), [f.message for f in findings]


def test_every_rule_has_a_case() -> None:
    covered = {case.rule for case in ALL.values()} | ELSEWHERE
    assert set(sentences()) - covered == set()


def test_every_rule_that_extraction_can_raise_has_a_sentence() -> None:
    problems = [rule for _, rules in CELL_PROBLEMS.values() for rule in rules]
    raised = {*problems, *SHEET_REMARKS, *REASONS}
    assert raised - set(sentences()) == set()


def test_every_blank_of_a_sentence_is_filled(judged: Judged) -> None:
    for name, case in ALL.items():
        sentence = sentences()[case.rule]
        found = [f for f in judged[name, "fault"][1] if f.rule == case.rule]
        for finding in found:
            for template, text in (
                (sentence.message, finding.message),
                (sentence.expected or "", finding.expected or ""),
                (sentence.fix, finding.fix),
            ):
                # the words between the blanks, in order, and something in every blank
                rest = text
                blank = False
                for literal, field, _, _ in string.Formatter().parse(template):
                    start = rest.index(literal) if literal else 0
                    assert not blank or start > 0 or not literal, (name, template)
                    rest = rest[start + len(literal) :]
                    # only where a line of the form comes near it is named
                    blank = field is not None and (case.rule, field) != ("line_unknown", "nearest")
                assert not blank or rest, (name, template)
                assert "{" not in text and "}" not in text and "None" not in text


def test_every_sentence_is_whole_and_in_vietnamese() -> None:
    for rule, sentence in sentences().items():
        assert sentence.severity in SEVERITIES
        for text in (sentence.message, sentence.fix):
            assert text.strip() == text and text.endswith(("”.", ".", "}")), rule
            assert any(ord(letter) > 127 for letter in text), rule


def test_sentence_without_what_fills_it_raises() -> None:
    with pytest.raises(KeyError, match="the sentence needs 'header'"):
        compose("required_blank", 1, cell="A1")


def test_braces_typed_by_an_officer_stay_as_typed() -> None:
    finding = compose(
        "number_not_a_number", 1, sheet="S", cell="A1", value="{cell}", detail={"header": "{x}"}
    )
    assert finding.message == "Ô A1 ghi “{cell}”, không phải là số."


def test_key_of_a_finding_is_the_same_for_the_same_place_and_differs_elsewhere() -> None:
    first = compose("error_cell", 1, sheet="S", cell="A1", detail={"header": "h"})
    again = compose("error_cell", 7, sheet="S", cell="A1", detail={"header": "h"})
    other = compose("error_cell", 1, sheet="S", cell="A2", detail={"header": "h"})
    assert first.key("abc") == again.key("abc") != other.key("abc")
    assert first.key("abc") != first.key("abd")


# --- what is right is silent --------------------------------------------------------------------

SENDERS = {"LS-01": "TKT", "LS-02": "STC", "LS-03": "STC", "LS-04": "STC", "LS-05": "SNNMT",
           "LS-06": "HQ6", "LS-07": "20"}  # fmt: skip


@pytest.mark.parametrize("code", ["LS-01", "LS-02", "LS-03", "LS-04"])
def test_correctly_filled_form_has_no_finding(tmp_path: Path, code: str) -> None:
    mail = files_of(tmp_path, one(code, SENDERS[code]), list(CONTRACTS.values()))
    [[submission]], [findings] = judge_mails([mail], list(CONTRACTS.values()))
    assert submission.status == "accepted"
    assert [finding.message for finding in findings] == []


# --- sharp ends ---------------------------------------------------------------------------------


def totals_findings(folder: Path, *builds: Build) -> list[list[str]]:
    contracts = list(CONTRACTS.values())
    mails = [files_of(folder / str(n), build, contracts) for n, build in enumerate(builds)]
    _, findings = judge_mails(mails, contracts)
    return [[f.message for f in found if f.rule == "totals"] for found in findings]


def test_total_holds_where_a_part_is_not_known(tmp_path: Path) -> None:
    blank = revenue(total={"projected_2025": "9,3"}, domestic={"projected_2025": None})
    later = revenue(total={"projected_2025": "9,3"}, domestic={"projected_2025": "…"})
    assert totals_findings(tmp_path, blank, later) == [[], []]


def test_nothing_occurred_counts_as_zero_in_a_total(tmp_path: Path) -> None:
    wrong = revenue(total={"projected_2025": "10"}, domestic={"projected_2025": "8"},
                    customs={"projected_2025": "-"})  # fmt: skip
    right = revenue(total={"projected_2025": "8"}, domestic={"projected_2025": "8"},
                    customs={"projected_2025": "-"})  # fmt: skip
    assert totals_findings(tmp_path, wrong, right) == [
        ["Ô E12: tổng 10; các dòng cộng được 7,5 đến 8,5."],
        [],
    ]


def test_total_that_only_touches_its_parts_cannot_hold(tmp_path: Path) -> None:
    touching = revenue(total={"projected_2025": "1,8"}, domestic={"projected_2025": "1,7"},
                       customs={"projected_2025": "-"})  # fmt: skip
    assert totals_findings(tmp_path, touching) != [[]]


def test_levels_of_senders_are_named_in_vietnamese(tmp_path: Path) -> None:
    mail = files_of(tmp_path, one("LS-07", "SYT"), list(CONTRACTS.values()))
    _, [findings] = judge_mails([mail], list(CONTRACTS.values()))
    [finding] = [finding for finding in findings if finding.rule == "wrong_sender"]
    assert "commune" not in (finding.expected or "")


def test_form_out_of_force_is_not_called_not_yet_in_force(tmp_path: Path) -> None:
    contract = CONTRACTS["LS-01"]
    ended = contract.model_copy(
        update={"valid": contract.valid.model_copy(update={"end": contract.valid.start})}
    )
    mail = files_of(tmp_path, one("LS-01", period="2026"), [ended])
    _, [findings] = judge_mails([mail], [ended])
    [finding] = [finding for finding in findings if finding.rule == "form_not_valid"]
    assert "chưa có hiệu lực" not in finding.message


@pytest.mark.parametrize(
    ("typed", "too_large"),
    [("181.700", False), ("999.999.999", False), ("181.700.000.000.000", True)],
)
def test_dong_typed_under_billions_is_held_before_the_facts(
    tmp_path: Path, typed: str, too_large: bool
) -> None:
    changed = {"indicator_code": "social_investment_total", "value": typed, "unit": "tỷ đồng"}
    mail = files_of(tmp_path, one("LS-04", "STC", first=changed), list(CONTRACTS.values()))
    _, [findings] = judge_mails([mail], list(CONTRACTS.values()))
    found = [f for f in findings if f.rule == "number_too_large"]
    assert [f.severity for f in found] == (["error"] if too_large else [])
    if too_large:
        assert (
            found[0].message
            == f"Ô {found[0].cell_ref.rpartition('!')[2]} ghi “{typed}”, vượt khả năng lưu trữ."
        )


def test_upper_end_of_a_range_of_rates_is_bounded_too(tmp_path: Path) -> None:
    mail = files_of(tmp_path, rates({"value": "50", "value_high": "150"}), list(CONTRACTS.values()))
    _, [findings] = judge_mails([mail], list(CONTRACTS.values()))
    assert [finding.cell_ref for finding in findings if finding.rule == "out_of_bounds"]
