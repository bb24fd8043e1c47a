"""How a build's findings are held against what was planted: by the cell, or by the file where the
error is the file's; all other findings are consequences of an error, or false alarms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.simulation.score import Found, Kinds, Score, as_markdown, score
from ingest.simulation.write import ALL, Planted

KINDS = Kinds(
    rules={
        "wrong_period": ["period_contradiction"],
        "wrong_sender": ["wrong_sender"],
        "duplicate_file": ["two_files_same_form"],
        "commune_sum": ["commune_sum"],
        "late": ["floors"],
    },
    whole=["wrong_period", "wrong_sender", "duplicate_file"],
    summed=["commune_sum"],
    unknowable=["plausible_digit"],
    between=["commune_sum", "identity_broken"],
)
ROW = Planted(
    "STC/a.xlsx", "S", "D8", "wrong_total", "f", "STC", "2026-02", "1", "2", "D6 D8", "revenue"
)


def finding(**changed: object) -> Found:
    given = {
        "file": "STC/a.xlsx", "form": "f", "unit": "STC", "period": "2026-02", "sheet": "S",
        "rule": "other", "cells": (), "quantities": (),
    }  # fmt: skip
    return Found(**(given | changed))  # type: ignore[arg-type]


def became(row: Planted, found: Found) -> str:
    """What one finding is to one planted error."""
    result = score([row], [found], KINDS)
    [is_found] = [each.found for each in (*result.kinds, *result.summed, *result.unknowable)]
    if is_found:
        assert result.answers == 1
        return "found"
    return "consequence" if result.consequences else "alarm"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding(cells=("D7", "D8")), "found"),
        # the rule alone is no answer, nor another cell of the sheet
        (finding(rule="totals"), "alarm"),
        (finding(cells=("E8",)), "alarm"),
        # a cell that says something else because of the error
        (finding(cells=("D6", "E6")), "consequence"),
        (finding(sheet="T", cells=("D8",)), "alarm"),
        (finding(file="STC/b.xlsx", period="2026-01", cells=("D8",)), "alarm"),
        # the next period's form is held against this one, where it names the same cells
        (finding(file="STC/b.xlsx", period="2026-03", cells=("D6",)), "consequence"),
        (finding(file="STC/b.xlsx", period="2026-03", cells=("E6",)), "alarm"),
        (finding(file="STC/b.xlsx", period="2026-04", cells=("D8",)), "alarm"),
        (finding(file="STC/b.xlsx", period="2026-03", form="g", cells=("D8",)), "alarm"),
        (finding(file="SXD/a.xlsx", unit="SXD", period="2026-03", cells=("D8",)), "alarm"),
    ],
)
def test_an_error_is_found_by_its_cell_and_explains_what_names_its_cells(
    found: Found, expected: str
) -> None:
    assert became(ROW, found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding(rule="period_contradiction"), "found"),
        (finding(rule="two_files_same_form", cells=("B2",)), "consequence"),
        (finding(file="STC/b.xlsx", period="2026-01", rule="two_files_same_form"), "consequence"),
        (finding(file="STC/b.xlsx", period="2025-12", rule="two_files_same_form"), "alarm"),
        # no file: the form of the period was not received
        (finding(file="", sheet=None), "consequence"),
        (finding(file="", sheet=None, period="2026-04"), "alarm"),
        (finding(sheet="T", rule="period_contradiction"), "alarm"),
    ],
)
def test_what_concerns_a_sheet_is_found_by_a_rule_that_answers_it_there(
    found: Found, expected: str
) -> None:
    row = replace(
        ROW, kind="wrong_period", cell="", original="2026-02", planted="2026-01", touched=ALL
    )
    assert became(row, found) == expected


def test_what_concerns_a_file_is_found_by_the_file_on_either_copy() -> None:
    row = replace(
        ROW, kind="duplicate_file", file="STC/a_lan2.xlsx", sheet="", cell="", form="",
        original="STC/a.xlsx", touched=ALL,
    )  # fmt: skip
    assert became(row, finding(rule="two_files_same_form")) == "found"
    assert became(row, finding(file=row.file, rule="two_files_same_form")) == "found"
    assert became(row, finding(file="STC/b.xlsx", rule="two_files_same_form")) == "alarm"
    within = [row, ROW]
    result = score(within, [finding(file=row.file, cells=("D8",))], KINDS)
    assert {each.kind: each.found for each in result.kinds} == {
        "duplicate_file": 0,
        "wrong_total": 1,
    }


def test_what_shows_in_a_sum_is_of_the_same_quantity_and_counted_apart() -> None:
    row = replace(ROW, kind="commune_sum", unit="06463", file="06463/a.xlsx")
    of_sum = finding(rule="commune_sum", unit="SXD", file="SXD/a.xlsx", quantities=("revenue",))
    assert became(row, of_sum) == "found"
    assert became(row, replace(of_sum, period="2026-01")) == "consequence"
    assert became(row, replace(of_sum, quantities=("population",))) == "alarm"
    assert became(ROW, of_sum) == "consequence"
    result = score([row], [of_sum], KINDS)
    assert result.kinds == ()
    assert [each.found for each in result.summed] == [1]


def test_a_late_project_explains_the_same_rules_on_the_units_other_forms() -> None:
    row = replace(ROW, kind="late_disbursement")
    kinds = replace(KINDS, rules={"late_disbursement": ["floors"]})
    other = finding(file="STC/b.xlsx", form="g", period="2026-Q1", rule="floors", cells=("Z1",))
    assert score([row], [other], kinds).false_alarms == ()
    assert score([row], [replace(other, rule="totals")], kinds).false_alarms
    assert score([row], [replace(other, unit="SXD")], kinds).false_alarms


def test_what_no_rule_can_know_is_neither_found_nor_missed() -> None:
    row = replace(ROW, kind="plausible_digit")
    result = score([row, ROW], [], KINDS)
    assert [each.kind for each in result.kinds] == ["wrong_total"]
    assert result.missed == (ROW,)
    assert [(each.kind, each.planted, each.found) for each in result.unknowable] == [
        ("plausible_digit", 1, 0)
    ]


def test_any_finding_where_nothing_was_planted_is_a_false_alarm() -> None:
    found = finding(cells=("D8",))
    assert score([], [found], KINDS).false_alarms == (found,)


def test_the_table_adds_up_seeds_and_says_what_is_counted_apart() -> None:
    other = replace(ROW, sheet="T", kind="negative")
    digit = replace(ROW, sheet="T", kind="plausible_digit")
    alarm = finding(file="SXD/a.xlsx", unit="SXD", rule="jump")
    one = score([ROW, other, digit], [finding(cells=("D8",)), alarm], KINDS)
    table = as_markdown(Score(()) + one + score([ROW], [finding(cells=("D6",))], KINDS))

    assert "| `negative` | 1 | 0 | 1 | 0.0 % |" in table
    assert "| `wrong_total` | 2 | 1 | 1 | 50.0 % |" in table
    assert "| all | 3 | 1 | 2 | 33.3 % |" in table
    assert "| `plausible_digit` (no rule can) | 1 | 0 | 1 | 0.0 % |" in table
    assert table.endswith(
        "Findings that name a planted error: 1; that follow from one: 1; false alarms: 1 (jump 1)."
    )
