"""Rules over one table of one submission: totals, formulas, limits, unique rows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from expectations.batch import NOWHERE, Batch, Breach
from expectations.intervals import Flags, Floats, Intervals, Numbers, distances
from expectations.numbers import vietnamese
from expectations.rounding import ROUNDED, mark_rounded, middle
from ingest.contract import (
    FormulasCheck,
    PartsWithinCheck,
    TotalsCheck,
    UniqueRowsCheck,
    WithinCheck,
)
from ingest.formula import Formula
from ingest.normalise import NUMBER
from ingest.reference import Line


def totals(batch: Batch, check: TotalsCheck) -> None:
    """Every additive parent against the sum of its parts, where all of them are filled."""
    for column in batch.fields(check.columns):
        line_no = _line_numbers(batch, column)
        for parent, parts in batch.tables[batch.table_of_column[column]].parts_of().items():
            _total(
                batch, check, column, line_no[parent], [(p.sign, line_no[p.code]) for p in parts]
            )


def _line_numbers(batch: Batch, column: int) -> dict[str, int]:
    """The numbers in the batch of the lines of a column's table, by code."""
    table_no = batch.table_of_column[column]
    start = sum(len(table.lines) for table in batch.tables[:table_no])
    return {line.code: start + n for n, line in enumerate(batch.tables[table_no].lines)}


def _total(
    batch: Batch, check: TotalsCheck, column: int, total: int, parts: list[tuple[int, int]]
) -> None:
    at = batch.of_line(total, column)
    parts_at = [batch.of_line(line, column) for _, line in parts]
    added: Intervals | None = None
    for (sign, _), places in zip(parts, parts_at, strict=True):
        part = batch.intervals(places)
        part = part if sign > 0 else -part
        added = part if added is None else added + part
    assert added is not None
    is_there = at != NOWHERE
    at, added = at[is_there], added[is_there]
    parts_at = [places[is_there] for places in parts_at]

    def said(number: int) -> tuple[dict[str, str], tuple[str, ...]]:
        place, sum_of_parts = int(at[number]), added.at(number)
        sheet = batch.sheet(place)
        cells = (
            batch.address(place),
            *(batch.address(int(each[number]), sheet) for each in parts_at),
        )
        detail = {
            "low": vietnamese(sum_of_parts.low),
            "high": vietnamese(sum_of_parts.high),
            "cells": f"{cells[0]}, {cells[1]}:{cells[-1]}",
        }
        return detail, cells

    apart, given = distances(batch.intervals(at), added), middle(added)
    batch.mark(
        "totals", at, apart, lambda number: Breach(*said(number), check.severity, check.words)
    )

    def explain_rounded(number: int) -> Breach:
        detail, cells = said(number)
        detail["given"] = vietnamese(float(given[number]))
        return Breach(detail, cells, sentence="rounded_total")

    mark_rounded(batch, ROUNDED, at, apart, given, explain_rounded)


def formulas(batch: Batch, check: FormulasCheck) -> None:
    """Every column with a formula against what the other columns of its row give."""
    for number, column in enumerate(batch.columns):
        formula = column.parsed_formula
        if formula is None:
            continue
        places = batch.of_column(number)
        places = places[batch.is_state(places, NUMBER)]
        is_percent = column.type == "percent" and formula.is_ratio
        times = Intervals.exactly(100.0 if is_percent else 1.0)
        wanted = _evaluated(batch, number, formula, places) * times
        as_printed = _evaluated(batch, number, formula, places, as_printed=True) * times
        _formula(batch, check, number, formula, places, wanted, as_printed.low, is_percent)


def _formula(
    batch: Batch,
    check: FormulasCheck,
    column: int,
    formula: Formula,
    places: Numbers,
    wanted: Intervals,
    as_printed: Floats,
    is_percent: bool,
) -> None:
    fields = list(dict.fromkeys(formula.fields()))
    beside = {
        field: batch.beside(places, number)
        for field in fields
        if (number := batch.field_beside(column, field)) is not None
    }

    def said(at: int) -> tuple[dict[str, str], tuple[str, ...]]:
        def address(field: str) -> str:
            return batch.address(int(beside[field][at]))

        given = wanted.at(at)
        detail = {
            "formula": formula.written(address) + (" × 100" if is_percent else ""),
            "low": vietnamese(float(f"{given.low:.6g}")),
            "high": vietnamese(float(f"{given.high:.6g}")),
            "cells": ", ".join(map(address, fields)),
        }
        return detail, (batch.address(int(places[at])), *map(address, fields))

    apart = distances(batch.intervals(places), wanted)
    batch.mark("formula", places, apart, lambda at: Breach(*said(at), check.severity, check.words))

    def explain_rounded(at: int) -> Breach:
        detail, cells = said(at)
        detail["given"] = vietnamese(float(f"{as_printed[at]:.6g}"))
        return Breach(detail, cells, sentence="rounded_formula")

    mark_rounded(batch, ROUNDED, places, apart, as_printed, explain_rounded)


def _evaluated(
    batch: Batch, column: int, formula: Formula, places: Numbers, *, as_printed: bool = False
) -> Intervals:
    """What the formula of a column gives in the rows of these cells: all that the printed digits
    allow, or only what it gives for the figures `as_printed`."""

    def read(field: str) -> Intervals:
        number = batch.field_beside(column, field)
        assert number is not None  # the contract was checked
        beside = batch.beside(places, number)
        line = batch.line[places]
        # what the line has nothing to say about ("x", or blank) adds nothing
        says_nothing = ~batch.is_asked_in(line, number)
        nothing = says_nothing & ~batch.is_state(beside, NUMBER)
        found = batch.intervals(np.where(says_nothing, NOWHERE, beside))
        if as_printed:
            found = Intervals.exactly(middle(found))
        return Intervals.exactly(np.zeros(places.shape)).where(nothing, found)

    wanted: Intervals = formula.value(
        read, lambda constant: Intervals.exactly(np.full(places.shape, float(constant)))
    )
    return wanted


def within(batch: Batch, check: WithinCheck) -> None:
    """On every row one column is not above another."""
    for column in batch.fields(check.column):
        limit = batch.field_beside(column, check.limit)
        if limit is not None:
            places = batch.of_column(column)
            _not_above(batch, "within", check, places, batch.beside(places, limit))


def parts_within(batch: Batch, check: PartsWithinCheck) -> None:
    """A "trong đó" line, and each known part of a partial list, against its parent."""
    for column in batch.fields(check.columns):
        lines = batch.tables[batch.table_of_column[column]].lines
        line_no = _line_numbers(batch, column)
        partial = {line.code for line in lines if line.children == "partial"}
        for line in lines:
            if line.parent is not None and _is_part(line, partial):
                places = batch.of_line(line_no[line.code], column)
                whole = batch.of_line(line_no[line.parent], column)
                is_there = places != NOWHERE
                _not_above(batch, "parts_within", check, places[is_there], whole[is_there])


def _is_part(line: Line, partial: set[str]) -> bool:
    """Whether a line is only held to be no more than its parent: it is not summed up with others
    to all of it."""
    return line.children != "heading" and (not line.is_additive or line.parent in partial)


def _not_above(
    batch: Batch,
    rule: str,
    check: WithinCheck | PartsWithinCheck,
    places: Numbers,
    limits: Numbers,
) -> None:
    value, most = batch.intervals(places), batch.intervals(limits)

    def explain(number: int) -> Breach:
        place, limit = int(places[number]), int(limits[number])
        cells = (batch.address(place), batch.address(limit, batch.sheet(place)))
        detail = {
            "header": batch.header(place),
            "limit_header": batch.header(limit),
            "limit_cell": cells[1],
            "limit": vietnamese(batch.exact(limit) or Decimal(0)),
        }
        return Breach(detail, cells, check.severity, check.words)

    is_known: Flags = value.is_known & most.is_known
    excess = np.where(is_known, np.maximum(value.low - most.high, 0.0), np.nan)
    batch.mark(rule, places, excess, explain)


def unique_rows(batch: Batch, check: UniqueRowsCheck) -> None:
    """No two records of a table have the same key."""
    has_key = np.array([bool(table.rows.key) for table in batch.tables], np.bool_)
    rows = np.flatnonzero(has_key[batch.table[batch.row_start]])
    starts = batch.row_start[rows]
    owner = batch.submission[starts] * (int(batch.row_identity.max(initial=0)) + 1)
    _, first, which = np.unique(
        owner + batch.row_identity[rows], return_index=True, return_inverse=True
    )
    earliest = first[which]

    def explain(number: int) -> Breach:
        other = batch.row_no[starts[earliest[number]]]
        detail = {"row": str(batch.row_no[starts[number]]), "other": str(other)}
        both = np.array([starts[number], starts[earliest[number]]])
        cells = _key_cells(batch, both)
        return Breach(detail, cells, check.severity, check.words)

    batch.mark("unique_rows", starts, earliest != np.arange(rows.size), explain)


def _key_cells(batch: Batch, places: Numbers) -> tuple[str, ...]:
    """The addresses of the cells that make the keys of the rows of these cells."""
    table_no = int(batch.table[places[0]])
    found = [
        batch.beside(places, number)
        for number, column in enumerate(batch.columns)
        if batch.table_of_column[number] == table_no
        and column.field in batch.tables[table_no].rows.key
    ]
    return tuple(
        batch.address(int(place)) for cells in found for place in cells if place != NOWHERE
    )
