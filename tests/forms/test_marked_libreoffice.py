"""A marked workbook in the hands of an officer with LibreOffice: opened, explained, saved, sent."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from marked_books import HEADING, answers, explained, mark, officers_book, opened, values
from template_books import filled, written

from expectations.reports.answer_sheet import Mark
from expectations.reports.explanations import read_explanations
from expectations.reports.marked import DATA_SHEET, marked_workbook
from expectations.reports.styles_xml import COLOURS
from expectations.validate import validate_submissions
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.identity import read_identities
from ingest.reading import ReadFile
from ingest.template import sheet_name
from ingest.workbook import read_workbook

pytestmark = pytest.mark.libreoffice
TITLE = "Nội dung cần chỉnh sửa"
EXPLAINED = "Do điều chỉnh kế hoạch vốn theo Nghị quyết của Hội đồng nhân dân."
CONTRACT = next(c for c in all_contracts() if c.form == "b60_thu_nsnn")


def convert(folder: Path, target: str, paths: list[Path]) -> None:
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--convert-to", target, "--outdir", str(folder / target), *map(str, paths),
        ],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip


def messages(reading: ReadFile) -> list[str]:
    contracts = {contract.id: contract for contract in all_contracts()}
    read = list(enumerate(reading.submissions, start=1))
    return [f.message for v in validate_submissions(contracts, read) for f in v.findings]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked workbooks, explained by the officer and saved by LibreOffice, in `xlsx` and `ods`."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "marked").mkdir()
    book = officers_book(folder / "a.xlsx")
    marks = [
        mark("D8"),
        mark("F2", "warning", key="officer-book-key"),
        mark("B17", "warning", key="other-book-key00"),
        mark("D3"),
    ]
    content = marked_workbook(book, marks, HEADING).content
    explanation = {"officer-book-key": EXPLAINED}
    (folder / "marked" / "a.xlsx").write_bytes(explained(content, explanation))
    path, addresses = written(folder / "b.xlsx", filled(CONTRACT))
    some = [
        Mark(f"template{n:08d}", ("error", "warning")[n % 2], sheet_name(CONTRACT),
             f"{sheet_name(CONTRACT)}!{address}", "10", f"Ô {address} chưa đúng.", "Đề nghị sửa.")
        for n, address in enumerate(list(addresses.values())[:12])
    ]  # fmt: skip
    content = marked_workbook(path.read_bytes(), some, HEADING).content
    (folder / "marked" / "b.xlsx").write_bytes(explained(content, {"template00000001": EXPLAINED}))
    paths = [folder / "marked" / "a.xlsx", folder / "marked" / "b.xlsx"]
    convert(folder, "xlsx", paths)
    convert(folder, "ods", paths)
    return folder


def test_values_are_those_of_the_original(saved: Path) -> None:
    original = values((saved / "a.xlsx").read_bytes())
    assert values((saved / "xlsx" / "a.xlsx").read_bytes()) == original


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_explanations_come_back(saved: Path, kind: str) -> None:
    [found] = read_explanations(saved / kind / f"a.{kind}")
    assert (found.place_key, found.text) == ("officer-book-key", EXPLAINED)


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_returned_template_reads_with_no_new_finding(saved: Path, kind: str) -> None:
    before, after = (read_submissions(p) for p in (saved / "b.xlsx", saved / kind / f"b.{kind}"))
    assert messages(after) == messages(before)
    assert after.unread_sheets == ()
    assert [s.remarks for s in after.submissions] == [s.remarks for s in before.submissions]
    assert [s.count for s in after.submissions] == [s.count for s in before.submissions]
    assert [e.place_key for e in after.explanations] == ["template00000001"]
    identities = read_identities(read_workbook(saved / kind / f"b.{kind}"))
    assert set(identities) == {sheet_name(CONTRACT)}


def test_marks_are_taken_off_a_file_that_libreoffice_saved(saved: Path) -> None:
    content = (saved / "xlsx" / "a.xlsx").read_bytes()
    again = marked_workbook(content, [mark("D9")], HEADING).content
    sheet, was = opened(again)["Biểu 1"], opened((saved / "a.xlsx").read_bytes())["Biểu 1"]
    assert opened(again).sheetnames == [TITLE, "Biểu 1", "Ngân sách 'xã' 2026", DATA_SHEET]
    assert sheet["D8"].fill.patternType is None
    for cell in ("F2", "A16"):
        assert sheet[cell].fill.fgColor.rgb == was[cell].fill.fgColor.rgb == "FFFFF2CC"
    assert sheet["D9"].fill.fgColor.rgb == COLOURS["error"]
    commented = [c.coordinate for row in sheet.iter_rows() for c in row if c.comment]
    assert commented == ["D3", "D9"]
    assert values(again) == values((saved / "a.xlsx").read_bytes())
    assert [row[0] for row in answers(again)].count("Không có.") == 1


def test_list_prints_on_pages_of_its_own_width(tmp_path: Path) -> None:
    original = officers_book(tmp_path / "a.xlsx")
    marks = [
        mark(f"D{n % 200 + 2}", ("error", "warning")[n % 2], key=f"printed{n:09d}",
             message=f"Nội dung thứ {n}: tổng 1.275,1 nhưng các dòng cho 1.275,35 đến 1.275,45.")
        for n in range(40)
    ]  # fmt: skip
    (tmp_path / "m.xlsx").write_bytes(marked_workbook(original, marks, HEADING).content)
    convert(tmp_path, "pdf", [tmp_path / "m.xlsx"])
    content = (tmp_path / "pdf" / "m.pdf").read_bytes()
    pages = content.count(b"/Type/Page/") + content.count(b"/Type/Page>")
    assert 3 <= pages <= 10
