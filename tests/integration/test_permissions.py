"""Analysts read what is published and nothing else; others nothing; nobody changes a build."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Built

ANALYSTS, NOBODY, STRANGERS = 64_001, 65_534, 64_002


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def access(path: Path) -> int:
    """The mode without the bit that hands the group on, which new folders get from theirs."""
    return mode(path) & 0o777


def test_a_build_sets_who_may_read_what(built: Built) -> None:
    home = built.home
    assert mode(home) == 0o2710
    assert mode(home / "builds") == 0o2750
    for name in ("archive", "ledger", "outbox", "dagster", "logs", "readings", "history", "dbt"):
        assert access(home / name) == 0o700, name
    for name in ("warehouse.duckdb", ".lock", "seen.json"):
        assert mode(home / name) == 0o600, name
    build = (home / "current").resolve()
    assert access(build / "reports") == 0o700
    for path in build.rglob("*"):
        if path.is_file():
            assert mode(path) == 0o444, path
        elif "reports" not in path.parts:
            assert mode(path) == 0o2750, path


@pytest.fixture
def shared(built: Built) -> Iterator[Path]:
    """A copy of the home that was given to a group, where other users can come to."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    folder = Path(tempfile.mkdtemp(prefix="kho-permissions-"))
    folder.chmod(0o711)
    home = folder / "home"
    shutil.copytree(built.home, home, symlinks=True)
    for path in [home, *home.rglob("*")]:
        if not path.is_symlink():
            before = mode(path)
            os.chown(path, 0, ANALYSTS)
            path.chmod(before)  # a change of group takes the sticky bit away
    yield home
    shutil.rmtree(folder)


def can_read(path: Path, group: int) -> bool:
    command = ["ls", str(path)] if path.is_dir() else ["cat", str(path)]
    run = subprocess.run(
        command, user=NOBODY, group=group, extra_groups=[], capture_output=True, cwd="/"
    )
    return run.returncode == 0


def test_analysts_read_builds_and_nothing_else_and_strangers_nothing(shared: Path) -> None:
    published = [
        shared / "current" / name for name in ("kho.duckdb", "build.json", "parquet", "excel")
    ]
    original = next(path for path in (shared / "archive").rglob("*") if path.is_file())
    closed = [
        original, shared, shared / "archive", shared / "ledger" / "receipts.jsonl",
        shared / "warehouse.duckdb", shared / "current" / "reports",
        shared / "current" / "reports" / "index.html", shared / "logs" / "kho.jsonl",
        shared / "outbox", shared / "dagster", shared / "readings",
    ]  # fmt: skip
    assert [path for path in published if not can_read(path, ANALYSTS)] == []
    assert [path for path in closed if can_read(path, ANALYSTS)] == []
    assert [path for path in [*published, *closed] if can_read(path, STRANGERS)] == []


def test_analyst_cannot_write_into_a_build(shared: Path) -> None:
    for name in ("kho.duckdb", "new.txt"):
        run = subprocess.run(
            ["tee", "-a", str(shared / "current" / name)], input=b"x", user=NOBODY,
            group=ANALYSTS, extra_groups=[], capture_output=True, cwd="/",
        )  # fmt: skip
        assert b"Permission denied" in run.stderr


def test_next_build_keeps_the_group(shared: Path) -> None:
    (shared / "builds" / "next").mkdir()
    assert (shared / "builds" / "next").stat().st_gid == ANALYSTS
