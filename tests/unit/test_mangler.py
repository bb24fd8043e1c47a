"""The mangler is a referee: what it calls ambiguous, true, wrong or guessed has tests too."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from expectations.findings import Finding, sentences
from tests.mangler import legacy_fonts
from tests.mangler.case import Case, Verdict
from tests.mangler.compose import all_habits, compose
from tests.mangler.draft import draft_book
from tests.mangler.habits_numbers import printed, type_as_text
from tests.mangler.reading import Seen, SeenCell
from tests.mangler.run import run_cases, write_cases
from tests.mangler.score import Result, score
from tests.mangler.truth import Truth, copied, forms, periods, senders, true_form
from tests.mangler.truth_file import from_json, to_json
from tests.mangler.verdict import is_ambiguous, judge_numbers, readings, shows_style
from tests.mangler.walk import figures

FORM, UNIT, PERIOD = "b60_thu_nsnn", "STC", "2026-Q2"
# lines and records, one table and two, a form of spans, every kind of column
VARIED = (
    "b60_thu_nsnn", "b113_can_doi_xa", "kim_ngach_cua_khau", "giai_ngan_du_an", "chi_tieu_thang",
    "moc_tien_do_du_an", "xuat_khau_mat_hang", "ls02_thu_nsnn", "xep_hang_cai_cach",
)  # fmt: skip
# figures of money that no total and no formula ties to others
LONE_FORM, COLUMN = "moc_tien_do_du_an", "total_investment"
# rules that the reader is to have for causes that it cannot name yet
COMING = {
    "column_ambiguous", "date_ambiguous", "external_link", "hidden_columns", "hidden_rows",
    "hidden_sheet", "line_ambiguous", "number_maybe_shifted", "percent_scale_unclear",
    "period_contradiction", "text_legacy_font", "unit_line_contradiction", "unit_line_differs",
    "unit_line_unknown",
}  # fmt: skip


def a_case(form: str = FORM, unit: str = UNIT, *, with_history: bool = True) -> Case:
    truth = copied(true_form(form, unit, PERIOD))
    return Case(1, random.Random(1), unit, [truth], draft_book([truth]), with_history)


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("vietnamese", "1.234.567,5"),
        ("english", "1,234,567.5"),
        ("spaced", "1 234 567,5"),
        ("ungrouped", "1234567,5"),
    ],
)
def test_a_number_is_printed_in_its_style(style: str, text: str) -> None:
    assert printed(Decimal("1234567.50"), style) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1.234", "12,345", "999.999"])
def test_three_digits_behind_the_only_mark_are_ambiguous(text: str) -> None:
    assert is_ambiguous(text)
    low, high = sorted(readings(text).values())
    assert high == 1000 * low


@pytest.mark.parametrize(
    ("text", "style"),
    [("1.234,5", "vietnamese"), ("1,234.5", "english"), ("1.234.567", "vietnamese"),
     ("1 234,567", "vietnamese"), ("12,5", "vietnamese"), ("0.125", "english"),
     ("1234.567", "english")],
)  # fmt: skip
def test_other_texts_give_their_style_away(text: str, style: str) -> None:
    assert not is_ambiguous(text)
    assert shows_style(text) == style


def test_a_text_without_marks_says_nothing() -> None:
    assert not is_ambiguous("1234")
    assert shows_style("1234") is None


def only_column(case: Case, numbers: list[str]) -> None:
    """The form's first figures as given, typed the Vietnamese way; the others stay numbers."""
    [table] = case.book.sheets[0].tables
    column = next(c for c in table.columns if c.field == COLUMN)
    cells = figures(table, column)
    for (key, ink), number in zip(cells, numbers, strict=False):
        table.truth.cells[key] = replace(table.truth.cells[key], number=Decimal(number))
        ink.number = Decimal(number)
        type_as_text(ink, "vietnamese")
    judge_numbers(case)


@pytest.mark.parametrize(
    ("numbers", "with_history", "verdict"),
    [
        (["1234", "567"], False, "must_hold"),
        (["1234.5", "1234"], False, "decidable"),
        (["1234567", "1234"], False, "decidable"),
        (["567", "89"], False, "decidable"),
    ],
)
def test_the_column_decides(numbers: list[str], with_history: bool, verdict: Verdict) -> None:
    case = a_case(LONE_FORM, "BQLDA", with_history=with_history)
    only_column(case, numbers)
    assert case.verdict == verdict
    assert ("number_ambiguous" in case.owed) == (verdict == "must_hold")


def test_last_period_makes_it_arguable_and_no_more() -> None:
    case = a_case(LONE_FORM, "BQLDA")
    [table] = case.book.sheets[0].tables
    before = {(*key[:2], COLUMN): Decimal(1200) for key in table.truth.cells}
    table.truth.before = before
    only_column(case, ["1234", "1250"])
    assert case.verdict == "arguable"


def test_a_total_makes_it_arguable() -> None:
    case = a_case(with_history=False)
    [table] = case.book.sheets[0].tables
    column = next(c for c in table.columns if c.field == "outturn_cumulative")
    key, ink = figures(table, column)[0]
    ink.number = Decimal(1234)
    table.truth.cells[key] = replace(table.truth.cells[key], number=ink.number)
    type_as_text(ink, "vietnamese")
    judge_numbers(case)
    assert case.verdict == "arguable"


# --- letters ------------------------------------------------------------------------------------


def test_old_fonts_write_what_officials_files_hold() -> None:
    """The examples of the list of habits."""
    text = "Đơn vị tính: Triệu đồng"
    assert legacy_fonts.to_tcvn3(text) == ("§¬n vÞ tÝnh: TriÖu ®ång", ".VnTime")
    assert legacy_fonts.to_vni(text) == ("Ñôn vò tính: Trieäu ñoàng", "VNI-Times")


def test_old_fonts_have_every_letter_apart() -> None:
    letters = [c for c in map(chr, range(0xC0, 0x1EFA)) if _is_vietnamese(c)]
    assert len(letters) == 134
    small = [letter for letter in letters if letter.islower()]
    assert len({legacy_fonts.to_tcvn3(letter)[0] for letter in small}) == len(small)
    assert len({legacy_fonts.to_vni(letter)[0] for letter in letters}) == len(letters)


def _is_vietnamese(letter: str) -> bool:
    if letter in "đĐ":
        return True
    parts = unicodedata.normalize("NFD", letter)
    base, marks = parts[0], parts[1:]
    vowels = {
        "a": "\u0302\u0306",
        "e": "\u0302",
        "o": "\u0302\u031b",
        "u": "\u031b",
        "i": "",
        "y": "",
    }
    if not marks or base.lower() not in vowels:
        return False
    tones = "\u0300\u0301\u0303\u0309\u0323"
    shapes = [mark for mark in marks if mark not in tones]
    return (
        len(shapes) <= 1
        and all(mark in vowels[base.lower()] for mark in shapes)
        and (len(marks) - len(shapes) <= 1)
    )


def test_capitals_with_tones_need_the_font_of_capitals() -> None:
    text, font = legacy_fonts.to_tcvn3("ỦY BAN")
    assert (text, font) == (legacy_fonts.to_tcvn3("ủy ban")[0], ".VnTimeH")


# --- habits -------------------------------------------------------------------------------------


def test_every_habit_of_the_list_is_there() -> None:
    listed = {number for habit in all_habits() for number in habit.numbers}
    # 23, a file of another format than its name says, is a format of the whole workbook
    assert listed | {23} == set(range(1, 31))
    names = [habit.name for habit in all_habits()]
    assert len(set(names)) == len(names)
    known = set(names)
    assert all(habit.excludes <= known for habit in all_habits())


@cache
def case_with(habit: str) -> Case:
    found = chain(
        (compose(1, number, habit, wanted=VARIED) for number in range(60)),
        (compose(1, number, habit) for number in range(200)),
    )
    return next(case for case in found if habit in case.habits)


@pytest.mark.parametrize("name", [habit.name for habit in all_habits()])
def test_every_habit_finds_something_to_do(name: str) -> None:
    case = case_with(name)
    assert case.verdict == "decidable" or case.reasons


def test_every_cause_is_a_rule_of_the_reader() -> None:
    """Causes of every habit, and of the others that came along with it."""
    causes = {cause for habit in all_habits() for cause in case_with(habit.name).causes}
    for number in range(20):
        causes |= compose(5, number, wanted=VARIED).causes
    assert len(causes) > 15
    assert causes <= set(sentences()) | COMING


@pytest.mark.parametrize("form", ["ls06_xuat_nhap_khau", "giao_chi_tieu"])
def test_no_two_records_have_one_key(form: str) -> None:
    contract = next(contract for contract in forms() if contract.form == form)
    found = true_form(form, senders(form)[0], periods(contract.reporting.frequency)[0])
    [names], fields = found.rows.values(), found.table(1).rows.key
    keys = [tuple(found.cells.get((1, name, field)) for field in fields) for name in names]
    assert len(set(keys)) == len(keys) > 500


def test_a_number_makes_the_same_workbook_again(tmp_path: Path) -> None:
    for number in (3, 17, 40):
        one, other = compose(1, number), compose(1, number)
        first = write_cases([one], tmp_path / "one")[number]
        second = write_cases([other], tmp_path / "other")[number]
        assert first.read_bytes() == second.read_bytes()
        assert to_json(one) == to_json(other)


def test_what_is_true_comes_back_from_its_file() -> None:
    case = compose(1, 11)
    back = from_json(to_json(case))
    assert [truth.cells for truth in back.truths] == [truth.cells for truth in case.truths]
    assert (back.verdict, back.owed, back.causes) == (case.verdict, case.owed, case.causes)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param([contract.form for contract in forms()][::11], id="few"),
        pytest.param(
            # the simulator repeats keys of records in a form of several years
            [contract.form for contract in forms() if contract.form != "ls06_xuat_nhap_khau"],
            id="all",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_clean_workbooks_are_read_completely(tmp_path: Path, wanted: list[str]) -> None:
    """Otherwise a habit would be blamed for what the draft did."""
    cases = [compose(1, number, clean=True, wanted=wanted) for number in range(len(wanted))]
    outcomes = {r.case.truths[0].contract.form: r.outcome for r in run_cases(cases, tmp_path)}
    assert outcomes == dict.fromkeys(wanted, "complete")


# --- the score ----------------------------------------------------------------------------------


def seen_of(truth: Truth) -> Seen:
    """A reader that makes no mistake."""
    cells = {
        key: SeenCell("number", cell.number, cell.unit_code, None, None, None)
        for key, cell in truth.cells.items()
        if cell.number is not None
    }
    return Seen(truth.contract.form, truth.period_key, truth.unit_code, "60", cells, ())


def finding(rule: str, severity: str = "error") -> Finding:
    return Finding(1, rule, severity, "60", None, (), None, None, rule, "")


KEY = (1, "b60.A", "estimate_assigned")


def spoiled(change: Callable[[Seen], Seen], verdict: Verdict = "decidable") -> Result:
    case = a_case()
    if verdict == "must_hold":
        case.hold("because", "unit_line_unknown")
    case.oddity("number_ambiguous")
    return score(case, [change(seen_of(case.truths[0]))])


def with_cell(seen: Seen, cell: SeenCell | None, *findings: Finding) -> Seen:
    cells = {key: each for key, each in seen.cells.items() if key != KEY}
    if cell is not None:
        cells[KEY] = cell
    return replace(seen, cells=cells, findings=findings)


def test_a_right_reading_is_complete() -> None:
    assert spoiled(lambda seen: seen).outcome == "complete"


def test_another_unit_with_the_number_scaled_is_right_too() -> None:
    def in_dong(seen: Seen) -> Seen:
        old = seen.cells[KEY]
        assert old.number is not None
        return with_cell(seen, replace(old, number=old.number * 10**6, unit_code="vnd"))

    assert spoiled(in_dong).outcome == "complete"


def test_a_thousandth_is_wrong() -> None:
    def shifted(seen: Seen) -> Seen:
        old = seen.cells[KEY]
        assert old.number is not None
        return with_cell(seen, replace(old, number=old.number / 1000))

    result = spoiled(shifted)
    assert result.outcome == "wrong"
    assert str(KEY) in result.details[0]


def test_a_value_missing_in_silence_is_wrong_and_a_said_one_is_partial() -> None:
    assert spoiled(lambda seen: with_cell(seen, None)).outcome == "wrong"
    said = finding("column_missing", "warning")
    assert spoiled(lambda seen: with_cell(seen, None, said)).outcome == "partial"


def test_a_value_too_much_is_wrong() -> None:
    def more(seen: Seen) -> Seen:
        cell = SeenCell("number", Decimal(1), "million_vnd", None, None, None)
        return replace(seen, cells=seen.cells | {(1, "b60.99", "estimate_assigned"): cell})

    assert spoiled(more).outcome == "wrong"


def test_a_dash_read_as_zero_is_wrong() -> None:
    case = a_case()
    truth = case.truths[0]
    seen = seen_of(truth)
    truth.cells[KEY] = replace(truth.cells[KEY], number=None, nil="none")
    assert score(case, [seen]).outcome == "wrong"
    dash = SeenCell("none", None, None, None, "-", None)
    assert score(case, [with_cell(seen, dash)]).outcome == "complete"


def test_held_needs_a_true_cause() -> None:
    true, false = finding("number_ambiguous"), finding("totals")
    assert spoiled(lambda seen: replace(seen, findings=(true,))).outcome == "held"
    assert spoiled(lambda seen: replace(seen, findings=(false,))).outcome == "other"


def test_what_must_be_held_is_guessed_where_it_is_accepted() -> None:
    assert spoiled(lambda seen: seen, "must_hold").outcome == "guessed"
    # a cause that is true of the workbook, but not why it must be held
    ambiguous = finding("number_ambiguous")
    held = spoiled(lambda seen: replace(seen, findings=(ambiguous,)), "must_hold")
    assert held.outcome == "other"
    owed = finding("unit_line_unknown")
    assert spoiled(lambda seen: replace(seen, findings=(owed,)), "must_hold").outcome == "held"


def test_another_form_or_period_is_wrong() -> None:
    assert spoiled(lambda seen: replace(seen, period_key="2026-Q1")).outcome == "wrong"


def test_a_file_of_which_nothing_is_said_is_wrong() -> None:
    case = a_case()
    assert score(case, []).outcome == "wrong"
    unread = Seen(None, None, UNIT, None, {}, (finding("form_unrecognised"),))
    assert score(case, [unread]).outcome == "other"


def test_a_second_submission_may_be_held_for_a_cause_of_its_own() -> None:
    """One of two is held for what the workbook must be held for, the other for a number."""
    case = a_case()
    other = replace(case.truths[0], period_key="2026-Q1")
    case.truths.append(other)
    case.hold("a header twice", "column_ambiguous")
    case.oddity("number_ambiguous")
    twice = replace(seen_of(case.truths[0]), findings=(finding("column_ambiguous"),))
    doubtful = replace(seen_of(other), findings=(finding("number_ambiguous"),))
    false = replace(seen_of(other), findings=(finding("totals"),))
    assert score(case, [twice, doubtful]).outcome == "held"
    assert score(case, [twice, false]).outcome == "other"
    assert score(case, [replace(twice, findings=()), doubtful]).outcome == "other"


def test_a_record_with_another_key_is_not_what_stood_in_its_place_before() -> None:
    truth = true_form("ns04_de_nghi_bo_sung_kinh_phi", "06463", "2026-Q2")
    assert truth.previous_key == "2026-Q1" and not truth.before
    projects = true_form("dieu_chinh_ke_hoach_von", "06463", "2026-Q2")
    assert projects.before
