"""Of rows of sheets, observations and facts only the parts that are other ones are made again
(kept.sql)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warm_dbt import DBT_FOLDER
from tests.integration.conftest import Built
from tests.integration.dbt_builds import dbt_build
from warehouse.home import Home
from warehouse.kept_tables import note_contents

OBSERVATIONS = "intermediate.int_observation__conformed"
SAID_BY_ROWS = "staging.stg_raw__row_dimension"
DATES = "intermediate.int_milestone__dated"
CELLS = "intermediate.int_project__cell"
TABLES = (
    SAID_BY_ROWS, DATES, CELLS, OBSERVATIONS,
    "fct_budget", "fct_investment", "mart_budget_execution",
)  # fmt: skip
NAMES = [table.rpartition(".")[2] for table in TABLES]
MARKED = "đã đánh dấu"
Build = Callable[..., dict[str, str]]


@pytest.fixture
def file(clean: Built, tmp_path: Path) -> Path:
    """The working file of a province of three communes, in a home that a test may change."""
    shutil.copytree(clean.home, tmp_path / "home", symlinks=True)
    return Home(tmp_path / "home").working_file


@pytest.fixture
def build(file: Path, tmp_path: Path) -> Build:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_FOLDER, project, ignore=shutil.ignore_patterns("target", "logs"))
    return partial(dbt_build, project, file.parent, "--select", *NAMES)


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def change(file: Path, *statements: str) -> None:
    """Change what was read, as another workbook would."""
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        note_contents(connection, "raw")


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the tables, and what is said of their contents."""
    assert asked(file, "select * from kept.wanted") == []
    tables = [table if "." in table else f"main.{table}" for table in TABLES]
    said = asked(
        file, f"select * from kept.content where table_name in {tuple(tables)} order by all"
    )
    assert {table for table, *_ in said} == set(tables)
    found = {table: asked(file, f"select * from {table} order by all") for table in TABLES}
    return {**found, "kept.content": said}


def communes(file: Path) -> list[str]:
    found = asked(
        file,
        "select distinct reporter_unit_code from raw.submission where form_code = 'xa_thu_nsnn' "
        "order by 1",
    )
    return [str(unit) for (unit,) in found]


def submission_of(unit: str) -> str:
    return f"""
        select max(submission_no) from raw.submission
        where reporter_unit_code = '{unit}' and form_code = 'xa_thu_nsnn' and status = 'accepted'
    """


ANOTHER_NUMBER = "update raw.cell set number = number + 1 where submission_no in ({submission})"
HELD = "update raw.submission set status = 'held' where submission_no in ({submission})"


@pytest.mark.parametrize("changed", [ANOTHER_NUMBER, HELD])
def test_what_is_made_in_parts_is_as_if_all_were_made(
    changed: str, file: Path, build: Build
) -> None:
    [one, *_] = communes(file)
    before = rows(file)
    change(file, changed.format(submission=submission_of(one)))
    became = build()
    assert [name for name in NAMES if became[name] != "OK"] == ["fct_investment"]
    in_parts = rows(file)
    assert all(in_parts[table] != before[table] for table in (OBSERVATIONS, "fct_budget"))
    assert all(in_parts[table] == before[table] for table in (DATES, "fct_investment"))
    build("--full-refresh")
    assert rows(file) == in_parts


@pytest.mark.slow
def test_names_and_dates_of_one_report_are_as_if_all_were_made(file: Path, build: Build) -> None:
    before = rows(file)
    report = f"submission_no in (select max(submission_no) from {DATES})"
    change(
        file,
        f"update raw.cell set text = text || ' (sửa)' where state = 'text' and {report}",
        "update raw.cell set code = '2031-01-15' "
        f"where try_cast(code as date) is not null and {report}",
    )
    build()
    in_parts = rows(file)
    assert all(in_parts[table] != before[table] for table in (SAID_BY_ROWS, DATES, CELLS))
    build("--full-refresh")
    assert rows(file) == in_parts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "column"), [("fct_budget", "value_text"), ("mart_budget_execution", "line_name_vi")]
)
def test_only_the_rows_of_a_unit_are_made_again(
    table: str, column: str, file: Path, build: Build
) -> None:
    [one, *others] = communes(file)
    mark = f"update main.{table} set {column} = '{MARKED}'"
    change(file, mark, ANOTHER_NUMBER.format(submission=submission_of(one)))
    assert build()[table] == "OK"
    marked = asked(
        file,
        f"select unit_code, {column} = '{MARKED}' from main.{table} "
        f"where unit_code in {(one, *others)} group by all order by all",
    )
    assert marked == sorted([(one, False), *((other, True) for other in others)])


@pytest.mark.slow
def test_only_the_observations_of_a_submission_are_made_again(file: Path, build: Build) -> None:
    [one, *_] = communes(file)
    mark = f"update {OBSERVATIONS} set value_text = '{MARKED}'"
    change(file, mark, ANOTHER_NUMBER.format(submission=submission_of(one)))
    assert build()["int_observation__conformed"] == "OK"
    made = asked(
        file, f"select distinct submission_no from {OBSERVATIONS} where value_text <> '{MARKED}'"
    )
    assert made == asked(file, submission_of(one))


@pytest.mark.slow
def test_where_most_units_changed_all_is_made(file: Path, build: Build) -> None:
    mark = f"update main.fct_budget set value_text = '{MARKED}'"
    every = "select submission_no from raw.submission where form_code = 'xa_thu_nsnn'"
    change(file, mark, ANOTHER_NUMBER.format(submission=every))
    assert build()["fct_budget"] == "OK"
    assert asked(file, f"select * from main.fct_budget where value_text = '{MARKED}'") == []


@pytest.mark.slow
def test_what_all_parts_read_makes_all_again(file: Path, build: Build) -> None:
    mark = f"update {OBSERVATIONS} set value_text = '{MARKED}'"
    change(file, mark, "update raw.period set label_vi = label_vi || ' (sửa)'")
    assert build()["int_observation__conformed"] == "OK"
    assert asked(file, f"select * from {OBSERVATIONS} where value_text = '{MARKED}'") == []
