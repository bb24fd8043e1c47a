"""How long a step took and what it left, into its metadata: the pages draw it over the nights."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Any

import dagster as dg

Step = Callable[..., Any]


def measured(step: Step) -> Step:
    """An asset's function whose result says `seconds` (wall) and `cpu_seconds` (this process)."""
    if isgeneratorfunction(step):

        @wraps(step)
        def yielding(*arguments: Any, **named: Any) -> Iterator[Any]:
            begun = _now()
            for result in step(*arguments, **named):
                yield _with_times(result, begun)

        return yielding

    @wraps(step)
    def returning(*arguments: Any, **named: Any) -> Any:
        begun = _now()
        return _with_times(step(*arguments, **named), begun)

    return returning


def bytes_below(folder: Path) -> int:
    """What the files below a folder take."""
    return sum(
        os.lstat(f"{place}/{name}").st_size for place, _, names in os.walk(folder) for name in names
    )


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _with_times(result: Any, begun: tuple[float, float]) -> Any:
    if not isinstance(result, dg.MaterializeResult):
        return result
    wall, cpu = (round(now - then, 2) for now, then in zip(_now(), begun, strict=True))
    times = {"seconds": wall, "cpu_seconds": cpu}
    return result._replace(metadata={**(result.metadata or {}), **times})
