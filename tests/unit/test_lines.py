"""Rows become the lines of a form by their whole path, or it is said which row is none."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import all_contracts
from ingest.lines import Labelled, LineMatch, match_lines, symbol_key, words_of
from ingest.reference import Line
from ingest.wording import label_key

LISTS: dict[str, tuple[Line, ...]] = {
    f"{contract.form}.{number}": table.lines
    for contract in all_contracts()
    for number, table in enumerate(contract.tables, start=1)
    if table.rows.kind == "lines"
}
# lists in which a label stands under several parents
TWINS = [
    name for name, lines in LISTS.items()
    if max(Counter(label_key(line.label_vi) for line in lines).values()) > 1
]  # fmt: skip


def line(code: str, label: str, parent: str | None = None, symbol: str = "") -> Line:
    return Line(
        code=code, number=1, symbol=symbol, label_vi=label, parent=parent, is_additive=True,
        sign=1, children="all", indicator_code=None, unit_code=None, basis_status="designed",
        owner_unit_code=None, dimensions=(),
    )  # fmt: skip


def rows(*labels: tuple[str, str] | str) -> list[Labelled]:
    pairs = [(each, "") if isinstance(each, str) else each for each in labels]
    return [Labelled(n, label, symbol, True) for n, (label, symbol) in enumerate(pairs, start=12)]


def printed(lines: Sequence[Line]) -> list[Labelled]:
    return rows(*((each.label_vi, each.symbol) for each in lines))


def codes(match: LineMatch) -> dict[int, str]:
    return {row: found.code for row, found in match.lines.items()}


def shuffled(lines: Sequence[Line], chance: random.Random) -> list[Line]:
    """The lines in any order within their parents, each below its parent."""
    known = {each.code for each in lines}
    by_parent: dict[str | None, list[Line]] = {}
    for each in lines:
        by_parent.setdefault(each.parent if each.parent in known else None, []).append(each)

    def below(parent: str | None) -> list[Line]:
        children = list(by_parent.get(parent, ()))
        chance.shuffle(children)
        return [found for child in children for found in (child, *below(child.code))]

    return below(None)


def assert_own_line_or_said(order: Sequence[Line], match: LineMatch, name: str) -> None:
    said = {row for row, _ in [*match.unknown, *match.ambiguous]}
    for row, own in enumerate(order, start=12):
        found = match.lines.get(row)
        assert (found is None and row in said) or found is own, (name, own.code, found)


# --- every list of every form ---------------------------------------------------------------------


def test_there_are_lists_and_twins_to_look_at() -> None:
    assert len(LISTS) > 20
    assert TWINS


@pytest.mark.parametrize("name", LISTS)
def test_form_as_it_is_printed_is_matched_line_by_line(name: str) -> None:
    lines = LISTS[name]
    match = match_lines(printed(lines), lines)
    assert list(codes(match).values()) == [each.code for each in lines]
    assert (match.unknown, match.ambiguous) == ([], [])


@given(st.sampled_from(sorted(LISTS)), st.randoms(use_true_random=False))
def test_lines_in_any_order_within_their_parents_are_their_own(
    name: str, chance: random.Random
) -> None:
    order = shuffled(LISTS[name], chance)
    match = match_lines(printed(order), LISTS[name])
    assert_own_line_or_said(order, match, name)
    if name not in TWINS:
        assert len(match.lines) == len(order)


@given(st.sampled_from(sorted({*LISTS} - {*TWINS})), st.randoms(use_true_random=False))
def test_lines_of_which_some_are_left_out_are_their_own_or_said(
    name: str, chance: random.Random
) -> None:
    kept = [each for each in LISTS[name] if chance.random() < 0.6]
    assert_own_line_or_said(kept, match_lines(printed(kept), LISTS[name]), name)


@given(st.sampled_from(TWINS), st.randoms(use_true_random=False))
def test_lines_without_symbols_are_their_own_or_said(name: str, chance: random.Random) -> None:
    """As long as each stands below its parents: without them a line is what its place says."""
    parents = {each.code: each.parent for each in LISTS[name]}
    wanted = {each.code for each in LISTS[name] if chance.random() < 0.4}
    for code in list(wanted):
        above = parents[code]
        while above is not None:
            wanted.add(above)
            above = parents[above]
    kept = [each for each in shuffled(LISTS[name], chance) if each.code in wanted]
    bare = rows(*(each.label_vi for each in kept))
    assert_own_line_or_said(kept, match_lines(bare, LISTS[name]), name)


@pytest.mark.parametrize(
    "spelling",
    [str.upper, str.lower, lambda text: unicodedata.normalize("NFD", text),
     lambda text: f"  {text} (1)", lambda text: f"{text}:", lambda text: text.replace(" ", "\n"),
     lambda text: f"- {text}", lambda text: f"    {text}"],
)  # fmt: skip
def test_labels_are_known_in_other_spellings(spelling: object) -> None:
    for name, lines in LISTS.items():
        typed = rows(*((spelling(x.label_vi), x.symbol) for x in lines))  # type: ignore[operator]
        match = match_lines(typed, lines)
        assert list(codes(match).values()) == [each.code for each in lines], name


@pytest.mark.parametrize("name", LISTS)
def test_symbol_typed_into_the_label_is_no_part_of_it(name: str) -> None:
    lines = LISTS[name]
    dots = {x.code: "." if x.symbol.isalnum() else "" for x in lines}
    typed = rows(*(f"{x.symbol}{dots[x.code]} {x.label_vi}".strip() for x in lines))
    match = match_lines(typed, lines)
    assert_own_line_or_said(lines, match, name)
    if name not in TWINS:
        assert len(match.lines) == len(lines)


# --- twins ----------------------------------------------------------------------------------------

TREE = (
    line("A", "Đầu tư", symbol="I"), line("A1", "Quốc phòng", "A", "1.1"),
    line("A2", "Giáo dục", "A", "1.2"),
    line("B", "Thường xuyên", symbol="II"), line("B1", "Quốc phòng", "B", "1"),
)  # fmt: skip


def test_one_label_is_the_line_under_the_parent_seen_last() -> None:
    match = match_lines(rows("Đầu tư", "Quốc phòng", "Thường xuyên", "Quốc phòng"), TREE)
    assert codes(match) == {12: "A", 13: "A1", 14: "B", 15: "B1"}


def test_parents_in_another_order_take_their_children_along() -> None:
    match = match_lines(rows("Thường xuyên", ("Quốc phòng", "1"), "Đầu tư", "Quốc phòng"), TREE)
    assert codes(match) == {12: "B", 13: "B1", 14: "A", 15: "A1"}


def test_symbol_tells_twins_apart_where_the_parents_are_missing() -> None:
    match = match_lines(rows(("Quốc phòng", "1"), ("Quốc phòng", "1.1")), TREE)
    assert codes(match) == {12: "B1", 13: "A1"}


def test_twin_of_which_nothing_tells_is_said() -> None:
    match = match_lines(rows("Quốc phòng"), TREE)
    assert (match.lines, match.ambiguous) == ({}, [(12, "Quốc phòng")])


def test_twin_under_a_later_parent_is_not_guessed_where_the_first_parent_is_missing() -> None:
    """`Thường xuyên` is there, `Đầu tư` is not: the row may be either's."""
    match = match_lines(rows("Thường xuyên", "Quốc phòng"), TREE)
    assert codes(match) == {12: "B"}
    assert match.ambiguous == [(13, "Quốc phòng")]


def test_symbol_of_a_line_whose_parent_is_missing_contradicts_its_place() -> None:
    """`1` is the symbol of the line under `Thường xuyên`, which the sheet left out."""
    match = match_lines(rows(("Đầu tư", "I"), ("Quốc phòng", "1")), TREE)
    assert match.lines.get(13) is not TREE[1]


def test_twin_without_figures_is_not_worth_a_word() -> None:
    match = match_lines([Labelled(12, "Quốc phòng", "", False)], TREE)
    assert (match.lines, match.ambiguous, match.unknown) == ({}, [], [])


def test_line_that_stands_twice_is_unknown_the_second_time() -> None:
    match = match_lines(rows("Đầu tư", "Giáo dục", "Giáo dục"), TREE)
    assert codes(match) == {12: "A", 13: "A2"}
    assert match.unknown == [(14, "Giáo dục")]


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.", "1"), ("(1)", "1"), ("1)", "1"), ("I.", "i"), (" a) ", "A"), ("1.10", "1.1")],
)
def test_symbols_that_are_one(one: str, other: str) -> None:
    assert symbol_key(one) == symbol_key(other)


@pytest.mark.parametrize(("one", "other"), [("1", "11"), ("I", "1"), ("10", "1"), ("1.2", "12")])
def test_symbols_that_are_not(one: str, other: str) -> None:
    assert symbol_key(one) != symbol_key(other)


def test_nearest_line_is_named_as_the_form_prints_it() -> None:
    words = words_of(TREE)
    assert words.nearest("2. giáo dụk") == "Giáo dục"
    assert words.nearest("Thu tiền sử dụng đất") is None


def test_lists_are_read_once_and_not_mixed_up() -> None:
    assert words_of(TREE) is words_of(TREE)
    other = (line("X", "Giáo dục"),)
    assert words_of(other).lines == other
    assert codes(match_lines(rows("Giáo dục"), other)) == {12: "X"}
