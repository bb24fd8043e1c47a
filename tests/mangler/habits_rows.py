"""What happens to rows: blank and note rows in between, hidden ones, another order, rows of
nobody's form, lines twice, the header once more on the next page, sums below a list."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from tests.mangler.case import Case, Habit
from tests.mangler.paper import Ink, PaperColumn, PaperRow, PaperTable, number_ink, text_ink
from tests.mangler.walk import column_of_role, declared, figures, numeric_columns, tables

NOTES = (
    "Ghi chú: số liệu chưa bao gồm ghi thu, ghi chi",
    "(Số liệu ước thực hiện)",
    "Trong đó:",
    "Chia ra:",
    "Gồm:",
)
GROUPS = ("I. Dự án chuyển tiếp", "II. Dự án khởi công mới", "A. Vốn trong nước", "Nhóm B")
TOTAL_WORDS = ("Tổng cộng", "TỔNG SỐ", "Cộng", "Tổng cộng:")


def label_column(table: PaperTable) -> PaperColumn:
    """Where a row says what it is: the line's label, or a record's first text."""
    line = column_of_role(table, "line")
    if line is not None:
        return line
    texts = [c for c in table.columns if c.field and declared(table, c).type == "text"]
    return texts[min(1, len(texts) - 1)] if texts else table.columns[0]


def _places(case: Case, table: PaperTable, count: int) -> list[int]:
    inner = range(1, len(table.rows))
    return sorted(case.rng.sample(inner, min(count, len(inner))), reverse=True)


def _blank(case: Case) -> bool:
    touched = False
    for table in tables(case):
        for place in _places(case, table, case.rng.randint(1, 3)):
            for _ in range(case.rng.choice((1, 1, 2, 3))):
                table.rows.insert(place, PaperRow(None))
            touched = True
    if touched:
        case.oddity("line_missing", "figure_outside_table")
    return touched


def _notes(case: Case) -> bool:
    touched = False
    for table in tables(case):
        words = NOTES if table.truth.table(table.number).rows.kind == "lines" else GROUPS
        column = case.rng.choice((label_column(table), table.columns[0]))
        for place in _places(case, table, case.rng.randint(1, 2)):
            ink = text_ink(case.rng.choice(words))
            table.rows.insert(place, PaperRow(None, {id(column): ink}))
            touched = True
    return touched


def _unknown(case: Case) -> bool:
    """A line that the form does not have, with figures: they would belong to nobody."""
    touched = False
    for table in tables(case):
        line = column_of_role(table, "line")
        columns = [c for c in numeric_columns(table) if declared(table, c).role == "value"]
        if line is None or not columns or touched:
            continue
        words = (
            "Khoản thu khác theo Nghị quyết 12",
            "Trong đó: vốn NSNN bổ sung",
            "Nội dung khác 2",
        )
        row = PaperRow(None, {id(line): text_ink(case.rng.choice(words))})
        for column in columns:
            row.cells[id(column)] = number_ink(Decimal(case.rng.randint(1, 99)))
        table.rows.insert(case.rng.randint(1, len(table.rows)), row)
        touched = True
    if touched:
        case.hold("a line that the form does not have", "line_unknown")
    return touched


def _twice(case: Case) -> bool:
    """A line twice, with different figures: none is the right one."""
    for table in tables(case):
        if column_of_role(table, "line") is None:
            continue
        rows = [
            row for row in table.rows
            if any(ink.kind == "number" and ink.number for ink in row.cells.values())
        ]  # fmt: skip
        if not rows:
            continue
        row = case.rng.choice(rows)
        copy = PaperRow(None, dict(row.cells))
        for key, ink in copy.cells.items():
            if ink.kind == "number" and ink.number:
                copy.cells[key] = number_ink(ink.number + 7, ink.format)
        table.rows.insert(table.rows.index(row) + 1, copy)
        case.hold("a line twice with different figures", "line_ambiguous", "line_unknown")
        return True
    return False


def _hidden(case: Case) -> bool:
    touched = False
    for table in tables(case):
        for row in table.rows:
            if case.rng.random() < 0.3:
                row.hidden = touched = True
    if touched:
        case.oddity("hidden_rows")
    return touched


def _reordered(case: Case) -> bool:
    """Lines change places with their sisters; what belongs to a line goes with it."""
    touched = False
    for table in tables(case):
        if column_of_role(table, "line") is None:
            order = [row for row in table.rows if row.row is not None]
            if len(order) > 1 and len(order) == len(table.rows):
                case.rng.shuffle(order)
                table.rows = order
                table.truth.rows[table.number] = [row.row for row in order if row.row is not None]
                touched = True
            continue
        touched = _shuffle_lines(case, table) or touched
    if touched:
        case.oddity("line_unknown", "line_ambiguous")
    return touched


def _shuffle_lines(case: Case, table: PaperTable) -> bool:
    known = {row.row for row in table.rows}
    below: dict[str | None, list[PaperRow]] = defaultdict(list)
    for row in table.rows:
        if row.row is None:
            return False
        below[row.parent if row.parent in known else None].append(row)
    ordered: list[PaperRow] = []

    def add(parent: str | None) -> None:
        rows = list(below[parent])
        if parent is not None and len(rows) > 1 and case.rng.random() < 0.6:
            case.rng.shuffle(rows)
        for row in rows:
            ordered.append(row)
            if row.row is not None:
                add(row.row)

    add(None)
    changed = [row.row for row in ordered] != [row.row for row in table.rows]
    table.rows = ordered
    return changed


def _header_again(case: Case) -> bool:
    """The lowest header level once more, where a page was broken by hand."""
    touched = False
    for table in tables(case):
        for place in _places(case, table, 1):
            cells = {id(c): Ink("text", c.header[-1].text) for c in table.columns if c.header}
            table.rows.insert(place, PaperRow(None, cells))
            touched = True
    if touched:
        case.oddity("line_unknown", "number_not_a_number", "code_unknown")
    return touched


def _sum_of_records(case: Case) -> bool:
    """A row of sums below a list of records, or on top of it: it is no record."""
    touched = False
    for table in tables(case):
        if table.truth.table(table.number).rows.kind != "records":
            continue
        row = PaperRow(None, {id(label_column(table)): text_ink(case.rng.choice(TOTAL_WORDS))})
        for column in numeric_columns(table):
            cells = [ink.number for _, ink in figures(table, column) if ink.number is not None]
            if cells and declared(table, column).type == "money":
                row.cells[id(column)] = number_ink(sum(cells, Decimal(0)))
        if len(row.cells) < 2:
            continue
        table.rows.insert(case.rng.choice((0, len(table.rows))), row)
        touched = True
    if touched:
        case.oddity("line_unknown", "line_ambiguous")
    return touched


HABITS = [
    Habit("rows_blank", (), 1.0, 52, _blank),
    Habit("rows_notes", (20,), 1.0, 53, _notes),
    Habit("rows_unknown", (20,), 0.3, 51, _unknown),
    Habit("rows_twice", (), 0.3, 51, _twice, frozenset({"rows_reordered"})),
    Habit("rows_hidden", (19,), 0.8, 54, _hidden),
    Habit("rows_reordered", (), 0.8, 50, _reordered),
    Habit("rows_header_again", (), 0.5, 55, _header_again),
    # before the columns are told apart: the sums are of the figures as shown
    Habit("rows_sum_of_records", (), 1.5, 49, _sum_of_records),
]
