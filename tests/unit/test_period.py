"""Period keys, their days, and the ways in which officials write them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.period import calendar_of, period_of, periods_ending, read_period, related
from samples.make_inbox import printed_period

# the known years, and one less at the end for what runs into the next year
YEAR = st.integers(1990, 2059)
ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}

KINDS = [
    ("2026", "year", date(2026, 1, 1), date(2026, 12, 31), "năm 2026"),
    ("2026-Q2", "quarter", date(2026, 4, 1), date(2026, 6, 30), "quý II năm 2026"),
    ("2026-H1", "half", date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
    ("2026-H2", "half", date(2026, 7, 1), date(2026, 12, 31), "6 tháng cuối năm 2026"),
    ("2026-9M", "nine_months", date(2026, 1, 1), date(2026, 9, 30), "9 tháng đầu năm 2026"),
    ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29), "tháng 2/2024"),
    ("2026-06-A", "half_month", date(2026, 6, 1), date(2026, 6, 15), "kỳ 1 tháng 6/2026"),
    ("2026-06-B", "half_month", date(2026, 6, 16), date(2026, 6, 30), "kỳ 2 tháng 6/2026"),
    ("2025-2026-SY", "school_year", date(2025, 9, 1), date(2026, 8, 31), "năm học 2025 - 2026"),
    ("2021..2025", "span", date(2021, 1, 1), date(2025, 12, 31), "giai đoạn 2021 - 2025"),
    (
        "2021-05-06..2023-10-15",
        "span",
        date(2021, 5, 6),
        date(2023, 10, 15),
        "từ 06/05/2021 đến 15/10/2023",
    ),
]


@pytest.mark.parametrize(("key", "kind", "start", "end", "label"), KINDS, ids=[k[0] for k in KINDS])
def test_key_gives_kind_days_and_label(
    key: str, kind: str, start: date, end: date, label: str
) -> None:
    period = period_of(key)
    assert (period.key, period.kind, period.start, period.end) == (key, kind, start, end)
    assert period.label_vi == label


@pytest.mark.parametrize("key", [kind[0] for kind in KINDS])
def test_key_itself_is_read_as_a_period(key: str) -> None:
    assert read_period(key) == key
    assert read_period(key.lower()) == key


@pytest.mark.parametrize("key", [kind[0] for kind in KINDS])
def test_label_is_read_back_as_its_key(key: str) -> None:
    assert read_period(period_of(key).label_vi) == key


@pytest.mark.parametrize("key", [k[0] for k in KINDS if k[1] in ("year", "school_year", "span")])
def test_period_printed_in_the_samples_is_read_back(key: str) -> None:
    assert read_period(printed_period(key)) == key


@given(YEAR, st.integers(1, 12), st.integers(1, 4))
def test_printed_forms_of_years_quarters_and_months_are_read(
    year: int, month: int, quarter: int
) -> None:
    forms = {
        f"{year}": [f"{year}", f"Năm {year}", f"năm {year}.", f" {year} "],
        f"{year}-Q{quarter}": [
            f"Quý {ROMAN[quarter]}/{year}",
            f"quý {quarter} năm {year}",
            f"QUÝ {ROMAN[quarter]} NĂM {year}",
            f"Quí {ROMAN[quarter]} - {year}".replace(" - ", "-"),
        ],
        f"{year}-{month:02d}": [
            f"Tháng {month}/{year}",
            f"tháng {month:02d} năm {year}",
            f"T{month}/{year}",
            f"T{month:02d}-{year}",
        ],
        f"{year}-H1": [f"6 tháng đầu năm {year}", f"6 tháng năm {year}", f"sáu tháng/{year}"],
        f"{year}-H2": [f"6 tháng cuối năm {year}"],
        f"{year}-9M": [f"9 tháng năm {year}", f"chín tháng đầu năm {year}"],
        f"{year}-{year + 1}-SY": [f"Năm học {year}-{year + 1}", f"niên học {year} – {year + 1}"],
    }
    for key, texts in forms.items():
        for text in texts:
            assert read_period(text) == key, text
            assert period_of(key).start.year == year


@given(YEAR, YEAR)
def test_span_of_years_is_read_only_in_order(first: int, last: int) -> None:
    for text in (f"Giai đoạn {first} - {last}", f"{first}-{last}", f"{first} – {last}"):
        assert read_period(text) == (f"{first}..{last}" if first < last else None)


@given(st.dates(date(1990, 1, 1), date(2049, 1, 1)), st.integers(1, 4000))
def test_span_of_dates_is_read_and_has_its_days(start: date, days: int) -> None:
    end = start + timedelta(days)
    key = read_period(f"{start.day}/{start.month}/{start.year} - {end:%d/%m/%Y}")
    assert key == f"{start}..{end}"
    assert (period_of(key).start, period_of(key).end) == (start, end)


@pytest.mark.parametrize(
    "text",
    ["Tháng 13/2026", "Tháng 0/2026", "T13/2026", "2026-13", "2025-2020", "2025-2025",
     "Giai đoạn 2025 - 2020", "Quý V/2026", "Quý 5/2026", "Quý 0/2026", "Năm học 2024-2026",
     "30/02/2021 - 15/10/2023", "15/10/2023 - 06/05/2021", "Năm 1234", "năm nay", "", "-",
     "so với 2020", "bình quân 2021-2025", "20260"],
)  # fmt: skip
def test_words_that_name_no_period_are_refused(text: str) -> None:
    assert read_period(text) is None


@pytest.mark.parametrize(
    "key",
    ["", "26", "2026-Q5", "2026-H3", "2026-13", "2026-00", "2026-06-C", "2025-2027-SY",
     "2025..2025", "2025..2020", "2021-05-06..2021-05-06", "2021-02-30..2023-01-01", "năm 2026"],
)  # fmt: skip
def test_text_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError):
        period_of(key)


@pytest.mark.parametrize(
    "text",
    ["Quý II/0000", "Tháng 6/0000", "6 tháng đầu năm 0000", "9 tháng năm 0000",
     "Giai đoạn 0000 - 2020", "Năm học 0000-0001"],
)  # fmt: skip
def test_period_that_is_read_has_days(text: str) -> None:
    key = read_period(text)
    assert key is None or period_of(key)


@pytest.mark.parametrize("text", ["1234", "9999", "1021-2025", "Quý II/1234", "Tháng 6/0026"])
def test_year_outside_the_known_years_is_refused(text: str) -> None:
    assert read_period(text) is None


@given(st.text(max_size=24))
def test_any_text_is_read_or_refused_without_an_exception(text: str) -> None:
    key = read_period(text)
    assert key is None or period_of(key).key == key


@given(st.text("0123456789./- QHMquýITVnămgđhocASYB", max_size=16))
def test_text_near_a_period_is_read_or_refused_without_an_exception(text: str) -> None:
    key = read_period(text)
    assert key is None or period_of(key).start <= period_of(key).end


def test_calendar_of_a_span_holds_every_year_in_it() -> None:
    periods = calendar_of(["2021..2023", "2020-06"])
    for year in range(2020, 2024):
        parts = [p for p in periods if p.start.year == p.end.year == year]
        kinds = [p.kind for p in parts]
        assert (kinds.count("year"), kinds.count("quarter"), kinds.count("month")) == (1, 4, 12)
        months = [p for p in parts if p.kind == "month"]
        # the months follow one another without a gap, from 1 January to 31 December
        assert (months[0].start, months[-1].end) == (date(year, 1, 1), date(year, 12, 31))
        assert all(b.start - a.end == timedelta(1) for a, b in pairwise(months))
    assert [p.key for p in periods if p.kind == "span"] == ["2021..2023"]
    assert {p.label_vi for p in periods if p.key == "2021-Q2"} == {"quý II năm 2021"}


def test_calendar_holds_the_years_quarters_and_months_around_what_is_named() -> None:
    periods = calendar_of(["2025-Q4", "2024..2025"])
    keys = [period.key for period in periods]
    assert {"2024", "2025", "2024-Q1", "2025-12", "2024..2025"} <= set(keys)
    assert "2026" not in keys
    assert len(keys) == len(set(keys)) == 1 + 2 * (1 + 4 + 12)
    assert keys == [p.key for p in sorted(periods, key=lambda p: (p.start, p.end, p.key))]


def test_calendar_refuses_what_is_no_key() -> None:
    with pytest.raises(ValueError, match="not a period key: '2025-Q9'"):
        calendar_of(["2025-Q9"])


@pytest.mark.parametrize(
    ("key", "relation", "other"),
    [
        ("2026-03", "previous", "2026-02"),
        ("2026-01", "previous", "2025-12"),
        ("2026-Q1", "previous", "2025-Q4"),
        ("2026", "previous", "2025"),
        ("2026-03", "same_period_last_year", "2025-03"),
        ("2026-H2", "same_period_last_year", "2025-H2"),
        ("2026-03", "year", "2026"),
        ("2026-Q4", "previous_year", "2025"),
        ("2021..2025", "year", None),
        ("2021..2025", "previous", None),
        ("2026-9M", "previous", None),
    ],
)
def test_related_period(key: str, relation: str, other: str | None) -> None:
    assert related(key, relation) == other


@given(
    year=st.integers(1992, 2060),
    month=st.integers(1, 12),
    kind=st.sampled_from(["{y}-{m:02d}", "{y}-Q{q}", "{y}-H{h}", "{y}"]),
)
def test_previous_periods_join_without_a_gap(year: int, month: int, kind: str) -> None:
    key = kind.format(y=year, m=month, q=(month + 2) // 3, h=(month + 5) // 6)
    before = related(key, "previous")
    assert before is not None
    assert (period_of(key).start - period_of(before).end).days == 1
    assert period_of(before).kind == period_of(key).kind


def test_periods_that_end_between_two_days() -> None:
    found = periods_ending("quarter", date(2026, 3, 31), date(2026, 12, 30))
    assert [period.key for period in found] == ["2026-Q1", "2026-Q2", "2026-Q3"]
