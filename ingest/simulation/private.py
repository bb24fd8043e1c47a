"""Projects outside the budget: a register of its own, so that nothing of it is public money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from ingest import reference
from ingest.period import Period
from ingest.simulation.dice import Dice

Value = Decimal | str | date
# how much of the capital is spent where a project stands; a project moves on year by year
STAGES = {"policy": 0.0, "certificate": 0.05, "land": 0.12, "building": 0.55, "operating": 1.0}
FIRST_YEAR = 2024


def private_rows(dice: Dice, unit: str, period: Period) -> Iterator[dict[str, Value | None]]:
    """One row a project that the unit follows: who invests, where it stands, what is spent."""
    texts = dice.model.words["private_project_name"]
    labels = reference.vocabulary("private_project_stage")
    number = list(reference.reporting_units()).index(unit)
    names = list(STAGES)
    for place in range(dice.model.private_counts.get(unit, 0)):
        key = ("private", unit, place)
        passed = (period.end.year - FIRST_YEAR) * 12 + period.end.month
        moved = passed // 18 + int(2 * dice.chance(*key, "begun"))
        stage = names[min(moved, len(names) - 1)]
        capital = round(dice.between(150_000, 1_500_000, *key, "capital"), -3)
        spent = STAGES[stage] * capital * (0.9 + 0.1 * (passed % 18) / 18)
        code = f"{4_900_000_000 + number * 100 + place:010d}"
        yield {
            "project_code": code,
            "project_name": f"{dice.choose(texts, *key, 'name')} ({code})",
            "investor_name": f"Công ty mô phỏng {number}-{place + 1}",
            "stage": labels[stage],
            "registered_capital": Decimal(int(capital)),
            "implemented_capital": Decimal(int(spent)),
            "delay_months": Decimal(int(12 * dice.chance(*key, "delay")) if place % 3 == 0 else 0),
        }
