"""The night after: an officer has answered its mail in LibreOffice, the data team has entered acts.

unit STC    took the marked workbook out of its mail, mended one cell, explained another finding
unit SYT    sent a cell that is no number, which the data team uses for a while as it is
unit HQ6    has a figure that the data team corrected
unit TTRA   has an explanation that the data team took down and accepted
"""

from __future__ import annotations

import hashlib
import shutil
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import openpyxl

from expectations.reports.answer_sheet import TITLE
from expectations.reports.explanations import EXPLANATION_COLUMN
from ingest.contract import all_contracts
from ingest.extract import read_submissions
from ingest.register import register
from tests.integration.conftest import (
    OFFICER,
    Built,
    NextNights,
    Run,
    change_cell,
    mailed_night,
    run_kho,
)
from tests.libreoffice import Typed, type_and_save
from warehouse.acts import ActLedger, Release
from warehouse.ledger import Ledger, Receipt

ANSWERED_NIGHT, QUIET_NIGHT = "2026-11-25T02:00", "2026-11-26T02:00"
REVENUE, TRADE = "STC/LS-02_LS-03_2021-2025.xlsx", "HQ6/LS-06_2021-2025.xlsx"
HEALTH = "SYT/LS-01_2021-2025.xlsx"
MENDED = "15.972,5"
EXPLAINED = "Số đã làm tròn theo báo cáo quyết toán."
PERIOD = "giai đoạn 2021 - 2025"


def act(*arguments: str, home: Path, at: str) -> Run:
    run = run_kho(*arguments, "--home", home, "--as-of", at, "--owner", "Lê Thị Thử")
    assert run.returncode == 0, run.stderr
    return run


def the_mail(mails: list[EmailMessage]) -> EmailMessage:
    """The one about the period of the samples."""
    [mail] = [mail for mail in mails if f"{PERIOD} - Sở Tài chính" in mail["Subject"]]
    return mail


def attached(mail: EmailMessage) -> dict[str, bytes]:
    return {part.get_filename() or "": part.get_content() for part in mail.iter_attachments()}


def submission_id(home: Path, inbox: Path, path: str, place: int) -> str:
    """The id that a file's only form will have once the file is received in the home, as the
    `place`th of those that come next."""
    number = len(Ledger(home / "ledger").receipts()) + place
    content = (inbox / path).read_bytes()
    sha = hashlib.sha256(content).hexdigest()
    receipt = Receipt(number, path, sha, len(content), path.partition("/")[0], "2026-11-23")
    [found] = register([receipt], {sha: read_submissions(inbox / path)}, all_contracts())
    return found.submission_id


def make_answered_night(before: NextNights, folder: Path) -> None:
    home, inbox = folder / "home", folder / "inbox"
    shutil.copytree(before.completed.home, home, symlinks=True)
    shutil.copytree(before.inbox, inbox)
    _answer(the_mail(before.mails(OFFICER)), folder, inbox / REVENUE)
    change_cell(inbox / HEALTH, "LS-01", "J13", "9S")
    _enter_acts(home, inbox)
    for night in (ANSWERED_NIGHT, QUIET_NIGHT):
        run = mailed_night(home, inbox, night, folder / night[:10])
        assert run.returncode == 0, run.stdout + run.stderr
        (folder / night[:10] / "output.txt").write_text(run.stdout, encoding="utf-8")


def _answer(mail: EmailMessage, folder: Path, out: Path) -> None:
    """As the officer does it: the attachment opened, the marked cell mended, a reason written
    beside the first finding of kind II, saved, sent."""
    content = attached(mail)["Tep-danh-dau_LS-02-LS-03-2021-2025.xlsx"]
    received = folder / "tep nhan duoc.xlsx"
    received.write_bytes(content)
    sheet = openpyxl.load_workbook(BytesIO(content))[TITLE]
    row = next(cell.row for cell in sheet["B"] if str(cell.value).startswith("II.")) + 2
    explanation = sheet.cell(row, EXPLANATION_COLUMN).coordinate
    typed = [Typed("LS-02", "C13", MENDED), Typed(TITLE, explanation, EXPLAINED)]
    type_and_save(received, typed, folder)
    shutil.copy(received, out)


def _enter_acts(home: Path, inbox: Path) -> None:
    ActLedger(home / "ledger").add(
        [
            Release(
                at="2026-11-24 09:00:00",
                owner="Lê Thị Thử",
                reason="kịp họp ngày 27",
                submission_id=submission_id(home, inbox, HEALTH, 2),  # STC's file comes first
                unit_code="SYT",
                form_code="ls01_chi_tieu_kinh_te_xa_hoi",
                period_key="2021..2025",
                expires="2026-11-27",
            )
        ]
    )
    run = act(
        "correct", "LS-06!L12", "--unit", "HQ6", "--form", "ls06_xuat_nhap_khau",
        "--period", "2021..2025", "--expect", "24", "--value", "25",
        "--reason", "Hải quan xác nhận qua điện thoại", home=home, at="2026-11-24T10:00",
    )  # fmt: skip
    assert "Đã ghi sổ: số 2, sửa số liệu, người thực hiện Lê Thị Thử" in run.stdout
    [(finding,)] = Built(home, "").query(
        "select place_key from dq_result "
        "where reporter_unit_code = 'TTRA' and cell_ref = 'LS-01!J39'"
    )
    act(
        "explain", str(finding), "--text", "Có bản kê khai tính hai lần", "--accept",
        "--reason", "Công văn số 12", home=home, at="2026-11-24T11:00",
    )  # fmt: skip
