"""Runs a command in a fresh process and says what its whole tree of processes has cost.

Only processes that somebody waited for are counted by the system. What a command leaves behind (a
server of forked workers, which nobody waits for) is adopted here and waited for too, so that
nothing escapes. Keep this module's imports few: a new process inherits the peak of its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True)
class Cost:
    """CPU time (user and system) of a tree of processes, the time it took, and what it printed."""

    cpu: float
    wall: float
    said: dict[str, Any]


def cost_of(command: Sequence[str]) -> Cost:
    """Run a command that prints one JSON object; waits until every process of it has ended."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this system cannot adopt orphaned processes")
    began = time.perf_counter()
    cpu, status = 0.0, 0
    with tempfile.TemporaryFile() as output:
        # as an installed program runs: it need not be compiled each time
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen(command, stdout=output, env=environment)
        while True:
            try:
                pid, ended, used = os.wait4(-1, 0)
            except ChildProcessError:
                break
            # of a process and of the children that it waited for itself
            cpu += used.ru_utime + used.ru_stime
            if pid == process.pid:
                status = process.returncode = os.waitstatus_to_exitcode(ended)
        output.seek(0)
        said = output.read()
    if status != 0:
        raise RuntimeError(f"exit status {status}: {' '.join(command[:4])}")
    return Cost(cpu, time.perf_counter() - began, json.loads(said))
