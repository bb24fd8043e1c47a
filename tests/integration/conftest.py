"""A home built once for all tests that only read it, by the real command on the real samples."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pytest

from warehouse.connection import open_published

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT / "samples" / "inbox"
KHO = Path(sys.executable).with_name("kho")
FIRST_NIGHT, SECOND_NIGHT = "2026-11-22T02:00", "2026-11-23T02:00"

Run = subprocess.CompletedProcess[str]


def run_kho(*arguments: str | Path) -> Run:
    """Run the `kho` command as a user would."""
    return subprocess.run(
        [str(KHO), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "240"},
    )


@dataclass(frozen=True)
class Built:
    """A home after its first night."""

    home: Path
    output: str

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with open_published(self.home / "current" / "kho.duckdb") as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The samples, built once for all test processes. Tests must not change it."""
    base = tmp_path_factory.getbasetemp()
    # xdist gives every worker a folder of its own below one of this run
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built_home"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        output = shared / "output.txt"
        if not output.exists():
            shutil.rmtree(shared, ignore_errors=True)
            run = run_kho("nightly", "--home", shared, "--inbox", SAMPLES, "--as-of", FIRST_NIGHT)
            assert run.returncode == 0, run.stdout + run.stderr
            output.write_text(run.stdout, encoding="utf-8")
    return Built(shared, output.read_text(encoding="utf-8"))


@pytest.fixture
def copied(built: Built, tmp_path: Path) -> Built:
    """A copy of the built home that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(built.home, home, symlinks=True)
    return Built(home, built.output)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A copy of the samples that a test may change."""
    folder = tmp_path / "inbox"
    shutil.copytree(SAMPLES, folder)
    return folder


@pytest.fixture
def nightly(tmp_path: Path) -> Iterator[Callable[[Path, Path, str], Run]]:
    """Run a night: home, inbox, as-of time."""

    def run(home: Path, source: Path, as_of: str) -> Run:
        return run_kho("nightly", "--home", home, "--inbox", source, "--as-of", as_of)

    yield run


def change_cell(path: Path, sheet: str, address: str, value: str) -> None:
    book = openpyxl.load_workbook(path)
    book[sheet][address] = value
    book.save(path)


def read_all_facts(home: Path) -> dict[str, tuple[object, ...]]:
    """Every current fact of the published file: key to value, text and cell."""
    columns = {
        "fct_budget": "amount_vnd",
        "fct_investment": "coalesce(amount_vnd, amount_usd, quantity)",
        "fct_indicator": "value",
        "fct_trade": "coalesce(value_usd, quantity)",
        "fct_target": "value_low",
    }
    found: dict[str, tuple[object, ...]] = {}
    with duckdb.connect(str((home / "current" / "kho.duckdb").resolve()), read_only=True) as c:
        for table, value in columns.items():
            rows = c.execute(
                f"select fact_key, {value}, value_text, cell_ref from {table} where is_current"
            ).fetchall()
            for key, *rest in rows:
                assert key not in found, f"{key} stands twice"
                found[key] = tuple(rest)
    return found
