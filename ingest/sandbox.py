"""Reads files in child processes: a file that crashes, hangs or eats memory costs that file only.

A worker has limits on memory and CPU time that it cannot lift; one that dies is replaced, and the
file it had gets an answer (`crashed`, `timeout`).
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TypeVar

from pebble import ProcessExpired, ProcessPool

from ingest.workbook import Unreadable

MEMORY_BYTES = 2 * 2**30
CPU_SECONDS = 20

Result = TypeVar("Result")


def _limit_worker() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _guarded(work: Callable[[Path], Result], path: Path) -> Result | Unreadable:
    try:
        # CPU time is counted over a worker's whole life, so each file moves the limit on
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, hard))
        return work(path)
    except Unreadable as refused:
        return refused
    except MemoryError:
        return Unreadable("bomb")
    except KeyboardInterrupt:
        raise
    except SystemExit:
        return Unreadable("crashed")
    except BaseException:  # a panic of the reader is a BaseException
        return Unreadable("damaged")


def read_isolated(
    work: Callable[[Path], Result], paths: Sequence[Path], workers: int = 2
) -> Iterator[tuple[Path, Result | Unreadable]]:
    """Run `work` on every path in a child process, in order; what fails comes as Unreadable.

    `work` must be importable (a module's function) and return something picklable.
    """
    if not paths:
        return
    pool = ProcessPool(
        max_workers=min(workers, len(paths)),
        initializer=_limit_worker,
        context=multiprocessing.get_context("spawn"),
    )
    with pool:
        futures = [
            pool.schedule(_guarded, args=(work, path), timeout=3 * CPU_SECONDS) for path in paths
        ]
        for path, future in zip(paths, futures, strict=True):
            try:
                yield path, future.result()
            except FutureTimeout:
                yield path, Unreadable("timeout")
            except ProcessExpired as death:
                # SIGXCPU: the CPU limit; anything else took the worker down
                yield path, Unreadable("timeout" if death.exitcode == -24 else "crashed")
