"""What is expected of whom: from the first report of a form on, for periods that have ended."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.cells import CellColumns
from ingest.contract import Contract, read_contract
from ingest.expected import Expected, expected_submissions
from ingest.reading import Area, ReadSubmission
from ingest.register import Submission
from warehouse.ledger import Receipt

FORM = Path(__file__).resolve().parents[1] / "forms" / "all_rules.yml"


@pytest.fixture(scope="module")
def monthly() -> Contract:
    contract = read_contract(FORM)
    return contract.model_copy(update={"senders": ("STC", "SYT")})


def sent(contract: Contract, period: str | None) -> Submission:
    read = ReadSubmission(
        contract.form, 1, "STC", period, None, (Area(1, 1, "A"),), (), (), CellColumns(), (), 0
    )
    receipt = Receipt(1, "STC/a.xlsx", "sha", 1, "STC", "2026-02-10 00:00:00")
    return Submission(1, "id", receipt, read, "accepted", None)


def test_every_sender_owes_every_period_since_the_form_is_in_use(monthly: Contract) -> None:
    found = expected_submissions([monthly], [sent(monthly, "2026-02")], date(2026, 3, 31))
    assert found == [
        Expected(unit, monthly.form, 1, period, due)
        for period, due in (("2026-02", date(2026, 3, 15)), ("2026-03", date(2026, 4, 15)))
        for unit in ("STC", "SYT")
    ]


def test_a_period_that_has_not_ended_is_not_expected(monthly: Contract) -> None:
    found = expected_submissions([monthly], [sent(monthly, "2026-02")], date(2026, 3, 30))
    assert {each.period_key for each in found} == {"2026-02"}


def test_a_form_that_nobody_has_sent_is_not_expected(monthly: Contract) -> None:
    assert expected_submissions([monthly], [], date(2026, 3, 31)) == []
    assert expected_submissions([monthly], [sent(monthly, None)], date(2026, 3, 31)) == []


def test_no_due_date_where_no_rule_names_a_day(monthly: Contract) -> None:
    reporting = monthly.reporting.model_copy(update={"due_days": None})
    open_ended = monthly.model_copy(update={"reporting": reporting})
    [first, _] = expected_submissions([open_ended], [sent(monthly, "2026-02")], date(2026, 2, 28))
    assert first.due_date is None
