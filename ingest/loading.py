"""Loading much at once: nothing of it is garbage, and it stays."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """What is loaded meanwhile is not looked through for garbage, then or later: that costs a tenth
    to a fifth of loading it. Forks share it, for looking at it would copy it."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        # a library says at the end what was not taken down
        atexit.register(gc.unfreeze)
