"""What stands above and below the table: titles, periods, senders, mottoes, dates, signatures.

Where the words leave the period or the unit open, or say two, the workbook must be held.
"""

from __future__ import annotations

import re

from ingest import reference
from ingest.period import period_of, related
from tests.mangler.case import Case, Habit
from tests.mangler.paper import HeadLine, PaperSheet, text_ink
from tests.mangler.walk import form_sheets, tables

_ROMAN = ("", "I", "II", "III", "IV")
_NO_PERIOD = ("period_missing", "period_unreadable")
_OTHER_PERIOD = ("period_contradiction", "identity_contradiction", "period_unreadable")


def period_words(key: str) -> list[str]:
    """A period as it is written in titles and on lines of its own."""
    period = period_of(key)
    year, month = period.end.year, period.end.month
    match period.kind:
        case "month":
            return [
                f"THÁNG {month} NĂM {year}", f"Tháng {month}/{year}", f"T{month}/{year}",
                f"tháng {month:02d} năm {year}", f"Tháng {month} năm {year}",
            ]  # fmt: skip
        case "quarter":
            number = (month + 2) // 3
            roman = _ROMAN[number]
            return [
                f"Quí {roman}/{year}", f"QUÝ {roman} NĂM {year}", f"Quý {number}/{year}",
                f"quý {roman} năm {year}", f"Quý {roman}-{year}",
            ]  # fmt: skip
        case "year":
            return [f"NĂM {year}", f"Năm {year}", f"năm {year}"]
    return [f"GIAI ĐOẠN {period.start.year} - {year}", f"Giai đoạn {period.start.year}-{year}"]


def sheet_period(key: str) -> str | None:
    """As a sheet is called: `T6`."""
    period = period_of(key)
    if period.kind == "month":
        return f"T{period.end.month}"
    if period.kind == "quarter":
        return f"Quy {_ROMAN[(period.end.month + 2) // 3]}"
    return None


def _key(sheet: PaperSheet) -> str:
    return sheet.tables[0].truth.period_key


def _drop(sheet: PaperSheet, kind: str) -> None:
    sheet.head = [line for line in sheet.head if line.kind != kind]


def _names(case: Case) -> set[str]:
    return {sheet.name.lower() for sheet in case.book.sheets}


def _rename(case: Case, sheet: PaperSheet, name: str) -> None:
    if name.lower() not in _names(case):
        sheet.name = name


# --- the period ---------------------------------------------------------------------------------


def _other_words(case: Case) -> bool:
    for sheet in form_sheets(case):
        for line in sheet.lines("period"):
            line.ink.text = f"Kỳ báo cáo: {case.rng.choice(period_words(_key(sheet)))}"
    case.oddity(*_NO_PERIOD)
    return True


def _own_line(case: Case) -> bool:
    """On a line without `Kỳ báo cáo`, or in brackets."""
    for sheet in form_sheets(case):
        words = case.rng.choice(period_words(_key(sheet)))
        for line in sheet.lines("period"):
            line.ink.text = f"({words})" if case.rng.random() < 0.4 else words
    case.oddity(*_NO_PERIOD)
    return True


def _in_title(case: Case) -> bool:
    for sheet in form_sheets(case):
        words = case.rng.choice(period_words(_key(sheet))).upper()
        for line in sheet.lines("title"):
            line.ink.text = f"{line.ink.text}{case.rng.choice((' ', chr(10)))}{words}"
        _drop(sheet, "period")
    case.oddity(*_NO_PERIOD)
    return True


def _half_year(case: Case) -> bool:
    """`6 tháng đầu năm` on a form that cumulates to the end of a quarter: the second quarter."""
    touched = False
    for sheet in form_sheets(case):
        key, truth = _key(sheet), sheet.tables[0].truth
        if not key.endswith("-Q2") or "(6 tháng" not in truth.contract.title:
            continue
        words = f"6 THÁNG ĐẦU NĂM {key[:4]}"
        for line in sheet.lines("title"):
            line.ink.text = re.sub(r"QUÝ \(6 THÁNG[^)]*\)", words, line.ink.text)
        for line in sheet.lines("period"):
            line.ink.text = f"6 tháng đầu năm {key[:4]}"
        touched = True
    if touched:
        case.oddity(*_NO_PERIOD, *_OTHER_PERIOD, "form_unrecognised")
    return touched


def _in_sheet_name(case: Case) -> bool:
    """The sheet's name alone says the period, with its year, or with the year in the title."""
    with_year = case.rng.random() < 0.5
    words = [sheet_period(_key(sheet)) for sheet in form_sheets(case)]
    names = [
        f"{word}-{_key(sheet)[:4]}" if with_year else f"{word}"
        for word, sheet in zip(words, form_sheets(case), strict=True)
    ]
    if None in words or len(set(names)) < len(names):
        return False
    for name, sheet in zip(names, form_sheets(case), strict=True):
        _drop(sheet, "period")
        sheet.name = name
        if not with_year:
            for line in sheet.lines("title"):
                line.ink.text += f" NĂM {_key(sheet)[:4]}"
    case.oddity(*_NO_PERIOD)
    return True


def _without_year(case: Case) -> bool:
    """`T6` and no year anywhere."""
    for sheet in form_sheets(case):
        if sheet_period(_key(sheet)) is None:
            return False
    for sheet in form_sheets(case):
        _drop(sheet, "period")
        _rename(case, sheet, sheet_period(_key(sheet)) or sheet.name)
    if case.book.identity:
        case.oddity(*_NO_PERIOD)  # the hidden identity says it
    else:
        case.hold("a month without its year", *_NO_PERIOD)
    return True


def _gone(case: Case) -> bool:
    for sheet in form_sheets(case):
        _drop(sheet, "period")
    if case.book.identity:
        case.oddity(*_NO_PERIOD)
    else:
        case.hold("no period anywhere", *_NO_PERIOD)
    return True


def _against_name(case: Case) -> bool:
    """Last month's sheet, overwritten: its name still says last month."""
    sheets = form_sheets(case)
    previous = related(_key(sheets[0]), "previous")
    word = sheet_period(previous) if previous else None
    if len(sheets) > 1 or previous is None or word is None or case.book.sheets.index(sheets[0]):
        return False
    _rename(case, sheets[0], f"{word}-{previous[:4]}" if case.rng.random() < 0.5 else word)
    case.hold("sheet name and title say different periods", *_OTHER_PERIOD)
    return True


def _against_title(case: Case) -> bool:
    """The title was changed for the new period, the line below it was not."""
    sheet = form_sheets(case)[0]
    previous = related(_key(sheet), "previous")
    if previous is None or not sheet.lines("period"):
        return False
    for line in sheet.lines("title"):
        line.ink.text += f" {case.rng.choice(period_words(previous)).upper()}"
    case.hold("title and period line say different periods", *_OTHER_PERIOD)
    return True


# --- the unit -----------------------------------------------------------------------------------


def _unit_name(sheet: PaperSheet) -> tuple[str, str]:
    """How a unit is headed: its superior or itself in full."""
    unit = reference.reporting_units()[sheet.tables[0].truth.unit_code]
    if unit.level == "commune":
        return "", f"ỦY BAN NHÂN DÂN {unit.name_vi.upper()}"
    return "UBND TỈNH LẠNG SƠN", unit.name_vi.upper()


def _unit_in_block(case: Case) -> bool:
    """Only the block at the upper left says who reports."""
    short = case.rng.random() < 0.4
    for sheet in form_sheets(case):
        _drop(sheet, "unit")
        above, name = _unit_name(sheet)
        for line in sheet.lines("agency"):
            line.ink.text = name.replace("ỦY BAN NHÂN DÂN", "UBND") if short else name
        if above:
            sheet.head.insert(0, HeadLine("other", text_ink(above)))
    case.oddity("unit_contradiction")
    return True


def _unit_without_code(case: Case) -> bool:
    for sheet in form_sheets(case):
        for line in sheet.lines("unit"):
            line.ink.text = line.ink.text.partition(" (")[0]
    return True


def _unit_by_folder(case: Case) -> bool:
    """Nothing on the sheet says who reports; the sender's folder does."""
    for sheet in form_sheets(case):
        _drop(sheet, "unit")
        for line in sheet.lines("agency"):
            line.ink.text = ""
    return True


def _unit_of_another(case: Case) -> bool:
    """A neighbour's workbook, filled in anew without changing its head."""
    sheet = form_sheets(case)[0]
    own = sheet.tables[0].truth.unit_code
    units = reference.reporting_units()
    level = units[own].level
    other = case.rng.choice([u for u in units.values() if u.level == level and u.code != own])
    lines = sheet.lines("unit")
    if not lines:
        return False
    for line in lines:
        code = f" ({other.code})" if case.rng.random() < 0.5 else ""
        line.ink.text = f"Đơn vị báo cáo: {other.name_vi}{code}"
    for line in sheet.lines("agency"):
        line.ink.text = other.name_vi.upper()
    case.hold("the head names another unit", "unit_contradiction", "identity_contradiction")
    return True


# --- everything else ----------------------------------------------------------------------------


def _motto(case: Case) -> bool:
    """The nation's name, number and day of the letter: none of them the reported period."""
    for sheet in form_sheets(case):
        day = period_of(_key(sheet)).end
        year, month = (day.year + day.month // 12, day.month % 12 + 1)
        # above the block of the unit itself, so that no line changes sides
        sheet.head[0:0] = [
            HeadLine("other", text_ink("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), "right"),
            HeadLine("other", text_ink("Độc lập - Tự do - Hạnh phúc"), "right"),
            HeadLine("other", text_ink(f"Lạng Sơn, ngày 05 tháng {month:02d} năm {year}"), "right"),
        ]
    case.oddity("period_contradiction")
    return True


def _annex(case: Case) -> bool:
    """`(Kèm theo Báo cáo số …)` names a day and perhaps another unit: those of the letter."""
    for sheet in form_sheets(case):
        day = period_of(_key(sheet)).end
        year, month = (day.year + day.month // 12, day.month % 12 + 1)
        who = case.rng.choice(("của Ủy ban nhân dân tỉnh", "của Sở Tài chính", ""))
        words = f"(Kèm theo Báo cáo số 45/BC ngày 05/{month:02d}/{year} {who})".replace(" )", ")")
        place = next((n for n, line in enumerate(sheet.head) if line.kind == "title"), -1)
        sheet.head.insert(place + 1, HeadLine("other", text_ink(words), "centre"))
    case.oddity("period_contradiction", "unit_contradiction")
    return True


def _title_apart(case: Case) -> bool:
    """The title on two lines."""
    touched = False
    for sheet in form_sheets(case):
        for line in sheet.lines("title"):
            words = line.ink.text.split(" ")
            if len(words) < 4:
                continue
            half = len(words) // 2
            place = sheet.head.index(line)
            line.ink.text = " ".join(words[:half])
            sheet.head.insert(
                place + 1, HeadLine("other", text_ink(" ".join(words[half:])), "centre")
            )
            touched = True
    if touched:
        case.oddity("form_unrecognised")
    return touched


def _title_words(case: Case) -> bool:
    for sheet in form_sheets(case):
        for line in sheet.lines("title"):
            before = case.rng.choice(("BÁO CÁO ", "BIỂU TỔNG HỢP ", "PHỤ LỤC: ", "Biểu: "))
            line.ink.text = before + line.ink.text
    return True


def _code_gone(case: Case) -> bool:
    for sheet in form_sheets(case):
        _drop(sheet, "code")
        _drop(sheet, "basis")
    return True


def _foot(case: Case) -> bool:
    """Blocks of signatures of many kinds, lists of who gets a copy, notes; or nothing at all."""
    for sheet in form_sheets(case):
        wide = max(4, sum(len(table.columns) for table in tables(case)) - 2)
        year = period_of(_key(sheet)).end.year
        kinds: tuple[list[list[tuple[int, str]]], ...] = (
            [[(1, "NGƯỜI LẬP BIỂU"), (wide, "TM. ỦY BAN NHÂN DÂN")],
             [(1, "(Ký, ghi rõ họ tên)"), (wide, "CHỦ TỊCH")], [(wide, "(Ký tên, đóng dấu)")]],
            [[(wide, f"Lạng Sơn, ngày    tháng     năm {year}")],
             [(0, "Người lập"), (2, "Kế toán trưởng"), (wide, "GIÁM ĐỐC")],
             [], [], [(0, "Nguyễn Văn An"), (wide, "Hoàng Thị Bình")]],
            [[(0, "Nơi nhận:")], [(0, "- Sở Tài chính;"), (wide, "KT. GIÁM ĐỐC")],
             [(0, "- Lưu: VT, NS."), (wide, "PHÓ GIÁM ĐỐC")]],
            [[(0, "Ghi chú: (1) Số liệu tính đến hết kỳ báo cáo.")],
             [(0, "(2) Đã bao gồm 1.250 triệu đồng chuyển nguồn.")]],
            [[(0, "* Số liệu chưa đối chiếu với Kho bạc")],
             [(1, "KẾ TOÁN"), (wide, "THỦ TRƯỞNG ĐƠN VỊ")]],
            [],
        )  # fmt: skip
        rows = case.rng.choice(kinds)
        gap: list[list[tuple[int, str]]] = [[] for _ in range(case.rng.randint(0, 3))]
        sheet.foot = [[(col, text_ink(text)) for col, text in row] for row in [*gap, *rows]]
    case.oddity("figure_outside_table", "line_unknown")
    return True


# what says a year, or a period, where the head does not
_YEARS = frozenset({"header_years", "header_level_above", "book_old_periods"})
_DAYS = frozenset({"head_motto", "head_annex", "foot"})
_PERIOD = frozenset({
    "period_words", "period_line", "period_in_title", "period_half_year", "period_sheet_name",
    "period_no_year", "period_gone", "period_against_name", "period_against_title",
})  # fmt: skip
_UNIT = frozenset({"unit_in_block", "unit_no_code", "unit_by_folder", "unit_of_another"})
HABITS = [
    Habit("period_words", (30,), 0.8, 80, _other_words, _PERIOD),
    Habit("period_line", (30,), 0.8, 80, _own_line, _PERIOD),
    Habit("period_in_title", (30,), 0.8, 80, _in_title, _PERIOD),
    Habit("period_half_year", (30,), 0.6, 80, _half_year, _PERIOD | {"title_no_code"}),
    Habit("period_sheet_name", (29, 30), 0.6, 80, _in_sheet_name, _PERIOD),
    Habit("period_no_year", (30,), 0.2, 80, _without_year, _PERIOD | _YEARS | _DAYS),
    Habit("period_gone", (), 0.2, 80, _gone, _PERIOD | _YEARS),
    Habit("period_against_name", (29,), 0.2, 80, _against_name, _PERIOD | {"book_old_periods"}),
    Habit("period_against_title", (29,), 0.2, 80, _against_title, _PERIOD | {"book_old_periods"}),
    Habit("unit_in_block", (), 0.8, 77, _unit_in_block, _UNIT),
    Habit("unit_no_code", (), 0.6, 77, _unit_without_code, _UNIT),
    Habit("unit_by_folder", (), 0.5, 77, _unit_by_folder, _UNIT),
    Habit("unit_of_another", (), 0.3, 77, _unit_of_another, _UNIT | {"unit_organisation"}),
    Habit("head_motto", (22,), 0.7, 83, _motto),
    Habit("head_annex", (22,), 0.7, 82, _annex),
    Habit("title_apart", (), 0.5, 81, _title_apart),
    Habit("title_words", (), 0.5, 81, _title_words),
    Habit("title_no_code", (), 0.5, 81, _code_gone, frozenset({"title_apart"})),
    Habit("foot", (25,), 1.2, 84, _foot),
]
