"""How days are written: as text in several ways, without a year, turned round by a wrong locale,
counted from 1904."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from tests.mangler.case import Case, Habit
from tests.mangler.paper import Ink
from tests.mangler.walk import tables

WAYS: dict[str, Callable[[date], str]] = {
    "dd/mm/yyyy": lambda day: f"{day:%d/%m/%Y}",
    "d/m/yyyy": lambda day: f"{day.day}/{day.month}/{day.year}",
    "dd-mm-yyyy": lambda day: f"{day:%d-%m-%Y}",
    "dd.mm.yyyy": lambda day: f"{day:%d.%m.%Y}",
    "in words": lambda day: f"Ngày {day.day:02d} tháng {day.month:02d} năm {day.year}",
    "ngày d/m/yyyy": lambda day: f"ngày {day.day}/{day.month}/{day.year}",
    "spaced": lambda day: f"{day.day} / {day.month} / {day.year} ",
}


def dates(case: Case) -> list[Ink]:
    return [ink for table in tables(case) for _, _, _, ink in table.shown() if ink.kind == "date"]


def _texts(case: Case) -> bool:
    found = dates(case)
    way = WAYS[case.rng.choice(sorted(WAYS))]
    share = case.rng.choice((1.0, 0.4))
    touched = False
    for ink in found:
        if ink.day is not None and case.rng.random() < share:
            ink.kind, ink.text, ink.format = "text", way(ink.day), "@"
            touched = True
    if touched:
        case.oddity("date_unknown")
    return touched


def _without_year(case: Case) -> bool:
    found = dates(case)
    if not found:
        return False
    for ink in case.rng.sample(found, min(len(found), 3)):
        assert ink.day is not None
        ink.kind, ink.text, ink.format = "text", f"{ink.day.day}/{ink.day.month}", "@"
    case.hold("a day without its year", "date_ambiguous", "date_unknown")
    return True


def _short_year(case: Case) -> bool:
    found = dates(case)
    for ink in found:
        assert ink.day is not None
        ink.kind, ink.text, ink.format = "text", f"{ink.day:%d/%m/%y}", "@"
    if found:
        case.argue("years of two digits", "date_ambiguous", "date_unknown")
    return bool(found)


def _wrong_locale(case: Case) -> bool:
    """Typed the Vietnamese way into an English Excel: up to the 12th day and month change places,
    what cannot be a month stays text and gives it away."""
    touched = False
    for table in tables(case):
        for column in table.columns:
            inks = [ink for _, ink in table.column_inks(column) if ink.kind == "date" and ink.day]
            turned = [i for i in inks if i.day and i.day.day <= 12 and i.day.day != i.day.month]
            stays = [i for i in inks if i.day and i.day.day > 12]
            if not turned or not stays:
                continue
            for ink in turned:
                assert ink.day is not None
                ink.day = date(ink.day.year, ink.day.day, ink.day.month)
                ink.format = "mm/dd/yyyy"
            for ink in stays:
                assert ink.day is not None
                ink.kind, ink.text, ink.format = "text", f"{ink.day:%d/%m/%Y}", None
            touched = True
    if touched:
        case.argue("days and months changed places", "date_ambiguous", "date_unknown")
    return touched


def _formats(case: Case) -> bool:
    found = dates(case)
    for ink in found:
        ink.format = case.rng.choice(("d/m/yy", "mmm-yy", "[$-42A]dd mmmm yyyy", "mm/dd/yyyy"))
    return bool(found)


def _from_1904(case: Case) -> bool:
    case.book.date_1904 = True
    return bool(dates(case))


_ALONE = frozenset({"dates_text", "dates_without_year", "dates_short_year", "dates_wrong_locale"})
HABITS = [
    Habit("dates_text", (22,), 2.0, 35, _texts, _ALONE),
    Habit("dates_without_year", (22,), 0.5, 35, _without_year, _ALONE),
    Habit("dates_short_year", (22,), 0.5, 35, _short_year, _ALONE),
    Habit("dates_wrong_locale", (22,), 0.5, 35, _wrong_locale, _ALONE),
    Habit("dates_formats", (22,), 0.7, 34, _formats),
    Habit("dates_from_1904", (22,), 0.8, 33, _from_1904),
]
