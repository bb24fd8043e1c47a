"""Held, released, held again; corrected until the source is mended; explained while it says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.nightly import nothing_changed
from tests.integration.conftest import (
    FIRST_NIGHT,
    SAMPLES,
    SECOND_NIGHT,
    AnsweredNight,
    Built,
    Run,
    change_cell,
    run_kho,
)
from warehouse.acts import ActLedger, Reprocess
from warehouse.home import Home

Nightly = Callable[[Path, Path, str], Run]
REVENUE, TRADE = "STC/LS-02_LS-03_2021-2025.xlsx", "HQ6/LS-06_2021-2025.xlsx"
TRADE_TOTAL = (
    "select value_text, corrected_text, quantity, value_usd from fct_trade where is_current "
    "and indicator_code = 'trade_crossing_total' and period_key = '2025'"
)
STATUS = (
    "select status, reason_vi from submission where form_code = 'ls02_thu_nsnn' "
    "order by received_at"
)


def act(*arguments: str, home: Path, at: str) -> Run:
    return run_kho(*arguments, "--home", home, "--as-of", at, "--owner", "Lê Thị Thử")


def correct(home: Path, at: str, value: str = "89") -> Run:
    return act(
        "correct", "LS-06!L17", "--unit", "HQ6", "--form", "ls06_xuat_nhap_khau",
        "--period", "2021..2025", "--expect", "88", "--value", value,
        "--reason", "Hải quan xác nhận qua điện thoại", home=home, at=at,
    )  # fmt: skip


@pytest.mark.libreoffice
def test_a_night_with_a_release_a_correction_and_an_explanation(
    answered_night: AnsweredNight,
) -> None:
    built = answered_night.built
    assert built.query(
        "select status, reason_vi from submission where file_path = 'SYT/LS-01_2021-2025.xlsx' "
        "order by received_at"
    ) == [
        ("superseded", "Đã có bản gửi sau thay thế."),
        (
            "accepted",
            "Được Lê Thị Thử cho phép sử dụng đến hết ngày 27/11/2026: kịp họp ngày 27",
        ),
    ]
    assert built.query(
        "select cell_ref, message, state from dq_result where severity = 'error' "
        "and closed is null and cell_ref is not null"
    ) == [("LS-01!J13", "Ô J13 ghi “9S”, không phải là số.", "released")]
    [(key, text, corrected)] = built.query(
        "select fact_key, value_text, corrected_text from fct_trade where is_current "
        "and corrected_text is not null"
    )
    assert (text, corrected) == ("24", "25")
    # a correction, although the file in force is not the one that first said so
    causes = built.query("select fact_table, cause from build_change group by all order by all")
    assert causes == [
        ("fct_budget", "submission"), ("fct_indicator", "release"), ("fct_trade", "correction"),
    ]  # fmt: skip
    assert built.query(
        "select kind, state from dq_act where owner = 'Lê Thị Thử' order by act_no"
    ) == [
        ("release", "in_force"),
        ("correction", "in_force"),
        ("explanation", "done"),
        ("acceptance", "in_force"),
    ]
    # how each ended, and when: of what was released before it came, on that day
    assert built.query(
        "select unit_code, cell_ref, closed_by, closed_at::varchar, age_days "
        "from mart_quality_open_findings where closed_by in ('release', 'explanation') order by 1"
    ) == [
        ("SYT", "LS-01!J13", "release", "2026-11-25 02:00:00", 0),
        ("TTRA", "LS-01!J39", "explanation", "2026-11-24 11:00:00", 2),
    ]
    run = run_kho("trace", str(key), "--home", built.home)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Chữ trong ô  24" in run.stdout
    assert "“24” sửa thành “25” (việc số 2, Lê Thị Thử, 24/11/2026 10:00)" in run.stdout


@pytest.mark.libreoffice
def test_the_end_of_a_release_makes_a_new_build(answered_night: AnsweredNight) -> None:
    home, inbox = Home(answered_night.built.home), str(answered_night.folder / "inbox")
    assert nothing_changed(home, inbox, datetime(2026, 11, 27, 23))  # its last day counts
    assert not nothing_changed(home, inbox, datetime(2026, 11, 28, 2))


def test_an_act_makes_a_new_build(copied: Built) -> None:
    home, moment = Home(copied.home), datetime(2026, 11, 22, 12)
    assert nothing_changed(home, str(SAMPLES), moment)
    ActLedger(home.ledger).add(
        [Reprocess(at="2026-11-22 09:00:00", owner="Lê Thị Thử", reason="thử", unit_code="STC")]
    )
    assert not nothing_changed(home, str(SAMPLES), moment)


@pytest.mark.slow
def test_held_released_and_held_again_corrected_and_mended(
    tmp_path: Path, nightly: Nightly
) -> None:
    inbox, home = tmp_path / "inbox", tmp_path / "home"
    for path in (REVENUE, TRADE):
        (inbox / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / path, inbox / path)
    built = Built(home, "")
    revenue = "select count(*) from fct_budget where is_current and cell_ref = 'LS-02!C13'"
    assert nightly(home, inbox, FIRST_NIGHT).returncode == 0

    change_cell(inbox / REVENUE, "LS-02", "C13", "15.97l,5")
    assert nightly(home, inbox, SECOND_NIGHT).returncode == 0
    assert [status for status, _ in built.query(STATUS)] == ["accepted", "held"]
    assert built.query(revenue) == [(1,)]  # the last accepted one stays in force

    about = ("--unit", "STC", "--form", "ls02_thu_nsnn", "--period", "2021..2025")
    run = act(
        "release", *about, "--until", "25/11/2026", "--reason", "kịp họp", home=home,
        at="2026-11-23T09:00",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert correct(home, "2026-11-23T09:00").returncode == 0
    again = correct(home, "2026-11-23T09:00", "90")
    assert again.returncode == 2
    assert "Ô này đã có việc sửa số 2; hãy rút lại trước: kho withdraw 2" in again.stderr
    [(finding, said)] = built.query(
        "select finding_key, message from dq_result where severity = 'warning' and closed is null "
        "order by 1 limit 1"
    )
    run = act(
        "explain", str(finding), "--text", "Số đã đối chiếu với Tổng cục", "--accept",
        "--reason", "Công văn số 12", home=home, at="2026-11-23T09:30",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert str(said) in run.stdout
    assert nightly(home, inbox, "2026-11-24T02:00").returncode == 0
    assert [status for status, _ in built.query(STATUS)] == ["superseded", "accepted"]
    assert built.query(revenue) == [(0,)]  # the cell could not be read
    assert built.query(f"select state from dq_result where finding_key = '{finding}'") == [
        ("explained",)
    ]
    assert [row[:2] for row in built.query(TRADE_TOTAL)] == [("88", "89")]
    assert built.query(
        "select distinct closed_by, is_open from mart_quality_open_findings "
        "where closed_by is not null order by 1"
    ) == [("explanation", False), ("release", False)]

    # the release has expired, and the sender has mended what was corrected
    change_cell(inbox / TRADE, "LS-06", "L17", "89")
    run = act("reprocess", "--unit", "STC", "--reason", "thử", home=home, at="2026-11-25T09:00")
    assert run.returncode == 0, run.stderr
    run = nightly(home, inbox, "2026-11-26T02:00")
    failed = (
        "Việc sửa số liệu số 2 không còn được áp dụng: nơi gửi đã sửa, ô LS-06!L17 của tệp "
        f"{TRADE} nay ghi “89”. Đề nghị kiểm tra, rồi rút lại bằng lệnh kho withdraw 2."
    )
    assert run.returncode == 1
    assert failed in run.stderr
    assert [status for status, _ in built.query(STATUS)] == ["accepted", "held"]
    assert built.query(revenue) == [(1,)]
    assert [row[:2] for row in built.query(TRADE_TOTAL)] == [("89", None)]
    assert built.query("select kind, state from dq_act order by act_no") == [
        ("release", "expired"),
        ("correction", "failed"),
        ("explanation", "done"),
        ("acceptance", "in_force"),
        ("reprocess", "done"),
    ]
    listed = run_kho("acts", "--home", home, "--as-of", "2026-11-26T09:00")
    assert "KHÔNG ÁP DỤNG" in listed.stdout and failed in listed.stdout

    # it is said every night until it is withdrawn
    run = nightly(home, inbox, "2026-11-27T02:00")
    assert run.returncode == 1
    assert "Không có gì thay đổi" in run.stdout and failed in run.stderr
    run = act("withdraw", "2", "--reason", "nơi gửi đã sửa", home=home, at="2026-11-27T09:00")
    assert run.returncode == 0, run.stderr
    run = nightly(home, inbox, "2026-11-28T02:00")
    assert run.returncode == 0, run.stderr
    assert failed not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["release", "khongco", "--until", "2026-12-31"],
            "Không có lần gửi khongco trong bản phát hành",
        ),
        (
            ["release", "--unit", "STC", "--form", "ls02_thu_nsnn", "--period", "2021..2025",
             "--until", "2026-12-31"],
            "(STC/LS-02_LS-03_2021-2025.xlsx) không bị tạm giữ",
        ),
        (["release", "x", "--until", "2026-11-21"], "Ngày 21/11/2026 đã qua"),
        (["release", "--until", "2026-12-31"], "Đề nghị ghi mã lần gửi, hoặc đủ --unit"),
        (["release", "x", "--until", "mai"], "“mai” không phải là ngày"),
        (["explain", "khongco", "--accept"], "Không có phát hiện khongco đang mở"),
        (["explain", "khongco"], "Đề nghị ghi --text"),
        (
            ["correct", "L17", "--file", "abc", "--expect", "88", "--value", "89"],
            "“L17” chưa ghi trang tính",
        ),
        (
            ["correct", "LS-06!L17", "--file", "abc", "--expect", "88", "--value", "89"],
            "Không có lần gửi nào của tệp abc trong bản phát hành",
        ),
        (
            ["correct", "LS-06!L17", "--unit", "HQ6", "--form", "ls06_xuat_nhap_khau",
             "--period", "2021..2025", "--expect", "87", "--value", "89"],
            "Ô LS-06!L17 của tệp HQ6/LS-06_2021-2025.xlsx ghi “88”, không phải “87”",
        ),
        (["reprocess"], "Đề nghị ghi ít nhất một trong --unit, --form, --period"),
        (["reprocess", "--form", "b1"], "Không có biểu b1. Các biểu: kho forms"),
        (["reprocess", "--unit", "99999"], "Không có đơn vị nào mang mã 99999"),
        (["withdraw", "7"], "Trong sổ không có việc số 7"),
    ],
)  # fmt: skip
def test_an_act_about_what_is_not_there_is_refused_in_a_sentence(
    built: Built, arguments: list[str], sentence: str
) -> None:
    from click.testing import CliRunner

    from orchestration.cli import main

    run = CliRunner().invoke(
        main,
        [*arguments, "--reason", "thử", "--home", str(built.home), "--as-of", "2026-11-22T12:00"],
    )
    assert run.exit_code == 2, run.output
    assert sentence in run.output
    assert not (built.home / "ledger" / "acts.jsonl").exists()
