"""An official form filled from the published facts: the layout that units send, totals as formulas.

Which fact belongs in a cell follows from the contract: the line, and the measure, period and
dimensions that the column fixes, exactly as a cell becomes a fact when a form is read
(dbt_project/models/staging).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from ingest import reference
from ingest.contract import Column, Contract, Table
from ingest.period import related
from ingest.template import FilledForm
from ingest.template_values import Key, Value
from warehouse.connection import holds_simulated

# what a figure is about beside unit and period, and what holds where line and column are silent
_DIMENSIONS: Mapping[str, Mapping[str, str | None]] = {
    "budget": {"budget_level": "all"},
    "trade": {"direction": "both"},
    "investment": {"source_code": "all"},
    "indicator": {},
}
_VALUE = {
    "budget": "amount_vnd",
    "trade": "coalesce(value_usd, quantity)",
    "investment": "coalesce(amount_vnd, amount_usd, quantity)",
    "indicator": "value",
}
# a line of trade has its value in dollars beside numbers of vehicles and declarations
_UNIT = {
    "budget": "'vnd'",
    "trade": "case when value_usd is not null then 'usd' else coalesce(quantity_unit, '') end",
    "investment": "case when amount_vnd is not null then 'vnd' "
    "when amount_usd is not null then 'usd' else coalesce(quantity_unit, '') end",
    "indicator": "coalesce(value_unit, '')",
}


class NotExportable(ValueError):
    """A form that cannot be filled from facts; the text says why, in Vietnamese."""


@dataclass(frozen=True)
class Export:
    """A form to write, with how many of its cells have a figure and how many have none."""

    form: FilledForm
    filled: int
    missing: int


def official_form(
    connection: duckdb.DuckDBPyConnection, contract: Contract, unit_code: str, period_key: str
) -> Export:
    """Fill a form of a unit and period from the current facts of a published file.

    Raises NotExportable for a form of targets or of free lists, and where no figure is known.
    """
    if contract.fact not in _VALUE:
        raise NotExportable(f"Biểu {contract.code_on_paper} không phải biểu số liệu thực hiện")
    facts = _Facts(connection, contract, unit_code, period_key)
    values: dict[Key, Value] = {}
    for number, table in enumerate(contract.tables, start=1):
        if table.rows.kind == "lines":
            values.update(_of_lines(facts, contract, table, number))
        elif set(table.rows.key) <= {"project_code", "source_code"}:
            values.update(_of_projects(facts, contract, table, number))
        else:
            raise NotExportable(
                f"Biểu {contract.code_on_paper} là danh sách tự do, kho không lập lại được"
            )
    figures = sum(isinstance(value, Decimal) for value in values.values())
    if not figures:
        raise NotExportable(
            f"Kho chưa có số liệu nào của biểu {contract.code_on_paper} cho đơn vị và kỳ này"
        )
    asked = sum(
        column.role == "value" and column.is_asked_of(line)
        for table in contract.tables
        for line in table.lines_of(unit_code)
        for column in table.columns
    )
    form = FilledForm(
        contract, unit_code, period_key, values,
        is_simulated=holds_simulated(connection), to_print=True,
    )  # fmt: skip
    return Export(form, figures, max(asked - figures, 0))


def _of_lines(
    facts: _Facts, contract: Contract, table: Table, number: int
) -> Iterator[tuple[Key, Value]]:
    for line in table.lines_of(facts.unit_code):
        for column in table.columns:
            if column.role != "value" or not column.is_asked_of(line):
                continue
            unit = column.unit or line.unit_code or _unit_of_indicator(line)
            value = facts.of_line(line, column, unit)
            if value is not None:
                yield (number, line.code, column.field), _in_unit(value, unit)


def _of_projects(
    facts: _Facts, contract: Contract, table: Table, number: int
) -> Iterator[tuple[Key, Value]]:
    for row_no, row in enumerate(facts.project_rows(), start=1):
        for column in table.columns:
            value: Value | None = None
            if column.role == "value":
                figure = facts.of_project(row, column)
                value = _in_unit(figure, column.unit) if figure is not None else None
            elif column.role == "milestone":
                value = facts.milestone_of(row, column)
            elif column.role == "dimension":
                value = _label(column, row.get(column.field))
            elif column.role == "label" and column.field == "ordinal":
                value = Decimal(row_no)
            if value is not None:
                yield (number, str(row_no), column.field), value


class _Facts:
    """The current figures about a unit, looked up by what a cell is about."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        unit_code: str,
        period_key: str,
    ) -> None:
        self.connection = connection
        self.contract = contract
        self.unit_code = unit_code
        self.period_key = period_key
        units = reference.reporting_units()
        # what an agency reports is about the province
        self.data_unit = (
            unit_code
            if units[unit_code].level in ("commune", "ward")
            else next(unit.code for unit in units.values() if unit.level == "province")
        )
        self._found: dict[str, dict[tuple[Any, ...], Decimal]] = {}

    def of_line(
        self, line: reference.Line, column: Column, unit_code: str | None
    ) -> Decimal | None:
        fact = column.fact or self.contract.fact
        dimensions = tuple(
            column.dimensions.get(name)
            or line.dimension(name)
            or self.contract.dimensions.get(name)
            or default
            for name, default in _DIMENSIONS[fact].items()
        )
        base = related(self.period_key, column.base_period) if column.base_period else None
        unit = reference.units().get(unit_code or "")
        for name in (line.indicator_code, line.code):
            about = (name, column.measure or "level", self._period(column), base, *dimensions)
            key = (*about, unit.base_code if unit is not None else "")
            if name is not None and key in self._figures(fact):
                return self._figures(fact)[key]
        return None

    def project_rows(self) -> Sequence[dict[str, Any]]:
        """Project and source of every row of the unit's last report, with what is known of them."""
        cursor = self.connection.execute(
            """
            select distinct
                fact.project_code, fact.source_code, fact.stage_group, project.project_name,
                project.project_class, project.investor_name
            from fct_investment as fact
            left join dim_project as project on fact.project_code = project.project_code
            where
                fact.is_current and fact.project_code is not null and fact.form_code = ?
                and fact.reporter_unit_code = ? and fact.period_key = ?
            order by fact.project_code, fact.source_code
            """,
            [self.contract.form, self.unit_code, self.period_key],
        )
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def of_project(self, row: Mapping[str, Any], column: Column) -> Decimal | None:
        found = self.connection.execute(
            f"""
            select {_VALUE["investment"]} from fct_investment
            where
                is_current and project_code = ? and source_code = ? and measure = ?
                and period_key = ? and reporter_unit_code = ?
            order by form_code = ? desc, statement_no limit 1
            """,
            [
                row["project_code"], row["source_code"], column.measure or "level",
                self._period(column), self.unit_code, self.contract.form,
            ],
        ).fetchone()  # fmt: skip
        return Decimal(found[0]) if found and found[0] is not None else None

    def milestone_of(self, row: Mapping[str, Any], column: Column) -> date | None:
        found = self.connection.execute(
            """
            select date_value from fct_milestone
            where is_current and project_code = ? and milestone = ? and milestone_state = ?
            order by form_code = ? desc, period_key desc, statement_no limit 1
            """,
            [row["project_code"], column.milestone, column.milestone_state, self.contract.form],
        ).fetchone()
        return found[0] if found else None

    def _period(self, column: Column) -> str | None:
        if column.period is None:
            return self.period_key
        return related(self.period_key, column.period) or column.period

    def _figures(self, fact: str) -> dict[tuple[Any, ...], Decimal]:
        """All of the unit's figures of a fact table: what, measure, period, base, dimensions."""
        if fact not in self._found:
            names = list(_DIMENSIONS[fact])
            is_of_lines = fact in ("budget", "trade")
            what = "coalesce(line_code, indicator_code)" if is_of_lines else "indicator_code"
            base = "base_period_key" if fact in ("indicator", "trade") else "null"
            alone = " and project_code is null" if fact == "investment" else ""
            rows = self.connection.execute(
                f"""
                select
                    {", ".join((what, "measure", "period_key", base, *names, _UNIT[fact]))},
                    {_VALUE[fact]} as value
                from fct_{fact}
                where is_current and unit_code = ? and value is not null{alone}
                -- the last one found counts: the form's own word before another form's
                order by form_code = ?, statement_no desc
                """,
                [self.data_unit, self.contract.form],
            ).fetchall()
            self._found[fact] = {tuple(key): Decimal(value) for *key, value in rows}
        return self._found[fact]


def _in_unit(value: Decimal, unit_code: str | None) -> Decimal:
    """A value in base units, as a form in `unit_code` prints it."""
    unit = reference.units().get(unit_code or "")
    printed = value / unit.factor if unit is not None else value
    return printed.normalize() if printed else Decimal(0)


def _unit_of_indicator(line: reference.Line) -> str | None:
    indicator = reference.indicators().get(line.indicator_code or "")
    return indicator["unit_code"] if indicator else None


def _label(column: Column, code: str | None) -> str | None:
    if code is None or column.list is None:
        return code
    try:
        return reference.vocabulary(column.list).get(code, code)
    except KeyError:
        return code
