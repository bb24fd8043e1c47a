"""Several things in one line of a run page: as a list they would hide behind a link to JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping

MOST = 5


def several(things: Collection[str], most: int = MOST) -> str:
    """The first of them, and how many more there are."""
    if not things:
        return "none"
    left = len(things) - most
    return ", ".join([*things][:most]) + (f" and {left} more" if left > 0 else "")


def counted(counts: Mapping[str, int]) -> str:
    """Every name with its count, the most first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return several([f"{name}: {count}" for name, count in ordered], len(counts))
