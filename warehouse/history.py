"""History of facts and findings: replayed from the ledger before a build, extended after it.

A version of a fact is known from the publish that first showed it to the publish that no longer
did. The same figure from another file or cell is a new version too: what was published at a
moment can be shown again row by row. What a publish changes is written to the ledger as it
stands in the facts, so that archive and ledger alone rebuild them, even after the code has
moved on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

FACTS = (
    "fct_budget",
    "fct_investment",
    "fct_indicator",
    "fct_trade",
    "fct_target",
    "fct_milestone",
)

_LINE = """{
    v: 'integer', act: 'varchar', fact_table: 'varchar', fact_key: 'varchar',
    content_hash: 'varchar', finding_key: 'varchar', moment: 'timestamp',
    content: 'json'
}"""


def load_history(connection: duckdb.DuckDBPyConnection, change_files: list[Path]) -> None:
    """Fill history.fact_version and history.finding from the change files of all publishes."""
    connection.execute("delete from history.fact_version")
    connection.execute("delete from history.finding")
    files = [str(path) for path in change_files if path.exists() and path.stat().st_size]
    if not files:
        return
    connection.execute(
        f"""
        create or replace temp table acts as
        select * from read_json(?, format = 'newline_delimited', columns = {_LINE},
            maximum_object_size = 16777216)
        """,
        [files],
    )
    connection.execute(
        """
        insert into history.fact_version
        select
            o.fact_table,
            o.fact_key,
            o.content_hash,
            json_extract_string(o.content, '$.submission_id'),
            json_extract_string(o.content, '$.cell_ref'),
            o.moment,
            -- a fact has one open version at most: the first closing after it ends it
            min(c.moment),
            any_value(o.content)::varchar
        from acts as o
        left join acts as c
            on
                c.act = 'fact_closed'
                and c.fact_table = o.fact_table
                and c.fact_key = o.fact_key
                and c.moment > o.moment
        where o.act = 'fact_opened'
        group by all
        """
    )
    connection.execute(
        """
        insert into history.finding
        select
            o.finding_key,
            -- a finding on a file that was sent again has been seen for longer
            coalesce(cast(json_extract_string(o.content, '$.first_seen') as timestamp), o.moment),
            c.moment,
            o.content::varchar
        from acts as o
        left join acts as c
            on
                c.act = 'finding_closed'
                and c.finding_key = o.finding_key
                and c.moment > o.moment
                and not exists (
                    select 1 from acts as e
                    where
                        e.act = 'finding_closed' and e.finding_key = o.finding_key
                        and e.moment > o.moment and e.moment < c.moment
                )
        where o.act = 'finding_opened'
        """
    )
    connection.execute("drop table acts")


def load_publishes(
    connection: duckdb.DuckDBPyConnection, publishes: Iterable[Mapping[str, Any]]
) -> None:
    """Fill history.publish: when each build was published, and with which code."""
    connection.execute("delete from history.publish")
    rows = [[p["build_id"], p["as_of"], p.get("code", "")] for p in publishes if "as_of" in p]
    if rows:
        connection.executemany("insert into history.publish values (?, ?, ?)", rows)


def changes_of_build(
    connection: duckdb.DuckDBPyConnection, as_of: datetime
) -> Iterator[dict[str, Any]]:
    """What this build opens and closes, as lines for the ledger, from its finished tables."""
    moment = as_of.isoformat(sep=" ", timespec="seconds")
    for fact in FACTS:
        opened = connection.execute(
            f"""
            select f.fact_key, f.content_hash, to_json(f)::varchar
            from {fact} as f where f.known_from = ? and f.is_current order by all
            """,
            [as_of],
        ).fetchall()
        for key, content_hash, row in opened:
            yield {
                "act": "fact_opened",
                "fact_table": fact,
                "fact_key": key,
                "content_hash": content_hash,
                "moment": moment,
                "content": json.loads(row),
            }
        closed = connection.execute(
            f"select fact_key, content_hash from {fact} where known_to = ? order by all",
            [as_of],
        ).fetchall()
        for key, content_hash in closed:
            yield {
                "act": "fact_closed",
                "fact_table": fact,
                "fact_key": key,
                "content_hash": content_hash,
                "moment": moment,
            }
    known = "select finding_key from history.finding where closed_at is null"
    for key, row in connection.execute(
        f"""
        select d.finding_key, to_json(d)::varchar from dq_result as d
        where d.closed is null and d.finding_key not in ({known}) order by all
        """
    ).fetchall():
        yield {
            "act": "finding_opened",
            "finding_key": key,
            "moment": moment,
            "content": json.loads(row),
        }
    for (key,) in connection.execute(
        f"""
        select distinct d.finding_key from dq_result as d
        where d.closed is not null and d.finding_key in ({known}) order by all
        """
    ).fetchall():
        yield {"act": "finding_closed", "finding_key": key, "moment": moment}
