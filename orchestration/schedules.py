"""The nightly job and when it runs: 02:00 in Lạng Sơn, unless nothing changed since the last."""

from collections.abc import Mapping
from datetime import datetime

import dagster as dg

from orchestration.inputs import sources_of
from orchestration.mailing import mail_is_due
from orchestration.nightly import MAIL_ASSET, nothing_changed
from orchestration.run_tags import BEGUN_BY, run_config, run_tags
from orchestration.settings import TIME_ZONE, Settings, local_now
from warehouse.home import Home

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="The whole build: one run a night",
    executor_def=dg.in_process_executor,
)


# off until it is switched on: opening the pages to look must not start a build
@dg.schedule(job=nightly, cron_schedule="0 2 * * *", execution_timezone=TIME_ZONE)
def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Build at 02:00; a night without news is skipped, and the pages say so."""
    settings = Settings()
    home = Home(settings.home)
    return run_of_news(home, settings, local_now(), {BEGUN_BY: "schedule"})


def run_of_news(
    home: Home,
    settings: Settings,
    moment: datetime,
    tags: Mapping[str, str],
    run_key: str | None = None,
) -> dg.RunRequest | dg.SkipReason:
    """A run as of a moment where there is something to build, one of its mails alone where only
    these are left, or why there is none."""
    tags = {**run_tags(home, sources_of(home), moment), **tags}
    if not nothing_changed(home, "", moment):
        return dg.RunRequest(run_key=run_key, run_config=run_config(moment), tags=tags)
    if mail_is_due(home, settings):
        return dg.RunRequest(
            run_key=run_key,
            asset_selection=[dg.AssetKey(MAIL_ASSET)],
            run_config=run_config(moment, only_mail=True),
            tags=tags,
        )
    return dg.SkipReason("no new file, no change of code, no date that matters passed")
