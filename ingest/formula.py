"""Formulas of contract columns: `disbursed / plan_year`, `export + import`, `0.15 * collected`.

One text serves three readers: the check evaluates it on intervals, the template writes it as a
worksheet formula, the simulator computes it in Decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<field>[a-z][a-z0-9_]*)|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+*/()]))"
)


@dataclass(frozen=True)
class Formula:
    """A parsed formula: a field, a constant, or a sign between two formulas."""

    field: str | None = None
    constant: Decimal | None = None
    sign: str | None = None
    left: Formula | None = None
    right: Formula | None = None

    def fields(self) -> Iterator[str]:
        """The fields it reads, from left to right."""
        if self.field is not None:
            yield self.field
        for side in (self.left, self.right):
            if side is not None:
                yield from side.fields()

    @property
    def is_ratio(self) -> bool:
        return self.sign == "/"

    @property
    def has_ratio(self) -> bool:
        return self.is_ratio or any(
            side.has_ratio for side in (self.left, self.right) if side is not None
        )

    def value(self, read: Callable[[str], Any], exactly: Callable[[Decimal], Any]) -> Any:
        """The result, or None where a field has no number or the divisor is, or may be, zero.

        Numbers are Decimal, float or Interval, as `read` and `exactly` give them.
        """
        if self.field is not None:
            return read(self.field)
        if self.constant is not None:
            return exactly(self.constant)
        assert self.left is not None and self.right is not None
        left, right = self.left.value(read, exactly), self.right.value(read, exactly)
        if left is None or right is None:
            return None
        match self.sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        try:
            return left / right
        except ArithmeticError:  # Decimal and Interval both raise a kind of it
            return None

    def written(self, name: Callable[[str], str]) -> str:
        """As a worksheet writes it; `name` gives the address of a field."""
        if self.field is not None:
            return name(self.field)
        if self.constant is not None:
            return f"{self.constant}"
        assert self.left is not None and self.right is not None
        left, right = self.left.written(name), self.right.written(name)
        if self.sign in ("*", "/"):
            left = f"({left})" if self.left.sign in ("+", "-") else left
            right = f"({right})" if self.right.sign else right
        elif self.sign == "-" and self.right.sign in ("+", "-"):
            right = f"({right})"
        return f"{left}{self.sign}{right}"


def parse_formula(text: str) -> Formula:
    """Raises ValueError for what is not a formula, with the place."""
    tokens = list(_tokens(text))
    formula, rest = _sum(tokens, 0, text)
    if rest != len(tokens):
        raise ValueError(f"formula {text!r}: {tokens[rest][1]!r} was not expected")
    return formula


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"formula {text!r}: {text[place:].strip()[:12]!r} is not understood")
        assert match.lastgroup is not None
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


def _sum(tokens: list[tuple[str, str]], place: int, text: str) -> tuple[Formula, int]:
    return _chain(tokens, place, text, ("+", "-"), _product)


def _product(tokens: list[tuple[str, str]], place: int, text: str) -> tuple[Formula, int]:
    return _chain(tokens, place, text, ("*", "/"), _single)


def _chain(
    tokens: list[tuple[str, str]],
    place: int,
    text: str,
    signs: tuple[str, ...],
    part: Callable[[list[tuple[str, str]], int, str], tuple[Formula, int]],
) -> tuple[Formula, int]:
    left, place = part(tokens, place, text)
    while place < len(tokens) and tokens[place][1] in signs:
        right, after = part(tokens, place + 1, text)
        left = Formula(sign=tokens[place][1], left=left, right=right)
        place = after
    return left, place


def _single(tokens: list[tuple[str, str]], place: int, text: str) -> tuple[Formula, int]:
    if place >= len(tokens):
        raise ValueError(f"formula {text!r}: it ends too early")
    kind, text_here = tokens[place]
    if kind == "field":
        return Formula(field=text_here), place + 1
    if kind == "number":
        return Formula(constant=Decimal(text_here)), place + 1
    if text_here == "(":
        inner, after = _sum(tokens, place + 1, text)
        if after >= len(tokens) or tokens[after][1] != ")":
            raise ValueError(f"formula {text!r}: a bracket is not closed")
        return inner, after + 1
    raise ValueError(f"formula {text!r}: {text_here!r} was not expected")
