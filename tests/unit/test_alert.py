"""The team is told of a failed run once, by a real server, or finds the mail in the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.alert import AlertLedger, Failure, alert_mail, alert_team
from tests.unit.mail_home import MailServer, Pauses, outbox, publish, settings
from warehouse.home import Home
from warehouse.mailbook import MailBook

AT = datetime(2026, 11, 26, 2, 10)
FAILED = Failure(
    "run-1", AT, ("IO Error: no space left\nTraceback",), ("dbt_facts",), ("no_rule_raised",)
)
TEAM = "kho-doi@stc.example"


@pytest.fixture
def server() -> Iterator[MailServer]:
    started = MailServer()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_the_team_is_told_what_failed_and_what_stays_and_only_once(
    server: MailServer, home: Home
) -> None:
    publish(home, "2026-11-25 02:00:00", ())
    with home.locked():  # the next night may be running
        assert alert_team(home, settings(server.port), FAILED) == "sent"
        assert alert_team(home, settings(server.port), FAILED) is None
    assert server.recipients == [[TEAM]]
    assert server.subjects == [
        "Kho Xứ Lạng: lần dựng kho lúc 02 giờ 10 phút, ngày 26 tháng 11 năm 2026 không hoàn thành"
    ]
    text = server.taken[0].get_content()
    for line in (
        "không hoàn thành. Bản đang phát hành được giữ nguyên.",
        "Bước lỗi: Dựng bảng số liệu (dbt_facts)",
        "Cổng kiểm tra chặn: no_rule_raised",
        "Nguyên nhân: IO Error: no space left",
        "Lần chạy: run-1",
    ):
        assert line in text
    assert not outbox(home)


def test_home_without_a_build_says_so() -> None:
    assert "Chưa có bản phát hành nào." in alert_mail(FAILED, False).get_content()


def test_server_that_is_down_is_tried_again_and_the_mail_stays_in_the_outbox(home: Home) -> None:
    pauses = Pauses()
    said = settings(9, mail_tries=3, mail_pause_seconds=20)  # nobody listens there
    assert alert_team(home, said, FAILED, pauses) == "in the outbox"
    assert pauses.seconds == [20, 40]
    assert len(outbox(home)) == 1
    assert MailBook(AlertLedger(home.ledger)).unsent() == []


def test_simulated_home_mails_nobody(server: MailServer, home: Home) -> None:
    publish(home, "2026-11-25 02:00:00", (), is_simulated=True)
    assert alert_team(home, settings(server.port), FAILED) == "in the outbox"
    assert server.taken == []


def test_cause_is_one_line_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHO_SFTP_PASSWORD", "bi-mat-7f3a")
    cause = "cannot log in with bi-mat-7f3a\r\nBcc: stranger@example\r\n"
    message = alert_mail(Failure("r", AT, (cause,)), True)
    assert "bi-mat" not in message.get_content()
    assert message["Bcc"] is None
    lines = [line for line in message.get_content().splitlines() if "Nguyên nhân" in line]
    assert len(lines) == 1 and "***" in lines[0]
