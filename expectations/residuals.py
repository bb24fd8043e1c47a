"""Residuals: for every rule and every cell of a form, how far the cell is from obeying it.

0 obeys, anything above 0 breaks the rule, null means that the rule does not look at this cell.
Great Expectations then asserts one column a rule, or a family of rules (see suites.py); nothing is
judged here. One batch holds every submission of one form in a build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np

from expectations import period_rules, table_rules
from expectations.batch import Batch, Breach, Place
from expectations.breaches import Forgiven, standing
from expectations.cell_rules import apply_cell_rules
from expectations.history import History
from expectations.rounding import ROUNDED_SINCE
from expectations.row_mechanisms import apply_row_rules
from expectations.rule_files import all_rules
from ingest.contract import (
    AddsUpCheck,
    BoundsCheck,
    Check,
    Contract,
    FormulasCheck,
    JumpCheck,
    NotFallingCheck,
    NotStaleCheck,
    PartsWithinCheck,
    RatioToEarlierCheck,
    RestatedCheck,
    TotalsCheck,
    UniqueRowsCheck,
    WithinCheck,
)
from ingest.load import CellFrames
from ingest.reading import ReadSubmission

# what stood out about a sheet while it was read; one column of residuals for all of them
SHEET_REMARK = "sheet_remark"
SHEET_REMARKS = (
    "period_missing",
    "period_unreadable",
    "column_missing",
    "table_missing",
    "column_extra",
    "line_unknown",
    "line_missing",
    "figure_outside_table",
    "no_rows",
    "wrong_sender",
    "unit_contradiction",
    "form_not_valid",
    "two_files_same_form",
    "identity_contradiction",
    "simulated_file",
    "header_unreadable",
    "header_above_unread",
    "form_twice",
    "column_ambiguous",
    "column_of_other_period",
    "index_formula_differs",
    "line_ambiguous",
    "total_row_not_read",
    "heading_not_read",
    "period_contradiction",
    "period_of_other_kind",
    "unit_contradiction_on_sheet",
    "unit_name_unknown",
    "unit_line_unknown",
    "unit_line_of_other_form",
    "unit_line_contradiction",
    "unit_line_differs",
    "hidden_sheet",
    "hidden_rows",
    "hidden_columns",
    "external_link",
    "text_legacy_font",
)

# what is marked by looking back at earlier periods
PERIOD_RULES = (
    "not_falling",
    "adds_up",
    "not_stale",
    "jump",
    "magnitude",
    "restated",
    "ratio_to_earlier",
    ROUNDED_SINCE,
)


def build_batch(
    contract: Contract,
    submissions: Mapping[int, ReadSubmission],
    cells: CellFrames,
    as_of: date | None = None,
    forgiven: Forgiven | None = None,
) -> Batch:
    """Every residual of every rule for all submissions of one form, and their cells.

    `as_of` is the day of the build; without one, rules with a date look at nothing. `forgiven` says
    which errors do not hold a submission, so that it counts for the periods after it.
    """
    batch = Batch(contract, submissions, cells)
    _remarks(batch)
    apply_cell_rules(batch)
    for check in contract.checks:
        _apply(batch, check)
    apply_row_rules(batch, all_rules(), as_of)
    _look_back(batch, forgiven)
    return batch


def _look_back(batch: Batch, forgiven: Forgiven | None) -> None:
    """Rules between periods. What breaks one of them holds its submission, and the periods after it
    are then held against an earlier one: looked at again until nothing changes. A period depends on
    earlier ones alone, so that comes to an end."""
    stands = standing(batch, forgiven)
    while True:
        history = History(batch, stands)
        for check in batch.contract.checks:
            _apply_between(batch, history, check)
        period_rules.magnitudes(batch, history)
        stood, stands = stands, standing(batch, forgiven)
        if stands.same_as(stood):
            return
        batch.unmark(PERIOD_RULES)


def _remarks(batch: Batch) -> None:
    """One place a submission, at which nothing is wrong, and one a remark."""
    batch.families[SHEET_REMARK] = SHEET_REMARKS
    places, breaches = [], []
    for number, read in batch.submissions.items():
        places.append(Place(number, read.sheet, None, None))
        breaches.append(Breach())
        for remark in read.remarks:
            if remark.rule not in SHEET_REMARKS:
                raise ValueError(f"no rule looks at the remark {remark.rule!r}")
            detail = dict(remark.detail)
            place = Place(number, remark.sheet, remark.row_no, remark.col_no, detail.get("value"))
            places.append(replace(place, name=(place.value or place.address or "",)))
            breaches.append(Breach(detail, rule=remark.rule))
    numbers = np.array(list(batch.add_remark_places(places)), np.int64)
    is_remark = np.array([breach.rule is not None for breach in breaches], np.bool_)
    batch.mark(SHEET_REMARK, numbers, is_remark, lambda number: breaches[number])


def _apply(batch: Batch, check: Check) -> None:
    match check:
        case TotalsCheck():
            table_rules.totals(batch, check)
        case FormulasCheck():
            table_rules.formulas(batch, check)
        case WithinCheck():
            table_rules.within(batch, check)
        case PartsWithinCheck():
            table_rules.parts_within(batch, check)
        case UniqueRowsCheck():
            table_rules.unique_rows(batch, check)
        case BoundsCheck():
            pass  # looked at with the columns' own bounds (cell_rules.py)


def _apply_between(batch: Batch, history: History, check: Check) -> None:
    match check:
        case NotFallingCheck():
            period_rules.not_falling(batch, history, check)
        case AddsUpCheck():
            period_rules.adds_up(batch, history, check)
        case NotStaleCheck():
            period_rules.not_stale(batch, history, check)
        case JumpCheck():
            period_rules.jump(batch, history, check)
        case RestatedCheck():
            period_rules.restated(batch, history, check)
        case RatioToEarlierCheck():
            period_rules.ratio_to_earlier(batch, history, check)
