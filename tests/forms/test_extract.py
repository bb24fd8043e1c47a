"""Finding a form wherever it stands, and reading every cell of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from form_books import (
    CONTRACTS,
    RATE,
    RECORD,
    Form,
    Value,
    read_book,
    read_one,
    values_of,
    write_book,
)

from ingest.contract import all_contracts
from ingest.extract import submissions_of
from ingest.normalise import BLANK, NONE, NOT_APPLICABLE, NOT_COLLECTED, NUMBER, UNREAD
from ingest.reading import Area
from ingest.workbook import Sheet, read_workbook


def rules(submission: object) -> list[str]:
    return [remark.rule for remark in submission.remarks]  # type: ignore[attr-defined]


# --- a form as it should be ---------------------------------------------------------------------

SENDERS = {"LS-01": "TKT", "LS-02": "STC", "LS-03": "STC", "LS-04": "STC", "LS-05": "SNNMT",
           "LS-06": "HQ6", "LS-07": "20"}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CONTRACTS))
def test_correctly_filled_form_is_read_without_remarks(tmp_path: Path, code: str) -> None:
    form = Form(code, sender=SENDERS[code])
    submission = read_one(tmp_path / "f.xlsx", form)
    contract = CONTRACTS[code]
    assert (submission.form, submission.version) == (contract.form, contract.version)
    assert (submission.named_unit_code, submission.period_key) == (SENDERS[code], "2021..2025")
    assert submission.remarks == ()
    assert {column.field for column in submission.columns} == set(form.order)
    assert [row.row_no for row in submission.rows] == [
        form.row_of(number) for number in range(len(form.rows))
    ]
    assert all(cell.problem is None for cell in submission.cells)
    assert len(submission.cells) == len(form.rows) * len(form.order)


def test_every_cell_of_a_record_is_read_as_its_column_says(tmp_path: Path) -> None:
    row = RECORD | {"comparator": "trên", "value_high": "1.300", "base_period_key": "2020"}
    submission = read_one(tmp_path / "f.xlsx", Form("LS-01", rows=[row]))
    read = {
        name: values_of(submission, name)[0]
        for name in ("indicator_code", "data_unit_code", "period_key", "base_period_key", "measure",
                     "kind", "comparator", "value", "value_high", "unit", "statement", "quote")
    }  # fmt: skip
    assert read == {
        "indicator_code": "acacia_area", "data_unit_code": "20", "period_key": "2025",
        "base_period_key": "2020", "measure": "level", "kind": "reported", "comparator": ">",
        "value": Decimal("1234.5"), "value_high": Decimal("1300"), "unit": "ha",
        "statement": "stated", "quote": "Diện tích keo 1.234,5 ha",
    }  # fmt: skip


def test_number_typed_as_text_keeps_its_text_and_its_step(tmp_path: Path) -> None:
    rows = [RECORD | {"value": "7,70"}, RECORD | {"value": 7.7, "quote": "khác"}]
    submission = read_one(tmp_path / "f.xlsx", Form("LS-01", rows=rows))
    [col] = [c.col_no for c in submission.columns if c.field == "value"]
    text, number = [cell for cell in submission.cells if cell.col_no == col]
    assert (text.number, text.printed_step, text.text) == (Decimal("7.7"), Decimal("0.01"), "7,70")
    assert (number.number, number.printed_step, number.text) == (
        Decimal("7.7"), Decimal("0.1"), None,
    )  # fmt: skip


def test_code_typed_as_a_number_is_read_as_its_text(tmp_path: Path) -> None:
    row = RECORD | {"data_unit_code": 20, "period_key": 2025}
    submission = read_one(tmp_path / "f.xlsx", Form("LS-01", rows=[row]))
    assert values_of(submission, "data_unit_code") == ["20"]
    assert values_of(submission, "period_key") == ["2025"]


def test_nil_marks_blank_and_zero_are_read_as_five_states(tmp_path: Path) -> None:
    marks = ["-", "x", "…", None, "0"]
    rows = [RECORD | {"value": mark, "quote": str(n)} for n, mark in enumerate(marks)]
    submission = read_one(tmp_path / "f.xlsx", Form("LS-01", rows=rows))
    [col] = [c.col_no for c in submission.columns if c.field == "value"]
    states = [cell.state for cell in submission.cells if cell.col_no == col]
    assert states == [NONE, NOT_APPLICABLE, NOT_COLLECTED, BLANK, NUMBER]


# --- layouts ------------------------------------------------------------------------------------


def test_columns_in_another_order_are_found_by_their_headers(tmp_path: Path) -> None:
    form = Form("LS-01")
    form.order = form.order[::-1]
    submission = read_one(tmp_path / "f.xlsx", form)
    assert submission.remarks == ()
    assert values_of(submission, "value") == [Decimal("1234.5")]
    assert values_of(submission, "unit") == ["ha"]


def test_extra_column_is_remarked_and_not_loaded(tmp_path: Path) -> None:
    form = Form("LS-01", headers={"own": ("Theo dõi riêng",)})
    form.order.insert(9, "own")
    form.rows[0]["own"] = "999"
    submission = read_one(tmp_path / "f.xlsx", form)
    [remark] = submission.remarks
    assert (remark.rule, remark.row_no, remark.col_no) == ("column_extra", 9, 10)
    assert dict(remark.detail) == {"value": "Theo dõi riêng"}
    assert all(cell.col_no != 10 for cell in submission.cells)
    assert values_of(submission, "value") == [Decimal("1234.5")]


def test_extra_column_is_named_as_it_was_typed(tmp_path: Path) -> None:
    form = Form("LS-01", headers={"own": ("Theo dõi GRDP",)})
    form.order.append("own")
    [remark] = read_one(tmp_path / "f.xlsx", form).remarks
    assert dict(remark.detail) == {"value": "Theo dõi GRDP"}


@pytest.mark.parametrize("top", [9, 13, 30])
def test_header_lower_on_the_sheet_is_found(tmp_path: Path, top: int) -> None:
    submission = read_one(tmp_path / "f.xlsx", Form("LS-02", sender="STC", top=top))
    assert submission.remarks == ()
    assert values_of(submission, "projected_2021_2025")[0] == Decimal(30000)


def test_header_of_several_levels_is_read_with_the_level_above(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    submission = read_one(tmp_path / "f.xlsx", form)
    # two columns are called “Ước thực hiện (tỷ đồng)”; the level above tells them apart
    assert values_of(submission, "projected_2021_2025")[1] == Decimal(12000)
    assert values_of(submission, "projected_2025")[1] == Decimal("3000.2")


def test_groups_of_columns_in_another_order_keep_their_level_above(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.order = ["symbol", "line", "projected_2025", "multiple_2025", "projected_2021_2025",
                  "growth_2021_2025", "estimate_assigned_2026", "citation"]  # fmt: skip
    submission = read_one(tmp_path / "f.xlsx", form)
    assert submission.remarks == ()
    assert values_of(submission, "projected_2025")[0] == Decimal("9000.5")
    assert values_of(submission, "growth_2021_2025")[0] == Decimal("12.5")


def test_form_without_the_row_of_column_numbers_is_read(tmp_path: Path) -> None:
    submission = read_one(tmp_path / "f.xlsx", Form("LS-02", sender="STC", index_row=False))
    assert submission.remarks == ()
    assert len(submission.rows) == 3


@pytest.mark.parametrize("code", ["LS-01", "LS-02"])
def test_inserted_blank_rows_are_passed_over(tmp_path: Path, code: str) -> None:
    rows = {"rows": [dict(RECORD), dict(RATE), RECORD | {"quote": "ba"}]} if code == "LS-01" else {}
    form = Form(code, sender="STC", blank_before=(1, 2), **rows)
    submission = read_one(tmp_path / "f.xlsx", form)
    assert submission.remarks == ()
    assert [row.row_no for row in submission.rows] == [form.row_of(number) for number in range(3)]


def test_signature_block_ends_the_table(tmp_path: Path) -> None:
    form = Form("LS-01", signed=False)
    form.cells = {f"B{form.first_row + 1}": "NGƯỜI LẬP BIỂU", f"C{form.first_row + 2}": "(Ký tên)"}
    submission = read_one(tmp_path / "f.xlsx", form)
    assert [row.row_no for row in submission.rows] == [form.first_row]
    assert submission.remarks == ()


@pytest.mark.parametrize(
    "text",
    ["Chủ tịch UBND tỉnh giao chỉ tiêu", "Giám đốc Sở báo cáo", "Kế toán trưởng xác nhận"],
)
@pytest.mark.parametrize("name", ["quote", "note"])
def test_figure_whose_note_begins_like_a_signature_is_read(
    tmp_path: Path, name: str, text: str
) -> None:
    rows = [dict(RECORD), RATE | {name: text}, RECORD | {"locator": "P2"}]
    submission = read_one(tmp_path / "f.xlsx", Form("LS-01", rows=rows))
    assert len(submission.rows) == 3


def test_figures_under_the_table_are_remarked_with_their_cell(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.cells = {"C25": 1234.5, "E26": 7, "B27": "một ghi chú"}
    submission = read_one(tmp_path / "f.xlsx", form)
    assert [(r.rule, r.row_no, r.col_no) for r in submission.remarks] == [
        ("figure_outside_table", 25, 3),
        ("figure_outside_table", 26, 5),
    ]
    assert submission.cells_outside >= 3


@pytest.mark.parametrize("gap", [4, 6])
def test_figures_typed_as_text_under_the_table_are_remarked(tmp_path: Path, gap: int) -> None:
    form = Form("LS-01", signed=False)
    below = form.first_row + gap
    col = form.order.index("value")
    form.cells = {
        f"{chr(65 + form.order.index(name))}{below}": value for name, value in RATE.items()
        if name in form.order
    }  # fmt: skip
    submission = read_one(tmp_path / "f.xlsx", form)
    remarked = [(r.rule, r.row_no, r.col_no) for r in submission.remarks]
    assert len(submission.rows) == 2 or ("figure_outside_table", below, col + 1) in remarked


def test_unknown_line_with_figures_is_remarked_at_its_label(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.rows.append({"line": "Thu khác", "projected_2025": "5"})
    submission = read_one(tmp_path / "f.xlsx", form)
    [remark] = submission.remarks
    assert (remark.rule, remark.row_no, remark.col_no) == ("line_unknown", form.row_of(3), 2)
    assert dict(remark.detail) == {"value": "Thu khác", "nearest": ""}


def test_unknown_line_without_figures_is_a_heading(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.rows.insert(1, {"line": "Trong đó:", "projected_2025": "-"})
    submission = read_one(tmp_path / "f.xlsx", form)
    assert submission.remarks == ()
    assert len(submission.rows) == 3


def test_missing_line_is_remarked_by_its_name(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    del form.rows[1]
    [remark] = read_one(tmp_path / "f.xlsx", form).remarks
    assert (remark.rule, dict(remark.detail)) == ("line_missing", {"expected": "Thu nội địa"})


def test_line_written_twice_is_no_line_the_second_time(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.rows.append(dict(form.rows[1]))
    assert rules(read_one(tmp_path / "f.xlsx", form)) == ["line_unknown"]


def test_header_without_rows_is_remarked(tmp_path: Path) -> None:
    assert rules(read_one(tmp_path / "f.xlsx", Form("LS-01", rows=[]))) == ["no_rows"]
    strange: dict[str, Value] = {"line": "Nội dung tự ghi thêm", "projected_2025": "5"}
    read = read_one(tmp_path / "g.xlsx", Form("LS-02", sender="STC", rows=[strange]))
    assert "line_unknown" in rules(read) and "no_rows" not in rules(read)


def test_missing_optional_column_is_remarked_at_the_header(tmp_path: Path) -> None:
    form = Form("LS-01")
    form.order.remove("note")
    [remark] = read_one(tmp_path / "f.xlsx", form).remarks
    assert (remark.rule, remark.row_no) == ("column_missing", 9)
    assert dict(remark.detail) == {"expected": "Ghi chú"}


# --- which form ---------------------------------------------------------------------------------


def test_two_forms_in_one_workbook_are_two_submissions(tmp_path: Path) -> None:
    reading = read_book(
        tmp_path / "f.xlsx", [Form("LS-02", sender="STC"), Form("LS-03", sender="STC")]
    )
    assert [s.form for s in reading.submissions] == ["ls02_thu_nsnn", "ls03_chi_nsdp"]
    areas = [s.areas for s in reading.submissions]
    assert areas == [(Area(1, 1, "LS-02"),), (Area(1, 1, "LS-03"),)]


def test_sheet_without_a_form_beside_a_form_adds_no_submission(tmp_path: Path) -> None:
    path = write_book(tmp_path / "f.xlsx", [Form("LS-02", sender="STC")])
    import openpyxl

    book = openpyxl.load_workbook(path)
    book.create_sheet("Hướng dẫn")["A1"] = "Hướng dẫn ghi biểu"
    book.create_sheet("Trống")
    book.save(path)
    reading = submissions_of(read_workbook(path), list(CONTRACTS.values()))
    assert [s.form for s in reading.submissions] == ["ls02_thu_nsnn"]


def test_form_whose_headers_another_form_has_too_is_told_by_its_title(tmp_path: Path) -> None:
    """All headers that LS-01 requires stand on a sheet of LS-04, and the other way round."""
    reading = read_book(tmp_path / "f.xlsx", [Form("LS-04", sender="STC"), Form("LS-01")])
    assert [s.form for s in reading.submissions] == [
        "ls04_von_dau_tu",
        "ls01_chi_tieu_kinh_te_xa_hoi",
    ]


def test_other_form_named_in_a_note_does_not_decide(tmp_path: Path) -> None:
    form = Form("LS-04", sender="STC")
    form.rows[0]["note"] = "Đã báo cáo ở biểu LS-01"
    [submission] = read_book(tmp_path / "f.xlsx", [form]).submissions
    assert submission.form == "ls04_von_dau_tu"


def test_sheet_that_two_forms_fit_and_no_title_tells_is_not_guessed(tmp_path: Path) -> None:
    reading = read_book(tmp_path / "f.xlsx", [Form("LS-01", titled=False)])
    assert reading.submissions == ()


def test_sheet_that_one_form_fits_needs_no_title(tmp_path: Path) -> None:
    reading = read_book(tmp_path / "f.xlsx", [Form("LS-02", sender="STC", titled=False)])
    assert [s.form for s in reading.submissions] == ["ls02_thu_nsnn"]


def test_form_without_a_required_column_is_not_recognised_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    form = Form("LS-01")
    form.order.remove("unit")
    reading = read_book(tmp_path / "f.xlsx", [form])
    assert reading.submissions == ()
    assert reading.nearest_title == CONTRACTS["LS-01"].title
    assert reading.missing_headers == ("Đơn vị tính",)


def test_form_without_a_required_column_is_not_taken_for_one_that_needs_less() -> None:
    """Capital plans and milestones are lists of the same projects; its title says which this is."""
    contracts = all_contracts()
    plan = next(c for c in contracts if c.form == "ke_hoach_von_du_an")
    columns = [c for c in plan.tables[0].columns if c.field != "plan_year"]
    depth = max(len(column.header) for column in columns)
    assert any(c.field == "plan_year" and c.required for c in plan.tables[0].columns)
    header = [[c.header[min(n, len(c.header) - 1)] for c in columns] for n in range(depth)]
    record = [5.0 if column.is_numeric else "a" for column in columns]
    width = [""] * (len(columns) - 1)
    rows = [[plan.title, *width], ["Kỳ báo cáo: năm 2027", *width], *header, record]
    found = submissions_of([Sheet("DTC", rows)], contracts)
    assert found.submissions == ()
    assert found.nearest_title == plan.title


def test_workbook_of_no_form_has_nothing_near(tmp_path: Path) -> None:
    form = Form("LS-01", titled=False, rows=[])
    form.order, form.headers = ["a"], {"a": ("Danh bạ điện thoại",)}
    reading = read_book(tmp_path / "f.xlsx", [form])
    assert (reading.submissions, reading.nearest_title) == ((), None)


# --- identity -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "code"),
    [("Sở Tài chính (STC)", "STC"), ("Sở Tài chính", "STC"), ("SỞ  TÀI CHÍNH", "STC"),
     ("Xã Chi Lăng (06463)", "06463"), ("Phòng lạ", None)],
)  # fmt: skip
def test_unit_is_read_from_its_code_or_its_name(
    tmp_path: Path, named: str, code: str | None
) -> None:
    assert read_one(tmp_path / "f.xlsx", Form("LS-02", named=named)).named_unit_code == code


@pytest.mark.parametrize(
    ("period", "key", "expected"),
    [("Quý II/2026", "2026-Q2", []), ("2021-2025", "2021..2025", []),
     ("mùa xuân", None, ["period_unreadable"]), (None, None, ["period_missing"])],
)  # fmt: skip
def test_period_is_read_from_its_line(
    tmp_path: Path, period: str | None, key: str | None, expected: list[str]
) -> None:
    submission = read_one(tmp_path / "f.xlsx", Form("LS-02", sender="STC", period=period))
    assert (submission.period_key, rules(submission)) == (key, expected)


def test_cut_off_date_is_read(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC", cells={"A7": "Số liệu đến hết ngày 15/6/2026"})
    assert str(read_one(tmp_path / "f.xlsx", form).cutoff_date) == "2026-06-15"
    form.cells = {"A7": "Số liệu đến ngày 31/02/2026"}
    assert read_one(tmp_path / "g.xlsx", form).cutoff_date is None


# --- cells that cannot be read ------------------------------------------------------------------


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!"])
def test_error_cell_is_read_as_an_error_and_not_as_blank(tmp_path: Path, error: str) -> None:
    form = Form("LS-02", sender="STC")
    form.rows[1]["projected_2025"] = error
    submission = read_one(tmp_path / "f.xlsx", form)
    [cell] = [cell for cell in submission.cells if cell.problem]
    assert (cell.problem, cell.state, cell.number) == ("error_cell", UNREAD, None)
    assert (cell.row_no, cell.col_no) == (form.row_of(1), form.order.index("projected_2025") + 1)


def test_formula_without_a_stored_value_is_not_blank(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.rows[0]["projected_2025"] = "=E12+E13"
    submission = read_one(tmp_path / "f.xlsx", form)
    assert [cell.problem for cell in submission.cells if cell.problem]


@pytest.mark.parametrize(
    ("value", "problem"),
    [("khoảng 50", "number_with_words"), ("năm mươi", "number_not_a_number"),
     (True, "number_not_a_number"), ("9" * 30, "number_too_large"),
     ("68.58", "number_other_style")],
)  # fmt: skip
def test_cell_that_is_no_plain_number_has_its_problem(
    tmp_path: Path, value: str | bool, problem: str
) -> None:
    form = Form("LS-01")
    form.rows[0]["value"] = value
    [cell] = [c for c in read_one(tmp_path / "f.xlsx", form).cells if c.problem]
    assert cell.problem == problem
    assert (cell.number is not None) == (problem == "number_other_style")


def test_figure_far_below_the_table_is_remarked_too(tmp_path: Path) -> None:
    form = Form("LS-02", sender="STC")
    form.cells["E200"] = 7
    remarked = [(r.rule, r.row_no, r.col_no) for r in read_one(tmp_path / "f.xlsx", form).remarks]
    assert ("figure_outside_table", 200, 5) in remarked
