"""Runs the nightly build: a Dagster run in the home's own instance, or word that nothing changed.

There is no second path: `kho nightly`, the schedule and the web pages run the same job.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.sources import hash_inbox, is_simulated_inbox, list_inbox
from orchestration.fingerprint import code_version, files_version
from orchestration.mailing import mail_is_due
from orchestration.settings import Settings
from warehouse.acts import ActLedger, acts_version
from warehouse.home import Home
from warehouse.ledger import Ledger
from warehouse.publish import refuse_the_past

MAIL_ASSET = "sent_mails"
"""The one asset that also runs on nights without news, while mails are unsent."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """How a night went. `description` is build.json of the current build, where there is one."""

    changed: bool
    succeeded: bool
    description: dict[str, Any] | None
    failed_steps: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    run_id: str | None = None


def nothing_changed(home: Home, inbox: str, as_of: datetime) -> bool:
    """Same files, same acts, same code, and no date that matters passed since the current build."""
    published = home.published()
    if published is None or published["code"] != code_version():
        return False
    if all(p["build_id"] != published["build_id"] for p in Ledger(home.ledger).publishes()):
        return False
    if not (home.current / "kho.duckdb").exists() or not home.working_file.exists():
        return False
    next_date = published["next_date"]
    if as_of.isoformat(sep=" ") < published["as_of"]:
        return False
    if next_date and as_of.date().isoformat() > next_date:
        return False
    if acts_version(ActLedger(home.ledger).acts()) != published.get("acts", ""):
        return False
    last = {r.file_path: r.file_sha256 for r in Ledger(home.ledger).receipts()}
    pulled = {file.path: file.sha256 for file in hash_inbox(inbox)}
    # files that left the inbox stay in the archive and change nothing
    return bool(files_version((last | pulled).items()) == published["files"])


def run_nightly(
    home: Home, inbox: str, as_of: datetime, workers: int, progress: Progress
) -> Outcome:
    """Run the job in the home's instance, or on a night without news its mails alone.

    Raises HomeBusy, InboxMissing, MixedData, NotAfterLastBuild.
    """
    home.create()
    with home.locked():  # say so before loading anything; the run takes the lock itself
        pass
    list_inbox(inbox)  # raises for an inbox that is not there, before anything else
    Ledger(home.ledger).refuse_mixing(is_simulated_inbox(inbox))
    only_mail = nothing_changed(home, inbox, as_of)
    if only_mail and not mail_is_due(home, Settings()):
        return Outcome(False, True, home.published())
    if not only_mail:
        refuse_the_past(home, as_of)
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    progress("loading", 0, 1)
    import dagster as dg

    from orchestration.definitions import defs

    _quiet(dg)
    job = defs.resolve_job_def("nightly")
    steps = 1 if only_mail else len(job.graph.node_defs)
    run_config = {
        # what Dagster has to say goes to the instance, not over the progress bar
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "resources": {
            "build": {
                "config": {
                    "home": str(home.root.resolve()),
                    "inbox": str(Path(inbox).resolve()) if Path(inbox).exists() else inbox,
                    "as_of": as_of.isoformat(),
                    "workers": workers,
                    "only_mail": only_mail,
                }
            }
        },
    }
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        selection = [dg.AssetKey(MAIL_ASSET)] if only_mail else None
        result = _execute(job, instance, run_config, selection, steps, progress, home.logs)
        # a step that is skipped fails no run, and yet nothing was published
        failed = tuple(
            event.step_key or ""
            for event in result.all_events
            if event.is_step_failure or event.is_step_skipped
        )
        causes = tuple(
            _cause(event.step_failure_data.error)
            for event in result.all_events
            if event.is_step_failure and event.step_failure_data.error is not None
        )
        checks = tuple(
            evaluation.check_name
            for evaluation in result.get_asset_check_evaluations()
            if not evaluation.passed and evaluation.blocking
        )
    return Outcome(
        not only_mail,
        result.success and not failed,
        home.published(),
        failed,
        checks,
        causes,
        result.run_id,
    )


def _cause(error: Any) -> str:
    """The first line of what was at the bottom of an error."""
    while error.cause is not None:
        error = error.cause
    return str(error.message).strip().split("\n")[0][:300]


def _quiet(dg: Any) -> None:
    import warnings

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def _execute(
    job: Any,
    instance: Any,
    run_config: dict[str, Any],
    selection: list[Any] | None,
    steps: int,
    progress: Progress,
    logs: Path,
) -> Any:
    """Execute in this process, and tell the steps as they finish; dbt's output goes to a log."""
    finished = threading.Event()

    def watch() -> None:
        from dagster import DagsterEventType

        seen: set[str] = set()
        run_id = None
        while not finished.wait(0.3):
            if run_id is None:
                runs = instance.get_runs(limit=1)
                run_id = runs[0].run_id if runs and not runs[0].is_finished else None
                continue
            records = instance.get_records_for_run(
                run_id, of_type={DagsterEventType.STEP_START, DagsterEventType.STEP_SUCCESS}
            ).records
            running = ""
            for record in records:
                event = record.event_log_entry.dagster_event
                if event.event_type == DagsterEventType.STEP_SUCCESS:
                    seen.add(event.step_key)
                else:
                    running = event.step_key
            progress(running, len(seen), steps)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with (logs / "dbt.log").open("w", encoding="utf-8") as file, redirect_stdout(file):
            return job.execute_in_process(
                instance=instance,
                run_config=run_config,
                raise_on_error=False,
                asset_selection=selection,
            )
    finally:
        finished.set()
        watcher.join(timeout=5)
