"""What must not be kept goes from everywhere in the home, whatever kills it on the way; a tombstone
stays, and the same file does not come back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

import duckdb
import pytest

from expectations.validate import file_findings
from ingest.register import ACCEPTED, EXPUNGED, judge, register
from tests.shared import as_lines, run_kho
from warehouse import expunge
from warehouse.acts import (
    Acceptance,
    ActLedger,
    Correction,
    Explanation,
    Expunge,
    Release,
    expunged,
)
from warehouse.backup import restore_backup, write_backup
from warehouse.expunge import carry_out, complete_expunges, find_file, tombstone
from warehouse.home import Home
from warehouse.ledger import Ledger, Receipt, Verdict
from warehouse.mailbook import Mail, MailBook
from warehouse.publish import NotAfterLastBuild, refuse_the_past

SECRET = "Hoàng Thị Mật"
WRONG, RIGHT = b"a workbook with a list of names", b"a workbook without"
SHA, OTHER = hashlib.sha256(WRONG).hexdigest(), hashlib.sha256(RIGHT).hexdigest()
NIGHTS = ("20260701T020000-a", "20260702T020000-a", "20260703T020000-a")
AT = "2026-07-03 09:00:00"
SIGNED = {"at": "2026-07-02 08:00:00", "owner": "An", "reason": "Công văn số 12"}


def opened(fact_key: str, submission: str, says: str) -> dict[str, object]:
    return {
        "act": "fact_opened", "fact_table": "fct_budget", "fact_key": fact_key,
        "content_hash": says, "moment": "2026-07-01 02:00:00",
        "content": {"submission_id": submission, "value_text": says},
    }  # fmt: skip


def closed(fact_key: str, says: str) -> dict[str, object]:
    return {
        "act": "fact_closed", "fact_table": "fct_budget", "fact_key": fact_key,
        "content_hash": says, "moment": "2026-07-02 02:00:00",
    }  # fmt: skip


def finding(key: str, submission: str, says: str) -> dict[str, object]:
    return {
        "act": "finding_opened", "finding_key": key, "moment": "2026-07-01 02:00:00",
        "content": {"submission_id": submission, "place_key": f"place-{key}", "message": says,
                    "period_key": "2026-06"},
    }  # fmt: skip


def build(home: Home, build_id: str, shas: list[str]) -> None:
    folder = home.builds / build_id
    folder.mkdir()
    with duckdb.connect(str(folder / "kho.duckdb")) as connection:
        connection.execute(
            "create table submission (submission_id varchar, file_sha256 varchar, status varchar)"
        )
        for sha in shas:
            connection.execute(
                "insert into submission values (?, ?, 'held')", [f"s-{sha[:4]}", sha]
            )
    said = {"build_id": build_id, "as_of": f"{build_id[:4]}-{build_id[4:6]}-{build_id[6:8]} 02:00"}
    (folder / "build.json").write_text(json.dumps(said), encoding="utf-8")
    Ledger(home.ledger).add_publish(said)
    home.switch_current(build_id)


def mail(home: Home, book: MailBook, key: tuple[str, ...], text: str, to: str = "") -> Path:
    meant = Mail(book.next_id(key, text), key, text, NIGHTS[2], AT, (to,) if to else ())
    message = EmailMessage()
    message.set_content(text, charset="utf-8", cte="base64")
    home.outbox.mkdir(exist_ok=True)
    path = home.outbox / meant.file_name
    path.write_bytes(message.as_bytes())
    book.intend(meant)
    if to:
        book.handing(meant, [to])
        book.answer(meant, {to: ("accepted", "250 OK")})
    return path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.create()
    ledger, ids = ActLedger(place.ledger), (f"s-{SHA[:4]}", f"s-{OTHER[:4]}")
    for number, (sha, content) in enumerate(((OTHER, RIGHT), (SHA, WRONG)), start=1):
        path = place.archived(sha)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        ledger.add_receipts(
            [Receipt(number, f"STC/{number}.xlsx", sha, len(content), "STC", "2026-07-01 02:00:00")]
        )
    wrong, right = ids
    ledger.write_changes(
        NIGHTS[0], as_lines([opened("k1", right, "15"), opened("k2", right, "16")])
    )
    ledger.write_changes(
        NIGHTS[1],
        as_lines([closed("k1", "15"), opened("k1", wrong, SECRET),
                  finding("f1", wrong, f"Ô B2: {SECRET}"), finding("f2", right, "Ô C3: 16")]),
    )  # fmt: skip
    ledger.write_changes(
        NIGHTS[2],
        as_lines(
            [closed("k1", SECRET), {"act": "finding_closed", "finding_key": "f1", "moment": AT}]
        ),
    )
    for night, shas in zip(NIGHTS, ([OTHER], [OTHER, SHA], [OTHER, SHA]), strict=True):
        build(place, night, shas)
    ledger.add_verdicts(
        [
            Verdict(wrong, "held", f"Ô B2: {SECRET}", NIGHTS[1], AT),
            Verdict(right, "held", "Ô C3: 16", NIGHTS[1], AT),
            Verdict("of a killed night", "held", f"Ô B2: {SECRET}", "never published", AT),
        ]
    )
    release = {"unit_code": "STC", "form_code": "f", "period_key": "2026-06"}
    ledger.add(
        [
            Explanation(**SIGNED, place_key="place-f1", value=SECRET, expected=None, text=SECRET),
            Acceptance(**SIGNED, place_key="place-f1", value=SECRET, expected=None),
            Acceptance(**SIGNED, place_key="place-f2", value="16", expected="17"),
            Correction(**SIGNED, sheet="S", cell="B2", expect=SECRET, new_value="1",
                       file_sha256=SHA),
            Release(**SIGNED, submission_id=right, expires="2026-08-01", **release),
        ]
    )  # fmt: skip
    for name in ("warehouse.duckdb", ".reading/a", "readings/a", "validations/a", "history/a",
                 "dbt/a", "dagster/storage/read", "logs/dbt.log"):  # fmt: skip
        (place.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.root / name).write_text(SECRET, encoding="utf-8")
    return place


def act_on(home: Home) -> Expunge:
    receipt = find_file(home, SHA)
    return tombstone(home, receipt, AT, "Bình", "Danh sách có dữ liệu cá nhân")


def assert_gone(home: Home) -> None:
    for path in home.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert WRONG not in content, path
            for secret in (SECRET, json.dumps(SECRET)[1:-1]):
                assert secret.encode() not in content, path


def test_bytes_and_words_go_from_everywhere_and_all_else_stays(home: Home) -> None:
    before = {act.act_no: act for act in ActLedger(home.ledger).acts()}
    with home.locked():
        act = act_on(home)
        ActLedger(home.ledger).add([act])
        removed = carry_out(home, act)
    assert_gone(home)
    assert (removed.builds, removed.was_current) == ([NIGHTS[1], NIGHTS[2]], True)
    assert [path.name for path in home.builds.iterdir()] == [NIGHTS[0]]
    assert home.published() is None and not home.current.is_symlink()
    assert home.archived(OTHER).read_bytes() == RIGHT
    lines = [
        [json.loads(line) for line in path.open(encoding="utf-8")]
        for path in Ledger(home.ledger).change_files()
    ]
    assert [[line["act"] for line in night] for night in lines] == [
        ["fact_opened", "fact_opened"],
        ["fact_closed", "finding_opened", "expunged"],
        ["expunged"],
    ]
    assert (lines[1][-1]["lines"], lines[2][-1]["lines"]) == (2, 2)
    verdicts = Ledger(home.ledger).verdicts()
    assert [v.reason_vi for v in verdicts.values()] == ["(đã xóa)", "Ô C3: 16", "(đã xóa)"]
    after = {act.act_no: act for act in ActLedger(home.ledger).acts()}
    assert [after[n] == before[n] for n in before] == [False, False, True, False, True]
    assert [after[n].owner for n in before] == ["An"] * 5
    assert Ledger(home.ledger).receipts()[1].file_sha256 == SHA


def test_tombstone_says_who_when_why_and_what_it_was_but_not_what_it_said(home: Home) -> None:
    with home.locked():
        ActLedger(home.ledger).add([act_on(home)])
    act = expunged(ActLedger(home.ledger).acts())[SHA]
    assert (act.owner, act.at, act.reason) == ("Bình", AT, "Danh sách có dữ liệu cá nhân")
    assert (act.file_bytes, act.unit_code) == (len(WRONG), "STC")
    assert act.says_vi == (
        "Tệp đã được xóa khỏi kho ngày 03/07/2026, người thực hiện Bình: Danh sách có dữ liệu cá "
        "nhân"
    )


# the tombstone stands; then one of these kills the command
STEPS = ("_remove_builds", "_remove", "_remove_mails", "_rewrite", "_replace", "sync_folder")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_what_a_kill_left_is_done_by_the_next_night(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    done: list[int] = []
    real: Callable[..., object] = getattr(expunge, step)

    def killed(*arguments: object) -> object:
        if len(done) == calls:
            raise KeyboardInterrupt
        done.append(1)
        return real(*arguments)

    with home.locked():
        act = act_on(home)
        ActLedger(home.ledger).add([act])
        with monkeypatch.context() as patched:
            patched.setattr(expunge, step, killed)
            try:
                carry_out(home, act)
            except KeyboardInterrupt:
                assert home.archived(SHA).exists() or step == "sync_folder"
        complete_expunges(home)
        assert complete_expunges(home) == []
    assert_gone(home)
    for night, sha256 in act.redacted.items():
        path = Ledger(home.ledger).change_file(night)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, "made in another way"


def test_mails_that_wait_go_where_they_tell_of_it_and_sent_ones_are_named(home: Home) -> None:
    book = MailBook(Ledger(home.ledger))
    to_go = [
        mail(home, book, ("letter", "STC", "2026-06"), "kỳ của phát hiện"),
        mail(home, book, ("letter", "STC", "2026-05"), "đã nhận tệp 2.xlsx"),
        mail(home, book, ("summary", NIGHTS[2]), f"Bị giữ: Ô B2:\n{SECRET}"),
    ]
    to_stay = [
        mail(home, book, ("letter", "SYT", "2026-06"), "tệp 2.xlsx của đơn vị khác"),
        mail(home, book, ("letter", "STC", "2026-04"), "kỳ khác"),
        mail(home, book, ("letter", "STC", "2026-03"), "đã gửi", to="vanthu@stc.example"),
    ]
    with home.locked():
        act = act_on(home)
        ActLedger(home.ledger).add([act])
        removed = carry_out(home, act)
    assert [path.exists() for path in [*to_go, *to_stay]] == [False] * 3 + [True] * 3
    assert removed.mails == [f"STC 2026-03, {AT}: vanthu@stc.example"]


def test_history_only_grows_although_no_build_is_left(home: Home) -> None:
    with home.locked():
        act = act_on(home)
        ActLedger(home.ledger).add([act])
        carry_out(home, act)
    with pytest.raises(NotAfterLastBuild, match="not after the last published build"):
        refuse_the_past(home, datetime(2026, 7, 3, 2))
    refuse_the_past(home, datetime(2026, 7, 3, 9))


def test_backup_after_it_is_restored_without_it(home: Home, tmp_path: Path) -> None:
    with home.locked():
        act = act_on(home)
        ActLedger(home.ledger).add([act])
        carry_out(home, act)
    write_backup(home, tmp_path / "kho.tar.gz")
    restore_backup(tmp_path / "kho.tar.gz", Home(tmp_path / "restored"))
    assert_gone(Home(tmp_path / "restored"))


def left_of(receipts: list[Receipt]) -> list[tuple[str, str | None]]:
    act = Expunge(
        at=AT, owner="Bình", reason="Dữ liệu cá nhân", file_sha256=SHA, file_bytes=1,
        unit_code="STC",
    )  # fmt: skip
    submissions = judge(register(receipts, {}, (), {SHA: act}), {})
    assert ACCEPTED not in [s.status for s in submissions]
    findings = {f.submission_no: f.message for f in file_findings(submissions)}
    return [(s.status, findings.get(s.submission_no)) for s in submissions]


def test_file_that_was_expunged_is_answered_with_a_sentence_only_where_it_comes_again() -> None:
    first = Receipt(1, "STC/2.xlsx", SHA, 10, "STC", "2026-07-01 02:00:00")
    again = Receipt(2, "STC/lai.xlsx", SHA, 10, "STC", "2026-07-05 02:00:00")
    assert left_of([first, again]) == [
        (EXPUNGED, None),
        (EXPUNGED, "Tệp này đã được xóa khỏi kho ngày 03/07/2026 và không được tiếp nhận lại."),
    ]


def test_command_says_what_is_left_to_do(home: Home) -> None:
    arguments = ("expunge", "STC/2.xlsx", "--home", home.root, "--reason", "Dữ liệu cá nhân",
                 "--owner", "Bình", "--as-of", "2026-07-03T09:00")  # fmt: skip
    run = run_kho(*arguments)
    assert run.returncode == 0, run.stderr
    assert f"Tệp {SHA} ({len(WRONG)} byte, đơn vị STC) không còn trong kho." in run.stdout
    assert "Hãy chạy ngay: kho nightly" in run.stdout
    assert "tệp STC/2.xlsx trong hộp nhận" in run.stdout
    assert_gone(home)
    run = run_kho(*arguments)
    assert run.returncode == 2
    assert "Tệp này đã được xóa khỏi kho trước đây." in run.stderr
    run = run_kho("withdraw", "6", "--home", home.root, "--reason", "nhầm")
    assert run.returncode == 2  # and where a build is published, because there is no way back


def test_command_refuses_what_it_does_not_know_and_a_home_in_which_a_night_runs(home: Home) -> None:
    signed = ("--home", home.root, "--reason", "r", "--owner", "o")
    run = run_kho("expunge", "STC/khong_co.xlsx", *signed)
    assert (run.returncode, run.stderr.strip()) == (
        2, "Kho chưa tiếp nhận tệp nào là “STC/khong_co.xlsx”.",
    )  # fmt: skip
    with home.locked():
        run = run_kho("expunge", SHA, *signed)
    assert (run.returncode, run.stderr.strip()) == (
        2, "Kho đang được dựng; đề nghị chạy lại sau khi dựng xong.",
    )  # fmt: skip
    assert home.archived(SHA).exists()
