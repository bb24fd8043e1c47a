"""What it costs to validate many submissions of one form: Great Expectations costs by the batch.

    python bench/validating.py [--form xa_chi_nsnn] [--few 100] [--many 1000] [--seed 1]

Simulates what the communes send of a form over as many months as it takes, reads it, and validates
once few and once many of the submissions, in turns; prints CPU times, medians of the rounds, and
their ratio. Ends with an error where validating many costs twice what few cost.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from expectations.validate import validate_form
from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.extract import read_submissions
from ingest.load import cells_held
from ingest.reading import ReadFile, ReadSubmission
from ingest.sandbox import read_isolated
from ingest.simulation.fill import Filler
from ingest.simulation.model import read_model
from ingest.simulation.projects import Projects
from ingest.simulation.world import World
from ingest.simulation.write import months_from
from ingest.template import FilledForm, write_workbook

LIMIT = 2.0
ROUNDS = 5
FIRST_MONTH = "2026-01"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("--form", default="xa_chi_nsnn")
    options.add_argument("--few", type=int, default=100)
    options.add_argument("--many", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    [contract] = [each for each in all_contracts() if each.form == chosen.form]
    with tempfile.TemporaryDirectory() as folder:
        submissions = _submissions(contract, chosen.many, chosen.seed, Path(folder))
    costs = {size: _cost(contract, submissions[:size]) for size in (chosen.few, chosen.many)}
    lines = sum(len(table.lines) for table in contract.tables)
    print(f"{contract.form}: {lines} lines, {len(submissions[0].cells)} cells a submission")
    for size, (seconds, findings) in costs.items():
        print(f"{size:>5} submissions: {seconds:.2f} s of CPU, {findings} findings")
    ratio = costs[chosen.many][0] / costs[chosen.few][0]
    print(f"ratio {ratio:.2f} (limit {LIMIT})")
    if ratio >= LIMIT:
        sys.exit("validating many costs too much")


def _submissions(contract: Contract, count: int, seed: int, folder: Path) -> list[ReadSubmission]:
    """Clean submissions of a form: every unit that sends it, month after month."""
    units = [code for code in reference.reporting_units() if contract.accepts(code)]
    months = months_from(FIRST_MONTH, -(-count // len(units)))
    world = World(seed, read_model())
    filler = Filler(world, Projects(world))
    paths = []
    for month in months:
        for unit in units[: count - len(paths)]:
            form = FilledForm(contract, unit, month, filler.values(contract, unit, month))
            paths.append(folder / f"{unit}-{month}.xlsx")
            write_workbook(paths[-1], [form])
    read = [reading for _, reading in read_isolated(read_submissions, paths)]
    return [
        submission
        for reading in read
        if isinstance(reading, ReadFile)
        for submission in reading.submissions
    ]


def _cost(contract: Contract, submissions: Sequence[ReadSubmission]) -> tuple[float, int]:
    """CPU seconds of validating them, without reading their cells; and how many findings."""
    numbered = list(enumerate(submissions, start=1))
    cells = cells_held(dict(numbered))
    validate_form(contract, numbered[:1], cells_held(dict(numbered[:1])))  # imports, once
    seconds, findings = [], 0
    for _ in range(ROUNDS):
        began = time.process_time()
        findings = len(validate_form(contract, numbered, cells).findings)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), findings


if __name__ == "__main__":
    main()
