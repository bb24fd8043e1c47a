"""What a typed cell means: numbers in two styles, comparators, nil marks, units, words.

Read right, or held with a reason: every function returns the reading and what was odd about it,
and none of them guesses. Text is compared in NFC and case-folded, never with accents removed
("dòng" is a row, "đồng" is money).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

NumberStyle = Literal["vietnamese", "english"]

# states of a cell (raw.cell.state)
NUMBER, TEXT, CODE, BLANK = "number", "text", "code", "blank"
NONE, NOT_APPLICABLE, NOT_COLLECTED, UNREAD = "none", "not_applicable", "not_collected", "unread"

# "-" nothing occurred, "x" not applicable, "…" not collected yet: three states, none of them zero
NIL_MARKS = {
    "-": NONE, "–": NONE, "—": NONE,
    "x": NOT_APPLICABLE, "X": NOT_APPLICABLE,
    "…": NOT_COLLECTED, "...": NOT_COLLECTED, "..": NOT_COLLECTED,
}  # fmt: skip

_LONGEST_NIL_MARK = max(map(len, NIL_MARKS))

COMPARATORS = {
    "=": "=", "bằng": "=", "đạt": "=",
    ">": ">", "trên": ">", "hơn": ">",
    ">=": ">=", "≥": ">=", "từ": ">=", "từ ... trở lên": ">=", "trở lên": ">=",
    "tối thiểu": ">=", "ít nhất": ">=",
    "<": "<", "dưới": "<",
    "<=": "<=", "≤": "<=", "tối đa": "<=", "không quá": "<=",
    "~": "~", "≈": "~", "khoảng": "~",
    "<~": "<~", "gần": "<~",
}  # fmt: skip
COMPARATOR_WORDS = "khoảng|trên|dưới|gần|hơn|từ|tối thiểu|tối đa|ít nhất"

_VIETNAMESE = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?", re.ASCII)
_ENGLISH = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", re.ASCII)
_SPACED = re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?:[.,]\d+)?", re.ASCII)  # 52 201,9
# a cell may hold 26 digits before the point and 12 after it (raw.cell.number)
_LARGEST = Decimal(10) ** 25
_SIGNIFICANT = 15


@dataclass(frozen=True)
class NumberReading:
    """A number cell as read: `value` and `step` (worth of the last printed digit) or a problem.

    problem: None | other_style (read, but written in the other style) | ambiguous (two readings,
    in `readings`) | words (a number with words around it) | not_a_number | too_large.
    """

    value: Decimal | None
    step: Decimal | None
    problem: str | None = None
    readings: tuple[Decimal, ...] = ()


def clean(text: str) -> str:
    """NFC, one space for every run of white space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fold(text: str) -> str:
    """A form of text for comparing labels and headers: clean and case-folded, accents kept."""
    return clean(text).casefold()


def _decimal(text: str, group: str, point: str) -> tuple[Decimal, Decimal]:
    whole = text.replace(group, "")
    value = Decimal(whole.replace(point, "."))
    decimals = len(whole.split(point)[1]) if point in whole else 0
    return value, Decimal(1).scaleb(-decimals)


def read_number_text(text: str, style: NumberStyle | None) -> NumberReading:
    """Read a number typed as text.

    `style` is what the form declares (or its column shows); with None, a text that both styles
    can read with different results (`1.234`) is ambiguous. A text that only the other style can
    read (`68.58` in a Vietnamese form) is read so, and said: problem `other_style`.
    """
    words = clean(text)
    bare = words.removesuffix("%").strip()
    negative = False
    if bare.startswith("(") and bare.endswith(")"):  # accounting style
        negative, bare = True, bare[1:-1].strip()
    elif bare[:1] in "-−–+":
        negative, bare = bare[:1] != "+", bare[1:].strip()
    if _SPACED.fullmatch(bare):
        bare = bare.replace(" ", "")
    readings: dict[str, tuple[Decimal, Decimal]] = {}
    if _VIETNAMESE.fullmatch(bare):
        readings["vietnamese"] = _decimal(bare, ".", ",")
    if _ENGLISH.fullmatch(bare):
        readings["english"] = _decimal(bare, ",", ".")
    if not readings:
        if re.search(rf"\b({COMPARATOR_WORDS})\b", words.casefold()) and re.search(r"\d", words):
            return NumberReading(None, None, "words")
        return NumberReading(None, None, "not_a_number")
    problem = None
    if style is not None and style in readings:
        value, step = readings[style]
    elif len({value for value, _ in readings.values()}) > 1:
        return NumberReading(
            None,
            None,
            "ambiguous",
            tuple(value.copy_negate() if negative else value for value, _ in readings.values()),
        )
    else:
        value, step = next(iter(readings.values()))
        if style is not None:
            problem = "other_style"
    if value >= _LARGEST or step < Decimal("1e-12"):
        return NumberReading(None, None, "too_large")
    return NumberReading(value.copy_negate() if negative else value, step, problem)


def read_number_float(number: float) -> NumberReading:
    """Read a number typed as a number: its decimals at 15 significant digits, as Excel keeps."""
    if number != number or abs(number) >= float(_LARGEST):
        return NumberReading(None, None, "too_large")
    value = Decimal(f"{number:.{_SIGNIFICANT}g}").normalize()
    exponent = value.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    if decimals > 12:
        rounded = round(value, 12)
        if value and not rounded:  # the cell would say zero
            return NumberReading(None, None, "too_large")
        value, decimals = rounded, 12
    return NumberReading(value, Decimal(1).scaleb(-decimals))


def nil_state(text: str) -> str | None:
    """The state of a nil mark, or None for any other text. A blank is not a nil mark."""
    return NIL_MARKS.get(clean(text)) if len(text.strip()) <= _LONGEST_NIL_MARK else None


def read_comparator(text: str) -> str | None:
    """`trên` or `>` gives `>`; None for what is no comparator."""
    return COMPARATORS.get(fold(text).replace("…", "..."))
