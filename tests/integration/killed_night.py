"""Runs a real night in which one function kills its own process with SIGKILL when it is called.

    python killed_night.py MODULE.FUNCTION HOME INBOX AS_OF

The function is replaced wherever the project has imported it; nothing else is touched.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from datetime import datetime
from pathlib import Path


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    point, home, inbox, as_of = sys.argv[1:]
    import orchestration.definitions  # noqa: F401 - so that every importer is loaded
    from orchestration.nightly import run_nightly
    from warehouse.home import Home

    owner_name, _, name = point.rpartition(".")
    try:
        owner: object = importlib.import_module(owner_name)
    except ModuleNotFoundError:  # a method
        module, _, class_name = owner_name.rpartition(".")
        owner = getattr(importlib.import_module(module), class_name)
    original = getattr(owner, name)
    setattr(owner, name, die)
    for module in list(sys.modules.values()):
        if getattr(module, name, None) is original:
            setattr(module, name, die)
    run_nightly(Home(Path(home)), inbox, datetime.fromisoformat(as_of), 2, lambda *_: None)
    sys.exit(99)  # the function was never called


if __name__ == "__main__":
    main()
