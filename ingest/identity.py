"""The hidden identity of a template: which form, version, unit and period each sheet was made for.

It stands on a hidden sheet, one row a form's sheet, and survives saving in Excel and LibreOffice.
What the sheet itself says is read first; the identity is held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from expectations.reports.explanations import is_ours

if TYPE_CHECKING:
    from ingest.workbook import Sheet

IDENTITY_SHEET = "_kho"
LISTS_SHEET = "_danh_muc"
GUIDE_SHEET = "Hướng dẫn"
# last period's figures stand below a header that begins so: shown to the officer, not read back
PREVIOUS_HEADER = "Số đã báo cáo kỳ trước"
FIELDS = ("sheet", "form", "version", "unit", "period", "simulated")
YES = "yes"


@dataclass(frozen=True)
class Identity:
    """What one sheet was made for."""

    sheet: str
    form: str
    version: int
    unit_code: str
    period_key: str
    is_simulated: bool

    def as_row(self) -> tuple[str, ...]:
        """The texts of the sheet's row, in the order of FIELDS.

        The form's code is written with `-` for `_`: LibreOffice takes `_xa_` for an escaped letter.
        """
        return (
            self.sheet,
            self.form.replace("_", "-"),
            str(self.version),
            self.unit_code,
            self.period_key,
            YES if self.is_simulated else "no",
        )


def form_sheets(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets that may hold forms: in a template made by us, not its lists and its guide; in a
    workbook that we marked, not the sheets that we added."""
    sheets = [sheet for sheet in sheets if not is_ours(sheet)]
    if all(sheet.name != IDENTITY_SHEET for sheet in sheets):
        return sheets
    return [s for s in sheets if s.name not in (IDENTITY_SHEET, LISTS_SHEET, GUIDE_SHEET)]


def read_identities(sheets: Iterable[Sheet]) -> dict[str, Identity]:
    """The identities of a workbook by name of sheet; none where the hidden sheet is not whole."""
    found: dict[str, Identity] = {}
    for sheet in sheets:
        if sheet.name != IDENTITY_SHEET:
            continue
        for row in range(2, sheet.last_row + 1):
            texts = [sheet.text(row, col) for col in range(1, len(FIELDS) + 1)]
            if (identity := _identity(texts)) is not None:
                found[identity.sheet] = identity
    return found


def _identity(texts: Sequence[str]) -> Identity | None:
    name, form, version, unit, period, simulated = texts
    if not all((name, form, unit, period)) or not version.isdigit():
        return None
    return Identity(name, form.replace("-", "_"), int(version), unit, period, simulated == YES)
