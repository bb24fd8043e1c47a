"""Validations that are kept: run again for what changed, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from expectations.kept_validations import Validations
from expectations.row_mechanisms import days_looked_at
from expectations.rule_files import all_rules
from expectations.validate import FormValidation
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.load import cells_held
from ingest.period import period_of
from ingest.reading import ReadFile
from ingest.register import Submission, register
from warehouse.ledger import Receipt

SAMPLE = Path(__file__).parents[2] / "samples/inbox/STC/LS-02_LS-03_2021-2025.xlsx"
DAY = date(2026, 11, 22)
CONTRACTS = {contract.id: contract for contract in all_contracts()}
Given = tuple[list[Submission], Path]


@pytest.fixture(scope="module")
def submissions() -> list[Submission]:
    read = read_submissions(SAMPLE)
    assert isinstance(read, ReadFile)
    receipt = Receipt(1, "STC/a.xlsx", "a", 1, "STC", "2026-11-22 02:00:00")
    return register([receipt], {"a": read}, all_contracts())


def validate(
    submissions: list[Submission],
    home: Path,
    as_of: date = DAY,
    acts: str = "",
    *,
    anew: bool = False,
) -> tuple[list[FormValidation], list[str]]:
    held = {s.submission_no: s.read for s in submissions if s.read is not None}

    def cells_of(numbers: object) -> object:
        return cells_held({number: held[number] for number in numbers})  # type: ignore[attr-defined]

    return Validations(home, "1").validate(
        CONTRACTS,
        submissions,
        cells_of,
        as_of,
        acts,
        anew=anew,  # type: ignore[arg-type]
    )


def test_only_forms_with_something_new_are_run(
    submissions: list[Submission], tmp_path: Path
) -> None:
    first, run = validate(submissions, tmp_path)
    assert run == ["ls02_thu_nsnn.v1", "ls03_chi_nsdp.v1"]
    assert validate(submissions, tmp_path) == (first, [])
    other = replace(submissions[0].receipt, receipt_no=2, file_sha256="b")
    resent = [replace(submissions[0], receipt=other), submissions[1]]
    assert validate(resent, tmp_path)[1] == ["ls02_thu_nsnn.v1"]
    assert validate(resent, tmp_path, acts="other")[1] == run
    assert validate(resent, tmp_path, acts="other", anew=True)[1] == run


def test_a_torn_or_altered_validation_is_run_again(
    submissions: list[Submission], tmp_path: Path
) -> None:
    first, _ = validate(submissions, tmp_path)
    path = tmp_path / "1" / "ls02_thu_nsnn.v1"
    path.write_bytes(path.read_bytes()[:-3])
    assert validate(submissions, tmp_path) == (first, ["ls02_thu_nsnn.v1"])


def test_validations_of_other_code_are_removed(
    submissions: list[Submission], tmp_path: Path
) -> None:
    validate(submissions, tmp_path)
    Validations(tmp_path, "2").validate(CONTRACTS, [], lambda _: None, DAY, "")  # type: ignore[arg-type, return-value]
    assert not (tmp_path / "1").exists()


def test_days_that_rules_wait_for_are_all_of_their_kind() -> None:
    """The disbursement floors wait for the ends of June, September, December; an adjustment waits
    for a day of its own quarter."""
    days = days_looked_at("giai_ngan_du_an", all_rules(), [period_of("2026-06")])
    assert {date(2026, 6, 30), date(2026, 9, 30)} <= days
    days = days_looked_at("dieu_chinh_ke_hoach_von", all_rules(), [period_of("2026-Q2")])
    assert date(2026, 6, 25) in days
    assert days_looked_at("ls02_thu_nsnn", all_rules(), [period_of("2026-06")]) == set()
