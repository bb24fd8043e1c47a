"""One officer's round trip: a wrong workbook, the mail, the cell mended in LibreOffice, sent
again."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

import openpyxl
import pytest

from expectations.reports.answer_sheet import TITLE
from expectations.reports.letter import read_letters
from expectations.reports.styles_xml import COLOURS
from tests.integration.answered_night import (
    ANSWERED_NIGHT,
    EXPLAINED,
    MENDED,
    QUIET_NIGHT,
    REVENUE,
    attached,
    the_mail,
)
from tests.integration.conftest import (
    FIRST_NIGHT,
    OFFICER,
    THIRD_NIGHT,
    AnsweredNight,
    NextNights,
)
from tests.shared import run_kho
from warehouse.connection import open_published

pytestmark = pytest.mark.libreoffice
WRONG = "Ô C13 ghi “15.97l,5”, không phải là số."
LETTER, WORKBOOK = "Phieu-thong-bao_STC_2021-2025.pdf", "Tep-danh-dau_LS-02-LS-03-2021-2025.xlsx"
TEAM = "kho-doi@stc.example"


def moment(night: str) -> datetime:
    return datetime.fromisoformat(night)


def test_an_officer_mends_the_marked_cell_in_libreoffice_and_the_finding_is_closed(
    next_nights: NextNights, answered_night: AnsweredNight
) -> None:
    # the wrong workbook is held, and the mail says so, with the cell marked in the file it brings
    told = next_nights.completed
    assert told.query(
        "select status from submission where form_code = 'ls02_thu_nsnn' order by received_at"
    ) == [("accepted",), ("held",)]
    mail = the_mail(next_nights.mails(OFFICER))
    assert WRONG in mail.get_body(("plain",)).get_content()
    sent = attached(mail)
    assert sent[LETTER].startswith(b"%PDF")
    book = openpyxl.load_workbook(BytesIO(sent[WORKBOOK]))
    assert book["LS-02"]["C13"].fill.fgColor.rgb == COLOURS["error"]
    assert WRONG in book["LS-02"]["C13"].comment.text
    assert [WRONG in row for row in book[TITLE].values].count(True) == 1

    # what came back is in force, and the finding is closed by it, a day after it was first told
    built = answered_night.built
    assert built.query(
        "select status, file_path from submission where form_code = 'ls02_thu_nsnn' "
        "order by received_at"
    ) == [("superseded", REVENUE), ("superseded", REVENUE), ("accepted", REVENUE)]
    assert built.query(
        "select closed, first_seen from dq_result where message like 'Ô C13 ghi “15.97l%'"
    ) == [(moment(ANSWERED_NIGHT), moment(THIRD_NIGHT))]
    assert built.query(
        "select is_open, closed_by, first_seen, last_seen, closed_at, age_days "
        "from mart_quality_open_findings where message like 'Ô C13 ghi “15.97l%'"
    ) == [
        (False, "resubmission", moment(THIRD_NIGHT), moment(THIRD_NIGHT), moment(ANSWERED_NIGHT), 1)
    ]
    assert built.query(
        "select n_held, n_errors, n_mended, median_days_to_mend::double from mart_quality_league "
        "where unit_code = 'STC' and period_key = '2021..2025'"
    ) == [(0, 0, 1, 1.0)]

    # the figure is in the facts and the mart; what was known before can still be asked for
    assert built.query(
        "select amount_billion_vnd::double from mart_budget_summary "
        "where line_code = 'revenue_domestic' and period_key = '2021..2025'"
    ) == [(15_972.5,)]
    assert built.query(
        "select value_text, known_from, known_to, is_current from fct_budget "
        "where cell_ref = 'LS-02!C13' order by known_from"
    ) == [
        ("15.971,5", moment(FIRST_NIGHT), moment(ANSWERED_NIGHT), False),
        (MENDED, moment(ANSWERED_NIGHT), None, True),
    ]
    [(key,)] = built.query(
        "select fact_key from fct_budget where cell_ref = 'LS-02!C13' and is_current"
    )
    traced = run_kho("trace", str(key), "--home", built.home)
    assert traced.returncode == 0, traced.stderr
    assert MENDED in traced.stdout and "15.971,5" in traced.stdout

    # what the officer explained waits for the data team, and is in its mail
    assert built.query(
        "select owner, explanation, state from dq_act where kind = 'explanation' and owner = 'STC'"
    ) == [("STC", EXPLAINED, "waiting")]
    [team] = answered_night.mails(ANSWERED_NIGHT, TEAM)
    summary = team.get_body(("plain",)).get_content()
    assert "Giải trình chờ xem xét: 1" in summary
    assert f"Sở Tài chính, LS-03!C13: “{EXPLAINED}” (kho explain " in summary
    assert "Đã khắc phục kể từ lần phát hành trước: 1" in summary
    for words in ("release", "correction", "submission"):
        assert words not in summary

    # the new letter names what was mended; its workbook keeps what the officer wrote
    [mail] = answered_night.mails(ANSWERED_NIGHT, OFFICER)
    assert "Đã khắc phục kể từ phiếu trước: 1" in mail.get_body(("plain",)).get_content()
    sent = attached(mail)
    assert sent[LETTER].startswith(b"%PDF")
    with open_published(built.home / "current" / "kho.duckdb") as published:
        letters = read_letters(published)
    [letter] = [x for x in letters if x.key == ("STC", "2021..2025")]
    assert [f.cell_ref for f in letter.findings if f.is_explained] == ["LS-03!C13"]
    book = openpyxl.load_workbook(BytesIO(sent[WORKBOOK]))
    assert book["LS-02"]["C13"].comment is None
    assert [EXPLAINED in row for row in book[TITLE].values].count(True) == 1

    # a night on which nothing came mails nobody
    assert "Không có gì thay đổi" in answered_night.output(QUIET_NIGHT)
    assert answered_night.mails(QUIET_NIGHT, OFFICER) == []
    assert answered_night.mails(QUIET_NIGHT, TEAM) == []
