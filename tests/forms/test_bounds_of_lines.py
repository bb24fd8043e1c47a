"""Bounds of a line follow from its unit: a share over 100, fewer than no cases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from filled_templates import PERIODIC, filled, read, write

from expectations.findings import Finding
from expectations.validate import validate_submissions
from ingest import reference
from ingest.contract import Contract
from ingest.template import FilledForm, sheet_name

FORMS = {contract.form: contract for contract in PERIODIC}


def findings_in(contract: Contract, path: Path) -> list[Finding]:
    [validation] = validate_submissions({contract.id: contract}, [(1, read(path))])
    return list(validation.findings)


def judged(folder: Path, form: FilledForm) -> tuple[list[Finding], dict[str, str]]:
    """The findings on bounds, and the cell of every (row, field)."""
    path, addresses = write(folder, form)
    findings = findings_in(form.contract, path)
    cells = {f"{row}/{field}": address for (_, _, row, field), address in addresses.items()}
    return [f for f in findings if f.rule == "out_of_bounds"], cells


def sent_with(contract: Contract, unit_code: str) -> tuple[FilledForm, tuple[int, str, str]]:
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
    ("form", "unit_code", "right", "wrong"),
    [
        ("chi_tieu_thang", "percent", "100", "112.5"),
        ("chi_tieu_quy", "percent", "100", "112.5"),
        ("chi_tieu_nam", "percent", "100", "112.5"),
        ("xa_chi_tieu_nam", "percent", "100", "112.5"),
        ("chi_tieu_thang", "case", "0", "-5"),
        # a yearly list also holds rates and balances that may be below nothing
        ("chi_tieu_nam", "school", "0", "-5"),
        ("chi_tieu_nam", "ha", "0", "-5"),
        ("chi_tieu_nam", "percent", "-0.4", "100.5"),
    ],
)
def test_value_that_its_lines_unit_does_not_allow(
    form: str, unit_code: str, right: str, wrong: str, tmp_path: Path
) -> None:
    empty, key = sent_with(FORMS[form], unit_code)
    allowed, _ = judged(tmp_path / "right", replace(empty, values={key: Decimal(right)}))
    assert allowed == []
    [finding], cells = judged(tmp_path / "wrong", replace(empty, values={key: Decimal(wrong)}))
    place = cells[f"{key[1]}/{key[2]}"]
    assert finding.cell_ref == f"{sheet_name(FORMS[form])}!{place}"
    assert finding.severity == "error"
    typed = wrong.replace(".", ",")
    assert finding.message.startswith(f"Ô {place}: {typed} ngoài khoảng cho phép")


@pytest.mark.parametrize("form", ["xuat_khau_mat_hang", "nhap_khau_mat_hang"])
def test_quantity_on_a_line_that_has_no_unit(form: str, tmp_path: Path) -> None:
    contract = FORMS[form]
    by_value = next(x for x in contract.tables[0].lines if x.unit_code is None)
    # the import list knows no unit of any commodity
    counted = [x for x in contract.tables[0].lines if x.unit_code is not None]
    empty = replace(filled(contract), values={}, previous={})

    def found(line_code: str) -> tuple[list[Finding], str]:
        key = (1, line_code, "month_quantity")
        path, addresses = write(
            tmp_path / line_code, replace(empty, values={key: Decimal("1250.5")})
        )
        findings = findings_in(contract, path)
        place = next(a for (_, _, row, f), a in addresses.items() if (row, f) == key[1:])
        return [f for f in findings if f.rule == "unit_missing"], place

    for line in counted[:1]:
        assert found(line.code)[0] == []
    [finding], place = found(by_value.code)
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

    def found(typed: str) -> tuple[list[Finding], str]:
        form = replace(empty, values={key: Decimal(typed)})
        path, addresses = write(tmp_path / typed, form)
        findings = findings_in(contract, path)
        place = next(a for (_, _, row, f), a in addresses.items() if (row, f) == key[1:])
        return [f for f in findings if f.rule == "number_too_large"], place

    assert found("999999999")[0] == []
    [finding], place = found("1000000000")
    assert finding.cell_ref == f"{sheet_name(contract)}!{place}"
    assert finding.message == f"Ô {place} ghi “1.000.000.000”, vượt khả năng lưu trữ."
