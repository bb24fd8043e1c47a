"""A list of lines as a tree, with what the simulation needs to know of each line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ingest import reference
from ingest.reference import Line
from ingest.simulation.model import Model


class Tree:
    """The lines of one list: parts, roots, and the quantity that a line is."""

    def __init__(self, name: str, lines: Sequence[Line]) -> None:
        self.name = name
        self._lines = {line.code: line for line in lines}
        self._parts: dict[str, list[Line]] = {}
        for line in lines:
            if line.parent is not None and line.is_additive:
                self._parts.setdefault(line.parent, []).append(line)

    def line(self, code: str) -> Line:
        return self._lines[code]

    def parts(self, code: str) -> list[Line]:
        return self._parts.get(code, [])

    def quantity(self, code: str) -> str:
        """The indicator that the line is, or the line itself."""
        return self._lines[code].indicator_code or code

    def is_anchored(self, code: str, model: Model) -> bool:
        """Whether the world gives the line's value, and not its parent: a root, a line below a
        heading, a quantity of the model, or a line that another list is to be asked about."""
        line = self._lines[code]
        if self.canonical(code, model) is not None:
            return True
        if line.parent is None or self._lines[line.parent].children == "heading":
            return True
        known = model.quantities.get(self.quantity(code))
        return known is not None and known.is_flow

    def canonical(self, code: str, model: Model) -> tuple[Tree, str] | None:
        """The list and line that say what the line's indicator is, where that is another list."""
        indicator = self._lines[code].indicator_code
        if indicator is None or indicator in model.quantities:
            return None
        found = _canonical_lines(model.canonical_lists).get(indicator)
        return found if found is not None and found[0].name != self.name else None

    def is_of_province(self, code: str) -> bool:
        """Whether a commune's figure is a part of the province's of the same indicator."""
        indicator = self._lines[code].indicator_code
        return indicator is not None and aggregations().get(indicator) == "sum"


@cache
def aggregations() -> dict[str, str]:
    rows = reference.read_seed("indicator")
    return {row["indicator_code"]: row["aggregation"] for row in rows}


@cache
def _canonical_lines(lists: tuple[str, ...]) -> dict[str, tuple[Tree, str]]:
    """Indicator to the first list and line that has it."""
    found: dict[str, tuple[Tree, str]] = {}
    for name in lists:
        tree = Tree(name, reference.lines(name))
        for line in reference.lines(name):
            if line.indicator_code is not None:
                found.setdefault(line.indicator_code, (tree, line.code))
    return found
