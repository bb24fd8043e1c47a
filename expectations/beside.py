"""A process that has Great Expectations loaded: `python -m expectations.beside`.

To load it costs seconds, and each of its runs keeps a core busy. This process loads it while files
are read; each suite then runs in a fork of it, those of several forms beside each other and beside
the rules, and what a suite held is given back when it ends.
"""

from __future__ import annotations

import io
import os
import pickle
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from ingest.loading import end_at_once, loading

if TYPE_CHECKING:
    from expectations.suites import RuleResult

_SIZE = 8  # bytes that say how long a message is
_SEEN_TO = 1.0  # seconds, after which forks that ended are seen to
_TO_END = 1.0  # seconds, of a process whose end of a connection is closed
_running: list[Validators] = []


class Validators:
    """The process, and up to `count` suites at a time; callers on several threads share it."""

    def __init__(self, count: int, folder: Path) -> None:
        self._folder = folder
        self._free = BoundedSemaphore(count)
        self._starting = Lock()
        self._started = 0
        self._start()

    def _start(self) -> None:
        self._started += 1
        self._address = os.fspath(self._folder / str(self._started))
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._address)
            listening.listen()
            # its standard input is a pipe from here: it ends when this process has, however
            self.process = subprocess.Popen(  # noqa: S603 (ourselves)
                [sys.executable, "-m", "expectations.beside", str(listening.fileno())],
                cwd=Path(__file__).parent.parent, pass_fds=[listening.fileno()],
                # a library leaves folders behind there
                env=os.environ | {"TMPDIR": os.fspath(self._folder)},
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def validate(self, subject: str, looked_at: Mapping[str, pl.DataFrame]) -> list[RuleResult]:
        """As suites.validate_looked_at. Where a process was killed, the suite is run once more.
        Raises RuntimeError where that ends too."""
        counts = {rule: part.height for rule, part in looked_at.items()}
        question = (subject, _packed(pl.concat(looked_at.values())), counts)
        with self._free:
            try:
                answer = self._answer(question)
            except (OSError, EOFError):
                self._start_unless_there()
                try:
                    answer = self._answer(question)
                except (OSError, EOFError) as error:
                    raise RuntimeError(
                        f"{subject}: the process of Great Expectations ended"
                    ) from error
        if isinstance(answer, Exception):
            raise answer
        found: list[RuleResult] = answer
        return found

    def _answer(self, question: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            with connection.makefile("rwb") as pipe:
                _write(pipe, question)
                return _read(pipe)

    def _start_unless_there(self) -> None:
        """It may be the fork alone that was killed."""
        with self._starting, suppress(subprocess.TimeoutExpired):
            self.process.wait(_TO_END)
            self.end()
            self._start()

    def end(self) -> None:
        self.process.kill()  # nothing is left behind: it only computes
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def validators(count: int) -> Iterator[None]:
    """While it lasts, validate_residuals has its suites run beside, up to `count` at a time."""
    with tempfile.TemporaryDirectory(prefix="kho-gx-") as folder:
        started = Validators(count, Path(folder))
        _running.append(started)
        try:
            yield
        finally:
            _running.remove(started)
            started.end()


def running() -> Validators | None:
    return _running[-1] if _running else None


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    # most residuals are 0: a fraction of the bytes, held twice on their way, at no more CPU
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def _write(pipe: io.BufferedRWPair, message: Any) -> None:
    content = pickle.dumps(message)
    pipe.write(len(content).to_bytes(_SIZE))
    pipe.write(content)
    pipe.flush()


def _read(pipe: io.BufferedRWPair) -> Any:
    head = pipe.read(_SIZE)
    if len(head) < _SIZE:
        raise EOFError
    content = pipe.read(int.from_bytes(head))
    return pickle.loads(content)  # noqa: S301 (from the other end of our own connection)


def serve(listening: socket.socket) -> None:
    """Answer each question in a fork, until standard input ends."""
    from expectations import suites

    with loading():
        suites.load()
    while True:
        ready, _, _ = select.select([listening, sys.stdin], [], [], _SEEN_TO)
        with suppress(ChildProcessError):  # there is none
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if sys.stdin in ready:
            return
        if listening not in ready:
            continue
        connection, _ = listening.accept()
        with connection:
            if os.fork() == 0:
                listening.close()
                # whoever asked may be there no more
                with suppress(Exception), connection.makefile("rwb") as pipe:
                    _answer(pipe)
                os._exit(os.EX_OK)  # to take down all that is loaded costs more than the suite


def _answer(pipe: io.BufferedRWPair) -> None:
    from expectations import suites

    subject, packed, counts = _read(pipe)
    try:
        frame = pl.read_ipc(packed)
        ends = accumulate(counts.values())
        looked_at = {
            rule: frame.slice(end - counts[rule], counts[rule])
            for rule, end in zip(counts, ends, strict=True)
        }
        answer: Any = suites.validate_looked_at(subject, looked_at)
    except Exception as error:  # whoever asked says it
        answer = RuntimeError(f"{type(error).__name__}: {error}")
    _write(pipe, answer)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    end_at_once(os.EX_OK)
