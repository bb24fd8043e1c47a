"""Runs the queries of the pages: each once a build, on the published file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from warehouse.site.declared import query_text

_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Result:
    """What a query gave: rows in its order; a row's number is its place from 0."""

    query: str
    names: tuple[str, ...]
    types: Mapping[str, str]
    rows: tuple[Mapping[str, Any], ...]

    @cached_property
    def numbered(self) -> list[tuple[int, Mapping[str, Any]]]:
        return list(enumerate(self.rows))

    def of(self, where: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
        """The rows, with their numbers, in which every column of `where` has its value."""
        if not where:
            return self.numbered
        return self._parts(tuple(where)).get(tuple(where.values()), [])

    def _parts(
        self, columns: tuple[str, ...]
    ) -> dict[tuple[Any, ...], list[tuple[int, Mapping[str, Any]]]]:
        if columns not in self._cache:
            parts: dict[tuple[Any, ...], list[tuple[int, Mapping[str, Any]]]] = {}
            for number, row in self.numbered:
                parts.setdefault(tuple(row[column] for column in columns), []).append((number, row))
            self._cache[columns] = parts
        return self._cache[columns]

    @cached_property
    def _cache(self) -> dict[Any, dict[tuple[Any, ...], list[tuple[int, Mapping[str, Any]]]]]:
        return {}


class Queries:
    """The queries of a build, with what they may ask for (`$as_of`)."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]
    ) -> None:
        self._connection = connection
        self._parameters = parameters
        self._results: dict[str, Result] = {}

    def __getitem__(self, name: str) -> Result:
        if name not in self._results:
            self._results[name] = run(self._connection, name, self._parameters)
        return self._results[name]

    @property
    def results(self) -> Sequence[Result]:
        """Those that have been run."""
        return list(self._results.values())


def run(connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any]) -> Result:
    """Run a query of `queries/`."""
    text = query_text(name)
    asked = {key: parameters[key] for key in set(_PARAMETER.findall(text))}
    cursor = connection.execute(text, asked)
    described = cursor.description or []
    names = tuple(column[0] for column in described)
    rows = cursor.fetchall()
    return Result(
        name,
        names,
        {column[0]: str(column[1]) for column in described},
        tuple(dict(zip(names, row, strict=True)) for row in rows),
    )
