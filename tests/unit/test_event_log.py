"""The home's log of runs: Dagster's own format in Dagster's own place."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import QuickEventLog
from warehouse.home import Home


@dg.asset
def figure() -> int:
    return 1


def test_dagster_reads_what_the_home_s_log_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    home.create()
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert isinstance(instance.event_log_storage, QuickEventLog)
        run = dg.materialize([figure], instance=instance)
    settings = home.dagster / "dagster.yaml"
    settings.write_text("telemetry:\n  enabled: false\n")
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        kinds = [record.event_log_entry.dagster_event_type for record in
                 instance.get_records_for_run(run.run_id).records]  # fmt: skip
        assert dg.DagsterEventType.ASSET_MATERIALIZATION in kinds
        assert instance.get_latest_materialization_event(figure.key) is not None


def test_settings_of_an_older_home_are_brought_up_to_date(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    now = (home.dagster / "dagster.yaml").read_text()
    (home.dagster / "dagster.yaml").write_text(
        "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
    )
    home.create()
    assert (home.dagster / "dagster.yaml").read_text() == now
    (home.dagster / "dagster.yaml").write_text("telemetry:\n  enabled: false\n# ours\n")
    home.create()
    assert "# ours" in (home.dagster / "dagster.yaml").read_text()
