"""A unit that the sheet states and the form does not use reaches the facts: equal amounts."""

from __future__ import annotations

from decimal import Decimal

from tests.integration.conftest import Built, NextNights

AMOUNTS = (
    "select fact_key, amount_vnd from fct_investment where form_code = 'ls05_von_nong_thon_moi'"
    " and amount_vnd is not null and is_current order by fact_key"
)


def test_amounts_in_millions_are_those_in_billions(built: Built, next_nights: NextNights) -> None:
    night = next_nights.completed
    expected, found = dict(built.query(AMOUNTS)), dict(night.query(AMOUNTS))
    assert found.keys() == expected.keys()
    differ = {key: found[key] - expected[key] for key in expected if found[key] != expected[key]}
    assert len(expected) == 7
    assert list(differ.values()) == [Decimal(600_000_000)]
    [(message,)] = night.query("select message from dq_result where rule = 'unit_line_differs'")
    assert message == (
        "Trang “LS-05” ghi đơn vị tính triệu đồng, biểu mẫu dùng tỷ đồng;"
        " số liệu được hiểu theo triệu đồng."
    )
