"""The samples hold every published figure, as printed, and can be made again from the seeds."""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from ingest import reference
from ingest.contract import all_contracts
from ingest.normalise import read_number_text
from samples.make_inbox import HERE, INBOX, make_inbox

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (HERE / "figures" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PUBLISHED = {row["fact_id"]: row for row in read("published_figures")}
ASSIGNED = read("assignment")
OMITTED = read("not_measurements")
PARAMETERS = reference.read_seed("rule_parameter")
ASSIGNED_IDS = {row["fact_id"] for row in ASSIGNED}

# units of the list of figures that are not 1 of the base unit
FACTORS = {
    "billion_vnd": 10**9,
    "billion_vnd_per_month": 10**9,
    "million_vnd": 10**6,
    "million_vnd_per_person": 10**6,
    "million_vnd_per_month": 10**6,
    "million_usd": 10**6,
    "thousand_visits": 10**3,
    "kg": Decimal("0.001"),  # masses are in tonnes
}
# figures whose cell says something else than the list, and why
SLIPS = {
    "P5-089": "the document prints 25.698 nghìn tỷ, a thousand times what it means",
}
SIGNS = {
    "P5-274": "a target “giảm 2%/năm” is printed as 2 of an indicator of decrease",
}
# the list has an upper bound where the document prints one number
UPPER_BOUNDS = {"P5-049": "dưới mức 2%", "P5-486": "thuộc nhóm 15 tỉnh"}
# in two forms: the plan's target is the estimate of the year too
TWICE = {"F000-010", "F000-011"}


# --- every figure has its place -----------------------------------------------------------------


def test_every_published_figure_is_assigned_or_a_parameter_or_omitted_with_a_reason() -> None:
    parameters = {row["parameter_code"] for row in PARAMETERS}
    omitted = {row["fact_id"] for row in OMITTED}
    assert len(PUBLISHED) == 763
    assert set(PUBLISHED) - ASSIGNED_IDS - parameters - omitted == set()
    assert (ASSIGNED_IDS | parameters | omitted) - set(PUBLISHED) == set()
    assert not ASSIGNED_IDS & parameters
    assert not ASSIGNED_IDS & omitted
    assert not parameters & omitted
    assert all(row["reason"].strip() for row in OMITTED)


def test_only_the_estimates_of_the_plan_stand_on_two_forms() -> None:
    counted = Counter(row["fact_id"] for row in ASSIGNED)
    assert {fact for fact, count in counted.items() if count > 1} == TWICE
    assert len({(row["fact_id"], row["form"]) for row in ASSIGNED}) == len(ASSIGNED)


@pytest.mark.parametrize("kind", ["target", "rank"])
def test_every_target_and_rank_with_a_value_is_assigned(kind: str) -> None:
    wanted = {
        fact
        for fact, row in PUBLISHED.items()
        if row["kind"] == kind and (row["value_low"] or row["value_high"])
    }
    assert len(wanted) > 20
    assert wanted - ASSIGNED_IDS == set()


def test_most_actual_and_estimated_figures_are_assigned() -> None:
    kinds = Counter(PUBLISHED[fact]["kind"] for fact in ASSIGNED_IDS)
    assert kinds["actual"] + kinds["estimate"] >= 300
    assert kinds["deadline"] == kinds["threshold"] == 0


def test_figures_that_were_counted_and_not_stated_are_marked_derived() -> None:
    for row in ASSIGNED:
        counted = PUBLISHED[row["fact_id"]]["stated"] == "derived"
        assert (row["statement"] == "derived") == counted, row["fact_id"]


def test_omitted_figures_are_no_targets_ranks_or_parts_of_identities() -> None:
    assert {PUBLISHED[row["fact_id"]]["kind"] for row in OMITTED} <= {
        "actual", "estimate", "deadline", "threshold", "target",
    }  # fmt: skip
    for row in OMITTED:
        figure = PUBLISHED[row["fact_id"]]
        assert figure["kind"] != "target" or not (figure["value_low"] or figure["value_high"])


# --- the value is the printed one ---------------------------------------------------------------


# printed with a decimal point in documents that write decimal commas
OTHER_STYLE = {"P5-095": "2.18", "P5-387": "68.58"}


def in_base_units(row: Row, column: str) -> Decimal | None:
    """The printed number in the base unit; None for an empty cell."""
    if not row[column]:
        return None
    reading = read_number_text(row[column], "vietnamese")
    problem = "other_style" if row["fact_id"] in OTHER_STYLE else None
    assert reading.value is not None and reading.problem == problem, row["fact_id"]
    code = reference.read_unit(row["unit_printed"])
    assert code is not None, row["unit_printed"]
    return reading.value * reference.units()[code].factor


def in_list(figure: Row, column: str) -> Decimal | None:
    value = figure[column]
    return Decimal(value) * FACTORS.get(figure["unit"], 1) if value else None


def test_printed_value_times_its_unit_is_the_value_of_the_figure() -> None:
    differs = {}
    for row in ASSIGNED:
        figure = PUBLISHED[row["fact_id"]]
        printed = in_base_units(row, "value_printed"), in_base_units(row, "value_high_printed")
        listed = in_list(figure, "value_low"), in_list(figure, "value_high")
        if printed != listed:
            differs[row["fact_id"]] = printed, listed
    assert set(differs) == {*SLIPS, *SIGNS, *UPPER_BOUNDS}
    for fact in SLIPS:
        assert differs[fact][0][0] == 1000 * (differs[fact][1][0] or 0)
    for fact in SIGNS:
        assert differs[fact][0][0] == -(differs[fact][1][0] or 0)
    for fact in UPPER_BOUNDS:
        assert differs[fact][0] == differs[fact][1][::-1]


def test_ranges_are_printed_with_both_ends_in_order() -> None:
    for row in ASSIGNED:
        low, high = in_base_units(row, "value_printed"), in_base_units(row, "value_high_printed")
        if PUBLISHED[row["fact_id"]]["comparator"] == "range":
            assert low is not None and high is not None and low < high, row["fact_id"]
        assert high is None or (low is not None and low < high)


def test_stated_value_stands_in_the_quote_as_it_is_printed() -> None:
    for row in ASSIGNED:
        figure = PUBLISHED[row["fact_id"]]
        if row["statement"] == "stated":
            digits = row["value_printed"].removeprefix("-")  # “giảm 2,74%” is typed -2,74
            assert digits in figure["raw_text"], row["fact_id"]


KEPT = {
    "=": {"="},
    ">=": {">", ">="},
    "<=": {"<", "<="},
    "approx": {"~", "<~"},
    "range": {"=", "~", ">"},
}


def test_comparator_of_the_figure_is_kept() -> None:
    for row in ASSIGNED:
        comparator = PUBLISHED[row["fact_id"]]["comparator"]
        if comparator != "=" and row["fact_id"] != "P5-486":
            assert row["comparator"] in KEPT[comparator], row["fact_id"]


def test_rank_within_a_group_is_an_upper_bound() -> None:
    [row] = [row for row in ASSIGNED if row["fact_id"] == "P5-486"]
    assert row["comparator"] in KEPT["<="]


def test_plain_figures_have_no_other_comparator() -> None:
    for row in ASSIGNED:
        if PUBLISHED[row["fact_id"]]["comparator"] == "=":
            assert row["comparator"] == "=", row["fact_id"]


def test_assigned_figures_use_codes_of_the_lists() -> None:
    indicators = reference.coded_list("indicator")
    units = reference.reporting_units()
    contracts = {contract.form: contract for contract in all_contracts()}
    for row in ASSIGNED:
        assert row["indicator_code"] in indicators
        assert row["sender"] in units and row["data_unit_code"] in units
        assert contracts[row["form"]].accepts(row["sender"]), row["fact_id"]
        assert row["document_code"] in reference.coded_list("document").values()


# --- the inbox ----------------------------------------------------------------------------------


def every_cell(folder: Path) -> dict[tuple[str, str, str], object]:
    cells = {}
    for path in sorted(folder.rglob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.value is not None:
                        place = (str(path.relative_to(folder)), sheet.title, cell.coordinate)
                        cells[place] = cell.value
    return cells


def test_inbox_made_anew_equals_the_one_in_the_repository_cell_by_cell(tmp_path: Path) -> None:
    paths = make_inbox(tmp_path)
    assert [p.relative_to(tmp_path) for p in paths] == sorted(
        p.relative_to(INBOX) for p in INBOX.rglob("*") if p.is_file()
    )
    made, kept = every_cell(tmp_path), every_cell(INBOX)
    assert made.keys() == kept.keys()
    assert [
        (place, kept[place], value) for place, value in made.items() if kept[place] != value
    ] == []
    assert len(made) > 5000


def test_inbox_is_the_same_bytes_when_it_is_made_twice(tmp_path: Path) -> None:
    first = make_inbox(tmp_path / "a")
    second = make_inbox(tmp_path / "b")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
