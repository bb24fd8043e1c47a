"""Nights in a row: nothing new, corrections, bad files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.nightly import nothing_changed
from tests.integration.conftest import (
    FIRST_NIGHT,
    SAMPLES,
    SECOND_NIGHT,
    Built,
    NextNights,
    read_all_facts,
)
from tests.shared import Run, run_kho
from warehouse.history import FACTS
from warehouse.home import Home

Nightly = Callable[[Path, Path, str], Run]


def snapshot(home: Path) -> dict[str, float]:
    """Every file of a home with its time, but for Dagster's own."""
    return {
        str(path.relative_to(home)): path.stat().st_mtime
        for path in home.rglob("*")
        if path.is_file() and "dagster" not in path.parts and path.name not in (".lock",)
    }


def test_second_night_without_news_says_so_and_changes_nothing(
    copied: Built, inbox: Path, nightly: Nightly
) -> None:
    before = snapshot(copied.home)
    run = nightly(copied.home, inbox, "2026-11-23T02:00")
    assert run.returncode == 0
    assert "Không có gì thay đổi" in run.stdout
    assert snapshot(copied.home) == before


def test_a_due_date_that_passed_makes_a_new_build(built: Built) -> None:
    """15/12/2026 is the last day for adjusting the capital plan (QD-CHILANG-2026, II.5)."""
    home = Home(built.home)
    assert nothing_changed(home, str(SAMPLES), datetime(2026, 12, 15, 23, 59))
    assert not nothing_changed(home, str(SAMPLES), datetime(2026, 12, 16, 0, 0))


def test_a_new_file_makes_a_new_build_and_one_taken_away_does_not(
    built: Built, inbox: Path
) -> None:
    home, moment = Home(built.home), datetime(2026, 11, 23, 2)
    (inbox / "HQ6/LS-06_2021-2025.xlsx").unlink()
    assert nothing_changed(home, str(inbox), moment)
    (inbox / "HQ6/moi.xlsx").write_bytes(b"")
    assert not nothing_changed(home, str(inbox), moment)


def test_a_night_with_corrections_and_with_bad_files(built: Built, next_nights: NextNights) -> None:
    """A correction supersedes, each bad file gives one clear finding, the build goes on."""
    before, night = read_all_facts(built.home), next_nights.completed

    errors = night.query(
        "select file, cell_ref, message from dq_result where severity = 'error' and closed is null "
        "order by file"
    )
    assert errors == [
        ("STC/LS-02_LS-03_2021-2025.xlsx", "LS-02!C13", "Ô C13 ghi “15.97l,5”, không phải là số."),
        ("STC/rong.xlsx", None, "Tệp rỗng, không có nội dung."),
        (
            "STC/van_ban.xlsx",
            None,
            "Tệp không phải là bảng tính (nội dung không đúng với định dạng bảng tính).",
        ),
        ("SYT/danh_sach.xlsx", None, "Chưa xác định được biểu mẫu."),
        ("SYT/mat_khau.xlsx", None, "Tệp có mật khẩu."),
    ]
    page = (night.home / "current/reports/STC.html").read_text(encoding="utf-8")
    assert "Ô C13 ghi “15.97l,5”, không phải là số." in page
    statuses = dict(night.query("select status, count(*) from submission group by 1"))
    # LS-03 of the faulty workbook is a submission of its own and supersedes; LS-02 is held, and
    # the LS-02 accepted the night before stays
    assert statuses == {
        "accepted": 33,
        "held": 1,
        "superseded": 3,
        "unreadable": 3,
        "unrecognised": 1,
    }
    after = read_all_facts(night.home)
    corrected = {key for key in after if after[key][:2] != before[key][:2]}
    [trade] = [k for k in before if before[k][1] == "88" and k.startswith("fct_trade")]
    assert trade in corrected
    # beside it only the amounts that come in another unit (test_stated_units.py)
    others = night.query("select fact_key from fct_investment where form_code like 'ls05%'")
    assert corrected - {trade} <= {key for (key,) in others}
    versions = night.query(
        "select value_text, known_from::varchar, known_to::varchar, is_current from fct_trade "
        "where indicator_code = 'trade_crossing_total' and period_key = '2025' order by known_from"
    )
    assert versions == [
        ("88", "2026-11-22 02:00:00", "2026-11-24 02:00:00", False),
        ("89", "2026-11-24 02:00:00", None, True),
    ]
    changes = night.query(
        "select fact_table, change, cause, count(*) from build_change group by all"
    )
    assert sorted(changes) == [
        ("fct_investment", "changed", "submission", 7),
        ("fct_trade", "changed", "submission", 1),
    ]
    # what did we know at noon on 22 November?
    known = night.query(
        "select value_text from fct_trade where known_from <= '2026-11-22 12:00' "
        "and (known_to is null or known_to > '2026-11-22 12:00') "
        "and indicator_code = 'trade_crossing_total' and period_key = '2025'"
    )
    assert known == [("88",)]


def test_facts_as_of_a_night_are_what_that_night_published(
    built: Built, next_nights: NextNights
) -> None:
    later = next_nights.completed
    for fact in FACTS:
        published = built.query(f"select * from {fact} where is_current order by all")
        assert later.query(f"select * from {fact}_as_of('2026-11-22 12:00') order by all") == (
            published
        ), fact
        assert later.query(f"select count(*) from {fact}_as_of('2026-11-21')") == [(0,)]
        assert later.query(f"select * from {fact}_as_of('2026-11-25') order by all") == later.query(
            f"select * from {fact} where is_current order by all"
        )


@pytest.mark.slow
def test_same_input_gives_the_same_build(built: Built, inbox: Path, tmp_path: Path) -> None:
    home = tmp_path / "again"
    run = run_kho("nightly", "--home", home, "--inbox", inbox, "--as-of", FIRST_NIGHT)
    assert run.returncode == 0, run.stderr
    other = Built(home, run.stdout)
    tables = [str(name) for (name,) in built.query(
        "select table_name from duckdb_tables() where schema_name = 'main'"
    )]  # fmt: skip
    assert len(tables) > 20
    for table in tables:
        rows = f"select * from {table} order by all"
        assert other.query(rows) == built.query(rows), table


def test_two_builds_at_once_are_refused(copied: Built, inbox: Path, nightly: Nightly) -> None:
    import fcntl

    with (copied.home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 2
    assert "another build is running" in run.stderr
    assert "Traceback" not in run.stderr


def test_missing_inbox_is_a_sentence(copied: Built, tmp_path: Path, nightly: Nightly) -> None:
    run = nightly(copied.home, tmp_path / "khong_co", SECOND_NIGHT)
    assert run.returncode == 2
    assert "there is no inbox" in run.stderr
    assert "Traceback" not in run.stderr


def test_logs_never_carry_cell_values(built: Built) -> None:
    text = (built.home / "logs/kho.jsonl").read_text(encoding="utf-8")
    assert "published" in text
    for value in ("15.400", "52.201,9", "Tổng thu", "tỷ đồng", "1.275,1"):
        assert value not in text
