"""Values as a Vietnamese reader expects them: 1.234,5; 30/06/2026; what is missing is said."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from warehouse.site.declared import Shown

MISSING = "chưa có"
_DECIMALS = {"whole": 0, "number1": 1, "number2": 2}


def number_text(value: Decimal | int | float, decimals: int) -> str:
    """`value` rounded half up to so many decimals: 1234.56 → 1.234,6; -0.04 → 0,0."""
    exact = Decimal(str(value))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)
    text = f"{abs(rounded):,.{decimals}f}".translate(str.maketrans(",.", ".,"))
    return f"\N{MINUS SIGN}{text}" if rounded < 0 else text


def fitting_decimals(value: Decimal | int | float) -> int:
    """So many decimals that three digits of a value are seen, and no zeros behind the last: 1.234;
    12,5; 0,0012."""
    exact = Decimal(str(value))
    if exact == 0:
        return 0
    most = min(max(2 - exact.adjusted(), 0), 6)
    rounded = exact.quantize(Decimal(1).scaleb(-most), rounding=ROUND_HALF_UP)
    exponent = rounded.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def shown_text(value: Any, shown: Shown) -> str:
    """A value of a query as it stands on a page; MISSING where there is none."""
    if value is None or value == "":
        return MISSING
    if shown in _DECIMALS:
        return number_text(value, _DECIMALS[shown])
    if shown == "number":
        return number_text(value, fitting_decimals(value))
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}" if shown == "moment" else f"{value:%d/%m/%Y}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return str(value)


def is_number(shown: Shown) -> bool:
    """Whether a column is set flush right, and sorted by size."""
    return shown in _DECIMALS or shown == "number"
