"""What is found of a unit depends on its own submissions of a form alone: a province with mistakes
in it, validated whole, unit by unit, and again where one unit sent something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from expectations.kept_validations import Validations
from expectations.validate import FormValidation, unit_of, validate_submissions
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.load import CellFrames, cells_held
from ingest.reading import ReadFile, ReadSubmission
from ingest.register import Submission, register
from orchestration.simulate_command import simulate
from warehouse.ledger import Receipt

pytestmark = pytest.mark.slow
CONTRACTS = {contract.id: contract for contract in all_contracts()}
DAY = date(2026, 6, 20)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> list[Submission]:
    """Four months of two communes and all agencies, in order of receipt."""
    inbox = tmp_path_factory.mktemp("simulated") / "inbox"
    arguments = ["--communes", "2", "--from", "2026-01", "--months", "4", "--error-rate", "0.5"]
    made = CliRunner().invoke(simulate, ["--out", str(inbox), *arguments])
    assert made.exit_code == 0, made.output
    files = sorted(inbox.rglob("*.xlsx"), key=lambda path: (path.stem[-7:], path))
    receipts, readings = [], {}
    for number, path in enumerate(files, start=1):
        read = read_submissions(path)
        assert isinstance(read, ReadFile)
        sha = str(number)
        unit = path.parent.name
        receipts.append(Receipt(number, f"{unit}/{path.name}", sha, 1, unit, "2026-06-01 02:00:00"))
        readings[sha] = read
    return register(receipts, readings, all_contracts())


def read_of(submissions: Sequence[Submission]) -> list[tuple[int, ReadSubmission]]:
    return [(s.submission_no, s.read) for s in submissions if s.read is not None]


def findings_of(validations: Sequence[FormValidation]) -> Counter[object]:
    return Counter(repr(finding) for each in validations for finding in each.findings)


def counts_of(validations: Sequence[FormValidation]) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for each in validations:
        for result in each.results:
            assert result.raised is None
            found[each.form, result.rule, "evaluated"] += result.evaluated
            found[each.form, result.rule, "broken"] += result.broken
    return +found


def test_units_by_themselves_give_what_all_of_them_give(submissions: list[Submission]) -> None:
    read = read_of(submissions)
    whole = validate_submissions(CONTRACTS, read, DAY)
    units = sorted({unit_of(each) for _, each in read})
    assert len(units) > 10
    parts = [
        validation
        for unit in units
        for validation in validate_submissions(
            CONTRACTS, [each for each in read if unit_of(each[1]) == unit], DAY
        )
    ]
    assert len({finding.rule for each in whole for finding in each.findings}) > 20
    assert findings_of(parts) == findings_of(whole)
    assert counts_of(parts) == counts_of(whole)


def test_only_the_unit_that_sent_something_is_validated_again(
    submissions: list[Submission], tmp_path: Path
) -> None:
    held = dict(read_of(submissions))
    asked: list[int] = []

    def cells_of(numbers: Sequence[int]) -> CellFrames:
        asked.extend(numbers)
        return cells_held({number: held[number] for number in numbers})

    def validate(given: list[Submission], home: str) -> list[FormValidation]:
        asked.clear()
        return Validations(tmp_path / home, "1").validate(CONTRACTS, given, cells_of, DAY, "")[0]

    first = validate(submissions, "kept")
    assert sorted(asked) == sorted(held)
    assert validate(submissions, "kept") == first
    assert asked == []

    # a file of one unit came again, as another one
    unit = next(s.receipt.reporter_unit_code for s in submissions if s.read is not None)
    resent = [
        replace(s, receipt=replace(s.receipt, file_sha256=f"{s.receipt.file_sha256} again"))
        if s.receipt.reporter_unit_code == unit
        else s
        for s in submissions
    ]
    again = validate(resent, "kept")
    own = {n for n, read in held.items() if unit_of(read) == unit}
    assert set(asked) == own and len(own) < len(held) / 5
    assert again == validate(resent, "anew")

    # and a unit that sent nothing any more is not there any more
    without = [s for s in submissions if s.read is None or unit_of(s.read) != unit]
    assert validate(without, "kept") == validate(without, "other")
