"""The commands of the systemd units run: the pages answer, the daemon ticks."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest

from tests.integration.conftest import CORRECTED, SECOND_NIGHT, Built, change_cell
from warehouse.home import Home

PROJECT = Path(__file__).resolve().parents[2]
UNITS = PROJECT / "release" / "systemd"
BIN = Path(sys.executable).parent
PATIENCE = 120


def settings(unit: str) -> dict[str, list[str]]:
    """The lines of a unit, by key."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / unit).read_text(encoding="utf-8").splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def command(unit: str, port: int) -> list[str]:
    """What the unit starts, from this environment and on a free port."""
    [line] = settings(unit)["ExecStart"]
    words = shlex.split(line)
    assert words[0].startswith("/opt/kho/.venv/bin/")
    return [str(BIN / Path(words[0]).name), *(str(port) if w == "3000" else w for w in words[1:])]


@contextmanager
def running(arguments: list[str], environment: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(
        arguments, cwd=PROJECT, env=dict(environment), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def answers(address: str) -> bytes:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def environment_of(home: Home, inbox: Path) -> dict[str, str]:
    """What kho.env says, on a home of this test."""
    home.create()
    said = dict(
        line.split("=", 1)
        for line in (UNITS / "kho.env").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert set(said) >= {"KHO_HOME", "KHO_INBOX", "DAGSTER_HOME"}
    mine = {
        "KHO_HOME": str(home.root), "KHO_INBOX": str(inbox),
        "DAGSTER_HOME": str(home.dagster),
    }  # fmt: skip
    return os.environ | said | mine | {"PYTHONPATH": str(PROJECT)}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "inbox").mkdir()
    return environment_of(Home(tmp_path / "home"), tmp_path / "inbox")


@pytest.mark.slow
def test_pages_answer_on_this_machine_only(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    arguments = command("kho-webserver.service", port)
    assert arguments[arguments.index("-h") + 1] == "127.0.0.1"
    with running(arguments, environment):
        assert b"dagster_version" in answers(f"http://127.0.0.1:{port}/server_info")


@pytest.mark.slow
def test_daemon_ticks(environment: dict[str, str]) -> None:
    check = [str(BIN / "dagster-daemon"), "liveness-check"]
    with running(command("kho-daemon.service", 0), environment):
        end = time.monotonic() + PATIENCE
        while subprocess.run(check, env=environment, capture_output=True, cwd=PROJECT).returncode:
            assert time.monotonic() < end, "no heartbeat of the daemon"
            time.sleep(1)


def wait_for(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 4 * PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(1)


@pytest.mark.slow
def test_run_whose_process_is_killed_is_begun_again_by_the_daemon_and_publishes(
    copied: Built, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_cell(inbox / CORRECTED, "LS-06", "L17", "89")
    home = Home(copied.home)
    environment = environment_of(home, inbox)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = {"resources": {"build": {"config": {"as_of": SECOND_NIGHT}}}}
    launch = [
        str(BIN / "dagster"), "job", "launch", "-m", "orchestration.definitions", "-j", "nightly",
        "--config-json", json.dumps(config),
    ]  # fmt: skip
    first = home.published()
    with (
        running(command("kho-daemon.service", 0), environment),
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
    ):
        subprocess.run(launch, env=environment, cwd=PROJECT, check=True, capture_output=True)
        [record] = instance.get_run_records(limit=1)
        killed = record.dagster_run.run_id

        def read() -> bool:
            kind = dg.DagsterEventType.STEP_SUCCESS
            return len(instance.get_records_for_run(killed, of_type=kind).records) > 3

        wait_for(read, "the run does not begin")
        [pid] = re.findall(
            r"Started process for run \(pid: (\d+)\)",
            "\n".join(entry.message for entry in instance.all_logs(killed)),
        )
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: home.published() != first, "no run in place of the killed one")
        wait_for(lambda: instance.get_run_records(limit=1)[0].dagster_run.is_finished, "no end")
        again, was = (r.dagster_run for r in instance.get_run_records(limit=2))
    assert (was.run_id, was.status) == (killed, dg.DagsterRunStatus.FAILURE)
    assert again.tags["kho/again_after"] == killed[:8]
    assert again.status == dg.DagsterRunStatus.SUCCESS
    [alert] = [
        message
        for path in home.outbox.glob("*.eml")
        if "không hoàn thành" in (message := read_mail(path))["subject"]
    ]
    assert "Hệ thống tự chạy lại một lần." in alert.get_content()
    rows = copied.query(
        "select distinct value_text from fct_trade where cell_ref = 'LS-06!L17' and is_current"
    )
    assert rows == [("89",)]


def read_mail(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default)


@pytest.mark.systemd
def test_units_are_what_systemd_understands(tmp_path: Path) -> None:
    """As it reads them before it starts them: with /opt/kho where this environment is."""
    for unit in UNITS.glob("*.service"):
        text = unit.read_text(encoding="utf-8").replace("/opt/kho/.venv", str(BIN.parent))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
        said = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (said.returncode, said.stderr) == (0, "")
    broken = tmp_path / "broken.service"
    broken.write_text("[Service]\nExecStart=/bin/true\nRestrat=always\n", encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", broken],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Restrat" in said.stderr


def test_units_close_what_they_make_and_hold_no_secret() -> None:
    for unit in ("kho-webserver.service", "kho-daemon.service"):
        found = settings(unit)
        assert found["UMask"] == ["0077"]
        assert found["NoNewPrivileges"] == ["yes"]
        assert found["EnvironmentFile"] == ["/etc/kho/kho.env"]
        assert "Environment" not in found
    example = (UNITS / "kho.env").read_text(encoding="utf-8")
    assert "\n#KHO_MAIL_PASSWORD=\n" in example
