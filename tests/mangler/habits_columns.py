"""What happens to columns: added, removed, in another order, hidden, twice, spacers in between."""

from __future__ import annotations

from decimal import Decimal

from tests.mangler.case import Case, Habit
from tests.mangler.paper import PaperColumn, PaperTable, number_ink, text_ink
from tests.mangler.walk import declared, figures, tables

EXTRA = ("Ghi chú của đơn vị", "Người theo dõi", "Chênh lệch", "Số kiểm tra", "Tồn kỳ trước")


def _own(table: PaperTable) -> list[PaperColumn]:
    return [column for column in table.columns if column.field is not None]


def _added(case: Case) -> bool:
    for table in tables(case):
        column = PaperColumn(None, [text_ink(case.rng.choice(EXTRA))])
        with_figures = case.rng.random() < 0.5
        for row in table.rows:
            if row.row is not None and case.rng.random() < 0.7:
                ink = number_ink(Decimal(case.rng.randint(1, 9999))) if with_figures else None
                row.cells[id(column)] = ink or text_ink("đã đối chiếu")
        table.columns.insert(case.rng.randint(2, len(table.columns)), column)
    case.oddity("column_extra")
    return True


def _removed(case: Case) -> bool:
    """An optional column is not there: nothing was reported in it."""
    touched = False
    for table in tables(case):
        partners = {
            name for column in table.truth.table(table.number).columns
            for name in (column.upper, column.comparator)
        }  # fmt: skip
        optional = [
            column
            for column in _own(table)
            if declared(table, column).role in ("value", "ratio", "label", "symbol")
            and not declared(table, column).required
            and column.field not in partners | {"line_unit"}
        ]
        values = [c for c in _own(table) if declared(table, c).role == "value"]
        for column in case.rng.sample(optional, min(len(optional), case.rng.randint(1, 2))):
            if column in values:
                if len(values) == 1:
                    continue
                values.remove(column)
            table.columns.remove(column)
            _forget(table, column)
            touched = True
    if touched:  # what is unrecognised for it names the column too
        case.oddity("column_missing", "form_unrecognised", "sheet_unrecognised")
    return touched


def _forget(table: PaperTable, column: PaperColumn) -> None:
    for key in [k for k in table.truth.cells if (k[0], k[2]) == (table.number, column.field)]:
        del table.truth.cells[key]


def _required_removed(case: Case) -> bool:
    for table in tables(case):
        required = [
            column for column in _own(table)
            if declared(table, column).required and declared(table, column).role == "value"
        ]  # fmt: skip
        if required:
            column = case.rng.choice(required)
            table.columns.remove(column)
            case.hold("a required column is missing", "column_missing", "form_unrecognised",
                      "sheet_unrecognised")  # fmt: skip
            return True
    return False


def _reordered(case: Case) -> bool:
    touched = False
    for table in tables(case):
        movable = [
            place for place, column in enumerate(table.columns)
            if column.field is not None and declared(table, column).role not in ("line", "symbol")
        ]  # fmt: skip
        if len(movable) < 2:
            continue
        before = list(table.columns)
        if case.rng.random() < 0.5:  # two change places
            one, other = case.rng.sample(movable, 2)
            table.columns[one], table.columns[other] = table.columns[other], table.columns[one]
        else:
            shuffled = [table.columns[place] for place in movable]
            case.rng.shuffle(shuffled)
            for place, column in zip(movable, shuffled, strict=True):
                table.columns[place] = column
        if case.rng.random() < 0.5:  # the index row is numbered anew
            marks = [column.mark for column in before]
            for column, mark in zip(table.columns, marks, strict=True):
                column.mark = mark
        touched = touched or table.columns != before
    return touched


def _twice(case: Case) -> bool:
    """A header twice with different figures below: none is the right one."""
    for table in tables(case):
        columns = [
            column for column in _own(table)
            if declared(table, column).role == "value"
            and any(ink.number for _, ink in figures(table, column))
        ]  # fmt: skip
        if not columns:
            continue
        column = case.rng.choice(columns)
        copy = PaperColumn(None, [text_ink(ink.text) for ink in column.header])
        for row in table.rows:
            ink = row.cells.get(id(column))
            if ink is not None and ink.kind == "number" and ink.number is not None:
                row.cells[id(copy)] = number_ink(ink.number * 2 + 1, ink.format)
        table.columns.insert(table.columns.index(column) + 1, copy)
        case.hold("a header twice with different figures", "column_ambiguous")
        return True
    return False


def _hidden(case: Case) -> bool:
    touched = False
    for table in tables(case):
        columns = [c for c in _own(table) if declared(table, c).role != "line"]
        for column in case.rng.sample(columns, min(len(columns), case.rng.randint(1, 3))):
            column.hidden = touched = True
    if touched:
        case.oddity("hidden_columns")
    return touched


def _spacers(case: Case) -> bool:
    """Narrow empty columns, as stay when merged ones are parted."""
    for table in tables(case):
        for _ in range(case.rng.randint(1, 2)):
            spacer = PaperColumn(None, [text_ink("")])
            table.columns.insert(case.rng.randint(1, len(table.columns) - 1), spacer)
    return True


HABITS = [
    Habit("columns_added", (), 0.8, 66, _added),
    Habit("columns_removed", (), 0.8, 64, _removed),
    Habit("columns_required_removed", (), 0.3, 64, _required_removed),
    Habit("columns_reordered", (), 0.8, 65, _reordered),
    Habit(
        "columns_twice",
        (),
        0.5,
        63,
        _twice,
        frozenset({"columns_removed", "columns_required_removed"}),
    ),
    Habit("columns_hidden", (19,), 0.8, 67, _hidden),
    Habit("columns_spacers", (), 0.6, 68, _spacers),
]
