"""Cells, rows and columns that go through a file of Arrow are those that were read, counted before
they leave."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cell_files import read_cells, write_cells
from ingest.cell_tables import CELLS, EXACT_DIGITS, SCHEMAS, count_of, tables_of
from ingest.cells import STATE_NO, STATES, CellColumns
from ingest.normalise import BLANK, NUMBER, TEXT, UNREAD
from ingest.package import Unreadable
from ingest.reading import AreaColumn, AreaRow, ReadFile, ReadSubmission

WORDS = ["12,5", "Chi thường xuyên", "“đ”", "\n", ""]


def number(value: float | None = None, exact: str | None = None, step: str = "1") -> dict[str, Any]:
    return {"floats": [value], "exacts": [exact], "steps": [step if exact is not None else None]}


def cells_of(*entries: dict[str, Any]) -> CellColumns:
    """One cell a row, in the second column of the first area."""
    cells = CellColumns()
    for row, entry in enumerate(entries, start=5):
        state = entry.pop("state", NUMBER)
        cells.add_column(1, [row], 2, [STATE_NO[state]], **entry)
    return cells


def submission(
    cells: CellColumns, rows: Sequence[AreaRow] = (), columns: Sequence[AreaColumn] = ()
) -> ReadSubmission:
    return ReadSubmission(
        form="f", version=1, named_unit_code=None, period_key=None, cutoff_date=None, areas=(),
        columns=tuple(columns), rows=tuple(rows), cells=cells, remarks=(), cells_outside=0,
    )  # fmt: skip


def file_of(*groups: CellColumns) -> ReadFile:
    return ReadFile(tuple(map(submission, groups)), None, (), 0)


def decimals(table: pa.Table) -> list[tuple[int, int, int, Decimal | None, str | None]]:
    """File, submission, row, value and text of every cell: as the load makes them of a file."""
    found = []
    for row in table.to_pylist():
        value = Decimal(row["exact"]) if row["exact"] is not None else None
        if row["scale"] is not None:
            value = Decimal(row["mantissa"]).scaleb(-row["scale"])
        found.append((row["file_no"], row["submission_in_file"], row["row_no"], value, row["text"]))
    return found


SAMPLE = [
    number(1234.5), number(0.1 + 0.2), number(1 / 3), number(-7.0), number(2e15),
    number(None, "7.70", "0.01"), number(None, "9" * 25, "1"),
    {"state": TEXT, "texts": ["Chi thường xuyên"]}, {"state": BLANK},
    {"state": UNREAD, "texts": ["1.234"], "problems": ["number_ambiguous"]},
]  # fmt: skip
VALUES = [
    Decimal(v) if v else None
    for v in ("1234.5", "0.3", "0.333333333333", "-7", "2e15", "7.70", "9" * 25, None, None, None)
]


def sample() -> CellColumns:
    return cells_of(*(dict(entry) for entry in SAMPLE))


def test_every_number_is_exact_after_the_file(tmp_path: Path) -> None:
    write_cells(tmp_path, [3], [file_of(sample())])
    table = read_cells(tmp_path).cells
    assert table.schema == CELLS
    assert [value for _, _, _, value, _ in decimals(table)] == VALUES
    assert table.column("state_no").to_pylist() == [n for c in sample().columns for n in c.states]
    assert table.column("problem").to_pylist()[-1] == "number_ambiguous"
    steps = table.column("step").to_pylist()
    assert (steps[5], steps[6]) == ("0.01", "1")


def test_cells_keep_the_number_of_their_file_and_their_submission(tmp_path: Path) -> None:
    one, two = cells_of(number(1.0)), cells_of(number(2.0), number(3.0))
    results = [file_of(one, two), Unreadable("damaged"), file_of(CellColumns()), file_of(two)]
    bare = write_cells(tmp_path, [10, 11, 12, 13], results)
    assert [(f, s, v) for f, s, _, v, _ in decimals(read_cells(tmp_path).cells)] == [
        (10, 0, 1), (10, 1, 2), (10, 1, 3), (13, 0, 2), (13, 0, 3),
    ]  # fmt: skip
    assert bare[1] is results[1]
    assert [len(s.cells) for file in bare if isinstance(file, ReadFile)
            for s in file.submissions] == [0, 0, 0, 0]  # fmt: skip


def test_what_is_sent_back_counts_what_was_written(tmp_path: Path) -> None:
    [bare] = write_cells(tmp_path, [0], [file_of(sample(), cells_of(number(1.5), number(2.25)))])
    first, second = (s.count for s in bare.submissions)
    assert first is not None and second is not None
    assert first == count_of(submission(sample()))
    assert (first.cells, first.numbers) == (10, 7)
    with localcontext(prec=EXACT_DIGITS):  # 25 digits before the point and 12 after it
        assert first.total == sum((v for v in VALUES if v is not None), Decimal(0))
    assert (second.cells, second.numbers, second.total) == (2, 2, Decimal("3.75"))


def test_the_file_says_what_cells_in_memory_say(tmp_path: Path) -> None:
    files = [file_of(sample(), cells_of(number(5.0))), file_of(sample())]
    write_cells(tmp_path, [0, 1], list(files))
    assert read_cells(tmp_path) == tables_of(files)


def test_chunks_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for numbers in ([0, 1], [2], [3, 4]):
        write_cells(tmp_path, numbers, [file_of(cells_of(number(float(n)))) for n in numbers])
    found = sorted((f, v) for f, _, _, v, _ in decimals(read_cells(tmp_path).cells))
    assert found == [(n, Decimal(n)) for n in range(5)]


def test_chunk_that_is_read_again_after_a_death_is_there_once(tmp_path: Path) -> None:
    """The others of a dead worker's chunk are read again, with other numbers together."""
    results = [file_of(cells_of(number(float(n)))) for n in range(3)]
    write_cells(tmp_path, [0, 2], [results[0], results[2]])
    write_cells(tmp_path, [1], [Unreadable("crashed")])
    found = sorted((f, v) for f, _, _, v, _ in decimals(read_cells(tmp_path).cells))
    assert found == [(0, 0), (2, 2)]


@pytest.mark.parametrize("results", [[], [Unreadable("bomb")], [file_of(CellColumns())]])
def test_without_cells_there_is_an_empty_table(tmp_path: Path, results: list[Any]) -> None:
    write_cells(tmp_path, list(range(len(results))), results)
    for tables in (read_cells(tmp_path), tables_of([])):
        assert [table.num_rows for table in tables] == [0, 0, 0]
        assert tuple(table.schema for table in tables) == SCHEMAS


@given(
    st.lists(
        st.one_of(
            st.floats(-1e24, 1e24, allow_nan=False).map(number),
            st.decimals(-(10**20), 10**20, places=4).map(
                lambda d: number(None, f"{d:f}", "0.0001")
            ),
            st.sampled_from(WORDS).map(lambda text: {"state": TEXT, "texts": [text]}),
        ),
        max_size=15,
    )
)
def test_cells_in_columns_and_in_the_file_have_the_same_values(
    entries: list[dict[str, Any]],
) -> None:
    cells = cells_of(*(dict(entry) for entry in entries))
    if not len(cells):
        return
    one_by_one = {cell.row_no: cell for cell in cells}
    table = tables_of([file_of(cells)]).cells
    for (_, _, row, value, text), state in zip(
        decimals(table), table.column("state_no").to_pylist(), strict=True
    ):
        cell = one_by_one[row]
        assert (cell.number, cell.text, cell.state) == (value, text, STATES[state])
    count = count_of(submission(cells))
    numbers = [c.number for c in one_by_one.values() if c.number is not None]
    assert (count.cells, count.numbers) == (len(cells), len(numbers))


small = st.integers(0, 2**15 - 1)
words = st.none() | st.text(max_size=5)
places = st.tuples(
    st.lists(st.builds(AreaRow, small, st.integers(1, 2**20), words), max_size=5),
    st.lists(st.builds(AreaColumn, small, small, st.text(max_size=5), words), max_size=5),
)


@settings(max_examples=25)
@given(st.lists(st.lists(places, max_size=3), max_size=3))
def test_rows_and_columns_go_through_the_file_with_whose_they_are(
    files: list[list[tuple[list[AreaRow], list[AreaColumn]]]],
) -> None:
    held = [
        ReadFile(tuple(submission(CellColumns(), *each) for each in file), None, (), 0)
        for file in files
    ]
    with TemporaryDirectory() as folder:
        bare = write_cells(Path(folder), range(5, 5 + len(held)), list(held))
        tables = read_cells(Path(folder))
        for table, which in ((tables.rows, 0), (tables.columns, 1)):
            assert [tuple(row.values()) for row in table.to_pylist()] == [
                (number, place, *each)
                for number, file in enumerate(files, start=5)
                for place, places in enumerate(file)
                for each in places[which]
            ]
    counts = [(s.rows, s.columns, s.count.rows, s.count.columns) for f in bare
              for s in f.submissions]  # fmt: skip
    assert counts == [((), (), len(rows), len(columns)) for file in files for rows, columns in file]


def test_the_submission_that_a_caller_holds_keeps_its_cells(tmp_path: Path) -> None:
    held = file_of(sample())
    [bare] = write_cells(tmp_path, [0], [held])
    assert len(held.submissions[0].cells) == 10
    assert bare.submissions[0].form == held.submissions[0].form
