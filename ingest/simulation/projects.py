"""The register of investment projects: the same projects on every form, month after month.

A unit has a number of places; in each of them one project follows another, from preparation over
the start and the years of building to its settlement. The province's money by source is nothing
but the sum of this register, so that forms by source, by project and by budget line agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from ingest import reference
from ingest.contract import Column
from ingest.period import Period
from ingest.simulation import deadlines
from ingest.simulation.deadlines import is_bound
from ingest.simulation.dice import Dice, split

MILLION = Decimal(1_000_000)
MONTHS = 12
FIRST_YEAR = 2015  # before every year that is asked about, so that all places are in the cycle
SLOW = 0.15  # the share of projects whose money is moved to others, in time for every floor
RARE = 0.05  # of projects in a quarter: a change of the project, a violation
EXTENDABLE = ("ongoing", "completed")

# Planned dates, as (year after the start, month, day); the start's year is the first of building.
# A date a week and more before the deadline leaves room for the days that things take
# (QD-CHILANG-2026, II.5: rules R10 to R17). {end} is the last year of building.
_BEFORE_START = {
    "priority": {"policy_submission": (-1, 1, 20), "policy_approval": (-1, 3, 12),
                 "project_submission": (-1, 4, 25), "project_approval": (-1, 6, 10)},
    "other": {"policy_submission": (-1, 6, 8), "policy_approval": (-1, 8, 5),
              "project_submission": (-1, 10, 12), "project_approval": (0, 2, 20)},
}  # fmt: skip
_AT_START = {"design_approval": (0, 3, 25), "contractor_selection": (0, 4, 22),
             "site_handover": (0, 5, 14), "start": (0, 6, 5)}  # fmt: skip
_AT_END = {"acceptance": (0, 11, 15), "handover": (0, 12, 8), "settlement_submission": (1, 3, 10),
           "settlement_approval": (1, 6, 25)}  # fmt: skip
ORDER = (*_BEFORE_START["other"], *_AT_START, *_AT_END)


@dataclass(frozen=True)
class Project:
    """One project of a unit in a year. Amounts in millions of đồng."""

    code: str
    name: str
    project_class: str
    stage_group: str
    priority: str
    source_code: str
    unit: str
    investor: str
    year: int
    total: int
    plan: int
    extended: int
    allocated_before: int
    allocated: int  # by the plans of all years of its life
    paid_in_all: int  # of that
    months: tuple[int, ...]  # disbursed by month, of plan and extended plan together
    extended_months: tuple[int, ...]  # what of it is the extended plan's
    volume_months: tuple[int, ...]
    planned: Mapping[str, date]
    actual: Mapping[str, date]
    is_late: bool  # misses a floor or a date: planted, never in a clean province

    @property
    def extended_volume(self) -> tuple[int, ...]:
        """What was built for the extended plan's money."""
        pairs = zip(self.extended_months, self.volume_months, strict=True)
        return tuple(min(pair) for pair in pairs)

    def has_reached(self, milestone: str, day: date) -> bool:
        return self.actual[milestone] <= day


@dataclass(frozen=True)
class SourceFlow:
    """The money of one or more sources in a year, in millions of đồng."""

    plan: int
    extended: int
    months: tuple[int, ...]
    extended_months: tuple[int, ...]
    volume_months: tuple[int, ...]
    extended_volume: tuple[int, ...]  # what of it the extended plan pays for


@dataclass(frozen=True)
class _Place:
    """What does not change from one project to the next in the same place of a unit."""

    unit: str
    number: int
    size: str
    source: str
    phase: int
    building: int  # years of building

    @property
    def cycle(self) -> int:
        return self.building + 2  # and a year of preparation, and one after completion


class Projects:
    """Every unit's projects of a year, and what the forms ask about them."""

    def __init__(self, dice: Dice, late: float = 0.0) -> None:
        """`late`: the share of projects that miss what a plan says, of the units that it binds."""
        self.dice = dice
        self.late = late
        self.model = dice.model
        self._units = reference.reporting_units()
        self._number = {code: place for place, code in enumerate(self._units)}
        self.of_unit = cache(self._of_unit)
        self.flow = cache(self._flow)

    # --- the register ---------------------------------------------------------------------------

    @cached_property
    def places(self) -> dict[str, tuple[_Place, ...]]:
        """Every unit's places. Sources take turns, so that no source is without a project."""
        found = {}
        turns: dict[str, int] = {}
        for unit, described in self._units.items():
            level = described.level
            count = self.model.project_counts.get(unit, self.model.project_counts.get(level, 0))
            kind = level if level in self.model.project_classes else "other"
            sources = self.model.project_sources[kind]
            weights = self.model.project_classes[kind]
            places = []
            for number in range(count):
                # the first places of a unit are small and out of step: it always has one project
                # of each group
                whole = number < 4
                size = "C" if whole else self.dice.pick(weights, "class", unit, number)
                building = {"A": 4, "B": 3, "C": 2}[size]
                phase = number if whole else int(6 * self.dice.chance("phase", unit, number))
                turn = turns.get(kind, 0)
                turns[kind] = turn + 1
                source = sources[turn % len(sources)]
                places.append(_Place(unit, number, size, source, phase, building))
            found[unit] = tuple(places)
        return found

    def _of_unit(self, unit: str, year: int) -> tuple[Project, ...]:
        return tuple(self._project(place, year) for place in self.places[unit])

    def _project(self, place: _Place, year: int) -> Project:
        passed = year - FIRST_YEAR + place.phase
        generation, stage = divmod(passed, place.cycle)
        start = year - stage + 1
        number = self._number[place.unit] * 1_000 + place.number * 20 + generation % 20
        code = f"{7_000_000 + number:07d}"
        key = ("project", place.unit, place.number, generation)
        low, high = self.model.project_totals[place.size]
        total = round(low * (high / low) ** self.dice.chance(*key, "total"))
        texts = self.model.words["project_name"]
        group = _group(stage, place)
        late = self._is_late(place, generation, stage)
        delayed = stage < 2 and self._is_delayed(place, generation)
        planned, actual = self._dates(place, generation, start)
        plan = self._plan(place, generation, stage, total)
        plans = [self._plan(place, generation, each, total) for each in range(place.cycle)]
        before = sum(plans[:stage])
        prepared = self._spent(place, generation, 0, start - 1, plans[0])
        extended = 0
        if group in EXTENDABLE:
            last = self._plan(place, generation, stage - 1, total)
            extended = last - self._spent(place, generation, stage - 1, year - 1, last)
        months = split(
            self._spent(place, generation, stage, year, plan) + extended,
            self._profile(group, actual["start"], year, late, *key),
        )
        return Project(
            code=code,
            name=f"{self.dice.choose(texts, *key, 'name')} ({code})",
            project_class=place.size,
            stage_group=group,
            priority=self._priority(place, generation),
            source_code=place.source,
            unit=place.unit,
            investor=self._units[place.unit].name_vi,
            year=year,
            total=total,
            plan=plan,
            extended=extended,
            allocated_before=before,
            allocated=sum(plans),
            paid_in_all=sum(plans[1:]) + prepared,
            months=months,
            extended_months=_first(extended, months),
            volume_months=_volume(group, months, actual["start"], year),
            planned=planned,
            actual=actual,
            is_late=late or delayed,
        )

    def _plan(self, place: _Place, generation: int, stage: int, total: int) -> int:
        """The plan of a year of the project's life; all years make 94 % of what was approved."""
        first = self.dice.between(0.3, 0.4, "first", place.unit, place.number, generation)
        if stage == 0:
            share = 0.02
        elif stage == 1:
            share = first
        elif stage < place.cycle - 1:
            share = (0.94 - 0.02 - 0.08 - first) / (place.building - 1)
        else:
            share = 0.08
        return int(total * share)

    def _is_late(self, place: _Place, generation: int, stage: int) -> bool:
        """Whether a project's payments of a year fall behind."""
        key = ("late", place.unit, place.number, generation, stage)
        return is_bound(place.unit) and self.dice.chance(*key) < self.late

    def _is_delayed(self, place: _Place, generation: int) -> bool:
        """Whether a project's dates fall behind, from some milestone on."""
        key = ("delayed", place.unit, place.number, generation)
        return is_bound(place.unit) and self.dice.chance(*key) < self.late

    def _spent(self, place: _Place, generation: int, stage: int, year: int, plan: int) -> int:
        """What of a year's plan is disbursed in the year: all of it, nearly all, or too little.

        A year that floors are set for ends with every đồng disbursed (QD-CHILANG-2026, II.5: rule
        R01); in others what is left of building is carried over."""
        key = (place.unit, place.number, generation, stage)
        if self._is_late(place, generation, stage) and stage > 0:
            return int(plan * self.dice.between(0.75, 0.92, "spent", *key))
        if stage == 0 and year not in deadlines.years():
            return plan * 9 // 10  # lapses: nothing of a preparation is carried over
        if 0 < stage < place.cycle - 1 and year not in deadlines.years():
            return int(plan * self.dice.between(0.96, 1.0, "spent", *key))
        return plan

    def _profile(
        self, group: str, start: date, year: int, late: bool, *key: object
    ) -> tuple[float, ...]:
        """Weights of the twelve months, so that the floors are met unless the project is late
        (QD-CHILANG-2026, II.5: rules R02 to R07)."""
        weights = list(self.model.seasons["investment"])
        if group == "completed":
            weights = [1, 1, 1.5, 1.5, 2, 2] + ([1.5] * 3 + [0] * 3 if late else [0] * 6)
        elif group == "new_start":
            # before the start only what designers and surveyors are paid
            began = start.month if start.year == year else MONTHS
            weights = [
                0.08 if month < began else (1.5 if month == began else weight)
                for month, weight in enumerate(weights, start=1)
            ]
        elif late:
            weights = [w * (0.5 if m < 9 else 1.0) for m, w in enumerate(weights)]
        return tuple(
            weight * self.dice.between(0.95, 1.05, *key, year, month)
            for month, weight in enumerate(weights)
        )

    def _priority(self, place: _Place, generation: int) -> str:
        chance = self.dice.chance("priority", place.unit, place.number, generation)
        return "priority" if chance < 0.3 else "other"

    def _dates(
        self, place: _Place, generation: int, start: int
    ) -> tuple[dict[str, date], dict[str, date]]:
        """Planned and actual dates, in order; a late project loses weeks before its start."""
        planned = {
            name: date(start + years, month, day)
            for name, (years, month, day) in (
                _BEFORE_START[self._priority(place, generation)] | _AT_START
            ).items()
        }
        end = start + place.building - 1
        planned |= {n: date(end + years, month, day) for n, (years, month, day) in _AT_END.items()}
        key = ("dates", place.unit, place.number, generation)
        moved = {
            n: d + timedelta(int(self.dice.between(0, 8, *key, n))) for n, d in planned.items()
        }
        lost = 0
        order = (*_BEFORE_START["other"], *_AT_START)
        first = 0
        if self._is_delayed(place, generation):
            lost = int(self.dice.between(30, 75, *key, "lost"))
            first = int(4 * self.dice.chance(*key, "first"))
        for name in order[first:]:
            moved[name] += timedelta(lost)
        return planned, moved

    # --- money by source ------------------------------------------------------------------------

    def _flow(self, sources: tuple[str, ...], year: int, unit: str | None = None) -> SourceFlow:
        """The plans and payments of sources in a year: of the province, or of one unit's projects.

        A source that no project names may be known as a part of one that they do name.
        """
        flows = [self._source_flow(source, year, unit) for source in sources]
        return SourceFlow(
            sum(flow.plan for flow in flows),
            sum(flow.extended for flow in flows),
            _added([flow.months for flow in flows]),
            _added([flow.extended_months for flow in flows]),
            _added([flow.volume_months for flow in flows]),
            _added([flow.extended_volume for flow in flows]),
        )

    def _source_flow(self, source: str, year: int, unit: str | None) -> SourceFlow:
        part = self.model.source_parts.get(source)
        if part is not None:
            whole = self._source_flow(part[0], year, unit)

            def cut(amounts: Sequence[int]) -> tuple[int, ...]:
                return tuple(int(amount * part[1]) for amount in amounts)

            # what of it was carried over stays with the whole: only the three programmes of
            # 2021-2025 may use it (QD-CHILANG-2026, II.5: rule R26)
            none = (0,) * MONTHS
            return SourceFlow(
                int(whole.plan * part[1]), 0,
                cut(_less(whole.months, whole.extended_months)), none,
                cut(_less(whole.volume_months, whole.extended_volume)), none,
            )  # fmt: skip
        units = self.places if unit is None else (unit,)
        found = [
            project
            for each in units
            for project in self.of_unit(each, year)
            if project.source_code == source
        ]
        return SourceFlow(
            sum(project.plan for project in found),
            sum(project.extended for project in found),
            _added([project.months for project in found]),
            _added([project.extended_months for project in found]),
            _added([project.volume_months for project in found]),
            _added([project.extended_volume for project in found]),
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Every source that a project may have."""
        return tuple(dict.fromkeys(s for each in self.model.project_sources.values() for s in each))

    # --- what a column asks ---------------------------------------------------------------------

    def listed(self, unit: str, columns: Sequence[Column], period: Period) -> Iterator[Project]:
        """The unit's projects that a table is about: settlements of completed ones only, …"""
        measures = {column.measure for column in columns}
        reached = [
            milestone
            for measure, milestone in self.model.listed_from.items()
            if measure in measures
        ]
        for project in self.of_unit(unit, period.end.year):
            if all(project.has_reached(milestone, period.end) for milestone in reached):
                yield project

    def value(
        self, project: Project, column: Column, period: Period
    ) -> Decimal | str | date | None:
        """A project's value for a column, by field, milestone or measure, where it has one."""
        if column.role == "milestone":
            return self._milestone(project, column, period)
        begun, used = project.actual["start"].year, project.actual["handover"].year
        texts = {
            "project_code": project.code,
            "project_name": project.name,
            "investor_name": project.investor,
            "source_code": self._label("capital_source", project.source_code),
            "stage_group": self._label("stage_group", project.stage_group),
            "project_class": self._label("project_class", project.project_class),
            "construction_time": f"{begun} - {used}",
            "priority_group": self._label("priority_group", project.priority),
        }
        if column.field in texts:
            return texts[column.field]
        if column.field == "funding_end":
            return Decimal(project.actual["settlement_approval"].year)
        if column.measure is None or column.unit is None:
            return None
        amount = self._amount(project, column.measure, period)
        if amount is not None:
            return Decimal(amount) * MILLION / reference.units()[column.unit].factor
        return self._count(project, column.measure, period)

    def knows(self, column: Column) -> bool:
        """Whether a column's value is a matter of the register, also where there is none yet."""
        return column.role == "milestone" or column.measure in ("settlement_approved",)

    def _label(self, list_name: str, code: str) -> str:
        return reference.vocabulary(list_name)[code]

    def _amount(self, project: Project, measure: str, period: Period) -> int | None:
        """In millions of đồng."""
        first, last = period.start.month - 1, period.end.month
        until = sum(project.months[:last])
        owed = project.plan // 20 if project.has_reached("start", period.end) else 0
        is_settled = project.has_reached("settlement_approval", period.end)
        decrease, increase = self.adjustment(project, period)
        paid = sum(project.months[:last]) + project.allocated_before - project.extended
        paid -= project.allocated - project.paid_in_all  # of the preparation, what lapsed
        known = {
            "plan_year": project.plan,
            "plan_extended": project.extended,
            "total_investment": project.total,
            "allocated_before": project.allocated_before,
            "disbursed": sum(project.months[first:last]),
            "disbursed_cumulative": until,
            "disbursed_extended_cumulative": sum(project.extended_months[:last]),
            "volume": sum(project.volume_months[first:last]),
            "volume_cumulative": sum(project.volume_months[:last]),
            "advance_outstanding": owed,
            "advance_overdue": 0,
            "projected": sum(project.months),
            "settlement_requested": project.allocated,
            "settlement_approved": project.paid_in_all if is_settled else None,
            "paid_total": paid,
            "package_price": project.total * 4 // 5,
            "winning_price": project.total * 4 // 5 - project.total // 40,
            "compensation_plan": project.total // 10,
            "compensation_paid": int(project.total // 10 * self._handed(project, period)),
            "plan_decrease": decrease,
            "plan_increase": increase,
        }
        return known.get(measure)

    def adjustment(self, project: Project, period: Period) -> tuple[int, int]:
        """What a round moves from a slow project to the unit's largest that is not: what one
        gives, another takes (QD-CHILANG-2026, II.5: rules R21, R22)."""
        projects = self.of_unit(project.unit, project.year)
        building = [p for p in projects if p.stage_group in ("ongoing", "new_start")]
        late = [p for p in building if p.is_late or self.dice.chance("slow", p.code, p.year) < SLOW]
        others = sorted((p for p in building if p not in late), key=lambda p: (-p.plan, p.code))
        if period.end.month < 6 or not late or not others:
            return 0, 0
        given = {p.code: p.plan * period.end.month // 240 for p in late}
        taken = sum(given.values()) if project.code == others[0].code else 0
        return given.get(project.code, 0), taken

    def _handed(self, project: Project, period: Period) -> float:
        """What part of a project's land is handed over at the end of a period."""
        handover, approval = project.actual["site_handover"], project.actual["project_approval"]
        if handover <= period.end:
            return 1.0
        passed = (period.end - approval).days / max((handover - approval).days, 1)
        return max(0.0, min(passed, 0.95)) * 0.9

    def _count(self, project: Project, measure: str, period: Period) -> Decimal | None:
        """Areas, households and visits: of the project, or of it in the period."""
        area = Decimal(round(project.total / 900, 1)).quantize(Decimal("0.1")) + Decimal("0.5")
        households = 4 + project.total // 600
        handed = self._handed(project, period)
        changed = int(self.dice.chance("changed", project.code, period.key) < RARE)
        seen = int(2 * self.dice.chance("inspected", project.code, period.key))
        # every project once a year at least (QD-CHILANG-2026, II.5: rule R27)
        quarter = 3 + 3 * int(4 * self.dice.chance("visit", project.code, project.year))
        seen = max(seen, int(period.end.month == quarter))
        known: dict[str, Decimal | float | int] = {
            "area_needed": area,
            "area_handed": (area * Decimal(str(round(handed, 2)))).quantize(Decimal("0.01")),
            "rice_land_converted": (area / 4).quantize(Decimal("0.1")),
            "forest_land_converted": (area / 5).quantize(Decimal("0.1")),
            "households_affected": households,
            "households_paid": int(households * handed),
            "households_resettled": int(households * handed) // 5,
            "inspections": seen + changed,
            "project_changes": changed,
            "inspections_after_change": changed,
            "violations": int(self.dice.chance("violated", project.code, period.key) < RARE),
        }
        value = known.get(measure)
        return None if value is None else Decimal(value)

    def _milestone(self, project: Project, column: Column, period: Period) -> date | None:
        """Planned dates always; actual ones once they have come."""
        assert column.milestone is not None
        if column.milestone_state == "planned":
            return project.planned[column.milestone]
        actual = project.actual[column.milestone]
        return actual if actual <= period.end else None


def _group(stage: int, place: _Place) -> str:
    if stage < 2:
        return ("preparation", "new_start")[stage]
    return "completed" if stage == place.cycle - 1 else "ongoing"


def _first(amount: int, months: Sequence[int]) -> tuple[int, ...]:
    """The months in which an amount is used up, when it is used before all else."""
    found = []
    for month in months:
        used = min(amount, month)
        found.append(used)
        amount -= used
    return tuple(found)


def _volume(group: str, months: Sequence[int], start: date, year: int) -> tuple[int, ...]:
    """What was built: nothing before the start, nor after completion."""
    if group in ("preparation", "completed"):
        return (0,) * MONTHS
    began = start.month if start.year == year else 0
    if group == "new_start" and start.year > year:
        began = MONTHS
    return tuple(
        0 if number <= began else month + month // 20
        for number, month in enumerate(months, start=1)
    )


def _less(whole: Sequence[int], part: Sequence[int]) -> tuple[int, ...]:
    return tuple(a - b for a, b in zip(whole, part, strict=True))


def _added(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(sum(row[month] for row in rows) for month in range(MONTHS))
