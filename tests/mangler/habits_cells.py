"""What stands in a cell instead of a plain figure: nil marks, percent scales, marks glued to a
figure, negative figures, errors, formulas, links."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ingest import reference
from tests.mangler.case import Case, Habit
from tests.mangler.habits_numbers import type_as_text
from tests.mangler.paper import Ink, PaperColumn, PaperTable, text_ink
from tests.mangler.truth import Key, TrueCell
from tests.mangler.walk import (
    declared,
    figures,
    numeric_columns,
    plain,
    tables,
    unit_of,
    value_figures,
)

NIL = {
    "-": "none", "–": "none", " - ": "none", "x": "not_applicable", "X": "not_applicable",
    "…": "not_collected", "...": "not_collected",
}  # fmt: skip
OLE = frozenset({"xlsx", "xlsm", "strict", "misnamed"})


def _free_columns(table: PaperTable) -> list[PaperColumn]:
    """Value columns that no formula and no check of the contract looks at; a ratio to what an
    earlier report says is looked at by nothing, where there is no earlier report."""
    watched = {
        field
        for check in table.truth.contract.checks
        if check.rule != "ratio_to_earlier"
        for field in check.named_fields
    }
    for table_ in table.truth.contract.tables:
        for column in table_.columns:
            if column.parsed_formula is not None:
                watched |= {column.field, *column.parsed_formula.fields()}
            watched |= {name for name in (column.upper, column.comparator) if name}
    for check in table.truth.contract.checks:
        watched |= {str(v) for k, v in vars(check).items() if k in ("cumulative", "part")}
    return [
        column
        for column in table.columns
        if column.field is not None
        and column.field not in watched
        and declared(table, column).role == "value"
    ]


def _nil(case: Case) -> bool:
    """Zeros and blanks become marks: three states, none of them a zero that was counted."""
    touched = False
    for table in tables(case):
        headings = {line.code for line in table.truth.table(table.number).lines
                    if line.children == "heading"}  # fmt: skip
        free = _free_columns(table)
        for row in table.rows:
            if row.row is None or row.row in headings:
                continue
            for column in table.columns:
                if column.field is None or declared(table, column).role != "value":
                    continue
                key: Key = (table.number, row.row, column.field)
                ink = row.cells.get(id(column))
                is_zero = ink is not None and ink.kind == "number" and not ink.number
                is_blank = ink is None and column in free
                if not (is_zero or is_blank) or case.rng.random() < 0.5:
                    continue
                mark = case.rng.choice(["-", "–", " - "] if is_zero else list(NIL))
                row.cells[id(column)] = text_ink(mark)
                old = table.truth.cells.get(key)
                unit = old.unit_code if old else declared(table, column).unit
                table.truth.cells[key] = TrueCell(unit_code=unit, nil=NIL[mark])
                touched = True
    return touched


def _zero_shown_as_dash(case: Case) -> bool:
    """A counted zero that only its format shows as a dash."""
    touched = False
    for _, _, ink in value_figures(case):
        if not ink.number:
            ink.format = '#,##0_);(#,##0);"-"??_)'
            touched = True
    return touched


def _negative(case: Case) -> bool:
    """Falls, where the form allows them."""
    touched = False
    for table in tables(case):
        for column in _free_columns(table):
            if declared(table, column).min is not None:
                continue
            for key, ink in figures(table, column):
                if not ink.number or case.rng.random() < 0.5:
                    continue
                cell = table.truth.cells[key]
                assert cell.number is not None
                table.truth.cells[key] = replace(cell, number=-cell.number)
                ink.number = -ink.number
                ink.format = "#,##0.00_);(#,##0.00)"
                touched = True
    if touched:
        case.oddity("number_not_a_number")
    return touched


def _negative_texts(case: Case) -> bool:
    """A fall typed in brackets, or with the minus of typesetters."""
    touched = False
    for _, _, ink in value_figures(case):
        if ink.number is not None and ink.number < 0:
            type_as_text(ink, "vietnamese")
            way = case.rng.choice(("({})", "\u2212{}", "- {}"))
            ink.text = way.format(ink.text.removeprefix("-"))
            touched = True
    return touched


def _percent_columns(table: PaperTable) -> list[PaperColumn]:
    return [
        column
        for column in numeric_columns(table)
        if declared(table, column).type == "percent" and figures(table, column)
    ]


def _percent_format(case: Case) -> bool:
    """12.5 % is the number 0.125 shown as 12.5%: in all cells of a column, or in some."""
    touched = False
    for table in tables(case):
        for column in _percent_columns(table):
            share = case.rng.choice((1.0, 1.0, 0.3))
            for _, ink in figures(table, column):
                if case.rng.random() < share:
                    assert ink.number is not None
                    ink.number, ink.format = ink.number / 100, case.rng.choice(("0.0%", "0.00%"))
                    touched = True
    if touched:
        case.oddity("percent_scale_unclear")
    return touched


def _percent_text(case: Case) -> bool:
    touched = False
    for table in tables(case):
        for column in _percent_columns(table):
            for _, ink in figures(table, column):
                type_as_text(ink, "vietnamese")
                if not ink.text.endswith("%"):
                    ink.text += case.rng.choice(("%", " %"))
                touched = True
    return touched


def _percent_fraction(case: Case) -> bool:
    """0.125 without any format: what it is, only arithmetic or last period can say."""
    touched = False
    for table in tables(case):
        for column in _percent_columns(table):
            cells = [pair for pair in figures(table, column) if pair[1].number]
            if not cells:
                continue
            known = declared(table, column).formula is not None or (
                case.with_history and any(key in table.truth.before for key, _ in cells)
            )
            for _, ink in cells:
                assert ink.number is not None
                ink.number, ink.format = ink.number / 100, None
            rules = ("percent_scale_unclear", "formula", "magnitude", "out_of_bounds")
            if known:
                case.argue("percents as fractions, to be recomputed", *rules)
            else:
                case.hold("percents as fractions, nothing to compare with", *rules)
            touched = True
    return touched


def _ratio_wrong(case: Case) -> bool:
    """A printed ratio that is not what its parts give, by far more than rounding."""
    touched = False
    for table in tables(case):
        for column in numeric_columns(table):
            if declared(table, column).type != "percent" or declared(table, column).formula is None:
                continue
            cells = [ink for _, ink in figures(table, column) if ink.number]
            if cells and not touched:
                ink = case.rng.choice(cells)
                assert ink.number is not None
                ink.number = (ink.number * 3).quantize(Decimal("0.01"))
                touched = True
    if touched:
        case.hold("a ratio that its parts do not give", "formula", "out_of_bounds")
    return touched


def _glue_mark(case: Case) -> bool:
    """A footnote's mark behind a figure."""
    return _glue(case, ("¹", "²", " (1)", "*", " (*)", "(1)"))


def _glue(case: Case, marks: tuple[str, ...]) -> bool:
    touched = False
    for table in tables(case):
        for column in numeric_columns(table):
            for _, ink in table.column_inks(column):
                if case.rng.random() > 0.15:
                    continue
                if ink.kind == "number" and not (ink.format or "").endswith("%"):
                    type_as_text(ink, "vietnamese")
                if ink.kind == "text" and ink.core and ink.text.endswith((ink.core, "%")):
                    ink.text += case.rng.choice(marks)
                    touched = True
    if touched:
        case.oddity("number_not_a_number", "number_with_words", "number_ambiguous")
    return touched


def _glue_unit(case: Case) -> bool:
    """`60ha`: the figure's own unit behind it."""
    touched = False
    for table in tables(case):
        for column in numeric_columns(table):
            for key, ink in table.column_inks(column):
                code = unit_of(table, key)
                if code is None or ink.kind != "number" or (ink.format or "").endswith("%"):
                    continue
                if case.rng.random() > 0.15:
                    continue
                type_as_text(ink, "vietnamese")
                space = case.rng.choice(("", " "))
                ink.text += space + reference.units()[code].name_vi
                touched = True
    if touched:
        case.oddity("number_not_a_number", "number_with_words", "number_ambiguous")
    return touched


def _superscript(case: Case) -> bool:
    """A footnote's 1 that only its raised font tells from a digit."""
    touched = False
    for _, _, ink in value_figures(case):
        if ink.number and plain(abs(ink.number)) and case.rng.random() < 0.1:
            type_as_text(ink, "vietnamese")
            ink.raised = "1"
            touched = True
    if touched:
        case.argue(
            "a raised 1 behind a figure",
            "number_ambiguous", "number_not_a_number", "number_other_style", "number_with_words",
        )  # fmt: skip
    return touched


def _errors(case: Case) -> bool:
    cells = [ink for _, _, ink in value_figures(case)]
    if not cells:
        return False
    for ink in case.rng.sample(cells, min(len(cells), case.rng.randint(1, 3))):
        ink.kind, ink.text = "error", case.rng.choice(("#N/A", "#REF!", "#DIV/0!", "#VALUE!"))
        ink.number = None
    case.hold("a formula that went wrong", "error_cell")
    return True


def _formulas(case: Case) -> bool:
    touched = False
    for _, _, ink in value_figures(case):
        if case.rng.random() < 0.4 and not (ink.format or "").endswith("%"):
            ink.kind = "formula"
            ink.formula = f"=ROUND({plain(ink.number or Decimal(0))},9)"
            touched = True
    return touched


def _uncalculated(case: Case) -> bool:
    """Written by a library that does not calculate: Excel would show the figure, the file does
    not hold it."""
    cells = [ink for _, _, ink in value_figures(case)]
    if not cells:
        return False
    for ink in case.rng.sample(cells, min(len(cells), case.rng.randint(1, 5))):
        ink.formula = f"=ROUND({plain(ink.number or Decimal(0))},9)"
        ink.kind, ink.number = "formula", None
    case.argue("formulas that were never calculated", "formula_without_value")
    return True


def _links(case: Case) -> bool:
    touched = False
    for _, _, ink in value_figures(case):
        if case.rng.random() < 0.2 and not (ink.format or "").endswith("%"):
            ink.kind = "formula"
            ink.formula = f"=[1]Sheet1!$D${case.rng.randint(2, 60)}"
            touched = True
    if touched:
        case.book.external_link = True
        case.oddity("external_link")
    return touched


def _empty_formulas(case: Case) -> bool:
    """`=IF(…;"")`: an empty text where nothing is to be shown."""
    touched = False
    for table in tables(case):
        for row in table.rows:
            for column in table.columns:
                if (
                    row.row is not None
                    and column.field is not None
                    and id(column) not in row.cells
                    and declared(table, column).is_numeric
                    and case.rng.random() < 0.3
                ):
                    row.cells[id(column)] = Ink("formula", text=" ", formula='=IF(1=1," ","")')
                    touched = True
    return touched


HABITS = [
    Habit("nil_marks", (17,), 1.2, 10, _nil),
    Habit("zero_shown_as_dash", (17,), 0.5, 11, _zero_shown_as_dash),
    Habit("negative", (), 1.2, 12, _negative),
    Habit("negative_texts", (), 1.0, 31, _negative_texts),
    # before anything else is typed: percent_fraction would leave nothing to compare with
    Habit("ratio_wrong", (21,), 0.3, 9, _ratio_wrong, frozenset({"percent_fraction"})),
    Habit("percent_format", (18,), 1.0, 25, _percent_format),
    Habit("percent_text", (18,), 0.8, 26, _percent_text),
    Habit("percent_fraction", (18,), 0.3, 24, _percent_fraction),
    Habit("footnote_on_number", (), 0.8, 40, _glue_mark),
    Habit("unit_on_number", (), 0.6, 41, _glue_unit),
    Habit("footnote_raised", (), 0.2, 42, _superscript),
    Habit("error_cells", (), 0.4, 45, _errors),
    Habit("formulas", (), 1.0, 46, _formulas, frozenset({"formulas_uncalculated"})),
    Habit("formulas_uncalculated", (26,), 0.3, 45, _uncalculated, formats=OLE),
    Habit("external_links", (27,), 0.6, 47, _links, formats=OLE),
    Habit("formulas_empty", (), 0.4, 48, _empty_formulas),
]
