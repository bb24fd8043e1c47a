"""Hostile files and dying workers cost that file only; each gets its reason and its sentence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from form_books import RECORD, Form, write_book
from hostile_files import REFUSED, far_cell, refuse_to_lift_limits, small_workbook, work

from expectations.findings import compose, sentences
from ingest import sandbox
from ingest.package import REASONS, Unreadable
from ingest.register import UNREADABLE, register
from ingest.sandbox import read_isolated
from ingest.workbook import read_workbook
from orchestration.check import check_files
from warehouse.ledger import Receipt

SENTENCES = {
    "empty_file": ("Tệp rỗng, không có nội dung.", "Đề nghị kiểm tra và gửi lại tệp có số liệu."),
    "not_a_workbook": (
        "Tệp không phải là bảng tính (nội dung không đúng với định dạng bảng tính).",
        "Đề nghị lưu lại bằng phần mềm bảng tính, rồi gửi lại.",
    ),
    "encrypted": ("Tệp có mật khẩu.", "Đề nghị bỏ mật khẩu, gửi lại."),
    "too_large": (
        "Tệp quá lớn để tiếp nhận.",
        "Đề nghị bỏ hình ảnh, trang tính không cần thiết, rồi gửi lại.",
    ),
    "bomb": (
        "Tệp khai báo dung lượng bất thường khi giải nén nên không được mở.",
        "Đề nghị tạo tệp mới từ biểu mẫu, nhập số liệu và gửi lại.",
    ),
    "entities": (
        "Tệp chứa khai báo thực thể XML, có thể gây hại nên không được mở.",
        "Đề nghị tạo tệp mới từ biểu mẫu, nhập số liệu và gửi lại.",
    ),
    "web_page": (
        "Tệp là trang web (HTML, XML) mang đuôi bảng tính.",
        "Đề nghị mở tệp bằng phần mềm bảng tính, lưu lại với định dạng .xlsx và gửi lại.",
    ),
    "plain_text": (
        "Tệp là văn bản (CSV), không phải bảng tính.",
        "Đề nghị mở tệp bằng phần mềm bảng tính, lưu lại với định dạng .xlsx và gửi lại.",
    ),
    "pdf_or_image": (
        "Tệp là bản quét hoặc tài liệu PDF, không đọc được số liệu.",
        "Đề nghị gửi bảng tính gốc, không gửi bản quét.",
    ),
    "damaged": (
        "Tệp bị hỏng, không mở được.",
        "Đề nghị mở tệp bằng phần mềm bảng tính, lưu lại và gửi lại.",
    ),
    "no_sheets": (
        "Tệp không có trang tính nào đọc được.",
        "Đề nghị kiểm tra và gửi lại tệp có số liệu.",
    ),
    "timeout": (
        "Tệp đọc quá thời gian cho phép.",
        "Đề nghị tạo tệp mới từ biểu mẫu, nhập số liệu và gửi lại.",
    ),
    "crashed": (
        "Tệp làm dừng chương trình đọc nên không tiếp nhận được.",
        "Đề nghị tạo tệp mới từ biểu mẫu, nhập số liệu và gửi lại.",
    ),
    "archive_names": (
        "Gói nén có tên tệp không hợp lệ (dẫn ra ngoài gói) nên không được mở.",
        "Đề nghị nén lại các bảng tính bằng phần mềm nén thông dụng, rồi gửi lại.",
    ),
    "archive_nested": (
        "Gói nén chứa gói nén khác bên trong nên không được mở.",
        "Đề nghị nén các bảng tính vào một gói duy nhất, không nén nhiều lớp, rồi gửi lại.",
    ),
}

Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What `kho check` says of every hostile file, with sound files between and after them."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = [make(folder / f"{name}.xlsx") for name, (make, _) in REFUSED.items()]
    paths.insert(4, write_book(folder / "sound_between.xlsx", [Form("LS-01")]))
    paths.append(far_cell(folder / "far_cell.xlsx"))
    paths.append(small_workbook(folder / "no_form.xlsx"))
    paths.append(write_book(folder / "sound_after.xlsx", [Form("LS-01")]))
    found = check_files(paths)
    # a zip that is no workbook is an archive, whatever its name: what is in it is answered for
    said = [f"{path}/readme.txt" if path.stem == "zip_of_text" else str(path) for path in paths]
    assert [answer["file"] for answer in found] == said
    return {path.stem: answer for path, answer in zip(paths, found, strict=True)}


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_file_is_unreadable_with_its_sentence(answers: Answers, name: str) -> None:
    answer, reason = answers[name], REFUSED[name][1]
    assert answer["status"] == "unreadable"
    [finding] = answer["findings"]
    assert (finding["rule"], finding["severity"]) == (reason, "error")
    assert (finding["message"], finding["fix"]) == SENTENCES[reason]
    assert (finding["cell"], finding["cells"], finding["sheet"]) == (None, [], None)
    assert (answer["form"], answer["period"]) == (None, None)


def test_cell_at_the_far_corner_does_not_end_the_reading(answers: Answers) -> None:
    assert answers["far_cell"]["status"] == "unreadable"
    assert answers["far_cell"]["findings"][0]["rule"] in ("bomb", "crashed")


@pytest.mark.parametrize("name", ["sound_between", "sound_after"])
def test_sound_file_among_hostile_ones_is_read(answers: Answers, name: str) -> None:
    answer = answers[name]
    assert answer["status"] == "ok"
    assert (answer["form"], answer["unit"], answer["period"]) == (
        "ls01_chi_tieu_kinh_te_xa_hoi",
        "TKT",
        "2021..2025",
    )
    assert answer["findings"] == []
    assert answer["not_checked"] == (
        "Chưa đối chiếu với các kỳ trước và với số liệu của đơn vị khác."
        " Chưa đối chiếu với các mốc hạn, vì không rõ thời điểm kiểm tra."
    )


def test_workbook_without_a_form_is_unrecognised(answers: Answers) -> None:
    answer = answers["no_form"]
    assert answer["status"] == "unrecognised"
    [finding] = answer["findings"]
    assert finding["rule"] == "form_unrecognised"
    assert finding["expected"].startswith("Một trong các biểu: ")
    assert "LS-01, " in finding["expected"]


def test_every_reason_has_its_sentence_here() -> None:
    assert set(SENTENCES) == set(REASONS)
    for reason, (message, fix) in SENTENCES.items():
        assert (sentences()[reason].message, sentences()[reason].fix) == (message, fix)
        assert sentences()[reason].severity == "error"
    made = {reason for _, reason in REFUSED.values()}
    assert set(REASONS) - made == {"timeout", "crashed"}  # made below, by the work itself


@pytest.mark.parametrize("reason", REASONS)
def test_unreadable_file_is_registered_with_its_reason(reason: str) -> None:
    receipt = Receipt(1, "STC/a.xlsx", "sha", 0, "STC", "2026-01-01 00:00:00")
    [submission] = register([receipt], {"sha": Unreadable(reason)}, [])
    assert (submission.status, submission.rule, submission.read) == (UNREADABLE, reason, None)
    assert compose(reason, 1).message == SENTENCES[reason][0]


IN_PROCESS = [n for n in REFUSED if n != "broken_entry"]


@pytest.mark.parametrize("name", IN_PROCESS)
def test_reader_refuses_before_it_reads(tmp_path: Path, name: str) -> None:
    make, reason = REFUSED[name]
    with pytest.raises(Unreadable) as refused:
        read_workbook(make(tmp_path / "f.xlsx"))
    assert refused.value.reason == reason


def test_sound_workbook_is_read_with_true_addresses(tmp_path: Path) -> None:
    form = Form("LS-01", rows=[RECORD | {"value": 12.5}])
    [sheet] = read_workbook(write_book(tmp_path / "f.xlsx", [form]))
    assert sheet.name == "LS-01"
    cell = sheet.cells[11, 10]
    assert (cell.kind, cell.text, cell.number) == ("number", "12.5", 12.5)
    assert sheet.text(9, 10) == "Giá trị"
    assert (1, 1) not in sheet.cells


# --- workers that die ---------------------------------------------------------------------------

DEADLY = {
    "exit": "crashed",
    "memory": "bomb",
    "hungry": "bomb",
    "panic": "damaged",
    "busy": "timeout",
}


def test_dying_worker_costs_its_own_file_only(tmp_path: Path) -> None:
    names: list[str] = []
    for number, name in enumerate(DEADLY):
        names += [f"{name}{number}", f"sound{number}"]
    paths = [tmp_path / f"{name}.txt" for name in names]
    for path in paths:
        path.write_text(path.stem, encoding="utf-8")
    found = list(read_isolated(work, paths))
    assert [path for path, _ in found] == paths
    outcomes = {
        path.stem: answer.reason if isinstance(answer, Unreadable) else answer
        for path, answer in found
    }
    expected = {name: name for name in names if name.startswith("sound")} | {
        f"{name}{number}": reason for number, (name, reason) in enumerate(DEADLY.items())
    }
    assert outcomes == expected


def test_worker_that_exits_costs_its_own_file_only(tmp_path: Path) -> None:
    path = tmp_path / "sys_exit.txt"
    path.write_text("", encoding="utf-8")
    [(_, answer)] = read_isolated(work, [path])
    assert isinstance(answer, Unreadable) and answer.reason == "crashed"


def test_file_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "CPU_SECONDS", 0.5)  # the wall clock allows three times as long
    paths = [tmp_path / "sleepy.txt", tmp_path / "sound.txt"]
    for path in paths:
        path.write_text(path.stem, encoding="utf-8")
    started = time.monotonic()
    found = list(read_isolated(work, paths, workers=1))
    assert isinstance(found[0][1], Unreadable) and found[0][1].reason == "timeout"
    assert found[1][1] == "sound"
    assert time.monotonic() - started < 30


def test_worker_cannot_lift_its_limits(tmp_path: Path) -> None:
    [(_, answer)] = read_isolated(refuse_to_lift_limits, [small_workbook(tmp_path / "f.xlsx")])
    assert answer == "refused"


def test_no_files_need_no_worker() -> None:
    assert list(read_isolated(work, [])) == []
