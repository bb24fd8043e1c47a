"""Held, released, held again; corrected until the source is mended; explained while it says so."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.register import register
from orchestration.nightly import nothing_changed
from tests.integration.conftest import (
    FIRST_NIGHT,
    SAMPLES,
    SECOND_NIGHT,
    Built,
    Run,
    change_cell,
    run_kho,
)
from warehouse.acts import ActLedger, Release
from warehouse.home import Home
from warehouse.ledger import Ledger, Receipt

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


def submission_id(home: Path, inbox: Path, path: str, form: str) -> str:
    """The id that a file will have once it is received next in the home."""
    number = len(Ledger(home / "ledger").receipts()) + 1
    content = (inbox / path).read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    receipt = Receipt(number, path, sha, len(content), path.partition("/")[0], "2026-11-23")
    found = register([receipt], {sha: read_submissions(inbox / path)}, all_contracts())
    return next(s.submission_id for s in found if s.read is not None and s.read.form == form)


def test_a_night_with_a_release_and_a_correction(
    copied: Built, inbox: Path, nightly: Nightly
) -> None:
    change_cell(inbox / REVENUE, "LS-02", "C13", "15.97l,5")
    ActLedger(copied.home / "ledger").add(
        [
            Release(
                at="2026-11-22 09:00:00",
                owner="Lê Thị Thử",
                reason="kịp họp ngày 25",
                submission_id=submission_id(copied.home, inbox, REVENUE, "ls02_thu_nsnn"),
                unit_code="STC",
                form_code="ls02_thu_nsnn",
                period_key="2021..2025",
                expires="2026-11-25",
            )
        ]
    )
    run = correct(copied.home, "2026-11-22T10:00")
    assert run.returncode == 0, run.stderr
    assert "Đã ghi sổ: số 2, sửa số liệu, người thực hiện Lê Thị Thử" in run.stdout
    assert not nothing_changed(Home(copied.home), str(SAMPLES), datetime(2026, 11, 22, 12))

    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 0, run.stdout + run.stderr
    assert copied.query(STATUS) == [
        ("superseded", "Đã có bản gửi sau thay thế."),
        (
            "accepted",
            "Được Lê Thị Thử cho phép sử dụng đến hết ngày 25/11/2026: kịp họp ngày 25",
        ),
    ]
    assert copied.query(
        "select cell_ref, message, state from dq_result where severity = 'error' and closed is null"
    ) == [("LS-02!C13", "Ô C13 ghi “15.97l,5”, không phải là số.", "released")]
    [(text, corrected, *_)] = copied.query(TRADE_TOTAL)
    assert (text, corrected) == ("88", "89")
    causes = copied.query("select fact_table, cause from build_change group by all order by all")
    assert causes == [("fct_budget", "release"), ("fct_trade", "correction")]
    assert copied.query("select kind, state from dq_act order by act_no") == [
        ("release", "in_force"),
        ("correction", "in_force"),
    ]
    [(key,)] = copied.query(
        "select fact_key from fct_trade where is_current and corrected_text is not null"
    )
    run = run_kho("trace", str(key), "--home", copied.home)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Chữ trong ô  88" in run.stdout
    assert "“88” sửa thành “89” (việc số 2, Lê Thị Thử, 22/11/2026 10:00)" in run.stdout
    # the last day of the release counts; the day after it does not
    home = Home(copied.home)
    assert nothing_changed(home, str(inbox), datetime(2026, 11, 25, 23))
    assert not nothing_changed(home, str(inbox), datetime(2026, 11, 26, 2))


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
