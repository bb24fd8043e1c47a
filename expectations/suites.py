"""Great Expectations suites: one expectation a rule, over precomputed residuals.

Great Expectations costs some 12 ms an expectation whatever the row count, so the residuals of all
rows are computed first (residuals.py) and each rule is one expectation: its residual is 0.
Imported lazily: loading the library costs seconds. In a night, processes that have it loaded run
the suites (beside.py).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from expectations import beside


@dataclass(frozen=True)
class RuleResult:
    """One rule on one batch. outcome: passed | failed | raised; `unexpected` are cell ids."""

    rule: str
    outcome: str
    evaluated: int
    unexpected: tuple[int, ...]
    raised: str | None = None


def load() -> Any:
    """Great Expectations itself."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations
    return gx


def _context() -> Any:
    gx = load()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


def validate_residuals(subject: str, frame: pl.DataFrame, rules: Iterable[str]) -> list[RuleResult]:
    """Assert that every rule's residual column is 0 wherever it is not null.

    `frame` has `cell_id` and one Float64 column a rule. A rule whose expectation raised an
    exception comes back as `raised`: that is a failure, never a pass.
    """
    rules = list(rules)
    others = beside.running()
    if others is not None:
        return others.validate(subject, frame, rules)
    context = _context()
    import great_expectations.expectations as gxe

    batch = (
        context.data_sources.add_pandas(name="build")
        .add_dataframe_asset(name=subject)
        .add_batch_definition_whole_dataframe("all_submissions")
        .get_batch({"dataframe": frame.to_pandas()})
    )
    results = []
    suite = context.suites.add(_suite(subject, rules, gxe))
    validation = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["cell_id"],
        },
    )
    by_rule = {result.expectation_config.kwargs["column"]: result for result in validation.results}
    for rule in rules:
        results.append(_result(rule, by_rule.get(rule)))
    return results


def _suite(subject: str, rules: list[str], gxe: Any) -> Any:
    from great_expectations import ExpectationSuite

    return ExpectationSuite(
        name=subject,
        expectations=[
            gxe.ExpectColumnValuesToBeBetween(
                column=rule, min_value=0, max_value=0, meta={"rule": rule}
            )
            for rule in rules
        ],
    )


def _result(rule: str, result: Any) -> RuleResult:
    if result is None:
        return RuleResult(rule, "raised", 0, (), "no result came back")
    exception = result.exception_info or {}
    raised = exception.get("raised_exception")
    if raised is None:  # one entry a metric when something raised
        raised = any(
            isinstance(entry, dict) and entry.get("raised_exception")
            for entry in exception.values()
        )
    if raised:
        return RuleResult(rule, "raised", 0, (), str(exception)[:500])
    details = result.result
    evaluated = int(details["element_count"]) - int(details["missing_count"])
    unexpected = tuple(
        int(entry["cell_id"]) for entry in details.get("unexpected_index_list") or ()
    )
    if not result.success and not unexpected:
        return RuleResult(rule, "raised", evaluated, (), "failed without naming a row")
    return RuleResult(rule, "passed" if result.success else "failed", evaluated, unexpected)
