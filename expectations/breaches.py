"""What a batch's breaches say: the finding of each, and which of them hold a submission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from expectations.batch import NOWHERE, Batch
from expectations.findings import Finding, compose, sentences
from expectations.intervals import Flags

# whether people put up with an error: its explanation was accepted, or its submission released
Forgiven = Callable[[Finding], bool]


def finding_of(batch: Batch, rule: str, place_no: int) -> Finding:
    """The finding of a rule (or a family of rules) at a place that breaks it."""
    place, breach = batch.place(place_no), batch.breaches[place_no, rule]
    return compose(
        breach.rule or rule,
        place.submission_no,
        sentence=breach.sentence,
        sheet=place.sheet,
        cell=place.address,
        cells=breach.cells,
        value=place.value,
        severity=breach.severity,
        detail={key: text for key, text in breach.detail.items() if key != "value"},
        place=breach.place or place.name,
    )


@dataclass(frozen=True)
class Standing:
    """Which submissions of a batch are held, by place, and which figures an error speaks of."""

    is_held: Flags
    is_doubted: Flags  # a flag a cell

    def same_as(self, other: Standing) -> bool:
        return bool(
            (self.is_held == other.is_held).all() and (self.is_doubted == other.is_doubted).all()
        )


def standing(batch: Batch, forgiven: Forgiven | None = None) -> Standing:
    """What the errors marked so far leave standing.

    What is wrong with a sheet as a whole leaves none of its figures certain.
    """
    is_held = np.zeros(len(batch.numbers), np.bool_)
    is_doubted = np.zeros(batch.n_cells, np.bool_)
    place_of = {number: place for place, number in enumerate(batch.numbers)}
    named: list[tuple[int, str, str]] = []
    as_a_whole: set[int] = set()
    for (place_no, rule), breach in batch.breaches.items():
        words = sentences()[breach.sentence or breach.rule or rule]
        if (breach.severity or words.severity) != "error":
            continue
        if forgiven is not None and forgiven(finding_of(batch, rule, place_no)):
            continue
        place = batch.place(place_no)
        submission = place_of[place.submission_no]
        is_held[submission] = True
        if place_no >= batch.n_cells or breach.is_of_sheet:
            as_a_whole.add(submission)
        named += [(submission, place.sheet, address) for address in breach.cells]
        if place.address is not None:
            named.append((submission, place.sheet, place.address))
    if named:
        at = batch.cells_at(named)
        is_doubted[at[at != NOWHERE]] = True
    is_doubted |= np.isin(batch.submission, list(as_a_whole))
    return Standing(is_held, is_doubted)
