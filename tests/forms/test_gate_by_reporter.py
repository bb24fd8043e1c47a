"""The gate looks at the cells and facts of units that hold something else than when they passed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fact_tables import Working, make_base, working_copy

import expectations.gate
from expectations.gate import gate_before_publishing, read_mart_rules
from warehouse.kept_tables import note_contents

RULES = [rule for rule in read_mart_rules() if rule.by_reporter]
ONE, OTHER = "06040", "06073"
Found = dict[str, tuple[str, int, list[str]]]


@pytest.fixture
def working(tmp_path: Path) -> Iterator[Working]:
    """Two communes, each with one figure in a cell and in a fact."""
    with working_copy(make_base(tmp_path / "base.duckdb"), tmp_path / "w.duckdb") as working:
        for unit in (ONE, OTHER):
            submission = working.submission("xa_chi_tieu_nam", "2026", unit)
            _cell(working.connection, submission, 7)
            working.fact("fct_indicator", submission, fact_key=unit, value=7, cell_ref="S!D5")
        yield working


def _cell(connection: Any, submission: str, number: int) -> None:
    [(submission_no, table_no, field)] = connection.execute(
        """
        select submission.submission_no, spec.table_no, spec.field
        from raw.submission as submission
        inner join contract.form_column as spec using (form_code, form_version)
        where submission.submission_id = ? and spec.role = 'value' and spec.period_relation is null
        order by all limit 1
        """,
        [submission],
    ).fetchall()
    for statement, *values in (
        ("insert into raw.sheet_area values (?, 1, ?, 'S')", submission_no, table_no),
        ("insert into raw.sheet_column values (?, 1, 4, ?, null)", submission_no, field),
        ("insert into raw.sheet_row values (?, 1, 5, null)", submission_no),
        (
            "insert into raw.cell (submission_no, area_no, row_no, col_no, state, number)"
            " values (?, 1, 5, 4, 'number', ?)",
            submission_no,
            number,
        ),
    ):
        connection.execute(statement, values)


def gate(working: Working) -> Found:
    note_contents(working.connection, "raw", "contract")
    found = gate_before_publishing(working.connection, RULES)
    return {rule.name: (result.outcome, result.evaluated, keys) for rule, result, keys in found}


def looked_at(working: Working) -> list[str]:
    rows = working.connection.execute("select unit_code from to_look_at order by all").fetchall()
    return [unit for (unit,) in rows]


PASSED = {rule.name: ("passed", 2, []) for rule in RULES}


def test_units_that_hold_the_same_are_counted_and_not_looked_at(working: Working) -> None:
    assert gate(working) == PASSED
    assert looked_at(working) == [ONE, OTHER]
    assert gate(working) == PASSED
    assert looked_at(working) == []


def test_units_are_looked_at_in_turns(working: Working, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations.gate, "SUBMISSIONS_OF_A_TURN", 1)
    working.connection.execute("update fct_indicator set value = 8 where fact_key = ?", [ONE])
    found = gate(working)
    turns = working.connection.execute("select count(distinct turn) from to_look_at").fetchall()
    assert turns == [(2,)]
    assert found["fact_traces_to_cell"] == ("failed", 2, [ONE])
    assert found["accepted_value_reaches_fact"] == ("passed", 2, [])


def test_a_fact_that_left_its_cell_is_found_and_found_again(working: Working) -> None:
    gate(working)
    working.connection.execute("update fct_indicator set value = 8 where fact_key = ?", [OTHER])
    for _ in range(2):  # what failed is not noted as passed, by no rule
        found = gate(working)
        assert found["fact_traces_to_cell"] == ("failed", 2, [OTHER])
        assert looked_at(working) == [OTHER]
    working.connection.execute("update fct_indicator set value = 7 where fact_key = ?", [OTHER])
    assert gate(working) == PASSED


def test_a_cell_whose_fact_is_gone_is_found(working: Working) -> None:
    gate(working)
    working.connection.execute("delete from fct_indicator where fact_key = ?", [ONE])
    found = gate(working)
    assert found["accepted_value_reaches_fact"] == ("failed", 2, ["s101 S!D5"])
    assert looked_at(working) == [ONE]


def test_a_fact_whose_cell_is_gone_is_found(working: Working) -> None:
    gate(working)
    working.connection.execute("update raw.cell set number = null, state = 'blank' where rowid = 0")
    found = gate(working)
    assert found["fact_traces_to_cell"] == ("failed", 2, [ONE])
    assert found["accepted_value_reaches_fact"][0] == "passed"


def test_a_fact_of_a_submission_that_nobody_knows_is_found(working: Working) -> None:
    gate(working)
    working.connection.execute(
        "update fct_indicator set submission_id = '?' where fact_key = ?", [ONE]
    )
    found = gate(working)
    assert found["fact_traces_to_cell"] == ("failed", 2, [ONE])
    assert found["accepted_value_reaches_fact"] == ("failed", 2, ["s101 S!D5"])
    assert looked_at(working) == ["", ONE]


def test_a_unit_that_holds_nothing_any_more_is_counted_no_more(working: Working) -> None:
    gate(working)
    for table in ("fct_indicator", "raw.submission"):
        working.connection.execute(f"delete from {table} where reporter_unit_code = ?", [ONE])
    assert gate(working) == {rule.name: ("passed", 1, []) for rule in RULES}
    assert looked_at(working) == []
