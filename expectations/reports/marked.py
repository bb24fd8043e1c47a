"""The sender's own workbook back, marked: coloured cells, comments, what is to be mended first.

Here belongs what is marked and what is said about it; how, is in the modules beside. A pure
function: from the bytes of the original and its findings to the bytes of the marked workbook and a
list of what could not be kept. The package is patched: values, formulas with their cached results,
pictures, macros and all else keep their bytes. Only the tabs that were chosen are not any more, so
that the file opens on our sheet. A workbook that we had marked before loses its old marks first.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from expectations.findings import sentences
from expectations.numbers import cell_address
from expectations.reports.answer_sheet import (
    LONGEST_TEXT,
    SECTIONS,
    TITLE,
    Heading,
    Mark,
    MarkedCell,
    draw_answer,
    draw_data,
)
from expectations.reports.comments_xml import (
    SIGN,
    Comment,
    add_comments,
    comments_of,
    remove_ours,
)
from expectations.reports.explanations import (
    explanations_of,
    is_answer_sheet,
    is_ours,
)
from expectations.reports.package_xml import (
    OpenPackage,
    PackageError,
    read_package,
    shown,
    write_package,
)
from expectations.reports.sheet_xml import Place, Scan, deselected, patched, place_of, scan
from expectations.reports.styles_xml import NO_FILL, Fill, Styles, checked_fill
from expectations.reports.values_book import values_book
from expectations.reports.workbook_xml import Book
from ingest.package import Kind, Unreadable, look
from ingest.workbook import Sheet, read_sheets

COLOURED = ("error", "warning")  # what is only to be known is listed, not coloured
DATA_SHEET = "_kho_phieu"
LONGEST_COMMENT = 3_000

_SIGNED = (
    "chữ ký số của tệp đã được gỡ, vì nội dung tệp thay đổi nên chữ ký không còn giá trị. Đề nghị"
    " ký lại sau khi chỉnh sửa."
)
_SHARED = "lịch sử thay đổi của tệp dùng chung không giữ được."
_CONVERTED = (
    "tệp gửi có định dạng {kind}; tệp này có định dạng .xlsx, chỉ giữ giá trị của các ô. Công thức,"
    " định dạng, hình vẽ, ghi chú, macro (nếu có) không giữ được. Đề nghị sửa trên tệp gốc của đơn"
    " vị, hoặc sửa trên tệp này rồi gửi lại."
)
_NOT_PATCHED = (
    "cấu trúc bên trong của tệp không theo chuẩn nên không đánh dấu trực tiếp được; tệp này chỉ giữ"
    " giá trị của các ô. Đề nghị sửa trên tệp gốc của đơn vị, hoặc sửa trên tệp này rồi gửi lại."
)
_NOT_OPENED = "không mở được tệp nên phiếu này không kèm các trang của tệp. {reason}"
_COMMENTED = (
    "ô {cells} đã có ghi chú của đơn vị, được giữ nguyên; nội dung cần chỉnh sửa của các ô này chỉ"
    " nêu ở trang này."
)
_NO_COMMENTS = (
    "trang {sheets} có hình vẽ, nút điều khiển không thêm ghi chú vào được; các ô vẫn được tô màu,"
    " nội dung nêu ở trang này."
)
_KINDS: dict[Kind, str] = {"xls": ".xls", "xlsb": ".xlsb", "ods": ".ods", "xlsx": ".xlsx"}


@dataclass(frozen=True)
class MarkedWorkbook:
    """The marked workbook, the extension that its name must have, and what was not kept."""

    content: bytes
    extension: str
    not_kept: tuple[str, ...]


def marked_workbook(content: bytes, marks: Sequence[Mark], heading: Heading) -> MarkedWorkbook:
    """Mark a workbook. It is the file of a stranger: to be run in a child process
    (`ingest.sandbox`). Never fails for what a file is: what cannot be patched is answered with its
    values, what cannot be opened with the list alone."""
    marks = _in_order(marks)
    try:
        kind = look(content).kind
        if kind == "xlsx":
            try:
                return _patched(content, marks, heading, ())
            except (PackageError, KeyError, IndexError, ValueError):
                return _values(content, marks, heading, _NOT_PATCHED)
        return _values(content, marks, heading, _CONVERTED.format(kind=_KINDS[kind]))
    except Unreadable as refused:
        return only_list(marks, heading, refused.reason)


def only_list(marks: Sequence[Mark], heading: Heading, reason: str) -> MarkedWorkbook:
    """A workbook with the list alone, for a file that cannot be opened; `reason` is one of
    ingest.package.REASONS."""
    empty, _ = values_book([])
    note = _NOT_OPENED.format(reason=sentences()[reason].message)
    return _patched(empty, _in_order(marks), heading, (note,), is_bare=True)


def _values(content: bytes, marks: Sequence[Mark], heading: Heading, note: str) -> MarkedWorkbook:
    sheets = read_sheets(content)
    explained = {e.place_key: e.text for e in explanations_of(sheets)}
    book, names = values_book([sheet for sheet in sheets if not is_ours(sheet)])
    renamed = [_renamed(mark, names) for mark in marks]
    return _patched(book, renamed, heading, (note,), explained=explained)


def _renamed(mark: Mark, names: Mapping[str, str]) -> Mark:
    sheet, _, address = (mark.cell_ref or "").rpartition("!")
    return replace(
        mark,
        sheet=names.get(mark.sheet, mark.sheet) if mark.sheet else None,
        cell_ref=f"{names.get(sheet, sheet)}!{address}" if address else None,
    )


def _in_order(marks: Iterable[Mark]) -> list[Mark]:
    """By severity, sheet, row, column; what is about a whole sheet or file before its cells."""
    severities = list(SECTIONS)

    def order(mark: Mark) -> tuple[int, str, int, int, str]:
        sheet, _, address = (mark.cell_ref or "").rpartition("!")
        row, column = place_of(address) or (0, 0)
        return severities.index(mark.severity), mark.sheet or sheet, row, column, mark.message

    return sorted(dict.fromkeys(marks), key=order)


# --- what came back marked ------------------------------------------------------------------------


@dataclass
class _Before:
    """What a workbook that we had marked says of that: our sheets, the fills of its cells before,
    what the unit wrote."""

    sheets: list[str] = field(default_factory=list)
    fills: dict[tuple[str, Place], Fill] = field(default_factory=dict)
    explained: dict[str, str] = field(default_factory=dict)


def _before(content: bytes, package: OpenPackage) -> _Before:
    found = _Before()
    if not any(b"kho-phieu-" in part for part in package.parts.values()):
        return found
    sheets = read_sheets(content)
    found.explained = {e.place_key: e.text for e in explanations_of(sheets)}
    found.sheets = [sheet.name for sheet in sheets if is_ours(sheet)]
    for sheet in sheets:
        if is_ours(sheet) and not is_answer_sheet(sheet):
            for row in range(2, sheet.last_row + 1):
                place = place_of(sheet.text(row, 2))
                if place is not None:
                    found.fills[sheet.text(row, 1), place] = _fill_said(sheet, row)
    return found


def _fill_said(sheet: Sheet, row: int) -> Fill:
    try:
        return checked_fill(json.loads(sheet.text(row, 3)))
    except (ValueError, RecursionError):
        return NO_FILL


# --- the patch ------------------------------------------------------------------------------------


def _patched(
    content: bytes,
    marks: Sequence[Mark],
    heading: Heading,
    notes: Sequence[str],
    *,
    explained: Mapping[str, str] | None = None,
    is_bare: bool = False,
) -> MarkedWorkbook:
    package = read_package(content)
    before = _before(content, package)
    book = Book(package)
    if book.is_strict:
        return _values(content, marks, heading, _CONVERTED.format(kind="Strict Open XML"))
    book.remove_sheets(before.sheets)
    not_kept = list(notes)
    if book.remove_signatures():
        not_kept.append(_SIGNED)
    if book.remove_revisions():
        not_kept.append(_SHARED)
    styles = Styles(book.styles())
    by_sheet: dict[str, dict[Place, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in marks:
        sheet, _, address = (mark.cell_ref or "").rpartition("!")
        place = place_of(address)
        if place is not None:
            by_sheet[sheet][place].append(mark)
    cells: list[MarkedCell] = []
    commented: list[str] = []
    closed: list[str] = []
    links: dict[Mark, tuple[str, str]] = {}
    for sheet, part_name in book.worksheets().items():
        places = by_sheet.get(sheet, {})
        done = _mark_sheet(package, styles, part_name, places, before, sheet)
        cells += done.cells
        commented += [f"{sheet}!{cell_address(*place)}" for place in done.commented]
        closed += [sheet] * done.is_closed
        links |= {
            mark: (sheet, cell_address(*place)) for place, found in places.items() for mark in found
        }
        links |= {
            mark: (sheet, "A1")
            for mark in marks
            if mark.sheet == sheet and mark.cell_ref is None and not book.is_hidden(sheet)
        }
    if commented:
        some = ", ".join(shown(cell, 60) for cell in commented[:12])
        more = f" và {len(commented) - 12} ô khác" if len(commented) > 12 else ""
        not_kept.append(_COMMENTED.format(cells=some + more))
    if closed:
        not_kept.append(_NO_COMMENTS.format(sheets=", ".join(shown(name, 40) for name in closed)))
    known = {**before.explained, **(explained or {})}
    answer = draw_answer(styles, heading, marks, not_kept, known, {} if is_bare else links)
    book.put_styles(styles.render())
    book.add_first_sheet(TITLE, answer)
    book.add_hidden_sheet(DATA_SHEET, draw_data(cells))
    book.finish()
    return MarkedWorkbook(write_package(package), book.extension, tuple(not_kept))


@dataclass
class _Done:
    """What was done to a sheet: cells filled, and cells that keep somebody else's comment."""

    cells: list[MarkedCell] = field(default_factory=list)
    commented: list[Place] = field(default_factory=list)
    is_closed: bool = False  # no comment could be added


def _mark_sheet(
    package: OpenPackage,
    styles: Styles,
    part_name: str,
    places: Mapping[Place, Sequence[Mark]],
    before: _Before,
    sheet: str,
) -> _Done:
    """Fill and comment the cells of a sheet; take away old fills and comments of ours."""
    part = package.xml(part_name)
    if not places and not before.sheets:
        if (new := deselected(part)) != part:
            package.put(part_name, new)
        return _Done()
    ours = styles.marks() if before.sheets else {}
    found = scan(part, {row for row, _ in places}, ours)
    anchored: dict[Place, list[Mark]] = defaultdict(list)
    for place, marks in places.items():
        coloured = [mark for mark in marks if mark.severity in COLOURED]
        if coloured:
            anchored[found.anchor(place)] += coloured
    missing = {row for row, _ in anchored} - {row for row, _ in places}
    if missing:  # a merged cell begins in another row
        found = scan(part, {row for row, _ in [*places, *anchored]}, ours)
    done, restyle = _Done(), dict[Place, int]()
    own_fills = {place: styles.fill_of(style) for place, style in _styles_at(found, anchored)}
    for place, cell in found.cells.items():
        if cell.style in ours:
            fill = before.fills.get((sheet, place), NO_FILL)
            own_fills[place] = fill
            restyle[place] = styles.filled(cell.style, fill)
    for place, marks in sorted(anchored.items()):
        severity = min((mark.severity for mark in marks), key=COLOURED.index)
        base = restyle.get(place, found.style_of(place))
        restyle[place] = styles.marked(base, severity)
        done.cells.append(MarkedCell(sheet, cell_address(*place), own_fills[place]))
    comments = comments_of(package, part_name, found.drawing_id)
    remove_ours(package, comments)
    done.is_closed = bool(anchored) and not comments.is_open
    done.commented = sorted(set(anchored) & comments.others)
    wanted = {place: _comment(marks) for place, marks in anchored.items()}
    drawing_id = add_comments(package, comments, found, wanted)
    new = patched(found, restyle, drawing_id)
    if new != part:
        package.put(part_name, new)
    return done


def _styles_at(found: Scan, places: Iterable[Place]) -> list[tuple[Place, int]]:
    return [(place, found.style_of(place)) for place in places]


def _comment(marks: Sequence[Mark]) -> Comment:
    severity = min((mark.severity for mark in marks), key=COLOURED.index)
    heading = SIGN + ("phải chỉnh sửa" if severity == "error" else "đề nghị giải trình")
    several = len(marks) > 1
    texts = []
    for number, mark in enumerate(marks, start=1):
        message, fix = shown(mark.message, LONGEST_TEXT), shown(mark.fix, LONGEST_TEXT)
        texts.append(f"{number}. {message}\n{fix}" if several else f"{message}\n{fix}")
    return Comment(heading, shown("\n".join(texts), LONGEST_COMMENT))
