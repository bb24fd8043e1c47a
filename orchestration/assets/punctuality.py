"""Stage 6: for every form, whether all that is due has come: the checks of the asset
`published_build` that are red while a sender is late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

from ingest.contract import all_contracts
from orchestration.resources import BuildResource
from orchestration.second_try import tried_again
from orchestration.several import several
from warehouse.connection import open_published

SAMPLE = 10
_FORMS = {contract.form: contract.title for contract in all_contracts()}


@dataclass(frozen=True)
class Punctuality:
    """What is expected of a form and what has come of it: a row for each unit and period."""

    expected: int = 0
    received: int = 0
    received_late: int = 0
    held: int = 0
    missing: int = 0
    overdue: int = 0
    most_days_late: int = 0
    late_units: tuple[str, ...] = ()

    @property
    def is_on_time(self) -> bool:
        """Nothing is overdue. What is missing of a form without a due day is told, no fault."""
        return self.overdue == 0


def punctuality(connection: Any) -> dict[str, Punctuality]:
    """By form, from the published mart_submission_status."""
    rows = connection.execute(
        """
        select form_code, count(*), count(*) filter (where n_received > 0),
            count(*) filter (where status = 'received_late'),
            count(*) filter (where status = 'held'),
            count(*) filter (where status = 'missing'),
            count(*) filter (where status = 'overdue'),
            coalesce(max(days_late) filter (where status = 'overdue'), 0),
            coalesce(list(distinct unit_code order by unit_code)
                filter (where status = 'overdue'), [])
        from mart_submission_status group by form_code
        """
    ).fetchall()
    return {
        form: Punctuality(expected, received, late, held, missing, overdue, days, tuple(units))
        for form, expected, received, late, held, missing, overdue, days, units in rows
    }


@dg.multi_asset_check(
    name="forms_on_time",
    specs=[
        dg.AssetCheckSpec(
            name=f"on_time_{form}",
            asset="published_build",
            description=f"No sender is late with: {title}",
        )
        for form, title in _FORMS.items()
    ],
)
@tried_again
def forms_on_time(build: BuildResource) -> Iterator[dg.AssetCheckResult]:
    """Which forms have senders that are overdue, as of the build."""
    with open_published(build.place.published_file) as connection:
        found = punctuality(connection)
    for form in _FORMS:
        yield _check(form, found.get(form, Punctuality()))


def _check(form: str, found: Punctuality) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key="published_build",
        check_name=f"on_time_{form}",
        passed=found.is_on_time,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "expected": found.expected,
            "received": found.received,
            "received_late": found.received_late,
            "held": found.held,
            "missing_without_due_day": found.missing,
            "overdue": found.overdue,
            "most_days_late": found.most_days_late,
            "late_units": several(found.late_units, SAMPLE),
        },
    )
