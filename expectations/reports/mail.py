"""The mails: to a sender with its letter, and to the data team every morning.

Here belongs what a mail says and how it is put together; sending is elsewhere. A subject and an
address are one line of plain letters; text from cells is escaped in HTML, on one line in plain
text, and an address in it is written so that no mail program makes a link of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import cache
from typing import Any

from jinja2 import Environment

from expectations.addresses import is_address
from expectations.reports.html import SEVERITY_VI, STATUS_VI
from expectations.reports.letter import Letter, due_date, letterhead
from expectations.reports.shown import day_vi, number_vi, one_line, time_vi
from expectations.reports.summary import Summary
from expectations.reports.templating import template_environment

MOST_LINES = 5
LONGEST_LINE = 240
LONGEST_SUBJECT = 180


class _MailPolicy(EmailPolicy):
    """Folds what is not ASCII by `Header`: the standard folding of Python 3.11 loses blanks between
    two encoded words, and a subject in Vietnamese has many."""

    def fold(self, name: str, value: Any) -> str:
        if str(value).isascii():
            return str(super().fold(name, value))
        encoded = Header(str(value), "utf-8", maxlinelen=75, header_name=name).encode(
            linesep=self.linesep
        )
        return f"{name}: {encoded}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        if str(value).isascii():
            return bytes(super().fold_binary(name, value))
        return self.fold(name, value).encode("ascii")


POLICY = _MailPolicy(linesep="\r\n", cte_type="7bit", max_line_length=78)
_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_LOCAL = timezone(timedelta(hours=7))


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail. `name` is what the reader sees."""

    name: str
    content: bytes
    kind: tuple[str, str] = ("application", "pdf")

    @staticmethod
    def workbook(name: str, content: bytes) -> Attachment:
        return Attachment(name, content, _WORKBOOK)


def letter_mail(
    letter: Letter,
    as_of: datetime,
    mend_days: int,
    attachments: Sequence[Attachment],
    contact: str = "",
) -> EmailMessage:
    """The mail of a letter, without sender, recipients and Message-ID."""
    to_mend = [f for f in letter.findings if f.severity != "info"]
    order = list(SEVERITY_VI)
    shown = sorted(to_mend, key=lambda f: (order.index(f.severity), f.cell_ref or ""))
    words = {
        "unit": _inert(letter.unit_name),
        "period": _inert(letter.period_label),
        "as_of": time_vi(as_of),
        "is_simulated": letter.is_simulated,
        "issuer": letterhead()["issuer_name"],
        "n_submissions": number_vi(len(letter.submissions)),
        "statuses": [
            (title, number_vi(count))
            for status, title in STATUS_VI.items()
            if (count := sum(s.status == status for s in letter.submissions))
        ],
        "counts": [
            (title.partition(". ")[2], number_vi(letter.count(severity)))
            for severity, title in SEVERITY_VI.items()
        ],
        "lines": [_inert(f.message) for f in shown[:MOST_LINES]],
        "more": number_vi(len(shown) - MOST_LINES) if len(shown) > MOST_LINES else "",
        "due": day_vi(min(due_date(f.first_seen, mend_days) for f in to_mend)) if to_mend else "",
        "n_mended": number_vi(len(letter.mended)) if letter.mended else "",
        "must_act": bool(to_mend) or any(s.status != "accepted" for s in letter.submissions),
        "attachments": [_inert(a.name) for a in attachments],
        "has_workbook": any(a.kind == _WORKBOOK for a in attachments),
        "contact": _inert(contact),
    }
    subject = f"Phiếu thông báo kết quả kiểm tra số liệu {letter.period_label} - {letter.unit_name}"
    return _message("mail", words, _marked(subject, letter.is_simulated), as_of, attachments)


def summary_mail(summary: Summary, as_of: datetime) -> EmailMessage:
    """The morning's mail to the data team, without sender, recipients and Message-ID."""
    words = {
        "summary": summary,
        "as_of": time_vi(as_of),
        "statuses": STATUS_VI,
        "severities": {key: title.partition(". ")[2] for key, title in SEVERITY_VI.items()},
    }
    subject = f"Tổng hợp tiếp nhận, kiểm tra số liệu ngày {day_vi(as_of)}"
    return _message("summary", words, _marked(subject, summary.is_simulated), as_of, ())


def addressed(
    message: EmailMessage, sender: str, recipients: Sequence[str], reply_to: str, mail_id: str
) -> EmailMessage:
    """Put sender, recipients and Message-ID on a mail. Raises ValueError for a bad address."""
    for address in (sender, *recipients, *filter(None, [reply_to])):
        if not is_address(address):
            raise ValueError(f"not an address: {address!r}")
    message["From"] = sender
    if recipients:
        message["To"] = ", ".join(recipients)
    if reply_to:
        message["Reply-To"] = reply_to
    message["Message-ID"] = f"<{mail_id}@{sender.partition('@')[2]}>"
    return message


def attachment_name(*parts: str, suffix: str) -> str:
    """`Phieu-thong-bao_STC_2026-06.pdf`: plain letters only, whatever the parts hold."""
    safe = [re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-")[:60] for part in parts]
    return "_".join(filter(None, safe)) + suffix


def _message(
    template: str,
    words: dict[str, Any],
    subject: str,
    as_of: datetime,
    attachments: Sequence[Attachment],
) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = one_line(subject, LONGEST_SUBJECT)
    message["Date"] = format_datetime(as_of.replace(tzinfo=_LOCAL))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_environment().get_template(f"{template}.txt.j2").render(words))
    message.add_alternative(
        _environment().get_template(f"{template}.html.j2").render(words), subtype="html"
    )
    for attachment in attachments:
        maintype, subtype = attachment.kind
        message.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name
        )
    _fix_boundaries(message)
    return message


def _fix_boundaries(message: EmailMessage) -> None:
    """Boundaries that are the same each time: the same mail has the same bytes."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_kho-xu-lang-{number}_=")


def _marked(subject: str, is_simulated: bool) -> str:
    return f"[SỐ LIỆU MÔ PHỎNG] {subject}" if is_simulated else subject


def _inert(text: str) -> str:
    """One line that no mail program makes a link of."""
    text = one_line(text, LONGEST_LINE)
    text = re.sub(r"(?i)\b(https?|ftp|file|javascript|data|vbscript|mailto):", r"\1[:]", text)
    return re.sub(r"(?i)\bwww\.", "www[.]", text)


@cache
def _environment() -> Environment:
    return template_environment(number_vi=number_vi, day_vi=day_vi, inert=_inert)
