"""The forms for the data dictionary, one page a form, from the contracts and the line seeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from docs.markdown import (
    MADE,
    code,
    codes,
    page,
    table,
    table_without_empty_columns,
)
from ingest import reference
from ingest.contract import (
    AddsUpCheck,
    BoundsCheck,
    Check,
    Column,
    Contract,
    FormulasCheck,
    JumpCheck,
    NotFallingCheck,
    NotStaleCheck,
    PartsWithinCheck,
    Table,
    TotalsCheck,
    WithinCheck,
    all_contracts,
)

FREQUENCIES = {
    "month": "tháng", "quarter": "quý", "year": "năm", "span": "giai đoạn", "once": "một lần",
}  # fmt: skip
_BASIS = {
    "seen_in_public_source": "đã thấy trong nguồn công khai",
    "unverified": "chưa đối chiếu văn bản gốc",
    "designed": "biểu do kho thiết kế",
}
_ROLES = {
    "line": "tên dòng",
    "symbol": "ký hiệu dòng",
    "dimension": "nội dung của số liệu",
    "value": "số liệu",
    "bound": "đầu trên của số liệu",
    "ratio": "tính từ cột khác, chỉ để kiểm tra",
    "milestone": "mốc thời gian",
    "label": "để đọc, không đưa vào bảng số liệu",
}
_TYPES = {
    "text": "chữ",
    "code": "mã",
    "period": "kỳ",
    "unit": "đơn vị tính",
    "comparator": "dấu so sánh",
    "date": "ngày",
    "number": "số",
    "money": "số tiền",
    "percent": "tỷ lệ %",
    "integer": "số nguyên",
}
_RELATIONS = {
    "year": "cả năm báo cáo",
    "previous": "kỳ trước",
    "same_period_last_year": "cùng kỳ năm trước",
    "previous_year": "năm trước",
}
_DIMENSIONS = {
    "basis": "phạm vi",
    "direction": "chiều",
    "gate_code": "cửa khẩu",
    "regime_code": "loại hình",
    "commodity_code": "mặt hàng",
    "source_code": "nguồn vốn",
    "budget_level": "cấp ngân sách",
    "stage_group": "nhóm dự án",
    "statement": "cách nêu",
    "document_code": "văn bản",
}
_CHILDREN = {"all": "", "partial": "chỉ biết một phần", "heading": "dòng đề mục"}
_SEVERITIES = {"error": "lỗi", "warning": "cảnh báo", "info": "để biết"}


def form_index() -> Iterator[str]:
    """Every form with its senders and a link to its page."""
    yield from table(
        ("Số biểu", "Tên", "Nơi gửi", "Kỳ", "Bảng số liệu", "Căn cứ"),
        (
            (
                f"[{contract.code_on_paper}](data-dictionary/forms/{contract.form}.md)",
                contract.title,
                "; ".join(map(reference.sender_label, contract.senders)),
                FREQUENCIES[contract.reporting.frequency],
                codes(fact_tables(contract)),
                _basis(contract),
            )
            for contract in all_contracts()
        ),
    )


def form_pages() -> dict[str, str]:
    """One page a form, its newest version first."""
    return {
        f"data-dictionary/forms/{form}.md": page(
            [
                f"# {newest.code_on_paper}: {newest.title}",
                "",
                MADE,
                "",
                "Về [từ điển dữ liệu](../../data-dictionary.md).",
                "",
                *(
                    line
                    for contract in versions
                    for line in _version(contract, is_only=len(versions) == 1)
                ),
            ]
        )
        for form, found in groupby(all_contracts(), key=lambda contract: contract.form)
        for versions in [list(found)[::-1]]
        for newest in versions[:1]
    }


def fact_tables(contract: Contract) -> tuple[str, ...]:
    """The fact tables that a form's figures and dates go to."""
    columns = [column for each in contract.tables for column in each.columns]
    facts = [column.fact or contract.fact for column in columns if column.role == "value"]
    dates = ["milestone" for column in columns if column.role == "milestone"]
    return tuple(f"fct_{fact}" for fact in dict.fromkeys([*facts, *dates]))


def _basis(contract: Contract) -> str:
    if not contract.legal_basis:
        return _BASIS[contract.basis_status]
    return contract.legal_basis if contract.is_verified else f"{contract.legal_basis} (*)"


def _version(contract: Contract, is_only: bool) -> Iterator[str]:
    if not is_only:
        yield f"## Phiên bản {contract.version}: {contract.title}"
        yield ""
    until = f" đến {contract.valid.end:%d/%m/%Y}" if contract.valid.end else ""
    due = contract.reporting.due_days
    yield from table(
        ("Mục", "Nội dung"),
        (
            ("Mã trong kho", code(contract.id)),
            ("Căn cứ", contract.legal_basis or "không có"),
            ("Nguồn của mẫu biểu", _BASIS[contract.basis_status]),
            ("Nơi gửi", _senders(contract)),
            (
                "Kỳ báo cáo",
                FREQUENCIES[contract.reporting.frequency]
                + (f", chậm nhất {due} ngày sau kỳ" if due is not None else ""),
            ),
            ("Hiệu lực", f"từ {contract.valid.start:%d/%m/%Y}{until}"),
            ("Mức độ công khai", contract.openness),
            ("Bảng số liệu", codes(fact_tables(contract))),
            *([("Cả biểu", _fixed_dimensions(contract.dimensions))] if contract.dimensions else []),
        ),
    )
    if not contract.is_verified:
        yield "Biểu mẫu in ra có dòng “BẢN THAM KHẢO, chưa đối chiếu văn bản gốc”: phần chưa đối"
        yield "chiếu được ghi ở cột “Cơ sở” dưới đây, hoặc ở mục “Nguồn của mẫu biểu”."
        yield ""
    for number, each in enumerate(contract.tables, start=1):
        if len(contract.tables) > 1 or each.title:
            yield f"### Bảng {number}" + (f": {each.title}" if each.title else "")
            yield ""
        yield from _table(each, contract)
    if contract.checks:
        yield "### Quy tắc của biểu"
        yield ""
        for check in contract.checks:
            severity = f", {_SEVERITIES[check.severity]}" if check.severity else ""
            yield f"- {_check_words(check, contract)} ({code(check.rule)}{severity})."
        yield ""


def _senders(contract: Contract) -> str:
    units = reference.reporting_units()
    return "; ".join(
        f"{reference.sender_label(sender)} ({sender})"
        if sender in units
        else reference.sender_label(sender)
        for sender in contract.senders
    )


def _table(each: Table, contract: Contract) -> Iterator[str]:
    headers = {column.field: " / ".join(column.header) for column in each.columns}
    if each.rows.kind == "records":
        key = ", ".join(f"“{headers[field]}”" for field in each.rows.key)
        yield f"Mỗi dòng tự nêu nội dung của nó. Khóa của dòng: {key}."
    elif each.rows.by_owner:
        yield f"Biểu có dòng cố định, danh mục `{each.rows.list}`. Mỗi nơi gửi báo cáo các dòng của"
        yield "mình (cột “Nơi báo cáo”) và các dòng không ghi nơi báo cáo."
    else:
        yield f"Biểu có dòng cố định, danh mục `{each.rows.list}`."
    yield ""
    yield from table_without_empty_columns(
        ("Cột trên biểu", "Tên trong kho", "Vai trò", "Kiểu", "Bắt buộc", "Ý nghĩa", "Cơ sở"),
        (
            (
                headers[column.field],
                code(column.field),
                _ROLES[column.role],
                _type_of(column),
                "có" if column.required else "",
                _meaning(column, headers),
                _BASIS[column.basis_status] if column.basis_status else "",
            )
            for column in each.columns
        ),
    )
    if each.lines:
        yield from _lines(each.lines, contract.basis_status)


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


def _meaning(column: Column, headers: dict[str, str]) -> str:
    fixed = [
        (name, code(value) if value else "")
        for name, value in (
            ("bảng", f"fct_{column.fact}" if column.fact else None),
            ("thước đo", column.measure),
            ("tính chất", column.kind),
            ("mốc", column.milestone),
            ("mốc là", column.milestone_state),
        )
    ]
    fixed += [
        (name, _RELATIONS.get(value, code(value)) if value else "")
        for name, value in (("kỳ", column.period), ("so với", column.base_period))
    ]
    said = "; ".join(f"{name} {value}" for name, value in fixed if value)
    if column.dimensions:
        said = "; ".join(filter(None, (said, _fixed_dimensions(column.dimensions))))
    text = f"{column.description} ({said})" if said else column.description
    return f"{text}. Bằng {_formula_words(column, headers)}" if column.formula else text


def _fixed_dimensions(dimensions: dict[str, str]) -> str:
    return "; ".join(f"{_DIMENSIONS[name]} {code(value)}" for name, value in dimensions.items())


def _formula_words(column: Column, headers: dict[str, str]) -> str:
    formula = column.parsed_formula
    assert formula is not None
    text = re.sub(r"([-+*/])", r" \1 ", formula.written(lambda field: field))
    text = re.sub(r"(\d)\.(\d)", r"\1,\2", text).replace("*", "×")
    text = re.sub(r"[a-z][a-z0-9_]*", lambda match: f"“{headers[match[0]]}”", text)
    return f"{text}, tính bằng %" if formula.is_ratio and column.type == "percent" else text


def _lines(lines: Sequence[reference.Line], basis_of_form: str) -> Iterator[str]:
    """The lines; on what they rest is said where it is not what the form rests on."""
    labels = {line.code: line.label_vi for line in lines}
    indicators = {row["indicator_code"]: row["name_vi"] for row in reference.read_seed("indicator")}
    yield from table_without_empty_columns(
        (
            "STT", "Dòng", "Mã dòng", "Thuộc dòng", "Cộng vào tổng", "Các dòng con",
            "Đơn vị tính", "Chỉ tiêu", "Nơi báo cáo", "Cố định", "Cơ sở",
        ),
        (
            (
                line.symbol,
                line.label_vi,
                code(line.code),
                labels.get(line.parent or "", ""),
                _adds(line),
                _CHILDREN[line.children],
                reference.units()[line.unit_code].name_vi if line.unit_code else "",
                _indicator(line, indicators),
                line.owner_unit_code or "",
                _fixed_dimensions(dict(line.dimensions)),
                _BASIS[line.basis_status] if line.basis_status != basis_of_form else "",
            )
            for line in lines
        ),
    )  # fmt: skip


def _adds(line: reference.Line) -> str:
    if line.children == "heading":
        return ""
    if not line.is_additive:
        return "không (trong đó)"
    return "trừ đi" if line.sign < 0 else "có"


def _indicator(line: reference.Line, names: dict[str, str]) -> str:
    if line.indicator_code is None:
        return ""
    name = names[line.indicator_code]
    return code(line.indicator_code) + ("" if name == line.label_vi else f" ({name})")


# --- what the checks of a form say --------------------------------------------------------------


def _check_words(check: Check, contract: Contract) -> str:
    headers: dict[str, str] = {}
    for each in contract.tables:
        for column in each.columns:
            headers.setdefault(column.field, " / ".join(column.header))

    def named(*fields: str) -> str:
        return "; ".join(f"“{headers[field]}”" for field in fields)

    words: dict[type[Any], Callable[[Any], str]] = {
        TotalsCheck: lambda x: (
            "Dòng tổng bằng các dòng của nó cộng lại, trong phạm vi chữ số đã ghi:"
            f" {named(*x.columns)}"
        ),
        FormulasCheck: lambda x: "Cột có công thức bằng kết quả tính từ các cột khác cùng dòng",
        BoundsCheck: lambda x: _bounds_words(x, headers),
        PartsWithinCheck: lambda x: (
            f"Dòng “trong đó” không lớn hơn dòng chứa nó: {named(*x.columns)}"
        ),
        WithinCheck: lambda x: f"{named(x.column)} không lớn hơn {named(x.limit)} cùng dòng",
        NotFallingCheck: lambda x: (
            f"Số lũy kế không thấp hơn kỳ trước trong cùng năm: {named(*x.columns)}"
        ),
        AddsUpCheck: lambda x: (
            f"{named(x.cumulative)} bằng số lũy kế kỳ trước cộng {named(x.part)}; kỳ đầu năm thì"
            " hai cột bằng nhau"
        ),
        NotStaleCheck: lambda x: (
            f"Số liệu không trùng hoàn toàn với kỳ trước: {named(*x.columns)}"
        ),
        JumpCheck: lambda x: (
            f"Không gấp {x.factor} lần kỳ trước trở lên, cũng không giảm còn một phần {x.factor}:"
            f" {named(*x.columns)}"
        ),
    }  # fmt: skip
    said = words.get(type(check))
    return said(check) if said else "Không có hai dòng cùng khóa"


def _bounds_words(check: BoundsCheck, headers: dict[str, str]) -> str:
    low = f" từ {check.min}" if check.min is not None else ""
    high = f" đến {check.max}" if check.max is not None else ""
    conditions = [
        f"{name} là {', '.join(found)}"
        for name, found in (("thước đo", check.when.measure), ("đơn vị tính", check.when.unit))
        if found
    ]
    when = f", khi {' và '.join(conditions)}" if conditions else ""
    return f"Cột “{headers[check.column]}”{low}{high}{when}"
