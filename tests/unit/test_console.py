"""What Dagster shows and starts: the sensor waits for quiet, runs are tagged, late forms are red,
every asset has an owner, and a run that was killed does not stop the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from orchestration import sensors
from orchestration.assets.punctuality import Punctuality, punctuality
from orchestration.definitions import OWNERS, defs
from orchestration.left_over import GRACE_SECONDS, close_left_over
from orchestration.run_tags import run_config, shown
from orchestration.several import counted, several
from orchestration.stages import STAGES
from warehouse.home import Home

START = datetime(2026, 7, 5, 9)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home that the settings name."""
    place = Home(tmp_path / "home")
    place.create()
    monkeypatch.setenv("KHO_HOME", str(place.root))
    return place


class Ticks:
    """The sensor as the daemon calls it: minute after minute, with the cursor that it left."""

    def __init__(
        self, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.inbox = tmp_path / "inbox"
        (self.inbox / "STC").mkdir(parents=True)
        monkeypatch.setenv("KHO_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("KHO_INBOX", str(self.inbox))
        monkeypatch.setenv("KHO_QUIET_MINUTES", "3")
        self._instance, self._patch = instance, monkeypatch
        self.cursor: str | None = None

    def at(self, minutes: int) -> dg.SensorResult | dg.SkipReason:
        now = START + timedelta(minutes=minutes)
        self._patch.setattr(sensors, "local_now", lambda: now)
        context = dg.build_sensor_context(instance=self._instance, cursor=self.cursor)
        answer = sensors.files_arrived(context)
        self.cursor = getattr(answer, "cursor", None) or context.cursor
        assert isinstance(answer, dg.SensorResult | dg.SkipReason)
        return answer

    def skips(self, minutes: int) -> str:
        answer = self.at(minutes)
        assert isinstance(answer, dg.SkipReason)
        return str(answer.skip_message)

    def arrives(self, name: str, content: str = "x") -> None:
        (self.inbox / "STC" / name).write_text(content, encoding="utf-8")


@pytest.fixture
def ticks(instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    return Ticks(instance, tmp_path, monkeypatch)


def test_files_that_arrive_are_built_once_when_nothing_moved_for_a_while(ticks: Ticks) -> None:
    assert "no file that was not received" in ticks.skips(0)
    ticks.arrives("a.xlsx")
    assert "waiting until nothing moves for 3 minutes" in ticks.skips(1)
    ticks.arrives("a.xlsx", "still being copied")
    assert "waiting" in ticks.skips(3)
    ticks.arrives("b.xlsx")
    for minute in (4, 5, 6):
        assert "waiting" in ticks.skips(minute)
    answer = ticks.at(7)
    assert isinstance(answer, dg.SensorResult)
    [request] = answer.run_requests or ()
    assert request.run_config == {
        "resources": {"build": {"config": {"as_of": "2026-07-05T09:07:00", "by_clock": True}}}
    }
    assert request.tags["kho/as_of"] == "2026-07-05 09:07"
    assert request.tags["kho/begun_by"] == "files"
    assert request.tags["kho/simulated"] == "no"
    # the same files, because the build failed: the same key, and Dagster begins no other
    again = ticks.at(8)
    assert isinstance(again, dg.SensorResult)
    assert [r.run_key for r in again.run_requests or ()] == [request.run_key]


def test_clock_that_was_set_back_waits_anew(ticks: Ticks) -> None:
    ticks.arrives("a.xlsx")
    ticks.skips(60)
    assert "waiting" in ticks.skips(0)


def test_broken_cursor_begins_anew(ticks: Ticks) -> None:
    ticks.arrives("a.xlsx")
    ticks.cursor = json.dumps({"of": "an older version"})
    assert "waiting" in ticks.skips(0)


def test_no_second_run_is_asked_for_while_one_waits_or_runs(
    instance: dg.DagsterInstance, ticks: Ticks
) -> None:
    ticks.arrives("a.xlsx")
    instance.add_run(dg.DagsterRun(job_name="nightly", status=dg.DagsterRunStatus.STARTED))
    assert ticks.skips(9) == "a run is waiting or running; it takes what is there"


def test_run_that_was_killed_is_closed_once_nobody_holds_the_home(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.create()
    run = instance.add_run(dg.DagsterRun(job_name="nightly", status=dg.DagsterRunStatus.STARTED))
    [record] = instance.get_run_records()
    begun = record.update_timestamp.timestamp()
    assert close_left_over(instance, home, lambda: begun + GRACE_SECONDS) == []  # it may be loading
    with home.locked():
        assert close_left_over(instance, home, lambda: begun + GRACE_SECONDS + 1) == []
    assert close_left_over(instance, home, lambda: begun + GRACE_SECONDS + 1) == [run.run_id]
    [record] = instance.get_run_records()
    assert record.dagster_run.status == dg.DagsterRunStatus.FAILURE


def failed(
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: JobFailureData | None,
    *,
    by_daemon: bool = True,
    tags: dict[str, str] | None = None,
) -> tuple[dg.RunRequest | dg.SkipReason, str]:
    """What the sensor answers to a run that failed so, and the mail to the team."""
    home, inbox = Home(tmp_path / "home"), tmp_path / "inbox"
    home.create()
    inbox.mkdir(exist_ok=True)
    monkeypatch.setenv("KHO_HOME", str(home.root))
    monkeypatch.setenv("KHO_INBOX", str(inbox))
    origin = RemoteJobOrigin(
        RemoteRepositoryOrigin(InProcessCodeLocationOrigin(
            LoadableTargetOrigin(module_name="orchestration.definitions")), "repository"),
        "nightly",
    ) if by_daemon else None  # fmt: skip
    run = instance.add_run(
        dg.DagsterRun(
            job_name="nightly", status=dg.DagsterRunStatus.STARTED, tags=tags or {},
            remote_job_origin=origin,
        )
    )  # fmt: skip
    event = instance.report_run_failed(run, job_failure_data=data)
    context = dg.build_run_status_sensor_context(
        sensor_name="failed_run", dagster_event=event, dagster_instance=instance,
        dagster_run=instance.get_run_by_id(run.run_id) or run,
    ).for_run_failure()  # fmt: skip
    [answer] = sensors.failed_run(context)
    [path] = home.outbox.glob("*.eml")
    return answer, message_from_bytes(path.read_bytes(), policy=default).get_content()


@pytest.mark.parametrize(
    "data", [None, JobFailureData(None, RunFailureReason.UNEXPECTED_TERMINATION)]
)
def test_run_that_was_killed_is_begun_again_as_of_now_and_the_team_reads_so(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    data: JobFailureData | None,
) -> None:  # fmt: skip
    monkeypatch.setattr(sensors, "local_now", lambda: START)
    answer, mail = failed(instance, tmp_path, monkeypatch, data, tags={"kho/begun_by": "schedule"})
    assert isinstance(answer, dg.RunRequest)
    [record] = instance.get_run_records()
    killed = record.dagster_run.run_id
    assert answer.run_key == f"again-{killed}"
    assert answer.run_config["resources"]["build"]["config"]["as_of"] == START.isoformat()
    assert (answer.tags["kho/begun_by"], answer.tags["kho/again_after"]) == ("again", killed[:8])
    assert "Nguyên nhân: Tiến trình bị dừng đột ngột" in mail
    assert "Hệ thống tự chạy lại một lần." in mail


@pytest.mark.parametrize(
    ("data", "by_daemon", "tags", "why"),
    [
        (None, True, {"kho/again_after": "x"}, "it was the second try"),
        (None, False, {}, "it was begun by a command"),
        (JobFailureData(None, RunFailureReason.STEP_FAILURE), True, {}, "it was not killed"),
        (JobFailureData(None, RunFailureReason.RUN_EXCEPTION), True, {}, "it was not killed"),
    ],
)
def test_run_that_failed_otherwise_or_again_is_told_and_not_begun_anew(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    data: JobFailureData | None, by_daemon: bool, tags: dict[str, str], why: str,
) -> None:  # fmt: skip
    answer, mail = failed(instance, tmp_path, monkeypatch, data, by_daemon=by_daemon, tags=tags)
    assert isinstance(answer, dg.SkipReason)
    assert str(answer.skip_message).endswith(f"not again: {why}")
    assert "không hoàn thành" in mail and "tự chạy lại" not in mail


def test_team_is_told_of_a_killed_run_whose_sources_are_gone(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.create()
    home.sources.write_text("sources: nonsense", encoding="utf-8")
    answer, mail = failed(instance, tmp_path, monkeypatch, None)
    assert isinstance(answer, dg.SkipReason)
    assert "không hoàn thành" in mail and "tự chạy lại" not in mail


def test_run_that_was_killed_waits_for_no_other_that_takes_all(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.add_run(dg.DagsterRun(job_name="nightly", status=dg.DagsterRunStatus.STARTED))
    answer, _ = failed(instance, tmp_path, monkeypatch, None)
    assert isinstance(answer, dg.SkipReason)
    assert "a run is waiting or running; it takes what is there" in str(answer.skip_message)


def test_sensors_and_schedule_are_as_they_are_said_to_be() -> None:
    stopped = dg.DefaultSensorStatus.STOPPED
    assert {sensor.name: sensor.default_status for sensor in defs.sensors or ()} == {
        "files_arrived": stopped,
        "failed_run": dg.DefaultSensorStatus.RUNNING,
        "killed_run": dg.DefaultSensorStatus.RUNNING,
    }


def test_every_asset_has_an_owner_and_a_description() -> None:
    graph = defs.resolve_asset_graph()
    keys = [key for key in graph.get_all_asset_keys() if graph.get(key).is_executable]
    assert len(keys) > 50
    for key in keys:
        assert list(graph.get(key).owners) == list(OWNERS), key
        assert graph.get(key).description, key


def test_every_step_has_a_name_for_the_team() -> None:
    steps = {node.name for node in defs.resolve_job_def("nightly").graph.node_defs}
    assert steps == set(STAGES) - {"loading"}


def test_address_is_shown_without_who_logs_in() -> None:
    assert (
        shown("sftp://kho:bi-mat@gui.stc.example:2222/in?x=bi-mat") == "sftp://gui.stc.example/in"
    )
    assert shown("/srv/inbox") == "/srv/inbox"


def test_form_is_late_while_a_sender_is_overdue_and_says_who() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table mart_submission_status
                (unit_code varchar, form_code varchar, status varchar, n_received integer,
                 days_late integer);
            insert into mart_submission_status values
                ('STC', 'a', 'received', 1, 0), ('SYT', 'a', 'overdue', 0, 12),
                ('SXD', 'a', 'overdue', 0, 3), ('SYT', 'a', 'overdue', 0, 40),
                ('STC', 'b', 'received_late', 1, 2), ('SYT', 'b', 'missing', 0, 0),
                ('SXD', 'b', 'held', 1, 0);
            """
        )
        found = punctuality(connection)
    assert found["a"] == Punctuality(4, 1, 0, 0, 0, 3, 40, ("SXD", "SYT"))
    assert not found["a"].is_on_time
    assert found["b"].is_on_time  # what came late is there; b has no due day for who is missing
    assert (found["b"].received_late, found["b"].missing, found["b"].held) == (1, 1, 1)


def test_several_things_are_read_without_a_click() -> None:
    assert several(()) == "none"
    assert several(["SXD", "SYT"]) == "SXD, SYT"
    assert several([*"abcdefg"], 5) == "a, b, c, d, e and 2 more"
    assert counted({"header": 1, "total": 4, "range": 4}) == "range: 4, total: 4, header: 1"


def test_run_of_the_daemon_is_refused_where_the_clock_leapt(
    instance: dg.DagsterInstance, home: Home
) -> None:
    (home.builds / "b").mkdir()
    last = {"build_id": "b", "as_of": "2026-07-05 02:00:00"}
    (home.builds / "b" / "build.json").write_text(json.dumps(last), encoding="utf-8")
    home.switch_current("b")
    result = defs.resolve_job_def("nightly").execute_in_process(
        instance=instance, run_config=run_config(datetime(2036, 7, 5, 2)), raise_on_error=False
    )
    assert not result.success
    assert "more than 180 days after the last published build" in str(result.all_events)


def test_run_in_a_home_that_another_holds_is_refused_and_the_team_is_told(
    instance: dg.DagsterInstance, home: Home
) -> None:
    config = {"resources": {"build": {"config": {"home": str(home.root)}}}}
    with home.locked():
        result = defs.resolve_job_def("nightly").execute_in_process(
            instance=instance, run_config=config, raise_on_error=False
        )
        assert not result.success
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_run",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        for _ in range(2):  # the second time it was told before
            list(sensors.failed_run(context))
    [path] = home.outbox.glob("*.eml")
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert "another build is running" in message.get_content()
