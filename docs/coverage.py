"""Which form, indicators and tables serve each reporting system and each target of the plan.

What is decided by hand is in `coverage.yml`: the systems with the forms, indicators and marts that
serve them, or the reason why none does, and the forms that report each target. The rest follows
from contracts, seeds and the published targets: frequencies, lines, fact tables, the indicators of
a target. `problems` says what does not fit together; the test wants it empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from docs.dictionary_forms import FREQUENCIES, fact_tables
from docs.dictionary_tables import table_names
from docs.figures import figures
from docs.markdown import MADE, code, codes, page, table
from ingest import reference
from ingest.contract import Contract, all_contracts

SOURCE = Path(__file__).resolve().parent / "coverage.yml"
SYSTEMS = [f"S{number:02d}" for number in range(1, 65)]
TARGETS = list(range(1, 32))
SCORECARD = "mart_plan_scorecard"
REASONS = {
    "personal_data": "Không đưa vào kho: dữ liệu cá nhân",
    "state_secret": "Không đưa vào kho: bí mật nhà nước",
    "no_figures": "Không có số liệu để đưa vào kho",
}
# a target is reported on by what comes regularly
_PERIODIC = ("month", "quarter", "year")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class System(_Strict):
    """One system of `systems.md`: its own words, and where its figures are at home."""

    code: str
    name_en: str
    name_vi: str
    holds: str
    forms: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    reason: str | None = None
    note: str | None = None


class Group(_Strict):
    name_vi: str
    systems: tuple[System, ...] = Field(min_length=1)


class Target(_Strict):
    """A numbered target of the five-year plan and the forms that report its actual."""

    number: int
    forms: tuple[str, ...] = Field(min_length=1)
    note: str | None = None


class Coverage(_Strict):
    document_code: str
    groups: tuple[Group, ...]
    targets: tuple[Target, ...]

    @property
    def systems(self) -> list[System]:
        return [system for group in self.groups for system in group.systems]


def read_coverage(path: Path = SOURCE) -> Coverage:
    return Coverage.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def _contracts() -> dict[str, Contract]:
    """The newest version of every form."""
    return {contract.form: contract for contract in all_contracts()}


def carries(contract: Contract, indicator_code: str) -> bool:
    """Whether a form reports an indicator: on a line of its own, or as one that a row may name."""
    return indicator_code in _line_indicators(contract) or any(
        column.list == "indicator" for each in contract.tables for column in each.columns
    )


def _line_indicators(contract: Contract) -> set[str | None]:
    return {line.indicator_code for each in contract.tables for line in each.lines}


def actual_indicators(target_indicator: str) -> list[str]:
    """The indicators by whose figures the scorecard judges a target: its own, and linked ones."""
    return [
        target_indicator,
        *(
            row["actual_indicator_code"]
            for row in reference.read_seed("target_actual_link")
            if row["target_indicator_code"] == target_indicator
        ),
    ]


def reports_on(contract: Contract, target_indicator: str) -> bool:
    """Whether a form reports what the scorecard sets against a target."""
    return any(carries(contract, indicator) for indicator in actual_indicators(target_indicator))


def target_indicators(document_code: str) -> dict[int, dict[str, str]]:
    """The indicators of every numbered target of a plan, with the names that the plan uses."""
    names = {row["fact_id"]: row["indicator_vi"] for row in figures("published_figures")}
    found: dict[int, dict[str, str]] = {}
    for row in figures("assignment"):
        if row["document_code"] == document_code and row["target_no"]:
            parts = found.setdefault(int(row["target_no"]), {})
            parts.setdefault(row["indicator_code"], names[row["fact_id"]])
    return found


# --- what does not fit together -----------------------------------------------------------------


def problems(given: Coverage) -> list[str]:
    """Everything that is missing, doubled, unknown or without a home."""
    found = _not_once("system", [system.code for system in given.systems], SYSTEMS)
    found += _not_once("target", [target.number for target in given.targets], TARGETS)
    for system in given.systems:
        found += [f"{system.code}: {problem}" for problem in _system_problems(system)]
    stated = target_indicators(given.document_code)
    for target in given.targets:
        parts = stated.get(target.number, {})
        found += [f"target {target.number}: {p}" for p in _target_problems(target, list(parts))]
    return found


def _not_once(what: str, given: list[str] | list[int], wanted: list[str] | list[int]) -> list[str]:
    counted = Counter[str | int](given)
    return [
        f"{what} {each} stands {counted[each]} times"
        for each in sorted({*given, *wanted}, key=str)
        if counted[each] != 1 or each not in wanted
    ]


def _system_problems(system: System) -> Iterator[str]:
    known = {row["indicator_code"] for row in reference.read_seed("indicator")}
    yield from _unknown("form", system.forms, set(_contracts()))
    yield from _unknown("indicator", system.indicators, known)
    yield from _unknown("table", system.tables, table_names())
    if system.reason is not None:
        yield from _unknown("reason", (system.reason,), set(REASONS))
        if system.forms or system.indicators or system.tables:
            yield "it has a home and a reason to have none"
    elif not (system.forms or system.tables):
        yield "it has no home, and no reason says why"
    forms = [_contracts()[form] for form in system.forms if form in _contracts()]
    for indicator in system.indicators:
        if not any(carries(form, indicator) for form in forms):
            yield f"none of its forms reports {indicator}"


def _target_problems(target: Target, indicators: list[str]) -> Iterator[str]:
    yield from _unknown("form", target.forms, set(_contracts()))
    forms = [_contracts()[form] for form in target.forms if form in _contracts()]
    for contract in forms:
        if contract.reporting.frequency not in _PERIODIC:
            yield f"{contract.form} does not come regularly"
    for indicator in indicators:
        if not any(reports_on(form, indicator) for form in forms):
            yield f"none of its forms reports {indicator}"


def _unknown(what: str, given: tuple[str, ...], known: set[str]) -> Iterator[str]:
    for each in given:
        if each not in known:
            yield f"there is no {what} {each!r}"


# --- the page -----------------------------------------------------------------------------------


def coverage() -> str:
    """The page. Raises ValueError where coverage.yml does not fit what it names."""
    given = read_coverage()
    if wrong := problems(given):
        raise ValueError("coverage.yml: " + "; ".join(wrong))
    without = [system for system in given.systems if system.reason]
    return page(
        [
            "# Phạm vi bao phủ",
            "",
            MADE,
            "",
            f"{len(given.systems)} hệ thống báo cáo, theo dõi mà các văn bản của tỉnh nêu, và"
            f" {len(given.targets)} chỉ tiêu của kế hoạch 5 năm 2026 - 2030: mỗi mục có biểu nào,",
            "chỉ tiêu nào, xem ở bảng nào của kho."
            f" {len(given.systems) - len(without)} hệ thống có chỗ trong kho;"
            f" {len(without)} hệ thống không có, kèm lý do.",
            "Tên biểu dẫn đến trang mô tả từng cột, từng dòng trong"
            " [từ điển dữ liệu](data-dictionary.md).",
            "",
            "## Hệ thống",
            "",
            *(line for group in given.groups for line in _group(group)),
            "## Chỉ tiêu của kế hoạch 5 năm",
            "",
            "Mục tiêu nhận qua biểu mục tiêu, giữ ở `fct_target`; số thực hiện nhận qua các biểu",
            f"dưới đây; hai bên được đặt cạnh nhau ở `{SCORECARD}`. Mã thứ hai là chỉ tiêu gần"
            " nghĩa mà số thực hiện được lấy (`target_actual_link`).",
            "",
            *table(
                ("Số", "Chỉ tiêu", "Mã chỉ tiêu", "Biểu báo cáo số thực hiện", "Bảng"),
                _target_rows(given),
            ),
        ]
    )


def _group(group: Group) -> Iterator[str]:
    yield f"### {group.name_vi}"
    yield ""
    yield from table(
        ("Mã", "Hệ thống", "Nội dung", "Biểu", "Chỉ tiêu, dòng", "Bảng"),
        (
            (
                system.code,
                system.name_vi,
                system.holds,
                _forms(system.forms) or _why_none(system),
                codes(system.indicators) or _what_lines(system.forms),
                codes(dict.fromkeys([*_facts(system.forms), *system.tables])),
            )
            for system in group.systems
        ),
    )
    if notes := [f"- {x.code}: {x.note}" for x in group.systems if x.note and x.forms]:
        yield from [*notes, ""]


def _why_none(system: System) -> str:
    return ". ".join(filter(None, (REASONS.get(system.reason or ""), system.note)))


def _forms(forms: tuple[str, ...]) -> str:
    contracts = [_contracts()[form] for form in forms]
    return "; ".join(
        f"[{contract.code_on_paper}](data-dictionary/forms/{contract.form}.md)"
        f" ({FREQUENCIES[contract.reporting.frequency]})"
        for contract in contracts
    )


def _facts(forms: tuple[str, ...]) -> list[str]:
    return [fact for form in forms for fact in fact_tables(_contracts()[form])]


def _what_lines(forms: tuple[str, ...]) -> str:
    """The line lists of forms with fixed lines, and what names a row first in the others."""
    tables = [each for form in forms for each in _contracts()[form].tables]
    return "; ".join(
        dict.fromkeys(
            f"dòng của {code(each.rows.list)}"
            if each.rows.list
            else "theo " + ", ".join(each.column(key).header[-1] for key in each.rows.key[:3])
            for each in tables
        )
    )


def _target_rows(given: Coverage) -> Iterator[tuple[str, ...]]:
    stated = target_indicators(given.document_code)
    for target in sorted(given.targets, key=lambda each: each.number):
        for indicator, name in stated[target.number].items():
            forms = tuple(
                form for form in target.forms if reports_on(_contracts()[form], indicator)
            )
            facts = [f"fct_{_contracts()[form].fact}" for form in forms]
            yield (
                str(target.number),
                name + (f" ({target.note})" if target.note else ""),
                codes(dict.fromkeys(actual_indicators(indicator))),
                _forms(forms),
                codes(dict.fromkeys([*facts, SCORECARD])),
            )
