"""Suites that run in processes of their own: the same results, and no silence where one ends."""

from __future__ import annotations

import shutil
import signal
import sys

import polars as pl
import pytest

from expectations import beside
from expectations.suites import validate_residuals

FRAME = pl.DataFrame(
    {"cell_id": [1, 2, 3], "obeyed": [0.0, None, 0.0], "broken": [0.0, 2.0, None], "words": "x"}
)


def test_a_suite_beside_finds_what_it_finds_here_and_what_raised_comes_back_as_raised() -> None:
    rules = ["obeyed", "broken", "words", "absent"]
    here = validate_residuals("f", FRAME, rules)
    with beside.validators(2):
        there = validate_residuals("f", FRAME, rules)
    assert beside.running() is None
    assert [(r.rule, r.outcome, r.evaluated, r.unexpected) for r in there] == [
        (r.rule, r.outcome, r.evaluated, r.unexpected) for r in here
    ]
    assert [r.outcome for r in there] == ["passed", "failed", "raised", "raised"]


def test_a_process_that_ends_is_replaced_once_and_then_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with beside.validators(1):
        started = beside.running()
        assert started is not None
        with pytest.raises(RuntimeError, match="ColumnNotFoundError"):
            started.validate("f", {"obeyed": FRAME.select("cell_id")})
        assert [r.outcome for r in validate_residuals("f", FRAME, ["obeyed"])] == ["passed"]
        killed = started.process
        killed.kill()
        assert [r.outcome for r in validate_residuals("f", FRAME, ["obeyed"])] == ["passed"]
        other = started.process
        assert killed.returncode is not None and other is not killed
        monkeypatch.setattr(sys, "executable", shutil.which("false"))
        other.kill()
        with pytest.raises(RuntimeError, match="f: the process of Great Expectations ended"):
            validate_residuals("f", FRAME, ["obeyed"])
    assert other.returncode is not None and started.process.returncode is not None


class Killing:
    """Kills whoever unpickles it."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return signal.raise_signal, (signal.SIGKILL,)


def test_a_suite_whose_process_is_killed_costs_no_other() -> None:
    with beside.validators(1):
        started = beside.running()
        assert started is not None
        process = started.process
        with pytest.raises(RuntimeError, match="f: the process of Great Expectations ended"):
            started.validate("f", {Killing(): FRAME.select("cell_id")})  # type: ignore[dict-item]
        assert [r.outcome for r in validate_residuals("f", FRAME, ["obeyed"])] == ["passed"]
        assert started.process is process
