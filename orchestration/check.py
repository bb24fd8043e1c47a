"""`kho check`: what would be found in these workbooks, before they are sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.findings import Finding
from expectations.validate import file_findings, validate_submissions
from ingest import reference
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.package import Unreadable
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import register
from ingest.sandbox import read_isolated
from warehouse.ledger import Receipt

# checks that need more than the file itself; said so that silence is not taken for a pass
NOT_CHECKED = "Chưa đối chiếu với các kỳ trước và với số liệu của đơn vị khác."


def check_files(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """One element a submission, in the order of the files (see design: `kho check --json`)."""
    contracts = {contract.id: contract for contract in all_contracts()}
    readings: list[ReadFile | Unreadable] = [
        reading for _, reading in read_isolated(read_submissions, list(paths))
    ]
    # a file on an officer's desk has no sender's folder: the unit it names is taken as the sender
    receipts, by_sha = [], {}
    for number, (path, reading) in enumerate(zip(paths, readings, strict=True), start=1):
        sha = str(number)
        by_sha[sha] = reading
        receipts.append(
            Receipt(number, str(path), sha, 0, _sender(path, reading), f"file {number}")
        )
    submissions = register(receipts, by_sha, all_contracts())
    read: list[tuple[int, ReadSubmission]] = [
        (s.submission_no, s.read) for s in submissions if s.read is not None
    ]
    findings: dict[int | None, list[Finding]] = defaultdict(list)
    raised: dict[str, list[str]] = {}
    for validation in validate_submissions(contracts, read) if read else ():
        raised[validation.form] = [result.rule for result in validation.raised]
        for finding in validation.findings:
            findings[finding.submission_no].append(finding)
    for finding in file_findings(submissions):
        findings[finding.submission_no].append(finding)
    for form, rules in raised.items():
        if rules:  # a check that raised is a failure, not a pass
            raise RuntimeError(f"{form}: rules that could not be evaluated: {', '.join(rules)}")
    return [
        {
            "file": submission.receipt.file_path,
            "status": _status(submission.status, findings[submission.submission_no]),
            "form": submission.read.form if submission.read else None,
            "unit": submission.receipt.reporter_unit_code or None,
            "period": submission.read.period_key if submission.read else None,
            "findings": [_as_json(finding) for finding in findings[submission.submission_no]],
            "not_checked": NOT_CHECKED,
        }
        for submission in submissions
    ]


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
