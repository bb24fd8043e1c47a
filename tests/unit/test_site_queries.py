"""What single queries of the pages choose, on tables of a few rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from warehouse.site.results import Result, run

_TABLES = """
    create table dim_unit (unit_code varchar, level varchar, valid_to date);
    insert into dim_unit values ('20', 'province', null), ('05977', 'commune', null);
    create table dim_period (period_key varchar, label_vi varchar, last_year_key varchar);
    insert into dim_period values
        ('2026-Q1', 'quý I năm 2026', '2025-Q1'), ('2026-Q2', 'quý II năm 2026', '2025-Q2'),
        ('2026', 'năm 2026', '2025');
    create table dim_budget_line (line_code varchar, line_no integer);
    create table dim_form (form_code varchar, code_on_paper varchar);
    create table mart_budget_execution (
        unit_code varchar, budget_level varchar, list_code varchar, line_code varchar,
        line_name_vi varchar, symbol varchar, depth integer, budget_side varchar, form_code varchar,
        period_key varchar, period_end date,
        estimate_assigned_vnd decimal(24, 2), estimate_council_vnd decimal(24, 2),
        outturn_cumulative_vnd decimal(24, 2), outturn_last_year_vnd decimal(24, 2),
        outturn_of_estimate_pct decimal(18, 4), outturn_of_last_year_pct decimal(18, 4),
        fact_keys varchar[]
    );
"""


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(_TABLES)
        yield connection


def _line(
    connection: duckdb.DuckDBPyConnection, list_code: str, line: str, period: str, end: date,
    outturn: int | None, estimate: int | None = None,
) -> None:  # fmt: skip
    connection.execute(
        "insert into mart_budget_execution by name select '20' as unit_code, 'all' as budget_level,"
        " 1 as depth, [] as fact_keys, $list_code as list_code, $line as line_code,"
        " $line as line_name_vi, $period as period_key, $end as period_end,"
        " $outturn as outturn_cumulative_vnd, $estimate as estimate_assigned_vnd",
        {"list_code": list_code, "line": line, "period": period, "end": end,
         "outturn": outturn, "estimate": estimate},
    )  # fmt: skip


def _shown(result: Result, list_code: str) -> list[tuple[Any, ...]]:
    rows = result.of({"list_code": list_code})
    return [(row["line_vi"], row["period_vi"], row["outturn_billion"]) for _, row in rows]


def test_a_line_with_an_estimate_and_no_outturn_does_not_hide_the_newest_report(
    database: duckdb.DuckDBPyConnection,
) -> None:
    first, second, whole = date(2026, 3, 31), date(2026, 6, 30), date(2026, 12, 31)
    _line(database, "b60", "thu", "2026-Q1", first, 2 * 10**9)
    _line(database, "b60", "thu", "2026-Q2", second, 5 * 10**9)
    _line(database, "b60", "du_phong", "2026", whole, None, estimate=7 * 10**9)
    # another list has its own newest report
    _line(database, "b61", "chi", "2026-Q1", first, 10**9)
    result = run(database, "budget_lines", {})
    assert _shown(result, "b60") == [("thu", "quý II năm 2026", Decimal(5))]
    assert _shown(result, "b61") == [("chi", "quý I năm 2026", Decimal(1))]


def test_where_there_are_only_estimates_they_are_shown(
    database: duckdb.DuckDBPyConnection,
) -> None:
    _line(database, "b60", "thu", "2026", date(2026, 12, 31), None, estimate=7 * 10**9)
    assert _shown(run(database, "budget_lines", {}), "b60") == [("thu", "năm 2026", None)]
