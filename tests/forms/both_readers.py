"""A workbook read twice: as the product does, and with `plain_sheets` out of the way.

Importable in a child process: a damaged file may end the process that reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest import workbook
from ingest.package import Unreadable
from ingest.workbook import Odd, Sheet, read_sheets


def seen(sheets: Sequence[Sheet]) -> list[tuple[Any, ...]]:
    """All of some sheets, with the types of their values."""
    return [
        (
            each.name, each.is_hidden, each.merged, each.values, each.filled, each.distinct_texts,
            each.typed, each.unseen.percents, each.unseen.hidden_rows, each.unseen.hidden_columns,
            each.unseen.errors, each.unseen.uncalculated, each.unseen.linked, each.unseen.raised,
            [
                [(v.rule, v.text) if isinstance(v, Odd) else (type(v), repr(v)) for v in row]
                for row in each.rows
            ],
        )
        for each in sheets
    ]  # fmt: skip


def as_read(content: bytes, *, all_sheets: bool = True) -> Any:
    try:
        return seen(read_sheets(content, all_sheets=all_sheets))
    except Unreadable as refused:
        return refused.reason


def by_reader(content: bytes, *, all_sheets: bool = True) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook, "plain_book", lambda _: None)
        return as_read(content, all_sheets=all_sheets)


def compared(path: Path) -> str:
    """`same`, `refused` by both, `read on` where only the reader of cells refuses, or `other`."""
    content = path.read_bytes()
    found, expected = as_read(content), by_reader(content)
    if found == expected:
        return "refused" if isinstance(found, str) else "same"
    return "read on" if isinstance(found, list) and isinstance(expected, str) else "other"
