"""Registers what was pulled, and decides which submission of a unit, form and period counts.

A submission is one unit, one form, one period. The same file again changes nothing; a later file
supersedes an earlier one; a held submission leaves the sender's last accepted one in place.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from ingest import reference
from ingest.contract import Contract
from ingest.package import Unreadable
from ingest.period import period_of
from ingest.reading import ReadFile, ReadSubmission, Remark
from warehouse.acts import Expunge
from warehouse.ledger import Receipt, timestamp

if TYPE_CHECKING:  # it knows all kinds of places that files come from
    from ingest.sources import PulledFile

# remarks that contradict whose a sheet is, or of what period, and say nothing of its figures
CONTRADICTIONS = frozenset(
    {
        "wrong_sender",
        "unit_contradiction",
        "identity_contradiction",
        "period_contradiction",
        "period_of_other_kind",
    }
)
ACCEPTED, HELD, SUPERSEDED = "accepted", "held", "superseded"
UNRECOGNISED, UNREADABLE = "unrecognised", "unreadable"
EXPUNGED = "expunged"


@dataclass(frozen=True)
class Submission:
    """One row of raw.submission, with what was read (None where no form was found)."""

    submission_no: int
    submission_id: str
    receipt: Receipt
    read: ReadSubmission | None
    status: str
    rule: str | None  # why a file without a form got its status: a rule of sentences.yml
    detail: tuple[tuple[str, str], ...] = ()
    reason_vi: str | None = None
    place_in_file: int = 0  # which of the file's submissions, from 0

    @property
    def key(self) -> tuple[str, str, str] | None:
        """Unit, form, period: what a later submission supersedes. None where a part of it is not
        known, or the sheet names another unit than its sender: it stands for neither's."""
        read, sender = self.read, self.receipt.reporter_unit_code
        if read is None or read.period_key is None or read.named_unit_code not in (None, sender):
            return None
        return sender, read.form, read.period_key


def new_receipts(
    known: Sequence[Receipt],
    pulled: Iterable[PulledFile],
    as_of: datetime,
    is_simulated: bool = False,
) -> list[Receipt]:
    """Receipts for files that are new, or whose content differs from the last under that path."""
    last = {receipt.file_path: receipt.file_sha256 for receipt in known}
    number = max((receipt.receipt_no for receipt in known), default=0)
    found = []
    for file in pulled:
        if last.get(file.path) == file.sha256:
            continue
        number += 1
        found.append(
            Receipt(
                number,
                file.path,
                file.sha256,
                file.size,
                file.sender,
                timestamp(as_of),
                is_simulated,
            )
        )
    return found


def register(
    receipts: Sequence[Receipt],
    readings: Mapping[str, ReadFile | Unreadable],
    contracts: Sequence[Contract],
    gone: Mapping[str, Expunge] | None = None,
) -> list[Submission]:
    """Every submission of every file received; `readings` by hash of the file, and so the
    tombstones of what was expunged: of these there is no reading."""
    found: list[Submission] = []
    contract_of = {(contract.form, contract.version): contract for contract in contracts}
    for receipt in receipts:
        if (act := (gone or {}).get(receipt.file_sha256)) is not None:
            found.append(_expunged(len(found) + 1, receipt, act))
            continue
        reading = readings[receipt.file_sha256]
        if isinstance(reading, Unreadable):
            found.append(_without_form(len(found) + 1, receipt, UNREADABLE, reading.reason))
        elif receipt.reporter_unit_code not in reference.reporting_units():
            found.append(
                _without_form(
                    len(found) + 1,
                    receipt,
                    UNRECOGNISED,
                    "sender_unknown",
                    (("value", receipt.reporter_unit_code),),
                )
            )
        elif not reading.submissions:
            detail = _nearest(reading.nearest_title, reading.missing_headers, contracts)
            found.append(
                _without_form(len(found) + 1, receipt, UNRECOGNISED, "form_unrecognised", detail)
            )
        else:
            for place, read in enumerate(reading.submissions):
                contract = contract_of[read.form, read.version]
                read = with_identity_remarks(read, receipt.reporter_unit_code, contract)
                if read.is_simulated and not receipt.is_simulated:
                    remark = Remark("simulated_file", read.sheet)
                    read = replace(read, remarks=(*read.remarks, remark))
                key = (receipt.file_sha256, receipt.file_path, read.form, str(read.period_key),
                       read.sheet, str(receipt.receipt_no))  # fmt: skip
                found.append(
                    Submission(
                        len(found) + 1,
                        _short_hash(*key),
                        receipt,
                        read,
                        ACCEPTED,
                        None,
                        place_in_file=place,
                    )
                )
            # the forms beside it are read, so each such sheet is said by itself
            for unread in reading.unread_sheets:
                detail = _nearest(unread.nearest_title, unread.missing_headers, contracts)
                found.append(
                    _without_form(
                        len(found) + 1,
                        receipt,
                        UNRECOGNISED,
                        "sheet_unrecognised",
                        (("sheet", unread.sheet), *detail),
                    )
                )
    return _with_same_pull_remarks(found)


def _short_hash(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def _without_form(
    number: int,
    receipt: Receipt,
    status: str,
    rule: str | None,
    detail: tuple[tuple[str, str], ...] = (),
) -> Submission:
    sheet = dict(detail).get("sheet", "")
    identity = _short_hash(receipt.file_sha256, receipt.file_path, sheet, str(receipt.receipt_no))
    return Submission(number, identity, receipt, None, status, rule, detail)


def _expunged(number: int, receipt: Receipt, act: Expunge) -> Submission:
    """What is left of a file; its sender is told only where it came again after that."""
    came_again = receipt.received_at > act.at
    detail = (("day", f"{date.fromisoformat(act.at[:10]):%d/%m/%Y}"),) if came_again else ()
    rule = "file_expunged" if came_again else None
    left = _without_form(number, receipt, EXPUNGED, rule, detail)
    return replace(left, reason_vi=act.says_vi)


def _nearest(
    title: str | None, missing_headers: Sequence[str], contracts: Sequence[Contract]
) -> tuple[tuple[str, str], ...]:
    """What was looked for, and what came nearest."""
    known = ", ".join(dict.fromkeys(contract.code_on_paper for contract in contracts))
    nearest = ""
    if title:
        missing = ", ".join(f"“{header}”" for header in missing_headers[:6])
        nearest = f"Gần nhất là biểu “{title}”"
        nearest += f", còn thiếu cột {missing}." if missing else "."
    return (("nearest", nearest), ("known", known))


def with_identity_remarks(read: ReadSubmission, sender: str, contract: Contract) -> ReadSubmission:
    """Add what contradicts in who sent the form, for whom, and for when."""
    units = reference.reporting_units()
    sheet = read.sheet
    remarks = list(read.remarks)
    if read.named_unit_code is None:  # its sender's folder is all that says whose it is
        read = replace(read, named_unit_code=sender)
    sender_name = units[sender].name_vi if sender in units else sender
    if not contract.accepts(sender):
        senders = ", ".join(reference.sender_label(sender) for sender in contract.senders)
        detail = (("form", contract.code_on_paper), ("sender", sender_name), ("senders", senders))
        remarks.append(Remark("wrong_sender", sheet, detail=detail))
    if read.named_unit_code is not None and read.named_unit_code != sender:
        named = units[read.named_unit_code].name_vi if read.named_unit_code in units else None
        both = (("named", named or read.named_unit_code), ("sender", sender_name))
        remarks.append(Remark("unit_contradiction", sheet, detail=both))
    if read.period_key is not None and not contract.is_in_force(period_of(read.period_key).end):
        detail = (
            ("form", contract.code_on_paper),
            ("period", period_of(read.period_key).label_vi),
            ("validity", _validity(contract)),
        )
        remarks.append(Remark("form_not_valid", sheet, detail=detail))
    return replace(read, remarks=tuple(remarks)) if len(remarks) > len(read.remarks) else read


def _validity(contract: Contract) -> str:
    end = f" đến {contract.valid.end:%d/%m/%Y}" if contract.valid.end else ""
    return f"từ {contract.valid.start:%d/%m/%Y}{end}"


def _with_same_pull_remarks(found: list[Submission]) -> list[Submission]:
    """Say so where one pull brought one unit, form and period several times, in whatever files."""
    groups: dict[tuple[object, ...], list[Submission]] = defaultdict(list)
    for submission in found:
        if submission.key is not None:
            groups[(submission.receipt.received_at, *submission.key)].append(submission)
    marked = {}
    for group in groups.values():
        if len(group) > 1:
            last = group[-1]
            files = ", ".join(f"{s.receipt.file_path} ({_sheet_of(s)})" for s in group)
            assert last.read is not None  # a key comes from a reading
            remark = Remark("two_files_same_form", last.read.sheet, detail=(("files", files),))
            read = replace(last.read, remarks=(*last.read.remarks, remark))
            marked[last.submission_no] = replace(last, read=read)
    return [marked.get(s.submission_no, s) for s in found]


def _sheet_of(submission: Submission) -> str:
    return submission.read.sheet if submission.read else ""


def judge(
    submissions: Sequence[Submission],
    errors: Mapping[int, Sequence[str]],
    released: Mapping[str, str] | None = None,
) -> list[Submission]:
    """Final statuses: an error holds a submission, the last accepted one of a key counts.

    A held one is done with once the unit has sent that form and period again, right or wrong; the
    last accepted one stays in force. What has no key (a file that could not be read, a sheet that
    names another unit), or is held because it contradicts itself about what it is, is about its
    file: it replaces nothing, and is done with once something else came under that path.

    `errors` holds the messages of the errors of each submission by its number; `released` the ids
    of submissions that are accepted in spite of them, each with the words that say by whom.
    """
    judged = [_judged(s, errors.get(s.submission_no, ()), released or {}) for s in submissions]
    latest: dict[tuple[str, str, str], int] = {}
    accepted: dict[tuple[str, str, str], int] = {}
    newest_file: dict[str, int] = {}
    for submission in judged:
        newest_file[submission.receipt.file_path] = submission.receipt.receipt_no
        key = _sure_key(submission)
        if key is not None:
            latest[key] = submission.submission_no
            if submission.status == ACCEPTED:
                accepted[key] = submission.submission_no

    def is_done_with(submission: Submission) -> bool:
        key, receipt = _sure_key(submission), submission.receipt
        if submission.status == EXPUNGED:
            return False
        if key is None:
            is_of_old_file = receipt.receipt_no != newest_file[receipt.file_path]
            return submission.status != ACCEPTED and is_of_old_file
        return submission.submission_no not in (latest[key], accepted.get(key))

    return [
        replace(s, status=SUPERSEDED, reason_vi="Đã có bản gửi sau thay thế.")
        if is_done_with(s)
        else s
        for s in judged
    ]


def _sure_key(submission: Submission) -> tuple[str, str, str] | None:
    """The key, unless the submission is held and says two things about its form or period."""
    read = submission.read
    contradicts = read is not None and any(r.rule in CONTRADICTIONS for r in read.remarks)
    return None if submission.status == HELD and contradicts else submission.key


def _judged(
    submission: Submission, messages: Sequence[str], released: Mapping[str, str]
) -> Submission:
    if submission.read is None or not messages:
        return submission
    if submission.submission_id in released and submission.key is not None:
        return replace(submission, reason_vi=released[submission.submission_id])
    return replace(submission, status=HELD, reason_vi=_reason(messages))


def _reason(messages: Sequence[str]) -> str:
    more = f" (và {len(messages) - 1} lỗi khác)" if len(messages) > 1 else ""
    return messages[0] + more
