"""Runs that were killed: the instance still calls them started, and would let no other begin.

A run that lives holds the home. So where nobody does, a run that was begun a while ago is dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import dagster as dg

from warehouse.home import Home, HomeBusy

# between its start in the instance and taking the home a run loads its code
GRACE_SECONDS = 300
_BEGUN = [
    dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip


def close_left_over(
    instance: dg.DagsterInstance, home: Home, clock: Callable[[], float] = time.time
) -> list[str]:
    """Call runs failed that were killed; returns their ids. Does nothing while the home is held."""
    records = instance.get_run_records(dg.RunsFilter(statuses=_BEGUN))
    old = [
        record.dagster_run
        for record in records
        # since it was begun: before, it may have waited in the queue for long
        if clock() - record.update_timestamp.timestamp() > GRACE_SECONDS
    ]
    if not old:
        return []
    try:
        with home.locked():
            for run in old:
                instance.report_run_failed(run, "killed: nobody holds the home of this run")
    except HomeBusy:
        return []
    return [run.run_id for run in old]
