"""The published file of a build: its tables, their comments, and what stands beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from warehouse.history import FACTS
from warehouse.home import take_over
from warehouse.kept_tables import CONTENT_DIGEST

# clients that bundle DuckDB 1.x must be able to open what is published
STORAGE_VERSION = "v1.2.0"
_CONTENTS = ".contents.json"
_LARGE = 50_000  # rows
_BESIDE_TABLES = Path(__file__).with_name("published.sql")
# `from fct_budget_as_of('2026-07-05')`: the rows that were current then, as they were published
# then; a day alone means its beginning
_AS_OF = """
    create or replace macro {fact}_as_of(moment) as table
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


def stage_build(
    connection: duckdb.DuckDBPyConnection, folder: Path, code: str, before: Path | None = None
) -> dict[str, int]:
    """Write the published tables to `folder`/kho.duckdb and /parquet; return rows by table.

    Comments on tables and columns go along. The file is read-only for its owner too, so that a
    client that opens it for writing fails instead of locking others out. `before` is the folder of
    the build before: of the same `code`, the file begins as a copy of that one's, tables that hold
    the same rows stay, and of large ones only the rows that are other ones are written. Raises
    RuntimeError where the file does not hold what was built.
    """
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "parquet").mkdir(parents=True)
    target = folder / "kho.duckdb"
    tables = published_tables(connection)
    contents = {table: _content(connection, f'main."{table}"') for table in tables}
    known = _contents(before, code) if before is not None else {}
    if before is not None and known:
        shutil.copyfile(before / target.name, target)
    connection.execute(
        f"attach '{_quoted(target)}' as published (storage_version '{STORAGE_VERSION}')"
    )
    try:
        for table in known.keys() - contents.keys():
            connection.execute(f'drop table published.main."{table}"')
        made = []
        for table in tables:
            parquet = folder / "parquet" / f"{table}.parquet"
            if before is not None and known.get(table) == contents[table]:
                take_over(before / "parquet" / parquet.name, parquet)
                continue
            made.append(table)
            if table not in known or not _brought_up_to_date(connection, table, contents[table]):
                connection.execute(
                    f'create or replace table published.main."{table}" as '
                    f'from main."{table}" order by all'
                )
            options = "(format parquet, compression zstd)"
            connection.execute(
                f"copy (from published.main.\"{table}\") to '{_quoted(parquet)}' {options}"
            )
        written = {table: _content(connection, f'published.main."{table}"') for table in tables}
        _copy_comments(connection, made)
        connection.execute("checkpoint published")
    finally:
        connection.execute("detach published")
    if written != contents:
        odd = ", ".join(table for table in tables if written[table] != contents[table])
        raise RuntimeError(f"the published file does not hold what was built: {odd}")
    with duckdb.connect(str(target)) as published:
        add_views_and_macros(published)
    target.chmod(0o444)
    said = {"code": code, "tables": contents}
    (folder / _CONTENTS).write_text(json.dumps(said, indent=1), encoding="utf-8")
    return {table: _rows_of(content) for table, content in contents.items()}


def _brought_up_to_date(connection: duckdb.DuckDBPyConnection, table: str, content: str) -> bool:
    """Whether a large table of the published file was made to hold the rows of the built one, most
    of which it holds: to write all of it costs three times as much."""
    rows = _rows_of(content)
    if rows < _LARGE:
        return False
    built, shown = f'main."{table}" as built', f'published.main."{table}" as shown'
    new = f"where hash(built) not in (select hash(shown) from {shown})"
    [(n_new,)] = connection.execute(f"select count(*) from {built} {new}").fetchall()
    if n_new > rows // 10:
        return False
    connection.execute(
        f"delete from {shown} where hash(shown) not in (select hash(built) from {built})"
    )
    connection.execute(f'insert into published.main."{table}" from {built} {new} order by all')
    # rows that stand there twice are not told apart
    return _content(connection, f'published.main."{table}"') == content


def _content(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """How many rows a table holds, and a digest of them in whatever order."""
    [(content,)] = connection.execute(f"select {CONTENT_DIGEST} from {table} as content").fetchall()
    return str(content)


def _rows_of(content: str) -> int:
    return int(content.partition(":")[0])


def _contents(build: Path, code: str) -> dict[str, str]:
    """What the tables of a build hold; nothing where another code wrote it or a part is missing."""
    try:
        said = json.loads((build / _CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    files = [build / "kho.duckdb", *(build / "parquet" / f"{t}.parquet" for t in said["tables"])]
    if said["code"] != code or not all(file.is_file() for file in files):
        return {}
    tables: dict[str, str] = said["tables"]
    return tables


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
    statements = []
    for table, column, comment in commented:
        if table in tables:
            text = comment.replace("'", "''")
            place = f'published.main."{table}"'
            what = f"table {place}" if column is None else f'column {place}."{column}"'
            statements.append(f"comment on {what} is '{text}'")
    if statements:
        connection.execute(";".join(statements))
