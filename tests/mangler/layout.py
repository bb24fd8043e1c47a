"""Where everything of a sheet stands: the model laid out on a grid of rows and columns from 0."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.mangler.paper import Ink, PaperSheet, PaperTable, text_ink

Merge = tuple[int, int, int, int]


@dataclass
class Grid:
    """Cells, merged ranges, hidden rows and columns of one sheet."""

    cells: dict[tuple[int, int], Ink] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)

    def put(self, row: int, col: int, ink: Ink) -> None:
        if ink.kind != "text" or ink.text:
            self.cells[row, col] = ink


def lay_out(sheet: PaperSheet) -> Grid:
    grid = Grid()
    for (row, col), ink in sheet.free.items():
        grid.put(row, col, ink)
    if not sheet.tables:
        return grid
    width = (
        sum(len(table.columns) for table in sheet.tables)
        if sheet.beside
        else max(len(table.columns) for table in sheet.tables)
    )
    row = _head(grid, sheet, max(width, 4))
    row += sheet.gap
    last = row
    if sheet.beside:
        depth = max(_depth(table) for table in sheet.tables)
        captions = any(table.caption for table in sheet.tables) and len(sheet.tables) > 1
        left = sheet.left
        for table in sheet.tables:
            start = row
            if captions:
                if table.caption:
                    grid.put(row, left, text_ink(table.caption))
                start = row + 1
            last = max(last, _table(grid, table, start, left, depth))
            left += len(table.columns)
    else:
        for table in sheet.tables:
            if table.caption and len(sheet.tables) > 1:
                grid.put(row, sheet.left, text_ink(table.caption))
                row += 1
            row = _table(grid, table, row, sheet.left, _depth(table)) + 2
        last = row - 2
    for number, foot in enumerate(sheet.foot):
        for col, ink in foot:
            grid.put(last + 1 + number, sheet.left + min(col, width - 1), ink)
    return grid


def _head(grid: Grid, sheet: PaperSheet, width: int) -> int:
    row = sheet.top - 1
    for line in sheet.head:
        if not line.beside:
            row += 1
        row = max(row, sheet.top)
        left, right = sheet.left, sheet.left + width - 1
        match line.place:
            case "left":
                grid.put(row, left, line.ink)
            case "right":
                grid.put(row, right - 1, line.ink)
            case "centre":
                grid.put(row, left, line.ink)
                grid.merges.append((row, left, row, right))
    return row + 1


def _chunks(text: str) -> list[str]:
    """A header's words as they stand below each other in cells of one column."""
    words = text.split()
    step = 2 if len(words) > 4 else 1
    return [" ".join(words[place : place + step]) for place in range(0, len(words), step)]


def _depth(table: PaperTable) -> int:
    levels = max(len(column.header) for column in table.columns)
    if table.header_style != "stacked":
        return levels
    longest = max(len(_chunks(column.header[-1].text)) for column in table.columns)
    return levels - 1 + longest


def _table(grid: Grid, table: PaperTable, top: int, left: int, depth: int) -> int:
    """Writes a table from its header on; returns the row after its last."""
    _header(grid, table, top, left, depth)
    row = top + depth
    if table.index_row:
        for place, column in enumerate(table.columns):
            if column.mark:
                grid.put(row, left + place, text_ink(column.mark))
        row += 1
    for paper_row in table.rows:
        for place, column in enumerate(table.columns):
            if (ink := paper_row.cells.get(id(column))) is not None:
                grid.put(row, left + place, ink)
        if paper_row.hidden:
            grid.hidden_rows.add(row)
        row += 1
    grid.hidden_columns |= {left + n for n, column in enumerate(table.columns) if column.hidden}
    return row


def _header(grid: Grid, table: PaperTable, top: int, left: int, depth: int) -> None:
    paths = [[ink.text for ink in column.header] for column in table.columns]
    for place, column in enumerate(table.columns):
        lowest = len(column.header) - 1
        for level, ink in enumerate(column.header[:-1]):
            same = paths[place][: level + 1]
            is_first = not (
                place
                and len(paths[place - 1]) > level + 1
                and paths[place - 1][: level + 1] == same
            )
            if not is_first and table.header_style != "repeated":
                continue
            grid.put(top + level, left + place, ink)
            end = place
            while (
                end + 1 < len(paths)
                and len(paths[end + 1]) > level + 1
                and paths[end + 1][: level + 1] == same
            ):
                end += 1
            if end > place and table.header_style == "merged":
                grid.merges.append((top + level, left + place, top + level, left + end))
        ink = column.header[-1]
        match table.header_style:
            case "stacked":
                for number, chunk in enumerate(_chunks(ink.text)):
                    part = Ink("text", chunk, font=ink.font)
                    grid.put(top + lowest + number, left + place, part)
            case "bottom":
                grid.put(top + depth - 1, left + place, ink)
            case _:
                grid.put(top + lowest, left + place, ink)
                if table.header_style == "merged" and depth - 1 > lowest:
                    grid.merges.append((top + lowest, left + place, top + depth - 1, left + place))
