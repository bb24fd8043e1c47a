"""Frames for the quality tables: findings, rules that ran, identities that were evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from expectations.findings import Finding
from expectations.identities import Outcome

FINDING_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "finding_key": pl.String,
    "submission_no": pl.Int32,
    "rule": pl.String,
    "severity": pl.String,
    "sheet": pl.String,
    "cell_ref": pl.String,
    "cells": pl.List(pl.String),
    "value": pl.String,
    "expected": pl.String,
    "message": pl.String,
    "fix": pl.String,
    "first_seen": pl.Datetime("us"),
}


def first_seen(connection: Any) -> dict[str, datetime]:
    """When each finding that is still open was first published."""
    return dict(
        connection.execute(
            "select finding_key, first_seen from history.finding where closed_at is null"
        ).fetchall()
    )


def finding_frame(
    findings: Iterable[Finding],
    submission_ids: Mapping[int, str],
    seen: Mapping[str, datetime],
    as_of: datetime,
) -> pl.DataFrame:
    """quality.result; a finding that says the same of the same place twice stands once."""
    rows: dict[str, dict[str, Any]] = {}
    for finding in findings:
        key = finding.key(submission_ids[finding.submission_no])
        rows[key] = {
            "finding_key": key,
            "submission_no": finding.submission_no,
            "rule": finding.rule,
            "severity": finding.severity,
            "sheet": finding.sheet,
            "cell_ref": finding.cell_ref,
            "cells": list(finding.cells),
            "value": finding.value,
            "expected": finding.expected,
            "message": finding.message,
            "fix": finding.fix,
            "first_seen": seen.get(key, as_of),
        }
    return pl.DataFrame(list(rows.values()), schema=FINDING_SCHEMA)


def check_run_frame(rows: Iterable[tuple[str, str, str, str, int, int]]) -> pl.DataFrame:
    """quality.check_run: gate, subject, rule, outcome, evaluated, unexpected."""
    return pl.DataFrame(
        list(rows),
        schema={
            "gate": pl.String,
            "subject": pl.String,
            "rule": pl.String,
            "outcome": pl.String,
            "evaluated": pl.Int64,
            "unexpected": pl.Int64,
        },
        orient="row",
    )


def identity_frame(outcomes: Iterable[Outcome]) -> pl.DataFrame:
    """quality.identity_result."""
    return pl.DataFrame(
        [
            {
                "identity_code": outcome.identity.code,
                "says_vi": outcome.identity.says,
                "outcome": outcome.outcome,
                "residual_low": outcome.residual.low if outcome.residual else None,
                "residual_high": outcome.residual.high if outcome.residual else None,
                "facts": [figure.fact_key for _, figure in outcome.figures],
            }
            for outcome in outcomes
        ],
        schema={
            "identity_code": pl.String,
            "says_vi": pl.String,
            "outcome": pl.String,
            "residual_low": pl.Float64,
            "residual_high": pl.Float64,
            "facts": pl.List(pl.String),
        },
    )
