"""Rules between forms, and plan rules on the facts: each finds its contradiction and says it at its
cell, and is silent once the figures agree.

The working file is real (fact_tables.py); figures about projects come from real workbooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from fact_tables import AS_OF, Working, make_base, working_copy
from plan_books import Sent, sent

from expectations.cross_rules import check_between_forms
from expectations.rule_files import all_rules
from ingest import reference

COMMUNES = [row["unit_code"] for row in reference.read_seed("commune")]
CHI_LANG = "06463"
MILLION = 1_000_000


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("facts") / "base.duckdb")


@pytest.fixture
def working(base: Path, tmp_path: Path) -> Iterator[Working]:
    with working_copy(base, tmp_path / "w.duckdb") as opened:
        yield opened


# --- facts that senders of other forms state too ------------------------------------------------


def commune_sum(working: Working, figure: float) -> None:
    for unit in COMMUNES:
        report = working.submission("xa_chi_tieu_nam", "2026", unit)
        working.fact("int_fact__figure", report, fact_table="fct_indicator", value=2,
                     indicator_code="new_forest_area", meets_measure="level", kind="reported",
                     stated_unit="ha", breakdowns=0, printed_step=1)  # fmt: skip
    report = working.submission("chi_tieu_nam", "2026", "20")
    working.fact("int_fact__figure", report, fact_table="fct_indicator", value=figure,
                 value_text=str(figure), indicator_code="new_forest_area", meets_measure="level",
                 kind="reported", stated_unit="ha", breakdowns=0, printed_step=1,
                 cell_ref="CT!D9")  # fmt: skip


def trade_bases(working: Working, declared: float) -> None:
    gates = working.submission("kim_ngach_cua_khau", "2026-01", "HQ6")
    goods = working.submission("xuat_khau_mat_hang", "2026-01", "HQ6")
    total = {"unit_code": "20", "direction": "export", "measure": "level", "printed_step": 1}
    working.fact("fct_trade", gates, **total, basis="crossing", value_usd=500, line_code="gate.T",
                 cell_ref="HQ-CK!F11")  # fmt: skip
    working.fact("fct_trade", goods, **total, basis="declared", value_usd=declared,
                 line_code="export.T", cell_ref="HQ-XK!E11")  # fmt: skip


def two_senders(working: Working, other: float) -> None:
    customs = working.submission("ls06_xuat_nhap_khau", "2025", "HQ6")
    department = working.submission("ls06_xuat_nhap_khau", "2025", "SCT")
    of_a_gate = {
        "fact_table": "fct_trade", "unit_code": "20", "indicator_code": "trade_crossing_total",
        "meets_measure": "level", "kind": "reported", "stated_unit": "million_usd",
        "printed_step": 100_000,
    }  # fmt: skip
    working.fact("int_fact__figure", customs, **of_a_gate, value=88_000_000, breakdowns=1,
                 fact_key="gate/1", cell_ref="XNK!H9")  # fmt: skip
    working.fact("int_fact__figure", department, **of_a_gate, value=other * 1_000_000,
                 breakdowns=1, fact_key="gate/2", outranked_by="gate/1",
                 cell_ref="XNK!H12")  # fmt: skip
    # the whole that neither states twice
    working.fact("int_fact__figure", customs, **of_a_gate, value=900_000_000, breakdowns=0,
                 fact_key="whole/1", cell_ref="XNK!H8")  # fmt: skip


def trade_twice(working: Working, declared: float) -> None:
    gates = working.submission("kim_ngach_cua_khau", "2026-01", "HQ6")
    goods = working.submission("xuat_khau_mat_hang", "2026-01", "HQ6")
    total = {"unit_code": "20", "direction": "export", "measure": "level", "basis": "declared"}
    working.fact("fct_trade", gates, **total, regime_code="declared_here", value_usd=2_000_000,
                 line_code="gate.L.1", printed_step=10_000, cell_ref="HQ-CK!F24")  # fmt: skip
    working.fact("fct_trade", goods, **total, value_usd=declared, line_code="export.T",
                 printed_step=1, cell_ref="HQ-XK!E11")  # fmt: skip


def trade_regimes(working: Working, total: float) -> None:
    gates = working.submission("kim_ngach_cua_khau", "2026-01", "HQ6")
    row = {"unit_code": "20", "direction": "export", "measure": "level", "printed_step": 10_000}
    for number in range(1, 8):
        working.fact("fct_trade", gates, **row, basis="crossing", regime_code=f"r{number}",
                     line_code=f"gate.L.{number}", value_usd=MILLION,
                     cell_ref=f"HQ-CK!F{23 + number}")  # fmt: skip
    working.fact("fct_trade", gates, **row, basis="crossing", line_code="gate.T",
                 value_usd=total * MILLION, cell_ref="HQ-CK!F11")  # fmt: skip


# --- the budget ---------------------------------------------------------------------------------


def province_target(working: Working, indicator: str, value: float, **columns: object) -> str:
    plan = working.submission("giao_chi_tieu", "2026", "STC")
    working.fact("fct_target", plan, unit_code="20", indicator_code=indicator, measure="level",
                 value_low=value, cell_ref="KH-01!G9", **columns)  # fmt: skip
    return plan


def revenue(working: Working, outturn: float) -> None:
    province_target(working, "revenue_total", 13_478_000 * MILLION, value_unit="vnd")
    report = working.submission("b60_thu_nsnn", "2026-Q4", "STC")
    working.fact("fct_budget", report, unit_code="20", line_code="b60.A", budget_year=2026,
                 measure="outturn_cumulative", amount_vnd=outturn * MILLION, printed_step=MILLION,
                 cell_ref="60!D11")  # fmt: skip


def estimates(working: Working, province: float) -> None:
    for unit in COMMUNES:
        report = working.submission("xa_thu_nsnn", "2026-01", unit)
        working.fact("fct_budget", report, period_key="2026", line_code="xa_thu.A",
                     measure="estimate_assigned", amount_vnd=10 * MILLION)  # fmt: skip
    report = working.submission("b60_thu_nsnn", "2026-Q1", "STC")
    working.fact("fct_budget", report, unit_code="20", period_key="2026", line_code="b60.A.I",
                 measure="estimate_assigned", amount_vnd=province * MILLION, cell_ref="60!C12",
                 printed_step=MILLION)  # fmt: skip


def salary_fund(working: Working, carried: float) -> None:
    last = working.submission("ns02_nguon_cai_cach_tien_luong", "2025-Q4", "STC")
    working.fact("fct_budget", last, unit_code="20", line_code="salary.III", budget_year=2025,
                 measure="outturn_cumulative", amount_vnd=900 * MILLION)  # fmt: skip
    now = working.submission("ns02_nguon_cai_cach_tien_luong", "2026-Q1", "STC")
    working.fact("fct_budget", now, unit_code="20", line_code="salary.I.2", budget_year=2026,
                 measure="outturn_cumulative", amount_vnd=carried * MILLION, cell_ref="NS-02!D13",
                 printed_step=MILLION)  # fmt: skip


def shares(working: Working, recurrent: float) -> None:
    for year, amount in ((2025, 60), (2026, recurrent)):
        report = working.submission("b61_chi_nsdp", f"{year}-Q4", "STC")
        lines = (("b61.T", 100), ("b61.A.I", 100 - amount), ("b61.A.II", amount))
        for row, (line, value) in zip((11, 13, 17), lines, strict=True):
            working.fact("fct_budget", report, unit_code="20", line_code=line, budget_year=year,
                         measure="outturn_cumulative", amount_vnd=value * MILLION,
                         cell_ref=f"61!D{row}")  # fmt: skip


def report_missing(working: Working, is_sent: bool) -> None:
    working.expect("b59_can_doi_nsdp", "2026-Q4", ["STC"], "2027-01-15")
    if is_sent:
        working.submission("b59_can_doi_nsdp", "2026-Q4", "STC")


# --- targets ------------------------------------------------------------------------------------


def commune_targets(
    working: Working, indicator: str, value: float, units: list[str] = COMMUNES
) -> None:
    for unit in units:
        plan = working.submission("xa_ke_hoach_chi_tieu", "2026", unit)
        working.fact("fct_target", plan, indicator_code=indicator, measure="level",
                     value_low=value, comparator=">=")  # fmt: skip


def forest(working: Working, each: float) -> None:
    commune_targets(working, "new_forest_area", each)
    province_target(working, "new_forest_area", 9000, comparator=">=", stated_unit="ha")


def cover(working: Working, each: float) -> None:
    commune_targets(working, "forest_cover_rate", each)
    for number, unit in enumerate(COMMUNES):
        report = working.submission("xa_chi_tieu_nam", "2025", unit)
        working.fact("fct_indicator", report, indicator_code="natural_land_area", measure="level",
                     value=1000 + number)  # fmt: skip
    province_target(working, "forest_cover_rate", 64.5, comparator=">=")


def restated(working: Working, value: float) -> None:
    official = working.submission("ls07_muc_tieu", "2026", "20")
    working.fact("fct_target", official, indicator_code="grdp", measure="growth",
                 value_low=10, value_high=11, value_text="10-11", comparator="=", locator="I.2.1",
                 is_authoritative=True, document_code="NQ67-2025")  # fmt: skip
    other = working.submission("giao_chi_tieu", "2026", "STC")
    working.fact("fct_target", other, unit_code="20", indicator_code="grdp",
                 measure="growth", value_low=value, value_text=str(value), comparator="=",
                 cell_ref="KH-01!G9")  # fmt: skip


def certified(working: Working, value: float) -> None:
    plan = working.submission("xa_ke_hoach_chi_tieu", "2026", CHI_LANG)
    for indicator, low, cell in (("certified_labour_rate", value, "KH-02!E9"),
                                 ("trained_labour_rate", 68.6, "KH-02!E10")):  # fmt: skip
        working.fact("fct_target", plan, indicator_code=indicator, measure="level", value_low=low,
                     cell_ref=cell, printed_step=Decimal("0.1"))  # fmt: skip


# --- projects: real workbooks -------------------------------------------------------------------

PROJECT = {"project_code": "7000001", "project_name": "Cầu số 1", "stage_group": "Chuyển tiếp"}
LOTTERY = {"source_code": "Xổ số kiến thiết"}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


def monthly(folder: Path, period: str = "2026-12", unit: str = CHI_LANG, **typed: object) -> Sent:
    row = PROJECT | LOTTERY | {
        "plan_year": 1000, "plan_extended": 0, "disbursed": 0, "disbursed_cumulative": 700,
    } | typed  # fmt: skip
    return sent(folder, "giai_ngan_du_an", unit, period, [row])  # type: ignore[list-item]


def planned(folder: Path, **typed: object) -> Sent:
    row = PROJECT | LOTTERY | {"plan_year": 1000} | typed
    return sent(folder, "ke_hoach_von_du_an", CHI_LANG, "2026", [row])  # type: ignore[list-item]


def by_source(folder: Path, spent: int, period: str = "2026-12") -> Sent:
    lines = {"capital.A.III": {"disbursed_cumulative": spent, "plan_year": 1000, "disbursed": 0}}
    return sent(folder, "giai_ngan_nguon_von", "STC", period, lines)  # type: ignore[arg-type]


def sources(working: Working, folder: Path, spent: int) -> None:
    working.send(
        monthly(folder, disbursed_cumulative=800, disbursed_extended=100),
        by_source(folder, spent),
    )
    working.expect("giai_ngan_du_an", "2026-12", [CHI_LANG])


def investment(working: Working, folder: Path, booked: int) -> None:
    working.send(monthly(folder))
    working.expect("giai_ngan_du_an", "2026-12", [CHI_LANG])
    report = working.submission("b61_chi_nsdp", "2026-Q4", "STC")
    working.fact("fct_budget", report, unit_code="20", line_code="b61.A.I", cell_ref="61!D13",
                 measure="outturn_cumulative", amount_vnd=booked * MILLION)  # fmt: skip


def plans(working: Working, folder: Path, plan: int) -> None:
    adjusted = PROJECT | LOTTERY | {
        "decrease": 200, "increase": 0, "request_status": "Đã quyết định",
        "decided_on": date(2026, 9, 20),
    }  # fmt: skip
    del adjusted["stage_group"]
    working.send(
        planned(folder), monthly(folder, plan_year=plan),
        sent(folder, "dieu_chinh_ke_hoach_von", CHI_LANG, "2026-Q3", [adjusted]),
    )  # fmt: skip


def groups(working: Working, folder: Path, is_same: bool) -> None:
    group = "Chuyển tiếp" if is_same else "Khởi công mới"
    working.send(planned(folder), monthly(folder, stage_group=group))


def milestones(working: Working, folder: Path, day: int) -> None:
    for form, each, cell in (("moc_tien_do_du_an", 10, "DTC-MOC!P12"),
                             ("giai_ngan_du_an", day, "DTC-GN!S12")):  # fmt: skip
        report = working.submission(form, "2026-Q1" if "moc" in form else "2026-03", CHI_LANG)
        working.fact("fct_milestone", report, project_code="7000001", milestone="start",
                     milestone_state="actual", date_value=date(2026, 3, each),
                     cell_ref=cell)  # fmt: skip


def slow(working: Working, folder: Path, is_explained: bool) -> None:
    note = {"note": "Vướng mặt bằng"} if is_explained else {}
    working.send(monthly(folder, "2026-06", disbursed_cumulative=100, **note))


def settled(working: Working, folder: Path, approved: int) -> None:
    done = {"project_code": "7000001", "project_name": "Cầu số 1", "requested": 5000}
    working.send(
        planned(folder, stage_group="Hoàn thành", allocated_before=3000),
        sent(folder, "quyet_toan_du_an", CHI_LANG, "2026-Q4", [done | {"approved": approved}]),
    )


def inspected(working: Working, folder: Path, inspections: int) -> None:
    row = {"project_code": "7000001", "project_name": "Cầu số 1", "inspections": inspections}
    quarters = [f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in range(1, 5)]
    working.send(*(sent(folder, "giam_sat_dau_tu", CHI_LANG, q, [row]) for q in quarters))
    plan = working.submission("ke_hoach_von_du_an", "2026", CHI_LANG)
    for state, first, last in (("planned", date(2025, 1, 10), date(2026, 6, 1)),
                               ("actual", date(2025, 2, 1), date(2026, 10, 5))):  # fmt: skip
        for milestone, day in (("start", first), ("acceptance", last)):
            working.fact("fct_milestone", plan, project_code="7000001", milestone=milestone,
                         milestone_state=state, date_value=day)  # fmt: skip


def collected(working: Working, folder: Path, spent: int) -> None:
    working.send(by_source(folder, spent))
    books = working.submission("kbnn_thu_nsnn_chi_tiet", "2026-12", "KBNN")
    working.fact("fct_budget", books, unit_code="20", indicator_code="revenue_lottery",
                 measure="outturn_cumulative", budget_level="province", amount_vnd=600 * MILLION,
                 cell_ref="THU-KBNN!F24")  # fmt: skip


@dataclass(frozen=True)
class Case:
    rule: str
    build: Callable[..., None]
    wrong: float
    right: float
    cell: str | None
    message: str
    severity: str = "warning"


CASES = [
    Case(
        "commune_sum",
        commune_sum,
        200,
        130,
        "CT!D9",
        "Ô D9: số của tỉnh 200 ha; cộng 65 xã, phường được 97,5 đến 162,5, chênh lệch 70 ha.",
    ),
    Case(
        "trade_bases_apart",
        trade_bases,
        600,
        500,
        "HQ-XK!E11",
        "Ô E11: 600 USD, lớn hơn tổng kim ngạch qua địa bàn tỉnh 500 USD (HQ-CK, ô F11).",
    ),
    Case(
        "trade_stated_on_two_forms",
        trade_twice,
        2_100_000,
        2_004_000,
        "HQ-CK!F24",
        "Ô F24: 2.000.000 USD; biểu HQ-XK (ô E11) ghi 2.100.000 USD cho cùng chỉ tiêu.",
    ),
    Case(
        "stated_by_two_senders",
        two_senders,
        91.5,
        88.1,
        "XNK!H12",
        "Ô H12: 91,5 triệu USD; Chi cục Hải quan khu vực VI (biểu LS-06, ô H9) ghi 88 triệu USD "
        "cho cùng số liệu. Bảng tổng hợp đang dùng số của Chi cục Hải quan khu vực VI.",
    ),
    Case(
        "trade_regimes_add_up",
        trade_regimes,
        7.2,
        7.03,
        "HQ-CK!F11",
        "Ô F11: tổng 7,2 triệu USD; các loại hình cộng được 6,965 đến 7,035 triệu USD.",
    ),
    Case(
        "revenue_over_target",
        revenue,
        14_000_000,
        14_826_000,
        "60!D11",
        "Ô D11: thu ngân sách nhà nước cả năm 14.000.000 triệu đồng, chưa vượt 10% so với chỉ "
        "tiêu 13.478.000 triệu đồng.",
        "info",
    ),
    Case(
        "commune_estimates_within_province",
        estimates,
        600,
        650,
        "60!C12",
        "Ô C12: dự toán thu nội địa của tỉnh 600 triệu đồng; dự toán giao 65 xã, phường cộng "
        "được ít nhất 650 triệu đồng.",
    ),
    Case(
        "salary_fund_carried_over",
        salary_fund,
        800,
        900,
        "NS-02!D13",
        "Ô D13: nguồn năm trước chuyển sang 800 triệu đồng; báo cáo quý IV năm 2025 ghi còn "
        "lại 900 triệu đồng.",
    ),
    Case(
        "expenditure_shares",
        shares,
        70,
        59,
        "61!D13",
        "Ô D13: “Chi đầu tư phát triển” chiếm 30% tổng chi, năm trước 40%; yêu cầu tăng.",
        "info",
    ),
    Case(
        "report_missing",
        report_missing,
        False,
        True,
        None,
        "Chưa nhận được biểu 59/CK-NSNN kỳ quý IV năm 2026, hạn gửi 15/01/2027.",
    ),
    Case(
        "targets_add_up",
        forest,
        100,
        139,
        "KH-01!G9",
        "Ô G9: chỉ tiêu “Diện tích trồng rừng mới” của tỉnh 9.000 ha; chỉ tiêu của 65 xã, "
        "phường cộng được nhiều nhất 6.500 ha.",
    ),
    Case(
        "targets_weighted",
        cover,
        60,
        64.5,
        "KH-01!G9",
        "Ô G9: chỉ tiêu “Tỷ lệ che phủ rừng” của tỉnh 64,5%; bình quân có quyền số của 65 xã, "
        "phường nhiều nhất 60%.",
    ),
    Case(
        "target_restated",
        restated,
        9,
        10.5,
        "KH-01!G9",
        "Ô G9: “Tổng sản phẩm trên địa bàn (GRDP)” ghi 9; văn bản quy định (NQ67-2025, I.2.1) "
        "ghi 10-11.",
        "info",
    ),
    Case(
        "certified_within_trained",
        certified,
        70,
        68.6,
        "KH-02!E9",
        "Ô E9: tỷ lệ lao động có bằng cấp, chứng chỉ 70%, lớn hơn tỷ lệ lao động qua đào tạo "
        "68,6% (ô E10).",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_a_contradiction_is_said_at_its_cell(case: Case, working: Working) -> None:
    case.build(working, case.wrong)
    [finding] = [f for f in working.found(case.rule) if f.cell_ref == case.cell]
    assert finding.message == case.message
    assert (finding.cell_ref, finding.severity) == (case.cell, case.severity)
    assert finding.fix and "{" not in finding.fix + (finding.expected or "")


OF_PROJECTS = [
    Case(
        "source_of_projects",
        sources,
        650,
        700,
        "DTC-NV!J16",
        "Ô J16: lũy kế giải ngân nguồn “Xổ số kiến thiết” 650 triệu đồng; các dự án cộng được "
        "699 đến 701 triệu đồng, chênh lệch 50 triệu đồng.",
    ),
    Case(
        "investment_of_projects",
        investment,
        600,
        700,
        "61!D13",
        "Ô D13: chi đầu tư phát triển 600 triệu đồng, ít hơn 699,5 triệu đồng các dự án đã "
        "giải ngân từ vốn ngân sách địa phương.",
        "info",
    ),
    Case(
        "plan_on_two_forms",
        plans,
        900,
        800,
        "DTC-GN!G11",
        "Ô G11: kế hoạch năm của dự án “Cầu số 1” 900 triệu đồng; biểu kế hoạch vốn ghi 1.000 "
        "triệu đồng, điều chỉnh đã quyết định -200 triệu đồng.",
    ),
    Case(
        "stage_group_on_forms",
        groups,
        False,
        True,
        "DTC-GN!E11",
        "Ô E11: dự án “Cầu số 1” ghi nhóm “Khởi công mới”; biểu DTC-KH ghi “Chuyển tiếp”.",
    ),
    Case(
        "milestone_on_forms",
        milestones,
        12,
        10,
        "DTC-MOC!P12",
        "Ô P12: “Khởi công” của dự án 7000001 ngày 10/03/2026; biểu DTC-GN (ô S12) ghi ngày "
        "12/03/2026.",
    ),
    Case(
        "slow_project_adjusted",
        slow,
        False,
        True,
        "DTC-GN!M11",
        "Ô M11: dự án “Cầu số 1” giải ngân 100 triệu đồng, dưới mức 30% kế hoạch đến hết ngày "
        "30/06/2026, chưa có đề nghị giảm vốn và chưa có giải trình ở cột “Ghi chú”.",
    ),
    Case(
        "settled_plan_allocated",
        settled,
        4500,
        4000,
        "DTC-KH!O11",
        "Ô O11: dự án hoàn thành “Cầu số 1” được bố trí tổng cộng 4.000 triệu đồng, thấp hơn "
        "giá trị quyết toán 4.500 triệu đồng (biểu DTC-QT, ô E11).",
    ),
    Case(
        "long_project_inspected",
        inspected,
        0,
        1,
        "DTC-GS!D11",
        "Ô D11: dự án 7000001 thực hiện theo kế hoạch 17 tháng, đã nghiệm thu ngày 05/10/2026 "
        "nhưng chưa có cuộc kiểm tra nào.",
        "info",
    ),
    Case(
        "source_within_collected",
        collected,
        650,
        600,
        "DTC-NV!J16",
        "Ô J16: đã giải ngân 650 triệu đồng từ nguồn “Xổ số kiến thiết”, nhiều hơn số thu "
        "ngân sách địa phương được hưởng 600 triệu đồng lũy kế đến hết tháng (biểu THU-KBNN, "
        "ô F24).",
    ),
]


@pytest.mark.parametrize("case", OF_PROJECTS, ids=lambda case: case.rule)
def test_a_contradiction_about_projects_is_said_at_its_cell(
    case: Case, working: Working, books: Path
) -> None:
    case.build(working, books, case.wrong)
    [finding] = [f for f in working.found(case.rule) if f.cell_ref == case.cell]
    assert finding.message == case.message
    assert (finding.cell_ref, finding.severity) == (case.cell, case.severity)


@pytest.mark.parametrize("case", OF_PROJECTS, ids=lambda case: case.rule)
def test_projects_that_agree_bring_nothing(case: Case, working: Working, books: Path) -> None:
    case.build(working, books, case.right)
    assert working.found(case.rule) == []


def late_settlement(working: Working, folder: Path) -> None:
    row = PROJECT | {"project_class": "C", "total_investment": 9000}
    working.send(sent(folder, "moc_tien_do_du_an", CHI_LANG, "2026-Q4", [row]))  # type: ignore[list-item]
    report = working.submission("quyet_toan_du_an", "2026-Q4", CHI_LANG)
    for milestone, day in (("acceptance", date(2026, 1, 10)),
                           ("settlement_submission", date(2026, 6, 10))):  # fmt: skip
        working.fact("fct_milestone", report, project_code="7000001", milestone=milestone,
                     milestone_state="actual", date_value=day,
                     cell_ref="DTC-QT!I11")  # fmt: skip


def test_limits_of_settlement_wait_for_a_decision(working: Working, books: Path) -> None:
    late_settlement(working, books)
    [rule] = [rule for rule in all_rules() if rule.id == "settlement_in_time"]
    assert check_between_forms(working.connection, [rule], AS_OF) == []
    [finding] = working.found("settlement_in_time", limits_confirmed="yes")
    assert finding.message == (
        "Ô I11: hồ sơ quyết toán dự án 7000001 nộp ngày 10/06/2026, quá 4 tháng kể từ ngày nghiệm"
        " thu 10/01/2026."
    )
    assert finding.cell_ref == "DTC-QT!I11"
    assert working.found("settlement_in_time", limits_confirmed="yes", months_c="5") == []


def test_sums_over_communes_wait_for_all_of_them(working: Working) -> None:
    commune_targets(working, "new_forest_area", 1, COMMUNES[1:])
    province_target(working, "new_forest_area", 9000, comparator=">=", stated_unit="ha")
    [rule] = [rule for rule in all_rules() if rule.id == "targets_add_up"]
    [result] = check_between_forms(working.connection, [rule], AS_OF)
    assert (result.result.outcome, result.result.evaluated) == ("passed", 0)


def test_sums_over_senders_wait_for_all_of_them(working: Working, books: Path) -> None:
    sources(working, books, 1)
    working.expect("giai_ngan_du_an", "2026-12", ["BQLDA"])
    [rule] = [rule for rule in all_rules() if rule.id == "source_of_projects"]
    [result] = check_between_forms(working.connection, [rule], AS_OF)
    assert (result.result.outcome, result.result.evaluated) == ("passed", 0)


def test_what_two_senders_state_is_said_to_both(working: Working) -> None:
    trade_twice(working, 2_100_000)
    assert {finding.cell_ref for finding in working.found("trade_stated_on_two_forms")} == {
        "HQ-CK!F24", "HQ-XK!E11"
    }  # fmt: skip


def test_two_senders_are_both_told_and_both_read_whose_figure_is_used(working: Working) -> None:
    two_senders(working, 91.5)
    found = {
        finding.cell_ref: finding.message for finding in working.found("stated_by_two_senders")
    }
    assert set(found) == {"XNK!H9", "XNK!H12"}
    assert found["XNK!H9"].startswith("Ô H9: 88 triệu USD; Sở Công Thương (biểu LS-06, ô H12)")
    assert all(text.endswith("số của Chi cục Hải quan khu vực VI.") for text in found.values())


def test_what_was_not_sent_is_its_senders_finding(working: Working) -> None:
    report_missing(working, False)
    [finding] = working.found("report_missing")
    assert finding.submission_no is None
    assert finding.subject == ("STC", "b59_can_doi_nsdp", "2026-Q4")


def test_sql_that_cannot_run_is_raised_not_passed(working: Working) -> None:
    [rule] = [rule for rule in all_rules() if rule.id == "report_missing"]
    broken = rule.model_copy(update={"sql": "select nothing from nowhere"})
    other = next(rule for rule in all_rules() if rule.id == "expenditure_shares")
    results = check_between_forms(working.connection, [broken, other], AS_OF)
    assert [each.result.outcome for each in results] == ["raised", "passed"]
    assert "nowhere" in (results[0].result.raised or "")


def test_every_rule_with_sql_has_a_case() -> None:
    tested = {case.rule for case in (*CASES, *OF_PROJECTS)} | {"settlement_in_time"}
    assert {rule.id for rule in all_rules() if rule.sql is not None} == tested


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_figures_that_agree_bring_nothing(case: Case, working: Working) -> None:
    case.build(working, case.right)
    assert working.found(case.rule) == []
