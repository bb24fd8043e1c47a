"""Workbooks that are nobody's form are not called one, whatever words they share with ours."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from form_books import Form, write_book
from unrelated_books import KINDS, unrelated_book

from orchestration.check import check_files
from tests.mangler.convert import convert_into


def assert_none_is_a_form(folder: Path, numbers: range) -> None:
    paths = [unrelated_book(folder, number) for number in numbers]
    # a sound form at the end: the check below can tell one when it sees one
    paths.append(write_book(folder / "form.xlsx", [Form("LS-01")]))
    found = check_files(paths)
    assert {element["file"] for element in found} == set(map(str, paths))
    known = {e["file"]: e for e in found if e["form"] is not None}
    taken = {Path(name).name: (e["form"], e["status"]) for name, e in known.items()}
    assert taken == {"form.xlsx": ("ls01_chi_tieu_kinh_te_xa_hoi", "ok")}
    for element in found[:-1]:
        assert element["status"] in ("unrecognised", "unreadable"), element
        finding = element["findings"][0]
        assert finding["message"] and finding["fix"]
        if element["status"] == "unrecognised":
            assert finding["rule"] == "form_unrecognised"
            assert finding["message"].startswith("Chưa xác định được biểu mẫu")
    statuses = Counter(element["status"] for element in found[:-1])
    assert statuses["unreadable"] == 0, "these are sound workbooks"


def test_unrelated_books_of_every_kind_are_no_form(tmp_path: Path) -> None:
    assert_none_is_a_form(tmp_path, range(len(KINDS)))


@pytest.mark.slow
def test_500_unrelated_books_are_no_form(tmp_path: Path) -> None:
    assert_none_is_a_form(tmp_path, range(500))


def test_books_are_of_many_kinds_and_formats(tmp_path: Path) -> None:
    names = [unrelated_book(tmp_path, number).name for number in range(120)]
    assert {Path(name).stem[4:] for name in names} == {kind.__name__ for kind in KINDS}
    assert {Path(name).suffix for name in names} == {".xlsx", ".ods", ".xls", ".xlsb"}
    again = tmp_path / "again"
    again.mkdir()
    assert [unrelated_book(again, number).name for number in range(120)] == names


@pytest.mark.slow
@pytest.mark.libreoffice
def test_unrelated_books_saved_by_libreoffice_are_no_form(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    made = [unrelated_book(tmp_path / "made", number) for number in range(48)]
    books = [path for path in made if path.suffix == ".xlsx"]
    saved = [
        path for suffix in ("ods", "xls") for path in convert_into(tmp_path / suffix, books, suffix)
    ]
    assert all(path.exists() for path in saved)
    answers = check_files(saved)
    assert json.dumps([a["file"] for a in answers if a["form"] is not None]) == "[]"
    assert {answer["status"] for answer in answers} == {"unrecognised"}
