"""What a command of dbt need not be given: nodes that would find that they stand as they were made.

Each node of dbt asks whether what it reads is as it was when it was made
(dbt_project/macros/kept.sql), and to ask costs a twentieth of a second: dbt compiles the node,
takes a connection, says to Dagster what became of it. Of many nodes the answer is known before the
command is given: nothing that they read, and nothing that these read, can become another thing in
it. Seeds and views are code, which is the same in a file that is built on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import duckdb

Nodes = Mapping[str, Mapping[str, Any]]
"""Nodes of dbt's manifest, by unique id."""


def buildable(manifest: Mapping[str, Any], named: Collection[str]) -> Nodes:
    """Of the nodes that a command names those that dbt takes (`indirect_selection: buildable`): no
    test that is also on what another command makes later."""
    nodes = manifest["nodes"]
    made = {name for name in named if nodes[name]["resource_type"] != "test"}
    known, waiting = set(made), list(made)
    while waiting:
        before = set(nodes.get(waiting.pop(), {}).get("depends_on", {}).get("nodes", ())) - known
        known |= before
        waiting += before
    return {
        name: nodes[name]
        for name in named
        if name in made or known.issuperset(nodes[name]["depends_on"]["nodes"])
    }


def left_out(connection: duckdb.DuckDBPyConnection, nodes: Nodes) -> set[str]:
    """Of all nodes of a command those that stand as they were made whatever the command does."""
    there = _relations(connection)
    reads, as_they_were = _made(connection)
    left = {
        name
        for name, node in nodes.items()
        if (node["resource_type"] == "test" or _relation(node) in there)
        and (_is_code(node) or name in as_they_were)
    }
    while True:
        made = {
            _relation(node)
            for name, node in nodes.items()
            if name not in left and node["resource_type"] == "model"
        }
        still = {name for name in left if made.isdisjoint(reads[name])}
        if still == left:
            return left
        left = still


def selection(nodes: Nodes, left: Collection[str]) -> list[str]:
    """Arguments of dbt, beside those that name all nodes of a command: all but those that are left
    out. Its tests are named one by one: dbt would take with a node the tests on it, and leave out
    with it what is to be run."""
    if not left:
        return []
    tests = [name for name, node in nodes.items() if node["resource_type"] == "test"]
    to_run = [name for name in tests if name not in left]
    others = [name for name in left if name not in tests]
    named = {"--select": to_run, "--exclude": others}
    return ["--indirect-selection", "empty"] + [
        argument
        for option, names in named.items()
        if names
        for argument in (option, " ".join(sorted(_path(nodes[name]) for name in names)))
    ]


def _path(node: Mapping[str, Any]) -> str:
    return f"fqn:{'.'.join(node['fqn'])}"


def _is_code(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "seed" or node["config"].get("materialized") == "view")


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node['name']}"


def _relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables and views of the working file, as `schema.name`."""
    return {
        name
        for (name,) in connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_database()"
        ).fetchall()
    }


def _made(connection: duckdb.DuckDBPyConnection) -> tuple[Mapping[str, set[str]], set[str]]:
    """Which tables each node reads, and the nodes of which all of that is as it was."""
    rows = connection.execute(
        """
        select made.node, read.table_name, read.digest is not distinct from content.digest
            and (read.node is null or read.digest is not null)
        from kept.made as made
        left join kept.read as read on made.node = read.node
        left join kept.content as content
            on read.table_name = content.table_name and read.part = content.part
        """
    ).fetchall()
    reads: dict[str, set[str]] = defaultdict(set)
    as_they_were = {node for node, _, _ in rows}
    for node, table, is_same in rows:
        if table is not None:
            reads[node].add(table)
        if not is_same:
            as_they_were.discard(node)
    return reads, as_they_were
