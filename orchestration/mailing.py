"""Sends what a published build has to say: which letters need a mail, handing in, trying again.

Called after every publish, and on nights without news while mails are unsent. It works from the
published build and the ledger alone, so a kill at any moment is made good by the next call, and
nothing goes out for a build that is not published.
"""

from __future__ import annotations

import hashlib
import json
import os
import smtplib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

from expectations.reports.letter import Letter, LetterKey, read_letters
from expectations.reports.letter_files import letter_path
from expectations.reports.mail import (
    POLICY,
    Attachment,
    addressed,
    attachment_name,
    letter_mail,
    summary_mail,
)
from expectations.reports.marked_files import read_marked
from expectations.reports.summary import MailReport, read_summary
from orchestration.contacts import read_contacts
from orchestration.settings import Settings
from orchestration.smtp import ServerProblem, connected, hand_over, server_of
from warehouse.connection import open_published
from warehouse.home import Home, sync_folder
from warehouse.ledger import Ledger
from warehouse.mailbook import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    UNKNOWN,
    Mail,
    MailBook,
    MailKey,
)

LETTER, SUMMARY = "letter", "summary"
MOST_PROBLEMS = 5
Pause = Callable[[float], None]


def mail_is_due(home: Home, settings: Settings) -> bool:
    """Whether a call would do something: letters of the build not looked at, or mails unsent."""
    published = home.published()
    if published is None:
        return False
    book = MailBook(Ledger(home.ledger))
    if not book.is_planned(published["build_id"]):
        return True
    if not _may_send(settings, published):
        return False
    contacts = read_contacts(_contacts_file(home, settings))
    return bool(book.unsent()) or any(_new_addresses(mail, contacts) for mail in book.current())


def letters_before(home: Home) -> dict[LetterKey, list[tuple[str, datetime]]]:
    """The letters meant to be sent so far, oldest first: content and time of their build."""
    return _letters_before(MailBook(Ledger(home.ledger)))


def _letters_before(book: MailBook) -> dict[LetterKey, list[tuple[str, datetime]]]:
    before: dict[LetterKey, list[tuple[str, datetime]]] = {}
    for mail in book.current():
        if mail.key[0] == LETTER:
            before[mail.key[1], mail.key[2]] = [
                (m.content, datetime.fromisoformat(m.as_of)) for m in book.history(mail.key)
            ]
    return before


def send_mails(home: Home, settings: Settings, pause: Pause = time.sleep) -> MailReport:
    """Mean, send and try again whatever is unsent for the published build; say what came of it.

    Raises ContactsError where the addresses cannot be read: then nothing is sent.
    """
    published = home.published()
    if published is None:
        return MailReport()
    contacts = read_contacts(_contacts_file(home, settings))
    run = _Run(home, settings, published, contacts, MailBook(Ledger(home.ledger)), pause)
    letters, names, n_reminders = run.read_build()
    not_set = run.mean_letters(letters)
    run.readdress()
    run.deliver(LETTER, settings.mail_tries)
    report = run.report(names, letters, not_set, (LETTER,))
    run.mean_summary(report, n_reminders)
    # the tries and their pauses were spent on the letters, where the server is not there
    run.deliver(SUMMARY, 1 if run.problem else settings.mail_tries)
    run.tidy()
    return run.report(names, letters, not_set)


@dataclass
class _Run:
    """One call: what it works with, and what it has sent so far."""

    home: Home
    settings: Settings
    published: dict[str, Any]
    contacts: Mapping[str, Sequence[str]]
    book: MailBook
    pause: Pause
    sent: int = 0
    kept: int = 0
    problem: str = ""

    @property
    def as_of(self) -> datetime:
        return datetime.fromisoformat(self.published["as_of"])

    @property
    def build_id(self) -> str:
        return str(self.published["build_id"])

    @property
    def reports(self) -> Path:
        return self.home.current / "reports"

    @cached_property
    def marked(self) -> dict[tuple[str, str], list[Path]]:
        """The marked workbooks by unit and path of the file that was sent."""
        return read_marked(self.reports)

    def read_build(self) -> tuple[list[Letter], dict[str, str], int]:
        """Letters, names of units, number of draft reminders of the published build."""
        with open_published(self.home.published_file) as connection:
            letters = read_letters(connection, _letters_before(self.book))
            names: dict[str, str] = dict(
                connection.execute(
                    "select unit_code, name_vi from dim_unit where valid_to is null"
                ).fetchall()
            )
        return letters, names, len(list((self.reports / "reminders").glob("*.pdf")))

    # --- what is meant to be sent ---

    def mean_letters(self, letters: Sequence[Letter]) -> tuple[str, ...]:
        """An intent for every letter that says something new; names of units without a paper."""
        missing = [x for x in letters if not letter_path(self.reports, x.key).exists()]
        if not self.book.is_planned(self.build_id):
            for letter in letters:
                key = (LETTER, *letter.key)
                last = self.book.last(key)
                if letter not in missing and (last is None or last.content != letter.content):
                    message = self._letter_message(letter)
                    self._mean(key, letter.content, message, self.contacts.get(letter.unit_code))
            self.book.planned(self.build_id)
        return tuple(sorted({f"{x.unit_name}, {x.period_label}" for x in missing}))

    def _letter_message(self, letter: Letter) -> EmailMessage:
        period = letter.period_key.replace("..", "-")
        attachments = [
            Attachment(
                attachment_name("Phieu-thong-bao", letter.unit_code, period, suffix=".pdf"),
                letter_path(self.reports, letter.key).read_bytes(),
            )
        ]
        files = dict.fromkeys(sent.file_path for sent in letter.submissions)
        for file_path in files:
            for number, path in enumerate(self.marked.get((letter.unit_code, file_path), ())):
                kind = "Tep-danh-dau" if number == 0 else "Tep-danh-dau-ban-gui-truoc"
                name = attachment_name(kind, path.stem, suffix=path.suffix)
                attachments.append(Attachment.workbook(name, path.read_bytes()))
        return letter_mail(
            letter, self.as_of, self.settings.mend_days, attachments, self.settings.mail_reply_to
        )

    def mean_summary(self, report: MailReport, n_reminders: int) -> None:
        """An intent for the team's mail: once a build, and again where a mail met a new problem."""
        problems = [report.without_address, report.refused_vi, report.unknown_vi, report.not_set]
        content = hashlib.sha256(json.dumps(problems).encode()).hexdigest()[:20]
        key = (SUMMARY, self.build_id)
        last = self.book.last(key)
        if last is not None and last.content == content:
            return
        with open_published(self.home.published_file) as connection:
            summary = read_summary(connection, self.as_of, self._before(), report, n_reminders)
        self._mean(key, content, summary_mail(summary, self.as_of), self.settings.mail_team)

    def _before(self) -> datetime | None:
        """The time of the publish before this one."""
        times = [
            datetime.fromisoformat(publish["as_of"])
            for publish in Ledger(self.home.ledger).publishes()
            if publish["build_id"] != self.build_id
        ]
        return max(times, default=None)

    def _mean(
        self, key: MailKey, content: str, message: EmailMessage, to: Sequence[str] | None
    ) -> None:
        """Put a mail into the outbox, then note that it is meant to be sent."""
        mail = Mail(
            self.book.next_id(key, content), key, content, self.build_id, self.published["as_of"],
            tuple(to or ()),
        )  # fmt: skip
        addressed(
            message, self.settings.mail_from, mail.recipients, self.settings.mail_reply_to,
            mail.mail_id,
        )  # fmt: skip
        self._put(mail, message)
        self.book.intend(mail)

    def _put(self, mail: Mail, message: EmailMessage) -> None:
        self.home.outbox.mkdir(exist_ok=True)
        path = self._file(mail)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.write(message.as_bytes(policy=POLICY))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(self.home.outbox)

    def _file(self, mail: Mail) -> Path:
        return self.home.outbox / mail.file_name

    def readdress(self) -> None:
        """Send a letter that no address has taken to the addresses that the contacts say now."""
        if not _may_send(self.settings, self.published):
            return
        for mail in self.book.current():
            wanted = _new_addresses(mail, self.contacts)
            if wanted and self._file(mail).exists():
                message = cast(
                    EmailMessage,
                    BytesParser(EmailMessage, policy=POLICY).parsebytes(
                        self._file(mail).read_bytes()
                    ),
                )
                del message["To"]
                message["To"] = ", ".join(wanted)
                self._put(mail, message)
                self.book.readdress(mail, wanted)

    # --- sending ---

    def deliver(self, kind: str, tries: int) -> None:
        """Hand in what is unsent, with pauses between tries; keep in the outbox what cannot be."""
        for mail in self._unsent(kind):
            if (
                not mail.recipients
                or not self._file(mail).exists()
                or not _may_send(self.settings, self.published)
            ):
                self.book.keep_in_outbox(mail)
                self.kept += 1
        for number in range(tries):
            if not (unsent := self._unsent(kind)):
                return
            if number:
                self.pause(self.settings.mail_pause_seconds * 2 ** (number - 1))
            self._try(unsent)

    def _unsent(self, kind: str) -> list[Mail]:
        return [mail for mail in self.book.unsent() if mail.key[0] == kind]

    def _try(self, mails: Sequence[Mail]) -> None:
        """Try each mail once. A mail at which the server hangs up does not stop the next ones, a
        server that fails `MOST_PROBLEMS` times does."""
        waiting = list(mails)
        problems = 0
        while waiting and problems < MOST_PROBLEMS:
            tried = len(waiting)
            try:
                with connected(server_of(self.settings)) as client:
                    while waiting and client.sock:
                        self._hand_over(client, waiting.pop(0))
                        self.problem = ""
            except ServerProblem as problem:
                self.problem = str(problem)
                problems += 1
            if len(waiting) == tried:
                return  # not even one: the server is not there

    def _hand_over(self, client: smtplib.SMTP, mail: Mail) -> None:
        to = [address for address in mail.recipients if not _is_final(mail, address)]
        content = self._file(mail).read_bytes()
        answers = hand_over(
            client, self.settings.mail_from, to, content, partial(self.book.handing, mail)
        )
        self.book.answer(mail, answers)
        self.sent += any(state == ACCEPTED for state, _ in answers.values())

    # --- afterwards ---

    def tidy(self) -> None:
        """Take out of the outbox what the server has, and what was replaced before it was sent."""
        done = [m for m in self.book.current() if m.is_settled and m.states(ACCEPTED)]
        for mail in [*done, *self.book.replaced()]:
            if not mail.states(UNKNOWN):
                with suppress(FileNotFoundError):
                    self._file(mail).unlink()

    def report(
        self,
        names: Mapping[str, str],
        letters: Sequence[Letter],
        not_set: tuple[str, ...],
        kinds: tuple[str, ...] = (LETTER, SUMMARY),
    ) -> MailReport:
        """What became of the mails; problems of every newest mail, whichever build it was of."""

        def who(mail: Mail) -> str:
            if mail.key[0] != LETTER:
                return "Bộ phận quản lý kho"
            unit, period = mail.key[1:]
            return " ".join(filter(None, [names.get(unit, unit), period]))

        current = [
            mail
            for mail in self.book.current()
            if mail.key[0] in kinds and (mail.key[0] == LETTER or mail.key[1] == self.build_id)
        ]
        told = bool(self.settings.mail_host) or _contacts_file(self.home, self.settings).exists()
        return MailReport(
            sent=self.sent,
            in_outbox=self.kept,
            waiting=len(self.book.unsent()),
            without_address=tuple(
                sorted(
                    {names.get(x.unit_code, x.unit_code) for x in letters}
                    - {names.get(unit, unit) for unit in self.contacts}
                )
            )
            if told
            else (),
            refused_vi=tuple(
                f"{who(mail)}, {address}: {mail.answers[address][1]}"
                for mail in current
                for address in mail.states(REFUSED)
                if address in mail.recipients
            ),
            unknown_vi=tuple(
                f"{who(mail)}, {address} (outbox/{mail.file_name})"
                for mail in current
                for address in mail.states(UNKNOWN)
            ),
            not_set=not_set,
            server_problem=self.problem,
        )


def _may_send(settings: Settings, published: Mapping[str, Any]) -> bool:
    """Simulated figures never leave the home by mail, whatever the settings say."""
    return bool(settings.mail_host) and not published.get("is_simulated")


def _contacts_file(home: Home, settings: Settings) -> Path:
    return settings.mail_contacts or home.contacts


def _is_final(mail: Mail, address: str) -> bool:
    return mail.answers.get(address, (DEFERRED, ""))[0] != DEFERRED


def _new_addresses(mail: Mail, contacts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The addresses that a letter should go to now, where they are others and nobody has it."""
    if mail.key[0] != LETTER or mail.in_outbox or mail.states(ACCEPTED) or mail.states(UNKNOWN):
        return ()
    wanted = tuple(contacts.get(mail.key[1], ()))
    return wanted if set(wanted) != set(mail.recipients) else ()
