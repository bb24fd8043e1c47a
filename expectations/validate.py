"""Validates submissions form by form and turns what fails into findings.

One Great Expectations batch a form a build. Used by the nightly build and by `kho check` alike.
What is found of a unit depends on its own submissions of the form alone: rules look at a cell, a
row, a sheet, and back at what the unit reported before.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from expectations.breaches import Forgiven, finding_of
from expectations.findings import Finding, compose
from expectations.residuals import build_batch
from expectations.suites import validate_looked_at
from ingest.contract import Contract
from ingest.load import CellFrames, cells_held
from ingest.reading import ReadSubmission
from ingest.register import Submission


@dataclass(frozen=True)
class RuleRun:
    """One rule on a form: passed | failed | raised, the places it looked at, and those that break
    it."""

    rule: str
    outcome: str
    evaluated: int
    broken: int
    raised: str | None = None


@dataclass(frozen=True)
class FormValidation:
    """What validating one form gave: every rule's result, and the findings."""

    form: str
    results: tuple[RuleRun, ...]
    findings: tuple[Finding, ...]

    @property
    def raised(self) -> tuple[RuleRun, ...]:
        return tuple(result for result in self.results if result.outcome == "raised")


@dataclass(frozen=True)
class UnitValidation:
    """The part of it that is about one unit. `evaluated` counts places by rule, or by family of
    rules; `broken` those that break a rule; `raised` says by rule why it could not be evaluated."""

    evaluated: Mapping[str, int]
    broken: Mapping[str, int]
    findings: tuple[Finding, ...]
    raised: Mapping[str, str]


Families = Mapping[str, tuple[str, ...]]
"""The rules that each column of residuals serves: one of its own name, or a family."""


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
    parts, families = validate_units(contract, submissions, cells, as_of, forgiven)
    return of_units(contract, parts.values(), families)


def unit_of(read: ReadSubmission) -> str:
    """The unit that a submission says it is of; '' where it says none."""
    return read.named_unit_code or ""


def validate_units(
    contract: Contract,
    submissions: Iterable[tuple[int, ReadSubmission]],
    cells: CellFrames | None = None,
    as_of: date | None = None,
    forgiven: Forgiven | None = None,
) -> tuple[dict[str, UnitValidation], Families]:
    """As validate_form, by unit, in one batch."""
    members = dict(submissions)
    cells = cells_held(members) if cells is None else cells
    batch = build_batch(contract, members, cells, as_of, forgiven)
    units = sorted({unit_of(read) for read in members.values()})
    number_of = {unit: number for number, unit in enumerate(units)}
    of_submissions = np.array([number_of[unit_of(read)] for read in members.values()], np.int64)
    of_places = of_submissions[batch.submission_of_place]
    evaluated: list[dict[str, int]] = [{} for _ in units]
    broken: list[Counter[str]] = [Counter() for _ in units]
    findings: list[list[Finding]] = [[] for _ in units]
    raised: dict[str, str] = {}
    looked_at = batch.looked_at()
    for result in validate_looked_at(contract.id, looked_at):
        if result.outcome == "raised":
            raised[result.rule] = result.raised or ""
            continue
        places = looked_at[result.rule]["cell_id"].to_numpy()
        counts = np.bincount(of_places[places], minlength=len(units))
        for number in np.flatnonzero(counts):
            evaluated[number][result.rule] = int(counts[number])
        for place in result.unexpected:
            number = of_places[place]
            rule = result.rule
            if rule in batch.families:
                rule = batch.breaches[place, rule].rule or ""
            broken[number][rule] += 1
            findings[number].append(finding_of(batch, result.rule, place))
    parts = {
        unit: UnitValidation(evaluated[n], dict(broken[n]), tuple(findings[n]), raised)
        for unit, n in number_of.items()
    }
    return parts, {name: batch.families.get(name, (name,)) for name in looked_at}


def of_units(
    contract: Contract, parts: Iterable[UnitValidation], families: Families
) -> FormValidation:
    """The validation of a form from those of its units."""
    evaluated: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    findings: list[Finding] = []
    raised: dict[str, str] = {}
    for part in parts:
        evaluated.update(part.evaluated)
        broken.update(part.broken)
        findings += part.findings
        raised |= part.raised
    findings.sort(key=lambda finding: (finding.submission_no or 0, finding.sheet or ""))
    results = []
    for name, rules in sorted(families.items()):
        if name in raised:
            results.append(RuleRun(name, "raised", 0, 0, raised[name]))
            continue
        for rule in rules:
            outcome = "failed" if broken[rule] else "passed"
            results.append(RuleRun(rule, outcome, evaluated[name], broken[rule]))
    return FormValidation(contract.form, tuple(results), tuple(findings))
