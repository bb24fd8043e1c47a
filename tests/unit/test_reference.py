"""Lists behind the contracts: names that stand for one code, and codes that stay text."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from ingest import reference
from ingest.normalise import fold


def test_every_name_of_a_unit_stands_for_one_code() -> None:
    for row in reference.read_seed("unit_of_measure"):
        for name in (row["name_vi"], *filter(None, row["aliases_vi"].split("|"))):
            assert reference.read_unit(name) == row["unit_code"]
            assert reference.read_unit(f" {name.upper()} ") == row["unit_code"]


@pytest.mark.parametrize("name", ["tỉ đồng", "Tỷ đồng", "dong", "ty dong", "", "tỷ", "triệu"])
def test_unit_is_read_from_the_allow_list_only(name: str) -> None:
    expected = "billion_vnd" if fold(name) in ("tỉ đồng", "tỷ đồng") else None
    assert reference.read_unit(name) == expected


def test_alias_of_two_units_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_reference: None
) -> None:
    shutil.copytree(reference.SEEDS, tmp_path / "seeds")
    monkeypatch.setattr(reference, "SEEDS", tmp_path / "seeds")
    with (tmp_path / "seeds" / "unit_of_measure.csv").open("a", encoding="utf-8") as file:
        file.write("rubber,cao su,Tỷ Đồng,rubber,1,false\n")
    with pytest.raises(ValueError, match="'Tỷ Đồng' stands for billion_vnd and rubber"):
        reference.read_unit("ha")


def test_factors_lead_to_a_base_unit_of_factor_one() -> None:
    units = reference.units()
    for unit in units.values():
        assert isinstance(unit.factor, Decimal)
        assert units[unit.base_code].base_code == unit.base_code
        assert units[unit.base_code].factor == 1


def test_indicators_are_kept_in_base_units() -> None:
    units = reference.units()
    for row in reference.read_seed("indicator"):
        assert units[row["unit_code"]].base_code == row["unit_code"], row["indicator_code"]


def test_codes_of_units_are_text_with_their_zeros() -> None:
    units = reference.reporting_units()
    assert all(isinstance(code, str) for code in units)
    assert units["20"].level == "province"
    communes = [unit for unit in units.values() if unit.level == "commune"]
    assert len(communes) == 65
    assert all(len(unit.code) == 5 and unit.code.startswith("0") for unit in communes)
    assert "5977" not in units and "05977" in units


def test_codes_of_units_are_unique_over_agencies_and_communes() -> None:
    rows = [*reference.read_seed("agency"), *reference.read_seed("commune")]
    codes = [row["unit_code"] for row in rows]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    "name",
    ["measure", "kind", "basis", "direction", "statement", "target_role", "comparator"],
)
def test_label_and_code_of_a_list_both_stand_for_the_code(name: str) -> None:
    entries = reference.vocabulary(name)
    listed = reference.coded_list(name)
    for code, label in entries.items():
        assert listed[fold(code)] == code
        assert listed[fold(label)] == code
    assert len(set(map(fold, entries.values()))) == len(entries)


def test_unknown_lists_raise_key_error() -> None:
    for name in ("measures", "unit_of_measure"):
        with pytest.raises(KeyError):
            reference.coded_list(name)
    for name in ("budget_line.income", "nothing.revenue", "budget_line"):
        with pytest.raises(KeyError):
            reference.lines(name)


@pytest.mark.parametrize(
    "name",
    ["budget_line.revenue", "budget_line.expenditure", "investment_line.new_rural_development"],
)
def test_lines_are_numbered_in_order_and_name_known_indicators(name: str) -> None:
    lines = reference.lines(name)
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    indicators = reference.coded_list("indicator")
    assert all(line.indicator_code is None or line.indicator_code in indicators for line in lines)
    assert sum(line.parent is None for line in lines) == 1
