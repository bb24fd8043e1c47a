"""One form's sheet of a template: title block, header of several levels, lines, formulas, locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from expectations.numbers import cell_address
from ingest import reference
from ingest.contract import Column, Contract, NotFallingCheck, Table
from ingest.identity import PREVIOUS_HEADER
from ingest.period import period_of
from ingest.reference import Line
from ingest.template_print import MARGINS, PageLayout, layout
from ingest.template_values import Key, TableValues, Value, total_columns

UNVERIFIED = "BẢN THAM KHẢO, chưa đối chiếu văn bản gốc"
SIMULATED = "SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh"
UNITS = "unit_of_measure"  # the list of the drop-down of units
NOT_ASKED = "x"  # where a line has nothing to say in a column
TOP = 8  # first row of the header, from 1
A4 = 9
FONT = "Times New Roman"
POINTS = 12
SMALL_POINTS = 10  # print and columns of a form that is too wide for one page
PLACE_AND_DATE = "…, ngày … tháng … năm …"
LONG_HEADER = 40  # characters: a column under such a header holds sentences
SIGNING_ROWS = 7  # below the table: place and date, who signs, room for it
# width of a column in characters by role or type, and by the last word of a text's field
_WIDTHS = {"symbol": 7, "line": 44, "money": 17, "percent": 10, "date": 12, "code": 18}
_TEXT_WIDTHS = {"ordinal": 6, "name": 36, "code": 12, "note": 28, "quote": 36}
_SMALL_WIDTHS = {"symbol": 5, "line": 34, "money": 10.5, "percent": 7.5, "date": 10.5, "code": 11}
_SMALL_TEXT_WIDTHS = {"ordinal": 4.5, "name": 24, "code": 9.5, "note": 18, "quote": 30}
_DIGITS = {"percent": 2, "usd": 0, "million_usd": 3, "billion_vnd": 3}
_NIL = ("-", "x", "…")


class Styles:
    """Cell formats, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def get(self, **wanted: Any) -> Any:
        key = tuple(sorted(wanted.items()))
        if key not in self._made:
            options: dict[str, Any] = {
                "font_name": FONT,
                "font_size": wanted.get("size", 12),
                "valign": "top" if wanted.get("top") else "vcenter",
            }
            for name, value in wanted.items():
                match name:
                    case "bold" | "italic":
                        options[name] = value
                    case "wrap":
                        options["text_wrap"] = value
                    case "border":
                        options["border"] = 1 if value else 0
                    case "fill":
                        options["bg_color"] = value
                    case "align":
                        options["align"] = value
                    case "indent":
                        options["indent"] = value
                    case "number":
                        options["num_format"] = value
                    case "open":
                        options["locked"] = not value
                    case "colour":
                        options["font_color"] = value
            self._made[key] = self._book.add_format(options)
        return self._made[key]


class FormSheet:
    """Lays one form out on a worksheet. Rows and columns count from 1, as in addresses."""

    def __init__(
        self,
        sheet: Any,
        styles: Styles,
        contract: Contract,
        unit_code: str,
        period_key: str,
        values: Mapping[Key, Value],
        previous: Mapping[Key, Value],
        list_name: Callable[[str], str],
        *,
        is_simulated: bool,
        to_print: bool = False,
    ) -> None:
        self.sheet = sheet
        self.styles = styles
        self.contract = contract
        self.unit_code = unit_code
        self.period = period_of(period_key)
        self.values = values
        self.previous = previous
        self.list_name = list_name
        self.is_simulated = is_simulated
        self.to_print = to_print
        self.depth = max(len(c.header) for table in contract.tables for c in table.columns)
        self.index_row = TOP + self.depth
        self.addresses: dict[tuple[int, str, str], str] = {}
        self.points = POINTS
        self.widths: dict[int, float] = {}
        self.heights: dict[int, int] = {}
        self.layout = PageLayout(False, 100, ((1, 1),))

    def write(self) -> dict[tuple[int, str, str], str]:
        """Write everything; returns (table, row, field) to address."""
        blocks, column, last_row = [], 1, self.index_row
        for number, table in enumerate(self.contract.tables, start=1):
            blocks.append(_Block(self, number, table, column))
            column += len(table.columns)
        last = column - 1
        self.layout = self._layout(blocks)
        if len(self.layout.spans) > 1:
            self.points = SMALL_POINTS
            self.layout = self._layout(blocks)
        # last period's figures stand right of everything that is printed
        for block in blocks:
            block.previous_column = column
            column += len(block.shown_again)
        for block in blocks:
            last_row = max(last_row, block.write())
        self._head(self.layout.spans[0][1])
        self._signatures(last_row + 2, max(last, 4))
        self._page(last_row + SIGNING_ROWS, max(last, 4))
        return self.addresses

    @property
    def line_height(self) -> int:
        return round(self.points * 1.42)

    def _layout(self, blocks: list[_Block]) -> PageLayout:
        """The widths of all columns, and how they fall on pages."""
        columns = [(block, column) for block in blocks for column in block.table.columns]
        for block, column in columns:
            self.widths[block.columns[column.field]] = block.width(column)
        return layout(
            [self.widths[number] for number in range(1, len(columns) + 1)],
            [f"{block.number}/{column.header[0]}" for block, column in columns],
            self._repeated,
            self.points,
        )

    @property
    def _repeated(self) -> int:
        """How many of the first columns name a row: its line, or its number, name and code."""
        first = self.contract.tables[0]
        if first.rows.kind == "records":
            return 3
        return sum(column.role in ("symbol", "line") for column in first.columns)

    @property
    def is_first_of_year(self) -> bool:
        return (self.period.start.month, self.period.start.day) == (1, 1)

    def text(self, row: int, col: int, text: str, **style: Any) -> None:
        self.sheet.write_string(row - 1, col - 1, text, self.styles.get(**style))

    def merged(self, row: int, col: int, to_row: int, to_col: int, text: str, **style: Any) -> None:
        if (row, col) == (to_row, to_col):
            self.text(row, col, text, **style)
        else:
            self.sheet.merge_range(
                row - 1, col - 1, to_row - 1, to_col - 1, text, self.styles.get(**style)
            )

    def _head(self, last: int) -> None:
        unit = reference.reporting_units()[self.unit_code]
        last = max(last, 4)
        half = max(2, last // 2)
        self.merged(1, 1, 1, half, unit.name_vi.upper(), bold=True)
        code = f"Biểu số: {self.contract.code_on_paper}"
        self.merged(1, half + 1, 1, last, code, bold=True, align="right")
        if self.contract.legal_basis:
            basis = f"({self.contract.legal_basis})"
            self.merged(2, half + 1, 2, last, basis, italic=True, align="right", size=11)
        if not self.contract.is_verified:
            self.merged(2, 1, 2, half, UNVERIFIED, bold=True, colour="#C00000", size=11)
        title = self.contract.title.upper()
        self.merged(3, 1, 3, last, title, bold=True, size=14, align="center", wrap=True)
        width = sum(self.widths.get(col, 10) for col in range(1, last + 1))
        self.sheet.set_row(2, 22 * (1 + int(len(title) * 1.45 // max(width, 30))))
        center = {"align": "center", "italic": True}
        self.merged(4, 1, 4, last, f"Kỳ báo cáo: {self.period.label_vi}", **center)
        name = f"Đơn vị báo cáo: {unit.name_vi} ({unit.code})"
        self.merged(5, 1, 5, last, name, **center)
        if self.is_simulated:
            self.merged(6, 1, 6, last, SIMULATED, bold=True, colour="#C00000", align="center")
        if (label := self._unit_label()) is not None:
            self.merged(7, 1, 7, last, label, italic=True, align="right")

    def _unit_label(self) -> str | None:
        """The unit of the form's figures, where one line above the table can say it."""
        units = reference.units()
        money = {
            c.unit for table in self.contract.tables for c in table.columns if c.type == "money"
        }
        if len(money) == 1 and (only := money.pop()):
            return f"Đơn vị tính: {units[only].name_vi}"
        [table, *others] = self.contract.tables
        fixed = reference.units_of_measures()
        of_lines = any(
            c.role == "value" and c.unit is None and c.measure not in fixed for c in table.columns
        )
        if money or others or not of_lines or any(c.type == "unit" for c in table.columns):
            return None
        lines = [line for line in table.lines_of(self.unit_code) if line.unit_code is not None]
        counts = Counter(line.unit_code or "" for line in lines)
        if not counts:
            return None
        [(usual, _)] = counts.most_common(1)
        words = [f"Đơn vị tính: {units[usual].name_vi}"]
        words += [
            f"riêng dòng “{line.label_vi}”: {units[line.unit_code or ''].name_vi}"
            for line in lines
            if line.unit_code != usual
        ]
        return "; ".join(words)

    def _signatures(self, row: int, last: int) -> None:
        """Place and date, who made the form and who answers for it, on the last page."""
        first = self.layout.spans[-1][0]
        half = max(first + 1, (first + last) // 2)
        end = max(last, half + 1)
        self.merged(row, half + 1, row, end, PLACE_AND_DATE, italic=True, align="center")
        for col, to, title, how in (
            (first, half, "NGƯỜI LẬP BIỂU", "(Ký, họ tên)"),
            (half + 1, end, "THỦ TRƯỞNG ĐƠN VỊ", "(Ký tên, đóng dấu)"),
        ):
            self.merged(row + 1, col, row + 1, to, title, bold=True, align="center")
            self.merged(row + 2, col, row + 2, to, how, italic=True, align="center")

    def _page(self, last_row: int, last: int) -> None:
        sheet = self.sheet
        for col, width in self.widths.items():
            sheet.set_column(col - 1, col - 1, width)
        for row, height in self.heights.items():
            sheet.set_row(row - 1, height)
        sheet.hide_gridlines(2)
        sheet.set_paper(A4)
        if self.layout.is_landscape:
            sheet.set_landscape()
        else:
            sheet.set_portrait()
        left, right, top, bottom = MARGINS
        sheet.set_margins(left=left, right=right, top=top, bottom=bottom)
        if self.layout.breaks:
            # not "fit to pages", with which Excel forgets where a page is to turn
            sheet.set_print_scale(self.layout.scale)
            sheet.set_v_pagebreaks(list(self.layout.breaks))
            sheet.repeat_columns(0, self._repeated - 1)
            sheet.print_across()
        else:
            sheet.fit_to_pages(1, 0)
        sheet.print_area(0, 0, last_row - 1, last - 1)
        sheet.repeat_rows(TOP - 1, self.index_row - 1)
        sheet.set_footer("&C&P/&N")
        sheet.freeze_panes(self.index_row, 0)
        sheet.protect("", {"format_columns": True, "format_rows": True})


class _Block:
    """One table of the form: its columns from `first` on, and last period's figures after them."""

    def __init__(self, form: FormSheet, number: int, table: Table, first: int) -> None:
        self.form = form
        self.number = number
        self.table = table
        self.columns = {c.field: first + place for place, c in enumerate(table.columns)}
        self.computed = TableValues(number, table, form.values, total_columns(form.contract))
        self.rows = list(self._rows())
        self.row_of = {
            name: form.index_row + 1 + place for place, (name, _) in enumerate(self.rows)
        }
        shown = {field for _, _, field in form.previous}
        self.shown_again = [
            c for c in table.columns if c.role == "value" and c.field in shown and c.is_numeric
        ]
        self.previous_column = first + len(table.columns)

    def _rows(self) -> Iterator[tuple[str, Line | None]]:
        if self.table.rows.kind == "lines":
            for line in self.table.lines_of(self.form.unit_code):
                yield line.code, line
            return
        filled = {int(row) for number, row, _ in self.form.values if number == self.number}
        for place in range(1, max(self.table.rows.template_rows, *filled, 1) + 1):
            yield str(place), None

    def write(self) -> int:
        """Header, rows, checks in the cells; returns the last row."""
        self._headers()
        for name, line in self.rows:
            self._row(name, line)
        self._previous()
        if self.rows:
            for column in self.table.columns:
                self._validation(column)
                if not self.form.to_print:
                    self._colours(column)
        return max(self.row_of.values(), default=self.form.index_row)

    # --- header ---------------------------------------------------------------------------------

    def _headers(self) -> None:
        form, depth = self.form, self.form.depth
        style: dict[str, Any] = {
            "bold": True, "border": True, "wrap": True, "align": "center", "fill": "#E7EEF5",
            "size": form.points,
        }  # fmt: skip
        headers = [column.header for column in self.table.columns]
        first = next(iter(self.columns.values()))
        for level in range(depth):
            place = 0
            while place < len(headers):
                header = headers[place]
                end = place
                if level >= len(header):
                    place += 1
                    continue
                is_lowest = level == len(header) - 1
                while (
                    not is_lowest
                    and end + 1 < len(headers)
                    and headers[end + 1][: level + 1] == header[: level + 1]
                    and len(headers[end + 1]) > level + 1
                ):
                    end += 1
                bottom = TOP + depth - 1 if is_lowest else TOP + level
                form.merged(TOP + level, first + place, bottom, first + end, header[level], **style)
                place = end + 1
        for number, column in enumerate(self.table.columns):
            col = first + number
            mark = self._mark(column)
            form.text(
                form.index_row, col, mark, italic=True, border=True, align="center",
                size=form.points - 2, fill="#F3F3F3",
            )  # fmt: skip
        for level in range(depth):
            tall = max(self._lines_of_header(headers, level, first), 1)
            wanted = form.line_height * tall + 3
            form.heights[TOP + level] = max(form.heights.get(TOP + level, 0), wanted)

    def _lines_of_header(self, headers: list[tuple[str, ...]], level: int, first: int) -> int:
        """How many lines of text a level of the header needs, over the columns that it spans."""
        tallest = 1
        for place, header in enumerate(headers):
            if level >= len(header) or (
                place and headers[place - 1][: level + 1] == header[: level + 1]
            ):
                continue
            span = [
                first + n
                for n, other in enumerate(headers)
                if other[: level + 1] == header[: level + 1]
            ]
            width = sum(self.form.widths[col] for col in span)
            rows = 1 if level < len(header) - 1 else self.form.depth - level
            lines = -(-int(self._length(header[level], bold=True)) // int(width))
            tallest = max(tallest, -(-lines // rows))
        return tallest

    def _length(self, text: str, *, bold: bool) -> float:
        """How wide a text prints, in digits of the workbook's font: rather too wide."""
        wide = (1.45 if text.isupper() else 1.08) * (1.1 if bold else 1.0)
        return len(text) * wide * self.form.points / POINTS

    def _marks(self) -> dict[str, str]:
        numbers: dict[str, str] = {}
        for column in self.table.columns:
            if column.role in ("symbol", "line"):
                numbers[column.field] = "AB"[sum(m.isalpha() for m in numbers.values()) % 2]
            else:
                numbers[column.field] = str(1 + sum(m.isdigit() for m in numbers.values()))
        return numbers

    def _mark(self, column: Column) -> str:
        """`A`, `1`, or `3=2/1` where the column follows from others."""
        marks = self._marks()
        formula = column.parsed_formula
        if formula is None:
            return marks[column.field]
        return f"{marks[column.field]}={formula.written(lambda name: marks[name])}"

    def width(self, column: Column) -> float:
        is_small = self.form.points < POINTS
        widths = _SMALL_WIDTHS if is_small else _WIDTHS
        if column.role in ("symbol", "line"):
            return widths[column.role]
        longest = max(map(len, column.header[-1].split()), default=0)
        if column.type == "text":
            words = column.field.rpartition("_")[2]
            texts = _SMALL_TEXT_WIDTHS if is_small else _TEXT_WIDTHS
            usual = 16 if is_small and len(column.header[-1]) < LONG_HEADER else 20
            return texts.get(words, usual)
        kind = widths.get(column.type, 9 if is_small else 13)
        return max(kind, longest + (1 if is_small else 2))

    # --- rows -----------------------------------------------------------------------------------

    def _row(self, name: str, line: Line | None) -> None:
        form, row = self.form, self.row_of[name]
        is_total = name in self.computed.parts or (line is not None and line.parent is None)
        for column in self.table.columns:
            col = self.columns[column.field]
            form.addresses[self.number, name, column.field] = cell_address(row, col)
            style: dict[str, Any] = {"border": True, "size": form.points}
            if is_total and line is not None:
                style["bold"] = True
            if line is not None and column.role == "symbol":
                form.text(row, col, line.symbol, align="center", **style)
            elif line is not None and column.role == "line":
                depth = self._depth(line)
                form.text(row, col, line.label_vi, wrap=True, indent=depth, **style)
                long = self._length(line.label_vi, bold="bold" in style) + 2 * depth
                wide = int(long // form.widths[col])
                wanted = form.line_height * (1 + wide)
                form.heights[row] = max(form.heights.get(row, 0), wanted)
            elif line is not None and column.type == "unit" and line.unit_code is not None:
                unit = reference.units()[line.unit_code]
                form.text(row, col, unit.name_vi, wrap=True, align="center", **style)
            elif line is not None and not column.is_asked_of(line):
                form.text(row, col, NOT_ASKED, align="center", colour="#666666", **style)
            else:
                self._cell(name, line, column, style)

    def _depth(self, line: Line) -> int:
        parents = {each.code: each.parent for each in self.table.lines}
        depth, code = 0, line.parent
        while code is not None:
            depth, code = depth + 1, parents.get(code)
        return min(depth, 6)

    def _cell(self, name: str, line: Line | None, column: Column, style: dict[str, Any]) -> None:
        form = self.form
        row, col = self.row_of[name], self.columns[column.field]
        if line is not None and line.children == "heading":
            form.sheet.write_blank(row - 1, col - 1, None, form.styles.get(**style))
            return
        style |= self._number_style(line, column)
        value = self.computed.value(name, column)
        if column.is_numeric and column.role not in ("label", "bound"):
            formula = self._formula(name, column)
            if formula is not None and self.computed.is_computed(name, column):
                # a blank: XlsxWriter leaves an empty text out, as if it had never been calculated
                shown: Any = float(value) if isinstance(value, Decimal) else " "
                if not form.to_print:
                    style["fill"] = "#F3F3F3"
                form.sheet.write_formula(row - 1, col - 1, formula, form.styles.get(**style), shown)
                return
        style["open"] = True
        if not form.to_print:
            style["fill"] = "#FFFBE6"
        if column.type in ("text", "code"):
            style["wrap"] = True
            if isinstance(value, str):
                lines = -(-int(len(value) * 1.15) // int(form.widths[col]))
                form.heights[row] = max(form.heights.get(row, 0), form.line_height * lines)
        self._typed(row, col, value, style)

    def _typed(self, row: int, col: int, value: Value | None, style: dict[str, Any]) -> None:
        sheet, format_ = self.form.sheet, self.form.styles.get(**style)
        if value is None:
            sheet.write_blank(row - 1, col - 1, None, format_)
        elif isinstance(value, Decimal):
            sheet.write_number(row - 1, col - 1, float(value), format_)
        elif isinstance(value, date):
            sheet.write_datetime(row - 1, col - 1, value, format_)
        else:
            sheet.write_string(row - 1, col - 1, value, format_)

    def _number_style(self, line: Line | None, column: Column) -> dict[str, Any]:
        if column.type == "date":
            return {"number": "dd/mm/yyyy", "align": "center"}
        if not column.is_numeric:
            return {}
        unit_code = column.unit or (line.unit_code if line else None) or ""
        unit = reference.units().get(unit_code)
        digits = _DIGITS.get(unit_code, _DIGITS.get(column.type, 0))
        if unit is not None and unit.base_code == "vnd" and unit_code not in _DIGITS:
            digits = 0
        elif column.type == "number" and unit_code not in _DIGITS:
            if unit is not None and unit.is_discrete:
                return {"number": "#,##0", "align": "right"}
            return {"number": "#,##0.##", "align": "right"} if unit is None else {"align": "right"}
        return {"number": "#,##0" + ("." + "0" * digits if digits else ""), "align": "right"}

    # --- formulas -------------------------------------------------------------------------------

    def _at(self, name: str, field: str) -> str:
        return cell_address(self.row_of[name], self.columns[field])

    def _formula(self, name: str, column: Column) -> str | None:
        """The worksheet's formula of a computed cell; empty while too little is filled in."""
        formula = column.parsed_formula
        if formula is not None:
            fields = [f for f in dict.fromkeys(formula.fields()) if self.computed.is_asked(name, f)]
            cells = ",".join(self._at(name, field) for field in fields)
            # N: the "x" of a column that the line has nothing to say in adds nothing
            written = formula.written(
                lambda field: (
                    self._at(name, field) if field in fields else f"N({self._at(name, field)})"
                )
            )
            if formula.is_ratio:
                assert formula.right is not None
                under = formula.right.written(lambda field: self._at(name, field))
                times = "*100" if column.type == "percent" else ""
                written = f'IF(({under})=0,"",ROUND({written}{times},2))'
            return f'=IF(COUNT({cells})<{len(fields)},"",{written})'
        if not self.computed.is_total(name, column):
            return None
        parts = [part for part in self.computed.parts[name] if part.code in self.row_of]
        if not parts:
            return None
        plus = _ranges([self.row_of[p.code] for p in parts if p.sign > 0], self._letter(column))
        minus = _ranges([self.row_of[p.code] for p in parts if p.sign < 0], self._letter(column))
        counted = ",".join([*plus, *minus])
        total = f"SUM({','.join(plus)})" if plus else "0"
        total += f"-SUM({','.join(minus)})" if minus else ""
        return f'=IF(COUNT({counted})=0,"",{total})'

    def _letter(self, column: Column) -> str:
        return cell_address(1, self.columns[column.field])[:-1]

    # --- last period's figures ------------------------------------------------------------------

    def _previous(self) -> None:
        form = self.form
        for place, column in enumerate(self.shown_again):
            col = self.previous_column + place
            header = f"{PREVIOUS_HEADER}: {' / '.join(column.header)}"
            form.merged(
                TOP, col, TOP + form.depth - 1, col, header,
                italic=True, border=True, wrap=True, align="center", size=10, colour="#666666",
            )  # fmt: skip
            form.widths[col] = 15
            for name, line in self.rows:
                value = form.previous.get((self.number, name, column.field))
                style = {"border": True, "colour": "#666666", "italic": True, "size": 11}
                self._typed(self.row_of[name], col, value, style | self._number_style(line, column))

    # --- limits and colours ---------------------------------------------------------------------

    def _inputs(self, column: Column) -> list[int]:
        return [
            self.row_of[name]
            for name, line in self.rows
            if not (line is not None and line.children == "heading")
            and not (line is not None and not column.is_asked_of(line))
            and not self.computed.is_computed(name, column)
        ]

    def _validation(self, column: Column) -> None:
        rows = self._inputs(column)
        if not rows or column.role in ("line", "symbol"):
            return
        col = self.columns[column.field]
        cell = cell_address(rows[0], col)
        options: dict[str, Any]
        if column.type == "code" and column.list:
            options = {"validate": "list", "source": f"={self.form.list_name(column.list)}"}
            message = "Chọn một giá trị trong danh sách."
        elif column.type == "unit" and self.table.rows.kind == "lines":
            options = {"validate": "list", "source": f"={self.form.list_name(UNITS)}"}
            message = "Chọn một đơn vị tính trong danh sách."
        elif column.type == "date":
            options = {
                "validate": "date", "criteria": "between",
                "minimum": date(1990, 1, 1), "maximum": date(2060, 12, 31),
            }  # fmt: skip
            message = "Nhập ngày dạng ngày/tháng/năm, ví dụ 30/06/2026."
        elif column.is_numeric:
            limits = [f"ISNUMBER({cell})"]
            words = "Chỉ nhập số"
            if column.min is not None:
                limits.append(f"{cell}>={column.min}")
                words += f", từ {column.min}".replace(".", ",")
            if column.max is not None:
                limits.append(f"{cell}<={column.max}")
                words += f" đến {column.max}".replace(".", ",")
            nil = ",".join(f'{cell}="{mark}"' for mark in _NIL)
            options = {"validate": "custom", "value": f"=OR(AND({','.join(limits)}),{nil})"}
            message = words + "; không phát sinh ghi -, chưa thu thập được ghi …"
        else:
            return
        self.form.sheet.data_validation(
            rows[0] - 1, col - 1, rows[-1] - 1, col - 1,
            options | {
                "error_title": "Số liệu chưa hợp lệ",
                "error_message": message[:255],
                "ignore_blank": True,
            },
        )  # fmt: skip

    def _colours(self, column: Column) -> None:
        form, col = self.form, self.columns[column.field]
        rows = self._inputs(column)
        red = form.styles.get(bold=True, colour="#C00000", fill="#FDE2E2")
        if column.required and rows:
            form.sheet.conditional_format(
                rows[0] - 1, col - 1, rows[-1] - 1, col - 1,
                {
                    "type": "formula", "format": form.styles.get(fill="#F8CBAD"),
                    "criteria": f'=AND({cell_address(rows[0], col)}="",{self._started(rows[0])})',
                },
            )  # fmt: skip
        if column.role == "value":
            for name in self.computed.parts:
                if name in self.row_of and self.computed.is_total(name, column):
                    self._total_colour(name, column, red)
        falling = {
            field
            for check in self.form.contract.checks
            if isinstance(check, NotFallingCheck)
            for field in check.columns
        }
        if (
            column.field in falling
            and column in self.shown_again
            and rows
            and not form.is_first_of_year
        ):
            before = cell_address(rows[0], self.previous_column + self.shown_again.index(column))
            cell = cell_address(rows[0], col)
            form.sheet.conditional_format(
                rows[0] - 1, col - 1, rows[-1] - 1, col - 1,
                {
                    "type": "formula", "format": red,
                    "criteria": f"=AND(ISNUMBER({cell}),ISNUMBER({before}),{cell}<{before})",
                },
            )  # fmt: skip

    def _started(self, row: int) -> str:
        """A line is there to be filled in; a record once anything of it is."""
        if self.table.rows.kind == "lines":
            return "TRUE"
        ends = [min(self.columns.values()), max(self.columns.values())]
        first, last = (f"${cell_address(row, col)}" for col in ends)
        # not COUNTA: a formula that shows nothing is no entry
        return f"SUMPRODUCT(--(LEN({first}:{last})>0))>0"

    def _total_colour(self, name: str, column: Column, red: Any) -> None:
        """Red where somebody typed over a total and it no longer holds."""
        formula = self._formula(name, column)
        if formula is None:
            return
        row, col = self.row_of[name], self.columns[column.field]
        cell = cell_address(row, col)
        parts = formula[1:]
        slack = 0.5 * (1 + len(self.computed.parts[name]))
        criteria = f"=IF(AND(ISNUMBER({cell}),ISNUMBER({parts})),ABS({cell}-{parts})>{slack},FALSE)"
        self.form.sheet.conditional_format(
            row - 1, col - 1, row - 1, col - 1,
            {"type": "formula", "criteria": criteria, "format": red},
        )  # fmt: skip


def _ranges(rows: list[int], letter: str) -> list[str]:
    """Rows as `D12:D15` and `D18`: a sum of fifty parts stays readable."""
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and found[-1][1] == row - 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return [f"{letter}{a}:{letter}{b}" if a < b else f"{letter}{a}" for a, b in found]
