"""The senders' reports: the sentences an officer reads, at their cells; hostile text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest

from expectations.reports.html import (
    COLUMNS_VI,
    Finding,
    IndexRow,
    Sender,
    SubmissionReport,
    render_index,
    render_sender_report,
    report_file_name,
    summarise,
    write_reports,
)

AS_OF = datetime(2026, 7, 5, 6, 30)
TOTAL = "Ô D8: tổng 1.275,1; các dòng cộng được 1.275,35 đến 1.275,45."
FALLING = "Ô E15: lũy kế tháng 6 thấp hơn tháng 5."
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """A page as a reader meets it: visible text, rows of cells, links, ids, tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._in_cell = self._in_style = False
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")
        self._in_style |= tag == "style"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False
        self._in_style &= tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            return
        self.words.append(data)
        if self._in_cell:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    def count(self, label: str) -> str:
        """The figure beside a label in the summary."""
        return next(row[1] for row in self.rows if row[0] == label and len(row) == 2)


def finding(
    severity: str = "error",
    cell_ref: str | None = "B59!D8",
    value: str | None = "1.275,1",
    message: str = TOTAL,
    cells: tuple[str, ...] = (),
    sheet: str | None = "B59",
) -> Finding:
    return Finding(
        rule="totals",
        severity=severity,
        sheet=sheet,
        cell_ref=cell_ref,
        cells=cells,
        value=value,
        expected="1.275,35 đến 1.275,45",
        message=message,
        fix="Đề nghị rà soát D8:D12.",
        first_seen=datetime(2026, 7, 2, 21, 0),
    )


def submission(
    *findings: Finding,
    status: str = "accepted",
    reason: str | None = None,
    file_path: str = "06040/bieu-59.xlsx",
    form_title: str | None = "Biểu số 59/CK-NSNN",
) -> SubmissionReport:
    return SubmissionReport(
        file_path, form_title, "b59", "Tháng 6 năm 2026", status, reason, findings
    )


def page_of(*submissions: SubmissionReport) -> Page:
    return Page(render_sender_report(Sender("06040", "Xã Chi Lăng"), submissions, AS_OF))


@pytest.fixture
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute(
        """
        create table submission (submission_id varchar, file_path varchar,
            reporter_unit_code varchar, form_code varchar, form_version integer,
            period_key varchar, status varchar, reason_vi varchar);
        create table dq_result (submission_id varchar, file varchar, rule varchar,
            severity varchar, sheet varchar, cell_ref varchar, cells varchar[], value varchar,
            expected varchar, message varchar, fix varchar, first_seen timestamp,
            closed timestamp, state varchar);
        create table dim_form (form_code varchar, form_version integer, title_vi varchar);
        create table dim_unit (unit_code varchar, name_vi varchar, valid_to date);
        create table dim_period (period_key varchar, label_vi varchar);
        insert into dim_form values
            ('b59', 1, 'Biểu số 59 (mẫu cũ)'), ('b59', 2, 'Biểu số 59/CK-NSNN');
        insert into dim_unit values
            ('06040', 'Xã Chi Lăng', null), ('06040', 'Thị trấn Đồng Mỏ', '2025-06-30'),
            ('05977', 'Phường Đông Kinh', null), ('05977', 'Phường Vĩnh Trại', '2025-06-30'),
            ('STC', 'Sở Tài chính', null);
        insert into dim_period values ('2026-06', 'Tháng 6 năm 2026');
        insert into submission values
            ('s1', '06040/bieu-59.xlsx', '06040', 'b59', 2, '2026-06', 'held',
             'Có 1 lỗi phải chỉnh sửa.'),
            ('s0', '06040/bieu-59-cu.xlsx', '06040', 'b59', 2, '2026-06', 'superseded', null),
            ('s2', '06040/khoa.xlsx', '06040', null, null, null, 'unreadable', 'Tệp có mật khẩu.'),
            ('s3', '05977/bieu-59.xlsx', '05977', 'b59', 2, '2026-06', 'accepted', null);
        """
    )
    rows = [
        ("s1", "error", "B59!D8", ["B59!D8", "B59!D9", "B59!D10"], "1.275,1", TOTAL, None),
        ("s1", "warning", "B59!E15", [], "12", FALLING, None),
        ("s1", "error", "B59!C10", [], "1.234", "Ô C10 đã sửa.", datetime(2026, 7, 4)),
        ("s0", "error", "B59!D8", [], "0", "Nội dung của bản đã thay.", None),
    ]
    rows = [(*row, None if row[-1] else "open") for row in rows]
    rows.append(("s1", "error", "B59!F7", [], "5", "Ô F7 đã giải trình.", None, "explained"))
    for submission_id, severity, cell_ref, cells, value, message, closed, state in rows:
        connection.execute(
            "insert into dq_result values (?, 'f', 'totals', ?, 'B59', ?, ?, ?, '≥ 0', ?, 'Đề nghị"
            " rà soát.', timestamp '2026-07-02 21:00:00', ?, ?)",
            [submission_id, severity, cell_ref, cells, value, message, closed, state],
        )
    yield connection
    connection.close()


# --- what an officer reads -------------------------------------------------------------------


def test_the_letter_names_itself_its_reader_and_its_time() -> None:
    page = page_of(submission())
    assert "Phiếu thông báo kết quả kiểm tra số liệu" in page.text
    assert "do hệ thống tự động lập, không thay thế văn bản hành chính" in page.text
    assert "Kính gửi: Xã Chi Lăng" in page.text
    assert "Mã đơn vị: 06040" in page.text
    assert "Số liệu tính đến: 06 giờ 30 phút, ngày 05 tháng 7 năm 2026" in page.text


def test_a_finding_stands_in_its_row_under_its_headings() -> None:
    page = page_of(submission(finding(cells=("B59!D8", "B59!D9", "B59!D10", "Phụ lục!A1"))))
    assert list(COLUMNS_VI) in page.rows
    row = page.rows[page.rows.index(list(COLUMNS_VI)) + 1]
    assert row[:4] == ["1", "B59", "D8", "1.275,1"]
    assert row[4] == (
        f"{TOTAL} Các ô đã đối chiếu: D9:D10, 'Phụ lục'!A1 Phát hiện lần đầu: 02/07/2026"
    )
    assert row[5:] == ["1.275,35 đến 1.275,45", "Đề nghị rà soát D8:D12."]


def test_severities_are_three_parts_in_order() -> None:
    page = page_of(
        submission(finding("info"), finding("warning"), finding("error"), finding("error"))
    )
    headings = re.findall(r"(I+\. [^(.]*?) \((\d+) nội dung\)", page.text)
    assert headings == [
        ("I. Phải chỉnh sửa", "2"),
        ("II. Đề nghị giải trình", "1"),
        ("III. Để biết", "1"),
    ]
    assert page.count("I. Phải chỉnh sửa") == "2"
    assert page.count("Cộng") == "4"
    assert "Đề nghị đơn vị chỉnh sửa 2 nội dung" in page.text


def test_an_empty_part_is_not_shown() -> None:
    page = page_of(submission(finding("warning")))
    assert "I. Phải chỉnh sửa (" not in page.text
    assert "Đề nghị đơn vị chỉnh sửa" not in page.text
    assert "Đề nghị đơn vị rà soát, giải trình hoặc chỉnh sửa 1 nội dung" in page.text


def test_no_finding_gets_a_courteous_answer() -> None:
    page = page_of(submission())
    assert "Không phát hiện sai sót trong các số liệu đã kiểm tra. Trân trọng cảm ơn" in page.text
    assert page.count("Đã tiếp nhận") == "1"


def test_only_information_asks_for_nothing() -> None:
    page = page_of(submission(finding("info")))
    assert "Không phát hiện sai sót phải chỉnh sửa hoặc cần giải trình." in page.text
    assert "Đề nghị đơn vị" not in page.text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("held", "Tạm giữ, chưa đưa vào kho"),
        ("unrecognised", "Chưa xác định được biểu mẫu"),
        ("unreadable", "Không đọc được tệp"),
    ],
)
def test_what_was_not_taken_in_is_never_called_faultless(status: str, words: str) -> None:
    page = page_of(submission(status=status, reason="Tệp có mật khẩu."), submission())
    assert f"Tình trạng: {words} Lý do: Tệp có mật khẩu." in page.text
    assert page.count(words) == "1"
    assert "Không phát hiện sai sót trong các số liệu đã kiểm tra" not in page.text


def test_a_sender_of_nothing_is_told_so() -> None:
    assert "hệ thống chưa nhận được tệp số liệu nào của đơn vị" in page_of().text


def test_findings_follow_the_sheet_not_the_alphabet() -> None:
    refs = ["B59!AA7", "B59!C10", "B59!D9", "B59!B9", None]
    page = page_of(submission(*(finding(cell_ref=ref) for ref in refs)))
    first = page.rows.index(list(COLUMNS_VI)) + 1
    assert [row[2] for row in page.rows[first:]] == ["–", "AA7", "B9", "D9", "C10"]


def test_a_blank_cell_and_a_whole_file_are_told_apart() -> None:
    page = page_of(
        submission(
            finding(cell_ref="B59!D20", value=None),
            finding("warning", cell_ref=None, sheet=None, value=None),
        )
    )
    assert ["1", "B59", "D20", "(để trống)"] in [row[:4] for row in page.rows]
    assert ["1", "Toàn tệp", "–", "–"] in [row[:4] for row in page.rows]


def test_a_quoted_sheet_name_is_not_repeated_at_the_cell() -> None:
    page = page_of(submission(finding(sheet="Biểu số 59", cell_ref="'Biểu số 59'!B12")))
    assert ["1", "Biểu số 59", "B12"] in [row[:3] for row in page.rows]


def test_submissions_are_gathered_by_file() -> None:
    page = page_of(
        submission(file_path="b.xlsx"),
        submission(file_path="a.xlsx"),
        submission(file_path="b.xlsx", form_title="Biểu số 60/CK-NSNN"),
    )
    assert page.count("Số tệp đã nhận") == "2"
    assert page.count("Số biểu số liệu trong các tệp") == "3"
    assert re.findall(r"Tệp (\d): ([ab]\.xlsx)", page.text) == [("1", "a.xlsx"), ("2", "b.xlsx")]


# --- hostile text ----------------------------------------------------------------------------


def test_a_script_comes_out_as_text_wherever_it_stands() -> None:
    bad = Finding(*("r", "error", SCRIPT, f"{SCRIPT}!B2", (f"{SCRIPT}!<b>",)), *[SCRIPT] * 4, None)
    report = SubmissionReport(f"x/{SCRIPT}.xlsx", SCRIPT, SCRIPT, SCRIPT, "held", SCRIPT, (bad,))
    html = render_sender_report(Sender("<i>", SCRIPT), [report], AS_OF)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert {tag for tag, _ in Page(html).tags} & {"script", "b", "i"} == set()
    index = render_index([IndexRow(Sender('"><script>', SCRIPT), summarise([report]))], AS_OF)
    assert "<script" not in index


def test_a_value_cannot_leave_its_attribute_or_run_jinja() -> None:
    html = render_sender_report(
        Sender("06040", '" onload="x'), [submission(finding(value="{{ 7*7 }}"))], AS_OF
    )
    assert not any(name.startswith("on") for _, attrs in Page(html).tags for name in attrs)
    assert "{{ 7*7 }}" in html


def test_control_characters_are_seen_and_a_long_value_is_cut_with_a_note() -> None:
    page = page_of(submission(finding(value="a\x00\x1bb"), finding("info", value="9" * 32_767)))
    assert "a␀␛b" in page.text
    assert "9… (lược bớt 32.367 ký tự)" in page.text
    assert "9" * 401 not in page.text


def test_many_cells_are_counted_not_poured_out() -> None:
    cells = tuple(f"B59!{column}{row}" for row in (1, 3) for column in "ABCDEFGHIJKLMNOP")
    assert "H3, và 8 vị trí khác" in page_of(submission(finding(cells=cells))).text


@pytest.mark.parametrize(
    ("unit_code", "name"),
    [
        ("06040", "06040.html"),
        ("STC_1-a", "STC_1-a.html"),
        ("../etc/passwd", "%2E%2E%2Fetc%2Fpasswd.html"),
        ("Sở", "S%E1%BB%9F.html"),
        ("a\x00b", "a%00b.html"),
        ("index", "%69ndex.html"),
        ("INDEX", "%49NDEX.html"),
        ("", "chua-xac-dinh-noi-gui.html"),
    ],
)
def test_file_names_are_safe(unit_code: str, name: str) -> None:
    assert report_file_name(unit_code) == name
    assert re.fullmatch(r"[A-Za-z0-9_%-]+\.html", name)


@pytest.mark.parametrize("field", ["severity", "status"])
def test_an_unknown_word_is_refused_rather_than_left_out(field: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        finding("fatal") if field == "severity" else submission(status="lost")


# --- the page as a page ----------------------------------------------------------------------


def test_the_page_stands_alone_and_can_be_walked_without_eyes_or_mouse() -> None:
    rows = [IndexRow(Sender("06040", "Xã Chi Lăng"), summarise([submission(finding())]))]
    for html in (
        render_sender_report(rows[0].sender, [submission(finding())], AS_OF),
        render_index(rows, AS_OF),
    ):
        page = Page(html)
        assert html.startswith("<!DOCTYPE html>")
        assert ("html", {"lang": "vi"}) in page.tags
        assert not re.search(r"https?:|//|url\(|@import|<link|<img|<iframe", html)
        assert ("a", {"class": "skip", "href": "#noi-dung"}) in page.tags
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)) and "noi-dung" in ids
        headers = [attrs for tag, attrs in page.tags if tag == "th"]
        assert headers and all(attrs.get("scope") in ("col", "row") for attrs in headers)


def test_the_colours_reach_wcag_aa() -> None:
    css = (Path(__file__).parents[2] / "expectations/reports/templates/style.css").read_text()

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    for name in ("ink", "soft", "error", "warning", "info", "good"):
        for ground in (named["head"], "#ffffff"):
            assert (light(ground) + 0.05) / (light(named[name]) + 0.05) >= 4.5, (name, ground)


# --- from the published file -----------------------------------------------------------------


def test_every_sender_gets_its_report_and_the_index_links_them(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    paths = write_reports(published, tmp_path / "reports", AS_OF)
    assert [path.name for path in paths] == ["05977.html", "06040.html", "index.html"]
    page = Page((tmp_path / "reports/06040.html").read_text(encoding="utf-8"))
    assert "Kính gửi: Xã Chi Lăng" in page.text
    assert "Biểu số 59/CK-NSNN" in page.text and "mẫu cũ" not in page.text
    assert "Kỳ báo cáo: Tháng 6 năm 2026" in page.text
    assert "Lý do: Có 1 lỗi phải chỉnh sửa." in page.text
    assert page.count("Tạm giữ, chưa đưa vào kho") == "1"
    assert page.count("Không đọc được tệp") == "1"
    assert "Lý do: Tệp có mật khẩu. Số liệu chưa được kiểm tra." in page.text
    row = next(row for row in page.rows if row[1:4] == ["B59", "D8", "1.275,1"])
    assert row[4].startswith(f"{TOTAL} Các ô đã đối chiếu: D9:D10")
    assert any(row[2] == "E15" and row[4].startswith(FALLING) for row in page.rows if len(row) > 4)

    clean = Page((tmp_path / "reports/05977.html").read_text(encoding="utf-8"))
    assert "Không phát hiện sai sót" in clean.text and "Phường Đông Kinh" in clean.text

    index = Page((tmp_path / "reports/index.html").read_text(encoding="utf-8"))
    assert "Đã xóa khỏi kho" in index.rows[0]
    links = [attrs["href"] for tag, attrs in index.tags if tag == "a"]
    assert links == ["#noi-dung", "05977.html", "06040.html"]
    assert ["06040", "Xã Chi Lăng", "2", "0", "1", "0", "1", "0", "1", "1", "0"] in index.rows
    assert ["", "Tổng số", "3", "1", "1", "0", "1", "0", "1", "1", "0"] in index.rows


def test_superseded_submissions_and_closed_findings_are_left_out(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_reports(published, tmp_path, AS_OF)
    for path in tmp_path.iterdir():
        text = Page(path.read_text(encoding="utf-8")).text
        assert "bieu-59-cu.xlsx" not in text
        assert "Nội dung của bản đã thay." not in text
        assert "Ô C10 đã sửa." not in text


def test_one_unit_alone_leaves_the_index_as_it_is(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert write_reports(published, tmp_path, AS_OF, "06040") == [tmp_path / "06040.html"]
    assert write_reports(published, tmp_path, AS_OF, "STC") == [tmp_path / "STC.html"]
    assert "chưa nhận được tệp số liệu nào" in (tmp_path / "STC.html").read_text(encoding="utf-8")
    with pytest.raises(LookupError, match="Không có đơn vị nào mang mã “99999”"):
        write_reports(published, tmp_path, AS_OF, "99999")


def test_what_belongs_to_no_sender_is_not_lost(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    published.execute(
        """
        insert into submission values
            ('s9', 'la.xlsx', null, null, null, null, 'unrecognised', 'Không có biểu nào phù hợp.'),
            ('s8', 'x.xlsx', '../x', 'b59', 2, '2026-06', 'accepted', null);
        insert into dq_result values (null, 'roi.xlsx', 'r', 'error', null, null, null, null, null,
            'Tệp ghi xã Bắc Sơn, nơi gửi là xã Chi Lăng.', null, null, null, 'open');
        """
    )
    names = {path.name for path in write_reports(published, tmp_path, AS_OF)}
    assert {"chua-xac-dinh-noi-gui.html", "%2E%2E%2Fx.html"} <= names
    page = Page((tmp_path / "chua-xac-dinh-noi-gui.html").read_text(encoding="utf-8"))
    assert "Nơi gửi: Chưa xác định được nơi gửi" in page.text and "Kính gửi" not in page.text
    assert "Lý do: Không có biểu nào phù hợp." in page.text
    assert any("Tệp ghi xã Bắc Sơn, nơi gửi là xã Chi Lăng." in row for row in page.rows)
    index = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    links = [str(attrs["href"]) for tag, attrs in index.tags if tag == "a"][1:]
    assert {unquote(link) for link in links} | {"index.html"} == names


def test_the_same_build_gives_the_same_bytes(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first = write_reports(published, tmp_path / "a", AS_OF)
    second = write_reports(published, tmp_path / "b", AS_OF)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_a_report_that_says_the_same_is_the_one_before_with_the_time_of_this_build(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_reports(published, tmp_path / "first", AS_OF)
    for name in ("05977", "06040"):  # to tell a page that is taken over from one that is made
        page = tmp_path / f"first/{name}.html"
        page.write_text(page.read_text(encoding="utf-8") + "<!-- first -->", encoding="utf-8")
    published.execute(
        "update dq_result set message = 'Sai <b>khác</b>.' where message = ?", [TOTAL]
    )
    later = AS_OF + timedelta(days=1, hours=2)
    write_reports(published, tmp_path / "second", later, before=tmp_path / "first")
    write_reports(published, tmp_path / "anew", later)
    same, other = (
        [(tmp_path / folder / name).read_text(encoding="utf-8") for folder in ("second", "anew")]
        for name in ("05977.html", "06040.html")
    )
    assert same[0] == same[1] + "<!-- first -->"
    assert other[0] == other[1] and "Sai &lt;b&gt;khác&lt;/b&gt;." in other[0]
    assert (tmp_path / "second/index.html").read_bytes() == (
        tmp_path / "anew/index.html"
    ).read_bytes()


def test_a_report_before_that_is_torn_or_gone_is_made_anew(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_reports(published, tmp_path / "first", AS_OF)
    (tmp_path / "first/05977.html").unlink()
    (tmp_path / "first/06040.html").write_bytes(b"<meta\xff")
    paths = write_reports(published, tmp_path / "second", AS_OF, before=tmp_path / "first")
    anew = write_reports(published, tmp_path / "anew", AS_OF)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in anew]
