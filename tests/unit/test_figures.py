"""A column of figures: the style that the column shows, and what is held where it shows none."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.cells import STATES, number_of
from ingest.figures import (
    Figures,
    FigureUnit,
    bare_number,
    column_style,
    is_shifted,
    read_figures,
    style_shown,
)
from ingest.normalise import NumberStyle, read_number_text
from ingest.workbook import Odd

whole_numbers = st.integers(min_value=0, max_value=10**9)
fractions = st.text("0123456789", max_size=4)
printed_numbers = st.tuples(whole_numbers, fractions)
styles: st.SearchStrategy[NumberStyle] = st.sampled_from(["vietnamese", "english"])
UNIT = frozenset({"triệu đồng", "tr đồng", "trđ", "đồng"})


def read(
    values: Sequence[Any],
    declared: NumberStyle | None = None,
    *,
    is_percent: bool = False,
    shown: Sequence[bool] | None = None,
    is_whole: bool = False,
    is_hundred_based: bool = False,
) -> Figures:
    found = read_figures(
        values,
        declared=declared,
        is_percent=is_percent,
        unit_of=lambda _: FigureUnit(UNIT, is_whole),
        shown_as_percent=shown,
        is_hundred_based=is_hundred_based,
    )
    for column in (found.exacts, found.steps, found.texts, found.problems):
        assert len(column) in (0, len(values))
    assert len(found.states) == len(found.floats) == len(values)
    return found


def numbers(figures: Figures) -> list[Decimal | None]:
    nothing = [None] * len(figures.states)
    return [
        number_of(typed, exact, step)[0]
        for typed, exact, step in zip(
            figures.floats, figures.exacts or nothing, figures.steps or nothing, strict=True
        )
    ]


def problems(figures: Figures) -> list[str | None]:
    return figures.problems or [None] * len(figures.states)


def states(figures: Figures) -> list[str]:
    return [STATES[state] for state in figures.states]


def printed(number: tuple[int, str], style: NumberStyle) -> str:
    whole, fraction = number
    text = f"{whole:,}" + (f".{fraction}" if fraction else "")
    return text if style == "english" else text.translate(str.maketrans(",.", ".,"))


def value_of(number: tuple[int, str]) -> Decimal:
    return Decimal(f"{number[0]}.{number[1] or 0}")


def assert_right_or_held(figures: Figures, expected: Sequence[Decimal]) -> None:
    for value, problem, state, wanted in zip(
        numbers(figures), problems(figures), states(figures), expected, strict=True
    ):
        if value is None:
            assert (state, problem) == ("unread", "number_ambiguous")
        else:
            assert (value, state) == (wanted, "number")


# --- properties -----------------------------------------------------------------------------------


@given(st.lists(printed_numbers, min_size=1, max_size=8), styles)
def test_column_of_one_style_is_read_right_or_held(
    column: list[tuple[int, str]], style: NumberStyle
) -> None:
    figures = read([printed(number, style) for number in column])
    assert_right_or_held(figures, [value_of(number) for number in column])


@given(st.lists(printed_numbers, min_size=1, max_size=8), styles)
def test_column_that_shows_its_style_is_read_whole(
    column: list[tuple[int, str]], style: NumberStyle
) -> None:
    """Half a unit, or a million, can have been written in one way only."""
    for evidence in ((0, "5"), (1_234_567, "")):
        figures = read([printed(number, style) for number in [*column, evidence]])
        assert numbers(figures) == [value_of(number) for number in [*column, evidence]]


@given(st.lists(printed_numbers, min_size=1, max_size=8), styles)
def test_column_of_the_declared_style_is_read_whole(
    column: list[tuple[int, str]], style: NumberStyle
) -> None:
    figures = read([printed(number, style) for number in column], style)
    assert numbers(figures) == [value_of(number) for number in column]
    assert set(problems(figures)) == {None}


@given(st.lists(st.tuples(printed_numbers, styles), min_size=1, max_size=8))
def test_column_of_both_styles_is_read_right_or_held(
    column: list[tuple[tuple[int, str], NumberStyle]],
) -> None:
    texts = [printed(number, style) for number, style in column]
    shown = {style_shown(text) for text in texts} - {None}
    if len(shown) != 1:  # one witness of the other style is all that a column needs to be undecided
        assert_right_or_held(read(texts), [value_of(number) for number, _ in column])


@given(
    st.lists(st.tuples(printed_numbers, styles), min_size=1, max_size=8),
    st.one_of(st.none(), styles),
)
def test_style_of_a_column_never_changes_what_only_one_style_can_read(
    column: list[tuple[tuple[int, str], NumberStyle]], declared: NumberStyle | None
) -> None:
    texts = [printed(number, style) for number, style in column]
    figures = read(texts, declared)
    for text, value, (number, _) in zip(texts, numbers(figures), column, strict=True):
        if style_shown(text) is not None:
            assert value == value_of(number)


def without_note(text: str) -> str:
    """`12 (1)` and `12(1)` are 12 with a footnote mark; a second mark belongs to no figure."""
    return re.sub(r"(?<=[\d%\s])\(\d\)$", "", text.strip())


@given(st.lists(st.text("0123456789.,-( )%", min_size=1, max_size=10), max_size=8), styles)
@example(["0(0)", "5% (1)", "(5) (1)"], "vietnamese")
@example(["0(0)(0)", "0 (1) (2)", "-(1)", "(1)"], "english")
def test_any_text_is_a_number_of_one_of_its_readings_or_is_held(
    texts: list[str], style: NumberStyle
) -> None:
    for declared in (None, style):
        figures = read(texts, declared, is_percent=True)
        for text, value, state in zip(texts, numbers(figures), states(figures), strict=True):
            assert (value is not None) == (state == "number")
            if value is not None:
                figure = without_note(text)
                either = [
                    read_number_text(figure, each).value for each in ("vietnamese", "english")
                ]
                assert value in either


@given(printed_numbers, st.sampled_from(["{}(1)", "{} *", "{}¹", "'{}", "{} triệu đồng", "{}TRĐ"]))
def test_notes_and_the_own_unit_do_not_change_a_figure(number: tuple[int, str], shape: str) -> None:
    text = printed(number, "vietnamese")
    assert numbers(read([shape.format(text)], "vietnamese")) == [value_of(number)]


@given(st.lists(st.floats(-9e14, 9e14, allow_nan=False), max_size=10))
def test_numbers_typed_as_numbers_stay_what_they_are(values: list[float]) -> None:
    figures = read(values)
    assert figures.floats == values
    assert set(states(figures)) <= {"number"}


# --- styles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("0,5", "vietnamese"), ("1.234.567", "vietnamese"), ("1.234,5", "vietnamese"),
        ("12,34", "vietnamese"), ("0,500", "vietnamese"), ("0.5", "english"),
        ("1,234,567", "english"), ("1,234.5", "english"), ("-(0.5)", None), ("1.234", None),
        ("1,234", None), ("12", None), ("", None), ("khoảng 5", None), ("1.23.4", None),
    ],
)  # fmt: skip
def test_style_that_a_figure_shows(text: str, style: str | None) -> None:
    assert style_shown(text) == style


def test_style_of_a_column_is_what_its_figures_agree_on() -> None:
    assert column_style(["1.234", "0,5"], None) == "vietnamese"
    assert column_style(["1.234", "0.5"], None) == "english"
    assert column_style(["0,5", "0.5"], None) is None
    assert column_style(["1.234", "12"], None) is None
    assert column_style([], None) is None
    assert column_style(["0.5"], "vietnamese") == "vietnamese"


def test_figures_that_contradict_each_other_decide_nothing() -> None:
    figures = read(["1.234", "0,5", "0.5"])
    assert numbers(figures) == [None, Decimal("0.5"), Decimal("0.5")]
    assert problems(figures) == ["number_ambiguous", None, None]


def test_figure_of_another_style_than_declared_is_read_and_said() -> None:
    figures = read(["68.58", "1.234"], "vietnamese")
    assert numbers(figures) == [Decimal("68.58"), Decimal(1234)]
    assert problems(figures) == ["number_other_style", None]


# --- what is in a cell ----------------------------------------------------------------------------


def test_states_of_a_column_of_everything() -> None:
    values = ["", "  ", "-", "x", "…", 0.0, "0", 1e15, 1e26, True, dt.date(2026, 3, 4),
              Odd("error_cell", "#N/A"), Odd("formula_without_value", "=A1"), "khoảng 5",
              "năm"]  # fmt: skip
    figures = read(values, "vietnamese")
    assert states(figures) == [
        "blank", "blank", "none", "not_applicable", "not_collected", "number", "number", "number",
        *["unread"] * 7,
    ]  # fmt: skip
    assert problems(figures)[8:] == [
        "number_too_large", "number_not_a_number", "number_not_a_number", "error_cell",
        "formula_without_value", "number_with_words", "number_not_a_number",
    ]  # fmt: skip
    assert numbers(figures)[5:8] == [0, 0, Decimal("1e15")]
    assert figures.texts[9:13] == ["TRUE", "2026-03-04", "#N/A", "=A1"]


@pytest.mark.parametrize(
    "text",
    ["12 tỷ đồng", "12 USD", "5 ngàn", "12%", "12 triệu đồng/người", "12 (a) b", "1e5", "12 m2"],
)
def test_figure_with_another_unit_is_held(text: str) -> None:
    figures = read([text], "vietnamese")
    assert numbers(figures) == [None]
    assert problems(figures) == ["number_not_a_number"]
    assert figures.texts == [text]


@pytest.mark.parametrize("text", ["1.234", "1,234"])
def test_what_is_counted_whole_has_no_decimals(text: str) -> None:
    assert numbers(read([text], is_whole=True)) == [Decimal(1234)]
    assert numbers(read([text])) == [None]


def test_column_does_not_break_what_is_counted_whole() -> None:
    """One cell in the other style shows it for the column; a thousandth of a visitor is none."""
    figures = read(["863.348", "1,036.02", "382"], is_whole=True)
    assert numbers(figures) == [None, Decimal("1036.02"), Decimal(382)]
    assert problems(figures)[0] == "number_ambiguous"
    assert numbers(read(["863.348", "1,036.02"]))[0] == Decimal("863.348")


def test_percent_sign_is_the_unit_of_a_figure_in_percent() -> None:
    """Where every row names its unit, also in a column that is not of percentages."""
    assert bare_number("31,5 %", frozenset({"%"}), False) == "31,5"
    assert bare_number("31,5 %", frozenset({"ha"}), False) is None


def test_figure_that_shows_decimals_keeps_them_where_things_are_counted_whole() -> None:
    assert numbers(read(["12,5", "1.234"], is_whole=True)) == [Decimal("12.5"), Decimal(1234)]


def test_own_unit_is_read_in_any_encoding_of_its_letters() -> None:
    for text in ("1.200 triệu đồng", unicodedata.normalize("NFD", "1.200 triệu đồng")):
        assert numbers(read([text], "vietnamese")) == [Decimal(1200)]


@pytest.mark.parametrize(
    ("text", "is_percent", "bare"),
    [
        ("12,5%", True, "12,5"), ("12,5 %", True, "12,5"), ("12,5%", False, None),
        ("1.234 (2)", False, "1.234"), ("(1.234)", False, "(1.234)"), ("'05", False, "05"),
        ("12 trđ", False, "12"), ("12 tỷ", False, None), ("(1.234) đồng", False, "(1.234)"),
    ],
)  # fmt: skip
def test_bare_number(text: str, is_percent: bool, bare: str | None) -> None:
    assert bare_number(text, UNIT, is_percent) == bare


# --- numbers that lost their thousands ------------------------------------------------------------


@pytest.mark.parametrize("group", ["1.234.567", "-1.234.567", "(1.234.567)", "1.234,5", "1,234.5"])
def test_small_number_beside_grouped_texts_is_held(group: str) -> None:
    figures = read([1.234, group, 1234.0, 12.5, 1.2345], "vietnamese")
    assert problems(figures)[0] == problems(figures)[3] == "number_maybe_shifted"
    assert numbers(figures)[2] == 1234
    assert numbers(figures)[4] == Decimal("1.2345")  # more decimals than thousands leave
    assert figures.texts[0] == "1.234"


def test_small_number_beside_other_texts_is_read() -> None:
    figures = read([1.234, "12", "0,5", "-"], "vietnamese")
    assert numbers(figures)[0] == Decimal("1.234")


@pytest.mark.parametrize("group", ["1.234.567 đồng", "1.234.567 (1)", "'1.234.567", "1.234.567*"])
def test_grouped_text_with_its_unit_or_a_note_is_evidence_too(group: str) -> None:
    assert problems(read([1.234, group], "vietnamese"))[0] == "number_maybe_shifted"


@pytest.mark.parametrize(
    ("value", "shifted"),
    [(1.234, True), (-1.2, True), (999.999, True), (1234.5, False), (12.0, False), (0.0001, False)],
)
def test_what_can_be_left_of_a_grouped_number(value: float, shifted: bool) -> None:
    assert is_shifted(value) is shifted


# --- percentages ----------------------------------------------------------------------------------


def test_cell_shown_as_a_percentage_holds_a_fraction() -> None:
    figures = read([0.125, 12.5, 1.0, "12,5%"], is_percent=True, shown=[True, False, True, False])
    assert numbers(figures) == [Decimal("12.5"), Decimal("12.5"), 100, Decimal("12.5")]
    assert figures.steps[0] == "0.100"
    assert figures.percents_read == 2
    assert set(problems(figures)) == {None}


@given(st.integers(-(10**6), 10**6), st.integers(0, 4))
def test_fraction_shown_as_a_percentage_is_a_hundred_times_itself(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)
    figures = read([float(value / 100)], is_percent=True, shown=[True])
    assert numbers(figures) == [value]


def test_where_formats_are_seen_a_small_number_is_itself() -> None:
    figures = read([0.5, 0.25], is_percent=True, shown=[False, False])
    assert numbers(figures) == [Decimal("0.5"), Decimal("0.25")]


def test_where_no_format_is_seen_small_numbers_are_held() -> None:
    figures = read([0.5, 0.25, 0.0, "-"], is_percent=True)
    assert problems(figures) == ["percent_scale_unclear", "percent_scale_unclear", None, None]
    assert numbers(figures) == [None, None, 0, None]


def test_ratio_that_lies_near_a_hundred_is_held_where_it_looks_like_a_fraction() -> None:
    figures = read([1.05, 104.2], is_percent=True, shown=[False, False], is_hundred_based=True)
    assert problems(figures) == ["percent_scale_unclear", None]


def test_whole_column_of_fractions_is_held_though_no_format_shows_it() -> None:
    figures = read([0.5, 0.25, 0.125], is_percent=True, shown=[False] * 3)
    assert problems(figures) == ["percent_scale_unclear"] * 3
    figures = read([0.5, 0.25, 12.5], is_percent=True, shown=[False] * 3)
    assert problems(figures) == [None] * 3


@pytest.mark.parametrize("large", [12.5, "12,5", "50%"])
def test_where_no_format_is_seen_a_large_number_tells_the_scale(large: object) -> None:
    figures = read([0.5, large], is_percent=True)
    assert numbers(figures)[0] == Decimal("0.5")


@pytest.mark.parametrize("column", [[1.0], [1.0, 1.0, "-"], [2.0, 1.0, 0.0]])
def test_where_no_format_is_seen_one_may_be_all_of_it(column: list[object]) -> None:
    figures = read(column, is_percent=True)
    assert [p for p, v in zip(problems(figures), column, strict=True) if v in (1.0, 2.0)] == [
        "percent_scale_unclear" for v in column if v in (1.0, 2.0)
    ]


def test_a_column_that_is_no_percentage_has_no_scale_to_doubt() -> None:
    assert numbers(read([0.5, 0.25], shown=[True, True])) == [Decimal("0.5"), Decimal("0.25")]
