"""The figures that an identity can be about are read; those left out change no outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from expectations.identities import (
    Figure,
    Identity,
    Selector,
    derived_identities,
    evaluate,
    read_figures,
)

PROVINCE, COMMUNE = "20", "06040"
DECLARED = (
    Identity("a", "a = b", {"a": Selector("i1", "2025"), "b": Selector("i2", "2025")}, "a = b"),
)
TABLES = """
create schema intermediate;
create schema raw;
create schema reference;
create table intermediate.int_fact__figure (
    fact_key varchar, fact_table varchar, indicator_code varchar, unit_code varchar,
    period_key varchar, base_period_key varchar, measure varchar, meets_measure varchar,
    statement_no integer, document_code varchar, value decimal(38, 2), printed_step decimal(38, 2),
    comparator varchar, value_high decimal(38, 2), value_text varchar, stated_unit varchar,
    submission_id varchar, cell_ref varchar, breakdowns integer, outranked_by varchar, kind varchar
);
create table raw.submission as select 7 as submission_no, 's7' as submission_id;
create table reference.indicator (indicator_code varchar, name_vi varchar);
create table reference.unit_of_measure (unit_code varchar, name_vi varchar, is_discrete boolean);
create table reference.vocabulary (list_code varchar, code varchar, label_vi varchar);
"""


class Stated(NamedTuple):
    """A row of int_fact__figure, as far as these tests tell rows apart."""

    indicator: str
    unit: str
    periods: tuple[str, str | None]
    measure: str
    value: int
    document: str | None
    breakdowns: int
    is_preferred: bool


STATED = st.lists(
    st.builds(
        Stated,
        st.sampled_from(["i1", "i2", "i3"]),
        st.sampled_from([PROVINCE, COMMUNE]),
        st.sampled_from(
            [("2024", None), ("2025", None), ("2025", "2024"), ("2024..2025", None), ("2023", None)]
        ),
        st.sampled_from(["level", "growth", "average_change", "estimate_assigned", "plan_year"]),
        st.integers(0, 3),
        st.sampled_from([None, None, None, "NQ"]),
        st.integers(0, 1),
        st.booleans(),
    ),
    max_size=40,
)


@given(stated=STATED)
# parts, declared or alike, of what has its whole in another unit
@example(
    stated=[
        *[Stated("i2", PROVINCE, ("2025", None), "level", 0, None, 1, False)] * 2,
        Stated("i2", COMMUNE, ("2024", None), "level", 0, None, 0, False),
    ]
)
def test_what_is_left_out_changes_no_outcome(stated: list[Stated]) -> None:
    read, figures = _read(stated), _figures(stated)
    assert set(read) <= set(figures)
    assert _outcomes(read) == _outcomes(figures)


def test_a_figure_alone_is_left_out_and_two_of_one_quantity_are_read() -> None:
    alone = Stated("i3", COMMUNE, ("2025", None), "level", 1, None, 0, True)
    assert _read([alone]) == []
    assert _read([alone, alone]) == _figures([alone, alone])


def test_a_level_is_read_where_a_growth_of_it_is_stated() -> None:
    level = Stated("i3", COMMUNE, ("2025", None), "level", 1, None, 0, True)
    growth = Stated("i3", COMMUNE, ("2025", "2024"), "growth", 1, None, 0, True)
    assert _read([level, growth]) == _figures([level, growth])


def test_a_part_is_left_out_where_there_is_a_whole() -> None:
    part = Stated("i3", COMMUNE, ("2025", None), "level", 1, None, 1, True)
    whole = Stated("i3", PROVINCE, ("2024", None), "level", 1, None, 0, True)
    assert _read([part, part]) == _figures([part, part])
    assert _read([part, part, whole]) == []


def test_a_part_that_a_declared_identity_names_is_read_but_not_compared_with_its_like() -> None:
    part = Stated("i1", PROVINCE, ("2025", None), "level", 1, None, 1, True)
    whole = Stated("i1", COMMUNE, ("2025", None), "level", 1, None, 0, True)
    read = _read([part, part, whole])
    assert [figure.is_comparable for figure in read] == [False, False]
    assert list(derived_identities(read)) == []
    alone = _read([part, part])
    assert [figure.is_comparable for figure in alone] == [True, True]
    assert [each.code for each in derived_identities(alone)] == ["same_i1_level_2025_1"]


@pytest.mark.parametrize(
    ("measure", "document", "is_comparable"),
    [("level", None, True), ("estimate_assigned", None, True), ("plan_year", None, False),
     ("level", "NQ", False)],
)  # fmt: skip
def test_plans_and_the_targets_of_a_document_are_not_compared(
    measure: str, document: str | None, is_comparable: bool
) -> None:
    stated = Stated("i1", PROVINCE, ("2025", None), measure, 1, document, 0, True)
    assert [each.is_comparable for each in _read([stated])] == [is_comparable]


def _figures(stated: Sequence[Stated]) -> list[Figure]:
    """All of them, with what can be compared found by another way than the product's."""
    whole: dict[tuple[str, str], int] = {}
    for row in stated:
        if row.document is None:
            about = (row.indicator, row.measure)
            whole[about] = min(row.breakdowns, whole.get(about, row.breakdowns))
    return [
        Figure(
            f"f{number:03}", "fct_indicator", row.indicator, row.indicator, row.unit, *row.periods,
            row.measure, 1, row.document, float(row.value), 0.0, "=", None, str(row.value), "",
            row.measure, 7, "S!A1",
            row.measure != "plan_year" and row.document is None
            and row.breakdowns == whole[row.indicator, row.measure],
            row.is_preferred,
        )
        for number, row in enumerate(stated)
    ]  # fmt: skip


def _read(stated: Sequence[Stated]) -> list[Figure]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        if stated:
            connection.executemany(
                "insert into intermediate.int_fact__figure values (?, 'fct_indicator', ?, ?, ?, ?,"
                " ?, ?, 1, ?, ?, 0, '=', null, ?, null, 's7', 'S!A1', ?, ?, 'official')",
                [
                    [f"f{number:03}", row.indicator, row.unit, *row.periods, row.measure,
                     row.measure, row.document, row.value, str(row.value), row.breakdowns,
                     None if row.is_preferred else "other"]
                    for number, row in enumerate(stated)
                ],
            )  # fmt: skip
        return read_figures(connection, DECLARED)


def _outcomes(figures: Sequence[Figure]) -> list[Any]:
    identities = [*DECLARED, *derived_identities(figures)]
    return [(o.identity.code, o.outcome, o.figures) for o in evaluate(identities, figures)]
