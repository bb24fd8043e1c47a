"""One worksheet of a package: the formats of some of its cells changed, comments hung on them.

Values, formulas and everything that is not named here keep their bytes. Places are row and column
from 1.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from expectations.numbers import cell_address, cell_place
from expectations.reports.package_xml import (
    RELATIONS_NS,
    Edit,
    PackageError,
    run_through,
    spliced,
    tag_end,
    with_attributes,
)

Place = tuple[int, int]
# what may stand behind a sheet's <legacyDrawing>
_AFTER_DRAWING = {"legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls",
                  "webPublishItems", "tableParts", "extLst", "AlternateContent"}  # fmt: skip
DEFAULT_WIDTH, DEFAULT_HEIGHT = 9.14, 15.0


def place_of(address: str) -> Place | None:
    """`B12`, or `$B$12`, gives (12, 2)."""
    return cell_place(address.replace("$", ""))


@dataclass(frozen=True)
class _Cell:
    start: int
    end: int
    style: int
    has_style: bool


@dataclass
class _Row:
    start: int
    end: int
    is_empty: bool
    style: int | None
    cells: list[tuple[int, int]] = field(default_factory=list)  # column, where its tag starts
    close: int = -1


@dataclass
class Scan:
    """Where things stand in a worksheet's part: the cells and rows that were asked for."""

    part: bytes
    prefix: str = ""
    cells: dict[Place, _Cell] = field(default_factory=dict)
    rows: dict[int, _Row] = field(default_factory=dict)
    # where a row that is not there would begin
    gaps: dict[int, int] = field(default_factory=dict)
    data: tuple[int, int] | None = None  # the tag <sheetData>
    has_rows: bool = True  # it is not <sheetData/>
    column_styles: list[tuple[int, int, int]] = field(default_factory=list)
    widths: list[tuple[int, int, float]] = field(default_factory=list)
    heights: dict[int, float] = field(default_factory=dict)
    default_width: float = DEFAULT_WIDTH
    default_height: float = DEFAULT_HEIGHT
    merges: list[tuple[Place, Place]] = field(default_factory=list)
    selected: list[tuple[int, int]] = field(default_factory=list)  # tags of views that are chosen
    drawing_id: str | None = None  # of the <legacyDrawing>
    drawing_at: int = -1  # where one belongs if there is none

    def anchor(self, place: Place) -> Place:
        """The cell that shows for a place: of merged cells the first."""
        for first, last in self.merges:
            if first[0] <= place[0] <= last[0] and first[1] <= place[1] <= last[1]:
                return first
        return place

    def style_of(self, place: Place) -> int:
        """The format of a cell, there or not: its own, else its row's, else its column's."""
        cell, row = self.cells.get(place), self.rows.get(place[0])
        if cell is not None:
            return cell.style
        if row is not None and row.style is not None:
            return row.style
        return next((s for a, b, s in self.column_styles if a <= place[1] <= b), 0)

    def width(self, column: int) -> float:
        """In characters."""
        return next((w for a, b, w in self.widths if a <= column <= b), self.default_width)

    def height(self, row: int) -> float:
        """In points."""
        return self.heights.get(row, self.default_height)


def scan(part: bytes, rows: Collection[int], styles: Collection[int] = ()) -> Scan:
    """Find the cells of some rows, and all cells of some formats. Raises PackageError."""
    found = Scan(part)
    wanted_rows, wanted = set(rows), {str(style) for style in styles}
    pending = sorted(wanted_rows)
    state = _State()

    def start(name: str, attributes: dict[str, str], at: int) -> None:
        state.depth += 1
        local = name.rpartition(":")[2]
        if local == "c" and state.in_data:
            state.column += 1
            place = cell_place(attributes.get("r", ""))
            if place:
                state.column = place[1]
            style = attributes.get("s")
            if state.wanted is not None or style in wanted:
                end, _ = tag_end(part, at)
                number = int(style) if style and style.isdigit() else 0
                found.cells[state.row, state.column] = _Cell(at, end, number, style is not None)
                if state.wanted is not None:
                    state.wanted.cells.append((state.column, at))
        elif local == "row" and state.in_data:
            said = attributes.get("r", "")
            state.row = int(said) if said.isdigit() and len(said) < 8 else state.row + 1
            state.column = 0
            while pending and pending[0] <= state.row:
                number = pending.pop(0)
                if number < state.row:
                    found.gaps[number] = at
            if "ht" in attributes:
                found.heights[state.row] = _number(attributes["ht"], DEFAULT_HEIGHT)
            state.wanted = None
            if state.row in wanted_rows:
                if state.row in found.rows:
                    raise PackageError("a row that stands there twice")
                end, is_empty = tag_end(part, at)
                style = attributes.get("s", "")
                has_style = attributes.get("customFormat") in ("1", "true") and style.isdigit()
                state.wanted = _Row(at, end, is_empty, int(style) if has_style else None)
                found.rows[state.row] = state.wanted
        elif state.depth == 1:
            if local != "worksheet":
                raise PackageError("a sheet that is no worksheet")
            found.prefix = name[: -len(local)]
        elif not state.in_data:
            _start_other(found, state, local, attributes, at)

    def end(name: str, at: int) -> None:
        state.depth -= 1
        local = name.rpartition(":")[2]
        if local == "row" and state.wanted is not None:
            state.wanted.close = at
            state.wanted = None
        elif local == "sheetData":
            state.in_data = False
            for number in pending:
                found.gaps[number] = at
            pending.clear()
        elif state.depth == 0 and found.drawing_at < 0:
            found.drawing_at = at

    run_through(part, start, end)
    if found.data is None:
        raise PackageError("a sheet without its data")
    return found


@dataclass
class _State:
    depth: int = 0
    row: int = 0
    column: int = 0
    in_data: bool = False
    wanted: _Row | None = None


def _start_other(
    found: Scan, state: _State, local: str, attributes: dict[str, str], at: int
) -> None:
    match local:
        case "sheetData" if state.depth == 2:
            stop, is_empty = tag_end(found.part, at)
            found.data, found.has_rows, state.in_data = (at, stop), not is_empty, True
        case "sheetFormatPr":
            found.default_width = _number(attributes.get("defaultColWidth"), DEFAULT_WIDTH)
            found.default_height = _number(attributes.get("defaultRowHeight"), DEFAULT_HEIGHT)
        case "sheetView" if attributes.get("tabSelected") in ("1", "true"):
            found.selected.append((at, tag_end(found.part, at)[0]))
        case "col":
            first, last = _whole(attributes.get("min")), _whole(attributes.get("max"))
            if "width" in attributes:
                width = _number(attributes["width"], DEFAULT_WIDTH)
                is_hidden = attributes.get("hidden") in ("1", "true")
                found.widths.append((first, last, 0 if is_hidden else width))
            if attributes.get("style", "").isdigit():
                found.column_styles.append((first, last, int(attributes["style"])))
        case "mergeCell":
            first_ref, _, last_ref = attributes.get("ref", "").partition(":")
            first_place, last_place = place_of(first_ref), place_of(last_ref)
            if first_place and last_place:
                found.merges.append((first_place, last_place))
        case "legacyDrawing" if state.depth == 2:
            found.drawing_id = next(
                (value for key, value in attributes.items() if key.endswith(":id")), None
            )
        case _ if state.depth == 2 and local in _AFTER_DRAWING and found.drawing_at < 0:
            found.drawing_at = at


def _number(text: str | None, default: float) -> float:
    try:
        return min(max(float(text or default), 0), 2000)
    except ValueError:
        return default


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 8 else 0


_VIEW = re.compile(rb"<(?:\w+:)?sheetView\s")


def deselected(part: bytes) -> bytes:
    """A sheet's part with its tab not chosen: what is said before its data."""
    edits = []
    for view in _VIEW.finditer(part, 0, max(part.find(b"sheetData"), 0)):
        end, _ = tag_end(part, view.start())
        edits.append(
            (view.start(), end, with_attributes(part[view.start() : end], {"tabSelected": None}))
        )
    return spliced(part, edits)


def patched(
    found: Scan,
    restyle: Mapping[Place, int],
    drawing_id: str | None = None,
) -> bytes:
    """The part with cells in other formats, cells that were not there added, a relation to the
    drawing of comments added, and (the first sheet is chosen now) the sheet's tab not chosen."""
    edits: list[Edit] = []
    new_cells: dict[int, list[tuple[int, int]]] = {}
    for place, style in restyle.items():
        cell = found.cells.get(place)
        if cell is None:
            new_cells.setdefault(place[0], []).append((place[1], style))
        elif cell.style != style or not cell.has_style:
            tag = found.part[cell.start : cell.end]
            edits.append((cell.start, cell.end, with_attributes(tag, {"s": str(style)})))
    for row_no, cells in sorted(new_cells.items()):
        edits += _add_cells(found, row_no, sorted(cells))
    if found.data is not None and not found.has_rows and edits:
        rows = b"".join(new for _, _, new in edits)
        name = f"{found.prefix}sheetData"
        edits = [(*found.data, f"<{name}>".encode() + rows + f"</{name}>".encode())]
    if drawing_id is not None and found.drawing_id is None:
        xml = (
            f'<{found.prefix}legacyDrawing xmlns:r="{RELATIONS_NS}" r:id="{drawing_id}"/>'
        ).encode()
        edits.append((found.drawing_at, found.drawing_at, xml))
    for start, end in found.selected:
        tag = with_attributes(found.part[start:end], {"tabSelected": None})
        edits.append((start, end, tag))
    return spliced(found.part, edits)


def _add_cells(found: Scan, row_no: int, cells: list[tuple[int, int]]) -> list[Edit]:
    def xml(column: int, style: int) -> bytes:
        return f'<{found.prefix}c r="{cell_address(row_no, column)}" s="{style}"/>'.encode()

    row = found.rows.get(row_no)
    if row is None:
        inner = b"".join(xml(*cell) for cell in cells)
        name = f"{found.prefix}row"
        at = found.gaps[row_no]
        return [(at, at, f'<{name} r="{row_no}">'.encode() + inner + f"</{name}>".encode())]
    start = with_attributes(found.part[row.start : row.end], {"spans": None})
    if row.is_empty:
        start = re.sub(rb"\s*/>\Z", b">", start) + b"".join(xml(*cell) for cell in cells)
        return [(row.start, row.end, start + f"</{found.prefix}row>".encode())]
    edits: list[Edit] = [(row.start, row.end, start)] if b"spans" in found.part[
        row.start : row.end
    ] else []  # fmt: skip
    columns = [column for column, _ in row.cells]
    for column, style in cells:
        after = bisect_right(columns, column)
        at = row.cells[after][1] if after < len(row.cells) else row.close
        edits.append((at, at, xml(column, style)))
    return edits


def corner(size: Callable[[int], float], first: int, wanted: float, last: int) -> tuple[int, int]:
    """Walking from a row or column (from 1) over sizes in pixels: where `wanted` pixels end, as
    the number of a row or column from 0 and the pixels into it."""
    at, left = first, wanted
    while at < last and left > size(at):
        left -= size(at)
        at += 1
    return at - 1, int(left)
