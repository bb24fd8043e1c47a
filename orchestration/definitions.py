"""What Dagster sees: assets, checks, the nightly job and its schedule."""

from __future__ import annotations

import dagster as dg

from orchestration.assets import dbt, ingest, marts, publish, quality
from orchestration.resources import IN_MEMORY, BuildResource
from orchestration.schedules import every_night, nightly

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([ingest, quality, dbt, marts, publish]),
    jobs=[nightly],
    schedules=[every_night],
    executor=dg.in_process_executor,
    resources={
        "build": BuildResource(),
        IN_MEMORY: dg.mem_io_manager,
        "dbt": dbt.NightlyDbt(project_dir=dbt.dbt_project),
    },
)
