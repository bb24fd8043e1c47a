"""Rules over one cell, or over one row: what extraction found odd, required, bounds, units.

They belong to every form; what they look at is said by its columns and lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from expectations.batch import NOWHERE, Batch, Breach, unit_numbers
from expectations.intervals import Flags, Floats, Numbers
from expectations.numbers import vietnamese
from ingest import reference
from ingest.contract import BoundsCheck
from ingest.normalise import BLANK, NUMBER, read_number_text

_NUMERIC = ("number", "money", "percent", "integer")
# problems that extraction found in a cell, by the column types that they can befall
CELL_PROBLEMS: dict[str, tuple[tuple[str, ...] | None, tuple[str, ...]]] = {
    "cell_problem": (None, ("error_cell", "formula_without_value")),
    "number_problem": (
        _NUMERIC,
        (
            "number_not_a_number",
            "number_with_words",
            "number_ambiguous",
            "number_too_large",
            "number_other_style",
            "number_maybe_shifted",
        ),
    ),
    "percent_problem": (("percent",), ("percent_scale_unclear",)),
    "code_problem": (("code",), ("code_unknown",)),
    "period_problem": (("period",), ("period_unknown",)),
    "unit_problem": (("unit",), ("unit_unknown",)),
    "comparator_problem": (("comparator",), ("comparator_unknown",)),
    "date_problem": (("date",), ("date_unknown", "date_ambiguous")),
}
# in base units; dbt_project/macros/in_base_unit.sql keeps the same limit
LARGEST_IN_FACTS = 1e18


def apply_cell_rules(batch: Batch) -> None:
    """Every rule of this module on every cell of the batch."""
    for rule in _CELL_RULES:
        rule(batch)


# --- what extraction found odd ------------------------------------------------------------------


def _cell_problems(batch: Batch) -> None:
    """One column of residuals for all problems that a type of column can have."""
    problem_of = batch.taken("problem", np.arange(batch.n_cells))
    for family, (types, rules) in CELL_PROBLEMS.items():
        looked_at = [
            number
            for number, column in enumerate(batch.columns)
            if types is None or column.type in types
        ]
        has_one = problem_of.is_in(list(rules)).fill_null(False).to_numpy()
        places = np.flatnonzero(np.isin(batch.column, looked_at) | has_one)
        if places.size:
            batch.families[family] = rules
            _mark_problems(batch, family, places, has_one[places])


def _mark_problems(batch: Batch, family: str, places: Numbers, has_one: Flags) -> None:
    batch.mark(family, places, has_one, lambda number: _problem(batch, int(places[number])))


def _problem(batch: Batch, place: int) -> Breach:
    rule, text = batch.problem(place), batch.text(place)
    column = batch.columns[batch.column[place]]
    detail = {"header": batch.header(place)}
    if rule == "code_unknown" and column.list:
        detail["allowed"] = _allowed(column.list)
    elif rule == "number_ambiguous" and text:
        readings = read_number_text(text, None).readings
        detail["readings"] = " hay ".join(vietnamese(r) for r in readings)
    elif rule == "number_other_style" and not np.isnan(batch.value[place]):
        detail["reading"] = vietnamese(batch.exact(place))
    elif rule == "number_maybe_shifted" and text:
        detail["readings"] = _readings(text, 1000)
    elif rule == "percent_scale_unclear" and text:
        detail["readings"] = _readings(text, 100)
    elif rule == "date_ambiguous" and text:
        detail["readings"] = _day_readings(text)
    return Breach(detail, rule=rule)


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


def _two_readings(batch: Batch) -> None:
    """`25.698` in a column that also holds `2.18` has two readings, whatever the form declares."""
    is_numeric = np.array([column.is_numeric for column in batch.columns], np.bool_)
    places = np.flatnonzero(is_numeric[batch.column] & batch.has_text & ~np.isnan(batch.value))
    others: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for place in np.flatnonzero(batch.has_problem).tolist():
        if batch.problem(place) == "number_other_style":
            others[_column_of_sheet(batch, place)].append(
                f"{batch.address(place)}: “{batch.text(place)}”"
            )
    found = np.zeros(places.shape)
    readings: dict[int, str] = {}
    if others:
        for number, place in enumerate(places.tolist()):
            if _column_of_sheet(batch, place) in others:
                both = read_number_text(batch.text(place) or "", None).readings
                found[number] = len(both) > 1
                readings[number] = " hay ".join(vietnamese(reading) for reading in both)

    def explain(number: int) -> Breach:
        place = int(places[number])
        return Breach(
            {
                "readings": readings[number],
                "others": ", ".join(others[_column_of_sheet(batch, place)]),
                "reading": vietnamese(batch.exact(place)),
            }
        )

    batch.mark("number_two_readings", places, found, explain)


def _column_of_sheet(batch: Batch, place: int) -> tuple[int, str, str]:
    field = batch.columns[batch.column[place]].field
    return batch.submission_no(place), batch.sheet(place), field


# --- required, bounds -----------------------------------------------------------------------------


def _required(batch: Batch) -> None:
    for number, column in enumerate(batch.columns):
        if column.required:
            places = batch.of_column(number)
            places = places[batch.is_asked(places)]
            _mark_columns(batch, "required_blank", places, batch.is_state(places, BLANK))


def _mark_columns(batch: Batch, rule: str, places: Numbers, residuals: Flags) -> None:
    """Marks with a sentence that names the column."""
    batch.mark(
        rule, places, residuals, lambda at: Breach({"header": batch.header(int(places[at]))})
    )


def _mark_lines(batch: Batch, rule: str, places: Numbers, residuals: Flags) -> None:
    """Marks with a sentence that names line and column."""

    def explain(at: int) -> Breach:
        line = batch.lines[batch.line[places[at]]]
        return Breach({"line": line.label_vi, "header": batch.header(int(places[at]))})

    batch.mark(rule, places, residuals, explain)


def _not_of_line(batch: Batch) -> None:
    """A line that knows one direction only has no figure in the columns of the other."""
    for number, column in enumerate(batch.columns):
        if column.is_numeric and column.dimensions:
            places = batch.of_column(number)
            places = places[batch.line[places] != NOWHERE]
            is_wrong = batch.is_state(places, NUMBER) & ~batch.is_asked(places)
            _mark_lines(batch, "not_of_line", places, is_wrong)


def _bounds(batch: Batch) -> None:
    for number, column in enumerate(batch.columns):
        if not column.is_numeric:
            continue
        places = batch.of_column(number)
        places = places[batch.is_state(places, NUMBER) & ~np.isnan(batch.value[places])]
        if column.min is not None or column.max is not None:
            _limit(batch, places, column.min, column.max, None)
        for check in batch.contract.checks:
            if isinstance(check, BoundsCheck) and _is_bounded(batch, number, check):
                there = places[_applies(batch, places, check)]
                _limit(batch, there, check.min, check.max, check.severity)


def _is_bounded(batch: Batch, column: int, check: BoundsCheck) -> bool:
    """A check of a column bounds the upper end of its ranges too."""
    field, checked = batch.columns[column].field, batch.field_beside(column, check.column)
    upper = batch.columns[checked].upper if checked is not None else None
    return field in (check.column, upper)


def _applies(batch: Batch, places: Numbers, check: BoundsCheck) -> Flags:
    rows = batch.row[places]
    holds = np.ones(places.shape, np.bool_)
    units = reference.units()
    if check.when.never_negative:
        never = [unit.is_never_negative for unit in units.values()]
        holds &= np.array([*never, False], np.bool_)[batch.unit_of_row[rows]]
    if check.when.unit:
        known = [number for code, number in unit_numbers().items() if code in check.when.unit]
        holds &= np.isin(batch.unit_of_row[rows], known)
    if check.when.measure:
        named = np.zeros(places.shape, np.bool_)
        for column in batch.fields("measure"):
            measures = dict.fromkeys(check.when.measure, 1)
            named |= batch.codes(batch.beside(places, column), measures) == 1
        holds &= named
    return holds


def _limit(
    batch: Batch, places: Numbers, low: Decimal | None, high: Decimal | None, severity: str | None
) -> None:
    value = batch.value[places]
    excess: Floats = np.zeros(places.shape)
    if low is not None:
        excess = np.maximum(excess, float(low) - value)
    if high is not None:
        excess = np.maximum(excess, value - float(high))
    breach = Breach({"bounds": _bounds_text(low, high)}, severity=severity)
    batch.mark("out_of_bounds", places, excess, lambda _: breach)


def _bounds_text(low: Decimal | None, high: Decimal | None) -> str:
    if low is not None and high is not None:
        return f"từ {vietnamese(low)} đến {vietnamese(high)}"
    return (
        f"từ {vietnamese(low)} trở lên" if low is not None else f"không quá {vietnamese(high or 0)}"
    )


def _storable(batch: Batch) -> None:
    """A figure must fit the facts once its unit is applied: full đồng typed under "tỷ đồng" do
    not, and would otherwise reach them as nothing."""
    units = reference.units()
    factors = np.array([*(float(unit.factor) for unit in units.values()), 1.0])
    for number, column in enumerate(batch.columns):
        if column.role not in ("value", "bound"):
            continue
        places = batch.of_column(number)
        places = places[~np.isnan(batch.value[places])]
        factor: Floats | float = factors[batch.unit_of_row[batch.row[places]]]
        if column.unit is not None:
            factor = float(units[column.unit].factor)
        is_too_large = np.abs(batch.value[places]) * factor >= LARGEST_IN_FACTS
        _mark_columns(batch, "number_too_large", places, is_too_large)


def _ranges(batch: Batch) -> None:
    for number, column in enumerate(batch.columns):
        upper = batch.field_beside(number, column.upper)
        if upper is not None:
            low = batch.of_column(number)
            _range(batch, low, batch.beside(low, upper))


def _range(batch: Batch, low: Numbers, high: Numbers) -> None:
    is_range = ~np.isnan(batch.value[low]) & ~np.isnan(batch.value_at(high))
    low, high = low[is_range], high[is_range]
    excess = np.maximum(batch.value[low] - batch.value[high], 0.0)

    def explain(at: int) -> Breach:
        return Breach({"low": vietnamese(batch.exact(int(low[at])))})

    batch.mark("range_reversed", high, excess, explain)


# --- units ----------------------------------------------------------------------------------------


def _units(batch: Batch) -> None:
    """The typed unit measures the indicator's quantity; `%` for points of a rate is only said."""
    for number in batch.fields("unit"):
        indicator = batch.field_beside(number, "indicator_code")
        if indicator is not None:
            _indicator_units(batch, number, indicator)


def _indicator_units(batch: Batch, unit: int, indicator: int) -> None:
    places = batch.of_column(unit)
    measure = batch.field_beside(unit, "measure")
    nothing = np.full(places.shape, NOWHERE, np.int64)
    named = (
        batch.taken("code", places),
        batch.taken("code", batch.beside(places, indicator)),
        batch.taken("code", batch.beside(places, measure) if measure is not None else nothing),
    )
    judged = [_unit_fits(*each) for each in zip(*named, strict=True)]
    other = np.array([each[0] for each in judged], np.float64)
    points = np.array([each[1] for each in judged], np.float64)
    batch.mark("unit_of_other_quantity", places, other, lambda at: Breach(judged[at][2]))
    batch.mark("percent_for_points", places, points, lambda _: Breach())


def _unit_fits(
    unit: str | None, indicator_code: str | None, measure: str | None
) -> tuple[float, float, dict[str, str]]:
    """1 where the unit is of another quantity, 1 where it is a percentage for points; NaN for what
    is not asked. And what fills the sentence."""
    indicator = reference.indicators().get(indicator_code or "")
    if unit is None or indicator is None:
        return np.nan, np.nan, {}
    measure = measure or "level"
    units = reference.units()
    wanted = reference.units_of_measures().get(measure, indicator["unit_code"])
    base = units[unit].base_code
    is_change = measure in ("change", "average_change") and wanted == "percent"
    fits = base == wanted or (is_change and base == "percentage_point")
    detail = {"indicator": indicator["name_vi"], "expected_unit": units[wanted].name_vi}
    return float(not fits), float(base == "percent") if is_change else np.nan, detail


def _in_unit_of_row(batch: Batch) -> list[int]:
    """The columns of figures that only the unit of measure on their row explains."""
    fixed = reference.units_of_measures()
    return [
        number
        for number, column in enumerate(batch.columns)
        if column.role == "value" and column.unit is None and column.measure not in fixed
    ]


def _unit_missing(batch: Batch) -> None:
    """A figure on a printed line is in the unit of its column, else in the one typed on its row,
    its line's or its indicator's; where none has one, nobody can say what it counts. A row whose
    unit is that of the table's amounts ("USD") is reported by value only."""
    typed = batch.unit_typed
    is_wrong = (typed != NOWHERE) & batch.has_problem[typed]
    says = batch.of_lines([line.indicator_code is not None for line in batch.lines], 0) == 1
    has_none = _is_by_value(batch) | ((batch.unit_of_row == NOWHERE) & ~says)
    for number in _in_unit_of_row(batch):
        places = batch.of_column(number)
        places = places[
            (batch.line[places] != NOWHERE)
            & ~is_wrong[batch.row[places]]
            & batch.is_state(places, NUMBER)
        ]
        _mark_lines(batch, "unit_missing", places, has_none[batch.row[places]])


def _is_by_value(batch: Batch) -> Flags:
    """Whether a line without a unit of its own says "USD" for its unit: what the table's amounts
    are in. Such a line is reported by value only."""
    units = reference.units()
    typed = batch.codes(batch.unit_typed, unit_numbers())
    has_own = batch.of_lines([line.unit_code is not None for line in batch.lines], 1) == 1
    found = np.zeros(typed.shape, np.bool_)
    for table_no, table in enumerate(batch.tables):
        amounts = {
            units[column.unit].base_code
            for column in table.columns
            if column.role == "value" and column.unit is not None
        }
        same = [n for n, unit in enumerate(units.values()) if unit.base_code in amounts]
        found |= (batch.table[batch.row_start] == table_no) & np.isin(typed, same)
    return np.asarray(found & ~has_own)


def _units_of_lines(batch: Batch) -> None:
    """The unit typed on a printed line measures what the line's own unit measures."""
    units = reference.units()
    base_codes = list(dict.fromkeys(unit.base_code for unit in units.values()))
    base = np.array(
        [*(base_codes.index(unit.base_code) for unit in units.values()), NOWHERE], np.int64
    )
    typed = batch.codes(batch.unit_typed, unit_numbers())
    own = batch.unit_of_line
    has_figure = np.zeros(typed.shape, np.bool_)
    for number in _in_unit_of_row(batch):
        has_figure |= batch.is_state(batch.in_rows(number), NUMBER)
    rows = np.flatnonzero((typed != NOWHERE) & (own != NOWHERE) & has_figure)

    def explain(at: int) -> Breach:
        line = batch.lines[batch.line_of_row[rows[at]]]
        unit = units[line.unit_code or ""]
        detail = {"line": line.label_vi, "expected_unit": unit.name_vi}
        return Breach(detail, sentence="line_unit_of_other_quantity")

    is_other = base[typed[rows]] != base[own[rows]]
    batch.mark("unit_of_other_quantity", batch.unit_typed[rows], is_other, explain)


_CELL_RULES: tuple[Callable[[Batch], None], ...] = (
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
