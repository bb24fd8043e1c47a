"""Numbers as Vietnamese officers write them, 1.275,1, and cells as sheets name them, D8."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from ingest.package import column_number


def vietnamese(value: Decimal | float | int) -> str:
    """`Decimal("1275.10")` gives `1.275,1`; at most 15 significant digits, no trailing zeros."""
    if isinstance(value, float):
        if math.isinf(value):
            return "không giới hạn"
        value = Decimal(f"{value:.12g}")
    plain = f"{Decimal(value):,f}"
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0")
    return whole.replace(",", ".") + (f",{decimals}" if decimals else "")


def grouped(text: str) -> str:
    """A number without groups, `20254000` or `-1275,1`, with a dot between thousands; any other
    text as it is."""
    found = re.fullmatch(r"(-?)([1-9][0-9]{3,})(,[0-9]+)?", text)
    return f"{found[1]}{int(found[2]):,}".replace(",", ".") + (found[3] or "") if found else text


def column_letters(col: int) -> str:
    """`4` gives `D`, `27` gives `AA`."""
    letters = ""
    while col:
        col, rest = divmod(col - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_address(row: int, col: int) -> str:
    """`(8, 4)` gives `D8`."""
    return f"{column_letters(col)}{row}"


_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def cell_place(address: str) -> tuple[int, int] | None:
    """`D8` gives `(8, 4)`; None for what is no address of a cell."""
    match = _ADDRESS.fullmatch(address)
    return (int(match[2]), column_number(match[1].encode())) if match else None
