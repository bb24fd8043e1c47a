"""Floats in bulk become the decimals that one float becomes alone, or are left to be read alone."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decimals import LARGEST, MOST_DECIMALS, decimals_of
from ingest.normalise import read_number_float

finite = st.floats(-LARGEST, LARGEST, exclude_min=True, exclude_max=True, allow_nan=False)
# what a spreadsheet keeps: 15 significant digits
fifteen = st.builds(
    lambda digits, places: float(Decimal(digits).scaleb(-places)),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.integers(0, MOST_DECIMALS),
)


def both(values: list[float]) -> list[tuple[Decimal, Decimal] | None]:
    """Value and last printed digit of each, None where bulk does not say."""
    mantissas, scales = decimals_of(np.array(values, np.float64))
    return [
        (Decimal(int(m)).scaleb(-int(s)), Decimal(1).scaleb(-int(s))) if s >= 0 else None
        for m, s in zip(mantissas, scales, strict=True)
    ]


def alone(value: float) -> tuple[Decimal | None, Decimal | None]:
    reading = read_number_float(value)
    return reading.value, reading.step


@given(st.lists(fifteen, min_size=1, max_size=30))
def test_number_of_fifteen_digits_is_read_in_bulk_as_alone(values: list[float]) -> None:
    assert both(values) == [alone(value) for value in values]


@given(st.lists(finite, min_size=1, max_size=30))
def test_any_float_is_read_as_alone_or_not_at_all(values: list[float]) -> None:
    for value, found in zip(values, both(values), strict=True):
        if found is not None:
            assert found == alone(value)
            assert float(found[0]) == value


@given(st.lists(st.one_of(fifteen, finite), max_size=20), st.randoms(use_true_random=False))
def test_neighbours_and_order_change_nothing(values: list[float], chance: object) -> None:
    order = list(range(len(values)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    shuffled = both([values[n] for n in order])
    assert shuffled == [both([values[n]])[0] for n in order]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, ("0", "1")), (-0.0, ("0", "1")), (15400.0, ("15400", "1")), (-2.5, ("-2.5", "0.1")),
        (7.70, ("7.7", "0.1")), (0.07, ("0.07", "0.01")), (1e-12, ("1e-12", "1e-12")),
        (999999999999999.0, ("999999999999999", "1")),
        (123456789012.345, ("123456789012.345", "0.001")),
    ],
)  # fmt: skip
def test_fewest_decimals_that_give_the_float_back(value: float, expected: tuple[str, str]) -> None:
    assert both([value]) == [(Decimal(expected[0]), Decimal(expected[1]))]


@pytest.mark.parametrize("value", [0.1 + 0.2, 1 / 3, 2 / 3 * 1e9, 1e-13])
def test_what_twelve_decimals_do_not_give_is_left(value: float) -> None:
    assert both([value]) == [None]


def test_no_values_are_no_decimals() -> None:
    mantissas, scales = decimals_of(np.array([], np.float64))
    assert (len(mantissas), len(scales)) == (0, 0)
