"""The `kho` command for tests, and what is costly to make: made by one process for all of them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

KHO = Path(sys.executable).with_name("kho")
Run = subprocess.CompletedProcess[str]


def run_kho(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run the `kho` command as a user would, with more in its environment."""
    return subprocess.run(
        [str(KHO), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "240"} | dict(environment or {}),
    )


def as_lines(acts: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Acts as the ledger takes the changes of a build."""
    return (json.dumps(act, ensure_ascii=False) for act in acts)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of this run that `make` fills, whichever process comes first; the others wait.
    Tests must not change it."""
    base = factory.getbasetemp()
    # xdist gives every worker a folder of its own below one of this run
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    complete = folder.with_suffix(".complete")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            complete.touch()
    return folder
