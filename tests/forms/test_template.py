"""Every declared form as a workbook: laid out, filled in, read back, locked, valid for Excel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from openxml_audit import FileFormat, OpenXmlValidator
from template_books import PERIODS, filled, read, sender_of, values_by_key, written

from expectations.validate import validate_submissions
from ingest import reference
from ingest.contract import Contract, all_contracts
from ingest.identity import GUIDE_SHEET, IDENTITY_SHEET, PREVIOUS_HEADER, read_identities
from ingest.reading import ReadFile, ReadSubmission
from ingest.template import FilledForm, due_forms, sheet_name, write_workbook
from ingest.template_values import Key, Value
from ingest.workbook import read_workbook

CONTRACTS = list(all_contracts())
each_form = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.id)
TITLE_LIMIT, MESSAGE_LIMIT = 32, 255


@dataclass
class Made:
    """A filled form's workbook, written once for all tests that only look at it."""

    form: FilledForm
    path: Path
    addresses: dict[Key, str]

    @cached_property
    def sheet(self) -> Worksheet:
        return sheet_of(self.path, self.form.contract)

    @cached_property
    def submission(self) -> ReadSubmission:
        return one(read(self.path, CONTRACTS))


Make = Callable[[Contract], Made]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("made")

    known: dict[str, Made] = {}

    def make(contract: Contract) -> Made:
        if contract.id not in known:
            form = filled(contract)
            known[contract.id] = Made(form, *written(folder / f"{contract.id}.xlsx", form))
        return known[contract.id]

    return make


def of_form(form: str) -> Contract:
    return next(contract for contract in CONTRACTS if contract.form == form)


def one(reading: ReadFile) -> ReadSubmission:
    assert reading.unread_sheets == ()
    [submission] = reading.submissions
    return submission


def sheet_of(path: Path, contract: Contract, **how: Any) -> Worksheet:
    sheet = openpyxl.load_workbook(path, **how)[sheet_name(contract)]
    assert isinstance(sheet, Worksheet)
    return sheet


def same(given: Value, found: object) -> bool:
    """A figure by its number; a date, code or text by how it is read."""
    return found == given if isinstance(given, Decimal) else str(found) == str(given)


def test_sheets_of_forms_have_names_of_their_own() -> None:
    names = {sheet_name(contract).casefold() for contract in CONTRACTS}
    assert len(names) == len({contract.form for contract in CONTRACTS})
    assert max(len(name) for name in names) <= 31


@each_form
def test_filled_template_is_read_back(contract: Contract, made: Make) -> None:
    form, submission = made(contract).form, made(contract).submission
    assert (submission.form, submission.named_unit_code, submission.period_key) == (
        contract.form, form.unit_code, form.period_key,
    )  # fmt: skip
    assert submission.remarks == ()
    assert [cell for cell in submission.cells if cell.problem] == []
    found = values_by_key(submission, contract)
    wrong = {
        key: (value, found.get(key))
        for key, value in form.values.items()
        if not same(value, found.get(key))
    }
    assert wrong == {}
    assert set(found) <= set(made(contract).addresses)


@each_form
def test_empty_template_says_nothing_but_that_it_is_empty(
    contract: Contract, tmp_path: Path
) -> None:
    form = FilledForm(contract, sender_of(contract), PERIODS[contract.reporting.frequency])
    path, _ = written(tmp_path / "a.xlsx", form)
    submission = one(read(path, CONTRACTS))
    assert {remark.rule for remark in submission.remarks} <= {"no_rows"}
    assert [cell for cell in submission.cells if cell.number is not None or cell.problem] == []


@each_form
def test_hidden_identity(contract: Contract, tmp_path: Path) -> None:
    form = filled(contract, simulated=True)
    path, _ = written(tmp_path / "a.xlsx", form)
    assert read_identities(read_workbook(path)) == {sheet_name(contract): form.identity}
    book = openpyxl.load_workbook(path)
    assert book[IDENTITY_SHEET].sheet_state == "veryHidden"
    assert "|".join(form.identity.as_row()) in [prop.value for prop in book.custom_doc_props.props]


@each_form
def test_only_cells_to_fill_are_open(contract: Contract, made: Make) -> None:
    form, addresses, sheet = made(contract).form, made(contract).addresses, made(contract).sheet
    assert sheet.protection.sheet
    assert sheet.protection.password is None
    cells = {key: sheet[address] for key, address in addresses.items()}
    opened = {cell.coordinate for row in sheet.iter_rows() for cell in row
              if not cell.protection.locked}  # fmt: skip
    assert opened <= {cell.coordinate for cell in cells.values()}
    for key, cell in cells.items():
        table = contract.tables[key[0] - 1]
        if cell.data_type == "f" and cell.value != "=":  # a comparator is text
            assert cell.protection.locked, key
        if table.rows.kind == "lines" and table.column(key[2]).role in ("line", "symbol"):
            assert cell.protection.locked, key
        elif key in form.values and not isinstance(cell.value, str):
            assert not cell.protection.locked, key


@each_form
def test_validations_keep_within_excel_and_speak_vietnamese(contract: Contract, made: Make) -> None:
    addresses, sheet = made(contract).addresses, made(contract).sheet
    rules = sheet.data_validations.dataValidation
    for rule in rules:
        assert 0 < len(rule.errorTitle or "") <= TITLE_LIMIT
        assert 0 < len(rule.error or "") <= MESSAGE_LIMIT
        assert len(rule.promptTitle or "") <= TITLE_LIMIT
        assert len(rule.prompt or "") <= MESSAGE_LIMIT
    names = sheet.parent.defined_names  # type: ignore[union-attr]
    lists = {rule.formula1.lstrip("=") for rule in rules if rule.type == "list"}
    assert lists <= set(names)
    fields = {column.field: column for table in contract.tables for column in table.columns}
    for key, address in addresses.items():
        cell = sheet[address]
        if not cell.protection.locked and (fields[key[2]].type == "code" or cell.data_type == "n"):
            column = contract.tables[key[0] - 1].column(key[2])
            if column.type == "code" or column.is_numeric:
                assert any(address in rule.sqref for rule in rules), (key, address)


@each_form
def test_formulas_have_their_values(contract: Contract, made: Make) -> None:
    path, addresses = made(contract).path, made(contract).addresses
    formulas, values = made(contract).sheet, sheet_of(path, contract, data_only=True)
    for number, table in enumerate(contract.tables, start=1):
        numeric = {column.field for column in table.columns if column.is_numeric}
        parts = table.parts_of()
        for key, address in addresses.items():
            if key[0] != number or key[2] not in numeric:
                continue
            formula = formulas[address].value
            if not (isinstance(formula, str) and formula.startswith("=")):
                continue
            column = table.column(key[2])
            if column.formula is None:
                wanted = sum(
                    part.sign * Decimal(str(values[addresses[number, part.code, key[2]]].value))
                    for part in parts[key[1]]
                    if values[addresses[number, part.code, key[2]]].value is not None
                )
                assert Decimal(str(values[address].value)) == wanted, key


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_text_that_looks_like_a_formula_stays_text(start: str, tmp_path: Path) -> None:
    contract = next(c for c in CONTRACTS if c.tables[0].rows.kind == "records")
    field = next(c.field for c in contract.tables[0].columns if c.type == "text")
    text = f"{start}1+HYPERLINK(A1)"
    form = filled(contract)
    form = FilledForm(
        contract, form.unit_code, form.period_key, {**form.values, (1, "1", field): text}
    )
    path, addresses = written(tmp_path / "a.xlsx", form)
    cell = sheet_of(path, contract)[addresses[1, "1", field]]
    assert (cell.value, cell.data_type) == (text, "s")


def test_total_that_does_not_hold_is_written_as_it_is_given(tmp_path: Path) -> None:
    contract = of_form("b60_thu_nsnn")
    table = contract.tables[0]
    parent = next(iter(table.parts_of()))
    field = next(c.field for c in table.columns if c.role == "value" and c.type == "money")
    form = filled(contract)
    key: Key = (1, parent, field)
    form = FilledForm(contract, form.unit_code, form.period_key, {**form.values, key: Decimal(7)})
    path, addresses = written(tmp_path / "a.xlsx", form)
    assert sheet_of(path, contract)[addresses[key]].value == 7
    [validation] = validate_submissions({contract.id: contract}, [(1, one(read(path, CONTRACTS)))])
    broken = {finding.cell_ref for finding in validation.findings if finding.rule == "totals"}
    assert f"{sheet_name(contract)}!{addresses[key]}" in broken


def test_only_what_the_contract_adds_up_is_added_up(tmp_path: Path) -> None:
    """A multiple of another year's figure is a number, and no sum of its parts' multiples."""
    contract = of_form("ls02_thu_nsnn")
    path, addresses = written(tmp_path / "a.xlsx", filled(contract))
    sheet = sheet_of(path, contract)
    parent = next(iter(contract.tables[0].parts_of()))
    assert str(sheet[addresses[1, parent, "projected_2025"]].value).startswith("=")
    assert not str(sheet[addresses[1, parent, "multiple_2025"]].value or "").startswith("=")


@each_form
def test_last_figures_are_shown_and_not_read(
    contract: Contract, made: Make, tmp_path: Path
) -> None:
    form = made(contract).form
    shown = {key: Decimal(3) for key, value in form.values.items() if isinstance(value, Decimal)}
    with_last = FilledForm(contract, form.unit_code, form.period_key, form.values, shown)
    path, _ = written(tmp_path / "a.xlsx", with_last)
    sheet = sheet_of(path, contract)
    headers = [cell for row in sheet.iter_rows() for cell in row
               if str(cell.value).startswith(PREVIOUS_HEADER)]  # fmt: skip
    assert headers
    with_it, without = one(read(path, CONTRACTS)), made(contract).submission
    assert with_it.remarks == without.remarks
    assert values_by_key(with_it, contract) == values_by_key(without, contract)


def test_same_form_is_the_same_file(tmp_path: Path) -> None:
    form = filled(of_form("b60_thu_nsnn"))
    first, _ = written(tmp_path / "a.xlsx", form)
    second, _ = written(tmp_path / "b.xlsx", form)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("period", "kinds"),
    [
        ("2026-02", {"month"}),
        ("2026-03", {"month", "quarter"}),
        ("2026-12", {"month", "quarter", "year"}),
        ("2026-Q1", {"quarter"}),
        ("2026", {"year"}),
    ],
)
def test_forms_due_at_the_end_of_a_period(period: str, kinds: set[str]) -> None:
    commune = next(u.code for u in reference.reporting_units().values() if u.level == "commune")
    found = due_forms(CONTRACTS, commune, period)
    assert {contract.reporting.frequency for contract, _ in found} == kinds
    assert all(contract.accepts(commune) for contract, _ in found)


def test_workbook_of_all_forms_of_a_unit(tmp_path: Path) -> None:
    commune = next(u.code for u in reference.reporting_units().values() if u.level == "commune")
    due = due_forms(CONTRACTS, commune, "2026-12")
    forms = [FilledForm(contract, commune, key) for contract, key in due]
    write_workbook(tmp_path / "a.xlsx", forms)
    sheets = read_workbook(tmp_path / "a.xlsx")
    assert GUIDE_SHEET in [sheet.name for sheet in sheets]
    reading = read(tmp_path / "a.xlsx", CONTRACTS)
    assert [s.form for s in reading.submissions] == [contract.form for contract, _ in due]
    assert [s.period_key for s in reading.submissions] == [key for _, key in due]
    assert len(read_identities(sheets)) == len(due)


@each_form
def test_prints_on_a4_one_page_area(contract: Contract, made: Make) -> None:
    addresses, sheet = made(contract).addresses, made(contract).sheet
    assert str(sheet.page_setup.paperSize) == Worksheet.PAPERSIZE_A4
    assert sheet.print_title_rows
    last = max(sheet[address].row for address in addresses.values())
    assert int(str(sheet.print_area).rpartition("$")[2]) > last


@each_form
def test_ends_with_place_date_and_signatures_on_one_page(contract: Contract, made: Make) -> None:
    addresses, sheet = made(contract).addresses, made(contract).sheet
    last_row = max(sheet[address].row for address in addresses.values())
    below = [
        [cell for cell in row if cell.value is not None]
        for row in sheet.iter_rows(min_row=last_row + 1)
    ]
    date, titles, how = [row for row in below if row]
    assert [cell.value for cell in date] == ["…, ngày … tháng … năm …"]
    assert [cell.value for cell in titles] == ["NGƯỜI LẬP BIỂU", "THỦ TRƯỞNG ĐƠN VỊ"]
    assert [cell.value for cell in how] == ["(Ký, họ tên)", "(Ký tên, đóng dấu)"]
    assert date[0].column == titles[1].column
    # where a page turns between columns, all of it stands on the last one
    turned = max((int(each.id) for each in sheet.col_breaks.brk), default=0)
    assert titles[0].column > turned
    area = str(sheet.print_area)
    assert int(area.rpartition("$")[2]) > how[0].row


@each_form
def test_pages_turn_between_groups_of_columns(contract: Contract, made: Make) -> None:
    sheet = made(contract).sheet
    columns = [column for table in contract.tables for column in table.columns]
    breaks = [int(each.id) for each in sheet.col_breaks.brk]
    for last in breaks:
        assert columns[last - 1].header[0] != columns[last].header[0]
    # "fit to pages" makes Excel forget where a page is to turn
    assert bool(sheet.sheet_properties.pageSetUpPr.fitToPage) == (not breaks)
    if breaks:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_cols


# --- other programs -----------------------------------------------------------------------------


@each_form
def test_valid_by_the_rules_that_excel_enforces(contract: Contract, made: Make) -> None:
    result = OpenXmlValidator(FileFormat.OFFICE_2010).validate(made(contract).path)
    assert [error.description for error in result.errors] == []
    assert result.is_valid
