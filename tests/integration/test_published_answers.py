"""The questions of the first issue, asked of the published file; the answers equal the quotes."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from tests.integration.conftest import PROJECT, SAMPLES, Built
from tests.shared import run_kho


def ask(built: Built, sql: str) -> list[dict[str, str]]:
    """Through the command, as an analyst does."""
    run = run_kho("sql", "--home", built.home, "--csv", sql)
    assert run.returncode == 0, run.stderr
    return list(csv.DictReader(io.StringIO(run.stdout)))


def test_total_trade_across_the_gates_2021_to_2025(built: Built) -> None:
    rows = ask(
        built,
        "select period_key, value_usd, value_text from fct_trade where basis = 'crossing' "
        "and indicator_code = 'trade_crossing_total' and is_current order by period_key",
    )
    # fn[13]: 30,6 / 25,5 / 51,9 / 68.58 (the document's own slip) / 88 tỷ USD; L13: 264,6 tỷ USD
    assert [(r["period_key"], r["value_text"], Decimal(r["value_usd"])) for r in rows] == [
        ("2021", "30,6", Decimal(30_600_000_000)),
        ("2021..2025", "264,6", Decimal(264_600_000_000)),
        ("2022", "25,5", Decimal(25_500_000_000)),
        ("2023", "51,9", Decimal(51_900_000_000)),
        ("2024", "68.58", Decimal(68_580_000_000)),
        ("2025", "88", Decimal(88_000_000_000)),
    ]


def test_revenue_2025_and_the_estimates_of_2026(built: Built) -> None:
    rows = ask(
        built,
        "select line_code, period_key, measure, amount_vnd from fct_budget where is_current "
        "and line_code in ('revenue_total', 'expenditure_local_total') "
        "and period_key in ('2025', '2026') order by all",
    )
    assert [tuple(row.values()) for row in rows] == [
        ("expenditure_local_total", "2026", "estimate_assigned", "16005000000000.00"),
        ("revenue_total", "2025", "projected", "15400000000000.00"),
        ("revenue_total", "2026", "estimate_assigned", "13478000000000.00"),
    ]


def test_each_of_the_31_targets_with_its_latest_actual(built: Built) -> None:
    rows = ask(
        built,
        "select target_no, target_part, indicator_code, target_text, actual_value_text, status "
        "from mart_plan_scorecard where document_code = 'KH5N-2026-2030' "
        "and target_no is not null order by 1, 2",
    )
    assert len(rows) == 47
    assert {int(row["target_no"]) for row in rows} == set(range(1, 32))
    by_code = {row["indicator_code"]: row for row in rows}
    assert by_code["forest_cover_rate"]["actual_value_text"] == "64,3%"
    assert by_code["forest_cover_rate"]["status"] == "not_reached"
    assert by_code["communes_meeting_health_criteria_rate"]["status"] == "reached"
    assert by_code["tourism_visits"]["actual_value_text"] == "4.400 nghìn lượt khách"
    assert by_code["population"]["status"] == "no_actual"
    assert by_code["grdp_share_product_tax"]["status"] == "reached"


def test_a_target_of_one_year_is_not_met_by_a_sum_of_five(built: Built) -> None:
    rows = ask(
        built,
        "select status from mart_plan_scorecard where document_code = 'NQ67-2025' "
        "and indicator_code = 'expenditure_local_total'",
    )
    assert [row["status"] for row in rows] == ["no_actual"]


def test_new_rural_development_capital_by_source(built: Built) -> None:
    rows = ask(
        built,
        "select source_code, amount_vnd, comparator from fct_investment where is_current "
        "and indicator_code like 'ntm_capital%' order by amount_vnd desc",
    )
    assert [(r["source_code"], int(Decimal(r["amount_vnd"])), r["comparator"]) for r in rows] == [
        ("all", 40_030_000_000_000, "="),
        ("credit", 31_838_000_000_000, "~"),
        ("integrated", 5_748_682_000_000, "="),
        ("central_budget", 960_323_000_000, "="),
        ("local_budget", 959_168_000_000, "="),
        ("community", 413_359_000_000, "="),
        ("enterprises", 111_000_000_000, ">"),
    ]


def test_poverty_rate_2020_and_2025(built: Built) -> None:
    rows = ask(
        built,
        "select period_key, value, value_text from fct_indicator where is_current "
        "and indicator_code = 'poverty_rate' and measure = 'level' order by 1",
    )
    assert [(r["period_key"], Decimal(r["value"]), r["value_text"]) for r in rows] == [
        ("2020", Decimal("7.88"), "7,88"),
        ("2025", Decimal("1.36"), "1,36"),
    ]


def test_every_fact_is_the_text_of_its_cell_in_the_workbook(built: Built) -> None:
    """Opening the workbook that was sent, at that sheet and cell, shows that text."""
    books: dict[str, openpyxl.Workbook] = {}
    facts = built.query(
        " union all ".join(
            f"select file_path, cell_ref, value_text from {table} where is_current"
            for table in ("fct_budget", "fct_investment", "fct_indicator", "fct_trade")
        )
    ) + built.query(
        "select file_path, cell_ref, value_text from fct_target where value_high is null"
    )
    assert len(facts) > 600
    for path, cell_ref, text in facts:
        if str(path) not in books:
            books[str(path)] = openpyxl.load_workbook(SAMPLES / str(path))
        sheet, _, address = str(cell_ref).rpartition("!")
        value = books[str(path)][sheet][address].value
        assert str(text).split(" - ")[0] == value, (path, cell_ref)


@pytest.mark.parametrize(
    "key",
    [
        "fct_trade/20/both/crossing/all/all/2024/",
        "fct_budget/20/2025/revenue_total/",
        "fct_indicator/20/2025/poverty_rate/level/",
        "fct_target/20/2030/forest_cover_rate/",
    ],
)
def test_trace_ends_at_the_cell_that_shows_the_text(built: Built, key: str) -> None:
    table, *parts = key.split("/")
    code = next(part for part in parts if "_" in part or part == "2024")
    [(fact_key, cell_ref, value_text, file_path)] = built.query(
        f"select fact_key, cell_ref, value_text, file_path from {table} where is_current and "
        f"contains(fact_key, '/{code}/') and (period_key in ('2024', '2025', '2030')) "
        "order by (measure = 'level') desc, fact_key limit 1",
    )
    run = run_kho("trace", "--home", built.home, str(fact_key))
    assert run.returncode == 0, run.stdout + run.stderr
    assert str(file_path) in run.stdout
    assert str(cell_ref) in run.stdout
    assert re.search(rf"Chữ trong ô\s+{re.escape(str(value_text))}", run.stdout)


def test_trace_draws_the_sheet_with_the_cell_framed(built: Built, tmp_path) -> None:  # type: ignore[no-untyped-def]
    [(key,)] = built.query(
        "select fact_key from fct_trade where value_text = '68.58' and is_current"
    )
    page = tmp_path / "trace.html"
    run = run_kho("trace", "--home", built.home, str(key), "--html", page)
    assert run.returncode == 0, run.stderr
    assert '<td class="cell" aria-current="true">68.58</td>' in page.read_text("utf-8")


def test_a_row_of_a_mart_is_traced_to_every_cell_under_it(built: Built, tmp_path: Path) -> None:
    row = ("mart_trade_by_gate", "period_key=2025", "gate_code=all", "direction=both")
    page = tmp_path / "trace.html"
    run = run_kho("trace", "--home", built.home, *row, "--html", page)
    assert run.returncode == 0, run.stdout + run.stderr
    # the figure itself, and last year's that its growth is made of
    assert "Dòng của mart_trade_by_gate, lập từ 2 số liệu" in run.stdout
    assert re.search(r"crossing_usd +88000000000.00", run.stdout)
    assert re.findall(r"Chữ trong ô +(\S+)", run.stdout) == ["88", "68.58"]
    drawn = page.read_text("utf-8")
    assert drawn.count('class="cell" aria-current="true"') == 2
    assert "<h1>mart_trade_by_gate</h1>" in drawn


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["mart_indicator"], "dòng như thế. Xin nêu thêm cột=giá trị, chẳng hạn:\n  "),
        (["mart_indicator", "period_key=1999"],
         "Bảng mart_indicator không có dòng nào với period_key=1999"),
        (["mart_indicator", "nam=2025"], "Bảng mart_indicator không có cột “nam”; có: domain"),
        (["mart_quality_league"],
         "Bảng mart_quality_league không lập từ số liệu nên không có ô để truy về"),
    ],
)  # fmt: skip
def test_a_row_of_a_mart_that_is_not_found_is_a_sentence(
    built: Built, asked: list[str], sentence: str
) -> None:
    run = run_kho("trace", "--home", built.home, *asked)
    assert (run.returncode, run.stdout) == (1, "")
    assert sentence in run.stderr


def test_every_mart_that_is_made_of_figures_names_them_in_every_row(built: Built) -> None:
    marts = built.query(
        "select table_name from information_schema.columns "
        "where table_name like 'mart_%' and column_name in ('fact_keys', 'fact_key') group by all"
    )
    assert len(marts) > 15
    for (mart,) in marts:
        keys = "fact_keys" if built.query(
            "select 1 from information_schema.columns "
            f"where table_name = '{mart}' and column_name = 'fact_keys'"
        ) else "[fact_key]"  # fmt: skip
        unknown = built.query(
            f"with named as (select unnest({keys}) as key from {mart}) "
            "select key from named where key not in (select fact_key from trace_fact) limit 3"
        )
        assert unknown == [], mart


def test_trace_of_an_unknown_key_is_a_sentence(built: Built) -> None:
    run = run_kho("trace", "--home", built.home, "fct_budget/khong/co")
    assert run.returncode == 1
    assert run.stderr.strip() == "Không có số liệu nào mang khóa fct_budget/khong/co"


def test_every_stated_figure_that_measures_is_a_fact_once(built: Built) -> None:
    with (PROJECT / "samples/figures/assignment.csv").open(encoding="utf-8", newline="") as file:
        assigned = list(csv.DictReader(file))
    [(facts,)] = built.query(
        "select " + " + ".join(
            f"(select count(*) from {t} where is_current)"
            for t in ("fct_budget", "fct_investment", "fct_indicator", "fct_trade", "fct_target")
        )
    )  # fmt: skip
    assert facts == len(assigned)
    [(targets, derived)] = built.query(
        "select count(*), count(*) filter (statement = 'derived') from fct_target where is_current"
    )
    assert (targets, derived) == (143, 6)


def test_contradictions_are_warnings_and_the_figures_stay(built: Built) -> None:
    counts = dict(built.query("select outcome, count(*) from identity_result group by 1"))
    assert counts == {"holds": 110, "broken": 15}
    findings = built.query(
        "select severity, message from dq_result where rule = 'identity_broken' and closed is null"
    )
    assert {severity for severity, _ in findings} == {"warning"}
    messages = "\n".join(str(message) for _, message in findings)
    assert "1.275,1 ha" in messages  # fn[2]: 343,7 + 931,7
    assert "gấp số lần kỳ gốc (2025) = 1,7 lần" in messages  # enterprises: 1,7 and 1,8 times
    assert "= 77,5 %" in messages  # shares that do not make 100
    held = built.query("select * from submission where status <> 'accepted'")
    assert held == []


def test_every_published_table_and_column_has_a_vietnamese_comment(built: Built) -> None:
    missing = built.query(
        """
        select table_name, null from duckdb_tables()
        where schema_name = 'main' and comment is null and not internal
        union all
        select table_name, column_name from duckdb_columns()
        where schema_name = 'main' and comment is null and not internal
        """
    )
    assert missing == []


def test_published_file_is_read_only_and_opens_in_storage_of_1_2(built: Built) -> None:
    file = built.home / "current" / "kho.duckdb"
    assert file.stat().st_mode & 0o777 == 0o444
    [(tags,)] = built.query(
        "select tags['storage_version'] from duckdb_databases() where not internal"
    )
    assert str(tags).startswith("v1.2")


@pytest.mark.parametrize(
    "statement",
    [
        "copy (select 1) to '/tmp/kho_leak.csv'",
        "select * from read_text('/etc/passwd')",
        "attach '/tmp/kho_leak.duckdb' as leak",
        "set enable_external_access = true",
        "create table t as select 1",
        "install httpfs",
    ],
)
def test_analysts_sql_can_only_read_the_published_tables(built: Built, statement: str) -> None:
    run = run_kho("sql", "--home", built.home, statement)
    assert run.returncode == 2
    assert run.stderr.startswith("Câu lệnh không chạy được")
    assert "Traceback" not in run.stderr
