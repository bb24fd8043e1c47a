"""Makes a case of its number: which form, unit and period, which habits, in which order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import import_module

from tests.mangler.case import Case, Habit
from tests.mangler.draft import draft_book
from tests.mangler.truth import copied, forms, periods, senders, true_form
from tests.mangler.verdict import judge_numbers

# misnamed: an .xlsx that is called .xls
FORMATS = ("xlsx", "xlsm", "strict", "misnamed", "xls", "ods")
WITHOUT_OFFICE = ("xlsx", "xlsx", "xlsx", "xlsx", "xlsm", "strict", "misnamed")
_HABITS = (
    "book", "cells", "columns", "dates", "fonts", "head", "header", "labels", "numbers", "rows",
    "units",
)  # fmt: skip


@cache
def all_habits() -> tuple[Habit, ...]:
    modules = [import_module(f"tests.mangler.habits_{name}") for name in _HABITS]
    return tuple(habit for module in modules for habit in module.HABITS)


@cache
def _places(seed: int, form: str) -> tuple[tuple[str, str], ...]:
    """Every unit and period of a form, shuffled; first one of each unit's year, then the second:
    so that cases of one run rarely are each other's history, and few inboxes are needed."""
    contract = next(contract for contract in forms() if contract.form == form)
    units = senders(form)
    pairs = [(unit, period) for unit in units for period in periods(contract.reporting.frequency)]
    random.Random(f"places {seed} {form}").shuffle(pairs)
    seen: Counter[tuple[str, str]] = Counter()
    ranks = {}
    for unit, period in pairs:
        ranks[unit, period] = seen[unit, period[:4]]
        seen[unit, period[:4]] += 1
    return tuple(sorted(pairs, key=ranks.__getitem__))


def compose(
    seed: int,
    number: int,
    habit: str | None = None,
    formats: Sequence[str] = WITHOUT_OFFICE,
    clean: bool = False,
    wanted: Sequence[str] = (),
) -> Case:
    """The case of a number: the same for ever, and alone as among others. `clean`: without any
    habit; `wanted`: only these forms."""
    rng = random.Random(f"mangler {seed} {number}")
    names = [c.form for c in forms() if not wanted or c.form in wanted]
    random.Random(f"forms {seed} {number // len(names)}").shuffle(names)
    form = names[number % len(names)]
    places = _places(seed, form)
    unit, period = places[number // len(names) % len(places)]
    truth = copied(true_form(form, unit, period))
    book = draft_book([truth])
    book.identity = rng.random() < 0.3
    case = Case(number, rng, unit, [truth], book)
    case.with_history = truth.previous_key is not None and rng.random() < 0.8
    book.format = rng.choice(formats)
    chosen = [] if clean else _chosen(case, habit)
    for each in sorted(chosen, key=lambda each: each.phase):
        if each.apply(case):
            case.habits.append(each.name)
    judge_numbers(case)
    return case


def _chosen(case: Case, wanted: str | None) -> list[Habit]:
    pool = [
        habit
        for habit in all_habits()
        if habit.formats is None or case.book.format in habit.formats
    ]
    chosen = [habit for habit in pool if habit.name == wanted]
    count = case.rng.randint(1, 6)
    while pool and len(chosen) < count:
        [habit] = case.rng.choices(pool, [habit.weight for habit in pool])
        pool.remove(habit)
        if not any(_exclude(habit, other) for other in chosen):
            chosen.append(habit)
    return chosen


def _exclude(one: Habit, other: Habit) -> bool:
    return one.name == other.name or one.name in other.excludes or other.name in one.excludes
