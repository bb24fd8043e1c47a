"""Where a commune's figure is a part of one that the province reports of the same period: an untrue
commune shows there, and only there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from ingest import reference
from ingest.contract import Column, Contract, all_contracts
from ingest.period import period_of
from ingest.simulation.fill import Key
from ingest.simulation.lines import aggregations
from ingest.template import due_forms

Quantity = tuple[str, str, str, str]  # fact, indicator, measure, period
FLOWS = {"level": "level", "outturn": "level", "projected": "level", "settled": "level",
         "cumulative": "cumulative", "outturn_cumulative": "cumulative"}  # fmt: skip


def quantities(contract: Contract, unit: str, period_key: str) -> Iterator[tuple[Key, Quantity]]:
    """The cells of a form that state a whole quantity which adds up over communes."""
    for number, table in enumerate(contract.tables, start=1):
        if table.rows.kind != "lines":
            continue
        columns = [column for column in table.columns if _is_whole(column)]
        for line in table.lines_of(unit):
            code = line.indicator_code
            if code is None or aggregations().get(code) != "sum" or line.dimensions:
                continue
            for column in columns:
                measure = FLOWS[column.measure or ""]
                if period_of(period_key).kind == "year":  # a year's sum is its level
                    measure = "level"
                fact = column.fact or contract.fact
                yield (number, line.code, column.field), (fact, code, measure, period_key)


def _is_whole(column: Column) -> bool:
    return (
        column.role == "value"
        and column.measure in FLOWS
        and column.period is None
        and not column.dimensions
    )


@cache
def reporters(month: str) -> dict[Quantity, list[tuple[Contract, str, str]]]:
    """Who states a quantity of the whole province at the end of a month: form, unit and period."""
    found: dict[Quantity, list[tuple[Contract, str, str]]] = {}
    for unit in agencies():
        for contract, period_key in due_forms(simulated_contracts(), unit, month):
            stated: Iterable[Quantity] = (q for _, q in quantities(contract, unit, period_key))
            for quantity in dict.fromkeys(stated):
                found.setdefault(quantity, []).append((contract, unit, period_key))
    return found


def simulated_contracts() -> list[Contract]:
    """The forms that come period by period; what is published once is not simulated."""
    return [c for c in all_contracts() if c.reporting.frequency != "span"]


def agencies() -> tuple[str, ...]:
    """The units whose figures are the province's."""
    units = reference.reporting_units().values()
    return tuple(u.code for u in units if u.level not in ("nation", "province", "commune"))
