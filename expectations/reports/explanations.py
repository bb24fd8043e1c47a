"""What a unit wrote into "Giải trình của đơn vị", read from a marked workbook that came back.

Here stands also how our sheets in such a workbook are known: by a mark in their first cell, never
by their names, so that a sheet that was renamed is known and one of an officer's with the same
name is not. What was written is a stranger's text: cut to a length, never taken for a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.reading import Explanation

if TYPE_CHECKING:
    from ingest.workbook import Sheet

ANSWER_MARK = "kho-phieu-1"  # the first cell of the sheet that an officer reads
DATA_MARK = "kho-phieu-1-du-lieu"  # the first cell of the hidden one: what was marked, and how
KEY_COLUMN, EXPLANATION_COLUMN = 1, 8
LONGEST_EXPLANATION = 2_000
MOST_EXPLANATIONS = 5_000
_KEY = re.compile(r"[0-9A-Za-z_\-]{8,64}")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]"
)


def is_answer_sheet(sheet: Sheet) -> bool:
    """Whether a sheet is the one with what is to be mended."""
    return sheet.text(1, KEY_COLUMN) == ANSWER_MARK


def is_ours(sheet: Sheet) -> bool:
    """Whether a sheet was added by us to a marked workbook: it holds no form."""
    return sheet.text(1, KEY_COLUMN) in (ANSWER_MARK, DATA_MARK)


def explanations_of(sheets: Iterable[Sheet]) -> tuple[Explanation, ...]:
    """Every explanation on our sheets: one for each finding, the last one where there are two."""
    found: dict[str, Explanation] = {}
    for sheet in sheets:
        if not is_answer_sheet(sheet):
            continue
        for row in range(2, sheet.last_row + 1):
            key = sheet.text(row, KEY_COLUMN)
            text = _plain(sheet.text(row, EXPLANATION_COLUMN))
            if text and _KEY.fullmatch(key) and len(found) < MOST_EXPLANATIONS:
                found[key] = Explanation(key, text)
    return tuple(found.values())


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _INVISIBLE.sub("\ufffd", text.encode("utf-8", "replace").decode("utf-8")).strip()
    return text if len(text) <= LONGEST_EXPLANATION else f"{text[:LONGEST_EXPLANATION]}…"


def read_explanations(path: Path) -> list[Explanation]:
    """The explanations in a file; to be run in a child process (ingest.sandbox). Raises
    ingest.package.Unreadable."""
    from ingest.workbook import read_workbook

    return list(explanations_of(read_workbook(path)))
