"""Quantities of the simulated province: flows that are split, levels that drift.

A flow is split from the top down in whole steps (the province into communes, a year into months, a
line into its parts), by largest remainder: totals hold everywhere because nothing is ever added up
from rounded parts. Steps are so coarse (a million đồng, a thousand dollars) that the same figure is
exact in every unit that a form may use.
"""

from __future__ import annotations

from functools import cache

from ingest import reference
from ingest.reference import Line
from ingest.simulation.dice import Dice, chance, split
from ingest.simulation.lines import Tree
from ingest.simulation.model import Model, Quantity
from ingest.simulation.projects import Projects, SourceFlow

__all__ = ["World", "chance", "split"]

BASE_YEAR = 2025
PARTIAL_SHARE = 0.8  # what the known parts of an excerpt make of their parent
DEDUCTED_OF = 50  # one part in so many is deducted (refunds)
MONTHS = 12
MILLION = 1_000_000
COLLECTED = 1.3  # of what a source pays for in a year: so much is collected at least


class World(Dice):
    """Everything that is true in the simulated province."""

    def __init__(self, seed: int, model: Model, late: float = 0.0) -> None:
        """`late`: the share of bound projects that miss what the plan says."""
        super().__init__(seed, model)
        self.projects = Projects(self, late)
        self.province = reference.province_code()
        self.communes = tuple(
            unit.code for unit in reference.reporting_units().values() if unit.level == "commune"
        )
        self._months: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._place = {unit: place for place, unit in enumerate(self.communes)}
        self._units = cache(self._commune_weights)
        self._parts = cache(lambda total, code: split(total, self._units(code)))

    def step(self, base_unit: str) -> int:
        """How many base units one step of a quantity is."""
        return int(self.model.steps.get(base_unit, 1))

    # --- flows ----------------------------------------------------------------------------------

    def _quantity(self, code: str, base_unit: str, *, of_commune: bool) -> Quantity:
        known = self.model.quantities.get(code)
        if known is not None and known.is_flow:
            return known
        low, high = self.model.magnitudes.get(base_unit, self.model.magnitudes["other"])
        annual = low * (high / low) ** self.chance("magnitude", code)
        if of_commune:  # reported by communes alone: the province is all of them
            annual = max(annual, 40.0 * self.step(base_unit)) * len(self.communes)
        return Quantity(annual, None, self.between(0.02, 0.12, "growth", code), "even", None, "")

    def annual(self, code: str, base_unit: str, year: int, *, of_commune: bool = False) -> int:
        """A flow of the whole province in a year, in steps."""
        quantity = self._quantity(code, base_unit, of_commune=of_commune)
        if quantity.sum_of:
            return sum(self.annual(each, base_unit, year) for each in quantity.sum_of)
        if quantity.times:
            return self.annual(quantity.times[0], base_unit, year) * quantity.times[1]
        if quantity.leaves:
            sources, opening = quantity.leaves
            return self.annual(sources, base_unit, year) - self.annual(opening, base_unit, year + 1)
        if quantity.annual is None:
            return sum(self._capital(quantity, base_unit, self.province, year))
        value = quantity.annual
        for each in range(BASE_YEAR + 1, year + 1):
            value *= 1 + quantity.growth + self.between(-0.02, 0.02, "drift", code, each)
        for each in range(year + 1, BASE_YEAR + 1):
            value /= 1 + quantity.growth + self.between(-0.02, 0.02, "drift", code, each)
        if quantity.feeds is not None:
            paid = sum(self.projects.flow((quantity.feeds,), year).months) * MILLION
            value = max(value, paid * COLLECTED)
        return round(value / self.step(base_unit))

    def estimate(self, code: str, base_unit: str, year: int, *, of_commune: bool = False) -> int:
        """What was assigned for the year, in steps: published, or a little below what comes."""
        quantity = self._quantity(code, base_unit, of_commune=of_commune)
        if quantity.sum_of:
            return sum(self.estimate(each, base_unit, year) for each in quantity.sum_of)
        if quantity.times:
            return self.estimate(quantity.times[0], base_unit, year) * quantity.times[1]
        if quantity.annual is None and not quantity.leaves:
            return self._capital_plan(quantity, base_unit, self.province, year)
        if quantity.estimate is not None and year == BASE_YEAR + 1:
            return round(quantity.estimate / self.step(base_unit))
        due = self.annual(code, base_unit, year, of_commune=of_commune)
        return round(due * self.between(0.9, 0.97, "estimate", code, year))

    def unit_estimate(
        self, code: str, base_unit: str, unit: str, year: int, *, of_commune: bool = False
    ) -> int:
        """What was assigned to a unit for the year: its part of it, or its own projects' plans."""
        quantity = self._quantity(code, base_unit, of_commune=of_commune)
        if quantity.sum_of:
            return sum(self.unit_estimate(each, base_unit, unit, year) for each in quantity.sum_of)
        if quantity.times:
            return self.unit_estimate(quantity.times[0], base_unit, unit, year) * quantity.times[1]
        if quantity.is_own_capital:
            return self._capital_plan(quantity, base_unit, unit, year)
        total = self.estimate(code, base_unit, year, of_commune=of_commune)
        return self.of_unit(total, code, unit)

    # --- what the register of projects pays -----------------------------------------------------

    def _flows(self, quantity: Quantity, unit: str, year: int) -> list[SourceFlow]:
        if not quantity.is_own_capital:
            flows = [self.projects.flow((source,), year) for source in quantity.capital]
            return [self.recurrent(f) for f in flows] if quantity.is_recurrent else flows
        units = (unit,) if unit in self.communes else self.communes
        return [self.projects.flow(self.projects.sources, year, each) for each in units]

    def _capital(self, quantity: Quantity, base_unit: str, unit: str, year: int) -> tuple[int, ...]:
        """Paid by month, in steps."""
        found = self._flows(quantity, unit, year)
        return tuple(
            self.of_millions(sum(flow.months[month] for flow in found), base_unit)
            for month in range(MONTHS)
        )

    def _capital_plan(self, quantity: Quantity, base_unit: str, unit: str, year: int) -> int:
        return self.of_millions(sum(f.plan for f in self._flows(quantity, unit, year)), base_unit)

    def recurrent(self, flow: SourceFlow) -> SourceFlow:
        """The recurrent money of a programme, beside its capital."""
        plan = int(flow.plan * self.model.recurrent_share)
        return SourceFlow(plan, 0, split(plan, self.model.seasons["spending"]), (), (), ())

    def of_millions(self, amount: int, base_unit: str) -> int:
        """The register counts in millions of đồng, the world in steps."""
        return amount * MILLION // self.step(base_unit)

    # --- communes -------------------------------------------------------------------------------

    def _commune_weights(self, code: str) -> tuple[float, ...]:
        """How large each commune's part of a quantity is; size counts more than the quantity.

        What lies within another stock takes after it, so that no commune has more farm land than
        land."""
        known = self.model.quantities.get(code)
        if known is not None and known.within is not None:
            return tuple(
                weight * self.between(0.95, 1.05, "part", code, unit)
                for weight, unit in zip(self._units(known.within), self.communes, strict=True)
            )
        return tuple(
            self.between(0.6, 1.8, "size", unit) * self.between(0.85, 1.15, "part", code, unit)
            for unit in self.communes
        )

    def of_unit(self, total: int, code: str, unit: str) -> int:
        """The unit's own part of a province's total; the province's is all of it."""
        if unit not in self.communes:
            return total
        return self._parts(total, code)[self._place[unit]]

    def months(
        self, code: str, base_unit: str, unit: str, year: int, *, of_commune: bool = False
    ) -> tuple[int, ...]:
        """A flow by month, in steps; communes add up to the province in every month."""
        key = (code, base_unit, unit, year)
        if key not in self._months:
            quantity = self._quantity(code, base_unit, of_commune=of_commune)
            if quantity.sum_of:
                parts = [self.months(each, base_unit, unit, year) for each in quantity.sum_of]
                self._months[key] = tuple(map(sum, zip(*parts, strict=True)))
                return self._months[key]
            if quantity.times:
                base = self.months(quantity.times[0], base_unit, unit, year)
                self._months[key] = tuple(month * quantity.times[1] for month in base)
                return self._months[key]
            if quantity.is_own_capital or (quantity.capital and unit not in self.communes):
                self._months[key] = self._capital(quantity, base_unit, unit, year)
                return self._months[key]
            if quantity.capital:
                raise ValueError(f"{code}: no commune has a part of what sources pay")
            season = self.model.seasons[quantity.season]
            weights = [
                weight * self.between(0.93, 1.07, "month", code, year, month)
                for month, weight in enumerate(season)
            ]
            whole = split(self.annual(code, base_unit, year, of_commune=of_commune), weights)
            self._months[key] = tuple(self.of_unit(month, code, unit) for month in whole)
        return self._months[key]

    # --- levels ---------------------------------------------------------------------------------

    def level(self, code: str, unit_code: str, unit: str, year: int, month: int) -> float:
        """A stock or rate at the end of a month: it drifts, and stays within its bounds."""
        known = self.model.quantities.get(code)
        if known is not None and known.is_capital_rate:
            return self._capital_rate(year, month)
        if known is not None and known.share_of is not None:
            part, whole = (self.stock(each, unit, year, month) for each in known.share_of)
            return 100 * part / whole
        start = known.level if known and known.level is not None else None
        if start is not None and known is not None and known.growth == 0:
            if unit in self.communes and unit_code == "percent":  # around the province's rate
                reach = min(start, 100 - start) * 0.9
                return start + reach * self.between(-1, 1, "unit", code, unit)
            return start
        low, high = self.model.levels.get(unit_code, self.model.levels["other"])
        if start is None:
            start = low + (high - low) * self.between(0.3, 0.7, "level", code)
        spread = self.between(0.92, 1.08, "unit", code, unit) if unit in self.communes else 1.0
        growth = known.growth if known else self.between(0.0, 0.03, "trend", code)
        passed = (year - BASE_YEAR - 1) + month / MONTHS
        wobble = self.between(-0.004, 0.004, "wobble", code, unit, year, month)
        value = start * spread * (1 + growth * passed + wobble)
        if known is not None and known.level is not None:
            return min(max(value, 0.0), 100.0) if unit_code == "percent" else max(value, 0.0)
        return min(max(value, low), high)

    def _capital_rate(self, year: int, month: int) -> float:
        """What is disbursed of the plans until the end of a month, in %. In January it is last
        year's plan that is asked about: it may be paid until the 31st."""
        if month == 1:
            year, month = year - 1, MONTHS
        flow = self.projects.flow(self.projects.sources, year)
        return 100 * sum(flow.months[:month]) / (flow.plan + flow.extended)

    def stock(self, code: str, unit: str, year: int, month: int) -> int:
        """A whole stock at the end of a month; the communes' ones make the province's."""
        known = self.model.quantities[code]
        assert known.level is not None, code
        total = round(self.level(code, "other", self.province, year, month))
        return self.of_unit(total, code, unit)

    # --- lines ----------------------------------------------------------------------------------

    def line_flow(
        self, tree: Tree, code: str, base_unit: str, unit: str, year: int, *, estimate: bool = False
    ) -> tuple[int, ...]:
        """A line's flow by month, in steps; one element, the year, for an estimate.

        Anchored lines (roots, and lines whose indicator is a quantity of the model) are the world's
        own; the other parts share what the anchored ones leave of their parent.
        """
        key = ("line", tree.name, code, base_unit, unit, year, estimate)
        if key not in self._months:
            if tree.is_anchored(code, self.model):
                found = self._anchored(tree, code, base_unit, unit, year, estimate=estimate)
            else:
                found = self._part(tree, code, base_unit, unit, year, estimate=estimate)
            self._months[key] = found
        return self._months[key]

    def quantity_flow(
        self, code: str, base_unit: str, unit: str, year: int, *, estimate: bool = False
    ) -> tuple[int, ...]:
        """A quantity of the model by month, in steps; one element, the year, for an estimate."""
        if estimate:
            return (self.unit_estimate(code, base_unit, unit, year),)
        return self.months(code, base_unit, unit, year)

    def _anchored(
        self, tree: Tree, code: str, base_unit: str, unit: str, year: int, *, estimate: bool
    ) -> tuple[int, ...]:
        canonical = tree.canonical(code, self.model)
        if canonical is not None:
            source, line_code = canonical
            # a list of the communes knows each commune; of the others the commune has its part
            is_part = tree.is_of_province(code) and source.name not in self.model.commune_lists
            asked = self.province if is_part else unit
            whole = self.line_flow(source, line_code, base_unit, asked, year, estimate=estimate)
            if is_part:
                return tuple(self.of_unit(month, tree.quantity(code), unit) for month in whole)
            return whole
        quantity = tree.quantity(code)
        of_commune = unit in self.communes and not tree.is_of_province(code)
        if estimate:
            return (self.unit_estimate(quantity, base_unit, unit, year, of_commune=of_commune),)
        return self.months(quantity, base_unit, unit, year, of_commune=of_commune)

    def _weight(self, line: Line) -> float:
        """What a line is worth among its siblings."""
        for name, known in self.model.part_weights.items():
            weight = known.get(line.dimension(name) or "")
            if weight is not None:
                return weight
        return self.between(0.4, 1.6, "share", line.code)

    def _part(
        self, tree: Tree, code: str, base_unit: str, unit: str, year: int, *, estimate: bool
    ) -> tuple[int, ...]:
        line = tree.line(code)
        assert line.parent is not None
        whole = self.line_flow(tree, line.parent, base_unit, unit, year, estimate=estimate)
        if not line.is_additive:
            share = self.between(0.15, 0.55, "of which", code)
            return tuple(int(month * share) for month in whole)
        if tree.line(line.parent).children == "partial":
            whole = tuple(int(month * PARTIAL_SHARE) for month in whole)
        siblings = tree.parts(line.parent)
        deducted = [x for x in siblings if x.sign < 0]
        anchored = [x for x in siblings if tree.is_anchored(x.code, self.model)]
        free = [x for x in siblings if x.sign > 0 and x not in anchored]
        taken = [
            self._anchored(tree, x.code, base_unit, unit, year, estimate=estimate) for x in anchored
        ]
        weights = [self._weight(x) for x in free]
        found = []
        for number, month in enumerate(whole):
            back = month // DEDUCTED_OF if deducted else 0
            if line.sign < 0:
                found.append(split(back, [1.0] * len(deducted))[deducted.index(line)])
                continue
            rest = month + back - sum(each[number] for each in taken)
            if rest < 0:
                raise ValueError(f"{code}: the anchored parts of {line.parent} exceed it")
            found.append(split(rest, weights)[free.index(line)])
        return tuple(found)
