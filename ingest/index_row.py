"""What the row of column numbers under a header says of how columns follow from others: `3=2/1`.

Officers type it by hand, in many ways: `(3)=(2):(1)`, `5 = 4/3 x 100`, `6=[1]+[2]`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ingest.contract import Column, Table
from ingest.formula import Formula, parse_formula
from ingest.remembered import Remembered

_NUMBERED = re.compile(r"^\W*(\d{1,2})\W*?(?:=(.*))?$", re.S)
_LONGEST = 80  # a longer one is no formula
_SIGNS = str.maketrans({":": "/", "÷": "/", "x": "*", "X": "*", "×": "*", "–": "-", "−": "-",
                        "[": "(", "]": ")", ",": "."})  # fmt: skip
# what is counted in hundredths, said or not said
_TIMES = (1.0, 100.0, 0.01)
_PRIMES = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0)
_TRIALS = 3


class OtherFormula(NamedTuple):
    """A column of which a sheet says another formula than the form: where, as typed, the form's."""

    col: int
    field: str
    typed: str
    wanted: str


_known: Remembered[tuple[object, ...], tuple[Table, tuple[OtherFormula, ...]]] = Remembered()


def other_formulas(
    table: Table, columns: Mapping[str, int], index_row: Mapping[int, Any]
) -> tuple[OtherFormula, ...]:
    """The formulas of an index row (cells by column) that give something else than the form's.

    `columns` says which column of the sheet each field is. What cannot be read as a formula of
    numbered columns says nothing.
    """
    marks = [index_row.get(col) for col in columns.values()]
    # what is longer is no mark, and one number may equal another that is written otherwise
    short = [mark if not isinstance(mark, str) or len(mark) <= _LONGEST else None for mark in marks]
    key = id(table), tuple(columns.items()), tuple(short), tuple(map(type, short))
    found = _known.get(key)
    if found is None:
        found = _known.keep(key, (table, tuple(_other_formulas(table, columns, index_row))))
    return found[1]


def _other_formulas(
    table: Table, columns: Mapping[str, int], index_row: Mapping[int, Any]
) -> Iterator[OtherFormula]:
    typed = {col: str(value) for col, value in index_row.items() if isinstance(value, str)}
    numbers = {col: number for col, value in index_row.items() if (number := _number(value))}
    field_of = {numbers[col]: field for field, col in columns.items() if col in numbers}
    number_of = {field: number for number, field in field_of.items()}
    for column in table.columns:
        col = columns.get(column.field)
        formula = column.parsed_formula
        if col is None or formula is None or col not in typed or column.field not in number_of:
            continue
        if not set(formula.fields()) <= number_of.keys():
            continue
        said = _formula(typed[col], field_of)
        if said is not None and not _gives_the_same(said, formula, column):
            wanted = formula.written(lambda field: number_of[field])
            yield OtherFormula(col, column.field, typed[col], f"{number_of[column.field]}={wanted}")


def _number(value: Any) -> str | None:
    """The number of a column, as its mark begins."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:.0f}"
    match = _NUMBERED.match(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    return str(int(match[1])) if match else None


def _formula(text: str, field_of: Mapping[str, str]) -> Formula | None:
    match = _NUMBERED.match(text) if len(text) <= _LONGEST else None
    if match is None or not match[2]:
        return None
    right = match[2].translate(_SIGNS).replace("%", "").strip()

    def named(number: re.Match[str]) -> str:
        return field_of.get(number[0], number[0])

    written = re.sub(r"\d+(?:\.\d+)?", named, right)
    try:
        formula = parse_formula(written)
    except ValueError:
        return None
    # a number that is no column of the sheet is a constant only where it can be no column
    unknown = [n for n in re.findall(r"\d+(?:\.\d+)?", right) if n not in field_of]
    return formula if all("." in n or float(n) >= 100 for n in unknown) else None


def _gives_the_same(one: Formula, other: Formula, column: Column) -> bool:
    """Whether two formulas give the same for some figures, which no two formulas of columns do by
    chance; percentages also where only one of them says "× 100"."""
    fields = list(dict.fromkeys([*one.fields(), *other.fields()]))
    factors = _TIMES if column.type == "percent" else _TIMES[:1]
    ratios: list[tuple[float, float]] = []
    for trial in range(_TRIALS):
        figures = {
            field: _PRIMES[(place + trial * 5) % len(_PRIMES)] + place
            for place, field in enumerate(fields)
        }
        both = (one.value(figures.__getitem__, float), other.value(figures.__getitem__, float))
        if None in both:
            return True
        ratios.append(both)
    return any(
        all(math.isclose(said * factor, wanted, rel_tol=1e-9) for said, wanted in ratios)
        for factor in factors
    )
