"""Which nodes a command of dbt is not given, by what is noted in the working file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.left_out import left_out, selection
from warehouse.connection import create_working
from warehouse.home import Home


def node(kind: str, name: str, *on: str, view: bool = False) -> dict[str, Any]:
    return {
        "resource_type": kind, "name": name, "schema": "main", "fqn": ["kho", name],
        "config": {"materialized": "view" if view else "table"}, "depends_on": {"nodes": [*on]},
    }  # fmt: skip


NODES = {
    "seed.list": node("seed", "list"),
    "model.named": node("model", "named", view=True),
    "model.fact": node("model", "fact"),
    "model.sum": node("model", "sum", "model.fact"),
    "model.sum_of_sums": node("model", "sum_of_sums", "model.sum"),
    "model.other": node("model", "other"),
    "test.fact_is_right": node("test", "fact_is_right", "model.fact"),
    "test.other_is_in_sum": node("test", "other_is_in_sum", "model.other", "model.sum"),
    "test.other_is_right": node("test", "other_is_right", "model.other"),
}
READS = {
    "model.fact": ("raw.cell", "raw.submission"),
    "model.sum": ("main.fact",),
    "model.sum_of_sums": ("main.sum",),
    "model.other": ("raw.period",),
    "test.fact_is_right": ("main.fact",),
    "test.other_is_in_sum": ("main.other", "main.sum"),
    "test.other_is_right": ("main.other",),
}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A working file in which everything stands as it was made."""
    with create_working(Home(tmp_path).working_file) as connection:
        for name in ("list", "fact", "sum", "sum_of_sums", "other"):
            connection.execute(f'create table main."{name}" (a integer)')
        connection.execute("create view main.named as select 1 as a")
        tables = sorted({table for read in READS.values() for table in read})
        connection.executemany(
            "insert into kept.content values (?, '', 'one')", [[table] for table in tables]
        )
        for made, read in READS.items():
            connection.execute("insert into kept.made values (?, 'key', 'b1')", [made])
            connection.executemany(
                "insert into kept.read values (?, ?, '', 'one')", [[made, table] for table in read]
            )
        yield connection


def change(file: duckdb.DuckDBPyConnection, table: str) -> None:
    file.execute("update kept.content set digest = 'two' where table_name = ?", [table])


def test_where_nothing_changed_nothing_is_to_be_done(file: duckdb.DuckDBPyConnection) -> None:
    assert left_out(file, NODES) == set(NODES)


def test_what_reads_another_thing_is_done_and_all_that_reads_what_it_makes(
    file: duckdb.DuckDBPyConnection,
) -> None:
    change(file, "raw.cell")
    assert left_out(file, NODES) == {
        "seed.list", "model.named", "model.other", "test.other_is_right",
    }  # fmt: skip


def test_a_part_that_changed_does_not_change_what_reads_another(
    file: duckdb.DuckDBPyConnection,
) -> None:
    for part in ("a", "b"):
        file.execute("insert into kept.content values ('raw.cell', ?, 'one')", [part])
    file.execute("update kept.read set part = 'a' where table_name = 'raw.cell'")
    other = (
        "update kept.content set digest = 'two' where table_name = 'raw.cell' and part in (?, ?)"
    )
    file.execute(other, ["", "b"])
    assert left_out(file, NODES) == set(NODES)
    file.execute(other, ["", "a"])
    assert "model.fact" not in left_out(file, NODES)


def test_of_what_nothing_is_said_nothing_is_left_out(file: duckdb.DuckDBPyConnection) -> None:
    file.execute("delete from kept.content where table_name = 'raw.period'")
    assert "model.other" not in left_out(file, NODES)
    file.execute("update kept.read set digest = null where table_name = 'raw.period'")
    assert "model.other" not in left_out(file, NODES), "neither then nor now"


def test_a_test_that_did_not_pass_is_run_again(file: duckdb.DuckDBPyConnection) -> None:
    file.execute("delete from kept.made where node = 'test.other_is_right'")
    assert set(NODES) - left_out(file, NODES) == {"test.other_is_right"}


def test_a_table_or_view_that_is_not_there_is_made(file: duckdb.DuckDBPyConnection) -> None:
    file.execute("drop table main.sum")
    file.execute("drop view main.named")
    assert set(NODES) - left_out(file, NODES) == {
        "model.named", "model.sum", "model.sum_of_sums", "test.other_is_in_sum",
    }  # fmt: skip


def test_a_new_file_has_nothing_that_could_be_left_out(tmp_path: Path) -> None:
    with create_working(Home(tmp_path).working_file) as connection:
        left = left_out(connection, NODES)
    assert not left
    assert selection(NODES, left) == []


def test_a_test_is_run_although_a_table_that_it_is_on_is_left_out(
    file: duckdb.DuckDBPyConnection,
) -> None:
    change(file, "raw.cell")
    assert selection(NODES, left_out(file, NODES)) == [
        "--indirect-selection", "empty",
        "--select", "fqn:kho.fact_is_right fqn:kho.other_is_in_sum",
        "--exclude", "fqn:kho.list fqn:kho.named fqn:kho.other",
    ]  # fmt: skip
