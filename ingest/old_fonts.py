"""Turns the texts of a sheet that was typed in an old font into Unicode, before anything is read.

A text is decoded where it proves itself to be in TCVN3 or VNI; one that could be read in two ways
is taken to be as most texts of its row, or else of its column. What was typed is kept beside
(`Sheet.typed`).
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from ingest.legacy_text import Encoding, is_plainly_unicode, may_be_legacy, read_text
from ingest.workbook import Sheet

_FONTS: dict[Encoding, str] = {"tcvn3": ".VnTime", "vni": "VNI-Times"}


@lru_cache(maxsize=2**15)
def _encoding(text: str) -> Encoding | None:
    return read_text(text)[1]


# texts that need no decoding: labels come again with every unit and period
_new: set[str] = set()
_MOST_KEPT, _LONGEST_KEPT = 2**15, 200


def _has_old(texts: set[str]) -> bool:
    """Whether any of the texts proves itself to be in an old font."""
    unknown = texts - _new
    if any(_encoding(text) for text in unknown if may_be_legacy(text)):
        return True
    if len(_new) > _MOST_KEPT:
        _new.clear()
    if len(unknown) < _MOST_KEPT:
        _new.update(text for text in unknown if len(text) <= _LONGEST_KEPT)
    return False


def decode_sheet(sheet: Sheet) -> None:
    """Decode the texts of a sheet in place; its `typed` and `encodings` say what was done."""
    if not _has_old(sheet.distinct_texts):
        return
    found = [
        (row_no, col_no, text, _encoding(text))
        for row_no, col_no, text in sheet.texts()
        if not text.isascii()
    ]
    counts = Counter(encoding for *_, encoding in found if encoding is not None)
    font = _FONTS[counts.most_common(1)[0][0]]
    rows, columns = _leanings(found)
    decoded: dict[tuple[int, int], str] = {}
    for row_no, col_no, value, encoding in found:
        if encoding is not None:
            text, read_as = read_text(value)
        elif (rows[row_no] or columns[col_no]) > 0 and not is_plainly_unicode(value):
            text, read_as = read_text(value, font)
        else:
            continue
        if read_as is not None:
            decoded[row_no, col_no] = text
            sheet.encodings.add(read_as)
    sheet.retype(decoded)


def _leanings(
    found: list[tuple[int, int, str, Encoding | None]],
) -> tuple[Counter[int], Counter[int]]:
    """By row and by column, how many more texts are in an old font than plainly in Unicode."""
    rows: Counter[int] = Counter()
    columns: Counter[int] = Counter()
    for row_no, col_no, value, encoding in found:
        weight = 1 if encoding is not None else -1 if is_plainly_unicode(value) else 0
        rows[row_no] += weight
        columns[col_no] += weight
    return rows, columns
