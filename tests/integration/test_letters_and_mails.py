"""Letters of a real build, and its mails: after the publish, and on a night without news."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import dagster as dg
import pytest

from orchestration import schedules
from tests.integration.conftest import FIRST_NIGHT, SAMPLES, SECOND_NIGHT, Built, run_kho
from tests.unit.mail_home import MailServer


def mail_acts(home: Path) -> list[dict[str, object]]:
    lines = (home / "ledger" / "mail.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_sender_has_a_letter_for_every_period_and_a_mail_in_the_outbox(built: Built) -> None:
    sent = built.query("select distinct reporter_unit_code, period_key from submission")
    letters = built.home / "current" / "reports" / "letters"
    listed = json.loads((letters / "letters.json").read_text(encoding="utf-8"))
    assert {(line["unit_code"], line["period_key"]) for line in listed} == set(sent)
    assert len(list(letters.glob("*.pdf"))) == len(sent)
    mails = [
        message_from_bytes(path.read_bytes(), policy=default)
        for path in (built.home / "outbox").glob("*.eml")
    ]
    assert len(mails) == len(sent) + 1
    assert "Tổng hợp tiếp nhận, kiểm tra số liệu ngày 22/11/2026" in {m["Subject"] for m in mails}
    assert f"{built.home / 'outbox'} ({len(mails)} thư chưa gửi)" in built.output


def test_kho_report_writes_the_letters_of_one_unit(built: Built, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = run_kho("report", "--home", built.home, "--unit", "STC", "--out", out)
    assert run.returncode == 0, run.stderr
    names = sorted(path.name for path in (out / "letters").glob("*.pdf"))
    assert names and all(name.startswith("STC_") for name in names)
    assert all(path in run.stdout for path in (str(out / "STC.html"), str(out / "letters")))


@pytest.fixture
def unsent(copied: Built) -> Built:
    """As a kill left it right after the publish: no mail was meant yet."""
    (copied.home / "ledger" / "mail.jsonl").unlink()
    shutil.rmtree(copied.home / "outbox")
    return copied


def test_a_night_without_news_sends_what_a_kill_left_unsent(
    unsent: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    (unsent.home / "contacts.csv").write_text("unit_code,email\nSTC,vanthu@stc.example\n")
    server = MailServer()
    server.start()
    monkeypatch.setenv("KHO_MAIL_HOST", "127.0.0.1")
    monkeypatch.setenv("KHO_MAIL_PORT", str(server.port))
    monkeypatch.setenv("KHO_MAIL_TLS", "none")
    monkeypatch.setenv("KHO_MAIL_FROM", "kho@stc.example")
    monkeypatch.setenv("KHO_MAIL_TEAM", '["kho-doi@stc.example"]')
    arguments = ("nightly", "--home", unsent.home, "--inbox", SAMPLES, "--as-of")
    # the time of the build itself: the run makes none, so it need not be later
    run = run_kho(*arguments, FIRST_NIGHT)
    server.stop()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Không có gì thay đổi" in run.stdout
    assert {tuple(to) for to in server.recipients} == {
        ("vanthu@stc.example",),
        ("kho-doi@stc.example",),
    }
    runs = len(list((unsent.home / "builds").iterdir()))
    assert runs == 1
    acts = len(mail_acts(unsent.home))
    again = run_kho(*arguments, SECOND_NIGHT)
    assert again.returncode == 0
    assert len(mail_acts(unsent.home)) == acts


def test_the_schedule_runs_the_mails_alone_while_some_are_unsent(
    unsent: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KHO_HOME", str(unsent.home))
    monkeypatch.setenv("KHO_INBOX", str(SAMPLES))
    monkeypatch.setattr(schedules, "local_now", lambda: datetime.fromisoformat(SECOND_NIGHT))
    with dg.build_schedule_context() as context:
        request = schedules.every_night(context)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [dg.AssetKey("sent_mails")]


def test_contacts_that_cannot_be_read_stop_the_mails_and_name_the_line(unsent: Built) -> None:
    (unsent.home / "contacts.csv").write_text("unit_code,email\nSTC,khong\n")
    run = run_kho("nightly", "--home", unsent.home, "--inbox", SAMPLES, "--as-of", SECOND_NIGHT)
    assert run.returncode == 1
    assert "Bản dữ liệu đã phát hành, nhưng thư chưa gửi được." in run.stderr
    assert "contacts.csv: dòng 2: “khong” không phải địa chỉ thư" in run.stderr
