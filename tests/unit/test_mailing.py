"""One mail per content, by a real server on loopback; what is refused, lost or killed is told."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import duckdb
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from expectations.reports.letter import read_letters
from orchestration.mailing import mail_is_due, send_mails
from tests.unit.mail_home import (
    MailServer,
    Pauses,
    Sent,
    outbox,
    publish,
    settings,
    write_contacts,
)
from warehouse.connection import open_published
from warehouse.home import Home

PROJECT = Path(__file__).resolve().parents[2]
WRONG = (Sent("STC", wrong=("D8",)), Sent("06463", wrong=("D9", "D10")))
LETTER_STC = "Phiếu thông báo kết quả kiểm tra số liệu tháng 6/2026 - Sở Tài chính"
LETTER_XA = "Phiếu thông báo kết quả kiểm tra số liệu tháng 6/2026 - Ủy ban nhân dân xã Chi Lăng"
SUMMARY = "Tổng hợp tiếp nhận, kiểm tra số liệu ngày 05/07/2026"


@pytest.fixture
def server() -> Iterator[MailServer]:
    started = MailServer()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    publish(made, "2026-07-05 02:00:00", WRONG)
    write_contacts(made, "STC,vanthu@stc.example", "STC,ns@stc.example", "06463,xa@chilang.example")
    return made


def body(message: object, kind: str) -> str:
    part = message.get_body((kind,))  # type: ignore[attr-defined]
    return str(part.get_content())


def test_each_unit_gets_its_letter_and_the_team_the_summary(server: MailServer, home: Home) -> None:
    report = send_mails(home, settings(server.port))
    assert server.subjects == [LETTER_XA, LETTER_STC, SUMMARY]
    assert server.recipients == [
        ["xa@chilang.example"],
        ["vanthu@stc.example", "ns@stc.example"],
        ["kho-doi@stc.example"],
    ]
    assert (report.sent, report.waiting, report.refused_vi) == (3, 0, ())
    letter = server.taken[0]
    assert "Phải chỉnh sửa: 2" in body(letter, "plain")
    assert "Ô D9: tổng 1.275,1." in body(letter, "html")
    (attached,) = letter.iter_attachments()
    assert attached.get_filename() == "Phieu-thong-bao_06463_2026-06.pdf"
    assert attached.get_content().startswith(b"%PDF")
    summary = body(server.taken[2], "plain")
    for line in (
        "Biểu mới nhận kể từ lần phát hành trước: 2",
        "Xã Chi Lăng XA-THU 2026-06",
        "Quá hạn gửi: 1 báo cáo",
        "Xã Chi Lăng: 1 báo cáo, lâu nhất 30 ngày",
        "Phải chỉnh sửa: 3 (3)",
        "đổi do bản gửi: 1",
        "đã gửi 2",
    ):
        assert line in summary
    assert not outbox(home)


def test_the_summary_brings_what_the_team_must_decide_and_names_every_cause(
    server: MailServer, home: Home
) -> None:
    file = home.current / "kho.duckdb"
    with duckdb.connect(str(file)) as connection:
        place = "06463-2026-06-D9"
        connection.execute(
            f"""
            insert into dq_act values
                (1, 'explanation', '06463', '{place}', 'Thu nợ năm trước <b>', 'waiting', ''),
                (2, 'explanation', '06463', 'da khac phuc', 'Đúng', 'waiting', ''),
                (3, 'correction', 'An', null, null, 'failed', 'Việc số 3 không còn được áp dụng.');
            insert into build_change values ('removed', 'release'), ('changed', 'correction'),
                ('changed', 'code');
            """
        )
    with open_published(file) as connection:
        letters = {letter.unit_code: letter for letter in read_letters(connection)}
    of_unit = {f.cell_ref: f.is_explained for f in letters["06463"].findings}
    assert of_unit == {"XA-THU!D9": True, "XA-THU!D10": False}
    send_mails(home, settings(server.port))
    summary = body(server.taken[-1], "plain")
    for line in (
        "5. Giải trình chờ xem xét: 1; việc của tổ dữ liệu không còn áp dụng: 1",
        f"Xã Chi Lăng, XA-THU!D9: “Thu nợ năm trước <b>” (kho explain {place} --accept)",
        "Việc số 3 không còn được áp dụng.",
        "bỏ do cho phép sử dụng hoặc hết thời hạn cho phép: 1",
        "đổi do tổ dữ liệu sửa số liệu: 1",
        "đổi do thay đổi cách tính: 1",
    ):
        assert line in summary
    assert "“Thu nợ năm trước &lt;b&gt;”" in body(server.taken[-1], "html")


def test_marked_workbooks_go_along_and_that_of_an_earlier_file_says_so(
    server: MailServer, home: Home
) -> None:
    reports = home.current / "reports"
    names = ["STC/XA-THU.xlsx", "STC/XA-THU (2).xlsm"]
    (reports / "STC").mkdir()
    for name in names:
        (reports / name).write_bytes(name.encode())
    entries = [("STC", "STC/XA-THU.xlsx", name) for name in names]
    (reports / "marked.json").write_text(json.dumps(entries), encoding="utf-8")
    send_mails(home, settings(server.port))
    letter = server.taken[1]
    pdf, newest, earlier = letter.iter_attachments()
    assert pdf.get_filename() == "Phieu-thong-bao_STC_2026-06.pdf"
    assert newest.get_filename() == "Tep-danh-dau_XA-THU.xlsx"
    assert earlier.get_filename() == "Tep-danh-dau-ban-gui-truoc_XA-THU-2.xlsm"
    assert (newest.get_content(), earlier.get_content()) == tuple(n.encode() for n in names)
    asked = "trong tệp đã đánh dấu gửi kèm, hoặc ghi lý do vào cột “Giải trình của đơn vị”"
    assert asked in body(letter, "plain") and asked in body(letter, "html")
    assert asked not in body(server.taken[0], "plain")


def test_the_same_content_is_mailed_once_over_calls_and_builds(
    server: MailServer, home: Home
) -> None:
    send_mails(home, settings(server.port))
    assert not mail_is_due(home, settings(server.port))
    send_mails(home, settings(server.port))
    assert len(server.taken) == 3
    publish(home, "2026-07-06 02:00:00", WRONG)
    assert mail_is_due(home, settings(server.port))
    send_mails(home, settings(server.port))
    assert server.subjects[3:] == [SUMMARY.replace("05/07", "06/07")]


def test_what_was_mended_sends_a_new_letter_to_that_unit_alone(
    server: MailServer, home: Home
) -> None:
    send_mails(home, settings(server.port))
    publish(home, "2026-07-06 02:00:00", (WRONG[0], Sent("06463", number=2, closed=("D9", "D10"))))
    send_mails(home, settings(server.port))
    assert server.subjects[3] == LETTER_XA
    text = body(server.taken[3], "plain")
    assert "Đã khắc phục kể từ phiếu trước: 2" in text
    assert "Đơn vị không phải gửi lại." in text
    assert len(server.taken) == 5
    ids = [message["Message-ID"] for message in server.taken]
    assert len(set(ids)) == len(ids)


def test_the_same_mistake_in_a_new_file_is_not_called_mended(
    server: MailServer, home: Home
) -> None:
    send_mails(home, settings(server.port))
    publish(
        home, "2026-07-06 02:00:00",
        (WRONG[0], Sent("06463", number=2, wrong=("D9",)), Sent("06463", closed=("D9", "D10"))),
    )  # fmt: skip
    send_mails(home, settings(server.port))
    assert "Đã khắc phục kể từ phiếu trước: 1" in body(server.taken[3], "plain")


def test_a_server_that_is_down_is_tried_again_and_then_the_next_night(home: Home) -> None:
    down = MailServer()
    down.start()
    down.stop()
    pauses = Pauses()
    report = send_mails(home, settings(down.port), pauses)
    assert pauses.seconds == [20, 40]
    assert (report.sent, report.waiting) == (0, 3)
    assert "ConnectionRefusedError" in report.server_problem
    assert len(outbox(home)) == 3
    assert mail_is_due(home, settings(down.port))
    down.start()
    assert send_mails(home, settings(down.port)).sent == 3
    down.stop()
    assert down.subjects == [LETTER_XA, LETTER_STC, SUMMARY]
    assert not outbox(home)


def test_a_server_that_comes_back_within_the_night_gets_the_mails(home: Home) -> None:
    server = MailServer()
    server.start()
    server.stop()
    pauses = Pauses(meanwhile=server.start)
    report = send_mails(home, settings(server.port), pauses)
    server.stop()
    assert (pauses.seconds, report.sent) == ([20], 3)


def test_a_refused_address_is_told_and_the_others_are_served(
    server: MailServer, home: Home
) -> None:
    server.refuse["ns@stc.example"] = "550 5.1.1 no such mailbox"
    report = send_mails(home, settings(server.port))
    said = "Sở Tài chính 2026-06, ns@stc.example: 550 5.1.1 no such mailbox"
    assert report.refused_vi == (said,)
    assert server.recipients[1] == ["vanthu@stc.example"]
    assert f"Máy chủ từ chối: {said}" in body(server.taken[2], "plain")
    server.refuse.clear()
    send_mails(home, settings(server.port))
    assert len(server.taken) == 3


def test_an_address_refused_for_now_is_tried_again(server: MailServer, home: Home) -> None:
    server.refuse["ns@stc.example"] = "451 try later"
    pauses = Pauses(meanwhile=server.refuse.clear)
    report = send_mails(home, settings(server.port), pauses)
    assert server.recipients[1:3] == [["vanthu@stc.example"], ["ns@stc.example"]]
    assert (report.waiting, report.refused_vi) == (0, ())


def test_a_mail_refused_whole_is_kept_and_goes_to_the_corrected_address(
    server: MailServer, home: Home
) -> None:
    server.refuse["xa@chilang.example"] = "550 unknown"
    send_mails(home, settings(server.port))
    assert len(outbox(home)) == 1
    assert not mail_is_due(home, settings(server.port))
    write_contacts(home, "06463,moi@chilang.example", "STC,vanthu@stc.example")
    assert mail_is_due(home, settings(server.port))
    send_mails(home, settings(server.port))
    assert server.recipients[2:] == [["moi@chilang.example"], ["kho-doi@stc.example"]]
    assert server.taken[2]["To"] == "moi@chilang.example"
    assert not outbox(home)


def test_a_mail_refused_for_its_content_is_not_sent_again(server: MailServer, home: Home) -> None:
    server.refuse_data = "552 too large"
    report = send_mails(home, settings(server.port))
    assert "Sở Tài chính 2026-06, vanthu@stc.example: 552 too large" in report.refused_vi
    server.refuse_data = ""
    send_mails(home, settings(server.port))
    assert not server.taken


def test_without_a_server_the_mails_stay_in_the_outbox_and_are_done(home: Home) -> None:
    report = send_mails(home, settings(0))
    assert report.in_outbox == 3
    kept = [message_from_bytes(path.read_bytes(), policy=default) for path in outbox(home)]
    assert {message["Subject"] for message in kept} == {LETTER_XA, LETTER_STC, SUMMARY}
    assert not mail_is_due(home, settings(0))


def test_a_server_set_up_later_does_not_send_what_was_left_in_the_outbox(
    server: MailServer, home: Home
) -> None:
    send_mails(home, settings(0))
    assert not mail_is_due(home, settings(server.port))
    send_mails(home, settings(server.port))
    assert not server.taken


def test_a_unit_without_an_address_is_named_and_its_letter_kept(
    server: MailServer, home: Home
) -> None:
    write_contacts(home, "STC,vanthu@stc.example")
    report = send_mails(home, settings(server.port))
    assert report.without_address == ("Xã Chi Lăng",)
    assert "Chưa có địa chỉ thư: Xã Chi Lăng" in body(server.taken[1], "plain")
    (kept,) = outbox(home)
    message = message_from_bytes(kept.read_bytes(), policy=default)
    assert (message["Subject"], message["To"]) == (LETTER_XA, None)


def test_simulated_figures_are_never_handed_to_a_server(server: MailServer, tmp_path: Path) -> None:
    home = Home(tmp_path / "simulated")
    publish(home, "2026-07-05 02:00:00", WRONG, is_simulated=True)
    write_contacts(home, "STC,vanthu@stc.example")
    send_mails(home, settings(server.port))
    assert not server.taken
    kept = [message_from_bytes(path.read_bytes(), policy=default) for path in outbox(home)]
    assert all(str(message["Subject"]).startswith("[SỐ LIỆU MÔ PHỎNG]") for message in kept)


def test_a_home_without_a_build_sends_nothing(server: MailServer, tmp_path: Path) -> None:
    home = Home(tmp_path / "empty")
    assert not mail_is_due(home, settings(server.port))
    send_mails(home, settings(server.port))
    assert not server.taken


@pytest.mark.parametrize("method", ["intend", "planned", "handing"])
def test_a_kill_before_the_server_has_the_mail_loses_and_doubles_none(
    method: str, server: MailServer, home: Home
) -> None:
    killed(method, home, server)
    send_mails(home, settings(server.port))
    assert server.subjects == [LETTER_XA, LETTER_STC, SUMMARY]


def test_a_kill_after_the_server_took_the_mail_sends_no_second_one_and_is_told(
    server: MailServer, home: Home
) -> None:
    killed("answer", home, server)
    assert server.subjects == [LETTER_XA]
    report = send_mails(home, settings(server.port))
    assert server.subjects == [LETTER_XA, LETTER_STC, SUMMARY]
    (line,) = report.unknown_vi
    assert line.startswith("Xã Chi Lăng 2026-06, xa@chilang.example (outbox/")
    assert "Chưa rõ máy chủ đã nhận hay chưa" in body(server.taken[2], "plain")
    assert len(outbox(home)) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path),
         "-out", str(path.with_suffix(".crt"))],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def closed_server(certificate: Path) -> Iterator[MailServer]:
    """A server that takes mail only over TLS and from who knows the password."""

    def check(_: SMTP, __: Session, ___: Envelope, ____: str, said: object) -> AuthResult:
        known = isinstance(said, LoginPassword) and said.password == b"bi mat"
        return AuthResult(success=known, handled=False)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    started = MailServer(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=check
    )
    started.start()
    yield started
    started.stop()


def test_mails_go_over_tls_with_the_password_of_the_environment(
    closed_server: MailServer, home: Home, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KHO_MAIL_PASSWORD", "bi mat")
    said = {"mail_tls": "starttls", "mail_user": "kho", "mail_ca_file": certificate}
    assert send_mails(home, settings(closed_server.port, **said)).sent == 3


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"mail_user": "kho"}, "535"),  # no password
        ({"mail_ca_file": None}, "certificate verify failed"),
    ],
)
def test_nothing_is_sent_with_a_wrong_password_or_to_an_unknown_server(
    said: dict[str, object],
    problem: str,
    closed_server: MailServer,
    home: Home,
    certificate: Path,
) -> None:
    options = {"mail_tls": "starttls", "mail_ca_file": certificate, "mail_tries": 1} | said
    report = send_mails(home, settings(closed_server.port, **options))
    assert problem in report.server_problem
    assert (closed_server.taken, report.waiting) == ([], 3)


def killed(method: str, home: Home, server: MailServer) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.killed_mailing", method, str(home.root),
         str(server.port)],
        cwd=PROJECT,
        check=False,
    )  # fmt: skip
    assert run.returncode == -signal.SIGKILL
