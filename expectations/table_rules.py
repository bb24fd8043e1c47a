"""Rules over one table of one submission: totals, formulas, limits, unique rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from expectations.batch import Batch, Breach, Row, mark
from expectations.interval import Interval, Unbounded
from expectations.numbers import cell_address, vietnamese
from ingest.contract import (
    Column,
    FormulasCheck,
    PartsWithinCheck,
    TotalsCheck,
    UniqueRowsCheck,
    WithinCheck,
)
from ingest.formula import Formula
from ingest.normalise import NUMBER

HUNDRED = Interval.exactly(100)


def _tables(rows: Sequence[Row]) -> Iterator[dict[str, Row]]:
    """The rows of every table with fixed lines, by line."""
    found: dict[tuple[int, int], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.line_code:
            found[row.submission_no, row.table_no][row.line_code] = row
    yield from found.values()


def _address(row: Row, field: str, sheet: str | None = None) -> str:
    """The cell's address, with its sheet where that is another than the finding's."""
    address = cell_address(row.row_no, row.cells[field][1].col_no)
    return address if sheet is None or sheet == row.sheet else f"{row.sheet}!{address}"


def distance(stated: Interval, wanted: Interval) -> float:
    """How far two intervals are from having a number in common; 0 where they have one."""
    residual = stated - wanted
    slack = 1e-12 * max(abs(wanted.low), abs(stated.low), 1.0)  # decimal digits in binary
    if residual.low < residual.high:  # of large numbers it must stay far below the last digit
        slack = min(slack, (residual.high - residual.low) / 1000)
    if residual.contains(0.0, slack):
        return 0.0
    # where only the last digit's open end is touched, the distance is nothing but still broken
    return max(residual.low, -residual.high, 1e-9)


def totals(batch: Batch, rows: Sequence[Row], check: TotalsCheck) -> None:
    """Every additive parent against the sum of its parts, where all of them are filled."""
    for lines in _tables(rows):
        table = next(iter(lines.values())).table
        for parent, parts in table.parts_of().items():
            if parent not in lines or any(part.code not in lines for part in parts):
                continue
            signed = [(part.sign, lines[part.code]) for part in parts]
            for name in check.columns:
                if any(column.field == name for column in table.columns):
                    _total(batch, table.column(name), lines[parent], signed, check)


def _total(
    batch: Batch, column: Column, total: Row, parts: list[tuple[int, Row]], check: TotalsCheck
) -> None:
    stated = total.interval(column)
    if stated is None or column.field not in total.cells:
        return
    filled = [
        interval if sign > 0 else -interval
        for sign, part in parts
        if (interval := part.interval(column)) is not None
    ]
    if len(filled) < len(parts):
        return
    added = sum(filled[1:], start=filled[0])
    rows = [total, *(part for _, part in parts)]
    cells = tuple(_address(row, column.field, total.sheet) for row in rows)
    detail = {
        "low": vietnamese(added.low),
        "high": vietnamese(added.high),
        "cells": f"{cells[0]}, {cells[1]}:{cells[-1]}",
    }
    breach = Breach(detail, cells, check.severity, check.words)
    mark(batch, "totals", total.cells[column.field][0], distance(stated, added), breach)


def formulas(batch: Batch, rows: Sequence[Row], check: FormulasCheck) -> None:
    """Every column with a formula against what the other columns of its row give."""
    for row in rows:
        for column in row.table.columns:
            formula = column.parsed_formula
            cell = row.cell(column.field)
            if formula is None or cell is None or cell.state != NUMBER:
                continue
            wanted = _evaluated(row, formula)
            stated = row.interval(column)
            if wanted is None or stated is None:
                continue
            factor = HUNDRED if column.type == "percent" and formula.is_ratio else None
            wanted = wanted * factor if factor else wanted
            cells = [column.field, *dict.fromkeys(formula.fields())]
            shown = formula.written(lambda field, row=row: _address(row, field))  # type: ignore[misc]
            detail = {
                "formula": shown + (" × 100" if factor else ""),
                "low": vietnamese(float(f"{wanted.low:.6g}")),
                "high": vietnamese(float(f"{wanted.high:.6g}")),
                "cells": ", ".join(_address(row, field) for field in cells[1:]),
            }
            places = tuple(_address(row, field) for field in cells)
            breach = Breach(detail, places, check.severity, check.words)
            mark(batch, "formula", row.cells[column.field][0], distance(stated, wanted), breach)


def _evaluated(row: Row, formula: Formula) -> Interval | None:
    def read(field: str) -> Interval | None:
        column, cell = row.table.column(field), row.cell(field)
        # what the line has nothing to say about ("x", or blank) adds nothing
        if row.line is not None and not column.is_asked_of(row.line):
            return Interval.exactly(0) if cell is None or cell.state != NUMBER else None
        return row.interval(column) if cell is not None else None

    try:
        wanted: Interval | None = formula.value(read, lambda x: Interval.exactly(float(x)))
    except Unbounded:
        return None
    return wanted


def within(batch: Batch, rows: Sequence[Row], check: WithinCheck) -> None:
    for row in rows:
        if check.column not in row.cells or check.limit not in row.cells:
            continue
        column, limit = row.table.column(check.column), row.table.column(check.limit)
        _not_above(batch, "within", check.words, check.severity, row, column, row, limit)


def parts_within(batch: Batch, rows: Sequence[Row], check: PartsWithinCheck) -> None:
    """A "trong đó" line, and each known part of a partial list, against its parent."""
    for lines in _tables(rows):
        table = next(iter(lines.values())).table
        for line in table.lines:
            parent = lines.get(line.parent or "")
            row = lines.get(line.code)
            if row is None or parent is None or line.children == "heading":
                continue
            is_partial = any(
                each.code == line.parent and each.children == "partial" for each in table.lines
            )
            if line.is_additive and not is_partial:
                continue
            for name in check.columns:
                if any(column.field == name for column in table.columns):
                    column = table.column(name)
                    _not_above(
                        batch, "parts_within", check.words, check.severity,
                        row, column, parent, column,
                    )  # fmt: skip


def _not_above(
    batch: Batch,
    rule: str,
    words: str,
    severity: str | None,
    row: Row,
    column: Column,
    limit_row: Row,
    limit: Column,
) -> None:
    value, most = row.interval(column), limit_row.interval(limit)
    if value is None or most is None or column.field not in row.cells:
        return
    cells = (_address(row, column.field), _address(limit_row, limit.field, row.sheet))
    stated = limit_row.cell(limit.field)
    detail = {
        "header": " / ".join(column.header),
        "limit_header": " / ".join(limit.header),
        "limit_cell": cells[1],
        "limit": vietnamese(stated.number) if stated is not None and stated.number else "0",
    }
    breach = Breach(detail, cells, severity, words)
    mark(batch, rule, row.cells[column.field][0], max(value.low - most.high, 0.0), breach)


def unique_rows(batch: Batch, rows: Iterable[Row], check: UniqueRowsCheck) -> None:
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        if not row.table.rows.key:
            continue
        first = seen.setdefault((row.submission_no, row.table_no, *row.key), row)
        place = next(iter(row.cells.values()))[0]
        breach = Breach(
            {"row": str(row.row_no), "other": str(first.row_no)}, (), check.severity, check.words
        )
        mark(batch, "unique_rows", place, float(first is not row), breach)
