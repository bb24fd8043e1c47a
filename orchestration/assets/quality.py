"""Stage 2: validate form by form, accept or hold, and the blocking gate in front of dbt."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import dagster as dg
import polars as pl

from expectations.gate import gate_before_dbt
from expectations.kept_validations import Validations
from expectations.validate import FormValidation, file_findings
from ingest.contract import all_contracts
from ingest.corrections import failed_corrections
from ingest.load import cells_as_read, cells_of, insert, load_submissions
from ingest.register import SUPERSEDED, Submission, judge
from orchestration.logs import log
from orchestration.measured import measured
from orchestration.resources import IN_MEMORY, BuildResource
from orchestration.second_try import tried_again
from orchestration.several import counted, several
from warehouse.act_table import act_frame
from warehouse.acts import (
    Act,
    bearing_on_findings,
    corrections,
    explained,
    refused_releases,
    releases,
)
from warehouse.connection import open_working
from warehouse.kept_tables import FILLED, note_contents
from warehouse.ledger import Ledger, Receipt, Verdict, timestamp
from warehouse.results import (
    check_run_frame,
    finding_frame,
    first_seen,
    open_errors,
    owners,
    put_up_with,
    with_explained,
    with_released,
)

GROUP = "quality"
_FORMS = {contract.form: contract.title for contract in all_contracts()}
GATE_CHECKS = ("every_file_has_an_answer", "every_cell_was_loaded", "no_rule_raised")
ACTS_CHECK = "acts_of_people_apply"


@dg.asset(
    group_name=GROUP,
    io_manager_key=IN_MEMORY,
    kinds={"great_expectations"},
    deps=["raw_cells"],
    dagster_type=dg.Any,  # with check_specs a result is taken for one without a value
    check_specs=[
        dg.AssetCheckSpec(
            name=form,
            asset="form_validations",
            description=f"Great Expectations, every rule of the contract of: {title}",
        )
        for form, title in sorted(_FORMS.items())
    ],
)
@measured
@tried_again
def form_validations(
    build: BuildResource,
    read_submissions_of_files: list[Submission],
    acts_of_people: list[Act],
) -> dg.MaterializeResult:
    """One Great Expectations batch a form: types, ranges, allowed values, totals."""
    contracts = {contract.id: contract for contract in all_contracts()}
    with open_working(build.place.working_file, "250MB") as connection:
        validations, run = Validations(build.place.validations).validate(
            contracts,
            read_submissions_of_files,
            partial(cells_of, connection),
            build.moment.date(),
            bearing_on_findings(acts_of_people, build.moment.date()),
            put_up_with(acts_of_people, build.moment.date(), owners(connection)),
            anew=build.full,
        )
    log("validated", forms=len(validations), run=len(run))
    by_form: dict[str, list[FormValidation]] = defaultdict(list)
    for validation in validations:
        by_form[validation.form].append(validation)
    return dg.MaterializeResult(
        value=validations,
        metadata={
            "forms": len(validations),
            "forms_run": len(run),
            "which_forms_run": several(run, len(run)),
            "rules": sum(len(v.results) for v in validations),
        },
        check_results=[_form_check(form, by_form.get(form, [])) for form in sorted(_FORMS)],
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
            "by_rule": counted(rules),
            "sample_cells": several([f.cell_ref or f.sheet or "" for f in findings]),
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
    ]
    + [
        dg.AssetCheckSpec(
            name=ACTS_CHECK,
            asset="accepted_submissions",
            description="Every correction and release applies to the submission that it is about",
        )
    ],
)
@measured
@tried_again
def accepted_submissions(
    build: BuildResource,
    archived_files: list[Receipt],
    read_submissions_of_files: list[Submission],
    form_validations: list[FormValidation],
    acts_of_people: list[Act],
) -> Iterator[dg.MaterializeResult]:
    """Errors hold a submission unless they are explained or it is released; warnings are reported;
    the last accepted one of a key counts."""
    submissions, acts, day = read_submissions_of_files, acts_of_people, build.moment.date()
    findings = [*file_findings(submissions), *(f for v in form_validations for f in v.findings)]
    raised = [f"{v.form}.{result.rule}" for v in form_validations for result in v.raised]
    with open_working(build.place.working_file) as connection:
        frame = finding_frame(findings, owners(connection), first_seen(connection), build.moment)
        frame = with_explained(frame, explained(acts))
        errors, rules = open_errors(frame), open_errors(frame, "rule")
        in_force = releases(acts, day)
        rules_of = {s.submission_id: rules.get(s.submission_no, ()) for s in submissions}
        refused = refused_releases(in_force, rules_of)
        in_force = {key: act for key, act in in_force.items() if act.act_no not in refused}
        says = {key: release.says_vi for key, release in in_force.items()}
        judged = [_with_reason(s, errors) for s in judge(submissions, errors, says)]
        load_submissions(connection, judged)
        superseded = [s.submission_no for s in judged if s.status == SUPERSEDED]
        released = {s.submission_no for s in judged if s.submission_id in in_force}
        frame = with_released(frame, released).filter(
            ~pl.col("submission_no").is_in(superseded).fill_null(False)
        )
        insert(connection, "quality.result", frame)
        insert(connection, "quality.check_run", _check_runs(form_validations))
        failed = refused | failed_corrections(connection, corrections(acts), judged)
        insert(connection, "raw.act", act_frame(acts, day, failed))
        note_contents(connection, *FILLED)
        checks = gate_before_dbt(
            connection, len(archived_files), cells_as_read(submissions), raised
        )
    build_id, at = build.build_id, timestamp(build.moment)
    Ledger(build.place.ledger).add_verdicts(
        Verdict(s.submission_id, s.status, s.reason_vi, build_id, at) for s in judged
    )
    statuses = Counter(submission.status for submission in judged)
    log("judged", findings=len(frame), **statuses)
    yield dg.MaterializeResult(
        metadata={"findings": len(frame), **statuses},
        check_results=[
            *(
                dg.AssetCheckResult(check_name=c.name, passed=c.passed, metadata=dict(c.counted))
                for c in checks
            ),
            # what the source says now is right to publish; nobody may overlook it all the same
            dg.AssetCheckResult(
                check_name=ACTS_CHECK,
                passed=not failed,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={str(number): sentence for number, sentence in failed.items()},
            ),
        ],
    )


def _with_reason(submission: Submission, errors: dict[int, list[str]]) -> Submission:
    if submission.rule is None:
        return submission
    return replace(submission, reason_vi=errors[submission.submission_no][0])


def _check_runs(validations: list[FormValidation]) -> pl.DataFrame:
    return check_run_frame(
        ("submissions", v.form, r.rule, r.outcome, r.evaluated, r.broken)
        for v in validations
        for r in v.results
    )
