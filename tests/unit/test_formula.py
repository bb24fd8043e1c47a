"""Formulas: one text read for checks, worksheets and simulation alike."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.interval import Interval
from ingest.formula import Formula, parse_formula

FIELDS = st.sampled_from(["plan", "export", "import_2", "c"])
CONSTANTS = st.decimals(min_value="0.01", max_value="99", places=2)
FORMULAS = st.recursive(
    st.one_of(
        FIELDS.map(lambda name: Formula(field=name)),
        CONSTANTS.map(lambda value: Formula(constant=value)),
    ),
    lambda inner: st.builds(
        lambda sign, left, right: Formula(sign=sign, left=left, right=right),
        st.sampled_from(["+", "-", "*", "/"]),
        inner,
        inner,
    ),
    max_leaves=8,
)


@given(formula=FORMULAS)
def test_what_a_worksheet_would_read_means_the_same(formula: Formula) -> None:
    again = parse_formula(formula.written(lambda name: name))
    values = {"plan": Decimal(7), "export": Decimal(3), "import_2": Decimal(11), "c": Decimal(2)}
    with localcontext(prec=60):
        one, other = formula.value(values.get, Decimal), again.value(values.get, Decimal)
        assert (one is None) == (other is None)
        assert one is None or abs(one - other) <= abs(one) * Decimal("1e-50")


@given(
    value=st.decimals(min_value=1, max_value=10**6, places=1),
    other=st.decimals(min_value=1, max_value=10**6, places=1),
)
def test_intervals_contain_the_exact_result(value: Decimal, other: Decimal) -> None:
    formula = parse_formula("(a + b) / b - 0.15 * a")
    exact = {"a": value, "b": other}
    around = {name: Interval(float(x) - 0.05, float(x) + 0.05) for name, x in exact.items()}
    wide = formula.value(around.get, lambda x: Interval.exactly(float(x)))
    assert wide.contains(float(formula.value(exact.get, Decimal)), 1e-6)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a / b", "E5/D5"),
        ("a + b + c", "E5+D5+C5"),
        ("a - (b - c)", "E5-(D5-C5)"),
        ("(a + b) / c", "(E5+D5)/C5"),
        ("0.15 * a", "0.15*E5"),
    ],
)
def test_worksheets_get_addresses(text: str, written: str) -> None:
    places = {"a": "E5", "b": "D5", "c": "C5"}
    assert parse_formula(text).written(lambda name: places[name]) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a +", "it ends too early"),
        ("a b", "'b' was not expected"),
        ("(a + b", "a bracket is not closed"),
        ("a / @b", "'@b' is not understood"),
        ("* a", "'*' was not expected"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="formula") as caught:
        parse_formula(text)
    assert reason in str(caught.value)


def test_nothing_over_zero_and_nothing_missing() -> None:
    formula = parse_formula("a / b")
    assert formula.value({"a": Decimal(1), "b": Decimal(0)}.get, Decimal) is None
    assert formula.value({"a": Decimal(1)}.get, Decimal) is None
    zero = {"a": Interval.exactly(1), "b": Interval(-0.5, 0.5)}
    assert formula.value(zero.get, lambda x: Interval.exactly(float(x))) is None
