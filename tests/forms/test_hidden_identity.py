"""A template's hidden identity against what its sheet says; simulated files among real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from form_books import CONTRACTS, Form, write_book

from expectations.findings import Finding
from expectations.validate import validate_submissions
from ingest.extract import submissions_of
from ingest.identity import FIELDS, IDENTITY_SHEET, Identity, read_identities
from ingest.reading import ReadFile
from ingest.register import Submission, register
from ingest.workbook import read_workbook
from warehouse.ledger import Receipt

IDENTITY_RULES = {"identity_contradiction", "simulated_file"}
MADE_FOR = Identity("LS-01", "ls01_chi_tieu_kinh_te_xa_hoi", 1, "TKT", "2021..2025", False)


def template(path: Path, identity: Identity, **form: str) -> ReadFile:
    """A filled LS-01 of the statistics office with a hidden identity, read back."""
    write_book(path, [Form("LS-01", **form)])  # type: ignore[arg-type]
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet(IDENTITY_SHEET)
    sheet.sheet_state = "veryHidden"
    sheet.append(FIELDS)
    sheet.append(identity.as_row())
    book.save(path)
    return submissions_of(read_workbook(path), list(CONTRACTS.values()))


def judged(reading: ReadFile, *, simulated_inbox: bool) -> tuple[list[Submission], list[Finding]]:
    receipt = Receipt(1, "TKT/a.xlsx", "sha", 1, "TKT", "2026-01-01 00:00:00", simulated_inbox)
    submissions = register([receipt], {"sha": reading}, list(CONTRACTS.values()))
    read = [(s.submission_no, s.read) for s in submissions if s.read is not None]
    validations = validate_submissions({c.id: c for c in CONTRACTS.values()}, read)
    found = [finding for v in validations for finding in v.findings]
    return submissions, [finding for finding in found if finding.rule in IDENTITY_RULES]


def test_identity_is_read_back(tmp_path: Path) -> None:
    template(tmp_path / "a.xlsx", MADE_FOR)
    assert read_identities(read_workbook(tmp_path / "a.xlsx")) == {"LS-01": MADE_FOR}


def test_hidden_sheets_are_no_forms(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", MADE_FOR)
    assert len(reading.submissions) == 1
    assert reading.unread_sheets == ()


def test_template_used_as_it_was_made_brings_nothing(tmp_path: Path) -> None:
    _, findings = judged(template(tmp_path / "a.xlsx", MADE_FOR), simulated_inbox=False)
    assert findings == []


@pytest.mark.parametrize(
    ("change", "hidden"),
    [
        ({"period_key": "2016..2020"}, "giai đoạn 2016 - 2020"),
        ({"unit_code": "SYT"}, "Sở Y tế"),
        ({"form": "ls02_thu_nsnn"}, "biểu LS-02"),
    ],
)
def test_template_of_another_period_unit_or_form(
    tmp_path: Path, change: dict[str, str], hidden: str
) -> None:
    reading = template(tmp_path / "a.xlsx", replace(MADE_FOR, **change))  # type: ignore[arg-type]
    _, [finding] = judged(reading, simulated_inbox=False)
    assert finding.severity == "error"
    assert finding.message.startswith(
        "Phần đầu biểu ghi biểu LS-01, Thống kê tỉnh Lạng Sơn, giai đoạn 2021 - 2025; "
        "tệp mẫu được lập cho "
    )
    assert hidden in (finding.expected or "")


def test_simulated_file_among_real_ones_is_held(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", replace(MADE_FOR, is_simulated=True))
    _, [finding] = judged(reading, simulated_inbox=False)
    assert (finding.rule, finding.severity) == ("simulated_file", "error")
    assert finding.message == "Tệp chứa số liệu mô phỏng, không được nhận cùng số liệu thật."


def test_simulated_file_in_a_simulated_inbox_is_taken(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", replace(MADE_FOR, is_simulated=True))
    assert judged(reading, simulated_inbox=True)[1] == []


def test_identity_sheet_that_was_tampered_with_is_no_identity(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", replace(MADE_FOR, period_key=""))
    assert judged(reading, simulated_inbox=False)[1] == []


def test_simulated_sheet_that_was_renamed_is_still_simulated(tmp_path: Path) -> None:
    """Its identity names a sheet that is no longer there: the file says so all the same."""
    path = tmp_path / "a.xlsx"
    write_book(path, [Form("LS-01"), Form("LS-02", sender="STC")], ["Trang 1", "Trang 2"])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet(IDENTITY_SHEET)
    sheet.append(FIELDS)
    sheet.append(replace(MADE_FOR, is_simulated=True).as_row())
    book.save(path)
    reading = submissions_of(read_workbook(path), list(CONTRACTS.values()))
    assert [submission.is_simulated for submission in reading.submissions] == [True, True]
    _, findings = judged(reading, simulated_inbox=False)
    assert [finding.rule for finding in findings].count("simulated_file") == 2
