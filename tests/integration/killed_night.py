"""Runs a real night in which one function kills its own process with SIGKILL when it is called.

    python killed_night.py MODULE.FUNCTION[@N] HOME INBOX AS_OF

With @N at its N-th call: in the middle of a stage. The function is replaced wherever the project
has imported it; nothing else is touched.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any


class Deadly:
    """Stands for a function until its N-th call."""

    def __init__(self, original: Callable[..., Any], calls: int) -> None:
        self.original, self.left = original, calls

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.original(*arguments, **named)

    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else partial(self, instance)


def main() -> None:
    point, home, inbox, as_of = sys.argv[1:]
    import orchestration.definitions  # noqa: F401 - so that every importer is loaded
    from orchestration.nightly import run_nightly
    from warehouse.home import Home

    point, _, calls = point.partition("@")
    owner_name, _, name = point.rpartition(".")
    try:
        owner: object = importlib.import_module(owner_name)
    except ModuleNotFoundError:  # a method
        module, _, class_name = owner_name.rpartition(".")
        owner = getattr(importlib.import_module(module), class_name)
    original = getattr(owner, name)
    deadly = Deadly(original, int(calls or 1))
    setattr(owner, name, deadly)
    for loaded in list(sys.modules.values()):
        if getattr(loaded, name, None) is original:
            setattr(loaded, name, deadly)
    run_nightly(Home(Path(home)), inbox, datetime.fromisoformat(as_of), 2, lambda *_: None)
    sys.exit(99)  # the function was not called as often


if __name__ == "__main__":
    main()
