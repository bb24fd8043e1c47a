"""`kho check --home`: a file is held against what its sender sent that home before."""

from __future__ import annotations

import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from plan_books import Typed, sent

from orchestration.check import check_files
from warehouse.home import Home
from warehouse.ledger import Ledger, Receipt

UNIT, NOW = "06463", datetime(2026, 7, 10, 8, 0)


def month(folder: Path, key: str, cumulative: str) -> Path:
    row: Typed = {
        "project_code": "7000001", "project_name": "Đường số 1", "stage_group": "Chuyển tiếp",
        "source_code": "Xổ số kiến thiết", "plan_year": Decimal(10000), "plan_extended": Decimal(0),
        "disbursed": Decimal(0), "disbursed_cumulative": Decimal(cumulative),
    }  # fmt: skip
    sent(folder, "giai_ngan_du_an", UNIT, key, [row])
    return folder / f"giai_ngan_du_an-{UNIT}-{key}.xlsx"


def home_that_received(root: Path, path: Path) -> Home:
    home = Home(root)
    home.create()
    sha = "ab" * 32
    home.archived(sha).parent.mkdir(parents=True)
    shutil.copy(path, home.archived(sha))
    receipt = Receipt(1, f"{UNIT}/a.xlsx", sha, 1, UNIT, "2026-06-10 02:00:00")
    Ledger(home.ledger).add_receipts([receipt])
    return home


def test_a_file_is_held_against_what_its_sender_sent_before(tmp_path: Path) -> None:
    home = home_that_received(tmp_path / "home", month(tmp_path, "2026-05", "4000"))
    june = month(tmp_path, "2026-06", "3500")
    [alone] = check_files([june], NOW)
    assert [finding["rule"] for finding in alone["findings"]] == []
    assert alone["not_checked"] == (
        "Chưa đối chiếu với các kỳ trước và với số liệu của đơn vị khác."
    )
    [answer] = check_files([june], NOW, home)
    [fallen] = [f for f in answer["findings"] if f["rule"] == "not_falling"]
    assert (fallen["cell"], fallen["message"]) == (
        "M11", "Ô M11: lũy kế tháng 6/2026 (3.500) thấp hơn tháng 5/2026 (4.000)."
    )  # fmt: skip
    assert answer["not_checked"] == "Chưa đối chiếu với số liệu của biểu khác và đơn vị khác."


def test_what_came_after_the_moment_is_not_known_yet(tmp_path: Path) -> None:
    home = home_that_received(tmp_path / "home", month(tmp_path, "2026-05", "4000"))
    june = month(tmp_path, "2026-06", "3500")
    [answer] = check_files([june], datetime(2026, 6, 1), home)
    assert answer["findings"] == []


def test_floors_are_looked_at_once_their_day_has_passed(tmp_path: Path) -> None:
    june = month(tmp_path, "2026-06", "1000")
    [before] = check_files([june], datetime(2026, 6, 30))
    [after] = check_files([june], NOW)
    assert [f["rule"] for f in before["findings"]] == []
    assert [f["rule"] for f in after["findings"]] == ["floor_ongoing"]
