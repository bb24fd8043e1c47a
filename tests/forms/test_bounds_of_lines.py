"""Bounds of a line follow from its unit: a share over 100, fewer than no cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from filled_templates import PERIODIC, Key, filled, read, write

from expectations.findings import Finding
from expectations.validate import validate_form
from ingest import reference
from ingest.contract import Contract
from ingest.template import FilledForm, sheet_name

FORMS = {contract.form: contract for contract in PERIODIC}


def judged(
    folder: Path, rule: str, empties: Sequence[FilledForm], typed: Sequence[tuple[Key, str]]
) -> list[tuple[list[Finding], str]]:
    """Forms of one kind with one figure each, all judged at once: of each the findings by a rule,
    and its cell."""
    submissions, places = [], []
    for number, (empty, (key, figure)) in enumerate(zip(empties, typed, strict=True), start=1):
        form = replace(empty, values={key: Decimal(figure)})
        path, addresses = write(folder / str(number), form)
        submissions.append((number, read(path)))
        places.append(next(at for (_, *cell), at in addresses.items() if tuple(cell) == key))
    findings = [
        f for f in validate_form(empties[0].contract, submissions).findings if f.rule == rule
    ]
    return [
        ([f for f in findings if f.submission_no == number], place)
        for number, place in enumerate(places, start=1)
    ]


def sent_with(contract: Contract, unit_code: str) -> tuple[FilledForm, Key]:
    """The form of a unit that has a line in this unit of measure, and the cell of its figure."""
    for unit in reference.reporting_units():
        lines = contract.tables[0].lines_of(unit) if contract.accepts(unit) else ()
        for line in lines:
            if line.unit_code == unit_code:
                field = next(
                    c.field
                    for c in contract.tables[0].columns
                    if c.role == "value" and c.measure == "level" and c.required
                )
                form = replace(filled(contract), unit_code=unit, values={}, previous={})
                return form, (1, line.code, field)
    raise AssertionError(f"no line of {contract.form} is in {unit_code}")


@pytest.mark.parametrize(
    ("form", "cases"),
    [
        ("chi_tieu_thang", [("percent", "100", "112.5"), ("case", "0", "-5")]),
        ("chi_tieu_quy", [("percent", "100", "112.5")]),
        # a yearly list also holds rates and balances that may be below nothing
        ("chi_tieu_nam", [
            ("percent", "100", "112.5"), ("school", "0", "-5"), ("ha", "0", "-5"),
            ("percent", "-0.4", "100.5"),
        ]),
        ("xa_chi_tieu_nam", [("percent", "100", "112.5")]),
    ],
)  # fmt: skip
def test_value_that_its_lines_unit_does_not_allow(
    form: str, cases: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    empties, typed = [], []
    for unit_code, right, wrong in cases:
        empty, key = sent_with(FORMS[form], unit_code)
        empties += [empty, empty]
        typed += [(key, right), (key, wrong)]
    found = judged(tmp_path, "out_of_bounds", empties, typed)
    for (_, _, wrong), (allowed, _), (refused, place) in zip(
        cases, found[::2], found[1::2], strict=True
    ):
        assert allowed == []
        [finding] = refused
        assert finding.cell_ref == f"{sheet_name(FORMS[form])}!{place}"
        assert finding.severity == "error"
        shown = wrong.replace(".", ",")
        assert finding.message.startswith(f"Ô {place}: {shown} ngoài khoảng cho phép")


@pytest.mark.parametrize("form", ["xuat_khau_mat_hang", "nhap_khau_mat_hang"])
def test_quantity_on_a_line_that_has_no_unit(form: str, tmp_path: Path) -> None:
    contract = FORMS[form]
    by_value = next(x for x in contract.tables[0].lines if x.unit_code is None)
    # the import list knows no unit of any commodity
    counted = [x for x in contract.tables[0].lines if x.unit_code is not None][:1]
    empty = replace(filled(contract), values={}, previous={})
    lines = [by_value, *counted]
    (refused, place), *others = judged(
        tmp_path, "unit_missing", [empty] * len(lines),
        [((1, line.code, "month_quantity"), "1250.5") for line in lines],
    )  # fmt: skip
    assert all(allowed == [] for allowed, _ in others)
    [finding] = refused
    assert finding.cell_ref == f"{sheet_name(contract)}!{place}"
    assert finding.message == (
        f"Ô {place}: dòng “{by_value.label_vi}” chưa có đơn vị tính cho số lượng 1.250,5."
    )
    assert finding.fix == (
        "Đề nghị ghi đơn vị tính của dòng; dòng chỉ báo cáo trị giá thì bỏ số lượng."
    )


def test_figure_too_large_for_the_facts_in_its_lines_unit(tmp_path: Path) -> None:
    contract = FORMS["du_lich"]
    empty, key = sent_with(contract, "billion_vnd")
    (allowed, _), (refused, place) = judged(
        tmp_path, "number_too_large", [empty] * 2, [(key, "999999999"), (key, "1000000000")]
    )
    assert allowed == []
    [finding] = refused
    assert finding.cell_ref == f"{sheet_name(contract)}!{place}"
    assert finding.message == f"Ô {place} ghi “1.000.000.000”, vượt khả năng lưu trữ."
