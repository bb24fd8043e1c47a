"""What a plan says by when, whom it binds, and where a filled form shows that it was missed.

The floors and dates are the reference data's (seed rule_parameter, QD-CHILANG-2026, II.5: rules R02
to R16); which of them concerns which projects stands in simulation.yml (plan_rules).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby

from ingest import reference
from ingest.contract import Column, Contract, Table
from ingest.period import Period, period_of
from ingest.simulation.model import read_model
from ingest.template_values import Key, Value

LATE_DISBURSEMENT = "late_disbursement"
LATE_MILESTONE = "late_milestone"
KINDS = (LATE_DISBURSEMENT, LATE_MILESTONE)


@dataclass(frozen=True)
class Missed:
    """A floor or a date that a form shows to be missed: at which cell, what was asked, and what
    the cell says."""

    kind: str
    place: Key
    asked: str
    said: str


@cache
def is_bound(unit: str) -> bool:
    """Whether the plan's floors and dates are the unit's."""
    scopes = {row["scope_unit_code"] for row in _parameters() if row["rule_code"] in _floors()}
    return unit in scopes or reference.province_code() in scopes


@cache
def years() -> frozenset[int]:
    """The years that floors are set for."""
    rows = (row for row in _parameters() if row["rule_code"] in _floors())
    return frozenset(date.fromisoformat(row["due_date"]).year for row in rows)


def missed(
    contract: Contract, unit: str, period_key: str, values: Mapping[Key, Value]
) -> Iterator[Missed]:
    """What a unit's form of a period shows to be missed: one cell a group or a project's date."""
    if not is_bound(unit):
        return
    period = period_of(period_key)
    for number, table in enumerate(contract.tables, start=1):
        if all(column.field != "stage_group" for column in table.columns):
            continue
        rows = _rows(number, values)
        yield from _below_floors(number, table, rows, period)
        if any(column.field == "priority_group" for column in table.columns):
            yield from _past_dates(number, table, rows, period)


_Rows = Mapping[str, Mapping[str, Value]]


def _rows(number: int, values: Mapping[Key, Value]) -> _Rows:
    rows: dict[str, dict[str, Value]] = defaultdict(dict)
    for (at, row, field), value in values.items():
        if at == number:
            rows[row][field] = value
    return rows


def _below_floors(number: int, table: Table, rows: _Rows, period: Period) -> Iterator[Missed]:
    """Groups that have disbursed less of their plans than the floor of the day: the cell is that of
    the project which lacks most."""
    paid, planned, extended = (
        _field(table, measure) for measure in ("disbursed_cumulative", "plan_year", "plan_extended")
    )
    if paid is None or planned is None or extended is None:
        return
    floors = {
        (row["rule_code"], date.fromisoformat(row["due_date"])): Decimal(row["value_low"])
        for row in _parameters()
        if row["rule_code"] in _floors()
    }

    def group_of(row: str) -> str:
        return _code("stage_group", rows[row])

    for group, found in groupby(sorted(rows, key=group_of), key=group_of):
        names = list(found)
        floor = floors.get((read_model().plan_floors.get(group, ""), period.end))
        if floor is None:
            continue
        lacks = {
            name: floor / 100 * (_amount(rows[name], planned) + _amount(rows[name], extended))
            - _amount(rows[name], paid)
            for name in names
        }
        if sum(lacks.values()) <= 0:
            continue
        worst = max(names, key=lambda name: (lacks[name], -int(name)))
        said = rows[worst].get(paid, "")
        yield Missed(LATE_DISBURSEMENT, (number, worst, paid), f"{floor} %", str(said))


def _past_dates(number: int, table: Table, rows: _Rows, period: Period) -> Iterator[Missed]:
    """Dates later than they are due, or not come at all, on the first form that can say so."""
    due_dates = {row["rule_code"]: row["due_date"] for row in _parameters()}
    for asked in read_model().plan_dates:
        due = date.fromisoformat(due_dates[asked.rule])
        field = next((c.field for c in table.columns if _is_actual(c, asked.milestone)), None)
        if field is None or not period.start <= due <= period.end:
            continue
        for name, row in rows.items():
            if _code("stage_group", row) != asked.group or asked.priority not in (
                None,
                _code("priority_group", row),
            ):
                continue
            came = row.get(field)
            if not isinstance(came, date) or came > due:
                said = "" if came is None else str(came)
                yield Missed(LATE_MILESTONE, (number, name, field), str(due), said)


def _is_actual(column: Column, milestone: str) -> bool:
    return column.milestone == milestone and column.milestone_state == "actual"


def _field(table: Table, measure: str) -> str | None:
    return next((c.field for c in table.columns if c.measure == measure), None)


def _amount(row: Mapping[str, Value], field: str) -> Decimal:
    value = row.get(field)
    return value if isinstance(value, Decimal) else Decimal(0)


def _code(vocabulary: str, row: Mapping[str, Value]) -> str:
    labels = reference.vocabulary(vocabulary)
    return next((code for code, label in labels.items() if label == row.get(vocabulary)), "")


@cache
def _floors() -> frozenset[str]:
    return frozenset(read_model().plan_floors.values())


@cache
def _parameters() -> tuple[dict[str, str], ...]:
    return tuple(reference.read_seed("rule_parameter"))
