"""Plan and law rules on one form: the sentence at its cell, and silence where obeyed.

Each test sends a form's own template with a few rows typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from plan_books import Sent, Typed, all_found, found, sent

from expectations.findings import Finding
from expectations.rule_files import all_rules

CHI_LANG = "06463"  # the commune whose decision states the floors
JULY, OCTOBER, JANUARY = date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1)


def project(number: int, group: str, **typed: object) -> Typed:
    return {
        "project_code": f"700000{number}",
        "project_name": f"Đường số {number}",
        "stage_group": group,
        **typed,
    }  # type: ignore[dict-item]


def disbursed(number: int, group: str, plan: str, cumulative: str, source: str = "Xổ số kiến thiết",
              **typed: object) -> Typed:  # fmt: skip
    return project(
        number, group, source_code=source, plan_year=Decimal(plan), plan_extended=Decimal(0),
        disbursed=Decimal(0), disbursed_cumulative=Decimal(cumulative), **typed,
    )  # fmt: skip


def month(folder: Path, key: str, *rows: Typed, unit: str = CHI_LANG) -> Sent:
    return sent(folder, "giai_ngan_du_an", unit, key, rows)


# --- floors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "group", "key", "day", "cumulative", "words"),
    [
        ("floor_completed", "Hoàn thành", "2026-06", JULY, "9900",
         "Nhóm dự án hoàn thành giải ngân 19.800/20.000 triệu đồng, đạt 98,99 đến 99,01% kế hoạch"
         " vốn, dưới mức 100% đến hết ngày 30/06/2026; thiếu nhiều nhất ở ô {}."),
        ("floor_ongoing", "Chuyển tiếp", "2026-06", JULY, "2480",
         "Nhóm dự án chuyển tiếp giải ngân 4.960/20.000 triệu đồng, đạt 24,79 đến 24,81% kế hoạch"
         " vốn, dưới mức 30% đến hết ngày 30/06/2026; thiếu nhiều nhất ở ô {}."),
        ("floor_ongoing", "Chuyển tiếp", "2026-09", OCTOBER, "5998",
         "Nhóm dự án chuyển tiếp giải ngân 11.996/20.000 triệu đồng, đạt 59,97 đến 59,99% kế hoạch"
         " vốn, dưới mức 60% đến hết ngày 30/09/2026; thiếu nhiều nhất ở ô {}."),
        ("floor_new_start", "Khởi công mới", "2026-12", JANUARY, "9400",
         "Nhóm dự án khởi công mới giải ngân 18.800/20.000 triệu đồng, đạt 93,99 đến 94,01% kế"
         " hoạch vốn, dưới mức 95% đến hết ngày 31/12/2026; thiếu nhiều nhất ở ô {}."),
        ("floor_all_groups", "Khởi công mới", "2026-12", JANUARY, "9800",
         "Các dự án giải ngân 19.600/20.000 triệu đồng, đạt 97,99 đến 98,01% kế hoạch vốn, chưa đạt"
         " mục tiêu 100% đến hết ngày 31/12/2026; thiếu nhiều nhất ở ô {}."),
    ],
)  # fmt: skip
def test_a_group_below_its_floor_is_said_at_the_largest_shortfall(
    rule: str, group: str, key: str, day: date, cumulative: str, words: str, tmp_path: Path
) -> None:
    rows = [disbursed(n, group, "10000", cumulative) for n in (1, 2)]
    form = month(tmp_path, key, *rows)
    at = form.at["1", "disbursed_cumulative"]
    [finding] = found(rule, day, form)
    assert finding.message == words.format(at)
    assert (finding.cell_ref, finding.severity) == (
        f"{form.read.sheet}!{at}", "info" if rule == "floor_all_groups" else "warning"
    )  # fmt: skip
    assert {cell.partition("!")[2] for cell in finding.cells} == {
        form.at[row, field]
        for row in ("1", "2")
        for field in ("disbursed_cumulative", "plan_total")
    }  # fmt: skip


def test_a_group_is_judged_together_and_others_do_not_count(tmp_path: Path) -> None:
    rows = [
        disbursed(1, "Chuyển tiếp", "100", "10"),
        disbursed(2, "Chuyển tiếp", "100", "50"),  # together exactly 30 %
        disbursed(3, "Chuẩn bị đầu tư", "100", "0"),
    ]
    assert found("floor_ongoing", JULY, month(tmp_path, "2026-06", *rows)) == []


@pytest.mark.parametrize(
    ("key", "day", "unit"),
    [
        ("2026-06", date(2026, 6, 30), CHI_LANG),  # the day itself has not passed
        ("2026-06", None, CHI_LANG),
        ("2026-07", date(2026, 8, 1), CHI_LANG),  # no floor for July
        ("2026-06", JULY, "06400"),  # the decision is one commune's
    ],
)
def test_floors_wait_for_their_day_month_and_unit(
    key: str, day: date | None, unit: str, tmp_path: Path
) -> None:
    form = month(tmp_path, key, disbursed(1, "Chuyển tiếp", "100", "1"), unit=unit)
    assert found("floor_ongoing", day, form) == []


def test_a_source_with_a_plan_of_which_nothing_was_spent_by_march(tmp_path: Path) -> None:
    rows = [
        disbursed(1, "Chuyển tiếp", "100", "0"),
        disbursed(2, "Chuyển tiếp", "50", "0"),
        disbursed(3, "Chuyển tiếp", "70", "1", source="Xây dựng cơ bản tập trung"),
    ]
    form = month(tmp_path, "2026-03", *rows)
    [finding] = found("disbursement_started", date(2026, 4, 1), form)
    at = form.at["1", "disbursed_cumulative"]
    assert finding.message == (
        "Nguồn vốn “Xổ số kiến thiết” chưa giải ngân đến hết ngày 31/03/2026 (kế hoạch 150 triệu"
        f" đồng, đã giải ngân 0); lớn nhất ở ô {at}."
    )
    assert finding.cell_ref == f"{form.read.sheet}!{at}"


# --- milestones, adjustments, budgets -----------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """`wrong` breaks the rule at `at` (row, field); with `right` in its place nothing is found."""

    rule: str
    form: str
    period: str
    row: Typed
    wrong: Typed
    right: Typed
    at: str
    message: str
    unit: str = CHI_LANG
    severity: str = "warning"
    line: str = "1"
    more: dict[str, Typed] = field(default_factory=dict)  # other lines


START = project(1, "Khởi công mới")
PREPARED = project(1, "Chuẩn bị đầu tư")
CHANGED: Typed = {
    "project_code": "7000001", "project_name": "Đường số 1", "source_code": "Xổ số kiến thiết",
    "decrease": 0, "increase": 0,
}  # fmt: skip
LATE, IN_TIME = date(2026, 7, 2), date(2026, 6, 30)

CASES = [
    Case("new_start_started", "moc_tien_do_du_an", "2026-Q2", START, {"start": LATE},
         {"start": IN_TIME}, "start",
         "Ô Q11: dự án khởi công mới “Đường số 1” khởi công ngày 02/07/2026, hạn chậm nhất "
         "30/06/2026."),
    Case("new_start_site_handed_over", "moc_tien_do_du_an", "2026-Q2", START, {},
         {"site_handover": IN_TIME}, "site_handover",
         "Ô P11: dự án khởi công mới “Đường số 1” chưa có ngày bàn giao mặt bằng, hạn chậm "
         "nhất 30/06/2026."),
    Case("new_start_project_approved", "moc_tien_do_du_an", "2026-Q1", START, {},
         {"project_approval": date(2026, 3, 31)}, "project_approval",
         "Ô M11: dự án khởi công mới “Đường số 1” chưa có ngày phê duyệt dự án, hạn chậm "
         "nhất 31/03/2026."),
    Case("priority_policy_approved", "moc_tien_do_du_an", "2026-Q1",
         PREPARED | {"priority_group": "Ưu tiên"}, {"policy_approval": date(2026, 4, 1)},
         {"policy_approval": date(2026, 3, 31)}, "policy_approval",
         "Ô K11: dự án ưu tiên chuẩn bị đầu tư “Đường số 1” phê duyệt chủ trương đầu tư ngày "
         "01/04/2026, hạn chậm nhất 31/03/2026."),
    Case("priority_project_approved", "moc_tien_do_du_an", "2026-Q2",
         PREPARED | {"priority_group": "Ưu tiên"}, {}, {"project_approval": IN_TIME},
         "project_approval",
         "Ô M11: dự án ưu tiên chuẩn bị đầu tư “Đường số 1” chưa có ngày phê duyệt dự án, "
         "hạn chậm nhất 30/06/2026."),
    Case("other_policy_submitted", "moc_tien_do_du_an", "2026-Q2",
         PREPARED | {"priority_group": "Khác"}, {}, {"policy_submission": IN_TIME},
         "policy_submission",
         "Ô J11: dự án chuẩn bị đầu tư “Đường số 1” chưa có ngày trình chủ trương đầu tư, "
         "hạn chậm nhất 30/06/2026."),
    Case("other_project_submitted", "moc_tien_do_du_an", "2026-Q4",
         PREPARED | {"priority_group": "Khác"}, {"project_submission": date(2026, 11, 1)},
         {"project_submission": date(2026, 10, 31)}, "project_submission",
         "Ô L11: dự án chuẩn bị đầu tư “Đường số 1” trình dự án ngày 01/11/2026, hạn chậm "
         "nhất 31/10/2026."),
    Case("priority_said", "moc_tien_do_du_an", "2026-Q2", PREPARED, {},
         {"priority_group": "Khác"}, "priority_group",
         "Ô G11: dự án chuẩn bị đầu tư “Đường số 1” chưa ghi diện ưu tiên nên chưa đối chiếu "
         "được các mốc hạn.", severity="info"),
    Case("site_before_start", "moc_tien_do_du_an", "2026-Q2",
         START | {"start": date(2026, 5, 4)}, {"site_handover": date(2026, 5, 5)},
         {"site_handover": date(2026, 5, 4)}, "start",
         "Ô Q11: ngày khởi công 04/05/2026 trước ngày bàn giao mặt bằng 05/05/2026 (ô P11)."),
    Case("milestones_in_order", "moc_tien_do_du_an", "2026-Q2",
         START | {"policy_approval": date(2025, 9, 9)}, {"project_approval": date(2025, 9, 1)},
         {"project_approval": date(2025, 9, 30)}, "project_approval",
         "Ô M11: “Ngày thực tế / Duyệt dự án” ngày 01/09/2025, trước “Ngày thực tế / Duyệt "
         "chủ trương” ngày 09/09/2025 (ô K11)."),
    Case("responsible_named", "moc_tien_do_du_an", "2026-Q2",
         START | {"investor_name": "UBND xã"}, {}, {"responsible_post": "Chủ tịch"},
         "responsible_post",
         "Ô H11: dự án “Đường số 1” chưa ghi “Chức danh chịu trách nhiệm”."),
    Case("payment_after_start", "giai_ngan_du_an", "2026-05",
         disbursed(1, "Khởi công mới", "100", "10", volume_cumulative=20, volume=0), {},
         {"start": date(2026, 5, 4)}, "start",
         "Ô T11: dự án “Đường số 1” đã có khối lượng thực hiện nhưng chưa có ngày khởi công."),
    Case("advance_overdue", "giai_ngan_du_an", "2026-05",
         disbursed(1, "Chuyển tiếp", "100", "10", advance=9), {"advance_overdue": 3},
         {"advance_overdue": 0}, "advance_overdue",
         "Ô R11: dự án “Đường số 1” còn 3 triệu đồng tạm ứng quá hạn.", severity="info"),
    Case("adjustment_before_25th", "dieu_chinh_ke_hoach_von", "2026-Q3", CHANGED,
         {"requested_on": date(2026, 9, 25)}, {"requested_on": date(2026, 9, 24)},
         "requested_on",
         "Ô J11: “Ngày đề nghị” 25/09/2026, phải trước ngày 25/09/2026."),
    Case("adjustment_final", "dieu_chinh_ke_hoach_von", "2026-Q4", CHANGED,
         {"decided_on": date(2026, 12, 15)}, {"decided_on": date(2026, 12, 14)},
         "decided_on",
         "Ô K11: “Quyết định điều chỉnh / Ngày” 15/12/2026, phải trước ngày 15/12/2026."),
    Case("adjustment_in_order", "dieu_chinh_ke_hoach_von", "2026-Q3",
         CHANGED | {"requested_on": date(2026, 9, 10)}, {"decided_on": date(2026, 9, 9)},
         {"decided_on": date(2026, 9, 10)}, "decided_on",
         "Ô K11: “Quyết định điều chỉnh / Ngày” ngày 09/09/2026, trước “Ngày đề nghị” ngày "
         "10/09/2026 (ô J11)."),
    Case("adjustment_decision_said", "dieu_chinh_ke_hoach_von", "2026-Q3",
         CHANGED | {"request_status": "Đã quyết định", "decided_on": date(2026, 9, 9)}, {},
         {"decision_no": "12/QĐ-UBND"}, "decision_no",
         "Ô L11: điều chỉnh của dự án “Đường số 1” ghi đã quyết định nhưng để trống “Quyết "
         "định điều chỉnh / Số”."),
    Case("adjustment_balanced", "dieu_chinh_ke_hoach_von", "2026-Q3",
         CHANGED | {"decrease": 90}, {"increase": 100}, {"increase": 91}, "increase",
         "Tổng số vốn đề nghị tăng 100 triệu đồng, nhiều hơn tổng số giảm 90 triệu đồng; "
         "tăng nhiều nhất ở ô G11.",
         severity="info"),
    Case("funding_period", "ke_hoach_von_du_an", "2026",
         START | {"source_code": "Xổ số kiến thiết", "plan_year": 100}, {"funding_end": 2025},
         {"funding_end": 2026}, "funding_end",
         "Ô K11: dự án “Đường số 1” hết thời hạn bố trí vốn năm 2025 nhưng có kế hoạch vốn "
         "năm 2026."),
    Case("counterpart_allocated", "chuong_trinh_muc_tieu", "2026-Q4",
         {"counterpart_required": 100}, {"counterpart_allocated": 90},
         {"counterpart_allocated": 100}, "counterpart_allocated",
         "Ô F11: chương trình “Chăm sóc sức khỏe, dân số và phát triển” đã bố trí 90 triệu "
         "đồng vốn đối ứng, phải bố trí 100 triệu đồng (ô E11).", unit="SYT",
         line="programme.3"),
    Case("extended_programmes", "chuong_trinh_muc_tieu", "2026-Q1", {}, {"plan_extended": 5},
         {}, "plan_extended",
         "Ô D11: chương trình “Chăm sóc sức khỏe, dân số và phát triển” ghi 5 triệu đồng vốn "
         "kéo dài; chỉ 03 chương trình giai đoạn 2021 - 2025 được kéo dài.",
         unit="SYT", line="programme.3"),
    Case("council_estimate_floor", "xa_thu_nsnn", "2026-01", {"estimate_assigned": 1000},
         {"estimate_council": 999}, {"estimate_council": 1000}, "estimate_council",
         "Ô D11: dự toán xã giao 999 đồng, thấp hơn dự toán tỉnh giao 1.000 đồng (ô C11).",
         line="xa_thu.A"),
    Case("land_central_share", "kbnn_thu_nsnn_chi_tiet", "2026-01",
         {"outturn_cumulative": 1000}, {"central_cumulative": 160}, {"central_cumulative": 150},
         "central_cumulative",
         "Ô F24: “Tiền sử dụng đất”, ngân sách trung ương hưởng 160; 15% của 1.000 (ô E24) "
         "là 150.", unit="KBNN", line="kbnn.I.11"),
    Case("salary_share_of_this_year", "ns02_nguon_cai_cach_tien_luong", "2026-Q1", {},
         {"outturn_cumulative": 60}, {"outturn_cumulative": 70}, "outturn_cumulative",
         "Ô D21: 60; 70% của 100 (ô D20) là 69,65 đến 70,35.",
         unit="STC", line="salary.V", more={"salary.IV.3": {"outturn_cumulative": 100}}),
    Case("salary_share_of_last_year", "ns02_nguon_cai_cach_tien_luong", "2026-Q1", {},
         {"estimate_assigned": 60}, {"estimate_assigned": 70}, "estimate_assigned",
         "Ô C13: 60; 70% của 100 (ô C19) là 69,65 đến 70,35.",
         unit="STC", line="salary.I.3", more={"salary.IV.2": {"estimate_assigned": 100}}),
    Case("salary_saving", "ns02_nguon_cai_cach_tien_luong", "2026-Q1", {},
         {"outturn_cumulative": 9}, {"outturn_cumulative": 10}, "outturn_cumulative",
         "Ô D11: 9; 10% của 100 (ô D18) là 9,95 đến 10,05.",
         unit="STC", line="salary.I.1", more={"salary.IV.1": {"outturn_cumulative": 100}}),
    Case("supplement_route", "ns04_de_nghi_bo_sung_kinh_phi", "2026-Q1",
         {"dossier_no": "1/TTr", "request_field": "Lĩnh vực khác"}, {"lead_unit_code": "SKHCN"},
         {"lead_unit_code": "STC"}, "lead_unit_code",
         "Ô G11 ghi nơi nhận “SKHCN”; lĩnh vực “Lĩnh vực khác” (ô F11) gửi Sở Tài chính."),
    Case("arrears_nil", "ns03_du_phong_chuyen_nguon", "2026-Q1", {}, {"closing": 12},
         {"closing": 0}, "closing",
         "Ô G12: “Nợ lương, phụ cấp và các khoản có tính chất lương” còn 12 triệu đồng cuối "
         "kỳ.", line="reserve.3"),
    Case("treasury_online", "chi_tieu_quy", "2026-Q1", {}, {"level": Decimal("99.4")},
         {"level": 100}, "level",
         "Ô C10: 99,4% hồ sơ chi gửi qua dịch vụ công trực tuyến Kho bạc Nhà nước, chưa đạt "
         "100%.", unit="KBNN", severity="info",
         line="quarterly.treasury_online_dossier_rate"),
    Case("petitions_within_received", "chi_tieu_thang", "2026-03", {}, {"cumulative": 42},
         {"cumulative": 40}, "cumulative",
         "Ô D14: đã trả lời đúng hạn 42 kiến nghị, nhiều hơn 40 kiến nghị đã tiếp nhận (ô "
         "D13).", unit="VPUBND",
         line="monthly.commune_petitions_answered_on_time",
         more={"monthly.commune_petitions_received": {"cumulative": 40}}),
    Case("petitions_answered", "chi_tieu_thang", "2026-01", {}, {"level": 37}, {"level": 40},
         "level",
         "Ô C14: trả lời đúng hạn 37 kiến nghị trong 40 kiến nghị đã tiếp nhận (ô C13); hạn "
         "trả lời 30/01/2026.", unit="VPUBND", severity="info",
         line="monthly.commune_petitions_answered_on_time",
         more={"monthly.commune_petitions_received": {"level": 40}}),
    Case("target_due_said", "giao_chi_tieu", "2026",
         {"indicator_code": "grdp", "data_unit_code": "20", "measure": "Mức", "value": 10}, {},
         {"due_date": date(2026, 12, 31)}, "due_date",
         "Ô L10: chỉ tiêu ở dòng này chưa ghi thời hạn; được hiểu là hết năm.",
         unit="STC", severity="info"),
]  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Sent, list[Finding]]]:
    """All cases in one batch a form: what each sent wrongly, and what its rule finds in what was
    wrong (submission 1) and what was right (submission 2)."""
    answers = {}
    for form in sorted({case.form for case in CASES}):
        cases = [case for case in CASES if case.form == form]
        pairs = []
        for case in cases:
            pair = []
            for name, typed in (("wrong", case.wrong), ("right", case.right)):
                rows = {case.line: {**case.row, **typed}, **case.more}
                folder = tmp_path_factory.mktemp(name)
                pair.append(sent(folder, form, case.unit, case.period, rows))
            pairs.append(pair)
        findings = all_found(date(2027, 1, 2), *(each for pair in pairs for each in pair))
        for place, (case, pair) in enumerate(zip(cases, pairs, strict=True)):
            numbers = {2 * place + 1: 1, 2 * place + 2: 2}
            answers[case.rule] = (
                pair[0],
                [
                    replace(f, submission_no=numbers[f.submission_no or 0])
                    for f in findings
                    if f.rule == case.rule and f.submission_no in numbers
                ],
            )
    return answers


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_what_breaks_a_rule_is_said_at_its_cell_and_what_obeys_it_is_not(
    case: Case, judged: dict[str, tuple[Sent, list[Finding]]]
) -> None:
    form, findings = judged[case.rule]
    at = f"{form.read.sheet}!{form.at[case.line, case.at]}"
    assert [(f.submission_no, f.cell_ref) for f in findings] == [(1, at)]
    [finding] = findings
    assert finding.message == case.message
    assert (finding.severity, at in finding.cells) == (case.severity, True)
    assert "{" not in finding.fix + (finding.expected or "")


def test_every_rule_on_a_form_has_a_case() -> None:
    floors = {
        "floor_all_groups", "floor_completed", "floor_new_start", "floor_ongoing",
        "disbursement_started",
    }  # fmt: skip
    assert {rule.id for rule in all_rules() if rule.form} == {c.rule for c in CASES} | floors
