"""Publishes a finished build: a new file in a new folder, then one atomic switch of `current`.

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
from warehouse.history import FACTS, changes_of_build
from warehouse.home import Home, sync_folder
from warehouse.ledger import Ledger
from warehouse.permissions import protect_build

# clients that bundle DuckDB 1.x must be able to open what is published
STORAGE_VERSION = "v1.2.0"
KEPT_BUILDS = 14
LONGEST_PAUSE_DAYS = 180
_BESIDE_TABLES = Path(__file__).with_name("published.sql")
# `from fct_budget_as_of('2026-07-05')`: the rows that were current then, as they were published
# then; a day alone means its beginning
_AS_OF = """
    create macro {fact}_as_of(moment) as table
    select * replace (cast(null as timestamp) as known_to, true as is_current) from {fact}
    where
        known_from <= cast(moment as timestamp)
        and (known_to is null or known_to > cast(moment as timestamp))
"""


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


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table of the schema `main`, in order."""
    return [
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'main' and not temporary "
            "and database_name = current_database() order by table_name"
        ).fetchall()
    ]


def stage_build(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, int]:
    """Write the published tables to `folder`/kho.duckdb and /parquet; return rows by table.

    Comments on tables and columns go along. The file is read-only for its owner too, so that a
    client that opens it for writing fails instead of locking others out.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "parquet").mkdir(parents=True)
    target = folder / "kho.duckdb"
    rows: dict[str, int] = {}
    tables = published_tables(connection)
    connection.execute(
        f"attach '{_quoted(target)}' as published (storage_version '{STORAGE_VERSION}')"
    )
    try:
        for table in tables:
            connection.execute(
                f'create table published.main."{table}" as from main."{table}" order by all'
            )
            counted = connection.execute(
                f'select count(*) from published.main."{table}"'
            ).fetchone()
            rows[table] = counted[0] if counted else 0
            parquet = _quoted(folder / "parquet" / f"{table}.parquet")
            options = "(format parquet, compression zstd)"
            connection.execute(f"copy (from published.main.\"{table}\") to '{parquet}' {options}")
        _copy_comments(connection, tables)
        connection.execute("checkpoint published")
    finally:
        connection.execute("detach published")
    with duckdb.connect(str(target)) as published:
        add_views_and_macros(published)
    target.chmod(0o444)
    return rows


def add_views_and_macros(published: duckdb.DuckDBPyConnection) -> None:
    """What a published file has besides its tables: facts as of a moment, the way to the cell."""
    for fact in FACTS:
        published.execute(_AS_OF.format(fact=fact))
    published.execute(_BESIDE_TABLES.read_text(encoding="utf-8"))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _copy_comments(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> None:
    commented = connection.execute(
        """
        select table_name, null as column_name, comment from duckdb_tables()
        where schema_name = 'main' and comment is not null and database_name = current_database()
        union all
        select table_name, column_name, comment from duckdb_columns()
        where schema_name = 'main' and comment is not null and database_name = current_database()
        """
    ).fetchall()
    for table, column, comment in commented:
        if table not in tables:
            continue
        text = comment.replace("'", "''")
        place = f'published.main."{table}"'
        if column is None:
            connection.execute(f"comment on table {place} is '{text}'")
        else:
            connection.execute(f"comment on column {place}.\"{column}\" is '{text}'")


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
