"""The published file of a build: its tables, their comments, and what stands beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from warehouse.history import FACTS

# clients that bundle DuckDB 1.x must be able to open what is published
STORAGE_VERSION = "v1.2.0"
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
