"""Turns the texts of a sheet that was typed in an old font into Unicode, before anything is read.

A text is decoded where it proves itself to be in TCVN3 or VNI; where most texts of a sheet do so,
those that could be read in two ways are taken to be in the same encoding. What was typed is kept
beside (`Sheet.typed`).
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from ingest.legacy_text import Encoding, read_text
from ingest.workbook import Sheet

_FONTS: dict[Encoding, str] = {"tcvn3": ".VnTime", "vni": "VNI-Times"}
# of the texts with other than plain letters, so many prove to be in the encoding
_MOST = 0.5


@lru_cache(maxsize=2**15)
def _encoding(text: str) -> Encoding | None:
    return read_text(text)[1]


def decode_sheet(sheet: Sheet) -> None:
    """Decode the texts of a sheet in place; its `typed` and `encodings` say what was done."""
    found: list[tuple[int, int, str, Encoding | None]] = []
    for row_no, row in enumerate(sheet.rows):
        for col_no, value in enumerate(row):
            if type(value) is str and not value.isascii():
                found.append((row_no, col_no, value, _encoding(value)))
    counts = Counter(encoding for *_, encoding in found if encoding is not None)
    if not counts:
        return
    main, number = counts.most_common(1)[0]
    font = _FONTS[main] if number >= _MOST * len(found) else None
    for row_no, col_no, value, encoding in found:
        if encoding is None and font is None:
            continue
        text, encoding = read_text(value, font) if encoding is None else read_text(value)
        if encoding is not None:
            sheet.typed[row_no + 1, col_no + 1] = value
            sheet.rows[row_no][col_no] = text
            sheet.encodings.add(encoding)
