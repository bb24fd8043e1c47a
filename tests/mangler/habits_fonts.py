"""The letters themselves: composed or not, and in fonts from before Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from tests.mangler.case import Case, Habit
from tests.mangler.legacy_fonts import to_tcvn3, to_vni
from tests.mangler.paper import Ink
from tests.mangler.walk import form_sheets

_LEGACY = ("text_legacy_font",)


def _texts(case: Case, where: tuple[str, ...]) -> Iterator[Ink]:
    for sheet in form_sheets(case):
        if "head" in where:
            yield from (line.ink for line in sheet.head)
        if "foot" in where:
            yield from (ink for row in sheet.foot for _, ink in row)
        for table in sheet.tables:
            if "header" in where:
                yield from (ink for column in table.columns for ink in column.header)
            if "cells" in where:
                for row in table.rows:
                    yield from row.cells.values()


def _nfd(case: Case) -> bool:
    for ink in _texts(case, ("head", "header", "cells", "foot")):
        if ink.kind == "text":
            ink.text = unicodedata.normalize("NFD", ink.text)
    return True


def _legacy(name: str, number: int, encode: Callable[[str], tuple[str, str]]) -> Habit:
    def apply(case: Case) -> bool:
        """All of a sheet, or only its head, or only header and lines."""
        where = case.rng.choice((("head", "header", "cells", "foot"), ("head",),
                                 ("header", "cells")))  # fmt: skip
        touched = False
        for ink in _texts(case, where):
            # a text of plain letters looks the same in any font; a raised mark has its own
            if ink.kind != "text" or ink.text.isascii() or ink.raised:
                continue
            if any(letter in "²¹³–—…−\u00a0" for letter in ink.text):
                continue  # the old fonts have no such letter: it was typed in another
            ink.text, ink.font = encode(ink.text)
            touched = True
        if touched:
            case.oddity(*_LEGACY)
        return touched

    fonts = frozenset({"letters_nfd", "letters_tcvn3", "letters_vni", "header_stacked"})
    return Habit(name, (number,), 0.7, 94, apply, fonts)


HABITS = [
    Habit("letters_nfd", (8,), 0.8, 94, _nfd),
    _legacy("letters_tcvn3", 9, to_tcvn3),
    _legacy("letters_vni", 10, to_vni),
]
