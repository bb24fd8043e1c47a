"""The schedule runs at 02:00 in Lạng Sơn and skips a night without news."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration import schedules
from orchestration.definitions import defs
from tests.integration.conftest import SAMPLES, Built


def test_the_schedule_is_at_two_in_the_morning_in_lang_son() -> None:
    schedule = defs.resolve_schedule_def("every_night")
    assert (schedule.cron_schedule, schedule.execution_timezone) == (
        "0 2 * * *",
        "Asia/Ho_Chi_Minh",
    )
    assert schedule.job_name == "nightly"


def evaluate(
    monkeypatch: pytest.MonkeyPatch, home: Path, moment: str
) -> dg.RunRequest | dg.SkipReason:
    from datetime import datetime

    monkeypatch.setenv("KHO_HOME", str(home))
    monkeypatch.setenv("KHO_INBOX", str(SAMPLES))
    monkeypatch.setattr(schedules, "local_now", lambda: datetime.fromisoformat(moment))
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.build_schedule_context(instance=instance) as context,
    ):
        return schedules.every_night(context)  # type: ignore[no-any-return]


def test_a_night_without_news_is_skipped(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(evaluate(monkeypatch, built.home, "2026-11-23T02:00"), dg.SkipReason)


def test_a_night_after_a_due_date_runs(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(evaluate(monkeypatch, built.home, "2026-12-16T02:00"), dg.RunRequest)


def test_the_first_night_of_a_home_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = evaluate(monkeypatch, tmp_path, "2026-11-22T02:00")
    assert isinstance(request, dg.RunRequest)
    config = request.run_config["resources"]["build"]["config"]
    assert config["as_of"] == "2026-11-22T02:00:00"  # read once, where the run is asked for
    assert request.tags["kho/begun_by"] == "schedule"
