"""The row of column numbers: formulas typed there, against the form's own."""

from __future__ import annotations

import pytest

from ingest.contract import Column, Rows, Table
from ingest.index_row import other_formulas


def column(field: str, formula: str | None = None, percent: bool = False) -> Column:
    return Column.model_validate(
        {
            "field": field, "header": [field], "description": field, "role": "ratio",
            "type": "percent" if percent else "number", "formula": formula,
        }
    )  # fmt: skip


TABLE = Table(
    rows=Rows(kind="records"),
    columns=(
        column("plan"), column("paid"), column("rate", "paid / plan", percent=True),
        column("left", "plan - paid"),
    ),
)  # fmt: skip
COLUMNS = {"plan": 2, "paid": 3, "rate": 4, "left": 5}


def said(rate: str, left: str = "4=1-2", **marks: object) -> list[tuple[str, str]]:
    row = {1: "A", 2: 1.0, 3: "(2)", 4: rate, 5: left} | {int(k[1:]): v for k, v in marks.items()}
    return [(other.field, other.wanted) for other in other_formulas(TABLE, COLUMNS, row)]


@pytest.mark.parametrize(
    "rate",
    ["3=2/1", "(3)=(2):(1)", "3 = 2 : 1 x 100", "[3]=[2]/[1]*100%", "3=2÷1", "3=100*2/1", "3"],
)
def test_the_forms_own_formula_however_it_is_written(rate: str) -> None:
    assert said(rate) == []


@pytest.mark.parametrize("rate", ["3=1/2", "3=2-1", "3=2+1", "(3) = (2)/(4)", "3=2/1*10.5"])
def test_another_formula(rate: str) -> None:
    assert said(rate) == [("rate", "3=2/1")]


def test_a_difference_written_the_other_way_round_or_otherwise_alike() -> None:
    assert said("3=2/1", "4=2-1") == [("left", "4=1-2")]
    assert said("3=2/1", "4=-2+1") == []  # not read as a formula: it says nothing
    assert said("3=2/1", "4=(1+1)-(2+1)") == []


@pytest.mark.parametrize(
    "rate", ["3=2/9", "3=tính theo TT 343", "3=", "3=2/0", "3=" + "1+" * 60 + "1"]
)
def test_what_is_no_formula_of_the_sheets_columns_says_nothing(rate: str) -> None:
    assert said(rate) == []


def test_columns_go_by_the_numbers_of_the_sheet_itself() -> None:
    # the sheet has a column more, and numbers them all
    assert said("4=3/2", "5=2-3", c2="2", c3="3") == []
    assert said("4=2/3", "5=2-3", c2="2", c3="3") == [("rate", "4=3/2")]


def test_without_the_number_of_a_column_nothing_is_said() -> None:
    assert said("3=1/2", c3="") == []
