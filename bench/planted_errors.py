"""How many planted errors a night finds, and how many false alarms it gives: the README's table.

    python bench/planted_errors.py [--communes 65] [--from 2026-04] [--months 3] [--rate 0.03]
        [--seeds 1,2,3] [--no-clean]

Simulates a province for each seed, runs the night on it in a temporary folder, and prints one table
of all seeds; then a night on the first seed's province without errors, which must find nothing.
The months run to the middle of the year, when most floors and dates of the plan are due.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, time, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

from ingest.period import period_of
from ingest.simulation.score import Score, as_markdown, read_findings, score
from ingest.simulation.write import Plan, months_from, read_truth, simulate
from orchestration.nightly import run_nightly
from orchestration.settings import Settings
from warehouse.home import Home

NIGHT = time(2)
DAYS_AFTER = 10  # the last month's end: before any form is late, after every date that a plan names


def scored(communes: int, first: str, months: int, seed: int, rate: float) -> Score:
    """One province, simulated and put through the night. Raises RuntimeError where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        inbox, home = Path(folder) / "inbox", Home(Path(folder) / "home")
        began = perf_counter()
        for _ in simulate(
            Plan(inbox, communes, months_from(first, months), seed, rate),
            min(2, os.cpu_count() or 1),
        ):
            pass
        simulated = perf_counter()
        last = period_of(months_from(first, months)[-1]).end
        as_of = datetime.combine(last + timedelta(DAYS_AFTER), NIGHT)
        outcome = run_nightly(home, str(inbox), as_of, Settings().workers, lambda *_: None)
        done = perf_counter()
        if not outcome.succeeded:
            why = outcome.failed_steps, outcome.failed_checks, outcome.causes
            raise RuntimeError(f"the night failed: {why}")
        result = score(read_truth(inbox), read_findings(home.published_file))
    for row in result.missed:
        print(f"missed: {row.kind} {row.file} {row.sheet}!{row.cell}", file=sys.stderr)
    for finding in result.false_alarms[:40]:
        named = f"{finding.file} {finding.sheet} {' '.join(finding.cells[:6])}"
        print(f"false alarm: {finding.rule} {named}: {finding.message}", file=sys.stderr)
    print(
        f"seed {seed}: simulated in {simulated - began:.0f} s, night {done - simulated:.0f} s",
        file=sys.stderr,
    )
    return result


def _apart(*province: Any) -> Score:
    """`scored`, in a process of its own: a process knows one home of Dagster."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(scored, *province).result()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--communes", type=int, default=65)
    options.add_argument("--from", dest="first", default="2026-04")
    options.add_argument("--months", type=int, default=3)
    options.add_argument("--rate", type=float, default=0.03)
    options.add_argument("--seeds", default="1,2,3")
    options.add_argument("--no-clean", dest="clean", action="store_false")
    chosen = options.parse_args()
    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    total = Score(())
    for seed in seeds:
        total += _apart(chosen.communes, chosen.first, chosen.months, seed, chosen.rate)
    print(as_markdown(total))
    if chosen.clean:
        clean = _apart(chosen.communes, chosen.first, chosen.months, seeds[0], 0.0)
        print(f"\nFindings in the same province without errors: {len(clean.false_alarms)}.")


if __name__ == "__main__":
    main()
