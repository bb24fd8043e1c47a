"""The unit of measure that a sheet states for a row, and lines that know one direction only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from filled_templates import PERIODIC, filled, read, write

from expectations.findings import Finding
from expectations.validate import validate_submissions
from ingest.contract import Contract
from ingest.extract import ReadSubmission
from ingest.template import FilledForm, sheet_name

FORMS = {contract.form: contract for contract in PERIODIC}
EXPORTS, GATES = FORMS["xuat_khau_mat_hang"], FORMS["kim_ngach_cua_khau"]
BY_VALUE, BY_TONNE = "export.X20", "export.X21"
Typed = dict[tuple[str, str], object]


def sent(
    folder: Path, contract: Contract, typed: Typed, period: str = "2026-01"
) -> tuple[ReadSubmission, dict[tuple[str, str], str]]:
    """An empty template with these cells (row, field) typed; and the address of every cell."""
    form = FilledForm(contract, "HQ6", period)
    path, addresses = write(folder, form)
    at = {(row, field): address for (_, _, row, field), address in addresses.items()}
    book = openpyxl.load_workbook(path)
    for key, value in typed.items():
        book[sheet_name(contract)][at[key]].value = value
    book.save(path)
    return read(path), at


def judged(
    contract: Contract, *submissions: ReadSubmission, rules: tuple[str, ...]
) -> list[Finding]:
    numbered = enumerate(submissions, start=1)
    [validation] = validate_submissions({contract.id: contract}, numbered)
    return [finding for finding in validation.findings if finding.rule in rules]


UNITS = ("unit_missing", "unit_of_other_quantity", "unit_unknown")


@dataclass(frozen=True)
class Case:
    """A quantity with the unit that the sheet states for its line; what is said of it, where."""

    line: str
    unit: str | None
    rule: str | None = None
    at: str = ""
    words: str = ""


MISSING = "dòng “Sản phẩm từ chất dẻo” chưa có đơn vị tính cho số lượng 12,5."
CASES = (
    Case(BY_TONNE, None),
    Case(BY_TONNE, "kg"),
    Case(BY_TONNE, "Nghìn tấn"),
    Case(BY_VALUE, "Tấn"),
    Case(BY_VALUE, "chiếc"),
    Case(BY_VALUE, None, "unit_missing", "month_quantity", f"Ô {{at}}: {MISSING}"),
    Case(BY_VALUE, "USD", "unit_missing", "month_quantity", f"Ô {{at}}: {MISSING}"),
    Case(BY_TONNE, "chiếc", "unit_of_other_quantity", "unit",
         "Ô {at} ghi đơn vị “chiếc”, không dùng được cho dòng “Cao su”."),
    Case(BY_TONNE, "USD", "unit_of_other_quantity", "unit",
         "Ô {at} ghi đơn vị “USD”, không dùng được cho dòng “Cao su”."),
    Case(BY_VALUE, "bao", "unit_unknown", "unit",
         "Ô {at} ghi đơn vị tính “bao”, không có trong danh mục."),
)  # fmt: skip


def test_quantity_is_in_the_unit_that_the_sheet_states(tmp_path: Path) -> None:
    submissions, places = [], []
    for number, case in enumerate(CASES, start=1):
        typed: Typed = {(case.line, "month_quantity"): 12.5}
        if case.unit is not None:
            typed[case.line, "unit"] = case.unit
        submission, at = sent(tmp_path / str(number), EXPORTS, typed)
        submissions.append(submission)
        places.append(at)
    # a unit of nothing is no fault
    nothing: Typed = {(BY_TONNE, "unit"): "USD", (BY_VALUE, "unit"): "USD"}
    submissions.append(sent(tmp_path / "nothing", EXPORTS, nothing)[0])

    found = judged(EXPORTS, *submissions, rules=UNITS)
    for number, (case, at) in enumerate(zip(CASES, places, strict=True), start=1):
        said = [
            (f.rule, f.severity, f.cell_ref, f.message) for f in found if f.submission_no == number
        ]
        if case.rule is None:
            assert said == [], case
        else:
            place = at[case.line, case.at]
            cell = f"{sheet_name(EXPORTS)}!{place}"
            assert said == [(case.rule, "error", cell, case.words.format(at=place))], case
    assert {f.submission_no for f in found} <= set(range(1, len(CASES) + 1))


@pytest.mark.parametrize(("now", "is_right"), [(1.5, True), (1500.0, False)])
def test_months_are_compared_in_one_unit(now: float, is_right: bool, tmp_path: Path) -> None:
    """1,000 kg in January and 0.5 tonnes in February are 1.5 tonnes."""
    first, _ = sent(
        tmp_path / "1", EXPORTS,
        {(BY_TONNE, "unit"): "kg", (BY_TONNE, "month_quantity"): 1000,
         (BY_TONNE, "cumulative_quantity"): 1000},
    )  # fmt: skip
    second, at = sent(
        tmp_path / "2", EXPORTS,
        {(BY_TONNE, "month_quantity"): 0.5, (BY_TONNE, "cumulative_quantity"): now},
        "2026-02",
    )  # fmt: skip
    found = judged(EXPORTS, first, second, rules=("adds_up", "not_falling"))
    if is_right:
        assert found == []
        return
    [finding] = found
    place = at[BY_TONNE, "cumulative_quantity"]
    assert finding.cell_ref == f"{sheet_name(EXPORTS)}!{place}"
    assert finding.message.startswith(f"Ô {place}: lũy kế 1.500")


DIRECTIONS = ("required_blank", "not_of_line", "formula")


def test_line_of_one_direction_is_asked_for_no_other(tmp_path: Path) -> None:
    """The template prints "x" where local exports have no imports, and adds it as nothing."""
    form = replace(filled(GATES), unit_code="HQ6", previous={})
    path, addresses = write(tmp_path, form)
    cells = {(row, field): address for (_, _, row, field), address in addresses.items()}
    sheet = openpyxl.load_workbook(path, data_only=True)[sheet_name(GATES)]
    local = sheet[cells["gate.D", "month_export"]].value
    assert local > 0
    assert sheet[cells["gate.D", "month_import"]].value == "x"
    assert sheet[cells["gate.D", "month_total"]].value == pytest.approx(local)
    assert judged(GATES, read(path), rules=DIRECTIONS) == []


def test_figure_of_a_direction_that_the_line_does_not_know(tmp_path: Path) -> None:
    submission, at = sent(tmp_path, GATES, {("gate.D", "month_import"): 3.5})
    [finding] = judged(GATES, submission, rules=("not_of_line",))
    place = at["gate.D", "month_import"]
    assert finding.cell_ref == f"{sheet_name(GATES)}!{place}"
    assert finding.message == (
        f"Ô {place} ghi 3,5; dòng “Hàng địa phương xuất khẩu” không có số liệu ở cột "
        "“Tháng báo cáo / NK”."
    )


def test_vehicles_of_the_gates_add_up_to_the_line_of_all(tmp_path: Path) -> None:
    form = replace(filled(GATES), unit_code="HQ6", previous={})
    total = ("gate.X", "month_total")
    values = form.values
    gates = [
        value
        for (_, row, field), value in values.items()
        if field == "vehicles" and row != "gate.T" and row not in ("gate.G.HN.TT", "gate.G.HN.CN")
    ]
    both = [values[1, "gate.X", f"month_{way}"] for way in ("export", "import")]
    assert total not in values  # a formula
    assert len(gates) > 5
    parts = [values[1, row, "vehicles"] for row in ("gate.G.HN.TT", "gate.G.HN.CN")]
    added = [value for value in [*gates, *parts, *both] if isinstance(value, Decimal)]
    assert sum(added[: len(gates) + 2]) == sum(added[len(gates) + 2 :])
