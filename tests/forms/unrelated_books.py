"""Spreadsheets that officials have on their desks and that are none of our forms, from a seed.

Staff lists, marks, price lists, other ministries' tables with the words that our forms use too, and
near misses: our words in another table. Whatever is in them, they must not be called a known form.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import xlsxwriter
from old_formats import write_ods, write_xls, write_xlsb

Value = str | float | None
Grid = dict[tuple[int, int], Value]
Maker = Callable[[random.Random], Grid]

FAMILY = ("Nguyễn", "Trần", "Lê", "Hoàng", "Nông", "Vi", "Lương", "Triệu", "Đinh", "Hứa")
GIVEN = ("Văn An", "Thị Bình", "Minh Châu", "Thu Hà", "Đức Long", "Hồng Nhung", "Quang Vinh")
PLACES = ("xã Hòa Bình", "phường Minh Khai", "xã Tân Tiến", "thị trấn Phố Mới", "xã Quyết Thắng")
BODIES = ("TRƯỜNG THPT SỐ 1", "CÔNG TY TNHH MINH PHÁT", "HỢP TÁC XÃ NÔNG SẢN",
          "BỘ Y TẾ", "BỘ GIAO THÔNG VẬN TẢI", "UBND TỈNH KHÁC", "BỆNH VIỆN ĐA KHOA",
          "NGÂN HÀNG TMCP")  # fmt: skip
THINGS = ("Xi măng PCB30", "Thép phi 10", "Gạo tẻ", "Máy tính xách tay", "Giấy A4", "Ghế xoay",
          "Cát vàng", "Mực in", "Bàn học sinh", "Thuốc hạ sốt")  # fmt: skip
SUBJECTS = ("Toán", "Ngữ văn", "Tiếng Anh", "Vật lí", "Hóa học", "Sinh học", "Lịch sử", "Địa lí")
COUNTS = ("Số lượt khám bệnh", "Số giường bệnh", "Số vụ tai nạn", "Chiều dài đường (km)",
          "Số thư viện", "Lượt truy cập", "Số trạm quan trắc", "Vận tải hành khách",
          "Số hợp đồng đã ký", "Doanh số bán lẻ nội bộ")  # fmt: skip
UNITS = ("lượt", "cái", "người", "km", "triệu đồng", "tấn", "%", "bộ")


def person(chance: random.Random) -> str:
    return f"{chance.choice(FAMILY)} {chance.choice(GIVEN)}"


def _day(chance: random.Random) -> str:
    day = dt.date(2026, 1, 1) - dt.timedelta(days=chance.randrange(12_000))
    return f"{day:%d/%m/%Y}"


def _amount(chance: random.Random, most: int = 9_000_000) -> Value:
    """A figure as people type it: a number, or a text in one of the styles."""
    number = chance.randrange(1, most)
    return chance.choice(
        (number, number, number / 100, f"{number:,}", f"{number:,}".replace(",", "."), "-", None)
    )


def table(
    chance: random.Random,
    title: Sequence[str],
    header: Sequence[str] | Sequence[Sequence[str]],
    row: Callable[[int], Sequence[Value]],
    rows: int | None = None,
    top: int | None = None,
    left: int = 1,
) -> Grid:
    """Title lines, a header of one or more levels, rows, sometimes an index row and signatures."""
    grid: Grid = {}
    start = top if top is not None else chance.choice((1, 2, 4))
    for number, line in enumerate(title):
        grid[start + number, left + chance.choice((0, 0, 1))] = line
    at = start + len(title) + chance.choice((0, 1))
    levels = [header] if header and isinstance(header[0], str) else header
    width = 0
    for level in levels:
        for col, text in enumerate(level, start=left):
            if text:
                grid[at, col] = str(text)
        width, at = max(width, len(level)), at + 1
    if chance.random() < 0.2:
        for col in range(width):
            grid[at, left + col] = f"({col + 1})"
        at += 1
    for number in range(1, (rows or chance.randrange(3, 40)) + 1):
        for col, value in enumerate(row(number), start=left):
            if value is not None:
                grid[at, col] = value
        at += 1
    if chance.random() < 0.4:
        grid[at + 1, left + 1] = "NGƯỜI LẬP BIỂU"
        grid[at + 1, left + max(width - 1, 2)] = "THỦ TRƯỞNG ĐƠN VỊ"
    return grid


# --- kinds ----------------------------------------------------------------------------------------


def staff_list(c: random.Random) -> Grid:
    return table(
        c, [c.choice(BODIES), "DANH SÁCH CÁN BỘ, CÔNG CHỨC"],
        ["STT", "Họ và tên", "Ngày sinh", "Chức vụ", "Hệ số lương", "Ghi chú"],
        lambda n: [n, person(c), _day(c), c.choice(("Chuyên viên", "Phó phòng", "Văn thư")),
                   round(c.uniform(2.34, 6.78), 2), None],
    )  # fmt: skip


def class_marks(c: random.Random) -> Grid:
    chosen = c.sample(SUBJECTS, 5)
    return table(
        c, [f"BẢNG ĐIỂM LỚP {c.randrange(6, 13)}A{c.randrange(1, 9)}", "Năm học 2025 - 2026"],
        ["TT", "Họ và tên học sinh", *chosen, "Trung bình", "Xếp loại"],
        lambda n: [n, person(c), *(c.randrange(3, 11) for _ in chosen), 7.5, "Khá"],
    )  # fmt: skip


def price_list(c: random.Random) -> Grid:
    return table(
        c, [c.choice(BODIES), f"BẢNG GIÁ THÁNG {c.randrange(1, 13)}/2026", "Đơn vị tính: đồng"],
        ["STT", "Tên hàng hóa", "Đơn vị tính", "Đơn giá", "Ghi chú"],
        lambda n: [n, c.choice(THINGS), c.choice(UNITS), _amount(c), None],
    )  # fmt: skip


def invoice(c: random.Random) -> Grid:
    return table(
        c, ["HÓA ĐƠN GIÁ TRỊ GIA TĂNG", f"Số: {c.randrange(10**6):07d}",
            f"Khách hàng: {person(c)}"],
        ["STT", "Tên hàng hóa, dịch vụ", "Đơn vị tính", "Số lượng", "Đơn giá", "Thành tiền"],
        lambda n: [n, c.choice(THINGS), c.choice(UNITS), c.randrange(1, 99), _amount(c),
                   _amount(c)],
        rows=c.randrange(1, 8),
    )  # fmt: skip


def timetable(c: random.Random) -> Grid:
    return table(
        c, ["THỜI KHÓA BIỂU", "Áp dụng từ ngày 05/9/2025"],
        ["Tiết", "Thứ hai", "Thứ ba", "Thứ tư", "Thứ năm", "Thứ sáu", "Thứ bảy"],
        lambda n: [n, *(c.choice(SUBJECTS) for _ in range(6))], rows=5,
    )  # fmt: skip


def bank_statement(c: random.Random) -> Grid:
    return table(
        c, ["SAO KÊ TÀI KHOẢN", f"Số tài khoản: {c.randrange(10**12):013d}"],
        ["Ngày giao dịch", "Số chứng từ", "Nội dung", "Ghi nợ", "Ghi có", "Số dư"],
        lambda n: [_day(c), f"FT{c.randrange(10**8)}", "Chuyển tiền", _amount(c), None, _amount(c)],
    )  # fmt: skip


def ministry_table(c: random.Random) -> Grid:
    year = c.randrange(2019, 2027)
    return table(
        c, [c.choice(BODIES), f"TÌNH HÌNH THỰC HIỆN NHIỆM VỤ CHUYÊN MÔN NĂM {year}"],
        ["STT", "Nội dung", "Đơn vị tính", "Kế hoạch", "Thực hiện", "So sánh (%)"],
        lambda n: [n, c.choice(COUNTS), c.choice(UNITS), _amount(c), _amount(c), _amount(c, 200)],
    )  # fmt: skip


def two_level_ministry_table(c: random.Random) -> Grid:
    year = c.randrange(2019, 2027)
    return table(
        c, [c.choice(BODIES), "BÁO CÁO KẾT QUẢ HOẠT ĐỘNG",
            f"Kỳ báo cáo: Quý {c.choice(('I', 'II'))}/{year}"],
        [["TT", "Chỉ tiêu", "Đơn vị tính", f"Năm {year - 1}", f"Năm {year}", "", "So sánh (%)", ""],
         ["", "", "", "Thực hiện", "Kế hoạch", "Ước thực hiện", "So với kế hoạch",
          "So với cùng kỳ"]],
        lambda n: [n, c.choice(COUNTS), c.choice(UNITS), *(_amount(c) for _ in range(5))],
    )  # fmt: skip


def household_budget(c: random.Random) -> Grid:
    return table(
        c, [f"DỰ TOÁN CHI HỘI PHỤ HUYNH, {c.choice(PLACES)}".upper(), "Đơn vị tính: Nghìn đồng"],
        ["STT", "Nội dung chi", "Dự toán", "Thực hiện", "Còn lại", "Ghi chú"],
        lambda n: [n, c.choice(("Mua quà", "Khen thưởng", "Tham quan", "Nước uống")), _amount(c),
                   _amount(c), _amount(c), None],
    )  # fmt: skip


def company_budget(c: random.Random) -> Grid:
    return table(
        c, [c.choice(BODIES), "KẾ HOẠCH THU CHI QUÝ", "Đơn vị tính: Triệu đồng"],
        ["STT", "Khoản mục", "Kế hoạch năm", "Lũy kế", "Tỷ lệ (%)"],
        lambda n: [n, c.choice(("Thu bán hàng", "Thu khác", "Chi lương", "Chi điện nước",
                                "Tổng thu", "Tổng chi")), _amount(c), _amount(c), _amount(c, 100)],
    )  # fmt: skip


def works_list(c: random.Random) -> Grid:
    return table(
        c, ["DANH MỤC THIẾT BỊ ĐẦU TƯ MUA SẮM", c.choice(BODIES)],
        ["STT", "Danh mục", "Địa điểm", "Thời gian", "Số lượng", "Kinh phí", "Ghi chú"],
        lambda n: [n, c.choice(THINGS), c.choice(PLACES), f"{c.randrange(2020, 2027)}",
                   c.randrange(1, 50), _amount(c), None],
    )  # fmt: skip


def other_province(c: random.Random) -> Grid:
    return table(
        c, [f"UBND {c.choice(PLACES)}".upper(), "BIỂU TỔNG HỢP CHỈ TIÊU THI ĐUA"],
        ["STT", "Chỉ tiêu", "Điểm chuẩn", "Điểm tự chấm", "Điểm thẩm định", "Ghi chú"],
        lambda n: [n, c.choice(COUNTS), 10, c.randrange(5, 11), c.randrange(5, 11), None],
    )  # fmt: skip


def near_miss_of_words(c: random.Random) -> Grid:
    """Words of our titles over a table that has another shape."""
    words = ("thu ngân sách", "chi ngân sách", "vốn đầu tư công", "chỉ tiêu kinh tế - xã hội",
             "kim ngạch xuất nhập khẩu", "nông thôn mới", "hộ nghèo", "giải ngân")  # fmt: skip
    return table(
        c, [f"TÀI LIỆU THAM KHẢO VỀ {c.choice(words).upper()}", "Kỳ báo cáo: 2025"],
        ["STT", "Tên văn bản", "Số hiệu", "Ngày ban hành", "Cơ quan ban hành", "Trích yếu"],
        lambda n: [n, "Nghị quyết", f"{c.randrange(1, 300)}/NQ-HĐND", _day(c), "HĐND tỉnh",
                   f"Về {c.choice(words)}"],
    )  # fmt: skip


def near_miss_of_headers(c: random.Random) -> Grid:
    """A header that shares words with ours, over things that no form is about."""
    header = c.choice((
        ["STT", "Nội dung", "Dự toán năm", "Ghi chú"],
        ["STT", "Mã hàng", "Tên hàng", "Giá trị", "Đơn vị"],
        ["TT", "Chỉ tiêu", "Năm 2025", "Năm 2026", "Tăng, giảm"],
        ["STT", "Tên dự án nghiên cứu", "Chủ nhiệm", "Kinh phí", "Tiến độ"],
        ["STT", "Cửa hàng", "Doanh thu", "So với tháng trước (%)"],
        ["STT", "Xã, phường", "Số hộ", "Số khẩu", "Ghi chú"],
    ))  # fmt: skip
    return table(
        c, ["BẢNG THEO DÕI NỘI BỘ", c.choice(BODIES)], header,
        lambda n: [n, c.choice(THINGS), *(_amount(c) for _ in header[2:])],
    )  # fmt: skip


def english_table(c: random.Random) -> Grid:
    return table(
        c, ["Annual report", c.choice(("Sales by region", "Balance sheet", "Survey results"))],
        ["No.", "Item", "Unit", "Plan", "Actual", "Compare (%)"],
        lambda n: [n, c.choice(("Revenue", "Cost", "Visitors", "Units sold")), "USD", _amount(c),
                   _amount(c), _amount(c, 150)],
    )  # fmt: skip


def pivot_like(c: random.Random) -> Grid:
    months = [f"Tháng {n}" for n in range(1, 13)]
    return table(
        c, ["Sum of Số tiền"], [["", "Column Labels"], ["Row Labels", *months, "Grand Total"]],
        lambda n: [person(c), *(_amount(c) for _ in range(13))], left=c.choice((1, 3)),
    )  # fmt: skip


def numbers_only(c: random.Random) -> Grid:
    return {
        (row, col): c.uniform(-1e6, 1e6)
        for row in range(1, c.randrange(3, 80)) for col in range(1, c.randrange(2, 20))
    }  # fmt: skip


def notes(c: random.Random) -> Grid:
    return {
        (row, 1): f"Việc {row}: gọi {person(c)} về {c.choice(COUNTS).lower()}"
        for row in range(1, c.randrange(2, 30))
    }


def attendance(c: random.Random) -> Grid:
    return table(
        c, [f"BẢNG CHẤM CÔNG THÁNG {c.randrange(1, 13)} NĂM 2026", c.choice(BODIES)],
        [["STT", "Họ và tên", "Ngày trong tháng"], ["", "", *map(str, range(1, 32)), "Cộng"]],
        lambda n: [n, person(c), *(c.choice(("x", "P", "-", None)) for _ in range(31)), 22],
    )  # fmt: skip


def vehicle_log(c: random.Random) -> Grid:
    return table(
        c, ["SỔ THEO DÕI PHƯƠNG TIỆN RA VÀO BÃI", c.choice(PLACES)],
        ["STT", "Biển số", "Loại xe", "Giờ vào", "Giờ ra", "Hàng hóa", "Khối lượng (tấn)"],
        lambda n: [n, f"12C-{c.randrange(10**5):05d}", "Xe tải", "08:30", "11:15",
                   c.choice(THINGS), c.randrange(1, 30)],
    )  # fmt: skip


def empty(c: random.Random) -> Grid:
    return {} if c.random() < 0.5 else {(c.randrange(1, 50), c.randrange(1, 20)): " "}


KINDS: tuple[Maker, ...] = (
    staff_list, class_marks, price_list, invoice, timetable, bank_statement, ministry_table,
    two_level_ministry_table, household_budget, company_budget, works_list, other_province,
    near_miss_of_words, near_miss_of_headers, english_table, pivot_like, numbers_only, notes,
    attendance, vehicle_log, empty, ministry_table, two_level_ministry_table, near_miss_of_headers,
)  # fmt: skip
SHEET_NAMES = ("Sheet1", "Trang tính1", "Biểu 1", "Tổng hợp", "PL 01", "T6", "Quý I", "2026")


def _with_xlsxwriter(path: Path, sheets: dict[str, Grid], chance: random.Random) -> None:
    with xlsxwriter.Workbook(path) as book:
        bold = book.add_format({"bold": True, "border": 1})
        for name, grid in sheets.items():
            sheet = book.add_worksheet(name)
            for (row, col), value in grid.items():
                sheet.write(row - 1, col - 1, value, bold if chance.random() < 0.1 else None)
            if chance.random() < 0.2:
                sheet.hide()


def _with_openpyxl(path: Path, sheets: dict[str, Grid], chance: random.Random) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, grid in sheets.items():
        sheet = book.create_sheet(name)
        for (row, col), value in grid.items():
            sheet.cell(row, col).value = value
        if chance.random() < 0.2 and grid:
            sheet.merge_cells("A1:C1")
    book.save(path)


def unrelated_book(folder: Path, number: int, seed: int = 2026) -> Path:
    """The book with this number: its kind, its sheets and its format follow from the seed."""
    chance = random.Random(f"{seed} {number}")
    kind = KINDS[number % len(KINDS)]
    first = kind(chance)
    suffix = chance.choices((".xlsx", ".ods", ".xls", ".xlsb"), (16, 2, 2, 1))[0]
    path = folder / f"{number:03d}_{kind.__name__}{suffix}"
    if suffix != ".xlsx":
        write = {".ods": write_ods, ".xls": write_xls, ".xlsb": write_xlsb}[suffix]
        return write(path, first)
    sheets = {chance.choice(SHEET_NAMES): first}
    for _ in range(chance.choices((0, 1, 3), (6, 2, 1))[0]):
        sheets.setdefault(chance.choice(SHEET_NAMES), chance.choice(KINDS)(chance))
    if chance.random() < 0.5:
        _with_xlsxwriter(path, sheets, chance)
    else:
        _with_openpyxl(path, sheets, chance)
    return path
