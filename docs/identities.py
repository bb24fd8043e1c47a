"""Every identity between published figures: which hold, which are only possible, which cannot.

From the rules in `expectations/rules/identities/` and the facts of a home that was built on the
samples, evaluated by the same code as in a build; so this page needs a home, and the others none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from docs.markdown import MADE, cell, code, page, table
from expectations.identities import (
    BROKEN,
    HOLDS,
    NOT_EVALUABLE,
    Figure,
    Outcome,
    compare,
    derived_identities,
    evaluate,
    measure_in_words,
    read_figures,
    read_identities,
    sides,
)
from expectations.interval import Interval
from expectations.numbers import vietnamese
from warehouse.home import Home

AS_STATED, POSSIBLE = "as_stated", "possible"
_TITLES = {
    AS_STATED: "holds as stated",
    POSSIBLE: "unequal, possible within the printed digits",
    BROKEN: "cannot hold",
    NOT_EVALUABLE: "not evaluable",
}
_BILLION = 1_000_000_000


class Judged(NamedTuple):
    """An identity with what became of it; `is_declared`: in a file, not implied by a measure."""

    outcome: Outcome
    is_declared: bool
    fate: str


def identities_page(root: Path) -> str:
    """docs/identities.md, from the working file of a home after its last build."""
    declared = read_identities()
    with duckdb.connect(str(Home(root).working_file), read_only=True) as connection:
        figures = read_figures(connection, declared)
        files = dict(
            connection.execute("select submission_no, file_path from raw.submission").fetchall()
        )
    outcomes = evaluate([*declared, *derived_identities(figures)], figures)
    judged = [
        Judged(outcome, number < len(declared), _fate(outcome))
        for number, outcome in enumerate(outcomes)
    ]
    return page(_lines(judged, files))


def _fate(outcome: Outcome) -> str:
    """Whether an identity that holds does so with the figures as they were written, too."""
    if outcome.outcome != HOLDS:
        return outcome.outcome
    stated = {
        name: Interval.exactly(figure.value)
        if figure.comparator == "=" and figure.upper is None
        else figure.interval
        for name, figure in outcome.figures
    }
    return AS_STATED if compare(outcome.identity.holds, stated)[0] == HOLDS else POSSIBLE


def _lines(judged: Sequence[Judged], files: dict[int, str]) -> Iterator[str]:
    counts = Counter((each.fate, each.is_declared) for each in judged)
    total = Counter(each.fate for each in judged)
    yield from (
        "# Identities between published figures",
        "",
        MADE.replace("docs.generate`", "docs.generate --home var` after a night on the samples"),
        "",
        "The four official documents state sums, parts, shares, growth rates and levels of the",
        "same things. Each identity between them is evaluated on the intervals that the printed",
        "digits allow, and cannot hold only if no values inside them satisfy it. No figure was",
        "corrected: all are published as stated, and what cannot hold is a warning to the sender.",
        "",
    )
    yield from table(
        ("", "Declared", "Implied by measures", "All"),
        [
            *(
                (title, str(counts[fate, True]), str(counts[fate, False]), str(total[fate]))
                for fate, title in _TITLES.items()
                if total[fate]
            ),
            (
                "all",
                *(str(sum(each.is_declared is kind for each in judged)) for kind in (True, False)),
                str(len(judged)),
            ),
        ],
    )
    yield from ("## What cannot hold", "")
    for each in _of(judged, BROKEN):
        yield from _proof(each.outcome, files)
    for fate, title in ((POSSIBLE, "Unequal, but possible"), (AS_STATED, "Holds as stated")):
        yield from (f"## {title}", "")
        yield from table(
            ("Identity", "Says", "Stated", "Left side", "Right side"),
            (_row(each.outcome) for each in _of(judged, fate)),
        )
    if total[NOT_EVALUABLE]:
        yield from ("## Not evaluable", "")
        yield from table(
            ("Identity", "Says", "Stated"),
            (_row(each.outcome)[:3] for each in _of(judged, NOT_EVALUABLE)),
        )


def _of(judged: Iterable[Judged], fate: str) -> list[Judged]:
    found = [each for each in judged if each.fate == fate]
    return sorted(found, key=lambda each: each.outcome.identity.code)


def _proof(outcome: Outcome, files: dict[int, str]) -> Iterator[str]:
    identity = outcome.identity
    left, right = sides(identity.holds, {name: f.interval for name, f in outcome.figures})
    yield from (
        f"### {code(identity.code)}",
        "",
        f"{cell(identity.says)}",
        "",
        f"{code(identity.holds)}",
        "",
        f"Vế trái {_shown(left)}; vế phải {_shown(right)}.",
        "",
    )
    yield from table(
        ("", "Figure", "As typed", "May be", "Cell"),
        (
            (
                code(name),
                _name(figure),
                f"{figure.value_text} {figure.unit_vi}".rstrip(),
                _shown(figure.interval),
                f"{files[figure.submission_no]}, {figure.cell_ref}",
            )
            for name, figure in outcome.figures
        ),
    )


def _row(outcome: Outcome) -> tuple[str, ...]:
    identity = outcome.identity
    stated = "; ".join(
        f"{_name(figure)} = {figure.value_text} {figure.unit_vi}".rstrip()
        for _, figure in outcome.figures
    )
    sides_shown = ("–", "–")
    if outcome.outcome != NOT_EVALUABLE and outcome.residual is not None:
        both = sides(identity.holds, {name: f.interval for name, f in outcome.figures})
        sides_shown = (_shown(both[0]), _shown(both[1]))
    return code(identity.code), identity.says, stated, *sides_shown


def _name(figure: Figure) -> str:
    document = f", {figure.document}" if figure.document else ""
    period = figure.period.replace("..", "-")
    return f"{figure.indicator_name}{measure_in_words(figure)} ({period}{document})"


def _shown(interval: Interval) -> str:
    """`từ 77,45 đến dưới 77,55`; large amounts in billions."""
    low, high = _number(interval.low), _number(interval.high)
    if math.isinf(interval.low) and math.isinf(interval.high):
        return "không giới hạn"
    if math.isinf(interval.high):
        return f"trên {low}" if interval.low_open else f"từ {low} trở lên"
    if math.isinf(interval.low):
        return f"{'dưới' if interval.high_open else 'không quá'} {high}"
    if low == high:
        return low
    return (
        f"{'trên' if interval.low_open else 'từ'} {low} đến "
        f"{'dưới ' if interval.high_open else ''}{high}"
    )


def _number(value: float) -> str:
    if math.isinf(value):
        return ""
    if abs(value) >= _BILLION:
        return f"{vietnamese(float(f'{value / _BILLION:.9g}'))} tỷ"
    return vietnamese(float(f"{value:.9g}"))
