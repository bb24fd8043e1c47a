"""Which cells stand in a working file that is built on, and which are to be loaded.

What was read of a file lies in a pack, which is never written again (readings.py): a submission
whose cells come from the same place of the same pack has the same cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from ingest.load import CELL_TABLES, insert, load_cells, transaction
from ingest.readings import Readings
from ingest.register import Submission


def load_new_cells(
    connection: duckdb.DuckDBPyConnection,
    submissions: Sequence[Submission],
    readings: Readings,
    file_numbers: Mapping[str, int],
) -> None:
    """Have raw.cell, raw.sheet_area, raw.sheet_column and raw.sheet_row hold the cells of these
    submissions as they were read. Those that stand there stay, but where more than half are to be
    loaded all are. `file_numbers` are the numbers of the files by hash."""
    place = readings.places(file_numbers)
    now = {
        each.submission_no: f"{place.get(each.receipt.file_sha256, '')} {each.place_in_file}"
        for each in submissions
        if each.read is not None
    }
    loaded: dict[int, str] = dict(
        connection.execute("select submission_no, read_from from kept.loaded_cells").fetchall()
    )
    corrected = connection.execute("select distinct submission_no from raw.correction").fetchall()
    stale = {number for (number,) in corrected} | {
        number for number, read_from in loaded.items() if now.get(number) != read_from
    }
    stay = loaded.keys() - stale
    if len(stay) * 2 < len(now):
        stale |= stay
        stay = set()
    to_load = now.keys() - stay
    new = [each for each in submissions if each.submission_no in to_load]
    files = {each.receipt.file_sha256 for each in new}
    wanted = {sha: number for sha, number in file_numbers.items() if sha in files}
    with transaction(connection):
        for table in (*CELL_TABLES, "kept.loaded_cells"):
            if stay:
                gone = "where submission_no in (select unnest(?))"
                connection.execute(f"delete from {table} {gone}", [sorted(stale)])
            else:
                connection.execute(f"delete from {table}")
        load_cells(connection, new, readings.cells(wanted), wanted)
        numbers = [each.submission_no for each in new]
        places = {"submission_no": numbers, "read_from": [now[number] for number in numbers]}
        insert(connection, "kept.loaded_cells", pl.DataFrame(places), replace=False)
