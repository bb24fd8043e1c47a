"""The register of investment projects: the same projects on every form, month after month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from ingest import reference
from ingest.contract import Column
from ingest.period import Period
from ingest.simulation.world import World, split

# the order in which a project passes its milestones, and days between them
MILESTONES = {
    "policy_submission": 0, "policy_approval": 25, "project_submission": 70,
    "project_approval": 95, "design_approval": 140, "contractor_selection": 175,
    "site_handover": 200, "start": 220, "acceptance": 640, "handover": 660,
    "settlement_submission": 720, "settlement_approval": 790,
}  # fmt: skip
# when the first milestone lies, in days from 1 January of the year, by group
BEGINNINGS = {"completed": -760, "ongoing": -420, "new_start": -200, "preparation": -40}
GROUP_WEIGHTS = {"completed": 0.15, "ongoing": 0.5, "new_start": 0.25, "preparation": 0.1}
CLASS_WEIGHTS = {"A": 0.03, "B": 0.22, "C": 0.75}
MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Project:
    """One project of a unit in a year. Amounts in millions of đồng."""

    code: str
    name: str
    project_class: str
    stage_group: str
    source_code: str
    unit: str
    investor: str
    year: int
    total: int
    plan: int
    extended: int
    months: tuple[int, ...]  # disbursed by month, of plan and extended plan together
    begins: date


class Projects:
    """Every unit's projects of a year, and what the forms ask about them."""

    def __init__(self, world: World) -> None:
        self.world = world
        units = reference.reporting_units()
        self._number = {code: place for place, code in enumerate(units)}
        self.of_unit = cache(self._of_unit)

    def _of_unit(self, unit: str, year: int) -> tuple[Project, ...]:
        return tuple(self._projects(unit, year))

    def _projects(self, unit: str, year: int) -> Iterator[Project]:
        model = self.world.model
        level = reference.reporting_units()[unit].level
        for place in range(model.project_counts.get(unit, model.project_counts.get(level, 0))):
            code = f"{7_000_000 + self._number[unit] * 1_000 + place:07d}"
            key = ("project", code)
            group = self._pick(GROUP_WEIGHTS, *key, "group", year)
            size = self._pick(CLASS_WEIGHTS, *key, "class")
            scale = {"A": 400_000, "B": 90_000, "C": 14_000}[size]
            total = round(scale * self.world.between(0.6, 1.6, *key, "total"))
            plan = round(total * self.world.between(0.2, 0.4, *key, "plan", year)) + 24
            extended = plan // 10 if group == "ongoing" else 0
            due = {"completed": 1.0, "ongoing": 0.97, "new_start": 0.96, "preparation": 0.9}[group]
            weights = [
                weight * self.world.between(0.9, 1.1, *key, year, month)
                for month, weight in enumerate(model.seasons["investment"])
            ]
            texts = model.words["project_name"]
            words = texts[int(len(texts) * self.world.chance(*key, "name"))]
            sources = model.project_sources
            yield Project(
                code=code,
                name=f"{words} ({code})",
                project_class=size,
                stage_group=group,
                source_code=sources[int(len(sources) * self.world.chance(*key, "source"))],
                unit=unit,
                investor=reference.reporting_units()[unit].name_vi,
                year=year,
                total=total,
                plan=plan,
                extended=extended,
                months=split(int(plan * due), weights),
                begins=date(year, 1, 1)
                + timedelta(BEGINNINGS[group] + int(40 * self.world.chance(*key, "begins"))),
            )

    def _pick(self, weights: dict[str, float], *key: object) -> str:
        chance = self.world.chance(*key)
        for name, weight in weights.items():
            if chance < weight:
                return name
            chance -= weight
        return name

    # --- what a column asks ---------------------------------------------------------------------

    def value(
        self, project: Project, column: Column, period: Period
    ) -> Decimal | str | date | None:
        """A project's value for a column, by field, milestone or measure, where it has one."""
        if column.role == "milestone":
            return self._milestone(project, column, period)
        texts = {
            "project_code": project.code,
            "project_name": project.name,
            "investor_name": project.investor,
            "source_code": self._label("capital_source", project.source_code),
            "stage_group": self._label("stage_group", project.stage_group),
            "project_class": self._label("project_class", project.project_class),
        }
        if column.field in texts:
            return texts[column.field]
        if column.measure is None or column.unit is None:
            return None
        amount = self._amount(project, column.measure, period)
        if amount is None:
            return None
        return Decimal(amount) * MILLION / reference.units()[column.unit].factor

    def _label(self, list_name: str, code: str) -> str:
        return reference.vocabulary(list_name)[code]

    def _amount(self, project: Project, measure: str, period: Period) -> int | None:
        until = sum(project.months[: period.end.month])
        within = sum(project.months[period.start.month - 1 : period.end.month])
        extended = min(project.extended, until // 3)
        known = {
            "plan_year": project.plan,
            "plan_extended": project.extended,
            "total_investment": project.total,
            "allocated_before": (project.total - project.plan) // 2,
            "disbursed": within,
            "disbursed_cumulative": until,
            "disbursed_extended_cumulative": extended,
            "volume": sum(
                month + month // 20
                for month in project.months[period.start.month - 1 : period.end.month]
            ),
            "volume_cumulative": sum(m + m // 20 for m in project.months[: period.end.month]),
            "advance_outstanding": project.plan // 20,
            "projected": sum(project.months),
            "settlement_requested": project.total - project.total // 50,
            "settlement_approved": project.total - project.total // 25,
            "package_price": project.total * 4 // 5,
            "winning_price": project.total * 4 // 5 - project.total // 40,
            "compensation_plan": project.total // 10,
            "compensation_paid": project.total // 10 * period.end.month // 12,
        }
        return known.get(measure)

    def _milestone(self, project: Project, column: Column, period: Period) -> date | None:
        """Planned dates always; actual ones once they have come."""
        assert column.milestone is not None
        planned = project.begins + timedelta(MILESTONES[column.milestone])
        if column.milestone_state == "planned":
            return planned
        actual = planned + timedelta(int(12 * self.world.chance("late", project.code)))
        return actual if actual <= period.end else None
