"""Text, addresses, dates and numbers as a reader meets them in every report.

Here belongs what makes a value fit to be seen, on a page, on paper or in a mail. Escaping is not
done here: each way out has its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime

from expectations.numbers import cell_place

LONGEST_TEXT = 2_000
LONGEST_VALUE = 400
MOST_CELLS = 24

# what reorders, hides or joins text without being seen
_UNSEEN = ("Cf", "Co", "Cs", "Zl", "Zp")


def cell_list(cells: Sequence[str], sheet: str) -> str:
    """`D8:D12, F3, 'Biểu 2'!A1`: runs down a column as one, the finding's sheet left out."""
    runs: list[tuple[str, str, int, int]] = []  # sheet, column or whole reference, first, last row
    for cell in cells:
        on, ref = split_ref(cell)
        found = re.fullmatch(r"([A-Z]{1,3})([1-9][0-9]*)", ref)
        column, row = (found[1], int(found[2])) if found else (ref, 0)
        if found and runs and runs[-1][:2] == (on, column) and runs[-1][3] == row - 1:
            runs[-1] = (on, column, runs[-1][2], row)
        else:
            runs.append((on, column, row, row))
    shown = [
        ("" if on in ("", sheet) else f"'{on}'!")
        + (f"{column}{first}" if first else column)
        + (f":{column}{last}" if last > first else "")
        for on, column, first, last in runs
    ]
    if len(shown) > MOST_CELLS:
        shown[MOST_CELLS:] = [f"và {len(shown) - MOST_CELLS} vị trí khác"]
    return ", ".join(shown)


def split_ref(ref: str) -> tuple[str, str]:
    """`'Biểu 1'!B12` -> (`Biểu 1`, `B12`); without a sheet the first is empty."""
    sheet, _, cell = ref.rpartition("!")
    if len(sheet) > 1 and sheet[0] == sheet[-1] == "'":
        sheet = sheet[1:-1].replace("''", "'")
    return sheet, cell


def place_order(sheet: str | None, cell_ref: str | None) -> tuple[str, int, int]:
    """What sorts places by sheet, row and column; a whole sheet, or file, comes first."""
    own_sheet, cell = split_ref(cell_ref or "")
    return sheet or own_sheet, *(cell_place(cell) or (0, 0))


def shown_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text fit to be shown: control characters made visible, what is too long cut with a note.

    Marks that turn the direction of writing, and others that are not seen, become `[U+202E]`.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (over := len(text) - longest) > 0:
        text = text[:longest]
    text = re.sub(r"[\x00-\x08\x0b-\x1f]", lambda found: chr(0x2400 + ord(found[0])), text)
    text = re.sub(r"[\x7f-\x9f]", "\ufffd", text)
    text = "".join(
        f"[U+{ord(sign):04X}]" if unicodedata.category(sign) in _UNSEEN else sign for sign in text
    )
    return f"{text}… (lược bớt {number_vi(over)} ký tự)" if over > 0 else text


def one_line(text: str, longest: int = LONGEST_VALUE) -> str:
    """The same on one line: for a header of a mail, a file's name, a row of a list."""
    return " ".join(shown_text(text, longest).split())


def base_name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] or "Tệp không có tên"


def date_vi(time: date) -> str:
    """`ngày 05 tháng 7 năm 2026`: a nought before days under 10 and months 1 and 2.

    Nghị định 30/2020/NĐ-CP, Phụ lục I, mục II.4.
    """
    month = f"{time.month:02d}" if time.month < 3 else str(time.month)
    return f"ngày {time.day:02d} tháng {month} năm {time.year}"


def time_vi(time: datetime) -> str:
    return f"{time.hour:02d} giờ {time.minute:02d} phút, {date_vi(time)}"


def day_vi(time: date) -> str:
    return f"{time.day:02d}/{time.month:02d}/{time.year}"


def number_vi(number: int) -> str:
    """`12.345`: a dot between thousands, as in official papers."""
    return f"{number:,}".replace(",", ".")
