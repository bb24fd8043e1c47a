"""From a row of a mart to the facts under it: which row is meant, and which keys it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.trace import TraceError

_KEY_COLUMNS = ("fact_keys", "fact_key")
_SHOWN = 5


@dataclass(frozen=True)
class MartRow:
    """One row of a mart: its columns without the keys, and the keys of the facts under it."""

    mart: str
    row: dict[str, Any]
    keys: tuple[str, ...]


def is_mart(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a name is one of the published tables, rather than a fact's key."""
    return name in _marts(connection)


def find_row(
    connection: duckdb.DuckDBPyConnection, mart: str, conditions: Mapping[str, str]
) -> MartRow:
    """The one row of a mart whose columns say what `conditions` ask, compared as text.

    Raises TraceError: no such column, no row, several rows (said with what tells them apart), or a
    table whose rows are not made of figures.
    """
    columns = [name for name, *_ in connection.execute(f'describe "{mart}"').fetchall()]
    keys = next((name for name in _KEY_COLUMNS if name in columns), None)
    if keys is None:
        raise TraceError(f"Bảng {mart} không lập từ số liệu nên không có ô để truy về")
    for name in conditions:
        if name not in columns:
            raise TraceError(f"Bảng {mart} không có cột “{name}”; có: {', '.join(columns)}")
    where = " and ".join(f'cast("{name}" as varchar) = ?' for name in conditions) or "true"
    cursor = connection.execute(
        f'select * from "{mart}" where {where} order by all limit 1000', list(conditions.values())
    )
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    if not rows:
        asked = ", ".join(f"{name}={value}" for name, value in conditions.items())
        raise TraceError(f"Bảng {mart} không có dòng nào với {asked}")
    if len(rows) > 1:
        raise TraceError(_several(mart, columns, rows))
    found = rows[0][keys] or []
    return MartRow(
        mart,
        {name: value for name, value in rows[0].items() if name not in _KEY_COLUMNS},
        tuple([found] if isinstance(found, str) else found),
    )


def _marts(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_name from information_schema.tables where table_name like 'mart_%'"
    ).fetchall()
    return {name for (name,) in rows}


def _several(mart: str, columns: list[str], rows: list[dict[str, Any]]) -> str:
    """How many rows there are, and the columns of text that tell them apart."""
    apart = [
        name
        for name in columns
        if isinstance(rows[0][name], str) and len({str(row[name]) for row in rows}) > 1
    ]
    shown = [
        " ".join(f"{name}={row[name]}" for name in apart if row[name] is not None)
        for row in rows[:_SHOWN]
    ]
    return "\n  ".join(
        [
            f"Bảng {mart} có {len(rows)} dòng như thế. Xin nêu thêm cột=giá trị, chẳng hạn:",
            *shown,
            *(["…"] if len(rows) > _SHOWN else []),
        ]
    )


def render_row(found: MartRow) -> str:
    """The row as lines of text."""
    width = max(map(len, found.row))
    lines = [f"Dòng của {found.mart}, lập từ {len(found.keys)} số liệu"]
    lines += [
        f"  {name:<{width}} {value}" for name, value in found.row.items() if value is not None
    ]
    return "\n".join(lines)
