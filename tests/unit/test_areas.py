"""The rows under a header: where they begin and end, and which of them are no data."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import areas
from ingest.areas import AreaRead, is_figure, is_index_row, is_signature, read_area
from ingest.contract import Contract, Table, all_contracts
from ingest.locate import match_columns
from ingest.wording import header
from ingest.workbook import Odd, Sheet

FORMS: dict[str, Contract] = {contract.form: contract for contract in all_contracts()}
LINES: Table = FORMS["ls02_thu_nsnn"].tables[0]
RECORDS: Table = FORMS["ls01_chi_tieu_kinh_te_xa_hoi"].tables[0]
TRADE: Table = FORMS["ls06_xuat_nhap_khau"].tables[0]


def area_of(
    table: Table,
    rows: list[dict[str, Any]],
    *,
    left: int = 0,
    other_headers: frozenset[str] = frozenset(),
) -> AreaRead:
    """A header in rows 1 (and 2), then these rows; a field `aside` stands right of the table."""
    columns = table.columns
    depth = max(len(column.header) for column in columns)
    width = left + len(columns) + 1
    grid: list[list[Any]] = [[""] * width for _ in range(depth)]
    for place, column in enumerate(columns, start=left):
        for level, text in enumerate(column.header):
            grid[depth - 1 if level and level == len(column.header) - 1 else level][place] = text
    places = {column.field: place for place, column in enumerate(columns, start=left)}
    places["aside"] = width - 1
    for row in rows:
        line: list[Any] = [""] * width
        for field, value in row.items():
            line[places[field]] = value
        grid.append(line)
    sheet = Sheet("S", grid)
    match = match_columns(sheet, table)
    assert match is not None and match.missing == ()
    assert match.bottom == depth
    return read_area(sheet, 1, table, match, other_headers=other_headers)


def row_numbers(area: AreaRead) -> list[int]:
    """Data rows, counted from the first row under the header."""
    return [row - area.match.bottom for row, _ in area.rows]


FIGURE = next(c.field for c in LINES.columns if c.role == "value")


def line(label: str, value: Any = 5.0, **fields: Any) -> dict[str, Any]:
    return {"line": label, FIGURE: value} | fields


NAMES = [each.label_vi for each in LINES.lines]
RIGHT = [line(name) for name in NAMES]


def record(**fields: Any) -> dict[str, Any]:
    return {
        "indicator_code": "acacia_area", "data_unit_code": "20", "period_key": "2025",
        "measure": "Mức", "kind": "Thực hiện", "value": 5.0, "unit": "ha",
        "statement": "Văn bản nêu", "document_code": "KH5N-2026-2030", "locator": "P1",
        "quote": "q",
        "base_period_key": "2020",
    } | fields  # fmt: skip


# --- lines ----------------------------------------------------------------------------------------


def test_lines_are_the_lines_of_the_form() -> None:
    area = area_of(LINES, RIGHT)
    assert [(row, found and found.label_vi) for row, found in area.rows] == [
        (area.match.bottom + n, name) for n, name in enumerate(NAMES, start=1)
    ]
    assert area.last == area.match.bottom + len(NAMES)
    assert (area.unknown_lines, area.ambiguous_lines, area.total_rows) == ([], [], [])


@pytest.mark.parametrize(
    "between",
    [{}, {"line": "Trong đó:"}, {"line": "(1) Số ước tính"}, {"aside": "ghi chú riêng"},
     {"symbol": "A", "line": "B", FIGURE: "1"}, {"line": "Trong đó:", FIGURE: "-"}],
)  # fmt: skip
def test_rows_between_lines_that_are_no_lines(between: dict[str, Any]) -> None:
    area = area_of(LINES, [RIGHT[0], between, between, between, *RIGHT[1:]])
    assert row_numbers(area) == [1, 5, 6]
    assert area.unknown_lines == []


def test_line_with_figures_that_the_form_does_not_have_is_said() -> None:
    area = area_of(LINES, [*RIGHT, line("Thu khác", "1.234")])
    assert area.unknown_lines == [(area.match.bottom + 4, "Thu khác")]
    assert area.last == area.match.bottom + 4


def test_figure_without_a_label_is_said_too() -> None:
    assert len(area_of(LINES, [*RIGHT, {FIGURE: 7.0}]).unknown_lines) == 1


@pytest.mark.parametrize(
    "signature", ["NGƯỜI LẬP BIỂU", "TM. ỦY BAN NHÂN DÂN", "KT. GIÁM ĐỐC", "Nơi nhận:",
                  "Lạng Sơn, ngày 5 tháng 1 năm 2026", "(Ký, ghi rõ họ tên)", "Kế toán trưởng"],
)  # fmt: skip
def test_signature_block_ends_the_lines(signature: str) -> None:
    area = area_of(LINES, [*RIGHT, {}, {"line": signature}, line("Thu khác")])
    assert row_numbers(area) == [1, 2, 3]
    assert area.unknown_lines == []


def test_note_beside_a_line_that_reads_like_a_signature_ends_nothing() -> None:
    """What the form prints is known before what looks like a signature."""
    area = area_of(LINES, [RIGHT[0] | {"aside": "Kế toán trưởng xác nhận"}, *RIGHT[1:]])
    assert row_numbers(area) == [1, 2, 3]


def test_label_merged_over_the_column_of_symbols_is_a_label() -> None:
    symbol = next(c.field for c in LINES.columns if c.role == "symbol")
    rows = [{symbol: name, FIGURE: 5.0} for name in NAMES]
    assert [found and found.label_vi for _, found in area_of(LINES, rows).rows] == NAMES


@pytest.mark.parametrize("marks", [("1", "2", "3"), ("(1)", "(2)", "(3)"), ("A", "B", "1"),
                                   (1.0, 2.0, 3.0), ("A", "B", "3=2/1")])  # fmt: skip
def test_row_of_column_numbers_under_the_header_is_no_data(marks: tuple[Any, ...]) -> None:
    fields = [*[c.field for c in LINES.columns][:2], FIGURE]
    area = area_of(LINES, [dict(zip(fields, marks, strict=True)), *RIGHT])
    assert row_numbers(area) == [2, 3, 4]
    assert area.unknown_lines == []


def test_own_header_printed_again_beside_that_of_another_table_ends_nothing() -> None:
    """Two tables side by side have one row of headers; of two below each other, the second ends
    the first."""
    other = header("Nội dung chi").key
    again = {column.field: column.header[-1] for column in LINES.columns}
    rows = [RIGHT[0], again | {"aside": "Nội dung chi"}, *RIGHT[1:]]
    beside = area_of(LINES, rows, other_headers=frozenset({other}))
    assert (row_numbers(beside), beside.unknown_lines) == ([1, 3, 4], [])
    rows = [*RIGHT[:2], {"line": "Nội dung chi", FIGURE: "Dự toán"}, RIGHT[2]]
    below = area_of(LINES, rows, other_headers=frozenset({other}))
    assert row_numbers(below) == [1, 2]


# --- records --------------------------------------------------------------------------------------


def test_every_row_with_figures_is_a_record() -> None:
    area = area_of(RECORDS, [record(), record(locator="P2"), record(locator="P3")])
    assert row_numbers(area) == [1, 2, 3]
    assert [found for _, found in area.rows] == [None] * 3


@pytest.mark.parametrize("gap", [1, 2, 3, 5])
def test_blank_rows_between_records_are_passed_over(gap: int) -> None:
    area = area_of(RECORDS, [record(), *[{}] * gap, record(locator="P2")])
    assert row_numbers(area) == [1, 2 + gap]


def test_rows_that_wait_to_be_filled_are_no_records() -> None:
    waiting = [{"ordinal": str(n)} for n in range(2, 20)]
    area = area_of(RECORDS, [record(ordinal="1"), *waiting])
    assert (row_numbers(area), area.last) == ([1], area.match.bottom + 1)


@pytest.mark.parametrize("label", ["Tổng cộng", "CỘNG", "Tổng số:", "Cộng lũy kế"])
def test_total_of_records_is_no_record_and_is_said(label: str) -> None:
    area = area_of(RECORDS, [record(), {"indicator_name": label, "value": 5.0}])
    assert row_numbers(area) == [1]
    assert area.total_rows == [(area.match.bottom + 2, label)]


def test_record_whose_name_begins_with_total_is_a_record() -> None:
    area = area_of(RECORDS, [record(indicator_name="Tổng diện tích keo")])
    assert (row_numbers(area), area.total_rows) == ([1], [])


@pytest.mark.parametrize("text", ["Ghi chú: số ước tính", "I. Lĩnh vực kinh tế", "* Nguồn: sở"])
def test_heading_or_note_among_records_is_no_record(text: str) -> None:
    area = area_of(RECORDS, [record(), {"indicator_name": text}, record(locator="P2")])
    assert row_numbers(area) == [1, 3]


KEYED = next(c for c in all_contracts() if c.form == "ns04_de_nghi_bo_sung_kinh_phi").tables[0]


@pytest.mark.parametrize(
    ("text", "rows"),
    [("II. Dự án khởi công mới", [1, 3]), ("A) Nhóm A", [1, 3]), ("12/TTr-UBND", [1, 2, 3])],
)
def test_heading_of_a_group_in_the_column_of_the_key_is_no_record(
    text: str, rows: list[int]
) -> None:
    """A name that was typed and no more is one, for somebody to fill in."""
    dossier = {"dossier_no": "10/TTr-UBND", "requested": 5.0, "request_field": "Lĩnh vực khác"}
    area = area_of(KEYED, [dossier, {"dossier_no": text}, dossier | {"dossier_no": "11"}])
    assert row_numbers(area) == rows


def test_heading_after_a_gap_ends_nothing_where_a_whole_record_follows() -> None:
    rows = [record(), {}, {"indicator_name": "I. Lĩnh vực kinh tế"}, record(locator="P2"), {},
            {"indicator_name": "II. Lĩnh vực xã hội"}, {}, record(locator="P3")]  # fmt: skip
    assert row_numbers(area_of(RECORDS, rows)) == [1, 4, 8]


def test_figures_below_a_text_after_a_gap_are_no_records_where_they_do_not_name_themselves() -> (
    None
):
    below = {"indicator_name": "Thu nội địa", "value": 5.0}
    rows = [record(), {}, {"indicator_name": "Bảng phụ lục"}, below, record(locator="P2")]
    assert row_numbers(area_of(RECORDS, rows)) == [1]


def test_signature_block_ends_the_records() -> None:
    rows = [record(), {}, {"indicator_name": "NGƯỜI LẬP BIỂU"}, {"indicator_name": "Nguyễn Văn A"}]
    area = area_of(RECORDS, rows)
    assert (row_numbers(area), area.last) == ([1], area.match.bottom + 1)


def test_signatures_in_the_columns_that_a_record_must_fill_end_the_records() -> None:
    table = FORMS["giam_sat_dau_tu"].tables[0]
    first = {"ordinal": "1", "project_name": "Trạm y tế", "project_code": "7048003"}
    figures = {column.field: 1.0 for column in table.columns if column.role == "value"}
    names = {"project_name": "NGƯỜI LẬP BIỂU", "project_code": "THỦ TRƯỞNG ĐƠN VỊ"}
    signed = {"project_name": "(Ký, họ tên)", "project_code": "(Ký tên, đóng dấu)"}
    area = area_of(table, [first | figures, {}, {}, names, signed])
    assert (row_numbers(area), area.last) == ([1], area.match.bottom + 1)
    # one such word is no signature
    late = {"project_name": "Đại diện trạm y tế", "project_code": "7048004"}
    assert row_numbers(area_of(table, [first | figures, {}, late])) == [1, 3]


def test_record_with_most_of_what_is_required_and_no_figure_is_a_record() -> None:
    """Its figure is missed by a rule, not dropped in silence."""
    assert row_numbers(area_of(RECORDS, [record(), record(value="", locator="P2")])) == [1, 2]


def consignment(**fields: Any) -> dict[str, Any]:
    """A row of a customs list: its key is of nine columns, of which lists leave some empty."""
    return {
        "ordinal": 1.0, "basis": "crossing", "direction": "Xuất khẩu", "gate_code": "HN",
        "indicator_code": "trade_value", "period_key": "2025", "measure": "Mức",
        "kind": "Thực hiện", "value": 5.0, "unit": "triệu USD", "statement": "Văn bản nêu",
        "document_code": "KH5N-2026-2030", "locator": "Tờ khai 300000001", "quote": "",
    } | fields  # fmt: skip


def test_record_without_all_of_its_key_is_a_record() -> None:
    area = area_of(TRADE, [consignment(), consignment(quote="q"), consignment(locator="")])
    assert row_numbers(area) == [1, 2, 3]
    assert (area.total_rows, area.heading_rows) == ([], [])


@pytest.mark.parametrize("label", ["Tổng cộng", " CỘNG", "tổng số:", "to\u0302\u0309ng cộng"])
@pytest.mark.parametrize(
    "kept", [{}, {"period_key": "2025"}, {"period_key": "2025", "unit": "USD"}]
)
def test_row_without_all_of_its_key_that_is_called_a_total_is_none(
    label: str, kept: dict[str, str]
) -> None:
    total = {"basis": label, "value": 10.0} | kept
    area = area_of(TRADE, [consignment(), total, consignment(locator="Tờ khai 2")])
    assert row_numbers(area) == [1, 3]
    assert area.total_rows == [(area.match.bottom + 2, label)]


@pytest.mark.parametrize("label", ["Tổng cộng", "Cộng"])
def test_record_with_all_of_its_key_is_one_whatever_it_is_called(label: str) -> None:
    rows = [consignment(), consignment(basis=label, quote="q")]
    area = area_of(TRADE, rows)
    assert (row_numbers(area), area.total_rows) == ([1, 2], [])


@pytest.mark.parametrize("word", ["Tờ khai", "Công ty", "Cổng Tân Thanh", "Tồn kho", "Tổnghợp"])
def test_word_that_only_begins_like_a_total_is_none(word: str) -> None:
    area = area_of(TRADE, [consignment(), consignment(basis=word)])
    assert (row_numbers(area), area.total_rows) == ([1, 2], [])


def test_header_that_is_printed_again_among_records_is_none() -> None:
    again = {column.field: column.header[-1] for column in TRADE.columns}
    of_a_year = again | {"value": 2025.0, "quote": ""}
    area = area_of(TRADE, [consignment(), again, of_a_year, consignment(locator="Tờ khai 2")])
    assert row_numbers(area) == [1, 4]


CELLS = st.sampled_from(["", "", "", 0.0, 5.0, "5", "Tổng cộng", "Cộng", "Ghi chú: a", "Mức", "1",
                         "Phạm vi tính", "Chiều", "Giá trị", "NGƯỜI LẬP BIỂU", "-"])  # fmt: skip


FIELDS = [column.field for column in TRADE.columns]
CHANGED = st.dictionaries(st.sampled_from(FIELDS), CELLS, max_size=8)
ONLY = st.dictionaries(st.sampled_from(FIELDS), CELLS, max_size=12)


@given(st.lists(CHANGED.map(lambda cells: consignment(**cells)) | ONLY, min_size=1, max_size=8),
       st.booleans())  # fmt: skip
def test_the_short_way_finds_the_records_that_the_long_one_does(
    rows: list[dict[str, Any]], has_marks: bool
) -> None:
    marks = [dict(zip(FIELDS, map(float, range(1, 20)), strict=True))] if has_marks else []
    named = [*marks, *rows]
    with pytest.MonkeyPatch.context() as patch:
        short = area_of(TRADE, named)
        patch.setattr(areas, "_plain_rows", lambda *_: lambda _: False)
        long = area_of(TRADE, named)
    for found in ("rows", "last", "total_rows", "heading_rows"):
        assert getattr(short, found) == getattr(long, found)


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "is_one"),
    [
        (["A", "B", 1.0, 2.0, "3=2/1"], True), (["(1)", "(2)", "(3)"], True),
        (["1", "2", "3", "4"], True), (["a", "b", "c", "1"], True), ([3.0, 1.0, 2.0], True),
        (["1", "", "2"], True), (["[1]", "[2]"], True), (["5 = 4/3", "1", "2", "3", "4"], True),
        ([1.0, 1.0], False), ([7.0, 8.0], False), (["1", "Thu nội địa", "2"], False),
        (["A", "B"], False), (["1"], False), ([], False), ([1.0, 2.0, 50.0], False),
        ([1.5, 2.5], False),
    ],
)  # fmt: skip
def test_row_of_column_numbers(values: list[Any], is_one: bool) -> None:
    assert is_index_row(values) is is_one


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (5.0, True), (0, True), ("1.234", True), ("khoảng 5", True), ("(5)", True), ("12,5%", True),
        ("", False), ("-", False), ("x", False), ("…", False), ("Ghi chú", False), (True, False),
        (Odd("error_cell", "#N/A"), False), (None, False),
    ],
)  # fmt: skip
def test_figure(value: Any, is_one: bool) -> None:
    assert is_figure(value) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("Người lập biểu", True), ("TM. UBND XÃ", True), ("KT.CHỦ TỊCH", True), ("Nơi nhận:", True),
     ("Chi Lăng, ngày … tháng … năm 2026", True), ("Chi Lăng, ngày tháng 3 năm 2026", True),
     ("Thu nội địa", False), ("Ngày 5 tháng 1", False), ("", False)],
)  # fmt: skip
def test_signature(text: str, is_one: bool) -> None:
    assert is_signature(["", text, 5.0]) is is_one
