"""Fills a form: every input cell of every table, from the world, the projects and the words.

What a cell holds follows from its column's measure and type, its line's quantity and its row's key.
Totals and formulas are left to the template, which computes them. A column that nothing here can
fill is an error, never a blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from ingest import reference
from ingest.contract import Column, Contract, Table, WithinCheck
from ingest.period import Period, period_of, related
from ingest.reference import Line
from ingest.simulation.lines import Tree
from ingest.simulation.projects import Project, Projects
from ingest.simulation.world import World, split

Value = Decimal | str | date
Key = tuple[int, str, str]
ESTIMATES = ("estimate", "plan_year")
RATIOS = {
    "ratio_to_same_period", "ratio_to_previous", "ratio_to_base_year", "ratio_to_december",
    "cumulative_ratio", "average_ratio", "growth", "plan_ratio", "planned_growth",
    "quantity_ratio_to_previous", "quantity_cumulative_ratio",
}  # fmt: skip


class NotFillable(ValueError):
    """A column that the simulation has no value for: form, table and field."""


@dataclass(frozen=True)
class Filler:
    """Fills forms of one world."""

    world: World
    projects: Projects

    def values(self, contract: Contract, unit: str, period_key: str) -> dict[Key, Value]:
        """Every input cell of a form for a unit and a period."""
        found: dict[Key, Value] = {}
        for number, table in enumerate(contract.tables, start=1):
            if table.rows.kind == "lines":
                cells = _Lines(self, contract, table, unit, period_key).cells()
            else:
                cells = _Records(self, contract, table, unit, period_key).cells()
            found |= {(number, row, field): value for row, field, value in cells}
        return found


def _months_of(period: Period) -> range:
    return range(period.start.month - 1, period.end.month)


class _Lines:
    """One table of fixed lines."""

    def __init__(
        self, filler: Filler, contract: Contract, table: Table, unit: str, period_key: str
    ) -> None:
        self.world = filler.world
        self.contract = contract
        self.table = table
        self.unit = unit if unit in self.world.communes else self.world.province
        self.sender = unit
        self.period = period_of(period_key)
        self.tree = Tree(table.rows.list or "", table.lines)
        self.totals = table.parts_of()
        self.adds_up = any(check.rule == "adds_up" for check in contract.checks)

    def cells(self) -> Iterator[tuple[str, str, Value]]:
        for line in self.table.lines_of(self.sender):
            if line.children == "heading":
                continue
            for column in self.table.columns:
                if column.role not in ("value", "bound", "label") or column.formula:
                    continue
                if not column.is_asked_of(line):
                    continue
                if column.is_numeric and column.role != "label":
                    if line.code in self.totals and column.measure not in RATIOS:
                        continue
                    value = self._number(line, column)
                elif column.field in self.world.model.multiples:
                    of, times = self.world.model.multiples[column.field]
                    number = self._number(line, self.table.column(of))
                    value = number * times if number is not None else None
                elif column.is_numeric:
                    value = self._shown_again(line, column)
                else:
                    value = None
                if value is not None:
                    yield line.code, column.field, value

    def _shown_again(self, line: Line, column: Column) -> Decimal | None:
        """A label of numbers repeats last period's figure of the column that it stands beside."""
        twin = next(
            (
                other
                for other in self.table.columns
                if other.role == "value"
                and other.measure in ("level", "outturn")
                and other.dimensions.get("direction") == column.dimensions.get("direction")
            ),
            None,
        )
        previous = related(self.period.key, "previous")
        if twin is None or previous is None or line.code in self.totals:
            return None
        return self._at(previous, line, twin)

    def _at(self, period_key: str | None, line: Line, column: Column) -> Decimal | None:
        """The column's figure as of another period, in that period's own right."""
        if period_key is None:
            return None
        then = _Lines.__new__(_Lines)
        then.__dict__.update(self.__dict__)
        then.period = period_of(period_key)
        return then._number(line, column.model_copy(update={"period": None}))

    # --- one figure -----------------------------------------------------------------------------

    def _number(self, line: Line, column: Column) -> Decimal | None:
        unit_code = column.unit or line.unit_code
        measure = column.measure or "level"
        if column.field in self.world.model.beside:
            return self._beside(line, column)
        if column.period == "previous_year":
            return self._at(related(self.period.key, "previous_year"), line, column)
        if column.role == "bound":
            return self._within_bounds(line, column)
        if measure in RATIOS:
            return self._ratio(line, column, measure)
        if unit_code is None:
            return None  # a line whose quantity is not kept in a unit of its own
        unit = reference.units()[unit_code]
        if not self._is_flow(line, unit.base_code, measure):
            if measure in ("cumulative", "outturn_cumulative"):
                return None  # what is no flow does not add up over months
            return self._level(line, unit_code, measure)
        if measure == "opening_balance":  # more than a year's uses, so that it lasts
            months = self.world.line_flow(
                self.tree, line.code, unit.base_code, self.unit, self.period.end.year
            )
            steps = 2 * sum(months) + 1
        else:
            steps = self._steps(line, column, unit.base_code, measure, self.period)
        return Decimal(steps * self.world.step(unit.base_code)) / unit.factor

    def _beside(self, line: Line, column: Column) -> Decimal | None:
        """A count beside amounts (vehicles of a gate): of the list of such counts, the line that
        stands for the same thing."""
        name = self.world.model.beside[column.field]
        if name == self.tree.name:
            return None
        lines = reference.lines(name)
        same = [x for x in lines if x.dimensions == line.dimensions]
        if not same or same[0].unit_code == line.unit_code:  # the line is such a count itself
            return None
        unit = reference.units()[column.unit or ""]
        months = self.world.line_flow(
            Tree(name, lines), same[0].code, unit.base_code, self.unit, self.period.end.year
        )
        return Decimal(sum(months[month] for month in _months_of(self.period)))

    def _within_bounds(self, line: Line, column: Column) -> Decimal | None:
        """A column that no fact takes (a scenario, a limit): somewhere within its bounds."""
        if column.min is None or column.max is None:
            return None
        low, high = float(column.min), float(column.max)
        place = self.world.between(0.38, 0.42, column.field, line.code, self.period.key)
        return Decimal(str(round(low + (high - low) * place, 2)))

    def _is_flow(self, line: Line, base_unit: str, measure: str) -> bool:
        if measure not in ("level", "cumulative"):
            return measure not in ("rank", "rank_change")
        return base_unit in self.world.model.steps

    def _steps(
        self, line: Line, column: Column, base_unit: str, measure: str, period: Period
    ) -> int:
        """A flow in steps: of the year for an estimate, of the period, or since 1 January."""
        component = self._component(line, column, measure)
        if component is not None and line.code in self.totals:
            return sum(
                part.sign * self._steps(part, column, base_unit, measure, period)
                for part in self.totals[line.code]
            )
        months = self._months(line, base_unit, measure, period)
        if component is None:
            return sum(months)
        # month by month: what is cumulative is exactly what the months were
        weights, place = component
        return sum(split(month, weights)[place] for month in months)

    def _component(
        self, line: Line, column: Column, measure: str
    ) -> tuple[tuple[float, ...], int] | None:
        """The part of a line's figure that a column holds: a budget level, a direction."""
        for name, parts in self.world.model.components.items():
            if line.dimension(name) is not None:
                continue  # all of the line is of one part
            names = tuple(parts)
            for part in (*column.dimensions.values(), measure.rpartition("_")[2]):
                if part in names:
                    return tuple(parts.values()), names.index(part)
        return None

    def _months(self, line: Line, base_unit: str, measure: str, period: Period) -> tuple[int, ...]:
        """What a measure takes of a line's flow: months, or one element for an estimate."""
        year = period.end.year
        if measure.startswith(ESTIMATES):
            [estimate] = self.world.line_flow(
                self.tree, line.code, base_unit, self.unit, year, estimate=True
            )
            # capital is planned with room; an estimate of revenue is what comes, or a little less
            return (estimate * 6 // 5 if measure.startswith("plan") else estimate,)
        months = self.world.line_flow(self.tree, line.code, base_unit, self.unit, year)
        if "cumulative" in measure or measure in self.world.model.since_january:
            months = months[: period.end.month]
        elif measure not in ("projected", "settled"):
            months = tuple(months[month] for month in _months_of(period))
        part = self.world.model.parts_of_flow.get(measure)
        return tuple(int(month * part) for month in months) if part is not None else months

    def _ratio(self, line: Line, column: Column, measure: str) -> Decimal | None:
        """Against last year or last month: from the form's flows, or an index without any."""
        if measure.startswith("quantity_") and line.unit_code is None:
            return None  # a line whose quantity is not kept
        unit_code = self._unit_of_flow(line)
        base = reference.units()[unit_code].base_code if unit_code else None
        is_planned = measure == "planned_growth"  # set before the year, whatever came
        if base is not None and base in self.world.model.steps and not is_planned:
            kind = "cumulative" if measure.endswith("cumulative_ratio") else "level"
            if self.contract.fact == "budget":
                kind = "outturn_cumulative"
            to_previous = measure.endswith("ratio_to_previous")
            relation = "previous" if to_previous else "same_period_last_year"
            other = related(self.period.key, relation)
            now = self._steps(line, column, base, kind, self.period)
            then = self._steps(line, column, base, kind, period_of(other)) if other else 0
            value = Decimal(100 * now) / then if then else Decimal(100)
        else:
            low, high = self.world.model.indices.get(measure, (100.5, 109.5))
            value = Decimal(str(self.world.between(low, high, measure, line.code, self.period.key)))
        if measure == "growth":
            value = value - 100 if value > 50 else value
        return value.quantize(Decimal("0.01"))

    def _unit_of_flow(self, line: Line) -> str | None:
        """The unit of the flow that a ratio is about: the indicator's, the table's amounts', the
        line's."""
        if line.indicator_code is not None:
            return _indicator_units()[line.indicator_code]
        for column in self.table.columns:
            is_amount = column.role == "value" and column.required and column.unit is not None
            if (
                is_amount
                and reference.units()[column.unit or ""].base_code in self.world.model.steps
            ):
                return column.unit
        if line.unit_code is not None:
            return line.unit_code
        units = [c.unit for c in self.table.columns if c.role == "value" and c.type == "money"]
        return units[0] if units else None

    def _level(self, line: Line, unit_code: str, measure: str) -> Decimal:
        """A stock or rate. What adds up over communes is split, in whole steps."""
        unit = reference.units()[unit_code]
        quantity = self.tree.quantity(line.code)
        period = self.period
        code = quantity if measure in ("level", "rank") else f"{quantity}#{measure.split('_')[0]}"
        province = self.world.level(
            code, unit_code, self.world.province, period.end.year, period.end.month
        )
        is_whole = is_discrete(unit_code) or unit.base_code in self.world.model.steps
        if self.unit in self.world.communes and self.tree.is_of_province(line.code):
            total = round(province)
            return Decimal(self.world.of_unit(total, quantity, self.unit))
        value = province
        if self.unit in self.world.communes:
            value = self.world.level(code, unit_code, self.unit, period.end.year, period.end.month)
        if is_whole or self.tree.is_of_province(line.code):
            return Decimal(round(value))
        return Decimal(str(round(value, 2)))


@cache
def _indicator_units() -> dict[str, str]:
    return {row["indicator_code"]: row["unit_code"] for row in reference.read_seed("indicator")}


def is_discrete(unit_code: str) -> bool:
    """Whether a unit counts whole things."""
    return unit_code in _discrete()


@cache
def _discrete() -> set[str]:
    return {
        r["unit_code"] for r in reference.read_seed("unit_of_measure") if r["is_discrete"] == "true"
    }


class _Records:
    """One table of records: projects, targets, dossiers."""

    def __init__(
        self, filler: Filler, contract: Contract, table: Table, unit: str, period_key: str
    ) -> None:
        self.world = filler.world
        self.projects = filler.projects
        self.contract = contract
        self.table = table
        self.unit = unit
        self.period = period_of(period_key)
        self.limits = [check for check in contract.checks if isinstance(check, WithinCheck)]

    def cells(self) -> Iterator[tuple[str, str, Value]]:
        for number, row in enumerate(self._rows(), start=1):
            for field, value in row.items():
                yield str(number), field, value

    def _rows(self) -> Iterator[dict[str, Value]]:
        fields = {column.field for column in self.table.columns}
        if "project_code" in fields:
            projects = self.projects.of_unit(self.unit, self.period.end.year)
            for place, project in enumerate(projects, start=1):
                yield self._row(f"{place}", project, {})
        elif "indicator_code" in self.table.rows.key:
            for place, entry in enumerate(self._indicators(), start=1):
                yield self._row(f"{place}", None, entry)
        else:
            for place in range(1, 4):
                yield self._row(f"{place}", None, {})

    def _indicators(self) -> Iterator[dict[str, Value]]:
        """The targets of the model: of the province, or each commune's part of them."""
        for code, target in self.world.model.targets.items():
            entry: dict[str, Value] = {"indicator_code": code}
            value = Decimal(str(target["value"]))
            if self.unit in self.world.communes:
                if target["aggregation"] == "sum":
                    value = Decimal(self.world.of_unit(int(value), code, self.unit))
                entry["aggregation"] = reference.vocabulary("aggregation")[target["aggregation"]]
            entry["value"] = value
            entry["unit"] = reference.units()[target["unit"]].name_vi
            yield entry

    def _row(
        self, name: str, project: Project | None, given: Mapping[str, Value]
    ) -> dict[str, Value]:
        row: dict[str, Value] = {}
        for column in self.table.columns:
            if column.formula or column.role == "ratio":
                continue
            value = given.get(column.field)
            if value is None and project is not None:
                value = self.projects.value(project, column, self.period)
            if value is None and column.field not in given:
                value = self._value(column, name, row, is_project=project is not None)
            if value is not None:
                row[column.field] = value
            elif column.required:
                raise NotFillable(f"{self.contract.id}: no value for {column.field}")
        for check in self.limits:
            value, limit = row.get(check.column), row.get(check.limit)
            if isinstance(value, Decimal) and isinstance(limit, Decimal):
                row[check.column] = min(value, limit)
        return row

    def _value(
        self, column: Column, name: str, row: Mapping[str, Value], *, is_project: bool
    ) -> Value | None:
        key = (self.contract.form, self.unit, self.period.key, name, column.field)
        if column.role == "milestone":
            return None
        if column.field in self.world.model.fixed:
            fixed = self.world.model.fixed[column.field]
            return str(fixed).format(unit=self.unit, n=name, year=self.period.end.year)
        match column.type:
            case "code":
                return self._code(column, key)
            case "period":
                return self.period.label_vi
            case "comparator":
                return ">="
            case "date":
                days = (self.period.end - self.period.start).days
                return self.period.start + timedelta(int(days * self.world.chance(*key)))
            case "text" | "unit":
                texts = self.world.model.words.get(column.field, self.world.model.words["text"])
                text = texts[int(len(texts) * self.world.chance(*key))]
                return text.format(unit=self.unit, n=name, year=self.period.end.year)
        if column.role == "bound" and not column.required:
            return None
        low = float(column.min) if column.min is not None else 0.0
        high = float(column.max) if column.max is not None else 100.0
        return Decimal(round(low + (high - low) * self.world.between(0.2, 0.6, *key)))

    def _code(self, column: Column, key: tuple[object, ...]) -> str:
        allowed = self.world.model.allowed.get(column.field)
        if allowed is None:
            allowed = tuple(dict.fromkeys(reference.coded_list(column.list or "").values()))
        code = allowed[int(len(allowed) * self.world.chance(*key))]
        try:
            return reference.vocabulary(column.list or "")[code]
        except KeyError:
            return code
