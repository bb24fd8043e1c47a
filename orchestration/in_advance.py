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
from contextlib import contextmanager, suppress
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ingest.sandbox import fork_context

Work = Callable[[], Any]


class InAdvance:
    """What was begun, by name. Works and their results go from process to process: plain functions
    with plain arguments (functools.partial). Each has a process of its own, which gives back what
    it held when it is done."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPool | None = None
        self._begun: dict[str, Any] = {}
        self._to_the_end: list[Any] = []

    def begin(self, name: str, work: Work, *, to_the_end: bool = False) -> None:
        """Have `work` done beside, unless it is under way or done; `to_the_end` if nobody asks for
        it."""
        if name in self._begun:
            return
        if self._pool is None:
            self._pool = ProcessPool(
                self._workers, max_tasks=1, initializer=_end_with_the_run, context=fork_context()
            )
        self._begun[name] = self._pool.schedule(work)
        if to_the_end:
            self._to_the_end.append(self._begun[name])

    def finish(self, name: str, work: Callable[[], Work]) -> Any:
        """What the work gave that was begun, or else what `work()` gives now. Raises what the work
        raised; where its process was killed, it is done again here."""
        begun, self._begun[name] = self._begun.get(name), None
        if begun is not None:
            with suppress(ProcessExpired):
                return begun.result()
        return work()()

    def end(self) -> None:
        """What nobody asked for is stopped where it is."""
        if self._pool is None:
            return
        for begun in self._to_the_end:
            with suppress(Exception):  # the next night does it
                begun.result()
        self._pool.stop()
        self._pool.join()
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
