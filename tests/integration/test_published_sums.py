"""Sums over facts are the sums straight from the workbooks, and every mart leads to its facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Built
from tests.integration.sums import Figure, figures, sums


@pytest.fixture(scope="module")
def in_workbooks(clean_province: Path) -> list[Figure]:
    return list(figures(clean_province))


def test_sums_by_form_sender_and_measure_are_those_of_the_workbooks(
    clean: Built, in_workbooks: list[Figure]
) -> None:
    published = clean.query(
        "select form_code, reporter_unit_code, measure, sum(value) from trace_fact "
        "where is_current and fact_table <> 'fct_milestone' group by all"
    )
    assert {(form, sender, measure): amount for form, sender, measure, amount in published} == sums(
        in_workbooks, by=()
    )


def test_sums_by_project_are_those_of_the_workbooks(
    clean: Built, in_workbooks: list[Figure]
) -> None:
    published = clean.query(
        "select form_code, reporter_unit_code, measure, project_code, "
        "sum(coalesce(amount_vnd, amount_usd, quantity)) from fct_investment "
        "where is_current and project_code is not null group by all"
    )
    expected = {
        key: amount for key, amount in sums(in_workbooks, by=("project",)).items() if key[3]
    }
    assert len(expected) > 100
    assert {(*key,): amount for *key, amount in published} == expected


def test_sums_by_budget_line_are_those_of_the_workbooks(
    clean: Built, in_workbooks: list[Figure]
) -> None:
    published = clean.query(
        "select fact.form_code, fact.reporter_unit_code, fact.measure, line.name_vi, "
        "sum(fact.amount_vnd) from fct_budget as fact "
        "inner join dim_budget_line as line on fact.line_code = line.line_code "
        "where fact.is_current group by all"
    )
    forms = {row[0] for row in published}
    expected = {
        key: amount
        for key, amount in sums(in_workbooks, by=("label",)).items()
        if key[0] in forms and not key[2].endswith("ratio")
    }
    assert {(*key,): amount for *key, amount in published} == expected


def test_every_row_of_a_mart_leads_to_the_facts_under_it(clean: Built) -> None:
    marts = [
        (str(table), str(column))
        for table, column in clean.query(
            "select table_name, column_name from duckdb_columns() where table_name like 'mart%' "
            "and column_name in ('fact_keys', 'fact_key') order by all"
        )
    ]
    assert len(marts) > 10
    for table, column in marts:
        keys = f"unnest({column})" if column == "fact_keys" else column
        lost = clean.query(
            f"with stated as (select distinct {keys} as key from {table}) "
            "select key from stated where key not in (select fact_key from trace_fact) limit 3"
        )
        assert lost == [], table
        [(rows, empty)] = clean.query(
            f"select count(*), count(*) filter (coalesce(len({column}), 0) = 0) from {table}"
        )
        # an identity without figures, a commune that has only to send, lead nowhere
        if table not in ("mart_published_consistency", "mart_commune_profile"):
            assert empty == 0, f"{table}: {rows}"
