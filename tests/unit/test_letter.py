"""The PDF letter: what an officer reads in it, how long it is, and that hostile text is inert."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest

from expectations.reports.letter import due_date, letter_data, letter_pdf, on_paper
from expectations.reports.letter_files import letter_path, stem, write_letters
from expectations.reports.reminder import MissingReport, Reminder, reminder_pdf
from expectations.reports.shown import shown_text
from tests.unit.letters import AS_OF, HOSTILE, finding, letter, submission

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="pdftotext reads the letters"
)


def words_of(pdf: bytes, tmp_path: Path, order: str = "-layout") -> str:
    """The text of a PDF on one line, blanks of no width taken out."""
    path = tmp_path / "letter.pdf"
    path.write_bytes(pdf)
    run = subprocess.run(
        ["pdftotext", order, str(path), "-"], capture_output=True, text=True, check=True
    )
    return " ".join(run.stdout.replace("\u200b", "").split())


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@needs_poppler
def test_differences_within_rounding_are_counted_in_one_line(tmp_path: Path) -> None:
    line = "Ngoài ra có 3 chỗ số liệu chênh lệch trong phạm vi làm tròn, không phải chỉnh sửa."
    assert line in words_of(letter_pdf(letter(n_counted_only=3), AS_OF, 5, ""), tmp_path)
    assert "làm tròn" not in words_of(letter_pdf(letter(), AS_OF, 5, ""), tmp_path)


@needs_poppler
def test_the_letter_says_who_what_where_how_and_by_when(tmp_path: Path) -> None:
    text = words_of(letter_pdf(letter(finding()), AS_OF, 5, "kho@stc.example"), tmp_path)
    for words in (
        "UBND TỈNH LẠNG SƠN",
        "SỞ TÀI CHÍNH",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Lạng Sơn, ngày 05 tháng 7 năm 2026",
        "PHIẾU THÔNG BÁO",
        "Kết quả kiểm tra số liệu tháng 6/2026",
        "(do hệ thống tự động lập, không thay thế văn bản hành chính)",
        "Kính gửi: Ủy ban nhân dân xã Chi Lăng",
        "XA-THU_2026-06.xlsx",
        "16:05 03/07/2026",
        "phải chỉnh sửa: 1; đề nghị giải trình: 0; để biết: 0",
        "I. Phải chỉnh sửa (1)",
        "07/07/2026",
        "1.275,1",
        "kho@stc.example",
    ):
        assert words in text
    assert "D8" in text and "Đề nghị rà soát" in text


@needs_poppler
def test_a_letter_without_findings_asks_for_nothing(tmp_path: Path) -> None:
    text = words_of(letter_pdf(letter(), AS_OF, 5), tmp_path)
    assert "không có nội dung phải chỉnh sửa, giải trình" in text
    assert "Đơn vị không phải gửi lại." in text
    assert "Cách xử lý" not in text


@needs_poppler
def test_what_was_mended_since_the_last_letter_is_named(tmp_path: Path) -> None:
    closed = finding(3, closed=datetime(2026, 7, 4))
    said = letter(finding(), mended=(closed,), since=datetime(2026, 7, 1))
    text = words_of(letter_pdf(said, AS_OF, 5), tmp_path)
    assert "3. Nội dung đã khắc phục kể từ phiếu ngày 01 tháng 7 năm 2026 (1)" in text
    assert "Ô D3: tổng 1.275,1" in text


@needs_poppler
def test_a_simulated_letter_says_so(tmp_path: Path) -> None:
    text = words_of(letter_pdf(letter(is_simulated=True), AS_OF, 5), tmp_path)
    assert "SỐ LIỆU MÔ PHỎNG, không phải số liệu của tỉnh" in text


@pytest.mark.parametrize(("findings", "pages"), [(0, 1), (1, 1), (8, 1), (40, 4), (400, 40)])
def test_the_letter_is_as_short_as_its_findings_allow(findings: int, pages: int) -> None:
    said = letter(*(finding(row + 8) for row in range(findings)))
    assert 1 <= pages_of(letter_pdf(said, AS_OF, 5)) <= pages


@needs_poppler
def test_every_one_of_400_findings_is_on_the_paper(tmp_path: Path) -> None:
    said = letter(*(finding(row, value=f"{row}.000") for row in range(100, 500)))
    text = words_of(letter_pdf(said, AS_OF, 5), tmp_path)
    assert all(f" {row}.000 " in text for row in range(100, 500))


def test_findings_beyond_a_thousand_are_counted() -> None:
    said = letter(*(finding(row) for row in range(1, 1_204)))
    (section,) = letter_data(said, AS_OF, 5)["sections"]
    assert (section["count"], section["more"]) == ("1.203", "203")
    assert sum(len(group["rows"]) for group in section["groups"]) == 1_000


@needs_poppler
def test_hostile_text_is_shown_as_it_stands_and_does_nothing(tmp_path: Path) -> None:
    said = letter(
        finding(value=HOSTILE, message=HOSTILE, sheet=HOSTILE, fix=HOSTILE),
        unit_name=HOSTILE,
        period_label=HOSTILE,
        submissions=(submission(file_path=HOSTILE, form_label=HOSTILE, reason=HOSTILE),),
    )
    pdf = letter_pdf(said, AS_OF, 5, HOSTILE)
    text = words_of(pdf, tmp_path).replace(" ", "")
    for words in ("=HYPERLINK(", "<script>", "#strong[đậm]", "[U+202E]đảo[U+200B][U+0007]"):
        assert words in text
    assert "{{7*7}}" in text
    assert not re.search(rb"/(URI|JavaScript|JS|Launch|OpenAction)\b", pdf)


@needs_poppler
def test_32_000_characters_are_cut_with_a_note(tmp_path: Path) -> None:
    said = letter(finding(value="9" * 32_000, message="Ô D8 ghi “" + "chữ " * 8_000 + "”."))
    pdf = letter_pdf(said, AS_OF, 5)
    text = words_of(pdf, tmp_path, "-raw")
    assert "(lược bớt 31.600 ký tự)".replace(" ", "") in text.replace(" ", "")
    assert pages_of(pdf) <= 2


@needs_poppler
def test_a_finding_that_the_unit_has_explained_says_so_until_somebody_decides(
    tmp_path: Path,
) -> None:
    said = letter(finding(8, "warning", is_explained=True), finding(9, "warning"))
    text = words_of(letter_pdf(said, AS_OF, 5), tmp_path, "-raw")
    assert text.count("Đơn vị đã giải trình, đang chờ xem xét.") == 1


def test_a_long_number_breaks_between_its_thousands_only() -> None:
    assert on_paper("68.848.900.000.000") == "68.\u200b848.\u200b900.\u200b000.\u200b000"
    assert on_paper("1.275,1") == "1.275,1"
    assert on_paper("1.2345.67890123") == "\u200b".join("1.2345.67890123")


@needs_poppler
def test_an_empty_cell_is_called_empty(tmp_path: Path) -> None:
    text = words_of(letter_pdf(letter(finding(value=None)), AS_OF, 5), tmp_path)
    assert "(để trống)" in text


def test_the_same_letter_has_the_same_bytes() -> None:
    assert letter_pdf(letter(finding()), AS_OF, 5) == letter_pdf(letter(finding()), AS_OF, 5)


def test_marks_that_turn_the_writing_are_made_visible() -> None:
    assert shown_text("a\u202eb\ufeffc\u2066") == "a[U+202E]b[U+FEFF]c[U+2066]"


@pytest.mark.parametrize(
    ("first_seen", "due"),
    [
        (datetime(2026, 7, 2), date(2026, 7, 7)),
        (datetime(2026, 7, 6), date(2026, 7, 13)),  # the 11th is a Saturday
        (datetime(2026, 7, 7), date(2026, 7, 13)),  # the 12th is a Sunday
    ],
)
def test_a_day_to_mend_by_is_a_working_day(first_seen: datetime, due: date) -> None:
    assert due_date(first_seen, 5) == due


def test_words_and_days_do_not_make_another_content() -> None:
    content = letter(finding()).content
    assert content == letter(finding(message="Khác.", first_seen=AS_OF)).content
    assert content != letter(finding(9)).content
    assert content != letter(finding(severity="warning")).content


def test_a_letter_that_says_the_same_keeps_its_file_and_its_date(tmp_path: Path) -> None:
    said = [letter(finding())]
    old, new, newest = (tmp_path / name for name in ("old", "new", "newest"))
    write_letters(said, old, AS_OF, 5)
    write_letters(said, new, datetime(2026, 7, 6), 5, before=old)
    assert letter_path(new, said[0].key).samefile(letter_path(old, said[0].key))
    write_letters([letter(finding(9))], newest, datetime(2026, 7, 7), 5, before=new)
    assert not letter_path(newest, said[0].key).samefile(letter_path(old, said[0].key))


@pytest.mark.parametrize("code", ["../../etc/passwd", "a/b", "..", "a\x00b", "index"])
def test_the_name_of_a_letter_stays_in_its_folder(code: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_%-]+", stem((code, "2021..2025")))


@needs_poppler
def test_a_reminder_is_a_draft_with_every_late_report(tmp_path: Path) -> None:
    late = MissingReport("XA-THU", "Thu ngân sách", "tháng 5/2026", date(2026, 6, 5), 30)
    reminder = Reminder("06463", "Ủy ban nhân dân xã Chi Lăng", (late,))
    text = words_of(reminder_pdf(reminder, AS_OF, 5), tmp_path)
    for words in (
        "DỰ THẢO",
        "V/v đôn đốc gửi báo cáo số liệu",
        "Kính gửi: Ủy ban nhân dân xã Chi Lăng",
        "đến hết ngày 05 tháng 7 năm 2026, Sở Tài chính chưa nhận được 1 báo cáo",
        "tháng 5/2026 05/06/2026 30",
        "trước ngày 10 tháng 7 năm 2026",
        "GIÁM ĐỐC",
    ):
        assert words in text
