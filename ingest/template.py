"""The workbook that an officer fills in, made from the contract: hard to fill in wrongly.

One sheet a form, with its title and header, unit and period filled in, last period's figures beside
the cells, totals and ratios as formulas with their values, input cells open and all others locked
(without a password), drop-downs, limits with a Vietnamese message, colours where something does not
hold. A guide, hidden lists, and a hidden identity that survives saving (identity.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from expectations.numbers import column_letters
from ingest import reference
from ingest.contract import Contract
from ingest.expected import reports
from ingest.identity import FIELDS, GUIDE_SHEET, IDENTITY_SHEET, LISTS_SHEET, Identity
from ingest.period import period_of, related
from ingest.template_guide import write_guide
from ingest.template_sheet import FONT, UNITS, FormSheet, Styles
from ingest.template_values import Key, Value

_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
LONGEST_NAME = 31
_ENDS = {"month": ("month", "quarter", "year"), "quarter": ("quarter", "year"), "year": ("year",)}


@dataclass(frozen=True)
class FilledForm:
    """One sheet to write. `values` and `previous` by (table from 1, row, field); a row is a line's
    code, or a record's number as text from "1". A form that is filled already and only `to_print`
    has no colours of what is to be typed, and no guide."""

    contract: Contract
    unit_code: str
    period_key: str
    values: Mapping[Key, Value] = field(default_factory=dict)
    previous: Mapping[Key, Value] = field(default_factory=dict)
    is_simulated: bool = False
    to_print: bool = False

    @property
    def identity(self) -> Identity:
        return Identity(
            sheet_name(self.contract),
            self.contract.form,
            self.contract.version,
            self.unit_code,
            self.period_key,
            self.is_simulated,
        )


def sheet_name(contract: Contract) -> str:
    """The form's code on paper, as a sheet may be called."""
    return _NOT_IN_NAMES.sub("-", contract.code_on_paper)[:LONGEST_NAME]


def due_forms(
    contracts: Iterable[Contract], unit_code: str, period_key: str
) -> list[tuple[Contract, str]]:
    """The forms that a unit owes at the end of a period, each with its own period.

    The month 2026-03 also brings the quarter 2026-Q1, the month 2026-12 the year 2026.
    """
    now = period_of(period_key)
    found = []
    for contract in contracts:
        frequency = contract.reporting.frequency
        if frequency not in _ENDS.get(now.kind, ()) or not reports(contract, unit_code):
            continue
        key = _period_ending(frequency, now.end)
        if key is not None and contract.is_in_force(period_of(key).end):
            found.append((contract, key))
    return found


def _period_ending(frequency: str, end: date) -> str | None:
    """The period of a frequency that ends on a day, if one does."""
    key = {
        "month": f"{end.year}-{end.month:02d}",
        "quarter": f"{end.year}-Q{(end.month + 2) // 3}",
        "year": f"{end.year}",
    }[frequency]
    return key if period_of(key).end == end else None


def previous_period(period_key: str) -> str | None:
    return related(period_key, "previous")


class _PlainSheet(Worksheet):  # type: ignore[misc]  # untyped library
    """A sheet whose formulas go out as they are: forms use functions of Excel 2010 only, and a
    search of every formula for 40 later ones is a third of the cost of a workbook."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        return formula.removeprefix("=")


def write_workbook(path: Path, forms: Sequence[FilledForm]) -> dict[tuple[str, int, str, str], str]:
    """Write one workbook of one or more forms; returns (form, table, row, field) to address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # a column is as wide as so many digits of the workbook's own font: the font that the forms are
    # printed in, so that pages fall the same in every program
    book = xlsxwriter.Workbook(
        str(path),
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "in_memory": True,
            "default_format_properties": {"font_name": FONT, "font_size": 11},
        },
    )
    styles = Styles(book)
    lists = _Lists()
    addresses: dict[tuple[str, int, str, str], str] = {}
    for form in forms:
        sheet = FormSheet(
            book.add_worksheet(sheet_name(form.contract), _PlainSheet),
            styles,
            form.contract,
            form.unit_code,
            form.period_key,
            form.values,
            form.previous,
            lists.name_of,
            is_simulated=form.is_simulated,
            to_print=form.to_print,
        )
        for (table, row, name), address in sheet.write().items():
            addresses[form.contract.form, table, row, name] = address
    if typed_in := [form.contract for form in forms if not form.to_print]:
        write_guide(book.add_worksheet(GUIDE_SHEET), styles, typed_in)
    lists.write(book)
    _write_identity(book, forms)
    # time is an input: the same form of the same period is the same file
    made = max(period_of(form.period_key).end for form in forms)
    book.set_properties(
        {
            "title": forms[0].contract.title,
            "author": "Kho Xứ Lạng",
            "created": datetime.combine(made, time()),
        }
    )
    book.close()
    return addresses


class _Lists:
    """The lists of the drop-downs, each a column of the hidden sheet under a defined name."""

    def __init__(self) -> None:
        self._used: dict[str, list[str]] = {}

    def name_of(self, list_name: str) -> str:
        if list_name not in self._used:
            if list_name == UNITS:
                entries = [unit.name_vi for unit in reference.units().values()]
            else:
                try:
                    entries = list(reference.vocabulary(list_name).values())
                except KeyError:
                    entries = list(dict.fromkeys(reference.coded_list(list_name).values()))
            self._used[list_name] = entries
        return f"dm_{list_name}"

    def write(self, book: Any) -> None:
        sheet = book.add_worksheet(LISTS_SHEET)
        sheet.hide()
        for col, (name, entries) in enumerate(self._used.items()):
            sheet.write_string(0, col, name)
            for row, entry in enumerate(entries, start=1):
                sheet.write_string(row, col, entry)
            column = column_letters(col + 1)
            book.define_name(
                f"dm_{name}", f"={LISTS_SHEET}!${column}$2:${column}${len(entries) + 1}"
            )
        sheet.protect()


def _write_identity(book: Any, forms: Sequence[FilledForm]) -> None:
    sheet = book.add_worksheet(IDENTITY_SHEET)
    sheet.very_hidden()
    for col, name in enumerate(FIELDS):
        sheet.write_string(0, col, name)
    for row, form in enumerate(forms, start=1):
        for col, text in enumerate(form.identity.as_row()):
            sheet.write_string(row, col, text)
        book.set_custom_property(f"kho_{row}", "|".join(form.identity.as_row()), "text")
    sheet.protect()
