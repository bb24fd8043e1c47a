"""A password is in the environment and nowhere else, whatever fails."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.integration.conftest import OFFICER, SAMPLES, SECOND_NIGHT, Built
from tests.shared import run_kho
from tests.unit.mail_home import MailServer
from tests.unit.sftp_server import USER, SftpServer
from tests.unit.test_mailing import certificate  # noqa: F401 - a fixture

PASSWORD = "mat-khau-khong-duoc-lo-7f3a"
# as it stands, and as it goes over the wire
FORMS = (
    PASSWORD.encode(),
    base64.b64encode(PASSWORD.encode()).rstrip(b"="),
    base64.b64encode(f"\0kho\0{PASSWORD}".encode()).rstrip(b"="),
)


@pytest.fixture
def repeating_server(certificate: Path) -> Iterator[MailServer]:  # noqa: F811 - the fixture
    """Refuses everybody, and says the password that it was given."""

    def check(_: SMTP, __: Session, ___: Envelope, ____: str, _____: object) -> AuthResult:
        said = f"535 5.7.8 wrong password {PASSWORD} {FORMS[1].decode()} {FORMS[2].decode()}"
        return AuthResult(success=False, handled=False, message=said)

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    started = MailServer(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=check
    )
    started.start()
    yield started
    started.stop()


def test_password_is_nowhere_in_the_home_after_a_night_that_could_neither_fetch_nor_send(
    copied: Built,
    repeating_server: MailServer,
    certificate: Path,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    (copied.home / "contacts.csv").write_text(f"unit_code,email\nSTC,{OFFICER}\n", encoding="utf-8")
    (copied.home / "ledger" / "mail.jsonl").unlink()  # no mail of this build was meant yet
    environment = repeating_server.environment | {
        "KHO_MAIL_TLS": "starttls", "KHO_MAIL_CA_FILE": str(certificate), "KHO_MAIL_USER": "kho",
        "KHO_MAIL_PASSWORD": PASSWORD, "KHO_MAIL_TRIES": "1",
    }  # fmt: skip
    (tmp_path / "theirs").mkdir()
    with SftpServer(tmp_path / "theirs") as theirs:
        listed = [
            {"name": "so", "address": theirs.address, "host_key": theirs.host_key, "unit": "STC",
             "user_env": "KHO_TEST_USER", "password_env": "KHO_TEST_PASSWORD",
             "retry": {"tries": 2, "pause_seconds": 0}},
        ]  # fmt: skip
        (tmp_path / "sources.yml").write_text(yaml.safe_dump({"sources": listed}), encoding="utf-8")
        run = run_kho(
            "nightly", "--home", copied.home, "--inbox", SAMPLES,
            "--sources", tmp_path / "sources.yml", "--as-of", SECOND_NIGHT,
            environment=environment | {"KHO_TEST_USER": USER, "KHO_TEST_PASSWORD": PASSWORD},
        )  # fmt: skip
    assert '"source": "so"' in (copied.home / "pull.json").read_text(encoding="utf-8"), "refused"
    assert repeating_server.taken == []
    said = (copied.home / "logs" / "kho.jsonl").read_text(encoding="utf-8")
    assert '"event": "mails", "sent": 0' in said, "it was tried"
    for form in FORMS:
        assert form.decode() not in run.stdout + run.stderr
        for path in copied.home.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert form not in path.read_bytes(), path
