"""Plain sheets are read from their XML: what comes out is what the reader of cells would give."""

from __future__ import annotations

import datetime as dt
import math
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import plain_sheets, workbook
from ingest.identity import GUIDE_SHEET
from ingest.sandbox import read_isolated
from ingest.workbook import Sheet, read_sheets
from tests.forms.both_readers import as_read, by_reader, compared
from tests.forms.filled_templates import PERIODIC, filled, write
from tests.forms.fuzzed_files import fuzzed
from tests.forms.hostile_files import MAIN, package, worksheet
from tests.forms.old_formats import read_parts, write_parts
from tests.mangler.compose import WITHOUT_OFFICE, compose
from tests.mangler.run import write_cases

STYLES = (
    f"<styleSheet {MAIN}><numFmts><numFmt numFmtId='164' formatCode='dd/mm/yyyy'/>"
    "<numFmt numFmtId='165' formatCode='#,##0.00'/><numFmt numFmtId='166' formatCode='h:mm'/>"
    "</numFmts><cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='165'/>"
    "<xf numFmtId='166'/><xf numFmtId='14'/><xf numFmtId='9'/></cellXfs></styleSheet>"
)
TEXTS = ("Nội dung", "A &amp; B", "", "x", " ", "&lt;b&gt;", "a_x0041_b", "&#65;", " rìa ")


def shared(texts: Sequence[str] = TEXTS) -> bytes:
    items = "".join(
        f'<si><t xml:space="preserve">{t}</t></si>' if t != t.strip() else f"<si><t>{t}</t></si>"
        for t in texts
    )
    return f"<sst {MAIN}>{items}</sst>".encode()


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    plain_sheets.forget()
    yield
    plain_sheets.forget()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sheets that the reader of cells was asked for."""
    asked: list[str] = []
    read = workbook._read

    def noting(*arguments: Any) -> Iterator[Sheet]:
        *_, done = arguments
        for sheet in read(*arguments):
            if sheet.name not in done:
                asked.append(sheet.name)
            yield sheet

    monkeypatch.setattr(workbook, "_read", noting)
    return asked


def handmade(path: Path, body: str, texts: bytes | None = None, **parts: bytes) -> bytes:
    extra = {"xl/styles.xml": STYLES.encode(), "xl/sharedStrings.xml": texts or shared(), **parts}
    return package(path, worksheet(body), extra).read_bytes()


# --- the same, whoever reads ----------------------------------------------------------------------


def test_templates_as_they_come_back_need_no_reader(tmp_path: Path, calls: list[str]) -> None:
    for contract in PERIODIC[::2]:
        path, _ = write(tmp_path, filled(contract))
        content = path.read_bytes()
        first = as_read(content, all_sheets=False)
        assert calls == [], contract.form
        # now the shape is known
        assert as_read(content, all_sheets=False) == first == by_reader(content, all_sheets=False)
        calls.clear()
        assert as_read(content) == by_reader(content)
        calls.clear()


def test_mangled_workbooks_are_the_same_whoever_reads_them(tmp_path: Path) -> None:
    cases = [compose(9, number, formats=WITHOUT_OFFICE) for number in range(40)]
    for path in write_cases(cases, tmp_path).values():
        content = path.read_bytes()
        for all_sheets in (True, False):
            assert as_read(content, all_sheets=all_sheets) == by_reader(
                content, all_sheets=all_sheets
            ), path


def test_damaged_workbooks_are_the_same_or_refused_by_the_reader_alone(tmp_path: Path) -> None:
    """Where the reader takes offence at what holds no cell, reading on is no wrong value; where
    both read, they read the same."""
    paths = [fuzzed(tmp_path, ".xlsx", seed) for seed in range(200)]
    found = [answer for _, answer in read_isolated(compared, paths)]
    counts = Counter(each for each in found if isinstance(each, str))
    assert counts["other"] == 0, [
        p for p, each in zip(paths, found, strict=True) if each == "other"
    ]
    assert counts["same"] > 20
    assert counts["read on"] < 5


CELLS: dict[str, tuple[str, bool]] = {
    "number": ("<c><v>1.5</v></c>", True),
    "whole number": ("<c><v>12</v></c>", True),
    "negative": ("<c><v>-0</v></c>", True),
    "exponent": ("<c><v>1.25e-3</v></c>", True),
    "exponent with a sign": ("<c><v>1E+20</v></c>", False),
    "too large a number": ("<c><v>1e999</v></c>", False),
    "no number": ("<c><v>12 x</v></c>", False),
    "number of type": ('<c t="n"><v>3</v></c>', True),
    "empty value": ("<c><v></v></c>", False),
    "text": ('<c t="s"><v>0</v></c>', True),
    "text with an entity": ('<c t="s"><v>1</v></c>', True),
    "empty text": ('<c t="s"><v>2</v></c>', True),
    "text of a space": ('<c t="s"><v>4</v></c>', True),
    "text of tags": ('<c t="s"><v>5</v></c>', True),
    "letter by its number": ('<c t="s"><v>6</v></c>', False),
    "entity of a number": ('<c t="s"><v>7</v></c>', False),
    "spaces around": ('<c t="s"><v>8</v></c>', True),
    "text that is missing": ('<c t="s"><v>99</v></c>', False),
    "text number below zero": ('<c t="s"><v>-1</v></c>', False),
    "formula": ("<c><f>1+1</f><v>2</v></c>", True),
    "formula shared": ('<c><f t="shared" ref="B2:B3" si="0">A1</f><v>2</v></c>', True),
    "formula shared, again": ('<c><f t="shared" si="0"/><v>2</v></c>', True),
    "formula of a text": ('<c t="str"><f>A1</f><v>chữ</v></c>', True),
    "formula of nothing": ('<c t="str"><f>A1</f><v> </v></c>', True),
    "formula of a text in spaces": ('<c t="str"><f>A1</f><v> a</v></c>', False),
    "formula of an entity": ('<c t="str"><f>A1</f><v>a &amp; b</v></c>', False),
    "formula not calculated": ("<c><f>A1</f></c>", False),
    "text inside": ('<c t="inlineStr"><is><t>chữ</t></is></c>', False),
    "error": ('<c t="e"><v>#N/A</v></c>', False),
    "truth": ('<c t="b"><v>1</v></c>', False),
    "day": ('<c s="1"><v>46023</v></c>', True),
    "day of a program's own": ('<c s="4"><v>46023</v></c>', False),
    "day with a time": ('<c s="1"><v>46023.5</v></c>', False),
    "day before March 1900": ('<c s="1"><v>59</v></c>', False),
    "time": ('<c s="3"><v>0.5</v></c>', False),
    "amount": ('<c s="2"><v>1234.5</v></c>', True),
    "per cent": ('<c s="5"><v>0.125</v></c>', True),
    "style that is missing": ('<c s="77"><v>1</v></c>', False),
    "two values": ("<c><v>1</v><v>2</v></c>", False),
    "value in words": ('<c><v xml:space="preserve">1</v></c>', False),
    "comment": ("<c><v>1</v></c><!-- x -->", False),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_what_the_reader_makes_of_it(name: str, tmp_path: Path, calls: list[str]) -> None:
    cell, is_plain = CELLS[name]
    second = cell.replace("<c", '<c r="B2"', 1)
    rows = f'<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2">{second}</row>'
    content = handmade(tmp_path / "a.xlsx", rows)
    found = as_read(content)
    if isinstance(found, list):
        assert (calls == []) == is_plain
    else:
        assert not is_plain
    assert found == as_read(content) == by_reader(content)


SHEETS = {
    "no rows": "",
    "an empty row": '<row r="1"/>',
    "empty cells": '<row r="1" spans="1:2"><c r="A1" s="2"/><c r="B1"/></row>',
    "a row without its number": '<row><c r="A1"><v>1</v></c></row>',
    "cells in another order": '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "a cell twice": '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
    "a cell of another row": '<row r="3"><c r="B2"><v>1</v></c></row>',
    "a cell without address": '<row r="1"><c><v>1</v></c></row>',
    "a far cell": '<row r="9"><c r="AB9"><v>1</v></c></row>',
    "a hidden row": '<row r="1" hidden="1"><c r="A1"><v>1</v></c></row>',
    "an empty text at the edge": (
        '<row r="1"><c r="A1"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
    ),
    "a row that does not end": '<row r="1"><c r="A1"><v>1</v></c>',
    "letters between cells": '<row r="1"><c r="A1"><v>1</v></c>x</row>',
    "a cell in a tag": '<row r="1<c r="A1"><v>1</v></c>"><c r="B1"><v>2</v></c></row>',
    "an empty cell in a tag": '<row r="1<c r="A1"/>"><c r="B1"><v>2</v></c></row>',
    "a cell behind its row": '<row r="1"></row><c r="A1"><v>1</v></c>',
    "a cell before all rows": '<c r="A1"><v>1</v></c><row r="1"></row>',
    "a row in a row": '<row r="1"><row r="2"><c r="A2"><v>1</v></c></row></row>',
    "rows with spaces between": '\n<row r="1"> <c r="A1"><v>1</v></c>\n</row>\n<row r="2"/>\n',
    "tags of another name": '<x:row xmlns:x="y" r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>',
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_is_what_the_reader_makes_of_it(name: str, tmp_path: Path) -> None:
    content = handmade(tmp_path / "a.xlsx", SHEETS[name])
    assert as_read(content) == as_read(content) == by_reader(content)


def replaced(part: str, old: bytes, new: bytes) -> tuple[str, Callable[[bytes], bytes]]:
    return part, lambda content: content.replace(old, new)


_BOOK, _TEXTS, _SHEET = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
_SECOND = b'<sheet name="B" sheetId="2" r:id="rId1"/></sheets>'
PARTS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "texts in two fonts": replaced(_TEXTS, b"<t>x</t>", b"<r><t>x</t></r><r><t>y</t></r>"),
    "spaces that do not count": replaced(_TEXTS, b"<t>x<", b"<t> x <"),
    "letters between texts": replaced(_TEXTS, b"</si><si><t>x", b"</si>y<si><t>x"),
    "lines that end in two ways": replaced(_TEXTS, b"<t>x<", b"<t>x\r\ny<"),
    "a name for a code": replaced(_TEXTS, b"<t>x<", b"<t>dm_xa_x12<"),
    "another letters' code": (
        _TEXTS, lambda part: b'<?xml version="1.0" encoding="UTF-16"?>' + part,
    ),
    "no styles": ("xl/styles.xml", lambda _: b"<"),
    "days from 1904": replaced(_BOOK, b"<sheets>", b'<workbookPr date1904="1"/><sheets>'),
    "a hidden sheet": replaced(_BOOK, b'sheetId="1"', b'sheetId="1" state="hidden"'),
    "a sheet in a comment": replaced(
        _BOOK, b"<sheets>", b"<!-- <sheets>" + _SECOND + b" --><sheets>"
    ),
    "a sheet twice": replaced(_BOOK, b"</sheets>", _SECOND),
    "a chart for a sheet": replaced(
        "xl/_rels/workbook.xml.rels", b's/worksheet"', b's/chartsheet"'
    ),
    "merged cells": replaced(
        _SHEET, b"</worksheet>",
        b'<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells></worksheet>',
    ),
    "a head that is not XML": replaced(_SHEET, b"<dimension ", b"<dimension <"),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_a_workbook_is_what_the_reader_makes_of_it(name: str, tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n + 1}"><c r="A{n + 1}" t="s"><v>{n}</v></c>'
        f'<c r="B{n + 1}" s="1"><v>{46000 + n}</v></c></row>'
        for n in range(6)
    )
    handmade(tmp_path / "a.xlsx", rows)
    parts = read_parts(tmp_path / "a.xlsx")
    part, change = PARTS[name]
    assert change(parts[part]) != parts[part]
    parts[part] = change(parts[part])
    content = write_parts(tmp_path / "b.xlsx", parts).read_bytes()
    assert as_read(content) == as_read(content) == by_reader(content)


# --- written by other programs --------------------------------------------------------------------

_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))
_VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**15), 10**15),
    st.text(_LETTERS, max_size=12),
    st.sampled_from([" a", "b ", "\t", "a\nb", "_x000D_", "<v>1</v>", "</t></si><si><t>", "&amp;"]),
    st.dates(dt.date(1900, 3, 1), dt.date(2100, 1, 1)),
    st.none(),
)


def by_xlsxwriter(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_urls": False}
    ) as made:
        sheet, day = made.add_worksheet(), made.add_format({"num_format": "dd/mm/yyyy"})
        for row_no, row in enumerate(rows):
            for col_no, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(row_no, col_no, value)
                elif isinstance(value, dt.date):
                    sheet.write_datetime(row_no, col_no, value, day)
                elif value is not None:
                    sheet.write_number(row_no, col_no, value)


def by_openpyxl(path: Path, rows: Sequence[Sequence[Any]]) -> None:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    made.save(path)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_VALUES, min_size=1, max_size=4), min_size=1, max_size=5))
def test_whatever_is_written_is_the_same_whoever_reads_it(
    tmp_path: Path, rows: list[list[Any]]
) -> None:
    for make in (by_xlsxwriter, by_openpyxl):
        make(tmp_path / "a.xlsx", rows)
        content = (tmp_path / "a.xlsx").read_bytes()
        assert as_read(content) == as_read(content) == by_reader(content)


# --- what is kept ---------------------------------------------------------------------------------


def one_number(path: Path, value: str, style: str = "0", texts: bytes | None = None) -> bytes:
    return handmade(path, f'<row r="1"><c r="A1" s="{style}"><v>{value}</v></c></row>', texts)


def test_the_same_xml_under_other_formats_is_another_shape(tmp_path: Path) -> None:
    """What style 1 is, the workbook says: a day here, an amount there."""
    day = one_number(tmp_path / "a.xlsx", "46023", "1")
    [sheet] = read_sheets(day)
    assert sheet.rows == [[dt.date(2026, 1, 1)]]
    parts = read_parts(tmp_path / "a.xlsx")
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b"dd/mm/yyyy", b"#,##0")
    [sheet] = read_sheets(write_parts(tmp_path / "b.xlsx", parts).read_bytes())
    assert sheet.rows == [[46023.0]]


def test_a_known_shape_with_a_value_for_the_reader_goes_to_the_reader(
    tmp_path: Path, calls: list[str]
) -> None:
    assert as_read(one_number(tmp_path / "a.xlsx", "1"))[0][-1] == [[(float, "1.0")]]
    assert calls == []
    found = as_read(one_number(tmp_path / "b.xlsx", "1E+3"))
    assert found[0][-1] == [[(float, "1000.0")]]
    assert calls == ["A"]
    text = one_number(tmp_path / "c.xlsx", "x")
    assert as_read(text) == by_reader(text)


def test_a_day_that_only_the_reader_knows_is_learnt_from_it(
    tmp_path: Path, calls: list[str]
) -> None:
    content = one_number(tmp_path / "a.xlsx", "46023.5", "1")
    first = as_read(content)
    assert calls == ["A"]
    assert as_read(content) == first == by_reader(content)
    calls.clear()
    assert as_read(content) == first
    assert calls == []


def test_a_sheet_that_was_changed_after_reading_changes_no_later_one(tmp_path: Path) -> None:
    content = handmade(tmp_path / "a.xlsx", '<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
    [sheet] = read_sheets(content)
    sheet.retype({(1, 1): "khác"})
    sheet.rows.append(["thêm"])
    [again] = read_sheets(content)
    assert again.rows == [["Nội dung"]]
    assert again.typed == {}


def test_shapes_are_forgotten_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_sheets, "MOST_BYTES", 5000)
    for number in range(1, 30):
        body = f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>'
        [sheet] = read_sheets(handmade(tmp_path / "a.xlsx", body))
        assert sheet.rows[number - 1] == [float(number)]
        kept = sum(len(xml) for _, xml in plain_sheets._shapes)
        assert 0 < kept <= plain_sheets._held <= 5000


def test_tables_of_other_lengths_have_their_rows_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    def table(length: int) -> bytes:
        rows = "".join(
            f'<row r="{row}"><c r="A{row}" t="s"><v>{row % 2}</v></c>'
            f'<c r="B{row}" s="{row % 3}"><v>{46000 + length + row}</v></c>'
            f'<c r="C{row}" s="1"/></row>'
            for row in range(1, length + 1)
        )
        return handmade(tmp_path / "a.xlsx", rows)

    known = {length: by_reader(table(length)) for length in (3, 9, 5)}
    calls.clear()
    worked_out: list[bytes] = []
    row_of = plain_sheets._row_of
    monkeypatch.setattr(plain_sheets, "_row_of", lambda xml: worked_out.append(xml) or row_of(xml))
    assert {length: as_read(table(length)) for length in known} == known
    assert len(worked_out) == 9
    assert calls == []


def test_a_long_row_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_sheets, "LONGEST_ROW", 10)
    content = one_number(tmp_path / "a.xlsx", "2.5")
    assert as_read(content) == by_reader(content)
    assert not plain_sheets._rows


def test_a_large_sheet_is_the_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    monkeypatch.setattr(plain_sheets, "LARGEST", 100)
    assert math.isclose(read_sheets(one_number(tmp_path / "a.xlsx", "2.5"))[0].rows[0][0], 2.5)
    assert calls == ["A"]


def test_damage_in_a_sheet_that_nobody_reads_is_said(tmp_path: Path) -> None:
    """All of a file is looked at, also where nothing of it goes to the reader."""
    path, _ = write(tmp_path, filled(PERIODIC[0]))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        names = [sheet[0] for sheet in as_read(bytes(content))]
        part = f"xl/worksheets/sheet{names.index(GUIDE_SHEET) + 1}.xml"
        entry = archive.getinfo(part)
    at = entry.header_offset + 30 + len(part) + entry.compress_size // 2
    content[at] ^= 0xFF
    assert as_read(bytes(content), all_sheets=False) == as_read(bytes(content)) == "damaged"


def test_a_format_of_a_condition_is_no_cells_format(tmp_path: Path) -> None:
    """Both may have the same number; for a cell it is what the list of formats says."""
    condition = "<dxfs><dxf><numFmt numFmtId='164' formatCode='0%'/></dxf></dxfs></styleSheet>"
    one_number(tmp_path / "a.xlsx", "46023", "1")
    parts = read_parts(tmp_path / "a.xlsx")
    parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(b"</styleSheet>", condition.encode())
    content = write_parts(tmp_path / "b.xlsx", parts).read_bytes()
    [sheet] = read_sheets(content)
    assert sheet.rows == [[dt.date(2026, 1, 1)]]
    assert sheet.unseen.percents == set()
    assert as_read(content) == by_reader(content)


def test_a_shape_is_counted_once(tmp_path: Path) -> None:
    for number in range(5):
        read_sheets(one_number(tmp_path / "a.xlsx", f"46023.{number}5", "1"))
    [(_, xml)] = plain_sheets._shapes
    assert plain_sheets._held == len(xml) + plain_sheets._BYTES_OF_CELL


def test_a_workbook_of_many_texts_is_the_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[str]
) -> None:
    monkeypatch.setattr(plain_sheets, "LARGEST_TEXTS", 100)
    content = one_number(tmp_path / "a.xlsx", "1")
    assert as_read(content) == by_reader(content)
    assert calls == ["A", "A"]


def test_random_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    chance = random.Random(3)
    for number in range(20):
        values = [chance.uniform(-1e12, 1e12) for _ in range(30)]
        by_xlsxwriter(tmp_path / "a.xlsx", [[f"dòng {number}", value] for value in values])
        [sheet] = read_sheets((tmp_path / "a.xlsx").read_bytes())
        assert [row[1] for row in sheet.rows] == pytest.approx(values, rel=1e-15)


@pytest.mark.parametrize("column", ["XFD", "XFE", "ZZZ"])
def test_a_cell_beyond_the_last_column_of_any_workbook_is_damage(
    column: str, tmp_path: Path
) -> None:
    content = handmade(tmp_path / "a.xlsx", f'<row r="1"><c r="{column}1"><v>1</v></c></row>')
    is_damaged = column != "XFD"
    assert (as_read(content) == "damaged") is is_damaged
    assert as_read(content) == by_reader(content)
