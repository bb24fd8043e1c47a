"""The blocking gates block: nothing goes on, nothing is published, and the run says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations import gate
from ingest import loaded_cells
from orchestration.assets import ingest as ingest_assets
from orchestration.assets import marts as mart_assets
from orchestration.nightly import Outcome, run_nightly
from tests.integration.conftest import Built, change_cell, read_all_facts
from warehouse.home import Home


def second_night(built: Built, inbox: Path) -> Outcome:
    change_cell(inbox / "HQ6/LS-06_2021-2025.xlsx", "LS-06", "L17", "89")
    return run_nightly(Home(built.home), str(inbox), datetime(2026, 11, 23, 2), 2, lambda *_: None)


def test_a_cell_lost_while_loading_stops_the_night_before_dbt(
    copied: Built, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_a_cell(connection: Any, *cells: Any) -> None:
        loaded_cells.load_new_cells(connection, *cells)
        connection.execute("delete from raw.cell where rowid = (select max(rowid) from raw.cell)")

    monkeypatch.setattr(ingest_assets, "load_new_cells", lose_a_cell)
    before = read_all_facts(copied.home)
    outcome = second_night(copied, inbox)
    assert not outcome.succeeded
    assert outcome.failed_checks == ("every_cell_was_loaded",)
    assert outcome.failed_steps == ("accepted_submissions",)
    with duckdb.connect(str(copied.home / "warehouse.duckdb"), read_only=True) as working:
        made = working.execute(
            "select count(*) from kept.made inner join raw.build using (build_id)"
        ).fetchone()
    assert made == (0,)  # dbt did not run
    assert not (copied.home / "warehouse.json").exists()  # nobody builds on this file
    assert read_all_facts(copied.home) == before


@pytest.mark.slow
def test_a_fact_that_left_its_cell_stops_the_night_before_publishing(
    copied: Built, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = gate.gate_before_publishing

    def spoil_a_fact(connection: Any, rules: Any) -> Any:
        connection.execute("update fct_budget set amount_vnd = 1 where line_code = 'revenue_total'")
        return real(connection, rules)

    monkeypatch.setattr(mart_assets, "gate_before_publishing", spoil_a_fact)
    before = read_all_facts(copied.home)
    outcome = second_night(copied, inbox)
    assert not outcome.succeeded
    assert "fact_traces_to_cell" in outcome.failed_checks
    assert read_all_facts(copied.home) == before
