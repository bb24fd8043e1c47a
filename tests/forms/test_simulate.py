"""The simulated province: forms report one value of one quantity, communes make the province,
nothing is found in a clean one; the command. What is written: test_simulation.py."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import pytest
from click.testing import CliRunner

from expectations.validate import validate_submissions
from ingest import reference
from ingest.contract import all_contracts
from ingest.extract import submissions_of
from ingest.period import period_of, related
from ingest.reading import ReadSubmission
from ingest.simulation.fill import Filler
from ingest.simulation.model import read_model
from ingest.simulation.projects import Projects
from ingest.simulation.world import World
from ingest.simulation.write import months_from, units_of
from ingest.sources import SIMULATION_MARKER, is_simulated_inbox
from ingest.template import due_forms
from ingest.template_values import TableValues, total_columns
from ingest.workbook import read_workbook
from orchestration.simulate_command import simulate as command

CONTRACTS = {contract.id: contract for contract in all_contracts()}
SIMULATED = [c for c in all_contracts() if c.reporting.frequency != "span"]
ADDITIVE = ("level", "cumulative", "outturn", "outturn_cumulative")


def _submissions(folder: Path) -> list[tuple[str, ReadSubmission]]:
    """Every submission with its file, in order of the months: the order of receipt."""
    files = sorted(folder.rglob("*.xlsx"), key=lambda path: (path.stem[-7:], path))
    return [
        (path.relative_to(folder).as_posix(), submission)
        for path in files
        for submission in submissions_of(read_workbook(path), all_contracts()).submissions
    ]


@pytest.fixture(scope="module")
def clean_submissions(clean_province: Path) -> list[tuple[str, ReadSubmission]]:
    return _submissions(clean_province)


def _world(seed: int = 3) -> World:
    return World(seed, read_model())


# --- the world ------------------------------------------------------------------------------------


Figure = tuple[str, str, str, str]  # indicator, measure, unit, last day


@pytest.fixture(scope="module")
def figures() -> dict[Figure, set[Decimal]]:
    """Every flow and stock that any unit reports at the end of a year, in base units: the values
    that the forms state for it."""
    world = _world()
    filler = Filler(world, Projects(world))
    found: dict[Figure, set[Decimal]] = {}
    indicator_units = {
        r["indicator_code"]: r["unit_code"] for r in reference.read_seed("indicator")
    }
    for unit in units_of(len(world.communes)):
        about = unit if unit in world.communes else world.province
        for contract, period in due_forms(SIMULATED, unit, "2026-12"):
            values = filler.values(contract, unit, period)
            for number, table in enumerate(contract.tables, start=1):
                computed = TableValues(number, table, values, total_columns(contract))
                for line, column in product(table.lines_of(unit), table.columns):
                    measure = column.measure or ""
                    if (
                        line.indicator_code is None
                        or column.role != "value"
                        or measure not in ADDITIVE
                        or column.period is not None
                        or line.dimensions
                        or column.dimensions
                    ):
                        continue
                    unit_of = reference.units()[column.unit or line.unit_code or ""]
                    if unit_of.base_code != indicator_units[line.indicator_code]:
                        continue  # a column that counts something else on the line
                    value = values.get((number, line.code, column.field))
                    value = computed.computed(line.code, column) if value is None else value
                    if value is None:
                        continue
                    assert isinstance(value, Decimal)
                    # a month's flow is not the year's
                    span = period if measure in ("level", "outturn") else ""
                    end = f"{period_of(period).end}/{span}"
                    key = (line.indicator_code, measure, about, end)
                    found.setdefault(key, set()).add(value * unit_of.factor)
    return found


def test_forms_that_report_one_quantity_report_one_value(
    figures: dict[Figure, set[Decimal]],
) -> None:
    assert {key: values for key, values in figures.items() if len(values) > 1} == {}


def test_communes_add_up_to_what_the_province_reports(figures: dict[Figure, set[Decimal]]) -> None:
    world = _world()
    sums = {
        r["indicator_code"] for r in reference.read_seed("indicator") if r["aggregation"] == "sum"
    }
    compared = 0
    for (indicator, measure, unit, end), values in figures.items():
        parts = [figures.get((indicator, measure, commune, end)) for commune in world.communes]
        if indicator not in sums or unit != world.province or None in parts:
            continue
        compared += 1
        added = sum((min(part) for part in parts if part), Decimal(0))
        assert {added} == values, (indicator, measure, end)
    assert compared > 10


# --- the forms ------------------------------------------------------------------------------------


@pytest.mark.slow  # a night says the same (tests/integration/test_simulated_province.py)
def test_nothing_is_found_in_a_clean_province(
    clean_province: Path, clean_submissions: list[tuple[str, ReadSubmission]]
) -> None:
    read = enumerate(clean_submissions, start=1)
    found = validate_submissions(CONTRACTS, ((number, each) for number, (_, each) in read))

    assert [finding.message for form in found for finding in form.findings] == []
    assert [result.rule for form in found for result in form.raised] == []
    assert is_simulated_inbox(str(clean_province))


@pytest.mark.slow  # and so does every submission of that night
def test_every_sheet_says_that_it_is_simulated(
    clean_submissions: list[tuple[str, ReadSubmission]],
) -> None:
    assert clean_submissions
    assert all(submission.is_simulated for _, submission in clean_submissions)


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--months", "0"], "--months từ 1 đến 240"),
        (["--months", "241"], "--months từ 1 đến 240"),
        (["--communes", "66"], "--communes từ 0 đến 65"),
        (["--error-rate", "1.5"], "--error-rate từ 0 đến 1"),
        (["--from", "2025-06"], "có từ tháng 7/2025"),
        (["--from", "2026-Q1"], "không phải một tháng"),
    ],
)
def test_wrong_use_is_refused_in_vietnamese(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = CliRunner().invoke(command, ["--out", str(tmp_path / "out"), *options])
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.xlsx").write_bytes(b"mine")
    result = CliRunner().invoke(command, ["--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "không phải số liệu mô phỏng" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.xlsx"]


def test_an_earlier_simulation_is_written_over(tmp_path: Path) -> None:
    (tmp_path / SIMULATION_MARKER).write_text("{}", encoding="utf-8")
    (tmp_path / "old.xlsx").write_bytes(b"old")
    options = ["--out", str(tmp_path), "--communes", "0", "--months", "1"]
    result = CliRunner().invoke(command, options)
    assert result.exit_code == 0, result.output
    assert "Số liệu mô phỏng" in result.output
    assert not (tmp_path / "old.xlsx").exists()


def test_months_run_over_the_year() -> None:
    keys = months_from("2026-11", 4)
    assert keys == ("2026-11", "2026-12", "2027-01", "2027-02")
    assert all(related(later, "previous") == key for key, later in pairwise(keys))
    assert period_of(keys[-1]).end.year == 2027
