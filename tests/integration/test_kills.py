"""A run killed with SIGKILL, anywhere: the last build stays readable, the next run completes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import SECOND_NIGHT, Built, Run, change_cell, read_all_facts

Nightly = Callable[[Path, Path, str], Run]
HERE = Path(__file__).parent

KILL_POINTS = (
    "ingest.sources.pull_inbox",
    "warehouse.ledger.Ledger.add_receipts",
    "ingest.register.register",
    "ingest.load.load_cells",
    "expectations.validate.validate_submissions",
    "warehouse.ledger.Ledger.add_verdicts",
    "expectations.gate.gate_before_dbt",
    "expectations.identities.evaluate",
    "expectations.gate.gate_before_publishing",
    "warehouse.publish.stage_build",
    "warehouse.ledger.Ledger.write_changes",
    "warehouse.home.Home.switch_current",
    "warehouse.ledger.Ledger.add_publish",
)
IN_EVERY_RUN = {"expectations.gate.gate_before_dbt"}


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, marks=() if point in IN_EVERY_RUN else pytest.mark.slow)
        for point in KILL_POINTS
    ],
)
def test_killed_run_leaves_the_last_build_and_the_next_one_completes(
    copied: Built, inbox: Path, nightly: Nightly, point: str
) -> None:
    before = read_all_facts(copied.home)
    change_cell(inbox / "HQ6/LS-06_2021-2025.xlsx", "LS-06", "L17", "89")
    killed = subprocess.run(
        [
            sys.executable,
            str(HERE / "killed_night.py"),
            point,
            str(copied.home),
            str(inbox),
            SECOND_NIGHT,
        ],
        check=False,
        capture_output=True,
        env=os.environ,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    shown = read_all_facts(copied.home)
    published = point.endswith("add_publish")  # killed between the switch and the ledger
    assert (shown != before) if published else (shown == before)

    run = nightly(copied.home, inbox, "2026-11-24T02:00")
    assert run.returncode == 0, run.stderr
    after = read_all_facts(copied.home)  # asserts that no fact stands twice
    assert set(after) == set(before)
    changed = {key for key in after if after[key][0] != before[key][0]}
    assert len(changed) == 1
    lines = (copied.home / "ledger/publishes.jsonl").read_text().splitlines()
    builds = [json.loads(line)["build_id"] for line in lines]
    assert len(builds) == len(set(builds))
    assert builds[-1] == json.loads((copied.home / "current/build.json").read_text())["build_id"]
    versions = copied.query(
        "select count(*), count(*) filter (is_current) from fct_trade "
        "where indicator_code = 'trade_crossing_total' and period_key = '2025'"
    )
    assert versions == [(2, 1)]
