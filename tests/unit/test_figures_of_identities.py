"""The figures that an identity can be about are read; those left out change no outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
from hypothesis import given, settings
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


def figure(number: int, about: Sequence[Any]) -> Figure:
    indicator, unit, (period, base), measure, value, document, breakdowns, preferred = about
    return Figure(
        f"f{number:03}", "fct_indicator", indicator, indicator, unit, period, base, measure, 1,
        document, float(value), 0.0, "=", None, str(value), "", measure, 7, "S!A1", breakdowns,
        preferred,
    )  # fmt: skip


FIGURES = st.lists(
    st.tuples(
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
).map(lambda rows: [figure(number, row) for number, row in enumerate(rows)])


@settings(deadline=None)
@given(figures=FIGURES)
def test_what_is_left_out_changes_no_outcome(figures: list[Figure]) -> None:
    read = _read(figures)
    assert set(read) <= set(figures)
    assert _outcomes(read) == _outcomes(figures)


def test_a_figure_alone_is_left_out_and_two_of_one_quantity_are_read() -> None:
    alone = ("i3", COMMUNE, ("2025", None), "level", 1, None, 0, True)
    assert _read([figure(1, alone)]) == []
    twice = [figure(1, alone), figure(2, alone)]
    assert _read(twice) == twice


def test_a_level_is_read_where_a_growth_of_it_is_stated() -> None:
    level = ("i3", COMMUNE, ("2025", None), "level", 1, None, 0, True)
    growth = ("i3", COMMUNE, ("2025", "2024"), "growth", 1, None, 0, True)
    stated = [figure(1, level), figure(2, growth)]
    assert _read(stated) == stated


def test_a_part_is_left_out_where_there_is_a_whole() -> None:
    part = ("i3", COMMUNE, ("2025", None), "level", 1, None, 1, True)
    whole = ("i3", PROVINCE, ("2024", None), "level", 1, None, 0, True)
    parts = [figure(1, part), figure(2, part)]
    assert _read(parts) == parts
    assert _read([*parts, figure(3, whole)]) == []


def _read(figures: Sequence[Figure]) -> list[Figure]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        if figures:
            connection.executemany(
                "insert into intermediate.int_fact__figure values "
                f"(?, ?, ?, ?, ?, ?, 'level', {', '.join('?' * 9)}, 's7', ?, ?, ?, 'official')",
                [
                    [f.fact_key, f.table, f.indicator, f.unit, f.period, f.base, f.measure,
                     f.statement, f.document, f.value, f.step, f.comparator, f.upper, f.value_text,
                     None, f.cell_ref, f.breakdowns, None if f.is_preferred else "other"]
                    for f in figures
                ],
            )  # fmt: skip
        return read_figures(connection, DECLARED)


def _outcomes(figures: Sequence[Figure]) -> list[Any]:
    identities = [*DECLARED, *derived_identities(figures)]
    return [(o.identity.code, o.outcome, o.figures) for o in evaluate(identities, figures)]
