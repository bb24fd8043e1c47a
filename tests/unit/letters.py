"""Letters made up for tests, and hostile text."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from expectations.reports.letter import Letter, LetterFinding, LetterSubmission

AS_OF = datetime(2026, 7, 5, 2, 0)
HOSTILE = (
    '=HYPERLINK("http://x.example","bấm")<script>alert(1)</script>\r\nBcc: ai@x.example\r\n\r\n'
    "#strong[đậm] $x^2$ *b* _i_ @ref `c` <nhãn> {{ 7 * 7 }} \u202eđảo\u200b\x07"
)


def finding(row: int = 8, severity: str = "error", **said: Any) -> LetterFinding:
    made = LetterFinding(
        place_key=f"totals/{row}",
        submission_id="s1",
        form_code="xa_thu",
        rule="totals",
        severity=severity,
        sheet="XA-THU",
        cell_ref=f"XA-THU!D{row}",
        cells=(f"XA-THU!D{row}", f"XA-THU!D{row + 1}", f"XA-THU!D{row + 2}"),
        value="1.275,1",
        message=f"Ô D{row}: tổng 1.275,1; các dòng cộng được 1.275,35 đến 1.275,45.",
        fix=f"Đề nghị rà soát D{row}:D{row + 2}.",
        first_seen=datetime(2026, 7, 2, 2, 0),
    )
    return replace(made, **said)


def submission(submission_id: str = "s1", **said: Any) -> LetterSubmission:
    made = LetterSubmission(
        submission_id=submission_id,
        file_path="06463/XA-THU_2026-06.xlsx",
        form_code="xa_thu",
        form_label="XA-THU",
        form_title="Thu ngân sách nhà nước trên địa bàn xã",
        received_at=datetime(2026, 7, 3, 16, 5),
        status="accepted",
        reason=None,
    )
    return replace(made, **said)


def letter(*findings: LetterFinding, **said: Any) -> Letter:
    made = Letter(
        unit_code="06463",
        unit_name="Ủy ban nhân dân xã Chi Lăng",
        period_key="2026-06",
        period_label="tháng 6/2026",
        submissions=(submission(status="held" if findings else "accepted"),),
        findings=findings,
    )
    return replace(made, **said)
