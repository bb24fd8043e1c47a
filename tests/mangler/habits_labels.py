"""How lines are named and numbered: letters, spaces, marks, the number in the label or in none."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from tests.mangler.case import Case, Habit
from tests.mangler.paper import Ink, PaperTable
from tests.mangler.walk import column_of_role, labels, tables

# the tone mark on either vowel: both spellings are in use
TONES = (
    ("òa", "oà"), ("óa", "oá"), ("ỏa", "oả"), ("õa", "oã"), ("ọa", "oạ"), ("òe", "oè"),
    ("óe", "oé"), ("ủy", "uỷ"), ("úy", "uý"), ("ùy", "uỳ"), ("ũy", "uỹ"), ("ụy", "uỵ"),
)  # fmt: skip


def _each(case: Case, change: str) -> bool:
    touched = False
    for table in tables(case):
        for _, ink in labels(table):
            old = ink.text
            match change:
                case "upper":
                    ink.text = old.upper()
                case "lower":
                    ink.text = old.lower()
                case "spaces" if case.rng.random() < 0.4:
                    ink.text = old.replace(" ", case.rng.choice(("  ", "\u00a0", "\n")), 1) + " "
                case "mark" if case.rng.random() < 0.3:
                    ink.text = old + case.rng.choice((" (1)", "*", " (*)", "¹", ":", " (2) "))
                case "dash" if case.rng.random() < 0.5:
                    ink.text = case.rng.choice(("- ", "+ ", "-", "* ")) + old
            touched = touched or ink.text != old
    if touched:
        case.oddity("line_unknown")
    return touched


def _letters(case: Case) -> bool:
    return _each(case, case.rng.choice(("upper", "lower")))


def _spaces(case: Case) -> bool:
    return _each(case, "spaces")


def _marks(case: Case) -> bool:
    return _each(case, "mark")


def _dashes(case: Case) -> bool:
    return _each(case, "dash")


def _part_words(case: Case) -> bool:
    """`Trong đó:` before a line that is a part and is not added up."""
    touched = False
    for table in tables(case):
        lines = {line.code: line for line in table.truth.table(table.number).lines}
        for row, ink in labels(table):
            line = lines.get(row.row or "")
            said = ink.text.lower()
            if line is None or line.is_additive or line.parent is None or "trong đó" in said:
                continue
            before = case.rng.choice(("Trong đó: ", "- Trong đó: ", "Trong đó "))
            ink.text = before + ink.text
            touched = True
    if touched:
        case.oddity("line_unknown")
    return touched


def _tones(case: Case) -> bool:
    touched = False
    for table in tables(case):
        for _, ink in labels(table):
            old = ink.text
            for one, other in TONES:
                # not inside a syllable that goes on: `hoàn` has one spelling only
                ink.text = re.sub(rf"{one}(?!\w)", other, ink.text)
            touched = touched or ink.text != old
    if touched:
        case.oddity("line_unknown")
    return touched


def _typo(case: Case) -> bool:
    """A letter too few. A clerk reads it, a machine had better ask."""
    pairs = [pair for table in tables(case) for pair in labels(table) if len(pair[1].text) > 14]
    if not pairs:
        return False
    _, ink = case.rng.choice(pairs)
    place = case.rng.randint(4, len(ink.text) - 4)
    ink.text = ink.text[:place] + ink.text[place + 1 :]
    case.argue("a label with a letter too few", "line_unknown", "line_ambiguous", "line_missing")
    return True


def _symbols(table: PaperTable) -> list[Ink]:
    column = column_of_role(table, "symbol")
    if column is None:
        return []
    return [ink for row in table.rows if (ink := row.cells.get(id(column))) is not None]


def _symbol_numbers(case: Case) -> bool:
    """1 is the number 1, 1.10 the number 1.1, and 1/1 a day in January."""
    touched = False
    for table in tables(case):
        for ink in _symbols(table):
            if re.fullmatch(r"\d+(\.\d+)?", ink.text):
                ink.kind, ink.number = "number", Decimal(ink.text)
                touched = True
    if touched:
        case.oddity("line_ambiguous", "line_unknown")
    return touched


def _symbol_days(case: Case) -> bool:
    """1.2 typed where a point parts day and month."""
    touched = False
    for table in tables(case):
        for ink in _symbols(table):
            match = re.fullmatch(r"(\d{1,2})[./](\d{1,2})", ink.text)
            if match and 1 <= int(match[2]) <= 12 and 1 <= int(match[1]) <= 28:
                ink.kind, ink.day = "date", date(2026, int(match[2]), int(match[1]))
                ink.format = "dd-mmm"
                touched = True
    if touched:
        case.oddity("line_ambiguous", "line_unknown")
    return touched


def _symbol_marks(case: Case) -> bool:
    touched = False
    after = case.rng.choice((".", ")", " ", "."))
    for table in tables(case):
        for ink in _symbols(table):
            if ink.kind == "text":
                ink.text += after
                touched = True
    if touched:
        case.oddity("line_ambiguous", "line_unknown")
    return touched


def _symbols_gone(case: Case) -> bool:
    """No numbers; how far a label is moved in says what it is a part of."""
    touched = False
    way = case.rng.choice(("indent", "spaces", "nothing"))
    for table in tables(case):
        column = column_of_role(table, "symbol")
        if column is None:
            continue
        for row in table.rows:
            touched = row.cells.pop(id(column), None) is not None or touched
        for row, ink in labels(table):
            if way == "indent":
                ink.indent = row.depth
            elif way == "spaces":
                ink.text = "    " * row.depth + ink.text
    if touched:
        case.oddity("line_ambiguous", "line_unknown")
    return touched


def _symbol_in_label(case: Case) -> bool:
    """`1. Thuế …` in one cell, the column of numbers empty."""
    touched = False
    for table in tables(case):
        column = column_of_role(table, "symbol")
        if column is None:
            continue
        for row, ink in labels(table):
            symbol = row.cells.pop(id(column), None)
            if symbol is not None and symbol.kind == "text" and symbol.text.strip():
                ink.text = f"{symbol.text.strip().rstrip('.')}. {ink.text}"
                touched = True
    if touched:
        case.oddity("line_unknown", "line_ambiguous")
    return touched


def _ordinals(case: Case) -> bool:
    """Records numbered by numbers, or numbered anew in each group."""
    touched = False
    for table in tables(case):
        column = table.column("ordinal")
        if column is None:
            continue
        for place, row in enumerate((r for r in table.rows if r.row is not None), start=1):
            if row.row is not None and (table.number, row.row, "ordinal") in table.truth.cells:
                row.cells[id(column)] = Ink("number", number=Decimal(place))
                truth = table.truth.cells
                truth.pop((table.number, row.row, "ordinal"), None)
                touched = True
    return touched


_SYMBOLS = frozenset({"symbols_gone", "symbols_in_label"})
HABITS = [
    Habit("labels_letters", (), 0.7, 57, _letters),
    Habit("labels_spaces", (), 0.7, 59, _spaces),
    Habit("labels_marks", (), 0.7, 58, _marks),
    Habit("labels_dashes", (20,), 0.7, 56, _dashes),
    Habit("labels_part_words", (20,), 0.7, 56, _part_words, frozenset({"labels_dashes"})),
    Habit("labels_tones", (), 0.6, 56, _tones),
    Habit("labels_typo", (), 0.3, 56, _typo),
    Habit("symbols_numbers", (16,), 0.8, 60, _symbol_numbers, _SYMBOLS),
    Habit("symbols_days", (16,), 0.4, 60, _symbol_days, _SYMBOLS),
    Habit("symbols_marks", (14,), 0.6, 61, _symbol_marks, _SYMBOLS),
    Habit("symbols_gone", (15, 28), 0.8, 62, _symbols_gone, frozenset({"symbols_in_label"})),
    Habit("symbols_in_label", (15,), 0.6, 62, _symbol_in_label),
    Habit("ordinals_numbers", (16,), 0.5, 60, _ordinals),
]
