"""The findings in the officers' guide, from `expectations/sentences.yml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docs.markdown import MADE, table
from expectations.findings import SENTENCES, sentences
from expectations.reports.html import SEVERITY_VI

GUIDE = Path(__file__).resolve().parent / "huong-dan-can-bo.md"

# parts of expectations/sentences.yml, named there in comments
_SENTENCE_GROUPS = {
    "the file": "Tệp",
    "the form": "Biểu, nơi gửi, kỳ báo cáo",
    "the sheet": "Trang tính",
    "the cell": "Ô",
    "the table": "Bảng",
    "between periods": "Giữa các kỳ",
    "between figures": "Giữa các số liệu",
}
# what stands for the blanks of a sentence
_BLANKS = {
    "allowed": "[các giá trị của danh mục]",
    "bounds": "[khoảng cho phép]",
    "cell": "[ô]",
    "cells": "[các ô]",
    "columns": "[các cột]",
    "communes": "[bao nhiêu]",
    "count": "[bao nhiêu]",
    "difference": "[số]",
    "expected": "[tên theo biểu mẫu]",
    "line": "[tên dòng]",
    "validity": "[ngày]",
    "expected_unit": "[đơn vị tính]",
    "files": "[các tệp]",
    "frequency": "[tháng, quý hoặc năm]",
    "form": "[số biểu]",
    "formula": "[công thức]",
    "header": "[tên cột]",
    "hidden": "[biểu, đơn vị, kỳ của tệp mẫu]",
    "high": "[số lớn nhất]",
    "indicator": "[chỉ tiêu]",
    "known": "[các biểu]",
    "limit": "[số của cột hoặc dòng kia]",
    "limit_cell": "[ô kia]",
    "limit_header": "[tên cột kia]",
    "low": "[số nhỏ nhất]",
    "named": "[đơn vị ghi trong tệp]",
    "nearest": "[Biểu gần nhất, các cột còn thiếu.]",
    "one": "[kỳ đã ghi]",
    "other": "[nội dung kia]",
    "others": "[các ô đó]",
    "part_cell": "[ô của số trong kỳ]",
    "period": "[kỳ]",
    "previous": "[số kỳ trước]",
    "previous_period": "[kỳ trước]",
    "reading": "[số]",
    "readings": "[các cách hiểu]",
    "residual": "[số]",
    "row": "[dòng]",
    "said": "[biểu, đơn vị, kỳ đã ghi]",
    "says": "[quan hệ phải có.]",
    "sender": "[nơi gửi]",
    "senders": "[các đơn vị]",
    "sheet": "[trang tính]",
    "sheets": "[các trang]",
    "stated": "[từng ô và số đã ghi]",
    "times": "[gấp hoặc bằng bao nhiêu lần]",
    "unit": "[đơn vị tính]",
    "value": "[nội dung đã ghi]",
}


def _findings() -> Iterator[str]:
    """Every finding by what it is about, in the order of sentences.yml."""
    found = sentences()
    for part in re.split(r"^# --- ", SENTENCES.read_text(encoding="utf-8"), flags=re.M)[1:]:
        rules = [rule for rule in re.findall(r"^(\w+):$", part, re.M) if rule in found]
        yield f"### {_SENTENCE_GROUPS[part.partition(' ---')[0]]}"
        yield ""
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
