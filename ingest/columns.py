"""Reads the columns of one area: figures in their units, codes, dates and words.

The unit of a column is what its header or the line above the table says, where that measures the
same as the form's own unit; the figures stay as typed, and the column carries the unit.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple

from ingest import reference
from ingest.areas import AreaRead
from ingest.cells import STATE_NO, CellColumns
from ingest.contract import Column, Contract, Table
from ingest.figures import FigureUnit, read_figures
from ingest.head import day_of
from ingest.locate import ColumnMatch
from ingest.normalise import (
    BLANK,
    CODE,
    TEXT,
    UNREAD,
    NumberStyle,
    clean,
    fold,
    nil_state,
    read_comparator,
)
from ingest.period import read_period
from ingest.reading import AreaColumn, Remark
from ingest.reference import Line
from ingest.remembered import Remembered
from ingest.wording import plain
from ingest.workbook import Odd, Sheet, cell_of

_ROWS_AT_A_TIME = 512
_BLANK, _TEXT, _CODE, _UNREAD = (STATE_NO[state] for state in (BLANK, TEXT, CODE, UNREAD))


# ratios to another period, which lie near 100
HUNDRED_BASED = frozenset(
    {
        "ratio_to_previous",
        "ratio_to_same_period",
        "ratio_to_base_year",
        "ratio_to_december",
        "cumulative_ratio",
        "average_ratio",
    }
)

# --- units ----------------------------------------------------------------------------------------


@dataclass
class AreaUnits:
    """The unit stated for a field where it is another than the contract's, and what was odd."""

    by_field: dict[str, str] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


# headers that come again are one `match`: what follows from it is worked out once
_units: Remembered[tuple[object, ...], tuple[Contract, ColumnMatch, AreaUnits]] = Remembered()


def units_of_area(
    contract: Contract,
    area: AreaRead,
    measure: str | None,
    measure_at: tuple[int, int] | None = None,
) -> AreaUnits:
    """Which units the sheet states: a column's header before the line above the table, which
    stands `measure_at`, row and column."""
    key = id(contract), id(area.match), area.table_no, measure
    known = _units.get(key)
    if known is not None:
        return known[2]
    found = _units_of_area(contract, area, measure, measure_at)
    if not found.remarks:  # what is said of a sheet has its name in it
        _units.keep(key, (contract, area.match, found))
    return found


def _units_of_area(
    contract: Contract,
    area: AreaRead,
    measure: str | None,
    measure_at: tuple[int, int] | None,
) -> AreaUnits:
    found = AreaUnits()
    known = reference.units()
    name, at = area.sheet.name, area.match.bottom
    own = [c for c in area.table.columns if c.unit is not None and c.field in area.match.columns]
    said: dict[tuple[str, str], tuple[int, int | None]] = {}  # with the first place that says it
    for column in own:
        assert column.unit is not None
        unit = known[column.unit]
        header_unit = area.match.units.get(column.field)
        row = area.match.header_rows.get(column.field, at)
        if header_unit is not None and _disagree(header_unit, measure):
            place = area.match.columns[column.field]
            both = f"“{known[header_unit].name_vi}” và “{known[measure or ''].name_vi}”"
            found.remarks.append(
                Remark("unit_line_contradiction", name, row, place, (("value", both),))
            )
            continue
        if header_unit is not None and header_unit != column.unit:
            place = area.match.columns[column.field]
            if known[header_unit].base_code != unit.base_code:
                detail = (("value", f"“{known[header_unit].name_vi}” và “{unit.name_vi}”"),)
                if header_unit == "percent" and column.type != "percent":
                    continue  # `(%)` closes headers of many kinds
                found.remarks.append(Remark("unit_line_contradiction", name, row, place, detail))
                continue
            found.by_field[column.field] = header_unit
            said.setdefault((header_unit, column.unit), (row, place))
    if measure is not None:
        base = known[measure].base_code
        same = [c for c in own if c.unit and known[c.unit].base_code == base]
        units = {c.unit for c in same}
        free = [c for c in same if area.match.units.get(c.field) is None]
        if measure not in units and len(units) == 1:
            for column in free:
                found.by_field[column.field] = measure
                said.setdefault((measure, str(column.unit)), measure_at or (at, None))
        elif measure not in units and units:
            names = " và ".join(
                f"“{known[str(u)].name_vi}”" for u in (measure, *sorted(map(str, units)))
            )
            found.remarks.append(
                Remark("unit_line_contradiction", name, at, None, (("value", names),))
            )
    for (stated, wanted), (row, col) in sorted(said.items()):
        names_of = (("value", known[stated].name_vi), ("expected", known[wanted].name_vi))
        found.remarks.append(Remark("unit_line_differs", name, row, col, names_of))
    return found


class _Planned(NamedTuple):
    """A column of the form that the area has: at which place of a row, and how it is read. `unit`
    is None where each row says its own."""

    column: Column
    at: int
    is_numeric: bool
    is_percent: bool
    is_hundred_based: bool
    unit: FigureUnit | None


_Plan = tuple[_Planned, ...]
_plans: Remembered[tuple[object, ...], tuple[Table, ColumnMatch, _Plan]] = Remembered()
_places: Remembered[tuple[object, ...], tuple[Table, ColumnMatch, tuple[AreaColumn, ...]]]
_places = Remembered()


def columns_of_area(number: int, area: AreaRead, units: AreaUnits) -> tuple[AreaColumn, ...]:
    """Which columns of the form the area of this number has, where, and in which unit."""
    table, match = area.table, area.match
    key = number, id(table), id(match), tuple(units.by_field.items())
    found = _places.get(key)
    if found is None:
        places = tuple(
            AreaColumn(number, match.columns[c.field], c.field, units.by_field.get(c.field))
            for c in table.columns
            if c.field in match.columns
        )
        found = _places.keep(key, (table, match, places))
    return found[2]


def _plan_of(area: AreaRead, units: AreaUnits) -> _Plan:
    table, match = area.table, area.match
    key = id(table), id(match), tuple(units.by_field.items())
    found = _plans.get(key)
    if found is None:
        plan = tuple(
            _Planned(
                c, match.columns[c.field] - 1, c.is_numeric, c.type == "percent",
                c.measure in HUNDRED_BASED, _unit_of_column(c, units),
            )
            for c in table.columns
            if c.field in match.columns
        )  # fmt: skip
        found = _plans.keep(key, (table, match, plan))
    return found[2]


def _unit_of_column(column: Column, units: AreaUnits) -> FigureUnit | None:
    if column.unit is None:
        return None
    return figure_unit(units.by_field.get(column.field, column.unit), column.type == "integer")


def _disagree(one: str, other: str | None) -> bool:
    """Whether two units measure the same and are not the same."""
    units = reference.units()
    return other is not None and one != other and units[one].base_code == units[other].base_code


def unit_factor(table: Table, field: str, unit_code: str | None) -> Decimal:
    """How many of the form's unit one of the unit stated for a field is; 1 where the sheet states
    none."""
    own = table.column(field).unit
    if own is None or unit_code is None:
        return Decimal(1)
    units = reference.units()
    return units[unit_code].factor / units[own].factor


@cache
def figure_unit(code: str | None, is_whole: bool) -> FigureUnit:
    """A unit as a figure needs it; `is_whole` where the column itself counts whole things."""
    if code is None:
        return FigureUnit(is_whole=is_whole)
    row = next(row for row in reference.read_seed("unit_of_measure") if row["unit_code"] == code)
    names = (row["name_vi"], *filter(None, row["aliases_vi"].split("|")))
    unit = reference.units()[code]
    # thousands of people have decimals, people have none
    whole = is_whole or (unit.is_discrete and unit.factor == 1)
    return FigureUnit(frozenset(plain(name) for name in names), whole)


# --- cells ----------------------------------------------------------------------------------------


def read_columns(
    area: AreaRead,
    number: int,
    units: AreaUnits,
    number_style: NumberStyle | None,
    cells: CellColumns,
) -> None:
    """Read every column of the contract that the area has into `cells`."""
    rows = [row for row, _ in area.rows]
    if not rows:
        return
    data = _rows_of(area.sheet, rows)
    by_column = _by_column(data)
    lines = [line for _, line in area.rows]
    for column, at, is_numeric, is_percent, is_hundred_based, unit in _plan_of(area, units):
        values, col = by_column[at], at + 1
        if is_numeric:
            figures = read_figures(
                values,
                declared=number_style,
                is_percent=is_percent,
                unit_of=_unit_of_row(area, column, unit, lines, data),
                shown_as_percent=_shown_as_percent(area, rows, col) if is_percent else None,
                is_hundred_based=is_hundred_based,
            )
            if area.sheet.typed:
                _as_typed(figures.texts, rows, col, area.sheet.typed)
            cells.add_column(
                number, rows, col, figures.states,
                floats=figures.floats, exacts=figures.exacts, steps=figures.steps,
                texts=figures.texts, problems=figures.problems,
            )  # fmt: skip
        else:
            _read_words(column, number, rows, col, values, area.sheet.typed, cells)


def _rows_of(sheet: Sheet, rows: Sequence[int]) -> list[list[Any]]:
    """Rows by their numbers, which rise."""
    first, last = rows[0], rows[-1]
    if last - first + 1 == len(rows):
        return sheet.rows[first - 1 : last]
    return [sheet.rows[row - 1] for row in rows]


def _by_column(data: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The cells of rows column by column, so many rows at a time as lie near in memory."""
    columns: list[list[Any]] = [[] for _ in data[0]]
    for start in range(0, len(data), _ROWS_AT_A_TIME):
        part = zip(*data[start : start + _ROWS_AT_A_TIME], strict=True)
        for column, values in zip(columns, part, strict=True):
            column += values
    return columns


def _as_typed(
    texts: list[str | None], rows: Sequence[int], col: int, typed: Mapping[tuple[int, int], str]
) -> None:
    for n, text in enumerate(texts):
        if text is not None and (rows[n], col) in typed:
            texts[n] = typed[rows[n], col]


def _shown_as_percent(area: AreaRead, rows: Sequence[int], col: int) -> list[bool] | None:
    percents = area.sheet.unseen.percents
    if percents is None:
        return None
    if not percents:
        return [False] * len(rows)
    return [(row, col) in percents for row in rows]


def _unit_of_row(
    area: AreaRead,
    column: Column,
    unit: FigureUnit | None,
    lines: Sequence[Line | None],
    data: Sequence[Sequence[Any]],
) -> Callable[[int], FigureUnit]:
    """The unit that the n-th figure of a column is in: the column's, else its row's."""
    if unit is not None:
        return lambda _: unit
    is_whole = column.type == "integer"
    unit_col = area.match.columns.get("unit")

    def of_row(number: int) -> FigureUnit:
        if unit_col is not None:
            typed = data[number][unit_col - 1]
            code = reference.read_unit(plain(typed)) if isinstance(typed, str) else None
            if code is not None:
                return figure_unit(code, is_whole)
        line = lines[number]
        return figure_unit(line.unit_code if line is not None else None, is_whole)

    return of_row


def _read_words(
    column: Column,
    number: int,
    rows: Sequence[int],
    col: int,
    values: Sequence[Any],
    typed_of: Mapping[tuple[int, int], str],
    cells: CellColumns,
) -> None:
    # codes, periods and units stand in many rows, what is blank or a nil mark too
    distinct = set(values)
    if not typed_of and set(map(type, distinct)) == {str}:
        _read_typed_words(column, number, rows, col, values, distinct, cells)
        return
    known = {value: read_word(column, value) for value in distinct if type(value) is str}
    size = len(values)
    is_date = column.type == "date"
    states = [_BLANK] * size
    texts: list[str | None] = [None] * size
    codes: list[str | None] = [None] * size
    floats: list[float | None] = [None] * size
    problems: list[str | None] = [None] * size
    for n, value in enumerate(values):
        if value == "":
            continue
        if type(value) is str:
            states[n], texts[n], codes[n], problems[n] = known[value]
            continue
        if isinstance(value, Odd):
            states[n], texts[n], problems[n] = _UNREAD, value.text, value.rule
            continue
        if is_date and type(value) is dt.date and 1990 <= value.year <= 2100:
            states[n], texts[n] = _CODE, value.isoformat()
            codes[n] = texts[n]
            continue
        if type(value) is float:
            typed = f"{value:.15g}"
        elif (cell := cell_of(value)) is not None:
            typed = cell.text
        else:
            continue
        word = _as_word(column.type, column.list, value, typed)
        states[n], texts[n], codes[n], problems[n] = word
        if states[n] == _TEXT and isinstance(value, int | float) and not isinstance(value, bool):
            floats[n] = float(value)
    for n, row in enumerate(rows if typed_of else ()):
        if (original := typed_of.get((row, col))) is not None:  # an old font, read
            if states[n] == _TEXT:
                states[n], codes[n] = _CODE, texts[n]
            texts[n] = original
    if column.type == "date":
        _refuse_swapped_days(values, states, codes, problems)
    cells.add_column(
        number, rows, col, states, floats=floats, texts=texts, codes=codes, problems=problems
    )


def _read_typed_words(
    column: Column,
    number: int,
    rows: Sequence[int],
    col: int,
    values: Sequence[str],
    distinct: set[str],
    cells: CellColumns,
) -> None:
    """A column of texts and blanks only: each is read once, and so is a whole column that comes
    again, as labels and symbols of lines do."""
    is_short = len(values) <= _LONGEST_KEPT and sum(map(len, distinct)) <= _MOST_LETTERS_KEPT
    key = (column.type, column.list, tuple(values)) if is_short else None
    read = _columns_read.get(key) if key is not None else None
    if read is None:
        read = _words_of_column(column, values, distinct)
        if key is not None:
            _columns_read.keep(key, read)
    states, texts, codes, problems = read
    cells.add_column(number, rows, col, states, texts=texts, codes=codes, problems=problems)


_ColumnOfWords = tuple[
    Sequence[int], Sequence[str | None], Sequence[str | None] | None, Sequence[str | None] | None
]  # states, texts, codes, problems
_LONGEST_KEPT, _MOST_LETTERS_KEPT = 200, 10_000
_columns_read: Remembered[tuple[str, str | None, tuple[str, ...]], _ColumnOfWords] = Remembered()


def _words_of_column(column: Column, values: Sequence[str], distinct: set[str]) -> _ColumnOfWords:
    texts = [value or None for value in values] if "" in distinct else values
    if column.type == "text":
        nil = {value: read_word(column, value)[0] for value in distinct if _says_nothing(value)}
        states = [nil.get(value, _TEXT) for value in values] if nil else [_TEXT] * len(values)
        return states, texts, None, None
    words = {value: read_word(column, value) for value in distinct}
    return _each(words, 0, values) or [], texts, _each(words, 2, values), _each(words, 3, values)


def _each(words: Mapping[str, _Word], which: int, values: Sequence[str]) -> list[Any] | None:
    """One property of the words of a column; None where no word has it."""
    found = {value: word[which] for value, word in words.items()}
    if len(set(found.values())) > 1:
        return list(map(found.__getitem__, values))
    only = next(iter(found.values()))
    return None if only is None else [only] * len(values)


def _says_nothing(text: str) -> bool:
    return not text or nil_state(text) is not None


_Word = tuple[int, str | None, str | None, str | None]  # state, text, code, problem


def read_word(column: Column, value: str) -> _Word:
    """A cell of a column of words that was typed as text."""
    if not value:
        return _BLANK, None, None, None
    if column.type == "text":
        nil = nil_state(value)
        return _TEXT if nil is None else STATE_NO[nil], value, None, None
    return _as_known_word(column.type, column.list, value)


@lru_cache(maxsize=2**14)
def _as_known_word(kind: str, list_name: str | None, text: str) -> _Word:
    return _as_word(kind, list_name, text, text)


def _as_word(kind: str, list_name: str | None, value: Any, words: str) -> _Word:
    if kind != "comparator" and (nil := nil_state(words)) is not None:
        return STATE_NO[nil], words, None, None
    code, problem = _code(kind, list_name, value, words)
    if problem is not None:
        return _UNREAD, words, None, problem
    return (_TEXT if code is None else _CODE), words, code, None


def _code(
    kind: str, list_name: str | None, value: Any, words: str
) -> tuple[str | None, str | None]:
    """The reading of a coded cell, or the problem with it; neither for plain text."""
    text = clean(words)
    match kind:
        case "code":
            code = reference.coded_list(list_name or "").get(fold(text))
            return code, None if code else "code_unknown"
        case "period":
            code = read_period(text)
            return code, None if code else "period_unknown"
        case "unit":
            code = reference.read_unit(text) or reference.read_unit(plain(text))
            return code, None if code else "unit_unknown"
        case "comparator":
            code = read_comparator(text)
            return code, None if code else "comparator_unknown"
        case "date":
            code = read_day(value, text)
            return code, None if code else "date_unknown"
    return None, None


# --- dates ----------------------------------------------------------------------------------------

_DAY = re.compile(r"([0-9]{1,2})\s*[/.-]\s*([0-9]{1,2})\s*[/.-]\s*([0-9]{4}|[0-9]{2})")
_DAY_IN_WORDS = re.compile(r"(?:ngày\s*)?([0-9]{1,2})\s*tháng\s*([0-9]{1,2})\s*năm\s*([0-9]{4})")
_DAY_LABELLED = re.compile(r"^ngày\s*:?\s*")
# days of 2000 to 2060 as a spreadsheet counts them
_FIRST_SERIAL, _LAST_SERIAL = 36526, 58806
_SERIAL_EPOCH = dt.date(1899, 12, 30)


def read_day(value: Any, text: str) -> str | None:
    """The day of a date cell, of a date typed as text (day before month), or of a day's number, as
    `2026-06-30`; None for anything else."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()[:10] if 1990 <= value.year <= 2100 else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        if float(value).is_integer() and _FIRST_SERIAL <= value <= _LAST_SERIAL:
            return (_SERIAL_EPOCH + dt.timedelta(days=int(value))).isoformat()
        return None
    words = plain(text)
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[t ]00:00(?::00)?)?", words):
        day = day_of(match[1], match[2], match[3])
        return day.isoformat() if day else None
    words = _DAY_LABELLED.sub("", words)
    found = _DAY.fullmatch(words) or _DAY_IN_WORDS.fullmatch(words)
    if found is None:
        return None
    year = f"20{found[3]}" if len(found[3]) == 2 else found[3]
    day = day_of(year, found[2], found[1])
    return day.isoformat() if day else None


def _refuse_swapped_days(
    values: Sequence[Any],
    states: list[int],
    codes: list[str | None],
    problems: list[str | None],
) -> None:
    """A spreadsheet of the other locale takes 03/04 for 4 March and leaves 13/04 a text: beside
    such texts a date cell up to the 12th has two readings."""
    texts = [code for value, code in zip(values, codes, strict=True)
             if isinstance(value, str) and code]  # fmt: skip
    dates = [value for value in values if isinstance(value, dt.date)]
    if not dates or not texts:
        return
    if all(int(code[8:]) > 12 for code in texts) and all(day.day <= 12 for day in dates):
        for n, value in enumerate(values):
            if isinstance(value, dt.date) and value.day != value.month:
                states[n], codes[n], problems[n] = _UNREAD, None, "date_ambiguous"
