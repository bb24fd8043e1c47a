"""Frames for the quality tables: findings, rules that ran, identities that were evaluated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

import polars as pl

from expectations.findings import Finding, Subject
from expectations.identities import Outcome
from warehouse.acts import (
    EXPLAINED,
    NEVER_RELEASED,
    OPEN,
    RELEASED,
    Act,
    Explained,
    explained,
    releases,
)

FINDING_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "finding_key": pl.String,
    "place_key": pl.String,
    "submission_no": pl.Int32,
    "unit_code": pl.String,
    "form_code": pl.String,
    "period_key": pl.String,
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
    "state": pl.String,
}


def first_seen(connection: Any) -> dict[str, datetime]:
    """When each finding that is still open was first published: by its own key, and by that of
    its place, which a file that was sent again keeps."""
    return dict(
        connection.execute(
            """
            with open_finding as (select * from history.finding where closed_at is null)
            select finding_key, min(first_seen) from open_finding group by all
            union all
            select json_extract_string(row_json, '$.place_key') as place_key, min(first_seen)
            from open_finding group by all having place_key is not null
            """
        ).fetchall()
    )


class Owner(NamedTuple):
    """The submission that findings are on: its id, its file, and whose it is."""

    submission_id: str
    file_path: str
    subject: Subject


def owners(connection: Any) -> dict[int, Owner]:
    """The submissions in raw.submission by number."""
    rows = connection.execute(
        """
        select submission_no, submission_id, file_path, reporter_unit_code, form_code, period_key
        from raw.submission
        """
    ).fetchall()
    return {number: Owner(id_, path, Subject(*whose)) for number, id_, path, *whose in rows}


def finding_frame(
    findings: Iterable[Finding],
    owners: Mapping[int, Owner],
    seen: Mapping[str, datetime],
    as_of: datetime,
) -> pl.DataFrame:
    """quality.result; a finding that says the same of the same place twice stands once."""
    rows: dict[str, dict[str, Any]] = {}
    for finding in findings:
        owner = owners[finding.submission_no] if finding.submission_no is not None else None
        subject = finding.subject or (owner.subject if owner is not None else None)
        if subject is None:
            raise ValueError(f"nobody's finding: {finding.rule}")
        if owner is not None and subject.form_code is None:  # a file that could not be read
            finding = replace(finding, place=(owner.file_path, finding.sheet or ""))
        place_key = finding.place_key(subject)
        key = finding.key(owner.submission_id if owner is not None else place_key)
        rows[key] = {
            "finding_key": key,
            "place_key": place_key,
            "submission_no": finding.submission_no,
            "unit_code": subject.unit_code,
            "form_code": subject.form_code,
            "period_key": subject.period_key,
            "rule": finding.rule,
            "severity": finding.severity,
            "sheet": finding.sheet,
            "cell_ref": finding.cell_ref,
            "cells": list(finding.cells),
            "value": finding.value,
            "expected": finding.expected,
            "message": finding.message,
            "fix": finding.fix,
            "first_seen": seen.get(key) or seen.get(place_key) or as_of,
            "state": OPEN,
        }
    return pl.DataFrame(list(rows.values()), schema=FINDING_SCHEMA)


def with_explained(frame: pl.DataFrame, accepted: Explained) -> pl.DataFrame:
    """quality.result, with the findings quiet whose explanation was accepted."""
    if not accepted.said:
        return frame
    said = zip(frame["place_key"], frame["value"], frame["expected"], strict=True)
    quiet = pl.Series([accepted.covers(*each) for each in said], dtype=pl.Boolean)
    return frame.with_columns(
        pl.when(quiet).then(pl.lit(EXPLAINED)).otherwise("state").alias("state")
    )


def with_released(frame: pl.DataFrame, released: Collection[int]) -> pl.DataFrame:
    """quality.result, with the errors marked that a release put up with, by submission number."""
    is_released = (
        (pl.col("severity") == "error")
        & (pl.col("state") == OPEN)
        & pl.col("submission_no").is_in(list(released))
    )
    return frame.with_columns(
        pl.when(is_released).then(pl.lit(RELEASED)).otherwise("state").alias("state")
    )


def put_up_with(
    acts: Sequence[Act], day: date, owners: Mapping[int, Owner]
) -> Callable[[Finding], bool]:
    """Whether people have accepted a finding on a submission in `owners`: its explanation, or the
    release of the submission. What no reason can release never is."""
    released, accepted = releases(acts, day), explained(acts)

    def is_accepted(finding: Finding) -> bool:
        owner = owners[finding.submission_no or 0]
        if owner.submission_id in released and finding.rule not in NEVER_RELEASED:
            return True
        place_key = finding.place_key(finding.subject or owner.subject)
        return accepted.covers(place_key, finding.value, finding.expected)

    return is_accepted


def open_errors(frame: pl.DataFrame, column: str = "message") -> dict[int, list[str]]:
    """What holds each submission, by its number: the messages (or another column) of its errors
    that are not explained."""
    found: dict[int, list[str]] = {}
    errors = frame.filter(
        (pl.col("severity") == "error")
        & (pl.col("state") == OPEN)
        & pl.col("submission_no").is_not_null()
    )
    for number, text in errors.select("submission_no", column).iter_rows():
        found.setdefault(number, []).append(text)
    return found


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
