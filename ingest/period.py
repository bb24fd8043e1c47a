"""Periods: keys, their dates, and the many ways in which they are written.

Keys: year `2026`, quarter `2026-Q2`, half `2026-H1`, nine months `2026-9M`, month `2026-06`,
half-month `2026-06-A`/`-B`, school year `2025-2026-SY`, span of years `2021..2025`,
span of dates `2021-05-06..2023-10-15`. "So với 2020" and "bình quân" are measures, not periods.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}
ROMAN_OF = {number: roman for roman, number in ROMAN.items()}
FIRST_YEAR, LAST_YEAR = 1990, 2060


@dataclass(frozen=True)
class Period:
    """One period: its key, its kind and its first and last day (both inclusive)."""

    key: str
    kind: str
    start: date
    end: date
    label_vi: str


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


@lru_cache(maxsize=2**12)
def period_of(key: str) -> Period:
    """The period of a key. Raises ValueError for what is not a key, and for years far off."""
    period = _period_of(key)
    if period.start.year < FIRST_YEAR or period.end.year > LAST_YEAR:
        raise ValueError(f"not a year of {FIRST_YEAR} to {LAST_YEAR}: {key!r}")
    return period


def _period_of(key: str) -> Period:
    if re.fullmatch(r"[0-9]{4}", key):
        year = int(key)
        return Period(key, "year", date(year, 1, 1), date(year, 12, 31), f"năm {year}")
    if match := re.fullmatch(r"([0-9]{4})-Q([1-4])", key):
        year, quarter = int(match[1]), int(match[2])
        first = 3 * quarter - 2
        return Period(
            key,
            "quarter",
            date(year, first, 1),
            _month_end(year, first + 2),
            f"quý {ROMAN_OF[quarter]} năm {year}",
        )
    if match := re.fullmatch(r"([0-9]{4})-H([12])", key):
        year, half = int(match[1]), int(match[2])
        first = 6 * half - 5
        return Period(
            key,
            "half",
            date(year, first, 1),
            _month_end(year, first + 5),
            f"6 tháng {'đầu' if half == 1 else 'cuối'} năm {year}",
        )
    if match := re.fullmatch(r"([0-9]{4})-9M", key):
        year = int(match[1])
        return Period(
            key, "nine_months", date(year, 1, 1), date(year, 9, 30), f"9 tháng đầu năm {year}"
        )
    if match := re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", key):
        year, month = int(match[1]), int(match[2])
        return Period(
            key, "month", date(year, month, 1), _month_end(year, month), f"tháng {month}/{year}"
        )
    if match := re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])-([AB])", key):
        year, month = int(match[1]), int(match[2])
        if match[3] == "A":
            start, end, words = date(year, month, 1), date(year, month, 15), "kỳ 1"
        else:
            start, end, words = date(year, month, 16), _month_end(year, month), "kỳ 2"
        return Period(key, "half_month", start, end, f"{words} tháng {month}/{year}")
    if (match := re.fullmatch(r"([0-9]{4})-([0-9]{4})-SY", key)) and int(match[2]) == int(
        match[1]
    ) + 1:
        return Period(
            key,
            "school_year",
            date(int(match[1]), 9, 1),
            date(int(match[2]), 8, 31),
            f"năm học {match[1]} - {match[2]}",
        )
    if (match := re.fullmatch(r"([0-9]{4})\.\.([0-9]{4})", key)) and match[1] < match[2]:
        return Period(
            key,
            "span",
            date(int(match[1]), 1, 1),
            date(int(match[2]), 12, 31),
            f"giai đoạn {match[1]} - {match[2]}",
        )
    if match := re.fullmatch(
        r"([0-9]{4}-[0-9][0-9]-[0-9][0-9])\.\.([0-9]{4}-[0-9][0-9]-[0-9][0-9])", key
    ):
        start, end = date.fromisoformat(match[1]), date.fromisoformat(match[2])
        if start < end:
            return Period(key, "span", start, end, f"từ {start:%d/%m/%Y} đến {end:%d/%m/%Y}")
    raise ValueError(f"not a period key: {key!r}")


@lru_cache(maxsize=2**12)
def read_period(text: str) -> str | None:
    """The key of a period as officials write it, or None where the words name no period.

    Keys themselves are accepted. `Quý II/2026`, `T6/2026`, `6 tháng đầu năm 2026`,
    `Giai đoạn 2021 - 2025`, `Năm học 2024-2025`, `06/5/2021 - 15/10/2023`.
    """
    words = re.sub(r"\s+", " ", text).strip().rstrip(".;,").lower()
    for key in (words.upper(), _worded(words)):
        try:
            return period_of(key).key if key else None
        except ValueError:
            continue
    return None


def _worded(words: str) -> str | None:
    """The key that the words spell, whether or not there is such a period."""
    words = re.sub(r"^kỳ (báo cáo|số liệu)\s*:?\s*", "", words)
    if match := re.fullmatch(r"(?:năm học|niên học) ([0-9]{4}) ?[-–] ?([0-9]{4})", words):
        return f"{match[1]}-{match[2]}-SY"
    day = r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})"
    if match := re.fullmatch(rf"(?:từ (?:ngày )?)?{day} ?(?:[-–]|đến(?: ngày)?) ?{day}", words):
        d1, m1, y1, d2, m2, y2 = match.groups()
        return f"{y1}-{int(m1):02d}-{int(d1):02d}..{y2}-{int(m2):02d}-{int(d2):02d}"
    if match := re.fullmatch(
        r"(?:giai đoạn |5 năm |nhiệm kỳ )?([0-9]{4}) ?[-–] ?([0-9]{4})", words
    ):
        return f"{match[1]}..{match[2]}"
    if match := re.fullmatch(r"(?:năm |n)?([0-9]{4})", words):
        return match[1]
    if match := re.fullmatch(r"qu[ýí] ?(iv|i{1,3}|[1-4]) ?(?:/|năm|-)? ?([0-9]{4})", words):
        return f"{match[2]}-Q{ROMAN.get(match[1].upper()) or match[1]}"
    if match := re.fullmatch(r"(?:6|sáu) tháng(?: (đầu|cuối))? ?(?:năm|/)? ?([0-9]{4})", words):
        return f"{match[2]}-H{2 if match[1] == 'cuối' else 1}"
    if match := re.fullmatch(r"(?:9|chín) tháng(?: đầu)? ?(?:năm|/)? ?([0-9]{4})", words):
        return f"{match[1]}-9M"
    if match := re.fullmatch(r"(?:tháng |t)([0-9]{1,2}) ?(?:/|năm|-)? ?([0-9]{4})", words):
        return f"{match[2]}-{int(match[1]):02d}"
    if match := re.fullmatch(r"kỳ ([12]) tháng ([0-9]{1,2})/([0-9]{4})", words):
        return f"{match[3]}-{int(match[2]):02d}-{'AB'[int(match[1]) - 1]}"
    return None


def calendar_of(keys: Iterable[str]) -> list[Period]:
    """The periods of `keys` and, for every year that they touch, its year, quarters and months."""
    named = {key: period_of(key) for key in keys}
    years = {
        year for period in named.values() for year in range(period.start.year, period.end.year + 1)
    }
    for year in years:
        for key in (
            f"{year}",
            *(f"{year}-Q{quarter}" for quarter in range(1, 5)),
            *(f"{year}-{month:02d}" for month in range(1, 13)),
        ):
            named.setdefault(key, period_of(key))
    return sorted(named.values(), key=lambda period: (period.start, period.end, period.key))


RELATIONS = ("year", "previous", "same_period_last_year", "previous_year")
_STEPS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_KIND_OF_STEP = {1: "{year}-{month:02d}", 3: "{year}-Q{quarter}", 6: "{year}-H{half}", 12: "{year}"}


@lru_cache(maxsize=2**12)
def related(key: str, relation: str) -> str | None:
    """The period that stands in a relation to another: its `year`, the `previous` one of its kind,
    the `same_period_last_year`, the `previous_year`. None where there is none, as for spans."""
    period = period_of(key)
    if relation == "year":
        return f"{period.end.year}" if period.start.year == period.end.year else None
    if relation == "previous_year":
        return f"{period.end.year - 1}" if period.start.year == period.end.year else None
    step = _STEPS.get(period.kind)
    if step is None:
        return None
    back = step if relation == "previous" else 12
    month = period.start.year * 12 + period.start.month - 1 - back
    year, month = divmod(month, 12)
    return _KIND_OF_STEP[step].format(
        year=year, month=month + 1, quarter=month // 3 + 1, half=month // 6 + 1
    )


def periods_ending(kind: str, first: date, last: date) -> list[Period]:
    """Every month, quarter or year whose last day lies from `first` to `last`."""
    step = _STEPS[kind]
    found = []
    for year in range(first.year, last.year + 1):
        for month in range(0, 12, step):
            key = _KIND_OF_STEP[step].format(
                year=year, month=month + 1, quarter=month // 3 + 1, half=month // 6 + 1
            )
            period = period_of(key)
            if first <= period.end <= last:
                found.append(period)
    return found
