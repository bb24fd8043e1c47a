"""Quantities of the simulated province: flows that are split, levels that drift.

A flow is split from the top down in whole steps (the province into communes, a year into months, a
line into its parts), by largest remainder: totals hold everywhere because nothing is ever added up
from rounded parts. Steps are so coarse (a million đồng, a thousand dollars) that the same figure is
exact in every unit that a form may use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

from ingest import reference
from ingest.simulation.lines import Tree
from ingest.simulation.model import Model, Quantity

BASE_YEAR = 2025
PARTIAL_SHARE = 0.8  # what the known parts of an excerpt make of their parent
DEDUCTED_OF = 50  # one part in so many is deducted (refunds)
MONTHS = 12


def chance(*key: object) -> float:
    """A number from 0 to 1 that depends on the key alone."""
    text = "\x1f".join(map(str, key)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") / 2**64


def split(total: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Whole parts of a whole total in proportion to the weights, by largest remainder."""
    whole = sum(weights)
    if not weights or whole <= 0:
        raise ValueError("nothing to split over")
    exact = [total * weight / whole for weight in weights]
    parts = [int(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for number in order[: total - sum(parts)]:
        parts[number] += 1
    return tuple(parts)


class World:
    """Everything that is true in the simulated province."""

    def __init__(self, seed: int, model: Model) -> None:
        self.seed = seed
        self.model = model
        self.province = reference.province_code()
        self.communes = tuple(
            unit.code for unit in reference.reporting_units().values() if unit.level == "commune"
        )
        self._months: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._units = cache(self._commune_weights)

    def chance(self, *key: object) -> float:
        return chance(self.seed, *key)

    def between(self, low: float, high: float, *key: object) -> float:
        return low + (high - low) * self.chance(*key)

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
        assert quantity.annual is not None
        value = quantity.annual
        for each in range(BASE_YEAR + 1, year + 1):
            value *= 1 + quantity.growth + self.between(-0.02, 0.02, "drift", code, each)
        for each in range(year + 1, BASE_YEAR + 1):
            value /= 1 + quantity.growth + self.between(-0.02, 0.02, "drift", code, each)
        return round(value / self.step(base_unit))

    def estimate(self, code: str, base_unit: str, year: int, *, of_commune: bool = False) -> int:
        """What was assigned for the year, in steps: published, or a little below what comes."""
        quantity = self._quantity(code, base_unit, of_commune=of_commune)
        if quantity.sum_of:
            return sum(self.estimate(each, base_unit, year) for each in quantity.sum_of)
        if quantity.estimate is not None and year == BASE_YEAR + 1:
            return round(quantity.estimate / self.step(base_unit))
        due = self.annual(code, base_unit, year, of_commune=of_commune)
        return round(due * self.between(0.9, 0.97, "estimate", code, year))

    def _commune_weights(self, code: str) -> tuple[float, ...]:
        """How large each commune's part of a quantity is; size counts more than the quantity."""
        return tuple(
            self.between(0.6, 1.8, "size", unit) * self.between(0.85, 1.15, "part", code, unit)
            for unit in self.communes
        )

    def of_unit(self, total: int, code: str, unit: str) -> int:
        """The unit's own part of a province's total; the province's is all of it."""
        if unit not in self.communes:
            return total
        return split(total, self._units(code))[self.communes.index(unit)]

    def months(
        self, code: str, base_unit: str, unit: str, year: int, *, of_commune: bool = False
    ) -> tuple[int, ...]:
        """A flow by month, in steps; communes add up to the province in every month."""
        key = (code, unit, year)
        if key not in self._months:
            quantity = self._quantity(code, base_unit, of_commune=of_commune)
            if quantity.sum_of:
                parts = [self.months(each, base_unit, unit, year) for each in quantity.sum_of]
                self._months[key] = tuple(map(sum, zip(*parts, strict=True)))
                return self._months[key]
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
        low, high = self.model.levels.get(unit_code, self.model.levels["other"])
        start = known.level if known and known.level is not None else None
        if start is not None and known is not None and known.growth == 0:
            return start
        if start is None:
            start = low + (high - low) * self.between(0.3, 0.7, "level", code)
        spread = self.between(0.92, 1.08, "unit", code, unit) if unit in self.communes else 1.0
        growth = known.growth if known else self.between(0.0, 0.03, "trend", code)
        passed = (year - BASE_YEAR - 1) + month / MONTHS
        wobble = self.between(-0.004, 0.004, "wobble", code, unit, year, month)
        value = start * spread * (1 + growth * passed + wobble)
        return min(max(value, min(low, start)), max(high, start))

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
            total = self.estimate(quantity, base_unit, year, of_commune=of_commune)
            return (self.of_unit(total, quantity, unit),)
        return self.months(quantity, base_unit, unit, year, of_commune=of_commune)

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
        if not tree.is_anchored(line.parent, self.model) and any(
            tree.is_anchored(x.code, self.model) for x in tree.parts(line.parent)
        ):
            raise ValueError(f"{line.parent} has anchored parts and is none itself")
        siblings = tree.parts(line.parent)
        deducted = [x for x in siblings if x.sign < 0]
        anchored = [x for x in siblings if tree.is_anchored(x.code, self.model)]
        free = [x for x in siblings if x.sign > 0 and x not in anchored]
        taken = [
            self._anchored(tree, x.code, base_unit, unit, year, estimate=estimate) for x in anchored
        ]
        weights = [self.between(0.4, 1.6, "share", x.code) for x in free]
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
