"""A filled form that an error is planted in, and what comes of it: what all planters share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ingest.contract import Column, Contract, Table
from ingest.reference import Line
from ingest.simulation.fill import Key, Value


@dataclass(frozen=True)
class Spoiled:
    """A form with one error: its values, and what was done where (None: the whole form)."""

    kind: str
    values: dict[Key, Value]
    place: Key | None
    original: str = ""
    planted: str = ""
    # what the head says, where that is the error: of the period, of the unit of measure
    said_period: str | None = None
    said_unit: str | None = None
    # what is done to the sheet once it is written: the row emptied, the column with its header too,
    # the cell overwritten
    edit: str = ""


@dataclass(frozen=True)
class Form:
    """What a planter may look at: the form as filled, and as filled for the period before."""

    contract: Contract
    period_key: str
    values: Mapping[Key, Value]
    previous: Mapping[Key, Value]
    choose: Callable[[Sequence[Key]], Key | None]
    unit: str = ""
    # cells whose untruth shows in the sum over the communes
    summed: frozenset[Key] = frozenset()


def column_of(form: Form, place: Key) -> Column:
    return form.contract.tables[place[0] - 1].column(place[2])


def tables_of(form: Form) -> list[tuple[int, Table]]:
    return list(enumerate(form.contract.tables, start=1))


def named(form: Form, rule: str) -> set[str]:
    """The columns that the checks of a rule look at."""
    return {
        name for check in form.contract.checks if check.rule == rule for name in check.named_fields
    }


def amounts(form: Form, *, least: int = 20, fields: set[str] | None = None) -> list[Key]:
    """Filled value cells above a size, so that a change is more than rounding."""
    return [
        place
        for place, value in form.values.items()
        if isinstance(value, Decimal)
        and value >= least
        and column_of(form, place).role == "value"
        and (fields is None or place[2] in fields)
    ]


def changed(form: Form, kind: str, place: Key | None, value: Value | None) -> Spoiled | None:
    if place is None:
        return None
    original = form.values.get(place)
    values = dict(form.values)
    if value is None:
        values.pop(place, None)
    else:
        values[place] = value
    return Spoiled(kind, values, place, shown(original), shown(value))


def shown(value: Value | None) -> str:
    return "" if value is None else str(value)


def line_of(form: Form, place: Key) -> Line | None:
    """The printed line of a place, where it is on one."""
    table = form.contract.tables[place[0] - 1]
    return next((line for line in table.lines if line.code == place[1]), None)
