"""Matches the rows of a table with the lines of a form, by label under its parents.

The same label stands under several parents, symbols repeat, and the symbol may be part of the
label: so a line is its whole path. A row that could be two lines is neither, and is said.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.reference import Line
from ingest.wording import bare_key, label_key, plain


class Labelled(NamedTuple):
    """A row that may be a line: its number in the sheet, label and symbol as typed."""

    row: int
    label: str
    symbol: str
    has_figures: bool


@dataclass
class LineMatch:
    """Rows by line; rows with figures whose label is none, or could be several."""

    lines: dict[int, Line] = field(default_factory=dict)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    ambiguous: list[tuple[int, str]] = field(default_factory=list)


class LineWords:
    """The labels of a list of lines, read once."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = tuple(lines)
        self.keys = [label_key(line.label_vi) for line in lines]
        self.by_key: dict[str, list[int]] = defaultdict(list)
        self.by_bare: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(lines):
            self.by_key[self.keys[number]].append(number)
            self.by_bare[bare_key(line.label_vi)].append(number)
            # where nothing else tells lines apart, officials run symbol and label together
            joined = label_key(f"{line.symbol} {line.label_vi}") if line.symbol else ""
            if joined and joined != self.keys[number]:
                self.by_key[joined].append(number)
        place = {line.code: number for number, line in enumerate(lines)}
        self.parent = [place.get(line.parent or "") for line in lines]
        self.symbols = [symbol_key(line.symbol) for line in lines]

    def candidates(self, label: str) -> list[int]:
        """The lines that a label may be: by all its words, else without what numbers it."""
        found = self.by_key.get(label_key(label))
        if found:
            return found
        bare = bare_key(label)
        return self.by_key.get(bare) or self.by_bare.get(bare) or []

    def nearest(self, label: str) -> str | None:
        """The label that comes nearest, as the form prints it; None where none is near."""
        near = difflib.get_close_matches(bare_key(label), list(self.by_bare), 1, 0.75)
        return self.lines[self.by_bare[near[0]][0]].label_vi if near else None


_words: dict[int, LineWords] = {}


def words_of(lines: tuple[Line, ...]) -> LineWords:
    """The labels of a list, read once a process (lists are kept, so their ids stay their own)."""
    found = _words.get(id(lines))
    if found is None or found.lines is not lines:
        found = LineWords(lines)
        found.lines = lines
        _words[id(lines)] = found
    return found


def symbol_key(symbol: str) -> str:
    """`1.`, `(1)`, `1)` and `1` are one symbol; `1.10` that became a number is `1.1`."""
    key = re.sub(r"[\s().;,]+$|^[\s(]+", "", plain(symbol))
    if re.fullmatch(r"\d+\.\d+", key):
        key = re.sub(r"0+$", "", key)
    return key


def match_lines(rows: Sequence[Labelled], lines: tuple[Line, ...]) -> LineMatch:
    """Match rows, in the order of the sheet, with the lines of a form."""
    words = words_of(lines)
    if (quick := _in_order(rows, words)) is not None:
        return quick
    found = LineMatch()
    used: dict[int, int] = {}  # line to the row it was found in
    for place, row in enumerate(rows):
        candidates = words.candidates(row.label)
        free = [number for number in candidates if number not in used]
        chosen = _choose(row, free, used, words) if free else None
        if chosen is not None:
            used[chosen] = place
            found.lines[row.row] = words.lines[chosen]
        elif row.has_figures:
            if len(free) > 1:
                found.ambiguous.append((row.row, row.label))
            else:
                found.unknown.append((row.row, row.label))
    return found


def _in_order(rows: Sequence[Labelled], words: LineWords) -> LineMatch | None:
    """The usual case: exactly the form's lines, in the form's order."""
    keys = words.keys
    if len(rows) != len(keys):
        return None
    for row, key in zip(rows, keys, strict=True):
        if label_key(row.label) != key:
            return None
    return LineMatch({row.row: line for row, line in zip(rows, words.lines, strict=True)})


def _choose(
    row: Labelled, free: Sequence[int], used: dict[int, int], words: LineWords
) -> int | None:
    """The one line that a row is: under the parent seen last, then by its symbol."""
    if len(free) == 1 and len(words.candidates(row.label)) == 1:
        return free[0]
    symbol = symbol_key(row.symbol)
    seen = {number: _nearest_ancestor(number, used, words) for number in free}
    latest = max((at for at in seen.values() if at is not None), default=None)
    under = [number for number in free if seen[number] is not None and seen[number] == latest]
    if latest is not None:
        # a line of this label that would stand before this one, under a parent that the sheet
        # leaves out, may be meant as well: then the symbol must say which
        skipped = [n for n in free if seen[n] is None and words.parent[n] is not None]
        says_other = words.symbols[under[0]] != symbol and any(
            symbol and words.symbols[n] == symbol for n in skipped
        )
        if len(under) == 1 and not says_other and not any(n < under[0] for n in skipped):
            return under[0]
        if len(under) == 1 and says_other:
            return None
        free = under if len(under) > 1 else free
    same = [number for number in free if symbol and words.symbols[number] == symbol]
    if len(same) == 1:
        return same[0]
    roots = [number for number in free if words.parent[number] is None]
    if latest is None and len(roots) == 1 and not used:
        return roots[0]
    return None


def _nearest_ancestor(number: int, used: dict[int, int], words: LineWords) -> int | None:
    """Where the parent of a line stands on the sheet; None where it was not found there."""
    parent = words.parent[number]
    return used.get(parent) if parent is not None else None
