"""Targets of a year: the province's, who answers for each, and the communes' parts of them.

How communes make the province follows the indicator: a sum is split, a rate is spread so that its
weighted mean is the province's, and what is not comparable is stated without being added up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, cached_property

from ingest import reference
from ingest.simulation.model import Target
from ingest.simulation.world import BASE_YEAR, World

FIRST_YEAR = BASE_YEAR + 1  # what is stated is stated for this year
CENT = Decimal("0.01")
AT_LEAST = {"up": ">=", "down": "<="}


@dataclass(frozen=True)
class Assigned:
    """One target of one unit."""

    indicator: str
    unit: str  # whose target it is
    value: Decimal
    unit_of_measure: str
    comparator: str
    lead: str
    locator: str
    aggregation: str  # how it adds up over communes


class Targets:
    """Every target of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stated = world.model.targets.stated

    def of_province(self, year: int) -> Iterator[Assigned]:
        """What the province states, then what every agency has over its own indicators."""
        for target in self.stated:
            yield self._of_province(target, year)
        for target in self._of_agencies(year):
            yield self._of_province(target, year)

    def of_commune(self, unit: str, year: int) -> Iterator[Assigned]:
        """A commune's part of the targets that communes have a part in."""
        for target in self.stated:
            if target.aggregation is None:
                continue
            whole = self._of_province(target, year)
            yield replace(
                whole,
                indicator=target.instead or target.indicator,
                unit=unit,
                value=self._part(target, whole.value, unit, year),
            )

    def _of_province(self, target: Target, year: int) -> Assigned:
        return Assigned(
            target.indicator, self.world.province, self._in_year(target, year), target.unit,
            target.comparator, _indicator(target.indicator)["owner_unit_code"], target.locator,
            target.aggregation or "none",
        )  # fmt: skip

    def _in_year(self, target: Target, year: int) -> Decimal:
        """What is stated for one year moves on slowly: rates towards their end, others by a
        twentieth a year."""
        passed = year - FIRST_YEAR
        if passed == 0 or target.value == 0:
            return target.value
        if target.unit == "percent":
            left = min(100 - target.value, target.value)
            moved = left * max(-4, min(passed, 4)) / 20
            return (target.value + (-moved if target.comparator == "<=" else moved)).quantize(CENT)
        step = Decimal(1).scaleb(int(target.value.as_tuple().exponent))
        return (target.value * (1 + Decimal(passed) / 20)).quantize(step)

    def _part(self, target: Target, whole: Decimal, unit: str, year: int) -> Decimal:
        if target.spread == 0:  # an amount, not a rate
            return self._share(target, whole, unit)
        points = self._points(target, year)
        return (whole + points[self.world.communes.index(unit)]).quantize(CENT)

    def _share(self, target: Target, whole: Decimal, unit: str) -> Decimal:
        """The commune's part, in whole steps of the province's figure."""
        return Decimal(self.world.of_unit(int(whole), target.indicator, unit))

    def _points(self, target: Target, year: int) -> tuple[Decimal, ...]:
        """How far each commune's rate is from the province's; the weighted mean is nothing."""
        world = self.world
        key = target.spread_key or target.indicator
        spread = [world.between(-1, 1, "target", key, each) for each in world.communes]
        weight = _indicator(target.indicator)["weight_indicator_code"]
        weights = (
            [world.stock(weight, each, year - 1, 12) for each in world.communes]
            if weight
            else [1] * len(spread)
        )
        mean = sum(s * w for s, w in zip(spread, weights, strict=True)) / sum(weights)
        return tuple(Decimal(str(round(target.spread * (s - mean), 2))) for s in spread)

    # --- agencies -------------------------------------------------------------------------------

    def _of_agencies(self, year: int) -> Iterator[Target]:
        """A few targets of every agency, over indicators that it owns and reports."""
        stated = {target.indicator for target in self.stated}
        for owner, codes in self._owned.items():
            open_codes = [code for code in codes if code not in stated]
            order = sorted(open_codes, key=lambda code: self.world.chance("target", owner, code))
            for code in sorted(order[: self.world.model.targets.each_agency]):
                yield self._derived(code, year)

    @cached_property
    def _owned(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.world.model.canonical_lists:
            for line in reference.lines(name):
                code = line.indicator_code
                if line.owner_unit_code is None or code not in self.world.model.quantities:
                    continue
                if _indicator(code)["direction"] in AT_LEAST:
                    found.setdefault(line.owner_unit_code, []).append(code)
        return {owner: list(dict.fromkeys(codes)) for owner, codes in sorted(found.items())}

    def _derived(self, code: str, year: int) -> Target:
        """A little better than last year."""
        described = _indicator(code)
        unit_code = described["unit_code"]
        unit = reference.units()[unit_code]
        is_up = described["direction"] == "up"
        if self.world.model.quantities[code].is_flow:
            steps = self.world.annual(code, unit.base_code, year - 1)
            last = Decimal(steps * self.world.step(unit.base_code)) / unit.factor
        else:
            level = self.world.level(code, unit_code, self.world.province, year - 1, 12)
            last = Decimal(str(round(level, 2)))
        if unit_code == "percent":
            better = last + ((100 - last) if is_up else -last) / 20
            value = better.quantize(Decimal("0.1"))
        else:
            value = last * (Decimal("1.03") if is_up else Decimal("0.97"))
            digits = Decimal(1) if last >= 100 else CENT
            if described["unit_code"] in _discrete():
                digits = Decimal(1)
            value = value.quantize(digits)
        # derived for the year itself: nothing is moved on from the first year
        return Target(code, value, unit_code, AT_LEAST[described["direction"]])


def _indicator(code: str) -> dict[str, str]:
    return _indicators()[code]


@cache
def _indicators() -> dict[str, dict[str, str]]:
    return {row["indicator_code"]: row for row in reference.read_seed("indicator")}


@cache
def _discrete() -> set[str]:
    rows = reference.read_seed("unit_of_measure")
    return {row["unit_code"] for row in rows if row["is_discrete"] == "true"}
