"""`kho check`: what would be found in these workbooks, before they are sent."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from expectations.findings import Finding, Subject
from expectations.reports.answer_sheet import Heading
from expectations.reports.marked_files import Job, mark_files, marks_of
from expectations.validate import FormValidation, file_findings, validate_submissions
from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.extract import read_submissions
from ingest.originals import place_of
from ingest.package import ZIP_MAGIC, Unreadable
from ingest.pull import is_wanted_member
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import Submission, register
from ingest.sandbox import read_isolated
from ingest.zip_files import is_archive, unpack
from warehouse.home import Home
from warehouse.ledger import Ledger, Receipt, timestamp

# checks that need more than the file itself; said so that silence is not taken for a pass
NOT_CHECKED = "Chưa đối chiếu với các kỳ trước và với số liệu của đơn vị khác."
NOT_CHECKED_WITH_HISTORY = "Chưa đối chiếu với số liệu của biểu khác và đơn vị khác."
NOT_CHECKED_WITHOUT_TIME = "Chưa đối chiếu với các mốc hạn, vì không rõ thời điểm kiểm tra."


def check_files(
    paths: Sequence[Path], as_of: datetime | None = None, home: Home | None = None
) -> list[dict[str, Any]]:
    """One element a submission, in the order of the files (see design: `kho check --json`)."""
    return elements_of(examine_files(paths, as_of, home), as_of, home)


def elements_of(
    examined: Sequence[tuple[Submission, list[Finding]]],
    as_of: datetime | None = None,
    home: Home | None = None,
) -> list[dict[str, Any]]:
    """What `kho check --json` prints of files that were examined; what was not looked at is
    said."""
    not_checked = NOT_CHECKED if home is None else NOT_CHECKED_WITH_HISTORY
    if as_of is None:
        not_checked += f" {NOT_CHECKED_WITHOUT_TIME}"
    return [
        {
            "file": submission.receipt.file_path,
            "status": _status(submission.status, findings),
            "form": submission.read.form if submission.read else None,
            "unit": submission.receipt.reporter_unit_code or None,
            "period": submission.read.period_key if submission.read else None,
            "findings": [_as_json(finding) for finding in findings],
            "not_checked": not_checked,
        }
        for submission, findings in examined
    ]


def examine_files(
    paths: Sequence[Path], as_of: datetime | None = None, home: Home | None = None
) -> list[tuple[Submission, list[Finding]]]:
    """Every submission in the files with its findings, in the order of the files.

    With a home the files are held against what their senders sent it before, up to `as_of`;
    without a time, rules with a date look at nothing.
    """
    contracts = {contract.id: contract for contract in all_contracts()}
    with tempfile.TemporaryDirectory(prefix="kho-check-") as folder:
        files = [file for path in paths for file in _files_of(path, Path(folder))]
        readings: list[ReadFile | Unreadable] = [
            reading for _, reading in read_isolated(read_submissions, [place for _, place in files])
        ]
    # a file on an officer's desk has no sender's folder: the unit it names is taken as the sender
    paths = [path for path, _ in files]
    senders = [_sender(path, reading) for path, reading in zip(paths, readings, strict=True)]
    receipts, by_sha = _history(home, set(senders), as_of)
    sent_before = len(receipts)
    # what a simulated home would take: its files, and no real ones beside them
    is_simulated = home is not None and any(r.is_simulated for r in Ledger(home.ledger).receipts())
    for path, sender, reading in zip(paths, senders, readings, strict=True):
        number = len(receipts) + 1
        sha = f"file {number}"
        by_sha[sha] = reading
        receipts.append(Receipt(number, str(path), sha, 0, sender, sha, is_simulated=is_simulated))
    submissions = register(receipts, by_sha, all_contracts())
    read: list[tuple[int, ReadSubmission]] = [
        (s.submission_no, s.read) for s in submissions if s.read is not None
    ]
    findings: dict[int | None, list[Finding]] = defaultdict(list)
    raised: dict[str, list[str]] = {}
    for validation in _validated(contracts, read, as_of):
        raised[validation.form] = [result.rule for result in validation.raised]
        for finding in validation.findings:
            findings[finding.submission_no].append(finding)
    for finding in file_findings(submissions):
        findings[finding.submission_no].append(finding)
    for form, rules in raised.items():
        if rules:  # a check that raised is a failure, not a pass
            raise RuntimeError(f"{form}: rules that could not be evaluated: {', '.join(rules)}")
    return [
        (submission, findings[submission.submission_no])
        for submission in submissions
        if submission.receipt.receipt_no > sent_before
    ]


def _files_of(path: Path, folder: Path) -> list[tuple[Path, Path]]:
    """The file, or in place of an archive its members, as a night would take them: what each is
    called, and where it lies."""
    with path.open("rb") as file:
        head = file.read(len(ZIP_MAGIC))
        if not is_archive(head, file):
            return [(path, path)]
    [(_, members)] = read_isolated(partial(unpack, folder, is_wanted_member), [path], 1)
    if isinstance(members, Unreadable) or not members:
        return [(path, path)]  # answered as a whole
    return [(path / name, place_of(folder, sha256)) for name, sha256, _ in members]


def write_marked_check(
    path: Path,
    examined: Sequence[tuple[Submission, list[Finding]]],
    out: Path,
    as_of: datetime,
) -> tuple[Path, tuple[str, ...]]:
    """Write a workbook back with its findings marked; returns where (the file decides on the
    extension), and what it does not keep."""
    marks: list[tuple[str, Finding]] = []
    unit = ""
    for submission, findings in examined:
        read, unit = submission.read, submission.receipt.reporter_unit_code
        subject = Subject(unit, read.form if read else None, read.period_key if read else None)
        marks += [(finding.place_key(finding.subject or subject), finding) for finding in findings]
    units = reference.reporting_units()
    name = units[unit].name_vi if unit in units else unit
    heading = Heading(name, path.name, as_of)
    if out.suffix.lower().startswith((".xls", ".xlt")):
        out = out.with_suffix("")
    [done] = mark_files([Job(path, out, heading, marks_of(marks))], workers=1)
    return done


def _validated(
    contracts: Mapping[str, Contract],
    read: Sequence[tuple[int, ReadSubmission]],
    as_of: datetime | None,
) -> Sequence[FormValidation]:
    day = as_of.date() if as_of is not None else None
    return validate_submissions(contracts, read, as_of=day) if read else ()


def _history(
    home: Home | None, senders: Set[str], as_of: datetime | None
) -> tuple[list[Receipt], dict[str, ReadFile | Unreadable]]:
    """What these units sent before, read again from the archive: receipts, readings by hash."""
    if home is None:
        return [], {}
    until = timestamp(as_of) if as_of is not None else None
    sent = [
        receipt
        for receipt in Ledger(home.ledger).receipts()
        if receipt.reporter_unit_code in senders and (until is None or receipt.received_at <= until)
    ]
    shas = list(dict.fromkeys(receipt.file_sha256 for receipt in sent))
    read = read_isolated(read_submissions, [home.archived(sha) for sha in shas])
    readings = {sha: reading for sha, (_, reading) in zip(shas, read, strict=True)}
    return [replace(r, receipt_no=n) for n, r in enumerate(sent, start=1)], readings


def _sender(path: Path, reading: ReadFile | Unreadable) -> str:
    folder = path.absolute().parent.name
    if folder in reference.reporting_units():
        return folder
    if isinstance(reading, ReadFile):
        for submission in reading.submissions:
            if submission.named_unit_code is not None:
                return submission.named_unit_code
        # the form itself is judged all the same; only the sender is unknown
        for submission in reading.submissions:
            contract = next(c for c in all_contracts() if c.form == submission.form)
            for unit in reference.reporting_units():
                if contract.accepts(unit):
                    return unit
    return next(iter(reference.reporting_units()))


def _status(status: str, findings: list[Finding]) -> str:
    if status in ("unrecognised", "unreadable"):
        return status
    return "findings" if any(finding.severity != "info" for finding in findings) else "ok"


def _as_json(finding: Finding) -> dict[str, Any]:
    address = finding.cell_ref.rpartition("!")[2] if finding.cell_ref else None
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "sheet": finding.sheet,
        "cell": address,
        "cells": [cell.rpartition("!")[2] for cell in finding.cells],
        "value": finding.value,
        "expected": finding.expected,
        "message": finding.message,
        "fix": finding.fix,
    }
