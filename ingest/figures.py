"""Reads a column of figures: the style of numbers is decided by the column, never by one cell.

`1.234` is 1234 to one and 1,234 to another. What only one style can have written (`0,5`,
`1.234.567`) shows how the column was typed; without such evidence the cell is held, with both
readings. The same for numbers that a spreadsheet of the other locale took apart while they were
typed, and for percentages that may be fractions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ingest.cells import STATE_NO
from ingest.normalise import (
    BLANK,
    NUMBER,
    UNREAD,
    NumberReading,
    NumberStyle,
    clean,
    nil_state,
    read_number_float,
    read_number_text,
)
from ingest.workbook import Odd, cell_of

_BLANK, _NUMBER, _UNREAD = STATE_NO[BLANK], STATE_NO[NUMBER], STATE_NO[UNREAD]
_LARGEST = 1e15  # up to here a float holds 15 digits and more
# on a scale of 100 somebody has more than this in a column of percentages; as fractions nobody
_SURELY_PERCENT = 3.0
PROBLEMS = {
    "ambiguous": "number_ambiguous",
    "words": "number_with_words",
    "too_large": "number_too_large",
}

_GROUPED_DOTS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}(?:\.\d{3})+,\d+")
_GROUPED_COMMAS = re.compile(r"\d{1,3}(?:,\d{3}){2,}(?:\.\d+)?|\d{1,3}(?:,\d{3})+\.\d+")
_NOTE = re.compile(r"\s*(?>(?:[¹²³⁴⁵⁶⁷⁸⁹⁰]|\*|(?<=[\d%\s])\((?:\d|\*{1,3}|[a-z])\))+)$")
_LONGEST = 200  # characters of a figure and what may stand around it
_TAIL = re.compile(r"^(.*?\d\)?)\s*([^\W\d_%][^\d]*|%)$")


@dataclass(frozen=True)
class FigureUnit:
    """The unit that a figure is in: the ways to write it, which may stand behind the figure, and
    whether it counts whole things."""

    names: frozenset[str] = frozenset()
    is_whole: bool = False


@dataclass
class Figures:
    """A column as read, lists of one length (see CellColumns)."""

    states: list[int]
    floats: list[float | None]
    exacts: list[str | None] = field(default_factory=list)
    steps: list[str | None] = field(default_factory=list)
    texts: list[str | None] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    percents_read: int = 0


def read_figures(
    values: Sequence[Any],
    *,
    declared: NumberStyle | None,
    is_percent: bool,
    unit_of: Callable[[int], FigureUnit],
    shown_as_percent: Sequence[bool] | None = None,
    is_hundred_based: bool = False,
) -> Figures:
    """Read the plain values of one column of a table.

    `declared` is the style that the sheet itself says; `unit_of(n)` is the unit of the n-th figure;
    `shown_as_percent` says of each cell whether it is formatted as a percentage, None where nobody
    can see formats; `is_hundred_based` is a ratio to another period, near 100.
    """
    for value in values:
        if type(value) is not float or not -_LARGEST < value < _LARGEST:
            break
    else:  # the usual column: numbers and nothing else
        if not is_percent:
            return Figures([_NUMBER] * len(values), list(values))
    size = len(values)
    figures = Figures(
        [_BLANK] * size, [None] * size, [None] * size, [None] * size, [None] * size, [None] * size
    )
    texts: list[tuple[int, str]] = []
    for number, value in enumerate(values):
        if value == "":
            continue
        if isinstance(value, str):
            if not clean(value):
                continue
            if (nil := nil_state(value)) is not None:
                figures.states[number] = STATE_NO[nil]
                figures.texts[number] = value
            else:
                texts.append((number, value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            _read_number(figures, number, float(value))
        else:
            cell = cell_of(value)
            problem = value.rule if isinstance(value, Odd) else "number_not_a_number"
            _refuse(figures, number, cell.text if cell else str(value), problem)
    if texts:
        bare = _read_texts(figures, texts, declared, is_percent, unit_of)
        _refuse_shifted(figures, bare)
    if is_percent:
        _read_percents(figures, shown_as_percent, is_hundred_based)
    return figures


def _refuse(figures: Figures, number: int, text: str | None, problem: str) -> None:
    figures.states[number] = _UNREAD
    figures.floats[number] = figures.exacts[number] = figures.steps[number] = None
    figures.texts[number] = text
    figures.problems[number] = problem


def _read_number(figures: Figures, number: int, value: float) -> None:
    if -_LARGEST < value < _LARGEST:
        figures.states[number] = _NUMBER
        figures.floats[number] = value
        return
    reading = read_number_float(value)
    if reading.value is None:
        _refuse(figures, number, f"{value:.15g}", "number_too_large")
    else:
        _keep(figures, number, reading, None)


def _keep(figures: Figures, number: int, reading: NumberReading, text: str | None) -> None:
    figures.states[number] = _NUMBER
    figures.floats[number] = None
    figures.exacts[number] = f"{reading.value:f}"
    figures.steps[number] = f"{reading.step:f}"
    figures.texts[number] = text


def _read_texts(
    figures: Figures,
    texts: Sequence[tuple[int, str]],
    declared: NumberStyle | None,
    is_percent: bool,
    unit_of: Callable[[int], FigureUnit],
) -> list[str]:
    """Read the texts of a column; returns the numbers in them without what stands around."""
    bare = [
        (number, text, bare_number(text, unit_of(number).names, is_percent))
        for number, text in texts
    ]
    plain_figures = [figure for _, _, figure in bare if figure is not None]
    style = column_style(plain_figures, declared)
    for number, text, figure in bare:
        if figure is None:
            reading = read_number_text(text, style)
            problem = PROBLEMS.get(reading.problem or "", "number_not_a_number")
            _refuse(figures, number, text, problem)
            continue
        reading = read_number_text(figure, style)
        if reading.problem == "ambiguous" and unit_of(number).is_whole:
            reading = _whole_reading(figure) or reading
        if reading.value is None:
            problem = PROBLEMS.get(reading.problem or "", "number_not_a_number")
            _refuse(figures, number, text, problem)
            continue
        if _may_be_whole(reading, figure, unit_of(number)):
            _refuse(figures, number, text, "number_ambiguous")
            continue
        _keep(figures, number, reading, text)
        if reading.problem == "other_style" and declared is not None:
            figures.problems[number] = "number_other_style"
    return plain_figures


def _may_be_whole(reading: NumberReading, figure: str, unit: FigureUnit) -> bool:
    """Whether the style of its column makes 1,234 of people that the other one makes 1234 of: other
    cells show how the column was typed, what is counted shows that this one was not."""
    is_broken = reading.step is not None and reading.step < 1
    return unit.is_whole and is_broken and _whole_reading(figure) is not None


def _whole_reading(figure: str) -> NumberReading | None:
    """Of `1.234` people, 1234: what is counted is written without decimals."""
    both = [read_number_text(figure, "vietnamese"), read_number_text(figure, "english")]
    whole = [reading for reading in both if reading.value is not None and reading.step == 1]
    return whole[0] if len(whole) == 1 else None


@lru_cache(maxsize=2**14)
def bare_number(text: str, unit_names: frozenset[str], is_percent: bool) -> str | None:
    """A typed number without footnote marks and without its own unit; None if more is around it."""
    words = clean(text)
    if len(words) > _LONGEST:
        return None
    words = _NOTE.sub("", words).strip()
    if words.startswith("'"):
        words = words[1:].strip()
    if match := _TAIL.match(words):
        unit = match[2].strip().casefold()
        if unit == "%":
            return match[1] if is_percent or unit in unit_names else None
        return match[1] if unit in unit_names else None
    return words


@lru_cache(maxsize=2**14)
def style_shown(figure: str) -> NumberStyle | None:
    """The style that alone can have written a number; None where both can, or neither."""
    both = read_number_text(figure, None)
    if both.problem is not None:
        return None
    as_vietnamese = read_number_text(figure, "vietnamese")
    as_english = read_number_text(figure, "english")
    is_vietnamese = as_vietnamese.problem is None and as_vietnamese.value is not None
    is_english = as_english.problem is None and as_english.value is not None
    if is_vietnamese == is_english:
        return None
    return "vietnamese" if is_vietnamese else "english"


def column_style(figures: Sequence[str], declared: NumberStyle | None) -> NumberStyle | None:
    """The style of a column: what its cells show, if they agree; else what the form declares."""
    shown = {style for figure in figures if (style := style_shown(figure)) is not None}
    if declared is not None:
        return declared
    return next(iter(shown)) if len(shown) == 1 else None


def _refuse_shifted(figures: Figures, texts: Sequence[str]) -> None:
    """A spreadsheet of the other locale takes `1.234` for a number and leaves `1.234.567` a text:
    beside such texts a small number with decimals may be a thousand times more."""
    has_groups = any(
        _GROUPED_DOTS.fullmatch(words) or _GROUPED_COMMAS.fullmatch(words)
        for words in (clean(text).lstrip("-+( ").rstrip(")% ") for text in texts)
    )
    if not has_groups:
        return
    for number, value in enumerate(figures.floats):
        if value is not None and is_shifted(value):
            _refuse(figures, number, f"{value:.15g}", "number_maybe_shifted")


def is_shifted(value: float) -> bool:
    """Whether a number can be what is left of `1.234`: below a thousand, up to three decimals."""
    return (
        1 <= abs(value) < 1000
        and value != round(value)
        and abs(value * 1000 - round(value * 1000)) < 1e-6
    )


def _read_percents(figures: Figures, shown: Sequence[bool] | None, is_hundred_based: bool) -> None:
    """A cell formatted as a percentage holds a fraction. Others have two readings where a ratio
    that lies near 100 is below 3, where a whole column of fractions lies below 1, and, if no format
    is seen, where nothing in the column is above 3."""
    numbers = [(n, value) for n, value in enumerate(figures.floats) if value is not None]
    if not figures.exacts:
        figures.exacts = [None] * len(figures.states)
        figures.steps = [None] * len(figures.states)
        figures.texts = [None] * len(figures.states)
        figures.problems = [None] * len(figures.states)
    if shown is not None:
        for number, value in numbers:
            if shown[number]:
                reading = read_number_float(value)
                if reading.value is None or reading.step is None:
                    continue
                figures.exacts[number] = f"{reading.value * 100:f}"
                figures.steps[number] = f"{reading.step * 100:f}"
                figures.floats[number] = None
                figures.percents_read += 1
        numbers = [(n, value) for n, value in numbers if not shown[n] and value]
        limit = _SURELY_PERCENT if is_hundred_based else 1.0
        are_fractions = (
            len(numbers) > 2
            and all(abs(value) <= limit for _, value in numbers)
            and any(value != round(value) for _, value in numbers)
        )
        if is_hundred_based or are_fractions:
            for number, value in numbers:
                if abs(value) <= limit:
                    _refuse(figures, number, f"{value:.15g}", "percent_scale_unclear")
        return
    typed = [Decimal(exact) for exact in figures.exacts if exact is not None]
    if any(abs(value) > _SURELY_PERCENT for _, value in numbers) or any(
        abs(value) > _SURELY_PERCENT for value in typed
    ):
        return
    for number, value in numbers:
        if value:
            _refuse(figures, number, f"{value:.15g}", "percent_scale_unclear")
