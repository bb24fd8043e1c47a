"""Whether a number typed as text can be decided by someone who sees only the file and last
period's figures. It looks at the paper when every habit is done: what one habit left undecided
another may decide, and the other way round.

A text is ambiguous where both styles read it, as different numbers (`1.234`). Then decides, in
this order: a quantity of whole things; the style of the other cells of its column; a line above the
table that says the style. Sums and formulas, last period's figure and the style of other columns
only make it arguable. The form's declared style decides nothing: two typists, one paper.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ingest import reference
from ingest.contract import Column
from ingest.simulation.fill import is_discrete
from ingest.template_values import total_columns
from tests.mangler.case import Case
from tests.mangler.paper import PaperColumn, PaperTable
from tests.mangler.truth import Key
from tests.mangler.walk import declared, form_sheets, numeric_columns, unit_of

_GROUPED = {
    "vietnamese": re.compile(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
    "english": re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
}
_PLAIN = {"vietnamese": re.compile(r"\d+(,\d+)?"), "english": re.compile(r"\d+(\.\d+)?")}
_POINTS = {"vietnamese": (".", ","), "english": (",", ".")}
# as far from last period's figure as a clerk would still believe
BELIEVABLE = Decimal(5)


def readings(core: str) -> dict[str, Decimal]:
    """What a text is in each style that can read it."""
    found = {}
    for style, (group, point) in _POINTS.items():
        if _GROUPED[style].fullmatch(core) or _PLAIN[style].fullmatch(core):
            found[style] = Decimal(core.replace(group, "").replace(point, "."))
    return found


def is_ambiguous(core: str) -> bool:
    return len(set(readings(core).values())) > 1


def shows_style(core: str) -> str | None:
    """The style that a text gives away: only this one can read it."""
    if " " in core or "\u00a0" in core:  # grouped by spaces: the mark is the decimal one
        return "vietnamese" if "," in core else "english" if "." in core else None
    found = readings(core)
    return next(iter(found)) if len(found) == 1 else None


def judge_numbers(case: Case) -> None:
    for sheet in form_sheets(case):
        for table in sheet.tables:
            styles = {id(column): _styles(table, column) for column in numeric_columns(table)}
            for column in numeric_columns(table):
                others = {
                    style for each, found in styles.items() if each != id(column) for style in found
                }
                _judge_column(case, table, column, styles[id(column)], others)


def _styles(table: PaperTable, column: PaperColumn) -> set[str]:
    cores = [ink.core for _, ink in table.column_inks(column) if ink.core]
    return {style for core in cores if (style := shows_style(core)) is not None}


def _judge_column(
    case: Case,
    table: PaperTable,
    column: PaperColumn,
    own: set[str],
    others: set[str],
) -> None:
    if len(own) > 1:
        case.oddity("number_ambiguous", "number_two_readings")
    _judge_mixed(case, table, column)
    for key, ink in table.column_inks(column):
        if not ink.core or not is_ambiguous(ink.core):
            continue
        case.oddity("number_ambiguous")
        shown = readings(ink.core)
        if _counts_whole_things(declared(table, column), unit_of(table, key)):
            continue
        if len(own) == 1:
            if shown[next(iter(own))] != abs(ink.number or Decimal(0)):
                case.hold(f"{ink.core} is against the style of its column", "number_ambiguous")
            continue
        if not own and "numbers_style_stated" in case.habits:
            continue
        if len(own) > 1:
            case.hold(f"{ink.core} in a column of both styles", "number_ambiguous")
        elif _adds_up(table, column):
            case.argue(f"{ink.core}: only arithmetic decides", "number_ambiguous")
        elif _is_decided_by_history(case, table, key):
            case.argue(f"{ink.core}: only last period decides", "number_ambiguous", "magnitude")
        elif len(others) == 1:
            case.argue(f"{ink.core}: only other columns decide", "number_ambiguous")
        else:
            case.hold(f"{ink.core}: nothing decides", "number_ambiguous")


def _adds_up(table: PaperTable, column: PaperColumn) -> bool:
    """Whether a total or a formula of the form ties the column's figures to others."""
    contract, whole = table.truth.contract, table.truth.table(table.number)
    if whole.parts_of() and column.field in total_columns(contract):
        return True
    return any(
        column.field in (each.field, *each.parsed_formula.fields())
        for each in whole.columns
        if each.parsed_formula is not None
    )


def _judge_mixed(case: Case, table: PaperTable, column: PaperColumn) -> None:
    """Beside a text with groups, a small number with decimals may be what a wrong locale left."""
    inks = [ink for _, ink in table.column_inks(column)]
    grouped = any(
        ink.core and re.search(r"[.,]\d{3}[.,]|\d[.,]\d{3}[.,]\d", ink.core) for ink in inks
    )
    small = any(
        ink.kind == "number"
        and ink.number is not None
        and abs(ink.number) < 1000
        and 0 < -int(ink.number.normalize().as_tuple().exponent) <= 3
        for ink in inks
    )
    if grouped and small:
        case.argue("texts and small numbers in one column", "number_maybe_shifted")


def _counts_whole_things(column: Column, unit_code: str | None) -> bool:
    if column.type == "integer":
        return True
    return unit_code is not None and is_discrete(unit_code) and base_factor(unit_code) == 1


def _is_decided_by_history(case: Case, table: PaperTable, key: Key) -> bool:
    before, now = table.truth.before.get(key), table.truth.cells[key].number
    if not case.with_history or not before or not now:
        return False
    return 1 / BELIEVABLE <= abs(now / before) <= BELIEVABLE


def base_factor(unit_code: str) -> Decimal:
    return reference.units()[unit_code].factor
