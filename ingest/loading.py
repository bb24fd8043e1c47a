"""Loading much at once: nothing of it is garbage, and it stays until the process ends."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 100_000
"""So many more of them, and they are looked through."""


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded meanwhile is not looked through for garbage, then or later: that costs a tenth
    to a fifth of loading it. Forks share it, for looking at it would copy it. What comes after it
    is looked through a hundredth as often: garbage that refers to itself is rare, and a night holds
    some hundred thousand objects that are none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_OBJECTS, 20, 20)
        gc.enable()
        # a library says at the end what was not taken down
        atexit.register(gc.unfreeze)


def end_at_once(status: int) -> None:
    """End this process with all that is to be done at its end, but do not take down what it has
    loaded: after a night that takes a second. Returns where a thread is still at work; the usual
    way out waits for it."""
    main = threading.main_thread()
    if any(not t.daemon and t is not main for t in threading.enumerate()):
        return
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads what is said; the usual way out says so
        return
    os._exit(status)
