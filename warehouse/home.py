"""The home of a warehouse: where everything lies on disk, and who may build in it.

<home>/archive/            originals by hash, never changed
<home>/ledger/             acts, append-only (see ledger.py)
<home>/warehouse.duckdb    the working file of the last build, disposable
<home>/warehouse.json      what it looked like then: the next build builds on it if it still does
<home>/builds/<build id>/  complete builds; `current` points to the newest
<home>/outbox/             mails that are not handed to a server (yet), as .eml
<home>/contacts.csv        who gets the mails of a unit
<home>/dagster/            the Dagster instance: runs, checks, logs
<home>/logs/               structured logs
<home>/sources.yml         where files come from, besides the inbox (optional)

What only saves time, and may be deleted whenever no build runs: readings/ (what files were read
to), validations/ (what forms were found to be), history/ (what earlier publishes showed), seen.json
(what files looked like). pull.json is what the last pull could not have.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.permissions import protect_home

STAGING_PREFIX = ".staging-"
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}
# of homes made before 26/11/2026
_FIRST_DAGSTER_SETTINGS = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"
_SECOND_DAGSTER_SETTINGS = f"""{_FIRST_DAGSTER_SETTINGS}event_log_storage:
  module: orchestration.event_log
  class: QuickEventLog
  config:
    dagster_home: {{env: DAGSTER_HOME}}
"""
# one run at a time: another one waits in the queue until the daemon lets it begin
_DAGSTER_SETTINGS = f"""{_SECOND_DAGSTER_SETTINGS}concurrency:
  runs:
    max_concurrent_runs: 1
"""


class HomeBusy(RuntimeError):
    """Another build is running in this home."""


@dataclass(frozen=True)
class Home:
    """Paths below one folder; nothing is created by naming it."""

    root: Path

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def working_file(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def working_note(self) -> Path:
        """What the working file looked like when its build was published (kept_tables.py)."""
        return self.root / "warehouse.json"

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    @property
    def current(self) -> Path:
        return self.root / "current"

    @property
    def published_file(self) -> Path:
        return self.current / "kho.duckdb"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def contacts(self) -> Path:
        return self.root / "contacts.csv"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def readings(self) -> Path:
        """What files were read to (ingest/readings.py)."""
        return self.root / "readings"

    @property
    def history(self) -> Path:
        """The change files of the ledger as they are looked at (warehouse/history.py)."""
        return self.root / "history"

    @property
    def validations(self) -> Path:
        """What forms were found to be (expectations/kept_validations.py)."""
        return self.root / "validations"

    @property
    def seen(self) -> Path:
        """What files looked like when they were last hashed (ingest/seen.py)."""
        return self.root / "seen.json"

    @property
    def sources(self) -> Path:
        return self.root / "sources.yml"

    @property
    def pull_report(self) -> Path:
        return self.root / "pull.json"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def staging(self, build_id: str) -> Path:
        return self.builds / f"{STAGING_PREFIX}{build_id}"

    def archived(self, sha256: str) -> Path:
        return self.archive / sha256[:2] / sha256

    def create(self) -> None:
        """Make the folders, closed to others, and the Dagster instance's settings (no
        telemetry, no dialogs)."""
        for folder in (self.archive, self.ledger, self.builds, self.dagster, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        settings = self.dagster / "dagster.yaml"
        earlier = (_FIRST_DAGSTER_SETTINGS, _SECOND_DAGSTER_SETTINGS)
        if not settings.exists() or settings.read_text(encoding="utf-8") in earlier:
            settings.write_text(_DAGSTER_SETTINGS, encoding="utf-8")
        protect_home(self.root)

    def published(self) -> dict[str, Any] | None:
        """`build.json` of the current build, or None where nothing was published yet."""
        try:
            content: dict[str, Any] = json.loads((self.current / "build.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return content

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for one build. Raises HomeBusy where another process holds it.

        The lock goes with the process, so a killed build leaves none behind.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HomeBusy(f"another build is running in {self.root}") from None
            yield

    def clear_interrupted(self) -> None:
        """Remove the staging folders that a killed build left.

        Call only while holding the lock. The published build and the ledger are not touched.
        """
        for folder in self.builds.glob(f"{STAGING_PREFIX}*"):
            shutil.rmtree(folder)

    def switch_current(self, build_id: str) -> None:
        """Point `current` to a complete build, atomically."""
        link = self.root / f".current-{build_id}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("builds") / build_id)
        link.replace(self.current)
        sync_folder(self.root)


def cannot_write(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that the disk is full or does not take more."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            return True
        if isinstance(error, sqlite3.OperationalError) and "disk" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def take_over(earlier: Path, path: Path) -> None:
    """One file in two builds; a copy where the file system has no hard links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.link(earlier, path)
    except OSError:
        shutil.copy2(earlier, path)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
