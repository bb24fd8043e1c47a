"""Stage 1: pull and archive, register, read in child processes, extract, load."""

from collections.abc import Iterable, Mapping
from functools import partial

import dagster as dg

from ingest.cell_files import read_cells, write_cells
from ingest.contract import all_contracts
from ingest.corrections import apply_corrections
from ingest.extract import read_submissions
from ingest.load import (
    load_build,
    load_cells,
    load_contracts,
    load_expected,
    load_periods,
    load_places,
    load_submissions,
    n_cells,
)
from ingest.package import Unreadable
from ingest.reading import ReadFile
from ingest.register import Submission, new_receipts, register
from ingest.sandbox import read_isolated
from ingest.sources import is_simulated_inbox, pull_inbox
from orchestration.fingerprint import code_version
from orchestration.logs import log
from orchestration.resources import BuildResource
from warehouse.acts import Act, ActLedger, corrections
from warehouse.answers import Answer, explanations_in
from warehouse.connection import create_working, open_published
from warehouse.history import load_history, load_publishes
from warehouse.ledger import Ledger, Receipt
from warehouse.publish import recover

GROUP = "ingest"


@dg.asset(group_name=GROUP, kinds={"fsspec"})
def archived_files(build: BuildResource) -> dg.MaterializeResult:
    """Pull the inbox into the archive by hash, and enter what is new into the ledger."""
    home = build.place
    recover(home)
    home.clear_interrupted()
    ledger = Ledger(home.ledger)
    is_simulated = is_simulated_inbox(build.source)
    ledger.refuse_mixing(is_simulated)
    pulled = pull_inbox(build.source, home.archive)
    fresh = new_receipts(ledger.receipts(), pulled, build.moment, is_simulated)
    ledger.add_receipts(fresh)
    receipts = ledger.receipts()
    log("pulled", files=len(pulled), new=len(fresh), received=len(receipts))
    return dg.MaterializeResult(
        value=receipts,
        metadata={
            "files_in_inbox": len(pulled),
            "new_files": len(fresh),
            "files_received_ever": len(receipts),
            "bytes": sum(file.size for file in pulled),
        },
    )


def _file_numbers(receipts: Iterable[Receipt]) -> dict[str, int]:
    """The place of every file, by its hash, in the list that is read: in order of receipt."""
    shas = dict.fromkeys(receipt.file_sha256 for receipt in receipts)
    return {sha: number for number, sha in enumerate(shas)}


@dg.asset(group_name=GROUP, kinds={"python"})
def read_submissions_of_files(
    build: BuildResource, archived_files: list[Receipt]
) -> dg.MaterializeResult:
    """Read every archived file in a child process and register the submissions in it."""
    home = build.place
    shas = list(_file_numbers(archived_files))
    paths = [home.archived(sha) for sha in shas]
    home.clear_reading()
    write = partial(write_cells, home.reading)
    readings: dict[str, ReadFile | Unreadable] = {}
    found = read_isolated(read_submissions, paths, build.workers, write)
    for sha, (_, reading) in zip(shas, found, strict=True):
        readings[sha] = reading
        if isinstance(reading, Unreadable):
            log("read", file=sha[:12], outcome=reading.reason)
    submissions = register(archived_files, readings, all_contracts())
    explanations = _enter_explanations(build, archived_files, readings)
    unreadable = [reading for reading in readings.values() if isinstance(reading, Unreadable)]
    return dg.MaterializeResult(
        value=submissions,
        metadata={
            "files": len(shas),
            "submissions": len(submissions),
            "unreadable": len(unreadable),
            "new_explanations": explanations,
            "cells": sum(n_cells(s.read) for s in submissions if s.read),
            "cells_outside_tables": sum(s.read.cells_outside for s in submissions if s.read),
        },
    )


def _enter_explanations(
    build: BuildResource, receipts: Iterable[Receipt], readings: Mapping[str, ReadFile | Unreadable]
) -> int:
    """What officers wrote into workbooks that came back, into the ledger; how much is new."""
    home = build.place
    answers = [
        Answer(receipt.file_sha256, receipt.reporter_unit_code, reading.explanations)
        for receipt in receipts
        if isinstance(reading := readings[receipt.file_sha256], ReadFile) and reading.explanations
    ]
    if not answers or not home.published_file.exists():
        return 0
    with open_published(home.published_file) as published:
        found = list(explanations_in(published, answers, build.moment))
    return len(ActLedger(home.ledger).add_explanations(found))


@dg.asset(group_name=GROUP, kinds={"python"}, deps=["read_submissions_of_files"])
def acts_of_people(build: BuildResource) -> dg.MaterializeResult:
    """Releases, explanations, corrections from the ledger: read once, so that an act that comes
    while the build runs is the next one's. What came in workbooks is in it already."""
    acts = ActLedger(build.place.ledger).acts()
    return dg.MaterializeResult(value=acts, metadata={"acts": len(acts)})


@dg.asset(group_name=GROUP, kinds={"duckdb"})
def raw_cells(
    build: BuildResource,
    read_submissions_of_files: list[Submission],
    acts_of_people: list[Act],
) -> dg.MaterializeResult:
    """A new working file: contracts, periods, history from the ledger, and every cell read."""
    home, submissions = build.place, read_submissions_of_files
    for leftover in home.root.glob("warehouse.duckdb*"):
        leftover.unlink()
    contracts = all_contracts()
    with create_working(home.working_file) as connection:
        is_simulated = any(s.receipt.is_simulated for s in submissions)
        load_build(connection, build.build_id, build.moment, code_version(), is_simulated)
        load_contracts(connection, contracts)
        load_submissions(connection, submissions)
        load_places(connection, submissions)
        numbers = _file_numbers([submission.receipt for submission in submissions])
        load_cells(connection, submissions, read_cells(home.reading), numbers)
        apply_corrections(connection, corrections(acts_of_people), submissions, contracts)
        load_periods(connection, contracts)
        load_expected(connection, contracts, submissions, build.moment.date())
        ledger = Ledger(home.ledger)
        load_history(connection, ledger.change_files())
        load_publishes(connection, ledger.publishes())
        row = connection.execute("select count(*) from raw.cell").fetchone()
    cells = row[0] if row else 0
    log("loaded", submissions=len(submissions), cells=cells)
    return dg.MaterializeResult(
        metadata={"cells": cells, "dagster/row_count": cells, "submissions": len(submissions)}
    )
