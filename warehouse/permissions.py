"""Who may read what of a home, set by the build each night (docs/operations.md, "Who may what").

    <home>/            2710  the owner; the group passes through, without seeing names
    <home>/builds/     2750  published builds: the group reads
      kho.duckdb …     0444  nobody writes, the owner neither
      reports/         0700  letters and senders' own workbooks: as closed as the archive
    everything else    0700, files 0600

The group is that of the home's folder: give it to the analysts once; the setgid bit hands it on.
Others have nothing, because `builds/` cannot be reached by them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
PASS_THROUGH, READABLE_FOLDER, PUBLISHED_FILE = 0o710, 0o750, 0o444
# what of a build the group does not read
PRIVATE_OF_BUILD = frozenset({"reports"})
# of the home; what else lies in the folder is not ours to change
PRIVATE_OF_HOME = (
    "archive", "ledger", "outbox", "dagster", "logs", "dbt", "readings", "validations", "history",
    ".lock", "contacts.csv", "sources.yml", "seen.json", "pull.json", "warehouse.duckdb",
    "warehouse.duckdb.wal", "warehouse.json",
)  # fmt: skip
UMASK = 0o077


def protect_home(root: Path) -> None:
    """Close everything but the builds to all but the owner. Modes that are right are left alone."""
    _set(root, PASS_THROUGH | stat.S_ISGID)
    _set(root / "builds", READABLE_FOLDER | stat.S_ISGID)
    for path in (root / name for name in PRIVATE_OF_HOME):
        if path.exists() and not path.is_symlink():
            _set(path, PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)


@contextmanager
def private_files() -> Iterator[None]:
    """What is made meanwhile, by child processes too, is the owner's alone."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def protect_build(folder: Path) -> None:
    """Make a finished build read-only, for the group too, but for what is private in it."""
    _set(folder, READABLE_FOLDER | stat.S_ISGID)
    for path in folder.rglob("*"):
        private = path.relative_to(folder).parts[0] in PRIVATE_OF_BUILD
        if path.is_symlink():
            continue
        if path.is_dir():
            _set(path, PRIVATE_FOLDER if private else READABLE_FOLDER | stat.S_ISGID)
        else:
            _set(path, PUBLISHED_FILE)


def _set(path: Path, mode: int) -> None:
    """Only where it differs: who is not the owner may look at a home that is as it should be."""
    if stat.S_IMODE(path.stat().st_mode) != mode:
        path.chmod(mode)
