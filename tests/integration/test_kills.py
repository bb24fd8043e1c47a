"""A run killed with SIGKILL, anywhere: the last build stays readable, the next run completes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import (
    CORRECTED,
    SECOND_NIGHT,
    THIRD_NIGHT,
    Built,
    NextNights,
    change_cell,
    kill_night,
    read_all_facts,
)
from tests.shared import Run

Nightly = Callable[[Path, Path, str], Run]
Facts = dict[str, tuple[object, ...]]

# and KILLED_AT, in every run
KILL_POINTS = (
    "ingest.pull.pull_sources",
    "warehouse.ledger.Ledger.add_receipts",
    "ingest.register.register",
    "ingest.loaded_cells.load_cells",
    "expectations.kept_validations.validate_units",
    "warehouse.ledger.Ledger.add_verdicts",
    "expectations.identities.evaluate",
    "expectations.gate.gate_before_publishing",
    "warehouse.published_file.stage_build",
    "warehouse.ledger.Ledger.write_changes",
    "warehouse.home.Home.switch_current",
    "warehouse.ledger.Ledger.add_publish",
)


def assert_completed(home: Path, before: Facts, changed: int) -> None:
    after = read_all_facts(home)  # asserts that no fact stands twice
    assert set(after) == set(before)
    assert len([key for key in after if after[key][0] != before[key][0]]) == changed
    lines = (home / "ledger/publishes.jsonl").read_text().splitlines()
    builds = [json.loads(line)["build_id"] for line in lines]
    assert len(builds) == len(set(builds))
    assert builds[-1] == json.loads((home / "current/build.json").read_text())["build_id"]
    versions = Built(home, "").query(
        "select count(*), count(*) filter (is_current) from fct_trade "
        "where indicator_code = 'trade_crossing_total' and period_key = '2025'"
    )
    assert versions == [(2, 1)]


def test_killed_run_leaves_the_last_build_and_the_next_one_completes(
    built: Built, next_nights: NextNights
) -> None:
    """Killed between judging the submissions and building the facts (KILLED_AT)."""
    before = read_all_facts(built.home)
    received, first = (
        (home / "ledger/receipts.jsonl").read_text().count("\n")
        for home in (next_nights.killed, built.home)
    )
    assert received > first, "the killed night had taken in what came"
    assert read_all_facts(next_nights.killed) == before
    assert_completed(next_nights.completed.home, before, changed=2)


@pytest.mark.slow
@pytest.mark.parametrize("point", KILL_POINTS)
def test_run_killed_anywhere_leaves_the_last_build_and_the_next_one_completes(
    copied: Built, inbox: Path, nightly: Nightly, point: str
) -> None:
    before = read_all_facts(copied.home)
    change_cell(inbox / CORRECTED, "LS-06", "L17", "89")
    kill_night(point, copied.home, inbox, SECOND_NIGHT)
    shown = read_all_facts(copied.home)
    published = point.endswith("add_publish")  # killed between the switch and the ledger
    assert (shown != before) if published else (shown == before)

    run = nightly(copied.home, inbox, THIRD_NIGHT)
    assert run.returncode == 0, run.stderr
    assert_completed(copied.home, before, changed=1)
