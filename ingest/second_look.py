"""What the reader of cells does not see, found in the package itself, format by format.

calamine reads `#N/A` and a formula that was never calculated as empty cells, and sees no hidden
rows, no number formats, no links to other workbooks. A byte search says whether there is anything
of the kind; only then is a sheet scanned. The scan works on parts that `package.look` let through:
no entity, no declaration of a document type.
"""

from __future__ import annotations

import html
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from ingest.package import MAX_CELLS, Package, Unreadable, column_number, has_pair

Place = tuple[int, int]  # row and column, from 1


@dataclass
class Unseen:
    """What one sheet holds besides its cells. `percents` is None where no format can be seen."""

    errors: dict[Place, str] = field(default_factory=dict)
    uncalculated: dict[Place, str] = field(default_factory=dict)
    linked: set[Place] = field(default_factory=set)
    # a text that ends in raised digits: what stands before them, and they
    raised: dict[Place, tuple[str, str]] = field(default_factory=dict)
    percents: set[Place] | None = None
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)


def look_again(package: Package, filled: Mapping[str, int]) -> dict[str, Unseen]:
    """What is unseen, by name of sheet; sheets with nothing of the kind may be missing. `filled`
    are the sheets, and how many cells the reader found in each. Raises Unreadable."""
    names = list(filled)
    match package.kind:
        case "xlsx":
            return dict(_xlsx(package, filled))
        case "ods":
            return _ods(package, names)
        case "xlsb":
            return dict(_xlsb(package, names))
        case "xls":
            return _xls(package)


def _parse(
    part: bytes,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    data: Callable[[str], None],
) -> None:
    """Run through a part of XML. Raises Unreadable."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    parser.buffer_text = True
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise Unreadable("damaged") from error


# --- .xlsx --------------------------------------------------------------------------------------

# a formula whose cell ends without a value (with t="str" it gave an empty text)
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?f(?:/>|[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)"
    rb"\s*+(?:(?:<(?:\w+:)?v\s*/>|<v></v>)\s*+)?</(?:\w+:)?c>"
)


def _or_afresh(remembered: Any, *parts: bytes) -> Any:
    """A function that remembers what it found in parts, unless these are too large to keep."""
    return remembered if sum(map(len, parts)) <= _LARGEST_KEPT else remembered.__wrapped__


def _is_plain(part: bytes, blank: bytes | None, filled: int) -> bool:
    """Whether plainly every cell that is written with an end has one value before it, and the
    reader found them all, empty texts apart: what is an error, a formula never calculated, or
    stands twice makes these numbers differ. Two counts tell what else takes six looks to find."""
    values = part.count(b"</v></c>")
    if values != part.count(b"</c>"):
        return False
    # cells whose tags have a prefix are not among these: their namespace would be named once more
    has_one_name = values > 0 and part.count(b"spreadsheetml/") == 1
    if not has_one_name and has_pair(part, b":c", rare=0):
        return False
    if values != filled and blank is not None:
        values -= part.count(b"%s</c>" % blank)
    return values == filled


def _is_error_or_twice(part: bytes, blank: bytes | None, filled: int) -> bool:
    """Whether there may be an error, or two values of one cell."""
    return (
        b't="e"' in part
        or (b"'" in part and b"t='e'" in part)
        or _values_in(part, blank, filled) != filled
    )


_LARGEST_KEPT = 2**17


def _xlsx(package: Package, filled: Mapping[str, int]) -> Iterator[tuple[str, Unseen]]:
    styles = package.part("xl/styles.xml")
    percents = _or_afresh(_percent_styles, styles)(styles)
    shared = package.part("xl/sharedStrings.xml")
    raised, blank = _raised_strings(shared), _blank_string(shared)
    has_links = has_external_links(package)
    workbook = package.part("xl/workbook.xml"), package.part("xl/_rels/workbook.xml.rels")
    for listed in sheets_of(*workbook):
        name = listed.name
        if name not in filled:
            continue
        part = package.part(listed.part)
        is_odd = (
            b"hidden" in part
            or bool(raised)
            or (has_links and b"[" in part)
            or any(b's="%d"' % n in part or b"s='%d'" % n in part for n in percents)
            or (
                not _is_plain(part, blank, filled[name])
                and (
                    _is_error_or_twice(part, blank, filled[name])
                    or (not _is_calculated(part) and _UNCALCULATED.search(part) is not None)
                )
            )
        )
        if is_odd:
            yield name, _SheetScan(percents, raised).scan(part)
        else:
            yield name, Unseen(percents=set())


def _blank_string(shared: bytes) -> bytes | None:
    """How a cell refers to the empty text, if the workbook has it among its strings."""
    at = max(shared.find(b"<si><t></t></si>"), shared.find(b"<si><t/></si>"))
    return b't="s"><v>%d</v>' % shared.count(b"<si>", 0, at) if at >= 0 else None


def _values_in(part: bytes, blank: bytes | None, filled: int) -> int:
    """How many cells have a value: more than the reader found, and one stands there twice."""
    values = part.count(b"<v>") + part.count(b"<is>")
    if values != filled:  # values that are empty texts
        values -= part.count(b"<v></v>") + (part.count(blank) if blank is not None else 0)
    return values


def _is_calculated(part: bytes) -> bool:
    """Whether plainly every formula is followed by a value, as where no program left one out; a
    formula that is written in any other way is for the search to judge."""
    if b"<f" not in part and not has_pair(part, b":f", rare=0):
        return True
    # behind the cells there are tags of other kinds that begin like a formula's
    end = part.rfind(b"</sheetData>")
    if end < 0 or part.find(b"c>", end) >= 0:
        return False
    # as many formulas as ends of formulas with a value behind them
    return (
        part.count(b"</f><v>", 0, end) == part.count(b"<f", 0, end)
        and not has_pair(part, b":f", rare=0, end=end)
        and part.find(b"</f><v></v>", 0, end) < 0
    )


_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_ATTRIBUTE = re.compile(rb"(?<![\w:])([\w:]+)=(?:\"([^\"]*)\"|'([^']*)')")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        name.decode(): _unescaped((double or single).decode("utf-8", "replace"))
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def _unescaped(text: str) -> str:
    return html.unescape(text) if "&" in text else text


class ListedSheet(NamedTuple):
    """A sheet as the workbook lists it; `kind` is the type of its relation, a long address."""

    name: str
    part: str
    kind: str
    is_hidden: bool


def sheets_of(workbook: bytes, relations: bytes) -> tuple[ListedSheet, ...]:
    """The sheets of an .xlsx in their order, from the two parts that list them."""
    return _or_afresh(_sheets_of, workbook, relations)(workbook, relations)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _sheets_of(workbook: bytes, relations: bytes) -> tuple[ListedSheet, ...]:
    """The same for all who fill in the same template."""
    targets = {}
    for tag in _RELATION.findall(relations):
        relation = _attributes(tag)
        target = relation.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[relation.get("Id", "")] = part, relation.get("Type", "")
    found = []
    for tag in _SHEET.findall(workbook):
        sheet = _attributes(tag)
        identity = next((value for key, value in sheet.items() if key.endswith(":id")), "")
        part, kind = targets.get(identity, ("", ""))
        is_hidden = sheet.get("state", "visible") != "visible"
        found.append(ListedSheet(sheet.get("name", ""), part, kind, is_hidden))
    return tuple(found)


def has_external_links(package: Package) -> bool:
    """Whether the workbook names other workbooks."""
    return any(name.startswith("xl/externalLinks/") for name in package.parts)


@lru_cache(maxsize=64)
def _percent_styles(styles: bytes) -> frozenset[int]:
    """The cell styles (numbers in `s=`) that show a number as a percentage."""
    if b"%" not in styles and b'numFmtId="9"' not in styles and b'numFmtId="10"' not in styles:
        return frozenset()
    return frozenset(
        number
        for number, code in enumerate(formats_of(styles))
        if code in ("id 9", "id 10") or is_percent_format(code)
    )


def formats_of(styles: bytes) -> tuple[str, ...]:
    """The number format of each cell style: its code, or `id 9` for one that every program has;
    nothing where the part cannot be read."""
    return _or_afresh(_formats_of, styles)(styles)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _formats_of(styles: bytes) -> tuple[str, ...]:
    try:
        root = ElementTree.fromstring(styles)  # noqa: S314 - package.look refused entities
        # the formats of conditions, which have the same tags, count anew
        formats = [e for group in root if group.tag.endswith("}numFmts") for e in group]
        cells = [e for group in root if group.tag.endswith("}cellXfs") for e in group]
        codes = {int(e.get("numFmtId", "0")): e.get("formatCode", "") for e in formats}
        numbers = [int(e.get("numFmtId", "0")) for e in cells]
    except (ElementTree.ParseError, LookupError, ValueError):  # also of an encoding
        return ()
    return tuple(codes.get(number, f"id {number}") for number in numbers)


def is_percent_format(code: str) -> bool:
    """Whether a number format shows 0.125 as 12,5%: a `%` that is no quoted text."""
    if len(code) > _LONGEST_FORMAT:
        return "%" in code
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code)
    return "%" in bare


# no program writes longer ones
_LONGEST_FORMAT = 1_000


_RAISED_FONT = b'vertAlign val="superscript"'


def _raised_strings(shared: bytes) -> dict[int, tuple[str, str]]:
    """Shared strings, by number, that end in digits of a raised font: the text before, and they."""
    if _RAISED_FONT not in shared:
        return {}
    try:
        root = ElementTree.fromstring(shared)  # noqa: S314 - package.look refused entities
    except ElementTree.ParseError:
        return {}
    found = {}
    for number, item in enumerate(root):
        runs = [e for e in item if e.tag.endswith("}r")]
        texts = ["".join(t.text or "" for t in run if t.tag.endswith("}t")) for run in runs]
        if len(runs) > 1 and _is_raised(runs[-1]) and texts[-1].strip().isdigit():
            found[number] = ("".join(texts[:-1]), texts[-1])
    return found


def _is_raised(run: ElementTree.Element) -> bool:
    return any(e.tag.endswith("}vertAlign") and e.get("val") == "superscript" for e in run.iter())


class _SheetScan:
    """One pass over a sheet's XML; cells without an address stand right of the one before."""

    def __init__(self, percents: frozenset[int], raised: Mapping[int, tuple[str, str]]) -> None:
        self.found = Unseen(percents=set())
        self.raised = raised
        self.styles = {str(style) for style in percents}
        self.row = self.column = 0
        self.cell: Place | None = None
        self.seen: set[Place] = set()
        self.type = self.text = self.formula = ""
        self.has_formula = self.has_value = self.is_value = self.is_formula = False

    def scan(self, part: bytes) -> Unseen:
        _parse(part, self._start, self._end, self._data)
        return self.found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "c":
                self._start_cell(attributes)
            case "v":
                self.is_value = True
            case "f":
                self.has_formula = self.is_formula = True
            case "row":
                self.row = int(attributes.get("r", self.row + 1))
                self.column = 0
                if attributes.get("hidden") in ("1", "true"):
                    self.found.hidden_rows.add(self.row)
            case "col" if attributes.get("hidden") in ("1", "true"):
                first, last = int(attributes.get("min", 0)), int(attributes.get("max", 0))
                self.found.hidden_columns |= set(range(first, min(last, first + 256) + 1))

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self.column += 1
        address = re.fullmatch(r"([A-Z]{1,3})(\d{1,7})", attributes.get("r", ""))
        if address:
            self.row, self.column = int(address[2]), column_number(address[1].encode())
        self.cell = self.row, self.column
        self.type = attributes.get("t", "")
        self.text = self.formula = ""
        self.has_formula = self.has_value = False
        if self.found.percents is not None and attributes.get("s") in self.styles:
            self.found.percents.add(self.cell)

    def _data(self, text: str) -> None:
        if self.is_value:
            self.text += text
        elif self.is_formula:
            self.formula += text

    def _end(self, tag: str) -> None:
        match tag.rpartition(":")[2]:
            case "v":
                self.is_value, self.has_value = False, self.text != ""
            case "f":
                self.is_formula = False
            case "c" if self.cell is not None:
                if self.has_value:
                    if self.cell in self.seen:  # which of two values counts, nobody knows
                        raise Unreadable("damaged")
                    self.seen.add(self.cell)
                if self.type == "s" and self.raised and self.text.isdigit():
                    if int(self.text) in self.raised:
                        self.found.raised[self.cell] = self.raised[int(self.text)]
                elif self.type == "e":
                    self.found.errors[self.cell] = self.text or "#N/A"
                elif self.has_formula and not self.has_value and self.type != "str":
                    self.found.uncalculated[self.cell] = f"={self.formula}"
                if self.has_formula and re.search(r"\[\d+\]", self.formula):
                    self.found.linked.add(self.cell)
                self.cell = None


# --- .ods ---------------------------------------------------------------------------------------

_ODS_FLAGS = (
    b'value-type="percentage"',
    b'value-type="error"',
    b'table:visibility="',
    b"xlink:href",
    b">#",
    b">Err:",
    b"table:formula",
    b'text-position="',
)
_ODS_RAISED = re.compile(r"super|[1-9]\d{0,2}%")
_ODS_ERROR = re.compile(r"#[A-Z/0!?]+[!?]?|Err:\d+")


def _ods(package: Package, names: list[str]) -> dict[str, Unseen]:
    content = package.part("content.xml")
    if not any(flag in content for flag in _ODS_FLAGS):
        return {name: Unseen(percents=set()) for name in names}
    scan = _OdsScan()
    _parse(content, scan.start, scan.end, scan.data)
    return scan.sheets


class _OdsScan:
    def __init__(self) -> None:
        self.sheets: dict[str, Unseen] = {}
        self.sheet: Unseen | None = None
        self.row = self.column = self.rows = 0
        self.cell: dict[str, str] | None = None
        self.text = ""
        self.budget = MAX_CELLS // 20
        self.style = ""
        self.raised_styles: set[str] = set()
        self.spans: list[bool] = []  # of the spans that are open: whether each is raised
        self.raised = ""  # the digits that a raised span ends the cell's text with

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self.sheet = self.sheets.setdefault(
                attributes.get("table:name", ""), Unseen(percents=set())
            )
            self.row = self.column = 0
        elif tag == "style:style":
            self.style = attributes.get("style:name", "")
        elif tag == "style:text-properties":
            if _ODS_RAISED.match(attributes.get("style:text-position", "")):
                self.raised_styles.add(self.style)
        elif self.sheet is None:
            return
        elif tag == "text:span":
            self.spans.append(attributes.get("text:style-name", "") in self.raised_styles)
        elif tag == "table:table-column":
            times = int(attributes.get("table:number-columns-repeated", "1"))
            if attributes.get("table:visibility") in ("collapse", "filter"):
                first = self.column + 1
                self.sheet.hidden_columns |= set(range(first, first + min(times, 256)))
            self.column += times
        elif tag == "table:table-row":
            self.row += 1
            self.column = 0
            self.rows = int(attributes.get("table:number-rows-repeated", "1"))
            if attributes.get("table:visibility") in ("collapse", "filter"):
                self.sheet.hidden_rows |= set(range(self.row, self.row + min(self.rows, 5000)))
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self.cell, self.text, self.raised = attributes, "", ""

    def data(self, text: str) -> None:
        if self.cell is not None:
            self.text += text
            self.raised = self.raised + text if self.spans and self.spans[-1] else ""

    def end(self, tag: str) -> None:
        if tag == "table:table":
            self.sheet = None
        elif self.sheet is None:
            return
        elif tag == "text:span" and self.spans:
            self.spans.pop()
        elif tag == "table:table-row":
            self.row += self.rows - 1
        elif tag in ("table:table-cell", "table:covered-table-cell") and self.cell is not None:
            times = int(self.cell.get("table:number-columns-repeated", "1"))
            self._note(self.sheet, self.cell, times)
            self.column += times
            self.cell = None

    def _note(self, sheet: Unseen, cell: dict[str, str], times: int) -> None:
        formula = cell.get("table:formula", "")
        is_error = cell.get("calcext:value-type") == "error" or (
            bool(formula) and _ODS_ERROR.fullmatch(self.text.strip()) is not None
        )
        is_percent = cell.get("office:value-type") == "percentage"
        is_linked = "file://" in formula
        is_uncalculated = bool(formula) and "office:value-type" not in cell
        before = self.text.removesuffix(self.raised)
        is_raised = bool(before) and self.raised.strip().isdigit()
        if not (is_error or is_percent or is_linked or is_uncalculated or is_raised):
            return
        self.budget -= self.rows * times
        if self.budget < 0:
            raise Unreadable("bomb")
        for row in range(self.row, self.row + self.rows):
            for column in range(self.column + 1, self.column + times + 1):
                if is_error:
                    sheet.errors[row, column] = self.text.strip() or "#N/A"
                elif is_uncalculated:
                    sheet.uncalculated[row, column] = formula
                if is_percent and sheet.percents is not None:
                    sheet.percents.add((row, column))
                if is_linked:
                    sheet.linked.add((row, column))
                if is_raised:
                    sheet.raised[row, column] = (before, self.raised)


# --- .xlsb --------------------------------------------------------------------------------------

_ROW, _CELL_ERROR, _FORMULA_ERROR, _COLUMN = 0, 3, 11, 60
_ERROR_NAMES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def _xlsb(package: Package, names: list[str]) -> Iterator[tuple[str, Unseen]]:
    """Errors and hidden rows of the binary sheets; the parts are numbered in the order of names."""
    parts = [name for name in package.parts if re.fullmatch(r"xl/worksheets/sheet\d+\.bin", name)]
    parts.sort(key=lambda name: int(re.findall(r"\d+", name)[0]))
    if len(parts) != len(names):
        return
    for name, part in zip(names, parts, strict=True):
        try:
            yield name, _scan_binary(package.part(part))
        except (struct.error, IndexError) as error:
            raise Unreadable("damaged") from error


def _scan_binary(part: bytes) -> Unseen:
    found = Unseen()
    at, row = 0, 0
    while at < len(part):
        kind, at = _varint(part, at, 2)
        size, at = _varint(part, at, 4)
        record = part[at : at + size]
        at += size
        if kind == _ROW:
            row = int(struct.unpack_from("<I", record)[0]) + 1
            if len(record) >= 12 and record[11] & 0x10:
                found.hidden_rows.add(row)
        elif kind in (_CELL_ERROR, _FORMULA_ERROR):
            column = int(struct.unpack_from("<I", record)[0]) + 1
            found.errors[row, column] = _ERROR_NAMES.get(record[8], "#N/A")
        elif kind == _COLUMN:
            first, last, _, _, flags = struct.unpack_from("<IIIIH", record)
            if flags & 1:
                found.hidden_columns |= set(range(first + 1, min(last, first + 256) + 2))
    return found


def _varint(part: bytes, at: int, longest: int) -> tuple[int, int]:
    value = 0
    for place in range(longest):
        byte = part[at]
        at += 1
        # a record's kind keeps its high bits, a size drops them
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            break
    return value, at


# --- .xls ---------------------------------------------------------------------------------------

_SUPERSCRIPT = 1  # a font's escapement in BIFF


def _xls(package: Package) -> dict[str, Unseen]:
    """With xlrd, which sees formats and errors; nothing where it cannot read the file."""
    import io

    import xlrd

    try:
        book = xlrd.open_workbook(
            file_contents=package.content, formatting_info=True, logfile=io.StringIO()
        )
        return {sheet.name: _xls_sheet(book, sheet) for sheet in book.sheets()}
    except MemoryError:
        raise
    except Exception:  # an old library, and a file that calamine may well read
        return {}


def _xls_sheet(book: Any, sheet: Any) -> Unseen:
    import xlrd

    percent_styles = {
        number
        for number, style in enumerate(book.xf_list)
        if (form := book.format_map.get(style.format_key)) is not None
        and is_percent_format(form.format_str)
    }
    percents: set[Place] = set()
    found = Unseen(percents=percents)
    for row in range(sheet.nrows):
        for column, (kind, value) in enumerate(
            zip(sheet.row_types(row), sheet.row_values(row), strict=True)
        ):
            if kind == xlrd.XL_CELL_ERROR:
                found.errors[row + 1, column + 1] = xlrd.error_text_from_code.get(value, "#N/A")
            elif (
                kind == xlrd.XL_CELL_NUMBER
                and percent_styles
                and sheet.cell_xf_index(row, column) in percent_styles
            ):
                percents.add((row + 1, column + 1))
    for (row, column), runs in sheet.rich_text_runlist_map.items():
        text, (offset, font) = str(sheet.cell_value(row, column)), runs[-1]
        before, last = text[:offset], text[offset:]
        if before and last.strip().isdigit() and book.font_list[font].escapement == _SUPERSCRIPT:
            found.raised[row + 1, column + 1] = (before, last)
    found.hidden_rows = {row + 1 for row, info in sheet.rowinfo_map.items() if info.hidden}
    found.hidden_columns = {col + 1 for col, info in sheet.colinfo_map.items() if info.hidden}
    return found
