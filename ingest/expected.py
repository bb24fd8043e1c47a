"""What is to be sent: every unit, form and period that a contract asks for, with its due date.

A form is expected from the first period for which any unit has sent it: before that the province
had not begun to use it. Periods run until the as-of day; time is an input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ingest import reference
from ingest.contract import Contract
from ingest.period import period_of, periods_ending
from ingest.register import Submission

PERIODIC = ("month", "quarter", "year")


@dataclass(frozen=True)
class Expected:
    """One submission that a unit owes. `due_date` is None where no rule names a day."""

    unit_code: str
    form: str
    version: int
    period_key: str
    due_date: date | None


def expected_submissions(
    contracts: Iterable[Contract], submissions: Sequence[Submission], as_of: date
) -> list[Expected]:
    """Of every periodic form in use, for every period that has ended by `as_of`."""
    first: dict[str, date] = {}
    for submission in submissions:
        read = submission.read
        if read is not None and read.period_key is not None:
            end = period_of(read.period_key).end
            first[read.form] = min(end, first.get(read.form, end))
    return [
        expected
        for contract in contracts
        if contract.form in first and contract.reporting.frequency in PERIODIC
        for expected in _of_form(contract, first[contract.form], as_of)
    ]


def _of_form(contract: Contract, first: date, as_of: date) -> Iterable[Expected]:
    senders = [code for code in reference.reporting_units() if reports(contract, code)]
    days = contract.reporting.due_days
    for period in periods_ending(contract.reporting.frequency, first, as_of):
        if contract.is_in_force(period.end):
            due = period.end + timedelta(days=days) if days is not None else None
            for unit in senders:
                yield Expected(unit, contract.form, contract.version, period.key, due)


def reports(contract: Contract, unit_code: str) -> bool:
    """Whether a unit is to send a form: a sender of it, with lines of its own where these are
    divided by owner."""
    if not contract.accepts(unit_code):
        return False
    return all(table.lines_of(unit_code) for table in contract.tables if table.rows.by_owner)
