"""Markdown as the generated pages write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

MADE = "<!-- Made by `python -m docs.generate`. Change the sources, not this page. -->"


def cell(text: str) -> str:
    """A text that keeps its place in a table."""
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(cell(text) for text in row) + " |"
    yield ""


def table_without_empty_columns(
    header: Sequence[str], rows: Iterable[Sequence[str]]
) -> Iterator[str]:
    """A table of those columns in which any row says something."""
    kept = list(rows)
    said = [number for number in range(len(header)) if any(row[number] for row in kept)]
    yield from table(
        [header[number] for number in said], ([row[number] for number in said] for row in kept)
    )


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)


def page(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
