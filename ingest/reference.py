"""Lists that contracts refer to, read from the dbt seeds: one source for Python and SQL.

Units of measure, vocabularies (measure, kind, …), line items, indicators, units that report.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from ingest.normalise import fold

SEEDS = Path(__file__).resolve().parent.parent / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Unit:
    """A unit of measure: `factor` of it make one of `base_code`."""

    code: str
    name_vi: str
    base_code: str
    factor: Decimal
    is_discrete: bool
    is_never_negative: bool


# what a line, a column or a form can fix for its figures, besides measure, kind and period
DIMENSIONS = (
    "basis",
    "direction",
    "gate_code",
    "regime_code",
    "commodity_code",
    "source_code",
    "budget_level",
    "stage_group",
    "statement",
    "document_code",
)


@dataclass(frozen=True)
class Line:
    """One line of a form with fixed lines.

    `sign` is -1 for a part that is deducted. `children`: `all` parts are lines too, only `partial`
    ones are known (they need not add up), or the line is a `heading` without figures.
    """

    code: str
    number: int
    symbol: str
    label_vi: str
    parent: str | None
    is_additive: bool
    sign: int
    children: str
    indicator_code: str | None
    unit_code: str | None
    basis_status: str
    owner_unit_code: str | None
    dimensions: tuple[tuple[str, str], ...]

    def dimension(self, name: str) -> str | None:
        return dict(self.dimensions).get(name)


@dataclass(frozen=True)
class ReportingUnit:
    """Who reports, or what a figure is about."""

    code: str
    name_vi: str
    level: str


def read_seed(name: str) -> list[dict[str, str]]:
    """The rows of a seed, every value as text. Raises FileNotFoundError for an unknown seed."""
    path = SEEDS / f"{name}.csv"
    return _rows(path, path.stat().st_mtime_ns)


@cache
def _rows(path: Path, _changed: int) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def units() -> dict[str, Unit]:
    """Units of measure by code."""
    return {
        row["unit_code"]: Unit(
            row["unit_code"],
            row["name_vi"],
            row["base_unit_code"],
            Decimal(row["factor"]),
            row["is_discrete"] == "true",
            row["is_never_negative"] == "true",
        )
        for row in read_seed("unit_of_measure")
    }


@cache
def _units_by_name() -> dict[str, str]:
    names: dict[str, str] = {}
    for row in read_seed("unit_of_measure"):
        for name in (row["name_vi"], *filter(None, row["aliases_vi"].split("|"))):
            other = names.setdefault(fold(name), row["unit_code"])
            if other != row["unit_code"]:
                raise ValueError(f"unit name {name!r} stands for {other} and {row['unit_code']}")
    return names


def read_unit(text: str) -> str | None:
    """The code of a unit as officials write it (an allow-list), or None."""
    return _units_by_name().get(fold(text))


@cache
def vocabulary(list_code: str) -> dict[str, str]:
    """Code to Vietnamese label of one list, in the seed's order. Raises KeyError if unknown."""
    rows = {
        row["code"]: row["label_vi"]
        for row in read_seed("vocabulary")
        if row["list_code"] == list_code
    }
    if not rows:
        raise KeyError(list_code)
    return rows


@cache
def units_of_measures() -> dict[str, str]:
    """Measures that are in one unit whatever the indicator's own unit is: growth is in %."""
    return {
        row["code"]: row["value_unit_code"]
        for row in read_seed("vocabulary")
        if row["list_code"] == "measure" and row["value_unit_code"]
    }


@cache
def indicators() -> dict[str, dict[str, str]]:
    """The rows of the seed of indicators, by code."""
    return {row["indicator_code"]: row for row in read_seed("indicator")}


# lists that are seeds of their own: list name -> (seed, column of the code)
_SEED_LISTS = {
    "indicator": ("indicator", "indicator_code"),
    "document": ("document", "document_code"),
    "border_gate": ("border_gate", "gate_code"),
    "commodity": ("commodity", "commodity_code"),
}


@cache
def coded_list(name: str) -> dict[str, str]:
    """Every text that stands for a code of the list (folded) and that code: codes and labels.

    Raises KeyError for an unknown list.
    """
    if name == "reporting_unit":
        return {fold(code): code for code in reporting_units()}
    if name in _SEED_LISTS:
        seed, column = _SEED_LISTS[name]
        return {fold(row[column]): row[column] for row in read_seed(seed)}
    entries = vocabulary(name)
    return {fold(code): code for code in entries} | {
        fold(label): code for code, label in entries.items()
    }


@cache
def lines(reference: str) -> tuple[Line, ...]:
    """The lines of `<seed>.<list_code>`, in order. Raises KeyError where there are none."""
    seed, _, list_code = reference.partition(".")
    try:
        rows = [row for row in read_seed(seed) if row["list_code"] == list_code]
    except FileNotFoundError:
        raise KeyError(reference) from None
    if not rows:
        raise KeyError(reference)
    return tuple(
        Line(
            code=row["line_code"],
            number=int(row["line_no"]),
            symbol=row["symbol"],
            label_vi=row["name_vi"],
            parent=row["parent_code"] or None,
            is_additive=row["is_additive"] == "true",
            sign=int(row.get("sign") or 1),
            children=row.get("children") or "all",
            indicator_code=row["indicator_code"] or None,
            unit_code=row.get("unit_code") or None,
            basis_status=row.get("basis_status") or "designed",
            owner_unit_code=row.get("owner_unit_code") or None,
            dimensions=tuple((name, row[name]) for name in DIMENSIONS if row.get(name)),
        )
        for row in sorted(rows, key=lambda row: int(row["line_no"]))
    )


def place_of_line(reference: str, line_code: str) -> str:
    """File and line of a line of `<seed>.<list_code>`, for messages to engineers."""
    seed, _, list_code = reference.partition(".")
    for number, row in enumerate(read_seed(seed), start=2):
        if (row["list_code"], row["line_code"]) == (list_code, line_code):
            return f"{seed}.csv:{number}"
    return f"{seed}.csv"


@cache
def province_code() -> str:
    """The code of the province itself, which most figures are about."""
    [code] = [unit.code for unit in reporting_units().values() if unit.level == "province"]
    return code


def sender_label(sender: str) -> str:
    """A unit's name for its code, or what a level of units is called (`commune`: xã, phường)."""
    unit = reporting_units().get(sender)
    return unit.name_vi if unit else vocabulary("unit_level")[sender]


@cache
def reporting_units() -> dict[str, ReportingUnit]:
    """The nation, the province, its agencies and its communes of today, by code."""
    found = {"VN": ReportingUnit("VN", "Cả nước", "nation")}
    for row in read_seed("agency"):
        found[row["unit_code"]] = ReportingUnit(row["unit_code"], row["name_vi"], row["level"])
    for row in read_seed("commune"):
        found[row["unit_code"]] = ReportingUnit(row["unit_code"], row["name_vi"], "commune")
    return found
