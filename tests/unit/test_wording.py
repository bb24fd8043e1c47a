"""Words on a sheet meet the words of a contract, however officials write them; accents stay."""

from __future__ import annotations

import itertools
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import Column, Contract, all_contracts
from ingest.locate import TableWords
from ingest.wording import PERIOD, Mention, bare_key, header, label_key, plain

CONTRACTS = all_contracts()
LEVELS = sorted(
    {level for c in CONTRACTS for t in c.tables for x in t.columns for level in x.header}
)
LABELS = sorted({line.label_vi for c in CONTRACTS for t in c.tables for line in t.lines})

SPELLINGS = {
    "capitals": str.upper,
    "small letters": str.lower,
    "line breaks": lambda text: text.replace(" ", "\n"),
    "many spaces": lambda text: f"  {text.replace(' ', '   ')} ",
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "letters in pieces": lambda text: unicodedata.normalize("NFD", text),
    "capitals in pieces": lambda text: unicodedata.normalize("NFD", text.upper()),
    "a footnote": lambda text: f"{text} (1)",
    "a footnote above the line": lambda text: f"{text}¹",
    "stars": lambda text: f"{text} (*)",
    "a bracket of notes": lambda text: f"{text} [2]",
    "a colon": lambda text: f"{text}:",
    "long dashes": lambda text: text.replace("-", "–"),
}


def finds(column: Column, words: TableWords, text: str) -> bool:
    number = next(n for n, each in enumerate(words.table.columns) if each is column)
    return any(found == number for found, _, _ in words.matches(header(text)))


def columns() -> list[tuple[Contract, TableWords, Column]]:
    return [
        (contract, words, column)
        for contract in CONTRACTS
        for table in contract.tables
        for words in [TableWords(table)]
        for column in table.columns
    ]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_header_of_every_form_is_found_in_every_spelling(spelling: str) -> None:
    lost = [
        f"{contract.form}.{column.field}: {SPELLINGS[spelling](column.header[-1])!r}"
        for contract, words, column in columns()
        if not finds(column, words, SPELLINGS[spelling](column.header[-1]))
    ]
    assert lost == []


@pytest.mark.parametrize("spelling", [s for s in SPELLINGS if s not in ("a footnote", "a colon")])
def test_header_with_all_its_levels_is_found_in_every_spelling(spelling: str) -> None:
    lost = [
        f"{contract.form}.{column.field}"
        for contract, words, column in columns()
        if not finds(column, words, SPELLINGS[spelling](" ".join(column.header)))
    ]
    assert lost == []


# the words that stand for any period, and how a report of the second quarter, or of June, fills in
GENERIC = {
    r"quý \(6 tháng, (?:9 tháng, )?năm\)": (
        "quý II/2026",
        "QUÝ 2 năm 2026",
        "6 tháng đầu năm 2026",
    ),
    r"quý báo cáo": ("quý II/2026", "quý 2/2026"),
    r"tháng báo cáo": ("tháng 6/2026", "tháng 06 năm 2026", "tháng 6"),
    r"kỳ báo cáo": ("tháng 6/2026", "quý II năm 2026"),
}


def filled() -> list[tuple[str, TableWords, Column, str]]:
    found = []
    for contract, words, column in columns():
        for pattern, periods in GENERIC.items():
            text = column.header[-1]
            if re.search(pattern, plain(text)):
                found += [
                    (contract.form, words, column, re.sub(pattern, period, plain(text), count=1))
                    for period in periods
                ]
    return found


def test_header_that_names_the_period_of_the_report_is_found() -> None:
    cases = filled()
    assert len({form for form, *_ in cases}) >= 5
    lost = [
        f"{form}.{column.field}: {text!r}"
        for form, words, column, text in cases
        if not finds(column, words, text)
    ]
    assert lost == []


def test_period_of_a_header_can_be_told_from_another() -> None:
    for form, _, _, text in filled():
        mention = header(text).mention
        assert mention is not None, (form, text)
        assert mention.fits("2026-Q2") or mention.fits("2026-06"), (form, text)
        assert not mention.fits("2025-Q2") or mention.year is None
        assert not mention.fits("2026-Q1") and not mention.fits("2026-05"), (form, text)


@pytest.mark.parametrize(
    ("text", "period", "mention"),
    [
        ("Thực hiện tháng 6/2026", f"thực hiện {PERIOD}", Mention("month", 6, 2026)),
        ("Thực hiện tháng 6", f"thực hiện {PERIOD}", Mention("month", 6, None)),
        ("Thực hiện tháng báo cáo", f"thực hiện {PERIOD}", None),
        ("Quý II/2026", PERIOD, Mention("quarter", 2, 2026)),
        ("Quí 2 năm 2026", PERIOD, Mention("quarter", 2, 2026)),
        ("Quý IV", PERIOD, Mention("quarter", 4, None)),
        ("6 tháng đầu năm 2026", PERIOD, Mention("half", None, 2026)),
        ("9 tháng/2026", PERIOD, Mention("nine_months", None, 2026)),
        ("Dự toán năm 2026", "dự toán năm", Mention("year", None, 2026)),
        ("Dự toán năm", "dự toán năm", None),
    ],
)
def test_period_in_a_header(text: str, period: str, mention: Mention | None) -> None:
    found = header(text)
    assert (found.key, found.mention) == (period, mention)


@pytest.mark.parametrize(
    ("mention", "key", "fits"),
    [
        (Mention("month", 6, 2026), "2026-06", True), (Mention("month", 6, None), "2025-06", True),
        (Mention("month", 6, 2026), "2026-Q2", False),
        (Mention("month", 6, 2026), "2025-06", False),
        (Mention("quarter", 2, 2026), "2026-Q2", True),
        (Mention("quarter", 2, 2026), "2026-Q3", False),
        (Mention("half", None, 2026), "2026-Q2", True),
        (Mention("half", None, 2026), "2026-H1", True),
        (Mention("half", None, 2026), "2026-06", True),
        (Mention("half", None, 2026), "2026-Q1", False),
        (Mention("nine_months", None, 2026), "2026-9M", True),
        (Mention("nine_months", None, 2026), "2026-Q3", True),
        (Mention("nine_months", None, 2026), "2026-Q2", False),
        (Mention("year", None, 2026), "2026", True), (Mention("year", None, 2026), "2026-05", True),
        (Mention("year", None, 2026), "2025", False),
        (Mention("month", 6, 2026), "2026-06-A", True),
        (Mention("year", None, 2026), "2021..2025", False),
    ],
)  # fmt: skip
def test_mention_fits_a_period(mention: Mention, key: str, fits: bool) -> None:
    assert mention.fits(key) is fits


@pytest.mark.parametrize(
    ("text", "key", "unit"),
    [
        ("Kế hoạch năm (triệu đồng)", "kế hoạch năm", "million_vnd"),
        ("Kế hoạch năm (ĐVT: tỷ đồng)", "kế hoạch năm", "billion_vnd"),
        ("Tỷ lệ (%)", "tỷ lệ", "percent"),
        ("Kế hoạch năm (vốn vay)", "kế hoạch năm (vốn vay)", None),
        ("(triệu đồng)", "(triệu đồng)", "million_vnd"), ("So sánh (5=4/3)", "so sánh", None),
    ],
)  # fmt: skip
def test_unit_in_brackets_is_taken_out_of_a_header(text: str, key: str, unit: str | None) -> None:
    assert (header(text).key, header(text).unit) == (key, unit)


def test_header_of_one_year_is_not_that_of_another() -> None:
    one, other = header("Năm 2025"), header("Năm 2026")
    assert one.key == other.key and one.exact != other.exact
    assert one.has_year and other.has_year


# --- labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_label_keeps_its_key_in_every_spelling(spelling: str) -> None:
    lost = [x for x in LABELS if label_key(SPELLINGS[spelling](x)) != label_key(x)]
    assert lost == []


@pytest.mark.parametrize("number", ["1. ", "a) ", "- ", "+ ", "I. ", "1.2. ", "12/ ", "đ) ", "* "])
def test_what_numbers_a_label_is_no_part_of_it(number: str) -> None:
    assert [x for x in LABELS if bare_key(number + x) != bare_key(x)] == []


def test_no_two_labels_of_a_list_have_one_key_but_by_their_parents() -> None:
    for contract in CONTRACTS:
        for table in contract.tables:
            for one, other in itertools.combinations(table.lines, 2):
                if label_key(one.label_vi) == label_key(other.label_vi):
                    assert one.parent != other.parent, (contract.form, one.code, other.code)


@pytest.mark.parametrize(
    ("one", "other"),
    [("hoá", "hóa"), ("Thuỷ sản", "Thủy sản"), ("quí", "quý"), ("tỉ lệ", "tỷ lệ"),
     ("TỈ ĐỒNG", "tỷ đồng"), ("khoẻ", "khỏe"), ("A – B", "A - B"), ("“x”", '"x"')],
)  # fmt: skip
def test_two_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dòng", "đồng"),
        ("quý", "quy"),
        ("tỷ", "tỳ"),
        ("tháng", "thang"),
        ("hoa", "hóa"),
        ("má", "mà"),
    ],
)
def test_accents_tell_words_apart(one: str, other: str) -> None:
    assert plain(one) != plain(other)


@pytest.mark.parametrize(("word", "key"), [("quỳ", "quỳ"), ("quỷ", "quỷ"), ("quý", "quý")])
def test_tone_after_q_stays_where_it_is(word: str, key: str) -> None:
    assert plain(word) == key


words_of_labels = st.lists(
    st.sampled_from(sorted({word for label in LABELS + LEVELS for word in label.split()})),
    max_size=6,
).map(" ".join)


@given(words_of_labels)
def test_key_of_a_key_is_the_key(text: str) -> None:
    for reading in (plain, label_key):
        assert reading(reading(text)) == reading(text)


@given(words_of_labels)
def test_capitals_and_letters_in_pieces_never_change_a_key(text: str) -> None:
    for reading in (plain, label_key, bare_key):
        assert reading(text.upper()) == reading(text)
        assert reading(unicodedata.normalize("NFD", text)) == reading(text)


@given(st.text(max_size=40))
def test_any_text_has_a_key(text: str) -> None:
    assert header(text).exact == label_key(text)
    assert bool(bare_key(text)) == bool(label_key(text))
