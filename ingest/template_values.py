"""What a form's cells hold: typed values, and what totals and formulas make of them.

The template writes each formula with this result as its cached value, so that a reader without a
calculator sees the same figures as Excel does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ingest.contract import Column, Contract, Table, TotalsCheck
from ingest.formula import Formula

Value = Decimal | str | date
Key = tuple[int, str, str]
RATIO_DIGITS = Decimal("0.01")


def total_columns(contract: Contract) -> frozenset[str]:
    """The columns whose totals a contract checks; others (rates, quantities of several units) do
    not add up over lines."""
    return frozenset(
        field
        for check in contract.checks
        if isinstance(check, TotalsCheck)
        for field in check.columns
    )


class TableValues:
    """The values of one table: what was typed, else what its total or formula gives."""

    def __init__(
        self, number: int, table: Table, typed: Mapping[Key, Value], added: frozenset[str]
    ) -> None:
        """`added`: the columns that add up over lines (total_columns of the contract)."""
        self.number = number
        self.added = added
        self.table = table
        self.typed = typed
        self.parts = table.parts_of()
        self.lines = {line.code: line for line in table.lines}
        self._computed: dict[tuple[str, str], Decimal | None] = {}

    def is_computed(self, row: str, column: Column) -> bool:
        """Whether the template computes the cell: a formula, or a total that was not typed."""
        if not column.is_numeric or column.role in ("label", "bound"):
            return False
        if column.formula is not None:
            return self._agrees(row, column)
        return self.is_total(row, column) and self._agrees(row, column)

    def is_total(self, row: str, column: Column) -> bool:
        """A line with all its parts, in a column that the contract adds up."""
        return row in self.parts and column.field in self.added

    def is_asked(self, row: str, field: str) -> bool:
        """Whether the row's line has anything to say in the column."""
        line = self.lines.get(row)
        return line is None or self.table.column(field).is_asked_of(line)

    def _agrees(self, row: str, column: Column) -> bool:
        typed = self.typed.get((self.number, row, column.field))
        return typed is None or typed == self.computed(row, column)

    def value(self, row: str, column: Column) -> Value | None:
        """What the cell shows."""
        typed = self.typed.get((self.number, row, column.field))
        if typed is not None:
            return typed
        return self.computed(row, column) if self.is_computed(row, column) else None

    def computed(self, row: str, column: Column) -> Decimal | None:
        """The result of the cell's formula, or None where too little is filled in."""
        key = (row, column.field)
        if key not in self._computed:
            formula = column.parsed_formula
            if formula is not None:
                self._computed[key] = self._formula(row, column, formula)
            else:
                self._computed[key] = self._total(row, column)
        return self._computed[key]

    def _total(self, row: str, column: Column) -> Decimal | None:
        found = [
            part.sign * value
            for part in self.parts.get(row, ())
            if (value := self._number(part.code, column)) is not None
        ]
        return sum(found, start=Decimal(0)) if found else None

    def _formula(self, row: str, column: Column, formula: Formula) -> Decimal | None:
        def read(field: str) -> Decimal | None:
            if not self.is_asked(row, field):
                return Decimal(0)
            return self._number(row, self.table.column(field))

        result: Decimal | None = formula.value(read, Decimal)
        if result is None:
            return None
        if column.type == "percent" and formula.is_ratio:
            result *= 100
        return result.quantize(RATIO_DIGITS, ROUND_HALF_UP) if formula.has_ratio else result

    def _number(self, row: str, column: Column) -> Decimal | None:
        value = self.value(row, column)
        return value if isinstance(value, Decimal) else None
