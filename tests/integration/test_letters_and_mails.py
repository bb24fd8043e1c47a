"""Letters of a real build, and its mails: after the publish, and on a night without news."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from pathlib import Path

import dagster as dg
import openpyxl
import pytest

from expectations.findings import Subject
from expectations.reports.answer_sheet import EXPLANATION_TITLE, TITLE
from expectations.reports.explanations import EXPLANATION_COLUMN, KEY_COLUMN
from expectations.reports.styles_xml import COLOURS
from expectations.validate import validate_submissions
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from orchestration import schedules
from tests.integration.conftest import FIRST_NIGHT, SAMPLES, SECOND_NIGHT, Built, run_kho
from tests.unit.mail_home import MailServer
from warehouse.act_table import act_frame
from warehouse.acts import Acceptance, ActLedger, explained
from warehouse.answers import Answer, explanations_in
from warehouse.connection import open_published
from warehouse.results import Owner, finding_frame, with_explained

TRADE = "HQ6/LS-06_2021-2025.xlsx"
EXPLAINED = "Tổng cục Hải quan công bố 68,58 tỷ USD."


def mail_to(home: Path, unit_name: str) -> EmailMessage:
    [found] = [
        message
        for path in (home / "outbox").glob("*.eml")
        if (message := message_from_bytes(path.read_bytes(), policy=default))["Subject"].endswith(
            f" - {unit_name}"
        )
    ]
    return found


def attachments(message: EmailMessage) -> dict[str, bytes]:
    return {part.get_filename() or "": part.get_content() for part in message.iter_attachments()}


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


def test_the_mail_brings_the_letter_and_the_marked_workbook_of_a_file_with_findings(
    built: Built,
) -> None:
    sent = attachments(mail_to(built.home, "Chi cục Hải quan khu vực VI"))
    assert list(sent) == ["Phieu-thong-bao_HQ6_2021-2025.pdf", "Tep-danh-dau_LS-06-2021-2025.xlsx"]
    assert sent["Phieu-thong-bao_HQ6_2021-2025.pdf"].startswith(b"%PDF")
    book = openpyxl.load_workbook(BytesIO(sent["Tep-danh-dau_LS-06-2021-2025.xlsx"]))
    assert book.sheetnames[:2] == [TITLE, "LS-06"]
    rows = [[cell for cell in row[1:] if cell] for row in book[TITLE].values]
    assert ["I. Phải chỉnh sửa"] in rows and ["II. Đề nghị giải trình (1 nội dung)"] in rows
    [listed] = [row for row in rows if "L16" in row]
    assert listed[:4] == ["1", "LS-06", "L16", "68.58"]
    marked = book["LS-06"]["L16"]
    assert marked.fill.fgColor.rgb == COLOURS["warning"]
    assert listed[4] in marked.comment.text
    original = openpyxl.load_workbook(SAMPLES / TRADE)["LS-06"]
    assert list(book["LS-06"].values) == list(original.values)


def test_the_mail_of_a_unit_with_nothing_to_do_brings_the_letter_alone(built: Built) -> None:
    sent = attachments(mail_to(built.home, "Bảo hiểm xã hội tỉnh"))
    assert list(sent) == ["Phieu-thong-bao_BHXH_2021-2025.pdf"]


def test_an_explanation_typed_into_the_workbook_of_the_mail_quiets_its_finding_once_accepted(
    built: Built, tmp_path: Path
) -> None:
    sent = attachments(mail_to(built.home, "Chi cục Hải quan khu vực VI"))
    book = openpyxl.load_workbook(BytesIO(sent["Tep-danh-dau_LS-06-2021-2025.xlsx"]))
    sheet = book[TITLE]
    [row] = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 4).value == "L16"]
    key = sheet.cell(row, KEY_COLUMN).value
    assert sheet.cell(row - 1, EXPLANATION_COLUMN).value == EXPLANATION_TITLE
    assert not sheet.cell(row, EXPLANATION_COLUMN).protection.locked
    sheet.cell(row, EXPLANATION_COLUMN).value = EXPLAINED
    back = tmp_path / "LS-06_2021-2025.xlsx"
    book.save(back)

    reading = read_submissions(back)
    answer = Answer(hashlib.sha256(back.read_bytes()).hexdigest(), "HQ6", reading.explanations)
    ledger = ActLedger(tmp_path / "ledger")
    with open_published(built.home / "current" / "kho.duckdb") as published:
        came = datetime.fromisoformat(SECOND_NIGHT)
        ledger.add_explanations(explanations_in(published, [answer], came))
    [entered] = act_frame(ledger.acts(), date(2026, 11, 23)).to_dicts()
    assert (entered["place_key"], entered["explanation"]) == (key, EXPLAINED)
    assert (entered["owner"], entered["file_sha256"]) == ("HQ6", answer.file_sha256)
    assert entered["state_vi"] == "Giải trình đang chờ xem xét."

    # the file that came back says the same of the same place, and is not asked about it again
    [submission] = reading.submissions
    contracts = {contract.id: contract for contract in all_contracts()}
    [validation] = validate_submissions(contracts, [(1, submission)])
    subject = Subject("HQ6", submission.form, submission.period_key)
    found = finding_frame(
        validation.findings, {1: Owner("s1", TRADE, subject)}, {}, datetime(2026, 11, 23, 2)
    )
    assert found.select("place_key", "state").rows() == [(key, "open")]
    assert with_explained(found, explained(ledger.acts()))["state"].to_list() == ["open"]
    [finding] = found.to_dicts()
    ledger.add(
        [
            Acceptance(
                at="2026-11-23 09:00:00", owner="Lê Thị Thử", reason="Đúng số đã công bố",
                place_key=key, value=finding["value"], expected=finding["expected"],
            )
        ]
    )  # fmt: skip
    assert with_explained(found, explained(ledger.acts()))["state"].to_list() == ["explained"]


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
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
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
    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.build_schedule_context(instance=instance) as context,
    ):
        request = schedules.every_night(context)
    assert isinstance(request, dg.RunRequest)
    assert request.asset_selection == [dg.AssetKey("sent_mails")]


def test_contacts_that_cannot_be_read_stop_the_mails_and_name_the_line(unsent: Built) -> None:
    (unsent.home / "contacts.csv").write_text("unit_code,email\nSTC,khong\n")
    run = run_kho("nightly", "--home", unsent.home, "--inbox", SAMPLES, "--as-of", SECOND_NIGHT)
    assert run.returncode == 1
    assert "Bản dữ liệu đã phát hành, nhưng thư chưa gửi được." in run.stderr
    assert "contacts.csv: dòng 2: “khong” không phải địa chỉ thư" in run.stderr
