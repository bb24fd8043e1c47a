"""How many planted errors a night finds, and how many false alarms it gives: the README's table.

    python bench/planted_errors.py [--communes 65] [--months 4] [--rate 0.05] [--seed 1]

Simulates a province, runs the night on it in a temporary folder, and prints the table.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from ingest.simulation.score import as_markdown, read_findings, score
from ingest.simulation.write import Plan, months_from, read_truth, simulate
from orchestration.nightly import run_nightly
from orchestration.settings import Settings
from warehouse.home import Home

AS_OF = datetime.fromisoformat("2032-01-31T02:00")  # after everything that this bench simulates


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--communes", type=int, default=65)
    options.add_argument("--months", type=int, default=4)
    options.add_argument("--rate", type=float, default=0.05)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inbox, home = Path(folder) / "inbox", Home(Path(folder) / "home")
        plan = Plan(
            inbox, chosen.communes, months_from("2026-01", chosen.months), chosen.seed, chosen.rate
        )
        began = time.perf_counter()
        for _ in simulate(plan, min(2, os.cpu_count() or 1)):
            pass
        simulated = time.perf_counter()
        outcome = run_nightly(home, str(inbox), AS_OF, Settings().workers, lambda *_: None)
        done = time.perf_counter()
        if not outcome.succeeded:
            sys.exit(f"the night failed: {outcome.failed_steps} {outcome.failed_checks}")
        result = score(read_truth(inbox), read_findings(home.published_file))
    print(as_markdown(result))
    for row in result.missed[:20]:
        print(f"missed: {row.kind} {row.file} {row.sheet}!{row.cell}", file=sys.stderr)
    for finding in result.false_alarms[:20]:
        print(f"false alarm: {finding.rule} {finding.file} {finding.sheet}", file=sys.stderr)
    print(
        f"simulated in {simulated - began:.0f} s, night {done - simulated:.0f} s", file=sys.stderr
    )


if __name__ == "__main__":
    main()
