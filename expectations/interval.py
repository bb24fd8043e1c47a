"""Intervals from printed digits, and arithmetic on them.

`77,5 %` means 77.45 to 77.55, `15.400 tỷ` means half a billion either way, `trên 99 %` means 99
and more. A statement about such figures is wrong only if no values inside the intervals make it
true. Nobody picks a tolerance by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


class Unbounded(ValueError):
    """Infinite ends cancel: the result may be any number."""


class NoRealPower(ValueError):
    """A power of numbers below zero."""


@dataclass(frozen=True)
class Interval:
    """All numbers from `low` to `high`; an end is included unless it is open or infinite."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high):
            raise Unbounded("infinite ends cancel")
        if self.low > self.high:
            raise ValueError(f"not an interval: {self.low} to {self.high}")

    @classmethod
    def exactly(cls, value: float) -> Interval:
        return cls(value, value)

    def __add__(self, other: Interval) -> Interval:
        return Interval(
            self.low + other.low,
            self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low, self.high_open, self.low_open)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        # a product of ends is open where either end is; of equal products the included one counts
        ends = [
            (_times(a, b), a_open or b_open)
            for a, a_open in self._ends()
            for b, b_open in other._ends()
        ]
        low, high = min(end for end, _ in ends), max(end for end, _ in ends)
        return Interval(
            low,
            high,
            all(is_open for end, is_open in ends if end == low),
            all(is_open for end, is_open in ends if end == high),
        )

    def _ends(self) -> tuple[tuple[float, bool], tuple[float, bool]]:
        return (self.low, self.low_open), (self.high, self.high_open)

    def __truediv__(self, other: Interval) -> Interval:
        """Raises ZeroDivisionError where the divisor may be zero."""
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError("the divisor may be zero")
        # a part that may be of either sign has no simple inverse, but here both ends have one sign
        return self * Interval(1 / other.high, 1 / other.low, other.high_open, other.low_open)

    def contains(self, value: float, slack: float = 0.0) -> bool:
        """Whether `value` lies inside; `slack` allows for binary rounding of decimal ends."""
        above = value > self.low + slack or (not self.low_open and value >= self.low - slack)
        below = value < self.high - slack or (not self.high_open and value <= self.high + slack)
        return above and below

    def power(self, exponent: float) -> Interval:
        """For intervals of numbers not below zero."""
        if self.low < 0:
            raise NoRealPower("power of a negative number")
        low, high = self.low**exponent, self.high**exponent
        if exponent < 0:
            return Interval(high, low, self.high_open, self.low_open)
        return Interval(low, high, self.low_open, self.high_open)


def _times(a: float, b: float) -> float:
    # zero times "no upper end" is zero here: the end is a bound, not a value
    return 0.0 if a == 0 or b == 0 else a * b


def printed(
    value: float, step: float, comparator: str = "=", upper: float | None = None
) -> Interval:
    """What a printed figure may be: `step` is the worth of its last digit (0: exact).

    The end away from zero is open: 1.75 is printed as 1.8, so `1,7` is never 1.75.
    """
    high_value = value if upper is None else upper
    low, high = value - step / 2, high_value + step / 2
    if comparator in (">", ">="):
        return Interval(low, math.inf)
    if comparator in ("<", "<=", "<~"):
        return Interval(-math.inf, high)
    is_rounded = step > 0
    return Interval(low, high, is_rounded and value < 0, is_rounded and high_value >= 0)


def mean(intervals: Iterable[Interval]) -> Interval:
    parts = list(intervals)
    return sum(parts[1:], start=parts[0]) / Interval.exactly(len(parts))


def minimum(intervals: Iterable[Interval]) -> Interval:
    parts = list(intervals)
    return Interval(min(p.low for p in parts), min(p.high for p in parts))


def maximum(intervals: Iterable[Interval]) -> Interval:
    parts = list(intervals)
    return Interval(max(p.low for p in parts), max(p.high for p in parts))


def whole_share(rate: Interval, count: Interval) -> Interval:
    """How far a stated share (in %) is from the nearest share that whole things can give.

    44.4 % of 15 towns: 6 are 40 %, 7 are 46.7 %, so the distance is 2.2 to 2.3 points.
    """
    total = round(count.low)
    if total <= 0:
        raise ZeroDivisionError("a share of nothing")
    distance: Callable[[float], float] = lambda share: (  # noqa: E731
        0.0 if rate.contains(share, 1e-9) else min(abs(share - rate.low), abs(share - rate.high))
    )
    nearest = min((100 * part / total for part in range(total + 1)), key=distance)
    gap = distance(nearest)
    return Interval(gap, gap + (rate.high - rate.low)) if gap else Interval(0.0, 0.0)
