"""Which files are new, and which submission of a unit, a form and a period counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ingest.cells import CellColumns
from ingest.contract import all_contracts
from ingest.package import Unreadable
from ingest.pull import pull_sources
from ingest.reading import Area, ReadFile, ReadSubmission, Remark
from ingest.register import (
    ACCEPTED,
    HELD,
    SUPERSEDED,
    UNREADABLE,
    UNRECOGNISED,
    Submission,
    judge,
    new_receipts,
    register,
)
from ingest.seen import Seen
from ingest.sources import InboxMissing, PulledFile, Source
from warehouse.ledger import Receipt

AS_OF = datetime(2026, 7, 5, 6, 30)
CONTRACTS = all_contracts()


def reading(
    form: str = "ls02_thu_nsnn", period: str = "2021..2025", sheet: str = "LS-02"
) -> ReadSubmission:
    area = Area(1, 1, sheet)
    return ReadSubmission(form, 1, "STC", period, None, (area,), (), (), CellColumns(), (), 0)


def file_of(*submissions: ReadSubmission) -> ReadFile:
    return ReadFile(submissions, None, (), 0)


def receipt(number: int, sha: str, at: str = "2026-07-05", path: str = "STC/a.xlsx") -> Receipt:
    return Receipt(number, path, sha, 1, path.partition("/")[0], at)


def rules(submission: Submission) -> list[str]:
    return [remark.rule for remark in submission.read.remarks] if submission.read else []


# --- receipts -----------------------------------------------------------------------------------


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / "STC").mkdir(parents=True)
    return tmp_path / "inbox"


def pulled(inbox: Path) -> list[PulledFile]:
    seen = Seen(inbox.parent / "seen.json")
    return pull_sources([Source(str(inbox))], inbox.parent / "archive", seen).files


def pull(inbox: Path, known: list[Receipt], content: str) -> list[Receipt]:
    (inbox / "STC" / "Biểu 1.xlsx").write_text(content)
    return new_receipts(known, pulled(inbox), AS_OF)


def test_same_file_again_is_no_receipt(inbox: Path) -> None:
    first = pull(inbox, [], "A")
    assert [(r.receipt_no, r.file_path, r.reporter_unit_code) for r in first] == [
        (1, "STC/Biểu 1.xlsx", "STC")
    ]
    assert pull(inbox, first, "A") == []


def test_file_that_goes_back_to_what_it_was_is_received_a_third_time(inbox: Path) -> None:
    known: list[Receipt] = []
    for content in ("A", "B", "A", "A"):
        known += pull(inbox, known, content)
    assert [r.receipt_no for r in known] == [1, 2, 3]
    assert known[0].file_sha256 == known[2].file_sha256 != known[1].file_sha256
    assert len([p for p in (inbox.parent / "archive").rglob("*") if p.is_file()]) == 2


def test_same_content_under_another_name_is_a_receipt_of_its_own(inbox: Path) -> None:
    known = pull(inbox, [], "A")
    (inbox / "STC" / "ban sao.xlsx").write_text("A")
    more = new_receipts(known, pulled(inbox), AS_OF)
    assert [r.file_path for r in more] == ["STC/ban sao.xlsx"]


def test_original_in_the_archive_is_read_only_and_lies_under_its_hash(inbox: Path) -> None:
    [found] = pull(inbox, [], "A")
    original = inbox.parent / "archive" / found.file_sha256[:2] / found.file_sha256
    assert original.read_text() == "A"
    assert original.stat().st_mode & 0o222 == 0


def test_what_programs_leave_beside_files_is_passed_over(inbox: Path) -> None:
    (inbox / "05977").mkdir()
    for name in ("STC/~$Biểu.xlsx", "STC/.DS_Store", "STC/Thumbs.db", "05977/desktop.ini"):
        (inbox / name).write_text("x")
    (inbox / "05977" / "a.xlsx").write_text("A")
    (inbox / "lac.xlsx").write_text("A")
    found = pulled(inbox)
    assert [(file.path, file.sender) for file in found] == [
        ("05977/a.xlsx", "05977"),
        ("lac.xlsx", ""),
    ]


def test_missing_inbox_is_said(tmp_path: Path) -> None:
    with pytest.raises(InboxMissing, match="there is no inbox at"):
        pulled(tmp_path / "nirgends")


# --- registering --------------------------------------------------------------------------------


def test_workbook_of_two_forms_is_two_submissions_with_their_own_ids() -> None:
    forms = file_of(reading(), reading("ls03_chi_nsdp", sheet="LS-03"))
    found = register([receipt(1, "a")], {"a": forms}, CONTRACTS)
    assert [s.submission_no for s in found] == [1, 2]
    assert [s.key for s in found] == [
        ("STC", "ls02_thu_nsnn", "2021..2025"),
        ("STC", "ls03_chi_nsdp", "2021..2025"),
    ]
    assert len({s.submission_id for s in found}) == 2
    assert all(s.status == ACCEPTED for s in found)


def test_ids_are_the_same_when_registered_again() -> None:
    receipts = [receipt(1, "a"), receipt(2, "b", "2026-07-06"), receipt(3, "a", "2026-07-07")]
    readings = {"a": file_of(reading()), "b": file_of(reading())}
    first = register(receipts, readings, CONTRACTS)
    again = register(receipts, readings, CONTRACTS)
    assert [s.submission_id for s in first] == [s.submission_id for s in again]
    assert len({s.submission_id for s in first}) == 3


def test_file_that_cannot_be_read_or_is_no_form_has_a_submission_too() -> None:
    receipts = [
        receipt(1, "a"),
        receipt(2, "b", path="STC/b.xlsx"),
        receipt(3, "c", path="lac.xlsx"),
        receipt(4, "c", path="So Tai chinh/c.xlsx"),
    ]
    readings = {"a": Unreadable("damaged"), "b": file_of(), "c": file_of(reading())}
    found = register(receipts, readings, CONTRACTS)
    assert [(s.status, s.rule, s.key) for s in found] == [
        (UNREADABLE, "damaged", None),
        (UNRECOGNISED, "form_unrecognised", None),
        (UNRECOGNISED, "sender_unknown", None),
        (UNRECOGNISED, "sender_unknown", None),
    ]


def test_two_files_for_one_form_in_one_pull_are_said_at_the_one_that_counts() -> None:
    receipts = [receipt(1, "a"), receipt(2, "b", path="STC/b.xlsx")]
    readings = {"a": file_of(reading()), "b": file_of(reading())}
    found = register(receipts, readings, CONTRACTS)
    assert [rules(s) for s in found] == [[], ["two_files_same_form"]]
    assert found[1].read is not None
    assert dict(found[1].read.remarks[0].detail) == {
        "files": "STC/a.xlsx (LS-02), STC/b.xlsx (LS-02)"
    }
    assert [s.status for s in judge(found, {})] == [SUPERSEDED, ACCEPTED]


def test_two_pulls_of_one_form_are_an_ordinary_correction() -> None:
    receipts = [receipt(1, "a"), receipt(2, "b", "2026-07-06", "STC/b.xlsx")]
    readings = {"a": file_of(reading()), "b": file_of(reading())}
    assert [rules(s) for s in register(receipts, readings, CONTRACTS)] == [[], []]


def test_two_sheets_of_one_form_in_one_file_are_said() -> None:
    forms = file_of(reading(sheet="Nông nghiệp"), reading(sheet="Công nghiệp"))
    found = register([receipt(1, "a")], {"a": forms}, CONTRACTS)
    statuses = [s.status for s in judge(found, {})]
    assert statuses == [ACCEPTED, ACCEPTED] or any(rules(s) for s in found)


@pytest.mark.parametrize(
    ("period", "expected"), [("2020", ["form_not_valid"]), ("2021", []), ("2021..2025", [])]
)
def test_form_before_its_first_day_is_said(period: str, expected: list[str]) -> None:
    [found] = register([receipt(1, "a")], {"a": file_of(reading(period=period))}, CONTRACTS)
    assert rules(found) == expected


# --- judging ------------------------------------------------------------------------------------


def history(*statuses: str, unit: str = "STC") -> list[Submission]:
    """Submissions of one key, one a night; `bad` ones have errors (see `errors`)."""
    return [
        Submission(
            number,
            f"s{number}",
            receipt(number, f"sha{number}", f"2026-07-0{number}", f"{unit}/a.xlsx"),
            reading(),
            ACCEPTED,
            None,
        )
        for number, _ in enumerate(statuses, start=1)
    ]


@pytest.mark.parametrize(
    ("sent", "judged"),
    [
        (["good"], [ACCEPTED]),
        (["bad"], [HELD]),
        (["good", "good"], [SUPERSEDED, ACCEPTED]),
        (["good", "bad"], [ACCEPTED, HELD]),  # the last accepted one stays
        (["bad", "good"], [SUPERSEDED, ACCEPTED]),
        (["good", "bad", "good"], [SUPERSEDED, SUPERSEDED, ACCEPTED]),
        (["good", "good", "bad", "bad"], [SUPERSEDED, ACCEPTED, SUPERSEDED, HELD]),
    ],
)
def test_last_accepted_submission_of_a_key_counts(sent: list[str], judged: list[str]) -> None:
    errors = {n: ["Ô D8: sai."] for n, kind in enumerate(sent, start=1) if kind == "bad"}
    found = judge(history(*sent), errors)
    assert [s.status for s in found] == judged
    for submission in found:
        expected = {
            HELD: "Ô D8: sai.",
            SUPERSEDED: "Đã có bản gửi sau thay thế.",
            ACCEPTED: None,
        }[submission.status]
        assert submission.reason_vi == expected


def test_what_could_not_be_read_is_done_with_once_its_file_was_replaced() -> None:
    receipts = [receipt(1, "broken"), receipt(2, "good"), receipt(3, "other", path="STC/b.xlsx")]
    readings = {"broken": Unreadable("damaged"), "good": file_of(reading()),
                "other": Unreadable("damaged")}  # fmt: skip
    judged = judge(register(receipts, readings, CONTRACTS), {})
    assert [s.status for s in judged] == [SUPERSEDED, ACCEPTED, UNREADABLE]


def test_sheet_of_another_unit_is_held_until_its_file_is_replaced() -> None:
    misdirected = file_of(replace(reading(), named_unit_code="SYT"))
    files = {"misdirected": misdirected, "own": file_of(reading())}
    errors = {1: ["Đơn vị khác."]}
    beside = [receipt(1, "misdirected"), receipt(2, "own", path="STC/b.xlsx")]
    statuses = [s.status for s in judge(register(beside, files, CONTRACTS), errors)]
    assert statuses == [HELD, ACCEPTED]
    instead = [receipt(1, "misdirected"), receipt(2, "own")]
    statuses = [s.status for s in judge(register(instead, files, CONTRACTS), errors)]
    assert statuses == [SUPERSEDED, ACCEPTED]


def test_held_sheet_that_contradicts_itself_about_its_period_replaces_nothing() -> None:
    unsure = replace(reading(), remarks=(Remark("identity_contradiction", "LS-02"),))
    files = {"bad": file_of(reading()), "unsure": file_of(unsure)}
    receipts = [receipt(1, "bad"), receipt(2, "unsure", path="STC/b.xlsx")]
    errors = {1: ["Ô D8: sai."], 2: ["Tệp mẫu của kỳ khác."]}
    found = register(receipts, files, CONTRACTS)
    assert [s.status for s in judge(found, errors)] == [HELD, HELD]
    # once people have accepted how it is explained, it is what it says
    assert [s.status for s in judge(found, {1: ["Ô D8: sai."]})] == [SUPERSEDED, ACCEPTED]
    again = [*receipts, receipt(3, "again", path="STC/b.xlsx")]
    found = register(again, files | {"again": file_of(reading(period="2016..2020"))}, CONTRACTS)
    statuses = [s.status for s in judge(found, errors)]
    assert statuses[:2] == [HELD, SUPERSEDED]


RELEASED = "Được A cho phép sử dụng đến hết ngày 25/11/2026: kịp họp"


@pytest.mark.parametrize(
    ("sent", "released", "judged"),
    [
        (["bad"], "s1", [ACCEPTED]),
        (["good", "bad"], "s2", [SUPERSEDED, ACCEPTED]),
        (["good", "bad", "bad"], "s2", [SUPERSEDED, ACCEPTED, HELD]),  # what comes later is held
        (["good", "bad", "good"], "s2", [SUPERSEDED, SUPERSEDED, ACCEPTED]),
        (["good"], "s1", [ACCEPTED]),
    ],
)
def test_released_submission_counts_and_says_who_released_it(
    sent: list[str], released: str, judged: list[str]
) -> None:
    errors = {n: ["Ô D8: sai."] for n, kind in enumerate(sent, start=1) if kind == "bad"}
    found = judge(history(*sent), errors, {released: RELEASED})
    assert [s.status for s in found] == judged
    reasons = {s.submission_id: s.reason_vi for s in found if s.status == ACCEPTED}
    assert set(reasons.values()) <= {None, RELEASED}
    if judged[int(released[1:]) - 1] == ACCEPTED and sent[int(released[1:]) - 1] == "bad":
        assert reasons[released] == RELEASED


def test_what_is_of_no_known_period_cannot_be_released() -> None:
    [submission] = history("bad")
    assert submission.read is not None
    unknown = replace(submission, read=replace(submission.read, period_key=None))
    assert [s.status for s in judge([unknown], {1: ["x"]}, {"s1": RELEASED})] == [HELD]


def test_reason_counts_the_further_errors() -> None:
    [found] = judge(history("bad"), {1: ["Ô D8: sai.", "Ô D9: sai.", "Ô D10: sai."]})
    assert found.reason_vi == "Ô D8: sai. (và 2 lỗi khác)"


def test_other_units_forms_and_periods_do_not_supersede() -> None:
    base = history("good")[0]
    others = [
        Submission(2, "s2", receipt(2, "b", path="SYT/a.xlsx"), reading(), ACCEPTED, None),
        Submission(3, "s3", receipt(3, "c"), reading("ls03_chi_nsdp"), ACCEPTED, None),
        Submission(4, "s4", receipt(4, "d"), reading(period="2026"), ACCEPTED, None),
    ]
    assert {s.status for s in judge([base, *others], {})} == {ACCEPTED}


def test_file_without_a_form_keeps_its_status() -> None:
    without = Submission(1, "s", receipt(1, "a"), None, UNREADABLE, "damaged")
    assert judge([without], {1: ["Tệp bị hỏng"]}) == [without]


def test_warning_about_a_sheet_holds_nothing() -> None:
    [submission] = history("good")
    remark = Remark("line_missing", "LS-02", detail=(("expected", "Thu nội địa"),))
    assert submission.read is not None
    changed = ReadSubmission(**{**submission.read.__dict__, "remarks": (remark,)})
    again = Submission(**{**submission.__dict__, "read": changed})
    assert judge([again], {})[0].status == ACCEPTED
