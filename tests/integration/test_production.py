"""The commands of the systemd units run: the pages answer, the daemon ticks."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What kho.env says, on a home of this test."""
    home = Home(tmp_path / "home")
    home.create()
    (tmp_path / "inbox").mkdir()
    said = dict(
        line.split("=", 1)
        for line in (UNITS / "kho.env").read_text(encoding="utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert set(said) >= {"KHO_HOME", "KHO_INBOX", "DAGSTER_HOME"}
    mine = {
        "KHO_HOME": str(home.root), "KHO_INBOX": str(tmp_path / "inbox"),
        "DAGSTER_HOME": str(home.dagster),
    }  # fmt: skip
    return os.environ | said | mine | {"PYTHONPATH": str(PROJECT)}


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


def test_units_close_what_they_make_and_hold_no_secret() -> None:
    for unit in ("kho-webserver.service", "kho-daemon.service"):
        found = settings(unit)
        assert found["UMask"] == ["0077"]
        assert found["NoNewPrivileges"] == ["yes"]
        assert found["EnvironmentFile"] == ["/etc/kho/kho.env"]
        assert "Environment" not in found
    example = (UNITS / "kho.env").read_text(encoding="utf-8")
    assert "\n#KHO_MAIL_PASSWORD=\n" in example
