"""The gate's totals stay exact whatever one sender types: they neither overflow nor round."""

from __future__ import annotations

from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from expectations.gate import gate_before_dbt
from ingest.load import EXACT_DIGITS
from warehouse.connection import create_working

LARGEST = Decimal("9999999999999999999999999.999999999999")  # what one cell may hold


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("change", "passed"), [("0", True), ("0.000000000001", False)])
def test_total_of_many_largest_numbers_is_exact(
    tmp_path: Path, sign: int, change: str, passed: bool
) -> None:
    numbers = [LARGEST.copy_negate() if sign < 0 else LARGEST] * 40 + [Decimal("0.000000000001")]
    with create_working(tmp_path / "w.duckdb") as connection:
        for row, number in enumerate(numbers):
            connection.execute(
                "insert into raw.cell (submission_no, area_no, row_no, col_no, state, number) "
                "values (1, 1, ?, 1, 'number', ?)",
                [row, number],
            )
        with localcontext(prec=EXACT_DIGITS):
            total = sum(numbers, Decimal(0)) + Decimal(change)
        read = {
            "cells": len(numbers),
            "numbers": len(numbers),
            "total": total,
            "rows": 0,
            "columns": 0,
        }
        checks = {check.name: check.passed for check in gate_before_dbt(connection, 0, read, [])}
    assert checks["every_cell_was_loaded"] is passed
