"""What the figures are said to be in: unit lines above the table, units in the header, and figures
that are in another unit than they are said to be."""

from __future__ import annotations

from decimal import Decimal

from ingest import reference
from tests.mangler.case import Case, Habit
from tests.mangler.paper import HeadLine, PaperColumn, PaperTable, text_ink
from tests.mangler.walk import declared, figures, form_sheets, tables

NAMES = {
    "vnd": "đồng", "thousand_vnd": "nghìn đồng", "million_vnd": "triệu đồng",
    "billion_vnd": "tỷ đồng",
}  # fmt: skip
MISSPELT = {
    "million_vnd": ("Tiệu đồng", "Tr đồng", "Triệu dồng", "1.000.000 đồng", "Tr.đồng", "trđ"),
    "billion_vnd": ("tỉ đồng", "Tỷ  đồng", "tỷ dồng"),
    "thousand_vnd": ("ngàn đồng", "1.000 đồng", "1000 đồng"),
    "vnd": ("VNĐ", "đ", "dồng"),
}
# a row is no money: accents are never folded
ROWS_FOR_MONEY = {
    "million_vnd": "Triệu dòng", "billion_vnd": "tỷ dòng", "thousand_vnd": "nghìn dòng",
    "vnd": "dòng",
}  # fmt: skip
_WAYS = (
    "Đơn vị tính: {}", "ĐVT: {}", "(Đơn vị tính: {})", "Đơn vị: {}", "ĐVT:{}", "Đvt: {}.",
    "ĐƠN VỊ TÍNH: {}", "Đơn vị tính : {}",
)  # fmt: skip


def money_columns(table: PaperTable) -> list[PaperColumn]:
    return [c for c in table.columns if c.field and declared(table, c).type == "money"]


def _one_unit(case: Case) -> str | None:
    """The money unit of the whole workbook, where it is one and no header names a unit."""
    units = {table.money_unit for table in tables(case)}
    unit = units.pop() if len(units) == 1 else None
    if unit not in NAMES:
        return None
    for table in tables(case):
        for column in money_columns(table):
            if any("đồng" in ink.text.lower() for ink in column.header):
                return None
    return unit


def _say(case: Case, text: str) -> None:
    for sheet in form_sheets(case):
        lines = sheet.lines("measure")
        if not lines:
            lines = [HeadLine("measure", text_ink(""), "right")]
            sheet.head += lines
        for line in lines:
            line.ink.text = text


def _worded(case: Case, unit_words: str) -> str:
    way = str(case.rng.choice(_WAYS))
    name = unit_words
    if case.rng.random() < 0.5:
        name = name[0].upper() + name[1:]
    return way.format(name.upper() if way.isupper() else name)


def _scale(case: Case, factor: Decimal) -> bool:
    touched = False
    for table in tables(case):
        for column in money_columns(table):
            for _, ink in figures(table, column):
                assert ink.number is not None
                ink.number *= factor
                ink.format = None
                touched = touched or bool(ink.number)
    return touched


def _other_words(case: Case) -> bool:
    unit = _one_unit(case)
    if unit is None:
        return False
    _say(case, _worded(case, NAMES[unit]))
    return True


def _other_unit(case: Case) -> bool:
    """Another unit is said, and the figures are in it."""
    unit = _one_unit(case)
    if unit is None:
        return False
    other = case.rng.choice([code for code in NAMES if code != unit])
    units = reference.units()
    if not _scale(case, units[unit].factor / units[other].factor):
        return False
    for table in tables(case):
        table.money_unit = other
    _say(case, _worded(case, NAMES[other]))
    case.oddity("unit_line_differs")
    if any(len({t.truth.contract.form for t in sheet.tables}) > 1 for sheet in form_sheets(case)):
        case.argue("another unit above two forms", "unit_line_of_other_form")
    return True


def _misspelt(case: Case) -> bool:
    unit = _one_unit(case)
    if unit is None:
        return False
    _say(case, f"Đơn vị tính: {case.rng.choice(MISSPELT[unit])}")
    case.oddity("unit_line_unknown")
    return True


def _rows_for_money(case: Case) -> bool:
    unit = _one_unit(case)
    if unit is None:
        return False
    _say(case, f"Đơn vị tính: {ROWS_FOR_MONEY[unit]}")
    case.hold("the unit line says rows, not money", "unit_line_unknown")
    return True


def _line_gone(case: Case) -> bool:
    """No unit is said; the figures are in the form's own."""
    if _one_unit(case) is None:
        return False
    for sheet in form_sheets(case):
        sheet.head = [line for line in sheet.head if line.kind != "measure"]
    return True


def _organisation(case: Case) -> bool:
    """`Đơn vị: UBND …` names who, not what in."""
    for sheet in form_sheets(case):
        unit = reference.reporting_units()[sheet.tables[0].truth.unit_code]
        who = unit.name_vi
        if unit.level == "commune":
            who = f"UBND {who[0].lower()}{who[1:]}"
        sheet.head.insert(0, HeadLine("other", text_ink(f"Đơn vị: {who}")))
    return True


def _in_header(case: Case) -> bool:
    """The header says the unit too."""
    unit = _one_unit(case)
    if unit is None:
        return False
    for table in tables(case):
        said = table.money_unit or unit
        for column in money_columns(table):
            column.header[-1].text += f" ({NAMES[said]})"
    case.oddity("column_missing", "form_unrecognised")
    return True


def _header_against_line(case: Case) -> bool:
    unit = _one_unit(case)
    if unit is None or not all(sheet.lines("measure") for sheet in form_sheets(case)):
        return False
    columns = [column for table in tables(case) for column in money_columns(table)]
    said = tables(case)[0].money_unit or unit
    other = case.rng.choice([code for code in NAMES if code != said])
    for column in case.rng.sample(columns, case.rng.randint(1, len(columns))):
        column.header[-1].text += f" ({NAMES[other]})"
    case.hold("header and unit line say different units", "unit_line_contradiction")
    return True


def _off_by(power: int) -> Habit:
    def apply(case: Case) -> bool:
        """The figures are 1,000 or 1,000,000 times what the unit line says. Only last period's
        figures can tell, so a history is given."""
        if _one_unit(case) is None or case.truths[0].previous_key is None:
            return False
        case.with_history = True
        if not any(
            table.truth.before.get(key)
            for table in tables(case)
            for column in money_columns(table)
            for key, ink in figures(table, column)
            if ink.number
        ):
            return False
        _scale(case, Decimal(10) ** power)
        case.hold("figures are not in the unit that is said", "magnitude", "number_too_large")
        return True

    # older sheets in the file would be off as much, and tell nothing
    excludes = frozenset(
        {"unit_other", "unit_header_against_line", "unit_off_3", "unit_off_6", "book_old_periods"}
    )
    return Habit(f"unit_off_{power}", (7,), 0.3, 20, apply, excludes)


_LINES = frozenset({"unit_words", "unit_other", "unit_misspelt", "unit_rows", "unit_gone"})
HABITS = [
    Habit("unit_words", (4,), 1.0, 22, _other_words, _LINES),
    Habit("unit_other", (4,), 1.2, 20, _other_unit, _LINES),
    Habit("unit_misspelt", (5,), 0.8, 22, _misspelt, _LINES),
    Habit("unit_rows", (5,), 0.3, 22, _rows_for_money, _LINES | {"unit_in_header"}),
    Habit("unit_gone", (), 0.6, 22, _line_gone, _LINES),
    Habit("unit_organisation", (6,), 0.7, 76, _organisation),
    Habit("unit_in_header", (), 0.7, 23, _in_header),
    Habit(
        "unit_header_against_line", (), 0.3, 23, _header_against_line,
        frozenset({"unit_in_header", "unit_gone", "unit_rows"}),
    ),
    _off_by(3),
    _off_by(6),
]  # fmt: skip
