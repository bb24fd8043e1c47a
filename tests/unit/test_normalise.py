"""What a typed cell means: read right or held with a reason, and never guessed."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.normalise import (
    NONE,
    NOT_APPLICABLE,
    NOT_COLLECTED,
    clean,
    fold,
    nil_state,
    read_comparator,
    read_number_float,
    read_number_text,
)

# whole part and decimals apart, so that 7,70 keeps its zero
whole_numbers = st.integers(min_value=0, max_value=10**20)
decimals = st.text("0123456789", max_size=6)


def as_decimal(whole: int, fraction: str) -> tuple[Decimal, Decimal]:
    value = Decimal(f"{whole}.{fraction}" if fraction else str(whole))
    return value, Decimal(1).scaleb(-len(fraction))


def in_vietnamese(whole: int, fraction: str) -> str:
    return f"{whole:,}".replace(",", ".") + (f",{fraction}" if fraction else "")


def in_english(whole: int, fraction: str) -> str:
    return f"{whole:,}" + (f".{fraction}" if fraction else "")


@given(whole_numbers, decimals)
def test_number_printed_in_vietnamese_is_read_back_with_its_step(whole: int, fraction: str) -> None:
    reading = read_number_text(in_vietnamese(whole, fraction), "vietnamese")
    assert (reading.value, reading.step) == as_decimal(whole, fraction)
    assert reading.problem is None


@given(whole_numbers, decimals)
def test_number_printed_in_english_is_read_back_with_its_step(whole: int, fraction: str) -> None:
    reading = read_number_text(in_english(whole, fraction), "english")
    assert (reading.value, reading.step) == as_decimal(whole, fraction)
    assert reading.problem is None


@given(whole_numbers, decimals, st.sampled_from([" ", "\u00a0", "\u202f"]))
def test_spaces_between_thousands_are_read(whole: int, fraction: str, space: str) -> None:
    text = f"{whole:,}".replace(",", space) + (f",{fraction}" if fraction else "")
    reading = read_number_text(text, "vietnamese")
    assert (reading.value, reading.step) == as_decimal(whole, fraction)


@given(whole_numbers, decimals, st.sampled_from(["-{}", "− {}", "–{}", "({})", "( {} )"]))
def test_negative_signs_and_accounting_parentheses_negate(
    whole: int, fraction: str, shape: str
) -> None:
    reading = read_number_text(shape.format(in_vietnamese(whole, fraction)), "vietnamese")
    assert reading.value == -as_decimal(whole, fraction)[0]


@given(whole_numbers, decimals)
def test_percent_sign_and_plus_do_not_change_the_number(whole: int, fraction: str) -> None:
    text = in_vietnamese(whole, fraction)
    value = as_decimal(whole, fraction)[0]
    assert read_number_text(f"{text} %", "vietnamese").value == value
    assert read_number_text(f"+{text}%", "vietnamese").value == value


@given(st.text("0123456789., ", min_size=1, max_size=14))
def test_without_a_style_a_text_of_two_readings_is_never_given_a_value(text: str) -> None:
    vietnamese = read_number_text(text, "vietnamese")
    english = read_number_text(text, "english")
    either = read_number_text(text, None)
    readings = {
        reading.value
        for reading in (vietnamese, english)
        if reading.problem is None and reading.value is not None
    }
    if len(readings) > 1:
        assert (either.value, either.step, either.problem) == (None, None, "ambiguous")
        assert set(either.readings) == readings
    elif either.value is not None:
        assert readings == {either.value}


@given(st.text(max_size=12))
def test_any_text_gets_a_reading_or_a_problem_and_never_an_exception(text: str) -> None:
    for style in ("vietnamese", "english", None):
        reading = read_number_text(text, style)  # type: ignore[arg-type]
        assert (reading.value is None) == (reading.step is None)
        assert reading.value is not None or reading.problem is not None


def test_one_dot_and_three_digits_is_ambiguous_with_both_readings() -> None:
    reading = read_number_text("1.234", None)
    assert (reading.value, reading.problem) == (None, "ambiguous")
    assert reading.readings == (Decimal("1234"), Decimal("1.234"))


def test_ambiguous_negative_has_negative_readings() -> None:
    assert read_number_text("(1,234)", None).readings == (Decimal("-1.234"), Decimal("-1234"))


@pytest.mark.parametrize(
    ("text", "style", "value", "step", "problem"),
    [
        ("68.58", "vietnamese", "68.58", "0.01", "other_style"),
        ("68,58", "english", "68.58", "0.01", "other_style"),
        ("1,234.5", "vietnamese", "1234.5", "0.1", "other_style"),
        ("0.500", "vietnamese", "0.500", "0.001", "other_style"),
        ("01.234", "vietnamese", "1.234", "0.001", "other_style"),
        ("1.234", "vietnamese", "1234", "1", None),
        ("1.234", "english", "1.234", "0.001", None),
        ("7,70", "vietnamese", "7.70", "0.01", None),
        ("52 201,9", "vietnamese", "52201.9", "0.1", None),
        ("15.400", "vietnamese", "15400", "1", None),
        ("68,58", None, "68.58", "0.01", None),
        ("1.234.567", None, "1234567", "1", None),
        ("-0,5", "vietnamese", "-0.5", "0.1", None),
    ],
)
def test_number_text_is_read_as(
    text: str, style: str, value: str, step: str, problem: str | None
) -> None:
    reading = read_number_text(text, style)  # type: ignore[arg-type]
    assert reading.value == Decimal(value)
    assert reading.step == Decimal(step)
    assert reading.problem == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("khoảng 50", "words"),
        (unicodedata.normalize("NFD", "khoảng 50"), "words"),
        ("trên 95%", "words"),
        ("từ 5 đến 10", "words"),
        ("khoảng", "not_a_number"),
        ("12 34", "not_a_number"),
        ("1.23.4", "not_a_number"),
        ("1.234,", "not_a_number"),
        ("--5", "not_a_number"),
        ("", "not_a_number"),
        ("()", "not_a_number"),
        ("năm mươi", "not_a_number"),
        ("1e5", "not_a_number"),
        ("9" * 26, "too_large"),
        ("0," + "1" * 13, "too_large"),
    ],
)
def test_text_that_is_no_plain_number_is_held_with_its_reason(text: str, problem: str) -> None:
    reading = read_number_text(text, "vietnamese")
    assert (reading.value, reading.step, reading.problem) == (None, None, problem)


def test_largest_number_that_fits_is_read() -> None:
    text = "9" * 25 + "," + "9" * 12
    assert read_number_text(text, "vietnamese").value == Decimal("9" * 25 + "." + "9" * 12)


@pytest.mark.parametrize(
    ("number", "value", "step"),
    [
        (0.1 + 0.2, "0.3", "0.1"),
        (1234567.891, "1234567.891", "0.001"),
        (15400.0, "15400", "1"),
        (1e20, "1e20", "1"),
        (123456789012345678.0, "123456789012346000", "1"),
        (-2.5, "-2.5", "0.1"),
        (0.0, "0", "1"),
    ],
)
def test_float_keeps_fifteen_significant_digits(number: float, value: str, step: str) -> None:
    reading = read_number_float(number)
    assert reading.value == Decimal(value)
    assert reading.step == Decimal(step)


@given(st.integers(-(10**14), 10**14), st.integers(0, 8))
def test_number_of_up_to_fifteen_digits_survives_as_a_float(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)
    assert read_number_float(float(value)).value == value


@pytest.mark.parametrize("number", [1e25, -1e30, float("inf"), float("nan")])
def test_float_that_does_not_fit_is_too_large(number: float) -> None:
    assert read_number_float(number).problem == "too_large"


def test_float_finer_than_can_be_stored_is_not_rounded_in_silence() -> None:
    assert read_number_float(1e-13).problem is not None


def test_nil_marks_blank_and_zero_are_five_states() -> None:
    states = {
        "-": nil_state("-"),
        "x": nil_state("x"),
        "…": nil_state("…"),
        "blank": nil_state(""),
        "0": nil_state("0"),
    }
    assert states == {
        "-": NONE, "x": NOT_APPLICABLE, "…": NOT_COLLECTED, "blank": None, "0": None,
    }  # fmt: skip
    assert len({NONE, NOT_APPLICABLE, NOT_COLLECTED}) == 3
    assert read_number_text("0", "vietnamese").value == 0
    for mark in ("-", "x", "…", ""):
        assert read_number_text(mark, "vietnamese").value is None


@pytest.mark.parametrize(
    ("typed", "state"),
    [(" – ", NONE), ("—", NONE), ("X", NOT_APPLICABLE), ("...", NOT_COLLECTED),
     ("..", NOT_COLLECTED)],
)  # fmt: skip
def test_nil_marks_are_recognised_in_their_spellings(typed: str, state: str) -> None:
    assert nil_state(typed) == state


@pytest.mark.parametrize(
    ("typed", "comparator"),
    [("Trên", ">"), ("≥", ">="), ("từ … trở lên", ">="), ("không quá", "<="), ("gần", "<~"),
     ("khoảng", "~"), ("≈", "~"), ("DƯỚI", "<"), ("=", "="), ("xấp xỉ?", None), ("", None)],
)  # fmt: skip
def test_comparator_words_and_signs_are_read(typed: str, comparator: str | None) -> None:
    assert read_comparator(typed) == comparator


def test_accents_are_never_dropped_when_labels_are_compared() -> None:
    assert fold("Đồng") != fold("Dòng")
    assert fold("  Tỷ\u00a0 ĐỒNG ") == "tỷ đồng"
    assert clean(unicodedata.normalize("NFD", "Tỷ lệ")) == "Tỷ lệ"


@pytest.mark.parametrize("text", ["１２", "٣٤", "1.２34"])
def test_digits_of_other_scripts_are_not_read_as_numbers(text: str) -> None:
    assert read_number_text(text, "vietnamese").problem == "not_a_number"
