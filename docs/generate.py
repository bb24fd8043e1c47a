"""Writes the generated pages of this folder: `python -m docs.generate [--check]`.

`data-dictionary.md` comes from the dbt YAML of the published tables, the contracts and the seeds;
`figures-coverage.md` from the lists beside the samples; the findings in `huong-dan-can-bo.md` from
`expectations/sentences.yml`. Nothing is said here that those do not say: what belongs in a page
goes into its source. With `--check` nothing is written, and a page that differs from its source
makes the exit status 1.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from expectations.findings import SENTENCES, sentences
from expectations.reports.html import SEVERITY_VI
from ingest import reference
from ingest.contract import (
    BoundsCheck,
    Check,
    Column,
    Contract,
    Table,
    TotalsCheck,
    all_contracts,
)

DOCS = Path(__file__).resolve().parent
PROJECT = DOCS.parent
MARTS = PROJECT / "dbt_project" / "models" / "marts"
FIGURES = PROJECT / "samples" / "figures"
MADE = "<!-- Made by `python -m docs.generate`. Change the sources, not this page. -->"

# folders of dbt_project/models/marts, in the order of the page
_GROUPS = {
    "facts": "Bảng số liệu (fct_)",
    "dimensions": "Danh mục (dim_, bridge_)",
    "plan": "Bảng tổng hợp: mục tiêu",
    "budget": "Bảng tổng hợp: ngân sách",
    "investment": "Bảng tổng hợp: vốn đầu tư",
    "trade": "Bảng tổng hợp: xuất nhập khẩu",
    "quality": "Tiếp nhận và kiểm tra số liệu",
}
_LEVELS = {
    "province": "tỉnh",
    "agency": "sở, ban, ngành",
    "central_agency": "cơ quan ngành dọc",
    "commune": "xã, phường",
}
_FREQUENCIES = {
    "month": "tháng", "quarter": "quý", "year": "năm", "span": "giai đoạn", "once": "một lần",
}  # fmt: skip
_BASIS = {
    "seen_in_public_source": "đã thấy trong nguồn công khai",
    "unverified": "chưa kiểm chứng",
    "designed": "biểu do kho thiết kế",
}
_NUMBER_STYLES = {
    "vietnamese": "dấu chấm ngăn hàng nghìn, dấu phẩy thập phân",
    "english": "dấu phẩy ngăn hàng nghìn, dấu chấm thập phân",
    None: "không quy định",
}
_ROLES = {
    "line": "tên dòng",
    "symbol": "ký hiệu dòng",
    "dimension": "nội dung của số liệu",
    "value": "số liệu",
    "bound": "đầu trên của số liệu",
    "label": "để đọc, không đưa vào bảng số liệu",
}
_TYPES = {
    "text": "chữ",
    "code": "mã",
    "period": "kỳ",
    "unit": "đơn vị tính",
    "comparator": "dấu so sánh",
    "number": "số",
    "money": "số tiền",
    "percent": "tỷ lệ %",
    "integer": "số nguyên",
}
_LISTS = {
    "measure": "Thước đo (measure)",
    "kind": "Tính chất số liệu (kind)",
    "basis": "Phạm vi tính kim ngạch (basis)",
    "direction": "Chiều (direction)",
    "statement": "Cách nêu (statement)",
    "target_role": "Vai trò của chỗ nêu mục tiêu (target_role)",
    "comparator": "Dấu so sánh (comparator)",
}


# parts of expectations/sentences.yml, named there in comments
_SENTENCE_GROUPS = {
    "the file": "Tệp",
    "the form": "Biểu, nơi gửi, kỳ báo cáo",
    "the sheet": "Trang tính",
    "the cell": "Ô",
    "the table": "Bảng",
    "between figures": "Giữa các số liệu",
}
# what stands for the blanks of a sentence
_BLANKS = {
    "allowed": "[các giá trị của danh mục]",
    "bounds": "[khoảng cho phép]",
    "cell": "[ô]",
    "cells": "[các ô]",
    "expected": "[tên theo biểu mẫu]",
    "validity": "[ngày]",
    "expected_unit": "[đơn vị tính]",
    "files": "[các tệp]",
    "form": "[số biểu]",
    "header": "[tên cột]",
    "high": "[số lớn nhất]",
    "indicator": "[chỉ tiêu]",
    "known": "[các biểu]",
    "low": "[số nhỏ nhất]",
    "named": "[đơn vị ghi trong tệp]",
    "nearest": "[Biểu gần nhất, các cột còn thiếu.]",
    "other": "[dòng kia]",
    "others": "[các ô đó]",
    "period": "[kỳ]",
    "reading": "[số]",
    "readings": "[các cách hiểu]",
    "residual": "[số]",
    "row": "[dòng]",
    "says": "[quan hệ phải có.]",
    "sender": "[nơi gửi]",
    "senders": "[các đơn vị]",
    "sheet": "[trang tính]",
    "stated": "[từng ô và số đã ghi]",
    "value": "[nội dung đã ghi]",
}


# --- Markdown -----------------------------------------------------------------------------------


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(_cell(text) for text in row) + " |"
    yield ""


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


# --- published tables ---------------------------------------------------------------------------


def _doc_blocks() -> dict[str, str]:
    """The shared column descriptions: `{% docs name %} … {% enddocs %}`."""
    blocks: dict[str, str] = {}
    for path in sorted(MARTS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"{%-?\s*docs\s+(\w+)\s*-?%}(.*?){%-?\s*enddocs\s*-?%}", text, re.S)
        blocks |= {name: body.strip() for name, body in found}
    return blocks


def _resolved(description: str, blocks: dict[str, str]) -> str:
    return re.sub(
        r"{{\s*doc\(\s*['\"](\w+)['\"]\s*\)\s*}}", lambda match: blocks[match[1]], description
    )


def _models(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.yml")):
        found += yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    return sorted(found, key=lambda model: str(model["name"]))


def _published_tables() -> Iterator[str]:
    blocks = _doc_blocks()
    folders = {path.parent.name for path in MARTS.rglob("*.yml")}
    if unknown := folders - set(_GROUPS):
        raise ValueError(f"no heading for the models in {sorted(unknown)}")
    for group, heading in _GROUPS.items():
        if group not in folders:
            continue
        yield f"### {heading}"
        yield ""
        for model in _models(MARTS / group):
            yield f"#### {model['name']}"
            yield ""
            yield _resolved(model["description"], blocks).strip()
            yield ""
            yield from _table(
                ("Cột", "Kiểu", "Ý nghĩa"),
                (
                    (
                        _code(column["name"]),
                        column["data_type"],
                        _resolved(column["description"], blocks),
                    )
                    for column in model["columns"]
                ),
            )


# --- forms --------------------------------------------------------------------------------------


def _senders(contract: Contract) -> str:
    units = reference.reporting_units()
    names = []
    for sender in contract.senders:
        name = units[sender].name_vi if sender in units else _LEVELS[sender]
        names.append(f"{name} ({sender})" if sender in units else name)
    return "; ".join(names)


def _type_of(column: Column) -> str:
    text = _TYPES[column.type]
    if column.list:
        text += f" trong danh mục `{column.list}`"
    if column.unit and column.type != "percent":
        text += f", {reference.units()[column.unit].name_vi}"
    if column.min is not None:
        text += f", từ {column.min}"
    if column.max is not None:
        text += f", không quá {column.max}"
    return text


def _meaning(column: Column) -> str:
    fixed = (
        ("bảng", f"fct_{column.fact}" if column.fact else None),
        ("thước đo", column.measure),
        ("tính chất", column.kind),
        ("kỳ", column.period),
        ("kỳ so sánh", column.base_period),
    )
    said = "; ".join(f"{name} `{value}`" for name, value in fixed if value)
    return f"{column.description} ({said})" if said else column.description


def _check_words(check: Check, contract: Contract) -> str:
    headers = {
        column.field: " / ".join(column.header)
        for table in contract.tables
        for column in table.columns
    }
    if isinstance(check, TotalsCheck):
        names = "; ".join(f"“{headers[field]}”" for field in check.columns)
        return f"Dòng tổng bằng các dòng của nó cộng lại, trong phạm vi chữ số đã ghi: {names}"
    if isinstance(check, BoundsCheck):
        low = f" từ {check.min}" if check.min is not None else ""
        high = f" đến {check.max}" if check.max is not None else ""
        conditions = [
            f"{name} là {', '.join(codes)}"
            for name, codes in (("thước đo", check.when.measure), ("đơn vị tính", check.when.unit))
            if codes
        ]
        return f"Cột “{headers[check.column]}”{low}{high}, khi {' và '.join(conditions)}"
    return "Không có hai dòng cùng khóa"


def _form(contract: Contract) -> Iterator[str]:
    yield f"### {contract.code_on_paper}: {contract.title}"
    yield ""
    until = f" đến {contract.valid.end:%d/%m/%Y}" if contract.valid.end else ""
    due = contract.reporting.due_days
    yield from _table(
        ("Mục", "Nội dung"),
        (
            ("Mã trong kho", _code(contract.id)),
            ("Căn cứ", contract.legal_basis or _BASIS[contract.basis_status]),
            ("Nơi gửi", _senders(contract)),
            (
                "Kỳ báo cáo",
                _FREQUENCIES[contract.reporting.frequency]
                + (f", chậm nhất {due} ngày sau kỳ" if due is not None else ""),
            ),
            ("Hiệu lực", f"từ {contract.valid.start:%d/%m/%Y}{until}"),
            ("Mức độ công khai", contract.openness),
            ("Bảng số liệu", _code(f"fct_{contract.fact}")),
            ("Cách ghi số", _NUMBER_STYLES[contract.number_style]),
        ),
    )
    for table in contract.tables:
        yield from _form_table(table)
    if contract.checks:
        yield "Quy tắc của biểu:"
        yield ""
        for check in contract.checks:
            yield f"- {_check_words(check, contract)} ({_code(check.rule)}, {check.severity})."
        yield ""


def _form_table(table: Table) -> Iterator[str]:
    headers = {column.field: " / ".join(column.header) for column in table.columns}
    if table.rows.kind == "records":
        key = ", ".join(f"“{headers[field]}”" for field in table.rows.key)
        yield f"Mỗi dòng là một số liệu. Khóa của dòng: {key}."
    else:
        yield f"Biểu có dòng cố định, danh mục `{table.rows.list}`."
    yield ""
    yield from _table(
        ("Cột trên biểu", "Tên trong kho", "Vai trò", "Kiểu", "Bắt buộc", "Ý nghĩa"),
        (
            (
                headers[column.field],
                _code(column.field),
                _ROLES[column.role],
                _type_of(column),
                "có" if column.required else "",
                _meaning(column),
            )
            for column in table.columns
        ),
    )
    if table.lines:
        labels = {line.code: line.label_vi for line in table.lines}
        yield from _table(
            ("STT", "Dòng", "Mã dòng", "Thuộc dòng", "Cộng vào tổng", "Mã chỉ tiêu"),
            (
                (
                    line.symbol,
                    line.label_vi,
                    _code(line.code),
                    labels.get(line.parent or "", ""),
                    "có" if line.is_additive else "không (trong đó)",
                    _code(line.indicator_code or ""),
                )
                for line in table.lines
            ),
        )


# --- lists --------------------------------------------------------------------------------------


def _vocabularies() -> Iterator[str]:
    rows = reference.read_seed("vocabulary")
    for list_code in dict.fromkeys(row["list_code"] for row in rows):
        yield f"### {_LISTS.get(list_code, list_code)}"
        yield ""
        yield from _table(
            ("Mã", "Tên", "Ý nghĩa"),
            (
                (_code(row["code"]), row["label_vi"], row["description_vi"])
                for row in rows
                if row["list_code"] == list_code
            ),
        )
    names = {code: unit.name_vi for code, unit in reference.units().items()}
    yield "### Đơn vị tính"
    yield ""
    yield "Cách viết khác được nhận như tên chính. Số liệu được quy về đơn vị gốc."
    yield ""
    yield from _table(
        ("Mã", "Tên", "Cách viết khác", "Đơn vị gốc", "Hệ số"),
        (
            (
                _code(row["unit_code"]),
                row["name_vi"],
                row["aliases_vi"].replace("|", "; "),
                names[row["base_unit_code"]],
                row["factor"],
            )
            for row in reference.read_seed("unit_of_measure")
        ),
    )
    yield "### Cửa khẩu"
    yield ""
    yield from _table(
        ("Mã", "Tên", "Thuộc nhóm"),
        (
            (_code(row["gate_code"]), row["name_vi"], _code(row["group_code"]))
            for row in reference.read_seed("border_gate")
        ),
    )
    yield "### Văn bản"
    yield ""
    yield from _table(
        ("Mã", "Tên", "Cơ quan ban hành", "Số", "Ghi chú"),
        (
            (
                _code(row["document_code"]),
                row["title_vi"],
                row["issuer_vi"],
                row["number"],
                row["note_vi"],
            )
            for row in reference.read_seed("document")
        ),
    )
    yield "### Nơi gửi"
    yield ""
    yield "Mã trong ngoặc là tên thư mục của nơi gửi. Ngoài ra có 65 xã, phường (dim_unit)."
    yield ""
    yield from _table(
        ("Mã", "Tên", "Cấp"),
        (
            (_code(row["unit_code"]), row["name_vi"], _LEVELS[row["level"]])
            for row in reference.read_seed("agency")
        ),
    )


def data_dictionary() -> str:
    """The dictionary, in Vietnamese: tables, forms, lists."""
    indicators = len(reference.read_seed("indicator"))
    lines = [
        "# Từ điển dữ liệu",
        "",
        MADE,
        "",
        "Ba phần: các bảng được phát hành (dùng với SQL, Parquet), các biểu mẫu mà kho tiếp nhận,",
        "và các danh mục dùng chung. Trong bản phát hành, phần mô tả bảng và cột cũng được ghi",
        "ngay trong tệp dữ liệu: `select * from duckdb_columns()`.",
        f"Danh mục {indicators} chỉ tiêu tra trong bảng `dim_indicator`.",
        "",
        "## Bảng được phát hành",
        "",
        *_published_tables(),
        "## Biểu mẫu",
        "",
        *(line for contract in all_contracts() for line in _form(contract)),
        "## Danh mục dùng chung",
        "",
        *_vocabularies(),
    ]
    return "\n".join(lines).rstrip() + "\n"


# --- the published figures ----------------------------------------------------------------------


def _figures(name: str) -> list[dict[str, str]]:
    with (FIGURES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parameter_value(row: dict[str, str]) -> str:
    value = " to ".join(filter(None, (row["value_low"], row["value_high"])))
    stated = f"{row['comparator']} {value}".strip() if value else ""
    if stated and row["unit_code"] != "date":
        stated += f" {row['unit_code']}"
    return ", ".join(filter(None, (stated, f"by {row['due_date']}" if row["due_date"] else "")))


def figures_coverage() -> str:
    """Where each of the published figures went; every one of them is in one of three places.

    Raises ValueError where one is in none, or in two.
    """
    published = _figures("published_figures")
    assigned = _figures("assignment")
    others = _figures("not_measurements")
    parameters = reference.read_seed("rule_parameter")
    places = {
        "a workbook in `samples/inbox/`": {row["fact_id"] for row in assigned},
        "a parameter of a rule (`dbt_project/seeds/rule_parameter.csv`)": {
            row["parameter_code"] for row in parameters
        },
        "no measurement (`samples/figures/not_measurements.csv`)": {
            row["fact_id"] for row in others
        },
    }
    counted = Counter(fact_id for place in places.values() for fact_id in place)
    wrong = {row["fact_id"] for row in published} ^ set(counted)
    wrong |= {fact_id for fact_id, times in counted.items() if times > 1}
    if wrong:
        raise ValueError(f"figures in no place, or in several: {', '.join(sorted(wrong))}")

    documents = {
        row["source_file"]: row["document_code"] for row in reference.read_seed("document")
    }
    document_of = {row["fact_id"]: documents[row["document"]] for row in published}
    codes = list(documents.values())
    contracts = {contract.form: contract for contract in all_contracts()}
    cells = Counter(row["form"] for row in assigned)
    senders = {form: {r["sender"] for r in assigned if r["form"] == form} for form in cells}
    times = Counter(row["fact_id"] for row in assigned)
    split = sorted(fact_id for fact_id, count in times.items() if count > 1)
    lines = [
        "# Where the published figures went",
        "",
        MADE,
        "",
        f"The four official documents hold {len(published)} figures"
        " (`samples/figures/published_figures.csv`). Each is in exactly one of three places:",
        "",
        *_table(
            ("Place", *codes, "All"),
            (
                (
                    place,
                    *(str(sum(document_of[i] == code for i in ids)) for code in codes),
                    str(len(ids)),
                )
                for place, ids in places.items()
            ),
        ),
        "## In a workbook, by form",
        "",
        f"{len(assigned)} cells hold {len(times)} figures: {', '.join(split)} state two"
        " quantities each and stand in two cells."
        if split
        else f"{len(assigned)} cells hold {len(times)} figures.",
        "",
        *_table(
            ("Form", "Title", "Senders", "Cells"),
            (
                (
                    contracts[form].code_on_paper,
                    contracts[form].title,
                    ", ".join(sorted(senders[form])),
                    str(cells[form]),
                )
                for form in sorted(cells)
            ),
        ),
        "## Parameters of rules",
        "",
        "Thresholds, floors and deadlines: they say what must be, not what is. No rule is judged",
        "by them yet; their dates are read, so that a build is made anew once one has passed.",
        "",
        *_table(
            ("Figure", "Parameter", "Unit", "Says", "Document", "Quote"),
            (
                (
                    row["parameter_code"],
                    _code(row["rule_code"]),
                    row["scope_unit_code"],
                    _parameter_value(row),
                    row["document_code"],
                    row["quote"],
                )
                for row in parameters
            ),
        ),
        "## No measurement",
        "",
        "Numbers and dates that name something (a document, a term of office, the horizon of a",
        "plan), and goals that state no value.",
        "",
        *_table(
            ("Figure", "What", "Document", "Reason"),
            (
                (row["fact_id"], row["indicator_vi"], document_of[row["fact_id"]], row["reason"])
                for row in others
            ),
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


# --- the findings in the officers' guide ------------------------------------------------------


def _findings() -> Iterator[str]:
    """Every finding by what it is about, in the order of sentences.yml."""
    found = sentences()
    for part in re.split(r"^# --- ", SENTENCES.read_text(encoding="utf-8"), flags=re.M)[1:]:
        rules = [rule for rule in re.findall(r"^(\w+):$", part, re.M) if rule in found]
        yield f"### {_SENTENCE_GROUPS[part.partition(' ---')[0]]}"
        yield ""
        yield from _table(
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
    text = (DOCS / "huong-dan-can-bo.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition("<!-- findings: begin -->\n")
    _, end, after = rest.partition("<!-- findings: end -->\n")
    if not begin or not end:
        raise ValueError("huong-dan-can-bo.md: the marks of the findings are missing")
    findings = "\n".join(_findings()).rstrip()
    return f"{before}{begin}{MADE}\n\n{findings}\n\n{end}{after}"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them (`--check`). Exit status 1 for a difference."""
    if list(arguments) not in ([], ["--check"]):
        sys.stderr.write("usage: python -m docs.generate [--check]\n")
        return 2
    different = []
    for name, make in (
        ("data-dictionary.md", data_dictionary),
        ("figures-coverage.md", figures_coverage),
        ("huong-dan-can-bo.md", officers_guide),
    ):
        path, text = DOCS / name, make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        different.append(name)
        if not arguments:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/{name} written\n")
    if arguments and different:
        names = ", ".join(f"docs/{name}" for name in different)
        sys.stderr.write(f"{names}: not what the sources say; run: python -m docs.generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
