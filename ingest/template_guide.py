"""The guide of a template: who sends each form and when, how it is filled in, what is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from expectations.findings import sentences
from ingest import reference
from ingest.contract import Contract
from ingest.template_sheet import Styles

FREQUENCIES = {"month": "hằng tháng", "quarter": "hằng quý", "year": "hằng năm",
               "span": "theo giai đoạn", "once": "một lần"}  # fmt: skip
_GENERAL = (
    "Chỉ nhập vào ô nền vàng nhạt; các ô khác đã khóa (không có mật khẩu) vì là tiêu đề hoặc công"
    " thức.",
    "Tổng số và tỷ lệ tự tính. Không phát sinh ghi “-”; không thuộc đối tượng ghi “x”; chưa thu"
    " thập được ghi “…”. Ô bỏ trống không có nghĩa là số 0.",
    "Ô bắt buộc còn trống có nền cam. Chữ đỏ: tổng không khớp, phần lớn hơn toàn thể hoặc lũy kế"
    " thấp hơn kỳ trước.",
    "Cột “Số đã báo cáo kỳ trước” chỉ để đối chiếu, không nhập.",
    "Giữ nguyên tên trang, dòng “Kỳ báo cáo”, “Đơn vị báo cáo” và tiêu đề cột; có thể chèn ghi chú"
    " dưới bảng.",
    "Tệp lưu được bằng Excel hoặc LibreOffice (.xlsx, .ods). Gửi về thư mục của đơn vị.",
)


def write_guide(sheet: Any, styles: Styles, contracts: Sequence[Contract]) -> None:
    """One page in plain words; each column of each form with its meaning and unit."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 78)
    sheet.set_column(2, 2, 18)
    sheet.set_paper(9)
    sheet.set_portrait()
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, "HƯỚNG DẪN NHẬP SỐ LIỆU", styles.get(bold=True, size=14))
    row = 2
    for number, text in enumerate(_GENERAL, start=1):
        sheet.merge_range(row, 0, row, 2, f"{number}. {text}", styles.get(wrap=True))
        sheet.set_row(row, 18 * (1 + len(text) // 118))
        row += 1
    for contract in contracts:
        row = _write_form(sheet, styles, contract, row + 1)
    sheet.print_area(0, 0, row, 2)
    sheet.protect()


def _write_form(sheet: Any, styles: Styles, contract: Contract, row: int) -> int:
    head = styles.get(bold=True, wrap=True)
    sheet.merge_range(row, 0, row, 2, f"Biểu {contract.code_on_paper}: {contract.title}", head)
    sheet.set_row(row, 18 * (1 + len(contract.title) // 100))
    senders = ", ".join(reference.sender_label(sender) for sender in contract.senders)
    due = contract.reporting.due_days
    when = f"Gửi {FREQUENCIES[contract.reporting.frequency]}"
    when += f", chậm nhất {due} ngày sau kỳ báo cáo" if due is not None else ""
    sheet.merge_range(row + 1, 0, row + 1, 2, f"Nơi gửi: {senders}. {when}.", styles.get(wrap=True))
    row += 2
    for col, title in enumerate(("Cột", "Ý nghĩa", "Đơn vị tính")):
        sheet.write_string(row, col, title, styles.get(bold=True, border=True, fill="#E7EEF5"))
    cell = styles.get(wrap=True, border=True, top=True)
    for table in contract.tables:
        for column in table.columns:
            row += 1
            unit = reference.units()[column.unit].name_vi if column.unit else ""
            texts = (" / ".join(column.header), column.description, unit)
            for col, text in enumerate(texts):
                sheet.write_string(row, col, text, cell)
            lines = max(1 + len(texts[0]) // 32, 1 + len(texts[1]) // 76)
            sheet.set_row(row, 17 * lines)
    checks = dict.fromkeys(check.words for check in contract.checks)
    if checks:
        row += 1
        wanted = "; ".join(_CHECKS[words] for words in checks if words in _CHECKS)
        text = f"Kho kiểm tra: {wanted}." if wanted else ""
        sheet.merge_range(row, 0, row, 2, text, styles.get(wrap=True))
        sheet.set_row(row, 18 * (1 + len(text) // 118))
    return row + 1


_CHECKS = {
    "totals": "tổng bằng các dòng cộng lại",
    "formula": "cột tính khớp với các cột thành phần",
    "out_of_bounds": "số liệu nằm trong giới hạn",
    "unique_rows": "không có hai dòng trùng khóa",
    "parts_within": "dòng “trong đó” không lớn hơn dòng chứa nó",
    "within": "cột thành phần không lớn hơn cột giới hạn của nó",
    "not_falling": "lũy kế không giảm",
    "adds_up": "lũy kế bằng lũy kế kỳ trước cộng số trong kỳ",
    "not_stale": "không gửi lại số liệu kỳ trước",
    "restated": "số kỳ trước ghi lại khớp với báo cáo kỳ đó",
    "ratio_to_earlier": "tỷ lệ so với kỳ trước, cùng kỳ khớp với số liệu đã báo cáo",
    "jump": "số liệu không tăng, giảm bất thường so với kỳ trước",
}
assert set(_CHECKS) <= set(sentences())
