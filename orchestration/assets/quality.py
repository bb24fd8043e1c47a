"""Stage 2: validate form by form, accept or hold, and the blocking gate in front of dbt."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import dagster as dg
import polars as pl

from expectations.gate import gate_before_dbt
from expectations.validate import FormValidation, file_findings, validate_submissions
from ingest.contract import all_contracts
from ingest.load import cells_as_read, cells_of, insert, load_submissions
from ingest.register import Submission, judge
from orchestration.logs import log
from orchestration.resources import BuildResource
from warehouse.connection import open_working
from warehouse.ledger import Ledger, Receipt, Verdict, timestamp
from warehouse.results import check_run_frame, finding_frame, first_seen, owners

GROUP = "quality"
SAMPLE = 5
_FORMS = sorted({contract.form for contract in all_contracts()})
GATE_CHECKS = ("every_file_has_an_answer", "every_cell_was_loaded", "no_rule_raised")


@dg.asset(
    group_name=GROUP,
    kinds={"great_expectations"},
    deps=["raw_cells"],
    dagster_type=dg.Any,  # with check_specs a result is taken for one without a value
    check_specs=[
        dg.AssetCheckSpec(
            name=form,
            asset="form_validations",
            description="Great Expectations: every rule of this form's contract",
        )
        for form in _FORMS
    ],
)
def form_validations(
    build: BuildResource, read_submissions_of_files: list[Submission]
) -> dg.MaterializeResult:
    """One Great Expectations batch a form: types, ranges, allowed values, totals."""
    contracts = {contract.id: contract for contract in all_contracts()}
    read = [(s.submission_no, s.read) for s in read_submissions_of_files if s.read is not None]
    with open_working(build.place.working_file) as connection:
        validations = validate_submissions(
            contracts, read, partial(cells_of, connection), build.moment.date()
        )
    by_form: dict[str, list[FormValidation]] = defaultdict(list)
    for validation in validations:
        by_form[validation.form].append(validation)
    return dg.MaterializeResult(
        value=validations,
        metadata={"forms": len(validations), "rules": sum(len(v.results) for v in validations)},
        check_results=[_form_check(form, by_form.get(form, [])) for form in _FORMS],
    )


def _form_check(form: str, validations: list[FormValidation]) -> dg.AssetCheckResult:
    findings = [f for v in validations for f in v.findings if f.severity != "info"]
    raised = [result for v in validations for result in v.raised]
    errors = sum(finding.severity == "error" for finding in findings)
    rules = Counter(finding.rule for finding in findings)
    return dg.AssetCheckResult(
        check_name=form,
        passed=not findings and not raised,
        severity=dg.AssetCheckSeverity.ERROR if raised or errors else dg.AssetCheckSeverity.WARN,
        metadata={
            "rules_run": sum(len(v.results) for v in validations),
            "cells_evaluated": sum(r.evaluated for v in validations for r in v.results),
            "errors": errors,
            "warnings": len(findings) - errors,
            "raised": len(raised),
            "by_rule": dict(rules),
            "sample_cells": [f.cell_ref or f.sheet or "" for f in findings[:SAMPLE]],
        },
    )


@dg.asset(
    group_name=GROUP,
    kinds={"duckdb"},
    deps=["raw_cells"],
    check_specs=[
        dg.AssetCheckSpec(
            name=name, asset="accepted_submissions", blocking=True, description="Gate before dbt"
        )
        for name in GATE_CHECKS
    ],
)
def accepted_submissions(
    build: BuildResource,
    archived_files: list[Receipt],
    read_submissions_of_files: list[Submission],
    form_validations: list[FormValidation],
) -> Iterator[dg.MaterializeResult]:
    """Errors hold a submission, warnings are reported; the last accepted one of a key counts."""
    submissions = read_submissions_of_files
    findings = [*file_findings(submissions), *(f for v in form_validations for f in v.findings)]
    errors: dict[int, list[str]] = defaultdict(list)
    for finding in findings:
        if finding.severity == "error" and finding.submission_no is not None:
            errors[finding.submission_no].append(finding.message)
    judged = [_with_reason(submission, errors) for submission in judge(submissions, errors)]
    superseded = {s.submission_no for s in judged if s.status == "superseded"}
    findings = [finding for finding in findings if finding.submission_no not in superseded]
    raised = [f"{v.form}.{result.rule}" for v in form_validations for result in v.raised]
    with open_working(build.place.working_file) as connection:
        load_submissions(connection, judged)
        seen = first_seen(connection)
        frame = finding_frame(findings, owners(connection), seen, build.moment)
        insert(connection, "quality.result", frame)
        insert(connection, "quality.check_run", _check_runs(form_validations))
        checks = gate_before_dbt(
            connection, len(archived_files), cells_as_read(submissions), raised
        )
    Ledger(build.place.ledger).add_verdicts(
        Verdict(s.submission_id, s.status, s.reason_vi, build.build_id, timestamp(build.moment))
        for s in judged
    )
    statuses = Counter(submission.status for submission in judged)
    log("judged", findings=len(findings), **statuses)
    yield dg.MaterializeResult(
        metadata={"findings": len(findings), **statuses},
        check_results=[
            dg.AssetCheckResult(check_name=c.name, passed=c.passed, metadata=dict(c.counted))
            for c in checks
        ],
    )


def _with_reason(submission: Submission, errors: dict[int, list[str]]) -> Submission:
    if submission.rule is None:
        return submission
    return replace(submission, reason_vi=errors[submission.submission_no][0])


def _check_runs(validations: list[FormValidation]) -> pl.DataFrame:
    return check_run_frame(
        ("submissions", v.form, r.rule, r.outcome, r.evaluated, len(r.unexpected))
        for v in validations
        for r in v.results
    )
