"""dbt as a night calls it: by a process that has it loaded, or by itself where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestration.warm_dbt import COMMAND, DBT_FOLDER, forget_another_place, warm_dbt
from warehouse.home import Home

LISTED = "kho.marts.dimensions.dim_form"


def run(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "DBT_PROFILES_DIR": str(DBT_FOLDER), "DBT_TARGET_PATH": str(home.root / "dbt"),
        "DBT_LOG_PATH": str(home.root / "dbt"), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }  # fmt: skip
    return subprocess.run(
        [*COMMAND, "--quiet", *arguments], cwd=DBT_FOLDER, env=os.environ | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_command_says_and_ends_as_dbt_does_whether_it_was_loaded_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.create()
    monkeypatch.setenv("KHO_WAREHOUSE", "")  # set by warm_dbt, and undone after the test
    with warm_dbt(home):
        loaded = run(home, "ls", "--select", "dim_form", "--resource-type", "model")
        wrong = run(home, "ls", "--select", "dim_form", "--no-such-option")
        # there is no working file with what it reads
        failed = run(home, "build", "--select", "dim_form")
        assert "KHO_DBT_SOCKET" in os.environ
    assert "KHO_DBT_SOCKET" not in os.environ
    by_itself = run(home, "ls", "--select", "dim_form", "--resource-type", "model")
    assert (loaded.returncode, loaded.stdout.strip()) == (0, LISTED), loaded.stderr
    assert (by_itself.returncode, by_itself.stdout.strip()) == (0, LISTED), by_itself.stderr
    assert wrong.returncode == 2
    assert "no-such-option" in wrong.stderr
    assert failed.returncode == 1
    assert "does not exist" in failed.stdout
    assert not list(home.root.glob("warehouse.duckdb.wal")), "the file was closed"


def test_what_dbt_keeps_of_a_project_is_dropped_where_the_program_lies_elsewhere_now(
    tmp_path: Path,
) -> None:
    target = tmp_path / "home" / "dbt"
    forget_another_place(target, Path("/opt/kho/dbt_project"))
    kept = target / "partial_parse.msgpack"
    kept.write_bytes(b"parsed")
    forget_another_place(target, Path("/opt/kho/dbt_project"))
    assert kept.exists()
    forget_another_place(target, Path("/opt/kho-2/dbt_project"))
    assert not kept.exists()
