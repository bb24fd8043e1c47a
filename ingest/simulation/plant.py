"""Plants errors into filled forms, one a form at most, and says where: the truth to be found.

A kind is planted only where the form lets a check find it: a falling cumulative needs a column that
must not fall, a wrong total a total. What answers a kind stands in simulation.yml (errors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from ingest import reference
from ingest.contract import AddsUpCheck, BoundsCheck, WithinCheck
from ingest.period import period_of, related
from ingest.simulation.fill import Key
from ingest.simulation.plant_laws import LAW_PLANTERS
from ingest.simulation.spoiled import (
    Form,
    Spoiled,
    amounts,
    changed,
    column_of,
    line_of,
    named,
    shown,
    tables_of,
)
from ingest.simulation.world import World
from ingest.template_values import TableValues, total_columns

__all__ = ["Form", "Spoiled", "chooser", "kinds", "plant"]

COMMUNE_SUM = "commune_sum"
UNIT_LINE = "Đơn vị tính: "
THOUSAND = 1000


def plant(form: Form, kind: str) -> Spoiled | None:
    """The form with this kind of error in it, or None where the form has no place for it."""
    return _PLANTERS[kind](form)


def kinds() -> tuple[str, ...]:
    """The kinds that spoil a form's content; what spoils a file is write.py's business."""
    return tuple(_PLANTERS)


def chooser(world: World, *key: object) -> Callable[[Sequence[Key]], Key | None]:
    """Picks one of some places, by the seed."""

    def choose(places: Sequence[Key]) -> Key | None:
        if not places:
            return None
        return sorted(places)[int(len(places) * world.chance("place", *key))]

    return choose


def _wrong_total(form: Form) -> Spoiled | None:
    added = named(form, "totals")
    places: list[Key] = []
    for number, table in tables_of(form):
        computed = TableValues(number, table, form.values, total_columns(form.contract))
        places += [
            (number, row, column.field)
            for row in table.parts_of()
            for column in table.columns
            if column.field in added
            and column.formula is None
            and (value := computed.computed(row, column)) is not None
            and value >= 100
        ]
    place = form.choose(places)
    if place is None:
        return None
    table = form.contract.tables[place[0] - 1]
    right = TableValues(place[0], table, form.values, total_columns(form.contract)).computed(
        place[1], column_of(form, place)
    )
    assert right is not None
    wrong = right + max(Decimal(50), (right / 50).quantize(Decimal(1)))
    spoiled = changed(form, "wrong_total", place, wrong)
    return spoiled and Spoiled("wrong_total", spoiled.values, place, str(right), str(wrong))


def _digit_swapped(form: Form) -> Spoiled | None:
    """Two neighbouring digits of a part change places, where its cumulative figure shows it."""
    if not form.previous and period_of(form.period_key).start.month > 1:
        return None  # nothing was reported before that the cumulative figure could be held against
    whole = {c.part: c.cumulative for c in form.contract.checks if isinstance(c, AddsUpCheck)}
    fields = set(whole)
    places = []
    for candidate in amounts(form, least=100, fields=fields):
        if (*candidate[:2], whole[candidate[2]]) not in form.values:
            continue  # what does not add up over the year has no cumulative figure
        digits = str(int(Decimal(str(form.values[candidate]))))
        if digits[0] != digits[1] and digits[1] != "0":
            places.append(candidate)
    place = form.choose(places)
    if place is None:
        return None
    digits = str(int(Decimal(str(form.values[place]))))
    return changed(form, "digit_swapped", place, Decimal(digits[1] + digits[0] + digits[2:]))


def _unit_1000(form: Form) -> Spoiled | None:
    fields = named(form, "jump")
    places = [
        place
        for place in amounts(form, fields=fields)
        if isinstance(form.previous.get(place), Decimal) and form.previous[place] != 0
    ]
    place = form.choose(places)
    if place is None:
        return None
    return changed(form, "unit_1000", place, Decimal(str(form.values[place])) * 1000)


def _required_blank(form: Form) -> Spoiled | None:
    places = [
        place
        for place in form.values
        if column_of(form, place).required and column_of(form, place).role == "value"
    ]
    return changed(form, "required_blank", form.choose(places), None)


def _text_in_number(form: Form) -> Spoiled | None:
    place = form.choose(amounts(form, least=1))
    if place is None:
        return None
    return changed(form, "text_in_number", place, f"khoảng {form.values[place]} (ước)")


def _falling_cumulative(form: Form) -> Spoiled | None:
    fields = named(form, "not_falling")
    before = related(form.period_key, "previous")
    if before is None or before[:4] != form.period_key[:4]:
        return None
    places = [
        place
        for place in amounts(form, least=50, fields=fields)
        if isinstance(value := form.previous.get(place), Decimal) and value >= 50
    ]
    place = form.choose(places)
    if place is None:
        return None
    less = (Decimal(str(form.previous[place])) * Decimal("0.6")).quantize(Decimal(1))
    return changed(form, "falling_cumulative", place, less)


def _stale_period(form: Form) -> Spoiled | None:
    if not named(form, "not_stale") or not form.previous:
        return None
    return Spoiled("stale_period", dict(form.previous), None)


def _missing_row(form: Form) -> Spoiled | None:
    """A line that carries no sums below it is left out of the sheet."""
    rows = {
        (number, line.code, "")
        for number, table in tables_of(form)
        if table.rows.kind == "lines"
        for line in table.lines
        if not any(other.parent == line.code for other in table.lines)
        and any(row == line.code for _, row, _ in form.values)
    }
    place = form.choose(list(rows))
    if place is None:
        return None
    values = {key: value for key, value in form.values.items() if key[:2] != place[:2]}
    return Spoiled("missing_row", values, place, edit="row")


def _negative(form: Form) -> Spoiled | None:
    places = [
        place
        for place in amounts(form)
        if column_of(form, place).min == 0 or _is_never_negative(form, place)
    ]
    place = form.choose(places)
    if place is None:
        return None
    return changed(form, "negative", place, -Decimal(str(form.values[place])))


def _is_never_negative(form: Form, place: Key) -> bool:
    """Whether the contract says that a row whose unit counts things is not below nothing."""
    line = line_of(form, place)
    unit = reference.units().get((line and line.unit_code) or "")
    return (
        unit is not None
        and unit.is_never_negative
        and any(
            check.column == place[2] and check.when.never_negative and check.min == 0
            for check in form.contract.checks
            if isinstance(check, BoundsCheck)
        )
    )


def _share_over_100(form: Form) -> Spoiled | None:
    """In a column that ends at 100, or on a row in % where the contract says that such rows do."""
    places = [
        place
        for place, value in form.values.items()
        if isinstance(value, Decimal)
        and (column_of(form, place).max == 100 or _is_bounded_share(form, place))
    ]
    return changed(form, "share_over_100", form.choose(places), Decimal("112.5"))


def _is_bounded_share(form: Form, place: Key) -> bool:
    table = form.contract.tables[place[0] - 1]
    units = {line.unit_code for line in table.lines if line.code == place[1]}
    return any(
        check.column == place[2]
        and check.max == 100
        and units & set(check.when.unit)
        and not check.when.measure
        for check in form.contract.checks
        if isinstance(check, BoundsCheck)
    )


def _commune_sum(form: Form) -> Spoiled | None:
    """A commune's figure that is right in itself and of the right size, and not the true one."""
    places = [
        place
        for place in amounts(form, least=50)
        if place in form.summed and not _is_a_part(form, place)
    ]
    place = form.choose(places)
    if place is None:
        return None
    more = (Decimal(str(form.values[place])) * Decimal("1.1")).quantize(Decimal(1))
    return changed(form, COMMUNE_SUM, place, more)


def _is_a_part(form: Form, place: Key) -> bool:
    """Whether a line is a part of another: more of it may show there."""
    table = form.contract.tables[place[0] - 1]
    return any(line.code == place[1] and line.parent is not None for line in table.lines)


def _broken_formula(form: Form) -> Spoiled | None:
    """A ratio or a difference typed over, so that it does not follow from its columns."""
    if not any(check.rule == "formulas" for check in form.contract.checks):
        return None
    right: dict[Key, Decimal] = {}
    for number, table in tables_of(form):
        computed = TableValues(number, table, form.values, total_columns(form.contract))
        formulas = [column for column in table.columns if column.formula]
        for row in {row for at, row, _ in form.values if at == number}:
            for column in formulas:
                value = computed.computed(row, column)
                if value is not None and value >= 1:
                    right[number, row, column.field] = value
    place = form.choose(list(right))
    if place is None:
        return None
    wrong = (right[place] * Decimal("1.5")).quantize(Decimal(1)) + 5
    spoiled = changed(form, "broken_formula", place, wrong)
    return spoiled and Spoiled(
        "broken_formula", spoiled.values, place, str(right[place]), str(wrong)
    )


def _part_above_whole(form: Form) -> Spoiled | None:
    """A column above the one that limits it: more paid than planned."""
    limits = {c.column: c.limit for c in form.contract.checks if isinstance(c, WithinCheck)}
    places = [
        place
        for place in amounts(form, least=0, fields=set(limits))
        if isinstance(form.values.get((*place[:2], limits[place[2]])), Decimal)
    ]
    place = form.choose(places)
    if place is None:
        return None
    limit = Decimal(str(form.values[(*place[:2], limits[place[2]])]))
    more = (limit * Decimal("1.3")).quantize(Decimal(1)) + 10
    return changed(form, "part_above_whole", place, more)


def _impossible_date(form: Form) -> Spoiled | None:
    """A day that no calendar has, typed as text."""
    places = [
        place
        for place in form.values
        if column_of(form, place).type == "date" and column_of(form, place).role != "label"
    ]
    return changed(form, "impossible_date", form.choose(places), "31/02/2026")


def _duplicate_row(form: Form) -> Spoiled | None:
    """A row of records with another row's key."""
    for number, table in tables_of(form):
        if table.rows.kind != "records":
            continue
        rows = sorted({row for at, row, _ in form.values if at == number}, key=int)
        if len(rows) < 2:
            continue
        last, first = rows[-1], rows[0]
        values = dict(form.values)
        for field in table.rows.key:
            if (number, first, field) in values:
                values[number, last, field] = values[number, first, field]
        place = (number, last, table.rows.key[0])
        was, now = form.values.get(place), values.get(place)
        return Spoiled("duplicate_row", values, place, shown(was), shown(now))
    return None


def _missing_column(form: Form) -> Spoiled | None:
    """A column of figures that the form must have, deleted with its header."""
    places = []
    for number, table in tables_of(form):
        figures = [c for c in table.columns if c.role == "value" and c.is_numeric]
        if len(figures) < 4:
            continue
        rows = sorted({row for at, row, _ in form.values if at == number})
        places += [(number, rows[0], c.field) for c in figures if rows and c.required]
    place = form.choose(places)
    if place is None:
        return None
    gone = {k for k in form.values if k[0] == place[0] and k[2] == place[2]}
    values = {key: value for key, value in form.values.items() if key not in gone}
    return Spoiled("missing_column", values, place, edit="column")


def _error_cell(form: Form) -> Spoiled | None:
    """A formula of the sender's own that ends in an error."""
    place = form.choose(amounts(form, least=0))
    if place is None:
        return None
    return Spoiled(
        "error_cell", dict(form.values), place, shown(form.values[place]), "#DIV/0!", edit="cell"
    )


def _unknown_line(form: Form) -> Spoiled | None:
    """A printed line renamed."""
    rows = {
        (number, row, column.field)
        for number, table in tables_of(form)
        if table.rows.kind == "lines"
        for column in table.columns
        if column.role == "line"
        for at, row, _ in form.values
        if at == number
    }
    place = form.choose(list(rows))
    if place is None:
        return None
    return Spoiled(
        "unknown_line", dict(form.values), place, "", "Nội dung tự ghi thêm", edit="cell"
    )


def _unknown_unit(form: Form) -> Spoiled | None:
    places = [place for place in form.values if column_of(form, place).type == "unit"]
    return changed(form, "unknown_unit", form.choose(places), "thúng")


def _wrong_unit_line(form: Form) -> Spoiled | None:
    """The line above the table names a unit a thousand times larger; the figures stay."""
    unit = _money_unit(form)
    larger = [
        other
        for other in reference.units().values()
        if unit is not None
        and other.base_code == unit.base_code
        and other.factor == unit.factor * THOUSAND
    ]
    if unit is None or not larger:
        return None
    was, now = f"{UNIT_LINE}{unit.name_vi}", f"{UNIT_LINE}{larger[0].name_vi}"
    return Spoiled("wrong_unit_line", dict(form.values), None, was, now, said_unit=now)


def _unknown_unit_line(form: Form) -> Spoiled | None:
    unit = _money_unit(form)
    if unit is None:
        return None
    was, now = f"{UNIT_LINE}{unit.name_vi}", f"{UNIT_LINE}quan tiền"
    return Spoiled("unknown_unit_line", dict(form.values), None, was, now, said_unit=now)


def _money_unit(form: Form) -> reference.Unit | None:
    """The one unit of a form's amounts, which the line above the table names."""
    columns = [column for _, table in tables_of(form) for column in table.columns]
    money = {column.unit for column in columns if column.type == "money"}
    return reference.units()[money.pop() or ""] if len(money) == 1 else None


def _unit_of_column(form: Form) -> Spoiled | None:
    """A whole column of amounts typed in another unit than the period before."""
    places: dict[tuple[int, str], list[Key]] = {}
    for place in amounts(form, least=1):
        if column_of(form, place).type == "money":
            places.setdefault((place[0], place[2]), []).append(place)
    alike = [
        min(column)
        for column in places.values()
        if all(_is_like_before(form, place) for place in column)
    ]
    chosen = form.choose(alike)
    if chosen is None:
        return None
    values = dict(form.values)
    for each in places[chosen[0], chosen[2]]:
        values[each] = Decimal(str(form.values[each])) * THOUSAND
    was, now = form.values[chosen], values[chosen]
    return Spoiled("unit_of_column", values, chosen, shown(was), shown(now))


def _is_like_before(form: Form, place: Key) -> bool:
    """Whether a figure is about what it was the period before."""
    now, then = form.values[place], form.previous.get(place)
    if not isinstance(now, Decimal) or not isinstance(then, Decimal) or then == 0:
        return False
    return Decimal("0.7") <= now / then <= Decimal("1.4")


def _not_of_line(form: Form) -> Spoiled | None:
    """A figure where the line has nothing to say: imports, on a line of exports only."""
    places = [
        (number, line.code, column.field)
        for number, table in tables_of(form)
        if table.rows.kind == "lines"
        for line in table.lines
        if any(at == number and row == line.code for at, row, _ in form.values)
        for column in table.columns
        if column.role == "value"
        and column.is_numeric
        and column.formula is None
        and not column.is_asked_of(line)
    ]
    place = form.choose(places)
    if place is None:
        return None
    return Spoiled("not_of_line", dict(form.values), place, "x", "12.5", edit="cell")


def _unit_of_line(form: Form) -> Spoiled | None:
    """The unit printed on a line typed over with one of another quantity."""
    places = []
    for number, table in tables_of(form):
        if table.rows.kind != "lines":
            continue
        units = [c for c in table.columns if c.role == "dimension" and c.type == "unit"]
        figures = [
            c.field
            for c in table.columns
            if c.role == "value"
            and c.unit is None
            and c.measure not in reference.units_of_measures()
        ]
        places += [
            (number, line.code, column.field)
            for line in table.lines
            if line.unit_code is not None
            and any((number, line.code, field) in form.values for field in figures)
            for column in units
        ]
    place = form.choose(places)
    if place is None:
        return None
    line = line_of(form, place)
    units_by_code = reference.units()
    own = units_by_code[(line and line.unit_code) or ""]
    other = next(
        unit for unit in units_by_code.values() if unit.base_code not in ("vnd", own.base_code)
    )
    return Spoiled(
        "unit_of_line", dict(form.values), place, own.name_vi, other.name_vi, edit="cell"
    )


def _unknown_code(form: Form) -> Spoiled | None:
    places = [
        place
        for place in form.values
        if column_of(form, place).type == "code" and place in form.values
    ]
    return changed(form, "unknown_code", form.choose(places), "mã lạ 99")


def _wrong_period(form: Form) -> Spoiled | None:
    before = related(form.period_key, "previous")
    if before is None:
        return None
    return Spoiled("wrong_period", dict(form.values), None, form.period_key, before, before)


_PLANTERS: dict[str, Callable[[Form], Spoiled | None]] = {
    "wrong_total": _wrong_total,
    "digit_swapped": _digit_swapped,
    "unit_1000": _unit_1000,
    "required_blank": _required_blank,
    "text_in_number": _text_in_number,
    "falling_cumulative": _falling_cumulative,
    "stale_period": _stale_period,
    "missing_row": _missing_row,
    "negative": _negative,
    "share_over_100": _share_over_100,
    COMMUNE_SUM: _commune_sum,
    "unknown_code": _unknown_code,
    "wrong_period": _wrong_period,
    "broken_formula": _broken_formula,
    "part_above_whole": _part_above_whole,
    "impossible_date": _impossible_date,
    "duplicate_row": _duplicate_row,
    "missing_column": _missing_column,
    "error_cell": _error_cell,
    "unknown_line": _unknown_line,
    "unknown_unit": _unknown_unit,
    "wrong_unit_line": _wrong_unit_line,
    "unknown_unit_line": _unknown_unit_line,
    "unit_of_column": _unit_of_column,
    "not_of_line": _not_of_line,
    "unit_of_line": _unit_of_line,
    **LAW_PLANTERS,
}
