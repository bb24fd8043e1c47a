"""What a mail says, and that no text from outside can change its headers or become a link."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from pydantic import ValidationError

from expectations.addresses import is_address
from expectations.reports.letter import Letter
from expectations.reports.mail import (
    POLICY,
    Attachment,
    addressed,
    attachment_name,
    letter_mail,
)
from orchestration.contacts import ContactsError, read_contacts
from orchestration.settings import Settings
from tests.unit.letters import AS_OF, HOSTILE, finding, letter, submission


def as_received(said: Letter) -> EmailMessage:
    """A mail as it comes out of the wire."""
    attachment = Attachment("Phieu.pdf", b"%PDF-1.7")
    message = letter_mail(said, AS_OF, 5, [attachment], "kho@stc.example")
    addressed(message, "kho@stc.example", ["a@b.example"], "", "0123abcd")
    received = message_from_bytes(message.as_bytes(policy=POLICY), policy=default)
    assert isinstance(received, EmailMessage)
    return received


def content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_the_mail_says_what_was_found_and_by_when() -> None:
    mail = as_received(letter(finding(), finding(9, "warning")))
    assert mail["Subject"] == (
        "Phiếu thông báo kết quả kiểm tra số liệu tháng 6/2026 - Ủy ban nhân dân xã Chi Lăng"
    )
    assert mail["Message-ID"] == "<0123abcd@stc.example>"
    assert mail["Date"] == "Sun, 05 Jul 2026 02:00:00 +0700"
    for kind in ("plain", "html"):
        text = content(mail, kind)
        assert "tổng 1.275,1; các dòng cộng được 1.275,35 đến 1.275,45" in text
        assert "07/07/2026" in text
        assert "Phieu.pdf" in text
        assert "không thay thế văn bản hành chính" in text
    assert "- Phải chỉnh sửa: 1\n- Đề nghị giải trình: 1" in content(mail, "plain")


def test_the_same_mail_has_the_same_bytes() -> None:
    first, second = (letter_mail(letter(finding()), AS_OF, 5, ()) for _ in range(2))
    assert first.as_bytes(policy=POLICY) == second.as_bytes(policy=POLICY)


def test_hostile_text_makes_no_header_no_tag_and_no_link() -> None:
    mail = as_received(
        letter(
            finding(message=HOSTILE, value=HOSTILE, fix=HOSTILE),
            unit_name=HOSTILE,
            period_label=HOSTILE,
            submissions=(submission(file_path=HOSTILE, reason=HOSTILE, status="held"),),
        )
    )
    assert mail["Bcc"] is None
    assert "\n" not in str(mail["Subject"]) and "\u202e" not in str(mail["Subject"])
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf",
    ]  # fmt: skip
    html = content(mail, "html")
    assert "<script" not in html and "&lt;script&gt;" in html
    for text in (html, content(mail, "plain")):
        assert "http://" not in text and "http[:]//" in text
        assert "\u202e" not in text and "[U+202E]đảo[U+200B]" in text
        assert "49" not in text.replace("1.275,49", "")
    assert not [line for line in content(mail, "plain").splitlines() if line.startswith("Bcc")]


def test_a_very_long_message_is_cut() -> None:
    text = content(as_received(letter(finding(message="Dài " * 8_000))), "plain")
    assert "(lược bớt 31.760 ký tự)" in text
    assert len(text) < 3_000


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@b", "a b@c.example", "a@c.example\nBcc: d@e.example", "a@c.example,d@e.example",
     "<a@c.example>", "á@c.example", "a@c.example\u202e", "a" * 300 + "@c.example"],
)  # fmt: skip
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    assert not is_address(address)
    with pytest.raises(ValueError, match="not an address"):
        addressed(EmailMessage(), "kho@stc.example", [address or " "], "", "1")


def test_names_of_attachments_are_plain() -> None:
    name = attachment_name("Phieu", '../"x"\r\n; a=b', "2021..2025", suffix=".pdf")
    assert name == "Phieu_x-a-b_2021-2025.pdf"


def test_contacts_are_read_as_excel_saves_them(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_bytes(
        "\ufeffunit_code;email\r\nSTC;a@b.example\r\n;\r\nSTC;c@d.example\r\n".encode()
    )
    assert read_contacts(path) == {"STC": ["a@b.example", "c@d.example"]}
    assert read_contacts(tmp_path / "none.csv") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "unit_code,email\nSTC,không có",
            "contacts.csv: dòng 2: “không có” không phải địa chỉ thư",
        ),
        ("ma,thu\nSTC,a@b.example", "dòng 1 phải có các cột unit_code, email"),
    ],
)
def test_contacts_that_cannot_be_used_name_their_line(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContactsError, match=says):
        read_contacts(path)


@pytest.mark.parametrize(
    "said",
    [
        {"mail_host": "mail.example"},
        {"mail_from": "kho\nBcc: a@b.example"},
        {"mail_user": "kho", "mail_tls": "none"},
        {"mail_team": ["không có"]},
        {"mail_password": "bí mật"},
    ],
)
def test_settings_of_mail_that_cannot_be_right_are_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**said)  # type: ignore[arg-type]


def test_the_password_comes_from_the_environment_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KHO_MAIL_PASSWORD", "bí mật")
    settings = Settings()
    assert settings.mail_password.get_secret_value() == "bí mật"
    assert "bí mật" not in repr(settings)
