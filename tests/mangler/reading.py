"""The one place that knows the reader: files in, what was read and what was found out.

The way is that of `kho check`: read, register under the sender's folder, validate. All files of one
call are judged as one inbox, so that rules between periods have their history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from expectations.findings import Finding
from expectations.validate import file_findings, validate_submissions
from ingest import reference
from ingest.cells import ReadCell
from ingest.contract import Contract, all_contracts
from ingest.extract import read_submissions
from ingest.package import Unreadable
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import Submission, register
from warehouse.ledger import Receipt


@dataclass(frozen=True)
class SeenCell:
    """What the reader says of one cell."""

    state: str
    number: Decimal | None
    unit_code: str | None
    code: str | None  # a code, or a day as `2026-06-30`
    text: str | None
    problem: str | None


@dataclass(frozen=True)
class Seen:
    """One submission as read: cells by table, row (a line's code or a record's number in order of
    the sheet) and field; what was found, as (rule, severity, details)."""

    form: str | None
    period_key: str | None
    unit_code: str
    sheet: str | None
    cells: dict[tuple[int, str, str], SeenCell]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> set[str]:
        return {finding.rule for finding in self.findings if finding.severity == "error"}


@dataclass(frozen=True)
class Sent:
    """One file of an inbox: the folder that it lies in and where it really is."""

    sender: str
    path: Path


@cache
def _contracts() -> dict[str, Contract]:
    return {contract.id: contract for contract in all_contracts()}


def read(path: Path) -> ReadFile | Unreadable:
    try:
        return read_submissions(path)
    except Unreadable as refused:
        return refused
    except Exception:  # the sandbox answers so where a reader breaks
        return Unreadable("damaged")


def judge(sent: Sequence[Sent], readings: Sequence[ReadFile | Unreadable]) -> list[list[Seen]]:
    """The submissions of every file, in order of the files."""
    receipts, by_sha = [], {}
    for number, (file, reading) in enumerate(zip(sent, readings, strict=True), start=1):
        by_sha[str(number)] = reading
        path = f"{file.sender}/{file.path.name}"
        receipts.append(Receipt(number, path, str(number), 0, file.sender, f"file {number}"))
    submissions = register(receipts, by_sha, all_contracts())
    findings: dict[int | None, list[Finding]] = defaultdict(list)
    members = [(s.submission_no, s.read) for s in submissions if s.read is not None]
    for validation in validate_submissions(_contracts(), members) if members else ():
        if validation.raised:
            raise RuntimeError(f"{validation.form}: {[r.rule for r in validation.raised]}")
        for finding in validation.findings:
            findings[finding.submission_no].append(finding)
    for finding in file_findings(submissions):
        findings[finding.submission_no].append(finding)
    seen: list[list[Seen]] = [[] for _ in sent]
    for submission in submissions:
        found = tuple(findings[submission.submission_no])
        seen[submission.receipt.receipt_no - 1].append(_seen(submission, found))
    return seen


def _seen(submission: Submission, findings: tuple[Finding, ...]) -> Seen:
    read = submission.read
    sender = submission.receipt.reporter_unit_code
    if read is None:
        sheet = dict(submission.detail).get("sheet")
        return Seen(None, None, sender, sheet, {}, findings)
    return Seen(read.form, read.period_key, sender, read.sheet, _cells(read), findings)


def _cells(read: ReadSubmission) -> dict[tuple[int, str, str], SeenCell]:
    contract = _contracts()[f"{read.form}.v{read.version}"]
    columns = {(c.area_no, c.col_no): c for c in read.columns}
    tables = {area.area_no: area.table_no for area in read.areas}
    stated = {(tables[c.area_no], c.field): c.unit_code for c in read.columns if c.unit_code}
    names = _row_names(read)
    by_row: dict[tuple[int, int], dict[str, ReadCell]] = defaultdict(dict)
    for cell in read.cells:
        by_row[cell.area_no, cell.row_no][columns[cell.area_no, cell.col_no].field] = cell
    found = {}
    for (area_no, row_no), cells in by_row.items():
        table_no = tables[area_no]
        table = contract.tables[table_no - 1]
        lines = {line.code: line for line in table.lines}
        name = names[area_no, row_no]
        for field, cell in cells.items():
            unit = stated.get((table_no, field)) or table.column(field).unit
            if unit is None and "unit" in cells:
                unit = cells["unit"].code
            if unit is None and name in lines:
                unit = lines[name].unit_code
            number = cell.number if cell.state == "number" else None
            # a text of an old font is what it was read as
            is_text = table.column(field).type == "text" and cell.state == "code"
            text = cell.code if is_text else cell.text
            found[table_no, name, field] = SeenCell(
                cell.state, number, unit, cell.code, text, cell.problem
            )
    return found


def _row_names(read: ReadSubmission) -> dict[tuple[int, int], str]:
    names = {}
    counts: dict[int, int] = defaultdict(int)
    tables = {area.area_no: area.table_no for area in read.areas}
    for row in read.rows:
        table = tables[row.area_no]
        counts[table] += 1
        name = row.line_code if row.line_code is not None else str(counts[table])
        names[row.area_no, row.row_no] = name
    return names


def unit_factor(unit_code: str | None) -> tuple[str | None, Decimal]:
    """A unit's base unit, and how many of these it is."""
    if unit_code is None:
        return None, Decimal(1)
    unit = reference.units()[unit_code]
    return unit.base_code, unit.factor
