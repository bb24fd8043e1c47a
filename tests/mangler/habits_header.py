"""How headers are written and laid out: letters, years, lines, marks, formulas, merged or stacked,
with an index row or without."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.period import period_of
from tests.mangler.case import Case, Habit
from tests.mangler.habits_cells import OLE
from tests.mangler.paper import HeaderStyle, Ink, PaperTable, text_ink
from tests.mangler.walk import declared, tables

_UNREAD = (
    "column_missing",
    "column_ambiguous",
    "table_missing",
    "form_unrecognised",
    "sheet_unrecognised",
)


def _inks(case: Case) -> Iterator[tuple[PaperTable, Ink]]:
    """Every header cell once; upper levels that span columns stand in each of them alike."""
    for table in tables(case):
        for column in table.columns:
            for ink in column.header:
                if ink.text:
                    yield table, ink


def _by_text(case: Case, change: dict[str, str]) -> bool:
    touched = False
    for _, ink in _inks(case):
        if ink.text in change and change[ink.text] != ink.text:
            ink.text = change[ink.text]
            touched = True
    if touched:
        case.oddity(*_UNREAD)
    return touched


def _texts(case: Case) -> list[str]:
    return list(dict.fromkeys(ink.text for _, ink in _inks(case)))


def _letters(case: Case) -> bool:
    upper = case.rng.random() < 0.5
    return _by_text(case, {t: t.upper() if upper else t.lower() for t in _texts(case)})


def _breaks(case: Case) -> bool:
    return _by_text(
        case,
        {t: t.replace(" ", case.rng.choice(("\n", " \n", "  ")), case.rng.randint(1, 2))
         for t in _texts(case) if case.rng.random() < 0.7},
    )  # fmt: skip


def _years(case: Case) -> bool:
    """`DỰ TOÁN NĂM` becomes `DỰ TOÁN NĂM 2026`."""
    year = period_of(case.truths[0].period_key).end.year
    change = {}
    for text in _texts(case):
        if text.lower().endswith(" năm") or text.lower() in ("dự toán", "kế hoạch"):
            word = "" if text.lower().endswith("năm") else " năm"
            change[text] = f"{text}{word.upper() if text.isupper() else word} {year}"
    return _by_text(case, change)


def _period_words(case: Case) -> bool:
    """`Tháng báo cáo` becomes `Tháng 6/2026`: other words, though nobody would mistake them."""
    period = period_of(case.truths[0].period_key)
    words = {"tháng báo cáo": f"tháng {period.end.month}/{period.end.year}",
             "năm báo cáo": f"năm {period.end.year}"}  # fmt: skip
    change = {}
    for text in _texts(case):
        new = text
        for old, said in words.items():
            if period.kind == old.split()[0].replace("tháng", "month").replace("năm", "year"):
                new = re.sub(old, said, new, flags=re.IGNORECASE)
        change[text] = new
    if not _by_text(case, change):
        return False
    case.argue("headers that say the period instead of a word for it", *_UNREAD)
    return True


def _marks(case: Case) -> bool:
    return _by_text(
        case,
        {t: t + case.rng.choice((" (1)", "*", " (*)", "¹", ":", " ")) for t in _texts(case)
         if case.rng.random() < 0.3},
    )  # fmt: skip


def _formulas(case: Case) -> bool:
    """`="TH"&CHAR(10)&"2025"`, with the text that it gave."""
    touched = False
    for text in _texts(case):
        if '"' in text or case.rng.random() < 0.5:
            continue
        words = text.split(" ", 1)
        formula = f'="{words[0]}"' + (f'&" "&"{words[1]}"' if len(words) > 1 else "")
        for _, ink in _inks(case):
            if ink.text == text and len(formula) < 250 and ink.kind == "text":
                ink.kind, ink.formula, touched = "formula", formula, True
    return touched


def _uncalculated(case: Case) -> bool:
    """A header whose formula was never calculated: which column it is, the file does not say."""
    for table in tables(case):
        columns = [
            c for c in table.columns if c.field and declared(table, c).role == "value" and c.header
        ]
        if columns:
            ink = case.rng.choice(columns).header[-1]
            year = period_of(table.truth.period_key).end.year
            ink.kind, ink.text, ink.formula = "formula", "", f'="TH "&({year}-1)'
            case.hold("a header that was never calculated", "header_unreadable", *_UNREAD)
            return True
    return False


def _style(style: HeaderStyle, number: tuple[int, ...]) -> Habit:
    def apply(case: Case) -> bool:
        for table in tables(case):
            table.header_style = style
        if style in ("stacked", "bottom"):
            case.oddity(*_UNREAD)
        return True

    names = frozenset({"header_unmerged", "header_bottom", "header_repeated", "header_stacked"})
    more = frozenset({"header_formulas", "header_uncalculated"}) if style == "stacked" else names
    return Habit(f"header_{style}", number, 0.5, 73, apply, names | more)


def _level_above(case: Case) -> bool:
    """One more level over all columns but the first two."""
    year = period_of(case.truths[0].period_key).end.year
    word = case.rng.choice((f"NĂM {year}", "SỐ LIỆU BÁO CÁO", "Thực hiện trong kỳ báo cáo"))
    touched = False
    for table in tables(case):
        if len(table.columns) < 4:
            continue
        for column in table.columns[2:]:
            column.header.insert(0, text_ink(word))
        touched = True
    if touched:
        case.oddity(*_UNREAD)
    return touched


def _index_row(case: Case) -> bool:
    """The row of column numbers in other ways: none, in brackets, with how a ratio is made."""
    way = case.rng.choice(("none", "brackets", "square", "formulas"))
    for table in tables(case):
        marks = {column.field: column.mark for column in table.columns if column.field}
        for column in table.columns:
            match way:
                case "none":
                    table.index_row = False
                case "brackets" if column.mark:
                    column.mark = f"({column.mark})"
                case "square" if column.mark:
                    column.mark = f"[{column.mark}]"
                case "formulas" if column.field:
                    formula = declared(table, column).parsed_formula
                    if formula is not None and all(marks.get(f) for f in formula.fields()):
                        written = formula.written(marks.__getitem__)
                        column.mark = f"{marks[column.field]}={written}"
    return True


HABITS = [
    Habit("header_letters", (), 0.7, 70, _letters),
    Habit("header_breaks", (), 0.7, 71, _breaks),
    # an old period beside it would have its own year
    Habit("header_years", (), 0.8, 69, _years, frozenset({"book_old_periods"})),
    Habit("header_period_words", (), 0.4, 69, _period_words),
    Habit("header_marks", (), 0.6, 70, _marks),
    Habit("header_formulas", (26,), 0.6, 72, _formulas, formats=OLE),
    Habit("header_uncalculated", (26,), 0.3, 74, _uncalculated, formats=OLE),
    _style("unmerged", (11,)),
    _style("bottom", (11,)),
    _style("repeated", (11,)),
    _style("stacked", (12,)),
    Habit("header_level_above", (11,), 0.5, 72, _level_above),
    Habit("index_row", (13,), 1.0, 72, _index_row),
]
