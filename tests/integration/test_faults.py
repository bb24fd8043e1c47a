"""Faults of the machine. After each: the last build stays readable, the next run completes, and the
facts are those of a run that nothing disturbed. Kills at single functions are in test_kills.py."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.integration.conftest import (
    CORRECTED,
    SAMPLES,
    SECOND_NIGHT,
    THIRD_NIGHT,
    Built,
    change_cell,
    kill_night,
    read_all_facts,
)
from tests.shared import KHO, Run, made_once, run_kho

Nightly = Callable[[Path, Path, str], Run]
Facts = dict[str, tuple[object, ...]]
LATER = "2026-11-25T02:00"

# between stages and in the middle of each, in the order in which a night comes by; with @N at the
# N-th call. Each night finds what the one before it left
KILLS_IN_A_ROW = (
    "ingest.originals.lost_originals",
    "ingest.originals.Incoming.done",
    "ingest.seen.Seen.write",
    "ingest.readings.Readings.read",
    "ingest.kept.keep@1",
    "ingest.kept.keep@2",
    "ingest.readings.Readings.cells",
    "expectations.kept_validations.validate_units",
    "ingest.kept.keep@1",
    "expectations.gate.gate_before_dbt",
    "dagster_dbt.core.dbt_cli_event.DbtCoreCliEventMessage.to_default_asset_events@90",
    "expectations.cross_rules.check_between_forms",
    "dagster_dbt.core.dbt_cli_event.DbtCoreCliEventMessage.to_default_asset_events@330",
    "warehouse.published_file.add_views_and_macros",
    "warehouse.home.take_over@2",
    "expectations.reports.marked_files.mark_files",
    "warehouse.publish.describe_build",
)


@pytest.fixture(scope="module")
def undisturbed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What a night gives that takes the correction, and that nothing disturbs."""

    def make(folder: Path) -> None:
        shutil.copytree(built.home, folder / "home", symlinks=True)
        shutil.copytree(SAMPLES, folder / "inbox")
        correct(folder / "inbox")
        run = run_kho("nightly", "--home", folder / "home", "--inbox", folder / "inbox",
                      "--as-of", SECOND_NIGHT)  # fmt: skip
        assert run.returncode == 0, run.stderr

    return read_all_facts(made_once(tmp_path_factory, "undisturbed", make) / "home")


def correct(inbox: Path) -> None:
    change_cell(inbox / CORRECTED, "LS-06", "L17", "89")


def assert_whole(home: Path, facts: Facts) -> None:
    assert read_all_facts(home) == facts
    lines = (home / "ledger/publishes.jsonl").read_text(encoding="utf-8").splitlines()
    builds = [json.loads(line)["build_id"] for line in lines]
    assert len(builds) == len(set(builds))
    assert builds[-1] == json.loads((home / "current/build.json").read_text())["build_id"]
    receipts = (home / "ledger/receipts.jsonl").read_text(encoding="utf-8").splitlines()
    numbers = [json.loads(line)["receipt_no"] for line in receipts]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
def test_nights_killed_one_after_another_everywhere_cost_nothing(
    built: Built, copied: Built, inbox: Path, nightly: Nightly, undisturbed: Facts
) -> None:
    before = read_all_facts(built.home)
    correct(inbox)
    for point in KILLS_IN_A_ROW:
        kill_night(point, copied.home, inbox, SECOND_NIGHT)
        assert read_all_facts(copied.home) == before, point
    run = nightly(copied.home, inbox, THIRD_NIGHT)
    assert run.returncode == 0, run.stderr
    assert_whole(copied.home, undisturbed)
    leftovers = [p.name for p in copied.home.rglob("*") if p.name.startswith((".staging", ".inco"))]
    assert leftovers == []


# --- the disk is full ---------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, as small as `resize` says."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1g", "kho-test", str(place)], check=False,
        capture_output=True,
    )  # fmt: skip
    if mounted.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("CI must be able to mount a tmpfs (as root)")
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def leave_free(place: Path, kilobytes: int) -> None:
    used = shutil.disk_usage(place).used // 1024
    size = f"remount,size={used + kilobytes}k"
    subprocess.run(["mount", "-o", size, str(place)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up_at_any_stage_costs_nothing(
    built: Built,
    small_disk: Path,
    inbox: Path,
    nightly: Nightly,
    undisturbed: Facts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KHO_STEP_PAUSE_SECONDS", "0")  # the disk stays full
    before = read_all_facts(built.home)
    home = small_disk / "home"
    shutil.copytree(built.home, home, symlinks=True)
    correct(inbox)
    # in the archive, in the log of runs, in the working file, in dbt, in the new build
    for kilobytes in (8, 400, 4_000, 24_000):
        leave_free(small_disk, kilobytes)
        run = nightly(home, inbox, SECOND_NIGHT)
        assert run.returncode in (1, 2), f"{kilobytes} KB were enough"
        assert "Traceback" not in run.stderr, run.stderr
        assert read_all_facts(home) == before, kilobytes
    leave_free(small_disk, 500_000)
    run = nightly(home, inbox, THIRD_NIGHT)
    assert run.returncode == 0, run.stderr
    assert_whole(home, undisturbed)


# --- a step that fails once ---------------------------------------------------------------------


def events(home: Path, kind: str) -> list[str]:
    """The steps that had an event of this kind, in whichever run."""
    found: list[str] = []
    for path in (home / "dagster/history/runs").glob("*-*.db"):
        with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):
            found += connection.execute(
                "select step_key from event_logs where dagster_event_type = ? order by id", [kind]
            ).fetchall()
    return [step for (step,) in found]


def parents() -> dict[int, int]:
    """The parent of every process of this machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    return found


def dbt_command_of(night: int) -> int | None:
    """The process that runs a dbt command for a night: forked from the one that has dbt loaded."""
    known = parents()
    for child, parent in known.items():
        if known.get(parent) == night:
            with suppress(OSError):
                if b"orchestration.warm_dbt" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
    return None


@pytest.mark.slow
def test_steps_that_find_the_working_file_locked_or_dbt_killed_are_tried_again_and_the_night_ends(
    copied: Built, inbox: Path, undisturbed: Facts
) -> None:
    correct(inbox)
    client = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("left_connected.py")),
         str(copied.home / "warehouse.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    night = subprocess.Popen(
        [str(KHO), "nightly", "--home", str(copied.home), "--inbox", str(inbox),
         "--as-of", SECOND_NIGHT],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | {"KHO_STEP_PAUSE_SECONDS": "3"},
    )  # fmt: skip
    assert client.stdout is not None and client.stdout.readline() == "held\n"
    while night.poll() is None and not events(copied.home, "STEP_UP_FOR_RETRY"):
        time.sleep(0.2)
    client.kill()
    client.communicate()
    # the first command of dbt makes the facts
    while night.poll() is None and (command := dbt_command_of(night.pid)) is None:
        time.sleep(0.05)
    time.sleep(1)
    assert command is not None
    os.kill(command, signal.SIGKILL)
    assert night.wait() == 0
    [locked, killed] = events(copied.home, "STEP_UP_FOR_RETRY")
    assert locked in ("form_validations", "accepted_submissions")
    assert killed == "dbt_facts"
    assert events(copied.home, "STEP_FAILURE") == []
    assert_whole(copied.home, undisturbed)


# --- the archive --------------------------------------------------------------------------------


def archived(home: Path, path: str) -> Path:
    for line in reversed((home / "ledger/receipts.jsonl").read_text("utf-8").splitlines()):
        receipt = json.loads(line)
        if receipt["file_path"] == path:
            sha: str = receipt["file_sha256"]
            return home / "archive" / sha[:2] / sha
    raise LookupError(path)


@pytest.mark.slow
def test_lost_originals_are_said_and_taken_again_from_source_or_backup(
    copied: Built, inbox: Path, nightly: Nightly, undisturbed: Facts, tmp_path: Path
) -> None:
    gone, altered = "STC/LS-02_LS-03_2021-2025.xlsx", "SNNMT/LS-05_2021-2025.xlsx"
    correct(inbox)
    # altered, and the source still has it; gone, and the source has not
    place = archived(copied.home, altered)
    whole = place.read_bytes()
    place.chmod(0o644)
    place.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    backup = tmp_path / "backup"
    lost = archived(copied.home, gone)
    shutil.move(lost, backup)
    (inbox / gone).unlink()
    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 1
    assert f"mất tệp gốc: {lost.name}" in run.stderr
    assert place.name not in run.stderr
    assert place.read_bytes() == whole
    assert_whole(copied.home, undisturbed)  # what the lost one held was read before

    # and now nobody knows what it held
    shutil.rmtree(copied.home / "readings")
    (inbox / "STC/moi.xlsx").write_bytes(b"")
    run = nightly(copied.home, inbox, THIRD_NIGHT)
    assert run.returncode == 1
    assert lost.name in run.stderr and "Traceback" not in run.stderr
    assert_whole(copied.home, undisturbed)

    shutil.move(backup, lost)
    run = nightly(copied.home, inbox, LATER)
    assert run.returncode == 0, run.stderr
    assert_whole(copied.home, undisturbed)


@pytest.mark.slow
def test_a_truncated_working_file_and_torn_memory_are_made_again(
    copied: Built, inbox: Path, nightly: Nightly, undisturbed: Facts
) -> None:
    for name in ("warehouse.duckdb", "seen.json", "dbt/partial_parse.msgpack"):
        with (copied.home / name).open("r+b") as file:
            file.truncate((copied.home / name).stat().st_size // 2)
    for path in [
        *copied.home.glob("readings/*/*"),
        *copied.home.glob("validations/*/*"),
        *copied.home.glob("history/*"),
    ]:
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size * 2 // 3)
    correct(inbox)
    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 0, run.stderr
    assert_whole(copied.home, undisturbed)


# --- the clock, two at once, the power ----------------------------------------------------------


def test_a_clock_that_went_back_builds_nothing(
    copied: Built, inbox: Path, nightly: Nightly
) -> None:
    correct(inbox)
    before = read_all_facts(copied.home)
    run = nightly(copied.home, inbox, "2026-11-21T02:00")
    assert run.returncode == 2
    assert "is not after the last published build" in run.stderr
    assert read_all_facts(copied.home) == before


def test_a_clock_that_leapt_ahead_builds_nothing_unless_somebody_says_it_is_right(
    copied: Built,
) -> None:
    build = copied.home / "current/build.json"
    told = json.loads(build.read_text(encoding="utf-8")) | {"as_of": "2019-01-01 02:00:00"}
    build.write_text(json.dumps(told), encoding="utf-8")
    run = run_kho("nightly", "--home", copied.home, "--inbox", SAMPLES)
    assert run.returncode == 2
    assert "more than 180 days after the last published build" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_of_two_runs_at_once_one_builds_and_the_other_says_so(
    copied: Built, inbox: Path, undisturbed: Facts
) -> None:
    correct(inbox)
    command = [str(KHO), "nightly", "--home", str(copied.home), "--inbox", str(inbox), "--as-of"]
    runs = [
        subprocess.Popen([*command, night], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                         text=True)
        for night in (SECOND_NIGHT, THIRD_NIGHT)
    ]  # fmt: skip
    said = [run.communicate()[1] for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 1], [0, 2]), said
    assert any("another build is running" in each for each in said)
    assert not any("Traceback" in each for each in said)
    assert_whole(copied.home, undisturbed)


@pytest.mark.slow
def test_a_home_copied_at_any_moment_of_a_night_goes_on_from_there(
    built: Built, copied: Built, inbox: Path, nightly: Nightly, undisturbed: Facts, tmp_path: Path
) -> None:
    """As after a power loss: files as they happened to be, torn or not there yet."""
    before = read_all_facts(built.home)
    correct(inbox)
    dice = random.Random(7)
    script = [str(KHO), "nightly", "--home", str(copied.home), "--inbox", str(inbox),
              "--as-of", SECOND_NIGHT]  # fmt: skip
    process = subprocess.Popen(script, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    copies: list[Path] = []
    while process.poll() is None:
        time.sleep(dice.uniform(2, 8))
        copy = tmp_path / f"copy{len(copies)}"
        # files come and go while they are copied
        subprocess.run(["cp", "-a", str(copied.home), str(copy)], check=False, capture_output=True)
        copies.append(copy)
    assert process.returncode == 0
    assert len(copies) > 2
    for copy in copies:
        assert read_all_facts(copy) in (before, undisturbed)
    for copy in dice.sample(copies, 3):
        run = nightly(copy, inbox, THIRD_NIGHT)
        assert run.returncode == 0, run.stderr
        assert_whole(copy, undisturbed)


def test_the_points_of_kills_exist() -> None:
    """A renamed function must not make a kill never happen."""
    code = (
        "import importlib, sys\n"
        "for point in sys.argv[1:]:\n"
        "    owner, _, name = point.partition('@')[0].rpartition('.')\n"
        "    try:\n        found = importlib.import_module(owner)\n"
        "    except ModuleNotFoundError:\n"
        "        module, _, of = owner.rpartition('.')\n"
        "        found = getattr(importlib.import_module(module), of)\n"
        "    getattr(found, name)\n"
    )
    subprocess.run([sys.executable, "-c", code, *KILLS_IN_A_ROW], check=True)
