"""The simulated province: the same from a seed, adding up everywhere, with errors where it says."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from filled_templates import PERIODIC, filler
from hypothesis import given
from hypothesis import strategies as st

from expectations.findings import sentences
from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.expected import reports
from ingest.simulation.model import read_model
from ingest.simulation.plant import kinds
from ingest.simulation.world import World, split
from ingest.simulation.write import PLANTED, Plan, months_from, read_truth, simulate, units_of
from ingest.sources import SIMULATION_MARKER, is_simulated_inbox, list_inbox

COMMUNES = [u.code for u in reference.reporting_units().values() if u.level == "commune"]
FLOWS = sorted(
    code for code, quantity in read_model().quantities.items() if quantity.annual is not None
)


def written(
    out: Path, *, communes: int = 1, months: int = 3, seed: int = 1, rate: float = 0.0
) -> Plan:
    plan = Plan(out, communes, months_from("2026-01", months), seed, rate)
    for _ in simulate(plan, 2):
        pass
    return plan


# --- the world ----------------------------------------------------------------------------------


@given(
    total=st.integers(0, 10**9),
    weights=st.lists(st.floats(0.001, 1000), min_size=1, max_size=70),
)
def test_split_adds_up_and_is_never_negative(total: int, weights: list[float]) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    exact = [total * weight / sum(weights) for weight in weights]
    assert all(abs(part - wanted) <= 1.0001 for part, wanted in zip(parts, exact, strict=True))


@given(code=st.sampled_from(FLOWS), year=st.integers(2024, 2030), seed=st.integers(0, 3))
def test_communes_and_months_make_the_provinces_year(code: str, year: int, seed: int) -> None:
    world = World(seed, read_model())
    whole = world.months(code, "vnd", world.province, year)
    assert sum(whole) == world.annual(code, "vnd", year)
    for month in (0, 5, 11):
        communes = [world.months(code, "vnd", unit, year)[month] for unit in world.communes]
        assert sum(communes) == whole[month]
        assert min(communes) >= 0


@given(seed=st.integers(0, 2), month=st.integers(1, 12))
def test_levels_drift_slowly(seed: int, month: int) -> None:
    world = World(seed, read_model())
    now = world.level("population", "people", world.province, 2026, month)
    before = world.level("population", "people", world.province, 2026, max(1, month - 1))
    assert abs(now - before) <= 0.02 * before


def test_published_totals_of_2025_are_last_years_values() -> None:
    world = World(7, read_model())
    assert world.annual("revenue_total", "vnd", 2025) == 15_400_000
    assert world.estimate("revenue_total", "vnd", 2026) == 13_478_000
    assert world.annual("tourism_visits", "visit", 2025) == 4_400_000


@pytest.mark.parametrize("contract", PERIODIC, ids=lambda c: c.form)
def test_every_unit_can_fill_every_form_that_it_sends(contract: Contract) -> None:
    period = {"month": "2026-12", "quarter": "2026-Q4", "year": "2026"}[
        contract.reporting.frequency
    ]
    senders = [u for u in reference.reporting_units() if reports(contract, u)]
    for unit in senders[:4] + senders[-2:]:
        values = filler().values(contract, unit, period)
        assert values
        for (_, _, field), value in values.items():
            assert value is not None, field
            assert not isinstance(value, Decimal) or value.is_finite()


# --- the inbox ----------------------------------------------------------------------------------


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != SIMULATION_MARKER
    }


def test_another_seed_gives_other_files(clean_province: Path, tmp_path: Path) -> None:
    written(tmp_path, months=1, seed=2)
    other, known = _contents(tmp_path), _contents(clean_province)
    assert len(other) > 10
    assert sum(content != known[name] for name, content in other.items()) > len(other) / 2


def test_fewer_communes_and_months_are_the_same_files(clean_province: Path, tmp_path: Path) -> None:
    written(tmp_path, communes=1, months=1)
    fewer, known = _contents(tmp_path), _contents(clean_province)
    assert any(name.startswith(COMMUNES[0]) for name in fewer)
    assert {name for name, content in fewer.items() if content != known[name]} == set()


def test_inbox_is_marked_and_holds_nothing_but_submissions(clean_province: Path) -> None:
    assert is_simulated_inbox(str(clean_province))
    assert json.loads((clean_province / SIMULATION_MARKER).read_text())["seed"] == 1
    files = list_inbox(str(clean_province))
    assert {Path(file).suffix for file in files} == {".xlsx"}
    assert {Path(file).parent.name for file in files} <= set(units_of(3))


# --- planted errors -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("spoiled")
    written(out, months=2, rate=0.5)
    return out


def test_the_same_seed_plants_the_same_errors(spoiled: Path, tmp_path: Path) -> None:
    written(tmp_path, months=2, rate=0.5)
    again, once = _contents(tmp_path), _contents(spoiled)
    assert again.keys() == once.keys()
    assert again[PLANTED] == once[PLANTED]
    # a workbook that was changed after it was written says when
    changed = {row.file for row in read_truth(spoiled)}
    assert {name for name in once if again[name] != once[name]} <= changed


def test_every_kind_has_rules_that_answer_it() -> None:
    model = read_model()
    errors = model.errors
    assert set(kinds()) <= {*errors, *model.law_errors, *model.unknowable_errors}
    assert {*model.whole_errors, *model.summed_errors} <= set(errors)
    for rules in errors.values():
        assert rules
        assert set(rules) <= set(sentences())


def test_truth_names_files_sheets_and_cells_that_hold_what_was_planted(spoiled: Path) -> None:
    rows = read_truth(spoiled)
    assert {row.kind for row in rows} >= {"wrong_total", "text_in_number", "stale_period"}
    checked = 0
    books: dict[Path, openpyxl.Workbook] = {}
    for row in rows:
        path = spoiled / row.file
        assert path.exists(), row
        if row.cell and row.planted and not row.kind.startswith(("wrong_sender", "duplicate")):
            if path not in books:
                books[path] = openpyxl.load_workbook(path, data_only=True)
            cell = books[path][row.sheet][row.cell]
            if isinstance(cell.value, int | float):
                assert Decimal(str(cell.value)) == Decimal(row.planted), row
            elif isinstance(cell.value, datetime):
                assert str(cell.value.date()) == row.planted, row
            else:
                assert str(cell.value) == row.planted, row
            checked += 1
    assert checked > 20


def test_truth_is_a_csv_with_file_sheet_cell_and_kind_first(spoiled: Path) -> None:
    with (spoiled / PLANTED).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header[:4] == ["file", "sheet", "cell", "kind"]


def test_no_errors_are_planted_unless_asked_for(clean_province: Path) -> None:
    assert read_truth(clean_province) == []


def test_published_forms_are_not_simulated() -> None:
    spans = {c.form for c in all_contracts()} - {c.form for c in PERIODIC}
    assert all(form.startswith("ls0") for form in spans)
