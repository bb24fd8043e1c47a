"""Workbooks of the forms, laid out from the contracts, with places to break them.

Rows and columns count from 1, as in a sheet. A `Form` is filled correctly until a test changes it;
`cells` are laid out last, so that a fault can also be put at any address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import openpyxl

from expectations.breaches import Forgiven
from expectations.findings import Finding
from expectations.numbers import cell_address
from expectations.validate import validate_submissions
from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.extract import submissions_of
from ingest.package import Unreadable
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import Submission, register
from ingest.workbook import read_workbook
from warehouse.ledger import Receipt

Value = str | float | bool | None
Make = TypeVar("Make")


@dataclass(frozen=True)
class Said(Generic[Make]):
    """A rule, what breaks it and what obeys it, and the officer's sentence where it is broken."""

    rule: str
    fault: Make
    right: Make
    message: str


# the forms of the samples; what the other forms are is tested on their own templates
CONTRACTS = {
    contract.code_on_paper: contract
    for contract in all_contracts()
    if contract.code_on_paper.startswith("LS-")
}

# forms that only a test declares
TEST_CONTRACTS: dict[str, Contract] = {}

RECORD: dict[str, Value] = {
    "ordinal": "1",
    "indicator_code": "acacia_area",
    "indicator_name": "Diện tích keo",
    "data_unit_code": "20",
    "period_key": "2025",
    "measure": "Mức",
    "kind": "Thực hiện",
    "value": "1.234,5",
    "unit": "ha",
    "statement": "Văn bản nêu",
    "target_role": "Quy định",
    "document_code": "KH5N-2026-2030",
    "locator": "P1.I.1",
    "quote": "Diện tích keo 1.234,5 ha",
    "basis": "Mọi hàng hóa qua cửa khẩu",
    "direction": "Xuất khẩu",
    "gate_code": "all",
}
RATE: dict[str, Value] = RECORD | {
    "indicator_code": "certified_labour_rate",
    "indicator_name": "Tỷ lệ lao động có bằng cấp",
    "value": "50,1",
    "unit": "%",
}
# amounts that add up, by form and line
AMOUNTS: dict[str, dict[str, dict[str, Value]]] = {
    "LS-02": {
        "revenue_total": {
            "projected_2021_2025": "30.000", "projected_2025": "9.000,5",
            "estimate_assigned_2026": "10.000", "multiple_2025": "1,5", "growth_2021_2025": "12,5",
        },
        "revenue_domestic": {
            "projected_2021_2025": "12.000", "projected_2025": "3.000,2",
            "estimate_assigned_2026": "4.000",
        },
        "revenue_customs": {
            "projected_2021_2025": "18.000", "projected_2025": "6.000,3",
            "estimate_assigned_2026": "6.000",
        },
    },
    "LS-03": {
        "expenditure_local_total": {
            "projected_2021_2025": "70.000", "estimate_assigned_2026": "15.000",
        },
        "expenditure_local_balance": {
            "projected_2021_2025": "50.000", "share_2021_2025": "71,4",
            "estimate_assigned_2026": "11.000",
        },
        "expenditure_local_target_programmes": {
            "projected_2021_2025": "20.000", "share_2021_2025": "28,6",
            "estimate_assigned_2026": "4.000",
        },
    },
}  # fmt: skip


@dataclass
class Form:
    """One sheet of one form. `top` is the first header row; `order` names columns by field."""

    code: str
    sender: str = "TKT"
    period: str | None = "2021-2025"
    rows: list[dict[str, Value]] = field(default_factory=lambda: [dict(RECORD)])
    order: list[str] = field(default_factory=list)
    top: int = 9
    titled: bool = True
    named: str | None = None
    index_row: bool = True
    signed: bool = True
    style_stated: bool = True
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cells: dict[str, Value] = field(default_factory=dict)
    blank_before: tuple[int, ...] = ()  # a blank row before these data rows (from 0)

    def __post_init__(self) -> None:
        self.contract: Contract = (CONTRACTS | TEST_CONTRACTS)[self.code]
        table = self.contract.tables[0]
        if not self.order:
            self.order = [column.field for column in table.columns]
        self.headers = {c.field: tuple(c.header) for c in table.columns} | self.headers
        if table.rows.kind == "lines" and self.rows == [RECORD]:
            amounts = AMOUNTS.get(self.code, {})
            self.rows = [
                {"symbol": line.symbol, "line": line.label_vi} | amounts.get(line.code, {})
                for line in table.lines
            ]

    @property
    def depth(self) -> int:
        return max(len(self.headers[name]) for name in self.order)

    @property
    def first_row(self) -> int:
        return self.top + self.depth + self.index_row

    def row_of(self, number: int) -> int:
        return self.first_row + number + sum(before <= number for before in self.blank_before)

    def at(self, name: str, number: int = 0) -> str:
        """The address of a field in a data row (counted from 0)."""
        return cell_address(self.row_of(number), self.order.index(name) + 1)

    def layout(self) -> dict[tuple[int, int], Value]:
        cells: dict[tuple[int, int], Value] = {}
        if self.titled:
            cells[1, len(self.order)] = f"Biểu số: {self.contract.code_on_paper}"
            cells[max(2, self.top - 5), 1] = self.contract.title.upper()
        if self.period is not None:
            cells[self.top - 4, 1] = f"Kỳ báo cáo: {self.period}"
        if self.style_stated:
            cells[self.top - 2, 1] = "Cách ghi số: dấu chấm ngăn hàng nghìn, dấu phẩy thập phân"
        name = reference.reporting_units()[self.sender].name_vi
        named = self.named if self.named is not None else f"{name} ({self.sender})"
        cells[self.top - 3, 1] = f"Đơn vị báo cáo: {named}"
        above: tuple[str, ...] = ()
        for col, field_name in enumerate(self.order, start=1):
            header = self.headers[field_name]
            for level, text in enumerate(header[:-1]):
                if header[:-1] != above:  # a merged upper level stands over its first column
                    cells[self.top + level, col] = text
            lowest = self.top if len(header) == 1 else self.top + self.depth - 1
            cells[lowest, col] = header[-1]
            above = header[:-1]
            if self.index_row:
                cells[self.top + self.depth, col] = f"({col})"
        for number, row in enumerate(self.rows):
            for col, field_name in enumerate(self.order, start=1):
                if row.get(field_name) is not None:
                    cells[self.row_of(number), col] = row[field_name]
        if self.signed:
            end = self.row_of(len(self.rows) - 1) + 3 if self.rows else self.first_row + 3
            cells[end, 2] = "NGƯỜI LẬP BIỂU"
            cells[end, len(self.order)] = "THỦ TRƯỞNG ĐƠN VỊ"
        for address, value in self.cells.items():
            cells[place_of(address)] = value
        return cells


def place_of(address: str) -> tuple[int, int]:
    match = re.fullmatch(r"([A-Z]+)(\d+)", address)
    assert match is not None
    col = 0
    for letter in match[1]:
        col = 26 * col + ord(letter) - 64
    return int(match[2]), col


def write_book(path: Path, forms: Sequence[Form], names: Sequence[str] = ()) -> Path:
    """A workbook with a sheet for every form, named by its code on paper."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, form in enumerate(forms):
        sheet = book.create_sheet(names[number] if names else form.code)
        for (row, col), value in form.layout().items():
            if value is not None:
                sheet.cell(row, col).value = value
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def read_book(path: Path, forms: Sequence[Form], contracts: Sequence[Contract] = ()) -> ReadFile:
    return submissions_of(
        read_workbook(write_book(path, forms)), contracts or list(CONTRACTS.values())
    )


def read_one(path: Path, form: Form) -> ReadSubmission:
    """The one submission of a workbook of one form."""
    [submission] = read_book(path, [form]).submissions
    return submission


def values_of(submission: ReadSubmission, name: str) -> list[object]:
    """What was read in a column, from top to bottom: number, code, text or state."""
    [col] = [column.col_no for column in submission.columns if column.field == name]
    return [
        cell.number if cell.number is not None else cell.code or cell.text or cell.state
        for cell in submission.cells
        if cell.col_no == col
    ]


@dataclass
class Mail:
    """Files of one pull: each with its sender's folder and what was read of it."""

    files: list[tuple[str, str, ReadFile | Unreadable]]


def judge_mails(
    mails: Sequence[Mail], contracts: Sequence[Contract], forgiven: Forgiven | None = None
) -> tuple[list[list[Submission]], list[list[Finding]]]:
    """Register and validate every pull in one batch a form; submissions and findings by pull."""
    receipts: list[Receipt] = []
    readings: dict[str, ReadFile | Unreadable] = {}
    owner: dict[int, int] = {}
    for number, mail in enumerate(mails):
        for sender, path, reading in mail.files:
            sha = f"sha-{len(receipts)}"
            readings[sha] = reading
            receipts.append(
                Receipt(len(receipts) + 1, path, sha, 0, sender, f"2026-01-01 00:00:00 #{number}")
            )
            owner[len(receipts)] = number
    submissions = register(receipts, readings, contracts)
    by_mail: list[list[Submission]] = [[] for _ in mails]
    for submission in submissions:
        by_mail[owner[submission.receipt.receipt_no]].append(submission)
    mail_of = {s.submission_no: n for n, group in enumerate(by_mail) for s in group}
    findings: list[list[Finding]] = [[] for _ in mails]
    read = [(s.submission_no, s.read) for s in submissions if s.read is not None]
    by_id = {contract.id: contract for contract in contracts}
    for validation in validate_submissions(by_id, read, forgiven=forgiven):
        assert not validation.raised
        for finding in validation.findings:
            findings[mail_of[finding.submission_no]].append(finding)
    return by_mail, findings
