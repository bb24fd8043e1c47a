"""Templates of every declared form, filled in: a figure in every open cell, sums by formula."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from ingest import reference
from ingest.contract import Column, Contract
from ingest.expected import reports
from ingest.extract import submissions_of
from ingest.reading import ReadFile, ReadSubmission
from ingest.template import FilledForm, write_workbook
from ingest.template_values import Key, Value
from ingest.workbook import read_workbook

# first periods of a year, where a cumulative figure is the period's own
PERIODS = {
    "month": "2026-01", "quarter": "2026-Q1", "year": "2026", "span": "2021..2025", "once": "2026",
}  # fmt: skip
FIGURE = Decimal("10")


def sender_of(contract: Contract) -> str:
    return next(unit for unit in reference.reporting_units() if reports(contract, unit))


def filled(contract: Contract, *, simulated: bool = False) -> FilledForm:
    """A figure in every cell of a line, and one record where rows name themselves."""
    unit = sender_of(contract)
    values: dict[Key, Value] = {}
    for number, table in enumerate(contract.tables, start=1):
        if table.rows.kind == "records":
            for column in table.columns:
                if (value := _record_value(column, unit)) is not None:
                    values[number, "1", column.field] = value
            continue
        parts = table.parts_of()
        for line in table.lines_of(unit):
            for column in table.columns:
                is_sum = line.code in parts and column.type != "percent"
                if not column.is_numeric or column.formula is not None or is_sum:
                    continue
                if line.children != "heading" and column.is_asked_of(line):
                    values[number, line.code, column.field] = _figure(column)
    return FilledForm(contract, unit, PERIODS[contract.reporting.frequency], values, {}, simulated)


def _figure(column: Column) -> Decimal:
    figure = max(FIGURE, column.min) if column.min is not None else FIGURE
    return min(figure, column.max) if column.max is not None else figure


def _record_value(column: Column, unit: str) -> Value | None:
    if column.formula is not None or column.role == "bound":
        return None
    if column.is_numeric:
        return _figure(column)
    if column.list == "reporting_unit":
        return unit
    match column.type:
        case "code":
            return next(iter(reference.coded_list(column.list or "").values()))
        case "date":
            return date(2026, 3, 31)
        case "period":
            return "2025"
        case "unit":
            return "ha"
        case "comparator":
            return "="
    return f"Nội dung của {column.field}"


def written(path: Path, form: FilledForm) -> tuple[Path, dict[Key, str]]:
    """The form's workbook, and its cells' addresses by (table, row, field)."""
    addresses = write_workbook(path, [form])
    return path, {key[1:]: address for key, address in addresses.items()}


def read(path: Path, contracts: list[Contract]) -> ReadFile:
    return submissions_of(read_workbook(path), contracts)


def values_by_key(submission: ReadSubmission, contract: Contract) -> dict[Key, object]:
    """What was read, by (table, row, field): number, code or text; blank cells are left out."""
    fields = {(c.area_no, c.col_no): c.field for c in submission.columns}
    tables = {area.area_no: area.table_no for area in submission.areas}
    counted: dict[int, int] = {}
    keys: dict[tuple[int, int], str] = {}
    for row in submission.rows:
        table = tables[row.area_no]
        counted[table] = counted.get(table, 0) + 1
        keys[row.area_no, row.row_no] = row.line_code or str(counted[table])
    found: dict[Key, object] = {}
    for cell in submission.cells:
        value = cell.number if cell.number is not None else cell.code or cell.text
        if value is not None:
            key = (
                tables[cell.area_no],
                keys[cell.area_no, cell.row_no],
                fields[cell.area_no, cell.col_no],
            )
            found[key] = value
    return found
