"""What was really reported: every cell of a submission, from the values that were written.

Nothing here comes from a reader: figures come from the simulator, totals and ratios from the
template's own arithmetic, codes from the seeds that the labels were taken from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache

from ingest import reference
from ingest.contract import Column, Contract, Table, all_contracts
from ingest.expected import reports
from ingest.period import period_of
from ingest.simulation.fill import Filler, Value
from ingest.simulation.model import read_model
from ingest.simulation.projects import Projects
from ingest.simulation.world import World
from ingest.template import previous_period
from ingest.template_values import TableValues, total_columns

# table from 1, line code or number of the record as text from "1", field
Key = tuple[int, str, str]
SIGNS = {">=": ">=", "≥": ">=", "<=": "<=", "≤": "<=", "=": "=", ">": ">", "<": "<", "≈": "~"}
SPAN = "2021..2025"


@dataclass(frozen=True)
class TrueCell:
    """One cell: a number in a unit, a nil mark's state, a day, a code or a text; one of them."""

    number: Decimal | None = None
    unit_code: str | None = None
    nil: str | None = None
    day: date | None = None
    code: str | None = None
    text: str | None = None


@dataclass
class Truth:
    """One submission: a unit's form of a period. `before` are the numbers of the period before,
    which the reader may know too."""

    contract: Contract
    unit_code: str
    period_key: str
    cells: dict[Key, TrueCell]
    rows: dict[int, list[str]]  # the rows of each table, as printed
    before: Mapping[Key, Decimal] = field(default_factory=dict)
    previous_key: str | None = None

    def table(self, number: int) -> Table:
        return self.contract.tables[number - 1]

    def column(self, key: Key) -> Column:
        return self.table(key[0]).column(key[2])


@cache
def filler(seed: int = 1) -> Filler:
    world = World(seed, read_model())
    return Filler(world, Projects(world))


@cache
def forms() -> tuple[Contract, ...]:
    """Every form, in its newest version."""
    newest = {contract.form: contract for contract in all_contracts()}
    return tuple(newest.values())


@cache
def senders(form: str) -> tuple[str, ...]:
    contract = next(contract for contract in forms() if contract.form == form)
    return tuple(unit for unit in reference.reporting_units() if reports(contract, unit))


@cache
def periods(frequency: str) -> tuple[str, ...]:
    """The periods that are sent mangled; the one before each is sent clean, as the history."""
    years = range(2026, 2037)
    match frequency:
        case "month":
            return tuple(f"{year}-{month:02d}" for year in years for month in (2, 4, 6, 8, 10, 12))
        case "quarter":
            return tuple(f"{year}-Q{quarter}" for year in years for quarter in (2, 4))
        case "year":
            return tuple(f"{year}" for year in years if year % 2 == 1)
    return (SPAN,)


def _filled(contract: Contract, unit: str, period_key: str) -> dict[Key, Value]:
    """The simulator's values. It is not made for the forms of several years: a share that it fills
    like an amount is brought within the column's limits."""
    values = filler().values(contract, unit, period_key)
    for (number, row, field_name), value in values.items():
        column = contract.tables[number - 1].column(field_name)
        if isinstance(value, Decimal) and column.max is not None and value > column.max:
            # small enough for parts of one whole too
            values[number, row, field_name] = value % (column.max / 20)
    for number, table in enumerate(contract.tables, start=1):
        if table.rows.kind == "records":
            values = _named_once(number, table, values)
    return values


def _named_once(
    number: int, table: Table, values: Mapping[tuple[int, str, str], Value]
) -> dict[Key, Value]:
    """Without the records whose key an earlier one has: the simulator draws the words of trade."""
    rows = sorted({row for table_no, row, _ in values if table_no == number}, key=int)
    named: dict[tuple[Value | None, ...], str] = {}
    for row in rows:
        named.setdefault(tuple(values.get((number, row, field)) for field in table.rows.key), row)
    kept = set(named.values())
    return {key: value for key, value in values.items() if key[0] != number or key[1] in kept}


@cache
def true_form(form: str, unit: str, period_key: str) -> Truth:
    """A filled form. Shared between callers: take a copy (`copied`) before changing it."""
    contract = next(contract for contract in forms() if contract.form == form)
    values = _filled(contract, unit, period_key)
    cells: dict[Key, TrueCell] = {}
    rows: dict[int, list[str]] = {}
    for number, table in enumerate(contract.tables, start=1):
        computed = TableValues(number, table, values, total_columns(contract))
        rows[number] = _rows(number, table, unit, values)
        lines = {line.code: line for line in table.lines}
        for row in rows[number]:
            line = lines.get(row)
            if line is not None and line.children == "heading":
                continue
            for column in table.columns:
                value = computed.value(row, column)
                if value is None:
                    continue
                unit_code = column.unit or (line.unit_code if line else None)
                if column.unit is None and (number, row, "unit") in values:
                    unit_code = _unit_named(str(values[number, row, "unit"]))
                cells[number, row, column.field] = _cell(column, value, unit_code, period_key)
    previous = previous_period(period_key)
    before: dict[Key, Decimal] = {}
    if previous is not None and contract.is_in_force(period_of(previous).end):
        same = _rows_of(contract, values, _filled(contract, unit, previous))
        before = {
            (key[0], same[key[:2]], key[2]): cell.number
            for key, cell in true_form_cells(form, unit, previous).items()
            if cell.number is not None and key[:2] in same
        }
    else:
        previous = None
    return Truth(contract, unit, period_key, cells, rows, before, previous)


@cache
def true_form_cells(form: str, unit: str, period_key: str) -> Mapping[Key, TrueCell]:
    """The cells alone, without looking at the period before."""
    contract = next(contract for contract in forms() if contract.form == form)
    values = _filled(contract, unit, period_key)
    cells: dict[Key, TrueCell] = {}
    for number, table in enumerate(contract.tables, start=1):
        computed = TableValues(number, table, values, total_columns(contract))
        for row in _rows(number, table, unit, values):
            for column in table.columns:
                value = computed.value(row, column)
                if isinstance(value, Decimal):
                    cells[number, row, column.field] = TrueCell(number=value)
    return cells


def _rows_of(
    contract: Contract,
    now: Mapping[tuple[int, str, str], Value],
    then: Mapping[tuple[int, str, str], Value],
) -> dict[tuple[int, str], str]:
    """Which row of now a row of then is: a line by its code, a record by its key, wherever it
    stands. A record that has another key now (a new dossier) is another thing."""
    same: dict[tuple[int, str], str] = {}
    for number, table in enumerate(contract.tables, start=1):
        if table.rows.kind == "lines":
            same |= {(number, line.code): line.code for line in table.lines}
        else:
            rows_now = {key: row for row, key in _keys(number, table, now).items()}
            found = _keys(number, table, then).items()
            same |= {(number, row): rows_now[key] for row, key in found if key in rows_now}
    return same


def _keys(
    number: int, table: Table, values: Mapping[tuple[int, str, str], Value]
) -> dict[str, tuple[Value | None, ...]]:
    rows = {row for table_no, row, _ in values if table_no == number}
    return {row: tuple(values.get((number, row, name)) for name in table.rows.key) for row in rows}


def copied(truth: Truth) -> Truth:
    return Truth(
        truth.contract,
        truth.unit_code,
        truth.period_key,
        dict(truth.cells),
        {number: list(rows) for number, rows in truth.rows.items()},
        truth.before,
        truth.previous_key,
    )


def _rows(
    number: int, table: Table, unit: str, values: Mapping[tuple[int, str, str], Value]
) -> list[str]:
    if table.rows.kind == "lines":
        return [line.code for line in table.lines_of(unit)]
    return sorted({row for table_no, row, _ in values if table_no == number}, key=int)


def _cell(column: Column, value: Value, unit_code: str | None, period_key: str) -> TrueCell:
    if isinstance(value, Decimal):
        return TrueCell(number=value, unit_code=unit_code)
    if isinstance(value, date):
        return TrueCell(day=value)
    match column.type:
        case "code":
            return TrueCell(code=_code_named(column.list or "", value), text=value)
        case "unit":
            return TrueCell(code=_unit_named(value), text=value)
        case "comparator":
            return TrueCell(code=SIGNS[value], text=value)
        case "period":
            return TrueCell(code=period_key, text=value)
    return TrueCell(text=value)


def _unit_named(text: str) -> str:
    return next(unit.code for unit in reference.units().values() if unit.name_vi == text)


def _code_named(list_name: str, text: str) -> str:
    """The code whose label was written; other lists are written as codes."""
    try:
        labels = reference.vocabulary(list_name)
    except KeyError:
        return text
    return next((code for code, label in labels.items() if label == text), text)
