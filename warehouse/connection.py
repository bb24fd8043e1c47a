"""DuckDB connections: the builder's, and the analysts' (read-only and locked)."""

from __future__ import annotations

from pathlib import Path

import duckdb

SCHEMA = Path(__file__).with_name("schema.sql")

# no file, network or extension from SQL, and no way to switch that back on
LOCK_DOWN = (
    "set enable_external_access = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set lock_configuration = true",
)


# of the builder's connections: what is larger DuckDB puts on disk, beside the file
MEMORY_LIMIT = "1GB"


def open_working(path: Path, memory: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """The builder's connection to the working file. With less `memory` where it is only read,
    beside what needs more."""
    return duckdb.connect(str(path), config={"memory_limit": memory})


def create_working(path: Path) -> duckdb.DuckDBPyConnection:
    """The working file with the tables that ingest and expectations fill, empty. What dbt made in a
    file that is there already stays."""
    connection = open_working(path)
    connection.execute(SCHEMA.read_text(encoding="utf-8"))
    return connection


def open_published(path: Path, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """An analyst's connection: reads the published tables and nothing else, for good.

    `read_only` alone would still let SQL read any file of the machine and write with COPY. `memory`
    is for those of a build that write reports beside each other: what DuckDB has read it keeps.
    """
    config = {"memory_limit": memory} if memory else {}
    connection = duckdb.connect(str(path.resolve(strict=True)), read_only=True, config=config)
    for statement in LOCK_DOWN:
        connection.execute(statement)
    return connection


def holds_simulated(published: duckdb.DuckDBPyConnection) -> bool:
    """Whether a published file is of a simulated province."""
    found = published.execute("select bool_or(is_simulated) from submission").fetchone()
    return bool(found and found[0])
