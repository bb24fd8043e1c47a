"""The hidden identity of a template: which form, version, unit and period each sheet was made for.

It stands on a hidden sheet, one row a form's sheet, and survives saving in Excel and LibreOffice.
What the sheet itself says is read first; the identity is held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.workbook import Sheet

IDENTITY_SHEET = "_kho"
LISTS_SHEET = "_danh_muc"
# sheets of a template that hold no figures
AUXILIARY_SHEETS = (IDENTITY_SHEET, LISTS_SHEET)
# last period's figures stand below this header: shown to the officer, not read back
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
        """The texts of the sheet's row, in the order of FIELDS."""
        return (
            self.sheet,
            self.form,
            str(self.version),
            self.unit_code,
            self.period_key,
            YES if self.is_simulated else "no",
        )


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
    return Identity(name, form, int(version), unit, period, simulated == YES)
