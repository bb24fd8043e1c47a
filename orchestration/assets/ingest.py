"""Stage 1: pull and archive, register, read in child processes, extract, load."""

from collections.abc import Collection, Iterable, Mapping

import dagster as dg

from ingest.cell_tables import count_of
from ingest.contract import all_contracts
from ingest.corrections import apply_corrections
from ingest.load import (
    load_build,
    load_contracts,
    load_expected,
    load_periods,
    load_submissions,
)
from ingest.loaded_cells import load_new_cells
from ingest.originals import clear_incoming, lost_originals
from ingest.package import Unreadable
from ingest.pull import pull_sources
from ingest.reading import ReadFile
from ingest.readings import Readings
from ingest.register import Submission, new_receipts, register
from ingest.seen import Seen
from ingest.sources import is_simulated_inbox
from orchestration.fingerprint import code_version
from orchestration.inputs import note_problems
from orchestration.logs import log
from orchestration.measured import measured
from orchestration.resources import IN_MEMORY, BuildResource
from orchestration.second_try import tried_again
from orchestration.several import several
from warehouse.acts import Act, ActLedger, corrections, expunged, reprocessings
from warehouse.answers import Answer, explanations_in
from warehouse.connection import create_working, open_published
from warehouse.expunge import complete_expunges, drop_expunged
from warehouse.history import load_history, load_publishes
from warehouse.kept_tables import clear_unless_kept, forget
from warehouse.ledger import Ledger, Receipt
from warehouse.publish import recover

GROUP = "ingest"


PULL_CHECK, ARCHIVE_CHECK = "every_source_was_read", "every_original_is_whole"


@dg.asset(
    group_name=GROUP,
    io_manager_key=IN_MEMORY,
    kinds={"fsspec"},
    dagster_type=dg.Any,  # with check_specs a result is taken for one without a value
    check_specs=[
        dg.AssetCheckSpec(
            name=PULL_CHECK,
            asset="archived_files",
            description="Every source could be reached, and every file in it was read whole",
        ),
        dg.AssetCheckSpec(
            name=ARCHIVE_CHECK,
            asset="archived_files",
            description="The archive holds every original as it was received",
        ),
    ],
)
@measured
@tried_again
def archived_files(build: BuildResource) -> dg.MaterializeResult:
    """Pull the sources into the archive by hash, and enter what is new into the ledger."""
    home = build.place
    recover(home)
    home.clear_interrupted()
    # here already: what an interrupted build left takes room
    clear_unless_kept(home, code_version(), anew=build.full)
    clear_incoming(home.archive)
    complete_expunges(home)
    ledger, sources = Ledger(home.ledger), build.origins
    is_simulated = any(is_simulated_inbox(s.address) for s in sources if not s.name)
    ledger.refuse_mixing(is_simulated)
    seen = Seen.read(home.seen)
    gone = expunged(ActLedger(home.ledger).acts())
    received = list(_file_numbers(ledger.receipts(), gone))
    lost = lost_originals(home.archive, received, seen, anew=build.full)
    pulled = pull_sources(sources, home.archive, seen, anew=build.full, lost=lost)
    again = drop_expunged(home, (file.sha256 for file in pulled.files))
    lost = lost_originals(home.archive, lost, seen)  # what a source still had is there again
    ledger.refuse_mixing(pulled.is_simulated)
    fresh = new_receipts(ledger.receipts(), pulled.files, build.moment, pulled.is_simulated)
    ledger.add_receipts(fresh)
    receipts = ledger.receipts()
    lost |= lost_originals(home.archive, _file_numbers(fresh, gone), seen)
    seen.write()
    note_problems(home, build.moment, pulled.problems)
    for problem in pulled.problems:
        log("not_pulled", source=problem.source, unit=problem.unit, why=problem.why,
            tries=problem.tries)  # fmt: skip
    for sha256, what in lost.items():
        log("original_lost", file=sha256, what=what)
    log("pulled", files=len(pulled.files), hashed=pulled.hashed, new=len(fresh),
        received=len(receipts))  # fmt: skip
    return dg.MaterializeResult(
        value=receipts,
        metadata={
            "sources": len(sources),
            "files_in_inbox": len(pulled.files),
            "files_hashed": pulled.hashed,
            "new_files": len(fresh),
            "expunged_files_in_inbox": again,
            "files_received_ever": len(receipts),
            "bytes": sum(file.size for file in pulled.files),
            "bytes_hashed": pulled.hashed_bytes,
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=PULL_CHECK,
                passed=not pulled.problems,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"problems": several([problem.says_vi for problem in pulled.problems])},
            ),
            dg.AssetCheckResult(
                check_name=ARCHIVE_CHECK,
                passed=not lost,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata=dict(lost),
            ),
        ],
    )


def _file_numbers(receipts: Iterable[Receipt], gone: Collection[str]) -> dict[str, int]:
    """The place of every file, by its hash, in order of receipt; but for those that
    were expunged."""
    shas = dict.fromkeys(r.file_sha256 for r in receipts if r.file_sha256 not in gone)
    return {sha: number for number, sha in enumerate(shas)}


@dg.asset(group_name=GROUP, io_manager_key=IN_MEMORY, kinds={"python"})
@measured
@tried_again
def read_submissions_of_files(
    build: BuildResource, archived_files: list[Receipt]
) -> dg.MaterializeResult:
    """Read every archived file that was not read before, in child processes, and register the
    submissions in all of them."""
    home = build.place
    acts = ActLedger(home.ledger).acts()
    gone = expunged(acts)
    originals = {sha: home.archived(sha) for sha in _file_numbers(archived_files, gone)}
    readings, opened = Readings(home.readings).read(
        originals, build.workers, anew=build.full,
        asked=reprocessings(acts),
    )  # fmt: skip
    for sha, reading in readings.items():
        if isinstance(reading, Unreadable):
            log("read", file=sha[:12], outcome=reading.reason)
    submissions = register(archived_files, readings, all_contracts(), gone)
    explanations = _enter_explanations(build, archived_files, readings)
    unreadable = [reading for reading in readings.values() if isinstance(reading, Unreadable)]
    return dg.MaterializeResult(
        value=submissions,
        metadata={
            "files": len(originals),
            "files_opened": opened,
            "submissions": len(submissions),
            "unreadable": len(unreadable),
            "new_explanations": explanations,
            "cells": sum(count_of(s.read).cells for s in submissions if s.read),
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
        if isinstance(reading := readings.get(receipt.file_sha256), ReadFile)
        and reading.explanations
    ]
    if not answers or not home.published_file.exists():
        return 0
    with open_published(home.published_file) as published:
        found = list(explanations_in(published, answers, build.moment))
    return len(ActLedger(home.ledger).add_explanations(found))


@dg.asset(
    group_name=GROUP,
    io_manager_key=IN_MEMORY,
    kinds={"python"},
    deps=["read_submissions_of_files"],
)
@measured
@tried_again
def acts_of_people(build: BuildResource) -> dg.MaterializeResult:
    """Releases, explanations, corrections from the ledger: read once, so that an act that comes
    while the build runs is the next one's. What came in workbooks is in it already."""
    acts = ActLedger(build.place.ledger).acts()
    return dg.MaterializeResult(value=acts, metadata={"acts": len(acts)})


@dg.asset(group_name=GROUP, kinds={"duckdb"})
@measured
@tried_again
def raw_cells(
    build: BuildResource,
    read_submissions_of_files: list[Submission],
    acts_of_people: list[Act],
) -> dg.MaterializeResult:
    """The working file: contracts, periods, history from the ledger, and every cell read. What dbt
    made in the build before stands in it where that build ended well, by the same code."""
    home, submissions = build.place, read_submissions_of_files
    is_kept = clear_unless_kept(home, code_version(), anew=build.full)
    forget(home)
    contracts = all_contracts()
    with create_working(home.working_file) as connection:
        is_simulated = any(s.receipt.is_simulated for s in submissions)
        load_build(connection, build.build_id, build.moment, code_version(), is_simulated)
        load_contracts(connection, contracts)
        load_submissions(connection, submissions)
        gone = expunged(acts_of_people)
        numbers = _file_numbers([submission.receipt for submission in submissions], gone)
        load_new_cells(connection, submissions, Readings(home.readings), numbers)
        apply_corrections(connection, corrections(acts_of_people), submissions, contracts)
        load_periods(connection, contracts)
        load_expected(connection, contracts, submissions, build.moment.date())
        ledger = Ledger(home.ledger)
        load_history(connection, ledger.change_files(), home.history)
        load_publishes(connection, ledger.publishes())
        row = connection.execute("select count(*) from raw.cell").fetchone()
    cells = row[0] if row else 0
    log("loaded", submissions=len(submissions), cells=cells)
    return dg.MaterializeResult(
        metadata={
            "cells": cells,
            "dagster/row_count": cells,
            "submissions": len(submissions),
            "bytes": home.working_file.stat().st_size,
            "built_on_last_build": is_kept,
        }
    )
