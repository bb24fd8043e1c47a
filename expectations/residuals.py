"""Residuals: for every rule and every cell of a form, how far the cell is from obeying it.

0 obeys, anything above 0 breaks the rule, None means that the rule does not look at this cell.
Great Expectations then asserts one column a rule (see suites.py); nothing is judged here.
Frames in, frames out; one batch holds every submission of one form in a build.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from expectations import period_rules, table_rules
from expectations.batch import Batch, Breach, Place, Row, mark
from expectations.numbers import cell_address, vietnamese
from expectations.period_rules import History
from ingest import reference
from ingest.cells import ReadCell
from ingest.columns import unit_factor
from ingest.contract import (
    AddsUpCheck,
    BoundsCheck,
    Check,
    Column,
    Contract,
    FormulasCheck,
    JumpCheck,
    NotFallingCheck,
    NotStaleCheck,
    PartsWithinCheck,
    TotalsCheck,
    UniqueRowsCheck,
    WithinCheck,
)
from ingest.normalise import BLANK, NUMBER, read_number_text
from ingest.reading import ReadSubmission

# problems that extraction found in a cell: rule name -> column types that it can befall
CELL_PROBLEMS = {
    "number_not_a_number": ("number", "money", "percent", "integer"),
    "number_with_words": ("number", "money", "percent", "integer"),
    "number_ambiguous": ("number", "money", "percent", "integer"),
    "number_too_large": ("number", "money", "percent", "integer"),
    "number_other_style": ("number", "money", "percent", "integer"),
    "error_cell": None,
    "formula_without_value": None,
    "code_unknown": ("code",),
    "period_unknown": ("period",),
    "unit_unknown": ("unit",),
    "comparator_unknown": ("comparator",),
    "date_unknown": ("date",),
    "date_ambiguous": ("date",),
    "number_maybe_shifted": ("number", "money", "percent", "integer"),
    "percent_scale_unclear": ("percent",),
}
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
    "form_twice",
    "column_ambiguous",
    "column_of_other_period",
    "line_ambiguous",
    "total_row_not_read",
    "heading_not_read",
    "period_contradiction",
    "period_of_other_kind",
    "unit_contradiction_on_sheet",
    "unit_name_unknown",
    "unit_line_unknown",
    "unit_line_contradiction",
    "unit_line_differs",
    "hidden_sheet",
    "hidden_rows",
    "hidden_columns",
    "external_link",
    "text_legacy_font",
)
# in base units; dbt_project/macros/in_base_unit.sql keeps the same limit
LARGEST_IN_FACTS = 1e18


def build_batch(contract: Contract, submissions: Iterable[tuple[int, ReadSubmission]]) -> Batch:
    """Every residual of every rule for all submissions of one form."""
    places: list[Place] = []
    rows: list[Row] = []
    remarks: list[tuple[int, str, Breach]] = []
    read = dict(submissions)
    for number, submission in read.items():
        rows += _place_cells(contract, number, submission, places)
        places.append(Place(number, submission.sheet, None, None))
        remarks.append((len(places) - 1, "", Breach()))
        for remark in submission.remarks:
            detail = dict(remark.detail)
            places.append(
                Place(number, remark.sheet, remark.row_no, remark.col_no, detail.get("value"))
            )
            remarks.append((len(places) - 1, remark.rule, Breach(detail)))
    batch = Batch(contract, places, {}, {}, read)
    _remarks(batch, remarks)
    for rule in _CELL_RULES:
        rule(batch, rows)
    history = History(batch, rows)
    for check in contract.checks:
        _apply(batch, rows, history, check)
    period_rules.magnitudes(batch, rows, history)
    return batch


def _apply(batch: Batch, rows: list[Row], history: History, check: Check) -> None:
    match check:
        case TotalsCheck():
            table_rules.totals(batch, rows, check)
        case FormulasCheck():
            table_rules.formulas(batch, rows, check)
        case WithinCheck():
            table_rules.within(batch, rows, check)
        case PartsWithinCheck():
            table_rules.parts_within(batch, rows, check)
        case UniqueRowsCheck():
            table_rules.unique_rows(batch, rows, check)
        case NotFallingCheck():
            period_rules.not_falling(batch, rows, history, check)
        case AddsUpCheck():
            period_rules.adds_up(batch, rows, history, check)
        case NotStaleCheck():
            period_rules.not_stale(batch, rows, history, check)
        case JumpCheck():
            period_rules.jump(batch, rows, history, check)
        case BoundsCheck():
            pass  # looked at cell by cell, with the columns' own bounds (_bounds)


def _place_cells(
    contract: Contract, number: int, submission: ReadSubmission, places: list[Place]
) -> Iterator[Row]:
    columns = {(c.area_no, c.col_no): c for c in submission.columns}
    lines = {(r.area_no, r.row_no): r.line_code for r in submission.rows}
    areas = {area.area_no: area for area in submission.areas}
    factors = {
        (c.area_no, c.col_no): unit_factor(contract.tables[areas[c.area_no].table_no - 1], c)
        for c in submission.columns
        if c.unit_code is not None
    }
    by_row: dict[tuple[int, int], dict[str, tuple[int, ReadCell]]] = defaultdict(dict)
    for cell in submission.cells:
        typed = cell.text
        if typed is None and cell.number is not None:
            typed = vietnamese(cell.number)
        place = (cell.area_no, cell.col_no)
        sheet = areas[cell.area_no].sheet
        if place in factors and cell.number is not None:
            # a sentence names the cell's figure beside others: all are in the form's unit
            cell = _in_unit_of_form(cell, factors[place])
            typed = f"{vietnamese(cell.number or 0)} (ô ghi “{typed}”)"
        places.append(Place(number, sheet, cell.row_no, cell.col_no, typed))
        by_row[cell.area_no, cell.row_no][columns[place].field] = (len(places) - 1, cell)
    for (area_no, row_no), cells in by_row.items():
        area = areas[area_no]
        yield Row(
            number,
            area.sheet,
            area.table_no,
            contract.tables[area.table_no - 1],
            row_no,
            lines.get((area_no, row_no)),
            cells,
        )


def _in_unit_of_form(cell: ReadCell, factor: Decimal) -> ReadCell:
    if cell.number is None or cell.printed_step is None:
        return cell
    return replace(cell, number=cell.number * factor, printed_step=cell.printed_step * factor)


def _remarks(batch: Batch, remarks: list[tuple[int, str, Breach]]) -> None:
    for place, rule, breach in remarks:
        if rule:
            mark(batch, rule, place, 1.0, breach)
        else:  # one row a submission: every remark rule looked, and found nothing here
            for known in SHEET_REMARKS:
                mark(batch, known, place, 0.0)


def _each_column(rows: list[Row]) -> Iterator[tuple[Row, Column, int, ReadCell]]:
    for row in rows:
        for column in row.table.columns:
            if column.field in row.cells:
                place, cell = row.cells[column.field]
                yield row, column, place, cell


def _cell_problems(batch: Batch, rows: list[Row]) -> None:
    for _, column, place, cell in _each_column(rows):
        header = " / ".join(column.header)
        for rule, types in CELL_PROBLEMS.items():
            if types is not None and column.type not in types:
                continue
            detail = {"header": header}
            if cell.problem == rule:
                if rule == "code_unknown" and column.list:
                    detail["allowed"] = _allowed(column.list)
                elif rule == "number_ambiguous" and cell.text:
                    readings = read_number_text(cell.text, None).readings
                    detail["readings"] = " hay ".join(vietnamese(r) for r in readings)
                elif rule == "number_other_style" and cell.number is not None:
                    detail["reading"] = vietnamese(cell.number)
                elif rule == "number_maybe_shifted" and cell.text:
                    detail["readings"] = _readings(cell.text, 1000)
                elif rule == "percent_scale_unclear" and cell.text:
                    detail["readings"] = _readings(cell.text, 100)
                elif rule == "date_ambiguous" and cell.text:
                    detail["readings"] = _day_readings(cell.text)
            mark(batch, rule, place, float(cell.problem == rule), Breach(detail))


def _readings(text: str, times: int) -> str:
    """A number that may have lost its thousands or its percent sign, both ways."""
    typed = Decimal(text)
    return f"{vietnamese(typed * times)} hay {vietnamese(typed)}"


def _day_readings(text: str) -> str:
    year, month, day = text[:10].split("-")
    return f"{int(day)}/{int(month)}/{year} hay {int(month)}/{int(day)}/{year}"


def _allowed(list_name: str) -> str:
    names = list(dict.fromkeys(reference.coded_list(list_name).values()))
    try:
        labels = list(reference.vocabulary(list_name).values())
    except KeyError:
        labels = names
    shown = "; ".join(labels[:12])
    return shown if len(labels) <= 12 else f"{shown}; … ({len(labels)} giá trị)"


def _required(batch: Batch, rows: list[Row]) -> None:
    for row, column, place, cell in _each_column(rows):
        if column.required and (row.line is None or column.is_asked_of(row.line)):
            breach = Breach({"header": " / ".join(column.header)})
            mark(batch, "required_blank", place, float(cell.state == BLANK), breach)


def _bounds(batch: Batch, rows: list[Row]) -> None:
    checks = [check for check in batch.contract.checks if isinstance(check, BoundsCheck)]
    units = reference.units()
    for row, column, place, cell in _each_column(rows):
        if not column.is_numeric or cell.state != NUMBER or cell.number is None:
            continue
        limits: list[tuple[Decimal | None, Decimal | None, str | None]] = []
        if column.min is not None or column.max is not None:
            limits.append((column.min, column.max, None))
        for check in checks:
            limited = (
                (row.code("measure"), check.when.measure),
                (row.unit_code, check.when.unit),
            )
            upper = next((c.upper for c in row.table.columns if c.field == check.column), None)
            unit = units.get(row.unit_code or "")
            if check.when.never_negative and not (unit and unit.is_never_negative):
                continue
            if column.field in (check.column, upper) and all(
                not codes or code in codes for code, codes in limited
            ):
                limits.append((check.min, check.max, check.severity))
        for low, high, severity in limits:
            excess = max(
                float(low - cell.number) if low is not None else 0.0,
                float(cell.number - high) if high is not None else 0.0,
                0.0,
            )
            breach = Breach({"bounds": _bounds_text(low, high)}, severity=severity)
            mark(batch, "out_of_bounds", place, excess, breach)


def _bounds_text(low: Decimal | None, high: Decimal | None) -> str:
    if low is not None and high is not None:
        return f"từ {vietnamese(low)} đến {vietnamese(high)}"
    return (
        f"từ {vietnamese(low)} trở lên" if low is not None else f"không quá {vietnamese(high or 0)}"
    )


def _storable(batch: Batch, rows: list[Row]) -> None:
    """A figure must fit the facts once its unit is applied: full đồng typed under "tỷ đồng" do
    not, and would otherwise reach them as nothing."""
    units = reference.units()
    for row, column, place, cell in _each_column(rows):
        if column.role not in ("value", "bound") or cell.number is None:
            continue
        unit = units.get(column.unit or row.unit_code or "")
        factor = float(unit.factor) if unit else 1.0
        if abs(float(cell.number)) * factor >= LARGEST_IN_FACTS:
            breach = Breach({"header": " / ".join(column.header)})
            mark(batch, "number_too_large", place, 1.0, breach)


def _ranges(batch: Batch, rows: list[Row]) -> None:
    for row, column, _, cell in _each_column(rows):
        if column.upper is None or column.upper not in row.cells:
            continue
        place, upper = row.cells[column.upper]
        if upper.number is None or cell.number is None:
            continue
        excess = max(float(cell.number - upper.number), 0.0)
        mark(batch, "range_reversed", place, excess, Breach({"low": vietnamese(cell.number)}))


def _units(batch: Batch, rows: list[Row]) -> None:
    """The typed unit measures the indicator's quantity; `%` for points of a rate is only said."""
    indicators = {row["indicator_code"]: row for row in reference.read_seed("indicator")}
    for row in rows:
        unit_code, indicator = row.code("unit"), indicators.get(row.code("indicator_code") or "")
        if unit_code is None or indicator is None:
            continue
        place = row.cells["unit"][0]
        measure = row.code("measure") or "level"
        wanted = reference.units_of_measures().get(measure, indicator["unit_code"])
        base = reference.units()[unit_code].base_code
        is_change = measure in ("change", "average_change") and wanted == "percent"
        fits = base == wanted or (is_change and base == "percentage_point")
        detail = {
            "indicator": indicator["name_vi"],
            "expected_unit": reference.units()[wanted].name_vi,
        }
        mark(batch, "unit_of_other_quantity", place, float(not fits), Breach(detail))
        if is_change:
            mark(batch, "percent_for_points", place, float(base == "percent"))


def _in_the_rows_unit(row: Row) -> list[tuple[Column, int]]:
    """The figures of a printed line that only its own unit of measure explains."""
    fixed = reference.units_of_measures()
    return [
        (column, row.cells[column.field][0])
        for column in row.table.columns
        if column.role == "value"
        and column.unit is None
        and column.measure not in fixed
        and (cell := row.cell(column.field)) is not None
        and cell.state == NUMBER
    ]


def _unit_missing(batch: Batch, rows: list[Row]) -> None:
    """A figure on a printed line is in the unit of its column, else in the one typed on its row,
    its line's or its indicator's; where none has one, nobody can say what it counts. A row whose
    unit is that of the table's amounts ("USD") is reported by value only."""
    for row in rows:
        typed = row.cell("unit")
        if row.line is None or (typed is not None and typed.problem is not None):
            continue
        for column, place in _in_the_rows_unit(row):
            is_missing = row.is_by_value or (
                row.unit_code is None and row.line.indicator_code is None
            )
            breach = Breach({"line": row.line.label_vi, "header": " / ".join(column.header)})
            mark(batch, "unit_missing", place, float(is_missing), breach)


def _units_of_lines(batch: Batch, rows: list[Row]) -> None:
    """The unit typed on a printed line measures what the line's own unit measures."""
    units = reference.units()
    for row in rows:
        typed = row.code("unit")
        if typed is None or row.line is None or row.line.unit_code is None:
            continue
        if not _in_the_rows_unit(row):
            continue
        own = units[row.line.unit_code]
        detail = {"line": row.line.label_vi, "expected_unit": own.name_vi}
        breach = Breach(detail, sentence="line_unit_of_other_quantity")
        is_other = units[typed].base_code != own.base_code
        mark(batch, "unit_of_other_quantity", row.cells["unit"][0], float(is_other), breach)


def _not_of_line(batch: Batch, rows: list[Row]) -> None:
    """A line that knows one direction only has no figure in the columns of the other."""
    for row, column, place, cell in _each_column(rows):
        if row.line is None or not column.is_numeric or not column.dimensions:
            continue
        is_wrong = cell.state == NUMBER and not column.is_asked_of(row.line)
        breach = Breach({"line": row.line.label_vi, "header": " / ".join(column.header)})
        mark(batch, "not_of_line", place, float(is_wrong), breach)


def _two_readings(batch: Batch, rows: list[Row]) -> None:
    """`25.698` in a column that also holds `2.18` has two readings, whatever the form declares."""
    others: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for row, column, _, cell in _each_column(rows):
        if cell.problem == "number_other_style":
            key = (row.submission_no, row.sheet, column.field)
            others[key].append(f"{cell_address(cell.row_no, cell.col_no)}: “{cell.text}”")
    for row, column, place, cell in _each_column(rows):
        if not column.is_numeric or cell.text is None or cell.number is None:
            continue
        witnesses = others.get((row.submission_no, row.sheet, column.field), [])
        readings = read_number_text(cell.text, None).readings if witnesses else ()
        breach = Breach(
            {
                "readings": " hay ".join(vietnamese(reading) for reading in readings),
                "others": ", ".join(witnesses),
                "reading": vietnamese(cell.number),
            }
        )
        mark(batch, "number_two_readings", place, float(len(readings) > 1), breach)


_CELL_RULES: tuple[Callable[[Batch, list[Row]], None], ...] = (
    _cell_problems,
    _required,
    _bounds,
    _storable,
    _ranges,
    _units,
    _unit_missing,
    _units_of_lines,
    _not_of_line,
    _two_readings,
)
