"""Rules over a table and between periods: the sentence at its cell, and silence where obeyed.

The form is all_rules.yml; each test reads real workbooks of one or more months of one unit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from form_books import TEST_CONTRACTS, Form, Mail, Value, judge_mails, read_book

from expectations.breaches import Forgiven
from expectations.findings import Finding, counted_only
from ingest.contract import read_contract

CONTRACT = read_contract(Path(__file__).with_name("all_rules.yml"))
TEST_CONTRACTS[CONTRACT.code_on_paper] = CONTRACT
PARTS = 6
TOTAL, FIRST = 0, 1
# the rules that are tested here, for test_sentences.py to know
RULES = {
    "formula", "within", "not_falling", "adds_up", "not_stale", "jump", "magnitude", "date_unknown",
    "jump_out_of_season", "restated", "ratio_to_earlier", "rounded_apart", "rounded_apart_since",
    "rounded_total", "rounded_formula", "rounded_cumulative",
}  # fmt: skip

Change = Callable[[list[dict[str, Value]]], None]


def month_of(number: int, change: Change | None = None) -> Form:
    """Month `number` of 2026, right in itself and after the month before it. Data from row 12."""
    form = Form("TH-01", sender="STC", period=f"tháng {number}/2026", index_row=True)
    for place, row in enumerate(form.rows):
        count = PARTS if place == TOTAL else 1
        added = sum(10 + each for each in range(1, number + 1))
        row |= {
            "plan": 1000 * count,
            "month": (10 + number) * count,
            "cumulative": added * count,
            "ratio": round(added / 10, 2),
            "started": "15/01/2026",
        }
    if change is not None:
        change(form.rows)
    return form


def judged(folder: Path, *forms: Form, forgiven: Forgiven | None = None) -> list[Finding]:
    """Findings on the last of the months, all of them in one pull."""
    files = [
        ("STC", f"STC/{number}.xlsx", read_book(folder / f"{number}.xlsx", [form], [CONTRACT]))
        for number, form in enumerate(forms)
    ]
    [submissions], [findings] = judge_mails([Mail(files)], [CONTRACT], forgiven)
    last = submissions[-1].submission_no
    return [finding for finding in findings if finding.submission_no == last]


def said(findings: list[Finding]) -> list[tuple[str, str, str | None]]:
    return [(f.rule, f.message, f.cell_ref and f.cell_ref.rpartition("!")[2]) for f in findings]


def only(findings: list[Finding], *rules: str) -> list[Finding]:
    return [finding for finding in findings if finding.rule in rules]


def part(field: str, value: Value) -> Change:
    def change(rows: list[dict[str, Value]]) -> None:
        rows[FIRST][field] = value

    return change


def moved(field: str, by: float, ratio: float | None = None) -> Change:
    """The first part and the total move alike, so that the table still adds up."""

    def change(rows: list[dict[str, Value]]) -> None:
        for place in (FIRST, TOTAL):
            old = rows[place][field]
            assert isinstance(old, int | float)
            rows[place][field] = old + by
            plan = rows[place]["plan"]
            total = rows[place]["cumulative"]
            assert isinstance(plan, int | float) and isinstance(total, int | float)
            rows[place]["ratio"] = round(total / plan * 100, 2)
        if ratio is not None:
            rows[FIRST]["ratio"] = ratio

    return change


def test_months_that_follow_each_other_bring_nothing(tmp_path: Path) -> None:
    assert said(judged(tmp_path, month_of(1), month_of(2), month_of(3))) == []


def test_ratio_that_does_not_follow(tmp_path: Path) -> None:
    [found] = judged(tmp_path, month_of(1, part("ratio", 2.5)))
    assert found.message == "Ô E13: 2,5; tính D13/B13 × 100 được 1,04948 đến 1,15058."
    assert found.cells == ("TH-01!E13", "TH-01!D13", "TH-01!B13")
    assert (found.rule, found.severity, found.fix) == (
        "formula", "error", "Đề nghị rà soát D13, B13."
    )  # fmt: skip


def test_ratio_without_a_plan_is_not_looked_at(tmp_path: Path) -> None:
    def change(rows: list[dict[str, Value]]) -> None:
        rows[FIRST]["plan"] = "-"
        rows[TOTAL]["plan"] = 5000
        rows[TOTAL]["ratio"] = 1.32

    findings = judged(tmp_path, month_of(1, change))
    assert [f.rule for f in findings] == ["within"]  # paid without a plan is said


def test_more_disbursed_than_planned(tmp_path: Path) -> None:
    def change(rows: list[dict[str, Value]]) -> None:
        rows[FIRST]["plan"], rows[TOTAL]["plan"] = 9, 5009
        rows[FIRST]["ratio"], rows[TOTAL]["ratio"] = 122, 1.32

    [found] = judged(tmp_path, month_of(1, change))
    assert said([found]) == [("within", "Ô D13: 11, lớn hơn “Kế hoạch năm” (9) ở ô B13.", "D13")]
    assert found.cells == ("TH-01!D13", "TH-01!B13")


def test_cumulative_that_falls(tmp_path: Path) -> None:
    month = month_of(3, moved("cumulative", -30))
    assert (
        "not_falling",
        "Ô D13: lũy kế tháng 3/2026 (6) thấp hơn tháng 2/2026 (23).",
        "D13",
    ) in said(judged(tmp_path, month_of(2), month))


def test_cumulative_may_start_anew_in_january(tmp_path: Path) -> None:
    december = month_of(12)
    january = Form("TH-01", sender="STC", period="tháng 1/2027", rows=month_of(1).rows)
    assert [f.rule for f in judged(tmp_path, december, january)] == []


def test_cumulative_that_is_not_the_months_added(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1), month_of(2, moved("cumulative", 5)))
    assert [f.rule for f in found] == ["adds_up", "adds_up"]
    assert found[1].message == (
        "Ô D13: lũy kế 28; lũy kế kỳ trước 11 cộng số trong kỳ (ô C13) được 22 đến 24."
    )


def test_first_month_is_its_own_cumulative(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1, moved("cumulative", 5)))
    assert {f.rule for f in found} == {"adds_up"}


def test_a_missing_month_between_is_not_held_against_the_next(tmp_path: Path) -> None:
    assert said(judged(tmp_path, month_of(1), month_of(4))) == []


def uneven(number: int) -> Change:
    """In month `number` every source has another figure."""

    def change(rows: list[dict[str, Value]]) -> None:
        for place, row in enumerate(rows[1:]):
            for field, months in (("month", 1), ("cumulative", number)):
                for changed in (row, rows[TOTAL]):
                    old = changed[field]
                    assert isinstance(old, int | float)
                    changed[field] = old + place * months
        for row in rows:
            total, plan = row["cumulative"], row["plan"]
            assert isinstance(total, int | float) and isinstance(plan, int)
            row["ratio"] = round(total / plan * 100, 2)

    return change


def in_month(number: int, rows: list[dict[str, Value]]) -> Form:
    return Form("TH-01", sender="STC", period=f"tháng {number}/2026", rows=rows)


def test_a_table_sent_again_of_any_earlier_month(tmp_path: Path) -> None:
    january, february = month_of(1, uneven(1)), month_of(2, uneven(2))
    again = in_month(2, january.rows)
    [found] = only(judged(tmp_path, january, again), "not_stale")
    assert said([found]) == [
        ("not_stale", "Số liệu tháng 2/2026 trùng hoàn toàn tháng 1/2026.", "C12")
    ]
    assert (found.severity, found.fix) == ("error", "Đề nghị gửi đúng số liệu của tháng 2/2026.")
    months = january, february, in_month(3, january.rows)
    assert said(only(judged(tmp_path, *months), "not_stale")) == [
        ("not_stale", "Số liệu tháng 3/2026 trùng hoàn toàn tháng 1/2026.", "C12")
    ]
    # a copy of a copy is still one of January, the only one that was accepted
    twice = january, again, in_month(3, january.rows)
    assert said(only(judged(tmp_path, *twice), "not_stale")) == [
        ("not_stale", "Số liệu tháng 3/2026 trùng hoàn toàn tháng 1/2026.", "C12")
    ]


def test_a_copy_of_a_month_that_is_held_but_for_what_is_wrong_there(tmp_path: Path) -> None:
    february = month_of(2, uneven(2))
    copy = in_month(3, [dict(row) for row in february.rows])
    february.rows[TOTAL]["month"] = 1000
    assert said(only(judged(tmp_path, month_of(1, uneven(1)), february, copy), "not_stale")) == [
        ("not_stale", "Số liệu tháng 3/2026 trùng hoàn toàn tháng 2/2026.", "C12")
    ]


def test_one_figure_that_differs_is_no_copy(tmp_path: Path) -> None:
    january = month_of(1, uneven(1))
    again = in_month(2, [dict(row) for row in january.rows])
    again.rows[FIRST]["month"] = 12
    assert only(judged(tmp_path, january, again), "not_stale") == []


def test_few_different_figures_may_well_be_the_same_again(tmp_path: Path) -> None:
    # all sources have one figure, their total another
    assert only(judged(tmp_path, month_of(1), in_month(2, month_of(1).rows)), "not_stale") == []


def test_a_month_in_which_nothing_came_is_no_copy(tmp_path: Path) -> None:
    def idle(rows: list[dict[str, Value]]) -> None:
        uneven(1)(rows)
        for row in rows:
            row["month"] = 0

    january, idle_month = month_of(1, uneven(1)), in_month(2, month_of(1, idle).rows)
    assert said(judged(tmp_path, january, idle_month)) == []
    march = in_month(3, [dict(row) for row in idle_month.rows])
    assert said(judged(tmp_path, january, idle_month, march)) == []


@pytest.mark.parametrize(
    ("times", "rule", "severity", "message"),
    [
        (1000, "magnitude", "error", "Ô C13: 12.000, gấp khoảng 1.091 lần tháng 1/2026 (11)."),
        (40, "jump", "warning", "Ô C13: 480, gấp khoảng 44 lần tháng 1/2026 (11)."),
    ],
)
def test_figure_many_times_the_last(
    tmp_path: Path, times: int, rule: str, severity: str, message: str
) -> None:
    found = judged(tmp_path, month_of(1), month_of(2, part("month", 12 * times)))
    [one] = [f for f in found if f.rule in ("magnitude", "jump")]
    assert said([one]) == [(rule, message, "C13")]
    assert one.severity == severity


def test_figure_twice_the_last_is_no_jump(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1), month_of(2, part("month", 24)))
    assert not {f.rule for f in found} & {"magnitude", "jump"}


def test_text_that_is_no_date(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1, part("started", "giữa tháng 1")))
    assert said(found) == [("date_unknown", "Ô F13 ghi “giữa tháng 1”, không phải ngày.", "F13")]
    assert found[0].fix == "Đề nghị nhập lại ngày ở cột “Ngày bắt đầu”."


# --- against what was accepted, and against the seasons -------------------------------------------


def month_in(year: int, number: int, change: Change | None = None) -> Form:
    """Month `number` of another year, with the figures of that month of 2026."""
    form = month_of(number, change)
    return Form("TH-01", sender="STC", period=f"tháng {number}/{year}", rows=form.rows,
                index_row=True)  # fmt: skip


def test_a_figure_is_held_against_the_last_accepted_month_not_the_last_received(
    tmp_path: Path,
) -> None:
    # February is a thousand times too large, and held; March is as January was
    wrong = month_of(2, part("month", 12_000))
    assert only(judged(tmp_path, month_of(1), wrong, month_of(3)), "jump", "magnitude") == []
    # and what jumps from January jumps, whatever February said
    found = judged(tmp_path, month_of(1), wrong, month_of(3, part("month", 600)))
    assert said(only(found, "jump", "magnitude")) == [
        ("jump", "Ô C13: 600, gấp khoảng 55 lần tháng 1/2026 (11).", "C13")
    ]


def test_what_people_have_accepted_is_a_measure_all_the_same(tmp_path: Path) -> None:
    wrong = month_of(2, part("month", 12_000))
    found = judged(tmp_path, month_of(1), wrong, month_of(3), forgiven=lambda _: True)
    assert said(only(found, "magnitude")) == [
        ("magnitude", "Ô C13: 13, chỉ bằng khoảng 1/923 tháng 2/2026 (12.000).", "C13")
    ]


def test_a_cell_in_doubt_is_no_measure_for_the_next_month(tmp_path: Path) -> None:
    wrong = month_of(2, moved("cumulative", 5))
    assert said(judged(tmp_path, month_of(1), wrong, month_of(3))) == []


def more(by: float) -> Change:
    """More in the month, with all that follows from it."""

    def change(rows: list[dict[str, Value]]) -> None:
        moved("month", by)(rows)
        moved("cumulative", by)(rows)

    return change


def test_a_unit_line_typed_wrong_does_not_make_the_next_month_look_too_small(
    tmp_path: Path,
) -> None:
    january = month_of(1)
    january.cells = {"E8": "Đơn vị tính: Tỷ đồng"}
    assert said(judged(tmp_path, january, month_of(2))) == []
    february = month_of(2)
    february.cells = {"E8": "Đơn vị tính: Tỷ đồng"}
    found = only(judged(tmp_path, month_of(1), february), "magnitude")
    assert "Ô C13: 12.000 (ô ghi “12”), gấp khoảng 1.091 lần tháng 1/2026 (11)." in {
        finding.message for finding in found
    }


def test_where_nothing_was_accepted_what_was_received_still_tells_the_size(tmp_path: Path) -> None:
    # the sheet of January says January above and February in its title: held, of no sure period
    january = month_of(1)
    january.cells = {"A7": "Kỳ báo cáo: tháng 2/2025"}
    held = judged(tmp_path, january)
    assert {finding.severity for finding in held} == {"error"}
    found = judged(tmp_path, january, month_of(2, part("month", 12_000)))
    assert ("magnitude", "C13") in [(f.rule, f.cell_ref and f.cell_ref[-3:]) for f in found]


def test_growth_that_came_last_year_too_is_no_jump(tmp_path: Path) -> None:
    eight_times = more(76)
    last_year = month_in(2025, 1), month_in(2025, 2, eight_times)
    found = judged(tmp_path, *last_year, month_of(1), month_of(2, eight_times))
    assert only(found, "jump") == []
    [alone] = only(judged(tmp_path, month_of(1), month_of(2, eight_times)), "jump")
    assert alone.message == "Ô C13: 88, gấp khoảng 8 lần tháng 1/2026 (11)."


def test_growth_that_did_not_come_as_last_year(tmp_path: Path) -> None:
    last_year = month_in(2025, 1), month_in(2025, 2)
    found = judged(tmp_path, *last_year, month_of(1), month_of(2, part("month", 48)))
    [jump] = only(found, "jump")
    assert said([jump]) == [(
        "jump",
        "Ô C13: 48, gấp khoảng 4 lần mức theo mùa vụ (vào khoảng 12: tháng 1/2026 11; "
        "năm trước từ 11 thành 12).",
        "C13",
    )]  # fmt: skip
    assert (jump.severity, jump.expected) == ("warning", "Vào khoảng 12")
    assert jump.fix == "Đề nghị kiểm tra lại hoặc giải trình."
    assert only(judged(tmp_path, month_of(1), month_of(2, part("month", 48))), "jump") == []
    within = judged(tmp_path, *last_year, month_of(1), month_of(2, part("month", 30)))
    assert only(within, "jump") == []


# --- within rounding ------------------------------------------------------------------------------


def rounded(rows: list[dict[str, Value]]) -> None:
    """Parts of half a unit each, printed as 11: their total may well be 63 instead of 66."""
    rows[TOTAL]["month"], rows[TOTAL]["cumulative"], rows[TOTAL]["ratio"] = 64, 64, 1.07


def test_a_total_that_differs_by_rounding_is_said_for_information(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1, rounded))
    assert {f.severity for f in found} == {"info"} and {f.rule for f in found} == {"rounded_apart"}
    assert said(found) == [
        ("rounded_apart", f"Ô {cell}: tổng 64; các dòng cộng được 66, chênh lệch trong phạm vi làm "
         "tròn (63 đến 69).", cell)
        for cell in ("C12", "D12")
    ]  # fmt: skip
    assert found[0].cells[0] == "TH-01!C12" and len(found[0].cells) == 1 + PARTS
    assert found[0].fix == "Không phải chỉnh sửa."
    assert set(counted_only()) >= {"rounded_apart", "rounded_apart_since"}


def test_a_total_beyond_rounding_is_an_error(tmp_path: Path) -> None:
    def beyond(rows: list[dict[str, Value]]) -> None:
        rounded(rows)
        rows[TOTAL]["month"] = rows[TOTAL]["cumulative"] = 62
        rows[TOTAL]["ratio"] = 1.03

    found = judged(tmp_path, month_of(1, beyond))
    assert {(f.rule, f.severity) for f in found} == {("totals", "error")}


def test_a_ratio_and_a_cumulative_figure_that_differ_by_rounding(tmp_path: Path) -> None:
    found = judged(tmp_path, month_of(1, part("ratio", 1.14)))
    assert said(found) == [(
        "rounded_apart", "Ô E13: 1,14; tính D13/B13 × 100 được 1,1, chênh lệch trong phạm vi làm "
        "tròn (1,04948 đến 1,15058).", "E13",
    )]  # fmt: skip

    def one_more(rows: list[dict[str, Value]]) -> None:
        moved("cumulative", 1)(rows)

    found = judged(tmp_path, month_of(1), month_of(2, one_more))
    assert [(f.rule, f.message) for f in found if f.cell_ref == "TH-01!D13"] == [(
        "rounded_apart_since", "Ô D13: lũy kế 24; lũy kế kỳ trước 11 cộng số trong kỳ (ô C13) được "
        "23, chênh lệch trong phạm vi làm tròn (22 đến 24).",
    )]  # fmt: skip


def test_what_a_machine_computed_to_the_last_bit_is_not_said_to_be_rounded(tmp_path: Path) -> None:
    def computed(rows: list[dict[str, Value]]) -> None:
        for row in rows[1:]:
            row["month"] = row["cumulative"] = 36.12345678901
        rows[TOTAL]["month"] = rows[TOTAL]["cumulative"] = 216.74074073408
        for row in rows:
            row["ratio"] = round(row["cumulative"] / row["plan"] * 100, 3)  # type: ignore

    assert said(judged(tmp_path, month_of(1, computed))) == []
