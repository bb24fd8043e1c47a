"""Who reads the cells of few submissions names them, for its own connection alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fact_tables import make_base, working_copy

SUBMISSIONS = 3
CELLS = "select submission_no from raw.cell_named order by all"


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    """Three submissions of one commune with a cell each."""
    with working_copy(make_base(tmp_path / "base.duckdb"), tmp_path / "w.duckdb") as working:
        for year in range(2024, 2024 + SUBMISSIONS):
            working.submission("xa_chi_tieu_nam", str(year), "06040")
        for table, values in {
            "sheet_area": "1, 1, 'S'",
            "sheet_column": "1, 4, 'value', null",
            "sheet_row": "1, 5, null",
        }.items():
            working.connection.execute(
                f"insert into raw.{table} select submission_no, {values} from raw.submission"
            )
        working.connection.execute(
            "insert into raw.cell (submission_no, area_no, row_no, col_no, state)"
            " select submission_no, 1, 5, 4, 'blank' from raw.submission"
        )
        yield working.connection


def _cells(connection: Any) -> list[int]:
    return [number for (number,) in connection.execute(CELLS).fetchall()]


def test_where_none_is_named_the_cells_of_all_are_read(connection: Any) -> None:
    assert len(_cells(connection)) == SUBMISSIONS


def test_of_those_that_are_named_only_theirs(connection: Any) -> None:
    first, _, last = _cells(connection)
    connection.execute("set variable only_submissions = ?::integer[]", [[first, last]])
    assert _cells(connection) == [first, last]
    connection.execute("reset variable only_submissions")
    assert len(_cells(connection)) == SUBMISSIONS


def test_another_connection_reads_all(connection: Any) -> None:
    connection.execute("set variable only_submissions = [1]")
    assert len(_cells(connection.cursor())) == SUBMISSIONS


def test_what_is_named_counts_for_a_view_that_reads_the_cells(connection: Any) -> None:
    connection.execute("create view number_of_cells as select count(*) as n from raw.cell_named")
    first = _cells(connection)[0]
    connection.execute("set variable only_submissions = ?::integer[]", [[first]])
    assert connection.execute("select n from number_of_cells").fetchall() == [(1,)]


@pytest.mark.parametrize(("count", "is_named"), [(0, False), (5000, True), (5001, False)])
def test_few_are_named_and_none_or_many_are_not(
    connection: Any, count: int, is_named: bool
) -> None:
    [(named,)] = connection.execute(
        "select kept.if_few(list(n)) from range(?) as of (n)", [count]
    ).fetchall()
    assert (named is not None) == is_named


def test_where_none_is_named_nothing_is_left_of_the_question(connection: Any) -> None:
    first, _, last = _cells(connection)
    assert "Filter" not in _plan(connection)
    connection.execute("set variable only_submissions = ?::integer[]", [[first, last]])
    assert "Filter" in _plan(connection)


def _plan(connection: Any) -> str:
    [(_, plan)] = connection.execute(f"explain {CELLS}").fetchall()
    return str(plan)
