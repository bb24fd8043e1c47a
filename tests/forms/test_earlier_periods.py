"""What a report says of earlier periods, against what was accepted for them: figures stated again,
and ratios to last month and last year. Real templates, filled as the simulation fills them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from filled_templates import filler
from plan_books import CONTRACTS, Sent, all_found, typed_in

from expectations.findings import Finding
from expectations.numbers import vietnamese
from ingest.template_values import Key, Value


def report(
    folder: Path, form: str, unit: str, period: str, changed: dict[Key, Value] | None = None
) -> Sent:
    values = filler().values(CONTRACTS[form], unit, period)
    return typed_in(folder, form, unit, period, values | (changed or {}))


def of_last(rule: str, *reports: Sent) -> list[Finding]:
    return [
        f for f in all_found(None, *reports) if f.rule == rule and f.submission_no == len(reports)
    ]


def cell(finding: Finding) -> str:
    return (finding.cell_ref or "").rpartition("!")[2]


# --- stated again -----------------------------------------------------------------------------

TRADE, AGENCY = "kim_ngach_cua_khau", "HQ6"
GATE = "gate.G.HN.TT"


def trade(folder: Path, month: str, changed: dict[Key, Value] | None = None) -> Sent:
    return report(folder, TRADE, AGENCY, month, changed)


def test_last_month_stated_again_as_it_was_accepted(tmp_path: Path) -> None:
    assert all_found(None, trade(tmp_path, "2026-03"), trade(tmp_path, "2026-04")) == []


def test_last_month_stated_again_otherwise(tmp_path: Path) -> None:
    march = trade(tmp_path, "2026-03")
    april = trade(tmp_path, "2026-04", {(1, GATE, "previous_export"): Decimal("12.5")})
    [found] = of_last("restated", march, april)
    stood = march.at[GATE, "month_export"]
    said = filler().values(CONTRACTS[TRADE], AGENCY, "2026-03")[1, GATE, "month_export"]
    assert isinstance(said, Decimal)
    at = april.at[GATE, "previous_export"]
    assert found.message == (
        f"Ô {at}: 12,5; báo cáo tháng 3/2026 đã ghi {vietnamese(said)} (ô {stood})."
    )
    assert (cell(found), found.severity, found.value, found.expected) == (
        at, "warning", "12,5", vietnamese(said)
    )  # fmt: skip
    assert found.fix.startswith("Đề nghị đối chiếu với báo cáo tháng 3/2026;")


def test_what_was_held_is_no_past_to_restate(tmp_path: Path) -> None:
    wrong = {(1, GATE, "month_export"): "khoảng 12"}
    april = trade(tmp_path, "2026-04", {(1, GATE, "previous_export"): Decimal("12.5")})
    assert of_last("restated", trade(tmp_path, "2026-03", wrong), april) == []


def test_a_quarter_that_does_not_open_with_what_the_last_one_left(tmp_path: Path) -> None:
    form, line = "ns03_du_phong_chuyen_nguon", "reserve.1"
    before = report(tmp_path, form, "STC", "2026-Q1")
    after = report(tmp_path, form, "STC", "2026-Q2")
    assert all_found(None, before, after) == []
    opens = filler().values(CONTRACTS[form], "STC", "2026-Q2")[1, line, "opening"]
    assert isinstance(opens, Decimal)
    other = report(tmp_path / "b", form, "STC", "2026-Q2", {(1, line, "opening"): opens + 7})
    [found] = of_last("restated", before, other)
    assert found.message == (
        f"Ô {other.at[line, 'opening']}: {vietnamese(opens + 7)}; báo cáo quý I năm 2026 đã ghi "
        f"{vietnamese(opens)} (ô {before.at[line, 'closing']})."
    )


def test_an_estimate_that_has_become_final_is_only_said(tmp_path: Path) -> None:
    form, unit = "tong_muc_ban_le", "TKT"
    march = report(tmp_path, form, unit, "2026-03")
    repeated = filler().values(CONTRACTS[form], unit, "2026-04")
    place = next(key for key in repeated if key[2] == "previous")
    final = {place: Decimal(str(repeated[place])) + 1}
    [found] = of_last("restated", march, report(tmp_path, form, unit, "2026-04", final))
    assert found.severity == "info"


# --- ratios to earlier periods ----------------------------------------------------------------


def test_ratios_that_follow_from_both_months(tmp_path: Path) -> None:
    assert all_found(None, *(trade(tmp_path, m) for m in ("2025-11", "2025-12", "2026-11"))) == []


def test_ratio_to_the_same_month_of_last_year_that_does_not_follow(tmp_path: Path) -> None:
    year_ago = trade(tmp_path, "2025-11")
    wrong = trade(tmp_path, "2026-11", {(1, GATE, "to_last_year"): Decimal(250)})
    [found] = of_last("ratio_to_earlier", year_ago, wrong)
    at, now = wrong.at[GATE, "to_last_year"], wrong.at[GATE, "month_total"]
    assert cell(found) == at and found.severity == "warning"
    assert [each.rpartition("!")[2] for each in found.cells] == [at, now]
    then = year_ago.at[GATE, "month_total"]
    assert found.message.startswith(f"Ô {at}: 250; số liệu ô {now} (")
    assert "so với tháng 11/2025 (" in found.message and f", ô {then}) được " in found.message
    # without the month of last year nothing can be said
    assert of_last("ratio_to_earlier", wrong) == []
