"""Ways through a case that many habits need: its tables, its figures, its labels."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ingest.contract import Column
from tests.mangler.case import Case
from tests.mangler.paper import Ink, PaperColumn, PaperRow, PaperSheet, PaperTable
from tests.mangler.truth import Key


def form_sheets(case: Case) -> list[PaperSheet]:
    return [sheet for sheet in case.book.sheets if sheet.tables]


def tables(case: Case) -> list[PaperTable]:
    return [table for sheet in case.book.sheets for table in sheet.tables]


def declared(table: PaperTable, column: PaperColumn) -> Column:
    return table.truth.table(table.number).column(column.field or "")


def numeric_columns(table: PaperTable) -> list[PaperColumn]:
    """Columns of figures that have at least one."""
    return [
        column
        for column in table.columns
        if column.field is not None
        and declared(table, column).is_numeric
        and any(ink.number is not None for _, ink in table.column_inks(column))
    ]


def figures(table: PaperTable, column: PaperColumn) -> list[tuple[Key, Ink]]:
    """The cells of a column that are still plain numbers."""
    return [(key, ink) for key, ink in table.column_inks(column) if ink.kind == "number"]


def value_figures(case: Case) -> Iterator[tuple[PaperTable, Key, Ink]]:
    """Figures that become facts or checks, still plain numbers."""
    for table in tables(case):
        for column in numeric_columns(table):
            if declared(table, column).role == "value":
                for key, ink in figures(table, column):
                    yield table, key, ink


def labels(table: PaperTable) -> list[tuple[PaperRow, Ink]]:
    """The label cells of printed lines."""
    found = []
    for row in table.rows:
        for column in table.columns:
            if row.row is None or column.field is None:
                continue
            ink = row.cells.get(id(column))
            if ink is not None and declared(table, column).role == "line":
                found.append((row, ink))
    return found


def column_of_role(table: PaperTable, role: str) -> PaperColumn | None:
    return next(
        (
            column
            for column in table.columns
            if column.field is not None and declared(table, column).role == role
        ),
        None,
    )


def unit_of(table: PaperTable, key: Key) -> str | None:
    """The unit that a figure is shown in: the money columns' own where these were changed."""
    cell = table.truth.cells.get(key)
    column = table.truth.column(key)
    if column.type == "money" and table.money_unit is not None:
        return table.money_unit
    return cell.unit_code if cell else None


def plain(number: Decimal) -> str:
    """All digits, with a point."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
