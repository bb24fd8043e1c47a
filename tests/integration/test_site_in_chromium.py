"""The pages for leaders in a real browser, from disk: drawn whole, quiet, usable by everybody."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser import Opened, address, chromium, open_page
from tests.integration.conftest import Built
from tests.integration.test_site import empty_site, hostile_site, moment_of, written
from tests.site_pages import read_page
from warehouse.connection import open_published
from warehouse.site.results import Queries
from warehouse.site.serve import serve

__all__ = ["empty_site", "hostile_site"]  # fixtures

pytestmark = pytest.mark.chromium

WIDTHS = (390, 820, 1440)
PAPER = 1032  # A4 across, within its margins
_FAULTS = Path(__file__).parents[1].joinpath("page_faults.js").read_text(encoding="utf-8")
_CHARTS = """() => [...document.querySelectorAll(".chart > div")].map((place) => {
    const svg = place.querySelector("svg");
    return svg ? svg.querySelectorAll("path, text").length : 0;
})"""
_FIGURES = """() => [...document.querySelectorAll("[data-row] [data-column]")].map((cell) => [
    cell.closest("[data-query]").dataset.query, Number(cell.closest("[data-row]").dataset.row),
    cell.dataset.column, cell.textContent.replace(/\\s+/g, " ").trim()])"""


_TOO_WIDE = """() => [...document.querySelectorAll("table")].filter(
    (table) => table.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((table) => `too wide: ${table.outerHTML.slice(0, 120)}`)"""
# rows are all alike, and the checker looks long at each
_SHORTENED = """() => document.querySelectorAll(
    "tbody tr:nth-child(n+9), .lists section:nth-of-type(n+9), .cells > li:nth-child(n+9)"
).forEach((one) => one.remove())"""
_SHIFT = """() => new Promise((done) => {
    let sum = 0;
    const observer = new PerformanceObserver((list) => {
        list.getEntries().forEach((entry) => { sum += entry.value; });
    });
    observer.observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(sum), 100);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def _site(built: Built) -> Path:
    return built.home / "current" / "site"


def _kinds(folder: Path) -> list[Path]:
    """A page of every kind: the declared ones, a commune's, a list of facts, a sheet."""
    sheet = next(
        folder / "nguon" / link.partition("#")[0]
        for link in read_page(folder / "nguon" / "index.html").links
        if link.startswith("../nguon/") and "index" not in link
    )
    lists = sorted(folder.glob("nguon/cua-*.html"))
    commune = max(folder.glob("xa-phuong/*.html"), key=lambda path: path.stat().st_size)
    return [*sorted(folder.glob("*.html")), commune, folder / "nguon/index.html", lists[0], sheet]


def _look(opened: Opened, path: Path) -> list[str]:
    """What is wrong with a page as it opens in the browser."""
    opened.said.clear()
    opened.asked.clear()
    opened.go(address(path))
    asked = [f"asked for {url}" for url in opened.asked if not url.startswith("file://")]
    return [*_faults(opened, path), *(f"{path.name}: {fault}" for fault in asked)]


def _faults(opened: Opened, path: Path) -> list[str]:
    """What is wrong with a page as it stands in the browser."""
    faults = [*opened.said, *opened.page.evaluate(_FAULTS)]
    faults += [
        f"chart {at} is empty" for at, n in enumerate(opened.page.evaluate(_CHARTS)) if n < 5
    ]
    return [f"{path.name} at {opened.page.viewport_size}: {fault}" for fault in faults]


def _inaccessible(page: Page) -> list[str]:
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{page.url}: {fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"][:3]
    ]


def _printed(opened: Opened, path: Path, folder: Path) -> list[str]:
    """The texts of the sheets of paper that a page is printed on."""
    opened.go(address(path))
    opened.page.pdf(path=folder / "page.pdf", prefer_css_page_size=True)
    read = ["pdftotext", "-raw", str(folder / "page.pdf"), "-"]
    run = subprocess.run(read, capture_output=True, text=True, check=True)
    return [" ".join(text.split()) for text in run.stdout.split("\f")]


def test_every_kind_of_page_is_whole_and_quiet_and_shows_what_its_queries_give(
    browser: Browser, clean: Built
) -> None:
    """At every width, and looked at by a checker of accessibility at one of them."""
    opened = open_page(browser, WIDTHS[-1])
    faults, seen = [], 0
    with open_published(clean.home / "current" / "kho.duckdb") as connection:
        queries = Queries(connection, {"as_of": moment_of(clean)})
        for at, path in enumerate(_kinds(_site(clean))):
            faults += _look(opened, path)
            for width in WIDTHS:
                opened.resize(width)
                faults += _faults(opened, path)
            for query, row, column, text in opened.page.evaluate(_FIGURES):
                value = queries[query].rows[row][column]
                assert text in written(query, column, value), (path.name, query, row, column)
                seen += 1
            opened.resize(WIDTHS[at % len(WIDTHS)])
            opened.page.evaluate(_SHORTENED)
            faults += _inaccessible(opened.page)
    opened.page.context.close()
    assert not faults
    assert seen > 1000


def test_on_paper_the_headings_of_a_table_stand_on_every_sheet_and_no_chart_over_a_table(
    browser: Browser, clean: Built, tmp_path: Path
) -> None:
    opened = open_page(browser, 1440)
    # a row of each table of the page, and words of its headings
    headings = {
        "Chưa gửi báo cáo nào": ("Tháng", "Giải ngân (%)", "Chỉ tiêu"),
        "chưa có chưa có chưa có": ("Kỳ mới nhất", "Hộ cận nghèo", "Số dự án"),
    }
    seen = dict.fromkeys(headings, 0)
    for text in _printed(opened, _site(clean) / "xa-phuong.html", tmp_path):
        for row, words in headings.items():
            if row in text:
                seen[row] += 1
                assert [word for word in words if word not in text] == [], text
                break
    assert min(seen.values()) > 1
    opened.go(address(_site(clean) / "bao-cao.html"))
    opened.page.emulate_media(media="print")
    [(chart, table)] = opened.page.evaluate(
        "() => [...document.querySelectorAll('section:has(.chart)')].map((block) => [block."
        "querySelector('svg').getBoundingClientRect(), block.querySelector('table')."
        "getBoundingClientRect()]).map(([chart, table]) => [chart.bottom, table.top])"
    )
    assert chart <= table
    opened.page.context.close()


def test_charts_are_drawn_from_disk(browser: Browser, clean: Built) -> None:
    opened = open_page(browser, 1440)
    for name, least in (("ngan-sach", 1), ("dau-tu-cong", 3), ("thuong-mai", 6), ("bao-cao", 1)):
        opened.go(address(_site(clean) / f"{name}.html"))
        assert len(opened.page.evaluate(_CHARTS)) >= least, name
        # a table with the same figures stands behind each
        assert opened.page.locator("section:has(.chart) table").count() >= 1
    opened.page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("which", ["built", "clean"])
def test_every_kind_of_page_is_whole_quiet_and_accessible_at_every_width(
    browser: Browser, which: str, width: int, request: pytest.FixtureRequest
) -> None:
    opened = open_page(browser, width)
    faults = []
    for path in _kinds(_site(request.getfixturevalue(which))):
        faults += _look(opened, path)
        faults += _inaccessible(opened.page)
        opened.page.emulate_media(media="print")
        opened.resize(PAPER)
        faults += [f"{path.name} on paper: {fault}" for fault in opened.page.evaluate(_TOO_WIDE)]
        opened.page.emulate_media(media="screen")
        opened.resize(width)
    opened.page.context.close()
    assert not faults


def test_pages_on_a_server_are_as_quiet_as_from_disk(browser: Browser, built: Built) -> None:
    server = serve(_site(built), 0)
    Thread(target=server.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{server.server_port}/"
    opened = open_page(browser, 1440)
    for name in ("index.html", "thuong-mai.html", "nguon/index.html"):
        opened.go(host + name)
    loaded = "() => [...document.fonts].filter((font) => font.status === 'loaded').length"
    assert opened.page.evaluate(loaded) >= 1
    assert not opened.said
    assert all(url.startswith(host) for url in opened.asked)
    opened.page.context.close()
    server.shutdown()
    server.server_close()


def test_hostile_names_stay_text_in_the_browser(browser: Browser, hostile_site: Path) -> None:
    opened = open_page(browser, 820)
    for name in ("index.html", "dau-tu-cong.html", "nguon/cua-dau-tu-cong.html"):
        opened.go(address(hostile_site / name))
        assert not opened.said
        assert opened.page.locator("main img").count() == 0
    opened.page.context.close()


def test_a_province_with_nothing_yet_has_whole_pages_too(
    browser: Browser, empty_site: Path
) -> None:
    opened = open_page(browser, 390)
    faults = [f for path in sorted(empty_site.glob("*.html")) for f in _look(opened, path)]
    opened.page.context.close()
    assert not faults


def _tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until an element that matches has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} was not reached by {most} times Tab")


def test_with_the_keyboard_alone_from_the_start_page_to_the_cell_of_a_project_under_its_floor(
    browser: Browser, clean: Built
) -> None:
    opened = open_page(browser, 1440)
    page = opened.page
    opened.go(address(_site(clean) / "index.html"))
    _tab_to(page, '.tiles a[href$="#duoi-muc-san"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/dau-tu-cong.html#duoi-muc-san")
    # the reading goes on where the link led: the first figure of the first project
    _tab_to(page, '#duoi-muc-san [data-column="disbursed_billion"] a')
    row = page.evaluate(
        "() => Object.fromEntries([...document.activeElement.closest('tr').cells].map("
        "(cell) => [cell.dataset.column, cell.textContent]))"
    )
    assert row["status_vi"] in ("Chưa đạt, còn thời gian", "Không đạt")
    assert _number(row["disbursed_of_plan_total_pct"]) < _number(row["floor_pct"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/nguon/*.html#*")
    if "/cua-" in page.url:
        _tab_to(page, ":target a", 5)
        page.keyboard.press("Enter")
        page.wait_for_url("**/nguon/*.html#[A-Z]*")
    framed = page.locator("td:target")
    assert framed.count() == 1
    assert framed.evaluate("(cell) => getComputedStyle(cell).outlineWidth") == "4px"
    assert framed.evaluate("(cell) => cell === document.activeElement")
    box = framed.bounding_box()
    assert box is not None and 0 <= box["y"] <= 900 and 0 <= box["x"] <= 1440
    # the row is that of the project, and the cell holds its figure, in the unit of the sheet
    cells = framed.evaluate("(cell) => [...cell.closest('tr').cells].map((one) => one.innerText)")
    assert row["project_code"] in cells and row["project_name"] in cells
    assert "Đơn vị tính: triệu đồng" in page.locator(".drawn").inner_text()
    typed = framed.evaluate("(cell) => cell.querySelector('a').firstChild.textContent")
    in_billions = (_number(typed) / 1000).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert in_billions == _number(row["disbursed_billion"])
    note = page.locator("#o-dang-xem").inner_text()
    assert f"chữ đã ghi “{typed}”" in note and row["project_name"] in note
    page.context.close()


def _number(text: str) -> Decimal:
    """A number in Vietnamese style: 1.234,5."""
    return Decimal(text.replace(".", "").replace(",", "."))


def test_tables_are_sorted_and_filtered_with_the_keyboard(browser: Browser, clean: Built) -> None:
    opened = open_page(browser, 1440)
    page = opened.page
    opened.go(address(_site(clean) / "dau-tu-cong.html"))
    heading = page.locator('#duoi-muc-san th[data-column="still_billion"]')
    heading.locator("button").focus()
    values = (
        "() => [...document.querySelectorAll('#duoi-muc-san tbody tr:not([hidden]) "
        "[data-column=still_billion]')].map((cell) => Number(cell.dataset.value))"
    )
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    found = page.evaluate(values)
    assert found == sorted(found) and found[0] != found[-1]
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.evaluate(values) == sorted(found, reverse=True)
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") is None
    page.locator("#duoi-muc-san input").focus()
    page.keyboard.type("chuyển tiếp")
    left = page.evaluate(values)
    assert 0 < len(left) < len(found)
    assert page.locator("#duoi-muc-san output").inner_text() == f"còn {len(left)}/{len(found)} dòng"
    page.context.close()


def test_the_start_page_is_light_and_moves_nothing_while_it_opens(
    browser: Browser, clean: Built
) -> None:
    opened = open_page(browser, 390)
    opened.go(address(_site(clean) / "index.html"))
    used = {url.removeprefix("file://").partition("#")[0] for url in opened.asked}
    assert sum(Path(path).stat().st_size for path in used) < 1_500_000
    assert opened.page.evaluate(_SHIFT) < 0.0005
    opened.page.context.close()
    # with charts, and with a long table
    for name, width in (("ngan-sach", 1440), ("ngan-sach", 390), ("xa-phuong", 390)):
        opened = open_page(browser, width)
        opened.go(address(_site(clean) / f"{name}.html"))
        assert opened.page.evaluate(_SHIFT) < 0.0005, (name, width)
        opened.page.context.close()
