"""What a unit reported before on the same form: the submissions that later ones are held against.

A report that is held is no measure for the next: the last accepted one counts. Where none of an
earlier period was accepted, what was received tells nearly as much, without the cells in doubt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np

from expectations.batch import NOWHERE, Batch
from expectations.breaches import Standing
from expectations.intervals import Flags, Numbers
from ingest.period import Period, period_of, related

Known = tuple[str, str]  # unit and period
Reports = Mapping[Known, int]


class History:
    """For every submission of a batch earlier ones of its unit, by place; NOWHERE where none is.

    Of a period the last one counts that was received, or that was received and is not held.
    """

    def __init__(self, batch: Batch, standing: Standing) -> None:
        self._batch = batch
        self._standing = standing
        self._identity: list[Known | None] = []
        received: dict[Known, int] = {}
        accepted: dict[Known, int] = {}
        for place, read in enumerate(batch.submissions.values()):
            unit, period = read.named_unit_code, read.period_key
            known = (unit, period) if unit is not None and period is not None else None
            self._identity.append(known)
            if known is not None:  # in order of receipt: the last one counts
                received[known] = place
                if not standing.is_held[place]:
                    accepted[known] = place
        self.accepted: Reports = accepted
        self._periods = _periods(received)
        self.is_first_of_year: Flags = np.array(
            [known is not None and _begins_a_year(known[1]) for known in self._identity], np.bool_
        )
        # of the period just before
        self.previous = self._each(lambda known: _of(accepted, received, known, "previous"))
        self.previous_accepted = self._each(lambda known: _of(accepted, {}, known, "previous"))
        # of the nearest earlier period of the kind, in the same year or in any
        self.this_year = self._each(lambda known: self._nearest(known, accepted, received, True))
        self.this_year_accepted = self._each(lambda known: self._nearest(known, accepted, {}, True))
        self.last_accepted = self._each(lambda known: self._nearest(known, accepted, {}, False))
        self.last_received = self._each(lambda known: self._nearest(known, {}, received, False))
        # of the same period a year ago
        self.last_year = self._each(lambda known: _of(accepted, {}, known, "same_period_last_year"))

    def _each(self, find: Callable[[Known], int]) -> Numbers:
        return np.array(
            [NOWHERE if known is None else find(known) for known in self._identity], np.int64
        )

    def _nearest(self, known: Known, accepted: Reports, received: Reports, in_year: bool) -> int:
        unit, now = known[0], period_of(known[1])
        for period in reversed(self._periods[unit, now.kind]):
            if period.end >= now.end:
                continue
            if in_year and period.end.year != now.end.year:
                break
            place = _in(accepted, received, (unit, period.key))
            if place != NOWHERE:
                return place
        return NOWHERE

    def related(self, submissions: Numbers, relation: str) -> Numbers:
        """The accepted submission of the period that stands in a relation to those of these
        submissions (by place)."""
        of_each = self._each(lambda known: _of(self.accepted, {}, known, relation))
        return np.where(submissions != NOWHERE, of_each[submissions], NOWHERE)

    def cells(self, places: Numbers, *chosen: Numbers) -> Numbers:
        """The same line's, or record's, cell in earlier submissions: in the first of the `chosen`
        ones (an array a submission each) that has it, surely."""
        found = np.full(places.shape, NOWHERE, np.int64)
        for submissions in chosen:
            there = self.cells_in(places, submissions[self._batch.submission[places]])
            found = np.where(found == NOWHERE, there, found)
        return found

    def cells_of_size(self, places: Numbers, earlier: Numbers) -> Numbers:
        """As `cells`; where nothing was accepted before, what came before it, even if it is not
        sure of what period: that tells at least of what size the figures are."""
        found = self.cells(places, earlier)
        last = self.last_received[self._batch.submission[places]]
        return np.where(found == NOWHERE, self.cells_in(places, last, even_misplaced=True), found)

    def cells_in(
        self,
        places: Numbers,
        submissions: Numbers,
        column: int | None = None,
        *,
        even_misplaced: bool = False,
    ) -> Numbers:
        """The same line's, or record's, cell (or that of another column) in another submission a
        cell; NOWHERE where it has none, or its figure is not sure: an error speaks of it, or its
        sheet says another unit than the form's, and this one does not (a unit line typed wrong is
        only a warning there, and must not make the next report look a thousand times too small).
        """
        batch = self._batch
        there = batch.same_elsewhere(places, submissions, column)
        is_sure = (there != NOWHERE) & ~self._standing.is_doubted[there]
        if not even_misplaced:
            is_sure &= ~self._standing.is_misplaced[submissions]
        is_sure &= ~batch.is_in_other_unit[there] | batch.is_in_other_unit[places]
        return np.where(is_sure, there, NOWHERE)

    def identity(self, submission: int) -> Known | None:
        """Unit and period of a submission."""
        return self._identity[submission]

    def words(self, submission: int) -> str:
        """A submission's period, as a sentence says it."""
        known = self._identity[submission] if submission != NOWHERE else None
        return period_of(known[1]).label_vi if known else ""


def _periods(received: Reports) -> dict[tuple[str, str], list[Period]]:
    """The periods that a unit has reported on, by their kind and in order."""
    found: dict[tuple[str, str], list[Period]] = defaultdict(list)
    for unit, key in received:
        period = period_of(key)
        found[unit, period.kind].append(period)
    for periods in found.values():
        periods.sort(key=lambda period: period.end)
    return found


def _in(accepted: Reports, received: Reports, known: Known) -> int:
    return accepted.get(known, received.get(known, NOWHERE))


def _of(accepted: Reports, received: Reports, known: Known, relation: str) -> int:
    return _in(accepted, received, (known[0], related(known[1], relation) or ""))


def _begins_a_year(period: str) -> bool:
    return period_of(period).start.timetuple()[1:3] == (1, 1)
