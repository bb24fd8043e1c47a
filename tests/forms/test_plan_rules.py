"""Plan and law rules on one form: the sentence at its cell, and silence where obeyed.

Each test sends a form's own template with a few rows typed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from plan_books import Sent, Typed, found, sent

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
