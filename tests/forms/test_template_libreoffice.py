"""What LibreOffice makes of the templates: opened, saved and printed, nothing is lost.

A handful of forms in every run, every form in `make test-all`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from filled_templates import PERIODIC, filled, numbers, read, write
from template_books import filled as filled_everywhere
from template_books import values_by_key, written

from expectations.validate import validate_form
from ingest.contract import Contract, all_contracts
from ingest.identity import read_identities
from ingest.workbook import read_workbook
from tests.mangler.convert import convert_into
from tests.shared import made_once

pytestmark = pytest.mark.libreoffice
# lines and records, one table and two; money, dates, codes, shares; a month, a quarter and a span
FEW = ("b113_can_doi_xa", "chi_tieu_thang", "giai_ngan_du_an", "ls02_thu_nsnn", "moc_tien_do_du_an")
EVERY = tuple(contract.form for contract in all_contracts())
A4 = {(595, 841), (841, 595)}  # in whole points


@dataclass(frozen=True)
class Saved:
    """Workbooks of one way to fill templates, as written, as saved again and as printed."""

    folder: Path
    contracts: Sequence[Contract]

    def __iter__(self) -> Iterator[tuple[Contract, Path, Path, bytes]]:
        for contract in self.contracts:
            made = self.folder / f"{contract.form}.xlsx"
            printed = self.folder / "pdf" / f"{contract.form}.pdf"
            yield contract, made, self.folder / "xlsx" / made.name, printed.read_bytes()


def _of(forms: Sequence[str], contracts: Sequence[Contract]) -> list[Contract]:
    return [contract for contract in contracts if contract.form in forms]


def _save_and_print(folder: Path) -> None:
    made = sorted(folder.glob("*.xlsx"))
    for format_ in ("xlsx", "pdf"):
        convert_into(folder / format_, made, format_)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(FEW, id="few"),
        pytest.param(EVERY, id="every", marks=pytest.mark.slow),
    ],
)
def forms(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture(scope="module")
def simulated(forms: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """As the simulation fills them, with last period's figures."""
    contracts = _of(forms, PERIODIC)

    def make(folder: Path) -> None:
        for contract in contracts:
            write(folder, filled(contract))
        _save_and_print(folder)

    return Saved(made_once(tmp_path_factory, f"simulated_{len(forms)}", make), contracts)


@pytest.fixture(scope="module")
def everywhere(forms: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """With a figure in every open cell."""
    contracts = _of(forms, all_contracts())

    def make(folder: Path) -> None:
        for contract in contracts:
            written(folder / f"{contract.form}.xlsx", filled_everywhere(contract))
        _save_and_print(folder)

    return Saved(made_once(tmp_path_factory, f"everywhere_{len(forms)}", make), contracts)


def test_saved_templates_have_every_value_and_no_finding(simulated: Saved) -> None:
    for contract, made, again, _ in simulated:
        before, after = read(made), read(again)
        assert numbers(after) == numbers(before), contract.form
        assert after.is_simulated, f"{contract.form}: the hidden identity was lost"
        assert after.remarks == before.remarks, contract.form
        findings = validate_form(contract, [(1, after)]).findings
        assert [finding.message for finding in findings] == [], contract.form


def test_saved_forms_read_the_same(everywhere: Saved) -> None:
    for contract, made, again, _ in everywhere:
        before, after = read(made), read(again)
        assert after.remarks == (), contract.form
        assert values_by_key(after, contract) == values_by_key(before, contract), contract.form
        assert read_identities(read_workbook(again)) == read_identities(read_workbook(made))
        found = validate_form(contract, [(1, before), (2, after)]).findings
        of_before, of_after = (
            [(f.rule, f.cell_ref, f.message) for f in found if f.submission_no == number]
            for number in (1, 2)
        )
        assert of_after == of_before, contract.form


def test_printed_pages_are_a4_and_few(simulated: Saved, everywhere: Saved) -> None:
    for contract, made, _, content in [*simulated, *everywhere]:
        pages = re.findall(rb"/MediaBox\[0 0 (\d+)[.\d]* (\d+)[.\d]*\]", content)
        assert {(int(width), int(height)) for width, height in pages} <= A4, contract.form
        # the guide is one or two of them
        assert len(pages) >= 2, contract.form
        # a simulated list of records is as long as the province has targets or projects
        if made.is_relative_to(everywhere.folder) or contract.tables[0].rows.kind == "lines":
            assert len(pages) <= 9, contract.form
