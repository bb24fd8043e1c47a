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
from ingest.register import register
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


def judged(*readings: ReadFile, simulated_inbox: bool) -> list[list[Finding]]:
    """The findings on identities in each of these files, sent one after the other."""
    files = {f"sha {number}": reading for number, reading in enumerate(readings, start=1)}
    receipts = [
        Receipt(number, f"TKT/{number}.xlsx", sha, 1, "TKT", f"2026-01-{number:02d} 00:00:00",
                simulated_inbox)
        for number, sha in enumerate(files, start=1)
    ]  # fmt: skip
    submissions = register(receipts, files, list(CONTRACTS.values()))
    read = [(s.submission_no, s.read) for s in submissions if s.read is not None]
    validations = validate_submissions({c.id: c for c in CONTRACTS.values()}, read)
    found = [f for v in validations for f in v.findings if f.rule in IDENTITY_RULES]
    file_of = {s.submission_no: s.receipt.receipt_no for s in submissions}
    return [
        [f for f in found if file_of[f.submission_no] == receipt.receipt_no] for receipt in receipts
    ]


SIMULATED = replace(MADE_FOR, is_simulated=True)
# sent to a real inbox, and judged at once
SENT = {
    "as it was made": MADE_FOR,
    "another period": replace(MADE_FOR, period_key="2016..2020"),
    "another unit": replace(MADE_FOR, unit_code="SYT"),
    "another form": replace(MADE_FOR, form="ls02_thu_nsnn"),
    "simulated": SIMULATED,
    "tampered with": replace(MADE_FOR, period_key=""),
}


@pytest.fixture(scope="module")
def among_real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    folder = tmp_path_factory.mktemp("among_real")
    readings = [template(folder / f"{name}.xlsx", identity) for name, identity in SENT.items()]
    return dict(zip(SENT, judged(*readings, simulated_inbox=False), strict=True))


def test_identity_is_read_back(tmp_path: Path) -> None:
    template(tmp_path / "a.xlsx", MADE_FOR)
    assert read_identities(read_workbook(tmp_path / "a.xlsx")) == {"LS-01": MADE_FOR}


def test_hidden_sheets_are_no_forms(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", MADE_FOR)
    assert len(reading.submissions) == 1
    assert reading.unread_sheets == ()


@pytest.mark.parametrize("name", ["as it was made", "tampered with"])
def test_template_without_another_identity_brings_nothing(
    among_real: dict[str, list[Finding]], name: str
) -> None:
    assert among_real[name] == []


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("another period", "giai đoạn 2016 - 2020"),
        ("another unit", "Sở Y tế"),
        ("another form", "biểu LS-02"),
    ],
)
def test_template_of_another_period_unit_or_form(
    among_real: dict[str, list[Finding]], name: str, hidden: str
) -> None:
    [finding] = among_real[name]
    assert finding.severity == "error"
    assert finding.message.startswith(
        "Phần đầu biểu ghi biểu LS-01, Thống kê tỉnh Lạng Sơn, giai đoạn 2021 - 2025; "
        "tệp mẫu được lập cho "
    )
    assert hidden in (finding.expected or "")


def test_simulated_file_among_real_ones_is_held(among_real: dict[str, list[Finding]]) -> None:
    [finding] = among_real["simulated"]
    assert (finding.rule, finding.severity) == ("simulated_file", "error")
    assert finding.message == "Tệp chứa số liệu mô phỏng, không được nhận cùng số liệu thật."


def test_simulated_file_in_a_simulated_inbox_is_taken(tmp_path: Path) -> None:
    reading = template(tmp_path / "a.xlsx", SIMULATED)
    assert judged(reading, simulated_inbox=True) == [[]]


def test_simulated_sheet_that_was_renamed_is_still_simulated(tmp_path: Path) -> None:
    """Its identity names a sheet that is no longer there: the file says so all the same."""
    path = tmp_path / "a.xlsx"
    write_book(path, [Form("LS-01"), Form("LS-02", sender="STC")], ["Trang 1", "Trang 2"])
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet(IDENTITY_SHEET)
    sheet.append(FIELDS)
    sheet.append(SIMULATED.as_row())
    book.save(path)
    reading = submissions_of(read_workbook(path), list(CONTRACTS.values()))
    assert [submission.is_simulated for submission in reading.submissions] == [True, True]
    [findings] = judged(reading, simulated_inbox=False)
    assert [finding.rule for finding in findings].count("simulated_file") == 2
