"""What the benchmark of reading runs, each by itself in a fresh process: the product and its peers.

    python bench/stages.py STAGE LIST      LIST holds the paths of workbooks, one a line

Prints what was done as JSON. CPU time is measured from outside (measure.py); what a stage measures
itself is the peak of its workers and, in `profile`, which part of reading the time went to.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

# everything heavy is imported where it is used: a stage pays for its own imports only
if TYPE_CHECKING:
    from ingest.register import Submission
    from warehouse.ledger import Receipt

WORKERS = 2
CHUNK = 32
RECEIVED_AT = "2027-01-20T02:00:00"
_LOADED = {"cells": "raw.cell", "rows": "raw.sheet_row"}


def calamine(paths: Sequence[Path]) -> dict[str, Any]:
    """The unit: every sheet to Python values, and nothing done with them."""
    return {"rows": _calamine_rows(paths)}


def _calamine_rows(paths: Sequence[Path]) -> int:
    from python_calamine import CalamineWorkbook

    rows = 0
    for path in paths:
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            rows += len(book.get_sheet_by_name(name).to_python())
    return rows


# --- the product ----------------------------------------------------------------------------------


def product(paths: Sequence[Path]) -> dict[str, Any]:
    """Read in isolated workers, register, load: as the assets of the night do."""
    from ingest.loading import loading

    with loading():
        from ingest.contract import all_contracts
        from ingest.extract import read_submissions
        from ingest.package import Unreadable
        from ingest.register import register
        from ingest.sandbox import read_isolated

    receipts = _receipts(paths)
    with tempfile.TemporaryDirectory(prefix="kho-bench-") as folder:
        cells, notes = Path(folder) / "cells", Path(folder) / "notes"
        cells.mkdir()
        notes.mkdir()
        finish = partial(_write_and_note, cells, notes)
        found = read_isolated(read_submissions, paths, WORKERS, finish)
        readings = {
            receipt.file_sha256: reading
            for receipt, (_, reading) in zip(receipts, found, strict=True)
        }
        submissions = register(receipts, readings, all_contracts())
        loaded = _load(Path(folder) / "warehouse.duckdb", submissions, cells)
        used = [json.loads(note.read_text()) for note in notes.iterdir()]
    refused = [r.reason for r in readings.values() if isinstance(r, Unreadable)]
    return {
        "submissions": sum(s.read is not None for s in submissions),
        "unreadable": refused,
        **loaded,
        "worker_peaks": [note["peak"] for note in used],
        "worker_cpu": [note["cpu"] for note in used],
    }


def _receipts(paths: Sequence[Path]) -> list[Receipt]:
    """As if received: the folder is the sender. Archiving is no part of reading, so no hashes."""
    from warehouse.ledger import Receipt

    return [
        Receipt(number, f"{path.parent.name}/{path.name}", str(path), path.stat().st_size,
                path.parent.name, RECEIVED_AT, True)
        for number, path in enumerate(paths, start=1)
    ]  # fmt: skip


def _write_and_note(
    cells: Path, notes: Path, numbers: Sequence[int], results: list[Any]
) -> list[Any]:
    """Runs in the worker: what it used, besides what the product does there."""
    from ingest.cell_files import write_cells

    bare = write_cells(cells, numbers, results)
    used = resource.getrusage(resource.RUSAGE_SELF)
    note = {"peak": used.ru_maxrss * 1024, "cpu": used.ru_utime + used.ru_stime}
    (notes / str(os.getpid())).write_text(json.dumps(note))
    return bare


def _load(file: Path, submissions: Sequence[Submission], cells: Path) -> dict[str, int]:
    """How many cells and rows were loaded."""
    from ingest.cell_files import read_cells
    from ingest.load import load_cells, load_submissions
    from warehouse.connection import create_working

    numbers: dict[str, int] = {}
    for submission in submissions:
        numbers.setdefault(submission.receipt.file_sha256, submission.receipt.receipt_no - 1)
    with create_working(file) as connection:
        load_submissions(connection, submissions)
        load_cells(connection, submissions, read_cells(cells), numbers)
        counted = {name: connection.table(table) for name, table in _LOADED.items()}
        return {name: len(relation) for name, relation in counted.items()}


# --- the peers ------------------------------------------------------------------------------------


def usual(paths: Sequence[Path]) -> dict[str, Any]:
    """The usual script, well done: calamine, a loop over the cells, one INSERT. It knows no forms,
    checks nothing and is not isolated."""
    import duckdb
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    schema = pa.schema(
        [("file", pa.int32()), ("sheet", pa.string()), ("row", pa.int32()), ("col", pa.int16()),
         ("number", pa.float64()), ("text", pa.string())]
    )  # fmt: skip
    cells: list[tuple[int, str, int, int, float | None, str | None]] = []
    for file_no, path in enumerate(paths):
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            sheet = book.get_sheet_by_name(name)
            for row_no, row in enumerate(sheet.to_python(skip_empty_area=False), start=1):
                for col_no, value in enumerate(row, start=1):
                    if value == "":
                        continue
                    if isinstance(value, float):
                        cells.append((file_no, name, row_no, col_no, value, None))
                    else:
                        cells.append((file_no, name, row_no, col_no, None, str(value)))
    columns = [pa.array(list(column)) for column in zip(*cells, strict=True)]
    table = pa.table([c.cast(f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    with (
        tempfile.TemporaryDirectory(prefix="kho-bench-") as folder,
        duckdb.connect(str(Path(folder) / "usual.duckdb")) as connection,
    ):
        connection.register("incoming", table)
        connection.execute("create table cell as select * from incoming")
    return {"cells": len(cells)}


def pandas(paths: Sequence[Path]) -> dict[str, Any]:
    """pandas on openpyxl, and calamine on the same files right after it: `ratio` between them."""
    import openpyxl  # noqa: F401 - imported before the time is taken
    import pandas as pd

    began = time.process_time()
    cells = 0
    for path in paths:
        frames = pd.read_excel(path, sheet_name=None, header=None, engine="openpyxl")
        cells += sum(frame.size for frame in frames.values())
    read = time.process_time()
    _calamine_rows(paths)
    done = time.process_time()
    return {"cells": cells, "ratio": (read - began) / (done - read)}


# --- which part the time goes to ------------------------------------------------------------------

STAGES = {
    "package": "unzip and look",
    "plain_sheets": "plain sheets",
    "workbook": "calamine",
    "second_look": "second look",
    "extract": "location",
    "locate": "location",
    "head": "location",
    "identity": "location",
    "areas": "rows and lines",
    "lines": "rows and lines",
    "columns": "columns",
    "figures": "columns",
    "cells": "Arrow",
    "cell_files": "Arrow",
    "cell_tables": "Arrow",
    "register": "register",
    "load": "INSERT",
}
_IPC = ("cell_files", "write_cells")
_INSIDE = str(Path(__file__).parents[1] / "ingest")


def profile(paths: Sequence[Path]) -> dict[str, Any]:
    """The product's work in one process, without isolation, sampled by CPU time."""
    import ingest.preload  # noqa: F401 - as in the server that workers are forked from
    from ingest.cell_files import write_cells
    from ingest.contract import all_contracts
    from ingest.extract import read_submissions
    from ingest.register import register

    receipts = _receipts(paths)
    before = _seconds_of_calamine(paths)
    with tempfile.TemporaryDirectory(prefix="kho-bench-") as folder:
        cells = Path(folder) / "cells"
        cells.mkdir()
        with _sampled(_stage_of) as seconds:
            readings: list[Any] = []
            for at in range(0, len(paths), CHUNK):
                read = [read_submissions(path) for path in paths[at : at + CHUNK]]
                readings += write_cells(cells, range(at, at + len(read)), read)
            by_hash = {r.file_sha256: each for r, each in zip(receipts, readings, strict=True)}
            submissions = register(receipts, by_hash, all_contracts())
            loaded = _load(Path(folder) / "warehouse.duckdb", submissions, cells)
        unit = (before + _seconds_of_calamine(paths)) / 2
    return {**loaded, "unit": unit, "seconds": seconds}


def _seconds_of_calamine(paths: Sequence[Path]) -> float:
    began = time.process_time()
    _calamine_rows(paths)
    return time.process_time() - began


@contextmanager
def _sampled(name_of: Callable[[FrameType], str]) -> Iterator[dict[str, float]]:
    """Seconds of CPU by name. A signal that comes during a long call into a library is answered
    after it, so each sample counts for all the time since the one before."""
    seconds: dict[str, float] = defaultdict(float)
    last = time.process_time()

    def sample(_: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.process_time()
        if frame is not None:
            seconds[name_of(frame)] += now - last
        last = now

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    try:
        yield seconds
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _stage_of(frame: FrameType) -> str:
    """The stage of the innermost module of the reader that has one."""
    at: FrameType | None = frame
    while at is not None:
        code = at.f_code
        if code.co_filename.startswith(_INSIDE):
            module = Path(code.co_filename).stem
            if (module, code.co_name) == _IPC:
                return "IPC"
            if module in STAGES:
                return STAGES[module]
        at = at.f_back
    return "other"


RUNS = {"calamine": calamine, "product": product, "usual": usual, "pandas": pandas,
        "profile": profile}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("stage", choices=RUNS)
    options.add_argument("list", type=Path)
    chosen = options.parse_args()
    paths = [Path(line) for line in chosen.list.read_text(encoding="utf-8").splitlines()]
    print(json.dumps(RUNS[chosen.stage](paths)))
    if chosen.stage == "product":
        from ingest.loading import end_at_once

        end_at_once(0)  # as `kho` ends


if __name__ == "__main__":
    main()
