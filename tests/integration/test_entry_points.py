"""The commands that the ecosystem's tools and newcomers look for find the project without flags."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from orchestration.cli import main
from tests.integration.conftest import PROJECT, Built
from tests.shared import Run, run_kho

BIN = Path(sys.executable).parent


def run(*command: str, cwd: Path = PROJECT, **environment: str) -> Run:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": path} | environment,
    )


def test_dbt_unit_tests_pass_in_the_project_folder(copied: Built) -> None:
    done = run(
        "dbt",
        "test",
        "--select",
        "test_type:unit",
        "--target-path",
        str(copied.home / "dbt"),
        cwd=PROJECT / "dbt_project",
        KHO_WAREHOUSE=str(copied.home / "warehouse.duckdb"),
    )
    assert done.returncode == 0, done.stdout
    declared = (
        yaml.safe_load(path.read_text("utf-8")).get("unit_tests", [])
        for path in (PROJECT / "dbt_project" / "models").rglob("*.yml")
    )
    assert f"PASS={sum(map(len, declared))} " in done.stdout


@pytest.mark.slow
def test_dbt_builds_and_documents_in_the_project_folder(copied: Built) -> None:
    for command in (["build"], ["docs", "generate"]):
        done = run(
            "dbt",
            *command,
            "--target-path",
            str(copied.home / "dbt"),
            cwd=PROJECT / "dbt_project",
            KHO_WAREHOUSE=str(copied.home / "warehouse.duckdb"),
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("dg", "check", "defs"), ("dagster", "definitions", "validate")]
)
def test_dagster_finds_the_definitions_at_the_root(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    done = run(*command, DAGSTER_HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_help_lists_the_targets() -> None:
    done = run("make", "help")
    assert done.returncode == 0
    for target in ("nightly", "test", "console", "lint"):
        assert f"make {target}" in done.stdout


def test_kho_forms_lists_every_form() -> None:
    done = run_kho("forms")
    assert done.returncode == 0
    for code in ("LS-01", "LS-02", "LS-03", "LS-04", "LS-05", "LS-06", "LS-07"):
        assert code in done.stdout


def test_kho_check_says_what_would_be_found() -> None:
    import json

    file = PROJECT / "samples/inbox/HQ6/LS-06_2021-2025.xlsx"
    done = run_kho("check", "--json", file)
    assert done.returncode == 1
    [element] = json.loads(done.stdout)
    assert (element["status"], element["unit"], element["period"]) == (
        "findings",
        "HQ6",
        "2021..2025",
    )
    [finding] = [f for f in element["findings"] if f["severity"] == "warning"]
    assert finding["cell"] == "L16"
    assert finding["message"] == (
        "Ô L16 ghi “68.58”: khác cách ghi số của biểu, được hiểu là 68,58."
    )


def test_kho_check_of_a_clean_file_exits_0() -> None:
    # the command in this process: another one would only load all that it needs once more
    file = PROJECT / "samples/inbox/BHXH/LS-01_2021-2025.xlsx"
    done = CliRunner().invoke(main, ["check", str(file)])
    assert done.exit_code == 0, done.output
    assert "Không phát hiện sai sót" in done.output


def test_wrong_use_exits_2_without_traceback() -> None:
    for arguments in (["check", "khong_co.xlsx"], ["nightly", "--as-of", "hôm nay"], ["bay"]):
        done = run_kho(*arguments)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr


def test_kho_report_writes_a_page_for_one_sender(built: Built, tmp_path: Path) -> None:
    done = run_kho("report", "--home", built.home, "--unit", "HQ6", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "68.58" in (tmp_path / "HQ6.html").read_text(encoding="utf-8")
