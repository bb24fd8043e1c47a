"""The nightly job and when it runs: 02:00 in Lạng Sơn, unless nothing changed since the last."""

import dagster as dg

from orchestration.inputs import sources_of
from orchestration.left_over import close_left_over
from orchestration.mailing import mail_is_due
from orchestration.nightly import MAIL_ASSET, nothing_changed
from orchestration.run_tags import run_config, run_tags
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
    moment = local_now()
    home = Home(settings.home)
    close_left_over(context.instance, home)
    tags = run_tags(home, sources_of(home), moment, "schedule")
    if nothing_changed(home, "", moment):
        if mail_is_due(home, settings):
            return dg.RunRequest(
                asset_selection=[dg.AssetKey(MAIL_ASSET)],
                run_config=run_config(moment, only_mail=True),
                tags=tags,
            )
        return dg.SkipReason("no new file, no change of code, no date that matters passed")
    return dg.RunRequest(run_config=run_config(moment), tags=tags)
