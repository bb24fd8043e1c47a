"""What a batch's breaches say: the finding of each, and which of them hold a submission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from expectations.batch import NOWHERE, Batch
from expectations.findings import Finding, compose, sentences
from expectations.intervals import Flags
from ingest.register import CONTRADICTIONS

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
    # whose, or of what period, is contradicted: the figures themselves may be right
    is_misplaced: Flags
    is_doubted: Flags  # a flag a cell

    def same_as(self, other: Standing) -> bool:
        pairs = (
            (self.is_held, other.is_held),
            (self.is_misplaced, other.is_misplaced),
            (self.is_doubted, other.is_doubted),
        )
        return all(np.array_equal(own, others) for own, others in pairs)


def standing(batch: Batch, forgiven: Forgiven | None = None) -> Standing:
    """What the errors marked so far leave standing.

    What is wrong with a sheet as a whole leaves none of its figures certain, what is wrong with
    the key of a row none of that row.
    """
    is_held = np.zeros(len(batch.numbers), np.bool_)
    is_misplaced = np.zeros(len(batch.numbers), np.bool_)
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
        if breach.rule in CONTRADICTIONS:
            is_misplaced[submission] = True
        elif place_no >= batch.n_cells or breach.is_of_sheet:
            as_a_whole.add(submission)
        named += [(submission, place.sheet, address) for address in breach.cells]
        if place.address is not None:
            named.append((submission, place.sheet, place.address))
    if named:
        at = batch.cells_at(named)
        is_doubted[at[at != NOWHERE]] = True
    if is_doubted.any():
        is_doubted |= np.isin(batch.row, batch.row[is_doubted & _is_key(batch)[batch.column]])
        _doubt_totals(batch, is_doubted)
    if as_a_whole:
        is_doubted |= np.isin(batch.submission, list(as_a_whole))
    return Standing(is_held, is_misplaced, is_doubted)


def _is_key(batch: Batch) -> Flags:
    """Of every column, whether it is part of what names a record."""
    return np.array(
        [
            column.field in batch.tables[table].rows.key
            for table, column in zip(batch.table_of_column, batch.columns, strict=True)
        ],
        np.bool_,
    )


def _doubt_totals(batch: Batch, is_doubted: Flags) -> None:
    """What is added up from a figure in doubt is in doubt too."""
    number = (batch.submission * len(batch.lines) + batch.line) * len(batch.columns) + batch.column
    parents = batch.parent_of_line
    looked = np.flatnonzero(is_doubted & (batch.line != NOWHERE))
    while looked.size:
        moved = (parents[batch.line[looked]] - batch.line[looked]) * len(batch.columns)
        above = (number[looked] + moved)[parents[batch.line[looked]] != NOWHERE]
        looked = np.flatnonzero(np.isin(number, above) & (batch.line != NOWHERE) & ~is_doubted)
        is_doubted[looked] = True
