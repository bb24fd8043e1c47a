"""Intervals from printed digits: what holds for any members holds for the intervals."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from expectations.identities import BROKEN, HOLDS, compare
from expectations.interval import Interval, maximum, mean, minimum, printed, whole_share

NUMBER = st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 6))


@st.composite
def intervals_with_a_member(draw: st.DrawFn, low: float = -1e6) -> tuple[Interval, float]:
    ends = draw(
        st.lists(
            st.floats(low, 1e6, allow_nan=False).map(lambda n: round(n, 6)), min_size=3, max_size=3
        )
    )
    low_end, member, high_end = sorted(ends)
    low_open = draw(st.booleans()) and low_end < member
    high_open = draw(st.booleans()) and member < high_end
    return Interval(low_end, high_end, low_open, high_open), member


def near(*intervals: Interval) -> float:
    """Room for binary rounding, far below any printed digit."""
    ends = [abs(e) for i in intervals for e in (i.low, i.high) if math.isfinite(e)]
    return 1e-9 * max(ends, default=1.0) + 1e-9


def closed(interval: Interval) -> Interval:
    return Interval(interval.low, interval.high)


@given(intervals_with_a_member(), intervals_with_a_member())
def test_sum_difference_and_product_of_members_lie_inside(
    first: tuple[Interval, float], second: tuple[Interval, float]
) -> None:
    (a, x), (b, y) = first, second
    for result, value in ((a + b, x + y), (a - b, x - y), (a * b, x * y)):
        assert closed(result).contains(value, near(result))


@given(intervals_with_a_member(), intervals_with_a_member())
def test_quotient_of_members_lies_inside_or_the_divisor_may_be_zero(
    first: tuple[Interval, float], second: tuple[Interval, float]
) -> None:
    (a, x), (b, y) = first, second
    if b.low <= 0 <= b.high:
        with pytest.raises(ZeroDivisionError):
            a / b
        return
    assume(abs(y) > 1e-3 and abs(b.low) > 1e-3 and abs(b.high) > 1e-3)
    result = a / b
    assert closed(result).contains(x / y, near(result))


@given(intervals_with_a_member(0.001), st.sampled_from([-2.0, -1.0, 0.2, 0.5, 1.0, 2.0, 5.0]))
def test_power_of_a_member_lies_inside(pair: tuple[Interval, float], exponent: float) -> None:
    interval, x = pair
    result = interval.power(exponent)
    assert closed(result).contains(x**exponent, near(result))


@given(st.lists(intervals_with_a_member(), min_size=1, max_size=5))
def test_mean_minimum_and_maximum_of_members_lie_inside(
    pairs: list[tuple[Interval, float]],
) -> None:
    intervals, members = [p[0] for p in pairs], [p[1] for p in pairs]
    for result, value in (
        (mean(intervals), sum(members) / len(members)),
        (minimum(intervals), min(members)),
        (maximum(intervals), max(members)),
    ):
        assert closed(result).contains(value, near(*intervals))


@given(st.integers(-9, 9), st.integers(1, 9), st.integers(-9, 9), st.integers(1, 9))
def test_open_ends_of_a_sum_are_reached_by_no_members(a: int, b: int, c: int, d: int) -> None:
    half_open = Interval(a, a + b, high_open=True) + Interval(c, c + d)
    assert not half_open.contains(a + b + c + d)
    assert half_open.contains(a + c)
    negated = -half_open
    assert not negated.contains(-(a + b + c + d))


@given(NUMBER, st.sampled_from([0.01, 0.1, 1.0, 1000.0]))
def test_printed_figure_contains_what_rounds_to_it(value: float, step: float) -> None:
    value = round(value / step) * step
    interval = printed(value, step)
    assert interval.contains(value)
    assert not interval.contains(value + 0.51 * step)
    assert not interval.contains(value - 0.51 * step)
    away = value + step / 2 if value >= 0 else value - step / 2
    assert not interval.contains(away, 1e-9 * step)


def test_printed_percentage_means_half_its_last_digit_either_way() -> None:
    interval = printed(77.5, 0.1)
    assert (interval.low, interval.high) == (77.45, 77.55)
    assert interval.contains(77.45, 1e-12)
    assert not interval.contains(77.55, 1e-12)


def test_printed_seventeen_tenths_is_never_eighteen_tenths() -> None:
    values = {"a": printed(1.7, 0.1), "b": printed(1.8, 0.1)}
    assert compare("a = b", values)[0] == BROKEN
    assert compare("b = a", values)[0] == BROKEN


def test_printed_shares_that_fall_a_tenth_short_cannot_make_a_hundred() -> None:
    short = {"a": printed(77.5, 0.1), "b": printed(22.4, 0.1)}
    assert compare("a + b = 100", short)[0] == BROKEN
    assert compare("100 = a + b", short)[0] == BROKEN
    right = {"a": printed(77.5, 0.1), "b": printed(22.5, 0.1)}
    assert compare("a + b = 100", right)[0] == HOLDS
    rounded_up = {"a": printed(77.5, 0.1), "b": printed(22.6, 0.1)}
    assert compare("a + b = 100", rounded_up)[0] == HOLDS  # 77.45 + 22.55


def test_negative_figures_are_open_away_from_zero() -> None:
    interval = printed(-1.7, 0.1)
    assert not interval.contains(-1.75, 1e-12)
    assert interval.contains(-1.65, 1e-12)


@pytest.mark.parametrize(
    ("comparator", "inside", "outside"),
    [
        (">", [95.0, 99.0, 1e12], [94.0, 0.0]),
        (">=", [95.0, 1e12], [94.0]),
        ("<", [95.0, -1e12], [96.0]),
        ("<=", [95.0, 0.0], [96.0]),
        ("<~", [95.0, 90.0], [96.0]),
        ("=", [95.0, 94.6], [94.0, 96.0]),
        ("~", [95.0], [90.0, 100.0]),
    ],
)
def test_comparator_opens_the_side_that_it_leaves_open(
    comparator: str, inside: list[float], outside: list[float]
) -> None:
    interval = printed(95, 1, comparator)
    assert all(interval.contains(value) for value in inside)
    assert not any(interval.contains(value) for value in outside)


def test_range_reaches_from_its_lower_to_its_upper_end() -> None:
    interval = printed(10, 1, "=", 12)
    assert (interval.low, interval.high) == (9.5, 12.5)
    assert interval.high_open and not interval.low_open


def test_exact_figure_has_no_width() -> None:
    assert printed(145, 0) == Interval.exactly(145)


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (math.nan, 1.0), (1.0, math.nan)])
def test_ends_out_of_order_are_no_interval(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=r"not an interval|infinite ends cancel"):
        Interval(low, high)


def test_power_of_a_negative_number_is_refused() -> None:
    with pytest.raises(ValueError, match="power of a negative number"):
        Interval(-1, 1).power(0.5)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_of_whole_things_is_no_distance_from_itself(pair: tuple[int, int]) -> None:
    part, total = pair
    rate = printed(round(100 * part / total, 1), 0.1)
    assert whole_share(rate, Interval.exactly(total)) == Interval(0.0, 0.0)


def test_share_that_no_whole_number_of_towns_gives_is_that_far_away() -> None:
    gap = whole_share(printed(44.4, 0.1), Interval.exactly(15))
    assert gap.low == pytest.approx(46.6667 - 44.45, abs=1e-3)
    assert compare("whole_share(rate, n) = 0", {
        "rate": printed(44.4, 0.1), "n": Interval.exactly(15)})[0] == BROKEN  # fmt: skip


def test_share_of_nothing_is_not_evaluable() -> None:
    with pytest.raises(ZeroDivisionError):
        whole_share(printed(44.4, 0.1), Interval.exactly(0))
