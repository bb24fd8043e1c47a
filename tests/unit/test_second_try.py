"""A step is tried once more where the machine failed it, and only there."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.definitions import defs
from orchestration.second_try import may_pass, tried_again

HOLDS = (
    "import duckdb, sys\n"
    "held = duckdb.connect(sys.argv[1], read_only=True)\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHO_STEP_PAUSE_SECONDS", "0")


def run(step: Callable[[], object]) -> tuple[bool, list[str]]:
    """A run of one step: whether it succeeded, and what became of the step."""

    @dg.asset(name="step")
    @tried_again
    def asset() -> None:
        step()

    result = dg.materialize([asset], raise_on_error=False)
    kinds = ("STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_FAILURE", "STEP_SUCCESS")
    return result.success, [
        e.event_type_value for e in result.all_events if e.event_type_value in kinds
    ]


TWICE = ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A DuckDB file that another program has open."""
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield path, process
        process.kill()


def test_a_file_that_another_program_had_open_is_opened_the_second_time(
    locked: tuple[Path, subprocess.Popen[str]],
) -> None:
    path, process = locked
    tries = []

    def step() -> None:
        tries.append(1)
        try:
            duckdb.connect(str(path)).close()
        finally:
            process.kill()
            process.wait()

    assert run(step) == (True, [*TWICE, "STEP_SUCCESS"])
    assert len(tries) == 2


def test_a_file_that_stays_locked_fails_the_step_after_its_second_try(
    locked: tuple[Path, subprocess.Popen[str]],
) -> None:
    path, _ = locked
    assert run(lambda: duckdb.connect(str(path))) == (False, [*TWICE, "STEP_FAILURE"])


def test_a_disk_that_takes_no_more_for_a_while_is_written_to_again(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def step() -> None:
        try:
            (tmp_path / "out").write_bytes(b"x" * 5000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def full() -> None:
        # as a disk does that is full, but for this process alone
        if not (tmp_path / "out").exists():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        step()

    assert run(full) == (True, [*TWICE, "STEP_SUCCESS"])
    assert (tmp_path / "out").stat().st_size == 5000


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: duckdb.execute("select * from no_such_table"),
        lambda: duckdb.execute("select 'x'::date"),
        lambda: duckdb.execute("from read_parquet('/no/such/file.parquet')"),
        lambda: Path("/no/such/file").read_bytes(),
        lambda: [][0],
    ],
)
def test_what_would_fail_the_same_way_again_fails_at_once(wrong: Callable[[], object]) -> None:
    assert run(wrong) == (False, ["STEP_START", "STEP_FAILURE"])


def test_what_dbt_says_is_told_apart() -> None:
    says = "failed with exit code `{}`. Check the stdout.\n\nErrors parsed from dbt logs:\n\n{}"
    lock = 'IO Error: Could not set lock on file "warehouse.duckdb": Conflicting lock is held'
    wrong = "Binder Error: Referenced column 'x' not found"
    test = "Failure in test unique_dim_unit: Got 2 results, configured to fail if != 0"
    for code, text, passes in (
        (1, lock, True), (2, lock, True), (1, wrong, False), (1, test, False), (2, "", False),
        (9, "", True), (-9, "", True), (os.EX_TEMPFAIL, "", True),
    ):  # fmt: skip
        assert may_pass(DagsterDbtCliRuntimeError(says.format(code, text))) is passes, (code, text)


def test_errors_of_the_machine_are_told_from_those_of_a_path() -> None:
    assert may_pass(OSError(errno.ENOSPC, "No space left on device"))
    assert may_pass(MemoryError())
    assert not may_pass(NotADirectoryError(errno.ENOTDIR, "Not a directory"))
    assert not may_pass(OSError("says no number"))


def test_every_step_but_publishing_and_mailing_may_be_tried_again() -> None:
    job = defs.resolve_job_def("nightly")
    for node in job.graph.node_defs:
        function = node.compute_fn.decorated_fn  # type: ignore[union-attr]
        wrappers = []
        while (inner := getattr(function, "__wrapped__", None)) is not None:
            wrappers.append(function.__code__.co_qualname)
            function = inner
        repeats = any(name.startswith("tried_again.") for name in wrappers)
        assert repeats == (node.name not in ("published_build", "sent_mails")), node.name
