"""Where a sheet states another unit, a sentence names all figures in the form's unit, and what the
cell says beside it."""

from __future__ import annotations

from pathlib import Path

from form_books import CONTRACTS, Form, Mail, judge_mails, read_book

MILLIONS = {"projected_2025": ("Năm 2025", "Ước thực hiện (triệu đồng)")}


def totals_said(folder: Path, total: str) -> list[tuple[str, str | None, str]]:
    form = Form("LS-02", sender="STC", headers=MILLIONS)
    for row, amount in zip(form.rows, (total, "3.000.200", "6.000.300"), strict=True):
        row["projected_2025"] = amount
    mail = Mail([("STC", "STC/a.xlsx", read_book(folder / "a.xlsx", [form]))])
    _, [findings] = judge_mails([mail], list(CONTRACTS.values()))
    return [(f.severity, f.cell_ref, f.message) for f in findings if f.rule == "totals"]


def test_total_that_does_not_hold_is_said_in_one_unit(tmp_path: Path) -> None:
    assert totals_said(tmp_path, "9.000.700") == [
        (
            "error",
            "LS-02!E12",
            "Ô E12: tổng 9.000,7 (ô ghi “9.000.700”); các dòng cộng được 9.000,499 đến 9.000,501.",
        )
    ]


def test_total_that_holds_in_the_stated_unit_is_not_said(tmp_path: Path) -> None:
    assert totals_said(tmp_path, "9.000.500") == []
