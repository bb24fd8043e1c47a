"""Work of later steps, begun in processes beside before their turn comes.

The steps of a run follow one another in one process, and what some of them write for people needs
only the staged build: on two cores one of them would wait for the other. What was begun is waited
for where its step is reached; a run of that step alone, or a second try, does the work itself.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from ingest.sandbox import fork_context

Work = Callable[[], Any]


class InAdvance:
    """What was begun, by name. Works and their results go from process to process: plain functions
    with plain arguments (functools.partial)."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._begun: dict[str, Future[Any]] = {}

    def begin(self, name: str, work: Work) -> None:
        """Have `work` done beside, unless it is under way."""
        if name in self._begun:
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers, fork_context(), initializer=_end_with_the_run
            )
        self._begun[name] = self._pool.submit(work)

    def finish(self, name: str, work: Callable[[], Work]) -> Any:
        """What the work gave that was begun, or else what `work()` gives now. Raises what the work
        raised; where its process was killed, it is done again here."""
        begun = self._begun.pop(name, None)
        if begun is not None:
            try:
                return begun.result()
            except BrokenProcessPool:
                self.end()
        return work()()

    def end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._pool = None


def _end_with_the_run() -> None:
    """A run that is killed leaves no process behind that would wait for more to do."""
    run = multiprocessing.parent_process()

    def watch() -> None:
        if run is not None:
            run.join()
            os._exit(os.EX_TEMPFAIL)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def in_advance(workers: int) -> Iterator[InAdvance]:
    """While it lasts, works can be begun; whatever nobody asked for is not left behind."""
    works = InAdvance(workers)
    try:
        yield works
    finally:
        works.end()
