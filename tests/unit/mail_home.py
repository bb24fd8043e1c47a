"""A small published home: a real DuckDB file with what letters and the summary read."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import duckdb
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from expectations.reports.letter import read_letters
from expectations.reports.letter_files import write_letters
from orchestration.mailing import letters_before
from orchestration.settings import Settings
from warehouse.connection import open_published
from warehouse.home import Home
from warehouse.ledger import Ledger

SENDER = "kho@stc.example"

_TABLES = """
create table dim_unit (unit_code varchar, name_vi varchar, level varchar, valid_to date);
create table dim_period (period_key varchar, label_vi varchar);
create table dim_form (
    form_code varchar, form_version integer, code_on_paper varchar, title_vi varchar);
create table submission (
    submission_id varchar, file_path varchar, received_at timestamp, reporter_unit_code varchar,
    form_code varchar, form_version integer, period_key varchar, status varchar,
    reason_vi varchar, is_simulated boolean);
create table dq_result (
    finding_key varchar, place_key varchar, submission_id varchar, file varchar,
    reporter_unit_code varchar, form_code varchar, period_key varchar,
    rule varchar, severity varchar, sheet varchar, cell_ref varchar,
    cells varchar[], value varchar, expected varchar, message varchar, fix varchar,
    first_seen timestamp, closed timestamp, state varchar);
create table mart_submission_status (
    unit_code varchar, unit_name_vi varchar, form_code varchar, code_on_paper varchar,
    title_vi varchar, period_key varchar, due_date date, status varchar, days_late integer);
create table build_change (change varchar, cause varchar);
create table dq_act (
    act_no integer, kind varchar, owner varchar, place_key varchar, explanation varchar,
    state varchar, state_vi varchar);
create table mart_quality_open_findings (
    finding_key varchar, severity varchar, closed_by varchar, closed_at timestamp);
insert into dim_unit values
    ('STC', 'Sở Tài chính', 'agency', null), ('06463', 'Xã Chi Lăng', 'commune', null);
insert into dim_period values ('2026-06', 'tháng 6/2026'), ('2026-05', 'tháng 5/2026');
insert into dim_form values ('xa_thu', 1, 'XA-THU', 'Thu ngân sách nhà nước trên địa bàn xã');
insert into mart_submission_status values
    ('06463', 'Xã Chi Lăng', 'xa_thu', 'XA-THU', 'Thu ngân sách', '2026-05', '2026-06-05',
     'overdue', 30);
insert into build_change values ('changed', 'submission'), ('added', 'submission');
"""


@dataclass(frozen=True)
class Sent:
    """One submission of a made-up build, with the cells in which something is wrong."""

    unit: str
    period: str = "2026-06"
    wrong: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    value: str = "1.275,1"
    number: int = 1

    @property
    def submission_id(self) -> str:
        return f"{self.unit}-{self.period}-{self.number}"


def publish(
    home: Home, as_of: str, submissions: Sequence[Sent], is_simulated: bool = False
) -> None:
    """Put a build in place as the night does: file, letters, description, link, publish line."""
    home.create()
    build_id = as_of.replace("-", "").replace(":", "").replace(" ", "T")
    folder = home.builds / build_id
    folder.mkdir()
    moment = datetime.fromisoformat(as_of)
    with duckdb.connect(str(folder / "kho.duckdb")) as connection:
        connection.execute(_TABLES)
        for sent in submissions:
            connection.execute(
                "insert into submission values (?, ?, ?, ?, 'xa_thu', 1, ?, ?, null, ?)",
                [
                    sent.submission_id, f"{sent.unit}/XA-THU.xlsx", moment, sent.unit,
                    sent.period, "held" if sent.wrong else "accepted", is_simulated,
                ],
            )  # fmt: skip
            for cell in (*sent.wrong, *sent.closed):
                connection.execute(
                    "insert into dq_result values (?, ?, ?, '', ?, 'xa_thu', ?, 'totals', 'error',"
                    " 'XA-THU', ?, [], ?, null, ?, 'Đề nghị rà soát.', ?, ?, 'open')",
                    [
                        f"{sent.submission_id}-{cell}", f"{sent.unit}-{sent.period}-{cell}",
                        sent.submission_id, sent.unit, sent.period, f"XA-THU!{cell}", sent.value,
                        f"Ô {cell}: tổng {sent.value}.", moment,
                        moment if cell in sent.closed else None,
                    ],
                )  # fmt: skip
    description = {"build_id": build_id, "as_of": as_of, "is_simulated": is_simulated}
    (folder / "build.json").write_text(json.dumps(description), encoding="utf-8")
    with open_published(folder / "kho.duckdb") as connection:
        letters = read_letters(connection, letters_before(home))
    write_letters(letters, folder / "reports", moment, 5, before=home.current / "reports")
    home.switch_current(build_id)
    Ledger(home.ledger).add_publish(description)


class MailServer:
    """A real SMTP server on loopback that keeps what it took, and refuses what it is told to."""

    def __init__(self, **options: Any) -> None:
        self.taken: list[EmailMessage] = []
        self.contents: list[bytes] = []  # the same, as they came
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}
        self.refuse_data = ""
        self._options = options
        self._lock = threading.Lock()
        self._controller: Controller | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse_data:
            return self.refuse_data
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        with self._lock:
            self.taken.append(message)
            self.contents.append(envelope.content)
            self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def start(self) -> None:
        self._controller = Controller(self, "127.0.0.1", self.port, **self._options)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a home whose mails come here."""
        return {
            "KHO_MAIL_HOST": "127.0.0.1",
            "KHO_MAIL_PORT": str(self.port),
            "KHO_MAIL_TLS": "none",
            "KHO_MAIL_FROM": SENDER,
            "KHO_MAIL_TEAM": '["kho-doi@stc.example"]',
        }

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.taken]


@dataclass
class Pauses:
    """Notes how long would have been waited; can do something in the meantime."""

    seconds: list[float] = field(default_factory=list)
    meanwhile: Any = None

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.meanwhile is not None:
            self.meanwhile()


def settings(port: int, **said: Any) -> Settings:
    return Settings(
        **{
            "mail_host": "127.0.0.1" if port else "",
            "mail_port": port or 25,
            "mail_tls": "none",
            "mail_from": SENDER,
            "mail_team": ["kho-doi@stc.example"],
            **said,
        }
    )


def write_contacts(home: Home, *lines: str) -> None:
    home.root.mkdir(parents=True, exist_ok=True)
    home.contacts.write_text("\n".join(["unit_code,email", *lines]) + "\n", encoding="utf-8")


def outbox(home: Home) -> list[Path]:
    return sorted(home.outbox.glob("*.eml"))
