"""Plants what breaks a law or a plan (facts/rules.md), and a wrong digit that breaks nothing.

A form so spoiled is right in itself: its totals hold and nothing falls. Late payments and dates are
not planted here: a project that is late is late on every form (deadlines.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from ingest import reference
from ingest.contract import Column, Contract, WithinCheck
from ingest.period import period_of
from ingest.simulation.deadlines import is_bound
from ingest.simulation.fill import Key, Value
from ingest.simulation.lines import Tree
from ingest.simulation.model import Quantity, read_model
from ingest.simulation.projects import MONTHS, ORDER
from ingest.simulation.spoiled import (
    Form,
    Spoiled,
    amounts,
    changed,
    column_of,
    line_of,
    shown,
    tables_of,
)

PLAUSIBLE_DIGIT = "plausible_digit"
_OWED = Decimal(35)
# rounds close before this day of a quarter's last month, the last round of a year before that one
_AFTER_CLOSE, _AFTER_LAST_CLOSE = 27, 16


def _milestone_order(form: Form) -> Spoiled | None:
    """A step before the start dated after the step that follows it (R17)."""
    end = period_of(form.period_key).end
    places: dict[Key, date] = {}
    for number, table in tables_of(form):
        steps = {c.milestone: c.field for c in table.columns if c.milestone_state == "actual"}
        # what comes before the approval of a design stands on this form alone
        for step, then in pairwise(ORDER[:4]):
            for row in _rows(form, number):
                after = form.values.get((number, row, steps.get(then, "")))
                place = (number, row, steps.get(step, ""))
                if place in form.values and isinstance(after, date):
                    moved = after + timedelta(9)
                    if moved <= end:
                        places[place] = moved
    place_ = form.choose(list(places))
    return place_ and changed(form, "milestone_order", place_, places[place_])


def _adjustment_too_late(form: Form) -> Spoiled | None:
    """A request for another plan made after the round has closed (R19, R20)."""
    end = period_of(form.period_key).end
    if not is_bound(form.unit) or not _has_measure(form.contract, "plan_decrease"):
        return None
    places = [
        (number, row, "requested_on")
        for number, _ in tables_of(form)
        for row in _rows(form, number)
        if (number, row, "requested_on") in form.values
        and (number, row, "decided_on") not in form.values
    ]
    day = _AFTER_LAST_CLOSE if end.month == MONTHS else _AFTER_CLOSE
    return changed(form, "adjustment_too_late", form.choose(places), end.replace(day=day))


def _decided_before_asked(form: Form) -> Spoiled | None:
    """A decision on a request dated before the request (R21)."""
    if not _has_measure(form.contract, "plan_decrease"):
        return None
    places: dict[Key, date] = {}
    for number, _ in tables_of(form):
        for row in _rows(form, number):
            asked = form.values.get((number, row, "requested_on"))
            place = (number, row, "decided_on")
            if place in form.values and isinstance(asked, date):
                places[place] = asked - timedelta(3)
    place_ = form.choose(list(places))
    return place_ and changed(form, "decided_before_asked", place_, places[place_])


def _overdue_advance(form: Form) -> Spoiled | None:
    """An advance that was to be paid back and was not (R30)."""
    places: dict[Key, Decimal] = {}
    for number, table in tables_of(form):
        advance, overdue = (
            next((c.field for c in table.columns if c.measure == measure), None)
            for measure in ("advance_outstanding", "advance_overdue")
        )
        if advance is None or overdue is None:
            continue
        for row in _rows(form, number):
            owed = form.values.get((number, row, advance))
            if isinstance(owed, Decimal) and owed >= _OWED:
                places[number, row, overdue] = owed // 2
    place = form.choose(list(places))
    return place and changed(form, "overdue_advance", place, places[place])


def _no_one_responsible(form: Form) -> Spoiled | None:
    """A project under way without anyone who answers for it (R31)."""
    done = reference.vocabulary("stage_group")["completed"]
    places = [
        place
        for place in form.values
        if place[2] == "responsible_post"
        and form.values.get((*place[:2], "stage_group")) not in (None, done)
    ]
    return changed(form, "no_one_responsible", form.choose(places), None)


def _counterpart_short(form: Form) -> Spoiled | None:
    """Less of its own capital found for a programme than it must find, at the end of the year
    (R25)."""
    if period_of(form.period_key).end.month != MONTHS:
        return None
    places = [p for p in amounts(form) if column_of(form, p).measure == "counterpart_allocated"]
    place = form.choose(places)
    if place is None:
        return None
    less = (_number(form, place) * Decimal("0.9")).quantize(Decimal(1))
    return changed(form, "counterpart_short", place, less)


def _council_below_assigned(form: Form) -> Spoiled | None:
    """A council's estimate of revenue below what was assigned (R33)."""
    measures = ("estimate_council", "estimate_assigned")
    if not all(_has_measure(form.contract, measure) for measure in measures):
        return None
    places = [
        place
        for place in amounts(form)
        if column_of(form, place).measure == "estimate_council"
        and place[1] in read_model().floor_lines
    ]
    place = form.choose(places)
    if place is None:
        return None
    less = (_number(form, place) * Decimal("0.95")).quantize(Decimal(1_000_000))
    return changed(form, "council_below_assigned", place, less)


def _wrong_share(form: Form) -> Spoiled | None:
    """Of a revenue that the law shares out, a level's part moved to another (R34); or a fund that
    is not its share of what feeds it (R37 to R39)."""
    exact = read_model().exact_components
    moved: dict[Key, Key] = {}
    for place in amounts(form):
        column, quantity = column_of(form, place), _quantity_code(form, place)
        level = column.dimensions.get("budget_level")
        if level not in exact.get(quantity, {}) or not _is_cumulative(column):
            continue
        for other in form.contract.tables[place[0] - 1].columns:
            twin = (*place[:2], other.field)
            if (
                twin in form.values
                and twin != place
                and other.measure == column.measure
                and "budget_level" in other.dimensions
            ):
                moved[place] = twin
    share = form.choose([p for p in moved if _level(form, p) == "central"])
    if share is not None:
        less = _number(form, share) // 10
        values = dict(form.values)
        values[share] = _number(form, share) - less
        values[moved[share]] = _number(form, moved[share]) + less
        return Spoiled(
            "wrong_share", values, share, shown(form.values[share]), shown(values[share])
        )
    funds = [
        p
        for p in amounts(form)
        if (known := _quantity(form, p)) is not None
        and known.times is not None
        and known.times[1] > 1
        and _is_fund(form, p)
    ]
    fund = form.choose(funds)
    if fund is None:
        return None
    return changed(form, "wrong_share", fund, _number(form, fund) * 11 // 10)


def _level(form: Form, place: Key) -> str | None:
    return column_of(form, place).dimensions.get("budget_level")


def _is_cumulative(column: Column) -> bool:
    return (column.measure or "").endswith("cumulative") and column.formula is None


def _is_fund(form: Form, place: Key) -> bool:
    """Not one of the bases that funds are counted from."""
    line = line_of(form, place)
    table = form.contract.tables[place[0] - 1]
    headings = {each.code for each in table.lines if each.children == "heading"}
    return line is not None and line.parent not in headings


def _arrears(form: Form) -> Spoiled | None:
    """Salaries or social payments owed at the end of a period (R44)."""
    for number, table in tables_of(form):
        fields = {column.measure: column.field for column in table.columns}
        added, closing = fields.get("addition"), fields.get("closing_balance")
        rows = [row for row in read_model().nil_lines if (number, row, added) in form.values]
        if added is None or closing is None or not rows:
            continue
        place = form.choose([(number, row, closing) for row in rows])
        if place is None:
            continue
        values = {**form.values, (number, place[1], added): _OWED}
        return Spoiled("arrears", values, place, "0", str(_OWED))
    return None


def _wrong_route(form: Form) -> Spoiled | None:
    """A dossier sent to another agency than its field is for (R43)."""
    routes = read_model().routes
    places = [place for place in form.values if place[2] in routes]
    place = form.choose(places)
    if place is None:
        return None
    ends = {to for key, to in routes[place[2]].items() if key != "by"}
    return changed(form, "wrong_route", place, min(ends - {str(form.values[place])}))


def _above_all_of_it(form: Form) -> Spoiled | None:
    """More answered so far than was received (R50)."""
    places = [
        place
        for place in amounts(form, least=1)
        if _is_cumulative(column_of(form, place))
        and (known := _quantity(form, place)) is not None
        and known.times is not None
        and known.times[1] == 1
    ]
    place = form.choose(places)
    if place is None:
        return None
    return changed(form, "above_all_of_it", place, _number(form, place) + 4)


def _plausible_digit(form: Form) -> Spoiled | None:
    """Two inner digits of a figure change places, where nothing is held against it but its limits:
    no rule can know."""
    limits = [check for check in form.contract.checks if isinstance(check, WithinCheck)]
    watched = {
        name for check in form.contract.checks if check not in limits for name in check.named_fields
    }
    places: dict[Key, Decimal] = {}
    for place in amounts(form, least=1000):
        column, digits = column_of(form, place), str(int(_number(form, place)))
        if (
            column.field not in watched
            and column.formula is None
            and line_of(form, place) is None  # what a line says, other forms say too
            and column.measure in read_model().unwatched_measures
            and digits[1] != digits[2]
        ):
            swapped = Decimal(digits[0] + digits[2] + digits[1] + digits[3:])
            row = {key[2]: value for key, value in form.values.items() if key[:2] == place[:2]}
            if _is_within({**row, column.field: swapped}, limits):
                places[place] = swapped
    chosen = form.choose(list(places))
    return chosen and changed(form, PLAUSIBLE_DIGIT, chosen, places[chosen])


def _is_within(row: Mapping[str, Value], limits: Sequence[WithinCheck]) -> bool:
    pairs = [(row.get(check.column), row.get(check.limit)) for check in limits]
    return all(
        value <= limit
        for value, limit in pairs
        if isinstance(value, Decimal) and isinstance(limit, Decimal)
    )


# --- what a place is ------------------------------------------------------------------------------


def _rows(form: Form, number: int) -> list[str]:
    return sorted({row for at, row, _ in form.values if at == number})


def _has_measure(contract: Contract, measure: str) -> bool:
    return any(c.measure == measure for table in contract.tables for c in table.columns)


def _number(form: Form, place: Key) -> Decimal:
    value: Value = form.values[place]
    assert isinstance(value, Decimal)
    return value


def _quantity_code(form: Form, place: Key) -> str:
    table = form.contract.tables[place[0] - 1]
    line = line_of(form, place)
    if line is None:
        return ""
    return Tree(table.rows.list or "", table.lines).quantity(line.code)


def _quantity(form: Form, place: Key) -> Quantity | None:
    return read_model().quantities.get(_quantity_code(form, place))


LAW_PLANTERS: Mapping[str, Callable[[Form], Spoiled | None]] = {
    "milestone_order": _milestone_order,
    "adjustment_too_late": _adjustment_too_late,
    "decided_before_asked": _decided_before_asked,
    "overdue_advance": _overdue_advance,
    "no_one_responsible": _no_one_responsible,
    "counterpart_short": _counterpart_short,
    "council_below_assigned": _council_below_assigned,
    "wrong_share": _wrong_share,
    "arrears": _arrears,
    "wrong_route": _wrong_route,
    "above_all_of_it": _above_all_of_it,
    PLAUSIBLE_DIGIT: _plausible_digit,
}
