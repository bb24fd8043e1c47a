"""The data dictionary, in Vietnamese: an index, the tables, a page a form, the lists."""

from __future__ import annotations

from collections.abc import Iterator

from docs.dictionary_forms import form_index, form_pages
from docs.dictionary_tables import table_index, table_pages
from docs.markdown import MADE, code, page, table
from ingest import reference

_LISTS = {
    "measure": "Thước đo của chỉ tiêu (measure)",
    "flow_measure": "Thước đo của ngân sách, vốn đầu tư (measure)",
    "kind": "Tính chất số liệu (kind)",
    "basis": "Phạm vi tính kim ngạch (basis)",
    "direction": "Chiều (direction)",
    "statement": "Cách nêu (statement)",
    "target_role": "Vai trò của chỗ nêu mục tiêu (target_role)",
    "unit_level": "Cấp của nơi gửi (level)",
    "comparator": "Dấu so sánh (comparator)",
    "stage_group": "Nhóm dự án (stage_group)",
    "project_class": "Loại dự án (project_class)",
    "budget_level": "Cấp ngân sách (budget_level)",
    "regime": "Loại hình xuất nhập khẩu (regime_code)",
    "milestone": "Mốc của dự án (milestone)",
    "milestone_state": "Mốc kế hoạch hay thực tế (milestone_state)",
    "aggregation": "Cách cộng các xã (aggregation)",
    "capital_source": "Nguồn vốn (source_code)",
    "request_status": "Kết quả đề nghị (request_status)",
    "adjustment_reason": "Lý do điều chỉnh (adjustment_reason)",
}


def dictionary_pages() -> dict[str, str]:
    """Every page of the dictionary by its name in this folder."""
    index = page(
        [
            "# Từ điển dữ liệu",
            "",
            MADE,
            "",
            "Ba phần: các bảng được phát hành (dùng với SQL, Parquet), các biểu mẫu mà kho tiếp",
            "nhận, và các danh mục dùng chung. Trong bản phát hành, phần mô tả bảng và cột cũng",
            "được ghi ngay trong tệp dữ liệu: `select * from duckdb_columns()`.",
            f"Danh mục {len(reference.read_seed('indicator'))} chỉ tiêu tra trong bảng"
            " `dim_indicator`. Hệ thống nào, mục tiêu nào có biểu nào:"
            " [phạm vi bao phủ](coverage.md).",
            "",
            "## Bảng được phát hành",
            "",
            *table_index(),
            "## Biểu mẫu",
            "",
            "Dấu (*): biểu có dòng hoặc cột chưa đối chiếu văn bản gốc.",
            "",
            *form_index(),
            "## Danh mục dùng chung",
            "",
            "[Mã, đơn vị tính, cửa khẩu, văn bản, nơi gửi](data-dictionary/lists.md).",
        ]
    )
    lists = page(
        [
            "# Danh mục dùng chung",
            "",
            MADE,
            "",
            "Về [từ điển dữ liệu](../data-dictionary.md).",
            "",
            *_vocabularies(),
            *_units_of_measure(),
            *_reference_lists(),
        ]
    )
    return {
        "data-dictionary.md": index,
        **table_pages(),
        **form_pages(),
        "data-dictionary/lists.md": lists,
    }


def _vocabularies() -> Iterator[str]:
    rows = reference.read_seed("vocabulary")
    for list_code in dict.fromkeys(row["list_code"] for row in rows):
        yield f"## {_LISTS.get(list_code, list_code)}"
        yield ""
        yield from table(
            ("Mã", "Tên", "Ý nghĩa"),
            (
                (code(row["code"]), row["label_vi"], row["description_vi"])
                for row in rows
                if row["list_code"] == list_code
            ),
        )


def _units_of_measure() -> Iterator[str]:
    names = {unit_code: unit.name_vi for unit_code, unit in reference.units().items()}
    yield "## Đơn vị tính"
    yield ""
    yield "Cách viết khác được nhận như tên chính. Số liệu được quy về đơn vị gốc."
    yield ""
    yield from table(
        ("Mã", "Tên", "Cách viết khác", "Đơn vị gốc", "Hệ số"),
        (
            (
                code(row["unit_code"]),
                row["name_vi"],
                row["aliases_vi"].replace("|", "; "),
                names[row["base_unit_code"]],
                row["factor"],
            )
            for row in reference.read_seed("unit_of_measure")
        ),
    )


def _reference_lists() -> Iterator[str]:
    yield "## Cửa khẩu"
    yield ""
    yield from table(
        ("Mã", "Tên", "Thuộc nhóm"),
        (
            (code(row["gate_code"]), row["name_vi"], code(row["group_code"]))
            for row in reference.read_seed("border_gate")
        ),
    )
    yield "## Văn bản"
    yield ""
    yield from table(
        ("Mã", "Tên", "Cơ quan ban hành", "Số", "Ghi chú"),
        (
            (
                code(row["document_code"]),
                row["title_vi"],
                row["issuer_vi"],
                row["number"],
                row["note_vi"],
            )
            for row in reference.read_seed("document")
        ),
    )
    yield "## Nơi gửi"
    yield ""
    yield "Mã là tên thư mục của nơi gửi."
    yield ""
    yield from table(
        ("Mã", "Tên", "Cấp"),
        (
            (code(unit.code), unit.name_vi, reference.sender_label(unit.level))
            for unit in reference.reporting_units().values()
            if unit.level != "nation"
        ),
    )
