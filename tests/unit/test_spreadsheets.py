"""Marts as workbooks: which are written anew, and which are those of the build before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from warehouse.outputs import spreadsheets
from warehouse.outputs.spreadsheets import write_spreadsheets

FIRST, SECOND = datetime(2026, 7, 1, 2), datetime(2026, 7, 2, 2)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Iterator[duckdb.DuckDBPyConnection]:
    """A year of a mart that counts as large, and a small one."""
    monkeypatch.setattr(spreadsheets, "LARGE", 10)
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table submission as select false as is_simulated;
            create table dim_code (list_code varchar, code varchar, label_vi varchar);
            create table mart_large as
            select (date '2026-01-01' + to_months(i::int))::date as period_end, i as amount_vnd
            from range(12) t(i);
            create table mart_small as select 'A' as unit_code, 1 as amount_vnd
            """
        )
        yield connection


def rows_of(path: Path) -> list[object]:
    sheet = openpyxl.load_workbook(path)["Số liệu"]
    return [row[1].value for row in sheet.iter_rows(min_row=5)]


def test_a_large_mart_whose_written_months_say_the_same_keeps_its_workbook(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    write_spreadsheets(published, first, FIRST)
    assert rows_of(first / "mart_large.xlsx") == [5, 6, 7, 8, 9, 10, 11], "the last months"
    published.execute("update mart_large set amount_vnd = -1 where amount_vnd = 2")
    paths = write_spreadsheets(published, second, SECOND, first)
    assert [path.read_bytes() for path in paths] == [
        (first / path.name).read_bytes() for path in paths
    ]
    published.execute("update mart_large set amount_vnd = -9 where amount_vnd = 9")
    write_spreadsheets(published, third, SECOND, second)
    assert rows_of(third / "mart_large.xlsx") == [5, 6, 7, 8, -9, 10, 11]
    assert (third / "mart_small.xlsx").read_bytes() == (first / "mart_small.xlsx").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        "update mart_small set amount_vnd = 2",
        "insert into mart_small from mart_small",
        "comment on column mart_small.amount_vnd is 'Số tiền'",
        "comment on table mart_small is 'Bảng nhỏ'",
        "update submission set is_simulated = true",
    ],
)
def test_a_workbook_is_written_anew_where_it_would_say_another_thing(
    published: duckdb.DuckDBPyConnection, tmp_path: Path, change: str
) -> None:
    write_spreadsheets(published, tmp_path / "first", FIRST)
    published.execute(change)
    write_spreadsheets(published, tmp_path / "second", SECOND, tmp_path / "first")
    first, second = (tmp_path / name / "mart_small.xlsx" for name in ("first", "second"))
    assert first.read_bytes() != second.read_bytes()
