"""Finds a form's tables by their headers, and matches their lines by label and symbol.

Evidence, not addresses: a table is where every required header of a contract stands in one block
of rows, wherever that is. Fewer headers than required is no table, and what was nearest is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.contract import Contract, Table
from ingest.identity import PREVIOUS_HEADER
from ingest.normalise import clean, fold, nil_state, read_number_text
from ingest.reference import Line
from ingest.workbook import Cell, Sheet

HEADER_ROWS_SEARCHED = 60
_PREVIOUS = fold(PREVIOUS_HEADER)
_SIGNATURE = re.compile(
    r"^(người lập biểu|người lập|kế toán|tm\. ?ủy ban|thủ trưởng|giám đốc|chủ tịch|nơi nhận|\(ký"
    r"|[^\d]{0,40}, ?ngày\b.{1,8}\btháng\b.{1,8}\bnăm\b)"  # Lạng Sơn, ngày 05 tháng 4 năm 2026
)
# under the headers: A | B | 1 | 2 | 3=2/1
_INDEX_MARK = re.compile(r"^\(?([a-zđ]|\d{1,2}(\s*=.*)?)\)?$")


@dataclass(frozen=True)
class Located:
    """A table found: its columns (field to column number), its data rows, what stood out."""

    table_no: int
    sheet: Sheet
    columns: dict[str, int]
    rows: tuple[tuple[int, Line | None], ...]
    missing_fields: tuple[str, ...]
    extra_columns: tuple[tuple[int, str], ...]
    unknown_lines: tuple[tuple[int, str], ...]
    missing_lines: tuple[Line, ...]
    stray_cells: tuple[tuple[int, int], ...]
    header_row: int


@dataclass(frozen=True)
class Candidate:
    """How near a sheet comes to a table of a contract: the share of required headers seen."""

    contract: Contract
    score: float
    missing_headers: tuple[str, ...]


def match_columns(
    sheet: Sheet, table: Table
) -> tuple[int, dict[str, int], tuple[tuple[int, str], ...]] | None:
    """The best header block of a table: (last header row, field to column, extra columns)."""
    depth = max(len(column.header) for column in table.columns)
    best: tuple[int, dict[str, int], tuple[tuple[int, str], ...]] | None = None
    wanted = {fold(level) for column in table.columns for level in column.header}
    starts = sorted(
        {row for (row, _), cell in sheet.cells.items()
         if row <= HEADER_ROWS_SEARCHED and fold(cell.text) in wanted}
    )  # fmt: skip
    for top in starts:
        block = range(top, top + depth)
        paths = {col: _header_path(sheet, block, col) for col in range(1, sheet.last_column + 1)}
        paths = {
            col: path
            for col, path in paths.items()
            if not any(level.startswith(_PREVIOUS) for level in path)
        }
        found: dict[str, int] = {}
        for column in table.columns:
            header = tuple(fold(level) for level in column.header)
            for col, path in paths.items():
                if path and _carries(path, header) and col not in found.values():
                    found[column.field] = col
                    break
        extra = tuple(
            (col, " / ".join(clean(sheet.text(row, col)) for row in block if sheet.text(row, col)))
            for col, path in paths.items()
            if path and col not in found.values()
        )
        if found and (best is None or len(found) > len(best[1])):
            best = (top + depth - 1, found, extra)
    return best


def _header_path(sheet: Sheet, block: range, col: int) -> tuple[str, ...]:
    """Header texts of a column, from the top level down; merged levels come from the left."""
    own = [row for row in block if sheet.text(row, col)]
    if not own:
        return ()
    lowest = own[-1]
    path: list[str] = []
    for row in block:
        if row > lowest:
            break
        at = col
        if row < lowest:
            while at > 1 and not sheet.text(row, at):
                at -= 1
        if text := fold(sheet.text(row, at)):
            path.append(text)
    return tuple(path)


def _carries(path: tuple[str, ...], header: tuple[str, ...]) -> bool:
    """The lowest level is the header's own, and the levels above occur above it in order."""
    if path[-1] != header[-1]:
        return False
    above = iter(path[:-1])
    return all(level in above for level in header[:-1])


def nearness(sheet: Sheet, contract: Contract) -> Candidate:
    """How much of the contract's first table is on the sheet."""
    table = contract.tables[0]
    required = [c for c in table.columns if c.required or c.role in ("line", "value")]
    match = match_columns(sheet, table)
    found = match[1] if match else {}
    missing = tuple(" / ".join(c.header) for c in required if c.field not in found)
    return Candidate(contract, 1 - len(missing) / len(required), missing)


def locate(
    sheet: Sheet, contract: Contract, table_no: int, unit_code: str | None = None
) -> Located | None:
    """The table of a contract on a sheet, or None where a required header is missing.

    `unit_code` is the unit that the sheet names: some tables have each unit's own lines.
    """
    table = contract.tables[table_no - 1]
    match = match_columns(sheet, table)
    if match is None:
        return None
    header_row, columns, extra = match
    if any(
        column.field not in columns
        for column in table.columns
        if column.required or column.role == "line"
    ):
        return None
    if not any(c.role == "value" and c.field in columns for c in table.columns):
        return None
    missing = tuple(c.field for c in table.columns if c.field not in columns)
    first = _first_data_row(sheet, header_row, columns)
    rows, unknown, last = _data_rows(sheet, table, columns, first)
    seen = {line.code for _, line in rows if line}
    value_columns = {columns[c.field] for c in table.columns if c.is_numeric and c.field in columns}
    stray = tuple(
        sorted(
            (row, col)
            for (row, col), cell in sheet.cells.items()
            if row > last and col in value_columns and _is_figure(cell)
        )
    )
    return Located(
        table_no=table_no,
        sheet=sheet,
        columns=columns,
        rows=rows,
        missing_fields=missing,
        extra_columns=extra,
        unknown_lines=unknown,
        missing_lines=tuple(line for line in table.lines_of(unit_code) if line.code not in seen),
        stray_cells=stray,
        header_row=header_row,
    )


def _first_data_row(sheet: Sheet, header_row: int, columns: dict[str, int]) -> int:
    row = header_row + 1
    texts = [fold(sheet.text(row, col)) for col in columns.values()]
    filled = [text for text in texts if text]
    if filled and len(filled) > 1 and all(_INDEX_MARK.match(text) for text in filled):
        return row + 1
    return row


def _data_rows(
    sheet: Sheet, table: Table, columns: dict[str, int], first: int
) -> tuple[tuple[tuple[int, Line | None], ...], tuple[tuple[int, str], ...], int]:
    """Data rows with their lines, rows of unknown label, and the last row of the table."""
    rows: list[tuple[int, Line | None]] = []
    unknown: list[tuple[int, str]] = []
    last = first - 1
    blank_run = 0
    unmatched = list(table.lines)
    line_column = next((columns[c.field] for c in table.columns if c.role == "line"), None)
    symbol_column = next(
        (columns[c.field] for c in table.columns if c.role == "symbol" and c.field in columns), None
    )
    for row in range(first, sheet.last_row + 1):
        filled = [col for col in columns.values() if (row, col) in sheet.cells]
        if _is_signature(sheet, row) and not _is_record(sheet, table, columns, row):
            break
        if not filled:
            blank_run += 1
            if blank_run > 2:
                break
            continue
        if line_column is None:
            # a record has more than one cell: a lone text under the table is a note
            if len(filled) == 1 and blank_run:
                break
            rows.append((row, None))
        else:
            label = fold(sheet.text(row, line_column))
            symbol = fold(sheet.text(row, symbol_column)) if symbol_column else None
            line = _match_line(label, symbol, unmatched)
            if line is not None:
                unmatched.remove(line)
                rows.append((row, line))
            elif _has_figures(sheet, table, columns, row):
                unknown.append((row, sheet.text(row, line_column)))
            elif blank_run:
                break
        blank_run = 0
        last = row
    return tuple(rows), tuple(unknown), last


def _is_signature(sheet: Sheet, row: int) -> bool:
    texts = (fold(sheet.text(row, col)) for col in range(1, sheet.last_column + 1))
    return any(_SIGNATURE.match(text) for text in texts if text)


def _is_record(sheet: Sheet, table: Table, columns: dict[str, int], row: int) -> bool:
    """A row with a figure, or with most of what a row must have: a note in it may begin with
    "Chủ tịch" without ending the table."""
    values = (columns[c.field] for c in table.columns if c.role == "value" and c.field in columns)
    if any(_is_figure(sheet.cells[row, col]) for col in values if (row, col) in sheet.cells):
        return True
    if table.rows.kind == "lines":  # its label says what it is
        return False
    required = [columns[c.field] for c in table.columns if c.required and c.field in columns]
    filled = sum((row, col) in sheet.cells for col in required)
    return len(required) > 1 and filled > len(required) / 2


def _is_figure(cell: Cell) -> bool:
    return cell.kind == "number" or (
        cell.kind == "text" and read_number_text(cell.text, None).problem != "not_a_number"
    )


def _match_line(label: str, symbol: str | None, candidates: list[Line]) -> Line | None:
    """The line of this label; its symbol decides where two lines share one label."""
    same = [line for line in candidates if fold(line.label_vi) == label]
    if len(same) > 1 and symbol is not None:
        same = [line for line in same if fold(line.symbol) == symbol]
    return same[0] if len(same) == 1 else None


def _has_figures(sheet: Sheet, table: Table, columns: dict[str, int], row: int) -> bool:
    places = (columns[c.field] for c in table.columns if c.role == "value" and c.field in columns)
    cells = (sheet.cells.get((row, col)) for col in places)
    return any(cell is not None and nil_state(cell.text) is None for cell in cells)
