"""Removes an original that must not be kept, and what was made of it; a tombstone stays.

The tombstone (warehouse/acts.py: Expunge) is entered first and the original goes last, so a kill in
between is made good by the next night (`complete_expunges`). Everything in between may be done
again. What cannot be reached is said to the person who asks: mails that were sent, backups, copies
of published files, the sender's own file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import duckdb

from ingest.fingerprint import sha256_of
from warehouse.acts import FILE as ACTS
from warehouse.acts import ActLedger, Expunge, expunged
from warehouse.home import Home, sync_folder
from warehouse.ledger import SCHEMA_VERSION, Ledger, Receipt
from warehouse.mailbook import ACCEPTED, UNKNOWN, MailBook

# all of them can be made again; each may hold cells of any file
_DISPOSABLE = (
    "warehouse.duckdb", "warehouse.duckdb.wal", "warehouse.json", ".reading", "readings",
    "validations", "history", "dbt", "dagster/storage", "logs/dbt.log",
)  # fmt: skip
GONE = "(đã xóa)"

Line = dict[str, Any]


class NotExpungeable(RuntimeError):
    """There is no such file, or what is to go cannot be told. The message is for the team."""


@dataclass
class Removed:
    """What went, and what was out of reach."""

    builds: list[str] = field(default_factory=list)
    was_current: bool = False
    lines: int = 0
    mails: list[str] = field(default_factory=list)


def find_file(home: Home, named: str) -> Receipt:
    """The last receipt of a file, named by its hash, its path below the inbox, or a local copy.

    Raises NotExpungeable where no or more than one content is meant.
    """
    receipts = Ledger(home.ledger).receipts()
    found = [r for r in receipts if named in (r.file_sha256, r.file_path)]
    if not found and Path(named).is_file():
        sha256 = sha256_of(Path(named))
        found = [r for r in receipts if r.file_sha256 == sha256]
    if not found:
        raise NotExpungeable(f"Kho chưa tiếp nhận tệp nào là “{named}”.")
    shas = list(dict.fromkeys(receipt.file_sha256 for receipt in found))
    if len(shas) > 1:
        raise NotExpungeable(
            f"Dưới tên “{named}” đã nhận {len(shas)} tệp khác nhau; đề nghị ghi mã băm: "
            + ", ".join(shas)
        )
    return found[-1]


def tombstone(home: Home, receipt: Receipt, at: str, owner: str, reason: str) -> Expunge:
    """What is to be entered of a file. Raises NotExpungeable where no build says what was in it."""
    if receipt.file_sha256 in expunged(ActLedger(home.ledger).acts()):
        raise NotExpungeable("Tệp này đã được xóa khỏi kho trước đây.")
    if not home.published_file.exists():
        raise NotExpungeable(
            f"Chưa có bản dữ liệu nào trong {home.root} để biết tệp gồm những gì. "
            "Hãy chạy: kho nightly"
        )
    with duckdb.connect(str(home.published_file.resolve()), read_only=True) as connection:
        rows = connection.execute(
            "select submission_id from submission where file_sha256 = ? order by 1",
            [receipt.file_sha256],
        ).fetchall()
    ids = [submission_id for (submission_id,) in rows]
    act = Expunge(
        at=at, owner=owner, reason=reason, file_sha256=receipt.file_sha256,
        file_bytes=receipt.file_bytes, unit_code=receipt.reporter_unit_code, submission_ids=ids,
    )  # fmt: skip
    cut = _Cut.of(home, act)
    redacted = {
        path.stem: hashlib.sha256(content).hexdigest()
        for path, content, _ in cut.change_files(home)
    }
    return Expunge(**{**vars(act), "redacted": redacted})


def carry_out(home: Home, act: Expunge) -> Removed:
    """Remove everything that a tombstone is about. Call while holding the home's lock."""
    removed = Removed()
    cut = _Cut.of(home, act)  # before anything goes: it says what is to go
    _remove_builds(home, act, removed)
    for name in _DISPOSABLE:
        _remove(home.root / name)
    _remove_mails(home, cut, removed)
    removed.lines += _rewrite(home.ledger / "verdicts.jsonl", cut.verdict)
    with ActLedger(home.ledger).acts_locked():
        removed.lines += _rewrite(home.ledger / ACTS, cut.act)
    # these last: they say what else is to go
    for path, content, lines in cut.change_files(home):
        removed.lines += lines
        _replace(path, content)
    original = home.archived(act.file_sha256)
    original.unlink(missing_ok=True)
    if original.parent.is_dir():
        sync_folder(original.parent)
    return removed


def complete_expunges(home: Home) -> list[Expunge]:
    """Carry out what a kill left half done. Call while holding the home's lock."""
    left = [
        act
        for act in expunged(ActLedger(home.ledger).acts()).values()
        if home.archived(act.file_sha256).exists()
    ]
    for act in left:
        carry_out(home, act)
    return left


def drop_expunged(home: Home, pulled: Iterable[str]) -> int:
    """Take out of the archive what was pulled (hashes) although it was expunged; how many."""
    again = set(expunged(ActLedger(home.ledger).acts())) & set(pulled)
    for sha256 in again:
        home.archived(sha256).unlink(missing_ok=True)
    return len(again)


# --- what is to go ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cut:
    """Which lines of the ledger tell of an expunged file, and what is left of them."""

    sha256: str
    submissions: frozenset[str]
    facts: frozenset[tuple[str, str, str]]
    findings: frozenset[str]
    places: frozenset[str]
    paths: frozenset[str]
    messages: frozenset[str]
    known_builds: frozenset[str]
    periods: frozenset[str]
    unit_code: str

    @classmethod
    def of(cls, home: Home, act: Expunge) -> _Cut:
        ledger = Ledger(home.ledger)
        ids = frozenset(act.submission_ids)
        facts: set[tuple[str, str, str]] = set()
        findings: set[str] = set()
        places: set[str] = set()
        others: set[str] = set()
        paths = {r.file_path for r in ledger.receipts() if r.file_sha256 == act.file_sha256}
        messages: set[str] = set()
        periods: set[str] = set()
        for path in _change_paths(home):
            for line in _lines(path):
                content = line.get("content") or {}
                is_about = content.get("submission_id") in ids
                if line["act"] == "fact_opened" and is_about:
                    facts.add((line["fact_table"], line["fact_key"], line["content_hash"]))
                elif line["act"] == "finding_opened":
                    (places if is_about else others).add(str(content.get("place_key")))
                    if is_about:
                        findings.add(line["finding_key"])
                        messages.add(str(content.get("message")))
                        periods.add(str(content.get("period_key")))
        return cls(
            act.file_sha256, ids, frozenset(facts), frozenset(findings),
            # the same place in another file of the unit: its acts stay as they are
            frozenset(places - others), frozenset(paths), frozenset(messages),
            frozenset(p["build_id"] for p in ledger.publishes()), frozenset(periods),
            act.unit_code,
        )  # fmt: skip

    def change_files(self, home: Home) -> Iterator[tuple[Path, bytes, int]]:
        """The change files that lose lines: path, what is left, how many lines go. The newest come
        first: what closes a version goes before what opened it, by which it is known."""
        for path in reversed(_change_paths(home)):
            lines = list(_lines(path))
            kept = [line for line in lines if not self._tells(line)]
            if gone := len(lines) - len(kept):
                kept.append({"v": SCHEMA_VERSION, "act": "expunged", "lines": gone})
                yield path, _content(kept), gone

    def _tells(self, line: Line) -> bool:
        if line["act"].startswith("finding_"):
            return line["finding_key"] in self.findings
        if not line["act"].startswith("fact_"):
            return False
        # a closing names no submission; its version's hash of content does
        return (line["fact_table"], line["fact_key"], line["content_hash"]) in self.facts and (
            line["act"] == "fact_closed" or line["content"].get("submission_id") in self.submissions
        )

    def verdict(self, line: Line) -> Line:
        # of a build that was killed the submissions are not known: its words go with them
        is_about = line["submission_id"] in self.submissions
        if line["reason_vi"] and (is_about or line["build_id"] not in self.known_builds):
            return line | {"reason_vi": GONE}
        return line

    def act(self, line: Line) -> Line:
        """Acts stay, with who, when and why; what they quote of the file does not."""
        if line["act"] == "explanation" and line.get("file_sha256") == self.sha256:
            return line | {"text": GONE, "value": None, "expected": None}
        if line["act"] == "correction" and line.get("file_sha256") == self.sha256:
            return line | {"expect": GONE, "new_value": GONE}
        if line.get("place_key") in self.places:
            kept = {"value": None, "expected": None}
            return line | kept | ({"text": GONE} if "text" in line else {})
        return line


def _remove_builds(home: Home, act: Expunge, removed: Removed) -> None:
    """Every build in which the file is, the current one too: marts, reports, marked workbooks."""
    current = home.current.resolve().name if home.current.is_symlink() else None
    for folder in sorted(home.builds.iterdir()) if home.builds.is_dir() else []:
        if folder.name.startswith(".") or _holds(folder / "kho.duckdb", act.file_sha256):
            if folder.name == current:
                home.current.unlink()
                sync_folder(home.root)
                removed.was_current = True
            shutil.rmtree(folder)
            removed.builds.append(folder.name)


def _holds(file: Path, sha256: str) -> bool:
    """Whether a build has the file; one that cannot say so is taken to."""
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            found = connection.execute(
                "select count(*) from submission where file_sha256 = ? and status <> 'expunged'",
                [sha256],
            ).fetchone()
    except duckdb.Error:
        return True
    return bool(found and found[0])


def _remove_mails(home: Home, cut: _Cut, removed: Removed) -> None:
    """Mails in the outbox that tell of the file or bring it back, marked; and which were sent."""
    about = {
        mail.mail_id: mail
        for mail in MailBook(Ledger(home.ledger)).everything()
        if mail.key[0] == "letter" and mail.key[1] == cut.unit_code
    }
    for path in sorted(home.outbox.glob("*.eml")) if home.outbox.is_dir() else []:
        mail = about.get(path.stem)
        is_of_period = mail is not None and mail.key[2] in cut.periods
        # a letter names a file without its folder; other units may have files of that name
        names = {word.rpartition("/")[2] for word in cut.paths} if mail is not None else set()
        if is_of_period or _says(path, cut.paths | cut.messages | names):
            path.unlink()
    removed.mails = sorted(
        f"{mail.key[1]} {mail.key[2]}, {mail.as_of}: {address}"
        for mail in about.values()
        for state in (ACCEPTED, UNKNOWN)
        for address in mail.states(state)
    )


def _says(path: Path, words: Collection[str]) -> bool:
    """Whether a mail has any of these words, whatever lines they stand on."""
    message = message_from_bytes(path.read_bytes(), policy=default)
    texts = [
        " ".join(str(part.get_content()).split())
        for part in message.walk()
        if part.get_content_maintype() == "text"
    ]
    return any(" ".join(word.split()) in text for word in words for text in texts)


# --- files --------------------------------------------------------------------------------------


def _change_paths(home: Home) -> list[Path]:
    return sorted((home.ledger / "changes").glob("*.jsonl"))


def _lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def _content(lines: list[Line]) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def _rewrite(path: Path, change: Callable[[Line], Line]) -> int:
    """Write a file of the ledger anew where lines change; return how many did."""
    if not path.exists():
        return 0
    *complete, _torn = path.read_bytes().split(b"\n")
    lines = [json.loads(line) for line in complete if line]
    changed = [change(line) for line in lines]
    count = len([1 for before, after in zip(lines, changed, strict=True) if before != after])
    if count:
        _replace(path, _content(changed))
    return count


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
