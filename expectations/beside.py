"""Processes that have Great Expectations loaded: `python -m expectations.beside`.

To load it costs seconds, and each of its runs keeps a core busy. These processes load it while
files are read, and run the suites of several forms beside each other and beside the rules.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from expectations.suites import RuleResult

_WORTH_ANOTHER = 10  # suites asked for
_SIZE = 8  # bytes that say how long a message is
_running: list[Validators] = []


class Validators:
    """Up to `count` processes, each with one suite at a time; callers on several threads share
    them. The second is started when there is more to do than it takes to load it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._asked = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        self._free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._start()

    def _start(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "expectations.beside"], cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.processes.append(process)
        self._free.put(process)

    def validate(self, subject: str, frame: pl.DataFrame, rules: Sequence[str]) -> list[RuleResult]:
        """As suites.validate_residuals. A process that was killed has another one take its place,
        once. Raises RuntimeError where that ends too."""
        self._asked += 1
        if self._asked % _WORTH_ANOTHER == 0 and len(self.processes) < self._count:
            self._start()
        question = (subject, _packed(frame), list(rules))
        try:
            answer = self._answer(question)
        except (BrokenPipeError, EOFError):
            try:
                answer = self._answer(question)
            except (BrokenPipeError, EOFError) as error:
                raise RuntimeError(f"{subject}: the process of Great Expectations ended") from error
        if isinstance(answer, Exception):
            raise answer
        found: list[RuleResult] = answer
        return found

    def _answer(self, question: Any) -> Any:
        process = self._free.get()
        assert process.stdin is not None and process.stdout is not None
        try:
            _write(process.stdin, question)
            answer = _read(process.stdout)
        except (BrokenPipeError, EOFError):
            self.processes.remove(process)
            _end(process)
            self._start()
            raise
        self._free.put(process)
        return answer

    def end(self) -> None:
        for process in self.processes:
            _end(process)


@contextmanager
def validators(count: int) -> Iterator[None]:
    """While it lasts, validate_residuals has its suites run by `count` processes."""
    started = Validators(count)
    _running.append(started)
    try:
        yield
    finally:
        _running.remove(started)
        started.end()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # nothing is left behind: it only computes
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(BrokenPipeError):  # what was not written yet
            if pipe is not None:
                pipe.close()


def running() -> Validators | None:
    return _running[-1] if _running else None


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    # most rules look at few cells: a fifth of the bytes, held twice on their way, at no more CPU
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def _write(pipe: IO[bytes], message: Any) -> None:
    content = pickle.dumps(message)
    pipe.write(len(content).to_bytes(_SIZE))
    pipe.write(content)
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    head = pipe.read(_SIZE)
    if len(head) < _SIZE:
        raise EOFError
    content = pipe.read(int.from_bytes(head))
    return pickle.loads(content)  # noqa: S301 (from the other end of our own pipe)


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between
    from expectations import suites

    suites.load()
    while True:
        try:
            subject, frame, rules = _read(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: Any = suites.validate_residuals(subject, pl.read_ipc(frame), rules)
        except Exception as error:  # whoever asked says it
            answer = RuntimeError(f"{type(error).__name__}: {error}")
        _write(answers, answer)


if __name__ == "__main__":
    main()
