"""What starts a build or a mail between two nights: files that arrived, a run that failed or was
killed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.events import RunFailureReason

from ingest.pull import looks_new
from ingest.seen import Seen
from ingest.sources import Source, list_source
from orchestration.alert import Failure, alert_team
from orchestration.inputs import sources_of
from orchestration.left_over import close_left_over
from orchestration.run_tags import BEGUN_BY, run_config, run_tags
from orchestration.schedules import nightly, run_of_news
from orchestration.settings import Settings, local_now
from warehouse.home import Home
from warehouse.ledger import Ledger

_LOOK_SECONDS = 60
AGAIN_AFTER = "kho/again_after"
_SHOWN_OF_ID = 8  # as the pages name a run
TAKES_ALL = "a run is waiting or running; it takes what is there"
KILLED_VI = "Tiến trình bị dừng đột ngột (hết bộ nhớ, bị hệ điều hành kết thúc, máy khởi động lại)"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip
_KILLED = {
    RunFailureReason.UNEXPECTED_TERMINATION, RunFailureReason.RUN_WORKER_RESTART,
    RunFailureReason.START_TIMEOUT,
}  # fmt: skip


@dataclass(frozen=True)
class Quiet:
    """What the sources looked like, and since when they have looked so."""

    looks: str
    since: str


def still(before: Quiet | None, looks: str, now: datetime) -> Quiet:
    """Since when nothing moved: from now on where something did."""
    if before is not None and before.looks == looks:
        return before
    return Quiet(looks, now.isoformat())


def is_quiet(quiet: Quiet, now: datetime, minutes: int) -> bool:
    """Whether nothing moved for so long. A clock that was set back begins anew."""
    since = datetime.fromisoformat(quiet.since)
    return now - since >= timedelta(minutes=minutes)


def looks_of(sources: Iterable[Source]) -> str:
    """A hash of names, sizes and times of all files; nothing is read. What cannot be listed now
    counts as empty: its sender is said by the night, and holds up no other."""
    digest = hashlib.sha256()
    for source in sources:
        try:
            infos = list_source(source).infos
        except Exception:  # whatever a file system raises
            infos = {}
        for path, info in infos.items():
            said = (source.name, path, info.get("size"), str(info.get("mtime", info.get("etag"))))
            digest.update(repr(said).encode())
    return digest.hexdigest()


# off until it is switched on: opening the pages to look must not start a build
@dg.sensor(job=nightly, minimum_interval_seconds=_LOOK_SECONDS)
def files_arrived(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Build when files arrived and nothing moved in the sources for `quiet_minutes`: a sender who
    is still copying is not read half-way, and twenty files are one build."""
    settings, now = Settings(), local_now()
    home = Home(settings.home)
    home.create()
    if _one_waits_or_runs(context.instance):
        return dg.SkipReason(TAKES_ALL)
    sources = sources_of(home)
    last = {receipt.file_path: receipt.file_sha256 for receipt in Ledger(home.ledger).receipts()}
    if not has_news(sources, home, last):
        context.update_cursor("")
        return dg.SkipReason("no file that was not received")
    quiet = still(_cursor(context.cursor), looks_of(sources), now)
    cursor = json.dumps(asdict(quiet))
    if not is_quiet(quiet, now, settings.quiet_minutes):
        context.update_cursor(cursor)
        return dg.SkipReason(
            f"files are arriving; waiting until nothing moves for {settings.quiet_minutes} minutes"
        )
    # one run for what lies there now: a build that fails is not begun again every minute
    request = dg.RunRequest(
        run_key=f"files-{quiet.looks[:20]}",
        run_config=run_config(now),
        tags={**run_tags(home, sources, now), BEGUN_BY: "files"},
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor)


def has_news(sources: Sequence[Source], home: Home, last: dict[str, str]) -> bool:
    """Whether a source holds a file that was not received. One that is down is no news."""
    return looks_new(sources, Seen.read(home.seen), last, pause=lambda _: None)[0]


def _cursor(text: str | None) -> Quiet | None:
    try:
        return Quiet(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


# on from the start: a queue that waits for a dead run would wait for ever
@dg.sensor(minimum_interval_seconds=_LOOK_SECONDS, default_status=dg.DefaultSensorStatus.RUNNING)
def killed_run(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Call runs failed that nobody holds the home for: after a power loss, or a killed daemon."""
    closed = close_left_over(context.instance, Home(Settings().home))
    return dg.SkipReason(f"killed: {', '.join(closed)}" if closed else "no run was left over")


# on from the start: it mails where there is a mail server, and completes what others began
@dg.run_failure_sensor(
    monitored_jobs=[nightly],
    request_job=nightly,
    minimum_interval_seconds=_LOOK_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_run(context: dg.RunFailureSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Tell the data team of a night that did not finish; `kho nightly` tells of its own. A night
    that was killed is begun again, once."""
    settings = Settings()
    home = Home(settings.home)
    again = _again(context, home, settings)
    is_begun_again = isinstance(again, dg.RunRequest)
    failure = replace(failure_of(context), is_begun_again=is_begun_again)
    # without pauses: the daemon's other sensors wait for this one
    told = alert_team(home, settings, failure, pause=lambda _: None)
    if isinstance(again, dg.RunRequest):
        yield again
    else:
        yield dg.SkipReason(
            f"run {failure.run_id}: {told or 'told before'}; not again: {again.skip_message}"
        )


def _again(
    context: dg.RunFailureSensorContext, home: Home, settings: Settings
) -> dg.RunRequest | dg.SkipReason:
    """A run as of now in place of one that was killed. Dagster's own run retries would repeat the
    time that was asked for, which may be published, and would repeat a home that was held."""
    run = context.dagster_run
    if not was_killed(context):
        return dg.SkipReason("it was not killed")
    if run.remote_job_origin is None:
        return dg.SkipReason("it was begun by a command")
    if AGAIN_AFTER in run.tags:
        return dg.SkipReason("it was the second try")
    if _one_waits_or_runs(context.instance):
        return dg.SkipReason(TAKES_ALL)
    tags = {BEGUN_BY: "again", AGAIN_AFTER: run.run_id[:_SHOWN_OF_ID]}
    try:
        return run_of_news(home, settings, local_now(), tags, run_key=f"again-{run.run_id}")
    except Exception as error:  # sources that are not there: the team must be told all the same
        return dg.SkipReason(f"{type(error).__name__}: {error}")


def was_killed(context: dg.RunFailureSensorContext) -> bool:
    """Whether the run's process ended without a word, or was told to end by the machine."""
    said = context.failure_event.event_specific_data
    if said is None:  # a step that failed before was no accident
        return not context.get_step_failure_events()
    return getattr(said, "failure_reason", None) in _KILLED


def _one_waits_or_runs(instance: dg.DagsterInstance) -> bool:
    return instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED)) > 0


def failure_of(context: dg.RunFailureSensorContext) -> Failure:
    """The steps that failed and why; or why the run could not begin (a home that is held)."""
    events = context.get_step_failure_events()
    causes = [_bottom(event.step_failure_data.error) for event in events]
    if was_killed(context):
        causes = [KILLED_VI]
    elif not events:
        causes = [_bottom(context.failure_event.job_failure_data.error)]
    return Failure(
        context.dagster_run.run_id,
        local_now(),
        tuple(filter(None, causes)) or (str(context.failure_event.message).split("\n")[0],),
        tuple(event.step_key or "" for event in events),
    )


def _bottom(error: Any) -> str:
    """The first line of what was at the bottom of an error."""
    while error is not None and error.cause is not None:
        error = error.cause
    return "" if error is None else str(error.message).strip().split("\n")[0]
