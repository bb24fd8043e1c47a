"""Sums taken straight from simulated workbooks, with openpyxl and the contracts' YAML alone.

No code of the reader: a template's columns stand in the order of its contract, below the row of
column numbers, and its hidden sheet says whose form of which period each sheet is.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import yaml

PROJECT = Path(__file__).resolve().parents[2]
_INDEX = re.compile(r"A|B|\d{1,2}(=.*)?")
# Đơn vị tính: triệu USD; riêng dòng “Phương tiện”: xe
_UNIT_LINE = re.compile(r"Đơn vị tính: ([^;]+)(.*)")
_UNIT_OF_LINE = re.compile(r"riêng dòng “(.+?)”: ([^;]+)")


@dataclass(frozen=True)
class Figure:
    """One number in a workbook: what it is about, and its amount in the base unit."""

    form: str
    sender: str
    period: str
    measure: str
    label: str
    project: str
    amount: Decimal
    is_said_again: bool


def figures(inbox: Path) -> Iterator[Figure]:
    """Every number under a value column of every simulated workbook below `inbox`."""
    forms = {
        content["form"]: content
        for content in map(_yaml, sorted((PROJECT / "ingest/contracts").glob("*.yml")))
    }
    factors, measures = _factors(), _measures()
    for path in sorted(inbox.rglob("*.xlsx")):
        book = openpyxl.load_workbook(path, data_only=True)
        for sheet, form, _, sender, period, *_ in list(book["_kho"].values)[1:]:
            contract = forms[form.replace("-", "_")]
            rows = list(book[sheet].values)
            yield from _figures(rows, contract, sender, period, factors, measures)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _factors() -> dict[str, Decimal]:
    """By code and by Vietnamese name, as a sheet says it: how many base units a unit is."""
    with (PROJECT / "dbt_project/seeds/unit_of_measure.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name.casefold(): Decimal(row["factor"])
        for row in rows
        for name in (row["unit_code"], row["name_vi"], *row["aliases_vi"].split("|"))
    }


def _measures() -> dict[str, str]:
    """The code of a measure by its Vietnamese name, as a cell says it."""
    with (PROJECT / "dbt_project/seeds/vocabulary.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["list_code"] == "measure"]
    return {row["label_vi"]: row["code"] for row in rows}


def _figures(
    rows: list[tuple[Any, ...]],
    contract: dict[str, Any],
    sender: str,
    period: str,
    factors: dict[str, Decimal],
    measures: dict[str, str],
) -> Iterator[Figure]:
    stated = [_UNIT_LINE.fullmatch(str(value)) for row in rows[:10] for value in row]
    unit_of_sheet, others = next((match.groups() for match in stated if match), ("", ""))
    unit_of_line = dict(_UNIT_OF_LINE.findall(others))
    first = next(no for no, row in enumerate(rows) if _is_index(row)) + 1
    at = 0
    for table in contract["tables"]:
        columns = table["columns"]
        for row in rows[first:]:
            cells = dict(zip((c["field"] for c in columns), row[at:], strict=False))
            name = next((c["field"] for c in columns if c["role"] == "line"), None)
            for column in columns:
                value = cells.get(column["field"])
                if column["role"] != "value" or not isinstance(value, int | float):
                    continue
                label = str(cells.get(name) or "")
                unit = (
                    column.get("unit")
                    or cells.get("unit")
                    or unit_of_line.get(label, unit_of_sheet)
                )
                measure = cells.get("measure") or column.get("measure", "level")
                yield Figure(
                    contract["form"],
                    sender,
                    period,
                    measures.get(measure, measure),
                    label,
                    str(cells.get("project_code") or ""),
                    Decimal(repr(value)) * factors.get(unit.casefold(), Decimal(1)),
                    "period" in column,
                )
        at += len(columns)


def _is_index(row: tuple[Any, ...]) -> bool:
    filled = [str(value) for value in row if value is not None]
    return len(filled) > 1 and all(_INDEX.fullmatch(value) for value in filled)


def sums(found: list[Figure], by: tuple[str, ...]) -> dict[tuple[str, ...], Decimal]:
    """Sums by form, sender, measure and `by`. What is said again with every report counts as the
    last report says it."""
    last: dict[tuple[str, str], str] = {}
    for figure in found:
        key = figure.form, figure.sender
        last[key] = max(last.get(key, ""), figure.period)
    total: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for figure in found:
        if figure.is_said_again and figure.period != last[figure.form, figure.sender]:
            continue
        key = figure.form, figure.sender, figure.measure, *(getattr(figure, name) for name in by)
        total[key] += figure.amount
    return dict(total)
