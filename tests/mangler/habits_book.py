"""What is in the workbook as a whole: several forms, several periods, tables on sheets of their
own, moved tables, hidden sheets, sheets that are none of ours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ingest.period import period_of
from ingest.template import due_forms, previous_period
from tests.mangler.case import Case, Habit
from tests.mangler.draft import draft_sheet, money_unit
from tests.mangler.habits_head import sheet_period
from tests.mangler.paper import PaperSheet, number_ink, text_ink
from tests.mangler.truth import copied, forms, true_form
from tests.mangler.walk import form_sheets


def _other_forms(case: Case) -> bool:
    """Two or three forms of one sender in one file, a sheet each."""
    first = case.truths[0]
    day = period_of(first.period_key).end
    others = [
        (contract.form, key)
        for contract, key in due_forms(forms(), case.sender, f"{day.year}-{day.month:02d}")
        if contract.form != first.contract.form
    ]
    if not others:
        return False
    for form, key in case.rng.sample(others, min(len(others), case.rng.randint(1, 2))):
        truth = copied(true_form(form, case.sender, key))
        case.truths.append(truth)
        sheet = draft_sheet(truth)
        case.book.sheets.insert(case.rng.randint(0, len(case.book.sheets)), sheet)
    return True


def _one_sheet(case: Case) -> bool:
    """Another form of the same period below the first, under its own title."""
    first = case.truths[0]
    sheet = form_sheets(case)[0]
    day = period_of(first.period_key).end
    others = [
        contract
        for contract, key in due_forms(forms(), case.sender, f"{day.year}-{day.month:02d}")
        if contract.form != first.contract.form and key == first.period_key
    ]
    case.rng.shuffle(others)
    for contract in others:
        truth = copied(true_form(contract.form, case.sender, first.period_key))
        # the unit line above is one for both
        if len(truth.rows) > 1 or money_unit(truth) not in (None, money_unit(first)):
            continue
        case.truths.append(truth)
        [table] = draft_sheet(truth).tables
        table.caption = f"Biểu số {contract.code_on_paper}: {contract.title.upper()}"
        sheet.tables.append(table)
        sheet.beside = False
        case.oddity("sheet_unrecognised", "form_unrecognised", "figure_outside_table")
        return True
    return False


def _old_periods(case: Case) -> bool:
    """The sheets of earlier periods are still in the file: each is of its own period."""
    first = case.truths[0]
    key: str | None = first.period_key
    added = False
    for _ in range(case.rng.randint(1, 2)):
        key = previous_period(key) if key else None
        if key is None or not first.contract.is_in_force(period_of(key).end):
            break
        truth = copied(true_form(first.contract.form, case.sender, key))
        sheet = draft_sheet(truth)
        name = sheet_period(key)
        sheet.name = f"{name}-{key[:4]}" if name else f"{sheet.name[:20]} {key[:4]}"
        sheet.hidden = case.rng.random() < 0.2
        case.truths.append(truth)
        case.book.sheets.insert(case.rng.choice((0, len(case.book.sheets))), sheet)
        added = True
    if added:
        case.oddity("hidden_sheet")
    return added


def _apart(case: Case) -> bool:
    """The tables of a form on sheets of their own, each with the head."""
    touched = False
    for sheet in form_sheets(case):
        if len(sheet.tables) < 2:
            continue
        place = case.book.sheets.index(sheet)
        case.book.sheets[place + 1 : place + 1] = [
            PaperSheet(f"{sheet.name[:26]} ({number})", list(sheet.head), [table], list(sheet.foot))
            for number, table in enumerate(sheet.tables[1:], start=2)
        ]
        sheet.tables = sheet.tables[:1]
        touched = True
    if touched:
        case.oddity("column_missing", "sheet_unrecognised", "form_unrecognised")
    return touched


def _below(case: Case) -> bool:
    """The tables of a form one below the other."""
    touched = False
    for sheet in form_sheets(case):
        if len(sheet.tables) > 1:
            sheet.beside, touched = False, True
    return touched


def _moved(case: Case) -> bool:
    for sheet in form_sheets(case):
        sheet.top = case.rng.randint(0, 6)
        sheet.left = case.rng.randint(0, 4)
        sheet.gap = case.rng.randint(0, 3)
    return True


def _hidden_sheet(case: Case) -> bool:
    """The form itself on a hidden sheet, another one in front."""
    case.book.sheets.insert(0, PaperSheet("Bìa", [], [], free={(2, 1): text_ink("BÁO CÁO")}))
    for sheet in form_sheets(case):
        sheet.hidden = True
    case.oddity("hidden_sheet")
    return True


def _other_sheets(case: Case) -> bool:
    """Sheets that are no forms: empty, notes, sums of somebody's own."""
    own = PaperSheet("Tinh toan", [], [])
    for row in range(case.rng.randint(3, 12)):
        own.free[row, 0] = text_ink(f"Mục {row + 1}")
        own.free[row, 1] = number_ink(Decimal(case.rng.randint(1, 99999)))
    notes = PaperSheet("Ghi chu", [], [], free={(0, 0): text_ink("Liên hệ: phòng Kế hoạch")})
    for sheet in case.rng.sample([own, notes, PaperSheet("Sheet3", [], [])], 2):
        case.book.sheets.insert(case.rng.randint(0, len(case.book.sheets)), sheet)
    return True


def _copied_sheet(case: Case) -> bool:
    """The sheet twice, the copy with other figures: which one counts, nobody says."""
    sheet = form_sheets(case)[0]
    truth = sheet.tables[0].truth
    changed = copied(truth)
    touched = False
    for key, cell in truth.cells.items():
        if cell.number and truth.column(key).role == "value":
            changed.cells[key] = replace(cell, number=cell.number * 2)
            touched = True
    if not touched:
        return False
    copy = draft_sheet(changed)
    copy.name = f"{sheet.name[:26]} (2)"
    case.book.sheets.append(copy)
    case.hold("the form twice, with different figures", "form_twice",
              "period_contradiction")  # fmt: skip
    return True


def _identity_gone(case: Case) -> bool:
    case.book.identity = False
    return True


HABITS = [
    Habit("book_other_forms", (), 0.5, 3, _other_forms, frozenset({"book_old_periods"})),
    Habit(
        "book_forms_on_one_sheet",
        (),
        0.5,
        3,
        _one_sheet,
        frozenset(
            {
                "book_other_forms",
                "book_old_periods",
                "book_tables_apart",
                "book_tables_below",
                "book_copied_sheet",
            }
        ),
    ),
    Habit("book_old_periods", (29,), 0.7, 3, _old_periods),
    Habit("book_tables_apart", (), 1.5, 4, _apart, frozenset({"book_tables_below"})),
    Habit("book_tables_below", (24,), 1.5, 4, _below),
    Habit("book_moved", (), 1.0, 88, _moved),
    Habit("book_hidden_sheet", (19,), 0.4, 89, _hidden_sheet),
    Habit("book_other_sheets", (), 0.8, 90, _other_sheets),
    Habit("book_copied_sheet", (), 0.2, 5, _copied_sheet, frozenset({"book_tables_apart"})),
    Habit("book_identity_gone", (), 0.3, 2, _identity_gone),
]
