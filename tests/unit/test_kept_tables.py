"""When a working file is built on, and what is said of the tables in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import create_working
from warehouse.home import Home
from warehouse.kept_tables import clear_unless_kept, forget, is_kept, keep, note_contents
from warehouse.ledger import Ledger

CODE = "c0de"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path)
    create_working(place.working_file).close()
    Ledger(place.ledger).add_publish({"build_id": "b1"})
    keep(place, "b1", CODE)
    return place


def test_a_file_that_is_as_its_build_left_it_is_built_on(home: Home) -> None:
    assert is_kept(home, CODE)


def written_to(home: Home) -> None:
    with duckdb.connect(str(home.working_file)) as connection:
        connection.execute("create table other (a integer)")


def torn(home: Home) -> None:
    with home.working_file.open("r+b") as file:
        file.truncate(4096)


def open_still(home: Home) -> None:
    home.working_file.with_suffix(".duckdb.wal").write_bytes(b"half")


def another_published(home: Home) -> None:
    Ledger(home.ledger).add_publish({"build_id": "b2"})


def half_a_note(home: Home) -> None:
    home.working_note.write_text(home.working_note.read_text()[:10])


@pytest.mark.parametrize(
    "harm",
    [written_to, torn, open_still, another_published, half_a_note, forget,
     lambda home: home.working_file.unlink(), lambda home: home.working_note.unlink()],
)  # fmt: skip
def test_whatever_happened_to_it_since_makes_it_anew(
    home: Home, harm: Callable[[Home], None]
) -> None:
    harm(home)
    assert not is_kept(home, CODE)


def test_other_code_makes_it_anew(home: Home) -> None:
    assert not is_kept(home, "other")


def test_a_file_that_is_not_kept_goes_with_all_beside_it(home: Home) -> None:
    assert clear_unless_kept(home, CODE, anew=False)
    open_still(home)
    (home.root / "warehouse.duckdb.tmp").mkdir()  # what did not fit into memory
    (home.root / "warehouse.duckdb.tmp/duckdb_temp_storage").write_bytes(b"half")
    assert not clear_unless_kept(home, CODE, anew=False)
    assert not list(home.root.glob("warehouse.*"))


def test_who_wants_all_made_anew_gets_it(home: Home) -> None:
    assert not clear_unless_kept(home, CODE, anew=True)
    assert not list(home.root.glob("warehouse.*"))


def test_what_stands_in_a_table_is_told_whatever_the_order_of_its_rows(home: Home) -> None:
    told = []
    rows = ["(1, 'year', 'a')", "(2, 'year', 'b')"]
    for values in (rows, rows[::-1], rows[:1], [rows[0], rows[0], rows[1]], []):
        with create_working(home.working_file) as connection:
            for value in values:
                connection.execute(f"insert into raw.period_relation values {value}")
            note_contents(connection, "raw")
            note_contents(connection, "raw")  # again: said once
            told.append(
                connection.execute(
                    "select digest from kept.content where table_name = 'raw.period_relation'"
                ).fetchall()
            )
    assert told[0] == told[1]
    assert all(len(each) == 1 for each in told)
    assert len({str(each) for each in told}) == 4


def test_a_changed_cell_changes_what_is_said_of_named_cells_and_the_build_is_never_said(
    home: Home,
) -> None:
    said = []
    for row_no in (1, 2):
        with create_working(home.working_file) as connection:
            connection.execute(
                "insert into raw.cell (submission_no, area_no, row_no, col_no, state, text) "
                f"values (1, 1, {row_no}, 1, 'text', 'a')"
            )
            note_contents(connection, "raw")
            said.append(
                dict(
                    connection.execute(
                        "select rtrim(concat_ws('/', table_name, part), '/'), digest "
                        "from kept.content"
                    ).fetchall()
                )
            )
    for name in ("raw.submission_content", "raw.submission_content/1"):
        assert said[0][name] != said[1][name]
    assert said[0]["raw.cell_named"] != said[1]["raw.cell_named"]
    assert said[0]["raw.period"] == said[1]["raw.period"]
    assert "raw.build" not in said[0]
