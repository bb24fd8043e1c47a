"""What became of each mail, from the acts in `ledger/mail.jsonl`. Nothing is sent twice.

    intent   the mail stands in the outbox and is meant for these addresses
    handing  its last line is being handed to the server, for these addresses
    result   what the server answered, by address; or that it stays in the outbox
    planned  every letter of a build has its intent, where it needs one

Between `handing` and `result` only the server knows whether it took the mail. After a kill there,
the mail counts as unknown: it is never sent again by itself, and a person is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from warehouse.ledger import Ledger

ACCEPTED, REFUSED, DEFERRED, UNKNOWN = "accepted", "refused", "deferred", "unknown"
SETTLED = (ACCEPTED, REFUSED, UNKNOWN)

MailKey = tuple[str, ...]
"""What a mail is about: kind, then unit and period, or build."""


@dataclass
class Mail:
    """One mail: what it is about, what it says (a hash), whom it is for, and what became of it.

    `answers` holds, by address, (state, what the server said).
    """

    mail_id: str
    key: MailKey
    content: str
    build_id: str
    as_of: str
    recipients: tuple[str, ...]
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    in_outbox: bool = False

    def states(self, state: str) -> list[str]:
        return [address for address, (is_now, _) in self.answers.items() if is_now == state]

    @property
    def is_settled(self) -> bool:
        """Nothing is left to send: kept in the outbox, or every address answered for good."""
        return self.in_outbox or (
            bool(self.recipients)
            and all(self.answers.get(a, ("", ""))[0] in SETTLED for a in self.recipients)
        )

    @property
    def file_name(self) -> str:
        return f"{self.mail_id}.eml"


class MailBook:
    """The mails of a home. Every change is an act in the ledger first."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._mails: dict[str, Mail] = {}
        self._last: dict[MailKey, Mail] = {}
        self._history: dict[MailKey, list[Mail]] = {}
        self._planned: set[str] = set()
        for act in ledger.mail_acts():
            self._take(act)

    def last(self, key: MailKey) -> Mail | None:
        """The newest mail about this."""
        return self._last.get(key)

    def history(self, key: MailKey) -> list[Mail]:
        return list(self._history.get(key, ()))

    def current(self) -> list[Mail]:
        """The newest mail about each thing, in the order in which they were meant to be sent."""
        return [mail for mail in self._mails.values() if self._last[mail.key] is mail]

    def everything(self) -> list[Mail]:
        """Every mail that was ever meant, in that order."""
        return list(self._mails.values())

    def unsent(self) -> list[Mail]:
        """Mails with something left to send. What a newer mail replaced is not sent."""
        return [mail for mail in self.current() if not mail.is_settled]

    def replaced(self) -> list[Mail]:
        """Mails that were not sent before a newer one replaced them."""
        return [m for m in self._mails.values() if self._last[m.key] is not m and not m.is_settled]

    def is_planned(self, build_id: str) -> bool:
        return build_id in self._planned

    def next_id(self, key: MailKey, content: str) -> str:
        """The id of a mail with this content: the same until another mail about this was meant."""
        last = self.last(key)
        parts = (*key, content, last.mail_id if last else "")
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]

    def intend(self, mail: Mail) -> None:
        self._add(
            act="intent", mail_id=mail.mail_id, key=list(mail.key), content=mail.content,
            build_id=mail.build_id, as_of=mail.as_of, to=list(mail.recipients),
        )  # fmt: skip

    def readdress(self, mail: Mail, recipients: Iterable[str]) -> None:
        """The addresses of a mail that nobody has got yet changed."""
        self._add(act="readdressed", mail_id=mail.mail_id, to=list(recipients))

    def handing(self, mail: Mail, recipients: Iterable[str]) -> None:
        self._add(act="handing", mail_id=mail.mail_id, to=list(recipients))

    def answer(self, mail: Mail, answers: Mapping[str, tuple[str, str]]) -> None:
        if answers:
            said = {a: {"state": s, "said": t} for a, (s, t) in answers.items()}
            self._add(act="result", mail_id=mail.mail_id, answers=said)

    def keep_in_outbox(self, mail: Mail) -> None:
        self._add(act="result", mail_id=mail.mail_id, outbox=True, answers={})

    def planned(self, build_id: str) -> None:
        if not self.is_planned(build_id):
            self._add(act="planned", build_id=build_id)

    def _add(self, **act: Any) -> None:
        self._ledger.add_mail_act(act)
        self._take(act)

    def _take(self, act: Mapping[str, Any]) -> None:
        if act["act"] == "planned":
            self._planned.add(act["build_id"])
            return
        if act["act"] == "intent":
            mail = Mail(
                act["mail_id"], tuple(act["key"]), act["content"], act["build_id"], act["as_of"],
                tuple(act["to"]),
            )  # fmt: skip
            self._mails[mail.mail_id] = self._last[mail.key] = mail
            self._history.setdefault(mail.key, []).append(mail)
            return
        mail = self._mails[act["mail_id"]]
        if act["act"] == "readdressed":
            mail.recipients = tuple(act["to"])
        elif act["act"] == "handing":
            mail.answers |= dict.fromkeys(act["to"], (UNKNOWN, ""))
        else:
            mail.in_outbox |= bool(act.get("outbox"))
            mail.answers |= {a: (s["state"], s["said"]) for a, s in act["answers"].items()}
