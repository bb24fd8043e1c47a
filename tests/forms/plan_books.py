"""Workbooks for the tests of plan rules: a form's own template with a few rows typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from expectations.findings import Finding
from expectations.validate import validate_submissions
from ingest.contract import all_contracts
from ingest.extract import submissions_of
from ingest.reading import ReadSubmission
from ingest.register import with_identity_remarks
from ingest.template import FilledForm, write_workbook
from ingest.template_values import Key, Value
from ingest.workbook import read_workbook

CONTRACTS = {contract.form: contract for contract in all_contracts()}
Typed = dict[str, Decimal | str | date | int]


@dataclass(frozen=True)
class Sent:
    """One submission of one form, and the address of every cell by row and field."""

    read: ReadSubmission
    at: Mapping[tuple[str, str], str]


def sent(
    folder: Path, form: str, unit: str, period: str, rows: Sequence[Typed] | Mapping[str, Typed]
) -> Sent:
    """A template with these rows typed: records in their order, or lines by their codes."""
    by_row = rows if isinstance(rows, Mapping) else {
        str(number): row for number, row in enumerate(rows, start=1)
    }  # fmt: skip
    values: dict[Key, Value] = {
        (1, row, field): Decimal(value) if isinstance(value, int) else value
        for row, typed in by_row.items()
        for field, value in typed.items()
    }
    return typed_in(folder, form, unit, period, values)


def typed_in(folder: Path, form: str, unit: str, period: str, values: Mapping[Key, Value]) -> Sent:
    """A template with these cells typed."""
    contract = CONTRACTS[form]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{form}-{unit}-{period}.xlsx"
    addresses = write_workbook(path, [FilledForm(contract, unit, period, values)])
    [read] = submissions_of(read_workbook(path), all_contracts()).submissions
    read = with_identity_remarks(read, unit, contract)
    return Sent(read, {(row, field): at for (_, _, row, field), at in addresses.items()})


def all_found(as_of: date | None, *submissions: Sent) -> list[Finding]:
    """What is found in submissions of one form, numbered from 1."""
    contract = CONTRACTS[submissions[0].read.form]
    numbered = enumerate((each.read for each in submissions), start=1)
    [validation] = validate_submissions({contract.id: contract}, numbered, as_of=as_of)
    assert not validation.raised
    return list(validation.findings)


def found(rule: str, as_of: date | None, *submissions: Sent) -> list[Finding]:
    """What a rule finds in submissions of one form."""
    return [finding for finding in all_found(as_of, *submissions) if finding.rule == rule]
