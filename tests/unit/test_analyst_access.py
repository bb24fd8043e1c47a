"""Analysts read the published tables and nothing else; what leaves as CSV runs no formula."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import open_published
from warehouse.query import _inert, run_query


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "kho.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table dim_unit as select '05977' as unit_code, 1.50 as share")
        connection.execute("insert into dim_unit values ('=1+1', 2)")
    path.chmod(0o444)
    return path


def test_published_tables_can_be_read(published: Path) -> None:
    with open_published(published) as connection:
        assert connection.execute("select count(*) from dim_unit").fetchone() == (2,)


@pytest.mark.parametrize(
    "statement",
    [
        "copy dim_unit to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.parquet' (format parquet)",
        "export database '{folder}/out'",
        "select * from read_text('{folder}/secret.txt')",
        "select * from '{folder}/secret.csv'",
        "select * from read_csv('{folder}/secret.txt')",
        "select * from glob('{folder}/*')",
        "attach '{folder}/other.duckdb' as other",
        "attach ':memory:' as other; create table other.t as select 1",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set memory_limit = '100GB'",
        "reset lock_configuration",
        "pragma temp_directory = '{folder}'",
        "install httpfs",
        "load httpfs",
        "create table t as select 1",
        "delete from dim_unit",
        "drop table dim_unit",
    ],
)
def test_statement_that_reaches_outside_or_writes_is_refused(
    published: Path, tmp_path: Path, statement: str
) -> None:
    (tmp_path / "secret.txt").write_text("mật khẩu")
    (tmp_path / "secret.csv").write_text("a\n1\n")
    before = {path.name for path in tmp_path.iterdir()}
    with open_published(published) as connection:
        with pytest.raises(duckdb.Error):
            connection.execute(statement.format(folder=tmp_path)).fetchall()
        assert connection.execute("select count(*) from dim_unit").fetchone() == (2,)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_published(tmp_path / "kho.duckdb")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "@SUM(A1)", "\t=1", "\r=1", "-2+3+cmd|' /C calc'!A0"]
)
def test_text_that_a_spreadsheet_takes_for_a_formula_is_made_text(text: str) -> None:
    assert _inert(text) == "'" + text


@pytest.mark.parametrize(
    "value", ["Sở Tài chính", "05977", "", "-", "-12,5", "- 5,2", None, 5, -2.5, Decimal("-1.50")]
)
def test_plain_text_numbers_and_nothing_stay_as_they_are(value: object) -> None:
    assert _inert(value) == value


def test_csv_has_the_inert_text(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_published(published) as connection:
        assert run_query(connection, "select * from dim_unit order by 1", as_csv=True) == 0
    assert capsys.readouterr().out.splitlines() == ["unit_code,share", "05977,1.50", "'=1+1,2.00"]


def test_wrong_query_is_status_two_with_the_reason_in_vietnamese(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_published(published) as connection:
        assert run_query(connection, "select * from khong_co", as_csv=False) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("Câu lệnh không chạy được: ")
