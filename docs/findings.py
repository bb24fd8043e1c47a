"""The findings in the officers' guide, from `expectations/sentences.yml` and the files of rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.markdown import MADE, table
from expectations.findings import SENTENCES, sentences
from expectations.reports.html import SEVERITY_VI
from expectations.rule_files import FOLDERS, read_rules

GUIDE = Path(__file__).resolve().parent / "huong-dan-can-bo.md"

# parts of expectations/sentences.yml, named there in comments
_SENTENCE_GROUPS = {
    "the file": "Tệp",
    "the form": "Biểu, nơi gửi, kỳ báo cáo",
    "the sheet": "Trang tính",
    "the cell": "Ô",
    "the table": "Bảng",
    "between periods": "Giữa các kỳ",
    "within rounding": "Chênh lệch do làm tròn",
    "between figures": "Giữa các số liệu",
}
_RULE_GROUPS = dict(zip(FOLDERS, ("Kế hoạch và quy định", "Giữa các biểu"), strict=True))
# what stands for the blanks of a sentence
_BLANKS = {
    "accepted": "[ngày]",
    "adjusted": "[số điều chỉnh]",
    "allocated": "[số]",
    "allowed": "[các giá trị của danh mục]",
    "before": "[số năm trước]",
    "before_year_ago": "[số năm trước]",
    "bounds": "[khoảng cho phép]",
    "by": "[lĩnh vực]",
    "by_cell": "[ô kia]",
    "cell": "[ô]",
    "cells": "[các ô]",
    "collected": "[số thu]",
    "columns": "[các cột]",
    "day": "[ngày]",
    "communes": "[bao nhiêu]",
    "count": "[bao nhiêu]",
    "date": "[ngày]",
    "difference": "[số]",
    "direction": "[tăng hoặc giảm]",
    "due": "[ngày]",
    "excess": "[tỷ lệ]",
    "expected": "[tên theo biểu mẫu]",
    "expected_plan": "[số]",
    "expected_unit": "[đơn vị tính]",
    "files": "[các tệp]",
    "floor": "[mức]",
    "form": "[số biểu]",
    "formula": "[công thức]",
    "frequency": "[tháng, quý hoặc năm]",
    "given": "[số tính được]",
    "group": "[nguồn vốn]",
    "header": "[tên cột]",
    "header_row": "[dòng in lại]",
    "hidden": "[biểu, đơn vị, kỳ của tệp mẫu]",
    "high": "[số lớn nhất]",
    "how": "[bình quân hoặc cao nhất]",
    "in_season": "[mức theo mùa vụ]",
    "indicator": "[chỉ tiêu]",
    "known": "[các biểu]",
    "last_period": "[kỳ trước]",
    "least": "[mức]",
    "left": "[số còn lại]",
    "less": "[số]",
    "limit": "[số của cột hoặc dòng kia]",
    "limit_cell": "[ô kia]",
    "limit_header": "[tên cột kia]",
    "line": "[tên dòng]",
    "locator": "[mục]",
    "low": "[số nhỏ nhất]",
    "milestone": "[mốc]",
    "months": "[số]",
    "more": "[số]",
    "named": "[đơn vị ghi trong tệp]",
    "nearest": "[Biểu gần nhất, các cột còn thiếu.]",
    "now": "[số kỳ này]",
    "now_cell": "[ô kia]",
    "of": "[số kia]",
    "of_cell": "[ô kia]",
    "one": "[kỳ đã ghi]",
    "other": "[nội dung kia]",
    "other_cell": "[ô kia]",
    "other_document": "[văn bản]",
    "other_form": "[số biểu]",
    "other_header": "[tên cột kia]",
    "other_sender": "[đơn vị kia]",
    "others": "[các ô đó]",
    "part": "[số đã giải ngân]",
    "part_cell": "[ô của số trong kỳ]",
    "period": "[kỳ]",
    "planned": "[số]",
    "previous": "[số kỳ trước]",
    "previous_cell": "[ô của kỳ trước]",
    "previous_period": "[kỳ trước]",
    "project": "[dự án]",
    "reading": "[số]",
    "readings": "[các cách hiểu]",
    "residual": "[số]",
    "row": "[dòng]",
    "rows": "[các dòng]",
    "row_name": "[tên dòng]",
    "said": "[biểu, đơn vị, kỳ đã ghi]",
    "says": "[quan hệ phải có.]",
    "sender": "[nơi gửi]",
    "senders": "[các đơn vị]",
    "settled": "[số quyết toán]",
    "share": "[tỷ lệ]",
    "sheet": "[trang tính]",
    "sheets": "[các trang]",
    "source": "[nguồn vốn]",
    "state": "[mốc và ngày]",
    "stated": "[nội dung đã ghi]",
    "target": "[chỉ tiêu]",
    "times": "[gấp hoặc bằng bao nhiêu lần]",
    "unit": "[đơn vị tính]",
    "used": "[đơn vị được dùng số]",
    "validity": "[ngày]",
    "value": "[nội dung đã ghi]",
    "wanted": "[nội dung đúng]",
    "whole": "[kế hoạch vốn]",
    "year_ago": "[số năm trước]",
}


def _findings() -> Iterator[str]:
    """Every finding by what it is about, in the order of sentences.yml."""
    found = sentences()
    for part in re.split(r"^# --- ", SENTENCES.read_text(encoding="utf-8"), flags=re.M)[1:]:
        rules = [rule for rule in re.findall(r"^(\w+):$", part, re.M) if rule in found]
        yield f"### {_SENTENCE_GROUPS[part.partition(' ---')[0]]}"
        yield ""
        yield from _table(rules)
    for folder, title in _RULE_GROUPS.items():
        yield f"### {title}"
        yield ""
        yield from _table([rule.id for rule in read_rules([folder])])


def _table(rules: Iterable[str]) -> Iterator[str]:
    found = sentences()
    yield from table(
        ("Mục", "Nội dung trong phiếu", "Mức yêu cầu", "Cách xử lý"),
        (
            (
                SEVERITY_VI[found[rule].severity],
                found[rule].message.format_map(_BLANKS),
                (found[rule].expected or "–").format_map(_BLANKS),
                found[rule].fix.format_map(_BLANKS),
            )
            for rule in rules
        ),
    )


def officers_guide() -> str:
    """The guide as written by hand, with the findings between its two marks made anew.

    Raises ValueError where the marks are missing.
    """
    text = GUIDE.read_text(encoding="utf-8")
    before, begin, rest = text.partition("<!-- findings: begin -->\n")
    _, end, after = rest.partition("<!-- findings: end -->\n")
    if not begin or not end:
        raise ValueError("huong-dan-can-bo.md: the marks of the findings are missing")
    findings = "\n".join(_findings()).rstrip()
    return f"{before}{begin}{MADE}\n\n{findings}\n\n{end}{after}"
