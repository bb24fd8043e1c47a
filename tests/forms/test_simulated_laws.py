"""A clean province breaks no law and no plan (facts/rules.md), figure by figure on its forms;
what is late is late because it was asked for, and the truth says where."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from filled_templates import filler

from ingest import reference
from ingest.contract import all_contracts
from ingest.period import period_of
from ingest.simulation import deadlines
from ingest.simulation.deadlines import LATE_DISBURSEMENT, LATE_MILESTONE, Missed, missed
from ingest.simulation.fill import Filler, Value
from ingest.simulation.model import read_model
from ingest.simulation.projects import ORDER
from ingest.simulation.world import World
from ingest.template import due_forms

FORM = {c.form: c for c in all_contracts() if c.reporting.frequency != "span"}
UNITS = reference.reporting_units()
COMMUNES = [code for code, unit in UNITS.items() if unit.level == "commune"]
INVESTORS = ["BQLDA", "SNNMT", "SXD", "BQLKKT", *COMMUNES]
BOUND = next(unit for unit in COMMUNES if deadlines.is_bound(unit))
QUARTERS = ("2026-03", "2026-06", "2026-09", "2026-12")
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
Row = dict[str, Value]


def table(form: str, unit: str, month: str, fill: Filler | None = None) -> dict[str, Row]:
    """A form's rows by their code or number; of forms with several tables, by table too."""
    contract = FORM[form]
    [(_, period)] = due_forms([contract], unit, month)
    found: dict[str, Row] = defaultdict(dict)
    for (number, row, field), value in (fill or filler()).values(contract, unit, period).items():
        found[row if len(contract.tables) == 1 else f"{number}/{row}"][field] = value
    return found


def money(value: Value | None) -> Decimal:
    assert value is None or isinstance(value, Decimal)
    return value or Decimal(0)


def day(value: Value) -> date:
    assert isinstance(value, date)
    return value


# --- projects: R01 to R31 -------------------------------------------------------------------------

FLOORS = [("completed", "2026-06", 100), ("ongoing", "2026-06", 30), ("ongoing", "2026-09", 60),
          ("ongoing", "2026-12", 100), ("new_start", "2026-09", 40), ("new_start", "2026-12", 95),
          ("preparation", "2026-12", 100)]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("group", "month", "floor"), FLOORS)
def test_every_group_of_every_investor_keeps_its_floor(
    group: str, month: str, floor: int, seed: int
) -> None:
    label = reference.vocabulary("stage_group")[group]
    for unit in INVESTORS:
        of_group = [
            row
            for row in table("giai_ngan_du_an", unit, month, filler(seed)).values()
            if row["stage_group"] == label
        ]
        paid = sum(money(row["disbursed_cumulative"]) for row in of_group)
        planned = sum(money(row[f]) for row in of_group for f in ("plan_year", "plan_extended"))
        assert paid * 100 >= planned * floor, unit


def test_every_source_of_every_investor_is_drawn_on_in_the_first_quarter() -> None:  # R08
    for unit in INVESTORS:
        paid: dict[str, Decimal] = defaultdict(Decimal)
        for row in table("giai_ngan_du_an", unit, "2026-03").values():
            paid[str(row["source_code"])] += money(row["disbursed_cumulative"])
        assert all(amount > 0 for amount in paid.values()), unit


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_date_of_any_project_is_late_and_all_are_in_order(seed: int) -> None:  # R10 to R17
    for unit in INVESTORS:
        for project in filler(seed).projects.of_unit(unit, 2026):
            assert not project.is_late
            dates = [project.actual[name] for name in ORDER]
            assert dates == sorted(dates)
            for asked in read_model().plan_dates:
                if asked.group == project.stage_group and asked.priority in (
                    None,
                    project.priority,
                ):
                    due = _due(asked.rule)
                    assert project.actual[asked.milestone] <= due, (project.code, asked.milestone)


def _due(rule: str) -> date:
    [row] = [r for r in reference.read_seed("rule_parameter") if r["rule_code"] == rule]
    return date.fromisoformat(row["due_date"])


def test_an_unspoiled_form_shows_nothing_missed() -> None:
    for month in QUARTERS:
        for form in ("giai_ngan_du_an", "moc_tien_do_du_an"):
            [(contract, period)] = due_forms([FORM[form]], BOUND, month)
            values = filler().values(contract, BOUND, period)
            assert list(missed(contract, BOUND, period, values)) == []


@pytest.mark.parametrize("month", QUARTERS)
def test_what_is_settled_was_allocated_and_is_paid_but_for_nothing(month: str) -> None:  # R24
    compared = 0
    for unit in INVESTORS:
        plans = {row["project_code"]: row for row in table("giai_ngan_du_an", unit, month).values()}
        before = {
            row["project_code"]: money(row["allocated_before"])
            for row in table("ke_hoach_von_du_an", unit, "2026-12").values()
        }
        done = reference.vocabulary("stage_group")["completed"]
        for row in table("quyet_toan_du_an", unit, month).values():
            code = row["project_code"]
            assert money(row["paid_total"]) <= money(row.get("approved", row["requested"]))
            assert money(row.get("approved")) <= money(row["requested"])
            if plans[code]["stage_group"] == done:
                allocated = before[code] + money(plans[code]["plan_year"])
                assert money(row["requested"]) <= allocated
                compared += 1
    assert compared > 50


def test_every_project_is_inspected_in_every_year() -> None:  # R27
    for unit in INVESTORS:
        seen: dict[str, Decimal] = defaultdict(Decimal)
        for month in QUARTERS:
            for row in table("giam_sat_dau_tu", unit, month).values():
                seen[str(row["project_code"])] += money(row["inspections"])
        assert min(seen.values()) >= 1, unit


def test_no_advance_is_overdue_and_everybody_answers_for_a_project() -> None:  # R30, R31
    for unit in INVESTORS[:30]:
        for row in table("giai_ngan_du_an", unit, "2026-12").values():
            assert row["advance_overdue"] == 0
        for row in table("moc_tien_do_du_an", unit, "2026-12").values():
            assert row["responsible_post"]


def test_programmes_find_their_own_share_and_only_three_use_money_of_before() -> None:  # R25, R26
    extended = set()
    for unit in FORM["chuong_trinh_muc_tieu"].senders:
        for code, row in table("chuong_trinh_muc_tieu", unit, "2026-12").items():
            assert money(row["counterpart_allocated"]) >= money(row["counterpart_required"])
            if money(row["plan_extended"]):
                extended.add(code)
    assert extended <= {"programme.1.1", "programme.1.2", "programme.1.3"}


# --- budget: R32 to R44 ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 9))
def test_revenue_passes_what_was_assigned_by_a_tenth(seed: int) -> None:  # R32
    assert World(seed, read_model()).annual("revenue_total", "vnd", 2026) >= 14_825_800


def test_councils_plan_no_less_than_was_assigned() -> None:  # R33
    for unit in COMMUNES:
        row = table("xa_thu_nsnn", unit, "2026-06")["xa_thu.A"]
        assert money(row["estimate_council"]) >= money(row["estimate_assigned"]) > 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_source_pays_no_more_than_was_collected(seed: int) -> None:  # R42
    treasury = {"local_land_levy": "kbnn.I.11", "local_lottery": "kbnn.I.13"}
    fill = filler(seed)
    for month in MONTHS:
        collected = table("kbnn_thu_nsnn_chi_tiet", "KBNN", month, fill)
        for source, line in treasury.items():
            levels = ("central", "province", "commune")
            came = sum(money(collected[line][f"{each}_cumulative"]) for each in levels)
            paid = sum(fill.projects.flow((source,), 2026).months[: period_of(month).end.month])
            assert paid * 1_000_000 <= came, (source, month)
        fee = fill.world.months("border_gate_infrastructure_fee", "vnd", fill.world.province, 2026)
        paid = sum(
            fill.projects.flow(("local_border_fee",), 2026).months[: period_of(month).end.month]
        )
        assert paid <= sum(fee[: period_of(month).end.month])


def test_the_reform_fund_is_its_shares_and_opens_with_what_was_left() -> None:  # R37 to R40
    last = table("ns02_nguon_cai_cach_tien_luong", "STC", "2026-12")
    then = table("ns02_nguon_cai_cach_tien_luong", "STC", "2027-12")

    def paid(rows: dict[str, Row], line: str) -> Decimal:
        return money(rows[f"salary.{line}"]["outturn_cumulative"])

    for rows in (last, then):
        assert paid(rows, "I.1") * 10 == paid(rows, "IV.1")
        assert paid(rows, "I.3") * 10 == paid(rows, "IV.2") * 7
        assert paid(rows, "V") * 10 == paid(rows, "IV.3") * 7
    sources = sum(paid(last, f"I.{part}") for part in range(1, 5))
    assert sources - paid(last, "II") == paid(then, "I.2") > 0


def test_nobody_owes_salaries_or_social_payments() -> None:  # R44
    for unit in ("STC", *COMMUNES[:20]):
        rows = table("ns03_du_phong_chuyen_nguon", unit, "2026-06")
        for line in read_model().nil_lines:
            fields = ("opening", "added", "used", "cancelled")
            assert all(rows[line][field] == 0 for field in fields)


def test_petitions_are_answered_and_accidents_and_crimes_fall() -> None:  # R50, R75
    for month in ("2026-01", "2026-07"):
        rows = table("chi_tieu_thang", "VPUBND", month)
        for field in ("level", "cumulative"):
            received, answered = (
                rows[f"monthly.commune_petitions_{name}"][field]
                for name in ("received", "answered_on_time")
            )
            assert money(received) == money(answered) > 0
    world = filler().world
    for code in ("traffic_accidents", "social_order_crimes"):
        now, then = (world.annual(code, "case", year) for year in (2026, 2025))
        assert now <= then * Decimal("0.95")


# --- what is late was asked for -------------------------------------------------------------------


def _missed(seed: int, late: float) -> list[tuple[str, Missed]]:
    world = World(seed, read_model(), late)
    fill = Filler(world, world.projects)
    found = []
    for month in QUARTERS:
        for contract, period in due_forms(FORM.values(), BOUND, month):
            values = fill.values(contract, BOUND, period)
            found += [(period, each) for each in missed(contract, BOUND, period, values)]
    return found


def test_projects_are_late_only_where_errors_are_planted_and_only_of_units_that_are_bound() -> None:
    found = [each for seed in range(1, 7) for each in _missed(seed, 0.5)]
    kinds = [each.kind for _, each in found]
    assert kinds.count(LATE_DISBURSEMENT) > 3
    assert kinds.count(LATE_MILESTONE) > 3
    assert _missed(3, 0.0) == []
    world = World(3, read_model(), 1.0)
    late = {unit for unit in INVESTORS for p in world.projects.of_unit(unit, 2026) if p.is_late}
    assert late == {BOUND}


def test_a_late_project_is_late_on_every_form_and_in_order() -> None:
    world = World(3, read_model(), 1.0)
    fill = Filler(world, world.projects)
    for project in world.projects.of_unit(BOUND, 2026):
        dates = [project.actual[name] for name in ORDER]
        assert dates == sorted(dates)
    for before, after in pairwise(QUARTERS):
        then, now = (table("giai_ngan_du_an", BOUND, m, fill) for m in (before, after))
        for row in now:
            assert money(now[row]["disbursed_cumulative"]) >= money(
                then[row]["disbursed_cumulative"]
            )
    rows = table("moc_tien_do_du_an", BOUND, "2026-12", fill)
    dated = {row["project_code"]: row.get("start") for row in rows.values()}
    for each in table("giai_ngan_du_an", BOUND, "2026-12", fill).values():
        assert each.get("start") == dated[each["project_code"]]
    by_source = table("giai_ngan_nguon_von", "STC", "2026-06", fill)
    paid = sum(
        money(row["disbursed_cumulative"])
        for unit in INVESTORS
        for row in table("giai_ngan_du_an", unit, "2026-06", fill).values()
    )
    stated = sum(money(row.get("disbursed_cumulative")) for row in by_source.values())
    assert stated == paid
