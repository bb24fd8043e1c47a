"""Pages after real nights of which little or nothing came: they say so, and mislead nobody."""

from __future__ import annotations

import shutil

import pytest

from tests.integration.conftest import CLEAN_NIGHT, Built, build_once
from tests.shared import run_kho
from tests.site_pages import pages_of, read_page

pytestmark = pytest.mark.slow

# what is known of a province of which nothing came: its communes, its forms
_KNOWN_BEFORE = {"communes", "commune_yearly", "consistency_counts", "forms_without_report"}


def _text(built: Built, page: str) -> str:
    return read_page(built.home / "current" / "site" / f"{page}.html").text


@pytest.fixture(scope="module")
def nothing_came(tmp_path_factory: pytest.TempPathFactory) -> Built:
    inbox = tmp_path_factory.mktemp("empty_inbox")
    return build_once(tmp_path_factory, "empty_home", inbox, CLEAN_NIGHT)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Three communes and the agencies sent for January; then nobody sent anything, and the treasury
    nothing at all."""
    inbox = tmp_path_factory.mktemp("stopped_inbox")
    run = run_kho("simulate", "--out", inbox, "--communes", "3", "--months", "1")
    assert run.returncode == 0, run.stdout + run.stderr
    shutil.rmtree(inbox / "KBNN")
    return build_once(tmp_path_factory, "stopped_home", inbox, CLEAN_NIGHT)


def test_after_a_night_of_which_nothing_came_the_pages_say_so_and_show_no_figure(
    nothing_came: Built,
) -> None:
    index = _text(nothing_came, "index")
    assert "Số liệu đến 02:00 ngày 20/05/2026" in index
    assert "Chưa có số của: ngân sách (15 biểu chưa đơn vị nào gửi)" in index
    assert "0 trên 65 Xã, phường đã có báo cáo" in index
    assert "Chưa có văn bản giao chỉ tiêu nào được chấp nhận." in index
    # nothing is praised of which nothing is known
    assert "Chưa ghi nhận chỉ tiêu nào chậm hoặc chưa đạt; chỉ tiêu chưa có số thực hiện" in index
    assert "biểu chưa đơn vị nào gửi thì chưa tính là phải gửi" in index
    assert "Chưa có báo cáo giải ngân nào được chấp nhận." in _text(nothing_came, "dau-tu-cong")
    assert "Chưa có kỳ báo cáo nào phải gửi." in _text(nothing_came, "bao-cao")
    assert _text(nothing_came, "xa-phuong").count("Chưa gửi báo cáo nào") == 65
    assert "Chưa có số liệu nào được hiện" in _text(nothing_came, "nguon/index")
    for path in pages_of(nothing_came.home / "current" / "site"):
        queries = {figure.query for figure in read_page(path).figures} - {"overview_counts"}
        assert queries <= _KNOWN_BEFORE, path.name


def test_a_form_that_nobody_sent_is_named_and_its_places_are_empty(stopped: Built) -> None:
    text = _text(stopped, "ngan-sach")
    [said] = [s for s in text.split(". ") if s.startswith("Biểu về ngân sách chưa đơn vị nào gửi:")]
    assert "THU-KBNN" in said
    assert "Chưa có báo cáo thu hằng tháng của Kho bạc Nhà nước." in text
    assert "Chưa có báo cáo thu chi tiết của Kho bạc Nhà nước." in text
    figures = read_page(stopped.home / "current/site/ngan-sach.html").figures
    assert {figure.query for figure in figures} == set()


def test_old_figures_say_of_when_they_are_and_who_stopped_sending(stopped: Built) -> None:
    index = _text(stopped, "index")
    assert "3 trên 65 Xã, phường đã có báo cáo" in index
    assert "đầu tư công (70 đơn vị chưa gửi đủ" in index
    # as of May the newest report is that of January: each figure says so
    figures = read_page(stopped.home / "current/site/index.html").figures
    periods = {f.text for f in figures if f.column in ("report_vi", "period_vi")}
    assert periods == {"tháng 1/2026", "lũy kế đến tháng 1/2026"}
    reports = read_page(stopped.home / "current/site/bao-cao.html").figures
    months = [f.text for f in reports if f.query == "reporting_periods" and f.column == "period_vi"]
    assert months == [f"tháng {month}/2026" for month in (1, 2, 3, 4)]
    sent = [f.text for f in reports if f.query == "reporting_periods" and f.column == "n_on_time"]
    assert sent[1:] == ["0", "0", "0"]
    communes = read_page(stopped.home / "current/site/xa-phuong.html").figures
    known = [f.text for f in communes if f.query == "communes" and f.column == "period_vi"]
    assert (known.count("tháng 1/2026"), known.count("chưa có")) == (3, 62)
