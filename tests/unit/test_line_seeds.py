"""Lists of lines, commodities, indicators: codes that exist, hierarchies that can be added up."""

from __future__ import annotations

from collections import Counter

import pytest

from ingest import reference
from ingest.contract import all_contracts

LINE_SEEDS = ("budget_line", "investment_line", "trade_line", "indicator_line")
ROWS = [(seed, row) for seed in LINE_SEEDS for row in reference.read_seed(seed)]
BASES = {"seen_in_public_source", "unverified", "designed"}


def test_line_codes_are_unique_over_all_lists() -> None:
    counts = Counter(row["line_code"] for _, row in ROWS)
    assert [code for code, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("seed", LINE_SEEDS)
def test_lines_refer_to_what_exists(seed: str) -> None:
    indicators = {row["indicator_code"] for row in reference.read_seed("indicator")}
    gates = {row["gate_code"] for row in reference.read_seed("border_gate")}
    commodities = {row["commodity_code"] for row in reference.read_seed("commodity")}
    rows = reference.read_seed(seed)
    codes = {(row["list_code"], row["line_code"]) for row in rows}
    for row in rows:
        line = row["line_code"]
        assert row["basis_status"] in BASES, line
        assert row["children"] in ("all", "partial", "heading"), line
        assert row["sign"] in ("1", "-1"), line
        assert row["name_vi"] == row["name_vi"].strip() != "", line
        assert not row["parent_code"] or (row["list_code"], row["parent_code"]) in codes, line
        assert not row["indicator_code"] or row["indicator_code"] in indicators, line
        assert not row["unit_code"] or row["unit_code"] in reference.units(), line
        assert not row.get("gate_code") or row["gate_code"] in gates, line
        assert not row.get("commodity_code") or row["commodity_code"] in commodities, line
        owner = row.get("owner_unit_code")
        assert not owner or owner in reference.reporting_units(), line


def test_every_list_is_on_a_form() -> None:
    lists = {f"{seed}.{row['list_code']}" for seed, row in ROWS}
    used = {table.rows.list for contract in all_contracts() for table in contract.tables}
    assert lists - used == set()


def test_indicators_have_known_units_owners_and_ways_to_add_up() -> None:
    codes = set()
    for row in reference.read_seed("indicator"):
        code = row["indicator_code"]
        assert code not in codes
        codes.add(code)
        assert row["name_vi"] and row["name_en"], code
        assert row["unit_code"] in reference.units(), code
        assert row["owner_unit_code"] in reference.reporting_units(), code
        assert row["direction"] in ("up", "down", "none"), code
        assert row["aggregation"] in reference.vocabulary("aggregation"), code
    weights = {row["weight_indicator_code"] for row in reference.read_seed("indicator")} - {""}
    assert weights <= codes


def test_succession_has_196_links_from_194_units_to_the_65_of_today() -> None:
    links = reference.read_seed("commune_succession")
    communes = {row["unit_code"] for row in reference.read_seed("commune")}
    assert len(links) == 196
    assert len({row["old_code"] for row in links}) == 194
    assert {row["new_code"] for row in links} == communes
    assert len(communes) == 65
    split = {row["old_code"] for row in links if row["is_split"] == "true"}
    counts = Counter(row["old_code"] for row in links)
    assert split == {code for code, count in counts.items() if count > 1}
    assert len(split) == 2


def test_documents_have_a_number_or_a_text_that_we_hold() -> None:
    rows = reference.read_seed("document")
    codes = [row["document_code"] for row in rows]
    assert len(set(codes)) == len(codes)
    numbers = Counter((row["number"], row["issuer_vi"]) for row in rows if row["number"])
    assert [number for number, count in numbers.items() if count > 1] == []
    for row in rows:
        assert row["title_vi"] and row["issuer_vi"], row["document_code"]
        assert row["number"] or row["source_file"], row["document_code"]
        assert row["note_vi"] or row["issued_on"], row["document_code"]


def test_every_legal_basis_of_a_form_is_a_document() -> None:
    numbers = {row["number"] for row in reference.read_seed("document")}
    for contract in all_contracts():
        if contract.legal_basis:
            assert contract.legal_basis.rpartition(" ")[2] in numbers, contract.id


def test_figures_of_a_plan_are_of_their_own_kind() -> None:
    """What a scenario plans is no actual figure: its column says so."""
    planned = [
        (contract.form, column)
        for contract in all_contracts()
        for table in contract.tables
        for column in table.columns
        if column.measure == "planned_growth"
    ]
    assert planned
    assert [form for form, column in planned if column.kind != "planned"] == []


def test_turnover_is_counted_in_tonnes_and_passengers_times_kilometres() -> None:
    units = {row["indicator_code"]: row["unit_code"] for row in reference.read_seed("indicator")}
    assert units["freight_turnover"] == "tonne_km"
    assert units["passenger_turnover"] == "passenger_km"


@pytest.mark.parametrize("seed", LINE_SEEDS)
def test_lines_measure_what_their_indicators_do(seed: str) -> None:
    """In the same unit or a multiple of it; a list of rates has the indicator's growth, in %."""
    wanted = {row["indicator_code"]: row["unit_code"] for row in reference.read_seed("indicator")}
    units = reference.units()
    other = {
        row["line_code"]
        for row in reference.read_seed(seed)
        if row["indicator_code"]
        and row["unit_code"]
        and units[row["unit_code"]].base_code != wanted[row["indicator_code"]]
    }
    assert {code for code in other if units_of_line(seed, code) != "percent"} == set()


def units_of_line(seed: str, code: str) -> str:
    [row] = [row for row in reference.read_seed(seed) if row["line_code"] == code]
    return row["unit_code"]
