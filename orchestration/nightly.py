"""Runs the nightly build: a Dagster run in the home's own instance, or word that nothing changed.

There is no second path: `kho nightly`, the schedule and the web pages run the same job.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.loading import loading
from ingest.pull import Problem, looks_new
from ingest.seen import Seen
from ingest.sources import Source, connected, is_simulated_inbox
from orchestration.beside import loaded_beside
from orchestration.fingerprint import code_version, files_version
from orchestration.inputs import note_problems, noted_problems, sources_of
from orchestration.mailing import mail_is_due
from orchestration.run_tags import BEGUN_BY, run_tags
from orchestration.settings import Settings
from warehouse.acts import ActLedger, acts_version
from warehouse.home import Home, HomeBusy
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
    problems: tuple[Problem, ...] = ()
    # originals that the archive does not hold any more: hash, and what became of them
    lost: tuple[tuple[str, str], ...] = ()


def nothing_changed(home: Home, inbox: str, as_of: datetime, list_file: str = "") -> bool:
    """Same files, same acts, same code, and no date that matters passed since the current build."""
    return _is_quiet(home, sources_of(home, inbox, list_file), as_of)[0]


def _is_quiet(home: Home, sources: Sequence[Source], as_of: datetime) -> tuple[bool, list[Problem]]:
    """Whether nothing changed; if so, also what of the sources could not be looked at."""
    published = home.published()
    if published is None or published["code"] != code_version():
        return False, []
    ledger = Ledger(home.ledger)
    if all(p["build_id"] != published["build_id"] for p in ledger.publishes()):
        return False, []
    if not (home.current / "kho.duckdb").exists() or not home.working_file.exists():
        return False, []
    next_date = published["next_date"]
    if as_of.isoformat(sep=" ") < published["as_of"]:
        return False, []
    if next_date and as_of.date().isoformat() > next_date:
        return False, []
    if acts_version(ActLedger(home.ledger).acts()) != published.get("acts", ""):
        return False, []
    last = {r.file_path: r.file_sha256 for r in ledger.receipts()}
    # files that left their source stay in the archive and change nothing
    if files_version(last.items()) != published["files"]:
        return False, []
    is_news, problems = looks_new(sources, Seen.read(home.seen), last)
    return not is_news, problems


def run_nightly(
    home: Home,
    inbox: str,
    as_of: datetime,
    workers: int,
    progress: Progress,
    *,
    list_file: str = "",
    full: bool = False,
) -> Outcome:
    """Run the job in the home's instance, or on a night without news its mails alone.

    `inbox` and `list_file` (a list of sources) may be '' for what the settings say; `full` makes
    the build anew from the archive whether anything changed or not. Raises HomeBusy, InboxMissing,
    MixedData, NotAfterLastBuild, SourceListError.
    """
    home.create()
    with home.locked():  # say so before loading anything; the run takes the lock itself
        pass
    sources = sources_of(home, inbox, list_file)
    for source in sources:
        if not source.name:  # an inbox that is not there is said before anything else
            Ledger(home.ledger).refuse_mixing(is_simulated_inbox(source.address))
            connected(source)
    only_mail, problems = (False, []) if full else _is_quiet(home, sources, as_of)
    if only_mail:
        note_problems(home, as_of, problems)
        if not mail_is_due(home, Settings()):
            return Outcome(False, True, home.published(), problems=tuple(problems))
    else:
        refuse_the_past(home, as_of)
    config = {
        "home": str(home.root.resolve()),
        "inbox": _absolute(inbox),
        "sources": str(Path(list_file).resolve()) if list_file else "",
        "full": full,
        "as_of": as_of.isoformat(),
        "workers": workers,
        "only_mail": only_mail,
    }
    progress("loading", 0, 1)
    with nullcontext() if only_mail else loaded_beside(home, workers):
        tags = {**run_tags(home, sources, as_of), BEGUN_BY: "command"}
        return _run_job(home, config, tags, progress)


def _run_job(
    home: Home, config: Mapping[str, Any], tags: dict[str, str], progress: Progress
) -> Outcome:
    os.environ["DAGSTER_HOME"] = str(home.dagster.resolve())
    with loading():
        import dagster as dg

        from orchestration.assets.ingest import ARCHIVE_CHECK
        from orchestration.definitions import defs
        from orchestration.left_over import close_left_over

        _quiet(dg)
        job = defs.resolve_job_def("nightly")
    only_mail = bool(config["only_mail"])
    steps = 1 if only_mail else len(job.graph.node_defs)
    run_config = {
        # what Dagster has to say goes to the instance, not over the progress bar
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        "resources": {"build": {"config": dict(config)}},
    }
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        close_left_over(instance, home)
        selection = [dg.AssetKey(MAIL_ASSET)] if only_mail else None
        result = _execute(job, instance, run_config, tags, selection, steps, progress, home.logs)
        # a step that is skipped fails no run, and yet nothing was published
        failed = tuple(
            event.step_key or ""
            for event in result.all_events
            if event.is_step_failure or event.is_step_skipped
        )
        errors = list(_errors(result.all_events))
        # both may have found the home free before one of them took it
        if any(_bottom(error).cls_name == HomeBusy.__name__ for error in errors):
            raise HomeBusy(f"another build is running in {home.root}")
        causes = tuple(map(_cause, errors))
        evaluations = result.get_asset_check_evaluations()
        checks = tuple(each.check_name for each in evaluations if not each.passed and each.blocking)
        lost = tuple(
            (sha256, str(what.value))
            for each in evaluations
            if each.check_name == ARCHIVE_CHECK
            for sha256, what in each.metadata.items()
        )
    return Outcome(
        not only_mail,
        result.success and not failed,
        home.published(),
        failed,
        checks,
        causes,
        result.run_id,
        tuple(noted_problems(home)[1]),
        lost,
    )


def _absolute(address: str) -> str:
    return str(Path(address).resolve()) if address and Path(address).exists() else address


def _errors(events: Sequence[Any]) -> Iterator[Any]:
    """What failed in a run: steps, and what they all need (the home and its lock)."""
    of_run = []
    for event in events:
        if event.is_step_failure:
            if event.step_failure_data.error is not None:
                yield event.step_failure_data.error
        elif (error := getattr(event.event_specific_data, "error", None)) is not None:
            of_run.append(error)
    if not any(event.is_step_failure for event in events):
        yield from of_run[:1]


def _bottom(error: Any) -> Any:
    while error.cause is not None:
        error = error.cause
    return error


def _cause(error: Any) -> str:
    """The first line of what was at the bottom of an error."""
    return str(_bottom(error).message).strip().split("\n")[0][:300]


def _quiet(dg: Any) -> None:
    import warnings

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def _execute(
    job: Any,
    instance: Any,
    run_config: dict[str, Any],
    tags: dict[str, str],
    selection: list[Any] | None,
    steps: int,
    progress: Progress,
    logs: Path,
) -> Any:
    """Execute in this process, and tell the steps as they finish; dbt's output goes to a log."""
    finished = threading.Event()

    def watch() -> None:
        # the run itself says what it could not write
        with suppress(Exception):
            look()

    def look() -> None:
        from dagster import DagsterEventType

        seen: set[str] = set()
        running, run_id, cursor = "", None, None
        while not finished.wait(0.3):
            if run_id is None:
                runs = instance.get_runs(limit=1)
                run_id = runs[0].run_id if runs and not runs[0].is_finished else None
                continue
            found = instance.get_records_for_run(
                run_id, cursor, {DagsterEventType.STEP_START, DagsterEventType.STEP_SUCCESS}
            )
            cursor = found.cursor
            for record in found.records:
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
                tags=tags,
                raise_on_error=False,
                asset_selection=selection,
            )
    finally:
        finished.set()
        watcher.join(timeout=5)
