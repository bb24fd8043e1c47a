"""Interval arithmetic on whole columns: the same as interval.py, on arrays.

A figure that is not known has NaN for both ends, and so has whatever is computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from expectations.interval import Interval

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """One interval an element; an end is included unless it is open or infinite."""

    low: Floats
    high: Floats
    low_open: Flags
    high_open: Flags

    @classmethod
    def exactly(cls, values: Floats | float) -> Intervals:
        ends = np.asarray(values, np.float64)
        closed = np.zeros(ends.shape, np.bool_)
        return cls(ends, ends, closed, closed)

    @property
    def is_known(self) -> Flags:
        return ~np.isnan(self.low)

    def __getitem__(self, places: Numbers | Flags) -> Intervals:
        return Intervals(
            self.low[places], self.high[places], self.low_open[places], self.high_open[places]
        )

    def at(self, place: int) -> Interval:
        """One of them. Raises Unbounded where it is not known."""
        return Interval(
            float(self.low[place]),
            float(self.high[place]),
            bool(self.low_open[place]),
            bool(self.high_open[place]),
        )

    def where(self, condition: Flags, other: Intervals) -> Intervals:
        """These where the condition holds, the others elsewhere."""
        return Intervals(
            np.where(condition, self.low, other.low),
            np.where(condition, self.high, other.high),
            np.where(condition, self.low_open, other.low_open),
            np.where(condition, self.high_open, other.high_open),
        )

    def __neg__(self) -> Intervals:
        return Intervals(-self.high, -self.low, self.high_open, self.low_open)

    def __add__(self, other: Intervals) -> Intervals:
        with np.errstate(invalid="ignore"):  # infinite ends that cancel: not known
            low, high = self.low + other.low, self.high + other.high
        return _known(low, high, self.low_open | other.low_open, self.high_open | other.high_open)

    def __sub__(self, other: Intervals) -> Intervals:
        return self + -other

    def __mul__(self, other: Intervals) -> Intervals:
        # a product of ends is open where either end is; of equal products the included one counts
        pairs = [
            (_times(a, b), a_open | b_open)
            for a, a_open in self._ends()
            for b, b_open in other._ends()
        ]
        ends = np.stack([end for end, _ in pairs])
        is_open = np.stack([np.broadcast_to(each, ends[0].shape) for _, each in pairs])
        low, high = ends.min(axis=0), ends.max(axis=0)
        return _known(
            low,
            high,
            (is_open | (ends != low)).all(axis=0),
            (is_open | (ends != high)).all(axis=0),
        )

    def _ends(self) -> tuple[tuple[Floats, Flags], tuple[Floats, Flags]]:
        return (self.low, self.low_open), (self.high, self.high_open)

    def __truediv__(self, other: Intervals) -> Intervals:
        """Not known where the divisor may be zero."""
        has_zero = (other.low <= 0) & (other.high >= 0)
        low, high = np.where(has_zero, np.nan, other.low), np.where(has_zero, np.nan, other.high)
        return self * Intervals(1 / high, 1 / low, other.high_open, other.low_open)


def _known(low: Floats, high: Floats, low_open: Flags, high_open: Flags) -> Intervals:
    unknown = np.isnan(low) | np.isnan(high)
    return Intervals(
        np.where(unknown, np.nan, low), np.where(unknown, np.nan, high), low_open, high_open
    )


def _times(a: Floats, b: Floats) -> Floats:
    # zero times "no upper end" is zero here: the end is a bound, not a value
    with np.errstate(invalid="ignore"):
        product = a * b
    is_zero = ((a == 0) & ~np.isnan(b)) | ((b == 0) & ~np.isnan(a))
    return np.where(is_zero, 0.0, product)


def printed(values: Floats, steps: Floats) -> Intervals:
    """What printed figures may be: `steps` are the worth of their last digits (0: exact).

    The end away from zero is open: 1.75 is printed as 1.8, so `1,7` is never 1.75.
    """
    is_rounded = steps > 0
    return Intervals(
        values - steps / 2,
        values + steps / 2,
        is_rounded & (values < 0),
        is_rounded & (values >= 0),
    )


def distances(stated: Intervals, wanted: Intervals) -> Floats:
    """How far intervals are from having a number in common; 0 where they have one, NaN where one
    of them is not known."""
    gap = stated - wanted
    with np.errstate(invalid="ignore"):
        # decimal digits in binary; of large numbers it must stay far below the last digit
        slack = 1e-12 * np.maximum(np.maximum(np.abs(wanted.low), np.abs(stated.low)), 1.0)
        width = gap.high - gap.low
        slack = np.where(width > 0, np.minimum(slack, width / 1000), slack)
        above = (gap.low + slack < 0) | (~gap.low_open & (gap.low - slack <= 0))
        below = (gap.high - slack > 0) | (~gap.high_open & (gap.high + slack >= 0))
    # where only the last digit's open end is touched, the distance is nothing but still broken
    apart = np.maximum(np.maximum(gap.low, -gap.high), 1e-9)
    return np.where(np.isnan(gap.low), np.nan, np.where(above & below, 0.0, apart))
