"""Cells in a working file that is built on: those of what came are loaded, the others stay."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from ingest.contract import all_contracts
from ingest.load import CELL_TABLES
from ingest.loaded_cells import load_new_cells
from ingest.originals import incoming, place_of
from ingest.readings import Readings
from ingest.register import Submission, register
from warehouse.connection import create_working
from warehouse.ledger import Receipt

SAMPLES = Path(__file__).parents[2] / "samples/inbox"
SAMPLE = SAMPLES / "HQ6/LS-06_2021-2025.xlsx"
Rows = dict[str, list[tuple[object, ...]]]


class Home(NamedTuple):
    folder: Path
    file: duckdb.DuckDBPyConnection

    def readings(self) -> Readings:
        return Readings(self.folder / "readings")

    def archive(self, number: int) -> str:
        """A file of its own with the cells of the sample."""
        book = shutil.copy(SAMPLE, self.folder / f"{number}.xlsx")
        with zipfile.ZipFile(book, "a") as package:
            package.comment = str(number).encode()
        with incoming(self.folder / "archive") as copy:
            copy.write(book.read_bytes())
            return copy.done()

    def submissions(self, *hashes: str) -> list[Submission]:
        originals = {sha: place_of(self.folder / "archive", sha) for sha in hashes}
        read, _ = self.readings().read(originals, 1)
        receipts = [
            Receipt(number, f"HQ6/{number}.xlsx", sha, 1, "HQ6", f"2026-07-0{number}T00:00:00")
            for number, sha in enumerate(hashes, start=1)
        ]
        return register(receipts, read, all_contracts(), {})

    def load(self, *hashes: str) -> Rows:
        numbers = {sha: number for number, sha in enumerate(hashes)}
        load_new_cells(self.file, self.submissions(*hashes), self.readings(), numbers)
        return rows_of(self.file)

    def load_anew(self, *hashes: str) -> Rows:
        numbers = {sha: number for number, sha in enumerate(hashes)}
        with create_working(self.folder / "other.duckdb") as other:
            load_new_cells(other, self.submissions(*hashes), self.readings(), numbers)
            rows = rows_of(other)
        (self.folder / "other.duckdb").unlink()
        return rows


def rows_of(connection: duckdb.DuckDBPyConnection) -> Rows:
    tables = (*CELL_TABLES, "kept.loaded_cells")
    return {table: connection.execute(f"from {table} order by all").fetchall() for table in tables}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with create_working(tmp_path / "w.duckdb") as connection:
        yield Home(tmp_path, connection)


def mark(home: Home, submission_no: int) -> None:
    home.file.execute(
        "update raw.cell set problem = 'marked' where submission_no = ?", [submission_no]
    )


def marked(rows: Rows) -> set[object]:
    return {row[0] for row in rows["raw.cell"] if row[-1] == "marked"}


def test_only_what_came_is_loaded_and_what_went_goes(home: Home) -> None:
    first, second, third, fourth = (home.archive(n) for n in range(4))
    rows = home.load(first, second, third)
    assert rows["raw.cell"] and rows == home.load_anew(first, second, third)
    numbers = sorted({row[0] for row in rows["kept.loaded_cells"]})
    for number in numbers:
        mark(home, number)
    rows = home.load(first, second, third, fourth)
    assert marked(rows) == set(numbers), "what stands there stays"
    anew = home.load_anew(first, second, third, fourth)
    for table in ("raw.sheet_area", "raw.sheet_row", "raw.sheet_column", "kept.loaded_cells"):
        assert rows[table] == anew[table]
    assert [row[:-1] for row in rows["raw.cell"]] == [row[:-1] for row in anew["raw.cell"]]

    rows = home.load(first, second, third)
    assert marked(rows) == set(numbers)
    assert {row[0] for row in rows["raw.cell"]} == set(numbers)


def test_cells_that_were_corrected_are_loaded_again(home: Home) -> None:
    hashes = [home.archive(n) for n in range(3)]
    home.load(*hashes)
    first, second, *_ = sorted({row[0] for row in home.load(*hashes)["kept.loaded_cells"]})
    for number in (first, second):
        mark(home, number)
    home.file.execute("insert into raw.correction values (?, 1, 1, 1, 1, '1', '2', null)", [second])
    assert marked(home.load(*hashes)) == {first}


def test_where_most_of_it_came_all_is_loaded(home: Home) -> None:
    first, *others = (home.archive(n) for n in range(5))
    home.load(first)
    mark(home, min(row[0] for row in rows_of(home.file)["kept.loaded_cells"]))
    assert home.load(first, *others) == home.load_anew(first, *others)


def test_what_fails_leaves_what_stood_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (home.archive(n) for n in range(3))
    before = home.load(first, second)

    def fails(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("ingest.loaded_cells.load_cells", fails)
        with pytest.raises(MemoryError):
            home.load(first, second, third)
    assert rows_of(home.file) == before
    assert home.load(first, second, third) == home.load_anew(first, second, third)
