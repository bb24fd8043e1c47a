"""History of facts and findings: replayed from the ledger before a build, extended after it.

A version of a fact is known from the publish that first showed it to the publish that no longer
did. The same figure from another file or cell is a new version too: what was published at a
moment can be shown again row by row. What a publish changes is written to the ledger as it
stands in the facts, so that archive and ledger alone rebuild them, even after the code has
moved on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingest.fingerprint import sha256_of
from ingest.load import transaction
from warehouse.connection import MEMORY_LIMIT

FACTS = (
    "fct_budget",
    "fct_investment",
    "fct_indicator",
    "fct_trade",
    "fct_target",
    "fct_milestone",
)

_ROWS_AT_A_TIME = 10_000
# a row of a fact is a kilobyte of JSON: whoever reads the content of a group holds all of it, and
# within one fact lines are in order of their keys, so that groups without a wanted key are not read
_ROWS_OF_A_GROUP = 8_192
_LINE = """{
    act: 'varchar', fact_table: 'varchar', fact_key: 'varchar', content_hash: 'varchar',
    finding_key: 'varchar', moment: 'timestamp', content: 'json'
}"""


def load_history(
    connection: duckdb.DuckDBPyConnection, change_files: Iterable[Path], kept: Path
) -> None:
    """Fill history.fact_version and history.finding from the change files of all publishes.

    Each file is read once and lies in `kept` as Parquet from then on; history.fact_row looks there.
    Where all that was loaded before is among the files still, only those behind it are loaded.
    """
    kept.mkdir(parents=True, exist_ok=True)
    lines = [
        _as_parquet(connection, path, kept)
        for path in change_files
        if path.exists() and path.stat().st_size
    ]
    for leftover in set(kept.iterdir()) - set(lines):
        leftover.unlink()
    with transaction(connection):
        loaded = connection.execute("select file_name from history.loaded order by file_no")
        names = [name for (name,) in loaded.fetchall()]
        if names != [path.name for path in lines[: len(names)]]:
            for table in ("fact_version", "finding", "loaded"):
                connection.execute(f"delete from history.{table}")
            names = []
        if new := lines[len(names) :]:
            _load(connection, new)
            connection.executemany(
                "insert into history.loaded values (?, ?)",
                [[number, path.name] for number, path in enumerate(new, start=len(names))],
            )
        if lines:
            connection.execute(
                f"""
                create or replace view history.fact_row as
                select
                    fact_table, fact_key, content_hash, submission_id, cell_ref,
                    moment as known_from, content as row_json
                from {_parquet(lines)}
                where act = 'fact_opened'
                """
            )


def _load(connection: duckdb.DuckDBPyConnection, lines: Sequence[Path]) -> None:
    """What the publishes after those that are loaded opened and closed."""
    connection.execute(f"create or replace temp view acts as from {_parquet(lines)}")
    # a fact has one open version at most: the first closing after it ends it
    connection.execute(
        """
        update history.fact_version as version set known_to = closed.moment
        from (
            select fact_table, fact_key, min(moment) as moment from acts
            where act = 'fact_closed'
            group by fact_table, fact_key
        ) as closed
        where version.fact_table = closed.fact_table and version.fact_key = closed.fact_key
            and version.known_to is null
        """
    )
    connection.execute(
        """
        insert into history.fact_version
        with closed as (
            select fact_table, fact_key, moment from acts
            where act = 'fact_closed'
        )
        select
            o.fact_table,
            o.fact_key,
            o.content_hash,
            o.submission_id,
            o.cell_ref,
            o.moment,
            c.moment
        from acts as o
        asof left join closed as c
            on o.fact_table = c.fact_table and o.fact_key = c.fact_key and o.moment < c.moment
        where o.act = 'fact_opened'
        """
    )
    connection.execute(
        """
        update history.finding as finding set closed_at = closed.moment
        from (
            select finding_key, min(moment) as moment from acts
            where act = 'finding_closed'
            group by finding_key
        ) as closed
        where finding.finding_key = closed.finding_key and finding.closed_at is null
        """
    )
    connection.execute(
        """
        insert into history.finding
        with closed as (
            select finding_key, moment from acts
            where act = 'finding_closed'
        )
        select
            o.finding_key,
            -- a finding on a file that was sent again has been seen for longer
            coalesce(cast(json_extract_string(o.content, '$.first_seen') as timestamp), o.moment),
            c.moment,
            o.content
        from acts as o
        asof left join closed as c on o.finding_key = c.finding_key and o.moment < c.moment
        where o.act = 'finding_opened'
        """
    )
    connection.execute("drop view acts")


def _parquet(lines: Sequence[Path]) -> str:
    files = ", ".join("'{}'".format(str(path).replace("'", "''")) for path in lines)
    return f"read_parquet([{files}])"


def keep_changes(change_file: Path, kept: Path) -> None:
    """Keep what a publish changed as load_history wants it, in whatever process: the next night
    need not read the file as JSON, which is long after a first publish."""
    if not change_file.stat().st_size:
        return
    kept.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as connection:
        _as_parquet(connection, change_file, kept)


def _as_parquet(connection: duckdb.DuckDBPyConnection, path: Path, kept: Path) -> Path:
    """The lines of a change file in `kept`, made where they are not there, whole and of this file:
    the name says of which file they are, and the digest of what lies there."""
    of = path.stat()
    stem = f"{path.stem}.{of.st_size}.{of.st_mtime_ns}"
    for found in kept.glob(f"{stem}.*.parquet"):
        if found.name == f"{stem}.{_digest(found)}.parquet":
            return found
    unfinished = kept / f".{stem}"
    connection.execute(
        f"""
        copy (
            select
                act, fact_table, fact_key, content_hash,
                json_extract_string(content, '$.submission_id') as submission_id,
                json_extract_string(content, '$.cell_ref') as cell_ref,
                finding_key, moment, content::varchar as content
            from read_json(?, format = 'newline_delimited', columns = {_LINE},
                maximum_object_size = 16777216)
        ) to '{str(unfinished).replace("'", "''")}' (
            format parquet, compression zstd, row_group_size {_ROWS_OF_A_GROUP}
        )
        """,
        [str(path)],
    )
    return unfinished.replace(kept / f"{stem}.{_digest(unfinished)}.parquet")


def _digest(path: Path) -> str:
    return sha256_of(path)[:16]


def load_publishes(
    connection: duckdb.DuckDBPyConnection, publishes: Iterable[Mapping[str, Any]]
) -> None:
    """Fill history.publish: when each build was published, and with which code."""
    connection.execute("delete from history.publish")
    rows = [[p["build_id"], p["as_of"], p.get("code", "")] for p in publishes if "as_of" in p]
    if rows:
        connection.executemany("insert into history.publish values (?, ?, ?)", rows)


def changes_of_build(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> Iterator[str]:
    """What this build opens and closes, as JSON objects for the ledger, from its finished tables.

    Decimals stand as text in the rows: a number of JSON is a float to whoever reads it.
    """
    moment = as_of.isoformat(sep=" ", timespec="seconds")
    for fact in FACTS:
        yield from _lines(
            connection,
            f"""
            select json_object(
                'act', 'fact_opened', 'fact_table', '{fact}', 'fact_key', fact_key,
                'content_hash', content_hash, 'moment', '{moment}', 'content', to_json(fact)
            )
            from ({_with_decimals_as_text(connection, fact)}) as fact
            where known_from = ? and is_current order by fact_key
            """,
            [as_of],
        )
        yield from _lines(
            connection,
            f"""
            select json_object(
                'act', 'fact_closed', 'fact_table', '{fact}', 'fact_key', fact_key,
                'content_hash', content_hash, 'moment', '{moment}'
            )
            from {fact} where known_to = ? order by fact_key, content_hash
            """,
            [as_of],
        )
    known = "select finding_key from history.finding where closed_at is null"
    yield from _lines(
        connection,
        f"""
        select json_object(
            'act', 'finding_opened', 'finding_key', finding_key, 'moment', '{moment}',
            'content', to_json(finding)
        )
        from ({_with_decimals_as_text(connection, "dq_result")}) as finding
        where closed is null and finding_key not in ({known}) order by finding_key
        """,
    )
    yield from _lines(
        connection,
        f"""
        select json_object(
            'act', 'finding_closed', 'finding_key', finding_key, 'moment', '{moment}'
        )
        from (select distinct finding_key from dq_result
            where closed is not null and finding_key in ({known}))
        order by finding_key
        """,
    )


def _with_decimals_as_text(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where table_name = ? "
        "and schema_name = 'main' and database_name = current_database() order by column_index",
        [table],
    ).fetchall()
    shown = (
        f"cast({name} as varchar) as {name}" if kind.startswith("DECIMAL") else name
        for name, kind in columns
    )
    return f"select {', '.join(shown)} from {table}"


def _lines(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()
) -> Iterator[str]:
    # a first publish opens every fact: never all of them in memory
    found = connection.execute(query, parameters)
    while rows := found.fetchmany(_ROWS_AT_A_TIME):
        yield from (line for (line,) in rows)
