"""The published tables for the data dictionary, from the dbt YAML of facts and marts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from docs.markdown import MADE, code, page, table

MARTS = Path(__file__).resolve().parent.parent / "dbt_project" / "models" / "marts"

# folders of dbt_project/models/marts, in the order of the pages: page, heading
GROUPS = {
    "facts": ("facts", "Bảng số liệu (fct_)"),
    "dimensions": ("dimensions", "Danh mục (dim_, bridge_)"),
    "plan": ("marts", "Bảng tổng hợp: mục tiêu"),
    "budget": ("marts", "Bảng tổng hợp: ngân sách"),
    "investment": ("marts", "Bảng tổng hợp: vốn đầu tư"),
    "trade": ("marts", "Bảng tổng hợp: xuất nhập khẩu"),
    "indicators": ("marts", "Bảng tổng hợp: chỉ tiêu kinh tế - xã hội"),
    "communes": ("marts", "Bảng tổng hợp: xã, phường"),
    "quality": ("quality", "Tiếp nhận và kiểm tra số liệu"),
}
_PAGES = {
    "facts": "Bảng số liệu",
    "dimensions": "Bảng danh mục",
    "marts": "Bảng tổng hợp",
    "quality": "Bảng tiếp nhận và kiểm tra số liệu",
}


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
    ).strip()


@cache
def _models() -> dict[str, list[dict[str, Any]]]:
    """Every published model by folder. Raises ValueError for a folder without a heading."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(MARTS.rglob("*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.setdefault(path.parent.name, []).extend(content.get("models", []))
    if unknown := set(found) - set(GROUPS):
        raise ValueError(f"no heading for the models in {sorted(unknown)}")
    return {
        folder: sorted(found[folder], key=lambda model: str(model["name"]))
        for folder in GROUPS
        if folder in found
    }


def table_names() -> set[str]:
    """The names of all published tables."""
    return {str(model["name"]) for models in _models().values() for model in models}


def table_index() -> Iterator[str]:
    """Every table with what a row of it is, and a link to its columns."""
    blocks = _doc_blocks()
    for folder, models in _models().items():
        name, heading = GROUPS[folder]
        yield f"### {heading}"
        yield ""
        yield from table(
            ("Bảng", "Nội dung"),
            (
                (
                    f"[`{model['name']}`](data-dictionary/{name}.md#{model['name']})",
                    _resolved(model["description"], blocks),
                )
                for model in models
            ),
        )


def table_pages() -> dict[str, str]:
    """One page a kind of table, with all columns."""
    blocks, models = _doc_blocks(), _models()
    return {
        f"data-dictionary/{name}.md": page(
            [
                f"# {title}",
                "",
                MADE,
                "",
                "Về [từ điển dữ liệu](../data-dictionary.md).",
                "",
                *(
                    line
                    for folder, (own, heading) in GROUPS.items()
                    if own == name and folder in models
                    for line in _group(heading, models[folder], blocks)
                ),
            ]
        )
        for name, title in _PAGES.items()
    }


def _group(heading: str, models: list[dict[str, Any]], blocks: dict[str, str]) -> Iterator[str]:
    yield f"## {heading}"
    yield ""
    for model in models:
        yield f"### {model['name']}"
        yield ""
        yield _resolved(model["description"], blocks)
        yield ""
        yield from table(
            ("Cột", "Kiểu", "Ý nghĩa"),
            (
                (
                    code(column["name"]),
                    column["data_type"],
                    _resolved(column["description"], blocks),
                )
                for column in model["columns"]
            ),
        )
