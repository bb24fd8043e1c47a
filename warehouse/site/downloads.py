"""The tables of a page as files: a CSV each, one workbook with a sheet each, JSON beside the page.

What comes from cells is hostile: no text becomes a formula, in the workbook or in a program that
opens the CSV.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from warehouse.outputs.spreadsheets import MartColumn, new_workbook, write_table

_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True)
class Table:
    """A table of a page: its columns with their types in the database, and rows of values."""

    id: str
    title: str
    query: str
    columns: tuple[tuple[str, str, str], ...]  # name, heading, data type
    rows: tuple[tuple[Any, ...], ...]


def write_csv(path: Path, table: Table) -> None:
    """UTF-8 with a mark, so that Excel takes it for what it is; numbers with a decimal point."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading for _, heading, _ in table.columns)
        writer.writerows([_harmless(value) for value in row] for row in table.rows)


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value


def sheet_names(tables: Sequence[Table]) -> list[str]:
    """The names of the sheets of a workbook of these tables."""
    names: list[str] = []
    for table in tables:
        names.append(_sheet_name(table.title, names))
    return names


def write_workbook(path: Path, tables: Sequence[Table], line: str, as_of: datetime) -> None:
    """One workbook, a sheet for each table."""
    book, formats = new_workbook(path, tables[0].title, as_of)
    for table, name in zip(tables, sheet_names(tables), strict=True):
        columns = [
            MartColumn(column, data_type, heading, heading, {})
            for column, heading, data_type in table.columns
        ]
        write_table(book.add_worksheet(name), table.title, line, columns, table.rows, formats)
    book.close()


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    """At most 31 characters, as Excel wants it, no word cut, and none twice (whatever the case)."""
    bare = " ".join(_NOT_IN_SHEET_NAMES.sub(" ", title).split())
    name, number = _cut(bare, 31), 1
    while name.lower() in {other.lower() for other in taken}:
        number += 1
        end = f" ({number})"
        name = _cut(bare, 31 - len(end)) + end
    return name


def _cut(text: str, most: int) -> str:
    """So many words that they fit; of a word that alone is too long its beginning."""
    if len(text) <= most:
        return text
    return (text[: most + 1].rpartition(" ")[0] or text[:most]).rstrip(" ,;")


def write_json(path: Path, head: dict[str, Any], tables: Sequence[Table]) -> None:
    """The tables as they came from the queries; decimals as numbers, dates in ISO form."""
    content = head | {
        "tables": [
            {
                "id": table.id,
                "title": table.title,
                "query": table.query,
                "columns": [
                    {"name": name, "heading": heading} for name, heading, _ in table.columns
                ],
                "rows": table.rows,
            }
            for table in tables
        ]
    }
    text = json.dumps(content, ensure_ascii=False, default=plain, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """What JSON has no type for."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value))
