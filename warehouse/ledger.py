"""The ledger: what happened, append-only, one JSON line an act.

    receipts.jsonl         a file came in (path, hash, when)
    acts.jsonl             what the data team decided: releases, corrections, … (see acts.py)
    verdicts.jsonl         a submission's status changed (accepted, held, …), and why
    publishes.jsonl        a build was published
    mail.jsonl             mails: meant to be sent, handed over, answered (see mailbook.py)
    changes/<build>.jsonl  what that publish changed: fact versions and findings, before and after

Archive and ledger alone rebuild the facts and their history. Acts are idempotent: a build that
was killed half-way is simply run again. Changes count only once their publish line stands.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1


class MixedData(RuntimeError):
    """Simulated files for a home of real ones, or real files for a home of simulated ones."""


class LedgerError(RuntimeError):
    """The ledger holds a line that cannot be read (other than a torn last one)."""


@dataclass(frozen=True)
class Receipt:
    """A file that came in. `receipt_no` counts from 1 in the order of arrival."""

    receipt_no: int
    file_path: str
    file_sha256: str
    file_bytes: int
    reporter_unit_code: str
    received_at: str
    is_simulated: bool = False


@dataclass(frozen=True)
class Verdict:
    """A submission's status as of a build."""

    submission_id: str
    status: str
    reason_vi: str | None
    build_id: str
    as_of: str


class Ledger:
    """Reads and appends acts below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def receipts(self) -> list[Receipt]:
        return [Receipt(**act) for act in self._read("receipts.jsonl")]

    def refuse_mixing(self, is_simulated: bool) -> None:
        """Raises MixedData where the home has received files of the other sort."""
        if any(receipt.is_simulated != is_simulated for receipt in self.receipts()):
            known, new = ("thật", "mô phỏng") if is_simulated else ("mô phỏng", "thật")
            raise MixedData(
                f"kho này chứa số liệu {known}, nguồn tệp chứa số liệu {new}; "
                "hai loại không bao giờ ở chung một kho. Hãy dùng --home khác"
            )

    def add_receipts(self, receipts: Iterable[Receipt]) -> None:
        self._append("receipts.jsonl", (asdict(receipt) for receipt in receipts))

    def verdicts(self) -> dict[str, Verdict]:
        """The last verdict on every submission."""
        return {act["submission_id"]: Verdict(**act) for act in self._read("verdicts.jsonl")}

    def add_verdicts(self, verdicts: Iterable[Verdict]) -> None:
        """Append the verdicts that differ from the last ones in status or reason."""
        known = {
            act["submission_id"]: (act["status"], act["reason_vi"])
            for act in self._read("verdicts.jsonl")
        }
        self._append(
            "verdicts.jsonl",
            (
                asdict(verdict)
                for verdict in verdicts
                if known.get(verdict.submission_id) != (verdict.status, verdict.reason_vi)
            ),
        )

    def publishes(self) -> list[dict[str, Any]]:
        return list(self._read("publishes.jsonl"))

    def add_publish(self, publish: Mapping[str, Any]) -> None:
        """Append a publish line, unless the ledger already has that build."""
        if all(known["build_id"] != publish["build_id"] for known in self.publishes()):
            self._append("publishes.jsonl", [publish])

    def mail_acts(self) -> Iterator[dict[str, Any]]:
        return self._read("mail.jsonl")

    def add_mail_act(self, act: Mapping[str, Any]) -> None:
        self._append("mail.jsonl", [act])

    def write_changes(self, build_id: str, changes: Iterable[str]) -> Path:
        """Write what a build changes, each a JSON object as text, whole or not at all. Replaces
        what a killed try wrote."""
        path = self.change_file(build_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            for change in changes:
                file.write(f'{{"v": {SCHEMA_VERSION}, {change[1:]}\n')
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return path

    def change_files(self) -> list[Path]:
        """The change files of every publish that stands, in order."""
        return [self.change_file(p["build_id"]) for p in self.publishes()]

    def change_file(self, build_id: str) -> Path:
        return self.folder / "changes" / f"{build_id}.jsonl"

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        if not path.exists():
            return
        *lines, torn = path.read_bytes().split(b"\n")
        # what stands after the last line's end was torn by a kill: that act did not happen, and is
        # done again (_cut_torn_line takes it away before the next act is written)
        del torn
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                act = json.loads(line.decode())  # else each line is asked for its encoding
            except (json.JSONDecodeError, UnicodeDecodeError):
                raise LedgerError(f"{path}:{number}: not a line of JSON") from None
            if not isinstance(act, dict):
                raise LedgerError(f"{path}:{number}: not an act") from None
            act.pop("v", None)
            yield act

    def _append(self, name: str, acts: Iterable[Mapping[str, Any]]) -> None:
        lines = [json.dumps({"v": SCHEMA_VERSION, **act}, ensure_ascii=False) for act in acts]
        if not lines:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        _cut_torn_line(path)
        with path.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _cut_torn_line(path: Path) -> None:
    """A line without its end was being written when the process was killed: take it away."""
    if not path.exists() or not (content := path.read_bytes()) or content.endswith(b"\n"):
        return
    with path.open("r+b") as file:
        file.truncate(content.rfind(b"\n") + 1)


def timestamp(moment: datetime) -> str:
    """Local time without zone, as the ledger and the tables write it."""
    return moment.isoformat(sep=" ", timespec="seconds")
