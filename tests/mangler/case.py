"""One mangled workbook: what it says, how it was made, and what the reader owes it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tests.mangler.paper import Book
from tests.mangler.truth import Truth

# decidable: a careful clerk reads it, so it must nearly always be read completely.
# arguable: only last period's figures, or arithmetic, decide it: reading it right and holding it
#   with a true cause are both right.
# must_hold: two truths would look the same, or the sheet contradicts itself: no reading is right.
Verdict = Literal["decidable", "arguable", "must_hold"]
_WEIGHT = {"decidable": 0, "arguable": 1, "must_hold": 2}

Apply = Callable[["Case"], bool]


@dataclass
class Habit:
    """A way in which officials make workbooks. `numbers` are those of spreadsheet_habits.csv,
    empty where the habit is beyond the list. `apply` changes the case, or says False where the
    workbook has nothing that the habit could touch."""

    name: str
    numbers: tuple[int, ...]
    weight: float
    phase: int
    apply: Apply
    excludes: frozenset[str] = frozenset()
    formats: frozenset[str] | None = None  # None: every format keeps it


@dataclass
class Case:
    """`causes`: rules that would name a true cause if the workbook is held; `owed`: per reason why
    it must be held, the rules that say so; `argued`: rules that may hold it besides, and hide
    those."""

    seed: int
    rng: random.Random
    sender: str
    truths: list[Truth]
    book: Book
    with_history: bool = True
    habits: list[str] = field(default_factory=list)
    verdict: Verdict = "decidable"
    reasons: list[str] = field(default_factory=list)
    causes: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    argued: set[str] = field(default_factory=set)

    def oddity(self, *rules: str) -> None:
        """Something odd that a clerk still reads; `rules` would be true if it were held."""
        self.causes |= set(rules)

    def argue(self, reason: str, *rules: str) -> None:
        self._at_least("arguable", reason)
        self.causes |= set(rules)
        self.argued |= set(rules)

    def hold(self, reason: str, *rules: str) -> None:
        self._at_least("must_hold", reason)
        self.causes |= set(rules)
        self.owed |= set(rules)

    def _at_least(self, verdict: Verdict, reason: str) -> None:
        self.reasons.append(reason)
        if _WEIGHT[verdict] > _WEIGHT[self.verdict]:
            self.verdict = verdict
