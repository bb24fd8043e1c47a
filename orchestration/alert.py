"""The mail to the data team when a run did not finish. Once a run, whoever notices it.

`kho nightly` sends it for its own runs, the sensor `failed_run` for those of the schedule, of the
sensor of files and of the pages. Like every mail it is an act in the ledger first (`alerts.jsonl`);
what cannot be sent stays in the outbox. It says steps, gates and the first line of each cause.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from typing import Any

from expectations.reports.mail import POLICY, addressed
from expectations.reports.shown import one_line, time_vi
from orchestration.settings import Settings
from orchestration.smtp import ServerProblem, connected, hand_over, server_of
from orchestration.stages import stage_vi
from warehouse.home import Home, sync_folder
from warehouse.ledger import Ledger, timestamp
from warehouse.mailbook import DEFERRED, Mail, MailBook

ALERT = "alert"
LONGEST_CAUSE = 300
_BEGUN_AGAIN = (
    "Hệ thống tự chạy lại một lần. Nếu lần chạy lại cũng không hoàn thành, sẽ có thư báo riêng."
)
Pause = Callable[[float], None]


@dataclass(frozen=True)
class Failure:
    """What went wrong. `run_id` is of Dagster, or stands for a night that could not start."""

    run_id: str
    at: datetime
    causes: tuple[str, ...]
    steps: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    is_begun_again: bool = False


class AlertLedger(Ledger):
    """The alerts in a file of their own (alerts.jsonl), with a lock of its own: a night that failed
    is told while the next one holds the home."""

    def mail_acts(self) -> Iterator[dict[str, Any]]:
        return self._read("alerts.jsonl")

    def add_mail_act(self, act: Mapping[str, Any]) -> None:
        self._append("alerts.jsonl", [act])

    @contextmanager
    def locked(self) -> Iterator[None]:
        with (self.folder / ".alerts.jsonl.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def alert_team(
    home: Home, settings: Settings, failure: Failure, pause: Pause = time.sleep
) -> str | None:
    """Mail the team about a failed run; returns what came of it, None where it was told before."""
    home.create()
    ledger = AlertLedger(home.ledger)
    with ledger.locked():
        book = MailBook(ledger)
        key = (ALERT, failure.run_id)
        if book.last(key) is not None:
            return None
        published = home.published()
        message = alert_mail(failure, published is not None)
        meant = Mail(
            book.next_id(key, ALERT), key, ALERT, str((published or {}).get("build_id", "")),
            timestamp(failure.at), tuple(settings.mail_team),
        )  # fmt: skip
        addressed(
            message, settings.mail_from, meant.recipients, settings.mail_reply_to, meant.mail_id
        )
        _put(home, meant, message)
        book.intend(meant)
        mail = book.last(key) or meant  # as the book keeps it, with the answers
        # as with every mail: nothing of a simulated province leaves by mail
        may_send = bool(settings.mail_host) and not (published or {}).get("is_simulated")
        if may_send and mail.recipients:
            _send(home, settings, book, mail, pause)
        if mail.is_settled:
            (home.outbox / mail.file_name).unlink(missing_ok=True)
            return "sent"
        book.keep_in_outbox(mail)
        return "in the outbox"


def alert_mail(failure: Failure, is_published: bool) -> EmailMessage:
    """The mail without sender, recipients and Message-ID: plain text, one line each."""
    kept = "Bản đang phát hành được giữ nguyên." if is_published else "Chưa có bản phát hành nào."
    lines = [
        f"Lần dựng kho lúc {time_vi(failure.at)} không hoàn thành. {kept}",
        "",
        *(f"Bước lỗi: {stage_vi(step)} ({step})" for step in failure.steps),
        *(f"Cổng kiểm tra chặn: {check}" for check in failure.checks),
        *(f"Nguyên nhân: {one_line(without_secrets(c), LONGEST_CAUSE)}" for c in failure.causes),
        *(["", _BEGUN_AGAIN] if failure.is_begun_again else []),
        "",
        f"Lần chạy: {failure.run_id} (xem trang Dagster của kho).",
        "Cách xử lý: tài liệu vận hành, mục “When a build does not finish”.",
    ]
    message = EmailMessage(policy=POLICY)
    message["Subject"] = f"Kho Xứ Lạng: lần dựng kho lúc {time_vi(failure.at)} không hoàn thành"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\r\n".join(lines), charset="utf-8", cte="base64")
    return message


def without_secrets(text: str) -> str:
    """A text of others without the passwords of this process's environment."""
    for name, value in os.environ.items():
        if any(word in name.upper() for word in ("PASSWORD", "SECRET", "TOKEN")) and len(value) > 3:
            text = text.replace(value, "***")
    return text


def _put(home: Home, mail: Mail, message: EmailMessage) -> None:
    home.outbox.mkdir(exist_ok=True)
    with (home.outbox / mail.file_name).open("wb") as file:
        file.write(message.as_bytes(policy=POLICY))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(home.outbox)


def _send(home: Home, settings: Settings, book: MailBook, mail: Mail, pause: Pause) -> None:
    content = (home.outbox / mail.file_name).read_bytes()
    for number in range(settings.mail_tries):
        if number:
            pause(settings.mail_pause_seconds * 2 ** (number - 1))
        to = _left(mail)
        try:
            with connected(server_of(settings)) as client:
                note = partial(book.handing, mail)
                book.answer(mail, hand_over(client, settings.mail_from, to, content, note))
        except ServerProblem:
            continue
        if not _left(mail):
            return


def _left(mail: Mail) -> list[str]:
    return [a for a in mail.recipients if mail.answers.get(a, (DEFERRED, ""))[0] == DEFERRED]
