"""Reads files in child processes: a file that crashes, hangs or eats memory costs that file only.

A worker has limits on memory and CPU time that it cannot lift. Files go to it in chunks, and before
each one it writes down which; where a worker dies, the file it had is tried once more alone, in a
worker of its own, and the others of its chunk are read again. Workers are forked from a server that
has read the contracts once, so a new one costs next to nothing.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from ingest.package import Unreadable

MEMORY_BYTES = 2 * 2**30
CPU_SECONDS = 20
CHUNK = 32
_PRELOADED = ["ingest.preload"]
_SAFE_PATH = "PYTHONSAFEPATH"

Result = TypeVar("Result")
# what a worker does with the results of a chunk before they go back: (numbers of paths, results)
Finish = Callable[[Sequence[int], list[Any]], list[Any]]


class _OutOfMemory(Unreadable):
    """A file for which the memory did not suffice: a bomb, unless others before it filled it."""

    def __init__(self) -> None:
        super().__init__("bomb")

    def __reduce__(self) -> tuple[type[_OutOfMemory], tuple[()]]:  # type: ignore[override]
        return _OutOfMemory, ()


def _limit_worker() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # a panic of the reader prints a trace of its own; what the file comes to is said by the answer
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


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
        return _OutOfMemory()
    except KeyboardInterrupt:
        raise
    except SystemExit:
        return Unreadable("crashed")
    except BaseException:  # a panic of the reader is a BaseException
        return Unreadable("damaged")


def _run_chunk(
    work: Callable[[Path], Result],
    finish: Finish | None,
    marker: str,
    numbers: Sequence[int],
    paths: Sequence[Path],
) -> list[Result | Unreadable]:
    results = []
    with Path(marker).open("wb", buffering=0) as at:
        for place, path in enumerate(paths):
            os.pwrite(at.fileno(), b"%8d" % place, 0)
            results.append(_guarded(work, path))
    return finish(numbers, results) if finish is not None else results


@dataclass
class _Chunk:
    numbers: list[int]
    marker: Path

    @property
    def place(self) -> int:
        """Which of its files the worker had last."""
        try:
            return int(self.marker.read_bytes() or b"0")
        except (FileNotFoundError, ValueError):
            return 0


def read_isolated(
    work: Callable[[Path], Result],
    paths: Sequence[Path],
    workers: int = 2,
    finish: Finish | None = None,
) -> Iterator[tuple[Path, Result | Unreadable]]:
    """Run `work` on every path in a child process, in order; what fails comes as Unreadable.

    `work` and `finish` must be importable (a module's functions, also with arguments bound) and
    what they return picklable. `finish` is called in the child with the results of a chunk.
    """
    if not paths:
        return
    answers: dict[int, Any] = {}
    handed_out = 0
    with tempfile.TemporaryDirectory(prefix="kho-read-") as folder, _garbage_left():
        run = _Run(work, finish, list(paths), Path(folder), answers)
        size = max(1, min(CHUNK, -(-len(paths) // (4 * workers))))
        numbers = list(range(len(paths)))
        waiting = [numbers[at : at + size] for at in range(0, len(numbers), size)]
        with _pool(min(workers, len(waiting))) as pool:
            chunks = [run.schedule(pool, members) for members in waiting]
            for chunk, future in chunks:
                run.take(chunk, future)
                while handed_out in answers:
                    yield paths[handed_out], answers.pop(handed_out)
                    handed_out += 1
        while run.again:
            members = run.again.pop(0)
            with _pool(1) as pool:
                run.take(*run.schedule(pool, members))
            while handed_out in answers:
                yield paths[handed_out], answers.pop(handed_out)
                handed_out += 1
    for number in range(handed_out, len(paths)):
        yield paths[number], answers.pop(number)


def start_server() -> None:
    """Start the server now, so that it is ready when there is something to read."""
    fork_context()


@contextmanager
def _garbage_left() -> Iterator[None]:
    """While many small results come in, all of which stay, it is not looked for garbage after
    every few hundred of them."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 100_000), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def fork_context() -> ForkServerContext:
    """Processes forked from the server that has this module and what it needs loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with _safe_path():
        ensure_running()
    return context


@contextmanager
def _safe_path() -> Iterator[None]:
    """What is started meanwhile loads no modules from the folder that it is started in: that may
    be a sender's."""
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def _pool(workers: int) -> ProcessPool:
    context = fork_context()
    return ProcessPool(max_workers=workers, initializer=_limit_worker, context=context)


@dataclass
class _Run:
    """One run over many files: what is answered, and which chunks are to be read again."""

    work: Callable[[Path], Any]
    finish: Finish | None
    paths: list[Path]
    folder: Path
    answers: dict[int, Any]
    started: int = 0

    def __post_init__(self) -> None:
        self.again: list[list[int]] = []

    def schedule(self, pool: ProcessPool, numbers: list[int]) -> tuple[_Chunk, Any]:
        self.started += 1
        chunk = _Chunk(numbers, self.folder / f"{self.started}")
        paths = [self.paths[number] for number in numbers]
        future = pool.schedule(
            _run_chunk,
            args=(self.work, self.finish, str(chunk.marker), numbers, paths),
            timeout=3 * CPU_SECONDS * len(numbers),
        )
        return chunk, future

    def take(self, chunk: _Chunk, future: Any) -> None:
        try:
            results = future.result()
        except FutureTimeout:
            self._died(chunk, "timeout")
        except ProcessExpired as death:
            # SIGXCPU: the CPU limit; anything else took the worker down
            self._died(chunk, "timeout" if death.exitcode == -24 else "crashed")
        except MemoryError:  # what was read did not fit while it was being written
            self._unwritten(chunk, "bomb")
        except (ArithmeticError, LookupError, TypeError, ValueError):  # it could not be written
            self._unwritten(chunk, "damaged")
        else:
            for number, result in zip(chunk.numbers, results, strict=True):
                if isinstance(result, _OutOfMemory) and len(chunk.numbers) > 1:
                    self.again.append([number])
                else:
                    self.answers[number] = result

    def _unwritten(self, chunk: _Chunk, reason: str) -> None:
        """Some file of a chunk is to blame: each is read again by itself, and answered so alone."""
        if len(chunk.numbers) > 1:
            self.again += [[number] for number in chunk.numbers]
        else:
            self.answers[chunk.numbers[0]] = Unreadable(reason)

    def _died(self, chunk: _Chunk, reason: str) -> None:
        place = min(chunk.place, len(chunk.numbers) - 1)
        culprit = chunk.numbers[place]
        others = [number for number in chunk.numbers if number != culprit]
        if others:
            self.again.append(others)
        # a file that used up its time is not given as much again
        if others and reason == "crashed":
            self.again.append([culprit])
        else:
            self.answers[culprit] = Unreadable(reason)
