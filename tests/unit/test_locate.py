"""Headers are found where they stand: moved, merged, stacked, or said to be unclear."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.contract import Column, Table, all_contracts
from ingest.locate import (
    ColumnMatch,
    FormIndex,
    TableWords,
    is_whole,
    match_columns,
    nearness,
    recognise,
    spots_of,
)
from ingest.wording import header
from ingest.workbook import Sheet

CONTRACTS = all_contracts()
TABLES = {
    f"{contract.form}.{number}": table
    for contract in CONTRACTS
    for number, table in enumerate(contract.tables, start=1)
}
BY_FORM = {contract.form: contract for contract in CONTRACTS}
REVENUE = BY_FORM["b60_thu_nsnn"].tables[0]
Texts = dict[tuple[int, int], str]
Range = tuple[tuple[int, int], tuple[int, int]]


def sheet_of(texts: Texts, merged: list[Range] | None = None, rows: int = 20) -> Sheet:
    width = max((col for _, col in texts), default=0) + 1
    height = max([rows, *(row for row, _ in texts)])
    grid: list[list[Any]] = [[""] * width for _ in range(height)]
    for (row, col), text in texts.items():
        grid[row - 1][col - 1] = text
    return Sheet("S", grid, merged)


def laid_out(
    columns: Sequence[Column],
    top: int = 5,
    left: int = 1,
    says: Callable[[str], str] = str,
    *,
    merges: bool = True,
) -> tuple[Texts, list[Range], dict[str, int]]:
    """A header as a template prints it: upper levels over their columns, single ones over all
    rows; where a level stands over several columns it is written once."""
    depth = max(len(column.header) for column in columns)
    texts: Texts = {}
    merged: list[Range] = []
    for level in range(depth):
        start = 0
        while start < len(columns):
            path = columns[start].header
            if level >= len(path):
                start += 1
                continue
            end = start
            if level < len(path) - 1:
                while (
                    end + 1 < len(columns)
                    and len(columns[end + 1].header) > level + 1
                    and columns[end + 1].header[: level + 1] == path[: level + 1]
                ):
                    end += 1
            texts[top + level, left + start] = says(path[level])
            bottom = depth - 1 if level == len(path) - 1 else level
            if merges and (end > start or bottom > level):
                merged.append(
                    ((top + level - 1, left + start - 1), (top + bottom - 1, left + end - 1))
                )
            start = end + 1
    return texts, merged, {c.field: left + n for n, c in enumerate(columns)}


def assert_found(table: Table, match: ColumnMatch | None, at: dict[str, int], name: str) -> None:
    assert match is not None, name
    assert match.columns == at, name
    assert (match.missing, match.extra, match.ambiguous) == ((), (), ()), name
    assert is_whole(table, match)


# --- every table of every form --------------------------------------------------------------------


@pytest.mark.parametrize(("top", "left"), [(1, 1), (9, 1), (40, 3)])
def test_header_of_every_table_is_found_where_it_stands(top: int, left: int) -> None:
    for name, table in TABLES.items():
        texts, merged, at = laid_out(table.columns, top, left)
        match = match_columns(sheet_of(texts, merged), table)
        assert_found(table, match, at, name)
        assert match is not None and match.top == top


def test_header_without_merged_ranges_is_found() -> None:
    """As .xls through another program, and files written without merging: None, or empty."""
    for name, table in TABLES.items():
        texts, _, at = laid_out(table.columns, merges=False)
        for merged in (None, []):
            assert_found(table, match_columns(sheet_of(texts, merged), table), at, name)


@pytest.mark.parametrize(
    "says",
    [
        str.upper,
        str.lower,
        lambda t: t.replace(" ", "\n"),
        lambda t: f"{t} (1)",
        lambda t: f" {t}*",
    ],
)
def test_header_in_another_spelling_is_found(says: Callable[[str], str]) -> None:
    for name, table in TABLES.items():
        texts, merged, at = laid_out(table.columns, says=says)
        assert_found(table, match_columns(sheet_of(texts, merged), table), at, name)


@settings(max_examples=60)
@given(st.sampled_from(sorted(TABLES)), st.randoms(use_true_random=False))
def test_columns_in_any_order_keep_their_level_above(name: str, chance: random.Random) -> None:
    table = TABLES[name]
    columns = list(table.columns)
    chance.shuffle(columns)
    texts, merged, at = laid_out(columns)
    assert_found(table, match_columns(sheet_of(texts, merged), table), at, name)


@settings(max_examples=60)
@given(st.sampled_from(sorted(TABLES)), st.randoms(use_true_random=False))
def test_columns_left_out_are_missing_and_no_other_takes_their_place(
    name: str, chance: random.Random
) -> None:
    table = TABLES[name]
    kept = [c for c in table.columns if c.role == "line" or chance.random() < 0.6]
    if not kept:
        return
    texts, merged, at = laid_out(kept)
    match = match_columns(sheet_of(texts, merged), table)
    assert match is not None
    assert match.columns == at
    assert set(match.missing) == {c.field for c in table.columns} - set(at)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(TABLES)), st.integers(0, 20), st.text("ghjkw", min_size=4, max_size=8)
)
def test_column_put_in_is_extra_and_moves_the_others(name: str, place: int, word: str) -> None:
    table = TABLES[name]
    texts, _, at = laid_out(table.columns)
    place = 1 + min(place, len(at))
    # not inside a group: a text to the left covers what stands right of it where nothing is merged
    single = [c for c in table.columns if len(c.header) == 1]
    if len(single) < len(table.columns):
        place = 1 + len(at)
    moved: Texts = {(row, col + (col >= place)): text for (row, col), text in texts.items()}
    moved[5, place] = word
    match = match_columns(sheet_of(moved), table)
    assert match is not None
    assert match.columns == {field: col + (col >= place) for field, col in at.items()}
    assert match.extra == ((place, word),)


# --- stacked headers ------------------------------------------------------------------------------


def pieces(text: str) -> list[str]:
    words = text.split()
    middle = (len(words) + 1) // 2
    return [" ".join(words[:middle]), " ".join(words[middle:])]


def test_header_written_piece_by_piece_is_found() -> None:
    texts: Texts = {}
    for col, column in enumerate(REVENUE.columns, start=1):
        parts = (
            column.header if len(column.header) > 1 else [p for p in pieces(column.header[0]) if p]
        )
        for row, part in enumerate(parts, start=5):
            texts[row, col] = part
    match = match_columns(sheet_of(texts), REVENUE)
    assert match is not None
    assert match.columns == {c.field: n for n, c in enumerate(REVENUE.columns, start=1)}


def test_pieces_are_not_joined_where_that_is_not_wanted() -> None:
    texts: Texts = {(5, 1): "NỘI", (6, 1): "DUNG", (5, 2): "DỰ TOÁN", (6, 2): "NĂM"}
    assert match_columns(sheet_of(texts), REVENUE, stacked=False) is None
    found = match_columns(sheet_of(texts), REVENUE)
    assert found is not None and found.columns == {"line": 1, "estimate_assigned": 2}


# --- what is unclear ------------------------------------------------------------------------------


def revenue(**changes: str) -> tuple[Texts, dict[str, int]]:
    texts, _, at = laid_out(REVENUE.columns)
    for field, text in changes.items():
        texts[5, at[field]] = text
    return texts, at


def test_column_that_stands_twice_is_said() -> None:
    texts, at = revenue()
    texts[5, 7] = "DỰ TOÁN NĂM"
    texts[6, 7] = ""
    match = match_columns(sheet_of(texts), REVENUE)
    assert match is not None
    assert match.ambiguous == (("estimate_assigned", (at["estimate_assigned"], 7)),)


def test_column_of_the_period_is_taken_before_that_of_another() -> None:
    texts, at = revenue(outturn_cumulative="ƯỚC THỰC HIỆN QUÝ I/2026")
    texts[5, 7] = "ƯỚC THỰC HIỆN QUÝ II/2026"
    match = match_columns(sheet_of(texts), REVENUE, period_key="2026-Q2")
    assert match is not None
    assert match.columns["outturn_cumulative"] == 7
    assert (match.other_period, match.ambiguous) == ((), ())
    assert [col for col, _ in match.extra] == [at["outturn_cumulative"]]


def test_only_column_of_another_period_is_said() -> None:
    texts, at = revenue(outturn_cumulative="ƯỚC THỰC HIỆN QUÝ I/2026")
    match = match_columns(sheet_of(texts), REVENUE, period_key="2026-Q2")
    assert match is not None
    [(field, col, _)] = match.other_period
    assert (field, col) == ("outturn_cumulative", at["outturn_cumulative"])


@pytest.mark.parametrize(
    "text", ["ƯỚC THỰC HIỆN QUÝ II/2026", "Ước thực hiện 6 tháng đầu năm 2026",
             "ước thực hiện quý 2"],
)  # fmt: skip
def test_column_of_the_period_is_right(text: str) -> None:
    texts, _ = revenue(outturn_cumulative=text)
    match = match_columns(sheet_of(texts), REVENUE, period_key="2026-Q2")
    assert match is not None
    assert (match.missing, match.other_period) == ((), ())


def test_unit_that_a_header_names_is_kept() -> None:
    texts, _ = revenue(estimate_assigned="DỰ TOÁN NĂM (tỷ đồng)")
    match = match_columns(sheet_of(texts), REVENUE)
    assert match is not None
    assert match.units["estimate_assigned"] == "billion_vnd"


def test_last_periods_figures_are_no_columns() -> None:
    texts, at = revenue()
    texts[5, 7] = "Số đã báo cáo kỳ trước"
    texts[6, 7] = "ƯỚC THỰC HIỆN QUÝ (6 THÁNG, NĂM)"
    match = match_columns(sheet_of(texts), REVENUE)
    assert match is not None
    assert (match.columns, match.extra) == (at, ())


def test_columns_outside_the_range_searched_are_not_seen() -> None:
    texts, at = revenue()
    match = match_columns(sheet_of(texts), REVENUE, within=(1, at["estimate_assigned"]))
    assert match is not None
    assert set(match.columns) == {"symbol", "line", "estimate_assigned"}
    assert not is_whole(REVENUE, match)


def test_header_that_differs_in_one_text_is_not_the_one_remembered() -> None:
    """Headers come again with every unit and period, and what they came to is kept."""
    for name, table in TABLES.items():
        texts, merged, at = laid_out(table.columns)
        assert_found(table, match_columns(sheet_of(texts, merged), table), at, name)
        for place in texts:
            match = match_columns(sheet_of(texts | {place: "Nội dung khác"}, merged), table)
            assert match is None or match.missing, (name, place)
        assert_found(table, match_columns(sheet_of(texts, merged), table), at, name)


def in_pieces(table: Table, left: int) -> Sheet:
    """A header of which every text is written over two rows, so that no row has one whole."""
    texts: Texts = {}
    for col, column in enumerate(table.columns, start=left):
        first, *rest = column.header[-1].split()
        texts[5, col], texts[6, col] = first, " ".join(rest)
    return sheet_of(texts)


def test_header_in_pieces_is_not_taken_for_another_one_in_pieces() -> None:
    """Nothing is remembered of a header that no row has whole: all such would be one."""
    form = BY_FORM["chi_tieu_thang"].tables[0]
    assert all(len(column.header) == 1 and " " in column.header[0] for column in form.columns)
    for left in (1, 3, 2):
        match = match_columns(in_pieces(form, left), form)
        assert match is not None and match.is_joined
        assert match.columns == {c.field: n for n, c in enumerate(form.columns, start=left)}
    headers = {column.header for column in form.columns}
    others = [t for t in TABLES.values() if not headers & {column.header for column in t.columns}]
    assert len(others) > 20
    assert [match_columns(in_pieces(form, 1), other) for other in others] == [None] * len(others)


def test_pieces_around_a_header_are_looked_at_every_time() -> None:
    """Half of a header stands in the row above, which is none of those of its whole texts."""
    columns = REVENUE.columns
    deep = next(n for n, column in enumerate(columns) if column.role == "value")
    texts, at = revenue()
    field = columns[deep].field
    first, *rest = texts[5, at[field]].split()
    split = texts | {(4, at[field]): first, (5, at[field]): " ".join(rest), (4, 9): "x"}
    for _ in range(2):
        whole = match_columns(sheet_of(split), REVENUE)
        assert whole is not None and whole.columns[field] == at[field]
        lacking = match_columns(sheet_of(split | {(4, at[field]): "Số"}), REVENUE)
        assert lacking is None or field in lacking.missing


def test_texts_are_asked_for_each_table_and_range_by_itself() -> None:
    """What is found among the texts of a sheet is kept with them."""
    texts, at = revenue()
    sheet, table = sheet_of(texts), REVENUE
    spots = spots_of(sheet)
    whole = match_columns(sheet, table, spots)
    last = max(at.values())
    part = match_columns(sheet, table, spots, within=(1, last - 1))
    assert whole is not None and part is not None
    assert last in whole.columns.values()
    assert last not in part.columns.values()
    for name, other in TABLES.items():
        assert match_columns(sheet, other, spots) == match_columns(sheet, other), name


def test_sheet_without_any_header_has_no_match() -> None:
    assert match_columns(sheet_of({(1, 1): "Danh bạ", (2, 1): "điện thoại"}), REVENUE) is None
    assert match_columns(sheet_of({}), REVENUE) is None


# --- words ----------------------------------------------------------------------------------------


def test_long_texts_and_lower_rows_are_not_searched() -> None:
    sheet = sheet_of({(1, 1): "a" * 301, (2, 1): "b", (61, 1): "c"}, rows=70)
    assert [spot.header.exact for spot in spots_of(sheet)] == ["b"]
    assert [spot.header.exact for spot in spots_of(sheet, 3)] == ["c"]


def test_header_needs_all_its_levels_above() -> None:
    words = TableWords(REVENUE)
    number = next(n for n, c in enumerate(REVENUE.columns) if c.field == "outturn_to_estimate")
    above = header("SO SÁNH ƯỚC THỰC HIỆN VỚI (%)")
    assert words.above(number, [above]) == 0
    assert words.above(number, [header("Biểu 60"), above]) == 1
    assert words.above(number, []) is None
    assert words.above(number, [header("Biểu 60")]) is None


def test_nearest_form_says_what_it_lacks() -> None:
    contract = BY_FORM["b60_thu_nsnn"]
    kept = [c for c in REVENUE.columns if c.field != "outturn_cumulative"]
    texts, merged, _ = laid_out(kept)
    near = nearness(sheet_of(texts, merged), contract)
    assert not near.is_whole
    assert near.missing_headers == ("ƯỚC THỰC HIỆN QUÝ (6 THÁNG, NĂM)",)
    assert 0 < near.score < 1


def test_every_form_is_among_the_likely_ones_of_its_own_header() -> None:
    index = FormIndex(CONTRACTS)
    for contract in CONTRACTS:
        texts, merged, _ = laid_out(contract.tables[0].columns)
        found = index.likely(spots_of(sheet_of(texts, merged)), 0.25)
        assert contract in found, contract.form


def test_no_form_is_likely_on_a_sheet_of_other_words() -> None:
    assert (
        FormIndex(CONTRACTS).likely(spots_of(sheet_of({(1, 1): "Danh bạ điện thoại"})), 0.25) == []
    )


# --- headers that come again ----------------------------------------------------------------------

ONE = next(
    table for name, table in TABLES.items()
    if not any(header(level).mention for column in table.columns for level in column.header)
    and all(len(column.header) > 1 for column in table.columns[-2:])
)  # fmt: skip


def once_more(changes: Texts, merges: Sequence[Range] = ()) -> Sheet:
    """A sheet with the header of `ONE` after one of the same was matched, with other words too."""
    texts, merged, _ = laid_out(ONE.columns)
    match_columns(sheet_of(texts, merged), ONE)
    return sheet_of(texts | changes, [*merged, *merges])


def test_a_header_that_comes_again_is_recognised_as_what_is_found_anew() -> None:
    sheet = once_more({(1, 1): "Biểu số 1", (19, 2): "Người lập biểu"})
    found = recognise(sheet, ONE, 24)
    assert found is not None
    match, texts = found
    assert match == match_columns(sheet, ONE)
    assert {"Biểu số 1", "Người lập biểu"} <= texts


@pytest.mark.parametrize("place", [(2, 1), (18, 1), (18, 40)])
def test_a_header_is_not_recognised_where_one_of_its_words_stands_elsewhere(
    place: tuple[int, int],
) -> None:
    word = ONE.columns[-1].header[-1]
    assert recognise(once_more({place: f" {word.upper()} (1)"}), ONE, 24) is None


def test_a_header_is_not_recognised_where_anything_in_it_differs() -> None:
    assert recognise(once_more({(6, 1): "x"}), ONE, 24) is None
    assert recognise(once_more({}, [((1, 0), (1, 3))]), ONE, 24) is None
    assert recognise(once_more({}), ONE, 5) is None  # not among the rows that are looked at
