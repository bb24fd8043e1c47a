"""What leaves the warehouse: official forms filled from facts, marts as spreadsheets, the file."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from click.testing import CliRunner, Result

from orchestration.export_command import export
from tests.integration.conftest import Built
from tests.shared import run_kho
from warehouse import published_file
from warehouse.connection import open_published, open_working
from warehouse.home import Home
from warehouse.outputs.spreadsheets import mart_columns
from warehouse.published_file import stage_build

FORMS = [
    ("b59_can_doi_nsdp", "2026-Q1", "STC", "STC_2026-03"),
    ("60/CK-NSNN", "2026-Q1", "STC", "STC_2026-03"),
    ("b61_chi_nsdp", "2026-Q1", "STC", "STC_2026-03"),
    ("b113_can_doi_xa", "2026-Q1", "05977", "05977_2026-03"),
    ("b114_thu_xa", "2026-Q1", "05977", "05977_2026-03"),
    ("b115_chi_xa", "2026-Q1", "05977", "05977_2026-03"),
    ("giai_ngan_nguon_von", "2026-02", "STC", "STC_2026-02"),
    ("giai_ngan_du_an", "2026-02", "BQLDA", "BQLDA_2026-02"),
    ("chi_tieu_thang", "2026-02", "TKT", "TKT_2026-02"),
    ("kim_ngach_cua_khau", "2026-02", "HQ6", "HQ6_2026-02"),
    ("tong_muc_ban_le", "2026-02", "TKT", "TKT_2026-02"),
]


@pytest.fixture(scope="module")
def exported(clean: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every form of FORMS, by the real command (in this process: starting one takes a second)."""
    folder = tmp_path_factory.mktemp("exports")
    made = {}
    for form, period, unit, _ in FORMS:
        made[form] = folder / f"{form.replace('/', '_')}.xlsx"
        run = kho_export(clean, form, "--period", period, "--unit", unit, "--out", made[form])
        assert run.exit_code == 0, run.output
    return made


def kho_export(built: Built, *arguments: object) -> Result:
    return CliRunner().invoke(export, [*map(str, arguments), "--home", str(built.home)])


@pytest.mark.parametrize(("form", "original"), [(form, name) for form, _, _, name in FORMS])
def test_exported_form_shows_the_figures_that_were_sent(
    exported: dict[str, Path], clean_province: Path, form: str, original: str
) -> None:
    sheet = openpyxl.load_workbook(exported[form], data_only=True).worksheets[0]
    [path] = clean_province.rglob(f"{original}.xlsx")
    sent = openpyxl.load_workbook(path, data_only=True)[sheet.title]
    figures = {
        cell.coordinate: float(cell.value)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, int | float)
    }
    assert len(figures) > 10
    # row numbers may be texts; a count of vehicles stands in its column and on its line
    more = {at for at in figures if not isinstance(sent[at].value, int | float)}
    assert more <= {"N32"} | {at for at in figures if at.startswith("A")}
    different = {
        at: (value, sent[at].value)
        for at, value in figures.items()
        if at not in more and abs(float(sent[at].value) - value) > 1e-9 * abs(value)
    }
    assert different == {}
    # columns that only copy what was reported before have nothing: they are no facts
    copied = {cell.column for row in sheet.iter_rows() for cell in row} - {
        sheet[at].column for at in figures
    }
    lost = [
        cell.coordinate
        for row in sent.iter_rows(max_row=sheet.max_row, max_col=sheet.max_column)
        for cell in row
        if isinstance(cell.value, int | float)
        and cell.column not in copied
        and cell.coordinate not in figures
    ]
    assert lost == []


def test_exported_forms_read_back_without_a_finding(
    exported: dict[str, Path], clean: Built
) -> None:
    # held against what the same units sent: one agency, one commune
    some = [exported["60/CK-NSNN"], exported["b114_thu_xa"]]
    run = run_kho("check", *some, "--home", clean.home, "--json")
    read = json.loads(run.stdout)
    assert [(each["status"], each["findings"]) for each in read] == [("ok", [])] * len(some)


def test_exported_forms_are_for_printing_not_for_typing(exported: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(exported["60/CK-NSNN"])
    assert "Hướng dẫn" not in book.sheetnames
    sheet = book.worksheets[0]
    coloured = {
        cell.fill.fgColor.rgb
        for row in sheet.iter_rows(min_row=10)
        for cell in row
        if isinstance(cell.value, int | float) and cell.fill.fill_type is not None
    }
    assert coloured == set()
    assert not list(sheet.conditional_formatting)
    assert sheet.page_setup.paperSize == 9


def test_exported_totals_are_formulas(exported: dict[str, Path]) -> None:
    sheet = openpyxl.load_workbook(exported["60/CK-NSNN"]).worksheets[0]
    formulas = [
        cell.value
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("=")
    ]
    assert any("+" in formula or "SUM" in formula for formula in formulas)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("b60_thu_nsnn", "--period", "2031-Q1"), "Kho chưa có số liệu nào của biểu 60/CK-NSNN"),
        (("ls07_muc_tieu", "--period", "2021..2025", "--unit", "20"), "không phải biểu số liệu"),
        (("b114_thu_xa", "--period", "2026-Q1"), "Biểu này do nhiều đơn vị gửi: hãy nêu --unit"),
        (("b60_thu_nsnn", "--period", "quý một"), "“quý một” không phải kỳ báo cáo"),
        (("khong_co", "--period", "2026-Q1"), "Không có biểu khong_co"),
    ],
)
def test_export_that_cannot_be_made_says_why(
    clean: Built, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    run = kho_export(clean, *arguments, "--out", tmp_path / "x.xlsx")
    assert run.exit_code == 2
    assert said in run.output
    assert not (tmp_path / "x.xlsx").exists()


def test_every_mart_is_a_spreadsheet_with_vietnamese_headings(clean: Built) -> None:
    folder = clean.home / "current" / "excel"
    marts = {
        str(name)
        for (name,) in clean.query(
            "select table_name from duckdb_tables() where table_name like 'mart%'"
        )
    }
    assert {path.stem for path in folder.glob("*.xlsx")} == marts
    with open_published(clean.home / "current" / "kho.duckdb") as connection:
        found = [
            (mart, column.heading)
            for mart in sorted(marts)
            for column in mart_columns(connection, mart)
        ]
    assert len(set(found)) == len(found), "two columns of a mart have one heading"
    assert [pair for pair in found if not pair[1][0].isupper()] == []


def test_spreadsheet_shows_the_rows_of_its_mart(clean: Built) -> None:
    path = clean.home / "current" / "excel" / "mart_disbursement_group.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Số liệu", "Chú giải"]
    rows = list(book["Số liệu"].iter_rows(min_row=4, values_only=True))
    assert "SỐ LIỆU MÔ PHỎNG" in str(book["Số liệu"]["A2"].value)
    at = rows[0].index("Giải ngân lũy kế, đồng")
    [(total, count)] = clean.query(
        "select sum(disbursed_cumulative_vnd), count(*) from mart_disbursement_group"
    )
    assert len(rows) - 1 == count
    assert sum(row[at] for row in rows[1:]) == float(total)  # type: ignore[arg-type,misc]
    assert {row[0] for row in rows[1:]} == {"Cả tỉnh", "Đơn vị gửi", "Nguồn vốn"}


def test_published_file_says_what_it_is_and_leads_to_cells(clean: Built) -> None:
    [(says,)] = clean.query("select text_vi from README where entry_no = 1")
    assert "SỐ LIỆU MÔ PHỎNG" in str(says)
    [row] = clean.query(
        "select file_path, sheet_name, cell, value_text from trace((select fact_keys from "
        "mart_budget_execution where line_code = 'b60.A' and period_key = '2026-Q1')) "
        "where measure = 'outturn_cumulative'"
    )
    assert row[:3] == ("STC/STC_2026-03.xlsx", "60-CK-NSNN", "D11")
    comments = clean.query(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'main' and not internal and comment is null"
    )
    assert comments == []


def test_reader_keeps_its_numbers_while_a_new_build_is_published(copied: Built) -> None:
    home, count = Home(copied.home), "select count(*) from fct_indicator"
    with open_published(home.published_file) as reader:
        before = reader.execute(count).fetchone()
        with open_working(home.working_file) as working:
            working.execute("delete from fct_indicator where fact_key like '%/2025/%'")
            stage_build(working, home.builds / "later", "code")
        home.switch_current("later")
        assert reader.execute(count).fetchone() == before
    with open_published(home.published_file) as reader:
        after = reader.execute(count).fetchone()
    assert after is not None and before is not None and 0 < after[0] < before[0]


def test_tables_that_hold_the_same_stay_and_what_was_written_is_compared(copied: Built) -> None:
    home = Home(copied.home)
    first, second, other, spoilt = (home.builds / name for name in ("a", "b", "c", "d"))

    def inode(build: Path, table: str) -> int:
        return (build / "parquet" / f"{table}.parquet").stat().st_ino

    with open_working(home.working_file) as working:
        working.execute("create table main.for_once as select 1 as a")
        stage_build(working, first, "code")
        working.execute("drop table main.for_once")
        working.execute("update main.dim_code set label_vi = 'Sửa' where code = 'level'")
        rows = stage_build(working, second, "code", first)
        stage_build(working, other, "other code", first)
        assert inode(second, "dim_unit") == inode(first, "dim_unit") != inode(other, "dim_unit")
        assert inode(second, "dim_code") != inode(first, "dim_code")
        for build in (second, other):
            with open_published(build / "kho.duckdb") as published:
                for table, count in rows.items():
                    found = published.execute(f"from {table} order by all").fetchall()
                    assert found == working.execute(f"from {table} order by all").fetchall()
                    assert len(found) == count
                assert "for_once" not in {t for (t,) in published.execute("show tables").fetchall()}

        # a copy that does not hold what is said of it
        (second / "kho.duckdb").chmod(0o600)
        with duckdb.connect(str(second / "kho.duckdb")) as published:
            published.execute("delete from dim_unit where unit_code = 'STC'")
        with pytest.raises(RuntimeError, match="does not hold what was built: dim_unit"):
            stage_build(working, spoilt, "code", second)


def test_of_a_large_table_only_the_rows_that_are_other_ones_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_file, "_LARGE", 10)
    # what stands beside the tables is about these
    monkeypatch.setattr(published_file, "add_views_and_macros", lambda _: None)
    build = partial(stage_build, code="code")
    with duckdb.connect() as working:

        def shown(folder: str, more: str = "") -> list[Any]:
            path = str(tmp_path / folder / "kho.duckdb")
            with duckdb.connect(path, read_only=True) as published:
                return published.execute(f"select a, b{more} from fact order by all").fetchall()

        working.execute("create table fact as select i as a, i::varchar as b from range(20) t(i)")
        working.execute("insert into fact values (null, null)")
        build(working, tmp_path / "first")
        working.execute("update fact set b = 'khác' where a = 19")
        build(working, tmp_path / "second", before=tmp_path / "first")
        assert shown("second") == working.execute("from fact order by all").fetchall()
        places = {a: place for a, _, place in shown("second", ", rowid")}
        assert places[19] == 20, "a row that is another one is written behind those that stay"
        assert [places[a] for a in range(19)] == list(range(19))

        working.execute("insert into fact values (3, '3')")
        build(working, tmp_path / "twice", before=tmp_path / "second")
        assert shown("twice") == working.execute("from fact order by all").fetchall()
        working.execute("update fact set b = b || '!' where a > 5")
        build(working, tmp_path / "most", before=tmp_path / "twice")
        assert shown("most") == working.execute("from fact order by all").fetchall()
        assert [row[2] for row in shown("most", ", rowid")][:7] == list(range(7)), "written anew"


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.2.2", "1.4.4"])
def test_older_duckdb_reads_tables_comments_views_and_macros(
    clean: Built, tmp_path: Path, version: str
) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "old"], check=True)
    python = tmp_path / "old/bin/python"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", f"duckdb=={version}"], check=False
    )
    if installed.returncode != 0:
        pytest.skip("the package index cannot be reached")
    script = (
        "import duckdb, json, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "q = lambda s: [list(map(str, r)) for r in c.execute(s).fetchall()]\n"
        "print(json.dumps([duckdb.__version__, q(sys.argv[2]), q(sys.argv[3]), q(sys.argv[4])]))"
    )
    queries = (
        "select count(*), sum(amount_vnd) from fct_budget_as_of('2026-12-31')",
        "select count(*), count(file_path) from trace_fact",
        "select comment from duckdb_tables() where table_name = 'fct_budget'",
    )
    file = clean.home / "current" / "kho.duckdb"
    run = subprocess.run(
        [python, "-c", script, file.resolve(), *queries], check=True, capture_output=True
    )
    with duckdb.connect(str(file.resolve()), read_only=True) as now:
        expected = [
            [list(map(str, row)) for row in now.execute(query).fetchall()] for query in queries
        ]
    assert json.loads(run.stdout) == [version, *expected]
