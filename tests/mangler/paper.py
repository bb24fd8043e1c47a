"""A neutral model of a workbook as officials make it: sheets with a title block, tables, a foot.

It knows what each cell shows (`key`), so that a habit can change how it is shown, or move it,
without losing what it means. `render` lays it out and writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from tests.mangler.truth import Key, Truth

InkKind = Literal["text", "number", "date", "formula", "error"]
Place = Literal["left", "centre", "right"]
HeadKind = Literal["agency", "code", "basis", "title", "period", "unit", "measure", "other"]
HeaderStyle = Literal["merged", "unmerged", "bottom", "repeated", "stacked"]
FONT = "Times New Roman"


@dataclass
class Ink:
    """One cell as somebody left it. A formula has the text, number or nothing that it gave."""

    kind: InkKind
    text: str = ""
    number: Decimal | None = None
    day: date | None = None
    formula: str = ""
    format: str | None = None
    font: str = FONT
    indent: int = 0
    core: str = ""  # a number typed as text, without what is glued to it
    raised: str = ""  # written behind the text, in superscript


def text_ink(text: str) -> Ink:
    return Ink("text", text)


def number_ink(number: Decimal, format_: str | None = None) -> Ink:
    return Ink("number", number=number, format=format_)


@dataclass
class HeadLine:
    """One line above the table. `beside`: on the row of the line before it."""

    kind: HeadKind
    ink: Ink
    place: Place = "left"
    beside: bool = False


@dataclass
class PaperColumn:
    """One column. `field` is None where it is none of the form's."""

    field: str | None
    header: list[Ink]
    mark: str = ""
    hidden: bool = False


@dataclass
class PaperRow:
    """One row: a line's code or a record's number; None for what is no row of the form."""

    row: str | None
    cells: dict[int, Ink] = field(default_factory=dict)  # by id of the column
    hidden: bool = False
    depth: int = 0
    parent: str | None = None


@dataclass
class PaperTable:
    """One table of a truth: `truth` and `number` say which."""

    truth: Truth
    number: int
    columns: list[PaperColumn]
    rows: list[PaperRow]
    caption: str | None = None
    index_row: bool = True
    header_style: HeaderStyle = "merged"
    # what the money columns are shown in: a factor on the truth's own unit
    money_unit: str | None = None

    def column(self, field_name: str) -> PaperColumn | None:
        return next((column for column in self.columns if column.field == field_name), None)

    def shown(self) -> Iterator[tuple[Key, PaperRow, PaperColumn, Ink]]:
        """Every filled cell of the form in the table."""
        for row in self.rows:
            if row.row is None:
                continue
            for column in self.columns:
                ink = row.cells.get(id(column))
                if column.field is not None and ink is not None:
                    yield (self.number, row.row, column.field), row, column, ink

    def column_inks(self, column: PaperColumn) -> list[tuple[Key, Ink]]:
        return [(key, ink) for key, _, each, ink in self.shown() if each is column]


@dataclass
class PaperSheet:
    """One sheet: what stands above, the tables, what stands below."""

    name: str
    head: list[HeadLine]
    tables: list[PaperTable]
    foot: list[list[tuple[int, Ink]]] = field(default_factory=list)  # rows of (column from 0, ink)
    hidden: bool = False
    beside: bool = True  # tables side by side, else one below the other
    top: int = 0
    left: int = 0
    gap: int = 1  # empty rows above the table
    free: dict[tuple[int, int], Ink] = field(default_factory=dict)  # a sheet that is no form

    def lines(self, kind: HeadKind) -> list[HeadLine]:
        return [line for line in self.head if line.kind == kind]


@dataclass
class Book:
    """One workbook, and what is true of the whole file."""

    sheets: list[PaperSheet]
    identity: bool = True
    date_1904: bool = False
    format: str = "xlsx"
    file_name: str = "bao_cao.xlsx"
    external_link: bool = False
