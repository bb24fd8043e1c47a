"""Which files are answered with a marked workbook, where it goes, and `kho check --marked`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from form_books import Form, write_book
from marked_books import FALLING, TOTAL, answers, officers_book, opened

from expectations.reports.marked_files import read_marked, write_marked
from expectations.reports.styles_xml import COLOURS
from orchestration.cli import main

AS_OF = datetime(2026, 7, 5, 2, 0)


@pytest.fixture
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two units; of the first three files (one with only what is to be known) and an old one."""
    connection = duckdb.connect()
    connection.execute(
        """
        create table submission (submission_id varchar, file_path varchar, file_sha256 varchar,
            reporter_unit_code varchar, status varchar,
            received_at timestamp default '2026-07-04');
        create table dq_result (finding_key varchar, place_key varchar, submission_id varchar,
            severity varchar, sheet varchar, cell_ref varchar, value varchar, message varchar,
            fix varchar, closed timestamp, state varchar, rule varchar);
        create table dim_unit (unit_code varchar, name_vi varchar, valid_to date);
        insert into dim_unit values ('05977', 'Xã Hữu Lũng', null), ('STC', 'Sở Tài chính', null);
        insert into submission
            (submission_id, file_path, file_sha256, reporter_unit_code, status) values
            ('a', '05977/thang 6.xlsx', 'one', '05977', 'held'),
            ('b', '05977/lan 2/thang 6.xlsx', 'one', '05977', 'accepted'),
            ('c', '05977/ghi chu.xlsx', 'one', '05977', 'accepted'),
            ('d', '05977/cu.xlsx', 'one', '05977', 'superseded'),
            ('e', E'STC/..\\\\a:b\u202e\n.xlsx', 'gone', 'STC', 'unreadable');
        """
    )
    rows = [
        ("1", "k1", "a", "error", "Biểu 1", "Biểu 1!D8", "1.275,1", TOTAL, "Đề nghị sửa.", None),
        ("2", "k2", "a", "info", "Biểu 1", "Biểu 1!D9", "1", FALLING, None, None),
        ("3", "k3", "a", "error", "Biểu 1", "Biểu 1!D10", "1", "Đã khắc phục.", "", AS_OF),
        ("4", "k4", "b", "warning", "Biểu 1", "Biểu 1!D9", "1", FALLING, "Đề nghị xem.", None),
        ("5", "k5", "c", "info", "Biểu 1", "Biểu 1!D9", "1", FALLING, "", None),
        ("6", "k6", "d", "error", "Biểu 1", "Biểu 1!D9", "1", FALLING, "", None),
        ("7", "k7", "e", "error", None, None, None, "Tệp bị hỏng, không mở được.", "", None),
    ]
    connection.executemany(
        f"insert into dq_result values ({', '.join('?' * 10)}, 'open', 'totals')", rows
    )
    connection.execute(
        """
        insert into dq_result values ('8', 'k8', 'a', 'warning', 'Biểu 1', 'Biểu 1!D11', '1',
            'Đã giải trình.', '', null, 'explained', 'jump')
        """
    )
    yield connection
    connection.close()


def test_files_with_something_to_do_are_answered_in_their_senders_folder(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    officers_book(tmp_path / "one")
    made = write_marked(published, lambda sha: tmp_path / sha, tmp_path / "out", AS_OF, workers=1)
    assert [(file.unit_code, str(file.path.relative_to(tmp_path / "out"))) for file in made] == [
        ("05977", "05977/thang 6.xlsx"),
        ("05977", "05977/thang 6 (2).xlsx"),
        ("STC", "STC/a_b__.xlsx"),
    ]
    by_name = {file.path.name: file.path.read_bytes() for file in made}
    second = by_name["thang 6 (2).xlsx"]
    assert opened(second)["Biểu 1"]["D8"].fill.fgColor.rgb == COLOURS["error"]
    texts = [cell for row in answers(second) for cell in row]
    assert TOTAL in texts and FALLING in texts
    assert "Đã khắc phục." not in texts
    assert texts[7] == "Đơn vị: Xã Hữu Lũng"
    assert "Kết quả kiểm tra đến 02 giờ 00 phút, ngày 05/7/2026." in " ".join(texts)
    assert "không mở được tệp" in made[-1].not_kept[0]
    # the same finding in the other file stands under II, and only there
    first = [row for row in answers(by_name["thang 6.xlsx"]) if row[4] == FALLING]
    assert [row[2] for row in first] == ["D9"]


def test_of_files_under_one_path_the_newest_comes_first(
    published: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A form of the earlier one is still in force, and asked about."""
    officers_book(tmp_path / "one")
    officers_book(tmp_path / "a newer one")
    published.execute(
        """
        insert into submission values ('z', '05977/thang 6.xlsx', 'a newer one', '05977',
            'accepted', '2026-07-05');
        insert into dq_result values ('9', 'k9', 'z', 'warning', 'Biểu 1', 'Biểu 1!D12', '1',
            'Của tệp mới.', '', null, 'open', 'jump');
        """
    )
    out = tmp_path / "out"
    write_marked(published, lambda sha: tmp_path / sha, out, AS_OF, "05977", workers=1)
    newest, earlier = read_marked(out)["05977", "05977/thang 6.xlsx"]
    assert "Của tệp mới." in [cell for row in answers(newest.read_bytes()) for cell in row]
    assert TOTAL in [cell for row in answers(earlier.read_bytes()) for cell in row]


def test_one_unit_alone(published: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = write_marked(published, lambda sha: tmp_path / sha, tmp_path, AS_OF, "STC", workers=1)
    assert [file.unit_code for file in made] == ["STC"]


def test_check_writes_the_workbook_back_marked(tmp_path: Path) -> None:
    path = tmp_path / "TKT" / "a.xlsx"
    path.parent.mkdir()
    write_book(path, [Form("LS-01", cells={"H11": "khoảng 50"})])
    out = tmp_path / "da danh dau.xlsx"
    result = CliRunner().invoke(main, ["check", str(path), "--marked", str(out)])
    assert f"Tệp đã đánh dấu: {out}" in result.output
    rows = [row for row in answers(out.read_bytes()) if row[2]]
    assert rows
    assert any("Thống kê tỉnh Lạng Sơn" in row[0] for row in answers(out.read_bytes()))


def test_check_marks_one_file_at_a_time(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_book(tmp_path / name, [Form("LS-01")])
    result = CliRunner().invoke(main, ["check", str(tmp_path), "--marked", str(tmp_path / "c")])
    assert result.exit_code == 2
    assert "Chỉ đánh dấu được từng tệp một" in result.output
