"""Fills a form: every input cell of every table, from the world, the projects and the words.

What a cell holds follows from its column's measure and type, its line's quantity and its row's key.
Totals and formulas are left to the template, which computes them. A column that nothing here can
fill is an error, never a blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from ingest import reference
from ingest.contract import Column, Contract, Table, WithinCheck
from ingest.period import Period, period_of, related
from ingest.reference import Line
from ingest.simulation.dice import split
from ingest.simulation.lines import Tree
from ingest.simulation.model import Cut
from ingest.simulation.private import private_rows
from ingest.simulation.projects import Project, Projects
from ingest.simulation.targets import Targets
from ingest.simulation.world import World

Value = Decimal | str | date
Key = tuple[int, str, str]
ESTIMATES = ("estimate", "plan_year")
MILLION = 1_000_000
REFUSED = 0.2  # of the requests to move capital
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


def _less(whole: Sequence[int], part: Sequence[int]) -> tuple[int, ...]:
    return tuple(a - b for a, b in zip(whole, part, strict=True))


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
        self.has_balance = any(c.measure == "opening_balance" for c in table.columns)

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
                elif column.is_numeric and column.field in self.world.model.repeats:
                    quantity = self.world.model.repeats[column.field]
                    value = Decimal(self._stock(quantity, self.period))
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
        if measure in self.world.model.states:
            return self._state(line, measure)
        if column.period == "previous_year":
            return self._at(related(self.period.key, "previous_year"), line, column)
        if column.role == "bound":
            return self._within_bounds(line, column)
        if measure in RATIOS:
            return self._ratio(line, column, measure)
        if line.code in self.world.model.nil_lines:
            return Decimal(0)
        if unit_code is None:
            return None  # a line whose quantity is not kept in a unit of its own
        unit = reference.units()[unit_code]
        if self.tree.name in self.world.model.capital_lists:
            amount = self._capital(line, measure)
            return Decimal(amount * MILLION) / unit.factor
        if self.has_balance and measure != "level":
            moved = self._balance(line, measure, unit.base_code)
            return Decimal(moved * self.world.step(unit.base_code)) / unit.factor
        if not self._is_flow(line, unit.base_code, measure):
            if measure in ("cumulative", "outturn_cumulative"):
                return None  # what is no flow does not add up over months
            return self._level(line, unit_code, measure)
        steps = self._steps(line, column, unit.base_code, measure, self.period)
        return steps * self.world.step(unit.base_code) / unit.factor

    # --- money of the register of projects ------------------------------------------------------

    def _capital(self, line: Line, measure: str) -> int:
        """A source's plan, payments and volume, in millions of đồng."""
        model = self.world.model
        source, apart = line.dimension("source_code") or "", model.capital_lists[self.tree.name]
        year, last = self.period.end.year, self.period.end.month
        first = self.period.start.month - 1
        sources = self.world.projects.sources if source == apart else (source,)
        flow = self.world.projects.flow(sources, year)
        recurrent = self.world.recurrent(flow)
        plan, months, volume = flow.plan, flow.months, flow.volume_months
        if source == apart:  # what of all sources was carried over from last year's plan
            plan, months, volume = flow.extended, flow.extended_months, flow.extended_volume
        elif apart is not None:
            months = _less(months, flow.extended_months)
            volume = _less(volume, flow.extended_volume)
        known = {
            "plan_year": plan,
            "plan_assigned_central": plan,
            "plan_assigned_local": plan,
            "plan_extended": flow.extended,
            "disbursed": sum(months[first:last]),
            "disbursed_cumulative": sum(months[:last]),
            "volume": sum(volume[first:last]),
            "volume_cumulative": sum(volume[:last]),
            "projected": sum(months),
            "counterpart_required": plan * 3 // 10,
            "counterpart_allocated": plan * 3 // 10 * last // 12,
            "recurrent_assigned": recurrent.plan,
            "recurrent_disbursed_cumulative": sum(recurrent.months[:last]),
        }
        return known[measure]

    # --- balances -------------------------------------------------------------------------------

    def _stock(self, code: str, period: Period) -> int:
        return self.world.stock(code, self.unit, period.end.year, period.end.month)

    def _balance(self, line: Line, measure: str, base_unit: str) -> int:
        """What comes to a balance and goes from it: every period opens with what the last one
        left. A stock of the world (poor households) rises and falls as the stock does."""
        year = self.period.end.year
        known = self.world.model.quantities.get(self.tree.quantity(line.code))
        if known is not None and known.level is not None:
            opening, closing = (
                self.world.stock(self.tree.quantity(line.code), self.unit, each, 12)
                for each in (year - 1, year)
            )
            again, new = closing // 60, closing // 25
            moved = {
                "opening_balance": opening,
                "inflow_again": again,
                "inflow_new": new,
                "outflow": max(opening + again + new - closing, 0),
            }
            return moved[measure]
        months = self.world.line_flow(self.tree, line.code, base_unit, self.unit, year)
        used = sum(months[: self.period.start.month - 1])
        now = sum(months[month] for month in _months_of(self.period))
        if (
            measure == "opening_balance"
        ):  # a tenth more than the year uses; as much comes as is lost
            return sum(months) * 11 // 10 - used
        return int(now * self.world.model.parts_of_flow.get(measure, 1))

    def _beside(self, line: Line, column: Column) -> Decimal | None:
        """A count beside amounts (vehicles of a gate): of the list of such counts, the line that
        stands for the same thing."""
        name, share = self.world.model.beside[column.field]
        lines = reference.lines(name)
        same = [x for x in lines if x.dimensions == line.dimensions]
        if not same:
            return None
        [counted, *_] = same
        # a line of another list that is such a count itself has nothing beside it
        if name != self.tree.name and counted.unit_code == line.unit_code:
            return None
        unit = reference.units()[counted.unit_code or ""]
        months = self.world.line_flow(
            Tree(name, lines), counted.code, unit.base_code, self.unit, self.period.end.year
        )
        return Decimal(sum(int(months[month] * share) for month in _months_of(self.period)))

    def _state(self, line: Line, measure: str) -> Decimal:
        """What neither adds up nor drifts (hours of waiting): a line's own, more or less."""
        low, high = self.world.model.states[measure]
        own = self.world.between(low, high, measure, line.code)
        now = self.world.between(0.85, 1.15, measure, line.code, self.period.key)
        return Decimal(str(round(own * now, 1)))

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
        known = self.world.model.quantities.get(self.tree.quantity(line.code))
        if known is not None and known.level is not None:
            return False  # dollars per head add up no more than heads do
        return base_unit in self.world.model.steps

    def _steps(
        self, line: Line, column: Column, base_unit: str, measure: str, period: Period
    ) -> Decimal:
        """A flow in steps: of the year for an estimate, of the period, or since 1 January."""
        return sum(self._by_month(line, column, base_unit, measure, period), Decimal(0))

    def _by_month(
        self, line: Line, column: Column, base_unit: str, measure: str, period: Period
    ) -> tuple[Decimal, ...]:
        """The same month by month (one element for an estimate): what is cumulative is exactly
        what the months were."""
        component = self._component(line, column, measure)
        cut = self._cut_of(line)
        if cut is not None:
            return self._cut(line, column, base_unit, measure, period, *cut)
        if component is None:
            return tuple(map(Decimal, self._months(line, base_unit, measure, period)))
        if line.code in self.totals:
            parts = [
                [part.sign * m for m in self._by_month(part, column, base_unit, measure, period)]
                for part in self.totals[line.code]
            ]
            return tuple(sum(each, Decimal(0)) for each in zip(*parts, strict=True))
        names, name = component
        of_parts = self._of_parts(line, base_unit, measure, period)
        if of_parts is not None:
            place = list(names).index(name)
            each = (
                [split(month, list(names.values()))[place] for month in months]
                for months in of_parts
            )
            return tuple(Decimal(sum(months)) for months in zip(*each, strict=True))
        months = self._months(line, base_unit, measure, period)
        exact = self.world.model.exact_components.get(self.tree.quantity(line.code))
        if exact is not None:
            return tuple(month * Decimal(str(exact[name])) for month in months)
        totals = self.world.model.component_totals.get(self.tree.name)
        if totals is not None:
            return self._of_total(line, base_unit, measure, period, totals[name])
        place = list(names).index(name)
        return tuple(Decimal(split(month, list(names.values()))[place]) for month in months)

    def _component(
        self, line: Line, column: Column, measure: str
    ) -> tuple[Mapping[str, float], str] | None:
        """The part of a line's figure that a column holds: a budget level, a direction."""
        for dimension, parts in self.world.model.components.items():
            if line.dimension(dimension) is not None:
                continue  # all of the line is of one part
            for name in (*column.dimensions.values(), measure.rpartition("_")[2]):
                if name in parts:
                    return parts, name
        return None

    def _of_parts(
        self, line: Line, base_unit: str, measure: str, period: Period
    ) -> list[tuple[int, ...]] | None:
        """The parts of a quantity that another list breaks down: what is shown of it by direction
        is what its parts are by direction, to the last one."""
        name = self.world.model.broken_down.get(self.tree.quantity(line.code), self.tree.name)
        if name == self.tree.name:
            return None
        lines = reference.lines(name)
        tree = Tree(name, lines)
        return [
            self._flow_months(
                self._flow_of(tree, part.code, base_unit, period.end.year), measure, period
            )
            for part in lines
            if part.is_additive and not tree.parts(part.code)
        ]

    def _of_total(
        self, line: Line, base_unit: str, measure: str, period: Period, quantity: str
    ) -> tuple[Decimal, ...]:
        """A line's part of a total that another form states: of each leaf of the list its share."""
        leaves = [x for x in self.table.lines if x.is_additive and not self.tree.parts(x.code)]
        weights = [self.world.between(0.4, 1.6, "share", quantity, x.code) for x in leaves]
        place = [x.code for x in leaves].index(line.code)
        totals = self._quantity(quantity, base_unit, measure, period)
        return tuple(Decimal(split(total, weights)[place]) for total in totals)

    def _quantity(self, code: str, base_unit: str, measure: str, period: Period) -> tuple[int, ...]:
        """What a measure takes of a quantity of the model."""
        return self._flow_months(
            lambda estimate: self.world.quantity_flow(
                code, base_unit, self.unit, period.end.year, estimate=estimate
            ),
            measure,
            period,
        )

    def _cut_of(self, line: Line) -> tuple[str, Cut] | None:
        for total, cut in self.world.model.cuts.items():
            if line.code in cut.known or line.code in cut.rest:
                return total, cut
        return None

    def _cut(
        self,
        line: Line,
        column: Column,
        base_unit: str,
        measure: str,
        period: Period,
        total: str,
        cut: Cut,
    ) -> tuple[Decimal, ...]:
        """A line that cuts a total another way: by direction what another form states of it, or
        its share of what these leave."""
        directions = next(iter(cut.known.values()))
        named = column.dimensions.get("direction")
        asked = (named,) if named in directions else tuple(directions)
        found: list[tuple[Decimal, ...]] = []
        for direction in asked:
            of_direction = column.model_copy(update={"dimensions": {"direction": direction}})
            known = {
                code: self._quantity(quantities[direction], base_unit, measure, period)
                for code, quantities in cut.known.items()
            }
            if line.code in known:
                found.append(tuple(map(Decimal, known[line.code])))
                continue
            whole = self._by_month(self.tree.line(total), of_direction, base_unit, measure, period)
            place = list(cut.rest).index(line.code)
            found.append(
                tuple(
                    Decimal(split(int(month) - sum(less), list(cut.rest.values()))[place])
                    for month, *less in zip(whole, *known.values(), strict=True)
                )
            )
        return tuple(sum(each, Decimal(0)) for each in zip(*found, strict=True))

    def _months(self, line: Line, base_unit: str, measure: str, period: Period) -> tuple[int, ...]:
        """What a measure takes of a line's flow: months, or one element for an estimate."""
        priced = line.dimension("commodity_code")
        if priced is not None and base_unit != self.world.model.price_unit:
            return self._priced(line, priced, measure, period)
        flow = self._flow_of(self.tree, line.code, base_unit, period.end.year)
        return self._flow_months(flow, measure, period)

    def _flow_of(
        self, tree: Tree, code: str, base_unit: str, year: int
    ) -> Callable[[bool], tuple[int, ...]]:
        return lambda estimate: self.world.line_flow(
            tree, code, base_unit, self.unit, year, estimate=estimate
        )

    def _priced(self, line: Line, commodity: str, measure: str, period: Period) -> tuple[int, ...]:
        """How much of a commodity was sold for its value, month by month."""
        model = self.world.model
        price = model.prices.get(commodity, model.prices["other"])
        flow = self._flow_of(self.tree, line.code, model.price_unit, period.end.year)
        step = self.world.step(model.price_unit)
        values = self._flow_months(flow, measure, period)
        return tuple(round(value * step / price) for value in values)

    def _flow_months(
        self, flow: Callable[[bool], tuple[int, ...]], measure: str, period: Period
    ) -> tuple[int, ...]:
        if measure.startswith(ESTIMATES):
            return flow(True)
        months = flow(False)
        if "cumulative" in measure:
            months = months[: period.end.month]
        elif measure not in ("projected", "settled"):
            months = tuple(months[month] for month in _months_of(period))
        part = self.world.model.parts_of_flow.get(measure)
        return tuple(int(month * part) for month in months) if part is not None else months

    def _ratio(self, line: Line, column: Column, measure: str) -> Decimal | None:
        """Against last year or last month: from the form's flows, or an index without any."""
        is_quantity = measure.startswith("quantity_")
        if is_quantity and line.unit_code is None:
            return None  # a line whose quantity is not kept
        unit_code = line.unit_code if is_quantity else self._unit_of_flow(line)
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
            value = 100 * now / then if then else Decimal(100)
        elif (of_stock := self._ratio_of_stock(line, measure)) is not None:
            value = of_stock
        else:
            low, high = self.world.model.indices.get(measure, (100.5, 109.5))
            value = Decimal(str(self.world.between(low, high, measure, line.code, self.period.key)))
        if measure == "growth":
            value = value - 100 if value > 50 else value
        return value.quantize(Decimal("0.01"))

    def _ratio_of_stock(self, line: Line, measure: str) -> Decimal | None:
        """What neither adds up nor is an index: the table's level of now against that of then."""
        relations = {
            "ratio_to_same_period": "same_period_last_year",
            "ratio_to_previous": "previous",
        }
        level = next((c for c in self.table.columns if c.measure == "level"), None)
        if level is None or measure not in relations:
            return None
        now = self._at(self.period.key, line, level)
        then = self._at(related(self.period.key, relations[measure]), line, level)
        return 100 * now / then if now is not None and then else None

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
def _indicator_names() -> dict[str, str]:
    return {row["indicator_code"]: row["name_vi"] for row in reference.read_seed("indicator")}


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
        measures = {column.measure for column in self.table.columns}
        if "registered_capital" in measures:
            rows = private_rows(self.world, self.unit, self.period)
            for place, entry in enumerate(rows, start=1):
                yield self._row(f"{place}", None, entry)
        elif "project_code" in fields:
            projects = self.projects.listed(self.unit, self.table.columns, self.period)
            for place, project in enumerate(projects, start=1):
                moved = self._adjustment(project) if "plan_decrease" in measures else {}
                yield self._row(f"{place}", project, moved)
        elif "indicator_code" in self.table.rows.key:
            for place, entry in enumerate(self._targets(fields), start=1):
                yield self._row(f"{place}", None, entry)
        else:
            for place in range(1, 4):
                yield self._row(f"{place}", None, {})

    def _targets(self, fields: set[str]) -> Iterator[dict[str, Value | None]]:
        """A commune's own targets, or the assignment: the province's and every commune's."""
        year = self.period.end.year
        targets = Targets(self.world)
        if self.unit in self.world.communes:
            assigned = list(targets.of_commune(self.unit, year))
        else:
            assigned = list(targets.of_province(year))
            for commune in self.world.communes:
                assigned += targets.of_commune(commune, year)
        for number, target in enumerate(assigned, start=1):
            yield {
                "target_no": f"{number}",
                "indicator_code": target.indicator,
                "indicator_name": _indicator_names()[target.indicator],
                "data_unit_code": target.unit,
                "comparator": target.comparator,
                "value": target.value,
                "value_high": None,
                "unit": reference.units()[target.unit_of_measure].name_vi,
                "lead_unit_code": target.lead,
                "due_date": self.period.end,
                "document_code": self.world.model.targets.document,
                "locator": target.locator or f"Mô phỏng, mục {number}",
                "aggregation": reference.vocabulary("aggregation")[target.aggregation],
            }

    def _adjustment(self, project: Project) -> dict[str, Value | None]:
        """A request to move capital: when it was made, and what became of it. Without one, all
        that is said of a request stays blank. None is granted: plans hold for the year."""
        if self.projects.adjustment(project, self.period) == (0, 0):
            return dict.fromkeys(
                ("requested_on", "decided_on", "decision_no", "request_status", "reason")
            )
        key = ("adjustment", project.code, self.period.key)
        round_ = (
            "adjustment",
            self.unit,
            self.period.key,
        )  # one answer to all that belongs together
        end = self.period.end  # rounds close before the 25th, the last one before 15 December
        status = "refused" if self.world.chance(*round_) < REFUSED else "pending"
        row: dict[str, Value | None] = {
            "requested_on": end.replace(day=1 + int(5 * self.world.chance(*key, "day"))),
            "request_status": reference.vocabulary("request_status")[status],
        }
        if status == "refused":
            row["decided_on"] = end.replace(day=8 + int(5 * self.world.chance(*key, "decided")))
        return row if status == "refused" else row | {"decided_on": None, "decision_no": None}

    def _row(
        self, name: str, project: Project | None, given: Mapping[str, Value | None]
    ) -> dict[str, Value]:
        row: dict[str, Value] = {}
        for column in self.table.columns:
            if column.formula or column.role == "ratio":
                continue
            value = given.get(column.field)
            is_known = column.field in given
            if not is_known and project is not None:
                value = self.projects.value(project, column, self.period)
                is_known = value is not None or self.projects.knows(column)
            if not is_known:
                value = self._value(column, name, row, project)
            if value is not None:
                row[column.field] = value
            elif column.required:
                raise NotFillable(f"{self.contract.id}: no value for {column.field}")
        self._settle(row)
        for check in self.limits:
            value, limit = row.get(check.column), row.get(check.limit)
            if isinstance(value, Decimal) and isinstance(limit, Decimal):
                row[check.column] = min(value, limit)
        return row

    def _settle(self, row: dict[str, Value]) -> None:
        """Takes away what a dossier's result leaves open, and what there is no cause for."""
        for field, codes in self.world.model.results.items():
            for code, blank in codes.items():
                if row.get(field) == reference.vocabulary(field)[code]:
                    for each in blank:
                        row.pop(each, None)
        for field, cause in self.world.model.only_with.items():
            if not row.get(cause):
                row.pop(field, None)

    def _value(
        self, column: Column, name: str, row: Mapping[str, Value], project: Project | None
    ) -> Value | None:
        # what is said of a project is said of it in every period
        about = (self.period.key, name) if project is None else (project.code,)
        key = (self.contract.form, self.unit, *about, column.field)
        model = self.world.model
        if column.role == "milestone":
            return None
        year, serial = self.period.end.year, self._serial(name)
        if column.field in model.fixed:
            return model.fixed[column.field].format(
                unit=self.unit, n=name, serial=serial, year=year
            )
        if column.field in model.routes:
            return self._route(column, model.routes[column.field], row)
        match column.type:
            case "code":
                return self._code(column, key)
            case "period":
                return self.period.label_vi
            case "comparator":
                return ">="
            case "date":
                if project is not None and column.field in model.dates:
                    return project.actual[model.dates[column.field]]
                days = (self.period.end - self.period.start).days
                return self.period.start + timedelta(int(days * self.world.chance(*key)))
            case "text" | "unit":
                texts = model.words.get(column.field, model.words["text"])
                return self.world.choose(texts, *key).format(unit=self.unit, n=name, year=year)
        if column.role == "bound" and not column.required:
            return None
        low = float(column.min) if column.min is not None else 0.0
        high = float(column.max) if column.max is not None else 100.0
        low, high = model.amounts.get(column.field, (low, high))
        return Decimal(round(low + (high - low) * self.world.between(0.2, 0.6, *key)))

    def _serial(self, name: str) -> int:
        """A running number over the periods of a year."""
        length = self.period.end.month - self.period.start.month + 1
        return 3 * (self.period.start.month - 1) // length + int(name)

    def _route(self, column: Column, routes: Mapping[str, str], row: Mapping[str, Value]) -> str:
        """Where a dossier goes, by another field of it."""
        by = self.table.column(routes["by"])
        labels = reference.vocabulary(by.list or "")
        [code] = [code for code, label in labels.items() if label == row[by.field]]
        return routes[code]

    def _code(self, column: Column, key: tuple[object, ...]) -> str:
        allowed = self.world.model.allowed.get(column.field)
        if allowed is None:
            allowed = tuple(dict.fromkeys(reference.coded_list(column.list or "").values()))
        code = allowed[int(len(allowed) * self.world.chance(*key))]
        try:
            return reference.vocabulary(column.list or "")[code]
        except KeyError:
            return code
