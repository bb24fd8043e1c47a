"""Rules through Great Expectations: passed, failed with its rows, or raised: never a false pass."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import polars as pl
import pytest

from expectations import suites
from expectations.gate import (
    MartRule,
    gate_before_dbt,
    gate_before_publishing,
    read_mart_rules,
)
from expectations.suites import RuleResult, validate_residuals
from warehouse.connection import create_working


def frame(**columns: list[float | None]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    return pl.DataFrame(
        {"cell_id": range(count)} | columns,
        schema={"cell_id": pl.Int64} | dict.fromkeys(columns, pl.Float64),
    )


def test_rules_of_one_batch_pass_and_fail_each_for_itself() -> None:
    batch = frame(obeyed=[0.0, 0.0, None], broken=[0.0, 2.5, 0.1], untouched=[None, None, None])
    results = {r.rule: r for r in validate_residuals("f", batch, ["obeyed", "broken", "untouched"])}
    assert results["obeyed"] == RuleResult("obeyed", "passed", 2, ())
    assert results["broken"] == RuleResult("broken", "failed", 3, (1, 2))
    assert results["untouched"] == RuleResult("untouched", "passed", 0, ())


def test_rule_on_a_column_that_does_not_exist_is_raised_and_not_passed() -> None:
    results = {
        r.rule: r for r in validate_residuals("f", frame(there=[0.0, 1.0]), ["there", "absent"])
    }
    assert results["absent"].outcome == "raised"
    assert results["absent"].raised
    assert results["there"].outcome == "failed" and results["there"].unexpected == (1,)


def test_rule_on_a_column_of_text_is_raised_and_not_passed() -> None:
    text = pl.DataFrame({"cell_id": [0, 1], "words": ["a", "b"]})
    [result] = validate_residuals("f", text, ["words"])
    assert result.outcome == "raised"


@pytest.mark.parametrize(
    "lost", [lambda residuals: residuals.astype(str), lambda residuals: residuals.head(1)]
)
def test_what_great_expectations_cannot_look_at_raises_every_rule(
    lost: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = suites._asserted
    monkeypatch.setattr(suites, "_asserted", lambda name, residuals: whole(name, lost(residuals)))
    results = validate_residuals("f", frame(one=[0.0, 0.0], other=[0.0, 3.0]), ["one", "other"])
    assert [(r.outcome, bool(r.raised)) for r in results] == [("raised", True)] * 2


def test_smallest_residual_is_seen() -> None:
    [result] = validate_residuals("f", frame(tiny=[0.0, 1e-300]), ["tiny"])
    assert (result.outcome, result.unexpected) == ("failed", (1,))


def test_negative_residual_breaks_the_rule_too() -> None:
    [result] = validate_residuals("f", frame(below=[-1.0, 0.0]), ["below"])
    assert (result.outcome, result.unexpected) == ("failed", (0,))


def test_empty_batch_passes_without_evaluating_anything() -> None:
    [result] = validate_residuals("f", frame(none=[]), ["none"])
    assert (result.outcome, result.evaluated) == ("passed", 0)


# --- the gates ----------------------------------------------------------------------------------


def test_gate_names_the_rows_that_break_a_mart_rule() -> None:
    rules = [
        MartRule("whole", "Mọi dòng đều khớp.", "from (values ('a', 0), ('b', 0)) t(k, residual)"),
        MartRule("gap", "Có dòng lệch.", "from (values ('a', 0), ('b', 3)) t(k, residual)"),
        MartRule("unsaid", "Dòng không tính được.", "select 7 as k, cast(null as decimal(9, 2))"),
    ]
    with duckdb.connect() as connection:
        found = gate_before_publishing(connection, rules)
    assert [(rule.name, result.outcome, keys) for rule, result, keys in found] == [
        ("whole", "passed", []),
        ("gap", "failed", ["b"]),
        ("unsaid", "failed", ["7"]),
    ]


def test_mart_rules_say_what_they_check_in_one_file_each() -> None:
    rules = read_mart_rules()
    assert len(rules) >= 4
    assert all(rule.says.strip() and "residual" in rule.sql for rule in rules)


@pytest.mark.parametrize(
    ("received", "as_read", "raised", "failed"),
    [
        (0, {}, [], []),
        (1, {}, [], ["every_file_has_an_answer"]),
        (0, {"cells": 5}, [], ["every_cell_was_loaded"]),
        (0, {"total": 7}, [], ["every_cell_was_loaded"]),
        (0, {"rows": 1}, [], ["every_cell_was_loaded"]),
        (0, {"columns": 1}, [], ["every_cell_was_loaded"]),
        (0, {}, ["ls01.totals"], ["no_rule_raised"]),
    ],
)
def test_gate_before_dbt_stops_what_does_not_add_up(
    tmp_path: Path, received: int, as_read: dict[str, int], raised: list[str], failed: list[str]
) -> None:
    with create_working(tmp_path / "w.duckdb") as connection:
        nothing = dict.fromkeys(("cells", "numbers", "total", "rows", "columns"), 0)
        checks = gate_before_dbt(connection, received, nothing | as_read, raised)
    assert [check.name for check in checks if not check.passed] == failed


def test_what_no_rule_asks_for_is_loaded_by_whoever_looks_into_it() -> None:
    """Great Expectations imports it; nobody pays for it, and it works all the same."""
    program = """
        import sys
        from expectations.suites import load
        load()
        import scipy
        from scipy import stats
        print("scipy.stats._stats_py" in sys.modules)
        print(round(stats.norm.cdf(0), 3), scipy.stats is stats)
        print("scipy.stats._stats_py" in sys.modules)
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == ["False", "0.5", "True", "True"]
