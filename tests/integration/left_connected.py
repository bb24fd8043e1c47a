"""Holds the working file of a night open, as a client does that somebody left connected.

    python left_connected.py WORKING_FILE

It waits for a moment between two steps of the night, and goes on until its standard input ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb


def looks_like(path: Path) -> tuple[int, int]:
    """A night makes the file anew, or builds on the one that is there."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def main() -> None:
    path = Path(sys.argv[1])
    before = looks_like(path)
    while True:
        try:
            if looks_like(path) == before:
                continue  # as the last night left it
            now = path.stat().st_ino
            held = duckdb.connect(str(path), read_only=True)
        except (FileNotFoundError, duckdb.Error):
            time.sleep(0.001)
            continue
        if path.exists() and path.stat().st_ino == now:
            break
        held.close()
    sys.stdout.write("held\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
