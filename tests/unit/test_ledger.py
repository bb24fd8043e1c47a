"""The ledger survives a kill at any byte, and says where it is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.shared import as_lines
from warehouse.ledger import Ledger, LedgerError, Receipt, Verdict, timestamp

AT = "2026-07-05 06:30:00"


def receipt(number: int, path: str = "STC/Biểu số 1.xlsx", sha: str = "a") -> Receipt:
    return Receipt(number, path, sha * 64, 10, "STC", AT)


def verdict(status: str, reason: str | None = None, submission: str = "s1") -> Verdict:
    return Verdict(submission, status, reason, "b1", AT)


def test_receipts_come_back_as_they_went_in(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.receipts() == []
    ledger.add_receipts([receipt(1), receipt(2, sha="b")])
    ledger.add_receipts([receipt(3)])
    assert ledger.receipts() == [receipt(1), receipt(2, sha="b"), receipt(3)]


def test_every_line_carries_the_schema_version_and_readable_vietnamese(tmp_path: Path) -> None:
    Ledger(tmp_path).add_receipts([receipt(1)])
    text = (tmp_path / "receipts.jsonl").read_text(encoding="utf-8")
    assert json.loads(text)["v"] == 1
    assert "Biểu số 1.xlsx" in text and text.endswith("\n")


def test_nothing_to_append_makes_no_file(tmp_path: Path) -> None:
    Ledger(tmp_path).add_receipts([])
    assert list(tmp_path.iterdir()) == []


def _line(tmp_path: Path) -> bytes:
    Ledger(tmp_path / "other").add_receipts([receipt(2)])
    return (tmp_path / "other" / "receipts.jsonl").read_bytes()


def test_torn_last_line_did_not_happen_and_is_done_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.add_receipts([receipt(1)])
    path = tmp_path / "ledger" / "receipts.jsonl"
    whole, line = path.read_bytes(), _line(tmp_path)
    for cut in (1, 10, line.index("ể".encode()), len(line) - 2):
        path.write_bytes(whole + line[:cut])
        assert ledger.receipts() == [receipt(1)]
        ledger.add_receipts([receipt(2)])
        assert ledger.receipts() == [receipt(1), receipt(2)]
        assert path.read_bytes() == whole + line


def test_line_torn_inside_a_letter_did_not_happen(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.add_receipts([receipt(1)])
    line = _line(tmp_path)
    cut = line.index("ể".encode()) + 1
    with (tmp_path / "ledger" / "receipts.jsonl").open("ab") as file:
        file.write(line[:cut])
    assert ledger.receipts() == [receipt(1)]


def test_act_that_was_read_is_never_cut_away(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.add_receipts([receipt(1), receipt(2)])
    path = tmp_path / "ledger" / "receipts.jsonl"
    path.write_bytes(path.read_bytes()[:-1])  # killed before the line end
    known = ledger.receipts()
    ledger.add_receipts([receipt(len(known) + 1, sha="c")])
    assert ledger.receipts()[: len(known)] == known


@pytest.mark.parametrize("broken", [b"{", b"khong phai json", b'{"receipt_no": 1'])
def test_broken_line_in_the_middle_is_named_with_its_number(tmp_path: Path, broken: bytes) -> None:
    ledger = Ledger(tmp_path)
    ledger.add_receipts([receipt(1)])
    path = tmp_path / "receipts.jsonl"
    path.write_bytes(path.read_bytes() + broken + b"\n")
    ledger_line = path.read_bytes()
    with pytest.raises(LedgerError, match=r"receipts\.jsonl:2: not a line of JSON"):
        ledger.receipts()
    assert path.read_bytes() == ledger_line  # nothing was repaired in silence


def test_line_that_is_no_object_is_a_ledger_error(tmp_path: Path) -> None:
    (tmp_path / "receipts.jsonl").write_text("7\n")
    with pytest.raises(LedgerError):
        Ledger(tmp_path).receipts()


def test_verdict_is_written_only_where_it_changed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add_verdicts([verdict("accepted"), verdict("held", "Ô D8", "s2")])
    ledger.add_verdicts([verdict("accepted"), verdict("held", "Ô D8", "s2")])
    ledger.add_verdicts([verdict("superseded", "Đã có bản gửi sau thay thế."),
                         verdict("held", "Ô D9", "s2")])  # fmt: skip
    lines = (tmp_path / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["status"] for line in lines] == [
        "accepted", "held", "superseded", "held",
    ]  # fmt: skip
    assert ledger.verdicts()["s1"].status == "superseded"
    assert ledger.verdicts()["s2"].reason_vi == "Ô D9"


def test_publish_of_one_build_is_written_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.add_publish({"build_id": "b1", "as_of": AT})
    ledger.add_publish({"build_id": "b1", "as_of": AT})
    ledger.add_publish({"build_id": "b2", "as_of": AT})
    assert [p["build_id"] for p in ledger.publishes()] == ["b1", "b2"]


def test_changes_count_only_once_their_publish_stands(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    first = ledger.write_changes("b1", as_lines([{"act": "fact_opened"}]))
    ledger.write_changes("b2", as_lines([{"act": "fact_opened"}]))
    assert ledger.change_files() == []
    ledger.add_publish({"build_id": "b1"})
    assert ledger.change_files() == [first]


def test_changes_of_a_build_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    path = ledger.write_changes("b1", as_lines([{"act": "a"}, {"act": "b"}]))
    whole = path.read_bytes()

    def killed() -> Iterator[str]:
        yield from as_lines([{"act": "c"}])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.write_changes("b1", killed())
    assert path.read_bytes() == whole
    assert ledger.write_changes("b1", as_lines([{"act": "c"}])) == path
    assert [json.loads(line) for line in path.open()] == [{"v": 1, "act": "c"}]


def test_time_is_written_as_plain_local_time() -> None:
    assert timestamp(datetime(2026, 7, 5, 6, 30)) == AT
