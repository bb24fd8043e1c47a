"""Holds the working file of a night open, as a client does that somebody left connected.

    python left_connected.py WORKING_FILE

It waits for a moment between two steps of the night, and goes on until its standard input ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    path = Path(sys.argv[1])
    before = path.stat().st_ino
    while True:
        try:
            if (now := path.stat().st_ino) == before:
                continue  # the file of the last night, which is not looked at any more
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
