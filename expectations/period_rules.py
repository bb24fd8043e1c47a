"""Rules between a unit's submissions of one form: what was reported for an earlier period.

Which submission is held against which is said by history.py. Without any, a rule does not look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from expectations.batch import NOWHERE, Batch, Breach
from expectations.history import History
from expectations.intervals import Flags, Floats, Intervals, Numbers, distances
from expectations.numbers import vietnamese
from expectations.rounding import ROUNDED_SINCE, mark_rounded, middle
from expectations.rule_files import shared_parameters
from ingest import reference
from ingest.contract import (
    AddsUpCheck,
    Column,
    JumpCheck,
    NotFallingCheck,
    NotStaleCheck,
    RatioToEarlierCheck,
    RestatedCheck,
)
from ingest.normalise import NUMBER
from ingest.period import period_of

Hashes = npt.NDArray[np.uint64]

# fewer equal figures (of so many different values) than this may well be chance
STALE_FIGURES = 4
# what a wrong unit does: thousands for millions, đồng for millions
MAGNITUDES = (1e3, 1e6)
MAGNITUDE_SLACK = 1.6
# so many of a column's figures must be off by the same thousands to be in another unit
MAGNITUDE_SHARE = 0.6


def _scales(batch: Batch, places: Numbers, before: Numbers) -> Floats:
    """By what the earlier figures of cells are multiplied to be in the unit of now (tonnes now,
    kilograms then); NaN where the two count different things."""
    units = list(reference.units().values())
    base_codes = list(dict.fromkeys(unit.base_code for unit in units))
    base = np.array([*(base_codes.index(unit.base_code) for unit in units), NOWHERE], np.int64)
    factor = np.array([*(float(unit.factor) for unit in units), np.nan])
    has_own = np.array([column.unit is not None for column in batch.columns], np.bool_)
    now, then = batch.unit_of_row[batch.row[places]], batch.unit_of_row[batch.row[before]]
    is_known = (now != NOWHERE) & (then != NOWHERE) & (base[now] == base[then])
    scale = np.where(is_known, factor[then] / factor[now], np.nan)
    return np.where(has_own[batch.column[places]] | (now == then), 1.0, scale)


def _then(batch: Batch, places: Numbers, before: Numbers) -> Intervals:
    """The earlier figures of cells, in the unit of now."""
    return batch.intervals(before) * Intervals.exactly(_scales(batch, places, before))


def not_falling(batch: Batch, history: History, check: NotFallingCheck) -> None:
    """A cumulative column is not below the same unit's earlier periods of the year."""
    for column in batch.fields(check.columns):
        _not_falling(batch, history, check, batch.of_column(column))


def _not_falling(batch: Batch, history: History, check: NotFallingCheck, places: Numbers) -> None:
    before = history.cells(places, history.this_year, history.this_year_accepted)
    now, then = batch.intervals(places), _then(batch, places, before)

    def explain(at: int) -> Breach:
        place, earlier = int(places[at]), int(before[at])
        detail = {
            "period": history.words(int(batch.submission[place])),
            "previous_period": history.words(int(batch.submission[earlier])),
            "previous": vietnamese(batch.exact(earlier)),
        }
        return Breach(detail, (batch.address(place),), check.severity, check.words)

    is_known = now.is_known & then.is_known
    fallen = np.where(is_known, np.maximum(then.low - now.high, 0.0), np.nan)
    batch.mark("not_falling", places, fallen, explain)


def adds_up(batch: Batch, history: History, check: AddsUpCheck) -> None:
    """Cumulative = the previous period's cumulative + this period's part; both in one year."""
    for column in batch.fields(check.cumulative):
        part = batch.field_beside(column, check.part)
        if part is not None:
            places = batch.of_column(column)
            _adds_up(batch, history, check, places, batch.beside(places, part))


def _adds_up(
    batch: Batch, history: History, check: AddsUpCheck, places: Numbers, parts: Numbers
) -> None:
    submission = batch.submission[places]
    is_first = history.is_first_of_year[submission]
    before = np.where(is_first, NOWHERE, history.cells(places, history.previous))
    nothing = Intervals.exactly(np.zeros(places.shape))
    added = batch.intervals(parts) + nothing.where(is_first, _then(batch, places, before))

    def said(at: int) -> tuple[dict[str, str], tuple[str, ...]]:
        cells = (batch.address(int(places[at])), batch.address(int(parts[at])))
        given = added.at(at)
        detail = {
            "part_cell": cells[1],
            "previous": vietnamese(batch.exact(int(before[at]))),
            "low": vietnamese(given.low),
            "high": vietnamese(given.high),
        }
        return detail, cells

    apart, as_printed = distances(batch.intervals(places), added), middle(added)
    batch.mark("adds_up", places, apart, lambda at: Breach(*said(at), check.severity, check.words))

    def explain_rounded(at: int) -> Breach:
        detail, cells = said(at)
        detail["given"] = vietnamese(float(as_printed[at]))
        return Breach(detail, cells, sentence="rounded_cumulative")

    mark_rounded(batch, ROUNDED_SINCE, places, apart, as_printed, explain_rounded)


def not_stale(batch: Batch, history: History, check: NotStaleCheck) -> None:
    """Marks the first figure of a table that has the very figures of an earlier period's, as far
    back as any was accepted.

    Few figures may be the same by chance, or for good: there must be some that differ from each
    other. And a month in which nothing came leaves what is cumulative as it was.
    """
    columns = batch.fields(check.columns)
    places = np.flatnonzero(np.isin(batch.column, columns) & (np.nan_to_num(batch.value) != 0))
    places = places[batch.is_state(places, NUMBER)]
    table = batch.submission[places] * len(batch.tables) + batch.table[places]
    _, first, which = np.unique(table, return_index=True, return_inverse=True)
    alike = _alike(batch, places, which, first.size)
    pairs = np.unique(np.stack([which.astype(np.float64), batch.value[places]]), axis=1)
    different = np.bincount(pairs[0].astype(np.int64), minlength=first.size)
    enough = (different >= STALE_FIGURES) & _has_moved(batch, columns, places, which, first.size)
    firsts, alike = places[first[enough]], alike[enough]
    before = _same_before(batch, history, firsts, alike)
    last = _same_as_last(batch, history, places, which, first.size)[enough]
    before = np.where(before == NOWHERE, last, before)

    def explain(at: int) -> Breach:
        detail = {
            "previous_period": history.words(int(before[at])),
            "period": history.words(int(batch.submission[firsts[at]])),
        }
        return Breach(detail, (), check.severity, check.words, is_of_sheet=True)

    batch.mark("not_stale", firsts, before != NOWHERE, explain)


def _alike(batch: Batch, places: Numbers, which: Numbers, count: int) -> Hashes:
    """One number for all figures of each group of cells, whatever their order: with the same
    figures of the same lines, or records, and columns it is the same."""
    mantissa, exponent = np.frexp(batch.value[places])
    # figures of another unit line are the same up to the last bits
    figure = np.round(mantissa * 2.0**40).astype(np.int64) * 4096 + exponent
    place = batch.row_identity[batch.row[places]] * len(batch.columns) + batch.column[places]
    each = _scattered(_scattered(place.astype(np.uint64)) ^ figure.astype(np.uint64))
    found = np.zeros(count, np.uint64)
    np.add.at(found, which, each)
    return found


def _scattered(numbers: Hashes) -> Hashes:
    """Numbers so mixed that sums of them tell which were added up (splitmix64)."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def _has_moved(
    batch: Batch, columns: Sequence[int], places: Numbers, which: Numbers, count: int
) -> Flags:
    """Whether a group has a figure of the period itself, where its columns ask for any."""
    is_own = np.array(["cumulative" not in (c.measure or "") for c in batch.columns], np.bool_)
    asked = np.zeros(len(batch.tables), np.bool_)
    for column in columns:
        asked[batch.table_of_column[column]] |= is_own[column]
    figures = np.bincount(which, weights=is_own[batch.column[places]], minlength=count)
    table = np.zeros(count, np.int64)
    table[which] = batch.table[places]
    return np.asarray((figures > 0) | ~asked[table])


def _same_as_last(
    batch: Batch, history: History, places: Numbers, which: Numbers, count: int
) -> Numbers:
    """For each group of cells the last period's submission where all of them stand there too, but
    for those that an error there speaks of; NOWHERE where one differs."""
    there = history.cells(places, history.previous)
    is_sure = there != NOWHERE
    is_same = is_sure & (batch.value_at(there) == batch.value[places])
    is_new = (batch.same_elsewhere(places, history.previous[batch.submission[places]])) == NOWHERE
    differ = np.bincount(which, weights=(is_sure & ~is_same) | is_new, minlength=count)
    pairs = np.unique(np.stack([which.astype(np.float64), batch.value[places]])[:, is_same], axis=1)
    different = np.bincount(pairs[0].astype(np.int64), minlength=count)
    found = np.full(count, NOWHERE, np.int64)
    found[which] = history.previous[batch.submission[places]]
    return np.where((differ == 0) & (different >= STALE_FIGURES), found, NOWHERE)


def _same_before(batch: Batch, history: History, firsts: Numbers, alike: Hashes) -> Numbers:
    """For each table (by its first figure) the latest accepted submission of an earlier period that
    has the same figures in it; NOWHERE where there is none."""
    known: dict[tuple[str, int, int], list[tuple[date, int]]] = defaultdict(list)
    tables = []
    for place, number in zip(firsts.tolist(), alike.tolist(), strict=True):
        submission = int(batch.submission[place])
        identity = history.identity(submission)
        tables.append((identity, int(batch.table[place]), number))
        if identity is not None and history.accepted.get(identity) == submission:
            end = period_of(identity[1]).end
            known[identity[0], int(batch.table[place]), number].append((end, submission))
    found = np.full(firsts.shape, NOWHERE, np.int64)
    for at, (identity, table, number) in enumerate(tables):
        if identity is not None:
            now = period_of(identity[1]).end
            earlier = [each for each in known[identity[0], table, number] if each[0] < now]
            found[at] = max(earlier)[1] if earlier else NOWHERE
    return found


def restated(batch: Batch, history: History, check: RestatedCheck) -> None:
    """What a column says of an earlier period is what was accepted for that period."""
    for column in batch.fields(check.column):
        states = batch.field_beside(column, check.states)
        if states is not None:
            _restated(batch, history, check, batch.of_column(column), states)


def _restated(
    batch: Batch, history: History, check: RestatedCheck, places: Numbers, states: int
) -> None:
    earlier = history.related(batch.submission[places], check.of)
    before = history.cells_in(places, earlier, states)
    beside = batch.beside(places, states)
    # the column that repeats has no unit of its own: it is in that of the column it repeats
    is_plain = (beside == NOWHERE) | ~batch.is_in_other_unit[beside]
    before = np.where(is_plain, before, NOWHERE)

    def explain(at: int) -> Breach:
        there = int(before[at])
        detail = {
            "previous_period": history.words(int(batch.submission[there])),
            "previous": batch.place(there).value or "",
            "previous_cell": batch.address(there),
        }
        return Breach(detail, (batch.address(int(places[at])),), check.severity, check.words)

    apart = distances(batch.intervals(places), _then(batch, places, before))
    batch.mark("restated", places, apart, explain)


def ratio_to_earlier(batch: Batch, history: History, check: RatioToEarlierCheck) -> None:
    """A ratio to an earlier period (the column's `base_period`), or a growth since then, is what
    the figures of both periods give."""
    for column in batch.fields(check.column):
        level = batch.field_beside(column, check.of)
        if level is not None:
            _ratio_to_earlier(batch, history, check, batch.of_column(column), level)


def _ratio_to_earlier(
    batch: Batch, history: History, check: RatioToEarlierCheck, places: Numbers, level: int
) -> None:
    column = batch.columns[int(batch.column[places[0]])] if places.size else None
    if column is None or column.base_period is None:
        return
    beside = batch.beside(places, level)
    places, beside = places[beside != NOWHERE], beside[beside != NOWHERE]
    earlier = history.related(batch.submission[beside], column.base_period)
    before = history.cells_in(beside, earlier)
    percent = Intervals.exactly(np.full(places.shape, 100.0))
    wanted = batch.intervals(beside) / _then(batch, beside, before) * percent
    if column.measure == "growth":
        wanted = wanted - percent

    def explain(at: int) -> Breach:
        place, now, then = int(places[at]), int(beside[at]), int(before[at])
        given = wanted.at(at)
        cells = (batch.address(place), batch.address(now))
        detail = {
            "low": vietnamese(float(f"{given.low:.6g}")),
            "high": vietnamese(float(f"{given.high:.6g}")),
            "now_cell": cells[1],
            "now": vietnamese(batch.exact(now)),
            "previous_period": history.words(int(batch.submission[then])),
            "previous": vietnamese(batch.exact(then)),
            "previous_cell": batch.address(then),
        }
        return Breach(detail, cells, check.severity, check.words)

    batch.mark("ratio_to_earlier", places, distances(batch.intervals(places), wanted), explain)


def jump(batch: Batch, history: History, check: JumpCheck) -> None:
    """Many times the figure accepted last, or what last year's pattern makes of it; about a
    thousand times it is a wrong unit.

    Where the same period of the year before and the one before that are known, the figure is
    expected to grow from period to period as it did then.
    """
    for column in batch.fields(check.columns):
        places = batch.of_column(column)
        is_anew = _starts_anew(batch.columns[column])
        if is_anew:
            places = places[~history.is_first_of_year[batch.submission[places]]]
        # what runs from 1 January grows by itself: only neighbouring periods are alike
        before = history.previous_accepted if is_anew else history.last_accepted
        growth = _Growth.since(batch, history, places, before)
        in_season = _InSeason.of(growth)
        is_judged = in_season.times.is_known
        times = np.maximum(growth.times, 1 / growth.times)
        is_wrong_unit = np.any([_is_times(times, size) for size in MAGNITUDES], axis=0)
        factor = float(check.factor)
        # "five times" is no jump where the quotient of two decimals is a bit more in binary
        is_jump = (times > factor * (1 + 1e-12)) & ~is_wrong_unit
        growth.mark(
            "magnitude", is_wrong_unit & (in_season.is_off(MAGNITUDES[0] / 10) | ~is_judged)
        )
        growth.mark("jump", np.where(is_jump & ~is_judged, times - factor, 0.0), check)
        band = season_band() if check.seasonal else factor
        in_season.mark(is_judged & in_season.is_off(band) & ~is_wrong_unit, check)


def season_band() -> float:
    """How many times the seasonal expectation a figure may be (rules/parameters.yml)."""
    return float(str(shared_parameters()["season_band"].value))


def magnitudes(batch: Batch, history: History) -> None:
    """Amounts of a column that are all about a thousand or a million times those accepted last, or
    a part of them: a wrong unit. A single figure may well grow so much (a new project).
    """
    for number, column in enumerate(batch.columns):
        if column.role not in ("value", "bound") or not _is_amount(column):
            continue
        growth = _Growth.since(batch, history, batch.of_column(number), history.last_accepted)
        _, which = np.unique(batch.submission[growth.places], return_inverse=True)
        figures = np.bincount(which)
        is_wrong = np.zeros(growth.places.shape, np.bool_)
        for size in (*MAGNITUDES, *(1 / size for size in MAGNITUDES)):
            is_off = _is_times(growth.times, size)
            off = np.bincount(which, weights=is_off)
            is_wrong |= is_off & (off >= MAGNITUDE_SHARE * figures)[which]
        growth.mark("magnitude", is_wrong)


@dataclass(frozen=True)
class _Growth:
    """Figures, those of an earlier period, and how many times these they are; none is zero."""

    batch: Batch
    history: History
    places: Numbers
    before: Numbers
    times: Floats

    @classmethod
    def since(cls, batch: Batch, history: History, places: Numbers, earlier: Numbers) -> _Growth:
        before = history.cells_of_size(places, earlier)
        now = np.nan_to_num(batch.value[places])
        then = np.nan_to_num(batch.value_at(before) * _scales(batch, places, before))
        both = (now != 0) & (then != 0)
        times = np.abs(now[both] / then[both])
        return cls(batch, history, places[both], before[both], times)

    def mark(self, rule: str, residuals: Floats | Flags, check: JumpCheck | None = None) -> None:
        severity, words = (check.severity, check.words) if check is not None else (None, None)

        def explain(at: int) -> Breach:
            detail = self.said(at) | {"times": _times(Decimal(float(self.times[at])))}
            return Breach(detail, (self.batch.address(int(self.places[at])),), severity, words)

        self.batch.mark(rule, self.places, residuals, explain)

    def said(self, at: int) -> dict[str, str]:
        """The earlier figure, for a sentence."""
        before = int(self.before[at])
        return {
            "previous_period": self.history.words(int(self.batch.submission[before])),
            "previous": vietnamese(self.batch.exact(before)),
        }


@dataclass(frozen=True)
class _InSeason:
    """Figures against what they would be had they grown from the earlier period as they did a year
    ago: how many times that they may be. Not known where nothing of a year ago is."""

    growth: _Growth
    year_ago: Numbers
    before_year_ago: Numbers
    expected: Floats
    times: Intervals

    @classmethod
    def of(cls, growth: _Growth) -> _InSeason:
        batch, history, places = growth.batch, growth.history, growth.places
        year_ago = history.cells(places, history.last_year)
        of_before = history.related(batch.submission[growth.before], "same_period_last_year")
        before_year_ago = history.cells_in(places, of_before)
        three = growth.before, year_ago, before_year_ago
        before, then, before_then = (_then(batch, places, cells) for cells in three)
        may_be, now = before * (then / before_then), batch.intervals(places)
        unknown = Intervals.exactly(np.full(places.shape, np.nan))
        with np.errstate(invalid="ignore", divide="ignore"):
            times = (now / may_be).where((now.low > 0) & (may_be.low > 0), unknown)
            value, grown, by = (
                batch.value_at(cells) * _scales(batch, places, cells) for cells in three
            )
            expected = value * grown / by
        return cls(growth, year_ago, before_year_ago, expected, times)

    def is_off(self, factor: float) -> Flags:
        """Whether none of the values that the digits allow is within a factor of what is expected,
        up or down."""
        with np.errstate(invalid="ignore"):
            return (self.times.low > factor) | (self.times.high < 1 / factor)

    def mark(self, is_off: Flags, check: JumpCheck) -> None:
        batch = self.growth.batch

        def explain(at: int) -> Breach:
            place, year_ago = int(self.growth.places[at]), int(self.year_ago[at])
            before = int(self.before_year_ago[at])
            expected = float(self.expected[at])
            detail = self.growth.said(at) | {
                "times": _times(Decimal(float(batch.value[place])) / Decimal(expected)),
                "in_season": vietnamese(float(f"{expected:.3g}")),
                "year_ago": vietnamese(batch.exact(year_ago)),
                "before_year_ago": vietnamese(batch.exact(before)),
            }
            cells = (batch.address(place),)
            return Breach(detail, cells, check.severity, "jump_out_of_season")

        batch.mark("jump", self.growth.places, is_off, explain)


def _is_amount(column: Column) -> bool:
    unit = reference.units().get(column.unit or "")
    return column.type == "money" or (unit is not None and unit.base_code == "usd")


def _is_times(ratio: Floats, size: float) -> Flags:
    return (ratio >= size / MAGNITUDE_SLACK) & (ratio <= size * MAGNITUDE_SLACK)


def _starts_anew(column: Column) -> bool:
    """What runs from 1 January, or is about the year, is another thing in another year."""
    measure = column.measure or ""
    return "cumulative" in measure or column.period in ("year", "previous_year")


def _times(times: Decimal) -> str:
    if times >= 1:
        return f"gấp khoảng {vietnamese(times.quantize(Decimal(1)))} lần"
    return f"chỉ bằng khoảng 1/{vietnamese((1 / times).quantize(Decimal(1)))}"
