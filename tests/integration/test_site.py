"""The pages for leaders: they show what the queries give, and every figure leads to a cell."""

from __future__ import annotations

import csv
import filecmp
import json
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import duckdb
import openpyxl
import pytest

from tests.integration.conftest import Built, NextNights
from tests.shared import run_kho
from tests.site_pages import Figure, pages_of, read_page
from warehouse.connection import open_published
from warehouse.home import Home
from warehouse.site.build import Build, build_site
from warehouse.site.declared import Column, query_text, site
from warehouse.site.results import Queries
from warehouse.site.serve import serve
from warehouse.site.shown import keys_of
from warehouse.site.shown import pages_of as pages_of_site
from warehouse.site.sources import Drawn, draw_sheets, find_sources

_COLUMNS: dict[tuple[str, str], set[str]] = {}
for _page in site().pages:
    for _block in _page.blocks:
        for _column in _block.columns:
            _COLUMNS.setdefault((_block.query, _column.name), set()).add(_column.shown)
_DECIMALS = {"whole": 0, "number1": 1, "number2": 2, "number6": 6}


def _site(built: Built) -> Path:
    return built.home / "current" / "site"


def _written(value: Any, shown: str) -> str:
    """A value in Vietnamese style, written here once more: 1.234,5."""
    if value is None or value == "":
        return "chưa có"
    if shown in _DECIMALS:
        unit = Decimal(1).scaleb(-_DECIMALS[shown])
        number = Decimal(str(value)).quantize(unit, rounding=ROUND_HALF_UP)
        whole, _, rest = f"{abs(number):,f}".partition(".")
        text = whole.replace(",", ".") + (f",{rest}" if rest else "")
        return f"−{text}" if number < 0 else text
    if shown == "number":
        return _fitting(Decimal(str(value)))
    if shown == "moment":
        return f"{value:%d/%m/%Y %H:%M}"
    if shown == "date":
        return f"{value:%d/%m/%Y}"
    return " ".join(str(value).split())


def _fitting(value: Decimal) -> str:
    """At least three digits, at most six decimals, no zeros behind the last one."""
    places = next((n for n in range(7) if abs(value) * 10**n >= 100), 6) if value else 0
    text = _written(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), "number6")
    return text.rstrip("0").rstrip(",")


def written(query: str, column: str, value: Any) -> set[str]:
    """What a page may show of a value of a query."""
    return {_written(value, shown) for shown in _COLUMNS[query, column]}


def moment_of(built: Built) -> datetime:
    published = Home(built.home).published()
    assert published is not None
    return datetime.fromisoformat(published["as_of"])


@pytest.mark.parametrize("which", ["built", "clean"])
def test_every_figure_of_every_page_is_what_its_query_gives(
    which: str, request: pytest.FixtureRequest
) -> None:
    built: Built = request.getfixturevalue(which)
    seen = 0
    with open_published(built.home / "current" / "kho.duckdb") as connection:
        queries = Queries(connection, {"as_of": moment_of(built)})
        for path in pages_of(_site(built)):
            for figure in read_page(path).figures:
                value = queries[figure.query].rows[figure.row][figure.column]
                may_be = written(figure.query, figure.column, value)
                assert figure.text in may_be, (path.name, figure, value)
                seen += 1
    assert seen > 1500


@pytest.mark.parametrize("which", ["built", "clean"])
def test_every_link_leads_to_a_page_and_a_place_in_it(
    which: str, request: pytest.FixtureRequest
) -> None:
    folder = _site(request.getfixturevalue(which))
    pages = {path.resolve(): read_page(path) for path in pages_of(folder)}
    links = 0
    for path, page in pages.items():
        for link in page.links:
            target, _, place = link.partition("#")
            goal = (path.parent / target).resolve() if target else path
            assert goal.exists(), f"{path.name}: {link}"
            if place and goal in pages and not place.startswith("sign-"):
                assert place in pages[goal].ids, f"{path.name}: {link}"
                links += 1
    assert links > 500


def test_a_target_leads_to_the_cell_in_which_it_was_typed(built: Built) -> None:
    page = read_page(_site(built) / "chi-tieu.html")
    figure = next(
        figure
        for figure in page.figures
        if figure.query == "province_targets" and figure.column == "target_text" and figure.href
    )
    target, _, cell = str(figure.href).partition("#")
    text = (_site(built) / target).read_text(encoding="utf-8")
    assert f'<td id="{cell}" class="fact ' in text
    [(key,)] = built.query(
        f"select target_keys from ({query_text('province_targets')}) limit 1 offset {figure.row}"
    )
    [(value_text, sheet, typed_at)] = built.query(
        f"select value_text, sheet_name, cell from trace_fact where fact_key = '{key}' "
        "and is_current"
    )
    assert typed_at == cell
    assert f"chữ đã ghi “<strong>{value_text}</strong>”" in text
    assert f"Trang tính {sheet}" in text


def test_a_sum_leads_to_the_list_of_its_facts_and_from_there_to_their_cells(clean: Built) -> None:
    folder = _site(clean)
    figure = next(
        figure
        for figure in read_page(folder / "dau-tu-cong.html").figures
        if figure.query == "investment_groups" and figure.column == "disbursed_billion"
    )
    target, _, place = str(figure.href).partition("#")
    facts = read_page(folder / target)
    assert place in facts.ids
    cells = [link for link in facts.links if link.startswith("../nguon/") and "#" in link]
    assert len(cells) > 20


def test_a_site_kept_in_part_and_one_written_anew_are_the_same_bytes(
    built: Built, next_nights: NextNights, tmp_path: Path
) -> None:
    """The third night took corrected workbooks in; what they did not change it kept. A workbook
    that was kept says with which build its figures came, and holds the same."""
    home = Home(next_nights.completed.home)
    published = home.published()
    assert published is not None
    as_of = datetime.fromisoformat(published["as_of"])
    with open_published(home.published_file) as connection:
        build_site(connection, tmp_path / "site", home.archived, published["build_id"], as_of)
    kept = _site(next_nights.completed)
    files = {
        folder: sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        for folder in (kept, tmp_path / "site")
    }
    names, again = files.values()
    assert names == again
    _, differing, failed = filecmp.cmpfiles(
        kept, tmp_path / "site", list(map(str, names)), shallow=False
    )
    assert not failed
    assert {Path(name).suffix for name in differing} == {".xlsx"}
    for name in differing:
        (lines, cells), (new_lines, new_cells) = map(
            _lines_and_cells, (kept / name, tmp_path / "site" / name)
        )
        assert cells == new_cells
        assert new_lines == {Build(published["build_id"], as_of, is_simulated=False).line}
        assert len(lines) == 1 and lines.pop() < new_lines.pop()
    # some were changed by what came
    assert len(differing) < len([name for name in names if name.suffix == ".xlsx"])
    [first] = (home.root / "builds").glob("20261122*")
    sheets = [path for path in names if path.parent.name == "nguon" and path.name[:4] != "cua-"]
    same = [
        path
        for path in sheets
        if (first / "site" / path).exists() and (first / "site" / path).samefile(kept / path)
    ]
    # the list of the sheets names the build, and a corrected workbook is another
    assert len(sheets) / 2 < len(same) < len(sheets) - 1


def _lines_and_cells(path: Path) -> tuple[set[Any], list[Any]]:
    """The lines below the titles of a workbook's sheets, and all their other cells."""
    book = openpyxl.load_workbook(path)
    lines = {sheet["A2"].value for sheet in book}
    rows = [
        [sheet.title, *(row for n, row in enumerate(sheet.values, 1) if n != 2)] for sheet in book
    ]
    return lines, rows


def test_a_sheet_that_was_drawn_for_the_build_before_is_not_read_again(built: Built) -> None:
    before = _site(built)
    with open_published(built.home / "current" / "kho.duckdb") as connection:
        pages = list(pages_of_site(site(), Queries(connection, {"as_of": moment_of(built)})))
        sources = find_sources(connection, keys_of(pages, True), keys_of(pages, False))
    sheets = list(sources.sheets.values())
    changed = sheets.pop(next(at for at, one in enumerate(sheets) if len(one.places) > 1))
    changed.facts = [fact for fact in changed.facts if fact.cell != changed.facts[0].cell]
    draw_sheets([changed, *sheets], lambda _: before / "no original", before=before)
    for sheet in sheets:
        assert isinstance(sheet.drawn, Drawn)
        assert sheet.drawn.table in (before / sheet.page).read_text(encoding="utf-8")
    # of other cells it is another drawing
    assert changed.drawn == "Kho lưu trữ không còn tệp gốc."


def test_pages_say_whose_figures_are_missing(built: Built, clean: Built) -> None:
    text = read_page(_site(clean) / "dau-tu-cong.html").text
    assert "Chưa có số của: đầu tư công (62 đơn vị chưa gửi đủ" in text
    assert "về đầu tư công: Phường Kỳ Lừa, Xã Ba Sơn, Xã Bắc Sơn, Xã Bằng Mạc, " in text
    assert "Xã Điềm He và 50 đơn vị khác." in text
    assert "Số liệu đến 02:00 ngày 20/05/2026; bản phát hành 20260520T020000-" in text
    # a form that nobody sent: nobody counts as late, so it is said
    text = read_page(_site(built) / "dau-tu-cong.html").text
    assert "Biểu về đầu tư công chưa đơn vị nào gửi: " in text
    assert "Chưa có báo cáo giải ngân nào được chấp nhận." in text
    communes = read_page(_site(clean) / "xa-phuong.html").text
    assert communes.count("Chưa gửi báo cáo nào") == 62
    assert "3 trên 65 Xã, phường đã có báo cáo" in read_page(_site(clean) / "index.html").text


def test_simulated_figures_say_so_on_every_page_and_in_every_workbook(
    built: Built, clean: Built
) -> None:
    said = "SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh"
    assert all(said in read_page(path).text for path in pages_of(_site(clean)))
    assert not any("MÔ PHỎNG" in read_page(path).text for path in pages_of(_site(built)))
    book = openpyxl.load_workbook(_site(clean) / "so-lieu" / "dau-tu-cong.xlsx")
    assert all(str(sheet["A2"].value).startswith("SỐ LIỆU MÔ PHỎNG") for sheet in book)


def test_pages_ask_for_nothing_from_elsewhere_and_run_no_script_of_their_own(built: Built) -> None:
    for path in pages_of(_site(built)):
        page = read_page(path)
        assert not [link for link in page.links if ":" in link.split("#")[0]], path
        assert {script.rsplit("/", 1)[-1] for script in page.scripts} <= {
            "fonts.js", "site.js", "echarts.min.js", "json",
        }, path  # fmt: skip
        content = path.read_text(encoding="utf-8")
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in content
        assert " style=" not in content and "<style" not in content


def test_figures_of_a_page_are_beside_it_as_json_and_csv_and_in_a_workbook(clean: Built) -> None:
    folder = _site(clean)
    beside = json.loads((folder / "dau-tu-cong.json").read_text(encoding="utf-8"))
    assert beside["is_simulated"] is True
    below = next(table for table in beside["tables"] if table["id"] == "duoi-muc-san")
    with (folder / "so-lieu/dau-tu-cong-duoi-muc-san.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert rows[0] == [column["heading"] for column in below["columns"]]
    assert [row[0] for row in rows[1:]] == [row[0] for row in below["rows"]]
    sheet = openpyxl.load_workbook(folder / "so-lieu/dau-tu-cong.xlsx")["Dự án dưới mức sàn"]
    assert [row[0].value for row in sheet.iter_rows(min_row=5)] == [r[0] for r in below["rows"]]
    assert isinstance(sheet.cell(5, 6).value, date)


RESTRICTED, RESTRICTED_LIST = "kbnn_thu_nsnn_chi_tiet", "kbnn"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="session")
def hostile_site(clean: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a published file in which names of projects are hostile, and a form is
    restricted."""
    folder = tmp_path_factory.mktemp("hostile")
    published = folder / "kho.duckdb"
    shutil.copyfile(clean.home / "current" / "kho.duckdb", published)
    published.chmod(0o644)
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "update mart_disbursement_floor set project_name = case when project_code = "
            "(select min(project_code) from mart_disbursement_floor) then ? else ? end",
            [HOSTILE, '=HYPERLINK("http://x")'],
        )
        connection.execute(
            "update dim_form set openness = 'hạn chế' where form_code = ?", [RESTRICTED]
        )
        build = connection.execute("select max(known_from) from fct_investment").fetchone()
    assert build is not None
    with open_published(published) as connection:
        build_site(
            connection, folder / "site", Home(clean.home).archived, "thu", build[0],
            before=_site(clean),
        )  # fmt: skip
    return folder / "site"


def test_text_of_cells_is_text_and_never_markup_or_formula(hostile_site: Path) -> None:
    for name in ("dau-tu-cong.html", "nguon/cua-dau-tu-cong.html"):
        content = (hostile_site / name).read_text(encoding="utf-8")
        assert "&lt;script&gt;alert(1)" in content
        assert "<script>alert" not in content and "<img" not in content
    rows = (hostile_site / "so-lieu/dau-tu-cong-duoi-muc-san.csv").read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in rows and ",=HYPERLINK" not in rows and '\n"=HYPER' not in rows
    sheet = openpyxl.load_workbook(hostile_site / "so-lieu/dau-tu-cong.xlsx")["Dự án dưới mức sàn"]
    cells = [row[0] for row in sheet.iter_rows(min_row=5)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)


def test_of_a_restricted_form_no_cell_is_shown_and_no_sheet_of_its_workbooks(
    clean: Built, hostile_site: Path
) -> None:
    with open_published(clean.home / "current" / "kho.duckdb") as connection:
        lines = Queries(connection, {"as_of": moment_of(clean)})["budget_lines"]
    restricted = {number for number, _ in lines.of({"list_code": RESTRICTED_LIST})}

    def figures_of(site: Path) -> list[Figure]:
        shown = read_page(site / "ngan-sach.html").figures
        return [f for f in shown if f.query == "budget_lines" and f.row in restricted and f.href]

    linked = {str(figure.href).partition("#")[0] for figure in figures_of(_site(clean))}
    assert linked
    assert all("/cua-" in str(figure.href) for figure in figures_of(hostile_site))
    listed = read_page(hostile_site / "nguon/cua-ngan-sach.html").text
    assert "số liệu hạn chế, không nêu giá trị và ô" in listed
    for page in linked:
        assert not (hostile_site / page).exists() or "/cua-" in page


@pytest.fixture(scope="session")
def empty_site(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a province of which nothing could be read: only dimensions have rows."""
    folder = tmp_path_factory.mktemp("empty")
    published = folder / "kho.duckdb"
    shutil.copyfile(built.home / "current" / "kho.duckdb", published)
    published.chmod(0o644)
    with duckdb.connect(str(published)) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where table_name similar to "
            "'(fct_|mart_|submission|dq_|identity_|build_).*'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f'delete from "{table}"')
    with open_published(published) as connection:
        build_site(
            connection, folder / "site", Home(built.home).archived, "trong",
            datetime(2026, 1, 5, 2),
        )  # fmt: skip
    return folder / "site"


def test_a_province_with_nothing_yet_is_told_so_and_shows_no_figure(empty_site: Path) -> None:
    said = {
        "index": "Chưa có văn bản giao chỉ tiêu nào được chấp nhận.",
        "ngan-sach": "Chưa có biểu 60/CK-NSNN nào được chấp nhận.",
        "dau-tu-cong": "Chưa có báo cáo giải ngân nào được chấp nhận.",
        "thuong-mai": "Chưa có báo cáo kim ngạch theo cửa khẩu nào được chấp nhận.",
        "bao-cao": "Chưa có kỳ báo cáo nào phải gửi.",
        "nguon/index": "Chưa có số liệu nào được hiện trên các trang.",
    }
    for name, sentence in said.items():
        assert sentence in read_page(empty_site / f"{name}.html").text, name
    for path in pages_of(empty_site):
        for figure in read_page(path).figures:
            if figure.query not in (
                "communes",
                "commune_yearly",
                "overview_counts",
                "forms_without_report",
            ):
                pytest.fail(f"{path.name}: {figure}")
    communes = read_page(empty_site / "xa-phuong.html")
    assert communes.text.count("Chưa gửi báo cáo nào") == 65


@pytest.fixture
def served(built: Built) -> Iterator[str]:
    from threading import Thread

    server = serve(_site(built), 0)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_pages_are_served_on_loopback_with_their_policy_and_no_listing(served: str) -> None:
    with urlopen(f"{served}/index.html") as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Tổng quan" in answer.read().decode()
    with pytest.raises(OSError, match="404"):
        urlopen(f"{served}/so-lieu/")


def test_kho_site_says_where_the_pages_are_and_writes_them_elsewhere(
    built: Built, tmp_path: Path
) -> None:
    run = run_kho("site", "--home", built.home)
    assert run.returncode == 0
    assert run.stdout.strip() == str(built.home / "current/site/index.html")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    run = run_kho("site", "--home", built.home, "--out", tmp_path / "full")
    assert run.returncode == 2 and "không trống" in run.stderr
    run = run_kho("site", "--home", tmp_path / "none")
    assert run.returncode == 2 and "Hãy chạy: kho nightly" in run.stderr


def test_a_column_says_what_a_query_gives() -> None:
    for page in site().pages:
        for block in page.blocks:
            assert all(name in query_text(block.query) for name in block.where)
            for column in block.columns:
                assert isinstance(column, Column)
                for name in (column.name, *column.keys):
                    assert name in query_text(block.query), (page.file, block.id, name)
