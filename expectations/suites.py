"""Great Expectations suites: one expectation a batch, over precomputed residuals.

Great Expectations costs some 12 to 25 ms an expectation whatever the row count, so the residuals of
all rules are computed first (residuals.py) and stand in one column, a row for each rule and cell
that it looks at: every one is expected to be 0, and those that are not say whose they are.
Imported lazily: loading the library costs seconds. In a night, processes that have it loaded run
the suites (beside.py).
"""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import polars as pl

from expectations import beside

RESIDUAL = "residual"


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
    # a quarter of all that it loads, for tests of distributions that no rule here asks for
    _load_when_used("scipy.stats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations
    return gx


def _load_when_used(name: str) -> None:
    """Have a module of a package loaded by whoever first looks into it, not by who imports it."""
    package, _, module_name = name.rpartition(".")
    if name in sys.modules or (spec := importlib.util.find_spec(name)) is None:
        return
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    setattr(sys.modules[package], module_name, module)
    spec.loader.exec_module(module)


def _context() -> Any:
    gx = load()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


def validate_residuals(subject: str, frame: pl.DataFrame, rules: Iterable[str]) -> list[RuleResult]:
    """Assert that every rule's residual is 0 wherever it is not null.

    `frame` has `cell_id` and one Float64 column a rule. What Great Expectations could not evaluate
    comes back as `raised`: that is a failure, never a pass.
    """
    rules = list(rules)
    unusable = {rule: says for rule in rules if (says := _unusable(frame, rule))}
    looked_at = {rule: _looked_at(frame, rule) for rule in rules if rule not in unusable}
    found = {result.rule: result for result in validate_looked_at(subject, looked_at)}
    return [
        found[rule] if rule in found else RuleResult(rule, "raised", 0, (), unusable[rule])
        for rule in rules
    ]


def validate_looked_at(subject: str, looked_at: Mapping[str, pl.DataFrame]) -> list[RuleResult]:
    """The same of residuals by rule: `cell_id` and `residual` (Float64) of each cell that the rule
    looks at. Most rules look at few, so that this is a fraction of a column for each."""
    if not looked_at:
        return []
    others = beside.running()
    if others is not None:
        return others.validate(subject, looked_at)
    return _evaluated(subject, looked_at)


def _unusable(frame: pl.DataFrame, rule: str) -> str | None:
    """Why a rule's residuals cannot be looked at."""
    if rule not in frame.columns:
        return f"no column {rule}"
    if not frame.schema[rule].is_numeric():
        return f"column {rule} is {frame.schema[rule]}, not a number"
    return None


def _evaluated(subject: str, looked_at: Mapping[str, pl.DataFrame]) -> list[RuleResult]:
    """One run of Great Expectations for all rules of a batch: their residuals below each other."""
    ends = list(accumulate(part.height for part in looked_at.values()))
    count = ends[-1]
    places = pl.concat(part["cell_id"] for part in looked_at.values())
    residuals = pl.concat(part.select(RESIDUAL) for part in looked_at.values()).to_pandas()
    result = _asserted(subject, residuals)
    raised = _raised(result, count)
    if raised is not None:
        return [RuleResult(rule, "raised", 0, (), raised) for rule in looked_at]
    broken: dict[int, list[int]] = defaultdict(list)
    for row in result.result.get("unexpected_index_list") or ():
        broken[bisect_right(ends, row)].append(int(places[row]))
    return [
        RuleResult(
            rule, "failed" if broken[number] else "passed", end - start, tuple(broken[number])
        )
        for number, (rule, start, end) in enumerate(zip(looked_at, [0, *ends], ends, strict=False))
    ]


def _asserted(subject: str, residuals: Any) -> Any:
    """What Great Expectations says of residuals, a pandas frame of one column."""
    context = _context()
    import great_expectations as gx
    import great_expectations.expectations as gxe

    batch = (
        context.data_sources.add_pandas(name="build")
        .add_dataframe_asset(name=subject)
        .add_batch_definition_whole_dataframe("all_submissions")
        .get_batch({"dataframe": residuals})
    )
    expected = gxe.ExpectColumnValuesToBeBetween(column=RESIDUAL, min_value=0, max_value=0)
    validation = batch.validate(
        context.suites.add(gx.ExpectationSuite(name=subject, expectations=[expected])),
        result_format="COMPLETE",
    )
    [result] = validation.results
    return result


def _looked_at(frame: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The cells that a rule looks at, each with its residual."""
    found = frame.select("cell_id", pl.col(rule).cast(pl.Float64).alias(RESIDUAL))
    return found.drop_nulls(RESIDUAL)


def _raised(result: Any, count: int) -> str | None:
    """Why a result is none: an exception, or not all was looked at, or it names no row."""
    exception = result.exception_info or {}
    is_raised = exception.get("raised_exception")
    if is_raised is None:  # one entry a metric when something raised
        is_raised = any(
            isinstance(entry, dict) and entry.get("raised_exception")
            for entry in exception.values()
        )
    if is_raised:
        return str(exception)[:500]
    details = result.result
    evaluated = int(details["element_count"]) - int(details["missing_count"])
    if evaluated != count:
        return f"{evaluated} of {count} residuals were looked at"
    if not result.success and not details.get("unexpected_index_list"):
        return "failed without naming a row"
    return None
