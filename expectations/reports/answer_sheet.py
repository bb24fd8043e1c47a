"""The sheets that a marked workbook is given: "Nội dung cần chỉnh sửa", and a hidden one of data.

Here belong their layout and words. Every text is an inline string in a cell of text: it stays text
also when somebody edits it, whatever it begins with. The hidden first column holds the place of
each finding, so that an explanation is known again wherever its row has gone.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from expectations.numbers import cell_address, vietnamese
from expectations.reports.explanations import (
    ANSWER_MARK,
    DATA_MARK,
    EXPLANATION_COLUMN,
    LONGEST_EXPLANATION,
)
from expectations.reports.package_xml import shown, xml_attribute, xml_text
from expectations.reports.styles_xml import COLOURS, Fill, Styles

TITLE = "Nội dung cần chỉnh sửa"
SECTIONS = {
    "error": "I. Phải chỉnh sửa",
    "warning": "II. Đề nghị giải trình",
    "info": "III. Để biết",
}
EXPLANATION_TITLE = "Giải trình của đơn vị"
COLUMNS = ("STT", "Trang tính", "Ô", "Giá trị đã ghi", "Nội dung", "Cách xử lý")
BLANK = "(để trống)"
MOST_LISTED = 2_000
LONGEST_TEXT, LONGEST_VALUE = 1_200, 240
MOST_LINES = 24  # a row is at most 409 points high
_WIDTHS = (3, 6, 15, 9, 22, 46, 36, 36)
_FIRST, _LAST = 2, EXPLANATION_COLUMN  # the columns that are seen
_LINE = 15.75  # points
_HIDDEN = ' hidden="1"'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HOW = (
    "Đề nghị sửa trực tiếp tại các ô được tô màu trong tệp này (bấm vào địa chỉ ở cột “Ô” để đến"
    " ô đó), lưu lại và gửi về như lần gửi trước. Nếu số liệu ở mục II là đúng, đề nghị ghi lý do"
    " vào cột “Giải trình của đơn vị” rồi gửi lại tệp. Không cần xóa trang này, màu hay ghi chú."
)
_NOTICE = "Do hệ thống tự động lập, không thay thế văn bản hành chính."


@dataclass(frozen=True)
class Mark:
    """One finding, as it is to be shown. `cell_ref` is `Sheet!B12`, None for a finding about a
    whole sheet or file; `place_key` is that of the finding, stable over files."""

    place_key: str
    severity: str
    sheet: str | None
    cell_ref: str | None
    value: str | None
    message: str
    fix: str


@dataclass(frozen=True)
class Heading:
    """Whose workbook it is, what it is called, as of when it was checked (local time)."""

    unit_name: str
    file_name: str
    as_of: datetime


@dataclass
class _Drawn:
    """A worksheet that is being written, row by row."""

    rows: list[str] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    open_cells: list[str] = field(default_factory=list)

    @property
    def next_row(self) -> int:
        return len(self.rows) + 1

    def row(self, cells: Mapping[int, tuple[str, int]], height: float | None = None) -> int:
        """A row of texts with their formats, by column; returns its number."""
        number = self.next_row
        size = f' ht="{height:g}" customHeight="1"' if height else ""
        inner = "".join(
            _cell(number, column, text, style) for column, (text, style) in sorted(cells.items())
        )
        self.rows.append(f'<row r="{number}"{size}>{inner}</row>')
        return number


def _cell(row: int, column: int, text: str, style: int) -> str:
    at = f'<c r="{cell_address(row, column)}" s="{style}"'
    if not text:
        return f"{at}/>"
    return f'{at} t="inlineStr"><is><t xml:space="preserve">{xml_text(text)}</t></is></c>'


def draw_answer(
    styles: Styles,
    heading: Heading,
    marks: Sequence[Mark],
    notes: Sequence[str],
    explained: Mapping[str, str],
    links: Mapping[Mark, tuple[str, str]],
) -> bytes:
    """The sheet's part.

    `notes` say what could not be kept; `explained` are texts of a unit by place; `links` say to
    which sheet and cell a finding leads, left out where it leads nowhere.
    """
    looks = _Looks(styles)
    drawn = _Drawn()
    drawn.row({1: (ANSWER_MARK, looks.hidden), _FIRST: (TITLE.upper(), looks.title)}, 26)
    _wide(drawn, f"Đơn vị: {shown(heading.unit_name, 200)}", looks.plain_bold)
    _wide(drawn, f"Tệp: {shown(heading.file_name, 200)}", looks.plain)
    _wide(drawn, f"Kết quả kiểm tra đến {_time_vi(heading.as_of)}. {_NOTICE}", looks.italic)
    if any(mark.severity != "info" for mark in marks):
        _wide(drawn, _HOW, looks.plain)
        drawn.row({
            _FIRST: ("", looks.error), _FIRST + 1: ("Ô màu đỏ: phải chỉnh sửa", looks.label),
        })  # fmt: skip
        drawn.row(
            {
                _FIRST: ("", looks.warning),
                _FIRST + 1: ("Ô màu xanh: đề nghị giải trình", looks.label),
            }
        )
    for note in notes:
        _wide(drawn, f"Lưu ý: {shown(note, LONGEST_TEXT)}", looks.plain)
    for severity, title in SECTIONS.items():
        found = [mark for mark in marks if mark.severity == severity]
        if severity == "info" and not found:
            continue
        drawn.row({})
        count = f" ({vietnamese(len(found))} nội dung)" if found else ""
        drawn.row({_FIRST: (title + count, looks.section)}, 22)
        if not found:
            drawn.row({_FIRST: ("Không có.", looks.label)})
            continue
        has_explanation = severity == "warning"
        header = {_FIRST + n: (text, looks.header) for n, text in enumerate(COLUMNS)}
        if has_explanation:
            header[EXPLANATION_COLUMN] = (EXPLANATION_TITLE, looks.header)
        drawn.row(header, 22)
        for number, mark in enumerate(found[:MOST_LISTED], start=1):
            _finding(drawn, looks, number, mark, explained, links.get(mark), has_explanation)
        if len(found) > MOST_LISTED:
            more = vietnamese(len(found) - MOST_LISTED)
            _wide(drawn, f"Còn {more} nội dung khác cùng mục, không liệt kê ở đây.", looks.italic)
    return _sheet_xml(drawn).encode()


def _finding(
    drawn: _Drawn,
    looks: _Looks,
    number: int,
    mark: Mark,
    explained: Mapping[str, str],
    link: tuple[str, str] | None,
    has_explanation: bool,
) -> None:
    address = (mark.cell_ref or "").rpartition("!")[2]
    sheet = mark.sheet or (mark.cell_ref or "").rpartition("!")[0].strip("'")
    at_cell = bool(address)
    cells = {
        _FIRST: (str(number), looks.centre),
        _FIRST + 1: (shown(sheet, 100) or "Toàn bộ tệp",
                     looks.link if link and not at_cell else looks.text),
        _FIRST + 2: (shown(address, 30), looks.link if link and at_cell else looks.text),
        _FIRST + 3: (shown(mark.value or (BLANK if at_cell else ""), LONGEST_VALUE), looks.text),
        _FIRST + 4: (shown(mark.message, LONGEST_TEXT), looks.text),
        _FIRST + 5: (shown(mark.fix, LONGEST_TEXT), looks.text),
    }  # fmt: skip
    cells = {
        column: (_fitting(text, _WIDTHS[column - 1]), look)
        for column, (text, look) in cells.items()
    }
    if has_explanation:
        cells[1] = (mark.place_key, looks.hidden)
        text = explained.get(mark.place_key, "")
        cells[EXPLANATION_COLUMN] = (text, looks.open)
    lines = max(len(_lines(text, _WIDTHS[c - 1])) for c, (text, _) in cells.items() if c > 1)
    row = drawn.row(cells, 4 + _LINE * min(lines, MOST_LINES))
    if has_explanation:
        drawn.open_cells.append(cell_address(row, EXPLANATION_COLUMN))
    if link is not None:
        name, cell = link
        quoted = "'" + name.replace("'", "''") + "'"
        at = cell_address(row, _FIRST + (2 if at_cell else 1))
        drawn.links.append(
            f'<hyperlink ref="{at}" location="{xml_attribute(f"{quoted}!{cell}")}"/>'
        )


def _wide(drawn: _Drawn, text: str, style: int) -> None:
    """A text over all columns, as high as it needs."""
    width = sum(_WIDTHS[_FIRST - 1 :])
    text = _fitting(text, width)
    row = drawn.row({_FIRST: (text, style)}, 4 + _LINE * len(_lines(text, width)))
    drawn.merges.append(f"{cell_address(row, _FIRST)}:{cell_address(row, _LAST)}")


def _lines(text: str, width: float) -> list[str]:
    """About how a text is broken in a column of so many characters, rather too early."""
    limit = max(int(width * 0.97), 1)
    lines = []
    for paragraph in text.split("\n"):
        line, used = "", 0
        for word in re.findall(r"\S+\s*|\s+", paragraph):
            size = _size(word.rstrip())
            if used and used + size > limit:
                lines.append(line)
                line, used = "", 0
            while size > limit:  # a word longer than the column is broken anywhere
                lines.append(word[: limit // 2])
                word = word[limit // 2 :]
                size = _size(word.rstrip())
            line, used = line + word, used + _size(word)
        lines.append(line)
    return lines


def _size(text: str) -> int:
    """The width of a text in digits: capitals are broader, signs of East Asia twice as broad."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide + sum(map(str.isupper, text)) // 3


def _fitting(text: str, width: float) -> str:
    """A text that a row can show."""
    lines = _lines(text, width)
    if len(lines) <= MOST_LINES:
        return text
    kept = "".join(lines[: MOST_LINES - 2]).rstrip()
    return f"{kept}… (còn nữa)"


class _Looks:
    """The cell formats of the sheet."""

    def __init__(self, styles: Styles) -> None:
        name = '<{0}name val="Times New Roman"/><{0}family val="1"/>'
        plain = styles.add("fonts", '<{0}font><{0}sz val="12"/>' + name + "</{0}font>")
        bold = styles.add("fonts", '<{0}font><{0}b/><{0}sz val="12"/>' + name + "</{0}font>")
        large = styles.add("fonts", '<{0}font><{0}b/><{0}sz val="15"/>' + name + "</{0}font>")
        italic = styles.add("fonts", '<{0}font><{0}i/><{0}sz val="12"/>' + name + "</{0}font>")
        blue = styles.add(
            "fonts",
            '<{0}font><{0}u/><{0}sz val="12"/><{0}color rgb="FF0B4F9E"/>' + name + "</{0}font>",
        )
        sides = "".join(
            f'<{{0}}{side} style="thin"><{{0}}color rgb="FF808080"/></{{0}}{side}>'
            for side in ("left", "right", "top", "bottom")
        )
        none = styles.add(
            "borders",
            "<{0}border><{0}left/><{0}right/><{0}top/><{0}bottom/><{0}diagonal/></{0}border>",
        )
        thin = styles.add("borders", "<{0}border>" + sides + "<{0}diagonal/></{0}border>")
        empty = styles.add("fills", '<{0}fill><{0}patternFill patternType="none"/></{0}fill>')

        def fill(colour: str) -> int:
            return styles.add(
                "fills",
                f'<{{0}}fill><{{0}}patternFill patternType="solid"><{{0}}fgColor rgb="{colour}"/>'
                "</{0}patternFill></{0}fill>",
            )

        def look(
            font: int, border: int, filled: int, place: str = "", *, is_open: bool = False
        ) -> int:
            lock = '<{0}protection locked="0"/>' if is_open else ""
            return styles.add(
                "cellXfs",
                f'<{{0}}xf numFmtId="49" fontId="{font}" fillId="{filled}" borderId="{border}"'
                ' quotePrefix="1" applyNumberFormat="1" applyFont="1" applyFill="1"'
                f' applyBorder="1" applyAlignment="1" applyProtection="1"><{{0}}alignment {place}/>'
                f"{lock}</{{0}}xf>",
            )

        top, middle = 'vertical="top" wrapText="1"', 'vertical="center"'
        self.hidden = look(plain, none, empty, middle)
        self.title = look(large, none, empty, middle)
        self.label = look(plain, none, empty, middle)
        self.plain_bold = look(bold, none, empty, top)
        self.plain = look(plain, none, empty, top)
        self.italic = look(italic, none, empty, top)
        self.section = look(bold, none, empty, middle)
        self.header = look(
            bold, thin, fill("FFE7EEF5"), 'horizontal="center" vertical="center" wrapText="1"'
        )
        self.text = look(plain, thin, empty, top)
        self.centre = look(plain, thin, empty, 'horizontal="center" vertical="top"')
        self.link = look(blue, thin, empty, top)
        self.open = look(plain, thin, fill("FFFFFDE7"), top, is_open=True)
        self.error = look(plain, thin, fill(COLOURS["error"]), middle)
        self.warning = look(plain, thin, fill(COLOURS["warning"]), middle)


def _sheet_xml(drawn: _Drawn) -> str:
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"{_HIDDEN * (n < _FIRST)}/>'
        for n, width in enumerate(_WIDTHS, start=1)
    )
    merges = "".join(f'<mergeCell ref="{ref}"/>' for ref in drawn.merges)
    parts = [
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
        f'<worksheet xmlns="{_MAIN}">',
        '<sheetPr><tabColor rgb="FFC00000"/><pageSetUpPr fitToPage="1"/></sheetPr>',
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0">'
        '<selection activeCell="B1" sqref="B1"/></sheetView></sheetViews>',
        '<sheetFormatPr defaultRowHeight="15.75"/>',
        f"<cols>{columns}</cols><sheetData>{''.join(drawn.rows)}</sheetData>",
        '<sheetProtection sheet="1" objects="1" scenarios="1" formatColumns="0" formatRows="0"/>',
        f'<mergeCells count="{len(drawn.merges)}">{merges}</mergeCells>' if merges else "",
    ]
    if drawn.open_cells:
        where = " ".join(_runs(drawn.open_cells))
        parts.append(
            '<dataValidations count="1"><dataValidation type="textLength"'
            ' operator="lessThanOrEqual" allowBlank="1" showErrorMessage="1"'
            f' errorTitle="{EXPLANATION_TITLE}"'
            f' error="Nội dung giải trình không quá {vietnamese(LONGEST_EXPLANATION)} ký tự."'
            f' sqref="{where}"><formula1>{LONGEST_EXPLANATION}</formula1></dataValidation>'
            "</dataValidations>"
        )
    if drawn.links:
        parts.append(f"<hyperlinks>{''.join(drawn.links)}</hyperlinks>")
    parts += [
        '<printOptions horizontalCentered="1"/>',
        '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>',
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>',
        '<headerFooter><oddFooter>&amp;C&amp;"Times New Roman,Regular"&amp;11Trang &amp;P/&amp;N'
        "</oddFooter></headerFooter>",
        "</worksheet>",
    ]
    return "".join(parts)


def _runs(addresses: Sequence[str]) -> list[str]:
    """Addresses of one column below each other as ranges."""
    runs: list[tuple[int, int]] = []
    for address in addresses:
        row = int(address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    column = EXPLANATION_COLUMN
    return [f"{cell_address(first, column)}:{cell_address(last, column)}" for first, last in runs]


@dataclass(frozen=True)
class MarkedCell:
    """A cell that we filled, and what filled it before."""

    sheet: str
    address: str
    before: Fill


def draw_data(cells: Sequence[MarkedCell]) -> bytes:
    """The hidden sheet: one row a marked cell."""
    drawn = _Drawn()
    drawn.row({1: (DATA_MARK, 0)})
    for cell in cells:
        before = json.dumps(cell.before, separators=(",", ":"))
        drawn.row({1: (cell.sheet, 0), 2: (cell.address, 0), 3: (before, 0)})
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(drawn.rows)}</sheetData>'
        '<sheetProtection sheet="1" objects="1" scenarios="1"/></worksheet>'
    ).encode()


def _time_vi(time: datetime) -> str:
    """`02 giờ 00 phút, ngày 05/7/2026`: as in Nghị định 30/2020/NĐ-CP, a nought before days under
    10 and before January and February only."""
    month = f"{time.month:02d}" if time.month < 3 else str(time.month)
    return f"{time.hour:02d} giờ {time.minute:02d} phút, ngày {time.day:02d}/{month}/{time.year}"
