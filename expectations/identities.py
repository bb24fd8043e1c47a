"""Identities between figures: which hold, which cannot hold with the printed digits.

Two sources. Declared: `rules/identities/*.yml`, one entry a rule, with its sentence. Derived: what
a measure's definition implies for one indicator (a growth against both its levels, a span's total
against its years, one quantity stated twice). A broken identity is a warning: the stated figures
are published together with what is wrong with them.
"""

from __future__ import annotations

import ast
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from expectations.findings import Finding, compose
from expectations.interval import (
    Interval,
    NoRealPower,
    Unbounded,
    maximum,
    mean,
    minimum,
    printed,
    whole_share,
)
from expectations.numbers import grouped, vietnamese
from ingest import reference

FOLDER = Path(__file__).with_name("rules") / "identities"
HOLDS, BROKEN, NOT_EVALUABLE = "holds", "broken", "not_evaluable"
BROKEN_RULE, ROUNDED_RULE = RULES = "identity_broken", "identity_rounded"


class IdentityError(ValueError):
    """An identity that cannot be used: file, name and reason."""


class Figure(NamedTuple):
    """One current fact, as identities see it. Amounts in đồng or the base unit."""

    fact_key: str
    table: str
    indicator: str
    indicator_name: str
    unit: str
    period: str
    base: str | None
    measure: str
    statement: int
    document: str | None
    value: float
    step: float
    comparator: str
    upper: float | None
    value_text: str
    unit_vi: str
    measure_vi: str
    submission_no: int
    cell_ref: str
    is_comparable: bool = True  # what the definition of its measure can say something of
    is_preferred: bool = True  # where a quantity is stated several times: the statement that counts

    @property
    def interval(self) -> Interval:
        return printed(self.value, self.step, self.comparator, self.upper)

    @property
    def short_cell(self) -> str:
        return self.cell_ref.rpartition("!")[2]


@dataclass(frozen=True)
class Selector:
    """Which figure a name of an identity stands for."""

    indicator: str
    period: str
    measure: str = "level"
    unit: str = field(default_factory=reference.province_code)
    base: str | None = None
    document: str | None = None
    statement: int = 1

    def key(self) -> tuple[Any, ...]:
        return (self.indicator, self.unit, self.period, self.base, self.measure,
                self.document, self.statement)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """A rule between figures. `where` gives a selector, or a figure found already, per name."""

    code: str
    says: str
    where: Mapping[str, Selector | Figure]
    holds: str


@dataclass(frozen=True)
class Outcome:
    """What evaluating one identity gave; the residual is left side minus right side."""

    identity: Identity
    outcome: str
    residual: Interval | None
    figures: tuple[tuple[str, Figure], ...]


# --- the expressions ----------------------------------------------------------------------------

_FUNCTIONS: dict[str, Callable[..., Interval]] = {
    "mean": lambda *parts: mean(parts),
    "minimum": lambda *parts: minimum(parts),
    "maximum": lambda *parts: maximum(parts),
    "power": lambda base, exponent: base.power(exponent.low),
    "whole_share": whole_share,
}
_OPERATORS: dict[type[ast.operator], Callable[[Interval, Interval], Interval]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


@cache
def _parsed(expression: str) -> tuple[ast.expr, str, ast.expr]:
    """Left side, comparison and right side. Raises ValueError for anything else."""
    for sign in ("<=", ">=", "="):
        left, found, right = expression.partition(sign)
        if found:
            try:
                return (
                    ast.parse(left.strip(), mode="eval").body,
                    sign,
                    ast.parse(right.strip(), mode="eval").body,
                )
            except SyntaxError as error:
                raise ValueError(f"{expression!r}: {error.msg}") from None
    raise ValueError(f"{expression!r}: needs one of =, <=, >=")


def _evaluate(node: ast.expr, values: Mapping[str, Interval]) -> Interval:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Interval.exactly(float(number))
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_evaluate(argument, values) for argument in args))
    raise ValueError(f"not allowed in an identity: {ast.unparse(node)}")


def _check_expression(node: ast.expr) -> None:
    """Raises ValueError for anything but numbers, names, + - * / and the functions above."""
    match node:
        case ast.Constant(value=int() | float()) | ast.Name():
            return
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check_expression(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check_expression(left)
            _check_expression(right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            for argument in args:
                _check_expression(argument)
        case _:
            raise ValueError(f"not allowed in an identity: {ast.unparse(node)}")


def _names(expression: str) -> set[str]:
    left, _, right = _parsed(expression)
    _check_expression(left)
    _check_expression(right)
    nodes = [node for side in (left, right) for node in ast.walk(side)]
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in functions}


def sides(expression: str, values: Mapping[str, Interval]) -> tuple[Interval, Interval]:
    """What the left and the right side may be.

    Raises Unbounded, ZeroDivisionError, OverflowError or NoRealPower where a side has no value.
    """
    left, _, right = _parsed(expression)
    return _evaluate(left, values), _evaluate(right, values)


def compare(expression: str, values: Mapping[str, Interval]) -> tuple[str, Interval | None]:
    """Whether any values inside the intervals make the expression true, and the residual."""
    _, sign, _ = _parsed(expression)
    try:
        both = sides(expression, values)
        residual = both[0] - both[1]
    except Unbounded:  # no limit on either side: nothing contradicts it
        return HOLDS, None
    except (ZeroDivisionError, OverflowError, NoRealPower):
        return NOT_EVALUABLE, None
    ends = (abs(end) for side in both for end in (side.low, side.high) if math.isfinite(end))
    slack = 1e-12 * max(ends, default=1.0)  # decimal digits do not add up exactly in binary
    allowed = {
        "=": residual,
        "<=": Interval(residual.low, math.inf, residual.low_open),
        ">=": Interval(-math.inf, residual.high, high_open=residual.high_open),
    }[sign]
    possible = allowed.contains(0.0, slack)
    return (HOLDS if possible else BROKEN), residual


def is_by_rounding(expression: str, values: Mapping[str, tuple[Interval, float]]) -> bool:
    """Whether an equation that may hold differs as printed: what the printed figures give for one
    side would not be printed as the figure that stands alone on the other."""
    left, sign, right = _parsed(expression)
    if sign != "=" or "whole_share(" in expression:  # whether there is a whole number, no equation
        return False
    may_be = {name: interval for name, (interval, _) in values.items()}
    printed_as = {name: Interval.exactly(figure) for name, (_, figure) in values.items()}
    try:
        sides = [
            (_evaluate(side, may_be), _evaluate(side, printed_as).low) for side in (left, right)
        ]
    except (ZeroDivisionError, OverflowError, NoRealPower, Unbounded):
        return False
    (one, one_as), (other, other_as) = sides
    alone = [isinstance(side, ast.Name | ast.Constant) for side in (left, right)]
    fits = [_contains(one, other_as), _contains(other, one_as)]
    return not any(fit for fit, stands in zip(fits, alone, strict=True) if stands or not any(alone))


def _contains(interval: Interval, value: float) -> bool:
    """Whether a figure printed so may be the value; the slack is for decimal digits in binary."""
    width = interval.high - interval.low
    slack = 1e-12 * max(abs(value), 1.0)
    return interval.contains(value, min(slack, width / 1000) if width > 0 else slack)


# --- declared identities ------------------------------------------------------------------------


def read_identities(folder: Path = FOLDER) -> tuple[Identity, ...]:
    """Every declared identity. Raises IdentityError naming file and entry."""
    found: dict[str, Identity] = {}
    for path in sorted(folder.glob("*.yml")):
        for entry in yaml.load(path.read_bytes(), yaml.CSafeLoader) or ():
            name = entry.get("identity", "?")
            try:
                identity = Identity(
                    entry["identity"],
                    entry["says"],
                    {key: Selector(**value) for key, value in entry["where"].items()},
                    entry["holds"],
                )
                used = _names(identity.holds)
            except (KeyError, TypeError, ValueError) as error:
                raise IdentityError(f"{path.name}: {name}: {error}") from None
            if used != set(identity.where):
                odd = ", ".join(sorted(used ^ set(identity.where)))
                raise IdentityError(f"{path.name}: {name}: names only on one side: {odd}")
            if name in found:
                raise IdentityError(f"{path.name}: {name}: declared twice")
            found[name] = identity
    return tuple(found.values())


# --- identities that measures imply -------------------------------------------------------------


def derived_identities(figures: Sequence[Figure]) -> Iterator[Identity]:
    """What the definitions of the measures imply, wherever the figures for it are there."""
    levels: dict[tuple[str, str, str], Figure] = {}
    stated: dict[tuple[Any, ...], list[Figure]] = defaultdict(list)
    figures = [figure for figure in figures if figure.is_comparable]
    for figure in figures:
        key = (figure.indicator, figure.unit, figure.period, figure.base, figure.measure)
        stated[key].append(figure)
        if figure.measure == "level" and figure.is_preferred:
            levels[figure.indicator, figure.unit, figure.period] = figure
    used: set[str] = set()
    for same in stated.values():
        yield from _stated_twice(same, used)
    for figure in figures:
        if figure.measure in _AGAINST_BASE:
            yield from _against_base(figure, levels)
        if ".." in figure.period:
            yield from _over_a_span(figure, levels, stated)


_ESTIMATES = ("estimate_assigned", "estimate_council")


def _comparable() -> set[str]:
    """Measures whose figures can be held against each other."""
    return {*reference.vocabulary("measure"), *_ESTIMATES}


_AGAINST_BASE = {
    "growth": (
        "Mức tăng (%) của “{name}” phải khớp với giá trị hai kỳ.",
        "stated = (now / before - 1) * 100",
    ),
    "change": (
        "Mức tăng, giảm của “{name}” phải bằng hiệu giá trị hai kỳ.",
        "stated = now - before",
    ),
    "multiple": (
        "Số lần của “{name}” phải bằng thương giá trị hai kỳ.",
        "stated = now / before",
    ),
}


def _against_base(
    figure: Figure, levels: Mapping[tuple[str, str, str], Figure]
) -> Iterator[Identity]:
    level = levels.get((figure.indicator, figure.unit, figure.period))
    base = levels.get((figure.indicator, figure.unit, figure.base or ""))
    if level and base:
        says, holds = _AGAINST_BASE[figure.measure]
        yield Identity(
            f"{figure.measure}_of_{figure.indicator}_{figure.period}_{figure.base}_{figure.statement}"
            + _about(figure),
            says.format(name=figure.indicator_name),
            {"stated": figure, "now": level, "before": base},
            holds,
        )


def _about(figure: Figure) -> str:
    """The unit in an identity's name, unless it is the province."""
    return "" if figure.unit == reference.province_code() else f"_{figure.unit}"


def _stated_twice(same: list[Figure], used: set[str]) -> Iterator[Identity]:
    """Every further statement of one figure against the first; `used` are names already given."""
    first = same[0]
    for place, other in enumerate(same[1:], start=2):
        code = f"same_{first.indicator}_{first.measure}_{first.period}_{other.statement}"
        code += _about(first)
        if code in used and first.base:
            code += f"_{first.base}"
        if code in used:  # lines of several forms may each be the first statement of their fact
            code += f"_no{place}"
        used.add(code)
        yield Identity(
            code,
            f"“{first.indicator_name}” được nêu nhiều lần thì các giá trị phải thống nhất.",
            {"first": first, "other": other},
            "first = other",
        )


def _span_years(period: str) -> list[str]:
    start, _, end = period.partition("..")
    return [str(year) for year in range(int(start), int(end) + 1)] if len(period) == 10 else []


def _over_a_span(
    figure: Figure,
    levels: Mapping[tuple[str, str, str], Figure],
    stated: Mapping[tuple[Any, ...], list[Figure]],
) -> Iterator[Identity]:
    if not (years := _span_years(figure.period)):
        return
    about, name = (figure.indicator, figure.unit), figure.indicator_name
    count = len(years)
    before, last = str(int(years[0]) - 1), years[-1]
    code = f"{figure.measure}_of_{figure.indicator}_{figure.period}_{figure.statement}"
    yearly = [levels.get((*about, year)) for year in years]
    if figure.measure == "level" and all(yearly):
        parts = {f"y{year}": f for year, f in zip(years, yearly, strict=True) if f}
        yield Identity(
            f"sum_{code}",
            f"“{name}” của cả giai đoạn phải bằng tổng các năm.",
            {"total": figure, **parts},
            "total = " + " + ".join(parts),
        )
    ends = levels.get((*about, before)), levels.get((*about, last))
    if figure.measure == "average_change" and ends[0] and ends[1]:
        yield Identity(
            code,
            f"Mức tăng, giảm bình quân năm của “{name}” phải khớp với giá trị đầu và cuối kỳ.",
            {"stated": figure, "now": ends[1], "before": ends[0]},
            f"stated = (now - before) / {count}",
        )
    if figure.measure != "average_growth":
        return
    if ends[0] and ends[1]:
        yield Identity(
            code,
            f"Tốc độ tăng bình quân năm của “{name}” phải khớp với giá trị đầu và cuối giai đoạn.",
            {"stated": figure, "now": ends[1], "before": ends[0]},
            f"stated = (power(now / before, {1 / count!r}) - 1) * 100",
        )
    growths = [
        next(iter(stated.get((*about, year, str(int(year) - 1), "growth"), [])), None)
        for year in years
    ]
    if all(growths):
        parts = {f"g{year}": f for year, f in zip(years, growths, strict=True) if f}
        product = " * ".join(f"(1 + {name_} / 100)" for name_ in parts)
        yield Identity(
            f"compound_{code}",
            f"Tốc độ tăng bình quân năm của “{name}” phải khớp với tốc độ tăng từng năm.",
            {"stated": figure, **parts},
            f"stated = (power({product}, {1 / count!r}) - 1) * 100",
        )
    multiple = next(iter(stated.get((*about, last, before, "multiple"), [])), None)
    if multiple:
        yield Identity(
            f"multiple_{code}",
            f"Số lần và tốc độ tăng bình quân năm của “{name}” phải khớp nhau.",
            {"multiple": multiple, "growth": figure},
            f"multiple = power(1 + growth / 100, {count})",
        )


# --- evaluation ---------------------------------------------------------------------------------


def evaluate(identities: Iterable[Identity], figures: Sequence[Figure]) -> list[Outcome]:
    """Evaluate every identity on the figures; one whose figures are missing is not evaluable."""
    by_key: dict[tuple[Any, ...], Figure] = {}
    for figure in figures:
        key = (figure.indicator, figure.unit, figure.period, figure.base, figure.measure,
               figure.document, figure.statement)  # fmt: skip
        by_key.setdefault(key, figure)
    outcomes = []
    for identity in identities:
        found = {
            name: place if isinstance(place, Figure) else by_key.get(place.key())
            for name, place in identity.where.items()
        }
        known = {name: figure for name, figure in found.items() if figure is not None}
        if len(known) < len(found):
            outcomes.append(Outcome(identity, NOT_EVALUABLE, None, tuple(known.items())))
            continue
        outcome, residual = compare(
            identity.holds, {name: figure.interval for name, figure in known.items()}
        )
        outcomes.append(Outcome(identity, outcome, residual, tuple(known.items())))
    return outcomes


def identity_findings(outcomes: Iterable[Outcome]) -> Iterator[Finding]:
    """A warning for every submission that a broken identity touches, at its first figure there; and
    word, for information, of one that holds only by rounding."""
    for outcome in outcomes:
        if outcome.residual is None:
            continue
        is_broken = outcome.outcome == BROKEN
        if not is_broken and not _holds_by_rounding(outcome):
            continue
        figures = [figure for _, figure in outcome.figures]
        several = len({figure.submission_no for figure in figures}) > 1
        stated = "; ".join(_shown(figure, several) for figure in figures)
        for number in dict.fromkeys(figure.submission_no for figure in figures):
            own = [figure for figure in figures if figure.submission_no == number]
            sheet = own[0].cell_ref.rpartition("!")[0]
            yield compose(
                BROKEN_RULE if is_broken else ROUNDED_RULE,
                number,
                sheet=sheet,
                cell=own[0].short_cell,
                cells=tuple(figure.short_cell for figure in own),
                value=grouped(own[0].value_text),
                detail={
                    "says": outcome.identity.says,
                    "stated": stated,
                    "residual": _residual(outcome.residual),
                    "cells": ", ".join(figure.short_cell for figure in own),
                },
                place=(outcome.identity.code,),
            )


def _holds_by_rounding(outcome: Outcome) -> bool:
    figures = dict(outcome.figures)
    is_plain = all(each.comparator == "=" and each.upper is None for each in figures.values())
    values = {name: (each.interval, each.value) for name, each in figures.items()}
    return outcome.outcome == HOLDS and is_plain and is_by_rounding(outcome.identity.holds, values)


def _shown(figure: Figure, several: bool) -> str:
    """`J17 Tỷ lệ … (2025) = 50,1 %`; the address only where all figures are in one file."""
    address = "" if several else f"{figure.short_cell} "
    period = figure.period.replace("..", "-")
    return (
        f"{address}{figure.indicator_name}{measure_in_words(figure)} ({period})"
        f" = {grouped(figure.value_text)} {figure.unit_vi}".rstrip()
    )


def measure_in_words(figure: Figure) -> str:
    """`, tỷ trọng` behind the name of an indicator; a level needs no word."""
    words = figure.measure_vi
    return "" if figure.measure == "level" else f", {words[:1].lower()}{words[1:]}"


def _residual(residual: Interval) -> str:
    """How far at least: the printed digits allow no less."""
    gap = max(residual.low, -residual.high, 0.0)
    if gap <= 1e-9:
        return "ở chữ số cuối"
    # only amounts of money are that large
    size, word = (1e9, " tỷ") if gap >= 1e9 else (1.0, "")
    return f"ít nhất {vietnamese(float(f'{gap / size:.4g}'))}{word}"


# --- from the facts -----------------------------------------------------------------------------

_ROWS_AT_A_TIME = 10_000
_FIGURES = (Path(__file__).with_name("rules") / "figures.sql").read_text(encoding="utf-8")


def read_figures(connection: Any, declared: Iterable[Identity]) -> list[Figure]:
    """The current figures of all facts, in base units, that one of these identities or an implied
    one can be about: a sixth of all, and to make figures of the others would cost the most."""
    places = [place for identity in declared for place in identity.where.values()]
    parameters = {
        "declared": sorted({f"{place.indicator}/{place.unit}" for place in places}),
        "comparable": sorted(_comparable()),
        "against_base": sorted(_AGAINST_BASE),
    }
    found = connection.execute(_FIGURES, parameters)
    figures: list[Figure] = []
    while rows := found.fetchmany(_ROWS_AT_A_TIME):  # of a large home never all of them twice
        figures += map(Figure._make, rows)
    return figures
