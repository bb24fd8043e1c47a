"""Rows that DuckDB writes on a sheet are those that xlsxwriter would have written, cell by cell."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import duckdb
import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.outputs import spreadsheets
from warehouse.outputs.sheet_rows import write_with_rows
from warehouse.outputs.spreadsheets import (
    mart_columns,
    new_workbook,
    write_spreadsheets,
    write_table,
)

AS_OF = datetime(2026, 7, 1, 2)
TYPES = {
    "text_vi": "varchar", "unit_level": "varchar", "parts": "varchar[]", "is_late": "boolean",
    "amount_vnd": "decimal(24, 2)", "n_files": "bigint", "number": "integer",
    "plan_year": "integer", "share": "double", "due_on": "date", "sent_at": "timestamp",
}  # fmt: skip
TABLES = f"""
create table submission as select false as is_simulated;
create table dim_code (list_code varchar, code varchar, label_vi varchar);
insert into dim_code values ('unit_level', 'commune', 'Xã, phường'), ('unit_level', 'o''x', '<&>');
create table mart_odd ({", ".join(f"{name} {of}" for name, of in TYPES.items())})
"""
# what XML, Excel or a formula could make something else of
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["=1+1", " hai  đầu ", "\n", "\r\n", "_x0041_", "_x000b_x0041_", "a\x00b\x1f\ufffe", "&amp;<t>"]
)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
ROWS = st.lists(
    st.tuples(
        *(
            st.none() | values
            for values in (
                TEXTS,
                st.sampled_from(["commune", "o'x", "province"]),
                st.lists(TEXTS, max_size=3),
                st.booleans(),
                st.decimals(-(10**15), 10**15, places=2),
                st.integers(-(2**53), 2**53),
                st.integers(-(2**31), 2**31 - 1),
                st.integers(1990, 2100),
                st.floats(-1e300, 1e300) | st.sampled_from([math.inf, -math.inf, math.nan]),
                DAYS,
                st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)),
            )
        )
    ),
    min_size=1,
    max_size=8,
)


@given(rows=ROWS)
@example(rows=[(None,) * len(TYPES)])
@example(rows=[("x" * 40_000, *[None] * 10), (None,) * 11])
@example(rows=[(*[None] * 9, date(1900, 2, 28), datetime(1900, 3, 1))])
def test_the_rows_are_those_of_xlsxwriter(rows: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder, _home(rows) as connection:
        [path] = write_spreadsheets(connection, Path(folder) / "excel", AS_OF)
        other = Path(folder) / "other.xlsx"
        columns = mart_columns(connection, "mart_odd")
        book, formats = new_workbook(other, "mart_odd", AS_OF)
        sheet = book.add_worksheet("Số liệu")
        line = f"Số liệu đến {AS_OF:%d/%m/%Y %H:%M}"
        stored = connection.execute("select * from mart_odd").fetchall()
        write_table(sheet, "mart_odd", line, columns, stored, formats)
        book.close()
        assert _cells(path) == _cells(other)


def test_rows_go_on_on_further_sheets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spreadsheets, "ROWS_OF_A_SHEET", 3)
    rows = [(f"dòng {number}", *[None] * (len(TYPES) - 1)) for number in range(7)]
    with _home(rows) as connection:
        [path] = write_spreadsheets(connection, tmp_path, AS_OF)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Số liệu", "Số liệu (2)", "Số liệu (3)", "Chú giải"]
    found = [
        [row[0].value for row in book[name].iter_rows(min_row=5)] for name in book.sheetnames[:3]
    ]
    assert found == [
        ["dòng 0", "dòng 1", "dòng 2"], ["dòng 3", "dòng 4", "dòng 5"], ["dòng 6"]
    ]  # fmt: skip
    assert [book[name].auto_filter.ref for name in book.sheetnames[:3]] == [
        "A4:K7", "A4:K7", "A4:K5"
    ]  # fmt: skip
    assert [book[name].dimensions for name in book.sheetnames[:3]] == ["A1:K7", "A1:K7", "A1:K5"]


def test_a_mart_without_rows_has_its_headings_and_no_model(tmp_path: Path) -> None:
    with _home([]) as connection:
        [path] = write_spreadsheets(connection, tmp_path, AS_OF)
    sheet = openpyxl.load_workbook(path)["Số liệu"]
    assert sheet["A4"].value == "text_vi"
    assert sheet.max_row == 4
    assert sheet.auto_filter.ref is None


def test_a_text_that_begins_like_a_formula_is_a_text(tmp_path: Path) -> None:
    said = '=HYPERLINK("http://x")'
    with _home([(said, *[None] * (len(TYPES) - 1))]) as connection:
        [path] = write_spreadsheets(connection, tmp_path, AS_OF)
    with ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert f't="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>' in sheet


def test_a_list_of_numbers_is_a_text(tmp_path: Path) -> None:
    with _home([(None,) * len(TYPES)]) as connection:
        connection.execute("alter table mart_odd add column numbers decimal(9, 1)[]")
        connection.execute("alter table mart_odd add column days integer[]")
        connection.execute("update mart_odd set numbers = [1.5, 20], days = [3, 4]")
        [path] = write_spreadsheets(connection, tmp_path, AS_OF)
    sheet = openpyxl.load_workbook(path)["Số liệu"]
    assert [sheet["L5"].value, sheet["M5"].value] == ["1.5; 20.0", "3; 4"]


def test_rows_that_were_counted_and_did_not_come_are_missed(tmp_path: Path) -> None:
    made = io.BytesIO()
    book, formats = new_workbook(made, "mart_odd", AS_OF)
    book.add_worksheet("Số liệu").write_blank(4, 0, None, formats.text)
    book.close()
    with _home([("a", *[None] * (len(TYPES) - 1))]) as connection:
        columns = mart_columns(connection, "mart_odd")[:1]
        written = "select text_vi from mart_odd"
        with pytest.raises(ValueError, match=r"^1 rows fewer than were counted$"):
            write_with_rows(
                tmp_path / "x.xlsx", made.getvalue(), connection, written, columns, 5, [2]
            )


def test_a_type_that_no_cell_shows_is_refused(tmp_path: Path) -> None:
    with _home([(None,) * len(TYPES)]) as connection:
        connection.execute("alter table mart_odd add column place struct(x integer)")
        with pytest.raises(ValueError, match=r"place: no cell shows a value of type STRUCT"):
            write_spreadsheets(connection, tmp_path, AS_OF)


def _home(rows: Sequence[tuple[Any, ...]]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLES)
    if rows:
        connection.executemany(f"insert into mart_odd values ({', '.join('?' * len(TYPES))})", rows)
    return connection


def _cells(path: Path) -> list[list[Any]]:
    """What is to be seen of a sheet: cells and their looks, widths, filter."""
    sheet = openpyxl.load_workbook(path)["Số liệu"]
    looks = [
        [_seen(cell.value), cell.data_type, cell.number_format, cell.font.name, cell.font.size,
         cell.alignment.vertical, cell.coordinate]
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]  # fmt: skip
    widths = [(letter, column.width) for letter, column in sheet.column_dimensions.items()]
    return [*looks, widths, [sheet.auto_filter.ref, sheet.dimensions, sheet.freeze_panes]]


def _seen(value: Any) -> Any:
    """A number nearly: xlsxwriter writes sixteen digits of it, DuckDB all. And a text as openpyxl
    gives it of shared ones: it drops this mark there, and not of those in a sheet."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return pytest.approx(value, rel=1e-15)
    return value.replace("x005F_", "") if isinstance(value, str) else value
