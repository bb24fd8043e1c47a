"""Rules between forms, and plan rules that need more than one form: SQL on the finished facts.

A rule's file (rules/plan, rules/forms) gives the SQL. It returns one row a place looked at:
`submission_no` and `cell_ref` (`Sheet!B12`) of the cell that the finding is on, `cells` of the same
submission, `value` as it reads there, `residual` (0 obeys), and what else fills the sentence. What
several senders state is a row for each of them, with that sender's cells. What was not sent has
`unit_code`, `form_code` and `period_key` instead of a submission. Verdicts are made by then, so
these rules only warn. Great Expectations asserts the residuals, in one batch for all rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from expectations.findings import Finding, Subject, compose
from expectations.numbers import vietnamese
from expectations.rule_files import Rule
from expectations.suites import RuleResult, validate_residuals
from ingest import reference

# what rules read besides the facts: cells of accepted submissions, and what has come in whole
_VIEWS = (Path(__file__).with_name("rules") / "cross_rules.sql").read_text(encoding="utf-8")
_OWN = ("submission_no", "unit_code", "form_code", "period_key", "cell_ref", "cells", "residual")


@dataclass(frozen=True)
class CrossResult:
    """What one rule gave: its result, and a finding for every place that breaks it."""

    rule: Rule
    result: RuleResult
    findings: tuple[Finding, ...]


def check_between_forms(
    connection: Any, rules: Iterable[Rule], as_of: datetime
) -> list[CrossResult]:
    """Run the rules with SQL on the working file, after its facts are built.

    A rule whose SQL, or whose expectation, raised comes back as `raised`.
    """
    looked = [rule for rule in rules if rule.sql is not None and rule.is_on]
    if not looked:
        return []
    connection.execute(_VIEWS)
    rows: list[tuple[Rule, Mapping[str, Any]]] = []
    raised: dict[str, str] = {}
    for rule in looked:
        try:
            rows += [(rule, row) for row in _rows(connection, rule, as_of)]
        except duckdb.Error as error:
            raised[rule.id] = str(error)[:500]
    results = _asserted(looked, rows)
    return [
        CrossResult(rule, RuleResult(rule.id, "raised", 0, (), raised[rule.id]), ())
        if rule.id in raised
        else _with_findings(rule, results[rule.id], rows)
        for rule in looked
    ]


def _rows(connection: Any, rule: Rule, as_of: datetime) -> list[dict[str, Any]]:
    """What the SQL of a rule returns, a row a place."""
    inputs: dict[str, Any] = {
        "province": reference.province_code(),
        "as_of": as_of.date(),
        "scope_unit": str(rule.value(rule.scope)) if rule.scope else reference.province_code(),
    }
    given = {name: inputs[name] if name in inputs else _number(rule.value(name))
             for name in rule.sql_names}  # fmt: skip
    found = connection.execute(rule.sql, given) if given else connection.execute(rule.sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _number(value: str | int | Decimal) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _asserted(
    rules: Sequence[Rule], rows: Sequence[tuple[Rule, Mapping[str, Any]]]
) -> dict[str, RuleResult]:
    """One Great Expectations batch: a row a place, a column a rule."""
    columns: dict[str, list[float | None]] = {rule.id: [None] * len(rows) for rule in rules}
    for number, (rule, row) in enumerate(rows):
        columns[rule.id][number] = float(row["residual"])
    frame = pl.DataFrame(
        {"cell_id": range(len(rows)), **columns},
        schema={"cell_id": pl.Int64} | dict.fromkeys(columns, pl.Float64),
    )
    results = validate_residuals("between_forms", frame, columns)
    return {result.rule: result for result in results}


def _with_findings(
    rule: Rule, result: RuleResult, rows: Sequence[tuple[Rule, Mapping[str, Any]]]
) -> CrossResult:
    return CrossResult(
        rule, result, tuple(_finding(rule, rows[number][1]) for number in result.unexpected)
    )


def _finding(rule: Rule, row: Mapping[str, Any]) -> Finding:
    sheet, _, cell = (row.get("cell_ref") or "").rpartition("!")
    detail = {name: _words(value) for name, value in row.items() if name not in (*_OWN, "value")}
    cells = tuple(dict.fromkeys(filter(None, [row.get("cell_ref"), *(row.get("cells") or ())])))
    detail.setdefault("cells", ", ".join(address.rpartition("!")[2] for address in cells))
    number = row.get("submission_no")
    return compose(
        rule.id,
        number,
        sheet=sheet or None,
        cell=cell or None,
        cells=cells,
        value=_words(row["value"]) if row.get("value") is not None else None,
        detail=detail,
        place=tuple(_words(row[name]) for name in ("place",) if row.get(name) is not None),
        subject=None
        if number is not None
        else Subject(row["unit_code"], row.get("form_code"), row.get("period_key")),
    )


def _words(value: Any) -> str:
    """A value of SQL as a sentence says it."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int | Decimal):
        return vietnamese(Decimal(value).normalize())
    if isinstance(value, float):
        return vietnamese(float(f"{value:.10g}"))
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value)
