"""Hands one mail to the server, and says for each address what the server answered.

The protocol is spoken step by step instead of through `sendmail`, because the moment in which the
server takes the mail must be known: the line that ends it is sent only after `before_end` has
noted that it will be.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.reports.shown import one_line
from warehouse.mailbook import ACCEPTED, DEFERRED, REFUSED, UNKNOWN

if TYPE_CHECKING:
    from orchestration.settings import Settings

TIMEOUT_SECONDS = 60
LONGEST_ANSWER = 200

Answers = dict[str, tuple[str, str]]


class ServerProblem(RuntimeError):
    """The server cannot be used now: not reached, no TLS, a wrong password, a sender refused."""


@dataclass(frozen=True)
class Server:
    """Where mails are handed in. `tls` is `starttls`, `tls` (from the first byte) or `none`."""

    host: str
    port: int
    tls: str = "starttls"
    user: str = ""
    password: str = ""
    ca_file: Path | None = None


def server_of(settings: Settings) -> Server:
    """The server that the settings name, with the password of the environment."""
    s = settings
    password = s.mail_password.get_secret_value()
    return Server(s.mail_host, s.mail_port, s.mail_tls, s.mail_user, password, s.mail_ca_file)


@contextmanager
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    """An open, greeted connection, logged in where there is a user. Raises ServerProblem.

    A password is never sent over a connection that is not encrypted.
    """
    if server.user and server.tls == "none":
        raise ServerProblem("không gửi mật khẩu qua kết nối không mã hóa")
    if not (server.user + server.password).isascii():  # smtplib sends no other
        raise ServerProblem("tên đăng nhập, mật khẩu chỉ gồm chữ không dấu")
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
        if server.tls == "tls":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            client.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                client.starttls(context=context)
                client.ehlo()
            if server.user:
                _log_in(client, server)
        except BaseException:
            client.close()
            raise
    except (OSError, smtplib.SMTPException) as error:
        raise ServerProblem(_said(error)) from None
    try:
        yield client
    except BaseException:
        client.close()  # perhaps in the middle of a mail: no word may be taken for its text
        raise
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()


def _log_in(client: smtplib.SMTP, server: Server) -> None:
    try:
        client.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        # without the server's own words: what it was given may stand in them
        raise ServerProblem(
            f"{error.smtp_code} máy chủ không chấp nhận tên đăng nhập, mật khẩu"
        ) from None


def hand_over(
    client: smtplib.SMTP,
    sender: str,
    recipients: Sequence[str],
    content: bytes,
    before_end: Callable[[Sequence[str]], None],
) -> Answers:
    """Hand one mail in; return for every address (state, what the server said).

    `before_end` is called with the addresses that the server let through, before the line that ends
    the mail; what it raises stops the mail before that. Raises ServerProblem where the connection
    broke before that line, or the sender was refused: then nothing was taken.
    """
    try:
        code, said = client.mail(sender)
        if code != 250:
            client.rset()
            raise ServerProblem(_answer(code, said))
        answers: Answers = {}
        let_through = []
        for address in recipients:
            code, said = client.rcpt(address)
            if code in (250, 251):
                let_through.append(address)
            else:
                answers[address] = (_state(code), _answer(code, said))
        if not let_through:
            client.rset()
            return answers
        code, said = client.docmd("DATA")
        if code != 354:
            client.rset()
            return answers | dict.fromkeys(let_through, (_state(code), _answer(code, said)))
        client.send(_dotted(content))
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        raise ServerProblem(_said(error)) from None
    before_end(let_through)
    try:
        client.send(b".\r\n")
        code, said = client.getreply()
    except (OSError, smtplib.SMTPException) as error:
        client.close()
        return answers | dict.fromkeys(let_through, (UNKNOWN, _said(error)))
    state = ACCEPTED if code == 250 else _state(code)
    return answers | dict.fromkeys(let_through, (state, _answer(code, said)))


def _state(code: int) -> str:
    """A 4xx may be tried again; everything else that is no success is final."""
    return DEFERRED if 400 <= code < 500 else REFUSED


def _dotted(content: bytes) -> bytes:
    """The mail as it goes over the wire, without the line that ends it."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    lines = re.sub(rb"(?m)^\.", b"..", lines)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _answer(code: int, said: bytes) -> str:
    return one_line(f"{code} {said.decode('utf-8', 'replace')}", LONGEST_ANSWER)


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return _answer(error.smtp_code, said if isinstance(said, bytes) else said.encode())
    return one_line(f"{type(error).__name__}: {error}", LONGEST_ANSWER)
