"""Plan and law rules on one form (rules/plan/*.yml): floors, due dates, order, shares, routes.

Each mechanism marks residuals in the form's batch, like the rules of a contract. What a rule is
judged by comes from its file; nothing here knows a form. A rule with a date looks only once the day
has passed: `as_of` is the day of the build, and without one dated rules look at nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial

import numpy as np
import polars as pl

from expectations.batch import NOWHERE, Batch, Breach
from expectations.intervals import Flags, Floats, Intervals, Numbers, distances
from expectations.numbers import vietnamese
from expectations.rule_files import (
    PERIOD_YEAR,
    BalancedCheck,
    BeforeDayCheck,
    DueCheck,
    Figure,
    FilledCheck,
    FloorCheck,
    InOrderCheck,
    LineShareCheck,
    NilCheck,
    ReachesCheck,
    RouteCheck,
    Rule,
)
from ingest import reference
from ingest.formula import parse_formula
from ingest.normalise import BLANK, NONE, NOT_APPLICABLE
from ingest.period import Period, period_of

NO_DAY = np.iinfo(np.int64).min  # where a row has no date


def apply_row_rules(batch: Batch, rules: Iterable[Rule], as_of: date | None) -> None:
    """Mark what breaks the rules on this batch's form."""
    for rule in rules:
        if rule.form == batch.contract.form and rule.is_on:
            _Look(batch, rule, as_of).mark()


def days_looked_at(form: str, rules: Iterable[Rule], periods: Iterable[Period]) -> set[date]:
    """The days that the rules on a form wait for, whether they have passed or not: of submissions
    about these periods, a build finds the same as long as no more of them have passed."""
    about = list(periods)
    days: set[date | None] = set()
    for rule in rules:
        if rule.form != form or not rule.is_on:
            continue
        match rule.check:
            case FloorCheck() as check:
                days |= {f.due for f in rule.figures(check.least)}
            case DueCheck() as check:
                days |= {f.due for f in rule.figures(check.due)}
            case BeforeDayCheck() as check:
                days |= {_limit(f, period) for f in rule.figures(check.day) for period in about}
    return {day for day in days if day is not None}


@dataclass(frozen=True)
class _Look:
    """One rule on one batch."""

    batch: Batch
    rule: Rule
    as_of: date | None

    def mark(self) -> None:
        match self.rule.check:
            case FloorCheck() as check:
                self._floors(check)
            case DueCheck() as check:
                self._due(check)
            case InOrderCheck() as check:
                self._in_order(check)
            case BeforeDayCheck() as check:
                self._before_day(check)
            case BalancedCheck() as check:
                self._balanced(check)
            case NilCheck() as check:
                self._nil(check)
            case LineShareCheck() as check:
                self._line_share(check)
            case ReachesCheck() as check:
                self._reaches(check)
            case RouteCheck() as check:
                self._route(check)
            case FilledCheck() as check:
                self._filled(check)

    # --- where it looks ---------------------------------------------------------------------------

    @cached_property
    def _periods(self) -> list[Period | None]:
        keys = [read.period_key for read in self.batch.submissions.values()]
        return [period_of(key) if key is not None else None for key in keys]

    def _submissions(self, wanted: Callable[[Period], bool]) -> Flags:
        """Which submissions are about such a period, and from a unit within the rule's scope."""
        check = self.rule.check
        assert check is not None
        scope = str(self.rule.value(self.rule.scope)) if self.rule.scope else None
        is_here = []
        for read, period in zip(self.batch.submissions.values(), self._periods, strict=True):
            is_here.append(
                period is not None
                and scope in (None, reference.province_code(), read.named_unit_code)
                and (not check.quarters or (period.end.month + 2) // 3 in check.quarters)
                and (not check.periods or period.key in check.periods)
                and wanted(period)
            )
        return np.array(is_here, np.bool_)

    def _rows(self, wanted: Callable[[Period], bool] = lambda _: True) -> Numbers:
        """The rows that the check looks at, in submissions about such a period."""
        check = self.rule.check
        assert check is not None
        batch = self.batch
        is_here = self._submissions(wanted)[batch.submission[batch.row_start]]
        for name, codes in check.when.items():
            typed = batch.taken("code", batch.in_rows(self._column(name)))
            is_here &= typed.is_in(list(codes)).fill_null(False).to_numpy()
        for name, codes in check.unless.items():
            typed = batch.taken("code", batch.in_rows(self._column(name)))
            is_here &= ~typed.is_in(list(codes)).fill_null(False).to_numpy()
        for name in check.positive:
            is_here &= batch.intervals(batch.in_rows(self._column(name))).low > 0
        if check.lines:
            is_here &= np.isin(batch.line_of_row, [self._line(code) for code in check.lines])
        tables = [batch.table_of_column[self._column(name)] for name in check.fields]
        is_here &= np.isin(batch.table[batch.row_start], tables)
        return np.flatnonzero(is_here)

    def _column(self, name: str) -> int:
        [column] = self.batch.fields(self.rule.field(name))  # the rule was held against contracts
        return column

    def _line(self, code: str) -> int:
        return next(n for n, line in enumerate(self.batch.lines) if line.code == code)

    def _cells(self, rows: Numbers, name: str) -> Numbers:
        return self.batch.in_rows(self._column(name))[rows]

    def _has_passed(self, day: date) -> bool:
        return self.as_of is not None and self.as_of > day

    def _dates(self, places: Numbers) -> Numbers:
        """The dates of cells, in days; NO_DAY where there is none."""
        days = self.batch.taken("code", places).str.to_date("%Y-%m-%d", strict=False)
        return days.cast(pl.Int32).cast(pl.Int64).fill_null(NO_DAY).to_numpy()

    def _amounts(self, places: Numbers) -> Intervals:
        """What cells may be; a blank cell is nothing, so that no plan is made out of it."""
        is_empty = (places == NOWHERE) | self.batch.is_state(places, BLANK, NONE, NOT_APPLICABLE)
        nothing = Intervals.exactly(np.zeros(places.shape))
        return nothing.where(is_empty, self.batch.intervals(places))

    # --- what it says -----------------------------------------------------------------------------

    def _mark(
        self, places: Numbers, residuals: Floats | Flags, explain: Callable[[int], Breach]
    ) -> None:
        is_there = np.flatnonzero(places != NOWHERE)
        self.batch.mark(
            self.rule.id,
            places[is_there],
            residuals[is_there],
            lambda number: explain(int(is_there[number])),
        )

    def _address(self, place: int) -> str:
        return self.batch.address(int(place))

    def _header(self, place: int) -> str:
        return self.batch.header(int(place))

    def _typed(self, place: int) -> str:
        return (self.batch.place(int(place)).value or "") if place != NOWHERE else ""

    def _row_name(self, row: int) -> str:
        """What a row is about: the label of its line, or the longest text that names it."""
        batch = self.batch
        line = batch.line_of_row[row]
        if line != NOWHERE:
            return str(batch.lines[line].label_vi)
        table_no = int(batch.table[batch.row_start[row]])
        own = [n for n, table in enumerate(batch.table_of_column) if table == table_no]
        named = [n for n in own if batch.columns[n].type == "text" and batch.columns[n].required]
        for column in named:
            place = int(batch.in_rows(column)[row])
            text = batch.text(place) if place != NOWHERE else None
            if text:
                return text
        return f"dòng {int(batch.row_no[batch.row_start[row]])}"

    # --- the mechanisms ---------------------------------------------------------------------------

    def _floors(self, check: FloorCheck) -> None:
        for floor in self.rule.figures(check.least):
            if floor.due is not None and self._has_passed(floor.due):
                self._floor(check, floor, floor.due)

    def _floor(self, check: FloorCheck, floor: Figure, due: date) -> None:
        batch = self.batch
        rows = self._rows(lambda period: period.kind == "month" and period.end == due)
        if not rows.size:
            return
        way = check.ways[str(self.rule.value(check.way))]
        part, part_cells = self._formula(way.part, rows)
        whole, whole_cells = self._formula(way.whole, rows)
        owner = batch.submission[batch.row_start[rows]]
        if check.by is not None:
            codes = batch.taken("code", self._cells(rows, check.by)).fill_null("")
            owner = owner * (codes.n_unique() + 1) + codes.rank("dense").cast(pl.Int64).to_numpy()
        _, which = np.unique(owner, return_inverse=True)
        parts, wholes = _sums(part, which), _sums(whole, which)
        if floor.value is None:
            # a 0 says that there was nothing, whatever it may be rounded from
            is_broken = (parts.low + parts.high <= 0) & (wholes.low > 0)
            missing = whole.low
        else:
            share = float(floor.value) / 100
            # decimals in binary: a share that is met exactly must not miss by its last bit
            is_broken = parts.high < share * wholes.low * (1 - 1e-12)
            missing = share * whole.low - part.high
        known = parts.is_known & wholes.is_known
        anchor = _largest(np.nan_to_num(missing, nan=-np.inf), which)
        places = part_cells[0][anchor]
        fell = np.where(
            known,
            np.where(is_broken, np.maximum(_added(missing, which), 1e-9), 0.0),
            np.nan,
        )

        def explain(group: int) -> Breach:
            members = np.flatnonzero(which == group)
            beside = [cells[members] for cells in (*part_cells, *whole_cells)]
            cells = [self._address(p) for each in zip(*beside, strict=True) for p in each
                     if p != NOWHERE]  # fmt: skip
            part_of, whole_of = parts.at(group), wholes.at(group)
            share = ""
            if whole_of.low > 0:
                least, most = part_of.low / whole_of.high, part_of.high / whole_of.low
                share = _percent(100 * least, 100 * most, float(floor.value or 0))
            row = rows[anchor[group]]
            detail = {
                "part": _middle(part_of.low, part_of.high),
                "whole": _middle(whole_of.low, whole_of.high),
                "share": share,
                "floor": vietnamese(floor.value) if floor.value is not None else "0",
                "due": f"{due:%d/%m/%Y}",
                "group": self._label(int(self._cells(np.array([row]), check.by)[0]))
                if check.by else "",
                "cells": f"{cells[0]} đến {cells[-1]}" if len(cells) > 2 else ", ".join(cells),
            }  # fmt: skip
            # the anchor moves from report to report, the group does not
            return Breach(
                detail,
                tuple(dict.fromkeys([self._address(places[group]), *cells])),
                place=("group", detail["group"]),
            )

        self._mark(places, fell, explain)

    def _label(self, place: int) -> str:
        """What a coded cell says, in the words of its list."""
        column = self.batch.columns[self.batch.column[place]]
        code = str(self.batch.taken("code", np.array([place]))[0])
        return reference.vocabulary(column.list or "").get(code, self._typed(place))

    def _formula(self, text: str, rows: Numbers) -> tuple[Intervals, list[Numbers]]:
        """What a formula gives in rows, and the cells that it reads."""
        formula = parse_formula(text)
        cells = {field: self._cells(rows, field) for field in dict.fromkeys(formula.fields())}
        value: Intervals = formula.value(
            lambda field: self._amounts(cells[field]),
            lambda constant: Intervals.exactly(np.full(rows.shape, float(constant))),
        )
        return value, list(cells.values())

    def _due(self, check: DueCheck) -> None:
        for each in self.rule.figures(check.due):
            if each.due is not None and self._has_passed(each.due):
                self._due_on(check, each.due)

    def _due_on(self, check: DueCheck, due: date) -> None:
        rows = self._rows(lambda period: period.start <= due <= period.end)
        milestone = self.batch.columns[self._column(check.column)].milestone
        what = reference.vocabulary("milestone")[milestone or ""]
        what = what[0].lower() + what[1:]
        places = self._cells(rows, check.column)
        days = self._dates(places)
        is_blank = self.batch.is_state(places, BLANK, NONE)
        late = np.where(days != NO_DAY, days - _day(due), 0)
        residuals = np.where(is_blank, 1.0, np.where(days != NO_DAY, np.maximum(late, 0.0), np.nan))

        def explain(number: int) -> Breach:
            place = int(places[number])
            state = (
                f"chưa có ngày {what}" if is_blank[number] else f"{what} ngày {_date(days[number])}"
            )
            detail = {
                "due": f"{due:%d/%m/%Y}",
                "state": state,
                "row_name": self._row_name(int(rows[number])),
            }
            return Breach(detail, (self._address(place),))

        self._mark(places, residuals, explain)

    def _in_order(self, check: InOrderCheck) -> None:
        rows = self._rows()
        latest = np.full(rows.shape, NO_DAY)
        latest_at = np.full(rows.shape, NOWHERE, np.int64)
        for step in check.chain:
            cells = [self._cells(rows, field) for field in step]
            days = [self._dates(places) for places in cells]
            for places, own in zip(cells, days, strict=True):
                self._not_before(places, own, latest, latest_at)
            for places, own in zip(cells, days, strict=True):
                is_later = own > latest
                latest = np.where(is_later, own, latest)
                latest_at = np.where(is_later, places, latest_at)

    def _not_before(self, places: Numbers, own: Numbers, other: Numbers, other_at: Numbers) -> None:
        is_known = (own != NO_DAY) & (other != NO_DAY)
        early = np.where(is_known, np.maximum(np.where(is_known, other - own, 0), 0.0), np.nan)

        def explain(number: int) -> Breach:
            place, before = int(places[number]), int(other_at[number])
            detail = {
                "date": _date(own[number]),
                "header": self._header(place),
                "other": _date(other[number]),
                "other_header": self._header(before),
                "other_cell": self._address(before),
            }
            return Breach(detail, (self._address(place), self._address(before)))

        self._mark(places, early, explain)

    def _before_day(self, check: BeforeDayCheck) -> None:
        for each in self.rule.figures(check.day):
            for period in {p for p in self._periods if p is not None}:
                limit = _limit(each, period)
                if limit is not None and self._has_passed(limit):
                    rows = self._rows(partial(_is_same, period))
                    for name in check.columns:
                        self._before(self._cells(rows, name), limit)

    def _before(self, places: Numbers, limit: date) -> None:
        days = self._dates(places)
        late = np.where(days != NO_DAY, np.maximum(days - _day(limit) + 1.0, 0.0), np.nan)

        def explain(number: int) -> Breach:
            place = int(places[number])
            detail = {
                "date": _date(days[number]),
                "header": self._header(place),
                "limit": f"{limit:%d/%m/%Y}",
            }
            return Breach(detail, (self._address(place),))

        self._mark(places, late, explain)

    def _balanced(self, check: BalancedCheck) -> None:
        rows = self._rows()
        if not rows.size:
            return
        less_cells, more_cells = self._cells(rows, check.less), self._cells(rows, check.more)
        less, more = self._amounts(less_cells), self._amounts(more_cells)
        _, which = np.unique(self.batch.submission[self.batch.row_start[rows]], return_inverse=True)
        added, cut = _sums(less, which), _sums(more, which)
        excess = np.maximum(added.low - cut.high, 0.0)
        is_known = added.is_known & cut.is_known
        anchor = _largest(np.nan_to_num(less.low, nan=-np.inf), which)
        places = less_cells[anchor]

        def explain(group: int) -> Breach:
            members = np.flatnonzero(which == group)
            cells = [self._address(p) for at in members for p in (less_cells[at], more_cells[at])
                     if p != NOWHERE]  # fmt: skip
            detail = {
                "less": _middle(float(added.low[group]), float(added.high[group])),
                "more": _middle(float(cut.low[group]), float(cut.high[group])),
                "cells": f"{cells[0]} đến {cells[-1]}",
            }
            cells = [self._address(places[group]), *cells]
            return Breach(detail, tuple(dict.fromkeys(cells)), place=("group",))

        self._mark(places, np.where(is_known, excess, np.nan), explain)

    def _nil(self, check: NilCheck) -> None:
        rows = self._rows()
        for name in check.columns:
            places = self._cells(rows, name)
            value = self.batch.intervals(places)
            residuals = np.where(
                value.is_known, np.maximum(np.maximum(value.low, -value.high), 0.0), np.nan
            )
            self._mark_cells(rows, places, residuals)

    def _filled(self, check: FilledCheck) -> None:
        rows = self._rows()
        for name in check.columns:
            places = self._cells(rows, name)
            self._mark_cells(rows, places, self.batch.is_state(places, BLANK, NONE))

    def _mark_cells(self, rows: Numbers, places: Numbers, residuals: Floats | Flags) -> None:
        """Mark cells by themselves, with a sentence that names column and row."""

        def explain(number: int) -> Breach:
            place = int(places[number])
            detail = {
                "header": self._header(place),
                "row_name": self._row_name(int(rows[number])),
            }
            return Breach(detail, (self._address(place),))

        self._mark(places, residuals, explain)

    def _line_share(self, check: LineShareCheck) -> None:
        rows = self._rows()
        shares = self.rule.figures(check.share) if check.share else (None,)
        for column in check.columns:
            of_column = check.of_column or column
            if check.line is None:
                places, of_places = self._cells(rows, column), self._cells(rows, of_column)
            else:
                places = self._of_line(check.line, column)
                of_places = self._of_line(check.of_line or check.line, of_column)
            for each in shares:
                value = each.value if each is not None else None
                self._share(check, places, of_places, float(value or 100))

    def _of_line(self, line: str, column: str) -> Numbers:
        places = self.batch.of_line(self._line(line), self._column(column))
        return np.where(self._submissions(lambda _: True), places, NOWHERE)

    def _share(
        self, check: LineShareCheck, places: Numbers, of_places: Numbers, percent: float
    ) -> None:
        stated, of = self.batch.intervals(places), self.batch.intervals(of_places)
        wanted = of * Intervals.exactly(np.full(of_places.shape, percent / 100))
        apart = distances(stated, wanted)
        is_known = stated.is_known & wanted.is_known
        match check.relation:
            case "at_least":
                apart = np.where(stated.high < wanted.low, apart, np.where(is_known, 0.0, np.nan))
            case "at_most":
                apart = np.where(stated.low > wanted.high, apart, np.where(is_known, 0.0, np.nan))

        def explain(number: int) -> Breach:
            place, other = int(places[number]), int(of_places[number])
            given = wanted.at(number)
            cells = (
                self._address(place), self.batch.address(other, self.batch.sheet(place))
            )  # fmt: skip
            detail = {
                "wanted": _range(given.low, given.high),
                "limit": vietnamese(given.low if check.relation == "at_least" else given.high),
                "share": vietnamese(percent),
                "of": vietnamese(self.batch.exact(other)),
                "of_cell": cells[1],
                "row_name": self._row_name(int(self.batch.row[place])),
            }
            return Breach(detail, cells)

        self._mark(places, apart, explain)

    def _reaches(self, check: ReachesCheck) -> None:
        rows = self._rows()
        places = self._cells(rows, check.column)
        value = self.batch.intervals(places)
        is_year = check.least == PERIOD_YEAR
        if is_year:
            years = np.array([p.end.year if p else 0 for p in self._periods], np.float64)
            least = years[self.batch.submission[self.batch.row_start[rows]]]
            words = [f"{year:.0f}" for year in least]
        else:
            limit = float(str(self.rule.value(check.least)))
            least = np.full(rows.shape, limit)
            words = [vietnamese(limit)] * rows.size
        missing = np.where(value.is_known, np.maximum(least - value.high, 0.0), np.nan)

        def explain(number: int) -> Breach:
            place = int(places[number])
            detail = {
                "least": words[number],
                # a year is no amount: without a mark for thousands
                "stated": f"{self.batch.exact(place):.0f}" if is_year else self._typed(place),
                "row_name": self._row_name(int(rows[number])),
            }
            return Breach(detail, (self._address(place),))

        self._mark(places, missing, explain)

    def _route(self, check: RouteCheck) -> None:
        rows = self._rows()
        places, by_places = self._cells(rows, check.column), self._cells(rows, check.by)
        stated = self.batch.taken("code", places)
        by = self.batch.taken("code", by_places)
        wanted = by.replace_strict(check.to, default=None, return_dtype=pl.String)
        differs = (stated != wanted).cast(pl.Float64)  # null where one of them is not known

        def explain(number: int) -> Breach:
            unit = reference.reporting_units().get(wanted[number])
            detail = {
                "wanted": unit.name_vi if unit else wanted[number],
                "by": self._label(int(by_places[number])),
                "by_cell": self._address(by_places[number]),
            }
            return Breach(detail, (self._address(places[number]), detail["by_cell"]))

        self._mark(places, differs.fill_null(np.nan).to_numpy(), explain)


def _is_same(one: Period, other: Period) -> bool:
    return one.key == other.key


def _limit(day: Figure, period: Period) -> date | None:
    """The day before which a date must lie; None where the figure is about another year."""
    if day.due is not None:
        return day.due if period.start <= day.due <= period.end else None
    if day.value is None or day.year != period.end.year:
        return None
    return date(period.end.year, period.end.month, int(day.value))


def _sums(values: Intervals, which: Numbers) -> Intervals:
    """What the values of each group add up to; not known where one of them is not."""
    return Intervals(
        _added(values.low, which), _added(values.high, which),
        np.bincount(which, weights=values.low_open) > 0,
        np.bincount(which, weights=values.high_open) > 0,
    )  # fmt: skip


def _added(values: Floats, which: Numbers) -> Floats:
    return np.asarray(np.bincount(which, weights=values), np.float64)


def _largest(values: Floats, which: Numbers) -> Numbers:
    """The place of each group's largest value; the first of equal ones."""
    order = np.lexsort((np.arange(values.size), -values, which))
    groups = which[order]
    return order[np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))]


def _range(low: float, high: float) -> str:
    """ "150", or "69,65 đến 70,35" where the printed digits leave that much open."""
    ends = [vietnamese(low), vietnamese(high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} đến {ends[1]}"


def _middle(low: float, high: float) -> str:
    """What stated figures add up to: the middle of what they may be."""
    return vietnamese((low + high) / 2)


def _percent(low: float, high: float, floor: float) -> str:
    """ "24,8", or "24,79 đến 24,81" where the printed digits leave that much open; with as many
    decimals as it takes to stay visibly below the floor."""
    decimals = next((n for n in range(2, 9) if round(high, n) < floor), 9)
    ends = [vietnamese(round(end, decimals)) for end in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} đến {ends[1]}"


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _date(days: np.int64) -> str:
    day = date.fromordinal(int(days) + date(1970, 1, 1).toordinal())
    return f"{day:%d/%m/%Y}"
