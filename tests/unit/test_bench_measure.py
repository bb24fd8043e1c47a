"""The benchmark counts the CPU time of everything that a command starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
# starts a process, does not wait for it, and ends before it
LEAVES = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {BURN.format(0.6)!r}])
print('{{"left": 1}}')
"""
MEASURE = """
import sys
from bench.measure import cost_of
cost = cost_of([sys.executable, "-c", sys.argv[1]])
print(cost.cpu, cost.said)
"""


def measured(code: str) -> tuple[float, str]:
    """In a process of its own: measuring adopts and waits for whatever is left behind."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    cpu, _, said = done.stdout.partition(" ")
    return float(cpu), said.strip()


def test_what_nobody_waited_for_is_counted() -> None:
    cpu, said = measured(LEAVES)
    assert cpu >= 0.6
    assert said == "{'left': 1}"


def test_what_costs_nothing_costs_little() -> None:
    cpu, _ = measured("print('{}')")
    assert cpu < 0.6
