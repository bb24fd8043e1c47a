"""One build at a time in a home, and readers that never see half a build."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.resources import BuildResource
from warehouse.home import Home, HomeBusy
from warehouse.ledger import Ledger
from warehouse.publish import KEPT_BUILDS, NotAfterLastBuild, drop_old_builds, recover

PROJECT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from warehouse.home import Home
with Home(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.create()
    return place


DAY = "2026-07-01T02:00:00"


def complete_build(home: Home, build_id: str, as_of: str = DAY) -> None:
    folder = home.builds / build_id
    folder.mkdir()
    (folder / "build.json").write_text(
        json.dumps({"build_id": build_id, "as_of": as_of}), encoding="utf-8"
    )


def test_second_process_is_refused_until_the_first_is_gone(home: Home) -> None:
    command = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HomeBusy, match="another build is running in"), home.locked():
            pass
        holder.kill()  # a killed build leaves no lock behind
        holder.wait()
    with home.locked():
        pass


def test_lock_is_free_again_after_an_error(home: Home) -> None:
    with pytest.raises(RuntimeError, match="broken"), home.locked():
        raise RuntimeError("broken")
    with home.locked():
        pass


def test_home_without_a_build_has_nothing_published(home: Home) -> None:
    assert home.published() is None
    assert recover(home) is False


def test_created_home_sends_no_telemetry_and_keeps_its_settings(home: Home) -> None:
    settings = home.dagster / "dagster.yaml"
    assert "telemetry:\n  enabled: false" in settings.read_text()
    settings.write_text("own: true\n")
    home.create()
    assert settings.read_text() == "own: true\n"


def test_switch_points_current_to_the_build_by_a_relative_link(home: Home) -> None:
    complete_build(home, "b1")
    complete_build(home, "b2")
    home.switch_current("b1")
    home.switch_current("b2")
    assert home.published() == {"build_id": "b2", "as_of": DAY}
    assert home.current.readlink() == Path("builds/b2")
    assert [path.name for path in home.root.glob(".current-*")] == []


def test_switch_passes_over_a_link_that_a_killed_switch_left(home: Home) -> None:
    complete_build(home, "b1")
    (home.root / ".current-b1").symlink_to("nowhere")
    home.switch_current("b1")
    assert home.published() == {"build_id": "b1", "as_of": DAY}


def test_reader_sees_a_complete_build_at_every_moment_of_many_switches(home: Home) -> None:
    for number in range(2):
        complete_build(home, f"b{number}")
    home.switch_current("b0")
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            published = home.published()
            seen.append(published["build_id"] if published else None)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        home.switch_current(f"b{number % 2}")
    done.set()
    reader.join()
    assert set(seen) <= {"b0", "b1"} and seen


def test_kill_between_switch_and_ledger_is_entered_by_the_next_run(home: Home) -> None:
    complete_build(home, "b1")
    home.switch_current("b1")
    assert Ledger(home.ledger).publishes() == []
    assert recover(home) is True
    assert Ledger(home.ledger).publishes() == [{"build_id": "b1", "as_of": DAY}]
    assert recover(home) is False
    assert len(Ledger(home.ledger).publishes()) == 1


def test_clearing_removes_what_a_kill_left_and_nothing_else(home: Home) -> None:
    complete_build(home, "b1")
    home.switch_current("b1")
    home.staging("b2").mkdir()
    (home.staging("b2") / "kho.duckdb").write_bytes(b"half")
    Ledger(home.ledger).add_publish({"build_id": "b1", "as_of": DAY})
    home.clear_interrupted()
    assert [path.name for path in home.builds.iterdir()] == ["b1"]
    assert home.published() == {"build_id": "b1", "as_of": DAY}
    assert len(Ledger(home.ledger).publishes()) == 1


def test_oldest_builds_are_dropped_but_never_the_current_one(home: Home) -> None:
    names = [f"2026070{number // 10}T00000{number % 10}" for number in range(KEPT_BUILDS + 3)]
    for name in names:
        complete_build(home, name)
    home.switch_current(names[0])
    drop_old_builds(home)
    left = sorted(path.name for path in home.builds.iterdir())
    assert left == [names[0], *names[3:]]


def next_build_id(home: Home, as_of: str) -> str:
    """What the next build of this home is called, at this time."""
    resource = BuildResource(home=str(home.root), inbox="inbox", as_of=as_of, workers=1)
    with resource.yield_for_execution(dg.build_init_resource_context()) as build:
        assert build.moment == datetime.fromisoformat(as_of)
        return str(build.build_id)


MOMENT = "2026-07-05T06:30:00"


def test_build_is_named_by_its_moment_and_one_that_was_killed_is_made_again(home: Home) -> None:
    first = next_build_id(home, MOMENT)
    assert first.startswith("20260705T063000-")
    assert next_build_id(home, MOMENT) == first
    assert next_build_id(home, "2026-07-06T06:30:00") != first


@pytest.mark.parametrize("moment", [MOMENT, "2026-07-04T06:30:00"])
def test_build_that_is_not_after_the_last_is_refused(home: Home, moment: str) -> None:
    complete_build(home, "last", MOMENT)
    home.switch_current("last")
    with pytest.raises(NotAfterLastBuild, match="not after the last published build"):
        next_build_id(home, moment)
