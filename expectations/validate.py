"""Validates submissions form by form and turns what fails into findings.

One Great Expectations batch a form a build. Used by the nightly build and by `kho check` alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from expectations.batch import Batch
from expectations.breaches import Forgiven, finding_of
from expectations.findings import Finding, compose
from expectations.residuals import build_batch
from expectations.suites import RuleResult, validate_looked_at
from ingest.contract import Contract
from ingest.load import CellFrames, cells_held
from ingest.reading import ReadSubmission
from ingest.register import Submission


@dataclass(frozen=True)
class FormValidation:
    """What validating one form gave: every rule's result, and the findings."""

    form: str
    results: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]

    @property
    def raised(self) -> tuple[RuleResult, ...]:
        return tuple(result for result in self.results if result.outcome == "raised")


def validate_submissions(
    contracts: Mapping[str, Contract],
    submissions: Iterable[tuple[int, ReadSubmission]],
    as_of: date | None = None,
    forgiven: Forgiven | None = None,
) -> list[FormValidation]:
    """Validate every submission against its contract (`contracts` by `form.vN`), form by form.

    They hold their cells themselves. `as_of` is the day of the build; without one, rules with a
    date look at nothing. `forgiven` says which errors people put up with: a submission without
    others counts for the periods after it.
    """
    by_form: dict[str, dict[int, ReadSubmission]] = defaultdict(dict)
    for number, submission in submissions:
        by_form[f"{submission.form}.v{submission.version}"][number] = submission
    return [
        validate_form(contracts[form], members.items(), as_of=as_of, forgiven=forgiven)
        for form, members in sorted(by_form.items())
    ]


def file_findings(submissions: Iterable[Submission]) -> Iterator[Finding]:
    """What is wrong with files and sheets in which no form could be read."""
    for submission in submissions:
        if submission.rule is not None:
            detail = dict(submission.detail)
            yield compose(
                submission.rule,
                submission.submission_no,
                sheet=detail.pop("sheet", None),
                value=detail.pop("value", None),
                detail=detail,
            )


def validate_form(
    contract: Contract,
    submissions: Iterable[tuple[int, ReadSubmission]],
    cells: CellFrames | None = None,
    as_of: date | None = None,
    forgiven: Forgiven | None = None,
) -> FormValidation:
    """Residuals, then one Great Expectations run, then sentences.

    `cells` of all the submissions (ingest.load.cells_of), where these do not hold them; `as_of` is
    the day of the build, `forgiven` as in `validate_submissions`.
    """
    members = dict(submissions)
    cells = cells_held(members) if cells is None else cells
    batch = build_batch(contract, members, cells, as_of, forgiven)
    results: list[RuleResult] = []
    findings: list[Finding] = []
    for result in validate_looked_at(contract.id, batch.looked_at()):
        results += _by_rule(batch, result)
        findings += [finding_of(batch, result.rule, place) for place in result.unexpected]
    findings.sort(key=lambda finding: (finding.submission_no or 0, finding.sheet or ""))
    return FormValidation(contract.form, tuple(results), tuple(findings))


def _by_rule(batch: Batch, result: RuleResult) -> Iterator[RuleResult]:
    """What a family's result says of each of its rules; a rule of its own as it is."""
    rules = batch.families.get(result.rule)
    if rules is None or result.outcome == "raised":
        yield result
        return
    broken: dict[str, list[int]] = defaultdict(list)
    for place in result.unexpected:
        broken[batch.breaches[place, result.rule].rule or ""].append(place)
    for rule in rules:
        outcome = "failed" if broken[rule] else "passed"
        yield RuleResult(rule, outcome, result.evaluated, tuple(broken[rule]))
