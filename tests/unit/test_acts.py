"""Acts in the ledger: entered once, never lost, and what they come to on a day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from expectations.findings import Finding, Subject
from warehouse.act_table import act_frame
from warehouse.acts import (
    Acceptance,
    Act,
    ActLedger,
    Correction,
    Explanation,
    Rejection,
    Release,
    Reprocess,
    Withdrawal,
    acts_version,
    corrections,
    explained,
    refused_releases,
    release_ends,
    releases,
    standing,
)
from warehouse.ledger import LedgerError
from warehouse.results import Owner, finding_frame, open_errors, with_explained, with_released

AT = "2026-11-22 09:00:00"
WHO = {"at": AT, "owner": "Lê Thị Thử", "reason": "kịp họp"}
RELEASE = Release(
    **WHO,
    submission_id="s1",
    unit_code="STC",
    form_code="ls02_thu_nsnn",
    period_key="2026",
    expires="2026-11-25",
)
PLACE = {"place_key": "p1", "value": "15,4", "expected": "từ 15,6"}
EXPLANATION = Explanation(**WHO, **PLACE, text="Số đúng, do thu hồi nợ")
ACCEPTANCE = Acceptance(**WHO, **PLACE)
CORRECTION = Correction(
    **WHO,
    sheet="LS-06",
    cell="L17",
    expect="88",
    new_value="89",
    unit_code="HQ6",
    form_code="ls06_xuat_nhap_khau",
    period_key="2021..2025",
)
REPROCESS = Reprocess(**WHO, form_code="ls02_thu_nsnn")


def withdrawal(number: int) -> Withdrawal:
    return Withdrawal(**WHO, withdraws=number)


def numbered(*acts: Act) -> list[Act]:
    return [replace(act, act_no=number) for number, act in enumerate(acts, start=1)]


# --- the ledger ---------------------------------------------------------------------------------


def test_acts_come_back_as_they_went_in_with_numbers(tmp_path: Path) -> None:
    ledger = ActLedger(tmp_path / "ledger")
    assert ledger.acts() == []
    ledger.add([RELEASE, EXPLANATION, ACCEPTANCE])
    ledger.add([CORRECTION, REPROCESS, withdrawal(1)])
    assert ledger.acts() == numbered(
        RELEASE, EXPLANATION, ACCEPTANCE, CORRECTION, REPROCESS, withdrawal(1)
    )


def test_every_line_says_its_schema_who_when_and_why(tmp_path: Path) -> None:
    ActLedger(tmp_path).add([RELEASE])
    line = json.loads((tmp_path / "acts.jsonl").read_text(encoding="utf-8"))
    assert (line["v"], line["act"], line["act_no"]) == (1, "release", 1)
    assert (line["owner"], line["at"], line["reason"]) == ("Lê Thị Thử", AT, "kịp họp")


def test_torn_last_act_did_not_happen_and_its_number_is_given_again(tmp_path: Path) -> None:
    ledger = ActLedger(tmp_path)
    ledger.add([RELEASE])
    path = tmp_path / "acts.jsonl"
    whole = path.read_bytes()
    for cut in (1, 20, len(whole) - 1):
        path.write_bytes(whole + whole[:cut])
        assert ledger.acts() == numbered(RELEASE)
        assert [act.act_no for act in ledger.add([CORRECTION])] == [2]
        assert ledger.acts() == numbered(RELEASE, CORRECTION)


@pytest.mark.parametrize("line", ['{"act": "burn"}', '{"act": "release", "owner": "x"}', "{}"])
def test_a_line_that_is_no_act_is_a_ledger_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "acts.jsonl").write_text(line + "\n")
    with pytest.raises(LedgerError, match=r"acts\.jsonl"):
        ActLedger(tmp_path).acts()


def test_what_an_officer_wrote_is_entered_once_however_often_the_file_is_read(
    tmp_path: Path,
) -> None:
    ledger = ActLedger(tmp_path)
    assert len(ledger.add_explanations([EXPLANATION, EXPLANATION])) == 1
    assert ledger.add_explanations([replace(EXPLANATION, at="2026-11-23 02:00:00")]) == []
    assert len(ledger.add_explanations([replace(EXPLANATION, text="Số khác")])) == 1


def test_any_act_makes_another_version() -> None:
    assert acts_version([]) == ""
    one, two = acts_version(numbered(RELEASE)), acts_version(numbered(RELEASE, CORRECTION))
    assert len({"", one, two}) == 3


# --- what they come to --------------------------------------------------------------------------


def test_release_counts_to_the_end_of_its_last_day() -> None:
    acts = numbered(RELEASE)
    assert list(releases(acts, date(2026, 11, 25))) == ["s1"]
    assert releases(acts, date(2026, 11, 26)) == {}
    assert release_ends(acts) == [date(2026, 11, 25)]
    assert releases(acts, date(2026, 11, 25))["s1"].says_vi == (
        "Được Lê Thị Thử cho phép sử dụng đến hết ngày 25/11/2026: kịp họp"
    )


def test_a_later_release_of_a_submission_replaces_the_earlier() -> None:
    acts = numbered(RELEASE, replace(RELEASE, expires="2026-11-23"))
    assert releases(acts, date(2026, 11, 24)) == {}
    assert [r["state"] for r in act_frame(acts, date(2026, 11, 22)).to_dicts()] == [
        "replaced",
        "in_force",
    ]


def test_what_is_withdrawn_counts_no_more_and_a_withdrawal_can_be_withdrawn() -> None:
    acts = numbered(RELEASE, CORRECTION, withdrawal(1), withdrawal(2))
    assert releases(acts, date(2026, 11, 22)) == {} and corrections(acts) == []
    acts = numbered(RELEASE, CORRECTION, withdrawal(2), withdrawal(3))
    assert [act.act_no for act in standing(acts)] == [1, 2, 4]


@pytest.mark.parametrize(
    ("rules", "is_released"),
    [
        (["totals", "required_blank"], True),
        (["totals", "wrong_sender"], False),  # another unit's form
        (["unit_contradiction"], False),  # in another unit's folder
        (["simulated_file"], False),
    ],
)
def test_no_reason_releases_what_is_not_the_units_own(rules: list[str], is_released: bool) -> None:
    refused = refused_releases({"s1": replace(RELEASE, act_no=3)}, {"s1": rules})
    assert (3 in refused) is not is_released
    if refused:
        assert refused[3].startswith(
            "Việc cho phép sử dụng số 3 không được áp dụng: biểu không phải của đơn vị gửi"
        )


def test_accepted_explanation_is_quiet_until_the_finding_says_something_else() -> None:
    accepted = explained(numbered(EXPLANATION, ACCEPTANCE))
    assert accepted.covers("p1", "15,4", "từ 15,6")
    assert not accepted.covers("p1", "15,5", "từ 15,6")  # the value changed
    assert not accepted.covers("p1", "15,4", "từ 17,0")  # what it is held against changed
    assert not accepted.covers("p2", "15,4", "từ 15,6")
    assert not explained(numbered(EXPLANATION)).covers("p1", "15,4", "từ 15,6")


def test_rejected_explanation_is_open_again() -> None:
    rejection = Rejection(**WHO, **PLACE)
    acts = numbered(EXPLANATION, ACCEPTANCE, rejection)
    assert not explained(acts).covers("p1", "15,4", "từ 15,6")
    assert [r["state"] for r in act_frame(acts, date(2026, 11, 22)).to_dicts()] == [
        "done",
        "replaced",
        "in_force",
    ]


def test_table_of_acts_says_what_each_comes_to() -> None:
    acts = numbered(RELEASE, EXPLANATION, CORRECTION, REPROCESS, withdrawal(3))
    rows = act_frame(acts, date(2026, 11, 26)).to_dicts()
    assert [(row["kind"], row["state"], row["state_vi"]) for row in rows] == [
        ("release", "expired", "Đã hết hạn."),
        ("explanation", "waiting", "Giải trình đang chờ xem xét."),
        ("correction", "withdrawn", "Đã được rút lại."),
        ("reprocess", "done", "Đã thực hiện."),
        ("withdrawal", "done", "Đã thực hiện."),
    ]
    assert rows[0]["done_at"] == datetime(2026, 11, 22, 9)
    assert rows[2]["cell_ref"] == "LS-06!L17"
    [failed] = act_frame(acts[2:3], date(2026, 11, 26), {3: "Ô nay ghi khác."}).to_dicts()
    assert (failed["state"], failed["state_vi"]) == ("failed", "Ô nay ghi khác.")


# --- states of findings -------------------------------------------------------------------------


def finding(number: int, severity: str, cell: str, value: str) -> Finding:
    return Finding(
        number, "totals", severity, "LS", f"LS!{cell}", (f"LS!{cell}",), value, None,
        f"Ô {cell}: sai.", "Đề nghị sửa.", place=("1", cell, "value"),
    )  # fmt: skip


def test_explained_errors_hold_nothing_and_released_ones_stay_on_the_list() -> None:
    subject = Subject("STC", "ls02_thu_nsnn", "2026")
    owners = {n: Owner(f"s{n}", "a.xlsx", subject) for n in (1, 2)}
    found = [
        finding(1, "error", "B2", "1"),
        finding(2, "error", "B3", "2"),
        finding(2, "warning", "B4", "3"),
    ]
    frame = finding_frame(found, owners, {}, datetime(2026, 11, 22))
    quiet = Acceptance(
        **WHO,
        place_key=found[0].place_key(subject),
        value="1",
        expected=None,
    )
    frame = with_explained(frame, explained([quiet]))
    assert open_errors(frame) == {2: ["Ô B3: sai."]}
    assert open_errors(frame, "rule") == {2: ["totals"]}
    assert with_released(frame, {2})["state"].to_list() == ["explained", "released", "open"]
    assert with_released(frame, ())["state"].to_list() == ["explained", "open", "open"]
