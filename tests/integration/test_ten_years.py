"""What is kept for ten years comes back from a backup alone; what must not be kept is gone."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import CORRECTED, SECOND_NIGHT, Built, NextNights
from tests.shared import Run, run_kho
from warehouse.history import FACTS

Nightly = Callable[[Path, Path, str], Run]
# the day of the third night, so that nothing else has become late
ACTS, BEFORE, AFTER = "2026-11-24T03:00", "2026-11-24T04:00", "2026-11-24T05:00"
# what changed since the build before, and when the one before was: another night says another thing
OF_THE_NIGHT = {"build_change", "readme"}
LAST_SEEN = "last_seen"


def do(home: Path, *arguments: str) -> None:
    signed = ("--home", home, "--as-of", ACTS, "--owner", "An", "--reason", "Công văn số 12")
    run = run_kho(*arguments, *signed)
    assert run.returncode == 0, run.stderr


def act_on(home: Built) -> None:
    """A held submission released, a warning explained and accepted, a cell corrected."""
    [(held,), *_] = home.query(
        "select submission_id from submission where status = 'held' and form_code is not null "
        "order by submission_id"
    )
    [(place,), *_] = home.query(
        "select place_key from dq_result where severity = 'warning' and closed is null "
        "order by place_key"
    )
    do(home.home, "release", str(held), "--until", "2026-12-31")
    do(home.home, "explain", str(place), "--text", "Đúng như vậy", "--accept")
    do(home.home, "correct", "LS-06!L17", "--unit", "HQ6", "--form", "ls06_xuat_nhap_khau",
       "--period", "2021..2025", "--expect", "89", "--value", "88,5")  # fmt: skip


@pytest.mark.slow
def test_backup_alone_brings_back_facts_releases_explanations_and_history(
    next_nights: NextNights, nightly: Nightly, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(next_nights.completed.home, home, symlinks=True)
    act_on(Built(home, ""))
    run = nightly(home, next_nights.inbox, BEFORE)
    assert run.returncode == 0, run.stderr
    backup = tmp_path / "kho.tar.gz"
    assert run_kho("backup", "--home", home, "--out", backup).returncode == 0
    published = tmp_path / "published"
    shutil.move((home / "current").resolve(), published / "current")
    shutil.rmtree(home)
    assert run_kho("restore", backup, "--home", home).returncode == 0
    (tmp_path / "empty_inbox").mkdir()
    run = nightly(home, tmp_path / "empty_inbox", AFTER)
    assert run.returncode == 0, run.stderr
    before, after = Built(published, ""), Built(home, "")
    for name, columns in columns_of(before).items():
        where = " where closed is null" if name == "dq_result" else ""
        rows = f'select {columns} from "{name}"{where} order by all'
        assert after.query(rows) == before.query(rows), name
    known = "select known_from, known_to from fct_trade where not is_current"
    assert before.query(known), "there is a history to come back"
    states = "select kind, state from dq_act order by act_no"
    assert ("release", "in_force") in before.query(states)
    for fact in FACTS:
        for moment in ("2026-11-22 12:00", "2026-11-24 02:30"):
            then = f"select * from {fact}_as_of('{moment}') order by all"
            assert after.query(then) == before.query(then), (fact, moment)
    mails = "mail.jsonl"
    sent = (next_nights.completed.home / "ledger" / mails).read_text(encoding="utf-8")
    assert (home / "ledger" / mails).read_text(encoding="utf-8").startswith(sent)


def columns_of(built: Built) -> dict[str, str]:
    """Every published table that is compared, with its columns."""
    rows = built.query(
        "select table_name, string_agg('\"' || column_name || '\"', ', ' order by column_index) "
        "from duckdb_columns() where schema_name = 'main' and database_name = current_database() "
        f"and column_name <> '{LAST_SEEN}' "
        "and table_name in (select table_name from duckdb_tables()) group by table_name"
    )
    found = {str(name): str(columns) for name, columns in rows if name not in OF_THE_NIGHT}
    assert {*FACTS, "submission", "dq_result", "dq_act", "mart_plan_scorecard"} <= set(found)
    return found


@pytest.mark.slow
def test_expunged_file_is_gone_and_the_next_night_goes_on_without_it(
    copied: Built, inbox: Path, nightly: Nightly
) -> None:
    original = inbox / CORRECTED
    content = original.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    ids = [
        str(submission_id).encode()
        for (submission_id,) in copied.query(
            f"select submission_id from submission where file_sha256 = '{sha256}'"
        )
    ]
    others = copied.query("select fact_key, value_text from fct_budget order by all")
    assert ids and others
    run = run_kho("expunge", CORRECTED, "--home", copied.home, "--reason", "Dữ liệu cá nhân",
                  "--owner", "An", "--as-of", "2026-11-22T09:00")  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert not (copied.home / "current").exists()
    for path in copied.home.rglob("*"):
        if path.is_file() and "dagster/history" not in str(path):
            found = path.read_bytes()
            assert content not in found, path
            if path.name not in ("acts.jsonl", "verdicts.jsonl"):  # without a word of it
                assert not any(submission_id in found for submission_id in ids), path
    shutil.copy(original, original.with_name("gui_lai.xlsx"))  # and the first one lies there still
    run = nightly(copied.home, inbox, SECOND_NIGHT)
    assert run.returncode == 0, run.stderr
    assert not (copied.home / "archive" / sha256[:2] / sha256).exists()
    left = copied.query(
        "select s.file_path, s.status, s.form_code, s.reason_vi, d.message "
        "from submission as s left join dq_result as d using (submission_id) "
        f"where s.file_sha256 = '{sha256}' order by 1"
    )
    reason = "Tệp đã được xóa khỏi kho ngày 22/11/2026, người thực hiện An: Dữ liệu cá nhân"
    again = "Tệp này đã được xóa khỏi kho ngày 22/11/2026 và không được tiếp nhận lại."
    folder = CORRECTED.partition("/")[0]
    assert left == [
        (CORRECTED, "expunged", None, reason, None),
        (f"{folder}/gui_lai.xlsx", "expunged", None, again, again),
    ]
    assert copied.query(
        f"select count(*) from fct_trade where reporter_unit_code = '{folder}'"
    ) == [(0,)]
    assert copied.query("select fact_key, value_text from fct_budget order by all") == others
    assert copied.query("select kind, owner, file_sha256 from dq_act") == [
        ("expunge", "An", sha256)
    ]
