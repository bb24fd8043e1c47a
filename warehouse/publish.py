"""Publishes a finished build: it is in a new folder; one atomic switch of `current` shows it.

Readers never see half a build: until the switch they read the old one, afterwards the new one. The
switch is the commit; a build killed before it never happened, and one killed after it is entered
into the ledger by the next run (`recover`).
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.fingerprint import sha256_of
from warehouse.history import changes_of_build
from warehouse.home import Home, sync_folder
from warehouse.ledger import Ledger
from warehouse.permissions import protect_build

KEPT_BUILDS = 14
LONGEST_PAUSE_DAYS = 180


class NotAfterLastBuild(ValueError):
    """History only grows: a build must be later than the last published one."""


class ClockLeap(ValueError):
    """The clock of this machine says a time that it cannot be."""


def refuse_the_past(home: Home, as_of: datetime) -> None:
    """Raises NotAfterLastBuild where the home has published a build of this time or a later one,
    also one that is not there any more (a home that was restored has the ledger alone)."""
    published = home.published()
    known = [*Ledger(home.ledger).publishes(), *([published] if published else [])]
    last = max((str(build["as_of"]) for build in known if "as_of" in build), default=None)
    if last is not None and as_of <= datetime.fromisoformat(last):
        raise NotAfterLastBuild(
            f"as-of {as_of} is not after the last published build ({last}); "
            "use a later time, or another home"
        )


def refuse_a_leap(home: Home, as_of: datetime) -> None:
    """Raises ClockLeap where the machine's clock is far ahead of the last published build: a build
    of a year to come would keep every right one from being made until then."""
    published = home.published()
    if published is None:
        return
    last = datetime.fromisoformat(published["as_of"])
    if (as_of - last).days > LONGEST_PAUSE_DAYS:
        raise ClockLeap(
            f"the clock of this machine says {as_of}, more than {LONGEST_PAUSE_DAYS} days "
            f"after the last published build ({last}); if that is right, say so with --as-of"
        )


def describe_build(
    build_id: str,
    as_of: datetime,
    fingerprint: dict[str, str],
    counts: dict[str, Any],
    is_simulated: bool,
) -> dict[str, Any]:
    """The publish act: what `build.json` says and what the ledger will say."""
    return {
        "build_id": build_id,
        "as_of": as_of.isoformat(sep=" ", timespec="seconds"),
        **fingerprint,
        "is_simulated": is_simulated,
        "counts": counts,
    }


def publish_staged(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    build_id: str,
    as_of: datetime,
    description: dict[str, Any],
) -> Path:
    """Enter the changes into the ledger, switch `current` to the staged build, note the publish."""
    ledger = Ledger(home.ledger)
    changes = ledger.write_changes(build_id, changes_of_build(connection, as_of))
    description = description | {
        "changes": sum(1 for _ in changes.open("rb")),
        "changes_sha256": sha256_of(changes),
    }
    staging, final = home.staging(build_id), home.builds / build_id
    with (staging / "build.json").open("w", encoding="utf-8") as file:
        json.dump(description, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    if final.exists():
        shutil.rmtree(final)
    protect_build(staging)
    staging.rename(final)
    sync_folder(home.builds)
    home.switch_current(build_id)
    ledger.add_publish(description)
    drop_old_builds(home)
    return final


def recover(home: Home) -> bool:
    """Finish what a kill between the switch and the ledger left open. True if there was any."""
    published = home.published()
    if published is None:
        return False
    ledger = Ledger(home.ledger)
    if any(known["build_id"] == published["build_id"] for known in ledger.publishes()):
        return False
    ledger.add_publish(published)
    return True


def drop_old_builds(home: Home) -> None:
    """Keep the newest builds; the ledger remembers what every other one changed."""
    current = home.current.resolve().name
    complete = sorted(
        (folder for folder in home.builds.iterdir() if not folder.name.startswith(".")),
        key=lambda folder: folder.name,
    )
    for folder in complete[:-KEPT_BUILDS]:
        if folder.name != current:
            shutil.rmtree(folder)
