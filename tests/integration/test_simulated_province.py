"""A simulated province through the night: clean it brings no finding, spoiled it is caught, and it
never stands beside real data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from ingest.simulation.score import read_findings, score
from ingest.simulation.write import read_truth
from tests.integration.conftest import CLEAN_NIGHT, SAMPLES, Built
from tests.shared import run_kho
from warehouse.connection import open_published
from warehouse.home import Home
from warehouse.trace import trace_fact


def test_clean_province_brings_no_finding_and_every_submission_counts(clean: Built) -> None:
    assert clean.query("select rule, message from dq_result") == []
    [(statuses,)] = clean.query("select list(distinct status) from submission")
    assert statuses == ["accepted"]
    assert clean.query("select count(*) from identity_result where outcome = 'broken'") == [(0,)]


def test_build_says_that_it_is_simulated(clean: Built) -> None:
    assert "SỐ LIỆU MÔ PHỎNG" in clean.output
    build = json.loads((clean.home / "current" / "build.json").read_text(encoding="utf-8"))
    assert build["is_simulated"] is True
    assert clean.query("select distinct is_simulated from submission") == [(True,)]
    receipts = (clean.home / "ledger" / "receipts.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["is_simulated"] for line in receipts)


def test_every_fact_and_new_mart_has_rows(clean: Built) -> None:
    for table in (
        "fct_budget", "fct_investment", "fct_indicator", "fct_trade", "fct_milestone",
        "dim_project", "bridge_project_stage_group", "mart_budget_execution",
        "mart_budget_obligation", "mart_disbursement", "mart_disbursement_group",
        "mart_milestone", "mart_trade_by_gate", "mart_trade_by_commodity", "mart_gate_traffic",
        "mart_commune_rollup", "mart_commune_profile", "mart_submission_status",
        "mart_new_rural_and_poverty", "mart_labour_education_health",
        "mart_environment_forest", "mart_tourism_industry_prices",
    ):  # fmt: skip
        assert clean.query(f"select count(*) > 0 from {table}") == [(True,)], table


def test_marts_add_up_over_months_levels_and_forms(clean: Built) -> None:
    # the quarter's cumulative figure is that of its last month, on another form
    assert clean.query(
        """
        select count(*) from mart_budget_execution as month
        inner join mart_budget_execution as quarter on
            month.unit_code = quarter.unit_code and month.line_code = 'kbnn.I'
            and quarter.line_code = 'b60.A.I' and month.period_key = '2026-03'
            and quarter.period_key = '2026-Q1' and month.budget_level = 'all'
        where month.outturn_cumulative_vnd = quarter.outturn_cumulative_vnd
        """
    ) == [(1,)]
    # a total is the sum of its leaves, what is deducted counted negatively
    assert clean.query(
        """
        with leaf as (
            select f.period_key, f.budget_level, f.measure,
                sum(l.sign * p.sign * f.amount_vnd) as amount
            from fct_budget as f
            inner join dim_budget_line as l on f.line_code = l.line_code
            inner join dim_budget_line as p on l.parent_code = p.line_code
            where f.is_current and f.is_leaf and l.list_code = 'kbnn' and f.measure = 'outturn'
            group by all
        )
        select count(*), count(*) filter (where leaf.amount = total.amount_vnd)
        from leaf inner join fct_budget as total on
            total.line_code = 'kbnn.S' and total.is_current and total.measure = leaf.measure
            and total.period_key = leaf.period_key and total.budget_level = leaf.budget_level
        """
    ) == [(4, 4)]
    # disbursed so far is what the months were
    assert clean.query(
        """
        select count(*) from (
            select project_code, source_code, sum(disbursed_vnd) as months,
                max(disbursed_cumulative_vnd) as cumulative
            from mart_disbursement group by all
        ) where months <> cumulative
        """
    ) == [(0,)]


def test_leaves_of_trade_make_the_printed_totals(clean: Built) -> None:
    """Gates, not the groups above them, nor the same goods by regime or of foreign investors."""
    assert clean.query(
        """
        with leaf as (
            select form_code, period_key, basis, direction, measure, sum(value_usd) as value_usd
            from fct_trade
            where is_current and is_leaf and value_usd is not null and direction <> 'both'
            group by all
        ),
        total as (
            select form_code, period_key, basis, direction, measure, value_usd
            from fct_trade
            where
                is_current and value_usd is not null and direction <> 'both'
                and line_code in ('gate.T', 'export.T', 'import.T', 'local_export.T')
        )
        select count(*), count(*) filter (where leaf.value_usd = total.value_usd)
        from total
        inner join leaf using (form_code, period_key, basis, direction, measure)
        """
    ) == [(40, 40)]


def test_every_figure_traces_to_its_cell(clean: Built) -> None:
    for fact in ("fct_budget", "fct_investment", "fct_indicator", "fct_trade", "fct_milestone"):
        [(key,)] = clean.query(f"select min(fact_key) from {fact} where is_current")
        with open_published(clean.home / "current" / "kho.duckdb") as connection:
            found = trace_fact(connection, Home(clean.home), str(key))
        assert found.matches, (fact, found.found_text)


def test_status_says_who_has_sent_what(clean: Built) -> None:
    run = run_kho("status", "--home", clean.home, "--form", "xa_thu_nsnn", "--csv")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert len(lines) == 1 + 65 * 4
    states = [line.rsplit(",", 2)[1] for line in lines[1:]]
    assert states.count("received") == 3 * 4
    assert states.count("missing") == 62 * 4  # no rule names a day for this form
    late = run_kho("status", "--home", clean.home, "--unit", "STC")
    assert "60/CK-NSNN" in late.stdout and "nhận muộn" in late.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--unit", "XYZ"), "Không có đơn vị nào mang mã XYZ"),
        (("--form", "b99"), "Không có biểu b99"),
        (("--period", "hôm qua"), "“hôm qua” không phải kỳ báo cáo"),
    ],
)
def test_wrong_use_of_status_is_said(
    clean: Built, arguments: tuple[str, ...], message: str
) -> None:
    run = run_kho("status", "--home", clean.home, *arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_template_shows_what_was_reported_last(clean: Built, tmp_path: Path) -> None:
    import openpyxl

    out = tmp_path / "b60.xlsx"
    run = run_kho(
        "template", "b60_thu_nsnn", "--unit", "STC", "--period", "2026-Q2", "--out", out,
        "--home", clean.home,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    sheet = openpyxl.load_workbook(out)["60-CK-NSNN"]
    texts = {str(c.value): c for row in sheet.iter_rows() for c in row if c.value is not None}
    header = next(c for text, c in texts.items() if text.startswith("Số đã báo cáo kỳ trước: ƯỚC"))
    shown = [sheet.cell(row, header.column).value for row in range(header.row + 3, header.row + 30)]
    [(known,)] = clean.query(
        "select amount_vnd from fct_budget where line_code = 'b60.A.I.1' and is_current "
        "and measure = 'outturn_cumulative' and period_key = '2026-Q1'"
    )
    assert float(str(known)) / 1_000_000 in shown


@pytest.mark.slow
def test_planted_errors_are_found_without_false_alarms(tmp_path: Path) -> None:
    inbox, home = tmp_path / "inbox", tmp_path / "home"
    run = run_kho(
        "simulate", "--out", inbox, "--communes", "2", "--months", "4", "--error-rate", "0.15"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    run = run_kho("nightly", "--home", home, "--inbox", inbox, "--as-of", CLEAN_NIGHT)
    assert run.returncode == 0, run.stdout + run.stderr
    result = score(read_truth(inbox), read_findings((home / "current" / "kho.duckdb").resolve()))
    planted = sum(kind.planted for kind in result.kinds)
    assert planted > 20
    assert result.false_alarms == ()
    # where the period before was spoiled too, there may be nothing to hold the error against
    truth = read_truth(inbox)
    spoiled_before = {
        (row.unit, row.form)
        for row in result.missed
        for other in truth
        if (other.unit, other.form) == (row.unit, row.form) and other.period < row.period
    }
    assert [row for row in result.missed if (row.unit, row.form) not in spoiled_before] == []
    assert len(result.missed) <= planted // 20


def test_simulated_and_real_files_never_share_a_home(clean: Built, tmp_path: Path) -> None:
    mixed = tmp_path / "home"
    shutil.copytree(clean.home, mixed, symlinks=True)
    run = run_kho("nightly", "--home", mixed, "--inbox", SAMPLES, "--as-of", "2026-06-01T02:00")
    assert run.returncode == 2
    assert "kho này chứa số liệu mô phỏng, nguồn tệp chứa số liệu thật" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_simulated_workbook_in_a_real_inbox_is_held(
    built: Built, clean_province: Path, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    shutil.copytree(SAMPLES, inbox)
    source = sorted((clean_province / "STC").glob("*.xlsx"))[0]
    shutil.copyfile(source, inbox / "STC" / "la.xlsx")
    home = tmp_path / "home"
    shutil.copytree(built.home, home, symlinks=True)
    run = run_kho("nightly", "--home", home, "--inbox", inbox, "--as-of", "2026-11-23T02:00")
    assert run.returncode == 0, run.stdout + run.stderr
    with open_published(home / "current" / "kho.duckdb") as connection:
        rows = connection.execute(
            "select distinct status from submission where file_path = 'STC/la.xlsx'"
        ).fetchall()
        rules = connection.execute(
            "select distinct rule from dq_result where file = 'STC/la.xlsx' and closed is null"
        ).fetchall()
    assert rows == [("held",)]
    assert ("simulated_file",) in rules


@pytest.mark.slow
def test_whole_province_over_a_year_is_clean_and_its_communes_make_it(tmp_path: Path) -> None:
    """65 communes, 12 months, all forms: no finding, and the communes add up to the province."""
    run = run_kho("simulate", "--out", tmp_path / "inbox")
    assert run.returncode == 0, run.stderr
    home = tmp_path / "home"
    run = run_kho(
        "nightly", "--home", home, "--inbox", tmp_path / "inbox", "--as-of", "2027-01-20T02:00"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    with duckdb.connect(str((home / "current" / "kho.duckdb").resolve()), read_only=True) as c:
        assert c.execute("select rule, message from dq_result limit 5").fetchall() == []
        compared, equal = c.execute(
            """
            select count(*), count(*) filter (where abs(difference) <= abs(province_value) / 20000)
            from mart_commune_rollup where is_complete and province_value is not null
            """
        ).fetchone()
        assert compared > 20
        assert equal == compared
