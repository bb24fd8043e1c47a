"""How figures are typed: as text in either style, with spaces, with marks, by a wrong locale."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from tests.mangler.case import Case, Habit
from tests.mangler.paper import HeadLine, Ink, PaperColumn, PaperTable, text_ink
from tests.mangler.walk import declared, figures, form_sheets, numeric_columns, plain, tables

STYLE_LINE = "Cách ghi số: dấu chấm ngăn hàng nghìn, dấu phẩy thập phân"
Style = Literal["vietnamese", "english", "spaced", "nbsp", "ungrouped"]


def printed(number: Decimal, style: Style) -> str:
    """A number without its sign, as a person types it."""
    whole, _, decimals = plain(abs(number)).partition(".")
    groups: list[str] = []
    while len(whole) > 3:
        groups.insert(0, whole[-3:])
        whole = whole[:-3]
    groups.insert(0, whole)
    mark = {"vietnamese": ".", "english": ",", "spaced": " ", "nbsp": "\u00a0", "ungrouped": ""}
    point = "." if style == "english" else ","
    return mark[style].join(groups) + (point + decimals if decimals else "")


def type_as_text(ink: Ink, style: Style) -> None:
    """As it looked as a number: with its minus, and in percent where the format said so."""
    assert ink.number is not None
    percent = (ink.format or "").endswith("%")
    if percent:
        ink.number *= 100
    core = printed(ink.number, style)
    ink.core = core
    ink.kind, ink.format = "text", "@"
    ink.text = ("-" if ink.number < 0 else "") + core + ("%" if percent else "")


def _columns(case: Case, table: PaperTable) -> list[PaperColumn]:
    columns = [column for column in numeric_columns(table) if figures(table, column)]
    if not columns or case.rng.random() < 0.5:
        return columns
    return case.rng.sample(columns, case.rng.randint(1, len(columns)))


def _all_in(style: Style, *rules: str) -> Habit:
    def apply(case: Case) -> bool:
        touched = False
        for table in tables(case):
            for column in _columns(case, table):
                for _, ink in figures(table, column):
                    type_as_text(ink, style)
                    touched = True
        if touched:
            case.oddity(*rules)
        return touched

    number = {"vietnamese": (1,), "english": (2,)}.get(style, ())
    return Habit(f"numbers_text_{style}", number, 1.0, 30, apply)


def _mixed(case: Case) -> bool:
    """Each column in the style of whoever typed it; in some columns both."""
    touched = False
    for table in tables(case):
        for column in _columns(case, table):
            both = case.rng.random() < 0.3
            one: Style = case.rng.choice(("vietnamese", "english"))
            for _, ink in figures(table, column):
                style: Style = case.rng.choice(("vietnamese", "english")) if both else one
                type_as_text(ink, style)
                touched = True
    if touched:
        case.oddity("number_ambiguous", "number_two_readings")
    return touched


def _some_cells(case: Case) -> bool:
    """A few cells of a column of numbers are stored as text, as after pasting."""
    touched = False
    for table in tables(case):
        for column in _columns(case, table):
            for _, ink in figures(table, column):
                if case.rng.random() < 0.3:
                    type_as_text(ink, case.rng.choice(("vietnamese", "ungrouped")))
                    touched = True
    return touched


def _style_line(case: Case) -> bool:
    """The sheet says how it writes numbers, and keeps to it."""
    for table in tables(case):
        for column in numeric_columns(table):
            for _, ink in figures(table, column):
                type_as_text(ink, "vietnamese")
    for sheet in form_sheets(case):
        sheet.head.append(HeadLine("other", text_ink(STYLE_LINE)))
    return True


def _wrong_locale(case: Case) -> bool:
    """Typed the Vietnamese way into an English Excel: `1.234` becomes the number 1.234, while
    `1.234.567` and `1.234,5` stay text and give it away."""
    touched = False
    for table in tables(case):
        for column in numeric_columns(table):
            cells = figures(table, column)
            small = [ink for _, ink in cells if _is_shifted(ink.number)]
            large = [ink for _, ink in cells if _stays_text(ink.number)]
            if all(_is_whole_thousand(number) for ink in small if (number := ink.number)):
                continue  # 2.000 became 2: nothing would show
            if not small or not large or declared(table, column).role != "value":
                continue
            for ink in large:
                type_as_text(ink, "vietnamese")
            for ink in small:
                assert ink.number is not None
                ink.number, ink.format = ink.number / 1000, None
            touched = True
    if touched:
        # the texts beside them tell that the typist grouped by dots
        case.argue(
            "numbers that an English Excel made of texts",
            "number_maybe_shifted", "number_ambiguous", "magnitude",
        )  # fmt: skip
    return touched


def _is_shifted(number: Decimal | None) -> bool:
    return number is not None and number == int(number) and 1000 <= number < 1_000_000


def _is_whole_thousand(number: Decimal) -> bool:
    return number % 1000 == 0


def _stays_text(number: Decimal | None) -> bool:
    return number is not None and number == int(number) and number >= 1_000_000


def _around(before: str, after: str) -> Habit:
    def apply(case: Case) -> bool:
        touched = False
        for table in tables(case):
            for column in numeric_columns(table):
                for _, ink in table.column_inks(column):
                    if ink.core and ink.text == ink.core and case.rng.random() < 0.5:
                        ink.text = before + ink.text + after
                        touched = True
        return touched

    return Habit("spaces_around_numbers", (), 0.4, 32, apply)


HABITS = [
    _all_in("vietnamese"),
    _all_in("english", "number_ambiguous", "number_other_style"),
    _all_in("spaced"),
    _all_in("nbsp"),
    _all_in("ungrouped"),
    Habit("numbers_text_mixed", (3,), 1.0, 30, _mixed, frozenset({"numbers_style_stated"})),
    Habit("numbers_some_text", (), 1.0, 30, _some_cells),
    Habit(
        "numbers_style_stated",
        (),
        0.4,
        30,
        _style_line,
        frozenset({"numbers_text_english", "numbers_wrong_locale"}),
    ),
    Habit(
        "numbers_wrong_locale",
        (3,),
        1.2,
        30,
        _wrong_locale,
        # whoever types over a shifted number types what was meant
        frozenset(
            f"numbers_text_{style}"
            for style in ("vietnamese", "english", "spaced", "nbsp", "ungrouped", "mixed")
        )
        | {"numbers_some_text", "footnote_on_number", "unit_on_number", "footnote_raised"},
    ),
    _around(" ", "\u00a0"),
]
